"""Filtering by predicted kernels on the processor without gradients, a tile at a time: all of it stays in cache.

`host_filter` is the same with what gradients need. Here kernels are read as the network wrote them, in float32 or
bfloat16, and what they are applied to is weighed on the way.
"""

from dataclasses import dataclass

import numpy as np

from mcdenoise.networks.host_lanes import LANES, all_of, greater, load, power_of_two, store, whole
from mcdenoise.networks.host_rows import compiled, curve, inlined, long, softplus

ROWS = 8
"""Rows of a tile; even, so that two by two pixels are in one."""

_WIDTH = 512  # of a tile
_MARGIN = 4  # on both sides together, of the largest kernel
_LINE = _WIDTH + max(LANES, _MARGIN)
_PLANE = (ROWS + _MARGIN) * _LINE
_TAPS = 25
_SMALLEST = np.float32(-3e38)
_QUARTER, _THIRD = np.float32(0.25), np.float32(1 / 3)


@dataclass(frozen=True)
class Head:
    """What the network says of each pixel of one scale.

    planes: `[B, h, C * s * s, w]`, C numbers for each of s * s pixels, float32 or the bits of bfloat16 as uint16.
    bias: `[C * s * s]`, float32, to be added. step: s.
    """

    planes: np.ndarray
    bias: np.ndarray
    step: int


