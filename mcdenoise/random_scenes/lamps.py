"""Lamps, drawn at random. Each gives out `flux` in all, per channel: from spheres, sticks, discs, rectangles or flames.

Light often comes from within: from a small emitter behind cloth, paper, opal or clear glass, or from under metal.
Ceiling lamps hang from z = size[2] (the ceiling) down to z = 0; wall lamps have their back at y = 0.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.extent import on_wall, standing
from mcdenoise.random_scenes.joinery import (
    area,
    beam,
    board,
    joined,
    picture_plane,
    pipe,
    prism,
    rod,
    rounded_rectangle,
    spun,
)
from mcdenoise.random_scenes.meshes import TAU, Mesh, hanging_line, merged, moved, sheet, smooth_curve, turned
from mcdenoise.random_scenes.parts import (
    Part,
    Plugin,
    Point,
    Rgb,
    Thing,
    choose,
    lamp,
    log_uniform,
    moved_part,
    rotation,
    scaling,
    translation,
)

Outline = Sequence[tuple[float, float]]
DARK: Plugin = {"type": "diffuse", "reflectance": Rgb(0.0, 0.0, 0.0)}  # of emitters: they reflect nothing


# Emitters


def _ball(flux: Rgb, centre: Sequence[float], radius: float) -> Part:
    shape: Plugin = {"type": "sphere", "center": Point(*map(float, centre)), "radius": float(radius)}
    return Part(shape, DARK, lamp(flux, 4 * np.pi * radius**2))


def _stick(flux: Rgb, start: Sequence[float], end: Sequence[float], radius: float) -> Part:
    shape: Plugin = {
        "type": "cylinder",
        "p0": Point(*map(float, start)),
        "p1": Point(*map(float, end)),
        "radius": radius,
    }
    length = float(np.linalg.norm(np.subtract(end, start)))
    return Part(shape, DARK, lamp(flux, TAU * radius * length))


def _dot(flux: Rgb, to_world: np.ndarray, radius: float) -> Part:
    """A disc in the xy plane of `to_world`, a rotation and translation, that shines along its z axis."""
    return Part({"type": "disk"}, DARK, lamp(flux, np.pi * radius**2), to_world=to_world @ scaling(radius, radius, 1))


def _pane(flux: Rgb, to_world: np.ndarray, width: float, height: float) -> Part:
    """A rectangle in the xy plane of `to_world` that shines along its z axis."""
    place = to_world @ scaling(width / 2, height / 2, 1)
    return Part({"type": "rectangle"}, DARK, lamp(flux, width * height), to_world=place)


def _flame(rng: np.random.Generator, flux: Rgb, base: Sequence[float]) -> Part:
    """A candle's flame: 2 to 4 cm high, 6 to 9 mm wide."""
    tall, r = float(rng.uniform(0.02, 0.04)), float(rng.uniform(0.003, 0.0045))
    outline = [
        (0, 0),
        (0.7 * r, 0.1 * tall),
        (r, 0.28 * tall),
        (0.75 * r, 0.55 * tall),
        (0.3 * r, 0.82 * tall),
        (0, tall),
    ]
    mesh = moved(spun(outline, 12), *base)
    return Part(mesh, DARK, lamp(flux, area(mesh)))


def _bulb(rng: np.random.Generator, flux: Rgb, centre: Sequence[float], radius: float) -> list[Part]:
    """A bulb around a place: a glowing ball (80%), a small one in an opal (14%) or in a clear bulb (6%)."""
    kind = choose(rng, {"ball": 80, "opal": 14, "clear": 6})
    if kind == "ball":
        return [_ball(flux, centre, radius)]
    globe: Plugin = {"type": "sphere", "center": Point(*map(float, centre)), "radius": float(radius)}
    if kind == "opal":
        return [_ball(flux, centre, 0.4 * radius), Part(globe, _opal(rng))]
    return [_ball(flux, centre, 0.6 * radius), Part(globe, materials.thin_glass(rng))]


# What shades are made of


def _cloth(rng: np.random.Generator) -> Plugin:
    """Cloth of a shade: off-white (70%) or coloured, and of what it scatters a fifth to two thirds goes through."""
    if rng.uniform() < 0.7:
        base = Rgb(0.88, 0.84, 0.76).times(float(rng.uniform(0.8, 1.05)))
    else:
        base = Rgb(*(float(v) for v in rng.uniform(0.25, 0.85, 3)))
    return {"type": "principledthin", "base_color": base, "roughness": 0.8, "diff_trans": float(rng.uniform(0.4, 1.3))}


def _paper(rng: np.random.Generator) -> Plugin:
    base = Rgb(0.92, 0.9, 0.84).times(float(rng.uniform(0.9, 1.02)))
    return {"type": "principledthin", "base_color": base, "roughness": 0.9, "diff_trans": float(rng.uniform(0.8, 1.5))}


def _opal(rng: np.random.Generator) -> Plugin:
    """White or frosted glass as one sheet: 10 to 70% goes through, more or less scattered, the rest is diffuse."""
    return {
        "type": "principledthin",
        "base_color": Rgb(0.96, 0.95, 0.93),
        "roughness": float(rng.uniform(0.25, 0.7)),
        "spec_trans": float(rng.uniform(0.1, 0.7)),
        "diff_trans": float(rng.uniform(1.0, 1.6)),
    }


def _sheet_metal(rng: np.random.Generator) -> Plugin:
    kinds = {materials.dark_metal: 30, materials.brushed_metal: 20, materials.paint: 30, materials.gold_like: 10}
    return choose(rng, {**kinds, materials.glossy_plastic: 10})(rng)


def _fittings(rng: np.random.Generator) -> Plugin:
    """What poles, arms and sockets are made of."""
    kinds = {materials.dark_metal: 35, materials.brushed_metal: 25, materials.metal: 15, materials.gold_like: 15}
    return choose(rng, {**kinds, materials.paint: 10})(rng)


