"""Tables, seats, beds, rugs and screens, drawn at random; and all that furnishes rooms, by role.

Every thing faces -y, so that its back goes to a wall at its +y side.
"""

from collections.abc import Callable

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.extent import standing
from mcdenoise.random_scenes.joinery import (
    beam,
    bent,
    board,
    ellipse,
    filleted,
    joined,
    picture_plane,
    pillow,
    pipe,
    prism,
    rod,
    rounded_rectangle,
    soft_box,
    spun,
    tapered,
    uneven,
)
from mcdenoise.random_scenes.meshes import Mesh, moved, sheet, turned
from mcdenoise.random_scenes.parts import (
    Part,
    Picture,
    Plugin,
    Rgb,
    Surface,
    Thing,
    choose,
    rotation,
    scaling,
    translation,
)
from mcdenoise.random_scenes.storage import bookshelf, cabinet, dresser, nightstand, sideboard, wardrobe
from mcdenoise.random_scenes.textures import periodic_noise

CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1))
GAP = 0.0006  # metres between parts that touch, so that no two faces coincide


def _timber(rng: np.random.Generator) -> Plugin:
    """What wooden furniture is made of: bare wood (45%), varnished wood (35%) or painted (20%)."""
    return choose(rng, {materials.wood: 45, materials.varnished_wood: 35, materials.paint: 20})(rng)


def _steel(rng: np.random.Generator) -> Plugin:
    """What metal frames are made of: dark (40%), brushed (30%), bare (15%), gold-like (5%) or painted (10%)."""
    kinds = {
        materials.dark_metal: 40,
        materials.brushed_metal: 30,
        materials.metal: 15,
        materials.gold_like: 5,
        materials.paint: 10,
    }
    return choose(rng, kinds)(rng)


def _upholstery(rng: np.random.Generator) -> Plugin:
    """A cover: woven fabric (60%), velvet (15%) or leather (25%)."""
    return choose(rng, {materials.fabric: 60, materials.velvet: 15, materials.leather: 25})(rng)


# Tables


def _table(rng: np.random.Generator, name: str, length: float, width: float, height: float, round_top: bool) -> Thing:
    """A table of given measures.

    Top: timber (65%), glass (15%), polished stone (10%) or laminate (10%); a rectangle, in one of three with round
    corners, or an ellipse. Below it: four legs, sled frames, trestles, panel ends or, under small or round tops, a
    pedestal.
    """
    timber = _timber(rng)
    kind = choose(rng, {"timber": 65, "glass": 15, "stone": 10, "laminate": 10})
    thick = float(
        {"glass": rng.uniform(0.008, 0.015), "stone": rng.uniform(0.015, 0.03)}.get(kind, rng.uniform(0.018, 0.045))
    )
    if kind == "timber":
        top = timber
    else:
        top = {"glass": materials.glass, "stone": materials.polished_stone, "laminate": materials.glossy_plastic}[kind](
            rng
        )
    low = height - thick
    inset = 0.003 + 0.2 * thick
    if round_top:
        surface = prism(ellipse(length, width), low, height, 0.25 * thick)
    elif rng.uniform() < 0.33:
        radius = float(rng.uniform(0.03, 0.2)) * width
        surface = prism(rounded_rectangle(length, width, radius), low, height, 0.2 * thick)
        inset += 0.3 * radius
    else:
        surface = board((length, width, thick), (0, 0, height - thick / 2), 0.15 * thick)
    styles = {"legs": 60, "sled": 12, "trestle": 10, "panels": 8, "pedestal": 10}
    if round_top:
        styles = {"legs": 50, "pedestal": 50}
    elif length > 1.3 * width or kind == "glass":
        del styles["pedestal"]
    style = choose(rng, styles)
    share = 0.68 if round_top else 1.0
    parts = [Part(surface, top)]
    parts += _support(rng, style, timber, share * length, share * width, low - GAP, kind != "glass")
    size = (0.66 * length, 0.66 * width) if round_top else (length - 2 * inset, width - 2 * inset)
    surfaces = [Surface(0, 0, height, *size, 1.0)]
    if style == "legs" and not round_top and height < 0.6 and rng.uniform() < 0.35:
        x, y, z = 0.88 * length, 0.8 * width, float(rng.uniform(0.25, 0.4)) * height
        parts.append(joined(timber, board((x, y, 0.018), (0, 0, z))))
        surfaces.append(Surface(0, 0, z + 0.009, 0.72 * x, 0.72 * y, low - z - 0.1))
    return standing(name, parts, surfaces)


