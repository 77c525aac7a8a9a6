"""`guided_filter` on a CUDA device, in Triton: a tile of pixels at a time, whose kernels are never put into memory.

All is read where it lies, at places clamped to the picture: there are no padded copies. Every pixel gathers what is
its own, also of the gradient, so the same input gives the same bytes.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

_ROWS, _COLUMNS, _WARPS = 4, 32, 4  # of a tile: a row of it for each warp


def filter_on_device(image: Tensor, guides: Tensor, logits: Tensor, sharpness: Tensor, kernel: int) -> Tensor:
    """`guided_filter` of one image `[B, C, H, W]` by guides `[B, 7, H, W]`, with its gradients.

    logits: `[B, kernel * kernel * s * s, H / s, W / s]`. sharpness: `[B, 3, H, W]`. All are float32, on one device.
    Raises ValueError where shapes do not fit, since beyond them lies memory of others, and for an even kernel.
    """
    if kernel % 2 == 0:
        raise ValueError(f"kernel must be odd, not {kernel}")
    count, _, height, width = image.shape
    step = max(width // max(logits.shape[3], 1), 1)
    expected = [
        (count, 7, height, width),
        (count, (kernel * step) ** 2, height // step, width // step),
        (count, 3, height, width),
    ]
    given = [tuple(x.shape) for x in (guides, logits, sharpness)]
    if given != expected or height % step or width % step:
        shape = tuple(image.shape)
        raise ValueError(f"for an image {shape}, guides, logits and sharpness must be {expected}, not {given}")
    return _OnDevice.apply(image, guides, logits, sharpness, kernel)


def try_on(device: torch.device) -> None:
    """Filter one pixel. Raises what Triton raises: it finds no C compiler, or the device is too old for it."""
    one = torch.ones(1, 1, 1, 1, device=device)
    filter_on_device(one, one.expand(1, 7, 1, 1), one, one.expand(1, 3, 1, 1), kernel=1)


class _OnDevice(torch.autograd.Function):
    """The kernels are computed again for the gradient, so that they are never held in between."""

    @staticmethod
    def forward(ctx, image: Tensor, guides: Tensor, logits: Tensor, sharpness: Tensor, kernel: int) -> Tensor:
        image, guides, sharpness = image.contiguous(), guides.contiguous(), sharpness.contiguous()
        logits = _dense(logits)
        result, norms = torch.empty_like(image), image.new_empty(image.shape[0], 2, *image.shape[2:])
        _launch(_filter_forward, image, logits, kernel, guides, sharpness, image, result, norms)
        ctx.kernel = kernel
        ctx.save_for_backward(image, guides, logits, sharpness, result, norms)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        image, guides, logits, sharpness, result, norms = ctx.saved_tensors
        gradient = gradient.contiguous()
        of_logits, of_sharpness = logits.new_empty(logits.shape), torch.empty_like(sharpness)
        planes = guides, sharpness, image, result, norms, gradient, of_logits, of_sharpness
        _launch(_filter_gradient_of_kernels, image, logits, ctx.kernel, *planes)
        of_image = None
        if ctx.needs_input_grad[0]:
            of_image = torch.empty_like(image)
            planes = guides, sharpness, norms, gradient, of_image
            _launch(_filter_gradient_of_image, image, logits, ctx.kernel, *planes)
        return of_image, None, of_logits, of_sharpness, None


def _dense(logits: Tensor) -> Tensor:
    """A part of a head's channels stays where it is: only the pictures of a batch may lie apart."""
    return logits if logits[:1].is_contiguous() else logits.contiguous()


def _launch(function, image: Tensor, logits: Tensor, kernel: int, *planes: Tensor) -> None:
    count, channels, height, width = image.shape
    step = width // logits.shape[3]
    grid = triton.cdiv(width, _COLUMNS), triton.cdiv(height, _ROWS), count
    sizes = kernel, step, channels, triton.next_power_of_2(channels), _ROWS, _COLUMNS
    options = {"num_warps": _WARPS, "enable_fp_fusion": True}
    with torch.cuda.device_of(logits):
        function[grid](logits, logits.stride(0), *planes, height, width, *sizes, **options)


