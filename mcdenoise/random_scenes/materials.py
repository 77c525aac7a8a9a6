"""Materials of random scenes: each function draws a ready BSDF, twosided inside where it may be seen from behind.

Pictures repeat at their real size on uvs in metres, or fill uvs 0..1 where the docstring says so, upright when v grows
upwards. Roughness `alpha` is that of Mitsuba's microfacet BSDFs; `principled` takes its square root.

Sources of ranges: reflectances of rooms (ceilings 0.7 to 0.9, walls 0.5 to 0.8, floors 0.2 to 0.4) are those that EN
12464-1 recommends; of grounds, usual tables of albedo (asphalt 0.04 to 0.12, soil 0.17, grass 0.25, sand 0.40,
concrete 0.55, fresh snow 0.80). Indices: Schott's catalogue for N-BK7 (1.517) and SF11 (1.785), soda lime 1.52, lead
crystal to 1.6, water 1.333, plastics 1.46 to 1.6. Metals are Mitsuba's measured ones. Subsurface: reduced scattering
and absorption as measured in Jensen et al., "A practical model for subsurface light transport", SIGGRAPH 2001. Hair:
melanin as in Chiang et al., "A practical and controllable hair and fur model", 2016.
"""

from collections.abc import Callable

import numpy as np

from mcdenoise.random_scenes import colours, cutouts, pictures, swatches
from mcdenoise.random_scenes.colours import linear
from mcdenoise.random_scenes.parts import (
    Picture,
    Plugin,
    Rgb,
    choose,
    log_uniform,
    plugins_in,
    repeated,
)
from mcdenoise.random_scenes.swatches import Swatch
from mcdenoise.random_scenes.textures import noise, normal_map, ramp

Relief = tuple[str, np.ndarray, float, float]  # name, height [n, n] in 0..1, side and depth in metres


def kinds(plugin: Plugin) -> list[str]:
    """The types of BSDFs in a material, and the names of its pictures, sorted and once each."""
    found = set()
    for nested in plugins_in(plugin):
        picture = nested.get("picture")
        if isinstance(picture, Picture):
            found.add(picture.name or "other")
        elif nested["type"] != "bitmap":
            found.add(nested["type"])
    return sorted(found)


# Textures


def _filling(picture: Picture) -> Plugin:
    """The picture once on uvs 0..1."""
    return {"type": "bitmap", "picture": picture}


def _grey(name: str, values: np.ndarray) -> Picture:
    return Picture(values[..., None], raw=True, name=name)


def _relief(rng: np.random.Generator, bsdf: Plugin, relief: Relief, turn: float = 0.0) -> Plugin:
    """The material with a relief, as a bump map, or (30 %, if not turned) as a normal map."""
    name, height, metres, depth = relief
    if turn == 0.0 and rng.uniform() < 0.3:
        normals = normal_map(height, 0.5 * depth * len(height) / metres, levels=128)
        normals = repeated(Picture(normals, raw=True, name=f"{name} normals"), metres)
        return {"type": "normalmap", "normalmap": normals, "bsdf": bsdf}
    # Where the height does not change at all, Mitsuba 3.9's bump maps can give NaN: so neighbours differ by one level.
    row, column = np.indices(height.shape[:2])
    uneven = ((row + column) % 2).reshape(row.shape + (1,) * (height.ndim - 2))
    height = (np.round(np.round(height * 100) * 2.54) + uneven) / 255
    return {
        "type": "bumpmap",
        "texture": repeated(_grey(f"{name} bumps", height), metres, turn),
        "scale": float(depth),
        "bsdf": bsdf,
    }


# Finishes: how a reflectance, plain or a texture, is coated


def _twosided(bsdf: Plugin) -> Plugin:
    return {"type": "twosided", "bsdf": bsdf}


def _matt(rng: np.random.Generator, reflectance: Rgb | Plugin) -> Plugin:
    """diffuse (75 %), or principled with roughness 0.6 to 1."""
    if rng.uniform() < 0.75:
        return {"type": "diffuse", "reflectance": reflectance}
    rough, specular = float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.1, 0.5))
    return {"type": "principled", "base_color": reflectance, "roughness": rough, "specular": specular}


def _satin(rng: np.random.Generator, reflectance: Rgb | Plugin) -> Plugin:
    """principled with roughness 0.3 to 0.6 (75 %), or roughplastic with alpha 0.1 to 0.35."""
    if rng.uniform() < 0.75:
        rough, specular = float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.3, 0.6))
        return {"type": "principled", "base_color": reflectance, "roughness": rough, "specular": specular}
    return _roughplastic(rng, reflectance, log_uniform(rng, 0.1, 0.35))


def _glossy(rng: np.random.Generator, reflectance: Rgb | Plugin) -> Plugin:
    """plastic (40 %), principled with roughness 0.05 to 0.3 and, half of them, a clear coat (45 %), or roughplastic."""
    kind = choose(rng, {"plastic": 40, "principled": 45, "roughplastic": 15})
    if kind == "plastic":
        ior = float(rng.uniform(1.46, 1.6))
        nonlinear = bool(rng.uniform() < 0.5)
        return {"type": "plastic", "diffuse_reflectance": reflectance, "int_ior": ior, "nonlinear": nonlinear}
    if kind == "roughplastic":
        return _roughplastic(rng, reflectance, log_uniform(rng, 0.02, 0.1))
    bsdf = {
        "type": "principled",
        "base_color": reflectance,
        "roughness": float(rng.uniform(0.05, 0.3)),
        "specular": 0.5,
    }
    if rng.uniform() < 0.5:
        bsdf |= {"roughness": float(rng.uniform(0.3, 0.6)), "clearcoat": float(rng.uniform(0.4, 1.0))}
        bsdf["clearcoat_gloss"] = float(rng.uniform(0.6, 1.0))
    return bsdf


def _roughplastic(rng: np.random.Generator, reflectance: Rgb | Plugin, alpha: float) -> Plugin:
    return {
        "type": "roughplastic",
        "diffuse_reflectance": reflectance,
        "alpha": alpha,
        "int_ior": float(rng.uniform(1.46, 1.6)),
        "distribution": choose(rng, ["ggx", "ggx", "beckmann"]),
    }


def _coated(rng: np.random.Generator, reflectance: Rgb | Plugin, matt: float, satin: float, glossy: float) -> Plugin:
    return choose(rng, {_matt: matt, _satin: satin, _glossy: glossy})(rng, reflectance)


