"""Books, boxes, devices, tools, toys of cloth and fur: what lies about on desks and shelves."""

from dataclasses import replace

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.meshes import TAU, Mesh, box, gear, merged, moved, sheet, stretched, turned
from mcdenoise.random_scenes.parts import (
    Part,
    Plugin,
    Rgb,
    Strands,
    Thing,
    choose,
    moved_part,
    rotation,
    scaling,
    translation,
)
from mcdenoise.random_scenes.solids import (
    ball,
    block,
    can,
    flat_shaded,
    hull_of,
    icosphere,
    prism,
    revolved,
    ribbon,
    ring,
    rod,
    stood,
    superball,
    wall_between,
    warped,
    waves,
    with_uv_scale,
)
from mcdenoise.random_scenes.strands import pelt

_PAGES = Rgb(0.72, 0.66, 0.52)


def book_meshes(thick: float, deep: float, high: float, round_spine: bool) -> tuple[Mesh, Mesh]:
    """(cover, pages) of a book that stands on z = 0, its spine towards -y; one picture fills each board and spine."""
    board = min(0.0028, 0.16 * thick)
    sides = [block((board, deep, high), (s * (thick - board) / 2, 0, high / 2)) for s in (-1, 1)]
    sides = [_filling(mesh, deep, high) for mesh in sides]
    if round_spine:
        turn = np.radians(np.linspace(180, 360, 9))
        x, y = thick / 2 * np.cos(turn), -deep / 2 + 0.22 * thick * np.sin(turn)
        z = np.array([[0.0], [high]])
        back = sheet(np.stack(np.broadcast_arrays(x, y, z), -1))
        lids = [_fan(x, y, level, up) for level, up in ((0.0, -1.0), (high, 1.0))]
        spine = merged(back, *lids)
    else:
        spine = block((thick - 2 * board, board, high), (0, (board - deep) / 2, high / 2))
        spine = _filling(spine, thick, high)
    leaves = block((thick - 2 * board, deep - board - 0.004, high - 0.006), (0, (board - 0.004) / 2, high / 2))
    return merged(*sides, spine), leaves


def _filling(mesh: Mesh, width: float, height: float) -> Mesh:
    """Texture coordinates that were metres around the middle, made to run over 0..1, from the left as one sees it."""
    uvs = mesh.uvs / np.array([width, height]) + 0.5
    mirrored = (mesh.normals[:, 0] < -0.5) | (mesh.normals[:, 1] > 0.5)
    uvs[mirrored, 0] = 1 - uvs[mirrored, 0]
    return Mesh(mesh.points, mesh.normals, uvs, mesh.faces)


def _fan(x: np.ndarray, y: np.ndarray, level: float, up: float) -> Mesh:
    points = np.stack([x, y, np.full_like(x, level)], 1)
    index = np.arange(1, len(x) - 1)
    faces = np.stack([0 * index, index, index + 1], 1)
    faces = faces if up > 0 else faces[:, ::-1]
    return Mesh(points, np.tile([0.0, 0.0, up], (len(points), 1)), np.full((len(points), 2), 0.5), faces)


def _covers(rng: np.random.Generator, count: int) -> list[Plugin]:
    """A few printed covers and a few of one colour."""
    printed = [materials.book_cover(rng) for _ in range(min(3, count))]
    plain = []
    for _ in range(count - len(printed)):
        colour = Rgb(*map(float, rng.uniform(0.02, 0.7) * rng.uniform(0.25, 1.0, 3)))
        plain.append(
            {"type": "twosided", "bsdf": {"type": "roughplastic", "diffuse_reflectance": colour, "alpha": 0.25}}
        )
    return printed + plain


def _paper_block() -> Plugin:
    return {"type": "diffuse", "reflectance": _PAGES}


def book_row(rng: np.random.Generator, length: float, height: float, depth: float) -> Thing:
    """Books standing in a row up to `length` long, in a shelf `height` high and `depth` deep; spines face -y.

    Thickness 1 to 5 cm, height 16 to 31 cm as far as it fits, in series of one to six alike; in 40 % of rows the last
    ones lean. Covers are drawn from three to eight. Raises ValueError if no book of 16 cm fits.
    """
    if height < 0.165 or depth < 0.09 or length < 0.02:
        raise ValueError(f"no book fits {length:.3f} x {depth:.3f} x {height:.3f} m")
    covers = _covers(rng, int(rng.integers(3, 9)))
    pieces: list[list[Mesh]] = [[] for _ in covers]
    pages: list[Mesh] = []
    lean_from = length * (rng.uniform(0.7, 0.9) if rng.uniform() < 0.4 else 2.0)
    x = 0.0
    while True:
        tall = rng.uniform(0.16, min(0.31, height - 0.004))
        thick, cover = rng.uniform(0.01, 0.05), int(rng.integers(len(covers)))
        deep = min(tall * rng.uniform(0.62, 0.78), depth - 0.015 - 0.25 * thick)
        round_spine = rng.uniform() < 0.5
        run = int(rng.integers(1, 7)) if rng.uniform() < 0.35 else 1
        for _ in range(run):
            one = thick * rng.uniform(0.9, 1.1) if run > 1 else thick
            angle = 0.0
            step = one + 0.0006
            if x > lean_from:
                angle = 14.0
                step = one / np.cos(np.radians(angle)) + 0.001
            wide = one * np.cos(np.radians(angle)) + tall * np.sin(np.radians(angle)) if angle else one
            if x + wide > length or len(pages) >= 90:
                break
            if x == 0.0 or angle == 0.0 or x > lean_from:
                body, leaves = book_meshes(one, deep, tall, round_spine)
                y = rng.uniform(0.0, 0.011) + 0.22 * one * round_spine
                for mesh, bin_of in ((body, pieces[cover]), (leaves, pages)):
                    bin_of.append(moved(_leaning(mesh, one, angle), x, y + deep / 2, 0.0))
            x += step
        else:
            continue
        break
    if not pages:
        body, leaves = book_meshes(length * 0.9, min(0.11, depth - 0.015), 0.16, False)
        pieces[0].append(body)
        pages.append(leaves)
    parts = [Part(merged(*meshes), cover) for meshes, cover in zip(pieces, covers, strict=True) if meshes]
    return stood("row of books", [*parts, Part(merged(*pages), _paper_block())])