def _support(
    rng: np.random.Generator, style: str, timber: Plugin, length: float, width: float, height: float, apron: bool
) -> list[Part]:
    """What carries a top whose underside is at `height`."""
    if style == "legs":
        return _legs(rng, timber, length, width, height, apron)
    if style == "sled":
        t = float(rng.uniform(0.015, 0.03))
        x, y = 0.42 * length, 0.46 * width
        loops = []
        for sx in (-1, 1):
            low, high = t / 2, height - t / 2
            for start, end in (((-y, low), (y, low)), ((-y, high), (y, high))):
                loops.append(beam((sx * x, start[0], start[1]), (sx * x, end[0], end[1]), 2 * t, t))
            for sy in (-1, 1):
                loops.append(beam((sx * x, sy * (y - t / 2), t), (sx * x, sy * (y - t / 2), height - t), 2 * t, t))
        loops.append(beam((-x, 0, height - 1.5 * t), (x, 0, height - 1.5 * t), t, t, side=(0, 1, 0)))
        return [joined(_steel(rng), *loops)]
    if style == "trestle":
        t = float(rng.uniform(0.03, 0.05))
        x, y, spread = 0.32 * length, 0.4 * width, float(rng.uniform(0.0, 0.12))
        bars = [beam((-x, 0, 0.35 * height), (x, 0, 0.35 * height), 0.6 * t, 2 * t, side=(0, 1, 0))]
        for sx in (-1, 1):
            bars.append(board((t, 1.6 * y, t), (sx * x, 0, height - t / 2)))
            bars.append(board((0.7 * t, 1.2 * y, t), (sx * x, 0, 0.35 * height)))
            for sy in (-1, 1):
                bars.append(
                    beam((sx * (x + spread), sy * y, 0), (sx * x, sy * 0.5 * y, height - t), t, 0.9 * t, side=(1, 0, 0))
                )
        return [joined(timber, *bars)]
    if style == "panels":
        t = float(rng.uniform(0.02, 0.04))
        x, depth = 0.46 * length, 0.86 * width
        bars = [board((t, depth, height), (sx * x, 0, height / 2)) for sx in (-1, 1)]
        bars.append(board((2 * x, 0.02, 0.35 * height), (0, 0.1 * width, 0.75 * height)))
        return [joined(timber, *bars)]
    r, foot = float(rng.uniform(0.025, 0.06)), float(rng.uniform(0.3, 0.42)) * min(width, length)
    metal = rng.uniform() < 0.6
    bsdf = _steel(rng) if metal else timber
    shaft = [(r, 0.0), (r, 0.25), (1.5 * r, 0.45), (r, 0.7), (0.9 * r, 0.9), (2 * r, 1.0)]
    if metal:
        base = [(0, 0), (foot, 0), (foot, 0.008), (0.9 * foot, 0.014), (r, 0.02), (r, height - 0.01)]
        return [joined(bsdf, spun([*base, (2.5 * r, height - 0.008), (2.5 * r, height), (0, height)]))]
    long = height - 0.1
    meshes = [spun([(0, 0.1), *((a, 0.1 + b * long) for a, b in shaft), (0, height)], 24)]
    for k in range(4):
        arm = beam((0, 0, 0.16), (foot, 0, 0.03), 0.05, 0.06, side=(0, 1, 0))
        meshes.append(turned(arm, "z", 45 + 90 * k))
    return [joined(bsdf, *meshes)]


def _legs(
    rng: np.random.Generator, timber: Plugin, length: float, width: float, height: float, apron: bool
) -> list[Part]:
    """Four legs: square, tapered, turned, round and splayed, or of bent steel wire (hairpins)."""
    kind = choose(rng, {"square": 30, "tapered": 20, "turned": 15, "splayed": 20, "hairpin": 15})
    t = float(rng.uniform(0.035, 0.075)) if height > 0.55 else float(rng.uniform(0.03, 0.05))
    inset = float(rng.uniform(0.0, 0.06)) + 0.75 * t
    x, y = length / 2 - inset, width / 2 - inset
    meshes: list[Mesh] = []
    if kind == "hairpin":
        r = float(rng.uniform(0.004, 0.007))
        for sx, sy in CORNERS:
            foot = (sx * (x + 0.02), sy * (y + 0.02), r)
            tops = [(sx * (x - 0.09), sy * y, height), (sx * x, sy * (y - 0.09), height)]
            meshes += [rod(foot, top, r, sides=8) for top in tops]
        return [joined(materials.dark_metal(rng), *meshes)]
    if kind == "splayed":
        lean = float(rng.uniform(0.05, 0.22)) * height
        for sx, sy in CORNERS:
            foot = (sx * x, sy * y, 0)
            meshes.append(rod(foot, (sx * (x - lean), sy * (y - lean), height), 0.3 * t, 0.5 * t))
        return [joined(timber, *meshes)]
    if kind == "turned":
        profile = _turned_profile(rng, 0.5 * t, height)
        leg = spun(profile, 20)
    else:
        leg = board((t, t, height), (0, 0, height / 2))
        if kind == "tapered":
            leg = tapered(leg, 0, height, float(rng.uniform(0.45, 0.7)))
    meshes = [moved(leg, sx * x, sy * y) for sx, sy in CORNERS]
    if apron and rng.uniform() < 0.75:
        tall = min(float(rng.uniform(0.05, 0.1)), 0.25 * height)
        z = height - tall / 2
        meshes += [board((2 * x - t, 0.02, tall), (0, sy * (y - 0.1 * t), z)) for sy in (-1, 1)]
        meshes += [board((0.02, 2 * y - t, tall), (sx * (x - 0.1 * t), 0, z)) for sx in (-1, 1)]
    return [joined(timber, *meshes)]


def _turned_profile(rng: np.random.Generator, radius: float, height: float) -> list[tuple[float, float]]:
    """The outline of a turned leg: 5 to 9 swellings and necks between 0.45 and 1.1 of `radius`."""
    count = int(rng.integers(5, 10))
    stops = np.concatenate([[0.0], np.sort(rng.uniform(0.08, 0.85, count)), [0.9, 1.0]]) * height
    radii = np.concatenate([[0.55], rng.uniform(0.45, 1.1, count), [1.0, 1.0]]) * radius
    return [(0.0, 0.0), *((float(r), float(z)) for r, z in zip(radii, stops, strict=True)), (0.0, height)]


def dining_table(rng: np.random.Generator) -> Thing:
    """1.2 to 2.4 m long, 0.75 to 1.05 m wide, 0.72 to 0.78 m high; see `_table`; an oval one in 8."""
    length, width = rng.uniform(1.2, 2.4), rng.uniform(0.75, 1.05)
    return _table(
        rng, "dining table", float(length), float(width), float(rng.uniform(0.72, 0.78)), rng.uniform() < 0.125
    )


def coffee_table(rng: np.random.Generator) -> Thing:
    """0.6 to 1.4 m long, 0.3 to 0.48 m high, round or oval one in 3; a shelf below some."""
    length = float(rng.uniform(0.6, 1.4))
    width = min(length, float(rng.uniform(0.45, 0.8)))
    return _table(rng, "coffee table", length, width, float(rng.uniform(0.3, 0.48)), rng.uniform() < 0.33)


def round_table(rng: np.random.Generator) -> Thing:
    """A round dining table, 0.7 to 1.4 m across."""
    across = float(rng.uniform(0.7, 1.4))
    return _table(rng, "round table", across, across, float(rng.uniform(0.72, 0.78)), True)


