"""Fruit, bread, cheese and cake."""

import numpy as np

from mcdenoise.random_scenes import colours, materials
from mcdenoise.random_scenes.meshes import TAU, box, moved, stretched
from mcdenoise.random_scenes.parts import Part, Plugin, Thing, choose, moved_part, rotation, scaling, translation
from mcdenoise.random_scenes.solids import (
    LEVEL,
    ball,
    can,
    heap,
    prism,
    revolved,
    rod,
    rounded,
    stood,
    superball,
    wall_between,
    warped,
    waves,
)
from mcdenoise.random_scenes.tableware import bowl_parts

ROUND_FRUIT = {"apple": 0.35, "orange": 0.25, "pear": 0.15, "lemon": 0.15, "peach": 0.1}
"""Fruit that rolls, with chances."""

_RADII = {"apple": 0.038, "orange": 0.038, "pear": 0.034, "lemon": 0.028, "peach": 0.034}
_PROFILES = {
    "apple": [
        (0.0, 0.2),
        (0.3, 0.03),
        (0.55, 0.0),
        (0.85, 0.35),
        (1.0, 0.95),
        (0.88, 1.5),
        (0.55, 1.78),
        (0.2, 1.72),
        (0.0, 1.55),
    ],
    "orange": [(0.0, 0.03), (0.5, 0.1), (0.9, 0.55), (1.0, 1.0), (0.88, 1.47), (0.5, 1.84), (0.15, 1.93), (0.0, 1.9)],
    "pear": [
        (0.0, 0.08),
        (0.35, 0.0),
        (0.8, 0.3),
        (1.0, 0.85),
        (0.85, 1.4),
        (0.52, 1.9),
        (0.42, 2.3),
        (0.25, 2.55),
        (0.0, 2.58),
    ],
    "lemon": [(0.0, 0.0), (0.2, 0.16), (0.7, 0.55), (0.98, 1.15), (0.95, 1.55), (0.6, 2.15), (0.22, 2.45), (0.0, 2.62)],
    "peach": [(0.0, 0.1), (0.4, 0.03), (0.85, 0.45), (1.0, 0.98), (0.86, 1.48), (0.5, 1.8), (0.15, 1.82), (0.0, 1.7)],
}


def _soft(rng: np.random.Generator) -> Plugin:
    """Dough, cream, cheese, chocolate, icing: a dull or glossy plain colour."""
    light, chroma, hue = choose(
        rng,
        {
            (0.93, 0.03, 90): 0.3,
            (0.84, 0.1, 88): 0.25,
            (0.75, 0.12, 70): 0.15,
            (0.38, 0.06, 50): 0.15,
            (0.78, 0.08, 10): 0.15,
        },
    )
    colour = colours.linear(colours.oklch(light + rng.uniform(-0.06, 0.05), chroma, hue + rng.uniform(-8, 8)))
    return {"type": "roughplastic", "diffuse_reflectance": colour, "alpha": float(rng.uniform(0.12, 0.4))}


def fruit_parts(rng: np.random.Generator, kind: str, skin: Plugin, stem: Plugin) -> tuple[list[Part], float]:
    """One fruit of ROUND_FRUIT with its middle at the origin, and the radius of the ball around its middle."""
    radius = _RADII[kind] * rng.uniform(0.88, 1.15)
    profile = rounded(_PROFILES[kind], 22) * radius
    profile[[0, -1], 0] = 0.0
    middle = (profile[0, 1] + profile[-1, 1]) / 2
    body = revolved(profile - np.array([0.0, middle]), 26, crease=180.0)
    uneven = rng.uniform(0.96, 1.04, 3)
    parts = [Part(stretched(body, *uneven), skin)]
    if kind in ("apple", "pear"):
        top = profile[-1, 1] - middle
        lean = rng.uniform(-0.35, 0.35, 2) * radius
        path = [(0, 0, top - 0.002), (0.2 * lean[0], 0.2 * lean[1], top + 0.22 * radius), (*lean, top + 0.55 * radius)]
        parts.append(Part(rod(path, 0.0013, 6), stem))
    return parts, radius


