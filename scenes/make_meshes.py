"""Makes every mesh, texture and curve file that the scenes in this folder use.

Run it as ``python scenes/make_meshes.py``.  It rewrites all assets next to the
``scene.xml`` files, byte for byte the same each time: all randomness comes
from generators with fixed seeds.  The z axis points up and one unit is one
metre, unless a scene says otherwise.
"""

from dataclasses import dataclass
from pathlib import Path

import imageio.v3 as iio
import numpy as np

TAU = 2.0 * np.pi


# ---------------------------------------------------------------------------
# Meshes: the container and ways of changing one
# ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Mesh:
    """Triangles with a normal and a texture coordinate at every vertex."""

    points: np.ndarray
    normals: np.ndarray
    uvs: np.ndarray
    faces: np.ndarray


def merged(*meshes):
    """One mesh made of several."""
    offsets = np.cumsum([0] + [len(m.points) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.points for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.uvs for m in meshes]),
        np.concatenate([m.faces + o for m, o in zip(meshes, offsets, strict=False)]),
    )


def moved(mesh, x=0.0, y=0.0, z=0.0):
    """The mesh, shifted."""
    return Mesh(mesh.points + np.array([x, y, z]), mesh.normals, mesh.uvs, mesh.faces)


def turned(mesh, axis, degrees):
    """The mesh, rotated about a coordinate axis ('x', 'y' or 'z')."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }[axis]
    matrix = np.array(matrix, dtype=float)
    return Mesh(mesh.points @ matrix.T, mesh.normals @ matrix.T, mesh.uvs, mesh.faces)


def smooth_normals(points, faces):
    """Vertex normals averaged over the faces that meet at each position."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    face_normals = np.cross(b - a, c - a)
    # Vertices on a texture seam share a position but not an index: average
    # over positions, or the seam shows as a crease.
    _, group = np.unique(np.round(points, 6), axis=0, return_inverse=True)
    group = group.reshape(-1)
    sums = np.zeros((group.max() + 1, 3))
    for k in range(3):
        np.add.at(sums, group[faces[:, k]], face_normals)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return (sums / np.maximum(lengths, 1e-20))[group]


def sheet(points, uvs=None):
    """A smooth mesh from a grid of points of shape (rows, columns, 3).

    The front side is where the cross product of the column direction and the
    row direction points.
    """
    rows, columns = points.shape[:2]
    if uvs is None:
        v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
        uvs = np.stack([u, v], axis=-1)
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    c, d = index[1:, 1:].ravel(), index[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    flat = points.reshape(-1, 3)
    p, q, r = (flat[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(q - p, r - p), axis=1)
    faces = faces[area > 1e-12]
    return Mesh(flat, smooth_normals(flat, faces), uvs.reshape(-1, 2), faces)


# ---------------------------------------------------------------------------
# Meshes: shapes
# ---------------------------------------------------------------------------


def smooth_curve(knots, count):
    """Points on a Catmull-Rom curve through the given knots."""
    knots = np.asarray(knots, dtype=float)
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, len(knots) - 1, count)
    i = np.minimum(t.astype(int), len(knots) - 2)
    f = (t - i)[:, None]
    p0, p1, p2, p3 = (padded[i + k] for k in range(4))
    return 0.5 * (2 * p1 + (p2 - p0) * f + (2 * p0 - 5 * p1 + 4 * p2 - p3) * f**2 + (3 * p1 - p0 - 3 * p2 + p3) * f**3)


def lathe(profile, segments):
    """A profile of (radius, height) pairs turned about the z axis.

    A profile that runs upwards makes a surface that faces outwards.
    """
    profile = np.asarray(profile, dtype=float)
    angle = np.linspace(0, TAU, segments + 1)
    radius = np.maximum(profile[:, 0], 0.0)[:, None]
    height = np.broadcast_to(profile[:, 1][:, None], (len(profile), segments + 1))
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=-1)
    points[:, -1] = points[:, 0]
    return sheet(points)


def smooth_lathe(knots, count, segments):
    """A lathe shape whose profile is a smooth curve through the knots."""
    return lathe(smooth_curve(knots, count), segments)


def disc(radius, height, segments, up=True):
    """A flat disc that faces up or down."""
    ends = [(radius, height), (0.0, height)]
    return lathe(ends if up else ends[::-1], segments)


def box(size, bevel=0.0, centre=(0, 0, 0)):
    """A box; with a bevel its edges are rounded.  Texture units are metres."""
    half = np.asarray(size, dtype=float) / 2
    parts = []
    for axis in range(3):
        for sign in (-1, 1):
            i, j = [(1, 2), (2, 0), (0, 1)][axis]
            if sign < 0:
                i, j = j, i
            parts.append(_box_side(half, bevel, axis, sign, i, j))
    return moved(merged(*parts), *centre)


def _box_side(half, bevel, axis, sign, i, j):
    """One side of a box, its rounded edges included."""

    def stops(h):
        return np.array([-h, -h + bevel, h - bevel, h]) if bevel > 0 else np.array([-h, h])

    q, p = np.meshgrid(stops(half[j]), stops(half[i]), indexing="ij")
    points = np.zeros((*p.shape, 3))
    points[..., axis], points[..., i], points[..., j] = sign * half[axis], p, q
    # Texture coordinates keep the upright direction of side walls upright.
    uv = np.stack([p, q], -1) if (j == 2 or axis == 2) else np.stack([q, p], -1)
    mesh = sheet(points, uv)
    if bevel <= 0:
        return mesh
    core = np.clip(mesh.points, -(half - bevel), half - bevel)
    away = mesh.points - core
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return Mesh(core + bevel * away, away, mesh.uvs, mesh.faces)


