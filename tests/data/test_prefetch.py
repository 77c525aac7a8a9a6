import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from synthetic import picture, write_view
from test_cache import ONE, decoded  # noqa: F401
from torch.utils.data import DataLoader

from mcdenoise.data import Batch, CropDataset, find_views
from mcdenoise.data.cache import DiskFrameCache, FrameCache
from mcdenoise.data.prefetch import batches
from mcdenoise.errors import DataError

PLACES = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("renders")
    write_view(folder / "a/view000", picture(40, 40), realizations=3)
    return CropDataset(find_views(folder), crop=16, seed=1)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Twelve views of two realizations."""
    folder = tmp_path_factory.mktemp("many")
    for k in range(12):
        write_view(folder / f"a/view{k:03d}", picture(64, 64, k), seed=k)
    return find_views(folder)


def take(count, *arguments, **options):
    source = batches(*arguments, **options)
    try:
        return [next(source) for _ in range(count)]
    finally:
        source.close()


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.tensors(), other.tensors(), strict=True))


def test_a_step_has_its_batch_wherever_one_starts(dataset):
    from_zero, from_four = take(8, dataset, 0, 2), take(4, dataset, 4, 2)
    assert all(same(one, other) for one, other in zip(from_zero[4:], from_four, strict=True))
    assert len({batch.radiance.numpy().tobytes() for batch in from_zero}) == 8
    assert same(from_zero[3], dataset.batch(6, 2))


def test_processes_share_one_batch_between_them(dataset):
    for step, whole in enumerate(take(3, dataset, 0, 6)):
        shares = [take(1, dataset, step, 2, rank, 3)[0] for rank in range(3)]
        together = Batch(*(torch.cat(tensors) for tensors in zip(*(s.tensors() for s in shares), strict=True)))
        assert same(together, whole)


def test_processes_decode_different_views_and_all_of_them(many, decoded, monkeypatch):  # noqa: F811
    read = []
    for rank in range(3):
        dataset = CropDataset(many, crop=16, batch=6, ranks=3)
        paths = set()
        original = dataset.cache._fetch
        monkeypatch.setattr(dataset.cache, "_fetch", lambda path, o=original, p=paths: (p.add(path.parent), o(path))[1])
        take(dataset.schedule.epoch_steps, dataset, 0, 2, rank, 3, ahead=1)
        read.append(paths)
    assert [len(paths) for paths in read] == [4, 4, 4]
    assert len(set().union(*read)) == 12


def test_each_file_is_decoded_once_a_visit(many, decoded):  # noqa: F811
    # Room for 4 of 12 views; a visit gives 16 crops, so 192 examples an epoch need each of the 24 files once.
    dataset = CropDataset(many, crop=32, cache=FrameCache(9 * 2 * ONE), batch=4)
    assert (dataset.schedule.pool, dataset.schedule.visit, dataset.schedule.whole) == (4, 16, False)
    steps = dataset.schedule.epoch_steps
    assert steps * 4 == 12 * 16
    take(steps, dataset, 0, 4, ahead=1)
    # The first block of the next epoch may have been decoded ahead.
    assert 24 <= len(decoded) <= 24 + 8


def test_the_next_block_is_decoded_while_the_present_one_is_used(many):
    dataset = CropDataset(many, crop=32, cache=FrameCache(9 * 2 * ONE), batch=4)
    source = batches(dataset, 0, 4, ahead=1)
    next(source)
    wanted = {file for v in dataset.schedule.views_of_block(1) for file in dataset.files(dataset.views[v])}
    for _ in range(200):
        if wanted <= set(dataset.cache._frames):
            break
        threading.Event().wait(0.05)
    assert wanted <= set(dataset.cache._frames)  # although no further step was asked for
    source.close()


@pytest.mark.parametrize("place", ["host", "disk"])
def test_a_folder_larger_than_the_cache_gives_the_same_examples_each_time(many, tmp_path, place):
    def cache():
        return FrameCache(9 * 2 * ONE) if place == "host" else DiskFrameCache(9 * 2 * ONE, tmp_path / "cache")

    one = CropDataset(many, crop=32, cache=cache(), batch=4)
    other = CropDataset(many, crop=32, cache=cache(), batch=4)
    for step in (70, 3, 41):
        assert same(take(1, one, step, 4)[0], other.batch(4 * step, 4))


def test_workers_of_a_data_loader_draw_the_same_examples(many):
    dataset = CropDataset(many, crop=16, seed=2, batch=4)
    loader = DataLoader(
        dataset,
        batch_size=4,
        sampler=range(16),
        num_workers=2,
        multiprocessing_context=multiprocessing.get_context("spawn"),
        collate_fn=Batch.stack,
    )
    for step, batch in enumerate(loader):
        assert same(batch, dataset.batch(4 * step, 4))
    assert step == 3


def test_an_error_reaches_who_asks_for_batches(tmp_path):
    folder = write_view(tmp_path)
    views = find_views(tmp_path)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-50])
    source = batches(CropDataset(views, crop=16), 0, 2)
    with pytest.raises(DataError, match="no view is left"):
        next(source)
    assert not workers()


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith(("batches", "decoding"))]


def test_closing_ends_the_threads(dataset):
    source = batches(dataset, 0, 1, ahead=2)
    next(source)
    assert workers()
    source.close()
    assert not workers()


def test_threads_leave_torch_s_number_of_threads_as_it_was(dataset):
    before = torch.get_num_threads()
    seen = []
    torch.set_num_threads(2)
    try:
        take(3, dataset, 0, 2, threads=3)
        assert torch.get_num_threads() == 2
        thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert seen == [2]
    finally:
        torch.set_num_threads(before)


MEASURE = """
import resource, sys
from mcdenoise.data import CropDataset, find_views
from mcdenoise.data.cache import FrameCache
from mcdenoise.data.prefetch import batches
dataset = CropDataset(find_views(sys.argv[1]), crop=64, batch=2, cache=FrameCache(int(sys.argv[2])))
source = batches(dataset, 0, 2, threads=2)
for step in range(4):
    next(source)
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for step in range(dataset.schedule.epoch_steps):
    next(source)
    assert dataset.cache.held <= dataset.cache.limit
source.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start, dataset.schedule.pool, dataset.bytes)
"""


def test_memory_stays_bounded_by_the_limit_and_not_by_the_folder(tmp_path):
    for k in range(24):
        write_view(tmp_path / f"a/view{k:03d}", picture(256, 320, k % 3), seed=k)
    frame = 256 * 320 * 18
    limit = 10 * frame
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path), str(limit)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(PLACES), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=250,
    )
    grown, pool, needed = map(int, done.stdout.split())
    assert needed == 48 * frame
    assert pool == 2
    # All 48 frames are decoded; held are the limit's ten, and two threads' files while they are decoded.
    assert grown * 1024 < limit + 8 * frame