def fruit(rng: np.random.Generator) -> Thing:
    """Up to five fruits of one kind (80 %) or mixed, lying together; lemons and 30 % of the others on their side."""
    kinds = [choose(rng, ROUND_FRUIT)] * 5 if rng.uniform() < 0.8 else [choose(rng, ROUND_FRUIT) for _ in range(5)]
    skins = {kind: materials.skin_of_fruit(rng, kind) for kind in sorted(set(kinds))}
    stem = materials.bark(rng)
    made = [fruit_parts(rng, kind, skins[kind], stem) for kind in kinds[: rng.integers(1, 6)]]
    places = heap(rng, [1.12 * radius for _, radius in made], LEVEL, 0.1 if len(made) > 1 else 0.0)
    parts = []
    for (pieces, radius), kind, place in zip(made, kinds, places, strict=False):
        if place[2] > 1.3 * radius:
            continue  # one that lies on another would roll off
        tilt = 90.0 if kind == "lemon" or rng.uniform() < 0.3 else rng.uniform(-12, 12)
        turn = rotation("z", rng.uniform(0, 360)) @ rotation("x", tilt)
        lying = [moved_part(part, turn) for part in pieces]
        low = _lowest(lying)
        parts += [moved_part(part, translation(place[0], place[1], -low)) for part in lying]
    return stood("fruit", parts)


def _lowest(parts: list[Part]) -> float:
    """The least height of meshes, stems aside."""
    mesh, matrix = parts[0].shape, parts[0].to_world
    return float((mesh.points @ matrix[2, :3]).min() + matrix[2, 3])


def fruit_bowl(rng: np.random.Generator) -> Thing:
    """A bowl of 20 to 30 cm with up to ten fruits heaped in it, of one to three kinds; none lies far above the rim."""
    parts, hollow = bowl_parts(rng, rng.uniform(0.1, 0.15), empty=True)
    kinds = [choose(rng, ROUND_FRUIT) for _ in range(rng.integers(1, 4))]
    skins = {kind: materials.skin_of_fruit(rng, kind) for kind in sorted(set(kinds))}
    stem = materials.bark(rng)
    made = [(*fruit_parts(rng, kind, skins[kind], stem), kind) for kind in rng.choice(kinds, rng.integers(4, 11))]
    places = heap(rng, [1.08 * radius for _, radius, _ in made], hollow[::-1], 0.95 * hollow[0, 0], 40)
    for (pieces, radius, _), place in zip(made, places, strict=True):
        if place[2] > hollow[0, 1] + 0.9 * radius:
            break  # what was dropped later may rest on this one
        tilt = rotation("z", rng.uniform(0, 360)) @ rotation("x", rng.uniform(-60, 60))
        parts += [moved_part(part, translation(*place) @ tilt) for part in pieces]
    return stood("fruit bowl", parts)


def bananas(rng: np.random.Generator) -> Thing:
    """One to four bananas of 16 to 20 cm in a bunch, lying."""
    skin = materials.skin_of_fruit(rng, "banana")
    t = np.linspace(0, 1, 18)
    bend = np.radians(rng.uniform(65, 95))
    length = rng.uniform(0.16, 0.2)
    angle = bend * (t - 0.5)
    path = length / bend * np.stack([np.sin(angle), 1 - np.cos(angle), 0 * t], 1)
    widths = 0.0175 * np.interp(
        t, [0, 0.07, 0.14, 0.3, 0.6, 0.85, 0.96, 1.0], [0.3, 0.33, 0.62, 0.93, 1, 0.84, 0.4, 0.3]
    )
    one = rod(path - path[0], widths, 9)
    parts = []
    for k in range(int(rng.integers(1, 5))):
        # They fan out from the common stem, each partly on the one before.
        turn = rotation("z", 14.0 * k + rng.uniform(-3, 3)) @ rotation("x", rng.uniform(0, 18) + 8 * k)
        parts.append(Part(one, skin, None, None, translation(0, 0.004 * k, 0.004 * k) @ turn))
    return stood("bananas", parts)


