import io
import itertools
import json
import logging

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from synthetic import noisy, picture, small_options, write_view
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mcdenoise.data.views import always
from mcdenoise.exr import read_frame, read_three_planes, write_image
from mcdenoise.networks.model_file import load_model
from mcdenoise.tonemap import display, exposure
from mcdenoise.training import loop, showing, train
from mcdenoise.training.chart import Curve, draw_chart
from mcdenoise.training.progress_picture import CELL, MOST_OUTPUTS, Moment, magnified, place, thin
from mcdenoise.training.showing import Schedule, Showing


def quick_options(**changes):
    """Training that within ten steps moves so far that eyes see it."""
    return small_options(learning_rate=0.05, average=0.5, **changes)


@pytest.fixture
def eagerly(monkeypatch):
    """Show at every chance, whatever it costs: a run of a second has no time for more than two."""
    monkeypatch.setattr(showing, "_SHARE", 1e6)


@pytest.fixture(scope="module")
def unshown(renders, tmp_path_factory):
    """The bytes of the weights of a run that showed nothing."""
    out = tmp_path_factory.mktemp("unshown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Showing, "due", lambda *_: False)
        train(renders, out, quick_options(), "cpu")
    assert not (out / "progress.png").exists()
    return (out / "model.safetensors").read_bytes()


def expected_pictures(renders, model):
    """(noisy, denoised, the other realization) of the one validation view, as eyes should see them."""
    frame, other = (read_frame(renders / f"garage/view000/r00{k}.exr") for k in range(2))
    middle_grey = np.float32(exposure(frame.radiance))
    network, _ = load_model(model)
    noisy = frame.radiance * middle_grey
    channels = [torch.from_numpy(i.transpose(2, 0, 1).copy())[None] for i in (noisy, frame.albedo, frame.normal)]
    with torch.inference_mode():
        output = network.eval()(*channels)[0].numpy().transpose(1, 2, 0)
    scale = exposure(noisy)
    return [display(radiance, scale) for radiance in (noisy, output, other.radiance * middle_grey)]


def cell(out, row, column, size):
    with Image.open(out / "progress.png") as image:
        left, top = place(row, column)
        return np.asarray(image.convert("RGB"))[top : top + size, left : left + size]


def close(shown, expected):
    return np.abs(shown.astype(int) - expected.astype(int)).max() <= 1  # the last bit hangs on the order of a product


def shown_steps(out):
    with safe_open(out / "progress.safetensors", "np") as file:
        return [int(step) for step in json.loads(file.metadata()["errors"])]


def warnings_in(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def interrupt_at(step):
    def report(state):
        if state.step == step:
            raise KeyboardInterrupt

    return report


def test_the_strip_holds_the_noisy_input_the_last_output_and_what_is_expected(renders, tmp_path, unshown):
    result = train(renders, tmp_path, quick_options(), "cpu")
    noisy, denoised, other = expected_pictures(renders, result.model)
    assert shown_steps(tmp_path) == [1, 10]
    for column, expected in ((0, noisy), (2, denoised), (3, other)):
        assert close(cell(tmp_path, 0, column, CELL), magnified(expected))
    assert not close(cell(tmp_path, 0, 1, CELL), magnified(denoised))
    assert (cell(tmp_path, 0, 4, CELL) == 255).all()  # nothing to the right
    assert result.model.read_bytes() == unshown


def test_it_grows_to_its_full_width_and_tensorboard_has_it_all(renders, tmp_path, eagerly):
    strips = []
    options = quick_options(steps=24)
    result = train(renders, tmp_path, options, "cpu", report=lambda _: strips.append(shown_steps(tmp_path)))
    assert [len(strip) for strip in strips[:8]] == [1, 2, 3, 4, 5, 6, 6, 6]
    assert all(strip[0] == 1 for strip in strips)
    last = strips[-1]
    assert (len(last), last[-1]) == (MOST_OUTPUTS, 24)
    ratios = [after / before for before, after in itertools.pairwise(last)]
    assert max(ratios) <= 4
    noisy, denoised, _ = expected_pictures(renders, result.model)
    assert close(cell(tmp_path, 0, MOST_OUTPUTS, CELL), magnified(denoised))
    events = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"images": 0}).Reload()
    images = events.Images("before and after/0 garage/view000")
    assert {strip[-1] for strip in strips} == {image.step for image in images}
    pair = np.asarray(Image.open(io.BytesIO(images[-1].encoded_image_string)).convert("RGB"))
    assert close(pair, np.concatenate([noisy, denoised], axis=1))


