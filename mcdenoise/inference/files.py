"""Denoising frame files: which, where to, and one at a time."""

import glob
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from mcdenoise.atomic import replacing
from mcdenoise.errors import FrameError, McdenoiseError, is_out_of_memory
from mcdenoise.exr import read_frame, replace_radiance
from mcdenoise.frame import Frame, mean_frame
from mcdenoise.inference.candidates import usable
from mcdenoise.inference.combine import Denoise, combine
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.tonemap import display, exposure

ERROR_CHANNEL = "error.Y"
"""The expected squared error of each pixel, mean over R, G and B."""

_SUFFIX = ".denoised.exr"
_REALIZATION = re.compile(r"r\d+\.exr")


@dataclass(frozen=True)
class Task:
    """Frames that give one result: one frame, or independent realizations of one view. name: what the user gave."""

    name: str
    frames: tuple[Path, ...]
    output: Path


@dataclass(frozen=True)
class Applied:
    """What came of a task.

    notes: sentences on what was missing or had to differ. error: why it failed, or None. relmse: with realizations, the
    estimated relative mean squared error of the result. weights: what each denoiser and, as `input`, the noisy picture
    have in it.
    """

    task: Task
    seconds: float = 0.0
    preview: Path | None = None
    relmse: float | None = None
    weights: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    error: str | None = None


def plan(sources: Sequence[str | os.PathLike], out: str | os.PathLike | None, realizations: bool) -> list[Task]:
    """What to denoise into which files.

    sources: EXR files, globs, and view folders (whose realizations r000.exr, ... are used together). A glob leaves out
    earlier results (`*.denoised.exr`). out: None for `<name>.denoised.exr` beside the input, a folder where files keep
    their names, or a file name ending in .exr if there is one result. realizations: all files are renders of one view
    and give one result. Raises FrameError if a source is missing or outputs would fall on inputs or each other.
    """
    groups: list[tuple[Path, tuple[Path, ...]]] = []
    for source in map(str, sources):
        path = Path(source)
        if path.is_dir():
            frames = tuple(sorted(child for child in path.iterdir() if _REALIZATION.fullmatch(child.name)))
            if not frames:
                raise FrameError(f"{source}: is not a view folder (looked for r000.exr, r001.exr, ... in it).")
            groups.append((path.resolve().parent / f"{path.resolve().name}.exr", frames))
        elif path.exists() or not glob.has_magic(source):
            groups.append((path, (path,)))
        else:
            matches = [Path(match) for match in sorted(glob.glob(source)) if not match.endswith(_SUFFIX)]
            if not matches:
                raise FrameError(f"{source}: no file matches.")
            groups += [(match, (match,)) for match in matches]
    if realizations:
        groups = [(groups[0][0], tuple(frame for _, frames in groups for frame in frames))]
    resolved = [frame.resolve() for _, frames in groups for frame in frames]
    if realizations and len(set(resolved)) < len(resolved):
        raise FrameError("--realizations: a frame is given twice, and renders of one view must be independent.")
    as_file = out is not None and Path(out).suffix.lower() == ".exr" and not Path(out).is_dir()
    if as_file and len(groups) > 1:
        raise FrameError(f"--out {out} names one file, but there are {len(groups)} results: give a folder.")
    tasks = []
    for name, frames in groups:
        beside = name.with_name(name.stem + _SUFFIX)
        output = beside if out is None else Path(out) if as_file else Path(out) / name.name
        tasks.append(Task(str(name) if len(frames) == 1 else str(frames[0].parent), frames, output))
    inputs = {frame.resolve() for task in tasks for frame in task.frames}
    outputs = [task.output.resolve() for task in tasks]
    for task, output in zip(tasks, outputs, strict=True):
        if output in inputs:
            raise FrameError(f"{task.output}: is an input; choose another --out, so that the noisy frame is kept.")
        if outputs.count(output) > 1:
            raise FrameError(f"{task.output}: would hold several results, as inputs share a name; use several --out.")
    return tasks


def apply(
    tasks: Sequence[Task],
    denoiser: Denoiser,
    preview: bool = False,
    denoisers: Mapping[str, Denoise] | None = None,
) -> Iterator[Applied]:
    """Denoise each task's frames and write its output, whole or not at all; one that fails is told, and others go on.

    The output is a copy of the first frame with its R, G, B replaced (see `exr.replace_radiance`). Several realizations
    are given to `combine` with `denoisers` (by default `denoiser` alone), and the output has one more channel,
    `error.Y`: the expected squared error of each pixel. preview: also write a PNG beside the output, noisy on the left
    and denoised on the right.
    """
    for task in tasks:
        started = time.perf_counter()
        try:
            applied = _apply(task, denoiser, preview, denoisers or {"model": denoiser.denoise})
        except (McdenoiseError, OSError, MemoryError, ValueError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not is_out_of_memory(error):
                raise
            text = "out of memory" if is_out_of_memory(error) else str(error)
            yield Applied(task, error=text if isinstance(error, McdenoiseError) else f"{task.name}: {text}.")
        else:
            yield replace(applied, seconds=time.perf_counter() - started)


def _apply(task: Task, denoiser: Denoiser, preview: bool, denoisers: Mapping[str, Denoise]) -> Applied:
    frames = [read_frame(path) for path in task.frames]
    for path, frame in zip(task.frames[1:], frames[1:], strict=True):
        if frame.size != frames[0].size:
            raise FrameError(f"{path}: is {frame.size}, but realizations of one view must all be {frames[0].size}.")
    frame = mean_frame(frames) if len(frames) > 1 else frames[0]
    notes = _notes(task, frame)
    relmse, weights, channels = None, {}, {}
    if len(frames) > 1:
        found = usable(denoisers, frame.albedo is not None)
        combined = combine(frames, list(found.values()))
        denoised, relmse = combined.radiance, combined.relmse
        weights = dict(zip(found, map(float, combined.weights), strict=True)) | {"input": float(combined.kept[0])}
        channels = {ERROR_CHANNEL: combined.error}
    else:
        denoised = denoiser.denoise(frame.radiance, frame.albedo, frame.normal)
    try:
        task.output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FrameError(f"{task.output.parent}: the folder cannot be made: {error.strerror}.") from None
    notes += replace_radiance(task.frames[0], task.output, denoised, channels)
    shown = None
    if preview:
        shown = task.output.with_suffix(".png")
        scale = exposure(denoised)
        with replacing(shown) as temporary:
            both = [display(frame.radiance, scale), display(denoised, scale)]
            imageio.imwrite(temporary, np.concatenate(both, axis=1))
    return Applied(task, preview=shown, notes=notes, relmse=relmse, weights=weights)


def _notes(task: Task, frame: Frame) -> list[str]:
    """What the user should know of the frame that is denoised."""
    notes = []
    missing = [name for name in ("albedo", "normal") if getattr(frame, name) is None]
    if missing:
        notes.append(f"{task.name}: no {' and no '.join(missing)} in it; denoised without, which costs quality.")
    invalid = int((~np.isfinite(frame.radiance)).any(axis=2).sum())
    if invalid:
        notes.append(f"{task.name}: {invalid} pixels are NaN or Inf and take their neighbours' median.")
    if (frame.radiance < 0).any():
        notes.append(
            f"{task.name}: {int((frame.radiance < 0).any(axis=2).sum())} pixels are negative and count as zero."
        )
    return notes
