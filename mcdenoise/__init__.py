"""mcdenoise: learn to denoise Monte Carlo renders from their own noise, without a clean image.

Importing this package imports neither torch nor Mitsuba; what needs them is loaded when first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from mcdenoise.errors import McdenoiseError

if TYPE_CHECKING:
    from mcdenoise.exr import read_frame, read_view_layers, replace_radiance, write_frame
    from mcdenoise.frame import Frame
    from mcdenoise.inference.arrays import denoise
    from mcdenoise.inference.combine import combine
    from mcdenoise.inference.denoiser import Denoiser

__version__ = "0.1.0"

__all__ = [
    "Denoiser",
    "Frame",
    "McdenoiseError",
    "combine",
    "denoise",
    "read_frame",
    "read_view_layers",
    "replace_radiance",
    "write_frame",
]

_HOMES = {
    "Denoiser": "mcdenoise.inference.denoiser",
    "Frame": "mcdenoise.frame",
    "combine": "mcdenoise.inference.combine",
    "denoise": "mcdenoise.inference.arrays",
    "read_frame": "mcdenoise.exr",
    "read_view_layers": "mcdenoise.exr",
    "replace_radiance": "mcdenoise.exr",
    "write_frame": "mcdenoise.exr",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'mcdenoise' has no attribute {name!r}")
