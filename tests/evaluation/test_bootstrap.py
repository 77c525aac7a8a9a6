import numpy as np
import pytest

from mcdenoise.evaluation import bootstrap
from mcdenoise.evaluation.bootstrap import block_means, interval, resampled_means, resampled_over_views


def blurred_noise(rng, sigma, size=(160, 192)):
    """Squares of noise that hangs together over some pixels; its mean is 1 on average."""
    noise = rng.normal(size=size)
    if sigma:
        frequencies = [np.fft.fftfreq(n)[:, None] if axis == 0 else np.fft.fftfreq(n) for axis, n in enumerate(size)]
        gain = np.exp(-2 * (np.pi * sigma) ** 2 * (frequencies[0] ** 2 + frequencies[1] ** 2))
        noise = np.fft.ifft2(np.fft.fft2(noise) * gain).real / np.sqrt((gain**2).mean())
    return noise**2


def test_block_means_are_means_of_blocks():
    errors = np.random.default_rng(0).random((5, 7))
    means, counts = block_means(errors, 4)
    expected = [errors[y : y + 4, x : x + 4] for y in (0, 4) for x in (0, 4)]
    np.testing.assert_allclose(means, [block.mean() for block in expected])
    np.testing.assert_array_equal(counts, [block.size for block in expected])
    assert means @ counts / counts.sum() == pytest.approx(errors.mean())


@pytest.mark.parametrize("sigma", [0.0, 3.0])
def test_intervals_hold_the_truth_as_often_as_they_say(sigma, monkeypatch):
    monkeypatch.setattr(bootstrap, "RESAMPLES", 300)
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        low, high = interval(resampled_means(blurred_noise(rng, sigma), rng))
        held += low <= 1 <= high
    # 95% of 200 is 190. What reaches across the edges of blocks makes it some percent less, and so do skewed squares
    # (percentile bootstrap); two standard errors of 200 trials are 3%.
    assert 0.84 <= held / 200 <= 0.99


def test_pixels_as_blocks_would_be_far_too_sure(monkeypatch):
    monkeypatch.setattr(bootstrap, "RESAMPLES", 100)
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(60):
        errors = blurred_noise(rng, 3.0)
        draws = [errors.ravel()[rng.integers(errors.size, size=errors.size)].mean() for _ in range(100)]
        low, high = interval(np.array(draws))
        held += low <= 1 <= high
    assert held / 60 < 0.5


def test_views_are_drawn_too():
    rng = np.random.default_rng(3)
    certain = [np.full(bootstrap.RESAMPLES, value) for value in (1.0, 2.0, 3.0, 4.0)]
    means = resampled_over_views(certain, rng).mean(axis=0)
    assert means.mean() == pytest.approx(2.5, abs=0.1)
    # Of four values of variance 1.25 the mean of four draws has a standard deviation of sqrt(1.25 / 4) = 0.56.
    assert means.std() == pytest.approx(0.559, rel=0.1)
    one = resampled_over_views([rng.normal(size=bootstrap.RESAMPLES)], rng)
    assert one.std() == pytest.approx(1, rel=0.15)
