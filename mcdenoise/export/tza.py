"""TZA, the tensor archive in which Open Image Denoise keeps its weights.

Little endian: magic 0x41D7 (u16), version 2.0 (two u8), offset of the table (u64); tensors at multiples of 64 bytes;
the table: count (u32), and of each tensor its name (u16 length, UTF-8), shape (u8 count, u32 each), layout (a letter a
dimension), type (a letter), offset (u64). Source: the format's description in OIDN's `training/tza.py`.
"""

import math
import os
import struct
from pathlib import Path

import numpy as np

from mcdenoise.atomic import replacing
from mcdenoise.errors import ModelError

_MAGIC, _VERSION, _ALIGNMENT = 0x41D7, (2, 0), 64
_HEADER, _NAME, _COUNT, _OFFSET = struct.Struct("<HBBQ"), struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<Q")
_TYPES = {"f": np.dtype("<f4"), "h": np.dtype("<f2")}
_LAYOUTS = {1: "x", 4: "oihw"}
_LARGEST = 2**28  # bytes; OIDN's largest network has 15 MB


def encode(tensors: dict[str, np.ndarray]) -> bytes:
    """The archive of float32 or float16 tensors: biases `[o]` and weights `[o, i, h, w]`. Raises ModelError."""
    data, table = bytearray(_HEADER.size), bytearray(_COUNT.pack(len(tensors)))
    for name, tensor in tensors.items():
        letter = {dtype: letter for letter, dtype in _TYPES.items()}.get(tensor.dtype.newbyteorder("<"))
        if letter is None or tensor.ndim not in _LAYOUTS:
            raise ModelError(f"the tensor {name} is {tensor.dtype} of {tensor.shape}, which TZA has no form for.")
        data += bytes(-len(data) % _ALIGNMENT)
        encoded = name.encode()
        table += _NAME.pack(len(encoded)) + encoded
        table += struct.pack(f"<B{tensor.ndim}I", tensor.ndim, *tensor.shape)
        table += (_LAYOUTS[tensor.ndim] + letter).encode() + _OFFSET.pack(len(data))
        data += np.ascontiguousarray(tensor, _TYPES[letter]).tobytes()
    data += bytes(-len(data) % _ALIGNMENT)
    _HEADER.pack_into(data, 0, _MAGIC, *_VERSION, len(data))
    return bytes(data + table)


def decode(archive: bytes) -> dict[str, np.ndarray]:
    """The tensors of an archive. Raises ModelError, saying why, if it is none, or broken."""
    try:
        return _decode(archive)
    except (struct.error, IndexError, UnicodeDecodeError, OverflowError, ValueError):
        raise ModelError("it ends too early, or its table is broken.") from None


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The tensors of a file. Raises ModelError."""
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: {'is a folder, not a TZA file' if path.is_dir() else 'no such file'}.", misuse=True)
    try:
        if path.stat().st_size > _LARGEST:
            raise ModelError("it is far too large for weights of OIDN's.")
        return decode(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}.") from None
    except ModelError as error:
        raise ModelError(f"{path}: broken TZA file: {error}") from None


def write(path: str | os.PathLike, tensors: dict[str, np.ndarray]) -> None:
    """Write an archive, whole or not at all. Raises ModelError."""
    try:
        with replacing(Path(path)) as temporary:
            temporary.write_bytes(encode(tensors))
    except OSError as error:
        raise ModelError(f"{path}: cannot be written: {error.strerror}.") from None


def _decode(archive: bytes) -> dict[str, np.ndarray]:
    magic, *version, place = _HEADER.unpack_from(archive)
    if magic != _MAGIC:
        raise ModelError("it is no tensor archive (its first bytes are not 0x41D7).")
    if version[0] != _VERSION[0]:
        raise ModelError(f"it has version {version[0]}.{version[1]}, and only 2 is known.")
    (count,) = _COUNT.unpack_from(archive, place)
    place += _COUNT.size
    tensors = {}
    for _ in range(count):
        (length,) = _NAME.unpack_from(archive, place)
        place += _NAME.size
        name = archive[place : place + length].decode()
        dimensions = archive[place + length]
        place += length + 1
        shape = struct.unpack_from(f"<{dimensions}I", archive, place)
        place += 4 * dimensions
        layout, letter = archive[place : place + dimensions].decode(), chr(archive[place + dimensions])
        (offset,) = _OFFSET.unpack_from(archive, place + dimensions + 1)
        place += dimensions + 1 + _OFFSET.size
        if layout != _LAYOUTS.get(dimensions) or letter not in _TYPES:
            raise ModelError(f"its tensor {name[:40]!r} has layout {layout[:8]!r} and type {letter!r}.")
        size = math.prod(shape)
        if offset + size * _TYPES[letter].itemsize > len(archive) or name in tensors:
            raise ModelError(f"its tensor {name[:40]!r} is not wholly in it, or is there twice.")
        tensors[name] = np.frombuffer(archive, _TYPES[letter], size, offset).reshape(shape)
    return tensors
