"""Swatches of wood, tiles, brick, stone, cloth and earth: squares that repeat without a seam."""

from dataclasses import dataclass

import numpy as np

from mcdenoise.random_scenes import colours, layouts
from mcdenoise.random_scenes.layouts import Cells
from mcdenoise.random_scenes.parts import choose, log_uniform
from mcdenoise.random_scenes.textures import TAU, noise, pixel_grid, ramp, rug


@dataclass(frozen=True, eq=False)
class Swatch:
    """A square that repeats.

    name: under which it is counted. colour: sRGB, `[n, n, 3]`. metres: side of the square. height: relief in 0..1,
    `[n, n]`, of `depth` metres; or None for a flat one. dull: where it is matt even if the rest is polished (grout),
    `[n, n]` bool; or None.
    """

    name: str
    colour: np.ndarray
    metres: float
    height: np.ndarray | None = None
    depth: float = 0.0
    dull: np.ndarray | None = None


def _toned(colour: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """A picture times a tone `[n, n]`, within what paint can show; few tones, so that files stay small."""
    return np.clip(colour * (np.round(tone * 32) / 32)[..., None], 0.015, colours.BRIGHTEST)


def _profile(edge: np.ndarray, width: float) -> np.ndarray:
    """0 at the border of a cell, 1 from `width` on, rounded between."""
    t = np.clip(edge / width, 0, 1)
    return t * (2 - t)


# Wood

# From dark to light grain, sRGB, as they look sanded and oiled.
WOODS = {
    "oak": ((0.50, 0.36, 0.22), (0.67, 0.52, 0.35), (0.77, 0.64, 0.46)),
    "pine": ((0.68, 0.47, 0.27), (0.83, 0.65, 0.43), (0.89, 0.75, 0.55)),
    "walnut": ((0.21, 0.13, 0.09), (0.36, 0.24, 0.16), (0.47, 0.33, 0.22)),
    "cherry": ((0.43, 0.22, 0.12), (0.59, 0.35, 0.20), (0.69, 0.45, 0.29)),
    "maple": ((0.72, 0.57, 0.41), (0.83, 0.71, 0.55), (0.88, 0.79, 0.65)),
    "mahogany": ((0.26, 0.10, 0.06), (0.41, 0.19, 0.12), (0.52, 0.28, 0.18)),
    "ash": ((0.64, 0.53, 0.39), (0.78, 0.69, 0.55), (0.86, 0.79, 0.67)),
    "teak": ((0.38, 0.23, 0.12), (0.54, 0.36, 0.21), (0.64, 0.46, 0.29)),
    "birch": ((0.77, 0.65, 0.49), (0.87, 0.77, 0.62), (0.92, 0.84, 0.71)),
    "beech": ((0.68, 0.50, 0.36), (0.79, 0.62, 0.47), (0.85, 0.71, 0.56)),
    "wenge": ((0.10, 0.07, 0.05), (0.18, 0.13, 0.10), (0.27, 0.20, 0.15)),
    "weathered": ((0.36, 0.34, 0.31), (0.52, 0.50, 0.46), (0.64, 0.62, 0.58)),
    "limed": ((0.64, 0.60, 0.54), (0.78, 0.74, 0.68), (0.87, 0.84, 0.79)),
}
_COMMON_WOODS = {
    "oak": 26, "pine": 11, "walnut": 14, "cherry": 6, "maple": 7, "mahogany": 6, "ash": 7, "teak": 7, "birch": 5,
    "beech": 5, "wenge": 3, "weathered": 2, "limed": 4,
}  # fmt: skip


def grain(rng: np.random.Generator, size: int, rings: float, pores: float) -> np.ndarray:
    """Sawn wood along u, 0..1: rings that widen into tongues, fine streaks, and dark pores by the share `pores`."""
    _, v = pixel_grid(size)
    bend = noise(rng, size, 2.7, stretch=(4.5, 0.9))
    phase = (np.round(rings) * v + rng.uniform(0.1, 0.35) * rings * bend) % 1.0
    ring = np.where(phase < 0.8, phase / 0.8, (1 - phase) / 0.2)  # grows darker slowly, and ends sharply
    fine = noise(rng, size, 0.9, stretch=(24.0, 1.0))
    value = 0.62 - 0.34 * ring**1.5 + 0.5 * (fine - 0.5) + 0.35 * (bend - 0.5)
    return np.clip(np.where(fine < pores, value - 0.3, value), 0, 1)


def _knots(rng: np.random.Generator, value: np.ndarray, count: int) -> np.ndarray:
    size = len(value)
    u, v = pixel_grid(size)
    for _ in range(count):
        x, y, r = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.012, 0.03)
        dx, dy = np.abs(u - x), np.abs(v - y)
        dx, dy = np.minimum(dx, 1 - dx), np.minimum(dy, 1 - dy)
        distance = np.sqrt((dx / 1.6) ** 2 + dy**2) / r
        inside = np.clip(2.2 - distance, 0, 1)
        value = value * (1 - inside) + inside * (0.3 * np.cos(9 * distance) + 0.1)
    return np.clip(value, 0, 1)


def _wood_colours(rng: np.random.Generator, species: str) -> np.ndarray:
    stops = np.array(WOODS[species]) * rng.uniform(0.88, 1.06) * rng.uniform(0.97, 1.03, 3)
    return np.clip(stops, 0.02, colours.BRIGHTEST)


def wood_board(rng: np.random.Generator, species: str | None = None) -> Swatch:
    """Sawn wood with the grain along u, of one of 13 species (one in four oak), 0.5 to 1.1 m."""
    species = species or choose(rng, _COMMON_WOODS)
    size = choose(rng, [384, 512])
    pores = 0.12 if species in ("oak", "ash", "walnut", "teak", "wenge") else 0.02
    value = grain(rng, size, rng.uniform(4, 22), pores)
    if species == "pine":
        value = _knots(rng, value, int(rng.integers(2, 8)))
    return Swatch(
        f"wood {species}", ramp(value, _wood_colours(rng, species), 20), float(rng.uniform(0.5, 1.1)), value, 0.0004
    )


def _boarded(
    rng: np.random.Generator, cells: Cells, stops: np.ndarray, variety: float, gap: float, rings: float
) -> tuple[np.ndarray, np.ndarray]:
    """Colour and height of boards, each from its own place of one trunk; `gap` in units of the square."""
    size = len(cells.index)
    trunk = grain(rng, size, rings, 0.08)
    place = rng.integers(0, size, (2, cells.count))
    x = ((cells.along * size).astype(int) + place[0][cells.index]) % size
    y = ((cells.across * size).astype(int) + place[1][cells.index]) % size
    tone = cells.of_each(np.round(variety * rng.uniform(-1, 1, cells.count), 2))
    value = np.clip(0.5 + 0.75 * (trunk[y, x] - 0.5) + tone, 0, 1)
    colour = ramp(value, stops, 20)
    colour[cells.edge < gap] *= 0.45
    return colour, 0.9 * _profile(cells.edge, 2.5 * gap) + 0.1 * value


