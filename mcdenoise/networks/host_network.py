"""The convolutions of `kpn` on the processor without gradients: channels last, and large pictures in bands of rows.

What a band needs stays in cache from one layer to the next, and torch takes the memory of one band for the next.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.networks.host_kernels import Head
from mcdenoise.networks.host_room import Room
from mcdenoise.networks.host_rows import compiled, curve, exponential, in_threads, logarithm, short
from mcdenoise.networks.layers import relu

_BAND = 65536  # pixels
_ZERO, _ONE = np.float32(0), np.float32(1)
_LEAST = np.float32(1e-30)  # of what has a logarithm: zero has none, and may be negative zero


def heads_of(
    network: nn.Module, radiance: Tensor, albedo: Tensor, normal: Tensor, darkest: float, room: Room
) -> tuple[np.ndarray, list[Head]]:
    """What the layers of a `KPN` say of every scale, from fine to coarse, and before it what that is for.

    radiance, albedo and normal: `[B, 3, H, W]`, contiguous float32. The first result, `[B, 7, H, W]`, is irradiance (by
    an albedo of `darkest` at the least), radiance and ones. Convolutions are in the precision that autocast says. All
    of it is in `room`.
    """
    dtype = _dtype()
    threads = torch.get_num_threads()
    count, _, height, width = radiance.shape
    images = room.empty((count, 7, height, width))
    images[:, 6] = 1
    height, width = height // 2, width // 2
    context = 2 * (1 + len(network.blocks1))  # rows, one for each of the convolutions that follow one another
    bands = list(_bands(count, height, width, context))
    channels = network.enc1b.out_channels
    pixels = _channels_last(room, count, network.enc1a.in_channels, height, width, dtype)
    arguments = *(_array(image) for image in (radiance, albedo, normal)), np.float32(darkest)
    arguments = *arguments, network.input == "tonemapped", images
    rows = count * height
    in_threads(_pixels_rows, (*arguments, _array(pixels.permute(0, 2, 3, 1))), rows, rows * width, threads)
    skip1, x = (_channels_last(room, count, channels, height // step, width // step, dtype) for step in (1, 2))
    for b, kept, seen in bands:
        band = relu(network.enc1b(relu(network.enc1a(pixels[b : b + 1, :, seen]))))[:, :, _within(kept, seen)]
        skip1[b : b + 1, :, kept] = band
        x[b : b + 1, :, kept.start // 2 : kept.stop // 2] = F.max_pool2d(band, 2)
    x = skip2 = relu(network.enc2(x))
    x = skip3 = relu(network.enc3(F.max_pool2d(x, 2)))
    x4 = network.blocks4(relu(network.enc4b(relu(network.enc4a(F.max_pool2d(x, 2))))))
    x3 = network.blocks3(relu(network.dec3b(_Join(network.dec3a, x4.shape[1])(x4, skip3))))
    x2 = network.blocks2(relu(network.dec2b(_Join(network.dec2a, x3.shape[1])(x3, skip2))))
    writers = [_Writer(room, layer, count, height, width, dtype) for layer in (network.kernels0, network.kernels1)]
    join = _Join(network.dec1a, x2.shape[1])
    for b, kept, seen in bands:
        coarse = x2[b : b + 1, :, seen.start // 2 : seen.stop // 2]
        band = network.blocks1(relu(network.dec1b(join(coarse, skip1[b : b + 1, :, seen]))))
        band = band[0, :, _within(kept, seen)]
        for writer in writers:
            writer.write(band, b, kept)
    for layer, x in ((network.kernels2, x2), (network.kernels3, x3), (network.kernels4, x4)):
        writer = _Writer(room, layer, count, *x.shape[2:], dtype)
        for b in range(count):
            writer.write(x[b], b, slice(0, x.shape[2]))
        writers.append(writer)
    return images, [writer.head(1 if number else 2) for number, writer in enumerate(writers)]


def feature_head_of(layers: nn.Module, features: np.ndarray, room: Room) -> Head:
    """What the layers that a `KPN` has for its features say of albedo and normal, `[B, 6, H, W]`; it is in `room`."""
    dtype = _dtype()
    count, _, height, width = features.shape
    height, width = height // 2, width // 2
    pixels = _channels_last(room, count, layers.enc1.in_channels, height, width, dtype)
    arguments = features, _array(pixels.permute(0, 2, 3, 1))
    in_threads(_four_pixels_rows, arguments, count * height, count * height * width, torch.get_num_threads())
    skip = relu(layers.enc1(pixels))
    x = relu(layers.enc2b(relu(layers.enc2a(F.max_pool2d(skip, 2)))))
    x = _Join(layers.dec1, x.shape[1])(x, skip)
    writer = _Writer(room, layers.kernels, count, height, width, dtype)
    for b in range(count):
        writer.write(x[b], b, slice(0, height))
    return writer.head(2)


def _dtype() -> torch.dtype:
    """That of convolutions, as autocast says."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32


