"""What furniture, lamps and hangings are joined from: solid meshes with uvs in metres, and their assembly to things.

The grain of wood runs along u, and u runs along the longest side of a board, the length of a rod and the height of a
turned form.
"""

import functools
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes.meshes import TAU, Mesh, box, lathe, merged, sheet, smooth_normals, tube
from mcdenoise.random_scenes.parts import Part, Plugin

CREASE = 35.0  # degrees by which an outline may bend and still look round


def joined(bsdf: Plugin, *meshes: Mesh) -> Part:
    """One part of several meshes of the same material."""
    return Part(merged(*meshes), bsdf)


def area(mesh: Mesh) -> float:
    """The surface of a mesh in m^2."""
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def board(size: Sequence[float], centre: Sequence[float] = (0, 0, 0), bevel: float = 0.002) -> Mesh:
    """A box with rounded edges. Boards at different places show different places of a texture."""
    half = np.asarray(size, dtype=float) / 2
    bevel = min(bevel, 0.4 * float(min(size)))
    pattern = _box_pattern(bevel > 0)
    middle = np.asarray(centre, dtype=float)
    inner = np.sign(pattern.points) * (half - bevel)
    # Before they are rounded the corners lie on the sides of the box: at 1 in the pattern, or inset by the bevel.
    flat = np.where(np.abs(pattern.points) == 1, np.sign(pattern.points) * half, inner)
    uvs = np.empty((len(flat), 2))
    by_length = [int(axis) for axis in np.argsort(size, kind="stable")[::-1]]
    count = len(flat) // 6
    for side in range(6):
        u, v = (axis for axis in by_length if axis != side // 2)
        uvs[side * count : (side + 1) * count] = flat[side * count : (side + 1) * count][:, [u, v]]
    uvs += middle @ np.array([[0.731, 0.613], [0.377, 0.857], [0.519, 0.291]])
    return Mesh(inner + bevel * pattern.normals + middle, pattern.normals, uvs, pattern.faces)


@functools.cache
def _box_pattern(rounded: bool) -> Mesh:
    """The corners of a box of size 2, flat as yet, with the normals that they have once the edges are rounded."""
    mesh = box((2, 2, 2), 0.0)
    if not rounded:
        return mesh
    pieces = []
    for side in range(6):
        corners = mesh.points[4 * side : 4 * side + 4]
        rows = [corners[0] + (corners[2] - corners[0]) * t for t in (0, 0.25, 0.75, 1)]
        points = np.array([[row + (corners[1] - corners[0]) * t for t in (0, 0.25, 0.75, 1)] for row in rows])
        pieces.append(sheet(points))
    flat = merged(*pieces)
    away = np.where(np.abs(flat.points) == 1, flat.points, 0.0)
    return Mesh(flat.points, away / np.linalg.norm(away, axis=1, keepdims=True), flat.uvs, flat.faces)


def oriented(mesh: Mesh, axes: np.ndarray, origin: Sequence[float]) -> Mesh:
    """The mesh with its coordinate axes laid along the columns of `axes` (a rotation, `[3, 3]`) at `origin`."""
    return Mesh(mesh.points @ axes.T + np.asarray(origin, dtype=float), mesh.normals @ axes.T, mesh.uvs, mesh.faces)


def beam(
    start: Sequence[float],
    end: Sequence[float],
    width: float,
    thickness: float,
    side: Sequence[float] | None = None,
    bevel: float = 0.002,
) -> Mesh:
    """A square bar from one place to another, `width` wide towards `side`.

    That is x unless given, or y for a bar that runs along x; it must not be parallel to the bar.
    """
    first, last = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    length = float(np.linalg.norm(last - first))
    along = (last - first) / length
    if side is None:
        side = (1, 0, 0) if abs(along[0]) < 0.99 else (0, 1, 0)
    across = np.asarray(side, dtype=float) - np.dot(side, along) * along
    across /= np.linalg.norm(across)
    mesh = board((length, width, thickness), bevel=bevel)
    middle = (first + last) / 2
    mesh = Mesh(mesh.points, mesh.normals, mesh.uvs + middle[:2] + middle[2] / 3, mesh.faces)
    return oriented(mesh, np.stack([along, across, np.cross(along, across)], 1), middle)


def tapered(mesh: Mesh, low: float, high: float, factor: float) -> Mesh:
    """The mesh narrowed about the vertical axis: by `factor` at z = `low`, not at all at z = `high`."""
    share = np.clip((mesh.points[:, 2:] - low) / (high - low), 0, 1)
    points = mesh.points.copy()
    points[:, :2] *= factor + (1 - factor) * share
    return Mesh(points, mesh.normals, mesh.uvs, mesh.faces)


def polygon(corners: np.ndarray) -> Mesh:
    """A flat face from its corners `[n, 3]`, counterclockwise as seen from the front.

    It must be seen whole from the mean of its corners.
    """
    corners = np.asarray(corners, dtype=float)
    following = np.roll(corners, -1, axis=0)
    middle = corners.mean(0)
    normal = np.cross(corners - middle, following - middle).sum(0)
    normal /= np.linalg.norm(normal)
    points = np.vstack([corners, middle])
    flat = [axis for axis in range(3) if axis != int(np.argmax(np.abs(normal)))]
    index = np.arange(len(corners))
    faces = np.stack([index, np.roll(index, -1), np.full(len(corners), len(corners))], 1)
    return Mesh(points, np.tile(normal, (len(points), 1)), points[:, flat].copy(), faces)


def pipe(path: np.ndarray, radius: float | np.ndarray, sides: int = 10) -> Mesh:
    """A closed round bar along a path `[n, 3]`; the radius may vary along it."""
    path = np.asarray(path, dtype=float)
    mesh = tube(path, radius, sides)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    around = np.linspace(0, TAU, sides + 1) * float(np.max(radius))
    u, v = np.meshgrid(along, around, indexing="ij")
    uvs = np.stack([u.ravel(), v.ravel()], 1) + path[0, :2] + path[0, 2] / 3
    rings = mesh.points.reshape(len(path), sides + 1, 3)[:, :-1]
    return merged(Mesh(mesh.points, mesh.normals, uvs, mesh.faces), polygon(rings[0][::-1]), polygon(rings[-1]))


def rod(
    start: Sequence[float], end: Sequence[float], radius: float, end_radius: float | None = None, sides: int = 12
) -> Mesh:
    """A straight round bar, perhaps a cone."""
    first, last = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    end_radius = radius if end_radius is None else end_radius
    length = float(np.linalg.norm(last - first))
    along = (last - first) / length
    side = np.cross(along, (0.31, 0.17, 0.93) if abs(along[0]) < 0.9 else (0.17, 0.93, 0.31))
    side /= np.linalg.norm(side)
    angle = np.linspace(0, TAU, sides + 1)
    around = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * np.cross(along, side)
    around[-1] = around[0]
    rings = first + radius * around, last + end_radius * around
    normals = around + (radius - end_radius) / length * along
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    v = angle * max(radius, end_radius)
    shift = first[:2] + first[2] / 3
    uvs = np.concatenate([np.stack([np.full(sides + 1, u), v], 1) for u in (0.0, length)]) + shift
    k = np.arange(sides)
    low, high = k, k + sides + 1
    faces = np.concatenate([np.stack([low, low + 1, high + 1], 1), np.stack([low, high + 1, high], 1)])
    skin = Mesh(np.concatenate(rings), np.concatenate([normals, normals]), uvs, faces)
    return merged(skin, polygon(rings[0][:0:-1]), polygon(rings[1][:-1]))


def filleted(corners: Sequence[Sequence[float]], radius: float, steps: int = 5) -> np.ndarray:
    """A path `[n, 3]` along the corners that goes round each inner corner."""
    corners = np.asarray(corners, dtype=float)
    path = [corners[0]]
    t = np.linspace(0, 1, steps + 1)[:, None]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        back, forth = before - corner, after - corner
        start = corner + back * min(radius / np.linalg.norm(back), 0.49)
        stop = corner + forth * min(radius / np.linalg.norm(forth), 0.49)
        path += list((1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * stop)
    return np.array([*path, corners[-1]])


def spun(outline: Sequence[tuple[float, float]], segments: int = 32) -> Mesh:
    """An outline of (radius, height) turned about the z axis, sharp where it bends by more than CREASE.

    An outline from the bottom of the axis over the outside to its top makes a closed solid that faces outwards.
    """
    outline = np.asarray(outline, dtype=float)
    widest = float(outline[:, 0].max())
    pieces = []
    for first, last in _smooth_runs(outline, closed=False):
        profile = outline[first : last + 1]
        mesh = lathe(profile, segments)
        if np.ptp(profile[:, 1]) < 1e-9:
            uvs = mesh.points[:, :2].copy()
        else:
            along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
            u, v = np.meshgrid(along, np.linspace(0, TAU, segments + 1) * widest, indexing="ij")
            uvs = np.stack([u.ravel(), v.ravel()], 1)
        pieces.append(Mesh(mesh.points, mesh.normals, uvs, mesh.faces))
    return merged(*pieces)


def _smooth_runs(outline: np.ndarray, closed: bool) -> list[tuple[int, int]]:
    """Index ranges (first, last) of an outline `[n, 2]` between its sharp corners.

    For a closed outline they begin at a corner (or at 0 if there is none) and indices go on above n.
    """
    count = len(outline)
    steps = np.diff(np.vstack([outline, outline[:1]]) if closed else outline, axis=0)
    steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-12)
    limit = np.cos(np.radians(CREASE))
    if closed:
        sharp = [k for k in range(count) if np.dot(steps[k - 1], steps[k]) < limit] or [0]
        return list(pairwise([*sharp, sharp[0] + count]))
    sharp = [k for k in range(1, count - 1) if np.dot(steps[k - 1], steps[k]) < limit]
    return list(pairwise([0, *sharp, count - 1]))


def prism(outline: np.ndarray, low: float, high: float, bevel: float = 0.0) -> Mesh:
    """A flat outline `[n, 2]`, counterclockwise and seen whole from its middle, made solid between two heights."""
    outline = np.asarray(outline, dtype=float)
    before, after = outline - np.roll(outline, 1, axis=0), np.roll(outline, -1, axis=0) - outline
    tangent = before / np.linalg.norm(before, axis=1, keepdims=True) + after / np.linalg.norm(
        after, axis=1, keepdims=True
    )
    inwards = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    inset = outline + bevel * inwards / np.linalg.norm(inwards, axis=1, keepdims=True)

    def ring(flat: np.ndarray, z: float) -> np.ndarray:
        return np.column_stack([flat, np.full(len(flat), z)])

    rings = [ring(outline, low), ring(outline, high)]
    if bevel > 0:
        rings = [
            ring(inset, low),
            ring(outline, low + bevel),
            ring(outline, high - bevel),
            ring(inset, high),
        ]
    pieces = [polygon(rings[0][::-1]), polygon(rings[-1])]
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(after, axis=1))])
    for first, last in _smooth_runs(outline, closed=True):
        index = np.arange(first, last + 1)
        distance = along[index % len(outline)] + np.where(index >= len(outline), along[-1], 0.0)
        for below, above in pairwise(rings):
            wrapped = index % len(outline)
            points = np.stack([below[wrapped], above[wrapped]])
            uvs = np.stack([np.stack([distance, row[wrapped, 2]], -1) for row in (below, above)])
            pieces.append(sheet(points, uvs))
    return merged(*pieces)


