"""Loading: any scene gives radiance and features through a film of ours."""

import os
import subprocess
import sys

import numpy as np
import pytest
from tiny_scenes import OBJECTS, PERSPECTIVE, film_xml

from mcdenoise.errors import SceneError
from mcdenoise.exr import read_frame

PATH = '<integrator type="path"><integer name="max_depth" value="4"/></integrator>'
VOLPATH = '<integrator type="volpath"><integer name="max_depth" value="4"/></integrator>'
NESTED = f'<integrator type="aov"><string name="aovs" value="uv:uv,p:position"/>{PATH}</integrator>'
TWICE = f'<integrator type="aov"><string name="aovs" value="uv:uv"/>{NESTED}</integrator>'
PTRACER = '<integrator type="ptracer"><integer name="max_depth" value="4"/></integrator>'


@pytest.fixture
def render(scalar):
    from mcdenoise.rendering.realization import render

    return lambda loaded, spp=16: render(loaded, spp, 5, 2)[0]


def filter_of(loaded):
    return type(loaded.sensor.film().rfilter()).__name__, loaded.sensor.film().rfilter().class_name()


@pytest.mark.parametrize(
    ("integrator", "name"),
    [(PATH, "path"), (VOLPATH, "volpath"), (NESTED, "path"), (TWICE, "path"), (PTRACER, "ptracer")],
    ids=["path", "volpath", "aov", "aov in aov", "ptracer"],
)
def test_integrators_of_one_light_transport_give_one_picture_and_the_same_features(load, render, integrator, name):
    expected = render(load(path=None, integrator=PATH), 64)
    loaded = load(integrator=integrator)
    frame = render(loaded, 64)
    assert loaded.integrator_name == name
    # Means over 384 pixels of 64 samples: the path tracer's own deviation is below 1%, the particle tracer's below 3%.
    np.testing.assert_allclose(frame.radiance.mean(axis=(0, 1)), expected.radiance.mean(axis=(0, 1)), rtol=0.08)
    for feature in ("albedo", "normal", "depth"):
        difference = np.abs(getattr(frame, feature) - getattr(expected, feature)).mean()
        assert difference < 0.03 * max(1.0, getattr(expected, feature).max()), feature


def test_direct_light_is_no_more_than_all_light(load, render):
    loaded = load(integrator='<integrator type="direct"/>')
    direct = render(loaded, 64)
    assert loaded.integrator_name == "direct"
    assert direct.radiance.mean() < render(load(integrator=PATH), 64).radiance.mean()


def test_features_are_what_the_scene_says(load, render):
    frame = render(load(), 64)
    assert frame.albedo.min() >= 0
    assert frame.albedo.max() <= 1
    np.testing.assert_allclose(frame.albedo[-1, 0], [0.7, 0.5, 0.3], atol=1e-5)  # the floor, at the picture's edge
    np.testing.assert_allclose(frame.normal[-1, 0], [0, 0, 1], atol=1e-5)
    np.testing.assert_allclose(frame.albedo[8, 12], [0.2, 0.4, 0.8], atol=1e-5)  # the ball, in the middle
    # The ball's front lies 4.0447 - 0.6 before the camera (its distance from the ball's middle is hypot(4, 0.6)).
    assert frame.depth[7:9, 11:13].min() == pytest.approx(np.hypot(4, 0.6) - 0.6, abs=0.03)
    missed = frame.depth == 0
    assert missed.any()
    assert (frame.normal[missed] == 0).all()


def test_an_aov_integrator_that_wraps_nothing_is_refused(load):
    with pytest.raises(SceneError, match="wraps no integrator"):
        load(integrator='<integrator type="aov"><string name="aovs" value="uv:uv"/></integrator>')


@pytest.mark.parametrize(
    "inside", ["", '<rfilter type="gaussian"/>', '<rfilter type="box"/>', '<rfilter type="tent"/>']
)
def test_the_box_filter_is_used_whatever_the_film_says(load, render, inside):
    loaded = load(film=film_xml(24, 16, inside))
    assert filter_of(loaded)[1] == "BoxFilter"
    assert np.isfinite(render(loaded, 2).radiance).all()


@pytest.mark.parametrize(
    ("asked", "inside", "used"),
    [
        ("scene", '<rfilter type="mitchell"/>', "MitchellNetravaliFilter"),
        ("scene", '<rfilter type="box"/>', "BoxFilter"),
        ("scene", "", "GaussianFilter"),  # Mitsuba's default
        ("gaussian", '<rfilter type="box"/>', "GaussianFilter"),
        ("tent", "", "TentFilter"),
    ],
)
def test_another_filter_can_be_asked_for(load, asked, inside, used):
    assert filter_of(load(pixel_filter=asked, film=film_xml(24, 16, inside)))[1] == used


def test_a_sensor_without_a_film_obeys_size_and_filter_too(load):
    loaded = load(size=(20, 10), film="")
    assert loaded.size == (20, 10)
    assert filter_of(loaded)[1] == "BoxFilter"


