"""What lies in a folder of renders: views, each with its independent realizations."""

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcdenoise.errors import DataError, FrameError
from mcdenoise.exr import read_attributes

_log = logging.getLogger(__name__)

_REALIZATION = re.compile(r"r\d+\.exr")
_REFERENCES = ("ref_a.exr", "ref_b.exr")


@dataclass(frozen=True)
class View:
    """One camera in one scene.

    realizations: two or more frame files, independent renders at the same spp. references: two independent halves of a
    long render, or none. size: (width, height). split: `train` or `validation`, as the scene was marked.
    """

    folder: Path
    realizations: tuple[Path, ...]
    references: tuple[Path, ...]
    size: tuple[int, int]
    split: Literal["train", "validation"]


def find_views(renders: str | os.PathLike) -> list[View]:
    """The views below the folder `renders` (or the one that it is), sorted by folder; headers are read, pixels not.

    A frame whose header is broken, or whose size or channels differ from most of its siblings, is left out with a
    warning; so is a view that has fewer than two realizations left. Raises DataError if nothing usable is there.
    """
    renders = Path(renders)
    if not renders.is_dir():
        raise DataError(
            f"{renders}: no such folder of renders: make one with `mcdenoise render SCENES --out {renders}`."
        )
    views = []
    seen: set[Path] = set()
    for folder, subfolders, names in os.walk(renders, followlinks=True):
        seen.add(Path(folder).resolve())
        subfolders[:] = sorted(name for name in subfolders if (Path(folder) / name).resolve() not in seen)
        files = sorted(Path(folder) / name for name in names if _REALIZATION.fullmatch(name))
        if files:
            view = _view(Path(folder), files)
            if view is not None:
                views.append(view)
    if not views:
        raise DataError(
            f"{renders}: nothing to train on: looked for folders with two or more frames "
            "r000.exr, r001.exr, ... of one view, readable and of one size."
        )
    return sorted(views, key=lambda view: view.folder)


def _view(folder: Path, files: list[Path]) -> View | None:
    headers = {}
    for file in files + [folder / name for name in _REFERENCES if (folder / name).is_file()]:
        try:
            headers[file] = read_attributes(file)
        except FrameError as error:
            _log.warning("skipped: %s", error)
    kinds = [
        (header["size"], tuple(header["channels"]), header.get("spp")) for header in map(headers.get, files) if header
    ]
    if kinds:
        usual = max(kinds, key=kinds.count)
        for file, header in list(headers.items()):
            reference = file.name in _REFERENCES
            kind = (header["size"], tuple(header["channels"]), usual[2] if reference else header.get("spp"))
            if kind != usual:
                what = "size" if kind[0] != usual[0] else "channels" if kind[1] != usual[1] else "spp"
                _log.warning("skipped: %s: its %s differs from that of its siblings.", file, what)
                del headers[file]
    realizations = tuple(file for file in files if file in headers)
    references = tuple(folder / name for name in _REFERENCES if folder / name in headers)
    if len(realizations) < 2:
        _log.warning("skipped: %s: a view needs two realizations, and %d is usable.", folder, len(realizations))
        return None
    header = headers[realizations[0]]
    split = "validation" if header.get("split") == "validation" else "train"
    return View(folder, realizations, references if len(references) == 2 else (), header["size"], split)
