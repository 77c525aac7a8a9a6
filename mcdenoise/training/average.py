"""The moving average of a network's weights, which is what a training run leaves."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def update_average(average: dict[str, Tensor], network: nn.Module, step: int, decay: float) -> None:
    """Move the averaged weights `average` towards those of `network` after `step`, the first being 1.

    decay: what they keep of themselves; less at the beginning, when there is little that is worth it.
    """
    kept = min(decay, (1 + step) / (10 + step))
    own = network.state_dict()
    torch._foreach_lerp_(list(average.values()), [own[name] for name in average], 1 - kept)
