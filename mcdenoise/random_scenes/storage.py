"""Shelves, cupboards and kitchen counters, drawn at random. Their backs are at +y, their doors face -y."""

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.extent import on_wall, standing
from mcdenoise.random_scenes.joinery import (
    beam,
    board,
    filleted,
    joined,
    moulding,
    pipe,
    prism,
    rod,
    rounded_rectangle,
    spun,
    tapered,
)
from mcdenoise.random_scenes.meshes import Mesh, merged, moved, turned
from mcdenoise.random_scenes.parts import Part, Plugin, Rgb, Surface, Thing, choose

GAP = 0.0006  # metres between parts that touch, so that no two faces coincide


def _timber(rng: np.random.Generator) -> Plugin:
    """Bare wood (35%), varnished wood (25%), painted (25%) or laminate (15%)."""
    kinds = {materials.wood: 35, materials.varnished_wood: 25, materials.paint: 25, materials.plastic: 15}
    return choose(rng, kinds)(rng)


def _handle_metal(rng: np.random.Generator) -> Plugin:
    return choose(rng, [materials.metal, materials.brushed_metal, materials.dark_metal, materials.gold_like])(rng)


def _black_glass(rng: np.random.Generator) -> Plugin:
    """Smooth, and 0.5 to 2% grey beneath."""
    grey = float(rng.uniform(0.005, 0.02))
    return {"type": "twosided", "bsdf": {"type": "plastic", "diffuse_reflectance": Rgb(grey, grey, grey)}}


def _handle(rng: np.random.Generator, style: str) -> Mesh:
    """A handle for a front at y = 0, with its middle at the origin, that sticks out towards -y. Bars lie along x."""
    if style == "knob":
        r = float(rng.uniform(0.01, 0.018))
        return turned(
            spun(
                [(0, 0), (0.5 * r, 0), (0.45 * r, r), (r, 1.3 * r), (r, 1.8 * r), (0.7 * r, 2.1 * r), (0, 2.2 * r)], 16
            ),
            "x",
            90,
        )
    if style == "bow":
        half = float(rng.uniform(0.05, 0.1))
        path = filleted([(-half, 0.001, 0), (-half, -0.03, 0), (half, -0.03, 0), (half, 0.001, 0)], 0.02)
        return pipe(path, 0.005, 8)
    half = float(rng.uniform(0.06, 0.16))
    posts = [rod((sx * 0.8 * half, 0.001, 0), (sx * 0.8 * half, -0.028, 0), 0.004, sides=8) for sx in (-1, 1)]
    return merged(board((2 * half, 0.011, 0.011), (0, -0.031, 0), 0.003), *posts)


def _front(style: str, width: float, height: float, thick: float = 0.019) -> Mesh:
    """A door or drawer front around the origin whose face is at y = -`thick`; plain, framed, or slatted."""
    rail = min(0.065, 0.3 * width, 0.3 * height)
    if style == "framed" and min(width, height) > 0.12:
        frame = moulding(width, height, [(0, 0), (0, thick), (rail, thick), (rail, 0.4 * thick)])
        inset = board((width - 2 * rail + 0.002, 0.4 * thick, height - 2 * rail + 0.002), (0, -0.2 * thick, 0), 0.0)
        return merged(frame, inset, board((width, 0.002, height), (0, -0.001, 0), 0.0))
    if style == "slatted":
        count = max(int(width / 0.035), 2)
        pitch = width / count
        slats = [
            board((0.7 * pitch, 0.6 * thick, height), ((k - (count - 1) / 2) * pitch, -0.7 * thick, 0), 0.0)
            for k in range(count)
        ]
        return merged(*slats, board((width, 0.4 * thick, height), (0, -0.2 * thick, 0), 0.0))
    return board((width, thick, height), (0, -thick / 2, 0), 0.0015)