def _white(rng: np.random.Generator) -> Plugin:
    """The enamel on the inside of metal shades: 70 to 85% white, or gold-like (10%)."""
    if rng.uniform() < 0.1:
        return materials.gold_like(rng)
    white = float(rng.uniform(0.7, 0.85))
    return {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": Rgb(white, white, 0.97 * white)}}


def _metal_shade(rng: np.random.Generator, outline: Outline) -> list[Part]:
    """A shade of sheet metal, enamelled inside."""
    inside = [(max(r - 0.002, 0.0), z - 0.001) for r, z in outline]
    return [joined(_sheet_metal(rng), spun(outline, 40)), joined(_white(rng), spun(inside[::-1], 40))]


def _drum(rng: np.random.Generator, radius: float, height: float) -> Outline:
    """The outline of a cloth shade, open below and above: a drum, a cone, or a bell."""
    kind = choose(rng, ["drum", "cone", "bell"])
    top = {"drum": float(rng.uniform(0.85, 1.0)), "cone": float(rng.uniform(0.35, 0.7)), "bell": 0.45}[kind] * radius
    if kind == "bell":
        t = np.linspace(0, 1, 9)
        return [(float(top + (radius - top) * (1 - s) ** 2), float(s * height)) for s in t]
    return [(radius, 0.0), (top, height)]


def _ribs(outline: Outline) -> Mesh:
    """The wire rings at both ends of a cloth shade, and the spider that holds it."""
    rings = []
    for radius, z in (outline[0], outline[-1]):
        angle = np.linspace(0, TAU, 33)
        rings.append(pipe(np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(33, z)], 1), 0.002, 6))
    radius, z = outline[-1]
    for k in range(3):
        way = (radius * np.cos(k * TAU / 3), radius * np.sin(k * TAU / 3))
        rings.append(rod((0, 0, z), (*way, z), 0.0018, sides=6))
    return merged(*rings)


def _dome(radius: float, height: float, opening: float) -> Outline:
    """A bowl that opens downwards, from the rim at z = 0 to a hole of radius `opening` at the top."""
    t = np.linspace(0, 1, 11)
    angle = t * np.arccos(min(opening / radius, 0.9))
    return [(float(radius * np.cos(a)), float(height * np.sin(a) / np.sin(angle[-1]))) for a in angle]


def _globe(radius: float, centre: float, opening: float = 0.15) -> Outline:
    """A ball with a small hole above, from its lowest point up."""
    top = np.pi / 2 - np.arcsin(opening)
    return [(float(radius * np.cos(a)), float(centre + radius * np.sin(a))) for a in np.linspace(-np.pi / 2, top, 17)]


def _lifted(outline: Outline, z: float) -> Outline:
    return [(r, height + z) for r, height in outline]


def _shaded(rng: np.random.Generator, flux: Rgb, radius: float, height: float, z: float, metal: Plugin) -> list[Part]:
    """A cloth or paper shade from z up, with a bulb in its middle and the wires that hold it."""
    outline = _lifted(_drum(rng, radius, height), z)
    skin = _paper(rng) if rng.uniform() < 0.2 else _cloth(rng)
    bulb = z + height * float(rng.uniform(0.4, 0.6))
    socket = rod((0, 0, bulb - 0.09), (0, 0, bulb - 0.03), 0.014)
    stem = rod((0, 0, bulb - 0.09), (0, 0, z + height), 0.0018, sides=6)
    fittings = joined(
        metal,
        _ribs(outline),
        socket,
        moved(stem, 0.04),
        rod((0, 0, bulb - 0.09), (0.04, 0, bulb - 0.09), 0.0018, sides=6),
    )
    return [joined(skin, spun(outline, 48)), fittings, *_bulb(rng, flux, (0, 0, bulb), 0.03)]


# On the floor


def floor_lamp(rng: np.random.Generator, flux: Rgb) -> Thing:
    """1.3 to 1.9 m: pole and cloth shade (35%), tripod and shade (15%), arc (10%), uplight (15%), reading lamp (15%),
    paper column (10%).
    """
    kind = choose(rng, {"pole": 35, "tripod": 15, "arc": 10, "uplight": 15, "reading": 15, "paper": 10})
    high = float(rng.uniform(1.3, 1.9))
    metal = _fittings(rng)
    foot, r = float(rng.uniform(0.12, 0.17)), float(rng.uniform(0.008, 0.015))
    base = [(0, 0), (foot, 0), (foot, 0.012), (0.9 * foot, 0.022), (r, 0.03)]
    if kind == "paper":
        return _paper_column(rng, flux, min(high, 1.5))
    if kind in ("pole", "tripod"):
        tall, radius = float(rng.uniform(0.2, 0.32)), float(rng.uniform(0.16, 0.25))
        low = high - tall
        shade = _shaded(rng, flux, radius, tall, low, metal)
        if kind == "pole":
            stand = joined(metal, spun([*base, (r, low + 0.05), (0, low + 0.05)], 32))
        else:
            timber, spread = choose(rng, [materials.wood, materials.varnished_wood, materials.dark_metal])(rng), 0.3
            ways = [(np.cos(k * TAU / 3 + 0.5), np.sin(k * TAU / 3 + 0.5)) for k in range(3)]
            legs = [rod((spread * x, spread * y, 0), (0.03 * x, 0.03 * y, low + 0.02), 0.012, 0.015) for x, y in ways]
            stand = joined(timber, *legs, rod((0, 0, low - 0.02), (0, 0, low + 0.06), 0.04))
        return standing("floor lamp", [stand, *shade])
    if kind == "uplight":
        radius = float(rng.uniform(0.12, 0.22))
        stand = joined(metal, spun([*base, (r, high - 0.08), (0, high - 0.08)], 32))
        bowl = [(0.02, high - 0.09), (0.5 * radius, high - 0.07), (0.85 * radius, high - 0.03), (radius, high)]
        inside = [(max(a - 0.002, 0.0), z + 0.002) for a, z in bowl]
        skin = joined(_opal(rng), spun(bowl, 40)) if rng.uniform() < 0.4 else joined(_sheet_metal(rng), spun(bowl, 40))
        light = _dot(flux, translation(0, 0, high - 0.035), 0.05)
        under = joined(_white(rng), spun(inside[::-1], 40), rod((0, 0, high - 0.09), (0, 0, high - 0.036), 0.05))
        return standing("floor lamp", [stand, skin, light, under])
    if kind == "arc":
        reach, lift = float(rng.uniform(0.8, 1.3)), high - 0.35
        knots = [
            (0, 0, 0.05),
            (0.05 * reach, 0, 0.55 * high),
            (0.45 * reach, 0, high + 0.12),
            (0.85 * reach, 0, high),
            (reach, 0, lift + 0.2),
        ]
        stone = materials.polished_stone(rng)
        stand = [
            joined(stone, board((0.28, 0.28, 0.06), (0, 0, 0.03), 0.004)),
            joined(metal, pipe(smooth_curve(knots, 32), 0.01)),
        ]
        outline = _lifted(_dome(0.17, 0.16, 0.02), lift)
        head = [*_metal_shade(rng, outline), *_bulb(rng, flux, (0, 0, lift + 0.06), 0.035)]
        head.append(joined(metal, rod((0, 0, lift + 0.09), (0, 0, lift + 0.21), 0.012)))
        return standing("floor lamp", [*stand, *(moved_part(part, translation(reach)) for part in head)])
    stand = joined(
        metal, spun([*base, (r, high - 0.1), (0, high - 0.1)], 32), rod((0, 0, high - 0.1), (0, -0.25, high), r)
    )
    return standing("floor lamp", [stand, *_spot_head(rng, flux, (0, -0.25, high), (0, -0.4, -1.0))])


