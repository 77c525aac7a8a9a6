"""Memory to work in that is kept from one picture to the next.

The system hands out memory filled with zeros: for what a picture takes that costs as long as all of its filters.
"""

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

_KEPT = 768 * 2**20
"""Bytes, at the most, for each network: what a picture of 1920 x 1080 takes in bfloat16 fits."""


class Room:
    """Hands out arrays, each with memory of its own until `tidy`, after which the same memory serves once more."""

    def __init__(self):
        self._memory: list[np.ndarray] = []
        self._given = 0

    def empty(self, shape: Sequence[int], dtype: np.dtype = np.float32) -> np.ndarray:
        """Uninitialised. From NumPy, which asks the system for large pages and so gets new ones faster than torch."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self._given == len(self._memory):
            self._memory.append(np.empty(size, np.uint8))
        elif self._memory[self._given].size < size:
            self._memory[self._given] = np.empty(size, np.uint8)
        memory = self._memory[self._given]
        self._given += 1
        return memory[:size].view(dtype).reshape(shape)

    def tidy(self) -> None:
        """Take back what was handed out, and keep no more of it than fits."""
        self._given = 0
        while sum(memory.size for memory in self._memory) > _KEPT:
            self._memory.pop()


_ROOMS: weakref.WeakKeyDictionary[object, Room] = weakref.WeakKeyDictionary()


@contextmanager
def room_of(owner: object) -> Iterator[Room]:
    """The owner's room, which goes when the owner does; another one if some thread is in that already."""
    room = _ROOMS.pop(owner, None) or Room()
    try:
        yield room
    finally:
        room.tidy()
        _ROOMS[owner] = room
