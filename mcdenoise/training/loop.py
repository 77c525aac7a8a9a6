"""The training loop: set up, resume, loop, finish."""

import array
import contextlib
import copy
import csv
import dataclasses
import hashlib
import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter

from mcdenoise import atomic
from mcdenoise.data.crops import CropDataset, decoded_bytes, usable_views
from mcdenoise.data.cutting import Batch
from mcdenoise.data.places import Place, choose_cache, describe
from mcdenoise.data.prefetch import batches
from mcdenoise.data.views import First, View, always, find_views
from mcdenoise.errors import DataError, TrainingError
from mcdenoise.hardware import choose_device, convolutions_in_bf16, has_fast_bf16, keep_freed_memory
from mcdenoise.networks import create
from mcdenoise.networks.model_file import save_model
from mcdenoise.training import checkpoint
from mcdenoise.training.average import update_average
from mcdenoise.training.batch_loss import batch_loss
from mcdenoise.training.gradient import Gradient
from mcdenoise.training.losses import GUIDED, LOSSES
from mcdenoise.training.showing import Showing
from mcdenoise.training.start import load_start
from mcdenoise.training.uninterrupted import uninterrupted
from mcdenoise.training.validation import Validation

_log = logging.getLogger(__name__)

DEFAULT_STEPS = 1200
_CHECKPOINT_SECONDS = 30.0
_LOG_EVERY = 10
# What networks of checkpoints saw that do not tell their arguments.
_NOT_TOLD = {"kpn": {"input": "tonemapped"}, "kpn-small": {"input": "tonemapped"}}
_COLUMNS = ("step", "seconds", "loss", "gradient_norm", "learning_rate", "validation")


@dataclass(frozen=True)
class TrainOptions:
    """How to train. Two runs with equal options (and one device) end with equal weights.

    model: name in the registry; config: its arguments, also of `init`'s network, which then begins with some fresh
    weights. loss: name in LOSSES or GUIDED. steps, or minutes of wall-clock
    time. batch: crops a step, of each process. crop: side in pixels, a multiple of the network's; less along an axis
    where most views are smaller (see `CropDataset`). learning_rate: Adam's, at its height. clip: largest norm of the
    gradient. average: decay of the exponential moving average of the weights. target: `noisy` (Noise2Noise) or
    `reference`. init: a model file to start from. precision: of convolutions. cache: where decoded frames are kept,
    cache_gib: how much of them in each process, cache_folder: of files on disk (see `mcdenoise.data.places`).
    """

    model: str = "unet"
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    loss: str = "hdr"
    steps: int | None = None
    minutes: float | None = None
    batch: int = 4
    crop: int = 128
    learning_rate: float = 1e-3
    clip: float = 1.0
    average: float = 0.999
    seed: int = 0
    target: Literal["noisy", "reference"] = "noisy"
    init: str | None = None
    precision: Literal["auto", "float32", "bf16"] = "auto"
    cache: Place = "auto"
    cache_gib: float | None = None
    cache_folder: str | None = None


@dataclass(frozen=True)
class Progress:
    """Where training stands. fraction: of the whole, 0 to 1. validation: the last one, of kind `validation_kind`."""

    step: int
    fraction: float
    seconds: float
    loss: float
    validation: float | None
    validation_kind: str | None


@dataclass(frozen=True)
class TrainResult:
    """model: the file with the averaged weights. already_finished: nothing was left to do."""

    model: Path
    steps: int
    seconds: float
    validation: float | None
    validation_kind: str | None
    already_finished: bool = False


