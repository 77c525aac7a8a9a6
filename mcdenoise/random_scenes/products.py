"""Product shots, studies of materials and still lifes: a few things, a stage, and light set as in a studio.

All sizes follow from the things: the stage's radius R is that of the circle that they stand in. The stage's top is
z = 0, the camera looks roughly along +y.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mcdenoise.random_scenes import food, materials, ornaments, tableware
from mcdenoise.random_scenes.composition import Composition, Viewpoint
from mcdenoise.random_scenes.meshes import Mesh, box, merged, moved, sheet
from mcdenoise.random_scenes.parts import (
    Part,
    Picture,
    Plugin,
    Rgb,
    Surface,
    Thing,
    choose,
    log_uniform,
    moved_part,
    rotation,
    scaling,
    translation,
)
from mcdenoise.random_scenes.small_things import SMALL_THINGS, Layout, Standing, arranged, small_thing
from mcdenoise.random_scenes.solids import CLEARANCE, can, revolved, stood, waves
from mcdenoise.random_scenes.surroundings import surroundings

_HEROES = (
    *(
        "wine glass",
        "glass of water",
        "tumbler with ice",
        "bottle",
        "carafe",
        "jar",
        "cup and saucer",
        "teapot",
        "vase",
    ),
    *("flowers in a vase", "succulent", "candle", "sculpture", "animal figure", "globe", "clock", "hourglass", "gems"),
    *("jewel ring", "watch", "perfume bottle", "chess", "dice", "coins", "marbles", "soap", "basket", "ring stack"),
    *("stack of books", "parcel", "laptop", "phone", "camera", "headphones", "tool", "gears", "nuts and bolts", "cans"),
    *("crumpled paper", "fur toy", "brush", "loudspeaker", "fruit", "fruit bowl", "grapes", "cake", "cheese", "bread"),
    *("balanced stones", "building blocks", "bananas", "mug", "towels", "napkin", "picture frame", "empty glass"),
)
_GLASSY = (
    "wine glass",
    "glass of water",
    "tumbler with ice",
    "carafe",
    "empty glass",
    "perfume bottle",
    "marbles",
    "gems",
)


def product_shot(rng: np.random.Generator) -> Composition:
    """A studio shot (36 %), things lit by a picture of surroundings (30 %), a study of materials (20 %) or a still life
    by a window (14 %).

    The cameras are in random order. Lights are parts with area emitters, a constant one named `fill`, or one named
    `surroundings`; their ratios are as meant, the exposure is for the caller to set. No medium fills the air, but
    liquids, wax and stone may have one inside. Elements name the things, the stage, the backdrop and the lights.
    """
    return choose(rng, {studio: 0.36, in_surroundings: 0.3, material_study: 0.2, window_still_life: 0.14})(rng)


@dataclass
class _Set:
    """What has been put up so far."""

    parts: list[Part] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    emitters: dict[str, Plugin] = field(default_factory=dict)
    targets: list[tuple[np.ndarray, float]] = field(default_factory=list)
    """Middle and radius of what may be looked at closely."""

    def stand(self, standing: Sequence[Standing]) -> None:
        for one in standing:
            self.parts += one.parts()
            self.elements.append(one.thing.name)
            middle = np.array([one.x, one.y, one.z + one.thing.size[2] / 2])
            self.targets.append((middle, float(np.linalg.norm(one.thing.size)) / 2))

    def add(self, element: str, *parts: Part) -> None:
        self.elements.append(element)
        self.parts += parts


def studio(rng: np.random.Generator) -> Composition:
    """One to seven things on a sweep, plinths, a cloth, a plate or wet stone, in studio light.

    One thing 30 %, two or three 40 %, more 30 %. Under hard light half of the shots show only things of glass.
    """
    scene = _Set()
    light = choose(rng, {_soft_light: 0.42, _rim_light: 0.26, _hard_light: 0.32})
    things = _heroes(rng, _GLASSY if light is _hard_light and rng.uniform() < 0.5 else _HEROES)
    radius = _stage_radius(things)
    stage = choose(rng, {_bare: 0.3, _plinths: 0.22, _cloth: 0.14, _plate: 0.2, _wet_stone: 0.14})
    stage(rng, scene, things, radius)
    _backdrop(rng, scene, radius)
    light(rng, scene, radius)
    return _composed(rng, "product shot", scene, radius)


def in_surroundings(rng: np.random.Generator) -> Composition:
    """One to seven things on a table top, plinths, a plate or wet stone in the midst of `surroundings`, its only light.

    Behind them is no backdrop but the picture. A third of the shots show only things of glass.
    """
    scene = _Set()
    things = _heroes(rng, _GLASSY if rng.uniform() < 1 / 3 else _HEROES)
    radius = _stage_radius(things)
    stage = choose(rng, {_bare: 0.4, _plinths: 0.2, _plate: 0.25, _wet_stone: 0.15})
    stage(rng, scene, things, radius)
    top = [materials.wood, materials.varnished_wood, materials.polished_stone, materials.paint, materials.concrete]
    size = radius * rng.uniform(2.2, 5.0)
    if rng.uniform() < 0.5:
        table = moved(can(size, 0.12 * radius, 0.003, 64), z=-0.12 * radius)
    else:
        table = box((2 * size, 1.6 * size, 0.12 * radius), 0.003, (0, 0, -0.06 * radius))
    scene.add("table top", Part(table, choose(rng, top)(rng)))
    kind, picture = surroundings(rng)
    turned = np.round(rotation("z", rng.uniform(0, 360)) @ rotation("x", 90.0), 7) + 0.0
    scene.emitters["surroundings"] = {"type": "envmap", "picture": picture, "to_world": turned}
    scene.elements.append(f"surroundings: {kind}")
    return _composed(rng, "things in surroundings", scene, radius, elevations=(-2.0, 24.0))


def _heroes(rng: np.random.Generator, names: Sequence[str]) -> list[Thing]:
    """One thing 30 %, two or three 40 %, more 30 %, all of a size with the first: no phone beside a ring."""
    count = choose(rng, {1: 0.3, 2: 0.2, 3: 0.2, 5: 0.2, 7: 0.1})
    first = SMALL_THINGS[choose(rng, names)].make(rng)
    things = [first]
    scale = max(first.size)
    for _ in range(40):
        if len(things) == count:
            break
        name = choose(rng, names)
        if 0.4 * scale < max(SMALL_THINGS[name].width, SMALL_THINGS[name].height) < 3.0 * scale:
            thing = SMALL_THINGS[name].make(rng)
            if 0.35 * scale < max(thing.size) < 2.2 * scale:
                things.append(thing)
    return things


def _stage_radius(things: Sequence[Thing]) -> float:
    area = sum((thing.size[0] + 0.02) * (thing.size[1] + 0.02) for thing in things)
    return float(max(0.85 * np.sqrt(area), 0.62 * max(max(thing.size) for thing in things)))


def _group(rng: np.random.Generator, things: Sequence[Thing], radius: float, z: float = 0.0) -> list[Standing]:
    """The things beside each other on level ground, the tall ones towards the back, none overlapping."""
    layout = Layout(Surface(0.0, 0.0, z, 2.6 * radius, 2.2 * radius, 10.0))
    ordered = sorted(things, key=lambda thing: -round(thing.size[2], 4))
    for k, thing in enumerate(ordered):
        back = 0.5 * radius * (1 - 2 * k / max(1, len(ordered) - 1)) if len(ordered) > 1 else 0.0
        turn = rng.normal(0, 28) if rng.uniform() < 0.85 else rng.uniform(0, 360)
        for attempt in range(30):
            spread = 0.25 + 0.03 * attempt
            x, y = radius * rng.normal(0, spread), back + radius * rng.normal(0, 0.4 * spread)
            if layout.put(thing, x if k else 0.2 * x, y, turn):
                break
    return layout.standing


def _bare(rng: np.random.Generator, scene: _Set, things: Sequence[Thing], radius: float) -> None:
    """The things on the backdrop itself."""
    scene.stand(_group(rng, things, radius))


def _plinths(rng: np.random.Generator, scene: _Set, things: Sequence[Thing], radius: float) -> None:
    """Each thing on a round or square plinth of its own, 0.05 to 0.8 of the radius high; one material (60 %)."""
    kinds = [materials.paint, materials.polished_stone, materials.concrete, materials.wood, materials.glossy_plastic]
    shared = choose(rng, kinds)(rng) if rng.uniform() < 0.6 else None
    raised = []
    for thing in things:
        half = 0.5 * float(np.hypot(*thing.size[:2])) * rng.uniform(1.02, 1.25) + 0.004
        high = radius * rng.uniform(0.05, 0.8)
        mesh = (
            can(half, high, 0.003, 48)
            if rng.uniform() < 0.6
            else box((1.8 * half, 1.8 * half, high), 0.002, (0, 0, high / 2))
        )
        plinth = Part(mesh, shared or choose(rng, kinds)(rng))
        lifted = [moved_part(part, translation(0, 0, high)) for part in thing.parts]
        raised.append(stood(thing.name, [plinth, *lifted]))
    scene.stand(_group(rng, raised, 1.3 * radius))
    scene.elements.append("plinth")


def _cloth(rng: np.random.Generator, scene: _Set, things: Sequence[Thing], radius: float) -> None:
    """A cloth that lies smooth under the things and in folds around them."""
    side = 5.0 * radius
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 110), np.linspace(-0.5, 0.5, 110))
    flat = np.stack([u * side, v * side, 0 * u], -1).reshape(-1, 3)
    away = np.clip((np.linalg.norm(flat, axis=1) / radius - 1.35) / 0.8, 0, 1)
    folds = np.clip(0.35 + 0.6 * waves(rng, flat, 3.2 / radius, 6) + 0.2 * waves(rng, flat, 8.0 / radius, 4), 0, 1.6)
    flat[:, 2] = 0.22 * radius * away**2 * (3 - 2 * away) * folds
    mesh = sheet(flat.reshape(110, 110, 3), flat[:, :2].reshape(110, 110, 2))
    scene.add("cloth", Part(moved(mesh, z=CLEARANCE), choose(rng, [materials.fabric, materials.velvet])(rng)))
    scene.stand(_group(rng, things, radius, CLEARANCE))


def _plate(rng: np.random.Generator, scene: _Set, things: Sequence[Thing], radius: float) -> None:
    """A slab of mirror, gloss acrylic, polished stone, metal, wood, or a pane of solid glass."""
    kind = choose(
        rng,
        {"mirror": 0.2, "acrylic": 0.25, "stone": 0.25, "metal": 0.1, "wood": 0.1, "glass": 0.1},
    )
    makers = {"mirror": materials.mirror, "acrylic": materials.glossy_plastic, "stone": materials.polished_stone}
    makers |= {"metal": materials.brushed_metal, "wood": materials.varnished_wood, "glass": materials.glass}
    thick = 0.04 * radius + 0.004
    size = (radius * rng.uniform(3.2, 5.5), radius * rng.uniform(3.0, 4.5), thick)
    slab = box(size, 0.15 * thick, (0, 0, thick / 2 + CLEARANCE))
    scene.add(f"plate of {kind}", Part(slab, makers[kind](rng)))
    scene.stand(_group(rng, things, radius, thick + CLEARANCE))


def _wet_stone(rng: np.random.Generator, scene: _Set, things: Sequence[Thing], radius: float) -> None:
    """A slab of stone, glossy with water, and 40 to 160 drops of water on it between the things."""
    thick = 0.08 * radius + 0.006
    slab = box((4.0 * radius, 3.4 * radius, thick), 0.1 * thick, (0, 0, thick / 2 + CLEARANCE))
    top = thick + CLEARANCE
    scene.add("wet stone", Part(slab, choose(rng, [materials.polished_stone, materials.glazed])(rng)))
    standing = _group(rng, things, radius, top)
    scene.stand(standing)
    kept = [(one.x, one.y, 0.5 * float(np.hypot(*one.thing.size[:2]))) for one in standing]
    drop = revolved([(0, 0), (0.98, 0), (1.0, 0.08), (0.93, 0.26), (0.72, 0.42), (0.4, 0.52), (0, 0.55)], 18)
    drops = []
    for _ in range(int(rng.integers(40, 160))):
        x, y = rng.uniform(-1.8, 1.8) * radius, rng.uniform(-1.5, 1.5) * radius
        size = min(log_uniform(rng, 0.012, 0.05) * radius, 0.009)
        if all(np.hypot(x - a, y - b) > size + c + 0.001 for a, b, c in kept):
            kept.append((x, y, size))
            drops.append(Mesh(drop.points * size + [x, y, top + CLEARANCE], drop.normals, drop.uvs * size, drop.faces))
    if drops:
        scene.add("drops of water", Part(merged(*drops), ornaments.WATER))


def _backdrop(rng: np.random.Generator, scene: _Set, radius: float) -> None:
    """A sweep that curves up behind the things (75 %, half of them shaded), or a table top before a wall."""
    wide, front, back, high = 16 * radius, -12 * radius, 3.2 * radius, 9 * radius
    if rng.uniform() < 0.25:
        table = choose(
            rng,
            [materials.wood, materials.varnished_wood, materials.polished_stone, materials.paint, materials.concrete],
        )
        top = box((wide, back - front, 0.2 * radius), 0, (0, (back + front) / 2, -0.1 * radius))
        behind = box((2 * wide, 0.2 * radius, 2 * high), 0, (0, back + radius * rng.uniform(0.3, 3), 0))
        scene.add("table top", Part(top, table(rng)), Part(behind, materials.wall(rng)))
        return
    bend = radius * rng.uniform(0.8, 2.5)
    turn = np.radians(np.linspace(0, 90, 17))
    profile = np.concatenate(
        [
            np.stack([np.linspace(front, back - bend, 12), np.zeros(12)], 1),
            np.stack([back - bend + bend * np.sin(turn[1:]), bend * (1 - np.cos(turn[1:]))], 1),
            np.stack([np.full(6, back), np.linspace(bend, high, 7)[1:]], 1),
        ]
    )
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
    x = np.linspace(-wide / 2, wide / 2, 9)
    points = np.stack(np.broadcast_arrays(x, profile[:, :1], profile[:, 1:]), -1)
    if rng.uniform() < 0.5:
        low, up = (rng.uniform(0.03, 0.85) * (1 - rng.uniform(0, 0.5) * rng.uniform(0, 1, 3)) for _ in range(2))
        share = np.linspace(1, 0, 128)[:, None, None]
        share = np.clip((share - 0.55) / 0.4, 0, 1)
        picture = Picture(np.broadcast_to((1 - share) * low + share * up, (128, 4, 3)).copy(), name="gradient")
        texture = {"type": "bitmap", "picture": picture, "wrap_mode": "clamp"}
        bsdf: Plugin = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": texture}}
        uvs = np.stack(np.broadcast_arrays(x / wide + 0.5, (along / along[-1])[:, None]), -1)
        scene.add("gradient sweep", Part(sheet(points, uvs), bsdf))
        return
    uvs = np.stack(np.broadcast_arrays(x, along[:, None]), -1)
    kind = choose(
        rng, {materials.paint: 0.45, materials.paper: 0.3, materials.fabric: 0.15, materials.glossy_plastic: 0.1}
    )
    scene.add("sweep", Part(sheet(points, uvs), kind(rng)))


def _facing(place: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The transform of a rectangle at `place` whose front looks at `target`."""
    z = (target - place) / np.linalg.norm(target - place)
    x = np.cross([0.0, 0.0, 1.0], z)
    if np.linalg.norm(x) < 1e-3:
        x = np.array([1.0, 0.0, 0.0])
    x = x / np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3] = np.stack([x, np.cross(z, x), z, place], axis=1)
    return matrix


