"""Random crops for training: an input from some realizations of a view, a target from the others."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from torch.utils.data import Dataset

from mcdenoise.data.cache import FrameCache
from mcdenoise.data.cut import Cut
from mcdenoise.data.cutting import Batch, cut
from mcdenoise.data.fireflies import Fireflies
from mcdenoise.data.flicker import Flicker
from mcdenoise.data.schedule import Schedule
from mcdenoise.data.stored import PIXEL_BYTES, StoredFrame
from mcdenoise.data.views import View
from mcdenoise.errors import DataError
from mcdenoise.tonemap import exposure_of_blocks

_LEAST_VISIT = 16
_SETTLED = 10_000  # examples after which a network knows light from dark; before, fireflies teach it little else
_TURN = 10  # place among an example's random numbers of which way it is turned
_NUMBERS = 17  # random ones that an example takes, besides one for each realization
_PHILOX_WORDS = 4  # that a step of the generator's counter gives
_FULL = 0.9  # of the cache, that frames may take to be all kept: headers come on top, and a disk is kept less than full
_POOL_SHARE = 0.45  # of the cache, for the views in use; as much for those that come next


Target = Literal["noisy", "reference"]

AS_RENDERED = {
    "exposure_stops": 0.0,
    "albedo_stops": 0.0,
    "feature_dropout": 0.0,
    "filter_blur": 0.0,
    "feature_flicker": 0.0,
    "fireflies": 0.0,
}
"""Options of `CropDataset` with which examples are flipped, turned and permuted alone."""


def usable_views(views: list[View], target: Target) -> list[View]:
    """Those that have such a target for a noisy input."""
    return [view for view in views if (view.references if target == "reference" else view.independent)]


def decoded_bytes(views: list[View], target: Target) -> int:
    """What all frames that training on `views` uses take in a cache."""
    sizes = {file: view.size[0] * view.size[1] for view in views for file in _files(view, target)}  # some share files
    return PIXEL_BYTES * sum(sizes.values())


def _crop_shape(views: list[View], crop: int, multiple: int) -> tuple[int, int]:
    """Height and width of crops that lie; see `CropDataset`."""

    def side(sides: list[int]) -> int:
        held = sorted(sides)[len(sides) // 2]  # by at least half of the views
        return crop if held >= crop else min(crop, max(multiple, held // multiple * multiple))

    return side([min(view.size) for view in views]), side([max(view.size) for view in views])


def _files(view: View, target: Target) -> tuple[Path, ...]:
    return (*view.references, *view.realizations) if target == "reference" else (*view.realizations, *view.targets)


class CropDataset(Dataset):
    """Example number i is drawn with random numbers of its own, from (seed, i): no state, any order, any worker.

    The view comes from `schedule`: all views once an epoch, in random order, and where not all decoded frames fit into
    the cache each for many crops while it is in there, mixed with those of other views. Of its K realizations a random
    set of 1 to K - 1 is averaged to be the input (half of the time just one), and the mean of the others is the target,
    so each pair occurs in both orders and one folder serves many spp. Where a view has renders that are meant as
    targets, one of those is the target, and 1 to K realizations the input. The crop is drawn uniformly, flipped and
    transposed at random; exposure changes by up to a factor of `2**exposure_stops` around middle grey; colour channels
    and the axes of normals are permuted (radiance, albedo and target alike), and axes mirrored.

    A crop is a square of `crop` pixels a side where at least half of the views hold one; else, along either axis, the
    greatest multiple of `multiple` that half of the views hold, and then the crops of one batch all lie or all stand.
    Frames smaller than the crop are mirrored to its size.

    views: where to draw from. crop: side in pixels, at most. multiple: what sides are multiples of where views are
    smaller; 32 suits every network here. target: `noisy`, or `reference` to train on references (the mean of their
    halves) instead. augment: all that is random but the choice of view, realizations and place. albedo_stops: in half
    of the examples albedo is divided by up to `2**albedo_stops` while radiance stays, as of darker surfaces in brighter
    light: real scenes have more of those than ours. feature_dropout: chance that albedo, normal or both are missing
    from an example (a third each). filter_blur: chance that input, features and target are all blurred a little, as by
    a pixel filter wider than a box (a linear map, so means stay right): then the noise of neighbouring pixels goes
    together, and a network learns that this happens. cache: where decoded frames are, and where crops are made.
    feature_flicker: chance that features have noise of their own, which the picture has not: see `Flicker`. fireflies:
    chance that the input has fireflies of which no other render knows (see `Fireflies`), to which it rises over the
    first 10,000 examples. batch: examples of a step of all processes together; ranks: those processes, which then read
    different views, where there are as many. guided: whether examples have a guide: then half of the realizations that
    are not the input's are the target, and the other half and the input's are the guide; where a view has targets, the
    guide is the others of those, or all realizations if there is but one.
    Raises DataError if no view has what `target` needs, or when every view turns out to be broken.
    """

    def __init__(
        self,
        views: list[View],
        crop: int = 128,
        seed: int = 0,
        target: Target = "noisy",
        augment: bool = True,
        exposure_stops: float = 1.0,
        albedo_stops: float = 4.0,
        feature_dropout: float = 0.15,
        filter_blur: float = 0.3,
        feature_flicker: float = 0.15,
        fireflies: float = 0.04,
        cache: FrameCache | None = None,
        batch: int = 1,
        ranks: int = 1,
        multiple: int = 32,
        guided: bool = False,
    ):
        self.views = usable_views(views, target)
        if not self.views and target == "reference":
            raise DataError(
                "no view has a reference (ref_a.exr and ref_b.exr; in OIDN's naming _ref, or an image of more samples "
                "than the others): render with --reference-spp."
            )
        if not self.views:
            raise DataError(
                "no view has two independent realizations, which noisy targets need (renders at different spp may "
                "share samples): train with --target reference."
            )
        self.shape = _crop_shape(self.views, crop, multiple)
        self.seed = seed
        self.target = target
        self.augment = augment
        self.exposure_stops = exposure_stops
        self.albedo_stops = albedo_stops
        self.feature_dropout = feature_dropout
        self.filter_blur = filter_blur
        self.feature_flicker = feature_flicker
        self.fireflies = fireflies
        self.guided = guided
        self.cache = cache or FrameCache()
        wanted = _NUMBERS + max(len(_files(view, "noisy")) for view in self.views)
        self._block = -(-wanted // _PHILOX_WORDS) * _PHILOX_WORDS
        self.bytes = decoded_bytes(self.views, target)
        one = self.bytes / len(self.views)
        fits = self.bytes <= _FULL * self.cache.limit
        pool = len(self.views) if fits else max(1, int(_POOL_SHARE * self.cache.limit / one)) * ranks
        self.crowded = not fits and one > _POOL_SHARE * self.cache.limit
        area = sum(view.size[0] * view.size[1] for view in self.views) / len(self.views)
        visit = max(_LEAST_VISIT, int(2 * area / math.prod(self.shape)))  # each pixel is in two crops of a visit, or so
        self.schedule = Schedule(len(self.views), batch, ranks, min(pool, len(self.views)), visit, seed)

    def __getitem__(self, index: int) -> Batch:
        return self.batch(index, 1)[0]

    def __getitems__(self, indices: list[int]) -> list[Batch]:
        """As torch's DataLoader asks for a batch."""
        found = self._cut([(index, self._numbers(index, 1)[0]) for index in indices])
        return [found[i] for i in range(len(indices))]

    def batch(self, start: int, count: int) -> Batch:
        """Examples `start` to `start + count - 1`."""
        return self._cut(list(zip(range(start, start + count), self._numbers(start, count), strict=True)))

    def files(self, view: View) -> tuple[Path, ...]:
        """The frame files that examples of `view` are made of."""
        return _files(view, self.target)

    def _numbers(self, start: int, count: int) -> list[list[float]]:
        """Those of each example, uniform in [0, 1): a block of its own of the stream of a counter-based generator."""
        generator = np.random.Philox(key=self.seed, counter=start * self._block // _PHILOX_WORDS)
        return np.random.Generator(generator).random((count, self._block)).tolist()

    def _cut(self, examples: list[tuple[int, list[float]]]) -> Batch:
        """Of each example its number and its random numbers, of which the first's say whether all stand or lie."""
        stand = self.augment and int(8 * examples[0][1][_TURN]) & 4 != 0
        size = self.shape[::-1] if stand else self.shape
        return cut([self._draw(index, numbers, size) for index, numbers in examples], size)

    def _draw(self, index: int, numbers: list[float], size: tuple[int, int]) -> Cut:
        view = self.views[self.schedule.view(index)]
        chosen = self._chosen(view, numbers)
        if chosen is None:
            for number in self.schedule.substitutes(index):
                view = self.views[number]
                chosen = self._chosen(view, numbers)
                if chosen is not None:
                    break
            else:
                raise DataError(f"no view is left whose frames can be decoded; the last that was tried: {view.folder}.")
        inputs, targets, guides = chosen
        height, width = inputs[0].pixels.shape[1:]
        stops, blurred, sigma, colours, axes, signs, turn, missing, darker, *rarer = numbers[4:_NUMBERS]
        flickers, seed, struck, which = rarer
        turn = int(8 * turn) if self.augment else 0
        if size[0] != size[1]:  # what stands is cut standing, and transposed if the crops of this batch lie
            turn = turn & 3 | (4 if (height > width) != (size[0] > size[1]) else 0)
        window = size[::-1] if turn & 4 else size
        top = int(numbers[2] * (max(0, height - window[0]) + 1))
        left = int(numbers[3] * (max(0, width - window[1]) + 1))
        exposure = self._exposure(inputs)
        if not self.augment:
            return Cut(inputs, targets, top, left, exposure, turn=turn, guides=guides)
        seed, which = (int(number * 2**53) for number in (seed, which))
        missing = missing / self.feature_dropout if self.feature_dropout > 0 else 1.0
        return Cut(
            inputs,
            targets,
            top,
            left,
            exposure=exposure * 2 ** (self.exposure_stops * (2 * stops - 1)),
            sigma=0.3 + 0.3 * sigma if blurred < self.filter_blur else 0.0,
            colours=int(6 * colours),
            axes=int(6 * axes),
            signs=int(8 * signs),
            turn=turn,
            albedo=2 ** min(0.0, self.albedo_stops * (1 - 2 * darker)) if missing >= 2 / 3 else 0.0,
            normal=not 1 / 3 <= missing < 1,
            guides=guides,
            flicker=Flicker(seed) if flickers < self.feature_flicker else None,
            fireflies=Fireflies(which) if struck < self.fireflies * min(1.0, index / _SETTLED) else None,
        )

    def _chosen(self, view: View, numbers: list[float]) -> tuple[tuple[StoredFrame, ...], ...] | None:
        """Frames of the input, of the target and of the guide (none if not `guided`), or None if too few can be
        decoded; only what is used is decoded."""
        coin, count, ranks = *numbers[:2], numbers[_NUMBERS:]
        frames = self._in_order(view.realizations, ranks)
        if self.target == "reference":
            # Renders that may share samples are no better together than the best of them.
            most = len(view.realizations) if view.independent else 1
            taken = 1 if coin < 0.5 else 1 + int(count * most)
            inputs = tuple(frame for _, frame in zip(range(taken), frames, strict=False))
            targets = tuple(frame for frame in map(self.cache.get, view.references) if frame is not None)
            complete = inputs and len(targets) == len(view.references)
            return (inputs, targets, inputs if self.guided else ()) if complete else None
        usable = tuple(frames)
        targets = tuple(self._in_order(view.targets, ranks[len(view.realizations) :]))
        if len(usable) < (1 if targets else 2):
            return None
        taken = 1 if coin < 0.5 else 1 + int(count * (len(usable) - (0 if targets else 1)))
        inputs, others = usable[:taken], usable[taken:]
        if targets:
            guides = targets[1:] or usable
            return inputs, targets[:1], guides if self.guided else ()
        learnt = (len(others) + 1) // 2 if self.guided else len(others)
        return inputs, others[:learnt], inputs + others[learnt:] if self.guided else ()

    def _in_order(self, files: tuple[Path, ...], ranks: list[float]) -> Iterator[StoredFrame]:
        """Frames of the files in the order of their ranks, but for those that cannot be decoded."""
        order = sorted(range(len(files)), key=ranks.__getitem__)
        return (frame for frame in map(self.cache.get, map(files.__getitem__, order)) if frame is not None)

    def _exposure(self, inputs: tuple[StoredFrame, ...]) -> float:
        """Of the input alone, as when the network is used: a factor that saw the target would move its mean."""
        if len(inputs) == 1:
            return inputs[0].exposure
        return exposure_of_blocks(sum(frame.luminance for frame in inputs) / len(inputs))
