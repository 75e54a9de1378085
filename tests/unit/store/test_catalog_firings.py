"""The promises of firings: one record and one run for a nominal time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azml_pipelines.store.catalog import Catalog, FiringRecord, ScheduleRecord
from azml_pipelines.store.catalog_firings import Decision
from azml_pipelines.store.catalog_schedules import SeenFile

SCHEDULE = ScheduleRecord("s", "name", "{}", 1.0, 1.0, "t0")


@pytest.fixture
def catalog(tmp_path):
    """A catalog with one schedule that has seen a file."""
    made = Catalog(tmp_path / "catalog.db")
    made.schedules.add(SCHEDULE, {"old": SeenFile(taken="1")})
    return made


def fires(*nominal, read=SCHEDULE, until="t1", **more):
    """Return the decision that these times fire."""
    firings = [
        FiringRecord("s", one, "Claimed", 2.0, run_id=f"run-{one}", owner="me")
        for one in nominal
    ]
    return Decision(read, replace(read, decided_until=until), firings, **more)


def outcomes(catalog):
    """Return what became of the nominal times, the oldest first."""
    return [(one.nominal, one.outcome) for one in reversed(list_of(catalog))]


def list_of(catalog):
    """Return the firings, the latest first."""
    return catalog.firings.newest_first("s")


def test_a_decision_is_written_as_a_whole(catalog):
    """The firings, how far the schedule has come, and the files."""
    files = {"old": None, "new": SeenFile(waiting="2")}

    new = catalog.firings.decide(fires("a", "b", files=files))

    assert ["run-a", "run-b"] == [one.run_id for one in new]
    assert new == catalog.firings.claimed()
    assert "t1" == catalog.schedules.find("s").decided_until
    assert {"new": SeenFile(waiting="2")} == catalog.schedules.files("s")


def test_who_comes_second_decides_nothing(catalog):
    """The schedule is no longer as it was read."""
    catalog.firings.decide(fires("a"))

    assert [] == catalog.firings.decide(fires("a", "b", until="t2"))
    assert [("a", "Claimed")] == outcomes(catalog)
    assert "t1" == catalog.schedules.find("s").decided_until


def test_a_changed_schedule_is_decided_about_anew(catalog):
    """What was read before the change counts no more."""
    catalog.schedules.change(replace(SCHEDULE, name="other"))

    assert [] == catalog.firings.decide(fires("a"))
    assert "other" == catalog.schedules.find("s").name
    assert {"old": SeenFile(taken="1")} == catalog.schedules.files("s")


def test_a_nominal_time_fires_once_whatever_is_decided(catalog):
    """When a clock goes back, its times are decided again; their records are there."""
    catalog.firings.decide(fires("a", "b"))
    read = catalog.schedules.find("s")

    new = catalog.firings.decide(fires("b", "c", read=read, until="t3"))

    assert ["c"] == [one.nominal for one in new]


@pytest.mark.parametrize(
    ("without_room", "expected"),
    [
        ("skip", [("a", "Claimed"), ("b", "Skipped")]),
        ("queue", [("a", "Claimed"), ("b", "Queued")]),
    ],
)
def test_there_are_never_more_runs_than_allowed(catalog, without_room, expected):
    """What has no room has no run, and says so."""
    catalog.firings.decide(fires("a", "b", most_runs=1, without_room=without_room))

    assert expected == outcomes(catalog)
    assert list_of(catalog)[0].run_id is None
    assert "1 run of the schedule had not ended" in list_of(catalog)[0].note


def test_waiting_for_room_decides_nothing(catalog):
    """Files that have changed stay changed."""
    catalog.firings.decide(fires("a", most_runs=1))
    read = catalog.schedules.find("s")
    files = {"old": SeenFile(taken="2")}

    new = catalog.firings.decide(
        fires("b", read=read, most_runs=1, without_room="wait", files=files)
    )

    assert [] == new
    assert {"old": SeenFile(taken="1")} == catalog.schedules.files("s")


def test_queued_firings_start_in_order_when_there_is_room(catalog):
    """One at a time."""
    catalog.firings.decide(fires("a", "b", "c", most_runs=1, without_room="queue"))
    (first,) = catalog.firings.running("s")

    assert catalog.firings.start_queued("s", 1, "run-x", "me") is None
    catalog.firings.change(first, replace(first, outcome="Submitted", ended=3.0))
    started = catalog.firings.start_queued("s", 1, "run-x", "me")

    assert ("b", "run-x", "Claimed") == (
        started.nominal,
        started.run_id,
        started.outcome,
    )
    assert catalog.firings.start_queued("s", 1, "run-y", "me") is None


def test_a_firing_has_one_owner(catalog):
    """Of two that adopt it, one succeeds."""
    (firing,) = catalog.firings.decide(fires("a"))

    assert catalog.firings.change(firing, replace(firing, owner="you"))
    assert not catalog.firings.change(firing, replace(firing, owner="they"))
    assert "you" == list_of(catalog)[0].owner


def test_thousands_of_files_are_remembered(catalog):
    """More than a statement can name at once."""
    files = {f"{number}": SeenFile(taken="1") for number in range(2_500)}

    catalog.firings.decide(fires(files=files))

    assert {"old": SeenFile(taken="1"), **files} == catalog.schedules.files("s")