@triton.jit(do_not_specialize=["logits_stride", "height", "width"])
def _filter_forward(
    logits,
    logits_stride,
    guides,
    sharpness,
    image,
    result,
    norms,
    height,
    width,
    KERNEL: tl.constexpr,
    STEP: tl.constexpr,
    CHANNELS: tl.constexpr,
    PADDED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """The softmax runs along: whatever was summed shrinks when a greater logit comes."""
    b = tl.program_id(2)
    y, x, inside = _pixels(height, width, ROWS, COLUMNS)
    here = y * width + x
    channel, exists = _channels(CHANNELS, PADDED)
    image = _planes(image, b, channel, CHANNELS, height, width)
    result = _planes(result, b, channel, CHANNELS, height, width)
    part, guided = _channels(7, 8)
    guides = _planes(guides, b, part, 7, height, width)
    mine = tl.load(guides + here, mask=guided, other=0.0)
    falloff = _falloff(sharpness, b, part, here, height, width)
    logit = logits + b.to(tl.int64) * logits_stride + _in_channels(y, x, height, width, STEP)

    best = tl.full([ROWS * COLUMNS], -3.0e38, tl.float32)
    total = tl.zeros([ROWS * COLUMNS], tl.float32)
    sums = tl.zeros([PADDED, ROWS * COLUMNS], tl.float32)
    for tap in range(KERNEL * KERNEL):
        there = _neighbour(y, x, tap, height, width, KERNEL)
        difference = mine - tl.load(guides + there, mask=guided, other=0.0)
        line = tl.load(logit) - tl.sum(falloff * (difference * difference), axis=0)
        higher = tl.maximum(best, line)
        shrunk, weight = tl.exp(best - higher), tl.exp(line - higher)
        total = total * shrunk + weight
        sums = sums * shrunk[None, :] + weight[None, :] * tl.load(image + there, mask=exists, other=0.0)
        best = higher
        logit += height * width

    tl.store(result + here, sums / total[None, :], mask=exists & inside[None, :])
    norms = norms + b.to(tl.int64) * 2 * height * width + here
    tl.store(norms, best, mask=inside)
    tl.store(norms + height * width, total, mask=inside)


@triton.jit(do_not_specialize=["logits_stride", "height", "width"])
def _filter_gradient_of_kernels(
    logits,
    logits_stride,
    guides,
    sharpness,
    image,
    result,
    norms,
    gradient,
    of_logits,
    of_sharpness,
    height,
    width,
    KERNEL: tl.constexpr,
    STEP: tl.constexpr,
    CHANNELS: tl.constexpr,
    PADDED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Of a logit: its weight times how far what it takes lies from the mean, along the gradient."""
    b = tl.program_id(2)
    y, x, inside = _pixels(height, width, ROWS, COLUMNS)
    here = y * width + x
    channel, exists = _channels(CHANNELS, PADDED)
    image = _planes(image, b, channel, CHANNELS, height, width)
    upstream = tl.load(_planes(gradient, b, channel, CHANNELS, height, width) + here, mask=exists, other=0.0)
    mean = tl.load(_planes(result, b, channel, CHANNELS, height, width) + here, mask=exists, other=0.0)
    part, guided = _channels(7, 8)
    guides = _planes(guides, b, part, 7, height, width)
    mine = tl.load(guides + here, mask=guided, other=0.0)
    falloff = _falloff(sharpness, b, part, here, height, width)
    norms = norms + b.to(tl.int64) * 2 * height * width + here
    best, total = tl.load(norms), tl.load(norms + height * width)
    place = _in_channels(y, x, height, width, STEP)
    logit = logits + b.to(tl.int64) * logits_stride + place
    of_logit = of_logits + b.to(tl.int64) * (KERNEL * KERNEL) * height * width + place

    of_falloff = tl.zeros([8, ROWS * COLUMNS], tl.float32)
    for tap in range(KERNEL * KERNEL):
        there = _neighbour(y, x, tap, height, width, KERNEL)
        difference = mine - tl.load(guides + there, mask=guided, other=0.0)
        difference *= difference
        weight = tl.exp(tl.load(logit) - tl.sum(falloff * difference, axis=0) - best) / total
        beyond = tl.load(image + there, mask=exists, other=0.0) - mean
        slope = weight * tl.sum(upstream * beyond, axis=0)
        tl.store(of_logit, slope, mask=inside)
        of_falloff -= slope[None, :] * difference
        logit += height * width
        of_logit += height * width

    of_sharpness = of_sharpness + b.to(tl.int64) * 3 * height * width + here
    for guide in tl.static_range(3):
        of_guide = tl.sum(tl.where(_guide_of(part) == guide, of_falloff, 0.0), axis=0)
        tl.store(of_sharpness + guide * height * width, of_guide, mask=inside)


@triton.jit(do_not_specialize=["logits_stride", "height", "width"])
def _filter_gradient_of_image(
    logits,
    logits_stride,
    guides,
    sharpness,
    norms,
    gradient,
    spread,
    height,
    width,
    KERNEL: tl.constexpr,
    STEP: tl.constexpr,
    CHANNELS: tl.constexpr,
    PADDED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Every pixel sums over those that took from it: what they took, times their gradient.

    They took by one tap each, and at the edges by every tap that ends at the edge or beyond.
    """
    reach: tl.constexpr = KERNEL // 2
    b = tl.program_id(2)
    y, x, inside = _pixels(height, width, ROWS, COLUMNS)
    here = y * width + x
    channel, exists = _channels(CHANNELS, PADDED)
    gradient = _planes(gradient, b, channel, CHANNELS, height, width)
    spread = _planes(spread, b, channel, CHANNELS, height, width)
    part, guided = _channels(7, 8)
    guides = _planes(guides, b, part, 7, height, width)
    mine = tl.load(guides + here, mask=guided, other=0.0)
    norms = norms + b.to(tl.int64) * 2 * height * width
    logits = logits + b.to(tl.int64) * logits_stride
    edge_y = (tl.program_id(1) == 0) | (tl.program_id(1) == tl.num_programs(1) - 1)
    edge_x = (tl.program_id(0) == 0) | (tl.program_id(0) == tl.num_programs(0) - 1)

    sums = tl.zeros([PADDED, ROWS * COLUMNS], tl.float32)
    for number in range(KERNEL * KERNEL):
        dy, dx = number // KERNEL - reach, number % KERNEL - reach
        row, column = y + dy, x + dx
        taker = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        row, column = _clamped(row, height), _clamped(column, width)
        there = row * width + column
        difference = mine - tl.load(guides + there, mask=guided, other=0.0)
        falloff = _falloff(sharpness, b, part, there, height, width)
        distance = tl.sum(falloff * (difference * difference), axis=0)
        best, total = tl.load(norms + there), tl.load(norms + height * width + there)
        place = _in_channels(row, column, height, width, STEP)
        first_y, last_y = _taps_that_end(y, dy, height, reach)
        first_x, last_x = _taps_that_end(x, dx, width, reach)
        weight = tl.zeros([ROWS * COLUMNS], tl.float32)
        for more_y in range(_most_taps(edge_y, dy, height, reach)):
            for more_x in range(_most_taps(edge_x, dx, width, reach)):
                tap_y, tap_x = first_y + more_y, first_x + more_x
                took = taker & (tap_y <= last_y) & (tap_x <= last_x)
                tap = ((tap_y + reach) * KERNEL + tap_x + reach).to(tl.int64)
                line = tl.load(logits + tap * height * width + place, mask=took, other=0.0) - distance
                weight += tl.where(took, tl.exp(line - best) / total, 0.0)
        upstream = tl.load(gradient + there, mask=exists & taker[None, :], other=0.0)
        sums += weight[None, :] * upstream

    tl.store(spread + here, sums, mask=exists & inside[None, :])


@triton.jit
def _pixels(height, width, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """y and x of this program's pixels, and which are in the picture: the others repeat its last row or column."""
    number = tl.arange(0, ROWS * COLUMNS)
    y = tl.program_id(1) * ROWS + number // COLUMNS
    x = tl.program_id(0) * COLUMNS + number % COLUMNS
    return tl.minimum(y, height - 1), tl.minimum(x, width - 1), (y < height) & (x < width)


@triton.jit
def _channels(COUNT: tl.constexpr, PADDED: tl.constexpr):
    """Their numbers `[PADDED, 1]`, and which exist: a block has a power of two of them."""
    channel = tl.arange(0, PADDED)[:, None]
    return channel, channel < COUNT


@triton.jit
def _planes(first, b, channel, CHANNELS: tl.constexpr, height, width):
    """Where the planes of `channel` begin."""
    return first + (b.to(tl.int64) * CHANNELS + channel) * height * width


@triton.jit
def _clamped(place, size):
    return tl.minimum(tl.maximum(place, 0), size - 1)


@triton.jit
def _neighbour(y, x, tap, height, width, KERNEL: tl.constexpr):
    row = _clamped(y + tap // KERNEL - KERNEL // 2, height)
    return row * width + _clamped(x + tap % KERNEL - KERNEL // 2, width)


@triton.jit
def _in_channels(y, x, height, width, STEP: tl.constexpr):
    """Where a pixel is in planes that `pixel_shuffle` would make one of."""
    plane = (y % STEP * STEP + x % STEP) * ((height // STEP) * (width // STEP))
    return plane + y // STEP * (width // STEP) + x // STEP


@triton.jit
def _guide_of(part):
    """Which sharpness belongs to a channel of the guides: they have 3, 3 and 1."""
    return part // 3


@triton.jit
def _falloff(sharpness, b, part, place, height, width):
    """The sharpness of every channel of the guides, for pixels at `place`."""
    first = sharpness + b.to(tl.int64) * 3 * height * width + place
    albedo, normal = tl.load(first), tl.load(first + height * width)
    bright = tl.load(first + 2 * height * width)
    guide = _guide_of(part)
    return tl.where(guide == 0, albedo[None, :], tl.where(guide == 1, normal[None, :], bright[None, :]))


@triton.jit
def _taps_that_end(place, shift, size, reach: tl.constexpr):
    """First and last tap, along one axis, by which the pixel at `place + shift` takes from the one at `place`."""
    return tl.where(place == 0, -reach, -shift), tl.where(place == size - 1, reach, -shift)


@triton.jit
def _most_taps(edge, shift, size, reach: tl.constexpr):
    """The greatest number of such taps in a tile. edge: whether it holds a pixel of the picture's edge."""
    most = tl.where(size == 1, 2 * reach + 1, reach + 1 - tl.abs(shift))
    return tl.where(edge, most, 1)
