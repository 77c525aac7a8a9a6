import csv
import dataclasses
import json
import logging
import multiprocessing
import random
import signal
import types

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from synthetic import small_options, write_view
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer

from mcdenoise.errors import DataError, TrainingError
from mcdenoise.networks.model_file import load_model
from mcdenoise.training import loop, train


def model_bytes(out):
    return (out / "model.safetensors").read_bytes()


def logged_steps(out):
    with (out / "train.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def stop_at(step, error):
    def report(state):
        if state.step == step:
            raise error

    return report


@pytest.fixture(scope="module")
def uninterrupted(renders, tmp_path_factory):
    out = tmp_path_factory.mktemp("uninterrupted")
    train(renders, out, small_options(steps=24), "cpu")
    return out


def test_interrupted_and_continued_it_reaches_the_same_bytes(renders, tmp_path, uninterrupted):
    for step in (1, 7, 8, 19):
        with pytest.raises(KeyboardInterrupt):
            train(renders, tmp_path, small_options(steps=24), "cpu", report=stop_at(step, KeyboardInterrupt))
    result = train(renders, tmp_path, small_options(steps=24), "cpu")
    assert result.steps == 24
    assert model_bytes(tmp_path) == model_bytes(uninterrupted)
    assert logged_steps(tmp_path) == logged_steps(uninterrupted)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == logged_steps(tmp_path)


def test_it_goes_on_from_the_checkpoint_and_not_from_the_start(renders, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, small_options(), "cpu", report=stop_at(6, KeyboardInterrupt))
    steps = []
    train(renders, tmp_path, small_options(), "cpu", report=lambda state: steps.append(state.step))
    assert steps == [7, 8, 9, 10]


def test_tensorboard_reads_a_run_in_order_that_goes_on_within_the_second(renders, tmp_path, monkeypatch):
    # The number at the end of an event file's name: after those before it the 10 comes before the 9.
    numbers = iter([9, 10])
    monkeypatch.setattr(event_file_writer, "_global_uid", types.SimpleNamespace(get=lambda: next(numbers)))
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, small_options(), "cpu", report=stop_at(2, KeyboardInterrupt))
    train(renders, tmp_path, small_options(), "cpu")
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == logged_steps(tmp_path)


def test_ctrl_c_within_a_mode_of_torch_leaves_none_behind(renders, tmp_path):
    def interrupted_in_between(state):
        torch.set_grad_enabled(False)
        torch.set_autocast_enabled("cpu", True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, small_options(), "cpu", report=interrupted_in_between)
    assert torch.is_grad_enabled()
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu")])
def test_modes_of_the_caller_change_nothing(mode, renders, tmp_path):
    with mode():
        train(renders, tmp_path / "within", small_options(steps=3), "cpu")
    train(renders, tmp_path / "plain", small_options(steps=3), "cpu")
    assert model_bytes(tmp_path / "within") == model_bytes(tmp_path / "plain")


def test_a_run_that_died_before_its_first_checkpoint_starts_anew(renders, tmp_path, uninterrupted):
    with pytest.raises(RuntimeError):
        train(renders, tmp_path, small_options(steps=24), "cpu", report=stop_at(15, RuntimeError("out of luck")))
    assert not (tmp_path / "checkpoint.safetensors").exists()
    train(renders, tmp_path, small_options(steps=24), "cpu")
    assert model_bytes(tmp_path) == model_bytes(uninterrupted)
    assert logged_steps(tmp_path) == logged_steps(uninterrupted)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == logged_steps(tmp_path)


def test_ctrl_c_at_any_moment_leaves_a_checkpoint_of_whole_steps(renders, tmp_path, uninterrupted):
    # A timer's signal arrives between any two instructions of the loop, as Ctrl-C does.
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    dice = random.Random(1)
    try:
        for _ in range(12):
            try:
                train(
                    renders,
                    tmp_path,
                    small_options(steps=24),
                    "cpu",
                    report=lambda _: signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-3, 0.03)),
                )
            except KeyboardInterrupt:
                continue
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    train(renders, tmp_path, small_options(steps=24), "cpu")
    assert model_bytes(tmp_path) == model_bytes(uninterrupted)


def train_with_a_checkpoint_every_step(renders, out):
    loop._CHECKPOINT_SECONDS = 0.0
    loop.torch.set_num_threads(1)
    train(renders, out, small_options(steps=60), "cpu")


def test_killed_at_random_moments_it_reaches_the_same_bytes(renders, tmp_path):
    context = multiprocessing.get_context("forkserver")  # imports torch once for all the processes that are killed
    context.set_forkserver_preload(["mcdenoise.training.loop", "mcdenoise.data.crops"])
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    def start(out):
        process = context.Process(target=train_with_a_checkpoint_every_step, args=(renders, out))
        process.start()
        return process

    process = start(whole)
    process.join(120)
    assert process.exitcode == 0
    dice = random.Random(3)
    deaths = 0
    for _ in range(4):
        process = start(killed)
        process.join(dice.uniform(0.2, 1.0))
        if process.exitcode is None:
            process.kill()
            deaths += 1
        process.join(120)
        if (killed / "checkpoint.safetensors").exists():
            load_file(killed / "checkpoint.safetensors")  # whole whenever the kill came
    assert deaths >= 1
    process = start(killed)
    process.join(120)
    assert process.exitcode == 0
    assert model_bytes(killed) == model_bytes(whole)
    assert logged_steps(killed) == logged_steps(whole)
    names = {path.name for path in killed.iterdir()}
    shown = {"progress.png", "progress.safetensors"}
    assert names == {"checkpoint.safetensors", "model.safetensors", "train.csv", "tensorboard", *shown}  # no leftovers


