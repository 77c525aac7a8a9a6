"""Which view each training example comes from: every view is visited once an epoch, for many crops while it is decoded.

An epoch is a random permutation of the views. The examples of a step, one a slot, come from as many lanes, among which
the permutation is dealt out: lanes, and so processes that take slots of their own, read views apart from each other's.
In its lane a step belongs to a block of consecutive views, as many as in other lanes; the views of all lanes' present
blocks are the pool. A block is gone through in rounds, each a new permutation, until every view has given its crops.
Where the pool is all views, an epoch is one round of one block, and that is drawing without replacement.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

_EPOCH, _ROUND = 1, 2


@dataclass(frozen=True)
class Schedule:
    """A pure function from example numbers to views: no state, and cheap at any place.

    views: how many there are. slots: examples a step, of all processes together; example i is of slot i % slots. ranks:
    processes, each of which takes slots / ranks consecutive slots. pool: how many views may be decoded at once, of all
    processes together. visit: crops that a view gives while it is (at least; fewer if the pool is all views).
    """

    views: int
    slots: int = 1
    ranks: int = 1
    pool: int = 2**31
    visit: int = 16
    seed: int = 0

    @cached_property
    def lanes(self) -> int:
        """Of equal number for every process, and so each of one process, wherever there are as many views."""
        most = min(self.views, self.slots, max(self.pool, 1))
        return most // self.ranks * self.ranks or most

    @cached_property
    def whole(self) -> bool:
        """Whether the pool is all views."""
        return self.pool >= self.views

    @cached_property
    def _lane_views(self) -> int:
        return -(-self.views // self.lanes)

    @cached_property
    def _blocks(self) -> int:
        return 1 if self.whole else -(-self._lane_views // max(1, self.pool // self.lanes))

    @cached_property
    def _steps_of_a_view(self) -> int:
        return 1 if self.whole else -(-self.visit // (self.slots // self.lanes))

    @cached_property
    def epoch_steps(self) -> int:
        """Steps after which every view has been visited."""
        return self._lane_views * self._steps_of_a_view

    def view(self, example: int) -> int:
        """The number of the view that example `example` is cut from."""
        views, place = self._here(example)
        return views[place]

    def substitutes(self, example: int) -> list[int]:
        """Views to take instead, one after the other, if that view is broken: those of its block, then all others."""
        views, place = self._here(example)
        others = _permutation(self.views, self.seed, _EPOCH, example // self.slots // self.epoch_steps)
        return list(dict.fromkeys([*views[place:], *views[:place], *others.tolist()]))[1:]

    def block(self, step: int) -> int:
        """The number of the block that `step` is in, counted from the first step on."""
        epoch, step = divmod(step, self.epoch_steps)
        return epoch * self._blocks + self._place(step)[0]

    def views_of_block(self, block: int, rank: int = 0) -> list[int]:
        """The views that process `rank` takes from in that block, those it takes first at the front."""
        epoch, block = divmod(block, self._blocks)
        share = self.slots // self.ranks
        lanes = sorted({self._lane(slot) for slot in range(rank * share, (rank + 1) * share)})
        found = [_round(self, epoch, block, lane, 0) for lane in lanes]
        return list(dict.fromkeys(view for together in zip(*found, strict=True) for view in together))

    def _lane(self, slot: int) -> int:
        return slot * self.lanes // self.slots

    def _bounds(self, block: int) -> tuple[int, int]:
        return block * self._lane_views // self._blocks, (block + 1) * self._lane_views // self._blocks

    def _place(self, step: int) -> tuple[int, int]:
        """(block of the epoch, step in it) of step `step` of an epoch."""
        view = step // self._steps_of_a_view
        block = ((view + 1) * self._blocks - 1) // self._lane_views
        return block, step - self._bounds(block)[0] * self._steps_of_a_view

    def _here(self, example: int) -> tuple[list[int], int]:
        """(views of the round of `example`, its place among them)."""
        step, slot = divmod(example, self.slots)
        epoch, step = divmod(step, self.epoch_steps)
        block, step = self._place(step)
        lane = self._lane(slot)
        number, place = divmod(step, self._bounds(block)[1] - self._bounds(block)[0])
        views = _round(self, epoch, block, lane, number)
        place += slot - -(-lane * self.slots // self.lanes)  # slots of one lane take different views
        return views, place % len(views)


@lru_cache(maxsize=512)
def _round(schedule: Schedule, epoch: int, block: int, lane: int, number: int) -> list[int]:
    mine = _permutation(schedule.views, schedule.seed, _EPOCH, epoch)[lane :: schedule.lanes]
    first, last = schedule._bounds(block)
    views = mine[np.arange(first, last) % len(mine)]  # a lane that is a view short takes one of its own again
    return views[_permutation(len(views), schedule.seed, _ROUND, epoch, block, lane, number)].tolist()


@lru_cache(maxsize=8)
def _permutation(count: int, *key: int) -> np.ndarray:
    return np.random.default_rng(key).permutation(count)
