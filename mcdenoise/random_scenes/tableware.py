"""Glasses, bottles, cups, plates, cutlery and pots.

Vessels of glass that hold a liquid are three surfaces that share their edges exactly: glass against air (outside, rim
and dry wall), liquid against glass (the wetted wall, its normals towards the glass: inside the liquid's index, outside
the glass's), and liquid against air (the top, with a small meniscus). No two of them overlap, so every ray knows the
medium that it is in.
"""

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.meshes import TAU, Mesh, box, merged, moved, sheet, stretched, turned
from mcdenoise.random_scenes.parts import Part, Plugin, Thing, choose, moved_part, rotation, scaling, translation
from mcdenoise.random_scenes.solids import can, hull_of, revolved, ribbon, ring, rod, rounded, split_at, stood

ICE_IOR = 1.31


def vessel(
    outer: np.ndarray,
    wall: float,
    floor: float,
    glass: Plugin,
    filling: tuple[Plugin, Plugin | None] | None = None,
    share: float = 0.6,
    segments: int = 40,
) -> tuple[list[Part], float, float]:
    """A vessel of glass, filled up to `share` of its hollow: (parts, height of the floor, level of the liquid).

    outer, wall, floor: as of `hull_of`. filling: the liquid against air and what is within it, as `materials.liquid`
    gives it, or None for an empty vessel, whose level is its floor. The glass has to be a dielectric.
    """
    outside, hollow = hull_of(outer, wall, floor)
    if filling is None:
        return [Part(revolved(np.concatenate([outside, hollow[1:]]), segments), glass)], floor, floor
    liquid, medium = filling
    level = floor + share * (hollow[0, 1] - floor)
    dry, wet = split_at(hollow, level)
    parts = [
        Part(revolved(np.concatenate([outside, dry]), segments), glass),
        Part(revolved(wet[::-1], segments), _against(liquid, glass), None, medium),
        Part(_liquid_top(float(wet[0, 0]), level, segments), liquid, None, medium),
    ]
    return parts, floor, level


def _against(inner: Plugin, outer: Plugin) -> Plugin:
    """The interface between two dielectrics, `inner` behind the surface; of an opaque liquid, its own surface."""
    if index_of(inner) is None:
        return inner
    return {"type": "dielectric", "int_ior": index_of(inner), "ext_ior": index_of(outer) or 1.5}


def index_of(plugin: Plugin) -> float | str | None:
    """The index of refraction, or the name of the substance, inside a transmitting material; None for another one."""
    for key in ("int_ior", "eta"):
        if key in plugin and plugin["type"] in ("dielectric", "roughdielectric", "principled"):
            return plugin[key]
    return index_of(plugin["bsdf"]) if "bsdf" in plugin else None


def _liquid_top(radius: float, level: float, segments: int) -> Mesh:
    """A level surface that creeps up a millimetre at the wall."""
    creep = min(0.0025, 0.2 * radius)
    steps = np.array([0.0, 0.25, 0.55, 1.0])
    edge = np.stack([radius - creep * steps, level - 0.4 * creep * (1 - (1 - steps) ** 2)], 1)
    return revolved([*edge, (0.0, edge[-1, 1])], segments, crease=180.0)


def _tumbler_profile(rng: np.random.Generator) -> np.ndarray:
    radius, height = rng.uniform(0.03, 0.042), rng.uniform(0.085, 0.14)
    foot = radius * rng.uniform(0.75, 1.0)
    belly = rng.uniform(0.0, 0.06) * radius
    t = np.linspace(0, 1, 9)
    side = np.stack([foot + (radius - foot) * t + belly * np.sin(np.pi * t), 0.003 + (height - 0.003) * t], 1)
    return np.concatenate([[(0, 0), (foot - 0.003, 0.0), (foot - 0.0008, 0.0009)], side])


