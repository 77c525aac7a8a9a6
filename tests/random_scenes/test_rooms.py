"""Rooms: furniture stands in them, not in each other, and a camera has a place."""

import numpy as np
import pytest

from mcdenoise.random_scenes import rooms
from mcdenoise.random_scenes.meshes import box
from mcdenoise.random_scenes.parts import Part, Rgb, Thing
from mcdenoise.random_scenes.rooms import Room, interior
from mcdenoise.random_scenes.shell import Opening, empty_shell

SEEDS = range(16)
GREY = {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.5)}


def block(wide, deep, tall):
    return Thing("block", (Part(box((wide, deep, tall), 0.0, (0, 0, tall / 2)), GREY),), (wide, deep, tall))


@pytest.fixture(scope="module")
def compositions():
    return [interior(np.random.default_rng(seed)) for seed in SEEDS]


def test_all_kinds_of_room_and_light_occur(compositions):
    assert len({composition.name for composition in compositions}) >= 6
    lights = {name for composition in compositions for name in composition.elements if name.startswith("light: ")}
    assert len(lights) >= 4


def test_every_room_has_light_a_camera_and_what_it_says(compositions):
    for composition in compositions:
        lit = composition.emitters or any(part.emitter is not None for part in composition.parts)
        assert lit, composition.name
        assert composition.cameras, composition.name
        assert len(composition.elements) >= 2


def test_cameras_stand_clear_in_the_room(compositions):
    for composition in compositions:
        floor = np.concatenate(
            [world_points(part) for part in composition.parts if getattr(part.shape, "points", None) is not None]
        )
        for camera in composition.cameras:
            eye = np.array(camera.eye)
            assert 0.15 < eye[2] < 6.5
            assert camera.focus_distance == pytest.approx(np.linalg.norm(np.array(camera.target) - eye))
            assert np.linalg.norm(floor - eye, axis=1).min() > 0.12
            assert 20 < camera.fov_degrees < 90


def test_things_on_the_floor_do_not_meet():
    rng = np.random.default_rng(1)
    room = Room(empty_shell(5.0, 6.0, 2.6, 0.2))
    placed = [room.anywhere(rng, block(*rng.uniform(0.3, 1.2, 3))) for _ in range(20)]
    placed += [room.against_wall(rng, block(*rng.uniform(0.3, 1.2, 3))) for _ in range(20)]
    assert 8 < sum(placed) < 40, "many find a place, not all"
    assert len(room.taken) == sum(placed)
    for i, one in enumerate(room.taken):
        assert -2.5 <= one.x0 < one.x1 <= 2.5
        assert -3.0 <= one.y0 < one.y1 <= 3.0
        for other in room.taken[i + 1 :]:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert apart


@pytest.mark.parametrize("number", range(4))
def test_what_stands_against_a_wall_has_its_back_to_it_and_leaves_doors_free(number):
    rng = np.random.default_rng(2)
    room = Room(empty_shell(5.0, 6.0, 2.6, 0.2))
    wall = room.shell.walls[number]
    wall.openings.append(Opening(-0.6, 0.6, 0.0, 2.1, "door"))
    for _ in range(6):
        room.against_wall(rng, block(0.8, 0.4, 1.8), wall)
    assert room.parts
    for part in room.parts:
        points = (np.linalg.inv(wall.to_room) @ np.c_[world_points(part), np.ones(24)].T)[:3].T
        assert -0.07 <= points[:, 1].max() <= 0
        assert points[:, 0].min() >= 0.6 or points[:, 0].max() <= -0.6


def test_low_things_may_stand_under_windows_and_high_ones_not():
    rng = np.random.default_rng(3)
    room = Room(empty_shell(5.0, 6.0, 2.6, 0.2))
    wall = room.shell.walls[0]
    wall.openings.append(Opening(-2.5, 2.5, 0.9, 2.0, "window"))
    assert room.against_wall(rng, block(1.0, 0.4, 0.8), wall)
    assert not room.against_wall(rng, block(1.0, 0.4, 1.2), wall)


def test_what_hangs_does_not_cover_what_hangs():
    rng = np.random.default_rng(4)
    room = Room(empty_shell(3.0, 3.0, 2.6, 0.2))
    for _ in range(30):
        room.hang(rng, block(0.7, 0.05, 0.6), 1.1, 1.7)
    for wall in room.shell.walls:
        for i, (a, b, c, d) in enumerate(wall.taken):
            for e, f, g, h in wall.taken[i + 1 :]:
                assert b <= e or f <= a or d <= g or h <= c


def test_the_same_seed_gives_the_same_room():
    one, other = (interior(np.random.default_rng(7)) for _ in range(2))
    assert one.elements == other.elements
    assert one.cameras == other.cameras
    for a, b in zip(one.parts, other.parts, strict=True):
        np.testing.assert_array_equal(a.to_world, b.to_world)


def test_windows_leave_wall_above_and_beside_them():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shell = empty_shell(rng.uniform(2, 8), rng.uniform(3, 10), rng.uniform(2.3, 5), 0.2)
        rooms._cut_windows(rng, shell, int(rng.integers(0, 7)))
        rooms._cut_doors(rng, shell, 3)
        for wall in shell.walls:
            for o in wall.openings:
                assert -wall.length / 2 < o.x0 < o.x1 < wall.length / 2
                assert 0 <= o.z0 < o.z1 < shell.height
            for i, o in enumerate(wall.openings):
                for p in wall.openings[i + 1 :]:
                    assert o.x1 <= p.x0 or p.x1 <= o.x0 or o.z1 <= p.z0 or p.z1 <= o.z0


def test_dining_tables_have_chairs_of_one_kind():
    rng = np.random.default_rng(11)
    room = Room(empty_shell(5.0, 6.0, 2.6, 0.2))
    rooms._dining(rng, room, 0.0, 0.0)
    names = {function.__name__.replace("_", " ") for function in rooms._DINING_CHAIRS}
    chairs = [name for name in room.elements if name in names or "chair" in name]
    assert len(chairs) >= 2
    assert len(set(chairs)) == 1


def world_points(part):
    points = part.shape.points
    return (part.to_world @ np.c_[points, np.ones(len(points))].T)[:3].T
