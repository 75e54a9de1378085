"""The promises of the index of runs."""

from __future__ import annotations

from azml_pipelines.store.catalog import RunRecord


def test_runs_come_newest_first(catalog):
    """All of them, or those of one experiment."""
    first = RunRecord("1", "digits", created=1.0)
    second = RunRecord("2", "letters", created=2.0, tags={"a": "b"})
    third = RunRecord("3", "digits", created=3.0, resubmitted_from="1")
    for record in (second, first, third):
        catalog.runs.add(record)

    assert [third, second, first] == catalog.runs.newest_first()
    assert [third, first] == catalog.runs.newest_first("digits")
    assert ["digits", "letters"] == catalog.runs.experiments()
    assert second == catalog.runs.find("2")
    assert catalog.runs.find("4") is None


def test_tags_are_added(catalog):
    """A tag that is there gets its new value, others stay."""
    catalog.runs.add(RunRecord("1", "digits", created=1.0, tags={"a": "1", "b": "2"}))

    catalog.runs.tag("1", {"b": "3", "c": "4"})

    assert {"a": "1", "b": "3", "c": "4"} == catalog.runs.find("1").tags