def side_table(rng: np.random.Generator) -> Thing:
    """0.35 to 0.55 m across, 0.45 to 0.65 m high, round one in 2."""
    length = float(rng.uniform(0.35, 0.55))
    width = length * float(rng.uniform(0.8, 1.0))
    return _table(rng, "side table", length, width, float(rng.uniform(0.45, 0.65)), rng.uniform() < 0.5)


def console_table(rng: np.random.Generator) -> Thing:
    """A narrow table for a wall: 0.9 to 1.5 m long, 0.3 to 0.42 m deep, 0.75 to 0.9 m high."""
    length, width = float(rng.uniform(0.9, 1.5)), float(rng.uniform(0.3, 0.42))
    return _table(rng, "console table", length, width, float(rng.uniform(0.75, 0.9)), False)


def desk(rng: np.random.Generator) -> Thing:
    """1.1 to 1.8 m long: a top on legs and a drawer pedestal (60%), or a table."""
    length, width, height = float(rng.uniform(1.1, 1.8)), float(rng.uniform(0.6, 0.8)), float(rng.uniform(0.71, 0.76))
    if rng.uniform() < 0.4:
        return _table(rng, "desk", length, width, height, False)
    timber, knob = _timber(rng), _steel(rng)
    thick = float(rng.uniform(0.02, 0.035))
    low, wide, deep = height - thick - GAP, float(rng.uniform(0.36, 0.46)), 0.9 * width
    side = choose(rng, [-1, 1])
    x = side * (length / 2 - wide / 2 - 0.02)
    wood = [board((length, width, thick), (0, 0, height - thick / 2), 0.003)]
    wood += [board((0.02, deep, low), (x + sx * (wide / 2 - 0.01), 0, low / 2)) for sx in (-1, 1)]
    wood += [board((wide - 0.045, deep - 0.03, low - 0.06), (x, 0.015, low / 2 + 0.02), 0.001)]
    wood += [board((length - wide - 0.1, 0.018, 0.4 * low), (-side * wide / 2, 0.35 * width, 0.78 * low))]
    metal = []
    count = int(rng.integers(2, 5))
    tall = (low - 0.07) / count
    for k in range(count):
        z = 0.055 + (k + 0.5) * tall
        wood.append(board((wide - 0.05, 0.018, tall - 0.006), (x, -deep / 2 + 0.008, z)))
        metal.append(board((0.12, 0.012, 0.012), (x, -deep / 2 - 0.018, z), 0.003))
    for sy in (-1, 1):
        foot = (-side * (length / 2 - 0.06), sy * (width / 2 - 0.07), 0)
        metal.append(rod(foot, (*foot[:2], low), 0.02))
    surfaces = [Surface(0, 0, height, 0.96 * length, 0.95 * width, 1.0)]
    return standing("desk", [joined(timber, *wood), joined(knob, *metal)], surfaces)


# Seats


def wooden_chair(rng: np.random.Generator) -> Thing:
    """0.40 to 0.48 m wide, seat at 0.43 to 0.47 m, back to 0.78 to 1.0 m, leaning 3 to 9 cm.

    Back: slats across, upright spindles, a bent panel or a ladder; seat of wood or with a cushion (30%).
    """
    timber = _timber(rng)
    wide, deep = float(rng.uniform(0.40, 0.48)), float(rng.uniform(0.40, 0.46))
    seat, top, lean = float(rng.uniform(0.43, 0.47)), float(rng.uniform(0.78, 1.0)), float(rng.uniform(0.03, 0.09))
    t, x, y = float(rng.uniform(0.028, 0.042)), wide / 2 - 0.03, deep / 2 - 0.03
    meshes = [moved(prism(rounded_rectangle(wide, deep, 0.05), seat - 0.025, seat, 0.006), 0, -0.005)]
    round_legs = rng.uniform() < 0.4
    splay = float(rng.uniform(0.0, 0.05))

    def bar(start, end, size=1.0):
        if round_legs:
            return rod(start, end, 0.5 * t * size)
        return beam(start, end, t * size, t * size)

    for sx in (-1, 1):
        meshes.append(bar((sx * (x + splay), -y - splay, 0.0), (sx * x, -y, seat - 0.024)))
        meshes.append(bar((sx * (x + splay), y + splay, 0.0), (sx * x, y, seat)))
        meshes.append(bar((sx * x, y, seat - 0.02), (sx * x, y + lean, top)))
        meshes.append(bar((sx * (x + 0.5 * splay), -y, 0.22), (sx * (x + 0.5 * splay), y, 0.22), 0.6))
    meshes += [bar((-x, s * y, 0.3), (x, s * y, 0.3), 0.6) for s in (-1, 1)]
    tall = top - seat

    def across(share, height):
        place = (0, y + lean * share, seat + tall * share)
        rail = bent(soft_box((2 * x + 0.02, 0.02, height), 0.008, fine=(8, 1, 1)), 0.6)
        return moved(turned(rail, "x", -np.degrees(np.arctan2(lean, tall))), *place)

    style = choose(rng, ["slats", "spindles", "panel", "ladder"])
    if style == "slats":
        meshes += [across(share, 0.13 * tall) for share in (0.45, 0.7, 0.93)]
    elif style == "ladder":
        meshes += [across(share, 0.07) for share in np.linspace(0.35, 0.95, 5)]
    elif style == "panel":
        meshes.append(across(0.72, 0.5 * tall))
    else:
        meshes.append(across(0.95, 0.06))
        for place in np.linspace(-0.8, 0.8, int(rng.integers(4, 8))) * x:
            high = (float(place), y + lean * 0.93, seat + 0.93 * tall)
            meshes.append(rod((float(place), y, seat - 0.01), high, 0.008, sides=8))
    parts = [joined(timber, *meshes)]
    surfaces = []
    if rng.uniform() < 0.3:
        pad = soft_box((0.9 * wide, 0.88 * deep, 0.035), 0.016, (0.0, 0.0, 0.006), rng, 0.002)
        parts.append(joined(_upholstery(rng), moved(pad, 0, -0.015, seat + 0.018)))
    else:
        surfaces.append(Surface(0, -0.04, seat, 0.6 * wide, 0.6 * deep, 0.4))
    return standing("chair", parts, surfaces)


