"""Pictures made by formulas: arrays `[h, w, 3]` with values in [0, 1], most of which tile without a seam."""

import numpy as np

TAU = 2.0 * np.pi


def periodic_noise(rng, size, slope, stretch=(1.0, 1.0)):
    """Noise that tiles without a seam, spread evenly over 0..1.

    A larger slope makes it smoother; stretch scales it along (u, v).
    """
    spectrum = np.fft.fft2(rng.standard_normal((size, size)))
    fy = np.fft.fftfreq(size)[:, None] * size * stretch[1]
    fx = np.fft.fftfreq(size)[None, :] * size * stretch[0]
    weight = (1.0 + fx**2 + fy**2) ** (-slope / 2)
    weight[0, 0] = 0
    noise = np.round(np.fft.ifft2(spectrum * weight).real, 9)
    order = np.argsort(noise.ravel(), kind="stable")
    ranks = np.empty(size * size)
    ranks[order] = np.linspace(0, 1, size * size)
    return ranks.reshape(size, size)


def noise(rng, size, slope, stretch=(1.0, 1.0)):
    """As `periodic_noise`, in a quarter of the time, with 4096 values."""
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    fy = np.fft.fftfreq(size)[:, None] * size * stretch[1]
    fx = np.fft.rfftfreq(size)[None, :] * size * stretch[0]
    weight = (1.0 + fx**2 + fy**2) ** (-slope / 2)
    weight[0, 0] = 0
    values = np.fft.irfft2(spectrum * weight, s=(size, size))
    low, high = values.min(), values.max()
    steps = ((values - low) * (4095 / (high - low))).astype(np.int32)
    counts = np.bincount(steps.ravel(), minlength=4096)
    return ((np.cumsum(counts) - 0.5 * counts) / size**2)[steps]


def ramp(values, colours, levels=24):
    """Colours for values in 0..1; few levels, so that the file stays small."""
    values = np.round(np.clip(values, 0, 1) * (levels - 1)) / (levels - 1)
    stops = np.linspace(0, 1, len(colours))
    colours = np.asarray(colours, dtype=float)
    return np.stack([np.interp(values, stops, colours[:, k]) for k in range(3)], -1)


def pixel_grid(size):
    """The (u, v) coordinates of pixel centres."""
    t = (np.arange(size) + 0.5) / size
    return np.meshgrid(t, t)


def planks(rng, size, boards, colours):
    """Floor boards that run along u, with grain and dark gaps."""
    u, v = pixel_grid(size)
    row = (v * boards).astype(int)
    grain = periodic_noise(rng, size, 1.6, stretch=(9.0, 1.0))
    tone = rng.uniform(-0.22, 0.22, boards)[row]
    value = 0.5 + 0.55 * (grain - 0.5) + tone
    picture = ramp(value, colours, 20)
    across = v * boards - row
    shift = rng.uniform(0, 1, boards)[row]
    along = (u + shift) % 1.0
    gap = (across < 0.05) | (along < 1.6 / size)
    picture[gap] *= 0.35
    return picture


def wood(rng, size, rings, colours):
    """Sawn wood with long rings along u."""
    _, v = pixel_grid(size)
    bend = periodic_noise(rng, size, 2.6, stretch=(5.0, 1.0))
    fine = periodic_noise(rng, size, 1.0, stretch=(16.0, 1.0))
    value = 0.5 + 0.5 * np.sin(TAU * (rings * v + 2.2 * bend))
    return ramp(0.72 * value + 0.28 * fine, colours, 20)


def marble(rng, size, colours):
    """Stone with thin bent veins."""
    u, v = pixel_grid(size)
    bend = periodic_noise(rng, size, 1.9)
    value = np.abs(np.sin(np.pi * (u + 2 * v + 2.5 * bend)))
    return ramp(value**0.35, colours, 12)


