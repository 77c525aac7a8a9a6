"""What training minimises. Each takes prediction and target, linear radiance `[B, 3, H, W]`, and returns a scalar.

With noisy targets y, independent of the input and with mean mu, the minimiser of a loss is what matters: the mean
of y (then noise trains as well as truth), or something else.
"""

from collections.abc import Callable

from torch import Tensor

from mcdenoise.tonemap import tonemap

Loss = Callable[[Tensor, Tensor], Tensor]


def hdr(prediction: Tensor, target: Tensor) -> Tensor:
    """The paper's relative L2, mean of (f - y)^2 / (f + 0.01)^2 (Lehtinen et al. 2018, section 3.5).

    No gradient flows through the denominator, which sees f and not y: so the minimiser is the mean of y.
    """
    weight = 1 / (prediction.detach().clip(min=0) + 0.01) ** 2
    return ((prediction - target) ** 2 * weight).mean()


def l2(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of (f - y)^2: its minimiser is the mean of y, but a few bright pixels own the sum."""
    return ((prediction - target) ** 2).mean()


def l2_tonemapped(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of (T(f) - T(y))^2: its minimiser is T^-1 of the mean of T(y), under noise darker than the mean of y.

    For comparison only: the paper shows that tonemapping the target is wrong.
    """
    # T has an infinite slope at 0; a floor far below what an eye can see keeps the gradient finite.
    return ((tonemap(prediction.clip(min=1e-6)) - tonemap(target)) ** 2).mean()


LOSSES: dict[str, Loss] = {"hdr": hdr, "l2": l2, "l2-tonemapped": l2_tonemapped}