def _of(
    rng: np.random.Generator,
    swatch: Swatch,
    finish: Callable[[np.random.Generator, Plugin], Plugin] | tuple[float, float, float],
    bumps: float = 1.0,
    turn: float = 0.0,
) -> Plugin:
    """A material with the look of a swatch, one-sided.

    finish: how it is coated, or weights of matt, satin and glossy. bumps: chance that its relief is more than colour.
    """
    texture = repeated(Picture(swatch.colour, name=swatch.name), swatch.metres, turn)
    bsdf = finish(rng, texture) if callable(finish) else _coated(rng, texture, *finish)
    if swatch.dull is not None and bsdf["type"] == "principled" and "clearcoat" not in bsdf:
        rough = np.where(swatch.dull, 0.9, bsdf["roughness"])
        bsdf["roughness"] = repeated(_grey(f"{swatch.name} roughness", rough), swatch.metres, turn)
    if swatch.height is not None and rng.uniform() < bumps:
        bsdf = _relief(rng, bsdf, (swatch.name, swatch.height, swatch.metres, swatch.depth), turn)
    return bsdf


def _worn(rng: np.random.Generator, bsdf: Plugin, chance: float, outside: bool = False) -> Plugin:
    """The one-sided material, by `chance` with dirt where a picture says, at most 6 to 25 %, outside to 50 %."""
    if rng.uniform() >= chance:
        return bsdf
    name, weight, metres = swatches.dirt(rng, outside)
    shade = colours.oklch(rng.uniform(0.35, 0.6), rng.uniform(0.0, 0.04), rng.uniform(40, 100))
    most = rng.uniform(0.15, 0.5) if outside else rng.uniform(0.06, 0.25)
    weight = repeated(_grey(name, most * weight), metres)
    dirt = {"type": "diffuse", "reflectance": linear(shade)}
    return {"type": "blendbsdf", "weight": weight, "clean": bsdf, "dirt": dirt}


# Walls, floors, grounds


def wall(rng: np.random.Generator) -> Plugin:
    """The wall of a room: white or off-white paint 62 %, coloured paint 14 %, wallpaper 8 %, tiles 4 %, brick 4 %.

    The rest is wooden panels 4 %, concrete 3 %, limestone. Two painted walls in five show their plaster; 4 % are dirty.
    """
    kind = choose(
        rng, {"white": 62, "coloured": 14, "paper": 8, "tiles": 4, "brick": 4, "concrete": 3, "panels": 4, "stone": 1}
    )
    if kind == "white":
        bsdf = _painted(rng, colours.white(rng))
    elif kind == "coloured":
        families = {colours.pale: 40, colours.muted: 30, colours.neutral: 10, colours.earth: 10, colours.deep: 10}
        bsdf = _painted(rng, choose(rng, families)(rng))
    elif kind == "paper":
        bsdf = _of(rng, swatches.wallpaper(rng), (80, 20, 0))
    elif kind == "tiles":
        bsdf = _of(rng, swatches.wall_tiles(rng), (5, 20, 75))
    elif kind == "brick":
        bsdf = _of(rng, swatches.brickwork(rng), (95, 5, 0))
    elif kind == "concrete":
        bsdf = _of(rng, swatches.concrete_face(rng), (75, 25, 0))
    elif kind == "panels":
        bsdf = _of(rng, swatches.panelling(rng), (30, 60, 10), turn=choose(rng, {0.0: 30, 90.0: 70}))
    else:
        bsdf = _of(rng, swatches.limestone(rng), (100, 0, 0))
    return _twosided(_worn(rng, bsdf, 0.04))


def cladding(rng: np.random.Generator) -> Plugin:
    """What the lower part of a wall is clad in: painted or bare wooden panels 65 %, tiles 35 %."""
    if rng.uniform() < 0.35:
        return _twosided(_of(rng, swatches.wall_tiles(rng), (5, 20, 75)))
    return _twosided(_of(rng, swatches.panelling(rng), (30, 60, 10), turn=90.0))


def _painted(rng: np.random.Generator, colour: np.ndarray) -> Plugin:
    """Wall paint, matt 70 %, silk 30 %, on a wall that is flat (60 %) or shows its plaster."""
    bsdf = _coated(rng, linear(colour), 70, 30, 0)
    return bsdf if rng.uniform() < 0.6 else _relief(rng, bsdf, swatches.plaster(rng))


def ceiling(rng: np.random.Generator) -> Plugin:
    """The ceiling of a room: white paint 80 %, plaster relief 9 %, wooden boards 6 %, concrete 3 %, coloured 2 %."""
    kind = choose(rng, {"white": 80, "plaster": 9, "boards": 6, "concrete": 3, "coloured": 2})
    if kind == "white":
        return _twosided({"type": "diffuse", "reflectance": linear(colours.white(rng))})
    if kind == "plaster":
        return _twosided(
            _relief(rng, {"type": "diffuse", "reflectance": linear(colours.white(rng))}, swatches.plaster(rng))
        )
    if kind == "boards":
        return _twosided(_of(rng, swatches.panelling(rng), (50, 50, 0), turn=choose(rng, [0.0, 90.0])))
    if kind == "concrete":
        return _twosided(_of(rng, swatches.concrete_face(rng), (90, 10, 0)))
    return _twosided(_matt(rng, linear(colours.pale(rng))))


def floor(rng: np.random.Generator) -> Plugin:
    """The floor of a room: wood 47 %, tiles 19 %, carpet 12 %, stone 8 %, concrete 7 %, terrazzo 4 %, vinyl 3 %.

    Wood and stone are matt to polished; two in five lie along the other axis, parquet patterns at 45 degrees by half.
    """
    kind = choose(rng, {"wood": 47, "tiles": 19, "carpet": 12, "stone": 8, "concrete": 7, "terrazzo": 4, "vinyl": 3})
    if kind == "wood":
        swatch = swatches.parquet(rng)
        slanted = 45.0 if "herringbone" in swatch.name and rng.uniform() < 0.5 else 0.0
        turn = slanted + choose(rng, {0.0: 60, 90.0: 40})
        return _twosided(_worn(rng, _of(rng, swatch, (18, 52, 30), bumps=0.6, turn=turn), 0.04))
    if kind == "tiles":
        turn = choose(rng, {0.0: 80, 45.0: 20})
        return _twosided(_worn(rng, _of(rng, swatches.floor_tiles(rng), (25, 35, 40), turn=turn), 0.04))
    if kind == "carpet":
        return _twosided(_of(rng, swatches.pile(rng), _woollen, bumps=0.6))
    if kind == "stone":
        families = {
            _marble_tiled: 35,
            swatches.limestone: 20,
            swatches.slate: 12,
            swatches.flagstones: 13,
            swatches.granite: 20,
        }
        return _twosided(_of(rng, choose(rng, families)(rng), (25, 35, 40), bumps=0.5))
    if kind == "concrete":
        return _twosided(_worn(rng, _of(rng, swatches.concrete_face(rng), (35, 35, 30), bumps=0.4), 0.15))
    if kind == "terrazzo":
        return _twosided(_of(rng, swatches.terrazzo(rng), (20, 30, 50)))
    shade = choose(rng, [colours.neutral, colours.earth, colours.muted])(rng)
    picture = ramp(noise(rng, 256, 1.3), colours.shades(shade, rng.uniform(0.02, 0.12)), 10)
    return _twosided(_of(rng, Swatch("vinyl", picture, float(rng.uniform(0.5, 1.2))), (10, 70, 20)))