def glass_of_water(rng: np.random.Generator) -> Thing:
    """A tumbler 8.5 to 14 cm high with walls of 1.5 to 3 mm, 40 to 85 % full of water (60 %) or of another liquid."""
    filling = materials.liquid(rng, 0.07)
    if rng.uniform() < 0.6:
        filling = ({"type": "dielectric", "int_ior": 1.333}, None)
    parts, _, _ = vessel(
        _tumbler_profile(rng),
        rng.uniform(0.0015, 0.003),
        rng.uniform(0.005, 0.014),
        materials.glass(rng),
        filling,
        rng.uniform(0.4, 0.85),
    )
    return stood("glass of water", parts)


def empty_glass(rng: np.random.Generator) -> Thing:
    """A tumbler with nothing in it, of clear (60 %), coloured (25 %) or frosted glass."""
    kind = choose(rng, {materials.glass: 0.6, materials.coloured_glass: 0.25, materials.frosted_glass: 0.15})
    parts, _, _ = vessel(_tumbler_profile(rng), rng.uniform(0.0015, 0.003), rng.uniform(0.005, 0.012), kind(rng))
    return stood("empty glass", parts)


def tumbler_with_ice(rng: np.random.Generator) -> Thing:
    """A wide tumbler with three cubes under the drink and up to three above it; cubes of ice touch no other surface."""
    radius, height, wall, floor = rng.uniform(0.038, 0.046), rng.uniform(0.085, 0.1), 0.003, rng.uniform(0.008, 0.014)
    outer = np.array([(0, 0), (radius - 0.004, 0), (radius - 0.001, 0.0012), (radius, 0.004), (radius, height)])
    edge = 0.6 * (radius - wall)
    share = (edge + 0.004) / (height - floor)
    glass = materials.glass(rng)
    drink = materials.liquid(rng, 0.06)
    parts, low, level = vessel(outer, wall, floor, glass, drink, share)
    cube = box((edge, edge, edge), 0.12 * edge)
    under = {"type": "dielectric", "int_ior": ICE_IOR, "ext_ior": index_of(drink[0]) or 1.33}
    over = {"type": "dielectric", "int_ior": ICE_IOR}
    for count, height_of, bsdf in ((3, low, under), (int(rng.integers(0, 4)), level, over)):
        start = rng.uniform(0, 120)
        for k in range(count):
            angle = np.radians(start + 120 * k)
            spot = 0.535 * (radius - wall) * np.array([np.cos(angle), np.sin(angle)])
            where = translation(*spot, height_of + edge / 2 + 0.001) @ rotation("z", rng.uniform(0, 90))
            if index_of(drink[0]) is not None or height_of == level:
                parts.append(Part(cube, bsdf, None, None, where @ scaling(0.93)))
    return stood("tumbler with ice", parts)


def wine_glass(rng: np.random.Generator) -> Thing:
    """A stemmed glass 14 to 24 cm high: wine bowl (60 %), flute (20 %) or coupe; 65 % hold a liquid, a third full."""
    kind = choose(rng, {"bowl": 0.6, "flute": 0.2, "coupe": 0.2})
    scale = rng.uniform(0.9, 1.12)
    foot = [(0, 0), (0.033, 0), (0.0338, 0.0008), (0.03, 0.003), (0.014, 0.006), (0.006, 0.012)]
    bowls = {
        "bowl": [
            (0.0042, 0.03),
            (0.0038, 0.08),
            (0.006, 0.092),
            (0.02, 0.103),
            (0.035, 0.122),
            (0.039, 0.145),
            (0.036, 0.172),
            (0.031, 0.195),
        ],
        "flute": [
            (0.004, 0.03),
            (0.0038, 0.075),
            (0.006, 0.09),
            (0.014, 0.11),
            (0.022, 0.145),
            (0.0245, 0.185),
            (0.0225, 0.222),
        ],
        "coupe": [(0.004, 0.03), (0.0038, 0.085), (0.007, 0.098), (0.025, 0.106), (0.044, 0.121), (0.0495, 0.145)],
    }
    profile = rounded(foot[2:] + bowls[kind], 46)
    profile = np.concatenate([foot[:2], profile]) * scale
    floor = {"bowl": 0.096, "flute": 0.094, "coupe": 0.1015}[kind] * scale
    filling = materials.liquid(rng, 0.06) if rng.uniform() < 0.65 else None
    share = rng.uniform(0.6, 0.85) if kind == "flute" else rng.uniform(0.25, 0.5)
    parts, _, _ = vessel(profile, 0.0012 * scale, floor, materials.glass(rng), filling, share, 44)
    return stood("wine glass", parts)


