"""What is written is what plain Mitsuba reads."""

import re

import mitsuba as mi
import numpy as np
import OpenEXR
import pytest

from mcdenoise.random_scenes.files import write_ply, write_scene
from mcdenoise.random_scenes.meshes import box, sheet
from mcdenoise.random_scenes.parts import Part, Picture, Point, Rgb, Strands, repeated, rotation, scaling, translation
from mcdenoise.rendering.scene import digest

CAMERA = {
    "type": "perspective",
    "fov": 40.0,
    "to_world": translation(0.0, -5.0, 1.0) @ rotation("x", -90.0),
    "film": {"type": "hdrfilm", "width": 8, "height": 6, "rfilter": {"type": "box"}},
    "sampler": {"type": "independent", "sample_count": 4},
}
PLUGINS = {"integrator": {"type": "path", "max_depth": 5}, "camera": CAMERA}


@pytest.fixture(autouse=True)
def _variant():
    mi.set_variant("scalar_rgb")


def load(folder):
    return mi.load_file(str(folder / "scene.xml"))


def test_meshes_strands_and_plain_shapes_come_back_where_they_were_put(tmp_path):
    grey = {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.5)}
    blade = np.array([(0, 0, z, 0.02) for z in np.linspace(0, 1, 5)])
    parts = [
        Part(box((1.0, 2.0, 3.0)), grey, to_world=translation(10.0) @ rotation("z", 90.0)),
        Part(Strands((blade,)), grey, to_world=translation(0.0, 5.0)),
        Part({"type": "sphere", "center": Point(0.0, 0.0, 2.0), "radius": 0.5}, grey, to_world=scaling(2.0)),
    ]
    write_scene(tmp_path, PLUGINS, parts, "test", "train")
    boxes = sorted((tuple(shape.bbox().min), tuple(shape.bbox().max)) for shape in load(tmp_path).shapes())
    np.testing.assert_allclose(boxes[0], ((-1, -1, 3), (1, 1, 5)), atol=1e-5)
    np.testing.assert_allclose(boxes[1], ((-0.02, 4.98, -0.02), (0.02, 5.02, 1.02)), atol=1e-5)
    np.testing.assert_allclose(boxes[2], ((9, -0.5, -1.5), (11, 0.5, 1.5)), atol=1e-5)


def test_what_is_used_twice_is_written_once_and_equal_values_are_not_confused(tmp_path):
    picture = Picture(np.full((4, 4, 3), 0.5))
    shared = {"type": "diffuse", "reflectance": repeated(picture, 0.5)}
    other = {"type": "roughplastic", "diffuse_reflectance": repeated(picture, 2.0), "alpha": 0.1}
    mesh = box((1.0, 1.0, 1.0))
    parts = [Part(mesh, shared), Part(mesh, shared), Part(mesh, other)]
    write_scene(tmp_path, PLUGINS, parts, "test", "train")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mesh001.ply", "picture001.png", "scene.xml"]
    assert (tmp_path / "scene.xml").read_text().count("<bsdf") == 2
    assert sum(shape.face_count() for shape in load(tmp_path).shapes()) == 3 * 12


def test_colours_and_data_are_read_as_meant(tmp_path):
    pixels = np.full((2, 2, 3), 0.5)
    radiance = np.full((2, 2, 3), 300.0)
    texture = {"type": "bitmap", "picture": Picture(pixels)}
    data = {"type": "bitmap", "picture": Picture(pixels, raw=True)}
    bright = {"type": "bitmap", "picture": Picture(radiance, hdr=True)}
    quad = {"type": "rectangle"}
    parts = [
        Part(quad, {"type": "diffuse", "reflectance": texture}, to_world=translation(z=0.0)),
        Part(quad, {"type": "diffuse", "reflectance": data}, to_world=translation(z=1.0)),
        Part(quad, {"type": "diffuse"}, {"type": "area", "radiance": bright}, to_world=translation(z=2.0)),
    ]
    write_scene(tmp_path, PLUGINS, parts, "test", "train")
    scene = load(tmp_path)
    found = {}
    for shape in scene.shapes():
        height = round(shape.bbox().min.z)
        hit = scene.ray_intersect(mi.Ray3f(mi.Point3f(0.2, 0.1, height + 0.5), mi.Vector3f(0, 0, -1)))
        found[height] = (
            np.array(hit.emitter(scene).eval(hit))
            if height == 2
            else np.array(hit.bsdf().eval_diffuse_reflectance(hit))
        )
    assert found[0] == pytest.approx([0.2158605] * 3, rel=1e-3), "128 / 255 in sRGB"
    assert found[1] == pytest.approx([128 / 255] * 3, rel=1e-3)
    assert found[2] == pytest.approx([300.0] * 3)


