"""Things that stand outdoors, beside buildings and plants: parasols, stalls, cars, playground gear, water."""

from itertools import pairwise

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.extent import measured
from mcdenoise.random_scenes.facades import Stock, block, flat, striped_cloth
from mcdenoise.random_scenes.joinery import beam, board, polygon, rod, spun
from mcdenoise.random_scenes.meshes import TAU, Mesh, box, hanging_line, merged, moved, sheet, smooth_curve
from mcdenoise.random_scenes.parts import (
    Part,
    Picture,
    Plugin,
    Rgb,
    Thing,
    choose,
    lamp,
    log_uniform,
    moved_part,
    repeated,
    rotation,
    translation,
)
from mcdenoise.random_scenes.strands import scattered, tubes
from mcdenoise.random_scenes.textures import tiles


def bulb_string(
    rng: np.random.Generator,
    start: tuple,
    end: tuple,
    on: bool,
    gap: float = 0.45,
    flux: float = 1.0,
    colours: bool = False,
) -> list[Part]:
    """A wire between two places with a small bulb about every `gap` metres, sagging by 4 to 12 % of its length."""
    length = float(np.linalg.norm(np.subtract(end, start)))
    count = max(3, int(length / gap))
    line = hanging_line(start, end, length * rng.uniform(0.04, 0.12), 2 * count + 1)
    black = {"type": "diffuse", "reflectance": Rgb(0.02, 0.02, 0.02)}
    radius = rng.uniform(0.02, 0.045)
    parts = [Part(wire(line, 0.006), black)]
    white = {"type": "diffuse", "reflectance": Rgb(0.8, 0.78, 0.7)}
    tints = (
        [Rgb(1.0, 0.66, 0.32)]
        if not colours
        else [Rgb(1, 0.15, 0.1), Rgb(0.2, 0.9, 0.2), Rgb(0.2, 0.35, 1), Rgb(1, 0.7, 0.15)]
    )
    lights = [lamp(tint.times(flux), 4 * np.pi * radius**2) if on else None for tint in tints]
    for k, place in enumerate(line[1::2]):
        bulb = {"type": "sphere", "radius": radius}
        parts.append(Part(bulb, white, lights[k % len(lights)], to_world=translation(*(place - [0, 0, radius + 0.01]))))
    return parts


def wire(path: np.ndarray, radius: float) -> Mesh:
    """A thin four-sided tube along a path."""
    return tubes(np.asarray(path, dtype=float)[None], np.full((1, len(path)), radius), 4)


def parasol(rng: np.random.Generator, stock: Stock) -> Thing:
    """A garden parasol of 2.2 to 3.2 m across: six or eight panels of cloth on ribs, a pole and a foot."""
    reach, height, ribs = rng.uniform(1.1, 1.6), rng.uniform(2.2, 2.6), int(choose(rng, [6, 8]))
    drop = reach * rng.uniform(0.2, 0.4)
    angle = np.linspace(0, TAU, 4 * ribs + 1)
    angle[-1] = 0.0
    t = np.linspace(0.02, 1, 6)[:, None]
    dip = 1 - 0.05 * np.abs(np.sin(ribs * angle / 2)) * t
    r = reach * t * dip
    z = height - drop * t**1.15 - 0.05 * np.abs(np.sin(ribs * angle / 2)) * t * reach
    points = np.stack(np.broadcast_arrays(r * np.cos(angle), r * np.sin(angle), z), -1)
    cloth = sheet(points, np.stack(np.broadcast_arrays(angle * reach, reach * t), -1))
    spokes = [
        rod((0, 0, height - 0.05), (reach * np.cos(a), reach * np.sin(a), height - drop - 0.01), 0.008, sides=6)
        for a in TAU * np.arange(ribs) / ribs
    ]
    frame = stock(rng, choose(rng, [materials.varnished_wood, materials.brushed_metal, materials.paint]))
    pole = rod((0, 0, 0.05), (0, 0, height + 0.08), 0.024)
    foot = spun([(0, 0), (0.28, 0), (0.28, 0.05), (0.06, 0.09), (0.04, 0.3), (0, 0.3)], 24)
    return measured(
        "parasol",
        [
            Part(cloth, stock(rng, striped_cloth)),
            Part(merged(pole, *spokes), frame),
            Part(foot, stock(rng, materials.concrete)),
        ],
    )


