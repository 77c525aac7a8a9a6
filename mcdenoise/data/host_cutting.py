"""Crops on the processor, compiled by Numba: two passes over every pixel, where torch's operations make a dozen."""

from collections.abc import Callable, Sequence

import numba
import numpy as np

from mcdenoise.data.cut import ORDERS, SIGNS, Cut
from mcdenoise.data.stored import StoredFrame

_PADDING = 16  # floats after each row: columns of a power of two would share few lines of the cache


def cut_on_host(cuts: list[Cut], images: np.ndarray) -> None:
    """Put the crops `cuts` into `images` `[4, B, 3, H, W]`: radiance, albedo, normal, target."""
    work = {}
    for index, one in enumerate(cuts):
        height, width = shape = one.shape_before(images.shape[-2:])
        if shape not in work:
            work[shape] = np.empty((9, height, width + _PADDING), np.float32), np.empty(shape, np.float32)
        total, other = work[shape]
        colours, axes = ORDERS[one.colours], ORDERS[one.axes]
        channels = [*colours, *(3 + channel for channel in colours), *(6 + axis for axis in axes)]
        factors = np.empty(9, np.float32)
        factors[:3] = _add(one, one.inputs, channels, total) * one.exposure
        factors[3:6] = one.albedo
        factors[6:] = SIGNS[one.signs] if one.normal else 0.0
        _finish(total, other, factors, images, 0, index, one.turn, one.sigma)
        scale = _add(one, one.targets, colours, total)
        _finish(total[:3], other, np.full(3, scale * one.exposure, np.float32), images, 3, index, one.turn, one.sigma)


def _add(one: Cut, frames: Sequence[StoredFrame], channels: Sequence[int], total: np.ndarray) -> float:
    """Put `channels` of the mean of the frames' windows into `total`; returns the scale of the first three."""
    height, width = shape = total.shape[1], total.shape[2] - _PADDING
    largest = max(frame.scale for frame in frames)  # so that no factor is above one
    order = np.array(channels)
    for number, frame in enumerate(frames):
        factors = np.full(len(channels), 1 / len(frames), np.float32)
        factors[:3] *= frame.scale / largest
        if frame.pixels.shape[1] >= height and frame.pixels.shape[2] >= width:
            _add_window(total, frame.bits, one.top, one.left, order, factors, number == 0)
        else:
            bits = one.window(frame, shape).numpy().view(np.uint16)
            _add_window(total, bits, 0, 0, order, factors, number == 0)
    return largest


def _compiled(function: Callable) -> Callable:
    """Compiled on the first call, which takes a second; kept on disk for later processes where that can be written."""
    try:
        return numba.njit(function, nogil=True, cache=True)
    except RuntimeError:
        return numba.njit(function, nogil=True)


@_compiled
def _add_window(total, bits, top, left, channels, factors, first):
    """total: `[n, h, w + _PADDING]` float32. bits: half floats, `[9, H, W]` uint16. first: put, not add."""
    height, width = total.shape[1], total.shape[2] - _PADDING
    row = np.empty(width, np.int32)
    values = row.view(np.float32)
    for c in range(len(channels)):
        # The bits of a half float's exponent and mantissa, where those of a float32 are, are its value times 2^-112.
        factor = np.float32(2.0**112) * factors[c]
        plane = bits[channels[c]]
        for y in range(height):
            half = plane[top + y, left : left + width]
            for x in range(width):
                h = np.int32(half[x])
                row[x] = ((h & 0x7FFF) << 13) | ((h & 0x8000) << 16)
            result = total[c, y]
            if first:
                for x in range(width):
                    result[x] = values[x] * factor
            else:
                for x in range(width):
                    result[x] += values[x] * factor


@_compiled
def _finish(total, other, factors, images, image, index, turn, sigma):
    """Blur the channels of `total`, turn them, and put them, times `factors`, into images[image:, index]."""
    edge, middle = np.float32(0), np.float32(1)
    if sigma > 0:
        edge = np.float32(np.exp(-0.5 / sigma**2))
        middle = np.float32(1 / (1 + 2 * edge))
        edge *= middle
    for c in range(len(factors)):
        output = images[image + c // 3, index, c % 3]
        if factors[c] == 0:
            output[:] = 0
            continue
        if sigma > 0:
            _blur(total[c], other, edge, middle)
        if turn & 4:
            _put_transposed(total[c], output, turn, factors[c])
        else:
            _put(total[c], output, turn, factors[c])


@_compiled
def _blur(image, other, edge, middle):
    """A Gaussian of three taps along both axes; edges are replicated."""
    bottom, last = image.shape[0] - 1, image.shape[1] - _PADDING - 1
    for y in range(bottom + 1):
        above, here, below = image[max(y - 1, 0)], image[y], image[min(y + 1, bottom)]
        result = other[y]
        for x in range(last + 1):
            result[x] = middle * here[x] + edge * (above[x] + below[x])
    for y in range(bottom + 1):
        row, result = other[y], image[y]
        result[0] = middle * row[0] + edge * (row[0] + row[min(1, last)])
        for x in range(1, last):
            result[x] = middle * row[x] + edge * (row[x - 1] + row[x + 1])
        result[last] = middle * row[last] + edge * (row[max(last - 1, 0)] + row[last])


@_compiled
def _put(image, output, turn, factor):
    bottom, last = image.shape[0] - 1, image.shape[1] - _PADDING - 1
    for y in range(bottom + 1):
        row, result = image[bottom - y if turn & 1 else y], output[y]
        if turn & 2:
            for x in range(last + 1):
                result[x] = row[last - x] * factor
        else:
            for x in range(last + 1):
                result[x] = row[x] * factor


@_compiled
def _put_transposed(image, output, turn, factor):
    bottom, last = image.shape[0] - 1, image.shape[1] - _PADDING - 1
    for y in range(last + 1):
        column, result = last - y if turn & 2 else y, output[y]
        if turn & 1:
            for x in range(bottom + 1):
                result[x] = image[bottom - x, column] * factor
        else:
            for x in range(bottom + 1):
                result[x] = image[x, column] * factor
