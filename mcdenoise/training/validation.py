"""Measuring a network while it trains, from noisy frames alone."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mcdenoise.data.cache import FrameCache
from mcdenoise.data.views import View
from mcdenoise.evaluation.reference_free import relmse_cross, relmse_held_back
from mcdenoise.tonemap import exposure

_SIDE = 256
_MOST_VIEWS = 12


@dataclass(frozen=True)
class _Example:
    """Input channels `[9, h, w]` and the realizations that it did not use, `[h, w, 3]`, at middle grey."""

    inputs: torch.Tensor
    others: tuple[np.ndarray, ...]


class Validation:
    """The same middle parts (256 x 256 at most) of up to 12 views, each measured with its first realization as input.

    Views with K >= 3 give the reference-free estimate of the relative mean squared error (`relmse_cross`); if there are
    none, the distance to the held-back realization is taken (`relmse_held_back`). kind: which of the two.
    """

    def __init__(self, views: list[View], multiple: int, cache: FrameCache):
        several = [view for view in views if len(view.realizations) >= 3]
        self.kind = "cross" if several else "held-back"
        chosen = several or views
        picked = np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), _MOST_VIEWS)).round().astype(int))
        examples = [_example(chosen[i], multiple, cache, 3 if several else 2) for i in picked]
        self.examples = [example for example in examples if example is not None]

    def measure(self, network: nn.Module, device: torch.device, autocast: torch.autocast) -> float:
        """The mean over the views; `network` in evaluation mode."""
        errors = []
        for example in self.examples:
            with torch.inference_mode(), autocast:
                inputs = example.inputs[None].to(device)
                output = network(inputs[:, :3], inputs[:, 3:6], inputs[:, 6:])
            denoised = output[0].float().cpu().numpy().transpose(1, 2, 0)
            measure = relmse_cross if self.kind == "cross" else relmse_held_back
            errors.append(measure(denoised, *example.others))
        return float(np.mean(errors))


def _example(view: View, multiple: int, cache: FrameCache, needed: int) -> _Example | None:
    frames = [frame for frame in map(cache.get, view.realizations) if frame is not None]
    if len(frames) < needed:
        return None
    radiance, features = frames[0]
    scale = np.float32(exposure(radiance))
    height, width = (min(_SIDE, size) // multiple * multiple for size in radiance.shape[:2])
    if not height or not width:
        return None
    y, x = (radiance.shape[0] - height) // 2, (radiance.shape[1] - width) // 2
    window = slice(y, y + height), slice(x, x + width)
    inputs = np.concatenate([radiance[window] * scale, features[window].astype(np.float32)], axis=-1)
    rest = [frame[0][window] * scale for frame in frames[1:]]
    others = (np.mean(rest[0::2], axis=0), np.mean(rest[1::2], axis=0)) if needed == 3 else (rest[0],)
    return _Example(torch.from_numpy(inputs.transpose(2, 0, 1).copy()), others)
