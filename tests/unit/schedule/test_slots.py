"""The promises of the decision: each nominal time once, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.schedule.definition import (
    CronTrigger,
    RecurrenceTrigger,
    slots_after,
)
from azml_pipelines.schedule.slots import due

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURLY = RecurrenceTrigger(frequency="Hour", interval=1, start=START)
HOUR = timedelta(hours=1)


def at(hours):
    """Return a moment, in hours after the start."""
    return START + hours * HOUR


def test_a_scheduler_that_was_away_runs_the_latest_slot():
    """Three hours down: one run, and a note that others were left out."""
    found = due(HOURLY, at(0), at(3.5), catchup=False)

    assert ((at(3),), at(3.5), True) == (
        found.slots,
        found.decided_until,
        found.left_out,
    )


def test_catching_up_runs_each_slot():
    """Three hours down: three runs, in order."""
    found = due(HOURLY, at(0), at(3.5), catchup=True)

    assert ((at(1), at(2), at(3)), at(3.5)) == (found.slots, found.decided_until)


def test_catching_up_goes_on_where_it_stopped():
    """At most 100 slots at once, and none twice."""
    first = due(HOURLY, at(0), at(150), catchup=True)
    second = due(HOURLY, first.decided_until, at(150), catchup=True)

    assert [at(n) for n in range(1, 151)] == [*first.slots, *second.slots]


def test_a_clock_set_back_a_little_repeats_nothing():
    """What is decided stays decided until the clock is there again."""
    back = due(HOURLY, at(5.5), at(4.8), catchup=False)

    assert ((), at(5.5)) == (back.slots, back.decided_until)


def test_a_clock_that_was_years_ahead_does_not_silence_a_schedule():
    """When it comes back, slots count from then on."""
    ahead = due(HOURLY, at(0.5), at(10 * 366 * 24), catchup=False)
    back = due(HOURLY, ahead.decided_until, at(1.5), catchup=False)
    later = due(HOURLY, back.decided_until, at(2), catchup=False)

    assert 1 == len(ahead.slots)
    assert ((), at(1.5)) == (back.slots, back.decided_until)
    assert (at(2),) == later.slots


def test_the_first_years_of_unix_fire_nothing_that_has_not_begun():
    """A clock at 1970 is before every start."""
    found = due(HOURLY, at(-1), datetime(1970, 1, 1, tzinfo=UTC), catchup=True)

    assert () == found.slots


def test_a_rare_schedule_is_found_after_years():
    """The latest of several leap days."""
    leap_days = CronTrigger(expression="0 0 29 2 *")

    found = due(leap_days, at(0), datetime(2041, 1, 1, tzinfo=UTC), catchup=False)

    assert (datetime(2040, 2, 29, tzinfo=UTC),) == found.slots
    assert found.left_out


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.01, 30), min_size=1, max_size=30),
    st.sampled_from(["0 * * * *", "30 2 * * *", "15 4 1 * *", "*/20 2,3 * * 7"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Havana"]),
)
def test_however_often_it_looks_each_slot_fires_once(steps, expression, zone):
    """Looks at random times, with and without catching up."""
    trigger = CronTrigger(expression=expression, time_zone=zone)
    decided, latest, now = at(0), at(0), at(0)
    fired, newest = [], []
    for step in steps:
        now += step * 24 * HOUR
        found = due(trigger, decided, now, catchup=True)
        while found.slots:
            fired += found.slots
            found = due(trigger, found.decided_until, now, catchup=True)
        decided = found.decided_until
        one = due(trigger, latest, now, catchup=False)
        newest += [(one.slots, now, latest)]
        latest = one.decided_until

    every = []
    for slot in slots_after(trigger, at(0)):
        if slot > now:
            break
        every.append(slot)
    assert every == fired
    for slots, until, since in newest:
        assert slots == tuple([one for one in every if since < one <= until][-1:])
