import numpy as np
import pytest
import torch

from mcdenoise.inference import repair


def finite_radiance(radiance):
    return repair.finite_radiance(torch.from_numpy(radiance)).numpy()


def picture():
    return np.random.default_rng(0).uniform(0.1, 2.0, (6, 7, 3)).astype(np.float32)


def test_sane_pixels_stay_as_they_are():
    radiance = picture()
    repaired = finite_radiance(radiance)
    np.testing.assert_array_equal(repaired, radiance)
    assert repaired is not radiance


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("y", "x"), [(3, 3), (0, 0), (5, 6), (0, 4)])
def test_a_bad_pixel_takes_the_median_of_its_neighbours(value, y, x):
    radiance = picture()
    radiance[y, x, 1] = value  # one channel is enough to spoil the pixel
    repaired = finite_radiance(radiance)
    window = [radiance[r, c] for r in range(max(0, y - 1), min(6, y + 2)) for c in range(max(0, x - 1), min(7, x + 2))]
    sane = [pixel for pixel in window if np.isfinite(pixel).all()]
    np.testing.assert_allclose(repaired[y, x], np.median(sane, axis=0), rtol=1e-6)
    rest = np.ones((6, 7), bool)
    rest[y, x] = False
    np.testing.assert_array_equal(repaired[rest], radiance[rest])


def test_a_bad_pixel_among_bad_ones_is_black():
    radiance = picture()
    radiance[1:4, 1:4] = np.nan
    assert (finite_radiance(radiance)[2, 2] == 0).all()
    assert not (finite_radiance(np.full((3, 3, 3), np.nan)) != 0).any()


def test_negative_radiance_is_black_and_the_rest_of_the_pixel_is_kept():
    radiance = picture()
    radiance[2, 2] = (-1, 0.5, 0.25)
    np.testing.assert_array_equal(finite_radiance(radiance)[2, 2], np.float32([0, 0.5, 0.25]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_floats_become_finite_float32_without_a_warning(dtype):
    radiance = picture().astype(dtype)
    radiance[0, 0] = np.finfo(dtype).max
    radiance[1, 1] = np.nan
    radiance[2, 2] = np.inf
    before = radiance.copy()
    repaired = finite_radiance(radiance)
    assert repaired.dtype == np.float32
    assert np.isfinite(repaired).all()
    np.testing.assert_array_equal(radiance, before)
