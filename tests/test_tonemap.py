"""The curves, and the exposure as OIDN measures it."""

import numpy as np
import pytest
import torch

from mcdenoise.tonemap import LUMINANCE, display, exposure, inverse_log_curve, log_curve, tonemap


def test_tonemap_is_the_curve_of_the_paper():
    values = np.array([0.0, 0.25, 1.0, 9.0, 1e6])
    np.testing.assert_allclose(
        tonemap(values), [0.0, 0.2 ** (1 / 2.2), 0.5 ** (1 / 2.2), 0.9 ** (1 / 2.2), 1.0], rtol=1e-6
    )


def test_tonemap_grows_and_stays_below_one():
    values = tonemap(np.geomspace(1e-6, 1e4, 500))
    assert (np.diff(values) > 0).all()
    assert 0 < values.min() < values.max() < 1


def test_log_curve_is_zero_at_zero_one_at_one_and_does_not_saturate():
    np.testing.assert_allclose(log_curve(np.array([0.0, 1.0])), [0.0, 1.0], atol=1e-12)
    assert log_curve(np.array([1e4])) > 3
    assert (np.diff(log_curve(np.geomspace(1e-6, 1e6, 500))) > 0).all()


def test_inverse_log_curve_undoes_log_curve():
    radiance = np.geomspace(1e-4, 1e5, 200)
    np.testing.assert_allclose(inverse_log_curve(log_curve(radiance)), radiance, rtol=1e-9)


def test_inverse_log_curve_is_finite_for_any_output_of_a_network():
    values = np.array([-1e30, -5.0, 0.0, 50.0, 1e30], dtype=np.float32)
    radiance = inverse_log_curve(values)
    assert np.isfinite(radiance).all()
    assert radiance.min() == pytest.approx(-1 / 50)
    assert torch.isfinite(inverse_log_curve(torch.from_numpy(values))).all()


@pytest.mark.parametrize("curve", [tonemap, log_curve])
def test_negative_radiance_counts_as_zero(curve):
    np.testing.assert_array_equal(curve(np.array([-1.0, -1e-9])), curve(np.array([0.0, 0.0])))


@pytest.mark.parametrize("curve", [tonemap, log_curve, inverse_log_curve])
def test_curves_give_the_same_for_numpy_and_torch_and_keep_the_kind(curve):
    radiance = np.random.default_rng(0).gamma(0.5, 2.0, (5, 7, 3)).astype(np.float32)
    from_numpy, from_torch = curve(radiance), curve(torch.from_numpy(radiance))
    assert isinstance(from_numpy, np.ndarray)
    assert isinstance(from_torch, torch.Tensor)
    assert from_numpy.shape == tuple(from_torch.shape) == radiance.shape
    np.testing.assert_allclose(from_numpy, from_torch.numpy(), rtol=2e-5)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (33, 50), (15, 129)])
def test_exposure_equals_oidn_s_definition_written_as_loops(size):
    height, width = size
    radiance = np.random.default_rng(1).gamma(0.3, 3.0, (height, width, 3))
    rows, columns = -(-height // 16), -(-width // 16)
    logarithms = []
    for i in range(rows):
        for j in range(columns):
            block = radiance[
                i * height // rows : (i + 1) * height // rows, j * width // columns : (j + 1) * width // columns
            ]
            mean = float((block @ np.array(LUMINANCE)).mean())
            if mean > 1e-8:
                logarithms.append(np.log2(mean))
    assert exposure(radiance) == pytest.approx(0.18 / 2 ** np.mean(logarithms), rel=1e-6)


def test_exposure_brings_pictures_of_any_brightness_to_the_same():
    radiance = np.random.default_rng(2).gamma(0.5, 1.0, (40, 60, 3))
    assert exposure(radiance * 1000) * 1000 == pytest.approx(exposure(radiance), rel=1e-9)
    assert exposure(np.full((20, 20, 3), 0.18)) == pytest.approx(1.0, rel=1e-5)


def test_one_firefly_moves_the_exposure_little():
    radiance = np.full((64, 64, 3), 0.5)
    radiance[10, 10] = 1e3
    # The firefly lifts one of 16 blocks by a factor of about 9: 2^(log2(9) / 16) = 1.15.
    assert exposure(np.full((64, 64, 3), 0.5)) / exposure(radiance) < 1.2


def test_black_and_broken_pixels_do_not_spoil_the_exposure():
    assert exposure(np.zeros((8, 8, 3))) == 1.0
    radiance = np.full((32, 32, 3), 0.5)
    radiance[:16] = 0.0  # two of four blocks are black, and left out
    assert exposure(radiance) == pytest.approx(0.36, rel=1e-5)
    radiance[0, 0] = np.nan
    radiance[1, 1] = np.inf
    assert exposure(radiance) == pytest.approx(0.36, rel=1e-5)


def test_display_is_srgb():
    # IEC 61966-2-1: linear 0.0031308 is the joint; 0.2140 shows as 0.5, and 18% grey as 0.4614.
    linear = np.array([[[0.0, 0.002, 0.18], [0.2145, 1.0, 5.0]]])
    np.testing.assert_array_equal(display(linear), [[[0, round(0.002 * 12.92 * 255), 118], [128, 255, 255]]])
    np.testing.assert_array_equal(display(linear / 4, scale=4.0), display(linear))


def test_display_clamps_what_eyes_cannot_see():
    assert display(np.array([[[-1.0, np.nan, np.inf]]])).tolist() == [[[0, 0, 255]]]