def _spot_head(rng: np.random.Generator, flux: Rgb, place: Sequence[float], way: Sequence[float]) -> list[Part]:
    """A small metal cone at a place that points along `way`, with a bulb in it."""
    r, long = float(rng.uniform(0.05, 0.085)), float(rng.uniform(0.1, 0.16))
    head = [
        *_metal_shade(rng, [(r, 0), (0.55 * r, 0.7 * long), (0.45 * r, long), (0.01, long)]),
        _ball(flux, (0, 0, 0.4 * long), 0.45 * r),
    ]
    down = np.asarray(way, dtype=float) / np.linalg.norm(way)
    turn = translation(*place) @ _towards(-down) @ translation(0, 0, -long)
    return [moved_part(part, turn) for part in head]


def _towards(way: np.ndarray) -> np.ndarray:
    """A rotation that lays the z axis along a unit vector."""
    side = np.cross([0.0, 1.0, 0.0] if abs(way[1]) < 0.9 else [1.0, 0.0, 0.0], way)
    side /= np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([side, np.cross(way, side), way], 1)
    return matrix


def _paper_column(rng: np.random.Generator, flux: Rgb, high: float) -> Thing:
    """A round or square column of paper around a tube, with feet of wire."""
    r = float(rng.uniform(0.1, 0.2))
    foot = 0.06
    metal = materials.dark_metal(rng)
    if rng.uniform() < 0.5:
        bumps = np.linspace(0, 1, 61)
        swell = 1 + 0.04 * np.abs(np.sin(np.pi * 15 * bumps)) + float(rng.uniform(-0.2, 0.25)) * np.sin(np.pi * bumps)
        skin = spun([(float(r * s), float(foot + b * (high - foot))) for s, b in zip(swell, bumps, strict=True)], 32)
        bars: list[Mesh] = []
    else:
        skin = merged(
            *(
                turned(moved(board((2 * r, 0.001, high - foot), bevel=0.0), 0, -r, (high + foot) / 2), "z", 90 * k)
                for k in range(4)
            )
        )
        bars = [board((0.016, 0.016, high), (sx * r, sy * r, high / 2)) for sx in (-1, 1) for sy in (-1, 1)]
        bars += [
            turned(board((2 * r, 0.012, 0.012), (0, -r, z)), "z", 90 * k)
            for k in range(4)
            for z in np.linspace(foot, high - 0.006, 5)
        ]
    legs = [
        rod((0.8 * r * np.cos(a), 0.8 * r * np.sin(a), 0), (0, 0, 2 * foot), 0.004, sides=8) for a in (0.5, 2.6, 4.7)
    ]
    light = _stick(flux, (0, 0, 0.2 * high), (0, 0, 0.85 * high), 0.015)
    post = rod((0, 0, foot), (0, 0, 0.19 * high), 0.01)
    parts = [joined(_paper(rng), skin), joined(metal, *legs, post), light]
    if bars:
        parts.append(joined(choose(rng, [materials.wood, materials.dark_metal])(rng), *bars))
    return standing("floor lamp", parts)


# On tables


def table_lamp(rng: np.random.Generator, flux: Rgb) -> Thing:
    """0.3 to 0.65 m: a turned foot with a cloth shade (50%), a jointed desk lamp (20%), a glowing ball (15%), or a
    mushroom of opal glass or metal (15%).
    """
    kind = choose(rng, {"shade": 50, "desk": 20, "ball": 15, "mushroom": 15})
    metal = _fittings(rng)
    if kind == "desk":
        return _desk_lamp(rng, flux, metal)
    body_of = choose(
        rng,
        {
            materials.ceramic: 30,
            materials.glazed: 15,
            materials.wood: 15,
            materials.gold_like: 10,
            materials.metal: 10,
            materials.glass: 10,
            materials.concrete: 10,
        },
    )(rng)
    if kind == "ball":
        r = float(rng.uniform(0.07, 0.14))
        foot = joined(body_of, spun([(0, 0), (0.7 * r, 0), (0.7 * r, 0.02), (0.4 * r, 0.05), (0, 0.05)]))
        if rng.uniform() < 0.5:
            return standing("table lamp", [foot, _ball(flux, (0, 0, 0.047 + r), r)])
        globe: Plugin = {"type": "sphere", "center": Point(0.0, 0.0, 0.047 + r), "radius": r}
        return standing("table lamp", [foot, Part(globe, _opal(rng)), _ball(flux, (0, 0, 0.047 + r), 0.25 * r)])
    if kind == "mushroom":
        r, high = float(rng.uniform(0.1, 0.17)), float(rng.uniform(0.28, 0.42))
        stem = spun(
            [(0, 0), (0.6 * r, 0), (0.55 * r, 0.02), (0.22 * r, 0.25 * high), (0.2 * r, 0.6 * high), (0, 0.6 * high)]
        )
        outline = _lifted(_dome(r, 0.75 * r, 0.02 * r), high - 0.75 * r)
        cap = [joined(_opal(rng), spun(outline, 40))] if rng.uniform() < 0.6 else _metal_shade(rng, outline)
        light = high - 0.4 * r
        post = rod((0, 0, 0.5 * high), (0, 0, light), 0.008)
        return standing(
            "table lamp", [joined(body_of, stem), joined(metal, post), *cap, _ball(flux, (0, 0, light + 0.02), 0.02)]
        )
    foot, r = float(rng.uniform(0.2, 0.35)), float(rng.uniform(0.05, 0.09))
    count = int(rng.integers(3, 6))
    heights = np.linspace(0, 1, count + 2)[1:-1]
    knots = [
        (0.8 * r, 0.0, 0.0),
        *((r * float(rng.uniform(0.3, 1.2)), 0.0, float(h)) for h in heights),
        (0.25 * r, 0.0, 1.0),
    ]
    curve = smooth_curve(knots, 24)
    body = spun([(0, 0), *((max(float(x), 0.008), foot * float(z)) for x, _, z in curve), (0, foot)], 36)
    tall, radius = float(rng.uniform(0.15, 0.26)), float(rng.uniform(0.11, 0.2))
    neck = rod((0, 0, foot - 0.01), (0, 0, foot + 0.06), 0.008)
    return standing(
        "table lamp",
        [joined(body_of, body), joined(metal, neck), *_shaded(rng, flux, radius, tall, foot + 0.03, metal)],
    )


