"""The file names of OIDN's training toolkit: `<view>_<spp>spp.hdr.exr`, `.alb.exr`, `.nrm.exr`, `<view>_ref.hdr.exr`.

Source: the section "Training" of OIDN's documentation, and training/dataset.py of its repository. The documentation's
regular expression is `.+_([0-9]+(spp)?|ref|reference|gt|target)\\.(hdr|ldr|sh1[xyz]|alb|nrm)\\.exr`. All images whose
name is the same before that last underscore are of one view. `hdr` is linear radiance, `alb` albedo in [0, 1], `nrm`
the normal in [-1, 1]; `ldr` and `sh1` (tonemapped colour, spherical harmonics of lightmaps) are not radiance: not read.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_IMAGE = re.compile(r"(?P<view>.+)_(?:(?P<spp>[0-9]+)(?:spp)?|ref|reference|gt|target)\.hdr\.exr", re.IGNORECASE)


@dataclass(frozen=True)
class ImageName:
    """view: name of the view in its folder. spp: as the name says, or None if it is the reference."""

    view: str
    spp: int | None


def parse(name: str) -> ImageName | None:
    """What the name of an `.hdr.exr` file says, or None if it is no such name."""
    match = _IMAGE.fullmatch(name)
    return match and ImageName(match["view"], None if match["spp"] is None else int(match["spp"]))


def is_oidn_name(path: Path) -> bool:
    """Whether a frame file keeps its features in files beside it."""
    return path.name.lower().endswith(".hdr.exr")


def albedo_of(path: Path) -> Path:
    """The file with the albedo of the frame whose radiance is in `path`."""
    return path.with_name(path.name[: -len("hdr.exr")] + "alb.exr")


def normal_of(path: Path) -> Path:
    """The file with the normal of the frame whose radiance is in `path`."""
    return path.with_name(path.name[: -len("hdr.exr")] + "nrm.exr")


def noisy_name(view: str, spp: int, realization: int) -> str:
    """`<view>_0008spp.hdr.exr`; each further realization has one more leading zero.

    The toolkit takes any number of digits, and names of one view can differ in nothing else.
    """
    return f"{view}_{'0' * realization}{spp:04d}spp.hdr.exr"


def reference_name(view: str) -> str:
    """`<view>_ref.hdr.exr`."""
    return f"{view}_ref.hdr.exr"