def _around(azimuth: float, elevation: float, distance: float) -> np.ndarray:
    """A place seen from the stage; azimuth in degrees from the side of the camera (-y) towards +x."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return distance * np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])


def _panel(place: np.ndarray, radius: float, wide: float, high: float, strength: float, tint: Rgb) -> Part:
    """A light panel that looks at the things: `strength` is the light that reaches them, whatever its size."""
    target = np.array([0.0, 0.0, 0.4 * radius])
    distance = float(np.linalg.norm(place - target))
    radiance = tint.times(strength * distance**2 / (4 * wide * high))
    black = {"type": "diffuse", "reflectance": Rgb(0.0, 0.0, 0.0)}
    return Part(
        {"type": "rectangle"},
        black,
        {"type": "area", "radiance": radiance},
        None,
        _facing(place, target) @ scaling(wide, high, 1),
    )


def _bulb(place: np.ndarray, radius: float, size: float, strength: float, tint: Rgb) -> Part:
    """A small round light."""
    distance = float(np.linalg.norm(place - [0.0, 0.0, 0.4 * radius]))
    radiance = tint.times(strength * distance**2 / (np.pi * size**2))
    black = {"type": "diffuse", "reflectance": Rgb(0.0, 0.0, 0.0)}
    return Part(
        {"type": "sphere", "radius": size}, black, {"type": "area", "radiance": radiance}, None, translation(*place)
    )


def _tint(rng: np.random.Generator) -> Rgb:
    """White from warm to cool; one in twelve strongly coloured."""
    if rng.uniform() < 1 / 12:
        return Rgb(*map(float, rng.uniform(0.15, 1.0, 3)))
    warm = rng.uniform(-0.3, 0.25)
    return Rgb(1.0 + max(warm, 0), 1.0, 1.0 - warm)


def _fill(rng: np.random.Generator, scene: _Set, low: float, high: float) -> None:
    """Even light from all sides, against which everything else counts as 1."""
    scene.emitters["fill"] = {"type": "constant", "radiance": _tint(rng).times(log_uniform(rng, low, high) / np.pi)}


def _soft_light(rng: np.random.Generator, scene: _Set, radius: float) -> None:
    """A large softbox from one side, mostly a weaker one from the other, often one above."""
    side = choose(rng, [-1, 1])
    place = _around(side * rng.uniform(50, 100), rng.uniform(20, 60), radius * rng.uniform(4, 6))
    scene.add(
        "softbox",
        _panel(place, radius, radius * rng.uniform(0.8, 2.0), radius * rng.uniform(0.8, 2.0), 1.0, _tint(rng)),
    )
    if rng.uniform() < 0.7:
        place = _around(-side * rng.uniform(50, 110), rng.uniform(15, 50), radius * rng.uniform(4, 6))
        weak = rng.uniform(0.15, 0.6)
        scene.add(
            "softbox",
            _panel(place, radius, radius * rng.uniform(0.3, 1.5), radius * rng.uniform(1.0, 2.0), weak, _tint(rng)),
        )
    if rng.uniform() < 0.4:
        place = np.array([0.0, 0.3 * radius, radius * rng.uniform(5, 7)])
        size = radius * rng.uniform(1.0, 2.2)
        scene.add("softbox", _panel(place, radius, size, size, rng.uniform(0.3, 1.0), _tint(rng)))
    _fill(rng, scene, 0.01, 0.3)


def _rim_light(rng: np.random.Generator, scene: _Set, radius: float) -> None:
    """Strips from behind on both sides, that draw the outlines, and a weak softbox in front."""
    for side in (-1, 1):
        if side < 0 or rng.uniform() < 0.8:
            place = _around(side * rng.uniform(118, 142), rng.uniform(15, 45), radius * rng.uniform(3.2, 4.0))
            strip = _panel(
                place, radius, 0.22 * radius, radius * rng.uniform(0.9, 1.8), rng.uniform(0.6, 1.4), _tint(rng)
            )
            scene.add("strip light", strip)
    place = _around(choose(rng, [-1, 1]) * rng.uniform(55, 90), rng.uniform(30, 60), radius * rng.uniform(4, 6))
    size = radius * rng.uniform(0.6, 1.6)
    scene.add("softbox", _panel(place, radius, size, size, rng.uniform(0.1, 0.5), _tint(rng)))
    _fill(rng, scene, 0.005, 0.1)


def _hard_light(rng: np.random.Generator, scene: _Set, radius: float) -> None:
    """One to three small bulbs, of 2 to 8 % of the radius, low or high, that throw sharp shadows and caustics."""
    for k in range(choose(rng, {1: 0.55, 2: 0.3, 3: 0.15})):
        azimuth = rng.uniform(60, 165) * choose(rng, [-1, 1])
        place = _around(
            azimuth, rng.uniform(18, 65), radius * rng.uniform(2.8, 3.6) if abs(azimuth) > 115 else 4.5 * radius
        )
        size = radius * log_uniform(rng, 0.02, 0.08)
        scene.add("small bulb", _bulb(place, radius, size, 1.0 if k == 0 else rng.uniform(0.2, 0.8), _tint(rng)))
    _fill(rng, scene, 0.02, 0.2)


def material_study(rng: np.random.Generator) -> Composition:
    """Three to fifteen shapes of 6 to 20 cm in rows, each of `materials.anything` or (15 %) translucent.

    They are all alike (55 %), balls, knots, blobs, cups or turned figures, or each is a sculpture of its own.
    """
    scene = _Set()
    size = rng.uniform(0.06, 0.2)
    columns = int(rng.integers(3, 7))
    rows = choose(rng, {1: 0.4, 2: 0.4, 3: 0.2}) if columns < 6 else choose(rng, {1: 0.6, 2: 0.4})
    same = ornaments.sculpture_mesh(rng, size) if rng.uniform() < 0.55 else None
    step = size * rng.uniform(1.25, 1.7)
    for j in range(rows):
        for i in range(columns):
            mesh = same or ornaments.sculpture_mesh(rng, size)
            bsdf, medium = (
                materials.translucent(rng, 0.5 * size) if rng.uniform() < 0.15 else (materials.anything(rng), None)
            )
            thing = stood("study of a material", [Part(mesh, bsdf, None, medium)])
            shift = 0.5 * (j % 2) * choose(rng, [0, 1]) * step
            x, y = (i - (columns - 1) / 2) * step + shift, (j - (rows - 1) / 2) * step
            scene.stand([Standing(thing, x, y, 0.0, rng.normal(0, 40))])
    radius = 0.5 * step * max(columns, 1.2 * rows)
    _backdrop(rng, scene, radius)
    choose(rng, {_soft_light: 0.6, _rim_light: 0.2, _hard_light: 0.2})(rng, scene, radius)
    return _composed(rng, "study of materials", scene, radius)


def window_still_life(rng: np.random.Generator) -> Composition:
    """A laid table by a window on the left or right: a closed room lit by the sky through the panes, half with sun.

    The table's top is z = 0. The room is 3 m wide, 3.6 m deep and 2.5 m high.
    """
    scene = _Set()
    wide, deep = rng.uniform(0.9, 1.4), rng.uniform(0.6, 0.85)
    side = choose(rng, [-1, 1])
    table = choose(rng, [materials.wood, materials.varnished_wood, materials.polished_stone, materials.paint])(rng)
    top = box((wide, deep, 0.035), 0.006, (0, 0, -0.0175))
    legs = [
        box((0.06, 0.06, 0.715), 0.004, (sx * (wide / 2 - 0.06), sy * (deep / 2 - 0.06), -0.3925))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    scene.add("table", Part(merged(top, *legs), table))
    if rng.uniform() < 0.4:
        cloth = box((wide + 0.012, deep + 0.012, 0.002), 0, (0, 0, 0.0013))
        hang = [box((wide + 0.012, 0.002, 0.2), 0, (0, s * (deep / 2 + 0.006), -0.098)) for s in (-1, 1)]
        hang += [box((0.002, deep + 0.012, 0.2), 0, (s * (wide / 2 + 0.006), 0, -0.098)) for s in (-1, 1)]
        scene.add("table cloth", Part(merged(cloth, *hang), materials.fabric(rng)))
    surface = Surface(0, 0, 0.0026, 0.75 * wide, 0.75 * deep, 1.2)
    standing = _still_life(rng, surface)
    scene.stand(standing)
    _room_with_window(rng, scene, side)
    return _composed(rng, "still life by a window", scene, 0.32 * wide, room=1.25)


def _still_life(rng: np.random.Generator, surface: Surface) -> list[Standing]:
    """A vase, jug or bottle, something to eat, and small things about them; or what `arranged` leaves there (30 %)."""
    if rng.uniform() < 0.3:
        found = arranged(rng, surface, rng.uniform(0.5, 1.0))
        if found:
            return found
    tall = [
        tableware.bottle,
        tableware.carafe,
        ornaments.vase,
        ornaments.flowers_in_vase,
        tableware.teapot,
        ornaments.candle,
    ]
    low = [food.fruit_bowl, food.fruit, food.grapes, food.bread, food.cheese, food.bananas, tableware.bowl, food.cake]
    layout = Layout(surface)
    makers = [choose(rng, tall), choose(rng, low), choose(rng, low)]
    makers += [
        choose(rng, [tableware.glass_of_water, tableware.wine_glass, tableware.cup_and_saucer]) for _ in range(2)
    ]
    for maker in makers:
        thing = maker(rng)
        for _ in range(15):
            x, y = rng.normal(0, 0.16) * surface.width, rng.normal(0, 0.2) * surface.depth
            if layout.put(thing, x, y, rng.uniform(0, 360)):
                break
    for _ in range(int(rng.integers(0, 4))):
        thing = small_thing(rng, 0.3, 0.4)
        if not any(layout.put(thing, *layout.near(rng, 0.7), rng.uniform(0, 360)) for _ in range(10)):
            break
    return layout.standing


def _room_with_window(rng: np.random.Generator, scene: _Set, side: int) -> None:
    """Floor, ceiling, three walls, and a fourth on `side` with an opening before which the sky is a bright panel."""
    x, front, back, low, high = 1.5, -2.0, rng.uniform(0.6, 1.6), -0.75, 1.75
    wall, thick = materials.wall(rng), 0.2
    deep, tall = back - front, high - low
    y0, y1 = -rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.55)
    z0, z1 = rng.uniform(-0.1, 0.3), rng.uniform(1.1, 1.6)
    middle, centre = (front + back) / 2, (low + high) / 2
    at = side * (x + thick / 2)
    solid = [
        box((thick, deep, tall), 0, (-at, middle, centre)),
        box((2 * x + 2 * thick, thick, tall), 0, (0, back + thick / 2, centre)),
        box((2 * x + 2 * thick, thick, tall), 0, (0, front - thick / 2, centre)),
        box((thick, y0 - front, tall), 0, (at, (front + y0) / 2, centre)),
        box((thick, back - y1, tall), 0, (at, (back + y1) / 2, centre)),
        box((thick, y1 - y0, z0 - low), 0, (at, (y0 + y1) / 2, (low + z0) / 2)),
        box((thick, y1 - y0, high - z1), 0, (at, (y0 + y1) / 2, (z1 + high) / 2)),
    ]
    cover = box((2 * x + 2 * thick, deep + 2 * thick, 0.1), 0)
    scene.add("room", Part(merged(*solid), wall), Part(moved(cover, 0, middle, low - 0.05), materials.floor(rng)))
    scene.parts.append(Part(moved(cover, 0, middle, high + 0.05), materials.ceiling(rng)))
    bar = rng.uniform(0.02, 0.05)
    bars = [box((0.04, bar, z1 - z0), 0, (at, y, (z0 + z1) / 2)) for y in np.linspace(y0, y1, int(rng.integers(2, 5)))]
    bars += [box((0.04, y1 - y0, bar), 0, (at, (y0 + y1) / 2, z)) for z in np.linspace(z0, z1, int(rng.integers(2, 5)))]
    scene.add("window", Part(merged(*bars), materials.paint(rng)))
    sky = _facing(
        np.array([at + side * 0.6, (y0 + y1) / 2, (z0 + z1) / 2 + 0.2]), np.array([0.0, (y0 + y1) / 2, (z0 + z1) / 2])
    )
    blue = Rgb(0.75, 0.9, 1.15) if rng.uniform() < 0.6 else Rgb(1.0, 0.98, 0.95)
    black = {"type": "diffuse", "reflectance": Rgb(0.0, 0.0, 0.0)}
    light = {"type": "area", "radiance": blue}
    scene.add("sky panel", Part({"type": "rectangle"}, black, light, None, sky @ scaling(1.1, 1.1, 1)))
    if rng.uniform() < 0.5:
        # A small far disc that shines past the frame onto the table; the panel of sky is put behind it.
        target = np.array([rng.uniform(-0.3, 0.3), rng.uniform(-0.2, 0.2), 0.0])
        opening = np.array([side * x, rng.uniform(y0 + 0.2, y1 - 0.1), z1 - 0.1])
        place = opening + 6.0 * (opening - target) / np.linalg.norm(opening - target)
        sun = {"type": "area", "radiance": Rgb(1.0, 0.85, 0.65).times(log_uniform(rng, 1000, 8000))}
        scene.parts[-1] = Part(
            {"type": "rectangle"}, black, light, None, sky @ translation(0, 0, -9) @ scaling(12, 12, 1)
        )
        scene.add("low sun", Part({"type": "sphere", "radius": 0.06}, black, sun, None, translation(*place)))


def _composed(
    rng: np.random.Generator,
    name: str,
    scene: _Set,
    radius: float,
    room: float | None = None,
    elevations: tuple[float, float] = (4, 38),
) -> Composition:
    """The finished composition, with four to nine cameras: views of all, of one thing, macro, from above.

    Fields of view 18 to 42 degrees. 45 % of views, and all macros, have a lens of 0.8 to 3 % of the distance. room: how
    far from the middle a camera may be, where walls are near. elevations: of cameras that see all, in degrees. No
    camera if no thing found a place on the stage.
    """
    if not scene.targets:
        return Composition(name, tuple(scene.parts), scene.emitters, None, (), tuple(scene.elements))
    middles = np.array([middle for middle, _ in scene.targets])
    reach = np.array([size for _, size in scene.targets])
    low, high = (middles - reach[:, None]).min(axis=0), (middles + reach[:, None]).max(axis=0)
    centre = (low + high) / 2
    centre[2] = max(0.42 * (middles[:, 2] + 0.7 * reach).max(), 0.02)
    whole = 0.5 * float(np.hypot(high[0] - low[0], 0.6 * (high[1] - low[1])))
    whole = max(whole, 0.6 * float(high[2]), 0.5 * radius)
    cameras = []

    def add(target: np.ndarray, size: float, elevation: tuple[float, float], blurred: float, own: int = -1) -> None:
        for _ in range(8):
            view = _view(rng, target, size, rng.uniform(*elevation), blurred, room)
            if own < 0 or not _hidden(view, np.delete(middles, own, axis=0), np.delete(reach, own)):
                cameras.append(view)
                return

    for _ in range(4):
        shift = 0.12 * whole * rng.standard_normal(3) * [1, 0.5, 0.6]
        add(centre + shift, whole * rng.uniform(0.55, 1.0), elevations, 0.45)
    for k in rng.permutation(len(middles))[:3]:
        add(middles[k], reach[k] * rng.uniform(0.8, 1.2), (5, 40), 0.6, k)
    k = int(rng.integers(len(middles)))
    spot = middles[k] + 0.35 * reach[k] * rng.uniform(-1, 1, 3) * [1, 0.6, 0.8]
    add(spot, reach[k] * rng.uniform(0.35, 0.6), (12, 45), 1.0, k)
    if room is None and rng.uniform() < 0.5:
        add(centre, 1.1 * whole, (62, 86), 0.1)
    order = rng.permutation(len(cameras))
    return Composition(
        name,
        tuple(scene.parts),
        scene.emitters,
        None,
        tuple(cameras[k] for k in order),
        tuple(scene.elements),
    )


def _view(
    rng: np.random.Generator, target: np.ndarray, size: float, elevation: float, blurred: float, room: float | None
) -> Viewpoint:
    """A camera that sees a ball of `size` around the target fill most of the picture; shallow focus with a chance."""
    fov = rng.uniform(18, 42)
    distance = 1.15 * size / np.tan(np.radians(fov) / 2)
    if room is not None and distance > room:
        distance = room
        fov = min(75.0, 2 * np.degrees(np.arctan(1.15 * size / distance)))
    azimuth = float(np.clip(rng.normal(0, 14), -32, 32))
    eye = target + _around(azimuth, elevation, distance)
    eye[2] = max(eye[2], 0.06 * distance + 0.01)
    aperture = distance * log_uniform(rng, 0.008, 0.03) if rng.uniform() < blurred else 0.0
    focus = float(np.linalg.norm(eye - target)) * (rng.uniform(0.93, 1.0) if aperture else 1.0)
    return Viewpoint(tuple(map(float, eye)), tuple(map(float, target)), float(fov), focus, float(aperture))


def _hidden(view: Viewpoint, middles: np.ndarray, reach: np.ndarray) -> bool:
    """Whether one of the things, as balls of 0.6 times their reach, is in the way from the eye to the target."""
    if not len(middles):
        return False
    eye, target = np.array(view.eye), np.array(view.target)
    way = target - eye
    share = np.clip((middles - eye) @ way / (way @ way), 0, 1)
    nearest = eye + share[:, None] * way
    return bool((np.linalg.norm(middles - nearest, axis=1) < 0.6 * reach).any())
