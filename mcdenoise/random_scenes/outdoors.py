"""Whole compositions in the open air: streets, yards, gardens, pools, ruins, by day under `sunsky` and by night.

z is up; the main subject faces -y and most cameras look along +y.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import furniture, materials, plants
from mcdenoise.random_scenes.composition import Composition
from mcdenoise.random_scenes.facades import (
    Hole,
    Windows,
    awning,
    block,
    column,
    flat,
    front_door,
    hollow_box,
    house,
    railing,
    steps,
    street_lamp,
    wall,
    wall_lantern,
)
from mcdenoise.random_scenes.joinery import beam, board, polygon, rod, spun
from mcdenoise.random_scenes.meshes import TAU, Mesh, box, hanging_line, merged, sheet, smooth_curve
from mcdenoise.random_scenes.parts import (
    Part,
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
from mcdenoise.random_scenes.site import LIGHTS, Site, asphalt, close_views, distance, fog, land, level, paved, sky
from mcdenoise.random_scenes.strands import tubes
from mcdenoise.random_scenes.street_furniture import (
    bulb_string,
    car,
    climbing_dome,
    container,
    crate,
    fountain,
    lattice_fence,
    lounger,
    pallets,
    parasol,
    pool_tiles,
    rubbish_bin,
    sandpit,
    slide,
    stall,
    swing,
    water_surface,
    wire,
)


def outdoor(rng: np.random.Generator) -> Composition:
    """One of COMPOSITIONS, by weight, in a light of LIGHTS; fog in one of ten.

    The first camera is any of the wide views with the same chance; in one of six a close view comes first.
    """
    compose = choose(rng, COMPOSITIONS)
    return composed(rng, compose, choose(rng, LIGHTS))


def composed(rng: np.random.Generator, compose: Callable[[np.random.Generator, Site], None], light: str) -> Composition:
    """A composition of one kind in one light."""
    site = Site(compose.__name__.replace("_", " "), light)
    compose(rng, site)
    wide = [site.cameras[k] for k in rng.permutation(len(site.cameras))]
    near = close_views(rng, site)
    cameras = near[:1] + wide + near[1:] if rng.uniform() < 1 / 6 else wide + near
    emitters = sky(rng, site, light)
    medium = None
    if rng.uniform() < 0.1:
        medium = fog(rng, site, light)
    site.elements.append(f"light: {light}")
    return Composition(site.name, tuple(site.parts), emitters, medium, tuple(cameras), tuple(site.elements))


def _seating(rng: np.random.Generator, site: Site, x: float, y: float, z: float = 0.0) -> None:
    """A table with two to five chairs around it (all alike), with something on it; a parasol in two of five."""
    table = choose(rng, furniture.DINING_TABLES)(rng)
    turn = choose(rng, [0.0, 90.0, rng.uniform(0, 180)])
    site.add(table, x, y, z, turn)
    chair = choose(rng, furniture.CHAIRS)(rng)
    count = int(rng.integers(2, 6))
    for k in range(count):
        angle = 360.0 * k / count + rng.uniform(-10, 10)
        a = np.radians(angle)
        reach = 1 / max(abs(np.cos(a)) / (table.size[0] / 2 + 0.15), abs(np.sin(a)) / (table.size[1] / 2 + 0.15))
        dx, dy = reach * np.cos(a), reach * np.sin(a)
        c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        site.add(chair, x + c * dx - s * dy, y + s * dx + c * dy, z, turn + angle - 90 + rng.uniform(-15, 15))
    top = table.size[2]
    if rng.uniform() < 0.6:
        pot = plants.potted_plant(rng, rng.uniform(0.15, 0.35))
        site.add(pot, x + rng.uniform(-0.1, 0.1), y, z + top)
    if rng.uniform() < 0.4:
        site.add(parasol(rng, site.stock), x + rng.uniform(-0.2, 0.2), y + table.size[1] / 2 + 0.5, z)
    site.spots.append((np.array([x, y, z + top]), np.array([0.0, -1.0, 0.0]), 1.2, z))


def _pots(rng: np.random.Generator, site: Site, places: Iterable[tuple[float, float]], z: float = 0.0) -> None:
    """A potted plant of 0.3 to 1.6 m at each place, with a chance of 0.75."""
    for x, y in places:
        if rng.uniform() < 0.75:
            plant = plants.potted_plant(rng, log_uniform(rng, 0.3, 1.6))
            site.add(plant, x, y, z, rng.uniform(0, 360))
            site.spots.append((np.array([x, y, z + 0.6 * plant.size[2]]), np.array([0.0, -1.0, 0.0]), plant.size[2], z))


def _greens(
    rng: np.random.Generator,
    site: Site,
    places: Iterable[tuple[float, float]],
    kinds: dict[Callable, float] | None = None,
) -> None:
    """A plant at each place: shrubs and trees by default, at most two different of a kind (they share meshes)."""
    kinds = kinds or {plants.shrub: 3, plants.tree: 1}
    made: dict[Callable, list[Thing]] = {}
    for x, y in places:
        kind = choose(rng, kinds)
        grown = made.setdefault(kind, [])
        if len(grown) < 2:
            grown.append(kind(rng))
        site.add(grown[int(rng.integers(len(grown)))], x, y, 0.0, rng.uniform(0, 360))


def street(rng: np.random.Generator, site: Site) -> None:
    """A road of 5 to 9 m between two rows of houses, with pavements, lamps, trees; seen along it or across it."""
    road, walk = rng.uniform(5, 9), rng.uniform(1.8, 3.5)
    land(rng, site, asphalt(rng, site))
    half = road / 2
    pavement, kerb = paved(rng, site), site.stock(rng, materials.concrete)
    length = 44.0
    for s in (-1, 1):
        x0, x1 = sorted((s * half, s * (half + walk + 0.3)))
        site.parts.append(Part(level(x0, -4, x1, length, 0.13), pavement))
        site.parts.append(Part(box((0.15, length + 4, 0.135), 0.01, (s * half, length / 2 - 2, 0.0675)), kerb))
        y = -2.0
        budget = int(rng.integers(3, 6))
        for k in range(budget):
            wide = rng.uniform(6, 11) if k < budget - 1 else 12.0
            building = house(rng, site.stock, wide, rng.uniform(6, 9), int(rng.integers(1, 5)), site.dark)
            turn = rotation("z", 90.0 if s > 0 else -90.0)
            # A wall faces -y: turned so that it faces the road.
            turn = rotation("z", -90.0) if s > 0 else rotation("z", 90.0)
            site.build(building, translation(s * (half + walk), y + wide / 2, 0.13) @ turn)
            y += wide + choose(rng, {0.0: 3, rng.uniform(0.5, 3.0): 1})
    ending = house(rng, site.stock, rng.uniform(10, 16), 8, int(rng.integers(2, 5)), site.dark)
    site.build(ending, translation(rng.uniform(-2, 2), length, 0.0))
    light = street_lamp(rng, site.stock, site.dark)
    for k in range(3):
        for s in (-1, 1):
            site.add(light, s * (half + 0.5), 5.0 + 11 * k + 3 * s, 0.13, -90.0 * s)
    if rng.uniform() < 0.5:
        one = plants.tree(rng, rng.uniform(4, 7))
        for k in range(int(rng.integers(2, 5))):
            site.add(one, choose(rng, [-1, 1]) * (half + 0.9), 9 + 7.5 * k, 0.13, rng.uniform(0, 360))
    if rng.uniform() < 0.5:
        for k in range(6):
            post = Thing(
                "bollard",
                (
                    Part(
                        spun([(0, 0), (0.07, 0), (0.06, 0.75), (0.08, 0.8), (0.06, 0.9), (0, 0.92)], 14),
                        site.stock(rng, materials.dark_metal),
                    ),
                ),
                (0.16, 0.16, 0.92),
            )
            site.add(post, half + 0.25, 1.0 + 2 * k, 0.13)
    if rng.uniform() < 0.4:
        site.parts.append(
            Part(
                merged(*(level(-0.06, y, 0.06, y + 1.5, 0.004) for y in np.arange(-2, length - 4, 3.5))),
                {"type": "diffuse", "reflectance": Rgb(0.7, 0.7, 0.66)},
            )
        )
    if rng.uniform() < 0.3:
        for k in range(3):
            z = rng.uniform(4, 5.5)
            site.place(
                bulb_string(rng, (-half - walk, 6 + 7 * k, z), (half + walk, 6 + 7 * k, z), site.dark, 0.7, 4.0),
                np.eye(4),
            )
        site.elements.append("string of bulbs")
    _pots(rng, site, [(s * (half + walk - 0.4), y) for s in (-1, 1) for y in rng.uniform(2, 18, 2)], 0.13)
    for _ in range(3):
        x = rng.uniform(-half - 0.5 * walk, half + 0.5 * walk)
        eye = rng.uniform(1.4, 1.8)
        site.look(
            (x, rng.uniform(-2, 2), eye), (-0.3 * x, 20, eye + choose(rng, {0.0: 3, 1.5: 1})), rng.uniform(50, 75)
        )
    for s in (-1, 1):
        site.look(
            (s * (half + 0.3), rng.uniform(6, 12), 1.6),
            (-s * (half + walk), rng.uniform(14, 20), 1.6),
            rng.uniform(50, 75),
        )


def house_front(rng: np.random.Generator, site: Site) -> None:
    """One house with its front garden: path, steps, hedge or fence, beds, lawn, a tree."""
    wide, depth = rng.uniform(7, 13), rng.uniform(6, 9)
    building = house(rng, site.stock, wide, depth, int(rng.integers(1, 4)), site.dark)
    land(rng, site, plants.turf(rng) if rng.uniform() < 0.7 else site.stock(rng, materials.ground))
    lift = 0.0
    count = int(rng.integers(0, 5))
    door = building.door or 0.0
    if count:
        flight = steps(rng, site.stock, rng.uniform(1.4, 2.4), count)
        lift = flight.size[2]
        run = flight.size[1] / 2
        site.add(flight, door, -run, 0.0)
        site.parts.append(Part(block((wide, depth, lift), (0, depth / 2, lift / 2)), site.stock(rng, materials.stone)))
    site.build(building, translation(0, 0, lift))
    front = rng.uniform(7, 11)
    site.parts.append(Part(level(door - 0.7, -front - 3, door + 0.7, -0.02, 0.006), paved(rng, site)))
    border = choose(rng, ["hedge", "railing", "wall", "none"])
    if border != "none":
        for x0, x1 in ((-wide / 2 - 2, door - 1.0), (door + 1.0, wide / 2 + 2)):
            long = x1 - x0
            if long > 0.8:
                thing = (
                    plants.hedge(rng, long, rng.uniform(0.6, 1.1), 0.6)
                    if border == "hedge"
                    else railing(rng, site.stock, long, rng.uniform(0.8, 1.1))
                )
                site.add(thing, (x0 + x1) / 2, -front)
    for s in (-1, 1):
        space = (wide / 2 + s * door) - 1.0
        if space > 1.5:
            site.add(plants.flower_bed(rng, min(space, 3.0), 0.8), door + s * (1.0 + min(space, 3.0) / 2), -0.6)
    _greens(rng, site, [(s * rng.uniform(0.35, 0.6) * wide, -rng.uniform(2, 0.7 * front)) for s in (-1, 1, -1)])
    if rng.uniform() < 0.4:
        site.add(plants.ivy(rng, rng.uniform(1.5, 3), rng.uniform(2, 4)), -wide / 2 + 1.6, -0.002, lift)
    if rng.uniform() < 0.3:
        site.add(plants.fallen_leaves(rng, 8, 6), 0, -4)
    if rng.uniform() < 0.5:
        x = door + choose(rng, [-1, 1]) * rng.uniform(2.2, 3.0)
        site.add(plants.grass_patch(rng, 3.0, 2.5, 500), x, -front + 3.0)
    _pots(rng, site, [(door - 0.95, -0.5), (door + 0.95, -0.5)] if count == 0 else [])
    if rng.uniform() < 0.5 or site.dark:
        site.add(street_lamp(rng, site.stock, site.dark), door + 1.6, -front - 0.8)
    for _ in range(3):
        x, eye = rng.uniform(-0.6, 0.6) * wide, rng.uniform(1.4, 1.8)
        away = rng.uniform(0.9, 1.4) * max(wide, 1.4 * building.height)
        site.look((x, -away, eye), (0.3 * x, 0, eye + choose(rng, {0.0: 2, 1.2: 1})), rng.uniform(55, 72))
    site.look((door + rng.uniform(-0.6, 0.6), -front + 1.0, 1.5), (door, 0, 1.5 + lift), rng.uniform(40, 60))


def courtyard(rng: np.random.Generator, site: Site) -> None:
    """A yard of 9 to 15 m between four wings, one with an arcade; a fountain, a tree or tables in the middle."""
    w, d = rng.uniform(9, 15), rng.uniform(9, 15)
    land(rng, site, paved(rng, site))
    storeys = int(rng.integers(1, 4))
    for turn, x, y, wide in ((0.0, 0.0, d / 2, w), (90.0, -w / 2, 0.0, d), (-90.0, w / 2, 0.0, d)):
        if turn == 0.0 and rng.uniform() < 0.6:
            _arcade_front(rng, site, wide, storeys, translation(x, y, 0) @ rotation("z", turn))
        else:
            site.build(house(rng, site.stock, wide, 6, storeys, site.dark), translation(x, y, 0) @ rotation("z", turn))
    site.parts.append(
        Part(
            wall(w + 6, rng.uniform(2.5, 4.0), 0.4, [Hole(-1.3, 1.3, 0, 2.4, 0.6)]),
            site.stock(rng, materials.facade),
            to_world=translation(0, -d / 2, 0) @ rotation("z", 180),
        )
    )
    middle = choose(rng, ["fountain", "tree", "tables", "bed"])
    if middle == "fountain":
        site.add(fountain(rng, site.stock), 0, 0)
    elif middle == "tree":
        site.add(plants.flower_bed(rng, 2.2, 2.2), 0, 0)
        site.add(plants.tree(rng, rng.uniform(4, 6.5)), 0, 0)
    elif middle == "tables":
        for x in (-w / 4, w / 4):
            _seating(rng, site, x, rng.uniform(-1, 1))
    else:
        site.add(plants.flower_bed(rng, w / 3, d / 4), 0, 0)
    _pots(rng, site, [(s * (w / 2 - 0.8), y) for s in (-1, 1) for y in (-d / 4, 0.15 * d)])
    if rng.uniform() < 0.4:
        site.add(plants.ivy(rng, 3, 4), w / 2 - 0.002, -d / 5, 0.0, -90)
    if site.dark or rng.uniform() < 0.3:
        for k in range(2):
            y = (k - 0.5) * d / 2
            site.place(bulb_string(rng, (-w / 2, y, 3.2), (w / 2, y, 3.4), site.dark, 0.5, 3.0), np.eye(4))
        site.elements.append("string of bulbs")
    for _ in range(4):
        x, eye = rng.uniform(-0.4, 0.4) * w, rng.uniform(1.3, 1.8)
        site.look((x, -d / 2 + 0.8, eye), (-0.6 * x, d / 2, eye + choose(rng, {0.0: 2, 0.8: 1})), rng.uniform(55, 78))
    site.look((-w / 2 + 1, -d / 2 + 1, 1.6), (w / 2 - 2, d / 2, 1.6), rng.uniform(60, 78))


def _arcade_front(rng: np.random.Generator, site: Site, width: float, storeys: int, matrix: np.ndarray) -> None:
    """A wall of arches before a covered walk 2.5 m deep, with windows above."""
    bays = max(3, round(width / rng.uniform(2.2, 3.0)))
    pitch = width / bays
    open_wide, tall = pitch * rng.uniform(0.6, 0.78), rng.uniform(2.9, 3.6)
    height = tall + 0.6 + (storeys - 1) * 3.1 + 0.4
    rise = open_wide / 2 * choose(rng, {1.0: 3, 0.5: 1})
    centres = (np.arange(bays) + 0.5) * pitch - width / 2
    holes = [Hole(x - open_wide / 2, x + open_wide / 2, 0, tall, rise) for x in centres]
    skin = site.stock(rng, materials.facade)
    windows = Windows(rng, site.stock, 0.9, 1.5, 0.4, choose(rng, [0.0, 0.45]))
    for storey in range(1, storeys):
        for x in centres:
            z = tall + 0.6 + (storey - 1) * 3.1 + 0.8
            holes.append(Hole(x - 0.45, x + 0.45, z, z + 1.5, windows.hole.rise))
            site.place(windows.parts(rng, site.dark and rng.uniform() < 0.5), matrix @ translation(x, 0, z))
    site.place([Part(wall(width, height, 0.4, holes), skin)], matrix)
    depth = 2.6
    back = [Hole(x - 0.5, x + 0.5, 0, 2.2) for x in centres[::2]]
    site.place(
        [Part(wall(width, tall + 0.5, 0.3, back), site.stock(rng, materials.wall))],
        matrix @ translation(0, 0.4 + depth, 0),
    )
    site.place(
        [Part(block((width, depth + 0.02, 0.25), (0, 0.4 + depth / 2, tall + 0.5)), site.stock(rng, materials.wall))],
        matrix,
    )
    door = front_door(rng, site.stock, 1.0, 2.2)
    site.place([moved_part(part, translation(x, 0.5 + depth)) for x in centres[::2] for part in door.parts], matrix)
    if site.dark:
        light = wall_lantern(rng, site.stock, True)
        site.place(
            [moved_part(part, translation(x, 0.4 + depth - 0.001, 2.2)) for x in centres[1::2] for part in light.parts],
            matrix,
        )
    site.place(
        [Part(block((width + 0.2, 7.0, 0.3), (0, 3.4, height + 0.15)), site.stock(rng, materials.concrete))], matrix
    )
    site.elements += ["arch"] * bays + ["arcade"]


def colonnade(rng: np.random.Generator, site: Site) -> None:
    """A covered walk of 12 to 20 m with columns or arches on one side, open to a garden or square; seen along it."""
    width, length, tall = rng.uniform(2.6, 4.0), rng.uniform(12, 20), rng.uniform(3.0, 4.5)
    land(rng, site, plants.turf(rng) if rng.uniform() < 0.4 else paved(rng, site))
    site.parts.append(Part(box((width + 1.2, length, 0.16), 0.01, (0.2, length / 2, 0.08)), paved(rng, site)))
    bays = max(4, round(length / rng.uniform(1.9, 2.8)))
    pitch = length / bays
    x_open = -width / 2 + 0.2
    back = site.stock(rng, materials.facade)
    doors = [Hole(y - 0.5, y + 0.5, 0, 2.2) for y in (np.arange(bays)[1::3] + 0.5) * pitch - length / 2]
    leaf = front_door(rng, site.stock, 1.0, 2.2)
    facing_in = translation(width / 2, length / 2, 0.16) @ rotation("z", -90)
    site.place([Part(wall(length, tall, 0.3, doors), back)], facing_in)
    site.place(
        [moved_part(part, translation((hole.x0 + hole.x1) / 2, 0.15)) for hole in doors for part in leaf.parts],
        facing_in,
    )
    if rng.uniform() < 0.5:
        open_wide = pitch * rng.uniform(0.62, 0.8)
        holes = [
            Hole(x - open_wide / 2, x + open_wide / 2, 0, tall - 0.4, open_wide / 2)
            for x in (np.arange(bays) + 0.5) * pitch - length / 2
        ]
        site.place(
            [Part(wall(length, tall, 0.4, holes), back)],
            translation(x_open - 0.2, length / 2, 0.16) @ rotation("z", 90) @ translation(0, -0.2, 0),
        )
        site.elements += ["arch"] * bays
    else:
        radius = rng.uniform(0.14, 0.26)
        post = column(rng, site.stock, tall - 0.35, radius)
        for k in range(bays + 1):
            site.add(post, x_open - 0.1, np.clip(k * pitch, 0.3, length - 0.3), 0.16)
        site.parts.append(
            Part(
                board((0.6, length, 0.35), (x_open - 0.1, length / 2, tall - 0.17 + 0.16), 0.01),
                site.stock(rng, materials.stone),
            )
        )
    site.parts.append(
        Part(block((width + 1.4, length + 0.4, 0.25), (0, length / 2, tall + 0.28)), site.stock(rng, materials.wall))
    )
    if rng.uniform() < 0.5:
        beams = [board((width + 0.6, 0.16, 0.2), (0, (k + 0.5) * pitch, tall + 0.055), 0.004) for k in range(bays)]
        site.parts.append(Part(merged(*beams), site.stock(rng, materials.wood)))
    end = wall(width + 1.4, tall + 0.3, 0.3, [Hole(-0.7, 0.7, 0, 2.3, 0.7)] if rng.uniform() < 0.5 else [])
    site.parts.append(Part(end, back, to_world=translation(0, length, 0.1)))
    if site.dark:
        light = wall_lantern(rng, site.stock, True)
        for y in (np.arange(bays)[::2] + 0.5) * pitch:
            site.add(light, width / 2 - 0.001, y, 2.2, -90)
    _pots(rng, site, [(width / 2 - 0.5, y) for y in (np.arange(bays)[::2] + 0.9) * pitch], 0.16)
    if rng.uniform() < 0.4:
        site.add(furniture.bench(rng), width / 2 - 0.4, pitch * 2.6, 0.16, -90)
    _greens(rng, site, [(-rng.uniform(4, 11), y) for y in rng.uniform(1, length, 4)])
    if rng.uniform() < 0.4:
        site.add(fountain(rng, site.stock), -width / 2 - 4.5, length * 0.6)
    for _ in range(3):
        eye = rng.uniform(1.4, 1.75)
        site.look(
            (rng.uniform(-0.3, 0.25) * width, rng.uniform(-1.2, 0.8), eye + 0.16),
            (rng.uniform(-0.15, 0.15) * width, length, eye + 0.16),
            rng.uniform(50, 75),
        )
    site.look((-width / 2 - rng.uniform(5, 8), rng.uniform(-2, 2), 1.6), (0, length * 0.55, 1.6), rng.uniform(50, 70))


def terrace(rng: np.random.Generator, site: Site) -> None:
    """A terrace before a glazed wall or house, with tables, chairs, parasol, pots and a railing; raised in half."""
    w, d = rng.uniform(6, 10), rng.uniform(4.5, 7)
    lift = choose(rng, {0.0: 1, 0.12: 1, 3.0: 1})
    land(rng, site, plants.turf(rng) if rng.uniform() < 0.6 else site.stock(rng, materials.ground))
    deck = site.stock(rng, choose(rng, [materials.wood, materials.paving, materials.stone, materials.concrete]))
    site.parts.append(Part(box((w, d, lift + 0.1), 0.004, (0, -d / 2, (lift - 0.1 + 0.1) / 2 + 0.001)), deck))
    z = lift + 0.051
    building = house(rng, site.stock, w + 2, 6, int(rng.integers(1, 3)), site.dark)
    site.build(building, translation(0, 0, z - 0.02))
    if lift > 0.5:
        site.parts.append(Part(block((w + 2, 6, lift), (0, 3.05, lift / 2)), site.stock(rng, materials.facade)))
    if lift > 0.5 or rng.uniform() < 0.5:
        site.add(railing(rng, site.stock, w - 0.1), 0, -d + 0.12, z)
        side = railing(rng, site.stock, d - 0.5)
        for s in (-1, 1):
            if rng.uniform() < 0.6:
                site.add(side, s * (w / 2 - 0.1), -d / 2 + 0.1, z, 90)
    count = 1 if w < 7 else 2
    for k in range(count):
        _seating(rng, site, (k - (count - 1) / 2) * w / 2 + rng.uniform(-0.4, 0.4), -d * rng.uniform(0.4, 0.6), z)
    door = building.door or 0.0
    _pots(rng, site, [(s * (w / 2 - 0.6), y) for s in (-1, 1) for y in (-0.5, -d + 0.7)] + [(door + 1.0, -0.45)], z)
    if rng.uniform() < 0.4:
        site.add(plants.planter(rng, rng.uniform(1.2, 2.4)), rng.uniform(-0.2, 0.2) * w, -d + 0.5, z)
    if rng.uniform() < 0.35:
        _pergola(rng, site, w - 0.6, d - 0.6, z)
    if site.dark or rng.uniform() < 0.35:
        for k in range(2):
            site.place(
                bulb_string(
                    rng, ((2 * k - 1) * w / 2, 0, z + 2.6), ((1 - 2 * k) * w / 2, -d, z + 2.4), site.dark, 0.4, 2.5
                ),
                np.eye(4),
            )
        for s in (-1, 1):
            site.parts.append(
                Part(
                    rod((s * (w / 2 - 0.05), -d + 0.1, z), (s * (w / 2 - 0.05), -d + 0.1, z + 2.5), 0.03),
                    site.stock(rng, materials.wood),
                )
            )
        site.elements.append("string of bulbs")
    _greens(rng, site, [(s * (w / 2 + rng.uniform(1.5, 3.5)), -d * rng.uniform(0.2, 1.6)) for s in (-1, 1, 1)])
    for _ in range(3):
        eye = z + rng.uniform(1.3, 1.7)
        x = rng.uniform(-0.42, 0.42) * w
        site.look((x, -d + 0.5, eye), (-0.5 * x, 0.0, eye - choose(rng, {0.0: 2, 0.5: 1})), rng.uniform(55, 78))
    site.look((-w / 2 + 0.5, -0.7, z + 1.5), (w / 2, -d - 1, z + 1.2), rng.uniform(55, 75))
    if lift < 1:
        site.look((rng.uniform(-2, 2), -d - 4, 1.5), (0, 0, 1.5), rng.uniform(50, 70))


def _pergola(rng: np.random.Generator, site: Site, w: float, d: float, z: float) -> None:
    """Four to six posts with beams and laths, over x in -w/2..w/2 and y in -d..0: stripes of shade."""
    timber, h = (
        site.stock(rng, choose(rng, [materials.wood, materials.paint, materials.dark_metal])),
        rng.uniform(2.4, 2.8),
    )
    posts = [board((0.12, 0.12, h), (x, y, z + h / 2)) for x in (-w / 2, w / 2) for y in (-d, -d / 2, -0.3)]
    beams = [board((0.1, d + 0.4, 0.16), (x, -d / 2, z + h + 0.08)) for x in (-w / 2, w / 2)]
    gap = rng.uniform(0.25, 0.6)
    laths = [board((w + 0.6, 0.05, 0.12), (0, y, z + h + 0.22)) for y in np.arange(-d - 0.1, 0.05, gap)]
    site.parts.append(Part(merged(*posts, *beams, *laths), timber))
    if rng.uniform() < 0.5:
        climbing = plants.ivy(rng, w, d)
        # What climbs a wall lies on the laths when the wall is laid down.
        site.place(climbing.parts, translation(0, -d, z + h + 0.29) @ rotation("x", -90))
    site.elements.append("pergola")


def garden_path(rng: np.random.Generator, site: Site) -> None:
    """A path of slabs or gravel through beds, shrubs and grass to an arbour, bench, gate or shed; a fence around."""
    length, w = rng.uniform(9, 15), rng.uniform(4, 7)
    land(rng, site, plants.turf(rng))
    bend = rng.uniform(-1.5, 1.5)
    t = np.linspace(0, 1, 24)
    xs, ys = bend * np.sin(np.pi * t), length * t - 1
    paving = paved(rng, site)
    if rng.uniform() < 0.5:
        slabs = [
            board((rng.uniform(0.6, 0.9), length / 24 * 0.8, 0.06), (x, y, 0.0), 0.008)
            for x, y in zip(xs, ys, strict=True)
        ]
        site.parts.append(Part(merged(*slabs), paving))
    else:
        half = rng.uniform(0.5, 0.9)
        rows = np.stack(
            [np.stack([xs - half, ys, np.full(24, 0.012)], 1), np.stack([xs + half, ys, np.full(24, 0.012)], 1)], 1
        )
        site.parts.append(Part(sheet(rows, rows[..., :2].copy()), paving))
    budget = 3
    for s in (-1, 1):
        for y in np.arange(1.0, length - 2, rng.uniform(2.4, 3.2)):
            x = float(np.interp(y, ys, xs)) + s * rng.uniform(1.5, 1.9)
            kind = rng.uniform()
            if kind < 0.3 and budget > 0:
                site.add(plants.flower_bed(rng, 1.0, rng.uniform(1.4, 2.0)), x, y)
                budget -= 1
            elif kind < 0.75:
                site.add(plants.shrub(rng, log_uniform(rng, 0.4, 1.3)), x + s * 0.3, y)
            else:
                site.add(plants.potted_plant(rng, rng.uniform(0.4, 1.2)), x, y)
    for k in range(2):
        site.add(plants.grass_patch(rng, 2.0, 2.0, 900), (2 * k - 1) * rng.uniform(1.9, 2.4), rng.uniform(0.5, 2.5))
    fence = choose(rng, ["lattice", "railing", "hedge", "wall"])
    for s in (-1, 1):
        x = s * (w / 2 + 1.8)
        if fence == "lattice":
            site.place(lattice_fence(rng, site.stock, length + 2), translation(x, length / 2, 0) @ rotation("z", 90))
            site.elements.append("lattice fence")
        elif fence == "hedge":
            site.add(plants.hedge(rng, length, rng.uniform(1.2, 2.0), 0.6), x, length / 2, 0, 90)
        elif fence == "wall":
            site.place(
                [Part(wall(length + 2, 2.0, 0.25), site.stock(rng, materials.facade))],
                translation(x, length / 2, 0) @ rotation("z", 90 * -s),
            )
            site.add(plants.ivy(rng, 4, 2.0), x - s * 0.004, length * 0.4, 0, 90 * -s)
        else:
            site.add(railing(rng, site.stock, length + 2, 1.0), x, length / 2, 0, 90)
    goal = choose(rng, ["arbour", "bench", "shed", "tree"])
    if goal == "arbour":
        timber = site.stock(rng, materials.wood)
        post = [board((0.09, 0.09, 2.3), (a * 0.75, length - 2.5 + b * 0.5, 1.15)) for a in (-1, 1) for b in (-1, 1)]
        top = [board((1.9, 0.06, 0.1), (0, length - 2.5 + y, 2.35)) for y in np.linspace(-0.55, 0.55, 6)]
        site.parts.append(Part(merged(*post, *top), timber))
        mask = site.stock(rng, materials.fence_mask)
        site.place(
            [
                Part(
                    flat([[(-0.5, 0, 0.1), (0.5, 0, 0.1), (0.5, 0, 2.2), (-0.5, 0, 2.2)]]),
                    mask,
                    to_world=translation(s * 0.75, length - 2.5) @ rotation("z", 90),
                )
                for s in (-1, 1)
            ],
            np.eye(4),
        )
        for s in (-1, 1):
            site.add(plants.ivy(rng, 1.0, 2.2), s * 0.75, length - 2.5, 0, 90 * s)
        site.elements.append("arbour")
        site.add(furniture.bench(rng), 0, length - 0.6)
    elif goal == "bench":
        site.add(furniture.bench(rng), 0, length - 1)
        _pots(rng, site, [(-1.1, length - 1), (1.1, length - 1)])
    elif goal == "shed":
        site.build(house(rng, site.stock, 3.6, 3.0, 1, site.dark), translation(0, length - 0.8, 0))
    else:
        site.add(plants.tree(rng, rng.uniform(4, 7)), 0, length)
    _greens(rng, site, [(s * rng.uniform(1, 4), length + rng.uniform(2, 5)) for s in (-1, 1)], {plants.tree: 1})
    if rng.uniform() < 0.3:
        site.add(plants.fallen_leaves(rng, 4, length * 0.7), 0, length * 0.4)
    if site.dark:
        for k in range(4):
            y = 1 + 2.3 * k
            x = float(np.interp(y, ys, xs)) + 0.9 * (2 * (k % 2) - 1)
            site.add(street_lamp(rng, site.stock, True, 0.9), x, y)
    for _ in range(4):
        eye = rng.uniform(0.9, 1.7)
        site.look(
            (rng.uniform(-0.8, 0.8), -rng.uniform(0.5, 2.5), eye),
            (rng.uniform(-0.4, 0.4), length * 0.7, eye - choose(rng, {0.0: 2, 0.5: 1})),
            rng.uniform(45, 70),
            choose(rng, {0.0: 3, 0.006: 1}),
        )


def swimming_pool(rng: np.random.Generator, site: Site) -> None:
    """A pool of 3 to 5 by 7 to 11 m, 1.4 m deep, of tiles, with a rim, loungers, plants and a house or wall behind."""
    w, d, deep = rng.uniform(6, 11), rng.uniform(3, 5), rng.uniform(1.1, 1.6)
    rim = rng.uniform(0.3, 0.5)
    land(
        rng,
        site,
        paved(rng, site) if rng.uniform() < 0.7 else plants.turf(rng),
        (-w / 2 - 0.01, -d / 2 - 0.01, w / 2 + 0.01, d / 2 + 0.01),
    )
    tiles = site.stock(rng, choose(rng, {materials.paving: 1, materials.polished_stone: 1, pool_tiles: 6}))
    basin = hollow_box(w, d, deep)
    front = flat([[(w / 2, 0, 0), (-w / 2, 0, 0), (-w / 2, 0, deep), (w / 2, 0, deep)]])
    lidless = Mesh(basin.points[:16], basin.normals[:16], basin.uvs[:16], basin.faces[(basin.faces < 16).all(axis=1)])
    site.parts.append(Part(merged(lidless, front), tiles, to_world=translation(0, -d / 2, -deep)))
    if rng.uniform() < 0.5:
        under = [
            box(
                (w * 0.25, 0.32, 0.25 * (k + 1)),
                0.004,
                (-w * 0.35, d / 2 - 0.16 - 0.32 * (3 - k), -deep + 0.125 * (k + 1)),
            )
            for k in range(4)
        ]
        site.parts.append(Part(merged(*under), tiles))
    frame = [board((w + 2 * rim, rim, 0.07), (0, s * (d / 2 + rim / 2), 0.02), 0.012) for s in (-1, 1)] + [
        board((rim, d, 0.07), (s * (w / 2 + rim / 2), 0, 0.02), 0.012) for s in (-1, 1)
    ]
    site.parts.append(
        Part(merged(*frame), site.stock(rng, choose(rng, [materials.stone, materials.concrete, materials.wood])))
    )
    site.parts.append(water_surface(rng, np.array([-w / 2, -d / 2, w / 2, d / 2]), -rng.uniform(0.06, 0.18), 110))
    site.elements.append("pool")
    if site.dark:
        for x in np.linspace(-0.35, 0.35, 3) * w:
            face = translation(x, d / 2 - 0.012, -0.6 * deep) @ rotation("x", 90) @ scaling(0.12)
            site.parts.append(
                Part({"type": "rectangle"}, {"type": "diffuse"}, lamp(Rgb(12, 20, 24), 0.0576), to_world=face)
            )
    if rng.uniform() < 0.5:
        steel = site.stock(rng, materials.brushed_metal)
        rails = []
        for x in (-0.25, 0.25):
            arc = np.array(
                [
                    (w * 0.3 + x, d / 2 + 0.45, 0.0),
                    (w * 0.3 + x, d / 2 + 0.45, 0.6),
                    (w * 0.3 + x, d / 2 + 0.2, 0.8),
                    (w * 0.3 + x, d / 2 - 0.08, 0.6),
                    (w * 0.3 + x, d / 2 - 0.1, -0.9),
                ]
            )
            rails.append(tubes(smooth_curve(arc, 18)[None], np.full((1, 18), 0.021), 10))
        rungs = [
            rod((w * 0.3 - 0.25, d / 2 - 0.1, z), (w * 0.3 + 0.25, d / 2 - 0.1, z), 0.018, sides=8)
            for z in (-0.25, -0.5, -0.75)
        ]
        site.parts.append(Part(merged(*rails, *rungs), steel))
        site.elements.append("ladder")
    back = d / 2 + rng.uniform(3.0, 4.5)
    behind = choose(rng, ["house", "villa", "wall", "hedge"])
    if behind == "house":
        site.build(house(rng, site.stock, w + 4, 7, int(rng.integers(1, 3)), site.dark), translation(0, back, 0))
    elif behind == "villa":
        _pavilion(rng, site, w + 2, 5.5, 3.0, translation(0, back, 0))
    elif behind == "wall":
        site.place([Part(wall(w + 8, 2.4, 0.3), site.stock(rng, materials.facade))], translation(0, back, 0))
        site.add(plants.ivy(rng, w * 0.6, 2.4), rng.uniform(-2, 2), back - 0.002)
    else:
        site.add(plants.hedge(rng, w + 6, 2.0, 0.8), 0, back)
    bed = lounger(rng, site.stock)
    for k in range(int(rng.integers(2, 5))):
        site.add(bed, -w / 3 + 1.6 * k, d / 2 + 1.6, 0, 180 + rng.uniform(-4, 4))
    if rng.uniform() < 0.7:
        site.add(parasol(rng, site.stock), -w / 3 + 0.8, d / 2 + 1.9)
    _greens(
        rng,
        site,
        [(s * (w / 2 + rng.uniform(2, 4)), rng.uniform(-1, 3)) for s in (-1, 1, 1)],
        {plants.shrub: 1, plants.tree: 1},
    )
    _pots(rng, site, [(-w / 2 - 1, d / 2 + 0.9), (w / 2 + 1, d / 2 + 0.9)])
    for _ in range(3):
        x, eye = rng.uniform(-0.5, 0.5) * w, rng.uniform(1.2, 1.9)
        site.look(
            (x, -d / 2 - rng.uniform(1.2, 3.0), eye),
            (-0.3 * x, d / 2, eye - choose(rng, {0.0: 1, 0.9: 2})),
            rng.uniform(55, 75),
        )
    site.look((-w / 2 - 1.5, -d / 2 - 1.0, 1.6), (w / 4, d / 2, 0.6), rng.uniform(50, 70))
    site.look(
        (rng.uniform(-1, 1), -d / 2 - 0.7, rng.uniform(1.4, 2.0)),
        (rng.uniform(-1, 1), 0.2 * d, -0.4),
        rng.uniform(45, 60),
    )


def _pavilion(rng: np.random.Generator, site: Site, w: float, d: float, h: float, matrix: np.ndarray) -> None:
    """A room with a glass front under a flat roof that hangs over, furnished and, when it is dark, lit."""
    over = rng.uniform(0.6, 2.0)
    slab = rng.uniform(0.2, 0.4)
    skin = site.stock(rng, choose(rng, [materials.concrete, materials.paint, materials.facade, materials.wall]))
    floor = site.stock(rng, materials.floor)
    inner, ceiling = site.stock(rng, materials.wall), site.stock(rng, choose(rng, [materials.wood, materials.ceiling]))
    t = 0.25
    parts = [
        Part(block((w, d, 0.12), (0, d / 2, 0.0)), floor),
        Part(block((t, d, h), (-w / 2 + t / 2, d / 2, h / 2 + 0.06)), skin),
        Part(block((t, d, h), (w / 2 - t / 2, d / 2, h / 2 + 0.06)), skin),
        Part(block((w - 2 * t, t, h), (0, d - t / 2, h / 2 + 0.06)), inner),
        Part(box((w + 0.6, d + over + 0.3, slab), 0.004, (0, (d - over) / 2 + 0.1, h + slab / 2 + 0.08)), skin),
        Part(
            level(-w / 2, -over + 0.1, w / 2, d - t, 0.0),
            ceiling,
            to_world=translation(0, d - over, h + 0.074) @ rotation("x", 180),
        ),
    ]
    bays = max(2, round(w / rng.uniform(1.5, 2.6)))
    xs = np.linspace(-w / 2 + t, w / 2 - t, bays + 1)
    frame = [board((0.06, 0.1, h - 0.02), (x, 0.12, h / 2 + 0.06)) for x in xs]
    frame += [board((w - 2 * t, 0.1, 0.06), (0, 0.12, z)) for z in (0.1, h + 0.03)]
    opened = int(rng.integers(bays)) if rng.uniform() < 0.3 else -1
    panes = [
        [(a, 0.12, 0.13), (b, 0.12, 0.13), (b, 0.12, h), (a, 0.12, h)]
        for k, (a, b) in enumerate(pairwise(xs))
        if k != opened
    ]
    parts.append(
        Part(
            merged(*frame),
            site.stock(rng, choose(rng, [materials.dark_metal, materials.brushed_metal, materials.wood])),
        )
    )
    parts.append(Part(flat(np.array(panes)), site.stock(rng, materials.thin_glass)))
    if over > 1.2:
        parts += [
            Part(
                rod((s * (w / 2 - 0.2), -over + 0.5, 0), (s * (w / 2 - 0.2), -over + 0.5, h + 0.08), 0.05),
                site.stock(rng, materials.dark_metal),
            )
            for s in (-1, 1)
        ]
    site.place(parts, matrix)
    site.elements += ["glass front", "overhang"]
    inside: list[tuple[Thing, float, float, float]] = []
    table = choose(rng, furniture.DINING_TABLES)(rng)
    inside.append((table, -w * 0.22, d * 0.5, 0.0))
    seat = choose(rng, furniture.CHAIRS)(rng)
    inside += [(seat, -w * 0.22 + s * (table.size[0] / 2 + 0.2), d * 0.5, 90.0 * s) for s in (-1, 1)]
    inside.append((choose(rng, furniture.COUCHES)(rng), w * 0.2, d * 0.6, rng.choice([0.0, 180.0, 90.0])))
    inside.append((plants.potted_plant(rng, rng.uniform(0.8, 1.6)), w / 2 - 0.8, d - 0.8, 0.0))
    for thing, x, y, turn in inside:
        site.place(thing.parts, matrix @ translation(x, y, 0.061) @ rotation("z", turn))
        site.elements.append(thing.name)
    if site.dark or rng.uniform() < 0.4:
        grey = {"type": "diffuse", "reflectance": Rgb(0.6, 0.6, 0.6)}
        flux = log_uniform(rng, 4, 15) if site.dark else 15.0
        light = lamp(Rgb(flux, 0.8 * flux, 0.55 * flux), 4 * np.pi * 0.12**2)
        for x in np.linspace(-0.3, 0.3, int(rng.integers(2, 5))) * w:
            site.place(
                [
                    Part({"type": "sphere", "radius": 0.12}, grey, light, to_world=translation(x, d * 0.5, h - 0.5)),
                    Part(
                        rod((x, d * 0.5, h - 0.4), (x, d * 0.5, h + 0.06), 0.006, sides=6),
                        site.stock(rng, materials.dark_metal),
                    ),
                ],
                matrix,
            )
    site.spots.append(
        (matrix[:3, :3] @ [0, 0, 1.2] + matrix[:3, 3], matrix[:3, :3] @ [0.0, -1.0, 0.0], 2.0, float(matrix[2, 3]))
    )


def villa(rng: np.random.Generator, site: Site) -> None:
    """A modern house: a glazed pavilion and plain boxes above and beside it, terrace slabs, water or lawn before it."""
    w, h = rng.uniform(7, 12), rng.uniform(2.7, 3.2)
    pond = rng.uniform() < 0.4
    area = (-w / 2, -7.0, w / 2, -3.2)
    land(rng, site, plants.turf(rng), area if pond else None)
    _pavilion(rng, site, w, 6, h, np.eye(4))
    skin = site.stock(rng, choose(rng, [materials.paint, materials.concrete, materials.facade, materials.wood]))
    t = 0.3
    side = choose(rng, [-1, 1])
    tall = rng.uniform(h, 2 * h + 0.6)
    bw = rng.uniform(3, 5)
    windows = Windows(rng, site.stock, rng.uniform(0.8, 2.0), rng.uniform(0.8, 1.6), t)
    hole = windows.hole
    z = rng.uniform(0.8, tall - hole.height - 0.5)
    annex = translation(side * (w / 2 + bw / 2), rng.uniform(-1.5, 1.0), 0)
    site.place([Part(wall(bw, tall, t, [Hole(hole.x0, hole.x1, z, z + hole.height)]), skin)], annex)
    site.place(
        [
            Part(block((bw, 6, 0.1), (0, 3, tall + 0.05)), skin),
            *(Part(block((t, 6 - t, tall), (s * (bw - t) / 2, 3 + t / 2, tall / 2)), skin) for s in (-1, 1)),
        ],
        annex,
    )
    site.place(windows.parts(rng, site.dark), annex @ translation(0, 0, z))
    if rng.uniform() < 0.7:
        uw, uh = w * rng.uniform(0.5, 0.8), rng.uniform(2.6, 3.0)
        upper = Windows(rng, site.stock, uw * rng.uniform(0.4, 0.8), rng.uniform(1.4, 2.1), t)
        place = translation(rng.uniform(-0.15, 0.15) * w, rng.uniform(-0.6, 1.2), h + 0.5)
        other = site.stock(rng, choose(rng, [materials.paint, materials.wood, materials.facade]))
        site.place(
            [Part(wall(uw, uh, t, [Hole(upper.hole.x0, upper.hole.x1, 0.3, 0.3 + upper.hole.height)]), other)], place
        )
        site.place([Part(block((t, 4 - t, uh), (s * (uw - t) / 2, 2 + t / 2, uh / 2)), other) for s in (-1, 1)], place)
        site.place([Part(box((uw + 0.3, 4.3, 0.15), 0.004, (0, 2, uh + 0.075)), other)], place)
        site.place(upper.parts(rng, site.dark), place @ translation(0, 0, 0.3))
        if rng.uniform() < 0.5:
            site.place(
                railing(rng, site.stock, uw, 1.0).parts, translation(0, -0.9, h + 0.48) @ translation(place[0, 3], 0, 0)
            )
    if pond:
        x0, y0, x1, y1 = area
        deep = rng.uniform(0.3, 1.3)
        tiles = site.stock(rng, choose(rng, [pool_tiles, materials.stone]))
        site.parts.append(Part(level(*area, -deep), tiles))
        sides = flat(
            [
                [(x0, y0, -deep), (x0, y0, 0), (x0, y1, 0), (x0, y1, -deep)],
                [(x1, y0, -deep), (x1, y1, -deep), (x1, y1, 0), (x1, y0, 0)],
                [(x0, y1, -deep), (x0, y1, 0), (x1, y1, 0), (x1, y1, -deep)],
                [(x0, y0, -deep), (x1, y0, -deep), (x1, y0, 0), (x0, y0, 0)],
            ]
        )
        site.parts.append(Part(sides, {"type": "twosided", "bsdf": tiles} if tiles["type"] != "twosided" else tiles))
        site.parts.append(water_surface(rng, np.array(area), -0.05, 90))
        site.elements.append("pool")
    slab = paved(rng, site)
    site.parts.append(Part(box((w + 1, 3.0, 0.1), 0.006, (0, -1.55, 0.0)), slab))
    if rng.uniform() < 0.5:
        path = [box((1.2, 0.5, 0.08), 0.006, (-w * 0.3, -3.6 - 0.75 * k, 0.0)) for k in range(8)] if not pond else []
        if path:
            site.parts.append(Part(merged(*path), slab))
    if rng.uniform() < 0.6:
        _seating(rng, site, w * 0.25, -1.9, 0.05)
    _greens(rng, site, [(s * (w / 2 + rng.uniform(1.5, 4)), -rng.uniform(2.5, 7)) for s in (-1, 1, -side)])
    if not pond:
        site.add(plants.grass_patch(rng, 3, 3, 700), rng.uniform(-1, 1) * w * 0.2, -7.0)
    _greens(rng, site, [(rng.uniform(-0.5, 0.5) * w, 9.0), (side * -w * 0.7, 8)], {plants.tree: 1})
    for _ in range(3):
        x, eye = rng.uniform(-0.7, 0.7) * w, rng.uniform(1.2, 1.7)
        site.look(
            (x, -rng.uniform(7.5, 11), eye), (0.2 * x, 0, eye + choose(rng, {0.0: 3, 0.6: 1})), rng.uniform(52, 72)
        )
    site.look((-side * (w / 2 - 0.5), -3.0, 1.5), (side * w * 0.4, 0.5, 1.5), rng.uniform(60, 75))


def alley(rng: np.random.Generator, site: Site) -> None:
    """A lane of 2.2 to 4 m between houses, with steps, pots, washing, awnings, strings of bulbs, lanterns."""
    w, length = rng.uniform(2.2, 4.0), 22.0
    land(rng, site, paved(rng, site))
    for s in (-1, 1):
        y = -3.0
        while y < length:
            wide = rng.uniform(4, 7)
            turn = rotation("z", -90.0 * s)
            site.build(
                house(rng, site.stock, wide, 5, int(rng.integers(2, 4)), site.dark),
                translation(s * (w / 2 + rng.uniform(0, 0.25)), y + wide / 2, 0) @ turn,
            )
            y += wide
    site.build(house(rng, site.stock, 9, 5, 3, site.dark), translation(0, length + 1, 0))
    if rng.uniform() < 0.4:
        y = rng.uniform(8, 14)
        arch = wall(w + 0.4, 5.0, 0.8, [Hole(-w / 2 + 0.3, w / 2 - 0.3, 0, 3.2, min(w / 2 - 0.3, 1.2))])
        site.parts.append(Part(arch, site.stock(rng, materials.facade), to_world=translation(0, y, 0)))
        site.elements.append("arch")
    for k in range(int(rng.integers(2, 7))):
        y, z = 1.5 + 2.6 * k, rng.uniform(2.8, 4.2)
        site.place(
            bulb_string(
                rng,
                (-w / 2, y, z),
                (w / 2, y + rng.uniform(-1, 1), z + rng.uniform(-0.3, 0.3)),
                site.dark,
                0.35,
                rng.uniform(0.8, 3.0),
                rng.uniform() < 0.2,
            ),
            np.eye(4),
        )
        site.elements.append("string of bulbs")
    if rng.uniform() < 0.5:
        _washing(rng, site, w)
    light = wall_lantern(rng, site.stock, site.dark)
    for k in range(4):
        s = 2 * (k % 2) - 1
        site.add(light, s * (w / 2 - 0.001), 2 + 4.2 * k, 2.4, -90.0 * s)
    places = [(s * (w / 2 - 0.3), rng.uniform(1.0, 16)) for s in (-1, 1) for _ in range(3)]
    _pots(rng, site, places)
    if rng.uniform() < 0.5:
        site.add(awning(rng, site.stock, 2.0), w / 2 - 0.002, rng.uniform(3, 8), 2.2, -90)
    if rng.uniform() < 0.5:
        site.add(plants.ivy(rng, 3, 4), -w / 2 + 0.002, rng.uniform(4, 9), 0, 90)
    for _ in range(4):
        eye = rng.uniform(1.2, 1.75)
        site.look(
            (rng.uniform(-0.25, 0.25) * w, rng.uniform(-1.5, 1.5), eye),
            (rng.uniform(-0.2, 0.2) * w, 15, eye + choose(rng, {0.0: 2, 1.5: 1})),
            rng.uniform(50, 72),
        )


def _washing(rng: np.random.Generator, site: Site, w: float) -> None:
    """A line across with cloths that hang from it."""
    y, z = rng.uniform(4, 10), rng.uniform(3.0, 4.0)
    line = hanging_line((-w / 2, y, z), (w / 2, y, z), 0.1, 15)
    site.parts.append(Part(wire(line, 0.004), {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.45)}))
    x = -w / 2 + 0.25
    while x < w / 2 - 0.5:
        wide, tall = rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.9)
        v, u = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 9), indexing="ij")
        top = np.interp(x + u * wide, line[:, 0], line[:, 2])
        points = np.stack([x + u * wide, y + 0.03 * (1 - v) * np.sin(9 * u + x), top - tall * (1 - v)], -1)
        colour = Rgb(*(rng.uniform(0.1, 0.85, 3)))
        cloth = {"type": "principledthin", "base_color": colour, "roughness": 0.9, "diff_trans": 0.8}
        site.parts.append(Part(sheet(points, np.stack([u * wide, v * tall], -1)), cloth))
        x += wide + rng.uniform(0.05, 0.3)
    site.elements.append("washing line")


def warehouse(rng: np.random.Generator, site: Site) -> None:
    """A shed front of 16 to 26 m with roller doors, ribbed sheet metal, lettered signs, lamps; a car park before it."""
    w, h = rng.uniform(16, 26), rng.uniform(5, 8)
    land(rng, site, asphalt(rng, site))
    t = 0.3
    bays = int(rng.integers(3, 6))
    pitch = w / bays
    door_wide, door_tall = min(3.6, pitch - 0.8), rng.uniform(3.0, min(4.2, h - 1.2))
    centres = (np.arange(bays) + 0.5) * pitch - w / 2
    holes = [Hole(x - door_wide / 2, x + door_wide / 2, 0, door_tall) for x in centres[:-1]]
    entry = float(centres[-1])
    holes.append(Hole(entry - 0.5, entry + 0.5, 0, 2.2))
    band = Windows(rng, site.stock, pitch * 0.7, 0.9, t)
    row = rng.uniform() < 0.5 and h - door_tall > 1.9
    if row:
        z = door_tall + 0.5
        holes += [Hole(x + band.hole.x0, x + band.hole.x1, z, z + 0.9) for x in centres]
        for x in centres:
            site.place(band.parts(rng, site.dark and rng.uniform() < 0.6), translation(x, 0, z))
    skin = site.stock(
        rng, choose(rng, [materials.paint, materials.concrete, materials.facade, materials.brushed_metal])
    )
    site.parts.append(Part(wall(w, h, t, holes), skin))
    site.parts.append(Part(block((w, 14, 0.4), (0, 7 + t, h - 0.2)), skin))
    site.parts += [Part(block((t, 14, h - 0.4), (s * (w - t) / 2, 7 + t, (h - 0.4) / 2)), skin) for s in (-1, 1)]
    if rng.uniform() < 0.6:
        ribs = [
            block(
                (0.06, 0.035, h - door_tall - (1.6 if row else 0.2)),
                (x, -0.0175, h - (h - door_tall - (1.6 if row else 0.2)) / 2),
            )
            for x in np.arange(-w / 2 + 0.1, w / 2, 0.25)
        ]
        site.parts.append(Part(merged(*ribs), skin))
    shutter = site.stock(rng, materials.paint) if rng.uniform() < 0.6 else site.stock(rng, materials.brushed_metal)
    slat = np.arange(0, door_tall, 0.1)
    for x in centres[:-1]:
        raised = choose(rng, {0.0: 3, rng.uniform(0.2, 0.8): 1}) * door_tall
        quads = []
        for z in slat[slat > raised]:
            quads.append(
                [
                    (x - door_wide / 2, 0.17, z),
                    (x + door_wide / 2, 0.17, z),
                    (x + door_wide / 2, 0.14, z + 0.05),
                    (x - door_wide / 2, 0.14, z + 0.05),
                ]
            )
            quads.append(
                [
                    (x - door_wide / 2, 0.14, z + 0.05),
                    (x + door_wide / 2, 0.14, z + 0.05),
                    (x + door_wide / 2, 0.17, z + 0.1),
                    (x - door_wide / 2, 0.17, z + 0.1),
                ]
            )
        site.parts.append(Part(flat(np.array(quads)), shutter))
        site.elements.append("roller door")
        if raised > 0:
            site.parts.append(
                Part(
                    hollow_box(door_wide + 1.0, 8, door_tall + 0.5),
                    site.stock(rng, materials.concrete),
                    to_world=translation(x, t, -0.002),
                )
            )
            for k in range(int(rng.integers(2, 6))):
                size = rng.uniform(0.4, 1.0, 3)
                site.parts.append(
                    Part(
                        board(size, (x + rng.uniform(-1, 1), rng.uniform(1, 5), size[2] / 2)),
                        site.stock(rng, materials.paper) if k % 2 else site.stock(rng, materials.wood),
                    )
                )
    site.add(front_door(rng, site.stock, 1.0, 2.2), entry, 0.12)
    sw, sh = rng.uniform(3, 7), rng.uniform(0.6, 1.2)
    x, z = rng.uniform(-0.25, 0.25) * w, h - sh - 0.15
    sign = flat(
        [[(x - sw / 2, -0.13, z), (x + sw / 2, -0.13, z), (x + sw / 2, -0.13, z + sh), (x - sw / 2, -0.13, z + sh)]]
    )
    sign = Mesh(sign.points, sign.normals, np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float), sign.faces)
    site.parts += [
        Part(sign, site.stock(rng, materials.lettered)),
        Part(block((sw, 0.12, sh), (x, -0.068, z + sh / 2)), site.stock(rng, materials.dark_metal)),
    ]
    site.elements.append("sign")
    lines = [level(x - 0.05, -6.5, x + 0.05, -1.8, 0.004) for x in np.arange(-w / 2 + 1, w / 2, 2.5)]
    site.parts.append(Part(merged(*lines), {"type": "diffuse", "reflectance": Rgb(0.75, 0.72, 0.6)}))
    for k in range(int(rng.integers(1, 5))):
        kind = choose(rng, [container, pallets, car, car, rubbish_bin])
        site.add(
            kind(rng, site.stock),
            -w / 2 + 2.25 + 2.5 * int(rng.integers(0, int(w / 2.5) - 1)) + 0.0,
            -4.2 - 0.3 * k,
            0.0,
            90.0 if kind is container and rng.uniform() < 0.5 else choose(rng, [0.0, 180.0]),
        )
    light = street_lamp(rng, site.stock, site.dark, 5.5)
    for s in (-1, 1):
        site.add(light, s * w * 0.3, -8.5, 0, 180)
    if site.dark:
        for x in centres:
            site.add(wall_lantern(rng, site.stock, True), x + door_wide / 2 + 0.3, -0.001, 2.8)
    for _ in range(3):
        x, eye = rng.uniform(-0.4, 0.4) * w, rng.uniform(1.4, 1.8)
        site.look(
            (x, -rng.uniform(9.5, 15), eye), (0.4 * x, 0, eye + choose(rng, {0.0: 2, 1.0: 1})), rng.uniform(50, 70)
        )
    site.look((-w / 2 + 0.5, -3.0, 1.6), (w / 3, -0.5, 1.8), rng.uniform(50, 70))


def stairs_outside(rng: np.random.Generator, site: Site) -> None:
    """A flight of 8 to 16 wide steps between walls up to a terrace with railings, planters, lamps, trees."""
    w, count = rng.uniform(2.5, 6), int(rng.integers(8, 17))
    land(rng, site, paved(rng, site))
    flight = steps(rng, site.stock, w, count)
    run, rise = flight.size[1] / 2, flight.size[2]
    site.place(flight.parts, np.eye(4))
    site.elements.append(flight.name)
    stone = site.stock(rng, choose(rng, [materials.stone, materials.concrete, materials.facade]))
    wide = 9.0
    for s in (-1, 1):
        x0 = s * w / 2
        ledge = block((wide, 10, rise), (x0 + s * (wide / 2), run + 5, rise / 2))
        site.parts.append(Part(ledge, stone))
        cheek = choose(rng, [0.0, 0.25])
        if cheek:
            side = np.array(
                [(0, -0.15, 0), (0, run, 0), (0, run, rise + 0.35), (0, run - 0.1, rise + 0.35), (0, -0.15, 0.5)]
            )
            outline = [side + np.array([x0 + e * 0.15 + s * 0.15, 0, 0]) for e in (-1, 1)]
            quads = [[outline[0][k], outline[1][k], outline[1][(k + 1) % 5], outline[0][(k + 1) % 5]] for k in range(5)]
            caps = [polygon(outline[0][::-1]), polygon(outline[1])]
            site.parts.append(Part(merged(flat(np.array(quads)[:, ::-1]), *caps), stone))
    site.parts.append(Part(block((w, 10, rise), (0, run + 5 - 0.001, rise / 2 - 0.002)), stone))
    rail = railing(rng, site.stock, 4.5, 0.95)
    for s in (-1, 1):
        site.add(rail, s * (w / 2 + 2.4), run + 0.25, rise)
    if rng.uniform() < 0.6:
        metal = site.stock(rng, materials.dark_metal)
        for x in [0.0] if rng.uniform() < 0.5 and w > 3.5 else [-w / 2 + 0.12, w / 2 - 0.12]:
            hand = [rod((x, 0, 0.9), (x, run, rise + 0.9), 0.022)]
            hand += [
                rod((x, run * t, rise * t), (x, run * t, rise * t + 0.9), 0.015, sides=8)
                for t in np.linspace(0.06, 0.97, max(3, count // 3))
            ]
            site.parts.append(Part(merged(*hand), metal))
        site.elements.append("handrail")
    if rng.uniform() < 0.7:
        site.build(
            house(rng, site.stock, w + 8, 6, int(rng.integers(1, 4)), site.dark), translation(0, run + 4.0, rise)
        )
    else:
        _greens(rng, site, [(-3, run + 5), (2, run + 6)], {plants.tree: 1})
    for s in (-1, 1):
        x = s * (w / 2 + 1.0)
        kind = rng.uniform()
        if kind < 0.4:
            site.add(plants.shrub(rng, rng.uniform(0.6, 1.2)), x, -0.8)
        elif kind < 0.8:
            site.add(plants.potted_plant(rng, rng.uniform(0.7, 1.4)), x, -0.5)
        if rng.uniform() < 0.4:
            site.add(plants.ivy(rng, 3, rise), s * (w / 2 + 2.5), run - 0.003)
        if site.dark or rng.uniform() < 0.4:
            site.add(street_lamp(rng, site.stock, site.dark, rng.uniform(2.5, 3.5)), s * (w / 2 + 0.6), -0.6)
    if rng.uniform() < 0.3:
        site.add(plants.fallen_leaves(rng, w + 2, 3), 0, -1.7)
    across = rng.uniform(8, 12)  # what is seen from the top of the steps
    for x in (-11.5, 0.0, 11.5):
        if rng.uniform() < 0.7:
            turned = translation(x, -across - 3, 0) @ rotation("z", 180)
            site.build(house(rng, site.stock, 11, 6, int(rng.integers(1, 4)), site.dark), turned)
    _greens(rng, site, [(x, -across) for x in (-6.0, 6.0)], {plants.tree: 2, plants.shrub: 1})
    for s in (-1, 1):
        site.add(furniture.bench(rng), s * (w / 2 + 1.5), -4.0, 0, -90.0 * s)
    for _ in range(3):
        x, eye = rng.uniform(-0.5, 0.5) * w, rng.uniform(1.3, 1.7)
        site.look((x, -rng.uniform(3, 6), eye), (0, run, eye + choose(rng, {0.0: 1, 0.7: 2})), rng.uniform(50, 72))
    site.look(
        (rng.uniform(-0.4, 0.4) * w, run - 0.3, rise + 1.6), (rng.uniform(-1, 1), -6, rise - 0.6), rng.uniform(55, 72)
    )
    site.look((-w / 2 - 1.5, -2.5, 1.2), (w / 4, run * 0.6, 1.2), rng.uniform(50, 68))


def playground(rng: np.random.Generator, site: Site) -> None:
    """A slide, a swing, a climbing dome and a sandpit on grass or rubber, with benches, a fence and trees."""
    land(rng, site, plants.turf(rng) if rng.uniform() < 0.6 else site.stock(rng, materials.ground))
    site.parts.append(
        Part(
            level(-6, -4, 6, 6, 0.006),
            {"type": "diffuse", "reflectance": Rgb(*rng.uniform(0.1, 0.55, 3))}
            if rng.uniform() < 0.5
            else site.stock(rng, materials.ground),
        )
    )
    items = [slide, swing, climbing_dome, sandpit]
    spots = [(-3.4, 1.0), (2.6, 1.8), (-0.5, 4.2), (3.2, -2.0)]
    for k, place in zip(rng.permutation(4), spots, strict=True):
        site.add(items[k](rng, site.stock), *place, 0.0, rng.uniform(-50, 50))
    site.add(furniture.bench(rng), -4.8, -2.4, 0, 130)
    if rng.uniform() < 0.6:
        site.add(railing(rng, site.stock, 14, 1.0), 0, 7.5)
    else:
        site.add(plants.hedge(rng, 14, 1.2, 0.7), 0, 7.5)
    _greens(rng, site, [(-7, 6), (6.5, 6.5), (-6, 9), (2, 11)], {plants.tree: 3, plants.shrub: 1})
    if rng.uniform() < 0.5:
        site.build(
            house(rng, site.stock, 14, 8, int(rng.integers(2, 5)), site.dark), translation(rng.uniform(-3, 3), 16, 0)
        )
    if rng.uniform() < 0.4:
        site.add(plants.fallen_leaves(rng, 10, 8), 0, 0)
    if site.dark or rng.uniform() < 0.4:
        for s in (-1, 1):
            site.add(street_lamp(rng, site.stock, site.dark), s * 5.5, 3.0, 0, 90 * s)
    for _ in range(4):
        x, eye = rng.uniform(-5, 5), rng.uniform(1.1, 1.7)
        site.look(
            (x, -rng.uniform(5.5, 8), eye), (-0.2 * x, 2, eye - choose(rng, {0.0: 2, 0.4: 1})), rng.uniform(50, 70)
        )


def ruins(rng: np.random.Generator, site: Site) -> None:
    """Columns, some broken, on a stepped base, with broken walls, fallen drums and blocks among grass and shrubs."""
    land(rng, site, site.stock(rng, materials.ground) if rng.uniform() < 0.5 else plants.turf(rng))
    bays, pitch = int(rng.integers(4, 7)), rng.uniform(1.8, 2.6)
    height, radius = rng.uniform(3.5, 6), rng.uniform(0.28, 0.45)
    w, d = (bays - 1) * pitch + 2.0, rng.uniform(5, 8)
    stone = site.stock(rng, materials.stone)
    base = merged(
        *(board((w + 1.2 - 0.6 * k, d + 1.2 - 0.6 * k, 0.2), (0, d / 2, 0.1 + 0.2 * k), 0.015) for k in range(2))
    )
    site.parts.append(Part(base, stone))
    state = rng.bit_generator.state
    whole = column(rng, site.stock, height, radius)
    xs = (np.arange(bays) - (bays - 1) / 2) * pitch
    standing_columns = rng.uniform(0, 1, bays) < 0.65
    after = rng.bit_generator.state
    for y in (0.8, d - 0.8):
        for x, up in zip(xs, standing_columns if y < 1 else rng.uniform(0, 1, bays) < 0.5, strict=True):
            if up:
                site.add(whole, x, y, 0.4)
            else:
                rng.bit_generator.state = state  # of the same stone and order as the others
                stump = column(rng, site.stock, height, radius, broken=True)
                rng.bit_generator.state = after
                turn = rng.uniform(0, 360)
                after = rng.bit_generator.state
                site.add(stump, x, y, 0.4, turn)
    for a, b in zip(range(bays - 1), range(1, bays), strict=True):
        if standing_columns[a] and standing_columns[b]:
            site.parts.append(
                Part(
                    board(
                        (pitch + 2 * radius, 2.4 * radius, 0.5), ((xs[a] + xs[b]) / 2, 0.8, 0.4 + height + 0.25), 0.02
                    ),
                    stone,
                )
            )
            site.elements.append("lintel")
    drum = spun([(0, -0.3), (radius, -0.3), (radius, 0.3), (0, 0.3)], 24)
    drum_turn = rotation("x", 90)[:3, :3]
    lying = Mesh(drum.points @ drum_turn.T, drum.normals @ drum_turn.T, drum.uvs, drum.faces)
    for _ in range(int(rng.integers(2, 6))):
        site.place(
            [Part(lying, stone)],
            translation(rng.uniform(-0.6, 0.6) * w, rng.uniform(-3.0, -0.8), radius * 0.93)
            @ rotation("z", rng.uniform(0, 360)),
        )
    blocks = [board(rng.uniform([0.4, 0.4, 0.25], [1.2, 0.8, 0.5]), (0, 0, 0), 0.03) for _ in range(4)]
    for k in range(int(rng.integers(5, 14))):
        turn = rotation("z", rng.uniform(0, 360)) @ rotation("x", rng.uniform(-15, 15))
        site.place(
            [Part(blocks[k % 4], stone)], translation(rng.uniform(-0.7, 0.7) * w, rng.uniform(-4, 2 * d), 0.16) @ turn
        )
    if rng.uniform() < 0.7:
        ww = rng.uniform(5, 9)
        arch = wall(ww, rng.uniform(3.5, 5), 0.7, [Hole(-1.1, 1.1, 0, 2.9, 1.1)])
        jag = arch.points.copy()
        top = jag[:, 2] > jag[:, 2].max() - 1e-6
        jag[top, 2] -= 1.1 * (0.5 + 0.5 * np.sin(1.7 * jag[top, 0] + rng.uniform(0, TAU))) + 0.3
        site.place(
            [Part(Mesh(jag, arch.normals, arch.uvs, arch.faces), site.stock(rng, materials.facade))],
            translation(rng.uniform(-3, 3), d + 3.0, 0) @ rotation("z", rng.uniform(-25, 25)),
        )
        site.elements.append("arch")
    _greens(
        rng,
        site,
        [(rng.uniform(-0.9, 0.9) * w, rng.choice([-2.5, d + 1.5]) + rng.uniform(-1, 1)) for _ in range(3)],
        {plants.shrub: 1},
    )
    _greens(rng, site, [(-w / 2 - 4, d), (w / 2 + 5, d + 3)], {plants.tree: 1})
    for k in range(2):
        site.add(plants.grass_patch(rng, 2.5, 2.0, 500), (2 * k - 1) * w * 0.25, -rng.uniform(2.5, 4.5))
    if site.dark:
        for x in xs:
            face = translation(x, -0.2, 0.45) @ rotation("x", -40) @ scaling(0.08)
            site.parts.append(
                Part({"type": "rectangle"}, {"type": "diffuse"}, lamp(Rgb(8, 5.5, 2.5), 0.0256), to_world=face)
            )
        site.elements.append("floodlight")
    for _ in range(3):
        x, eye = rng.uniform(-0.6, 0.6) * w, rng.uniform(1.2, 1.8)
        site.look((x, -rng.uniform(5, 9), eye), (0, d / 2, eye + choose(rng, {0.0: 1, 1.0: 1})), rng.uniform(50, 72))
    site.look((-w / 2 + 0.6, 2.4, 2.0), (w / 2, d / 2, 2.2), rng.uniform(60, 75))


def market(rng: np.random.Generator, site: Site) -> None:
    """Two rows of stalls on a square with crates, bulbs, houses behind."""
    land(rng, site, paved(rng, site))
    lane = rng.uniform(3.0, 4.5)
    variants = [stall(rng, site.stock, site.dark) for _ in range(3)]
    for s in (-1, 1):
        y = 1.0
        for _ in range(int(rng.integers(3, 5))):
            one = variants[int(rng.integers(3))]
            site.add(one, s * (lane / 2 + 0.9), y + one.size[0] / 2, 0, -90.0 * s)
            y += one.size[0] + rng.uniform(0.1, 0.8)
    for x in (-11, 0, 11):
        site.build(
            house(rng, site.stock, 10.5, 8, int(rng.integers(2, 5)), site.dark),
            translation(x, 17 + rng.uniform(0, 2), 0),
        )
    box_ = crate(rng, site.stock)
    for _ in range(int(rng.integers(2, 7))):
        site.add(box_, choose(rng, [-1, 1]) * (lane / 2 - 0.1), rng.uniform(1.5, 9), 0.0, rng.uniform(0, 360))
    if rng.uniform() < 0.6:
        for k in range(3):
            site.place(
                bulb_string(
                    rng,
                    (-lane / 2 - 0.8, 2 + 3.5 * k, 3.2),
                    (lane / 2 + 0.8, 3.5 + 3.5 * k, 3.2),
                    site.dark,
                    0.4,
                    2.0,
                    rng.uniform() < 0.3,
                ),
                np.eye(4),
            )
        site.elements.append("string of bulbs")
    for s in (-1, 1):
        site.add(street_lamp(rng, site.stock, site.dark), s * (lane / 2 + 3.5), 13)
    _greens(rng, site, [(-8, 13), (8, 13.5)], {plants.tree: 1})
    _pots(rng, site, [(-lane / 2 - 0.2, 0.3), (lane / 2 + 0.2, 0.3)])
    for s, y in ((-1, 3.0), (1, 6.0)):
        site.spots.append((np.array([s * (lane / 2 + 0.3), y, 0.95]), np.array([-float(s), 0.0, 0.0]), 0.8, 0.0))
    for _ in range(4):
        x, eye = rng.uniform(-0.3, 0.3) * lane, rng.uniform(1.4, 1.75)
        site.look((x, -rng.uniform(0.5, 3.0), eye), (-0.5 * x, 9, eye), rng.uniform(50, 75))
    site.look((-0.3 * lane, 1.0, 1.5), (lane / 2 + 0.9, 5.0, 1.2), rng.uniform(45, 65))


def bridge(rng: np.random.Generator, site: Site) -> None:
    """An arched stone or plain footbridge over water between banks, with railings, trees, houses, lamps."""
    span, deep, bank = rng.uniform(7, 13), 2.2, rng.uniform(0.7, 1.4)
    half = span / 2
    far = 400.0
    bed, skin = site.stock(rng, materials.ground), site.stock(rng, materials.stone)
    shore = plants.turf(rng) if rng.uniform() < 0.6 else paved(rng, site)
    site.parts.append(Part(merged(level(-far, -far, -half, far, 0.0), level(half, -far, far, far, 0.0)), shore))
    site.parts.append(Part(level(-half, -far, half, far, -deep), bed))
    quay = [
        [(-half, far, -deep), (-half, far, 0), (-half, -far, 0), (-half, -far, -deep)],
        [(half, -far, -deep), (half, -far, 0), (half, far, 0), (half, far, -deep)],
    ]
    site.parts.append(
        Part(flat(np.array(quay)), skin if skin["type"] == "twosided" else {"type": "twosided", "bsdf": skin})
    )
    near = water_surface(rng, np.array([-half, -18.0, half, 22.0]), -bank, 140)
    site.parts.append(near)
    calm = {"type": "dielectric", "int_ior": 1.333}
    site.parts.append(Part(merged(level(-half, -far, half, -18, -bank), level(-half, 22, half, far, -bank)), calm))
    distance(rng, site)
    site.elements.append("river")
    wide, y0 = rng.uniform(2.0, 4.0), 4.0
    hump = rng.uniform(0.3, 1.0)
    t = np.linspace(-1, 1, 25)
    top = hump * (1 - t**2) + 0.25
    x = t * (half + 1.5)
    deck = np.stack([np.stack([x, np.full(25, y), top], 1) for y in (y0, y0 + wide)])
    stones = paved(rng, site)
    site.parts.append(Part(sheet(deck, deck[..., :2].copy()), stones))
    if rng.uniform() < 0.65:
        r = np.sqrt(np.maximum(1 - (x / (half - 0.3)) ** 2, 0))
        under = -deep + (deep - 0.35 + hump) * r
        arch_top = top
        for y, flip in ((y0, False), (y0 + wide, True)):
            low = np.stack([x, np.full(25, y), under], 1)
            high = np.stack([x, np.full(25, y), arch_top], 1)
            quads = np.stack([low[:-1], low[1:], high[1:], high[:-1]], 1)
            site.parts.append(Part(flat(quads[:, ::-1] if flip else quads), skin))
        a, b = (np.stack([x, np.full(25, y), under], 1) for y in (y0, y0 + wide))
        site.parts.append(Part(flat(np.stack([a[:-1], b[:-1], b[1:], a[1:]], 1)), skin))
        site.elements.append("arch")
    else:
        timber = site.stock(rng, choose(rng, [materials.wood, materials.dark_metal]))
        girders = [
            beam((x[k], y, top[k] - 0.16), (x[k + 1], y, top[k + 1] - 0.16), 0.14, 0.28, (0, 1, 0))
            for y in (y0 + 0.1, y0 + wide - 0.1)
            for k in range(24)
        ]
        posts = [
            board((0.2, 0.2, deep + hump), (s * half * 0.5, y, (hump - deep) / 2), 0.01)
            for s in (-1, 1)
            for y in (y0 + 0.2, y0 + wide - 0.2)
        ]
        site.parts.append(Part(merged(*girders, *posts), timber))
    piece = railing(rng, site.stock, (span + 3) / 6, 1.0)
    for k in range(6):
        a, b = x[4 * k], x[4 * k + 4]
        za, zb = top[4 * k], top[4 * k + 4]
        lean = np.eye(4)
        lean[2, 0] = (zb - za) / (b - a)
        for y in (y0 + 0.12, y0 + wide - 0.12):
            site.place(piece.parts, translation((a + b) / 2, y, (za + zb) / 2 - 0.005) @ lean)
    site.elements.append("bridge")
    site.blocks.append((-half, y0, half, y0 + wide, 1.0))
    for s in (-1, 1):
        if rng.uniform() < 0.6:
            site.build(
                house(rng, site.stock, rng.uniform(8, 12), 7, int(rng.integers(1, 4)), site.dark),
                translation(s * (half + 3.5), rng.uniform(9, 13), 0) @ rotation("z", -90.0 * s),
            )
        _greens(
            rng,
            site,
            [
                (s * (half + rng.uniform(1.2, 2.5)), rng.uniform(-3, 2)),
                (s * (half + rng.uniform(3, 6)), rng.uniform(0, 4)),
            ],
            {plants.tree: 1, plants.shrub: 1},
        )
        if site.dark or rng.uniform() < 0.5:
            site.add(street_lamp(rng, site.stock, site.dark), s * (half + 0.8), y0 - 0.7, 0, 90 * s)
    for s in (-1, 1):
        eye = rng.uniform(1.4, 1.8)
        site.look(
            (s * (half + 0.8), -rng.uniform(5, 9), eye),
            (-0.3 * s * half, y0 + 1, eye - choose(rng, {0.0: 1, 0.6: 1})),
            rng.uniform(52, 72),
        )
    site.look(
        (rng.uniform(-0.3, 0.3) * half, -rng.uniform(7, 11), rng.uniform(0.4, 1.2)), (0, y0, 0.6), rng.uniform(50, 68)
    )
    site.look((-half - 2.5, y0 + wide / 2, 1.8), (half, y0 + wide / 2, 1.6), rng.uniform(50, 70))


COMPOSITIONS: dict[Callable[[np.random.Generator, Site], None], float] = {
    street: 3,
    house_front: 3,
    courtyard: 2,
    colonnade: 2,
    terrace: 3,
    garden_path: 2,
    swimming_pool: 2,
    villa: 3,
    alley: 2,
    warehouse: 1.5,
    stairs_outside: 2,
    playground: 1,
    ruins: 1,
    market: 1.5,
    bridge: 1.5,
}
