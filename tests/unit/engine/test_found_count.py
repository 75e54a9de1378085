"""How many processes ``auto`` has found room for, as the journal keeps it."""

from __future__ import annotations

from azml_pipelines.engine.found_count import FoundCount
from azml_pipelines.store.run_reader import read_run_state


def noted(run):
    """Return what is written down."""
    return read_run_state(run.folder).steps[0].auto_processes


def test_the_last_count_is_kept(planned):
    """It may grow and shrink while a step runs."""
    run = planned(process_count_per_node="auto")
    count = FoundCount(run.step, 0, run.journal)
    before = noted(run)
    for processes in (1, 4, 4, 3):
        count.observe(processes)

    assert before is None
    assert noted(run) == 3


def test_a_given_count_is_in_the_plan(planned):
    """It is not written down again."""
    run = planned(process_count_per_node=4)
    FoundCount(run.step, 0, run.journal).observe(4)

    assert noted(run) is None
