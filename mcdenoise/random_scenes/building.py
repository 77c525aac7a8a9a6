"""What belongs to the building: stairs, columns, plinths, doors, fireplaces, radiators, baths, drawn at random."""

from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.extent import on_wall, standing
from mcdenoise.random_scenes.joinery import area, beam, board, joined, lofted, pipe, polygon, prism, rod, spun
from mcdenoise.random_scenes.meshes import TAU, Mesh, merged, moved, sheet, turned
from mcdenoise.random_scenes.parts import Part, Plugin, Rgb, Surface, Thing, choose, lamp
from mcdenoise.random_scenes.storage import tap

# Stairs


def stairs(rng: np.random.Generator, rise: float, kind: str | None = None) -> Thing:
    """A flight that climbs `rise` metres along +y: `straight` (45%), with a `landing` (30%) or a `spiral` (25%).

    Steps 16 to 19 cm high and 25 to 30 cm deep, 0.8 to 1.3 m wide. A straight flight is solid, of treads between two
    stringers, or of treads on one beam; its last tread lies at z = `rise` at the end of its box. One with a landing
    turns there by 180 degrees. Railings of bars, of glass or of wires, with a handrail. Its box includes the railing.
    """
    kind = choose(rng, {"straight": 45, "landing": 30, "spiral": 25}) if kind is None else kind
    steps = max(2, round(rise / float(rng.uniform(0.16, 0.19))))
    if kind == "spiral":
        return _spiral_stairs(rng, rise, steps)
    run, wide = float(rng.uniform(0.25, 0.30)), float(rng.uniform(0.8, 1.3))
    body = choose(rng, {"solid": 40, "stringers": 40, "beam": 20})
    solid = [materials.concrete, materials.stone, materials.wood, materials.paint]
    tread = choose(rng, solid if body == "solid" else [materials.wood, materials.varnished_wood, materials.stone])(rng)
    frame = choose(rng, [materials.dark_metal, materials.paint, materials.wood])(rng)
    rails = _Railing(rng)
    sides = choose(rng, {(-1,): 25, (1,): 25, (-1, 1): 40, (): 10})
    if kind == "straight" or steps < 6:
        treads, holders = _flight(body, steps, run, rise / steps, wide)
        line = np.array([(0, run * (k + 0.5), rise / steps * (k + 1)) for k in range(steps)])
        for side in sides:
            rails.along(line + np.array([side * (wide / 2 - 0.05), 0, 0]))
    else:
        first = steps // 2
        step = rise / steps
        treads, holders = _flight(body, first, run, step, wide)
        apart, far, level = wide + 0.12, run * first, step * first
        treads.append(board((wide + apart, wide, 0.16), (apart / 2, far + wide / 2, level - 0.08)))
        if body != "solid":
            holders += [
                rod((x, far + wide - 0.1, 0), (x, far + wide - 0.1, level - 0.15), 0.05)
                for x in (-wide / 2 + 0.1, wide / 2 + apart - 0.1)
            ]
        upper, held = _flight(body, steps - first, run, step, wide)
        treads += [moved(turned(mesh, "z", 180), apart, far, level) for mesh in upper]
        holders += [moved(turned(mesh, "z", 180), apart, far, level) for mesh in held]
        if sides:
            inner = wide / 2 - 0.05
            line = np.array([(inner, run * (k + 0.5), step * (k + 1)) for k in range(first)])
            rails.along(line)
            line = [(apart - inner, far - run * (k + 0.5), level + step * (k + 1)) for k in range(steps - first)]
            rails.along(np.array(line))
            edge = far + wide - 0.05
            corners = [
                (-wide / 2 + 0.05, far + 0.05),
                (-wide / 2 + 0.05, edge),
                (apart + inner, edge),
                (apart + inner, far + 0.05),
            ]
            for (x0, y0), (x1, y1) in pairwise(corners):
                count = max(3, int(np.hypot(x1 - x0, y1 - y0) / 0.28))
                t = np.linspace(0, 1, count)[:, None]
                rails.along((1 - t) * np.array([x0, y0, level]) + t * np.array([x1, y1, level]))
    parts = [joined(tread, *treads), *([joined(frame, *holders)] if holders else []), *rails.parts()]
    return standing("stairs", parts)


