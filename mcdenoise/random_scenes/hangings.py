"""What hangs on walls and in windows, drawn at random: curtains, blinds, shutters, pictures, mirrors, clocks.

Backs are at y = 0 and fronts face -y. What takes a width and a height fills the box from x = -width / 2 to width / 2
and z = 0 to height, as far as it is drawn; everything else has its lowest point at z = 0.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.extent import on_wall
from mcdenoise.random_scenes.joinery import (
    board,
    ellipse,
    joined,
    moulding,
    picture_plane,
    pipe,
    polygon,
    rod,
    spun,
    uneven,
)
from mcdenoise.random_scenes.meshes import TAU, Mesh, merged, moved, sheet, turned
from mcdenoise.random_scenes.parts import Plugin, Rgb, Thing, choose
from mcdenoise.random_scenes.storage import wall_shelf


def _thin_cloth(rng: np.random.Generator, least: float, most: float) -> Plugin:
    """Cloth that light goes through: `diff_trans` within the bounds (2 is all), off-white (65%) or coloured."""
    if rng.uniform() < 0.65:
        base = Rgb(0.9, 0.88, 0.83).times(float(rng.uniform(0.75, 1.05)))
    else:
        base = Rgb(*(float(v) for v in rng.uniform(0.2, 0.85, 3)))
    return {
        "type": "principledthin",
        "base_color": base,
        "roughness": 0.9,
        "diff_trans": float(rng.uniform(least, most)),
    }


def sheer(rng: np.random.Generator) -> Plugin:
    """Voile: about half of the light is scattered through; in one of two, 15 to 50% also goes straight through."""
    cloth = _thin_cloth(rng, 0.8, 1.4)
    if rng.uniform() < 0.5:
        return cloth
    return {"type": "mask", "opacity": float(rng.uniform(0.5, 0.85)), "bsdf": cloth}


def _drape(rng: np.random.Generator) -> Plugin:
    """Opaque fabric (50%) or velvet (15%), or cloth that lets some light through (35%)."""
    kind = choose(rng, {"fabric": 50, "velvet": 15, "thin": 35})
    if kind == "thin":
        return _thin_cloth(rng, 0.15, 0.8)
    return materials.fabric(rng) if kind == "fabric" else materials.velvet(rng)


def _folds(rng: np.random.Generator, width: float, height: float, pitch: float, depth: float) -> Mesh:
    """A hanging cloth from z = 0 to `height` with uneven folds of about `pitch`, looser towards the bottom."""
    folds = max(2, round(width / pitch))
    u = np.linspace(0, 1, 8 * folds + 1)
    v = np.linspace(0, 1, 10)[:, None]
    flat = np.stack([u * width, np.zeros_like(u)], 1)
    phase = TAU * folds * u + 0.9 * uneven(rng, flat, 1.0) + 1.2 * (1 - v) * uneven(rng, flat, 0.6)
    swing = depth * (0.65 + 0.35 * (1 - v)) * (0.8 + 0.2 * uneven(rng, flat, 1.0))
    y = np.clip(swing * np.sin(phase), -depth, depth)
    x = np.broadcast_to((u - 0.5) * width, y.shape)
    z = np.broadcast_to(v * height, y.shape)
    stretch = 1 + (2.2 * depth / pitch) ** 2
    return sheet(np.stack([x, y, z], -1), np.stack([(x + 0.5 * width) * stretch, z], -1))


def curtain(rng: np.random.Generator, width: float, height: float) -> Thing:
    """Curtains on a rod or rail at the top of a box `width` x `height`, 0.1 to 0.2 m deep.

    Drawn shut (20%), two parted ones that leave 30 to 80% free (45%), one at one side (15%), sheer and shut (20%); the
    parted ones have sheer ones behind in 30%. Folds of 7 to 14 cm, 2.5 to 5 cm deep.
    """
    state = choose(rng, {"shut": 20, "parted": 45, "side": 15, "sheer": 20})
    pitch, depth = float(rng.uniform(0.07, 0.14)), float(rng.uniform(0.025, 0.05))
    y, low, long = -depth - 0.06, float(rng.uniform(0.005, 0.03)), height - 0.03
    rings = rng.uniform() < 0.6
    inner = width - 0.08
    free = float(rng.uniform(0.3, 0.8)) * inner
    panels = {
        "shut": [(-inner / 4, inner / 2), (inner / 4, inner / 2)],
        "sheer": [(0.0, inner)],
        "parted": [(sx * (inner + free) / 4, (inner - free) / 2) for sx in (-1, 1)],
        "side": [(choose(rng, [-1, 1]) * (inner + free) / 4, (inner - free) / 2)],
    }[state]
    cloth = sheer(rng) if state == "sheer" else _drape(rng)
    meshes = []
    for x, wide in panels:
        # The more it is drawn together, the narrower are its folds.
        close = pitch if state in ("shut", "sheer") else 0.7 * pitch
        meshes.append(moved(_folds(rng, wide, long - low, close, depth), x, y, low))
    parts = [joined(cloth, *meshes)]
    if state in ("parted", "side") and rng.uniform() < 0.3:
        behind = _folds(rng, inner, long - low, 1.2 * pitch, 0.012)
        parts.append(joined(sheer(rng), moved(behind, 0, -0.02, low)))
    metal = choose(rng, [materials.metal, materials.dark_metal, materials.wood, materials.gold_like])(rng)
    bar_z, r = height - 0.02, float(rng.uniform(0.008, 0.014))
    if rings:
        fittings = [rod((-width / 2, y, bar_z), (width / 2, y, bar_z), r)]
        fittings += [rod((sx * 0.45 * width, 0, bar_z), (sx * 0.45 * width, y, bar_z), 0.006) for sx in (-1, 1)]
        angle = np.linspace(0, TAU, 17)
        loop = np.stack([0 * angle, 1.35 * r * np.cos(angle), 1.35 * r * np.sin(angle)], 1)
        hoop = pipe(loop, 0.002, 6)
        for x, wide in panels:
            for place in np.linspace(-0.48, 0.48, max(3, round(wide / 0.12))) * wide:
                fittings.append(moved(hoop, x + float(place), y, bar_z))
    else:
        fittings = [board((width, 0.03, 0.03), (0, y, height - 0.015))]
        fittings += [board((0.03, -y, 0.02), (sx * 0.45 * width, y / 2, height - 0.012)) for sx in (-1, 1)]
    parts.append(joined(metal, *fittings))
    return on_wall("curtain", parts, height=height)


def _slat(width: float, deep: float, bow: float) -> Mesh:
    """One thin curved slat around the origin that lies level along x."""
    t = np.linspace(-1, 1, 4)
    rows = [np.stack([np.full(4, x), t * deep / 2, bow * (1 - t**2)], 1) for x in (-width / 2, width / 2)]
    points = np.stack(rows).transpose(1, 0, 2)
    uvs = np.stack([points[..., 0], points[..., 1]], -1)
    return sheet(points, uvs)


def venetian_blind(rng: np.random.Generator, width: float, height: float) -> Thing:
    """Slats of 16 to 50 mm, all at one angle of -75 to 75 degrees, let down over 40 to 100% of the height (70% wholly).

    Of painted metal, plastic or wood, with a head rail, cords, and the rest of the slats stacked on the bottom rail.
    """
    deep = choose(rng, [0.016, 0.025, 0.035, 0.05])
    pitch, angle = 0.85 * deep, float(rng.uniform(-75, 75))
    slats = choose(rng, [materials.paint, materials.plastic, materials.wood, materials.brushed_metal])(rng)
    share = 1.0 if rng.uniform() < 0.7 else float(rng.uniform(0.4, 0.95))
    y, head = -0.55 * deep - 0.008, 0.035
    count = int((height - head - 0.03) / pitch)
    shown = max(3, int(share * count))
    wide = width - 0.01
    leaf = _slat(wide, deep, 0.06 * deep)
    tilted = turned(leaf, "x", angle)
    top = height - head - 0.6 * deep
    meshes = [moved(tilted, 0, y, top - k * pitch) for k in range(shown)]
    low = top - (shown - 1) * pitch - 0.5 * deep
    stack = count - shown
    meshes += [moved(leaf, 0, y, low - 0.0025 * k) for k in range(stack)]
    bottom = max(low - 0.0025 * stack - 0.009, 0.008)
    bars = [board((width, 0.04, head), (0, -0.02, height - head / 2)), board((wide, 0.9 * deep, 0.012), (0, y, bottom))]
    cords = []
    for x in (
        np.linspace(-0.5, 0.5, max(2, round(width / 0.5)) + 1)[1:-1] * width
        if width > 0.8
        else (-0.3 * width, 0.3 * width)
    ):
        cords += [
            rod(
                (float(x), y + sy * 0.5 * deep, bottom), (float(x), y + sy * 0.5 * deep, height - head), 0.0008, sides=5
            )
            for sy in (-1, 1)
        ]
    parts = [joined(slats, *meshes), joined(slats, *bars), joined(materials.fabric(rng), *cords)]
    return on_wall("venetian blind", parts, height=height)


def roller_blind(rng: np.random.Generator, width: float, height: float) -> Thing:
    """A sheet from a roll at the top, 30 to 100% down, opaque (30%) or lets 5 to 50% of the light through."""
    y, r = -0.035, float(rng.uniform(0.018, 0.028))
    cloth = materials.fabric(rng) if rng.uniform() < 0.3 else _thin_cloth(rng, 0.1, 1.0)
    low = (1 - float(rng.uniform(0.3, 1.0))) * (height - 2 * r) + 0.012
    t = np.linspace(0, 1, 6)[:, None]
    x = np.linspace(-0.5, 0.5, 9) * (width - 0.03)
    z = low + t * (height - r - low)
    slack = 0.004 * np.sin(np.pi * t) * np.cos(3 * x)
    points = np.stack(np.broadcast_arrays(x[None, :], y - r - slack, z), -1)
    cloths = [
        sheet(points, points[..., [0, 2]].copy()),
        rod((-0.5 * width + 0.015, y, height - r), (0.5 * width - 0.015, y, height - r), r - 0.001, sides=16),
    ]
    metal = choose(rng, [materials.paint, materials.brushed_metal, materials.plastic])(rng)
    bars = [board((width - 0.028, 0.01, 0.022), (0, y - r, low), 0.003)]
    bars += [board((0.004, 0.05, 2 * r), (sx * (width / 2 - 0.006), y + 0.01, height - r), 0.001) for sx in (-1, 1)]
    return on_wall("roller blind", [joined(cloth, *cloths), joined(metal, *bars)], height=height)


def vertical_blind(rng: np.random.Generator, width: float, height: float) -> Thing:
    """Strips of 89 or 127 mm, turned by -80 to 80 degrees, over all of the width or pushed to one side (25%)."""
    deep, angle = choose(rng, [0.089, 0.127]), float(rng.uniform(-80, 80))
    cloth = _thin_cloth(rng, 0.1, 0.8) if rng.uniform() < 0.6 else materials.fabric(rng)
    count = max(3, int(width / (0.9 * deep)))
    pitch = (width - deep) / (count - 1)
    if rng.uniform() < 0.25:
        pitch, angle = 0.25 * pitch, 85.0
    side, y = choose(rng, [-1, 1]), -deep / 2 - 0.02
    x0 = side * (width - deep) / 2
    strip = turned(_slat(height - 0.06, deep, 0.006), "y", 90)
    strip = turned(turned(strip, "z", 90), "z", angle)
    meshes = [moved(strip, x0 - side * k * pitch, y, (height - 0.04) / 2) for k in range(count)]
    rail = board((width, 0.04, 0.035), (0, y, height - 0.0175))
    holders = [board((0.02, -y, 0.02), (sx * 0.4 * width, y / 2, height - 0.012)) for sx in (-1, 1)]
    return on_wall(
        "vertical blind", [joined(cloth, *meshes), joined(materials.paint(rng), rail, *holders)], height=height
    )


def shutters(rng: np.random.Generator, width: float, height: float) -> Thing:
    """Two or four panels with slats of 45 to 65 mm at 0 to 70 degrees; the outer ones open by 15 to 85 (45%)."""
    count, t = choose(rng, [2, 2, 4]), 0.028
    timber = choose(rng, {materials.paint: 65, materials.wood: 20, materials.varnished_wood: 15})(rng)
    wide, bar, deep, angle = width / count - 0.004, 0.045, float(rng.uniform(0.045, 0.065)), float(rng.uniform(0, 70))
    meshes = [board((bar, t, height), (x, 0, height / 2)) for x in (bar / 2, wide - bar / 2)]
    cross = [0.04, height - 0.04] + ([height / 2] if height > 1.3 else [])
    meshes += [board((wide - 2 * bar, t - 0.002, 0.08), (wide / 2, 0, z)) for z in cross]
    inner = sorted(cross)
    for low, high in pairwise(inner):
        rows = max(1, int((high - low - 0.08) / (0.88 * deep)))
        pitch = (high - low - 0.08) / rows
        for row in range(rows):
            slat = turned(board((wide - 2 * bar - 0.002, deep, 0.008), bevel=0.003), "x", angle)
            meshes.append(moved(slat, wide / 2, 0, low + 0.04 + (row + 0.5) * pitch))
    panel = merged(*meshes)
    open_by = 0.0 if rng.uniform() < 0.55 else float(rng.uniform(15, 85))
    aside = t / 2 * float(np.sin(np.radians(open_by)))  # so that the thickness of an open panel stays within the width
    placed = []
    for k in range(count):
        turn, inwards = (open_by, aside) if k in (0, count - 1) else (0.0, 0.0)
        if k < count / 2:
            x = -width / 2 + 0.002 + k * (wide + 0.004)
            placed.append(moved(turned(panel, "z", -turn), x + inwards, -0.04))
        else:
            x = width / 2 - 0.002 - (count - 1 - k) * (wide + 0.004)
            placed.append(moved(turned(moved(panel, -wide), "z", turn), x - inwards, -0.04))
    return on_wall("shutters", [joined(timber, *placed)], height=height)


def blind(rng: np.random.Generator, width: float, height: float) -> Thing:
    """A Venetian (45%), roller (25%) or vertical blind (15%), or shutters (15%)."""
    kinds = {venetian_blind: 45, roller_blind: 25, vertical_blind: 15, shutters: 15}
    return choose(rng, kinds)(rng, width, height)


# Pictures, mirrors, clocks


def _profile(rng: np.random.Generator, face: float, deep: float) -> list[tuple[float, float]]:
    """The section of a frame `face` wide: flat, sloping in or out, or a cushion with a lip."""
    kind = choose(rng, ["flat", "in", "out", "cushion"])
    if kind == "cushion":
        t = np.linspace(0, np.pi, 7)
        arch = [
            (float(0.1 * face + 0.7 * face * (1 - np.cos(a)) / 2), float(deep * (0.55 + 0.45 * np.sin(a)))) for a in t
        ]
        return [(0.0, 0.0), (0.0, 0.5 * deep), *arch, (face, 0.5 * deep), (face, 0.15 * deep)]
    outer, inner = {"flat": (1.0, 1.0), "in": (1.0, 0.45), "out": (0.5, 1.0)}[kind]
    return [(0.0, 0.0), (0.0, outer * deep), (face, inner * deep), (face, 0.15 * deep)]


def _frame_material(rng: np.random.Generator) -> Plugin:
    kinds = {materials.wood: 25, materials.varnished_wood: 20, materials.gold_like: 20, materials.paint: 20}
    return choose(rng, {**kinds, materials.dark_metal: 15})(rng)


def picture_frame(rng: np.random.Generator, width: float | None = None, height: float | None = None) -> Thing:
    """A picture of 0.2 to 1.2 m in a frame of 1 to 9 cm, with a mount of card (50%) and behind glass (25%)."""
    width = float(rng.uniform(0.2, 1.2)) if width is None else width
    height = width * float(rng.uniform(0.6, 1.5)) if height is None else height
    shortest = min(width, height)
    face, deep = float(rng.uniform(0.01, 0.09)) * min(1.0, shortest / 0.5), float(rng.uniform(0.012, 0.04))
    mount = float(rng.uniform(0.04, 0.12)) * shortest if rng.uniform() < 0.5 else 0.0
    parts = [joined(_frame_material(rng), moulding(width, height, _profile(rng, face, deep)))]
    inner = (width - 2 * face, height - 2 * face)
    if mount:
        parts.append(
            joined(
                materials.paper(rng),
                moved(moulding(*inner, [(0, 0.0), (0, 0.005), (mount, 0.005), (mount, 0.0025)]), 0, 0, 0),
            )
        )
    shown = (inner[0] - 2 * mount + 0.002, inner[1] - 2 * mount + 0.002)
    parts.append(joined(materials.painting_picture(rng), moved(picture_plane(*shown), 0, -0.002)))
    if rng.uniform() < 0.25:
        parts.append(
            joined(materials.thin_glass(rng), moved(picture_plane(inner[0] + 0.001, inner[1] + 0.001), 0, -0.0075))
        )
    return on_wall("picture", parts)


def poster(rng: np.random.Generator) -> Thing:
    """A sheet of 0.3 to 0.9 m, lettered (60%) or painted, a little curled, bare or in a clip of two bars (25%)."""
    width = float(rng.uniform(0.3, 0.9))
    height = width * choose(rng, [1.414, 1.5, 1.25, 0.707])
    u = np.linspace(0, 1, 9)
    v, curl = np.linspace(0, 1, 9)[:, None], float(rng.uniform(0.0, 0.02))
    y = -0.001 - curl * (np.abs(2 * u[None, :] - 1) ** 3 * (0.4 + 0.6 * (1 - v)))
    x, z = np.broadcast_to((u - 0.5) * width, y.shape), np.broadcast_to(v * height, y.shape)
    picture = choose(rng, {materials.lettered: 60, materials.painting_picture: 40})(rng)
    parts = [joined(picture, sheet(np.stack([x, y, z], -1)))]
    if rng.uniform() < 0.25:
        bars = [board((width + 0.01, 0.014, 0.02), (0, -0.003 - curl, place)) for place in (0.005, height - 0.005)]
        parts.append(joined(choose(rng, [materials.wood, materials.dark_metal])(rng), *bars))
    return on_wall("poster", parts)


def wall_mirror(rng: np.random.Generator, width: float | None = None, height: float | None = None) -> Thing:
    """0.35 to 1.0 m wide, rectangular with a frame (55%), round or oval with a ring (35%), or bare (10%)."""
    width = float(rng.uniform(0.35, 1.0)) if width is None else width
    height = width * float(rng.uniform(0.8, 1.8)) if height is None else height
    kind = choose(rng, {"framed": 55, "oval": 35, "bare": 10})
    silver = materials.mirror(rng)
    if kind == "bare":
        return on_wall("mirror", [joined(silver, moved(board((width, 0.006, height), bevel=0.001), 0, -0.003))])
    if kind == "framed":
        face, deep = float(rng.uniform(0.015, 0.1)), float(rng.uniform(0.015, 0.05))
        frame = moulding(width, height, _profile(rng, face, deep))
        pane = moved(picture_plane(width - 2 * face + 0.002, height - 2 * face + 0.002), 0, -0.2 * deep)
        return on_wall("mirror", [joined(_frame_material(rng), frame), joined(silver, pane)])
    if rng.uniform() < 0.6:
        height = width
    outline = ellipse(width, height, 64)
    r = float(rng.uniform(0.006, 0.02))
    disc = np.column_stack([outline[:, 0], np.full(64, -r), outline[:, 1]])
    ring = np.vstack([disc, disc[:1]])
    return on_wall("mirror", [joined(silver, polygon(disc)), joined(_frame_material(rng), pipe(ring, r, 10))])


def clock(rng: np.random.Generator) -> Thing:
    """Round, 0.2 to 0.45 m across, with a rim, twelve marks and two hands at any time; behind glass in 30%."""
    r, face_y = float(rng.uniform(0.1, 0.225)), -0.03
    rim_of, dial = _frame_material(rng), choose(rng, [materials.paper, materials.paint, materials.wood])(rng)
    dark: Plugin = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": Rgb(0.03, 0.03, 0.03)}}
    angle = np.linspace(0, TAU, 65)
    rim = pipe(np.stack([r * np.cos(angle), np.full(65, face_y), r * np.sin(angle)], 1), 0.05 * r + 0.004, 10)
    case = turned(spun([(0, 0), (r, 0), (r, -face_y), (0, -face_y)], 48), "x", 90)
    marks = []
    for k in range(12):
        long = 0.16 if k % 3 == 0 else 0.09
        mark = board((0.025 * r, 0.001, long * r), (0, face_y - 0.001, (0.88 - long / 2) * r), 0.0)
        marks.append(turned(mark, "y", 30 * k))
    minute = float(rng.uniform(0, 60))
    hour = float(rng.integers(12)) + minute / 60
    for turn, long, wide, layer in ((30 * hour, 0.5, 0.05, 0.004), (6 * minute, 0.78, 0.03, 0.006)):
        hand = board((wide * r, 0.001, long * r), (0, face_y - layer, 0.42 * long * r), 0.0)
        marks.append(turned(hand, "y", turn))
    marks.append(turned(spun([(0, 0), (0.04 * r, 0), (0.04 * r, 0.008), (0, 0.008)], 12), "x", 90))
    marks[-1] = moved(marks[-1], 0, face_y)
    parts = [joined(rim_of, rim), joined(dial, case), joined(dark, *marks)]
    if rng.uniform() < 0.3:
        pane = moved(turned(spun([(0.97 * r, 0), (0, 0.0)], 48), "x", 90), 0, face_y - 0.009)
        parts.append(joined(materials.thin_glass(rng), pane))
    return on_wall("clock", parts)


Maker = Callable[[np.random.Generator], Thing]

WALL_DECORATIONS: list[Maker] = [picture_frame, picture_frame, picture_frame, poster, wall_mirror, clock, wall_shelf]
