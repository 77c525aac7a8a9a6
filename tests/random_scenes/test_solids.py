"""Meshes by formulas: closed, outward, with the volumes that geometry says, and in metres."""

import numpy as np
import pytest

from mcdenoise.random_scenes.meshes import TAU, Mesh, box
from mcdenoise.random_scenes.parts import Part, Surface
from mcdenoise.random_scenes.solids import (
    CLEARANCE,
    LEVEL,
    ball,
    block,
    can,
    faceted,
    heap,
    hull_of,
    icosphere,
    polygon,
    prism,
    revolved,
    ribbon,
    ring,
    rod,
    split_at,
    stood,
    superball,
    wall_between,
)


def _volume(mesh: Mesh) -> float:
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    return float(np.sum(a * np.cross(b, c)) / 6)


_SQUARE = [(-1, -1), (1, -1), (1, 1), (-1, 1)]


@pytest.mark.parametrize(
    ("mesh", "volume", "tolerance"),
    [
        (can(0.05, 0.2, 0.0, 96), np.pi * 0.05**2 * 0.2, 0.01),
        (ball(0.1, 96, 48), 4 / 3 * np.pi * 0.1**3, 0.01),
        (icosphere(4), 4 / 3 * np.pi, 0.01),
        (ring(0.1, 0.02, 96, 48), 2 * np.pi**2 * 0.1 * 0.02**2, 0.01),
        (rod([(0, 0, 0), (0, 0, 0.5), (0, 0, 1)], 0.1, 64), np.pi * 0.1**2 + 4 / 3 * np.pi * 0.1**3, 0.03),
        (superball(0.1, 0.2, 0.3, 1, 1, 96, 48), 4 / 3 * np.pi * 0.006, 0.01),
        (prism(_SQUARE, 0.5), 2.0, 1e-6),
        (wall_between(polygon(48, 1, 0)[:, :2], polygon(48, 2, 0)[:, :2], 1, closed=True), 3 * np.pi, 0.01),
        (wall_between(polygon(48, 1, 0)[:, :2], polygon(48, 2, 0)[:, :2], 1), 3 * np.pi * 47 / 48, 0.01),
        (faceted([polygon(1, 0, 0), polygon(4, 1, 1), polygon(1, 0, 2)]), 4 / 3, 1e-6),
    ],
    ids=["can", "ball", "icosphere", "ring", "rod", "superball", "prism", "wall", "open wall", "faceted"],
)
def test_volumes_are_those_of_geometry(mesh: Mesh, volume: float, tolerance: float) -> None:
    assert _volume(mesh) == pytest.approx(volume, rel=tolerance)


def test_a_block_is_a_box() -> None:
    mine, other = block((1, 2, 3), (4, 5, 6)), box((1, 2, 3), 0.0, (4, 5, 6))
    for field in ("points", "normals", "uvs", "faces"):
        np.testing.assert_allclose(getattr(mine, field), getattr(other, field), atol=1e-12)


def test_bars_face_outwards_whichever_way_they_run() -> None:
    for path in ([(0, 0), (0.05, 0.01), (0.1, 0)], [(0.1, 0), (0.05, 0.01), (0, 0)]):
        assert _volume(ribbon(path, [0.02] * 3, [0.004] * 3)) > 0


def test_edges_stay_sharp_and_curves_smooth() -> None:
    mesh = can(0.05, 0.1, 0.0)
    assert {tuple(np.round(n, 6)) for n in mesh.normals if abs(n[2]) > 1e-6} == {(0, 0, 1), (0, 0, -1)}
    smooth = ball(1.0, 48, 24)
    np.testing.assert_allclose(smooth.normals, smooth.points, atol=1e-12)


def test_texture_coordinates_are_metres() -> None:
    side = revolved([(0.1, 0), (0.1, 0.3)], 64)
    assert np.ptp(side.uvs[:, 0]) == pytest.approx(TAU * 0.1)
    assert np.ptp(side.uvs[:, 1]) == pytest.approx(0.3)
    lid = revolved([(0.1, 0.3), (0, 0.3)], 64)
    np.testing.assert_allclose(lid.uvs, lid.points[:, :2])


def test_a_vessel_has_the_thickness_asked_for_and_splits_without_a_gap() -> None:
    outer = np.array([(0, 0), (0.03, 0), (0.035, 0.05), (0.04, 0.1)])
    outside, hollow = hull_of(outer, 0.002, 0.006)
    assert hollow[-1] == pytest.approx((0.0, 0.006))
    assert hollow[0] == pytest.approx((0.038, 0.1))
    assert outside[:, 1].max() == pytest.approx(0.101)
    dry, wet = split_at(hollow, 0.06)
    assert tuple(dry[-1]) == tuple(wet[0])
    assert wet[0, 1] == 0.06
    assert wet[0, 0] == pytest.approx(0.036 - 0.002, abs=1e-4)


def test_heaped_balls_touch_the_ground_or_each_other_and_never_overlap() -> None:
    bowl = np.array([(0, 0), (0.05, 0.005), (0.1, 0.05), (0.12, 0.09)])
    for ground, reach in ((LEVEL, 0.1), (bowl, 0.11)):
        radii = np.random.default_rng(1).uniform(0.02, 0.03, 12)
        centres = heap(np.random.default_rng(2), radii, ground, reach)
        floor = np.interp(np.linspace(0, 0.12, 400), ground[:, 0], ground[:, 1])
        for k in range(12):
            away = np.linalg.norm(centres[:k] - centres[k], axis=1) - radii[:k] - radii[k]
            assert (away > -1e-9).all()
            across = np.linspace(0, 0.12, 400) - np.hypot(*centres[k, :2])
            below = np.hypot(across, floor - centres[k, 2]).min() - radii[k]
            assert below > -0.001
            assert min([below, *away]) < 0.001


def test_a_thing_is_centred_on_the_ground_with_its_surfaces() -> None:
    part = Part(prism([(2, 2), (3, 2), (3, 4), (2, 4)], 0.5), {"type": "diffuse"})
    thing = stood("block", [part], [Surface(2.5, 3, 0.5, 1, 2, 9)])
    assert thing.size == pytest.approx((1, 2, 0.5 + CLEARANCE))
    assert thing.surfaces[0][:3] == pytest.approx((0, 0, 0.5 + CLEARANCE))
    world = part.shape.points @ thing.parts[0].to_world[:3, :3].T + thing.parts[0].to_world[:3, 3]
    np.testing.assert_allclose(world.min(axis=0), (-0.5, -1, CLEARANCE))
    np.testing.assert_allclose(world.max(axis=0), (0.5, 1, 0.5 + CLEARANCE))
