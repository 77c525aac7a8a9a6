"""Pictures of all that surrounds a place, as photographers make them to light a scene with: linear, 360 by 180 degrees.

What is seen behind the things is then a picture without noise, and without albedo, normal or depth: its detail must be
kept by who cannot tell it by features.
"""

from dataclasses import dataclass

import numpy as np

from mcdenoise.random_scenes import colours, textures
from mcdenoise.random_scenes.parts import Picture, choose, log_uniform

HEIGHT, WIDTH = 768, 1536


@dataclass(frozen=True)
class _Box:
    """An axis-aligned box from `low` to `high`, in metres, with the eye at the origin, z up. inside: seen from within.

    picture: `[s, s, 3]` linear, on every side, `metres` wide. glows: whether it is radiance, rather than reflectance.
    """

    low: np.ndarray
    high: np.ndarray
    picture: np.ndarray
    metres: float
    inside: bool = False
    glows: bool = False


def surroundings(rng: np.random.Generator) -> tuple[str, Picture]:
    """What is around (a room 50 %, the open air 37 %, a studio 13 %), and its picture, `[768, 1536, 3]`.

    The middle row is the horizon, +y (the far side of the stage) the middle column. Windows, lamps, the sun and
    softboxes are 5 to 5000 times as bright as what they light. 45 % of the pictures are out of focus by up to 2
    degrees.
    """
    kind, make = choose(rng, {("room", _room): 0.5, ("open air", _open_air): 0.37, ("studio", _studio): 0.13})
    radiance = make(rng, _directions())
    if rng.uniform() < 0.45:
        radiance = _blurred(radiance, WIDTH / 360 * rng.uniform(0.15, 2.0))
    return kind, Picture(np.round(np.clip(radiance, 1e-4, 3e4), 4), hdr=True, name="surroundings")


def _directions() -> np.ndarray:
    """Unit vectors `[HEIGHT, WIDTH, 3]` that the pixels are seen in."""
    azimuth = (np.arange(WIDTH) + 0.5) / WIDTH * textures.TAU - np.pi
    elevation = np.pi / 2 - (np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi
    cos = np.cos(elevation)[:, None]
    up = np.broadcast_to(np.sin(elevation)[:, None], (HEIGHT, WIDTH))
    # Rounded, so that the last bits of another machine's sines make no difference.
    return np.round(np.stack([cos * np.sin(azimuth), cos * np.cos(azimuth), up], axis=-1), 6).astype(np.float32)


def _room(rng: np.random.Generator, ways: np.ndarray) -> np.ndarray:
    """A room of 3 to 9 m with one to four windows, none to four lamps, and 10 to 30 pieces of furniture, shelves and
    pictures."""
    wide, deep, high = rng.uniform(3, 9), rng.uniform(3, 9), rng.uniform(2.4, 4)
    at = np.array([rng.uniform(0.25, 0.75) * wide, rng.uniform(0.2, 0.6) * deep, rng.uniform(0.9, 1.5)])
    low, top = -at, np.array([wide, deep, high]) - at
    sky = colours.white(rng) * [0.85, 0.95, 1.1] * log_uniform(rng, 4, 40)
    boxes = [_Box(low, top, _wall(rng), rng.uniform(1.5, 4), inside=True)]
    floor = choose(rng, [_boards, _tiled, _plain])(rng)
    boxes.append(_Box(low, np.array([top[0], top[1], low[2] + 0.01]), floor, rng.uniform(1.5, 3)))
    lights = []
    for _ in range(int(rng.integers(1, 5))):
        side, axis = choose(rng, [0, 1]), int(rng.integers(2))
        size, middle = rng.uniform(0.4, 0.9), rng.uniform(0.2, 0.8)
        place = low + (top - low) * [middle, middle, rng.uniform(0.5, 0.65)]
        place[axis] = (low, top)[side][axis]
        half = np.array([size, size, rng.uniform(0.5, 1.0)])
        half[axis] = 0.02
        boxes.append(_Box(place - half, place + half, _outlook(rng) * sky, 2 * size, glows=True))
        lights.append((place, sky * 4 * size * half[2]))
        half = half * [1, 1, 1.02] if rng.uniform() < 0.5 else half * [0.04, 0.04, 1]
        half[axis] = 0.05
        boxes.append(_Box(place - half * [1, 1, 0.03], place + half * [1, 1, 0.03], _plain(rng), 1.0))
    for _ in range(int(rng.integers(0, 5))):
        size, strength = rng.uniform(0.04, 0.2), log_uniform(rng, 10, 300)
        place = low + (top - low) * [rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0.6, 0.97)]
        light = np.array([1.0, 0.85, 0.65]) * strength
        boxes.append(_Box(place - size, place + size, np.broadcast_to(light, (1, 1, 3)), 1.0, glows=True))
        lights.append((place, light * 4 * size**2))
    for _ in range(int(rng.integers(10, 31))):
        half = np.array([rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.7), log_uniform(rng, 0.15, 1.1)])
        place = low + half + (top - low - 2 * half) * [rng.uniform(), rng.uniform(), 0]
        if rng.uniform() < 0.4:  # on a wall, above what stands there
            side, axis = choose(rng, [0, 1]), int(rng.integers(2))
            half[axis] = 0.04
            place[axis] = (low, top)[side][axis]
            half[2], place[2] = 0.5 * half[2], rng.uniform(-0.2, 1.0)
        if np.hypot(*place[:2]) > 1.1:
            look = choose(rng, [_boards, _grained, _plain, _figured, _figured, _printed, _facade])
            boxes.append(_Box(place - half, place + half, look(rng), 2.2 * float(half.max())))
    return _seen(ways, boxes, lights, np.full(3, 0.04) * sky.mean())


