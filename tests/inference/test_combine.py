import logging
from pathlib import Path

import mitsuba_oidn
import numpy as np
import pytest
import torch
from synthetic import noisy, picture

import mcdenoise
from mcdenoise.evaluation.metrics import relmse, relmse_halves
from mcdenoise.exr import read_frame
from mcdenoise.frame import Frame, mean_frame
from mcdenoise.inference.error_estimate import Jackknife
from mcdenoise.inference.residual import Shares, bands, join
from mcdenoise.inference.stacking import minimise_on_simplex, products
from mcdenoise.inference.windows import enlarge, shrink, smooth
from mcdenoise.rendering.farm import RenderOptions, SceneFailed, render

SCENES = Path(__file__).resolve().parents[2] / "scenes"


def realizations(truth, count=2, spp=4, seed=0):
    rng = np.random.default_rng([9, seed])
    return [noisy(truth, rng, spp) for _ in range(count)]


def blur(sigma):
    """A linear denoiser: a Gaussian window."""

    def denoise(color, albedo, normal):
        return smooth(torch.from_numpy(color).permute(2, 0, 1), sigma).permute(1, 2, 0).numpy()

    return denoise


def always(radiance):
    """A denoiser that knows its answer."""
    return lambda color, albedo, normal: radiance


@pytest.fixture(scope="module")
def truth():
    return picture(96, 112)


@pytest.fixture(scope="module")
def renders_with_references(tmp_path_factory):
    """Two scenes, one of them lit by caustics: eight renders of 4 spp and references."""
    out = tmp_path_factory.mktemp("renders")
    options = RenderOptions(spp=4, realizations=8, size=(96, 72), reference_spp=128)
    for event in render([SCENES / "colour-bleeding", SCENES / "small-lamp"], out, "scalar_rgb", options):
        assert not isinstance(event, SceneFailed), event
    return out


@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_a_perfect_denoiser_gets_all_the_weight(truth, count):
    frames = realizations(truth, count)
    result = mcdenoise.combine(frames, [blur(1.5), always(truth.radiance), always(truth.radiance * 1.5)])
    assert result.weights[1] > 0.97
    assert result.kept[:-1].max() < 0.05  # the coarsest band has only a handful of independent values here
    error = relmse(result.radiance, truth.radiance)
    assert error < 0.05 * relmse(mean_frame(frames).radiance, truth.radiance)
    assert error < 0.05 * relmse(blur(1.5)(mean_frame(frames).radiance, None, None), truth.radiance)


def test_a_useless_denoiser_gets_none_and_spoils_nothing(truth):
    frames = realizations(truth, spp=16)
    good = [blur(1.0), blur(2.0)]
    without = mcdenoise.combine(frames, good)
    black = np.zeros_like(truth.radiance)
    exploded = np.full_like(truth.radiance, 1e30)
    exploded[::2] = 0
    for useless in (black, exploded):
        result = mcdenoise.combine(frames, [*good, always(useless)])
        assert result.weights[2] < 0.02
        assert relmse(result.radiance, truth.radiance) < 1.03 * relmse(without.radiance, truth.radiance)


def test_each_region_takes_the_denoiser_that_is_right_there(truth):
    left, right = truth.radiance.copy(), truth.radiance.copy()
    left[:, 56:] *= 1.4
    right[:, :56] *= 0.6
    frames = realizations(truth, spp=8)
    result = mcdenoise.combine(frames, [always(left), always(right)])
    one = min(relmse(image, truth.radiance) for image in (left, right))
    assert relmse(result.radiance, truth.radiance) < 0.2 * one


