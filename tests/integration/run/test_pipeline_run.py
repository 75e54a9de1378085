"""The promises of pipeline runs."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from azml_pipelines import Experiment, PipelineRun
from azml_pipelines.errors import (
    ActivityFailedException,
    ExperimentExecutionException,
    RunNotFoundError,
    UserErrorException,
)
from azml_pipelines.run.waiting import wait_until

SLEEPING_SCRIPT = """
import time

def run(mini_batch):
    print("asleep", flush=True)
    time.sleep(60)
    return mini_batch
"""


def test_waiting_returns_the_status(finished):
    """With and without output."""
    assert "Finished" == finished.wait_for_completion(show_output=False)
    assert "Finished" == finished.get_status()
    assert "Completed" == finished.status


def test_waiting_shows_the_run(finished, capsys):
    """The id, a link, and where the output is."""
    finished.wait_for_completion(show_output=True)

    shown = capsys.readouterr().out
    assert finished.id in shown
    assert finished.get_portal_url() in shown
    assert finished.output_places()[0].path in shown


def test_a_failed_run_raises_its_one_line(failed):
    """The message is the run's error; the details are JSON with the same text."""
    with pytest.raises(ActivityFailedException) as caught:
        failed.wait_for_completion(show_output=False)

    details = json.loads(caught.value.error_details)
    assert failed.state().error == caught.value.message
    assert "score-files" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.message == details["error"]["message"]


def test_a_failed_run_may_just_be_reported(failed):
    """``raise_on_error=False`` returns the status."""
    assert "Failed" == failed.wait_for_completion(
        show_output=False, raise_on_error=False
    )
    assert "Failed" == failed.status


def test_steps_are_found_by_name(finished):
    """A list; empty for a name that no step has."""
    steps = finished.get_steps()

    assert ["score-files"] == [step.name for step in steps]
    assert [steps[0].id] == [step.id for step in finished.get_children(recursive=True)]
    assert [steps[0].id] == [step.id for step in finished.find_step_run("score-files")]
    assert [] == finished.find_step_run("no-such-step")


def test_a_pipeline_s_output_is_found_by_its_name(finished):
    """By ``pipeline_output_name``, or by the name of the step's output."""
    by_alias = finished.get_pipeline_output("all_names")

    assert finished.get_pipeline_output("names").path_on_datastore == (
        by_alias.path_on_datastore
    )
    with pytest.raises(UserErrorException, match="its outputs: all_names"):
        finished.get_pipeline_output("other")


def test_a_run_is_rebuilt_from_its_id(finished):
    """By the constructor, by ``get``, and by the workspace."""
    workspace = finished.experiment.workspace

    found = [
        PipelineRun(workspace.experiments["reading"], finished.id),
        PipelineRun.get(workspace, finished.id),
        workspace.get_run(finished.id),
    ]

    assert [finished.id] * 3 == [run.id for run in found]
    assert ["Finished"] * 3 == [run.get_status() for run in found]


def test_an_unknown_id_is_an_error(finished):
    """Not an object that fails later."""
    with pytest.raises(RunNotFoundError, match="'no-such-run'"):
        PipelineRun(finished.experiment, "no-such-run")


def test_details_have_version_1_s_keys(finished, failed):
    """Scripts print them; a failed run has its error in them."""
    details = finished.get_details()

    assert (finished.id, "Completed") == (details["runId"], details["status"])
    assert details["startTimeUtc"] < details["endTimeUtc"]
    assert "error" not in details
    error = failed.get_details()["error"]["error"]["message"]
    assert failed.state().error == error


def test_tags_are_kept(finished):
    """Those of the submission, and later ones."""
    finished.tag("reviewed", "yes")
    finished.set_tags({"rating": 5})

    assert {"purpose": "test", "reviewed": "yes", "rating": "5"} == finished.get_tags()


def test_the_link_is_text(finished):
    """Users print it and join it to other text."""
    assert finished.get_portal_url().startswith("file:///")


def test_a_notebook_shows_the_run(finished):
    """``display(run)`` asks the notebook view."""
    shown = finished._repr_html_()

    assert finished.id in shown
    assert "<" in shown


def test_metrics_are_counts(finished):
    """By step."""
    assert 3 == finished.get_metrics()["score-files"]["succeeded_items"]


def test_a_finished_run_is_not_resumed(finished):
    """The message names the way to repeat it."""
    with pytest.raises(UserErrorException, match="azml resubmit"):
        finished.resume()


def test_a_failed_run_goes_on(failed):
    """It is tried again, and what waits for it sees the new end, not the old one."""
    ended = failed.state().ended

    failed.resume()

    status = failed.wait_for_completion(show_output=False, raise_on_error=False)
    assert "Failed" == status
    assert failed.state().ended > ended


@pytest.fixture
def sleeping(workspace, pipeline, tmp_path):
    """A run that would take a minute; stopped after the test."""
    (tmp_path / "source" / "score.py").write_text(SLEEPING_SCRIPT)
    run = Experiment(workspace, "digits").submit(pipeline)
    yield run
    run.cancel()
    run.wait_for_completion(show_output=False, raise_on_error=False)


@pytest.mark.parametrize("while_sleeping", [False, True])
def test_a_canceled_run_ends(sleeping, while_sleeping):
    """Waiting returns the word and raises nothing; canceling again does nothing."""
    step = sleeping.get_steps()[0]
    if while_sleeping:
        assert wait_until(lambda: "asleep" in step.get_stdout_log(), "", 30)
    sleeping.cancel()

    status = sleeping.wait_for_completion(show_output=False, timeout_seconds=30)

    sleeping.cancel()
    assert "Canceled" == status


@pytest.mark.parametrize("show_output", [True, False])
def test_waiting_ends_with_its_timeout(sleeping, show_output):
    """The status is returned as it is, and the run goes on."""
    before = time.monotonic()

    status = sleeping.wait_for_completion(show_output=show_output, timeout_seconds=0.3)

    assert status not in {"Finished", "Failed", "Canceled"}
    assert time.monotonic() - before < 5


@pytest.mark.parametrize("show_output", [True, False])
def test_control_c_leaves_the_run_alone(sleeping, show_output):
    """The message names the run and how to stop it."""
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()

    with pytest.raises(ExperimentExecutionException, match=sleeping.id):
        sleeping.wait_for_completion(show_output=show_output, timeout_seconds=30)

    assert not sleeping.state().ended_for_good


def test_a_running_run_is_not_resumed(sleeping):
    """Two orchestrators would do everything twice."""
    with pytest.raises(UserErrorException, match="azml cancel"):
        sleeping.resume()