def bottle(rng: np.random.Generator) -> Thing:
    """A bottle 22 to 33 cm high: wine, beer or oil; glass (45 % green or brown), 60 % part full, 60 % with a label.

    70 % are closed by a cork or cap.
    """
    kind = choose(rng, {"wine": 0.45, "beer": 0.3, "oil": 0.25})
    radius, shoulder, neck, height = {
        "wine": (0.0375, 0.19, 0.0145, 0.3),
        "beer": (0.0305, 0.135, 0.0135, 0.23),
        "oil": (0.03, 0.17, 0.013, 0.27),
    }[kind]
    radius, height = radius * rng.uniform(0.95, 1.06), height * rng.uniform(0.97, 1.08)
    slope = min(rng.uniform(0.03, 0.055), (height - 0.03 - shoulder) / 1.6)
    bend = rounded(
        [
            (radius, shoulder),
            (radius * 0.93, shoulder + 0.3 * slope),
            (neck * 1.5, shoulder + 0.8 * slope),
            (neck * 1.06, shoulder + 1.2 * slope),
            (neck, shoulder + 1.6 * slope),
        ],
        14,
    )
    low = [(0, 0), (radius - 0.005, 0), (radius - 0.0015, 0.0015), (radius, 0.006), (radius, 0.05), (radius, 0.12)]
    lip = [(neck, height - 0.014), (neck + 0.0015, height - 0.012), (neck + 0.0015, height - 0.001)]
    outer = np.concatenate([low, bend, lip])
    glass = materials.coloured_glass(rng) if rng.uniform() < 0.45 else materials.glass(rng)
    filling = materials.liquid(rng, 0.07) if rng.uniform() < 0.6 else None
    parts, _, _ = vessel(outer, 0.0032, 0.006, glass, filling, rng.uniform(0.3, 0.78))
    if rng.uniform() < 0.6:
        parts.append(_label(rng, radius + 0.0004, 0.025, shoulder - 0.012))
    if rng.uniform() < 0.7:
        if kind == "beer":
            cap = can(neck + 0.0035, 0.007, 0.0012)
            parts.append(Part(moved(cap, z=height + 0.0025), materials.metal(rng)))
        else:
            cap = can(neck + 0.0032, 0.016, 0.002)
            cover = choose(rng, [materials.wood, materials.plastic, materials.metal])(rng)
            parts.append(Part(moved(cap, z=height + 0.0025), cover))
    return stood("bottle", parts)


def _label(rng: np.random.Generator, radius: float, low: float, high: float) -> Part:
    """Paper around a part of a bottle, with one picture on it; the middle faces -y."""
    share = rng.uniform(0.35, 0.85)
    angle = -TAU / 4 + share * np.linspace(-np.pi, np.pi, 33)
    z = np.array([low, high])
    points = np.stack(np.broadcast_arrays(radius * np.cos(angle), radius * np.sin(angle), z[:, None]), -1)
    return Part(sheet(points), materials.lettered(rng))


def jar(rng: np.random.Generator) -> Thing:
    """A preserving jar 8 to 20 cm high with a metal or wooden lid; holds balls (45 %), a liquid (35 %) or nothing."""
    radius, height = rng.uniform(0.035, 0.055), rng.uniform(0.08, 0.2)
    mouth = radius * rng.uniform(0.82, 0.92)
    t = radius - mouth
    outer = [(0, 0), (radius - 0.005, 0), (radius - 0.0012, 0.0014), (radius, 0.006), (radius, height - 3 * t - 0.018)]
    outer += [(radius - 0.18 * t, height - 2 * t - 0.018), (mouth + 0.1 * t, height - t - 0.018)]
    outer += [(mouth, height - 0.018), (mouth, height)]
    holds = choose(rng, {"balls": 0.45, "liquid": 0.35, "nothing": 0.2})
    filling = materials.liquid(rng, 0.09) if holds == "liquid" else None
    floor, wall = 0.006, 0.003
    parts, _, _ = vessel(np.array(outer), wall, floor, materials.glass(rng), filling, rng.uniform(0.5, 0.9))
    if holds == "balls":
        parts += _balls_within(rng, radius - wall - 0.002, floor + 0.001, rng.uniform(0.4, 0.85) * (height - 0.04))
    if rng.uniform() < 0.75:
        lid = can(mouth + 0.0025, 0.016, 0.002)
        parts.append(Part(moved(lid, z=height + 0.002), choose(rng, [materials.metal, materials.wood])(rng)))
    return stood("jar", parts)