def crate(rng: np.random.Generator, stock: Stock) -> Thing:
    """A slatted crate of 0.5 x 0.35 x 0.25 m, full of fruit of one kind and heap."""
    w, d, h = rng.uniform(0.4, 0.6), rng.uniform(0.3, 0.4), rng.uniform(0.14, 0.26)
    slats = []
    for z in np.arange(0.03, h - 0.02, 0.075):
        slats += [board((w, 0.012, 0.055), (0, s * d / 2, z + 0.02), 0.001) for s in (-1, 1)]
        slats += [board((0.012, d, 0.055), (s * w / 2, 0, z + 0.02), 0.001) for s in (-1, 1)]
    slats += [
        board((0.03, 0.03, h), (a * (w / 2 - 0.02), b * (d / 2 - 0.02), h / 2), 0.001) for a in (-1, 1) for b in (-1, 1)
    ]
    slats.append(board((w, d, 0.012), (0, 0, 0.01), 0.001))
    radius = rng.uniform(0.032, 0.06)
    nx, ny = max(2, int((w - 0.03) / (2 * radius))), max(2, int((d - 0.03) / (2 * radius)))
    places = [
        (
            (i + 0.5) / nx * (w - 0.03) - (w - 0.03) / 2 + rng.normal(0, 0.1 * radius),
            (j + 0.5) / ny * (d - 0.03) - (d - 0.03) / 2,
            h * 0.8 + rng.uniform(-0.2, 0.6) * radius,
        )
        for i in range(nx)
        for j in range(ny)
    ]
    places = np.array(places)
    profile = [(0.0, -1.0), (0.6, -0.8), (0.97, -0.25), (0.95, 0.3), (0.55, 0.82), (0.0, 0.85)]
    one = spun([(radius * r, radius * z) for r, z in profile], 8)
    ways = rng.standard_normal(places.shape)
    fruit = scattered(one, places, ways, rng.standard_normal(places.shape), np.ones(len(places)))
    kind = choose(rng, ["apple", "orange", "lemon", "pear", "plum"])
    return measured(
        "crate of fruit",
        [Part(merged(*slats), stock(rng, materials.wood)), Part(fruit, materials.skin_of_fruit(rng, kind))],
    )


