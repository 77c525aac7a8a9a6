import logging
import threading

import numpy as np
from synthetic import noisy, picture, write_view

from mcdenoise.data.cache import FrameCache
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.frame import Frame


def test_a_frame_comes_back_as_it_is_in_its_file(tmp_path):
    folder = write_view(tmp_path)
    frame = read_frame(folder / "r001.exr")
    radiance, features = FrameCache().get(folder / "r001.exr")
    np.testing.assert_array_equal(radiance, frame.radiance)
    np.testing.assert_array_equal(features[..., :3], frame.albedo)
    np.testing.assert_array_equal(features[..., 3:], frame.normal)


def test_a_small_limit_forgets_and_reads_again(tmp_path):
    folder = write_view(tmp_path, realizations=4)
    one = 64 * 64 * (3 * 4 + 6 * 2)
    cache = FrameCache(limit=2 * one)
    paths = sorted(folder.glob("*.exr"))
    first = [cache.get(path)[0].copy() for path in paths]
    for _ in range(2):
        for path, radiance in zip(paths, first, strict=True):
            np.testing.assert_array_equal(cache.get(path)[0], radiance)
    kept = cache.get(paths[3])
    assert cache.get(paths[3]) is kept  # the last one used is remembered
    cache.get(paths[0])
    cache.get(paths[1])
    assert cache.get(paths[3]) is not kept  # and forgotten once two others have come


def test_missing_features_are_zeros(tmp_path):
    write_frame(tmp_path / "f.exr", Frame(np.ones((4, 5, 3), np.float32)))
    _, features = FrameCache().get(tmp_path / "f.exr")
    assert features.shape == (4, 5, 6)
    assert not features.any()


def test_features_outside_their_range_are_limited(tmp_path):
    frame = picture(8, 8)
    frame.albedo = frame.albedo * 30  # as Mitsuba's rough conductors can have
    frame.normal = frame.normal * 3
    write_frame(tmp_path / "f.exr", frame)
    _, features = FrameCache().get(tmp_path / "f.exr")
    assert features[..., :3].min() >= 0
    assert features[..., :3].max() == 1
    assert features[..., 3:].min() == -1
    assert features[..., 3:].max() == 1


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