def tiles(rng, size, count, colours, grout, gap=0.05):
    """Square tiles, each with its own tone, and grout between them."""
    u, v = pixel_grid(size)
    i, j = (u * count).astype(int), (v * count).astype(int)
    tone = rng.uniform(0, 1, (count, count))[j, i]
    cloud = periodic_noise(rng, size, 2.0)
    picture = ramp(0.7 * tone + 0.3 * cloud, colours, 20)
    x, y = u * count - i, v * count - j
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    picture[edge < gap / 2] = grout
    return picture


def cloudy(rng, size, colours, slope=1.6, levels=16):
    """Soft blotches: plaster, clay, stone, grass from afar."""
    return ramp(periodic_noise(rng, size, slope), colours, levels)


def hammered(rng, size, count):
    """The height of metal that was hammered: round dents on a jittered grid."""
    u, v = pixel_grid(size)
    height = np.ones((size, size))
    for i in range(count):
        for j in range(count):
            x, y = (np.array([i, j]) + 0.5 + rng.uniform(-0.25, 0.25, 2)) / count
            # Distances wrap around, so that the picture tiles.
            dx = np.abs(u - x)
            dy = np.abs(v - y)
            dx, dy = np.minimum(dx, 1 - dx), np.minimum(dy, 1 - dy)
            height = np.minimum(height, (dx**2 + dy**2) * count**2 / 0.6)
    return height