def _desk_lamp(rng: np.random.Generator, flux: Rgb, metal: Plugin) -> Thing:
    """Two jointed arms of 0.25 to 0.4 m on a round foot, and a metal head that looks down."""
    first, second = float(rng.uniform(0.25, 0.38)), float(rng.uniform(0.25, 0.4))
    lean, bend = np.radians(rng.uniform(5, 35)), np.radians(rng.uniform(40, 80))
    knee = np.array([0, first * np.sin(lean), 0.03 + first * np.cos(lean)])
    tip = knee + second * np.array([0, -np.sin(bend), np.cos(bend)])
    base = spun([(0, 0), (0.1, 0), (0.1, 0.015), (0.09, 0.022), (0.015, 0.026), (0.012, 0.04), (0, 0.04)], 36)
    meshes = [base]
    for dx in (-0.01, 0.01):
        side = np.array([dx, 0, 0])
        meshes += [
            rod(np.array([0, 0, 0.03]) + side, knee + side, 0.004, sides=8),
            rod(knee + side, tip + side, 0.004, sides=8),
        ]
    meshes += [rod(place - np.array([0.016, 0, 0]), place + np.array([0.016, 0, 0]), 0.009) for place in (knee, tip)]
    way = (0, -0.3, -1.0)
    return standing("table lamp", [joined(metal, *meshes), *_spot_head(rng, flux, tip, way)])


def candle(rng: np.random.Generator, flux: Rgb) -> Thing:
    """One to five candles, 5 to 25 cm high and 2 to 8 cm thick, bare, on a plate (40%) or on tall sticks (25%)."""
    count, style = int(rng.integers(1, 6)), choose(rng, {"bare": 35, "plate": 40, "sticks": 25})
    wax = materials.wax_like(rng)
    black: Plugin = {"type": "diffuse", "reflectance": Rgb(0.03, 0.03, 0.03)}
    each = flux.times(1 / count)
    bodies, wicks, sticks, parts = [], [], [], []
    lift = 0.012 if style == "plate" else 0.0
    place = 0.0
    for k in range(count):
        r = 0.011 if style == "sticks" else float(rng.uniform(0.012, 0.04))
        tall = float(rng.uniform(0.15, 0.25)) if r < 0.014 else float(rng.uniform(0.05, 0.18))
        place += r if k == 0 else r + float(rng.uniform(0.012, 0.04))
        x, y = place, float(rng.uniform(-0.03, 0.03))
        place += r
        if style == "sticks":
            lift = float(rng.uniform(0.1, 0.3))
            profile = [
                (0, 0),
                (0.045, 0),
                (0.04, 0.008),
                (0.008, 0.02),
                (0.008, 0.5 * lift),
                (0.014, 0.55 * lift),
                (0.008, 0.6 * lift),
                (0.01, lift - 0.015),
                (0.02, lift),
                (0, lift),
            ]
            sticks.append(moved(spun(profile, 20), x, y))
            place += 0.04
        hollow = 0.3 * r
        body = spun(
            [(0, 0), (r, 0), (r, tall - 0.002), (0.93 * r, tall), (0.75 * r, tall - 0.2 * hollow), (0, tall - hollow)],
            24,
        )
        bodies.append(moved(body, x, y, lift))
        foot = lift + tall - hollow
        wicks.append(rod((x, y, foot - 0.002), (x, y, foot + 0.01), 0.0009, sides=5))
        parts.append(_flame(rng, each, (x, y, foot + 0.006)))
    if style == "plate":
        wide = place + 0.05
        dish = prism(rounded_rectangle(wide, 0.14, min(0.06, 0.45 * wide)), 0, 0.008, 0.002)
        parts.append(
            joined(choose(rng, [materials.ceramic, materials.metal, materials.wood])(rng), moved(dish, place / 2, 0, 0))
        )
        bodies = [moved(mesh, 0, 0, -0.004) for mesh in bodies]
    parts += [joined(wax, *bodies), joined(black, *wicks)]
    if sticks:
        parts.append(joined(_fittings(rng), *sticks))
    return standing("candles", parts)


