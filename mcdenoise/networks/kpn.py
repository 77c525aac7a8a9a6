"""Kernel prediction at several scales: every output pixel is a weighted mean of its noisy neighbours.

After Bako et al. 2017 (kernel prediction, albedo demodulation) and Vogels et al. 2018 (scales and their blend). Such
means keep the colours and the dynamic range that are there, so a network stays sane on pictures unlike those it was
trained on; only the blend between scales can leave the range of a pixel's neighbours, and by little.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.networks import host_pyramid
from mcdenoise.networks.guided_filter import GUIDES, guided_filter
from mcdenoise.networks.layers import conv, relu, upsample
from mcdenoise.tonemap import log_curve, tonemap

# Division by less would make bonfires of fireflies; but the textures of dark wood and rubber lie below 0.05.
_DARKEST_ALBEDO = 0.02
_GUIDES = len(GUIDES)
# Weights to begin with: differences of 0.15 in albedo, 0.3 in a normal, or a brightness of 5 times count as an edge.
_SHARPNESS = (60.0, 15.0, 10.0)
# Of these remains whatever the network says: nothing flows from a lamp to the black wall beside it.
_LEAST_SHARPNESS = (0.15, 0.25, 0.15)
# So much more where brightness hardly changes but at edges: in noise, what seems an edge of it is mostly none.
_IN_CALM = (0.0, 0.0, 0.65)
_CALM_OFFSET = 1e-4  # black is calm
_LEAST_CONFIDENCE = -8.0  # its logit: sums of weights stay far from the smallest numbers
_COVER_BIAS = -3.0  # to begin with, next to nothing is covered
_KEPT = 7.0  # logit by which a pixel that is filtered again keeps what it is, to begin with
# Of a neighbour R times as bright, R e^(-s (ln R / ln 51)^2) times its weight comes in, for no R more than 2.6 times.
_SHARPNESS_AGAIN = 4.0
_CONSTANTS = host_pyramid.Constants(
    _DARKEST_ALBEDO,
    _SHARPNESS,
    _LEAST_SHARPNESS,
    _IN_CALM,
    _CALM_OFFSET,
    _LEAST_CONFIDENCE,
    _COVER_BIAS,
    _SHARPNESS_AGAIN,
)


class KPN(nn.Module):
    """A U-Net at half resolution and below predicts softmax kernels at full, 1/2, 1/4, 1/8 and 1/16 resolution.

    Sees the logarithms of irradiance and radiance, albedo and normal, four pixels at a time (pixel unshuffle), which
    makes it several times cheaper than a U-Net at full resolution. The same kernels filter radiance and irradiance
    (radiance divided by albedo) in float32, and the network says for each pixel how much it trusts the latter,
    multiplied by albedo again: that keeps textures sharp on diffuse surfaces, and is wrong on mirrors, emitters and
    glossy black ones. From every kernel's logits the squared differences of albedo, of normal and of what is bright for
    certain are taken away, with weights predicted for each pixel (as in a cross-bilateral filter): so edges are kept
    from the first step on.
    At every scale each pixel also has a confidence, by which it counts wherever it is used, in kernels and in the means
    that the coarser scales begin with (normalized convolution, Knutsson and Westin 1993): a firefly is told by what
    is around it, once, instead of being left out by every kernel that meets it.
    At full and at half resolution what the scales make together is filtered once more, by kernels of its own. A pixel
    on an outline is part of what is on either side; noisy neighbours are too few to make it up from, denoised ones not.
    Before all that, a small network of its own predicts kernels for albedo and normal, which are noisy themselves where
    a lens, motion or a coat of varnish blurs them, and everything else sees them filtered. It learns that from the
    loss of the picture alone: what features are clean for is the picture.
    width: channels at half resolution. growth: channels that each deeper level has more; multiples of 8 are fastest.
    kernel: side of the kernels, odd. again: of those that filter once more; 0 for none. features: channels of the
    network that filters features; 0 for none. blocks: residual ones (He et al. 2016) at 1/4, 1/8 and 1/16 of the
    resolution each, where they cost little and see far; they begin as nothing, so that a trained network can be given
    them. fine: such blocks at half resolution, which cost more. input: how radiance is seen: `log`, on the curve
    `log_curve`, as irradiance always is, or `tonemapped`, as T(radiance), which says little of what is brighter than
    white.
    """

    name = "kpn"
    multiple = 16
    unnamed: ClassVar = {"blocks": 0, "fine": 0, "input": "tonemapped"}
    """What those model files mean that do not name an argument, as there was none when they were written."""

    def __init__(
        self,
        width: int = 48,
        kernel: int = 5,
        growth: int = 32,
        again: int = 5,
        features: int = 16,
        blocks: int = 1,
        fine: int = 0,
        input: Literal["log", "tonemapped"] = "log",
    ):
        super().__init__()
        if kernel % 2 != 1 or not 1 <= kernel <= 5 or not 8 <= width <= 512:
            raise ValueError(f"kernel must be odd and 1 to 5, width 8 to 512, not {kernel} and {width}")
        if not 0 <= growth <= 256:
            raise ValueError(f"growth must be 0 to 256, not {growth}")
        if again not in (0, 3, 5):
            raise ValueError(f"again must be 0, 3 or 5, not {again}")
        if not 0 <= features <= 64:
            raise ValueError(f"features must be 0 to 64, not {features}")
        if not 0 <= blocks <= 8:
            raise ValueError(f"blocks must be 0 to 8, not {blocks}")
        if not 0 <= fine <= 8:
            raise ValueError(f"fine must be 0 to 8, not {fine}")
        if input not in ("log", "tonemapped"):
            raise ValueError(f"input must be log or tonemapped, not {input!r}")
        self.config = {
            "width": width,
            "kernel": kernel,
            "growth": growth,
            "again": again,
            "features": features,
            "blocks": blocks,
            "fine": fine,
            "input": input,
        }
        self.input = input
        self.reach = 192 + 64 * blocks + 16 * fine
        self.kernel = kernel
        self.again = again
        self.features = _FeatureKernels(features) if features else None
        w1, w2, w3, w4 = (width + level * growth for level in range(4))
        taps = kernel * kernel
        self.enc1a = conv(4 * 12, w1)
        self.enc1b = conv(w1, w1)
        self.enc2 = conv(w1, w2)
        self.enc3 = conv(w2, w3)
        self.enc4a = conv(w3, w4)
        self.enc4b = conv(w4, w4)
        self.blocks4, self.blocks3, self.blocks2, self.blocks1 = (
            nn.Sequential(*(_Block(channels) for _ in range(count)))
            for channels, count in ((w4, blocks), (w3, blocks), (w2, blocks), (w1, fine))
        )
        self.dec3a = conv(w4 + w3, w3)
        self.dec3b = conv(w3, w3)
        self.dec2a = conv(w3 + w2, w2)
        self.dec2b = conv(w2, w2)
        self.dec1a = conv(w2 + w1, w1)
        self.dec1b = conv(w1, w1)
        # For every scale: logits of its kernels, weights of three differences, confidence, and (but for the coarsest)
        # how much of its low frequencies and how much of all the coarser scales replace; for the two finest logits of
        # the kernels that filter once more; for the finest the trust in irradiance.
        self.kernels4 = _Head(w4, taps + 4)
        self.kernels3 = _Head(w3, taps + 6)
        self.kernels2 = _Head(w2, taps + 6)
        self.kernels1 = _Head(w1, taps + 6 + again * again)
        self.kernels0 = _Head(w1, 4 * (taps + 7 + again * again))
        with torch.no_grad():
            for head, first, step in ((self.kernels1, taps + 6, 1), (self.kernels0, 4 * (taps + 6), 2)):
                middle = first + again * again // 2 * step * step
                head.bias[middle : middle + min(again, 1) * step * step] = _KEPT

    @property
    def filter_multiply_adds(self) -> float:
        """Of all filters, for each pixel of a picture: a tap takes one for each channel that it sums up or compares,
        and one for the weight of each guide."""
        taps, again = self.kernel**2, self.again**2
        scales = sum(4.0**-level for level in range(5))  # irradiance, radiance and confidence by all guides
        by_guides = scales * taps * (7 + sum(GUIDES) + _GUIDES)
        by_brightness = again * ((3 + 2) + (6 + 2) / 4)  # radiance at the end, both at half resolution
        return by_guides + by_brightness + (6 * self.features.kernel**2 if self.features is not None else 0)

    def forward(self, radiance: Tensor, albedo: Tensor, normal: Tensor) -> Tensor:
        """See `mcdenoise.networks`."""
        if _can_be_fused(radiance):
            return host_pyramid.denoised(self, radiance, albedo, normal, _CONSTANTS)
        radiance = radiance.clip(min=0)
        if self.features is not None:
            albedo, normal = self.features(albedo, normal)
        divisor = albedo.clip(min=_DARKEST_ALBEDO)
        irradiance = radiance / divisor
        seen = tonemap(radiance) if self.input == "tonemapped" else log_curve(radiance)
        x = F.pixel_unshuffle(torch.cat([log_curve(irradiance), seen, albedo, normal], dim=1), 2)

        x = relu(self.enc1a(x))
        x = skip1 = relu(self.enc1b(x))
        x = skip2 = relu(self.enc2(F.max_pool2d(x, 2)))
        x = skip3 = relu(self.enc3(F.max_pool2d(x, 2)))
        x = relu(self.enc4a(F.max_pool2d(x, 2)))
        x4 = self.blocks4(relu(self.enc4b(x)))
        x3 = self.blocks3(relu(self.dec3b(relu(self.dec3a(torch.cat([upsample(x4), skip3], dim=1))))))
        x2 = self.blocks2(relu(self.dec2b(relu(self.dec2a(torch.cat([upsample(x3), skip2], dim=1))))))
        x1 = self.blocks1(relu(self.dec1b(relu(self.dec1a(torch.cat([upsample(x2), skip1], dim=1))))))

        heads = [self.kernels0(x1), self.kernels1(x1), self.kernels2(x2), self.kernels3(x3), self.kernels4(x4)]
        with torch.autocast(radiance.device.type, enabled=False):
            heads = [head.float() for head in heads]
            taps, again = self.kernel * self.kernel, self.again * self.again
            heads[0], once_more, trust = heads[0].split((4 * (taps + 6), 4 * again, 4), dim=1)
            heads[1], once_more_at_half = heads[1].split((taps + 6, again), dim=1)
            nothing = once_more[:, :0]
            levels = [
                _level(head, self.kernel, 1 if number else 2, once_more_at_half if number == 1 else nothing)
                for number, head in enumerate(heads)
            ]
            trust = trust.sigmoid()
            images, features = (irradiance.float(), radiance.float()), (albedo.detach(), normal.detach())
            features = tuple(feature.float() for feature in features)
            irradiance, radiance = _filter_pyramid(images, features, levels, self.kernel).chunk(2, dim=1)
            trust = F.pixel_shuffle(trust, 2)
            result = trust * irradiance * divisor.float() + (1 - trust) * radiance
            return _filtered_again(result, once_more, self.again) if again else result


def _can_be_fused(image: Tensor) -> bool:
    """Whether `host_pyramid` can do the work: on a processor, in float32, if nothing learns and no graph is wanted.

    Its convolutions are in float32 or bfloat16.
    """
    on_host = image.device.type == "cpu" and image.dtype == torch.float32
    if torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") != torch.bfloat16:
        return False
    return on_host and not torch.is_grad_enabled() and not torch.compiler.is_exporting()


class _Block(nn.Module):
    """`x + second(relu(first(x)))`, without the second term to begin with."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = conv(channels, channels)
        self.second = conv(channels, channels)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(relu(self.first(x)))


