"""Triangle meshes made by formulas. The z axis points up and one unit is one metre."""

from dataclasses import dataclass

import numpy as np

TAU = 2.0 * np.pi


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


def stretched(mesh: Mesh, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Mesh:
    """The mesh made longer or shorter along each axis; texture coordinates stay."""
    factors = np.array([x, y, z], dtype=float)
    normals = mesh.normals / factors
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    return Mesh(mesh.points * factors, normals, mesh.uvs, mesh.faces)


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


def hanging_line(start, end, sag, count):
    """Points on a line that hangs between two places."""
    t = np.linspace(0, 1, count)[:, None]
    line = (1 - t) * np.array(start, dtype=float) + t * np.array(end, dtype=float)
    line[:, 2] -= 4 * sag * t[:, 0] * (1 - t[:, 0])
    return line


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
