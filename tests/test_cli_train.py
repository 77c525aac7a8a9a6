import os

import numpy as np
import pytest
import torch
from command_line import everything_below, run, run_alone
from synthetic import noisy, picture, write_view

from mcdenoise.exr import write_frame
from mcdenoise.networks import create
from mcdenoise.networks.model_file import load_model, save_model

QUICK = ["--steps", "3", "--batch", "1", "--crop", "32", "--device", "cpu", "--precision", "float32"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with renders of two scenes, and others that cannot be trained on."""
    for k in range(2):
        write_view(tmp_path / f"renders/scene{k}/view000", picture(48, 48, k), realizations=3, seed=k)
    write_view(tmp_path / "single/a/view000", realizations=1)
    write_view(tmp_path / "judged/a/view000", split="validation")
    poisoned = write_view(tmp_path / "poisoned/a/view000")
    for path in poisoned.iterdir():
        frame = noisy(picture(), np.random.default_rng(0))
        frame.radiance[0, 0] = np.nan
        write_frame(path, frame)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not a folder")
    torch.manual_seed(0)
    save_model(tmp_path / "kernels.safetensors", create("kpn", width=8), {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_trains_says_where_the_model_is_and_how_to_use_it(place, capfd, monkeypatch):
    code, out, err = run(capfd, monkeypatch, "train", "--model", "kpn", *QUICK)
    assert code == 0
    assert "Error" not in err
    assert "trained 3 steps" in out
    assert "mcdenoise apply frame.exr --model runs/kpn/model.safetensors" in out
    network, summary = load_model("runs/kpn/model.safetensors")
    assert (network.name, summary["steps"]) == ("kpn", 3)
    assert {path.name for path in (place / "runs/kpn").iterdir()} == {
        "model.safetensors",
        "checkpoint.safetensors",
        "train.csv",
        "tensorboard",
        "progress.png",
        "progress.safetensors",
    }
    code, out, err = run(capfd, monkeypatch, "train", "--model", "kpn", *QUICK)
    assert (code, err) == (0, "")
    assert "is finished (3 steps)" in out
    code, out, err = run(capfd, monkeypatch, "train", "--model", "kpn", *QUICK, "--seed", "1")
    assert code == 1
    assert err.startswith("Error: runs/kpn holds a run with other options (seed 0 -> 1)")
    assert err.count("\n") == 1
    code, out, err = run(capfd, monkeypatch, "train", "--model", "kpn", "--steps", "5", *QUICK[2:], "--resume")
    assert code == 0
    assert "trained 5 steps" in out


def test_in_a_process_of_its_own_too_broken_frames_are_named_once(place):
    bad = place / "renders/scene0/view000/r002.exr"
    bad.write_bytes(bad.read_bytes()[:-60])
    done = run_alone("train", "--model", "kpn", *QUICK, cwd=place)
    assert done.returncode == 0
    assert "trained 3 steps" in done.stdout
    lines = done.stderr.splitlines()
    assert [str(bad.relative_to(place)) in line for line in lines].count(True) == 1
    assert "Traceback" not in done.stderr


def test_minutes_are_wall_clock(place, capfd, monkeypatch):
    arguments = ["train", "--model", "kpn", "--minutes", "0.005", *QUICK[2:]]
    code, out, _ = run(capfd, monkeypatch, *arguments)
    assert code == 0
    assert "trained" in out


def test_a_loss_that_blows_up_is_one_line(place, capfd, monkeypatch):
    torch.manual_seed(0)
    network = create("unet", output="linear")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1e15)
    save_model("poison.safetensors", network, {})
    code, _, err = run(capfd, monkeypatch, "train", *QUICK, "--init", "poison.safetensors")
    assert code == 1
    errors = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "--learning-rate" in errors[0]
    assert not (place / "runs/unet/model.safetensors").exists()


BAD = {
    "no such renders": (["nowhere"], 2),
    "an empty folder": (["empty"], 1),
    "a file": (["file"], 2),
    "single realizations": (["single"], 1),
    "validation scenes only": (["judged"], 1),
    "two folders": (["renders", "judged"], 2),
    "unknown option": (["renders", "--quickly"], 2),
    "unknown network": (["renders", *QUICK, "--model", "transformer"], 2),
    "a network's name that is a path": (["renders", *QUICK, "--model", "../../unet"], 2),
    "unknown loss": (["renders", *QUICK, "--loss", "l3"], 2),
    "unknown target": (["renders", *QUICK, "--target", "clean"], 2),
    "no references": (["renders", *QUICK, "--target", "reference"], 1),
    "an argument without a value": (["renders", *QUICK, "--config", "width"], 2),
    "an argument that no network has": (["renders", *QUICK, "--config", "name=3"], 2),
    "an argument out of range": (["renders", *QUICK, "--model", "kpn", "--config", "blocks=99"], 2),
    "an argument of thousands of digits": (["renders", *QUICK, "--config", "width=" + 5000 * "9"], 2),
    "no steps": (["renders", *QUICK, "--steps", "0"], 2),
    "steps in words": (["renders", *QUICK, "--steps", "many"], 2),
    "half a step": (["renders", *QUICK, "--steps", "0.5"], 2),
    "no time": (["renders", *QUICK[2:], "--minutes", "0"], 2),
    "time that is no number": (["renders", *QUICK[2:], "--minutes", "nan"], 2),
    "endless time": (["renders", *QUICK[2:], "--minutes", "inf"], 2),
    "steps and minutes": (["renders", *QUICK, "--minutes", "1"], 2),
    "no batch": (["renders", *QUICK, "--batch", "0"], 2),
    "a crop too small": (["renders", *QUICK, "--crop", "8"], 2),
    "a crop that does not fit the network": (["renders", *QUICK, "--crop", "33"], 2),
    "no learning": (["renders", *QUICK, "--learning-rate", "0"], 2),
    "learning that is no number": (["renders", *QUICK, "--learning-rate", "nan"], 2),
    "learning too fast": (["renders", *QUICK, "--learning-rate", "1e9"], 2),
    "a negative seed": (["renders", *QUICK, "--seed", "-1"], 2),
    "unknown device": (["renders", *QUICK, "--device", "abacus"], 2),
    "unknown precision": (["renders", *QUICK, "--precision", "float8"], 2),
    "a start that is not there": (["renders", *QUICK, "--init", "nowhere.safetensors"], 2),
    "a start that is no model": (["renders", *QUICK, "--init", "file"], 1),
    "a start of another network": (["renders", *QUICK, "--init", "kernels.safetensors"], 2),
    "nothing to resume": (["renders", *QUICK, "--resume"], 2),
    "a file as the run's folder": (["renders", *QUICK, "--out", "file"], 2),
    "a folder that cannot be made": (["renders", *QUICK, "--out", "/proc/nothing/here"], 1),
    "a folder below a file": (["renders", *QUICK, "--out", "file/run"], 1),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_left(place, capfd, monkeypatch, case):
    arguments, expected = BAD[case]
    before = everything_below(place)
    code, out, err = run(capfd, monkeypatch, "train", *arguments)
    assert code == expected
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    assert everything_below(place) == before


def test_frames_of_which_none_can_be_decoded_are_an_error(place, capfd, monkeypatch):
    code, _, err = run(capfd, monkeypatch, "train", "poisoned", *QUICK)
    assert code == 1
    assert [line for line in err.splitlines() if line.startswith("Error: ")] == err.splitlines()[-1:]
    assert "poisoned" in err.splitlines()[-1]


@pytest.mark.parametrize(
    "environment",
    [{"WORLD_SIZE": "2"}, {"WORLD_SIZE": "2", "RANK": "abc"}, {"WORLD_SIZE": "²"}, {"WORLD_SIZE": "2", "RANK": "5"}],
)
def test_a_broken_environment_of_processes_is_one_line(tmp_path, environment):
    write_view(tmp_path / "renders" / "a")
    done = run_alone("train", tmp_path / "renders", "--out", tmp_path / "run", env=os.environ | environment)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: ")
    assert not (tmp_path / "run").exists()
