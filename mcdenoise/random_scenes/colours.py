"""Colours as people choose them for rooms and things: drawn evenly to the eye, mostly muted, never brighter than paint.

All are sRGB in [0, 1], arrays `[3]`, so that pictures can use them as they are; `linear` makes a reflectance of one.
Lightness, chroma and hue are those of Oklab (Ottosson, "A perceptual color space for image processing", 2020).
"""

import numpy as np

from mcdenoise.random_scenes.parts import Rgb, choose

BRIGHTEST = 0.95  # in sRGB, a reflectance of 0.89: white paint; only fresh snow is brighter


def oklch(lightness: float, chroma: float, hue_degrees: float) -> np.ndarray:
    """The colour, with as much of the chroma as sRGB can show."""
    hue = np.radians(hue_degrees)
    for share in np.linspace(1.0, 0.0, 21):
        a, b = share * chroma * np.cos(hue), share * chroma * np.sin(hue)
        long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        rgb = np.array(
            [
                4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
                -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
                -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
            ]
        )
        if rgb.min() >= -1e-4 and rgb.max() <= 1.0:
            break
    rgb = np.maximum(rgb, 0.0)
    srgb = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return np.round(np.clip(srgb, 0.03, BRIGHTEST), 4)


def linear(srgb: np.ndarray) -> Rgb:
    """The reflectance of an sRGB colour."""
    values = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return Rgb(*(round(float(value), 5) for value in values))


def shades(colour: np.ndarray, spread: float, count: int = 3) -> np.ndarray:
    """`count` tones from darker to lighter by the share `spread`, for `textures.ramp`."""
    tones = np.linspace(1 - spread, 1 + spread, count)[:, None] * np.asarray(colour)
    return np.clip(tones, 0.02, BRIGHTEST)


def _drawn(rng: np.random.Generator, lightness: tuple, chroma: tuple, hue: tuple = (0.0, 360.0)) -> np.ndarray:
    return oklch(rng.uniform(*lightness), rng.uniform(*chroma), rng.uniform(*hue))


def white(rng: np.random.Generator) -> np.ndarray:
    """White and off-white paint: reflectance 0.72 to 0.89, three in four warm, one in four cool or neutral."""
    hue = (55.0, 110.0) if rng.uniform() < 0.75 else (180.0, 280.0)
    return _drawn(rng, (0.9, 0.965), (0.0, 0.02), hue)


def neutral(rng: np.random.Generator) -> np.ndarray:
    """A grey between charcoal and light grey, nearly without hue."""
    return _drawn(rng, (0.28, 0.88), (0.0, 0.012))


def dark(rng: np.random.Generator) -> np.ndarray:
    """Nearly black: reflectance 0.01 to 0.05."""
    return _drawn(rng, (0.2, 0.37), (0.0, 0.03))


def earth(rng: np.random.Generator) -> np.ndarray:
    """Sand, clay, ochre, umber."""
    return _drawn(rng, (0.38, 0.85), (0.02, 0.09), (35.0, 95.0))


def pale(rng: np.random.Generator) -> np.ndarray:
    """A light pastel."""
    return _drawn(rng, (0.8, 0.93), (0.015, 0.06))


def muted(rng: np.random.Generator) -> np.ndarray:
    """A middle tone of little chroma: sage, dusty blue, old rose."""
    return _drawn(rng, (0.45, 0.82), (0.025, 0.08))


def deep(rng: np.random.Generator) -> np.ndarray:
    """Navy, bottle green, burgundy, aubergine."""
    return _drawn(rng, (0.25, 0.45), (0.04, 0.11))


def saturated(rng: np.random.Generator) -> np.ndarray:
    """The strong colours of plastics, signs and sports cars."""
    return _drawn(rng, (0.42, 0.75), (0.11, 0.2))


def common(rng: np.random.Generator) -> np.ndarray:
    """Of anything: 20 % white, 13 % grey, 7 % black, 15 % earth, 22 % muted, 8 % pale, 8 % deep, 7 % saturated."""
    families = {white: 20, neutral: 13, dark: 7, earth: 15, muted: 22, pale: 8, deep: 8, saturated: 7}
    return choose(rng, families)(rng)


def harmony(rng: np.random.Generator, count: int, chroma: float = 0.08) -> np.ndarray:
    """`count` colours `[count, 3]` that go together, light ones and dark ones in turn.

    Hues: neighbours (45 %), two opposite ones (25 %), a triad (10 %), or one alone (20 %).
    """
    hue = rng.uniform(0.0, 360.0)
    steps = choose(rng, {(0.0, 30.0, -25.0): 45, (0.0, 180.0, 20.0): 25, (0.0, 120.0, 240.0): 10, (0.0, 0.0, 8.0): 20})
    lights = np.linspace(0.9, 0.35, count) if count > 1 else np.array([0.6])
    found = []
    for k in range(count):
        light = float(lights[k] + rng.uniform(-0.06, 0.06))
        strength = chroma * rng.uniform(0.2, 1.3)
        found.append(oklch(light, strength if light < 0.88 else 0.3 * strength, hue + steps[k % 3]))
    return np.array(found)
