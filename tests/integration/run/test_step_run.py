"""The promises of step runs."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.errors import ActivityFailedException, UserErrorException


@pytest.fixture(scope="module")
def step(finished):
    """The only step of a finished run."""
    return finished.get_steps()[0]


def test_a_step_knows_its_run(step, finished):
    """Name, ids and parent."""
    assert ("score-files", finished.id) == (step.name, step.pipeline_run_id)
    assert finished.id == step.parent.id
    assert "reading" == step.experiment.name


def test_waiting_returns_the_status_and_prints_the_log(step, capsys):
    """What the processes printed is shown."""
    status = step.wait_for_completion(show_output=True)

    assert ("Finished", "Completed") == (status, step.status)
    assert 3 == capsys.readouterr().out.count("mini-batch of 1")


def test_a_failed_step_raises(failed):
    """With the step's own line."""
    step = failed.get_steps()[0]

    with pytest.raises(ActivityFailedException, match="score-files"):
        step.wait_for_completion(show_output=False)
    assert "Failed" == step.wait_for_completion(show_output=False, raise_on_error=False)


def test_outputs_are_found_by_name(step):
    """As an output, and as data."""
    assert ["names"] == list(step.get_outputs())
    output = step.get_output("names")
    assert step.pipeline_run_id == output.pipeline_run_id
    reference = output.get_port_data_reference()
    assert f"azureml/{step.id}/names" == reference.path_on_datastore


def test_an_unknown_output_lists_those_there_are(step):
    """The message names the step and its outputs."""
    with pytest.raises(UserErrorException, match=r"'score-files'.*'names'"):
        step.get_output_data("other")


def test_logs_are_text(step):
    """Of the processes, and of the orchestrator."""
    assert 3 == step.get_stdout_log().count("mini-batch of 1")
    assert isinstance(step.get_stderr_log(), str)
    assert isinstance(step.get_job_log(), str)


def test_details_name_inputs_and_log_files(step):
    """All but the datasets of outputs can be written as JSON."""
    details = step.get_details_with_logs()

    assert step.id == details["runId"]
    inputs = [
        one["consumptionDetails"]["inputName"] for one in details["inputDatasets"]
    ]
    assert ["images_input"] == inputs
    assert set(step.get_file_names()) == set(details["logFiles"])
    assert json.dumps({**details, "outputDatasets": []})


def test_details_hold_a_dataset_of_each_output(step, tmp_path):
    """What version 1's users download."""
    (output,) = step.get_details()["outputDatasets"]
    (path,) = output["dataset"].download(str(tmp_path))

    assert "names" == output["outputDetails"]["outputName"]
    assert step.parent.get_status() == "Finished"
    assert (tmp_path / path).read_text() == step_rows(step)


def step_rows(step):
    """Return the text of a step's output file."""
    (place,) = step.output_places()
    with open(place.path) as file:  # noqa: PTH123 - a path as text
        return file.read()