def _marble_tiled(rng: np.random.Generator) -> Swatch:
    """Marble in slabs of half the swatch, with joints a pixel wide; or in one piece (40 %)."""
    swatch = swatches.marble_slab(rng)
    if rng.uniform() < 0.4:
        return swatch
    colour, size = swatch.colour.copy(), len(swatch.colour)
    for k in range(2):
        colour[k * size // 2] *= 0.7
        colour[:, k * size // 2] *= 0.7
    return Swatch(swatch.name + " slabs", colour, swatch.metres)


def facade(rng: np.random.Generator) -> Plugin:
    """The outside of a house: painted render 45 %, brick 25 %, stone 12 %, concrete 8 %, wood 8 %, metal 2 %."""
    kind = choose(rng, {"render": 45, "brick": 25, "stone": 12, "concrete": 8, "wood": 8, "sheet": 2})
    if kind == "render":
        families = {colours.white: 55, colours.earth: 15, colours.pale: 15, colours.muted: 10, colours.neutral: 5}
        bsdf: Plugin = {"type": "diffuse", "reflectance": linear(choose(rng, families)(rng))}
        if rng.uniform() < 0.5:
            bsdf = _relief(
                rng, bsdf, swatches.plaster(rng, choose(rng, ["roughcast", "trowelled", "smoothed", "rolled"]))
            )
    elif kind == "brick":
        bsdf = _of(rng, swatches.brickwork(rng), (100, 0, 0))
    elif kind == "stone":
        bsdf = _of(rng, choose(rng, {swatches.ashlar: 6, swatches.rubble: 2, swatches.limestone: 2})(rng), (95, 5, 0))
    elif kind == "concrete":
        bsdf = _of(rng, swatches.concrete_face(rng), (95, 5, 0))
    elif kind == "wood":
        bsdf = _of(rng, swatches.panelling(rng), (70, 30, 0), turn=choose(rng, [0.0, 90.0]))
    else:
        return brushed_metal(rng)
    return _twosided(_worn(rng, bsdf, 0.15, outside=True))


def ground(rng: np.random.Generator) -> Plugin:
    """Open ground: grass 38 %, soil 16 %, gravel 14 %, sand 12 %, asphalt 12 %, snow 4 %, flagstones 4 %."""
    families = {swatches.lawn: 38, swatches.soil: 16, swatches.gravel: 14, swatches.sand: 12, swatches.asphalt: 12}
    swatch = choose(rng, {**families, swatches.snow: 4, swatches.flagstones: 4})(rng)
    return _twosided(_of(rng, swatch, _diffuse, bumps=0.6))


def _diffuse(rng: np.random.Generator, reflectance: Rgb | Plugin) -> Plugin:
    return {"type": "diffuse", "reflectance": reflectance}


def paving(rng: np.random.Generator) -> Plugin:
    """Pavers 38 %, cobbles 17 %, asphalt 16 %, concrete 12 %, flagstones 10 %, gravel 7 %; 8 % look wet."""
    families = {swatches.pavers: 38, swatches.cobbles: 17, swatches.asphalt: 16, swatches.concrete_face: 12}
    swatch = choose(rng, {**families, swatches.flagstones: 10, swatches.gravel: 7})(rng)
    if rng.uniform() < 0.08:
        wet = Swatch(swatch.name + " wet", 0.7 * swatch.colour, swatch.metres)
        return _twosided(_of(rng, wet, (0, 20, 80)))
    return _twosided(_worn(rng, _of(rng, swatch, (90, 10, 0), bumps=0.7), 0.1, outside=True))


def roof(rng: np.random.Generator) -> Plugin:
    """Clay tiles, slates, shingles or corrugated sheet, with the slope along v."""
    return _twosided(_worn(rng, _of(rng, swatches.roofing(rng), (85, 15, 0)), 0.2, outside=True))


# Wood, stone, clay


def wood(rng: np.random.Generator) -> Plugin:
    """Wood, oiled or bare: matt to satin, with the grain along u."""
    return _twosided(_of(rng, swatches.wood_board(rng), (30, 65, 5), bumps=0.35))


def varnished_wood(rng: np.random.Generator) -> Plugin:
    """Wood under varnish: satin to glossy, with the grain along u."""
    return _twosided(_of(rng, swatches.wood_board(rng), (0, 30, 70), bumps=0.0))


def stone(rng: np.random.Generator) -> Plugin:
    """Rough or honed stone: limestone 40 %, granite 20 %, slate 15 %, marble 15 %, plain grey with a relief 10 %."""
    families = {swatches.limestone: 40, swatches.granite: 20, swatches.slate: 15, swatches.marble_slab: 15}
    kind = choose(rng, {**families, swatches.concrete_face: 10})
    return _twosided(_worn(rng, _of(rng, kind(rng), (80, 20, 0), bumps=0.7), 0.06))


def polished_stone(rng: np.random.Generator) -> Plugin:
    """Polished marble (55 %), granite (25 %), terrazzo (12 %) or limestone."""
    families = {swatches.marble_slab: 55, swatches.granite: 25, swatches.terrazzo: 12, swatches.limestone: 8}
    return _twosided(_of(rng, choose(rng, families)(rng), (0, 20, 80), bumps=0.0))


def concrete(rng: np.random.Generator) -> Plugin:
    """Fair-faced or cast concrete, matt; one in ten polished."""
    return _twosided(_worn(rng, _of(rng, swatches.concrete_face(rng), (75, 15, 10), bumps=0.7), 0.08))


def terracotta(rng: np.random.Generator) -> Plugin:
    """Unglazed clay, orange to buff, cloudy."""
    body = colours.oklch(rng.uniform(0.5, 0.7), rng.uniform(0.05, 0.11), rng.uniform(38, 62))
    picture = ramp(noise(rng, 192, 1.5), colours.shades(body, rng.uniform(0.04, 0.15)), 12)
    return _twosided(
        _worn(rng, _of(rng, Swatch("terracotta", picture, float(rng.uniform(0.15, 0.5))), (90, 10, 0)), 0.15)
    )


def ceramic(rng: np.random.Generator) -> Plugin:
    """Porcelain and stoneware: white 50 %, else pale, muted, earthy or dark; glossy 65 %, satin 20 %, matt 15 %.

    One in eight has bands or dots, one in eight speckles.
    """
    families = {
        colours.white: 50,
        colours.pale: 10,
        colours.muted: 13,
        colours.earth: 10,
        colours.dark: 7,
        colours.deep: 10,
    }
    colour = choose(rng, families)(rng)
    kind = choose(rng, {"plain": 75, "speckled": 12, "patterned": 13})
    if kind == "plain":
        return _twosided(_coated(rng, linear(colour), 15, 20, 65))
    if kind == "speckled":
        value = np.where(noise(rng, 256, 0.7) > rng.uniform(0.9, 0.98), 0.0, 1.0)
        swatch = Swatch("speckles", ramp(value, [0.45 * colour, colour], 2), float(rng.uniform(0.08, 0.2)))
    else:
        swatch = swatches.cloth(rng)
        swatch = Swatch(swatch.name, swatch.colour, float(rng.uniform(0.03, 0.12)))
    return _twosided(_of(rng, swatch, (15, 20, 65)))


def glazed(rng: np.random.Generator) -> Plugin:
    """Pottery or tiles under coloured glaze that pools: two tones in clouds, glossy."""
    body = choose(
        rng, {colours.deep: 30, colours.muted: 25, colours.earth: 25, colours.saturated: 10, colours.white: 10}
    )(rng)
    other = np.clip(body * rng.uniform(0.6, 1.3, 3), 0.03, colours.BRIGHTEST)
    if rng.uniform() < 0.35:
        return _twosided(_glossy(rng, linear(body)))
    value = noise(rng, 192, rng.uniform(1.4, 2.4), stretch=(rng.uniform(1.0, 4.0), 1.0))
    return _twosided(
        _of(rng, Swatch("glaze", ramp(value, [other, body], 16), float(rng.uniform(0.1, 0.4))), (0, 5, 95))
    )


# Metals

_IRONS = {"Cr": 40, "Ni_palik": 15, "W": 15, "Mo": 15, "V_palik": 15}


def _conductor(rng: np.random.Generator, name: str, low: float, high: float, tint: Rgb | None = None) -> Plugin:
    """A rough metal, one-sided; one in seven has smears or scratches in its roughness."""
    alpha: float | Plugin = log_uniform(rng, low, high)
    if rng.uniform() < 0.15:
        picture, values, metres = swatches.smears(rng)
        alpha = repeated(_grey(picture, alpha * (0.6 + 1.4 * values)), metres)
    bsdf = {
        "type": "roughconductor",
        "material": name,
        "alpha": alpha,
        "distribution": choose(rng, ["ggx", "ggx", "beckmann"]),
    }
    if tint is not None:
        bsdf["specular_reflectance"] = tint
    return bsdf


def metal(rng: np.random.Generator) -> Plugin:
    """Aluminium 32 %, steel-like metals 32 %, silver 14 %, copper 10 %, principled 12 %; alpha 0.015 to 0.35.

    Of the measured ones, 12 % are polished to a mirror, 3 % dented, 2 % of tread plate, 3 % rusty.
    """
    name = choose(rng, {"Al": 32, "iron": 32, "Ag": 14, "Cu": 10, "principled": 12})
    if name == "principled":
        colour = linear(colours.oklch(rng.uniform(0.6, 0.88), rng.uniform(0, 0.03), rng.uniform(0, 360)))
        return _twosided(_principled_metal(rng, colour))
    name = choose(rng, _IRONS) if name == "iron" else name
    kind = choose(rng, {"plain": 80, "polished": 12, "tread": 2, "dented": 3, "rusty": 3})
    if kind == "polished":
        return _twosided({"type": "conductor", "material": name})
    bsdf = _conductor(rng, name, 0.015, 0.35)
    if kind == "tread":
        bsdf = _relief(rng, bsdf, swatches.tread_plate(rng))
    elif kind == "dented":
        bsdf = _relief(
            rng, bsdf, ("dents", noise(rng, 192, 2.2), float(rng.uniform(0.15, 0.4)), float(rng.uniform(0.001, 0.004)))
        )
    elif kind == "rusty":
        rust = _of(rng, swatches.crust(rng), _diffuse)
        _, weight, metres = swatches.dirt(rng, outside=True)
        bsdf = {"type": "blendbsdf", "weight": repeated(_grey("rust", weight), metres), "bare": bsdf, "rust": rust}
    return _twosided(bsdf)


def _principled_metal(rng: np.random.Generator, colour: Rgb) -> Plugin:
    bsdf = {"type": "principled", "base_color": colour, "metallic": float(rng.uniform(0.85, 1.0))}
    bsdf["roughness"] = float(rng.uniform(0.15, 0.55))
    if rng.uniform() < 0.4:
        bsdf["anisotropic"] = float(rng.uniform(0.3, 0.9))
    return bsdf


def dark_metal(rng: np.random.Generator) -> Plugin:
    """Black or dark steel: powder-coated 60 %, blackened metal 30 %, cast iron with a grain 10 %."""
    kind = choose(rng, {"coated": 60, "blackened": 30, "cast": 10})
    colour = linear(colours.dark(rng))
    if kind == "coated":
        return _twosided(_coated(rng, colour, 25, 60, 15))
    if kind == "blackened":
        share = float(rng.uniform(0.15, 0.5))
        return _twosided(_conductor(rng, choose(rng, _IRONS), 0.08, 0.4, Rgb(share, share, 0.97 * share)))
    relief = ("cast iron", noise(rng, 128, 0.9), float(rng.uniform(0.08, 0.2)), 0.0006)
    return _twosided(_relief(rng, _satin(rng, colour), relief))


def brushed_metal(rng: np.random.Generator) -> Plugin:
    """Brushed aluminium or steel: alpha along u 0.03 to 0.12, across 2 to 5 times that; 30 % with streaks."""
    along = log_uniform(rng, 0.03, 0.12)
    name = choose(rng, {"Al": 50, "Cr": 25, "Ni_palik": 15, "Cu": 5, "Au": 5})
    bsdf: Plugin = {
        "type": "roughconductor",
        "material": name,
        "alpha_u": along,
        "alpha_v": float(min(0.5, along * rng.uniform(2, 5))),
        "distribution": "ggx",
    }
    if rng.uniform() < 0.3:
        bsdf = _relief(rng, bsdf, swatches.streaks(rng))
    return _twosided(bsdf)


def gold_like(rng: np.random.Generator) -> Plugin:
    """Gold 45 %, copper 15 %, brass or bronze as a principled metal 40 %; alpha 0.015 to 0.3, one in ten polished."""
    kind = choose(rng, {"Au": 45, "Cu": 15, "brass": 40})
    if kind == "brass":
        colour = colours.oklch(rng.uniform(0.55, 0.8), rng.uniform(0.06, 0.1), rng.uniform(65, 90))
        return _twosided(_principled_metal(rng, linear(colour)))
    if rng.uniform() < 0.1:
        return _twosided({"type": "conductor", "material": kind})
    return _twosided(_conductor(rng, kind, 0.015, 0.3))


def mirror(rng: np.random.Generator) -> Plugin:
    """A mirror: silver 60 %, aluminium 25 %, tinted 10 %, or slightly blurred with smears 5 %."""
    kind = choose(rng, {"Ag": 60, "Al": 25, "tinted": 10, "blurred": 5})
    if kind == "tinted":
        tint = linear(colours.oklch(rng.uniform(0.75, 0.93), rng.uniform(0.01, 0.05), rng.uniform(0, 360)))
        return _twosided({"type": "conductor", "material": "none", "specular_reflectance": tint})
    if kind == "blurred":
        return _twosided(_conductor(rng, "Ag", 0.005, 0.02))
    return _twosided({"type": "conductor", "material": kind})


# Plastics and paints


def plastic(rng: np.random.Generator) -> Plugin:
    """Moulded plastic of any colour: satin 60 %, glossy 30 %, matt 10 %; one in ten has a fine grain."""
    bsdf = _coated(rng, linear(colours.common(rng)), 10, 60, 30)
    if rng.uniform() < 0.1:
        bsdf = _relief(rng, bsdf, ("grain", noise(rng, 128, 0.8), float(rng.uniform(0.03, 0.08)), 0.0002))
    return _twosided(bsdf)


def glossy_plastic(rng: np.random.Generator) -> Plugin:
    """Polished plastic of any colour."""
    return _twosided(_glossy(rng, linear(colours.common(rng))))


def rubber(rng: np.random.Generator) -> Plugin:
    """Rubber: mostly nearly black, one in four coloured; matt to satin."""
    colour = choose(rng, {colours.dark: 75, colours.common: 25})(rng)
    return _twosided(_coated(rng, linear(colour), 55, 45, 0))


def paint(rng: np.random.Generator) -> Plugin:
    """Painted wood or metal: white 48 %, grey 10 %, muted 17 %, deep 8 %, black 9 %, strong 4 %, pale 4 %.

    Matt 25 %, satin 50 %, glossy 25 %; one in 25 is worn.
    """
    families = {
        colours.white: 48,
        colours.neutral: 10,
        colours.muted: 17,
        colours.deep: 8,
        colours.dark: 9,
        colours.pale: 4,
    }
    colour = choose(rng, {**families, colours.saturated: 4})(rng)
    return _twosided(_worn(rng, _coated(rng, linear(colour), 25, 50, 25), 0.04))


def car_paint(rng: np.random.Generator) -> Plugin:
    """Lacquer over a base: clear coat 0.7 to 1; half of them with metal flakes (metallic 0.3 to 0.8)."""
    families = {colours.neutral: 25, colours.dark: 22, colours.white: 18, colours.saturated: 20, colours.deep: 15}
    bsdf = {
        "type": "principled",
        "base_color": linear(choose(rng, families)(rng)),
        "roughness": float(rng.uniform(0.25, 0.5)),
        "clearcoat": float(rng.uniform(0.7, 1.0)),
        "clearcoat_gloss": float(rng.uniform(0.9, 1.0)),
        "specular": 0.5,
    }
    if rng.uniform() < 0.5:
        bsdf["metallic"] = float(rng.uniform(0.3, 0.8))
    return _twosided(bsdf)


def wax_like(rng: np.random.Generator) -> Plugin:
    """Candles, soap, cheese: pale, soft gloss, with a flat diffuse lobe that looks translucent."""
    colour = choose(
        rng, {colours.white: 50, colours.pale: 20, colours.earth: 15, colours.saturated: 8, colours.deep: 7}
    )(rng)
    bsdf = {
        "type": "principled",
        "base_color": linear(colour),
        "roughness": float(rng.uniform(0.3, 0.55)),
        "flatness": float(rng.uniform(0.4, 1.0)),
        "specular": float(rng.uniform(0.3, 0.5)),
    }
    return _twosided(bsdf)


# Cloth, leather, paper


def _woollen(rng: np.random.Generator, reflectance: Rgb | Plugin) -> Plugin:
    """diffuse (55 %), or principled with sheen 0.2 to 1."""
    if rng.uniform() < 0.55:
        return {"type": "diffuse", "reflectance": reflectance}
    return {
        "type": "principled",
        "base_color": reflectance,
        "roughness": float(rng.uniform(0.75, 1.0)),
        "specular": float(rng.uniform(0.05, 0.3)),
        "sheen": float(rng.uniform(0.2, 1.0)),
        "sheen_tint": float(rng.uniform(0.0, 1.0)),
    }


def fabric(rng: np.random.Generator) -> Plugin:
    """Cloth: plain 35 %, plain with a visible weave 25 %, patterned 40 %; 45 % with sheen."""
    if rng.uniform() < 0.4:
        return _twosided(_of(rng, swatches.cloth(rng), _woollen, bumps=0.5, turn=choose(rng, {0.0: 7, 90.0: 3})))
    families = {
        colours.white: 22,
        colours.neutral: 23,
        colours.earth: 22,
        colours.muted: 18,
        colours.deep: 10,
        colours.saturated: 5,
    }
    bsdf = _woollen(rng, linear(choose(rng, families)(rng)))
    return _twosided(_relief(rng, bsdf, swatches.weave(rng)) if rng.uniform() < 0.42 else bsdf)


def velvet(rng: np.random.Generator) -> Plugin:
    """Deep colours with a strong sheen."""
    colour = choose(rng, {colours.deep: 55, colours.muted: 25, colours.dark: 10, colours.saturated: 10})(rng)
    return _twosided(
        {
            "type": "principled",
            "base_color": linear(colour),
            "roughness": float(rng.uniform(0.6, 0.95)),
            "specular": 0.1,
            "sheen": float(rng.uniform(0.7, 1.0)),
            "sheen_tint": float(rng.uniform(0.3, 1.0)),
        }
    )


def carpet(rng: np.random.Generator) -> Plugin:
    """Carpet or rug: heathered, looped, in tiles or with an ornament."""
    return _twosided(_of(rng, swatches.pile(rng), _woollen, bumps=0.7))


def leather(rng: np.random.Generator) -> Plugin:
    """Leather: brown 45 %, black 30 %, white or grey 15 %, coloured 10 %; satin with grains (80 %) or smooth."""
    families = {
        colours.earth: 20,
        colours.dark: 30,
        colours.white: 7,
        colours.neutral: 8,
        colours.deep: 5,
        colours.muted: 5,
    }
    kind = choose(rng, {**families, "brown": 25})
    colour = (
        colours.oklch(rng.uniform(0.3, 0.5), rng.uniform(0.04, 0.09), rng.uniform(40, 60))
        if kind == "brown"
        else kind(rng)
    )
    bsdf = _coated(rng, linear(colour), 10, 80, 10)
    return _twosided(_relief(rng, bsdf, swatches.hide(rng)) if rng.uniform() < 0.8 else bsdf)


def paper(rng: np.random.Generator) -> Plugin:
    """Paper or card on uvs 0..1: blank white 40 %, printed page 25 %, coloured 15 %, cardboard 10 %, thin 10 %.

    The thin one lets light through (principledthin) and is not twosided.
    """
    kind = choose(rng, {"blank": 40, "printed": 25, "coloured": 15, "card": 10, "thin": 10})
    if kind == "printed":
        return _twosided({"type": "diffuse", "reflectance": _filling(Picture(pictures.page(rng), name="print"))})
    if kind == "thin":
        return {
            "type": "principledthin",
            "base_color": linear(colours.white(rng)),
            "roughness": float(rng.uniform(0.6, 0.9)),
            "diff_trans": float(rng.uniform(0.3, 0.9)),
            "spec_trans": 0.0,
            "eta": 1.4,
        }
    if kind == "card":
        colour = colours.oklch(rng.uniform(0.62, 0.74), rng.uniform(0.04, 0.06), rng.uniform(65, 78))
    else:
        colour = (colours.white if kind == "blank" else choose(rng, [colours.pale, colours.muted, colours.saturated]))(
            rng
        )
    return _twosided(_matt(rng, linear(colour)))


# Glass and what light passes through


def _glass_index(rng: np.random.Generator) -> float | str:
    """bk7 30 %, soda lime 1.50 to 1.53 40 %, crystal 1.53 to 1.6 15 %, acrylic 10 %, flint 1.7 to 1.785 5 %."""
    kind = choose(rng, {"bk7": 30, "soda": 40, "crystal": 15, "acrylic glass": 10, "flint": 5})
    ranges = {"soda": (1.50, 1.53), "crystal": (1.53, 1.6), "flint": (1.7, 1.785)}
    return float(rng.uniform(*ranges[kind])) if kind in ranges else kind


def glass(rng: np.random.Generator) -> Plugin:
    """Clear solid glass for closed shapes; one in 12 as a principled material, one in 12 with an uneven surface."""
    kind = choose(rng, {"clear": 84, "principled": 8, "uneven": 8})
    if kind == "principled":
        white = Rgb(1.0, 1.0, 1.0)
        eta = float(rng.uniform(1.45, 1.6))
        return {
            "type": "principled",
            "base_color": white,
            "roughness": float(rng.uniform(0.03, 0.2)),
            "spec_trans": 1.0,
            "eta": eta,
        }
    bsdf: Plugin = {"type": "dielectric", "int_ior": _glass_index(rng)}
    if kind == "uneven":
        waves = ("waves", noise(rng, 192, 2.4), float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.0005, 0.002)))
        return _relief(rng, bsdf, waves)
    return bsdf


