import threading
from types import SimpleNamespace

import imageio.v3 as imageio
import numpy as np
import OpenEXR
import pytest
from synthetic import noisy, picture, write_view

import mcdenoise
from mcdenoise.errors import FrameError
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.frame import Frame
from mcdenoise.inference import sequence
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.files import Task, plan
from mcdenoise.inference.sequence import FINGERPRINT, apply


@pytest.fixture(scope="module")
def denoiser(kernels):
    return Denoiser(kernels, "cpu", "float32")


def channels(path):
    file = OpenEXR.File(str(path), separate_channels=True)
    return {name: channel.pixels for part in file.parts for name, channel in part.channels.items()}


def header(path):
    return OpenEXR.File(str(path), separate_channels=True).parts[0].header


def write(path, seed=0, height=24, width=32):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(path, noisy(picture(height, width, seed), np.random.default_rng(seed), scene="here"))
    return path


def run(sources, denoiser, out=None, realizations=False, preview=False):
    return list(apply(plan(sources, out, realizations), denoiser, preview))


@pytest.fixture(scope="module")
def from_mitsuba(tmp_path_factory):
    """Files as Mitsuba's own films write them: half and float, with features, alpha and a cropped window."""
    from mcdenoise.rendering.variants import prepare_environment

    prepare_environment()
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    folder = tmp_path_factory.mktemp("mitsuba")
    for component in ("float16", "float32"):
        film = {
            "type": "hdrfilm",
            "width": 40,
            "height": 30,
            "crop_offset_x": 3,
            "crop_offset_y": 5,
            "crop_width": 33,
            "crop_height": 21,
            "pixel_format": "rgba",
            "component_format": component,
            "rfilter": {"type": "box"},
        }
        look = mi.ScalarTransform4f().look_at([0, 0, 4], [0, 0, 0], [0, 1, 0])
        scene = mi.load_dict(
            {
                "type": "scene",
                "integrator": {
                    "type": "aov",
                    "aovs": "albedo:albedo,normal:sh_normal,depth:depth",
                    "inner": {"type": "path", "max_depth": 3},
                },
                "sensor": {"type": "perspective", "film": film, "to_world": look},
                "shape": {"type": "sphere", "bsdf": {"type": "diffuse"}},
                "light": {"type": "point", "position": [2, 2, 4], "intensity": 20.0},
            }
        )
        mi.render(scene, spp=2, seed=1)
        scene.sensors()[0].film().write(str(folder / f"{component}.exr"))
    return folder


@pytest.mark.parametrize("component", ["float16", "float32"])
def test_all_but_radiance_stays_as_mitsuba_wrote_it(from_mitsuba, tmp_path, denoiser, component):
    source = from_mitsuba / f"{component}.exr"
    (result,) = run([source], denoiser, tmp_path / "out.exr")
    assert (result.error, result.notes) == (None, [])
    before, after = channels(source), channels(tmp_path / "out.exr")
    assert set(before) == set(after)
    assert {"R", "G", "B", "A", "albedo.R", "normal.X", "depth.T"} <= set(after)
    for name, pixels in after.items():
        assert pixels.dtype == np.dtype(component)
        assert (pixels.tobytes() == before[name].tobytes()) == (name not in "RGB"), name
    old, new = header(source), header(tmp_path / "out.exr")
    assert set(new) - set(old) <= {FINGERPRINT}
    for name in old:
        if name != "channels":
            assert str(new[name]) == str(old[name]), name
    frame = read_frame(source)
    expected = denoiser.denoise(frame.radiance, frame.albedo, frame.normal)
    np.testing.assert_array_equal(read_frame(tmp_path / "out.exr").radiance, expected.astype(component))


def test_a_result_lies_beside_its_input_which_stays(tmp_path, denoiser):
    source = write(tmp_path / "frame.v2.exr")
    before = source.read_bytes()
    (result,) = run([source], denoiser)
    assert result.task.output == tmp_path / "frame.v2.denoised.exr"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frame.v2.denoised.exr", "frame.v2.exr"]
    assert source.read_bytes() == before


def test_a_folder_takes_results_under_their_names(tmp_path, denoiser):
    sources = [write(tmp_path / "a.exr"), write(tmp_path / "deep/b.exr", 1)]
    run(sources, denoiser, tmp_path / "new/folder")
    assert sorted(path.name for path in (tmp_path / "new/folder").iterdir()) == ["a.exr", "b.exr"]


