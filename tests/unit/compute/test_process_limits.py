"""A worker is killed when its time is up by a clock that nobody can set."""

from __future__ import annotations

import pytest

from azml_pipelines.compute.runner import ProcessLimits
from azml_pipelines.worker.page import Phase, Running

LIMITS = ProcessLimits(run=10, init=40, overhead=600)


@pytest.mark.parametrize(
    ("phase", "now", "left"),
    [
        pytest.param(Phase.RUNNING, 1000.0, 10.0, id="just begun"),
        pytest.param(Phase.RUNNING, 1009.5, 0.5, id="nearly over"),
        pytest.param(Phase.RUNNING, 1011.0, -1.0, id="over"),
        pytest.param(Phase.LOADING, 1011.0, 589.0, id="reading has its own limit"),
        pytest.param(Phase.WRITING, 1600.0, 0.0, id="and so has writing"),
    ],
)
def test_what_is_left(phase, now, left):
    """Of the limit of what the worker does."""
    assert LIMITS.left(Running(3, phase, 1000.0, 5), now) == left


def test_nothing_begins_before_it_was_given():
    """A page that still shows an earlier mini-batch does not shorten a later one."""
    stale = Running(3, Phase.RUNNING, 900.0, 5)

    assert LIMITS.left(stale, 1000.0, given=999.0) == 9.0
