"""The pyramid of `kpn` on the processor without gradients: what `kpn` says in torch's terms, in a few compiled passes.

Torch's own operations would go over the whole picture some hundred times, and wait for memory all the while.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mcdenoise.networks import host_filter
from mcdenoise.networks.host_rows import compiled, in_threads, take
from mcdenoise.tonemap import log_curve

_QUARTER, _THREE_QUARTERS, _ONE = np.float32(0.25), np.float32(0.75), np.float32(1)
_NINTH, _THIRD = np.float32(1 / 9), np.float32(1 / 3)


@dataclass(frozen=True)
class Level:
    """What the network says of one scale, with `step * step` pixels in the channels.

    logits: `[B, k * k * s * s, h, w]`, of the kernels. sharpness: `[B, 3 * s * s, h, w]`, beyond the least, in units
    of each guide's. confidence, low and cover: `[B, s * s, h, w]`, in [0, 1]; the last two are empty for the coarsest.
    """

    step: int
    logits: Tensor
    sharpness: Tensor
    confidence: Tensor
    low: Tensor
    cover: Tensor
    again: Tensor


def irradiance_of(radiance: Tensor, albedo: Tensor, darkest: float) -> Tensor:
    """radiance / max(albedo, darkest)."""
    result = torch.empty_like(radiance)
    _run(_divide_rows, (*_arrays(radiance, albedo, result), np.float32(darkest)), radiance.shape)
    return result


def pixels_in_channels(first: Tensor, second: Tensor, third: Tensor, fourth: Tensor) -> Tensor:
    """`pixel_unshuffle(cat(...), 2)` of four times three planes, channels last in memory."""
    count, _, height, width = first.shape
    result = torch.empty(count, height // 2, width // 2, 48)
    _run(_unshuffle_rows, _arrays(first, second, third, fourth, result), (count, 1, height // 2, width // 2))
    return result.permute(0, 3, 1, 2)


def filter_pyramid(
    images: tuple[Tensor, Tensor],
    features: tuple[Tensor, Tensor],
    levels: Sequence[Level],
    kernel: int,
    units: Sequence[Sequence[float]],
    calm_offset: float,
    sharpness_again: float,
) -> Tensor:
    """As `kpn`'s: irradiance and radiance `[B, 6, H, W]`, filtered at every scale and blended.

    units: for each guide the unit of sharpness, the least of it, and how much more where it is calm.
    """
    units = [np.array(values, np.float32) for values in units]
    sums = (*images, torch.ones_like(images[0][:, :1]))
    filtered = []
    for number, level in enumerate(levels):
        bright, calm = certainly_bright(sums[1], sums[2], calm_offset)
        weighed, pooled = _weighed(sums, level, kernel, number + 1 < len(levels))
        shape = calm.shape
        sharpness = torch.empty(shape[0], 3, *shape[2:])
        _run(_sharpness_rows, (*_arrays(level.sharpness, calm, sharpness), level.step, *units), shape)
        guides = _padded((*features, bright), kernel)
        result = torch.empty(shape[0], 7, *shape[2:])
        norms = torch.empty(shape[0], 2, *shape[2:])
        arrays = _arrays(weighed, guides, level.logits.contiguous(), sharpness, result, norms)
        host_filter.forward(*arrays, kernel, torch.get_num_threads())
        filtered.append(result)
        if pooled is not None:
            sums = pooled.split((3, 3, 1), dim=1)
            features = tuple(_pooled(feature) for feature in features)
    coarse = None
    for level, result in zip(reversed(levels), reversed(filtered), strict=True):
        shape = result.shape
        if coarse is None:
            _run(_normalise_rows, (*_arrays(result, torch.empty(0, 0, 0, 0)), 1), shape)
        else:
            pooled = torch.empty_like(coarse)
            _run(_normalise_rows, (*_arrays(result, pooled), 2), (shape[0], 1, shape[2] // 2, shape[3]))
            arguments = _arrays(result, coarse, pooled, level.low, level.cover)
            _run(_blend_rows, (*arguments, level.step), shape)
        coarse = result[:, :6]
        if level.again.shape[1]:
            coarse = filtered_again(coarse, level.again, sharpness_again)
    return coarse


def remodulated(filtered: Tensor, trust: Tensor, albedo: Tensor, darkest: float) -> Tensor:
    """trust * irradiance * max(albedo, darkest) + (1 - trust) * radiance. trust: with four pixels in the channels."""
    result = torch.empty_like(albedo)
    _run(_remodulate_rows, (*_arrays(filtered, trust, albedo, result), np.float32(darkest)), albedo.shape)
    return result


def filtered_again(image: Tensor, logits: Tensor, sharpness: float) -> Tensor:
    """As `kpn`'s. logits: `[B, k * k * s * s, H / s, W / s]`."""
    bright = torch.empty(image.shape[0], 1, *image.shape[2:])
    _run(_brightness_rows, _arrays(image[:, -3:], torch.ones(1, 1, 1, 1).expand_as(bright), bright), bright.shape)
    return _filtered((image,), log_curve(bright), logits, sharpness)


