import csv
import dataclasses

import numpy as np
import pytest
import torch
from synthetic import noisy, picture, small_options, write_view
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mcdenoise.data import CropDataset, find_views
from mcdenoise.errors import DataError, ModelError, TrainingError
from mcdenoise.evaluation.metrics import relmse
from mcdenoise.exr import write_frame
from mcdenoise.frame import Frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.networks import create
from mcdenoise.networks.model_file import load_model, save_model
from mcdenoise.training import train
from mcdenoise.training.loop import split_views
from mcdenoise.training.losses import GUIDED


def error_against_truth(model):
    """relMSE of noisy and of denoised pictures that are not in the training data, against their known truth."""
    denoiser = Denoiser(model, "cpu", "float32")
    before, after = [], []
    for k in range(3):
        truth = picture(64, 64, 100 + k)
        frame = noisy(truth, np.random.default_rng(k))
        denoised = denoiser.denoise(frame.radiance, frame.albedo, frame.normal)
        before.append(relmse(frame.radiance, truth.radiance))
        after.append(relmse(denoised, truth.radiance))
    return np.mean(before), np.mean(after)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_noisy_pairs_alone_teach_a_unet(renders, tmp_path, precision):
    """In bf16 it takes that each step computes with the weights of the last, and not with copies of the first ones."""
    losses = []
    options = small_options(model="unet", config={}, steps=150, learning_rate=2e-3, average=0.9, precision=precision)
    result = train(renders, tmp_path, options, "cpu", report=lambda state: losses.append(state.loss))
    assert result.steps == len(losses) == 150
    assert np.mean(losses[-20:]) < 0.1 * np.mean(losses[:10])
    _, untrained = error_against_truth(fresh(tmp_path, options))
    _, trained = error_against_truth(result.model)
    assert trained < 0.8 * untrained  # after a few seconds, and nobody ever showed it a clean picture


def test_noisy_pairs_alone_teach_kernels(renders, tmp_path):
    options = small_options(steps=300, batch=2, learning_rate=2e-3, average=0.98)
    result = train(renders, tmp_path, options, "cpu")
    noise, untrained = error_against_truth(fresh(tmp_path, options))
    _, trained = error_against_truth(result.model)
    assert trained < noise / 10
    # Untrained it is a blur, hard to beat on smooth light: four seeds gave 0.29 to 0.70.
    assert trained < 0.9 * untrained


def test_l0_is_annealed_over_the_run(renders, tmp_path):
    losses = {"l0": [], "l2": []}
    for loss, seen in losses.items():
        options = small_options(loss=loss, steps=20)
        train(renders, tmp_path / loss, options, "cpu", report=lambda state, seen=seen: seen.append(state.loss))
    assert losses["l0"][0] == pytest.approx(losses["l2"][0], rel=1e-5)  # errors to the power of 2
    assert 0.5 < losses["l0"][-1] < 1.1  # and of 0.1
    assert losses["l2"][-1] < 0.5


def fresh(folder, options):
    """A model file with the weights that training with `options` starts from."""
    torch.manual_seed(options.seed)
    save_model(folder / "untrained.safetensors", create(options.model, **options.config), {})
    return folder / "untrained.safetensors"


def test_the_same_options_give_the_same_bytes(renders, tmp_path):
    for name in "ab":
        train(renders, tmp_path / name, small_options(steps=4), "cpu")
    a, b = ((tmp_path / name / "model.safetensors").read_bytes() for name in "ab")
    assert a == b
    train(renders, tmp_path / "c", small_options(steps=4, seed=1), "cpu")
    assert (tmp_path / "c/model.safetensors").read_bytes() != a


def test_the_model_holds_a_moving_average_of_the_weights(renders, tmp_path):
    from safetensors.torch import load_file

    steps, ends = 6, []
    for count in range(1, steps + 1):
        # --resume with one step more goes on from the same weights; constant learning rate is not needed for this.
        train(renders, tmp_path, small_options(steps=count, average=0.5), "cpu", resume=count > 1)
        ends.append(load_file(tmp_path / "checkpoint.safetensors"))
    torch.manual_seed(0)
    average = dict(create("kpn", width=8).state_dict())
    for step, end in enumerate(ends, 1):
        decay = min(0.5, (1 + step) / (10 + step))
        average = {name: decay * value + (1 - decay) * end[f"network.{name}"] for name, value in average.items()}
    network, _ = load_model(tmp_path / "model.safetensors")
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, average[name], rtol=1e-4, atol=1e-6)


def test_a_run_tells_what_it_learnt_from(renders, tmp_path):
    result = train(renders, tmp_path, small_options(steps=2), "cpu")
    _, summary = load_model(result.model)
    assert summary["scenes"] == ["forest", "kitchen"]  # and not the validation scene
    assert summary["validation_scenes"] == ["garage"]
    assert (summary["views"], summary["realizations"], summary["steps"]) == (2, [2], 2)
    assert summary["options"]["loss"] == "hdr"


