"""What training minimises. Each takes prediction and target, linear radiance `[B, 3, H, W]`, and returns a scalar.

With noisy targets y, independent of the input and with mean mu, the minimiser of a loss is what matters: the mean
of y (then noise trains as well as truth), or something else. Each says which. "Minimiser" is where its gradient
leads: the denominators of the relative losses pass no gradient on, so their values alone mean little.
"""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor

from mcdenoise.tonemap import tonemap

Loss = Callable[[Tensor, Tensor], Tensor]

_DARKEST = 0.01  # keeps relative errors of black finite (Lehtinen et al. 2018, section 3.3)
_OUTLIER = 10.0
_WHITE = 100.0  # radiance, where middle grey is 0.18
_MOST_SHOWN = (5 / 16) ** (1 / 2.2) * 11 / 16  # of m T'(m), but for a constant, at m = 5 / 11
_LEAST_NOISE = 0.05
_NOISELESS, _NOISELESS_COUNTS = 0.003, 20.0
_CLEAN = 1e-4  # variance of a feature that counts as nothing: half floats have less
_MOST_SPREAD = 100.0  # relative: one firefly does not hide all that is around it


def hdr(prediction: Tensor, target: Tensor) -> Tensor:
    """The paper's relative L2, mean of (f - y)^2 / (f + 0.01)^2 (Lehtinen et al. 2018, section 3.3).

    No gradient flows through the denominator, which sees f and not y: so the minimiser is the mean of y.
    """
    weight = 1 / (prediction.detach().clip(min=0) + _DARKEST) ** 2
    return ((prediction - target) ** 2 * weight).mean()


def hdr_mean(prediction: Tensor, target: Tensor) -> Tensor:
    """`hdr` with one weight for a pixel, from the mean m of its predicted channels: (f - y)^2 / (m + 0.01)^2.

    The minimiser is the mean of y, as for `hdr`. There a channel that is darker than the others pulls harder for the
    same error, so what a network cannot fit shifts its colour; here all channels of a pixel pull alike.
    """
    return ((prediction - target) ** 2 / _brightness(prediction) ** 2).mean()


def hdr_robust(prediction: Tensor, target: Tensor) -> Tensor:
    """`hdr_mean`, but residuals r = (f - y) / (m + 0.01) above 10 count linearly, as 20 |r| - 100 instead of r^2.

    So no firefly in a target owns a step (Huber 1964). The price is a bias to the dark: in a grey pixel the minimiser
    is the mean of y with all that is above f + 10 (f + 0.01) cut off there. For y >= 0 of mean mu and standard
    deviation s <= 3 (mu + 0.01), it is below mu by at most s^2 / (20 (mu + 0.01)), half that where s is small; of light
    that comes in rarer and larger samples, all may be lost.
    """
    brightness = _brightness(prediction)
    return 2 * F.huber_loss(prediction / brightness, target / brightness, delta=_OUTLIER)


def hdr_guided(prediction: Tensor, target: Tensor, guide: Tensor, seen: Tensor, noisy: Tensor) -> Tensor:
    """`hdr_robust` with residuals relative to sqrt((m + 0.01) (g + 0.01)), g the mean of the channels of `guide`.

    guide: another estimate of the truth t, `[B, 3, H, W]`, from more renders than the input, none of them the target's;
    `seen`, their mean, and `noisy`, the input, are not used.
    Where the input leaves t open, as beside a lamp, the mean of all that it may be is far off most of it: a dark pixel
    then glows. Errors relative to the truth, as relMSE measures them, ask for less. With weights from the prediction
    alone they cannot be had, and with weights from the target they are biased by its noise; the guide tells bright from
    dark, and its noise is not the target's. The minimiser f is the mean of y in proportion to 1 / (g + 0.01) (but for
    what `hdr_robust` cuts off): where g is t the harmonic mean of t, where g is the prediction the mean of y.
    """
    brightness = (_brightness(prediction) * _brightness(guide)).sqrt()
    return 2 * F.huber_loss(prediction / brightness, target / brightness, delta=_OUTLIER)


def hdr_studentized(prediction: Tensor, target: Tensor, guide: Tensor, seen: Tensor, noisy: Tensor) -> Tensor:
    """`hdr_guided` with residuals in units of the noise that there is: a firefly counts less, a caustic does not.

    seen: the mean of the renders that `guide` was made of, `[B, 3, H, W]`. Its squared relative distance from the
    guide (up to 100), averaged over 25 x 25 pixels, is about what the target's noise is around there, v. With r the
    residual of `hdr_guided` and s = sqrt(1 + v), each value counts as r^2 / s up to |r| = 10 s and linearly beyond, so
    that nowhere does it pull harder than 20. Where all light comes in rare, strong samples that limit moves up with
    them: the minimiser is that of `hdr_guided`, with less of it cut off. There pixels weigh less, as in weighted least
    squares, though only by s where that would take s^2. v has none of the target's noise, so it moves nothing. `noisy`
    is not used.
    """
    return _studentized(prediction, target, guide, seen, 25)


