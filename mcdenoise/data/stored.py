"""A frame as training keeps it: decoded, checked, in half floats."""

import math
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mcdenoise.data.naming import albedo_of, is_oidn_name, normal_of
from mcdenoise.errors import FrameError
from mcdenoise.exr import read_planes, read_three_planes
from mcdenoise.tonemap import LUMINANCE, block_means, exposure_of_blocks

HALF_MAX = 65504.0
PIXEL_BYTES = 18
"""What a pixel takes: nine half floats."""


@dataclass(frozen=True)
class StoredFrame:
    """Nine half-float channels of a frame and what is needed to use them.

    pixels: `[9, H, W]` float16: radiance / `scale`, albedo in [0, 1], normal in [-1, 1]; zeros where a feature is
    missing. scale: a power of two that brings the largest radiance to between 32752 and 65504, so a firefly of any size
    fits. Half floats have 11 bits: radiance comes back within 2^-11 of its value (rounded to the nearest, so means
    stay) down to 2^-29 of the frame's brightest value, and below that within 2^-40 of the brightest value. Features are
    half in our files already. luminance: means of the true luminance over the blocks of `tonemap.exposure`, float64.
    """

    pixels: Tensor
    scale: float
    luminance: np.ndarray

    @cached_property
    def exposure(self) -> float:
        """`tonemap.exposure` of the frame."""
        return exposure_of_blocks(self.luminance)

    @cached_property
    def bits(self) -> np.ndarray:
        """`pixels`, which must be in host memory, as the bits of half floats: `[9, H, W]` uint16."""
        return self.pixels.numpy().view(np.uint16)

    @property
    def bytes(self) -> int:
        return self.pixels.numel() * self.pixels.element_size() + self.luminance.nbytes

    def to(self, device: torch.device) -> "StoredFrame":
        return StoredFrame(self.pixels.to(device), self.scale, self.luminance)


def parts_of(path: Path) -> tuple[Path, ...]:
    """The files that make up the frame `path`: itself, and in OIDN's naming its albedo and normal, where they are."""
    if not is_oidn_name(path):
        return (path,)
    return (path, *(part for part in (albedo_of(path), normal_of(path)) if part.is_file()))


def read_checked(path: Path) -> tuple[Tensor, Tensor]:
    """Radiance `[3, H, W]` float32 and the features of `StoredFrame` `[6, H, W]` float16 of a frame file.

    Raises FrameError if it cannot be read or holds NaN or Inf.
    """
    radiance, features = _planes(path)
    stored = torch.empty((6, *radiance[0].shape), dtype=torch.half)
    _store_features(features, stored)
    return torch.stack(radiance), stored


def decode(path: Path) -> StoredFrame:
    """The frame in a file, for storing. Raises FrameError as `read_checked` does."""
    radiance, features = _planes(path)
    scale = _scale(max(abs(float(end)) for plane in radiance for end in torch.aminmax(plane)))
    # No memory but the result's own: the system takes as long to give it as all the arithmetic here.
    pixels = torch.empty((9, *radiance[0].shape), dtype=torch.half)
    scratch = _scratch(radiance[0].shape)
    for plane, target in zip(radiance, pixels[:3], strict=True):
        target.copy_(torch.mul(plane, 1 / scale, out=scratch))
    _store_features(features, pixels[3:])
    scratch.zero_()
    for weight, plane in zip(LUMINANCE, radiance, strict=True):
        scratch.add_(plane, alpha=weight)
    return StoredFrame(pixels, scale, block_means(scratch.numpy()))


def _planes(path: Path) -> tuple[list[Tensor], list[list[Tensor] | None]]:
    """(three planes of radiance in float32, those of albedo and of normal), all finite and of one size."""
    planes = read_planes(path)
    found = [planes.albedo, planes.normal]
    if is_oidn_name(path):
        found = [read_three_planes(part) if part.is_file() else None for part in (albedo_of(path), normal_of(path))]
    radiance = [_tensor(plane).float() for plane in planes.radiance]
    if not all(map(_is_finite, radiance)):
        count = int((~torch.stack(radiance).isfinite()).any(dim=0).sum())
        raise FrameError(f"{path}: {count} pixels are NaN or Inf.")
    features = [None if feature is None else [_tensor(plane) for plane in feature] for feature in found]
    for name, feature in zip(("albedo", "normal"), features, strict=True):
        for plane in feature or ():
            if plane.shape != radiance[0].shape:
                raise FrameError(f"{path}: its {name} has another size.")
            if not _is_finite(plane):
                raise FrameError(f"{path}: its {name} holds NaN or Inf.")
    return radiance, features


def _store_features(features: list[list[Tensor] | None], stored: Tensor) -> None:
    for feature, low, targets in zip(features, (0, -1), (stored[:3], stored[3:]), strict=True):
        if feature is None:
            targets.zero_()
            continue
        for plane, target in zip(feature, targets, strict=True):
            # Mitsuba's albedo exceeds 1 on rough conductors, up to 30.
            torch.clip(plane, low, 1, out=target) if plane.dtype == torch.half else target.copy_(plane.clip(low, 1))


_of_thread = threading.local()


def _scratch(shape: torch.Size) -> Tensor:
    """A float32 tensor that this thread uses again and again."""
    if getattr(_of_thread, "scratch", None) is None or _of_thread.scratch.shape != shape:
        _of_thread.scratch = torch.empty(shape)
    return _of_thread.scratch


def _tensor(plane: np.ndarray) -> Tensor:
    return torch.from_numpy(plane if plane.dtype in (np.float16, np.float32) else plane.astype(np.float32))


def _is_finite(image: Tensor) -> bool:
    return all(math.isfinite(end) for end in torch.aminmax(image))


def _scale(largest: float) -> float:
    """The smallest power of two by which `largest` must be divided to be at most 65504; of float32's normal range."""
    if largest == 0:
        return 1.0
    exponent = math.ceil(math.log2(largest / HALF_MAX))
    exponent += largest / 2.0**exponent > HALF_MAX
    return 2.0 ** max(exponent, -100)
