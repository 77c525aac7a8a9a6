"""Undersampled measurements of a picture's spectrum, as in the MRI experiment of Lehtinen et al. 2018, section 3.4.

Every pair of frequencies k and -k (their values are conjugate, as pictures are real) is measured with a probability
p(k) = exp(-lambda |k|), and what is measured counts 1 / p(k): so the mean over all measurements is the spectrum. The
zero-filled picture that is transformed back is the network's input, and as its mean is right also its target.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


@lru_cache(maxsize=16)
def measuring_probability(side: int, share: float) -> np.ndarray:
    """p(k) of a square picture of `side` x `side` pixels, `[side, side]` in the order of `np.fft.fft2`, mean `share`.

    share: above 0, at most 1.
    """
    frequency = np.fft.fftfreq(side) * 2  # from -1 to 1, the highest
    distance = np.hypot(frequency[:, None], frequency[None, :])
    low, high = 0.0, 1e3
    for _ in range(100):  # the mean falls with lambda
        middle = (low + high) / 2
        low, high = (middle, high) if np.exp(-middle * distance).mean() > share else (low, middle)
    return np.exp(-low * distance)


def choose_frequencies(probability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which frequencies are measured, `[side, side]` bool: each with its probability, k and -k together."""
    draws = rng.random(probability.shape)
    mirrored = np.roll(draws[::-1, ::-1], 1, axis=(0, 1))  # the draw at -k
    places = np.arange(draws.size).reshape(draws.shape)
    first = places <= np.roll(places[::-1, ::-1], 1, axis=(0, 1))
    return np.where(first, draws, mirrored) < probability


def measure(picture: np.ndarray, kept: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The zero-filled picture `[1, side, side]` of the frequencies `kept` of `picture`, each weighted by 1 / p(k)."""
    return np.fft.ifft2(np.fft.fft2(picture) * (kept / probability)).real.astype(np.float32)


def put_back(prediction: Tensor, measured: Tensor, kept: Tensor, probability: Tensor) -> Tensor:
    """`prediction` with its frequencies `kept` replaced by those of the picture that `measured` was made of.

    prediction, measured: `[B, 1, side, side]`, the latter as of `measure`. kept: `[B, 1, side, side]` bool.
    probability: `[side, side]`.
    """
    spectrum = torch.where(kept, torch.fft.fft2(measured) * probability, torch.fft.fft2(prediction))
    return torch.fft.ifft2(spectrum).real
