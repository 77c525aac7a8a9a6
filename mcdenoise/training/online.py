"""Learning during an animation: each new frame is rendered twice, learnt from, and denoised. No reference anywhere.

Lehtinen et al. 2018 (arXiv 1803.04189v3), section 3.3: of each frame of a flight two independent noisy images are
rendered, the network takes a few training steps on the last frames, each image in turn the input and the other the
target; both are denoised, and their mean is the denoised frame.
"""

import copy
import csv
import dataclasses
import hashlib
import json
import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from mcdenoise import __version__, atomic
from mcdenoise.data.cache import FrameCache
from mcdenoise.errors import TrainingError
from mcdenoise.evaluation.reference_free import relmse_held_back
from mcdenoise.exr import read_frame, replace_radiance
from mcdenoise.frame import Frame
from mcdenoise.hardware import choose_device, has_fast_bf16, keep_freed_memory
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.sequence import FINGERPRINT
from mcdenoise.inference.windows import smooth
from mcdenoise.networks import create
from mcdenoise.networks.model_file import find_model, save_model
from mcdenoise.rendering.flight import Flight, arc, choose_variant, describe, find_scene
from mcdenoise.rendering.local import LocalFarm
from mcdenoise.rendering.paths import Keyframe, cameras, read_path, write_path
from mcdenoise.tonemap import exposure
from mcdenoise.training import checkpoint
from mcdenoise.training.learner import Learner, Learning
from mcdenoise.training.losses import GUIDED, LOSSES
from mcdenoise.training.start import load_start
from mcdenoise.video import beside, write_gif

_log = logging.getLogger(__name__)

SHIPPED = "default"
"""The model that learning goes on from, unless told otherwise."""

RATE_FROM_MODEL, RATE_FROM_RANDOM = 1e-4, 1e-3
MOST_FRAMES = 10_000

_CROP = 128
_LEAST_CROP = 32
_MEASURED_SIDE = 512  # of the middle part that is measured: whole pictures would take as long as what is shown
_SMOOTH = 8.0  # pixels, standard deviation
_MOST_SHOWN = 120  # frames in the preview; of longer flights every second, third, ...
_PREVIEW_HEIGHT = 270
_SHOWN = ("noisy", "denoised")


@dataclass(frozen=True)
class OnlineOptions:
    """How to fly and to learn. Two runs with equal options (and one device) end with equal frames and weights.

    path: JSON file with the camera's keyframes (see `rendering.paths.read_path`), or None for a short arc through the
    scene's own camera. frames: of the flight. spp: samples per pixel of each of a frame's two renders. size: (width,
    height) in pixels, or None for the scene's own. steps_per_frame: of training. window: the last frames that are
    learnt from. init: what learning goes on from, a shipped model's name or a model file. model: name in the registry
    of a network to begin with random weights, config: its arguments; with `init`, what that must be. Neither: SHIPPED.
    loss: name in LOSSES. batch: crops a step. crop: side in pixels, a multiple of the network's; None for 128, or less
    where frames are smaller. learning_rate: Adam's; None for RATE_FROM_MODEL or RATE_FROM_RANDOM. precision: of
    convolutions. variant: Mitsuba's.
    """

    path: str | os.PathLike | None = None
    frames: int = 24
    spp: int = 8
    size: tuple[int, int] | None = None
    steps_per_frame: int = 8
    window: int = 4
    init: str | None = None
    model: str | None = None
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    loss: str = "hdr"
    batch: int = 4
    crop: int | None = None
    learning_rate: float | None = None
    seed: int = 0
    precision: Literal["auto", "float32", "bf16"] = "auto"
    variant: str = "auto"


@dataclass(frozen=True)
class Row:
    """What is known of frame number `frame` once it is denoised; a line of `online.csv`.

    step: of training, so far. loss: mean over the frame's steps. held_back: how far what the network made of each of
    the two renders was from the other one, before it had learnt from either: `relmse_held_back`, mean of both, of the
    middle part, 512 x 512 at most, relative to what the model that learning began with made, smoothed.
    held_back_start: the same for that model; the network's relative mean squared error is lower by their difference, on
    average. None where learning began with random weights; then held_back is relative to what the network made.
    seconds: of rendering, learning and denoising; measuring is no part of them.
    """

    frame: int
    step: int
    loss: float
    held_back: float
    held_back_start: float | None
    render_seconds: float
    learn_seconds: float
    denoise_seconds: float


