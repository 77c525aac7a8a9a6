import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
import torch
from command_line import everything_below, run, run_alone
from synthetic import noisy, picture, write_view

from mcdenoise import Denoiser
from mcdenoise.exr import read_attributes, read_frame, read_view_layers, write_frame
from mcdenoise.frame import Frame
from mcdenoise.networks import create
from mcdenoise.networks.model_file import save_model


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a model, good frames, a view folder, and files that are none."""
    torch.manual_seed(0)
    save_model(tmp_path / "m.safetensors", create("kpn", width=8), {"steps": 0})
    for k in range(3):
        write_frame(tmp_path / f"f{k}.exr", noisy(picture(24, 32, k), np.random.default_rng(k)))
    write_view(tmp_path / "view000", picture(24, 32), realizations=2)
    good = (tmp_path / "f0.exr").read_bytes()
    (tmp_path / "text.exr").write_text("not a frame")
    (tmp_path / "empty.exr").write_bytes(b"")
    (tmp_path / "cut.exr").write_bytes(good[: len(good) // 2])
    (tmp_path / "short.exr").write_bytes(good[:100])
    (tmp_path / "magic.exr").write_bytes(good[:4] + bytes(range(256)))
    torch.save({"weights": torch.zeros(3)}, tmp_path / "pickle.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "m.safetensors").read_bytes()[:3000])
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_frame_is_denoised_and_the_result_named(place, capfd, monkeypatch):
    code, out, err = run(capfd, monkeypatch, "apply", "f0.exr", "--model", "m.safetensors", "--device", "cpu")
    assert (code, err) == (0, "")
    assert "f0.exr -> f0.denoised.exr" in out
    truth = picture(24, 32, 0).radiance
    noise, error = (np.mean((read_frame(f).radiance - truth) ** 2) for f in ("f0.exr", "f0.denoised.exr"))
    assert error < noise / 2


def test_in_a_process_of_its_own_too(place):
    done = run_alone("apply", "f*.exr", "view000", "--out", "new", "--preview", "--model", "m.safetensors", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    names = {path.name for path in (place / "new").iterdir()}
    assert names == {f"{stem}.{suffix}" for stem in ("f0", "f1", "f2", "view000") for suffix in ("exr", "png")}


def test_one_bad_frame_is_one_line_and_the_others_are_done(place, capfd, monkeypatch):
    arguments = ["apply", "f0.exr", "cut.exr", "f1.exr", "--model", "m.safetensors"]
    code, out, err = run(capfd, monkeypatch, *arguments)
    assert code == 1
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "cut.exr" in err
    assert "2 of 3 denoised, 1 failed" in out
    assert sorted(path.name for path in place.glob("*.denoised.exr")) == ["f0.denoised.exr", "f1.denoised.exr"]


def test_frames_without_features_are_done_with_a_note(place, capfd, monkeypatch):
    write_frame(place / "plain.exr", Frame(picture(16, 16).radiance))
    code, out, err = run(capfd, monkeypatch, "apply", "plain.exr", "--model", "m.safetensors")
    assert (code, err) == (0, "")
    assert "note: plain.exr: no albedo and no normal" in out


def write_two_view_layers(path, noise):
    """As Blender writes them. noise: its seed."""
    channels = {}
    for layer, seed in (("front", 0), ("back\x1b", 1)):
        frame = noisy(picture(24, 32, seed), np.random.default_rng((seed, noise)))
        for feature, letters in (("Combined", "RGB"), ("Denoising Albedo", "RGB"), ("Denoising Normal", "XYZ")):
            image = {"Combined": frame.radiance, "Denoising Albedo": frame.albedo}.get(feature, frame.normal)
            channels |= {f"{layer}.{feature}.{c}": image[..., i].copy() for i, c in enumerate(letters)}
    OpenEXR.File({"type": OpenEXR.scanlineimage}, channels).write(str(path))


def test_every_view_layer_is_denoised_by_its_own_features(place, capfd, monkeypatch):
    write_two_view_layers(place / "layers.exr", 0)
    code, out, err = run(capfd, monkeypatch, "apply", "layers.exr", *MODEL)
    assert (code, err) == (0, "")
    assert "its view layers are denoised, each by itself: back\\x1b, front." in out
    found = read_view_layers("layers.denoised.exr")
    for layer in ("front", "back\x1b"):
        write_frame(place / "alone.exr", read_view_layers("layers.exr")[layer])
        run(capfd, monkeypatch, "apply", "alone.exr", *MODEL)
        alone = read_frame("alone.denoised.exr").radiance  # of features in half: 2^-11 of each, in every kernel
        np.testing.assert_allclose(found[layer].radiance, alone, rtol=2e-3, err_msg=layer)


def test_view_layers_of_several_realizations_are_combined_each(place, capfd, monkeypatch):
    for k in range(2):
        write_two_view_layers(place / f"r{k}.exr", k)
    arguments = ["apply", "r0.exr", "r1.exr", "--realizations", "--denoisers", "model", "--out", "both.exr", *MODEL]
    code, out, err = run(capfd, monkeypatch, *arguments)
    assert (code, err) == (0, "")
    assert "front: estimated relMSE" in out
    channels = read_attributes("both.exr")["channels"]
    assert {"error.Y", "front.error.Y"} <= set(channels)
    code, _, err = run(capfd, monkeypatch, "apply", "r0.exr", "f0.exr", "--realizations", *MODEL)
    assert (code, err) == (1, "Error: f0.exr: holds other view layers than r0.exr.\n")


def test_what_is_there_already_is_found_wherever_radiance_lies_in_the_file(place, capfd, monkeypatch):
    """As Blender writes parts: here the albedo before the radiance."""
    frame = noisy(picture(24, 32), np.random.default_rng(0))
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {c: image[..., i].copy() for i, c in enumerate("RGB")}, name)
        for name, image in (("A.Denoising Albedo", frame.albedo), ("A.Combined", frame.radiance))
    ]
    OpenEXR.File(parts).write("parts.exr")
    _, out, _ = run(capfd, monkeypatch, "apply", "parts.exr", *MODEL)
    assert "parts.exr -> parts.denoised.exr" in out
    _, out, _ = run(capfd, monkeypatch, "apply", "parts.exr", *MODEL)
    assert "1 of 1 was there already" in out


def test_realizations_are_named_where_one_is_unlike_the_others(place, capfd, monkeypatch):
    write_frame(place / "plain.exr", replace(noisy(picture(24, 32), np.random.default_rng(7)), albedo=None))
    together = ["--realizations", "--denoisers", "model", "--out", "both.exr", *MODEL]
    code, out, err = run(capfd, monkeypatch, "apply", "f0.exr", "plain.exr", *together)
    assert (code, err) == (0, "")
    assert "note: plain.exr: no albedo in it" in out
    assert "f0.exr and 1 more -> both.exr" in out
    moved = OpenEXR.File("f1.exr")
    moved.parts[0].header["dataWindow"] = ((10, 0), (41, 23))
    moved.write("moved.exr")
    code, _, err = run(capfd, monkeypatch, "apply", "f0.exr", "moved.exr", *together)
    assert (code, err) == (1, "Error: moved.exr: has another data window than f0.exr.\n")


def test_a_name_does_not_steer_the_terminal(place, capfd, monkeypatch):
    (place / "odd\x1b[31m.exr").write_bytes(b"no")
    code, _, err = run(capfd, monkeypatch, "apply", "odd\x1b[31m.exr", *MODEL)
    assert (code, err) == (1, "Error: odd\\x1b[31m.exr: is not an EXR file (frames are OpenEXR).\n")


def test_a_preview_that_cannot_be_written_is_named(place, capfd, monkeypatch):
    (place / "f0.denoised.png").mkdir()
    code, _, err = run(capfd, monkeypatch, "apply", "f0.exr", "--preview", *MODEL)
    assert (code, err) == (1, "Error: f0.denoised.png: cannot be written: Is a directory.\n")


def test_passes_are_what_is_asked_for_and_another_number_makes_the_result_anew(place, capfd, monkeypatch):
    frame = read_frame("f0.exr")
    found = {}
    for passes in (1, 2, 4, 8):
        code, out, err = run(capfd, monkeypatch, "apply", "f0.exr", *MODEL, "--device", "cpu", "--passes", passes)
        assert (code, err) == (0, "")
        assert "f0.denoised.exr" in out
        found[passes] = read_frame("f0.denoised.exr").radiance
        denoiser = Denoiser("m.safetensors", "cpu", passes=passes)
        np.testing.assert_array_equal(found[passes], denoiser.denoise(frame.radiance, frame.albedo, frame.normal))
    assert all(np.abs(found[passes] - found[8]).max() > 1e-3 for passes in (1, 2, 4))
    before = Path("f0.denoised.exr").stat().st_mtime_ns
    assert run(capfd, monkeypatch, "apply", "f0.exr", *MODEL, "--device", "cpu", "--passes", 8)[0] == 0
    assert Path("f0.denoised.exr").stat().st_mtime_ns == before


def test_model_files_among_the_denoisers_get_the_same_passes(place, capfd, monkeypatch):
    view = ["apply", "view000", "--denoisers", "m.safetensors", "--model", "fast", "--device", "cpu"]
    found = []
    for passes in (1, 8):
        assert run(capfd, monkeypatch, *view, "--passes", passes, "--out", f"{passes}.exr")[0] == 0
        found.append(read_frame(f"{passes}.exr").radiance)
    assert np.abs(found[0] - found[1]).max() > 1e-3


MODEL = ["--model", "m.safetensors"]
BAD = {
    "a picture for a result": (["apply", "f0.exr", *MODEL, "--out", "result.png"], 2),
    "a model without a name": (["apply", "f0.exr", "--model", ""], 2),
    "no frames": (["apply"], 2),
    "unknown option": (["apply", "f0.exr", *MODEL, "--denoise-well"], 2),
    "option without its value": (["apply", "f0.exr", "--model"], 2),
    "unknown precision": (["apply", "f0.exr", *MODEL, "--precision", "int4"], 2),
    "unknown passes": (["apply", "f0.exr", *MODEL, "--passes", "3"], 2),
    "passes of Open Image Denoise": (["apply", "f0.exr", *MODEL, "--engine", "oidn", "--passes", "2"], 2),
    "unknown device": (["apply", "f0.exr", *MODEL, "--device", "abacus"], 2),
    "a GPU that is not there": (["apply", "f0.exr", *MODEL, "--device", "cuda:999"], 2),
    "a device of another kind": (["apply", "f0.exr", *MODEL, "--device", "meta"], 2),
    "missing frame": (["apply", "nowhere.exr", *MODEL], 1),
    "glob without matches": (["apply", "nothing*.exr", *MODEL], 2),
    "folder that is no view": (["apply", "folder", *MODEL], 2),
    "text": (["apply", "text.exr", *MODEL], 1),
    "empty": (["apply", "empty.exr", *MODEL], 1),
    "cut": (["apply", "cut.exr", *MODEL], 1),
    "cut in the header": (["apply", "short.exr", *MODEL], 1),
    "garbage after the magic number": (["apply", "magic.exr", *MODEL], 1),
    "a model as a frame": (["apply", "m.safetensors", *MODEL], 1),
    "a frame as a model": (["apply", "f0.exr", "--model", "f1.exr"], 1),
    "unknown model": (["apply", "f0.exr", "--model", "excellent"], 2),
    "missing model file": (["apply", "f0.exr", "--model", "excellent.safetensors"], 2),
    "pickled model": (["apply", "f0.exr", "--model", "pickle.safetensors"], 1),
    "cut model": (["apply", "f0.exr", "--model", "cut.safetensors"], 1),
    "folder as a model": (["apply", "f0.exr", "--model", "folder"], 2),
    "output onto the input": (["apply", "f0.exr", *MODEL, "--out", "f0.exr"], 2),
    "output into the input's folder": (["apply", "f0.exr", *MODEL, "--out", "."], 2),
    "several results into one file": (["apply", "f0.exr", "f1.exr", *MODEL, "--out", "one.exr"], 2),
    "the same frame twice": (["apply", "f0.exr", "f0.exr", *MODEL], 2),
    "output below a file": (["apply", "f0.exr", *MODEL, "--out", "text.exr/below/x.exr"], 1),
    "output that cannot be made": (["apply", "f0.exr", *MODEL, "--out", "/proc/nothing/here"], 1),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_left(place, capfd, monkeypatch, case):
    arguments, expected = BAD[case]
    before = everything_below(place)
    code, out, err = run(capfd, monkeypatch, *arguments)
    assert code == expected
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in out + err
    assert everything_below(place) == before


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "0<&-"])
def test_closed_standard_streams_do_no_harm(place, closed):
    command = f"{shlex.quote(sys.executable)} -m mcdenoise apply f0.exr --model m.safetensors {closed}"
    done = subprocess.run(command, shell=True, check=False, timeout=120)
    assert done.returncode == 0
    assert read_frame("f0.denoised.exr").size == (32, 24)


def test_names_that_the_terminal_cannot_show_are_written_all_the_same(place):
    (Path("f0.exr")).rename("é ü.exr")
    done = run_alone("apply", "é ü.exr", "--model", "m.safetensors", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert Path("é ü.denoised.exr").exists()
