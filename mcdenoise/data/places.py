"""Where decoded frames are kept while a network is trained: which place, how many bytes, and the sentence about it."""

import os
from pathlib import Path
from typing import Literal, get_args

import torch

from mcdenoise.data.cache import DiskFrameCache, FrameCache
from mcdenoise.data.crops import CropDataset
from mcdenoise.data.views import First, always
from mcdenoise.errors import DataError

Place = Literal["auto", "host", "disk", "cuda"]

GIB = 2**30
LIMITS = {"host": 2.0, "disk": 32.0, "cuda": 4.0}
"""GiB, unless told otherwise: numbers that are the same on every machine, as the order of examples hangs on them."""

_MANY_CORES = 8
"""Crops of 160 x 160 with a guide: 740 a second by an H100, 1970 by 16 of a Xeon's cores beside it."""


def choose_cache(
    place: Place,
    gib: float | None,
    folder: str | os.PathLike | None,
    device: torch.device,
    needed: int,
    first: First = always,
) -> FrameCache:
    """The cache in `place`, of `gib` GiB or as `LIMITS` say.

    `auto` is `cuda` if training is on a GPU, all `needed` bytes fit into the limit there and into half of its free
    memory, and there are fewer than `_MANY_CORES` processors, which together cut crops faster than the GPU does; else
    `host`. folder: of the place `disk`, else `default_folder()`. Raises DataError for what is not there or
    makes no sense.
    """
    if place not in get_args(Place):
        raise DataError(f"there is no cache {place!r}: choose one of {', '.join(get_args(Place))}.", misuse=True)
    if gib is not None and not 0 < gib < 2**20:
        raise DataError(f"--cache-gib must be a finite number above 0, not {gib}.", misuse=True)
    if place == "cuda" and device.type != "cuda":
        raise DataError(f"--cache cuda keeps frames on the GPU that trains, and training is on {device}.", misuse=True)
    if folder is not None and place != "disk":
        raise DataError("--cache-folder is for --cache disk.", misuse=True)
    if place == "auto":
        place = "host"
        if device.type == "cuda" and (os.cpu_count() or 1) < _MANY_CORES:
            room = min((gib or LIMITS["cuda"]) * GIB, torch.cuda.mem_get_info(device)[0] / 2)
            place = "cuda" if needed <= room else "host"
    limit = int((gib or LIMITS[place]) * GIB)
    if place == "disk":
        return DiskFrameCache(limit, folder or default_folder(), first)
    return FrameCache(limit, device if place == "cuda" else "cpu", first)


def default_folder() -> Path:
    """`mcdenoise/frames` in the user's folder of caches (XDG_CACHE_HOME, else ~/.cache)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcdenoise" / "frames"


def describe(dataset: CropDataset) -> str:
    """One line: how much there is to keep, where it is kept, and what that costs."""
    cache, schedule = dataset.cache, dataset.schedule
    where = "host memory" if cache.device.type == "cpu" else f"the memory of {cache.device}"
    if isinstance(cache, DiskFrameCache):
        where = f"files in {cache.folder}"
    size, limit = map(_size, (dataset.bytes, cache.limit))
    if schedule.whole:
        return f"decoded frames take {size} and are all kept in {where} (limit {limit})"
    few = ", fewer than a batch takes" if schedule.pool < schedule.slots else ""
    if dataset.crowded:
        few += "; the cache does not hold two views, so that frames are decoded again and again"
    return (
        f"decoded frames take {size}, of which {limit} are kept in {where}: {schedule.pool} of {schedule.views} views "
        f"are in use at a time{few}, and each is decoded anew every epoch (a larger --cache-gib saves that)"
    )


def _size(count: int) -> str:
    return f"{count / GIB:.2f} GiB" if count >= GIB / 10 else f"{count / 2**20:.1f} MiB"