def _carcass(width: float, deep: float, low: float, high: float, thick: float, back: bool = True) -> list[Mesh]:
    """Sides, bottom, top and back of a cupboard whose front edge is at y = -`deep`/2."""
    meshes = [board((thick, deep, high - low), (sx * (width - thick) / 2, 0, (low + high) / 2)) for sx in (-1, 1)]
    meshes += [board((width - 2 * thick, deep - 0.004, thick), (0, 0, z)) for z in (low + thick / 2, high - thick / 2)]
    if back:
        meshes.append(
            board((width - 2 * thick, 0.006, high - low - 2 * thick), (0, deep / 2 - 0.01, (low + high) / 2), 0.0)
        )
    return meshes


class _Fronts:
    """The style of doors and drawers that one piece of furniture has throughout, and what has been fitted so far.

    Fronts are plain (55%), framed (30%) or slatted (15%); handles are bars, bows, knobs or none (15%).
    """

    def __init__(self, rng: np.random.Generator, slatted: bool = True):
        self.style = choose(rng, {"plain": 55, "framed": 30, "slatted": 15 if slatted else 0})
        kind = choose(rng, {"bar": 35, "bow": 25, "knob": 25, "none": 15})
        self.handle = None if kind == "none" else _handle(rng, kind)
        self.boards: list[Mesh] = []
        self.handles: list[Mesh] = []

    def drawer(self, x: float, y: float, z: float, width: float, height: float) -> None:
        """A drawer front with its middle at x, z before y; wide ones have two handles."""
        self.boards.append(moved(_front(self.style, width, height), x, y, z))
        if self.handle is not None:
            spots = [0.0] if width < 0.7 else [-0.28 * width, 0.28 * width]
            self.handles += [moved(self.handle, x + spot, y - 0.019, z) for spot in spots]

    def door(self, x: float, y: float, z: float, width: float, height: float, hinge: int, grip: float = 0.5) -> None:
        """A door hinged at its left (-1) or right (1); its handle is at the share `grip` of the height."""
        self.boards.append(moved(_front(self.style, width, height), x, y, z))
        if self.handle is not None:
            upright = turned(self.handle, "y", 90)
            self.handles.append(moved(upright, x - hinge * (width / 2 - 0.045), y - 0.019, z + (grip - 0.5) * height))

    def parts(self, rng: np.random.Generator, bsdf: Plugin) -> list[Part]:
        found = [joined(bsdf, *self.boards)] if self.boards else []
        return found + ([joined(_handle_metal(rng), *self.handles)] if self.handles else [])


def bookshelf(rng: np.random.Generator, width: float | None = None, height: float | None = None) -> Thing:
    """An open case of shelves with a surface on each; 0.5 to 1.6 m wide, 0.8 to 2.2 m high, 0.24 to 0.36 m deep.

    Two to seven rows; wide ones have uprights, one or two; with a back (70%); some with doors below (20%). In one of
    five it is a rack of boards between steel posts.
    """
    width = float(rng.uniform(0.5, 1.6)) if width is None else width
    height = float(rng.uniform(0.8, 2.2)) if height is None else height
    deep, thick = float(rng.uniform(0.24, 0.36)), float(rng.uniform(0.016, 0.03))
    rows = max(2, int(height / float(rng.uniform(0.28, 0.42))))
    timber = _timber(rng)
    if rng.uniform() < 0.2:
        return _rack(rng, width, height, deep, thick, rows, timber)
    columns = max(1, min(4, round(width / float(rng.uniform(0.5, 1.0)))))
    foot = float(rng.uniform(0.0, 0.08))
    back = rng.uniform() < 0.7
    meshes = _carcass(width, deep, foot, height, thick, back)
    if foot > 0.02:
        meshes.append(board((width - 0.03, deep - 0.05, foot), (0, 0.01, foot / 2)))
    inner = (width - (columns + 1) * thick) / columns
    pitch = (height - foot - thick) / rows
    for k in range(1, columns):
        x = -width / 2 + thick / 2 + k * (inner + thick)
        meshes.append(board((thick, deep - 0.012, height - foot - 2 * thick), (x, 0, (height + foot) / 2)))
    doors = _Fronts(rng)
    closed = int(rng.integers(1, 3)) if rows >= 4 and rng.uniform() < 0.2 else 0
    surfaces = [Surface(0, 0, height, 0.97 * width, 0.9 * deep, 0.5)]
    for k in range(columns):
        x = -width / 2 + thick + inner / 2 + k * (inner + thick)
        # Shelves need not be level with the next column's.
        shift = 0.0 if columns == 1 or rng.uniform() < 0.7 else float(rng.uniform(-0.25, 0.25)) * pitch
        floors = [foot + thick, *(foot + thick + row * pitch + shift for row in range(1, rows))]
        for row, z in enumerate(floors):
            if row > 0:
                meshes.append(board((inner, deep - 0.02, thick), (x, 0, z - thick / 2)))
            top = floors[row + 1] - thick if row + 1 < rows else height - thick
            if row >= closed:
                surfaces.append(Surface(x, -0.005, z, inner - 0.01, deep - 0.045, top - z - 0.005))
        if closed:
            high = floors[closed] - 0.5 * thick
            middle, tall = (foot + high) / 2 + 0.003, high - foot - 0.006
            doors.door(x, -deep / 2 - GAP, middle, inner + thick - 0.004, tall, choose(rng, [-1, 1]), 0.75)
    return standing("bookshelf", [joined(timber, *meshes), *doors.parts(rng, timber)], surfaces)


