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
SETTLED = 10_000  # examples, from which on they are as frequent as asked


def test_they_are_few_bright_and_of_any_colour():
    """Some 1 in 20,000 to 1 in 1,000 pixels, and at least one; 5,000 to 300,000 times middle grey; both log-uniform."""
    shares, brightest, colours = [], [], []
    for seed in range(1200):
        radiance = torch.zeros(3, 160, 160)
        Fireflies(seed).add(radiance, 0.0)
        struck = radiance[:, radiance.sum(dim=0) > 0]
        shares.append(struck.shape[1] / 160**2)
        brightest += struck.max(dim=0).values.tolist()
        colours += (struck / struck.sum(dim=0)).T.tolist()
    assert min(shares) >= 1 / 160**2
    assert max(shares) < 1.8 / 1000  # 26 pixels, and four standard deviations of a Poisson number more
    # The mean of log-uniform shares is (b - a) / log(b / a), 3.17e-4; their standard deviation is 2.6e-4, and a Poisson
    # number adds a third, so 8e-6 of the mean of 1,200. That there is at least one adds 6%.
    assert np.mean(shares) == pytest.approx(1.06 * (1 / 1000 - 1 / 20_000) / math.log(20), abs=3 * 8e-6)
    # Of some 10,000 log-uniform draws the outermost are within 1% of the ends, but for a chance of 1e-7.
    assert min(brightest) == pytest.approx(5_000 * GREY, rel=0.01)
    assert max(brightest) == pytest.approx(300_000 * GREY, rel=0.01)
    assert np.mean(np.log(brightest)) == pytest.approx(
        (math.log(5_000 * GREY) + math.log(300_000 * GREY)) / 2, abs=0.05
    )
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


def test_a_pixel_keeps_the_light_that_it_has():
    radiance = torch.full((3, 64, 64), 7.0)
    Fireflies(3).add(radiance, 0.0)
    more = radiance - 7
    alone = torch.zeros(3, 64, 64)
    Fireflies(3).add(alone, 0.0)
    torch.testing.assert_close(more, alone, rtol=1e-3, atol=0)  # float32 beside 7


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
    found, count = with_them.batch(SETTLED, 200), 0
    plain = without.batch(SETTLED, 200)
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
        assert struck == 0 or float(more.max()) > 0.99 * 5_000 * GREY
    assert abs(count - 50) < 3.5 * math.sqrt(200 * 0.25 * 0.75)


def test_one_example_in_25_has_them_whether_its_features_flicker_or_not(tmp_path):
    """Unless another chance is given. Both together are as rare as chance has it."""
    for k in range(2):
        normal = np.full((16, 16, 3), 0.6, np.float32)
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.ones((16, 16, 3), np.float32), None, normal))
    usual = CropDataset(find_views(tmp_path), crop=16, feature_dropout=0, filter_blur=0)
    examples = usual.batch(SETTLED, 4000)
    struck = examples.radiance.flatten(1).amax(dim=1) > 100
    noisy = examples.normal.flatten(2).std(dim=2).amax(dim=1) > 1e-3
    assert abs(int(struck.sum()) - 160) < 4 * math.sqrt(4000 * 0.04 * 0.96)
    share = float(noisy.double().mean())  # below 0.15: of some the albedo alone flickers, which is not there
    assert 0.05 < share < 0.15
    assert abs(int((struck & noisy).sum()) - share * 160) < 4 * math.sqrt(share * 160)


def test_they_come_by_and_by(tmp_path):
    """A quarter of their chance after a quarter of the first 10,000 examples: at first a network learns from others."""
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.ones((16, 16, 3), np.float32)))
    dataset = CropDataset(find_views(tmp_path), crop=16, **(AS_RENDERED | {"fireflies": 0.8}))
    for start, chance in ((0, 0.0), (SETTLED // 4, 0.2), (SETTLED // 2, 0.4), (3 * SETTLED, 0.8)):
        struck = dataset.batch(start, 400).radiance.flatten(1).amax(dim=1) > 100
        middle = chance + 0.8 * 200 / SETTLED * (start < SETTLED)  # it rises from the first of them to the last
        assert abs(int(struck.sum()) - 400 * middle) < 4 * math.sqrt(400 * middle * (1 - middle))


def test_blurred_examples_have_blurred_ones(tmp_path):
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.ones((64, 64, 3), np.float32)))
    options = AS_RENDERED | {"fireflies": 1.0, "filter_blur": 1.0}
    examples = CropDataset(find_views(tmp_path), crop=64, **options).batch(SETTLED, 40)
    for image in examples.radiance.sum(dim=1):
        y, x = divmod(int(image.argmax()), 64)
        window = image[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        # A Gaussian of 0.3 pixels, the narrowest that is drawn, leaves 4e-3 of the light in the next pixel.
        assert float(window.min() / window.max()) > 1e-5
        assert float(window.flatten().sort().values[-2] / window.max()) > 3e-3


def test_each_example_has_its_own(tmp_path):
    for k in range(2):
        write_frame(tmp_path / f"r{k:03d}.exr", Frame(np.ones((64, 64, 3), np.float32)))
    dataset = CropDataset(find_views(tmp_path), crop=64, **(AS_RENDERED | {"fireflies": 1.0}))
    places = {dataset[SETTLED + i].radiance.sum(dim=0).argmax().item() for i in range(50)}
    assert len(places) > 45  # two of 50 fall on one of 4,096 pixels with a chance of a quarter
    assert torch.equal(dataset[SETTLED].radiance, dataset[SETTLED].radiance)
