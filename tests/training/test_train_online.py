"""`train --online`: a flight whose frames are rendered twice, learnt from and denoised, with real Mitsuba."""

import csv
import dataclasses
import json
import signal
from dataclasses import replace

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from command_line import everything_below, run, run_alone
from processes import children_of, dead, wait_until
from safetensors.torch import load_file
from synthetic import write_view
from tiny_scenes import film_xml, scene_xml

from mcdenoise.data.views import find_views
from mcdenoise.errors import SceneError, TrainingError
from mcdenoise.evaluation.metrics import relmse_halves
from mcdenoise.evaluation.reference_free import relmse_held_back
from mcdenoise.exr import read_attributes, read_frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.windows import smooth
from mcdenoise.networks import create
from mcdenoise.networks.model_file import find_model, load_model, save_model
from mcdenoise.rendering.flight import Flight, describe, find_scene
from mcdenoise.rendering.local import LocalFarm
from mcdenoise.rendering.paths import cameras, read_path
from mcdenoise.tonemap import exposure
from mcdenoise.training.learner import Learner
from mcdenoise.training.online import OnlineOptions, train_online

PATH = [
    {"origin": [-2, -4, 1.5], "target": [0, 0, 0.6], "up": [0, 0, 1]},
    {"origin": [0, -3.5, 2.0], "target": [0, 0.2, 0.6]},
    {"origin": [2, -4, 1.0], "target": [0.1, 0, 0.5]},
]
FRAMES = 4
OPTIONS = OnlineOptions(
    frames=FRAMES, spp=2, size=(48, 40), steps_per_frame=2, window=2, batch=1, precision="float32", variant="scalar_rgb"
)


