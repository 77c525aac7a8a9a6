"""Things of many small parts: grass, hair, leaves."""

import numpy as np

from mcdenoise.random_scenes.meshes import TAU, Mesh, merged, moved, sheet, turned


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


def blades(rng, count, width, depth, height, thickness=0.0035):
    """Curves for blades of grass that stand on a rectangle around the origin, as one array `[count, 4, 4]`.

    Each stands 0.45 to 1 times `height` tall and bends over by up to 0.7 of that, thinner towards the tip.
    """
    root = np.column_stack(
        [rng.uniform(-0.5, 0.5, count) * width, rng.uniform(-0.5, 0.5, count) * depth, 0 * np.ones(count)]
    )
    lean, tall = rng.uniform(0, TAU, count), height * rng.uniform(0.45, 1.0, count)
    bend = tall * rng.uniform(0.1, 0.7, count)
    t = np.array([-0.2, 0.1, 0.6, 1.0])
    out = bend[:, None] * np.maximum(t, 0) ** 2
    points = root[:, None] + np.stack([out * np.cos(lean)[:, None], out * np.sin(lean)[:, None], tall[:, None] * t], -1)
    radii = np.broadcast_to(thickness * np.array([1.0, 1.0, 0.6, 0.15]), (count, 4))
    return np.concatenate([points, radii[..., None]], -1)


def scattered(template, places, along, facing, sizes):
    """One mesh of many copies of a small one, such as the leaves of a tree.

    places: `[n, 3]`, where the origin of each copy lies. along, facing: `[n, 3]`, where its y axis points, and whereto
    its z axis tends. sizes: `[n]`, or `[n, 3]` for each of its axes.
    """
    y = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    x = np.cross(y, facing)
    # A copy that faces where it points has no side of its own: any will do.
    x = np.where(np.linalg.norm(x, axis=1, keepdims=True) < 1e-6, np.cross(y, [0.36, 0.48, 0.8]), x)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    frames = np.stack([x, y, np.cross(x, y)], -1)
    sizes = np.broadcast_to(np.asarray(sizes, dtype=float).reshape(len(places), -1), (len(places), 3))
    points = places[:, None] + np.einsum("nij,nkj->nki", frames, template.points * sizes[:, None])
    normals = np.einsum("nij,nkj->nki", frames, template.normals / sizes[:, None])
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    offsets = len(template.points) * np.arange(len(places))[:, None, None]
    uvs = np.broadcast_to(template.uvs, (len(places), *template.uvs.shape))
    return Mesh(
        points.reshape(-1, 3),
        normals.reshape(-1, 3),
        uvs.reshape(-1, template.uvs.shape[1]),
        (template.faces + offsets).reshape(-1, 3),
    )


def tubes(paths, radii, sides):
    """One mesh of many open round tubes: paths `[n, k, 3]`, radii `[n, k]`; uvs in metres, u around."""
    along = np.gradient(paths, axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
    side = np.cross(along[:, 0], np.where(np.abs(along[:, 0, 2:]) > 0.9, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]))
    first = np.empty_like(along)
    for k in range(paths.shape[1]):
        # Carried along the path, so that the tube does not twist.
        side = side - np.sum(side * along[:, k], axis=-1, keepdims=True) * along[:, k]
        side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
        first[:, k] = side
    second = np.cross(along, first)
    angle = np.linspace(0, TAU, sides + 1)
    angle[-1] = 0.0  # so that the seam is closed to the last bit
    normals = np.cos(angle)[:, None] * first[:, :, None] + np.sin(angle)[:, None] * second[:, :, None]
    points = paths[:, :, None] + radii[..., None, None] * normals
    steps = np.linalg.norm(np.diff(paths, axis=1, prepend=paths[:, :1]), axis=-1)
    u = np.linspace(0, TAU, sides + 1) * radii.mean(axis=1)[:, None, None]
    v = np.cumsum(steps, axis=1)[:, :, None]
    uvs = np.stack(np.broadcast_arrays(u, v), -1)
    count, rows = paths.shape[:2]
    index = np.arange(rows * (sides + 1)).reshape(rows, sides + 1)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    faces = (faces + index.size * np.arange(count)[:, None, None]).reshape(-1, 3)
    return Mesh(points.reshape(-1, 3), normals.reshape(-1, 3), uvs.reshape(-1, 2), faces)


def ribbons(paths, widths, sides, lift=0.0):
    """One mesh of many bands: paths `[n, k, 3]`, widths `[n, k]`, sides `[n, 3]` the direction across each.

    Three points wide, with the middle lower by `lift` times the width; uvs run over 0..1 in each, v along.
    """
    along = np.gradient(paths, axis=1)
    across = np.broadcast_to(sides[:, None], paths.shape)
    up = np.cross(across, along)
    up /= np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-9)
    s = np.array([-0.5, 0.0, 0.5])[:, None]
    step = widths[..., None, None] * (s * across[:, :, None] + lift * (2 * np.abs(s) - 0.5) * up[:, :, None])
    points = paths[:, :, None] + step
    slope = lift * 4 * np.sign(s)
    normals = up[:, :, None] - slope * across[:, :, None]
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    count, rows = paths.shape[:2]
    v, u = np.meshgrid(np.linspace(0, 1, rows), [0.0, 0.5, 1.0], indexing="ij")
    uvs = np.broadcast_to(np.stack([u, v], -1), (count, rows, 3, 2))
    index = np.arange(rows * 3).reshape(rows, 3)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    faces = (faces + index.size * np.arange(count)[:, None, None]).reshape(-1, 3)
    return Mesh(points.reshape(-1, 3), normals.reshape(-1, 3), uvs.reshape(-1, 2), faces)


def pelt(rng, count, radius, length, thickness):
    """Curves for hairs that grow out of a ball at the origin and hang down, as one array `[count, 5, 4]`.

    Each is 0.7 to 1 times `length` long and `thickness` in radius at its root, a fifth of that at its tip.
    """
    way = rng.standard_normal((count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    size = length * rng.uniform(0.7, 1.0, (count, 1))
    t = np.array([-0.2, 0.0, 0.45, 0.85, 1.0])[:, None]
    bend = size * (0.12 * rng.standard_normal((count, 3)) - [0.0, 0.0, 0.45])
    points = way[:, None] * (radius + size[:, None] * t) + bend[:, None] * np.maximum(t, 0) ** 2
    radii = np.broadcast_to(thickness * np.array([1.0, 1.0, 0.8, 0.5, 0.2])[:, None], (count, 5, 1))
    return np.concatenate([points, radii], -1)