def coloured_glass(rng: np.random.Generator) -> Plugin:
    """Solid glass whose every crossing takes some light: green, amber, blue, grey, rose; one in five rough."""
    hue = choose(rng, [150.0, 130.0, 75.0, 60.0, 245.0, 260.0, 20.0, 330.0]) + rng.uniform(-10, 10)
    tint = linear(colours.oklch(rng.uniform(0.55, 0.93), rng.uniform(0.03, 0.14), hue))
    bsdf = {"type": "dielectric", "int_ior": _glass_index(rng), "specular_transmittance": tint}
    if rng.uniform() < 0.2:
        bsdf |= {"type": "roughdielectric", "alpha": log_uniform(rng, 0.03, 0.25)}
    return bsdf


def frosted_glass(rng: np.random.Generator) -> Plugin:
    """Solid glass with a rough surface: alpha 0.05 to 0.45, in one of seven uneven."""
    alpha: float | Plugin = log_uniform(rng, 0.05, 0.45)
    if rng.uniform() < 0.15:
        name, values, metres = swatches.smears(rng)
        alpha = repeated(_grey(name, np.clip(alpha * (0.5 + values), 0.02, 0.6)), metres)
    return {
        "type": "roughdielectric",
        "int_ior": _glass_index(rng),
        "alpha": alpha,
        "distribution": choose(rng, ["ggx", "beckmann"]),
    }