def stall(rng: np.random.Generator, stock: Stock, on: bool) -> Thing:
    """A market stall of 2 to 3 m: four posts, a striped roof, a counter with crates or cloth, bulbs under the roof."""
    w, d, h = rng.uniform(2.0, 3.0), rng.uniform(1.2, 1.8), rng.uniform(2.1, 2.5)
    timber, cloth = stock(rng, materials.wood), stock(rng, striped_cloth)
    posts = [board((0.06, 0.06, h), (a * (w / 2 - 0.03), b * (d / 2 - 0.03), h / 2)) for a in (-1, 1) for b in (-1, 1)]
    rise = rng.uniform(0.2, 0.5)
    over = 0.3
    slopes = [
        sheet(
            np.array(
                [
                    [(-w / 2 - over, -d / 2 - over, h - 0.1), (w / 2 + over, -d / 2 - over, h - 0.1)],
                    [(-w / 2 - over, 0, h + rise), (w / 2 + over, 0, h + rise)],
                ]
            )
        ),
        sheet(
            np.array(
                [
                    [(-w / 2 - over, 0, h + rise), (w / 2 + over, 0, h + rise)],
                    [(-w / 2 - over, d / 2 + over, h - 0.1), (w / 2 + over, d / 2 + over, h - 0.1)],
                ]
            )
        ),
    ]
    slopes = [Mesh(m.points, m.normals, np.stack([m.points[:, 0], m.points[:, 1]], 1), m.faces) for m in slopes]
    hem = flat(
        [
            [
                (-w / 2 - over, -d / 2 - over - 0.002, h - 0.3),
                (w / 2 + over, -d / 2 - over - 0.002, h - 0.3),
                (w / 2 + over, -d / 2 - over - 0.002, h - 0.1),
                (-w / 2 - over, -d / 2 - over - 0.002, h - 0.1),
            ]
        ]
    )
    counter = board((w - 0.2, 0.7, 0.04), (0, -d / 2 + 0.45, 0.85))
    front = flat(
        [
            [
                (-w / 2 + 0.1, -d / 2 + 0.1, 0.03),
                (w / 2 - 0.1, -d / 2 + 0.1, 0.03),
                (w / 2 - 0.1, -d / 2 + 0.1, 0.83),
                (-w / 2 + 0.1, -d / 2 + 0.1, 0.83),
            ]
        ]
    )
    parts = [
        Part(merged(*posts, counter), timber),
        Part(merged(*slopes, hem), cloth),
        Part(front, cloth if rng.uniform() < 0.5 else stock(rng, materials.fabric)),
    ]
    boxes = [crate(rng, stock) for _ in range(2)]
    x = -w / 2 + 0.45
    while x < w / 2 - 0.35:
        box_ = boxes[int(rng.integers(2))]
        tilt = translation(x, -d / 2 + 0.4, 0.89) @ rotation("x", 10)
        parts += [moved_part(part, tilt) for part in box_.parts]
        x += box_.size[0] + 0.05
    if rng.uniform() < 0.5:
        sign = flat(
            [
                [
                    (-0.5, -d / 2 - over - 0.02, h - 0.29),
                    (0.5, -d / 2 - over - 0.02, h - 0.29),
                    (0.5, -d / 2 - over - 0.02, h - 0.05),
                    (-0.5, -d / 2 - over - 0.02, h - 0.05),
                ]
            ]
        )
        sign = Mesh(sign.points, sign.normals, np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float), sign.faces)
        parts.append(Part(sign, stock(rng, materials.lettered)))
    if on or rng.uniform() < 0.3:
        parts += bulb_string(rng, (-w / 2, -d / 2, h - 0.05), (w / 2, -d / 2, h - 0.05), on, 0.5, 3.0)
    return measured("market stall", parts)


def fountain(rng: np.random.Generator, stock: Stock) -> Thing:
    """A round basin of 1 to 2 m with water and a bowl on a stem."""
    radius, rim = rng.uniform(0.9, 1.8), rng.uniform(0.4, 0.6)
    stone = stock(rng, choose(rng, [materials.stone, materials.concrete, materials.polished_stone]))
    basin = spun(
        [
            (0, 0),
            (radius, 0),
            (radius, 0.1),
            (radius - 0.04, 0.14),
            (radius - 0.04, rim - 0.1),
            (radius + 0.03, rim - 0.06),
            (radius + 0.03, rim),
            (radius - 0.18, rim),
            (radius - 0.18, 0.15),
            (0, 0.15),
        ],
        40,
    )
    tall, bowl = rng.uniform(0.9, 1.5), radius * rng.uniform(0.35, 0.5)
    stem = spun(
        [
            (0.2, 0.15),
            (0.14, 0.3),
            (0.1, tall * 0.6),
            (0.13, tall - 0.15),
            (bowl * 0.6, tall - 0.05),
            (bowl, tall + 0.1),
            (bowl - 0.04, tall + 0.1),
            (bowl * 0.5, tall + 0.02),
            (0, tall),
        ],
        32,
    )
    inside = radius - 0.19
    water = water_surface(rng, np.array([-inside, -inside, inside, inside]), rim - 0.08, 40, inside)
    return measured("fountain", [Part(merged(basin, stem), stone), water])