def test_a_folder_called_exr_is_a_folder(tmp_path, denoiser):
    (tmp_path / "results.exr").mkdir()
    (result,) = run([write(tmp_path / "a.exr")], denoiser, tmp_path / "results.exr")
    assert result.task.output == tmp_path / "results.exr/a.exr"


def test_globs_leave_out_earlier_results(tmp_path, denoiser):
    for k in range(3):
        write(tmp_path / f"f{k}.exr", k)
    for _ in range(2):  # the second time, results lie there already and are replaced
        results = run([tmp_path / "f*.exr"], denoiser)
        assert [result.task.frames[0].name for result in results] == ["f0.exr", "f1.exr", "f2.exr"]
        assert all(result.error is None for result in results)
    assert len(list(tmp_path.iterdir())) == 6


def test_a_name_with_brackets_that_is_there_is_no_glob(tmp_path, denoiser):
    (result,) = run([write(tmp_path / "shot[1].exr")], denoiser)
    assert result.task.output.name == "shot[1].denoised.exr"


def combined_of(paths, denoisers):
    return mcdenoise.combine([read_frame(path) for path in paths], denoisers)


def test_a_view_folder_uses_all_its_realizations(tmp_path, denoiser):
    folder = write_view(tmp_path / "scene/view000", picture(24, 32), realizations=3, references=True)
    (result,) = run([folder], denoiser)
    assert result.task.output == tmp_path / "scene/view000.denoised.exr"
    combined = combined_of([folder / f"r00{k}.exr" for k in range(3)], [denoiser.denoise])
    np.testing.assert_array_equal(read_frame(result.task.output).radiance, combined.radiance)
    assert result.relmse == combined.relmse


def test_the_result_of_realizations_says_how_wrong_each_pixel_is(tmp_path, denoiser):
    folder = write_view(tmp_path / "scene/view000", picture(24, 32), realizations=2)
    tasks = plan([folder], None, False)
    found = {"model": denoiser.denoise, "input": lambda color, albedo, normal: color}
    (result,) = apply(tasks, denoiser, False, found)
    combined = combined_of([folder / f"r00{k}.exr" for k in range(2)], list(found.values()))
    before, after = channels(folder / "r000.exr"), channels(result.task.output)
    np.testing.assert_array_equal(after["error.Y"], combined.error)
    assert set(after) == {*before, "error.Y"}
    for name in set(before) - set("RGB"):
        np.testing.assert_array_equal(after[name], before[name])


def test_the_same_render_twice_is_refused(tmp_path, denoiser):
    path = write(tmp_path / "a.exr")
    (tmp_path / "b.exr").write_bytes(path.read_bytes())
    (result,) = run([path, tmp_path / "b.exr"], denoiser, realizations=True)
    assert "same render" in result.error
    assert not (tmp_path / "a.denoised.exr").exists()


def test_realizations_of_one_view_give_one_result(tmp_path, denoiser):
    truth = picture(24, 32)
    paths = [tmp_path / name for name in ("one.exr", "two.exr", "three.exr")]
    for k, path in enumerate(paths):
        write_frame(path, noisy(truth, np.random.default_rng(k)))
    (result,) = run(paths, denoiser, realizations=True)
    assert result.task.output == tmp_path / "one.denoised.exr"
    expected = combined_of(paths, [denoiser.denoise]).radiance
    np.testing.assert_array_equal(read_frame(result.task.output).radiance, expected)


def test_one_frame_is_no_realizations(tmp_path):
    path = write_view(tmp_path / "scene/view000", picture(24, 32)) / "r000.exr"
    with pytest.raises(FrameError, match="two independent renders"):
        plan([path], None, True)


def test_out_with_a_slash_at_its_end_is_a_folder(tmp_path):
    path = write_view(tmp_path / "scene/view000", picture(24, 32)) / "r000.exr"
    (task,) = plan([path], f"{tmp_path / 'kept.exr'}/", False)
    assert task.output == tmp_path / "kept.exr" / "r000.exr"


def test_realizations_of_different_sizes_are_refused_by_name(tmp_path, denoiser):
    paths = [write(tmp_path / "a.exr"), write(tmp_path / "b.exr", height=25)]
    (result,) = run(paths, denoiser, realizations=True)
    assert "b.exr" in result.error
    assert not (tmp_path / "a.denoised.exr").exists()


