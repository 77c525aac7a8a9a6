"""What buildings show to the street: walls with openings, windows, doors, balconies, roofs, columns, railings, awnings.

Walls stand on z = 0 along x, their outer face at y = 0 facing -y, and what belongs to them reaches back to positive y.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.extent import measured
from mcdenoise.random_scenes.joinery import board, rod, spun
from mcdenoise.random_scenes.meshes import TAU, Mesh, curtain, merged, moved, sheet, stairs
from mcdenoise.random_scenes.parts import (
    Part,
    Picture,
    Plugin,
    Rgb,
    Thing,
    choose,
    lamp,
    log_uniform,
    moved_part,
    repeated,
    rotation,
    scaling,
    translation,
)
from mcdenoise.random_scenes.textures import pixel_grid


class Stock:
    """The materials of one place, at most three of each kind: what stands there is built of the same few."""

    def __init__(self) -> None:
        self._made: dict[Callable, list[Plugin]] = {}

    def __call__(self, rng: np.random.Generator, maker: Callable[[np.random.Generator], Plugin]) -> Plugin:
        """A material of that kind: a new one the first three times, later any of these."""
        made = self._made.setdefault(maker, [])
        if len(made) < 3:
            made.append(maker(rng))
            return made[-1]
        return choose(rng, made)


@dataclass(frozen=True)
class Hole:
    """An opening in a wall: x0 to x1, z0 to z1; the upper `rise` metres of it are an arch (0: none)."""

    x0: float
    x1: float
    z0: float
    z1: float
    rise: float = 0.0

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.z1 - self.z0

    def arc(self, steps: int = 12) -> np.ndarray:
        """Points `[steps + 1, 2]` of x and z along its upper edge, from left to right."""
        half, middle = self.width / 2, (self.x0 + self.x1) / 2
        if self.rise <= 0:
            return np.array([(self.x0, self.z1), (self.x1, self.z1)])
        radius = (half**2 + self.rise**2) / (2 * self.rise)
        limit = np.arctan2(half, radius - self.rise)
        angle = np.linspace(-limit, limit, steps + 1)
        points = np.stack([middle + radius * np.sin(angle), self.z1 - radius + radius * np.cos(angle)], 1)
        points[0], points[-1] = (self.x0, self.z1 - self.rise), (self.x1, self.z1 - self.rise)
        return points


def flat(corners: np.ndarray) -> Mesh:
    """Flat quads from their corners `[n, 4, 3]`, counterclockwise from the front; uvs in metres, v upwards."""
    corners = np.asarray(corners, dtype=float)
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    level = np.abs(normal[:, 2:]) > 0.999
    across = np.where(level, [1.0, 0.0, 0.0], np.cross([0.0, 0.0, 1.0], normal))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    upwards = np.cross(normal, across)
    uvs = np.stack([np.einsum("nki,ni->nk", corners, across), np.einsum("nki,ni->nk", corners, upwards)], -1)
    first = 4 * np.arange(len(corners))[:, None]
    faces = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    points = corners.reshape(-1, 3)
    a, b, c = (points[faces[:, k]] for k in range(3))
    # Where two corners are one, half of the quad is nothing.
    faces = faces[np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-9]
    return Mesh(points, np.repeat(normal, 4, axis=0), uvs.reshape(-1, 2), faces)


def block(size: Sequence[float], centre: Sequence[float]) -> Mesh:
    """A box with sharp edges; uvs in metres."""
    x, y, z = np.array(size, dtype=float) / 2
    signs = [
        [(-1, -1, -1), (1, -1, -1), (1, -1, 1), (-1, -1, 1)],
        [(1, 1, -1), (-1, 1, -1), (-1, 1, 1), (1, 1, 1)],
        [(-1, 1, -1), (-1, -1, -1), (-1, -1, 1), (-1, 1, 1)],
        [(1, -1, -1), (1, 1, -1), (1, 1, 1), (1, -1, 1)],
        [(-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)],
        [(-1, 1, -1), (1, 1, -1), (1, -1, -1), (-1, -1, -1)],
    ]
    return flat(np.array(signs) * [x, y, z] + np.array(centre, dtype=float))


def wall(width: float, height: float, thickness: float, holes: Sequence[Hole] = ()) -> Mesh:
    """A solid wall, x centred, with holes right through it."""
    half = width / 2
    xs = sorted({-half, half, *(x for hole in holes for x in (hole.x0, hole.x1))})
    zs = sorted({0.0, height, *(z for hole in holes for z in (hole.z0, hole.z1))})
    front = []
    for x0, x1 in pairwise(xs):
        for z0, z1 in pairwise(zs):
            x, z = (x0 + x1) / 2, (z0 + z1) / 2
            if not any(hole.x0 < x < hole.x1 and hole.z0 < z < hole.z1 for hole in holes):
                front.append([(x0, 0, z0), (x1, 0, z0), (x1, 0, z1), (x0, 0, z1)])
    reveals = []
    t = thickness
    for hole in holes:
        arc = hole.arc()
        spring = hole.z1 - hole.rise
        for (xa, za), (xb, zb) in pairwise(arc):
            if hole.rise > 0:
                front.append([(xa, 0, za), (xb, 0, zb), (xb, 0, hole.z1), (xa, 0, hole.z1)])
            reveals.append([(xa, 0, za), (xa, t, za), (xb, t, zb), (xb, 0, zb)])
        reveals.append([(hole.x0, 0, hole.z0), (hole.x0, t, hole.z0), (hole.x0, t, spring), (hole.x0, 0, spring)])
        reveals.append([(hole.x1, t, hole.z0), (hole.x1, 0, hole.z0), (hole.x1, 0, spring), (hole.x1, t, spring)])
        if hole.z0 > 0:
            reveals.append([(hole.x0, 0, hole.z0), (hole.x1, 0, hole.z0), (hole.x1, t, hole.z0), (hole.x0, t, hole.z0)])
    faces = np.array(front, dtype=float)
    back = faces[:, ::-1].copy()
    back[..., 1] = t
    ends = [
        [(-half, t, 0), (-half, 0, 0), (-half, 0, height), (-half, t, height)],
        [(half, 0, 0), (half, t, 0), (half, t, height), (half, 0, height)],
        [(-half, 0, height), (half, 0, height), (half, t, height), (-half, t, height)],
    ]
    return flat(np.concatenate([faces, back, np.array(ends + reveals, dtype=float)]))


def hollow_box(width: float, depth: float, height: float) -> Mesh:
    """The floor, ceiling, back and sides of a room behind y = 0, seen from inside; open towards -y."""
    w, d, h = width / 2, depth, height
    return flat(
        np.array(
            [
                [(-w, d, 0), (w, d, 0), (w, d, h), (-w, d, h)],
                [(-w, 0, 0), (-w, d, 0), (-w, d, h), (-w, 0, h)],
                [(w, d, 0), (w, 0, 0), (w, 0, h), (w, d, h)],
                [(-w, 0, 0), (w, 0, 0), (w, d, 0), (-w, d, 0)],
                [(-w, d, h), (w, d, h), (w, 0, h), (-w, 0, h)],
            ]
        )
    )


class Windows:
    """The windows of one facade: one frame, and behind each pane a room of its own look.

    Frames: 3 to 8 cm bars, panes about 0.35 to 1.2 m wide; a sill in three of four, a surround in two of five, shutters
    in one of five. Rooms: dark, or with a curtain or a blind (one in three each); `lit` ones have a lamp.
    """

    def __init__(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, thickness: float, rise: float = 0.0
    ):
        self.hole = Hole(-width / 2, width / 2, 0.0, height, rise)
        self._thickness = thickness
        self._recess = thickness * rng.uniform(0.25, 0.7)
        frame = stock(
            rng,
            choose(rng, {materials.paint: 4, materials.wood: 2, materials.dark_metal: 3, materials.brushed_metal: 1}),
        )
        self._fixed = [Part(self._bars(rng), frame), Part(self._pane(), stock(rng, materials.thin_glass))]
        trim = stock(rng, choose(rng, [materials.stone, materials.concrete, materials.paint]))
        trims = []
        if rng.uniform() < 0.75:
            trims.append(board((width + 0.12, 0.1 + self._recess, 0.05), (0, self._recess / 2 - 0.05, -0.024), 0.006))
        if rng.uniform() < 0.4:
            wide, out = rng.uniform(0.08, 0.2), rng.uniform(0.015, 0.05)
            trims += _surround(self.hole, wide, out)
        if trims:
            self._fixed.append(Part(merged(*trims), trim))
        if rng.uniform() < 0.2 and rise == 0 and width < 1.3:
            self._fixed.append(Part(_shutters(rng, self.hole), stock(rng, materials.paint)))
        self._room = Part(
            hollow_box(width + 0.5, rng.uniform(1.5, 4.0), height + 0.3),
            stock(rng, materials.wall),
            to_world=translation(0, thickness, -0.15),
        )
        self._covers = [[], _drapes(rng, stock, self.hole, thickness), _slats(rng, stock, self.hole, thickness)]

    def _bars(self, rng: np.random.Generator) -> Mesh:
        hole, bar, deep, y = self.hole, rng.uniform(0.03, 0.08), rng.uniform(0.04, 0.08), self._recess
        columns = max(1, round(hole.width / rng.uniform(0.35, 1.2)))
        rows = max(1, round(hole.height / rng.uniform(0.4, 2.5)))
        spring = hole.height - hole.rise
        bars = [board((bar, deep, spring), (s * (hole.x1 - bar / 2), y, spring / 2)) for s in (-1, 1)]
        bars.append(board((hole.width, deep, bar), (0, y, bar / 2)))
        if hole.rise <= 0:
            bars.append(board((hole.width, deep, bar), (0, y, hole.height - bar / 2)))
        else:
            arc = hole.arc(14)
            inner = arc - np.array([0, spring])
            inner = inner * [1 - 2 * bar / hole.width, 1 - bar / hole.rise] + np.array([0, spring])
            bars.append(_arched_bar(inner, arc, y - deep / 2))
            bars.append(board((hole.width, 0.6 * deep, 0.7 * bar), (0, y, spring)))
        thin = 0.65 * bar
        for k in range(1, columns):
            bars.append(board((thin, 0.8 * deep, spring), (hole.x0 + hole.width * k / columns, y, spring / 2)))
        for k in range(1, rows):
            bars.append(board((hole.width, 0.7 * deep, thin), (0, y, spring * k / rows)))
        return merged(*bars)

    def _pane(self) -> Mesh:
        hole, y = self.hole, self._recess
        arc = hole.arc(14)
        return flat([[(xa, y, 0), (xb, y, 0), (xb, y, zb), (xa, y, za)] for (xa, za), (xb, zb) in pairwise(arc)])

    def parts(self, rng: np.random.Generator, lit: bool) -> list[Part]:
        """One window in its hole, the middle of its lower edge at the origin."""
        found = [*self._fixed, self._room, *choose(rng, self._covers)]
        if lit:
            warm = rng.uniform(0.35, 0.8)
            flux = log_uniform(rng, 2, 12)
            face = translation(0, self._thickness + 0.6, self.hole.height + 0.1) @ rotation("x", 180) @ scaling(0.2)
            grey = {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.5)}
            light = lamp(Rgb(flux, flux * (0.5 + 0.5 * warm), flux * warm), 0.16)
            found.append(Part({"type": "rectangle"}, grey, light, to_world=face))
        return found


def _drapes(rng: np.random.Generator, stock: Stock, hole: Hole, thickness: float) -> list[Part]:
    """Curtains behind a window, drawn (half) or at both sides: thin white net or cloth."""
    net = {"type": "principledthin", "base_color": Rgb(0.8, 0.79, 0.76), "roughness": 0.9, "diff_trans": 1.0}
    skin = net if rng.uniform() < 0.5 else stock(rng, materials.fabric)
    place = translation(0, thickness + 0.12, 0)
    if rng.uniform() < 0.5:
        return [
            Part(
                curtain(hole.width + 0.2, hole.height + 0.1, max(3, hole.width * 6), 0.04, 48, 3), skin, to_world=place
            )
        ]
    wide = hole.width * rng.uniform(0.2, 0.4)
    mesh = curtain(wide, hole.height + 0.1, max(2, wide * 8), 0.04, 20, 3)
    x = (hole.width - wide) / 2 + 0.05
    return [Part(mesh, skin, to_world=place @ translation(s * x)) for s in (-1, 1)]


def _slats(rng: np.random.Generator, stock: Stock, hole: Hole, thickness: float) -> list[Part]:
    """A blind of slats 5 cm apart behind a window, let down over 0.3 to 1 of it."""
    tilt = np.radians(rng.uniform(5, 60))
    z = np.arange(hole.height * rng.uniform(0.0, 0.7), hole.height, 0.05)[:, None]
    w, y, half = hole.width / 2, thickness + 0.06, 0.03
    dy, dz = half * np.cos(tilt), half * np.sin(tilt)
    corners = [(-w, y - dy, -dz), (w, y - dy, -dz), (w, y + dy, dz), (-w, y + dy, dz)]
    quads = np.stack([np.column_stack([np.full_like(z, a), np.full_like(z, b), z + c]) for a, b, c in corners], 1)
    return [Part(flat(quads), stock(rng, choose(rng, [materials.paint, materials.brushed_metal, materials.wood])))]


def _surround(hole: Hole, wide: float, out: float) -> list[Mesh]:
    """A flat trim around a hole, standing out from the wall."""
    spring = hole.z1 - hole.rise
    sides = [
        board((wide, out, spring - hole.z0), (s, -out / 2, (hole.z0 + spring) / 2))
        for s in (hole.x0 - wide / 2, hole.x1 + wide / 2)
    ]
    if hole.rise <= 0:
        middle = (hole.x0 + hole.x1) / 2
        return [
            *sides,
            board((hole.width + 2 * wide + 0.06, 1.3 * out, wide), (middle, -0.65 * out, hole.z1 + wide / 2)),
        ]
    arc = hole.arc(14)
    centre = np.array([(hole.x0 + hole.x1) / 2, spring])
    outer = (arc - centre) * [1 + 2 * wide / hole.width, 1 + wide / hole.rise] + centre
    return [*sides, _arched_bar(arc, outer, -out, out)]


def _arched_bar(inner: np.ndarray, outer: np.ndarray, y: float, deep: float = 0.05) -> Mesh:
    """A bent bar between two curves of x and z `[n, 2]` that run from left to right, its front at y."""

    def at(curve: np.ndarray, depth: float) -> np.ndarray:
        return np.stack([curve[:, 0], np.full(len(curve), depth), curve[:, 1]], 1)

    rails = [at(inner, y), at(outer, y), at(outer, y + deep), at(inner, y + deep)]
    quads = []
    for low, high in zip(rails, rails[1:] + rails[:1], strict=True):
        quads.append(np.stack([low[:-1], low[1:], high[1:], high[:-1]], 1))
    return flat(np.concatenate(quads))


def _shutters(rng: np.random.Generator, hole: Hole) -> Mesh:
    """Two louvred shutters, open against the wall."""
    wide, tall = hole.width / 2, hole.height
    pieces = []
    for s in (-1, 1):
        x = s * (hole.width / 2 + wide / 2 + 0.02)
        pieces += [board((0.05, 0.035, tall), (x + e * (wide - 0.05) / 2, -0.03, tall / 2)) for e in (-1, 1)]
        pieces += [board((wide, 0.035, 0.07), (x, -0.03, z)) for z in (0.035, tall / 2, tall - 0.035)]
        for z in np.arange(0.1, tall - 0.08, 0.075):
            pieces.append(
                flat(
                    [
                        [
                            (x - wide / 2, -0.045, z),
                            (x + wide / 2, -0.045, z),
                            (x + wide / 2, -0.015, z + 0.075),
                            (x - wide / 2, -0.015, z + 0.075),
                        ]
                    ]
                )
            )
    return merged(*pieces)


def front_door(rng: np.random.Generator, stock: Stock, width: float, height: float) -> Thing:
    """A house door that fills a hole of this size from its sill up: panelled, boarded, or half glass; with a handle."""
    colour = stock(rng, choose(rng, {materials.paint: 5, materials.varnished_wood: 3, materials.wood: 1}))
    frame = 0.06
    w, h = width - 2 * frame, height - frame
    case = [board((frame, 0.1, height), (s * (width - frame) / 2, 0, height / 2)) for s in (-1, 1)]
    case.append(board((w, 0.1, frame), (0, 0, height - frame / 2)))
    parts = [Part(merged(*case), stock(rng, materials.paint))]
    kind = choose(rng, ["panelled", "boarded", "glazed"])
    rail = rng.uniform(0.09, 0.14)
    if kind == "boarded":
        count = int(rng.integers(5, 10))
        leaf = [
            board((w / count - 0.003, 0.045, h), ((k + 0.5) * w / count - w / 2, 0.02, h / 2), 0.004)
            for k in range(count)
        ]
        parts.append(Part(merged(*leaf), colour))
    else:
        cuts = np.sort(
            np.concatenate([[0, 1], rng.choice([0.25, 0.4, 0.5, 0.62, 0.75], int(rng.integers(1, 3)), replace=False)])
        )
        leaf = [board((rail, 0.045, h), (s * (w - rail) / 2, 0.02, h / 2)) for s in (-1, 1)]
        middle = rng.uniform() < 0.5 and kind == "panelled"
        for z in cuts:
            leaf.append(board((w - 2 * rail, 0.045, rail), (0, 0.02, rail / 2 + z * (h - rail))))
        if middle:
            leaf.append(board((rail, 0.045, h - 2 * rail), (0, 0.02, h / 2)))
        panes = []
        for low, high in pairwise(cuts):
            z0, z1 = rail + low * (h - rail), high * (h - rail)
            if kind == "glazed" and high == 1:
                panes.append(
                    flat(
                        [
                            [
                                (-w / 2 + rail, 0.02, z0),
                                (w / 2 - rail, 0.02, z0),
                                (w / 2 - rail, 0.02, z1),
                                (-w / 2 + rail, 0.02, z1),
                            ]
                        ]
                    )
                )
            else:
                leaf.append(board((w - 2 * rail, 0.02, z1 - z0), (0, 0.025, (z0 + z1) / 2)))
        parts.append(Part(merged(*leaf), colour))
        if panes:
            parts.append(Part(merged(*panes), stock(rng, materials.thin_glass)))
            parts.append(
                Part(hollow_box(width, 1.5, height), stock(rng, materials.wall), to_world=translation(0, 0.08))
            )
    metal = stock(rng, choose(rng, [materials.gold_like, materials.brushed_metal, materials.dark_metal]))
    x = (w / 2 - 0.06) * choose(rng, [-1, 1])
    if rng.uniform() < 0.5:
        handle = merged(
            rod((x, -0.002, 1.02), (x, -0.05, 1.02), 0.009),
            rod((x, -0.05, 1.02), (x - np.sign(x) * 0.12, -0.05, 1.02), 0.009),
            board((0.035, 0.008, 0.2), (x, -0.006, 1.0)),
        )
    else:
        knob = spun(
            [(0, 0), (0.022, 0), (0.01, 0.02), (0.012, 0.03), (0.028, 0.045), (0.028, 0.06), (0.018, 0.07), (0, 0.072)],
            20,
        )
        turn = rotation("x", 90)[:3, :3]
        handle = Mesh(knob.points @ turn.T + [x, -0.001, 1.0], knob.normals @ turn.T, knob.uvs, knob.faces)
    parts.append(Part(handle, metal))
    if rng.uniform() < 0.5:
        parts.append(Part(board((0.3, 0.012, 0.06), (0, -0.009, 1.15)), metal))
    parts.append(Part(board((width, 0.16, 0.03), (0, -0.03, 0.015)), stock(rng, materials.stone)))
    return measured("front door", parts)


def railing(rng: np.random.Generator, stock: Stock, length: float, height: float | None = None) -> Thing:
    """A railing along x, 0.85 to 1.1 m high: upright bars, level bars, glass, stone balusters, lattice or solid."""
    height = height or rng.uniform(0.85, 1.1)
    kind = choose(rng, {"bars": 4, "level": 2, "glass": 2, "balusters": 2, "lattice": 1, "solid": 1})
    metal = stock(rng, choose(rng, [materials.dark_metal, materials.paint, materials.brushed_metal]))
    posts = max(2, round(length / 1.3) + 1)
    xs = np.linspace(-length / 2 + 0.02, length / 2 - 0.02, posts)
    if kind == "solid":
        skin = stock(rng, choose(rng, [materials.facade, materials.concrete]))
        cap = board((length, 0.2, 0.05), (0, 0, height - 0.025), 0.006)
        body = block((length, 0.14, height - 0.05), (0, 0, (height - 0.05) / 2))
        return measured("parapet", [Part(body, skin), Part(cap, stock(rng, materials.stone))])
    if kind == "balusters":
        stone = stock(rng, choose(rng, [materials.stone, materials.concrete, materials.polished_stone]))
        low, high = 0.1, height - 0.1
        t = high - low
        knots = np.array(
            [
                (0.06, 0),
                (0.06, 0.06),
                (0.035, 0.1),
                (0.07, 0.3),
                (0.06, 0.42),
                (0.03, 0.62),
                (0.04, 0.85),
                (0.055, 0.93),
                (0.055, 1.0),
            ]
        )
        one = spun([(r, low + z * t) for r, z in knots], 10)
        count = max(2, round(length / 0.2))
        many = [moved(one, x) for x in (np.arange(count) + 0.5) / count * length - length / 2]
        rails = [board((length, 0.18, 0.1), (0, 0, z), 0.008) for z in (0.05, height - 0.05)]
        return measured("balustrade", [Part(merged(*many, *rails), stone)])
    rail = board((length, 0.05, 0.04), (0, 0, height - 0.02), 0.004)
    uprights = [block((0.035, 0.035, height - 0.04), (x, 0, (height - 0.04) / 2)) for x in xs]
    parts = []
    pieces = [*uprights]
    if kind == "bars":
        count = max(2, round(length / rng.uniform(0.09, 0.14)))
        pieces += [
            block((0.014, 0.014, height - 0.14), (x, 0, height / 2 + 0.03))
            for x in (np.arange(count) + 0.5) / count * length - length / 2
        ]
        pieces.append(block((length, 0.03, 0.02), (0, 0, 0.1)))
    elif kind == "level":
        for z in np.linspace(0.12, height - 0.14, int(rng.integers(4, 8))):
            pieces.append(rod((-length / 2, 0, z), (length / 2, 0, z), 0.007, sides=6))
    else:
        low, high = 0.08, height - 0.06
        pane = flat(
            [
                [(a + 0.03, 0, low), (b - 0.03, 0, low), (b - 0.03, 0, high), (a + 0.03, 0, high)]
                for a, b in pairwise(xs)
            ]
        )
        parts.append(Part(pane, stock(rng, materials.thin_glass if kind == "glass" else materials.fence_mask)))
    hand = stock(rng, materials.varnished_wood) if rng.uniform() < 0.3 else metal
    return measured("railing", [Part(merged(*pieces), metal), Part(rail, hand), *parts])


def striped_cloth(rng: np.random.Generator) -> Plugin:
    """Canvas in stripes of 8 to 25 cm (two in three) or plain, thin enough for the sun to shine through."""
    one = np.clip(rng.uniform(0.05, 0.85, 3), 0, 1)
    other = np.array([0.85, 0.83, 0.76]) * rng.uniform(0.85, 1.1) if rng.uniform() < 0.7 else rng.uniform(0.1, 0.8, 3)
    if rng.uniform() < 0.33:
        other = one * 0.97
    u, _ = pixel_grid(64)
    picture = np.clip(np.where((u < 0.5)[..., None], one, other), 0, 1)
    texture = repeated(Picture(picture), 2 * rng.uniform(0.08, 0.25))
    return {
        "type": "principledthin",
        "base_color": texture,
        "roughness": 0.8,
        "diff_trans": float(rng.uniform(0.2, 0.9)),
    }


def awning(rng: np.random.Generator, stock: Stock, width: float) -> Thing:
    """A slanting cloth in front of a wall at y = 0, its upper edge at z = 0.9 to 1.2 m of the thing; with a valance."""
    reach, drop, hem = rng.uniform(0.8, 1.6), rng.uniform(0.35, 0.8), rng.uniform(0.12, 0.25)
    top = drop + hem
    columns = max(8, int(width / 0.12))
    u = np.linspace(-width / 2, width / 2, columns + 1)
    waves = 0.35 * hem * np.abs(np.sin(np.arange(columns + 1) * np.pi / 4))
    rows = [
        np.stack([u, np.full_like(u, y), np.full_like(u, z)], 1)
        for y, z in ((0.0, top), (-reach / 2, top - drop * 0.53), (-reach, hem))
    ]
    hang = np.stack([u, np.full_like(u, -reach - 0.004), waves], 1)
    cloth = sheet(
        np.array(rows[::-1]), np.stack(np.broadcast_arrays(u, np.array([0.0, reach / 2, reach])[:, None]), -1)
    )
    valance = sheet(np.array([hang, rows[-1]]), np.stack(np.broadcast_arrays(u, np.array([0.0, hem])[:, None]), -1))
    skin = stock(rng, striped_cloth)
    arms = [
        rod((s * (width / 2 - 0.03), -0.01, hem + 0.1), (s * (width / 2 - 0.03), -reach, hem - 0.01), 0.012, sides=6)
        for s in (-1, 1)
    ]
    arms.append(rod((-width / 2, -reach + 0.01, hem - 0.01), (width / 2, -reach + 0.01, hem - 0.01), 0.014, sides=6))
    return measured(
        "awning", [Part(cloth, skin), Part(valance, skin), Part(merged(*arms), stock(rng, materials.dark_metal))]
    )


def column(rng: np.random.Generator, stock: Stock, height: float, radius: float, broken: bool = False) -> Thing:
    """A column: round, fluted (two in five) or square (one in six), with base and capital in the manner of an order.

    broken: the shaft ends at 0.2 to 0.8 of its height in a slanting break, without a capital.
    """
    stone = stock(rng, choose(rng, [materials.stone, materials.polished_stone, materials.concrete, materials.facade]))
    square = rng.uniform() < 1 / 6
    base, cap = rng.uniform(0.5, 1.2) * radius, rng.uniform(0.6, 1.4) * radius
    top = height * rng.uniform(0.2, 0.8) if broken else height - cap
    pieces = []
    if square:
        pieces.append(board((1.7 * radius, 1.7 * radius, top), (0, 0, top / 2), 0.01))
        base = 0.5 * radius
        pieces.append(board((2.2 * radius, 2.2 * radius, base), (0, 0, base / 2), 0.01))
    else:
        plinth = 0.4 * base
        pieces.append(board((2.6 * radius, 2.6 * radius, plinth), (0, 0, plinth / 2), 0.008))
        torus = [
            (1.25 * radius, plinth),
            (1.3 * radius, plinth + 0.3 * (base - plinth)),
            (1.2 * radius, plinth + 0.5 * (base - plinth)),
            (1.05 * radius, plinth + 0.55 * (base - plinth)),
            (1.12 * radius, plinth + 0.8 * (base - plinth)),
            (1.0 * radius, base),
        ]
        pieces.append(spun(torus, 28))
        flutes = int(choose(rng, {0: 6, 16: 2, 20: 2}))
        pieces.append(_shaft(rng, radius, base, top, flutes, broken))
    if not broken:
        if not square:
            flare = rng.uniform(1.15, 1.45)
            bell = [
                (0.85 * radius, top),
                (0.93 * radius, top + 0.1 * cap),
                (0.86 * radius, top + 0.15 * cap),
                (0.9 * radius, top + 0.4 * cap),
                (flare * radius, top + 0.7 * cap),
            ]
            pieces.append(spun(bell, 28))
        pieces.append(board((2.9 * radius, 2.9 * radius, 0.3 * cap), (0, 0, height - 0.15 * cap), 0.008))
    return measured("column", [Part(merged(*pieces), stone)])


def _shaft(rng: np.random.Generator, radius: float, low: float, high: float, flutes: int, broken: bool) -> Mesh:
    """A shaft that swells a little; fluted if `flutes` > 0."""
    angle = np.linspace(0, TAU, 6 * flutes + 1 if flutes else 29)
    angle[-1] = 0.0
    t = np.linspace(0, 1, 9)[:, None]
    r = radius * (1 - 0.15 * t**1.6)
    ripple = 1 - 0.07 * np.abs(np.sin(flutes * angle / 2)) ** 0.6 if flutes else np.ones_like(angle)
    r = r * ripple
    z = np.broadcast_to(low + (high - low) * t, r.shape).copy()
    if broken:
        jag = np.cumsum(rng.standard_normal(len(angle) - 1))
        jag = np.append(jag - jag.mean(), (jag - jag.mean())[0])
        slant = 0.5 * np.cos(angle - rng.uniform(0, TAU)) + 0.08 * jag
        z[-1] += radius * slant
        z[-2] = np.minimum(z[-2], z[-1] - 0.02)
    points = np.stack([r * np.cos(angle), r * np.sin(angle), z], -1)
    mesh = sheet(points, np.stack(np.broadcast_arrays(angle * 0 + np.linspace(0, TAU, len(angle)) * radius, z), -1))
    if not broken:
        return mesh
    lid = np.stack(
        [0.01 * points[-1] + 0.99 * points[-1].mean(axis=0) - [0, 0, 0.3 * radius * rng.uniform()], points[-1]]
    )
    return merged(mesh, sheet(lid[::-1], lid[::-1, :, :2].copy()))


def pitched_roof(rng: np.random.Generator, stock: Stock, width: float, depth: float) -> Thing:
    """A gable roof over x of `width`, y from 0 to `depth`: ridge along x (two in three) or y, 25 to 50 degrees steep.

    Its eaves reach out 0.2 to 0.6 m; the walls under the ridge are closed, with gutters along the eaves.
    """
    over, pitch, thick = rng.uniform(0.2, 0.6), np.tan(np.radians(rng.uniform(25, 50))), rng.uniform(0.12, 0.2)
    along_x = rng.uniform() < 0.67
    span, length = (depth, width) if along_x else (width, depth)
    rise = pitch * span / 2
    tiles, trim = stock(rng, materials.roof), stock(rng, materials.paint)
    half, long = span / 2, length / 2 + over
    outer, gable = [], []
    for s in (-1, 1):
        low = (s * (half + over), -pitch * over)
        for z, flip in ((thick, 1), (0.0, -1)):
            quad = [(-long, low[0], low[1] + z), (long, low[0], low[1] + z), (long, 0, rise + z), (-long, 0, rise + z)]
            outer.append(quad if s * flip < 0 else quad[::-1])
        edge = [
            (-long, low[0], low[1]),
            (long, low[0], low[1]),
            (long, low[0], low[1] + thick),
            (-long, low[0], low[1] + thick),
        ]
        gable.append(edge if s < 0 else edge[::-1])
        for e in (-1, 1):
            side = [
                (e * long, low[0], low[1]),
                (e * long, 0, rise),
                (e * long, 0, rise + thick),
                (e * long, low[0], low[1] + thick),
            ]
            gable.append(side if s * e < 0 else side[::-1])
    walls = [
        [(s * length / 2, -half, 0), (s * length / 2, half, 0), (s * length / 2, 0, rise), (s * length / 2, 0, rise)][
            ::s
        ]
        for s in (1, -1)
    ]
    gutters = [
        rod(
            (-long, s * (half + over + 0.06), -pitch * over + 0.03),
            (long, s * (half + over + 0.06), -pitch * over + 0.03),
            0.055,
            sides=8,
        )
        for s in (-1, 1)
    ]
    turn = np.eye(4) if along_x else rotation("z", 90)
    place = translation(0, depth / 2, 0) @ turn
    parts = [
        Part(flat(outer), tiles),
        Part(flat(gable), trim),
        Part(merged(*gutters), stock(rng, materials.dark_metal)),
    ]
    if rng.uniform() < 0.5:
        wide, x = rng.uniform(0.4, 0.7), rng.uniform(-0.3, 0.3) * length
        y = 0.3 * half
        chimney = block((wide, wide, 1.6), (x, y, rise - pitch * y + 0.4))
        parts.append(Part(chimney, stock(rng, materials.facade)))
    parts.append(Part(flat(walls), stock(rng, materials.facade)))
    moved = tuple(moved_part(part, place) for part in parts)
    return Thing("pitched roof", moved, (width + 2 * over, depth + 2 * over, rise + thick))


@dataclass(frozen=True)
class House:
    """A building: parts as for a wall, `door` (x of its entrance or None), names of what it has, spots to look at.

    spots: places on its front worth a close look, each with the size of what is there.
    """

    parts: list[Part]
    elements: list[str]
    door: float | None
    spots: list[tuple[tuple[float, float, float], float]]
    height: float


def house(rng: np.random.Generator, stock: Stock, width: float, depth: float, storeys: int, dark: bool) -> House:
    """A building with `storeys` floors of 2.7 to 3.6 m; ground floor: shop (two in five), windows and door, or plain.

    dark: windows are lit (each with the same chance, 0.2 to 0.7) and lanterns are on. Balconies (one in four), string
    courses, cornice, flat (half) or pitched roof, awning over the shop, sign, downpipe, flower boxes.
    """
    skin, thickness = stock(rng, materials.facade), rng.uniform(0.25, 0.45)
    trim = stock(rng, choose(rng, [materials.stone, materials.paint, materials.concrete]))
    floor_height = rng.uniform(2.7, 3.6)
    ground_height = floor_height * rng.uniform(1.0, 1.25)
    height = ground_height + (storeys - 1) * floor_height + 0.3
    columns = max(1, int(width / rng.uniform(1.8, 3.2)))
    pitch = width / columns
    wide = min(pitch * rng.uniform(0.35, 0.6), 1.8)
    tall = floor_height * rng.uniform(0.42, 0.68)
    sill = rng.uniform(0.45, 0.9) if tall < 1.9 else rng.uniform(0.05, 0.25)
    tall = min(tall, floor_height - sill - 0.3)
    rise = choose(rng, {0.0: 7, wide / 2: 1.5, wide * 0.15: 1.5})
    windows = Windows(rng, stock, wide, tall, thickness, rise)
    lit_share = rng.uniform(0.2, 0.7) if dark else 0.0
    centres = (np.arange(columns) + 0.5) * pitch - width / 2
    holes, contents, elements, spots = [], [], [], []

    def put(thing_or_parts, x: float, y: float, z: float) -> None:
        parts = thing_or_parts.parts if isinstance(thing_or_parts, Thing) else thing_or_parts
        contents.extend(moved_part(part, translation(x, y, z)) for part in parts)
        if isinstance(thing_or_parts, Thing):
            elements.append(thing_or_parts.name)

    upper = []
    for storey in range(storeys):
        z = (0.0 if storey == 0 else ground_height + (storey - 1) * floor_height) + sill
        upper += [(x, z, storey) for x in centres]
    door_column = int(rng.integers(columns))
    shop = rng.uniform() < 0.4 and width > 3.5
    door_wide, door_tall = min(rng.uniform(0.95, 1.3), pitch - 0.3), rng.uniform(2.05, 2.4)
    door_rise = choose(rng, {0.0: 3, door_wide / 2: 1})
    door_x = float(centres[door_column])
    door_hole = Hole(door_x - door_wide / 2, door_x + door_wide / 2, 0.0, door_tall + door_rise, door_rise)
    holes.append(door_hole)
    put(front_door(rng, stock, door_wide, door_tall), door_x, 0.5 * thickness, 0.0)
    if door_rise > 0:
        light = Hole(-door_wide / 2, door_wide / 2, 0, door_rise, door_rise)
        arc = light.arc()
        fan = flat([[(a, 0, 0), (b, 0, 0), (b, 0, zb), (a, 0, za)] for (a, za), (b, zb) in pairwise(arc)])
        put(
            [
                Part(fan, stock(rng, materials.thin_glass)),
                Part(hollow_box(door_wide, 1.2, door_rise), stock(rng, materials.wall), to_world=translation(0, 0.12)),
            ],
            door_x,
            0.55 * thickness,
            door_tall,
        )
    spots.append(((door_x, 0.0, 1.1), 1.2))
    if shop:
        shop_tall = min(ground_height - 0.5, rng.uniform(2.2, 2.9))
        sides = [(-width / 2 + 0.35, door_hole.x0 - 0.35), (door_hole.x1 + 0.35, width / 2 - 0.35)]
        x0, x1 = max(sides, key=lambda side: side[1] - side[0])
        base = rng.uniform(0.1, 0.6)
        if x1 - x0 > 1.2:
            front = Windows(rng, stock, x1 - x0, shop_tall - base, thickness)
            middle = (x0 + x1) / 2
            holes.append(Hole(x0, x1, base, shop_tall))
            put(front.parts(rng, lit=rng.uniform() < (0.9 if dark else 0.4)), middle, 0.0, base)
            elements.append("shop window")
            spots.append(((middle, 0.0, 1.5), 2.0))
            if rng.uniform() < 0.6:
                cover = awning(rng, stock, x1 - x0 + 0.2)
                put(cover, middle, -0.005, shop_tall + 0.02)
            else:
                sign = flat(
                    [
                        [
                            (x0, -0.06, shop_tall + 0.05),
                            (x1, -0.06, shop_tall + 0.05),
                            (x1, -0.06, shop_tall + 0.45),
                            (x0, -0.06, shop_tall + 0.45),
                        ]
                    ]
                )
                sign = Mesh(
                    sign.points, sign.normals, np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float), sign.faces
                )
                put(
                    [
                        Part(sign, stock(rng, materials.lettered)),
                        Part(block((x1 - x0, 0.055, 0.4), (middle, -0.03, shop_tall + 0.25)), trim),
                    ],
                    0,
                    0,
                    0,
                )
                elements.append("sign")
        upper = [item for item in upper if item[2] > 0]
    else:
        plain = rng.uniform() < 0.15
        upper = [
            item
            for item in upper
            if item[2] > 0 or (abs(item[0] - door_x) > (wide + door_wide) / 2 + 0.1 and not plain)
        ]
    balconies = rng.uniform() < 0.25 and storeys > 1
    balcony = railing(rng, stock, wide + 0.9, 0.95) if balconies else None
    boxes = rng.uniform() < 0.2
    for x, z, storey in upper:
        holes.append(Hole(x - wide / 2, x + wide / 2, z, z + tall, rise))
        put(windows.parts(rng, lit=rng.uniform() < lit_share), x, 0.0, z)
        if balcony is not None and storey > 0 and rng.uniform() < 0.75:
            reach = 0.8
            put(
                [Part(board((wide + 1.0, reach + 0.05, 0.14), (0, -reach / 2, -0.08), 0.01), trim)],
                x,
                0,
                z - sill + 0.02,
            )
            put(balcony, x, -reach + 0.05, z - sill)
            for s in (-1, 1):
                turn = rotation("z", 90) @ scaling((reach - 0.05) / (wide + 0.9), 1, 1)
                side = [
                    moved_part(part, translation(s * (wide + 0.9) / 2, -reach / 2) @ turn) for part in balcony.parts
                ]
                put(side, x, 0, z - sill)
        elif boxes and storey > 0:
            put(
                [
                    Part(
                        board((wide, 0.18, 0.16), (0, -0.13, 0.03), 0.004),
                        stock(rng, materials.terracotta) if x == centres[0] else trim,
                    )
                ],
                x,
                0,
                z,
            )
        elements.append("window")
    if upper:
        x, z, _ = upper[0]
        spots.append(((x, 0.0, z + tall / 2), max(wide, tall)))
    body = [Part(wall(width, height, thickness, holes), skin)]
    w = width / 2
    shell = [
        [(-w, depth, 0), (-w, thickness, 0), (-w, thickness, height), (-w, depth, height)],
        [(w, thickness, 0), (w, depth, 0), (w, depth, height), (w, thickness, height)],
        [(w, depth, 0), (-w, depth, 0), (-w, depth, height), (w, depth, height)],
    ]
    body.append(Part(flat(shell), skin))
    lid = flat([[(-w, 0, height), (w, 0, height), (w, depth, height), (-w, depth, height)]])
    body.append(Part(lid, stock(rng, materials.concrete)))
    if rng.uniform() < 0.5:
        upstand = rng.uniform(0.2, 0.9)
        body.append(Part(wall(width, upstand, 0.2), skin, to_world=translation(0, 0, height)))
        body.append(Part(board((width + 0.08, 0.3, 0.06), (0, 0.09, height + upstand + 0.03), 0.008), trim))
        total = height + upstand
    else:
        over = pitched_roof(rng, stock, width, depth)
        body += [moved_part(part, translation(0, 0, height)) for part in over.parts]
        elements.append(over.name)
        total = height + over.size[2]
    bands = []
    if rng.uniform() < 0.5:
        bands.append(board((width, 0.12, 0.1), (0, -0.055, ground_height), 0.01))
    if rng.uniform() < 0.5:
        deep = rng.uniform(0.15, 0.4)
        bands += [
            board(
                (width + 0.02, deep * (0.4 + 0.3 * k), 0.09),
                (0, -deep * (0.2 + 0.15 * k) + 0.005, height - 0.3 + 0.09 * k),
                0.012,
            )
            for k in range(3)
        ]
        elements.append("cornice")
    if rng.uniform() < 0.4:
        low = rng.uniform(0.3, 0.8)
        for x0, x1 in ((-w, door_hole.x0), (door_hole.x1, w)):
            if x1 - x0 > 0.05 and not any(hole.z0 < low and hole is not door_hole for hole in holes):
                bands.append(board((x1 - x0, 0.05, low), ((x0 + x1) / 2, -0.024, low / 2), 0.01))
    if bands:
        body.append(Part(merged(*bands), trim))
    if rng.uniform() < 0.4:
        x = choose(rng, [-1, 1]) * (w - 0.15)
        body.append(Part(rod((x, -0.08, 0.1), (x, -0.08, height), 0.045, sides=8), stock(rng, materials.dark_metal)))
        elements.append("downpipe")
    if rng.uniform() < 0.45:
        light = wall_lantern(rng, stock, dark)
        put(light, door_x + choose(rng, [-1, 1]) * (door_wide / 2 + 0.25), -0.001, 1.9)
    return House(body + contents, elements, door_x, spots, total)


def wall_lantern(rng: np.random.Generator, stock: Stock, on: bool) -> Thing:
    """A lamp on a wall at y = 0: a glass cylinder or a globe around a bulb, 0.3 m high."""
    metal = stock(rng, materials.dark_metal)
    bulb = {"type": "sphere", "radius": 0.035}
    light = lamp(_warm(rng, 3, 10), 4 * np.pi * 0.035**2) if on else None
    white = {"type": "diffuse", "reflectance": Rgb(0.8, 0.8, 0.78)}
    parts = [
        Part(
            merged(
                board((0.1, 0.02, 0.16), (0, -0.01, 0.2)),
                rod((0, -0.02, 0.26), (0, -0.14, 0.28), 0.01),
                board((0.14, 0.14, 0.015), (0, -0.14, 0.27)),
                board((0.12, 0.12, 0.015), (0, -0.14, 0.03)),
            ),
            metal,
        ),
        Part(bulb, white, light, to_world=translation(0, -0.14, 0.15)),
    ]
    if rng.uniform() < 0.6:
        c = 0.055
        corners = [(-c, -0.14 - c), (c, -0.14 - c), (c, -0.14 + c), (-c, -0.14 + c)]
        panes = [
            [(*a, 0.04), (*b, 0.04), (*b, 0.26), (*a, 0.26)]
            for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
        ]
        parts.append(Part(flat(panes), stock(rng, materials.thin_glass)))
    return Thing("wall lantern", tuple(parts), (0.2, 0.44, 0.3))


def _warm(rng: np.random.Generator, low: float, high: float) -> Rgb:
    """Flux of a lamp: log-uniform in its red, blue 0.25 to 0.8 of it; one in ten cold or sodium orange."""
    strength, cool = log_uniform(rng, low, high), rng.uniform(0.25, 0.8)
    if rng.uniform() < 0.1:
        return choose(rng, [Rgb(0.8, 0.95, 1.0), Rgb(1.0, 0.5, 0.1)]).times(strength)
    return Rgb(strength, strength * (0.5 + 0.5 * cool), strength * cool)


def street_lamp(rng: np.random.Generator, stock: Stock, on: bool, height: float | None = None) -> Thing:
    """A lamp post of 2.8 to 5.5 m: a globe, an old lantern, or an arm with a flat head; low ones are weaker."""
    height = height or rng.uniform(2.8, 5.5)
    kind = choose(rng, ["globe", "lantern", "arm"])
    metal = stock(rng, choose(rng, {materials.dark_metal: 4, materials.paint: 1, materials.brushed_metal: 1}))
    flux = _warm(rng, 25, 90).times(min(1.0, (height / 4.0) ** 2))
    white = {"type": "diffuse", "reflectance": Rgb(0.85, 0.85, 0.83)}
    pole = spun(
        [
            (0, 0),
            (0.12, 0),
            (0.12, 0.15),
            (0.09, 0.25),
            (0.06, 0.6),
            (0.045, 0.65),
            (0.035, height - 0.25),
            (0, height - 0.25),
        ],
        14,
    )
    if kind == "globe":
        radius = rng.uniform(0.13, 0.22)
        light = lamp(flux, 4 * np.pi * radius**2) if on else None
        parts = [
            Part(pole, metal),
            Part(
                {"type": "sphere", "radius": radius},
                white,
                light,
                to_world=translation(0, 0, height - 0.25 + radius * 0.95),
            ),
        ]
    elif kind == "lantern":
        cap = spun([(0.16, height + 0.05), (0.2, height + 0.05), (0.05, height + 0.2), (0, height + 0.28)], 6)
        floor = spun([(0.0, height - 0.27), (0.1, height - 0.25), (0.1, height - 0.23), (0, height - 0.23)], 6)
        ring = np.arange(7) / 6 * TAU
        ring[-1] = 0.0
        low, high = (
            np.stack([r * np.cos(ring), r * np.sin(ring), np.full(7, z)], 1)
            for r, z in ((0.1, height - 0.23), (0.16, height + 0.05))
        )
        panes = flat(np.stack([low[:-1], low[1:], high[1:], high[:-1]], 1))
        light = lamp(flux, 4 * np.pi * 0.05**2) if on else None
        parts = [
            Part(merged(pole, cap, floor), metal),
            Part(panes, stock(rng, materials.thin_glass)),
            Part({"type": "sphere", "radius": 0.05}, white, light, to_world=translation(0, 0, height - 0.1)),
        ]
    else:
        reach = rng.uniform(0.6, 1.4)
        arm = rod((0, 0, height - 0.27), (0, -reach, height), 0.03, sides=8)
        head = board((0.22, 0.5, 0.07), (0, -reach - 0.1, height + 0.02), 0.02)
        light = lamp(flux, 0.18 * 0.44) if on else None
        face = translation(0, -reach - 0.1, height - 0.018) @ rotation("x", 180) @ scaling(0.09, 0.22, 1)
        parts = [Part(merged(pole, arm, head), metal), Part({"type": "rectangle"}, white, light, to_world=face)]
    return measured("street lamp", parts)


def steps(rng: np.random.Generator, stock: Stock, width: float, count: int) -> Thing:
    """Steps that climb along +y from the origin: treads of 26 to 34 cm, 14 to 18 cm high."""
    run, rise = rng.uniform(0.26, 0.34), rng.uniform(0.14, 0.18)
    skin = stock(rng, choose(rng, [materials.stone, materials.concrete, materials.paving]))
    mesh = stairs(width, count, run, rise, 0.008)
    return Thing("outdoor steps", (Part(mesh, skin),), (width, 2 * run * count, rise * count))
