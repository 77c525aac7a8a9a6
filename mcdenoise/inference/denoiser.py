"""A trained model, ready to denoise arrays of any size."""

import hashlib
import logging
import os
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mcdenoise.hardware import choose_device, has_fast_bf16
from mcdenoise.inference.oidn_engine import OidnEngine
from mcdenoise.inference.repair import finite_radiance
from mcdenoise.networks.model_file import find_model, load_model
from mcdenoise.tonemap import exposure

_log = logging.getLogger(__name__)

_WHOLE_PIXELS = 2_500_000
_TILE = 768


class Denoiser:
    """A model on a device. `identity` is a text that differs where results may.

    model: the name of a shipped model, or the path of a model file. device: `auto`, `cpu`, `cuda` or `cuda:N`.
    precision: of the convolutions: `float32`, `bf16`, or `auto`, which takes bf16 where the hardware has units for it.
    engine: `torch`, or `oidn` for networks of OIDN's kind, which Open Image Denoise then runs, on the device and in the
    precision that it chooses itself. Raises ModelError or McdenoiseError.
    """

    def __init__(
        self,
        model: str | os.PathLike = "default",
        device: str = "auto",
        precision: Literal["auto", "float32", "bf16"] = "auto",
        engine: Literal["torch", "oidn"] = "torch",
    ):
        self.device = choose_device(device)
        path = find_model(model)
        self.network, self.training = load_model(path)
        self.identity = f"{hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()} {engine} {precision}"
        self._oidn = OidnEngine(self.network) if engine == "oidn" else None
        self.network.to(self.device, memory_format=torch.channels_last)
        self.precision = precision
        if precision == "auto":
            self.precision = "bf16" if has_fast_bf16(self.device) else "float32"

    def denoise(
        self, color: np.ndarray, albedo: np.ndarray | None = None, normal: np.ndarray | None = None
    ) -> np.ndarray:
        """Denoised linear radiance `[H, W, 3]`, float32, finite and not negative, for a picture of any size.

        color: linear radiance `[H, W, 3]`; pixels that are NaN or Inf take the median of their finite neighbours, and
        negative ones count as zero. albedo: `[H, W, 3]` in [0, 1]. normal: `[H, W, 3]` in [-1, 1]. A feature that is
        None is left out, which costs quality. A picture of one colour comes back as it is. Raises ValueError if shapes
        do not fit.
        """
        for name, array in (("color", color), ("albedo", albedo), ("normal", normal)):
            if array is not None and (array.ndim != 3 or array.shape[2] != 3 or array.shape != color.shape):
                raise ValueError(f"{name} must be [H, W, 3] and of color's size, not {array.shape} with {color.shape}")
        if color.size == 0:
            raise ValueError(f"color must have pixels, not {color.shape}")
        radiance = finite_radiance(color)
        if (radiance == radiance[0, 0]).all():
            return radiance  # nothing to denoise
        if self._oidn is not None:
            return self._oidn.denoise(radiance, _feature(albedo, radiance, 0.0), _feature(normal, radiance, -1.0))
        scale = exposure(radiance)
        denoised = np.empty_like(radiance)
        for outer, inner in _tiles(*radiance.shape[:2], self.network.reach):
            tile = np.concatenate(
                [
                    radiance[outer] * np.float32(scale),
                    _feature(None if albedo is None else albedo[outer], radiance[outer], 0.0),
                    _feature(None if normal is None else normal[outer], radiance[outer], -1.0),
                ],
                axis=2,
            )
            with torch.inference_mode():
                output = self._run(torch.from_numpy(tile).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
            within = tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
            denoised[inner] = output[within] / np.float32(scale)
        np.nan_to_num(denoised, copy=False, posinf=np.finfo(np.float32).max)
        return np.maximum(denoised, 0, out=denoised)

    def _run(self, inputs: Tensor) -> Tensor:
        """The network on `[1, 9, H, W]`."""
        height, width = inputs.shape[2:]
        multiple = self.network.multiple
        below, right = -height % multiple, -width % multiple
        x = inputs.to(self.device)
        if below or right:
            x = self._padded(x, (0, right, 0, below))
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            output = self.network(x[:, :3], x[:, 3:6], x[:, 6:])
        return output[:, :, :height, :width].float().cpu()

    def _padded(self, x: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
        outside = getattr(self.network, "outside", None)
        if outside is None:
            return F.pad(x, padding, mode="replicate")
        values = torch.tensor(outside, device=x.device).view(1, -1, 1, 1)
        return F.pad(x - values, padding) + values


def _tiles(height: int, width: int, reach: int) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """What the network is to see at once, and the part of it whose result is used, as (rows, columns) of the picture.

    Around a tile is all that has a say in its result. Tiles begin at multiples of what any network pools, so that
    pooled pixels are the same ones.
    """
    if height * width <= _WHOLE_PIXELS:
        whole = slice(0, height), slice(0, width)
        yield whole, whole
        return
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            inner = slice(top, min(top + _TILE, height)), slice(left, min(left + _TILE, width))
            sides = zip(inner, (height, width), strict=True)
            yield tuple(slice(max(0, s.start - reach), min(s.stop + reach, end)) for s, end in sides), inner


def _feature(feature: np.ndarray | None, radiance: np.ndarray, least: float) -> np.ndarray:
    if feature is None:
        return np.zeros_like(radiance)
    return np.clip(np.nan_to_num(feature, nan=0.0), least, 1.0).astype(np.float32)
