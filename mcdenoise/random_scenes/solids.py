"""Meshes for small things by formulas, with texture coordinates in metres, and things stood upon the ground.

Everything here is in metres with z up. Normals point outwards and creases are kept, so that glass made of these meshes
refracts as it should.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mcdenoise.random_scenes.extent import standing
from mcdenoise.random_scenes.meshes import (
    TAU,
    Mesh,
    box,
    merged,
    sheet,
    smooth_curve,
    smooth_normals,
    tube,
)
from mcdenoise.random_scenes.parts import Part, Surface, Thing

# Things rest this far above what bears them: two surfaces in one plane would both be hit, now this, now that.
CLEARANCE = 0.0003


def stood(name: str, parts: Sequence[Part], surfaces: Sequence[Surface] = ()) -> Thing:
    """`extent.standing`, with `CLEARANCE`."""
    return standing(name, parts, surfaces, CLEARANCE)


def with_uv_scale(mesh: Mesh, u: float, v: float) -> Mesh:
    """Texture coordinates times (u, v): makes metres of 0..1."""
    return replace(mesh, uvs=mesh.uvs * np.array([u, v]))


def warped(mesh: Mesh, move: Callable[[np.ndarray], np.ndarray]) -> Mesh:
    """A smooth mesh with its points `[n, 3]` moved by a function; the normals are made anew."""
    points = move(mesh.points)
    return replace(mesh, points=points, normals=smooth_normals(points, mesh.faces))


def flat_shaded(mesh: Mesh) -> Mesh:
    """Every triangle with its own corners and normal."""
    corners = mesh.points[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    keep = lengths > 1e-14
    normals = normals[keep] / lengths[keep, None]
    uvs = mesh.uvs[mesh.faces[keep]].reshape(-1, mesh.uvs.shape[1])
    faces = np.arange(3 * keep.sum()).reshape(-1, 3)
    return Mesh(corners[keep].reshape(-1, 3), np.repeat(normals, 3, axis=0), uvs, faces)


def revolved(profile: Sequence, segments: int = 32, crease: float = 38.0) -> Mesh:
    """A profile `[n, 2]` of (radius, height) turned about the z axis; it faces outwards where it runs upwards.

    Where the profile bends by more than `crease` degrees the edge stays sharp. Texture coordinates are metres: around
    and along walls, (x, y) on level parts.
    """
    profile = np.asarray(profile, dtype=float)
    steps = np.linalg.norm(np.diff(profile, axis=0), axis=1)
    profile = profile[np.concatenate([[True], steps > 1e-7])]
    way = np.diff(profile, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    cosine = np.sum(way[:-1] * way[1:], axis=1)
    cuts = [0, *(np.flatnonzero(cosine < np.cos(np.radians(crease))) + 1), len(profile) - 1]
    return merged(*(_band(profile[a : b + 1], segments) for a, b in itertools.pairwise(cuts)))


def _band(profile: np.ndarray, segments: int) -> Mesh:
    """One smooth run of a profile."""
    radius, height = np.maximum(profile[:, 0], 0.0), profile[:, 1]
    way = np.diff(profile, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    at = np.concatenate([way[:1], way[:-1] + way[1:], way[-1:]])
    normal = np.stack([at[:, 1], -at[:, 0]], 1)
    pole = (radius < 1e-9) & (np.abs(normal[:, 1]) > 0.5 * np.abs(normal[:, 0]))
    normal[pole, 0] = 0.0
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    angle = np.linspace(0, TAU, segments + 1)
    cos, sin = np.cos(angle), np.sin(angle)
    cos[-1], sin[-1] = cos[0], sin[0]
    ones = np.ones_like(cos)
    points = np.stack([radius[:, None] * cos, radius[:, None] * sin, height[:, None] * ones], -1)
    normals = np.stack([normal[:, :1] * cos, normal[:, :1] * sin, normal[:, 1:] * ones], -1)
    if abs(height[-1] - height[0]) < 0.3 * abs(radius[-1] - radius[0]):
        uvs = points[..., :2]
    else:
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
        uvs = np.stack(np.broadcast_arrays(angle[None, :] * radius.max(), along[:, None]), -1)
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    lower, upper = radius[:-1] > 1e-9, radius[1:] > 1e-9  # no triangles at the axis without area
    first = np.stack([a, b, c], -1)[lower].reshape(-1, 3)
    second = np.stack([a, c, d], -1)[upper].reshape(-1, 3)
    flat = points.reshape(-1, 3), normals.reshape(-1, 3), uvs.reshape(-1, 2)
    return Mesh(*flat, np.concatenate([first, second]))


def rounded(knots: Sequence, count: int) -> np.ndarray:
    """Points `[count, 2]` of a smooth profile through the knots; it does not cross the axis."""
    curve = smooth_curve(knots, count)
    return np.column_stack([np.maximum(curve[:, 0], 0.0), curve[:, 1]])


_CUBE = box((1.0, 1.0, 1.0))


def block(size: Sequence[float], centre: Sequence[float] = (0.0, 0.0, 0.0)) -> Mesh:
    """A box with sharp edges, as `meshes.box` makes it but in a tenth of the time."""
    x, y, z = size
    u = np.select([np.abs(_CUBE.normals[:, 0]) > 0.5, _CUBE.normals[:, 2] < -0.5], [y, y], x)
    v = np.select([np.abs(_CUBE.normals[:, 2]) < 0.5, _CUBE.normals[:, 2] < -0.5], [z, x], y)
    points = _CUBE.points * np.array([x, y, z]) + np.asarray(centre, dtype=float)
    return Mesh(points, _CUBE.normals, _CUBE.uvs * np.stack([u, v], 1), _CUBE.faces)


def can(radius: float, height: float, bevel: float, segments: int = 32) -> Mesh:
    """A closed cylinder on z = 0 with small rounded edges."""
    b = min(bevel, 0.45 * radius, 0.45 * height)
    if b <= 0:
        return revolved([(0, 0), (radius, 0), (radius, height), (0, height)], segments)
    turn = np.radians([0, 30, 60, 90])
    low = np.stack([radius - b + b * np.sin(turn), b - b * np.cos(turn)], 1)
    high = np.stack([radius - b + b * np.cos(turn), height - b + b * np.sin(turn)], 1)
    return revolved([(0, 0), *low, *high, (0, height)], segments)


def hull_of(outer: np.ndarray, wall: float, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """The profiles of a vessel: (outside and rim, inside), the second running from the rim down to the axis.

    outer: `[n, 2]`, from the axis at the foot up to the mouth. wall: thickness, measured level. floor: the height at
    which the hollow begins.
    """
    outer = np.asarray(outer, dtype=float)
    top = outer[-1]
    turn = np.radians([45, 90, 135])
    rim = np.stack([top[0] - wall / 2 + wall / 2 * np.cos(turn), top[1] + wall / 2 * np.sin(turn)], 1)
    last_low = int(np.max(np.flatnonzero(outer[:, 1] <= floor)))
    above = outer[last_low + 1 :]
    a, b = outer[last_low], above[0]
    share = (floor - a[1]) / (b[1] - a[1])
    start = a + share * (b - a)
    inner = np.concatenate([[start], above]) - np.array([wall, 0.0])
    inner[:, 0] = np.maximum(inner[:, 0], 1e-4)
    r, z = inner[0]
    # A small round between floor and wall, as moulds and wheels leave it.
    b = min(0.35 * r, 0.25 * (inner[-1, 1] - z), 0.006)
    rest = inner[inner[:, 1] > z + b]
    knee = np.array([np.interp(z + b, inner[:, 1], inner[:, 0]), z + b])
    bend = np.array([(r - b, z), (r - 0.45 * b, z + 0.12 * b), (r - 0.12 * b, z + 0.45 * b)])
    bend[:, 0] += (knee[0] - r) * np.array([0.0, 0.2, 0.6])
    hollow = np.concatenate([[(0.0, z)], bend, [knee], rest])
    return np.concatenate([outer, rim]), hollow[::-1]


def split_at(hollow: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """A hollow's profile from the rim down, cut at a level: (dry wall, wetted wall), which share the cut exactly."""
    cut = np.array([np.interp(level, hollow[::-1, 1], hollow[::-1, 0]), level])
    return np.concatenate([hollow[hollow[:, 1] > level], [cut]]), np.concatenate([[cut], hollow[hollow[:, 1] < level]])


