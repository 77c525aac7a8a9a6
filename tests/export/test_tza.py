"""TZA files: what is written is read, by OIDN too; what is broken is refused in one line."""

import struct

import numpy as np
import pytest

from mcdenoise.errors import ModelError
from mcdenoise.export import tza

TENSORS = {
    "enc_conv0.weight": np.arange(2 * 3 * 3 * 3, dtype=np.float16).reshape(2, 3, 3, 3),
    "enc_conv0.bias": np.array([0.5, -1.5], np.float32),
}


def test_tensors_come_back_bit_for_bit_and_lie_where_the_format_says(tmp_path):
    tza.write(tmp_path / "a.tza", TENSORS)
    found = tza.read(tmp_path / "a.tza")
    assert list(found) == list(TENSORS)
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype
    data = (tmp_path / "a.tza").read_bytes()
    magic, major, minor, table = struct.unpack_from("<HBBQ", data)
    assert (magic, major, minor, table % 64) == (0x41D7, 2, 0, 0)
    assert struct.unpack_from("<IH", data, table) == (2, len("enc_conv0.weight"))
    assert data[64 : 64 + 4] == TENSORS["enc_conv0.weight"].tobytes()[:4]


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_what_is_cut_short_is_refused(length):
    data = tza.encode(TENSORS)
    if length < len(data):
        with pytest.raises(ModelError):
            tza.decode(data[:length])


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [(0, 0x00, "no tensor archive"), (2, 9, "version 9"), (4, 0xFF, "ends too early|not wholly")],
)
def test_what_is_wrong_is_said(place, value, reason):
    data = bytearray(tza.encode(TENSORS))
    data[place] = value
    with pytest.raises(ModelError, match=reason):
        tza.decode(bytes(data))


def test_a_shape_of_nothing_times_very_much_is_refused():
    table = struct.pack("<IH", 1, 3) + b"abc" + struct.pack("<B4I", 4, 0, *[2**32 - 1] * 3) + b"oihwf"
    with pytest.raises(ModelError):
        tza.decode(struct.pack("<HBBQ", 0x41D7, 2, 0, 12) + table + struct.pack("<Q", 0))


def test_random_damage_is_an_error_or_other_values_but_nothing_else():
    rng = np.random.default_rng(0)
    data = tza.encode(TENSORS)
    for _ in range(500):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            damaged[place] = rng.integers(256)
        try:
            found = tza.decode(bytes(damaged))
        except ModelError:
            continue
        assert all(isinstance(tensor, np.ndarray) for tensor in found.values())


def test_a_tensor_that_the_format_has_no_form_for_is_refused():
    with pytest.raises(ModelError, match="int64"):
        tza.encode({"a": np.arange(3)})
