"""Decoded frames in memory: a limit, one decoding for all who ask, one warning a broken frame."""

import logging
import pickle
import threading

import numpy as np
import pytest
import torch
from synthetic import noisy, picture, write_view

from mcdenoise.data import cache as caches
from mcdenoise.data.cache import FrameCache
from mcdenoise.data.stored import decode
from mcdenoise.exr import write_frame

ONE = 64 * 64 * 18 + 4 * 4 * 8


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that caches decode, in order."""
    names = []

    def counted(path):
        names.append(path.name)
        return decode(path)

    monkeypatch.setattr(caches, "decode", counted)
    return names


def test_a_frame_is_kept_as_it_is_decoded(tmp_path, decoded):
    file = write_view(tmp_path) / "r001.exr"
    cache = FrameCache()
    frame, plain = cache.get(file), decode(file)
    assert torch.equal(frame.pixels, plain.pixels)
    assert (frame.scale, frame.exposure) == (plain.scale, plain.exposure)
    assert cache.get(file) is frame
    assert decoded == ["r001.exr"]


def test_a_small_limit_forgets_what_was_not_used_longest(tmp_path, decoded):
    folder = write_view(tmp_path, realizations=4)
    cache = FrameCache(limit=2 * ONE)
    first, second, third, _ = sorted(folder.glob("*.exr"))
    for path in (first, second, first, third, first):
        cache.get(path)
        assert cache.held <= 2 * ONE
    assert decoded == ["r000.exr", "r001.exr", "r002.exr"]
    cache.get(second)
    assert decoded[3:] == ["r001.exr"]


def test_what_is_about_to_be_used_outlives_what_was(tmp_path, decoded):
    first, second, third, _ = sorted(write_view(tmp_path, realizations=4).glob("*.exr"))
    cache = FrameCache(limit=2 * ONE)
    for path in (first, second):
        cache.get(path)
    cache.touch([first, third])
    for path in (third, first):
        cache.get(path)
    assert decoded == ["r000.exr", "r001.exr", "r002.exr"]


def test_the_bytes_held_stay_below_the_limit_whatever_is_asked(tmp_path):
    folder = write_view(tmp_path, realizations=12)
    files = sorted(folder.glob("*.exr"))
    cache = FrameCache(limit=5 * ONE + 100)
    rng = np.random.default_rng(0)
    for _ in range(100):
        cache.get(files[rng.integers(12)])
        assert cache.held == sum(frame.bytes for frame in cache._frames.values()) <= cache.limit
    assert cache.held == 5 * ONE


def test_a_frame_that_many_threads_want_is_decoded_once(tmp_path, decoded):
    folder = write_view(tmp_path, picture(200, 200), realizations=3)
    files = sorted(folder.glob("*.exr"))
    cache = FrameCache()
    start = threading.Barrier(8)
    found = []

    def ask(k):
        start.wait()
        found.append([cache.get(files[(k + i) % 3]) for i in range(3)])

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(decoded) == ["r000.exr", "r001.exr", "r002.exr"]
    assert len({id(frame) for frames in found for frame in frames}) == 3


def test_a_copy_for_another_process_starts_empty(tmp_path):
    file = write_view(tmp_path) / "r000.exr"
    cache = FrameCache(limit=12345678)
    cache.get(file)
    copy = pickle.loads(pickle.dumps(cache))
    assert (copy.limit, copy.held, copy.device) == (12345678, 0, torch.device("cpu"))
    assert torch.equal(copy.get(file).pixels, cache.get(file).pixels)
    assert len(pickle.dumps(cache)) < 1000


def test_a_broken_frame_is_named_once_however_many_ask(tmp_path, caplog):
    frame = noisy(picture(16, 16), np.random.default_rng(0))
    frame.radiance[0, 0, 0] = np.nan
    write_frame(tmp_path / "bad.exr", frame)
    cache = FrameCache()
    found = []
    threads = [
        threading.Thread(target=lambda: found.extend(cache.get(tmp_path / "bad.exr") for _ in range(5)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [None] * 20
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [warning.getMessage().count("bad.exr") for warning in warnings] == [1]


def test_only_the_process_that_is_first_names_a_broken_frame(tmp_path, caplog):
    (tmp_path / "bad.exr").write_text("no frame")
    asked = []

    def not_first(name):
        asked.append(name)
        return False

    assert FrameCache(first=not_first).get(tmp_path / "bad.exr") is None
    assert asked == [str(tmp_path / "bad.exr")]
    assert not caplog.records


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_frames_on_a_gpu_are_those_in_memory(tmp_path):
    folder = write_view(tmp_path, realizations=4)
    cache = FrameCache(2 * ONE, "cuda")
    for file in sorted(folder.glob("*.exr")):
        frame = cache.get(file)
        assert frame.pixels.is_cuda
        assert torch.equal(frame.pixels.cpu(), decode(file).pixels)
    assert cache.held == 2 * ONE
