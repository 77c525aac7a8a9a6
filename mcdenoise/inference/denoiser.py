"""A trained model, ready to denoise arrays of any size."""

import hashlib
import os
from collections.abc import Iterator
from typing import Literal, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.errors import ModelError
from mcdenoise.hardware import choose_device, convolutions_in_bf16, has_fast_bf16
from mcdenoise.inference import host_frame
from mcdenoise.inference.exposure import exposure_of
from mcdenoise.inference.noiseless import keep_noiseless
from mcdenoise.inference.oidn_engine import OidnEngine
from mcdenoise.inference.repair import finite_radiance
from mcdenoise.networks.kpn import KPN
from mcdenoise.networks.model_file import find_model, load_model

Image = TypeVar("Image", np.ndarray, Tensor)

_WHOLE_PIXELS = 2_500_000
_TILE = 768
_PIXEL_BYTES = 4096  # of a GPU, for each pixel that a network sees at once; `kpn` takes a quarter of it

_LARGE = 32  # channels at half resolution; `kpn` has 48, and `kpn-small`, which is to be fast, 16
PASSES = 1, 2, 4, 8
_WAYS = [(transposed, mirrored) for transposed in (False, True) for mirrored in ((), (2, 3), (3,), (2,))]
"""In which passes see a picture: whether its rows become columns, and along which axes it is mirrored then."""