def rows(out):
    with (out / "train.csv").open() as file:
        return list(csv.DictReader(file))


def test_logs_hold_every_tenth_step_and_all_validations(renders, tmp_path):
    states = []
    train(renders, tmp_path, small_options(steps=40), "cpu", report=states.append)
    logged = rows(tmp_path)
    steps = [int(row["step"]) for row in logged]
    assert steps == sorted(set(steps))
    assert {10, 20, 30, 40} <= set(steps)
    by_step = {state.step: state for state in states}
    for row in logged:
        assert float(row["loss"]) == pytest.approx(by_step[int(row["step"])].loss, rel=1e-4)
    assert sum(row["validation"] != "" for row in logged) >= 20  # every twentieth of the run
    assert logged[-1]["validation"] != ""
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "gradient norm", "learning rate", "validation"}
    assert [event.step for event in events.Scalars("loss")] == steps
    for event, row in zip(events.Scalars("loss"), logged, strict=True):
        assert event.value == pytest.approx(float(row["loss"]), rel=1e-4)
    # Up over fifty steps, and down to almost nothing at the end.
    rates = [float(row["learning_rate"]) for row in logged]
    assert rates[0] == pytest.approx(1e-3 / 50, rel=1e-4)
    assert rates[-1] < 0.1 * max(rates)


def test_progress_rises_to_one(renders, tmp_path):
    states = []
    train(renders, tmp_path, small_options(steps=8), "cpu", report=states.append)
    assert [state.step for state in states] == list(range(1, 9))
    assert [state.fraction for state in states] == [step / 8 for step in range(1, 9)]
    assert states[-1].validation_kind == "held-back"
    assert states[-1].validation is not None


def test_minutes_end_a_run(renders, tmp_path):
    result = train(renders, tmp_path, small_options(steps=None, minutes=0.005), "cpu")
    assert result.seconds >= 0.3
    assert result.steps >= 1
    again = train(renders, tmp_path, small_options(steps=None, minutes=0.005), "cpu")
    assert again.already_finished


def test_training_can_start_from_a_model(renders, tmp_path):
    first = train(renders, tmp_path / "a", small_options(steps=3), "cpu")
    options = small_options(steps=1, learning_rate=1e-12, init=str(first.model))
    second = train(renders, tmp_path / "b", options, "cpu")
    before, after = load_model(first.model)[0].state_dict(), load_model(second.model)[0].state_dict()
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor, rtol=0, atol=1e-6)


def test_a_model_can_go_on_with_layers_that_it_did_not_have(renders, tmp_path):
    few = small_options(steps=2)
    first = train(
        renders, tmp_path / "a", dataclasses.replace(few, config=few.config | {"blocks": 0, "fine": 0}), "cpu"
    )
    options = small_options(steps=1, learning_rate=1e-12, init=str(first.model), config={"blocks": 2, "fine": 1})
    second = load_model(train(renders, tmp_path / "b", options, "cpu").model)[0]
    assert second.config == load_model(first.model)[0].config | {"blocks": 2, "fine": 1}
    own = second.state_dict()
    for name, tensor in load_model(first.model)[0].state_dict().items():
        torch.testing.assert_close(own[name], tensor, rtol=0, atol=1e-6)
    with pytest.raises(TrainingError, match="width=16: its weights do not fit"):
        train(renders, tmp_path / "c", dataclasses.replace(options, config={"width": 16}), "cpu")


def test_a_model_that_is_to_see_something_else_says_what_its_weights_have_learnt(renders, tmp_path, caplog):
    options = small_options(steps=1, init="fast", config={"input": "log"})
    second = load_model(train(renders, tmp_path, options, "cpu").model)[0]
    assert second.config["input"] == "log"
    assert "fast has learnt with input=tonemapped" in caplog.text


def test_noisy_features_are_learnt_from_those_of_other_renders(tmp_path):
    """Radiance is constant and without noise, so that nothing but the features' own loss teaches how to filter them."""
    rng = np.random.default_rng(0)
    for view in range(4):
        folder = tmp_path / f"renders/a/view{view:03d}"
        folder.mkdir(parents=True)
        for k in range(4):
            albedo = np.float32(0.5 + 0.2 * rng.standard_normal((64, 64, 1)).repeat(3, 2)).clip(0, 1)
            write_frame(folder / f"r{k:03d}.exr", Frame(np.ones_like(albedo), albedo, np.zeros_like(albedo)))
    options = small_options(loss="hdr-display", steps=250, learning_rate=3e-3, average=0.9, config={"features": 8})
    network, _ = load_model(train(tmp_path / "renders", tmp_path / "out", options, "cpu").model)
    noisy = torch.from_numpy(np.float32(0.5 + 0.2 * rng.standard_normal((1, 1, 64, 64)))).clip(0, 1)
    noisy = noisy.expand(-1, 3, -1, -1).contiguous()
    with torch.no_grad():
        filtered, _ = network.features(noisy, torch.zeros_like(noisy))
    # An even kernel of 5 x 5 leaves 1/25; one that keeps the pixel itself, with which it begins, nearly all.
    assert float(filtered.var()) < 0.2 * float(noisy.var())


