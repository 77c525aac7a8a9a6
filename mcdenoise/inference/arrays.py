"""`mcdenoise.denoise`: one call for arrays of NumPy, PyTorch and Mitsuba."""

import functools
import os
import sys
from typing import Any

import numpy as np
import torch

from mcdenoise.inference.denoiser import Denoiser

_LAYERS = {"albedo": ("albedo", "albedos"), "normal": ("normal", "normals", "sh_normal", "nn")}


def denoise(
    color: Any,
    albedo: Any | None = None,
    normal: Any | None = None,
    *,
    hdr: bool = True,
    model: str | os.PathLike = "default",
    device: str = "auto",
) -> Any:
    """Denoise a picture; the result is of the kind of `color`, on its device. Tensors share their memory (DLPack).

    color: noisy linear radiance, `[H, W, C]` with C of 3 or 4 (a fourth channel is ignored): a NumPy array, a torch
    tensor, a Mitsuba (Dr.Jit) tensor, or a Mitsuba bitmap, whose layers `albedo` and `normal` (or `normals`), as an
    `aov` integrator makes them, are its features where none are given. albedo: `[H, W, 3]` in [0, 1]. normal: shading
    normals `[H, W, 3]` in [-1, 1]. hdr: False limits the result to [0, 1]. model: a shipped model's name or a model
    file. device: where the network runs. Returns `[H, W, 3]`: float32, or the dtype of `color` if that is a
    floating-point type.
    Argument names are those of `mitsuba_oidn.denoise`, where `hdr` is False unless said otherwise.
    Raises ValueError if shapes do not fit, ModelError if the model cannot be loaded.
    """
    layers = _layers(color) if _is_bitmap(color) else {"color": color}
    albedo = layers.get("albedo") if albedo is None else albedo
    normal = layers.get("normal") if normal is None else normal
    if layers["color"] is None or isinstance(layers["color"], str | os.PathLike):
        raise ValueError("color must be an image; mcdenoise.read_frame reads files")
    images = [None if image is None else _to_torch(image) for image in (layers["color"], albedo, normal)]
    result = _denoiser(model, device).denoise(*images)
    if not hdr:
        result = result.clip(max=1.0)
    return _like(color, result.to(images[0].device))


def _denoiser(model: str | os.PathLike, device: str) -> Denoiser:
    """The denoiser used last time, unless the model's file has changed since."""
    path = os.path.abspath(model)
    changed = os.stat(path).st_mtime_ns if os.path.isfile(path) else None
    return _loaded(path if changed else str(model), device, changed)


@functools.lru_cache(maxsize=4)
def _loaded(model: str, device: str, changed: int | None) -> Denoiser:
    return Denoiser(model, device)


def _is_bitmap(image: Any) -> bool:
    return type(image).__name__ == "Bitmap" and type(image).__module__.partition(".")[0] == "mitsuba"


def _layers(bitmap: Any) -> dict[str, np.ndarray]:
    """Colour and, where they are there, albedo and normal of a Mitsuba bitmap, by the names of its layers; linear."""
    kind = sys.modules["mitsuba"].Struct.Type
    layers = {}
    for name, layer in bitmap.split():
        linear = layer.component_format() in (kind.Float16, kind.Float32, kind.Float64)
        layers[name] = np.array(layer if linear else layer.convert(component_format=kind.Float32, srgb_gamma=False))
    found = {"color": layers["<root>"]}
    for feature, names in _LAYERS.items():
        for name in names:
            if name in layers and layers[name].ndim == 3:
                found.setdefault(feature, layers[name])
    return found


def _to_torch(image: Any) -> torch.Tensor:
    """`[H, W, 3]`, on the image's own device, and without a copy where its memory can be shared."""
    if _is_torch(image):
        tensor = image.detach()
    elif _is_mitsuba(image) and hasattr(image, "__dlpack__"):
        tensor = torch.from_dlpack(image)
    else:
        array = np.ascontiguousarray(image)
        with np.errstate(over="ignore"):
            array = array if array.dtype in (np.float16, np.float32) else array.astype(np.float32)
        tensor = torch.from_numpy(array if array.flags.writeable else array.copy())
    if tensor.ndim != 3 or tensor.shape[2] not in (3, 4):
        hint = ": give colour alone, as image[:, :, :3]" if tensor.ndim == 3 and tensor.shape[2] > 4 else ""
        raise ValueError(f"expected an image [H, W, 3] or [H, W, 4], got {tuple(tensor.shape)}{hint}")
    return tensor[..., :3]


def _like(original: Any, result: torch.Tensor) -> Any:
    if _is_torch(original):
        dtype = original.dtype if original.is_floating_point() else torch.float32
        most = min(torch.finfo(dtype).max, torch.finfo(torch.float32).max)
        return result.clip(max=most).to(dtype)
    if _is_mitsuba(original):
        # Tensors share the memory of the result, bitmaps copy it.
        return type(original)(result.cpu().numpy() if _is_bitmap(original) else result.contiguous())
    result = result.cpu().numpy()
    dtype = getattr(original, "dtype", None)
    floating = isinstance(dtype, np.dtype) and np.issubdtype(dtype, np.floating)
    if floating and dtype == np.float16:
        result = result.clip(max=np.finfo(np.float16).max)
    return result.astype(dtype) if floating else result


def _is_mitsuba(image: Any) -> bool:
    return type(image).__module__.partition(".")[0] in ("drjit", "mitsuba")


def _is_torch(array: Any) -> bool:
    return type(array).__module__.partition(".")[0] == "torch"
