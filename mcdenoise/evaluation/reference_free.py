"""Errors measured without a reference, from independent realizations alone."""

import numpy as np

from mcdenoise.evaluation.metrics import EPSILON


def relmse_cross(denoised: np.ndarray, other_b: np.ndarray, other_c: np.ndarray) -> float:
    """Relative mean squared error of `denoised` from two realizations that its input did not use; no reference.

    For x_b, x_c independent of f(x_a) and of each other, (f(x_a) - x_b)(f(x_a) - x_c) has the expectation
    (f(x_a) - mu)^2; the weight 1 / (f(x_a)^2 + 0.01) depends on x_a alone and so may multiply it. Arrays `[H, W, 3]` of
    linear radiance. A single value may be negative: it is an estimate with noise of its own.
    """
    denoised = denoised.astype(np.float64)
    return float(np.mean((denoised - other_b) * (denoised - other_c) / (denoised**2 + EPSILON)))


def relmse_held_back(denoised: np.ndarray, other: np.ndarray, weight_of: np.ndarray | None = None) -> float:
    """Relative squared distance of `denoised` to one realization that its input did not use.

    Its expectation is the relative mean squared error plus the realization's own variance under the same weight, so it
    is no error in itself. weight_of: the picture that errors are relative to, made without `other` too; `denoised` if
    None. Of two denoisers with the same one that variance is the same, and the difference of their distances has the
    difference of their errors for its expectation; with weights of their own the brighter one would have less of it.
    Arrays `[H, W, 3]` of linear radiance.
    """
    denoised = denoised.astype(np.float64)
    weight_of = denoised if weight_of is None else weight_of.astype(np.float64)
    return float(np.mean((denoised - other) ** 2 / (weight_of**2 + EPSILON)))
