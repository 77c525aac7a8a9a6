"""Denoising frame files one after the other: the next is read and the last written while one is denoised."""

import contextlib
import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import torch

from mcdenoise import __version__
from mcdenoise.atomic import remove_leftovers, replacing
from mcdenoise.errors import FrameError, McdenoiseError, is_out_of_memory
from mcdenoise.exr import read_attributes, read_view_layers, replace_radiance
from mcdenoise.exr_layers import listed, shown_name
from mcdenoise.frame import Frame, mean_frame
from mcdenoise.inference.candidates import usable
from mcdenoise.inference.combine import Denoise, combine
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.files import Task
from mcdenoise.inference.repair import LARGEST, finite_radiance
from mcdenoise.tonemap import display, exposure

ERROR_CHANNEL = "error.Y"
"""The expected squared error of each pixel, mean over R, G and B; of further view layers with their names before it."""

FINGERPRINT = "mcdenoiseFingerprint"
"""Header attribute of a result: a hash of what it was made from and by."""

_AHEAD = 1  # frames that are read and not yet denoised, and as many that are denoised and not yet written


@dataclass(frozen=True)
class Applied:
    """What came of a task.

    kept: the result of the same frames, model and options was there already. notes: sentences on what was missing or
    had to differ. error: why it failed, or None. relmse: with realizations, the estimated relative mean squared error
    of the result. weights: what each denoiser and, as `input`, the noisy picture have in it.
    """

    task: Task
    seconds: float = 0.0
    kept: bool = False
    preview: Path | None = None
    relmse: float | None = None
    weights: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    error: str | None = None


@dataclass
class _Work:
    """A task on its way: what it was read as, and what came of it. By view layer: frames and denoised."""

    task: Task
    fingerprint: str
    applied: Applied
    frames: dict[str, list[Frame]] = field(default_factory=dict)
    noisy: np.ndarray | None = None
    denoised: dict[str, np.ndarray] = field(default_factory=dict)
    channels: dict[str, np.ndarray] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)


def apply(
    tasks: Sequence[Task],
    denoiser: Denoiser,
    preview: bool = False,
    denoisers: Mapping[str, Denoise] | None = None,
) -> Iterator[Applied]:
    """Denoise each task's frames and write its output, whole or not at all; one that fails is told, and others go on.

    The output is a copy of the first frame with its R, G, B replaced (see `exr.replace_radiance`), of all its view
    layers, and the attribute FINGERPRINT; an output with the same fingerprint is kept as it is. Several realizations
    are given to `combine` with `denoisers` (by default `denoiser` alone), and the output has one more channel,
    ERROR_CHANNEL. preview: also write a PNG beside the output, noisy on the left and denoised on the right. Results
    come in the order of the tasks.
    """
    found = dict(denoisers or {"model": denoiser.denoise})
    files = [(name, Path(name).stat().st_mtime_ns) for name in found if Path(name).is_file()]
    made_by = f"{__version__} {denoiser.identity} {list(found)} {files}"
    reading: deque[Future[_Work]] = deque()
    writing: deque[Future[_Work]] = deque()
    waiting = deque(tasks)
    _remove_leftovers(tasks)
    with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "write") as writer:

        def read_on() -> None:
            while waiting and len(reading) < _AHEAD:
                reading.append(reader.submit(_guarded, _read, waiting.popleft(), made_by, preview))

        try:
            read_on()
            while reading or writing:
                while writing and (writing[0].done() or len(writing) > _AHEAD or not reading):
                    work = writing.popleft().result()
                    yield replace(work.applied, seconds=time.perf_counter() - work.started)
                if reading:
                    work = reading.popleft().result()
                    read_on()
                    work = _guarded(_denoise, work, denoiser, found)
                    writing.append(writer.submit(_guarded, _write, work, preview))
        finally:
            for pool in (reader, writer):
                pool.shutdown(cancel_futures=True)