def test_each_band_takes_the_denoiser_that_is_right_there():
    """One has all detail and the wrong shading, the other the shading and no detail: no mixture of wholes has both."""
    rows, columns = np.mgrid[:192, :224].astype(np.float32)
    detail = 1 + 0.25 * np.sign(np.sin(columns * 2) * np.sin(rows * 2))
    shading = 1 + 0.3 * np.sin(columns / 16) * np.cos(rows / 14)
    grey = np.float32([0.5, 0.4, 0.3])
    whole, sharp, smooth_one = (
        (grey * plane[..., None]).astype(np.float32) for plane in (detail * shading, detail, shading)
    )
    frames = realizations(Frame(whole), spp=16)
    result = mcdenoise.combine(frames, [always(sharp), always(smooth_one)])
    weights = np.linspace(0, 1, 101)
    wholes = [relmse(share * sharp + (1 - share) * smooth_one, whole) for share in weights]
    assert relmse(result.radiance, whole) < 0.1 * min(wholes)
    assert relmse(result.radiance, whole) < 0.1 * relmse(mean_frame(frames).radiance, whole)


@pytest.mark.parametrize("value", [0.0, 0.7, 1e-4, 3e5])
def test_a_constant_picture_comes_back_as_it_was(value):
    frame = Frame(np.full((20, 17, 3), value, np.float32))
    result = mcdenoise.combine([frame, frame], [always(frame.radiance)] * 3)
    np.testing.assert_array_equal(result.radiance, frame.radiance)
    assert result.relmse == 0
    assert not result.error.any()


def test_denoisers_that_agree_on_the_truth_return_it(truth):
    result = mcdenoise.combine(realizations(truth), [always(truth.radiance)] * 3)
    np.testing.assert_allclose(result.weights, 1 / 3, atol=1e-6)
    assert relmse(result.radiance, truth.radiance) < 0.005  # its realizations' mean: 0.12


def test_denoisers_that_change_nothing_give_the_mean(truth):
    frames = realizations(truth)
    result = mcdenoise.combine(frames, [lambda color, albedo, normal: color] * 2)
    np.testing.assert_allclose(result.radiance, mean_frame(frames).radiance, rtol=2e-3, atol=1e-4)


# Where neighbours differ twentyfold, errors are weighed by the denoisers' mean of them, and not by each as relMSE does.
TOO_MUCH_CONTRAST = pytest.mark.xfail(strict=True, reason="weights come from denoised radiance, which is far off here")


@pytest.mark.parametrize(
    ("darkest", "spp"),
    [
        *((0.6, spp) for spp in (4, 64, 1024, 1_000_000)),
        (0.1, 1_000_000),
        pytest.param(0.1, 4, marks=TOO_MUCH_CONTRAST),
        pytest.param(0.1, 64, marks=TOO_MUCH_CONTRAST),
    ],
)
def test_never_worse_than_input_or_denoisers_on_texture(darkest, spp):
    rng = np.random.default_rng(3)
    shape = (96, 96, 3)  # white noise: any blur destroys it
    texture = Frame(rng.uniform(darkest, 1.4 if darkest == 0.6 else 2.0, shape).astype(np.float32))
    frames = realizations(texture, spp=spp)
    mean = mean_frame(frames).radiance
    result = mcdenoise.combine(frames, [blur(1.0), blur(3.0)])
    best = min(relmse(image, texture.radiance) for image in (mean, *(blur(s)(mean, None, None) for s in (1.0, 3.0))))
    assert relmse(result.radiance, texture.radiance) < 1.02 * best


def test_energy_that_every_denoiser_loses_is_put_back():
    truth = picture(192, 192)
    dark = always(0.8 * truth.radiance)
    result = mcdenoise.combine(realizations(truth, spp=8), [dark])
    assert result.kept[-1] > 0.8
    # The bias is 4% of the energy; what comes back is smooth, and the picture has checks.
    assert relmse(result.radiance, truth.radiance) < 0.4 * relmse(0.8 * truth.radiance, truth.radiance)


def test_a_firefly_owns_nothing(truth):
    frames = realizations(truth, spp=8)
    denoisers = [always(truth.radiance * 1.03), always(truth.radiance * 0.8)]
    before = mcdenoise.combine(frames, denoisers)
    frames[0].radiance[40, 50] = 1e5
    after = mcdenoise.combine(frames, denoisers)
    np.testing.assert_allclose(after.weights, before.weights, atol=0.02)
    assert after.radiance[40, 50].max() < 1.5 * truth.radiance[40, 50].max()
    assert relmse(after.radiance, truth.radiance) < 1.2 * relmse(before.radiance, truth.radiance)


