"""Batches made by a thread of their own while the network computes."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

from mcdenoise.data.crops import Batch, CropDataset


def batches(
    dataset: CropDataset, first_step: int, batch: int, rank: int = 0, ranks: int = 1, ahead: int = 4
) -> Iterator[Batch]:
    """Endless batches of `batch` examples, from step `first_step` on; step s is the same whenever it is asked for.

    All `ranks` together take `ranks * batch` examples a step, each its own share. Up to `ahead` batches wait ready. An
    error of the dataset is raised here. Closing the iterator ends the thread.
    """
    ready: queue.Queue[Any] = queue.Queue(maxsize=ahead)
    closed = threading.Event()

    def put(item: Any) -> None:
        while not closed.is_set():
            try:
                ready.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        step = first_step
        try:
            while not closed.is_set():
                put(dataset.batch((step * ranks + rank) * batch, batch))
                step += 1
        except BaseException as error:  # handed over to the thread that asks for batches
            put(error)

    thread = threading.Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        closed.set()
        thread.join()
