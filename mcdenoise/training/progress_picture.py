"""The picture of a run: its curves, and below them a strip of crops that the network denoised as it learnt."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mcdenoise.training.chart import GREY, INK, Curve, draw_chart

CELL = 128
"""Side of the largest crop in pixels. Smaller ones are magnified by the whole number that brings them nearest to it."""

MOST_OUTPUTS = 6

_MARGIN, _GAP, _HEAD, _CHART, _NOTE, _NAME, _CAPTION = 24, 12, 40, 250, 22, 24, 26
_WIDTH = 2 * _MARGIN + (MOST_OUTPUTS + 2) * CELL + (MOST_OUTPUTS + 1) * _GAP


@dataclass(frozen=True)
class Moment:
    """What the network made of the crops after `step` steps: pictures `[h, w, 3]`, uint8, and the error of each."""

    step: int
    pictures: list[np.ndarray]
    errors: list[float]


@dataclass(frozen=True)
class Strip:
    """Crops with their noisy `inputs`, the `moments` so far and what is `expected`, each picture `[h, w, 3]`, uint8.

    names: of the crops' views. input_errors: of the inputs themselves. caption: what the expected pictures are.
    """

    names: list[str]
    inputs: list[np.ndarray]
    input_errors: list[float]
    expected: list[np.ndarray]
    caption: str
    moments: list[Moment]


def draw(title: str, curves: list[Curve], strip: Strip) -> Image.Image:
    """The whole picture. curves: the first is drawn smoothed, any other as it is; strip: may be of no crops."""
    below = place(len(strip.names), 0)[1] - _NAME if strip.names else _HEAD + _GAP + _CHART
    height = below + _MARGIN - _GAP
    canvas = Image.new("RGB", (_WIDTH, height), "white")
    pen = ImageDraw.Draw(canvas)
    pen.text((_MARGIN, _MARGIN + 14), title, INK, _font(18), anchor="ls")
    width = (_WIDTH - 2 * _MARGIN - (len(curves) - 1) * 2 * _GAP) // len(curves)
    steps = [moment.step for moment in strip.moments]
    for number, curve in enumerate(curves):
        chart = draw_chart(curve, (width, _CHART), smooth=number == 0, marks=steps)
        canvas.paste(chart, (_MARGIN + number * (width + 2 * _GAP), _HEAD + _GAP))
    if strip.names:
        note = (_MARGIN, _HEAD + _CHART + 2 * _GAP + 10)
        pen.text(
            note,
            "Middle parts of validation views. Grey numbers: their errors, measured as the validation is.",
            GREY,
            _font(12),
            "ls",
        )
    for row, name in enumerate(strip.names):
        left, top = place(row, 0)
        pen.text((left, top - 8), name, INK, _font(13), anchor="ls")
        _cell(canvas, row, 0, strip.inputs[row], "noisy input", strip.input_errors[row])
        for column, moment in enumerate(strip.moments, 1):
            _cell(canvas, row, column, moment.pictures[row], _said(moment.step), moment.errors[row])
        _cell(canvas, row, len(strip.moments) + 1, strip.expected[row], strip.caption, None)
    return canvas


def place(row: int, column: int) -> tuple[int, int]:
    """(left, top) in the picture of the crop in that row and column; column 0 is the noisy input, the last expected."""
    top = _HEAD + _CHART + 2 * _GAP + _NOTE + _NAME + row * (_NAME + CELL + _CAPTION)
    return _MARGIN + column * (CELL + _GAP), top


def magnified(picture: np.ndarray) -> np.ndarray:
    """`picture` as the strip shows it."""
    times = max(1, CELL // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def thin(moments: list[Moment]) -> list[Moment]:
    """At most MOST_OUTPUTS of them, the first and the last among them, their steps in ratios as equal as can be had.

    Thinned each time that one is added, they stay so: the one whose neighbours are nearest by ratio is left out.
    """
    kept = list(moments)
    while len(kept) > MOST_OUTPUTS:
        ratios = [after.step / before.step for before, after in zip(kept, kept[2:], strict=False)]
        del kept[1 + int(np.argmin(ratios))]
    return kept


def _cell(canvas: Image.Image, row: int, column: int, picture: np.ndarray, caption: str, error: float | None) -> None:
    left, top = place(row, column)
    picture = magnified(picture)
    canvas.paste(Image.fromarray(picture), (left, top))
    pen = ImageDraw.Draw(canvas)
    below = top + picture.shape[0] + 13
    pen.text((left, below), caption, INK, _font(12), anchor="ls")
    if error is not None:
        pen.text((left + CELL, below), f"{error:.3g}", GREY, _font(12), anchor="rs")


def _said(step: int) -> str:
    return f"step {step:,}" if step < 1_000_000 else f"step {step / 1e6:.4g}M"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)
