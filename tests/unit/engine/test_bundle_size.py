"""Bundles are long enough to cost little, and short enough to end together."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.engine.bundle_size import BundleSize

MOST = 1_000
PLENTY = 10_000_000


@pytest.fixture
def measured():
    """Sizes for two slots after a first bundle that took ``each`` per mini-batch."""

    def measured(each, slots=2, most=MOST):
        size = BundleSize(slots, most)
        size.observe(1, each)
        return size

    return measured


def test_the_first_bundles_hold_one_each():
    """Nobody knows yet how long a mini-batch takes."""
    size = BundleSize(4, MOST)

    assert [1, 1, 1] == [size.next(PLENTY) for _ in range(3)]


def settled_size(size, each, waiting=PLENTY):
    """Let the size grow as long as it wants to."""
    for _ in range(20):
        size.observe(100, 100 * each)
        found = size.next(waiting)
    return found


def test_a_bundle_takes_half_a_second(measured):
    """With few slots."""
    assert settled_size(measured(0.001), 0.001) == 500


def test_many_slots_get_longer_bundles(measured):
    """Five milliseconds for each: carrying them takes its time."""
    assert settled_size(measured(0.001, slots=200), 0.001) == 1000


@pytest.mark.parametrize("each", [0.5, 60.0, 3600.0])
def test_slow_mini_batches_travel_alone(measured, each):
    """A bundle never waits behind another mini-batch for no reason."""
    assert settled_size(measured(each), each) == 1


def test_a_bundle_fits(measured):
    """However fast mini-batches are."""
    assert settled_size(measured(0.0), 0.0) == MOST


def test_sizes_grow_step_by_step(measured):
    """One fast mini-batch does not decide about thousands."""
    size = measured(1e-6, most=PLENTY)
    sizes = [size.next(PLENTY) for _ in range(4)]

    assert sizes[0] <= 32
    assert all(later <= 32 * before for before, later in itertools.pairwise(sizes))


def test_toward_the_end_bundles_shrink(measured):
    """All slots end together."""
    size = measured(0.01)
    settled_size(size, 0.01)

    assert [50, 25, 3] == [size.next(waiting) for waiting in (400, 100, 10)]


def test_a_bundle_that_ran_nothing_teaches_nothing():
    """A node that was lost has measured no mini-batch."""
    size = BundleSize(2, MOST)
    size.observe(0, 60.0)

    assert size.next(PLENTY) == 1


@given(
    slots=st.integers(1, 300),
    observed=st.lists(st.tuples(st.integers(0, MOST), st.floats(0, 1e4)), max_size=20),
    waiting=st.integers(1, PLENTY),
)
def test_a_size_is_always_usable(slots, observed, waiting):
    """At least one, and no more than fit, whatever was measured."""
    size = BundleSize(slots, MOST)
    for mini_batches, seconds in observed:
        size.observe(mini_batches, seconds)

        assert 1 <= size.next(waiting) <= MOST
