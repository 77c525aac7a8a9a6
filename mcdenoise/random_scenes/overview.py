"""What a folder of random scenes holds: a contact sheet, and a table of how often each thing occurs."""

import json
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mcdenoise.atomic import replacing, write_text
from mcdenoise.errors import SceneError
from mcdenoise.exr import read_frame
from mcdenoise.rendering.farm import FrameRendered, RenderOptions, SceneFailed, render
from mcdenoise.tonemap import display

_log = logging.getLogger(__name__)

_HEADINGS = {
    "kind": "Kind",
    "composition": "Composition",
    "elements": "Element",
    "bsdfs": "BSDF",
    "textures": "Texture",
    "effects": "Effect",
}
_TILE = (192, 144)
_GAP = 4


def scene_folders(out: str | os.PathLike) -> list[Path]:
    """The random scenes in `out` that are whole, sorted. Raises SceneError if there are none."""
    folders = sorted(path.parent for path in Path(out).glob("random-*/about.json"))
    found = [folder for folder in folders if (folder / "scene.xml").is_file()]
    if not found:
        raise SceneError(f"{out}: no random scenes there: make some with `mcdenoise scenes {out} --count 64`.")
    return found


def contact_sheet(
    folders: list[Path],
    png: Path,
    denoise: Callable[[np.ndarray, np.ndarray | None, np.ndarray | None], np.ndarray],
    columns: int = 8,
    spp: int = 8,
) -> Iterator[Path]:
    """Render every scene with `spp` samples per pixel into one PNG; yields each folder when it is done.

    The pictures are as bright as the scenes' light makes them. denoise: gives radiance `[h, w, 3]` from noisy radiance,
    albedo and normal of that shape. A scene that fails leaves its place empty, and is named in a warning.
    """
    rows = -(-len(folders) // columns)
    wide, tall = _TILE
    sheet = Image.new("RGB", (columns * (wide + _GAP) + _GAP, rows * (tall + _GAP) + _GAP), (24, 24, 24))
    places = {folder.name: place for place, folder in enumerate(folders)}
    with tempfile.TemporaryDirectory() as work:
        scenes = [folder / "scene.xml" for folder in folders]
        for event in render(scenes, work, "auto", RenderOptions(spp=spp, realizations=1)):
            if isinstance(event, SceneFailed):
                _log.warning("%s: %s", event.path, event.reason)
            elif isinstance(event, FrameRendered):
                frame = read_frame(event.file)
                event.file.unlink()
                picture = Image.fromarray(display(denoise(frame.radiance, frame.albedo, frame.normal)))
                picture.thumbnail(_TILE, Image.Resampling.LANCZOS)
                place = places[event.scene]
                x = _GAP + place % columns * (wide + _GAP) + (wide - picture.width) // 2
                y = _GAP + place // columns * (tall + _GAP) + (tall - picture.height) // 2
                sheet.paste(picture, (x, y))
                yield folders[place]
    with replacing(png) as temporary:
        sheet.save(temporary, format="PNG", optimize=True)


def occurrence_table(folders: list[Path]) -> str:
    """Markdown tables of the share of scenes in which each kind, element, material, texture and effect occurs."""
    abouts = [_about(folder) for folder in folders]
    lines = [f"{len(abouts)} scenes."]
    for key, heading in _HEADINGS.items():
        counts: Counter[str] = Counter()
        for about in abouts:
            value = about[key]
            counts.update([value] if isinstance(value, str) else set(value))
        lines += ["", f"| {heading} | scenes |", "| --- | ---: |"]
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        lines += [f"| {name} | {100 * count / len(abouts):.1f}% |" for name, count in ordered]
    return "\n".join(lines) + "\n"


def _about(folder: Path) -> dict[str, Any]:
    path = folder / "about.json"
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if not set(_HEADINGS) <= set(about):
            raise ValueError
    except (OSError, ValueError, TypeError):
        raise SceneError(f"{path}: is damaged: delete {folder}, and make that scene again.") from None
    return about


def write_table(folders: list[Path], path: Path) -> None:
    write_text(path, occurrence_table(folders))