def _flight(body: str, steps: int, run: float, step: float, wide: float) -> tuple[list[Mesh], list[Mesh]]:
    """Treads and what holds them, from the origin up along +y."""
    length, rise = run * steps, step * steps
    if body == "solid":
        treads = [
            board((wide, run + 0.02, step), (0, run * (k + 0.5) - 0.01, step * (k + 0.5)), 0.004) for k in range(steps)
        ]
        under = [(0, 0), (length, rise - step), (length, max(rise - step - 0.25, 0.0)), (0.3 * run, 0.0)]
        corners = [
            polygon(np.array([(x, y, z) for y, z in (under if x < 0 else under[::-1])]))
            for x in (-0.49 * wide, 0.49 * wide)
        ]
        slope = np.array([[(s * 0.49 * wide, y, z) for s in (1, -1)] for y, z in (under[3], under[2])])
        end = np.array([[(s * 0.49 * wide, y, z) for s in (1, -1)] for y, z in (under[2], under[1])])
        uvs = np.array([[(0, 0), (0, wide)], [(length, 0), (length, wide)]], dtype=float)
        return [*treads, *corners, sheet(slope, uvs), sheet(end, uvs)], []
    thick = 0.045
    treads = [
        board((wide, run + 0.03, thick), (0, run * (k + 0.5) - 0.015, step * (k + 1) - thick / 2), 0.004)
        for k in range(steps)
    ]
    xs = (-wide / 2 + 0.06, wide / 2 - 0.06) if body == "stringers" else (0.0,)
    width, tall = (0.05, 0.22) if body == "stringers" else (0.16, 0.16)
    drop = thick + 0.5 * tall + 0.02
    holders = [
        beam((x, 0.3 * run, step - drop + 0.35 * step), (x, length - 0.4 * run, rise - drop), width, tall) for x in xs
    ]
    if body == "beam":
        for k in range(steps):
            holders.append(board((0.3, 0.18, 0.012), (0, run * (k + 0.5), step * (k + 1) - thick - 0.007)))
            holders.append(board((0.06, 0.1, step), (0, run * (k + 0.5), step * (k + 0.6) - thick - 0.012)))
    else:
        holders.append(board((wide - 0.12, 0.05, 0.05), (0, length - 0.4 * run, rise - thick - 0.03)))
    low = min(float(mesh.points[:, 2].min()) for mesh in holders)
    if low < 0:
        holders = [_cut_level(mesh) for mesh in holders]
    return treads, holders


def _cut_level(mesh: Mesh) -> Mesh:
    """The mesh pressed flat where it would go below the floor."""
    points = mesh.points.copy()
    points[:, 2] = np.maximum(points[:, 2], 0)
    return Mesh(points, mesh.normals, mesh.uvs, mesh.faces)