@pytest.mark.parametrize("bad", ["one pixel", "every pixel"])
def test_of_several_realizations_the_one_that_is_not_finite_is_named(tmp_path, denoiser, bad):
    folder = write_view(tmp_path / "scene/view000", picture(24, 32), realizations=3)
    expected = combined_of([folder / f"r00{k}.exr" for k in range(3)], [denoiser.denoise]).radiance
    frame = read_frame(folder / "r001.exr")
    frame.radiance[: 1 if bad == "one pixel" else None, : 1 if bad == "one pixel" else None] = np.nan
    write_frame(folder / "r001.exr", frame)
    (result,) = run([folder], denoiser)
    if bad == "every pixel":
        assert result.error == f"{folder / 'r001.exr'}: all pixels are NaN or Inf."
    else:
        assert result.notes == [f"{folder / 'r001.exr'}: 1 pixels are NaN or Inf and take their neighbours' median."]
        np.testing.assert_allclose(read_frame(result.task.output).radiance, expected, rtol=0.5)


def test_one_bad_file_among_good_ones_is_named_and_others_are_done(tmp_path, denoiser):
    sources = [write(tmp_path / f"f{k}.exr", k) for k in range(4)]
    sources[1].write_bytes(sources[1].read_bytes()[:500])
    sources[2].write_text("not a frame")
    results = run([tmp_path / "*.exr"], denoiser, tmp_path / "out")
    assert [result.error is None for result in results] == [True, False, False, True]
    assert "f1.exr" in results[1].error
    assert "f2.exr" in results[2].error
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["f0.exr", "f3.exr"]


def test_a_library_that_fails_on_one_frame_does_not_stop_the_others(tmp_path, denoiser):
    sources = [write(tmp_path / f"in/f{k}.exr", k, height=24 + 8 * k) for k in range(3)]

    def fails_on_the_second(radiance, albedo=None, normal=None):
        if radiance.shape[0] == 32:
            raise RuntimeError("the device is lost\nStack trace:\n  0x7f")
        return denoiser.denoise(radiance, albedo, normal)

    unlucky = SimpleNamespace(identity="", denoise=fails_on_the_second)
    results = list(apply(plan(sources, tmp_path / "out", False), unlucky))
    assert [result.error for result in results] == [None, f"{results[1].task.name}: the device is lost.", None]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["f0.exr", "f2.exr"]


@pytest.mark.parametrize("out", ["file", "folder"])
def test_inputs_are_never_written_over(tmp_path, denoiser, out):
    source = write(tmp_path / "a.exr")
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for place in (tmp_path, link):
        with pytest.raises(FrameError, match="is an input"):
            plan([source], place / "a.exr" if out == "file" else place, False)


def test_several_results_do_not_fit_into_one_file(tmp_path):
    sources = [write(tmp_path / "a.exr"), write(tmp_path / "b.exr")]
    with pytest.raises(FrameError, match="give a folder"):
        plan(sources, tmp_path / "c.exr", False)
    assert len(plan(sources, tmp_path / "c.exr", True)) == 1


def test_inputs_of_one_name_do_not_fit_into_one_folder(tmp_path):
    sources = [write(tmp_path / "x/a.exr"), write(tmp_path / "y/a.exr")]
    with pytest.raises(FrameError, match="share a name"):
        plan(sources, tmp_path / "out", False)
    assert len(plan(sources, None, False)) == 2


@pytest.mark.parametrize("source", ["no-such-*.exr", "empty"])
def test_sources_that_hold_nothing_are_named(tmp_path, source):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FrameError, match=source.replace("*", r"\*")):
        plan([tmp_path / source], None, False)


def test_a_preview_shows_both_side_by_side(tmp_path, denoiser):
    source = write(tmp_path / "a.exr", height=24, width=32)
    (result,) = run([source], denoiser, preview=True)
    assert result.preview == tmp_path / "a.denoised.png"
    shown = imageio.imread(result.preview)
    assert shown.shape == (24, 64, 3)
    assert shown.dtype == np.uint8
    noise = [float(np.abs(np.diff(half.astype(float), axis=1)).mean()) for half in (shown[:, :32], shown[:, 32:])]
    assert noise[1] < 0.8 * noise[0]  # denoised is on the right
    # One exposure for both: they are about equally bright.
    assert shown[:, 32:].mean() == pytest.approx(shown[:, :32].mean(), rel=0.3)