def test_the_sampler_is_independent_whatever_the_scene_says(load):
    sampler = '<sampler type="multijitter"><integer name="sample_count" value="16"/></sampler>'
    loaded = load(sensor=PERSPECTIVE.replace("{film}", sampler + "{film}"))
    assert loaded.sensor.sampler().class_name() == "IndependentSampler"


@pytest.mark.parametrize("plugin", ["hdrfilm", "specfilm"])
def test_any_film_becomes_an_rgb_film(load, render, plugin):
    band = '<spectrum name="band1" value="400:1, 700:1"/>' if plugin == "specfilm" else ""
    frame = render(load(film=film_xml(24, 16, band, plugin=plugin)), 2)
    assert frame.radiance.shape == (16, 24, 3)
    assert frame.radiance.mean() > 0.01


def test_a_luminance_film_still_gives_colour(load, render):
    frame = render(load(film=film_xml(24, 16, '<string name="pixel_format" value="luminance"/>')), 4)
    assert frame.radiance.shape == (16, 24, 3)
    assert frame.radiance[-4:, :4, 0].mean() > 1.2 * frame.radiance[-4:, :4, 2].mean()  # the floor is orange


def test_a_crop_is_rendered_as_a_crop(load, render):
    numbers = {"crop_offset_x": 6, "crop_offset_y": 4, "crop_width": 10, "crop_height": 7}
    crop = "".join(f'<integer name="{name}" value="{value}"/>' for name, value in numbers.items())
    loaded = load(film=film_xml(24, 16, crop))
    assert loaded.size == (10, 7)
    part = render(loaded, 64)
    whole = render(load(film=film_xml(24, 16)), 64)
    assert part.size == (10, 7)
    # Both are means of 64 samples in the same pixels; only at the ball's silhouette do their depths differ.
    difference = np.abs(part.depth - whole.depth[4:11, 6:16])
    assert np.median(difference) < 0.02
    np.testing.assert_allclose(part.albedo.mean((0, 1)), whole.albedo[4:11, 6:16].mean((0, 1)), atol=0.03)


def test_a_size_asked_for_replaces_size_and_crop(load, render):
    crop = '<integer name="crop_width" value="10"/><integer name="crop_height" value="7"/>'
    loaded = load(size=(33, 9), film=film_xml(24, 16, crop))
    assert loaded.size == (33, 9)
    assert render(loaded, 1).radiance.shape == (9, 33, 3)


def test_defaults_in_the_xml_set_the_film(load):
    film = '<film type="hdrfilm"><integer name="width" value="$w"/><integer name="height" value="12"/></film>'
    loaded = load(integrator=f'<default name="w" value="18"/>{PATH}', film=film)
    assert loaded.size == (18, 12)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"sensor": ""}, "no sensor"),
        ({"integrator": ""}, "no integrator"),
        ({"integrator": '<integrator type="no-such-thing"/>'}, "no-such-thing"),
        ({"objects": '<shape type="ply"><string name="filename" value="gone.ply"/></shape>'}, "gone.ply"),
        ({"objects": OBJECTS + '<shape type="sphere"><float name="radius" value="wide"/></shape>'}, "wide"),
        ({"objects": OBJECTS + "<shape>"}, ""),
        ({"text": "<scene"}, ""),
        ({"text": ""}, ""),
        ({"text": '<bsdf version="3.0.0" type="diffuse"/>'}, ""),
    ],
)
def test_a_scene_that_cannot_be_loaded_is_one_line(load, write_scene, parts, reason):
    path = write_scene(**parts)
    with pytest.raises(SceneError) as caught:
        load(path=path)
    message = str(caught.value)
    assert message.strip()
    assert "\n" not in message
    assert reason in message


def test_the_digest_tells_every_change_of_the_scene_and_its_files(scalar, write_scene, tmp_path):
    from mcdenoise.rendering.scene import digest

    mesh = "\n".join(["v 0 0 0", "v 1 0 0", "v 0 1 0", "f 1 2 3"])
    (tmp_path / "ball").mkdir()
    (tmp_path / "ball" / "mesh.obj").write_text(mesh)
    shape = '<shape type="obj"><string name="filename" value="mesh.obj"/></shape>'
    path = write_scene(objects=OBJECTS + shape)
    first = digest(path)
    assert digest(path) == first
    (tmp_path / "ball" / "mesh.obj").write_text(mesh.replace("1 0 0", "2 0 0"))
    changed_mesh = digest(path)
    write_scene(objects=OBJECTS + shape, integrator='<integrator type="direct"/>')
    assert len({first, changed_mesh, digest(path)}) == 3


def test_the_digest_does_not_depend_on_where_the_scene_lies(scalar, write_scene):
    from mcdenoise.rendering.scene import digest

    assert digest(write_scene("here/scene.xml")) == digest(write_scene("there/scene.xml"))