def _rack(
    rng: np.random.Generator, width: float, height: float, deep: float, thick: float, rows: int, timber: Plugin
) -> Thing:
    """Boards between four steel posts, with crossed braces behind."""
    metal, t = _handle_metal(rng), 0.022
    x, y = width / 2 - t / 2, deep / 2 - t / 2
    bars = [board((t, t, height), (sx * x, sy * y, height / 2)) for sx in (-1, 1) for sy in (-1, 1)]
    bars += [
        beam((sx * (x - t), y + 0.002, 0.15), (-sx * (x - t), y + 0.002, height - 0.1), 0.012, 0.003, side=(0, 0, 1))
        for sx in (-1, 1)
    ]
    pitch = (height - 0.12) / (rows - 1) if rows > 1 else height
    shelves, surfaces = [], []
    for row in range(rows):
        z = 0.1 + row * pitch
        shelves.append(board((width - 2 * t - 0.002, deep - 0.02, thick), (0, -0.004, z)))
        headroom = pitch - thick - 0.01 if row + 1 < rows else 0.4
        surfaces.append(Surface(0, -0.01, z + thick / 2, width - 2 * t - 0.03, deep - 0.05, headroom))
    return standing("bookshelf", [joined(timber, *shelves), joined(metal, *bars)], surfaces)


def wall_shelf(rng: np.random.Generator) -> Thing:
    """One to three boards on a wall, 0.5 to 1.4 m long, 0.15 to 0.28 m deep, with brackets (60%); back at y = 0."""
    length, deep, thick = float(rng.uniform(0.5, 1.4)), float(rng.uniform(0.15, 0.28)), float(rng.uniform(0.02, 0.04))
    boards, pitch = int(rng.integers(1, 4)), float(rng.uniform(0.28, 0.4))
    timber, metal, brackets = _timber(rng), _handle_metal(rng), rng.uniform() < 0.6
    wood, steel, surfaces = [], [], []
    for k in range(boards):
        z = 0.16 + k * pitch
        wood.append(board((length, deep, thick), (0, -deep / 2, z + thick / 2)))
        surfaces.append(
            Surface(
                0, -deep / 2, z + thick, 0.95 * length, 0.85 * deep, pitch - 0.17 if brackets else pitch - thick - 0.02
            )
        )
        for sx in (-1, 1) if brackets else ():
            x = sx * 0.36 * length
            steel.append(beam((x, -0.004, z - 0.15), (x, -0.004, z - GAP), 0.025, 0.006))
            steel.append(beam((x, 0, z - 0.004), (x, -0.85 * deep, z - 0.004), 0.025, 0.006))
            steel.append(beam((x, -0.006, z - 0.13), (x, -0.7 * deep, z - 0.008), 0.008, 0.006))
    return on_wall("wall shelf", [joined(timber, *wood)] + ([joined(metal, *steel)] if steel else []), surfaces)


