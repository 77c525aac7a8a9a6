"""What stands and lies on tables, desks and shelves, and how people leave it there."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mcdenoise.random_scenes import desk_things, food, ornaments, tableware
from mcdenoise.random_scenes.parts import Part, Surface, Thing, choose, placed


class Kind(NamedTuple):
    """How a small thing is made, how often, and the most that it measures: level (the longer side) and in height."""

    make: Callable[[np.random.Generator], Thing]
    chance: float
    width: float
    height: float


SMALL_THINGS: dict[str, Kind] = {
    "glass of water": Kind(tableware.glass_of_water, 4.0, 0.092, 0.15),
    "empty glass": Kind(tableware.empty_glass, 2.0, 0.092, 0.15),
    "tumbler with ice": Kind(tableware.tumbler_with_ice, 1.2, 0.1, 0.115),
    "wine glass": Kind(tableware.wine_glass, 3.0, 0.125, 0.26),
    "bottle": Kind(tableware.bottle, 2.5, 0.085, 0.35),
    "carafe": Kind(tableware.carafe, 1.0, 0.155, 0.32),
    "jar": Kind(tableware.jar, 1.5, 0.12, 0.23),
    "mug": Kind(tableware.mug, 2.5, 0.13, 0.12),
    "cup and saucer": Kind(tableware.cup_and_saucer, 2.5, 0.175, 0.085),
    "teapot": Kind(tableware.teapot, 1.5, 0.31, 0.19),
    "bowl": Kind(tableware.bowl, 2.0, 0.305, 0.11),
    "plate": Kind(tableware.plate, 1.5, 0.29, 0.06),
    "place setting": Kind(tableware.place_setting, 0.5, 0.42, 0.04),
    "cutlery": Kind(tableware.cutlery, 1.0, 0.26, 0.02),
    "pot": Kind(tableware.pot, 1.0, 0.34, 0.21),
    "pan": Kind(tableware.pan, 0.6, 0.48, 0.08),
    "tray with glasses": Kind(tableware.decanter_tray, 0.5, 0.41, 0.17),
    "bangle": Kind(tableware.bangle, 0.3, 0.08, 0.01),
    "fruit": Kind(food.fruit, 2.0, 0.26, 0.13),
    "fruit bowl": Kind(food.fruit_bowl, 2.0, 0.31, 0.21),
    "bananas": Kind(food.bananas, 0.8, 0.22, 0.06),
    "grapes": Kind(food.grapes, 0.8, 0.21, 0.07),
    "eggs": Kind(food.eggs, 0.5, 0.16, 0.05),
    "bread": Kind(food.bread, 0.8, 0.43, 0.15),
    "cheese": Kind(food.cheese, 0.6, 0.29, 0.1),
    "cake": Kind(food.cake, 0.5, 0.31, 0.28),
    "biscuits": Kind(food.biscuits, 0.5, 0.2, 0.07),
    "vase": Kind(ornaments.vase, 3.0, 0.34, 0.39),
    "flowers in a vase": Kind(ornaments.flowers_in_vase, 2.5, 0.6, 0.72),
    "succulent": Kind(ornaments.succulent, 1.5, 0.14, 0.12),
    "candle": Kind(ornaments.candle, 2.0, 0.31, 0.5),
    "sculpture": Kind(ornaments.sculpture, 2.5, 0.36, 0.42),
    "balanced stones": Kind(ornaments.balanced_stones, 0.7, 0.125, 0.25),
    "animal figure": Kind(ornaments.animal, 1.0, 0.19, 0.15),
    "globe": Kind(ornaments.globe, 0.7, 0.34, 0.45),
    "clock": Kind(ornaments.clock, 1.2, 0.2, 0.23),
    "picture frame": Kind(ornaments.picture_frame, 2.0, 0.3, 0.38),
    "hourglass": Kind(ornaments.hourglass, 0.4, 0.115, 0.2),
    "gems": Kind(ornaments.gems, 0.4, 0.115, 0.025),
    "jewel ring": Kind(ornaments.jewel_ring, 0.4, 0.05, 0.04),
    "watch": Kind(ornaments.watch, 0.5, 0.2, 0.012),
    "perfume bottle": Kind(ornaments.perfume, 0.8, 0.065, 0.125),
    "chess": Kind(ornaments.chess, 0.4, 0.425, 0.14),
    "dice": Kind(ornaments.dice, 0.3, 0.1, 0.02),
    "coins": Kind(ornaments.coins, 0.4, 0.15, 0.012),
    "marbles": Kind(ornaments.marbles, 0.5, 0.23, 0.025),
    "soap": Kind(ornaments.soap, 0.5, 0.14, 0.045),
    "basket": Kind(ornaments.woven_basket, 0.8, 0.36, 0.19),
    "ring stack": Kind(ornaments.ring_stack, 0.3, 0.13, 0.24),
    "building blocks": Kind(ornaments.building_blocks, 0.5, 0.31, 0.22),
    "row of books": Kind(desk_things.books, 3.0, 0.47, 0.32),
    "stack of books": Kind(desk_things.book_stack, 3.0, 0.37, 0.33),
    "open book": Kind(desk_things.open_book, 1.2, 0.43, 0.03),
    "papers": Kind(desk_things.papers, 1.0, 0.38, 0.005),
    "parcel": Kind(desk_things.parcel, 1.5, 0.36, 0.25),
    "laptop": Kind(desk_things.laptop, 1.0, 0.39, 0.25),
    "keyboard": Kind(desk_things.keyboard, 0.4, 0.46, 0.04),
    "mouse": Kind(desk_things.mouse, 0.3, 0.125, 0.042),
    "monitor": Kind(desk_things.monitor, 0.4, 0.77, 0.63),
    "phone": Kind(desk_things.phone, 1.0, 0.26, 0.26),
    "camera": Kind(desk_things.camera, 0.6, 0.155, 0.105),
    "headphones": Kind(desk_things.headphones, 0.5, 0.19, 0.18),
    "pens in a cup": Kind(desk_things.pens_in_cup, 0.8, 0.19, 0.195),
    "tool": Kind(desk_things.tool, 0.5, 0.31, 0.035),
    "gears": Kind(desk_things.gears, 0.4, 0.55, 0.05),
    "nuts and bolts": Kind(desk_things.bolts, 0.2, 0.18, 0.02),
    "cans": Kind(desk_things.tin_can, 0.8, 0.23, 0.33),
    "crumpled paper": Kind(desk_things.crumpled, 0.6, 0.11, 0.1),
    "napkin": Kind(desk_things.napkin, 0.8, 0.44, 0.07),
    "towels": Kind(desk_things.towels, 0.5, 0.37, 0.18),
    "fur toy": Kind(desk_things.fur_toy, 0.4, 0.22, 0.22),
    "brush": Kind(desk_things.brush, 0.4, 0.21, 0.06),
    "ball": Kind(desk_things.toy_ball, 0.4, 0.225, 0.225),
    "loudspeaker": Kind(desk_things.speaker, 0.5, 0.23, 0.35),
    "rolls of tape": Kind(desk_things.tape_roll, 0.2, 0.2, 0.035),
}
"""Small things by the name under which they are chosen, with their chances."""

_SETS = frozenset(
    [
        "glass of water",
        "empty glass",
        "tumbler with ice",
        "wine glass",
        "bottle",
        "jar",
        "mug",
        "cup and saucer",
        "plate",
        "bowl",
        "vase",
        "candle",
        "lit candle",
        "succulent",
        "cans",
        "eggs",
        "fruit",
        "stack of books",
        "balanced stones",
    ]
)
"""Things of which people own several alike."""

_MARGIN = 0.008  # to the edge of a surface, and half as much between things
_MOST = 14  # things on one surface


class Standing(NamedTuple):
    """A thing on a surface: where its origin is, in the surface's coordinates, and how it is turned, in degrees."""

    thing: Thing
    x: float
    y: float
    z: float
    turn: float

    def parts(self) -> tuple[Part, ...]:
        return placed(self.thing, self.x, self.y, self.z, self.turn)


