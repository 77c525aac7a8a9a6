"""How much room parts take, and things that stand or hang where they should."""

from collections.abc import Iterable, Sequence

import numpy as np

from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Strands, Surface, Thing, moved_part, translation


def bounds(parts: Iterable[Part]) -> tuple[np.ndarray, np.ndarray]:
    """The lower and upper corner of the box around all parts, `[3]` each; strands without their radius.

    Raises TypeError for shapes other than meshes, strands, spheres, cylinders, disks, rectangles and cubes.
    """
    found = [_bounds_of(part) for part in parts]
    return np.min([low for low, _ in found], axis=0), np.max([high for _, high in found], axis=0)


def _bounds_of(part: Part) -> tuple[np.ndarray, np.ndarray]:
    matrix, shape = part.to_world[:3, :3], part.shape
    if isinstance(shape, Mesh | Strands):
        points = shape.points if isinstance(shape, Mesh) else np.concatenate(shape.curves)[:, :3]
        points = points @ matrix.T
        low, high = points.min(0), points.max(0)
    elif shape["type"] == "sphere":
        centre = matrix @ np.array(shape.get("center", (0, 0, 0)), dtype=float)
        reach = shape.get("radius", 1.0) * np.linalg.norm(matrix, axis=1)
        low, high = centre - reach, centre + reach
    elif shape["type"] == "cylinder":
        ends = np.array([shape.get("p0", (0, 0, 0)), shape.get("p1", (0, 0, 1))], dtype=float) @ matrix.T
        along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
        radius = shape.get("radius", 1.0) * np.linalg.norm(matrix[:, 0])
        reach = radius * np.sqrt(np.maximum(1 - along**2, 0))
        low, high = ends.min(0) - reach, ends.max(0) + reach
    elif shape["type"] == "disk":
        high = np.linalg.norm(matrix[:, :2], axis=1)
        low = -high
    elif shape["type"] in ("rectangle", "cube"):
        high = np.abs(matrix[:, : 2 if shape["type"] == "rectangle" else 3]).sum(1)
        low = -high
    else:
        raise TypeError(f"no bounds for {shape['type']}")
    return low + part.to_world[:3, 3], high + part.to_world[:3, 3]


def measured(name: str, parts: Iterable[Part], surfaces: Sequence[Surface] = ()) -> Thing:
    """The parts as they are, as a thing: its size is measured around the origin and from z = 0 up."""
    parts = tuple(parts)
    low, high = bounds(parts)
    width, depth = 2 * np.maximum(-low, high)[:2]
    return Thing(name, parts, (float(width), float(depth), float(high[2])), tuple(surfaces))


def standing(name: str, parts: Sequence[Part], surfaces: Sequence[Surface] = (), clearance: float = 0.0) -> Thing:
    """The thing made of the parts, shifted so that it stands `clearance` above z = 0 with its middle over the origin.

    surfaces: in the coordinates of the parts as given.
    """
    low, high = bounds(parts)
    shift = np.array([-(low[0] + high[0]) / 2, -(low[1] + high[1]) / 2, clearance - low[2]])
    return _shifted(name, parts, high - low + np.array([0.0, 0.0, clearance]), surfaces, shift)


def on_wall(name: str, parts: Sequence[Part], surfaces: Sequence[Surface] = (), height: float | None = None) -> Thing:
    """The thing made of the parts, shifted so that its back is at y = 0, its foot at z = 0 and its middle at x = 0.

    With a `height` it keeps its place in x and z, and is counted as wide as what lies on both sides of x = 0 and as
    that high: blinds need not reach the floor of their box.
    """
    low, high = bounds(parts)
    shift = np.array([-(low[0] + high[0]) / 2, -high[1], -low[2]])
    size = high - low
    if height is not None:
        shift[[0, 2]] = 0.0
        size = np.array([2 * max(-low[0], high[0]), size[1], height])
    return _shifted(name, parts, size, surfaces, shift)


def _shifted(
    name: str, parts: Sequence[Part], size: np.ndarray, surfaces: Sequence[Surface], shift: np.ndarray
) -> Thing:
    x, y, z = map(float, shift)
    return Thing(
        name,
        tuple(moved_part(part, translation(x, y, z)) for part in parts),
        tuple(float(value) for value in size),
        tuple(surface._replace(x=surface.x + x, y=surface.y + y, z=surface.z + z) for surface in surfaces),
    )
