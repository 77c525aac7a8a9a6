"""A cluster gives what this machine gives, also when it loses a worker, and says in one line what it lacks."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest
from processes import children_of, start_time, wait_until, worker_of
from test_farm import MESH, MESH_THAT_CRASHES_MITSUBA, files_in, of
from tiny_scenes import OBJECTS

from mcdenoise.errors import ClusterError, SceneError, VariantError
from mcdenoise.rendering import dask_worker, farm, variants
from mcdenoise.rendering.dask_farm import Scene, deal
from mcdenoise.rendering.farm import FrameRendered, RenderOptions, SceneFailed, ScenePlanned
from mcdenoise.rendering.jobs import Job, Setting


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """Start `dask ARGUMENTS...` and give the process; all are ended with the module."""
    started = []

    def begin(*arguments, environment=None):
        folder = tmp_path_factory.mktemp("dask")
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, arguments)],
                env=os.environ | (environment or {}),
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        started.append(process)
        return process

    yield begin
    for process in reversed(started):
        process.terminate()
    for process in started:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def scheduler(dask):
    """Start a scheduler; its address."""

    def begin():
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        dask("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")

        def answers():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return True

        wait_until(answers)
        return f"tcp://127.0.0.1:{port}"

    return begin


@pytest.fixture(scope="module")
def worker(dask):
    """Start a worker of the scheduler at an address."""

    def begin(address, *options, environment=None):
        return dask("worker", address, "--host", "127.0.0.1", "--no-dashboard", *options, environment=environment)

    return begin


@pytest.fixture(scope="module")
def empty(scheduler):
    return scheduler()


# Who gets what


def scene_of(name, frames, samples, variant="scalar_rgb"):
    """A scene of `frames` frames of `samples` samples each."""
    setting = Setting(Path(name), name, "train", None, "box", 0, variant)
    jobs = (Job(setting, "", (samples, 1), 0, f"r{k:03d}", 1, 1, Path(name, f"{k}"), "") for k in range(frames))
    return Scene(name, variant, deque(jobs))


def dealt(scenes, *workers, cores=1):
    """(worker, scene, frames) of each unit, the workers asking in turn until nothing is left for any."""
    units, idle = [], 0
    while idle < len(workers):
        for worker in workers:
            unit = deal(scenes, worker, len(workers), cores)
            idle = 0 if unit else idle + 1
            units += [(worker, unit[0].setting.name, len(unit))] if unit else []
    return units


def test_all_frames_are_dealt_once_and_workers_stay_with_their_scene():
    scenes = [scene_of(name, 8, 400_000) for name in "abcd"]
    frames = {job.file for scene in scenes for job in scene.jobs}
    seen = []
    for _ in range(100):
        for worker in ("one", "two"):
            seen += [job.file for job in deal(scenes, worker, 2, 1)]
    assert len(seen) == len(set(seen)) == 32
    assert set(seen) == frames
    units = dealt([scene_of(name, 8, 400_000) for name in "abcd"], "one", "two")
    assert [unit[1] for unit in units if unit[0] == "one"][:8] == ["a"] * 4 + ["c"] * 4
    assert {count for _, name, count in units if name in "ab"} == {2}


def test_workers_share_the_last_scene_in_shrinking_units():
    units = dealt([scene_of("a", 16, 1000)], "one", "two")
    assert [count for _, _, count in units] == [4, 3, 2, 1, 1, 1, 1, 1, 1, 1]
    assert {worker for worker, _, _ in units} == {"one", "two"}


def test_a_worker_does_not_compile_a_scene_for_a_few_samples():
    few, many = variants.scalar_below(1) // 4, 4 * variants.scalar_below(1)
    assert {worker for worker, _, _ in dealt([scene_of("a", 4, few, "llvm_ad_rgb")], "one", "two")} == {"one"}
    assert {worker for worker, _, _ in dealt([scene_of("a", 4, many, "llvm_ad_rgb")], "one", "two")} == {"one", "two"}


# A real cluster


def test_a_killed_worker_costs_no_frame_and_changes_no_byte(write_scene, tmp_path, scheduler, worker, caplog):
    """Two workers, one of them with a nanny, whose workers are daemons and may have no children of their own."""
    for name in ("alpha", "beta", "gamma"):
        write_scene(f"all/{name}/scene.xml")
    write_scene("all/crashing/scene.xml", objects=OBJECTS + MESH)
    (tmp_path / "all" / "crashing" / "bad.ply").write_text(MESH_THAT_CRASHES_MITSUBA)
    options = RenderOptions(spp=4, size=(48, 32), realizations=4, views=2)
    address = scheduler()
    worker(address, "--nthreads", "2")
    doomed = worker(address, "--no-nanny", "--nthreads", "2")
    events = []
    frozen = None
    with caplog.at_level("INFO"):
        for event in farm.render([tmp_path / "all"], tmp_path / "out", "scalar_rgb", options, address):
            events.append(event)
            if frozen is None and worker_of(doomed.pid):
                (frozen,) = children_of(doomed.pid)
                os.kill(frozen[0], signal.SIGSTOP)  # whatever it has been given, it will not finish
            if doomed.poll() is None and len(of(FrameRendered, events)) >= 8:
                assert frozen is not None
                doomed.kill()
                doomed.wait()
                os.kill(frozen[0], signal.SIGCONT)
    assert "is lost; its frames are rendered again" in caplog.text
    wait_until(lambda: start_time(frozen[0]) != frozen[1])  # a rendering process ends with its worker

    (failure,) = of(SceneFailed, events)
    assert (failure.scene, failure.reason) == ("crashing", "Mitsuba crashed on it, or ran out of memory.")
    assert {plan.scene for plan in of(ScenePlanned, events)} == {"alpha", "beta", "gamma", "crashing"}
    rendered = [event.file for event in of(FrameRendered, events)]
    assert len(rendered) == len(set(rendered)) == 24

    good = [tmp_path / "all" / name for name in ("alpha", "beta", "gamma")]
    list(farm.render(good, tmp_path / "here", "scalar_rgb", options))
    assert files_in(tmp_path / "out") == files_in(tmp_path / "here")


@pytest.fixture(scope="module")
def without_llvm(scheduler, worker):
    """(address, worker) of a cluster with one worker, on which LLVM does not work."""
    address = scheduler()
    return address, worker(address, "--nthreads", "1", environment={"DRJIT_LIBLLVM_PATH": "/no/such/libLLVM.so"})


def test_a_worker_on_which_a_variant_does_not_work_is_named(write_scene, tmp_path, without_llvm):
    address, _ = without_llvm
    with pytest.raises(VariantError, match=rf"on {socket.gethostname()}: Mitsuba variant llvm_ad_rgb does not work"):
        list(farm.render([write_scene()], tmp_path / "out", "llvm_ad_rgb", RenderOptions(), address))
    assert files_in(tmp_path / "out") == {}
    options = RenderOptions(spp=1, size=(6, 4), realizations=1)
    events = list(farm.render([write_scene()], tmp_path / "out", "auto", options, address))
    assert [plan.variant for plan in of(ScenePlanned, events)] == ["scalar_rgb"]
    assert len(of(FrameRendered, events)) == 1


def test_ctrl_c_cancels_what_is_pending_and_ends_what_renders(write_scene, start, tmp_path, without_llvm):
    write_scene()
    address, worker = without_llvm
    quick = ("--variant", "scalar_rgb", "--size", 48, 32, "--realizations", 2000)
    process = start("render", "ball", *quick, "--scheduler", address)
    wait_until(lambda: len(list((tmp_path / "renders").rglob("r*.exr"))) >= 2)
    assert worker_of(worker.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    # It may have waited for the worker, and said so.
    assert err.strip().splitlines()[-1].startswith("Error: interrupted; ")
    assert err.count("Error") == 1
    wait_until(lambda: not worker_of(worker.pid))
    names = files_in(tmp_path / "renders")
    assert 2 <= len(names) < 2000
    assert all(Path(name).name.startswith("r") for name in names)  # nothing half written


# What can be missing


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tcp://127.0.0.1", "nonsense", "smoke://here:8786", ""])
def test_an_address_without_a_scheduler_is_one_line(write_scene, command, tmp_path, address):
    write_scene()
    result = command("render", "ball", "--scheduler", address)
    assert result.code == (1 if address.endswith(":1") else 2)
    if address.endswith(":1"):
        assert result.err.startswith(f"Error: no Dask scheduler answers at {address}: ")
    else:
        assert result.err.startswith(f"Error: {address!r} is no address such as tcp://host:8786 ")
    assert result.err.count("\n") == 1
    assert os.listdir(tmp_path) == ["ball"]


def test_a_missing_package_is_one_line_that_says_how_to_get_it(write_scene, command, tmp_path):
    write_scene()
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "distributed.py").write_text("raise ImportError('not installed')")
    result = command(
        "render", "ball", "--scheduler", "tcp://127.0.0.1:1", environment={"PYTHONPATH": str(tmp_path / "shadow")}
    )
    assert result.code == 1
    assert result.err == "Error: --scheduler needs the package `distributed`: pip install 'mcdenoise[farm]'.\n"


def test_waiting_for_workers_is_said_and_ends_with_ctrl_c(write_scene, start, tmp_path, empty):
    write_scene()
    process = start("render", "ball", "--scheduler", empty)
    said = process.stderr.readline()
    assert f"{empty} has no worker: waiting for one, up to 600 s" in said
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.lstrip("\n").startswith("Error: interrupted; ")
    assert err.strip().count("\n") == 0
    assert files_in(tmp_path / "renders") == {}


def test_waiting_for_workers_has_an_end(write_scene, tmp_path, empty, monkeypatch):
    monkeypatch.setattr("mcdenoise.rendering.dask_farm.WORKER_SECONDS", 1.0)
    with pytest.raises(ClusterError, match="had no worker for 1 s: start one with dask worker"):
        list(farm.render([write_scene()], tmp_path / "out", "auto", RenderOptions(), empty))
    assert files_in(tmp_path / "out") == {}


def test_no_scene_is_said_before_a_cluster_is_looked_for(tmp_path):
    with pytest.raises(SceneError, match="no such file"):
        list(farm.render([tmp_path / "gone"], tmp_path / "out", "auto", RenderOptions(), "tcp://127.0.0.1:1"))


def test_a_worker_that_does_not_see_the_files_says_which(write_scene, tmp_path):
    scene, token = write_scene(), tmp_path / "token"
    token.write_text("this run")
    ask = lambda *arguments: asyncio.run(dask_worker.about(*arguments)).problems  # noqa: E731
    assert ask(scene, token, "this run", ["scalar_rgb"]) == ()
    (problem,) = ask(scene, tmp_path / "gone" / "token", "this run", [])
    assert problem.startswith(f"{tmp_path / 'gone'} cannot be read there (No such file or directory): ")
    (problem,) = ask(scene, token, "another run", [])
    assert problem.startswith(f"{tmp_path} is another folder there: ")
    (problem,) = ask(tmp_path / "gone.xml", token, "this run", [])
    assert problem.startswith(f"{tmp_path / 'gone.xml'} is not there: ")
    (problem,) = ask(scene, token, "this run", ["scalar_rbg"])
    assert problem.startswith("Mitsuba variant scalar_rbg does not work here: ")


def test_other_versions_are_named_on_both_sides():
    from mcdenoise import __version__
    from mcdenoise.rendering.dask_farm import _problem

    here = variants.mitsuba_version()
    assert _problem("tcp://a:1", dask_worker.About("a", __version__, here, 2, ())) is None
    problem = _problem("tcp://a:1", dask_worker.About("a", __version__, "3.0.0", 2, ()))
    assert "tcp://a:1 on a has " in problem
    assert "Mitsuba 3.0.0, here " in problem
    assert here in problem
    assert "ModuleNotFoundError: No module named 'mcdenoise'" in _problem(
        "tcp://a:1", ModuleNotFoundError("No module named 'mcdenoise'")
    )


def test_a_scene_that_is_another_on_a_worker_is_not_rendered(write_scene, tmp_path):
    from mcdenoise.rendering.jobs import Failed

    setting = Setting(write_scene(), "ball", "train", (6, 4), "box", 0, "scalar_rgb")
    job = Job(setting, "the digest of other files", (6, 4), 0, "r000", 1, 1, tmp_path / "out" / "r000.exr", "")
    (outcome,) = dask_worker.render("this run", [job])
    asyncio.run(dask_worker.leave("this run"))
    assert isinstance(outcome, Failed)
    assert "is not what it was when the run began" in outcome.reason
    assert not (tmp_path / "out").exists()
