"""Decoded frames on disk: found again, never stale, never trusted, bounded, and safe when killed or shared."""

import logging
import os
import pickle
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from synthetic import picture, write_view
from test_cache import decoded  # noqa: F401

from mcdenoise.data.cache import DiskFrameCache
from mcdenoise.data.stored import decode
from mcdenoise.errors import DataError

ENTRY = 64 * 64 * 18 + 4 * 4 * 8 + 64
PLACES = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]


@pytest.fixture
def files(tmp_path):
    return sorted(write_view(tmp_path / "view", realizations=8).glob("*.exr"))


def entries(folder):
    return sorted(folder.glob("*.frame"))


def same(one, other):
    return (
        torch.equal(one.pixels, other.pixels) and (one.luminance == other.luminance).all() and one.scale == other.scale
    )


def test_a_frame_is_found_again_by_the_next_run(tmp_path, files, decoded):  # noqa: F811
    first = DiskFrameCache(2**30, tmp_path / "cache")
    for file in files:
        assert same(first.get(file), decode(file))
    assert len(entries(tmp_path / "cache")) == 8
    decoded.clear()
    second = DiskFrameCache(2**30, tmp_path / "cache")
    for file in files:
        assert same(second.get(file), decode(file))
    third = pickle.loads(pickle.dumps(second))
    assert same(third.get(files[0]), decode(files[0]))
    assert decoded == []


