"""Vases and flowers, candles, sculptures, clocks, jewels, games: what stands about to be looked at."""

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.meshes import (
    TAU,
    Mesh,
    box,
    bumpy_ball,
    merged,
    moved,
    sheet,
    stretched,
    torus_knot,
    turned,
)
from mcdenoise.random_scenes.parts import (
    Part,
    Picture,
    Plugin,
    Rgb,
    Thing,
    choose,
    lamp,
    rotation,
    scaling,
    translation,
)
from mcdenoise.random_scenes.solids import (
    LEVEL,
    ball,
    block,
    can,
    faceted,
    flat_shaded,
    heap,
    hull_of,
    icosphere,
    polygon,
    prism,
    revolved,
    ring,
    rod,
    rounded,
    stood,
    superball,
    warped,
    waves,
    with_uv_scale,
)
from mcdenoise.random_scenes.strands import tubes
from mcdenoise.random_scenes.tableware import index_of, vessel
from mcdenoise.random_scenes.textures import periodic_noise, pixel_grid, ramp

WATER: Plugin = {"type": "dielectric", "int_ior": 1.333}


def _vase_profile(rng: np.random.Generator, height: float) -> np.ndarray:
    """From the foot up to the mouth: a smooth curve through five random radii, or a plain cone or cylinder (30 %)."""
    wide = height * rng.uniform(0.2, 0.42)
    if rng.uniform() < 0.3:
        foot = wide * rng.uniform(0.55, 1.0)
        mouth = wide * rng.uniform(0.6, 1.1)
        t = np.linspace(0, 1, 9)
        side = np.stack([foot + (mouth - foot) * t, 0.003 + (height - 0.003) * t], 1)
    else:
        belly, neck = rng.uniform(0.3, 0.6), rng.uniform(0.72, 0.88)
        knots = [(wide * rng.uniform(0.4, 0.7), 0.003), (wide * rng.uniform(0.75, 0.9), 0.5 * belly * height)]
        knots += [(wide, belly * height), (wide * rng.uniform(0.3, 0.75), neck * height)]
        side = rounded([*knots, (wide * rng.uniform(0.4, 0.8), height)], 28)
    return np.concatenate([[(0, 0), (side[0, 0] - 0.002, 0)], side])


def _vase_parts(rng: np.random.Generator, height: float) -> tuple[list[Part], float, float]:
    """A vase on z = 0: parts, radius of the narrowest place inside, height of the mouth.

    Turned clay, stone, wood or metal (55 %), faceted (15 %), fluted (10 %), or of glass with water in it (20 %).
    """
    outer = _vase_profile(rng, height)
    wall = rng.uniform(0.0025, 0.005)
    narrow = float(outer[2:, 0][outer[2:, 1] > 0.4 * height].min()) - wall - 0.001
    kind = choose(rng, {"turned": 0.55, "faceted": 0.15, "fluted": 0.1, "glass": 0.2})
    if kind == "glass":
        glass = choose(rng, [materials.glass, materials.glass, materials.coloured_glass])(rng)
        filling = (WATER, None) if rng.uniform() < 0.7 else None
        return vessel(outer, wall, 0.01, glass, filling, rng.uniform(0.35, 0.75), 44)[0], narrow, height
    bsdf = choose(
        rng,
        {materials.glazed: 0.3, materials.ceramic: 0.25, materials.terracotta: 0.1, materials.stone: 0.1}
        | {materials.metal: 0.1, materials.gold_like: 0.05, materials.wood: 0.1},
    )(rng)
    outside, hollow = hull_of(outer, wall, 0.01)
    profile = np.concatenate([outside, hollow])
    if kind == "faceted":
        mesh = flat_shaded(revolved(profile, int(rng.integers(5, 11))))
        twist = np.radians(rng.uniform(-60, 60)) / height
        return [Part(flat_shaded(warped(mesh, lambda p: _twisted(p, twist))), bsdf)], 0.75 * narrow, height
    mesh = revolved(profile, 72 if kind == "fluted" else 44)
    if kind == "fluted":
        ribs, depth, twist = rng.integers(8, 17), rng.uniform(0.01, 0.035), rng.uniform(-4, 4) / height
        mesh = warped(mesh, lambda p: _fluted(p, ribs, depth, twist))
    return [Part(mesh, bsdf)], 0.95 * narrow, height


def _twisted(points: np.ndarray, radians_a_metre: float) -> np.ndarray:
    angle = points[:, 2] * radians_a_metre
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = points[:, 0], points[:, 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y, points[:, 2]], 1)


def _fluted(points: np.ndarray, ribs: int, depth: float, twist: float) -> np.ndarray:
    angle = np.arctan2(np.round(points[:, 1], 9) + 0.0, np.round(points[:, 0], 9) + 0.0)
    scale = 1 + depth * np.cos(ribs * angle + twist * ribs * points[:, 2])
    return points * np.stack([scale, scale, np.ones(len(points))], 1)


def vase(rng: np.random.Generator) -> Thing:
    """An empty vase 12 to 38 cm high; see `_vase_parts`."""
    return stood("vase", _vase_parts(rng, rng.uniform(0.12, 0.38))[0])


def flowers_in_vase(rng: np.random.Generator) -> Thing:
    """A vase of 14 to 28 cm with 3 to 9 stems about twice as long, which bear tulips, daisies, leaves or bare twigs."""
    parts, narrow, mouth = _vase_parts(rng, rng.uniform(0.14, 0.28))
    kind = choose(rng, {"tulip": 0.3, "daisy": 0.3, "leaves": 0.25, "twigs": 0.15})
    green = materials.bark(rng) if kind == "twigs" else {"type": "twosided", "bsdf": _green(rng)}
    petals = [{"type": "twosided", "bsdf": _petal_colour(rng)} for _ in range(2)]
    heart = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": Rgb(0.6, 0.4, 0.05)}}
    card = materials.leaf_card(rng)
    count = int(rng.integers(3, 10))
    stems, cards = [], []
    for k in range(count):
        angle = TAU * (k + rng.uniform(-0.3, 0.3)) / count
        way = np.array([np.cos(angle), np.sin(angle), 0.0])
        long, lean = mouth * rng.uniform(1.6, 2.2), mouth * rng.uniform(0.1, 0.75)
        t = np.linspace(0, 1, 10)
        # From the foot on the far side through the neck and out over the rim.
        reach = (
            np.interp(t, [0, mouth / long, 1], [-0.45 * narrow, 0.55 * narrow, 0.55 * narrow])
            + lean * np.maximum(t - mouth / long, 0) ** 1.5 / (1 - mouth / long) ** 1.5
        )
        path = way * reach[:, None] + np.stack([0 * t, 0 * t, 0.013 + (long - 0.013) * t], 1)
        stems.append(rod(path, min(0.0022, 0.2 * narrow), 6))
        out = path[-1] - path[-2]
        where = translation(*path[-1]) @ _pointing(out)
        if kind == "tulip":
            parts.append(Part(_tulip(rng), petals[k % 2], None, None, where))
        elif kind == "daisy":
            parts.append(Part(_daisy(rng), petals[k % 2], None, None, where))
            parts.append(Part(stretched(ball(0.01, 16, 8), 1, 1, 0.5), heart, None, None, where))
        if kind != "twigs":
            spots = path[5:] if kind == "leaves" else path[4:6]
            for spot in spots:
                cards.append(_leaf_at(rng, spot, rng.uniform(0.05, 0.09)))
    parts.append(Part(merged(*stems), green))
    if cards:
        parts.append(Part(merged(*cards), card))
    return stood("flowers in a vase", parts)


