"""Opacity masks: leaves of several shapes on a card, and meshes, fences and lace that repeat. 1 is opaque."""

import numpy as np

from mcdenoise.random_scenes import colours
from mcdenoise.random_scenes.parts import choose
from mcdenoise.random_scenes.textures import TAU, noise, pixel_grid, ramp

LEAVES = ("ovate", "lance", "heart", "round", "oak", "maple", "pinnate", "grass")


def leaf_shape(rng: np.random.Generator, size: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Where a leaf is, `[n, n]` bool, and where its veins are; the stem is at the bottom, the tip at the top."""
    u, v = pixel_grid(size)
    up, side = 1 - v, u - 0.5
    across = np.abs(side)
    stem = (across < 0.014) & (up < 0.2)
    rib = across < 0.012
    t = np.clip((up - 0.1) / 0.88, 0, 1)
    veins = rib | (np.abs(((up - rng.uniform(0.4, 0.9) * across) * rng.uniform(7, 12)) % 1 - 0.5) < 0.06)
    if kind == "ovate":
        half = rng.uniform(0.28, 0.46) * np.sin(np.pi * t ** rng.uniform(0.6, 0.9)) ** 0.9
        teeth = 1 + 0.06 * np.abs((up * 24) % 1 - 0.5) * (rng.uniform() < 0.5)
        blade = across < half * teeth
    elif kind == "lance":
        blade = across < rng.uniform(0.08, 0.16) * np.sin(np.pi * t**0.7)
    elif kind == "grass":
        blade = across < rng.uniform(0.03, 0.06) * (1 - t**3)
        stem = blade
        veins = rib
    elif kind == "heart":
        lobe = 0.46 * np.sqrt(np.clip(1 - t, 0, 1)) * np.clip(4.5 * t, 0, 1) ** 0.6
        notch = (up < 0.2 + 0.12 * np.clip(0.12 - across, 0, 1) / 0.12) & (across < 0.1) & (up < 0.26)
        blade = (across < lobe) & ~notch
        stem = (across < 0.014) & (up < 0.3)
    elif kind == "round":
        blade = (side / 0.44) ** 2 + ((up - 0.56) / 0.42) ** 2 < 1
        veins = rib | (np.abs((np.arctan2(side, up - 0.15) * 4.5) % 1 - 0.5) < 0.04)
    elif kind == "oak":
        half = 0.3 * np.sin(np.pi * t**0.75) * (0.72 + 0.34 * np.cos(TAU * 4.0 * t - 0.6 + 2.2 * across))
        blade = across < np.maximum(half, 0.02 * (t > 0) * (t < 0.97))
    elif kind == "maple":
        # Five lobes around a point low on the card.
        x, y = side, up - 0.3
        angle, radius = np.arctan2(x, y), np.hypot(x, y)
        lobes = [(0.0, 0.68, 0.62), (0.95, 0.55, 0.56), (-0.95, 0.55, 0.56), (1.95, 0.36, 0.6), (-1.95, 0.36, 0.6)]
        reach = np.full(u.shape, 0.18)
        veins = np.zeros(u.shape, dtype=bool)
        for way, long, wide in lobes:
            off = np.abs(angle - way)
            reach = np.maximum(reach, long * (1 - 0.72 * np.clip(off / wide, 0, 1) ** 0.8))
            veins |= radius * off < 0.01
        blade = radius < reach * (0.95 + 0.05 * np.cos(angle * 38))
        stem = (across < 0.014) & (up < 0.32)
    elif kind == "pinnate":
        pairs = int(rng.integers(6, 10))
        lean = up - 0.55 * across
        number = np.floor((lean - 0.08) * pairs / 0.75)
        place = (lean - 0.08) * pairs / 0.75 - number
        long = 0.42 * np.sin(np.pi * np.clip((number + 0.9) / (pairs + 0.6), 0, 1)) ** 0.7
        leaflet = np.abs(place - 0.5) < 0.42 * np.sqrt(
            np.clip(1 - (2 * across / np.maximum(long, 1e-3) - 1) ** 2, 0, 1)
        )
        blade = leaflet & (across < long) & (number >= 0) & (number < pairs)
        stem = (across < 0.012) & (up < 0.9)
        veins = rib
    else:
        raise ValueError(f"no leaf is called {kind}: choose one of {', '.join(LEAVES)}")
    return blade | stem, veins


def leaf(rng: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray]:
    """A leaf of any shape: its name, colour `[n, n, 3]` and opacity `[n, n]`.

    Fresh green 70 %, autumn yellow to red 17 %, reddish purple 6 %, dry 7 %; veins lighter or darker.
    """
    size, kind = (
        256,
        choose(rng, {"ovate": 30, "lance": 15, "heart": 10, "round": 8, "oak": 10, "maple": 12, "pinnate": 15}),
    )
    blade, veins = leaf_shape(rng, size, kind)
    tint = choose(rng, {"green": 70, "autumn": 17, "purple": 6, "dry": 7})
    if tint == "green":
        body = colours.oklch(rng.uniform(0.4, 0.62), rng.uniform(0.07, 0.13), rng.uniform(112, 142))
    elif tint == "autumn":
        body = colours.oklch(rng.uniform(0.5, 0.75), rng.uniform(0.11, 0.16), rng.uniform(30, 92))
    elif tint == "purple":
        body = colours.oklch(rng.uniform(0.3, 0.42), rng.uniform(0.05, 0.1), rng.uniform(340, 380))
    else:
        body = colours.oklch(rng.uniform(0.45, 0.62), rng.uniform(0.03, 0.07), rng.uniform(55, 80))
    tone = 0.35 + 0.4 * noise(rng, size, 1.8) + np.where(veins, rng.uniform(-0.3, 0.5), 0.0)
    return f"leaf {kind}", ramp(tone, colours.shades(body, 0.4), 12), blade.astype(float)


def repeating(rng: np.random.Generator) -> tuple[str, np.ndarray, float]:
    """A mesh that repeats: its name, opacity `[n, n]` and side in metres.

    Chain-link 30 %, lattice of laths 25 %, square wire 20 %, punched sheet 15 %, expanded metal 10 %.
    """
    kind = choose(rng, {"chain-link": 30, "lattice": 25, "wire": 20, "punched": 15, "expanded": 10})
    size, count = 256, 4
    u, v = pixel_grid(size)
    x, y = u * count, v * count
    if kind == "chain-link":
        # Each wire zigzags around its neighbours: nearly a diagonal grid of thin lines.
        wobble = 0.05 * np.sin(TAU * (x + y))
        line = np.minimum(np.abs((x + y + wobble) % 1 - 0.5), np.abs((x - y + wobble) % 1 - 0.5))
        return "chain-link", (line < rng.uniform(0.035, 0.06)).astype(float), count * float(rng.uniform(0.05, 0.09))
    if kind == "lattice":
        wide = rng.uniform(0.12, 0.24)
        line = np.minimum(np.abs((x + y) % 1 - 0.5), np.abs((x - y) % 1 - 0.5))
        if rng.uniform() < 0.4:
            line = np.minimum(np.abs(x % 1 - 0.5), np.abs(y % 1 - 0.5))
        return "lattice", (line < wide / 2).astype(float), count * float(rng.uniform(0.08, 0.16))
    if kind == "wire":
        line = np.minimum(np.abs(x % 1 - 0.5), np.abs(y % 1 - 0.5))
        return "wire mesh", (line < rng.uniform(0.03, 0.07)).astype(float), count * float(rng.uniform(0.015, 0.06))
    if kind == "punched":
        near = np.minimum(*(np.hypot((x + s) % 1 - 0.5, (y + s) % 1 - 0.5) for s in (0.0, 0.5)))
        return "punched sheet", (near > rng.uniform(0.2, 0.3)).astype(float), count * float(rng.uniform(0.008, 0.025))
    rows = np.floor(2 * y)
    hole = np.abs((x + 0.5 * (rows % 2)) % 1 - 0.5) / 0.42 + np.abs((2 * y) % 1 - 0.5) / 0.8
    return "expanded metal", (hole > 0.5 + 0.1 * rng.uniform()).astype(float), count * float(rng.uniform(0.03, 0.08))


def lace(rng: np.random.Generator) -> tuple[str, np.ndarray, float]:
    """Net with a woven ornament of flowers: name, opacity, metres."""
    size = 384
    u, v = pixel_grid(size)
    x, y = u * 48, v * 48
    net = np.minimum(np.abs((x + y) % 1 - 0.5), np.abs((x - y) % 1 - 0.5)) < 0.17
    fx, fy = (u * 2) % 1 - 0.5, (v * 2) % 1 - 0.5
    angle, radius = np.arctan2(fy, fx), np.hypot(fx, fy)
    petals = int(rng.integers(5, 9))
    flower = radius < 0.3 * (0.6 + 0.4 * np.cos(petals * angle))
    ring = np.abs(radius - 0.4) < 0.02
    heart = radius < 0.06
    return "lace", ((net | flower | ring) & ~heart).astype(float), float(rng.uniform(0.25, 0.6))