def lantern(rng: np.random.Generator, flux: Rgb) -> Thing:
    """A metal frame of 12 to 22 cm with panes of glass and a candle in it (60%), or with paper and a bulb."""
    r, high = float(rng.uniform(0.06, 0.11)), float(rng.uniform(0.2, 0.38))
    frame_of, t = choose(rng, [materials.dark_metal, materials.gold_like, materials.wood, materials.paint])(rng), 0.012
    bars = [board((t, t, high - 0.02), (sx * r, sy * r, high / 2)) for sx in (-1, 1) for sy in (-1, 1)]
    bars += [board((2 * r + 2 * t, 2 * r + 2 * t, 0.012), (0, 0, z)) for z in (0.012, high - 0.006)]
    bars.append(moved(spun([(0, 0), (0.8 * r, 0), (0.5 * r, 0.05), (0.02, 0.08), (0, 0.08)], 24), 0, 0, high))
    angle = np.linspace(0, np.pi, 13)
    bars.append(pipe(np.stack([0.04 * np.cos(angle), 0 * angle, high + 0.075 + 0.05 * np.sin(angle)], 1), 0.003, 8))
    bars += [board((0.02, 0.02, 0.007), (sx * r, sy * r, 0.0035), 0.0) for sx in (-1, 1) for sy in (-1, 1)]
    tall = high - 0.04
    glazed = rng.uniform() < 0.6
    skin = materials.thin_glass(rng) if glazed else _paper(rng)
    side = moved(picture_plane(2 * r - t, tall), 0, -r, 0.5 * high)
    panes = [joined(skin, turned(side, "z", 90 * k)) for k in range(4)]
    if glazed:
        panes = panes[: choose(rng, [3, 4])]  # without its door light gets out freely
        wax = spun([(0, 0), (0.025, 0), (0.025, 0.09), (0, 0.085)], 24)
        inside = [joined(materials.wax_like(rng), moved(wax, 0, 0, 0.019)), _flame(rng, flux, (0, 0, 0.106))]
    else:
        post = rod((0, 0, 0.018), (0, 0, 0.42 * high), 0.01)
        inside = [joined(frame_of, post), _ball(flux, (0, 0, 0.5 * high), 0.022)]
    return standing("lantern", [joined(frame_of, *bars), *panes, *inside])


# From the ceiling


def _hung(metal: Plugin, drop: float, radius: float = 0.05) -> Part:
    """The canopy under a ceiling at z = 0 and the cord from it down to z = -`drop`."""
    rose = spun([(0, -0.03), (0.5 * radius, -0.028), (radius, -0.012), (radius, 0), (0, 0)], 24)
    return joined(metal, rose, rod((0, 0, -drop), (0, 0, -0.02), 0.0025, sides=6))


def pendant(rng: np.random.Generator, flux: Rgb, drop: float | None = None) -> Thing:
    """A lamp on a cord of 0.3 to 1.1 m (`drop`).

    Shade: a metal dome or cone (35%), cloth (20%), a paper ball (12%), an opal ball (13%), a glowing ball (8%), or
    open clear glass around a bulb (12%); 0.2 to 0.6 m across.
    """
    drop = float(rng.uniform(0.3, 1.1)) if drop is None else drop
    kind = choose(rng, {"metal": 35, "cloth": 20, "paper": 12, "opal": 13, "ball": 8, "glass": 12})
    metal = _fittings(rng)
    parts = [_hung(metal, drop)]
    r = float(rng.uniform(0.12, 0.26))
    if kind == "metal":
        tall = r * float(rng.uniform(0.6, 1.3))
        cone = [(r, 0.0), (0.35 * r, 0.75 * tall), (0.2 * r, tall), (0.01, tall + 0.005)]
        outline = _dome(r, tall, 0.02) if rng.uniform() < 0.6 else cone
        parts += _metal_shade(rng, _lifted(outline, -drop - tall))
        parts += _bulb(rng, flux, (0, 0, -drop - 0.6 * tall), min(0.04, 0.15 * tall + 0.01))
        parts.append(joined(metal, rod((0, 0, -drop - 0.6 * tall), (0, 0, -drop + 0.03), 0.016)))
    elif kind == "cloth":
        tall = r * float(rng.uniform(0.7, 1.6))
        parts += _shaded(rng, flux, r, tall, -drop - tall, metal)
    elif kind == "glass":
        tall = r * float(rng.uniform(0.9, 1.5))
        skin = choose(rng, [materials.thin_glass, _opal])(rng)
        parts.append(joined(skin, spun(_lifted(_dome(0.8 * r, tall, 0.025), -drop - tall), 40)))
        parts += _bulb(rng, flux, (0, 0, -drop - 0.5 * tall), 0.035)
        parts.append(joined(metal, rod((0, 0, -drop - 0.35 * tall), (0, 0, -drop + 0.03), 0.02)))
    elif kind == "ball":
        parts.append(_ball(flux, (0, 0, -drop - 0.6 * r), 0.6 * r))
        parts.append(joined(metal, rod((0, 0, -drop - 0.01), (0, 0, -drop + 0.05), 0.02)))
    else:
        scale = 1.15 if kind == "paper" else 0.8
        outline = _globe(scale * r, -drop - scale * r)
        if kind == "paper":
            # The wire in it makes ridges.
            outline = [(a * (1 - 0.012 * (k % 2)), z) for k, (a, z) in enumerate(outline)]
        skin = _paper(rng) if kind == "paper" else _opal(rng)
        parts.append(joined(skin, spun(outline, 40)))
        parts += _bulb(rng, flux, (0, 0, -drop - scale * r), 0.035)
        parts.append(joined(metal, rod((0, 0, -drop - scale * r + 0.03), (0, 0, -drop + 0.01), 0.012)))
    return standing("pendant lamp", parts)


def bare_bulb(rng: np.random.Generator, flux: Rgb) -> Thing:
    """A socket and a bulb of 2 to 6 cm radius on a cord of 0.2 to 0.9 m."""
    drop, r = float(rng.uniform(0.2, 0.9)), log_uniform(rng, 0.02, 0.06)
    metal = _fittings(rng)
    socket = spun(
        [(0, -drop - 0.05), (0.018, -drop - 0.05), (0.02, -drop), (0.005, -drop + 0.012), (0, -drop + 0.012)], 20
    )
    return standing(
        "bare bulb", [_hung(metal, drop), joined(metal, socket), *_bulb(rng, flux, (0, 0, -drop - 0.046 - r), r)]
    )


