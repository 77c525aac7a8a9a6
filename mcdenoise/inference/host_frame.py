"""What is done to a frame before and after a network, on the processor: compiled passes, as each waits for memory."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mcdenoise.inference.repair import LARGEST, finite_radiance
from mcdenoise.networks.host_rows import compiled, in_threads
from mcdenoise.tonemap import LUMINANCE, exposure_of_blocks

_BLOCK = 16  # pixels
_ZERO, _ONE = np.float32(0), np.float32(1)
_MOST = np.float32(LARGEST)
_GREATEST = np.finfo(np.float32).max
_RED, _GREEN, _BLUE = np.float32(LUMINANCE)


def survey(color: Tensor) -> tuple[Tensor, bool, float]:
    """`finite_radiance` of `color` `[H, W, 3]`, whether that is of one colour, and its `tonemap.exposure`."""
    color = color.contiguous()
    radiance = np.empty(tuple(color.shape), np.float32)
    rows, columns = (np.arange(-(-side // _BLOCK) + 1) * side // -(-side // _BLOCK) for side in color.shape[:2])
    luminance = np.empty((color.shape[0], len(columns) - 1))
    found = np.empty((color.shape[0], 2), np.float32)
    _run(_survey_rows, (color.numpy(), radiance, columns, luminance, found), color.shape)
    if not np.isfinite(found[:, 0]).all():
        return survey(finite_radiance(color))
    means = np.add.reduceat(luminance, rows[:-1]) / (np.diff(rows)[:, None] * np.diff(columns))
    return torch.from_numpy(radiance), not found[:, 1].any(), exposure_of_blocks(means)


def planes_of(
    radiance: Tensor, albedo: Tensor | None, normal: Tensor | None, scale: float, part: Sequence[slice], multiple: int
) -> Tensor:
    """What a network takes of `part` (rows, columns) of a frame: `[1, 9, H, W]`, H and W multiples of `multiple`.

    radiance, times scale, albedo in [0, 1] and normal in [-1, 1], all `[H, W, 3]`; zeros where a feature is missing or
    NaN. What is beyond the part is what is at its edges.
    """
    height, width = (side.stop - side.start for side in part)
    result = np.empty((1, 9, height + -height % multiple, width + -width % multiple), np.float32)
    images = (np.empty((0, 0, 0), np.float32) if x is None else x.contiguous().numpy() for x in (albedo, normal))
    arguments = radiance.numpy(), *images, np.float32(scale), part[0].start, part[1].start, height, width, result
    _run(_planes_rows, arguments, result.shape[2:])
    return torch.from_numpy(result)


def put_radiance(planes: Tensor, scale: float, within: Sequence[slice], result: Tensor, part: Sequence[slice]) -> None:
    """Put `within` (rows, columns) of `planes` `[1, 3, H, W]` over scale, finite and not negative, into a part of
    `result`, `[H, W, 3]`."""
    rows = part[0].stop - part[0].start
    arguments = planes.contiguous().numpy(), np.float32(scale), within[0].start, within[1].start
    to = part[0].start, part[1].start, part[1].stop - part[1].start
    _run(_put_rows, (*arguments, result.numpy(), *to), (rows, to[2]))


def _run(function, arguments: tuple, shape: Sequence[int]) -> None:
    in_threads(function, arguments, shape[0], shape[0] * shape[1], torch.get_num_threads())


@compiled
def _survey_rows(color, radiance, columns, luminance, found, start, end):
    """found: for each row what is not finite if a value is not, and what is zero if all pixels are the first one."""
    width = color.shape[1]
    bright = np.empty(width, np.float32)
    for y in range(start, end):
        source, to = color[y].ravel(), radiance[y].ravel()
        sound, change = _ZERO, _ZERO
        for x in range(len(source)):
            sound += source[x] * _ZERO
            to[x] = min(max(source[x], _ZERO), _MOST)
        for c in range(3):
            change += abs(to[c] - min(max(color[0, 0, c], _ZERO), _MOST))
        for x in range(3, len(to)):
            change += abs(to[x] - to[x - 3])
        found[y, 0], found[y, 1] = sound, change
        for x in range(width):
            bright[x] = _RED * to[3 * x] + _GREEN * to[3 * x + 1] + _BLUE * to[3 * x + 2]
        for block in range(len(columns) - 1):
            total = 0.0
            for x in range(columns[block], columns[block + 1]):
                total += bright[x]
            luminance[y, block] = total


@compiled
def _planes_rows(radiance, albedo, normal, scale, top, left, height, width, result, start, end):
    for number in range(start, end):
        y = top + min(number, height - 1)
        source = radiance[y].ravel()[3 * left : 3 * (left + width)]
        for c in range(3):
            to = result[0, c, number]
            for x in range(width):
                to[x] = source[3 * x + c] * scale
        _put_feature(albedo, y, left, width, _ZERO, result[0, 3:6, number])
        _put_feature(normal, y, left, width, -_ONE, result[0, 6:9, number])
        for c in range(9):
            to = result[0, c, number]
            for x in range(width, len(to)):
                to[x] = to[width - 1]


@compiled
def _put_feature(feature, y, left, width, least, planes):
    if feature.shape[0] == 0:
        planes[:, :width] = 0
    else:
        source = feature[y].ravel()[3 * left : 3 * (left + width)]
        for c in range(3):
            to = planes[c]
            for x in range(width):
                value = source[3 * x + c]
                to[x] = min(max(value, least), _ONE) if value == value else _ZERO


@compiled
def _put_rows(planes, scale, top, left, result, to_top, to_left, width, start, end):
    for number in range(start, end):
        to = result[to_top + number].ravel()[3 * to_left : 3 * (to_left + width)]
        for c in range(3):
            source = planes[0, c, top + number, left : left + width]
            for x in range(width):
                value = source[x] / scale
                to[3 * x + c] = min(max(value, _ZERO), _GREATEST) if value == value else _ZERO
