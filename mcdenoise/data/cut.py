"""What a crop is made of, before it is made."""

from dataclasses import dataclass
from itertools import permutations, product

import torch
from torch import Tensor

from mcdenoise.data.stored import StoredFrame

ORDERS = tuple(permutations(range(3)))
"""Of channels of colour, and of axes."""

SIGNS = tuple(product((1.0, -1.0), repeat=3))
"""Of axes."""


@dataclass(frozen=True)
class Cut:
    """One crop: from where, and what is done to it.

    inputs, targets: frames that are averaged, all of one size. top, left: of the window. exposure: factor on radiance.
    sigma: of the blur in pixels, 0 for none. colours, axes: which of the 6 permutations of the channels of colours and
    of normals. signs: which of the 8 ways to mirror the axes. turn: which of the 8 ways to flip and transpose.
    albedo, normal: whether the feature is there.
    """

    inputs: tuple[StoredFrame, ...]
    targets: tuple[StoredFrame, ...]
    top: int
    left: int
    exposure: float
    sigma: float = 0.0
    colours: int = 0
    axes: int = 0
    signs: int = 0
    turn: int = 0
    albedo: bool = True
    normal: bool = True

    def window(self, frame: StoredFrame, side: int) -> Tensor:
        """Its part of `frame.pixels`, `[9, side, side]`; frames smaller than that are mirrored to its size."""
        pixels = frame.pixels[:, self.top : self.top + side, self.left : self.left + side]
        for axis in (1, 2):
            size = pixels.shape[axis]
            if size < side:
                places = torch.arange(side, device=pixels.device) % (2 * size)
                pixels = pixels.index_select(axis, torch.where(places < size, places, 2 * size - 1 - places))
        return pixels
