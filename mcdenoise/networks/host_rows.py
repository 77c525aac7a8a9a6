"""Loops over the rows of pictures on the processor, compiled by Numba and shared among threads.

Every inner loop runs along a row and holds nothing that a compiler cannot turn into vector instructions.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from torch.profiler import record_function

from mcdenoise.tonemap import LOG_GAIN

_THREADS = ThreadPoolExecutor(64, thread_name_prefix="rows")
_BEFORE_STARTING_THREADS = 4096  # pixels
# Sums may be regrouped and products fused, but NaN and Inf keep their meaning.
_ARITHMETIC = {"contract", "reassoc", "nsz", "arcp"}
_ONE = np.float32(1)


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
    with record_function(f"compiled_{function.__name__.lstrip('_')}"):
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


def inlined(function: Callable) -> Callable:
    """For functions of single numbers, called in the inner loops of `compiled` ones, which stay vector instructions."""
    return numba.njit(function, fastmath=_ARITHMETIC, error_model="numpy", forceinline=True)


@intrinsic
def _float_of(typing, bits):
    return types.float32(types.uint32), lambda _, builder, __, arguments: builder.bitcast(arguments[0], ir.FloatType())


@intrinsic
def _bits_of(typing, value):
    return types.uint32(types.float32), lambda _, builder, __, arguments: builder.bitcast(arguments[0], ir.IntType(32))


@inlined
def exponential(x):
    """e^x, to 4e-6 of it; x counts as from -87 to 88."""
    z = min(max(x * np.float32(1.44269504), np.float32(-125.5)), np.float32(127))
    k = np.int32(z + np.float32(126.5)) - np.int32(126)  # the nearest whole number
    f = z - np.float32(k)
    p = np.float32(1.5403530e-4) * f + np.float32(1.3333558e-3)
    p = p * f + np.float32(9.6181291e-3)
    p = p * f + np.float32(5.5504109e-2)
    p = p * f + np.float32(2.4022651e-1)
    p = p * f + np.float32(6.9314718e-1)
    return (p * f + _ONE) * _float_of(np.uint32((k + np.int32(127)) << np.int32(23)))


@inlined
def logarithm(x):
    """ln x of a positive number that is not among the very smallest, to 1e-6.

    x = 2^k m with m from sqrt(1/2) on, and ln m by the series of 2 artanh((m - 1) / (m + 1)).
    """
    bits = _bits_of(x) - np.uint32(0x3F3504F3)
    k = np.int32(bits) >> np.int32(23)
    m = _float_of((bits & np.uint32(0x7FFFFF)) + np.uint32(0x3F3504F3))
    s = (m - _ONE) / (m + _ONE)
    t = s * s
    p = (np.float32(2 / 7) + np.float32(2 / 9) * t) * t + np.float32(2 / 5)
    p = (p * t + np.float32(2 / 3)) * t + np.float32(2)
    return np.float32(k) * np.float32(0.69314718) + s * p


@inlined
def sigmoid(x):
    return _ONE / (_ONE + exponential(-x))


@inlined
def softplus(x):
    return max(x, np.float32(0)) + logarithm(_ONE + exponential(-abs(x)))


@inlined
def curve(radiance):
    """`tonemap.log_curve`."""
    return logarithm(_ONE + np.float32(LOG_GAIN) * radiance) * np.float32(1 / np.log1p(LOG_GAIN))


@inlined
def short(x):
    """The 16 bits of the nearest bfloat16 number."""
    bits = _bits_of(x)
    return np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@inlined
def long(planes, value):
    """A number of `planes`, which hold float32 or the bits of bfloat16, as float32."""
    return _float_of(np.uint32(value) << np.uint32(16)) if planes.itemsize == 2 else np.float32(value)