def thin_glass(rng: np.random.Generator) -> Plugin:
    """A single sheet that stands for a pane: clear 80 %, tinted 12 %, or translucent (principledthin) 8 %."""
    kind = choose(rng, {"clear": 80, "tinted": 12, "translucent": 8})
    if kind == "translucent":
        return {
            "type": "principledthin",
            "base_color": linear(colours.oklch(rng.uniform(0.85, 0.96), rng.uniform(0, 0.05), rng.uniform(0, 360))),
            "roughness": float(rng.uniform(0.1, 0.4)),
            "spec_trans": float(rng.uniform(0.7, 1.0)),
            "diff_trans": float(rng.uniform(0.2, 1.0)),
            "eta": 1.5,
        }
    bsdf = {"type": "thindielectric", "int_ior": float(rng.uniform(1.5, 1.53))}
    if kind == "tinted":
        hue = choose(rng, [150.0, 200.0, 250.0, 70.0]) + rng.uniform(-15, 15)
        bsdf["specular_transmittance"] = linear(colours.oklch(rng.uniform(0.7, 0.95), rng.uniform(0.01, 0.06), hue))
    return bsdf


# Reduced scattering and absorption per millimetre, red, green, blue (Jensen et al. 2001).
_SUBSURFACE = {
    "apple": ((2.29, 2.39, 1.97), (0.0030, 0.0034, 0.046)),
    "cream": ((7.38, 5.47, 3.15), (0.0002, 0.0028, 0.0163)),
    "ketchup": ((0.18, 0.07, 0.03), (0.061, 0.97, 1.45)),
    "marble": ((2.19, 2.62, 3.00), (0.0021, 0.0041, 0.0071)),
    "potato": ((0.68, 0.70, 0.55), (0.0024, 0.0090, 0.12)),
    "skim milk": ((0.70, 1.22, 1.90), (0.0014, 0.0025, 0.0142)),
    "skin": ((0.74, 0.88, 1.01), (0.032, 0.17, 0.48)),
    "whole milk": ((2.55, 3.21, 3.77), (0.0011, 0.0024, 0.014)),
}


