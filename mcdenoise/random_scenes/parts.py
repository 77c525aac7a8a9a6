"""What random scenes are put together from: Mitsuba plugins as dicts, parts made of them, and things made of parts.

A plugin is a dict as for `mi.load_dict` (`{"type": "diffuse", "reflectance": Rgb(0.5, 0.4, 0.3)}`) with values that can
be written down: bool, int, float, str, Rgb, Point, a transform as a 4 x 4 array, a Picture, a Mesh, Strands, or another
plugin. A dict that is used in several places is written once and referred to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from mcdenoise.random_scenes.meshes import Mesh

Plugin = dict[str, Any]


class Rgb(NamedTuple):
    """A linear colour, or radiance."""

    r: float
    g: float
    b: float

    def times(self, factor: float) -> "Rgb":
        return Rgb(*(factor * value for value in self))


class Point(NamedTuple):
    """A place or direction in space."""

    x: float
    y: float
    z: float


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels of a texture: `[h, w, 3]` or `[h, w, 1]`, rows from the top, which is at v = 1.

    In [0, 1], to be written with 8 bits: colours in sRGB, or data (normals, opacity, roughness) if `raw`. With `hdr`,
    linear radiance of any range, to be written as half floats. name: under which it is counted, such as `wood`.
    """

    pixels: np.ndarray
    raw: bool = False
    hdr: bool = False
    name: str = ""


@dataclass(frozen=True, eq=False)
class Strands:
    """Curves for `bsplinecurve`: each an array `[points, 4]` of x, y, z and radius."""

    curves: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """One shape with its material.

    shape: a Mesh, Strands, or a shape plugin (sphere, cylinder, rectangle, disk, cube) without material and transform.
    uvs of meshes are in metres, unless the material maps one picture on the whole of it.
    """

    shape: Mesh | Strands | Plugin
    bsdf: Plugin
    emitter: Plugin | None = None
    interior: Plugin | None = None
    to_world: np.ndarray = field(default_factory=lambda: np.eye(4))


class Surface(NamedTuple):
    """A level rectangle that smaller things may stand on: centre, width along x, depth along y, headroom."""

    x: float
    y: float
    z: float
    width: float
    depth: float
    headroom: float


@dataclass(frozen=True, eq=False)
class Thing:
    """What is placed as a whole: it stands on z = 0 around the origin, faces -y, and fits a box of `size` (x, y, z).

    name: under which it is counted, such as `table` or `floor lamp`. surfaces: in the same coordinates.
    """

    name: str
    parts: tuple[Part, ...]
    size: tuple[float, float, float]
    surfaces: tuple[Surface, ...] = ()


def translation(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Counterclockwise about the coordinate axis `x`, `y` or `z`."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(4)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = cos, -sin, sin, cos
    return matrix


def scaling(x: float, y: float | None = None, z: float | None = None) -> np.ndarray:
    """One factor for all axes, or one for each."""
    return np.diag([x, x if y is None else y, x if z is None else z, 1.0])


def moved_part(part: Part, matrix: np.ndarray) -> Part:
    return replace(part, to_world=matrix @ part.to_world)


def placed(thing: Thing, x: float, y: float, z: float = 0.0, turn: float = 0.0) -> tuple[Part, ...]:
    """The parts of a thing at a place, turned by `turn` degrees about the vertical."""
    matrix = translation(x, y, z) @ rotation("z", turn)
    return tuple(moved_part(part, matrix) for part in thing.parts)


def repeated(picture: Picture, metres: float, turn: float = 0.0) -> Plugin:
    """A bitmap texture whose picture covers `metres` of a surface with uvs in metres, turned by `turn` degrees."""
    return {"type": "bitmap", "picture": picture, "to_uv": scaling(1 / metres) @ rotation("z", turn)}


def lamp(flux: Rgb, area: float) -> Plugin:
    """An area emitter that gives `flux` (per channel, in units in which a room lamp has about 10) from `area` m^2."""
    return {"type": "area", "radiance": flux.times(1 / (np.pi * area))}


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def choose(rng: np.random.Generator, weighted: dict[Any, float] | Iterable[Any]) -> Any:
    """One of the keys, with chances in proportion to their values; or one of a list, all equally likely."""
    if isinstance(weighted, dict):
        keys, weights = list(weighted), np.array(list(weighted.values()), dtype=float)
        return keys[rng.choice(len(keys), p=weights / weights.sum())]
    options = list(weighted)
    return options[rng.integers(len(options))]


def plugins_in(plugin: Plugin) -> Iterable[Plugin]:
    """The plugin and all those nested in it."""
    yield plugin
    for value in plugin.values():
        if isinstance(value, dict):
            yield from plugins_in(value)