def _open_air(rng: np.random.Generator, ways: np.ndarray) -> np.ndarray:
    """A sky, clear or with clouds, with a sun (65 %) or without, over ground with houses, walls and hedges on it."""
    blue = np.array([0.25, 0.45, 0.9]) * rng.uniform(0.6, 1.3)
    pale = np.array([0.9, 0.95, 1.0]) * rng.uniform(0.8, 1.6)
    if rng.uniform() < 0.25:  # the sun is low
        blue, pale = np.array([0.2, 0.25, 0.5]), np.array([1.6, 0.8, 0.4])
    share = np.clip(ways[..., 2:], 0, 1) ** rng.uniform(0.3, 0.8)
    sky = pale + (blue - pale) * share
    if rng.uniform() < 0.75:
        veil = np.clip((_around(textures.noise(rng, HEIGHT, 1.7)) - rng.uniform(0.1, 0.8)) * rng.uniform(1, 5), 0, 1)
        sky = sky + (rng.uniform(0.6, 2.2) - sky) * veil[..., None]
    sun = np.zeros(3)
    if rng.uniform() < 0.65:
        azimuth, elevation = rng.uniform(0, textures.TAU), np.radians(rng.uniform(6, 65))
        sun = np.array([np.sin(azimuth) * np.cos(elevation), np.cos(azimuth) * np.cos(elevation), np.sin(elevation)])
        size = np.radians(log_uniform(rng, 0.4, 3))
        cos = ways @ sun
        sky = sky + np.array([1.0, 0.85, 0.65]) * (cos > np.cos(size))[..., None] * rng.uniform(0.3, 1.5) / size**2
        sky = sky + np.exp((cos - 1) * rng.uniform(20, 200))[..., None]
    ground = choose(rng, [_tiled, _plain, _lawn, _lawn])(rng)
    flat = np.array([200.0, 200.0, 0.0])
    height = rng.uniform(1.2, 2.5)
    boxes = [_Box(-flat - [0, 0, height + 1], flat - [0, 0, height], ground, rng.uniform(2, 6))]
    for _ in range(int(rng.integers(6, 40))):
        azimuth, distance = rng.uniform(0, textures.TAU), log_uniform(rng, 4, 60)
        half = np.array([log_uniform(rng, 0.05, 0.25), log_uniform(rng, 0.05, 0.25), 0]) * distance
        tall = log_uniform(rng, 0.3, 9) if distance < 20 else rng.uniform(3, 25)
        place = np.array([np.sin(azimuth), np.cos(azimuth), 0]) * distance - [0, 0, height]
        look = choose(rng, [_wall, _facade, _facade, _lawn, _lawn, _boards, _printed])
        top = place + half + [0, 0, tall]
        if np.abs(place[:2]).max() > half.max() + 1.5:
            boxes.append(_Box(place - half, top, look(rng), rng.uniform(2, 8)))
    lights = [(1000.0 * sun, np.array([1.0, 0.85, 0.65]) * rng.uniform(0.5, 2.5) * 1e6)] if sun.any() else []
    return _seen(ways, boxes, lights, pale * rng.uniform(0.3, 0.6), sky)


