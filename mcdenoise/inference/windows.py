"""Local averages: Gaussian windows over maps, at a cost that does not grow with the window.

Maps are torch tensors `[..., H, W]`.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_WIDEST = 4.0  # standard deviation, in cells, above which a window is computed on a coarser grid


def shrink(maps: Tensor, factor: int = 2) -> Tensor:
    """Means over blocks of `factor` x `factor` pixels; blocks at the right and lower edge may be smaller."""
    if factor == 1:
        return maps
    planes = maps.reshape(-1, 1, *maps.shape[-2:])
    planes = F.avg_pool2d(planes, factor, ceil_mode=True, count_include_pad=False)
    return planes.reshape(*maps.shape[:-2], *planes.shape[-2:])


def enlarge(maps: Tensor, factor: int, size: tuple[int, int]) -> Tensor:
    """Bilinear interpolation of means over blocks back to pixels, cut to `size` (height, width)."""
    if factor == 1:
        return maps
    planes = maps.reshape(-1, 1, *maps.shape[-2:])
    planes = F.interpolate(planes, scale_factor=factor, mode="bilinear", align_corners=False)
    planes = planes[..., : size[0], : size[1]]
    return planes.reshape(*maps.shape[:-2], *planes.shape[-2:])


def smooth(maps: Tensor, sigma: float) -> Tensor:
    """Means in Gaussian windows of standard deviation `sigma` pixels; at the edges over what is inside."""
    if sigma > _WIDEST and max(maps.shape[-2:]) > 1:
        return enlarge(smooth(shrink(maps), sigma / 2), 2, tuple(maps.shape[-2:]))
    reach = max(1, math.ceil(3 * sigma))
    kernel = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    planes = maps.reshape(-1, 1, *maps.shape[-2:])
    for axis in (2, 3):
        shape = [1, 1, 1, 1]
        shape[axis] = len(kernel)
        padding = (reach, 0) if axis == 2 else (0, reach)
        inside = F.conv2d(torch.ones(1, 1, *_line(maps.shape[axis - 4], axis)), kernel.reshape(shape), padding=padding)
        planes = F.conv2d(planes, kernel.reshape(shape), padding=padding) / inside
    return planes.reshape(maps.shape)


def _line(length: int, axis: int) -> tuple[int, int]:
    return (length, 1) if axis == 2 else (1, length)