def loss_of_feature(filtered: Tensor, noisy: Tensor, target: Tensor) -> Tensor:
    """The squared distance of a filtered feature from that of other renders, relative to that of the noisy one.

    `[B, 3, H, W]` each. 1 where nothing is gained, 0.5 where all noise is taken away and the target has as much. The
    ratio is that of each example, so that the nearly clean are learnt from as the noisy are; one of so many pixels
    hardly depends on any one target, and the minimiser is their mean.
    """
    distances = [(image.float() - target).square().mean(dim=(1, 2, 3)) for image in (filtered, noisy)]
    return (distances[0] / (distances[1] + _CLEAN)).mean()


def _studentized(
    prediction: Tensor, target: Tensor, guide: Tensor, seen: Tensor, side: int, weight: Tensor | float = 1.0
) -> Tensor:
    """`hdr_studentized`, noise averaged over `side` x `side` pixels, each of which has a weight."""
    deviation = (1 + _noise(guide, seen, side)).sqrt()
    brightness = (_brightness(prediction) * _brightness(guide)).sqrt() * deviation
    residual = F.huber_loss(prediction / brightness, target / brightness, delta=_OUTLIER, reduction="none")
    return 2 * (weight * deviation * residual).mean()


def _noise(guide: Tensor, seen: Tensor, side: int) -> Tensor:
    """v of `hdr_studentized`, `[B, 1, H, W]`."""
    spread = ((seen - guide).mean(dim=1, keepdim=True) / _brightness(guide)).clip(max=_MOST_SPREAD).square()
    return _mean_around(spread, side)


