"""One independent render of one view: its samples split into passes of bounded memory, its seeds its own."""

import logging

import mitsuba as mi
import numpy as np

from mcdenoise.frame import Frame
from mcdenoise.rendering.scene import LoadedScene
from mcdenoise.rendering.seeds import MAX_PASSES, pass_seed, scalar_seed

_log = logging.getLogger(__name__)

MAX_SAMPLES_IN_A_PASS = 2**24
"""Bounds the memory of a pass in the JIT variants (about 1 GB with features)."""

MAX_CUDA_SPP_IN_A_PASS = 32
"""A pixel's samples fill at most one warp, so that its sum has one order and a rerun gives the same bytes."""


def passes(spp: int, pixels: int, variant: str) -> list[int]:
    """Samples per pixel of each pass, adding up to `spp`.

    In the JIT variants every pass is a power of two: only then do all samples of a pixel fall into one packet of
    threads, whose sum has a fixed order; with others, atomic additions come in any order and bytes differ.
    """
    if variant.startswith("scalar"):
        return [spp]
    largest = 1 << max(0, (MAX_SAMPLES_IN_A_PASS // pixels).bit_length() - 1)
    if variant.startswith("cuda"):
        largest = min(largest, MAX_CUDA_SPP_IN_A_PASS)
    rest = spp % largest
    return [largest] * (spp // largest) + [1 << bit for bit in reversed(range(rest.bit_length())) if rest >> bit & 1]


def render(loaded: LoadedScene, spp: int, base: int, index: int) -> tuple[Frame, int]:
    """Render `spp` samples per pixel of what the scene's sensor sees, with the random numbers of stream `index`.

    Returns the frame (without attributes) and the number of pixels whose radiance was not finite; those take the mean
    of their finite neighbours (Mitsuba can divide zero by zero in rare paths). Raises ValueError on too many passes.
    """
    width, height = loaded.size
    variant = mi.variant()
    parts = passes(spp, width * height, variant)
    if len(parts) > MAX_PASSES:
        raise ValueError(f"{spp} spp at {width} x {height} would take {len(parts)} passes, more than {MAX_PASSES}")
    total = None
    for number, part in enumerate(parts):
        if variant.startswith("scalar"):
            seed = scalar_seed(base, index, width, height)
        else:
            seed = pass_seed(base, index, number)
        images = _render_pass(loaded, part, seed)
        if len(parts) == 1:
            total = tuple(image + np.float32(0) for image in images)  # -0 becomes 0, as in a sum
            break
        if total is None:
            total = tuple(np.zeros(image.shape) for image in images)
        for sums, image in zip(total, images, strict=True):
            _add(sums, image, part / spp)
    radiance, invalid = _without_invalid(total[0])
    features = total[1].astype(np.float32, copy=False)
    np.nan_to_num(features, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    albedo = features[..., :3].clip(0, 1)  # Mitsuba's estimate for glossy materials can be well above 1
    return Frame(radiance, albedo, features[..., 3:6], features[..., 6]), invalid


def _render_pass(loaded: LoadedScene, spp: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A render of `spp` samples per pixel, float32: radiance `[h, w, 3]` and features `[h, w, 7]`."""

    def image(integrator: object) -> np.ndarray:
        return np.array(mi.render(loaded.scene, sensor=loaded.sensor, integrator=integrator, spp=spp, seed=seed))

    if loaded.integrator is not None:
        both = image(loaded.integrator)
        return both[..., :3], both[..., 3:10]
    return image(loaded.radiance_integrator)[..., :3], image(loaded.feature_integrator)[..., :7]


def _add(sums: np.ndarray, image: np.ndarray, weight: float) -> None:
    """Add `image`, times `weight`, to the float64 `sums`, by rows: films can be large, and a row in float64 is not."""
    for row, added in zip(sums, image, strict=True):
        row += weight * added.astype(np.float64)


def _without_invalid(radiance: np.ndarray) -> tuple[np.ndarray, int]:
    valid = np.isfinite(radiance).all(axis=-1)
    invalid = int(valid.size - valid.sum())
    if invalid:
        kept = np.where(valid[..., None], radiance, 0.0)
        for y, x in np.argwhere(~valid):
            window = slice(max(0, y - 1), y + 2), slice(max(0, x - 1), x + 2)
            kept[y, x] = kept[window].sum(axis=(0, 1)) / max(1, valid[window].sum())
        radiance = kept
    return radiance.astype(np.float32, copy=False), invalid