def test_a_resumed_run_finds_what_was_shown(renders, tmp_path, eagerly, unshown):
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, quick_options(), "cpu", report=interrupt_at(4))
    before = [cell(tmp_path, 0, column, CELL) for column in range(5)]
    assert shown_steps(tmp_path) == [1, 2, 3, 4]
    strips = []
    result = train(renders, tmp_path, quick_options(), "cpu", report=lambda _: strips.append(shown_steps(tmp_path)))
    assert strips[0] == [1, 2, 3, 4, 5]
    assert (strips[-1][0], strips[-1][-1], len(strips[-1])) == (1, 10, MOST_OUTPUTS)
    for column in (0, 1):
        np.testing.assert_array_equal(cell(tmp_path, 0, column, CELL), before[column])
    assert result.model.read_bytes() == unshown


def test_what_was_shown_of_lost_steps_is_forgotten(renders, tmp_path, eagerly):
    def die(state):
        if state.step == 5:
            raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="luck"):  # before its first checkpoint
        train(renders, tmp_path, quick_options(), "cpu", report=die)
    strips = []
    train(renders, tmp_path, quick_options(), "cpu", report=lambda _: strips.append(shown_steps(tmp_path)))
    assert strips[0] == [1]


@pytest.mark.parametrize("damage", ["missing", "text", "cut", "other crops", "a folder"])
def test_a_broken_strip_loses_the_strip_alone(renders, tmp_path, caplog, unshown, damage):
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, quick_options(), "cpu", report=interrupt_at(4))
    kept = tmp_path / "progress.safetensors"
    content = kept.read_bytes()
    kept.unlink()
    if damage == "text":
        kept.write_text("crops")
    elif damage == "cut":
        kept.write_bytes(content[:-100])
    elif damage == "other crops":
        kept.write_bytes(content[:-40000] + bytes(40000))
    elif damage == "a folder":
        kept.mkdir()
    result = train(renders, tmp_path, quick_options(), "cpu")
    said = warnings_in(caplog)
    assert "earlier crops are lost" in said[0]
    assert len(said) == (2 if damage == "a folder" else 1)  # a folder cannot be replaced either
    assert not any("\n" in line for line in said)
    noisy, denoised, _ = expected_pictures(renders, result.model)
    assert close(cell(tmp_path, 0, 0, CELL), magnified(noisy))
    assert close(cell(tmp_path, 0, 2, CELL), magnified(denoised))  # after that of step 5
    assert result.model.read_bytes() == unshown


def test_a_picture_that_cannot_be_written_is_one_warning(renders, tmp_path, caplog, eagerly, unshown):
    (tmp_path / "progress.png").mkdir()
    result = train(renders, tmp_path, quick_options(), "cpu")
    (said,) = warnings_in(caplog)
    assert str(tmp_path / "progress.png") in said
    assert result.model.read_bytes() == unshown


