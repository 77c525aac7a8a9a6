"""Files from outside that are broken, hostile or merely odd: each is one line that names it, or a right result."""

import contextlib
import json
import os
import re
import resource
import signal
import struct
import time
from types import SimpleNamespace

import numpy as np
import OpenEXR
import pytest
import torch
from command_line import everything_below, run_alone
from processes import wait_until
from safetensors.torch import save
from synthetic import noisy, picture

from mcdenoise.errors import FrameError, ModelError
from mcdenoise.export import tza
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.frame import Frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.inference.files import plan
from mcdenoise.inference.sequence import apply
from mcdenoise.networks import create
from mcdenoise.networks.model_file import FORMAT, load_model, save_model

UINT, HALF, FLOAT = 0, 1, 2
NO, RLE, ZIP, PIZ, B44A, DWAA = 0, 1, 3, 4, 7, 8
TILED, LONG_NAMES, DEEP, MULTI_PART = 0x200, 0x400, 0x800, 0x1000
RGB = (("B", FLOAT, 1, 1), ("G", FLOAT, 1, 1), ("R", FLOAT, 1, 1))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    save_model(path, create("kpn", width=8), {"steps": 0})
    return path


@pytest.fixture(scope="module")
def denoiser(model):
    return Denoiser(model, "cpu", "float32")


# EXR files byte by byte, independent of OpenEXR, so that they can be wrong in any way


def attribute(name, kind, value):
    names = b"".join(text if isinstance(text, bytes) else text.encode() for text in (name, b"\0", kind, b"\0"))
    return names + struct.pack("<i", len(value)) + value


def channel(name, kind=FLOAT, across=1, down=1):
    return (name if isinstance(name, bytes) else name.encode()) + b"\0" + struct.pack("<iB3xii", kind, 0, across, down)


def header(channels=RGB, window=(0, 0, 15, 11), display=None, compression=NO, order=0, version=2, more=b"", tiles=None):
    """Magic, version and header. channels: (name, type, x sampling, y sampling) each."""
    listed = b"".join(channel(*one) for one in channels) + b"\0"
    parts = [
        struct.pack("<II", 20000630, version),
        attribute("channels", "chlist", listed),
        attribute("compression", "compression", bytes([compression])),
        attribute("dataWindow", "box2i", struct.pack("<4i", *window)),
        attribute("displayWindow", "box2i", struct.pack("<4i", *(display or window))),
        attribute("lineOrder", "lineOrder", bytes([order])),
        attribute("pixelAspectRatio", "float", struct.pack("<f", 1)),
        attribute("screenWindowCenter", "v2f", bytes(8)),
        attribute("screenWindowWidth", "float", struct.pack("<f", 1)),
        attribute("tiles", "tiledesc", struct.pack("<IIB", *tiles)) if tiles else b"",
        more,
        b"\0",
    ]
    return b"".join(parts)


def with_chunks(head, chunks):
    """The header, the table of offsets, and the chunks."""
    first = len(head) + 8 * len(chunks)
    starts = np.cumsum([0, *(len(chunk) for chunk in chunks[:-1])]) + first
    return head + starts.astype("<u8").tobytes() + b"".join(chunks)


def values(channels, y, columns):
    """One line of a chunk: a gradient in every channel that has a value there."""
    line = b""
    for _, kind, across, down in channels:
        if y % down == 0:
            row = np.array([0.1 + 0.01 * x + 0.02 * y for x in columns if x % across == 0])
            line += row.astype({UINT: "<u4", HALF: "<f2", FLOAT: "<f4"}[kind]).tobytes()
    return line


def scanlines(channels=RGB, window=(0, 0, 15, 11), **options):
    """A whole uncompressed file."""
    chunks = []
    for y in range(window[1], window[3] + 1):
        line = values(channels, y, range(window[0], window[2] + 1))
        chunks.append(struct.pack("<ii", y, len(line)) + line)
    return with_chunks(header(channels, window, **options), chunks)