def _green(rng: np.random.Generator) -> Plugin:
    return {"type": "diffuse", "reflectance": Rgb(0.08, 0.25, 0.05).times(float(rng.uniform(0.6, 1.5)))}


def _petal_colour(rng: np.random.Generator) -> Plugin:
    colours = [
        (0.8, 0.75, 0.7),
        (0.7, 0.05, 0.06),
        (0.75, 0.25, 0.4),
        (0.8, 0.55, 0.05),
        (0.3, 0.1, 0.5),
        (0.8, 0.3, 0.05),
    ]
    return {"type": "diffuse", "reflectance": Rgb(*choose(rng, colours)).times(float(rng.uniform(0.7, 1.05)))}


def _pointing(way: np.ndarray) -> np.ndarray:
    """The rotation that takes the z axis along `way`."""
    up = way / np.linalg.norm(way)
    side = np.cross([0.0, 1.0, 0.0] if abs(up[1]) < 0.8 else [1.0, 0.0, 0.0], up)
    side /= np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([side, np.cross(up, side), up], 1)
    return matrix


def _leaf_at(rng: np.random.Generator, spot: np.ndarray, length: float) -> Mesh:
    v, u = np.meshgrid(np.linspace(0, 1, 4), np.linspace(0, 1, 3), indexing="ij")
    points = np.stack(
        [(u - 0.5) * 0.5 * length, v * length, (0.15 * np.abs(u - 0.5) + 0.3 * v - 0.4 * v**2) * length], -1
    )
    leaf = turned(turned(sheet(points, np.stack([u, v], -1)), "x", rng.uniform(-10, 45)), "z", rng.uniform(0, 360))
    return moved(leaf, *spot)


def _petal(length: float, width: float, lift: float, curl: float) -> Mesh:
    """A petal that starts at the origin and reaches along +x, bending up; seen from both sides."""
    v, u = np.meshgrid(np.linspace(0, 1, 6), np.linspace(-1, 1, 5), indexing="ij")
    half = width / 2 * np.sin(np.pi * (0.06 + 0.9 * v)) ** 0.7
    angle = lift + curl * v
    x, z = np.cumsum(np.cos(angle), 0) * length / 6, np.cumsum(np.sin(angle), 0) * length / 6
    return sheet(np.stack([x, u * half, z + 0.25 * half * u**2], -1))


def _tulip(rng: np.random.Generator) -> Mesh:
    size = rng.uniform(0.045, 0.06)
    return merged(*(turned(_petal(size, 0.75 * size, 0.35, 1.7), "z", 60 * k + 5 * (k % 2)) for k in range(6)))


def _daisy(rng: np.random.Generator) -> Mesh:
    size, count = rng.uniform(0.025, 0.045), int(rng.integers(10, 18))
    one = _petal(size, 0.35 * size, rng.uniform(0.1, 0.5), -0.4)
    return merged(*(turned(one, "z", 360 / count * k + rng.uniform(-4, 4)) for k in range(count)))


def succulent(rng: np.random.Generator) -> Thing:
    """A rosette of thick leaves, 6 to 12 cm wide, in a small pot with earth."""
    size = rng.uniform(0.03, 0.06)
    pot_r, pot_h = 0.8 * size, 1.2 * size
    outer = np.array([(0, 0), (0.75 * pot_r, 0), (0.78 * pot_r, 0.002), (pot_r, pot_h)])
    outside, hollow = hull_of(outer, 0.003, 0.004)
    pot = choose(rng, [materials.terracotta, materials.glazed, materials.concrete, materials.metal])(rng)
    earth = revolved([(pot_r - 0.0025, 0.86 * pot_h), (0, 0.9 * pot_h)], 32)
    parts = [Part(revolved(np.concatenate([outside, hollow]), 36), pot), Part(earth, materials.ground(rng))]
    leaf = superball(0.5, 0.19, 0.09, 1.0, 1.0, 12, 8)
    leaf = moved(warped(leaf, lambda p: p * np.stack([np.ones(len(p)), 0.75 + p[:, 0], 1 - 0.6 * p[:, 0]], 1)), x=0.5)
    leaves = []
    count = int(rng.integers(18, 34))
    for k in range(count):
        share = k / count
        lift = 12 + 68 * share
        one = turned(stretched(leaf, *(3 * [size * (1.15 - 0.75 * share)])), "y", -lift)
        leaves.append(moved(turned(one, "z", 137.508 * k), z=0.92 * pot_h + 0.15 * size * share))
    skin = {"type": "roughplastic", "diffuse_reflectance": _green(rng)["reflectance"], "alpha": 0.3}
    parts.append(Part(merged(*leaves), skin))
    return stood("succulent", parts)