def water_surface(
    rng: np.random.Generator, area: np.ndarray, z: float, cells: int, round_: float | None = None
) -> Part:
    """The surface of water over (x0, y0, x1, y1), with waves of 0.15 to 1.5 m and a slope of about 0.01 to 0.06.

    round_: it is a disc of this radius. An open surface: what is below lies within the dielectric.
    """
    x0, y0, x1, y1 = area
    if round_ is None:
        v, u = np.meshgrid(np.linspace(y0, y1, cells + 1), np.linspace(x0, x1, cells + 1), indexing="ij")
    else:
        r = np.linspace(round_, 0.0, 12)[:, None]
        angle = np.linspace(0, TAU, cells + 1)
        angle[-1] = 0.0
        u, v = r * np.cos(angle), r * np.sin(angle)
    steep = log_uniform(rng, 0.01, 0.06)
    height, slope_x, slope_y = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    for _ in range(14):
        shortest = max(0.3, 5 * max(x1 - x0, y1 - y0) / cells)
        length, way, phase = log_uniform(rng, shortest, 4 * shortest), rng.uniform(0, TAU), rng.uniform(0, TAU)
        k = TAU / length
        wave = k * (np.cos(way) * u + np.sin(way) * v) + phase
        amplitude = steep / k / 2.6
        height += amplitude * np.sin(wave)
        slope_x += amplitude * k * np.cos(way) * np.cos(wave)
        slope_y += amplitude * k * np.sin(way) * np.cos(wave)
    mesh = sheet(np.stack([u, v, z + height], -1), np.stack([u, v], -1))
    normals = np.stack([-slope_x, -slope_y, np.ones_like(u)], -1).reshape(-1, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    if mesh.normals[:, 2].mean() < 0:
        mesh = Mesh(mesh.points, normals, mesh.uvs, mesh.faces[:, ::-1].copy())
    return Part(
        Mesh(mesh.points, normals, mesh.uvs, mesh.faces), {"type": "dielectric", "int_ior": 1.333, "ext_ior": 1.0}
    )


def lattice_fence(rng: np.random.Generator, stock: Stock, length: float) -> list[Part]:
    """Panels of lattice, 1.8 m wide and high, between posts."""
    mask, timber = stock(rng, materials.fence_mask), stock(rng, materials.wood)
    count = max(1, round(length / 1.8))
    xs = np.linspace(-length / 2, length / 2, count + 1)
    posts = [board((0.09, 0.09, 1.9), (x, 0, 0.95)) for x in xs]
    rails = [board((length, 0.05, 0.06), (0, 0, z)) for z in (0.12, 1.78)]
    panel = flat(
        [[(a + 0.05, 0, 0.15), (b - 0.05, 0, 0.15), (b - 0.05, 0, 1.75), (a + 0.05, 0, 1.75)] for a, b in pairwise(xs)]
    )
    return [Part(merged(*posts, *rails), timber), Part(panel, mask)]


def pool_tiles(rng: np.random.Generator) -> Plugin:
    """Small square tiles, blue to turquoise or white, glazed."""
    base = np.array([rng.uniform(0.15, 0.55), rng.uniform(0.5, 0.75), rng.uniform(0.6, 0.85)])
    picture = Picture(tiles(rng, 256, 8, [base * 0.8, np.minimum(base * 1.15, 0.95)], (0.8, 0.82, 0.82), 0.08))
    return {
        "type": "principled",
        "base_color": repeated(picture, rng.uniform(0.4, 1.6)),
        "roughness": 0.25,
        "specular": 0.5,
    }


def lounger(rng: np.random.Generator, stock: Stock) -> Thing:
    """A sun lounger of 1.9 m, its foot towards -y: slats, with or without a cushion, the back raised."""
    timber = stock(rng, choose(rng, [materials.wood, materials.paint, materials.brushed_metal]))
    lift, angle = 0.32, np.radians(rng.uniform(15, 50))
    rails = [board((0.05, 1.25, 0.06), (s * 0.3, -0.3, lift - 0.03)) for s in (-1, 1)]
    rails += [board((0.05, 0.05, lift - 0.06), (s * 0.3, y, (lift - 0.06) / 2)) for s in (-1, 1) for y in (-0.85, 0.25)]
    slats = [board((0.62, 0.06, 0.02), (0, y, lift + 0.01)) for y in np.arange(-0.88, 0.3, 0.08)]
    head = [board((0.62, 0.06, 0.02), (0, 0, 0.01)) for _ in range(8)]
    c, s = np.cos(angle), np.sin(angle)
    turn = rotation("x", np.degrees(angle))[:3, :3]
    raised = [
        Mesh(
            m.points @ turn.T + [0, 0.32 + (0.08 * k + 0.04) * c, lift + (0.08 * k + 0.04) * s],
            m.normals @ turn.T,
            m.uvs,
            m.faces,
        )
        for k, m in enumerate(head)
    ]
    props = [
        rod((e * 0.28, 0.25, 0.28), (e * 0.28, 0.3 + 0.45 * c, lift + 0.45 * s - 0.01), 0.012, sides=6) for e in (-1, 1)
    ]
    parts = [Part(merged(*rails, *slats, *raised, *props), timber)]
    if rng.uniform() < 0.6:
        cloth = stock(rng, materials.fabric)
        pad = board((0.58, 1.18, 0.07), (0, -0.29, lift + 0.056), 0.03)
        back = board((0.58, 0.64, 0.07), (0, 0.32, 0.056), 0.03)
        back = Mesh(back.points @ turn.T + [0, 0.32, lift], back.normals @ turn.T, back.uvs, back.faces)
        parts.append(Part(merged(pad, back), cloth))
    return measured("lounger", parts)


def container(rng: np.random.Generator, stock: Stock) -> Thing:
    """A shipping container with ribbed sides, 6.1 x 2.4 x 2.6 m."""
    w, d, h = 6.1, 2.44, 2.6
    x = np.linspace(-w / 2, w / 2, 88)
    wave = 0.035 * (np.arange(88) // 2 % 2)
    rows = []
    for s in (-1, 1):
        low = np.stack([x, s * (d / 2 - wave), np.full(88, 0.1)], 1)
        high = low + np.array([0, 0, h - 0.2])
        quads = np.stack([low[:-1], low[1:], high[1:], high[:-1]], 1)
        rows.append(quads if s < 0 else quads[:, ::-1])
    frame = [block((w, d, 0.1), (0, 0, z)) for z in (0.05, h - 0.05)]
    frame += [
        box((0.12, 0.12, h), 0.01, (a * (w / 2 - 0.05), b * (d / 2 - 0.05), h / 2)) for a in (-1, 1) for b in (-1, 1)
    ]
    frame += [block((0.06, d - 0.1, h - 0.2), (a * (w / 2 - 0.06), 0, h / 2)) for a in (-1, 1)]
    bars = [rod((w / 2 - 0.01, y, 0.15), (w / 2 - 0.01, y, h - 0.15), 0.02, sides=6) for y in (-0.7, -0.25, 0.25, 0.7)]
    skin = stock(rng, materials.paint)
    return measured(
        "container",
        [
            Part(merged(flat(np.concatenate(rows)), *frame), skin),
            Part(merged(*bars), stock(rng, materials.brushed_metal)),
        ],
    )


def pallets(rng: np.random.Generator, stock: Stock) -> Thing:
    """A stack of pallets or a pallet with boxes."""
    pieces = []
    count = int(rng.integers(1, 7))
    for k in range(count):
        z = 0.145 * k
        pieces += [board((0.14, 0.8, 0.1), (x, 0, z + 0.05)) for x in (-0.53, 0, 0.53)]
        pieces += [board((1.2, 0.1, 0.022), (0, y, z + 0.122)) for y in np.linspace(-0.35, 0.35, 6)]
    parts = [Part(merged(*pieces), stock(rng, materials.wood))]
    if count < 3:
        boxes = [
            board((0.38, 0.38, 0.3), (x, y, 0.145 * count + 0.151 + 0.31 * z), 0.004)
            for x in (-0.4, 0, 0.4)
            for y in (-0.2, 0.2)
            for z in range(int(rng.integers(1, 4)))
        ]
        parts.append(Part(merged(*boxes), stock(rng, materials.paper)))
    return measured("pallets", parts)


def rubbish_bin(rng: np.random.Generator, stock: Stock) -> Thing:
    """A rubbish container on wheels."""
    w, d, h = 1.2, 0.8, 1.1
    low, high = (
        np.array([(-w / 2.4, -d / 2.4), (w / 2.4, -d / 2.4), (w / 2.4, d / 2.4), (-w / 2.4, d / 2.4)]),
        np.array([(-w / 2, -d / 2), (w / 2, -d / 2), (w / 2, d / 2), (-w / 2, d / 2)]),
    )
    ring = [np.column_stack([r, np.full(4, z)]) for r, z in ((low, 0.14), (high, h))]
    sides = np.stack([ring[0], np.roll(ring[0], -1, 0), np.roll(ring[1], -1, 0), ring[1]], 1)
    lid = board((w + 0.06, d + 0.06, 0.07), (0, 0, h + 0.03), 0.02)
    wheels = [
        rod((a * 0.42, b * 0.26 - 0.03, 0.08), (a * 0.42, b * 0.26 + 0.03, 0.08), 0.08)
        for a in (-1, 1)
        for b in (-1, 1)
    ]
    floor = flat([ring[0][::-1]])
    return measured(
        "rubbish bin",
        [
            Part(merged(flat(sides), floor), stock(rng, materials.plastic)),
            Part(lid, stock(rng, materials.plastic)),
            Part(merged(*wheels), stock(rng, materials.rubber)),
        ],
    )


def car(rng: np.random.Generator, stock: Stock) -> Thing:
    """A car of 3.8 to 4.7 m along y: body lofted from a side profile, dark windows, wheels, lamps."""
    length, w = rng.uniform(3.8, 4.7), rng.uniform(1.65, 1.85)
    hood, deck = rng.uniform(0.66, 0.8), rng.uniform(0.85, 1.0)
    roof = rng.uniform(1.38, 1.6)
    belt = rng.uniform(0.82, 0.92)
    # Fractions of the length from the front, with heights of the body there.
    outline = np.array(
        [
            (0.0, 0.45),
            (0.012, 0.62),
            (0.05, hood),
            (0.27, belt),
            (0.6, belt + 0.01),
            (0.8, belt + 0.02),
            (0.95, deck),
            (0.99, 0.7),
            (1.0, 0.45),
        ]
    )
    shape = outline.copy()
    y = (shape[:, 0] - 0.5) * length
    across = np.array([-1.0, -0.97, -0.86, 0.0, 0.86, 0.97, 1.0])
    lower = np.array([0.0, 0.55, 0.96, 1.0, 0.96, 0.55, 0.0])
    taper = 1 - 0.1 * np.abs(2 * shape[:, 0] - 1) ** 3
    x = across * taper[:, None] * w / 2
    z = 0.24 + (shape[:, 1:2] - 0.24) * lower
    body = sheet(np.stack([x, np.broadcast_to(y[:, None], x.shape), z], -1)[:, ::-1][:, ::-1])
    nose = [np.stack([x[k], np.full(7, y[k]), z[k]], 1) for k in (0, -1)]
    ends = [polygon(nose[0]), polygon(nose[1][::-1])]
    cabin_low = [(0.27, belt - 0.01), (0.93, deck - 0.06)]
    front, rear = rng.uniform(0.40, 0.46), rng.uniform(0.72, 0.88)
    ys = (np.array([cabin_low[0][0], front, rear, cabin_low[1][0]]) - 0.5) * length
    low_half, top_half = 0.455 * w, 0.36 * w
    lows = np.array([(low_half, ys[0], belt - 0.02), (low_half, ys[3], belt - 0.02)])
    tops = np.array([(top_half, ys[1], roof), (top_half, ys[2], roof)])
    side = np.array([lows[0], lows[1], tops[1], tops[0]])
    mirror_side = side * [-1, 1, 1]
    glass = flat(
        np.array(
            [
                side,
                mirror_side[::-1],
                [mirror_side[0], side[0], side[3], mirror_side[3]],
                [side[1], mirror_side[1], mirror_side[2], side[2]],
            ]
        )
    )
    lid = np.array([[tops[0] * [-1, 1, 1], tops[0], tops[1], tops[1] * [-1, 1, 1]]])
    top = flat(lid + np.array([0, 0, 0.004]))
    pillars = [
        beam(a, b, 0.05, 0.05, (0, 1, 0.2))
        for s in (-1, 1)
        for a, b in (
            (lows[0] * [s, 1, 1], tops[0] * [s, 1, 1]),
            (lows[1] * [s, 1, 1], tops[1] * [s, 1, 1]),
            ((lows[0] * [s, 1, 1] + lows[1] * [s, 1, 1]) / 2, (tops[0] * [s, 1, 1] + tops[1] * [s, 1, 1]) / 2),
        )
    ]
    r = 0.31
    wheels = [
        spun(
            [
                (0, -0.1),
                (0.6 * r, -0.1),
                (0.66 * r, -0.1),
                (0.95 * r, -0.1),
                (r, -0.06),
                (r, 0.06),
                (0.95 * r, 0.1),
                (0.66 * r, 0.1),
                (0, 0.08),
            ],
            22,
        )
    ]
    tyre = wheels[0]
    turn = rotation("y", 90)[:3, :3]
    tyre = Mesh(tyre.points @ turn.T, tyre.normals @ turn.T, tyre.uvs, tyre.faces)
    hub = spun([(0, 0.1), (0.62 * r, 0.1), (0.62 * r, 0.12), (0.2 * r, 0.105), (0, 0.11)][::1], 22)
    hub = Mesh(hub.points @ turn.T, hub.normals @ turn.T, hub.uvs, hub.faces)
    places = [(s * (w / 2 - 0.1), e * length * 0.31, r) for s in (-1, 1) for e in (-1, 1)]
    tyres = merged(*(Mesh(tyre.points + place, tyre.normals, tyre.uvs, tyre.faces) for place in places))
    hubs = merged(
        *(
            Mesh(
                hub.points * [np.sign(place[0]), 1, 1] + place,
                hub.normals * [np.sign(place[0]), 1, 1],
                hub.uvs,
                hub.faces if place[0] > 0 else hub.faces[:, ::-1],
            )
            for place in places
        )
    )
    lamps = [board((0.3, 0.06, 0.12), (s * 0.32 * w, -length / 2 + 0.06, 0.6), 0.02) for s in (-1, 1)]
    red = [board((0.22, 0.06, 0.16), (s * 0.36 * w, length / 2 - 0.05, 0.68), 0.02) for s in (-1, 1)]
    dark_glass = {"type": "plastic", "diffuse_reflectance": Rgb(0.01, 0.012, 0.014), "int_ior": 1.5}
    under = block((w * 0.9, length * 0.9, 0.14), (0, 0, 0.24))
    return measured(
        "car",
        [
            Part(merged(body, *ends, top, *pillars), stock(rng, materials.car_paint)),
            Part(glass, dark_glass),
            Part(merged(tyres, under), stock(rng, materials.rubber)),
            Part(hubs, stock(rng, materials.brushed_metal)),
            Part(merged(*lamps), {"type": "plastic", "diffuse_reflectance": Rgb(0.7, 0.7, 0.7)}),
            Part(merged(*red), {"type": "plastic", "diffuse_reflectance": Rgb(0.35, 0.01, 0.01)}),
        ],
    )


def slide(rng: np.random.Generator, stock: Stock) -> Thing:
    """A slide of sheet metal or plastic with a ladder."""
    h = rng.uniform(1.5, 2.2)
    y = np.array([-2.6, -2.2, -1.2, -0.2, 0.0])
    z = np.array([0.28, 0.3, 0.5 * h, 0.97 * h, h])
    path = smooth_curve(np.stack([y, z], 1), 20)
    x = np.array([-0.27, -0.25, -0.24, 0.24, 0.25, 0.27])
    up = np.array([0.16, 0.16, 0.0, 0.0, 0.16, 0.16])
    points = np.stack([np.broadcast_to(x, (20, 6)), np.broadcast_to(path[:, :1], (20, 6)), path[:, 1:] + up], -1)
    chute = sheet(points, np.stack([np.broadcast_to(x, (20, 6)), np.broadcast_to(path[:, :1], (20, 6))], -1))
    frame = [rod((s * 0.25, 0.75, 0), (s * 0.25, 0.1, h + 0.0), 0.025) for s in (-1, 1)]
    frame += [rod((s * 0.25, 0.1, h), (s * 0.25, 0.05, h + 0.5), 0.025) for s in (-1, 1)]
    frame += [
        rod((-0.25, 0.75 - 0.65 * t, h * t), (0.25, 0.75 - 0.65 * t, h * t), 0.02, sides=8)
        for t in np.linspace(0.15, 0.95, 6)
    ]
    frame += [rod((s * 0.25, -1.2, 0), (s * 0.25, -1.2, 0.5 * h), 0.025) for s in (-1, 1)]
    skin = (
        stock(rng, materials.brushed_metal)
        if rng.uniform() < 0.5
        else {"type": "twosided", "bsdf": {"type": "plastic", "diffuse_reflectance": Rgb(*rng.uniform(0.05, 0.7, 3))}}
    )
    return measured("slide", [Part(chute, skin), Part(merged(*frame), stock(rng, materials.paint))])


def swing(rng: np.random.Generator, stock: Stock) -> Thing:
    """A frame with two swings."""
    h, w = rng.uniform(2.0, 2.4), 3.0
    frame = [rod((s * w / 2, e * 0.8, 0), (s * w / 2, 0, h), 0.035) for s in (-1, 1) for e in (-1, 1)]
    frame.append(rod((-w / 2, 0, h), (w / 2, 0, h), 0.04))
    chains, seats = [], []
    for x in (-0.7, 0.7):
        swing = rng.uniform(-0.3, 0.3)
        chains += [rod((x + e * 0.22, 0, h - 0.03), (x + e * 0.22, swing, 0.5), 0.008, sides=6) for e in (-1, 1)]
        seats.append(board((0.5, 0.2, 0.03), (x, swing, 0.49)))
    return measured(
        "swing",
        [
            Part(merged(*frame), stock(rng, materials.paint)),
            Part(merged(*chains), stock(rng, materials.brushed_metal)),
            Part(merged(*seats), stock(rng, materials.rubber)),
        ],
    )


def climbing_dome(rng: np.random.Generator, stock: Stock) -> Thing:
    """A climbing frame: rings and ribs of bars on a half ball."""
    radius, ribs = rng.uniform(1.1, 1.5), int(rng.integers(6, 11))
    t = np.linspace(0, np.pi / 2, 9)
    paths = np.stack(
        [
            [radius * np.stack([np.cos(t) * np.cos(a), np.cos(t) * np.sin(a), np.sin(t)], 1)]
            for a in TAU * np.arange(ribs) / ribs
        ]
    )[:, 0]
    bars = [tubes(paths, np.full(paths.shape[:2], 0.02), 6)]
    around = TAU * np.arange(ribs + 1) / ribs
    around[-1] = 0.0
    for level in (0.3, 0.65, 1.0, 1.3):
        ring = radius * np.stack(
            [np.cos(level) * np.cos(around), np.cos(level) * np.sin(around), np.full(ribs + 1, np.sin(level))], 1
        )
        bars += [rod(a, b, 0.018, sides=6) for a, b in pairwise(ring)]
    return measured("climbing dome", [Part(merged(*bars), stock(rng, materials.paint))])


def sandpit(rng: np.random.Generator, stock: Stock) -> Thing:
    """Sand in a frame of beams, with a bucket."""
    w = rng.uniform(1.6, 2.4)
    frame = [board((w, 0.18, 0.22), (0, s * (w / 2 - 0.09), 0.11), 0.01) for s in (-1, 1)] + [
        board((0.18, w - 0.36, 0.22), (s * (w / 2 - 0.09), 0, 0.11), 0.01) for s in (-1, 1)
    ]
    v, u = np.meshgrid(np.linspace(-1, 1, 15), np.linspace(-1, 1, 15), indexing="ij")
    z = 0.1 + 0.03 * np.sin(3 * u + rng.uniform(0, 6)) * np.cos(4 * v) + 0.008 * rng.standard_normal(u.shape)
    points = np.stack([u * (w / 2 - 0.18), v * (w / 2 - 0.18), z], -1)
    bucket = spun([(0, 0), (0.08, 0), (0.11, 0.18), (0.1, 0.18), (0.075, 0.01), (0, 0.01)], 16)
    bucket = moved(bucket, 0.3, 0.2, 0.13)
    sand = {"type": "diffuse", "reflectance": Rgb(0.55, 0.45, 0.3)}
    return measured(
        "sandpit",
        [
            Part(merged(*frame), stock(rng, materials.wood)),
            Part(sheet(points, points[..., :2].copy()), sand),
            Part(bucket, stock(rng, materials.plastic)),
        ],
    )
