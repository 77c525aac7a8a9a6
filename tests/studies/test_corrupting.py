"""What each corruption leaves right, measured on many draws; tolerances are five standard errors where not said."""

import numpy as np
import pytest
import torch

from mcdenoise.studies.corrupting import CORRUPTIONS, bernoulli, gaussian, impulse, poisson, text
from mcdenoise.studies.phantoms import phantom
from mcdenoise.training.losses import loss_at

DRAWS = 1500


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def steps(side=16):
    """A picture `[3, side, side]` of all values from 0.05 to 0.9."""
    return np.linspace(0.05, 0.9, 3 * side * side, dtype=np.float32).reshape(3, side, side)


def drawn(apply, strength, rng, count=DRAWS, clean=None):
    clean = steps() if clean is None else clean
    return np.stack([apply(clean, strength, rng).picture for _ in range(count)])


def test_gaussian_noise_is_white_with_the_clean_mean_and_is_not_clipped(rng):
    draws = drawn(gaussian, 50, rng)
    noise = draws - steps()
    assert draws.min() < 0
    assert draws.max() > 1
    sigma = 50 / 255
    assert np.abs(noise.mean(axis=0)).max() < 5 * sigma / DRAWS**0.5
    assert noise.std() == pytest.approx(sigma, rel=0.01)
    across = (noise[..., :-1] * noise[..., 1:]).mean() / sigma**2
    assert abs(across) < 5 / noise[..., 1:].size ** 0.5


def test_poisson_noise_has_the_clean_mean_and_a_variance_of_value_over_photons(rng):
    draws = drawn(poisson, 30, rng)
    assert np.abs(draws.mean(axis=0) - steps()).max() < 5 * (0.9 / 30 / DRAWS) ** 0.5
    # Averages over 64 pixels of nearly one value, each variance known to (2 / DRAWS)^0.5 of itself.
    variance = draws.var(axis=0).reshape(-1, 64).mean(axis=1)
    np.testing.assert_allclose(variance, steps().reshape(-1, 64).mean(axis=1) / 30, rtol=0.1)
    assert np.allclose(draws * 30, np.round(draws * 30), atol=1e-4)  # counts


@pytest.mark.parametrize("dropped", [0.0, 0.5, 0.95])
def test_bernoulli_drops_whole_pixels_and_leaves_the_others_as_they_are(dropped, rng):
    clean, share = steps(64), []
    for _ in range(20):
        corrupted = bernoulli(clean, dropped, rng)
        valid = corrupted.valid[0]
        assert (corrupted.picture[:, valid] == clean[:, valid]).all()
        assert (corrupted.picture[:, ~valid] == 0).all()
        share.append(1 - valid.mean())
    assert np.mean(share) == pytest.approx(dropped, abs=0.01)


def test_text_covers_what_is_asked_and_leaves_the_median_but_not_the_mean(rng):
    clean = np.full((3, 64, 64), 0.1, np.float32)
    corrupted = [text(clean, 0.4, rng).picture for _ in range(120)]
    covered = np.stack([(picture != clean).any(axis=0) for picture in corrupted])
    shares = covered.mean(axis=(1, 2))
    assert shares.min() > 0.35  # letters may have the picture's own colour, hardly ever
    assert shares.max() < 0.65  # and a string is what it takes too many
    # A pixel is covered less often than not anywhere, edges and corners too: 0.4 +- 5 x 0.045 leave the median right.
    often = covered.mean(axis=0)
    assert often.max() < 0.65
    assert abs(often[:4].mean() - often[30:34].mean()) < 0.15
    picture = np.stack(corrupted)
    right = np.isclose(np.median(picture, axis=0), 0.1, atol=1e-6)
    assert right.mean() > 0.97
    assert picture.mean() > 0.1 + 0.3 * (0.5 - 0.1)  # the mean goes towards the mean colour of text


def test_no_text_is_no_change(rng):
    assert (text(steps(32), 0.0, rng).picture == steps(32)).all()


def test_impulses_leave_the_mode_but_neither_median_nor_mean(rng):
    clean = np.full((3, 4, 4), 0.05, np.float32)
    values = drawn(impulse, 0.7, rng, 4000, clean)
    kept = (values == np.float32(0.05)).mean()
    assert kept == pytest.approx(0.3, abs=0.02)
    # 0.3 at 0.05 and 0.7 spread over [0, 1]: half of it all lies below (0.5 - 0.3) / 0.7.
    assert np.median(values) == pytest.approx((0.5 - 0.3) / 0.7, abs=0.01)
    assert values.mean() == pytest.approx(0.3 * 0.05 + 0.7 * 0.5, abs=0.01)
    one = values[:, 0, 0, 0]
    counts = np.histogram(one, bins=50, range=(0, 1))[0]
    assert counts.argmax() == 2  # from 0.04 to 0.06
    pixels = (values != np.float32(0.05)).reshape(4000, 3, -1)
    assert (pixels.all(axis=1) == pixels.any(axis=1)).all()  # a whole colour is replaced


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_loss_of_each_corruption_leads_to_the_clean_value(name, rng):
    """The constant that its loss likes best, over many corrupted targets of a pixel, is that pixel's clean value.

    The grid is 0.02 wide, and l0 stands at 95% of training. What is told of a Fourier transform has a standard
    deviation of 0.25 or so in a pixel: 0.006 in the mean of 1500.
    """
    corruption = CORRUPTIONS[name]
    clean = phantom(32, rng) if name == "fourier" else np.full((3, 32, 32), 0.8, np.float32)
    pixels = [(0, 16, 16), (0, 10, 20), (0, 2, 3)]
    examples = [corruption.apply(clean, corruption.tested, rng) for _ in range(300 if name == "text" else DRAWS)]
    loss = loss_at(corruption.loss, 0.95)
    grid = torch.linspace(0, 1, 51)
    for c, y, x in pixels:
        valid = torch.tensor([1.0 if one.valid is None else float(one.valid[0, y, x]) for one in examples])
        target = torch.tensor([float(one.picture[c, y, x]) for one in examples]) * valid
        best = float(grid[int(torch.stack([loss(f * valid, target) for f in grid]).argmin())])
        assert best == pytest.approx(float(clean[c, y, x]), abs=0.035)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_generator_gives_the_same_corruption_and_another_an_independent_one(name):
    corruption = CORRUPTIONS[name]
    clean = steps(32) if name != "fourier" else steps(32)[:1]
    a, b, c = (corruption.apply(clean, corruption.tested, np.random.default_rng(seed)).picture for seed in (1, 1, 2))
    assert a.dtype == np.float32
    assert a.shape == clean.shape
    assert (a == b).all()
    assert (a != c).mean() > 0.1
