"""Denoising frame files: which, where to, and one at a time."""

import glob
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from mcdenoise.atomic import replacing
from mcdenoise.errors import FrameError, McdenoiseError, is_out_of_memory
from mcdenoise.exr import read_frame, replace_radiance
from mcdenoise.frame import mean_frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.tonemap import display, exposure

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
    """What came of a task. notes: sentences on what was missing or had to differ. error: why it failed, or None."""

    task: Task
    seconds: float = 0.0
    preview: Path | None = None
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


def apply(tasks: Sequence[Task], denoiser: Denoiser, preview: bool = False) -> Iterator[Applied]:
    """Denoise each task's frames and write its output, whole or not at all; one that fails is told, and others go on.

    The output is a copy of the first frame with its R, G, B replaced (see `exr.replace_radiance`). preview: also write
    a PNG beside the output, noisy on the left and denoised on the right.
    """
    for task in tasks:
        started = time.perf_counter()
        try:
            shown, notes = _apply(task, denoiser, preview)
        except (McdenoiseError, OSError, MemoryError, ValueError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not is_out_of_memory(error):
                raise
            text = "out of memory" if is_out_of_memory(error) else str(error)
            yield Applied(task, error=text if isinstance(error, McdenoiseError) else f"{task.name}: {text}.")
        else:
            yield Applied(task, time.perf_counter() - started, shown, notes)


def _apply(task: Task, denoiser: Denoiser, preview: bool) -> tuple[Path | None, list[str]]:
    frames = [read_frame(path) for path in task.frames]
    for path, frame in zip(task.frames[1:], frames[1:], strict=True):
        if frame.size != frames[0].size:
            raise FrameError(f"{path}: is {frame.size}, but realizations of one view must all be {frames[0].size}.")
    frame = mean_frame(frames) if len(frames) > 1 else frames[0]
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
    denoised = denoiser.denoise(frame.radiance, frame.albedo, frame.normal)
    try:
        task.output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FrameError(f"{task.output.parent}: the folder cannot be made: {error.strerror}.") from None
    notes += replace_radiance(task.frames[0], task.output, denoised)
    if not preview:
        return None, notes
    shown = task.output.with_suffix(".png")
    scale = exposure(denoised)
    with replacing(shown) as temporary:
        imageio.imwrite(temporary, np.concatenate([display(frame.radiance, scale), display(denoised, scale)], axis=1))
    return shown, notes