@dataclass(frozen=True)
class Progress:
    """Where a flight stands: frame number `frame` of `frames`, which is being rendered, or at `step` of `steps` of
    training, or finished: then `row` is what is known of it."""

    frame: int
    frames: int
    step: int
    steps: int
    row: Row | None = None


@dataclass(frozen=True)
class OnlineResult:
    """model: the file with the averaged weights. denoised: the folder of the frames. preview: the GIF. rows: of all
    frames. already_finished: nothing was left to do."""

    model: Path
    denoised: Path
    preview: Path
    rows: list[Row]
    already_finished: bool = False


def train_online(
    scene: str | os.PathLike,
    out: str | os.PathLike,
    options: OnlineOptions = OnlineOptions(),
    device: str = "auto",
    report: Callable[[Progress], None] = lambda progress: None,
) -> OnlineResult:
    """Fly through `scene`, a Mitsuba scene, and learn to denoise it on the way; no reference is rendered.

    Writes to the folder `out`, each file whole: `denoised/frame0000.exr`, ... (copies of a frame's first render with
    R, G, B replaced), `renders/<scene>/view000/r000.exr` and `r001.exr`, ... (view folders as training finds them),
    `path.json`, `online.csv` (a `Row` a frame), at the end `model.safetensors` and `flight.gif`, noisy beside denoised;
    and a checkpoint after every frame, from which an unfinished run with the same options goes on, on a CPU to the same
    bytes. A run with other options is refused, unless nothing of it is finished. report: called before a frame is
    rendered, after every step, and when a frame is finished.
    Raises SceneError, VariantError, ModelError or TrainingError; a loss that is not finite raises TrainingError and
    leaves what was finished.
    """
    keep_freed_memory()
    place = choose_device(device)
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise TrainingError("a flight is learnt from in one process: start it without torchrun.", misuse=True)
    options = _complete(options, place)
    keyframes = None if options.path is None else read_path(options.path)
    if keyframes is not None:
        cameras(keyframes, options.frames)  # one that cannot be flown is refused before anything is made
    beginning = _beginning(options)
    # Modes of the caller's do not matter here.
    with LocalFarm() as farm, torch.inference_mode(False), torch.autocast(place.type, enabled=False):
        return _fly(farm, Path(scene), Path(out), options, keyframes, beginning, place, report)