def upholstered_chair(rng: np.random.Generator) -> Thing:
    """A padded seat and back on four thin legs of timber or metal; 0.45 to 0.55 m wide, 0.8 to 0.95 m high."""
    cover = _upholstery(rng)
    wide, seat, high = float(rng.uniform(0.45, 0.55)), float(rng.uniform(0.44, 0.5)), float(rng.uniform(0.8, 0.95))
    deep, pad, lean = 0.48, float(rng.uniform(0.06, 0.11)), float(rng.uniform(5, 14))
    cushion = soft_box((wide, deep, pad), 0.4 * pad, (0.01, 0.01, 0.02), rng, 0.003)
    back = soft_box((wide, 0.07, high - seat + 0.04), 0.03, (0.0, 0.012, 0.0), rng, 0.003, fine=(10, 1, 5))
    if rng.uniform() < 0.6:
        back = bent(back, float(rng.uniform(0.35, 0.8)))
    back = turned(moved(back, 0, 0, (high - seat) / 2), "x", -lean)
    soft = [moved(cushion, 0, 0, seat - pad / 2), moved(back, 0, deep / 2 - 0.03, seat - 0.03)]
    low, x, y, lean_out = seat - pad + 0.006, wide / 2 - 0.05, deep / 2 - 0.05, float(rng.uniform(0.0, 0.05))
    bsdf = choose(rng, [_timber, _steel])(rng)
    legs = [
        rod((sx * (x + lean_out), sy * (y + lean_out), 0), (sx * x, sy * y, low), 0.011, 0.018) for sx, sy in CORNERS
    ]
    return standing("chair", [joined(cover, *soft), joined(bsdf, *legs)])


def shell_chair(rng: np.random.Generator) -> Thing:
    """A one-piece plastic shell, seat and back in one bend, on splayed wooden legs or a wire frame."""
    shell = choose(rng, {materials.plastic: 3, materials.glossy_plastic: 2, materials.varnished_wood: 1})(rng)
    wide, high = float(rng.uniform(0.44, 0.5)), float(rng.uniform(0.76, 0.86))
    # The curve down the middle of the shell, from the front edge of the seat to the top of the back.
    line = filleted([(-0.22, 0.415), (-0.19, 0.45), (0.16, 0.43), (0.26, high)], 0.16, 8)
    steps = np.linspace(0, 1, 26)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    middle = np.stack([np.interp(steps * length[-1], length, line[:, k]) for k in range(2)], 1)
    tangent = np.gradient(middle, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1) / np.linalg.norm(tangent, axis=1, keepdims=True)
    s = np.linspace(-1, 1, 21)
    half = wide / 2 * np.clip(1.02 - 0.25 * np.maximum(steps - 0.75, 0) * 4 * 0.6, 0.3, 1) * (1 - 0.12 * (steps < 0.06))
    curl = 0.05 * np.abs(s) ** 3
    grids = []
    for sign in (1, -1):
        offset = curl[None, :] + 0.0035 * sign
        x = half[:, None] * s[None, :]
        y = middle[:, :1] + normal[:, :1] * offset
        z = middle[:, 1:] + normal[:, 1:] * offset
        grid = np.stack([x, y, z], -1)
        uvs = np.stack([np.broadcast_to(steps[:, None] * length[-1], x.shape), x], -1)
        grids.append(sheet(grid[:, ::sign], uvs[:, ::sign]))
    rims = []
    for row in range(2):
        upper, lower = grids[0].points.reshape(26, 21, 3), grids[1].points.reshape(26, 21, 3)[:, ::-1]
        edges = (
            [(upper[0], lower[0]), (lower[-1], upper[-1])]
            if row == 0
            else [(lower[:, 0], upper[:, 0]), (upper[:, -1], lower[:, -1])]
        )
        rims += [sheet(np.stack([second, first])) for first, second in edges]
    legs_of = choose(rng, [materials.wood, materials.metal, materials.dark_metal])(rng)
    legs = [
        rod((sx * 0.22, sy * 0.2 - 0.02, 0), (sx * 0.12, sy * 0.1 - 0.02, 0.428), 0.011, 0.016) for sx, sy in CORNERS
    ]
    legs += [rod((-0.15, sy * 0.13 - 0.02, 0.31), (0.15, -sy * 0.13 - 0.02, 0.31), 0.006) for sy in (-1, 1)]
    return standing("chair", [joined(shell, *grids, *rims), joined(legs_of, *legs)])


def stool(rng: np.random.Generator) -> Thing:
    """0.3 to 0.42 m across, 0.42 to 0.5 m high: round on three or four legs, or a padded cube (25%)."""
    across, height = float(rng.uniform(0.3, 0.42)), float(rng.uniform(0.42, 0.5))
    if rng.uniform() < 0.25:
        body = soft_box((across, across, height), 0.03, (0.01, 0.01, 0.015), rng, 0.003)
        return standing("stool", [joined(_upholstery(rng), moved(body, 0, 0, height / 2))])
    return _round_stool(rng, "stool", across, height, int(rng.integers(3, 5)), ring=rng.uniform() < 0.4)


def bar_stool(rng: np.random.Generator) -> Thing:
    """0.65 to 0.8 m high: round on four splayed legs with a foot ring, or on a steel pedestal (40%)."""
    across, height = float(rng.uniform(0.3, 0.38)), float(rng.uniform(0.65, 0.8))
    if rng.uniform() < 0.6:
        return _round_stool(rng, "bar stool", across, height, 4, ring=True)
    steel, r = materials.metal(rng), across / 2
    base = [(0, 0), (0.2, 0), (0.2, 0.006), (0.17, 0.015), (0.04, 0.03), (0.025, 0.05), (0.025, height - 0.06)]
    angle = np.arange(40) / 40 * 2 * np.pi
    foot = np.stack([0.17 * np.cos(angle), 0.17 * np.sin(angle), np.full(40, 0.28)], 1)
    metal = [
        spun([*base, (0, height - 0.06)]),
        pipe(np.vstack([foot, foot[:1]]), 0.009),
        rod((-0.17, 0, 0.28), (0.17, 0, 0.28), 0.007),
    ]
    seat = spun(
        [
            (0, height - 0.07),
            (0.9 * r, height - 0.07),
            (r, height - 0.05),
            (r, height - 0.02),
            (0.94 * r, height - 0.004),
            (0.8 * r, height),
            (0, height),
        ]
    )
    surfaces = [Surface(0, 0, height, r, r, 0.5)]
    return standing("bar stool", [joined(steel, *metal), joined(_upholstery(rng), seat)], surfaces)


