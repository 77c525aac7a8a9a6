"""Frame files: what is written, what is understood, what is kept, and what is refused in one line."""

import contextlib
import io
import os
import shutil
import struct
import subprocess
import sys
import threading

import numpy as np
import OpenEXR
import pytest

from mcdenoise import exr
from mcdenoise.errors import FrameError
from mcdenoise.exr import (
    read_attributes,
    read_frame,
    read_planes,
    read_three_planes,
    read_view_layers,
    replace_radiance,
    write_frame,
    write_image,
)
from mcdenoise.frame import Frame

HEIGHT, WIDTH = 37, 29
PLAIN = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def frame(rng):
    return Frame(
        radiance=(rng.gamma(0.3, 5.0, (HEIGHT, WIDTH, 3)) - 0.1).astype(np.float32),
        albedo=rng.random((HEIGHT, WIDTH, 3)).astype(np.float32),
        normal=rng.uniform(-1, 1, (HEIGHT, WIDTH, 3)).astype(np.float32),
        depth=rng.uniform(0, 100, (HEIGHT, WIDTH)).astype(np.float32),
        attributes={"scene": "hall", "spp": 8, "gain": 1.5, "seed": 7},
    )


def plane(rng, kind="f4", height=HEIGHT, width=WIDTH):
    return rng.random((height, width)).astype(kind)


def write_channels(path, channels, header=PLAIN):
    OpenEXR.File(dict(header), dict(channels)).write(str(path))
    return path


def tiled():
    """A header that says tiles of 16 x 8."""
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 16, 8
    return {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.tiledimage, "tiles": tiles}


def channels_of(path, part=0):
    found = OpenEXR.File(str(path), separate_channels=True).parts[part].channels
    return {name: channel.pixels for name, channel in found.items()}


def end_of_header(data):
    position = 8
    while data[position]:
        type_name = data.index(b"\0", position) + 1
        size = data.index(b"\0", type_name) + 1
        position = size + 4 + struct.unpack_from("<i", data, size)[0]
    return position + 1


def raw_attributes(data):
    """Name -> (type, bytes) as the file says them, read independently of OpenEXR."""
    found, position = {}, 8
    while data[position]:
        type_name = data.index(b"\0", position) + 1
        size = data.index(b"\0", type_name) + 1
        value = size + 4
        length = struct.unpack_from("<i", data, size)[0]
        name = data[position : type_name - 1].decode()
        found[name] = (data[type_name : size - 1].decode(), data[value : value + length])
        position = value + length
    return found


def insert_attribute(data, name, type_name, value):
    """The scanline file `data` with one more attribute of any type in its header."""
    attribute = name.encode() + b"\0" + type_name.encode() + b"\0" + struct.pack("<i", len(value)) + value
    end = end_of_header(data)
    chunks = (struct.unpack_from("<Q", data, end)[0] - end) // 8
    table = struct.unpack_from(f"<{chunks}Q", data, end)
    moved = struct.pack(f"<{chunks}Q", *(offset + len(attribute) for offset in table))
    return data[:8] + attribute + data[8:end] + moved + data[end + 8 * chunks :]


# Writing