@pytest.mark.parametrize(("count", "spp"), [(2, 16), (3, 16), (4, 16), (3, 256)])
def test_the_estimated_error_is_true_on_average(truth, count, spp):
    ratios, maps = [], []
    for seed in range(10):
        result = mcdenoise.combine(realizations(truth, count, spp, seed), [blur(0.7), blur(1.5), blur(3.0)])
        squared = (result.radiance - truth.radiance) ** 2
        ratios.append(result.relmse / np.mean(squared / (result.radiance**2 + 0.01)))
        maps.append(result.error.mean() / squared.mean())
    # Ten pictures leave a standard error of 1 to 2%.
    assert np.mean(ratios) == pytest.approx(1, abs=0.07)
    assert np.mean(maps) == pytest.approx(1, abs=0.07)


def test_the_error_of_a_picture_fixed_beforehand_is_unbiased(truth):
    wrong = Frame(truth.radiance * 1.1)  # the estimate knows neither that it is constant nor the truth
    ratios = []
    for seed in range(60):
        frames = realizations(truth, 3, 16, seed)
        mean = torch.from_numpy(mean_frame(frames).radiance).permute(2, 0, 1)
        fixed = torch.from_numpy(wrong.radiance).permute(2, 0, 1)
        estimate = Jackknife(3, mean, fixed)
        for frame in frames:
            estimate.add(torch.from_numpy(frame.radiance).permute(2, 0, 1), fixed, 1 / 3)
        none = torch.zeros(96, 112)
        ratios.append(estimate.solve(none, none, torch.ones(96, 112), 0.01, 1.0)[1])
    known = np.mean((wrong.radiance - truth.radiance) ** 2 / (wrong.radiance**2 + 0.01))
    # z-test: four standard errors happen by chance once in 16000; the seeds are fixed.
    assert abs(np.mean(ratios) - known) < 4 * np.std(ratios) / np.sqrt(len(ratios))
    assert np.mean(ratios) == pytest.approx(known, rel=0.05)


def test_the_error_of_a_mean_is_its_variance(truth):
    ratios = []
    for seed in range(40):
        frames = realizations(truth, 4, 16, seed)
        images = [torch.from_numpy(frame.radiance).permute(2, 0, 1) for frame in frames]
        mean = sum(images) / 4
        estimate = Jackknife(4, mean, mean)
        for image in images:
            estimate.add(image, (4 * mean - image) / 3, 1 / 4)
        none = torch.zeros(96, 112)
        error, _ = estimate.solve(none, none, torch.ones(96, 112), 0.01, 1.0)
        ratios.append(error.mean() / np.mean(truth.radiance**2 / 64))
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)


def test_the_error_is_largest_where_the_picture_is_wrong():
    truth = picture(128, 128)
    spoilt = truth.radiance.copy()
    spoilt[:, 64:] *= 1 + 0.5 * np.random.default_rng(0).choice([-1, 1], (128, 64, 1)).astype(np.float32)
    result = mcdenoise.combine(realizations(truth, 3, 2), [always(spoilt)])
    squared = ((result.radiance - truth.radiance) ** 2).mean(axis=2)
    assert squared[:, 80:].mean() > 4 * squared[:, :48].mean()
    assert result.error[:, 80:].mean() > 3 * result.error[:, :48].mean()


def test_more_realizations_are_all_used(truth):
    errors = []
    for count in (2, 3, 4, 8):
        result = mcdenoise.combine(realizations(truth, count), [blur(1.0), blur(2.0)])
        errors.append(relmse(result.radiance, truth.radiance))
    assert errors == sorted(errors, reverse=True)


def test_denoisers_run_once_for_the_mean_and_once_for_each_fold(truth):
    called = []

    def denoise(color, albedo, normal):
        called.append(color)
        assert albedo.shape == normal.shape == color.shape
        return color

    frames = realizations(truth, 6)
    mcdenoise.combine(frames, [denoise], folds=3)
    assert len(called) == 4
    np.testing.assert_array_equal(called[0], mean_frame(frames).radiance)
    np.testing.assert_array_equal(called[1], mean_frame([frames[i] for i in (1, 2, 4, 5)]).radiance)