class Stop(Exception):
    """What a test ends a flight with."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    file = tmp_path_factory.mktemp("scene") / "ball.xml"
    file.write_text(scene_xml(film=film_xml(64, 64)), encoding="utf-8")
    (file.parent / "path.json").write_text(json.dumps(PATH))
    return file


@pytest.fixture(scope="module")
def options(scene):
    return replace(OPTIONS, path=scene.parent / "path.json")


@pytest.fixture(scope="module")
def flight(scene, options, tmp_path_factory):
    """The folder of a whole flight, with `result` and the view folders that each frame `learnt` from."""
    out = tmp_path_factory.mktemp("flights") / "whole"
    learnt = []
    with pytest.MonkeyPatch.context() as patch:
        made = Learner.dataset
        patch.setattr(
            Learner, "dataset", lambda self, views: learnt.append([v.folder.name for v in views]) or made(self, views)
        )
        result = train_online(scene, out, options, "cpu")
    return Flown(out, result, learnt)


@dataclasses.dataclass(frozen=True)
class Flown:
    out: object
    result: object
    learnt: list

    def pair(self, frame):
        return [read_frame(self.out / f"renders/ball/view{frame:03d}/r00{k}.exr") for k in range(2)]

    def denoised(self, frame):
        return read_frame(self.out / f"denoised/frame{frame:04d}.exr")


def shown(denoiser, pair):
    images = [denoiser.denoise(one.radiance, one.albedo, one.normal) for one in pair]
    return np.mean(images, axis=0, dtype=np.float32)


def test_it_leaves_what_it_says_and_no_reference(flight):
    files = {str(file.relative_to(flight.out)) for file in flight.out.rglob("*") if file.is_file()}
    frames = {f"denoised/frame{k:04d}.exr" for k in range(FRAMES)}
    renders = {f"renders/ball/view{k:03d}/r00{i}.exr" for k in range(FRAMES) for i in range(2)}
    others = {"path.json", "online.csv", "flight.gif", "model.safetensors", "checkpoint.safetensors"}
    assert files == frames | renders | others
    for name in renders:
        assert read_attributes(flight.out / name)["spp"] == OPTIONS.spp  # nor a longer render by another name
    assert len(read_path(flight.out / "path.json")) == len(PATH)
    video = imageio.imread(flight.out / "flight.gif")
    assert video.shape == (FRAMES, 20 + 4 * 40, 2 * 4 * 48, 3)  # labels above


def test_frames_are_better_than_their_renders(flight, scene, tmp_path):
    """Against references of 2 x 128 spp, whose halves cancel their noise.

    Both renders together have 4 spp, the reference 64 times as many, so its estimate of their relMSE scatters by some
    percent of it; what is denoised has a tenth of that error. A third is far outside of what chance does.
    """
    with LocalFarm() as farm:
        setting, description = describe(farm, find_scene(scene), OPTIONS.size, 77)
        setting = replace(setting, variant="scalar_rgb")
        places = cameras(read_path(flight.out / "path.json"), FRAMES)
        judge = Flight(farm, setting, description, places, OPTIONS.spp, tmp_path, reference_spp=256)
        for frame in (0, FRAMES - 1):
            halves = [read_frame(file).radiance for file in judge.view(frame).references]
            noisy = np.mean([one.radiance for one in flight.pair(frame)], axis=0)
            before, after = (relmse_halves(image, *halves) for image in (noisy, flight.denoised(frame).radiance))
            assert after < before / 3


def test_what_is_denoised_is_what_apply_makes_of_both_renders_and_keeps_the_rest(flight):
    """The last frame is denoised by the network that is left."""
    last = FRAMES - 1
    expected = shown(Denoiser(flight.out / "model.safetensors", "cpu", "float32"), flight.pair(last))
    np.testing.assert_array_equal(flight.denoised(last).radiance, expected)
    for frame in range(FRAMES):
        first, denoised = flight.pair(frame)[0], flight.denoised(frame)
        for name in ("albedo", "normal", "depth"):
            np.testing.assert_array_equal(getattr(denoised, name), getattr(first, name))
        assert denoised.attributes.items() >= first.attributes.items()
        assert not np.array_equal(denoised.radiance, first.radiance)
    marks = {flight.denoised(frame).attributes["mcdenoiseFingerprint"] for frame in range(FRAMES)}
    assert len(marks) == FRAMES


def test_steps_learn_from_the_last_frames(flight):
    assert flight.learnt == [["view000"], ["view000", "view001"], ["view001", "view002"], ["view002", "view003"]]
    network, summary = load_model(flight.out / "model.safetensors")
    assert (network.name, summary["steps"]) == ("kpn", 2 * FRAMES)
    before = load_model(find_model("default"))[0].state_dict()
    assert any(not torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    views = find_views(flight.out / "renders")
    assert [(len(view.realizations), view.independent, view.size) for view in views] == [(2, True, (48, 40))] * FRAMES


def test_stopped_anywhere_it_reaches_the_same_bytes_and_measures_before_it_learns(flight, scene, options, tmp_path):
    def stop_at(frame, step, finished=False):
        def report(progress):
            if (progress.frame, progress.step, progress.row is not None) == (frame, step, finished):
                raise Stop

        return report

    out = tmp_path / "s"
    for place in ((0, 0), (1, 1), (2, 0)):
        with pytest.raises(Stop):
            train_online(scene, out, options, "cpu", stop_at(*place))
    assert len(list((out / "denoised").iterdir())) == 2
    assert not (out / "model.safetensors").exists()

    # What the third frame is measured with is the network that has learnt from two.
    tensors = load_file(out / "checkpoint.safetensors")
    network = load_model(find_model("default"))[0]
    start = Denoiser("default", "cpu", "float32")
    network.load_state_dict({name[8:]: tensor for name, tensor in tensors.items() if name.startswith("average.")})
    denoiser = Denoiser(network, "cpu", "float32")
    found = []
    for noisy, other in (flight.pair(2), flight.pair(2)[::-1]):
        given, scale = (noisy.radiance, noisy.albedo, noisy.normal), exposure(noisy.radiance)
        images = [one.denoise(*given) * scale for one in (denoiser, start)]
        weight_of = smooth(torch.from_numpy(images[1]).permute(2, 0, 1), 8.0).permute(1, 2, 0).numpy()
        found.append([relmse_held_back(image, other.radiance * scale, weight_of) for image in images])
    measured = flight.result.rows[2]
    assert [measured.held_back, measured.held_back_start] == pytest.approx(np.mean(found, axis=0), rel=1e-5)
    assert measured.held_back != measured.held_back_start
    assert flight.result.rows[0].held_back == pytest.approx(flight.result.rows[0].held_back_start, rel=1e-5)

    (out / "renders/ball/view001/r001.exr").unlink()  # still in the window
    (out / "denoised/.writing-999999999-ab-frame0002.exr").write_text("of a process that was killed")
    result = train_online(scene, out, options, "cpu")
    assert [row.frame for row in result.rows] == list(range(FRAMES))
    whole, again = everything_below(flight.out), everything_below(out)
    names = [file.relative_to(flight.out) for file in whole]
    assert [file.relative_to(out) for file in again] == names
    for name in names:
        if name.name != "online.csv":
            assert whole[flight.out / name] == again[out / name], name
    tables = [list(csv.DictReader((folder / "online.csv").open())) for folder in (flight.out, out)]
    for one, other in zip(*tables, strict=True):
        assert {k: v for k, v in one.items() if "seconds" not in k} == {
            k: v for k, v in other.items() if "seconds" not in k
        }


def test_other_options_are_refused_unless_nothing_is_finished(flight, scene, options, tmp_path):
    before = everything_below(flight.out)
    with pytest.raises(TrainingError, match="seed 0 -> 3"):
        train_online(scene, flight.out, replace(options, seed=3), "cpu")
    with pytest.raises(TrainingError, match=f"frames {FRAMES} -> 9"):
        train_online(scene, flight.out, replace(options, frames=9), "cpu")
    assert everything_below(flight.out) == before

    def stop(progress):
        raise Stop

    with pytest.raises(Stop):
        train_online(scene, tmp_path / "s", options, "cpu", stop)
    train_online(scene, tmp_path / "s", replace(options, frames=1, seed=3, steps_per_frame=1), "cpu")
    assert read_attributes(tmp_path / "s/renders/ball/view000/r000.exr")["seed"] == 3


@pytest.mark.parametrize("name", ["unet", "red30", "oidn-small", "kpn-small"])
def test_any_network_learns_from_random_weights(name, scene, options, tmp_path):
    chosen = replace(options, model=name, frames=1, steps_per_frame=1, path=None)
    train_online(scene, tmp_path / "s", chosen, "cpu")
    network, summary = load_model(tmp_path / "s/model.safetensors")
    assert network.name == create(name).name
    assert summary["options"]["learning_rate"] == 1e-3
    torch.manual_seed(0)
    random = create(name).state_dict()
    assert any(not torch.equal(tensor, random[key]) for key, tensor in network.state_dict().items())
    origins = [key.origin for key in read_path(tmp_path / "s/path.json")]
    np.testing.assert_allclose(origins[2], (0, -4, 1.2), atol=1e-5)  # an arc through the scene's own camera


def test_a_loss_that_blows_up_keeps_what_was_finished(scene, options, tmp_path):
    torch.manual_seed(0)
    network = create("unet", output="linear")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1e15)
    save_model(tmp_path / "poison.safetensors", network, {})
    with pytest.raises(TrainingError, match=r"frame 1 of 4: the loss became .*--learning-rate"):
        train_online(scene, tmp_path / "s", replace(options, init=str(tmp_path / "poison.safetensors")), "cpu")
    assert not list((tmp_path / "s/denoised").iterdir())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"frames": 0}, "--frames must be 1 or more"),
        ({"frames": 10_001}, "--frames may be 10000 at most"),
        ({"size": (0, 8)}, "--size must be 1 x 1 or more"),
        ({"steps_per_frame": 0}, "--steps-per-frame must be 1 or more"),
        ({"learning_rate": float("nan")}, "--learning-rate must be a finite number"),
        ({"loss": "l3"}, "no loss called 'l3'"),
        ({"loss": "hdr-guided"}, "three renders of a view or more"),
        ({"crop": 40}, "must be multiples of 16"),
    ],
    ids=str,
)
def test_from_python_too_options_that_make_no_sense_are_refused(changes, says, scene, options, tmp_path):
    with pytest.raises(TrainingError, match=says) as caught:
        train_online(scene, tmp_path / "s", replace(options, **changes), "cpu")
    assert caught.value.misuse
    assert not (tmp_path / "s").exists()


@pytest.fixture
def place(scene, tmp_path, monkeypatch):
    """A folder with a scene, paths, renders, and files that are none of these."""
    (tmp_path / "ball.xml").write_text(scene.read_text())
    (tmp_path / "path.json").write_text(json.dumps(PATH))
    (tmp_path / "torn.json").write_text('[{"origin": [0, 0')
    (tmp_path / "list.json").write_text('{"origin": [0, 0, 0]}')
    there = {"origin": [0, -4, 1], "target": [0, 0, 1], "up": [0, 0, 1]}
    (tmp_path / "through.json").write_text(json.dumps([there, there | {"origin": [0, 4, 1]}]))
    for name in ("a", "b"):
        (tmp_path / "several" / name).mkdir(parents=True)
        (tmp_path / "several" / name / "scene.xml").write_text(scene.read_text())
    (tmp_path / "torn.xml").write_text("<scene")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    write_view(tmp_path / "renders/a/view000")
    (tmp_path / "file").write_text("not a folder")
    torch.manual_seed(0)
    save_model(tmp_path / "kernels.safetensors", create("kpn", width=8), {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUICK = ["--online", "ball.xml", "--frames", "3", "--size", "32", "32", "--device", "cpu"]

BAD = {
    "no such scene": (["--online", "nowhere.xml"], 2, "nowhere.xml"),
    "no scene's name": (["--online", ""], 2, ""),
    "a folder without scenes": (["--online", "empty"], 1, "no Mitsuba scene"),
    "a folder with several": (["--online", "several"], 2, "holds 2 scenes"),
    "a torn scene": (["--online", "torn.xml"], 1, "torn.xml"),
    "no such path": ([*QUICK, "--path", "nowhere.json"], 2, "nowhere.json"),
    "a torn path": ([*QUICK, "--path", "torn.json"], 2, "is no JSON"),
    "a path of another kind": ([*QUICK, "--path", "list.json"], 2, "must be a list"),
    "a path through its target": ([*QUICK, "--path", "through.json"], 2, "frame 1 of 3"),
    "no path's name": ([*QUICK, "--path", ""], 2, "empty"),
    "no frames": ([*QUICK, "--frames", "0"], 2, "--frames"),
    "too many frames": ([*QUICK, "--frames", "10001"], 2, "--frames"),
    "no size": ([*QUICK, "--size", "0", "32"], 2, "--size"),
    "no samples": ([*QUICK, "--spp", "0"], 2, "--spp"),
    "no steps": ([*QUICK, "--steps-per-frame", "0"], 2, "--steps-per-frame"),
    "no window": ([*QUICK, "--window", "0"], 2, "--window"),
    "an unknown start": ([*QUICK, "--init", "nothing"], 2, "no model nothing"),
    "a start that is no model": ([*QUICK, "--init", "file"], 1, "file"),
    "a start of another network": ([*QUICK, "--init", "kernels.safetensors", "--model", "unet"], 2, "add --model kpn"),
    "an unknown network": ([*QUICK, "--model", "transformer"], 2, "transformer"),
    "an unknown device": ([*QUICK, "--device", "abacus"], 2, "abacus"),
    "an unknown variant": ([*QUICK, "--variant", "vector_rgb"], 2, "vector_rgb"),
    "a folder of others": ([*QUICK, "--out", "full"], 1, "holds other files"),
    "a file as the folder": ([*QUICK, "--out", "file"], 2, "file"),
    "renders too": (["renders", *QUICK], 2, "RENDERS cannot be used with --online"),
    "steps and minutes": ([*QUICK, "--steps", "5", "--minutes", "1"], 2, "--steps, --minutes cannot be used with"),
    "to resume": ([*QUICK, "--resume"], 2, "--resume cannot be used with --online"),
    "references": ([*QUICK, "--target", "reference"], 2, "--target cannot be used with --online"),
    "a cache": ([*QUICK, "--cache", "disk"], 2, "--cache cannot be used with --online"),
    "a flight of renders": (["renders", "--frames", "5", "--path", "path.json"], 2, "without --online"),
    "their size": (["renders", "--size", "32", "32"], 2, "--size cannot be used without --online"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_left(place, capfd, monkeypatch, case):
    arguments, expected, says = BAD[case]
    before = everything_below(place)
    code, out, err = run(capfd, monkeypatch, "train", *arguments)
    assert (code, out) == (expected, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert says in err
    assert everything_below(place) == before


def test_several_processes_are_refused(scene, options, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TrainingError, match="without torchrun"):
        train_online(scene, tmp_path / "s", options, "cpu")


def test_a_path_that_is_broken_is_misuse_from_python_too(scene, options, tmp_path):
    (tmp_path / "path.json").write_text("[]")
    with pytest.raises(SceneError, match="0 keyframes") as caught:
        train_online(scene, tmp_path / "s", replace(options, path=tmp_path / "path.json"), "cpu")
    assert caught.value.misuse


def test_on_the_command_line_it_says_what_it_chose_and_how_it_goes(place, capfd, monkeypatch):
    arguments = ["train", *QUICK, "--path", "path.json", "--spp", "1", "--steps-per-frame", "1", "--batch", "1"]
    done = run_alone(*arguments, cwd=place)
    assert done.returncode == 0
    assert "going on from the shipped model default (kpn), as random weights" in done.stderr
    assert "learning rate 0.0001" in done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [f"frame {k} of 3" for k in (1, 2, 3)]
    assert all("held-back" in line and line.endswith("left") for line in lines[:3])
    assert "relMSE" in lines[3]
    assert lines[-1] == "use it: mcdenoise apply frame.exr --model runs/ball/model.safetensors"

    before = everything_below(place)
    code, out, err = run(capfd, monkeypatch, *arguments)
    assert (code, err) == (0, "")
    assert "runs/ball is finished (3 frames)" in out
    code, _, err = run(capfd, monkeypatch, *arguments, "--spp", "4")
    assert (code, err.count("\n")) == (1, 1)
    assert "runs/ball holds a flight with other options (spp 1 -> 4): choose another --out" in err
    code, _, err = run(capfd, monkeypatch, "train", "renders", "--out", "runs/ball", "--steps", "1")
    assert (code, err.count("\n")) == (1, 1)
    assert everything_below(place) == before


def test_a_model_without_a_start_begins_with_random_weights_and_says_so(place):
    chosen = ["--model", "kpn-small", "--frames", "1", "--steps-per-frame", "1", "--out", "other"]
    done = run_alone("train", *QUICK, *chosen, cwd=place)
    assert done.returncode == 0
    assert "beginning with random weights of kpn-small" in done.stderr
    assert "learning rate 0.001" in done.stderr
    assert "the model it began with" not in done.stdout


def test_interrupted_it_keeps_what_is_finished_and_leaves_nothing_running(place, start):
    process = start("train", *QUICK, "--spp", "1", "--frames", "1000", "--steps-per-frame", "1", "--batch", "1")
    wait_until((place / "runs/ball/denoised/frame0001.exr").exists)
    below = {child for child, _ in children_of(process.pid)}
    assert below
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("Error: interrupted; what was finished is kept")
    assert "Traceback" not in said
    wait_until(lambda: all(dead(child) for child in below))
    rows = list(csv.DictReader((place / "runs/ball/online.csv").open()))
    for row in rows:
        assert np.isfinite(read_frame(place / f"runs/ball/denoised/frame{int(row['frame']):04d}.exr").radiance).all()
    assert not list(place.glob("runs/**/.writing-*"))


def test_help_has_an_example(capfd, monkeypatch):
    code, out, _ = run(capfd, monkeypatch, "train", "--help")
    assert code == 0
    assert "mcdenoise train --online kitchen.xml --path path.json" in out