def chandelier(rng: np.random.Generator, flux: Rgb, drop: float | None = None) -> Thing:
    """5 to 24 small bulbs on a drop of 0.4 to 0.9 m: on curved arms in one or two tiers (50%), on a ring (25%), or at
    the ends of rods that go all ways (25%); the arms carry drops of glass in two of five.
    """
    drop = float(rng.uniform(0.4, 0.9)) if drop is None else drop
    kind = choose(rng, {"arms": 50, "ring": 25, "rods": 25})
    metal, r = _fittings(rng), float(rng.uniform(0.25, 0.5))
    meshes: list[Mesh] = []
    bulbs: list[tuple[float, float, float]] = []
    drops: list[Mesh] = []
    size = log_uniform(rng, 0.008, 0.025)
    if kind == "arms":
        meshes.append(
            moved(
                spun(
                    [(0, -0.26), (0.02, -0.24), (0.05, -0.18), (0.02, -0.1), (0.035, -0.05), (0.012, 0.0), (0, 0.01)],
                    24,
                ),
                0,
                0,
                -drop,
            )
        )
        for tier in range(int(rng.integers(1, 3))):
            count, reach, level = int(rng.integers(5, 9)), r * (1 - 0.4 * tier), -drop - 0.16 + 0.12 * tier
            curve = smooth_curve(
                [(0.02, 0, 0), (0.4 * reach, 0, -0.09), (0.85 * reach, 0, -0.06), (reach, 0, 0.03)], 14
            )
            arm = merged(
                pipe(curve, 0.006, 8),
                moved(
                    spun([(0, 0), (0.03, 0.008), (0.03, 0.012), (0.009, 0.012), (0.009, 0.07), (0, 0.07)], 14),
                    reach,
                    0,
                    0.03,
                ),
            )
            for k in range(count):
                turn = 360 * (k + 0.5 * tier) / count
                meshes.append(moved(turned(arm, "z", turn), 0, 0, level))
                bulbs.append(
                    (reach * np.cos(np.radians(turn)), reach * np.sin(np.radians(turn)), level + 0.1 + 0.9 * size)
                )
                drops.append(moved(turned(moved(_crystal(0.013), reach, 0, -0.012), "z", turn), 0, 0, level))
                drops.append(moved(turned(moved(_crystal(0.01), 0.45 * reach, 0, -0.125), "z", turn), 0, 0, level))
    elif kind == "ring":
        count, level = int(rng.integers(8, 25)), -drop - 0.1
        angle = np.arange(49) / 48 * TAU
        meshes.append(pipe(np.stack([r * np.cos(angle), r * np.sin(angle), np.full(49, level)], 1), 0.012, 8))
        for k in range(count):
            a = k / count * TAU
            x, y = r * np.cos(a), r * np.sin(a)
            bulbs.append((x, y, level + 0.03 + size))
            meshes.append(rod((x, y, level), (x, y, level + 0.03), 0.008, sides=8))
            drops.append(moved(_crystal(0.014), x, y, level - 0.03))
        meshes += [
            rod((0, 0, -drop + 0.002), (r * np.cos(a), r * np.sin(a), level), 0.002, sides=6)
            for a in np.arange(3) * TAU / 3
        ]
    else:
        count = int(rng.integers(8, 21))
        meshes.append(moved(spun(_globe(0.05, 0.0, 0.01), 20), 0, 0, -drop - 0.04))
        for k in range(count):
            # Evenly over the sphere, by the golden angle.
            z, a = 1 - 2 * (k + 0.5) / count, k * 2.399963
            way = np.array([np.sqrt(1 - z * z) * np.cos(a), np.sqrt(1 - z * z) * np.sin(a), 0.8 * z])
            tip = np.array([0, 0, -drop - 0.04]) + 0.8 * r * way
            if tip[2] + 2 * size > -0.05:
                continue
            meshes.append(rod((0, 0, -drop - 0.04), tip, 0.004, sides=8))
            bulbs.append(tuple(float(v) for v in tip + size * way / np.linalg.norm(way)))
    parts = [_hung(metal, drop, 0.07), joined(metal, *meshes)]
    parts += [_ball(flux.times(1 / len(bulbs)), place, size) for place in bulbs]
    if drops and rng.uniform() < 0.4:
        parts.append(joined(materials.glass(rng), *drops))
    return standing("chandelier", parts)


def _crystal(r: float) -> Mesh:
    """A cut drop of glass that hangs from the origin."""
    return spun([(0, -3.2 * r), (r, -2.0 * r), (0.75 * r, -0.9 * r), (0, 0)], 6)


def ceiling_lamp(rng: np.random.Generator, flux: Rgb) -> Thing:
    """Flat against the ceiling: a bright panel in a frame (45%), a dome of opal glass (35%), or a shallow drum of cloth
    with two bulbs (20%).
    """
    kind = choose(rng, {"panel": 45, "dome": 35, "drum": 20})
    metal = _fittings(rng)
    if kind == "panel":
        wide, long = choose(rng, [(0.3, 0.3), (0.6, 0.6), (0.3, 1.2), (0.62, 1.24)])
        rim, thick = float(rng.uniform(0.008, 0.03)), float(rng.uniform(0.02, 0.06))
        frame = merged(
            board((long + rim, wide + rim, 0.012), (0, 0, -0.006)),
            *(board((long + 2 * rim, rim, thick), (0, sy * (wide + rim) / 2, -thick / 2)) for sy in (-1, 1)),
            *(board((rim, wide, thick), (sx * (long + rim) / 2, 0, -thick / 2)) for sx in (-1, 1)),
        )
        shining = _pane(flux, translation(0, 0, -0.02) @ rotation("x", 180), long, wide)
        return standing("ceiling lamp", [joined(materials.paint(rng), frame), shining])
    r = float(rng.uniform(0.13, 0.25))
    plate = joined(metal, spun([(0, -0.02), (r + 0.01, -0.02), (r + 0.01, 0), (0, 0)], 40))
    if kind == "dome":
        depth = r * float(rng.uniform(0.35, 0.8))
        t = np.linspace(-np.pi / 2, 0, 10)
        skin = spun([(float(r * np.cos(a)), float(-0.02 + depth * np.sin(a))) for a in t], 40)
        return standing(
            "ceiling lamp", [plate, joined(_opal(rng), skin), _ball(flux, (0, 0, -0.02 - 0.5 * depth), 0.28 * depth)]
        )
    tall = float(rng.uniform(0.1, 0.16))
    skin = joined(_cloth(rng), spun([(0, -0.019 - tall), (1.3 * r, -0.019 - tall), (1.3 * r, -0.019)], 48))
    lights = [_ball(flux.times(0.5), (sx * 0.5 * r, 0, -0.019 - 0.5 * tall), 0.028) for sx in (-1, 1)]
    return standing("ceiling lamp", [plate, skin, *lights])