class Denoiser:
    """A model on a device. `identity` is a text that differs where results may.

    model: the name of a shipped model, the path of a model file, or a network (see `mcdenoise.networks`) in evaluation
    mode, which is put on the device itself, and no copy: what it learns later counts (with the engine `torch`). device:
    `auto`, `cpu`, `cuda` or `cuda:N`.
    precision: of the convolutions: `float32`, `bf16`, or `auto`, which takes bf16 where the hardware has units for it.
    engine: `torch`, or `oidn` for networks of OIDN's kind, which Open Image Denoise then runs, on the device and in the
    precision that it chooses itself. passes: how often the network sees a picture, each time another way round; the
    mean is the result (the enhanced prediction of Timofte et al. 2016). 1; 2, also turned by 180 degrees; 4, both
    mirror images, too; 8, and all of them transposed, for as many times the time. `auto` is 2 for a `kpn` (a
    `kpn-small` is to be fast) whose convolutions are in bf16, else 1. On a processor a network of kernel prediction
    keeps up to 768 MB to work in from one picture to the next. Raises ModelError or McdenoiseError, or ValueError for
    options that are none.
    """

    def __init__(
        self,
        model: str | os.PathLike | nn.Module = "default",
        device: str = "auto",
        precision: Literal["auto", "float32", "bf16"] = "auto",
        engine: Literal["torch", "oidn"] = "torch",
        passes: Literal["auto", 1, 2, 4, 8] = "auto",
    ):
        if precision not in ("auto", "float32", "bf16") or engine not in ("torch", "oidn"):
            raise ValueError(
                f"precision is auto, float32 or bf16, and engine torch or oidn, not {precision!r} and {engine!r}"
            )
        if type(passes) not in (int, str) or passes not in ("auto", *PASSES):
            raise ValueError(f"passes must be auto, 1, 2, 4 or 8, not {passes!r}")
        if engine == "oidn" and passes not in ("auto", 1):
            raise ModelError("Open Image Denoise sees a picture once: more passes need the engine torch.", misuse=True)
        self._asked = {"device": device, "precision": precision, "passes": passes}
        self.device = choose_device(device)
        if isinstance(model, nn.Module):
            self.network, self.training, self._digest = model, {}, None
        else:
            path = find_model(model)
            self.network, self.training = load_model(path)
            self._digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        self._oidn = OidnEngine(self.network) if engine == "oidn" else None
        self.network.to(self.device, memory_format=torch.channels_last)
        self.precision = precision
        if precision == "auto":
            self.precision = "bf16" if has_fast_bf16(self.device) else "float32"
        self.passes = usual_passes(self.network, self.precision) if passes == "auto" else passes
        self._options = f"{engine} {precision}" + (f" {self.passes} passes" if self.passes > 1 else "")

    def with_model(self, model: str | os.PathLike) -> "Denoiser":
        """Another model, run by torch with the device, precision and passes that were asked for here.

        Raises ModelError.
        """
        return Denoiser(model, **self._asked)

    @property
    def identity(self) -> str:
        return f"{self._digest or _digest_of(self.network)} {self._options}"

    def denoise(self, color: Image, albedo: Image | None = None, normal: Image | None = None) -> Image:
        """Denoised linear radiance `[H, W, 3]`, float32, finite and not negative, for a picture of any size.

        color: linear radiance `[H, W, 3]`; pixels that are NaN or Inf take the median of their finite neighbours, and
        negative ones count as zero. albedo: `[H, W, 3]` in [0, 1]. normal: `[H, W, 3]` in [-1, 1]. A feature that is
        None is left out, which costs quality. A picture of one colour comes back as it is, and so does what a network
        of kernel prediction hardly changes (`noiseless.keep_noiseless`). NumPy arrays give an array; torch tensors give
        a tensor on this denoiser's device, and those that are there already are not copied.
        Raises ValueError if shapes do not fit, TypeError for other kinds of arrays.
        """
        for name, image in (("color", color), ("albedo", albedo), ("normal", normal)):
            if not (isinstance(image, np.ndarray | Tensor) or (image is None and name != "color")):
                raise TypeError(
                    f"{name} must be a NumPy array or a torch tensor, not {type(image).__name__}: "
                    "mcdenoise.denoise takes others"
                )
            if image is not None and (image.ndim != 3 or image.shape[2] != 3 or image.shape != color.shape):
                raise ValueError(
                    f"{name} must be [H, W, 3] and of color's size, not {tuple(image.shape)} with {tuple(color.shape)}"
                )
        if 0 in color.shape:
            raise ValueError(f"color must have pixels, not {tuple(color.shape)}")
        with torch.inference_mode():
            result = self._denoised(*(None if x is None else self._here(x) for x in (color, albedo, normal)))
        # A tensor made in inference mode is not like others; its copy would cost, what leaves NumPy does not matter.
        return result.cpu().numpy() if isinstance(color, np.ndarray) else result.clone()

    def _here(self, image: Image) -> Tensor:
        if isinstance(image, np.ndarray):
            with np.errstate(invalid="ignore", over="ignore"):  # float64 may be too large: that becomes Inf
                image = np.ascontiguousarray(image, np.float32)
            # torch would warn of what is not writeable, though nothing writes to it; a single row may be reversed.
            if not image.flags.writeable or min(image.strides) < 0:
                image = image.copy()
            image = torch.from_numpy(image)
        return image.detach().to(self.device, torch.float32)

    def _denoised(self, color: Tensor, albedo: Tensor | None, normal: Tensor | None) -> Tensor:
        on_host = self.device.type == "cpu"
        if on_host:
            radiance, plain, scale = host_frame.survey(color)
        else:
            radiance = finite_radiance(color)
            plain, scale = bool((radiance == radiance[0, 0]).all()), exposure_of(radiance)
        if plain:
            return radiance  # nothing to denoise
        if self._oidn is not None:
            images = (radiance, _feature(albedo, radiance, 0.0), _feature(normal, radiance, -1.0))
            return torch.from_numpy(self._oidn.denoise(*(image.cpu().numpy() for image in images))).to(self.device)
        denoised = torch.empty_like(radiance)
        multiple = 1 if hasattr(self.network, "outside") else self.network.multiple
        for outer, inner in _tiles(*radiance.shape[:2], self.network, _pixels_at_once(self.device)):
            within = tuple(slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
            if on_host:
                planes = self._run(host_frame.planes_of(radiance, albedo, normal, scale, outer, multiple))
                host_frame.put_radiance(planes, scale, within, denoised, inner)
                continue
            seen = radiance[outer]
            tile = torch.cat(
                [
                    (seen * scale).permute(2, 0, 1),
                    _feature(None if albedo is None else albedo[outer], seen, 0.0).permute(2, 0, 1),
                    _feature(None if normal is None else normal[outer], seen, -1.0).permute(2, 0, 1),
                ]
            )
            denoised[inner] = self._run(tile[None])[0].permute(1, 2, 0)[within] / scale
        if not on_host:
            torch.nan_to_num_(denoised, 0.0, posinf=torch.finfo(torch.float32).max).clamp_(min=0)
        return keep_noiseless(radiance, denoised, scale) if isinstance(self.network, KPN) else denoised

    def _run(self, inputs: Tensor) -> Tensor:
        """The network on `[1, 9, H, W]`."""
        height, width = inputs.shape[2:]
        multiple = self.network.multiple
        below, right = -height % multiple, -width % multiple
        x = inputs
        if below or right:
            x = self._padded(x, (0, right, 0, below))
        with convolutions_in_bf16(self.device, self.precision == "bf16"):
            total = self._seen(x, *_WAYS[0])
            for way in _WAYS[1 : self.passes]:
                total = total + self._seen(x, *way)
        return (total / self.passes if self.passes > 1 else total)[:, :, :height, :width]

    def _seen(self, x: Tensor, transposed: bool, mirrored: tuple[int, ...]) -> Tensor:
        """What the network makes of `x` as it is seen in one of `_WAYS`, the right way round again."""
        x = x.transpose(2, 3) if transposed else x
        x = x.flip(mirrored) if mirrored else x
        output = self.network(x[:, :3], x[:, 3:6], x[:, 6:]).float()
        output = output.flip(mirrored) if mirrored else output
        return output.transpose(2, 3) if transposed else output

    def _padded(self, x: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
        outside = getattr(self.network, "outside", None)
        if outside is None:
            return F.pad(x, padding, mode="replicate")
        values = torch.tensor(outside, device=x.device).view(1, -1, 1, 1)
        return F.pad(x - values, padding) + values


def usual_passes(network: nn.Module, precision: str) -> int:
    """How often a picture is seen if nothing is said: twice by a network of kernel prediction that is not a small one,
    if in bf16. In float32 two passes would take longer than Open Image Denoise does on a processor."""
    large = isinstance(network, KPN) and network.config["width"] >= _LARGE
    return 2 if large and precision == "bf16" else 1


def _digest_of(network: nn.Module) -> str:
    """A hash of what a network is now, with its weights."""
    hasher = hashlib.blake2b(f"{network.name} {network.config}".encode(), digest_size=16)
    for name, tensor in network.state_dict().items():
        hasher.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return hasher.hexdigest()


def _pixels_at_once(device: torch.device) -> int:
    """How large a picture may be to be seen whole: as half of the free memory of a GPU allows, if that is more."""
    if device.type == "cpu":
        return _WHOLE_PIXELS
    return max(_WHOLE_PIXELS, torch.cuda.mem_get_info(device)[0] // 2 // _PIXEL_BYTES)


def _tiles(
    height: int, width: int, network: nn.Module, at_once: int
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """What the network is to see at once, and the part of it whose result is used, as (rows, columns) of the picture.

    Of `at_once` pixels or fewer it sees all.
    Around a tile is all that has a say in its result. Tiles begin at multiples of what any network pools, so that
    pooled pixels are the same ones.
    """
    reach = network.reach
    if height * width <= min(at_once, getattr(network, "at_once", at_once)):
        whole = slice(0, height), slice(0, width)
        yield whole, whole
        return
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            inner = slice(top, min(top + _TILE, height)), slice(left, min(left + _TILE, width))
            sides = zip(inner, (height, width), strict=True)
            yield tuple(slice(max(0, s.start - reach), min(s.stop + reach, end)) for s, end in sides), inner


def _feature(feature: Tensor | None, radiance: Tensor, least: float) -> Tensor:
    if feature is None:
        return torch.zeros_like(radiance)
    return torch.nan_to_num(feature, 0.0, 1.0, least).clamp_(least, 1.0)
