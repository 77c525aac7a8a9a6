from functools import cache

import mitsuba as mi
import numpy as np
import pytest

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.meshes import sheet
from mcdenoise.random_scenes.parts import Part, Picture, Rgb, Strands, plugins_in

DRAWN = (
    "wall ceiling floor facade ground paving roof wood varnished_wood metal dark_metal brushed_metal "
    "gold_like mirror plastic glossy_plastic rubber ceramic glazed terracotta stone polished_stone "
    "concrete fabric velvet carpet leather paper wax_like paint car_paint glass thin_glass frosted_glass "
    "coloured_glass leaf_card bark book_cover painting_picture lettered fence_mask grass_blade screen "
    "anything "
)
NAMES = DRAWN.split()
OPEN = {"type": "perspective", "film": {"type": "hdrfilm", "width": 8, "height": 8, "rfilter": {"type": "box"}}}
SQUARE = sheet(
    np.array([[[-1, 0, -1], [1, 0, -1]], [[-1, 0, 1], [1, 0, 1]]], dtype=float),
    np.array([[[0, 0], [1, 0]], [[0, 1], [1, 1]]], dtype=float),
)
TRANSMISSIVE = {"dielectric", "thindielectric", "roughdielectric", "principledthin", "mask", "hair", "null"}


@cache
def drawn(name, seed):
    return again(name, seed)


def again(name, seed):
    return getattr(materials, name)(np.random.default_rng([len(name), seed]))


def pictures(plugin):
    return [v for nested in plugins_in(plugin) for v in nested.values() if isinstance(v, Picture)]