def filtered(images: Sequence[Tensor], logits: Tensor) -> Tensor:
    """One after the other, filtered by softmax kernels. logits: `[B, k * k * s * s, H / s, W / s]`."""
    return _filtered(tuple(images), torch.zeros(images[0].shape[0], 1, *images[0].shape[2:]), logits, 0.0)


def _filtered(images: tuple[Tensor, ...], guide: Tensor, logits: Tensor, sharpness: float) -> Tensor:
    """By kernels from whose logits sharpness times the squared difference of `guide` `[B, 1, H, W]` is taken."""
    step = guide.shape[3] // logits.shape[3]
    kernel = math.isqrt(logits.shape[1]) // step
    result = torch.empty(guide.shape[0], sum(image.shape[1] for image in images), *guide.shape[2:])
    padded = _padded((*images, guide), kernel)
    _run(_filter_rows, (*_arrays(padded, logits.contiguous(), result), np.float32(sharpness), kernel), result.shape)
    return result


def certainly_bright(radiance: Tensor, total: Tensor, offset: float) -> tuple[Tensor, Tensor]:
    """As `kpn`'s, of radiance / total."""
    brightness, darkest, ratio, calm = (torch.empty(total.shape) for _ in range(4))
    _run(_brightness_rows, _arrays(radiance, total, brightness), total.shape)
    _run(_least_rows, (*_arrays(brightness, darkest, ratio), np.float32(offset)), total.shape)
    opening = brightness  # not needed any more
    _run(_most_rows, _arrays(darkest, ratio, opening, calm), total.shape)
    return log_curve(opening), calm