def _fly(
    farm: LocalFarm,
    scene: Path,
    out: Path,
    options: OnlineOptions,
    keyframes: list[Keyframe] | None,
    beginning: "_Beginning",
    device: torch.device,
    report: Callable[[Progress], None],
) -> OnlineResult:
    # Set up: what the run is, and whether there is one already.
    setting, description = describe(farm, find_scene(scene), options.size, options.seed)
    network = beginning.network
    crop = _crop(options, network, description.size)
    settings = _settings(options, keyframes, beginning) | {
        "scene": f"{setting.name} {description.digest}",
        "size": list(description.size),
        "crop": crop,
    }
    files = OnlineResult(out / "model.safetensors", out / "denoised", out / "flight.gif", [])
    saved = out / "checkpoint.safetensors"
    state, finished = _state_to_resume(out, saved, settings)
    if finished and files.model.is_file():
        return dataclasses.replace(files, rows=_read_rows(out, options.frames), already_finished=True)
    if state is None:
        samples = options.frames * 2 * options.spp * description.size[0] * description.size[1]
        variant = choose_variant(farm, options.variant, samples)
        listed = [dataclasses.asdict(key) for key in keyframes or arc(farm, setting)]
        state = {"online": settings, "variant": variant, "keyframes": listed, "frame": 0}
    setting = dataclasses.replace(setting, variant=state["variant"])
    keyframes = [Keyframe(**key) for key in state["keyframes"]]
    folder = out / "renders" / setting.name
    flight = Flight(farm, setting, description, cameras(keyframes, options.frames), options.spp, folder)

    # Network, averaged weights, optimizer; and what they began as, to compare with.
    start = None
    if options.init is not None:
        start = Denoiser(copy.deepcopy(network).eval(), str(device), options.precision, passes=1)
    if device.type == "cuda":
        network = network.to(device, memory_format=torch.channels_last)
    rate, bf16 = options.learning_rate, options.precision == "bf16"
    learning = Learning(crop, options.batch, rate, options.seed, loss=options.loss, bf16=bf16)
    learner = Learner(network, learning, device, FrameCache())
    denoiser = Denoiser(learner.averaged, str(device), options.precision, passes=1)
    try:
        files.denoised.mkdir(parents=True, exist_ok=True)
        atomic.remove_leftovers(files.denoised)
    except OSError as error:
        raise TrainingError(f"{out}: the folder of the run cannot be made: {error.strerror}.") from None
    if state["frame"]:
        learner.load(saved)
        _log.info("going on behind frame %d of %d", state["frame"], options.frames)
    else:
        learner.save(saved, state)
        _log.info("%s, at learning rate %g", beginning.reason, rate)
    write_path(out / "path.json", keyframes)
    width, height = description.size
    _log.info(
        f"{options.frames} frames of {width} x {height}, each rendered twice at {options.spp} spp ({setting.variant}); "
        f"{options.steps_per_frame} steps a frame, of {options.batch} crops of {crop} x {crop} from the last "
        f"{options.window} frames ({device}, {options.precision})"
    )
    if setting.split == "validation":
        _log.warning("%s is marked as validation, and is learnt from here: do not judge this model by it.", scene)

    # Fly.
    rows = _read_rows(out, state["frame"])
    views = {}
    steps = options.steps_per_frame
    for frame in range(state["frame"], options.frames):
        report(Progress(frame, options.frames, 0, steps))
        clock = _Clock()
        window = range(max(0, frame + 1 - options.window), frame + 1)
        views = {k: views[k] if k in views else flight.view(k) for k in window}
        pair = [read_frame(file) for file in views[frame].realizations]
        render_seconds = clock.lap()

        held_back, held_back_start = _held_back(pair, denoiser, start)  # before anything is learnt from them
        clock.lap()

        dataset = learner.dataset(list(views.values()))
        losses = []
        for k in range(steps):
            try:
                losses.append(learner.learn(dataset, learner.step / (options.frames * steps)))
            except TrainingError as error:
                raise TrainingError(f"{out}: frame {frame + 1} of {options.frames}: {error}") from None
            report(Progress(frame, options.frames, k + 1, steps))
        learn_seconds = clock.lap()

        images = [denoiser.denoise(one.radiance, one.albedo, one.normal) for one in pair]
        made_of = [one.attributes["fingerprint"] for one in pair]
        fingerprint = hashlib.blake2b(f"{__version__} {denoiser.identity} {made_of}".encode(), digest_size=16)
        replace_radiance(
            views[frame].realizations[0],
            files.denoised / f"frame{frame:04d}.exr",
            np.mean(images, axis=0, dtype=np.float32),
            attributes={FINGERPRINT: fingerprint.hexdigest()},
        )
        seconds = (render_seconds, learn_seconds, clock.lap())
        rows.append(Row(frame, learner.step, float(np.mean(losses)), held_back, held_back_start, *seconds))
        _write_rows(out, rows)
        state["frame"] = frame + 1
        learner.save(saved, state)
        report(Progress(frame, options.frames, steps, steps, rows[-1]))

    # Finish.
    _write_preview(files, flight, options.frames)
    summary = {
        "options": {name: value for name, value in settings.items() if name != "path"},
        "views": options.frames,
        "scenes": [setting.name],
        "realizations": [2],
        "validation_scenes": [],
        "steps": learner.step,
    }
    save_model(files.model, learner.averaged, summary)
    learner.save(saved, state, finished=True)
    return dataclasses.replace(files, rows=rows)


