"""The pyramid of `kpn` on the processor without gradients: what `kpn` says in torch's terms, in a few compiled passes.

Torch's own operations would go over the whole picture some hundred times, and wait for memory all the while.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from mcdenoise.networks.host_kernels import ROWS, Head, again_rows, guided_rows, take
from mcdenoise.networks.host_network import feature_head_of, heads_of
from mcdenoise.networks.host_room import Room, room_of
from mcdenoise.networks.host_rows import compiled, curve, in_threads, sigmoid

_QUARTER, _THREE_QUARTERS, _ONE = np.float32(0.25), np.float32(0.75), np.float32(1)
_NINTH, _THIRD = np.float32(1 / 9), np.float32(1 / 3)
_NOTHING = np.empty((0, 0, 0, 0), np.float32)


@dataclass(frozen=True)
class Constants:
    """Those of `kpn`, under their names there. sharpness, least_sharpness and in_calm: one for each guide."""

    darkest_albedo: float
    sharpness: Sequence[float]
    least_sharpness: Sequence[float]
    in_calm: Sequence[float]
    calm_offset: float
    least_confidence: float
    cover_bias: float
    sharpness_again: float


def denoised(network: nn.Module, radiance: Tensor, albedo: Tensor, normal: Tensor, constants: Constants) -> Tensor:
    """`network`, a `KPN`, on float32 `[B, 3, H, W]`: see its `forward`.

    Raises ValueError if shapes differ or are others: the compiled passes look at no bounds.
    """
    shape = radiance.shape
    if not (len(shape) == 4 and shape[1] == 3 and shape == albedo.shape == normal.shape):
        given = ", ".join(str(tuple(image.shape)) for image in (radiance, albedo, normal))
        raise ValueError(f"radiance, albedo and normal must be [B, 3, H, W], not {given}")
    if 0 in shape or shape[2] % network.multiple or shape[3] % network.multiple:
        raise ValueError(f"height and width must be multiples of {network.multiple}, not {shape[2]} and {shape[3]}")
    images = [image.detach().contiguous() for image in (radiance, albedo, normal)]
    with room_of(network) as room:
        return torch.from_numpy(_denoised(network, *images, constants, room))


def _denoised(
    network: nn.Module, radiance: Tensor, albedo: Tensor, normal: Tensor, constants: Constants, room: Room
) -> np.ndarray:
    """The result is not in `room`."""
    if network.features is not None:
        albedo, normal = _filtered_features(network.features, albedo, normal, room)
    sums, heads = heads_of(network, radiance, albedo, normal, constants.darkest_albedo, room)
    features = albedo.numpy(), normal.numpy()
    again = network.again * network.again
    filtered = []
    for number, head in enumerate(heads):
        means, pooled, sums, smaller = _filtered(sums, features, head, network.kernel, constants, number + 1 < 5, room)
        filtered.append((means, pooled))
        features = smaller
    result = None
    for number, head in reversed(list(enumerate(heads))):
        means, pooled = filtered.pop()
        if result is not None:
            _blend(means, result, pooled, head, network.kernel, constants.cover_bias)
        result = means
        first = network.kernel**2 + 6
        if number == 0:
            result = _remodulated(result, head, first + again, albedo.numpy(), constants.darkest_albedo)
        if number < 2 and again:
            result = filtered_again(result, head, first, network.again, constants.sharpness_again)
    return result


def _filtered_features(layers: nn.Module, albedo: Tensor, normal: Tensor, room: Room) -> list[Tensor]:
    """Albedo and normal by the kernels that `layers`, of a `KPN`, predict for them."""
    features = room.empty((albedo.shape[0], 6, *albedo.shape[2:]))
    features[:, :3], features[:, 3:] = albedo.numpy(), normal.numpy()
    filtered = filtered_again(features, feature_head_of(layers, features, room), 0, layers.kernel, 0.0)
    return [torch.from_numpy(np.ascontiguousarray(part)) for part in (filtered[:, :3], filtered[:, 3:])]


def filtered_again(image: np.ndarray, head: Head, first: int, kernel: int, sharpness: float) -> np.ndarray:
    """As `kpn`'s, by the kernels whose logits are the numbers of `head` from `first` on."""
    result = np.empty_like(image)
    arguments = image, head.planes, head.bias, first, head.step, kernel, np.float32(sharpness), result
    _run_tiles(again_rows, arguments, image.shape)
    return result


def certainly_bright(sums: np.ndarray, offset: float, room: Room) -> tuple[np.ndarray, np.ndarray]:
    """As `kpn`'s, of radiance over its weight, which are numbers 3 to 6 of `sums` `[B, 7, H, W]`."""
    shape = sums.shape[0], 1, *sums.shape[2:]
    brightness, darkest, ratio, calm = (room.empty(shape) for _ in range(4))
    _run(_brightness_rows, (sums, brightness), shape)
    _run(_least_rows, (brightness, darkest, ratio, np.float32(offset)), shape)
    opening = brightness  # not needed any more
    _run(_most_rows, (darkest, ratio, opening, calm), shape)
    return opening, calm


