"""`mcdenoise info --model`: what a network costs, and what a model was trained on."""

import json
import re

import pytest
import torch
from command_line import everything_below, run
from safetensors.torch import save_file

from mcdenoise import Denoiser
from mcdenoise.networks import NETWORKS, create
from mcdenoise.networks.model_file import FORMAT, save_model
from mcdenoise.training.losses import LOSSES


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unet", ["Parameters: 997,251", "Multiply-adds: 179,993 a pixel", "more than 160 pixels"]),
        ("red30", ["Parameters: 4,146,307", "Multiply-adds: 4,142,592 a pixel", "more than 30 pixels"]),
        ("kpn", ["Multiply-adds: 71,804 a pixel, in convolutions, and 891 in filters"]),
        ("oidn-small", ["Parameters: 320,035", "more than 96 pixels"]),
        ("oidn-large", ["Parameters: 3,848,387", "more than 112 pixels"]),
    ],
)
def test_a_network_s_cost_is_said(capfd, monkeypatch, name, said):
    code, out, err = run(capfd, monkeypatch, "info", "--model", name)
    assert (code, err) == (0, "")
    assert out.startswith(name)
    assert all(text in out for text in said)
    assert "Training" not in out


def test_of_a_model_file_it_says_what_it_was_trained_on(tmp_path, capfd, monkeypatch):
    torch.manual_seed(0)
    summary = {"options": {"loss": "hdr-mean", "minutes": None}, "steps": 7, "scenes": [f"s{i}" for i in range(20)]}
    save_model(tmp_path / "m.safetensors", create("kpn", width=8), summary)
    code, out, err = run(capfd, monkeypatch, "info", "--model", tmp_path / "m.safetensors")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "kpn, width 8, kernel 5, growth 32, again 5, features 16, blocks 1, fine 0, input log"
    assert '  loss: "hdr-mean"' in lines
    assert "  steps: 7" in lines
    assert '"s11" and 8 more' in out
    assert "minutes" not in out


def test_the_model_that_ships_has_a_name(capfd, monkeypatch):
    code, out, _ = run(capfd, monkeypatch, "info", "--model", "default")
    assert code == 0
    assert "  scenes: " in out


def test_of_models_that_ship_it_says_how_often_each_sees_a_frame_here(capfd, monkeypatch):
    code, out, _ = run(capfd, monkeypatch, "info")
    assert code == 0
    for name in ("default", "fast"):
        said = next(line for line in out.splitlines() if line.startswith(f"  {name}: "))
        assert f"sees a frame {({1: 'once', 2: 'twice'})[Denoiser(name).passes]}," in said


@pytest.mark.parametrize("training", ["{}", '{"options": [1]}', '{"options": {"loss": {"a": 1}}, "x": "\\u001b[2J"}'])
def test_a_strange_summary_is_no_error_and_cannot_talk_to_the_terminal(tmp_path, capfd, monkeypatch, training):
    metadata = {"format": FORMAT, "architecture": "oidn-small", "config": json.dumps({}), "training": training}
    save_file(create("oidn-small").state_dict(), tmp_path / "m.safetensors", metadata)
    code, out, err = run(capfd, monkeypatch, "info", "--model", tmp_path / "m.safetensors")
    assert (code, err) == (0, "")
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet", 2),
        ("gone.safetensors", 2),
        ("gone.tza", 2),
        ("folder", 2),
        ("", 2),
        ("text.txt", 1),
        ("broken.tza", 1),
    ],
)
def test_what_is_no_model_is_one_line(tmp_path, capfd, monkeypatch, name, expected):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("not a model")
    (tmp_path / "broken.tza").write_text("not a model")
    before = everything_below(tmp_path)
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capfd, monkeypatch, "info", "--model", name)
    assert (code, out) == (expected, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert everything_below(tmp_path) == before


def test_the_help_of_train_names_every_network_and_every_loss(capfd, monkeypatch):
    code, out, _ = run(capfd, monkeypatch, "train", "--help")
    assert code == 0
    words = re.sub(r"-\n +", "-", out)  # click breaks lines at hyphens
    assert set(NETWORKS) | set(LOSSES) <= set(re.findall(r"[a-z0-9-]+", words))