def fitting(largest: float, headroom: float) -> dict[str, Kind]:
    """Those of SMALL_THINGS that are never wider than `largest` nor higher than `headroom`, in metres."""
    return {name: kind for name, kind in SMALL_THINGS.items() if kind.width <= largest and kind.height <= headroom}


def small_thing(rng: np.random.Generator, largest: float, headroom: float) -> Thing:
    """One of SMALL_THINGS, by its chance among those that fit: no level side above `largest`, at most `headroom` high.

    Raises ValueError if none is that small (at 5 cm and 4.1 cm one always fits).
    """
    kinds = fitting(largest, headroom)
    if not kinds:
        raise ValueError(f"no small thing fits into {largest:.3f} m by {headroom:.3f} m")
    return kinds[choose(rng, {name: kind.chance for name, kind in kinds.items()})].make(rng)


def arranged(rng: np.random.Generator, surface: Surface, density: float) -> list[Standing]:
    """Things on a surface as people leave them: none overlap (seen from above, as turned boxes), none overhang.

    density: 0 leaves it empty, 1 crowds it: scattered things cover about 0.4 times `density` of it, and rows of books
    about `density` of a shelf. Shelves (under 0.5 m of headroom and 0.5 m deep) hold books (60 %) or a display of
    things in a row. A surface of at least 0.6 x 0.45 m with 0.4 m above it is laid for a meal (25 %), a desk (20 %),
    has a centrepiece (20 %), or clutter; all others hold clutter in groups, in which glasses, cups and such
    may be alike.
    """
    layout = Layout(surface)
    if density <= 0:
        return []
    shelf = surface.headroom < 0.5 and surface.depth < 0.5 and surface.width > 0.2
    if shelf and surface.headroom > 0.17 and surface.depth > 0.1 and rng.uniform() < 0.6:
        _shelf_of_books(rng, layout, density)
    elif shelf:
        _display(rng, layout, density)
    elif surface.width > 0.6 and surface.depth > 0.45 and surface.headroom > 0.4:
        style = choose(rng, {_meal: 0.25, _desk: 0.2, _centrepiece: 0.2, _clutter: 0.35})
        style(rng, layout, density)
    else:
        _clutter(rng, layout, density)
    return layout.standing