def content(plugin):
    return [
        (key, value.pixels.tobytes() if isinstance(value, Picture) else value.tobytes())
        if isinstance(value, Picture | np.ndarray)
        else (key, value)
        for nested in plugins_in(plugin)
        for key, value in nested.items()
        if not isinstance(value, dict)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_material_and_others_differ(name):
    first = [content(drawn(name, seed)) for seed in range(4)]
    assert first[0] == content(again(name, 0))
    assert any(other != first[0] for other in first[1:])


def test_pictures_are_small_in_range_named_and_never_brighter_than_paint():
    for name in NAMES:
        for seed in range(4):
            for picture in pictures(drawn(name, seed)):
                assert picture.name, name
                assert picture.pixels.ndim == 3
                assert max(picture.pixels.shape[:2]) <= 768
                assert picture.pixels.min() >= 0
                assert picture.pixels.max() <= 1
                if not picture.raw:
                    assert picture.pixels.mean() <= 0.95


def test_plain_reflectances_are_physical():
    for name in NAMES:
        for seed in range(4):
            for nested in plugins_in(drawn(name, seed)):
                for key in ("reflectance", "diffuse_reflectance", "base_color"):
                    value = nested.get(key)
                    # Glass is as clear as can be; all else reflects no more than white paint.
                    if isinstance(value, Rgb) and not nested.get("spec_trans"):
                        assert min(value) >= 0
                        assert max(value) < 0.9


def test_walls_are_mostly_bright_and_plain():
    walls = [materials.wall(np.random.default_rng(seed)) for seed in range(150)]
    keys = ("reflectance", "diffuse_reflectance", "base_color")
    colours = [nested[key] for bsdf in walls for nested in plugins_in(bsdf) for key in keys if key in nested]
    bright = [colour for colour in colours if isinstance(colour, Rgb) and min(colour) > 0.5]
    assert len(bright) > 0.55 * len(walls)


def test_all_usual_bsdfs_occur():
    found = {materials.hair(np.random.default_rng(0))["type"]}
    for name in NAMES:
        for seed in range(12 if name in ("thin_glass", "facade", "leaf_card") else 4):
            found |= {nested["type"] for nested in plugins_in(drawn(name, seed))}
    usual = (
        "diffuse plastic roughplastic conductor roughconductor dielectric thindielectric roughdielectric principled "
        "principledthin twosided mask bumpmap normalmap blendbsdf hair"
    )
    assert set(usual.split()) <= found


def test_opaque_materials_are_twosided_and_transmissive_ones_are_not():
    for name in NAMES:
        for seed in range(4):
            bsdf = drawn(name, seed)
            inside = {nested["type"] for nested in plugins_in(bsdf)}
            if inside & TRANSMISSIVE or any(nested.get("spec_trans") for nested in plugins_in(bsdf)):
                assert bsdf["type"] != "twosided", (name, seed)
            else:
                assert bsdf["type"] == "twosided", (name, seed)


def test_kinds_names_the_bsdfs_and_pictures():
    bsdf = {
        "type": "twosided",
        "bsdf": {
            "type": "diffuse",
            "reflectance": {"type": "bitmap", "picture": Picture(np.zeros((2, 2, 3)), name="oak")},
        },
    }
    assert materials.kinds(bsdf) == ["diffuse", "oak", "twosided"]


def test_anything_can_be_kept_from_being_clear():
    rng = np.random.default_rng(0)
    for _ in range(60):
        assert not set(materials.kinds(materials.anything(rng, clear=False))) & {"dielectric", "roughdielectric"}


def test_a_fruit_that_is_unknown_is_refused():
    with pytest.raises(ValueError, match="no fruit is called brick"):
        materials.skin_of_fruit(np.random.default_rng(0), "brick")


def test_every_material_loads_and_renders(tmp_path):
    mi.set_variant("scalar_rgb")
    parts = []
    for name in NAMES:
        for seed in range(2):
            parts.append(Part(SQUARE, drawn(name, seed)))
    parts += [Part(SQUARE, materials.skin_of_fruit(np.random.default_rng(0), kind)) for kind in materials.FRUIT]
    curve = np.array([[0, 0, z, 0.01] for z in (0, 0.3, 0.6, 1.0)])
    parts += [Part(Strands((curve,)), materials.hair(np.random.default_rng(seed))) for seed in range(8)]
    for seed in range(20):
        for kind in (materials.translucent, materials.liquid):
            bsdf, medium = kind(np.random.default_rng(seed), 0.08)
            parts.append(Part({"type": "sphere", "radius": 0.04}, bsdf, interior=medium))
    # They would hide each other: only that all load, and that rays which meet some come back finite.
    plugins = {"integrator": {"type": "volpath", "max_depth": 6}, "camera": OPEN, "sky": {"type": "constant"}}
    write_scene(tmp_path / "scene", plugins, parts, "all materials", "train")
    image = np.array(mi.render(mi.load_file(str(tmp_path / "scene" / "scene.xml")), spp=2))
    assert np.isfinite(image).all()
    files = [path.stat().st_size for path in (tmp_path / "scene").rglob("*.png")]
    assert sum(files) / len(parts) < 130e3  # so that a scene of thirty materials stays near 4 MB
    assert max(files) < 700e3


def lit(tmp_path, bsdf, name):
    """The brightness of a square, seen from the front, with light that comes from above the camera."""
    mi.set_variant("scalar_rgb")
    camera = {
        "type": "perspective",
        "fov": 36.0,
        "to_world": np.array(mi.ScalarTransform4f().look_at([0, -3, 0], [0, 0, 0], [0, 0, 1]).matrix, dtype=float),
        "film": {"type": "hdrfilm", "width": 64, "height": 64, "rfilter": {"type": "box"}},
    }
    down = {"type": "directional", "to_world": _towards((0.0, 1.0, -1.0))}
    write_scene(
        tmp_path / name,
        {"integrator": {"type": "path"}, "camera": camera, "sun": down},
        [Part(SQUARE, bsdf)],
        "",
        "train",
    )
    return np.array(mi.render(mi.load_file(str(tmp_path / name / "scene.xml")), spp=16))[..., 1]


def _towards(way):
    return np.array(mi.ScalarTransform4f().look_at([0, 0, 0], list(way), [1, 0, 0]).matrix, dtype=float)


def dome():
    """A height that is highest in the middle and falls to 0 around it."""
    t = (np.arange(64) + 0.5) / 64 - 0.5
    return np.sqrt(np.clip(0.2 - t[:, None] ** 2 - t[None, :] ** 2, 0, 1)) / 0.45


def test_pictures_stand_upright_where_v_grows_upwards(tmp_path):
    pixels = np.zeros((64, 64, 3))
    pixels[:32] = 0.9
    bsdf = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": materials._filling(Picture(pixels))}}
    image = lit(tmp_path, bsdf, "upright")
    assert image[8:28].mean() > 20 * image[36:56].mean()


@pytest.mark.parametrize("seed", range(8))
def test_a_bump_is_lit_from_the_side_of_the_light_as_bump_map_and_as_normal_map(tmp_path, seed):
    bsdf = materials._relief(np.random.default_rng(seed), {"type": "diffuse"}, ("dome", dome(), 1.0, 0.2))
    image = lit(tmp_path, {"type": "twosided", "bsdf": bsdf}, "bump")
    assert image[18:28, 28:36].mean() > 1.1 * image[36:46, 28:36].mean()