def parquet(rng: np.random.Generator) -> Swatch:
    """A wooden floor: long boards (42 %), strips (16 %), herringbone (22 %), chevron (8 %), basket (7 %), ladder (5 %).

    Boards are 7 to 22 cm wide, blocks 6 to 12 cm; gaps 0.6 to 3 mm.
    """
    species = choose(rng, _COMMON_WOODS)
    layout = choose(rng, {"boards": 42, "strips": 16, "herringbone": 22, "chevron": 8, "basket": 7, "ladder": 5})
    size = choose(rng, {512: 3, 640: 2})
    if layout in ("boards", "strips"):
        broad = rng.uniform(0.1, 0.22) if layout == "boards" else rng.uniform(0.06, 0.09)
        rows = int(rng.integers(10, 15)) if layout == "boards" else 18
        metres = rows * broad
        long = rng.uniform(0.9, 1.9) if layout == "boards" else rng.uniform(0.4, 0.7)
        cells = layouts.boards(rng, size, rows, max(1, round(metres / long)))
    elif layout == "herringbone":
        ratio, broad = int(rng.integers(4, 8)), rng.uniform(0.06, 0.12)
        repeats = 2 if ratio < 6 else 1
        metres, cells = 2 * ratio * repeats * broad, layouts.herringbone(size, ratio, repeats)
    elif layout == "chevron":
        columns, rows = 4, int(rng.integers(14, 22))
        metres, cells = float(rng.uniform(1.5, 2.2)), layouts.chevron(size, columns, rows)
    elif layout == "basket":
        squares, strips = 6, int(rng.integers(4, 8))
        metres, cells = squares * rng.uniform(0.18, 0.36), layouts.basket(size, squares, strips)
    else:
        rows, columns = 14, 4
        metres, cells = rows * rng.uniform(0.07, 0.11), layouts.grid(size, columns, rows, np.arange(rows) % 2 * 0.5)
    # A joint narrower than a pixel would vanish.
    gap = max(rng.uniform(0.0003, 0.0015) / metres, 0.55 / size)
    colour, height = _boarded(rng, cells, _wood_colours(rng, species), rng.uniform(0.06, 0.22), gap, 16)
    return Swatch(f"planks {layout} {species}", colour, float(metres), height, float(rng.uniform(0.0006, 0.0025)))


def panelling(rng: np.random.Generator) -> Swatch:
    """Boards along u with grooves between, 6 to 18 cm wide: bare wood (55 %), or painted white or muted."""
    rows, size = int(rng.integers(8, 13)), 512
    metres = rows * rng.uniform(0.06, 0.18)
    cells = layouts.grid(size, 1, rows) if rng.uniform() < 0.6 else layouts.boards(rng, size, rows, 1)
    gap = 1.0 / size
    if rng.uniform() < 0.55:
        species = choose(rng, _COMMON_WOODS)
        colour, _ = _boarded(rng, cells, _wood_colours(rng, species), rng.uniform(0.04, 0.15), gap, 14)
        name = f"panelling {species}"
    else:
        paint = choose(rng, {colours.white: 6, colours.muted: 2, colours.pale: 1, colours.deep: 1})(rng)
        colour = np.broadcast_to(paint, (size, size, 3)).copy()
        colour[cells.edge < gap] *= 0.75
        name = "panelling painted"
    # The ends of the boards do not show where they run on.
    edge = np.minimum(cells.across, 1 / rows - cells.across)
    return Swatch(name, colour, metres, _profile(edge, 3 * gap), float(rng.uniform(0.002, 0.006)))


# Tiles


def _glaze(rng: np.random.Generator, cells: Cells, body: np.ndarray, variety: float, cloud: float) -> np.ndarray:
    size = len(cells.index)
    tone = 1 + variety * cells.of_each(rng.uniform(-1, 1, cells.count)) + cloud * (noise(rng, size, 2.0) - 0.5)
    return _toned(body, tone)


def _grout(rng: np.random.Generator) -> np.ndarray:
    return choose(rng, {colours.white: 4, colours.neutral: 4, colours.earth: 2, colours.dark: 1})(rng)


def _grouted(name: str, colour: np.ndarray, cells: Cells, metres: float, gap: float, grout: np.ndarray) -> Swatch:
    """Tiles with grout `gap` metres wide, 1 to 2 mm deep."""
    half = max(gap / metres / 2, 0.6 / len(cells.index))
    joint = cells.edge < half
    colour = colour.copy()
    colour[joint] = grout
    return Swatch(name, colour, metres, _profile(np.maximum(cells.edge - half, 0), 1.5 * half), 0.0012, joint)


def wall_tiles(rng: np.random.Generator) -> Swatch:
    """Glazed tiles: square 10 to 20 cm (35 %), subway (30 %), stacked (8 %), mosaic 2 to 4 cm (14 %), hexagons (8 %).

    The rest lies herringbone. White or off-white 55 %, else pale, muted, deep or, for mosaic, of several colours.
    """
    kind = choose(rng, {"square": 35, "subway": 30, "stacked": 8, "mosaic": 14, "hexagon": 8, "herringbone": 5})
    size = 512 if kind in ("mosaic", "hexagon") else 384
    if kind == "square":
        count, side = 6, rng.uniform(0.1, 0.2)
        cells, metres = layouts.grid(size, count, count), count * side
    elif kind in ("subway", "stacked"):
        rows, columns, side = 12, 6, rng.uniform(0.06, 0.1)
        shifts = np.arange(rows) % 2 * 0.5 if kind == "subway" else None
        cells, metres = layouts.grid(size, columns, rows, shifts), rows * side
    elif kind == "mosaic":
        count, side = 20, rng.uniform(0.02, 0.045)
        cells, metres = layouts.grid(size, count, count), count * side
    elif kind == "hexagon":
        side = rng.uniform(0.03, 0.1)
        cells, metres = layouts.hexagons(size, 14, 16), 14 * side
    else:
        side = rng.uniform(0.05, 0.08)
        cells, metres = layouts.herringbone(size, 3, 2), 12 * side
    family = {colours.white: 55, colours.pale: 12, colours.muted: 13, colours.deep: 9, colours.neutral: 7}
    body = choose(rng, {**family, colours.saturated: 4})(rng)
    if kind == "mosaic" and rng.uniform() < 0.6:
        few = colours.harmony(rng, int(rng.integers(3, 6)))
        body = cells.of_each(few[rng.integers(len(few), size=cells.count)])
    colour = _glaze(rng, cells, body, rng.uniform(0.01, 0.08), 0.04)
    return _grouted(f"tiles {kind}", colour, cells, float(metres), rng.uniform(0.0015, 0.004), _grout(rng))


