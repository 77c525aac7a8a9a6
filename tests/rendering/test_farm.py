"""Many scenes: what is done stays done, what fails is named, and nothing is lost when a process is killed."""

import dataclasses
import os
import shutil
import signal
from pathlib import Path

import pytest
from processes import children_of, dead, start_time, wait_until, worker_of
from tiny_scenes import OBJECTS, PERSPECTIVE, film_xml

from mcdenoise.errors import SceneError
from mcdenoise.exr import read_attributes
from mcdenoise.rendering import farm, variants
from mcdenoise.rendering.farm import FrameRendered, RenderOptions, SceneFailed, ScenePlanned, VariantChosen

SMALL = RenderOptions(spp=2, size=(12, 9))


def events_of(sources, out, options=SMALL):
    return list(farm.render(sources, out, "scalar_rgb", options))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def files_in(folder):
    """Path -> bytes of every file below `folder`, hidden and temporary ones too."""
    found = (Path(base) / name for base, _, names in os.walk(folder) for name in names)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


# What is written


def test_frames_lie_where_the_contract_says_and_say_what_they_are(write_scene, tmp_path):
    source = write_scene("hall/scene.xml", split="validation")
    options = RenderOptions(spp=2, realizations=2, views=2, size=(12, 9), reference_spp=5, target_spp=7, seed=2**32 - 1)
    events = events_of([source], tmp_path / "out", options)
    names = ["r000", "r001", "ref_a", "ref_b", "t000", "t001"]
    expected = {f"hall/view{view:03d}/{name}.exr" for view in (0, 1) for name in names}
    assert set(files_in(tmp_path / "out")) == expected
    assert {str(event.file.relative_to(tmp_path / "out")) for event in of(FrameRendered, events)} == expected

    for name, spp in (("r001", 2), ("ref_b", 3), ("t001", 7)):
        header = read_attributes(tmp_path / "out" / "hall" / "view001" / f"{name}.exr")
        said = {"scene": "hall", "view": "view001", "realization": name, "spp": spp, "split": "validation"}
        how = {"integrator": "path", "pixelFilter": "box", "variant": "scalar_rgb", "size": (12, 9)}
        assert header.items() >= (said | how).items()
        assert int(header["seed"]) == 2**32 - 1
        assert header["mitsubaVersion"]


def test_the_plan_counts_samples_and_what_is_left(write_scene, tmp_path):
    source = write_scene()
    first = events_of([source], tmp_path / "out", RenderOptions(spp=2, realizations=2, size=(12, 9), reference_spp=5))
    (plan,) = of(ScenePlanned, first)
    total = (2 * 2 + 2 * 3) * 12 * 9
    assert (plan.frames, plan.done_frames, plan.total, plan.remaining) == (4, 0, total, total)
    assert sum(event.samples for event in of(FrameRendered, first)) == total

    again = events_of([source], tmp_path / "out", RenderOptions(spp=2, realizations=3, size=(12, 9), reference_spp=5))
    (plan,) = of(ScenePlanned, again)
    assert (plan.frames, plan.done_frames, plan.remaining) == (5, 4, 2 * 12 * 9)


@pytest.mark.parametrize("split", [None, "train", "validation"])
def test_the_split_mark_reaches_every_frame(write_scene, tmp_path, split):
    events = events_of([write_scene(split=split)], tmp_path / "out")
    assert {read_attributes(event.file)["split"] for event in of(FrameRendered, events)} == {split or "train"}


# Again, and more


