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
    total = np.zeros((height, width, 10))
    for number, part in enumerate(parts):
        if variant.startswith("scalar"):
            seed = scalar_seed(base, index, width, height)
        else:
            seed = pass_seed(base, index, number)
        _add_pass(total, loaded, part, seed, part / spp)
    radiance, invalid = _without_invalid(total[..., :3])
    features = np.nan_to_num(total[..., 3:], copy=False, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    albedo = features[..., :3].clip(0, 1)  # Mitsuba's estimate for glossy materials can be well above 1
    return Frame(radiance, albedo, features[..., 3:6], features[..., 6]), invalid


def _add_pass(total: np.ndarray, loaded: LoadedScene, spp: int, seed: int, weight: float) -> None:
    """Add a render of `spp` samples, times `weight`, to the float64 `total` `[h, w, 10]` in place.

    Row by row, because films can be large: in float64 there is never more than one row beside `total`.
    """

    def add(integrator: object, sums: np.ndarray) -> None:
        image = np.array(mi.render(loaded.scene, sensor=loaded.sensor, integrator=integrator, spp=spp, seed=seed))
        for row, added in zip(sums, image[..., : sums.shape[-1]], strict=True):
            row += weight * added.astype(np.float64)

    if loaded.integrator is not None:
        add(loaded.integrator, total)
    else:
        add(loaded.radiance_integrator, total[..., :3])
        add(loaded.feature_integrator, total[..., 3:])


def _without_invalid(radiance: np.ndarray) -> tuple[np.ndarray, int]:
    valid = np.isfinite(radiance).all(axis=-1)
    invalid = int(valid.size - valid.sum())
    if invalid:
        kept = np.where(valid[..., None], radiance, 0.0)
        for y, x in np.argwhere(~valid):
            window = slice(max(0, y - 1), y + 2), slice(max(0, x - 1), x + 2)
            kept[y, x] = kept[window].sum(axis=(0, 1)) / max(1, valid[window].sum())
        radiance = kept
    return radiance.astype(np.float32), invalid