def floor_tiles(rng: np.random.Generator) -> Swatch:
    """Floor tiles: plain 20 to 90 cm (38 %), stone-like (24 %), two colours in a checker (12 %), hexagons (10 %).

    Patterned cement tiles 20 cm (9 %), a square with small ones at its corners (7 %).
    """
    kind = choose(rng, {"plain": 38, "stone": 24, "checker": 12, "hexagon": 10, "patterned": 9, "clipped": 7})
    size = 512
    if kind == "hexagon":
        cells, metres = layouts.hexagons(size, 7, 8), 7 * rng.uniform(0.1, 0.25)
    elif kind == "patterned":
        cells, metres = layouts.grid(size, 4, 4), 4 * rng.uniform(0.15, 0.22)
    else:
        side = rng.uniform(0.2, 0.45) if kind in ("checker", "clipped") else rng.uniform(0.2, 0.9)
        count = 6 if side < 0.35 else 4
        shifts = np.arange(count) % 2 * 0.5 if kind == "plain" and rng.uniform() < 0.25 else None
        cells, metres = layouts.grid(size, count, count, shifts), count * side
    families = {colours.neutral: 30, colours.earth: 30, colours.white: 20, colours.muted: 8, colours.dark: 7}
    body = choose(rng, {**families, colours.pale: 5})(rng)
    if kind == "checker":
        pair = np.array(
            [colours.white(rng), choose(rng, [colours.dark, colours.deep, colours.muted, colours.earth])(rng)]
        )
        i = np.arange(cells.count)
        body = cells.of_each(pair[(i // count + i % count) % 2])
    elif kind == "patterned":
        body = _cement_tile(rng, cells, 4)
    elif kind == "clipped":
        count = round(1 / cells.along.max())
        other = choose(rng, [colours.dark, colours.deep, colours.earth])(rng)
        x, y = np.minimum(cells.along, 1 / count - cells.along), np.minimum(cells.across, 1 / count - cells.across)
        body = np.where((x + y < 0.25 / count)[..., None], other, body)
    elif kind == "stone":
        body = ramp(noise(rng, size, rng.uniform(1.4, 2.4)), colours.shades(body, rng.uniform(0.05, 0.2)), 16)
    colour = _glaze(rng, cells, body, rng.uniform(0.01, 0.06), 0.05)
    return _grouted(f"tiles floor {kind}", colour, cells, float(metres), rng.uniform(0.002, 0.005), _grout(rng))


def _cement_tile(rng: np.random.Generator, cells: Cells, count: int) -> np.ndarray:
    """An ornament, symmetric about the axes and diagonals of the tile, of circles and diamonds in 3 or 4 colours."""
    few = colours.harmony(rng, int(rng.integers(3, 5)))
    x, y = np.abs(cells.along * count - 0.5) * 2, np.abs(cells.across * count - 0.5) * 2
    x, y = np.maximum(x, y), np.minimum(x, y)
    index = np.zeros(x.shape, dtype=int)
    for k in range(int(rng.integers(3, 6))):
        cx, cy = rng.uniform(0, 1, 2)
        r = rng.uniform(0.15, 0.6)
        round_one = (x - cx) ** 2 + (y - cy) ** 2 < r * r
        diamond = np.abs(x - cx) + np.abs(y - cy) < r
        index[round_one if rng.uniform() < 0.6 else diamond] = (k + 1) % len(few)
    return few[index]


# Brick and stone


def brickwork(rng: np.random.Generator) -> Swatch:
    """Bricks 6 to 7.5 cm a course in running (65 %), stack (7 %), Flemish (14 %) or English (14 %) bond.

    Red to brown 55 %, yellow 15 %, grey or black 12 %, painted 18 %.
    """
    bond = choose(rng, {"running": 65, "stack": 7, "flemish": 14, "english": 14})
    size, rows, columns = 512, 16, 5
    course = rng.uniform(0.062, 0.08)
    metres = rows * course
    shifts = np.arange(rows) % 2 * (0.0 if bond == "stack" else 0.5)
    cells = layouts.grid(size, columns, rows, shifts)
    if bond in ("flemish", "english"):
        # A header is half as long as a stretcher: split some cells, and measure their rims anew.
        width = 1 / columns
        split = (cells.index // columns) % 2 == 1 if bond == "english" else np.ones(cells.index.shape, dtype=bool)
        part = 0.5 if bond == "english" else 2 / 3
        second = split & (cells.along > part * width)
        begun = np.where(second, cells.along - part * width, cells.along)
        long = np.where(second, (1 - part) * width, np.where(split, part * width, width))
        edge = np.minimum(np.minimum(begun, long - begun), np.minimum(cells.across, 1 / rows - cells.across))
        cells = Cells(2 * cells.index + second, 2 * cells.count, begun, cells.across, edge)
    kind = choose(rng, {"red": 55, "yellow": 15, "grey": 12, "painted": 18})
    if kind == "red":
        body = colours.oklch(rng.uniform(0.38, 0.58), rng.uniform(0.05, 0.11), rng.uniform(28, 50))
    elif kind == "yellow":
        body = colours.oklch(rng.uniform(0.62, 0.8), rng.uniform(0.04, 0.08), rng.uniform(65, 90))
    elif kind == "grey":
        body = choose(rng, [colours.neutral, colours.dark])(rng)
    else:
        body = choose(rng, {colours.white: 8, colours.muted: 1, colours.deep: 1})(rng)
    rough = noise(rng, size, 1.1)
    variety = rng.uniform(0.08, 0.3) if kind != "painted" else 0.02
    tone = (
        1
        + variety * cells.of_each(rng.uniform(-1, 1, cells.count))
        + (0.3 if kind != "painted" else 0.06) * (rough - 0.5)
    )
    colour = _toned(body, tone)
    gap = rng.uniform(0.007, 0.013) / metres / 2
    joint = cells.edge < gap * (0.75 + 0.5 * rough)
    mortar = (
        body * 0.93 if kind == "painted" else choose(rng, {colours.neutral: 5, colours.earth: 3, colours.white: 2})(rng)
    )
    colour[joint] = _toned(mortar, 0.9 + 0.15 * rough)[joint]
    height = np.where(joint, 0.1, 0.55 + 0.35 * _profile(cells.edge - gap, gap)) + 0.1 * rough
    return Swatch(f"bricks {bond} {kind}", colour, float(metres), height, float(rng.uniform(0.003, 0.008)))


def _stone_colours(rng: np.random.Generator) -> np.ndarray:
    """Grey stone (40 %), limestone and sandstone (40 %), reddish (10 %), dark slate or basalt (10 %)."""
    kind = choose(rng, {"grey": 40, "sand": 40, "red": 10, "dark": 10})
    if kind == "grey":
        return colours.oklch(rng.uniform(0.5, 0.78), rng.uniform(0, 0.02), rng.uniform(40, 280))
    if kind == "sand":
        return colours.oklch(rng.uniform(0.62, 0.88), rng.uniform(0.02, 0.06), rng.uniform(65, 95))
    if kind == "red":
        return colours.oklch(rng.uniform(0.45, 0.65), rng.uniform(0.03, 0.07), rng.uniform(25, 50))
    return colours.oklch(rng.uniform(0.28, 0.42), rng.uniform(0, 0.02), rng.uniform(180, 280))


def _stones(
    rng: np.random.Generator, name: str, cells: Cells, metres: float, gap: float, depth: float, domed: float
) -> Swatch:
    """Natural stones with joints `gap` metres wide, rounded off over `domed` of the square's side."""
    size = len(cells.index)
    rough = noise(rng, size, 1.2)
    body = _stone_colours(rng)
    tone = 1 + rng.uniform(0.06, 0.22) * cells.of_each(rng.uniform(-1, 1, cells.count)) + 0.25 * (rough - 0.5)
    half = max(gap / metres / 2, 0.6 / size)
    joint = cells.edge < half * (0.6 + 0.8 * rough)
    colour = _toned(body, tone)
    filling = choose(rng, {colours.earth: 4, colours.neutral: 4, colours.dark: 2})(rng)
    colour[joint] = _toned(filling, 0.8 + 0.3 * rough)[joint]
    height = np.where(joint, 0.0, 0.15 + 0.65 * _profile(cells.edge - half, max(domed, 2 * half))) + 0.2 * rough
    return Swatch(name, colour, float(metres), height, depth, joint)


def ashlar(rng: np.random.Generator) -> Swatch:
    """Blocks of dressed stone in courses of 20 to 45 cm with joints of 4 to 12 mm."""
    rows = choose(rng, [4, 6, 8])
    even = layouts.grid(512, 3, rows, np.arange(rows) % 2 * 0.5)
    cells = even if rng.uniform() < 0.5 else layouts.boards(rng, 512, rows, 3)
    return _stones(rng, "stone ashlar", cells, rows * rng.uniform(0.2, 0.45), rng.uniform(0.004, 0.012), 0.008, 0.004)


def rubble(rng: np.random.Generator) -> Swatch:
    """A wall of uneven stones 10 to 35 cm."""
    count = int(rng.integers(6, 10))
    cells = layouts.scattered(rng, 384, count, 0.85)
    return _stones(
        rng, "stone rubble", cells, count * rng.uniform(0.1, 0.35), rng.uniform(0.01, 0.025), 0.02, 0.2 / count
    )


def flagstones(rng: np.random.Generator) -> Swatch:
    """Crazy paving of plates 25 to 60 cm."""
    count = int(rng.integers(4, 7))
    cells = layouts.scattered(rng, 384, count, 0.8)
    return _stones(rng, "stone flags", cells, count * rng.uniform(0.25, 0.6), rng.uniform(0.008, 0.02), 0.006, 0.02)


def cobbles(rng: np.random.Generator) -> Swatch:
    """Setts of 8 to 12 cm in rows, or cobbles strewn."""
    metres = 12 * rng.uniform(0.08, 0.13)
    if rng.uniform() < 0.6:
        cells = layouts.grid(512, 12, 12, np.round(rng.uniform(0.3, 0.7, 12), 3) * (np.arange(12) % 2))
    else:
        cells = layouts.scattered(rng, 384, 12, 0.6)
    return _stones(
        rng, "stone cobbles", cells, metres, rng.uniform(0.006, 0.012), float(rng.uniform(0.008, 0.02)), 0.035
    )


def pavers(rng: np.random.Generator) -> Swatch:
    """Paving of slabs 30 to 60 cm (40 %), bricks herringbone (20 %), basket (10 %), in rows (20 %), hexagons (10 %)."""
    kind = choose(rng, {"slabs": 40, "herringbone": 20, "basket": 10, "rows": 20, "hexagon": 10})
    size = 512
    if kind == "slabs":
        count = 5 if rng.uniform() < 0.5 else 4
        shifts = np.arange(count) % 2 * 0.5 if count == 4 and rng.uniform() < 0.5 else None
        cells, metres = layouts.grid(size, count, count, shifts), count * rng.uniform(0.3, 0.6)
    elif kind == "herringbone":
        cells, metres = layouts.herringbone(size, 2, 3), 12 * rng.uniform(0.095, 0.115)
    elif kind == "basket":
        cells, metres = layouts.basket(size, 6, 2), 6 * rng.uniform(0.19, 0.23)
    elif kind == "rows":
        cells, metres = layouts.grid(size, 6, 12, np.arange(12) % 2 * 0.5), 12 * rng.uniform(0.095, 0.115)
    else:
        cells, metres = layouts.hexagons(size, 7, 8), 7 * rng.uniform(0.15, 0.3)
    return _stones(rng, f"pavers {kind}", cells, metres, rng.uniform(0.002, 0.006), 0.003, 0.004)


def granite(rng: np.random.Generator) -> Swatch:
    """Grains of two to four minerals, 2 to 6 mm."""
    size, metres = 384, 0.5
    body = choose(rng, {colours.neutral: 5, colours.dark: 2, colours.earth: 3})(rng)
    first, second, third = (noise(rng, size, s) for s in (0.9, 0.9, 1.3))
    value = 0.55 + 0.5 * (third - 0.5)
    value = np.where(first > 0.72, 0.95, value)
    value = np.where(second > rng.uniform(0.7, 0.85), 0.0, value)
    return Swatch(
        "granite", ramp(value, colours.shades(body, rng.uniform(0.25, 0.55)), 8), metres * rng.uniform(0.6, 1.3)
    )


def marble_slab(rng: np.random.Generator) -> Swatch:
    """White (50 %), cream (20 %), grey (12 %), green (6 %) or black (12 %) marble with veins, 1 to 2 m."""
    size = 512
    kind = choose(rng, {"white": 50, "cream": 20, "grey": 12, "green": 6, "black": 12})
    ground, vein = {
        "white": (
            colours.oklch(rng.uniform(0.9, 0.95), 0.004, 90),
            colours.oklch(rng.uniform(0.55, 0.75), 0.012, rng.uniform(60, 260)),
        ),
        "cream": (colours.oklch(rng.uniform(0.83, 0.9), 0.035, 80), colours.oklch(rng.uniform(0.6, 0.72), 0.06, 60)),
        "grey": (colours.oklch(rng.uniform(0.5, 0.7), 0.008, 250), colours.oklch(0.88, 0.005, 250)),
        "green": (colours.oklch(rng.uniform(0.3, 0.45), 0.045, 155), colours.oklch(0.75, 0.03, 150)),
        "black": (colours.oklch(rng.uniform(0.18, 0.25), 0.006, 60), colours.oklch(0.8, 0.02, 80)),
    }[kind]
    u, v = pixel_grid(size)
    bend, cloud, thin = noise(rng, size, rng.uniform(1.7, 2.1)), noise(rng, size, 1.7), noise(rng, size, 1.6)
    ways = choose(rng, [(1, 1), (1, 2), (2, 1), (0, 1), (1, -1)])
    main = np.abs(((ways[0] * u + ways[1] * v + rng.uniform(1.2, 3.0) * bend) % 1.0) - 0.5) * 2
    side = np.abs(thin - 0.5) * 2
    amount = np.clip(1 - main / rng.uniform(0.08, 0.3), 0, 1) ** 2 * (0.3 + 0.7 * cloud)
    amount = np.maximum(amount, 0.6 * np.clip(1 - side / 0.05, 0, 1) * (cloud > 0.4))
    amount = np.clip(amount + 0.16 * (cloud - 0.4), 0, 1)
    return Swatch(
        f"marble {kind}", ramp(amount, [ground, 0.5 * (ground + vein), vein], 20), float(rng.uniform(0.9, 2.0))
    )


def limestone(rng: np.random.Generator) -> Swatch:
    """Limestone, sandstone or travertine: soft beds along u, with small holes in one of three."""
    size = 384
    beds, rough = noise(rng, size, 1.8, stretch=(rng.uniform(1, 7), 1)), noise(rng, size, 0.9)
    colour = ramp(0.75 * beds + 0.25 * rough, colours.shades(_stone_colours(rng), rng.uniform(0.05, 0.16)), 14)
    height = 0.7 + 0.3 * rough
    holes = noise(rng, size, 1.5, stretch=(4.0, 1.0)) < 0.05
    if rng.uniform() < 0.33:
        colour[holes] *= 0.72
        height = np.where(holes, 0.0, height)
    return Swatch("limestone", colour, float(rng.uniform(0.6, 1.4)), height, 0.0012)


def slate(rng: np.random.Generator) -> Swatch:
    """Cleft slate: terraces a few millimetres high."""
    size = 384
    value = noise(rng, size, 1.9)
    stairs = np.floor(value * 6) / 6 + 0.08 * noise(rng, size, 1.0)
    body = colours.oklch(rng.uniform(0.28, 0.5), rng.uniform(0, 0.025), rng.uniform(100, 290))
    return Swatch("slate", ramp(stairs, colours.shades(body, 0.2), 14), float(rng.uniform(0.5, 1.0)), stairs, 0.004)


def terrazzo(rng: np.random.Generator) -> Swatch:
    """Chips of 4 to 25 mm in three to five colours, in a light (75 %) or dark ground."""
    size, count = 448, int(rng.integers(24, 44))
    ground = choose(rng, {colours.white: 45, colours.pale: 15, colours.neutral: 25, colours.dark: 15})(rng)
    few = np.concatenate([colours.harmony(rng, 3, 0.06), [colours.neutral(rng), ground * 0.85]])
    cells = layouts.scattered(rng, size, count, 1.0)
    kept = rng.uniform(0, 1, cells.count) < rng.uniform(0.45, 0.9)
    chip = (cells.edge > rng.uniform(0.1, 0.22) / count) & kept[cells.index]
    colour = np.where(chip[..., None], few[rng.integers(len(few), size=cells.count)][cells.index], ground)
    return Swatch("terrazzo", colour, count * float(log_uniform(rng, 0.008, 0.022)))


# Earth


def _grains(
    rng: np.random.Generator, name: str, body: np.ndarray, spread: float, metres: float, depth: float, slope: float
) -> Swatch:
    size = 384
    fine, broad = noise(rng, size, slope), noise(rng, size, 1.8)
    value = 0.78 * fine + 0.22 * broad
    return Swatch(name, ramp(value, colours.shades(body, spread), 12), metres, fine, depth)


def soil(rng: np.random.Generator) -> Swatch:
    """Bare earth, reflectance about 0.08 to 0.25."""
    body = colours.oklch(rng.uniform(0.34, 0.58), rng.uniform(0.02, 0.06), rng.uniform(45, 75))
    return _grains(rng, "soil", body, 0.3, float(rng.uniform(2.0, 4.0)), 0.04, 1.1)


def sand(rng: np.random.Generator) -> Swatch:
    """Sand, reflectance about 0.4: level, or in wind ripples of 8 to 15 cm."""
    body = colours.oklch(rng.uniform(0.72, 0.85), rng.uniform(0.03, 0.065), rng.uniform(70, 90))
    swatch = _grains(rng, "sand", body, 0.1, float(rng.uniform(1.5, 2.5)), 0.004, 0.9)
    if rng.uniform() < 0.5:
        return swatch
    _, v = pixel_grid(384)
    ripple = 0.5 + 0.5 * np.sin(TAU * (16 * v + 1.5 * noise(rng, 384, 2.6)))
    return Swatch("sand ripples", swatch.colour, swatch.metres, 0.9 * ripple + 0.1 * swatch.height, 0.012)


def snow(rng: np.random.Generator) -> Swatch:
    """Fresh snow, reflectance about 0.8."""
    body = colours.oklch(0.945, 0.008, 240)
    return _grains(rng, "snow", body, 0.02, float(rng.uniform(2.0, 4.0)), 0.06, 2.4)


def lawn(rng: np.random.Generator) -> Swatch:
    """Mown grass from afar, reflectance about 0.1 to 0.25: green, in one of four dry."""
    hue = rng.uniform(75, 100) if rng.uniform() < 0.25 else rng.uniform(112, 135)
    chroma = rng.uniform(0.04, 0.08) if hue < 105 else rng.uniform(0.06, 0.1)
    body = colours.oklch(rng.uniform(0.42, 0.58), chroma, hue)
    return _grains(rng, "grass", body, 0.32, float(rng.uniform(2.0, 4.0)), 0.03, 0.7)


def asphalt(rng: np.random.Generator) -> Swatch:
    """Asphalt, reflectance 0.04 when fresh to 0.15 when worn."""
    body = colours.oklch(rng.uniform(0.32, 0.53), rng.uniform(0, 0.01), rng.uniform(40, 280))
    return _grains(rng, "asphalt", body, 0.3, float(rng.uniform(1.2, 2.5)), 0.006, 0.6)


def gravel(rng: np.random.Generator) -> Swatch:
    """Pebbles of 1 to 4 cm."""
    count = int(rng.integers(20, 30))
    cells = layouts.scattered(rng, 384, count, 1.0)
    body = _stone_colours(rng)
    tone = 1 + 0.3 * cells.of_each(rng.uniform(-1, 1, cells.count)) + 0.1 * (noise(rng, 384, 1.0) - 0.5)
    dome = _profile(cells.edge, 0.3 / count)
    metres = count * float(log_uniform(rng, 0.012, 0.04))
    return Swatch("gravel", _toned(body, tone * (0.45 + 0.55 * dome)), metres, dome, 0.35 * metres / count)


# Plaster and concrete


def plaster(rng: np.random.Generator, kind: str | None = None) -> tuple[str, np.ndarray, float, float]:
    """The relief of a painted wall: its name, height `[n, n]`, metres, and depth in metres.

    Rolled paint (40 %), smoothed by hand (25 %), brushed (10 %), trowelled lumps (15 %), roughcast (10 %).
    """
    kind = kind or choose(rng, {"rolled": 40, "smoothed": 25, "brushed": 10, "trowelled": 15, "roughcast": 10})
    size = 256
    if kind == "rolled":
        return "plaster rolled", noise(rng, size, 1.2), float(rng.uniform(0.3, 0.5)), float(rng.uniform(0.0003, 0.0008))
    if kind == "smoothed":
        height = 0.8 * noise(rng, size, 2.6) + 0.2 * noise(rng, size, 1.6)
        return "plaster smoothed", height, float(rng.uniform(1.0, 1.8)), float(rng.uniform(0.004, 0.012))
    if kind == "brushed":
        height = noise(rng, size, 1.2, stretch=(rng.uniform(6, 14), 1.0))
        return "plaster brushed", height, float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.0008, 0.002))
    if kind == "trowelled":
        height = np.clip(1.6 * noise(rng, size, 2.0) - 0.5, 0, 1) * 0.85 + 0.15 * noise(rng, size, 1.2)
        return "plaster trowelled", height, float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.002, 0.006))
    return "plaster roughcast", noise(rng, size, 0.8), float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.003, 0.008))


