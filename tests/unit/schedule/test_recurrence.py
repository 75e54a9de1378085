"""The promises of ``ScheduleRecurrence``: version 1's checks, and what it fires."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from azml_pipelines.schedule.definition import slots_after
from azml_pipelines.schedule.recurrence import ScheduleRecurrence
from azml_pipelines.schedule.time_zone import TimeZone

NOW = datetime(2026, 11, 26, 9, 30, 12, 5000, tzinfo=UTC)
BERLIN = TimeZone.WEuropeStandardTime


def fires(recurrence, count, *, made=NOW, after=None):
    """Return the next moments as text."""
    trigger = recurrence.trigger(made)
    since = after or trigger.start.replace(microsecond=0)
    found = slots_after(trigger, since)
    return [f"{one:%m-%d %H:%M}" for one in islice(found, count)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"frequency": "Year", "interval": 1}, "frequency='Year'"),
        ({"frequency": "day", "interval": 1}, "frequency='day'"),
        ({"frequency": "Day", "interval": 0}, "interval=0"),
        ({"frequency": "Day", "interval": True}, "interval=True"),
        ({"frequency": "Day", "interval": 1.5}, "interval=1.5"),
        ({"frequency": "Hour", "interval": 1, "hours": [1]}, "hours="),
        ({"frequency": "Month", "interval": 1, "minutes": [1]}, "minutes="),
        ({"frequency": "Day", "interval": 1, "hours": [24]}, "hours=[24]"),
        ({"frequency": "Day", "interval": 1, "hours": []}, "hours=[]"),
        ({"frequency": "Day", "interval": 1, "hours": 8}, "hours=8"),
        ({"frequency": "Day", "interval": 1, "minutes": [-1]}, "minutes=[-1]"),
        (
            {"frequency": "Day", "interval": 1, "week_days": ["Monday"]},
            "frequency Week only",
        ),
        ({"frequency": "Week", "interval": 1, "week_days": ["Mon"]}, "week_days="),
        ({"frequency": "Day", "interval": 1, "time_zone": "Mars/Base"}, "time_zone="),
        ({"frequency": "Day", "interval": 1, "time_zone": 3}, "time_zone=3"),
    ],
)
def test_validate_refuses_with_a_value_error(arguments, said):
    """The message names the argument and the value; nothing is raised before."""
    recurrence = ScheduleRecurrence(**arguments)

    with pytest.raises(ValueError, match=r"not accepted|no time zone") as caught:
        recurrence.validate()

    assert said in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_time": NOW},
        {"start_time": "2026-11-26T08:00:00+01:00"},
        {"start_time": "tomorrow"},
        {"start_time": 5},
        {"time_of_day": "24:00"},
        {"time_of_day": "8.30"},
        {"time_of_day": "8:30", "hours": [8]},
    ],
)
def test_start_and_time_of_day_are_checked_at_once(arguments):
    """As in version 1, by the constructor."""
    with pytest.raises(ValueError, match="not accepted"):
        ScheduleRecurrence("Day", 1, **arguments)


def test_without_a_start_it_fires_when_it_is_made():
    """And every interval after that, whatever clocks do."""
    recurrence = ScheduleRecurrence("Minute", 15)
    before = datetime(2026, 11, 26, 9, 30, 11, tzinfo=UTC)

    found = fires(recurrence, 3, after=before)

    assert ["11-26 09:30", "11-26 09:45", "11-26 10:00"] == found


def test_times_of_a_day_stay_when_clocks_change():
    """08:00 in Berlin is 06:00 in summer and 07:00 in winter, in UTC."""
    recurrence = ScheduleRecurrence(
        "Day", 1, "2026-10-24T00:00", BERLIN, hours=[8], minutes=[0]
    )

    assert ["10-24 06:00", "10-25 07:00"] == fires(recurrence, 2)


def test_a_skipped_time_fires_after_the_gap():
    """Clocks in Berlin skip 02:00 to 03:00 on 29 March 2026; that is one moment."""
    recurrence = ScheduleRecurrence(
        "Day", 1, "2026-03-28T00:00", BERLIN, hours=[2, 3], minutes=[0, 30]
    )

    found = fires(recurrence, 7)

    assert [
        "03-28 01:00",
        "03-28 01:30",
        "03-28 02:00",
        "03-28 02:30",
        "03-29 01:00",
        "03-29 01:30",
        "03-30 00:00",
    ] == found


def test_a_repeated_time_fires_once():
    """On 25 October 2026 clocks in Berlin show 02:30 twice."""
    recurrence = ScheduleRecurrence(
        "Day", 1, "2026-10-24T00:00", BERLIN, time_of_day="2:30"
    )

    assert ["10-24 00:30", "10-25 00:30", "10-26 01:30"] == fires(recurrence, 3)


def test_months_without_the_day_fire_on_their_last_one():
    """The 31st is the 28th in February, and the 31st again in March."""
    recurrence = ScheduleRecurrence("Month", 1, "2027-01-31T06:00")

    found = fires(recurrence, 3)

    assert ["02-28 06:00", "03-31 06:00", "04-30 06:00"] == found


def test_weeks_are_counted_from_the_one_of_the_start():
    """Every second week, on the days that were named; none before the start."""
    recurrence = ScheduleRecurrence(
        "Week", 2, "2026-11-26T00:00", hours=[8], week_days=["Friday", "Monday"]
    )

    found = fires(recurrence, 3)

    assert ["11-27 08:00", "12-07 08:00", "12-11 08:00"] == found


def test_nothing_fires_after_the_end():
    """The end itself is still in."""
    trigger = ScheduleRecurrence("Hour", 1, "2026-11-26T10:00").trigger(
        NOW, datetime(2026, 11, 26, 12, tzinfo=UTC)
    )

    assert [10, 11, 12] == [one.hour for one in slots_after(trigger, NOW)]


def test_a_stored_recurrence_comes_back():
    """What fires is the same."""
    recurrence = ScheduleRecurrence(
        "Week", 1, "2026-11-26T00:00", BERLIN, [8], [15], ["Monday"]
    )
    trigger = recurrence.trigger(NOW)

    assert trigger == ScheduleRecurrence.of_trigger(trigger).trigger(NOW)


@pytest.mark.parametrize("zone", list(TimeZone), ids=lambda zone: zone.name)
def test_every_windows_zone_has_rules_here(zone):
    """Name without punctuation, value as Windows has it."""
    assert zone.name == "".join(one for one in zone.value if one.isalnum())
    assert "2027" == f"{ScheduleRecurrence('Day', 1, '2027-06-01', zone).start_time:%Y}"
    ScheduleRecurrence("Day", 1, time_zone=zone).validate()
