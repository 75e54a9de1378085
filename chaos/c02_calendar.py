"""C2: calendars.

Injected: 400 simulated days of random schedules in the zones of the world: clocks that
go forward and back, at midnight too, leap days, ends of months, the year 2038; a
scheduler that looks at random times, is away for hours, and whose clock is set back.

Must hold: what fires is, moment for moment, what a model says that looks at every
minute: no slot twice, none missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from azml_pipelines.schedule.calendar_slots import WEEK_DAYS
from azml_pipelines.schedule.cron import check_cron
from azml_pipelines.schedule.definition import CronTrigger
from azml_pipelines.schedule.recurrence import ScheduleRecurrence
from azml_pipelines.schedule.slots import due
from chaos.schedule_model import Cron, Recurrence, predict
from chaos.verdict import Verdict

if TYPE_CHECKING:
    import random

    from azml_pipelines.schedule.definition import TimeTrigger
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_DAYS = 400
_ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Asuncion",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
)
_CRONS = (
    "{m} {h} * * *",
    "{m} {h},{h2} * * *",
    "{m},{m2} 0-4 * * *",
    "0 {h} * * {w}",
    "{m} 2 29 2 *",
    "{m} {h} 31 * *",
    "{m} {h} 29-31 * *",
    "{m} {h} 1 */3 *",
    "{m} {h} 13 * 5",
    "*/15 * * * *",
    "{m} * * * *",
    "{m} */6 * * 1-5",
    "*/20 1-3 * * 0",
    "0 0 * * *",
    "30 2 1-7 3,10,11 7",
)


@dataclass
class _Count:
    seeds: int = 0
    firings: int = 0
    double: int = 0
    missed: int = 0
    not_asked_for: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)


def run(lab: Lab, size: Size) -> Verdict:
    """Compare schedules with the model."""
    verdict = Verdict()
    count = _Count()
    for number in range(size.of(40, 300, 10_000)):
        if lab.time_is_up:
            break
        asked, trigger, first = _case(lab.random)
        fired, now = _simulated(lab.random, trigger, first)
        expected = [one for one in predict(asked, first, _DAYS) if one <= now]
        kind = asked.frequency if isinstance(asked, Recurrence) else "cron"
        count.by_kind[kind] = count.by_kind.get(kind, 0) + 1
        count.seeds += 1
        count.firings += len(fired)
        count.double += len(fired) - len(set(fired))
        count.missed += len(set(expected) - set(fired))
        count.not_asked_for += len(set(fired) - set(expected))
        wrong = sorted(set(fired) ^ set(expected))[:1]
        text = f"case {number}: {asked} from {first:%Y-%m-%d %H:%M}, e.g. {wrong}"
        verdict.demand(sorted(fired) == expected, text)
    verdict.note(
        seeds=count.seeds,
        days=_DAYS,
        firings=count.firings,
        double=count.double,
        missed=count.missed,
        not_asked_for=count.not_asked_for,
    )
    verdict.note(
        **{f"of_{kind}": count.by_kind[kind] for kind in sorted(count.by_kind)}
    )
    verdict.reach("seeds", count.seeds, size.of(40, 300, 10_000), "time")
    return verdict


def _case(
    chance: random.Random,
) -> tuple[Recurrence | Cron, TimeTrigger, datetime]:
    zone = chance.choice(_ZONES)
    first = datetime(chance.choice((2023, 2026, 2027, 2031, 2037)), 1, 1, tzinfo=UTC)
    first += timedelta(minutes=chance.randrange(365 * 1440))
    if chance.random() < 0.4:
        text = chance.choice(_CRONS).format(
            m=chance.randrange(60),
            m2=chance.randrange(60),
            h=chance.randrange(24),
            h2=chance.randrange(5),
            w=chance.randrange(8),
        )
        trigger = CronTrigger(expression=check_cron(text), time_zone=zone)
        return Cron(text, zone), trigger, first
    frequency = chance.choice(("Minute", "Hour", "Day", "Day", "Week", "Month"))
    most = {"Minute": 90, "Hour": 30, "Day": 6, "Week": 3, "Month": 5}[frequency]
    interval = chance.randint(15 if frequency == "Minute" else 1, most)
    hours: list[int] = []
    minutes: list[int] = []
    days: list[int] = []
    if frequency in {"Day", "Week"} and chance.random() < 0.8:
        hours = sorted(chance.sample(range(24), chance.randint(1, 4)))
        minutes = sorted(chance.sample(range(60), chance.randint(1, 3)))
    if frequency == "Week" and chance.random() < 0.7:
        days = sorted(chance.sample(range(7), chance.randint(1, 4)))
    start = first + timedelta(minutes=chance.randint(-90 * 1440, 20 * 1440))
    recurrence = ScheduleRecurrence(
        frequency,
        interval,
        time_zone=zone,
        hours=hours or None,
        minutes=minutes or None,
        week_days=[WEEK_DAYS[day] for day in days] or None,
    )
    asked = Recurrence(
        frequency, interval, start, zone, tuple(hours), tuple(minutes), tuple(days)
    )
    return asked, recurrence.trigger(start), first


def _simulated(
    chance: random.Random, trigger: TimeTrigger, first: datetime
) -> tuple[list[datetime], datetime]:
    """Look at a schedule at random times; return what fired and the last look."""
    fired: list[datetime] = []
    decided, now, latest = first, first, first
    end = first + timedelta(days=_DAYS)
    while now < end:
        away = chance.random()
        hours = 72.0 if away < 0.02 else 3.0 if away < 0.1 else 0.0
        now += timedelta(hours=hours, minutes=chance.expovariate(1 / 300))
        if away > 0.95:
            now -= timedelta(minutes=chance.uniform(0, 40))
        now = min(now, end)
        found = due(trigger, decided, now, catchup=True)
        while found.slots:
            fired += found.slots
            decided = found.decided_until
            found = due(trigger, decided, now, catchup=True)
        decided = found.decided_until
        latest = max(latest, now)
    return fired, latest