def test_what_was_odd_is_told(tmp_path, denoiser):
    radiance = np.ones((16, 16, 3), np.float32)
    radiance[3, 3] = np.nan
    radiance[5, 5:7] = -1
    write_frame(tmp_path / "a.exr", Frame(radiance))
    (result,) = run([tmp_path / "a.exr"], denoiser)
    notes = "\n".join(result.notes)
    assert "no albedo and no normal" in notes
    assert "1 pixels are NaN or Inf" in notes
    assert "2 pixels are negative" in notes
    assert np.isfinite(read_frame(tmp_path / "a.denoised.exr").radiance).all()


def test_a_folder_that_cannot_be_made_is_an_error_of_that_frame(tmp_path, denoiser):
    source = write(tmp_path / "a.exr")
    (tmp_path / "file").write_text("in the way")
    (result,) = run([source], denoiser, tmp_path / "file/out")
    assert "cannot be made" in result.error


def test_a_rerun_does_only_what_is_missing_or_has_changed(tmp_path, denoiser, kernels):
    for k in range(4):
        write(tmp_path / f"in/f{k}.exr", k)
    out = tmp_path / "out"
    assert [r.kept for r in run([tmp_path / "in/*.exr"], denoiser, out)] == [False] * 4
    times = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "f1.exr").unlink()
    (out / "f2.exr").write_bytes((out / "f2.exr").read_bytes()[:300])
    write(tmp_path / "in/f3.exr", 9)
    results = run([tmp_path / "in/*.exr"], denoiser, out)
    assert [(r.kept, r.error) for r in results] == [(True, None), *[(False, None)] * 3]
    assert (out / "f0.exr").stat().st_mtime_ns == times["f0.exr"]
    assert (out / "f3.exr").stat().st_mtime_ns != times["f3.exr"]
    assert all(r.kept for r in run([tmp_path / "in/*.exr"], denoiser, out))
    results = run([tmp_path / "in/*.exr"], denoiser, out, preview=True)
    assert not any(r.kept for r in results), "previews were missing"
    other = Denoiser("default", "cpu", "float32")
    assert not any(r.kept for r in run([tmp_path / "in/*.exr"], other, out)), "another model"
    assert len(header(out / "f0.exr")[FINGERPRINT]) == 32


def test_results_come_in_order_and_files_are_those_of_one_at_a_time(tmp_path, denoiser):
    sources = [write(tmp_path / f"f{k}.exr", k, height=24 + 8 * (k % 3)) for k in range(7)]
    results = run(sources, denoiser, tmp_path / "together")
    assert [r.task.frames[0] for r in results] == sources
    for source in sources:
        run([source], denoiser, tmp_path / "alone")
        assert (tmp_path / "alone" / source.name).read_bytes() == (tmp_path / "together" / source.name).read_bytes()


def test_who_stops_in_the_middle_leaves_whole_files(tmp_path, denoiser):
    sources = [write(tmp_path / f"in/f{k}.exr", k) for k in range(6)]
    results = apply(plan(sources, tmp_path / "out", False), denoiser)
    next(results)
    results.close()
    left = sorted((tmp_path / "out").iterdir())
    assert 1 <= len(left) < 6
    assert all(path.suffix == ".exr" and read_frame(path).size == (32, 24) for path in left)


def test_reading_denoising_and_writing_overlap(tmp_path, monkeypatch):
    """Each step waits for what must go on beside it, for ever if it did not."""
    count = 5
    begun = {(step, k): threading.Event() for step in ("read", "denoise", "write") for k in range(count)}

    def step(name, beside):
        def run_step(given, *_):
            task = given if isinstance(given, Task) else given.task
            k = int(task.name)
            begun[name, k].set()
            if beside and k + 1 < count:
                assert begun[beside, k + 1].wait(30), f"while {name} {k}, {beside} {k + 1}"
            return given if name != "read" else sequence._Work(task, "", sequence.Applied(task))

        return run_step

    for name, beside in (("read", None), ("denoise", "read"), ("write", "denoise")):
        monkeypatch.setattr(sequence, f"_{name}", step(name, beside))
    tasks = [Task(str(k), (tmp_path / f"{k}.exr",), tmp_path / f"{k}.out.exr") for k in range(count)]
    assert [result.task for result in apply(tasks, SimpleNamespace(identity="", denoise=None))] == tasks