def _leaning(mesh: Mesh, thick: float, degrees: float) -> Mesh:
    """A book whose lower left corner is put at x = 0 after it has leant to the left against those before it."""
    if not degrees:
        return moved(mesh, x=thick / 2)
    # Turned about its lower right edge, which stays on the shelf; the top then touches the book on its left.
    leant = turned(moved(mesh, x=-thick / 2), "y", -degrees)
    return moved(leant, x=-float(leant.points[:, 0].min()), z=-float(leant.points[:, 2].min()))


def books(rng: np.random.Generator) -> Thing:
    """A row of books 12 to 40 cm long that stands alone, between two bookends (half) of metal or stone."""
    length = rng.uniform(0.12, 0.4)
    row = book_row(rng, length, 0.4, 0.3)
    parts = list(row.parts)
    if rng.uniform() < 0.5:
        bsdf = choose(rng, [materials.metal, materials.polished_stone, materials.wood])(rng)
        end = box((0.03, 0.11, 0.13), 0.002, (0, 0, 0.065))
        parts += [Part(moved(end, s * (row.size[0] / 2 + 0.016)), bsdf) for s in (-1, 1)]
    return stood("row of books", parts)


def book_stack(rng: np.random.Generator) -> Thing:
    """Two to seven books that lie on one another, turned by up to 12 degrees; the larger ones tend to lie below."""
    covers = _covers(rng, 4)
    count, z, parts = int(rng.integers(2, 8)), 0.0, []
    sizes = np.sort(rng.uniform(0.16, 0.3, count))[::-1] * rng.uniform(0.92, 1.08, count)
    paper = _paper_block()
    for k, tall in enumerate(sizes):
        thick = rng.uniform(0.012, 0.045)
        body, leaves = book_meshes(thick, 0.7 * tall, tall, rng.uniform() < 0.5)
        # It lies on its left board: x becomes up.
        where = translation(*rng.uniform(-0.012, 0.012, 2), z + thick / 2) @ rotation(
            "z", rng.normal(0, 5) + 180 * (k % 2)
        )
        where = where @ rotation("y", -90) @ translation(0, 0, -tall / 2)
        parts += [Part(body, covers[k % 4], None, None, where), Part(leaves, paper, None, None, where)]
        z += thick + 0.0004
    return stood("stack of books", parts)


def open_book(rng: np.random.Generator) -> Thing:
    """A book or magazine of 20 to 30 cm that lies open, its pages bent up towards the fold."""
    high, wide, thick = rng.uniform(0.19, 0.28), rng.uniform(0.13, 0.2), rng.uniform(0.006, 0.022)
    t = np.linspace(0, 1, 15)
    rise = thick * (0.35 + 0.65 * (1 - t) ** 0.5 * np.minimum(1, 9 * t) ** 0.5 + 0.1 * np.sin(np.pi * t))
    pages = []
    for s in (-1, 1):
        x = s * wide * t
        order = slice(None) if s > 0 else slice(None, None, -1)
        top = np.stack(
            [
                np.broadcast_to(x[order], (2, 15)),
                [[-high / 2] * 15, [high / 2] * 15],
                np.broadcast_to(rise[order], (2, 15)),
            ],
            -1,
        )
        half = 0.25 * (1 + s)
        v, u = np.meshgrid([0.0, 1.0], np.linspace(half, half + 0.5, 15), indexing="ij")
        pages.append(sheet(top, np.stack([u, v], -1)))
    below = [block((wide, high, 0.3 * thick), (s * wide / 2, 0, 0.16 * thick)) for s in (-1, 1)]
    cover = block((2 * wide + 0.01, high + 0.008, 0.002), (0, 0, -0.001))
    printed = materials.lettered(rng)
    parts = [Part(page, printed) for page in pages]
    parts += [Part(merged(*below), _paper_block()), Part(cover, _covers(rng, 4)[3])]
    return stood("open book", parts)


