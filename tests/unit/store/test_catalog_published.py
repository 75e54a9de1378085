"""The promises of the published pipelines of a catalog."""

from __future__ import annotations

from azml_pipelines.store.catalog import PublishedRecord, RunRecord


def test_what_was_published_is_found_again(catalog):
    """By id, with all that was said about it."""
    record = PublishedRecord("p-1", "score", 1.0, "daily", "v2", "Active", True)

    catalog.published.add(record)

    assert record == catalog.published.find("p-1")
    assert catalog.published.find("p-2") is None


def test_the_newest_comes_first_and_disabled_ones_can_be_left_out(catalog):
    """Both of a name are kept."""
    catalog.published.add(PublishedRecord("p-1", "score", 1.0))
    catalog.published.add(PublishedRecord("p-2", "score", 2.0))
    catalog.published.set_status("p-2", "Disabled")

    every = catalog.published.newest_first()
    active = catalog.published.newest_first(active_only=True)

    assert [record.id for record in every] == ["p-2", "p-1"]
    assert [record.id for record in active] == ["p-1"]


def test_runs_of_a_published_pipeline_are_found_by_its_id(catalog):
    """And only those."""
    catalog.runs.add(RunRecord("run-1", "daily", 1.0, pipeline_id="p-1"))
    catalog.runs.add(RunRecord("run-2", "daily", 2.0))

    found = catalog.runs.newest_first(pipeline_id="p-1")

    assert [record.run_id for record in found] == ["run-1"]
