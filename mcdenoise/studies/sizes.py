"""How large the networks and crops of studies are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """width: of the U-Net. crop: side of a training crop in pixels, a multiple of 32. batch: of them a step."""

    width: int
    crop: int
    batch: int


SMALL, FULL = Sizes(24, 64, 4), Sizes(48, 256, 4)
"""What two cores do in minutes, and the paper's."""
