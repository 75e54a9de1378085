"""Cron expressions: five fields, and Debian's rules for clock changes."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from azml_pipelines.schedule.cron import check_cron, cron_slots

BERLIN = ZoneInfo("Europe/Berlin")


def fires(expression, after, count, zone=BERLIN):
    """Return the next moments, as clocks in the zone show them."""
    moment = datetime.fromisoformat(after).replace(tzinfo=zone).astimezone(UTC)
    found = islice(cron_slots(check_cron(expression), zone, moment), count)
    return [f"{one.astimezone(zone):%Y-%m-%d %H:%M%z}" for one in found]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "five fields"),
        ("0 8 * *", "not five fields"),
        ("0 0 8 * * *", "not five fields"),
        ("60 8 * * *", "bad minute"),
        ("0 24 * * *", "bad hour"),
        ("0 8 0 * *", "bad day-of-month"),
        ("0 8 30 2 *", "bad day-of-month"),
        ("0 8 31 4,6 *", "bad day-of-month"),
        ("0 8 * 13 *", "bad month"),
        ("0 8 * * 8", "bad day-of-week"),
        ("@reboot", "not five fields"),
    ],
)
def test_what_is_no_expression_is_refused(expression, said):
    """With the value and what is accepted."""
    with pytest.raises(ValueError, match="is no cron expression") as caught:
        check_cron(expression)

    assert said in str(caught.value)
    assert "minute (0-59)" in str(caught.value)


def test_shortcuts_are_spelled_out():
    """And blanks do not count."""
    assert "0 0 * * *" == check_cron("@daily") == check_cron(" 0  0 * * * ")


def test_days_that_a_month_lacks_are_left_out():
    """The 31st comes seven times a year, the 29th of February in leap years."""
    assert ["2026-01-31", "2026-03-31", "2026-05-31"] == [
        one[:10] for one in fires("0 8 31 * *", "2026-01-01", 3)
    ]
    assert ["2028-02-29 08:00+0100"] == fires("0 8 29 2 *", "2026-01-01", 1)


def test_day_of_month_and_day_of_week_are_alternatives():
    """Unless one of them begins with a star."""
    assert ["2026-11-06", "2026-11-13", "2026-11-15"] == [
        one[:10] for one in fires("0 8 15 * 5", "2026-11-01", 3)
    ]


def test_a_skipped_time_fires_after_the_gap():
    """02:30 on the day when clocks go forward is 03:00, once."""
    assert [
        "2026-03-28 02:30+0100",
        "2026-03-29 03:00+0200",
        "2026-03-30 02:30+0200",
    ] == fires("30 2 * * *", "2026-03-28", 3)


def test_a_repeated_time_fires_the_first_time():
    """02:30 on the day when clocks go back, in summer time."""
    assert ["2026-10-25 02:30+0200", "2026-10-26 02:30+0100"] == fires(
        "30 2 * * *", "2026-10-25", 2
    )


def test_every_hour_means_every_hour_that_passes():
    """A repeated hour fires twice."""
    assert [
        "2026-10-25 01:30+0200",
        "2026-10-25 02:30+0200",
        "2026-10-25 02:30+0100",
        "2026-10-25 03:30+0100",
    ] == fires("30 * * * *", "2026-10-25T01:00", 4)


def test_a_start_within_the_repeated_hour_loses_nothing():
    """What the second hour has left still comes, and nothing of the first again."""
    first = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)

    found = [*islice(cron_slots("*/30 * * * *", BERLIN, first), 3)]

    assert [(1, 0), (1, 30), (2, 0)] == [(one.hour, one.minute) for one in found]


def test_a_midnight_that_clocks_skip_costs_no_hour():
    """In Santiago the day of the change begins at 01:00."""
    santiago = ZoneInfo("America/Santiago")

    found = fires("*/30 1-2 * * *", "2026-09-05T12:00", 2, santiago)

    assert ["2026-09-06 01:00-0300", "2026-09-06 01:30-0300"] == found
