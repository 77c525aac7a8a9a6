"""The shell of a room: walls with openings, floor, ceiling, what is in the openings, and what is behind them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.meshes import Mesh, box, merged, moved
from mcdenoise.random_scenes.parts import Part, Plugin, Rgb, lamp, moved_part, rotation, translation


@dataclass(frozen=True)
class Opening:
    """A rectangular hole in a wall, in the wall's coordinates. kind: `window`, `door` or `passage`."""

    x0: float
    x1: float
    z0: float
    z1: float
    kind: str


@dataclass
class Wall:
    """One wall of a room, seen from inside: x along it from -length/2 to length/2, z up, its surface at y = 0.

    taken: stretches (x0, x1, z0, z1) of its surface that something stands before or hangs on.
    """

    angle: float
    length: float
    distance: float
    openings: list[Opening] = field(default_factory=list)
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    @property
    def to_room(self) -> np.ndarray:
        """From the wall's coordinates, in which -y points into the room, to the room's."""
        return rotation("z", self.angle) @ translation(0.0, self.distance, 0.0)

    def free(self, x0: float, x1: float, z0: float, z1: float) -> bool:
        """Whether this stretch of it lies within the wall and is clear of openings and of what was put there."""
        if x0 < -self.length / 2 or x1 > self.length / 2:
            return False
        used = [(o.x0, o.x1, o.z0, o.z1) for o in self.openings] + self.taken
        return not any(x0 < b and x1 > a and z0 < d and z1 > c for a, b, c, d in used)


@dataclass
class Shell:
    """An empty room around the origin: x from -width/2 to width/2, y from -depth/2 to depth/2, z from 0 to height."""

    width: float
    depth: float
    height: float
    thickness: float
    walls: tuple[Wall, ...]
    skylight: Opening | None = None


def empty_shell(width: float, depth: float, height: float, thickness: float) -> Shell:
    sides = ((0.0, width, depth), (90.0, depth, width), (180.0, width, depth), (270.0, depth, width))
    walls = tuple(Wall(angle, length, across / 2) for angle, length, across in sides)
    return Shell(width, depth, height, thickness, walls)


def panel(
    x: tuple[float, float], z: tuple[float, float], thickness: float, openings: Iterable[Opening] = ()
) -> tuple[Mesh, Mesh | None]:
    """A wall's inner surface at y = 0, facing -y, with rectangular holes; and the holes' reveals, `thickness` deep.

    uvs are the wall's own coordinates in metres.
    """
    openings = list(openings)
    xs = sorted({*x, *(edge for o in openings for edge in (o.x0, o.x1))})
    zs = sorted({*z, *(edge for o in openings for edge in (o.z0, o.z1))})
    front = []
    for x0, x1 in pairwise(xs):
        for z0, z1 in pairwise(zs):
            middle = (x0 + x1) / 2, (z0 + z1) / 2
            if not any(o.x0 < middle[0] < o.x1 and o.z0 < middle[1] < o.z1 for o in openings):
                front.append(_quad((x0, 0, z0), (x1 - x0, 0, 0), (0, 0, z1 - z0), (x0, z0)))
    reveals = []
    for o in openings:
        deep, wide, tall = (0, thickness, 0), (o.x1 - o.x0, 0, 0), (0, 0, o.z1 - o.z0)
        reveals += [
            _quad((o.x0, 0, o.z0), wide, deep, (o.x0, 0)),
            _quad((o.x0, thickness, o.z1), wide, (0, -thickness, 0), (o.x0, 0)),
            _quad((o.x0, 0, o.z0), deep, tall, (0, o.z0)),
            _quad((o.x1, thickness, o.z0), (0, -thickness, 0), tall, (0, o.z0)),
        ]
    return merged(*front), merged(*reveals) if reveals else None


def shell_parts(
    shell: Shell, wall: Plugin, accent: Plugin, accent_wall: int, reveal: Plugin, floor: Plugin, ceiling: Plugin
) -> list[Part]:
    """The room's surfaces. accent: material of wall number `accent_wall`."""
    parts = []
    for number, side in enumerate(shell.walls):
        half = side.length / 2
        front, reveals = panel((-half, half), (0.0, shell.height), shell.thickness, side.openings)
        parts.append(Part(front, accent if number == accent_wall else wall, to_world=side.to_room))
        if reveals is not None:
            parts.append(Part(reveals, reveal, to_world=side.to_room))
    x, y = (-shell.width / 2, shell.width / 2), (-shell.depth / 2, shell.depth / 2)
    ground, _ = panel(x, y, 0.0)
    parts.append(Part(ground, floor, to_world=rotation("x", -90.0)))  # facing -y, turned to face up
    over, reveals = panel(x, y, shell.thickness, [shell.skylight] if shell.skylight else [])
    lid = translation(0.0, 0.0, shell.height) @ rotation("x", 90.0)
    parts.append(Part(over, ceiling, to_world=lid))
    if reveals is not None:
        parts.append(Part(reveals, reveal, to_world=lid))
    return parts


