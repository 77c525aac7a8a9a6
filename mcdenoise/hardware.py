"""What this machine computes with: the device, and the precision that it gains from."""

import ctypes
import functools

import torch

from mcdenoise.errors import McdenoiseError

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # malloc.h of glibc


def choose_device(name: str = "auto") -> torch.device:
    """`auto` (CUDA if there is a GPU, else the CPU), `cpu`, `cuda` or `cuda:N`.

    Raises McdenoiseError if it is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise McdenoiseError(
            f"there is no device called {name!r}: choose auto, cpu, cuda or cuda:N.", misuse=True
        ) from None
    if device.type not in ("cpu", "cuda"):
        raise McdenoiseError(f"device {name!r} is not supported: choose auto, cpu, cuda or cuda:N.", misuse=True)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not 0 <= (device.index or 0) < count:  # torch takes cuda:999 for an index below zero
            raise McdenoiseError(f"device {name} is not there: {count} CUDA GPUs found.", misuse=True)
    return device


def convolutions_in_bf16(device: torch.device, enabled: bool) -> torch.autocast:
    """A context in which convolutions are in bfloat16, if `enabled`.

    It keeps no copies of weights: within another autocast, as of a caller, they would outlast the step of an optimizer
    that changes the weights.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled, cache_enabled=False)


def has_fast_bf16(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 run on units of their own there, rather than by emulation."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


@functools.cache
def keep_freed_memory() -> None:
    """Have this process keep memory that is freed for what is asked for next; only where the C library is glibc.

    Else it gives large pieces back at once and gets them anew, page by page and filled with zeros: a seventh of the
    time of a training step on a processor.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no such function, or no library that is the process itself
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_TOP_PAD, 2**26)
