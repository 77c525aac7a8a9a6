"""What a crop is made of, before it is made."""

from dataclasses import dataclass, replace
from itertools import permutations, product

import torch
from torch import Tensor

from mcdenoise.data.fireflies import Fireflies
from mcdenoise.data.flicker import Flicker
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
    albedo: factor on it, 0 if it is missing. normal: whether it is there. guides: frames that are averaged to be the
    guide; none if empty. flicker: what makes features noise; None for nothing.
    fireflies: what the input has of them beside its own; None for none.
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
    albedo: float = 1.0
    normal: bool = True
    guides: tuple[StoredFrame, ...] = ()
    flicker: Flicker | None = None
    fireflies: Fireflies | None = None

    def of_guides(self) -> "Cut":
        """The same crop of the guide, with all features."""
        return replace(self, inputs=self.guides, targets=self.guides, albedo=1.0, normal=True)

    def of_targets(self) -> "Cut":
        """The same crop of what the target is made of, with the features that the input has."""
        return replace(self, inputs=self.targets)

    def shape_before(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the window, if those of the crop are `shape`."""
        return shape[::-1] if self.turn & 4 else shape

    def window(self, frame: StoredFrame, shape: tuple[int, int]) -> Tensor:
        """Its part of `frame.pixels`, `[9, *shape]`; frames smaller than that are mirrored to its size."""
        height, width = shape
        pixels = frame.pixels[:, self.top : self.top + height, self.left : self.left + width]
        for axis, side in ((1, height), (2, width)):
            size = pixels.shape[axis]
            if size < side:
                places = torch.arange(side, device=pixels.device) % (2 * size)
                pixels = pixels.index_select(axis, torch.where(places < size, places, 2 * size - 1 - places))
        return pixels