def parcel(rng: np.random.Generator) -> Thing:
    """A closed box of 8 to 35 cm: card with a label, a gift with a ribbon, or a case of wood, leather or metal."""
    w, d, h = rng.uniform(0.1, 0.35), rng.uniform(0.08, 0.25), rng.uniform(0.04, 0.2)
    kind = choose(rng, {"card": 0.4, "gift": 0.3, "case": 0.3})
    if kind == "case":
        bsdf = choose(rng, [materials.wood, materials.leather, materials.metal, materials.fabric])(rng)
        split = 0.68 * h
        parts = [Part(box((w, d, split), 0.003, (0, 0, split / 2)), bsdf)]
        parts.append(Part(box((w + 0.003, d + 0.003, h - split - 0.001), 0.003, (0, 0, (h + split) / 2)), bsdf))
        clasp = box((0.025, 0.004, 0.03), 0.001, (0, -d / 2 - 0.003, split))
        return stood("case", [*parts, Part(clasp, choose(rng, [materials.gold_like, materials.metal])(rng))])
    body = box((w, d, h), 0.002, (0, 0, h / 2))
    if kind == "gift":
        ribbon_of = choose(rng, [materials.velvet, materials.glossy_plastic, materials.fabric])(rng)
        bands = [
            block((0.022, d + 0.0016, h + 0.0016), (0, 0, h / 2)),
            block((w + 0.0018, 0.022, h + 0.0018), (0, 0, h / 2)),
        ]
        t = np.radians(np.linspace(0, 360, 21)[:-1])
        loop = np.stack([0.03 + 0.03 * np.cos(t), 0 * t, 0.022 * np.sin(t) * np.cos(t / 2) ** 2 + 0.014], 1)
        bow = [turned(moved(_strap(loop, 0.018), z=h + 0.001), "z", a) for a in (10, 190, 95, 270)]
        paper = choose(rng, [materials.paper, materials.glossy_plastic, materials.lettered])(rng)
        return stood("gift box", [Part(body, paper), Part(merged(*bands, *bow), ribbon_of)])
    card = choose(rng, [materials.paper, materials.wood])(rng)
    tape = block((0.05, d + 0.001, 0.6 * h), (0, 0, 0.7 * h + 0.0006))
    label = _card(min(0.1, 0.6 * w), min(0.07, 0.6 * h))
    label = moved(label, rng.uniform(-0.1, 0.1) * w, -d / 2 - 0.0005, 0.4 * h)
    return stood(
        "parcel", [Part(body, card), Part(tape, materials.glossy_plastic(rng)), Part(label, materials.lettered(rng))]
    )


def _strap(path: np.ndarray, width: float) -> Mesh:
    """A band along a closed path in the plane y = 0, seen from both sides: a thin closed strip."""
    closed = np.concatenate([path, path[:1]])
    sides = np.array([-width / 2, width / 2])
    points = np.stack([np.stack([closed[:, 0], np.full(len(closed), y), closed[:, 2]], 1) for y in sides], 1)
    return sheet(points)


def _card(width: float, height: float) -> Mesh:
    """An upright sheet around the origin that faces -y, on uvs 0..1."""
    v, u = np.meshgrid([0.0, 1.0], [0.0, 1.0], indexing="ij")
    return sheet(np.stack([(u - 0.5) * width, 0 * u, (v - 0.5) * height], -1))


def _lying_card(width: float, depth: float) -> Mesh:
    """A level sheet on z = 0 that faces up, on uvs 0..1."""
    return turned(_card(width, depth), "x", -90)


def laptop(rng: np.random.Generator) -> Thing:
    """An open laptop of 28 to 38 cm; the lid leans back by 5 to 30 degrees; the screen glows (half) or is off."""
    w = rng.uniform(0.28, 0.38)
    d, h = 0.68 * w, 0.6 * w
    body = choose(rng, [materials.brushed_metal, materials.dark_metal, materials.plastic])(rng)
    black = materials.plastic(rng)
    base = box((w, d, 0.014), 0.004, (0, 0, 0.007))
    pad = block((0.3 * w, 0.28 * d, 0.0006), (0, -0.3 * d, 0.0143))
    lean = rng.uniform(5, 30)
    lid_at = translation(0, d / 2 - 0.004, 0.015) @ rotation("x", -lean)
    lid = box((w, 0.006, h), 0.0025, (0, 0, h / 2))
    keys = _keys(0.9 * w, 0.46 * d, 5, 14, 0.002)
    parts = [Part(base, body), Part(pad, body), Part(lid, body, None, None, lid_at)]
    parts.append(Part(keys, black, None, None, translation(0, 0.16 * d, 0.0143)))
    parts.append(_display(rng, 0.94 * w, 0.88 * h, lid_at @ translation(0, -0.0034, h / 2)))
    return stood("laptop", parts)


def _display(rng: np.random.Generator, width: float, height: float, where: np.ndarray) -> Part:
    """A screen: half of them are on, with an even light of 0.15 to 0.6 times white paper under room light."""
    bsdf = materials.screen(rng)
    glow = None
    if rng.uniform() < 0.5:
        colour = Rgb(*map(float, rng.uniform(0.5, 1.0, 3)))
        glow = {"type": "area", "radiance": colour.times(float(rng.uniform(0.15, 0.6)))}
    return Part(_card(width, height), bsdf, glow, None, where)


def _keys(width: float, depth: float, rows: int, columns: int, height: float) -> Mesh:
    """Rows of keys on z = 0, the last row with a long bar."""
    dx, dy = width / columns, depth / rows
    key = block((0.86 * dx, 0.86 * dy, height), (0, 0, height / 2))
    keys = []
    for j in range(rows):
        shift = 0.25 * dx * (j % 3)
        for i in range(columns - (j > 0)):
            if j == 0 and 4 <= i <= 8:
                continue
            keys.append(moved(key, (i + 0.5) * dx - width / 2 + shift * (j > 0), (j + 0.5) * dy - depth / 2))
    bar = block((4.86 * dx, 0.86 * dy, height), (6.5 * dx - width / 2, 0.5 * dy - depth / 2, height / 2))
    return merged(*keys, bar)


def keyboard(rng: np.random.Generator) -> Thing:
    """A keyboard of 28 to 45 cm with six rows of keys, tilted by up to 5 degrees."""
    w = rng.uniform(0.28, 0.45)
    d = rng.uniform(0.11, 0.15)
    tilt = rotation("x", rng.uniform(0, 5))
    case, caps = (
        choose(rng, [materials.plastic, materials.brushed_metal, materials.dark_metal])(rng),
        materials.plastic(rng),
    )
    parts = [Part(box((w, d, 0.016), 0.003, (0, 0, 0.008)), case, None, None, tilt)]
    parts.append(Part(_keys(0.96 * w, 0.9 * d, 6, 15, 0.007), caps, None, None, tilt @ translation(0, 0, 0.0162)))
    return stood("keyboard", parts)