def candle(rng: np.random.Generator) -> Thing:
    """One to three candles, pillars (4 to 8 cm wide) or tapers on sticks; 45 % lit; a third of the wax is translucent.

    A flame gives 0.05 to 0.15 of the units of `lamp`.
    """
    lit, taper = rng.uniform() < 0.45, rng.uniform() < 0.4
    radius = rng.uniform(0.009, 0.012) if taper else rng.uniform(0.02, 0.04)
    wax = materials.translucent(rng, radius) if rng.uniform() < 0.33 else (materials.wax_like(rng), None)
    black = {"type": "diffuse", "reflectance": Rgb(0.03, 0.03, 0.03)}
    holder = choose(rng, [materials.gold_like, materials.metal, materials.wood, materials.ceramic])(rng)
    parts = []
    for k in range(1 if rng.uniform() < 0.6 else int(rng.integers(2, 4))):
        height = rng.uniform(0.12, 0.24) if taper else rng.uniform(0.06, 0.18)
        x, y = (2.6 * max(radius, 0.03) * k, rng.uniform(-0.02, 0.02)) if k else (0.0, 0.0)
        base = 0.0
        if taper:
            base = rng.uniform(0.05, 0.2)
            stick = rounded(
                [
                    (0.034, 0.003),
                    (0.02, 0.012),
                    (0.007, 0.3 * base),
                    (0.011, 0.55 * base),
                    (0.008, 0.8 * base),
                    (0.018, base - 0.006),
                    (0.019, base),
                ],
                30,
            )
            foot = revolved([(0, 0), (0.033, 0), *stick, (0, base)], 32)
            parts.append(Part(foot, holder, None, None, translation(x, y)))
        bend = [(radius, 0.97 * height), (0.96 * radius, height), (0.8 * radius, height + 0.001)]
        body = revolved(
            [(0, 0), (0.97 * radius, 0), (radius, 0.002), *bend, (0.3 * radius, height - 0.004), (0, height - 0.005)]
        )
        where = translation(x, y, base + 0.0003)
        parts.append(Part(body, wax[0], None, wax[1], where))
        top = height - 0.005 + 0.0003
        parts.append(
            Part(
                rod([(0, 0, top + 0.001), (0.001, 0, top + 0.006), (0.002, 0, top + 0.012)], 0.0009, 6),
                black,
                None,
                None,
                where,
            )
        )
        if lit:
            profile = rounded([(0, 0), (0.0045, 0.006), (0.0052, 0.011), (0.003, 0.02), (0, 0.03)], 14)
            profile[[0, -1], 0] = 0
            flame = moved(revolved(profile, 16, crease=180.0), 0.002, 0, top + 0.0135)
            area = 5.5e-4
            light = lamp(Rgb(1.0, 0.55, 0.18).times(float(rng.uniform(0.05, 0.15))), area)
            parts.append(Part(flame, black, light, None, where))
    return stood("lit candle" if lit else "candle", parts)


def _sculpture_material(rng: np.random.Generator, size: float) -> tuple[Plugin, Plugin | None]:
    """For one closed mesh: stone, metal, clay, wood (76 %), translucent like marble or jade (12 %), glass (12 %)."""
    kind = rng.uniform()
    if kind < 0.12:
        return materials.translucent(rng, size)
    if kind < 0.24:
        return choose(rng, [materials.glass, materials.coloured_glass, materials.frosted_glass])(rng), None
    plain = [materials.polished_stone, materials.stone, materials.metal, materials.gold_like, materials.ceramic]
    return choose(rng, [*plain, materials.dark_metal, materials.wood, materials.concrete])(rng), None


def sculpture_mesh(rng: np.random.Generator, size: float) -> Mesh:
    """One closed shape about `size` high: a knot, blob, lumpy ball, twisted column, turned pawn, gem-cut or ring."""
    kind = choose(rng, ["knot", "blob", "lumps", "twist", "turned", "cut", "rings"])
    if kind == "knot":
        p, q = choose(rng, [(2, 3), (3, 2), (2, 5), (3, 4)])
        mesh = torus_knot(p, q, size / 3.2, size * rng.uniform(0.055, 0.085), 180, 14)
        return with_uv_scale(turned(mesh, "x", 90), 0.5 * size, 8 * size)
    if kind == "blob":
        mesh = icosphere(4)
        return stretched(
            warped(mesh, lambda p: p * (1 + 0.24 * waves(rng, p, 2.2, 5)[:, None])),
            *(size / 2.4 * rng.uniform(0.8, 1.2, 3)),
        )
    if kind == "lumps":
        mesh = bumpy_ball(size / 2, 72, 40, int(rng.integers(4, 9)), rng.uniform(0.06, 0.16))
        return with_uv_scale(mesh, TAU * size / 2, np.pi * size / 2)
    if kind == "twist":
        sides, turn = int(rng.integers(3, 7)), np.radians(rng.uniform(60, 240))
        base = superball(0.3 * size, 0.3 * size, size / 2, 1.0, 0.35, 60, 40)
        lobes = rng.uniform(0.12, 0.28)
        return warped(base, lambda p: _twisted(_fluted(p, sides, lobes, 0.0), turn / size))
    if kind == "turned":
        r = size * np.array([0.28, 0.3, 0.12, rng.uniform(0.1, 0.25), 0.09, rng.uniform(0.14, 0.24), 0.1])
        z = size * np.array([0.0, 0.06, 0.2, 0.4, 0.58, 0.76, 0.93])
        side = rounded(np.stack([r, z], 1), 40)
        return revolved([(0, 0), *side, (0.05 * size, 0.985 * size), (0, size)], 44)
    if kind == "cut":
        n = int(rng.integers(5, 10))
        heights = np.linspace(-0.5, 0.5, 6) * size
        radii = size * np.array([0.16, 0.36, 0.44, 0.38, 0.26, 0.1]) * rng.uniform(0.85, 1.1, 6)
        return faceted([polygon(n, r, z, 0.5 * (k % 2)) for k, (r, z) in enumerate(zip(radii, heights, strict=True))])
    one = turned(ring(0.4 * size, 0.1 * size, 64, 16), "x", 90)
    flutes = int(rng.integers(3, 8))
    return warped(one, lambda p: p * (1 + 0.05 * np.cos(flutes * np.arctan2(p[:, 2], p[:, 0] + 1e-9)))[:, None])


def sculpture(rng: np.random.Generator) -> Thing:
    """A figure of 8 to 28 cm (`sculpture_mesh`), half of them on a plinth of stone, wood or metal."""
    size = rng.uniform(0.08, 0.28)
    mesh = sculpture_mesh(rng, size)
    bsdf, medium = _sculpture_material(rng, 0.4 * size)
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    part = Part(mesh, bsdf, None, medium, translation(*(-(low + high) / 2)[:2], -low[2] + 0.0004))
    parts = [part]
    if rng.uniform() < 0.5:
        side, tall = 0.62 * max(high[:2] - low[:2]) + 0.02, rng.uniform(0.02, 0.06)
        base = box((side, side, tall), 0.0025, (0, 0, -tall / 2))
        parts.append(Part(base, choose(rng, [materials.polished_stone, materials.wood, materials.dark_metal])(rng)))
    return stood("sculpture", parts)


def balanced_stones(rng: np.random.Generator) -> Thing:
    """Three to six pebbles of 2 to 10 cm piled on one another, the largest below."""
    bsdf = [choose(rng, [materials.stone, materials.polished_stone, materials.concrete])(rng) for _ in range(2)]
    size, z, parts = rng.uniform(0.035, 0.055), 0.0, []
    for k in range(int(rng.integers(3, 7))):
        x, y, h = size * rng.uniform(0.9, 1.1), size * rng.uniform(0.75, 1.0), size * rng.uniform(0.35, 0.55)
        stone = superball(x, y, h, rng.uniform(0.8, 1.0), rng.uniform(0.75, 0.95), 32, 18)
        where = translation(*(rng.uniform(-0.1, 0.1, 2) * size), z + h) @ rotation("z", rng.uniform(0, 360))
        parts.append(Part(stone, bsdf[k % 2], None, None, where))
        z += 2 * h + 0.0003
        size *= rng.uniform(0.68, 0.88)
    return stood("balanced stones", parts)