def downlights(rng: np.random.Generator, flux: Rgb) -> Thing:
    """Two to six round lights in a row, 0.5 to 0.9 m apart, in tubes of 8 to 16 cm under the ceiling."""
    count, pitch = int(rng.integers(2, 7)), float(rng.uniform(0.5, 0.9))
    r, tall = float(rng.uniform(0.03, 0.055)), float(rng.uniform(0.08, 0.16))
    outside = [(r, -tall), (r, 0), (0, 0)]
    inside = [(r - 0.003, 0.3 * -tall), (r - 0.003, -tall), (r, -tall)]
    metal, inner = _sheet_metal(rng), _white(rng)
    xs = [(k - (count - 1) / 2) * pitch for k in range(count)]
    parts = [
        joined(metal, *(moved(spun(outside, 24), x) for x in xs)),
        joined(inner, *(moved(spun(inside, 24), x) for x in xs)),
    ]
    parts += [_dot(flux.times(1 / count), translation(x, 0, -0.32 * tall) @ rotation("x", 180), 0.85 * r) for x in xs]
    return standing("downlights", parts)


def spot_rail(rng: np.random.Generator, flux: Rgb) -> Thing:
    """A rail of 0.8 to 2 m with two to six spots that point down and to all sides, 0 to 50 degrees off."""
    count, length = int(rng.integers(2, 7)), float(rng.uniform(0.8, 2.0))
    metal = choose(rng, [materials.paint, materials.dark_metal, materials.brushed_metal])(rng)
    r, long = float(rng.uniform(0.028, 0.045)), float(rng.uniform(0.09, 0.15))
    bars = [board((length, 0.035, 0.025), (0, 0, -0.0125))]
    can = merged(spun([(r, 0), (r, long), (0, long)], 24), spun([(r - 0.003, 0.3 * long), (r - 0.003, 0), (r, 0)], 24))
    lights = []
    for k in range(count):
        x = (k - (count - 1) / 2) * 0.85 * length / max(count - 1, 1)
        away, around = np.radians(rng.uniform(0, 50)), rng.uniform(0, TAU)
        way = np.array([np.sin(away) * np.cos(around), np.sin(away) * np.sin(around), -np.cos(away)])
        joint = np.array([x, 0, -0.03 - r])
        # The body's axis: its open end at 0 looks along `way`.
        axes = _towards(-way)
        place = joint + way * 0.6 * long
        bars.append(Mesh(can.points @ axes[:3, :3].T + place, can.normals @ axes[:3, :3].T, can.uvs, can.faces))
        bars.append(rod((x, 0, -0.03), joint - way * 0.02, 0.006, sides=8))
        lens = translation(*(place - way * 0.28 * long)) @ _towards(way)
        lights.append(_dot(flux.times(1 / count), lens, 0.85 * r))
    return standing("spot rail", [joined(metal, *bars), *lights])


def fluorescent_tube(rng: np.random.Generator, flux: Rgb) -> Thing:
    """One or two tubes of 0.6, 1.2 or 1.5 m, bare or with a reflector (40%), at the ceiling or hung (35%)."""
    count, length = int(rng.integers(1, 3)), choose(rng, [0.6, 1.2, 1.5])
    white = materials.paint(rng)
    apart, r = 0.09, choose(rng, [0.008, 0.013, 0.019])
    drop = float(rng.uniform(0.2, 0.8)) if rng.uniform() < 0.35 else 0.0
    wide = float(rng.uniform(0.045, 0.08)) + apart * (count - 1)
    meshes = [board((length + 0.06, wide, 0.045), (0, 0, -drop - 0.0225))]
    ys = [(k - (count - 1) / 2) * apart for k in range(count)]
    z = -drop - 0.05 - r - 0.008
    for y in ys:
        meshes += [board((0.02, 0.03, 0.05), (sx * (length + 0.02) / 2, y, z + 0.02)) for sx in (-1, 1)]
    if rng.uniform() < 0.4:
        wing = beam((0, wide / 2, -drop - 0.04), (0, wide / 2 + 0.09, -drop - 0.1), length + 0.04, 0.002, bevel=0.0)
        meshes += [wing, turned(wing, "z", 180)]
    if drop:
        meshes += [rod((sx * 0.4 * length, 0, -drop), (sx * 0.4 * length, 0, 0), 0.0015, sides=6) for sx in (-1, 1)]
    tubes = [_stick(flux.times(1 / count), (-length / 2, y, z), (length / 2, y, z), r) for y in ys]
    return standing("fluorescent tube", [joined(white, *meshes), *tubes])


# On walls


