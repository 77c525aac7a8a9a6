"""Frame files: OpenEXR as mcdenoise writes it, and as Mitsuba, Blender Cycles and pbrt write it."""

import contextlib
import io
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR

from mcdenoise.atomic import replacing
from mcdenoise.errors import FrameError
from mcdenoise.frame import Frame

_log = logging.getLogger(__name__)

MAX_PIXELS = 2**28
"""Largest data window that is read (16384 x 16384): a broken header must not ask for all memory."""

_HALF_MAX = 65504.0
_LOSSY = ("B44_COMPRESSION", "B44A_COMPRESSION", "DWAA_COMPRESSION", "DWAB_COMPRESSION", "PXR24_COMPRESSION")

# Names of a feature's channels, most specific first; {layer} is the prefix of the radiance channels' view layer.
_ALBEDO = ("albedo.{rgb}", "Albedo.{rgb}", "{layer}.Denoising Albedo.{rgb}")
_NORMAL = (
    "normal.{xyz}",
    "Ns.{xyz}",
    "N.{xyz}",
    "{layer}.Denoising Normal.{xyz}",
    "{layer}.Normal.{xyz}",
    "normal.{rgb}",
)
_DEPTH = ("depth.T", "depth.Z", "{layer}.Denoising Depth.Z", "{layer}.Depth.Z", "Z", "z")


@dataclass(frozen=True)
class _Layers:
    """Where a file keeps its layers: (part index, channel names)."""

    radiance: tuple[int, tuple[str, ...]]
    albedo: tuple[int, tuple[str, ...]] | None
    normal: tuple[int, tuple[str, ...]] | None
    depth: tuple[int, tuple[str, ...]] | None


def read_frame(path: str | os.PathLike) -> Frame:
    """Read one frame file.

    Understands the channel names of Mitsuba (`R`, `albedo.R`, `normal.X`, `depth.T`), Blender Cycles
    (`ViewLayer.Combined.R`, `ViewLayer.Denoising Albedo.R`, ...), pbrt-v4 (`Albedo.R`, `Ns.X`, `N.X`) and plain RGB(A),
    in scanline, tiled and multi-part files. Half and float channels become float32; values are not changed.
    Raises FrameError if the file is missing, broken, too large, or has no R, G, B.
    """
    file = _open(path)
    layers = _find_layers(file, path)

    def stack(layer: tuple[int, tuple[str, ...]] | None) -> np.ndarray | None:
        if layer is None:
            return None
        part, names = layer
        channels = file.parts[part].channels
        return np.stack([channels[name].pixels for name in names], axis=-1).astype(np.float32)

    depth = stack(layers.depth)
    return Frame(
        radiance=stack(layers.radiance),
        albedo=stack(layers.albedo),
        normal=stack(layers.normal),
        depth=None if depth is None else depth[..., 0],
        attributes=_attributes(file.parts[layers.radiance[0]].header),
    )


def read_attributes(path: str | os.PathLike) -> dict[str, Any]:
    """The header of a frame file's first part without its pixels: its own attributes, and `channels` and `size`.

    `size` is (width, height) of the data window. Raises FrameError as `read_frame` does.
    """
    header = _open(path, header_only=True).parts[0].header
    try:
        channels = [channel.name for channel in header["channels"]]
    except UnicodeError as error:
        raise FrameError(f"{path}: broken EXR file: {_first_line([], error)}.") from None
    return _attributes(header) | {"channels": channels, "size": _window_size(header)}


def write_frame(path: str | os.PathLike, frame: Frame) -> None:
    """Write a frame as one scanline EXR, whole or not at all: radiance float32, features half, ZIP compressed.

    The same frame gives the same bytes. Attributes may be str, int or float; an int that 32 bits do not hold is written
    as text. Raises FrameError if it cannot be written.
    """
    channels = {name: _plane(frame.radiance, i) for i, name in enumerate("RGB")}
    if frame.albedo is not None:
        channels |= {f"albedo.{name}": _half(_plane(frame.albedo, i)) for i, name in enumerate("RGB")}
    if frame.normal is not None:
        channels |= {f"normal.{name}": _half(_plane(frame.normal, i)) for i, name in enumerate("XYZ")}
    if frame.depth is not None:
        channels["depth.T"] = _half(np.ascontiguousarray(frame.depth))
    attributes = {
        name: str(value) if isinstance(value, int) and not -(2**31) <= value < 2**31 else value
        for name, value in frame.attributes.items()
    }
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage} | attributes
    _write(OpenEXR.File(header, channels), path)


