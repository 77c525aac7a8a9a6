"""Plants, in pots and out of doors: each stands on z = 0 around the origin."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.composition import triangles
from mcdenoise.random_scenes.extent import measured
from mcdenoise.random_scenes.joinery import spun
from mcdenoise.random_scenes.meshes import (
    TAU,
    Mesh,
    box,
    disc,
    merged,
    sheet,
    smooth_curve,
    smooth_lathe,
    tube,
)
from mcdenoise.random_scenes.parts import (
    Part,
    Picture,
    Plugin,
    Rgb,
    Strands,
    Thing,
    choose,
    log_uniform,
    moved_part,
    repeated,
    rotation,
    scaling,
    translation,
)
from mcdenoise.random_scenes.strands import blades, ribbons, scattered, tubes
from mcdenoise.random_scenes.textures import cloudy, pixel_grid, ramp

GOLDEN_ANGLE = 2.399963
UP = np.array([0.0, 0.0, 1.0])
_ENOUGH = 18_000  # triangles, after which a bed or planter gets no more plants


def potted_plant(rng: np.random.Generator, height: float | None = None) -> Thing:
    """A plant in a pot: one of the kinds in POTTED, all equally likely.

    height: of plant and pot together, about; without it 0.15 to 0.5 m for two kinds in three, else 0.7 to 1.9 m.
    """
    if height is None:
        height = log_uniform(rng, 0.15, 0.5) if rng.uniform() < 0.65 else log_uniform(rng, 0.7, 1.9)
    tall = height > 0.6
    kinds = POTTED if not tall else [kind for kind in POTTED if kind not in (succulent, cactus, trailing)]
    pot_height = height * rng.uniform(0.22, 0.4)
    parts, top, radius = _pot(rng, pot_height)
    plant = choose(rng, kinds)
    grown = _held_above(plant(rng, height - top, radius), 0.002 - top)
    return measured("potted plant", parts + [moved_part(part, translation(z=top)) for part in grown])


def _pot(rng: np.random.Generator, height: float) -> tuple[list[Part], float, float]:
    """A round (four in five) or square pot; returns it with the height and radius of its earth."""
    radius = height * rng.uniform(0.42, 0.7)
    bsdf = choose(
        rng,
        {
            materials.terracotta: 4,
            materials.glazed: 3,
            materials.ceramic: 3,
            materials.concrete: 2,
            materials.dark_metal: 1,
            materials.brushed_metal: 0.5,
            materials.plastic: 1,
            materials.wood: 0.5,
        },
    )(rng)
    earth = height * rng.uniform(0.86, 0.94)
    wall = max(0.05 * radius, 0.004)
    if rng.uniform() < 0.2:
        side, bevel = 2 * radius, 0.2 * wall
        sides = [box((side, wall, height), bevel, (0, s * (radius - wall / 2), height / 2)) for s in (-1, 1)]
        sides += [
            box((wall, side - 2 * wall, height), bevel, (s * (radius - wall / 2), 0, height / 2)) for s in (-1, 1)
        ]
        sides.append(box((side - 2 * wall, side - 2 * wall, earth / 2), 0, (0, 0, earth / 4)))
        filling = box((side - 2 * wall, side - 2 * wall, 0.004), 0, (0, 0, earth - 0.002))
        return [Part(merged(*sides), bsdf), Part(filling, _earth(rng))], earth, 0.8 * (radius - wall)
    foot = radius * rng.uniform(0.55, 0.95)
    kind = choose(rng, ["tapered", "rimmed", "bellied", "bowl"])
    if kind == "bellied":
        knots = [(foot * 0.8, 0), (foot, 0.02 * height), (radius, 0.5 * height), (radius * 0.8, 0.93 * height)]
        outline = [*smooth_curve(knots, 14), (radius * 0.84, height), (radius * 0.84 - wall, height)]
    elif kind == "bowl":
        knots = [(foot * 0.6, 0), (foot * 0.75, 0.04 * height), (0.93 * radius, 0.55 * height), (radius, height)]
        outline = [*smooth_curve(knots, 12), (radius - wall, height)]
    elif kind == "rimmed":
        rim, lip = 0.78 * height, 0.06 * radius
        outline = [(foot, 0), (radius - lip - 0.003, rim), (radius - 0.002, rim), (radius, rim + 0.01 * height)]
        outline += [(radius, height - 0.003), (radius - 0.003, height), (radius - wall - lip, height)]
    else:
        outline = [(foot - 0.004, 0), (foot, 0.004), (radius, height - 0.004), (radius - 0.003, height)]
        outline += [(radius - wall, height)]
    inner = float(outline[-1][0])
    if rng.uniform() < 0.25:  # a saucer below
        lifted = 0.03 * height
        outline = [(r, z * (1 - lifted / height) + lifted) for r, z in outline]
        saucer = [(foot, 0), (1.25 * foot, 0.1 * height), (1.2 * foot, 0.1 * height), (foot, lifted), (0, lifted)]
        outline = saucer[:-1] + outline
    outline = [(r, max(z, 0.0)) for r, z in outline]  # smooth curves overshoot
    pot = spun([(0, outline[0][1]), *outline, (inner, earth - 0.003), (0, earth - 0.003)], 28)
    filling = disc(inner, earth, 20)
    filling = Mesh(filling.points, filling.normals, filling.points[:, :2].copy(), filling.faces)
    return [Part(pot, bsdf), Part(filling, _earth(rng))], earth, 0.8 * inner


def _earth(rng: np.random.Generator) -> Plugin:
    """Dark soil, bark chips or gravel, repeating every 0.2 m."""
    dark = np.array([(0.05, 0.035, 0.025), (0.16, 0.11, 0.08), (0.30, 0.27, 0.24)])[rng.integers(0, 3)]
    light = dark * rng.uniform(1.8, 3.0)
    picture = Picture(np.clip(cloudy(rng, 128, [dark, light], slope=rng.uniform(0.7, 1.2)), 0, 1))
    return {"type": "diffuse", "reflectance": repeated(picture, 0.2)}


def leaf_skin(rng: np.random.Generator, hue: str | None = None) -> Plugin:
    """The material of leaves that are meshes, their uvs over 0..1 with the tip at v = 1.

    Thin and translucent (half), or a glossy upper side. hue: `green` (dark to yellowish, one in six variegated),
    `silver`, `red` or `autumn`; without it 85 green, 6 silver, 5 red, 4 autumn in a hundred.
    """
    hue = hue or choose(rng, {"green": 85, "silver": 6, "red": 5, "autumn": 4})
    base = _leaf_colour(rng, hue)
    u, v = pixel_grid(96)
    up, across = 1 - v, np.abs(u - 0.5)
    veins = int(rng.integers(4, 11))
    side_vein = np.abs(((up - 0.6 * across) * veins) % 1 - 0.5)
    tone = 0.35 + 0.15 * up + 0.3 * (across < 0.025) + 0.12 * (side_vein < 0.06)
    if hue == "green" and rng.uniform() < 1 / 6:
        kind = rng.integers(0, 2)
        tone = np.where((across > 0.36) if kind else (across < 0.16), 1.0, tone)
    picture = ramp(tone, [base * 0.6, base, np.clip(base * 1.5 + [0.04, 0.06, 0.02], 0, 1), (0.75, 0.8, 0.55)], 14)
    texture = {"type": "bitmap", "picture": Picture(picture)}
    if rng.uniform() < 0.5:
        return {
            "type": "principledthin",
            "base_color": texture,
            "roughness": float(rng.uniform(0.3, 0.7)),
            "diff_trans": float(rng.uniform(0.3, 1.0)),
            "eta": 1.4,
        }
    rough = float(rng.uniform(0.3, 0.65))
    return {
        "type": "twosided",
        "bsdf": {"type": "principled", "specular": 0.5, "base_color": texture, "roughness": rough},
    }


def _leaf_colour(rng: np.random.Generator, hue: str) -> np.ndarray:
    """The colour of a leaf, in sRGB: 0.2 to 0.55 at its strongest channel."""
    low, high = {
        "green": [(0.10, 0.24, 0.07), (0.40, 0.52, 0.16)],
        "silver": [(0.38, 0.46, 0.40), (0.52, 0.58, 0.50)],
        "red": [(0.32, 0.06, 0.09), (0.48, 0.16, 0.12)],
        "autumn": [(0.50, 0.20, 0.05), (0.72, 0.52, 0.12)],
    }[hue]
    share = rng.uniform(0, 1) + rng.uniform(-0.1, 0.1, 3)
    return np.clip(low + share * (np.array(high) - low), 0.03, 0.9)


def _stalk_skin(rng: np.random.Generator) -> Plugin:
    colour = choose(rng, [Rgb(0.10, 0.20, 0.05), Rgb(0.18, 0.28, 0.09), Rgb(0.16, 0.11, 0.06)])
    return {"type": "principled", "specular": 0.5, "base_color": colour, "roughness": 0.55}


def _leaf(outline: Callable[[np.ndarray], np.ndarray], stations: int, fold: float, droop: float) -> Mesh:
    """A leaf of length 1 from the origin along y, five points wide.

    outline: half its width at `t` in [0, 1]. fold: how far its edges stand up, as a share of the width. droop: how far
    its tip hangs down.
    """
    t = np.linspace(0, 1, stations)
    half = np.maximum(outline(t), 0.0)[:, None]
    s = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    x = half * s
    y = np.broadcast_to((t - 0.12 * droop * t**2)[:, None], x.shape)
    z = fold * np.abs(s) * half - droop * (t**2)[:, None]
    uvs = np.stack([0.5 + 0.5 * x / half.max(), np.broadcast_to(t[:, None], x.shape)], -1)
    return sheet(np.stack([x, y, z], -1), uvs)


def _oval(width: float, waist: float = 1.0) -> Callable[[np.ndarray], np.ndarray]:
    """An oval outline; `waist` below 1 moves its widest place to the root."""
    return lambda t: 0.5 * width * np.sin(np.pi * np.clip(t, 0, 1) ** waist)


def _leaflet(width: float, fold: float = 0.15, droop: float = 0.15) -> Mesh:
    """The smallest leaf, two triangles: a rhomb of length 1 along y."""
    points = np.array([(0, 0, 0), (width / 2, 0.45, fold * width), (0, 1, -droop), (-width / 2, 0.45, fold * width)])
    uvs = np.array([(0.5, 0), (1, 0.45), (0.5, 1), (0, 0.45)])
    normals = np.array([(0, 0.2, 1), (-0.5, 0, 1), (0, 0.3, 1), (0.5, 0, 1)])
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(points, normals, uvs, np.array([(0, 1, 2), (0, 2, 3)]))


def _card(bend: float) -> Mesh:
    """A square card of side 1 for masks, its lower edge centred at the origin, folded once across."""
    v, u = np.meshgrid([0.0, 0.5, 1.0], [0.0, 0.5, 1.0], indexing="ij")
    points = np.stack([u - 0.5, v, bend * np.abs(u - 0.5) - bend * v**2], -1)
    return sheet(points, np.stack([u, v], -1))


def _ways(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Unit vectors `[n, 3]` from angles in radians."""
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], -1)