def grapes(rng: np.random.Generator) -> Thing:
    """A bunch of 25 to 45 grapes, lying, 14 to 20 cm long."""
    skin, stem = materials.skin_of_fruit(rng, "grape"), materials.bark(rng)
    size = rng.uniform(0.0085, 0.0115)
    count = int(rng.integers(25, 46))
    parts = [Part(rod([(0, -0.01, 1.6 * size), (0.002, 0.06, 1.4 * size), (0.0, 0.11, 3 * size)], 0.0016, 6), stem)]
    kept = np.zeros((0, 3))
    for _ in range(20 * count):
        y = rng.uniform(-1, 1)
        half = 0.036 * (0.35 + 0.65 * (y + 1) / 2)
        x, z = half * rng.uniform(-1, 1), rng.uniform(0, 1.1 * half)
        spot = np.array([x, 0.075 * y, size + z])
        if len(kept) < count and (len(kept) == 0 or np.linalg.norm(kept - spot, axis=1).min() > 1.65 * size):
            kept = np.concatenate([kept, [spot]])
    grape = ball(size, 14, 8)
    for spot in kept:
        turn = rotation("x", rng.uniform(-60, 60)) @ rotation("z", rng.uniform(0, 360))
        parts.append(Part(grape, skin, None, None, translation(*spot) @ turn @ scaling(1, 1, 1.15)))
    return stood("grapes", parts)


def egg_parts(rng: np.random.Generator, shell: Plugin) -> Part:
    """A hen's egg that lies on z = 0."""
    t = np.linspace(-np.pi / 2, np.pi / 2, 17)
    profile = np.stack([0.0215 * np.cos(t) * (1 - 0.16 * np.sin(t)), 0.028 * np.sin(t)], 1)
    profile[[0, -1], 0] = 0.0
    egg = revolved(profile, 24, crease=180.0)
    turn = rotation("z", rng.uniform(0, 360)) @ rotation("x", 90)
    return Part(egg, shell, None, None, translation(0, 0, 0.0225) @ turn)


def eggs(rng: np.random.Generator) -> Thing:
    """One to five eggs, white or brown."""
    shell = materials.skin_of_fruit(rng, "egg")
    places = heap(rng, [0.03] * int(rng.integers(1, 6)), LEVEL, 0.08)
    on_ground = [p for p in places if p[2] < 0.031]
    return stood("eggs", [moved_part(egg_parts(rng, shell), translation(p[0], p[1])) for p in on_ground])


def _board(rng: np.random.Generator, length: float, width: float) -> Part:
    thick = rng.uniform(0.012, 0.025)
    kind = choose(rng, {materials.wood: 0.7, materials.polished_stone: 0.2, materials.plastic: 0.1})
    return Part(box((length, width, thick), 0.003, (0, 0, -thick / 2)), kind(rng))


