"""What a folder of random scenes holds: a contact sheet, and a table of how often each thing occurs."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio.v3 as iio
import mitsuba as mi
import numpy as np

from mcdenoise.atomic import replacing, write_text
from mcdenoise.errors import SceneError
from mcdenoise.rendering import scene as mitsuba_scene
from mcdenoise.tonemap import display

_TILE = (192, 144)
_GAP = 4


def scene_folders(out: str | os.PathLike) -> list[Path]:
    """The random scenes in `out`, sorted. Raises SceneError if there are none."""
    found = sorted(path.parent for path in Path(out).glob("random-*/about.json"))
    if not found:
        raise SceneError(f"{out}: no random scenes there: make some with `mcdenoise scenes {out} --count 64`.")
    return found


def contact_sheet(
    folders: list[Path],
    png: Path,
    denoise: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    columns: int = 8,
    spp: int = 16,
) -> Iterator[Path]:
    """Render every scene small into one PNG; yields each folder when it is done.

    The pictures are as bright as the scenes' light makes them. denoise: gives radiance `[h, w, 3]` from noisy radiance,
    albedo and normal of that shape.
    """
    rows = -(-len(folders) // columns)
    wide, tall = _TILE
    sheet = np.full((rows * (tall + _GAP) + _GAP, columns * (wide + _GAP) + _GAP, 3), 24, dtype=np.uint8)
    with mitsuba_scene.variant("scalar_rgb"):
        mi.set_log_level(mi.LogLevel.Error)
        for place, folder in enumerate(folders):
            picture = _picture(folder / "scene.xml", spp, denoise)
            y = _GAP + place // columns * (tall + _GAP) + (tall - picture.shape[0]) // 2
            x = _GAP + place % columns * (wide + _GAP) + (wide - picture.shape[1]) // 2
            sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
            yield folder
    with replacing(png) as temporary:
        iio.imwrite(temporary, sheet, extension=".png", optimize=True)


def _picture(path: Path, spp: int, denoise: Callable) -> np.ndarray:
    digest = mitsuba_scene.digest(path)
    film, _ = mitsuba_scene.outline(path)
    scale = min(_TILE[0] / film[0], _TILE[1] / film[1])
    size = tuple(max(1, int(side * scale)) for side in film)
    loaded = mitsuba_scene.load(path, size, "box", digest)
    image = np.array(mi.render(loaded.scene, integrator=loaded.integrator, spp=spp, seed=0), dtype=np.float32)
    image = np.nan_to_num(image, posinf=0.0, neginf=0.0)
    radiance, albedo, normal = (np.ascontiguousarray(image[..., i : i + 3]) for i in (0, 3, 6))
    return display(denoise(radiance, albedo.clip(0, 1), normal))


def occurrence_table(folders: list[Path]) -> str:
    """Markdown tables of the share of scenes in which each kind, element, material, texture and effect occurs."""
    abouts = [json.loads((folder / "about.json").read_text(encoding="utf-8")) for folder in folders]
    lines = [f"{len(abouts)} scenes."]
    headings = {
        "kind": "Kind",
        "composition": "Composition",
        "elements": "Element",
        "bsdfs": "BSDF",
        "textures": "Texture",
        "effects": "Effect",
    }
    for key, heading in headings.items():
        counts: Counter[str] = Counter()
        for about in abouts:
            value = about[key]
            counts.update([value] if isinstance(value, str) else set(value))
        lines += ["", f"| {heading} | scenes |", "| --- | ---: |"]
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        lines += [f"| {name} | {100 * count / len(abouts):.1f}% |" for name, count in ordered]
    return "\n".join(lines) + "\n"


def write_table(folders: list[Path], path: Path) -> None:
    write_text(path, occurrence_table(folders))