def test_only_the_first_process_shows(renders, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_join_processes", lambda _: (1, 1, always))
    train(renders, tmp_path, quick_options(steps=3), "cpu")
    assert list(tmp_path.iterdir()) == []


def test_without_validation_there_are_the_curves(tmp_path, caplog):
    write_view(tmp_path / "renders/scene/view000", picture(48, 48))
    train(tmp_path / "renders", tmp_path / "run", quick_options(), "cpu")
    with Image.open(tmp_path / "run/progress.png") as image:
        image.load()
        assert image.height < place(0, 0)[1]
    assert not (tmp_path / "run/progress.safetensors").exists()
    assert not any("progress" in line for line in warnings_in(caplog))


def test_large_views_are_shown_in_their_middle_beside_the_mean_of_the_others(tmp_path):
    for k in range(5):
        folder = tmp_path / f"renders/scene{k}/view000"
        split = "validation" if k else "train"
        write_view(folder, picture(160, 208, k), realizations=4, seed=k, split=split)
    train(tmp_path / "renders", tmp_path / "run", quick_options(steps=2), "cpu")
    for row, scene in enumerate((1, 3, 4)):
        frames = [read_frame(tmp_path / f"renders/scene{scene}/view000/r00{k}.exr").radiance for k in range(4)]
        middle_grey = exposure(frames[0])
        middles = [frame[16:144, 40:168] * np.float32(middle_grey) for frame in frames]
        scale = exposure(middles[0])
        assert close(cell(tmp_path / "run", row, 0, CELL), display(middles[0], scale))
        assert close(cell(tmp_path / "run", row, 3, CELL), display(np.mean(middles[1:], axis=0), scale))


def test_where_there_are_references_they_come_last(tmp_path):
    for view in "ab":  # in a naming whose images may share samples
        for kind, spp in (("0004spp", 4), ("ref", 4096)):
            (tmp_path / "renders").mkdir(exist_ok=True)
            radiance = noisy(picture(), np.random.default_rng(spp), spp).radiance
            write_image(tmp_path / f"renders/{view}_{kind}.hdr.exr", radiance, {})
    train(tmp_path / "renders", tmp_path / "run", quick_options(steps=2, target="reference"), "cpu")
    frame, reference = (
        np.stack(read_three_planes(tmp_path / f"renders/b_{kind}.hdr.exr"), axis=-1) for kind in ("0004spp", "ref")
    )
    middle_grey = np.float32(exposure(frame))
    expected = display(reference * middle_grey, exposure(frame * middle_grey))
    assert close(cell(tmp_path / "run", 0, 3, CELL), magnified(expected))


def test_showing_takes_less_than_a_hundredth_of_the_time():
    for count, step_seconds, cost in ((500, 0.5, 0.3), (100_000, 0.02, 0.1), (4000, 1.0, 0.02)):
        schedule, seconds, spent, steps = Schedule(), 0.0, 0.0, []
        for step in range(1, count + 1):
            seconds += step_seconds
            if schedule.due(step / count, seconds):
                taken = cost if steps else 1.5 * cost  # the first loads fonts
                seconds, spent = seconds + taken, spent + taken
                schedule.shown(step / count, seconds, taken)
                steps.append(step)
        assert spent < 0.01 * seconds
        assert (steps[0], steps[-1]) == (1, count)
        assert len(steps) >= 4
        ratios = [after / before for before, after in itertools.pairwise(steps[1:])]
        assert max(ratios) < max(2.0, 3 * np.median(ratios))


def test_a_run_too_short_to_pay_shows_its_ends():
    schedule = Schedule()
    for step in range(1, 61):
        if schedule.due(step / 60, 0.1 * step):
            assert step in (1, 60)
            schedule.shown(step / 60, 0.1 * step, 0.2)


def test_thinned_one_by_one_the_steps_stay_geometric():
    moments = []
    for step in sorted({round(1.1**k) for k in range(120)}):
        moments = thin([*moments, Moment(step, [], [])])
        steps = [moment.step for moment in moments]
        assert len(steps) <= MOST_OUTPUTS
        assert (steps[0], steps[-1]) == (1, step)
        ratios = [after / before for before, after in itertools.pairwise(steps)]
        if len(steps) == MOST_OUTPUTS:
            # Equal ones would be the fifth root of `step`; neighbours of a dropped one are at most its square apart.
            assert max(ratios) <= 1.1 * step ** (2 / 5) + 1


@pytest.mark.parametrize("values", ["falling", "negative", "one", "constant"])
def test_the_curve_is_where_its_values_are(values):
    steps = np.arange(1.0, 201)
    numbers = {"falling": 100 / steps, "negative": 1 - steps, "one": np.array([3.0]), "constant": np.full(200, 2.0)}
    y = numbers[values]
    chart = np.asarray(draw_chart(Curve("", "", steps[: y.size], y, "#ff0000", "#ffc0c0"), (400, 200), False, []))
    red = (chart[..., 0] > 200) & (chart[..., 1] < 90)
    red[:30] = False  # the heading
    rows, columns = np.nonzero(red)
    assert rows.size
    left, right = (float(rows[columns == edge].mean()) for edge in (columns.min(), columns.max()))
    height = right - left
    assert height > 80 if values in ("falling", "negative") else abs(height) < 2
    if values == "falling":  # on a logarithmic axis 1/step is at half its height at the root of the steps, x of 14/200
        middle = rows[columns == round(columns.min() + (14.1 - 1) / 199 * (columns.max() - columns.min()))].mean()
        assert middle == pytest.approx((left + right) / 2, abs=6)