def _balls_within(rng: np.random.Generator, radius: float, low: float, fill: float) -> list[Part]:
    """Balls in layers, as in a jar of sweets: none touches another or the wall."""
    size = rng.uniform(0.16, 0.27) * radius
    stuff = [choose(rng, [materials.glossy_plastic, materials.wax_like, materials.paint])(rng) for _ in range(3)]
    parts = []
    for layer in range(max(1, min(10, int(fill / (1.8 * size))))):
        z = low + size * (1 + 1.8 * layer)
        rings = int((radius - size) / (2.04 * size))
        for k in range(rings + 1):
            r = (radius - size) - 2.04 * size * k
            count = max(1, int(np.floor(np.pi / np.arcsin(min(1.0, 1.02 * size / max(r, 1.02 * size))) + 1e-6)))
            count = 1 if r < 1.02 * size else count
            start = rng.uniform(0, TAU)
            for i in range(count):
                angle = start + TAU * i / count
                where = translation(r * np.cos(angle) * (count > 1), r * np.sin(angle) * (count > 1), z)
                parts.append(Part({"type": "sphere", "radius": 0.95 * size}, stuff[rng.integers(3)], None, None, where))
    return parts


def _thrown(outer: np.ndarray, wall: float, floor: float, segments: int = 36) -> tuple[Mesh, np.ndarray]:
    """A closed vessel of clay or metal, and the profile of its hollow."""
    outside, hollow = hull_of(outer, wall, floor)
    return revolved(np.concatenate([outside, hollow]), segments), hollow


def _drink(rng: np.random.Generator, hollow: np.ndarray, share: float) -> Part:
    """A liquid's top in an opaque vessel; it reaches into the wall, so that no light slips by."""
    liquid, medium = materials.liquid(rng, 0.06)
    low, high = hollow[-1, 1], hollow[0, 1]
    level = low + share * (high - low)
    radius = float(np.interp(level, hollow[::-1, 1], hollow[::-1, 0])) + 0.0008
    return Part(revolved([(radius, level), (0.0, level)], 36), liquid, None, medium)


def _crockery(rng: np.random.Generator) -> Plugin:
    return choose(
        rng, {materials.glazed: 0.4, materials.ceramic: 0.4, materials.terracotta: 0.1, materials.metal: 0.1}
    )(rng)


def _ear(radius: float, low: float, high: float, out: float, thick: float) -> Mesh:
    """A handle on the side +x of a vessel whose wall is at `radius`."""
    middle, half = (low + high) / 2, (high - low) / 2
    turn = np.radians(np.linspace(-90, 90, 13))
    path = np.stack([radius - 0.001 + out * np.cos(turn) ** 0.8, 0 * turn, middle + half * np.sin(turn)], 1)
    path[0, 0] = path[-1, 0] = radius - 0.0008
    return stretched(rod(path, thick), 1.0, 1.25, 1.0)


def _mug(rng: np.random.Generator, bsdf: Plugin) -> list[Part]:
    radius, height = rng.uniform(0.037, 0.046), rng.uniform(0.08, 0.11)
    foot = radius * choose(rng, [1.0, 0.95, 0.8])
    t = np.linspace(0, 1, 8)
    bulge = rng.uniform(-0.04, 0.1) * radius * np.sin(np.pi * t)
    side = np.stack([foot + (radius - foot) * t**0.7 + bulge, 0.004 + (height - 0.004) * t], 1)
    outer = np.concatenate([[(0, 0), (foot - 0.004, 0), (foot - 0.001, 0.0013)], side])
    body, hollow = _thrown(outer, 0.0042, 0.006)
    ear = _ear(radius, 0.25 * height, 0.8 * height, rng.uniform(0.022, 0.03), 0.0048)
    parts = [Part(merged(body, ear), bsdf)]
    if rng.uniform() < 0.65:
        parts.append(_drink(rng, hollow, rng.uniform(0.6, 0.9)))
    return parts


