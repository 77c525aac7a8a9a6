"""Stacking by bands: one denoiser may have the finest detail right, and another the shading.

The weights that `stacking` finds for whole pictures are the start; here every band of detail gets its own. Tensors are
`[..., H, W]`.
"""

import torch
from torch import Tensor

from mcdenoise.inference.residual import BANDS, bands, join
from mcdenoise.inference.stacking import GRID, minimise_on_simplex, mixture, products
from mcdenoise.inference.windows import enlarge, shrink, smooth

_WINDOW = 12.0  # pixels, standard deviation; at least
_WINDOW_OF_BAND = 4.0  # standard deviations of the band, at least
_GRID = 4  # weights are solved for on a grid of at least so many pixels
_PULL = 1.0  # towards the weights of the whole picture
_ROWS = 32  # solved at once, as in stacking
_ROWS_OF_PIXELS = 128


class BandWeights:
    """Collects, over folds, how far each candidate's bands are from those of a realization that it did not see.

    weight: `[3, H, W]`, of deviations, as in `stacking.products`.
    """

    def __init__(self, weight: Tensor):
        self._weight = weight
        self._grids = [max(grid, _GRID) for _, grid in BANDS]
        self._gram: list[Tensor | float] = [0.0] * len(BANDS)
        self._weights: list[Tensor] = []

    def add(self, candidates: Tensor, target: Tensor, part: float) -> None:
        """A fold: what was made of its other frames, `[n, 3, H, W]`, its own `[3, H, W]`, and its part of all samples.

        Between bands nothing is counted: they overlap little, and noise is independent of what it is compared with.
        """
        for channel in range(target.shape[0]):  # one by one: all at once take gigabytes at 4K
            one = slice(channel, channel + 1)
            split = [bands(candidate[one] - target[one], self._weight[one]) for candidate in candidates]
            for index, (_, grid) in enumerate(BANDS):
                band = torch.stack([parts[index] for parts in split])
                for parts in split:
                    parts[index] = None
                weight = shrink(self._weight[one], grid)
                rows = [slice(top, top + _ROWS_OF_PIXELS) for top in range(0, band.shape[-2], _ROWS_OF_PIXELS)]
                grams = (products(band[:, :, row], torch.zeros(()), weight[:, row]) for row in rows)
                gram = torch.cat([shrink(gram, self._grids[index] // grid) for gram in grams], dim=-2)
                self._gram[index] += gram.mul_(part)

    def solve(self, start: Tensor) -> None:
        """Find the weights of all bands, from those of the whole picture, `[n, h, w]` on stacking's grid."""
        for (sigma, _), grid, gram in zip(BANDS, self._grids, self._gram, strict=True):
            window = max(_WINDOW, _WINDOW_OF_BAND * sigma)
            local = torch.stack([smooth(of_one, window / grid) for of_one in gram])
            near = shrink(start, grid // GRID)
            rows = [slice(top, top + _ROWS) for top in range(0, local.shape[-2], _ROWS)]
            parts = [minimise_on_simplex(local[:, :, row], near[:, row], _PULL) for row in rows]
            self._weights.append(torch.cat(parts, dim=1))
        self._gram.clear()

    def mix(self, candidates: Tensor, start: Tensor) -> Tensor:
        """The candidates `[n, 3, H, W]` in the proportions found, `[3, H, W]`; start: the first ones, enlarged."""
        result = mixture(start, candidates)
        for channel in range(len(result)):
            one = slice(channel, channel + 1)
            total: list[Tensor] = []
            for index, candidate in enumerate(candidates):
                for band, part in enumerate(bands(candidate[one] - result[one], self._weight[one])):
                    factor = self._grids[band] // BANDS[band][1]
                    share = enlarge(self._weights[band][index], factor, tuple(part.shape[-2:]))
                    if index == 0:
                        total.append(part.mul_(share))
                    else:
                        total[band].addcmul_(part, share)
            result[one] += join(total, [1.0] * len(BANDS))
        return result.clamp_(min=0)