def animal(rng: np.random.Generator) -> Thing:
    """A figure of an animal made of rounded bodies, 6 to 14 cm: bird, cat or elephant; clay, wood, metal or plastic."""
    kind = choose(rng, ["bird", "cat", "elephant"])
    bsdf = choose(rng, [materials.ceramic, materials.glazed, materials.wood, materials.gold_like, materials.plastic])(
        rng
    )
    if kind == "bird":
        body = warped(
            superball(0.5, 0.3, 0.3, 1, 1, 32, 18),
            lambda p: p + np.stack([0 * p[:, 0], 0 * p[:, 0], 0.5 * (p[:, 0] - 0.1) ** 2], 1),
        )
        pieces = [moved(body, z=0.33), moved(ball(0.2, 24, 14), -0.36, 0, 0.68)]
        pieces.append(moved(turned(revolved([(0, 0), (0.06, 0), (0, 0.2)], 14), "y", -90), -0.54, 0, 0.68))
        pieces.append(moved(can(0.2, 0.06, 0.02, 24), 0, 0, 0.0))
    elif kind == "cat":
        pieces = [moved(superball(0.26, 0.22, 0.42, 1, 0.9, 30, 18), z=0.4), moved(ball(0.2, 26, 14), -0.1, 0, 0.92)]
        ear = revolved([(0, 0), (0.075, 0), (0, 0.17)], 12)
        pieces += [moved(ear, -0.1, side * 0.12, 1.05) for side in (-1, 1)]
        pieces += [moved(superball(0.08, 0.06, 0.24, 1, 0.9, 14, 10), -0.22, side * 0.1, 0.24) for side in (-1, 1)]
        t = np.linspace(0, 1, 12)
        tail = np.stack([0.22 + 0.16 * np.sin(np.pi * t), 0.28 * t, 0.06 + 0.05 * np.sin(TAU * t) + 0.1 * t], 1)
        pieces.append(rod(tail, 0.045, 10))
    else:
        pieces = [
            moved(superball(0.5, 0.32, 0.34, 0.95, 0.9, 32, 18), z=0.62),
            moved(ball(0.25, 26, 14), -0.52, 0, 0.8),
        ]
        pieces += [moved(can(0.1, 0.4, 0.02, 18), x, y, 0.0) for x in (-0.28, 0.3) for y in (-0.17, 0.17)]
        t = np.linspace(0, 1, 14)
        trunk = np.stack([-0.72 - 0.16 * np.sin(2.2 * t), 0 * t, 0.74 - 0.62 * t + 0.12 * t**3], 1)
        pieces.append(rod(trunk, 0.085 - 0.045 * t, 12))
        pieces += [moved(superball(0.05, 0.2, 0.22, 1, 1, 20, 12), -0.4, side * 0.32, 0.86) for side in (-1, 1)]
    scale = rng.uniform(0.06, 0.12)
    return stood("animal figure", [Part(stretched(merged(*pieces), scale, scale, scale), bsdf)])


def globe(rng: np.random.Generator) -> Thing:
    """A globe of 16 to 30 cm with a map of its own, tilted in a meridian of metal, on a turned foot."""
    radius = rng.uniform(0.08, 0.15)
    mesh = ball(radius, 48, 24)
    mesh = with_uv_scale(mesh, 1 / (TAU * radius), 1 / (np.pi * radius))
    relief = periodic_noise(rng, 256, 1.9)
    sea, land = choose(
        rng,
        [
            ((0.1, 0.25, 0.45), (0.6, 0.55, 0.3)),
            ((0.55, 0.5, 0.38), (0.4, 0.28, 0.15)),
            ((0.05, 0.06, 0.08), (0.6, 0.5, 0.3)),
        ],
    )
    picture = np.where((relief > 0.62)[..., None], ramp(relief, [sea, land, land, np.array(land) * 0.7], 16), sea)
    u, v = pixel_grid(256)
    picture[((u * 24) % 1 < 0.06) | ((v * 12) % 1 < 0.06)] *= 0.8
    paper = {
        "type": "roughplastic",
        "diffuse_reflectance": {"type": "bitmap", "picture": Picture(picture)},
        "alpha": 0.15,
    }
    metal, foot = materials.gold_like(rng), choose(rng, [materials.wood, materials.metal])(rng)
    high = 1.75 * radius
    tilt = translation(0, 0, high) @ rotation("y", 23)
    half = np.radians(np.linspace(-90, 90, 25))
    band = rod(1.09 * radius * np.stack([np.cos(half), 0 * half, np.sin(half)], 1), 0.004, 8)
    pins = [moved(can(0.005, 0.1 * radius, 0.0, 12), z=z) for z in (1.0 * radius, -1.1 * radius)]
    stand = rounded(
        [
            (0.6 * radius, 0.004),
            (0.5 * radius, 0.02),
            (0.12 * radius, 0.16 * radius),
            (0.08 * radius, 0.4 * radius),
            (0.11 * radius, 0.66 * radius),
        ],
        18,
    )
    parts = [
        Part(mesh, paper, None, None, tilt),
        Part(merged(band, *pins), metal, None, None, tilt),
        Part(revolved([(0, 0), (0.59 * radius, 0), *stand, (0, 0.67 * radius)], 36), foot),
    ]
    return stood("globe", parts)


