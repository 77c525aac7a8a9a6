"""The study of corruptions: what differs between its cells, that it goes on where it stopped, and its command."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from mcdenoise.studies.corrupting import CORRUPTIONS
from mcdenoise.studies.corruptions import command, draw, psnr, restore, run
from mcdenoise.studies.fourier import choose_frequencies, measure, measuring_probability
from mcdenoise.studies.phantoms import phantom
from mcdenoise.studies.sizes import Sizes

TINY = Sizes(width=3, crop=32, batch=1)


class Stop(Exception):
    """What a test ends a study with."""


def test_noisy_and_clean_targets_have_the_same_inputs_and_the_clean_ones_are_clean():
    rng = np.random.default_rng(0)
    pictures = [rng.random((3, 40, 50), np.float32) for _ in range(3)]
    for corruption in CORRUPTIONS.values():
        if corruption.name == "fourier":
            pictures = [phantom(32, rng) for _ in range(3)]
        for step in (0, 7):
            noisy, clean = (draw(corruption, pictures, kind, Sizes(3, 32, 2), 5, step) for kind in ("noisy", "clean"))
            assert torch.equal(noisy.inputs, clean.inputs)
            assert not torch.equal(noisy.inputs, noisy.targets)
            assert not torch.equal(noisy.targets, clean.targets)
            assert clean.valid.all()
            values = {float(value) for picture in pictures for value in picture.ravel()}
            assert {float(value) for value in clean.targets.ravel()} <= values
        other = draw(corruption, pictures, "noisy", Sizes(3, 32, 2), 5, 8)
        assert not torch.equal(other.inputs, noisy.inputs)


def test_dropped_pixels_of_a_target_have_no_say():
    pictures = [np.full((3, 32, 32), 0.5, np.float32)]
    batch = draw(CORRUPTIONS["bernoulli"], pictures, "noisy", Sizes(3, 32, 4), 0, 0)
    assert 0 < float(batch.valid.mean()) < 1
    assert (batch.targets[batch.valid.expand_as(batch.targets) == 0] == 0).all()
    assert (batch.targets[batch.valid.expand_as(batch.targets) == 1] == 0.5).all()


def test_a_network_sees_grey_pictures_around_zero_and_measured_frequencies_are_put_back():
    seen = []

    def network(radiance, albedo, normal):
        seen.append((radiance, albedo, normal))
        return radiance * 0

    rng = np.random.default_rng(0)
    clean, probability = phantom(32, rng), measuring_probability(32, 0.1)
    kept = choose_frequencies(probability, rng)
    measured = torch.from_numpy(measure(clean, kept, probability))[None]
    made = restore(network, measured, torch.from_numpy(kept)[None, None], 0.1)
    radiance, albedo, normal = seen[0]
    torch.testing.assert_close(radiance, (measured - 0.5).expand(1, 3, 32, 32))
    assert not albedo.any()
    assert not normal.any()
    spectrum = np.fft.fft2(made[0, 0].numpy())
    np.testing.assert_allclose(spectrum[kept], np.fft.fft2(clean[0])[kept], atol=2e-3)
    others = ~kept
    np.testing.assert_allclose(spectrum[others], 0, atol=2e-3)  # those of a constant picture


def test_psnr_is_the_formula_on_clipped_pictures():
    clean = np.full((3, 8, 8), 0.5, np.float32)
    assert psnr(clean + 0.1, clean) == pytest.approx(20)
    assert psnr(np.full_like(clean, 7), clean) == pytest.approx(10 * np.log10(4))
    assert psnr(clean, clean) == float("inf")


def test_stopped_anywhere_it_reaches_the_same_bytes(tmp_path, photographs, monkeypatch):
    monkeypatch.setattr("mcdenoise.studies.fitting._CHECKPOINT_SECONDS", 0.0)
    study = {"corruptions": ["gaussian", "impulse", "fourier"], "images": photographs, "steps": 4, "sizes": TINY}
    run(tmp_path / "whole", **study)

    def stop_at(cell, step):
        def report(progress):
            if (progress.number, progress.step) == (cell, step):
                raise Stop

        return report

    for cell, step in ((1, 3), (4, 1), (6, 4)):
        with pytest.raises(Stop):
            run(tmp_path / "stopped", **study, report=stop_at(cell, step))
    run(tmp_path / "stopped", **study)
    names = ["table.csv", "table.md", "figure.png"]
    names += [f"cells/{name}-{kind}/model.safetensors" for name in study["corruptions"] for kind in ("noisy", "clean")]
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes(), name


def test_noisy_targets_teach_nearly_as_much_as_clean_ones(tmp_path, photographs):
    """A narrow network on smooth pictures, for seconds: far from the end, but both kinds must get there alike."""
    sizes = Sizes(width=6, crop=32, batch=2)
    run(tmp_path / "s", ["gaussian"], photographs, steps=250, sizes=sizes)
    row = next(csv.DictReader((tmp_path / "s/table.csv").open()))
    psnrs = {kind: float(row[kind]) for kind in ("noisy", "clean", "difference")}
    assert psnrs["clean"] > 17  # a constant of the picture's mean colour has 12 dB
    assert abs(psnrs["difference"]) < 1
    assert psnrs["difference"] == pytest.approx(psnrs["noisy"] - psnrs["clean"], abs=1e-3)


def test_the_command_writes_a_table_a_figure_and_settings_and_then_has_nothing_to_do(study, tmp_path, photographs):
    words = ("--images", photographs, "--only", "poisson", "--steps", 2, "--out", tmp_path / "s")
    code, out, err = study(command, *words)
    assert (code, err) == (0, "")
    assert "| Poisson" in out
    assert out.splitlines()[-1] == str(tmp_path / "s/settings.json")
    rows = list(csv.DictReader((tmp_path / "s/table.csv").open()))
    assert [row["corruption"] for row in rows] == ["Poisson"]
    assert float(rows[0]["input"]) == pytest.approx(18, abs=2)  # 10 log10(30 / mean of the picture)
    with Image.open(tmp_path / "s/figure.png") as figure:
        assert figure.width > 4 * 168
    code, out, _ = study(command, *words)
    assert code == 0
    assert out.splitlines()[:2] == ["poisson-noisy: is finished", "poisson-clean: is finished"]
    code, out, err = study(command, *words[:-2], "--seed", 1, *words[-2:])
    assert code == 1
    assert err.count("\n") == 1
    assert "other options (seed 0 -> 1)" in err


@pytest.mark.parametrize(
    "words",
    [
        ("--only", "snow"),
        ("--minutes", "nan"),
        ("--minutes", "inf"),
        ("--minutes", "0"),
        ("--steps", "0"),
        ("--steps", "1.5"),
        ("--seed", "-1"),
        ("--device", "gpu9"),
        ("--device", "cuda:999"),
        ("--images", "nowhere"),
        ("--out", ""),
        ("--out", "."),
        ("surplus",),
    ],
)
def test_wrong_use_is_one_line_and_writes_nothing(study, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = study(command, *words)
    assert code == 2
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_has_examples(study):
    code, out, _ = study(command, "--help")
    assert code == 0
    assert out.count("python -m mcdenoise.studies.corruptions") >= 3