def _complete(options: OnlineOptions, device: torch.device) -> OnlineOptions:
    """The options with every default decided but that of the crop. Raises TrainingError if they make no sense."""
    if options.loss in GUIDED:
        raise TrainingError(
            f"{options.loss} learns from three renders of a view or more, and a frame of a flight has two.", misuse=True
        )
    if options.loss not in LOSSES:
        raise TrainingError(
            f"there is no loss called {options.loss!r}: choose one of {', '.join(LOSSES)}.", misuse=True
        )
    for name in ("frames", "spp", "steps_per_frame", "window", "batch"):
        if getattr(options, name) < 1:
            raise TrainingError(
                f"--{name.replace('_', '-')} must be 1 or more, not {getattr(options, name)}.", misuse=True
            )
    if options.frames > MOST_FRAMES:
        raise TrainingError(f"--frames may be {MOST_FRAMES} at most, not {options.frames}.", misuse=True)
    if options.size is not None and min(options.size) < 1:
        raise TrainingError(f"--size must be 1 x 1 or more, not {options.size[0]} x {options.size[1]}.", misuse=True)
    if options.init is None and options.model is None:
        options = dataclasses.replace(options, init=SHIPPED)
    if options.learning_rate is None:
        rate = RATE_FROM_RANDOM if options.init is None else RATE_FROM_MODEL
        options = dataclasses.replace(options, learning_rate=rate)
    if not (math.isfinite(options.learning_rate) and options.learning_rate > 0):
        raise TrainingError(
            f"--learning-rate must be a finite number above 0, not {options.learning_rate}.", misuse=True
        )
    if options.precision == "auto":
        options = dataclasses.replace(options, precision="bf16" if has_fast_bf16(device) else "float32")
    return options


@dataclass(frozen=True)
class _Beginning:
    """network: what learns. identity: in one text what it is before its first step. reason: why this one, for the
    user."""

    network: nn.Module
    identity: str
    reason: str


def _beginning(options: OnlineOptions) -> _Beginning:
    """Raises ModelError or TrainingError."""
    if options.init is None:
        torch.manual_seed(options.seed)
        network = create(options.model, **options.config)
        reason = f"beginning with random weights of {options.model}, as --model without --init says"
        return _Beginning(network, f"random {network.name} {network.config}", reason)
    network = load_start(options.init, options.model, options.config)
    digest = hashlib.blake2b(find_model(options.init).read_bytes(), digest_size=8).hexdigest()
    reason = f"going on from the model {options.init} ({network.name})"
    if options.init == SHIPPED:
        reason = (
            f"going on from the shipped model {SHIPPED} ({network.name}), as random weights (--model NAME) would be "
            "behind it for the first minutes"
        )
    return _Beginning(network, f"{digest} {options.config}" if options.config else digest, reason)


def _crop(options: OnlineOptions, network: nn.Module, size: tuple[int, int]) -> int:
    """The side of crops. Raises TrainingError if the one asked for does not suit the network."""
    if options.crop is None:
        side = max(_LEAST_CROP, min(_CROP, *size))
        return side // network.multiple * network.multiple
    if options.crop < 1 or options.crop % network.multiple:
        raise TrainingError(
            f"crops of {network.name} must be multiples of {network.multiple} pixels, not {options.crop}.", misuse=True
        )
    return options.crop


def _settings(options: OnlineOptions, keyframes: list[Keyframe] | None, beginning: _Beginning) -> dict[str, Any]:
    """What two runs must have in common to be one, JSON-able."""
    settings = dataclasses.asdict(options)
    del settings["model"], settings["config"]
    settings["init"] = beginning.identity
    settings["path"] = "arc" if keyframes is None else [dataclasses.asdict(key) for key in keyframes]
    return json.loads(json.dumps(settings))


