"""Filtering by predicted kernels whose weights fall off across edges: one operation, with its gradient.

Kernel prediction after Bako et al. 2017; the guides make it a cross-bilateral filter whose sharpness is predicted too.
"""

import functools
import logging
from collections.abc import Sequence
from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor

from mcdenoise.networks import host_filter

_log = logging.getLogger(__name__)

GUIDES = (3, 3, 1)
"""Channels of the guides: each has a sharpness of its own."""


def guided_filter(
    images: Sequence[Tensor], guides: Sequence[Tensor], logits: Tensor, sharpness: Tensor, kernel: int
) -> Tensor:
    """Filter `images`, each `[B, c, H, W]`, by one softmax kernel for every pixel; edges are replicated.

    Returns them one after the other, `[B, C, H, W]`. From the logit of every neighbour is taken, for each guide, its
    sharpness times the squared difference between pixel and neighbour, summed over the guide's channels, of which there
    are as many as `GUIDES` says. logits: `[B, kernel * kernel * s * s, H / s, W / s]` for s of 1 or 2, spread over the
    picture as by `pixel_shuffle`. sharpness: `[B, 3, H, W]`. Gradients flow to images, logits and sharpness: guides are
    data. In float32 it is one compiled pass that holds no copy for every tap: on a processor by Numba, on a CUDA device
    by Triton. Elsewhere, and where Triton does not work, it is a loop of torch's operations (`docs/gpu.md` has both).
    """
    if torch.compiler.is_exporting():
        logits = F.pixel_shuffle(logits, sharpness.shape[3] // logits.shape[3])
        return _as_one_node(torch.cat(list(images), dim=1), torch.cat(list(guides), dim=1), logits, sharpness, kernel)
    if logits.device.type == "cpu" and logits.dtype == torch.float32:
        return _OnHost.apply(_padded(guides, kernel), logits, sharpness, kernel, *images)
    inputs = torch.cat(list(images), dim=1), torch.cat(list(guides), dim=1), logits, sharpness
    on_device = logits.is_cuda and all(x.device == logits.device and x.dtype == torch.float32 for x in inputs)
    if on_device and (fused := _device_filter(logits.device)):
        return fused.filter_on_device(*inputs, kernel)
    return in_torch(*inputs, kernel)


def in_torch(image: Tensor, guides: Tensor, logits: Tensor, sharpness: Tensor, kernel: int) -> Tensor:
    """`guided_filter` by torch's operations. image: `[B, C, H, W]`. guides: `[B, 7, H, W]`."""
    step = image.shape[3] // logits.shape[3]
    logits = F.pixel_shuffle(logits, step)
    for guide, weight in zip(guides.split(GUIDES, dim=1), sharpness.split(1, dim=1), strict=True):
        logits = logits - weight * _squared_differences(guide, kernel)
    return _FilterByKernels.apply(image, logits.softmax(dim=1), kernel)


@torch.library.custom_op("mcdenoise::guided_filter", mutates_args=())
def _as_one_node(image: Tensor, guides: Tensor, logits: Tensor, sharpness: Tensor, kernel: int) -> Tensor:
    """One node in an exported graph, instead of thousands."""
    return in_torch(image, guides, logits, sharpness, kernel)


@_as_one_node.register_fake
def _(image: Tensor, guides: Tensor, logits: Tensor, sharpness: Tensor, kernel: int) -> Tensor:
    return torch.empty_like(image)


class _OnHost(torch.autograd.Function):
    """Compiled; the kernels are computed again for the gradient, so that they are never held in between."""

    @staticmethod
    def forward(ctx, guides: Tensor, logits: Tensor, sharpness: Tensor, kernel: int, *images: Tensor) -> Tensor:
        logits, sharpness, image = logits.contiguous(), sharpness.contiguous(), _padded(images, kernel)
        shape = (image.shape[0], image.shape[1], *sharpness.shape[2:])
        result, norms = logits.new_empty(shape), logits.new_empty(shape[0], 2, *shape[2:])
        host_filter.forward(*_arrays(image, guides, logits, sharpness, result, norms), kernel, torch.get_num_threads())
        ctx.kernel = kernel
        ctx.channels = [image.shape[1] for image in images]
        ctx.save_for_backward(image, guides, logits, sharpness, result, norms)
        return result

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        image, guides, logits, sharpness, result, norms = ctx.saved_tensors
        mean = (gradient * result).sum(dim=1)
        of_logits, of_sharpness = torch.empty_like(logits), torch.empty_like(sharpness)
        of_images = any(ctx.needs_input_grad[4:])
        kernels = torch.empty_like(logits) if of_images else logits.new_empty(1, 0, 1, 1)
        gradient, threads = gradient.contiguous(), torch.get_num_threads()
        arrays = _arrays(image, guides, logits, sharpness, norms, gradient, mean)
        host_filter.backward(*arrays, *_arrays(of_logits, of_sharpness, kernels), ctx.kernel, threads)
        spread = [None] * len(ctx.channels)
        if of_images:
            padded = torch.empty_like(image)
            host_filter.spread(*_arrays(kernels, gradient, padded), ctx.kernel, threads)
            spread = _without_padding(padded, ctx.kernel).split(ctx.channels, dim=1)
        return None, of_logits, of_sharpness, None, *spread


@functools.cache
def _device_filter(device: torch.device) -> ModuleType | None:
    """`device_filter`, if it works there; else None, with a warning. Triton is imported when it is first needed."""
    try:
        from mcdenoise.networks import device_filter

        device_filter.try_on(device)
    except Exception as error:  # of many kinds: no Triton, no C compiler for it, a device too old for it
        reason = str(error).strip().partition("\n")[0]
        _log.warning(
            "Triton does not work on %s (%s: %s): a loop of torch's operations, which takes more time and memory, "
            "filters by predicted kernels there.",
            device,
            type(error).__name__,
            reason,
        )
        return None
    return device_filter


class _FilterByKernels(torch.autograd.Function):
    """A loop over the taps, so that no copy of the image for every tap is ever held."""

    @staticmethod
    def forward(ctx, image: Tensor, kernels: Tensor, kernel: int) -> Tensor:
        padded = _padded([image], kernel)
        ctx.save_for_backward(padded, kernels)
        ctx.kernel = kernel
        result = torch.zeros_like(image)
        for tap, shifted in _taps(padded, kernel):
            result.addcmul_(kernels[:, tap : tap + 1], shifted)
        return result

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor, None]:
        padded, kernels = ctx.saved_tensors
        result = torch.empty_like(kernels)
        for tap, shifted in _taps(padded, ctx.kernel):
            torch.sum(gradient * shifted, dim=1, out=result[:, tap])
        return _spread(gradient, kernels, ctx.kernel) if ctx.needs_input_grad[0] else None, result, None


