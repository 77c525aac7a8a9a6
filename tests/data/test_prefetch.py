import threading

import pytest
import torch
from synthetic import picture, write_view

from mcdenoise.data import Batch, CropDataset, find_views
from mcdenoise.data.prefetch import batches
from mcdenoise.errors import DataError


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("renders")
    write_view(folder / "a/view000", picture(40, 40), realizations=3)
    return CropDataset(find_views(folder), crop=16, seed=1)


def take(count, *arguments):
    source = batches(*arguments)
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


def test_an_error_reaches_who_asks_for_batches(tmp_path):
    folder = write_view(tmp_path)
    views = find_views(tmp_path)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-50])
    source = batches(CropDataset(views, crop=16), 0, 2)
    with pytest.raises(DataError, match="no two frames"):
        next(source)
    assert not workers()


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "batches"]


def test_closing_ends_the_thread(dataset):
    source = batches(dataset, 0, 1, ahead=2)
    next(source)
    assert len(workers()) == 1
    source.close()
    assert not workers()