def clock(rng: np.random.Generator) -> Thing:
    """A table clock 8 to 20 cm wide that faces -y: round on feet or in a box, with twelve marks and two hands."""
    radius = rng.uniform(0.04, 0.09)
    case = choose(rng, [materials.metal, materials.wood, materials.glossy_plastic, materials.gold_like])(rng)
    light = rng.uniform() < 0.7
    face = {"type": "diffuse", "reflectance": Rgb(0.8, 0.78, 0.72) if light else Rgb(0.05, 0.05, 0.06)}
    ink = {"type": "diffuse", "reflectance": Rgb(0.03, 0.03, 0.03) if light else Rgb(0.8, 0.75, 0.6)}
    deep = rng.uniform(0.025, 0.05)
    upright = translation(0, 0, radius * 1.25) @ rotation("x", 90)  # the dial's z axis becomes -y
    marks = [
        turned(block((0.006 * (1 + (k % 3 == 0)), 0.16 * radius, 0.0008), (0, 0.8 * radius, 0.0008)), "z", 30 * k)
        for k in range(12)
    ]
    hands = []
    for length, width, z in ((0.5, 0.012, 0.0022), (0.72, 0.008, 0.0036)):
        hand = block((width * 0.6, length * radius, 0.0008), (0, 0.42 * length * radius, z))
        hands.append(turned(hand, "z", rng.uniform(0, 360)))
    parts = [
        Part(revolved([(0.98 * radius, 0.0), (0, 0.0)], 48), face, None, None, upright),
        Part(merged(*marks, *hands, moved(can(0.005, 0.005, 0.001, 16), z=0)), ink, None, None, upright),
    ]
    rim = [
        (0, -deep),
        (0.9 * radius, -deep),
        (1.03 * radius, -0.7 * deep),
        (1.05 * radius, 0.004),
        (1.02 * radius, 0.009),
    ]
    shell = revolved([*rim, (0.97 * radius, 0.006), (0.97 * radius, -0.0004), (0, -0.0004)], 48)
    parts.append(Part(shell, case, None, None, upright))
    if rng.uniform() < 0.6:
        cover = revolved([(0.97 * radius, 0.0062), (0.0, 0.0062)], 40)
        parts.append(Part(cover, materials.thin_glass(rng), None, None, upright))
    if rng.uniform() < 0.5:
        feet = [
            rod([(s * 0.75 * radius, deep / 2, 0.5 * radius), (s * 0.95 * radius, deep / 2, 0.004)], 0.004, 8)
            for s in (-1, 1)
        ]
        bells = [moved(can(0.3 * radius, 0.02, 0.01, 20), s * 0.55 * radius, deep / 2, 2.2 * radius) for s in (-1, 1)]
        parts.append(Part(merged(*feet, *bells), case))
    else:
        foot = box((1.5 * radius, deep * 1.4, 0.35 * radius), 0.003, (0, deep / 2, 0.175 * radius))
        parts.append(Part(foot, choose(rng, [materials.wood, materials.polished_stone])(rng)))
    return stood("clock", parts)


def picture_frame(rng: np.random.Generator) -> Thing:
    """A framed picture of 10 to 28 cm that leans back by 8 to 16 degrees on a strut; half with glass."""
    width = rng.uniform(0.1, 0.22)
    height = width * choose(rng, [1.4, 1.25, 0.72, 1.0])
    bar, thick = rng.uniform(0.008, 0.028), rng.uniform(0.01, 0.02)
    frame = choose(rng, [materials.wood, materials.gold_like, materials.metal, materials.glossy_plastic])(rng)
    pieces = [box((width + 2 * bar, thick, bar), 0.002, (0, 0, z)) for z in (bar / 2, height + 1.5 * bar)]
    pieces += [block((bar, thick, height), (s * (width + bar) / 2, 0, bar + height / 2)) for s in (-1, 1)]
    v, u = np.meshgrid([0.0, 1.0], [0.0, 1.0], indexing="ij")
    sheet_at = np.stack([(u - 0.5) * width, 0 * u + 0.1 * thick, bar + v * height], -1)
    back = block((width + bar, 0.003, height + bar), (0, thick / 2 + 0.002, bar + height / 2))
    lean = rng.uniform(8, 16)
    tilt = rotation("x", -lean)
    parts = [
        Part(merged(*pieces), frame, None, None, tilt),
        Part(sheet(sheet_at), materials.painting_picture(rng), None, None, tilt),
        Part(back, materials.leather(rng), None, None, tilt),
    ]
    if rng.uniform() < 0.5:
        pane = sheet(sheet_at + np.array([0, -0.35 * thick, 0]))
        parts.append(Part(pane, materials.thin_glass(rng), None, None, tilt))
    top = 0.62 * height
    start = np.array([0, top * np.sin(np.radians(lean)) + thick / 2 + 0.006, top * np.cos(np.radians(lean))])
    end = np.array([0, start[1] + 0.35 * top, -0.5 * thick * np.sin(np.radians(lean)) + 0.002])
    parts.append(Part(rod([start, (start + end) / 2, end], 0.003, 6), frame))
    return stood("picture frame", parts)


def hourglass(rng: np.random.Generator) -> Thing:
    """An hourglass 12 to 20 cm high: a closed bulb of glass with sand below, between two plates with three posts."""
    h, r = rng.uniform(0.1, 0.17), rng.uniform(0.026, 0.036)
    knots = [(0.45 * r, 0.002), (0.95 * r, 0.12 * h), (r, 0.25 * h), (0.5 * r, 0.42 * h), (0.005, 0.5 * h)]
    side = rounded([*knots, *[(a, h - b) for a, b in knots[-2::-1]]], 46)
    outer = np.concatenate([[(0, 0.0)], side, [(0, h)]])
    inner = np.concatenate([[(0, 0.002)], side[1:-1] - np.array([0.0015, 0]), [(0, h - 0.002)]])
    glass = merged(revolved(outer, 36), revolved(inner[::-1], 36))
    grain = np.concatenate([[(0, 0.0026)], (side[1:-1] - np.array([0.0019, 0]))[side[1:-1, 1] < 0.2 * h]])
    sand = revolved([*grain, (0, 0.34 * h)], 32)
    frame = choose(rng, [materials.wood, materials.gold_like, materials.dark_metal])(rng)
    plates = [can(1.5 * r, 0.008, 0.002), moved(can(1.5 * r, 0.008, 0.002), z=h + 0.009)]
    posts = [
        moved(can(0.003, h + 0.001, 0.0, 12), 1.3 * r * np.cos(a), 1.3 * r * np.sin(a), 0.008) for a in (0.5, 2.6, 4.7)
    ]
    lift = translation(0, 0, 0.0085)
    pieces = [Part(glass, materials.glass(rng), None, None, lift), Part(sand, materials.ground(rng), None, None, lift)]
    return stood("hourglass", [*pieces, Part(merged(*plates, *posts), frame)])


def gem_mesh(radius: float, crown: int = 8) -> Mesh:
    """A brilliant cut: table, crown, girdle and pavilion, tip down, the girdle at z = 0."""
    rings = [polygon(1, 0.0, -0.86 * radius), polygon(crown, 0.55 * radius, -0.4 * radius, 0.5)]
    rings += [polygon(2 * crown, radius, -0.03 * radius, 0.5), polygon(2 * crown, radius, 0.03 * radius, 0.5)]
    rings += [polygon(crown, 0.78 * radius, 0.22 * radius), polygon(crown, 0.55 * radius, 0.33 * radius, 0.5)]
    return faceted(rings)


