"""Schedules in a catalog on PostgreSQL keep their promises."""

from __future__ import annotations

import json

import pytest

from azml_pipelines import Schedule, ScheduleRecurrence, Workspace


@pytest.fixture
def on_postgres(workspace, postgres_schema, monkeypatch):
    """The workspace with its catalog on a server."""
    monkeypatch.setenv("CATALOG_URL", postgres_schema)
    file = workspace.folder.root / "config.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "catalog": {"url": "env:CATALOG_URL"}}))
    return Workspace.from_config(workspace.folder.root)


def test_two_schedulers_and_new_files(stage, on_postgres):
    """Every nominal time has one run; files fire when they have stopped growing."""
    stage.workspace = on_postgres
    place, inbox = stage.inbox()
    published = stage.publish()
    minutes = Schedule.create(
        on_postgres,
        "minutes",
        published.id,
        "e",
        ScheduleRecurrence("Minute", 1),
        catchup=True,
    )
    files = Schedule.create(
        on_postgres,
        "files",
        published.id,
        "e",
        datastore=inbox,
        polling_interval=1,
        data_path_parameter_name="files",
        max_concurrent_runs=2,
    )
    both = [stage.scheduler(starts_runs=False) for _ in range(2)]
    (place / "a.txt").write_text("a")
    for _ in range(5):
        stage.clock.move(minutes=1, seconds=1)
        for one in both:
            one.tick()

    fired = [firing.nominal for firing in minutes.history()]
    assert len(fired) == len(set(fired)) == len(minutes.get_pipeline_runs())
    assert len(fired) in {5, 6}
    (firing,) = files.history()
    assert '"a.txt"' in firing.details
    assert not (on_postgres.folder.storage / "catalog.db").exists()