def _on_feet(rng: np.random.Generator, width: float, deep: float) -> tuple[float, list[Mesh], bool]:
    """Under a cupboard: the height of its bottom, what holds it up, and whether that is of metal."""
    style = choose(rng, {"plinth": 35, "tapered": 30, "metal": 20, "block": 15})
    if style == "plinth":
        tall = float(rng.uniform(0.04, 0.1))
        return tall, [board((width - 0.04, deep - 0.06, tall), (0, 0.01, tall / 2), 0.0)], False
    tall = float(rng.uniform(0.03, 0.06) if style == "block" else rng.uniform(0.1, 0.2))
    x, y = width / 2 - 0.06, deep / 2 - 0.06
    feet = []
    for sx, sy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        if style == "metal":
            feet.append(rod((sx * (x + 0.02), sy * (y + 0.02), 0), (sx * x, sy * y, tall), 0.007, 0.009))
        elif style == "tapered":
            feet.append(rod((sx * (x + 0.03), sy * (y + 0.03), 0), (sx * x, sy * y, tall), 0.011, 0.021))
        else:
            feet.append(moved(tapered(board((0.06, 0.06, tall), (0, 0, tall / 2)), 0, tall, 0.7), sx * x, sy * y))
    return tall, feet, style == "metal"


def _cupboard(rng: np.random.Generator, name: str, width: float, deep: float, height: float, drawers: float) -> Thing:
    """A closed case: columns of doors or drawers (with the chance `drawers`), or an open niche (10%)."""
    timber, thick = _timber(rng), float(rng.uniform(0.016, 0.025))
    low, feet, metal = _on_feet(rng, width, deep)
    meshes = _carcass(width, deep, low, height - 0.02, thick)
    lip = float(rng.uniform(0.0, 0.015))
    top = choose(rng, {"same": 85, "stone": 15})
    slab = board((width + 2 * lip, deep + lip + 0.02, 0.02), (0, -(lip + 0.02) / 2, height - 0.01), 0.003)
    parts = []
    if top == "stone":
        parts.append(joined(materials.polished_stone(rng), slab))
    else:
        meshes.append(slab)
    fronts = _Fronts(rng)
    face = timber if rng.uniform() < 0.7 else _timber(rng)
    columns = max(1, round(width / float(rng.uniform(0.4, 0.65))))
    each, y = width / columns, -deep / 2 - GAP
    bottom, ceiling = low + 0.002, height - 0.024
    surfaces = [Surface(0, -0.01, height, 0.96 * width, 0.9 * deep, 1.0)]
    for k in range(columns):
        x = (k - (columns - 1) / 2) * each
        if k > 0:
            meshes.append(board((thick, deep - 0.01, height - low - 0.04), (x - each / 2, 0.004, (low + height) / 2)))
        kind = rng.uniform()
        if kind < 0.1 and columns > 1:
            shelf = (low + height) / 2
            meshes.append(board((each - thick, deep - 0.03, thick), (x, 0, shelf)))
            for z, above in ((low + thick, shelf - thick / 2), (shelf + thick / 2, height - 0.02 - thick)):
                surfaces.append(Surface(x, 0, z, each - 2 * thick - 0.01, deep - 0.06, above - z - 0.01))
        elif kind < 0.1 + drawers:
            rows = max(2, round((ceiling - bottom) / float(rng.uniform(0.16, 0.26))))
            pitch = (ceiling - bottom) / rows
            for row in range(rows):
                fronts.drawer(x, y, bottom + (row + 0.5) * pitch, each - 0.004, pitch - 0.004)
        else:
            grip = 0.5 if height < 1.4 else 0.45
            fronts.door(
                x, y, (bottom + ceiling) / 2, each - 0.004, ceiling - bottom - 0.003, -1 if k % 2 == 0 else 1, grip
            )
    parts += [joined(timber, *meshes), *fronts.parts(rng, face)]
    parts.append(joined(_handle_metal(rng) if metal else timber, *feet))
    return standing(name, parts, surfaces)