def _round_stool(rng: np.random.Generator, name: str, across: float, height: float, count: int, ring: bool) -> Thing:
    r, thick, splay = across / 2, float(rng.uniform(0.025, 0.045)), float(rng.uniform(0.0, 0.08))
    low = height - thick
    seat = spun(
        [
            (0, low),
            (0.92 * r, low),
            (r, low + 0.35 * thick),
            (r, height - 0.3 * thick),
            (0.95 * r, height),
            (0, height),
        ],
        40,
    )
    timber = _timber(rng)
    metal_legs = rng.uniform() < 0.4
    legs, feet = [], []
    for k in range(count):
        angle = (k + 0.5) / count * 2 * np.pi
        way = np.array([np.cos(angle), np.sin(angle)])
        legs.append(rod((*(way * (0.75 * r + splay)), 0), (*(way * 0.72 * r), low + 0.003), 0.013, 0.016))
        feet.append(way * (0.735 * r + splay * 0.65))
    if ring:
        z = 0.35 * low
        legs += [rod((*feet[k - 1], z), (*feet[k], z), 0.009) for k in range(count)]
    bsdf = _steel(rng) if metal_legs else timber
    return standing(name, [joined(timber, seat), joined(bsdf, *legs)], [Surface(0, 0, height, 1.3 * r, 1.3 * r, 0.5)])


def bench(rng: np.random.Generator) -> Thing:
    """1.0 to 1.7 m long, 0.32 to 0.42 m deep: a board or slats on legs, sometimes with a long cushion (25%)."""
    length, deep, height = float(rng.uniform(1.0, 1.7)), float(rng.uniform(0.32, 0.42)), float(rng.uniform(0.42, 0.47))
    timber, thick = _timber(rng), float(rng.uniform(0.025, 0.045))
    low = height - thick
    count = choose(rng, {1: 60, 3: 15, 5: 25})
    pitch = deep / count
    meshes = [
        board(
            (length, pitch - (0.012 if count > 1 else 0.0), thick), (0, (k - (count - 1) / 2) * pitch, low + thick / 2)
        )
        for k in range(count)
    ]
    parts = [joined(timber, *meshes)]
    parts += _support(rng, choose(rng, ["legs", "sled", "panels"]), timber, 0.94 * length, 0.92 * deep, low - GAP, True)
    if rng.uniform() < 0.25:
        pad = soft_box((0.97 * length, 0.95 * deep, 0.05), 0.02, (0, 0, 0.008), rng, 0.003, fine=(12, 4, 1))
        parts.append(joined(_upholstery(rng), moved(pad, 0, 0, height + 0.033)))
        return standing("bench", parts)
    return standing("bench", parts, [Surface(0, 0, height, 0.95 * length, 0.9 * deep, 0.6)] if count == 1 else [])


def office_chair(rng: np.random.Generator) -> Thing:
    """Five castors, a gas lift, padded seat at 0.43 to 0.52 m, a bent back, and armrests (60%)."""
    dark = choose(rng, {materials.plastic: 3, materials.metal: 2, materials.rubber: 1})(rng)
    wheels, cover = materials.rubber(rng), _upholstery(rng)
    seat, high = float(rng.uniform(0.43, 0.52)), float(rng.uniform(0.85, 1.2))
    hard, rolls = (
        [rod((0, 0, 0.07), (0, 0, seat - 0.08), 0.028), rod((0, 0, seat - 0.12), (0, 0, seat - 0.06), 0.05)],
        [],
    )
    for k in range(5):
        angle = (k + 0.25) / 5 * 2 * np.pi
        way = np.array([np.cos(angle), np.sin(angle)])
        across = (-way[1], way[0], 0.0)
        hard.append(beam((0, 0, 0.105), (*(0.3 * way), 0.085), 0.035, 0.03, side=across))
        hard.append(rod((*(0.29 * way), 0.05), (*(0.29 * way), 0.09), 0.008))
        for side in (-1, 1):
            place = np.array([*(0.29 * way), 0.028]) + side * 0.011 * np.array(across)
            rolls.append(rod(place - 0.008 * np.array(across), place + 0.008 * np.array(across), 0.028, sides=16))
    cushion = soft_box((0.49, 0.47, 0.08), 0.035, (0.01, 0.01, 0.02), rng, 0.002)
    tall = high - seat - 0.08
    back = bent(soft_box((0.44, 0.05, tall), 0.022, (0, 0.01, 0), rng, 0.002, fine=(9, 1, 6)), 0.45)
    back = moved(turned(back, "x", -8), 0, 0.25, high - tall / 2)
    hard.append(
        pipe(filleted([(0, 0.05, seat - 0.08), (0, 0.31, seat - 0.08), (0, 0.31, high - 0.5 * tall)], 0.08), 0.018)
    )
    if rng.uniform() < 0.6:
        for sx in (-1, 1):
            path = [(sx * 0.2, 0, seat - 0.07), (sx * 0.28, 0, seat - 0.07), (sx * 0.28, 0, seat + 0.19)]
            hard.append(pipe(filleted(path, 0.05), 0.014))
            hard.append(moved(soft_box((0.07, 0.26, 0.025), 0.011), sx * 0.28, 0, seat + 0.2))
    parts = [joined(dark, *hard), joined(wheels, *rolls), joined(cover, moved(cushion, 0, 0, seat - 0.04), back)]
    return standing("office chair", parts)


