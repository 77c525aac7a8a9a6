"""Things of many small parts: grass, hair, leaves."""

import numpy as np

from mcdenoise.random_scenes.meshes import TAU, merged, moved, sheet, turned


def grass(rng, count, radius, height):
    """Curves for blades of grass that stand within a circle."""
    curves = []
    for _ in range(count):
        r, around = radius * np.sqrt(rng.uniform()), rng.uniform(0, TAU)
        root = np.array([r * np.cos(around), r * np.sin(around), -0.02])
        lean = rng.uniform(0, TAU)
        tall = height * rng.uniform(0.5, 1.0)
        bend = tall * rng.uniform(0.1, 0.6)
        t = np.array([-0.15, 0.0, 0.4, 0.8, 1.0])
        out = bend * np.maximum(t, 0) ** 2
        points = root + np.stack([out * np.cos(lean), out * np.sin(lean), tall * t], 1)
        widths = 0.0055 * np.array([1, 1, 0.8, 0.45, 0.15])
        curves.append(np.column_stack([points, widths]))
    return curves


def fur(rng, count, radius, length):
    """Curves for hairs that grow out of a ball at the origin, brushed down."""
    curves = []
    for _ in range(count):
        way = rng.standard_normal(3)
        way /= np.linalg.norm(way)
        t = np.array([-0.2, 0.0, 0.45, 0.85, 1.0])[:, None]
        size = length * rng.uniform(0.7, 1.0)
        droop = np.array([0.0, 0.0, -0.45 * size])
        side = 0.12 * size * rng.standard_normal(3)
        points = way * (radius + size * t) + (droop + side) * np.maximum(t, 0) ** 2
        widths = 0.004 * np.array([1, 1, 0.8, 0.5, 0.2])
        curves.append(np.column_stack([points, widths]))
    return curves


def leafy(rng, count, size, spots, spread):
    """Leaf cards that grow from random places among the given spots."""
    parts = []
    for _ in range(count):
        length = size * rng.uniform(0.7, 1.15)
        v = np.linspace(0, 1, 3)[:, None] * np.ones(3)
        u = np.linspace(0, 1, 3)[None, :] * np.ones((3, 1))
        fold = 0.12 * np.abs(u - 0.5) - 0.25 * v**2
        points = np.stack([(u - 0.5) * 0.62 * length, v * length, fold * length], -1)
        card = sheet(points, np.stack([u, v], -1))
        card = turned(card, "x", rng.uniform(-10, 60))
        card = turned(card, "z", rng.uniform(0, 360))
        place = spots[rng.integers(len(spots))] + spread * rng.standard_normal(3)
        parts.append(moved(card, *place))
    return merged(*parts)