def _guarded(step: Callable[..., _Work], given: Task | _Work, *arguments: Any) -> _Work:
    """A step of a task; if it fails, the task has failed, and is passed on as such."""
    if isinstance(given, _Work) and (given.applied.error or given.applied.kept):
        return given
    task = given if isinstance(given, Task) else given.task
    try:
        return step(given, *arguments)
    except (McdenoiseError, OSError, MemoryError, ValueError, RuntimeError) as error:
        # A denoiser's library (torch, OIDN) tells of much, and of a lost device, by RuntimeError and several lines.
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        text = "out of memory" if is_out_of_memory(error) else first
        text = str(error) if isinstance(error, McdenoiseError) else f"{task.name}: {text}."
        return _Work(task, "", Applied(task, error=text))


def _read(task: Task, made_by: str, preview: bool) -> _Work:
    work = _Work(task, _fingerprint(task, made_by), Applied(task))
    shown = _preview_of(task) if preview else None
    if _fingerprint_in(task.output) == work.fingerprint and (shown is None or shown.is_file()):
        work.applied = Applied(task, kept=True, preview=shown)
        return work
    several = len(task.frames) > 1
    window = read_attributes(task.frames[0])["window"] if several else None
    for path in task.frames:
        found = read_view_layers(path)
        if several and read_attributes(path)["window"] != window:
            raise FrameError(f"{path}: has another data window than {task.frames[0]}.")
        if work.frames and found.keys() != work.frames.keys():
            raise FrameError(f"{path}: holds other view layers than {task.frames[0]}.")
        for layer, frame in found.items():
            size = work.frames.setdefault(layer, [frame])[0].size
            if frame.size != size:
                raise FrameError(f"{path}: is {frame.size}, but realizations of one view must all be {size}.")
            if path != task.frames[0]:
                work.frames[layer].append(frame)
    return work


def _denoise(work: _Work, denoiser: Denoiser, denoisers: Mapping[str, Denoise]) -> _Work:
    work.started = time.perf_counter()
    first = next(iter(work.frames))
    for layer in list(work.frames):
        frames = work.frames.pop(layer)
        of_layer = "" if layer == first else f": {shown_name(layer)}"
        notes = _mend(work.task, of_layer, frames)
        frame = mean_frame(frames) if len(frames) > 1 else frames[0]
        notes = _missing(work.task, of_layer, frames, frame) + notes
        if layer == first:
            work.noisy = frame.radiance
        if len(frames) == 1:
            work.denoised[layer] = denoiser.denoise(frame.radiance, frame.albedo, frame.normal)
        else:
            found = usable(denoisers, frame.albedo is not None)
            del frame  # `combine` makes its own mean, and needs the memory
            combined = combine(frames, list(found.values()))
            work.denoised[layer] = combined.radiance
            work.channels[ERROR_CHANNEL if layer == first else f"{layer}.{ERROR_CHANNEL}"] = combined.error
            if layer == first:
                weights = dict(zip(found, map(float, combined.weights), strict=True))
                weights |= {"input": float(combined.kept[0])}
                work.applied = replace(work.applied, relmse=combined.relmse, weights=weights)
            else:
                notes.append(f"{work.task.name}{of_layer}: estimated relMSE {combined.relmse:.3g}.")
        work.applied = replace(work.applied, notes=[*work.applied.notes, *notes])
    return work


def _mend(task: Task, of_layer: str, frames: list[Frame]) -> list[str]:
    """Notes on values of radiance that are none; of several realizations they are mended in place.

    By its file's name what is wrong with a realization is told here, and so not again by its number.
    """
    if len(frames) == 1:
        return _odd_values(task.name + of_layer, frames[0].radiance)
    notes = []
    for index, path in enumerate(task.frames):
        radiance = frames[index].radiance
        notes += _odd_values(f"{path}{of_layer}", radiance)
        frames[index] = replace(frames[index], radiance=finite_radiance(torch.from_numpy(radiance)).numpy())
    return notes