def mug(rng: np.random.Generator) -> Thing:
    """A mug 8 to 11 cm high, 65 % with a drink in it."""
    return stood("mug", _mug(rng, _crockery(rng)))


def cup_and_saucer(rng: np.random.Generator) -> Thing:
    """A cup of 6 to 9 cm on its saucer, 70 % with a drink, half with a spoon beside it."""
    bsdf = _crockery(rng)
    radius, height = rng.uniform(0.036, 0.048), rng.uniform(0.05, 0.07)
    foot = 0.55 * radius
    side = rounded([(foot, 0.003), (0.72 * radius, 0.008), (0.92 * radius, 0.45 * height), (radius, height)], 10)
    outer = np.concatenate([[(0, 0), (foot - 0.001, 0.0)], side])
    body, hollow = _thrown(outer, 0.0032, 0.006)
    ear = _ear(0.93 * radius, 0.4 * height, 0.85 * height, 0.02, 0.0034)
    lift = translation(0, 0, 0.0072)
    turn = rotation("z", rng.uniform(0, 360))
    parts = [Part(merged(body, ear), bsdf, None, None, lift @ turn)]
    if rng.uniform() < 0.7:
        parts.append(moved_part(_drink(rng, hollow, rng.uniform(0.55, 0.85)), lift))
    wide = rng.uniform(0.068, 0.08)
    parts.append(Part(_dish(wide, 0.017, 0.0035, 0.45), bsdf))
    if rng.uniform() < 0.5:
        spoon = stretched(_spoon(), 0.62, 0.62, 0.62)
        where = rotation("z", rng.uniform(-30, 30)) @ translation(0.78 * wide, 0, 0.0125)
        parts.append(Part(spoon, materials.metal(rng), None, None, where))
    return stood("cup and saucer", parts)


def _dish(radius: float, height: float, thick: float, flat: float) -> Mesh:
    """A plate or saucer: level to the share `flat` of its radius, then rising to the rim."""
    f = flat * radius
    top = rounded([(f, thick), (f + 0.35 * (radius - f), thick + 0.35 * (height - thick)), (radius, height)], 10)
    under = np.column_stack([top[:, 0] + 0.3 * thick, np.maximum(top[:, 1] - thick, 0.0)])
    foot = [(0.0, 0.0012), (f - 0.006, 0.0012), (f - 0.004, 0.0), (f, 0.0)]
    rim = [(radius + 0.3 * thick, height - 0.4 * thick)]
    return revolved([*foot, *under[1:-1], *rim, *top[::-1], (0.0, thick)], 48)


def _plate(rng: np.random.Generator, bsdf: Plugin, radius: float) -> Part:
    return Part(_dish(radius, rng.uniform(0.016, 0.026), 0.004, rng.uniform(0.55, 0.7)), bsdf)


def plate(rng: np.random.Generator) -> Thing:
    """A plate of 16 to 28 cm, alone (60 %) or in a pile of up to six."""
    bsdf = _crockery(rng)
    one = _plate(rng, bsdf, rng.uniform(0.08, 0.14))
    count = 1 if rng.uniform() < 0.6 else int(rng.integers(2, 7))
    return stood("plate", [moved_part(one, translation(0, 0, 0.0058 * k)) for k in range(count)])


def place_setting(rng: np.random.Generator) -> Thing:
    """A plate of 22 to 28 cm, a smaller one on it (35 %), fork left, knife and spoon right; faces who sits at -y."""
    bsdf, steel = _crockery(rng), choose(rng, {materials.metal: 0.7, materials.gold_like: 0.3})(rng)
    radius = rng.uniform(0.11, 0.14)
    parts = [_plate(rng, bsdf, radius)]
    if rng.uniform() < 0.35:
        parts.append(moved_part(_plate(rng, bsdf, 0.68 * radius), translation(0, 0, 0.0062)))
    for x, piece in ((-radius - 0.03, _fork()), (radius + 0.025, _knife()), (radius + 0.055, _spoon())):
        where = translation(x, rng.uniform(-0.01, 0.01), 0) @ rotation("z", rng.uniform(-2, 2))
        parts.append(Part(piece, steel, None, None, where))
    return stood("place setting", parts)