class Layout:
    """What stands on a surface so far, and whether more fits."""

    def __init__(self, surface: Surface):
        self.surface = surface
        self.standing: list[Standing] = []
        self._taken: list[tuple[float, float, float, float]] = []  # corners of turned boxes: centre, half sides

    def put(self, thing: Thing, x: float, y: float, turn: float = 0.0) -> bool:
        """Stand a thing at a place relative to the middle of the surface, if it is free and large enough."""
        half_x, half_y = _half_sides(thing, turn)
        if thing.size[2] > self.surface.headroom:
            return False
        if abs(x) + half_x > self.surface.width / 2 - _MARGIN or abs(y) + half_y > self.surface.depth / 2 - _MARGIN:
            return False
        gap = _MARGIN / 2
        if any(abs(x - a) < half_x + c + gap and abs(y - b) < half_y + d + gap for a, b, c, d in self._taken):
            return False
        self._taken.append((x, y, half_x, half_y))
        self.standing.append(Standing(thing, self.surface.x + x, self.surface.y + y, self.surface.z, turn))
        return True

    def covered(self) -> float:
        """The share of the surface under the boxes of things."""
        return sum(4 * c * d for _, _, c, d in self._taken) / (self.surface.width * self.surface.depth)

    def near(self, rng: np.random.Generator, grouped: float) -> tuple[float, float]:
        """A place, with chance `grouped` beside something that stands there already."""
        half_x, half_y = self.surface.width / 2, self.surface.depth / 2
        if self._taken and rng.uniform() < grouped:
            a, b, c, d = self._taken[rng.integers(len(self._taken))]
            angle = rng.uniform(0, 2 * np.pi)
            away = np.hypot(c, d) + rng.uniform(0.03, 0.12)
            return float(a + away * np.cos(angle)), float(b + away * np.sin(angle))
        return float(rng.uniform(-half_x, half_x)), float(rng.uniform(-half_y, half_y))