def sideboard(rng: np.random.Generator) -> Thing:
    """1.1 to 2.0 m wide, 0.35 to 0.48 m deep, 0.5 to 0.9 m high."""
    wide, deep, high = rng.uniform(1.1, 2.0), rng.uniform(0.35, 0.48), rng.uniform(0.5, 0.9)
    return _cupboard(rng, "sideboard", float(wide), float(deep), float(high), 0.3)


def dresser(rng: np.random.Generator) -> Thing:
    """A chest of drawers: 0.6 to 1.3 m wide, 0.4 to 0.5 m deep, 0.7 to 1.1 m high."""
    wide, deep, high = rng.uniform(0.6, 1.3), rng.uniform(0.4, 0.5), rng.uniform(0.7, 1.1)
    return _cupboard(rng, "dresser", float(wide), float(deep), float(high), 0.85)


def nightstand(rng: np.random.Generator) -> Thing:
    """0.35 to 0.5 m wide, 0.32 to 0.42 m deep, 0.4 to 0.6 m high."""
    wide, deep, high = rng.uniform(0.35, 0.5), rng.uniform(0.32, 0.42), rng.uniform(0.4, 0.6)
    return _cupboard(rng, "nightstand", float(wide), float(deep), float(high), 0.65)


def cabinet(rng: np.random.Generator) -> Thing:
    """0.6 to 1.1 m wide, 0.35 to 0.45 m deep, 1.1 to 1.6 m high."""
    wide, deep, high = rng.uniform(0.6, 1.1), rng.uniform(0.35, 0.45), rng.uniform(1.1, 1.6)
    return _cupboard(rng, "cabinet", float(wide), float(deep), float(high), 0.2)


def wardrobe(rng: np.random.Generator) -> Thing:
    """0.9 to 2.2 m wide, 0.55 to 0.65 m deep, 1.9 to 2.3 m high; one door may be a mirror (20%)."""
    wide, deep, high = float(rng.uniform(0.9, 2.2)), float(rng.uniform(0.55, 0.65)), float(rng.uniform(1.9, 2.3))
    thing = _cupboard(rng, "wardrobe", wide, deep, high, 0.0)
    if rng.uniform() < 0.2:
        columns = max(1, round(wide / 0.55))
        x = (int(rng.integers(columns)) - (columns - 1) / 2) * wide / columns
        size = (min(0.36, 0.7 * wide / columns), 0.004, 0.7 * high)
        front = -thing.size[1] / 2
        pane = joined(materials.mirror(rng), board(size, (x, front - 0.003, 0.55 * high), 0.001))
        return standing("wardrobe", [*thing.parts, pane], thing.surfaces)
    return thing