class _FeatureKernels(nn.Module):
    """Filters albedo and normal by predicted kernels of 5 x 5; to begin with it hardly changes them.

    channels: at half resolution; twice as many at a quarter, where it sees what is edge and what noise.
    """

    kernel = 5

    def __init__(self, channels: int):
        super().__init__()
        self.enc1 = conv(4 * 6, channels)
        self.enc2a = conv(channels, 2 * channels)
        self.enc2b = conv(2 * channels, 2 * channels)
        self.dec1 = conv(3 * channels, channels)
        self.kernels = _Head(channels, 4 * self.kernel**2)
        with torch.no_grad():
            middle = 4 * (self.kernel**2 // 2)
            self.kernels.bias[middle : middle + 4] = _KEPT

    def forward(self, albedo: Tensor, normal: Tensor) -> tuple[Tensor, Tensor]:
        """Both `[B, 3, H, W]`, as they go in."""
        x = skip = relu(self.enc1(F.pixel_unshuffle(torch.cat([albedo, normal], dim=1), 2)))
        x = relu(self.enc2b(relu(self.enc2a(F.max_pool2d(x, 2)))))
        logits = self.kernels(relu(self.dec1(torch.cat([upsample(x), skip], dim=1))))
        with torch.autocast(albedo.device.type, enabled=False):
            images, logits = [albedo.float(), normal.float()], logits.float()
            none = torch.zeros_like(images[0][:, :1])
            guides, sharpness = none.expand(-1, sum(GUIDES), -1, -1), none.expand(-1, _GUIDES, -1, -1)
            return guided_filter(images, [guides], logits, sharpness, self.kernel).split(3, dim=1)


@dataclass(frozen=True)
class _Level:
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


class _Head(nn.Conv2d):
    """A convolution of 1 x 1 whose result lies plane by plane, as the filter reads it, whatever lies how before."""

    def __init__(self, channels_in: int, channels_out: int):
        super().__init__(channels_in, channels_out, 1)
        nn.init.normal_(self.weight, std=0.03)  # nearly uniform kernels to begin with
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.flatten(1).expand(x.shape[0], -1, -1)
        return torch.baddbmm(self.bias[:, None], weight, x.flatten(2)).unflatten(2, x.shape[2:])


def _level(head: Tensor, kernel: int, step: int, again: Tensor) -> _Level:
    """What a head says, in the units that the filter takes; `step * step` pixels are in its channels."""
    counts = [step * step * count for count in (kernel * kernel, _GUIDES, 1)]
    left = (head.shape[1] - sum(counts)) // 2  # nothing for the coarsest
    parts = head.split((*counts, left, left), dim=1)  # its gradient is put together at once, unlike those of slices
    logits, sharpness, confidence, low, cover = parts
    return _Level(
        step,
        logits,
        F.softplus(sharpness),
        confidence.clamp(min=_LEAST_CONFIDENCE).sigmoid(),
        low.sigmoid(),
        (cover + _COVER_BIAS).sigmoid(),
        again,
    )


def _filter_pyramid(
    images: tuple[Tensor, ...], features: tuple[Tensor, ...], levels: list[_Level], kernel: int
) -> Tensor:
    """Filter every scale of `images` by its kernels, and blend from coarse to fine (Vogels et al. 2018).

    images: irradiance and radiance, `[B, 3, H, W]`; the result has one after the other. features: what tells pixels
    apart, besides the brightness of radiance: albedo and normal. levels: from fine to coarse, what the network says of
    each scale; `low` is the share of its low frequencies that the coarser scales replace (their equation 9), `cover`
    that of all of it, and by `again` the outcome is filtered once more.
    """
    scales = []
    total = torch.ones_like(images[0][:, :1])
    images = *images, total  # times confidence from here on, and confidence itself: a mean is the ratio of two sums
    for level in levels:
        if scales:
            images, features = (tuple(F.avg_pool2d(finer, 2) for finer in kind) for kind in (images, features))
        bright, calm = _certainly_bright(images[1].detach() / images[2].detach())
        confidence, predicted = (F.pixel_shuffle(x, level.step) for x in (level.confidence, level.sharpness))
        images = tuple(image * confidence for image in images)
        # Numbers go along with the kernels of a GPU; a tensor of them would have to be sent there, and waited for.
        constants = zip(_SHARPNESS, _LEAST_SHARPNESS, _IN_CALM, predicted.split(1, dim=1), strict=True)
        sharpness = [
            unit * ((least + in_calm * calm if in_calm else least) + part) for unit, least, in_calm, part in constants
        ]
        scales.append((images, (*features, bright), torch.cat(sharpness, dim=1)))
    result = None
    for level, (images, guides, sharpness) in zip(reversed(levels), reversed(scales), strict=True):
        sums = guided_filter(images, guides, level.logits, sharpness, kernel)
        filtered = sums[:, :-1] / sums[:, -1:]
        if result is None:
            result = filtered
        else:
            coarse, fine = _smooth(result), _smooth(F.avg_pool2d(filtered, 2))
            low, cover = F.pixel_shuffle(level.low, level.step), F.pixel_shuffle(level.cover, level.step)
            change = low * (coarse - fine)
            change = change + cover * (coarse - filtered - change)
            # Beside a lamp a hundred times brighter than the wall, coarse pixels hold some of both.
            result = filtered + torch.clamp(change, -0.8 * filtered, 4 * filtered + 0.1)
        if level.again.shape[1]:
            result = _filtered_again(result, level.again, math.isqrt(level.again.shape[1]))
    return result


def _filtered_again(image: Tensor, logits: Tensor, kernel: int) -> Tensor:
    """Filtered by softmax kernels that fall off where brightness changes by orders of magnitude.

    image: denoised, `[B, 3 or 6, H, W]`, radiance last. logits: `[B, k * k * s * s, H / s, W / s]`.
    """
    bright = log_curve(image[:, -3:].detach().mean(dim=1, keepdim=True))
    none = torch.zeros_like(bright)
    sharpness = torch.cat([none, none, torch.full_like(bright, _SHARPNESS_AGAIN)], dim=1)
    guides = none.expand(-1, sum(GUIDES[:2]), -1, -1), bright
    return guided_filter([image], guides, logits, sharpness, kernel)


@torch.no_grad()
def _certainly_bright(radiance: Tensor) -> tuple[Tensor, Tensor]:
    """`log_curve` of the morphological opening (3 x 3) of brightness, and how calm brightness is, both `[B, 1, H, W]`.

    Lamps, windows and sunlit surfaces keep their shape in the former, while the bright pixels of noise, which stand
    alone, go. The latter is the greatest squared ratio of least to mean in the windows of 3 x 3 that hold the pixel:
    near 1 on either side of a clean edge, near 0 in the noise of a few samples, where an opening has edges too.
    """
    brightness = radiance.mean(dim=1, keepdim=True)
    darkest = _extreme(brightness, torch.minimum)
    mean = F.avg_pool2d(F.pad(brightness, (1, 1, 1, 1), mode="replicate"), 3, 1)
    calm = (darkest + _CALM_OFFSET) / (mean + _CALM_OFFSET)
    return log_curve(_extreme(darkest, torch.maximum)), _extreme(calm.square(), torch.maximum)


def _extreme(image: Tensor, either: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The least or greatest of every pixel and its eight neighbours; faster than max_pool2d on a processor."""
    above, here, below = _shifted(image, 2)
    above, here, below = _shifted(either(either(above, here), below), 3)
    return either(either(above, here), below)


def _shifted(image: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """The image moved by one pixel along an axis, itself, and moved the other way; edges are replicated."""
    size = image.shape[axis]
    first, last = image.narrow(axis, 0, 1), image.narrow(axis, size - 1, 1)
    before, after = image.narrow(axis, 0, size - 1), image.narrow(axis, 1, size - 1)
    return torch.cat([first, before], axis), image, torch.cat([after, last], axis)


def _smooth(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