def _half_sides(thing: Thing, turn: float) -> tuple[float, float]:
    cos, sin = abs(np.cos(np.radians(turn))), abs(np.sin(np.radians(turn)))
    w, d = thing.size[0] / 2, thing.size[1] / 2
    return float(cos * w + sin * d), float(sin * w + cos * d)


def _clutter(rng: np.random.Generator, layout: Layout, density: float, most: int = _MOST) -> None:
    """Things in groups, until 0.4 times `density` of the surface is covered, or no more finds room."""
    surface = layout.surface
    largest = min(0.9 * surface.width, 0.9 * surface.depth, 0.55)
    if not fitting(largest, surface.headroom):
        return
    failures = 0
    while layout.covered() < 0.4 * density and len(layout.standing) < most and failures < 4:
        alike = [one.thing for one in layout.standing if one.thing.name in _SETS]
        if alike and rng.uniform() < 0.45:
            thing = alike[rng.integers(len(alike))]
        else:
            thing = small_thing(rng, largest, surface.headroom)
        # Things with a front mostly look at who stands before them.
        turn = rng.normal(0, 25) if rng.uniform() < 0.6 else rng.uniform(0, 360)
        if not any(layout.put(thing, *layout.near(rng, 0.6), turn) for _ in range(12)):
            failures += 1


def _shelf_of_books(rng: np.random.Generator, layout: Layout, density: float) -> None:
    """Rows of books from one end to the other, with gaps, piles and ornaments between them."""
    surface = layout.surface
    left, right = -surface.width / 2 + _MARGIN, surface.width / 2 - _MARGIN
    x = left + (rng.uniform(0, 0.15) if rng.uniform() < 0.3 else 0.0)
    while right - x > 0.06:
        room = right - x
        if rng.uniform() < 0.25 + 0.65 * min(density, 1.0):
            length = room if rng.uniform() < 0.35 else min(room, rng.uniform(0.15, 0.6))
            row = desk_things.book_row(rng, length, surface.headroom - 0.002, surface.depth - 2 * _MARGIN)
            # Some push books to the back of a shelf, most draw them to its edge.
            front = -surface.depth / 2 + _MARGIN + 0.001 + row.size[1] / 2
            y = front + rng.uniform(0, 0.3) * max(0.0, surface.depth - row.size[1] - 3 * _MARGIN)
            if not layout.put(row, x + row.size[0] / 2, y):
                return
            x += row.size[0] + _MARGIN + (rng.uniform(0.02, 0.12) if rng.uniform() < 0.4 else 0.0)
            continue
        largest = min(room, surface.depth - 2 * _MARGIN)
        if fitting(largest, surface.headroom) and rng.uniform() < 0.7:
            thing = small_thing(rng, largest, surface.headroom)
            turn = rng.uniform(-15, 15)
            half = _half_sides(thing, turn)[0]
            layout.put(thing, x + half + 0.002, rng.uniform(-0.1, 0.1) * surface.depth, turn)
            x += 2 * half + 0.01
        x += rng.uniform(0.02, 0.1)


def _display(rng: np.random.Generator, layout: Layout, density: float) -> None:
    """Things side by side along the surface; now and then several that are alike."""
    surface = layout.surface
    largest = min(surface.width, surface.depth) - 2 * _MARGIN
    if not fitting(largest, surface.headroom):
        return
    x, fresh, thing = -surface.width / 2 + _MARGIN, 0, None
    repeats = rng.uniform(0.3, 0.9)
    while len(layout.standing) < 2 * _MOST and fresh < _MOST:
        if thing is None or thing.name not in _SETS or rng.uniform() > repeats:
            thing = small_thing(rng, largest, surface.headroom)
            fresh += 1
        turn = rng.normal(0, 8)
        half = _half_sides(thing, turn)[0]
        x += rng.uniform(0.0, 0.25) * (1.1 - min(density, 1.0)) + 0.005
        if x + 2 * half > surface.width / 2 - _MARGIN:
            break
        layout.put(thing, x + half, rng.uniform(-0.12, 0.12) * surface.depth, turn)
        x += 2 * half