def tube(path, radius, sides, closed=False):
    """A round tube along a path; the radius may vary along it."""
    path = np.asarray(path, dtype=float)
    count = len(path)
    radius = np.broadcast_to(np.asarray(radius, dtype=float), (count,))
    along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0) if closed else np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along[0], [0.31, 0.17, 0.93])
    sides_of_frame = []
    for k in range(count):
        # Carry the frame along the path so that the tube does not twist.
        side = side - np.dot(side, along[k]) * along[k]
        side = side / np.linalg.norm(side)
        sides_of_frame.append(side)
    first = np.array(sides_of_frame)
    second = np.cross(along, first)
    twist = 0.0
    if closed:
        back = side - np.dot(side, along[0]) * along[0]
        twist = np.arctan2(np.dot(back, second[0]), np.dot(back, first[0]))
    rows = np.arange(count + 1) % count if closed else np.arange(count)
    share = np.arange(len(rows)) / count
    angle = np.linspace(0, TAU, sides + 1)[None, :] - (twist * share)[:, None]
    points = path[rows][:, None] + radius[rows][:, None, None] * (
        np.cos(angle)[..., None] * first[rows][:, None] + np.sin(angle)[..., None] * second[rows][:, None]
    )
    points[:, -1] = points[:, 0]
    if closed:
        points[-1] = points[0]
    return sheet(points)


def torus_knot(p, q, size, thickness, steps, sides):
    """A closed tube that winds p times around the axis and q times through."""
    t = np.arange(steps) / steps * TAU
    ring = 1 + 0.42 * np.cos(q * t)
    path = np.stack([ring * np.cos(p * t), ring * np.sin(p * t), 0.55 * np.sin(q * t)], 1)
    return tube(size * path, thickness, sides, closed=True)


def bumpy_ball(radius, columns, rows, lumps, depth):
    """A ball whose surface goes in and out in regular lumps."""
    theta = np.linspace(np.pi, 0, rows + 1)[:, None]
    phi = np.linspace(0, TAU, columns + 1)[None, :]
    fade = np.sin(theta) ** 2
    r = radius * (1 + depth * fade * np.cos(lumps * phi) * np.cos(lumps * theta))
    x, y = r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi)
    points = np.stack([x, y, r * np.cos(theta)], -1)
    points[:, -1] = points[:, 0]
    return sheet(points)


def gear(teeth, outer, inner, hole, height, bevel):
    """A gear wheel that lies flat, with a round hole and bevelled rims."""
    parts = np.array([-0.32, -0.17, 0.17, 0.32])
    levels = np.array([inner, outer, outer, inner])
    angle = ((np.arange(teeth)[:, None] + parts[None, :]) / teeth * TAU).ravel()
    radius = np.tile(levels, teeth)
    return extruded_ring(angle, radius, np.full_like(radius, hole), height, bevel)


def extruded_ring(angle, outer, hole, height, bevel):
    """The space between two outlines given in polar form, made solid."""
    angle = np.append(angle, angle[0] + TAU)
    outer, hole = np.append(outer, outer[0]), np.append(hole, hole[0])
    h = height / 2

    def ring(radius, z):
        return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full_like(angle, z)], -1)

    cuts = [
        (ring(outer, -h + bevel), ring(outer, h - bevel)),
        (ring(outer, h - bevel), ring(outer - bevel, h)),
        (ring(outer - bevel, h), ring(hole, h)),
        (ring(hole, h), ring(hole, -h)),
        (ring(hole, -h), ring(outer - bevel, -h)),
        (ring(outer - bevel, -h), ring(outer, -h + bevel)),
    ]
    return merged(*(_flat_band(low, high) for low, high in cuts))