def mouse(rng: np.random.Generator) -> Thing:
    """A computer mouse of 10 to 12 cm."""
    body = superball(0.032, 0.057, 0.034, 0.8, 0.85, 32, 18)
    body = warped(
        body,
        lambda p: np.stack([p[:, 0], p[:, 1], np.maximum(p[:, 2], 0) * (1 - 4 * np.maximum(-p[:, 1], 0) ** 1.0)], 1),
    )
    wheel = moved(turned(can(0.009, 0.007, 0.002, 20), "y", 90), -0.0035, -0.034, 0.0225)
    size = rng.uniform(0.9, 1.05)
    body, wheel = (stretched(mesh, size, size, size) for mesh in (body, wheel))
    return stood("mouse", [Part(body, materials.plastic(rng)), Part(wheel, materials.rubber(rng))])


def monitor(rng: np.random.Generator) -> Thing:
    """A flat screen of 50 to 75 cm on a foot, or an old thick one of 35 to 45 cm; half are on."""
    case = choose(rng, [materials.plastic, materials.dark_metal, materials.brushed_metal])(rng)
    if rng.uniform() < 0.15:
        w, d = rng.uniform(0.35, 0.45), 0.3
        h = 0.8 * w
        front = box((w, 0.1, h), 0.015, (0, 0, h / 2 + 0.03))
        rear = box((0.75 * w, d, 0.72 * h), 0.03, (0, 0.05 + d / 2 - 0.02, h / 2 + 0.03))
        foot = box((0.5 * w, 0.26, 0.03), 0.008, (0, 0.08, 0.015))
        screen = _display(rng, 0.84 * w, 0.76 * h, translation(0, -0.0506, h / 2 + 0.03))
        return stood("monitor", [Part(merged(front, rear, foot), case), screen])
    w = rng.uniform(0.5, 0.75)
    h, up = w * choose(rng, [0.5625, 0.4286, 0.625]), rng.uniform(0.08, 0.14)
    panel = box((w, 0.018, h), 0.004, (0, 0, up + h / 2))
    neck = box((0.05, 0.012, up + 0.5 * h), 0.003, (0, 0.017, (up + 0.5 * h) / 2))
    foot = (
        box((0.24, 0.19, 0.008), 0.003, (0, 0.02, 0.004))
        if rng.uniform() < 0.6
        else moved(can(0.11, 0.008, 0.003), y=0.02)
    )
    screen = _display(rng, w - 0.014, h - 0.014, translation(0, -0.0096, up + h / 2))
    return stood("monitor", [Part(panel, case), Part(merged(neck, foot), case), screen])


def phone(rng: np.random.Generator) -> Thing:
    """A phone of 15 or a tablet of 25 cm, lying face up, or (30 %) leaning on a small stand."""
    scale = choose(rng, {1.0: 0.75, 1.65: 0.25})
    w, h = 0.073 * scale * (1.35 if scale > 1 else 1), 0.152 * scale
    body = box((w, 0.008, h), 0.0034, (0, 0, h / 2))
    case = choose(rng, [materials.glossy_plastic, materials.metal, materials.rubber])(rng)
    pieces = [Part(body, case), _display(rng, w - 0.007, h - 0.01, translation(0, -0.0043, h / 2))]
    if rng.uniform() < 0.7:
        return stood("phone", [moved_part(part, rotation("x", -90)) for part in pieces])
    tilt = rotation("x", -rng.uniform(18, 32))
    rest = box((0.7 * w, 0.09, 0.006), 0.002, (0, 0.03, -0.004))
    hold = rod([(0, 0.07, -0.001), (0, 0.068, 0.2 * h), (0, 0.2 * h + 0.014, 0.42 * h)], 0.004, 8)
    return stood(
        "phone", [*(moved_part(part, tilt) for part in pieces), Part(merged(rest, hold), materials.metal(rng))]
    )


def camera(rng: np.random.Generator) -> Thing:
    """A photographer's camera of 12 to 15 cm with a lens whose front glass is curved, towards -y."""
    w, h, d = rng.uniform(0.115, 0.15), rng.uniform(0.068, 0.085), rng.uniform(0.032, 0.05)
    skin, top = (
        choose(rng, [materials.leather, materials.rubber])(rng),
        choose(rng, [materials.metal, materials.dark_metal, materials.plastic])(rng),
    )
    r, long = rng.uniform(0.024, 0.034), rng.uniform(0.03, 0.08)
    lens_at = translation(rng.uniform(-0.1, 0.05) * w, -d / 2, 0.46 * h) @ rotation("x", 90)
    barrel = revolved(
        [
            (0, 0),
            (r, 0),
            (r, 0.3 * long),
            (1.07 * r, 0.32 * long),
            (1.07 * r, 0.6 * long),
            (r, 0.62 * long),
            (r, long),
            (0.84 * r, long),
            (0.8 * r, 0.8 * long),
            (0, 0.8 * long),
        ],
        40,
    )
    t = np.radians(np.linspace(90, 62, 8)[::-1])
    arc = np.stack([np.cos(t), np.sin(t) - np.sin(t[0])], 1) * (0.78 * r / np.cos(t[0]))
    arc[-1, 0] = 0.0
    lens = moved(revolved([(0, -0.002), (arc[0, 0], -0.002), *arc], 36), z=0.84 * long)
    plates = [box((w, d, 0.2 * h), 0.004, (0, 0, 0.9 * h)), moved(can(0.009, 0.008, 0.002, 24), -0.36 * w, 0, h)]
    plates += [moved(can(0.007, 0.006, 0.002, 20), 0.3 * w, 0, h), moved(can(0.01, 0.007, 0.001, 24), 0.42 * w, 0, h)]
    if rng.uniform() < 0.6:
        plates.append(box((0.3 * w, 0.8 * d, 0.2 * h), 0.006, (0, 0, 1.08 * h)))
    return stood(
        "camera",
        [
            Part(box((w, d, 0.82 * h), 0.005, (0, 0, 0.41 * h)), skin),
            Part(merged(*plates), top),
            Part(
                barrel,
                choose(rng, [materials.dark_metal, materials.plastic, materials.metal])(rng),
                None,
                None,
                lens_at,
            ),
            Part(lens, {"type": "dielectric", "int_ior": 1.6}, None, None, lens_at),
        ],
    )


