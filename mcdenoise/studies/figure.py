"""A study's figure: pictures beside each other, or curves in one chart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mcdenoise.atomic import replacing

COLOURS = ("#1f6fb4", "#d1603d", "#3a8f4d", "#8356a8", "#8a8a8a")
_INK, _GREY, _GRID = "#262626", "#6b6b6b", "#e4e4e4"
_GAP, _TEXT, _APART = 6, 18, 14
_FINER = 3  # Pillow's lines have hard edges: they are drawn this much larger, and averaged


@dataclass(frozen=True)
class Line:
    """A curve: `x` (above 0) and `y`, equally many finite numbers."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


def write_sheet(
    path: Path, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[np.ndarray, str]]]], side: int = 168
) -> Path:
    """Write rows of pictures as a PNG.

    heads: of the columns. rows: what each shows, and its pictures `[H, W, 3]` uint8 with a word below each; they are
    shown `side` pixels wide. Raises OSError if the file cannot be written.
    """
    font, small = ImageFont.load_default(size=13), ImageFont.load_default(size=12)
    label = max(round(font.getlength(name)) for name, _ in rows) + 2 * _GAP
    heights = [max(round(side * one.shape[0] / one.shape[1]) for one, _ in pictures) for _, pictures in rows]
    width = label + len(heads) * (side + _GAP)
    canvas = Image.new("RGB", (width, _TEXT + 2 * _GAP + sum(height + _TEXT + _GAP for height in heights)), "white")
    pen = ImageDraw.Draw(canvas)
    for column, head in enumerate(heads):
        pen.text((label + column * (side + _GAP), _GAP), head, _INK, font)
    top = _TEXT + 2 * _GAP
    for (name, pictures), height in zip(rows, heights, strict=True):
        pen.text((_GAP, top + height // 2), name, _INK, font, "lm")
        for column, (picture, word) in enumerate(pictures):
            left = label + column * (side + _GAP)
            size = (side, round(side * picture.shape[0] / picture.shape[1]))
            resample = Image.Resampling.NEAREST if picture.shape[1] < side else Image.Resampling.LANCZOS
            canvas.paste(Image.fromarray(picture).resize(size, resample), (left, top))
            pen.text((left, top + height + 2), word, _GREY, small)
        top += height + _TEXT + _GAP
    return _save(canvas, path)


def write_charts(
    path: Path, charts: Sequence[tuple[str, str, Sequence[Line]]], ylabel: str, logarithmic: bool = True
) -> Path:
    """Write charts beside each other as a PNG: (title, what x is, lines) each. logarithmic: whether x is; y is not."""
    drawn = [_chart(title, xlabel, ylabel, lines, logarithmic) for title, xlabel, lines in charts]
    canvas = Image.new("RGB", (sum(one.width for one in drawn), max(one.height for one in drawn)), "white")
    left = 0
    for one in drawn:
        canvas.paste(one, (left, canvas.height - one.height))
        left += one.width
    return _save(canvas, path)


def _save(canvas: Image.Image, path: Path) -> Path:
    with replacing(path) as temporary:
        canvas.save(temporary, format="PNG", optimize=True)
    return path


def _chart(title: str, xlabel: str, ylabel: str, lines: Sequence[Line], logarithmic: bool) -> Image.Image:
    width, height = 520, 340
    font, small = ImageFont.load_default(size=14), ImageFont.load_default(size=12)
    left, top, right, bottom = 58, 34, 16, 44
    legend = _legend(title, [line.label for line in lines], font, width - left - right)
    more = _TEXT * (len(legend) - 1)
    top, height = top + more, height + more
    scale = math.log10 if logarithmic else float
    xs = [scale(x) for line in lines for x in line.x]
    ys = [y for line in lines for y in line.y]
    x0, x1 = min(xs), max(max(xs), min(xs) + 0.1)
    spare = max(0.05 * (max(ys) - min(ys)), 0.05)
    y0, y1 = min(ys) - spare, max(ys) + spare

    def place(x: float, y: float) -> tuple[float, float]:
        across = (scale(x) - x0) / (x1 - x0) * (width - left - right)
        return left + across, height - bottom - (y - y0) / (y1 - y0) * (height - top - bottom)

    fine = Image.new("RGB", (width * _FINER, height * _FINER), "white")
    pen = ImageDraw.Draw(fine)
    rows = _round_numbers(y0, y1, 6)
    columns = _decades(x0, x1) if logarithmic else _round_numbers(x0, x1, 6)
    for y in rows:
        row = place(lines[0].x[0], y)[1]
        pen.line([(left * _FINER, row * _FINER), ((width - right) * _FINER, row * _FINER)], _GRID, _FINER)
    for x in columns:
        column = place(x, y0)[0]
        pen.line([(column * _FINER, top * _FINER), (column * _FINER, (height - bottom) * _FINER)], _GRID, _FINER)
    for line, colour in zip(lines, cycle(COLOURS), strict=False):
        points = [tuple(_FINER * c for c in place(x, y)) for x, y in zip(line.x, line.y, strict=True)]
        pen.line(points, colour, 2 * _FINER, joint="curve")
        for x, y in points:
            pen.ellipse([x - 3 * _FINER, y - 3 * _FINER, x + 3 * _FINER, y + 3 * _FINER], colour)
    image = fine.reduce(_FINER)
    pen = ImageDraw.Draw(image)
    pen.text((left, 10), title, _INK, font)
    for y in rows:
        pen.text((left - 6, place(lines[0].x[0], y)[1]), f"{y:.4g}", _GREY, small, "rm")
    for x in columns:
        pen.text((place(x, y0)[0], height - bottom + 5), f"{x:,.10g}", _GREY, small, "mt")
    along = f"{xlabel} (logarithmic axis)" if logarithmic else xlabel
    pen.text(((left + width - right) / 2, height - 6), along, _GREY, small, "mb")
    pen.text((6, top - 4), ylabel, _GREY, small, "lb")
    colours = cycle(COLOURS)
    for row, labels in enumerate(legend):
        start = width - right - _length(labels, font) if row == 0 else left
        for label in labels:
            pen.text((start, 10 + _TEXT * row), label, next(colours), font)
            start += font.getlength(label) + _APART
    return image


def _legend(title: str, labels: Sequence[str], font: ImageFont.FreeTypeFont, width: float) -> list[list[str]]:
    """The labels by lines of text: all on the title's, or none there and as many as fit on each that follows."""
    if font.getlength(title) + _APART + _length(labels, font) <= width:
        return [list(labels)]
    rows: list[list[str]] = [[], []]
    for label in labels:
        if rows[-1] and _length([*rows[-1], label], font) > width:
            rows.append([])
        rows[-1].append(label)
    return rows


def _length(labels: Sequence[str], font: ImageFont.FreeTypeFont) -> float:
    return sum(map(font.getlength, labels)) + _APART * max(0, len(labels) - 1)


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    apart = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(apart))
    step = next(digit * unit for digit in (1, 2, 5, 10) if digit * unit >= apart * (1 - 1e-9))
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Round numbers between the powers of ten `low` and `high`, few enough to be written below an axis."""
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = [d * 10.0**k for k in range(math.floor(low), math.ceil(high) + 1) for d in digits]
        found = [x for x in found if low - 1e-9 <= math.log10(x) <= high + 1e-9]
        if len(found) <= 8:
            break
    return found or [10**low]