def cutlery(rng: np.random.Generator) -> Thing:
    """One to four forks, knives and spoons of 20 cm, lying side by side."""
    steel = choose(rng, {materials.metal: 0.7, materials.gold_like: 0.15, materials.brushed_metal: 0.15})(rng)
    pieces = (_fork(), _knife(), _spoon())
    parts = []
    for k in range(int(rng.integers(1, 5))):
        where = translation(0.036 * k, rng.uniform(-0.015, 0.015), 0) @ rotation("z", rng.uniform(-4, 4))
        parts.append(Part(pieces[rng.integers(3)], steel, None, None, where))
    return stood("cutlery", parts)


def _handle() -> tuple[list, list, list]:
    """Path, widths and thicknesses of a handle from its end at y = -0.1 to the neck."""
    path = [(-0.1, 0.0016), (-0.098, 0.0017), (-0.08, 0.003), (-0.04, 0.008), (0.0, 0.0125), (0.02, 0.0135)]
    return path, [0.006, 0.014, 0.0155, 0.0105, 0.0068, 0.0062], [0.0016, 0.002, 0.0023, 0.0025, 0.0028, 0.0028]


def _spoon() -> Mesh:
    path, widths, thick = _handle()
    handle = ribbon([*path, (0.034, 0.0115)], [*widths, 0.009], [*thick, 0.0018])
    u, v = np.meshgrid(np.linspace(0, TAU, 25), np.linspace(0, 1, 7))
    x, y = 0.021 * v * np.cos(u) * (1 - 0.15 * np.sin(u)), 0.06 + 0.032 * v * np.sin(u)
    z = 0.0012 + 0.0095 * v**2

    def shell(lift: float) -> np.ndarray:
        points = np.stack([x, y, z + lift], -1)
        points[:, -1] = points[:, 0]
        return points

    upper, lower = shell(0.0012), shell(0.0)
    rim = np.stack([lower[-1], upper[-1]])
    return merged(handle, sheet(upper[::-1]), sheet(rim), sheet(lower))


def _fork() -> Mesh:
    path, widths, thick = _handle()
    neck = ribbon(
        [*path, (0.034, 0.011), (0.046, 0.0065), (0.056, 0.004)],
        [*widths, 0.01, 0.023, 0.0245],
        [*thick, 0.002, 0.0018, 0.0018],
    )
    tine = ribbon(
        [(0.052, 0.0048), (0.07, 0.0026), (0.085, 0.004), (0.098, 0.0085)],
        [0.0036, 0.0034, 0.003, 0.0016],
        [0.0018, 0.0018, 0.0017, 0.0012],
        8,
    )
    return merged(neck, *(moved(tine, x=0.0067 * k) for k in (-1.5, -0.5, 0.5, 1.5)))


def _knife() -> Mesh:
    handle = ribbon(
        [(-0.11, 0.0035), (-0.108, 0.004), (-0.06, 0.004), (0.0, 0.004), (0.004, 0.004)],
        [0.008, 0.016, 0.0175, 0.0135, 0.012],
        [0.005, 0.0068, 0.0075, 0.0065, 0.005],
    )
    blade = ribbon(
        [(0.0, 0.004), (0.01, 0.004), (0.06, 0.004), (0.09, 0.004), (0.105, 0.004)],
        [0.012, 0.0165, 0.019, 0.016, 0.004],
        [0.0018, 0.0016, 0.0015, 0.0013, 0.001],
        8,
    )
    return merged(handle, blade)


def bowl(rng: np.random.Generator) -> Thing:
    """A bowl of 12 to 30 cm, empty or (25 %) with a soup in it; clay, metal, wood or glass."""
    return stood("bowl", bowl_parts(rng, rng.uniform(0.06, 0.15))[0])


