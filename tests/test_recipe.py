"""`make model`: what it would do, and that it stops when its time is up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcdenoise.recipe import steps

ROOT = Path(__file__).resolve().parent.parent


def recipe(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "mcdenoise.recipe", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_what_judges_is_never_learnt_from(tmp_path):
    made = steps(tmp_path, ROOT / "scenes", 3, 10, "kpn", None)
    training = next(step for step in made if step.words[0] == "train")
    rendered = [step for step in made if step.words[0] == "render"]
    learnt = [step for step in rendered if training.words[1] in step.makes.parents]
    judging = [step for step in rendered if step not in learnt]
    assert len(judging) == 4
    # Scenes marked as validation may lie beside those that are learnt from: `train` only measures on them.
    assert {folder.name for step in judging for folder in step.words if isinstance(folder, Path)} >= {
        "validation-living-room",
        "validation-still-life",
    }
    for name in ("validation-living-room", "validation-still-life"):
        text = (ROOT / "scenes" / name / "scene.xml").read_text(encoding="utf-8")
        assert 'name="split" value="validation"' in text


def test_every_random_scene_is_rendered_once(tmp_path):
    for count in (1, 2, 5):
        made = steps(tmp_path, ROOT / "scenes", count, 10, "kpn", None)
        names = [word.name for step in made for word in step.words if isinstance(word, Path)]
        random = sorted(name for name in names if name.startswith("random-"))
        assert random == [f"random-1-{number:05d}" for number in range(count)]


def test_every_sixth_scene_is_rendered_nearly_clean_too(tmp_path):
    made = steps(tmp_path, ROOT / "scenes", 30, 10, "kpn", None)
    (clear,) = (step for step in made if step.makes.name == "clear")
    names = [word.name for word in clear.words if isinstance(word, Path) and word.name.startswith("random-")]
    assert names == [f"random-1-{number:05d}" for number in (0, 6, 12, 18, 24)]
    training = next(step for step in made if step.words[0] == "train")
    assert training.words[1] in clear.makes.parents


def test_it_stops_when_its_time_is_up_and_says_where(tmp_path):
    out = tmp_path / "model"
    done = recipe("--out", out, "--count", 3, "--for", 0.05)
    assert done.returncode == 0, done.stderr
    assert "Stopped at: random scenes. The same command goes on from there." in done.stdout
    first = json.loads((out / "costs.json").read_text())
    assert first["random scenes"]["seconds"] >= 2.5
    again = recipe("--out", out, "--count", 3, "--for", 0.05)
    assert again.returncode == 0, again.stderr
    costs = json.loads((out / "costs.json").read_text())
    assert sum(row["seconds"] for row in costs.values()) > first["random scenes"]["seconds"]


@pytest.mark.parametrize("arguments", [("--count", 0), ("--for", -1), ("--minutes", "nan"), ("--scenes", "nowhere")])
def test_wrong_use_is_one_line(arguments, tmp_path):
    done = recipe("--out", tmp_path / "model", *arguments)
    assert done.returncode == 2
    assert "error: " in done.stderr.splitlines()[-1]
    assert not (tmp_path / "model").exists()
