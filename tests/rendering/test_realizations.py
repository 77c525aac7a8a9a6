"""Realizations: unbiased, independent, and the same bytes again."""

import itertools

import numpy as np
import pytest
from tiny_scenes import OBJECTS, film_xml, scene_xml

from mcdenoise.exr import read_frame
from mcdenoise.rendering import farm
from mcdenoise.rendering.farm import FrameRendered, RenderOptions, SceneFailed
from mcdenoise.rendering.seeds import base_seed

WIDTH, HEIGHT, SPP = 40, 40, 4
PIXELS = WIDTH * HEIGHT


@pytest.fixture
def render(scalar):
    from mcdenoise.rendering.realization import render

    return render


@pytest.fixture(scope="module")
def scene_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("statistics") / "scene.xml"
    path.write_text(scene_xml(film=film_xml(WIDTH, HEIGHT)))
    return path


def luminances(render, loaded, spp, base, indices):
    return np.array([render(loaded, spp, base, index)[0].radiance.mean(axis=-1) for index in indices], dtype=np.float64)


@pytest.fixture(scope="module")
def statistics(scene_file):
    """(16 realizations, reference, standard deviation of one realization), all of their own seeds."""
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    from mcdenoise.rendering import scene
    from mcdenoise.rendering.realization import render

    loaded = scene.load(scene_file, None, "box", scene.digest(scene_file))
    realizations = luminances(render, loaded, SPP, base_seed("ball", 0, SPP, 0), range(2, 18))
    others = luminances(render, loaded, SPP, base_seed("ball", 0, SPP, 1), range(2, 66))
    reference = luminances(render, loaded, 256, base_seed("ball", 0, SPP, 2), range(8)).mean(axis=0)
    return realizations, reference, others.std(axis=0, ddof=1)


def test_errors_of_two_realizations_are_uncorrelated(statistics):
    realizations, reference, deviation = statistics
    noisy = deviation > 1e-3 * reference.mean()
    errors = ((realizations - reference) / np.maximum(deviation, 1e-12))[:, noisy]
    errors = np.clip(errors, -3, 3)  # a firefly shall not decide alone
    count = int(noisy.sum())
    assert count > 0.5 * PIXELS
    correlations = []
    for first, second in itertools.combinations(errors, 2):
        correlations.append((first * second).mean() / np.sqrt((first**2).mean() * (second**2).mean()))
    # For independent errors a correlation over n pixels has standard deviation 1 / sqrt(n). Of 120 pairs the largest is
    # below 4.5 of them but for a chance of 1 in 1000; their mean is 11 times steadier.
    assert np.abs(correlations).max() < 4.5 / np.sqrt(count)
    assert abs(np.mean(correlations)) < 4 / np.sqrt(count * len(correlations)) + 1 / 512  # the reference's own noise


def test_errors_of_neighbouring_pixels_are_uncorrelated_with_the_box_filter(statistics):
    realizations, reference, deviation = statistics
    errors = np.clip((realizations - reference) / np.maximum(deviation, 1e-3 * reference.mean()), -3, 3)
    for first, second in ((errors[:, 1:], errors[:, :-1]), (errors[..., 1:], errors[..., :-1])):
        correlation = (first * second).mean() / (errors**2).mean()
        assert abs(correlation) < 4 / np.sqrt(first.size)  # standard deviation 1 / sqrt(n)


def test_the_error_of_a_mean_falls_as_its_samples_grow(statistics):
    realizations, reference, deviation = statistics
    noisy = deviation > 0
    weight = np.where(noisy, 1 / np.maximum(deviation, 1e-3 * reference.mean()), 0)
    one = (((realizations - reference) * weight) ** 2).mean()
    for count in (4, 16):
        means = realizations.reshape(-1, count, HEIGHT, WIDTH).mean(axis=1)
        ratio = count * (((means - reference) * weight) ** 2).mean() / one
        # 1 is expected, plus count / 512 by the reference's own noise. Each of the n = 1600 terms of the mean of 16 is
        # a squared error with relative deviation sqrt(2) or, with heavy tails, somewhat more: 4 * 1.6 / 40 = 0.16.
        assert ratio == pytest.approx(1 + count / 512, abs=0.16)


def test_realizations_are_unbiased(statistics, scene_file):
    """Against Mitsuba's own render of the same scene, made without any of our code at all."""
    import mitsuba as mi

    realizations, _, deviation = statistics
    scene = mi.load_file(str(scene_file))
    plain = np.mean(
        [np.array(mi.render(scene, spp=128, seed=seed))[..., :3].mean(axis=-1) for seed in (77, 99)], axis=0
    )
    blocks = lambda image: image.reshape(10, 4, 10, 4).mean(axis=(1, 3))  # noqa: E731
    difference = blocks(realizations.mean(axis=0) - plain)
    variance = blocks(deviation**2) / 16 * (1 / len(realizations) + SPP / 256)
    scores = difference / np.sqrt(np.maximum(variance, 1e-12))
    # 100 blocks: the mean of the scores has deviation 0.1, the mean of their squares (expected 1) about 0.15.
    assert abs(scores.mean()) < 0.4
    assert (scores**2).mean() < 1.6


# Passes


