import numpy as np
import pytest

from mcdenoise.evaluation.metrics import mse, psnr, relmse, relmse_halves


def pixel(*values):
    return np.float32(values).reshape(1, -1, 1).repeat(3, axis=2)


def test_values_by_hand():
    image, reference = pixel(1.0, 3.0), pixel(2.0, 3.5)
    assert mse(image, reference) == pytest.approx((1 + 0.25) / 2)
    assert relmse(image, reference) == pytest.approx((1 / 4.01 + 0.25 / 12.26) / 2)
    tonemapped = [(v / (1 + v)) ** (1 / 2.2) for v in (1.0, 3.0, 2.0, 3.5)]
    squared = ((tonemapped[0] - tonemapped[2]) ** 2 + (tonemapped[1] - tonemapped[3]) ** 2) / 2
    assert psnr(image, reference) == pytest.approx(-10 * np.log10(squared))


def test_an_image_is_right_about_itself():
    image = np.random.default_rng(0).random((8, 8, 3), np.float32)
    assert mse(image, image) == relmse(image, image) == relmse_halves(image, image, image) == 0
    assert psnr(image, image) == np.inf


def test_black_references_keep_errors_finite():
    assert relmse(pixel(0.1), pixel(0.0)) == pytest.approx(1.0)


def test_bright_images_do_not_overflow():
    bright = np.full((2, 2, 3), 1e30, np.float32)
    assert np.isfinite([mse(bright, 0 * bright), relmse(bright, 0 * bright), psnr(bright, 0 * bright)]).all()


def test_the_halves_of_a_reference_cancel_its_noise():
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.5, 2, (400, 400, 3))
    a, b = (truth * (1 + rng.normal(0, 0.02, truth.shape)) for _ in range(2))
    # The truth itself: the mean of both halves as a reference would charge it with half of their variance, 2e-4.
    assert relmse(truth, (a + b) / 2) == pytest.approx(2e-4, rel=0.05)
    # 480000 products of two errors of 0.02 leave 4e-4 / 693 = 6e-7 of noise; four of that.
    assert abs(relmse_halves(truth, a, b)) < 2.4e-6
    # An error of 10%: the weight, which sees the halves too, leaves a bias of 2 (0.02)^2 / 0.1 = 0.8% of it.
    known = float(np.mean((0.1 * truth) ** 2 / (truth**2 + 0.01)))
    assert relmse_halves(1.1 * truth, a, b) == pytest.approx(known, rel=0.015)
