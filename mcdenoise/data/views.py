"""What lies in a folder of renders: views, each with its independent realizations."""

import logging
import os
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcdenoise.data import naming
from mcdenoise.data.stored import parts_of
from mcdenoise.errors import DataError, FrameError
from mcdenoise.exr import read_attributes

_log = logging.getLogger(__name__)

_REALIZATION = re.compile(r"r\d+\.exr")
_TARGET = re.compile(r"t\d+\.exr")
_REFERENCES = ("ref_a.exr", "ref_b.exr")

First = Callable[[str], bool]
"""Whether this process is the first to say something about the file of that name: of several, one warns."""


def always(name: str) -> bool:
    """The `First` of a process that is alone."""
    return True


@dataclass(frozen=True)
class View:
    """One camera in one scene.

    folder: of its frames; in OIDN's naming, where several views share a folder, that folder and the view's name.
    realizations: noisy frame files. independent: whether they are two or more independent renders at the same spp, so
    that one can be the target of another; if not, there is a reference. references: two independent halves of a long
    render, a single one, or none. size: (width, height). split: `train` or `validation`, as the scene was marked.
    """

    folder: Path
    realizations: tuple[Path, ...]
    references: tuple[Path, ...]
    size: tuple[int, int]
    split: Literal["train", "validation"]
    independent: bool = True
    targets: tuple[Path, ...] = ()


def find_views(renders: str | os.PathLike, first: First = always) -> list[View]:
    """The views below the folder `renders` (or the one that it is), sorted by folder; headers are read, pixels not.

    Understands our layout, with targets `t000.exr`, ..., of an spp of their own, and the naming of OIDN's training
    toolkit (`mcdenoise.data.naming`). Images of that naming count as independent where each says in its header which
    realization it is, as `export_oidn` writes; renders at different spp may share samples. A frame whose header is
    broken, or whose size or channels differ from most of its siblings, is left out with a warning; so is a view that
    has neither two independent realizations nor a reference in that naming. Raises DataError if nothing is usable.
    """
    renders = Path(renders)
    if not renders.is_dir():
        raise DataError(
            f"{renders}: no such folder of renders: make one with `mcdenoise render SCENES --out {renders}`.",
            misuse=True,
        )
    views: list[View | None] = []
    seen: set[Path] = set()
    for folder, subfolders, names in os.walk(renders, followlinks=True):
        seen.add(Path(folder).resolve())
        subfolders[:] = sorted(name for name in subfolders if (Path(folder) / name).resolve() not in seen)
        files = sorted(Path(folder) / name for name in names if _REALIZATION.fullmatch(name))
        if files:
            targets = sorted(Path(folder) / name for name in names if _TARGET.fullmatch(name))
            views.append(_view(Path(folder), files, targets, first))
        images: dict[str, dict[Path, int | None]] = defaultdict(dict)
        for name in sorted(names):
            parsed = naming.parse(name)
            if parsed is not None:
                images[parsed.view][Path(folder) / name] = parsed.spp
        views += [_oidn_view(Path(folder) / view, found, first) for view, found in images.items()]
    usable = [view for view in views if view is not None]
    if not usable:
        raise DataError(
            f"{renders}: nothing to train on: looked for folders with two or more frames r000.exr, r001.exr, ... of "
            "one view, readable and of one size, and for images view_0008spp.hdr.exr with view_ref.hdr.exr."
        )
    return sorted(usable, key=lambda view: view.folder)


def _view(folder: Path, files: list[Path], targets: list[Path], first: First) -> View | None:
    present = [folder / name for name in _REFERENCES if (folder / name).is_file()]
    headers = _headers(files + present + targets, first)
    kinds = {file: (header["size"], tuple(header["channels"]), header.get("spp")) for file, header in headers.items()}
    usual = _usual([kinds[file] for file in files if file in kinds])
    learnt = {file: kinds.pop(file) for file in targets if file in kinds}
    for file in [file for file in kinds if file in present and usual is not None]:
        kinds[file] = (kinds[file][0], *usual[1:])  # of a reference only radiance is wanted
    names = ("size", "channels", "spp")
    _leave_out_others(kinds, usual, names, first)
    if usual and learnt:  # targets have a number of samples of their own
        (samples,) = _usual([kind[2:] for kind in learnt.values()])
        _leave_out_others(learnt, (*usual[:2], samples), names, first)
        if learnt and None not in (samples, usual[2]) and samples <= usual[2] and first(str(folder)):
            _log.warning("%s: its targets (t000.exr, ...) have no more samples than what they are learnt for.", folder)
    realizations = tuple(file for file in files if file in kinds)
    references = tuple(file for file in present if file in kinds)
    if not realizations or (len(realizations) < 2 and not references):
        _warn(first, folder, "a view needs two realizations, and %d is usable.", len(realizations))
        return None
    header = headers[realizations[0]]
    independent = len(realizations) > 1
    return View(folder, realizations, references, header["size"], _split(header), independent, tuple(learnt))


def _oidn_view(folder: Path, images: dict[Path, int | None], first: First) -> View | None:
    """folder: the view's name in its folder. images: files with radiance, and their spp (None: a reference)."""
    headers = _headers(list(images), first)
    noisy = [file for file in headers if images[file] is not None]
    references = [file for file in headers if images[file] is None]
    stated = [headers[file].get("realization") for file in noisy]
    independent = len(noisy) > 1 and None not in stated and len(set(stated)) == len(noisy)
    if not references and not independent and len({images[file] for file in noisy}) > 1:
        references = [max(noisy, key=lambda file: images[file])]  # as the toolkit has it
        noisy.remove(references[0])
    same_spp = {file: images[file] if independent else None for file in noisy}
    kinds = {
        file: (headers[file]["size"], tuple(part.name[-7:].lower() for part in parts_of(file)), same_spp[file])
        for file in noisy
    }
    usual = _usual(list(kinds.values()))
    _leave_out_others(kinds, usual, ("size", "features", "spp"), first)
    chosen = tuple(file for file in references[-1:] if usual and headers[file]["size"] == usual[0])
    if references and usual and not chosen:
        _warn(first, references[-1], "its size differs from that of its siblings.")
    independent = independent and len(kinds) > 1
    if not kinds or not (independent or chosen):
        _warn(
            first,
            folder,
            "in OIDN's naming a view needs a reference (%s), or two images whose headers say that they are different "
            "realizations.",
            naming.reference_name(folder.name),
        )
        return None
    header = headers[next(iter(kinds))]
    return View(folder, tuple(kinds), chosen, header["size"], _split(header), independent)


def _headers(files: list[Path], first: First) -> dict[Path, dict[str, Any]]:
    headers = {}
    for file in files:
        try:
            headers[file] = read_attributes(file)
        except FrameError as error:
            if first(str(file)):
                _log.warning("skipped: %s", error)
    return headers


def _usual(kinds: list[tuple]) -> tuple | None:
    return max(kinds, key=kinds.count) if kinds else None


def _leave_out_others(kinds: dict[Path, tuple], usual: tuple | None, names: tuple[str, ...], first: First) -> None:
    for file, kind in list(kinds.items()):
        if kind != usual:
            what = next(name for name, one, other in zip(names, kind, usual or kind, strict=True) if one != other)
            _warn(first, file, "its %s differs from that of its siblings.", what)
            del kinds[file]


def _warn(first: First, path: Path, reason: str, *arguments: object) -> None:
    if first(str(path)):
        _log.warning(f"skipped: %s: {reason}", path, *arguments)


def _split(header: dict[str, Any]) -> Literal["train", "validation"]:
    return "validation" if header.get("split") == "validation" else "train"
