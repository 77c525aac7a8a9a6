"""Previews are judged for what makes a picture useless, whatever its exposure."""

import numpy as np
import pytest

from mcdenoise.random_scenes.composition import Viewpoint
from mcdenoise.random_scenes.judge import camera_matrix, horizontal_fov, judged

VIEW = Viewpoint((0.0, -4.0, 1.5), (0.0, 0.0, 1.5), 60.0, 4.0)


def preview(seed=0):
    """A good one: six boxes of differing brightness, colour, depth and facing, seen from the front."""
    rng = np.random.default_rng(seed)
    cells = np.repeat(np.repeat(np.arange(12).reshape(3, 4), 16, 0), 16, 1)
    image = np.zeros((48, 64, 10))
    image[..., :3] = np.exp2(rng.uniform(-2, 2, 12))[cells][..., None]
    image[..., 3:6] = rng.uniform(0, 1, (12, 3))[cells]
    image[..., 6:9] = (0, -1, 0)
    image[..., 9] = rng.uniform(2, 6, 12)[cells]
    return image


@pytest.mark.parametrize("gain", [1e-4, 1.0, 1e4])
def test_a_good_view_is_good_at_any_exposure(gain):
    image = preview()
    image[..., :3] *= gain
    verdict = judged(image, VIEW)
    assert verdict.fault == ""
    assert verdict.exposure * gain == pytest.approx(judged(preview(), VIEW).exposure)


def test_what_makes_a_picture_useless_is_named():
    black = preview()
    black[..., :3] = 0
    spots = preview()
    spots[10:, :, :3] = 0
    blown = preview()
    blown[:16, :, :3] *= 3000
    flat = preview()
    flat[..., :3] = 1.0
    plain = preview()
    plain[..., 3:6], plain[..., 9] = 0.5, 3.0
    past = preview()
    past[:40, :, 9] = 0
    near = preview()
    near[:16, :, 9] = 0.1
    inside = preview()
    inside[..., 6:9] = (0, 1, 0)
    faults = [judged(image, VIEW).fault for image in (black, spots, blown, flat, plain, past, near, inside)]
    assert faults == [
        "black",
        "black",
        "blown out",
        "nearly uniform",
        "nearly uniform",
        "looks past the scene",
        "too close to an object",
        "inside an object",
    ]


def test_noise_alone_is_no_contrast():
    noisy = preview()
    noisy[..., :3] = np.random.default_rng(1).gamma(4.0, 0.25, (48, 64, 1))  # half the mean
    assert judged(noisy, VIEW).fault == "nearly uniform"


def test_pixels_that_are_not_finite_do_not_decide():
    image = preview()
    image[0, 0, :3] = np.nan
    image[5, 5, :3] = np.inf
    assert judged(image, VIEW).fault == ""


def test_the_camera_is_mitsubas_look_at():
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    for eye, target in (((1, 2, 3), (-1, 0.5, 2)), ((0, -4, 1.5), (0, 0, 1.5))):
        expected = np.array(mi.ScalarTransform4f().look_at(list(eye), list(target), [0, 0, 1]).matrix, dtype=float)
        np.testing.assert_allclose(camera_matrix(Viewpoint(eye, target, 50.0, 1.0)), expected, atol=1e-6)


def test_straight_down_has_a_camera_too():
    matrix = camera_matrix(Viewpoint((0, 0, 3), (0, 0, 0), 50.0, 3.0))
    np.testing.assert_allclose(matrix[:3, :3].T @ matrix[:3, :3], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(matrix[:3, 2], (0, 0, -1))


@pytest.mark.parametrize("size", [(400, 300), (300, 400)])
def test_the_field_of_view_is_along_the_longer_side(size):
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    film = {"type": "hdrfilm", "width": size[0], "height": size[1]}
    sensor = mi.load_dict({"type": "perspective", "fov": 60.0, "fov_axis": "larger", "film": film})
    assert float(mi.traverse(sensor)["x_fov"]) == pytest.approx(horizontal_fov(60.0, size), rel=1e-5)