def _state_to_resume(out: Path, saved: Path, settings: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    """(state of the run in `out`, or None if there is none of which anything is done; whether it is finished)."""
    if out.is_dir():
        atomic.remove_leftovers(out)
    if not saved.exists():
        if out.is_dir() and any(out.iterdir()):
            raise TrainingError(f"{out}: holds other files, and no flight to go on with: choose another --out.")
        return None, False
    there = checkpoint.read_state(saved)
    state = there["settings"]
    if not isinstance(state.get("online"), dict):
        raise TrainingError(f"{out}: holds a run of train without --online: choose another --out.")
    changed = [name for name, value in settings.items() if state["online"].get(name) != value]
    if changed and state["frame"]:
        said = ", ".join(f"{name} {_short(state['online'].get(name))} -> {_short(settings[name])}" for name in changed)
        raise TrainingError(f"{out} holds a flight with other options ({said}): choose another --out.")
    return (None if changed else state), there["finished"]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _held_back(pair: Sequence[Frame], denoiser: Denoiser, start: Denoiser | None) -> tuple[float, float | None]:
    """(held_back, held_back_start) of `Row`; at the exposure of the input, as `training.validation` measures."""
    window = tuple(slice(max(0, (n - _MEASURED_SIDE) // 2), (n + _MEASURED_SIDE) // 2) for n in pair[0].size[::-1])
    found, found_start = [], []
    for noisy, held_back in (pair, pair[::-1]):
        given = noisy.radiance[window], noisy.albedo[window], noisy.normal[window]
        scale = exposure(given[0])
        other = held_back.radiance[window] * scale
        denoised = denoiser.denoise(*given) * scale
        before = None if start is None else start.denoise(*given) * scale
        weight_of = _smoothed(denoised if before is None else before)
        found.append(relmse_held_back(denoised, other, weight_of))
        if before is not None:
            found_start.append(relmse_held_back(before, other, weight_of))
    return float(np.mean(found)), float(np.mean(found_start)) if found_start else None


def _smoothed(image: np.ndarray) -> np.ndarray:
    """Local means of `image` `[H, W, 3]`: relative to single pixels, those which came out too dark would weigh most."""
    return smooth(torch.from_numpy(image).permute(2, 0, 1), _SMOOTH).permute(1, 2, 0).numpy()


def _read_rows(out: Path, frames: int) -> list[Row]:
    """The lines of `online.csv` up to `frames` frames, as far as they can be read."""
    try:
        with (out / "online.csv").open(newline="", encoding="utf-8") as file:
            found = [
                Row(*(None if text == "" else kind(text) for kind, text in zip(_KINDS, line, strict=True)))
                for line in list(csv.reader(file))[1:]
            ]
    except (OSError, ValueError, csv.Error):
        return []
    return found[:frames]


def _write_rows(out: Path, rows: Sequence[Row]) -> None:
    lines = [",".join(_COLUMNS)]
    lines += [",".join(map(_cell, dataclasses.astuple(row))) for row in rows]
    atomic.write_text(out / "online.csv", "\n".join(lines) + "\n")


def _cell(value: float | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.6g}"


_COLUMNS = tuple(field.name for field in dataclasses.fields(Row))
_KINDS = (int, int, *[float] * (len(_COLUMNS) - 2))


def _write_preview(files: OnlineResult, flight: Flight, frames: int) -> None:
    """The GIF: of the shown frames the mean of both renders, and beside it the denoised frame."""
    pictures = []
    scale = None
    for frame in range(0, frames, -(-frames // _MOST_SHOWN)):
        noisy = [read_frame(file).radiance for file in flight.view(frame).realizations]
        denoised = read_frame(files.denoised / f"frame{frame:04d}.exr").radiance
        scale = exposure(denoised) if scale is None else scale  # one for all, so that it does not flicker
        pictures.append(beside([np.mean(noisy, axis=0, dtype=np.float32), denoised], scale, _PREVIEW_HEIGHT, _SHOWN))
    write_gif(files.preview, pictures)


class _Clock:
    """Seconds between one lap and the next."""

    def __init__(self):
        self._last = time.monotonic()

    def lap(self) -> float:
        last, self._last = self._last, time.monotonic()
        return self._last - last