def concrete_face(rng: np.random.Generator) -> Swatch:
    """Concrete, reflectance 0.2 to 0.5, with pores; marks of panels 1.2 m and tie holes (30 %) or of boards (15 %)."""
    size = 512
    body = colours.oklch(rng.uniform(0.6, 0.8), rng.uniform(0, 0.015), rng.uniform(50, 110))
    cloud, fine = noise(rng, size, 1.9), noise(rng, size, 1.0)
    value = 0.65 * cloud + 0.35 * fine
    height = 0.8 + 0.2 * fine
    form = choose(rng, {"plain": 55, "panels": 30, "boards": 15})
    metres = float(rng.uniform(1.6, 2.4))
    if form == "panels":
        cells = layouts.grid(size, 2, 2)
        value = value + 0.12 * (cells.of_each(rng.uniform(-1, 1, 4)))
        lines = cells.edge < 1.0 / size
        x, y = np.abs(cells.along - 0.25) - 0.15, np.abs(cells.across - 0.25) - 0.15
        ties = x * x + y * y < (0.012 / metres) ** 2
        height = np.where(lines | ties, 0.2, height)
        value = np.where(lines | ties, value - 0.35, value)
    elif form == "boards":
        cells = layouts.boards(rng, size, 16, 1)
        strip = noise(rng, size, 1.3, stretch=(8.0, 1.0))
        step = cells.of_each(rng.uniform(0, 1, cells.count))
        height = 0.4 * step + 0.4 * strip + 0.2 * _profile(cells.edge, 2 / size)
        value = 0.7 * value + 0.15 * strip + 0.15 * step
    pores = noise(rng, size, 0.7) < rng.uniform(0.0, 0.012)
    height = np.where(pores, 0.0, height)
    value = np.where(pores, value - 0.3, value)
    colour = ramp(value, colours.shades(body, rng.uniform(0.06, 0.16)), 16)
    return Swatch(f"concrete {form}", colour, metres, height, 0.003)