def bowl_parts(rng: np.random.Generator, radius: float, empty: bool = False) -> tuple[list[Part], np.ndarray]:
    """A bowl of that radius on z = 0, and the profile of its hollow, from the rim down."""
    height, foot = radius * rng.uniform(0.42, 0.7), radius * rng.uniform(0.35, 0.5)
    side = rounded([(foot, 0.006), (foot * 1.2, 0.009), (0.82 * radius, 0.45 * height), (radius, height)], 14)
    outer = np.concatenate([[(0, 0.002), (foot - 0.006, 0.002), (foot - 0.005, 0.0), (foot - 0.001, 0.0)], side])
    body, hollow = _thrown(outer, max(0.0035, 0.045 * radius), 0.011, 44)
    kind = choose(rng, {"clay": 0.6, "wood": 0.15, "metal": 0.15, "glass": 0.1})
    makers = {"clay": _crockery, "wood": materials.wood, "metal": materials.metal, "glass": materials.glass}
    parts = [Part(body, makers[kind](rng))]
    if not empty and kind != "glass" and rng.uniform() < 0.25:
        parts.append(_drink(rng, hollow, rng.uniform(0.5, 0.75)))
    return parts, hollow


def teapot(rng: np.random.Generator) -> Thing:
    """A pot of 12 to 19 cm with lid, spout along -x and handle along +x; clay or metal."""
    bsdf = choose(
        rng, {materials.glazed: 0.4, materials.ceramic: 0.3, materials.metal: 0.2, materials.terracotta: 0.1}
    )(rng)
    r, h = rng.uniform(0.06, 0.085), rng.uniform(0.09, 0.13)
    waist = rng.uniform(0.3, 0.55)
    side = [(0.6 * r, 0.004), (0.93 * r, 0.3 * h * waist / 0.45), (r, waist * h), (0.78 * r, 0.85 * h), (0.5 * r, h)]
    lid = [(0.42 * r, h + 0.006), (0.2 * r, h + 0.012), (0.05 * r, h + 0.016)]
    body = revolved([(0, 0), (0.58 * r, 0), *rounded(side, 20), (0.47 * r, h + 0.002), *lid, (0, h + 0.017)], 44)
    knob = revolved(rounded([(0.004, h + 0.014), (0.006, h + 0.02), (0.012, h + 0.029), (0.0, h + 0.04)], 12), 20)
    t = np.linspace(0, 1, 14)
    spout = np.stack([-(0.8 * r + 1.0 * r * t), 0 * t, h * (0.28 + 0.6 * t**1.3 + 0.06 * np.sin(TAU * t))], 1)
    beak = rod(spout, r * (0.24 - 0.13 * t), 14)
    if rng.uniform() < 0.65:
        handle = _ear(0.9 * r, 0.22 * h, 0.82 * h, 0.55 * r, 0.0068)
    else:  # a hoop over the lid, as on a kettle
        turn = np.radians(np.linspace(-8, 188, 21))
        hoop = np.stack([0.85 * r * np.cos(turn), 0 * turn, 0.8 * h + 0.95 * r * np.sin(turn)], 1)
        handle = rod(hoop, 0.0045)
    return stood("teapot", [Part(merged(body, knob, beak, handle), bsdf)])


