"""A request that is repeated makes one run, also when whoever made it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete

from azml_pipelines import Experiment
from azml_pipelines.errors import IdempotencyError, ParameterError, UserErrorException
from azml_pipelines.store.catalog_database import CatalogDatabase
from azml_pipelines.store.catalog_tables import runs

KEY = "2026-11-26T19:00"
SUBMIT = """
import sys
from azml_pipelines import PublishedPipeline, Workspace

workspace = Workspace.from_config(sys.argv[1])
published = PublishedPipeline.get(workspace, sys.argv[2])
print(published.submit(workspace, "once", idempotency_key=sys.argv[3]).id)
"""


@pytest.fixture
def published(pipeline):
    """A pipeline over three files, published."""
    return pipeline.publish("names")


def submit_elsewhere(published, workspace, fault=""):
    """Submit in another process, which may be killed at a point; return its code."""
    command = [sys.executable, "-c", SUBMIT, workspace.folder.root, published.id, KEY]
    return subprocess.run(
        command,
        env={**os.environ, "AZML_FAILPOINTS": fault},
        capture_output=True,
        check=False,
        timeout=100,
    ).returncode


def known_runs(workspace):
    """Return the ids in the index, which are those of the folders."""
    known = sorted(one.run_id for one in workspace.catalog.runs.newest_first())
    assert sorted(one.name for one in workspace.folder.runs.iterdir()) == known
    return known


def test_fifty_at_the_same_moment_make_one_run(published, workspace):
    """All of them get its id."""

    def submit(_):
        return published.submit(workspace, "once", idempotency_key=KEY).id

    with ThreadPoolExecutor(50) as threads:
        ids = set(threads.map(submit, range(50)))

    assert len(ids) == 1
    assert [*ids] == known_runs(workspace)
    (run,) = Experiment(workspace, "once").get_runs()
    assert run.wait_for_completion(show_output=False) == "Finished"


@pytest.mark.parametrize(
    "point", ["submit.snapshot", "submit.rename", "launch.spawn", "launch.spawned"]
)
def test_who_is_killed_midway_is_taken_over(published, workspace, point):
    """The next one with the key finishes what was begun: one run, which finishes."""
    code = submit_elsewhere(published, workspace, f"{point}=kill")

    run = published.submit(workspace, "once", idempotency_key=KEY)

    assert code == -signal.SIGKILL
    assert run.wait_for_completion(show_output=False) == "Finished"
    assert [run.id] == known_runs(workspace)


def test_a_run_that_is_not_in_the_index_yet_gets_there(published, workspace):
    """Its submitter died between writing it down and noting it."""
    run = published.submit(workspace, "once", idempotency_key=KEY)
    with CatalogDatabase(workspace.folder.catalog).writing() as connection:
        connection.execute(delete(runs))

    again = published.submit(workspace, "once", idempotency_key=KEY)

    assert run.id == again.id
    assert [run.id] == known_runs(workspace)
    run.wait_for_completion(show_output=False)


def test_another_request_with_the_key_is_refused(published, workspace):
    """It would get a run that it did not ask for."""
    run = published.submit(workspace, "once", idempotency_key=KEY)

    with pytest.raises(IdempotencyError, match=f"made run {run.id}"):
        published.submit(workspace, "once", {"batch_size": "2"}, idempotency_key=KEY)

    run.wait_for_completion(show_output=False)
    assert [run.id] == known_runs(workspace)


def test_a_refused_request_does_not_use_up_its_key(published, workspace):
    """Once corrected, it is made with the same one."""
    with pytest.raises(ParameterError, match="takes str"):
        published.submit(workspace, "once", {"batch_size": 2}, idempotency_key=KEY)

    run = published.submit(workspace, "once", {"batch_size": "2"}, idempotency_key=KEY)

    assert run.wait_for_completion(show_output=False) == "Finished"


def test_declared_pipelines_have_keys_too(pipeline, workspace):
    """The same pipeline with the same values is the same request."""
    experiment = Experiment(workspace, "once")

    first = experiment.submit(pipeline, idempotency_key=KEY)
    second = experiment.submit(pipeline, idempotency_key=KEY)

    assert first.id == second.id
    first.wait_for_completion(show_output=False)


@pytest.mark.parametrize("key", ["", "x" * 256, 7])
def test_a_key_is_a_short_text(published, workspace, key):
    """Anything else is refused before anything is written."""
    with pytest.raises(UserErrorException, match="1 to 255 characters"):
        published.submit(workspace, "once", idempotency_key=key)

    assert known_runs(workspace) == []
