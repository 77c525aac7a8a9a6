"""Curtains, blinds, pictures, mirrors: they keep to their window, hang on the wall, and cover what they should."""

import numpy as np
import pytest
import thing_checks

from mcdenoise.random_scenes import hangings
from mcdenoise.random_scenes.parts import Thing

WINDOWS = (
    hangings.curtain,
    hangings.venetian_blind,
    hangings.roller_blind,
    hangings.vertical_blind,
    hangings.shutters,
    hangings.blind,
)
ON_WALLS = (hangings.picture_frame, hangings.poster, hangings.wall_mirror, hangings.clock)


def names(makers):
    return [maker.__name__ for maker in makers]


@pytest.fixture
def plain(monkeypatch):
    thing_checks.with_plain_materials(monkeypatch)


@pytest.mark.parametrize("maker", WINDOWS, ids=names(WINDOWS))
def test_what_covers_a_window_keeps_to_its_width_and_height(plain, maker):
    seen = set()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        width, height = float(rng.uniform(0.5, 3.0)), float(rng.uniform(0.6, 2.7))
        thing = maker(rng, width, height)
        thing_checks.check_form(thing, wall=True)
        assert thing.size[0] <= width + 1e-6
        assert thing.size[2] == height
        assert thing.size[1] < (1.6 if thing.name == "shutters" else 0.25)
        points = np.concatenate([thing_checks.corners(part) for part in thing.parts])
        assert abs(points[:, 2].max() - height) < 0.02, "it hangs from the top"
        seen.add(thing_checks.content(thing))
    assert len(seen) == 30


@pytest.mark.parametrize("maker", ON_WALLS, ids=names(ON_WALLS))
def test_what_hangs_on_a_wall_has_real_measures(plain, maker):
    seen = set()
    for seed in range(30):
        thing = maker(np.random.default_rng(seed))
        thing_checks.check_form(thing, wall=True)
        assert 0.15 < thing.size[0] < 1.3
        assert 0.1 < thing.size[2] < 2.0
        assert thing.size[1] < 0.1
        points = np.concatenate([thing_checks.corners(part) for part in thing.parts])
        assert abs(points[:, 2].min()) < 1e-6
        seen.add(thing_checks.content(thing))
    assert len(seen) == 30


def covered(thing: Thing, width: float, height: float, folder) -> float:
    """The share of straight rays through a window that a thing before it stops."""
    import mitsuba as mi

    scene = thing_checks.loaded(folder, list(thing.parts))
    stopped = [
        scene.ray_test(mi.Ray3f(o=[x, -3, z], d=[0, 1, 0]))
        for x in np.linspace(-0.48, 0.48, 40) * width
        for z in np.linspace(0.01, 0.99, 40) * height
    ]
    return float(np.mean(stopped))


def test_blinds_and_curtains_leave_gaps_in_many_ways(plain, tmp_path):
    shares = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        maker = (hangings.curtain, hangings.venetian_blind)[seed % 2]
        shares.append(covered(maker(rng, 1.4, 1.5), 1.4, 1.5, tmp_path / str(seed)))
    assert min(shares) < 0.6, "light comes in"
    assert max(shares) > 0.9, "some are shut"
    assert all(share > 0.08 for share in shares), "there is something before the window"


def test_pictures_and_mirrors_show_their_front(plain, tmp_path):
    import mitsuba as mi

    for maker in ON_WALLS:
        for seed in range(4):
            thing = maker(np.random.default_rng(seed))
            scene = thing_checks.loaded(tmp_path / f"{maker.__name__}{seed}", list(thing.parts))
            ray = mi.Ray3f(o=[0.02 * thing.size[0], -1, 0.52 * thing.size[2]], d=[0, 1, 0])
            hit = scene.ray_intersect(ray)
            assert hit.is_valid()
            assert hit.n.y < -0.9, maker.__name__


def test_a_painting_is_upright_and_not_mirrored(plain, tmp_path):
    """From the front u runs to the right and v upwards, as the pictures of materials are painted."""
    import mitsuba as mi

    thing = hangings.picture_frame(np.random.default_rng(0))
    scene = thing_checks.loaded(tmp_path / "scene", list(thing.parts))

    def uv(x, z):
        hit = scene.ray_intersect(mi.Ray3f(o=[x * thing.size[0], -1, z * thing.size[2]], d=[0, 1, 0]))
        return np.array(hit.uv)

    # -y is towards the viewer, who therefore has +x at the right.
    assert uv(0.1, 0.5)[0] > uv(-0.1, 0.5)[0]
    assert uv(0.0, 0.6)[1] > uv(0.0, 0.4)[1]


def test_all_load_and_render_with_their_materials(tmp_path):
    things = [maker(np.random.default_rng(seed), 1.4, 1.6) for maker in WINDOWS for seed in (1, 2, 3)]
    things += [maker(np.random.default_rng(seed)) for maker in ON_WALLS for seed in (1, 2)]
    thing_checks.check_renders(things, tmp_path / "scene")