class _Railing:
    """Railings of one style, 0.88 to 1.0 m high, over lines of places on the steps.

    Fillings: round or square bars (60%), a pane of glass (20%), wires along the rail (20%). Handrail: round, square, of
    wood or metal.
    """

    def __init__(self, rng: np.random.Generator):
        self.high = float(rng.uniform(0.88, 1.0))
        self.style = choose(rng, {"round bars": 30, "square bars": 30, "glass": 20, "wires": 20})
        self.round_rail = rng.uniform() < 0.5
        self.bars_each = int(rng.integers(1, 3))
        self._metal = choose(rng, [materials.dark_metal, materials.brushed_metal, materials.paint])(rng)
        self._rail = (
            choose(rng, {materials.wood: 3, materials.varnished_wood: 3})(rng) if rng.uniform() < 0.6 else self._metal
        )
        self._glass = materials.glass(rng)
        self._bars: list[Mesh] = []
        self._rails: list[Mesh] = []
        self._panes: list[Mesh] = []

    def along(self, line: np.ndarray) -> None:
        """A railing over places `[n, 3]`, one on each step, in order."""
        up = np.array([0, 0, self.high])
        top = line + up
        self._rails.append(pipe(top, 0.024, 10) if self.round_rail else beam_chain(top, 0.045, 0.035))
        posts = range(len(line)) if "bars" in self.style else (0, len(line) // 2, len(line) - 1)
        for k in posts:
            self._bars.append(self._bar(line[k], top[k], 0.009 if "bars" in self.style else 0.016))
            if "bars" in self.style and self.bars_each == 2 and k + 1 < len(line):
                foot, head = (line[k] + line[k + 1]) / 2, (top[k] + top[k + 1]) / 2
                self._bars.append(self._bar(np.array([*foot[:2], line[k][2] - 0.02]), head, 0.009))
        for k in (0, len(line) - 1):
            self._bars.append(self._bar(line[k] - np.array([0, 0, 0.03]), top[k], 0.02))
        if self.style == "wires":
            for share in np.linspace(0.15, 0.85, 6):
                self._bars.append(pipe(line + share * up, 0.003, 6))
        elif self.style == "glass":
            self._panes += [
                _pane(line[a] + 0.1 * up, line[b] + 0.1 * up, 0.8 * self.high)
                for a, b in ((0, len(line) // 2), (len(line) // 2, len(line) - 1))
                if b > a
            ]

    def _bar(self, foot: np.ndarray, head: np.ndarray, r: float) -> Mesh:
        if self.style == "square bars":
            return beam(foot, head, 1.8 * r, 1.8 * r)
        return rod(foot, head, r, sides=8)

    def parts(self) -> list[Part]:
        metal = self._bars + (self._rails if self._rail is self._metal else [])
        found = [joined(self._metal, *metal)] if metal else []
        if self._rails and self._rail is not self._metal:
            found.append(joined(self._rail, *self._rails))
        return found + ([joined(self._glass, *self._panes)] if self._panes else [])


def beam_chain(line: np.ndarray, width: float, thickness: float) -> Mesh:
    """Square bars from place to place, or one if all lie on one line."""
    first, last = line[0], line[-1]
    way = (last - first) / np.linalg.norm(last - first)
    away = (line - first) - ((line - first) @ way)[:, None] * way
    side = np.array([-way[1], way[0], 0.0])
    if np.abs(away).max() < 1e-6:
        return beam(first, last, width, thickness, side=side)
    return merged(*(beam(a, b, width, thickness, side=(-(b - a)[1], (b - a)[0], 0)) for a, b in pairwise(line)))


def _pane(start: np.ndarray, end: np.ndarray, height: float, thick: float = 0.012) -> Mesh:
    """A pane of glass, whose lower edge goes from one place to another and whose ends are upright."""
    way = np.array([*(end - start)[:2], 0.0])
    out = np.array([way[1], -way[0], 0.0]) / np.linalg.norm(way) * thick / 2
    lift = np.array([0, 0, height])
    ring = [start, end, end + lift, start + lift]
    near, far = np.array([p + out for p in ring]), np.array([p - out for p in ring])
    sides = [polygon(np.array([near[k - 1], far[k - 1], far[k], near[k]])) for k in range(4)]
    return merged(polygon(near), polygon(far[::-1]), *sides)


def _spiral_stairs(rng: np.random.Generator, rise: float, steps: int) -> Thing:
    """Wedges around a post, 24 to 30 degrees each, 0.65 to 0.9 m long, with bars and a handrail outside."""
    reach, turn = float(rng.uniform(0.65, 0.9)), float(rng.uniform(24, 30)) * choose(rng, [-1, 1])
    tread = choose(rng, [materials.wood, materials.varnished_wood, materials.dark_metal, materials.concrete])(rng)
    metal = choose(rng, [materials.dark_metal, materials.paint, materials.brushed_metal])(rng)
    post, thick, high = float(rng.uniform(0.04, 0.09)), float(rng.uniform(0.03, 0.06)), 0.95
    start = float(rng.uniform(0, 360))
    half = np.radians(abs(turn) / 2 + 1.5)
    arc = np.linspace(-half, half, 7)
    outer = np.stack([reach * np.cos(arc), reach * np.sin(arc)], 1)
    inner = np.array([[0.9 * post, 0.06], [0.9 * post, -0.06]])
    wedge = prism(np.vstack([outer, inner]), -thick, 0.0, 0.003)
    treads, bars, line = [], [rod((0, 0, 0), (0, 0, rise + high), post, sides=20)], []
    for k in range(steps):
        z, angle = rise / steps * (k + 1), start + k * turn
        treads.append(moved(turned(wedge, "z", angle), 0, 0, z))
        for part in (-0.25, 0.25):
            place = np.radians(angle + part * turn)
            foot = np.array([(reach - 0.03) * np.cos(place), (reach - 0.03) * np.sin(place), z - 0.5 * thick])
            head = foot + np.array([0, 0, high + 0.5 * thick + part * rise / steps])
            bars.append(rod(foot, head, 0.008, sides=8))
            line.append(head)
    rail = metal if rng.uniform() < 0.5 else materials.varnished_wood(rng)
    parts = [joined(tread, *treads), joined(metal, *bars), joined(rail, pipe(np.array(line), 0.022, 10))]
    return standing("spiral stairs", parts)


# Columns and plinths


def column(rng: np.random.Generator, height: float | None = None) -> Thing:
    """Round, fluted, square or a steel section, with base and capital (not of steel); 2.2 to 4 m high."""
    height = float(rng.uniform(2.2, 4.0)) if height is None else height
    kind = choose(rng, {"round": 30, "fluted": 30, "square": 30, "steel": 10})
    r = height * float(rng.uniform(0.04, 0.075))
    if kind == "steel":
        t, w = 0.014, 0.9 * r
        bars = [board((2 * w, t, height), (0, sy * w, height / 2), 0.001) for sy in (-1, 1)]
        return standing(
            "column", [joined(materials.paint(rng), board((t, 2 * w - t, height), (0, 0, height / 2), 0.0), *bars)]
        )
    bsdf = choose(rng, [materials.stone, materials.polished_stone, materials.concrete, materials.paint])(rng)
    foot, head = 1.2 * r, 1.0 * r
    if kind == "square":
        meshes = [board((2 * r, 2 * r, height), (0, 0, height / 2), 0.006)]
        if rng.uniform() < 0.6:
            meshes += [
                board((2.5 * r, 2.5 * r, z), (0, 0, place), 0.006)
                for z, place in ((0.5 * r, 0.25 * r), (0.3 * r, height - 0.15 * r))
            ]
            meshes.append(board((2.3 * r, 2.3 * r, 0.3 * r), (0, 0, 0.65 * r), 0.006))
        return standing("column", [joined(bsdf, *meshes)])
    meshes = [
        board((2.7 * r, 2.7 * r, 0.4 * foot), (0, 0, 0.2 * foot), 0.004),
        board((2.6 * r, 2.6 * r, 0.4 * head), (0, 0, height - 0.2 * head), 0.004),
    ]
    angle = np.linspace(0, np.pi, 9)
    roll = [(1.08 * r + 0.2 * r * float(np.sin(a)), 0.4 * foot + 0.25 * foot * float(1 - np.cos(a))) for a in angle]
    meshes.append(spun([(0, 0.4 * foot), *roll, (1.02 * r, foot), (0, foot)], 40))
    top = height - head
    bell = [
        (0.85 * r, top),
        (0.95 * r, top + 0.12 * head),
        (0.88 * r, top + 0.2 * head),
        (1.05 * r, top + 0.4 * head),
        (1.25 * r, top + 0.6 * head),
    ]
    meshes.append(spun([(0, top), *bell, (0, top + 0.6 * head)], 40))
    levels = np.linspace(0, 1, 9)
    swell = r * (1 - 0.16 * levels**1.8)
    if kind == "fluted":
        flutes = int(rng.integers(16, 25))
        around = np.arange(flutes * 8 + 1)
        depth = 0.1 * np.sqrt(np.maximum(np.sin(np.pi * (around % 8) / 8), 0))
        radius = swell[:, None] * (1 - depth[None, :])
        theta = around / (flutes * 8) * TAU
    else:
        theta = np.linspace(0, TAU, 41)
        radius = np.broadcast_to(swell[:, None], (9, 41))
    z = np.broadcast_to((foot + levels * (top - foot))[:, None], radius.shape)
    points = np.stack([radius * np.cos(theta), radius * np.sin(theta), z], -1)
    points[:, -1] = points[:, 0]
    meshes.append(sheet(points, np.stack([z, np.broadcast_to(theta * r, z.shape)], -1)))
    return standing("column", [joined(bsdf, *meshes)])


def plinth(rng: np.random.Generator) -> Thing:
    """A block to show things on, 0.25 to 0.5 m wide and 0.4 to 1.2 m high: square, round, or with base and cornice."""
    wide, high = float(rng.uniform(0.25, 0.5)), float(rng.uniform(0.4, 1.2))
    bsdf = choose(
        rng, [materials.paint, materials.polished_stone, materials.stone, materials.concrete, materials.wood]
    )(rng)
    kind = choose(rng, {"block": 50, "round": 25, "classic": 25})
    if kind == "round":
        r = wide / 2
        mesh = spun([(0, 0), (r, 0), (r, high - 0.004), (r - 0.004, high), (0, high)], 48)
        return standing("plinth", [joined(bsdf, mesh)], [Surface(0, 0, high, 1.35 * r, 1.35 * r, 1.0)])
    meshes = [board((wide, wide, high), (0, 0, high / 2), 0.003)]
    if kind == "classic":
        meshes = [board((0.8 * wide, 0.8 * wide, high - 0.1), (0, 0, high / 2), 0.003)]
        meshes += [board((wide, wide, 0.06), (0, 0, z), 0.006) for z in (0.03, high - 0.03)]
        meshes += [board((0.9 * wide, 0.9 * wide, 0.03), (0, 0, z), 0.006) for z in (0.075, high - 0.075)]
    return standing("plinth", [joined(bsdf, *meshes)], [Surface(0, 0, high, 0.94 * wide, 0.94 * wide, 1.0)])


# Doors, fire, water


def door(rng: np.random.Generator, width: float = 0.9, height: float = 2.05) -> Thing:
    """A leaf in its frame, of `width` x `height` in all, closed (50%) or open by up to 100 degrees, with handles.

    It stands in the wall: its frame is 10 to 14 cm deep, around y = 0. Leaf: flat, panelled, or mostly glass. An open
    leaf swings out to -y, which the size includes.
    """
    paint = choose(rng, {materials.paint: 50, materials.varnished_wood: 30, materials.wood: 20})(rng)
    frame_of = paint if rng.uniform() < 0.75 else materials.paint(rng)
    deep, face, t = float(rng.uniform(0.10, 0.14)), float(rng.uniform(0.04, 0.08)), 0.04
    inner, top = width - 2 * face, height - face
    frame = [board((face, deep, height), (sx * (width - face) / 2, 0, height / 2)) for sx in (-1, 1)]
    frame.append(board((inner, deep, face), (0, 0, height - face / 2)))
    wide, tall = inner - 0.008, top - 0.012
    leaf: list[Mesh] = []
    panes: list[Mesh] = []
    kind = choose(rng, ["flat", "panels", "glass"])
    if kind == "flat":
        leaf.append(board((wide, t, tall), (wide / 2, 0, tall / 2)))
    else:
        bar = 0.1
        rows = 1 if kind == "glass" and rng.uniform() < 0.6 else int(rng.integers(2, 5))
        columns = int(rng.integers(1, 3))
        leaf += [board((bar, t, tall), (x, 0, tall / 2)) for x in (bar / 2, wide - bar / 2)]
        cell, pitch = (wide - 2 * bar + 0.04) / columns, (tall - 2 * bar + 0.04) / rows
        leaf += [board((wide - 2 * bar, t, bar), (wide / 2, 0, z)) for z in (bar / 2, tall - bar / 2)]
        leaf += [
            board((wide - 2 * bar, t - 0.004, 0.04), (wide / 2, 0, bar - 0.02 + row * pitch), 0.001)
            for row in range(1, rows)
        ]
        leaf += [
            board((0.04, t - 0.002, tall - 2 * bar), (bar - 0.02 + k * cell, 0, tall / 2), 0.001)
            for k in range(1, columns)
        ]
        size, middle = (
            (wide - 2 * bar + 0.002, 0.006 if kind == "glass" else 0.016, tall - 2 * bar + 0.002),
            (wide / 2, 0, tall / 2),
        )
        (panes if kind == "glass" else leaf).append(board(size, middle, 0.0))
    metal = choose(rng, [materials.metal, materials.brushed_metal, materials.dark_metal, materials.gold_like])(rng)
    grips = []
    for sy in (-1, 1):
        x, y, z = wide - 0.06, sy * t / 2, 1.02 / 2.05 * height
        grips.append(board((0.035, 0.006, 0.16), (x, y + sy * 0.003, z - 0.03), 0.002))
        grips.append(rod((x, y, z), (x, y + sy * 0.05, z), 0.009))
        grips.append(rod((x + 0.006, y + sy * 0.05, z), (x - 0.12, y + sy * 0.05, z), 0.009))
    angle = 0.0 if rng.uniform() < 0.5 else float(rng.uniform(5, 100))

    def hung(mesh: Mesh) -> Mesh:
        return moved(turned(mesh, "z", -angle), -wide / 2, 0 if angle == 0 else -deep / 2 + t / 2, 0.008)

    parts = [joined(frame_of, *frame), joined(paint, *map(hung, leaf)), joined(metal, *map(hung, grips))]
    if panes:
        pane = choose(rng, [materials.glass, materials.frosted_glass])(rng)
        parts.append(joined(pane, *map(hung, panes)))
    return standing("door", parts)


def fireplace(rng: np.random.Generator, flux: Rgb | None = None) -> Thing:
    """A surround 1.1 to 1.6 m wide, 1.0 to 1.25 m high with a mantelshelf, a dark opening, a hearth and logs.

    With `flux` embers and flames among the logs give it out. Surround: stone or wood, plain or with pilasters.
    """
    wide, high, deep = float(rng.uniform(1.1, 1.6)), float(rng.uniform(1.0, 1.25)), float(rng.uniform(0.25, 0.4))
    opening, lintel = 0.55 * wide, 0.68 * high
    bsdf = choose(
        rng, [materials.polished_stone, materials.stone, materials.concrete, materials.paint, materials.wood]
    )(rng)
    soot: Plugin = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": Rgb(0.04, 0.037, 0.035)}}
    back, side = deep / 2, (wide - opening) / 2
    blocks = [
        board((side, deep, high - 0.05), (sx * (opening + side) / 2, 0, (high - 0.05) / 2), 0.004) for sx in (-1, 1)
    ]
    blocks.append(board((opening, deep, high - 0.05 - lintel), (0, 0, (high - 0.05 + lintel) / 2), 0.004))
    if rng.uniform() < 0.5:
        blocks += [
            board(
                (0.6 * side, 0.04, high - 0.08), (sx * (opening + side) / 2, -deep / 2 - 0.02, (high - 0.08) / 2), 0.006
            )
            for sx in (-1, 1)
        ]
    shelf = float(rng.uniform(0.06, 0.14))
    blocks.append(board((wide + shelf, deep + shelf, 0.05), (0, -shelf / 2, high - 0.025), 0.008))
    blocks.append(board((wide + 0.1, 0.35, 0.03), (0, -deep / 2 - 0.17, 0.015), 0.004))
    box = [
        board((opening - 0.002, 0.02, lintel), (0, back - 0.01, lintel / 2), 0.0),
        board((opening - 0.002, deep - 0.002, 0.02), (0, 0, 0.01), 0.0),
    ]
    box += [board((0.01, deep - 0.03, lintel), (sx * (opening / 2 - 0.006), 0, lintel / 2), 0.0) for sx in (-1, 1)]
    logs = []
    for k in range(int(rng.integers(3, 6))):
        long, r = float(rng.uniform(0.28, 0.4)), float(rng.uniform(0.03, 0.05))
        lying = rod((-long / 2, 0, 0), (long / 2, 0, 0), r, sides=12)
        lying = turned(lying, "z", float(rng.uniform(-25, 25)))
        logs.append(moved(lying, float(rng.uniform(-0.05, 0.05)), 0.06 * (k % 2) - 0.01, 0.05 + 0.06 * (k // 2) + r))
    parts = [joined(bsdf, *blocks), joined(soot, *box), joined(materials.bark(rng), *logs)]
    if flux is not None:
        parts.append(_flames(rng, flux))
    surfaces = [Surface(0, -shelf / 2, high, 0.95 * wide, deep, 0.8)]
    return standing("fireplace", parts, surfaces)


def _flames(rng: np.random.Generator, flux: Rgb) -> Part:
    """Three to seven tongues above the logs, which give out `flux` together."""
    tongues = []
    for _ in range(int(rng.integers(3, 8))):
        tall, r = float(rng.uniform(0.08, 0.24)), float(rng.uniform(0.015, 0.03))
        mesh = spun(
            [(0, 0), (0.7 * r, 0.1 * tall), (r, 0.25 * tall), (0.75 * r, 0.5 * tall), (0.3 * r, 0.8 * tall), (0, tall)],
            10,
        )
        tongues.append(moved(mesh, float(rng.uniform(-0.15, 0.15)), float(rng.uniform(-0.03, 0.05)), 0.2))
    mesh = merged(*tongues)
    return Part(mesh, {"type": "diffuse", "reflectance": Rgb(0.0, 0.0, 0.0)}, lamp(flux, area(mesh)))


def radiator(rng: np.random.Generator) -> Thing:
    """A heater for below a window, back at y = 0: tubes (60%) or a fluted panel; 0.5 to 1.4 m by 0.4 to 0.7 m."""
    wide, high = float(rng.uniform(0.5, 1.4)), float(rng.uniform(0.4, 0.7))
    white = materials.paint(rng)
    low = 0.1
    meshes = []
    if rng.uniform() < 0.6:
        count = int(wide / 0.05)
        for x in (np.arange(count) - (count - 1) / 2) * 0.05:
            for y in (-0.05, -0.11):
                meshes.append(rod((float(x), y, low + 0.03), (float(x), y, low + high - 0.03), 0.0125, sides=8))
        wide = count * 0.05
        meshes += [board((wide, 0.1, 0.035), (0, -0.08, z), 0.015) for z in (low + 0.02, low + high - 0.02)]
    else:
        pitch = 0.033
        count = int(wide / pitch)
        wide = count * pitch
        meshes.append(board((wide, 0.012, high), (0, -0.11, low + high / 2), 0.004))
        meshes += [
            board((0.5 * pitch, 0.012, high - 0.08), ((k - (count - 1) / 2) * pitch, -0.12, low + high / 2), 0.005)
            for k in range(count)
        ]
        meshes += [board((wide, 0.07, 0.008), (0, -0.08, low + high - 0.004), 0.001)]
    meshes += [rod((sx * 0.4 * wide, -0.08, 0), (sx * 0.4 * wide, -0.08, low + 0.03), 0.008, sides=8) for sx in (-1, 1)]
    meshes += [board((0.02, 0.1, 0.03), (sx * 0.35 * wide, -0.05, low + 0.8 * high), 0.0) for sx in (-1, 1)]
    return on_wall("radiator", [joined(white, *meshes)])


def _basin(outer: list[tuple[float, float, float]], inner: list[tuple[float, float, float]], squareness: float) -> Mesh:
    """A vessel from rings (length, width, z): up the outside, over the rim, down the inside to a flat floor."""

    def ring(length: float, width: float, z: float) -> np.ndarray:
        angle = np.arange(56) / 56 * TAU
        c, s = np.cos(angle), np.sin(angle)
        x = length / 2 * np.sign(c) * np.abs(np.round(c, 9)) ** squareness
        y = width / 2 * np.sign(s) * np.abs(np.round(s, 9)) ** squareness
        return np.column_stack([x, y, np.full(56, z)])

    rings = [ring(*measures) for measures in (*outer, *inner)]
    bottom = np.array([np.array([0, 0, rings[-1][0, 2]])] * 56)
    under = np.array([np.array([0, 0, rings[0][0, 2]])] * 56)
    return merged(lofted([under, rings[0]]), lofted(rings), lofted([rings[-1], bottom]))


def bathtub(rng: np.random.Generator) -> Thing:
    """1.5 to 1.8 m by 0.7 to 0.85 m, 0.52 to 0.62 m high, with a tap; freestanding or in a tiled box (40%)."""
    long, wide, high = float(rng.uniform(1.5, 1.8)), float(rng.uniform(0.7, 0.85)), float(rng.uniform(0.52, 0.62))
    white, metal = materials.ceramic(rng), materials.metal(rng)
    boxed = rng.uniform() < 0.4
    power = 0.35 if boxed else float(rng.uniform(0.6, 0.95))
    rim = 0.05 if boxed else 0.03
    outer = [
        (0.78 * long, 0.72 * wide, 0.0),
        (0.84 * long, 0.8 * wide, 0.06),
        (0.95 * long, 0.93 * wide, 0.6 * high),
        (long - 0.01, wide - 0.01, high - 0.02),
        (long, wide, high - 0.008),
        (long - 0.008, wide - 0.008, high),
    ]
    inner = [
        (long - 2 * rim, wide - 2 * rim, high),
        (long - 2 * rim - 0.02, wide - 2 * rim - 0.02, high - 0.012),
        (0.83 * long, 0.78 * wide, 0.5 * high),
        (0.74 * long, 0.64 * wide, 0.22),
        (0.66 * long, 0.52 * wide, 0.15),
        (0.5 * long, 0.36 * wide, 0.135),
    ]
    parts = [joined(white, _basin(outer, inner, power))]
    if boxed:
        t = 0.02
        walls = [
            board((long + 0.04, t, high - 0.035), (0, sy * (wide / 2 + 0.01), (high - 0.035) / 2)) for sy in (-1, 1)
        ]
        walls += [
            board((t, wide - 0.002, high - 0.035), (sx * (long / 2 + 0.01), 0, (high - 0.035) / 2)) for sx in (-1, 1)
        ]
        parts.append(joined(materials.glazed(rng), *walls))
    spout = moved(turned(tap(rng, 0.2), "z", -90), long / 2 + 0.02, 0, high - 0.03)
    pillar = rod((long / 2 + 0.02, 0, 0), (long / 2 + 0.02, 0, high - 0.03), 0.014)
    parts.append(joined(metal, spout, *([] if boxed else [pillar])))
    return standing("bathtub", parts)


def wash_basin(rng: np.random.Generator) -> Thing:
    """0.45 to 0.65 m wide at 0.8 to 0.88 m, on a pedestal or a cupboard, with a tap."""
    wide, high = float(rng.uniform(0.45, 0.65)), float(rng.uniform(0.8, 0.88))
    deep = 0.78 * wide
    power = float(rng.uniform(0.35, 0.95))
    outer = [
        (0.35 * wide, 0.35 * deep, high - 0.17),
        (0.75 * wide, 0.75 * deep, high - 0.13),
        (0.97 * wide, 0.97 * deep, high - 0.05),
        (wide, wide * 0.78, high - 0.008),
        (wide - 0.008, deep - 0.008, high),
    ]
    inner = [
        (wide - 0.06, deep - 0.06, high),
        (wide - 0.08, deep - 0.08, high - 0.015),
        (0.66 * wide, 0.62 * deep, high - 0.1),
        (0.3 * wide, 0.3 * deep, high - 0.125),
    ]
    white, metal = materials.ceramic(rng), materials.metal(rng)
    parts = [
        joined(white, _basin(outer, inner, power)),
        joined(metal, moved(tap(rng, 0.13), 0, deep / 2 - 0.02, high - 0.004)),
    ]
    if rng.uniform() < 0.5:
        foot = spun(
            [(0, 0), (0.13, 0), (0.12, 0.03), (0.08, 0.3), (0.085, 0.6), (0.1, high - 0.168), (0, high - 0.168)], 28
        )
        parts.append(joined(white, foot))
    else:
        timber = choose(rng, [materials.wood, materials.paint, materials.varnished_wood])(rng)
        low, top = 0.25, high - 0.175
        size = (wide + 0.1, deep + 0.04)
        boxes = [board((*size, top - low), (0, 0, (top + low) / 2))]
        boxes += [
            board((0.04, 0.04, low), (sx * (size[0] / 2 - 0.03), sy * (size[1] / 2 - 0.03), low / 2))
            for sx in (-1, 1)
            for sy in (-1, 1)
        ]
        boxes += [
            board(
                (size[0] / 2 - 0.004, 0.018, top - low - 0.01), (sx * size[0] / 4, -size[1] / 2 - 0.01, (top + low) / 2)
            )
            for sx in (-1, 1)
        ]
        parts.append(joined(timber, *boxes))
    return standing("wash basin", parts)