def headphones(rng: np.random.Generator) -> Thing:
    """Headphones of 16 to 19 cm that stand on their cups: a padded hoop and two cushions."""
    shell = choose(rng, [materials.plastic, materials.metal, materials.glossy_plastic])(rng)
    soft = choose(rng, [materials.leather, materials.fabric, materials.velvet])(rng)
    turn = np.radians(np.linspace(0, 180, 33))
    hoop = np.stack([0.075 * np.cos(turn), 0 * turn, 0.04 + 0.12 * np.sin(turn)], 1)
    band = stretched(rod(hoop, 0.0065, 10), 1.0, 2.0, 1.0)
    cups, pads = [], []
    for s in (-1, 1):
        cups.append(moved(turned(can(0.038, 0.022, 0.008, 32), "y", 90 * s), s * 0.066, 0, 0.038))
        pads.append(moved(turned(ring(0.028, 0.0105, 36, 12), "y", 90), s * 0.0585, 0, 0.038))
    size = rng.uniform(0.92, 1.06)
    band, cups, pads = (stretched(merged(*m), size, size, size) for m in ([band], cups, pads))
    return stood("headphones", [Part(merged(band, cups), shell), Part(pads, soft)])


def pens_in_cup(rng: np.random.Generator) -> Thing:
    """A cup of 8 to 11 cm with four to nine pens, brushes or rulers that lean on its rim."""
    r, h = rng.uniform(0.034, 0.044), rng.uniform(0.085, 0.11)
    outside, hollow = hull_of(np.array([(0, 0), (r - 0.003, 0), (r, 0.003), (r, h)]), 0.0025, 0.004)
    cup = choose(rng, [materials.metal, materials.ceramic, materials.wood, materials.leather, materials.plastic])(rng)
    parts = [Part(revolved(np.concatenate([outside, hollow]), 36), cup)]
    paints = [
        choose(rng, [materials.glossy_plastic, materials.paint, materials.wood, materials.metal])(rng) for _ in range(3)
    ]
    count = int(rng.integers(4, 10))
    for k in range(count):
        long, thick = rng.uniform(0.14, 0.19), rng.uniform(0.0032, 0.005)
        angle = 360 / count * k + rng.uniform(-8, 8)
        inside = r - 0.0025 - thick
        # From the foot on the far side to the rim: it touches both.
        lean = np.degrees(np.arctan2(inside * rng.uniform(0.9, 1.5), h))
        pen = [(0, 0), (0.3 * thick, 0), (thick, 0.016), (thick, long - 0.004), (0.85 * thick, long), (0, long)]
        x = inside / np.cos(np.radians(lean)) - (h + 0.004) * np.tan(np.radians(lean))
        where = rotation("z", angle) @ translation(x, 0, 0.0055) @ rotation("y", lean)
        parts.append(Part(revolved(pen, 12), paints[k % 3], None, None, where))
    return stood("pens in a cup", parts)


def tool(rng: np.random.Generator) -> Thing:
    """A spanner, hammer, screwdriver or scissors of 14 to 30 cm, lying."""
    kind = choose(rng, ["spanner", "hammer", "screwdriver", "scissors"])
    steel = choose(rng, [materials.metal, materials.dark_metal, materials.brushed_metal])(rng)
    grip = choose(rng, [materials.wood, materials.rubber, materials.glossy_plastic])(rng)
    if kind == "spanner":
        s = rng.uniform(0.7, 1.2)
        shaft = box((0.17, 0.014, 0.006), 0.002, (0, 0, 0.006))
        eye = moved(_nut_ring(0.015, 0.0085, 0.009), 0.092, 0, 0.0015)
        turn = np.radians(np.linspace(40, 320, 15))
        way = np.stack([np.cos(turn), np.sin(turn)], 1)
        head = moved(turned(wall_between(0.0075 * way, 0.0165 * way, 0.0085), "z", 195), -0.096, 0, 0.0018)
        return stood("spanner", [Part(stretched(merged(shaft, eye, head), s, s, s), steel)])
    if kind == "hammer":
        shaft = ribbon(
            [(-0.16, 0.0), (-0.155, 0), (-0.05, 0), (0.05, 0), (0.13, 0)],
            [0.016, 0.027, 0.029, 0.021, 0.019],
            [0.012, 0.019, 0.02, 0.016, 0.014],
            14,
        )
        claw = ribbon([(0.0, 0), (0.02, 0.002), (0.048, -0.012)], [0.022, 0.022, 0.018], [0.018, 0.012, 0.003])
        head = merged(
            moved(turned(can(0.0135, 0.036, 0.002, 24), "y", 90), 0.014, 0.125, 0),
            box((0.04, 0.026, 0.024), 0.003, (0, 0.125, 0)),
            moved(turned(claw, "z", 90), -0.015, 0.125, 0),
        )
        return stood("hammer", [Part(shaft, grip), Part(head, steel)])
    if kind == "screwdriver":
        handle = revolved(
            [(0, 0), (0.009, 0.001), (0.0135, 0.01), (0.0125, 0.05), (0.014, 0.075), (0.008, 0.095), (0, 0.096)], 10
        )
        blade = revolved([(0, 0.09), (0.0032, 0.09), (0.0032, 0.2), (0.0036, 0.21), (0.0016, 0.218), (0, 0.218)], 16)
        pieces = [Part(flat_shaded(handle), grip), Part(blade, steel)]
        return stood("screwdriver", [moved_part(part, rotation("x", 90)) for part in pieces])
    blades, rings = [], []
    for s in (-1, 1):
        blade = ribbon(
            [(-0.02, 0), (0.0, 0), (0.05, 0), (0.09, 0)], [0.011, 0.014, 0.012, 0.002], [0.002, 0.002, 0.0018, 0.001], 8
        )
        handle = rod([(0, -0.02, 0), (s * 0.008, -0.04, 0), (s * 0.012, -0.055, 0)], 0.0036, 8)
        eye = stretched(moved(ring(0.0145, 0.0042, 32, 8), s * 0.02, -0.068, 0), 1.0, 1.15, 0.9)
        lift = 0.0045 + 0.0012 * s
        blades.append(moved(turned(blade, "z", s * 9), z=lift))
        rings.append(moved(turned(merged(handle, eye), "z", s * 9), z=lift))
    pin = moved(can(0.003, 0.006, 0.0008, 16), z=0.0022)
    return stood("scissors", [Part(merged(*blades, pin), steel), Part(merged(*rings), grip)])


