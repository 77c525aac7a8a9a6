"""Decoded frames, kept up to a limit: in host memory, on a GPU, or on disk."""

import hashlib
import logging
import math
import mmap
import os
import re
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mcdenoise.atomic import remove_leftovers, replacing
from mcdenoise.data.stored import PIXEL_BYTES, StoredFrame, decode, parts_of
from mcdenoise.data.views import First, always
from mcdenoise.errors import DataError, FrameError

_log = logging.getLogger(__name__)


class FrameCache:
    """The frames used last, up to `limit` bytes, in host memory or on the GPU `device`.

    Any number of threads may ask at once: a frame that several want is decoded once. A frame that cannot be used is
    remembered as such, and named once in a warning, by the process of which `first` says so. A copy that is sent to
    another process starts empty.
    """

    def __init__(self, limit: int = 2 * 2**30, device: torch.device | str = "cpu", first: First = always):
        self.limit = limit
        self.device = torch.device(device)
        self._first = first
        self._start()

    def _start(self) -> None:
        self.held = 0  # bytes
        self._frames: OrderedDict[Path, StoredFrame] = OrderedDict()
        self._coming: dict[Path, Future[StoredFrame | None]] = {}
        self._broken: set[Path] = set()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"limit": self.limit, "device": self.device}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._first = always
        self._start()

    def get(self, path: Path) -> StoredFrame | None:
        """The frame in the file `path`, or None if it is broken, or has NaN or Inf."""
        with self._lock:
            if path in self._broken:
                return None
            if path in self._frames:
                self._frames.move_to_end(path)
                return self._frames[path]
            coming = self._coming.get(path)
            if coming is None:
                mine = self._coming[path] = Future()
        if coming is not None:
            return coming.result()
        try:
            frame = self._fetch(path)
        except FrameError as error:
            if self._first(str(path)):
                _log.warning("skipped: %s", error)
            frame = None
        except BaseException as error:
            with self._lock:
                del self._coming[path]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._coming[path]
            if frame is None:
                self._broken.add(path)
            else:
                while self._frames and self.held + frame.bytes > self.limit:
                    self.held -= self._frames.popitem(last=False)[1].bytes
                self._frames[path] = frame
                self.held += frame.bytes
        mine.set_result(frame)
        return frame

    def touch(self, paths: Iterable[Path]) -> None:
        """Count what is here of these files as used just now."""
        with self._lock:
            for path in paths:
                if path in self._frames:
                    self._frames.move_to_end(path)

    def _fetch(self, path: Path) -> StoredFrame:
        return decode(path).to(self.device)


# magic, key, height, width, scale of radiance; then a checksum of these and of all that follows
_HEADER = struct.Struct("<8s32sIId")
_CHECKSUM = struct.Struct("<Ixxxx")
_START = _HEADER.size + _CHECKSUM.size
_MAGIC = b"mcdfrm01"
_NAME = re.compile(r"[0-9a-f]{64}\.frame")
_ROOM = 0.05  # share of the limit that is freed at once, and that may be written between two looks at the folder


class DiskFrameCache(FrameCache):
    """Decoded frames in files of the folder `folder`, up to `limit` bytes, mapped into memory.

    Mapped pages are the operating system's, which takes them back where memory is short. A frame is found again by
    later runs: its file is named by a hash of the source's path, size and modification time, so a frame that was
    rendered anew is decoded anew. Files appear whole, and carry a checksum that is verified when they are mapped: what
    is damaged or foreign under such a name is replaced, and all other names are left alone. Several processes may share
    a folder; each looks at the whole of it after writing 5% of the limit, and removes what was used least recently.
    Where a file cannot be written, one warning says so and the frame stays in memory, up to the same limit.
    Raises DataError if the folder cannot be made.
    """

    def __init__(self, limit: int, folder: str | os.PathLike, first: First = always):
        self.folder = Path(folder)
        super().__init__(limit, "cpu", first)

    def _start(self) -> None:
        super()._start()
        self._unseen = math.inf  # bytes written since the folder was last looked at
        self._writing = threading.Lock()
        self._told = False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.folder)
        except OSError as error:
            raise DataError(f"{self.folder}: the cache folder cannot be made or read: {error.strerror}.") from None

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"folder": self.folder}

    def _fetch(self, path: Path) -> StoredFrame:
        key = _key(path)
        file = self.folder / f"{key.hex()}.frame"
        frame = _map(file, key)
        if frame is not None:
            return frame
        frame = decode(path)
        size = _START + frame.bytes
        if size > self.limit:
            return frame
        try:
            with self._writing:
                self._make_room(size)
            _write(file, key, frame)
        except OSError as error:
            if not self._told:
                self._told = True
                _log.warning("%s: cannot be written (%s): frames stay in memory.", self.folder, error.strerror)
            return frame
        return _map(file, key) or frame

    def _make_room(self, size: int) -> None:
        self._unseen += size
        if self._unseen <= _ROOM * self.limit:
            return
        entries = []
        for entry in os.scandir(self.folder):
            if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # another process was faster
                    continue
                entries.append((stat.st_mtime_ns, stat.st_size, entry.path))
        total = sum(size for _, size, _ in entries)
        for _, length, name in sorted(entries):
            if total + size <= (1 - _ROOM) * self.limit:
                break
            Path(name).unlink(missing_ok=True)
            total -= length
        self._unseen = size


def _key(path: Path) -> bytes:
    hasher = hashlib.blake2b(digest_size=32)
    for part in parts_of(path):
        try:
            stat = part.stat()
        except OSError as error:
            raise FrameError(f"{part}: cannot be read: {error.strerror}.") from None
        hasher.update(f"{part.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return hasher.digest()


def _write(file: Path, key: bytes, frame: StoredFrame) -> None:
    header = _HEADER.pack(_MAGIC, key, *frame.pixels.shape[1:], frame.scale)
    contents = (memoryview(frame.luminance).cast("B"), memoryview(frame.pixels.numpy()).cast("B"))
    checksum = zlib.crc32(header)
    for content in contents:
        checksum = zlib.crc32(content, checksum)
    with replacing(file) as temporary, temporary.open("wb") as stream:
        stream.writelines((header, _CHECKSUM.pack(checksum), *contents))


def _map(file: Path, key: bytes) -> StoredFrame | None:
    """The frame in an entry of the cache; None if there is none, or not a whole one of that key."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        size = os.fstat(descriptor).st_size
        if size <= _START:
            return None
        # Private and never written to: torch refuses what cannot be written, and warns.
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
        os.utime(descriptor)  # used just now
    except OSError:
        return None
    finally:
        os.close(descriptor)
    magic, found, height, width, scale = _HEADER.unpack_from(mapped)
    blocks = -(-height // 16), -(-width // 16)
    pixels_start = _START + blocks[0] * blocks[1] * 8
    if (magic, found) != (_MAGIC, key) or size != pixels_start + height * width * PIXEL_BYTES:
        return None
    content = memoryview(mapped)
    checksum = zlib.crc32(content[_START:], zlib.crc32(content[: _HEADER.size]))
    if checksum != _CHECKSUM.unpack_from(mapped, _HEADER.size)[0]:
        return None
    luminance = np.frombuffer(mapped, np.float64, blocks[0] * blocks[1], _START).reshape(blocks).copy()
    pixels = torch.frombuffer(mapped, dtype=torch.half, offset=pixels_start).view(9, height, width)
    return StoredFrame(pixels, scale, luminance)