def replace_radiance(source: str | os.PathLike, destination: str | os.PathLike, radiance: np.ndarray) -> list[str]:
    """Copy `source` to `destination` with its R, G, B replaced by `radiance` (`[H, W, 3]`), all else kept.

    Every other channel comes back bit-exact, with all attributes, windows, parts and pixel types. Half channels take
    radiance up to 65504. Returns notes (one sentence each) on what had to differ: a lossy compression becomes ZIP,
    because compressing again would change the other channels. Raises FrameError as `read_frame` does.
    """
    file = _open(source)
    index, names = _find_layers(file, source).radiance
    channels = file.parts[index].channels
    for i, name in enumerate(names):
        kind = channels[name].pixels.dtype
        if kind not in (np.float16, np.float32):
            raise FrameError(f"{source}: channel {name} holds {kind}, and radiance needs half or float.")
        if radiance.shape[:2] != channels[name].pixels.shape:
            raise ValueError(f"radiance is {radiance.shape[:2]}, the frame {channels[name].pixels.shape}")
        plane = _plane(radiance, i)
        channels[name].pixels = _half(plane) if kind == np.float16 else plane
    notes = []
    for part in file.parts:
        compression = part.header.get("compression")
        if getattr(compression, "name", "") in _LOSSY:
            part.header["compression"] = OpenEXR.ZIP_COMPRESSION
            lossy = compression.name.removesuffix("_COMPRESSION")
            notes.append(f"{source}: {lossy} would change the other channels again, so ZIP is written.")
    _write(file, destination)
    return notes


def _find_layers(file: OpenEXR.File, path: str | os.PathLike) -> _Layers:
    names = [(index, name) for index, part in enumerate(file.parts) for name in part.channels]
    places: dict[str, tuple[int, str]] = {}  # a channel is known by its name, and by its part's name before it
    for index, name in names:
        places.setdefault(name, (index, name))
    for index, name in names:
        places.setdefault(f"{file.parts[index].header.get('name', '')}.{name}", (index, name))

    def present(group: tuple[str, ...]) -> tuple[int, tuple[str, ...]] | None:
        found = [places[name] for name in group if name in places]
        if len(found) < len(group) or len({index for index, _ in found}) > 1:
            return None
        return found[0][0], tuple(name for _, name in found)

    layer, radiance = "", present(("R", "G", "B"))
    if radiance is None:
        combined = [name.removesuffix(".Combined.R") for _, name in names if name.endswith(".Combined.R")]
        for layer in sorted(combined, key=lambda candidate: candidate == "Composite"):
            radiance = present(tuple(f"{layer}.Combined.{channel}" for channel in "RGB"))
            if radiance is not None:
                break
    if radiance is None:
        listed = ", ".join(name for _, name in names[:8]) + (", ..." if len(names) > 8 else "")
        wanted = "R, G, B or <view layer>.Combined.R"
        raise FrameError(f"{path}: no radiance found: looked for channels {wanted}, found {listed or 'none'}.")
    shape = file.parts[radiance[0]].channels[radiance[1][0]].pixels.shape

    def feature(patterns: tuple[str, ...], letters: int) -> tuple[int, tuple[str, ...]] | None:
        for pattern in patterns:
            if "{layer}" in pattern and not layer:
                continue
            triples = zip("RGB", "XYZ", strict=True)
            group = tuple(pattern.format(layer=layer, rgb=rgb, xyz=xyz) for rgb, xyz in triples)[:letters]
            found = present(group)
            if not found:
                continue
            channels = file.parts[found[0]].channels
            if group == ("Z",) and "X" in channels:  # a component of a vector
                continue
            if all(channels[name].pixels.shape == shape for name in found[1]):
                return found
        return None

    return _Layers(radiance, feature(_ALBEDO, 3), feature(_NORMAL, 3), feature(_DEPTH, 1))