def translucent(rng: np.random.Generator, size: float) -> tuple[Plugin, Plugin]:
    """Wax, jade, soap, marble, flesh, as surface and medium of a closed thing of about `size` metres.

    The albedo is that of a measured substance (60 %) or drawn (40 %). It is 2 to 9 mean free paths thick, for real ones
    would need longer paths than are traced. Surface: rough (60 %) or smooth, index 1.3 to 1.5.
    """
    if rng.uniform() < 0.6:
        scattering, absorption = (np.array(v) for v in _SUBSURFACE[choose(rng, list(_SUBSURFACE))])
        albedo = Rgb(*(round(float(v), 5) for v in scattering / (scattering + absorption)))
    else:
        # Reflectance of a thick body grows slowly with albedo, so strong colours need little.
        tint = np.array(linear(choose(rng, [colours.pale, colours.muted, colours.saturated, colours.white])(rng)))
        albedo = Rgb(*(round(float(v), 5) for v in 1 - 0.25 * (1 - tint) ** 2))
    medium = {
        "type": "homogeneous",
        "albedo": albedo,
        "sigma_t": log_uniform(rng, 2, 9) / size,
        "phase": {"type": "hg", "g": float(rng.uniform(0.0, 0.6))} if rng.uniform() < 0.5 else {"type": "isotropic"},
    }
    index = float(rng.uniform(1.3, 1.5))
    if rng.uniform() < 0.6:
        return {"type": "roughdielectric", "int_ior": index, "alpha": log_uniform(rng, 0.08, 0.4)}, medium
    return {"type": "dielectric", "int_ior": index}, medium


