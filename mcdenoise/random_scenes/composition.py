"""A composition: what stands before the camera, with its own light and the places to look from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Plugin, Strands, Surface, Thing


class Viewpoint(NamedTuple):
    """A camera as a photographer would place it, in free space.

    eye, target: in metres, z up; with both at one height the horizon is level and verticals stay vertical.
    fov_degrees: along the longer side of the picture. focus_distance: in metres along the view. aperture_radius: of a
    thin lens, in metres; 0 is a pinhole.
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    fov_degrees: float
    focus_distance: float
    aperture_radius: float = 0.0


@dataclass(frozen=True, eq=False)
class Composition:
    """A whole scene but for the film.

    name: under which it is counted, such as `street` or `product on a table`. parts: every shape, lamps included.
    emitters: further emitters (sky, points) by name. medium: what fills the air, in which cameras stand; None for
    clear air. cameras: in order of preference. elements: names to be counted, of what the scene holds.
    """

    name: str
    parts: tuple[Part, ...]
    emitters: dict[str, Plugin]
    medium: Plugin | None
    cameras: tuple[Viewpoint, ...]
    elements: tuple[str, ...]


def bounds(parts: Iterable[Part]) -> tuple[np.ndarray, np.ndarray]:
    """The lower and upper corner of the box around all meshes, strands and round shapes of `parts`."""
    points = [_points_of(part) @ part.to_world[:3, :3].T + part.to_world[:3, 3] for part in parts]
    return np.min([p.min(axis=0) for p in points], axis=0), np.max([p.max(axis=0) for p in points], axis=0)


def _points_of(part: Part) -> np.ndarray:
    """Points whose box is that of the shape, without its transform."""
    shape = part.shape
    if isinstance(shape, Mesh):
        return shape.points
    if isinstance(shape, Strands):
        return np.concatenate(shape.curves)[:, :3]
    corners = np.array([(x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
    if shape["type"] in ("rectangle", "disk"):
        return corners * [1, 1, 0]
    radius = shape.get("radius", 1.0)
    if shape["type"] == "cylinder":
        ends = np.array([shape.get("p0", (0, 0, 0)), shape.get("p1", (0, 0, 1))], dtype=float)
        return np.concatenate([end + radius * corners for end in ends])
    return corners * radius + np.array(shape.get("center", (0, 0, 0)), dtype=float)


def triangles(parts: Iterable[Part]) -> int:
    """How many triangles and segments of curves all the parts have together, shared meshes counted each time."""
    count = 0
    for part in parts:
        if isinstance(part.shape, Mesh):
            count += len(part.shape.faces)
        elif isinstance(part.shape, Strands):
            count += sum(len(curve) - 3 for curve in part.shape.curves)
    return count


def standing(name: str, parts: Iterable[Part], surfaces: tuple[Surface, ...] = ()) -> Thing:
    """A thing whose size is measured from its parts, around the origin and from z = 0 up."""
    parts = tuple(parts)
    low, high = bounds(parts)
    width, depth = 2 * np.maximum(-low, high)[:2]
    return Thing(name, parts, (float(width), float(depth), float(high[2])), surfaces)
