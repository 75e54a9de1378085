"""Mounted, downloaded and direct inputs of a server, and the cache that they share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from azml_pipelines import Dataset
from azml_pipelines.testing.fault_proxy import FaultProxy, Faults

SEES = """
import os
from pathlib import Path

SEEN = []

def run(mini_batch):
    folder = os.environ.get("data", "")
    if not SEEN:
        found = Path(folder).rglob("*.txt") if os.path.isdir(folder) else ()
        SEEN.append(f"{len(list(found))} {os.path.isdir(folder)}")
    return [f"{SEEN[0]} {os.path.isfile(path)}" for path in mini_batch]
"""
FILES = 60


def _with_cache(lake, **settings):
    """Let the workspace of a lake have another cache."""
    config = Path(lake.workspace.folder.root, "config.json")
    content = json.loads(config.read_text())
    content["storage"] = settings
    config.write_text(json.dumps(content))


def _kept(cache):
    return sum(file.stat().st_size for file in (cache / "objects").glob("*/*"))


@pytest.mark.parametrize(
    ("mode", "most", "least"),
    [
        pytest.param("as_mount", FILES - 10, 1, id="ahead of use"),
        pytest.param("as_download", FILES, FILES, id="all before the start"),
        pytest.param("direct", FILES - 10, 1, id="as mounted, for files"),
    ],
)
def test_what_is_here_when_the_first_mini_batch_runs(s3_lake, mode, most, least):
    """Every file of a mini-batch is a local one, in every mode."""
    s3_lake.fill(s3_lake.register(), files=FILES)
    # As slow as it takes for a script to see the difference.
    with FaultProxy(s3_lake.server.address, Faults(delay=0.3)) as proxy:
        datastore = s3_lake.register(proxy.address)
        files = Dataset.File.from_files((datastore, "in"))
        run = s3_lake.submit_input(
            files, datastore, SEES, mode=mode, mini_batch_size="1", node_count=1
        )
        run.wait_for_completion(show_output=False, raise_on_error=False)
        assert run.get_status() == "Finished", run.state().error
        rows = s3_lake.rows(run).decode().splitlines()

    assert FILES == len(rows)
    ((seen, folder, here),) = {tuple(row.split()) for row in rows}
    assert least <= int(seen) <= most
    assert ("True", "True") == (folder, here)


def test_two_runs_at_the_same_time_fetch_each_file_once(s3_lake, tmp_path):
    """On two nodes each: four fetchers share one cache."""
    s3_lake.fill(s3_lake.register(), files=40)
    with FaultProxy(s3_lake.server.address, Faults(delay=0.02)) as proxy:
        datastore = s3_lake.register(proxy.address)
        runs = [s3_lake.submit(datastore, mini_batch_size="1") for _ in range(2)]
        for run in runs:
            run.wait_for_completion(show_output=False, raise_on_error=False)
            assert run.get_status() == "Finished", run.state().error
        requests = proxy.requests
        first, second = (s3_lake.rows(run) for run in runs)

    assert first == second
    assert 40 == len(first.splitlines())
    # Beside the files: lists, side inputs, and what the outputs need.
    assert requests < 40 + 40


@pytest.mark.parametrize("mode", ["as_mount", "as_download"])
def test_a_cache_that_is_too_small_takes_nothing_away_from_two_runs(s3_lake, mode):
    """It is over its limit while files are in use, and below it again at the end."""
    limit = 5_000
    cache = s3_lake.folder / "cache"
    _with_cache(s3_lake, cache_folder=str(cache), cache_bytes=limit)
    datastore = s3_lake.register()
    s3_lake.fill(datastore)
    clean = s3_lake.rows(s3_lake.finish(datastore, node_count=1))
    runs = [s3_lake.submit(datastore, mode, mini_batch_size="1") for _ in range(2)]
    for run in runs:
        run.wait_for_completion(show_output=False, raise_on_error=False)
        assert run.get_status() == "Finished", run.state().error
    total = sum(file.stat().st_size for file in (s3_lake.folder / "data/in").iterdir())

    assert [clean, clean] == [s3_lake.rows(run) for run in runs]
    assert total > 2 * limit
    assert [] == list((cache / "leases").glob("*"))
    # Two that end at the same time may leave it to the next one.
    s3_lake.finish(datastore, mode=mode, node_count=1)
    assert 0 < _kept(cache) <= limit
