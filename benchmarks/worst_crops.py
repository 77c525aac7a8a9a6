"""Where a model fails worst: the crops of largest relative error, beside Open Image Denoise and the reference.

    python benchmarks/worst_crops.py FOLDER... [--model NAME_OR_FILE] [--out worst.png] [--count 5] [--crop 96]

FOLDER holds views with two reference halves, as `mcdenoise render --reference-spp` leaves them; views without take
those of the same scene and camera in another folder. The error is relMSE with the reference's noise cancelled, so a
crop where only the reference is noisy is not among them. Of each view the worst crop counts.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mcdenoise.atomic import replacing
from mcdenoise.data.views import find_views
from mcdenoise.evaluation.metrics import EPSILON
from mcdenoise.exr import read_frame
from mcdenoise.inference.candidates import candidates
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.tonemap import display, exposure

_MARGIN = 8
_TEXT = 34
_ENLARGED = 2


@dataclass(frozen=True)
class Crop:
    """error: mean relMSE in it, of the model and of OIDN. pictures: noisy, model, OIDN, reference, as bytes."""

    name: str
    place: tuple[int, int]
    errors: tuple[float, float]
    pictures: list[np.ndarray]


def main() -> None:
    """Parse the command line, find the crops, draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--model", default="default", help="a model's name or file [default: default]")
    parser.add_argument("--out", type=Path, default=Path("worst.png"))
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--crop", type=int, default=96, help="side in pixels [default: 96]")
    arguments = parser.parse_args()
    ours, oidn = Denoiser(arguments.model).denoise, candidates(["oidn"], None)["oidn"]
    views = [view for folder in arguments.folders for view in find_views(folder)]
    halves = {(view.folder.parent.name, view.folder.name): view.references for view in views if view.references}
    crops: list[Crop] = []
    for view in views:
        references = halves.get((view.folder.parent.name, view.folder.name), ())
        if len(references) != 2:
            continue
        frame = read_frame(view.realizations[0])
        first, last = (read_frame(path).radiance.astype(np.float64) for path in references)
        scale = exposure((first + last) / 2)
        given = frame.radiance, frame.albedo, frame.normal
        pictures = [frame.radiance, ours(*given), oidn(*given), ((first + last) / 2).astype(np.float32)]
        name = f"{view.folder.parent.name}, {view.folder.name}"
        if "spp" in frame.attributes:
            name += f", {frame.attributes['spp']} spp"
        crops += _worst(name, pictures, (first * scale, last * scale), scale, arguments.crop)
    crops.sort(key=lambda crop: -crop.errors[0])
    _draw(crops[: arguments.count], arguments.crop, arguments.out)
    for crop in crops[: arguments.count]:
        print(f"{crop.name}, at {crop.place}: relMSE {crop.errors[0]:.3f}, OIDN {crop.errors[1]:.3f}")
    print(arguments.out)


def _worst(
    name: str, pictures: Sequence[np.ndarray], halves: tuple[np.ndarray, np.ndarray], scale: float, side: int
) -> list[Crop]:
    """The worst crop of a view."""
    weight = ((halves[0] + halves[1]) / 2) ** 2 + EPSILON
    maps = [
        ((picture * scale - halves[0]) * (picture * scale - halves[1]) / weight).mean(axis=2)
        for picture in pictures[1:3]
    ]
    height, width = maps[0].shape
    places = [
        (top, left)
        for top in range(0, max(1, height - side + 1), side // 4)
        for left in range(0, max(1, width - side + 1), side // 4)
    ]
    within = [np.s_[top : top + side, left : left + side] for top, left in places]
    worst = int(np.argmax([maps[0][one].mean() for one in within]))
    shown = [display(picture[within[worst]], scale) for picture in pictures]
    errors = tuple(float(errors[within[worst]].mean()) for errors in maps)
    return [Crop(name, places[worst], errors, shown)]


def _draw(crops: Sequence[Crop], side: int, path: Path) -> None:
    size = side * _ENLARGED
    canvas = Image.new(
        "RGB", (4 * (size + _MARGIN) + _MARGIN, len(crops) * (size + _TEXT + _MARGIN) + _MARGIN), "white"
    )
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=14)
    for row, crop in enumerate(crops):
        top = _MARGIN + row * (size + _TEXT + _MARGIN)
        labels = ("noisy", f"mcdenoise, relMSE {crop.errors[0]:.3f}", f"OIDN, {crop.errors[1]:.3f}", "reference")
        for column, (label, picture) in enumerate(zip(labels, crop.pictures, strict=True)):
            left = _MARGIN + column * (size + _MARGIN)
            image = Image.fromarray(picture).resize((size, size), Image.Resampling.NEAREST)
            canvas.paste(image, (left, top + _TEXT))
            draw.text((left, top + 17), label, "#444444", font)
        draw.text((_MARGIN, top), crop.name, "black", font)
    with replacing(path) as temporary:
        canvas.save(temporary, format="PNG", optimize=True)


if __name__ == "__main__":
    main()
