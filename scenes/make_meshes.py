"""Makes every mesh, texture and curve file that the scenes in this folder use.

Run it as ``python scenes/make_meshes.py``.  It rewrites all assets next to the
``scene.xml`` files, byte for byte the same each time: all randomness comes
from generators with fixed seeds.  The z axis points up and one unit is one
metre, unless a scene says otherwise.
"""

from pathlib import Path

import numpy as np

from mcdenoise.random_scenes.files import write_curves, write_pfm, write_ply, write_png
from mcdenoise.random_scenes.meshes import (
    TAU,
    box,
    bumpy_ball,
    chair,
    curtain,
    gear,
    hanging_line,
    lathe,
    merged,
    sheet,
    smooth_curve,
    smooth_lathe,
    stairs,
    table,
    torus_knot,
    tube,
    turned,
    welded,
)
from mcdenoise.random_scenes.strands import fur, grass, leafy
from mcdenoise.random_scenes.textures import (
    brick_height,
    bricks,
    cloudy,
    hammered,
    lattice,
    leaf,
    marble,
    normal_map,
    painting,
    periodic_noise,
    planks,
    ramp,
    rug,
    speckles,
    tiles,
    weave,
    wood,
)


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


def write_assets(folder, assets):
    """Writes a scene's assets; the file name says what kind each one is."""
    writers = {".ply": write_ply, ".png": write_png, ".pfm": write_pfm, ".txt": write_curves}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in assets.items():
        path = folder / name
        writers[path.suffix](path, content)


def without_uvs(names, assets):
    """The assets, with no texture coordinates in the named meshes.

    Meshes of one plain material do not need them, and are smaller without.
    """
    bare = {f"{name}.ply" for name in names.split()}
    return {name: welded(item) if name in bare else item for name, item in assets.items()}


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