def counter(rng: np.random.Generator, length: float) -> Thing:
    """A kitchen: base cupboards of 0.4 to 0.65 m each under a worktop at 0.86 to 0.94 m, `length` along the wall.

    A sink with a tap (80%, from 1.2 m on), a hob of black glass (60%, from 1.8 m on), an oven below it; a splashback
    of tiles or stone; cupboards (45%), shelves (30%) or nothing above. It is 0.62 m deep and up to 2.3 m high.
    """
    deep, high, slab = 0.6, float(rng.uniform(0.86, 0.94)), float(rng.uniform(0.02, 0.045))
    bodies, top = (
        _timber(rng),
        choose(rng, [materials.polished_stone, materials.stone, materials.wood, materials.concrete])(rng),
    )
    steel = choose(rng, [materials.metal, materials.brushed_metal])(rng)
    units = max(1, round(length / float(rng.uniform(0.42, 0.65))))
    each = length / units
    low, under = 0.1, high - slab
    boxes = [board((length, 0.02, low), (0, -deep / 2 + 0.07, low / 2), 0.0)]
    fronts = _Fronts(rng, slatted=False)
    hob = int(rng.integers(units)) if length >= 1.8 and rng.uniform() < 0.6 else None
    sinks = [k for k in range(units) if hob is None or abs(k - hob) > 1]
    sink = choose(rng, sinks) if length >= 1.2 and sinks and rng.uniform() < 0.8 else None
    parts: list[Part] = []
    boxes += [
        board((0.018, deep - 0.02, under - low), (x, 0.005, (under + low) / 2), 0.0)
        for x in np.linspace(-length / 2 + 0.01, length / 2 - 0.01, units + 1)
    ]
    boxes.append(board((length - 0.03, 0.01, under - low), (0, deep / 2 - 0.01, (under + low) / 2), 0.0))
    boxes.append(board((length - 0.03, deep - 0.03, 0.018), (0, 0, low + 0.009), 0.0))
    for k in range(units):
        x, y, tall = (k - (units - 1) / 2) * each, -deep / 2 - GAP, under - low
        if k == hob:
            parts += _oven(rng, x, y, low, under, each - 0.004, steel)
        elif k != sink and rng.uniform() < 0.35:
            for row in range(3):
                fronts.drawer(x, y, low + (row + 0.5) * tall / 3, each - 0.004, tall / 3 - 0.004)
        else:
            fronts.door(x, y, low + tall / 2, each - 0.004, tall - 0.003, choose(rng, [-1, 1]), 0.88)
    front, back = -deep / 2 - 0.025, deep / 2
    surfaces = []
    if sink is None:
        worktop = [board((length, back - front, slab), (0, (front + back) / 2, high - slab / 2), 0.003)]
        free = [(-length / 2, length / 2)]
    else:
        x = (sink - (units - 1) / 2) * each
        wide = min(0.5, each - 0.06)
        worktop = _with_hole(length, front, back, high, slab, x, wide, 0.38)
        parts += _sink(rng, x, wide, 0.38, high, steel)
        free = [(-length / 2, x - wide / 2 - 0.04), (x + wide / 2 + 0.04, length / 2)]
    if hob is not None:
        x, wide = (hob - (units - 1) / 2) * each, each - 0.04
        pane = prism(rounded_rectangle(wide, 0.5, 0.01, 3), high + GAP, high + 0.006, 0.001)
        parts.append(joined(_black_glass(rng), moved(pane, x, -0.02)))
        free = [cut for a, b in free for cut in ((a, min(b, x - wide / 2)), (max(a, x + wide / 2), b))]
    surfaces += [Surface((a + b) / 2, 0, high, b - a - 0.06, 0.5, 0.4) for a, b in free if b - a > 0.25]
    parts.append(joined(top, *worktop))
    above = choose(rng, {"cupboards": 45, "shelves": 30, "nothing": 25})
    splash = float(rng.uniform(0.08, 0.15)) if above == "nothing" else 0.5
    covering = (
        top if splash < 0.2 else choose(rng, [materials.glazed, materials.polished_stone, materials.ceramic])(rng)
    )
    parts.append(
        joined(covering, board((length, 0.012, splash), (0, deep / 2 - 0.006, high + splash / 2 + GAP), 0.001))
    )
    if above == "cupboards":
        bottom, tall, thin = high + 0.5 + 2 * GAP, float(rng.uniform(0.6, 0.85)), 0.35
        boxes += [board((length, thin - 0.02, tall), (0, deep / 2 - thin / 2 + 0.01, bottom + tall / 2), 0.002)]
        for k in range(units):
            x = (k - (units - 1) / 2) * each
            fronts.door(
                x,
                deep / 2 - thin + 0.02 - GAP,
                bottom + tall / 2,
                each - 0.004,
                tall - 0.004,
                choose(rng, [-1, 1]),
                0.12,
            )
    elif above == "shelves":
        for z in (high + 0.52, high + 0.86)[: int(rng.integers(1, 3))]:
            boxes.append(board((length, 0.24, 0.03), (0, deep / 2 - 0.12, z)))
            surfaces.append(Surface(0, deep / 2 - 0.12, z + 0.015, 0.97 * length, 0.21, 0.29))
    parts += [joined(bodies, *boxes), *fronts.parts(rng, bodies)]
    return standing("kitchen counter", parts, surfaces)


