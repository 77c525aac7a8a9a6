"""`python -m mcdenoise.rendering.child`: the process that holds Mitsuba, and the scene that it loaded last.

It is a process of its own because a broken scene can abort Mitsuba, and with it the process that called it. It takes
requests on its standard input and answers on its standard output (see `process.RenderingProcess`), and ends with its
standard input, as soon as the frames that it has rendered are written.
"""

import contextlib
import os
import pickle
import queue
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from mcdenoise.errors import SceneError
from mcdenoise.rendering import worker
from mcdenoise.rendering.jobs import Failed
from mcdenoise.rendering.reasons import one_line
from mcdenoise.rendering.variants import prepare_environment
from mcdenoise.rendering.writing import Writer

KEEP_LEFTOVERS = "--keep-leftovers"
"""Argument: leave alone what other processes left half-written; they may be at work on another machine."""


_ABOUT_SCENES = {"describe": worker.describe, "keyframes": worker.keyframes}


def main() -> None:
    """Serve requests until the standard input ends."""
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what Mitsuba prints is no answer
    lock = threading.Lock()

    def answer(kind: str, value: Any = None) -> None:
        with lock, contextlib.suppress(BrokenPipeError):  # nobody listens any more; the end of the input comes too
            pickle.dump((kind, value), answers)
            answers.flush()

    writer = Writer(lambda outcome: answer("finished", outcome), clean=KEEP_LEFTOVERS not in sys.argv)
    received: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(requests, received, writer), daemon=True).start()
    prepare_environment()
    with _silence():  # Dr.Jit complains about a wrong LLVM; who asks for its variant gets an error that says so
        import mitsuba  # noqa: F401 (while the parent still looks for scenes)

    while True:
        kind, value = received.get()
        if kind in _ABOUT_SCENES:
            try:
                answer("answered", _ABOUT_SCENES[kind](value))
            except SceneError as error:
                answer("refused", one_line(str(error)))
            continue
        started = time.perf_counter()
        try:
            frame, invalid_pixels = worker.render(value)
        except SceneError as error:
            answer("failed", Failed(value, one_line(str(error))))
        else:
            writer.put(value, frame, time.perf_counter() - started, invalid_pixels)
            answer("taken")


def _receive(requests: BinaryIO, received: queue.SimpleQueue, writer: Writer) -> None:
    while True:
        try:
            received.put(pickle.load(requests))
        except (EOFError, pickle.UnpicklingError):
            writer.flush()
            os._exit(0)  # in the middle of a render, which cannot be interrupted


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing reaches the standard error, from C neither, for a while."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    main()