def hdr_display(prediction: Tensor, target: Tensor, guide: Tensor, seen: Tensor, noisy: Tensor) -> Tensor:
    """`hdr_studentized` at three scales, and more of it where a screen shows it and in pictures of little noise.

    Beside the pixels the means of 4 x 4 and of 16 x 16 of them are compared, each half as much: clouds on smooth
    surfaces, which the eye sees and a pixel's error hardly holds, weigh twice, and in means there is less noise of
    targets to learn against. They are as unbiased as the pixels are, and where the guide tells bright from dark they
    ask for the mean rather than the harmonic mean, as a block's brightness is mostly known. A pixel counts as
    1 + d(m), where d is the square of how far a relative change of it moves the paper's tonemapped value, m T'(m),
    over its maximum: 1 at a brightness of 0.45, 0.1 at 0.01 and 0.2 at 4. With v the mean over an example of the noise,
    as in `hdr_studentized`, of its input `noisy`, all of that counts as ((1 + v) / (0.05 + v))^(1/2), up to 4.6: so
    pictures of many samples, whose errors are small, are learnt from as those of few are. Where there is no noise at
    all, as on what is seen of surroundings behind the things, an error is small but everywhere, and seen: with v there
    that of `hdr_studentized`, it counts 1 + 20 c / (c + v) times, c = 0.003. None of the weights sees the target.
    """
    noise = _noise(guide, noisy, 25).mean(dim=(1, 2, 3), keepdim=True)
    calm = ((1 + noise) / (_LEAST_NOISE + noise)).sqrt()
    noiseless = 1 + _NOISELESS_COUNTS * _NOISELESS / (_NOISELESS + _noise(guide, seen, 25))
    total = prediction.new_zeros(())
    for side, share in ((1, 1.0), (4, 0.5), (16, 0.5)):
        if min(prediction.shape[2:]) < side:
            break
        f, y, g, s = (F.avg_pool2d(image, side) for image in (prediction, target, guide, seen))
        weight = share * calm * F.avg_pool2d(noiseless, side) * (1 + _shown(_brightness(f)))
        total = total + _studentized(f, y, g, s, 1 + 24 // side // 2 * 2, weight)
    return total


def _shown(brightness: Tensor) -> Tensor:
    """d of `hdr_display`."""
    share = brightness / (1 + brightness)
    return (share ** (1 / 2.2) * (1 - share) / _MOST_SHOWN).square()


def hdr_reinhard(prediction: Tensor, target: Tensor) -> Tensor:
    """`hdr_mean` of tonemapped prediction and target, by the curve R(y) = y / (1 + y / 100) (Reinhard et al. 2002).

    Written as (f - y)^2 (1 + f / 100) / ((1 + y / 100) (m + 0.01)^2), whose gradient is that of
    (R(f) - R(y))^2 / (R'(f) (m + 0.01))^2 without its cancellation. R hardly bends what a picture shows (middle grey is
    0.18), and a firefly counts as 100 at most. After Tinits and Mann 2025 (arXiv 2512.24794): some curves on both sides
    of a loss tame outliers and cost little bias. This curve, its white and the weight are ours. The minimiser is R^-1
    of the mean of R(y). For y >= 0 of mean mu and standard deviation s it is below mu by at most s^2 / 100: R(y) is
    below its tangent in mu by (y - mu)^2 / (100 (1 + mu / 100)^2 (1 + y / 100)).
    """
    curves = (1 + prediction.detach().abs() / _WHITE) / (1 + target.abs() / _WHITE)
    return (((prediction - target) / _brightness(prediction)) ** 2 * curves).mean()


def relmse(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of (f - y)^2 / (y + 0.01)^2, relative to the target, as errors are stated: for clean targets alone.

    The minimiser is the mean of y with each y counting as 1 / (y + 0.01)^2, which under noise is far darker than the
    mean, and nearly black where some of y are black: the weight sees the noise of y. One of those that Tinits and Mann
    2025 (arXiv 2512.24794) analyse; that of `hdr`, relative to f, sees none of it.
    """
    return (((prediction - target) / (target.clip(min=0) + _DARKEST)) ** 2).mean()


def l2(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of (f - y)^2: its minimiser is the mean of y, but a few bright pixels own the sum."""
    return ((prediction - target) ** 2).mean()


def l1(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of |f - y|: its minimiser is the median of y, which for renders is darker than the mean.

    Right where less than half of the targets' values are wrong, and those anyhow: text, dead pixels (Lehtinen et al.
    2018, section 3.2).
    """
    return (prediction - target).abs().mean()


def smape(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of |f - y| / (|f| + |y| + 0.01), as Vogels et al. 2018 train with converged targets.

    With y >= 0 its minimiser is the median of y, each y counting as (2y + 0.01) / (f + y + 0.01)^2: under noise that is
    symmetric in the logarithm nearly the median itself, so darker than the mean; and black where most of y is.
    """
    return ((prediction - target).abs() / (prediction.abs() + target.abs() + _DARKEST)).mean()


def l2_tonemapped(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of (T(f) - T(y))^2: its minimiser is T^-1 of the mean of T(y), under noise darker than the mean of y.

    For comparison only: the paper shows that tonemapping the target is wrong.
    """
    # T has an infinite slope at 0; a floor far below what an eye can see keeps the gradient finite.
    return ((tonemap(prediction.clip(min=1e-6)) - tonemap(target)) ** 2).mean()


def l0(prediction: Tensor, target: Tensor, fraction: float) -> Tensor:
    """Mean of (|f - y| + 1e-8)^gamma, with gamma going from 2 to 0 as `fraction` of training goes from 0 to 1.

    The minimiser goes from the mean of y over the median to the mode: the value that comes most often, however far away
    all others are. For impulse noise, which replaces values (Lehtinen et al. 2018, section 3.2); never for renders.
    """
    return (((prediction - target).abs() + 1e-8) ** (2 * (1 - fraction))).mean()


LOSSES: dict[str, Callable[..., Tensor]] = {
    "hdr": hdr,
    "hdr-mean": hdr_mean,
    "hdr-robust": hdr_robust,
    "hdr-reinhard": hdr_reinhard,
    "relmse": relmse,
    "l2": l2,
    "l1": l1,
    "smape": smape,
    "l2-tonemapped": l2_tonemapped,
    "l0": l0,
}

GUIDED: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "hdr-guided": hdr_guided,
    "hdr-studentized": hdr_studentized,
    "hdr-display": hdr_display,
}
"""Those that take a guide, the renders that it was made of, and the input, besides prediction and target."""


def loss_at(name: str, fraction: float) -> Loss:
    """The loss of that name in LOSSES as it is when `fraction`, 0 to 1, of training is done."""
    return partial(l0, fraction=fraction) if name == "l0" else LOSSES[name]


def _mean_around(image: Tensor, side: int) -> Tensor:
    """The mean of `side` x `side` pixels around each, of those that are in the picture."""
    along = {"stride": 1, "count_include_pad": False}
    rows = F.avg_pool2d(image, (1, side), padding=(0, side // 2), **along)
    return F.avg_pool2d(rows, (side, 1), padding=(side // 2, 0), **along)


def _brightness(prediction: Tensor) -> Tensor:
    """What a pixel's errors are relative to, `[B, 1, H, W]`; no gradient flows through it."""
    return prediction.detach().clip(min=0).mean(dim=1, keepdim=True) + _DARKEST