def test_other_options_are_refused_and_resume_goes_on_with_them(renders, tmp_path, caplog):
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, small_options(), "cpu", report=stop_at(6, KeyboardInterrupt))
    other = small_options(learning_rate=5e-4)
    with pytest.raises(TrainingError, match=r"learning_rate 0\.001 -> 0\.0005.*--resume") as caught:
        train(renders, tmp_path, other, "cpu")
    assert "\n" not in str(caught.value)
    steps = []
    train(renders, tmp_path, other, "cpu", resume=True, report=lambda state: steps.append(state.step))
    assert steps == [7, 8, 9, 10]
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        "resuming with changed options: learning_rate"
    ]


def test_a_finished_run_says_so_and_resume_makes_it_longer(renders, tmp_path):
    first = train(renders, tmp_path, small_options(steps=4), "cpu")
    content = model_bytes(tmp_path)
    again = train(renders, tmp_path, small_options(steps=4), "cpu")
    assert (first.already_finished, again.already_finished) == (False, True)
    assert again.steps == 4
    assert model_bytes(tmp_path) == content
    longer = train(renders, tmp_path, small_options(steps=6), "cpu", resume=True)
    assert (longer.steps, longer.already_finished) == (6, False)


def test_a_lost_model_is_written_again(renders, tmp_path):
    train(renders, tmp_path, small_options(steps=4), "cpu")
    content = model_bytes(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    train(renders, tmp_path, small_options(steps=4), "cpu")
    assert model_bytes(tmp_path) == content


def test_resuming_nothing_is_an_error(renders, tmp_path):
    with pytest.raises(TrainingError, match="no checkpoint"):
        train(renders, tmp_path / "out", small_options(), "cpu", resume=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["cut", "text", "another file's", "another network's"])
def test_a_broken_checkpoint_is_named(renders, tmp_path, damage):
    train(renders, tmp_path, small_options(steps=2), "cpu")
    path = tmp_path / "checkpoint.safetensors"
    options = small_options(steps=4)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "text":
        path.write_text("checkpoint")
    elif damage == "another file's":
        path.write_bytes(model_bytes(tmp_path))
    else:
        options = dataclasses.replace(options, config={"width": 12})
    with pytest.raises(TrainingError, match=r"checkpoint\.safetensors") as caught:
        train(renders, tmp_path, options, "cpu", resume=True)
    assert "\n" not in str(caught.value)


def test_a_run_is_of_its_data_and_other_data_is_refused(tmp_path):
    write_view(tmp_path / "data" / "a", seed=1)
    write_view(tmp_path / "data" / "b", seed=2)
    train(tmp_path / "data", tmp_path / "run", small_options(steps=2), "cpu")
    assert train(tmp_path / "data", tmp_path / "run", small_options(steps=2), "cpu").already_finished
    write_view(tmp_path / "data" / "c", seed=3)
    with pytest.raises(TrainingError, match="data"):
        train(tmp_path / "data", tmp_path / "run", small_options(steps=2), "cpu")
    with pytest.raises(DataError):
        train(tmp_path / "nowhere", tmp_path / "run", small_options(steps=2), "cpu")


def test_another_place_for_the_cache_goes_on_to_the_same_bytes(renders, tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path / "run", small_options(steps=24), "cpu", report=stop_at(9, KeyboardInterrupt))
    disk = small_options(steps=24, cache="disk", cache_folder=str(tmp_path / "cache"), cache_gib=1.0)
    train(renders, tmp_path / "run", disk, "cpu")
    assert model_bytes(tmp_path / "run") == model_bytes(uninterrupted)
    assert list((tmp_path / "cache").glob("*.frame"))


def test_a_cache_that_mixes_fewer_views_is_another_run(renders, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, small_options(), "cpu", report=stop_at(6, KeyboardInterrupt))
    with pytest.raises(TrainingError, match=r"--cache-gib\) 2 -> 1.*--resume"):
        train(renders, tmp_path, small_options(cache_gib=2e-4), "cpu")
    assert train(renders, tmp_path, small_options(cache_gib=2e-4), "cpu", resume=True).steps == 10


@pytest.mark.parametrize("told", [True, False])
def test_a_network_keeps_its_arguments_though_defaults_have_changed(renders, tmp_path, told):
    """A checkpoint that does not tell them is from when kpn saw T(radiance)."""
    options = small_options(model="kpn", config={"width": 8, "growth": 8})
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, options, "cpu", report=stop_at(2, KeyboardInterrupt))
    saved = tmp_path / "checkpoint.safetensors"
    with safe_open(saved, "pt") as file:
        metadata = file.metadata()
    state = json.loads(metadata["state"])
    state["network"]["input"] = "tonemapped"
    if not told:
        del state["network"]
    save_file(load_file(saved), saved, metadata | {"state": json.dumps(state)})
    network, _ = load_model(train(renders, tmp_path, options, "cpu").model)
    assert network.config["input"] == "tonemapped"
    assert network.config["blocks"] == 1


def test_a_run_of_another_network_is_refused_by_name(renders, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(renders, tmp_path, small_options(), "cpu", report=stop_at(2, KeyboardInterrupt))
    with pytest.raises(TrainingError, match="model kpn -> unet"):
        train(renders, tmp_path, small_options(model="unet"), "cpu")