def _couch(rng: np.random.Generator, name: str, seats: int) -> Thing:
    """A couch with `seats` places.

    0.55 to 0.75 m a place, 0.8 to 1.0 m deep, seat at 0.38 to 0.46 m, back to 0.65 to 0.9 m. Arms: square, low and
    wide, round, or none; on short legs or a plinth; 0 to 3 throw pillows; one in four long ones has a chaise.
    """
    cover = _upholstery(rng)
    place, deep = float(rng.uniform(0.55, 0.75)), float(rng.uniform(0.8, 1.0))
    seat, high = float(rng.uniform(0.38, 0.46)), float(rng.uniform(0.65, 0.9))
    legs, pad = float(rng.uniform(0.03, 0.16)), float(rng.uniform(0.12, 0.18))
    arms = choose(rng, {"square": 45, "wide": 20, "round": 20, "none": 15})
    thick = {"square": 0.13, "wide": 0.24, "round": 0.18, "none": 0.0}[arms] * float(rng.uniform(0.8, 1.15))
    inner, back = seats * place, float(rng.uniform(0.14, 0.22))
    low = seat - pad
    wide = inner + 2 * thick
    front = -deep / 2
    soft = [moved(soft_box((wide - 0.01, deep - 0.02, low - legs), 0.02), 0, 0, (low + legs) / 2)]
    soft.append(
        moved(
            soft_box((wide - 0.01, back, high - legs - 0.06), 0.05),
            0,
            deep / 2 - back / 2,
            (high - 0.06 + legs) / 2,
        )
    )
    if thick:
        tall = float(rng.uniform(0.55, 0.66)) if arms != "wide" else seat + 0.06
        for sx in (-1, 1):
            x = sx * (inner + thick) / 2
            body = soft_box(
                (thick, deep, tall - legs), 0.45 * thick if arms == "round" else 0.03, (0.006, 0, 0.004), rng, 0.002
            )
            soft.append(moved(body, x, 0, (tall + legs) / 2))
    run = deep - back
    cushions = int(rng.integers(1, seats + 1)) if seats > 1 and rng.uniform() < 0.3 else seats
    chaise = choose(rng, [-1, 1]) if seats >= 3 and cushions == seats and rng.uniform() < 0.25 else 0
    extra = float(rng.uniform(0.45, 0.7))
    each = inner / cushions
    for k in range(cushions):
        x = (k - (cushions - 1) / 2) * each
        long = chaise != 0 and k == (0 if chaise < 0 else cushions - 1)
        reach = run + (extra if long else 0.0)
        body = soft_box((each - 0.006, reach - 0.01, pad), 0.045, (0.004, 0.006, 0.022), rng, 0.004, fine=(7, 7, 3))
        soft.append(moved(body, x, front + run - reach / 2, low + pad / 2))
        if long:
            soft.append(
                moved(soft_box((each - 0.012, extra, low - legs), 0.02), x, front - extra / 2, (low + legs) / 2)
            )
        tall = high - seat
        body = soft_box((each - 0.012, 0.16, tall), 0.06, (0.004, 0.035, 0.012), rng, 0.006, fine=(7, 3, 7))
        soft.append(moved(turned(body, "x", -9), x, deep / 2 - back - 0.07, seat + tall / 2 - 0.005))
    parts = [joined(cover, *soft)]
    foot = choose(rng, [_timber, _steel])(rng)
    feet = [(sx * (wide / 2 - 0.07), sy * (deep / 2 - 0.07)) for sx, sy in CORNERS]
    if chaise:
        x = chaise * (inner - each) / 2
        feet += [(x + sx * (each / 2 - 0.06), front - extra + 0.06) for sx in (-1, 1)]
    parts.append(joined(foot, *(rod((x, y, 0), (x, y, legs + 0.01), 0.016, 0.024) for x, y in feet)))
    for _ in range(int(rng.integers(0, 2 if seats == 1 else 4))):
        size = float(rng.uniform(0.38, 0.5))
        lean = rng.uniform(60, 75)
        body = turned(turned(pillow(rng, size, size, 0.15), "x", lean), "z", rng.uniform(-20, 20))
        spot = 0.0 if seats == 1 else float(rng.uniform(-0.5, 0.5)) * (inner - size)
        parts.append(
            joined(
                choose(rng, [materials.fabric, materials.velvet])(rng),
                moved(body, spot, deep / 2 - back - 0.3, seat + 0.02 + 0.46 * size),
            )
        )
    return standing(name, parts)


def sofa(rng: np.random.Generator) -> Thing:
    """A couch for two (45%), three (45%) or four (10%); see `_couch`."""
    return _couch(rng, "sofa", choose(rng, {2: 45, 3: 45, 4: 10}))


def armchair(rng: np.random.Generator) -> Thing:
    """A couch for one (60%) or a tub chair whose back goes round (40%)."""
    if rng.uniform() < 0.6:
        return _couch(rng, "armchair", 1)
    cover, radius = _upholstery(rng), float(rng.uniform(0.3, 0.38))
    seat, high, legs = float(rng.uniform(0.38, 0.44)), float(rng.uniform(0.68, 0.85)), float(rng.uniform(0.08, 0.2))
    thick = float(rng.uniform(0.07, 0.11))
    around = float(rng.uniform(190, 250)) / 360 * 2 * np.pi * radius
    band = soft_box((around, thick, high - legs - 0.02), 0.45 * thick, (0, 0.01, 0), rng, 0.002, fine=(28, 1, 6))
    # The sides come down towards the front.
    drop = float(rng.uniform(0.0, 0.22))
    share = np.clip(np.abs(band.points[:, 0]) / (around / 2), 0, 1) ** 2 * np.clip(band.points[:, 2], 0, None)
    points = band.points - np.stack([0 * share, 0 * share, drop * share / (0.5 * (high - legs))], 1)
    band = bent(Mesh(points, band.normals, band.uvs, band.faces), radius)
    cushion = spun(
        [
            (0, seat - 0.16),
            (radius - 0.06, seat - 0.16),
            (radius - 0.03, seat - 0.12),
            (radius - 0.03, seat - 0.04),
            (radius - 0.07, seat - 0.005),
            (0.5 * radius, seat + 0.012),
            (0, seat + 0.015),
        ]
    )
    under = spun(
        [
            (0, legs),
            (radius - 0.05, legs),
            (radius - 0.03, legs + 0.02),
            (radius - 0.03, seat - 0.165),
            (0, seat - 0.165),
        ]
    )
    soft = [moved(band, 0, radius, (high + legs) / 2), cushion, under]
    foot = choose(rng, [_timber, _steel])(rng)
    feet = [
        rod(
            (sx * 0.75 * radius, sy * 0.75 * radius, 0),
            (sx * 0.6 * radius, sy * 0.6 * radius, legs + 0.01),
            0.01,
            0.018,
        )
        for sx, sy in CORNERS
    ]
    return standing("armchair", [joined(cover, *soft), joined(foot, *feet)])


