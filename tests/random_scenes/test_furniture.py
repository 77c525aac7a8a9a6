"""Furniture, storage and parts of buildings: their measures, surfaces and meshes for many seeds."""

import numpy as np
import pytest
import thing_checks

from mcdenoise.random_scenes import building, furniture, storage
from mcdenoise.random_scenes.parts import Rgb

FLUX = Rgb(3.0, 2.0, 1.0)
SEEDS = 30


def counter_of_any_length(rng):
    return storage.counter(rng, float(rng.uniform(0.6, 4.5)))


def stairs_of_any_rise(rng):
    return building.stairs(rng, float(rng.uniform(0.5, 3.4)))


def lit_television(rng):
    return furniture.television(rng, FLUX)


def lit_fireplace(rng):
    return building.fireplace(rng, FLUX)


# How wide, deep and high a thing may be, in metres: (least, most) of each.
MEASURES = {
    furniture.dining_table: ((1.2, 2.5), (0.7, 1.1), (0.7, 0.8)),
    furniture.coffee_table: ((0.6, 1.5), (0.4, 0.9), (0.3, 0.5)),
    furniture.round_table: ((0.65, 1.45), (0.65, 1.45), (0.7, 0.8)),
    furniture.side_table: ((0.3, 0.7), (0.25, 0.7), (0.45, 0.66)),
    furniture.console_table: ((0.9, 1.6), (0.28, 0.5), (0.74, 0.91)),
    furniture.desk: ((1.1, 1.9), (0.55, 0.9), (0.7, 0.77)),
    furniture.wooden_chair: ((0.4, 0.65), (0.4, 0.7), (0.75, 1.05)),
    furniture.upholstered_chair: ((0.44, 0.75), (0.45, 0.75), (0.75, 1.0)),
    furniture.shell_chair: ((0.43, 0.55), (0.4, 0.6), (0.7, 0.9)),
    furniture.stool: ((0.28, 0.6), (0.28, 0.6), (0.4, 0.54)),
    furniture.bar_stool: ((0.28, 0.6), (0.28, 0.6), (0.64, 0.81)),
    furniture.bench: ((0.95, 1.8), (0.3, 0.5), (0.4, 0.56)),
    furniture.office_chair: ((0.5, 0.75), (0.5, 0.8), (0.8, 1.25)),
    furniture.sofa: ((1.0, 3.7), (0.75, 1.8), (0.5, 1.0)),
    furniture.armchair: ((0.5, 1.4), (0.55, 1.1), (0.5, 1.0)),
    furniture.bed: ((0.9, 2.0), (2.0, 2.35), (0.4, 1.4)),
    furniture.rug: ((1.1, 3.4), (0.55, 2.45), (0.005, 0.02)),
    furniture.television: ((0.7, 1.6), (0.02, 0.4), (0.45, 1.1)),
    lit_television: ((0.7, 1.6), (0.02, 0.4), (0.45, 1.1)),
    storage.bookshelf: ((0.45, 1.65), (0.2, 0.45), (0.75, 2.3)),
    storage.sideboard: ((1.0, 2.1), (0.3, 0.6), (0.48, 0.92)),
    storage.dresser: ((0.55, 1.4), (0.38, 0.6), (0.68, 1.12)),
    storage.nightstand: ((0.34, 0.6), (0.3, 0.55), (0.38, 0.62)),
    storage.cabinet: ((0.55, 1.2), (0.33, 0.55), (1.05, 1.65)),
    storage.wardrobe: ((0.85, 2.3), (0.5, 0.75), (1.85, 2.35)),
    counter_of_any_length: ((0.6, 4.51), (0.6, 0.75), (0.86, 2.35)),
    building.column: ((0.15, 0.85), (0.15, 0.85), (2.2, 4.01)),
    building.plinth: ((0.25, 0.51), (0.25, 0.51), (0.4, 1.21)),
    building.door: ((0.89, 0.95), (0.1, 1.1), (2.04, 2.06)),
    building.fireplace: ((1.1, 1.8), (0.5, 0.95), (1.0, 1.3)),
    lit_fireplace: ((1.1, 1.8), (0.5, 0.95), (1.0, 1.3)),
    building.bathtub: ((1.5, 2.0), (0.68, 0.95), (0.55, 1.1)),
    building.wash_basin: ((0.45, 0.8), (0.3, 0.65), (0.85, 1.35)),
}
ON_WALLS = {
    storage.wall_shelf: ((0.5, 1.41), (0.14, 0.29), (0.02, 1.3)),
    building.radiator: ((0.45, 1.45), (0.08, 0.2), (0.5, 0.85)),
}
ALL = [*MEASURES, *ON_WALLS]


