import numpy as np
import pytest

from mcdenoise.errors import McdenoiseError
from mcdenoise.evaluation import metrics
from mcdenoise.evaluation.scores import METRICS, available, estimate_weight, score

ALL = [metric.name for metric in METRICS]


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:48, 0:64]
    return (0.2 + 0.15 * np.sin(x / 7) * np.cos(y / 5))[..., None] * rng.uniform(0.5, 1.5, 3)


def noisy(truth, rng, variance):
    return truth * rng.gamma(1 / variance, variance, truth.shape)


def test_with_references_they_are_the_metrics_own(truth):
    rng = np.random.default_rng(1)
    image, a, b = (noisy(truth, rng, variance).astype(np.float32) for variance in (0.05, 0.001, 0.001))
    found = score(image, [a, b], [], None, ALL).scores
    mean = (a.astype(np.float64) + b) / 2
    expected = {
        "relMSE": metrics.relmse_halves(image, a, b),
        "PSNR": metrics.psnr(image, mean),
        "SMAPE": metrics.smape(image, mean),
        "SSIM": metrics.ssim(image, mean),
        "FLIP": metrics.flip(image, mean).mean(),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-5), name
    assert set(found) == {*expected, "MSE"}
    assert found["MSE"].value == pytest.approx(np.mean((image - truth) ** 2), rel=0.02)
    assert {name: one.kind for name, one in found.items() if one.kind == "halves"} == dict.fromkeys(
        ("relMSE", "MSE"), "halves"
    )
    for name in ("relMSE", "MSE", "PSNR", "SMAPE", "SSIM", "FLIP"):
        assert found[name].low < found[name].value < found[name].high, name


def test_without_references_errors_are_true_on_average(truth):
    rng = np.random.default_rng(2)
    image = 1.1 * truth + 0.01
    weight = 1 / (image**2 + 0.01)
    values = {"relMSE est.": [], "MSE est.": []}
    for _ in range(300):
        others = [noisy(truth, rng, 0.5) for _ in range(3)]
        found = score(image, [], others, weight, ALL).scores
        assert set(found) == set(values)
        for name, one in found.items():
            values[name].append(one.value)
    expected = {"relMSE est.": np.mean((image - truth) ** 2 * weight), "MSE est.": np.mean((image - truth) ** 2)}
    for name, several in values.items():
        # Four standard errors of the mean of 300.
        tolerance = 4 * np.std(several) / np.sqrt(300)
        assert np.mean(several) == pytest.approx(expected[name], abs=tolerance)
        assert tolerance < 0.1 * expected[name]


def test_more_realizations_make_the_estimate_steadier(truth):
    rng = np.random.default_rng(3)
    image = 1.1 * truth
    weight = 1 / (image**2 + 0.01)
    spread = []
    for count in (2, 6):
        values = [
            score(image, [], [noisy(truth, rng, 0.5) for _ in range(count)], weight, ["relMSE est."])
            .scores["relMSE est."]
            .value
            for _ in range(60)
        ]
        spread.append(np.std(values))
    # All pairs are used: the variance falls with their number, 1 against 15, where the error is below the noise.
    assert spread[1] < 0.5 * spread[0]


def test_the_weight_is_that_of_the_picture_nearest_to_the_truth(truth):
    rng = np.random.default_rng(5)
    others = [noisy(truth, rng, 0.3) for _ in range(3)]
    weight = estimate_weight([3 * truth, 1.05 * truth, 0 * truth, noisy(truth, rng, 0.3)], others)
    np.testing.assert_allclose(weight, 1 / ((1.05 * truth) ** 2 + 0.01))


def test_small_pictures_have_no_ssim():
    image = np.random.default_rng(4).random((7, 9, 3))
    assert set(score(image, [image], [], None, ALL).scores) == {"relMSE", "MSE", "PSNR", "SMAPE", "FLIP"}


def test_what_cannot_be_had_is_said(monkeypatch):
    assert available(None) == (ALL, [])
    assert available(["FLIP", "relMSE"])[0] == ["relMSE", "FLIP"]
    monkeypatch.setitem(__import__("sys").modules, "flip_evaluator", None)
    names, notes = available(None)
    assert names == [name for name in ALL if name != "FLIP"]
    assert len(notes) == 1
    assert notes == ["FLIP needs flip-evaluator, which is not installed: pip install 'mcdenoise[report]'"]
    with pytest.raises(McdenoiseError, match="FLIP needs"):
        available(["FLIP"])