def liquid(rng: np.random.Generator, size: float) -> tuple[Plugin, Plugin | None]:
    """Surface and medium: water 35 %, tea 15 %, juice 12 %, red wine 13 %, white wine 10 %, milk 10 %, oil 5 %.

    The medium is None for water. `size` is the way through it in metres, over which clear ones take 40 to 97 % of the
    colour that they take most, and juice and milk are 2 to 12 mean free paths thick.
    """
    kind = choose(rng, {"water": 35, "tea": 15, "juice": 12, "red wine": 13, "white wine": 10, "milk": 10, "oil": 5})
    if kind == "water":
        return {"type": "dielectric", "int_ior": "water"}, None
    index = {"oil": 1.47, "red wine": 1.345, "white wine": 1.343, "tea": 1.335, "juice": 1.345, "milk": 1.345}[kind]
    surface = {"type": "dielectric", "int_ior": index}
    if kind in ("milk", "juice"):
        tint = (
            (0.99, 0.985, 0.97)
            if kind == "milk"
            else choose(rng, [(0.985, 0.9, 0.35), (0.97, 0.55, 0.35), (0.85, 0.93, 0.4)])
        )
        thick = log_uniform(rng, 5, 12) if kind == "milk" else log_uniform(rng, 2, 6)
        return surface, {"type": "homogeneous", "albedo": Rgb(*tint), "sigma_t": thick / size}
    ratios = {
        "tea": (0.12, 0.42, 1.0),
        "red wine": (0.25, 1.0, 0.85),
        "white wine": (0.1, 0.15, 0.6),
        "oil": (0.12, 0.2, 1.0),
    }
    deepest = rng.uniform(0.5, 3.5) if kind in ("tea", "red wine") else rng.uniform(0.5, 1.5)
    # The colour that it takes most is 1: the scale holds the size.
    medium = {"type": "homogeneous", "albedo": Rgb(0.0, 0.0, 0.0), "sigma_t": Rgb(*ratios[kind])}
    return surface, medium | {"scale": float(deepest / size)}


# Cut-outs, plants, pictures


def _cut(opacity: Plugin, bsdf: Plugin) -> Plugin:
    return {"type": "mask", "opacity": opacity, "bsdf": bsdf}


def leaf_card(rng: np.random.Generator) -> Plugin:
    """One leaf on uvs 0..1, the stem at v = 0: ovate, lance, heart, round, oak, maple or fern-like; 34 % shine.

    One in four lets light through (principledthin).
    """
    name, colour, opacity = cutouts.leaf(rng)
    texture, opacity = _filling(Picture(colour, name=name)), _filling(_grey(f"{name} mask", opacity))
    if rng.uniform() < 0.25:
        thin = {"type": "principledthin", "base_color": texture, "roughness": float(rng.uniform(0.35, 0.7))}
        return _cut(opacity, thin | {"diff_trans": float(rng.uniform(0.4, 0.9)), "spec_trans": 0.0, "eta": 1.45})
    return _cut(opacity, _twosided(_coated(rng, texture, 55, 35, 10)))


def fence_mask(rng: np.random.Generator) -> Plugin:
    """Chain-link, lattice, wire mesh, punched or expanded sheet that repeats (90 %), or lace (10 %)."""
    if rng.uniform() < 0.1:
        name, opacity, metres = cutouts.lace(rng)
        bsdf = _twosided({"type": "diffuse", "reflectance": linear(colours.white(rng))})
    else:
        name, opacity, metres = cutouts.repeating(rng)
        bsdf = choose(
            rng, {paint: 30, wood: 0, metal: 35, dark_metal: 35} if name != "lattice" else {paint: 60, wood: 40}
        )(rng)
    return _cut(repeated(_grey(f"{name} mask", opacity), metres), bsdf)


def bark(rng: np.random.Generator) -> Plugin:
    """Bark with furrows along v."""
    return _twosided(_of(rng, swatches.bark_ridges(rng), _diffuse, bumps=0.7))


def grass_blade(rng: np.random.Generator) -> Plugin:
    """Blades as strands: green, in one of five dry."""
    dry = rng.uniform() < 0.2
    hue = rng.uniform(75, 95) if dry else rng.uniform(112, 138)
    colour = linear(colours.oklch(rng.uniform(0.42, 0.65), rng.uniform(0.06, 0.12), hue))
    return _twosided(_coated(rng, colour, 70, 30, 0))


def hair(rng: np.random.Generator) -> Plugin:
    """Hair or fur as strands: black, brown, blond, red by melanin (85 %), or dyed (15 %); roughness 0.15 to 0.5.

    Eumelanin 0.05 to 8 (white to black; brown is about 1.3), pheomelanin up to 1.5.
    """
    bsdf: Plugin = {
        "type": "hair",
        "longitudinal_roughness": float(rng.uniform(0.15, 0.45)),
        "azimuthal_roughness": float(rng.uniform(0.2, 0.5)),
        "scale_tilt": float(rng.uniform(1.5, 3.0)),
        "int_ior": 1.55,
    }
    if rng.uniform() < 0.85:
        bsdf |= {
            "eumelanin": log_uniform(rng, 0.05, 8.0),
            "pheomelanin": float(rng.uniform(0, 1.5) * (rng.uniform() < 0.4)),
        }
    else:
        bsdf["sigma_a"] = Rgb(*(round(float(value), 4) for value in rng.uniform(0.02, 2.5, 3)))
    return bsdf


