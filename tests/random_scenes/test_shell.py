"""A room is closed but for its openings, and faces inwards."""

import mitsuba as mi
import numpy as np
import pytest

from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.parts import Rgb, translation
from mcdenoise.random_scenes.shell import Opening, Wall, boards, empty_shell, glow, panel, shell_parts, window_frame

GREY = {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.5)}


def area(mesh):
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


def scene_of(parts, folder, emitters=()):
    mi.set_variant("scalar_rgb")
    sensor = {"type": "perspective", "film": {"type": "hdrfilm", "width": 4, "height": 4}}
    write_scene(folder, {"integrator": {"type": "path"}, "camera": sensor, **dict(emitters)}, parts, "test", "train")
    return mi.load_file(str(folder / "scene.xml"))


def rays_that_escape(scene, count=500):
    rng = np.random.default_rng(5)
    escaped, facing = [], []
    for _ in range(count):
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        hit = scene.ray_intersect(mi.Ray3f(mi.Point3f(0.1, -0.2, 1.1), mi.Vector3f(*way.tolist())))
        escaped.append(not hit.is_valid())
        if hit.is_valid():
            facing.append(float(np.dot(np.array(hit.n), way)))
    return np.array(escaped), np.array(facing)


def test_a_panel_has_the_area_of_the_wall_without_its_openings():
    openings = [Opening(-1.0, 0.2, 0.8, 2.0, "window"), Opening(0.7, 1.6, 0.0, 2.1, "door")]
    front, reveals = panel((-2.0, 2.0), (0.0, 2.6), 0.3, openings)
    assert area(front) == pytest.approx(4.0 * 2.6 - 1.2 * 1.2 - 0.9 * 2.1)
    assert area(reveals) == pytest.approx(0.3 * (4 * 1.2 + 2 * 0.9 + 2 * 2.1))
    np.testing.assert_allclose(front.normals, [[0, -1, 0]] * len(front.normals), atol=1e-12)
    np.testing.assert_allclose(front.uvs, front.points[:, [0, 2]])


def test_a_room_without_openings_is_closed_and_faces_inwards(tmp_path):
    shell = empty_shell(4.0, 5.0, 2.5, 0.2)
    escaped, facing = rays_that_escape(scene_of(shell_parts(shell, GREY, GREY, 0, GREY, GREY, GREY), tmp_path))
    assert not escaped.any()
    assert (facing < 0).all()


@pytest.mark.parametrize("number", range(4))
def test_one_escapes_only_through_an_opening(tmp_path, number):
    shell = empty_shell(4.0, 5.0, 2.5, 0.2)
    wall = shell.walls[number]
    wall.openings.append(Opening(-0.8, 0.9, 0.6, 2.0, "window"))
    open_room = scene_of(shell_parts(shell, GREY, GREY, 0, GREY, GREY, GREY), tmp_path / "open")
    escaped, facing = rays_that_escape(open_room)
    assert 0 < escaped.mean() < 0.2
    assert (facing < 0).all(), "the reveals face the opening"
    towards = np.array([-np.sin(np.radians(wall.angle)), np.cos(np.radians(wall.angle)), 0.0])
    middle = wall.to_room @ [0.0, 0.0, 1.3, 1.0]
    assert np.dot(middle[:3], towards) == pytest.approx(wall.distance)


def test_a_glowing_window_lights_the_room(tmp_path):
    shell = empty_shell(4.0, 5.0, 2.5, 0.2)
    opening = Opening(-0.8, 0.9, 0.6, 2.0, "window")
    shell.walls[0].openings.append(opening)
    light = glow(opening, 0.2, Rgb(3.0, 3.0, 3.0))
    parts = shell_parts(shell, GREY, GREY, 0, GREY, GREY, GREY)
    scene = scene_of([*parts, _at(light, shell.walls[0])], tmp_path)
    escaped, _ = rays_that_escape(scene)
    assert not escaped.any()
    hit = scene.ray_intersect(mi.Ray3f(mi.Point3f(0, 0, 1.2), mi.Vector3f(0, 1, 0)))
    assert hit.emitter(scene) is not None
    assert np.array(hit.emitter(scene).eval(hit)) == pytest.approx([3.0] * 3)


def test_frames_fill_their_opening_and_boards_leave_openings_free():
    rng = np.random.default_rng(0)
    opening = Opening(-0.8, 0.9, 0.6, 2.0, "window")
    (frame,) = window_frame(rng, opening, 0.3, GREY)
    low, high = frame.shape.points.min(0), frame.shape.points.max(0)
    assert low[0] <= -0.8
    assert high[0] >= 0.9
    assert high[2] == pytest.approx(2.0)
    shell = empty_shell(4.0, 5.0, 2.5, 0.2)
    shell.walls[0].openings.append(Opening(-0.5, 0.5, 0.0, 2.1, "door"))
    shell.walls[0].openings.append(Opening(0.2, 1.0, 0.6, 2.3, "window"))
    for low, high, left, right in (
        (0.0, 0.1, -0.5, 0.5),
        (0.4, 0.8, -0.5, 1.0),
        (2.2, 2.5, 0.2, 1.0),
        (2.4, 2.5, 0, 0),
    ):
        x = boards(shell, low, high, 0.02, GREY)[0].shape.points[:, 0]
        ends = [-2.0, 2.0] if left == right else [-2.0, left, right, 2.0]
        assert sorted(set(x.round(6))) == ends


def test_a_stretch_of_wall_is_free_only_beside_what_is_there():
    wall = Wall(0.0, 4.0, 2.0, [Opening(-1.0, 0.0, 0.8, 2.0, "window")], [(0.5, 1.5, 0.0, 0.9)])
    assert wall.free(-1.0, 0.0, 0.0, 0.7)
    assert not wall.free(-1.0, 0.0, 0.0, 0.9)
    assert not wall.free(1.0, 1.8, 0.5, 1.0)
    assert wall.free(0.5, 1.5, 1.0, 2.0)
    assert not wall.free(1.5, 2.1, 0.0, 1.0), "beyond its end"


def _at(part, wall):
    from mcdenoise.random_scenes.parts import moved_part

    return moved_part(part, wall.to_room @ translation())