def _write(work: _Work, preview: bool) -> _Work:
    task = work.task
    try:
        task.output.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FrameError(f"{task.output.parent}: the folder cannot be made: it is there, and is no folder.") from None
    except OSError as error:
        raise FrameError(f"{task.output.parent}: the folder cannot be made: {error.strerror}.") from None
    attributes = {FINGERPRINT: work.fingerprint}
    notes = replace_radiance(task.frames[0], task.output, work.denoised, work.channels, attributes)
    shown = None
    if preview:
        shown = _preview_of(task)
        denoised = next(iter(work.denoised.values()))
        scale = exposure(denoised)
        try:
            with replacing(shown) as temporary:
                both = [display(work.noisy, scale), display(denoised, scale)]
                imageio.imwrite(temporary, np.concatenate(both, axis=1))
        except OSError as error:
            raise FrameError(f"{shown}: cannot be written: {error.strerror or error}.") from None
    if len(work.denoised) > 1:
        notes.append(f"{task.name}: its view layers are denoised, each by itself: {listed(work.denoised)}.")
    work.applied = replace(work.applied, preview=shown, notes=[*work.applied.notes, *notes])
    work.noisy, work.denoised, work.channels = None, {}, {}
    return work


def _remove_leftovers(tasks: Sequence[Task]) -> None:
    """What a run that was killed left half-written of these results; a folder may hold what others write just now."""
    names: dict[Path, set[str]] = {}
    for task in tasks:
        names.setdefault(task.output.parent, set()).update((task.output.name, _preview_of(task).name))
    for folder, of_results in names.items():
        with contextlib.suppress(OSError):  # a folder that cannot be written is told of when a result is
            remove_leftovers(folder, names=of_results)


def _preview_of(task: Task) -> Path:
    return task.output.with_suffix(".png")


def _fingerprint(task: Task, made_by: str) -> str:
    """Of the frames as their files are now, and of what denoises them."""
    hasher = hashlib.blake2b(made_by.encode(), digest_size=16)
    for path in task.frames:
        try:
            stat = path.stat()
        except OSError as error:
            raise FrameError(f"{path}: cannot be read: {error.strerror}.") from None
        hasher.update(
            f"\0{os.path.realpath(path)}\0{stat.st_size}\0{stat.st_mtime_ns}".encode(errors="surrogateescape")
        )
    return hasher.hexdigest()


def _fingerprint_in(output: Path) -> str | None:
    if not output.is_file():
        return None
    try:
        return str(read_attributes(output).get(FINGERPRINT))
    except FrameError:
        return None  # half a file of somebody else's, or none of ours: it is replaced


def _missing(task: Task, of_layer: str, frames: Sequence[Frame], frame: Frame) -> list[str]:
    """What features of a frame, the mean of `frames`, are missing, and if there are some, from which of them."""
    missing = [feature for feature in ("albedo", "normal") if getattr(frame, feature) is None]
    if not missing:
        return []
    without = [
        str(path) + of_layer
        for path, own in zip(task.frames, frames, strict=True)
        if any(getattr(own, feature) is None for feature in missing)
    ]
    where = task.name + of_layer if len(without) == len(frames) else listed(without)
    return [f"{where}: no {' and no '.join(missing)} in it; denoised without, which costs quality."]


def _odd_values(name: str, radiance: np.ndarray) -> list[str]:
    """What the user should know of the pixels of a frame. Raises FrameError if none of them can be used."""
    notes = []
    finite = np.isfinite(radiance).all(axis=2)
    if not finite.any():
        raise FrameError(f"{name}: all pixels are NaN or Inf.")
    if not finite.all():
        notes.append(f"{name}: {int((~finite).sum())} pixels are NaN or Inf and take their neighbours' median.")
    for odd, what in (
        (radiance < 0, "negative and count as zero"),
        (radiance > LARGEST, f"above {LARGEST:g} and count as that"),
    ):
        count = int((odd.any(axis=2) & finite).sum())
        if count:
            notes.append(f"{name}: {count} pixels are {what}.")
    return notes