def _weighed(sums: tuple[Tensor, ...], level: Level, kernel: int, pool: bool) -> tuple[Tensor, Tensor | None]:
    """Sums times confidence, `[B, 7, H + k - 1, W + k - 1]`, and the same without a margin at half the size."""
    count, _, height, width = sums[2].shape
    reach = kernel // 2
    weighed = torch.empty(count, 7, height + 2 * reach, width + 2 * reach)
    pooled = torch.empty(count, 7, height // 2, width // 2) if pool else None
    rows = 2 if pool else 1
    arguments = _arrays(*sums, level.confidence, weighed, torch.empty(0, 0, 0, 0) if pooled is None else pooled)
    _run(_weigh_rows, (*arguments, reach, level.step, rows), (count, 1, height // rows, width))
    weighed[:, :, :reach] = weighed[:, :, reach : reach + 1]
    weighed[:, :, reach + height :] = weighed[:, :, reach + height - 1 : reach + height]
    return weighed, pooled


def _pooled(planes: Tensor) -> Tensor:
    count, channels, height, width = planes.shape
    result = torch.empty(count, channels, height // 2, width // 2)
    _run(_pool_rows, _arrays(planes, result), (count, channels, height // 2, width // 2))
    return result


def _padded(planes: tuple[Tensor, ...], kernel: int) -> Tensor:
    count, _, height, width = planes[0].shape
    reach = kernel // 2
    result = torch.empty(count, sum(x.shape[1] for x in planes), height + 2 * reach, width + 2 * reach)
    first = 0
    for plane in planes:
        _run(_pad_rows, (*_arrays(plane, result), first, reach), plane.shape)
        first += plane.shape[1]
    result[:, :, :reach] = result[:, :, reach : reach + 1]
    result[:, :, reach + height :] = result[:, :, reach + height - 1 : reach + height]
    return result


def _run(function, arguments: Sequence, shape: Sequence[int]) -> None:
    """In threads, over the rows of a picture of `shape`, `[B, C, H, W]`."""
    rows = shape[0] * shape[2]
    in_threads(function, tuple(arguments), rows, rows * shape[3], torch.get_num_threads())


def _arrays(*tensors: Tensor) -> tuple[np.ndarray, ...]:
    return tuple(tensor.detach().numpy() for tensor in tensors)


@compiled
def _divide_rows(radiance, albedo, result, darkest, start, end):
    height, width = result.shape[2:]
    for number in range(start, end):
        b, y = number // height, number % height
        for c in range(3):
            line, by, to = radiance[b, c, y], albedo[b, c, y], result[b, c, y]
            for x in range(width):
                to[x] = line[x] / max(by[x], darkest)


@compiled
def _unshuffle_rows(first, second, third, fourth, result, start, end):
    height, width = result.shape[1:3]
    for number in range(start, end):
        b, y = number // height, number % height
        for x in range(width):
            to = result[b, y, x]
            _four_pixels(first, b, y, x, to[:12])
            _four_pixels(second, b, y, x, to[12:24])
            _four_pixels(third, b, y, x, to[24:36])
            _four_pixels(fourth, b, y, x, to[36:])


@compiled
def _four_pixels(planes, b, y, x, to):
    for c in range(3):
        to[4 * c] = planes[b, c, 2 * y, 2 * x]
        to[4 * c + 1] = planes[b, c, 2 * y, 2 * x + 1]
        to[4 * c + 2] = planes[b, c, 2 * y + 1, 2 * x]
        to[4 * c + 3] = planes[b, c, 2 * y + 1, 2 * x + 1]


@compiled
def _brightness_rows(radiance, total, result, start, end):
    height, width = result.shape[2:]
    for number in range(start, end):
        b, y = number // height, number % height
        red, green, blue = radiance[b, 0, y], radiance[b, 1, y], radiance[b, 2, y]
        weight, to = total[b, 0, y], result[b, 0, y]
        for x in range(width):
            to[x] = (red[x] + green[x] + blue[x]) * _THIRD / weight[x]


@compiled
def _least_rows(brightness, darkest, ratio, offset, start, end):
    """The least of each pixel and its eight neighbours, and the square of its ratio to their mean."""
    height, width = darkest.shape[2:]
    least, total = np.empty(width + 2, np.float32), np.empty(width + 2, np.float32)
    for number in range(start, end):
        b, y = number // height, number % height
        above, here = brightness[b, 0, max(y - 1, 0)], brightness[b, 0, y]
        below = brightness[b, 0, min(y + 1, height - 1)]
        for x in range(width):
            least[x + 1] = min(above[x], here[x], below[x])
            total[x + 1] = above[x] + here[x] + below[x]
        least[0], total[0] = least[1], total[1]
        least[width + 1], total[width + 1] = least[width], total[width]
        to, to_ratio = darkest[b, 0, y], ratio[b, 0, y]
        for x in range(width):
            to[x] = min(least[x], least[x + 1], least[x + 2])
            calm = (to[x] + offset) / ((total[x] + total[x + 1] + total[x + 2]) * _NINTH + offset)
            to_ratio[x] = calm * calm


@compiled
def _most_rows(darkest, ratio, opening, calm, start, end):
    """The greatest of each pixel and its eight neighbours, of both."""
    height, width = darkest.shape[2:]
    line = np.empty(width + 2, np.float32)
    for number in range(start, end):
        b, y = number // height, number % height
        for source, result in ((darkest, opening), (ratio, calm)):
            above, here, below = source[b, 0, max(y - 1, 0)], source[b, 0, y], source[b, 0, min(y + 1, height - 1)]
            for x in range(width):
                line[x + 1] = max(above[x], here[x], below[x])
            line[0], line[width + 1] = line[1], line[width]
            to = result[b, 0, y]
            for x in range(width):
                to[x] = max(line[x], line[x + 1], line[x + 2])


@compiled
def _weigh_rows(irradiance, radiance, total, confidence, weighed, pooled, reach, step, rows, start, end):
    height, width = total.shape[2:]
    line = np.empty(width, np.float32)
    for number in range(start, end):
        b, k = number // (height // rows), number % (height // rows)
        for y in range(k * rows, k * rows + rows):
            take(confidence, b, 0, y, 0, step, line)
            for c in range(7):
                plane = irradiance[b, c] if c < 3 else (radiance[b, c - 3] if c < 6 else total[b, 0])
                source, to = plane[y], weighed[b, c, y + reach, reach : reach + width]
                for x in range(width):
                    to[x] = source[x] * line[x]
                for x in range(reach):
                    weighed[b, c, y + reach, x] = to[0]
                    weighed[b, c, y + reach, reach + width + x] = to[width - 1]
        if rows == 2:
            for c in range(7):
                above = weighed[b, c, 2 * k + reach, reach : reach + width]
                below = weighed[b, c, 2 * k + 1 + reach, reach : reach + width]
                to = pooled[b, c, k]
                for x in range(width // 2):
                    to[x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) * _QUARTER


@compiled
def _sharpness_rows(predicted, calm, sharpness, step, unit, least, in_calm, start, end):
    height, width = calm.shape[2:]
    for number in range(start, end):
        b, y = number // height, number % height
        quiet = calm[b, 0, y]
        for guide in range(3):
            to = sharpness[b, guide, y]
            take(predicted, b, guide, y, 0, step, to)
            for x in range(width):
                to[x] = unit[guide] * (least[guide] + in_calm[guide] * quiet[x] + to[x])


@compiled
def _pad_rows(planes, padded, first, reach, start, end):
    height, width = planes.shape[2:]
    for number in range(start, end):
        b, y = number // height, number % height
        for c in range(planes.shape[1]):
            source, to = planes[b, c, y], padded[b, first + c, y + reach]
            for x in range(width):
                to[reach + x] = source[x]
            for x in range(reach):
                to[x] = source[0]
                to[reach + width + x] = source[width - 1]


@compiled
def _pool_rows(planes, result, start, end):
    height, width = result.shape[2:]
    for number in range(start, end):
        b, y = number // height, number % height
        for c in range(planes.shape[1]):
            above, below, to = planes[b, c, 2 * y], planes[b, c, 2 * y + 1], result[b, c, y]
            for x in range(width):
                to[x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) * _QUARTER


@compiled
def _normalise_rows(sums, pooled, rows, start, end):
    """Sums over their weights, in their place, and the mean of two by two of that."""
    height, width = sums.shape[2] // rows, sums.shape[3]
    line = np.empty(width, np.float32)
    for number in range(start, end):
        b, k = number // height, number % height
        for y in range(k * rows, k * rows + rows):
            weight = sums[b, 6, y]
            for x in range(width):
                line[x] = _ONE / weight[x]
            for c in range(6):
                here = sums[b, c, y]
                for x in range(width):
                    here[x] *= line[x]
        if rows == 2:
            for c in range(6):
                above, below, to = sums[b, c, 2 * k], sums[b, c, 2 * k + 1], pooled[b, c, k]
                for x in range(width // 2):
                    to[x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) * _QUARTER


@compiled
def _between(plane, y, narrow, wide):
    """Row y of `plane` at twice the size, bilinear, pixels' centres aligned as in torch, into `wide`."""
    k, last = y // 2, len(narrow) - 1
    near = plane[k]
    far = plane[max(k - 1, 0) if y % 2 == 0 else min(k + 1, plane.shape[0] - 1)]
    for x in range(len(narrow)):
        narrow[x] = _THREE_QUARTERS * near[x] + _QUARTER * far[x]
    for x in range(1, len(narrow)):
        wide[2 * x] = _THREE_QUARTERS * narrow[x] + _QUARTER * narrow[x - 1]
    for x in range(last):
        wide[2 * x + 1] = _THREE_QUARTERS * narrow[x] + _QUARTER * narrow[x + 1]
    wide[0] = narrow[0]
    wide[2 * last + 1] = narrow[last]


@compiled
def _blend_rows(filtered, coarse, pooled, low, cover, step, start, end):
    """Replace low frequencies of `filtered`, or all, by the coarser scale's. pooled: `filtered` at half size."""
    height, width = filtered.shape[2:]
    narrow = np.empty(width // 2, np.float32)
    lines = np.empty((4, width), np.float32)
    share, covered, ours, theirs = lines[0], lines[1], lines[2], lines[3]
    for number in range(start, end):
        b, y = number // height, number % height
        take(low, b, 0, y, 0, step, share)
        take(cover, b, 0, y, 0, step, covered)
        for c in range(6):
            _between(coarse[b, c], y, narrow, theirs)
            _between(pooled[b, c], y, narrow, ours)
            here = filtered[b, c, y]
            for x in range(width):
                change = share[x] * (theirs[x] - ours[x])
                change += covered[x] * (theirs[x] - here[x] - change)
                change = max(change, np.float32(-0.8) * here[x])
                here[x] += min(change, np.float32(4) * here[x] + np.float32(0.1))


@compiled
def _remodulate_rows(filtered, trust, albedo, result, darkest, start, end):
    height, width = result.shape[2:]
    line = np.empty(width, np.float32)
    for number in range(start, end):
        b, y = number // height, number % height
        take(trust, b, 0, y, 0, 2, line)
        for c in range(3):
            irradiance, radiance, by = filtered[b, c, y], filtered[b, c + 3, y], albedo[b, c, y]
            to = result[b, c, y]
            for x in range(width):
                to[x] = line[x] * irradiance[x] * max(by[x], darkest) + (_ONE - line[x]) * radiance[x]


@compiled
def _filter_rows(padded, logits, result, sharpness, kernel, start, end):
    taps, step = kernel * kernel, result.shape[3] // logits.shape[3]
    channels, height, width = result.shape[1:]
    all_lines = np.empty((taps, host_filter.STRIP), np.float32)
    all_best, all_total = np.empty(host_filter.STRIP, np.float32), np.empty(host_filter.STRIP, np.float32)
    all_values, all_powers = np.empty(host_filter.STRIP, np.float32), np.empty(host_filter.STRIP, np.int32)
    all_sums = np.empty((channels, host_filter.STRIP), np.float32)
    for number in range(start, end):
        b, y = number // height, number % height
        for x0 in range(0, width, host_filter.STRIP):
            n = min(host_filter.STRIP, width - x0)
            best, total, values, powers = all_best[:n], all_total[:n], all_values[:n], all_powers[:n]
            here = padded[b, channels, y + kernel // 2, x0 + kernel // 2 : x0 + kernel // 2 + n]
            for tap in range(taps):
                line = all_lines[tap, :n]
                take(logits, b, tap, y, x0, step, line)
                there = padded[b, channels, y + tap // kernel, x0 + tap % kernel : x0 + tap % kernel + n]
                for x in range(n):
                    line[x] -= sharpness * (here[x] - there[x]) ** 2
                if tap == 0:
                    best[:] = line
                for x in range(n):
                    best[x] = max(best[x], line[x])
            host_filter.softmax_means(
                all_lines, best, total, padded, result, b, y, x0, kernel, all_sums, powers, values
            )
