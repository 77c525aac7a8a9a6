"""Random scenes: the same from the same seed, different from another, read by plain Mitsuba, worth looking at."""

import json
import os
import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import mitsuba as mi
import numpy as np
import OpenEXR
import pytest

from mcdenoise.errors import SceneError
from mcdenoise.random_scenes import generate as generating
from mcdenoise.random_scenes.composition import Composition
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.generate import SceneMade, SceneRejected, brightened, coloured, generate
from mcdenoise.random_scenes.overview import occurrence_table, scene_folders
from mcdenoise.random_scenes.parts import Part, Picture, Rgb
from mcdenoise.rendering.discovery import find_scenes, split_of
from mcdenoise.tonemap import exposure

COUNT = 4
SEED = 20


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    out = tmp_path_factory.mktemp("random")
    events = list(generate(out, COUNT, SEED, workers=2))
    assert [event for event in events if isinstance(event, SceneRejected)] == []
    return out


def files_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_number_gives_a_scene_and_nothing_else_is_left(scenes):
    assert sorted(os.listdir(scenes)) == [f"random-{SEED}-{number:05d}" for number in range(COUNT)]
    assert [scene.name for scene in find_scenes([scenes])] == sorted(os.listdir(scenes))


def test_a_scene_depends_on_its_seed_and_number_alone(scenes, tmp_path):
    (event,) = generate(tmp_path, 1, SEED, first=2, workers=1)
    assert files_in(event.folder) == files_in(scenes / event.folder.name)


def test_no_two_are_alike(scenes):
    texts = [(folder / "scene.xml").read_text() for folder in scene_folders(scenes)]
    cameras = {text.partition('name="to_world"')[2][:200] for text in texts}
    assert len(cameras) == COUNT