def test_references_can_be_the_target(tmp_path):
    write_view(tmp_path / "renders/a/view000", references=True)
    write_view(tmp_path / "renders/b/view000", references=False, seed=1)
    write_view(tmp_path / "renders/c/view000", references=True, seed=2, split="validation")
    result = train(tmp_path / "renders", tmp_path / "out", small_options(steps=2, target="reference"), "cpu")
    assert result.model.is_file()


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(renders, tmp_path):
    def interrupt(state):
        if state.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, small_options(), "cpu", report=interrupt)
    kept = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(TrainingError, match="smaller --learning-rate") as caught:
        train(renders, tmp_path, small_options(steps=200, learning_rate=1e30), "cpu", resume=True)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == kept
    assert not (tmp_path / "model.safetensors").exists()
    assert train(renders, tmp_path, small_options(), "cpu").steps == 10


def test_a_poisoned_start_stops_before_anything_is_learnt(renders, tmp_path):
    torch.manual_seed(0)
    network = create("unet", output="linear")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1e15)  # finite, and far beyond what float32 can multiply through the layers
    save_model(tmp_path / "poison.safetensors", network, {})
    options = small_options(model="unet", config={}, init=str(tmp_path / "poison.safetensors"))
    with pytest.raises(TrainingError, match="there is no checkpoint yet"):
        train(renders, tmp_path / "out", options, "cpu")
    assert not list((tmp_path / "out").glob("*.safetensors"))


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"steps": 5, "minutes": 1.0}, TrainingError, "not both"),
        ({"steps": 0}, TrainingError, "steps"),
        ({"steps": None, "minutes": float("nan")}, TrainingError, "minutes"),
        ({"steps": None, "minutes": float("inf")}, TrainingError, "minutes"),
        ({"learning_rate": float("nan")}, TrainingError, "learning-rate"),
        ({"learning_rate": 0.0}, TrainingError, "learning-rate"),
        ({"batch": 0}, TrainingError, "batch"),
        ({"loss": "l3"}, TrainingError, "hdr"),
        ({"crop": 40}, TrainingError, "16"),
        ({"model": "resnet", "config": {}}, ModelError, "resnet"),
        ({"config": {"width": 10**9}}, ModelError, "512"),
        ({"init": "nowhere.safetensors"}, ModelError, "nowhere"),
        ({"target": "reference"}, DataError, "--reference-spp"),
    ],
)
def test_options_that_make_no_sense_are_refused_and_leave_nothing(renders, tmp_path, changes, error, said):
    options = dataclasses.replace(small_options(), **changes)
    with pytest.raises(error, match=said):
        train(renders, tmp_path / "out", options, "cpu")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("loss", sorted(GUIDED))
def test_a_guided_loss_is_relative_to_what_the_averaged_network_makes_of_other_renders(tmp_path, loss):
    """From three renders on the first step's loss is the one computed here by hand."""
    for index in range(2):
        write_view(tmp_path / f"renders/s{index}/view000", picture(64, 64, index), realizations=3, seed=index)
    options = small_options(loss=loss, steps=1, batch=2, seed=1)
    seen = []
    train(tmp_path / "renders", tmp_path / "a", options, "cpu", report=seen.append)
    network, _ = load_model(fresh(tmp_path, options))
    training, _ = split_views(find_views(tmp_path / "renders"))
    batch = CropDataset(training, options.crop, options.seed, batch=2, guided=True).batch(0, 2)
    with torch.no_grad():
        prediction = network(batch.radiance, batch.albedo, batch.normal)
        others = network(*batch.guide), batch.guide[0], batch.radiance
        expected = GUIDED[loss](prediction, batch.target, *others)
        own = GUIDED[loss](prediction, batch.target, prediction, batch.radiance, batch.radiance)
        assert float(own) != pytest.approx(float(expected), rel=1e-4)
        filtered = network.features(batch.albedo, batch.normal)
        on_features = 0.0
        for after, before, other in zip(filtered, (batch.albedo, batch.normal), batch.features, strict=True):
            for one in range(2):
                distances = [float((image[one] - other[one]).square().mean()) for image in (after, before)]
                on_features += distances[0] / (distances[1] + 1e-4) / 2
    assert seen[0].loss == pytest.approx(float(expected) + on_features, rel=1e-5)


def test_crops_larger_than_most_views_are_as_large_as_they_are(tmp_path, caplog):
    for index in range(3):
        write_view(tmp_path / f"renders/s{index}/view000", picture(40, 56, index), realizations=2, seed=index)
    seen = []
    with caplog.at_level("INFO"):
        train(tmp_path / "renders", tmp_path / "a", small_options(crop=64, steps=6), "cpu", report=seen.append)
    assert "crops of 48 x 32 instead of 64: most views are smaller" in caplog.text
    assert len(seen) == 6
    assert all(np.isfinite(state.loss) for state in seen)
