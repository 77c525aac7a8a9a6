"""Boards, rods, cushions and frames: solid, facing outwards, of the size that was asked for."""

import numpy as np
import pytest
import thing_checks

from mcdenoise.random_scenes import joinery
from mcdenoise.random_scenes.meshes import Mesh

GREY = {"type": "diffuse"}


def volume(mesh: Mesh) -> float:
    """Signed: positive if a closed mesh faces outwards."""
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def edges_are_closed(mesh: Mesh) -> bool:
    """Every edge between two places occurs once in each direction."""
    _, place = np.unique(np.round(mesh.points, 6), axis=0, return_inverse=True)
    faces = place.reshape(-1)[mesh.faces]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = edges[edges[:, 0] != edges[:, 1]]
    there, count = np.unique(edges, axis=0, return_counts=True)
    back, count_back = np.unique(edges[:, ::-1], axis=0, return_counts=True)
    return np.array_equal(there, back) and np.array_equal(count, count_back)


RNG = np.random.default_rng(0)
SOLIDS = {
    "board": (joinery.board((1.0, 0.2, 0.03), (1, 2, 3), 0.004), 0.006),
    "sharp board": (joinery.board((0.5, 0.2, 0.1), bevel=0.0), 0.01),
    "beam": (joinery.beam((0, 0, 0), (1, 1, 1), 0.1, 0.05), np.sqrt(3) * 0.005),
    "level beam": (joinery.beam((0, 0, 0), (1, 0, 0), 0.1, 0.05), 0.005),
    "rod": (joinery.rod((0, 0, 0), (0, 0, 2), 0.1, sides=64), 2 * np.pi * 0.01),
    "cone": (joinery.rod((0, 0, 0), (0.3, 0, 0.4), 0.1, 0.05, sides=64), 0.5 * np.pi * (0.01 + 0.005 + 0.0025) / 3),
    "pipe": (joinery.pipe(joinery.filleted([(0, 0, 0), (1, 0, 0), (1, 0, 1)], 0.1), 0.02, 32), 0.0004 * np.pi * 1.95),
    "spun": (joinery.spun([(0, 0), (0.3, 0), (0.3, 0.2), (0, 0.2)], 96), np.pi * 0.09 * 0.2),
    "prism": (joinery.prism(joinery.rounded_rectangle(1.0, 0.5, 0.05), 0.1, 0.2), 0.05 - 0.01 * 0.0025 * 8.6),
    "oval": (joinery.prism(joinery.ellipse(1.0, 0.5, 96), 0.0, 0.1, 0.005), np.pi * 0.05 / 4),
    "cushion": (joinery.soft_box((0.6, 0.5, 0.2), 0.02), 0.06),
    "bent rail": (joinery.bent(joinery.soft_box((0.6, 0.1, 0.2), 0.02, fine=(16, 2, 2)), 0.5), 0.012),
    "pillow": (joinery.pillow(RNG, 0.5, 0.4, 0.15), 0.017),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_closed_face_outwards_and_have_their_volume(name):
    mesh, expected = SOLIDS[name]
    thing_checks.check_mesh(mesh)
    assert edges_are_closed(mesh)
    assert 0.9 * expected < volume(mesh) < 1.06 * expected


def test_a_board_has_its_size_and_its_grain_runs_along_it():
    for axis in range(3):
        size = np.full(3, 0.1)
        size[axis] = 0.9
        mesh = joinery.board(size, (0.3, -0.2, 0.5))
        np.testing.assert_allclose(mesh.points.min(0), np.array([0.3, -0.2, 0.5]) - size / 2, atol=1e-9)
        np.testing.assert_allclose(mesh.points.max(0), np.array([0.3, -0.2, 0.5]) + size / 2, atol=1e-9)
        end = np.repeat(np.arange(6) // 2 == axis, len(mesh.points) // 6)
        along = mesh.points[~end, axis], mesh.uvs[~end, 0]
        np.testing.assert_allclose(along[0] - along[0].mean(), along[1] - along[1].mean(), atol=0.003)


def test_boards_at_different_places_show_different_places_of_a_texture():
    one, other = joinery.board((1, 0.2, 0.02)), joinery.board((1, 0.2, 0.02), (0, 0, 0.3))
    assert np.abs(one.uvs - other.uvs).min() > 0.05


def test_turned_forms_are_sharp_at_corners_and_smooth_elsewhere():
    disc = joinery.spun([(0, 0), (0.3, 0), (0.3, 0.2), (0, 0.2)])
    assert np.all(np.isclose(np.abs(disc.normals[:, 2]), 1, atol=0.05) | np.isclose(disc.normals[:, 2], 0, atol=0.05))
    t = np.linspace(-np.pi / 2, np.pi / 2, 33)
    ball = joinery.spun([(float(np.cos(a)), float(np.sin(a))) for a in t], 48)
    np.testing.assert_allclose(
        ball.normals, ball.points / np.linalg.norm(ball.points, axis=1, keepdims=True), atol=0.05
    )


def test_a_frame_lies_before_its_wall_and_leaves_its_opening_free():
    frame = joinery.moulding(1.0, 0.7, [(0, 0), (0, 0.03), (0.05, 0.02), (0.05, 0.0)])
    np.testing.assert_allclose(frame.points.min(0), [-0.5, -0.03, -0.35])
    np.testing.assert_allclose(frame.points.max(0), [0.5, 0.0, 0.35])
    inside = (np.abs(frame.points[:, 0]) < 0.45 - 1e-9) & (np.abs(frame.points[:, 2]) < 0.3 - 1e-9)
    assert not inside.any()
    assert volume(frame) > 0
    thing_checks.check_mesh(frame)


def test_an_area_is_that_of_the_surface():
    assert joinery.area(joinery.board((1.0, 2.0, 3.0), bevel=0.0)) == pytest.approx(22.0)
