"""One curve over the steps of training, with axes that can be read."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INK, GREY = "#262626", "#6b6b6b"
_GRID, _FRAME, _MARK = "#ececec", "#bdbdbd", "#c9b48a"
_FINER = 3  # Pillow's lines have hard edges: they are drawn this much larger, and averaged
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 32, 12, 40
_LEAST_RATIO = 1.2  # of the ends of the vertical axis, so that small noise is not shown as large


@dataclass(frozen=True)
class Curve:
    """Finite `values` at increasing `steps`, both `[n]`. title: what they are; note: beside it, in grey."""

    title: str
    note: str
    steps: np.ndarray
    values: np.ndarray
    colour: str
    faint: str


def draw_chart(curve: Curve, size: tuple[int, int], smooth: bool, marks: list[int]) -> Image.Image:
    """A chart of (width, height) = `size` pixels, logarithmic where all values are above 0, from step 0 to the last.

    smooth: show the values faintly, and over them their mean over a thirtieth of the curve to each side (geometric on a
    logarithmic axis). If not, each is a point on the line. marks: steps to mark on the horizontal axis.
    """
    width, height = size
    if not curve.steps.size:
        image = Image.new("RGB", size, "white")
        _titles(ImageDraw.Draw(image), curve, width)
        ImageDraw.Draw(image).text((width / 2, height / 2), "nothing measured yet", GREY, _font(13), anchor="mm")
        return image
    logarithmic = bool(curve.values.min() > 0)
    values = np.log10(curve.values) if logarithmic else curve.values
    line = _smoothed(values) if smooth else values
    low, high = _range(values, line, logarithmic)
    last = max(float(curve.steps[-1]), 1.0)

    def x_of(step: np.ndarray | float) -> np.ndarray | float:
        return _LEFT + np.asarray(step) / last * (width - _LEFT - _RIGHT)

    def y_of(value: np.ndarray | float) -> np.ndarray | float:
        return height - _BOTTOM - (np.clip(value, low, high) - low) / (high - low) * (height - _TOP - _BOTTOM)

    rows = _log_ticks(low, high) if logarithmic else _linear_ticks(low, high, 5)
    columns = _linear_ticks(0, last, 6, whole=True)
    fine = Image.new("RGB", (width * _FINER, height * _FINER), "white")
    pen = ImageDraw.Draw(fine)
    box = [(_LEFT, _TOP), (width - _RIGHT, height - _BOTTOM)]
    heights = [float(y_of(math.log10(tick) if logarithmic else tick)) for tick in rows]
    for y in heights:
        pen.line(_fine(np.array([_LEFT, width - _RIGHT]), np.array([round(y), round(y)])), _GRID, _FINER)
    for tick in columns:
        x = round(float(x_of(tick)))
        pen.line(_fine(np.array([x, x]), np.array([_TOP, height - _BOTTOM])), _GRID, _FINER)
    pen.line(_fine(np.array([_LEFT, _LEFT]), np.array([_TOP, height - _BOTTOM])), _FRAME, _FINER)
    pen.line(_fine(np.array([_LEFT, width - _RIGHT]), np.array([box[1][1], box[1][1]])), _FRAME, _FINER)
    for mark in marks:
        x, y = float(x_of(min(mark, last))) * _FINER, box[1][1] * _FINER
        pen.polygon([(x, y - 5 * _FINER), (x - 3 * _FINER, y), (x + 3 * _FINER, y)], _MARK)
    if smooth:
        pen.line(_fine(*_extremes(x_of(curve.steps), y_of(values), 2 * width)), curve.faint, _FINER)
    stride = -(-curve.steps.size // (2 * width))
    chosen = np.unique(np.append(np.arange(0, curve.steps.size, stride), curve.steps.size - 1))
    points = _fine(x_of(curve.steps[chosen]), y_of(line[chosen]))
    pen.line(points, curve.colour, 2 * _FINER, joint="curve")
    if not smooth or len(points) == 1:
        for x, y in points if len(points) <= width // 10 else points[-1:]:
            pen.ellipse([x - 2.5 * _FINER, y - 2.5 * _FINER, x + 2.5 * _FINER, y + 2.5 * _FINER], curve.colour)

    image = fine.reduce(_FINER)
    pen = ImageDraw.Draw(image)
    _titles(pen, curve, width)
    for y, tick in zip(heights, rows, strict=True):
        pen.text((_LEFT - 7, y), f"{tick:.4g}", GREY, _font(12), anchor="rm")
    for tick in columns:
        half = pen.textlength(f"{tick:,.0f}", _font(12)) / 2
        pen.text((min(float(x_of(tick)), width - half), height - _BOTTOM + 5), f"{tick:,.0f}", GREY, _font(12), "mt")
    pen.text(((_LEFT + width - _RIGHT) / 2, height - 4), "step", GREY, _font(12), anchor="mb")
    return image


def _titles(pen: ImageDraw.ImageDraw, curve: Curve, width: int) -> None:
    pen.text((_LEFT, 20), curve.title, INK, _font(15), anchor="ls")
    pen.text((_LEFT + pen.textlength(curve.title, _font(15)) + 8, 20), curve.note, GREY, _font(12), anchor="ls")
    if curve.steps.size:
        pen.text((width - _RIGHT, 20), f"last {curve.values[-1]:.4g}", curve.colour, _font(13), anchor="rs")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _fine(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in zip((x + 0.5) * _FINER, (y + 0.5) * _FINER, strict=True)]


def _smoothed(values: np.ndarray) -> np.ndarray:
    """The mean over a thirtieth of `values` to each side, and over as many as there are at the ends."""
    reach = values.size // 30
    sums = np.concatenate([[0.0], np.cumsum(values)])
    start = np.maximum(np.arange(values.size) - reach, 0)
    end = np.minimum(np.arange(values.size) + reach + 1, values.size)
    return (sums[end] - sums[start]) / (end - start)


def _range(values: np.ndarray, line: np.ndarray, logarithmic: bool) -> tuple[float, float]:
    """The ends of the vertical axis: the whole line, and all values but the wildest, which are drawn at the edge."""
    low = min(float(np.percentile(values, 1)), float(line.min()))
    high = max(float(np.percentile(values, 99)), float(line.max()))
    least = math.log10(_LEAST_RATIO) if logarithmic else max(1e-6, (_LEAST_RATIO - 1) * max(abs(low), abs(high)))
    spare = max(0.06 * (high - low), (least - (high - low)) / 2)
    return low - spare, high + spare


def _extremes(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The line through at most `most` points that shows where a longer one goes up and down."""
    if x.size <= most:
        return x, y
    bounds = np.linspace(0, x.size, most // 2, endpoint=False).astype(int)
    low, high = np.minimum.reduceat(y, bounds), np.maximum.reduceat(y, bounds)
    return np.repeat(x[bounds], 2), np.stack([low, high], axis=-1).ravel()


def _log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between 10**low and 10**high, at most eight or so."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for leading in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [digit * 10.0**decade for decade in decades for digit in leading]
        ticks = [tick for tick in ticks if low <= math.log10(tick) <= high]
        if len(ticks) >= 3:
            return ticks[:: -(-len(ticks) // 8)]
    return _linear_ticks(10**low, 10**high, 5)


def _linear_ticks(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """At most `most` + 1 round numbers from `low` to `high`, at equal distances; whole: integers."""
    apart = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(apart))
    step = next(digit * unit for digit in (1, 2, 5, 10) if digit * unit >= apart * (1 - 1e-9))
    step = max(1.0, step) if whole else step
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