def _nut_ring(outer: float, inner: float, height: float) -> Mesh:
    """A ring wrench's eye: round outside, six-sided inside."""
    angle = np.arange(24) / 24 * TAU
    hexagon = inner / np.cos((angle + 1e-6) % (TAU / 6) - TAU / 12)
    way = np.stack([np.cos(angle), np.sin(angle)], 1)
    return wall_between(hexagon[:, None] * way, outer * way, height, closed=True)


def gears(rng: np.random.Generator) -> Thing:
    """Two to five gear wheels of 3 to 12 cm whose teeth mesh, or lie in a pile; metal or plastic, some on axles."""
    bsdf = [
        choose(rng, [materials.metal, materials.gold_like, materials.dark_metal, materials.plastic])(rng)
        for _ in range(2)
    ]
    module = rng.uniform(0.0022, 0.004)
    parts, x, last = [], 0.0, 0
    for k in range(int(rng.integers(2, 6))):
        teeth = int(rng.integers(10, 29))
        pitch = module * teeth / 2
        thick = rng.uniform(0.006, 0.012)
        wheel = gear(teeth, pitch + 0.8 * module, pitch - module, 0.22 * pitch, thick, 0.0006)
        if k:
            x += module * (last + teeth) / 2 + 0.0004
        y, turn = (0.0, 180.0 / teeth * (1 + teeth % 2) if k % 2 else 0.0)
        where = translation(x, y, thick / 2) @ rotation("z", turn)
        parts.append(Part(wheel, bsdf[k % 2], None, None, where))
        if rng.uniform() < 0.7:
            axle = can(0.215 * pitch, thick + rng.uniform(0.004, 0.03), 0.001, 24)
            parts.append(Part(axle, bsdf[(k + 1) % 2], None, None, translation(x, y, 0)))
        last = teeth
    return stood("gears", parts)


def bolts(rng: np.random.Generator) -> Thing:
    """Six to sixteen hexagonal nuts and bolts of 1 to 4 cm, lying apart."""
    steel = [choose(rng, [materials.metal, materials.dark_metal, materials.gold_like])(rng) for _ in range(2)]
    parts, kept = [], []
    for _ in range(int(rng.integers(6, 17))):
        r = rng.uniform(0.005, 0.009)
        spot = rng.uniform(-0.07, 0.07, 2)
        if any(np.hypot(*(spot - other)) < 0.034 for other in kept):
            continue
        kept.append(spot)
        where = translation(*spot) @ rotation("z", rng.uniform(0, 360))
        if rng.uniform() < 0.5:
            parts.append(Part(_nut_ring(r, 0.55 * r, 0.8 * r), steel[0], None, None, where))
            continue
        angle = np.arange(6) / 6 * TAU
        head = prism(np.stack([r * np.cos(angle), r * np.sin(angle)], 1), 0.6 * r, 0.08 * r)
        t = np.linspace(0, 1, 25)
        thread = [(0.5 * r * (1 + 0.08 * (-1) ** k), 0.6 * r + 2.6 * r * s) for k, s in enumerate(t)]
        screw = merged(head, revolved([(0, 0.6 * r), *thread, (0, 3.2 * r)], 18))
        # It lies on the edge of its head and the end of its thread.
        lie = rotation("y", 90 + np.degrees(np.arctan2(0.36 * r, 2.6 * r)))
        low = float((screw.points @ lie[2, :3]).min())
        parts.append(Part(screw, steel[1], None, None, where @ translation(0, 0, -low) @ lie))
    return stood("nuts and bolts", parts)


