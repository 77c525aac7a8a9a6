"""Features that are noise themselves, as where two surfaces lie in one place and either may be hit."""

import numpy as np
import torch
from torch import Tensor

_ALIKE = 0.8  # cosine of normals that are those of one surface
_SHARES = 0.03, 0.5  # of samples that hit the other surface
_SAMPLES = 1, 2, 4, 8  # of one render


class Flicker:
    """Another surface, which some of the samples hit in the place of one of a crop, or of all that is seen there.

    It changes albedo, normal or both. In each pixel a binomial number of samples hits it, drawn anew for other renders,
    which so have the same mean and noise of their own. In half of the cases it faces the other way, as the back of what
    it lies in does. The picture stays as it is. seed: of all that is random. albedo: `[3]` in [0, 1].
    normal: `[3]`, of length one; None if it faces the other way.
    """

    def __init__(self, seed: int):
        rng = np.random.default_rng(seed)
        self.albedo = rng.uniform(0, 1) * rng.uniform(0.3, 1, 3)
        direction = rng.standard_normal(3)
        self.normal = direction / np.linalg.norm(direction) if rng.random() < 0.5 else None
        self._place = rng.random(2) if rng.random() < 2 / 3 else None
        self._share = float(np.exp(rng.uniform(*np.log(_SHARES))))
        self._samples = int(rng.choice(_SAMPLES))
        kind = rng.integers(3)
        self._albedo_too, self._normal_too = kind != 1, kind != 2
        self._seed = int(rng.integers(2**62))

    def surface(self, normal: Tensor) -> Tensor:
        """Where it is, `[h, w]`, 0 or 1. normal: of the crop `[3, h, w]`; zeros where it is missing."""
        if self._place is None or not normal.any():
            return torch.ones_like(normal[0])
        y, x = (int(share * size) for share, size in zip(self._place, normal.shape[1:], strict=True))
        return ((normal * normal[:, y, x, None, None]).sum(dim=0) >= _ALIKE).float()

    def add(self, albedo: Tensor, normal: Tensor, where: Tensor, factor: float, renders: int, other: bool) -> None:
        """Change features `[3, h, w]` in their place, if they are there and not zeros alone. where: `surface` of the
        crop. factor: what albedo has been multiplied by. renders: that they are the mean of. other: whether they are
        not those of the input."""
        count = self._samples * renders
        rng = np.random.default_rng([self._seed, other])
        shares = rng.binomial(count, self._share, where.shape) / count
        hits = torch.from_numpy(shares.astype(np.float32)).to(where.device) * where
        if self._albedo_too and albedo.any():
            albedo.lerp_(_colour(factor * self.albedo, albedo), hits)
        if self._normal_too and normal.any():
            normal.lerp_(-normal if self.normal is None else _colour(self.normal, normal), hits)


def _colour(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None, None]
