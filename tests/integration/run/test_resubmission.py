"""The promises of repeating a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from azml_pipelines import Dataset
from azml_pipelines.errors import ParameterError


def test_other_values_the_same_script(finished, tmp_path):
    """A dataset and a text are replaced; the script is the one of the first run."""
    (tmp_path / "single.txt").write_text("7")
    # The source directory of the first run changes; its copy does not.
    source = Path(finished.plan.steps[0].source_directory)
    (source / "score.py").write_text("raise SystemExit")

    run = finished.resubmit(
        pipeline_parameters={
            "images": Dataset.File.from_files(str(tmp_path / "single.txt")),
            "batch_size": "2",
        },
        tags={"again": "yes"},
    )

    assert "Finished" == run.wait_for_completion(show_output=False)
    assert "single.txt\n" == Path(run.output_places()[0].path).read_text()
    assert finished.id == run.plan.resubmitted_from
    assert {"again": "yes"} == run.tags


def test_values_are_inherited(finished):
    """What is not given stays as the repeated run had it."""
    second = finished.resubmit(pipeline_parameters={"batch_size": "3"})
    second.wait_for_completion(show_output=False)

    third = second.resubmit(experiment_name="elsewhere")

    third.wait_for_completion(show_output=False)
    assert "3" == third.plan.parameters["batch_size"]
    assert "elsewhere" == third.experiment.name


def test_an_unknown_parameter_lists_those_there_are(finished):
    """The same checks as at the first submission."""
    with pytest.raises(ParameterError, match="batch_size"):
        finished.resubmit(pipeline_parameters={"batchsize": "1"})