def rounded_rectangle(width: float, depth: float, radius: float, steps: int = 6) -> np.ndarray:
    """The outline `[n, 2]` of a rectangle around the origin with round corners, counterclockwise."""
    angle = np.linspace(0, TAU / 4, steps + 1)
    arcs = []
    for quarter, (sx, sy) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)]):
        centre = np.array([sx * (width / 2 - radius), sy * (depth / 2 - radius)])
        turn = angle + quarter * TAU / 4
        arcs.append(centre + radius * np.stack([np.cos(turn), np.sin(turn)], 1))
    return np.concatenate(arcs)


def ellipse(width: float, depth: float, count: int = 48) -> np.ndarray:
    """The outline `[count, 2]` of an ellipse around the origin, counterclockwise."""
    angle = np.arange(count) / count * TAU
    return np.stack([width / 2 * np.cos(angle), depth / 2 * np.sin(angle)], 1)


def lofted(rings: Sequence[np.ndarray]) -> Mesh:
    """A smooth skin over closed rings of points, each `[n, 3]` and counterclockwise from above.

    It faces outwards where the rings rise. Texture coordinates are metres along the skin and around its widest ring.
    """
    points = np.stack([np.vstack([ring, ring[:1]]) for ring in rings])
    lengths = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
    widest = points[int(np.argmax(lengths))]
    around = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(widest, axis=0), axis=1))])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=2).mean(1))])
    v, u = np.meshgrid(along, around, indexing="ij")
    return sheet(points, np.stack([u, v], -1))