def test_two_scenes_do_not_take_each_other_s_files(scalar, write_scene, tmp_path, load, render):
    """Mitsuba's file resolver looks in every folder that it was told of; files of the same name must not be mixed."""
    for folder, x in (("one", 0.0), ("two", 0.5)):
        (tmp_path / folder).mkdir()
        vertices = [f"v {x - 1} -1 1", f"v {x + 1} -1 1", f"v {x} 1 2", "f 1 2 3"]
        (tmp_path / folder / "mesh.obj").write_text("\n".join(vertices))
    shape = '<shape type="obj"><string name="filename" value="mesh.obj"/></shape>'
    depths = {}
    for folder in ("one", "two", "one"):
        path = write_scene(f"{folder}/scene.xml", objects=OBJECTS + shape)
        depth = render(load(path=path, size=(20, 14)), 4).depth
        if folder in depths:
            np.testing.assert_array_equal(depths[folder], depth)
        depths[folder] = depth
    assert np.abs(depths["one"] - depths["two"]).max() > 0.1


def test_a_file_that_only_another_scene_has_is_missed(scalar, write_scene, tmp_path, load):
    import mitsuba as mi

    folders = [str(folder) for folder in mi.file_resolver()]
    shape = """
        <shape type="rectangle"><bsdf type="diffuse">
            <texture type="bitmap" name="reflectance"><string name="filename" value="floor.png"/></texture>
        </bsdf></shape>"""
    with_file = write_scene("a/scene.xml", objects=OBJECTS + shape)
    without = write_scene("b/scene.xml", objects=OBJECTS + shape)
    mi.Bitmap(np.full((2, 2, 3), 128, dtype=np.uint8)).write(str(tmp_path / "a" / "floor.png"))
    load(path=with_file)
    assert [str(folder) for folder in mi.file_resolver()] == folders
    with pytest.raises(SceneError, match=r"floor\.png"):
        load(path=without)
    assert [str(folder) for folder in mi.file_resolver()] == folders
    load(path=with_file, size=(5, 4))


def test_a_film_that_no_memory_holds_is_refused_before_it_is_rendered(scalar, write_scene):
    from mcdenoise.rendering import worker

    path = write_scene(film=film_xml(60000, 60000))
    setting = worker.Setting(path, "ball", "train", None, "box", 0, "scalar_rgb")
    with pytest.raises(SceneError, match=r"film of 60000 x 60000 has more than \d+ pixels"):
        worker.describe(setting)


def test_a_long_reason_is_cut_at_a_word():
    from mcdenoise.rendering.reasons import reason

    said = reason(RuntimeError("one\ntwo  " * 100))
    assert len(said) <= 300
    assert said.removesuffix("...").split() == ["one", "two"] * (len(said) // 8)
    assert said.endswith(("one...", "two..."))
    assert reason(RuntimeError()) == "RuntimeError"


def test_kernels_hold_nothing_of_the_scene_that_was_loaded_before(llvm, write_scene):
    """Dr.Jit compiles the code of all objects that are alive: a scene kept too long doubles the next kernels."""
    import drjit as dr
    import mitsuba as mi

    from mcdenoise.rendering import realization, scene

    plain = write_scene("plain/scene.xml")
    glossy = """
        <shape type="sphere"><bsdf type="roughconductor"/></shape>
        <shape type="rectangle"><bsdf type="principled"/></shape>"""
    other = write_scene("other/scene.xml", objects=OBJECTS + glossy)
    with scene.variant(llvm), dr.scoped_set_flag(dr.JitFlag.KernelHistory, True):
        operations = []
        for path in (plain, other, plain):
            loaded = scene.load(path, (20, 14), "box", scene.digest(path))
            dr.kernel_history_clear()
            realization.render(loaded, 4, 1, 0)
            del loaded
            operations.append(sum(kernel["operation_count"] for kernel in dr.kernel_history([dr.KernelType.JIT])))
        assert mi.variant() == llvm
    assert operations[0] == operations[2] < operations[1]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux to take processors away")
def test_a_single_processor_is_enough_for_a_scene_lit_by_an_exr(scalar, write_scene, tmp_path):
    """Mitsuba alone waits for ever there: no thread is left to decode the file's lines."""
    import mitsuba as mi

    sky = '<emitter type="envmap"><string name="filename" value="sky.exr"/></emitter>'
    path = write_scene(objects=OBJECTS + sky)
    mi.Bitmap(np.full((36, 64, 3), 0.5, np.float16)).write(str(path.parent / "sky.exr"))
    program = (
        f"import os, sys; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})\n"
        "from mcdenoise.cli import main; main()"
    )
    arguments = ["render", str(path), "--out", str(tmp_path / "out"), "--spp", "1"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    sky_seen = read_frame(tmp_path / "out" / "ball" / "view000" / "r000.exr").radiance[0, 0]
    np.testing.assert_allclose(sky_seen, 0.5, rtol=1e-3)