def mipmap(side=16, tile=8):
    head = header(window=(0, 0, side - 1, side - 1), version=2 | TILED, tiles=(tile, tile, 1))
    chunks, level = [], 0
    while side >> level:
        here = side >> level
        size = min(tile, here)
        for y in range(0, here, tile):
            for x in range(0, here, tile):
                line = b"".join(values(RGB, row, range(x, x + size)) for row in range(y, y + size))
                place = struct.pack("<5i", x // tile, y // tile, level, level, len(line))
                chunks.append(place + line)
        level += 1
    return with_chunks(head, chunks)


def written(channels, **attributes):
    """A file as OpenEXR writes it."""

    def write(path):
        kind = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
        OpenEXR.File(kind | attributes, channels).write(str(path))

    return write


def planes(names, kind="f4", shape=(12, 16), seed=0):
    rng = np.random.default_rng(seed)
    return {name: (rng.random(shape) if kind != "u4" else rng.integers(0, 9, shape)).astype(kind) for name in names}


def radiance(change, **features):
    """A frame of ours whose radiance `change` makes of random numbers."""

    def write(path):
        image = np.random.default_rng(0).random((12, 16, 3)).astype(np.float32)
        write_frame(path, Frame(change(image).astype(np.float32), **features))

    return write


def some_nan(image):
    return np.where(np.random.default_rng(1).random(image.shape) < 0.5, np.nan, image)


def parts_of_different_sizes(path):
    plain = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    plain["displayWindow"] = ((0, 0), (15, 11))
    small = planes(["albedo.R", "albedo.G", "albedo.B"], shape=(3, 5))
    parts = [OpenEXR.Part(dict(plain), planes("RGB"), "beauty"), OpenEXR.Part(dict(plain), small, "albedo")]
    OpenEXR.File(parts).write(str(path))


def deep(path):
    samples = np.empty((4, 5), dtype=object)
    for index in np.ndindex(samples.shape):
        samples[index] = np.array([1.0, 2.0], dtype="f4")
    written(dict.fromkeys("RGB", samples), type=OpenEXR.deepscanline, compression=OpenEXR.ZIPS_COMPRESSION)(path)


GOOD = scanlines()
END = len(header())
LINE = 8 + 3 * 4 * 16
WHITE = np.ones((12, 16, 3), np.float32)
HUGE = (0, 0, 16383, 16383)

# What is refused, and what of the reason has to be said.
REFUSED = {
    "nothing": (b"", "not an EXR"),
    "one byte": (b"\x76", "not an EXR"),
    "wrong magic": (b"\x76\x2f\x31\x02" + GOOD[4:], "not an EXR"),
    "magic alone": (GOOD[:4], "broken EXR"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "not an EXR"),
    "Radiance HDR": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n\1\1\1\1", "not an EXR"),
    "text": (b"not a frame", "not an EXR"),
    "zeros": (bytes(5000), "not an EXR"),
    "EXR in text mode": (GOOD.replace(b"\r\n", b"\n").replace(b"\0", b""), "broken EXR"),
    "cut in the version": (GOOD[:6], "broken EXR"),
    "cut in the header": (GOOD[: END // 2], "broken EXR"),
    "cut before the table": (GOOD[:END], "broken EXR"),
    "cut in the table": (GOOD[: END + 30], "broken EXR"),
    "cut in the first line": (GOOD[: END + 8 * 12 + 50], "broken EXR"),
    "cut in the last line": (GOOD[:-1], "broken EXR"),
    "a line missing": (GOOD[:-LINE], "broken EXR"),
    "version 255": (scanlines(version=255), "broken EXR"),
    "multi-part without parts": (scanlines(version=2 | MULTI_PART), "broken EXR"),
    "window of 2^31": (header(window=(0, 0, 2**31 - 1, 2**31 - 1)) + bytes(99), "broken EXR"),
    "window of 100000": (header(window=(0, 0, 99999, 99999)) + bytes(99), "100000 x 100000"),
    "window of 16384 uncompressed": (header(window=HUGE) + bytes(8 * 16384), "too short"),
    "window of 16384 ZIP": (header(window=HUGE, compression=ZIP) + bytes(8 * 1024), "too short"),
    "window of 16384 PIZ": (header(window=HUGE, compression=PIZ) + bytes(8 * 512), "too short"),
    "window of 16384 B44A": (header(window=HUGE, compression=B44A) + bytes(8 * 512), "too short"),
    "window of 16384 DWAA": (header(window=HUGE, compression=DWAA) + bytes(8), "too short|broken EXR"),
    "one row of 2^28": (header(window=(0, 0, 2**28 - 1, 0)) + bytes(99), "too short"),
    "one column of 2^28": (header(window=(0, 0, 0, 2**28 - 1), compression=ZIP) + bytes(99), "too short"),
    "inverted window": (header(window=(9, 9, 2, 2)) + bytes(99), "broken EXR"),
    "inverted to the limits": (header(window=(2**31 - 1, 2**31 - 1, -(2**31), -(2**31))) + bytes(99), "broken EXR"),
    "window at the lower limit": (header(window=(-(2**31), -(2**31), 3 - 2**31, 3 - 2**31)) + bytes(99), "broken EXR"),
    "display of all numbers": (scanlines(display=(-(2**31), -(2**31), 2**31 - 1, 2**31 - 1)), "broken EXR"),
    "a thousand channels of 8K": (
        header([(f"c{i:04d}", FLOAT, 1, 1) for i in range(1000)], window=(0, 0, 8191, 8191)) + bytes(8 * 8192),
        "too short",
    ),
    "a thousand channels of 8K DWAA": (
        header([(f"c{i:04d}", FLOAT, 1, 1) for i in range(1000)], window=(0, 0, 8191, 8191), compression=DWAA)
        + bytes(300_000),
        "half of all memory|broken EXR",
    ),
    "no channels": (scanlines(()), "broken EXR"),
    "channels without an end": (
        GOOD[:8] + attribute("channels", "chlist", channel("R")) + GOOD[8 + 18 + 4 + 3 * 18 + 1 :],
        "broken EXR",
    ),
    "channel of type 3": (header([("B", 3, 1, 1), *RGB[1:]]) + bytes(3000), "broken EXR"),
    "channel of type -1": (header([("B", -1, 1, 1), *RGB[1:]]) + bytes(3000), "broken EXR"),
    "sampling of 0": (header([*RGB[:2], ("R", FLOAT, 0, 0)]) + bytes(3000), "broken EXR"),
    "sampling of -1": (header([*RGB[:2], ("R", FLOAT, -1, -1)]) + bytes(3000), "broken EXR"),
    "sampling of 2^31": (header([*RGB[:2], ("R", FLOAT, 2**31 - 1, 1)]) + bytes(3000), "broken EXR"),
    "red subsampled": (scanlines([*RGB[:2], ("R", FLOAT, 2, 2)]), "subsampled"),
    "all colours subsampled": (scanlines([(c, FLOAT, 2, 2) for c in "BGR"]), "subsampled"),
    "another channel subsampled": (scanlines([*RGB, ("Zh", FLOAT, 2, 2)]), "Zh is subsampled"),
    "albedo subsampled": (scanlines([*RGB, *((f"albedo.{c}", FLOAT, 2, 2) for c in "BGR")]), "subsampled"),
    "a name twice": (scanlines([*RGB, RGB[2]]), "broken EXR"),
    "a name of 300 letters": (scanlines([*RGB, ("x" * 300, FLOAT, 1, 1)], version=2 | LONG_NAMES), "broken EXR"),
    "a name of a million letters": (scanlines([*RGB, ("x" * 10**6, FLOAT, 1, 1)]), "broken EXR"),
    "a channel's name is no UTF-8": (scanlines([*RGB, (b"\xff\xfe", FLOAT, 1, 1)]), "broken EXR"),
    "an attribute's name is no UTF-8": (scanlines(more=attribute(b"\xff\xfe", "string", b"x")), "broken EXR"),
    "an attribute is no UTF-8": (scanlines(more=attribute("owner", "string", b"\xff\xfe")), "broken EXR"),
    "a text of a list is no UTF-8": (
        scanlines(more=attribute("l", "stringvector", b"\2\0\0\0\xff\xfe")),
        "broken EXR",
    ),
    "a rate with the denominator 0": (
        scanlines(more=attribute("framesPerSecond", "rational", struct.pack("<iI", 24, 0))),
        "broken EXR",
    ),
    "a key code out of range": (
        scanlines(more=attribute("keyCode", "keycode", struct.pack("<7i", -1, -2, -3, 99999, 1, 2, 3))),
        "broken EXR",
    ),
    "names that move the cursor": (scanlines([("B\x1b[2J\n", FLOAT, 1, 1)]), r"found B\\x1b\[2J\\n\."),
    "unknown compression": (scanlines(compression=200), "broken EXR"),
    "tiles of 0": (header(version=2 | TILED, tiles=(0, 0, 0)) + bytes(99), "broken EXR"),
    "tiles of 2^31": (header(version=2 | TILED, tiles=(2**31, 2**31, 0)) + bytes(99), "broken EXR"),
    "tiles far larger than the picture": (
        header(version=2 | TILED, compression=B44A, tiles=(16, 2**23, 0)) + bytes(9999),
        "tiles of 16 x 8388608",
    ),
    "one tile of 16384": (header(window=HUGE, version=2 | TILED, tiles=(16384, 16384, 0)) + bytes(99), "too short"),
    "tiles of one pixel": (header(window=HUGE, version=2 | TILED, tiles=(1, 1, 0)) + bytes(99), "too short"),
    "deep pixels": (deep, "deep"),
    "flat, and said to be deep": (scanlines(version=2 | DEEP), "broken EXR|deep"),
    "depth alone": (scanlines([("Z", FLOAT, 1, 1)]), "no radiance.*found Z"),
    "whole numbers": (scanlines([(c, UINT, 1, 1) for c in "BGR"]), "uint32"),
    "red missing": (scanlines(RGB[:2]), "no radiance"),
    "green missing": (scanlines([RGB[0], RGB[2]]), "no radiance"),
    "blue missing": (scanlines(RGB[1:]), "no radiance"),
    "small letters": (scanlines([(c, FLOAT, 1, 1) for c in "bgr"]), "no radiance.*found b, g, r"),
    "luminance and chroma": (
        scanlines([("BY", HALF, 2, 2), ("RY", HALF, 2, 2), ("Y", HALF, 1, 1)]),
        "no radiance.*found BY, RY, Y",
    ),
    "NaN alone": (radiance(lambda x: x * np.nan), "all pixels are NaN"),
    "Inf alone": (radiance(lambda x: x + np.inf), "all pixels are NaN"),
}


def peak():
    """The most memory that this process has had, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def put(content, path):
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_frame_that_is_refused_is_one_line_and_nothing_is_left(tmp_path, capfd, denoiser, kind):
    content, said = REFUSED[kind]
    path = tmp_path / "odd.exr"
    put(content, path)
    before, most, spent = everything_below(tmp_path), peak(), time.process_time()
    (result,) = apply(plan([path], tmp_path / "out.exr", False), denoiser)
    assert result.error is not None
    assert "odd.exr" in result.error
    assert "\n" not in result.error
    assert result.error.isprintable()
    assert result.error.endswith(".")
    assert len(result.error) < 600 + len(str(path))
    assert re.search(said, result.error), result.error
    assert everything_below(tmp_path) == before
    assert capfd.readouterr() == ("", "")
    assert peak() - most < 300 * 2**20, "bytes of memory that a file of a few thousand took"
    assert time.process_time() - spent < 20, "seconds of the processor for a file of a few thousand bytes"


# What is odd, and a frame all the same.
TAKEN = {
    "good": GOOD,
    "bytes after the end": GOOD + bytes(1000),
    "table of offsets empty": GOOD[:END] + bytes(8 * 12) + GOOD[END + 8 * 12 :],
    "windows apart, below zero": scanlines(window=(-50, -30, -35, -19), display=(100, 100, 200, 200)),
    "lines said to be in any order": scanlines(order=2),
    "lines said to go up": scanlines(order=1),
    "channels out of order": scanlines([*RGB[1:], RGB[0]]),
    "a name of 255 letters": scanlines([*RGB, ("x" * 255, FLOAT, 1, 1)], version=2 | LONG_NAMES),
    "names that nearly are R": written(planes(["R", "G", "B", "R ", "r", "R.", ".R", "R.R"])),
    "two thousand attributes": scanlines(more=b"".join(attribute(f"a{i}", "int", bytes(4)) for i in range(2000))),
    "an attribute of 5 MB": scanlines(more=attribute("owner", "string", b"x" * 5_000_000)),
    "an attribute that claims 2 GB": scanlines(more=b"own\0string\0" + struct.pack("<i", 2**31 - 1)),
    "a preview that claims 2^62 pixels": scanlines(
        more=attribute("preview", "preview", struct.pack("<II", 2**31, 2**31))
    ),
    "said to be deep, and flat": scanlines(more=attribute("type", "string", b"deepscanline")),
    "a storage that there is not": scanlines(more=attribute("type", "string", b"origami")),
    "chunks without number": scanlines(more=attribute("chunkCount", "int", struct.pack("<i", 2**31 - 1))),
    "mipmap": mipmap(),
    "albedo of another size in another part": parts_of_different_sizes,
    "some NaN": radiance(some_nan),
    "values of 1e38": radiance(lambda x: x * 3e38),
    "denormals": radiance(lambda x: x * 1e-44),
    "negative": radiance(lambda x: -x),
    "features NaN": radiance(lambda x: x, albedo=WHITE * np.nan, normal=WHITE * np.nan, depth=WHITE[..., 0] * np.nan),
    "features Inf": radiance(lambda x: x, albedo=WHITE * np.inf, normal=-WHITE * np.inf),
    "alpha and whole numbers beside": written(planes("RGBA", "f2") | planes(["crypto00.R", "id"], "u4")),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_frame_that_is_only_odd_gives_a_whole_result(tmp_path, capfd, denoiser, kind):
    path, out = tmp_path / "odd.exr", tmp_path / "out.exr"
    put(TAKEN[kind], path)
    before = path.read_bytes()
    (result,) = apply(plan([path], out, False), denoiser)
    assert result.error is None
    assert all("\n" not in note for note in result.notes)
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["odd.exr", "out.exr"]
    denoised = read_frame(out).radiance
    assert denoised.shape == read_frame(path).radiance.shape
    assert np.isfinite(denoised).all()
    assert denoised.min() >= 0
    old, new = (OpenEXR.File(str(p), separate_channels=True).parts for p in (path, out))
    for one, other in zip(old, new, strict=True):
        assert list(one.channels) == list(other.channels)
        for name in set(one.channels) - set("RGB"):
            assert one.channels[name].pixels.tobytes() == other.channels[name].pixels.tobytes(), name
    assert capfd.readouterr() == ("", "")


def test_features_of_another_window_do_not_belong_to_the_picture(tmp_path):
    plain = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    moved = plain | {"dataWindow": ((1, 0), (16, 11))}
    parts = [
        OpenEXR.Part(plain | {"dataWindow": ((0, 0), (15, 11))}, planes("RGB"), "beauty"),
        OpenEXR.Part(moved, planes(["albedo.R", "albedo.G", "albedo.B"]), "albedo"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    assert read_frame(tmp_path / "a.exr").albedo is None


COMPRESSIONS = sorted(
    name.removesuffix("_COMPRESSION")
    for name in vars(OpenEXR)
    if name.endswith("_COMPRESSION") and not name.startswith("NUM_")
)


@pytest.mark.parametrize("storage", ["scanlines", "tiles"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_flipped_bits_are_one_line_or_a_whole_result(tmp_path, capfd, denoiser, compression, storage):
    """In the header, in the table of offsets, at the beginning of the first chunk, and anywhere in the pixels."""
    rng = np.random.default_rng(0)
    kind = {"type": OpenEXR.scanlineimage, "compression": getattr(OpenEXR, f"{compression}_COMPRESSION")}
    if storage == "tiles":
        tiles = OpenEXR.TileDescription()
        tiles.xSize, tiles.ySize = 16, 8
        kind |= {"type": OpenEXR.tiledimage, "tiles": tiles}
    gradient = np.add.outer(np.arange(37), np.arange(29)).astype("f4") / 50
    channels = {c: (gradient + rng.random(gradient.shape) / 9).astype("f2") for c in "RGBA"}
    channels |= {"albedo." + c: gradient.copy() for c in "RGB"} | {
        "id": rng.integers(0, 9, gradient.shape).astype("u4")
    }
    OpenEXR.File(kind, channels).write(str(tmp_path / "good.exr"))
    good = (tmp_path / "good.exr").read_bytes()
    table = 8
    while good[table]:  # over the attributes: name, type, length, value
        length = good.index(b"\0", good.index(b"\0", table) + 1) + 1
        table = length + 4 + struct.unpack_from("<i", good, length)[0]
    table += 1
    first = struct.unpack_from("<Q", good, table)[0]
    refused = 0
    for low, high in ((8, table), (table, first), (first, first + 40), (first + 40, len(good))):
        for number in range(8):
            bad = bytearray(good)
            for _ in range(1 + number // 2):
                bad[rng.integers(low, min(high, len(good)))] ^= 1 << rng.integers(8)
            (tmp_path / "bad.exr").write_bytes(bad)
            (result,) = apply(plan([tmp_path / "bad.exr"], tmp_path / "out.exr", False), denoiser)
            expected = ["bad.exr", "good.exr"]
            if result.error is None:
                assert np.isfinite(read_frame(tmp_path / "out.exr").radiance).all()
                expected.append("out.exr")
            else:
                refused += 1
                assert "bad.exr" in result.error
                assert "\n" not in result.error
            assert sorted(os.listdir(tmp_path)) == expected
            assert (tmp_path / "bad.exr").read_bytes() == bad
            (tmp_path / "out.exr").unlink(missing_ok=True)
    assert refused > 3, "some of it matters"
    assert capfd.readouterr().err == ""


# What is no file


@pytest.fixture
def strange(tmp_path):
    """A folder with a good frame, and things that have the name of a frame and are none."""
    write_frame(tmp_path / "good.exr", noisy(picture(24, 32), np.random.default_rng(0)))
    (tmp_path / "cut.exr").write_bytes((tmp_path / "good.exr").read_bytes()[:-100])
    (tmp_path / "noview.exr").mkdir()
    os.mkfifo(tmp_path / "pipe.exr")
    for name, target in {
        "round": "about",
        "about": "round",
        "nowhere": "missing",
        "zero": "/dev/zero",
        "null": "/dev/null",
        "memory": "/proc/self/mem",  # even the superuser cannot read its beginning
    }.items():
        (tmp_path / f"{name}.exr").symlink_to(target if target.startswith("/") else f"{target}.exr")
    return tmp_path


NO_FILES = {
    "pipe": "is a pipe or a device",
    "round": "symbolic links",
    "nowhere": "No such file",
    "zero": "is a pipe or a device",
    "null": "is a pipe or a device",
    "memory": "cannot be read",
    "missing": "No such file",
    "x" * 300: "too long",
}


@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_file_is_refused_and_not_waited_for(strange, denoiser, name):
    with pytest.raises(FrameError) as caught:
        read_frame(strange / f"{name}.exr")
    assert name in str(caught.value)
    if len(name) < 99:  # longer ones the shell's own look at the name finds, before there is a plan
        (result,) = apply(plan([strange / f"{name}.exr"], strange / "out.exr", False), denoiser)
        assert re.search(NO_FILES[name], result.error)
        assert not (strange / "out.exr").exists()


def test_the_command_names_each_of_them_in_a_line_and_does_the_rest(strange, model):
    names = ["cut", "good", *(name for name in NO_FILES if len(name) < 99)]
    before = sorted(os.listdir(strange))
    frames = [f"{name}.exr" for name in names]
    done = run_alone("apply", *frames, "--model", model, "--out", "new/folder", cwd=strange)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split()[:2] for line in lines] == [["Error:", f"{name}.exr:"] for name in names if name != "good"]
    assert os.listdir(strange / "new/folder") == ["good.exr"]
    assert sorted(os.listdir(strange)) == sorted([*before, "new"])


@pytest.mark.parametrize("frame", ["noview.exr", "x" * 300 + ".exr"])
def test_the_command_refuses_what_cannot_be_a_frame_before_it_starts(strange, model, frame):
    done = run_alone("apply", "good.exr", frame, "--model", model, cwd=strange)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert not (strange / "good.denoised.exr").exists()


def test_a_file_that_vanishes_while_it_is_denoised_is_named(strange):
    def denoise(color, albedo, normal):
        (strange / "good.exr").unlink()
        return color

    (result,) = apply(
        plan([strange / "good.exr"], strange / "out.exr", False), SimpleNamespace(identity="", denoise=denoise)
    )
    assert "good.exr: no such file" in result.error
    assert not (strange / "out.exr").exists()


def test_a_file_that_becomes_another_one_while_it_is_denoised_is_named(strange):
    def denoise(color, albedo, normal):
        write_frame(strange / "good.exr", picture(10, 10))
        return color

    (result,) = apply(
        plan([strange / "good.exr"], strange / "out.exr", False), SimpleNamespace(identity="", denoise=denoise)
    )
    assert "good.exr" in result.error
    assert "\n" not in result.error
    assert not (strange / "out.exr").exists()


# Places that cannot be written


@pytest.mark.parametrize("out", ["/dev/full", "/dev/full/below.exr", "/proc/self", "/proc/new", "good.exr/below.exr"])
def test_a_place_that_cannot_be_written_is_named(strange, denoiser, monkeypatch, out):
    monkeypatch.chdir(strange)
    before = sorted(os.listdir())
    (result,) = apply(plan(["good.exr"], out, False), denoiser)
    assert str(out).removesuffix("/below.exr") in result.error
    assert "\n" not in result.error
    assert sorted(os.listdir()) == before


def test_an_output_that_becomes_a_folder_meanwhile_is_named(strange):
    def denoise(color, albedo, normal):
        (strange / "out.exr").mkdir()
        return color

    (result,) = apply(
        plan([strange / "good.exr"], strange / "out.exr", False), SimpleNamespace(identity="", denoise=denoise)
    )
    assert "out.exr: cannot be written: " in result.error
    assert "writing-" not in result.error
    assert os.listdir(strange / "out.exr") == []


@pytest.mark.parametrize("room", [0, 100, 5000, -1])
def test_a_full_disk_leaves_no_half_of_a_file(strange, denoiser, room):
    """room: bytes that a file may have; -1 is one less than it needs."""
    tasks = plan([strange / "good.exr"], strange / "out.exr", False)
    (result,) = apply(tasks, denoiser)
    whole = (strange / "out.exr").read_bytes()
    (strange / "out.exr").write_bytes(b"an earlier one")
    before = sorted(os.listdir(strange))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room if room >= 0 else len(whole) - 1, limits[1]))
    try:
        (result,) = apply(tasks, denoiser)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "out.exr: cannot be written: " in result.error
    assert "writing-" not in result.error
    assert (strange / "out.exr").read_bytes() == b"an earlier one"
    assert sorted(os.listdir(strange)) == before
    (result,) = apply(tasks, denoiser)
    assert (strange / "out.exr").read_bytes() == whole


# A process that is killed


def test_who_is_killed_in_the_middle_of_writing_leaves_no_half_result_and_the_next_run_clears_up(
    tmp_path, model, start
):
    for number in range(2):
        write_frame(tmp_path / f"in{number}.exr", noisy(picture(600, 600), np.random.default_rng(number)))
    (tmp_path / "out").mkdir()
    others = tmp_path / "out/.writing-999999999-abcdef00-other.exr"  # of another command, perhaps on another machine
    others.touch()
    command = ["apply", "in0.exr", "in1.exr", "--model", str(model), "--out", "out"]

    def half_written():
        with contextlib.suppress(FileNotFoundError):  # between the look at the folder and at the file
            return any(path.stat().st_size > 0 for path in (tmp_path / "out").glob(".writing-*-in0.exr"))

    process = start(*command)
    wait_until(half_written)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = set(os.listdir(tmp_path / "out"))
    assert "in1.exr" not in left
    assert any(name.startswith(".writing-") and name.endswith("-in0.exr") for name in left)
    assert "in0.exr" not in left, "it was killed before the first was whole"

    done = run_alone(*command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(os.listdir(tmp_path / "out")) == [others.name, "in0.exr", "in1.exr"]
    for number in range(2):
        assert read_frame(tmp_path / f"out/in{number}.exr").size == (600, 600)


# Models


def tensors_of(change=lambda tensors: None):
    tensors = create("kpn", width=8).state_dict()
    change(tensors)
    return tensors


def with_metadata(tensors, **metadata):
    full = {"format": FORMAT, "architecture": "kpn", "config": json.dumps({"width": 8, "kernel": 5}), "training": "{}"}
    return save(tensors, full | metadata)


def with_header(text, size=None):
    return struct.pack("<Q", len(text) if size is None else size) + text


def huge_tensor(path):
    """A file with a hole, whose header says that a tensor that no network has takes all of it."""
    size = 2**36
    tensor = {"more": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    metadata = {"format": FORMAT, "architecture": "kpn", "config": '{"width": 8, "kernel": 5}'}
    path.write_bytes(with_header(json.dumps({"__metadata__": metadata} | tensor).encode()))
    os.truncate(path, path.stat().st_size + size)


OIDN = {name: np.zeros(shape, np.float16) for name, shape in (("a.weight", (2, 3, 3, 3)), ("a.bias", (2,)))}
ARCHIVE = tza.encode(OIDN)
TABLE = struct.unpack_from("<Q", ARCHIVE, 4)[0]

MODELS = {
    "nothing": b"",
    "seven bytes": bytes(7),
    "header of no length": with_header(b""),
    "header of 2^60": with_header(b"{}", 2**60),
    "header of 2^63": with_header(b"{}", 2**63),
    "header of 2^64 - 1": with_header(b"{}", 2**64 - 1),
    "header that is no JSON": with_header(b"{" * 64),
    "header that is no UTF-8": with_header(b'{"\xff": 1}'),
    "header that is nested": with_header(b"[" * 10**6),
    "tensors that overlap": with_header(
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}'
    )
    + bytes(12),
    "tensor outside the file": with_header(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[800,808]}}') + bytes(8),
    "shape that overflows": with_header(
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}'
    )
    + bytes(8),
    "truncated": with_metadata(tensors_of())[:-1],
    "no weights": with_metadata({}),
    "wrong shapes": with_metadata(tensors_of(lambda t: t.update({"enc2.bias": torch.zeros(3)}))),
    "whole numbers": with_metadata({name: tensor.to(torch.int64) for name, tensor in tensors_of().items()}),
    "truth values": with_metadata({name: tensor > 0 for name, tensor in tensors_of().items()}),
    "NaN": with_metadata({name: tensor * torch.nan for name, tensor in tensors_of().items()}),
    "metadata is no JSON": with_metadata(tensors_of(), config="width=8"),
    "unknown architecture": with_metadata(tensors_of(), architecture="transformer"),
    "architecture with a line end": with_metadata(tensors_of(), architecture="a\nb"),
    "width of 10^9": with_metadata(tensors_of(), config='{"width": 1000000000}'),
    "width of 256": with_metadata(tensors_of(), config='{"width": 256}'),
    "a tensor of 64 GB": huge_tensor,
    "EXR": GOOD,
}
ARCHIVES = {
    "nothing": b"",
    "truncated": ARCHIVE[:-3],
    "table outside": ARCHIVE[:4] + struct.pack("<Q", 2**63) + ARCHIVE[12:],
    "table within the header": ARCHIVE[:4] + struct.pack("<Q", 2) + ARCHIVE[12:],
    "2^32 - 1 tensors": ARCHIVE[:TABLE] + b"\xff" * 4 + ARCHIVE[TABLE + 4 :],
    "tensor outside": ARCHIVE[:-8] + struct.pack("<Q", 2**63),
    "tensor at the end": ARCHIVE[:-8] + struct.pack("<Q", len(ARCHIVE)),
    "name that is no UTF-8": ARCHIVE.replace(b"a.weight", b"\xff\xfe.weig"),
    "of another network": ARCHIVE,
    "safetensors": with_metadata(tensors_of()),
    "100 GB": lambda path: (path.touch(), os.truncate(path, 100 * 2**30)),
}


@pytest.mark.parametrize("kind", [*(f"{kind}.safetensors" for kind in MODELS), *(f"{kind}.tza" for kind in ARCHIVES)])
def test_a_model_that_is_none_is_one_line(tmp_path, capfd, kind):
    name, _, suffix = kind.rpartition(".")
    path = tmp_path / f"m.{suffix}"
    put((ARCHIVES if suffix == "tza" else MODELS)[name], path)
    most = peak()
    for read in (load_model, lambda p: Denoiser(p, "cpu")):
        with pytest.raises(ModelError) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500 + len(str(path))
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == [path.name]
    assert peak() - most < 700 * 2**20


@pytest.mark.parametrize("name", ["pipe", "round", "zero", "memory", "noview"])
def test_a_model_that_is_no_file_is_one_line(strange, name):
    with pytest.raises(ModelError) as caught:
        Denoiser(strange / f"{name}.exr", "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["tza", "onnx"])
def test_a_broken_model_is_not_exported(tmp_path, suffix):
    (tmp_path / "m.safetensors").write_bytes(MODELS["truncated"])
    done = run_alone("export", "m.safetensors", f"m.{suffix}", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: m.safetensors: broken model file")
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["m.safetensors"]
