"""Where an outdoor composition is built: its parts and cameras, the light of its sky, its ground and horizon."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.composition import Viewpoint
from mcdenoise.random_scenes.facades import House, Stock, block, flat
from mcdenoise.random_scenes.meshes import TAU, Mesh, merged, sheet
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
    translation,
)

LIGHTS = {"sun": 42, "low sun": 12, "haze": 10, "overcast": 14, "dusk": 10, "night": 12}
_ROOM_BELOW = {"tree": 0.4, "bare tree": 0.4, "palm": 0.3, "parasol": 0.4, "street lamp": 0.4}
DAYLIGHT = 20.0  # what brings the sky of `sunsky` near the lamps of a room


@dataclass
class Site:
    """What is being built: parts, names to count, cameras, and what cameras must keep away from.

    blocks: boxes (low x, low y, high x, high y, high z) of the things that stand there. spots: places worth a close
    look, each with the way it faces (unit vector), its size, and the height of the floor before it.
    """

    name: str
    light: str
    stock: Stock = field(default_factory=Stock)
    parts: list[Part] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    cameras: list[Viewpoint] = field(default_factory=list)
    blocks: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    spots: list[tuple[np.ndarray, np.ndarray, float, float]] = field(default_factory=list)

    @property
    def dark(self) -> bool:
        """Whether lamps are on."""
        return self.light in ("dusk", "night")

    def add(self, thing: Thing, x: float, y: float, z: float = 0.0, turn: float = 0.0) -> None:
        """Put a thing somewhere."""
        matrix = translation(x, y, z) @ rotation("z", turn)
        self.parts += [moved_part(part, matrix) for part in thing.parts]
        self.elements.append(thing.name)
        cos, sin = abs(np.cos(np.radians(turn))), abs(np.sin(np.radians(turn)))
        # One may stand under crowns and lamps: what is wide above leaves room below.
        share = _ROOM_BELOW.get(thing.name, 1.0)
        w = share * (cos * thing.size[0] + sin * thing.size[1]) / 2
        d = share * (sin * thing.size[0] + cos * thing.size[1]) / 2
        if thing.size[2] > 0.2 and z < 2.0 and thing.name not in ("ivy", "awning"):
            self.blocks.append((x - w, y - d, x + w, y + d, z + thing.size[2]))

    def place(self, parts: Iterable[Part], matrix: np.ndarray) -> None:
        self.parts += [moved_part(part, matrix) for part in parts]

    def build(self, building: House, matrix: np.ndarray) -> None:
        """Put up a building, with its spots."""
        self.place(building.parts, matrix)
        self.elements += building.elements
        facing = matrix[:3, :3] @ [0.0, -1.0, 0.0]
        for where, size in building.spots:
            self.spots.append((matrix[:3, :3] @ where + matrix[:3, 3], facing, size, float(matrix[2, 3])))

    def clear(self, x: float, y: float, z: float, gap: float = 0.35) -> bool:
        """Whether a camera could stand there."""
        return not any(
            x0 - gap < x < x1 + gap and y0 - gap < y < y1 + gap and z < top + gap for x0, y0, x1, y1, top in self.blocks
        )

    def look(
        self, eye: tuple[float, float, float], target: tuple[float, float, float], fov: float, aperture: float = 0.0
    ) -> None:
        """Add a camera unless it would stand within something."""
        eye, target = tuple(map(float, eye)), tuple(map(float, target))
        if self.clear(*eye):
            self.cameras.append(
                Viewpoint(eye, target, float(fov), float(np.linalg.norm(np.subtract(target, eye))), float(aperture))
            )


def close_views(rng: np.random.Generator, site: Site) -> list[Viewpoint]:
    """Up to two views of details: 20 to 40 degrees, with shallow depth of field (aperture radius 2 to 20 mm)."""
    found = []
    for k in rng.permutation(len(site.spots))[:6]:
        where, facing, size, floor = site.spots[k]
        fov = rng.uniform(20, 40)
        away = 0.6 * size / np.tan(np.radians(fov / 2)) * rng.uniform(0.8, 1.4)
        turn = rotation("z", rng.uniform(-45, 45))[:3, :3]
        eye = where + away * (turn @ facing) + [0, 0, rng.uniform(-0.1, 0.3) * away]
        eye[2] = np.clip(eye[2], floor + 0.3, floor + 2.2)
        steep = abs(where[2] - eye[2]) > 0.5 * away
        if not steep and site.clear(*eye, gap=0.1):
            aperture = rng.uniform(0.002, 0.02)
            found.append(
                Viewpoint(
                    tuple(map(float, eye)),
                    tuple(map(float, where)),
                    float(fov),
                    float(np.linalg.norm(where - eye)),
                    float(aperture),
                )
            )
    return found[:2]


def sky(rng: np.random.Generator, site: Site, light: str) -> dict[str, Plugin]:
    """The light of the sky.

    sun: 20 to 70 degrees up, in two of three from the side of the camera. low sun: 3 to 14 degrees up. haze: turbidity
    6 to 10. overcast: no sun. dusk: a sky of 2 to 10 % without sun. night: a constant of 0.002 to 0.02.
    """
    if light == "night":
        strength = log_uniform(rng, 0.002, 0.02)
        return {"sky": {"type": "constant", "radiance": Rgb(0.6 * strength, 0.75 * strength, strength)}}
    if light == "overcast" and rng.uniform() < 0.4:
        strength = rng.uniform(0.8, 2.0)
        tint = rng.uniform(0.9, 1.0)
        return {"sky": {"type": "constant", "radiance": Rgb(strength * tint, strength * (tint + 1) / 2, strength)}}
    elevation = {"sun": (20, 70), "haze": (15, 60), "overcast": (30, 80), "low sun": (3, 14), "dusk": (1, 4)}[light]
    up = np.radians(rng.uniform(*elevation))
    front = rng.uniform() < 0.67
    around = np.radians(-90 + rng.uniform(-75, 75) if front else rng.uniform(0, 180))
    direction = Point(float(np.cos(up) * np.cos(around)), float(np.cos(up) * np.sin(around)), float(np.sin(up)))
    turbidity = rng.uniform(6, 10) if light in ("haze", "overcast") else rng.uniform(2, 5)
    scale = DAYLIGHT * (log_uniform(rng, 0.02, 0.1) if light == "dusk" else log_uniform(rng, 0.7, 1.4))
    return {
        "sky": {
            "type": "sunsky",
            "sun_direction": direction,
            "turbidity": float(turbidity),
            "sun_aperture": float(choose(rng, {0.5358: 3, float(rng.uniform(0.6, 3.0)): 1})),
            "sky_scale": float(scale),
            "sun_scale": 0.0 if light in ("dusk", "overcast") else float(scale),
        }
    }


def fog(rng: np.random.Generator, site: Site, light: str) -> Plugin:
    """Fog of 0.006 to 0.04 per metre in a dome of 45 m around the site, through which the sky shines in."""
    medium = {
        "type": "homogeneous",
        "albedo": Rgb(0.97, 0.975, 0.98),
        "sigma_t": log_uniform(rng, 0.006, 0.04),
        "phase": {"type": "hg", "g": float(rng.uniform(0.2, 0.75))},
    }
    t = np.linspace(0, np.pi, 13)[:, None]
    angle = np.linspace(0, TAU, 33)
    angle[-1] = 0.0
    points = np.stack(
        np.broadcast_arrays(45 * np.sin(t) * np.cos(angle), 45 * np.sin(t) * np.sin(angle), -22 * np.cos(t)), -1
    )
    site.parts.append(Part(sheet(points), {"type": "null"}, interior=medium))
    site.elements.append("fog")
    return medium


def level(x0: float, y0: float, x1: float, y1: float, z: float) -> Mesh:
    """A level rectangle that faces up, uvs in metres."""
    return flat(np.array([[(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]]))


def land(
    rng: np.random.Generator, site: Site, bsdf: Plugin, hole: tuple[float, float, float, float] | None = None
) -> None:
    """The ground out to 400 m, perhaps with a rectangle (x0, y0, x1, y1) left out, and what closes the horizon."""
    far = 400.0
    if hole is None:
        ground = level(-far, -far, far, far, 0.0)
    else:
        x0, y0, x1, y1 = hole
        ground = merged(
            level(-far, -far, far, y0, 0.0),
            level(-far, y1, far, far, 0.0),
            level(-far, y0, x0, y1, 0.0),
            level(x1, y0, far, y1, 0.0),
        )
    site.parts.append(Part(ground, bsdf))
    distance(rng, site)


def distance(rng: np.random.Generator, site: Site) -> None:
    """Far away: hills (half), a belt of bushy trees as a jagged band (a quarter), or blocks of houses."""
    kind = choose(rng, {"hills": 2, "woods": 1, "blocks": 1})
    count = 240 if kind != "hills" else 120
    angle = np.linspace(0, TAU, count + 1)
    angle[-1] = 0.0
    if kind == "blocks":
        skins = [site.stock(rng, materials.facade) for _ in range(3)]
        for k in range(18):
            size = rng.uniform([12, 10, 8], [40, 18, 26])
            matrix = rotation("z", 20.0 * k + rng.uniform(-6, 6)) @ translation(0, rng.uniform(95, 180), 0)
            site.parts.append(Part(block(size, (0, 0, size[2] / 2)), skins[k % 3], to_world=matrix))
        return
    waves = sum(np.cos(m * angle + rng.uniform(0, TAU)) / m**0.8 for m in (2, 3, 5, 8, 13, 21)) / 2
    tall, radius = (
        (14 + 9 * waves, 260.0) if kind == "hills" else (8 + 1.5 * waves + 1.5 * rng.uniform(-1, 1, count + 1), 120.0)
    )
    tall[-1] = tall[0]
    near = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full_like(angle, -0.5)], 1)
    top = np.stack([1.1 * radius * np.cos(angle), 1.1 * radius * np.sin(angle), np.maximum(tall, 2.0)], 1)
    rows = np.array([near, 0.5 * (near + top) * [1, 1, 1.25] if kind == "woods" else 0.5 * (near + top), top])
    far = {"type": "diffuse", "reflectance": Rgb(*(np.array([0.10, 0.15, 0.12]) * rng.uniform(0.6, 1.4, 3)))}
    site.parts.append(Part(sheet(rows[::-1]), {"type": "twosided", "bsdf": far}))


def paved(rng: np.random.Generator, site: Site) -> Plugin:
    """Paving (four in seven), stone, concrete or bare ground."""
    return site.stock(
        rng, choose(rng, {materials.paving: 4, materials.stone: 1, materials.concrete: 1, materials.ground: 1})
    )


def asphalt(rng: np.random.Generator, site: Site) -> Plugin:
    """A road: dark and rough, or wet and shining (one in five)."""
    if rng.uniform() < 0.2:
        dark = rng.uniform(0.015, 0.05)
        base = Rgb(dark, dark, 1.1 * dark)
        return {"type": "principled", "base_color": base, "roughness": float(rng.uniform(0.2, 0.45)), "specular": 0.5}
    return site.stock(rng, choose(rng, {materials.concrete: 1, materials.ground: 1, materials.paving: 1}))
