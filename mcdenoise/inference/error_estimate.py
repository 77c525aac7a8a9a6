"""How wrong a denoised picture is, from the realizations that made it; no reference.

Sources: cross-validation for the squared error; the jackknife (Tukey 1958) for the variance. Tensors are
`[..., H, W]`.
"""

import numpy as np
import torch
from torch import Tensor

from mcdenoise.evaluation.metrics import EPSILON
from mcdenoise.inference.windows import smooth

_WINDOW = 24.0  # pixels: what is measured without a model is too noisy for less
_DETAIL = 1.5


class Jackknife:
    """Collects, over folds k, the error of y_k, the result of all other folds, and what that says of y, that of all.

    With p_k the fold's part of all samples, M the mean of all folds x_k, and m their number:
    var(M) = sum_k p_k (x_k - M)^2 / (m - 1);
    sum_k p_k (y_k - x_k)^2 - m var(M) has the expectation of the y_k's squared errors, as x_k is independent of y_k;
    var(y) = sum_k (1 - p_k)^2 / p_k (y_k - mean)^2 / (m - 1), and y_k's is 1 / (1 - p_k) times as much, if the
    denoisers are linear; their bias is taken to be the same.
    """

    def __init__(self, folds: int, mean: Tensor, result: Tensor):
        self._mean = mean
        self._result = result
        self._folds = folds
        self._more = 0.0  # by how much the variance of the y_k exceeds that of y, relative to the latter
        self._error = torch.zeros_like(mean)
        self._centre = torch.zeros_like(mean)
        self._first = torch.zeros_like(mean)
        self._second = torch.zeros_like(mean)
        self._total = 0.0

    def add(self, realization: Tensor, without: Tensor, part: float) -> None:
        """Fold k: x_k and y_k, `[3, H, W]`, and p_k."""
        self._more += part**2 / (1 - part)
        self._error += part * (without - realization) ** 2
        self._error -= part * self._folds / (self._folds - 1) * (realization - self._mean) ** 2
        moved = without - self._result  # small: sums of squares keep their digits
        weight = (1 - part) ** 2 / part
        self._centre += (1 - part) * moved
        self._first += weight * moved
        self._second += weight * moved**2
        self._total += weight

    def solve(
        self, optimism: Tensor, spread: Tensor, relative: Tensor, dark: float, scale: float
    ) -> tuple[np.ndarray, float]:
        """The expected squared error of each pixel `[H, W]`, and the picture's relMSE, in the units of the frames.

        optimism: `[H, W]`, by how much the squared error was made to look too small by choosing with the same folds.
        spread: `[H, W]`, weighted variance over the candidates. relative: `[H, W]`, one over the typical radiance.
        dark: relMSE's constant in exposed units. scale: the exposure of all tensors here.
        The error is variance, measured well, plus squared bias, measured in wide windows and spread within them where
        candidates disagree. It is never less than the variance.
        """
        last = self._folds - 1
        centre = self._centre.div_(last)
        variance = self._second.addcmul_(centre, self._first, value=-2).addcmul_(centre, centre, value=self._total)
        variance.clamp_(min=0).div_(last)
        error = self._error.sub_(variance, alpha=self._more)
        weight = self._result.square().add_(EPSILON * scale**2).reciprocal_()
        relmse = _mean_product(variance, weight)
        rest = _mean_product(error, weight) - relmse + float((optimism * weight.mean(0)).mean(dtype=torch.float64))
        relmse += max(0.0, rest)

        variance, error = variance.mean(0), error.mean(0) + optimism
        squared = relative**2
        bias = smooth(((error - variance) * squared)[None], _WINDOW)[0].clamp(min=0)
        shape = (spread + variance) * squared + 1e-3 * dark
        local = smooth((variance * squared)[None], _DETAIL)[0]
        local += bias * shape / smooth(shape[None], _WINDOW)[0]
        return (local / (squared * scale**2)).numpy(), relmse


def _mean_product(one: Tensor, other: Tensor) -> float:
    """Mean of one * other, channel by channel, for memory's sake."""
    return float(np.mean([float((a * b).mean(dtype=torch.float64)) for a, b in zip(one, other, strict=True)]))