def _gem_material(rng: np.random.Generator) -> Plugin:
    """Diamond (ior 2.4), sapphire or ruby (1.77), emerald (1.58), as tinted dielectrics."""
    ior, tint = choose(
        rng, [(2.4, (1, 1, 1)), (1.77, (0.25, 0.4, 0.95)), (1.77, (0.95, 0.2, 0.25)), (1.58, (0.25, 0.9, 0.45))]
    )
    return {"type": "dielectric", "int_ior": ior, "specular_transmittance": Rgb(*map(float, tint))}


def gems(rng: np.random.Generator) -> Thing:
    """Three to twelve cut stones of 5 to 16 mm on a small dish or bare, lying on their sides."""
    stuff = [_gem_material(rng) for _ in range(2)]
    radii = rng.uniform(0.0025, 0.008, int(rng.integers(3, 13)))
    parts = []
    kept: list[tuple[float, float, float]] = []
    for radius in radii:
        for _ in range(20):
            x, y = rng.uniform(-0.035, 0.035, 2)
            if all((x - a) ** 2 + (y - b) ** 2 > (radius + c) ** 2 * 1.1 for a, b, c in kept):
                kept.append((x, y, radius))
                mesh = gem_mesh(radius, int(rng.integers(6, 10)))
                # It rests on girdle and tip: tilted by the slope of the pavilion.
                tilt = rotation("z", rng.uniform(0, 360)) @ rotation("x", rng.uniform(130, 140))
                low = float((mesh.points @ tilt[2, :3]).min())
                parts.append(Part(mesh, stuff[len(kept) % 2], None, None, translation(x, y, -low) @ tilt))
                break
    if rng.uniform() < 0.4:
        dish = can(0.055, 0.006, 0.002, 40)
        bsdf = choose(rng, [materials.velvet, materials.dark_metal, materials.polished_stone])(rng)
        parts.append(Part(moved(dish, z=-0.0063), bsdf))
    return stood("gems", parts)


def jewel_ring(rng: np.random.Generator) -> Thing:
    """A finger ring with a cut stone of 6 to 10 mm held by four claws, standing in a slit of a small box."""
    radius, stone = 0.0095, rng.uniform(0.003, 0.005)
    metal = choose(rng, [materials.gold_like, materials.metal])(rng)
    band = turned(ring(radius, 0.0012, 56, 10), "x", 90)
    claws = []
    for k in range(4):
        angle = TAU * (k + 0.5) / 4
        foot = np.array([0.3 * stone * np.cos(angle), 0.3 * stone * np.sin(angle), radius])
        tip = np.array([1.05 * stone * np.cos(angle), 1.05 * stone * np.sin(angle), radius + 0.0012 + stone])
        claws.append(rod([foot, (foot + tip) / 2, tip], 0.0004, 6))
    gem = moved(gem_mesh(stone, 8), z=radius + 0.0016 + 0.86 * stone)
    side = 0.045
    cushion = box((side, side, 0.016), 0.003, (0, 0, -radius - 0.001))
    parts = [Part(merged(band, *claws), metal), Part(gem, _gem_material(rng))]
    parts.append(Part(cushion, choose(rng, [materials.velvet, materials.leather, materials.fabric])(rng)))
    return stood("jewel ring", parts)


def watch(rng: np.random.Generator) -> Thing:
    """A wristwatch of 3.4 to 4.4 cm lying on its back between the halves of its strap."""
    r = rng.uniform(0.017, 0.022)
    case = choose(rng, [materials.metal, materials.gold_like, materials.brushed_metal])(rng)
    strap = choose(rng, [materials.leather, materials.rubber, materials.fabric, materials.metal])(rng)
    body = revolved(
        [
            (0, 0),
            (0.85 * r, 0),
            (r, 0.002),
            (r, 0.006),
            (0.95 * r, 0.0085),
            (0.9 * r, 0.0088),
            (0.88 * r, 0.0072),
            (0, 0.0072),
        ],
        48,
    )
    crown = moved(turned(can(0.0025, 0.003, 0.0006, 18), "y", 90), r, 0, 0.0045)
    ink = {"type": "diffuse", "reflectance": Rgb(0.75, 0.73, 0.68)}
    dark = rng.uniform() < 0.5
    face = {
        "type": "roughplastic",
        "diffuse_reflectance": Rgb(0.02, 0.03, 0.06) if dark else Rgb(0.7, 0.68, 0.62),
        "alpha": 0.1,
    }
    hand = ink if dark else {"type": "diffuse", "reflectance": Rgb(0.03, 0.03, 0.03)}
    marks = [turned(block((0.0006, 0.0024, 0.0004), (0, 0.72 * r, 0.0076)), "z", 30 * k) for k in range(12)]
    marks += [
        turned(block((0.001, s * r, 0.0003), (0, 0.4 * s * r, z)), "z", rng.uniform(0, 360))
        for s, z in ((0.5, 0.0079), (0.7, 0.0083))
    ]
    parts = [
        Part(merged(body, crown), case),
        Part(revolved([(0.87 * r, 0.0073), (0, 0.0073)], 40), face),
        Part(merged(*marks), hand),
        Part(revolved([(0.895 * r, 0.00875), (0, 0.00875)], 40), materials.thin_glass(rng)),
    ]
    t = np.linspace(0, 1, 12)
    for s in (-1, 1):
        y, z = s * (0.8 * r + 0.075 * t), 0.0042 - 0.0027 * np.minimum(1, 3 * t)
        half = 0.009 - 0.0012 * t
        v, u = np.meshgrid(np.arange(12), [-1.0, 1.0], indexing="ij")
        points = np.stack([u * half[v], y[v], z[v]], -1)
        top = sheet(points if s > 0 else points[::-1], np.stack([u * half[v], y[v]], -1))
        parts.append(Part(merged(moved(top, z=0.0014), _flipped(top)), strap))
    return stood("watch", parts)


def _flipped(mesh: Mesh) -> Mesh:
    return Mesh(mesh.points, -mesh.normals, mesh.uvs, mesh.faces[:, ::-1])


def perfume(rng: np.random.Generator) -> Thing:
    """A perfume bottle 6 to 12 cm high: a thick block of glass with a hollow of scent, a collar and a cap."""
    w, d, h = rng.uniform(0.035, 0.06), rng.uniform(0.022, 0.035), rng.uniform(0.045, 0.08)
    glass = materials.glass(rng)
    scent = {"type": "dielectric", "int_ior": 1.36, "ext_ior": index_of(glass) or 1.5}
    scent["specular_transmittance"] = Rgb(*map(float, 1 - rng.uniform(0.0, 0.35, 3) * np.array([0.3, 0.7, 1.0])))
    round_one = rng.uniform() < 0.4
    if round_one:
        outer, inner = (
            superball(w / 2, d / 2 * 1.2, h / 2, 0.8, 0.6, 48, 28),
            superball(0.36 * w, 0.36 * d, 0.36 * h, 0.9, 0.8, 40, 22),
        )
    else:
        outer, inner = box((w, d, h), 0.003), box((w - 0.012, d - 0.012, h - 0.016), 0.002)
    parts = [Part(outer, glass), Part(inner, scent)]
    metal = choose(rng, [materials.gold_like, materials.metal])(rng)
    parts.append(Part(moved(can(0.0075, 0.006, 0.001, 24), z=h / 2 + 0.0004), metal))
    cap = can(0.011, 0.024, 0.002, 28) if rng.uniform() < 0.5 else box((0.022, 0.022, 0.024), 0.002, (0, 0, 0.012))
    cover = choose(rng, [materials.glass, materials.glossy_plastic, materials.metal, materials.wood])(rng)
    parts.append(Part(moved(cap, z=h / 2 + 0.0068), cover))
    return stood("perfume bottle", parts)