def tin_can(rng: np.random.Generator) -> Thing:
    """One to four cans: soup (7 x 11 cm, ribbed) or drinks (6 x 12 cm), 80 % labelled; the fourth is on top."""
    drink = rng.uniform() < 0.5
    metal = choose(rng, [materials.metal, materials.brushed_metal])(rng)
    if drink:
        r, h = 0.033, choose(rng, [0.115, 0.155])
        side = [
            (0, 0.006),
            (0.019, 0.006),
            (0.023, 0.0),
            (0.0245, 0.0),
            (r, 0.012),
            (r, h - 0.014),
            (0.0265, h - 0.001),
        ]
        lid = [(0.027, h + 0.001), (0.0262, h + 0.0015), (0.0255, h - 0.003), (0, h - 0.003)]
        skin = (r + 0.0003, 0.013, h - 0.015)
    else:
        r, h = rng.uniform(0.034, 0.05), rng.uniform(0.06, 0.12)
        side = [(0, 0.002), (r - 0.002, 0.002), (r - 0.001, 0.0), (r + 0.0012, 0.0015), (r, 0.004)]
        side += [(r - 0.0006 * (k % 2), 0.3 * h + 0.4 * h * k / 12) for k in range(13)]
        side += [(r, h - 0.004), (r + 0.0012, h - 0.0015)]
        lid = [(r - 0.001, h), (r - 0.002, h - 0.003), (0.75 * r, h - 0.003), (0.72 * r, h - 0.002), (0, h - 0.002)]
        skin = (r + 0.0006, 0.005, h - 0.005)
    body = revolved([*side, *lid], 40)
    angle = np.linspace(-np.pi, np.pi, 41) - np.pi / 2
    wrap = sheet(
        np.stack(
            np.broadcast_arrays(skin[0] * np.cos(angle), skin[0] * np.sin(angle), np.array([[skin[1]], [skin[2]]])), -1
        )
    )
    labelled = rng.uniform() < 0.8
    printed = choose(rng, [materials.lettered, materials.paint])(rng)
    count = 1 if rng.uniform() < 0.5 else int(rng.integers(2, 5))
    parts = []
    for k in range(count):
        spot = [(0, 0, 0), (2.2 * r, 0, 0), (1.1 * r, 1.95 * r, 0), (1.1 * r, 0.6 * r, h + 0.0025)][k]
        where = translation(*spot) @ rotation("z", rng.uniform(-40, 40))
        parts.append(Part(body, metal, None, None, where))
        if labelled:
            parts.append(Part(wrap, printed, None, None, where))
    return stood("cans", parts)


def crumpled(rng: np.random.Generator) -> Thing:
    """A crumpled ball of paper (60 %) or foil, 4 to 9 cm, with sharp creases."""
    radius = rng.uniform(0.02, 0.045)
    seed = int(rng.integers(2**31))
    mesh = warped(
        icosphere(4), lambda p: p * (1 + 0.16 * waves(np.random.default_rng(seed), p, 4.5, 7, ridged=True)[:, None])
    )
    mesh = flat_shaded(stretched(mesh, radius, radius, radius * rng.uniform(0.75, 1.0)))
    if rng.uniform() < 0.6:
        return stood("crumpled paper", [Part(mesh, materials.paper(rng))])
    return stood("crumpled foil", [Part(mesh, choose(rng, [materials.metal, materials.gold_like])(rng))])


def napkin(rng: np.random.Generator) -> Thing:
    """A cloth of 18 to 35 cm flung down: its folds stand up to 5 cm."""
    size = rng.uniform(0.18, 0.35)
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 70), np.linspace(-0.5, 0.5, 70))
    flat = np.stack([u, v, 0 * u], -1).reshape(-1, 3)
    folds = 0.4 + 0.7 * waves(rng, flat, 9.0, 5) + 0.3 * waves(rng, flat, 22.0, 4)
    z = rng.uniform(0.012, 0.022) * np.clip(folds, 0, 1.7) ** 1.5
    # Where it is folded it is shorter: edges are drawn in.
    pull = 1 - 0.2 * waves(rng, flat, 8.0, 4)[:, None] * np.linalg.norm(flat, axis=1, keepdims=True)
    points = np.concatenate([flat[:, :2] * size * pull, z[:, None] + 0.0008], axis=1)
    uvs = flat[:, :2] * size
    top = sheet(points.reshape(70, 70, 3), uvs.reshape(70, 70, 2))
    return stood("napkin", [Part(top, materials.fabric(rng))])


def towels(rng: np.random.Generator) -> Thing:
    """Two to five folded towels in a pile, 26 to 36 cm wide, each with round folds in front."""
    w, d, z, parts = rng.uniform(0.26, 0.36), rng.uniform(0.18, 0.26), 0.0, []
    cloths = [materials.fabric(rng) for _ in range(2)]
    for k in range(int(rng.integers(2, 6))):
        thick = rng.uniform(0.011, 0.017)
        layers = 2
        pieces = []
        for j in range(layers):
            # The section runs around a flat loop: fold in front, open edge behind.
            body = superball(w / 2 * rng.uniform(0.97, 1.0), d / 2, thick / 2, 0.22, 0.35, 40, 12)
            seed = int(rng.integers(2**31))
            body = warped(
                body,
                lambda p, seed=seed: (
                    p + np.array([0, 0, 0.0012]) * waves(np.random.default_rng(seed), p, 30.0, 4)[:, None]
                ),
            )
            body = replace(body, uvs=body.points[:, :2].copy())
            pieces.append(moved(body, rng.uniform(-0.004, 0.004), rng.uniform(-0.004, 0.004), z + thick * (j + 0.5)))
        parts.append(Part(merged(*pieces), cloths[k % 2]))
        z += layers * thick - 0.001
    return stood("towels", parts)


