import sys

import flip_evaluator
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from mcdenoise.errors import McdenoiseError
from mcdenoise.evaluation.metrics import flip, mse, psnr, psnr_halves, relmse, relmse_halves, smape, ssim, ssim_map


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
    # Tonemapped, 10% stand out from a half's noise of 2%, which takes 10 log10(1 + 0.04) = 0.17 dB off the plain one.
    # What tonemapping makes of that noise is a relative bias below (0.02)^2, so 2 (0.02)^2 / 0.1 = 0.8%: 0.035 dB.
    assert psnr_halves(1.1 * truth, a, b) == pytest.approx(psnr(1.1 * truth, truth), abs=0.035)
    assert psnr(1.1 * truth, a) < psnr(1.1 * truth, truth) - 0.1
    assert psnr_halves(truth, truth, truth) == pytest.approx(100)


def noisy_pair(size=(40, 56), seed=2):
    rng = np.random.default_rng(seed)
    reference = rng.gamma(0.5, 2.0, (*size, 3))
    return (reference * rng.gamma(8, 1 / 8, reference.shape)).astype(np.float32), reference.astype(np.float32)


def test_smape_by_hand():
    image, reference = pixel(1.0, 0.0), pixel(2.0, 0.5)
    assert smape(image, reference) == pytest.approx((1 / 3.01 + 0.5 / 0.51) / 2)
    assert smape(reference, image) == smape(image, reference)


def test_ssim_is_that_of_its_paper():
    image, reference = noisy_pair()
    assert ssim(reference, reference) == pytest.approx(1)
    # Wang et al. 2004, equation 13, with the window of 11 x 11 and sigma 1.5 that they give, written out.
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for channel in range(3):
        x, y = (((v[..., channel] / (1 + v[..., channel])) ** (1 / 2.2)).astype(np.float64) for v in (image, reference))
        for row in range(5, x.shape[0] - 5):
            for column in range(5, x.shape[1] - 5):
                here = slice(row - 5, row + 6), slice(column - 5, column + 6)
                mx, my = (window * x[here]).sum(), (window * y[here]).sum()
                vx, vy = (window * (x[here] - mx) ** 2).sum(), (window * (y[here] - my) ** 2).sum()
                both = (window * (x[here] - mx) * (y[here] - my)).sum()
                c1, c2 = 0.01**2, 0.03**2
                values.append((2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    assert ssim(image, reference) == pytest.approx(np.mean(values), abs=1e-4)


@pytest.mark.parametrize("size", [(40, 56), (11, 30)])
def test_the_mean_of_the_ssim_map_is_scikit_images_own(size):
    image, reference = (one.astype(np.float64) for one in noisy_pair(size))
    plain = structural_similarity(
        *((one / (1 + one)) ** (1 / 2.2) for one in (reference, image)),
        channel_axis=2,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    similarity = ssim_map(image, reference)
    assert similarity.shape == (size[0] - 10, size[1] - 10)
    assert similarity.mean() == pytest.approx(plain, abs=1e-12)
    assert ssim(image, reference) == pytest.approx(plain, abs=1e-12)


def test_flip_is_the_largest_of_ldr_flips_over_exposures():
    # Andersson et al. 2021: HDR-FLIP is the maximum of LDR-FLIP over exposures, after the ACES curve.
    image, reference = noisy_pair()
    _, _, chosen = flip_evaluator.evaluate(reference, image, "HDR", applyMagma=False)
    exposures = np.linspace(chosen["startExposure"], chosen["stopExposure"], chosen["numExposures"])
    assert len(exposures) >= 2

    def curve(radiance, stops):
        x = radiance.astype(np.float64) * 2.0**stops
        value = (0.36 * 2.51 * x**2 + 0.6 * 0.03 * x) / (0.36 * 2.43 * x**2 + 0.6 * 0.59 * x + 0.14)
        return value.clip(0, 1).astype(np.float32)

    maps = [
        flip_evaluator.evaluate(curve(reference, e), curve(image, e), "LDR", inputsRGB=False, applyMagma=False)[0]
        for e in exposures
    ]
    expected = np.max(maps, axis=0)[..., 0]
    np.testing.assert_allclose(flip(image, reference), expected, atol=2e-3)


def test_flip_takes_what_renderers_write():
    image, reference = noisy_pair((12, 14))
    assert flip(reference, reference).max() == 0
    assert 0.05 < flip(image, reference).mean() < 1
    for broken in (reference * 0, reference * 1e8, -reference, np.full((3, 2, 3), 0.5, np.float32)):
        errors = flip(broken, np.abs(broken))
        assert errors.shape == broken.shape[:2]
        assert np.isfinite(errors).all()
    assert flip(reference, 0 * reference).mean() > 0.2


@pytest.mark.parametrize("colour", [(1e-7, 1e-7, 1e-7), (0, 0, 1e-6), (1e-30, 0, 0)])
def test_flip_takes_references_that_are_nearly_black(colour):  # NVIDIA's package ends the process there
    reference = np.full((16, 16, 3), colour, np.float32)
    assert flip(reference, reference).max() == 0
    assert flip(reference + 1, reference).mean() > 0.2


@pytest.mark.parametrize(("module", "metric"), [("skimage.metrics", ssim), ("flip_evaluator", flip)])
def test_what_is_missing_is_said(monkeypatch, module, metric):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        McdenoiseError, match=r"^\w+ needs [a-z-]+, which is not installed: pip install 'mcdenoise\[report\]'$"
    ):
        metric(*noisy_pair((16, 16)))