def pot(rng: np.random.Generator) -> Thing:
    """A cooking pot of 16 to 26 cm with two handles and (70 %) a lid: steel, dark or enamelled."""
    bsdf = choose(rng, [materials.metal, materials.brushed_metal, materials.dark_metal, materials.glossy_plastic])(rng)
    r, h = rng.uniform(0.08, 0.13), rng.uniform(0.08, 0.15)
    outer = np.array([(0, 0), (r - 0.008, 0), (r - 0.002, 0.002), (r, 0.008), (r, h - 0.004), (r + 0.003, h)])
    body, hollow = _thrown(outer, 0.0035, 0.005, 48)
    grips = []
    for side in (0, 180):
        turn = np.radians(np.linspace(-90, 90, 11))
        path = np.stack([r + 0.001 + 0.028 * np.cos(turn), 0.038 * np.sin(turn), 0 * turn + 0.8 * h], 1)
        grips.append(turned(rod(path, 0.005), "z", side))
    parts = [Part(merged(body, *grips), bsdf)]
    if rng.uniform() < 0.7:
        dome = rounded([(r + 0.001, h + 0.003), (0.8 * r, h + 0.017), (0.4 * r, h + 0.028), (0.0, h + 0.03)], 10)
        lid = revolved([(0.0, h + 0.002), (r, h + 0.002), *dome], 48)
        knob = moved(can(0.018, 0.014, 0.005, 24), z=h + 0.036)
        stem = moved(can(0.006, 0.014, 0.0, 16), z=h + 0.026)
        parts += [Part(lid, bsdf), Part(merged(knob, stem), choose(rng, [materials.plastic, materials.metal])(rng))]
    elif rng.uniform() < 0.5:
        parts.append(_drink(rng, hollow, rng.uniform(0.4, 0.8)))
    return stood("pot", parts)


def pan(rng: np.random.Generator) -> Thing:
    """A frying pan of 20 to 28 cm whose handle points to +x."""
    r = rng.uniform(0.1, 0.14)
    outer = np.array([(0, 0), (0.78 * r, 0), (0.82 * r, 0.003), (0.94 * r, 0.03), (r, 0.045)])
    body, _ = _thrown(outer, 0.003, 0.004, 48)
    bsdf = choose(rng, [materials.dark_metal, materials.metal, materials.brushed_metal])(rng)
    handle = turned(
        ribbon(
            [(r - 0.004, 0.036), (r + 0.02, 0.045), (r + 0.09, 0.058), (r + 0.18, 0.064), (r + 0.186, 0.064)],
            [0.024, 0.02, 0.019, 0.027, 0.016],
            [0.006, 0.008, 0.012, 0.014, 0.008],
            12,
        ),
        "z",
        -90,
    )
    grip = choose(rng, [materials.rubber, materials.wood, materials.metal])(rng)
    return stood("pan", [Part(body, bsdf), Part(handle, grip)])


def carafe(rng: np.random.Generator) -> Thing:
    """A carafe of 20 to 28 cm with a wide belly, 60 to 80 % full, of clear glass; half have a glass ball as stopper."""
    s = rng.uniform(0.9, 1.15)
    knots = [(0.05, 0.004), (0.062, 0.03), (0.06, 0.07), (0.035, 0.12), (0.023, 0.155), (0.024, 0.18), (0.034, 0.215)]
    outer = np.concatenate([[(0, 0), (0.047, 0)], rounded(knots, 30)]) * s
    glass = materials.glass(rng)
    parts, _, _ = vessel(outer, 0.0024, 0.008 * s, glass, materials.liquid(rng, 0.1), rng.uniform(0.35, 0.6), 48)
    if rng.uniform() < 0.5:
        where = translation(0, 0, 0.215 * s + 0.026)
        parts.append(Part({"type": "sphere", "radius": 0.04}, glass, None, None, where))
    return stood("carafe", parts)


def decanter_tray(rng: np.random.Generator) -> Thing:
    """A round tray of metal or wood of 28 to 40 cm with two to four tumblers on it."""
    radius = rng.uniform(0.14, 0.2)
    tray = _dish(radius, 0.02, 0.004, 0.9)
    parts = [Part(tray, choose(rng, [materials.metal, materials.wood, materials.brushed_metal])(rng))]
    for k in range(int(rng.integers(2, 5))):
        one = choose(rng, [glass_of_water, empty_glass])(rng)
        where = rotation("z", 90 * k + 20) @ translation(0.6 * radius, 0, 0.0042)
        parts += [moved_part(part, where) for part in one.parts]
    return stood("tray with glasses", parts)


def bangle(rng: np.random.Generator) -> Thing:
    """A bangle of metal or wood, lying."""
    r = rng.uniform(0.02, 0.034)
    bsdf = choose(rng, [materials.gold_like, materials.metal, materials.wood])(rng)
    return stood("bangle", [Part(ring(r, 0.12 * r), bsdf)])
