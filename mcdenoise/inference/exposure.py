"""`tonemap.exposure` of a tensor, where it is: on a GPU without a way back, and within an exported graph."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mcdenoise.tonemap import LUMINANCE

_BLOCK = 16  # pixels


def exposure_of(radiance: Tensor) -> Tensor:
    """The factor that brings `radiance` `[H, W, 3]`, finite and not negative, to middle grey: a float32 scalar.

    See `tonemap.exposure`, whose value this is to float32's precision.
    """
    weights = radiance.new_tensor(LUMINANCE)
    luminance = (radiance @ weights).double()
    for _ in range(2):  # means over the blocks along one axis, then along the other
        size = luminance.shape[0]
        count = (size + _BLOCK - 1) // _BLOCK
        edges = torch.arange(count + 1, device=radiance.device) * size // count
        sums = F.pad(luminance.cumsum(dim=0), (0, 0, 1, 0))[edges]
        luminance = ((sums[1:] - sums[:-1]) / (edges[1:] - edges[:-1]).double()[:, None]).T
    lit = luminance > 1e-8
    mean = (luminance.clamp(min=1e-8).log2() * lit).sum() / lit.sum().clamp(min=1)
    return torch.where(lit.any(), 0.18 / torch.exp2(mean), 1.0).to(torch.float32)
