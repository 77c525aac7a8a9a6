"""Making sane input of what renderers sometimes write: NaN, Inf and negative radiance."""

import numpy as np

_LARGEST = 1e30  # leaves room for sums and products in float32


def finite_radiance(radiance: np.ndarray) -> np.ndarray:
    """A float32 copy of `radiance` `[H, W, 3]` that is finite and not negative.

    A pixel with NaN or Inf takes the median of its finite neighbours (3 x 3), or zero if it has none; negative values
    become zero. Finite pixels stay as they are.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        radiance = radiance.astype(np.float32)
    invalid = ~np.isfinite(radiance).all(axis=2)
    if invalid.any():
        marked = np.where(invalid[..., None], np.float32(np.nan), radiance)
        padded = np.pad(marked, ((1, 1), (1, 1), (0, 0)), constant_values=np.nan)
        rows, columns = np.nonzero(invalid)
        neighbours = np.stack([padded[rows + y, columns + x] for y in range(3) for x in range(3)])
        known = ~np.isnan(neighbours[..., 0]).all(axis=0)
        radiance[rows, columns] = 0
        radiance[rows[known], columns[known]] = np.nanmedian(neighbours[:, known], axis=0)
    return np.clip(radiance, 0, _LARGEST, out=radiance)