def _studio(rng: np.random.Generator, ways: np.ndarray) -> np.ndarray:
    """Two to six softboxes before a cove that is darker above or below."""
    dark, light = log_uniform(rng, 0.02, 0.5), rng.uniform(0.4, 1.0)
    share = np.clip(0.5 + rng.choice([-1, 1]) * ways[..., 2:] / rng.uniform(0.3, 1.5), 0, 1)
    found = (dark + (light - dark) * share) * (0.6 + 0.4 * colours.white(rng))
    for _ in range(int(rng.integers(2, 7))):
        azimuth, elevation = rng.uniform(0, textures.TAU), np.radians(rng.uniform(-5, 75))
        across = np.arctan2(ways[..., 0], ways[..., 1]) - azimuth
        across = (across + np.pi) % textures.TAU - np.pi
        off = np.abs(np.arcsin(np.clip(ways[..., 2], -1, 1)) - elevation)
        wide, high = np.radians(rng.uniform(3, 35)), np.radians(rng.uniform(3, 25))
        within = (np.abs(across) < wide) & (off < high)
        fall = 1 - rng.uniform(0, 0.7) * (across[within] / wide) ** 2
        found[within] = fall[:, None] * colours.white(rng) * log_uniform(rng, 5, 60)
    return found


def _seen(
    ways: np.ndarray,
    boxes: list[_Box],
    lights: list[tuple[np.ndarray, np.ndarray]],
    ambient: np.ndarray,
    beyond: np.ndarray | None = None,
) -> np.ndarray:
    """What rays from the origin meet first, lit by small lights (place, power) without shadows; else `beyond`."""
    found = np.zeros(ways.shape) if beyond is None else beyond.copy()
    nearest = np.full(ways.shape[:2], np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        for box in boxes:
            one, other = box.low / ways, box.high / ways
            near, far = np.minimum(one, other), np.maximum(one, other)
            axis = far.argmin(axis=-1) if box.inside else near.argmax(axis=-1)
            entry, leaving = near.max(axis=-1), far.min(axis=-1)
            distance = leaving if box.inside else entry
            hit = (
                (leaving > 0) & (distance < nearest)
                if box.inside
                else (entry > 0) & (entry < leaving) & (entry < nearest)
            )
            nearest[hit] = distance[hit]
            found[hit] = _lit(box, ways[hit], distance[hit], axis[hit], lights, ambient)
    return found


def _lit(
    box: _Box,
    ways: np.ndarray,
    distance: np.ndarray,
    axis: np.ndarray,
    lights: list[tuple[np.ndarray, np.ndarray]],
    ambient: np.ndarray,
) -> np.ndarray:
    """Radiance `[n, 3]` of a box where rays meet it on the sides across `axis`."""
    points = ways * distance[:, None]
    across = np.where(axis == 0, points[:, 1] - box.low[1], points[:, 0] - box.low[0])
    along = np.where(axis == 2, points[:, 1] - box.low[1], box.high[2] - points[:, 2])
    size = len(box.picture)
    u, v = ((side / box.metres * size).astype(int) % size for side in (across, along))
    picture = box.picture[v, u]
    if box.glows:
        return picture
    normals = np.zeros(points.shape)
    rows = np.arange(len(points))
    normals[rows, axis] = -np.sign(ways[rows, axis])
    light = np.broadcast_to(ambient, points.shape).copy()
    for place, power in lights:
        to = place - points
        square = (to**2).sum(axis=1) + 0.05
        cos = np.clip((normals * to).sum(axis=1), 0, None) / np.sqrt(square)
        light += (cos / square)[:, None] * power / np.pi
    return picture * light


def _blurred(radiance: np.ndarray, sigma: float) -> np.ndarray:
    """By a Gaussian of `sigma` pixels, around the horizon without a seam and mirrored at the poles."""
    tall = np.concatenate([radiance, radiance[::-1]])
    fy, fx = np.fft.fftfreq(tall.shape[0])[:, None], np.fft.rfftfreq(tall.shape[1])
    weight = np.exp(-2 * (np.pi * sigma) ** 2 * (fx**2 + fy**2))[..., None]
    return np.fft.irfft2(np.fft.rfft2(tall, axes=(0, 1)) * weight, s=tall.shape[:2], axes=(0, 1))[:HEIGHT]


def _around(tile: np.ndarray) -> np.ndarray:
    """A square picture that tiles, twice beside itself."""
    return np.concatenate([tile, tile], axis=1)


def _linear(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0, 1) ** 2.2


def _wall(rng: np.random.Generator) -> np.ndarray:
    """Bricks (50 %), plaster, tiles or boards."""
    if rng.uniform() < 0.5:
        warm = [colours.earth(rng), colours.earth(rng), colours.earth(rng)]
        return _linear(textures.bricks(rng, 512, 2 * int(rng.integers(4, 14)), warm, colours.pale(rng)))
    return choose(rng, [_plain, _tiled, _boards])(rng)


def _plain(rng: np.random.Generator) -> np.ndarray:
    tone = choose(rng, [colours.white, colours.pale, colours.earth, colours.deep, colours.saturated])(rng)
    return _linear(textures.cloudy(rng, 256, [tone * rng.uniform(0.75, 1), tone], rng.uniform(0.8, 1.8)))


def _boards(rng: np.random.Generator) -> np.ndarray:
    return _linear(textures.planks(rng, 512, int(rng.integers(4, 12)), _browns(rng)))


def _grained(rng: np.random.Generator) -> np.ndarray:
    return _linear(textures.wood(rng, 256, int(rng.integers(6, 20)), _browns(rng)))


def _browns(rng: np.random.Generator) -> list[np.ndarray]:
    tone = rng.uniform(0.25, 1.0)
    return [tone * np.array(brown) for brown in ((0.35, 0.22, 0.13), (0.6, 0.4, 0.24), (0.8, 0.6, 0.4))]


def _tiled(rng: np.random.Generator) -> np.ndarray:
    tones = [colours.pale(rng), choose(rng, [colours.earth, colours.white, colours.deep])(rng)]
    return _linear(textures.tiles(rng, 256, int(rng.integers(3, 9)), tones, colours.pale(rng)))


def _lawn(rng: np.random.Generator) -> np.ndarray:
    green = rng.uniform(0.5, 1.0) * np.array([0.35, 0.5, 0.2])
    return _linear(textures.cloudy(rng, 512, [0.25 * green, green, 1.5 * green], rng.uniform(0.5, 1.1)))


def _printed(rng: np.random.Generator) -> np.ndarray:
    return _linear(textures.painting(rng, 256))


def _figured(rng: np.random.Generator) -> np.ndarray:
    """Rows of books, or of whatever else stands in shelves."""
    size, rows = 256, int(rng.integers(2, 6))
    picture = np.empty((size, size, 3))
    for row in range(rows):
        top, end, x = row * size // rows, (row + 1) * size // rows, 0
        while x < size:
            wide = int(rng.integers(4, 20))
            tone = choose(rng, [colours.saturated, colours.deep, colours.earth, colours.white])(rng)
            picture[top:end, x : x + wide] = tone * rng.uniform(0.5, 1)
            x += wide
        picture[top : top + size // 40] = 0.1
    return _linear(picture)


def _facade(rng: np.random.Generator) -> np.ndarray:
    """A house's front with rows of windows, dark or lit."""
    size, rows, columns = 512, int(rng.integers(2, 5)), int(rng.integers(2, 6))
    picture = np.broadcast_to(colours.earth(rng) * rng.uniform(0.8, 1.2), (size, size, 3)).copy()
    picture *= 0.9 + 0.1 * textures.noise(rng, size, 1.0)[..., None]
    for row in range(rows):
        for column in range(columns):
            y, x = (row * size // rows, column * size // columns)
            high, wide = size // rows, size // columns
            inner = np.s_[y + high // 4 : y + 3 * high // 4, x + wide // 4 : x + 3 * wide // 4]
            picture[inner] = colours.white(rng) if rng.uniform() < 0.15 else rng.uniform(0.03, 0.35)
            picture[inner][:: max(1, high // 5)] = picture[inner][:, :: max(1, wide // 5)] = 0.9
    return _linear(picture)


def _outlook(rng: np.random.Generator) -> np.ndarray:
    """What is seen through a window, 1 where it is brightest: sky, or sky over trees."""
    picture = textures.cloudy(rng, 256, [(0.7, 0.8, 1.0), (1.0, 1.0, 1.0)], 1.6)
    if rng.uniform() < 0.6:
        trees = textures.noise(rng, 256, 1.2)
        line = rng.uniform(0.3, 0.8) + 0.2 * (trees - 0.5)
        below = (np.arange(256) / 256)[:, None] > line
        picture[below] = 0.3 * np.array([0.5, 0.7, 0.35]) * (0.3 + trees[below])[:, None]
    return picture
