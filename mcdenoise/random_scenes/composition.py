"""A composition: what stands before the camera, with its own light and the places to look from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Plugin, Strands


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


def triangles(parts: Iterable[Part]) -> int:
    """How many triangles and segments of curves all the parts have together, shared meshes counted each time."""
    count = 0
    for part in parts:
        if isinstance(part.shape, Mesh):
            count += len(part.shape.faces)
        elif isinstance(part.shape, Strands):
            count += sum(len(curve) - 3 for curve in part.shape.curves)
    return count
