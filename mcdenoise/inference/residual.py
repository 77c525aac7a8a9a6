"""What denoisers lose and the input still has: the residual (input - denoised), kept band by band as far as it is true.

At the finest band this is the dual-buffer blend of a denoiser with its input; at coarser bands, where the noise
averages out, it restores energy and shading that denoisers change at any sample count. Tensors are `[..., H, W]`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcdenoise.inference.windows import enlarge, shrink, smooth

BANDS = ((0.5, 1), (2.0, 2), (6.0, 4), (18.0, 8))
"""(standard deviation in pixels, grid that the band lives on), finest first."""

_WINDOW = 4.0  # of the local estimate of a share, in standard deviations of the band
_NARROWEST = 14.0  # pixels
_CAUTION = 0.5  # standard errors that a band's signal must exceed before any of it is kept


def bands(residual: Tensor, weight: Tensor) -> list[Tensor]:
    """The residual `[3, H, W]` split into bands, finest first, each on its own grid; they sum to the residual.

    weight: `[3, H, W]`, of the pixels in local means: fireflies and pixels far brighter than their neighbours count
    little.
    """
    parts = []
    level, level_grid = residual, 1
    for sigma, grid in BANDS[1:]:
        wider = math.sqrt(1 / 12) * grid  # blocks blur too
        reach = math.sqrt(max(sigma**2 - wider**2, 0.25)) / grid
        mass = smooth(shrink(weight, grid), reach).clamp(min=1e-20)
        mean = smooth(shrink(residual * weight, grid), reach) / mass
        parts.append(level - enlarge(mean, grid // level_grid, tuple(level.shape[-2:])))
        level, level_grid = mean, grid
    return [*parts, level]


def join(parts: list[Tensor], shares: Sequence[Tensor | float]) -> Tensor:
    """The sum of all bands, each times its share in [0, 1]: `[3, H, W]`."""
    total = parts[-1] * shares[-1]
    for index in range(len(parts) - 2, -1, -1):
        factor = BANDS[index + 1][1] // BANDS[index][1]
        total = enlarge(total, factor, tuple(parts[index].shape[-2:])) + parts[index] * shares[index]
    return total


def band_weights(weight: Tensor) -> list[Tensor]:
    """`weight` `[3, H, W]` on the grid of every band."""
    return [shrink(weight, grid) for _, grid in BANDS]


class Shares:
    """Collects, over folds, how much of each band's residual another realization confirms.

    If r is the residual of the part of the realizations that was denoised and q that of the others, both against the
    denoised image, then E[r q] is the signal (what the denoiser lost), and E[r r] - E[r q] is noise.
    """

    COUNT = len(BANDS)

    def __init__(self):
        self._signal = [0.0] * self.COUNT
        self._power = [0.0] * self.COUNT
        self._change = [0.0] * self.COUNT

    def add(self, own: list[Tensor], other: list[Tensor], weights: list[Tensor], part: float) -> None:
        """One fold: the bands of both residuals, `band_weights`, and the fold's part of all samples."""
        for index, (r, q, weight) in enumerate(zip(own, other, weights, strict=True)):
            self._signal[index] += part * (r * q * weight).sum(0, keepdim=True)
            self._power[index] += part * (r * r * weight).sum(0, keepdim=True)
            self._change[index] += part * ((r - q) * (r + q) * weight).sum(0, keepdim=True) ** 2 / 4

    def solve(self, noise_ratio: float, size: tuple[int, int]) -> tuple[list[Tensor], Tensor]:
        """Shares `[1, h, w]` in [0, 1], one map a band, and by how much they make errors look too small, `[H, W]`.

        A share is signal / (signal + noise), the Wiener filter's gain. noise_ratio: the noise's power in the mean of
        all realizations over that in the part that was denoised. A signal counts only as far as it exceeds half its own
        standard error in the window: a residual must earn its way into the picture. size: (height, width).

        The shares follow the noise in the signal's estimate, and an error measured from the same noise is too small
        on average by the covariance of both, which is the share's derivative times the variance (Stein 1981).
        """
        shares, optimism = [], torch.zeros(size)
        maps = zip(BANDS, self._signal, self._power, self._change, strict=True)
        for (sigma, grid), signal, power, change in maps:
            window = max(_NARROWEST, _WINDOW * sigma)
            together = 1 + 2 * math.pi * sigma**2  # pixels whose products in this band are nearly one
            local, strength = smooth(signal, window / grid), smooth(power, window / grid)
            # Of a product r q: for normal noise ((r^2 - q^2) / 2)^2 has its variance as expectation; (r q)^2 is more
            # than that where there is signal, but the smaller one where a firefly is in r or q alone.
            variance = torch.minimum(smooth(signal**2, window / grid), smooth(change, window / grid))
            variance = variance * (together / (4 * math.pi * window**2))
            deviation = variance.sqrt()
            share = _gain(local, strength, deviation, noise_ratio)
            step = deviation / 2 + 1e-20
            above, below = (_gain(local + way * step, strength, deviation, noise_ratio) for way in (1, -1))
            slope = (above - below) / (2 * step)
            # In the measured error a product p stands as (share^2 (1 - noise_ratio) - 2 share) p, and in the window's
            # mean at its own pixel with twice the weight that makes the variance.
            excess = (2 - 2 * share * (1 - noise_ratio)) * slope * 2 * variance
            optimism += enlarge(excess, grid, size)[0]
            shares.append(share)
        return shares, optimism


def _gain(signal: Tensor, power: Tensor, deviation: Tensor, noise_ratio: float) -> Tensor:
    noise = (power - signal).clamp(min=0) * noise_ratio
    sure = (signal - _CAUTION * deviation).clamp(min=0)
    return (sure / (signal.clamp(min=0) + noise).clamp(min=1e-20)).clamp(max=1)
