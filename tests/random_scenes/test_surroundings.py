"""Pictures of surroundings: light comes from where it is in them, and the same seed gives the same picture."""

from collections import Counter

import mitsuba as mi
import numpy as np
import pytest

from mcdenoise.random_scenes import products, surroundings
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.judge import camera_matrix
from mcdenoise.random_scenes.parts import Picture

LOOKS = {"along": (0, 1, 0), "right": (1, 0, 0), "back": (0, -1, 0), "up": (0, 0.1, 1), "down": (0, 0.1, -1)}


def seen(folder, emitter, look):
    """What a camera at the origin sees there, `[3]`."""
    film = {"type": "hdrfilm", "width": 8, "height": 8, "rfilter": {"type": "box"}}
    view = products.Viewpoint((0.0, 0.0, 0.0), tuple(map(float, look)), 10.0, 1.0)
    sensor = {"type": "perspective", "fov": 10.0, "to_world": camera_matrix(view), "film": film}
    write_scene(folder, {"integrator": {"type": "path"}, "camera": sensor, "surroundings": emitter}, [], "", "train")
    return np.array(mi.render(mi.load_file(str(folder / "scene.xml")), spp=8)).mean(axis=(0, 1))


def test_what_a_camera_sees_is_the_part_of_the_picture_that_lies_there(tmp_path, monkeypatch):
    """The picture of directions: each pixel's colour is where it is seen, halved and moved to be positive."""
    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    ways = Picture(0.5 + 0.5 * surroundings._directions(), hdr=True)
    monkeypatch.setattr(products, "surroundings", lambda rng: ("test", ways))
    for seed in range(3):
        emitter = products.in_surroundings(np.random.default_rng(seed)).emitters["surroundings"]
        found = {name: 2 * seen(tmp_path / f"{seed}{name}", emitter, look) - 1 for name, look in LOOKS.items()}
        # Turned around z alone, and not mirrored: right is a quarter turn clockwise of along, seen from above.
        assert found["up"][2] > 0.98
        assert found["down"][2] < -0.98
        assert np.dot(found["along"], found["back"]) < -0.98
        assert np.cross(found["right"], found["along"])[2] > 0.98


def test_the_sun_s_light_falls_on_what_faces_it():
    """In pictures with a sun, walls that face it are brighter than those that face away."""
    facing, others = [], []
    for seed in range(40):
        lights = [(np.array([1000.0, 0.0, 300.0]), np.full(3, 1e6))]
        box = np.array([2.0, 2.0, 2.0])
        picture = surroundings._plain(np.random.default_rng(seed))
        walls = [surroundings._Box(-box, box, picture, 2.0, inside=True)]
        found = surroundings._seen(surroundings._directions()[::16, ::16], walls, lights, np.full(3, 0.1))
        middle = found[found.shape[0] // 2]
        facing.append(middle[len(middle) // 4].mean())  # the wall at -x, whose inner side looks along +x
        others.append(middle[3 * len(middle) // 4].mean())
    assert min(np.array(facing) / others) > 2


@pytest.mark.parametrize("seed", range(6))
def test_pictures_are_finite_positive_and_the_same_for_the_same_seed(seed):
    kind, picture = surroundings.surroundings(np.random.default_rng(seed))
    assert picture.pixels.shape == (surroundings.HEIGHT, surroundings.WIDTH, 3)
    assert np.isfinite(picture.pixels).all()
    assert picture.pixels.min() > 0
    assert picture.pixels.max() < 65504  # half floats
    again = surroundings.surroundings(np.random.default_rng(seed))
    assert again[0] == kind
    assert np.array_equal(again[1].pixels, picture.pixels)


def test_all_kinds_occur_as_often_as_said(monkeypatch):
    for name in ("_room", "_open_air", "_studio"):
        monkeypatch.setattr(surroundings, name, lambda rng, ways: np.ones((4, 8, 3)))
    monkeypatch.setattr(surroundings, "_blurred", lambda radiance, sigma: radiance)
    monkeypatch.setattr(surroundings, "_directions", lambda: None)
    rng = np.random.default_rng(2)
    counts = Counter(surroundings.surroundings(rng)[0] for _ in range(2000))
    # 4 standard deviations of a share of a half are 0.045.
    assert counts["room"] / 2000 == pytest.approx(0.5, abs=0.045)
    assert counts["open air"] / 2000 == pytest.approx(0.37, abs=0.045)