def _arched(rng, count: int, height: float, spread: tuple[float, float], points: int) -> np.ndarray:
    """Paths `[count, points, 3]` that rise from near the origin and bow outwards by `spread` times their height."""
    azimuth = GOLDEN_ANGLE * np.arange(count) + rng.uniform(0, 0.6, count)
    out = height * rng.uniform(*spread, count)
    tall = height * rng.uniform(0.55, 1.0, count)
    droop = rng.uniform(0.0, 0.5, count)
    t = np.linspace(0, 1, points)
    r = out[:, None] * (0.25 * t + 0.75 * t**2)
    z = tall[:, None] * ((1 + droop[:, None]) * t - droop[:, None] * t**3)
    return np.stack([r * np.cos(azimuth)[:, None], r * np.sin(azimuth)[:, None], z], -1)


def _held_above(parts: list[Part], low: float) -> list[Part]:
    """Parts that are meshes without transforms, with what hangs lower than `low` laid flat there."""
    return [replace(part, shape=_above(part.shape, low)) for part in parts]


def _above(mesh: Mesh, low: float) -> Mesh:
    """The mesh with what hangs lower than `low` laid flat there."""
    points = mesh.points.copy()
    points[:, 2] = np.maximum(points[:, 2], low)
    return Mesh(points, mesh.normals, mesh.uvs, mesh.faces)


def big_leaved(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """8 to 22 large leaves on stalks: notched, heart-shaped, oval or paddle-shaped; 24 stations each if notched."""
    count = int(rng.integers(8, 23))
    kind = choose(rng, ["notched", "heart", "oval", "paddle"])
    heart = _oval(rng.uniform(0.7, 0.95), 0.55)
    if kind == "notched":
        cuts, depth = int(rng.integers(4, 7)), rng.uniform(0.4, 0.75)
        outline = lambda t: heart(t) * (1 - depth * (np.abs((t * cuts) % 1 - 0.5) < 0.12) * (t > 0.15))  # noqa: E731
        stations = 30
    else:
        outline = {"heart": heart, "oval": _oval(rng.uniform(0.4, 0.6)), "paddle": _oval(rng.uniform(0.25, 0.4), 0.8)}[
            kind
        ]
        stations = 10
    length = height * rng.uniform(0.28, 0.42)
    paths = _arched(rng, count, height * 0.85, (0.15, 0.65), 6)
    ends, ways = paths[:, -1], paths[:, -1] - paths[:, -2]
    ways = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    ways = ways + [0, 0, -1] * rng.uniform(0.3, 1.3, (count, 1))
    leaf = _leaf(outline, stations, rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.4))
    leaves = scattered(leaf, ends, ways, np.broadcast_to(UP, (count, 3)), length * rng.uniform(0.6, 1.0, count))
    thin = np.linspace(0.012, 0.006, 6) * height / 1.2
    stalks = tubes(paths, np.broadcast_to(thin, (count, 6)), 5)
    return [Part(_above(leaves, -0.1 * height), leaf_skin(rng)), Part(stalks, _stalk_skin(rng))]


