"""Runs are told to a real tracking server, and no server can harm one."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from azml_pipelines.cli.main import azml
from azml_pipelines.errors import UserErrorException

mlflow = pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")

SCRIPT = """
from azml_pipelines import Run

def run(mini_batch):
    if any("00003" in path for path in mini_batch):
        raise ValueError("not this one")
    Run.get_context().log("files", len(mini_batch))
    return mini_batch
"""


@pytest.fixture
def finished(job):
    """A run of seven files, one of which fails."""
    return job.finish(SCRIPT, files=7, process_count_per_node=1, run_max_try=1)


def told(uri: str, run_id: str):
    """Return the run at the server, and its nested runs."""
    client = mlflow.MlflowClient(uri, uri)
    parent = client.get_run(run_id)
    nested = client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'"
    )
    return client, parent, nested


def test_a_run_and_its_steps_are_nested_runs(finished, mlflow_server):
    """With parameters, counters, what scripts log, and outputs that are small."""
    place = finished.track(mlflow_server)

    client, parent, [step] = told(mlflow_server, place)
    assert ("FINISHED", finished.id) == (
        parent.info.status,
        parent.data.tags["azml.run_id"],
    )
    assert "score" == step.info.run_name
    assert ("1", "append_row", "script") == (
        step.data.params["mini_batch_size"],
        step.data.params["output_action"],
        step.data.params["entry_kind"],
    )
    assert (7, 1, 6) == (
        step.data.metrics["done_mini_batches"],
        step.data.metrics["failed_mini_batches"],
        step.data.metrics["succeeded_items"],
    )
    assert 6 == len(client.get_metric_history(step.info.run_id, "files"))
    files = {one.path for one in client.list_artifacts(step.info.run_id)}
    assert {"outputs", "failed_items.csv", "metrics.json"} == files
    [output] = client.list_artifacts(step.info.run_id, "outputs")
    copy = client.download_artifacts(step.info.run_id, output.path)
    assert 6 == len(Path(copy).read_text().splitlines())
    assert ["report.json"] == [one.path for one in client.list_artifacts(place)]


def test_telling_again_changes_nothing(finished, mlflow_server):
    """Whoever follows a run twice finds the run that is there."""
    first = finished.track(mlflow_server)
    client, _, [step] = told(mlflow_server, first)
    before = len(client.get_metric_history(step.info.run_id, "done_mini_batches"))

    again = finished.track(mlflow_server)

    _, _, [still] = told(mlflow_server, again)
    history = client.get_metric_history(step.info.run_id, "done_mini_batches")
    assert (first, step.info.run_id) == (again, still.info.run_id)
    assert before == len(history)


def test_a_run_is_told_while_it_goes_on(job, mlflow_server):
    """Counters come in several portions, each with what had settled by then."""
    script = "import time\ndef run(mini_batch):\n    time.sleep(0.4)\n    return [1]\n"
    run = job.submit(script, files=15, process_count_per_node=1)

    place = run.track(mlflow_server)

    client, _, [step] = told(mlflow_server, place)
    history = client.get_metric_history(step.info.run_id, "done_mini_batches")
    settled = [point.step for point in history]
    assert sorted(settled) == settled
    assert 15 == settled[-1]
    assert 2 <= len(settled)


def test_a_store_without_a_server(finished, tmp_path, monkeypatch):
    """SQLite will do; the command prints the id of the run there."""
    uri = f"sqlite:///{tmp_path}/tracking.db"
    monkeypatch.chdir(finished.experiment.workspace.folder.root)

    done = CliRunner().invoke(azml, ["track", finished.id, "--tracking-uri", uri])

    assert 0 == done.exit_code, done.output
    _, parent, nested = told(uri, done.stdout.split()[-1])
    assert ("FINISHED", 1) == (parent.info.status, len(nested))


def test_a_server_that_is_not_there_harms_nobody(job, monkeypatch):
    """It is said in one line, within seconds, and the run ends as it would have."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    run = job.submit("def run(mini_batch):\n    return mini_batch\n", files=3)

    with pytest.raises(UserErrorException, match="did not take what happened") as found:
        run.track(uri)

    assert "\n" not in str(found.value)
    assert "Finished" == run.wait_for_completion(show_output=False)


def test_a_server_has_to_be_named(finished, monkeypatch):
    """MLflow's own default would make a database in the current folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    with pytest.raises(UserErrorException, match="No MLflow server is named"):
        finished.track()