def soft_box(
    size: Sequence[float],
    radius: float,
    bulge: Sequence[float] = (0.0, 0.0, 0.0),
    rng: np.random.Generator | None = None,
    wrinkle: float = 0.0,
    fine: tuple[int, int, int] = (4, 4, 4),
) -> Mesh:
    """An upholstered box around the origin: edges rounded by `radius`, sides blown out by `bulge` beyond `size`.

    With `rng` its skin is uneven by up to about `wrinkle`. fine: steps between the rounded edges along each axis.
    """
    half = np.asarray(size, dtype=float) / 2
    radius = min(radius, 0.98 * float(half.min()))

    def stops(axis: int) -> np.ndarray:
        edge = radius * np.array([0.0, 0.5])
        inner = np.linspace(-half[axis] + radius, half[axis] - radius, fine[axis] + 1)
        return np.concatenate([-half[axis] + edge, inner, (half[axis] - edge)[::-1]])

    sides = []
    for axis in range(3):
        for sign in (-1, 1):
            i, j = [(1, 2), (2, 0), (0, 1)][axis]
            if sign < 0:
                i, j = j, i
            q, p = np.meshgrid(stops(j), stops(i), indexing="ij")
            points = np.zeros((*p.shape, 3))
            points[..., axis], points[..., i], points[..., j] = sign * half[axis], p, q
            sides.append(sheet(points, np.stack([p, q], -1) if j == 2 or axis == 2 else np.stack([q, p], -1)))
    mesh = merged(*sides)
    core = np.clip(mesh.points, -(half - radius), half - radius)
    away = mesh.points - core
    points = core + radius * away / np.linalg.norm(away, axis=1, keepdims=True)
    share = points / half
    grown = points.copy()
    for axis in range(3):
        i, j = (k for k in range(3) if k != axis)
        grown[:, axis] += bulge[axis] * share[:, axis] * (1 - share[:, i] ** 2) * (1 - share[:, j] ** 2)
    if rng is not None and wrinkle > 0:
        grown += uneven(rng, points, wrinkle)[:, None] * away / np.linalg.norm(away, axis=1, keepdims=True)
    return Mesh(grown, smooth_normals(grown, mesh.faces), mesh.uvs, mesh.faces)


