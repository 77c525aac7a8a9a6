"""Batches made by threads of their own while the network computes, from frames that other threads decode ahead."""

import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from mcdenoise.data.crops import CropDataset
from mcdenoise.data.cutting import Batch

_MOST_THREADS = 16


def batches(
    dataset: CropDataset,
    first_step: int,
    batch: int,
    rank: int = 0,
    ranks: int = 1,
    ahead: int = 4,
    threads: int | None = None,
    pin: bool = False,
) -> Iterator[Batch]:
    """Endless batches of `batch` examples, from step `first_step` on; step s is the same whenever it is asked for.

    All `ranks` together take `ranks * batch` examples a step, each its own share: give the dataset that as its `batch`,
    so that they read different views. Up to `ahead` batches wait ready. The frames of the dataset's next block are
    decoded while the present one is used. threads: how many make batches and how many decode (default: one a core).
    pin: whether to hand over page-locked memory, from which copies to a GPU do not stop the program. An error of the
    dataset is raised here. Closing the iterator ends the threads.
    """
    count = threads or min(os.cpu_count() or 1, _MOST_THREADS)
    # On a GPU crops are made in the order of its queue anyway.
    makers = _threads(count if dataset.cache.device.type == "cpu" else 1, "batches")
    decoders = _threads(count, "decoding")
    ready: deque[Future[Batch]] = deque()
    closed = threading.Event()
    blocks = _Blocks(dataset, rank % dataset.schedule.ranks, decoders, closed)

    def make(step: int) -> Batch:
        made = dataset.batch((step * ranks + rank) * batch, batch)
        return made.pin_memory() if pin and made.radiance.device.type == "cpu" else made

    try:
        step = first_step
        while True:
            while len(ready) < ahead:
                blocks.reach(step * ranks * batch // dataset.schedule.slots)
                ready.append(makers.submit(make, step))
                step += 1
            yield ready.popleft().result()
    finally:
        closed.set()
        for executor in (makers, decoders):
            executor.shutdown(wait=True, cancel_futures=True)


class _Blocks:
    """Has the frames of the present block and of the next one decoded, in the order in which they are needed."""

    def __init__(self, dataset: CropDataset, rank: int, decoders: ThreadPoolExecutor, closed: threading.Event):
        self._dataset, self._rank, self._decoders, self._closed = dataset, rank, decoders, closed
        self._present = self._asked = -1

    def reach(self, step: int) -> None:
        schedule = self._dataset.schedule
        present = schedule.block(step)
        if present == self._present:
            return
        self._present = present
        # Decoded a block ago, before frames of that block were used: these must go first, and not those.
        for view in schedule.views_of_block(present, self._rank):
            self._dataset.cache.touch(self._dataset.files(self._dataset.views[view]))
        # A pool of all views stays in the cache: there is nothing to decode for the next epoch.
        last = present if schedule.whole else present + 1
        for block in range(max(present, self._asked + 1), last + 1):
            if not (schedule.whole and self._asked >= 0):
                for view in schedule.views_of_block(block, self._rank):
                    self._decoders.submit(self._decode, view)
            self._asked = block

    def _decode(self, view: int) -> None:
        for path in self._dataset.files(self._dataset.views[view]):
            if self._closed.is_set():
                return
            self._dataset.cache.get(path)


_starting = threading.Lock()


def _threads(count: int, name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, name, initializer=compute_alone)


def compute_alone() -> None:
    """Let torch use one thread for what this thread computes: several of these share the cores already.

    torch keeps that number for each thread, and also as the number for threads to come, which is put back.
    """
    with _starting:
        others = torch.get_num_threads()
        torch.set_num_threads(1)
        restoring = threading.Thread(target=torch.set_num_threads, args=(others,))
        restoring.start()
        restoring.join()