def ball(radius: float, columns: int = 32, rows: int = 16) -> Mesh:
    """A ball around the origin with texture coordinates in metres."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, rows + 1)
    profile = np.stack([np.cos(angle), np.sin(angle)], 1)
    profile[[0, -1], 0] = 0.0
    mesh = revolved(radius * profile, columns, crease=180.0)
    return replace(mesh, normals=mesh.points / radius)


def ring(radius: float, thickness: float, steps: int = 48, sides: int = 12) -> Mesh:
    """A torus around the z axis; `thickness` is the radius of the tube."""
    t = np.arange(steps) / steps * TAU
    path = radius * np.stack([np.cos(t), np.sin(t), np.zeros(steps)], 1)
    return with_uv_scale(tube(path, thickness, sides, closed=True), TAU * thickness, TAU * radius)


def rod(path: Sequence, radius: float | np.ndarray, sides: int = 10) -> Mesh:
    """A tube along a path `[n, 3]` with round closed ends; the radius may vary along it."""
    path = np.asarray(path, dtype=float)
    radii = np.broadcast_to(np.asarray(radius, dtype=float), (len(path),))
    first, last = path[0] - path[1], path[-1] - path[-2]
    first, last = first / np.linalg.norm(first), last / np.linalg.norm(last)
    turn = np.radians([85.0, 60.0, 30.0])
    head = path[0] + radii[0] * np.sin(turn)[:, None] * first
    tail = path[-1] + radii[-1] * np.sin(turn[::-1])[:, None] * last
    full = np.concatenate([head, path, tail])
    sizes = np.concatenate([radii[0] * np.cos(turn), radii, radii[-1] * np.cos(turn[::-1])])
    mesh = tube(full, sizes, sides)
    caps = [
        _cap(mesh.points[: sides + 1], full[0], first),
        _cap(mesh.points[-sides - 1 :], full[-1], last),
    ]
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return merged(with_uv_scale(mesh, TAU * float(radii.mean()), length), *caps)


def _cap(rim: np.ndarray, centre: np.ndarray, normal: np.ndarray) -> Mesh:
    """A fan that closes an outline."""
    count = len(rim) - 1
    points = np.concatenate([rim[:-1], [centre]])
    index = np.arange(count)
    faces = np.stack([index, (index + 1) % count, np.full(count, count)], 1)
    corners = points[faces]
    if np.sum(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) @ normal) < 0:
        faces = faces[:, ::-1]
    return Mesh(points, np.tile(normal, (len(points), 1)), np.zeros((len(points), 2)), faces)


def ribbon(path: Sequence, widths: Sequence, thicknesses: Sequence, sides: int = 10) -> Mesh:
    """A flat bar with an oval section along a path in the plane x = 0, as cutlery is; closed at both ends.

    path: `[n, 2]` of (y, z). widths, thicknesses: full extents along x and across, one for each point.
    """
    path = np.asarray(path, dtype=float)
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    up = np.stack([-along[:, 1], along[:, 0]], 1)
    angle = np.linspace(0, TAU, sides + 1)
    # Boxier than an oval: cutlery is stamped from sheet.
    cos, sin = np.cos(angle), np.sin(angle)
    x = np.sign(np.round(cos, 9)) * np.abs(cos) ** 0.6
    t = np.sign(np.round(sin, 9)) * np.abs(sin) ** 0.6
    half_w, half_t = np.asarray(widths, dtype=float)[:, None] / 2, np.asarray(thicknesses, dtype=float)[:, None] / 2
    points = np.stack(
        [
            half_w * x,
            path[:, :1] + half_t * t * up[:, :1],
            path[:, 1:] + half_t * t * up[:, 1:],
        ],
        -1,
    )
    points[:, -1] = points[:, 0]
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    uvs = np.stack(np.meshgrid(np.linspace(0, 1, sides + 1) * 0.05, np.linspace(0, length, len(path))), -1)
    body = sheet(points, uvs)
    # The winding depends on the way that the path runs: turn the bar if it is inside out.
    if np.sum(body.normals * (body.points - np.repeat(points.mean(axis=1), sides + 1, axis=0))) < 0:
        body = replace(body, normals=-body.normals, faces=body.faces[:, ::-1])
    ends = [
        _cap(points[0], points[0, :-1].mean(axis=0), np.array([0.0, *-along[0]])),
        _cap(points[-1], points[-1, :-1].mean(axis=0), np.array([0.0, *along[-1]])),
    ]
    return merged(body, *ends)


def superball(x: float, y: float, z: float, level: float, upright: float, columns: int = 32, rows: int = 16) -> Mesh:
    """A superellipsoid with half axes (x, y, z); exponents below 1 make it boxy, 1 makes an ellipsoid.

    upright: the exponent of the vertical section; level: of the level section.
    """
    v = np.linspace(-np.pi / 2, np.pi / 2, rows + 1)[:, None]
    u = np.linspace(0, TAU, columns + 1)[None, :]

    def power(value: np.ndarray, exponent: float) -> np.ndarray:
        value = np.round(value, 9)
        return np.sign(value) * np.abs(value) ** exponent

    points = np.stack(
        [
            x * power(np.cos(v), upright) * power(np.cos(u), level),
            y * power(np.cos(v), upright) * power(np.sin(u), level),
            np.broadcast_to(z * power(np.sin(v), upright), (rows + 1, columns + 1)),
        ],
        -1,
    )
    points[:, -1] = points[:, 0]
    return sheet(points, np.stack(np.broadcast_arrays(u * (x + y) / 2, v * z), -1))


def icosphere(levels: int) -> Mesh:
    """A unit ball of nearly equal triangles (20 x 4^levels), without texture coordinates of use."""
    g = (1 + np.sqrt(5)) / 2
    points = np.array(
        [
            (-1, g, 0),
            (1, g, 0),
            (-1, -g, 0),
            (1, -g, 0),
            (0, -1, g),
            (0, 1, g),
            (0, -1, -g),
            (0, 1, -g),
            (g, 0, -1),
            (g, 0, 1),
            (-g, 0, -1),
            (-g, 0, 1),
        ],
        dtype=float,
    )
    faces = np.array(
        [
            (0, 11, 5),
            (0, 5, 1),
            (0, 1, 7),
            (0, 7, 10),
            (0, 10, 11),
            (1, 5, 9),
            (5, 11, 4),
            (11, 10, 2),
            (10, 7, 6),
            (7, 1, 8),
            (3, 9, 4),
            (3, 4, 2),
            (3, 2, 6),
            (3, 6, 8),
            (3, 8, 9),
            (4, 9, 5),
            (2, 4, 11),
            (6, 2, 10),
            (8, 6, 7),
            (9, 8, 1),
        ]
    )
    for _ in range(levels):
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        unique, index = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True)
        middle = len(points) + index.reshape(3, -1)
        points = np.concatenate([points, points[unique].mean(axis=1)])
        a, b, c = faces.T
        ab, bc, ca = middle
        corners = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
        faces = np.concatenate([np.stack(corner, 1) for corner in corners])
    points = points / np.linalg.norm(points, axis=1, keepdims=True)
    return Mesh(points, points.copy(), points[:, :2].copy(), faces)


def waves(
    rng: np.random.Generator, points: np.ndarray, frequency: float, count: int, ridged: bool = False
) -> np.ndarray:
    """A smooth random function at `points` `[n, 3]`, about within -1..1: a sum of plane waves.

    frequency: radians a metre. ridged: folded, so that it has creases.
    """
    way = rng.standard_normal((count, 3))
    way *= frequency * rng.uniform(0.6, 1.6, (count, 1)) / np.linalg.norm(way, axis=1, keepdims=True)
    wave = np.sin(points @ way.T + rng.uniform(0, TAU, count))
    if ridged:
        wave = 1 - 2 * np.abs(wave)
    return wave.sum(axis=1) / np.sqrt(count)


def prism(outline: Sequence, height: float, bevel: float = 0.0) -> Mesh:
    """An outline `[n, 2]`, counterclockwise and seen whole from its centre, raised from z = 0; the edges stay sharp."""
    outline = np.asarray(outline, dtype=float)
    centre = outline.mean(axis=0)
    size = np.linalg.norm(outline - centre, axis=1, keepdims=True)
    inner = centre + (outline - centre) * (1 - bevel / size)

    def at(ring_of: np.ndarray, z: float) -> np.ndarray:
        return np.column_stack([ring_of, np.full(len(ring_of), z)])

    stack = [at(outline, height)] if bevel <= 0 else [at(outline, height - bevel), at(inner, height)]
    lower = [at(outline, 0.0)] if bevel <= 0 else [at(inner, 0.0), at(outline, bevel)]
    rings = np.array([*lower, *stack])
    rings = np.concatenate([rings, rings[:, :1]], axis=1)
    around = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(rings[0], axis=0), axis=1))])
    uvs = np.stack(np.broadcast_arrays(around[None, :], rings[:, :1, 2]), -1)
    walls = flat_shaded(sheet(rings, uvs))
    caps = [
        _cap(rings[-1], np.array([*centre, height]), np.array([0.0, 0.0, 1.0])),
        _cap(rings[0], np.array([*centre, 0.0]), np.array([0.0, 0.0, -1.0])),
    ]
    return merged(walls, *(replace(cap, uvs=cap.points[:, :2].copy()) for cap in caps))


def wall_between(inner: np.ndarray, outer: np.ndarray, height: float, closed: bool = False) -> Mesh:
    """The space between two outlines `[n, 2]` of as many points, raised from z = 0; `closed` joins last and first."""
    low, high = np.zeros((len(inner), 1)), np.full((len(inner), 1), height)
    corners = [np.hstack([ring_of, z]) for ring_of, z in ((inner, low), (outer, low), (outer, high), (inner, high))]
    grid = np.stack([*corners, corners[0]], 1)
    if closed:
        grid = np.concatenate([grid, grid[:1]])
    side = np.repeat(np.array([[0.0, 1.0, 1.0, 0.0, 0.0]]), len(grid), axis=0) * height
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(grid[:, 0], axis=0), axis=1))])
    mesh = sheet(grid, np.stack(np.broadcast_arrays(along[:, None], side), -1))
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    if np.sum(a * np.cross(b, c)) < 0:
        mesh = replace(mesh, faces=mesh.faces[:, ::-1])
    mesh = flat_shaded(mesh)
    if closed:
        return mesh
    ends = [(grid[0], grid[1]), (grid[-1], grid[-2])]
    return merged(mesh, *(_cap(end, end[:-1].mean(axis=0), _unit((end - after).mean(axis=0))) for end, after in ends))


def _unit(way: np.ndarray) -> np.ndarray:
    return way / np.linalg.norm(way)


def faceted(rings: Sequence[np.ndarray]) -> Mesh:
    """A convex body of flat facets between closed rings `[n, 3]` of points, from below, each turned against the last.

    Rings may have any number of points; those with one are tips. Open ends are closed by flat facets.
    """
    faces = []
    for low, high in itertools.pairwise(rings):
        faces += _between(low, high)
    for end in (rings[0], rings[-1]):
        faces += [(end[0], end[k], end[k + 1]) for k in range(1, len(end) - 1)]
    corners = np.array(faces, dtype=float)
    centre = np.concatenate(rings).mean(axis=0)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = np.sum(normals * (corners.mean(axis=1) - centre), axis=1) < 0
    corners[inward] = corners[inward][:, ::-1]
    points = corners.reshape(-1, 3)
    index = np.arange(len(points)).reshape(-1, 3)
    return flat_shaded(Mesh(points, np.zeros_like(points), points[:, :2].copy(), index))


def _between(low: np.ndarray, high: np.ndarray) -> list[tuple]:
    """Triangles between two closed rings, by walking both at once in the order of their angles."""
    faces, i, j = [], 0, 0
    n, m = len(low), len(high)
    while i < n or j < m:
        # The one that lags behind steps; a tip never does.
        if m == 1 or (n > 1 and i < n and (i + 0.5) * m <= (j + 0.5) * n) or (j >= m and n > 1):
            faces.append((low[i % n], low[(i + 1) % n], high[j % m]))
            i += 1
            j = m if m == 1 else j
        else:
            faces.append((low[i % n], high[(j + 1) % m], high[j % m]))
            j += 1
            i = n if n == 1 else i
    return faces


def polygon(count: int, radius: float, z: float, shift: float = 0.0) -> np.ndarray:
    """The corners `[count, 3]` of a level regular polygon; `shift` turns it, in parts of a side."""
    angle = (np.arange(count) + shift) / count * TAU
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(count, z)], 1)


def heap(
    rng: np.random.Generator, radii: Sequence[float], ground: np.ndarray, reach: float, tries: int = 12
) -> np.ndarray:
    """Centres `[n, 3]` of balls that were dropped one by one, each where it lies lowest of `tries` random places.

    They touch each other or the ground but do not overlap. ground: the profile `[m, 2]` of (radius, height),
    from the axis outwards, of the hollow or of the level floor that they lie in. reach: the radius within which
    they have to stay.
    """
    across = np.linspace(-1, 1, 17)
    centres = np.zeros((0, 3))
    for k, radius in enumerate(radii):
        out = max(reach - radius, 0.0) * np.sqrt(rng.uniform(0, 1, tries))
        angle = rng.uniform(0, TAU, tries)
        spots = np.stack([out * np.cos(angle), out * np.sin(angle)], 1)
        under = np.interp(np.abs(out[:, None] + radius * across), ground[:, 0], ground[:, 1])
        rest = (under + radius * np.sqrt(1 - across**2)).max(axis=1)
        if k:
            reach_of = np.array(radii[:k])[None, :] + radius
            away = np.linalg.norm(spots[:, None] - centres[None, :, :2], axis=-1)
            on = np.where(away < reach_of, centres[:, 2] + np.sqrt(np.maximum(reach_of**2 - away**2, 0)), -np.inf)
            rest = np.maximum(rest, on.max(axis=1))
        best = int(np.argmin(np.round(rest, 5)))
        centres = np.concatenate([centres, [[*spots[best], rest[best]]]])
    return centres


LEVEL = np.array([(0.0, 0.0), (10.0, 0.0)])
"""The profile of a level ground, for `heap`."""