class _Join:
    """`relu(layer(cat([upsample(coarse), fine])))` without the pixels that `upsample` repeats.

    A convolution of a sum is the sum of two. That of what is enlarged is a transposed one with a stride of two: where
    the 3 x 3 weights meet one pixel twice their sum does. It takes 4 products for each output instead of 9.
    """

    def __init__(self, layer: nn.Conv2d, channels: int):
        on_coarse, self._on_fine = layer.weight.split((channels, layer.in_channels - channels), dim=1)
        turned = F.pad(on_coarse.flip(2, 3), (1, 1, 1, 1))
        self._on_coarse = F.avg_pool2d(turned, 2, 1, divisor_override=1).transpose(0, 1)
        self._bias = layer.bias

    def __call__(self, coarse: Tensor, fine: Tensor) -> Tensor:
        x = F.conv2d(fine, self._on_fine, self._bias, padding=1)
        return relu(x.add_(F.conv_transpose2d(coarse, self._on_coarse, stride=2, padding=1)))


class _Writer:
    """Writes a convolution of 1 x 1 as the filters read it, a band at a time: row by row, and there plane by plane."""

    def __init__(self, room: Room, layer: nn.Conv2d, count: int, height: int, width: int, dtype: torch.dtype):
        self._weight = layer.weight.flatten(1).to(dtype)
        self._bias = layer.bias
        self._planes = _tensor(room, (count, height, layer.out_channels, width), dtype)

    def write(self, x: Tensor, b: int, rows: slice) -> None:
        """x: `[C, rows, W]`, channels last."""
        x = x.transpose(0, 1)
        torch.bmm(self._weight.expand(len(x), -1, -1), x, out=self._planes[b, rows])

    def head(self, step: int) -> Head:
        return Head(_array(self._planes), _array(self._bias), step)


def _bands(count: int, height: int, width: int, context: int) -> Iterator[tuple[int, slice, slice]]:
    """Number in the batch, rows that are kept, and rows that have a say in them.

    context: on either side of what is kept; even, as two rows are pooled.
    """
    rows = max(16, _BAND // width // 2 * 2)
    for b in range(count):
        for first in range(0, height, rows):
            last = min(first + rows, height)
            yield b, slice(first, last), slice(max(first - context, 0), min(last + context, height))


def _within(kept: slice, seen: slice) -> slice:
    return slice(kept.start - seen.start, kept.stop - seen.start)


def _channels_last(room: Room, count: int, channels: int, height: int, width: int, dtype: torch.dtype) -> Tensor:
    """`[B, C, H, W]`, uninitialised."""
    return _tensor(room, (count, height, width, channels), dtype).permute(0, 3, 1, 2)


def _tensor(room: Room, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    if dtype == torch.bfloat16:
        return torch.from_numpy(room.empty(shape, np.uint16)).view(dtype)
    return torch.from_numpy(room.empty(shape))


def _array(tensor: Tensor) -> np.ndarray:
    """The same memory; of bfloat16 the bits, as uint16."""
    tensor = tensor.detach()
    return (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()


@compiled
def _pixels_rows(radiance, albedo, normal, darkest, tonemapped, images, result, start, end):
    """What the network sees, `[B, H / 2, W / 2, 48]`, four pixels in the channels; images: see `heads_of`.

    tonemapped: whether it sees T(radiance), and not its logarithm.
    """
    height, width = result.shape[1:3]
    lines = np.empty((12, 2, 2 * width), result.dtype)
    curves = np.empty((2, 2 * width), np.float32)
    for number in range(start, end):
        b = number // height
        for below in range(2):
            y = 2 * (number % height) + below
            for c in range(3):
                source, by = radiance[b, c, y], albedo[b, c, y]
                irradiance, positive = images[b, c, y], images[b, 3 + c, y]
                for x in range(2 * width):
                    value = max(source[x], _ZERO)
                    positive[x] = value
                    irradiance[x] = value / max(by[x], darkest)
                for x in range(2 * width):
                    curves[0, x] = curve(irradiance[x])
                if tonemapped:
                    for x in range(2 * width):
                        share = max(positive[x] / (_ONE + positive[x]), _LEAST)
                        curves[1, x] = exponential(logarithm(share) * np.float32(1 / 2.2))  # `tonemap`
                else:
                    for x in range(2 * width):
                        curves[1, x] = curve(positive[x])
                _keep(curves[0], lines[c, below])
                _keep(curves[1], lines[3 + c, below])
                _keep(by, lines[6 + c, below])
                _keep(normal[b, c, y], lines[9 + c, below])
        _put_four_pixels(lines, result[b, number % height])


@compiled
def _four_pixels_rows(planes, result, start, end):
    """`[B, C, H, W]` as `[B, H / 2, W / 2, 4 * C]`, four pixels in the channels."""
    height, width = result.shape[1:3]
    lines = np.empty((planes.shape[1], 2, 2 * width), result.dtype)
    for number in range(start, end):
        b, y = number // height, number % height
        for c in range(planes.shape[1]):
            for below in range(2):
                _keep(planes[b, c, 2 * y + below], lines[c, below])
        _put_four_pixels(lines, result[b, y])


@compiled
def _put_four_pixels(lines, row):
    """Two rows of each plane, `[C, 2, 2 * W]`, into `[W, 4 * C]`."""
    for x in range(len(row)):
        to = row[x]
        for c in range(len(lines)):
            to[4 * c] = lines[c, 0, 2 * x]
            to[4 * c + 1] = lines[c, 0, 2 * x + 1]
            to[4 * c + 2] = lines[c, 1, 2 * x]
            to[4 * c + 3] = lines[c, 1, 2 * x + 1]


@compiled
def _keep(line, to):
    """`to` holds float32 or the bits of bfloat16."""
    for x in range(len(line)):
        if to.itemsize == 2:
            to[x] = short(line[x])
        else:
            to[x] = line[x]
