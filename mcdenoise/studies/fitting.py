"""Training of one network on whatever an objective says; it goes on where it stopped, to the same weights on a CPU.

As `mcdenoise.training.train` does (Adam, a ramp of the learning rate, averaged weights, checkpoints), but for studies,
whose examples are no renders or whose inputs and targets are put together in other ways.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mcdenoise.atomic import remove_leftovers
from mcdenoise.errors import ModelError, TrainingError
from mcdenoise.hardware import convolutions_in_bf16, keep_freed_memory
from mcdenoise.networks.model_file import load_model, save_model
from mcdenoise.training import checkpoint
from mcdenoise.training.average import update_average
from mcdenoise.training.uninterrupted import uninterrupted

Objective = Callable[[nn.Module, int, float], Tensor]
"""(network, step, fraction of training done, 0 to 1) to the loss of that step, a scalar; the same whenever asked."""

_CHECKPOINT_SECONDS = 20.0


@dataclass(frozen=True)
class FitOptions:
    """steps: of Adam. learning_rate: at its height. clip: largest norm of the gradient. average: decay of the moving
    average of the weights. marks: steps after which to measure. bf16: whether convolutions learn in bfloat16."""

    steps: int
    learning_rate: float = 1e-3
    clip: float = 1.0
    average: float = 0.995
    marks: tuple[int, ...] = ()
    bf16: bool = False


@dataclass(frozen=True)
class Fitted:
    """network: with the averaged weights, in evaluation mode. seconds: that training took, without measuring.
    measured: (step, seconds until then, what was measured) at each mark."""

    network: nn.Module
    seconds: float
    measured: list[tuple[int, float, float]]


def fit(
    folder: Path,
    network: nn.Module,
    objective: Objective,
    options: FitOptions,
    device: torch.device,
    measure: Callable[[nn.Module], float] | None = None,
    report: Callable[[int], None] = lambda step: None,
) -> Fitted:
    """Train `network` in `folder`, which gets `model.safetensors` at the end, and a checkpoint every 20 seconds.

    Killed at any time and called again with the same arguments, it goes on from the checkpoint; Ctrl-C writes one;
    finished, it only reads. measure: of the averaged network, at the options' marks. report: called with the step
    after each. Raises TrainingError if the loss is not finite, the folder cannot be written, or what is there is
    broken.
    """
    saved, model = folder / "checkpoint.safetensors", folder / "model.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{folder}: cannot be made: {error.strerror}.") from None
    remove_leftovers(folder)
    keep_freed_memory()
    network = network.to(device, memory_format=torch.channels_last).train()
    averaged = copy.deepcopy(network).eval().requires_grad_(False)
    average = averaged.state_dict()
    optimizer = torch.optim.Adam(network.parameters(), lr=options.learning_rate, betas=(0.9, 0.99))
    step, before, measured = 0, 0.0, []
    if saved.exists():
        state = checkpoint.read_state(saved)
        if state["finished"] and model.exists():
            try:
                network = load_model(model)[0].to(device, memory_format=torch.channels_last)
            except ModelError as error:
                raise TrainingError(f"{str(error).rstrip('.')}: remove {folder} to train it anew.") from None
            return Fitted(network, state["seconds"], _measured(state))
        checkpoint.load(saved, network, average, optimizer)
        step, before, measured = state["step"], state["seconds"], _measured(state)

    def write_checkpoint(finished: bool) -> None:
        state = {"settings": {"measured": measured}, "step": step, "seconds": seconds, "finished": finished}
        state |= {"validation": None, "validation_kind": None, "next_validation": 0.0}
        checkpoint.save(saved, network, average, optimizer, state)

    def measure_at_mark() -> None:
        if measure is not None and step in options.marks and (not measured or measured[-1][0] < step):
            measured.append((step, seconds, measure(averaged)))

    seconds = before
    try:
        measure_at_mark()  # what an interruption kept from being measured
        started = saved_at = time.monotonic()
        while step < options.steps:
            fraction = step / options.steps
            for group in optimizer.param_groups:
                group["lr"] = options.learning_rate * _ramp(step, fraction)
            with convolutions_in_bf16(device, options.bf16):
                loss = objective(network, step, fraction)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(network.parameters(), options.clip)
            value = float(loss.detach())
            if not (math.isfinite(value) and math.isfinite(float(norm))):
                raise TrainingError(f"{folder}: the loss became {value} at step {step + 1}.")
            with uninterrupted():
                optimizer.step()
                step += 1
                update_average(average, network, step, options.average)
            seconds = before + time.monotonic() - started
            measure_at_mark()
            started = time.monotonic() - (seconds - before)  # measuring is no part of training
            if time.monotonic() - saved_at > _CHECKPOINT_SECONDS and step < options.steps:
                write_checkpoint(finished=False)
                saved_at = time.monotonic()
            report(step)
        save_model(model, averaged, {"steps": step})
        write_checkpoint(finished=True)
    except KeyboardInterrupt:
        if step > 0:
            write_checkpoint(finished=False)
        raise
    return Fitted(averaged, seconds, measured)


def seconds_a_step(
    network: nn.Module, objective: Objective, device: torch.device, bf16: bool = False, steps: int = 3
) -> float:
    """What a step of `fit` takes here: the median of some, after one that warms up."""
    network = network.to(device).train()
    taken = []
    for step in range(steps + 1):
        started = time.monotonic()
        with convolutions_in_bf16(device, bf16):
            loss = objective(network, step, 0.0)
        loss.backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.monotonic() - started)
    return sorted(taken[1:])[steps // 2]


def marks(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` steps of 1 to `steps`, the last among them, each further than the one before by one factor."""
    first = max(1, steps // 64)
    ratio = (steps / first) ** (1 / max(1, count - 1))
    return tuple(sorted({round(first * ratio**k) for k in range(count - 1)} | {steps}))


def _measured(state: dict[str, Any]) -> list[tuple[int, float, float]]:
    return [(int(step), float(seconds), float(value)) for step, seconds, value in state["settings"]["measured"]]


def _ramp(step: int, fraction: float) -> float:
    """Learning rate relative to its height: up over 50 steps, down along a cosine over the last 30% (as the paper)."""
    return min(1.0, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * max(0.0, (fraction - 0.7) / 0.3)))
