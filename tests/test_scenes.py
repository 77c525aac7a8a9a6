"""The scenes that ship: they load, render, are told apart, and can be made again."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcdenoise.rendering.discovery import find_scenes, split_of

SCENES = Path(__file__).resolve().parent.parent / "scenes"
FOUND = find_scenes([SCENES])
NAMES = [scene.name for scene in FOUND]


def text_of(scene):
    return scene.path.read_text(encoding="utf-8")


def test_there_are_at_least_ten_and_exactly_two_are_for_validation():
    assert len(FOUND) >= 10
    validation = [scene.name for scene in FOUND if split_of(scene.path) == "validation"]
    assert len(validation) == 2
    assert all(name.startswith("validation-") for name in validation)


def test_every_scene_is_in_the_readme_with_its_split():
    lines = [line for line in (SCENES / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    listed = {line.split("`")[1]: line.rsplit("|", 2)[1].strip() for line in lines}
    assert listed == {scene.name: split_of(scene.path) for scene in FOUND}


@pytest.mark.parametrize("scene", FOUND, ids=NAMES)
def test_a_scene_says_what_is_hard_about_it_and_which_split_it_is_in(scene):
    text = text_of(scene)
    comment = text.partition("-->")[0]
    assert text.startswith("<!--")
    assert len(comment.split()) > 20
    assert '<default name="split" value="' in text.partition("<scene")[2].strip().partition("/>")[0]


@pytest.mark.parametrize("scene", FOUND, ids=NAMES)
def test_a_scene_renders_finite_pictures_and_features(scene):
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    from mcdenoise.rendering import realization
    from mcdenoise.rendering.scene import digest, load

    loaded = load(scene.path, (48, 36), "box", digest(scene.path))
    frame, invalid = realization.render(loaded, 8, 1, 2)
    assert invalid == 0
    for name in ("radiance", "albedo", "normal", "depth"):
        assert np.isfinite(getattr(frame, name)).all(), name
    assert frame.radiance.min() >= 0
    assert (frame.radiance.max(axis=-1) > 0).mean() > 0.3, "most of the picture is lit"
    assert frame.albedo.min() >= 0
    assert frame.albedo.max() <= 1 + 1e-5
    assert np.abs(frame.normal).max() <= 1 + 1e-5
    assert frame.depth.min() >= 0
    # A denoiser can learn from it only if there is something to see: albedo, depth and light all vary.
    assert frame.albedo.std() > 0.02
    assert frame.depth.std() > 0.01 * frame.depth.mean()
    other, _ = realization.render(loaded, 8, 1, 3)
    assert np.abs(frame.radiance - other.radiance).mean() > 0.01 * frame.radiance.mean(), "and there is noise"


@pytest.mark.parametrize("scene", FOUND, ids=NAMES)
def test_a_scene_needs_no_files_from_elsewhere(scene, tmp_path):
    """Copied alone to another place, it loads as it does here."""
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    from mcdenoise.rendering.scene import digest

    shutil.copytree(scene.path.parent, tmp_path / scene.name)
    program = (
        "import sys, mitsuba as mi; mi.set_variant('scalar_rgb'); mi.set_log_level(mi.LogLevel.Error)\n"
        "mi.load_file(sys.argv[1], resx=8, resy=6)"
    )
    moved = tmp_path / scene.name / "scene.xml"
    done = subprocess.run(
        [sys.executable, "-c", program, str(moved)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert digest(moved) == digest(scene.path)


def test_the_assets_can_be_made_again_byte_for_byte(tmp_path):
    shutil.copytree(SCENES, tmp_path / "scenes", ignore=shutil.ignore_patterns("__pycache__"))
    assets = [path for path in (tmp_path / "scenes").glob("*/*") if path.suffix != ".xml"]
    before = {path: path.read_bytes() for path in assets}
    assert len(before) > 50
    for path in assets:
        path.unlink()
    subprocess.run([sys.executable, tmp_path / "scenes" / "make_meshes.py"], cwd=tmp_path, check=True)
    after = {path: path.read_bytes() for path in (tmp_path / "scenes").glob("*/*") if path.suffix != ".xml"}
    assert after == before
