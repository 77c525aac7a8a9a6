"""Learning during a flight: the camera's path, the renders of its frames, time for clean targets, and going on."""

import csv
import json
from dataclasses import replace

import imageio.v3 as imageio
import numpy as np
import pytest
from tiny_scenes import film_xml, scene_xml

from mcdenoise.errors import SceneError, TrainingError
from mcdenoise.exr import read_frame
from mcdenoise.rendering.paths import Keyframe, cameras, read_path
from mcdenoise.studies import online
from mcdenoise.studies.learner import Costs, equal_time, every_frame
from mcdenoise.studies.online import Flying
from mcdenoise.studies.sizes import Sizes
from mcdenoise.tonemap import exposure, tonemap

TINY = Sizes(width=3, crop=32, batch=1)
FLYING = Flying(
    frames=3, reference_spp=32, size=(32, 32), steps=2, rate=1e6, step_seconds=0.02, variant="scalar_rgb", window=2
)
PATH = [
    {"origin": [-2, -4, 1.5], "target": [0, 0, 0.6], "up": [0, 0, 1]},
    {"origin": [0, -3.5, 2.0], "target": [0, 0.2, 0.6]},
    {"origin": [2, -4, 1.0], "target": [0.1, 0, 0.5]},
]


class Stop(Exception):
    """What a test ends a study with."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    file = tmp_path_factory.mktemp("scene") / "ball.xml"
    file.write_text(scene_xml(film=film_xml(32, 32)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def flight(scene, tmp_path_factory):
    """The folder of a whole study."""
    out = tmp_path_factory.mktemp("flights") / "whole"
    path = out.parent / "path.json"
    path.write_text(json.dumps(PATH))
    online.run(scene, out, path, FLYING, TINY)
    return out


def keyframes(times, seed=0):
    rng = np.random.default_rng(seed)
    ups = [(0.0, 0.0, 1.0)] * len(times)
    points = rng.uniform(-1, 1, (len(times), 2, 3)) + np.array([[0, -5, 0], [0, 5, 0]])
    return [Keyframe(tuple(o), tuple(t), up, time) for (o, t), up, time in zip(points, ups, times, strict=True)]


def test_a_path_passes_through_its_keyframes_and_looks_at_their_targets():
    keys = keyframes([0.0, 1.0, 3.0, 4.0])
    found = np.array(cameras(keys, 9))
    for key, index in zip(keys, (0, 2, 6, 8), strict=True):
        np.testing.assert_allclose(found[index, :3, 3], key.origin, atol=1e-12)
        towards = np.subtract(key.target, key.origin)
        np.testing.assert_allclose(found[index, :3, 2], towards / np.linalg.norm(towards), atol=1e-12)
    for matrix in found:
        np.testing.assert_allclose(matrix[:3, :3].T @ matrix[:3, :3], np.eye(3), atol=1e-12)
        assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1)


def test_a_path_is_smooth_and_straight_where_its_keyframes_are():
    origins = np.array(cameras(keyframes([0.0, 0.5, 2.0, 3.0, 3.4], seed=1), 3401))[:, :3, 3]
    speeds = np.diff(origins, axis=0) * 1000
    assert np.abs(np.diff(speeds, axis=0)).max() < 0.1  # no kink, though the distances of time differ
    line = [Keyframe((float(t), -5.0, 0.0), (float(t), 0.0, 0.0), (0.0, 0.0, 1.0), float(t)) for t in (0, 1, 4)]
    np.testing.assert_allclose(np.array(cameras(line, 9))[:, 0, 3], np.linspace(0, 4, 9), atol=1e-12)
    assert len(set(cameras(line[:1], 3))) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "no camera path|too deeply|no JSON"),
        ("\xff", "no text in UTF-8"),
        ("{}", "must be a list"),
        ("[]", "0 keyframes"),
        ("[1]", "must be a list of objects"),
        ('[{"origin": [0, 0, 0]}]', 'keyframe 0 must have "origin" and "target"'),
        ('[{"origin": [0, 0], "target": [1, 0, 0]}]', "origin must be three numbers"),
        ('[{"origin": [0, 0, NaN], "target": [1, 0, 0]}]', "origin must be made of numbers"),
        ('[{"origin": [0, 0, 1e300], "target": [1, 0, 0]}]', "origin must be made of numbers"),
        ('[{"origin": [0, 0, true], "target": [1, 0, 0]}]', "origin must be made of numbers"),
        ('[{"origin": [0, 0, 0], "target": [0, 0, 0]}]', "one point"),
        ('[{"origin": [0, 0, 0], "target": [0, 2, 0]}]', "up is along the direction of view"),
        ('[{"origin": [0, 0, 0], "target": [1, 0, 0], "fov\\n": 3}]', "which means nothing"),
        (
            '[{"origin": [0, 0, 0], "target": [1, 0, 0], "time": 1}, '
            '{"origin": [0, 0, 0], "target": [1, 0, 0], "time": 1}]',
            "later than that of the one before",
        ),
        (
            '[{"origin": [0, 0, 0], "target": [1, 0, 0], "time": 1}, {"origin": [0, 0, 0], "target": [1, 0, 0]}]',
            "all keyframes or none",
        ),
    ],
)
def test_a_broken_path_is_refused_in_one_line_and_nothing_is_written(text, says, scene, tmp_path, study):
    path = tmp_path / "path.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SceneError, match=says):
        read_path(path)
    code, _, err = study(online.command, scene, "--path", path, "--out", tmp_path / "s")
    assert code == 2
    assert err.count("\n") == 1
    assert not (tmp_path / "s").exists()


def test_a_path_that_cannot_be_followed_is_refused(scene, tmp_path, study):
    there = {"origin": [0, -4, 1], "target": [0, 0, 1], "up": [0, 0, 1]}
    back = {"origin": [0, 4, 1], "target": [0, 0, 1], "up": [0, 0, 1]}
    path = tmp_path / "path.json"
    path.write_text(json.dumps([there, back]))
    code, _, err = study(online.command, scene, "--path", path, "--frames", 3, "--out", tmp_path / "s")
    assert (code, err.count("\n")) == (2, 1)
    assert "frame 1 of 3: origin and target are one point" in err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere.xml"],
        ["SCENE", "--path", "nowhere.json"],
        ["SCENE", "--frames", "0"],
        ["SCENE", "--size", "4", "4"],
        ["SCENE", "--steps-per-frame", "1", "--minutes", "1"],
        ["SCENE", "--minutes", "nan"],
        ["SCENE", "--init", "nothing"],
        ["SCENE", "--device", "tpu"],
        ["SCENE", "--out", ""],
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_line_and_writes_nothing(words, scene, tmp_path, study, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = study(online.command, *(scene if word == "SCENE" else word for word in words))
    assert code == 2
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("costs", [Costs(0.1, 3.0, 0.05), Costs(1.0, 0.01, 0.3), Costs(0.2, 1e6, 0.1)])
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_clean_targets_get_no_more_time_than_noisy_ones(costs, steps):
    frames, window = 40, 3
    plan = equal_time(frames, steps, window, costs)
    steady = every_frame(frames, steps, window)
    taken, rendered = 0, set()
    for frame in range(frames):
        for learnt in plan[frame]:
            assert 1 <= len(learnt) <= window
            assert max(learnt) <= frame
            rendered |= set(learnt)
        taken += len(plan[frame])
        spent = (frame + 1) * costs.pair + len(rendered) * costs.reference + taken * costs.step
        assert spent <= (frame + 1) * costs.frame(steps) * (1 + 1e-9)
        assert len(steady[frame]) == steps
        assert steady[frame][0][-1] == frame
    used = len(rendered) * costs.reference + taken * costs.step
    assert used > frames * steps * costs.step - costs.reference - costs.step - 1e-9  # nor is any of it wasted


def test_references_that_cost_nothing_make_clean_targets_learn_as_often():
    plan = equal_time(20, 4, 2, Costs(1.0, 0.0, 0.25))
    assert plan == every_frame(20, 4, 2)


def test_renders_of_a_frame_are_independent_and_frames_differ(flight):
    views = sorted((flight / "renders" / "ball").iterdir())
    assert [view.name for view in views] == ["view000", "view001", "view002"]
    found = []
    for view in views:
        a, b, *halves = (read_frame(view / f"{name}.exr").radiance for name in ("r000", "r001", "ref_a", "ref_b"))
        truth = np.mean(halves, axis=0)
        errors = np.stack([(image - truth).clip(-1, 1).ravel() for image in (a, b)])
        assert not np.array_equal(a, b)
        assert errors.std() > 0.01
        # Both share the error of the reference, of a quarter of their variance: 1/4 / (1 + 1/4) = 0.2.
        assert np.corrcoef(errors)[0, 1] < 0.35
        found.append(truth)
    assert np.abs(found[0] - found[1]).mean() > 3 * np.abs(halves[0] - halves[1]).mean()
    noise = [read_frame(view / "r000.exr").radiance - truth for view, truth in zip(views, found, strict=True)]
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1


def test_the_first_camera_is_where_the_path_begins(flight, scene, tmp_path):
    """The same view, written into a scene of its own and rendered as any other, has the same features."""
    first = PATH[0]
    look = f'<lookat origin="{first["origin"]}" target="{first["target"]}" up="{first["up"]}"/>'
    sensor = (
        '<sensor type="perspective"><float name="fov" value="45"/><transform name="to_world">'
        + look.replace("[", "").replace("]", "")
        + "</transform>{film}</sensor>"
    )
    file = tmp_path / "ball.xml"
    file.write_text(scene_xml(film=film_xml(32, 32), sensor=sensor), encoding="utf-8")
    import mitsuba as mi

    from mcdenoise.rendering.realization import render
    from mcdenoise.rendering.scene import load, variant

    before = mi.variant() or "scalar_rgb"
    mi.set_variant(before)
    with variant("scalar_rgb"):
        frame, _ = render(load(file, (32, 32), "box", "camera"), 16, 0, 0)
    flown = read_frame(flight / "renders/ball/view000/ref_a.exr")
    assert np.median(np.abs(frame.depth - flown.depth)) < 0.02


def test_it_shows_what_it_found(flight):
    rows = list(csv.DictReader((flight / "table.csv").open()))
    assert [int(row["frame"]) for row in rows] == [1, 2, 3]
    assert [int(row["noisy_steps"]) for row in rows] == [2, 4, 6]
    pair, step = 2 * 8 * 1024 / 1e6, 0.02
    for k, row in enumerate(rows):
        assert float(row["seconds"]) == pytest.approx((k + 1) * (pair + 2 * step), rel=1e-4)
        assert int(row["clean_steps"]) <= int(row["noisy_steps"])
        names = ("ref_a", "ref_b", "r000", "r001")
        a, b, *renders = (read_frame(flight / f"renders/ball/view{k:03d}/{name}.exr").radiance for name in names)
        grey = exposure((a + b) / 2)
        shown = {"input": (renders[0] + renders[1]) / 2}
        shown["noisy"] = read_frame(flight / f"cells/noisy/frame{k:03d}.exr").radiance
        for name, image in shown.items():
            t, first, second = (tonemap(one.astype(np.float64) * grey) for one in (image, a, b))
            error = np.mean((t - first) * (t - second))
            assert float(row[name]) == pytest.approx(-10 * np.log10(error), abs=1e-3)
    video = imageio.imread(flight / "flight.gif")
    assert video.shape == (3, 20 + 192, 3 * 192, 3)  # labels above
    with imageio.imopen(flight / "figure.png", "r") as figure:
        assert np.asarray(figure.read()).std() > 5
    assert len(read_path(flight / "path.json")) == len(PATH)


def test_stopped_anywhere_it_reaches_the_same_bytes(flight, scene, tmp_path):
    def stop_at(frame, step):
        def report(progress):
            if (progress.number, progress.step, progress.finished) == (frame, step, False):
                raise Stop

        return report

    for frame, step in ((1, 2), (2, 1)):
        with pytest.raises(Stop):
            online.run(scene, tmp_path / "s", flight.parent / "path.json", FLYING, TINY, report=stop_at(frame, step))
    (tmp_path / "s/renders/ball/view000/r001.exr").unlink()
    online.run(scene, tmp_path / "s", flight.parent / "path.json", FLYING, TINY)
    files = [file.relative_to(flight) for file in flight.rglob("*") if file.is_file() and file.name != "settings.json"]
    assert len(files) == 3 * 4 + 4 * 3 + 3 + 6
    for file in files:
        assert (flight / file).read_bytes() == (tmp_path / "s" / file).read_bytes(), file


def test_without_a_path_it_flies_past_its_own_camera_from_given_weights(scene, flight, tmp_path):
    flying = replace(FLYING, frames=1, init=str(flight / "model.safetensors"))
    online.run(scene, tmp_path / "s", None, flying, TINY)
    keys = read_path(tmp_path / "s/path.json")
    origins = np.array([key.origin for key in keys])
    np.testing.assert_allclose(origins[2], (0, -4, 1.2), atol=1e-5)
    distances = np.linalg.norm(origins - np.array(keys[0].target), axis=1)
    np.testing.assert_allclose(distances, distances[0], rtol=1e-5)
    assert np.linalg.norm(origins[0] - origins[4]) > 0.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<scene", "ball.xml: "),
        (scene_xml(sensor='<sensor type="orthographic">{film}</sensor>'), "cannot be moved along a path"),
    ],
)
def test_a_scene_that_cannot_be_flown_through_is_named_in_one_line(text, says, tmp_path, study):
    file = tmp_path / "ball.xml"
    file.write_text(text, encoding="utf-8")
    code, _, err = study(online.command, file, "--out", tmp_path / "s")
    assert (code, err.count("\n")) == (1, 1)
    assert str(file) in err
    assert says in err


def test_other_options_are_refused(flight, scene):
    with pytest.raises(TrainingError, match="seed 0 -> 3"):
        online.run(scene, flight, flight.parent / "path.json", replace(FLYING, seed=3), TINY)


def test_help_has_examples(study):
    code, out, _ = study(online.command, "--help")
    assert code == 0
    assert "python -m mcdenoise.studies.online scenes/colour-bleeding" in out