# Beds, rugs, screens


def bed(rng: np.random.Generator) -> Thing:
    """For one (0.9 to 1.0 m wide, 30%) or two (1.4 to 1.8 m); 2.0 m long, lying at 0.42 to 0.6 m.

    Headboard: a panel, padded, or bars; one or two pillows a sleeper, a blanket that hangs over the sides.
    """
    single = rng.uniform() < 0.3
    wide = float(rng.uniform(0.9, 1.0) if single else rng.uniform(1.4, 1.8))
    long, rail, pad = 2.0, float(rng.uniform(0.25, 0.35)), float(rng.uniform(0.17, 0.26))
    timber, linen = _timber(rng), materials.fabric(rng)
    legs = float(rng.uniform(0.0, 0.15))
    wood = [board((0.03, long, rail - legs), (sx * (wide / 2 + 0.02), 0, (rail + legs) / 2)) for sx in (-1, 1)]
    wood += [board((wide + 0.07, 0.03, rail - legs), (0, sy * (long / 2 + 0.016), (rail + legs) / 2)) for sy in (-1, 1)]
    wood += [board((wide, long, 0.02), (0, 0, rail - 0.06))]
    wood += [
        board((0.06, 0.06, rail), (sx * (wide / 2 + 0.02), sy * (long / 2 + 0.01), rail / 2)) for sx, sy in CORNERS
    ]
    top = rail - 0.05 + pad
    mattress = soft_box((wide - 0.01, long - 0.01, pad), 0.05, (0, 0, 0.01), rng, 0.002, fine=(10, 12, 1))
    parts = [joined(linen, moved(mattress, 0, 0, rail - 0.05 + pad / 2))]
    high, y = float(rng.uniform(0.8, 1.25)), long / 2 + 0.06
    head = choose(rng, ["panel", "padded", "bars", "none"])
    if head == "panel":
        wood.append(board((wide + 0.1, 0.035, high), (0, y, high / 2)))
    elif head == "bars":
        steel = rng.uniform() < 0.5
        bars = [rod((sx * (wide / 2 + 0.02), y, 0), (sx * (wide / 2 + 0.02), y, high), 0.018) for sx in (-1, 1)]
        bars += [rod((-wide / 2, y, z), (wide / 2, y, z), 0.014) for z in (0.55 * high, 0.95 * high)]
        for x in np.linspace(-0.45, 0.45, int(rng.integers(5, 11))) * wide:
            bars.append(rod((float(x), y, 0.55 * high), (float(x), y, 0.95 * high), 0.008))
        parts.append(joined(_steel(rng) if steel else timber, *bars))
    elif head == "padded":
        count = int(rng.integers(1, 5))
        each = (wide + 0.1) / count
        tall = high - 0.1
        pads = [soft_box((each - 0.004, 0.09, tall), 0.035, (0, 0.015, 0), rng, 0.002) for _ in range(count)]
        cover = _upholstery(rng)
        parts.append(
            joined(
                cover, *(moved(p, (k - (count - 1) / 2) * each, y + 0.03, 0.1 + tall / 2) for k, p in enumerate(pads))
            )
        )
        wood.append(board((wide, 0.03, 0.3), (0, y + 0.03, 0.15)))
    parts.insert(0, joined(timber, *wood))
    case = materials.fabric(rng) if rng.uniform() < 0.5 else linen
    sleepers = 1 if single else 2
    for sleeper in range(sleepers):
        x = 0.0 if single else (sleeper - 0.5) * wide * 0.5
        size = min(0.72, wide / sleepers - 0.08)
        lying = turned(turned(pillow(rng, size, 0.45, 0.15), "x", rng.uniform(3, 10)), "z", rng.uniform(-8, 8))
        parts.append(joined(case, moved(lying, x, long / 2 - 0.3, top + 0.095)))
        if rng.uniform() < 0.4:
            leaning = turned(pillow(rng, 0.8 * size, 0.42, 0.14), "x", rng.uniform(50, 65))
            parts.append(joined(materials.fabric(rng), moved(leaning, x, long / 2 - 0.4, top + 0.3)))
    foot, head_end = -long / 2 + 0.02, long / 2 - float(rng.uniform(0.5, 0.9))
    if rng.uniform() < 0.2:
        head_end = foot + float(rng.uniform(0.5, 0.8))  # a throw over the foot of the bed
    parts.append(
        joined(
            materials.fabric(rng),
            _blanket(rng, wide, foot, head_end, top, min(top - 0.12, float(rng.uniform(0.12, 0.4)))),
        )
    )
    return standing("bed", parts)


