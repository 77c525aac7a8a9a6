"""Crops by torch, on the device where the frames are: a GPU."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from mcdenoise.data.cut import ORDERS, SIGNS, Cut
from mcdenoise.data.stored import StoredFrame


def cut_on_device(cuts: list[Cut], images: Tensor) -> None:
    """Put the crops `cuts` into `images` `[4, B, 3, H, W]`: radiance, albedo, normal, target."""
    memory = torch.empty((2, 12 * images.shape[-2] * images.shape[-1]), device=images.device)
    for i, one in enumerate(cuts):
        work, other = memory.view(2, 12, *one.shape_before(tuple(images.shape[-2:])))
        _cut(one, work, other, images[:, i])


def _cut(one: Cut, work: Tensor, other: Tensor, output: Tensor) -> None:
    """work, other: `[12, h, w]` to compute in, h x w the window. output: radiance, albedo, normal, target,
    `[4, 3, H, W]`."""
    colours, axes = ORDERS[one.colours], ORDERS[one.axes]
    channels = [*colours, *(3 + channel for channel in colours), *(6 + axis for axis in axes)]
    scale = _mean(one, one.inputs, channels, work[:9], other[:9]) * one.exposure
    target_scale = _mean(one, one.targets, colours, work[9:], other[9:]) * one.exposure
    image = _blurred(work, other, one.sigma) if one.sigma else work
    flipped = [axis for axis, bit in ((1, 1), (2, 2)) if one.turn & bit]
    if flipped:
        image = image.flip(flipped)
    if one.turn & 4:
        image = image.transpose(1, 2)
    radiance, albedo, normal, target = output
    torch.mul(image[:3], scale, out=radiance)
    torch.mul(image[9:], target_scale, out=target)
    torch.mul(image[3:6], one.albedo, out=albedo)
    if one.normal:
        torch.mul(image[6:9], _signs(image.device)[one.signs], out=normal)
    else:
        normal.zero_()


def _mean(one: Cut, frames: tuple[StoredFrame, ...], channels: Sequence[int], total: Tensor, other: Tensor) -> float:
    """Put `channels` of the mean of the frames' windows into `total`; returns the scale of the first three."""
    if len(frames) > 1:
        frames = sorted(frames, key=lambda frame: -frame.scale)  # so that no factor is above one
    for i, frame in enumerate(frames):
        window = one.window(frame, tuple(total.shape[1:])).unbind()
        torch._foreach_copy_((other if i else total).unbind(), [window[channel] for channel in channels])
        if i:
            total[:3].add_(other[:3], alpha=frame.scale / frames[0].scale)
            if len(channels) > 3:
                total[3:].add_(other[3:])
    if len(frames) > 1 and len(channels) > 3:
        total[3:].div_(len(frames))
    return frames[0].scale / len(frames)


def _blurred(image: Tensor, other: Tensor, sigma: float) -> Tensor:
    """`image` under a Gaussian of standard deviation `sigma` pixels (at most 0.6, so three taps do); uses both."""
    edge = float(np.exp(-0.5 / sigma**2))
    middle = 1 / (1 + 2 * edge)
    for axis in (1, 2):
        size = image.shape[axis]
        torch.mul(image, middle, out=other)
        before, after = image.narrow(axis, 0, size - 1), image.narrow(axis, 1, size - 1)
        other.narrow(axis, 1, size - 1).add_(before, alpha=edge * middle)
        other.narrow(axis, 0, size - 1).add_(after, alpha=edge * middle)
        for end in (0, size - 1):
            other.narrow(axis, end, 1).add_(image.narrow(axis, end, 1), alpha=edge * middle)
        image, other = other, image
    return image


@lru_cache(maxsize=16)
def _signs(device: torch.device) -> list[Tensor]:
    return [torch.tensor(signs, device=device).view(3, 1, 1) for signs in SIGNS]
