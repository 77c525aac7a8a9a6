"""Frame files: OpenEXR as mcdenoise writes it, and as Mitsuba, Blender Cycles and pbrt write it."""

import atexit
import io
import logging
import os
import re
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import OpenEXR

from mcdenoise.atomic import replacing
from mcdenoise.errors import FrameError
from mcdenoise.exr_layers import Layers, Place, listed, shown_name, view_layers, window_size
from mcdenoise.frame import Frame

_log = logging.getLogger(__name__)

Result = TypeVar("Result")

MAX_PIXELS = 2**28
"""Largest data window that is read (16384 x 16384): a broken header must not ask for all memory."""

_HALF_MAX = 65504.0
_LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "HTJ2K256", "HTJ2K32", "ZSTD")  # also of ones unknown here, ZIP is made

# How many times smaller than its pixels a file can be: black pictures, and a margin. 2^20 for all others.
_SMALLER = {"NO": 1, "RLE": 128, "B44": 16, "B44A": 16, "ZIPS": 2048, "ZIP": 2048, "PIZ": 2048, "PXR24": 2048}
_LARGEST_TILE = 2**22  # pixels, or as many as the picture has: tiles are decoded whole, also where they hang over

_LONGEST_NAME = 255  # bytes, of a channel


@dataclass(frozen=True)
class Planes:
    """The channels of a frame as they lie in its file, each `[H, W]`, float16, float32 or uint32.

    radiance, albedo: R, G, B. normal: X, Y, Z. None where the file has none.
    """

    radiance: tuple[np.ndarray, ...]
    albedo: tuple[np.ndarray, ...] | None
    normal: tuple[np.ndarray, ...] | None


def read_frame(path: str | os.PathLike) -> Frame:
    """Read one frame file.

    Understands the channel names of Mitsuba (`R`, `albedo.R`, `normal.X`, `depth.T`), Blender Cycles
    (`ViewLayer.Combined.R`, `ViewLayer.Denoising Albedo.R`, ...), pbrt-v4 (`Albedo.R`, `Ns.X`, `N.X`) and plain RGB(A),
    in scanline, tiled and multi-part files. Half and float channels become float32; values are not changed.
    Of several view layers the first is read. Raises FrameError if the file is missing, broken, too large, or has no
    R, G, B.
    """
    file = _open(path)
    return _frame(file, next(iter(view_layers(file, path).values())))


def read_view_layers(path: str | os.PathLike) -> dict[str, Frame]:
    """All view layers of a frame file by their names, first the one that `read_frame` reads; "" where it has no name.

    Plain R, G, B come first, then view layers as they are in the file, where channels are mostly in alphabetical order.
    A compositor's result beside them is left out. Raises FrameError as `read_frame` does.
    """
    file = _open(path)
    return {name: _frame(file, layers) for name, layers in view_layers(file, path).items()}


def read_planes(path: str | os.PathLike) -> Planes:
    """The same channels as `read_frame` finds, neither interleaved nor converted: for those who convert themselves.

    Raises FrameError as `read_frame` does.
    """
    file = _open(path)
    layers = next(iter(view_layers(file, path).values()))
    albedo, normal = (None if layer is None else _planes(file, layer) for layer in (layers.albedo, layers.normal))
    return Planes(_planes(file, layers.radiance), albedo, normal)


def read_three_planes(path: str | os.PathLike) -> tuple[np.ndarray, ...]:
    """The three channels of a picture that holds one vector a pixel: R, G, B or X, Y, Z, plain or below one name.

    Each `[H, W]`, as `Planes` are. Raises FrameError if there are no such three, and as `read_frame` does.
    """
    file = _open(path)
    for part in file.parts:
        for letters in ("RGB", "XYZ"):
            for name in part.channels:
                layer, _, letter = name.rpartition(".")
                group = [f"{layer}.{other}" if layer else other for other in letters]
                if letter == letters[0] and all(other in part.channels for other in group):
                    return tuple(part.channels[other].pixels for other in group)
    raise FrameError(f"{path}: looked for channels R, G, B or X, Y, Z, and did not find them.")


def read_attributes(path: str | os.PathLike) -> dict[str, Any]:
    """The header of a frame file's first part without its pixels: its own attributes, and `channels`, `size`, `window`.

    `size` is (width, height) of the data window, `window` that as ((left, top), (right, bottom)). Raises FrameError as
    `read_frame` does.
    """
    header = _open(path, header_only=True).parts[0].header
    try:
        channels = [channel.name for channel in header["channels"]]
    except UnicodeError as error:
        raise FrameError(f"{path}: broken EXR file: {_first_line([], error)}.") from None
    window = tuple(tuple(map(int, corner)) for corner in header["dataWindow"])
    return _attributes(header) | {"channels": channels, "size": window_size(header), "window": window}


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
    _write(OpenEXR.File(_header(frame.attributes), channels), path)


