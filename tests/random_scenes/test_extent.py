"""Boxes around parts, and things that are put where they should be."""

import numpy as np
import pytest
import thing_checks

from mcdenoise.random_scenes.extent import bounds, on_wall, standing
from mcdenoise.random_scenes.joinery import board
from mcdenoise.random_scenes.parts import Part, Point, Surface, rotation, scaling, translation

GREY = {"type": "diffuse"}


def test_bounds_are_those_that_mitsuba_finds(tmp_path):
    turn = translation(0.3, -0.4, 1.2) @ rotation("x", 40) @ rotation("z", 25) @ scaling(0.7)
    shapes = [
        {"type": "sphere", "center": Point(0.2, 0.1, 0.5), "radius": 0.3},
        {"type": "cylinder", "p0": Point(0.0, 0.1, 0.0), "p1": Point(0.5, 0.4, 1.0), "radius": 0.1},
        {"type": "disk"},
        {"type": "rectangle"},
        {"type": "cube"},
        board((0.5, 0.4, 0.3)),
    ]
    for k, shape in enumerate(shapes):
        part = Part(shape, GREY, to_world=turn)
        box = thing_checks.loaded(tmp_path / str(k), [part]).bbox()
        low, high = bounds([part])
        # Mitsuba's box of a cylinder may be a little too large.
        slack = 0.08 if k == 1 else 1e-4
        np.testing.assert_allclose(low, np.array(box.min), atol=slack)
        np.testing.assert_allclose(high, np.array(box.max), atol=slack)


def test_shapes_without_bounds_are_refused():
    with pytest.raises(TypeError, match="no bounds for linearcurve"):
        bounds([Part({"type": "linearcurve"}, GREY)])


def test_things_are_put_on_the_floor_or_on_the_wall_with_their_surfaces():
    part = Part(board((1.0, 0.4, 0.2), (5, 6, 7)), GREY)
    top = Surface(5, 6, 7.1, 0.9, 0.3, 1.0)
    floor = standing("block", [part], [top])
    assert floor.size == pytest.approx((1.0, 0.4, 0.2))
    assert floor.surfaces[0] == pytest.approx(Surface(0, 0, 0.2, 0.9, 0.3, 1.0))
    thing_checks.check_form(floor)
    wall = on_wall("block", [part], [top])
    assert wall.surfaces[0] == pytest.approx(Surface(0, -0.2, 0.2, 0.9, 0.3, 1.0))
    thing_checks.check_form(wall, wall=True)