def test_a_second_run_renders_nothing_and_touches_nothing(write_scene, tmp_path):
    source = write_scene()
    events_of([source], tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    events = events_of([source], tmp_path / "out")
    assert not of(FrameRendered, events)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


@pytest.mark.parametrize(
    "more",
    [{"realizations": 4}, {"views": 3}, {"reference_spp": 6}, {"target_spp": 6}],
    ids=lambda more: next(iter(more)),
)
def test_more_of_a_scene_is_what_would_have_come_at_once(write_scene, tmp_path, more):
    source = write_scene()
    few = {"spp": 2, "size": (12, 9), "views": 2}
    events_of([source], tmp_path / "grown", RenderOptions(**few))
    before = files_in(tmp_path / "grown")
    added = of(FrameRendered, events_of([source], tmp_path / "grown", RenderOptions(**few | more)))
    events_of([source], tmp_path / "at once", RenderOptions(**few | more))
    grown = files_in(tmp_path / "grown")
    assert grown == files_in(tmp_path / "at once")
    assert grown.items() >= before.items()
    assert len(added) == len(grown) - len(before)


CHANGES = [{"spp": 4}, {"seed": 1}, {"size": (13, 9)}, {"pixel_filter": "gaussian"}]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_other_options_are_refused_unless_overwriting_is_asked_for(write_scene, tmp_path, change):
    source = write_scene()
    given = {"spp": 2, "size": (12, 9)}
    events_of([source], tmp_path / "out", RenderOptions(**given))
    before = files_in(tmp_path / "out")
    (failure,) = of(SceneFailed, events_of([source], tmp_path / "out", RenderOptions(**given | change)))
    assert "is there already" in failure.reason
    assert "--overwrite" in failure.reason
    assert files_in(tmp_path / "out") == before

    events = events_of([source], tmp_path / "out", RenderOptions(**given | change, overwrite=True))
    assert len(of(FrameRendered, events)) == 2
    after = files_in(tmp_path / "out")
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)


def test_a_changed_scene_is_not_mixed_with_frames_of_the_old_one(write_scene, tmp_path):
    source = write_scene()
    events_of([source], tmp_path / "out")
    write_scene(integrator='<integrator type="direct"/>')
    (failure,) = of(SceneFailed, events_of([source], tmp_path / "out"))
    assert "from another scene" in failure.reason


def test_a_broken_frame_in_the_way_is_refused_and_replaced_on_demand(write_scene, tmp_path):
    source = write_scene()
    events_of([source], tmp_path / "out")
    whole = files_in(tmp_path / "out")
    frame = tmp_path / "out" / "ball" / "view000" / "r001.exr"
    frame.write_bytes(frame.read_bytes()[:100])
    assert of(SceneFailed, events_of([source], tmp_path / "out"))
    events = events_of([source], tmp_path / "out", RenderOptions(spp=2, size=(12, 9), overwrite=True))
    assert [event.file.name for event in of(FrameRendered, events)] == ["r001.exr"]
    assert files_in(tmp_path / "out") == whole


# Which variant