@pytest.mark.parametrize("variant", ["scalar_rgb", "llvm_ad_rgb", "cuda_ad_rgb"])
@pytest.mark.parametrize("spp", [1, 2, 3, 7, 8, 100, 1023, 4096])
@pytest.mark.parametrize("pixels", [1, 9 * 7, 640 * 480, 2**24, 2**26])
def test_passes_add_up_and_are_powers_of_two_where_bytes_depend_on_it(scalar, variant, spp, pixels):
    from mcdenoise.rendering.realization import MAX_CUDA_SPP_IN_A_PASS, MAX_SAMPLES_IN_A_PASS, passes

    parts = passes(spp, pixels, variant)
    assert sum(parts) == spp
    if variant == "scalar_rgb":
        assert parts == [spp]
        return
    assert all(part & (part - 1) == 0 and part > 0 for part in parts)
    assert all(part == 1 or part * pixels <= MAX_SAMPLES_IN_A_PASS for part in parts)
    if variant == "cuda_ad_rgb":
        assert max(parts) <= MAX_CUDA_SPP_IN_A_PASS


def test_too_many_passes_are_refused(render, load, monkeypatch):
    from mcdenoise.rendering import realization

    monkeypatch.setattr(realization, "MAX_PASSES", 0)
    with pytest.raises(ValueError, match="passes"):
        render(load(), 4, 0, 2)


# Values that are not finite


def test_a_pixel_without_finite_radiance_takes_its_neighbours_mean(scalar):
    from mcdenoise.rendering.realization import _without_invalid

    radiance = np.arange(36, dtype=np.float64).reshape(3, 4, 3)
    radiance[1, 1] = np.nan
    radiance[0, 3, 2] = np.inf
    fixed, invalid = _without_invalid(radiance)
    assert invalid == 2
    assert np.isfinite(fixed).all()
    near = [radiance[y, x] for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    np.testing.assert_allclose(fixed[1, 1], np.mean(near, axis=0), rtol=1e-6)
    untouched = np.isfinite(radiance).all(axis=-1)
    np.testing.assert_array_equal(fixed[untouched], radiance[untouched].astype(np.float32))


# The same bytes again


def frames_of(source, out, variant, **options):
    """Render in a process of its own; returns the bytes of every file by its path below `out`."""
    events = list(farm.render([source], out, variant, RenderOptions(**options)))
    assert not [event for event in events if isinstance(event, SceneFailed)]
    assert [event for event in events if isinstance(event, FrameRendered)]
    return {str(file.relative_to(out)): file.read_bytes() for file in sorted(out.rglob("*.exr"))}


def test_a_rerun_gives_the_same_bytes_in_scalar(write_scene, tmp_path):
    options = {"spp": 7, "size": (37, 21), "views": 2, "realizations": 2, "reference_spp": 9}
    first = frames_of(write_scene(), tmp_path / "one", "scalar_rgb", **options)
    second = frames_of(write_scene(), tmp_path / "two", "scalar_rgb", **options)
    assert len(first) == 8
    assert first == second
    assert len(set(first.values())) == 8, "and no two frames are the same"


def test_llvm_gives_the_same_bytes_again_and_what_scalar_gives(write_scene, tmp_path, llvm):
    """spp 7 is three passes, the size fills no packet, and volpath is a loop in which threads could change places."""
    source = write_scene(integrator='<integrator type="volpath"><integer name="max_depth" value="4"/></integrator>')
    options = {"spp": 7, "size": (37, 21), "views": 2, "realizations": 2}
    first = frames_of(source, tmp_path / "one", llvm, **options)
    second = frames_of(source, tmp_path / "two", llvm, **options)
    assert first == second
    assert len(set(first.values())) == 4

    frames_of(source, tmp_path / "scalar", "scalar_rgb", **options | {"spp": 64})
    for view in ("view000", "view001"):
        ours = [read_frame(tmp_path / "one" / "ball" / view / f"r00{k}.exr") for k in (0, 1)]
        scalar = read_frame(tmp_path / "scalar" / "ball" / view / "r000.exr")
        # Depth has no noise but at edges: the median tells whether both stand in the same place.
        hit = scalar.depth > 0
        assert np.median(np.abs(ours[0].depth[hit] / scalar.depth[hit] - 1)) < 0.02
        mean = np.mean([frame.radiance.mean() for frame in ours])
        assert mean == pytest.approx(scalar.radiance.mean(), rel=0.1)  # noise of 14 spp over 777 pixels: below 3%


def test_equal_lamps_keep_their_order(load):
    """Their order is that in which random numbers choose among them: by address in memory it would change every run."""
    lamp = """<shape type="cube"><transform name="to_world"><scale value="0.1"/><translate x="{x}" z="2"/></transform>
        <emitter type="area"><rgb name="radiance" value="6, 5, 4"/></emitter></shape>"""
    places = [3, 1, 4, 15, 9, 2, 6, 5, 35, 8, 97, 93]
    loaded = load(objects=OBJECTS + "".join(lamp.format(x=x) for x in places))
    found = [np.array(emitter.bbox().center()).ravel()[0] for emitter in loaded.scene.emitters()]
    assert np.round(found).astype(int).tolist() == [0, *places]