def _with_hole(length, front, back, high, slab, x, wide, long) -> list[Mesh]:
    """A worktop of four boards around a hole whose middle is at (x, -0.03)."""
    left, right, z = x - wide / 2, x + wide / 2, high - slab / 2
    near, far = -0.03 - long / 2, -0.03 + long / 2
    spans = [
        (-length / 2, left, front, back),
        (right, length / 2, front, back),
        (left, right, front, near),
        (left, right, far, back),
    ]
    return [board((b - a, d - c, slab), ((a + b) / 2, (c + d) / 2, z), 0.0) for a, b, c, d in spans if b - a > 0.001]


def _sink(rng: np.random.Generator, x: float, wide: float, long: float, high: float, steel: Plugin) -> list[Part]:
    """A basin let into the worktop, with a rim, a drain, and a tap behind it."""
    bottom = high - float(rng.uniform(0.15, 0.2))
    t = 0.008
    walls = [
        board((t, long, high - bottom), (x + sx * (wide - t) / 2, -0.03, (high + bottom) / 2 + 0.002)) for sx in (-1, 1)
    ]
    walls += [
        board((wide - 2 * t, t, high - bottom), (x, -0.03 + sy * (long - t) / 2, (high + bottom) / 2 + 0.002))
        for sy in (-1, 1)
    ]
    walls.append(board((wide, long, t), (x, -0.03, bottom), 0.0))
    walls.append(
        moved(
            spun([(0.0, 0.0), (0.035, 0), (0.035, 0.003), (0.025, 0.002), (0.0, -0.002)], 20),
            x,
            -0.03,
            bottom + t / 2 + GAP,
        )
    )
    basin = steel if rng.uniform() < 0.65 else materials.ceramic(rng)
    return [joined(basin, *walls), joined(steel, moved(tap(rng, 0.19), x, 0.2, high))]


def tap(rng: np.random.Generator, reach: float) -> Mesh:
    """A tap on z = 0 that pours `reach` towards -y: a high round arch or a low straight spout, with a lever."""
    r, high = 0.01, float(rng.uniform(0.22, 0.36))
    if rng.uniform() < 0.6:
        angle = np.linspace(0, np.pi, 14)
        arch = np.stack([0 * angle, -reach / 2 * (1 - np.cos(angle)), high + 0.5 * reach * np.sin(angle)], 1)
        path = np.vstack([[(0, 0, 0), (0, 0, 0.5 * high)], arch, [(0, -reach, high - 0.04)]])
    else:
        path = filleted([(0, 0, 0), (0, 0, 0.6 * high), (0, -reach, 0.6 * high), (0, -reach, 0.6 * high - 0.06)], 0.05)
    lever = rod((0.02, 0, 0.06), (0.09, 0, 0.09), 0.005)
    return merged(
        pipe(path, r), spun([(0, 0), (0.026, 0), (0.026, 0.006), (0.02, 0.01), (0.02, 0.09), (0, 0.1)], 20), lever
    )


def _oven(
    rng: np.random.Generator, x: float, y: float, low: float, high: float, wide: float, steel: Plugin
) -> list[Part]:
    """A dark glass door with a bar across, a panel with four knobs above."""
    rim = 0.11
    door = board((wide, 0.02, high - low - rim - 0.006), (x, y - 0.01, (low + high - rim) / 2), 0.002)
    panel = [board((wide, 0.018, rim - 0.004), (x, y - 0.009, high - rim / 2), 0.001)]
    panel += [
        rod((x + s * wide, y - 0.018, high - rim / 2), (x + s * wide, y - 0.04, high - rim / 2), 0.017)
        for s in (-0.3, -0.1, 0.1, 0.3)
    ]
    z = high - rim - 0.05
    panel.append(rod((x - 0.4 * wide, y - 0.05, z), (x + 0.4 * wide, y - 0.05, z), 0.009))
    panel += [rod((x + s * 0.36 * wide, y - 0.018, z), (x + s * 0.36 * wide, y - 0.05, z), 0.006) for s in (-1, 1)]
    return [joined(_black_glass(rng), door), joined(steel, *panel)]