def write_image(path: str | os.PathLike, image: np.ndarray, attributes: Mapping[str, Any]) -> None:
    """Write `image` `[H, W, 3]`, float32 or float16, as channels R, G, B of one scanline EXR, whole or not at all.

    Attributes and errors are those of `write_frame`.
    """
    channels = {name: np.ascontiguousarray(image[..., i]) for i, name in enumerate("RGB")}
    _write(OpenEXR.File(_header(attributes), channels), path)


def replace_radiance(
    source: str | os.PathLike,
    destination: str | os.PathLike,
    radiance: np.ndarray | Mapping[str, np.ndarray],
    more: Mapping[str, np.ndarray] | None = None,
    attributes: Mapping[str, str] | None = None,
) -> list[str]:
    """Copy `source` to `destination` with its R, G, B replaced by `radiance` (`[H, W, 3]`), all else kept.

    radiance: of the view layer that `read_frame` reads, or of several by the names that `read_view_layers` gives them.
    more: further float32 channels `[H, W]` by name, which are put beside R, G, B, or beside those of the view layer
    that their name begins with, in place of any of that name. attributes: further ones, for the header of the first
    part, which is the one that `read_attributes` reads. Every other channel comes back bit-exact, with all attributes,
    windows, parts and pixel types. Half channels take radiance up to 65504. Returns notes (one sentence each) on what
    had to differ: a lossy compression becomes ZIP, because compressing again would change the other channels, and a
    mipmap keeps its largest picture; on channels that were there and are replaced; and on view layers that stay as they
    are. Raises FrameError as `read_frame` does, and if a channel is subsampled or a name too long for a file; and
    ValueError for images of other shapes, and for names that the file does not have.
    """
    file = _open(source)
    layers = view_layers(file, source)
    main = next(iter(layers))
    replaced = []
    for layer, image in (radiance if isinstance(radiance, Mapping) else {main: radiance}).items():
        if layer not in layers:
            raise ValueError(f"{source} has no view layer {layer!r}")
        if np.ndim(image) != 3 or np.shape(image)[2] != 3:
            raise ValueError(f"radiance must be [H, W, 3], not {list(np.shape(image))}")
        index, names = layers[layer].radiance
        replaced += [(index, name) for name in names]
        channels = file.parts[index].channels
        for i, name in enumerate(names):
            kind = channels[name].pixels.dtype
            if kind not in (np.float16, np.float32):
                raise FrameError(
                    f"{source}: channel {shown_name(name)} holds {kind}, and radiance needs half or float."
                )
            if np.shape(image)[:2] != channels[name].pixels.shape:
                raise ValueError(f"radiance is {np.shape(image)[:2]}, the frame {channels[name].pixels.shape}")
            plane = _plane(np.asarray(image), i)
            channels[name].pixels = _half(plane) if kind == np.float16 else plane
    notes = _put_beside(file, layers, more or {}, replaced, source)
    file.parts[0].header.update(attributes or {})
    notes += _untouched(file, replaced, source)
    for part in file.parts:
        for channel in part.channels.values():
            if (channel.xSampling, channel.ySampling) != (1, 1):
                raise FrameError(f"{source}: channel {shown_name(channel.name)} is subsampled, and cannot be kept.")
        compression = _compression(part.header)
        if compression not in _LOSSLESS:
            part.header["compression"] = OpenEXR.ZIP_COMPRESSION
            notes.append(f"{source}: {compression} would change the other channels again, so ZIP is written.")
        if part.header["type"] == OpenEXR.scanlineimage and part.header["lineOrder"] == OpenEXR.RANDOM_Y:
            part.header["lineOrder"] = OpenEXR.INCREASING_Y  # the only other order that is meant for tiles alone
        tiles = part.header.get("tiles")
        if tiles is not None and tiles.mode != OpenEXR.ONE_LEVEL:
            tiles.mode = OpenEXR.ONE_LEVEL
            part.header["tiles"] = tiles
            notes.append(f"{source}: holds smaller copies of the picture (mipmap), which are left out.")
    _write(file, destination)
    return notes


