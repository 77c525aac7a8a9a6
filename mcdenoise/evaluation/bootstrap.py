"""Confidence intervals by the bootstrap over blocks of pixels (Efron & Tibshirani 1993; blocks after Künsch 1989)."""

from collections.abc import Sequence

import numpy as np

BLOCK = 16
"""Side of a block in pixels: errors of a denoiser hang together over some pixels, and hardly beyond."""

RESAMPLES = 1000
LEVEL = 0.95


def block_means(errors: np.ndarray, block: int = BLOCK) -> tuple[np.ndarray, np.ndarray]:
    """Means of an error map `[H, W]` over its blocks, `[n]`, and the pixels that each has; edges cut blocks."""
    height, width = errors.shape
    rows, columns = np.arange(0, height, block), np.arange(0, width, block)
    sums = np.add.reduceat(np.add.reduceat(errors.astype(np.float64), rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(columns, width)))
    return (sums / counts).ravel(), counts.ravel()


def resampled_means(errors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mean of an error map `[H, W]`, as it comes out of `RESAMPLES` draws of its blocks with replacement."""
    means, counts = block_means(errors)
    result = np.empty(RESAMPLES)
    for i in range(RESAMPLES):  # one by one: all draws at once are too many for large pictures
        chosen = rng.integers(len(means), size=len(means))
        result[i] = means[chosen] @ counts[chosen] / counts[chosen].sum()
    return result


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The middle `LEVEL` of some draws: (low, high), NaN if a draw is not finite."""
    if not np.isfinite(draws).all():
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def resampled_over_views(draws: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draws of what several views have in common: `[n, RESAMPLES]`, in each of them other views with other blocks.

    draws: for every view its own `RESAMPLES` draws. The views themselves are drawn with replacement too, for those at
    hand are a sample of all that somebody might render; of a single view only its blocks vary.
    """
    stacked = np.stack(draws)
    chosen = rng.integers(len(stacked), size=stacked.shape)
    return stacked[chosen, rng.integers(stacked.shape[1], size=stacked.shape)]