# Cloth


def _threads(size: int, count: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether the thread along u lies on top (plain weave, twill or herringbone), and the height of the weave."""
    u, v = pixel_grid(size)
    x, y = u * count, v * count
    i, j = x.astype(int), y.astype(int)
    if kind == "plain":
        over = (i + j) % 2 == 0
    else:
        way = np.where((i // 8) % 2 == 0, i, -i) if kind == "herringbone" else i
        over = (way + j) % 4 < 2
    bulge = np.where(over, 1 - (2 * (y - j) - 1) ** 2, 1 - (2 * (x - i) - 1) ** 2)
    return over, np.clip(bulge, 0, 1)


def weave(rng: np.random.Generator) -> tuple[str, np.ndarray, float, float]:
    """The relief of cloth in plain weave (50 %), twill (30 %) or herringbone (20 %): name, height, metres, depth.

    Threads of 0.6 to 3 mm.
    """
    kind = choose(rng, {"plain": 50, "twill": 30, "herringbone": 20})
    count, thread = 32, log_uniform(rng, 0.0006, 0.003)
    _, height = _threads(256, count, kind)
    return f"weave {kind}", height, count * thread, 0.35 * thread


def cloth(rng: np.random.Generator) -> Swatch:
    """Cloth with a pattern in colours that go together, 6 to 80 cm a repeat.

    Melange 26 %, stripes 20 %, plaid 12 %, gingham 8 %, dots 7 %, herringbone 8 %, ogee 7 %, leaves 7 %, checker 5 %.
    """
    kinds = {_melange: 26, _stripes: 20, _plaid: 12, _gingham: 8, _dots: 7, _herringbone_cloth: 8, _ogee: 7}
    return choose(rng, {**kinds, _leaves: 7, _checker: 5})(rng)


def _melange(rng: np.random.Generator) -> Swatch:
    size = 256
    over, height = _threads(size, 64, choose(rng, ["plain", "twill"]))
    body = colours.common(rng)
    tint = 0.55 * noise(rng, size, 0.6) + 0.45 * np.where(over, 1.0, 0.0)
    thread = log_uniform(rng, 0.0008, 0.003)
    return Swatch(
        "cloth melange", ramp(tint, colours.shades(body, rng.uniform(0.08, 0.3)), 10), 64 * thread, height, thread * 0.3
    )


def _bands(rng: np.random.Generator, size: int, count: int) -> np.ndarray:
    """The number of a colour for each of `size` threads, in bands of random widths that repeat."""
    widths = rng.uniform(0.2, 1.0, count) ** 2 + 0.03
    ends = np.round(np.cumsum(widths) / widths.sum() * size)
    return np.searchsorted(ends, np.arange(size), side="right") % count


def _stripes(rng: np.random.Generator) -> Swatch:
    size = 256
    few = colours.harmony(rng, int(rng.integers(2, 5)), 0.09)
    if rng.uniform() < 0.5:
        few[0] = colours.white(rng)
    index = _bands(rng, size, len(few) * int(rng.integers(1, 3))) % len(few)
    colour = np.broadcast_to(few[index][:, None, :], (size, size, 3))
    tone = 0.95 + 0.08 * noise(rng, size, 0.5)
    return Swatch("cloth stripes", _toned(colour, tone), float(log_uniform(rng, 0.06, 0.5)))


def _plaid(rng: np.random.Generator) -> Swatch:
    size = 256
    few = colours.harmony(rng, int(rng.integers(3, 5)), 0.09)
    index = _bands(rng, size, int(rng.integers(5, 9))) % len(few)
    over, _ = _threads(size, 128, "twill")
    colour = np.where(over[..., None], few[index][None, :, :], few[index][:, None, :])
    return Swatch("cloth plaid", colour, float(rng.uniform(0.1, 0.35)))


def _gingham(rng: np.random.Generator) -> Swatch:
    size, count = 256, 8
    dyed = choose(rng, [colours.saturated, colours.deep, colours.muted])(rng)
    pale = colours.white(rng)
    band = (np.arange(size) * 2 * count // size) % 2
    share = 0.5 * (band[None, :] + band[:, None])
    return Swatch("cloth gingham", ramp(share, [pale, dyed], 3), count * float(log_uniform(rng, 0.01, 0.04)))


def _dots(rng: np.random.Generator) -> Swatch:
    size, count = 256, 4
    ground, dot = colours.harmony(rng, 2)[:: choose(rng, [1, -1])]
    u, v = pixel_grid(size)
    radius = rng.uniform(0.12, 0.33)
    x, y = u * count, v * count
    near = [np.hypot((x + s) % 1 - 0.5, (y + s) % 1 - 0.5) for s in (0.0, 0.5)]
    inside = np.minimum(*near) < radius
    return Swatch("cloth dots", np.where(inside[..., None], dot, ground), count * float(log_uniform(rng, 0.015, 0.08)))


def _herringbone_cloth(rng: np.random.Generator) -> Swatch:
    over, height = _threads(256, 64, "herringbone")
    pair = colours.shades(choose(rng, [colours.neutral, colours.earth, colours.muted])(rng), rng.uniform(0.12, 0.4), 2)
    thread = log_uniform(rng, 0.001, 0.003)
    return Swatch("cloth herringbone", np.where(over[..., None], pair[0], pair[1]), 64 * thread, height, 0.3 * thread)


def _ogee(rng: np.random.Generator) -> Swatch:
    """Onion shapes in rows, with a lighter kernel."""
    size, count = 320, 3
    few = colours.harmony(rng, 3, 0.06)
    u, v = pixel_grid(size)
    x, y = u * count, v * count / 1.5 * 1.5
    wave = 0.25 * np.sin(TAU * y)
    first, second = (x + wave) % 1, (x - wave) % 1
    line = np.minimum(np.minimum(first, 1 - first), np.minimum(second, 1 - second))
    shift = np.where(y % 1 < 0.5, 0.5, 0.0)
    kernel = np.hypot((x + shift) % 1 - 0.5, 2 * ((2 * y) % 1 - 0.5) * 0.5) < 0.16
    index = np.where(line < rng.uniform(0.03, 0.07), 1, np.where(kernel, 2, 0))
    return Swatch("cloth ogee", few[index], count * float(rng.uniform(0.05, 0.2)))


def _leaves(rng: np.random.Generator) -> Swatch:
    few = colours.harmony(rng, int(rng.integers(3, 6)), 0.09)
    return Swatch("cloth leaves", _strewn(rng, 384, few), float(rng.uniform(0.2, 0.8)))


def _checker(rng: np.random.Generator) -> Swatch:
    size, count = 256, 8
    pair = colours.harmony(rng, 2, 0.06) if rng.uniform() < 0.6 else np.array([colours.white(rng), colours.dark(rng)])
    square = (np.arange(size) * count) // size
    return Swatch("checker", pair[(square[None, :] + square[:, None]) % 2], count * float(log_uniform(rng, 0.01, 0.2)))


def _strewn(rng: np.random.Generator, size: int, few: np.ndarray) -> np.ndarray:
    """Leaves and petals in several colours, strewn on a ground of the first one; it tiles."""
    picture = np.broadcast_to(few[0], (size, size, 3)).copy()
    flowers = rng.uniform() < 0.5
    for _ in range(int(rng.integers(18, 34))):
        angle, long = rng.uniform(0, TAU), rng.uniform(0.05, 0.13)
        place, dx, dy = _window(size, *rng.uniform(0, 1, 2), long)
        block = picture[place]
        colour = few[rng.integers(1, len(few))]
        if flowers and rng.uniform() < 0.4:
            petals = 0.75 + 0.25 * np.cos(int(rng.integers(4, 7)) * np.arctan2(dy, dx) + angle)
            radius = np.hypot(dx, dy)
            block[radius < 0.6 * long * petals] = colour
            block[radius < 0.16 * long] = few[-1]
        else:
            p, q = (dx * np.cos(angle) + dy * np.sin(angle)) / long, (dy * np.cos(angle) - dx * np.sin(angle)) / long
            blade = (np.abs(q) < rng.uniform(0.25, 0.5) * (1 - p * p)) & (np.abs(p) < 1)
            block[blade] = colour
            block[blade & (np.abs(q) < 0.03)] = 0.85 * colour
        picture[place] = block
    return picture


def _window(size: int, x: float, y: float, reach: float) -> tuple[tuple, np.ndarray, np.ndarray]:
    """The pixels within `reach` of a point of a picture that tiles: their indices, and offsets along u and v."""
    steps = np.arange(-int(reach * size) - 1, int(reach * size) + 2)
    i, j = int(x * size), int(y * size)
    dx, dy = np.meshgrid((steps + i + 0.5) / size - x, (steps + j + 0.5) / size - y)
    return np.ix_((steps + j) % size, (steps + i) % size), dx, dy


def wallpaper(rng: np.random.Generator) -> Swatch:
    """Paper in light colours: stripes 30 %, leaves and flowers 25 %, damask 15 %, trellis 12 %, ogee 10 %, dots 8 %."""
    kind = choose(rng, {"stripes": 30, "floral": 25, "damask": 15, "trellis": 12, "ogee": 10, "dots": 8})
    ground = choose(rng, {colours.white: 50, colours.pale: 28, colours.muted: 14, colours.deep: 8})(rng)
    motif = _beside(rng, ground)
    size = 384
    u, v = pixel_grid(size)
    if kind == "stripes":
        stripe = _bands(rng, size, 2 * int(rng.integers(1, 5))) % 2
        colour = np.broadcast_to(np.where(stripe[:, None], ground, motif)[None, :, :], (size, size, 3)).copy()
        metres = rng.uniform(0.1, 0.5)
    elif kind == "floral":
        more = [_beside(rng, ground) for _ in range(3)]
        colour, metres = _strewn(rng, 512, np.array([ground, motif, *more])), rng.uniform(0.5, 1.1)
    elif kind == "damask":
        x, y = np.abs((u * 2) % 1 - 0.5), (v + np.where(u < 0.5, 0.0, 0.5)) % 1
        cloud = noise(rng, size, 2.2)
        i = (x * (size - 1)).astype(int)
        j = (y * (size - 1)).astype(int)
        bump = np.sin(np.pi * (1 - 2 * x)) * np.sin(np.pi * y) + 0.9 * (cloud[j, i] - 0.5)
        share = ((bump > 0.45) & (bump < 0.75)) | (bump > 0.95)
        colour, metres = np.where(share[..., None], motif, ground), rng.uniform(0.4, 0.8)
    elif kind == "trellis":
        count = 4
        line = np.minimum(np.abs((u + v) * count % 1 - 0.5), np.abs((u - v) * count % 1 - 0.5)) < rng.uniform(
            0.03, 0.09
        )
        colour, metres = np.where(line[..., None], motif, ground), rng.uniform(0.4, 1.0)
    elif kind == "ogee":
        pattern = _ogee(rng).colour
        level = pattern.sum(-1)
        share = np.clip((level - level.min()) / max(np.ptp(level), 1e-6), 0, 1)
        colour, metres = ramp(share, [ground, motif], 8), rng.uniform(0.4, 0.9)
    else:
        near = [np.hypot((u * 6 + s) % 1 - 0.5, (v * 6 + s) % 1 - 0.5) for s in (0.0, 0.5)]
        colour = np.where((np.minimum(*near) < rng.uniform(0.08, 0.22))[..., None], motif, ground)
        metres = rng.uniform(0.3, 0.7)
    return Swatch(f"wallpaper {kind}", colour, float(metres))


def _beside(rng: np.random.Generator, ground: np.ndarray) -> np.ndarray:
    """A colour not far from `ground`, as on printed paper."""
    other = choose(rng, [colours.muted, colours.earth, colours.pale, colours.deep])(rng)
    share = rng.uniform(0.15, 0.65)
    return np.clip((1 - share) * ground + share * other, 0.03, colours.BRIGHTEST)


def pile(rng: np.random.Generator) -> Swatch:
    """Carpet: heathered (55 %), loops (20 %), tiles of two tones (10 %), woven ornament (15 %)."""
    kind = choose(rng, {"heather": 55, "loops": 20, "tiles": 10, "ornament": 15})
    body = choose(rng, {colours.neutral: 35, colours.earth: 30, colours.muted: 20, colours.deep: 10, colours.dark: 5})(
        rng
    )
    size = 384
    fine = noise(rng, size, 0.4)
    if kind == "loops":
        cells = layouts.scattered(rng, 320, 44, 0.5)
        dome = _profile(cells.edge, 0.4 / 44)
        colour = _toned(body, 0.72 + 0.25 * dome + 0.12 * cells.of_each(rng.uniform(-1, 1, cells.count)))
        return Swatch("carpet loops", colour, float(rng.uniform(0.25, 0.45)), dome, 0.004)
    if kind == "ornament":
        colour = np.clip(rug(rng, 384), 0.02, colours.BRIGHTEST)
        return Swatch("carpet ornament", colour, float(rng.uniform(1.4, 2.4)))
    colour = ramp(fine, colours.shades(body, rng.uniform(0.08, 0.3)), 10)
    if kind == "tiles":
        cells = layouts.grid(size, 4, 4)
        colour = _toned(colour, 1 + 0.05 * cells.of_each(np.where((np.arange(16) // 4 + np.arange(16)) % 2, 1.0, -1.0)))
        return Swatch("carpet tiles", colour, 2.0, fine, 0.003)
    return Swatch("carpet heather", colour, float(rng.uniform(0.3, 0.7)), fine, 0.003)


def hide(rng: np.random.Generator) -> tuple[str, np.ndarray, float, float]:
    """The relief of leather, grains of 2 to 5 mm: name, height, metres, depth."""
    count = int(rng.integers(28, 44))
    cells = layouts.scattered(rng, 320, count, 0.9)
    height = 0.85 * _profile(cells.edge, 0.22 / count) + 0.15 * noise(rng, 320, 1.8)
    return "leather", height, count * float(rng.uniform(0.002, 0.005)), 0.0006


# Roofs and metal


def roofing(rng: np.random.Generator) -> Swatch:
    """Rows of clay tiles (45 %), slates (20 %), shingles (20 %) or corrugated sheet (15 %); the slope runs along v."""
    kind = choose(rng, {"clay": 45, "slates": 20, "shingles": 20, "corrugated": 15})
    size = 512
    u, _ = pixel_grid(size)
    rough = noise(rng, size, 1.4)
    if kind == "corrugated":
        body = choose(rng, {colours.neutral: 5, colours.muted: 2, colours.deep: 3})(rng)
        height = 0.5 + 0.5 * np.sin(TAU * 16 * u)
        stain = noise(rng, size, 1.6, stretch=(1.0, 4.0))
        return Swatch(
            "roof corrugated", _toned(body, 0.85 + 0.25 * stain), 16 * float(rng.uniform(0.07, 0.15)), height, 0.03
        )
    rows = 8
    columns = {"clay": 8, "slates": 8, "shingles": 6}[kind]
    shifts = np.arange(rows) % 2 * 0.5 if kind != "clay" else None
    cells = layouts.grid(size, columns, rows, shifts)
    # Each row lies on the one below: highest at its lower end, which is v = 1 of its cell from the top.
    slope = cells.across * rows
    if kind == "clay":
        body = colours.oklch(rng.uniform(0.4, 0.6), rng.uniform(0.06, 0.12), rng.uniform(32, 52))
        height = 0.45 * slope + 0.55 * np.abs(np.cos(np.pi * cells.along * columns))
        metres, depth = rows * rng.uniform(0.25, 0.35), 0.05
    else:
        body = (
            colours.oklch(rng.uniform(0.3, 0.48), rng.uniform(0, 0.02), rng.uniform(180, 290))
            if kind == "slates"
            else choose(rng, [colours.neutral, colours.dark, colours.earth])(rng)
        )
        side = np.minimum(cells.along, 1 / columns - cells.along)
        height = 0.8 * slope * (side > 1.2 / size) + 0.2 * rough
        metres, depth = rows * rng.uniform(0.14, 0.25), 0.012
    tone = 0.85 + 0.25 * rng.uniform(0.3, 1.0) * cells.of_each(rng.uniform(-1, 1, cells.count)) + 0.25 * rough
    shadow = np.where(slope < 0.08, 0.6, 1.0)
    return Swatch(f"roof {kind}", _toned(body, tone * shadow), float(metres), height, depth)


def streaks(rng: np.random.Generator) -> tuple[str, np.ndarray, float, float]:
    """The relief of brushed metal along u: name, height, metres, depth."""
    return "brushed", noise(rng, 256, 0.5, stretch=(48.0, 1.0)), float(rng.uniform(0.15, 0.3)), 0.00003


def tread_plate(rng: np.random.Generator) -> tuple[str, np.ndarray, float, float]:
    """Raised bars 3 cm long, in turn along both diagonals."""
    size, count = 320, 8
    u, v = pixel_grid(size)
    i, j = (u * count).astype(int), (v * count).astype(int)
    x, y = u * count - i - 0.5, v * count - j - 0.5
    way = np.where((i + j) % 2 == 0, 1.0, -1.0)
    p, q = (x + way * y) / np.sqrt(2), (x - way * y) / np.sqrt(2)
    bar = np.clip(3 * (1 - (p / 0.48) ** 2 - (q / 0.13) ** 2), 0, 1)
    return "tread plate", bar, count * float(rng.uniform(0.025, 0.035)), 0.0025


def crust(rng: np.random.Generator) -> Swatch:
    """Rust: dark brown to orange."""
    size = 384
    value, fine = noise(rng, size, 1.5), noise(rng, size, 0.9)
    stops = [(0.20, 0.11, 0.08), (0.36, 0.19, 0.11), (0.52, 0.28, 0.13), (0.62, 0.38, 0.19)]
    return Swatch("rust", ramp(0.7 * value + 0.3 * fine, stops, 16), float(rng.uniform(0.4, 1.0)), fine, 0.001)


def bark_ridges(rng: np.random.Generator) -> Swatch:
    """Furrowed bark along v: grey to brown; or birch, white with dark dashes (15 %)."""
    size = 384
    if rng.uniform() < 0.15:
        dash = noise(rng, size, 1.6, stretch=(6.0, 1.0))
        stops = [(0.16, 0.14, 0.13), (0.78, 0.75, 0.71), (0.9, 0.88, 0.84)]
        return Swatch("bark birch", ramp(np.clip(4 * dash, 0, 1), stops, 10), float(rng.uniform(0.4, 0.8)), dash, 0.002)
    ridge = np.abs(noise(rng, size, 1.5, stretch=(1.0, 4.0)) - 0.5) * 2
    fine = noise(rng, size, 1.0)
    value = np.clip(0.75 * ridge**0.6 + 0.25 * fine, 0, 1)
    body = colours.oklch(rng.uniform(0.36, 0.58), rng.uniform(0.01, 0.05), rng.uniform(45, 90))
    return Swatch("bark", ramp(value, colours.shades(body, 0.5), 12), float(rng.uniform(0.4, 0.9)), value, 0.015)


# Wear


def dirt(rng: np.random.Generator, outside: bool) -> tuple[str, np.ndarray, float]:
    """Where dirt lies, 0..1: soft stains, speckles, and, outside, runs down v; name, weight, metres."""
    kind = choose(rng, {"stains": 55, "speckles": 45} if not outside else {"stains": 35, "runs": 40, "speckles": 25})
    size = 256
    if kind == "stains":
        weight = np.clip(1.4 * noise(rng, size, 2.2) - 0.4, 0, 1) * (0.6 + 0.4 * noise(rng, size, 1.2))
    elif kind == "runs":
        weight = np.clip(1.5 * noise(rng, size, 1.4, stretch=(1.0, 9.0)) - 0.5, 0, 1)
    else:
        weight = np.clip(6 * noise(rng, size, 1.0) - 5.2, 0, 1)
    return f"dirt {kind}", np.round(weight * 24) / 24, float(rng.uniform(2.0, 5.0))


def smears(rng: np.random.Generator) -> tuple[str, np.ndarray, float]:
    """How rough a handled surface is, 0..1: wiped (60 %) or scratched (40 %); name, roughness, metres."""
    size = 256
    if rng.uniform() < 0.6:
        return (
            "smears",
            np.round(noise(rng, size, 1.9, stretch=(rng.uniform(1, 3), 1.0)) * 24) / 24,
            float(rng.uniform(0.3, 1.0)),
        )
    value = 0.25 * noise(rng, size, 1.8)
    for _ in range(int(rng.integers(20, 50))):
        angle, long = rng.uniform(0, TAU), rng.uniform(0.05, 0.35)
        place, dx, dy = _window(size, *rng.uniform(0, 1, 2), long / 2)
        p, q = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        value[place] = np.where((np.abs(p) < long / 2) & (np.abs(q + 0.3 * p * p) < 0.0025), 1.0, value[place])
    return "scratches", np.round(value * 24) / 24, float(rng.uniform(0.3, 0.8))
