"""Which view an example comes from: coverage, disjoint shares, a bounded pool, and no state."""

import pickle
from collections import Counter
from itertools import pairwise

import pytest

from mcdenoise.data.schedule import Schedule

MANY = [
    Schedule(views=1),
    Schedule(views=1, slots=4, ranks=2),
    Schedule(views=2, slots=4, ranks=2),
    Schedule(views=37, slots=8, ranks=2),
    Schedule(views=37, slots=8, ranks=4, pool=16),
    Schedule(views=100, slots=6, ranks=3, pool=30, visit=5, seed=3),
    Schedule(views=100, slots=32, ranks=2, pool=7, visit=16),
    Schedule(views=5, slots=16, ranks=4, pool=2),
    Schedule(views=41, slots=1, pool=10, visit=4),
]


def epoch_of(schedule, epoch=0, rank=None):
    """The views of one epoch's examples in order, of all processes or of one."""
    share = schedule.slots // schedule.ranks
    slots = range(schedule.slots) if rank is None else range(rank * share, (rank + 1) * share)
    steps = range(epoch * schedule.epoch_steps, (epoch + 1) * schedule.epoch_steps)
    return [[schedule.view(step * schedule.slots + slot) for slot in slots] for step in steps]


@pytest.mark.parametrize("schedule", MANY, ids=str)
def test_every_view_is_visited_in_every_epoch(schedule):
    for epoch in range(3):
        counts = Counter(view for step in epoch_of(schedule, epoch) for view in step)
        assert set(counts) == set(range(schedule.views))
        if not schedule.whole:
            assert min(counts.values()) >= schedule.visit


@pytest.mark.parametrize("schedule", [s for s in MANY if s.ranks > 1], ids=str)
def test_processes_read_different_views_where_there_are_enough(schedule):
    for epoch in range(3):
        shares = [{v for step in epoch_of(schedule, epoch, rank) for v in step} for rank in range(schedule.ranks)]
        assert set().union(*shares) == set(range(schedule.views))
        if schedule.views >= schedule.ranks and schedule.pool >= schedule.ranks:
            assert sum(map(len, shares)) == schedule.views


@pytest.mark.parametrize("schedule", MANY, ids=str)
def test_a_block_uses_no_more_views_than_the_pool_and_says_which(schedule):
    seen = {}
    for epoch in range(2):
        for i, step in enumerate(epoch_of(schedule, epoch)):
            block = schedule.block(epoch * schedule.epoch_steps + i)
            seen.setdefault(block, set()).update(step)
    assert sorted(seen) == list(range(len(seen)))
    for block, views in seen.items():
        assert len(views) <= max(schedule.pool, schedule.lanes)
        announced = [schedule.views_of_block(block, rank) for rank in range(schedule.ranks)]
        assert set().union(*announced) == views
        assert all(len(set(one)) == len(one) for one in announced)


def test_a_pool_of_all_views_is_drawing_without_replacement():
    schedule = Schedule(views=36, slots=4)
    first, second = epoch_of(schedule, 0), epoch_of(schedule, 1)
    for epoch in (first, second):
        assert sorted(view for step in epoch for view in step) == list(range(36))
    assert first != second
    assert all(len(set(step)) == 4 for step in first)


def test_crops_of_one_view_are_mixed_with_those_of_the_pool():
    schedule = Schedule(views=200, slots=4, pool=40, visit=10)
    steps = epoch_of(schedule)
    assert all(len(set(step)) == 4 for step in steps)
    # A view comes back only once the others of its lane's block have had their turn in that round or the next.
    places = [[i for i, step in enumerate(steps) if view in step] for view in range(200)]
    gaps = [b - a for one in places for a, b in pairwise(one)]
    assert sum(gaps) / len(gaps) > 8
    assert all(max(one) - min(one) < 10 * 11 for one in places)


def test_blocks_are_of_nearly_one_size():
    schedule = Schedule(views=41, slots=1, pool=10, visit=4)
    sizes = [len(schedule.views_of_block(block)) for block in range(5)]
    assert max(sizes) - min(sizes) <= 1


def test_several_processes_take_together_what_one_takes_with_their_batch():
    alone, shared = Schedule(views=50, slots=8, pool=20), Schedule(views=50, slots=8, ranks=4, pool=20)
    shares = [epoch_of(shared, rank=rank) for rank in range(4)]
    assert epoch_of(alone) == [[view for share in step for view in share] for step in zip(*shares, strict=True)]


def test_it_has_no_state(monkeypatch):
    schedule = Schedule(views=30, slots=4, pool=8, visit=3, seed=9)
    forward = [schedule.view(i) for i in range(600)]
    copy = pickle.loads(pickle.dumps(Schedule(views=30, slots=4, pool=8, visit=3, seed=9)))
    assert [copy.view(i) for i in reversed(range(600))][::-1] == forward
    other = Schedule(views=30, slots=4, pool=8, visit=3, seed=10)
    assert [other.view(i) for i in range(600)] != forward


def test_substitutes_are_all_other_views_those_of_the_block_first():
    schedule = Schedule(views=30, slots=2, pool=10, seed=1)
    for example in (0, 7, 300):
        others = schedule.substitutes(example)
        assert sorted([schedule.view(example), *others]) == list(range(30))
        block = schedule.views_of_block(schedule.block(example // 2))
        assert set(others[:4]) <= set(block)
