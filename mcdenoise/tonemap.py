"""Curves between linear radiance and the ranges in which networks and eyes work, and the exposure before them.

Every curve takes a NumPy array or a torch tensor of any shape and returns the same kind.
"""

from typing import TypeVar

import numpy as np

Array = TypeVar("Array")

LUMINANCE = (0.212671, 0.715160, 0.072169)
"""Weights of linear sRGB in luminance, as OIDN's exposure uses them."""

LOG_GAIN = 50.0
_LOG_NORM = float(np.log1p(LOG_GAIN))


def tonemap(radiance: Array) -> Array:
    """The paper's curve T(v) = (v / (1 + v))^(1/2.2), from [0, inf) to [0, 1) (Lehtinen et al. 2018, section 3.3).

    Negative radiance counts as zero.
    """
    radiance = radiance.clip(min=0)
    return (radiance / (1 + radiance)) ** (1 / 2.2)


def log_curve(radiance: Array) -> Array:
    """ln(1 + 50 v) / ln(51): 0 at 0, 1 at 1, and never saturated; the curve in which a network predicts radiance.

    Negative radiance counts as zero.
    """
    log1p = np.log1p if isinstance(radiance, np.ndarray) else _torch().log1p
    return log1p(radiance.clip(min=0) * LOG_GAIN) / _LOG_NORM


def inverse_log_curve(value: Array) -> Array:
    """The inverse of `log_curve`; values below 0 give slightly negative radiance, down to -1/50.

    Values are limited to what stays finite in float32.
    """
    expm1 = np.expm1 if isinstance(value, np.ndarray) else _torch().expm1
    return expm1(value.clip(max=80 / _LOG_NORM) * _LOG_NORM) / LOG_GAIN


def exposure(radiance: np.ndarray) -> float:
    """The factor that brings a picture's log-average luminance to 0.18, measured as OIDN does.

    radiance: `[H, W, 3]`, linear. Luminance is averaged over ceil(H/16) x ceil(W/16) blocks, so that single bright
    pixels count little; blocks at 1e-8 or below are left out. A black picture gives 1. Non-finite pixels count as 0.
    Source: OIDN 2.x, autoexposure (devices/*/autoexposure).
    """
    height = radiance.shape[0]
    rows = -(-height // 16)
    means = []
    for row in range(rows):  # large pictures in float64 take memory
        strip = radiance[row * height // rows : (row + 1) * height // rows]
        strip = np.nan_to_num(strip, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float64)
        means.append(_block_row(strip @ np.array(LUMINANCE)))
    return exposure_of_blocks(np.array(means))


def block_means(luminance: np.ndarray) -> np.ndarray:
    """Means of `luminance` `[H, W]` over the blocks of `exposure`, `[ceil(H/16), ceil(W/16)]`.

    They are linear: those of an average of frames are the average of the frames' own.
    """
    height = luminance.shape[0]
    rows = -(-height // 16)
    return np.array([_block_row(luminance[row * height // rows : (row + 1) * height // rows]) for row in range(rows)])


def _block_row(luminance: np.ndarray) -> np.ndarray:
    """Means over the blocks of one row of them."""
    height, width = luminance.shape
    columns = -(-width // 16)
    starts = np.arange(columns) * width // columns
    sums = np.add.reduceat(luminance.sum(axis=0, dtype=np.float64), starts)
    return sums / (height * np.diff(np.append(starts, width)))


def exposure_of_blocks(means: np.ndarray) -> float:
    """The factor of `exposure` for a picture with these `block_means`."""
    lit = means[means > 1e-8]
    if lit.size == 0:
        return 1.0
    return float(0.18 / np.exp2(np.log2(lit).mean()))


def display(radiance: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """An 8-bit sRGB picture `[H, W, 3]` of `radiance * scale`, clamped to [0, 1]; for eyes, not for numbers."""
    linear = np.clip(np.nan_to_num(radiance * scale), 0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (srgb * 255 + 0.5).astype(np.uint8)


def _torch():
    import torch  # only where the caller already has it: reading frames must not cost its import

    return torch