def test_a_frame_comes_back_as_it_was_written(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    back = read_frame(tmp_path / "a.exr")
    np.testing.assert_array_equal(back.radiance, frame.radiance)
    for name in ("albedo", "normal", "depth"):
        np.testing.assert_array_equal(getattr(back, name), getattr(frame, name).astype(np.float16).astype(np.float32))
        assert getattr(back, name).dtype == np.float32
    assert back.attributes.items() >= frame.attributes.items()


def test_what_was_read_and_written_again_has_the_same_bytes(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    write_frame(tmp_path / "b.exr", frame)
    write_frame(tmp_path / "c.exr", read_frame(tmp_path / "a.exr"))
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes() == (tmp_path / "c.exr").read_bytes()


def test_a_frame_file_has_the_names_and_types_of_the_contract(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    types = {name: pixels.dtype for name, pixels in channels_of(tmp_path / "a.exr").items()}
    half = ["albedo.R", "albedo.G", "albedo.B", "normal.X", "normal.Y", "normal.Z", "depth.T"]
    assert types == dict.fromkeys("RGB", np.dtype("f4")) | dict.fromkeys(half, np.dtype("f2"))
    assert read_attributes(tmp_path / "a.exr")["channels"] == sorted(types)


def test_features_that_are_not_there_are_not_written(tmp_path, frame):
    write_frame(tmp_path / "a.exr", Frame(frame.radiance))
    assert sorted(channels_of(tmp_path / "a.exr")) == ["B", "G", "R"]
    back = read_frame(tmp_path / "a.exr")
    assert (back.albedo, back.normal, back.depth) == (None, None, None)


def test_depth_beyond_half_is_clipped_and_not_infinite(tmp_path, frame):
    frame.depth[:] = 1e6
    write_frame(tmp_path / "a.exr", frame)
    assert (read_frame(tmp_path / "a.exr").depth == 65504).all()


def test_attributes_are_read_without_pixels(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    found = read_attributes(tmp_path / "a.exr")
    assert found.items() >= frame.attributes.items()
    assert found["size"] == (WIDTH, HEIGHT)


@pytest.mark.parametrize("seed", [2**31 - 1, 2**31, 2**32 - 1])
def test_a_seed_of_32_bits_is_not_turned_negative_by_the_header(tmp_path, frame, seed):
    frame.attributes["seed"] = seed
    write_frame(tmp_path / "a.exr", frame)
    assert int(read_attributes(tmp_path / "a.exr")["seed"]) == seed


def test_a_write_that_fails_is_one_line_and_leaves_nothing(tmp_path, frame, capfd):
    frame.attributes["odd"] = object()
    with pytest.raises(FrameError, match=r"a\.exr: cannot be written") as caught:
        write_frame(tmp_path / "a.exr", frame)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FrameError, match="cannot be written"):
        write_frame(tmp_path / "missing folder" / "a.exr", Frame(frame.radiance))
    assert capfd.readouterr() == ("", "")


def test_a_write_that_fails_keeps_the_file_that_was_there(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    before = (tmp_path / "a.exr").read_bytes()
    frame.attributes["odd"] = object()
    with pytest.raises(FrameError):
        write_frame(tmp_path / "a.exr", frame)
    assert (tmp_path / "a.exr").read_bytes() == before


# The names of other renderers

MITSUBA = ("{c}", "albedo.{c}", "normal.{x}", "depth.T")
CYCLES = (
    "ViewLayer.Combined.{c}",
    "ViewLayer.Denoising Albedo.{c}",
    "ViewLayer.Denoising Normal.{x}",
    "ViewLayer.Denoising Depth.Z",
)
CYCLES_PASSES = ("Main.Combined.{c}", None, "Main.Normal.{x}", "Main.Depth.Z")
PBRT = ("{c}", "Albedo.{c}", "Ns.{x}", None)
PBRT_GEOMETRIC = ("{c}", "Albedo.{c}", "N.{x}", None)
PLAIN_RGB = ("{c}", None, None, "Z")


def named(names, rng):
    """(channels by name, what should be found in them)."""
    channels, expected = {}, {}
    for feature, pattern in zip(("radiance", "albedo", "normal", "depth"), names, strict=True):
        if pattern is None:
            expected[feature] = None
            continue
        letters = [""] if "{" not in pattern else list(zip("RGB", "XYZ", strict=True))
        planes = [plane(rng) for _ in letters]
        for letter, pixels in zip(letters, planes, strict=True):
            channels[pattern.format(c=letter[0], x=letter[1]) if letter else pattern] = pixels
        expected[feature] = planes[0] if feature == "depth" else np.stack(planes, axis=-1)
    return channels, expected


def assert_found(frame, expected):
    for feature, values in expected.items():
        if values is None:
            assert getattr(frame, feature) is None, feature
        else:
            np.testing.assert_array_equal(getattr(frame, feature), values, err_msg=feature)


@pytest.mark.parametrize(
    "names",
    [MITSUBA, CYCLES, CYCLES_PASSES, PBRT, PBRT_GEOMETRIC, PLAIN_RGB],
    ids=["mitsuba", "cycles", "cycles-passes", "pbrt", "pbrt-geometric", "plain"],
)
def test_the_names_of_a_renderer_are_understood(tmp_path, rng, names):
    channels, expected = named(names, rng)
    extra = {"A": plane(rng, "f2"), "Noisy Image.R": plane(rng)}
    assert_found(read_frame(write_channels(tmp_path / "a.exr", channels | extra)), expected)


def test_pbrt_s_shading_normal_is_preferred_to_the_geometric_one(tmp_path, rng):
    shading, expected = named(PBRT, rng)
    geometric, _ = named(PBRT_GEOMETRIC, rng)
    path = write_channels(tmp_path / "a.exr", {name: geometric[name] for name in geometric if name[0] == "N"} | shading)
    assert_found(read_frame(path), expected)


def test_blender_s_view_layer_is_preferred_to_its_composite(tmp_path, rng):
    layer, expected = named(CYCLES, rng)
    composite = {f"Composite.Combined.{c}": plane(rng) for c in "RGB"}
    assert_found(read_frame(write_channels(tmp_path / "a.exr", composite | layer)), expected)


def test_a_feature_that_lacks_a_channel_is_left_out(tmp_path, rng):
    channels, expected = named(MITSUBA, rng)
    del channels["normal.Y"]
    assert_found(read_frame(write_channels(tmp_path / "a.exr", channels)), expected | {"normal": None})


# Parts, tiles, compressions, types, windows


def test_features_are_found_in_other_parts(tmp_path, rng):
    channels, expected = named(MITSUBA, rng)
    groups = {
        "beauty": [name for name in channels if len(name) == 1],
        "a": [name for name in channels if name.startswith("albedo")],
        "geometry": [name for name in channels if name[0] in "nd"],
    }
    parts = [OpenEXR.Part(dict(PLAIN), {n: channels[n] for n in names}, part) for part, names in groups.items()]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    assert_found(read_frame(tmp_path / "a.exr"), expected)


def test_parts_called_as_features_are_found_and_a_normal_s_z_is_no_depth(tmp_path, rng):
    channels, expected = named(MITSUBA, rng)
    parts = [
        OpenEXR.Part(dict(PLAIN), {c: channels[c] for c in "RGB"}, "rgba"),
        OpenEXR.Part(dict(PLAIN), {c: channels[f"albedo.{c}"] for c in "RGB"}, "albedo"),
        OpenEXR.Part(dict(PLAIN), {x: channels[f"normal.{x}"] for x in "XYZ"}, "normal"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    assert_found(read_frame(tmp_path / "a.exr"), expected | {"depth": None})


def test_replacing_radiance_keeps_every_other_part(tmp_path, rng):
    parts = [
        OpenEXR.Part(dict(PLAIN), {c: plane(rng, "f2") for c in "RGBA"}, "beauty"),
        OpenEXR.Part(dict(PLAIN), {"id": rng.integers(0, 2**32, (HEIGHT, WIDTH)).astype("u4")}, "ids"),
        OpenEXR.Part(tiled() | {"note": "kept"}, {"albedo.R": plane(rng)}, "tiles"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    assert_only_radiance_changes(tmp_path, ("R", "G", "B"), rng)
    assert OpenEXR.File(str(tmp_path / "b.exr")).parts[2].header["note"] == "kept"


def assert_only_radiance_changes(folder, radiance_names, rng):
    """Replace the radiance of a.exr; check that b.exr has it, and is else the same; returns the notes."""
    before = OpenEXR.File(str(folder / "a.exr"), separate_channels=True)
    shape = before.parts[0].channels[radiance_names[0]].pixels.shape
    radiance = rng.gamma(0.5, 2.0, (*shape, 3)).astype(np.float32)
    notes = replace_radiance(folder / "a.exr", folder / "b.exr", radiance)
    after = OpenEXR.File(str(folder / "b.exr"), separate_channels=True)
    assert len(after.parts) == len(before.parts)
    for index, (old, new) in enumerate(zip(before.parts, after.parts, strict=True)):
        assert list(new.channels) == list(old.channels)
        for name, channel in old.channels.items():
            pixels = new.channels[name].pixels
            assert pixels.dtype == channel.pixels.dtype, name
            if index == 0 and name in radiance_names:
                written = radiance[..., radiance_names.index(name)].astype(pixels.dtype)
                np.testing.assert_array_equal(pixels, written)
            else:
                assert pixels.tobytes() == channel.pixels.tobytes(), name
        changed = {key for key in old.header if str(old.header[key]) != str(new.header.get(key)) and key != "channels"}
        assert changed <= ({"compression"} if notes else set())
        assert set(new.header) == set(old.header)
    return notes


@pytest.mark.parametrize("storage", ["scanlines", "tiles"])
@pytest.mark.parametrize("compression", ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB"])
def test_replacing_radiance_keeps_all_else_bit_exact(tmp_path, rng, compression, storage):
    header = (tiled() if storage == "tiles" else PLAIN) | {
        "compression": getattr(OpenEXR, f"{compression}_COMPRESSION"),
        "dataWindow": ((5, -7), (5 + WIDTH - 1, -7 + HEIGHT - 1)),
        "displayWindow": ((0, 0), (99, 49)),
        "owner": "somebody",
        "exposure": 0.25,
    }
    channels = {c: plane(rng, "f2") for c in "RGBA"} | {"depth.T": plane(rng), "x": plane(rng, "f2")}
    channels["id"] = rng.integers(0, 2**32, (HEIGHT, WIDTH)).astype("u4")
    write_channels(tmp_path / "a.exr", channels, header)
    notes = assert_only_radiance_changes(tmp_path, ("R", "G", "B"), rng)
    lossy = compression in ("PXR24", "B44", "B44A", "DWAA", "DWAB")
    assert len(notes) == lossy
    assert all(compression in note and "ZIP" in note for note in notes)


def test_replacing_cycles_radiance_leaves_its_other_layers(tmp_path, rng):
    channels, _ = named(CYCLES, rng)
    write_channels(tmp_path / "a.exr", channels | {"ViewLayer.Combined.A": plane(rng), "R": plane(rng)})
    assert_only_radiance_changes(tmp_path, tuple(f"ViewLayer.Combined.{c}" for c in "RGB"), rng)


def cycles(layer, rng):
    return named(tuple(name.replace("ViewLayer", layer) for name in CYCLES), rng)


def test_every_view_layer_is_read_with_its_own_features_and_replaced(tmp_path, rng):
    (first, of_first), (second, of_second) = (cycles(layer, rng) for layer in ("a", "b"))
    del second["b.Denoising Normal.X"]
    composite = {f"Composite.Combined.{c}": plane(rng) for c in "RGB"}
    write_channels(tmp_path / "a.exr", first | second | composite | {"albedo.R": plane(rng)})
    found = read_view_layers(tmp_path / "a.exr")
    assert list(found) == ["a", "b"]
    assert_found(found["a"], of_first)
    assert_found(found["b"], of_second | {"normal": None})
    new = {layer: 2 * frame.radiance for layer, frame in found.items()}
    assert replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", new) == []
    channels = OpenEXR.File(str(tmp_path / "b.exr"), separate_channels=True).channels()
    for name, pixels in (first | second | composite).items():
        factor = 2 if name.startswith(("a.Combined", "b.Combined")) else 1
        np.testing.assert_array_equal(channels[name].pixels, factor * pixels, err_msg=name)


def part_of(name, image, more=()):
    """A part with R, G, B, and further channels; its data window is as large as the image, the display's is not."""
    height, width = image.shape[:2]
    header = PLAIN | {
        "dataWindow": ((0, 0), (width - 1, height - 1)),
        "displayWindow": ((0, 0), (WIDTH - 1, HEIGHT - 1)),
    }
    channels = {c: image[..., i].copy() for i, c in enumerate("RGB")} | dict(more)
    return OpenEXR.Part(header, channels, name)


def images_of(rng, *widths):
    return [rng.gamma(0.5, 2.0, (HEIGHT, width, 3)).astype(np.float32) for width in widths]


def test_view_layers_may_be_parts_and_of_other_sizes(tmp_path, rng):
    images = images_of(rng, WIDTH - 1, WIDTH, WIDTH)
    names = "small", "near", "Composite"
    parts = [part_of(f"{name}.Combined", image) for name, image in zip(names, images, strict=True)]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    found = read_view_layers(tmp_path / "a.exr")
    assert list(found) == ["small", "near"]
    for frame, image in zip(found.values(), images, strict=False):
        np.testing.assert_array_equal(frame.radiance, image)
    more = {"error.Y": images[0][..., 0], "near.error.Y": images[1][..., 0]}
    notes = replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", {"near": 2 * images[1]}, more)
    assert [note.split(": ", 1)[1] for note in notes] == ["view layer small stays as it is."]
    after = OpenEXR.File(str(tmp_path / "b.exr"), separate_channels=True).parts
    for part, image, factor in zip(after, images, (1, 2, 1), strict=True):
        np.testing.assert_array_equal(part.channels["G"].pixels, factor * image[..., 1])
    assert ["error.Y" in after[0].channels, "near.error.Y" in after[1].channels] == [True, True]


def test_a_compositor_s_part_is_not_taken_for_the_layers_that_lie_in_another(tmp_path, rng):
    (composite,) = images_of(rng, WIDTH)
    layers, of_a = cycles("a", rng)
    parts = [part_of("Composite.Combined", composite), OpenEXR.Part(dict(PLAIN), layers, "layers")]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    ((name, frame),) = read_view_layers(tmp_path / "a.exr").items()
    assert name == "a"
    assert_found(frame, of_a)


def test_plain_channels_come_before_view_layers_and_both_are_found(tmp_path, rng):
    plain, of_plain = named(MITSUBA, rng)
    layer, of_layer = cycles("a", rng)
    found = read_view_layers(write_channels(tmp_path / "a.exr", plain | layer))
    assert list(found) == ["", "a"]
    assert_found(found[""], of_plain)
    assert_found(found["a"], of_layer)
    alone = {name: pixels for name, pixels in layer.items() if ".Combined." in name}
    found = read_view_layers(write_channels(tmp_path / "b.exr", plain | alone))
    assert_found(found["a"], {"albedo": None, "normal": None, "depth": None})  # those are of another picture


def test_features_are_a_layer_s_own_or_of_its_own_part_before_others(tmp_path, rng):
    fill, beauty = images_of(rng, WIDTH, WIDTH)
    albedos = {c: plane(rng) for c in "RGB"}, {c: plane(rng) for c in "RGB"}
    parts = [
        part_of(name, image, {f"albedo.{c}": pixels for c, pixels in albedo.items()}.items())
        for name, image, albedo in (("fill", fill, albedos[0]), ("beauty", beauty, albedos[1]))
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    frame = read_frame(tmp_path / "a.exr")
    np.testing.assert_array_equal(frame.radiance, beauty)
    np.testing.assert_array_equal(frame.albedo, np.stack(list(albedos[1].values()), axis=-1))
    layer, expected = cycles("a", rng)
    others = {f"albedo.{c}": plane(rng) for c in "RGB"}
    assert_found(read_frame(write_channels(tmp_path / "b.exr", others | layer)), expected)


def test_what_cannot_be_replaced_is_refused_and_what_was_there_is_said(tmp_path, rng):
    channels, _ = cycles("a", rng)
    lacking = {f"b.Combined.{c}": plane(rng) for c in "RB"}
    write_channels(tmp_path / "a.exr", channels | lacking | {"error.Y": plane(rng, "f2")})
    image, error = images_of(rng, WIDTH)[0], plane(rng)

    def replace(radiance, more=None):
        return replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", radiance, more)

    notes = [note.split(": ", 1)[1] for note in replace(image, {"error.Y": error})]
    assert notes == ["had a channel error.Y already, which is replaced.", "view layer b stays as it is."]
    for radiance in (image[..., 0], image[..., :1], np.concatenate([image, image], axis=2), {"c": image}):
        with pytest.raises(ValueError, match=r"must be \[H, W, 3\]|no view layer 'c'"):
            replace(radiance)
    for more in ({"error": image}, {"a.Combined.R": error}):
        with pytest.raises(ValueError, match=r"must be \[H, W\]"):
            replace(image, more)
    with pytest.raises(FrameError, match="too long"):
        replace(image, {"a" * 256: error})


@pytest.mark.parametrize("names", [MITSUBA, PBRT, CYCLES], ids=["mitsuba", "pbrt", "cycles"])
def test_a_file_of_one_view_has_one_view_layer(tmp_path, rng, names):
    channels, expected = named(names, rng)
    ((name, frame),) = read_view_layers(write_channels(tmp_path / "a.exr", channels)).items()
    assert name == ("ViewLayer" if names is CYCLES else "")
    assert_found(frame, expected)


@pytest.mark.parametrize("compression", ["HTJ2K32", "HTJ2K256", "LJ2K", "ZSTD"])
def test_compressions_of_newer_libraries_keep_all_else_too(tmp_path, rng, compression):
    kind = getattr(OpenEXR, f"{compression}_COMPRESSION", None)
    if kind is None:
        pytest.skip("this OpenEXR does not have it")
    channels = {c: plane(rng, "f2") for c in "RGBA"} | {"depth.T": plane(rng)}
    write_channels(tmp_path / "a.exr", channels, PLAIN | {"compression": kind})
    assert len(assert_only_radiance_changes(tmp_path, ("R", "G", "B"), rng)) == (compression == "LJ2K")


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("rational", struct.pack("<iI", 24000, 1001)),
        ("timecode", struct.pack("<II", 0x01020304, 5)),
        ("keycode", struct.pack("<7i", 1, 2, 3, 4, 5, 4, 64)),
        ("m44f", np.arange(16, dtype="f4").tobytes()),
        ("m33d", np.arange(9, dtype="f8").tobytes()),
        ("v3f", struct.pack("<3f", 1, 2, 3)),
        ("box2i", struct.pack("<4i", 1, 2, 3, 4)),
        ("chromaticities", struct.pack("<8f", 0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)),
        ("stringvector", struct.pack("<i", 2) + b"ab" + struct.pack("<i", 1) + b"c"),
        ("double", struct.pack("<d", 0.1)),
        ("string", "Lumière".encode()),
        ("preview", struct.pack("<II", 2, 1) + bytes(range(8))),
        ("somebody's own", b"opaque"),
    ],
)
def test_attributes_of_every_type_are_kept_byte_for_byte(tmp_path, rng, type_name, value):
    write_channels(tmp_path / "plain.exr", {c: plane(rng) for c in "RGB"})
    data = insert_attribute((tmp_path / "plain.exr").read_bytes(), "theirs", type_name, value)
    (tmp_path / "a.exr").write_bytes(data)
    frame = read_frame(tmp_path / "a.exr")
    replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", frame.radiance)
    kept = raw_attributes((tmp_path / "b.exr").read_bytes())
    assert kept["theirs"] == (type_name, value)
    assert kept == raw_attributes(data)


def test_replacing_radiance_by_itself_changes_nothing(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", frame.radiance)
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


def test_radiance_can_be_replaced_in_place(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    replace_radiance(tmp_path / "a.exr", tmp_path / "a.exr", frame.radiance * 2)
    np.testing.assert_array_equal(read_frame(tmp_path / "a.exr").radiance, frame.radiance * 2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.exr"]


def test_half_radiance_is_clipped_to_what_half_holds(tmp_path, rng):
    write_channels(tmp_path / "a.exr", {c: plane(rng, "f2") for c in "RGB"})
    replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", np.full((HEIGHT, WIDTH, 3), 1e6, np.float32))
    assert (read_frame(tmp_path / "b.exr").radiance == 65504).all()


def test_radiance_of_another_size_is_refused(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    with pytest.raises(ValueError, match="radiance is"):
        replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", frame.radiance[:-1])
    assert not (tmp_path / "b.exr").exists()


def test_integer_radiance_is_read_and_not_replaced(tmp_path, rng):
    channels = {c: rng.integers(0, 9, (HEIGHT, WIDTH)).astype("u4") for c in "RGB"}
    write_channels(tmp_path / "a.exr", channels)
    np.testing.assert_array_equal(read_frame(tmp_path / "a.exr").radiance[..., 1], channels["G"])
    with pytest.raises(FrameError, match="uint32"):
        replace_radiance(tmp_path / "a.exr", tmp_path / "b.exr", np.zeros((HEIGHT, WIDTH, 3), np.float32))
    assert not (tmp_path / "b.exr").exists()


@pytest.mark.parametrize("pixel_format", ["rgb", "rgba"])
@pytest.mark.parametrize("component_format", ["float16", "float32"])
def test_files_that_mitsuba_wrote_itself(tmp_path, write_scene, rng, pixel_format, component_format):
    import drjit as dr
    import mitsuba as mi

    dr.set_thread_count(2)  # with one, as on a machine of one processor, Mitsuba's writer waits for ever
    mi.set_variant("scalar_rgb")
    formats = {"pixel_format": pixel_format, "component_format": component_format}
    own = "".join(f'<string name="{name}" value="{value}"/>' for name, value in formats.items())
    size = '<integer name="width" value="31"/><integer name="height" value="18"/>'
    path = write_scene(
        integrator='<integrator type="aov"><string name="aovs" value="albedo:albedo,normal:sh_normal,depth:depth,'
        'uv:uv,shape:shape_index"/><integrator type="path"/></integrator>',
        film=f'<film type="hdrfilm">{size}{own}<rfilter type="box"/></film>',
    )
    scene = mi.load_file(str(path))
    image = np.array(mi.render(scene, spp=2))
    scene.sensors()[0].film().bitmap().write(str(tmp_path / "a.exr"))

    frame = read_frame(tmp_path / "a.exr")
    first = len(pixel_format)
    # half has 11 bits: rounding is at most 2^-11 of the value
    tolerance = 2**-11 if component_format == "float16" else 0
    found = (frame.radiance, frame.albedo, frame.normal, frame.depth[..., None])
    for values, start in zip(found, (0, first, first + 3, first + 6), strict=True):
        np.testing.assert_allclose(values, image[..., start : start + values.shape[-1]], rtol=tolerance, atol=1e-6)
    assert_only_radiance_changes(tmp_path, ("R", "G", "B"), rng)


@pytest.mark.parametrize(
    ("albedo", "radiance", "normal"),
    [
        ("albedo", "rgb", "normal"),
        ("ViewLayer.Denoising Albedo", "ViewLayer.Combined", "ViewLayer.Denoising Normal"),
        ("albedo", "", "normal"),
    ],
)
def test_of_parts_that_all_have_plain_channels_the_names_tell_which_is_which(tmp_path, frame, albedo, radiance, normal):
    def part(name, image, letters="RGB"):
        channels = {c: np.ascontiguousarray(image[..., i]) for i, c in enumerate(letters)}
        return OpenEXR.Part({"type": OpenEXR.scanlineimage}, channels, name)

    parts = part(albedo, frame.albedo), part(normal, frame.normal, "XYZ"), part(radiance, frame.radiance)
    OpenEXR.File(list(parts)).write(str(tmp_path / "parts.exr"))
    found = read_frame(tmp_path / "parts.exr")
    np.testing.assert_array_equal(found.radiance, frame.radiance)
    np.testing.assert_array_equal(found.albedo, frame.albedo)
    np.testing.assert_array_equal(found.normal, frame.normal)
    replace_radiance(tmp_path / "parts.exr", tmp_path / "out.exr", 2 * frame.radiance)
    again = read_frame(tmp_path / "out.exr")
    np.testing.assert_array_equal(again.radiance, 2 * frame.radiance)
    np.testing.assert_array_equal(again.albedo, frame.albedo)


# What cannot be read


def assert_refused(path, capfd, match):
    """Every way of reading raises one line that names the file, and nothing is printed or written."""
    before = sorted(entry.name for entry in path.parent.iterdir())
    for read in (read_frame, lambda p: replace_radiance(p, p.with_name("out.exr"), np.zeros((HEIGHT, WIDTH, 3)))):
        with pytest.raises(FrameError, match=match) as caught:
            read(path)
        message = str(caught.value)
        assert "\n" not in message
        assert len(message) < 600
        assert path.name in message
    assert capfd.readouterr() == ("", "")
    assert sorted(entry.name for entry in path.parent.iterdir()) == before


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, frame, capfd):
    write_frame(tmp_path / "whole.exr", frame)
    data = (tmp_path / "whole.exr").read_bytes()
    for length in [*range(0, 1000, 23), *range(1000, len(data), len(data) // 40), len(data) - 1]:
        (tmp_path / "a.exr").write_bytes(data[:length])
        assert_refused(tmp_path / "a.exr", capfd, "not an EXR file|broken EXR")


def test_a_truncated_tiled_multi_part_file_is_refused(tmp_path, rng, capfd):
    parts = [
        OpenEXR.Part(tiled(), {c: plane(rng) for c in "RGB"}, "beauty"),
        OpenEXR.Part(dict(PLAIN), {"albedo.R": plane(rng)}, "albedo"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "whole.exr"))
    data = (tmp_path / "whole.exr").read_bytes()
    for length in range(8, len(data), len(data) // 30):
        (tmp_path / "a.exr").write_bytes(data[:length])
        assert_refused(tmp_path / "a.exr", capfd, "broken EXR")


def test_flipped_bytes_in_the_header_give_an_image_or_one_line(tmp_path, frame, rng, capfd):
    write_frame(tmp_path / "whole.exr", frame)
    data = (tmp_path / "whole.exr").read_bytes()
    refused = []
    for position in range(4, end_of_header(data)):
        changed = bytearray(data)
        changed[position] ^= int(rng.integers(1, 256))
        (tmp_path / "a.exr").write_bytes(changed)
        for read in (read_frame, read_attributes):
            try:
                read(tmp_path / "a.exr")
            except FrameError as error:
                refused.append(str(error))
    assert len(refused) > 100, "most bytes of a header matter"
    assert not [message for message in refused if "\n" in message]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x76\x2f\x31",
        b"PNG but not",
        bytes(2000),
        b"\x76\x2f\x31\x01" + bytes(range(256)) * 8,
        b"\x76\x2f\x31\x01",
    ],
    ids=["empty", "three bytes", "text", "zeros", "garbage after the magic", "magic alone"],
)
def test_what_is_no_exr_is_refused(tmp_path, capfd, content):
    (tmp_path / "a.exr").write_bytes(content)
    assert_refused(tmp_path / "a.exr", capfd, "not an EXR file|broken EXR")
    with pytest.raises(FrameError):
        read_attributes(tmp_path / "a.exr")


def test_a_header_that_asks_for_all_memory_is_refused(tmp_path, frame, capfd):
    write_frame(tmp_path / "whole.exr", frame)
    data = (tmp_path / "whole.exr").read_bytes()
    value = raw_attributes(data)["dataWindow"][1]
    huge = struct.pack("<4i", 0, 0, 2_000_000, 2_000_000)
    assert data.count(value) == 2  # the data window, and the display window that equals it
    (tmp_path / "a.exr").write_bytes(data.replace(value, huge))
    assert_refused(tmp_path / "a.exr", capfd, "2000001 x 2000001|broken EXR")


def test_deep_pixels_are_refused(tmp_path, capfd):
    samples = np.empty((4, 5), dtype=object)
    for index in np.ndindex(samples.shape):
        samples[index] = np.array([1.0, 2.0], dtype="f4")
    header = {"type": OpenEXR.deepscanline, "compression": OpenEXR.ZIPS_COMPRESSION}
    write_channels(tmp_path / "a.exr", dict.fromkeys("RGB", samples), header)
    assert_refused(tmp_path / "a.exr", capfd, "deep pixels")


@pytest.mark.parametrize("names", [["Y"], ["Y", "RY", "BY"], ["R", "G"], ["albedo.R", "albedo.G", "albedo.B"]])
def test_a_file_without_radiance_says_what_it_has(tmp_path, rng, capfd, names):
    write_channels(tmp_path / "a.exr", {name: plane(rng) for name in names})
    assert_refused(tmp_path / "a.exr", capfd, f"no radiance found.*{sorted(names)[0]}")


def test_a_missing_file_and_a_folder_are_refused(tmp_path, capfd):
    assert_refused(tmp_path / "a.exr", capfd, "no such file")
    (tmp_path / "b.exr").mkdir()
    assert_refused(tmp_path / "b.exr", capfd, "is a folder")


def test_a_whole_file_is_read_after_a_broken_one(tmp_path, frame, capfd):
    write_frame(tmp_path / "a.exr", frame)
    shutil.copy(tmp_path / "a.exr", tmp_path / "b.exr")
    with open(tmp_path / "b.exr", "r+b") as file:
        file.truncate(900)
    for _ in range(50):  # neither file descriptors nor captured output leak
        with pytest.raises(FrameError):
            read_frame(tmp_path / "b.exr")
    np.testing.assert_array_equal(read_frame(tmp_path / "a.exr").radiance, frame.radiance)
    print("still here")
    assert capfd.readouterr() == ("still here\n", "")


def test_what_other_threads_print_while_frames_are_read_is_not_lost(tmp_path):
    path = tmp_path / "frame.exr"
    write_frame(path, Frame(np.ones((8, 8, 3), np.float32)))
    program = (
        "import sys, threading\n"
        "from mcdenoise import cli, read_frame\n"
        "cli._steady_streams()\n"
        "going = threading.Event()\n"
        "going.set()\n"
        "def read():\n"
        "    while going.is_set():\n"
        "        read_frame(sys.argv[1])\n"
        "thread = threading.Thread(target=read)\n"
        "thread.start()\n"
        "for i in range(200):\n"
        "    print('out', i, flush=True)\n"
        "    print('err', i, file=sys.stderr, flush=True)\n"
        "going.clear()\n"
        "thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"out {i}" for i in range(200)]
    assert done.stderr.splitlines() == [f"err {i}" for i in range(200)]


# Many threads at once


def in_threads(count, work):
    """`work(k)` for k < `count`, each in a thread of its own, all started together; their results or exceptions."""
    start, found = threading.Barrier(count), [None] * count

    def one(k):
        start.wait()
        try:
            found[k] = work(k)
        except Exception as error:
            found[k] = error

    threads = [threading.Thread(target=one, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_threads_read_whole_and_broken_files_at_once_and_each_gets_its_own(tmp_path, rng, capfd):
    frames = [Frame(rng.random((60, 50, 3)).astype(np.float32), attributes={"number": k}) for k in range(8)]
    for k, frame in enumerate(frames):
        write_frame(tmp_path / f"{k}.exr", frame)
        if k % 2:
            data = (tmp_path / f"{k}.exr").read_bytes()
            # What is missing from the first is only said on standard error; the others end in their headers.
            (tmp_path / f"{k}.exr").write_bytes(data[: len(data) // 2 if k == 1 else 100 * k])
    alone = {}
    for k in (1, 3, 5, 7):
        with pytest.raises(FrameError) as caught:
            read_frame(tmp_path / f"{k}.exr")
        alone[k] = str(caught.value)
    for _ in range(15):
        for k, found in enumerate(in_threads(8, lambda k: read_frame(tmp_path / f"{k}.exr"))):
            if k % 2:
                assert isinstance(found, FrameError)
                assert str(found) == alone[k]
            else:
                assert found.attributes["number"] == k
                np.testing.assert_array_equal(found.radiance, frames[k].radiance)
    assert capfd.readouterr() == ("", "")


def test_threads_decode_at_the_same_time(tmp_path, frame):
    # A decoder that waits for another thread to decode too: alone it would wait for ever.
    write_frame(tmp_path / "a.exr", frame)
    together = threading.Barrier(4, timeout=30)

    def work(k):
        return exr._quietly(lambda: together.wait() >= 0, [])

    assert in_threads(4, work) == [True] * 4


def test_threads_write_at_once_the_bytes_that_one_writes(tmp_path, rng):
    frames = [Frame(rng.random((40, 30, 3)).astype(np.float32), attributes={"number": k}) for k in range(6)]
    for k, one in enumerate(frames):
        write_frame(tmp_path / f"alone{k}.exr", one)

    def work(k):
        write_frame(tmp_path / f"{k}.exr", frames[k])
        with pytest.raises(FrameError, match=rf"none/{k}\.exr: cannot be written"):
            write_frame(tmp_path / "none" / f"{k}.exr", frames[k])

    for _ in range(5):
        assert in_threads(6, work) == [None] * 6
    for k in range(6):
        assert (tmp_path / f"{k}.exr").read_bytes() == (tmp_path / f"alone{k}.exr").read_bytes()


def test_what_a_thread_was_about_to_print_when_reading_ended_comes_out_later():
    program = (
        "import os\n"
        "from mcdenoise.exr import _Listener\n"
        "with _Listener(alone=False):\n"
        "    late = os.dup(2)\n"  # where a thread writes that has looked up the descriptor, and then had to wait
        "os.write(late, b'late\\n')\n"
        "with _Listener(alone=False):\n"
        "    pass\n"
        "os.write(2, b'next\\n')\n"
        "os.write(late, b'last\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["late", "next", "last"]


def test_what_is_printed_on_standard_error_while_files_are_read_comes_out(tmp_path):
    # As above, but through file descriptor 2 itself, whole and broken files, several threads, and no command line.
    write_frame(tmp_path / "frame.exr", Frame(np.ones((8, 8, 3), np.float32)))
    data = (tmp_path / "frame.exr").read_bytes()
    (tmp_path / "broken.exr").write_bytes(data[: len(data) - 40])
    program = (
        "import os, sys, threading\n"
        "from mcdenoise import read_frame\n"
        "from mcdenoise.errors import FrameError\n"
        "going = threading.Event()\n"
        "going.set()\n"
        "def read(path):\n"
        "    while going.is_set():\n"
        "        try:\n"
        "            read_frame(path)\n"
        "        except FrameError:\n"
        "            pass\n"
        "threads = [threading.Thread(target=read, args=(path,)) for path in (*sys.argv[1:], sys.argv[1])]\n"
        "for thread in threads:\n"
        "    thread.start()\n"
        "for i in range(300):\n"
        "    print('out', i, flush=True)\n"
        "    os.write(2, b'err %d\\n' % i)\n"
        "going.clear()\n"
        "for thread in threads:\n"
        "    thread.join()\n"
        "print('last', file=sys.stderr)\n"
    )
    arguments = [str(tmp_path / "frame.exr"), str(tmp_path / "broken.exr")]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"out {i}" for i in range(300)]
    # Nothing is lost or cut; a line may come a moment later than one after it.
    assert sorted(done.stderr.splitlines()) == sorted([*(f"err {i}" for i in range(300)), "last"])


def test_standard_output_that_is_exchanged_meanwhile_stays_what_it_was_made(tmp_path, frame, capsys):
    write_frame(tmp_path / "a.exr", frame)
    going = threading.Event()
    going.set()

    def read():
        while going.is_set():
            read_frame(tmp_path / "a.exr")

    before = sys.stdout
    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(200):
        elsewhere = io.StringIO()
        with contextlib.redirect_stdout(elsewhere):
            print("elsewhere", i)
        assert elsewhere.getvalue() == f"elsewhere {i}\n"
        print("here", i)
    going.clear()
    for thread in threads:
        thread.join()
    assert sys.stdout is before
    assert capsys.readouterr().out.splitlines() == [f"here {i}" for i in range(200)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_forked_while_threads_read_has_its_standard_error(tmp_path):
    write_frame(tmp_path / "a.exr", Frame(np.ones((64, 64, 3), np.float32)))
    program = (
        "import os, sys, threading\n"
        "from mcdenoise import read_frame\n"
        "going = threading.Event()\n"
        "going.set()\n"
        "def read():\n"
        "    while going.is_set():\n"
        "        read_frame(sys.argv[1])\n"
        "threads = [threading.Thread(target=read) for _ in range(2)]\n"
        "for thread in threads:\n"
        "    thread.start()\n"
        "for i in range(20):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os.write(2, b'child\\n')\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "going.clear()\n"
        "for thread in threads:\n"
        "    thread.join()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.exr")],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr.splitlines() == ["child"] * 20


def test_planes_are_the_channels_of_the_file(tmp_path, frame):
    write_frame(tmp_path / "a.exr", frame)
    planes, whole = read_planes(tmp_path / "a.exr"), read_frame(tmp_path / "a.exr")
    assert {plane.dtype for plane in planes.radiance} == {np.dtype("f4")}
    assert {plane.dtype for plane in (*planes.albedo, *planes.normal)} == {np.dtype("f2")}
    for name in ("radiance", "albedo", "normal"):
        np.testing.assert_array_equal(np.stack(getattr(planes, name), axis=-1), getattr(whole, name))


def test_three_planes_that_are_not_there_are_refused(tmp_path, rng, capfd):
    write_channels(tmp_path / "a.exr", {"Y": plane(rng), "R": plane(rng)})
    with pytest.raises(FrameError, match=r"a\.exr: looked for channels R, G, B or X, Y, Z"):
        read_three_planes(tmp_path / "a.exr")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["f2", "f4"])
def test_an_image_comes_back_as_it_was_written(tmp_path, rng, kind):
    image = rng.random((HEIGHT, WIDTH, 3)).astype(kind)
    write_image(tmp_path / "a.exr", image, {"spp": 4, "seed": 2**32 - 1})
    np.testing.assert_array_equal(np.stack(read_three_planes(tmp_path / "a.exr"), axis=-1), image)
    assert read_attributes(tmp_path / "a.exr")["seed"] == str(2**32 - 1)