def test_a_frame_that_was_rendered_anew_is_decoded_anew(tmp_path, files, decoded):  # noqa: F811
    DiskFrameCache(2**30, tmp_path / "cache").get(files[0])
    size, before = files[0].stat().st_size, files[0].stat().st_mtime_ns
    write_view(tmp_path / "other", picture(seed=5), seed=9)
    content = (tmp_path / "other/r000.exr").read_bytes()
    files[0].write_bytes(content.ljust(size, b"\0")[: max(size, len(content))])
    os.utime(files[0], ns=(before, before + 1))
    assert same(DiskFrameCache(2**30, tmp_path / "cache").get(files[0]), decode(tmp_path / "other/r000.exr"))
    files[0].write_bytes(content + b"\0")  # of another size, at the same time
    os.utime(files[0], ns=(before, before + 1))
    DiskFrameCache(2**30, tmp_path / "cache").get(files[0])
    assert decoded == ["r000.exr"] * 3


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut in its header": lambda path: path.write_bytes(path.read_bytes()[:30]),
    "cut at its end": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "too long": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "a bit of a pixel": lambda path: flip(path, -1000),
    "a bit of its luminance": lambda path: flip(path, 70),
    "a bit of its scale": lambda path: flip(path, 54),
    "a bit of its height": lambda path: flip(path, 40),
    "another's": lambda path: path.write_bytes(random.Random(0).randbytes(ENTRY)),
    "zeros, as after a power failure": lambda path: path.write_bytes(bytes(ENTRY)),
    "of another frame": lambda path: path.write_bytes(
        next(other for other in entries(path.parent) if other != path).read_bytes()
    ),
    "a link to nowhere": lambda path: (path.unlink(), path.symlink_to("/nowhere/at/all")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_replaced_and_never_trusted(tmp_path, files, decoded, damage):  # noqa: F811
    cache = DiskFrameCache(2**30, tmp_path / "cache")
    cache.get(files[0])
    (entry,) = entries(tmp_path / "cache")
    whole = entry.read_bytes()
    cache.get(files[1])
    decoded.clear()
    DAMAGES[damage](entry)
    assert same(DiskFrameCache(2**30, tmp_path / "cache").get(files[0]), decode(files[0]))
    assert decoded == ["r000.exr"]
    assert entry.read_bytes() == whole


def test_a_folder_or_a_pipe_in_an_entry_s_place_costs_only_the_entry(tmp_path, files, caplog):
    cache = DiskFrameCache(2**30, tmp_path / "cache")
    cache.get(files[0])
    (entry,) = entries(tmp_path / "cache")
    entry.unlink()
    entry.mkdir()
    assert same(DiskFrameCache(2**30, tmp_path / "cache").get(files[0]), decode(files[0]))
    assert "frames stay in memory" in caplog.text
    entry.rmdir()
    os.mkfifo(entry)
    assert same(DiskFrameCache(2**30, tmp_path / "cache").get(files[0]), decode(files[0]))


def test_the_limit_holds_and_the_least_used_go_first(tmp_path, files):
    limit = 5 * ENTRY
    cache = DiskFrameCache(limit, tmp_path / "cache")
    others = [tmp_path / "cache/notes.txt", tmp_path / "cache/0.frame"]
    for other in others:
        other.write_bytes(bytes(3 * ENTRY))  # none of ours: neither counted nor removed
    for i, file in enumerate(files):
        cache.get(file)
        written = [e for e in entries(tmp_path / "cache") if e not in others]
        assert sum(entry.stat().st_size for entry in written) <= limit
        for entry in written:
            os.utime(entry, ns=(i, min(entry.stat().st_mtime_ns, i)))
    assert all(other.exists() for other in others)
    decoding = []
    fresh = DiskFrameCache(limit, tmp_path / "cache")
    import mcdenoise.data.cache as caches

    original = caches.decode
    caches.decode = lambda path: (decoding.append(path.name), original(path))[1]
    try:
        for file in files[-3:]:
            fresh.get(file)
    finally:
        caches.decode = original
    assert decoding == []


def test_a_frame_larger_than_the_limit_is_used_without_being_kept(tmp_path, files):
    cache = DiskFrameCache(1000, tmp_path / "cache")
    assert same(cache.get(files[0]), decode(files[0]))
    assert entries(tmp_path / "cache") == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cache folder cannot be made") as caught:
        DiskFrameCache(2**30, tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_disk_that_is_full_is_said_once_and_frames_stay_in_memory(tmp_path, files, caplog, monkeypatch):
    import mcdenoise.data.cache as caches

    def full(*_):
        raise OSError(28, "No space left on device")

    cache = DiskFrameCache(2**30, tmp_path / "cache")
    monkeypatch.setattr(caches, "_write", full)
    for file in files:
        assert same(cache.get(file), decode(file))
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "No space left" in warnings[0]
    assert cache.held > 0


FILL = """
import sys
from pathlib import Path
from mcdenoise.data.cache import DiskFrameCache
cache = DiskFrameCache(int(sys.argv[3]), sys.argv[1])
for _ in range(int(sys.argv[4])):
    for file in sorted(Path(sys.argv[2]).glob("*.exr")):
        assert cache.get(file) is not None
    cache = DiskFrameCache(int(sys.argv[3]), sys.argv[1])
"""


def fill(cache, view, limit, rounds):
    return subprocess.Popen(
        [sys.executable, "-c", FILL, str(cache), str(view), str(limit), str(rounds)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(PLACES)},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_while_writing_it_leaves_whole_entries_and_no_leftovers(tmp_path, files):
    folder = tmp_path / "cache"
    dice = random.Random(1)
    for _ in range(4):
        process = fill(folder, files[0].parent, 3 * ENTRY, 10**6)
        while process.poll() is None and not (folder.exists() and entries(folder)):
            time.sleep(0.01)
        time.sleep(dice.uniform(0.0, 0.2))
        process.kill()
        process.communicate()
    (folder / f".writing-{process.pid}-x.frame").write_bytes(b"half")
    cache = DiskFrameCache(2**30, folder)
    assert [path for path in folder.iterdir() if path.name.startswith(".writing-")] == []
    for entry in entries(folder):
        assert entry.stat().st_size == ENTRY
    for file in files:
        assert same(cache.get(file), decode(file))


def test_processes_share_a_folder_that_is_too_small_for_all(tmp_path, files):
    folder = tmp_path / "cache"
    processes = [fill(folder, files[0].parent, 4 * ENTRY, 6) for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert (process.returncode, said) == (0, "")
    assert len(entries(folder)) <= 4 + 3
    cache = DiskFrameCache(2**30, folder)
    for file in files:
        assert same(cache.get(file), decode(file))