# Fruit: lightness, chroma and hue ranges of the skin, and how much lighter or darker blotches go.
_FRUIT = {
    "apple": [((0.45, 0.55), (0.13, 0.17), (22, 32), 0.25), ((0.68, 0.8), (0.11, 0.15), (108, 122), 0.12)],
    "orange": [((0.68, 0.75), (0.15, 0.18), (52, 62), 0.05)],
    "lemon": [((0.82, 0.89), (0.14, 0.17), (95, 102), 0.05)],
    "lime": [((0.58, 0.7), (0.11, 0.15), (118, 130), 0.08)],
    "banana": [((0.82, 0.88), (0.13, 0.16), (88, 100), 0.1)],
    "pear": [((0.68, 0.8), (0.09, 0.13), (98, 115), 0.14)],
    "peach": [((0.65, 0.78), (0.1, 0.14), (35, 62), 0.2)],
    "plum": [((0.25, 0.36), (0.05, 0.09), (310, 355), 0.2)],
    "grape": [((0.28, 0.4), (0.05, 0.09), (300, 350), 0.12), ((0.7, 0.8), (0.08, 0.12), (110, 120), 0.08)],
    "cherry": [((0.28, 0.42), (0.11, 0.16), (18, 26), 0.1)],
    "tomato": [((0.5, 0.6), (0.17, 0.2), (27, 34), 0.06)],
    "strawberry": [((0.48, 0.56), (0.16, 0.19), (24, 30), 0.12)],
    "pepper": [
        ((0.48, 0.56), (0.17, 0.2), (26, 32), 0.05),
        ((0.78, 0.85), (0.15, 0.17), (88, 98), 0.05),
        ((0.45, 0.56), (0.1, 0.14), (132, 140), 0.06),
    ],
    "aubergine": [((0.2, 0.28), (0.04, 0.08), (300, 325), 0.08)],
    "avocado": [((0.28, 0.42), (0.03, 0.07), (115, 130), 0.25)],
    "melon": [((0.45, 0.72), (0.06, 0.11), (110, 130), 0.3)],
    "pumpkin": [((0.65, 0.74), (0.13, 0.17), (50, 62), 0.12)],
    "potato": [((0.58, 0.7), (0.05, 0.08), (68, 82), 0.2)],
    "onion": [((0.55, 0.7), (0.08, 0.12), (48, 68), 0.2)],
    "egg": [((0.84, 0.95), (0.01, 0.05), (50, 80), 0.03)],
    "bread": [((0.5, 0.68), (0.08, 0.11), (55, 70), 0.3)],
}
FRUIT = tuple(_FRUIT)


def skin_of_fruit(rng: np.random.Generator, kind: str) -> Plugin:
    """The skin of one of FRUIT: blotched or streaked in its own colours; oranges, lemons, limes, avocados have pores.

    Raises ValueError for a fruit that is not among FRUIT.
    """
    if kind not in _FRUIT:
        raise ValueError(f"no fruit is called {kind}: choose one of {', '.join(FRUIT)}")
    light, chroma, hue, spread = choose(rng, _FRUIT[kind])
    body = colours.oklch(rng.uniform(*light), rng.uniform(*chroma), rng.uniform(*hue))
    stretch = (1.0, 6.0) if kind in ("apple", "melon", "pumpkin", "onion") else (1.0, 1.0)
    value = noise(rng, 192, 1.7, stretch=stretch)
    stops = colours.shades(body, spread)
    if kind in ("apple", "peach") and rng.uniform() < 0.6:
        stops[2] = colours.oklch(rng.uniform(0.75, 0.84), 0.11, rng.uniform(80, 105))
    elif kind == "banana":
        value = np.where(noise(rng, 192, 1.0) < rng.uniform(0.0, 0.05), 0.0, 0.3 + 0.7 * value)
        stops[0] *= 0.5
    texture = repeated(Picture(ramp(value, stops, 14), name=f"skin of {kind}"), 0.12)
    matt = kind in ("peach", "potato", "egg", "bread", "melon")
    bsdf = _coated(rng, texture, 70, 30, 0) if matt else _coated(rng, texture, 0, 45, 55)
    if kind in ("orange", "lemon", "lime", "avocado", "strawberry", "bread"):
        bsdf = _relief(rng, bsdf, ("pores", noise(rng, 128, 0.9), 0.04, 0.0006))
    return _twosided(bsdf)


def book_cover(rng: np.random.Generator) -> Plugin:
    """A book's cover on uvs 0..1: printed 75 %, or plain cloth; glossy to matt."""
    if rng.uniform() < 0.25:
        colour = choose(rng, {colours.deep: 40, colours.muted: 30, colours.earth: 15, colours.dark: 15})(rng)
        return _twosided(_relief(rng, _matt(rng, linear(colour)), ("linen", noise(rng, 128, 0.5), 0.06, 0.0002)))
    return _twosided(_coated(rng, _filling(Picture(pictures.book_cover(rng), name="book cover")), 35, 35, 30))


def painting_picture(rng: np.random.Generator) -> Plugin:
    """A picture for a frame on uvs 0..1; one in three behind gloss, one in four on canvas that shows."""
    name, picture = pictures.art(rng)
    bsdf = _coated(rng, _filling(Picture(picture, name=name)), 55, 15, 30)
    if rng.uniform() < 0.25:
        bsdf = _relief(rng, bsdf, ("canvas", noise(rng, 192, 1.0), 0.4, 0.004))
    return _twosided(bsdf)


def lettered(rng: np.random.Generator) -> Plugin:
    """A poster, sign or label with lettering on uvs 0..1, matt to glossy."""
    return _twosided(_coated(rng, _filling(Picture(pictures.lettered(rng), name="lettering")), 50, 30, 20))


def screen(rng: np.random.Generator) -> Plugin:
    """A display that is off: black gloss (55 %); or what it shows, under gloss, on uvs 0..1."""
    if rng.uniform() < 0.55:
        black = Rgb(*(float(rng.uniform(0.004, 0.02)),) * 3)
        return _twosided(_glossy(rng, black))
    return _twosided(_glossy(rng, _filling(Picture(pictures.display(rng), name="display"))))


# What a closed object may be made of, and how often.
_ANYTHING: dict[Callable[[np.random.Generator], Plugin], float] = {
    plastic: 9,
    glossy_plastic: 8,
    ceramic: 9,
    glazed: 4,
    paint: 9,
    car_paint: 4,
    wood: 6,
    varnished_wood: 6,
    metal: 9,
    dark_metal: 2,
    brushed_metal: 4,
    gold_like: 5,
    mirror: 1.5,
    stone: 3,
    polished_stone: 4,
    concrete: 2,
    terracotta: 3,
    rubber: 1.5,
    fabric: 4,
    velvet: 1.5,
    leather: 1.5,
    wax_like: 2,
    glass: 5,
    coloured_glass: 3,
    frosted_glass: 3,
}


def anything(rng: np.random.Generator, clear: bool = True) -> Plugin:
    """What a closed object may be made of: 90 % opaque (a fifth of all metal), 10 % glass unless not `clear`."""
    chances = {
        kind: chance
        for kind, chance in _ANYTHING.items()
        if clear or kind not in (glass, coloured_glass, frosted_glass)
    }
    return choose(rng, chances)(rng)
