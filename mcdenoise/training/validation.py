"""Measuring a network while it trains, from noisy frames alone where they are independent."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mcdenoise.data.stored import read_checked
from mcdenoise.data.views import First, View, always
from mcdenoise.errors import FrameError
from mcdenoise.evaluation.metrics import relmse
from mcdenoise.evaluation.reference_free import relmse_cross, relmse_held_back
from mcdenoise.tonemap import exposure

_log = logging.getLogger(__name__)

_SIDE = 256
_MOST_VIEWS = 12
_MEASURES = {"cross": relmse_cross, "held-back": relmse_held_back, "reference": relmse}


@dataclass(frozen=True)
class Example:
    """Of one view: input channels `[9, h, w]`, with what an output `[h, w, 3]` is measured against, at middle grey.

    name: `scene/view`. others: the arrays `[h, w, 3]` that the kind's measure takes. expected: the mean of all frames
    that are not the input, `[h, w, 3]`. frames: how many those are.
    """

    name: str
    inputs: torch.Tensor
    others: tuple[np.ndarray, ...]
    expected: np.ndarray
    frames: int

    def middle(self, side: int, multiple: int) -> "Example":
        """The part of at most `side` x `side` pixels in the middle; its sides are multiples of `multiple`."""
        height, width = (min(side, size) // multiple * multiple for size in self.inputs.shape[1:])
        top, left = (self.inputs.shape[1] - height) // 2, (self.inputs.shape[2] - width) // 2
        rows, columns = slice(top, top + height), slice(left, left + width)
        others = tuple(other[rows, columns] for other in self.others)
        return Example(self.name, self.inputs[:, rows, columns], others, self.expected[rows, columns], self.frames)


class Validation:
    """The same middle parts (256 x 256 at most) of up to 12 views, each measured with its first realization as input.

    Views with three independent realizations or more give the reference-free estimate of the relative mean squared
    error (`relmse_cross`); if there are none, the distance to the held-back realization is taken (`relmse_held_back`);
    and where no realizations are independent, the error against the reference (`relmse`). kind: which of the three. A
    frame that is broken is left out, with a warning by the process of which `first` says so.
    """

    def __init__(self, views: list[View], multiple: int, first: First = always):
        pairs = [view for view in views if view.independent]
        several = [view for view in pairs if len(view.realizations) >= 3]
        chosen = several or pairs or views
        self.kind = "cross" if several else "held-back" if pairs or not views else "reference"
        picked = np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), _MOST_VIEWS)).round().astype(int))
        examples = [_example(chosen[i], multiple, self.kind, first) for i in picked]
        self.examples = [example for example in examples if example is not None]

    def measure(self, network: nn.Module, device: torch.device, autocast: torch.autocast) -> float:
        """The mean over the views; `network` in evaluation mode."""
        errors = [self.error(example, denoise(example, network, device, autocast)) for example in self.examples]
        return float(np.mean(errors))

    def error(self, example: Example, denoised: np.ndarray) -> float:
        """Of `denoised`, `[h, w, 3]` for the `example`'s input, by the measure of this kind."""
        return _MEASURES[self.kind](denoised, *example.others)


def denoise(example: Example, network: nn.Module, device: torch.device, autocast: torch.autocast) -> np.ndarray:
    """Linear radiance `[h, w, 3]` at the exposure of the input; `network` in evaluation mode."""
    with torch.inference_mode(), autocast:
        inputs = example.inputs[None].to(device)
        output = network(inputs[:, :3], inputs[:, 3:6], inputs[:, 6:])
    return output[0].float().cpu().numpy().transpose(1, 2, 0)


def _example(view: View, multiple: int, kind: str, first: First) -> Example | None:
    width, height = (min(_SIDE, size) // multiple * multiple for size in view.size)
    if not height or not width:
        return None
    y, x = (view.size[1] - height) // 2, (view.size[0] - width) // 2
    files = view.realizations[:1] if kind == "reference" else view.realizations
    frames = [_read(file, first) for file in files]
    frames = [frame for frame in frames if frame is not None]
    others = [_read(file, first) for file in view.references] if kind == "reference" else frames[1:]
    if not frames or len(others) < (2 if kind == "cross" else 1) or any(other is None for other in others):
        return None
    radiance, features = frames[0]
    scale = exposure(radiance.permute(1, 2, 0).numpy())
    window = slice(None), slice(y, y + height), slice(x, x + width)
    inputs = torch.cat([radiance[window] * scale, features[window].float()])
    rest = [(frame[0][window] * scale).permute(1, 2, 0).numpy() for frame in others]
    expected = np.mean(rest, axis=0)
    if kind == "cross":
        against = np.mean(rest[0::2], axis=0), np.mean(rest[1::2], axis=0)
    else:
        against = (expected if kind == "reference" else rest[0],)
    return Example(f"{view.folder.parent.name}/{view.folder.name}", inputs, against, expected, len(rest))


def _read(file: Path, first: First) -> tuple[torch.Tensor, torch.Tensor] | None:
    try:
        return read_checked(file)
    except FrameError as error:
        if first(str(file)):
            _log.warning("skipped: %s", error)
        return None
