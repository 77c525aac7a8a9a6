"""Stacking: which denoiser to believe where, from realizations that the denoisers did not see.

Tensors are `[..., H, W]`; a candidate is one denoiser's radiance `[3, H, W]`.
"""

import torch
from torch import Tensor

from mcdenoise.inference.windows import smooth

GRID = 2
"""Weights are solved for on a grid of so many pixels: the windows are wider, and the cost falls to a quarter."""

_WINDOWS = ((30.0, 0.02), (12.0, 0.1), (5.0, 0.3))  # (standard deviation in pixels, pull towards the wider window)
_SWEEPS = 10
_ROWS = 32  # solved at once: what fits in the cache is faster


def products(candidates: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Products of the candidates' deviations from a target, summed over channels: `[n, n, H, W]`.

    candidates: `[n, 3, H, W]`. target: a realization independent of them, `[3, H, W]`. weight: `[3, H, W]`, of
    deviations (its square weights their products). The expectation of w' G w, for weights w with sum 1, is the squared
    error of the mixture w plus the target's variance, which does not depend on w.
    """
    deviations = (candidates - target) * weight
    return torch.einsum("ichw,jchw->ijhw", deviations, deviations)


def mixture(weights: Tensor, candidates: Tensor) -> Tensor:
    """The candidates `[n, 3, H, W]` in the proportions `weights` `[n, H, W]`: `[3, H, W]`, float32."""
    total = torch.zeros(candidates.shape[1:])
    for weight, candidate in zip(weights, candidates, strict=True):
        total += weight * candidate
    return total


def stack(gram: Tensor) -> Tensor:
    """Weights `[n, h, w]` on the simplex that minimise w' G w, from coarse to fine.

    gram: `[n, n, h, w]`, sums of `products` over GRID x GRID pixels. First for the whole picture, then in ever smaller
    Gaussian windows, each drawn towards the weights of the wider one: what one window cannot tell, its surroundings
    decide. The pull is in proportion to how far a typical candidate is from the mixture, so that one that blows up
    has no say in it.
    """
    count = gram.shape[0]
    weights = torch.full((count, 1, 1), 1 / count)
    weights = minimise_on_simplex(gram.mean((-2, -1), keepdim=True), weights, 0.0).expand(count, *gram.shape[2:])
    rows = [slice(top, top + _ROWS) for top in range(0, gram.shape[2], _ROWS)]
    for sigma, pull in _WINDOWS:
        local = torch.stack([smooth(row_of_gram, sigma / GRID) for row_of_gram in gram])
        parts = [minimise_on_simplex(local[:, :, row], weights[:, row], pull) for row in rows]
        weights = torch.cat(parts, dim=1)
    return weights


def minimise_on_simplex(gram: Tensor, start: Tensor, pull: float) -> Tensor:
    """For every pixel at once, the w >= 0 with sum 1 that minimises w' G w + pull s |w - start|^2.

    s is the (upper) median, over candidates i, of the squared distance between i and the mixture `start` under G. By
    exact steps along pairs of weights (sequential minimal optimisation, Platt 1998), which on a simplex stops only at
    the minimum. gram: `[n, n, ...]`, symmetric. start: `[n, ...]`.
    """
    count = gram.shape[0]
    weights = start.clone()
    slope = torch.einsum("ij...,j...->i...", gram, weights)
    diagonal = gram.diagonal(dim1=0, dim2=1).movedim(-1, 0)
    distance = (diagonal - 2 * slope + (weights * slope).sum(0)).clamp(min=0)
    ridge = pull * distance.sort(dim=0).values[count // 2]
    for _ in range(_SWEEPS):
        for i in range(count):
            for j in range(i + 1, count):
                curvature = (gram[i, i] + gram[j, j] - 2 * gram[i, j] + 2 * ridge).clamp(min=1e-30)
                step = (slope[j] - slope[i]) / curvature
                step = torch.minimum(torch.maximum(step, -weights[i]), weights[j])
                weights[i] += step
                weights[j] -= step
                slope += step * (gram[:, i] - gram[:, j])
                slope[i] += step * ridge
                slope[j] -= step * ridge
    return weights
