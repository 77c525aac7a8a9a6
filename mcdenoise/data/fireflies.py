"""Fireflies in inputs alone: samples of so little chance and so much light that no other render has one there."""

import math

import numpy as np
import torch
from torch import Tensor

_SHARES = 1 / 20_000, 1 / 1_000  # of the pixels of a crop
_BRIGHTNESS = 5_000.0, 300_000.0  # of the brightest channel, times middle grey, to which radiance has been brought
_GREY = 0.18
_WINDOW = 1  # pixels on either side that a pixel filter spreads one over


class Fireflies:
    """A few pixels of an input, far brighter than samples that may mean something, in any colour.

    Some 1 in 20,000 to 1 in 1,000 pixels, and at least one; the brightest channel has 5,000 to 300,000 times middle
    grey: the brightest pixel at 4 spp of the six real scenes that models are judged by has 2,300 times, and most have
    less than 300. The targets have none: what such a pixel says of the light around it is next to nothing, as its
    chance was. seed: of all that is random.
    """

    def __init__(self, seed: int):
        self._seed = seed

    def add(self, radiance: Tensor, sigma: float) -> None:
        """Add them to radiance `[3, h, w]`, in its place. sigma: of the Gaussian pixel filter in pixels, 0 for a box:
        they are spread as it spreads what it meets, over 3 x 3 pixels at most."""
        rng = np.random.default_rng(self._seed)
        height, width = radiance.shape[1:]
        share = math.exp(rng.uniform(*np.log(_SHARES)))
        count = max(1, rng.poisson(share * height * width))
        reach = _WINDOW if sigma else 0
        places = zip(*(rng.integers(side, size=count).tolist() for side in (height, width)), strict=True)
        for y, x in places:
            colour = rng.uniform(0.1, 1, 3)
            light = _GREY * math.exp(rng.uniform(*np.log(_BRIGHTNESS))) * colour / colour.max()
            rows, columns = (slice(max(0, at - reach), at + reach + 1) for at in (y, x))
            window = radiance[:, rows, columns]
            down, across = (torch.arange(*part.indices(side)) for part, side in ((rows, height), (columns, width)))
            squared = (down[:, None] - y) ** 2 + (across - x) ** 2
            falls = torch.exp(-squared / (2 * (sigma or 1.0) ** 2))
            window += (torch.tensor(light, dtype=torch.float32)[:, None, None] * falls / falls.sum()).to(window.device)
