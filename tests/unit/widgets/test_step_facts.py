"""One step of a run in words and numbers."""

from __future__ import annotations

import pytest

from azml_pipelines.widgets.pace import Speed
from azml_pipelines.widgets.step_facts import (
    count,
    describe_counts,
    duration,
    spent_seconds,
    step_facts,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(-5, "0.0 s", id="clocks may differ"),
        pytest.param(4.21, "4.2 s", id="tenths below ten seconds"),
        pytest.param(42.4, "42 s", id="seconds"),
        pytest.param(59.7, "1:00", id="rounding reaches the minute"),
        pytest.param(187, "3:07", id="minutes"),
        pytest.param(3787, "1:03:07", id="hours"),
        pytest.param(183_600, "2 d 03 h", id="days"),
    ],
)
def test_durations_are_short(seconds, text):
    """A duration has the two or three figures that matter."""
    assert text == duration(seconds)


def test_durations_without_tenths():
    """A guess does not pretend to be exact."""
    assert duration(4.21, tenths=False) == "4 s"


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        pytest.param(1, "step", "1 step", id="one"),
        pytest.param(0, "item", "0 items", id="none"),
        pytest.param(1200, "mini-batch", "1,200 mini-batches", id="es"),
        pytest.param(2, "retry", "2 retries", id="ies"),
    ],
)
def test_nouns_are_counted(number, noun, text):
    """Words agree with their number."""
    assert text == count(number, noun)


def test_a_running_step_says_everything(make_step, now):
    """Counts, the average rate, the time left, the time so far."""
    facts = step_facts(make_step(), now)

    assert facts.word == "running"
    assert pytest.approx(0.4) == facts.fraction
    assert (
        facts.mini_batches,
        facts.items,
        facts.failed,
        facts.retries,
    ) == ("40/100", "400/1,000", "3", "2")
    assert (facts.rate, facts.left, facts.elapsed) == ("4.0 items/s", "2:30", "1:40")


def test_a_table_does_not_know_its_rows(make_step, now):
    """Without a total of items, the items that are done stand alone."""
    assert step_facts(make_step(total_items=None), now).items == "400"


def test_a_step_without_items_counts_mini_batches(make_step, now):
    """Nothing but mini-batches settles while every row is missing."""
    step = make_step(succeeded_items=0, failed_items=0)

    assert step_facts(step, now).rate == "24.0 mini-batches/min"


def test_a_waiting_step_says_nothing_it_does_not_know(make_step, now):
    """Dashes, no zeros."""
    step = make_step(
        status="NotStarted",
        started=None,
        total_mini_batches=None,
        done_mini_batches=0,
        succeeded_items=0,
        failed_items=0,
        retries=0,
    )
    facts = step_facts(step, now)

    assert facts.word == "waiting"
    assert facts.fraction is None
    assert {"-"} == {
        facts.mini_batches,
        facts.items,
        facts.failed,
        facts.retries,
        facts.rate,
        facts.left,
        facts.elapsed,
    }


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"total_mini_batches": None}, "starting", id="not counted yet"),
        pytest.param(
            {"total_mini_batches": None, "listed_mini_batches": 70},
            "listing",
            id="being counted",
        ),
        pytest.param({"done_mini_batches": 100}, "finishing", id="committing"),
        pytest.param({"status": "Canceled"}, "canceled", id="stopped"),
    ],
)
def test_words_for_what_a_step_does(make_step, now, changes, word):
    """Long silences have a name."""
    assert word == step_facts(make_step(**changes), now).word


def test_a_step_that_lists_says_how_many_there_are_so_far(make_step, now):
    """A plus says that more will come; nobody knows what share is done."""
    step = make_step(total_mini_batches=None, listed_mini_batches=12_000)
    facts = step_facts(step, now)

    assert (facts.mini_batches, facts.fraction, facts.left) == ("40/12,000+", None, "-")


def test_a_step_that_nobody_saw_end_does_not_grow_older(make_step, now):
    """Its orchestrator died; how long it ran is not known."""
    facts = step_facts(make_step(status="Failed"), now)

    assert (facts.rate, facts.elapsed) == ("-", "-")


def test_the_recent_speed_wins(make_step, now):
    """The time left follows from the speed that the caller measured."""
    facts = step_facts(make_step(), now, Speed(mini_batches=6, items=200))

    assert (facts.rate, facts.left) == ("200 items/s", "10 s")


def test_a_run_is_counted_in_one_line(finished):
    """Failed ones are said, even when there are none."""
    assert describe_counts(finished) == (
        "1 of 1 step finished, 100 mini-batches done (1 failed), "
        "1,000 items done (3 failed), 2 retries"
    )


def test_the_time_of_a_run(make_state, failed, now):
    """A running one grows older, an ended one does not, a lost one is unknown."""
    assert spent_seconds(make_state(), now) == 100
    assert spent_seconds(failed, now) == 90
    assert spent_seconds(make_state(status="Failed"), now) is None
