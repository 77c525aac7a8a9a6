"""Crops out of stored frames: means of realizations, windows and augmentation, on the device where the frames are."""

import weakref
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product

import numpy as np
import torch
from torch import Tensor

from mcdenoise.data.stored import StoredFrame


@dataclass(frozen=True)
class Batch:
    """Training examples, `[B, 3, h, w]` each, or one example, `[3, h, w]`.

    radiance: noisy input, linear, brought to middle grey. albedo, normal: its features, zeros where missing.
    target: linear radiance at the same exposure, noisy too and independent of the input (or the reference).
    """

    radiance: Tensor
    albedo: Tensor
    normal: Tensor
    target: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self.tensors()))

    def pin_memory(self) -> "Batch":
        return Batch(*(tensor.pin_memory() for tensor in self.tensors()))

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.radiance, self.albedo, self.normal, self.target

    def __getitem__(self, index: int) -> "Batch":
        return Batch(*(tensor[index] for tensor in self.tensors()))

    @staticmethod
    def stack(examples: "list[Batch]") -> "Batch":
        return Batch(*(torch.stack(tensors) for tensors in zip(*(e.tensors() for e in examples), strict=True)))


@dataclass(frozen=True)
class Cut:
    """One crop: from where, and what is done to it.

    inputs, targets: frames that are averaged, all of one size. top, left: of the window. exposure: factor on radiance.
    sigma: of the blur in pixels, 0 for none. colours, axes: which of the 6 permutations of the channels of colours and
    of normals. signs: which of the 8 ways to mirror the axes. turn: which of the 8 ways to flip and transpose.
    albedo, normal: whether the feature is there.
    """

    inputs: tuple[StoredFrame, ...]
    targets: tuple[StoredFrame, ...]
    top: int
    left: int
    exposure: float
    sigma: float = 0.0
    colours: int = 0
    axes: int = 0
    signs: int = 0
    turn: int = 0
    albedo: bool = True
    normal: bool = True


def cut(cuts: list[Cut], side: int) -> Batch:
    """The crops `cuts`, `[B, 3, side, side]` float32. Frames smaller than that are mirrored to its size."""
    device = cuts[0].inputs[0].pixels.device
    shape = (4, len(cuts), 3, side, side)
    images = _memory.take(shape) if device.type == "cpu" else torch.empty(shape, device=device)
    # One crop at a time stays in a processor's own cache, which a whole batch does not.
    work, other = torch.empty((2, 12, side, side), device=device)
    for i, one in enumerate(cuts):
        _cut(one, side, work, other, images[:, i])
    return Batch(*images)


def _cut(one: Cut, side: int, work: Tensor, other: Tensor, output: Tensor) -> None:
    """work, other: `[12, side, side]` to compute in. output: radiance, albedo, normal, target, `[4, 3, side, side]`."""
    colours, axes = _ORDERS[one.colours], _ORDERS[one.axes]
    channels = [*colours, *(3 + channel for channel in colours), *(6 + axis for axis in axes)]
    scale = _mean(one, one.inputs, side, channels, work[:9], other[:9]) * one.exposure
    target_scale = _mean(one, one.targets, side, colours, work[9:], other[9:]) * one.exposure
    image = _blurred(work, other, one.sigma) if one.sigma else work
    flipped = [axis for axis, bit in ((1, 1), (2, 2)) if one.turn & bit]
    if flipped:
        image = image.flip(flipped)
    if one.turn & 4:
        image = image.transpose(1, 2)
    radiance, albedo, normal, target = output
    torch.mul(image[:3], scale, out=radiance)
    torch.mul(image[9:], target_scale, out=target)
    if one.albedo:
        albedo.copy_(image[3:6])
    else:
        albedo.zero_()
    if one.normal:
        torch.mul(image[6:9], _signs(image.device)[one.signs], out=normal)
    else:
        normal.zero_()


def _mean(
    one: Cut, frames: tuple[StoredFrame, ...], side: int, channels: list[int], total: Tensor, other: Tensor
) -> float:
    """Put `channels` of the mean of the frames' windows into `total`; returns the scale of the first three."""
    if len(frames) > 1:
        frames = sorted(frames, key=lambda frame: -frame.scale)  # so that no factor is above one
    for i, frame in enumerate(frames):
        window = _window(frame, one, side).unbind()
        torch._foreach_copy_((other if i else total).unbind(), [window[channel] for channel in channels])
        if i:
            total[:3].add_(other[:3], alpha=frame.scale / frames[0].scale)
            if len(channels) > 3:
                total[3:].add_(other[3:])
    if len(frames) > 1 and len(channels) > 3:
        total[3:].div_(len(frames))
    return frames[0].scale / len(frames)


def _window(frame: StoredFrame, one: Cut, side: int) -> Tensor:
    pixels = frame.pixels[:, one.top : one.top + side, one.left : one.left + side]
    for axis in (1, 2):
        size = pixels.shape[axis]
        if size < side:
            places = torch.arange(side, device=pixels.device) % (2 * size)
            pixels = pixels.index_select(axis, torch.where(places < size, places, 2 * size - 1 - places))
    return pixels


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


_ORDERS = [list(order) for order in permutations(range(3))]


@lru_cache(maxsize=16)
def _signs(device: torch.device) -> list[Tensor]:
    return [torch.tensor(signs, device=device).view(3, 1, 1) for signs in product((1.0, -1.0), repeat=3)]


class _Memory:
    """Host memory of batches that nobody holds any more, for the next ones: asking the system for it anew takes as long
    as making the crops."""

    def __init__(self):
        self._free: dict[tuple[int, ...], list[np.ndarray]] = {}

    def take(self, shape: tuple[int, ...]) -> Tensor:
        """An uninitialised tensor, whose memory is kept for the next one once it and all its views are gone."""
        free = self._free.setdefault(shape, [])
        try:
            array = free.pop()
        except IndexError:
            array = np.empty(shape, np.float32)
        lent = array.view()
        weakref.finalize(lent, self._give_back, free, array).atexit = False
        return torch.from_numpy(lent)

    @staticmethod
    def _give_back(free: list[np.ndarray], array: np.ndarray) -> None:
        if len(free) < _MOST_FREE:
            free.append(array)


_MOST_FREE = 8
_memory = _Memory()