def train(
    renders: str | os.PathLike,
    out: str | os.PathLike,
    options: TrainOptions,
    device: str = "auto",
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> TrainResult:
    """Train on the views in the folder `renders`; write `out/model.safetensors`, with logs, a picture of the progress
    (`progress.png`, see `Showing`) and a checkpoint beside it.

    Views of scenes marked as validation are never trained on: they measure. Without such, every tenth view is kept for
    that (at least one, if there are two). An unfinished run in `out` with the same options goes on where it was; with
    other options it is refused, unless `resume` says to go on under the new ones. Under torchrun all processes train
    together (DistributedDataParallel), and the first writes. Deterministic on a CPU: interrupted and resumed, it
    reaches the same weights. report: called after every step.
    Raises DataError, ModelError or TrainingError; a loss that is not finite raises TrainingError and leaves the last
    good checkpoint.
    """
    out = Path(out)
    place = choose_device(device)
    rank, ranks, first = _join_processes(place)
    try:
        if place.type == "cuda" and place.index is None:
            place = torch.device("cuda", rank % torch.cuda.device_count())
        # Modes of the caller's do not matter here, and none of ours outlasts an interruption at an unlucky moment.
        with torch.inference_mode(False), torch.autocast(place.type, enabled=False):
            return _train(Path(renders), out, _complete(options, place), place, rank, ranks, first, resume, report)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _train(
    renders: Path,
    out: Path,
    options: TrainOptions,
    device: torch.device,
    rank: int,
    ranks: int,
    first: First,
    resume: bool,
    report: Callable[[Progress], None],
) -> TrainResult:
    # Set up: what a run is, and whether there is one already.
    keep_freed_memory()
    views = find_views(renders, first)
    training_views, validation_views = split_views(views)
    torch.manual_seed(options.seed)
    saved = out / "checkpoint.safetensors"
    network = _network(options, saved).to(device)
    if options.crop % network.multiple:
        raise TrainingError(
            f"crops of {options.model} must be multiples of {network.multiple} pixels, not {options.crop}.",
            misuse=True,
        )
    dataset = _dataset(training_views, options, device, ranks, network.multiple, first)
    settings = dataclasses.asdict(options) | {"processes": ranks, "data": _fingerprint(renders, views)}
    # What is learnt hangs on how many views are mixed, and not on where and in how many bytes they are kept.
    settings = {name: value for name, value in settings.items() if not name.startswith("cache")}
    settings["views at a time (--cache-gib)"] = dataset.schedule.pool
    state = _state_to_resume(out, saved, settings, resume)
    if state is not None and state["finished"] and (out / "model.safetensors").is_file():
        return TrainResult(
            out / "model.safetensors",
            state["step"],
            state["seconds"],
            state["validation"],
            state["validation_kind"],
            already_finished=True,
        )

    validation = Validation(validation_views, network.multiple, first)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{out}: the folder of the run cannot be made: {error.strerror}.") from None
    if (out / "model.safetensors").is_dir():
        raise TrainingError(f"{out / 'model.safetensors'}: is a folder, where the model is to be written.")
    summary = {
        "options": settings,
        "views": len(training_views),
        "scenes": sorted({view.folder.parent.name for view in training_views}),
        "realizations": sorted({len(view.realizations) for view in training_views}),
        "validation_scenes": sorted({view.folder.parent.name for view in validation_views}),
    }

    # Network, averaged weights, optimizer.
    if device.type == "cuda":
        network = network.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(network).eval().requires_grad_(False)
    average = averaged.state_dict()
    optimizer = torch.optim.Adam(network.parameters(), lr=options.learning_rate, betas=(0.9, 0.99))
    step, before, last_validation, next_validation = 0, 0.0, None, 0.0
    if state is not None:
        checkpoint.load(saved, network, average, optimizer)
        step, before = state["step"], state["seconds"]
        last_validation, next_validation = state["validation"], state["next_validation"]
    parallel = DistributedDataParallel(network) if ranks > 1 else network
    autocast = convolutions_in_bf16(device, options.precision == "bf16")

    def loss_of(batch: Batch, fraction: float) -> Tensor:
        return batch_loss(options.loss, fraction, batch, network, averaged, autocast, parallel)

    graphs = device.type == "cuda" and ranks == 1 and options.loss != "l0"
    gradient = Gradient(network, loss_of, options.clip, device, graphs)
    log = _Log(out, step) if rank == 0 else None
    showing = Showing(out, validation, network.multiple, step) if rank == 0 else None
    if rank == 0:
        _log.info(
            "training %s on %d views of %d scenes (%s, %s), validating on %d (%s)",
            options.model,
            len(training_views),
            len(summary["scenes"]),
            device,
            options.precision,
            len(validation.examples),
            validation.kind,
        )
        _log.info("%s", describe(dataset))
        if min(dataset.shape) < options.crop:
            height, width = dataset.shape
            _log.info("crops of %d x %d instead of %d: most views are smaller", width, height, options.crop)
        if not validation.examples:
            _log.warning("nothing to validate on: render more views (--views), or mark a scene as validation.")

    def write_checkpoint(finished: bool) -> None:
        checkpoint.save(
            saved,
            network,
            average,
            optimizer,
            {
                "settings": settings,
                "network": network.config,
                "step": step,
                "seconds": seconds,
                "validation": last_validation,
                "validation_kind": validation.kind,
                "next_validation": next_validation,
                "finished": finished,
            },
        )

    # Loop.
    started = saved_at = time.monotonic()
    seconds = before
    fraction = _fraction(options, step, seconds, device)
    source = batches(dataset, step, options.batch, rank, ranks, pin=device.type == "cuda")
    try:
        while fraction < 1:
            rate = options.learning_rate * _ramp(step, fraction)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss, norm = gradient(next(source).to(device), fraction)
            loss_value, norm_value = _mean_over_processes([loss, norm], ranks)
            if not (math.isfinite(loss_value) and math.isfinite(norm_value)):
                kept = f"the checkpoint in {out} is from before" if saved.exists() else "there is no checkpoint yet"
                raise TrainingError(
                    f"the loss became {loss_value} at step {step + 1}; {kept}: try a smaller --learning-rate."
                )
            with uninterrupted():
                optimizer.step()
                step += 1
                update_average(average, network, step, options.average)
            seconds = before + time.monotonic() - started
            fraction = _fraction(options, step, seconds, device)

            measured = None
            if rank == 0 and validation.examples and (fraction >= next_validation or fraction >= 1):
                measured = last_validation = validation.measure(averaged, device, autocast)
                next_validation = (math.floor(fraction * 20) + 1) / 20
            if log is not None and (measured is not None or step % _LOG_EVERY == 0):
                log.write(step, seconds, loss_value, norm_value, rate, measured)
            if showing is not None and showing.due(fraction):
                curves = log.losses.arrays(), log.validations.arrays()
                showing.show(step, fraction, averaged, device, autocast, *curves, log.board)
            if rank == 0 and time.monotonic() - saved_at > _CHECKPOINT_SECONDS and fraction < 1:
                write_checkpoint(finished=False)
                saved_at = time.monotonic()
            report(Progress(step, min(1.0, fraction), seconds, loss_value, last_validation, validation.kind))
    except KeyboardInterrupt:
        if rank == 0 and step > 0:
            write_checkpoint(finished=False)
        raise
    finally:
        source.close()
        if log is not None:
            log.close()

    # Finish.
    if rank == 0:
        save_model(out / "model.safetensors", averaged, summary | {"steps": step})
        write_checkpoint(finished=True)
    return TrainResult(out / "model.safetensors", step, seconds, last_validation, validation.kind)


def split_views(views: list[View]) -> tuple[list[View], list[View]]:
    """(to train on, to measure on): by the scenes' marks, or every tenth view where none is marked as validation."""
    training = [view for view in views if view.split == "train"]
    marked = [view for view in views if view.split == "validation"]
    if not training:
        raise DataError("all views are of validation scenes, which are never trained on: render other scenes too.")
    if marked or len(training) < 2:
        return training, marked
    kept = [view for i, view in enumerate(training) if (i + 1) % 10 == 0 or i + 1 == len(training)]
    return [view for view in training if view not in kept], kept


def _fingerprint(renders: Path, views: list[View]) -> str:
    """A hash of which frames there are: by name and size, as reading terabytes to resume a run would take too long."""
    hasher = hashlib.blake2b(digest_size=8)
    for view in views:
        for file in (*view.realizations, *view.references):
            hasher.update(f"{file.relative_to(renders)}\0{file.stat().st_size}\0".encode(errors="surrogateescape"))
    return hasher.hexdigest()


def _complete(options: TrainOptions, device: torch.device) -> TrainOptions:
    """The options with every `auto` and default decided. Raises TrainingError if they contradict each other."""
    if options.loss not in LOSSES | GUIDED:
        raise TrainingError(
            f"there is no loss called {options.loss!r}: choose one of {', '.join(LOSSES | GUIDED)}.", misuse=True
        )
    if options.steps is not None and options.minutes is not None:
        raise TrainingError("give --steps or --minutes, not both.", misuse=True)
    for name, least in (("steps", 1), ("minutes", 0), ("batch", 1), ("learning_rate", 0), ("clip", 0)):
        value = getattr(options, name)
        if value is not None and not (math.isfinite(value) and value >= least and value > 0):
            raise TrainingError(
                f"--{name.replace('_', '-')} must be a finite number above 0, not {value}.", misuse=True
            )
    if options.steps is None and options.minutes is None:
        options = dataclasses.replace(options, steps=DEFAULT_STEPS)
    if options.precision == "auto":
        options = dataclasses.replace(options, precision="bf16" if has_fast_bf16(device) else "float32")
    return options


def _dataset(
    views: list[View], options: TrainOptions, device: torch.device, ranks: int, multiple: int, first: First
) -> CropDataset:
    needed = decoded_bytes(usable_views(views, options.target), options.target)
    cache = choose_cache(options.cache, options.cache_gib, options.cache_folder, device, needed, first)
    batch = options.batch * ranks
    layout = {"batch": batch, "ranks": ranks, "multiple": multiple, "guided": options.loss in GUIDED}
    return CropDataset(views, options.crop, options.seed, options.target, cache=cache, **layout)


def _network(options: TrainOptions, saved: Path) -> nn.Module:
    """saved: a checkpoint, if there is one, whose network keeps its arguments though defaults have changed."""
    if options.init is None:
        state = checkpoint.read_state(saved) if saved.exists() else None
        kept = {}
        if state is not None and state["settings"].get("model") == options.model:
            kept = state.get("network", _NOT_TOLD.get(options.model, {}))
        return create(options.model, **(kept | options.config))
    # A small kpn goes by the name of kpn too: what the user does not ask for stays as it is in the file.
    return load_start(options.init, options.model, options.config).train()


def _state_to_resume(out: Path, saved: Path, settings: dict[str, Any], resume: bool) -> dict[str, Any] | None:
    atomic.remove_leftovers(out)
    if not saved.exists():
        if resume:
            raise TrainingError(f"{out}: no checkpoint to resume from.", misuse=True)
        return None
    state = checkpoint.read_state(saved)
    changed = [name for name, value in settings.items() if state["settings"].get(name) != value]
    if changed and not resume:
        listed = ", ".join(f"{name} {state['settings'].get(name)} -> {settings[name]}" for name in changed)
        raise TrainingError(
            f"{out} holds a run with other options ({listed}): choose another --out, or go on with it by --resume."
        )
    if changed:
        _log.warning("resuming with changed options: %s", ", ".join(changed))
        state["finished"] = False
    return state


def _join_processes(device: torch.device) -> tuple[int, int, First]:
    """(rank, number of processes, who warns of a file), joined into a group if torchrun started several."""
    first = always
    ranks = _number_from_environment("WORLD_SIZE", "1")
    if ranks > 1 and not dist.is_initialized():
        rank = _number_from_environment("RANK", "none")
        if rank >= ranks:
            raise TrainingError(f"the environment says RANK={rank} of {ranks} processes: start with torchrun.")
        try:
            store, rank, ranks = next(dist.rendezvous("env://"))
            group = dist.PrefixStore("group", store)
            dist.init_process_group(
                "nccl" if device.type == "cuda" else "gloo", store=group, rank=rank, world_size=ranks
            )
            warnings = dist.PrefixStore("warnings", store)
            first = lambda name: warnings.add(name, 1) == 1  # noqa: E731
        except (ValueError, RuntimeError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise TrainingError(f"the processes cannot find each other ({first}): start with torchrun.") from None
    return (dist.get_rank(), dist.get_world_size(), first) if ranks > 1 else (0, 1, first)


def _number_from_environment(name: str, default: str) -> int:
    said = os.environ.get(name, default)
    if not (said.isascii() and said.isdecimal()):
        raise TrainingError(f"the environment says {name}={said}, which is no number: start with torchrun.")
    return int(said)


def _fraction(options: TrainOptions, step: int, seconds: float, device: torch.device) -> float:
    """How much of the run is done; by the first process's clock if time is the limit."""
    if options.steps is not None:
        return step / options.steps
    fraction = seconds / (60 * options.minutes)
    if dist.is_initialized():
        shared = torch.tensor([fraction], dtype=torch.float64, device=device)
        dist.broadcast(shared, src=0)
        fraction = float(shared)
    return fraction


def _ramp(step: int, fraction: float) -> float:
    """Learning rate relative to its height: up over 50 steps, down along a cosine over the last 30% (as the paper)."""
    down = 0.5 + 0.5 * math.cos(math.pi * max(0.0, (fraction - 0.7) / 0.3))
    return min(1.0, (step + 1) / 50) * down


def _mean_over_processes(values: list[Tensor], ranks: int) -> list[float]:
    stacked = torch.stack(values)
    if ranks > 1:
        dist.all_reduce(stacked)
    return (stacked / ranks).tolist()


class _Log:
    """`train.csv` and TensorBoard's event files; rows after the step that is resumed from are dropped."""

    def __init__(self, out: Path, step: int):
        self._path = out / "train.csv"
        rows = []
        if step > 0 and self._path.exists():
            with self._path.open(newline="") as file:
                rows = [row for row in csv.reader(file) if len(row) == len(_COLUMNS) and row[0].isdigit()]
        rows = [row for row in rows if int(row[0]) <= step]
        atomic.write_text(self._path, "".join(",".join(row) + "\n" for row in [list(_COLUMNS), *rows]))
        self._file = self._path.open("a", newline="")
        self.board = _board(out / "tensorboard", step)
        self.losses, self.validations = _Points(), _Points()
        for row in rows:
            self._remember(int(row[0]), row[2], row[5])

    def write(self, step: int, seconds: float, loss: float, norm: float, rate: float, validation: float | None) -> None:
        values = [f"{loss:.6g}", f"{norm:.6g}", f"{rate:.6g}", "" if validation is None else f"{validation:.6g}"]
        self._file.write(",".join([str(step), f"{seconds:.1f}", *values]) + "\n")
        self._file.flush()
        self._remember(step, values[0], values[3])
        self.board.add_scalar("loss", loss, step)
        self.board.add_scalar("gradient norm", norm, step)
        self.board.add_scalar("learning rate", rate, step)
        if validation is not None:
            self.board.add_scalar("validation", validation, step)

    def close(self) -> None:
        self._file.close()
        self.board.close()

    def _remember(self, step: int, loss: str, validation: str) -> None:
        for points, value in ((self.losses, loss), (self.validations, validation)):
            with contextlib.suppress(ValueError):  # no validation, or a row that somebody edited
                points.add(step, float(value))


def _board(folder: Path, step: int) -> SummaryWriter:
    """A writer of a new event file that TensorBoard reads after those that are there, from `step` on."""
    # It reads files by their names, which begin with the second: in the same one, a later file may come first.
    while any(folder.glob(f"events.out.tfevents.{int(time.time()):010d}.*")):
        time.sleep(0.05)
    return SummaryWriter(str(folder), purge_step=step + 1)


class _Points:
    """Finite values at steps, in little memory."""

    def __init__(self):
        self._steps, self._values = array.array("d"), array.array("d")

    def add(self, step: int, value: float) -> None:
        if math.isfinite(value):
            self._steps.append(step)
            self._values.append(value)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(steps, values), both `[n]`."""
        return np.array(self._steps), np.array(self._values)