def names(makers):
    return [maker.__name__ for maker in makers]


@pytest.fixture
def plain(monkeypatch):
    thing_checks.with_plain_materials(monkeypatch)


@pytest.mark.parametrize("maker", ALL, ids=names(ALL))
def test_a_thing_fits_its_box_and_has_real_measures(plain, maker):
    wall = maker in ON_WALLS
    seen = set()
    for seed in range(SEEDS):
        thing = maker(np.random.default_rng(seed))
        thing_checks.check_form(thing, wall)
        points = np.concatenate([thing_checks.corners(part) for part in thing.parts])
        assert abs(points[:, 2].min()) < 1e-6, "it stands on the floor"
        for size, (least, most) in zip(thing.size, {**MEASURES, **ON_WALLS}[maker], strict=True):
            assert least - 0.02 <= size <= most + 0.02, (maker.__name__, seed, thing.size)
        seen.add(thing_checks.content(thing))
    assert len(seen) == SEEDS, "no two seeds give the same thing"
    assert thing_checks.content(maker(np.random.default_rng(3))) == thing_checks.content(
        maker(np.random.default_rng(3))
    )


@pytest.mark.parametrize("kind", ["straight", "landing", "spiral"])
def test_stairs_reach_their_rise(plain, kind):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rise = float(rng.uniform(1.2, 3.4))
        thing = building.stairs(rng, rise, kind)
        thing_checks.check_form(thing)
        treads = thing.parts[0]
        assert abs(thing_checks.corners(treads)[:, 2].max() - rise) < 1e-6, (
            "the last tread is level with the floor above"
        )
        assert rise - 1e-6 <= thing.size[2] <= rise + 1.1


def test_a_straight_flight_ends_at_the_far_side_of_its_box(plain):
    for seed in range(10):
        thing = building.stairs(np.random.default_rng(seed), 2.6, "straight")
        points = thing_checks.corners(thing.parts[0])
        last = points[points[:, 2] > 2.6 - 1e-6]
        assert abs(last[:, 1].max() - thing.size[1] / 2) < 0.03


WITH_SURFACES = [
    *(maker for maker in MEASURES if maker(np.random.default_rng(0)).surfaces),
    furniture.stool,
    furniture.bar_stool,
    furniture.bench,
    furniture.wooden_chair,
    storage.wall_shelf,
]


@pytest.mark.parametrize("maker", WITH_SURFACES, ids=names(WITH_SURFACES))
def test_surfaces_are_the_top_of_something_and_free_above(plain, maker, tmp_path):
    for seed in range(4):
        thing_checks.check_surfaces(maker(np.random.default_rng(seed)), tmp_path / str(seed))


def test_tables_and_storage_have_surfaces(plain):
    for maker in (*furniture.TABLES, *furniture.STORAGE, building.plinth, counter_of_any_length):
        for seed in range(5):
            if maker is not counter_of_any_length:
                assert maker(np.random.default_rng(seed)).surfaces, maker.__name__


def test_bookshelves_and_counters_take_the_size_that_a_room_gives(plain):
    for seed in range(10):
        shelf = storage.bookshelf(np.random.default_rng(seed), 1.2, 2.0)
        assert abs(shelf.size[0] - 1.2) < 0.03
        assert abs(shelf.size[2] - 2.0) < 0.03
        assert abs(storage.counter(np.random.default_rng(seed), 2.7).size[0] - 2.7) < 0.01


def test_a_door_takes_the_size_of_its_doorway(plain):
    for seed in range(10):
        door = building.door(np.random.default_rng(seed), 1.0, 2.2)
        frame = thing_checks.corners(door.parts[0])
        np.testing.assert_allclose(np.ptp(frame[:, 0]), 1.0, atol=1e-6)
        np.testing.assert_allclose(np.ptp(frame[:, 2]), 2.2, atol=1e-6)


def test_all_load_and_render_with_their_materials(tmp_path):
    things = [maker(np.random.default_rng(1)) for maker in (*ALL, stairs_of_any_rise)]
    thing_checks.check_renders(things, tmp_path / "scene")