def wall_lamp(rng: np.random.Generator, flux: Rgb) -> Thing:
    """An up-and-down light (25%), a half shade of cloth (25%), a ball of opal glass (20%), a spot (15%), or a candle
    bulb on an arm (15%).
    """
    kind = choose(rng, {"updown": 25, "half": 25, "globe": 20, "spot": 15, "arm": 15})
    metal = _fittings(rng)
    if kind == "updown":
        r, tall = float(rng.uniform(0.035, 0.06)), float(rng.uniform(0.12, 0.28))
        y = -r - 0.03
        shell = [
            spun([(r, 0), (r, tall)], 28),
            spun([(r - 0.003, tall), (r - 0.003, 0)], 28),
            spun([(0, 0.4 * tall), (r, 0.4 * tall), (r, 0.6 * tall), (0, 0.6 * tall)], 28),
        ]
        body = [moved(mesh, 0, y) for mesh in shell] + [board((0.05, 0.06, 0.06), (0, -0.03, tall / 2))]
        up = _dot(flux.times(0.5), translation(0, y, 0.62 * tall), 0.7 * r)
        down = _dot(flux.times(0.5), translation(0, y, 0.38 * tall) @ rotation("x", 180), 0.7 * r)
        return on_wall("wall lamp", [joined(metal, *body), up, down])
    if kind == "half":
        r, tall = float(rng.uniform(0.1, 0.16)), float(rng.uniform(0.15, 0.26))
        t = np.linspace(-np.pi, 0, 25)
        rows = [
            np.stack([f * r * np.cos(t), f * 0.8 * r * np.sin(t), np.full(25, z)], 1)
            for f, z in ((1.0, 0.0), (0.8, tall))
        ]
        skin = sheet(np.stack(rows), np.stack(np.meshgrid(t * r, [0, tall]), -1))
        plate = board((0.08, 0.012, 0.7 * tall), (0, 0.006, 0.5 * tall))
        socket = rod((0, 0.005, 0.35 * tall), (0, -0.05, 0.35 * tall), 0.01)
        return on_wall(
            "wall lamp",
            [
                joined(choose(rng, [_cloth, _opal, _paper])(rng), skin),
                joined(metal, plate, socket),
                *_bulb(rng, flux, (0, -0.055, 0.5 * tall), 0.025),
            ],
        )
    plate = turned(spun([(0, 0), (0.05, 0), (0.05, 0.01), (0.04, 0.018), (0, 0.018)], 28), "x", 90)
    if kind == "spot":
        arm = rod((0, 0, 0), (0, -0.12, 0.03), 0.007)
        return on_wall(
            "wall lamp",
            [
                joined(metal, plate, arm),
                *_spot_head(rng, flux, (0, -0.12, 0.03), (float(rng.uniform(-0.5, 0.5)), -0.5, -1.0)),
            ],
        )
    reach = float(rng.uniform(0.08, 0.15))
    arm = pipe(smooth_curve([(0, 0, 0), (0, -0.5 * reach, -0.04), (0, -reach, -0.02), (0, -reach, 0.05)], 14), 0.006, 8)
    cup = moved(
        spun([(0, 0), (0.03, 0.01), (0.03, 0.015), (0.01, 0.015), (0.01, 0.05), (0, 0.05)], 20), 0, -reach, 0.04
    )
    if kind == "arm":
        light = _bulb(rng, flux, (0, -reach, 0.11), 0.02)
    else:
        r = float(rng.uniform(0.05, 0.08))
        light = [
            joined(_opal(rng), moved(spun(_globe(r, 0.0), 28), 0, -reach, 0.085 + r)),
            _ball(flux, (0, -reach, 0.085 + r), 0.3 * r),
        ]
    return on_wall("wall lamp", [joined(metal, plate, arm, cup), *light])


def fairy_lights(rng: np.random.Generator, flux: Rgb, width: float | None = None) -> Thing:
    """20 to 60 bulbs of 2.5 to 5 mm on a dark wire that hangs in one to four bows along a wall, 1.2 to 3 m wide; all
    of one warm white, or coloured (25%).
    """
    width = float(rng.uniform(1.2, 3.0)) if width is None else width
    bows, count, r = int(rng.integers(1, 5)), int(rng.integers(20, 61)), float(rng.uniform(0.0025, 0.005))
    sag = float(rng.uniform(0.15, 0.4)) * width / bows
    nails = np.linspace(-width / 2, width / 2, bows + 1)
    wires = [hanging_line((a, -0.012, 0), (b, -0.012, 0), sag, 24) for a, b in pairwise(nails)]
    line = np.concatenate(wires)
    wire = joined(materials.rubber(rng), *(pipe(path, 0.0012, 5) for path in wires))
    nail_of = joined(
        materials.metal(rng), *(rod((float(x), 0, 0), (float(x), -0.014, 0), 0.002, sides=6) for x in nails)
    )
    coloured = rng.uniform() < 0.25
    tints = [Rgb(1, 0.15, 0.1), Rgb(1, 0.6, 0.1), Rgb(0.15, 0.9, 0.2), Rgb(0.15, 0.3, 1)] if coloured else [flux]
    bulbs: list[list[Mesh]] = [[] for _ in tints]
    # Meshes: Mitsuba samples spheres that look as small as these do from across a room without precision.
    drop = spun([(0, -r), (0.7 * r, -0.7 * r), (r, 0), (0.7 * r, 0.7 * r), (0, r)], 8)
    for place in np.linspace(0, len(line) - 1.001, count):
        k = int(place)
        x, y, z = line[k] + (place - k) * (line[k + 1] - line[k])
        bulbs[int(rng.integers(len(tints)))].append(moved(drop, x, y - 0.002, z - r - 0.001))
    parts = [wire, nail_of]
    for tint, meshes in zip(tints, bulbs, strict=True):
        if meshes:
            mesh = merged(*meshes)
            share = tint.times(sum(flux) / sum(tint) * len(meshes) / count)
            parts.append(Part(mesh, DARK, lamp(share, area(mesh))))
    return on_wall("fairy lights", parts)


def light_strip(rng: np.random.Generator, flux: Rgb, length: float | None = None) -> Thing:
    """A bright strip of 8 to 20 mm in an aluminium rail, 0.6 to 2.5 m (`length`), that shines away from its wall."""
    length = float(rng.uniform(0.6, 2.5)) if length is None else length
    wide = float(rng.uniform(0.008, 0.02))
    rail = [board((length, 0.006, wide + 0.006), (0, -0.003, 0))]
    rail += [board((length, 0.012, 0.003), (0, -0.006, sz * (wide + 0.003) / 2), 0.0) for sz in (-1, 1)]
    shining = _pane(flux, translation(0, -0.008, 0) @ rotation("x", 90), length - 0.01, wide - 0.002)
    return on_wall("light strip", [joined(materials.metal(rng), *rail), shining])


Maker = Callable[[np.random.Generator, Rgb], Thing]

FLOOR_LAMPS: list[Maker] = [floor_lamp]
TABLE_LAMPS: list[Maker] = [table_lamp, table_lamp, table_lamp, lantern, candle]
CEILING_LAMPS: list[Maker] = [
    pendant,
    pendant,
    chandelier,
    bare_bulb,
    ceiling_lamp,
    ceiling_lamp,
    spot_rail,
    downlights,
    fluorescent_tube,
]
WALL_LAMPS: list[Maker] = [wall_lamp, wall_lamp, fairy_lights, light_strip]
