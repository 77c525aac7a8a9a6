"""Which frame files are denoised together, and where the results go."""

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcdenoise.errors import FrameError

_SUFFIX = ".denoised.exr"
_OTHER_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".hdr", ".pfm", ".bmp", ".webp")
_REALIZATION = re.compile(r"r\d+\.exr")


@dataclass(frozen=True)
class Task:
    """Frames that give one result: one frame, or independent realizations of one view. name: what the user gave."""

    name: str
    frames: tuple[Path, ...]
    output: Path


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
                raise FrameError(
                    f"{source}: is not a view folder (looked for r000.exr, r001.exr, ... in it).", misuse=True
                )
            groups.append((path.resolve().parent / f"{path.resolve().name}.exr", frames))
        elif path.exists() or not glob.has_magic(source):
            groups.append((path, (path,)))
        else:
            matches = [Path(match) for match in sorted(glob.glob(source)) if not match.endswith(_SUFFIX)]
            if not matches:
                raise FrameError(f"{source}: no file matches.", misuse=True)
            groups += [(match, (match,)) for match in matches]
    if realizations:
        groups = [(groups[0][0], tuple(frame for _, frames in groups for frame in frames))]
        if len(groups[0][1]) < 2:
            raise FrameError("--realizations: give two independent renders of one view or more.", misuse=True)
    resolved = [os.path.realpath(frame) for _, frames in groups for frame in frames]  # takes links in a circle too
    if realizations and len(set(resolved)) < len(resolved):
        raise FrameError(
            "--realizations: a frame is given twice, and renders of one view must be independent.", misuse=True
        )
    is_folder = out is not None and (Path(out).is_dir() or os.fspath(out).endswith(("/", os.sep)))
    as_file = out is not None and Path(out).suffix.lower() == ".exr" and not is_folder
    if out is not None and not is_folder and Path(out).suffix.lower() in _OTHER_PICTURES:
        raise FrameError(f"--out {out}: results are EXR files; name one, or a folder.", misuse=True)
    if as_file and len(groups) > 1:
        raise FrameError(
            f"--out {out} names one file, but there are {len(groups)} results: give a folder.", misuse=True
        )
    tasks = []
    for name, frames in groups:
        beside = name.with_name(name.stem + _SUFFIX)
        output = beside if out is None else Path(out) if as_file else Path(out) / name.name
        together = f"{name} and {len(frames) - 1} more" if realizations else str(frames[0].parent)
        tasks.append(Task(str(name) if len(frames) == 1 else together, frames, output))
    inputs = set(resolved)
    outputs = [os.path.realpath(task.output) for task in tasks]
    for task, output in zip(tasks, outputs, strict=True):
        if output in inputs:
            raise FrameError(
                f"{task.output}: is an input; choose another --out, so that the noisy frame is kept.", misuse=True
            )
        if outputs.count(output) > 1:
            raise FrameError(
                f"{task.output}: would hold several results, as inputs share a name; use several --out.", misuse=True
            )
    return tasks
