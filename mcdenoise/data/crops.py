"""Random crops for training: an input from some realizations of a view, a target from the others."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mcdenoise.data.cache import FrameCache
from mcdenoise.data.views import View
from mcdenoise.errors import DataError
from mcdenoise.tonemap import exposure


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

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.radiance, self.albedo, self.normal, self.target

    @staticmethod
    def stack(examples: "list[Batch]") -> "Batch":
        return Batch(*(torch.stack(tensors) for tensors in zip(*(e.tensors() for e in examples), strict=True)))


class CropDataset(Dataset):
    """Example number i is drawn with random numbers of its own, from (seed, i): no state, any order, any worker.

    A view is drawn uniformly; of its K realizations a random set of 1 to K - 1 is averaged to be the input (half of the
    time just one), and the mean of the others is the target, so each pair occurs in both orders and one folder serves
    many spp. The crop is drawn uniformly, flipped and transposed at random; exposure changes by up to a factor of
    `2**exposure_stops` around middle grey; colour channels and the axes of normals are permuted (radiance, albedo and
    target alike), and axes mirrored. Frames smaller than the crop are mirrored to its size.

    views: where to draw from. crop: side in pixels. target: `noisy`, or `reference` to train on the mean of reference
    halves instead. augment: all that is random but the choice of view, realizations and place. feature_dropout: chance
    that albedo, normal or both are missing from an example (a third each). filter_blur: chance that input, features and
    target are all blurred a little, as by a pixel filter wider than a box (a linear map, so means stay right): then the
    noise of neighbouring pixels goes together, and a network learns that this happens.
    Raises DataError if `target` is `reference` and no view has one, or when every view turns out to be broken.
    """

    def __init__(
        self,
        views: list[View],
        crop: int = 128,
        seed: int = 0,
        target: Literal["noisy", "reference"] = "noisy",
        augment: bool = True,
        exposure_stops: float = 1.0,
        feature_dropout: float = 0.15,
        filter_blur: float = 0.3,
        cache: FrameCache | None = None,
    ):
        self.views = [view for view in views if view.references] if target == "reference" else list(views)
        if not self.views:
            raise DataError("no view has a reference (ref_a.exr, ref_b.exr): render with --reference-spp.")
        self.crop = crop
        self.seed = seed
        self.target = target
        self.augment = augment
        self.exposure_stops = exposure_stops
        self.feature_dropout = feature_dropout
        self.filter_blur = filter_blur
        self.cache = cache or FrameCache()
        self._exposures: dict[tuple[View, tuple[int, ...]], float] = {}

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        for _ in range(10 + 10 * len(self.views)):
            view = self.views[rng.integers(len(self.views))]
            arrays = self._pair(view, rng)
            if arrays is not None:
                radiance, features, target, inputs = arrays
                scale = self._exposure(view, inputs, radiance)
                return self._augmented(*self._cropped(radiance, features, target, rng), scale, rng)
        raise DataError(f"{self.views[0].folder} and all other views hold no two frames that can be decoded.")

    def batch(self, start: int, count: int) -> Batch:
        """Examples `start` to `start + count - 1`."""
        return Batch.stack([self[index] for index in range(start, start + count)])

    def _pair(self, view: View, rng: np.random.Generator) -> tuple[list, list, list, tuple[int, ...]] | None:
        """Frames of the input (radiance, features), radiance of the target, and which realizations the input is.

        None if too few can be decoded.
        """
        usable = [frame for frame in map(self.cache.get, view.realizations) if frame is not None]
        order = rng.permutation(len(usable))
        by_reference = self.target == "reference"
        halves = view.references if by_reference else ()
        references = [frame for frame in map(self.cache.get, halves) if frame is not None]
        if len(usable) < (1 if by_reference else 2) or (by_reference and len(references) < 2):
            return None
        most = len(usable) - (0 if by_reference else 1)
        taken = 1 if rng.random() < 0.5 else int(rng.integers(1, most + 1))
        chosen = tuple(sorted(order[:taken].tolist()))
        inputs = [usable[i] for i in chosen]
        targets = references if by_reference else [usable[i] for i in order[taken:]]
        return [frame[0] for frame in inputs], [frame[1] for frame in inputs], [frame[0] for frame in targets], chosen

    def _exposure(self, view: View, inputs: tuple[int, ...], radiance: list[np.ndarray]) -> float:
        """Of the input alone, as when the network is used: a factor that saw the target would move its mean."""
        if (view, inputs) not in self._exposures:
            self._exposures[view, inputs] = exposure(np.mean(radiance, axis=0))
        return self._exposures[view, inputs]

    def _cropped(
        self, radiance: list, features: list, target: list, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        height, width = radiance[0].shape[:2]
        y = int(rng.integers(max(0, height - self.crop) + 1))
        x = int(rng.integers(max(0, width - self.crop) + 1))
        window = slice(y, y + self.crop), slice(x, x + self.crop)

        def average(frames: list[np.ndarray]) -> np.ndarray:
            total = frames[0][window].astype(np.float32)
            for frame in frames[1:]:
                total = total + frame[window]
            total = total / np.float32(len(frames))
            missing = [(0, self.crop - size) for size in total.shape[:2]]
            return np.pad(total, [*missing, (0, 0)], mode="symmetric") if any(m for _, m in missing) else total

        return average(radiance), average(features), average(target)

    def _augmented(
        self, radiance: np.ndarray, features: np.ndarray, target: np.ndarray, scale: float, rng: np.random.Generator
    ) -> Batch:
        albedo, normal = features[..., :3], features[..., 3:]
        if self.augment:
            scale *= float(np.exp2(rng.uniform(-self.exposure_stops, self.exposure_stops)))
            if rng.random() < self.filter_blur:
                sigma = float(rng.uniform(0.3, 0.6))
                radiance, albedo, normal, target = (_blur(image, sigma) for image in (radiance, albedo, normal, target))
            channels, axes = rng.permutation(3), rng.permutation(3)
            radiance, albedo, target = (image[..., channels] for image in (radiance, albedo, target))
            normal = normal[..., axes] * rng.choice(np.float32([-1, 1]), 3)
            flip_y, flip_x, transpose = rng.random(3) < 0.5

            def turned(image: np.ndarray) -> np.ndarray:
                image = image[::-1] if flip_y else image
                image = image[:, ::-1] if flip_x else image
                return image.transpose(1, 0, 2) if transpose else image

            radiance, albedo, normal, target = map(turned, (radiance, albedo, normal, target))
            missing = rng.random() / self.feature_dropout if self.feature_dropout > 0 else 1.0
            if missing < 2 / 3:
                albedo = np.zeros_like(albedo)
            if 1 / 3 <= missing < 1:
                normal = np.zeros_like(normal)
        scale = np.float32(scale)
        return Batch(*(_chw(image) for image in (radiance * scale, albedo, normal, target * scale)))


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """`image` `[h, w, C]` under a Gaussian of standard deviation `sigma` pixels (at most 0.6, so three taps do)."""
    side = np.float32(np.exp(-0.5 / sigma**2))
    for axis in (0, 1):
        padded = np.pad(image, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
        before, after = (np.take(padded, range(start, start + image.shape[axis]), axis) for start in (0, 2))
        image = (image + side * (before + after)) / (1 + 2 * side)
    return image


def _chw(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32))