def fur_toy(rng: np.random.Generator) -> Thing:
    """A ball of fur of 7 to 14 cm with two eyes: 2500 to 5000 hairs as curves."""
    radius = rng.uniform(0.03, 0.055)
    # Positions ten times as large, shrunk by the transform, as files of curves keep a thousandth of a unit.
    length, thin = radius * rng.uniform(0.3, 0.7), rng.uniform(0.0004, 0.0007)
    hairs = pelt(rng, int(rng.integers(2500, 5000)), 10 * radius, 10 * length, thin)
    lift = translation(0, 0, radius * 1.25)
    core = {"type": "diffuse", "reflectance": Rgb(0.1, 0.08, 0.06)}
    parts = [Part(Strands(tuple(hairs)), materials.hair(rng), None, None, lift @ scaling(0.1))]
    parts.append(Part(ball(0.97 * radius, 24, 12), core, None, None, lift))
    eye = materials.glossy_plastic(rng)
    for s in (-1, 1):
        out = np.array([s * 0.38, -0.85, 0.36]) * radius * 1.28
        parts.append(Part({"type": "sphere", "radius": 0.13 * radius}, eye, None, None, lift @ translation(*out)))
    return stood("fur toy", parts)


def brush(rng: np.random.Generator) -> Thing:
    """A brush of 12 to 20 cm lying on its back: a wooden or plastic body with 350 to 700 bristles as curves."""
    long, wide = rng.uniform(0.12, 0.2), rng.uniform(0.025, 0.04)
    body = superball(long / 2, wide, 0.011, 0.6, 0.5, 36, 14)
    bsdf = choose(rng, [materials.varnished_wood, materials.wood, materials.glossy_plastic])(rng)
    count = int(rng.integers(350, 700))
    x, y = rng.uniform(-0.42, 0.42, count) * long, rng.uniform(-0.75, 0.75, count) * wide
    tall = rng.uniform(0.018, 0.026) * rng.uniform(0.92, 1.0, count)
    bend = rng.normal(0, 0.003, (count, 2))
    t = np.array([-0.3, 0.2, 0.7, 1.2])
    points = np.stack([x[:, None] + bend[:, :1] * t**2, y[:, None] + bend[:, 1:] * t**2, 0.008 + tall[:, None] * t], -1)
    radii = np.full((count, 4, 1), 0.0002)
    curves = tuple(np.concatenate([10 * points, radii], -1))
    parts = [Part(body, bsdf), Part(Strands(curves), materials.hair(rng), None, None, scaling(0.1))]
    return stood("brush", parts)


def toy_ball(rng: np.random.Generator) -> Thing:
    """A ball of 6 to 22 cm: rubber, leather, plastic or cloth."""
    bsdf = choose(rng, [materials.rubber, materials.leather, materials.glossy_plastic, materials.fabric])(rng)
    return stood("ball", [Part(ball(rng.uniform(0.03, 0.11), 48, 24), bsdf)])


def speaker(rng: np.random.Generator) -> Thing:
    """A loudspeaker of 18 to 34 cm with two cones that face -y."""
    w, h = rng.uniform(0.12, 0.18), rng.uniform(0.18, 0.34)
    d = rng.uniform(0.8, 1.2) * w
    case = choose(rng, [materials.varnished_wood, materials.wood, materials.plastic, materials.glossy_plastic])(rng)
    cone_of, rim_of = materials.rubber(rng), choose(rng, [materials.rubber, materials.metal])(rng)
    parts = [Part(box((w, d, h), 0.004, (0, 0, h / 2)), case)]
    for radius, z in ((0.36 * w, 0.36 * h), (0.17 * w, 0.78 * h)):
        where = translation(0, -d / 2 - 0.0005, z) @ rotation("x", 90)
        rim = revolved(
            [(1.12 * radius, 0.0), (1.12 * radius, 0.003), (1.08 * radius, 0.0045), (0.96 * radius, 0.003)], 40
        )
        cone = revolved(
            [
                (0.97 * radius, 0.0035),
                (0.85 * radius, 0.007),
                (0.75 * radius, 0.003),
                (0.3 * radius, 0.0008),
                (0.28 * radius, 0.005),
                (0.15 * radius, 0.009),
                (0, 0.01),
            ],
            40,
            crease=80,
        )
        parts += [Part(rim, rim_of, None, None, where), Part(cone, cone_of, None, None, where)]
    return stood("loudspeaker", parts)


def tape_roll(rng: np.random.Generator) -> Thing:
    """One or two rolls of tape or thread of 4 to 9 cm, lying."""
    r = rng.uniform(0.02, 0.045)
    parts = []
    for k in range(int(rng.integers(1, 3))):
        h = rng.uniform(0.012, 0.03)
        body = revolved([(0.62 * r, 0), (r, 0), (r, h), (0.62 * r, h), (0.62 * r, 0)], 44)
        core = revolved(
            [(0.56 * r, 0.0002), (0.619 * r, 0.0002), (0.619 * r, h), (0.56 * r, h), (0.56 * r, 0.0002)], 36
        )
        where = translation(2.1 * r * k, 0, 0)
        parts.append(Part(body, choose(rng, [materials.glossy_plastic, materials.fabric])(rng), None, None, where))
        parts.append(Part(core, materials.paper(rng), None, None, where))
    return stood("rolls of tape", parts)


def papers(rng: np.random.Generator) -> Thing:
    """Two to eight sheets of A4 or letters, fanned out by up to 25 degrees, the top one printed."""
    parts = []
    plain, printed = materials.paper(rng), materials.lettered(rng)
    w, h = choose(rng, [(0.21, 0.297), (0.22, 0.11), (0.148, 0.21)])
    page = _lying_card(w, h)
    blank = with_uv_scale(page, w, h)
    count = int(rng.integers(2, 9))
    for k in range(count):
        where = translation(*rng.uniform(-0.015, 0.015, 2), 0.0004 * k) @ rotation("z", rng.uniform(-12.5, 12.5))
        last = k == count - 1
        parts.append(Part(page if last else blank, printed if last else plain, None, None, where))
    return stood("papers", parts)
