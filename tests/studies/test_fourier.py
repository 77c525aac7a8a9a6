"""Undersampled measurements: what is measured, that its mean is right, and that it is put back exactly."""

import numpy as np
import pytest
import torch

from mcdenoise.studies.fourier import choose_frequencies, measure, measuring_probability, put_back
from mcdenoise.studies.phantoms import phantom

SIDE = 32


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("side", [31, 64])
def test_probability_falls_exponentially_with_frequency_and_has_the_mean_that_is_asked(side, share):
    probability = measuring_probability(side, share)
    assert probability.mean() == pytest.approx(share, rel=1e-6)
    assert probability[0, 0] == 1
    row = np.log(probability[0, : side // 2])
    np.testing.assert_allclose(np.diff(row), np.diff(row)[0], atol=1e-9)


@pytest.mark.parametrize("side", [31, 32])
def test_frequencies_come_in_conjugate_pairs_as_often_as_their_probability_says(side, rng):
    probability = measuring_probability(side, 0.1)
    kept = np.stack([choose_frequencies(probability, rng) for _ in range(2000)])
    index = -np.arange(side) % side
    assert (kept == kept[:, index][:, :, index]).all()
    error = np.abs(kept.mean(axis=0) - probability) / np.sqrt(probability * (1 - probability) / 2000 + 1e-12)
    assert error[probability < 1].max() < 5
    assert kept[:, 0, 0].all()


def test_the_mean_of_measured_pictures_is_the_picture(rng):
    picture, probability = phantom(SIDE, rng), measuring_probability(SIDE, 0.1)
    drawn = np.stack([measure(picture, choose_frequencies(probability, rng), probability) for _ in range(2000)])
    error = (drawn.mean(axis=0) - picture) / (drawn.std(axis=0) / 2000**0.5)
    assert np.abs(error).max() < 5
    assert np.sqrt((error**2).mean()) == pytest.approx(1, abs=0.3)  # no bias hides below the noise


def test_measured_frequencies_are_kept_and_all_others_are_the_networks(rng):
    probability = measuring_probability(SIDE, 0.1)
    clean, made = phantom(SIDE, rng), rng.random((1, SIDE, SIDE), np.float32)
    kept = choose_frequencies(probability, rng)
    measured = measure(clean, kept, probability)
    arrays = (made[None], measured[None], kept[None, None], probability.astype(np.float32))
    result = put_back(*map(torch.from_numpy, arrays)).numpy()[0]
    assert result.dtype == np.float32
    spectra = [np.fft.fft2(one[0]) for one in (result, clean, made)]
    np.testing.assert_allclose(spectra[0][kept], spectra[1][kept], atol=2e-3)  # of sums of 1024 float32 values
    np.testing.assert_allclose(spectra[0][~kept], spectra[2][~kept], atol=2e-3)
    assert np.abs(spectra[1][~kept] - spectra[2][~kept]).max() > 1


def test_putting_back_never_makes_a_picture_worse(rng):
    probability = measuring_probability(SIDE, 0.1)
    clean = phantom(SIDE, rng)
    made = clean + rng.normal(0, 0.1, clean.shape).astype(np.float32)
    kept = choose_frequencies(probability, rng)
    arrays = (made[None], measure(clean, kept, probability)[None], kept[None, None], probability.astype(np.float32))
    result = put_back(*map(torch.from_numpy, arrays)).numpy()[0]
    before, after = ((made - clean) ** 2).mean(), ((result - clean) ** 2).mean()
    assert after == pytest.approx(before * (1 - kept.mean()), rel=0.3)
    assert after < before


def test_phantoms_are_all_different_and_in_range(rng):
    pictures = np.stack([phantom(SIDE, rng) for _ in range(20)])
    assert pictures.dtype == np.float32
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert pictures[:, :, 0].mean() < 0.05  # air around the head
    assert min(np.abs(a - b).mean() for i, a in enumerate(pictures) for b in pictures[:i]) > 0.02
