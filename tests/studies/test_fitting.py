"""Training of a cell: to the same bytes however often it is killed, and with an end at the right place."""

import math

import pytest
import torch
from torch import nn

from mcdenoise.errors import TrainingError
from mcdenoise.networks import create
from mcdenoise.studies import fitting
from mcdenoise.studies.fitting import FitOptions, fit, marks

CPU = torch.device("cpu")


def network():
    torch.manual_seed(0)
    return create("unet", output="linear", input="linear", width=3)


def objective(network, step, fraction):
    generator = torch.Generator().manual_seed(step)
    x = torch.rand(1, 3, 32, 32, generator=generator)
    return ((network(x, torch.zeros_like(x), torch.zeros_like(x)) - x * (1 - fraction)) ** 2).mean()


class Killed(Exception):
    """What a test ends training with."""


def kill_at(step):
    def report(done):
        if done == step:
            raise Killed

    return report


def test_killed_again_and_again_it_reaches_the_same_bytes(tmp_path, monkeypatch):
    options = FitOptions(12, marks=(3, 6, 12))
    watch = lambda network: float(next(network.parameters()).double().sum())  # noqa: E731
    whole = fit(tmp_path / "whole", network(), objective, options, CPU, watch)
    monkeypatch.setattr(fitting, "_CHECKPOINT_SECONDS", 0.0)
    for step in (2, 5, 9):
        with pytest.raises(Killed):
            fit(tmp_path / "killed", network(), objective, options, CPU, watch, kill_at(step))
    killed = fit(tmp_path / "killed", network(), objective, options, CPU, watch)
    paths = [tmp_path / name / "model.safetensors" for name in ("whole", "killed")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert [(step, value) for step, _, value in killed.measured] == [(step, value) for step, _, value in whole.measured]
    assert [step for step, _, _ in whole.measured] == [3, 6, 12]


def test_ctrl_c_loses_no_step_and_no_mark(tmp_path):
    """Wherever it comes: in a step, in what is measured, and after the last step."""
    options = FitOptions(9, marks=(3, 6, 9))
    watch = lambda network: float(next(network.parameters()).double().sum())  # noqa: E731
    whole = fit(tmp_path / "whole", network(), objective, options, CPU, watch)
    stopped, done = {4: False, 6: False, 9: False}, []

    def interrupted(network, step, fraction):
        if step == 4 and not stopped[4]:
            stopped[4] = True
            raise KeyboardInterrupt
        return objective(network, step, fraction)

    def watched(network):
        if done[-1] in stopped and not stopped[done[-1]]:
            stopped[done[-1]] = True
            raise KeyboardInterrupt
        return watch(network)

    def learn():
        def step_of(network, step, fraction):
            done.append(step + 1)
            return interrupted(network, step, fraction)

        return fit(tmp_path / "stopped", network(), step_of, options, CPU, watched)

    for _ in stopped:
        with pytest.raises(KeyboardInterrupt):
            learn()
    again = learn()
    assert done == [1, 2, 3, 4, 5, 5, 6, 7, 8, 9]  # only the step that was interrupted is done again
    assert [(step, value) for step, _, value in again.measured] == [(step, value) for step, _, value in whole.measured]
    paths = [tmp_path / name / "model.safetensors" for name in ("whole", "stopped")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_finished_model_that_is_broken_is_said_with_what_to_do(tmp_path):
    fit(tmp_path, network(), objective, FitOptions(3), CPU)
    model = tmp_path / "model.safetensors"
    model.write_bytes(model.read_bytes()[:1000])
    with pytest.raises(TrainingError, match=f"broken.*: remove {tmp_path} to train it anew"):
        fit(tmp_path, network(), objective, FitOptions(3), CPU)


def test_a_finished_one_is_only_read(tmp_path):
    first = fit(tmp_path, network(), objective, FitOptions(3), CPU)

    def never(network, step, fraction):
        raise AssertionError

    again = fit(tmp_path, network(), never, FitOptions(3), CPU)
    assert again.seconds == first.seconds
    for a, b in zip(first.network.state_dict().values(), again.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_it_learns_and_the_averaged_weights_are_those_that_are_kept(tmp_path):
    class Scale(nn.Module):
        """y = a x, of which the right a is 2."""

        name, config = "unet", {}

        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.zeros(1))

    def squares(network, step, fraction):
        return ((network.a - 2) ** 2).sum()

    fitted = fit(tmp_path, Scale(), squares, FitOptions(300, learning_rate=0.05, average=0.9), CPU)
    assert float(fitted.network.a.detach()) == pytest.approx(2, abs=0.02)


def test_a_loss_that_is_not_finite_is_an_error(tmp_path):
    with pytest.raises(TrainingError, match="the loss became nan at step 1"):
        fit(tmp_path, network(), lambda network, *_: objective(network, 0, 0) * math.nan, FitOptions(3), CPU)
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("steps", [1, 2, 10, 1000, 123456])
@pytest.mark.parametrize("count", [1, 2, 8])
def test_marks_rise_to_the_last_step(steps, count):
    found = marks(steps, count)
    assert found[-1] == steps
    assert list(found) == sorted(set(found))
    assert len(found) <= count
    assert found[0] >= 1
