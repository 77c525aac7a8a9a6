import gc
import weakref

import numpy as np

from mcdenoise.networks import host_room
from mcdenoise.networks.host_room import Room, room_of


class Owner:
    pass


def test_memory_serves_again_and_never_two_at_once():
    owner = Owner()
    with room_of(owner) as room:
        first, second = room.empty((2, 3)), room.empty((4,), np.uint16)
        assert (first.dtype, first.shape, second.dtype, second.shape) == (np.float32, (2, 3), np.uint16, (4,))
        assert not np.shares_memory(first, second)
        with room_of(owner) as other:  # as another thread would
            assert not np.shares_memory(other.empty((2, 3)), first)
    with room_of(owner) as room:
        again, larger = room.empty((5,)), room.empty((100,))
        assert not np.shares_memory(again, larger)
        larger[:] = 1
    kept = room_of(owner)
    with kept as room:
        room.empty((1,))
        assert (room.empty((100,)) == 1).all()


def test_no_more_is_kept_than_said(monkeypatch):
    monkeypatch.setattr(host_room, "_KEPT", 1000)
    room = Room()
    for _ in range(3):
        room.empty((100,))
    room.tidy()
    assert sum(memory.size for memory in room._memory) == 800


def test_it_goes_with_its_owner():
    owner = Owner()
    with room_of(owner) as room:
        gone = weakref.ref(room)
    del room, owner
    gc.collect()
    assert gone() is None
