"""Frames, and the mean of frames."""

import numpy as np
import pytest

from mcdenoise.frame import Frame, mean_frame


def frame(rng, height=4, width=6, features=True, **attributes):
    image = lambda: rng.random((height, width, 3)).astype(np.float32)  # noqa: E731
    if not features:
        return Frame(image(), attributes=attributes)
    return Frame(image(), image(), image(), rng.random((height, width)).astype(np.float32), attributes)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_size_is_width_then_height(rng):
    assert frame(rng, height=4, width=6).size == (6, 4)


def test_the_mean_weighs_every_frame_by_its_samples(rng):
    a, b = frame(rng, spp=2), frame(rng, spp=6)
    mean = mean_frame([a, b])
    for name in ("radiance", "albedo", "normal", "depth"):
        expected = 0.25 * getattr(a, name) + 0.75 * getattr(b, name)
        np.testing.assert_allclose(getattr(mean, name), expected, rtol=1e-6)
        assert getattr(mean, name).dtype == np.float32
    assert mean.attributes["spp"] == 8


def test_without_known_samples_every_frame_weighs_the_same(rng):
    a, b = frame(rng, spp=2), frame(rng)
    np.testing.assert_allclose(mean_frame([a, b]).radiance, (a.radiance + b.radiance) / 2, rtol=1e-6)
    assert mean_frame([b, a]).attributes == {}


def test_the_mean_of_frames_equals_the_mean_of_means(rng):
    a, b, c = (frame(rng, spp=spp) for spp in (1, 3, 4))
    nested = mean_frame([mean_frame([a, b]), c])
    flat = mean_frame([a, b, c])
    np.testing.assert_allclose(nested.radiance, flat.radiance, rtol=1e-6)
    assert nested.attributes["spp"] == flat.attributes["spp"] == 8


def test_a_feature_that_one_frame_lacks_is_dropped(rng):
    mean = mean_frame([frame(rng), frame(rng, features=False)])
    assert (mean.albedo, mean.normal, mean.depth) == (None, None, None)


def test_the_mean_keeps_its_inputs_as_they_were(rng):
    a, b = frame(rng, spp=2, scene="hall"), frame(rng, spp=6)
    before = a.radiance.copy()
    assert mean_frame([a, b]).attributes["scene"] == "hall"
    assert a.attributes == {"spp": 2, "scene": "hall"}
    np.testing.assert_array_equal(a.radiance, before)


def test_frames_of_different_sizes_are_refused(rng):
    with pytest.raises(ValueError, match="one size"):
        mean_frame([frame(rng, height=4), frame(rng, height=5)])


def test_no_frames_are_refused():
    with pytest.raises(ValueError, match="no frames"):
        mean_frame([])
