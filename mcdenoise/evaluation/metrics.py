"""Errors of an image, NumPy arrays `[H, W, 3]` of linear radiance, higher-is-worse unless said otherwise."""

import numpy as np

from mcdenoise.tonemap import tonemap

EPSILON = 1e-2
"""Keeps relative errors finite where the truth is black (Rousselle et al. 2011 use the same value)."""


def mse(image: np.ndarray, reference: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.mean((image.astype(np.float64) - reference) ** 2))


def relmse(image: np.ndarray, reference: np.ndarray) -> float:
    """Relative mean squared error, mean of (y - r)^2 / (r^2 + 0.01) (Rousselle et al. 2011)."""
    reference = reference.astype(np.float64)
    return float(np.mean((image - reference) ** 2 / (reference**2 + EPSILON)))


def relmse_halves(image: np.ndarray, half_a: np.ndarray, half_b: np.ndarray) -> float:
    """Relative mean squared error with the reference's own noise cancelled.

    (y - a)(y - b) has the expectation (y - mu)^2 if a and b are independent with mean mu; their mean weights it.
    """
    half_a, half_b = half_a.astype(np.float64), half_b.astype(np.float64)
    weight = ((half_a + half_b) / 2) ** 2 + EPSILON
    return float(np.mean((image - half_a) * (image - half_b) / weight))


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB after the paper's tonemapping, clamped to [0, 1]; higher is better."""
    difference = tonemap(image.astype(np.float64)) - tonemap(reference.astype(np.float64))
    error = float(np.mean(difference**2))
    return float("inf") if error == 0 else -10 * float(np.log10(error))