_CHESS_HEADS = {
    "pawn": [(0.05, 0.3), (0.11, 0.36), (0.055, 0.4), (0.1, 0.46), (0.115, 0.53), (0.06, 0.62), (0.0, 0.63)],
    "bishop": [
        (0.055, 0.45),
        (0.12, 0.52),
        (0.06, 0.56),
        (0.1, 0.65),
        (0.09, 0.75),
        (0.03, 0.84),
        (0.035, 0.88),
        (0, 0.92),
    ],
    "queen": [
        (0.055, 0.55),
        (0.13, 0.62),
        (0.065, 0.66),
        (0.09, 0.82),
        (0.14, 0.95),
        (0.08, 0.96),
        (0.03, 1.0),
        (0, 1.05),
    ],
    "rook": [(0.08, 0.4), (0.12, 0.46), (0.085, 0.5), (0.13, 0.58), (0.13, 0.7), (0.09, 0.7), (0.085, 0.64), (0, 0.64)],
}


def chess(rng: np.random.Generator) -> Thing:
    """4 to 14 chessmen of two colours on a board of 26 to 40 cm with bordered squares; 3 to 10 cm high."""
    square = rng.uniform(0.03, 0.046)
    kinds = [materials.wood, materials.polished_stone, materials.glossy_plastic, materials.metal]
    light, dark = choose(rng, [*kinds, materials.glass])(rng), choose(rng, kinds)(rng)
    field = block((square, square, 0.002), (0, 0, -0.001))
    fields: list[list[Mesh]] = [[], []]
    for i in range(8):
        for j in range(8):
            fields[(i + j) % 2].append(moved(field, (i - 3.5) * square, (j - 3.5) * square))
    board = [choose(rng, [materials.wood, materials.polished_stone])(rng) for _ in range(3)]
    edge = box((8.9 * square, 8.9 * square, 0.016), 0.003, (0, 0, -0.0104))
    parts = [Part(merged(*fields[0]), board[0]), Part(merged(*fields[1]), board[1]), Part(edge, board[2])]
    places = rng.permutation(64)[: rng.integers(4, 15)]
    foot = [(0.17, 0.0), (0.18, 0.03), (0.165, 0.07), (0.13, 0.09), (0.135, 0.12), (0.095, 0.17), (0.07, 0.26)]
    meshes = {name: revolved([(0, 0), *rounded(foot + head, 34)], 24) for name, head in _CHESS_HEADS.items()}
    for k, place in enumerate(places):
        mesh = meshes[choose(rng, {"pawn": 0.5, "bishop": 0.2, "queen": 0.1, "rook": 0.2})]
        where = translation((place % 8 - 3.5) * square, (place // 8 - 3.5) * square, 0.0004) @ scaling(square / 0.46)
        parts.append(Part(mesh, light if k % 2 else dark, None, None, where))
    return stood("chess", parts)


def dice(rng: np.random.Generator) -> Thing:
    """Two to five dice of 12 to 18 mm with pips, of plastic, bone or tinted glass."""
    size = rng.uniform(0.012, 0.018)
    body = box((size, size, size), 0.15 * size)
    bsdf = choose(rng, [materials.glossy_plastic, materials.wax_like, materials.coloured_glass, materials.wood])(rng)
    ink = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": Rgb(*3 * [choose(rng, [0.03, 0.75])])}}
    pip = revolved([(0.09 * size, 0.5 * size + 0.0001), (0, 0.5 * size + 0.0001)], 12)
    layout = {
        1: [(0, 0)],
        2: [(1, 1), (-1, -1)],
        3: [(1, 1), (0, 0), (-1, -1)],
        4: [(1, 1), (1, -1), (-1, 1), (-1, -1)],
    }
    layout[5] = [*layout[4], (0, 0)]
    layout[6] = [*layout[4], (1, 0), (-1, 0)]
    turns = {1: ("x", 0), 6: ("x", 180), 2: ("x", 90), 5: ("x", -90), 3: ("y", 90), 4: ("y", -90)}
    pips = merged(
        *(
            turned(moved(pip, 0.26 * size * a, 0.26 * size * b), *turns[n])
            for n, spots in layout.items()
            for a, b in spots
        )
    )
    parts, kept = [], []
    for _ in range(int(rng.integers(2, 6))):
        for _ in range(20):
            x, y = rng.uniform(-0.035, 0.035, 2)
            if all((x - a) ** 2 + (y - b) ** 2 > 2.2 * size**2 for a, b in kept):
                kept.append((x, y))
                roll = rotation("z", rng.uniform(0, 360)) @ rotation(choose(rng, "xy"), 90.0 * rng.integers(4))
                where = translation(x, y, size / 2) @ roll
                parts += [Part(body, bsdf, None, None, where), Part(pips, ink, None, None, where)]
                break
    return stood("dice", parts)


def coins(rng: np.random.Generator) -> Thing:
    """6 to 24 coins of 18 to 26 mm, in piles and scattered, of two metals."""
    metals = [materials.gold_like(rng), materials.metal(rng)]
    parts, piles = [], []
    for _ in range(int(rng.integers(3, 8))):
        x, y = rng.uniform(-0.06, 0.06, 2)
        radius, high = rng.uniform(0.009, 0.013), int(rng.integers(1, 6))
        if any((x - a) ** 2 + (y - b) ** 2 < (radius + c) ** 2 for a, b, c in piles):
            continue
        piles.append((x, y, radius))
        rim = [
            (0, 0.0002),
            (0.86 * radius, 0.0002),
            (0.88 * radius, 0),
            (radius, 0.0001),
            (radius, 0.0018),
            (0.88 * radius, 0.0019),
        ]
        coin = revolved([*rim, (0.86 * radius, 0.0016), (0, 0.0016)], 32)
        for k in range(high):
            shift = rng.uniform(-0.0008, 0.0008, 2)
            parts.append(
                Part(coin, metals[len(piles) % 2], None, None, translation(x + shift[0], y + shift[1], 0.002 * k))
            )
    return stood("coins", parts)


def marbles(rng: np.random.Generator) -> Thing:
    """8 to 30 balls of 14 to 22 mm in a loose heap on the table; glass, metal, stone and plastic mixed."""
    kinds = [
        materials.glass,
        materials.coloured_glass,
        materials.metal,
        materials.glossy_plastic,
        materials.polished_stone,
    ]
    stuff = [choose(rng, kinds)(rng) for _ in range(4)]
    radii = rng.uniform(0.007, 0.011, int(rng.integers(8, 31)))
    places = heap(rng, 1.01 * radii, LEVEL, rng.uniform(0.06, 0.11), 30)
    parts = []
    for radius, place in zip(radii, places, strict=True):
        if place[2] < 1.1 * radius:  # what lies on others would roll off
            bsdf = stuff[rng.integers(4)]
            parts.append(Part({"type": "sphere", "radius": float(radius)}, bsdf, None, None, translation(*place)))
    return stood("marbles", parts)


def soap(rng: np.random.Generator) -> Thing:
    """A bar of soap of 7 to 9 cm, translucent or opaque, in a dish of clay or bare."""
    x, y, z = rng.uniform(0.034, 0.045), rng.uniform(0.022, 0.03), rng.uniform(0.011, 0.017)
    bar = superball(x, y, z, rng.uniform(0.4, 1.0), 0.55, 40, 20)
    bsdf, medium = materials.translucent(rng, 2 * z) if rng.uniform() < 0.6 else (materials.wax_like(rng), None)
    parts = [Part(bar, bsdf, None, medium, translation(0, 0, z))]
    if rng.uniform() < 0.6:
        dish = revolved(
            [(0, -0.008), (0.06, -0.008), (0.066, 0.006), (0.063, 0.006), (0.058, -0.0006), (0, -0.0006)], 44
        )
        parts.append(Part(stretched(dish, 1.0, 0.75, 1.0), choose(rng, [materials.ceramic, materials.stone])(rng)))
    return stood("soap", parts)


def woven_basket(rng: np.random.Generator) -> Thing:
    """A round basket of 16 to 30 cm woven of 11 to 18 rows around upright stakes, open above."""
    radius, height = rng.uniform(0.08, 0.15), rng.uniform(0.07, 0.16)
    flare, rows = rng.uniform(0.0, 0.3), int(rng.integers(11, 19))
    stakes = 2 * int(rng.integers(8, 13)) + 1
    thick = height / rows / 2.05
    reed = choose(rng, [materials.wood, materials.bark, materials.fabric])(rng)
    t = np.linspace(0, TAU, 4 * stakes + 1)
    k = np.arange(rows)[:, None]
    z = thick * (2 * k + 1.2)
    # An odd number of stakes makes each row pass on the other side than the row below.
    r = radius * (0.8 + flare * z / height) + 0.9 * thick * np.cos(stakes * t / 2 + np.pi * k)
    weavers = tubes(_polar(r, t, z), np.full(r.shape, thick), 6)
    angle, share = TAU * np.arange(stakes)[:, None] / stakes, np.array([0.02, 0.5, 1.0])
    posts = _polar(radius * (0.8 + flare * share), angle, share * height)
    uprights = tubes(posts, np.full(posts.shape[:2], 0.7 * thick), 6)
    rim = moved(ring(radius * (0.8 + flare), 1.5 * thick, 56, 7), z=height)
    floor = can(0.8 * radius, 0.004, 0.001, 36)
    return stood("basket", [Part(merged(weavers, uprights, rim, floor), reed)])


def _polar(radius: np.ndarray, angle: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Points `[..., 3]` from cylindrical coordinates of shapes that go together."""
    return np.stack(np.broadcast_arrays(radius * np.cos(angle), radius * np.sin(angle), height), -1)


def ring_stack(rng: np.random.Generator) -> Thing:
    """A toy of four to six rings, larger below, on a peg, 12 to 18 cm high."""
    paints = [choose(rng, [materials.glossy_plastic, materials.paint, materials.wood])(rng) for _ in range(3)]
    count = int(rng.integers(4, 7))
    thick = rng.uniform(0.011, 0.014)
    parts = [
        Part(
            merged(can(0.06, 0.012, 0.003), moved(can(0.008, 2 * thick * count + 0.022, 0.003, 20), z=0.011)), paints[0]
        )
    ]
    for k in range(count):
        size = 0.055 - 0.006 * k
        one = ring(size - thick, thick, 48, 14)
        parts.append(Part(moved(one, z=0.0125 + thick * (2 * k + 1) + 0.0002 * k), paints[k % 3]))
    top = {"type": "sphere", "radius": 0.017}
    parts.append(Part(top, paints[1], None, None, translation(0, 0, 2 * thick * count + 0.047)))
    return stood("ring stack", parts)


def building_blocks(rng: np.random.Generator) -> Thing:
    """Five to twelve toy blocks of 3 to 5 cm: cubes, bars, cylinders, wedges; some on top of others."""
    s = rng.uniform(0.03, 0.045)
    stuff = [choose(rng, [materials.paint, materials.glossy_plastic, materials.wood])(rng) for _ in range(4)]
    cube = box((s, s, s), 0.002, (0, 0, s / 2))
    roof = moved(turned(prism([(-s / 2, -s / 4), (s / 2, -s / 4), (0, s / 3)], s), "x", 90), y=s / 2, z=s / 4)
    shapes = [cube, cube, moved(can(s / 2, s, 0.002, 28), z=0), box((s, s, s / 2), 0.002, (0, 0, s / 4)), roof]
    parts, tops = [], []
    for _ in range(int(rng.integers(5, 13))):
        k = int(rng.integers(len(shapes)))
        low = rng.uniform() < 0.65 or not tops
        for _ in range(15):
            x, y = rng.uniform(-0.11, 0.11, 2)
            if not low or all((x - a) ** 2 + (y - b) ** 2 > 2.1 * s**2 for a, b in _places_of(parts)):
                break
        else:
            continue
        z = 0.0
        if not low:
            x, y, z = tops.pop(int(rng.integers(len(tops))))
        where = translation(x, y, z + 0.0003) @ rotation("z", rng.uniform(0, 360))
        parts.append(Part(shapes[k], stuff[rng.integers(4)], None, None, where))
        if k < 4 and z < 2.5 * s:
            tops.append((x, y, z + (s / 2 if k == 3 else s) + 0.0003))
    return stood("building blocks", parts)


def _places_of(parts: list[Part]) -> list[tuple[float, float]]:
    """Where parts stand, seen from above."""
    return [(float(part.to_world[0, 3]), float(part.to_world[1, 3])) for part in parts]