def bread(rng: np.random.Generator) -> Thing:
    """A loaf of 22 to 30 cm on a board with up to three slices cut off, or two to four rolls."""
    crust, crumb = materials.skin_of_fruit(rng, "bread"), materials.paper(rng)
    parts = [_board(rng, rng.uniform(0.34, 0.42), rng.uniform(0.2, 0.26))]
    if rng.uniform() < 0.3:
        for k in range(int(rng.integers(2, 5))):
            roll = superball(0.05, 0.038, 0.026, 0.9, 0.75, 28, 14)
            roll = warped(roll, lambda p: p * (1 + 0.05 * waves(np.random.default_rng(0), p, 90.0, 5)[:, None]))
            where = translation(-0.06 + 0.12 * (k % 2), -0.045 + 0.09 * (k // 2), 0.024) @ rotation(
                "z", rng.uniform(0, 360)
            )
            parts.append(Part(roll, crust, None, None, where))
        return stood("bread", parts)
    half, wide, high = rng.uniform(0.09, 0.12), rng.uniform(0.048, 0.06), rng.uniform(0.04, 0.055)
    loaf = superball(half, wide, high, 0.75, 0.7, 40, 20)
    bumps = rng.integers(2**31)
    loaf = warped(loaf, lambda p: p * (1 + 0.035 * waves(np.random.default_rng(bumps), p, 45.0, 6)[:, None]))
    parts.append(Part(loaf, crust, None, None, translation(-0.03, 0.02, 0.94 * high)))
    angle = np.linspace(0, TAU, 33)[:-1]
    outline = np.stack(
        [
            wide * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.7,
            high * np.sign(np.round(np.sin(angle), 9)) * np.abs(np.sin(angle)) ** 0.7,
        ],
        1,
    )
    slice_of = prism(outline, 0.012, 0.001)
    for k in range(int(rng.integers(0, 4))):
        where = translation(half - 0.01 + 0.026 * k, -0.02, 0.001 + 0.0125 * (k > 0)) @ rotation(
            "z", rng.uniform(60, 120)
        )
        if k:
            where = where @ rotation("x", rng.uniform(4, 9))
        parts.append(Part(slice_of, crumb if k else crust, None, None, where))
    return stood("bread", parts)


def cheese(rng: np.random.Generator) -> Thing:
    """A wedge of cheese 9 to 16 cm long with its rind on a board; 30 % of a translucent kind."""
    radius, angle, height = rng.uniform(0.09, 0.16), np.radians(rng.uniform(28, 60)), rng.uniform(0.035, 0.07)
    arc = np.linspace(-angle / 2, angle / 2, 9)
    outline = np.concatenate([[(0.0, 0.0)], radius * np.stack([np.cos(arc), np.sin(arc)], 1)])
    wedge = prism(outline, height, 0.0015)
    parts = [_board(rng, 1.35 * radius + 0.06, radius + 0.08)]
    where = translation(-radius / 2, 0, 0.0004)
    if rng.uniform() < 0.3:
        bsdf, medium = materials.translucent(rng, radius)
        parts.append(Part(wedge, bsdf, None, medium, where))
    else:
        parts.append(Part(wedge, _soft(rng), None, None, where))
        edge = np.stack([np.cos(arc), np.sin(arc)], 1)
        rind = wall_between((radius + 0.0004) * edge, (radius + 0.003) * edge, height)
        parts.append(Part(rind, _soft(rng), None, None, where))
    return stood("cheese", parts)


def cake(rng: np.random.Generator) -> Thing:
    """A cake of 16 to 24 cm in two to four layers on a foot or plate, with a ring of berries (70 %)."""
    radius, layers = rng.uniform(0.08, 0.12), int(rng.integers(2, 5))
    sponge, cream = _soft(rng), _soft(rng)
    foot = choose(rng, [materials.ceramic, materials.glass, materials.metal])(rng)
    z, parts = 0.0, []
    if rng.uniform() < 0.5:
        stand = [(0, 0), (0.07, 0), (0.066, 0.006), (0.015, 0.02), (0.012, 0.08), (0.03, 0.098), (1.25 * radius, 0.104)]
        parts.append(Part(revolved([*stand, (1.25 * radius, 0.109), (0, 0.109)], 44), foot))
        z = 0.109
    else:
        parts.append(Part(can(1.25 * radius, 0.006, 0.002, 44), foot))
        z = 0.006
    z += 0.0004
    for _ in range(layers):
        parts.append(Part(moved(can(radius, 0.024, 0.005, 44), z=z), sponge))
        parts.append(Part(moved(can(1.005 * radius, 0.009, 0.004, 44), z=z + 0.0245), cream))
        z += 0.034
    if rng.uniform() < 0.7:
        berry, skin = ball(0.0095, 16, 9), materials.skin_of_fruit(rng, "grape")
        count = int(rng.integers(7, 14))
        for k in range(count):
            angle = TAU * k / count
            where = translation(0.82 * radius * np.cos(angle), 0.82 * radius * np.sin(angle), z + 0.0088)
            parts.append(Part(berry, skin, None, None, where))
    return stood("cake", parts)


def biscuits(rng: np.random.Generator) -> Thing:
    """Four to ten biscuits of 5 to 7 cm, or macaroons in two colours, in a loose pile on a plate."""
    plate = Part(can(0.095, 0.006, 0.002, 40), materials.ceramic(rng))
    bsdf, filling = materials.skin_of_fruit(rng, "bread"), _soft(rng)
    parts, radius = [plate], rng.uniform(0.025, 0.032)
    macaroon = rng.uniform() < 0.4
    thick = 0.018 if macaroon else 0.009
    for k in range(int(rng.integers(4, 11))):
        layer, place = divmod(k, 4)
        angle = TAU * (place / 4 + 0.125 * layer) + rng.uniform(-0.1, 0.1)
        where = translation(0.047 * np.cos(angle), 0.047 * np.sin(angle), 0.0064 + layer * (thick + 0.0004))
        body = can(radius, thick, 0.007 if macaroon else 0.003, 28)
        parts.append(Part(body, bsdf, None, None, where))
        if macaroon:
            parts.append(Part(moved(can(radius * 1.03, 0.004, 0.001, 28), z=0.007), filling, None, None, where))
    return stood("biscuits", parts)
