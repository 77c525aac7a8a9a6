"""Layers that several networks are built from."""

import torch.nn.functional as F
from torch import Tensor, nn

_SLOPE = 0.1


def conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size, initialised after He et al. 2015 for the slope of `relu`."""
    layer = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, a=_SLOPE)
    nn.init.zeros_(layer.bias)
    return layer


def relu(x: Tensor) -> Tensor:
    """Leaky ReLU with slope 0.1, as the paper; in the place of `x`."""
    return F.leaky_relu(x, _SLOPE, inplace=True)


def upsample(x: Tensor) -> Tensor:
    """`[B, C, H, W]` to `[B, C, 2H, 2W]`, nearest."""
    return F.interpolate(x, scale_factor=2, mode="nearest")
