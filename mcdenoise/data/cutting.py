"""Crops out of stored frames: means of realizations, windows and augmentation, on the device where the frames are."""

import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mcdenoise.data.cut import Cut
from mcdenoise.data.device_cutting import cut_on_device
from mcdenoise.data.host_cutting import cut_on_host


@dataclass(frozen=True)
class Batch:
    """Training examples, `[B, 3, h, w]` each, or one example, `[3, h, w]`.

    radiance: noisy input, linear, brought to middle grey. albedo, normal: its features, zeros where missing.
    target: linear radiance at the same exposure, noisy too and independent of the input (or the reference).
    guide: if asked for, radiance, albedo and normal of the same place from more realizations than the input's, none of
    them the target's: what else is known of the truth.
    features: with a guide also albedo and normal of the target's realizations, where those of the input are not
    missing: what noisy features can be learnt from.
    """

    radiance: Tensor
    albedo: Tensor
    normal: Tensor
    target: Tensor
    guide: tuple[Tensor, ...] | None = None
    features: tuple[Tensor, ...] | None = None

    def to(self, device: torch.device) -> "Batch":
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Batch":
        return self._each(Tensor.pin_memory)

    def clone(self) -> "Batch":
        return self._each(Tensor.clone)

    def halved(self) -> "Batch":
        """All of its values halved."""
        return self._each(lambda tensor: tensor / 2)

    def copy_from(self, other: "Batch") -> None:
        """Take the values of a batch of the same `shapes`, in the memory that is here."""
        for mine, its in zip(self._all(), other._all(), strict=True):
            mine.copy_(its, non_blocking=True)

    def shapes(self) -> tuple[torch.Size, ...]:
        """Those of all that it holds."""
        return tuple(tensor.shape for tensor in self._all())

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.radiance, self.albedo, self.normal, self.target

    def __getitem__(self, index: int) -> "Batch":
        return self._each(lambda tensor: tensor[index])

    @staticmethod
    def stack(examples: "list[Batch]") -> "Batch":
        more = [[e.guide for e in examples], [e.features for e in examples]]
        more = [None if parts[0] is None else _stacked(parts) for parts in more]
        return Batch(*_stacked([e.tensors() for e in examples]), *more)

    def _all(self) -> tuple[Tensor, ...]:
        return *self.tensors(), *(self.guide or ()), *(self.features or ())

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        more = (None if parts is None else tuple(map(change, parts)) for parts in (self.guide, self.features))
        return Batch(*map(change, self.tensors()), *more)


def _stacked(examples: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.stack(tensors) for tensors in zip(*examples, strict=True))


def cut(cuts: list[Cut], size: tuple[int, int]) -> Batch:
    """The crops `cuts`, `[B, 3, *size]` float32. Frames smaller than that are mirrored to its size.

    They have a guide, and features to learn from, if all of `cuts` have guides.
    """
    batch = _cut(cuts, size)
    for i, one in enumerate(cuts):
        if one.fireflies is not None:
            one.fireflies.add(batch.radiance[i], one.sigma)
    if not all(one.guides for one in cuts):
        _make_flicker(cuts, batch)
        return batch
    other = _cut([one.of_guides() for one in cuts], size)
    learnt = _cut([one.of_targets() for one in cuts], size)
    _make_flicker(cuts, batch, learnt)
    guide, features = (other.radiance, other.albedo, other.normal), (learnt.albedo, learnt.normal)
    return replace(batch, guide=guide, features=features)


def _make_flicker(cuts: list[Cut], batch: Batch, learnt: Batch | None = None) -> None:
    """Change features of the crops that have flicker, in their place: of the input's, and of the target's renders."""
    for i, one in enumerate(cuts):
        if one.flicker is None:
            continue
        where = one.flicker.surface(batch.normal[i])
        one.flicker.add(batch.albedo[i], batch.normal[i], where, one.albedo, len(one.inputs), other=False)
        if learnt is not None:
            one.flicker.add(learnt.albedo[i], learnt.normal[i], where, one.albedo, len(one.targets), other=True)


def _cut(cuts: list[Cut], size: tuple[int, int]) -> Batch:
    device = cuts[0].inputs[0].pixels.device
    shape = (4, len(cuts), 3, *size)
    if device.type == "cpu":
        images = _memory.take(shape)
        cut_on_host(cuts, images)
        return Batch(*torch.from_numpy(images))
    images = torch.empty(shape, device=device)
    cut_on_device(cuts, images)
    return Batch(*images)


class _Memory:
    """Host memory of batches that nobody holds any more, for the next ones: asking the system for it anew takes as long
    as making the crops."""

    def __init__(self):
        self._free: dict[tuple[int, ...], list[np.ndarray]] = {}

    def take(self, shape: tuple[int, ...]) -> np.ndarray:
        """An uninitialised array, float32, whose memory is kept for the next one once the array itself is gone.

        Tensors that torch makes of it keep it alive, and views of those too; NumPy's views of it do not.
        """
        free = self._free.setdefault(shape, [])
        try:
            array = free.pop()
        except IndexError:
            array = np.empty(shape, np.float32)
        lent = array.view()
        weakref.finalize(lent, self._give_back, free, array).atexit = False
        return lent

    @staticmethod
    def _give_back(free: list[np.ndarray], array: np.ndarray) -> None:
        if len(free) < _MOST_FREE:
            free.append(array)


_MOST_FREE = 8
_memory = _Memory()