def _blanket(rng: np.random.Generator, wide: float, foot: float, head: float, top: float, drop: float) -> Mesh:
    """A cloth over a mattress from y = `foot` to `head`, which hangs down its long sides in folds."""
    half, round_off = wide / 2 + 0.035, 0.05
    s = np.concatenate(
        [
            np.linspace(-half - drop, -half, 12)[:-1],
            np.linspace(-half, half, 36),
            np.linspace(half, half + drop, 12)[1:],
        ]
    )
    t = np.linspace(foot, head, 48)
    across, along = np.meshgrid(s, t)
    over = np.maximum(np.abs(across) - half + round_off, 0)
    # Round the edge by a quarter circle, then hang.
    bend = np.minimum(over / round_off, np.pi / 2)
    flat = np.clip(across, -half + round_off, half - round_off)
    x = flat + np.sign(across) * round_off * np.sin(bend)
    below = np.maximum(over - round_off * np.pi / 2, 0)
    z = top + 0.035 - round_off * (1 - np.cos(bend)) - below
    points = np.stack([across.ravel(), along.ravel()], 1)
    folds = uneven(rng, points, 1.0).reshape(across.shape)
    waves = np.sin(2 * np.pi * along / float(rng.uniform(0.12, 0.25)) + 2 * folds)
    x = x + np.sign(across) * np.minimum(below / 0.2, 1) * (0.012 + 0.012 * waves)
    z = z + 0.011 * folds * (1 - np.minimum(below / 0.05, 1))
    return sheet(np.stack([x, along, z], -1), np.stack([across, along], -1))


def rug(rng: np.random.Generator) -> Thing:
    """1.2 to 3.2 by 0.8 to 2.2 m, a runner, or round (1.2 to 2.4 m), 6 to 16 mm thick; some with fringe."""
    carpet, thick = materials.carpet(rng), float(rng.uniform(0.006, 0.016))
    kind = choose(rng, {"rectangle": 60, "runner": 15, "round": 25})
    if kind == "round":
        across = float(rng.uniform(1.2, 2.4))
        outline, length, width = ellipse(across, across, 64), across, across
    else:
        length, width = float(rng.uniform(1.2, 3.2)), float(rng.uniform(0.8, 2.2))
        if kind == "runner":
            width = float(rng.uniform(0.6, 0.8))
        outline = rounded_rectangle(length, width, 0.01, 3)
    parts = [joined(carpet, prism(outline, 0, thick, 0.4 * thick))]
    if kind != "round" and rng.uniform() < 0.3:
        cords = []
        for sx in (-1, 1):
            for y in np.arange(-width / 2 + 0.015, width / 2 - 0.01, 0.022):
                tip = (sx * (length / 2 + float(rng.uniform(0.05, 0.075))), float(y + rng.uniform(-0.01, 0.01)), 0.003)
                cords.append(rod((sx * (length / 2 - 0.004), float(y), 0.004), tip, 0.003, 0.002, sides=5))
        parts.append(joined(materials.fabric(rng), *cords))
    return standing("rug", parts)


def _lit_screen(rng: np.random.Generator, width: float, height: float, flux: Rgb) -> Plugin:
    """An area emitter that shows blurred colours and gives out `flux` in all."""
    clouds = np.stack([periodic_noise(rng, 64, float(rng.uniform(1.5, 2.5))) for _ in range(3)], -1)
    pixels = (0.05 + clouds**2)[:36]
    pixels *= np.array(flux) / (np.pi * width * height) / pixels.mean((0, 1))
    return {"type": "area", "radiance": {"type": "bitmap", "picture": Picture(np.round(pixels, 5), hdr=True)}}


def _panel(rng: np.random.Generator, width: float, height: float, z: float, flux: Rgb | None) -> list[Part]:
    """A flat screen in its casing, with the middle at height `z`; lit if it has a flux."""
    rim, deep = float(rng.uniform(0.006, 0.025)), float(rng.uniform(0.02, 0.06))
    case = board((width + 2 * rim, deep, height + 2 * rim), (0, 0, z), 0.004)
    parts = [joined(choose(rng, [materials.plastic, materials.glossy_plastic, materials.dark_metal])(rng), case)]
    place = translation(0, -deep / 2 - 0.001, z)
    if flux is None:
        parts.append(Part(picture_plane(width, height), materials.screen(rng), to_world=place))
    else:
        upright = place @ rotation("x", 90) @ scaling(width / 2, height / 2, 1)
        glow = _lit_screen(rng.spawn(1)[0], width, height, flux)
        parts.append(
            Part(
                {"type": "rectangle"}, {"type": "diffuse", "reflectance": Rgb(0.02, 0.02, 0.02)}, glow, to_world=upright
            )
        )
    return parts


def television(rng: np.random.Generator, flux: Rgb | None = None) -> Thing:
    """A 16:9 screen, 0.7 to 1.5 m wide, on a foot or two legs; dark, or lit with `flux`."""
    width = float(rng.uniform(0.7, 1.5))
    height, lift = width * 9 / 16, float(rng.uniform(0.05, 0.09))
    parts = _panel(rng, width, height, height / 2 + lift + 0.02, flux)
    if rng.uniform() < 0.5:
        feet = [
            beam((sx * 0.36 * width, 0, lift), (sx * 0.36 * width, sy * 0.12, 0.004), 0.02, 0.008)
            for sx in (-1, 1)
            for sy in (-1, 1)
        ]
    else:
        feet = [
            prism(rounded_rectangle(0.4 * width, 0.24, 0.03), 0, 0.012, 0.003),
            board((0.12, 0.02, lift + 0.03), (0, 0.012, lift / 2 + 0.02)),
        ]
    parts.append(joined(choose(rng, [materials.dark_metal, materials.plastic, materials.metal])(rng), *feet))
    return standing("television", parts)


Maker = Callable[[np.random.Generator], Thing]

DINING_TABLES: list[Maker] = [dining_table, dining_table, round_table]
TABLES: list[Maker] = [dining_table, coffee_table, round_table, side_table, console_table, desk]
CHAIRS: list[Maker] = [wooden_chair, wooden_chair, upholstered_chair, shell_chair]
SEATS: list[Maker] = [wooden_chair, upholstered_chair, shell_chair, stool, bench, office_chair, armchair, bar_stool]
COUCHES: list[Maker] = [sofa, sofa, armchair]
STORAGE: list[Maker] = [bookshelf, cabinet, sideboard, dresser, wardrobe, nightstand]
