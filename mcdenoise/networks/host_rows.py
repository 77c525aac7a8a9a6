"""Loops over the rows of pictures on the processor, compiled by Numba and shared among threads.

Every inner loop runs along a row and holds nothing that a compiler cannot turn into vector instructions.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
from torch.profiler import record_function

_THREADS = ThreadPoolExecutor(64, thread_name_prefix="rows")
_BEFORE_STARTING_THREADS = 4096  # pixels
# Sums may be regrouped and products fused, but NaN and Inf keep their meaning.
_ARITHMETIC = {"contract", "reassoc", "nsz", "arcp"}


def compiled(function: Callable) -> Callable:
    """Compiled on the first call, which takes seconds; kept on disk for later processes where that can be written."""
    try:
        return numba.njit(function, nogil=True, cache=True, fastmath=_ARITHMETIC, error_model="numpy")
    except RuntimeError:
        return numba.njit(function, nogil=True, fastmath=_ARITHMETIC, error_model="numpy")


def in_threads(function: Callable, arguments: tuple, rows: int, pixels: int, threads: int) -> None:
    """Call `function(*arguments, start, end)` for parts of the rows from 0 on. pixels: in all of them.

    torch's profiler sees it under the function's name.
    """
    threads = max(1, min(threads, pixels // _BEFORE_STARTING_THREADS, rows))
    cuts = [rows * i // threads for i in range(threads + 1)]
    with record_function(f"compiled{function.__name__}"):
        others = [_THREADS.submit(function, *arguments, cuts[i], cuts[i + 1]) for i in range(1, threads)]
        try:
            function(*arguments, cuts[0], cuts[1])
        finally:
            for other in others:
                other.result()


@compiled
def take(planes, b, channel, y, x0, step, line):
    """The values for the pixels from (y, x0) on into `line`, of a plane that `pixel_shuffle(planes, step)` would give.

    step: 1 or 2. x0 is even.
    """
    n = len(line)
    if step == 1:
        here = planes[b, channel, y, x0 : x0 + n]
        for x in range(n):
            line[x] = here[x]
    else:
        first = planes[b, channel * 4 + y % 2 * 2, y // 2, x0 // 2 : (x0 + n) // 2]
        second = planes[b, channel * 4 + y % 2 * 2 + 1, y // 2, x0 // 2 : (x0 + n) // 2]
        for x in range(n // 2):
            line[2 * x] = first[x]
            line[2 * x + 1] = second[x]
