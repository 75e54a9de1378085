"""How many worker processes fit on a node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.compute.process_count import process_count

MB = 10**6
amounts = st.integers(1, 10**12)
used = st.lists(amounts, min_size=1, max_size=64)
limits = st.none() | amounts


@pytest.mark.parametrize(
    ("cores", "available", "used", "limit", "count"),
    [
        pytest.param(8, 10_000 * MB, [100 * MB], None, 8, id="plenty: the cores"),
        pytest.param(8, 900 * MB, [100 * MB], None, 6, id="(900+100)*0.8/125"),
        pytest.param(8, 50 * MB, [4_000 * MB], None, 1, id="its own memory counts"),
        pytest.param(8, 0, [100 * MB], None, 1, id="nothing left: the one that runs"),
        pytest.param(8, 900 * MB, [100 * MB], 110 * MB, 7, id="no growth beyond limit"),
        pytest.param(8, 700 * MB, [100 * MB, 200 * MB], None, 3, id="the largest one"),
        pytest.param(8, None, [100 * MB], None, 1, id="unknown memory"),
        pytest.param(8, 900 * MB, [], None, 1, id="nothing was measured"),
        pytest.param(0, 900 * MB, [1], None, 1, id="not even a core"),
    ],
)
def test_counts(cores, available, used, limit, count):
    """Cores and memory both have to suffice."""
    found = process_count(cores, available, used, limit)

    assert count == found


@given(st.integers(1, 1024), amounts, used, limits)
def test_it_fits(cores, available, used, limit):
    """From 1 to the cores; more than one never need more than four fifths."""
    count = process_count(cores, available, used, limit)
    each = max(used) * 1.25
    each = each if limit is None else min(each, limit)

    assert 1 <= count <= cores
    assert count == 1 or count * each <= 0.8 * (available + sum(used)) * (1 + 1e-9)


@given(st.integers(1, 1024), amounts, used, limits, amounts)
def test_more_of_anything_is_never_fewer_processes(cores, available, used, limit, more):
    """Cores and memory; a larger process, and a larger limit, are never more."""
    count = process_count(cores, available, used, limit)

    assert count <= process_count(cores + 1, available, used, limit)
    assert count <= process_count(cores, available + more, used, limit)
    assert limit is None or count >= process_count(cores, available, used, limit + more)
    assert limit is None or count >= process_count(cores, available, used)


@given(st.integers(1, 1024), amounts, amounts, st.integers(2, 64))
def test_it_stays_where_it_is(cores, available, each, count):
    """What the others use is not counted twice: measured again, nothing changes."""
    before = process_count(cores, available + each * (count - 1), [each])
    after = process_count(cores, available, [each] * count)

    assert before == after
