"""Writing frames in threads behind the renderer: compression needs no more than a core, rendering the others."""

import concurrent.futures
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mcdenoise.errors import McdenoiseError
from mcdenoise.frame import Frame
from mcdenoise.rendering import worker
from mcdenoise.rendering.jobs import Failed, Job, Outcome, Rendered
from mcdenoise.rendering.reasons import one_line

MAX_WAITING = 4
"""Frames rendered and not yet written: what a killed process can lose."""

MAX_WAITING_BYTES = 2**29
"""Their size in memory, unless a single frame is larger."""

_THREADS = 2


class Writer:
    """Writes frames in the order in which threads come free, and tells `finished` of each, in its thread.

    clean: whether to remove what killed processes of this machine left in the folders that are written to.
    """

    def __init__(self, finished: Callable[[Outcome], None], clean: bool):
        self._finished, self._clean = finished, clean
        self._threads = concurrent.futures.ThreadPoolExecutor(_THREADS, "write")
        self._changed = threading.Condition()
        self._waiting = self._bytes = 0
        self._cleaned: set[Path] = set()

    def put(self, job: Job, frame: Frame, seconds: float, invalid_pixels: int) -> None:
        """Take a frame over, as soon as there is room. seconds: what rendering it took."""
        planes = (frame.radiance, frame.albedo, frame.normal, frame.depth)
        size = sum(plane.nbytes for plane in planes if plane is not None)

        def room() -> bool:
            return not self._waiting or (self._waiting < MAX_WAITING and self._bytes + size <= MAX_WAITING_BYTES)

        with self._changed:
            self._changed.wait_for(room)
            self._waiting, self._bytes = self._waiting + 1, self._bytes + size
        clean = self._clean and job.file.parent not in self._cleaned
        self._cleaned.add(job.file.parent)
        self._threads.submit(self._write, job, frame, size, seconds, invalid_pixels, clean)

    def flush(self) -> None:
        """Wait until everything is written."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting)

    def _write(self, job: Job, frame: Frame, size: int, seconds: float, invalid_pixels: int, clean: bool) -> None:
        started = time.perf_counter()
        outcome: Outcome
        try:
            worker.write(job, frame, clean)
            outcome = Rendered(job, seconds + time.perf_counter() - started, invalid_pixels)
        except McdenoiseError as error:
            outcome = Failed(job, one_line(str(error)))
        except Exception as error:  # a frame that is not written must never pass for one that is
            outcome = Failed(job, one_line(f"{job.file}: cannot be written: {type(error).__name__}: {error}."))
        self._finished(outcome)
        with self._changed:
            self._waiting, self._bytes = self._waiting - 1, self._bytes - size
            self._changed.notify_all()
