"""Pictures that fill what they are on: paintings, posters, labels, book covers, screens, pages. sRGB, upright."""

from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import colours
from mcdenoise.random_scenes.lettering import width_of, word, words, write
from mcdenoise.random_scenes.parts import choose
from mcdenoise.random_scenes.textures import TAU, noise, painting, ramp


def _sheet(height: int, width: int, colour: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.asarray(colour, dtype=float), (height, width, 3)).copy()


def _unit(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of pixels from the top left corner, in 0..1."""
    return np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)


def _print(picture: np.ndarray, ink: np.ndarray, colour: np.ndarray) -> None:
    picture += (np.round(ink * 8) / 8)[..., None] * (np.asarray(colour) - picture)


def _line_of_text(
    rng: np.random.Generator,
    ink: np.ndarray,
    text: str,
    low: float,
    height: float,
    left: float,
    right: float,
    middle: bool,
) -> None:
    """Text on the baseline `low`, made smaller if it does not fit between left and right; all in pixels."""
    weight, wide, slant = (
        rng.uniform(0.08, 0.26),
        rng.uniform(0.7, 1.15),
        rng.uniform(0.05, 0.3) * (rng.uniform() < 0.2),
    )
    height *= min(1.0, (right - left) / width_of(text, height, weight, wide))
    start = (left + right - width_of(text, height, weight, wide)) / 2 if middle else left
    write(ink, text, start, low, height, weight, wide, slant)


def _contrast(rng: np.random.Generator, ground: np.ndarray) -> np.ndarray:
    if ground.mean() > 0.5:
        return choose(rng, {colours.dark: 6, colours.deep: 3, colours.saturated: 1})(rng)
    return choose(rng, {colours.white: 7, colours.pale: 2, colours.earth: 1})(rng) * 0.98


def _paragraph(rng: np.random.Generator, ink: np.ndarray, box: tuple[float, float, float, float], height: int) -> None:
    """Small print in the box left, top, right, bottom; each letter is drawn once and set in rows."""
    left, top, right, bottom = (int(side) for side in box)
    glyphs: dict[str, np.ndarray] = {}
    y = top
    while y + height + 2 < bottom:
        end = right - int(rng.choice([0.03, 0.5], p=[0.8, 0.2]) * rng.uniform() * (right - left))
        x = left
        while True:
            text = word(rng)
            for letter in text:
                if letter not in glyphs:
                    glyphs[letter] = np.zeros((height + 2, round(width_of(letter, height, 0.14))))
                    write(glyphs[letter], letter, 1, height + 1, height, 0.14)
            if x + sum(glyphs[letter].shape[1] for letter in text) > end:
                break
            for letter in text:
                wide = glyphs[letter].shape[1]
                ink[y : y + height + 2, x : x + wide] = glyphs[letter]
                x += wide
            x += height // 2 + 1
        y += round(1.9 * height)


def lettered(rng: np.random.Generator) -> np.ndarray:
    """A sign, label or poster, 1 to 6 lines on a plain ground, with a frame, bar or disc (60 %)."""
    height, width = choose(rng, [(384, 384), (256, 512), (512, 384), (192, 512)])
    families = {
        colours.white: 40,
        colours.saturated: 22,
        colours.deep: 15,
        colours.pale: 8,
        colours.muted: 8,
        colours.dark: 7,
    }
    ground = choose(rng, families)(rng)
    picture, ink = _sheet(height, width, ground), np.zeros((height, width))
    colour = _contrast(rng, ground)
    accent = choose(rng, [colours.saturated, colours.muted, colours.deep])(rng)
    u, v = _unit(height, width)
    decor = choose(rng, {"frame": 20, "bar": 20, "disc": 20, "none": 40})
    if decor == "frame":
        rim = np.minimum(np.minimum(u, 1 - u) * width, np.minimum(v, 1 - v) * height)
        picture[(rim > 10) & (rim < 10 + rng.uniform(3, 10))] = colour
    elif decor == "bar":
        picture[v > rng.uniform(0.75, 0.88)] = accent
    elif decor == "disc":
        x, y, r = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.35)
        picture[np.hypot((u - x) * width / height, v - y) < r] = accent
    middle = rng.uniform() < 0.6
    y, left, right = 0.08 * height, 0.09 * width, 0.91 * width
    for k in range(int(rng.integers(1, 7))):
        tall = height * (rng.uniform(0.14, 0.34) if k == 0 else rng.uniform(0.04, 0.15))
        if y + tall > 0.93 * height:
            break
        y += tall
        _line_of_text(rng, ink, words(rng, int(rng.integers(1, 3 if k == 0 else 5))), y, tall, left, right, middle)
        y += rng.uniform(0.3, 0.8) * tall
    if y < 0.6 * height and rng.uniform() < 0.6:
        _paragraph(rng, ink, (left, y + 10, right, 0.92 * height), 9)
    _print(picture, ink, colour)
    return picture


def book_cover(rng: np.random.Generator) -> np.ndarray:
    """A cover: plain (35 %), or with bands, a picture or rays; a title in one to three lines and an author."""
    height, width = 384, 256
    ground = choose(
        rng, {colours.deep: 22, colours.saturated: 18, colours.muted: 20, colours.white: 20, colours.dark: 20}
    )(rng)
    picture, ink = _sheet(height, width, ground), np.zeros((height, width))
    u, v = _unit(height, width)
    accent = choose(rng, [colours.saturated, colours.pale, colours.earth])(rng)
    kind = choose(rng, {"plain": 35, "bands": 20, "picture": 25, "ornament": 20})
    if kind == "bands":
        for _ in range(int(rng.integers(1, 4))):
            start = rng.uniform(0, 0.95)
            picture[(v > start) & (v < start + rng.uniform(0.02, 0.2))] = accent
    elif kind == "picture":
        place = (slice(150, 330), slice(30, 226))
        picture[place] = _art(rng, 256)[:180, :196]
    elif kind == "ornament":
        angle, radius = np.arctan2(v - 0.6, u - 0.5), np.hypot(u - 0.5, (v - 0.6) * 1.5)
        rays = np.cos(int(rng.integers(5, 14)) * angle) > rng.uniform(-0.5, 0.5)
        picture[rays & (radius < 0.38) & (radius > 0.1)] = accent
    y = 0.1 * height
    for _ in range(int(rng.integers(1, 4))):
        tall = rng.uniform(0.05, 0.1) * height
        y += tall
        _line_of_text(rng, ink, words(rng, int(rng.integers(1, 3))), y, tall, 22, width - 22, True)
        y += 0.45 * tall
    _line_of_text(rng, ink, words(rng, 2), 0.94 * height, 0.04 * height, 30, width - 30, True)
    _print(picture, ink, _contrast(rng, ground))
    return picture


def page(rng: np.random.Generator) -> np.ndarray:
    """Small print on white or cream paper, with a headline, and a picture in one of three."""
    height, width = 512, 384
    ground = colours.oklch(rng.uniform(0.92, 0.96), rng.uniform(0, 0.02), 90)
    picture, ink = _sheet(height, width, ground), np.zeros((height, width))
    _line_of_text(rng, ink, words(rng, int(rng.integers(1, 4))), 66, 30, 36, width - 36, False)
    top = 90
    if rng.uniform() < 0.33:
        picture[90:250, 36:-36] = _art(rng, 384)[:160, : width - 72]
        top = 266
    for k in range(columns := int(rng.integers(1, 3))):
        wide = (width - 72 - 16 * (columns - 1)) / columns
        _paragraph(rng, ink, (36 + k * (wide + 16), top, 36 + k * (wide + 16) + wide, height - 40), 7)
    _print(picture, ink, colours.dark(rng))
    return picture


def art(rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A picture for a wall and its name: landscape, fields, grid, shapes, portrait, strokes, photograph."""
    kinds = {"landscape": 22, "fields": 15, "grid": 9, "shapes": 16, "portrait": 10, "strokes": 12, "photograph": 16}
    kind = choose(rng, kinds)
    return f"picture {kind}", _art(rng, 384, kind)


def _art(rng: np.random.Generator, size: int, kind: str | None = None) -> np.ndarray:
    kind = kind or choose(rng, ["landscape", "fields", "shapes", "portrait", "strokes", "photograph"])
    return _ARTS[kind](rng, size)


def _landscape(rng: np.random.Generator, size: int) -> np.ndarray:
    """Ranges of hills that pale with distance under a sky, with a sun and water in some."""
    if rng.uniform() < 0.2:
        return painting(rng, size)
    u, v = _unit(size, size)
    horizon = rng.uniform(0.35, 0.6)
    hue = rng.uniform(0, 360)
    top, low = (
        colours.oklch(rng.uniform(0.5, 0.8), 0.07, 245 + rng.uniform(-30, 30)),
        colours.oklch(0.9, 0.05, rng.uniform(30, 100)),
    )
    clouds = noise(rng, size, 1.9, stretch=(1.0, 2.5))
    picture = ramp(v / horizon + 0.35 * (clouds - 0.5), [top, 0.5 * (top + low), low], 24)
    if rng.uniform() < 0.4:
        picture[np.hypot(u - rng.uniform(0.2, 0.8), v - rng.uniform(0.1, horizon)) < rng.uniform(0.03, 0.08)] = (
            0.95,
            0.9,
            0.75,
        )
    rough = noise(rng, size, 2.2)
    ranges = int(rng.integers(2, 6))
    for k in range(ranges):
        near = (k + 1) / ranges
        shade = colours.oklch(0.75 - 0.45 * near, 0.03 + 0.05 * near, hue + 40 * near)
        skyline = horizon + 0.55 * (near - 1 / ranges) * (1 - horizon) + 0.16 * (rough[k * 37 % size] - 0.5)[None, :]
        tone = 0.9 + 0.25 * (rough - 0.5)
        picture = np.where((v > skyline)[..., None], shade * np.round(tone * 16)[..., None] / 16, picture)
    return np.clip(picture, 0, 1)


def _fields(rng: np.random.Generator, size: int) -> np.ndarray:
    """Two to four soft rectangles on a ground."""
    _, v = _unit(size, size)
    u = _unit(size, size)[0]
    few = colours.harmony(rng, 5, 0.13)[rng.permutation(5)]
    picture = _sheet(size, size, few[0])
    rough = noise(rng, size, 1.3)
    bounds = np.linspace(0.06, 0.94, int(rng.integers(2, 5)) + 1)
    for k, (start, end) in enumerate(pairwise(bounds)):
        rim = np.minimum(np.minimum(u - 0.07, 0.93 - u), np.minimum(v - start - 0.012, end - 0.012 - v))
        share = np.round(np.clip(rim * 40 + (rough - 0.5), 0, 1) * (0.8 + 0.2 * rough) * 16) / 16
        picture += share[..., None] * (few[1 + k % 4] - picture)
    return picture


def _grid_art(rng: np.random.Generator, size: int) -> np.ndarray:
    """Black bars on white with a few strong fields."""
    picture = _sheet(size, size, (0.92, 0.91, 0.87))
    xs, ys = (np.sort(np.concatenate([[0, 1], rng.uniform(0.1, 0.9, int(rng.integers(2, 5)))])) for _ in range(2))
    strong = [(0.75, 0.13, 0.1), (0.12, 0.22, 0.5), (0.9, 0.75, 0.15)]
    for x0, x1 in pairwise(xs):
        for y0, y1 in pairwise(ys):
            if rng.uniform() < 0.25:
                picture[int(y0 * size) : int(y1 * size), int(x0 * size) : int(x1 * size)] = choose(rng, strong)
    wide = max(2, size // 50)
    for x in xs[1:-1]:
        picture[:, int(x * size) : int(x * size) + wide] = (0.06, 0.06, 0.06)
    for y in ys[1:-1]:
        picture[int(y * size) : int(y * size) + wide] = (0.06, 0.06, 0.06)
    return picture


def _shapes(rng: np.random.Generator, size: int) -> np.ndarray:
    """Discs, arcs, half-planes and lines in a few colours."""
    u, v = _unit(size, size)
    few = colours.harmony(rng, 5, 0.12)
    picture = _sheet(size, size, few[0])
    for _ in range(int(rng.integers(3, 9))):
        x, y, r = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0.06, 0.32)
        radius, angle = np.hypot(u - x, v - y), rng.uniform(0, TAU)
        side = (u - x) * np.cos(angle) + (v - y) * np.sin(angle)
        kind = choose(rng, {"disc": 4, "half": 3, "ring": 2, "line": 2})
        inside = {
            "disc": radius < r,
            "half": (radius < r) & (side > 0),
            "ring": np.abs(radius - r) < 0.02,
            "line": np.abs(side) < 0.008,
        }[kind]
        picture[inside] = few[rng.integers(1, 5)]
    return picture


def _portrait(rng: np.random.Generator, size: int) -> np.ndarray:
    """A head and shoulders before a plain ground, in a few tones."""
    u, v = _unit(size, size)
    picture = ramp(
        noise(rng, size, 2.0), colours.shades(choose(rng, [colours.earth, colours.deep, colours.muted])(rng), 0.2), 10
    )
    skin = colours.oklch(rng.uniform(0.45, 0.82), rng.uniform(0.04, 0.07), rng.uniform(45, 65))
    hair, cloth = choose(rng, [colours.dark, colours.earth])(rng), colours.common(rng)
    light = rng.choice([-1.0, 1.0])
    picture[((u - 0.5) / 0.4) ** 2 + ((v - 1.05) / 0.4) ** 2 < 1] = cloth
    picture[((u - 0.5) / 0.2) ** 2 + ((v - 0.36) / 0.25) ** 2 < 1] = hair
    face = ((u - 0.5) / 0.15) ** 2 + ((v - 0.42) / 0.2) ** 2 < 1
    neck = (np.abs(u - 0.5) < 0.07) & (v > 0.5) & (v < 0.7)
    tone = np.round((0.85 + 0.25 * np.clip(light * (u - 0.5) / 0.15, -1, 1)) * 8) / 8
    picture = np.where((face | neck)[..., None], skin * tone[..., None], picture)
    for x in (0.44, 0.56):
        picture[((u - x) / 0.022) ** 2 + ((v - 0.4) / 0.012) ** 2 < 1] = hair * 0.6
    picture[(np.abs(u - 0.5) < 0.04) & (np.abs(v - 0.53) < 0.007)] = (0.5, 0.22, 0.2)
    return np.clip(picture, 0, 1)


def _strokes(rng: np.random.Generator, size: int) -> np.ndarray:
    """Broad bent brush strokes."""
    u, v = _unit(size, size)
    few = colours.harmony(rng, 6, 0.13)[rng.permutation(6)]
    picture = _sheet(size, size, few[0])
    bristle = noise(rng, size, 0.8, stretch=(12.0, 1.0))
    for _ in range(int(rng.integers(6, 14))):
        x, y, angle, bend = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0, TAU), rng.uniform(-1.5, 1.5)
        p, q = (u - x) * np.cos(angle) + (v - y) * np.sin(angle), (v - y) * np.cos(angle) - (u - x) * np.sin(angle)
        long, wide = rng.uniform(0.15, 0.5), rng.uniform(0.02, 0.1)
        mark = (np.abs(p) < long) & (np.abs(q - bend * p * p) < wide * (0.6 + 0.5 * bristle)) & (bristle > 0.15)
        picture[mark] = few[rng.integers(1, 6)]
    return picture