def test_brightness_of_the_picture_does_not_matter(truth):
    frames = realizations(truth)
    dim = [Frame(frame.radiance * np.float32(2**-12), frame.albedo, frame.normal) for frame in frames]
    expected = mcdenoise.combine(frames, [blur(1.0), blur(2.0)])
    result = mcdenoise.combine(dim, [blur(1.0), blur(2.0)])
    np.testing.assert_allclose(result.radiance * 2**12, expected.radiance, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(result.error * 2**24, expected.error, rtol=1e-2, atol=1e-5)


def test_same_frames_same_bytes(truth):
    frames = realizations(truth, 3)
    first, again = (mcdenoise.combine(frames, [blur(1.0), blur(2.0)]) for _ in range(2))
    np.testing.assert_array_equal(first.radiance, again.radiance)
    np.testing.assert_array_equal(first.error, again.error)
    assert first.relmse == again.relmse


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 5), (129, 17)])
def test_any_size(size):
    result = mcdenoise.combine(realizations(picture(*size)), [lambda c, a, n: c, lambda c, a, n: 0.5 * c])
    assert result.radiance.shape == (*size, 3)
    assert result.radiance.dtype == np.float32
    assert result.error.shape == size
    assert np.isfinite(result.radiance).all()
    assert np.isfinite(result.error).all()
    assert result.error.min() >= 0


def test_frames_without_features_will_do(truth):
    frames = [Frame(frame.radiance) for frame in realizations(truth)]

    def denoise(color, albedo, normal):
        assert albedo is None
        assert normal is None
        return color

    assert np.isfinite(mcdenoise.combine(frames, [denoise]).relmse)


def test_frames_count_by_their_samples(truth):
    rng = np.random.default_rng(0)
    frames = [noisy(truth, rng, 4), noisy(truth, rng, 12)]
    result = mcdenoise.combine(frames, [lambda color, albedo, normal: color])
    np.testing.assert_allclose(result.radiance, mean_frame(frames).radiance, rtol=2e-3, atol=1e-4)
    error = relmse(result.radiance, truth.radiance)
    assert result.relmse == pytest.approx(error, rel=0.15)  # a single draw


def test_pixels_that_are_not_finite_are_repaired_and_named(truth, caplog):
    frames = realizations(truth)
    frames[1].radiance[10, 20] = np.nan
    frames[1].radiance[30, 40, 1] = np.inf
    with caplog.at_level(logging.WARNING):
        result = mcdenoise.combine(frames, [blur(1.0)])
    assert "frame 1: 2 pixels" in caplog.text
    assert np.isfinite(result.radiance).all()
    assert np.isfinite(result.relmse)


def test_a_denoiser_that_gives_nan_is_named_and_replaced(truth, caplog):
    broken = truth.radiance.copy()
    broken[5:9, 5:9] = np.nan
    with caplog.at_level(logging.WARNING):
        result = mcdenoise.combine(realizations(truth), [always(truth.radiance), always(broken)])
    assert "denoiser 1: 16 pixels" in caplog.text
    assert np.isfinite(result.radiance).all()


def test_what_cannot_be_combined_is_refused(truth):
    one, two = realizations(truth)
    small = Frame(two.radiance[:-1])
    empty = Frame(np.full_like(one.radiance, np.nan))
    with pytest.raises(ValueError, match="must be Frames"):
        mcdenoise.combine([one.radiance, two.radiance], [blur(1.0)])
    with pytest.raises(ValueError, match="at least two"):
        mcdenoise.combine([one], [blur(1.0)])
    with pytest.raises(ValueError, match="at least one denoiser"):
        mcdenoise.combine([one, two], [])
    for no_list in (blur(1.0), [blur(1.0), None]):
        with pytest.raises(ValueError, match="list of callables"):
            mcdenoise.combine([one, two], no_list)
    with pytest.raises(ValueError, match="one size"):
        mcdenoise.combine([one, small], [blur(1.0)])
    with pytest.raises(ValueError, match="frames 0 and 2 are the same render"):
        mcdenoise.combine([one, two, one], [blur(1.0)])
    with pytest.raises(ValueError, match="frame 1 has no finite pixel"):
        mcdenoise.combine([one, empty], [blur(1.0)])
    with pytest.raises(ValueError, match="denoiser 1 returned"):
        mcdenoise.combine([one, two], [blur(1.0), always(small.radiance)])
    with pytest.raises(ValueError, match="folds"):
        mcdenoise.combine([one, two], [blur(1.0)], folds=1)


