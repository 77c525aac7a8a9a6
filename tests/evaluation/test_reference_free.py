import numpy as np
import pytest

from mcdenoise.evaluation.metrics import EPSILON
from mcdenoise.evaluation.reference_free import relmse_cross, relmse_held_back

DRAWS = 400


@pytest.fixture(scope="module")
def setting():
    """A truth, a denoised picture with a known error against it, and a source of skewed realizations."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.2, 3.0, (12, 10, 3))
    denoised = (truth * rng.uniform(0.8, 1.3, truth.shape)).astype(np.float32)
    return truth, denoised, lambda: truth * rng.gamma(2.0, 0.5, truth.shape)


def error_of(denoised, truth):
    denoised = denoised.astype(np.float64)
    return float(np.mean((denoised - truth) ** 2 / (denoised**2 + EPSILON)))


def deviations(values, expected):
    """How many standard errors the mean of `values` is from `expected`."""
    return (np.mean(values) - expected) / (np.std(values) / np.sqrt(len(values)))


def test_two_held_back_realizations_estimate_the_error_without_bias(setting):
    truth, denoised, render = setting
    values = [relmse_cross(denoised, render(), render()) for _ in range(DRAWS)]
    # z-test: four standard errors happen by chance once in 16000; the seed is fixed.
    assert abs(deviations(values, error_of(denoised, truth))) < 4


def test_one_held_back_realization_adds_its_variance(setting):
    truth, denoised, render = setting
    values = [relmse_held_back(denoised, render()) for _ in range(DRAWS)]
    variance = float(np.mean(truth**2 / 2 / (denoised.astype(np.float64) ** 2 + EPSILON)))
    assert abs(deviations(values, error_of(denoised, truth) + variance)) < 4
    assert deviations(values, error_of(denoised, truth)) > 20


def test_with_one_weight_the_variance_cancels_between_two_denoisers(setting):
    truth, denoised, render = setting
    brighter = 1.4 * denoised
    own, common = [], []
    for _ in range(DRAWS):
        other = render()
        own.append(relmse_held_back(brighter, other) - relmse_held_back(denoised, other))
        common.append(relmse_held_back(brighter, other, denoised) - relmse_held_back(denoised, other))
    weight = 1 / (denoised.astype(np.float64) ** 2 + EPSILON)
    worse = float(np.mean(((brighter - truth) ** 2 - (denoised - truth) ** 2) * weight))
    assert worse > 0.1
    assert abs(deviations(common, worse)) < 4
    assert np.mean(own) < 0  # what is too bright passes for better


def test_sharing_a_realization_is_what_makes_it_biased(setting):
    truth, denoised, render = setting
    values = [relmse_cross(denoised, shared, shared) for shared in (render() for _ in range(DRAWS))]
    assert deviations(values, error_of(denoised, truth)) > 20


def test_a_perfect_picture_has_an_error_of_zero_on_average(setting):
    truth, _, render = setting
    values = [relmse_cross(truth, render(), render()) for _ in range(DRAWS)]
    assert min(values) < 0 < max(values)
    assert abs(deviations(values, 0.0)) < 4