def _flat_band(low, high):
    """Quads between two outlines, each with its own flat normal."""
    corners = np.stack([low[:-1], low[1:], high[1:], high[:-1]], 1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
    first = 4 * np.arange(len(corners))[:, None]
    faces = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    points = corners.reshape(-1, 3)
    return Mesh(points, np.repeat(normal, 4, 0), points[:, :2].copy(), faces)


def curtain(width, height, folds, depth, columns, rows):
    """A hanging cloth with folds that open towards the bottom; faces -y."""
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    swing = depth * (0.55 + 0.45 * (1 - v))
    y = swing * (np.sin(TAU * folds * u) + 0.35 * np.sin(TAU * folds * 1.7 * u + 2 * v))
    points = np.stack([(u - 0.5) * width, y, v * height], -1)
    return sheet(points, np.stack([u * width * 1.4, v * height], -1))


def stairs(width, steps, run, rise, bevel):
    """A flight of solid steps that climbs along +y."""
    parts = []
    for k in range(steps):
        deep = run * (steps - k)
        centre = (0, run * k + deep / 2, rise * (k + 0.5))
        parts.append(box((width, deep, rise), bevel, centre))
    return merged(*parts)


def table(length, width, height, top, leg, bevel):
    """A table that stands on z = 0."""
    x, y = length / 2 - 1.2 * leg, width / 2 - 1.2 * leg
    long = height - top
    parts = [box((length, width, top), bevel, (0, 0, height - top / 2))]
    parts += [box((leg, leg, long), bevel, (sx * x, sy * y, long / 2)) for sx in (-1, 1) for sy in (-1, 1)]
    return merged(*parts)


def chair(bevel=0.008):
    """A plain wooden chair that faces -y and stands on z = 0."""
    parts = [box((0.44, 0.44, 0.04), bevel, (0, 0, 0.45))]
    parts += [box((0.045, 0.045, 0.43), bevel, (sx * 0.19, -0.19, 0.215)) for sx in (-1, 1)]
    parts += [box((0.045, 0.045, 0.95), bevel, (sx * 0.19, 0.2, 0.475)) for sx in (-1, 1)]
    parts += [box((0.34, 0.025, 0.07), bevel, (0, 0.2, z)) for z in (0.64, 0.77, 0.90)]
    return merged(*parts)


# ---------------------------------------------------------------------------
# Textures: pictures as arrays with values in 0..1
# ---------------------------------------------------------------------------


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


def normal_map(height, strength):
    """A tangent-space normal map of a height picture that tiles."""
    h = height[..., 0] if height.ndim == 3 else height
    dx = (np.roll(h, -1, 1) - np.roll(h, 1, 1)) * strength
    # Pictures are stored from the top down, so v grows against the rows.
    dy = (np.roll(h, 1, 0) - np.roll(h, -1, 0)) * strength
    normal = np.stack([-dx, -dy, np.ones_like(h)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.round((0.5 + 0.5 * normal) * 32) / 32


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


# ---------------------------------------------------------------------------
# Plants, cables and other things of many small parts
# ---------------------------------------------------------------------------


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


def hanging_line(start, end, sag, count):
    """Points on a line that hangs between two places."""
    t = np.linspace(0, 1, count)[:, None]
    line = (1 - t) * np.array(start, dtype=float) + t * np.array(end, dtype=float)
    line[:, 2] -= 4 * sag * t[:, 0] * (1 - t[:, 0])
    return line


def garlands():
    """The ends and sag of each garland of the scene 'string-lights'."""
    return [
        ((-2.3, 1.9, 2.35), (0.1, 1.9, 2.2), 0.38),
        ((0.1, 1.9, 2.2), (2.3, 1.9, 2.35), 0.34),
        ((-2.3, 1.9, 2.35), (-1.9, -1.2, 2.3), 0.4),
        ((2.3, 1.9, 2.35), (1.9, -1.2, 2.3), 0.4),
    ]


def bulb_places(count=12):
    """Where the bulbs of the garlands hang, as in that scene's XML."""
    places = []
    for start, end, sag in garlands():
        line = hanging_line(start, end, sag, 2 * count + 1)[1::2]
        places.append(line - np.array([0, 0, 0.035]))
    return np.concatenate(places)


def chess_piece(head):
    """A chess piece by revolution; the head is a list of profile knots."""
    foot = [
        (0.0, 0.0),
        (0.17, 0.0),
        (0.18, 0.03),
        (0.165, 0.07),
        (0.13, 0.09),
        (0.135, 0.12),
        (0.095, 0.17),
        (0.07, 0.3),
    ]
    return foot + head


# ---------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------


def write_ply(path, mesh):
    """Writes a binary PLY file with normals and, if any, texture coordinates."""
    # Short indices halve the size of the faces, and no mesh here is large.
    assert len(mesh.points) < 65536
    uv = "property float u\nproperty float v\n" if mesh.uvs.shape[1] else ""
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(mesh.points)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        "property float nx\nproperty float ny\nproperty float nz\n"
        f"{uv}element face {len(mesh.faces)}\n"
        "property list uchar ushort vertex_indices\nend_header\n"
    )
    data = np.concatenate([np.round(mesh.points, 5), np.round(mesh.normals, 4), np.round(mesh.uvs, 4)], axis=1)
    faces = np.zeros(len(mesh.faces), dtype=[("n", "u1"), ("v", "<u2", 3)])
    faces["n"], faces["v"] = 3, mesh.faces
    # Adding zero turns -0.0 into 0.0, which is not the same byte for byte.
    path.write_bytes(header.encode() + (data + 0.0).astype("<f4").tobytes() + faces.tobytes())


def write_png(path, picture):
    """Writes a picture with values in 0..1 as 8-bit PNG."""
    iio.imwrite(path, np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8), optimize=True)


def write_pfm(path, picture):
    """Writes a picture of unbounded linear radiance as a PFM file."""
    height, width = picture.shape[:2]
    rows = np.ascontiguousarray(picture[::-1], dtype="<f4")
    path.write_bytes(f"PF\n{width} {height}\n-1.0\n".encode() + rows.tobytes())


def write_assets(folder, assets):
    """Writes a scene's assets; the file name says what kind each one is."""
    writers = {".ply": write_ply, ".png": write_png, ".pfm": write_pfm, ".txt": write_curves}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in assets.items():
        path = folder / name
        writers[path.suffix](path, content)


def write_curves(path, curves):
    """Writes curves as lines 'x y z radius', with an empty line between two."""
    blocks = ["\n".join("{:.3f} {:.3f} {:.3f} {:.4f}".format(*point) for point in curve) for curve in curves]
    path.write_bytes(("\n\n".join(blocks) + "\n").encode())


# ---------------------------------------------------------------------------
# The scenes' assets, one function each
# ---------------------------------------------------------------------------


def without_uvs(names, assets):
    """The assets, with no texture coordinates in the named meshes.

    Meshes of one plain material do not need them, and are smaller without.
    """
    bare = {f"{name}.ply" for name in names.split()}
    return {name: welded(item) if name in bare else item for name, item in assets.items()}


def welded(mesh):
    """The mesh without texture coordinates, and so without seams."""
    rounded = np.column_stack([np.round(mesh.points, 5), np.round(mesh.normals, 3)]) + 0.0
    _, first, index = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    # Keep the order of the vertices: it makes the files easier to compare.
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    faces = place[index.reshape(-1)[mesh.faces]]
    kept = first[order]
    return Mesh(mesh.points[kept], mesh.normals[kept], np.zeros((len(kept), 0)), faces)


def colour_bleeding():
    """White shapes for a room with strongly coloured walls."""
    rng = np.random.default_rng(101)
    vase = [
        (0.0, 0.0),
        (0.16, 0.005),
        (0.2, 0.06),
        (0.27, 0.25),
        (0.25, 0.45),
        (0.13, 0.62),
        (0.1, 0.72),
        (0.15, 0.8),
        (0.135, 0.79),
        (0.085, 0.72),
        (0.11, 0.62),
        (0.0, 0.5),
    ]
    return without_uvs(
        "vase knot steps plinth curtain",
        {
            "vase.ply": smooth_lathe(vase, 22, 20),
            "knot.ply": torus_knot(2, 3, 0.30, 0.095, 64, 8),
            "steps.ply": stairs(1.1, 4, 0.28, 0.18, 0.015),
            "plinth.ply": box((0.62, 0.62, 0.7), 0.025, (0, 0, 0.35)),
            "curtain.ply": curtain(1.7, 2.5, 7, 0.06, 84, 4),
            "tiles.png": tiles(rng, 256, 4, [(0.66, 0.62, 0.55), (0.86, 0.83, 0.77)], (0.42, 0.4, 0.37)),
        },
    )


def rough_metals():
    """Metal shapes with many facings, and a photographer's surround."""
    rng = np.random.default_rng(102)
    goblet = [
        (0.0, 0.0),
        (0.19, 0.0),
        (0.2, 0.015),
        (0.12, 0.035),
        (0.035, 0.08),
        (0.03, 0.2),
        (0.05, 0.24),
        (0.03, 0.28),
        (0.035, 0.36),
        (0.15, 0.43),
        (0.2, 0.55),
        (0.19, 0.7),
        (0.18, 0.7),
        (0.185, 0.56),
        (0.14, 0.45),
        (0.0, 0.4),
    ]
    return without_uvs(
        "goblet",
        {
            "goblet.ply": smooth_lathe(goblet, 34, 20),
            "knot.ply": torus_knot(3, 2, 0.24, 0.075, 66, 9),
            "gear.ply": gear(9, 0.36, 0.29, 0.12, 0.12, 0.012),
            "small-gear.ply": gear(7, 0.25, 0.185, 0.07, 0.12, 0.012),
            "hammered.png": ramp(hammered(rng, 128, 7), [(0, 0, 0), (1, 1, 1)], 24),
            "slab.ply": box((3.4, 2.2, 0.1), 0.02, (0, 0, -0.05)),
            "slate.png": tiles(rng, 256, 4, [(0.1, 0.11, 0.13), (0.26, 0.27, 0.29)], (0.38, 0.37, 0.35), 0.03),
            "brushed.png": 0.06 + 0.34 * ramp(periodic_noise(rng, 128, 1.2, (14.0, 1.0)), [(0, 0, 0), (1, 1, 1)], 16),
            "studio.pfm": studio_surround(),
        },
    )


def studio_surround():
    """A dim room with a few bright panels, as a latitude-longitude picture."""
    picture = np.empty((24, 48, 3))
    picture[:] = (np.linspace(0.30, 0.10, 24)[:, None] * np.array([[0.9, 0.95, 1.05]]))[:, None]
    picture[3:8, 5:9] = (5.0, 4.6, 4.0)
    picture[4:10, 21:24] = (2.0, 2.6, 3.6)
    picture[2:5, 33:42] = (3.0, 2.9, 2.7)
    picture[15:17, 30:45] = (0.5, 0.3, 0.2)
    return picture


def glass_caustics():
    """Glassware whose walls have an inside and an outside, and a table top."""
    rng = np.random.default_rng(103)
    wine = [
        (0.0, 0.0),
        (0.3, 0.0),
        (0.31, 0.015),
        (0.2, 0.035),
        (0.04, 0.07),
        (0.028, 0.16),
        (0.03, 0.4),
        (0.06, 0.47),
        (0.24, 0.6),
        (0.31, 0.8),
        (0.29, 1.0),
        (0.24, 1.18),
        (0.228, 1.185),
        (0.272, 1.0),
        (0.29, 0.8),
        (0.22, 0.62),
        (0.08, 0.52),
        (0.0, 0.505),
    ]
    bottle = [
        (0.0, 0.0),
        (0.2, 0.0),
        (0.225, 0.025),
        (0.225, 0.3),
        (0.22, 0.6),
        (0.13, 0.78),
        (0.075, 0.9),
        (0.07, 1.12),
        (0.085, 1.13),
        (0.085, 1.18),
        (0.06, 1.19),
        (0.05, 1.1),
        (0.055, 0.9),
        (0.11, 0.77),
        (0.2, 0.58),
        (0.205, 0.3),
        (0.2, 0.05),
        (0.0, 0.06),
    ]
    return without_uvs(
        "wine-glass bottle knot lumpy block",
        {
            "wine-glass.ply": smooth_lathe(wine, 38, 24),
            "bottle.ply": smooth_lathe(bottle, 34, 20),
            "knot.ply": torus_knot(2, 3, 0.2, 0.07, 60, 8),
            "lumpy.ply": bumpy_ball(0.22, 28, 16, 5, 0.09),
            "block.ply": box((0.34, 0.34, 0.34), 0.03, (0, 0, 0.17)),
            "table-top.png": planks(rng, 256, 4, [(0.62, 0.44, 0.27), (0.80, 0.64, 0.44), (0.88, 0.76, 0.57)]),
            "plaster.png": cloudy(rng, 128, [(0.62, 0.66, 0.68), (0.74, 0.77, 0.78)]),
        },
    )


def door_ajar():
    """Furniture for a room that is lit only through a door."""
    rng = np.random.default_rng(104)
    vase = [
        (0.0, 0.0),
        (0.07, 0.0),
        (0.09, 0.03),
        (0.11, 0.12),
        (0.07, 0.22),
        (0.035, 0.28),
        (0.05, 0.33),
        (0.042, 0.33),
        (0.025, 0.28),
        (0.0, 0.2),
    ]
    panels = [box((0.9, 0.045, 2.04), 0.0, (0.45, 0, 1.02))]
    panels += [box((0.3, 0.07, h), 0.02, (x, 0, z)) for x in (0.26, 0.64) for h, z in ((0.75, 0.55), (0.8, 1.5))]
    frame = [box((0.09, 0.2, 2.13), 0.01, (x, 0, 1.065)) for x in (-0.5, 0.5)]
    frame += [box((1.09, 0.2, 0.09), 0.01, (0, 0, 2.1))]
    return without_uvs(
        "door door-frame table chair vase knot",
        {
            "door.ply": merged(*panels),
            "door-frame.ply": merged(*frame),
            "table.ply": table(1.1, 0.65, 0.74, 0.04, 0.055, 0.0),
            "chair.ply": chair(0.0),
            "vase.ply": smooth_lathe(vase, 22, 20),
            "knot.ply": torus_knot(3, 2, 0.075, 0.026, 48, 7),
            "floor.png": planks(rng, 256, 6, [(0.22, 0.12, 0.06), (0.46, 0.28, 0.15), (0.6, 0.4, 0.24)]),
            "rug.png": rug(rng, 192),
            "painting.png": painting(rng, 192),
        },
    )


def garden_sky():
    """Pots, steps and a hedge for a terrace in the sun."""
    rng = np.random.default_rng(105)
    pot = [
        (0.0, 0.0),
        (0.17, 0.0),
        (0.19, 0.02),
        (0.25, 0.33),
        (0.28, 0.34),
        (0.285, 0.41),
        (0.26, 0.415),
        (0.24, 0.37),
        (0.0, 0.35),
    ]
    urn = [
        (0.0, 0.0),
        (0.2, 0.0),
        (0.2, 0.05),
        (0.1, 0.1),
        (0.08, 0.17),
        (0.2, 0.28),
        (0.3, 0.45),
        (0.27, 0.6),
        (0.2, 0.66),
        (0.24, 0.72),
        (0.22, 0.72),
        (0.16, 0.66),
        (0.0, 0.62),
    ]
    spots = np.array([[0, 0, 0.0], [0.1, 0.05, 0.12], [-0.08, 0.06, 0.14], [0, -0.08, 0.22]])
    colour, opacity = leaf(96)
    return without_uvs(
        "bench",
        {
            "pot.ply": smooth_lathe(pot, 22, 20),
            "urn.ply": smooth_lathe(urn, 26, 20),
            "steps.ply": stairs(2.2, 3, 0.36, 0.16, 0.0),
            "bench.ply": table(1.3, 0.42, 0.46, 0.06, 0.08, 0.012),
            "plant.ply": leafy(rng, 44, 0.3, spots, 0.06),
            "patio.png": tiles(rng, 256, 5, [(0.38, 0.33, 0.27), (0.62, 0.55, 0.45)], (0.25, 0.23, 0.19), 0.06),
            "brick.png": bricks(
                rng, 192, 12, [(0.30, 0.11, 0.07), (0.50, 0.22, 0.14), (0.58, 0.33, 0.22)], (0.5, 0.47, 0.42)
            ),
            "brick-height.png": brick_height(rng, 128, 12),
            "lawn.png": cloudy(rng, 128, [(0.06, 0.13, 0.03), (0.13, 0.24, 0.05), (0.24, 0.33, 0.10)], 1.1, 7),
            "clay.png": cloudy(rng, 96, [(0.45, 0.2, 0.11), (0.6, 0.3, 0.18)], 1.2, 10),
            "marble.png": marble(rng, 128, [(0.30, 0.32, 0.34), (0.78, 0.77, 0.74), (0.88, 0.87, 0.85)]),
            "leaf.png": colour,
            "leaf-opacity.png": opacity,
        },
    )


def small_lamp():
    """Things on a desk under a lamp with a tiny bulb."""
    rng = np.random.default_rng(106)
    shade = [(0.155, 0.0), (0.135, 0.06), (0.085, 0.13), (0.05, 0.16), (0.045, 0.2)]
    foot = [(0.0, 0.0), (0.12, 0.0), (0.125, 0.012), (0.11, 0.028), (0.03, 0.04), (0.016, 0.06)]
    arm = smooth_curve(
        [(0, 0, 0.03), (-0.02, 0, 0.25), (0.0, 0, 0.46), (0.1, 0, 0.6), (0.24, 0, 0.6), (0.27, 0, 0.55)], 26
    )
    mug = [
        (0.0, 0.0),
        (0.055, 0.0),
        (0.062, 0.01),
        (0.062, 0.13),
        (0.058, 0.135),
        (0.054, 0.13),
        (0.053, 0.02),
        (0.0, 0.015),
    ]
    ear = smooth_curve([(0.055, 0, 0.11), (0.1, 0, 0.1), (0.105, 0, 0.06), (0.057, 0, 0.03)], 12)
    books = [
        box((0.34, 0.24, 0.045), 0.004, (0, 0, 0.0225)),
        turned(box((0.3, 0.22, 0.03), 0.004, (0, 0, 0.061)), "z", 9),
    ]
    return without_uvs(
        "shade foot arm mug book-low tray gear",
        {
            "shade.ply": smooth_lathe(shade, 10, 28),
            "foot.ply": smooth_lathe(foot, 12, 20),
            "arm.ply": tube(arm, 0.011, 6),
            "mug.ply": merged(lathe(mug, 28), tube(ear, 0.009, 7)),
            "book-low.ply": books[0],
            "book-top.ply": books[1],
            "tray.ply": bowl_of(0.13, 0.035, 16, 24),
            "gear.ply": gear(7, 0.05, 0.04, 0.016, 0.018, 0.002),
            "desk.png": wood(rng, 192, 5, [(0.20, 0.10, 0.05), (0.38, 0.21, 0.11), (0.52, 0.33, 0.18)]),
            "wall.png": cloudy(rng, 128, [(0.42, 0.45, 0.42), (0.52, 0.55, 0.5)], 1.4, 10),
            "cover.png": painting(rng, 128),
        },
    )


def bowl_of(radius, depth, count, segments):
    """A shallow bowl with an inside and an outside."""
    knots = [
        (0.0, 0.0),
        (0.5 * radius, 0.0),
        (0.85 * radius, 0.4 * depth),
        (radius, depth),
        (0.97 * radius, depth),
        (0.8 * radius, 0.5 * depth),
        (0.45 * radius, 0.16 * depth),
        (0.0, 0.14 * depth),
    ]
    return smooth_lathe(knots, count, segments)


def shallow_focus():
    """Chess pieces and a table for a picture with little depth of field."""
    rng = np.random.default_rng(107)
    pawn = chess_piece([(0.055, 0.38), (0.1, 0.42), (0.06, 0.45), (0.1, 0.52), (0.085, 0.6), (0.0, 0.64)])
    bishop = chess_piece(
        [(0.055, 0.5), (0.11, 0.54), (0.06, 0.57), (0.1, 0.67), (0.08, 0.77), (0.025, 0.83), (0.035, 0.86), (0.0, 0.89)]
    )
    queen = chess_piece(
        [
            (0.06, 0.58),
            (0.12, 0.62),
            (0.065, 0.66),
            (0.09, 0.78),
            (0.13, 0.88),
            (0.11, 0.89),
            (0.05, 0.87),
            (0.04, 0.92),
            (0.0, 0.95),
        ]
    )
    rook = chess_piece([(0.07, 0.38), (0.11, 0.42), (0.115, 0.56), (0.08, 0.56), (0.075, 0.5), (0.0, 0.5)])
    return without_uvs(
        "pawn bishop queen rook",
        {
            "pawn.ply": smooth_lathe(pawn, 30, 16),
            "bishop.ply": smooth_lathe(bishop, 34, 16),
            "queen.ply": smooth_lathe(queen, 34, 16),
            "rook.ply": smooth_lathe(rook, 26, 16),
            "board.ply": box((4.3, 4.3, 0.16), 0.03, (0, 0, -0.09)),
            "marble.png": marble(rng, 128, [(0.16, 0.10, 0.07), (0.60, 0.52, 0.42), (0.78, 0.72, 0.62)]),
            "table.png": planks(rng, 192, 5, [(0.16, 0.08, 0.04), (0.36, 0.2, 0.1), (0.46, 0.28, 0.15)]),
        },
    )


def foggy_columns():
    """A column with flutes, and stone for a hall full of fog."""
    rng = np.random.default_rng(108)
    return without_uvs(
        "statue",
        {
            "column.ply": fluted_column(4.2, 0.3, 12),
            "arch.ply": arch_band(1.35, 0.32, 0.5, 18),
            "statue.ply": torus_knot(2, 5, 0.32, 0.085, 72, 8),
            "plinth.ply": box((0.9, 0.9, 0.75), 0.04, (0, 0, 0.375)),
            "floor.png": tiles(rng, 256, 4, [(0.16, 0.15, 0.15), (0.5, 0.47, 0.42)], (0.1, 0.1, 0.1), 0.03),
            "stone.png": cloudy(rng, 128, [(0.34, 0.31, 0.27), (0.52, 0.49, 0.43), (0.62, 0.58, 0.52)], 1.4, 10),
        },
    )


def fluted_column(height, radius, flutes):
    """A column with a foot, a fluted shaft and a widening head."""
    angle = np.linspace(0, TAU, 4 * flutes + 1)
    rows = [
        (1.35, 0.0),
        (1.35, 0.12),
        (1.1, 0.2),
        (1.0, 0.3),
        (0.98, 0.55),
        (0.86, 0.88),
        (0.95, 0.93),
        (1.3, 0.98),
        (1.35, 1.0),
    ]
    depth = [0, 0, 0, 0.5, 1, 1, 0, 0, 0]
    # The heights are shares of the foot, of the shaft and of the head.
    z = np.array([0, 0.1, 0.16, 0.3, 0.5, height - 0.5, height - 0.35, height - 0.12, height])
    share = np.array([r for r, _ in rows]) * radius
    cut = 1 - 0.09 * np.array(depth)[:, None] * (0.5 + 0.5 * np.cos(flutes * angle))[None, :]
    r = share[:, None] * cut
    points = np.stack([r * np.cos(angle), r * np.sin(angle), np.broadcast_to(z[:, None], r.shape)], -1)
    points[:, -1] = points[:, 0]
    uv = np.stack([np.broadcast_to(angle / TAU * 2, r.shape), np.broadcast_to(z[:, None], r.shape)], -1)
    return sheet(points, uv)


def arch_band(radius, thick, deep, segments):
    """A half-round arch that spans the x axis, with its springing at z = 0."""
    angle = np.linspace(np.pi, 0, segments + 1)
    y = deep / 2

    def rim(r, depth):
        return np.stack([r * np.cos(angle), np.full_like(angle, depth), r * np.sin(angle)], -1)

    inner, outer = radius - thick / 2, radius + thick / 2
    bands = [
        (rim(outer, -y), rim(outer, y)),
        (rim(inner, y), rim(inner, -y)),
        (rim(inner, -y), rim(outer, -y)),
        (rim(outer, y), rim(inner, y)),
    ]
    return merged(*(sheet(np.stack(band)) for band in bands))


def string_lights():
    """A terrace at night: cables for the bulbs, furniture, bricks and boards."""
    rng = np.random.default_rng(109)
    cables = [tube(hanging_line(start, end, sag, 17), 0.008, 5) for start, end, sag in garlands()]
    jug = [
        (0.0, 0.0),
        (0.07, 0.0),
        (0.1, 0.06),
        (0.1, 0.12),
        (0.06, 0.2),
        (0.065, 0.25),
        (0.055, 0.25),
        (0.05, 0.2),
        (0.0, 0.1),
    ]
    return without_uvs(
        "cables table chair jug bowl planter",
        {
            "cables.ply": merged(*cables),
            "table.ply": table(1.15, 0.8, 0.73, 0.04, 0.06, 0.0),
            "chair.ply": chair(0.0),
            "jug.ply": smooth_lathe(jug, 22, 22),
            "bowl.ply": bowl_of(0.17, 0.09, 18, 24),
            "planter.ply": box((0.9, 0.34, 0.42), 0.02, (0, 0, 0.21)),
            "deck.png": planks(rng, 256, 8, [(0.26, 0.2, 0.15), (0.48, 0.4, 0.32), (0.6, 0.52, 0.43)]),
            "brick.png": bricks(
                rng, 192, 12, [(0.34, 0.15, 0.11), (0.52, 0.28, 0.2), (0.62, 0.42, 0.33)], (0.55, 0.52, 0.48)
            ),
            "brick-height.png": brick_height(rng, 128, 12),
        },
    )


def grass_and_leaves():
    """Blades, leaves, fur and a lattice: detail finer than a pixel."""
    rng = np.random.default_rng(110)
    colour, opacity = leaf(96)
    angle = rng.uniform(0, TAU, 26)
    spots = np.column_stack([0.5 * np.cos(angle), 0.3 * np.sin(angle), rng.uniform(0.1, 1.05, 26)])
    fruit = [(0.0, 0.01), (0.04, 0.0), (0.1, 0.05), (0.115, 0.11), (0.08, 0.165), (0.03, 0.165), (0.0, 0.15)]
    return without_uvs(
        "apple",
        {
            "grass.txt": grass(rng, 220, 0.6, 0.3),
            "fur.txt": fur(rng, 230, 0.17, 0.15),
            "bush.ply": leafy(rng, 60, 0.29, spots, 0.07),
            "fence.ply": merged(
                *(box((0.07, 0.07, 1.35), 0.0, (x, 0, 0.67)) for x in (-3.0, -1.5, 0.0, 1.5, 3.0)),
                box((6.1, 0.05, 0.07), 0.0, (0, 0, 1.28)),
                box((6.1, 0.05, 0.07), 0.0, (0, 0, 0.12)),
            ),
            "apple.ply": smooth_lathe(fruit, 18, 22),
            "leaf.png": colour,
            "leaf-opacity.png": opacity,
            "lattice.png": lattice(128, 2, 0.3),
            "meadow.png": cloudy(rng, 128, [(0.10, 0.12, 0.04), (0.17, 0.22, 0.07), (0.26, 0.27, 0.12)], 1.1, 7),
            "fence.png": wood(rng, 128, 3, [(0.36, 0.3, 0.24), (0.55, 0.49, 0.42)]),
        },
    )


def sofa():
    """An armchair of soft blocks; it faces -y and stands on z = 0."""
    return merged(
        box((0.92, 0.80, 0.24), 0.05, (0, 0, 0.22)),
        box((0.64, 0.66, 0.16), 0.06, (0, -0.06, 0.42)),
        box((0.68, 0.20, 0.62), 0.08, (0, 0.30, 0.62)),
        box((0.17, 0.80, 0.50), 0.07, (-0.41, 0, 0.37)),
        box((0.17, 0.80, 0.50), 0.07, (0.41, 0, 0.37)),
        *(box((0.05, 0.05, 0.12), 0.0, (x, y, 0.06)) for x in (-0.38, 0.38) for y in (-0.32, 0.32)),
    )


def validation_living_room():
    """The furniture and stuffs of a living-room corner."""
    rng = np.random.default_rng(111)
    shade = [(0.23, 0.0), (0.2, 0.14), (0.15, 0.3)]
    vase = [
        (0.0, 0.0),
        (0.06, 0.0),
        (0.075, 0.03),
        (0.08, 0.12),
        (0.04, 0.22),
        (0.055, 0.28),
        (0.05, 0.28),
        (0.034, 0.22),
        (0.07, 0.12),
        (0.06, 0.03),
        (0.0, 0.02),
    ]
    frame = [box((1.5, 0.08, 0.08), 0.0, (0, 0, z)) for z in (0.0, 0.8, 1.6)]
    frame += [box((0.08, 0.08, 1.6), 0.0, (x, 0, 0.8)) for x in (-0.71, 0.0, 0.71)]
    books = [
        box((0.035 + 0.012 * (k % 3), 0.15, 0.19 + 0.02 * (k * 5 % 4)), 0.0, (0.055 * k, 0, 0.095 + 0.01 * (k * 5 % 4)))
        for k in range(14)
    ]
    height = weave(96, 12)
    colour, opacity = leaf(64)
    spots = np.array([[0, 0, 0.0], [0.0, 0.0, 0.18], [0.05, 0.0, 0.35], [-0.06, 0.04, 0.5]])
    return without_uvs(
        "table-legs table-glass vase bowl shade window-frame books-warm books-cool curtain",
        {
            "armchair.ply": sofa(),
            "table-legs.ply": merged(
                *(box((0.05, 0.05, 0.38), 0.0, (x, y, 0.19)) for x in (-0.45, 0.45) for y in (-0.24, 0.24)),
                box((0.9, 0.48, 0.02), 0.0, (0, 0, 0.12)),
            ),
            "table-glass.ply": box((1.05, 0.62, 0.02), 0.005, (0, 0, 0.391)),
            "vase.ply": smooth_lathe(vase, 22, 20),
            "bowl.ply": bowl_of(0.15, 0.08, 18, 26),
            "shade.ply": lathe(shade, 28),
            "window-frame.ply": merged(*frame),
            "books-warm.ply": merged(*books[0::2]),
            "books-cool.ply": merged(*books[1::2]),
            "curtain.ply": curtain(0.8, 2.2, 5, 0.045, 56, 4),
            "plant.ply": leafy(rng, 40, 0.3, spots, 0.05),
            "leaf.png": colour,
            "leaf-opacity.png": opacity,
            "floor.png": planks(rng, 256, 6, [(0.30, 0.17, 0.09), (0.50, 0.32, 0.18), (0.62, 0.44, 0.27)]),
            "rug.png": rug(rng, 192),
            "weave.png": normal_map(height, 1.2),
            "painting.png": painting(rng, 192),
        },
    )


def validation_still_life():
    """Fruit, glass and tableware on a laid table."""
    rng = np.random.default_rng(112)
    apple = [(0.0, 0.03), (0.05, 0.0), (0.13, 0.06), (0.15, 0.15), (0.11, 0.225), (0.05, 0.235), (0.0, 0.2)]
    pear = [(0.0, 0.01), (0.08, 0.01), (0.15, 0.1), (0.13, 0.2), (0.075, 0.29), (0.055, 0.35), (0.0, 0.38)]
    jug = [
        (0.0, 0.0),
        (0.16, 0.0),
        (0.23, 0.1),
        (0.24, 0.25),
        (0.15, 0.45),
        (0.12, 0.55),
        (0.15, 0.66),
        (0.14, 0.66),
        (0.108, 0.55),
        (0.135, 0.45),
        (0.22, 0.25),
        (0.21, 0.1),
        (0.0, 0.03),
    ]
    ear = smooth_curve([(0.12, 0, 0.55), (0.24, 0, 0.6), (0.33, 0, 0.45), (0.235, 0, 0.27)], 16)
    stick = [
        (0.0, 0.0),
        (0.15, 0.0),
        (0.155, 0.02),
        (0.06, 0.05),
        (0.03, 0.1),
        (0.05, 0.16),
        (0.028, 0.22),
        (0.03, 0.36),
        (0.06, 0.4),
        (0.07, 0.43),
        (0.055, 0.43),
        (0.0, 0.41),
    ]
    glass = [
        (0.0, 0.0),
        (0.1, 0.0),
        (0.11, 0.01),
        (0.13, 0.34),
        (0.124, 0.345),
        (0.117, 0.33),
        (0.1, 0.05),
        (0.0, 0.045),
    ]
    return without_uvs(
        "pear candlestick tumbler cheese",
        {
            "apple.ply": smooth_lathe(apple, 14, 18),
            "pear.ply": smooth_lathe(pear, 16, 18),
            "jug.ply": merged(smooth_lathe(jug, 26, 22), tube(ear, 0.022, 8)),
            "candlestick.ply": smooth_lathe(stick, 28, 16),
            "tumbler.ply": smooth_lathe(glass, 22, 22),
            "bowl.ply": bowl_of(0.42, 0.2, 16, 28),
            "cloth.ply": table_cloth(22),
            "cheese.ply": cheese(0.3, 0.18, 14),
            "marble.png": marble(rng, 128, [(0.12, 0.2, 0.2), (0.4, 0.52, 0.5), (0.72, 0.78, 0.74)]),
            "table.png": planks(rng, 256, 4, [(0.18, 0.09, 0.05), (0.36, 0.2, 0.11), (0.48, 0.3, 0.17)]),
            "wall-tiles.png": tiles(rng, 192, 4, [(0.42, 0.52, 0.56), (0.72, 0.78, 0.78)], (0.5, 0.48, 0.44), 0.05),
            "weave.png": normal_map(weave(96, 12), 1.0),
            "speckles.png": speckles(
                rng, 128, 160, 0.022, (0.83, 0.8, 0.72), [(0.2, 0.24, 0.4), (0.5, 0.3, 0.2), (0.3, 0.3, 0.3)]
            ),
            "apple.png": cloudy(rng, 96, [(0.5, 0.04, 0.03), (0.58, 0.09, 0.05), (0.68, 0.42, 0.12)], 1.5, 14),
        },
    )


def table_cloth(count):
    """A cloth that lies in soft waves and whose edges are not quite straight."""
    v, u = np.meshgrid(np.linspace(-1, 1, count), np.linspace(-1, 1, count), indexing="ij")
    x = 0.85 * u + 0.04 * np.sin(3.1 * v + 1)
    y = 0.55 * v + 0.03 * np.sin(4.3 * u)
    z = 0.012 + 0.012 * np.sin(5 * u + 2.2 * v) * np.cos(3.5 * v - u)
    return sheet(np.stack([x, y, z], -1), np.stack([u * 4, v * 2.6], -1))


def cheese(radius, height, segments):
    """A wedge cut from a round cheese."""
    angle = np.radians(np.linspace(-32, 32, segments))
    rim = radius * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], -1)
    up = np.array([0, 0, height])
    tip = np.zeros_like(rim)
    cuts = [(rim, rim + up), (rim + up, tip + up)]
    parts = [sheet(np.stack(cut)) for cut in cuts]
    parts.append(sheet(np.array([[tip[0], rim[0]], [up, rim[0] + up]])))
    parts.append(sheet(np.array([[rim[-1], tip[0]], [rim[-1] + up, up]])))
    return merged(*parts)


def scene_assets():
    """The function that makes the assets of each scene folder."""
    return {
        "colour-bleeding": colour_bleeding,
        "door-ajar": door_ajar,
        "rough-metals": rough_metals,
        "glass-caustics": glass_caustics,
        "garden-sky": garden_sky,
        "small-lamp": small_lamp,
        "shallow-focus": shallow_focus,
        "foggy-columns": foggy_columns,
        "string-lights": string_lights,
        "grass-and-leaves": grass_and_leaves,
        "validation-living-room": validation_living_room,
        "validation-still-life": validation_still_life,
    }


def main():
    """Rewrites the assets of every scene."""
    here = Path(__file__).resolve().parent
    for name, make in scene_assets().items():
        write_assets(here / name, make())


if __name__ == "__main__":
    main()