def bladed(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """25 to 90 long narrow leaves that arch (a spider plant, ornamental grass), or 6 to 16 stiff upright ones."""
    stiff = rng.uniform() < 0.35
    count = int(rng.integers(6, 17) if stiff else rng.integers(25, 91))
    paths = _arched(rng, count, height, (0.02, 0.18) if stiff else (0.2, 0.9), 7)
    paths = paths + np.column_stack([*(radius * 0.5 * rng.uniform(-1, 1, (2, count))), np.zeros(count)])[:, None]
    t = np.linspace(0, 1, 7)
    shape = np.minimum(1.0, 0.5 + 2 * t) * np.maximum(1 - t**3, 0.03)
    width = (height * rng.uniform(0.07, 0.12) if stiff else height * rng.uniform(0.012, 0.045)) * shape
    way = paths[:, -1, :2] - paths[:, 0, :2]
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    sides = np.stack([-way[:, 1], way[:, 0], np.zeros(count)], -1)
    leaves = ribbons(paths, np.broadcast_to(width, (count, 7)), sides, rng.uniform(0.0, 0.3))
    return [Part(_above(leaves, -0.15 * height), leaf_skin(rng, choose(rng, {"green": 9, "red": 1})))]


def succulent(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """A rosette of 20 to 60 thick leaves, round or pointed, or an aloe of 10 to 20 long ones."""
    aloe = rng.uniform() < 0.4
    count = int(rng.integers(10, 21) if aloe else rng.integers(20, 61))
    height = min(height, rng.uniform(1.8, 3.0) * radius) if not aloe else min(height, 5 * radius)
    width = rng.uniform(0.14, 0.22) if aloe else rng.uniform(0.3, 0.6)
    waist = rng.uniform(0.45, 0.7) if aloe else rng.uniform(1.0, 1.8)
    t = np.linspace(0, 1, 9)[:, None]
    angle = np.linspace(0, TAU, 9)
    angle[-1] = 0.0
    half = np.sqrt(np.maximum(_oval(width, waist)(t) * width / 2, 0)) if not aloe else width / 2 * (1 - t**2)
    curl = rng.uniform(0.0, 0.35) * t**2
    points = np.stack(
        np.broadcast_arrays(half * np.cos(angle), t, 0.45 * half * np.sin(angle) + curl), -1
    )  # columns run about the y axis
    uvs = np.stack(np.broadcast_arrays(0.5 + 0.45 * np.cos(angle), t), -1)
    leaf = sheet(points[::-1], uvs[::-1])
    share = (np.arange(count) + 0.5) / count
    way = _ways(GOLDEN_ANGLE * np.arange(count), np.radians(85 - share * rng.uniform(50, 80)))
    length = height * rng.uniform(0.8, 1.0) * (np.ones(count) if aloe else 0.35 + 0.65 * share)
    roots = np.column_stack([way[:, :2] * radius * 0.15 * share[:, None], 0.1 * height * (1 - share)])
    leaves = scattered(leaf, roots, way, np.broadcast_to(UP, (count, 3)), length)
    low, high = [(0.30, 0.42, 0.28), (0.45, 0.55, 0.45)] if rng.uniform() < 0.8 else [(0.4, 0.2, 0.25), (0.6, 0.4, 0.4)]
    base = rng.uniform(low, high)
    _, v = pixel_grid(32)
    tip = base * 0.6 + 0.4 * np.array([(0.62, 0.3, 0.3), (0.7, 0.75, 0.6)])[rng.integers(0, 2)]
    picture = ramp(1 - v, [base * 0.9, base, base, tip], 12)
    skin = {
        "type": "principled",
        "specular": 0.5,
        "base_color": {"type": "bitmap", "picture": Picture(picture)},
        "roughness": float(rng.uniform(0.35, 0.65)),
    }
    return [Part(leaves, skin)]


def cactus(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """One to four ribbed columns or balls with spines along the ribs."""
    parts = []
    skin = {
        "type": "principled",
        "specular": 0.5,
        "base_color": Rgb(*(_leaf_colour(rng, "green") ** 2.2)),
        "roughness": float(rng.uniform(0.4, 0.65)),
    }
    thorns = []
    bodies = []
    count = int(choose(rng, {1: 5, 2: 2, 3: 2, 4: 1}))
    ribs, depth = int(rng.integers(7, 16)), rng.uniform(0.08, 0.2)
    for k in range(count):
        tall = height * (1.0 if k == 0 else rng.uniform(0.4, 0.8))
        wide = min(tall / 2, radius * rng.uniform(0.5, 0.9) / np.sqrt(count))
        place = np.zeros(3) if count == 1 else 0.55 * radius * _ways(np.array(TAU * k / count), np.array(0.0))
        t = np.linspace(0, 1, 15)[:, None]
        outline = np.minimum(1, np.maximum(0, 1 - np.maximum((t - 0.6) / 0.4, 0) ** 2)) ** 0.5 * (0.85 + 0.15 * t)
        angle = np.linspace(0, TAU, 4 * ribs + 1)
        angle[-1] = 0.0
        r = wide * outline * (1 - depth * (0.5 - 0.5 * np.cos(ribs * angle)))
        points = np.stack(np.broadcast_arrays(r * np.cos(angle), r * np.sin(angle), tall * t), -1) + place
        bodies.append(sheet(points))
        rows = points[1:-1, :-1:4].reshape(-1, 3)
        out = (rows - place) * [1, 1, 0]
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
        for _ in range(3):
            way = out + 0.7 * rng.standard_normal(out.shape)
            way /= np.linalg.norm(way, axis=1, keepdims=True)
            thorns.append(np.stack([rows, rows + 0.1 * height * rng.uniform(0.5, 1.0) * way], 1))
    parts.append(Part(merged(*bodies), skin))
    if rng.uniform() < 0.8:
        paths = np.concatenate(thorns)
        radii = np.broadcast_to(0.0035 * height * np.array([1.0, 0.15]), paths.shape[:2])
        parts.append(Part(tubes(paths, radii, 3), {"type": "diffuse", "reflectance": Rgb(0.6, 0.5, 0.35)}))
    return parts


def fern(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """12 to 30 arching fronds with 12 to 18 pairs of leaflets."""
    return fronds(rng, int(rng.integers(12, 31)), height, (0.4, 1.0), int(rng.integers(12, 19)), 0.22)


def fronds(rng, count: int, height: float, spread: tuple[float, float], pairs: int, reach: float) -> list[Part]:
    """Arching stalks with pairs of leaflets; `reach` is the length of the longest as a share of the frond."""
    steps = pairs + 3
    paths = _arched(rng, count, height, spread, steps)
    along = np.gradient(paths, axis=1)
    size = np.linalg.norm(paths[:, -1] - paths[:, 0], axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    side = np.cross(along, UP)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    t = np.linspace(0, 1, steps)[2:-1]
    length = reach * size[:, None] * np.sin(np.pi * t**0.7) ** 0.6
    roots, ways, facing, sizes = [], [], [], []
    for sign in (-1, 1):
        roots.append(paths[:, 2:-1])
        ways.append(sign * side[:, 2:-1] + 0.5 * along[:, 2:-1] - [0, 0, rng.uniform(0.1, 0.4)])
        facing.append(np.cross(side, along)[:, 2:-1])
        sizes.append(length)
    leaflet = _leaflet(rng.uniform(0.12, 0.26))
    flat = [np.stack(group).reshape(-1, 3) for group in (roots, ways, facing)]
    leaves = scattered(leaflet, *flat, np.maximum(np.stack(sizes).reshape(-1), 0.002))
    radii = np.linspace(0.007, 0.002, steps) * height
    stalks = tubes(paths, np.broadcast_to(radii, (count, steps)), 4)
    return [Part(_above(leaves, -0.15 * height), leaf_skin(rng, "green")), Part(stalks, _stalk_skin(rng))]


def trailing(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """A bushy head of leaves with 5 to 12 shoots that fall over the rim, down to where the pot stands."""
    count = int(rng.integers(5, 13))
    t = np.linspace(0, 1, 9)
    azimuth = TAU * (np.arange(count) + rng.uniform(0, 0.8, count)) / count
    out = radius * 1.25 + 0.25 * height * rng.uniform(0.3, 1.0, count)[:, None] * t
    rise = radius * 0.5 * np.sin(np.pi * np.minimum(t * 2.5, 1.0))
    fall = -0.45 * height * rng.uniform(0.2, 1.0, count)[:, None] * np.maximum(t - 0.3, 0) / 0.7
    out = np.minimum(out, radius * 4 * t + 0.01)
    paths = np.stack([out * np.cos(azimuth)[:, None], out * np.sin(azimuth)[:, None], rise + fall], -1)
    place = rng.uniform(0.15, 1.0, (count, 14))
    low = np.minimum((place * 8).astype(int), 7)
    share = (place * 8 - low)[..., None]
    index = np.arange(count)[:, None]
    roots = ((1 - share) * paths[index, low] + share * paths[index, low + 1]).reshape(-1, 3)
    bush = int(rng.integers(20, 50))
    head = radius * rng.uniform(-0.9, 0.9, (bush, 3)) + [0, 0, radius]
    roots = np.concatenate([roots, head])
    ways = _ways(rng.uniform(0, TAU, len(roots)), rng.uniform(-0.6, 0.5, len(roots)))
    leaf = _leaf(_oval(rng.uniform(0.5, 0.9), rng.uniform(0.55, 1.0)), 6, 0.25, 0.2)
    size = min(0.3 * height, 0.09) * rng.uniform(0.5, 1.0, len(roots))
    leaves = scattered(leaf, roots, ways, np.broadcast_to(UP, roots.shape), size)
    stalks = tubes(paths, np.full((count, 9), 0.006 * height), 4)
    return [Part(leaves, leaf_skin(rng)), Part(stalks, _stalk_skin(rng))]


def little_tree(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """A stem with a crown: clipped to a ball (two in five) or loose, of 200 to 900 leaves."""
    stem = height * rng.uniform(0.35, 0.6)
    crown = height - stem
    thick = height * rng.uniform(0.012, 0.03)
    knots = [(0, 0, 0), (*(0.04 * height * rng.standard_normal(2)), stem / 2), (0, 0, stem + 0.4 * crown)]
    trunk = tube(smooth_curve(knots, 8), np.linspace(thick, 0.6 * thick, 8), 8)
    count = int(rng.integers(200, 901))
    ball = rng.uniform() < 0.4
    way = rng.standard_normal((count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    wide = crown / 2 * rng.uniform(0.8, 1.1)
    depth = rng.uniform(0.75, 0.95, (count, 1)) if ball else rng.uniform(0.3, 0.9, (count, 1))
    size = crown * (rng.uniform(0.1, 0.16) if ball else rng.uniform(0.1, 0.2))
    places = way * depth * np.array([wide, wide, crown / 2]) * 0.85 + [0, 0, stem + crown / 2]
    toward = way + 0.9 * rng.standard_normal((count, 3))
    leaf = _leaflet(rng.uniform(0.35, 0.6)) if ball else _leaf(_oval(rng.uniform(0.3, 0.6)), 5, 0.3, 0.2)
    leaves = scattered(leaf, places, toward, way + 0.6 * UP, size * rng.uniform(0.6, 1.0, count))
    parts = [Part(_in_metres(trunk, thick), materials.bark(rng)), Part(leaves, leaf_skin(rng, "green"))]
    if rng.uniform() < 0.25:
        fruit = _ball(0.035 * height**0.5 * rng.uniform(0.6, 1.0))
        where = rng.permutation(count)[: int(rng.integers(4, 16))]
        colour = choose(rng, [Rgb(0.75, 0.30, 0.02), Rgb(0.80, 0.62, 0.05), Rgb(0.55, 0.04, 0.03)])
        fruits = scattered(
            fruit,
            places[where] * [1, 1, 0.98],
            np.tile([1.0, 0, 0], (len(where), 1)),
            way[where],
            1.0 * np.ones(len(where)),
        )
        parts.append(Part(fruits, {"type": "principled", "specular": 0.5, "base_color": colour, "roughness": 0.4}))
    return parts


def _ball(radius: float) -> Mesh:
    return smooth_lathe(
        [(0, -radius), (0.7 * radius, -0.7 * radius), (radius, 0), (0.7 * radius, 0.7 * radius), (0, radius)], 9, 10
    )


def _in_metres(trunk: Mesh, radius: float) -> Mesh:
    """A mesh of `tube` with its uvs, which run over 0..1, in metres."""
    length = np.ptp(trunk.points[:, 2])
    return Mesh(trunk.points, trunk.normals, trunk.uvs * [TAU * radius, length], trunk.faces)


def flowering(rng: np.random.Generator, height: float, radius: float) -> list[Part]:
    """5 to 16 stems with a flower each over a bush of leaves."""
    count = int(rng.integers(5, 17))
    paths = _arched(rng, count, height, (0.05, 0.35), 5)
    paths = paths + np.column_stack([*(radius * 0.5 * rng.uniform(-1, 1, (2, count))), np.zeros(count)])[:, None]
    parts = [Part(tubes(paths, np.full((count, 5), 0.008 * height), 4), _stalk_skin(rng))]
    parts += _flower_heads(rng, paths[:, -1], paths[:, -1] - paths[:, -2] + [0, 0, 0.02], 0.12 * height)
    bush = int(rng.integers(30, 80))
    places = np.column_stack([*(radius * 0.7 * rng.uniform(-1, 1, (2, bush))), 0.4 * height * rng.uniform(0, 1, bush)])
    ways = _ways(rng.uniform(0, TAU, bush), rng.uniform(-0.1, 0.9, bush))
    leaf = _leaf(_oval(rng.uniform(0.2, 0.6)), 5, 0.3, 0.25)
    leaves = scattered(leaf, places, ways, np.broadcast_to(UP, (bush, 3)), 0.28 * height * rng.uniform(0.5, 1, bush))
    parts.append(Part(_above(leaves, -0.05 * height), leaf_skin(rng, "green")))
    return parts


def _flower_heads(rng: np.random.Generator, places: np.ndarray, facing: np.ndarray, size: float) -> list[Part]:
    """Flowers of 5 to 14 petals, flat or cupped, or balls of petals, one colour for all, with a heart."""
    petals = int(rng.integers(5, 15))
    tilt = rng.uniform(0.05, 1.1)
    rows = int(choose(rng, {1: 5, 2: 2, 4: 1}))
    petal = _leaflet(rng.uniform(0.3, 0.7), 0.1, 0.1)
    azimuth = TAU * np.arange(petals * rows) / petals + 0.3 * np.repeat(np.arange(rows), petals)
    elevation = np.clip(tilt + 0.35 * np.repeat(np.arange(rows), petals), 0, 1.5)
    ways = _ways(azimuth, elevation)
    head = scattered(petal, 0.08 * ways, ways, np.broadcast_to(UP, ways.shape), np.full(len(ways), 0.5))
    # The template's y axis is the axis of the flower: scattered() turns it to where the flower looks.
    turn = rotation("x", -90)[:3, :3]
    head = Mesh(head.points @ turn.T, head.normals @ turn.T, head.uvs, head.faces)
    heart = _ball(0.11)
    sizes = size * rng.uniform(0.7, 1.1, len(places))
    side = np.broadcast_to([0.3, 0.5, 0.1], places.shape)
    petals_mesh = scattered(head, places, facing, side, sizes)
    hearts = scattered(heart, places, facing, side, sizes)
    colours = [
        (0.85, 0.82, 0.75),
        (0.8, 0.1, 0.1),
        (0.85, 0.35, 0.5),
        (0.45, 0.2, 0.6),
        (0.9, 0.65, 0.05),
        (0.25, 0.3, 0.75),
    ]
    colour = np.clip(np.array(colours[rng.integers(len(colours))]) * rng.uniform(0.7, 1.1, 3), 0.02, 0.9)
    skin = {
        "type": "principledthin",
        "base_color": Rgb(*colour),
        "roughness": 0.6,
        "diff_trans": float(rng.uniform(0.4, 1.0)),
    }
    yellow = choose(rng, [Rgb(0.7, 0.45, 0.03), Rgb(0.12, 0.06, 0.03), Rgb(0.5, 0.6, 0.15)])
    return [Part(petals_mesh, skin), Part(hearts, {"type": "diffuse", "reflectance": yellow})]


POTTED = [big_leaved, bladed, succulent, cactus, fern, trailing, little_tree, flowering]


def twig_card(rng: np.random.Generator, needles: bool = False, hue: str = "green") -> Plugin:
    """An opacity mask with a twig of 9 to 17 leaves, or of needles, growing up from the middle of the lower edge."""
    size = 192
    u, v = pixel_grid(size)
    x, y = u - 0.5, 1 - v
    opacity = np.zeros((size, size))
    tone = np.zeros((size, size))
    stem = np.abs(x - 0.04 * np.sin(4 * y)) < 0.012
    opacity[stem & (y < 0.9)] = 1
    count = int(rng.integers(26, 40)) if needles else int(rng.integers(9, 18))
    for k in range(count):
        root = 0.06 + 0.8 * k / count
        sign = 1 if k % 2 else -1
        angle = sign * rng.uniform(0.5, 1.2) if k < count - 1 else 0.0
        length = (0.28 if needles else rng.uniform(0.22, 0.34)) * (1 - 0.35 * root)
        along = (x * np.sin(angle) + (y - root) * np.cos(angle)) / length
        across = (x * np.cos(angle) - (y - root) * np.sin(angle)) / length
        half = 0.045 if needles else 0.28 * np.sin(np.pi * np.clip(along, 0, 1) ** 0.8)
        inside = (along > 0) & (along < 1) & (np.abs(across) < half)
        opacity[inside] = 1
        tone[inside] = (
            (rng.uniform(0.25, 0.7) + 0.2 * (np.abs(across) < 0.03))[inside] if not needles else rng.uniform(0, 1)
        )
    base = _leaf_colour(rng, hue)
    if needles:
        base = base * [0.6, 0.7, 0.8]
    picture = ramp(tone, [base * 0.5, base, np.clip(base * 1.5, 0, 1)], 16)
    picture[(tone == 0) & stem] = (0.28, 0.2, 0.12)
    colour = {"type": "bitmap", "picture": Picture(picture)}
    if rng.uniform() < 0.5:
        inner = {
            "type": "principledthin",
            "base_color": colour,
            "roughness": 0.5,
            "diff_trans": float(rng.uniform(0.3, 1.0)),
        }
    else:
        inner = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": colour}}
    mask = {"type": "bitmap", "picture": Picture(opacity[..., None], raw=True)}
    return {"type": "mask", "opacity": mask, "bsdf": inner}


def _branches(rng, height: float, fork: float, levels: int, spread: float, droop: float):
    """The branches of a tree level by level, as lists of (paths `[n, 5, 3]`, radii `[n, 5]`).

    height: of the whole tree. fork: the share of it at which the first branches leave. spread: mean angle between a
    branch and its mother, in radians. droop: how far branches bend down (negative: up), in shares of their length.
    """
    thick = height * rng.uniform(0.014, 0.03)
    t = np.linspace(0, 1, 5)
    bend = 0.03 * height * np.cumsum(rng.standard_normal((5, 2)), axis=0) * t[:, None]
    trunk = np.column_stack([bend, 0.8 * height * t])[None]
    result = [(trunk, (thick * np.array([1.35, 1.0, 0.8, 0.55, 0.25]))[None])]
    length = 0.42 * height
    for level in range(levels):
        paths, radii = result[-1]
        children = int(rng.integers(7, 12)) if level == 0 else int(rng.integers(3, 5))
        count = len(paths) * children
        mother = np.repeat(np.arange(len(paths)), children)
        first = fork if level == 0 else 0.35
        share = np.clip(
            first + (1 - first) * (np.tile(np.arange(children), len(paths)) + rng.uniform(0, 1, count)) / children,
            0,
            0.999,
        )
        low = (share * 4).astype(int)
        f = (share * 4 - low)[:, None]
        roots = (1 - f) * paths[mother, low] + f * paths[mother, low + 1]
        thick = (1 - f[:, 0]) * radii[mother, low] + f[:, 0] * radii[mother, low + 1]
        way = paths[mother, low + 1] - paths[mother, low]
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        around = GOLDEN_ANGLE * np.arange(count) + rng.uniform(-0.5, 0.5, count)
        side = np.cross(way, _ways(around, rng.uniform(-0.3, 0.3, count)))
        side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
        angle = (spread * rng.uniform(0.7, 1.3, count))[:, None]
        way = np.cos(angle) * way + np.sin(angle) * side
        # Branches of a tree that stands alone are longest in the lower part of its crown.
        size = length * rng.uniform(0.6, 1.0, count) * (1.15 - 0.65 * (share - first) / (1 - first))
        path = roots[:, None] + size[:, None, None] * t[:, None] * way[:, None]
        path = path + (0.06 * size)[:, None, None] * np.cumsum(rng.standard_normal((count, 5, 3)), axis=1) * t[:, None]
        path[..., 2] -= droop * size[:, None] * t**2
        path[..., 2] = np.maximum(path[..., 2], 0.08 * height)
        result.append(
            (path, np.minimum(0.75 * thick, 0.02 * size + 0.002)[:, None] * np.array([1.0, 0.85, 0.7, 0.5, 0.25]))
        )
        length *= 0.52
    return result


def tree(rng: np.random.Generator, height: float | None = None) -> Thing:
    """A tree of 3.5 to 11 m: 45 in a hundred leafy, 15 conifers, 15 bare, 12 palms, 13 slim like cypresses."""
    height = height or log_uniform(rng, 3.5, 11.0)
    kind = choose(rng, {leafy_tree: 45, conifer: 15, bare_tree: 15, palm: 12, slim_tree: 13})
    return kind(rng, height)


def leafy_tree(rng: np.random.Generator, height: float) -> Thing:
    """Forking branches with 500 to 900 masked cards (two in three) or 3,000 to 5,000 leaves of two triangles."""
    levels = _branches(rng, height, rng.uniform(0.25, 0.45), 2, rng.uniform(0.6, 1.0), rng.uniform(-0.25, 0.15))
    wood_mesh = merged(*(tubes(paths, radii, sides) for (paths, radii), sides in zip(levels, (9, 6, 4), strict=True)))
    hue = choose(rng, {"green": 85, "autumn": 10, "red": 5})
    cards = rng.uniform() < 0.67
    count = int(rng.integers(500, 900)) if cards else int(rng.integers(3000, 5000))
    paths = np.concatenate([levels[2][0], levels[1][0][:, [2, 3, 3, 4, 4]]])
    pick, share = rng.integers(0, len(paths), count), rng.uniform(0.3, 1.0, count)
    low = np.minimum((share * 4).astype(int), 3)
    f = (share * 4 - low)[:, None]
    places = (1 - f) * paths[pick, low] + f * paths[pick, low + 1]
    way = paths[pick, low + 1] - paths[pick, low]
    way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9) + 0.8 * rng.standard_normal((count, 3))
    facing = UP + 0.5 * rng.standard_normal((count, 3))
    if cards:
        size = height * rng.uniform(0.11, 0.15) * rng.uniform(0.7, 1.2, count)
        leaves, skin = scattered(_card(0.25), places, way, facing, size), twig_card(rng, hue=hue)
    else:
        places = places + 0.03 * height * rng.standard_normal((count, 3))
        size = height * rng.uniform(0.025, 0.04) * rng.uniform(0.7, 1.2, count)
        leaves, skin = scattered(_leaflet(rng.uniform(0.45, 0.8)), places, way, facing, size), leaf_skin(rng, hue)
    return measured("tree", [Part(wood_mesh, materials.bark(rng)), Part(_above(leaves, 0.0), skin)])


def bare_tree(rng: np.random.Generator, height: float) -> Thing:
    """A tree in winter: four levels of branches, about 1,000 of them; snow nowhere."""
    levels = _branches(rng, height, rng.uniform(0.2, 0.4), 4, rng.uniform(0.5, 0.9), rng.uniform(-0.3, 0.1))
    meshes = [tubes(paths, radii, sides) for (paths, radii), sides in zip(levels, (9, 6, 4, 3, 3), strict=True)]
    kept = meshes[-1]
    meshes[-1] = Mesh(kept.points, kept.normals, kept.uvs, kept.faces[: 24 * 500])
    return measured("bare tree", [Part(merged(*meshes), materials.bark(rng))])


def conifer(rng: np.random.Generator, height: float) -> Thing:
    """A trunk with 9 to 16 whorls of boughs that carry cards with needles."""
    whorls, boughs = int(rng.integers(9, 17)), int(rng.integers(7, 11))
    level = np.repeat((np.arange(whorls) + 0.5) / whorls, boughs)
    count = len(level)
    base = rng.uniform(0.03, 0.15)
    roots = np.column_stack(
        [np.zeros((count, 2)), height * (base + (0.97 - base) * level + rng.uniform(-0.02, 0.02, count))]
    )
    azimuth = GOLDEN_ANGLE * np.arange(count) + rng.uniform(-0.4, 0.4, count)
    reach = height * rng.uniform(0.2, 0.32) * (1 - level) ** 0.85 * rng.uniform(0.8, 1.1, count) + 0.03 * height
    slope = rng.uniform(-0.5, 0.2)
    t = np.linspace(0, 1, 5)
    out = _ways(azimuth, np.zeros(count))
    paths = roots[:, None] + reach[:, None, None] * t[:, None] * out[:, None]
    paths[..., 2] += reach[:, None] * (slope * t + 0.15 * t**2)
    paths[..., 2] = np.maximum(paths[..., 2], 0.02)
    trunk = np.column_stack([np.zeros((5, 2)), height * 0.97 * t])[None]
    wood_mesh = merged(
        tubes(trunk, height * 0.02 * np.array([[1.2, 0.8, 0.6, 0.35, 0.08]]), 8),
        tubes(paths, (0.02 * reach)[:, None] * np.linspace(1, 0.3, 5), 4),
    )
    places, ways, facings, sizes = [], [], [], []
    for share in (0.15, 0.38, 0.6, 0.8):
        for turn in (-0.9, 0.0, 0.9):
            at = share * 4
            low = int(at)
            places.append((1 - at + low) * paths[:, low] + (at - low) * paths[:, low + 1])
            way = _ways(azimuth + turn * rng.uniform(0.7, 1.2, count), slope * 0.7 + rng.uniform(-0.2, 0.2, count))
            ways.append(way)
            facings.append(UP + 0.35 * rng.standard_normal((count, 3)))
            sizes.append(reach * rng.uniform(0.45, 0.65, count) * (1.1 - 0.5 * share))
    groups = [np.concatenate(group) for group in (places, ways, facings, sizes)]
    needles = scattered(_card(0.2), *groups)
    parts = [Part(wood_mesh, materials.bark(rng)), Part(_above(needles, 0.0), twig_card(rng, needles=True))]
    return measured("conifer", parts)


def palm(rng: np.random.Generator, height: float) -> Thing:
    """A bowed trunk with rings and 14 to 26 fronds."""
    stem = height * rng.uniform(0.68, 0.82)
    lean = 0.12 * height * rng.standard_normal(2)
    t = np.linspace(0, 1, 48)
    path = np.column_stack([lean[0] * t**2, lean[1] * t**2, stem * t])
    thick = max(height * rng.uniform(0.014, 0.022), 0.05)
    rings = thick * (1.25 - 0.4 * t + 0.5 * np.maximum(0.06 - t, 0) / 0.06) * (1 + 0.08 * (np.arange(48) % 2))
    trunk = tubes(path[None], rings[None], 10)
    crown = fronds(rng, int(rng.integers(14, 27)), height * 0.3, (0.8, 1.35), 26, rng.uniform(0.2, 0.32))
    parts = [Part(trunk, materials.bark(rng))]
    parts += [moved_part(part, translation(*path[-1])) for part in crown]
    if rng.uniform() < 0.3:  # old fronds hang below: the crown once more, upside down and smaller
        hanging = translation(*path[-1]) @ rotation("x", 180) @ scaling(0.6, 0.6, 0.9)
        parts += [moved_part(part, hanging) for part in crown[:1]]
    return measured("palm", parts)


def slim_tree(rng: np.random.Generator, height: float) -> Thing:
    """A cypress or poplar: 1,500 to 2,500 twigs of four triangles in a spindle, about a sixth as wide as high."""
    count = int(rng.integers(1500, 2500))
    wide = height * rng.uniform(0.07, 0.12)
    z = rng.uniform(0.03, 0.97, count)
    outline = np.sin(np.pi * z**0.6) ** 0.7
    azimuth = rng.uniform(0, TAU, count)
    out = _ways(azimuth, np.zeros(count))
    places = np.column_stack([out[:, :2] * (wide * outline * rng.uniform(0.5, 0.9, count))[:, None], height * 0.93 * z])
    ways = out + UP * rng.uniform(0.6, 2.5, (count, 1))
    size = height * rng.uniform(0.04, 0.06) * rng.uniform(0.7, 1.2, count)
    leaves = scattered(_card(0.2), places, ways, out, size)
    trunk = np.array([[(0, 0, 0), (0, 0, 0.5 * height), (0, 0, 0.9 * height)]], dtype=float)
    radii = height * 0.012 * np.array([[1.2, 0.8, 0.2]])
    parts = [Part(tubes(trunk, radii, 8), materials.bark(rng)), Part(leaves, twig_card(rng, rng.uniform() < 0.6))]
    return measured("slim tree", parts)


def shrub(rng: np.random.Generator, height: float | None = None) -> Thing:
    """A bush of 0.5 to 1.8 m: 900 to 2,200 leaves around 5 to 9 lumps; one in four flowers."""
    height = height or log_uniform(rng, 0.5, 1.8)
    count, lumps = int(rng.integers(900, 2200)), int(rng.integers(5, 10))
    wide = height * rng.uniform(0.4, 0.65)
    centres = np.column_stack(
        [*(wide * 0.55 * rng.uniform(-1, 1, (2, lumps))), height * rng.uniform(0.25, 0.68, lumps)]
    )
    lump = height * rng.uniform(0.2, 0.3, lumps)
    pick = rng.integers(0, lumps, count)
    way = rng.standard_normal((count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    places = centres[pick] + way * (lump[pick] * rng.uniform(0.6, 1.0, count))[:, None]
    places[:, 2] = np.clip(places[:, 2], 0.02, 0.95 * height)
    cards = rng.uniform() < 0.5
    toward = way + 0.8 * rng.standard_normal((count, 3)) + [0, 0, 0.4]
    hue = choose(rng, {"green": 88, "red": 7, "silver": 5})
    if cards:
        count = count // 2
        size = height * rng.uniform(0.16, 0.22) * rng.uniform(0.7, 1.1, count)
        leaves, skin = (
            scattered(_card(0.25), places[:count], toward[:count], way[:count], size),
            twig_card(rng, hue=hue),
        )
    else:
        size = max(height * 0.05, 0.04) * rng.uniform(0.8, 1.5) * rng.uniform(0.7, 1.2, count)
        leaf = _leaflet(rng.uniform(0.3, 0.7))
        leaves, skin = scattered(leaf, places, toward, way + 0.5 * UP, size), leaf_skin(rng, hue)
    stems = np.stack([np.broadcast_to([0.0, 0.0, 0.0], centres.shape), 0.5 * centres * [1.2, 1.2, 1.0], centres], 1)
    parts = [
        Part(_above(leaves, 0.0), skin),
        Part(tubes(stems, np.full((lumps, 3), 0.012 * height), 4), materials.bark(rng)),
    ]
    if rng.uniform() < 0.25:
        top = np.flatnonzero(way[:, 2] > -0.2)[: int(rng.integers(20, 70))]
        parts += _flower_heads(rng, places[top] + 0.04 * way[top], way[top] + [0, 0, 0.3], 0.09)
    return measured("shrub", parts)


def hedge(rng: np.random.Generator, length: float, height: float, depth: float) -> Thing:
    """A clipped hedge along x, of pieces of about 1 m that share one mesh of 1,500 leaves each around a dark core."""
    pieces = max(1, round(length))
    piece = length / pieces
    areas = np.array([piece * height, piece * height, piece * depth])
    count = 1500
    side = rng.choice(3, count, p=areas / areas.sum())
    u, v, w = rng.uniform(-0.5, 0.5, count), rng.uniform(0, 1, count), rng.uniform(-0.5, 0.5, count)
    inset = rng.uniform(0.0, 0.06, count)
    y = np.where(side == 2, w * depth, np.where(side == 0, -1, 1) * (depth / 2 - inset))
    z = np.where(side == 2, height - inset, v * height)
    places = np.column_stack([u * piece, y, z])
    out = np.array([(0, -1, 0.2), (0, 1, 0.2), (0, 0, 1.0)])[side]
    toward = out * 0.5 + 0.8 * rng.standard_normal((count, 3))
    size = rng.uniform(0.05, 0.09) * rng.uniform(0.7, 1.2, count)
    leaves = scattered(
        _leaflet(rng.uniform(0.4, 0.7)), places, toward, out + 0.5 * rng.standard_normal((count, 3)), size
    )
    leaves = _above(leaves, 0.0)
    skin = leaf_skin(rng, choose(rng, {"green": 95, "red": 5}))
    core = box((length, depth - 0.14, height - 0.07), 0, (0, 0, (height - 0.07) / 2))
    dark = {"type": "diffuse", "reflectance": Rgb(0.012, 0.02, 0.008)}
    parts = [Part(core, dark)]
    for k in range(pieces):
        turn = rotation("z", 180 * (k % 2))
        parts.append(Part(leaves, skin, to_world=translation((k + 0.5) * piece - length / 2) @ turn))
    ends = scattered(_leaflet(0.5), *_end_leaves(rng, depth, height), size[:500])
    parts += [Part(ends, skin, to_world=translation(s * length / 2) @ rotation("z", 90 * s)) for s in (-1, 1)]
    return measured("hedge", parts)


def _end_leaves(rng: np.random.Generator, depth: float, height: float):
    """Places, ways and facings of 500 leaves on an upright rectangle that faces -y."""
    places = np.column_stack(
        [
            rng.uniform(-0.5, 0.5, 500) * (depth - 0.1),
            rng.uniform(0, 0.05, 500),
            rng.uniform(0.08, 1, 500) * (height - 0.05),
        ]
    )
    out = np.broadcast_to([0.0, -1.0, 0.2], (500, 3))
    return places, out * 0.5 + 0.8 * rng.standard_normal((500, 3)), out


def flower_bed(rng: np.random.Generator, width: float, depth: float) -> Thing:
    """A bed of earth with an edging (two in three) and clumps of two to four kinds of plants, about five a m^2."""
    parts = []
    parts.append(Part(_rounded_heap(rng, width, depth), _earth(rng)))
    if rng.uniform() < 0.67:
        thick, tall = rng.uniform(0.03, 0.1), rng.uniform(0.06, 0.25)
        long = [box((width, thick, tall), 0.004, (0, s * (depth - thick) / 2, tall / 2)) for s in (-1, 1)]
        short = [box((thick, depth - 2 * thick, tall), 0.004, (s * (width - thick) / 2, 0, tall / 2)) for s in (-1, 1)]
        edging = choose(rng, [materials.stone, materials.wood, materials.concrete, materials.dark_metal])(rng)
        parts.append(Part(merged(*long, *short), edging))
    kinds = []
    for _ in range(int(rng.integers(2, 5))):
        kind = choose(rng, {flowering: 4, bladed: 2, fern: 1, big_leaved: 0.7})
        kinds.append(_held_above(kind(rng, rng.uniform(0.2, 0.6), 0.12), -0.04))
    count = min(int(5 * width * depth) + 3, 40)
    for k in range(count):
        if triangles(parts) > _ENOUGH:
            break
        x, y = rng.uniform(-0.5, 0.5, 2) * [max(width - 0.3, 0.05), max(depth - 0.3, 0.05)]
        place = translation(x, y, 0.05) @ rotation("z", rng.uniform(0, 360)) @ scaling(rng.uniform(0.7, 1.1))
        parts += [moved_part(part, place) for part in kinds[k % len(kinds)]]
    return measured("flower bed", parts)


def _rounded_heap(rng: np.random.Generator, width: float, depth: float) -> Mesh:
    """Earth that is 5 to 8 cm high in the middle and reaches z = 0 at its edges; uvs in metres."""
    v, u = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 17), indexing="ij")
    edge = (1 - u**6) * (1 - v**6)
    z = edge * (0.055 + 0.012 * rng.standard_normal(u.shape))
    points = np.stack([u * width / 2, v * depth / 2, np.maximum(z, 0)], -1)
    return sheet(points, points[..., :2].copy())


def grass_patch(rng: np.random.Generator, width: float, depth: float, blades_per_m2: float = 900.0) -> Thing:
    """A lawn or meadow of curves (grass of 4 to 9 cm, one in four meadow of 15 to 35 cm), over dark earth at z = 0.

    Tiles of about 1 m share one set of curves, turned by quarters; at most 60,000 segments in all.
    """
    meadow = rng.uniform() < 0.25
    height = rng.uniform(0.15, 0.35) if meadow else rng.uniform(0.04, 0.09)
    tall = Strands(())
    across, along = max(1, round(width)), max(1, round(depth))
    count = int(min(blades_per_m2 * width * depth / (across * along), 60_000 / (across * along)))
    thickness = 0.0016 * np.sqrt(max(1.0, 900 * width * depth / (across * along) / count))
    curves = blades(rng, count, width / across, depth / along, height, thickness)
    tall = Strands(tuple(np.maximum(curves, [-np.inf, -np.inf, 0.0, 0.0])))
    skin = materials.grass_blade(rng)
    parts = []
    for i in range(across):
        for j in range(along):
            x, y = (i + 0.5) / across * width - width / 2, (j + 0.5) / along * depth - depth / 2
            parts.append(Part(tall, skin, to_world=translation(x, y) @ rotation("z", 180 * ((i + 2 * j) % 2))))
    dark = {
        "type": "diffuse",
        "reflectance": repeated(Picture(cloudy(rng, 128, [(0.10, 0.13, 0.05), (0.22, 0.26, 0.09)])), 0.7),
    }
    floor = sheet(
        np.array(
            [
                [(-width / 2, -depth / 2, 0.001), (width / 2, -depth / 2, 0.001)],
                [(-width / 2, depth / 2, 0.001), (width / 2, depth / 2, 0.001)],
            ]
        )
    )
    floor = Mesh(floor.points, floor.normals, floor.points[:, :2].copy(), floor.faces)
    return measured("grass", [*parts, Part(floor, dark)])


def turf(rng: np.random.Generator) -> Plugin:
    """Grass seen from afar, repeating every 2.5 to 5 m: mown in stripes (one in six) or blotchy."""
    low, high = np.array([(0.13, 0.20, 0.05), (0.30, 0.40, 0.12)]) * rng.uniform(0.75, 1.15, 3)
    picture = cloudy(rng, 384, [low, high, high * [1.25, 1.1, 1.2]], slope=rng.uniform(0.6, 1.0))
    if rng.uniform() < 1 / 6:
        u, _ = pixel_grid(384)
        picture = picture * np.where((u * 4).astype(int) % 2, 0.85, 1.0)[..., None]
    return {"type": "diffuse", "reflectance": repeated(Picture(np.clip(picture, 0, 1)), rng.uniform(2.5, 5.0))}


def ivy(rng: np.random.Generator, width: float, height: float) -> Thing:
    """Ivy that climbs a wall in the plane y = 0, on its side of negative y.

    From 5 to 9 roots stems wander upwards, with 500 leaves a square metre of `width` x `height`, at most 5,000.
    """
    roots, steps = int(rng.integers(5, 10)), 24
    count = int(min(max(500 * width * height, 300), 5000))
    climb = np.cumsum(rng.uniform(0.6, 1.0, (roots, steps)), axis=1)
    reach = height * rng.uniform(0.35, 0.95, roots)
    z = climb / climb[:, -1:] * reach[:, None]
    wander = 0.05 * width * np.cumsum(rng.standard_normal((roots, 6)), axis=1)
    turns = np.linspace(0, steps - 1, 6)
    x = np.array([np.interp(np.arange(steps), turns, stem) for stem in wander])
    x = x + width * rng.uniform(-0.42, 0.42, (roots, 1))
    x = 0.47 * width * np.tanh(x / (0.47 * width))
    paths = np.stack([x, np.full_like(x, -0.012), z], -1)
    paths[:, 0, 2] = 0.0
    # Half of the leaves grow near the stems, for the wall is covered most where the plant is oldest.
    pick, step = rng.integers(0, roots, count), (steps * rng.uniform(0, 1, count) ** 1.3).astype(int)
    places = paths[pick, step] + np.array([0.09, 0.0, 0.12]) * rng.standard_normal((count, 3)) * min(1.0, width / 2)
    places[:, 0] = np.clip(places[:, 0], -0.48 * width, 0.48 * width)
    places[:, 1] = -rng.uniform(0.015, 0.09, count)
    places[:, 2] = np.clip(places[:, 2], 0.06, height)
    down = np.column_stack([0.6 * rng.standard_normal(count), -0.35 - 0.2 * rng.uniform(size=count), -np.ones(count)])
    facing = np.column_stack([0.4 * rng.standard_normal(count), -np.ones(count), 0.5 * np.ones(count)])
    size = rng.uniform(0.06, 0.1) * rng.uniform(0.5, 1.1, count)
    cards = rng.uniform() < 0.5
    leaf = _card(0.15) if cards else _leaflet(rng.uniform(0.7, 1.0))
    skin = materials.leaf_card(rng) if cards else leaf_skin(rng, choose(rng, {"green": 8, "red": 1, "autumn": 1}))
    leaves = _above(scattered(leaf, places, down, facing, size), 0.0)
    leaves.points[:, 1] = np.minimum(leaves.points[:, 1], -0.001)
    stems = tubes(paths, np.broadcast_to(np.linspace(0.012, 0.003, steps), (roots, steps)), 4)
    return measured("ivy", [Part(leaves, skin), Part(stems, materials.bark(rng))])


def fallen_leaves(rng: np.random.Generator, width: float, depth: float) -> Thing:
    """Leaves on the ground, 8 to 60 a square metre, at most 3,000: autumn colours (three in four) or green."""
    count = int(min(log_uniform(rng, 8, 60) * width * depth + 5, 3000))
    places = np.column_stack(
        [*(rng.uniform(-0.5, 0.5, (2, count)) * [[width], [depth]]), rng.uniform(0.004, 0.02, count)]
    )
    ways = _ways(rng.uniform(0, TAU, count), rng.uniform(-0.1, 0.25, count))
    facing = UP + 0.3 * rng.standard_normal((count, 3))
    size = rng.uniform(0.05, 0.1) * rng.uniform(0.6, 1.2, count)
    parts = []
    for k in range(2):
        some = slice(k, None, 2)
        leaf = _leaf(_oval(rng.uniform(0.4, 0.8)), 4, rng.uniform(-0.3, 0.4), rng.uniform(-0.1, 0.2))
        leaves = _above(scattered(leaf, places[some], ways[some], facing[some], size[some]), 0.002)
        parts.append(Part(leaves, leaf_skin(rng, "autumn" if rng.uniform() < 0.75 else "green")))
    return measured("fallen leaves", parts)


def planter(rng: np.random.Generator, length: float) -> Thing:
    """A box of earth along x, 0.25 to 0.6 m high, with one kind of plant in a row or two kinds in turn."""
    tall, deep, wall = rng.uniform(0.25, 0.6), rng.uniform(0.25, 0.5), 0.025
    skin = choose(rng, [materials.wood, materials.concrete, materials.dark_metal, materials.terracotta])(rng)
    sides = [box((length, wall, tall), 0.003, (0, s * (deep - wall) / 2, tall / 2)) for s in (-1, 1)]
    sides += [box((wall, deep - 2 * wall, tall), 0.003, (s * (length - wall) / 2, 0, tall / 2)) for s in (-1, 1)]
    earth = box((length - 2 * wall, deep - 2 * wall, 0.05), 0, (0, 0, 0.9 * tall - 0.025))
    parts = [Part(merged(*sides), skin), Part(earth, _earth(rng))]
    kinds = []
    for _ in range(int(rng.integers(1, 3))):
        kind = choose(rng, [bladed, flowering, fern, little_tree, big_leaved])
        kinds.append(_held_above(kind(rng, rng.uniform(0.3, 0.9), deep / 3), 0.002 - 0.9 * tall))
    count = max(1, int(length / rng.uniform(0.3, 0.6)))
    for k in range(count):
        if triangles(parts) > _ENOUGH:
            break
        place = translation((k + 0.5) / count * length - length / 2, 0, 0.9 * tall) @ rotation("z", rng.uniform(0, 360))
        parts += [moved_part(part, place) for part in kinds[k % len(kinds)]]
    return measured("planter", parts)