def _put_beside(
    file: OpenEXR.File,
    layers: Mapping[str, Layers],
    more: Mapping[str, np.ndarray],
    replaced: list[tuple[int, str]],
    source: str | os.PathLike,
) -> list[str]:
    """See `more` of `replace_radiance`. replaced: (part, channel) of new radiance."""
    notes = []
    for name, plane in more.items():
        whose = [layer for layer in layers if layer and name.startswith(f"{layer}.")]
        index, (of_radiance, *_) = layers[max(whose, key=len, default=next(iter(layers)))].radiance
        channels = file.parts[index].channels
        if np.shape(plane) != channels[of_radiance].pixels.shape or (index, name) in replaced:
            raise ValueError(f"{name!r} must be [H, W] like the frame, and no channel of its radiance")
        if len(name.encode()) > _LONGEST_NAME:
            raise FrameError(f"{source}: the name of a view layer is too long for a channel {shown_name(name)}.")
        if name in channels:
            notes.append(f"{source}: had a channel {shown_name(name)} already, which is replaced.")
        channels[name] = OpenEXR.Channel(name, np.ascontiguousarray(plane, np.float32))
    return notes


def _untouched(file: OpenEXR.File, replaced: list[tuple[int, str]], source: str | os.PathLike) -> list[str]:
    """A note on view layers that nothing was done to."""
    names = {
        (index, name): name if "." in name else f"{part.header.get('name', '')}.{name}"
        for index, part in enumerate(file.parts)
        for name in part.channels
    }
    layers = [
        name.removesuffix(".Combined.R")
        for place, name in names.items()
        if name.endswith(".Combined.R") and place not in replaced
    ]
    layers = [layer for layer in layers if layer.casefold() != "composite"]
    return [f"{source}: view layer {listed(layers)} stays as it is."] if layers else []


def _planes(file: OpenEXR.File, layer: Place) -> tuple[np.ndarray, ...]:
    part, names = layer
    return tuple(file.parts[part].channels[name].pixels for name in names)


def _frame(file: OpenEXR.File, layers: Layers) -> Frame:
    def stack(layer: Place | None) -> np.ndarray | None:
        if layer is None:
            return None
        planes = _planes(file, layer)
        stacked = np.empty((*planes[0].shape, len(planes)), dtype=np.float32)
        for i, plane in enumerate(planes):
            stacked[..., i] = plane
        return stacked

    depth = stack(layers.depth)
    return Frame(
        radiance=stack(layers.radiance),
        albedo=stack(layers.albedo),
        normal=stack(layers.normal),
        depth=None if depth is None else depth[..., 0],
        attributes=_attributes(file.parts[layers.radiance[0]].header),
    )


def _header(attributes: Mapping[str, Any]) -> dict[str, Any]:
    fitting = {
        name: str(value) if isinstance(value, int) and not -(2**31) <= value < 2**31 else value
        for name, value in attributes.items()
    }
    return {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage} | fitting


def _open(path: str | os.PathLike, header_only: bool = False) -> OpenEXR.File:
    path = Path(path)
    try:
        if not path.is_file():
            kind = "is a folder" if path.is_dir() else "is a pipe or a device" if path.exists() else None
            raise FrameError(f"{path}: {f'{kind}, not a frame file' if kind else 'no such file'}.")
        with path.open("rb") as stream:
            if stream.read(4) != b"\x76\x2f\x31\x01":
                raise FrameError(f"{path}: is not an EXR file (frames are OpenEXR).")
    except OSError as error:
        raise FrameError(f"{path}: cannot be read: {error.strerror or error}.") from None
    said: list[str] = []
    try:
        file = _quietly(lambda: _decode(path, header_only), said)
    except (RuntimeError, ValueError, TypeError, OSError, MemoryError, LookupError, ArithmeticError) as error:
        raise FrameError(f"{path}: broken EXR file: {_first_line(said, error)}.") from None
    # OpenEXR only prints a warning where it could not read all pixels of a part, and leaves the rest black.
    unread = any("(EXR_ERR_" in line or "Exception raised reading pixel data" in line for line in said)
    complete = file.parts and (header_only or all(part.channels for part in file.parts))
    if not complete or unread:
        raise FrameError(f"{path}: broken EXR file, perhaps truncated: {_first_line(said)}.")
    return file


def _decode(path: Path, header_only: bool) -> OpenEXR.File:
    # The header alone first, a hundredth of the time: what it asks for must not be allocated unseen.
    file = OpenEXR.File(str(path), separate_channels=True, header_only=True)
    _check_claims(path, file)
    return file if header_only else OpenEXR.File(str(path), separate_channels=True)