def window_frame(rng: np.random.Generator, opening: Opening, thickness: float, frame: Plugin) -> list[Part]:
    """Bars around and across a window (1 to 4 by 1 to 3 panes), and a sill, in the wall's coordinates."""
    wide, tall = opening.x1 - opening.x0, opening.z1 - opening.z0
    bar, deep, y = rng.uniform(0.035, 0.08), rng.uniform(0.04, 0.07), thickness * rng.uniform(0.4, 0.8)
    columns = max(1, min(4, round(wide / rng.uniform(0.5, 1.4))))
    rows = max(1, min(3, round(tall / rng.uniform(0.7, 2.0))))
    x, z = (opening.x0 + opening.x1) / 2, (opening.z0 + opening.z1) / 2
    bars = [box((wide, deep, bar), 0.0, (x, y, z_bar)) for z_bar in (opening.z0 + bar / 2, opening.z1 - bar / 2)]
    bars += [box((bar, deep, tall), 0.0, (x_bar, y, z)) for x_bar in (opening.x0 + bar / 2, opening.x1 - bar / 2)]
    thin = bar * 0.7
    bars += [box((thin, deep, tall), 0.0, (opening.x0 + wide * k / columns, y, z)) for k in range(1, columns)]
    bars += [box((wide, deep, thin), 0.0, (x, y, opening.z0 + tall * k / rows)) for k in range(1, rows)]
    if opening.z0 > 0.2:
        reach = rng.uniform(0.02, 0.12)
        bars.append(box((wide + 0.08, y + reach, 0.03), 0.004, (x, (y - reach) / 2, opening.z0 + 0.005)))
    return [Part(merged(*bars), frame)]


def pane(opening: Opening, y: float, glass: Plugin) -> Part:
    """A sheet of glass that closes an opening, in the wall's coordinates."""
    sheet = _quad((opening.x0, y, opening.z0), (opening.x1 - opening.x0, 0, 0), (0, 0, opening.z1 - opening.z0), (0, 0))
    return Part(sheet, glass)


def glow(opening: Opening, thickness: float, radiance: Rgb) -> Part:
    """A uniform light that fills an opening from outside, in the wall's coordinates."""
    x, z = (opening.x0 + opening.x1) / 2, (opening.z0 + opening.z1) / 2
    size = np.diag([(opening.x1 - opening.x0) / 2, (opening.z1 - opening.z0) / 2, 1.0, 1.0])
    facing_in = translation(x, thickness, z) @ rotation("x", 90.0) @ size
    black = {"type": "diffuse", "reflectance": Rgb(0.0, 0.0, 0.0)}
    return Part({"type": "rectangle"}, black, {"type": "area", "radiance": radiance}, to_world=facing_in)


def annex(rng: np.random.Generator, wall: Wall, opening: Opening, shell: Shell, light: Rgb | None) -> list[Part]:
    """A plain closed room behind a door, lit by `light` (flux) from its ceiling or dark, in the wall's coordinates."""
    wide, deep = rng.uniform(1.6, 4.0), rng.uniform(1.5, 5.0)
    tall = max(opening.z1 + 0.15, shell.height * rng.uniform(0.85, 1.0))
    middle = (opening.x0 + opening.x1) / 2
    wide = max(wide, opening.x1 - opening.x0 + 0.3)
    inner = Opening(opening.x0 - middle, opening.x1 - middle, opening.z0, opening.z1, "door")
    room = empty_shell(wide, deep, tall, 0.0)
    room = replace(room, walls=tuple(replace(side, openings=[]) for side in room.walls))
    room.walls[2].openings.append(replace(inner, x0=-inner.x1, x1=-inner.x0))  # that wall is seen from its other side
    colour = materials.wall(rng)
    parts = shell_parts(room, colour, colour, 0, colour, materials.floor(rng), materials.ceiling(rng))
    if light is not None:
        size = rng.uniform(0.05, 0.5)
        down = translation(rng.uniform(-0.3, 0.3) * wide, rng.uniform(-0.2, 0.3) * deep, tall - 0.02) @ rotation(
            "x", 180.0
        )
        face = np.diag([size, size, 1.0, 1.0])
        grey = {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.5)}
        parts.append(Part({"type": "rectangle"}, grey, lamp(light, 4 * size**2), to_world=down @ face))
    beside = translation(middle, shell.thickness + deep / 2, 0.0)
    return [moved_part(part, beside) for part in parts]


def boards(shell: Shell, low: float, high: float, thick: float, material: Plugin) -> list[Part]:
    """Boards along all walls between two heights, open where an opening is: skirting, panelling, a cornice."""
    parts = []
    for wall in shell.walls:
        cuts = sorted((o.x0, o.x1) for o in wall.openings if o.z0 < high and o.z1 > low)
        start, found = -wall.length / 2, []
        for x0, x1 in [*cuts, (wall.length / 2, wall.length / 2)]:
            if x0 - start > 0.02:
                board = box((x0 - start, thick, high - low))
                found.append(moved(board, (start + x0) / 2, -thick / 2, (low + high) / 2))
            start = max(start, x1)
        if found:
            parts.append(Part(merged(*found), material, to_world=wall.to_room))
    return parts


def _quad(corner: tuple, along: tuple, up: tuple, uv: tuple[float, float]) -> Mesh:
    """A parallelogram that faces along x up; uvs in metres from `uv` on."""
    corner, along, up = (np.array(vector, dtype=float) for vector in (corner, along, up))
    points = np.array([corner, corner + along, corner + along + up, corner + up])
    normal = np.cross(along, up)
    length, height = np.linalg.norm(along), np.linalg.norm(up)
    uvs = np.array(uv) + np.array([(0, 0), (length, 0), (length, height), (0, height)])
    normals = np.tile(normal / max(np.linalg.norm(normal), 1e-12), (4, 1))
    return Mesh(points, normals, uvs, np.array([(0, 1, 2), (0, 2, 3)]))