def test_auto_chooses_for_each_scene_by_its_samples_and_says_why(write_scene, tmp_path, monkeypatch):
    monkeypatch.setattr(variants, "SCALAR_SAMPLES_PER_CORE", 1000)
    limit = variants.scalar_below(variants.cores())
    assert limit == 1000 * variants.cores()
    write_scene("all/small/scene.xml", film=film_xml(2, 2))
    for name in ("large", "vast"):
        write_scene(f"all/{name}/scene.xml", film=film_xml(limit // 2, 2))  # 2 realizations of 1 spp: 2 * limit samples
    options = RenderOptions(spp=1)
    events = list(farm.render([tmp_path / "all"], tmp_path / "out", "auto", options))
    fastest = variants.choose().variant
    plans = {plan.scene: plan for plan in of(ScenePlanned, events)}
    said = f"{limit / 1e6:.1f} M samples"
    assert (plans["small"].variant, plans["small"].choice) == ("scalar_rgb", f"below {said}")
    for name in ("large", "vast"):
        assert (plans[name].variant, plans[name].choice) == (fastest, f"{said} or more")
    (chosen,) = of(VariantChosen, events)
    assert (chosen.variant, chosen.samples) == (fastest, limit)
    for frame in of(FrameRendered, events):
        assert read_attributes(frame.file)["variant"] == plans[frame.scene].variant
    assert len(of(FrameRendered, events)) == 6


def test_scenes_that_are_surely_small_try_no_other_variant(write_scene, tmp_path):
    events = list(farm.render([write_scene()], tmp_path / "out", "auto", SMALL))
    assert [type(event) for event in events] == [ScenePlanned, FrameRendered, FrameRendered]
    assert events[0].variant == "scalar_rgb"


@pytest.mark.parametrize("before", ["scalar_rgb", "llvm_ad_rgb"])
def test_auto_goes_on_in_the_variant_that_rendered_what_is_there(write_scene, tmp_path, monkeypatch, llvm, before):
    source = write_scene()
    list(farm.render([source], tmp_path / "grown", before, SMALL))
    if before == "scalar_rgb":
        monkeypatch.setattr(variants, "SCALAR_SAMPLES_PER_CORE", 0)  # auto alone would not choose it
    more = dataclasses.replace(SMALL, realizations=3, views=2)
    for again in (False, True):
        events = list(farm.render([source], tmp_path / "grown", "auto", more))
        assert not of(SceneFailed, events)
        (plan,) = of(ScenePlanned, events)
        assert (plan.variant, plan.choice) == (before, "as the frames there")
        assert plan.done_frames == (6 if again else 2)
    list(farm.render([source], tmp_path / "at once", before, more))
    assert files_in(tmp_path / "grown") == files_in(tmp_path / "at once")


def test_auto_says_that_the_variant_of_frames_there_does_not_work_here(write_scene, tmp_path, command, llvm):
    source = write_scene()
    list(farm.render([source], tmp_path / "renders", llvm, SMALL))
    before = files_in(tmp_path / "renders")
    more = ("render", "ball", "--size", 12, 9, "--spp", 2, "--realizations", 3)
    wrong = {"DRJIT_LIBLLVM_PATH": "/no/such/libLLVM.so"}
    refused = command(*more, environment=wrong)
    assert refused.code == 1
    assert "cannot be gone on with: Mitsuba variant llvm_ad_rgb does not work here: " in refused.err
    assert refused.err.count("\n") == 1
    assert files_in(tmp_path / "renders") == before
    replaced = command(*more, "--overwrite", environment=wrong)
    assert (replaced.code, replaced.err) == (0, "")
    found = {read_attributes(tmp_path / "renders" / name)["variant"] for name in files_in(tmp_path / "renders")}
    assert found == {"scalar_rgb"}


# What fails

MESH = '<shape type="ply"><string name="filename" value="bad.ply"/></shape>'
MESH_THAT_CRASHES_MITSUBA = """ply
format ascii 1.0
element vertex 3
property float x
property float y
property float z
element face 1
property list uchar int vertex_indices
end_header
0 0 0
1 0 0
0 1 0
3 0 1 900000000
"""

BROKEN = {
    "broken xml": {"text": "<scene version='3.0.0'><integrator"},
    "empty file": {"text": ""},
    "unknown plugin": {"integrator": '<integrator type="no-such-integrator"/>'},
    "missing mesh": {"objects": '<shape type="ply"><string name="filename" value="gone.ply"/></shape>'},
    "no sensor": {"sensor": ""},
    "aov of nothing": {"integrator": '<integrator type="aov"><string name="aovs" value="uv:uv"/></integrator>'},
}


def test_scenes_that_fail_are_named_and_the_others_are_rendered(write_scene, tmp_path):
    for number, parts in enumerate(BROKEN.values()):
        write_scene(f"all/bad{number}/scene.xml", **parts)
    write_scene("all/alpha/scene.xml")
    write_scene("all/omega/scene.xml")
    events = events_of([tmp_path / "all"], tmp_path / "out")
    assert {event.scene for event in of(FrameRendered, events)} == {"alpha", "omega"}
    failures = of(SceneFailed, events)
    assert [failure.scene for failure in failures] == [f"bad{number}" for number in range(len(BROKEN))]
    assert all(failure.reason and "\n" not in failure.reason for failure in failures)
    assert set(os.listdir(tmp_path / "out")) == {"alpha", "omega"}


def test_a_view_that_cannot_be_made_is_said_and_the_own_view_is_kept(write_scene, tmp_path):
    fixed = PERSPECTIVE.replace("perspective", "orthographic").replace('<float name="fov" value="45"/>', "")
    events = events_of([write_scene(sensor=fixed)], tmp_path / "out", RenderOptions(spp=1, views=2, size=(12, 9)))
    (failure,) = of(SceneFailed, events)
    assert "--views 1" in failure.reason
    assert len(of(FrameRendered, events)) == 2


def test_a_crash_of_mitsuba_is_reported_and_the_next_scene_goes_on(write_scene, tmp_path):
    write_scene("all/alpha/scene.xml", objects=OBJECTS + MESH)
    (tmp_path / "all" / "alpha" / "bad.ply").write_text(MESH_THAT_CRASHES_MITSUBA)
    write_scene("all/beta/scene.xml")
    before = children_of(os.getpid())
    events = events_of([tmp_path / "all"], tmp_path / "out")
    (failure,) = of(SceneFailed, events)
    assert failure.scene == "alpha"
    assert failure.reason == "Mitsuba crashed on it, or ran out of memory."
    assert [event.scene for event in of(FrameRendered, events)] == ["beta", "beta"]
    assert children_of(os.getpid()) == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_frames_that_a_dying_process_had_not_written_are_rendered_again(write_scene, tmp_path, number):
    for name in ("alpha", "beta"):
        write_scene(f"all/{name}/scene.xml")
    options = RenderOptions(spp=2, size=(64, 48), realizations=6)
    before = children_of(os.getpid())
    events = []
    for event in farm.render([tmp_path / "all"], tmp_path / "out", "scalar_rgb", options):
        events.append(event)
        if isinstance(event, ScenePlanned) and event.scene == "beta":  # some of alpha may still be being written
            ((worker, _),) = children_of(os.getpid()) - before
            os.kill(worker, number)
            wait_until(lambda pid=worker: dead(pid))
    assert not of(SceneFailed, events)
    frames = [event.file for event in of(FrameRendered, events)]
    assert len(frames) == len(set(frames)) == 12
    for name in ("alpha", "beta"):
        events_of([tmp_path / "all" / name], tmp_path / "whole", options)
    written = {name: data for name, data in files_in(tmp_path / "out").items() if ".writing-" not in name}
    assert written == files_in(tmp_path / "whole")


def test_frames_are_told_once_they_lie_in_their_files(write_scene, tmp_path):
    for name in ("alpha", "beta"):
        write_scene(f"all/{name}/scene.xml")
    seen = 0
    for event in farm.render([tmp_path / "all"], tmp_path / "out", "scalar_rgb", SMALL):
        if isinstance(event, FrameRendered):
            assert read_attributes(event.file)["scene"] == event.scene
            seen += 1
    assert seen == 4


def test_a_file_that_cannot_be_written_fails_its_scene_alone(write_scene, tmp_path):
    for name in ("alpha", "beta"):
        write_scene(f"all/{name}/scene.xml")
    (tmp_path / "out" / "alpha" / "view000" / "r001.exr" / "in the way").mkdir(parents=True)
    events = events_of([tmp_path / "all"], tmp_path / "out", RenderOptions(spp=2, size=(12, 9), overwrite=True))
    (failure,) = of(SceneFailed, events)
    assert failure.scene == "alpha"
    assert "r001.exr: cannot be written" in failure.reason
    assert {event.scene for event in of(FrameRendered, events)} >= {"beta"}
    assert not [name for name in files_in(tmp_path / "out") if ".writing-" in name]


def test_leaving_a_run_half_way_ends_its_process_and_leaves_no_half_frame(write_scene, tmp_path):
    before = children_of(os.getpid())
    run = farm.render([write_scene()], tmp_path / "out", "scalar_rgb", RenderOptions(spp=2, realizations=50))
    assert isinstance(next(run), ScenePlanned)
    assert isinstance(next(run), FrameRendered)
    assert len(children_of(os.getpid()) - before) == 1
    run.close()
    assert children_of(os.getpid()) == before
    files = files_in(tmp_path / "out")
    assert 1 <= len(files) < 50
    assert not [name for name in files if ".writing-" in name]
    assert all(read_attributes(tmp_path / "out" / name)["spp"] == 2 for name in files)


def test_an_output_folder_that_cannot_be_made_fails_every_scene_in_one_line(write_scene, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (failure,) = of(SceneFailed, events_of([write_scene()], tmp_path / "file" / "out"))
    assert "cannot be made" in failure.reason
    assert (tmp_path / "file").read_text() == "in the way"


def test_no_scene_is_an_error_before_anything_starts(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SceneError, match="no Mitsuba scene"):
        events_of([tmp_path / "empty"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_scenes_of_one_name_get_folders_of_their_own(write_scene, tmp_path):
    sources = [write_scene("a/scene.xml"), write_scene("b/a/scene.xml", integrator='<integrator type="direct"/>')]
    events = events_of(sources, tmp_path / "out")
    assert not of(SceneFailed, events)
    assert len({event.file for event in of(FrameRendered, events)}) == 4
    assert len(os.listdir(tmp_path / "out")) == 2


# Killed

KILLED = ("--spp", "8", "--size", "48", "32", "--views", "2", "--realizations", "4", "--variant", "scalar_rgb")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return tmp_path_factory.mktemp("uninterrupted")


def children_when_killed(start, out, done):
    """Start rendering to `out`, and kill it when `done` frames are there: its processes below, which are gone then."""
    process = start("render", "all", "--out", "out", *KILLED)
    ended = lambda: process.poll() is not None  # noqa: E731
    wait_until(lambda: (len(list(out.rglob("r*.exr"))) >= done and children_of(process.pid)) or ended())
    if done == 0:  # in the middle of a start, or of the first frame; the variant's probe is not the worker
        wait_until(lambda: worker_of(process.pid))
    below = children_of(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: all(start_time(pid) != began for pid, began in below))
    return below


@pytest.mark.parametrize("done", [0, 1, 5, 9, 15], ids=lambda done: f"after {done} of 16")
def test_after_kill_9_the_same_command_gives_the_same_files(write_scene, command, start, tmp_path, uninterrupted, done):
    for name in ("alpha", "beta"):
        write_scene(f"all/{name}/scene.xml", film=film_xml())
    if not list(uninterrupted.iterdir()):
        assert command("render", "all", "--out", uninterrupted, *KILLED).code == 0
    expected = files_in(uninterrupted)
    assert len(expected) == 16

    for _ in range(10):  # the last frame may be written before the kill comes: then there is nothing to test yet
        below = children_when_killed(start, tmp_path / "out", done)
        killed = files_in(tmp_path / "out")
        finished = {name: data for name, data in killed.items() if ".writing-" not in name}
        assert expected.items() >= finished.items(), "what has its final name is whole"
        if len(finished) < 16:
            break
        shutil.rmtree(tmp_path / "out")
    assert below
    assert len(finished) < 16, "killed too late to test anything, each time"
    # A kill seldom falls into the millisecond in which a frame is written: what that leaves is put there by hand.
    half_written = tmp_path / "out" / "beta" / "view001" / f".writing-{max(below)[0]}-r003.exr"
    half_written.parent.mkdir(parents=True, exist_ok=True)
    half_written.write_bytes(b"half a frame")
    again = command("render", "all", "--out", "out", *KILLED)
    assert again.code == 0, again.err
    assert files_in(tmp_path / "out") == expected  # and so no `.writing-*` is left


@pytest.mark.parametrize("moment", ["starting", "worker starting", "rendering"])
def test_ctrl_c_is_one_line_and_leaves_no_process(write_scene, start, tmp_path, moment):
    write_scene("all/alpha/scene.xml")
    process = start("render", "all", "--out", "out", *KILLED[:-4], "--realizations", "400", *KILLED[-2:])
    if moment == "rendering":
        wait_until(lambda: len(list((tmp_path / "out").rglob("r*.exr"))) >= 2)
    else:
        # The first process below is the variant's probe.
        wait_until(lambda: children_of(process.pid) if moment == "starting" else worker_of(process.pid))
    below = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
    out, err = process.communicate()
    assert process.returncode == 130
    # click first ends the terminal's line, which then shows ^C
    said = "interrupted; what was finished is kept, and render, train and studies go on from there when run again."
    assert err.lstrip("\n") == f"Error: {said}\n"
    assert "Traceback" not in out
    wait_until(lambda: all(start_time(pid) != began for pid, began in below))
    assert not [name for name in files_in(tmp_path / "out") if ".writing-" in name]