def _filtered(
    sums: np.ndarray,
    features: Sequence[np.ndarray],
    head: Head,
    kernel: int,
    constants: Constants,
    more: bool,
    room: Room,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """One scale: the means, and if there are more scales those, sums and features at half the size."""
    count, _, height, width = sums.shape
    bright, calm = certainly_bright(sums, constants.calm_offset, room)
    confidence, means = (room.empty((count, channels, height, width)) for channels in (1, 6))
    smaller = [room.empty((count, c, height // 2, width // 2)) if more else _NOTHING for c in (6, 7, 3, 3)]
    pooled_means, pooled_sums, *pooled_features = smaller
    rows = 2 if more else 1
    channel, least = kernel * kernel + 3, np.float32(constants.least_confidence)
    arguments = sums, head.planes, head.bias, channel, head.step, least, confidence, pooled_sums, rows
    _run(_weigh_rows, arguments, (count, 1, height // rows, width))
    for feature, to in zip(features, pooled_features, strict=True):
        _run(_pool_rows, (feature, to), to.shape)
    on_guides = constants.sharpness, constants.least_sharpness, constants.in_calm
    arguments = sums, confidence, *features, bright, calm, head.planes, head.bias, head.step, kernel
    arguments = *arguments, *(np.array(values, np.float32) for values in on_guides), means, pooled_means
    _run_tiles(guided_rows, arguments, means.shape)
    return means, pooled_means, pooled_sums, tuple(pooled_features)


def _blend(means: np.ndarray, coarse: np.ndarray, pooled: np.ndarray, head: Head, kernel: int, bias: float) -> None:
    """Replace low frequencies of `means`, or all, by the coarser scale's. pooled: `means` at half the size."""
    arguments = means, coarse, pooled, head.planes, head.bias, kernel * kernel + 4, np.float32(bias), head.step
    _run(_blend_rows, arguments, means.shape)


def _remodulated(means: np.ndarray, head: Head, channel: int, albedo: np.ndarray, darkest: float) -> np.ndarray:
    """trust * irradiance * max(albedo, darkest) + (1 - trust) * radiance; trust is number `channel` of `head`."""
    result = np.empty_like(albedo)
    arguments = means, head.planes, head.bias, channel, head.step, albedo, np.float32(darkest), result
    _run(_remodulate_rows, arguments, albedo.shape)
    return result


def _run(function, arguments: Sequence, shape: Sequence[int]) -> None:
    """In threads, over the rows of a picture of `shape`, `[B, C, H, W]`."""
    rows = shape[0] * shape[2]
    in_threads(function, tuple(arguments), rows, rows * shape[3], torch.get_num_threads())


def _run_tiles(function, arguments: Sequence, shape: Sequence[int]) -> None:
    """In threads, over the rows of tiles of a picture of `shape`, `[B, C, H, W]`."""
    count, _, height, width = shape
    in_threads(function, tuple(arguments), count * -(-height // ROWS), count * height * width, torch.get_num_threads())


@compiled
def _brightness_rows(sums, result, start, end):
    height, width = result.shape[2:]
    for number in range(start, end):
        b, y = number // height, number % height
        red, green, blue, weight = sums[b, 3, y], sums[b, 4, y], sums[b, 5, y], sums[b, 6, y]
        to = result[b, 0, y]
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
    """The greatest of each pixel and its eight neighbours, of both; of the former `log_curve`."""
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
        to = opening[b, 0, y]
        for x in range(width):
            to[x] = curve(to[x])


@compiled
def _weigh_rows(sums, planes, bias, channel, step, least, confidence, pooled, rows, start, end):
    """Confidence, and the means of two by two sums times it."""
    height, width = confidence.shape[2] // rows, confidence.shape[3]
    for number in range(start, end):
        b, k = number // height, number % height
        for y in range(k * rows, k * rows + rows):
            line = confidence[b, 0, y]
            take(planes, bias, b, channel, y, 0, step, line)
            for x in range(width):
                line[x] = sigmoid(max(line[x], least))
        if rows == 2:
            on_above, on_below = confidence[b, 0, 2 * k], confidence[b, 0, 2 * k + 1]
            for c in range(7):
                above, below, to = sums[b, c, 2 * k], sums[b, c, 2 * k + 1], pooled[b, c, k]
                for x in range(width // 2):
                    upper = above[2 * x] * on_above[2 * x] + above[2 * x + 1] * on_above[2 * x + 1]
                    lower = below[2 * x] * on_below[2 * x] + below[2 * x + 1] * on_below[2 * x + 1]
                    to[x] = (upper + lower) * _QUARTER


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
def _blend_rows(filtered, coarse, pooled, planes, bias, channel, cover_bias, step, start, end):
    height, width = filtered.shape[2:]
    narrow = np.empty(width // 2, np.float32)
    lines = np.empty((4, width), np.float32)
    share, covered, ours, theirs = lines[0], lines[1], lines[2], lines[3]
    for number in range(start, end):
        b, y = number // height, number % height
        take(planes, bias, b, channel, y, 0, step, share)
        take(planes, bias, b, channel + 1, y, 0, step, covered)
        for x in range(width):
            share[x] = sigmoid(share[x])
            covered[x] = sigmoid(covered[x] + cover_bias)
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
def _remodulate_rows(filtered, planes, bias, channel, step, albedo, darkest, result, start, end):
    height, width = result.shape[2:]
    line = np.empty(width, np.float32)
    for number in range(start, end):
        b, y = number // height, number % height
        take(planes, bias, b, channel, y, 0, step, line)
        for x in range(width):
            line[x] = sigmoid(line[x])
        for c in range(3):
            irradiance, radiance, by = filtered[b, c, y], filtered[b, c + 3, y], albedo[b, c, y]
            to = result[b, c, y]
            for x in range(width):
                to[x] = line[x] * irradiance[x] * max(by[x], darkest) + (_ONE - line[x]) * radiance[x]