def _photograph(rng: np.random.Generator, size: int) -> np.ndarray:
    """Hills in black and white, or soft blotches in faded colours as of a photograph from afar."""
    first, second = noise(rng, size, 2.4), noise(rng, size, 1.7)
    _, v = _unit(size, size)
    value = np.clip(0.6 * first + 0.3 * second + 0.5 * (0.6 - v) * rng.uniform(-1, 1), 0, 1)
    if rng.uniform() < 0.5:
        value = _landscape(rng, size).mean(-1) * (0.85 + 0.3 * second)
        return ramp(value, [(0.06, 0.06, 0.06), (0.45, 0.45, 0.44), (0.92, 0.92, 0.9)], 24)
    return ramp(value, colours.harmony(rng, 4, 0.1)[::-1], 24)


_ARTS = {
    "landscape": _landscape,
    "fields": _fields,
    "grid": _grid_art,
    "shapes": _shapes,
    "portrait": _portrait,
    "strokes": _strokes,
    "photograph": _photograph,
}


def display(rng: np.random.Generator) -> np.ndarray:
    """What a screen shows: windows with text on a dark or light ground, or a photograph."""
    height, width = 256, 448
    if rng.uniform() < 0.35:
        return _art(rng, 448)[96:352]
    light = rng.uniform() < 0.5
    ground, paper = (colours.pale(rng), (0.93, 0.93, 0.94)) if light else (colours.dark(rng), (0.13, 0.14, 0.16))
    picture, ink = _sheet(height, width, ground), np.zeros((height, width))
    for _ in range(int(rng.integers(1, 4))):
        x, y = int(rng.uniform(0.02, 0.45) * width), int(rng.uniform(0.05, 0.35) * height)
        wide, tall = int(rng.uniform(0.35, 0.53) * width), int(rng.uniform(0.4, 0.6) * height)
        picture[y : y + tall, x : x + wide] = paper
        picture[y : y + 9, x : x + wide] = colours.muted(rng)
        ink[y : y + tall, x : x + wide] = 0
        _paragraph(rng, ink, (x + 8, y + 16, x + wide - 8, y + tall - 8), 6)
    _print(picture, ink, colours.dark(rng) if light else np.array((0.75, 0.8, 0.78)))
    return picture