def uneven(rng: np.random.Generator, points: np.ndarray, amount: float) -> np.ndarray:
    """Smooth random heights `[n]` of about +-`amount` at points `[n, d]`: waves of 10 to 60 cm in all directions."""
    height = np.zeros(len(points))
    for _ in range(6):
        way = rng.standard_normal(points.shape[1])
        way *= TAU / rng.uniform(0.1, 0.6) / np.linalg.norm(way)
        height += np.sin(points @ way + rng.uniform(0, TAU))
    return np.round(height * amount / 3, 6)


def bent(mesh: Mesh, radius: float) -> Mesh:
    """The mesh bent about a vertical axis at y = -`radius`, so that what lay along x goes round it."""
    angle = mesh.points[:, 0] / radius
    reach = radius + mesh.points[:, 1]
    points = np.stack([reach * np.sin(angle), reach * np.cos(angle) - radius, mesh.points[:, 2]], 1)
    n, c, s = mesh.normals, np.cos(angle), np.sin(angle)
    normals = np.stack([n[:, 0] * c + n[:, 1] * s, -n[:, 0] * s + n[:, 1] * c, n[:, 2]], 1)
    return Mesh(points, normals, mesh.uvs, mesh.faces)


def pillow(rng: np.random.Generator, width: float, depth: float, thick: float) -> Mesh:
    """A stuffed case that lies around the origin, with a seam at half height, pointed corners and a few wrinkles."""
    t = np.sin(np.linspace(-1, 1, 15) * TAU / 4)
    v, u = np.meshgrid(t, t, indexing="ij")
    x = u * (1 - 0.09 * (1 - v**2) ** 2 * np.abs(u)) * width / 2
    y = v * (1 - 0.09 * (1 - u**2) ** 2 * np.abs(v)) * depth / 2
    full = np.sqrt(np.maximum((1 - u**2) * (1 - v**2), 0)) ** 0.8
    flat = np.stack([x.ravel(), y.ravel()], 1)
    halves = []
    for sign in (1, -1):
        z = sign * full * (thick / 2 + uneven(rng, flat, 0.05 * thick).reshape(full.shape))
        points = np.stack([x, y, z], -1)[:, ::sign]
        halves.append(sheet(points, np.stack([x, y], -1)[:, ::sign]))
    return merged(*halves)


def moulding(width: float, height: float, profile: Sequence[tuple[float, float]]) -> Mesh:
    """A mitred frame of outer size `width` x `height` around the origin, in the plane y = 0 and facing -y.

    profile: (inwards from the outer edge, forwards from the plane), from the outside to the inside.
    """
    profile = np.asarray(profile, dtype=float)
    pieces = []
    for side in range(4):
        along, across = (width, height) if side % 2 == 0 else (height, width)
        for first, last in _smooth_runs(profile, closed=False):
            run = profile[first : last + 1]
            half, out = along / 2 - run[:, 0], -across / 2 + run[:, 0]
            points = np.stack([np.stack([sign * half, -run[:, 1], out], -1) for sign in (-1, 1)], 1)
            length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(run, axis=0), axis=1))])
            uvs = np.stack([np.stack([sign * half + side, length], -1) for sign in (-1, 1)], 1)
            mesh = sheet(points, uvs)
            cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][side]
            turn = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], dtype=float)
            pieces.append(oriented(mesh, turn, (0, 0, 0)))
    return merged(*pieces)


def picture_plane(width: float, height: float) -> Mesh:
    """An upright rectangle around the origin that faces -y, with uvs 0..1 so that one picture fills it."""
    x, z = width / 2, height / 2
    return sheet(np.array([[[-x, 0, -z], [x, 0, -z]], [[-x, 0, z], [x, 0, z]]], dtype=float))