def test_what_is_there_is_kept_and_what_is_missing_is_made(scenes):
    before = {path: path.stat().st_mtime_ns for path in scenes.rglob("*") if path.is_file()}
    events = list(generate(scenes, COUNT, SEED))
    assert events == [SceneMade(folder, kept=True) for folder in scene_folders(scenes)]
    assert {path: path.stat().st_mtime_ns for path in scenes.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("number", range(COUNT))
def test_plain_mitsuba_opens_it_and_the_picture_is_good(scenes, number):
    mi.set_variant("scalar_rgb")
    path = scenes / f"random-{SEED}-{number:05d}" / "scene.xml"
    scene = mi.load_file(str(path))
    width, height = scene.sensors()[0].film().size()
    image = np.array(mi.render(scene, spp=2, seed=7))[..., :3]
    assert image.shape == (height, width, 3)
    assert np.isfinite(image).mean() > 0.9999
    image = np.nan_to_num(image)
    blocks = image[: height // 8 * 8, : width // 8 * 8].reshape(height // 8, 8, width // 8, 8, 3).mean((1, 3, 4))
    # 128 samples a block; the judge saw other samples, so its limits are widened: half as much again, or half of them.
    assert (blocks < 0.004 / 2).mean() < 0.75, "not black"
    assert (blocks > 2).mean() < 0.3, "not blown out"
    assert np.log2(np.clip(blocks, 0.004, 4.0)).std() > 0.15, "not uniform"
    # Brightness was drawn within 0.7 stops of middle grey, on a preview whose noise adds less than two more.
    assert abs(np.log2(exposure(image))) < 2.7


def test_a_scene_says_what_it_holds(scenes):
    for folder in scene_folders(scenes):
        about = json.loads((folder / "about.json").read_text())
        text = (folder / "scene.xml").read_text()
        assert about["composition"] in text.partition("-->")[0]
        assert about["emitters"] >= 1
        assert 0 < about["triangles"] < 400_000
        assert all(f'<bsdf type="{kind}"' in text for kind in about["bsdfs"])
        assert sum(path.stat().st_size for path in folder.iterdir()) < 40e6


def test_the_table_counts_scenes(scenes):
    table = occurrence_table(scene_folders(scenes))
    assert table.startswith(f"{COUNT} scenes.")
    kinds = [line.split("|") for line in table.partition("| Composition")[0].splitlines() if line.endswith("% |")]
    assert sum(float(line[2].strip(" %")) for line in kinds) == pytest.approx(100, abs=0.3)


def test_the_split_is_marked(scenes, tmp_path):
    (event,) = generate(tmp_path, 1, SEED, first=3, split="validation")
    assert split_of(event.folder / "scene.xml") == "validation"
    assert split_of(scenes / event.folder.name / "scene.xml") == "train"


def test_scenes_of_the_other_split_are_not_passed_off_as_this_one(scenes):
    with pytest.raises(SceneError, match="is there already, for train: choose another folder for validation"):
        list(generate(scenes, 1, SEED, split="validation"))


def test_whatever_is_wrong_with_one_scene_is_told_and_costs_no_other():
    def ended(error):
        future = Future()
        future.set_exception(error)
        return future

    for error in (SceneError("no good view"), ValueError("a bug\nin two lines")):
        event = generating._event(ended(error), 7)
        assert isinstance(event, SceneRejected)
        assert "\n" not in event.reason
        assert not generating._died(ended(error)), "it is not tried again"
    assert generating._event(ended(BrokenProcessPool()), 7) is None
    assert generating._died(ended(BrokenProcessPool()))


def test_light_in_pictures_is_scaled_with_all_other_light(tmp_path):
    picture = Picture(np.full((2, 2, 3), 3.0), hdr=True)
    glow = {"type": "area", "radiance": {"type": "bitmap", "picture": picture}}
    for factor in (1.0, 4.0):  # into one folder, as for the previews and then for good
        part = Part({"type": "rectangle"}, {"type": "diffuse"}, brightened(glow, factor))
        write_scene(tmp_path, {}, [part], "test", "train")
    red = OpenEXR.File(str(tmp_path / "picture001.exr"), separate_channels=True).channels()["R"].pixels
    assert (red == 12.0).all()


@pytest.mark.parametrize("text", ["{", "{}", "[]"])
def test_a_damaged_description_is_one_line(tmp_path, text):
    (tmp_path / "random-1-00000").mkdir()
    (tmp_path / "random-1-00000/about.json").write_text(text)
    with pytest.raises(SceneError, match="is damaged"):
        occurrence_table([tmp_path / "random-1-00000"])
    with pytest.raises(SceneError, match="no random scenes there"):
        scene_folders(tmp_path)


def test_a_foreign_folder_in_the_way_is_not_touched(tmp_path):
    (tmp_path / f"random-{SEED}-00000").mkdir()
    (tmp_path / f"random-{SEED}-00000" / "mine.txt").write_text("mine")
    with pytest.raises(SceneError, match="is no scene made here"):
        list(generate(tmp_path, 1, SEED))
    assert files_in(tmp_path) == {f"random-{SEED}-00000/mine.txt": b"mine"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SceneError, match="cannot be made"):
        list(generate(tmp_path / "file" / "out", 1, SEED))


def test_a_killed_worker_costs_no_scene(scenes, tmp_path):
    events = generate(tmp_path, 3, SEED, workers=2)
    first = next(events)
    killed = [pid for pid in children() if is_worker(pid)]
    os.kill(killed[0], signal.SIGKILL)
    made = [first, *events]
    assert sorted(event.folder.name for event in made) == [f"random-{SEED}-{number:05d}" for number in range(3)]
    for event in made:
        assert files_in(event.folder) == files_in(scenes / event.folder.name)


def test_brightness_scales_all_light_and_nothing_else():
    picture = Picture(np.full((2, 2, 3), 3.0), hdr=True)
    area = {"type": "area", "radiance": {"type": "bitmap", "picture": picture}}
    assert (brightened(area, 2.0)["radiance"]["picture"].pixels == 6.0).all()
    assert (picture.pixels == 3.0).all(), "the original stays"
    assert brightened({"type": "area", "radiance": Rgb(1, 2, 3)}, 2.0)["radiance"] == (2, 4, 6)
    sky = brightened({"type": "sunsky", "sky_scale": 20.0, "turbidity": 3.0}, 2.0)
    assert (sky["sky_scale"], sky["sun_scale"], sky["turbidity"]) == (40.0, 2.0, 3.0)
    assert brightened({"type": "envmap", "filename": "a.exr"}, 2.0)["scale"] == 2.0
    assert brightened({"type": "spot", "intensity": Rgb(1, 1, 1)}, 3.0)["intensity"] == (3, 3, 3)


@pytest.mark.parametrize("kind", generating.ONLY)
def test_scenes_of_one_kind_have_names_of_their_own_beside_the_others(tmp_path, kind):
    (made,) = generate(tmp_path, 1, SEED, kind=kind)
    assert made.folder == tmp_path / f"random-{kind}-{SEED}-00000"
    about = json.loads((made.folder / "about.json").read_text())
    assert about["kind"] == kind
    assert kind != "surroundings" or about["composition"] == "things in surroundings"
    assert scene_folders(tmp_path) == [made.folder]
    (again,) = generate(tmp_path, 1, SEED, kind=kind)
    assert again.kept


def test_scenes_of_one_kind_are_no_twins_of_the_mix(scenes, tmp_path):
    """Whatever kind the mix drew for that number: one may be for training, the other for validation."""
    mixed = json.loads((scenes / f"random-{SEED}-00000/about.json").read_text())
    (made,) = generate(tmp_path, 1, SEED, kind=mixed["kind"])
    other = json.loads((made.folder / "about.json").read_text())
    assert other["kind"] == mixed["kind"]
    assert other["elements"] != mixed["elements"]


def test_a_scene_without_lamps_is_not_called_coloured():
    around = {"type": "envmap", "filename": "a.exr"}
    sky = {"type": "constant", "radiance": Rgb(0.6, 0.75, 1.0)}
    for name, emitter in (("surroundings", around), ("sky", sky)):
        before = Composition("test", (), {name: emitter}, None, (), ("lamp",))
        assert coloured(before, np.random.default_rng(1)) is before


def test_coloured_lights_keep_the_mean_of_their_channels_and_what_shines_as_one_keeps_one_colour():
    lamp = {"type": "area", "radiance": Rgb(2.0, 2.0, 2.0)}
    sky = {"type": "sunsky", "sky_scale": 20.0}
    black = {"type": "diffuse", "reflectance": Rgb(0, 0, 0)}
    shapes = [Part({"type": "sphere", "radius": 1.0}, black, emitter) for emitter in (lamp, lamp, dict(lamp), None)]
    fill = {"type": "constant", "radiance": Rgb(1.0, 1.0, 1.0)}
    before = Composition("test", tuple(shapes), {"sky": sky, "fill": fill}, None, (), ("lamp",))
    after = coloured(before, np.random.default_rng(1))
    colours = [part.emitter["radiance"] for part in after.parts[:3]]
    assert colours[0] == colours[1] != colours[2]
    assert after.parts[3] is before.parts[3]
    assert after.emitters["sky"] == sky
    assert after.elements == ("lamp", "coloured lights")
    assert lamp["radiance"] == (2.0, 2.0, 2.0), "the original stays"
    for colour, mean in [(colours[0], 2.0), (colours[2], 2.0), (after.emitters["fill"]["radiance"], 1.0)]:
        assert np.mean(colour) == pytest.approx(mean, rel=1e-3)
        assert 0.01 < min(colour) / max(colour) < 0.61


def children():
    path = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return [int(pid) for pid in path.read_text().split()]


def is_worker(pid):
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