def _meal(rng: np.random.Generator, layout: Layout, density: float) -> None:
    """Places along the front and, if there is depth, the back, alike, each with a glass; bowls and bottles between."""
    surface = layout.surface
    setting = tableware.place_setting(rng)
    glasses = [
        choose(rng, [tableware.wine_glass, tableware.glass_of_water, tableware.empty_glass])(rng) for _ in range(2)
    ]
    wide, deep = setting.size[0] + rng.uniform(0.06, 0.25), setting.size[1]
    sides = (-1, 1) if surface.depth > 2 * deep + 0.15 else (-1,)
    count = max(1, int((surface.width - 0.04) / wide))
    for side in sides:
        y = side * (surface.depth / 2 - deep / 2 - rng.uniform(0.015, 0.04))
        for k in range(count):
            x = (k - (count - 1) / 2) * wide
            if rng.uniform() > 0.35 + 0.65 * density:
                continue
            if layout.put(setting, x, y, 0.0 if side < 0 else 180.0):
                glass = glasses[rng.integers(2)]
                behind = deep / 2 + max(glass.size[:2]) / 2 + rng.uniform(0.006, 0.02)
                layout.put(glass, x - side * rng.uniform(0.05, 0.14), y - side * behind, rng.uniform(0, 360))
    middle = [
        tableware.carafe,
        tableware.bottle,
        food.fruit_bowl,
        food.bread,
        ornaments.candle,
        ornaments.flowers_in_vase,
    ]
    middle += [tableware.bowl, tableware.teapot, food.cake, food.cheese]
    for _ in range(int(rng.integers(1, 5))):
        thing = choose(rng, middle)(rng)
        for _ in range(10):
            x, y = rng.uniform(-0.4, 0.4) * surface.width, rng.normal(0, 0.05) * surface.depth
            if layout.put(thing, x, y, rng.uniform(0, 360)):
                break


def _desk(rng: np.random.Generator, layout: Layout, density: float) -> None:
    """A laptop, or a screen with keyboard and mouse, towards the middle; clutter around it."""
    surface = layout.surface
    x, back = rng.uniform(-0.15, 0.15) * surface.width, surface.depth / 2
    if rng.uniform() < 0.45:
        laptop = desk_things.laptop(rng)
        layout.put(laptop, x, rng.uniform(-0.2, 0.1) * surface.depth, rng.uniform(-15, 15))
    else:
        monitor, keyboard = desk_things.monitor(rng), desk_things.keyboard(rng)
        layout.put(monitor, x, back - monitor.size[1] / 2 - rng.uniform(0.01, 0.08), rng.uniform(-6, 6))
        y = -back + keyboard.size[1] / 2 + rng.uniform(0.03, 0.08)
        layout.put(keyboard, x, y, rng.uniform(-4, 4))
        mouse = desk_things.mouse(rng)
        layout.put(mouse, x + keyboard.size[0] / 2 + mouse.size[0] / 2 + 0.05, y, rng.uniform(-15, 15))
    _clutter(rng, layout, 0.4 + 0.7 * density, len(layout.standing) + 7)


def _centrepiece(rng: np.random.Generator, layout: Layout, density: float) -> None:
    """One thing in the middle; at most four more about it."""
    makers = [food.fruit_bowl, ornaments.flowers_in_vase, ornaments.vase, ornaments.candle, tableware.bowl]
    thing = choose(rng, [*makers, ornaments.sculpture, desk_things.book_stack])(rng)
    layout.put(
        thing, *(rng.uniform(-0.05, 0.05, 2) * (layout.surface.width, layout.surface.depth)), rng.uniform(0, 360)
    )
    if rng.uniform() < density:
        _clutter(rng, layout, density, len(layout.standing) + int(rng.integers(1, 5)))
