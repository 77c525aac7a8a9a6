"""Interiors: rooms of several kinds, furnished, with daylight through their openings, lamps, or both."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mcdenoise.random_scenes import building, furniture, hangings, lamps, materials, plants, small_things, storage
from mcdenoise.random_scenes.composition import Composition, Viewpoint
from mcdenoise.random_scenes.meshes import Mesh, box, merged
from mcdenoise.random_scenes.parts import (
    Part,
    Plugin,
    Point,
    Rgb,
    Thing,
    choose,
    log_uniform,
    moved_part,
    rotation,
    scaling,
    translation,
)
from mcdenoise.random_scenes.shell import (
    Opening,
    Shell,
    Wall,
    annex,
    boards,
    empty_shell,
    glow,
    pane,
    shell_parts,
    window_frame,
)

_LIGHT = {"sun": 0.28, "overcast": 0.12, "evening": 0.25, "sun and lamps": 0.15, "soft windows": 0.2}
"""What lights a room, and how often."""

_DINING_CHAIRS = (furniture.wooden_chair, furniture.upholstered_chair, furniture.shell_chair)


@dataclass(frozen=True)
class _Rect:
    """A piece of floor that something stands on, up to `height`."""

    x0: float
    x1: float
    y0: float
    y1: float
    height: float


@dataclass
class Room:
    """A room that is being furnished."""

    shell: Shell
    parts: list[Part] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    taken: list[_Rect] = field(default_factory=list)
    focus: list[tuple[float, float, float]] = field(default_factory=list)
    """Places worth a closer look."""

    clutter: float = 0.6
    table_lamps: float = 0.0
    """Chance that a surface with room for it bears a lamp that is lit."""

    def add(self, rng: np.random.Generator, thing: Thing, matrix: np.ndarray, surfaces: bool = True) -> None:
        """Put a thing where `matrix` says, and small things on it."""
        self.elements.append(thing.name)
        self.parts += [moved_part(part, matrix) for part in thing.parts]
        if not surfaces:
            return
        for surface in thing.surfaces:
            if surface.width * surface.depth < 0.01 or rng.random() < 0.15:
                continue
            found = []
            if surface.width > 0.3 and surface.headroom > 0.6 and rng.random() < self.table_lamps:
                lamp = choose(rng, lamps.TABLE_LAMPS)(rng, _flux(rng))
                if max(lamp.size[:2]) < min(surface.width, surface.depth * 1.3) and lamp.size[2] < surface.headroom:
                    self.elements.append(lamp.name)
                    wide, side = lamp.size[0], choose(rng, (-1, 1))
                    place = translation(surface.x + side * (surface.width - wide) / 2, surface.y, surface.z)
                    found += [moved_part(part, place) for part in lamp.parts]
                    rest = surface.width - wide - 0.02
                    surface = surface._replace(x=surface.x - side * (wide + 0.02) / 2, width=rest)
            if surface.width > 0.08:
                standing = small_things.arranged(rng, surface, self.clutter)
                self.elements += [one.thing.name for one in standing]
                found += [part for one in standing for part in one.parts()]
            self.parts += [moved_part(part, matrix) for part in found]
            if found:
                self.focus.append(tuple((matrix @ [surface.x, surface.y, surface.z, 1.0])[:3]))

    def clear(self, rect: _Rect, above: float = 0.0) -> bool:
        """Whether nothing that is higher than `above` stands on this piece of floor, and it is inside the room."""
        half_x, half_y = self.shell.width / 2, self.shell.depth / 2
        inside = -half_x <= rect.x0 and rect.x1 <= half_x and -half_y <= rect.y0 and rect.y1 <= half_y
        return inside and not any(
            rect.x0 < other.x1
            and rect.x1 > other.x0
            and rect.y0 < other.y1
            and rect.y1 > other.y0
            and other.height > above
            for other in self.taken
        )

    def stand(self, rng: np.random.Generator, thing: Thing, x: float, y: float, turn: float, gap: float = 0.05) -> bool:
        """Put a thing on the floor if it fits there."""
        rect = _footprint(thing, x, y, turn, gap)
        if thing.size[2] > self.shell.height - 0.05 or not self.clear(rect):
            return False
        self.taken.append(rect)
        self.add(rng, thing, translation(x, y, 0.0) @ rotation("z", turn))
        return True

    def anywhere(self, rng: np.random.Generator, thing: Thing, spread: float = 0.8, turns: bool = True) -> bool:
        """Put a thing somewhere on the free floor, within `spread` of the room around its middle."""
        for _ in range(12):
            x = rng.uniform(-0.5, 0.5) * spread * self.shell.width
            y = rng.uniform(-0.5, 0.5) * spread * self.shell.depth
            turn = rng.uniform(0, 360) if turns else 90.0 * rng.integers(4)
            if self.stand(rng, thing, x, y, turn):
                return True
        return False

    def against_wall(self, rng: np.random.Generator, thing: Thing, wall: Wall | None = None) -> bool:
        """Put a thing with its back to a wall, before windows only if it is lower than they are."""
        wide, deep, tall = thing.size
        for _ in range(16):
            side = wall or self.shell.walls[rng.integers(4)]
            if wide > side.length - 0.1:
                continue
            x = rng.uniform(-1, 1) * (side.length - wide) / 2
            if not side.free(x - wide / 2, x + wide / 2, 0.0, tall):
                continue
            y = side.distance - deep / 2 - rng.uniform(0.005, 0.06)
            place = rotation("z", side.angle) @ [x, y, 0.0, 1.0]
            rect = _footprint(thing, place[0], place[1], side.angle, 0.0)
            if tall > self.shell.height - 0.02 or not self.clear(rect):
                continue
            self.taken.append(rect)
            side.taken.append((x - wide / 2, x + wide / 2, 0.0, tall))
            self.add(rng, thing, translation(*place[:3]) @ rotation("z", side.angle))
            return True
        return False

    def hang(self, rng: np.random.Generator, thing: Thing, low: float, high: float) -> bool:
        """Hang a thing on a free stretch of wall, its foot between `low` and `high` above the floor."""
        wide, _, tall = thing.size
        for _ in range(12):
            side = self.shell.walls[rng.integers(4)]
            x, z = rng.uniform(-1, 1) * (side.length - wide) / 2, rng.uniform(low, high)
            if z + tall > self.shell.height - 0.05 or not side.free(x - wide / 2, x + wide / 2, z, z + tall):
                continue
            side.taken.append((x - wide / 2, x + wide / 2, z, z + tall))
            self.add(rng, thing, side.to_room @ translation(x, 0.0, z))
            return True
        return False


def interior(rng: np.random.Generator) -> Composition:
    """A room: living room 18%, bedroom 10%, dining room 12%, kitchen 11%, study 10%, stair hall 10%, corridor 7%,
    gallery 7%, loft 7%, hall with columns 4%, nearly empty room 4%.

    Light as in _LIGHT. Clutter (how full surfaces are) is uniform from 0.2 to 0.9. Fog fills 4% of rooms.
    """
    kinds: dict[Callable, float] = {
        _living_room: 0.18,
        _bedroom: 0.10,
        _dining_room: 0.12,
        _kitchen: 0.11,
        _study: 0.10,
        _stair_hall: 0.10,
        _corridor: 0.07,
        _gallery: 0.07,
        _loft: 0.07,
        _columned_hall: 0.04,
        _bare_room: 0.04,
    }
    furnish = choose(rng, kinds)
    light = choose(rng, _LIGHT)
    room, windows, doors = furnish.room(rng)
    room.clutter = rng.uniform(0.2, 0.9)
    room.table_lamps = 0.35 if light in ("evening", "sun and lamps") else 0.0
    _cut_windows(rng, room.shell, windows)
    _cut_doors(rng, room.shell, doors)
    furnish(rng, room)
    emitters = _light(rng, room, light)
    _finish(rng, room)
    medium = None
    if rng.random() < 0.04:
        room.elements.append("fog")
        density = log_uniform(rng, 0.01, 0.06)
        medium = {"type": "homogeneous", "albedo": Rgb(0.95, 0.95, 0.95), "sigma_t": density}
        medium["phase"] = {"type": "hg", "g": float(rng.uniform(0.0, 0.6))}
        shell = room.shell  # the fog ends at the outer side of the walls: light from outside must come in
        around = scaling(shell.width / 2 + shell.thickness, shell.depth / 2 + shell.thickness, shell.height / 2 + 0.1)
        middle = translation(0.0, 0.0, shell.height / 2)
        room.parts.append(Part({"type": "cube"}, {"type": "null"}, interior=medium, to_world=middle @ around))
    room.elements.append(f"light: {light}")
    name = furnish.__name__.strip("_").replace("_", " ")
    return Composition(
        name,
        tuple(room.parts),
        emitters,
        medium,
        tuple(_clear_of_everything(_viewpoints(rng, room), room.parts)),
        tuple(room.elements),
    )


def _sized(
    width: tuple[float, float],
    depth: tuple[float, float],
    height: tuple[float, float],
    windows: tuple[int, int],
    doors: tuple[int, int],
) -> Callable:
    """Gives a way of furnishing the room that it is for: sizes in metres and counts, uniform within the bounds."""

    def draw(rng: np.random.Generator) -> tuple[Room, int, int]:
        shell = empty_shell(rng.uniform(*width), rng.uniform(*depth), rng.uniform(*height), rng.uniform(0.12, 0.4))
        return Room(shell), int(rng.integers(windows[0], windows[1] + 1)), int(rng.integers(doors[0], doors[1] + 1))

    def attach(function: Callable) -> Callable:
        function.room = draw
        return function

    return attach


@_sized((3.8, 6.5), (4.0, 8.0), (2.4, 3.4), (1, 4), (1, 2))
def _living_room(rng: np.random.Generator, room: Room) -> None:
    """Seats around a low table; a fireplace in 30%; a television in half of them, of which 35% are lit."""
    _seating(rng, room)
    if rng.random() < 0.3:
        room.against_wall(rng, building.fireplace(rng, _flux(rng) if rng.random() < 0.4 else None))
    if rng.random() < 0.5:
        screen = rng.spawn(1)[0]
        flux = _flux(screen).times(0.2) if screen.random() < 0.35 else None
        room.against_wall(rng, furniture.television(rng, flux))
    _along_walls(rng, room, furniture.STORAGE, int(rng.integers(2, 6)))
    _scatter(rng, room, lamps.FLOOR_LAMPS, int(rng.integers(0, 2)))
    _greenery(rng, room, 1.0)
    _on_walls(rng, room, int(rng.integers(3, 9)))


@_sized((3.0, 5.0), (3.2, 5.5), (2.35, 3.0), (1, 2), (1, 1))
def _bedroom(rng: np.random.Generator, room: Room) -> None:
    room.against_wall(rng, furniture.bed(rng))
    for _ in range(2):
        room.against_wall(rng, storage.nightstand(rng))
    _along_walls(rng, room, [storage.wardrobe, storage.dresser, storage.bookshelf], int(rng.integers(1, 4)))
    if rng.random() < 0.5:
        _rug(rng, room, 0.0, 0.0)
    if rng.random() < 0.5:
        room.anywhere(rng, choose(rng, furniture.SEATS)(rng))
    _greenery(rng, room, 0.5)
    _on_walls(rng, room, int(rng.integers(2, 7)))


@_sized((3.2, 5.5), (3.6, 7.0), (2.4, 3.5), (1, 3), (1, 2))
def _dining_room(rng: np.random.Generator, room: Room) -> None:
    _dining(rng, room, rng.uniform(-0.1, 0.1) * room.shell.width, rng.uniform(-0.15, 0.15) * room.shell.depth)
    _along_walls(rng, room, furniture.STORAGE, int(rng.integers(1, 4)))
    _greenery(rng, room, 0.7)
    _on_walls(rng, room, int(rng.integers(2, 8)))


@_sized((2.6, 5.0), (3.2, 6.5), (2.4, 3.0), (1, 3), (1, 2))
def _kitchen(rng: np.random.Generator, room: Room) -> None:
    for wall in [room.shell.walls[i] for i in rng.permutation(4)[: rng.integers(1, 3)]]:
        length = wall.length * rng.uniform(0.5, 0.85)
        room.against_wall(rng, storage.counter(rng, length), wall)
    if rng.random() < 0.6:
        _dining(rng, room, 0.0, 0.0)
    _along_walls(rng, room, [storage.cabinet, storage.wall_shelf, storage.bookshelf], int(rng.integers(1, 4)))
    _on_walls(rng, room, int(rng.integers(1, 6)))


@_sized((2.6, 4.5), (2.8, 5.0), (2.4, 3.2), (1, 2), (1, 1))
def _study(rng: np.random.Generator, room: Room) -> None:
    room.against_wall(rng, furniture.desk(rng))
    room.anywhere(rng, furniture.office_chair(rng))
    for _ in range(int(rng.integers(1, 4))):
        room.against_wall(rng, storage.bookshelf(rng))
    if rng.random() < 0.5:
        _rug(rng, room, 0.0, 0.0)
    _scatter(rng, room, furniture.SEATS, int(rng.integers(0, 2)))
    _greenery(rng, room, 0.6)
    _on_walls(rng, room, int(rng.integers(2, 7)))


@_sized((3.2, 7.0), (4.5, 9.0), (4.5, 6.5), (1, 4), (1, 3))
def _stair_hall(rng: np.random.Generator, room: Room) -> None:
    """A flight along a wall, to a gallery at its height where the room is deep enough."""
    rise = rng.uniform(2.0, 3.2)
    kind = choose(rng, {"straight": 0.6, "landing": 0.25, "spiral": 0.15})
    stairs = building.stairs(rng, rise, kind)
    wide, deep, _ = stairs.size
    shell = room.shell
    if kind == "straight" and deep < shell.depth - 0.4:
        side = choose(rng, (-1, 1))
        x = side * (shell.width / 2 - wide / 2 - rng.uniform(0.0, 0.1))
        y = shell.depth / 2 - deep / 2 - rng.uniform(0.0, 0.9)
        room.stand(rng, stairs, x, y, 0.0, 0.0)
        top = y + deep / 2
        if shell.depth / 2 - top > 0.25:
            slab = box((shell.width, shell.depth / 2 - top, 0.2), 0.0, (0, (shell.depth / 2 + top) / 2, rise - 0.1))
            room.parts.append(Part(slab, materials.floor(rng)))
    else:
        room.anywhere(rng, stairs, 1.0, turns=False)
    _scatter(rng, room, furniture.SEATS, int(rng.integers(0, 3)))
    _along_walls(rng, room, furniture.STORAGE, int(rng.integers(1, 5)))
    _greenery(rng, room, 0.8)
    _on_walls(rng, room, int(rng.integers(3, 9)))


@_sized((1.3, 2.4), (5.0, 12.0), (2.3, 3.2), (0, 3), (2, 5))
def _corridor(rng: np.random.Generator, room: Room) -> None:
    if rng.random() < 0.6:
        _rug(rng, room, 0.0, 0.0)
    _along_walls(rng, room, [furniture.side_table, furniture.bench, building.radiator], int(rng.integers(0, 4)))
    _greenery(rng, room, 0.3)
    _on_walls(rng, room, int(rng.integers(2, 7)))


@_sized((5.0, 9.0), (6.0, 12.0), (3.2, 5.0), (1, 4), (1, 2))
def _gallery(rng: np.random.Generator, room: Room) -> None:
    for _ in range(int(rng.integers(2, 7))):
        room.anywhere(rng, building.plinth(rng), 0.8)
    _scatter(rng, room, [furniture.bench], int(rng.integers(0, 3)))
    _on_walls(rng, room, int(rng.integers(4, 10)))
    if rng.random() < 0.4:
        shell = room.shell
        half = rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.8)
        shell.skylight = Opening(-half[0], half[0], -half[1], half[1], "window")
        room.elements.append("skylight")


@_sized((6.0, 10.0), (7.0, 13.0), (3.0, 4.8), (3, 8), (1, 2))
def _loft(rng: np.random.Generator, room: Room) -> None:
    shell = room.shell
    _seating(rng, room)
    _dining(rng, room, rng.uniform(-0.25, 0.25) * shell.width, choose(rng, (-0.3, 0.3)) * shell.depth)
    for _ in range(int(rng.integers(0, 5))):
        room.anywhere(rng, building.column(rng, shell.height), 0.85, turns=False)
    _beams(rng, room)
    _along_walls(rng, room, furniture.STORAGE, int(rng.integers(3, 9)))
    _scatter(rng, room, lamps.FLOOR_LAMPS, int(rng.integers(0, 3)))
    _greenery(rng, room, 1.8)
    _on_walls(rng, room, int(rng.integers(4, 13)))


@_sized((6.0, 10.0), (10.0, 18.0), (4.0, 7.0), (2, 8), (1, 2))
def _columned_hall(rng: np.random.Generator, room: Room) -> None:
    shell = room.shell
    aside = shell.width * rng.uniform(0.2, 0.36)
    count = int(rng.integers(3, 7))
    state = rng.bit_generator.state
    for y in (np.arange(count) + 0.5 - count / 2) * shell.depth / count:
        for x in (-aside, aside):
            rng.bit_generator.state = state  # all columns are alike
            room.stand(rng, building.column(rng, shell.height), x, y, 0.0, 0.0)
    _beams(rng, room)
    _scatter(rng, room, [furniture.bench, building.plinth], int(rng.integers(0, 6)))
    _on_walls(rng, room, int(rng.integers(0, 5)))


@_sized((2.5, 6.0), (3.0, 7.0), (2.4, 3.4), (0, 3), (1, 2))
def _bare_room(rng: np.random.Generator, room: Room) -> None:
    _scatter(rng, room, [*furniture.SEATS, *furniture.TABLES, building.plinth], int(rng.integers(1, 4)))


def _seating(rng: np.random.Generator, room: Room) -> None:
    """A low table on a rug, a sofa and up to three armchairs facing it."""
    x, y = rng.uniform(-0.12, 0.12) * room.shell.width, rng.uniform(-0.2, 0.2) * room.shell.depth
    turn = 90.0 * int(rng.integers(4)) + rng.normal(0, 3)
    if rng.random() < 0.7:
        _rug(rng, room, x, y)
    low = furniture.coffee_table(rng)
    room.stand(rng, low, x, y, turn)
    away = max(low.size[:2]) / 2 + rng.uniform(0.3, 0.5)
    seats = [(0.0, furniture.sofa)] + [(angle, furniture.armchair) for angle in (90.0, 180.0, 270.0)]
    for angle, seat in seats:
        if seat is furniture.armchair and rng.random() < 0.5:
            continue
        thing = seat(rng)
        behind = rotation("z", turn + angle) @ [0.0, away + thing.size[1] / 2, 0.0, 1.0]
        room.stand(rng, thing, x + behind[0], y + behind[1], turn + angle + rng.normal(0, 5), -0.1)


def _dining(rng: np.random.Generator, room: Room, x: float, y: float) -> None:
    """A table with one kind of chair on two sides, pulled out as people leave them; in 60% a lamp hangs over it."""
    turn = choose(rng, (0.0, 90.0))
    table = furniture.dining_table(rng)
    if not room.stand(rng, table, x, y, turn):
        return
    state = rng.bit_generator.state
    along = max(1, int(table.size[0] / 0.62))
    places = [((i + 0.5 - along / 2) * table.size[0] / along, side) for i in range(along) for side in (0.0, 180.0)]
    for place, side in places:
        after = rng.bit_generator.state
        rng.bit_generator.state = state
        chair = choose(rng, _DINING_CHAIRS)(rng)
        rng.bit_generator.state = after
        out = table.size[1] / 2 + chair.size[1] / 2 - 0.2 + rng.exponential(0.08)
        offset = rotation("z", turn + side) @ [place if side == 0 else -place, out, 0.0, 1.0]
        if rng.random() < 0.9:
            room.stand(rng, chair, x + offset[0], y + offset[1], turn + side + rng.normal(0, 6), -0.25)
    if rng.random() < 0.6:
        _pendant(rng, room, x, y)


def _rug(rng: np.random.Generator, room: Room, x: float, y: float) -> None:
    rug = furniture.rug(rng)
    rect = _footprint(rug, x, y, 0.0, 0.0)
    if room.clear(rect):
        room.add(rng, rug, translation(x, y, 0.0), surfaces=False)


def _pendant(rng: np.random.Generator, room: Room, x: float, y: float) -> None:
    """A ceiling lamp; things of that kind are made standing on z = 0 and hang with their top at the ceiling."""
    thing = choose(rng, lamps.CEILING_LAMPS)(rng, _flux(rng))
    if thing.size[2] < room.shell.height - 1.2:
        room.add(rng, thing, translation(x, y, room.shell.height - thing.size[2]) @ rotation("z", rng.uniform(0, 360)))


def _along_walls(rng: np.random.Generator, room: Room, kinds: list[Callable], count: int) -> None:
    for _ in range(count):
        room.against_wall(rng, choose(rng, kinds)(rng))


def _scatter(rng: np.random.Generator, room: Room, kinds: list[Callable], count: int) -> None:
    for _ in range(count):
        kind = choose(rng, kinds)
        room.anywhere(rng, kind(rng, _flux(rng)) if kind in lamps.FLOOR_LAMPS else kind(rng), 0.95)


def _greenery(rng: np.random.Generator, room: Room, mean: float) -> None:
    for _ in range(rng.poisson(mean)):
        room.anywhere(rng, plants.potted_plant(rng), 0.95)


def _on_walls(rng: np.random.Generator, room: Room, count: int) -> None:
    """Single things at eye height; in 30%, first three to ten pictures close together on one wall."""
    if count > 1 and rng.random() < 0.3:
        _picture_wall(rng, room)
    for _ in range(count):
        thing = choose(rng, hangings.WALL_DECORATIONS)(rng)
        room.hang(rng, thing, 1.1, max(1.2, min(1.7, room.shell.height - thing.size[2] - 0.2)))


def _picture_wall(rng: np.random.Generator, room: Room) -> None:
    """Framed pictures in one or two rows: all of one size, or of sizes of their own around one line."""
    wall = room.shell.walls[rng.integers(4)]
    alike = rng.random() < 0.5
    sides = rng.uniform(0.2, 0.45), rng.uniform(0.2, 0.55)
    x, gap, line = -wall.length / 2 + rng.uniform(0.2, 1.0), rng.uniform(0.04, 0.15), rng.uniform(1.35, 1.6)
    tiers = (-1, 1) if rng.random() < 0.4 else (0,)
    for _ in range(int(rng.integers(3, 6))):
        widest = 0.0
        for tier in tiers:
            wide, tall = sides if alike else rng.uniform((0.18, 0.2), (0.5, 0.6))
            thing = hangings.picture_frame(rng, float(wide), float(tall))
            wide, _, tall = thing.size
            low = line + tier * (tall + gap) / 2 - tall / 2
            stretch = x, x + wide, low, low + tall
            if low + tall > room.shell.height - 0.05 or not wall.free(*stretch):
                continue
            wall.taken.append(stretch)
            room.add(rng, thing, wall.to_room @ translation(x + wide / 2, 0.0, low))
            widest = max(widest, wide)
        x += (widest or 0.3) + gap


def _beams(rng: np.random.Generator, room: Room) -> None:
    """In half of the rooms that have them, beams under the ceiling, 0.5 to 1.5 m apart."""
    if rng.random() < 0.5:
        shell = room.shell
        wide, tall = rng.uniform(0.08, 0.25), rng.uniform(0.12, 0.35)
        count = max(2, int(shell.depth / rng.uniform(0.5, 1.5)))
        ys = (np.arange(count) + 0.5) / count * shell.depth - shell.depth / 2
        beam = merged(*(box((shell.width, wide, tall), 0.0, (0, y, shell.height - tall / 2)) for y in ys))
        room.parts.append(Part(beam, choose(rng, (materials.wood, materials.paint, materials.concrete))(rng)))
        room.elements.append("beams")


def _cut_windows(rng: np.random.Generator, shell: Shell, count: int) -> None:
    """Rows of equal windows: ordinary 55%, reaching the floor 20%, long and low 10%, nearly the whole wall 15%."""
    form = choose(rng, {"ordinary": 0.55, "french": 0.2, "strip": 0.1, "front": 0.15})
    walls = rng.permutation(4)[: max(1, min(2, count // 2 + 1))]
    for index in walls:
        wall = shell.walls[index]
        top = shell.height - rng.uniform(0.08, 0.5)
        if form == "front":
            half = wall.length / 2 - rng.uniform(0.1, 0.5)
            wall.openings.append(Opening(-half, half, choose(rng, (0.0, 0.0, 0.4)) + 0.01, top, "window"))
            break
        each = -(-count // len(walls))
        if each < 1:
            continue
        low = {"ordinary": rng.uniform(0.4, 1.1), "french": 0.02, "strip": rng.uniform(1.1, 1.6)}[form]
        top = max(min(top, low + rng.uniform(0.8, 2.4)), low + 0.4)
        share = wall.length / each
        wide = min(share - 0.25, rng.uniform(0.5, 1.8) if form != "strip" else share)
        if wide < 0.25 or top > shell.height - 0.03:
            continue
        for k in range(each):
            middle = (k + 0.5) * share - wall.length / 2
            wall.openings.append(Opening(middle - wide / 2, middle + wide / 2, low, top, "window"))


def _cut_doors(rng: np.random.Generator, shell: Shell, count: int) -> None:
    for _ in range(count):
        wide, tall = rng.uniform(0.75, 1.1), min(rng.uniform(1.95, 2.3), shell.height - 0.1)
        kind = "door"
        if rng.random() < 0.25:
            wide, tall, kind = rng.uniform(1.2, 2.4), min(rng.uniform(2.0, 2.6), shell.height - 0.1), "passage"
        for _ in range(8):
            wall = shell.walls[rng.integers(4)]
            if wide > wall.length - 0.3:
                continue
            x = rng.uniform(-1, 1) * (wall.length - wide - 0.3) / 2
            if wall.free(x - wide / 2 - 0.1, x + wide / 2 + 0.1, 0.0, tall):
                wall.openings.append(Opening(x - wide / 2, x + wide / 2, 0.0, tall, kind))
                break


def _light(rng: np.random.Generator, room: Room, light: str) -> dict[str, Plugin]:
    """Put light into the room: sky and sun for its windows, glowing windows, lamps, and what is behind its doors."""
    shell = room.shell
    emitters: dict[str, Plugin] = {}
    windows = [(wall, o) for wall in shell.walls for o in wall.openings if o.kind == "window"]
    if not windows and shell.skylight is None and light != "evening":
        light = "evening"
    if light in ("sun", "overcast", "sun and lamps"):
        wall = windows[rng.integers(len(windows))][0] if windows else shell.walls[0]
        azimuth = np.radians(wall.angle + 90.0 + rng.uniform(-55, 55))
        elevation = np.radians(rng.uniform(8, 55))
        flat = np.cos(elevation)
        towards = Point(float(flat * np.cos(azimuth)), float(flat * np.sin(azimuth)), float(np.sin(elevation)))
        emitters["sky"] = {
            "type": "sunsky",
            "sun_direction": towards,
            "turbidity": float(rng.uniform(2, 7)),
            "sky_scale": 20.0,
            "sun_scale": 0.0 if light == "overcast" else 20.0 * log_uniform(rng, 0.2, 1.0),
        }
        _outside(rng, room)
    elif light == "evening" and windows:
        dusk = log_uniform(rng, 0.002, 0.2)
        emitters["sky"] = {"type": "constant", "radiance": Rgb(0.3 * dusk, 0.45 * dusk, dusk)}
        _outside(rng, room)
    if light == "soft windows":
        strength = log_uniform(rng, 2, 8)
        tint = Rgb(*(strength * (1 + rng.uniform(-0.12, 0.12)) for _ in range(3)))
        for wall, opening in windows:
            room.parts.append(moved_part(glow(opening, shell.thickness, tint), wall.to_room))
        if shell.skylight is not None:
            lid = translation(0.0, 0.0, shell.height) @ rotation("x", 90.0)
            room.parts.append(moved_part(glow(shell.skylight, shell.thickness, tint), lid))
    if light in ("evening", "sun and lamps"):
        _lamps(rng, room)
    _close_windows(rng, room, windows)
    for wall in shell.walls:
        for opening in wall.openings:
            if opening.kind != "window":
                _door(rng, room, wall, opening)
    return emitters


def _lamps(rng: np.random.Generator, room: Room) -> None:
    """Ceiling lamps in 75%, up to three floor lamps, and wall lamps; fairy lights in 10%."""
    shell = room.shell
    if rng.random() < 0.75:
        for y in np.linspace(-0.5, 0.5, max(1, round(shell.depth / 4.5)) + 2)[1:-1] * shell.depth:
            _pendant(rng, room, rng.normal(0, 0.2), y)
    _scatter(rng, room, lamps.FLOOR_LAMPS, int(rng.integers(1, 4)))
    for _ in range(rng.poisson(0.8)):
        room.hang(rng, choose(rng, lamps.WALL_LAMPS)(rng, _flux(rng)), 1.4, 1.9)
    if rng.random() < 0.1:
        room.hang(rng, lamps.fairy_lights(rng, _flux(rng)), 1.4, 1.9)


def _flux(rng: np.random.Generator) -> Rgb:
    """What a lamp gives: 3 to 30 (uniform in the logarithm), warm white to daylight (blue 0.35 to 1 of red)."""
    strength, cool = log_uniform(rng, 3, 30), rng.uniform(0, 1)
    return Rgb(strength, strength * (0.68 + 0.3 * cool), strength * (0.35 + 0.65 * cool))


def _close_windows(rng: np.random.Generator, room: Room, windows: list[tuple[Wall, Opening]]) -> None:
    """Frames in 85% of rooms, panes in a third, and one kind of curtain or blind in 60%."""
    shell = room.shell
    framed, glazed = rng.random() < 0.85, rng.random() < 0.33
    cover = choose(rng, {"none": 0.4, "curtain": 0.3, "blind": 0.3})
    frame, glass = materials.paint(rng), materials.thin_glass(rng)
    state = rng.bit_generator.state
    for wall, opening in windows:
        rng.bit_generator.state = state  # the windows of a room are alike
        found: list[Part] = []
        if framed:
            found += window_frame(rng, opening, shell.thickness, frame)
        if glazed:
            found.append(pane(opening, shell.thickness * 0.6, glass))
        room.parts += [moved_part(part, wall.to_room) for part in found]
        wide, tall = opening.x1 - opening.x0, opening.z1 - opening.z0
        middle = (opening.x0 + opening.x1) / 2
        if cover == "curtain":
            drop = opening.z1 + 0.08 - (0.02 if rng.random() < 0.6 else max(opening.z0 - 0.15, 0.02))
            thing = hangings.curtain(rng, wide + 0.3, drop)
            low = opening.z1 + 0.08 - drop
            room.add(rng, thing, wall.to_room @ translation(middle, -0.02, low), surfaces=False)
        elif cover == "blind":
            thing = hangings.blind(rng, wide, tall)
            inside = min(shell.thickness * 0.3, thing.size[1] / 2)
            room.add(rng, thing, wall.to_room @ translation(middle, inside, opening.z0), surfaces=False)
    if windows:
        room.elements += ["window"] * len(windows) + (["window pane"] if glazed else [])


def _door(rng: np.random.Generator, room: Room, wall: Wall, opening: Opening) -> None:
    """A doorway: with a leaf, shut or open (80% of doors), or without one; lit behind in 60%."""
    shell = room.shell
    middle, wide, tall = (opening.x0 + opening.x1) / 2, opening.x1 - opening.x0, opening.z1
    room.elements.append("doorway")
    lit = rng.random() < 0.6
    if lit:
        room.elements.append("light behind a door")
    found = annex(rng, wall, opening, shell, _flux(rng) if lit else None)
    if opening.kind == "door" and rng.random() < 0.8:
        leaf = building.door(rng, wide, tall)
        found += [moved_part(part, translation(middle, 0.02, 0.0)) for part in leaf.parts]
        room.elements.append(leaf.name)
    room.parts += [moved_part(part, wall.to_room) for part in found]


def _outside(rng: np.random.Generator, room: Room) -> None:
    """The ground, a little below the floor, and a few plain volumes: houses across the way, a hedge."""
    below = -rng.choice([0.15, 0.4, 3.0, 9.0])
    room.parts.append(Part(_ground(200.0), materials.ground(rng), to_world=translation(0.0, 0.0, below)))
    reach = max(room.shell.width, room.shell.depth)
    for _ in range(int(rng.integers(0, 5))):
        angle, away = rng.uniform(0, 360), reach + rng.uniform(8, 30)
        size = rng.uniform(4, 15), rng.uniform(4, 15), rng.uniform(3, 12)
        block = box(size, 0.0, (0, 0, size[2] / 2))
        where = rotation("z", angle) @ translation(0.0, away, below) @ rotation("z", rng.uniform(0, 90))
        room.parts.append(Part(block, materials.facade(rng), to_world=where))
    if below > -1 and rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 4))):
            plant = choose(rng, (plants.tree, plants.shrub))(rng)
            angle, away = rng.uniform(0, 360), reach / 2 + rng.uniform(3, 9)
            where = rotation("z", angle) @ translation(0.0, away, below)
            room.parts += [moved_part(part, where) for part in plant.parts]


def _ground(size: float) -> Mesh:
    half = size / 2
    points = np.array([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)])
    return Mesh(points, np.tile((0.0, 0.0, 1.0), (4, 1)), points[:, :2], np.array([(0, 1, 2), (0, 2, 3)]))


def _finish(rng: np.random.Generator, room: Room) -> None:
    """Walls, floor and ceiling: one wall of another material in 30%, skirting boards in 60%, panels or tiles up
    to 0.7 to 1.05 m under a rail in 18%, a cornice in 25%."""
    shell = room.shell
    wall = materials.wall(rng)
    accent = materials.wall(rng) if rng.random() < 0.3 else wall
    paint = materials.paint(rng)
    floor, ceiling = materials.floor(rng), materials.ceiling(rng)
    room.parts += shell_parts(shell, wall, accent, int(rng.integers(4)), paint, floor, ceiling)
    if rng.random() < 0.6:
        room.parts += boards(shell, 0.0, rng.uniform(0.05, 0.2), 0.015, paint)
    if rng.random() < 0.18:
        rail = rng.uniform(0.7, 1.05)
        room.parts += boards(shell, 0.0, rail, 0.01, materials.cladding(rng))
        room.parts += boards(shell, rail, rail + 0.04, 0.03, paint)
        room.elements.append("wall panelling")
    if rng.random() < 0.25:
        size = rng.uniform(0.04, 0.14)
        room.parts += boards(shell, shell.height - size, shell.height, size * rng.uniform(0.3, 0.9), paint)
        room.elements.append("cornice")


def _viewpoints(rng: np.random.Generator, room: Room) -> list[Viewpoint]:
    """Where a photographer would stand: backed against a wall or corner, level, looking across; 25% closer looks.

    Eye 0.9 to 1.7 m above the floor, vertical tilt 0 in 70%, horizontal field of view 50 to 85 degrees; closer looks
    from 0.5 to 1.8 m with 25 to 50 degrees, half of them with an open aperture (radius 3 to 15 mm).
    """
    shell = room.shell
    found = []
    for _ in range(60):
        if room.focus and rng.random() < 0.25:
            target = np.array(room.focus[rng.integers(len(room.focus))])
            away, angle, height = rng.uniform(0.5, 1.8), rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.7)
            eye = target + away * np.array((np.cos(angle), np.sin(angle), height))
            field_of_view, aperture = rng.uniform(25, 50), rng.uniform(0.003, 0.015) * (rng.random() < 0.5)
        else:
            corner = rng.uniform(-1, 1, 2)
            corner[rng.integers(2)] = choose(rng, (-1, 1))
            eye = np.array([corner[0] * (shell.width / 2 - 0.3), corner[1] * (shell.depth / 2 - 0.3), 0.0])
            eye[2] = min(rng.uniform(0.9, 1.7), shell.height - 0.4)
            target = np.array([-eye[0], -eye[1], 0.0]) * rng.uniform(0.0, 0.6) + rng.normal(0, 0.4, 3)
            target[2] = eye[2] if rng.random() < 0.7 else rng.uniform(0.4, 1.4)
            field_of_view, aperture = rng.uniform(50, 85), 0.0
        distance = float(np.linalg.norm(target - eye))
        clear = room.clear(_Rect(eye[0] - 0.2, eye[0] + 0.2, eye[1] - 0.2, eye[1] + 0.2, 0.0), above=eye[2] - 0.15)
        if distance > 0.3 and clear and 0.2 < eye[2] < shell.height - 0.1:
            found.append(Viewpoint(tuple(eye), tuple(target), field_of_view, distance, aperture))
    return found


def _clear_of_everything(viewpoints: list[Viewpoint], parts: list[Part]) -> list[Viewpoint]:
    """Those with no vertex of anything within 12 cm of the eye: also of what hangs, or was pushed under a table."""
    clouds = [
        part.shape.points @ part.to_world[:3, :3].T + part.to_world[:3, 3]
        for part in parts
        if isinstance(part.shape, Mesh)
    ]
    points = np.concatenate(clouds)
    return [view for view in viewpoints if ((points - np.array(view.eye)) ** 2).sum(axis=1).min() > 0.12**2]


def _footprint(thing: Thing, x: float, y: float, turn: float, gap: float) -> _Rect:
    """The upright rectangle around a turned thing, with `gap` around it."""
    cos, sin = abs(np.cos(np.radians(turn))), abs(np.sin(np.radians(turn)))
    half_x = (thing.size[0] * cos + thing.size[1] * sin) / 2 + gap
    half_y = (thing.size[0] * sin + thing.size[1] * cos) / 2 + gap
    return _Rect(x - half_x, x + half_x, y - half_y, y + half_y, thing.size[2])
