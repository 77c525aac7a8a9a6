"""Random phantoms: pictures like slices through a head, of ellipses within ellipses, after Shepp and Logan 1974."""

import numpy as np


def phantom(side: int, rng: np.random.Generator) -> np.ndarray:
    """A random phantom `[1, side, side]` in [0, 1], float32: a bright skull, soft tissue, and 8 to 20 ellipses in it.

    The head is 1.2 to 1.7 wide and 1.5 to 1.9 high in a picture of 2 x 2, turned by up to 20 degrees, and moved by up
    to 0.1; tissue has 0.25 to 0.45 and a slow shading of 10%, what is in it adds or takes up to 0.3.
    """
    height, width = rng.uniform(0.75, 0.95), rng.uniform(0.6, 0.85)
    centre, turn = rng.uniform(-0.1, 0.1, 2), rng.uniform(-0.35, 0.35)
    thickness = rng.uniform(0.05, 0.1)
    picture = rng.uniform(0.75, 1.0) * _ellipse(side, centre, (width, height), turn)
    inside = _ellipse(side, centre, (width - thickness, height - thickness), turn)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    shading = 1 + 0.1 * np.sin(rng.uniform(0, 6.3) + rng.uniform(1, 3) * x + rng.uniform(1, 3) * y)
    tissue = rng.uniform(0.25, 0.45) * shading
    for _ in range(rng.integers(8, 21)):
        size = rng.uniform(0.03, 0.35, 2)
        place = centre + rng.uniform(-0.6, 0.6, 2) * (width, height)
        tissue = tissue + rng.uniform(-0.3, 0.3) * _ellipse(side, place, tuple(size), rng.uniform(0, np.pi))
    picture = picture * (1 - inside) + tissue * inside
    return picture.clip(0, 1).astype(np.float32)[None]


def _ellipse(side: int, centre: np.ndarray, axes: tuple[float, float], turn: float) -> np.ndarray:
    """1 inside, 0 outside, and between over about a pixel: `[side, side]`."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    x, y = x - centre[0], y - centre[1]
    across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    radius = np.hypot(across / axes[0], along / axes[1])
    distance = (1 - radius) * min(axes) * side / 2  # in pixels, nearly
    return np.clip(distance + 0.5, 0, 1)