def _spread(gradient: Tensor, kernels: Tensor, kernel: int) -> Tensor:
    """The gradient of the image `[B, C, H, W]`: every pixel's goes to its neighbours, as its kernel took from them."""
    reach = kernel // 2
    height, width = gradient.shape[2:]
    padded = gradient.new_zeros(*gradient.shape[:2], height + 2 * reach, width + 2 * reach)
    for tap, shifted in _taps(padded, kernel):
        shifted.addcmul_(kernels[:, tap : tap + 1], gradient)
    return _without_padding(padded, kernel)


def _without_padding(padded: Tensor, kernel: int) -> Tensor:
    """The gradient of what `_padded` has put edges around: what went to replicated edges is the edges' own."""
    reach = kernel // 2
    height, width = (side - 2 * reach for side in padded.shape[2:])
    rows = padded[:, :, reach : reach + height]
    rows[:, :, 0] += padded[:, :, :reach].sum(dim=2)
    rows[:, :, -1] += padded[:, :, reach + height :].sum(dim=2)
    result = rows[..., reach : reach + width]
    result[..., 0] += rows[..., :reach].sum(dim=3)
    result[..., -1] += rows[..., reach + width :].sum(dim=3)
    return result


@torch.no_grad()
def _squared_differences(guide: Tensor, kernel: int) -> Tensor:
    """Of every pixel to its neighbours, summed over channels, `[B, k*k, H, W]`."""
    result = guide.new_empty(guide.shape[0], kernel * kernel, *guide.shape[2:])
    for tap, shifted in _taps(_padded([guide], kernel), kernel):
        torch.sum((guide - shifted).square_(), dim=1, out=result[:, tap])
    return result


@torch.no_grad()
def _padded(images: Sequence[Tensor], kernel: int) -> Tensor:
    """One after the other, half a kernel of replicated edges around: `[B, C, H + k - 1, W + k - 1]`, contiguous."""
    reach = kernel // 2
    count, _, height, width = images[0].shape
    result = images[0].new_empty(count, sum(x.shape[1] for x in images), height + 2 * reach, width + 2 * reach)
    rows = result[:, :, reach : reach + height]
    first = 0
    for image in images:
        rows[:, first : first + image.shape[1], :, reach : reach + width] = image
        first += image.shape[1]
    rows[..., :reach] = rows[..., reach : reach + 1]
    rows[..., reach + width :] = rows[..., reach + width - 1 : reach + width]
    result[:, :, :reach] = result[:, :, reach : reach + 1]
    result[:, :, reach + height :] = result[:, :, reach + height - 1 : reach + height]
    return result


def _taps(padded: Tensor, kernel: int):
    """For each tap of the kernels, its number and the image shifted by it."""
    height, width = (side - kernel + 1 for side in padded.shape[2:])
    for tap in range(kernel * kernel):
        y, x = divmod(tap, kernel)
        yield tap, padded[:, :, y : y + height, x : x + width]


def _arrays(*tensors: Tensor) -> Sequence:
    return [tensor.detach().numpy() for tensor in tensors]