def test_weights_on_the_simplex_are_the_best_there_are():
    rng = np.random.default_rng(0)
    deviations = torch.from_numpy(rng.normal(size=(4, 12, 6, 7)).astype(np.float32))
    gram = products(deviations, torch.zeros(12, 6, 7), torch.ones(12, 6, 7))
    start = torch.full((4, 6, 7), 0.25)
    weights = minimise_on_simplex(gram, start, 0.0)
    assert weights.min() >= 0
    torch.testing.assert_close(weights.sum(0), torch.ones(6, 7))
    value = torch.einsum("ihw,ijhw,jhw->hw", weights, gram, weights)
    for _ in range(2000):
        other = torch.from_numpy(rng.dirichlet([0.4] * 4).astype(np.float32))
        assert (value <= torch.einsum("i,ijhw,j->hw", other, gram, other) * 1.001 + 1e-4).all()
    held = minimise_on_simplex(gram, start, 1e4)
    torch.testing.assert_close(held, start, atol=1e-3, rtol=0)


def test_bands_sum_to_what_was_split():
    rng = np.random.default_rng(0)
    residual = torch.from_numpy(rng.normal(size=(3, 45, 61)).astype(np.float32))
    weight = torch.from_numpy(rng.uniform(0.1, 3, (3, 45, 61)).astype(np.float32))
    parts = bands(residual, weight)
    assert len(parts) == Shares.COUNT
    torch.testing.assert_close(join(parts, [torch.ones(1, *part.shape[1:]) for part in parts]), residual)


def test_windows_keep_constants_and_means():
    maps = torch.full((2, 33, 50), 3.0)
    for sigma in (0.8, 5.0, 40.0):
        torch.testing.assert_close(smooth(maps, sigma), maps)
    torch.testing.assert_close(enlarge(shrink(maps, 4), 4, (33, 50)), maps)
    impulse = torch.zeros(1, 129, 129)
    impulse[0, 64, 64] = 1
    window = smooth(impulse, 6.0)[0]
    y = torch.arange(129.0) - 64
    assert float(window.sum()) == pytest.approx(1, abs=0.01)
    assert float((window.sum(1) * y**2).sum()) ** 0.5 == pytest.approx(6, rel=0.1)


@pytest.mark.parametrize("count", [2, 8])
@pytest.mark.parametrize("scene", ["colour-bleeding", "small-lamp"])
def test_better_than_each_candidate_on_renders(scene, count, renders_with_references):
    folder = renders_with_references / scene / "view000"
    frames = [read_frame(folder / f"r{index:03d}.exr") for index in range(count)]
    halves = [read_frame(folder / f"ref_{half}.exr").radiance for half in "ab"]
    denoisers = [
        lambda color, albedo, normal: np.array(mitsuba_oidn.denoise(color, hdr=True)),
        lambda color, albedo, normal: np.array(mitsuba_oidn.denoise(color, albedo, normal, hdr=True)),
    ]
    whole = mean_frame(frames)
    candidates = [whole.radiance, *(denoise(whole.radiance, whole.albedo, whole.normal) for denoise in denoisers)]
    best = min(relmse_halves(candidate, *halves) for candidate in candidates)
    result = mcdenoise.combine(frames, denoisers)
    # With other seeds 0.91 to 0.94 of the best candidate's error in the one scene, 0.72 to 0.90 in the other.
    assert relmse_halves(result.radiance, *halves) < 0.97 * best
