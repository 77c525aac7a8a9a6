"""Making sane input of what renderers sometimes write: NaN, Inf and negative radiance."""

import torch
import torch.nn.functional as F
from torch import Tensor

LARGEST = 1e30
"""Radiance above that counts as that, which leaves room for sums and products in float32."""


def finite_radiance(radiance: Tensor) -> Tensor:
    """A float32 copy of `radiance` `[H, W, 3]` that is finite and not negative.

    A pixel with NaN or Inf takes the median of its finite neighbours (3 x 3), or zero if it has none; negative values
    become zero, and those above LARGEST become that. Finite pixels stay as they are.
    """
    radiance = radiance.to(torch.float32)
    limited = radiance.clamp(0, LARGEST)  # NaN stays NaN
    # One sum tells whether there is anything to look for: it is not finite if a value is not, or if all are huge.
    if bool(radiance.sum().isfinite()):
        return limited
    invalid = ~radiance.isfinite().all(dim=2)
    if invalid.any():
        marked = torch.where(invalid[..., None], torch.nan, radiance)
        padded = F.pad(marked, (0, 0, 1, 1, 1, 1), value=torch.nan)
        rows, columns = invalid.nonzero(as_tuple=True)
        neighbours = torch.stack([padded[rows + y, columns + x] for y in range(3) for x in range(3)])
        medians = neighbours.nanquantile(0.5, dim=0).nan_to_num(0.0)
        limited[rows, columns] = medians.clamp(0, LARGEST)
    return limited
