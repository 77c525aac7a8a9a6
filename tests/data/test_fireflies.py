"""Fireflies in inputs alone: few, of any colour, spread as the pixel filter spreads, and never in a target."""

import math

import numpy as np
import pytest
import torch

from mcdenoise.data import CropDataset, find_views
from mcdenoise.data.crops import AS_RENDERED
from mcdenoise.data.fireflies import Fireflies
from mcdenoise.exr import write_frame
from mcdenoise.frame import Frame

GREY = 0.18


def test_they_are_few_bright_and_of_any_colour():
    """Some 1 in 20,000 to 1 in 1,000 pixels, log-uniform, and at least one; 3,000 to 300,000 times middle grey."""
    shares, brightest, colours = [], [], []
    for seed in range(300):
        radiance = torch.zeros(3, 160, 160)
        Fireflies(seed).add(radiance, 0.0)
        struck = radiance[:, radiance.sum(dim=0) > 0]
        shares.append(struck.shape[1] / 160**2)
        brightest += struck.max(dim=0).values.tolist()
        colours += (struck / struck.sum(dim=0)).T.tolist()
    assert min(shares) >= 1 / 160**2
    assert max(shares) < 1.8 / 1000  # 26 pixels, and four standard deviations of a Poisson number more
    # The mean of log-uniform shares is (b - a) / log(b / a), 3.2e-4, and their standard deviation 2.6e-4, so 1.5e-5 of
    # the mean of 300; that there is at least one adds 4% of a pixel or so.
    assert np.mean(shares) == pytest.approx((1 / 1000 - 1 / 20_000) / math.log(20), rel=0.25)
    assert min(brightest) > 0.1 * 3_000 * GREY
    assert max(brightest) < 300_000 * GREY
    assert max(brightest) / min(brightest) > 100
    assert np.std(colours, axis=0).min() > 0.1


@pytest.mark.parametrize("sigma", [0.3, 0.6])
def test_a_pixel_filter_spreads_them(sigma):
    """As it would a pixel: as much light as without, and 3 x 3 pixels that fall off as a Gaussian."""
    checked = 0
    for seed in range(60):
        plain, spread = torch.zeros(2, 3, 96, 96, dtype=torch.float64)
        Fireflies(seed).add(plain, 0.0)
        Fireflies(seed).add(spread, sigma)
        torch.testing.assert_close(spread.sum(dim=(1, 2)), plain.sum(dim=(1, 2)), rtol=1e-6, atol=0)
        places = plain.sum(dim=0).nonzero()
        for y, x in places.tolist():
            apart = (places - torch.tensor([y, x])).abs().amax(dim=1)
            inside = 0 < y < 95 and 0 < x < 95
            if inside and (apart > 2).sum() == len(places) - 1:
                checked += 1
                window = spread[1, y - 1 : y + 2, x - 1 : x + 2]
                fall = math.exp(-1 / (2 * sigma**2))
                expected = window[1, 1] * torch.tensor(
                    [[fall**2, fall, fall**2], [fall, 1, fall], [fall**2, fall, fall**2]]
                )
                torch.testing.assert_close(window, expected.to(window.dtype), rtol=1e-5, atol=0)
    assert checked > 60


@pytest.mark.parametrize("guided", [False, True])
def test_examples_have_them_as_often_as_asked_in_the_input_alone(tmp_path, guided):
    rng = np.random.default_rng(0)
    albedo, normal = np.full((32, 32, 3), 0.5, np.float32), np.full((32, 32, 3), 0.6, np.float32)
    for k in range(3):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(rng.random((32, 32, 3), np.float32), albedo, normal))
    with_them, without = (
        CropDataset(find_views(tmp_path), crop=32, guided=guided, **(AS_RENDERED | {"fireflies": chance}))
        for chance in (0.25, 0.0)
    )
    found, count = with_them.batch(0, 200), 0
    plain = without.batch(0, 200)
    for name in ("albedo", "normal", "target"):
        assert torch.equal(getattr(found, name), getattr(plain, name))
    for one, other in zip(
        (found.guide or ()) + (found.features or ()), (plain.guide or ()) + (plain.features or ()), strict=True
    ):
        assert torch.equal(one, other)
    assert (found.guide is not None) == guided
    for i in range(200):
        more = found.radiance[i] - plain.radiance[i]
        struck = int((more.amax(dim=0) > 0).sum())
        count += struck > 0
        assert struck < 8  # 1 in 1,000 pixels of 1,024 at most, by a Poisson number
        assert float(more.min()) >= 0
        assert struck == 0 or float(more.max()) > 0.1 * 3_000 * GREY
    assert abs(count - 50) < 3.5 * math.sqrt(200 * 0.25 * 0.75)


def test_each_example_has_its_own(tmp_path):
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.ones((64, 64, 3), np.float32)))
    dataset = CropDataset(find_views(tmp_path), crop=64, **(AS_RENDERED | {"fireflies": 1.0}))
    places = {dataset[i].radiance.sum(dim=0).argmax().item() for i in range(50)}
    assert len(places) > 45  # two of 50 fall on one of 4,096 pixels with a chance of a quarter
    assert torch.equal(dataset[7].radiance, dataset[7].radiance)