def test_pictures_are_upright(tmp_path):
    rows = np.repeat(np.linspace(0.9, 0.1, 8)[:, None, None], 8, axis=1) * np.ones(3)
    once = {"type": "bitmap", "picture": Picture(rows, raw=True)}
    parts = [
        Part({"type": "rectangle"}, {"type": "diffuse", "reflectance": texture}, to_world=translation(z=height))
        for height, texture in ((0.0, once), (1.0, repeated(Picture(rows, raw=True), 1.0)))
    ]
    write_scene(tmp_path, PLUGINS, parts, "test", "train")
    scene = load(tmp_path)
    for height in (0.0, 1.0):
        # A rectangle is from -1 to 1 in y, and its v from 0 to 1.
        tones = []
        for y in (0.8, -0.8):
            hit = scene.ray_intersect(mi.Ray3f(mi.Point3f(0.0, y, height + 0.5), mi.Vector3f(0, 0, -1)))
            tones.append(float(hit.bsdf().eval_diffuse_reflectance(hit)[0]))
        assert tones == pytest.approx([0.83, 0.17], abs=0.06), "the first row of the picture is up"


def test_large_meshes_keep_their_vertices(tmp_path):
    side = 300
    x, y = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    mesh = sheet(np.stack([x, y, np.zeros_like(x)], -1))
    assert len(mesh.points) > 2**16
    write_ply(tmp_path / "large.ply", mesh)
    shape = mi.load_dict({"type": "ply", "filename": str(tmp_path / "large.ply")})
    assert shape.vertex_count() == side * side
    assert shape.surface_area() == pytest.approx(1.0, rel=1e-4)


def test_things_in_fog_know_it_on_their_other_side(tmp_path):
    fog = {"type": "homogeneous", "albedo": Rgb(0.9, 0.9, 0.9), "sigma_t": 0.1}
    wax = {"type": "homogeneous", "albedo": Rgb(0.9, 0.8, 0.7), "sigma_t": 9.0}
    glass = {"type": "dielectric", "int_ior": 1.5}
    parts = [
        Part({"type": "cube"}, {"type": "null"}, interior=fog, to_world=scaling(10.0)),
        Part({"type": "sphere", "radius": 0.5}, glass, interior=wax),
    ]
    write_scene(tmp_path, PLUGINS, parts, "test", "train", fog)
    ball = min(load(tmp_path).shapes(), key=lambda shape: shape.surface_area())
    assert ball.exterior_medium() is not None
    assert ball.interior_medium() is not None
    assert ball.exterior_medium().id() != ball.interior_medium().id()


def test_text_cannot_break_out_of_the_xml(tmp_path):
    write_scene(tmp_path, PLUGINS, [], "a --> b <scene> & -- --", "train")
    text = (tmp_path / "scene.xml").read_text()
    assert text.count("-->") == 1
    load(tmp_path)


def test_the_same_scene_gives_the_same_files_and_another_digest_only_if_it_differs(tmp_path):
    def write(name, tone):
        grey = {"type": "diffuse", "reflectance": {"type": "bitmap", "picture": Picture(np.full((4, 4, 3), tone))}}
        write_scene(tmp_path / name, PLUGINS, [Part(box((1, 1, 1)), grey)], "test", "train")
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    assert write("a", 0.5) == write("b", 0.5)
    assert write("c", 0.7) != write("a", 0.5)
    digests = [digest(tmp_path / name / "scene.xml") for name in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_a_value_without_a_form_is_refused(tmp_path):
    with pytest.raises(TypeError, match="alpha is a list"):
        write_scene(
            tmp_path, PLUGINS, [Part({"type": "sphere"}, {"type": "roughconductor", "alpha": [1]})], "", "train"
        )


def test_radiance_pictures_are_half_float_exr(tmp_path):
    light = {"type": "area", "radiance": {"type": "bitmap", "picture": Picture(np.full((2, 3, 3), 70.5), hdr=True)}}
    write_scene(tmp_path, PLUGINS, [Part({"type": "rectangle"}, {"type": "diffuse"}, light)], "", "train")
    channels = OpenEXR.File(str(tmp_path / "picture001.exr"), separate_channels=True).channels()
    assert channels["R"].pixels.dtype == np.float16
    assert (channels["R"].pixels == 70.5).all()
    assert re.search(r'name="raw" value="true"', (tmp_path / "scene.xml").read_text())