def _check_claims(path: Path, file: OpenEXR.File) -> None:
    """Refuse headers that ask for more memory or time than the file can be worth."""
    values = 0
    smaller = 1
    for part in file.parts:
        header = part.header
        if header.get("type") not in (OpenEXR.scanlineimage, OpenEXR.tiledimage):
            raise FrameError(f"{path}: holds deep pixels, and only flat EXR images can be denoised.")
        width, height = window_size(header)
        if width < 1 or height < 1 or width * height > MAX_PIXELS:
            raise FrameError(f"{path}: a data window of {width} x {height} is outside 1 to {MAX_PIXELS} pixels.")
        tiles = header.get("tiles")
        if tiles is not None and tiles.xSize * tiles.ySize > max(width * height, _LARGEST_TILE):
            raise FrameError(f"{path}: broken EXR file: tiles of {tiles.xSize} x {tiles.ySize} for {width} x {height}.")
        values += sum((width // c.xSampling) * (height // c.ySampling) for c in header["channels"])
        smaller = max(smaller, _SMALLER.get(_compression(header), 2**20))
    if 2 * values > path.stat().st_size * smaller:  # a value has two bytes at least
        raise FrameError(f"{path}: broken EXR file: it is too short to hold the {values} values that it claims.")
    if 4 * values > _memory() / 2:
        raise FrameError(f"{path}: its channels need {4 * values / 2**30:.1f} GiB, more than half of all memory.")


def _memory() -> float:
    """Bytes of this machine's memory."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not every system says
        return float("inf")


def _compression(header: Mapping[str, Any]) -> str:
    """Its name, as `DWAA`."""
    return getattr(header.get("compression"), "name", "unknown").removesuffix("_COMPRESSION")


def _write(file: OpenEXR.File, path: str | os.PathLike) -> None:
    said: list[str] = []
    temporary = path
    try:
        with replacing(path) as temporary:
            _quietly(lambda: file.write(str(temporary)), said)
    except (RuntimeError, ValueError, TypeError, OSError, MemoryError) as error:
        lines = [*said, *(str(error) or type(error).__name__).splitlines()]
        reason = _first_line([line.replace(str(temporary), str(path)) for line in lines])
        raise FrameError(f"{path}: cannot be written: {reason}.") from None


def _quietly(work: Callable[[], Result], said: list[str]) -> Result:
    """Do `work`, and collect in `said` the lines that OpenEXR prints meanwhile, in C on file descriptor 2 and through
    Python's stdout.

    Any number of threads may be at it at once: OpenEXR releases the interpreter while it decodes. Where something was
    said on the descriptor, which all threads share, the work is done once more alone, so that the lines are its own.
    """
    for alone in (False, True):
        error, result = None, None
        with _Listener(alone) as listener:
            try:
                result = work()
            except Exception as raised:
                error = raised
        if not (listener.said and listener.shared):
            break
    said[:] = listener.said + listener.printed.getvalue().splitlines()
    for line in said:
        _log.debug("OpenEXR: %s", line)
    if error is not None:
        raise error
    return result


class _Listener:
    """Takes what OpenEXR prints between its entry and its exit; others print on as before, if a moment later.

    said: lines of OpenEXR on file descriptor 2, perhaps of other threads if `shared`. printed: this thread's stdout.
    """

    _turn = threading.Condition()
    _inside = 0
    _entered = 0
    _reserved = False  # one thread is alone inside, or waits to be
    _kept = 2  # the true standard error, another descriptor while 2 is redirected
    _handed_on = 0  # how much of what was caught has been looked at for lines of others
    _caught: Any = None
    _printing = threading.local()
    _outputs: ClassVar[deque[Any]] = deque(maxlen=16)  # kept alive: print() holds no reference

    def __init__(self, alone: bool):
        self._alone = alone
        self.said: list[str] = []
        self.shared = False
        self.printed = io.StringIO()

    def __enter__(self) -> "_Listener":
        every = _Listener
        with every._turn:
            every._turn.wait_for(lambda: not every._reserved)
            if self._alone:
                every._reserved = True
                every._turn.wait_for(lambda: every._inside == 0)
            if every._inside == 0:
                self._redirect()
            every._inside += 1
            every._entered += 1
            self._number, self._company = every._entered, every._inside > 1
            self._start = os.fstat(every._caught.fileno()).st_size
        every._printing.own = self.printed
        return self

    def __exit__(self, *_: object) -> None:
        every = _Listener
        every._printing.own = None
        with every._turn:
            lines = self._lines_from(self._start)
            self.said = [line for line in lines if _OPENEXR_LINE.search(line)]
            self.shared = self._company or every._entered > self._number
            every._inside -= 1
            if self._alone:
                every._reserved = False
            self._hand_on(last=every._inside == 0)
            if every._inside == 0:
                self._restore()
            every._turn.notify_all()

    @classmethod
    def _redirect(cls) -> None:
        # One file for good: another thread may be about to write to it long after the descriptor is back.
        if cls._caught is None or cls._handed_on > _MOST_CAUGHT:
            cls._caught = _unnamed_file()
            cls._handed_on = 0
        if sys.stderr is not None:
            sys.stderr.flush()
        cls._kept = os.dup(2)
        os.dup2(cls._caught.fileno(), 2)
        if not isinstance(sys.stdout, _StandardOutput):
            known = [output for output in cls._outputs if output.others is sys.stdout]
            cls._outputs.extend([] if known else [_StandardOutput(sys.stdout)])
            sys.stdout = known[0] if known else cls._outputs[-1]

    @classmethod
    def _restore(cls, in_child: bool = False) -> None:
        if isinstance(sys.stdout, _StandardOutput):  # somebody else may have put another there meanwhile
            sys.stdout = sys.stdout.others
        os.dup2(cls._kept, 2)
        if not in_child:  # the parent does it
            cls._hand_on(last=True)  # what another thread printed since the last look
        os.close(cls._kept)
        cls._kept = 2

    @classmethod
    def _lines_from(cls, start: int) -> list[str]:
        size = os.fstat(cls._caught.fileno()).st_size
        return os.pread(cls._caught.fileno(), size - start, start).decode(errors="replace").splitlines()

    @classmethod
    def _hand_on(cls, last: bool) -> None:
        """Give whole lines that others printed on the descriptor to the true standard error."""
        size = os.fstat(cls._caught.fileno()).st_size
        text = os.pread(cls._caught.fileno(), size - cls._handed_on, cls._handed_on)
        if not last:
            text = text[: text.rfind(b"\n") + 1]
        cls._handed_on += len(text)
        theirs = [line for line in text.splitlines(keepends=True) if not _OPENEXR_LINE.search(line.decode("latin-1"))]
        if theirs:
            os.write(cls._kept, b"".join(theirs))

    @classmethod
    def _at_exit(cls) -> None:
        """Give what came too late for the last look."""
        with cls._turn:
            if cls._caught is not None:
                cls._hand_on(last=True)

    @classmethod
    def _after_fork(cls) -> None:
        """In a child only the forking thread lives: nobody is inside any more. What was caught is the parent's."""
        cls._turn = threading.Condition()
        if cls._inside:
            cls._restore(in_child=True)
        cls._caught = None
        cls._inside, cls._reserved = 0, False


def _unnamed_file() -> Any:
    """A file without a name, in memory where the system has such: no disk need be there to write to."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("mcdenoise"), "w+b")
    return tempfile.TemporaryFile()


_OPENEXR_LINE = re.compile(r"\(EXR_ERR_|^\s*$|ojph (info|warning|error)")
_MOST_CAUGHT = 2**24  # bytes, before another file takes over

atexit.register(_Listener._at_exit)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _Listener._turn.acquire(),
        after_in_parent=lambda: _Listener._turn.release(),
        after_in_child=_Listener._after_fork,
    )


class _StandardOutput:
    """Standard output that keeps what threads inside a `_Listener` print, and hands on what others print."""

    def __init__(self, others: Any):
        self.others = others

    def __getattr__(self, name: str) -> Any:
        own = getattr(_Listener._printing, "own", None)
        return getattr(self.others if own is None else own, name)


def _first_line(said: list[str], error: Exception | None = None) -> str:
    lines = [line.partition("(EXR_ERR_")[2].partition(") ")[2] or line for line in said]
    if error is not None:
        lines += str(error).splitlines()
    return (lines[0] if lines else type(error).__name__).strip().rstrip(".")[:160]


def _attributes(header: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if isinstance(value, str | int | float) and name != "name"}


def _plane(image: np.ndarray, index: int) -> np.ndarray:
    return np.ascontiguousarray(image[..., index], dtype=np.float32)


def _half(plane: np.ndarray) -> np.ndarray:
    return np.clip(plane, -_HALF_MAX, _HALF_MAX).astype(np.float16)