def _open(path: str | os.PathLike, header_only: bool = False) -> OpenEXR.File:
    path = Path(path)
    if not path.is_file():
        raise FrameError(f"{path}: {'is a folder, not a frame file' if path.is_dir() else 'no such file'}.")
    with path.open("rb") as stream:
        if stream.read(4) != b"\x76\x2f\x31\x01":
            raise FrameError(f"{path}: is not an EXR file (frames are OpenEXR).")
    file = _decode(path, header_only=True)
    for part in file.parts:
        storage = part.header.get("type")
        if storage not in (OpenEXR.scanlineimage, OpenEXR.tiledimage):
            raise FrameError(f"{path}: holds deep pixels, and only flat EXR images can be denoised.")
        width, height = _window_size(part.header)
        if width < 1 or height < 1 or width * height > MAX_PIXELS:
            raise FrameError(f"{path}: a data window of {width} x {height} is outside 1 to {MAX_PIXELS} pixels.")
    return file if header_only else _decode(path, header_only=False)


def _decode(path: Path, header_only: bool) -> OpenEXR.File:
    try:
        with _quiet() as said:
            file = OpenEXR.File(str(path), separate_channels=True, header_only=header_only)
    except (RuntimeError, ValueError, TypeError, OSError, MemoryError, IndexError, UnicodeError) as error:
        raise FrameError(f"{path}: broken EXR file: {_first_line(said, error)}.") from None
    # OpenEXR only prints a warning where it could not read all pixels of a part, and leaves the rest black.
    unread = any("(EXR_ERR_" in line or "Exception raised reading pixel data" in line for line in said)
    complete = file.parts and (header_only or all(part.channels for part in file.parts))
    if not complete or unread:
        raise FrameError(f"{path}: broken EXR file, perhaps truncated: {_first_line(said)}.")
    return file


def _write(file: OpenEXR.File, path: str | os.PathLike) -> None:
    try:
        with replacing(path) as temporary, _quiet() as said:
            file.write(str(temporary))
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        raise FrameError(f"{path}: cannot be written: {_first_line(said, error)}.") from None


_stderr_lock = threading.Lock()


@contextlib.contextmanager
def _quiet() -> Iterator[list[str]]:
    """Collect what OpenEXR prints by itself, in C on file descriptor 2 and through Python's stdout, as lines.

    Other threads go on printing to stdout meanwhile.
    """
    said: list[str] = []
    printed = io.StringIO()
    with _stderr_lock, tempfile.TemporaryFile() as caught:
        if sys.stderr is not None:
            sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(caught.fileno(), 2)
        stdout = sys.stdout
        sys.stdout = _OfThisThread(printed, stdout)
        try:
            yield said
        finally:
            sys.stdout = stdout
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            text = caught.read().decode(errors="replace") + printed.getvalue()
            said.extend(line for line in text.splitlines() if line.strip())
            for line in said:
                _log.debug("OpenEXR: %s", line)


class _OfThisThread:
    """Takes what the thread that made it prints, and hands on what others print."""

    def __init__(self, own: Any, others: Any):
        self._own, self._others, self._thread = own, others, threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own if threading.get_ident() == self._thread else self._others, name)


def _first_line(said: list[str], error: Exception | None = None) -> str:
    lines = [line.partition("(EXR_ERR_")[2].partition(") ")[2] or line for line in said]
    if error is not None:
        lines += str(error).splitlines()
    return (lines[0] if lines else type(error).__name__).strip().rstrip(".")[:160]


def _window_size(header: Mapping[str, Any]) -> tuple[int, int]:
    low, high = header["dataWindow"]
    return int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1


def _attributes(header: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if isinstance(value, str | int | float) and name != "name"}


def _plane(image: np.ndarray, index: int) -> np.ndarray:
    return np.ascontiguousarray(image[..., index], dtype=np.float32)


def _half(plane: np.ndarray) -> np.ndarray:
    return np.clip(plane, -_HALF_MAX, _HALF_MAX).astype(np.float16)