@compiled
def take(planes, bias, b, channel, y, x0, step, line):
    """Number `channel` of the pixels from (y, x0) on into `line`, see `Head`; x0 is even."""
    n = len(line)
    if step == 1:
        here, offset = planes[b, y, channel, x0 : x0 + n], bias[channel]
        for x in range(n):
            line[x] = long(planes, here[x]) + offset
    else:
        at = channel * 4 + y % 2 * 2
        first, offset = planes[b, y // 2, at, x0 // 2 : (x0 + n) // 2], bias[at]
        second, other_offset = planes[b, y // 2, at + 1, x0 // 2 : (x0 + n) // 2], bias[at + 1]
        for x in range(n // 2):
            line[2 * x] = long(planes, first[x]) + offset
            line[2 * x + 1] = long(planes, second[x]) + other_offset


@compiled
def _near(plane, y0, rows, x0, n, reach, to):
    """The pixels of a tile and `reach` more on each side into `to`; edges are replicated."""
    height, width = plane.shape
    left = x0 - reach
    first, last = max(left, 0), min(x0 + n + reach, width)
    for r in range(rows + 2 * reach):
        source, line = plane[min(max(y0 + r - reach, 0), height - 1)], to[r]
        inside, there = source[first:last], line[first - left : last - left]
        for x in range(len(inside)):
            there[x] = inside[x]
        for x in range(first - left):
            line[x] = source[0]
        for x in range(last - left, n + 2 * reach):
            line[x] = source[width - 1]


@inlined
def _exponential(x):
    """As `host_rows.exponential`, of lanes that are not above zero."""
    z = greater(x * all_of(np.float32(1.44269504)), all_of(np.float32(-125.0)))
    k = whole(z - all_of(np.float32(0.5)))
    f = z - k
    p = all_of(np.float32(1.5403530e-4)) * f + all_of(np.float32(1.3333558e-3))
    p = p * f + all_of(np.float32(9.6181291e-3))
    p = p * f + all_of(np.float32(5.5504109e-2))
    p = p * f + all_of(np.float32(2.4022651e-1))
    p = p * f + all_of(np.float32(6.9314718e-1))
    return (p * f + all_of(np.float32(1))) * power_of_two(k)


@inlined
def _square(near, at, here):
    difference = here - load(near, at)
    return difference * difference


@compiled
def guided_rows(
    sums, confidence, albedo, normal, bright, calm, planes, bias, step, kernel, units, least, in_calm, result, pooled,
    start, end,
):  # fmt: skip
    """Filter sums by guided kernels: means of irradiance and radiance, `[B, 6, H, W]`, into `result`.

    sums: `[B, 7, H, W]`, of irradiance, radiance and weight; they count as often as confidence, `[B, 1, H, W]`, says.
    albedo, normal and bright are guides, calm tells where the last counts for more. pooled, if
    it has any pixels: for the means of two by two pixels of the result. start and end count rows of tiles.
    """
    taps, reach = kernel * kernel, kernel // 2
    height, width = sums.shape[2:]
    tiles = (height + ROWS - 1) // ROWS
    near, weights = np.zeros((14, ROWS + _MARGIN, _LINE), np.float32), np.zeros((ROWS + _MARGIN, _LINE), np.float32)
    sharpness, lines = np.zeros((3, _WIDTH), np.float32), np.zeros((_TAPS, _WIDTH), np.float32)
    means = np.zeros((6 * ROWS, _WIDTH), np.float32)
    for number in range(start, end):
        b, y0 = number // tiles, number % tiles * ROWS
        rows = min(ROWS, height - y0)
        for x0 in range(0, width, _WIDTH):
            n = min(_WIDTH, width - x0)
            for c in range(3):
                _near(albedo[b, c], y0, rows, x0, n, reach, near[7 + c])
                _near(normal[b, c], y0, rows, x0, n, reach, near[10 + c])
            for c in range(7):
                _near(sums[b, c], y0, rows, x0, n, reach, near[c])
            _near(bright[b, 0], y0, rows, x0, n, reach, near[13])
            _near(confidence[b, 0], y0, rows, x0, n, reach, weights)
            for c in range(7):
                for r in range(rows + 2 * reach):
                    line, weight = near[c, r], weights[r]
                    for x in range(n + 2 * reach):
                        line[x] *= weight[x]
            for r in range(rows):
                for tap in range(taps):
                    take(planes, bias, b, tap, y0 + r, x0, step, lines[tap, :n])
                quiet = calm[b, 0, y0 + r, x0 : x0 + n]
                for guide in range(3):
                    line = sharpness[guide, :n]
                    take(planes, bias, b, taps + guide, y0 + r, x0, step, line)
                    for x in range(n):
                        line[x] = units[guide] * (least[guide] + in_calm[guide] * quiet[x] + softplus(line[x]))
                _guided_means(near.ravel(), lines.ravel(), sharpness.ravel(), means.ravel(), r, n, kernel)
                for c in range(6):
                    line, to = means[6 * r + c], result[b, c, y0 + r, x0 : x0 + n]
                    for x in range(n):
                        to[x] = line[x]
            if pooled.shape[3]:
                for r in range(rows // 2):
                    for c in range(6):
                        above, below = means[12 * r + c], means[12 * r + 6 + c]
                        to = pooled[b, c, y0 // 2 + r, x0 // 2 : (x0 + n) // 2]
                        for x in range(n // 2):
                            to[x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) * _QUARTER


@compiled
def _guided_means(near, lines, sharpness, means, r, n, kernel):
    """Row r of a tile: near holds seven sums and seven guides, lines the logits."""
    middle = (r + kernel // 2) * _LINE + kernel // 2
    for x in range(0, n, LANES):
        at = middle + x
        g0, g1, g2 = load(near, at + 7 * _PLANE), load(near, at + 8 * _PLANE), load(near, at + 9 * _PLANE)
        g3, g4, g5 = load(near, at + 10 * _PLANE), load(near, at + 11 * _PLANE), load(near, at + 12 * _PLANE)
        g6 = load(near, at + 13 * _PLANE)
        on_albedo, on_normal = load(sharpness, x), load(sharpness, _WIDTH + x)
        on_bright = load(sharpness, 2 * _WIDTH + x)
        best = all_of(_SMALLEST)
        for tap in range(kernel * kernel):
            at = (r + tap // kernel) * _LINE + x + tap % kernel
            albedo = _square(near, at + 7 * _PLANE, g0) + _square(near, at + 8 * _PLANE, g1)
            albedo += _square(near, at + 9 * _PLANE, g2)
            normal = _square(near, at + 10 * _PLANE, g3) + _square(near, at + 11 * _PLANE, g4)
            normal += _square(near, at + 12 * _PLANE, g5)
            bright = _square(near, at + 13 * _PLANE, g6)
            logit = load(lines, tap * _WIDTH + x) - on_albedo * albedo - on_normal * normal - on_bright * bright
            store(lines, tap * _WIDTH + x, logit)
            best = greater(logit, best)
        none = all_of(np.float32(0))
        s0, s1, s2, s3, s4, s5, total = none, none, none, none, none, none, none
        for tap in range(kernel * kernel):
            at = (r + tap // kernel) * _LINE + x + tap % kernel
            weight = _exponential(load(lines, tap * _WIDTH + x) - best)
            s0 += weight * load(near, at)
            s1 += weight * load(near, at + _PLANE)
            s2 += weight * load(near, at + 2 * _PLANE)
            s3 += weight * load(near, at + 3 * _PLANE)
            s4 += weight * load(near, at + 4 * _PLANE)
            s5 += weight * load(near, at + 5 * _PLANE)
            total += weight * load(near, at + 6 * _PLANE)
        share = all_of(np.float32(1)) / total
        to = 6 * r * _WIDTH + x
        store(means, to, s0 * share)
        store(means, to + _WIDTH, s1 * share)
        store(means, to + 2 * _WIDTH, s2 * share)
        store(means, to + 3 * _WIDTH, s3 * share)
        store(means, to + 4 * _WIDTH, s4 * share)
        store(means, to + 5 * _WIDTH, s5 * share)


@compiled
def again_rows(image, planes, bias, first, step, kernel, sharpness, result, start, end):
    """Filter `image` `[B, 3 or 6, H, W]` by kernels that fall off where the last three channels' brightness changes.

    first: number of the first logit in `planes`. start and end count rows of tiles.
    """
    taps, reach = kernel * kernel, kernel // 2
    channels, height, width = image.shape[1:]
    tiles = (height + ROWS - 1) // ROWS
    near = np.zeros((7, ROWS + _MARGIN, _LINE), np.float32)
    lines, means = np.zeros((_TAPS, _WIDTH), np.float32), np.zeros((6, _WIDTH), np.float32)
    for number in range(start, end):
        b, y0 = number // tiles, number % tiles * ROWS
        rows = min(ROWS, height - y0)
        for x0 in range(0, width, _WIDTH):
            n = min(_WIDTH, width - x0)
            for c in range(channels):
                _near(image[b, c], y0, rows, x0, n, reach, near[c])
            for r in range(rows + 2 * reach):
                red, green, blue = near[channels - 3, r], near[channels - 2, r], near[channels - 1, r]
                bright = near[6, r]
                for x in range(n + 2 * reach):
                    bright[x] = curve(max((red[x] + green[x] + blue[x]) * _THIRD, np.float32(0)))
            for r in range(rows):
                for tap in range(taps):
                    take(planes, bias, b, first + tap, y0 + r, x0, step, lines[tap, :n])
                for c in range(0, channels, 3):
                    _three_means(near.ravel(), c, lines.ravel(), sharpness, means.ravel(), r, n, kernel)
                for c in range(channels):
                    line, to = means[c], result[b, c, y0 + r, x0 : x0 + n]
                    for x in range(n):
                        to[x] = line[x]


@compiled
def _three_means(near, channel, lines, sharpness, means, r, n, kernel):
    """Row r of a tile: near holds up to six channels, of which three from `channel` on are filtered, and brightness."""
    middle = (r + kernel // 2) * _LINE + kernel // 2
    for x in range(0, n, LANES):
        here = load(near, middle + x + 6 * _PLANE)
        best = all_of(_SMALLEST)
        for tap in range(kernel * kernel):
            at = (r + tap // kernel) * _LINE + x + tap % kernel
            logit = load(lines, tap * _WIDTH + x) - all_of(sharpness) * _square(near, at + 6 * _PLANE, here)
            best = greater(logit, best)
        none = all_of(np.float32(0))
        s0, s1, s2, total = none, none, none, none
        for tap in range(kernel * kernel):
            at = (r + tap // kernel) * _LINE + x + tap % kernel
            logit = load(lines, tap * _WIDTH + x) - all_of(sharpness) * _square(near, at + 6 * _PLANE, here)
            weight = _exponential(logit - best)
            s0 += weight * load(near, at + channel * _PLANE)
            s1 += weight * load(near, at + channel * _PLANE + _PLANE)
            s2 += weight * load(near, at + channel * _PLANE + 2 * _PLANE)
            total += weight
        share = all_of(np.float32(1)) / total
        store(means, channel * _WIDTH + x, s0 * share)
        store(means, (channel + 1) * _WIDTH + x, s1 * share)
        store(means, (channel + 2) * _WIDTH + x, s2 * share)