def brick_rows(size, rows, gap=0.12):
    """Which brick a pixel lies in, and whether it lies in the mortar."""
    u, v = pixel_grid(size)
    row = (v * rows).astype(int)
    along = u * rows / 2 + 0.5 * (row % 2)
    column = along.astype(int) % (rows // 2)
    x, y = (along % 1.0) * 2, v * rows - row
    edge = np.minimum(np.minimum(x, 2 - x), np.minimum(y, 1 - y))
    return row, column, edge < gap / 2


def bricks(rng, size, rows, colours, mortar):
    """A brick wall; rows must be even, so that it tiles."""
    row, column, joint = brick_rows(size, rows)
    tone = rng.uniform(0, 1, (rows, rows))[row, column]
    picture = ramp(0.65 * tone + 0.35 * periodic_noise(rng, size, 1.3), colours, 16)
    picture[joint] = mortar
    return picture


def brick_height(rng, size, rows):
    """The height of the same wall: bricks stand out from the mortar."""
    _, _, joint = brick_rows(size, rows)
    rough = periodic_noise(rng, size, 1.2)
    return ramp(np.where(joint, 0.0, 0.7) + 0.3 * rough, [(0, 0, 0), (1, 1, 1)], 16)


def weave(size, threads):
    """The height of a plain weave: threads go over and under in turn."""
    u, v = pixel_grid(size)
    x, y = u * threads, v * threads
    over = ((x.astype(int) + y.astype(int)) % 2) == 0
    across = np.where(over, np.sin(np.pi * (x % 1)), np.sin(np.pi * (y % 1)))
    return ramp(across, [(0, 0, 0), (1, 1, 1)], 12)


def normal_map(height, strength, levels=32):
    """A tangent-space normal map of a height picture that tiles."""
    h = height[..., 0] if height.ndim == 3 else height
    dx = (np.roll(h, -1, 1) - np.roll(h, 1, 1)) * strength
    # Pictures are stored from the top down, so v grows against the rows.
    dy = (np.roll(h, 1, 0) - np.roll(h, -1, 0)) * strength
    normal = np.stack([-dx, -dy, np.ones_like(h)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.round((0.5 + 0.5 * normal) * levels) / levels


def rug(rng, size):
    """A rug with a border and a field of stepped diamonds."""
    u, v = pixel_grid(size)
    cells = 48
    x, y = np.floor(u * cells), np.floor(v * cells)
    mx, my = np.minimum(x, cells - 1 - x), np.minimum(y, cells - 1 - y)
    rim = np.minimum(mx, my)
    ring = (np.abs(x - 23.5) % 16 + np.abs(y - 23.5) % 16).astype(int) % 8
    palette = np.array(
        [
            (0.5, 0.09, 0.07),
            (0.62, 0.16, 0.09),
            (0.78, 0.62, 0.38),
            (0.10, 0.16, 0.32),
            (0.10, 0.16, 0.32),
            (0.70, 0.5, 0.25),
            (0.5, 0.09, 0.07),
            (0.36, 0.06, 0.06),
        ]
    )
    picture = palette[ring]
    picture[rim < 7] = (0.12, 0.17, 0.33)
    picture[(rim >= 2) & (rim < 6) & ((x + y) % 6 < 3)] = (0.78, 0.62, 0.38)
    picture[(rim == 7) | (rim == 1)] = (0.75, 0.66, 0.5)
    picture[rim < 1] = (0.3, 0.05, 0.05)
    # Each knot has its own tone, so that no field is quite even.
    tone = np.round(rng.uniform(0.82, 1.0, (cells, cells)), 2)
    return picture * tone[y.astype(int), x.astype(int)][..., None]


def leaf(size, veins=5):
    """A leaf on black, as (colour, opacity); its tip is at the top."""
    u, v = pixel_grid(size)
    up = 1 - v
    half = 0.46 * np.sin(np.pi * np.clip((up - 0.08) / 0.9, 0, 1) ** 0.8) ** 0.85
    across = np.abs(u - 0.5)
    blade = (across < half) | ((across < 0.022) & (up < 0.2))
    rib = (across < 0.016) | (np.abs(((up - 0.55 * across) * 2 * veins) % 1 - 0.5) < 0.05)
    tone = np.where(rib, 1.0, 0.25 + 0.35 * up)
    colour = ramp(tone, [(0.07, 0.20, 0.04), (0.20, 0.40, 0.09), (0.45, 0.60, 0.25)], 10)
    return colour, np.repeat(blade[..., None].astype(float), 3, -1)


def lattice(size, count, width):
    """The opacity of a garden lattice of crossed slanting laths."""
    u, v = pixel_grid(size)
    one = np.abs(((u + v) * count) % 1 - 0.5) < width / 2
    two = np.abs(((u - v) * count) % 1 - 0.5) < width / 2
    return np.repeat((one | two)[..., None].astype(float), 3, -1)


def painting(rng, size):
    """An abstract landscape: hills under an evening sky."""
    u, v = pixel_grid(size)
    picture = ramp(v * 1.3, [(0.16, 0.25, 0.45), (0.75, 0.5, 0.32), (0.92, 0.76, 0.42)], 18)
    sun = (u - 0.68) ** 2 + (v - 0.42) ** 2 < 0.008
    picture[sun] = (0.97, 0.85, 0.55)
    shades = [(0.34, 0.30, 0.42), (0.24, 0.33, 0.30), (0.12, 0.22, 0.14)]
    for k, shade in enumerate(shades):
        a, b = rng.uniform(0, TAU, 2)
        line = 0.5 + 0.15 * k + 0.06 * np.sin(TAU * u * (1 + k) + a) + 0.03 * np.sin(TAU * u * 3.3 + b)
        picture[v > line] = shade
    return picture


def speckles(rng, size, count, radius, ground, colours):
    """Round specks of several colours on an even ground; it tiles."""
    u, v = pixel_grid(size)
    picture = np.broadcast_to(np.array(ground, dtype=float), (size, size, 3)).copy()
    for _ in range(count):
        x, y = rng.uniform(0, 1, 2)
        dx, dy = np.abs(u - x), np.abs(v - y)
        dx, dy = np.minimum(dx, 1 - dx), np.minimum(dy, 1 - dy)
        r = radius * rng.uniform(0.4, 1.0)
        picture[dx**2 + dy**2 < r**2] = colours[rng.integers(len(colours))]
    return picture
