"""The promises of experiments."""

from __future__ import annotations

import pytest

from azml_pipelines import Experiment
from azml_pipelines.errors import ParameterError, UserErrorException
from azml_pipelines.store.catalog import RunRecord


@pytest.mark.parametrize("name", ["digits", "0", "a_b-c", "x" * 255])
def test_names_that_are_allowed(workspace, name):
    """Letters, digits, underscore and hyphen."""
    assert name == Experiment(workspace, name).name


@pytest.mark.parametrize("name", ["", "two words", "a.b", "-a", "_a", "x" * 256, None])
def test_names_that_are_not_allowed(workspace, name):
    """The message repeats the name and the rule."""
    with pytest.raises(UserErrorException, match="no spaces, no dots"):
        Experiment(workspace, name)


def test_one_name_has_one_id(workspace):
    """Two objects of the same experiment agree."""
    ids = {Experiment(workspace, name).id for name in ("a", "a", "b")}

    assert 2 == len(ids)


def test_only_pipelines_are_submitted(workspace):
    """Anything else is refused by its type's name."""
    with pytest.raises(UserErrorException, match="got a str"):
        Experiment(workspace, "digits").submit("pipeline")


@pytest.mark.parametrize("keyword", ["pipeline_parameters", "pipeline_params"])
def test_parameters_have_two_keywords(workspace, pipeline, keyword):
    """Both are checked before anything is written; unknown keywords are ignored."""
    experiment = Experiment(workspace, "digits")

    with pytest.raises(ParameterError, match="'no_such'"):
        experiment.submit(pipeline, unknown=1, **{keyword: {"no_such": 1}})

    assert [] == list(workspace.folder.runs.iterdir())
    assert {} == workspace.experiments


def test_runs_come_newest_first_and_by_tag(finished, failed):
    """``get_runs`` is a generator of PipelineRuns."""
    experiment = finished.experiment

    assert [failed.id, finished.id] == [run.id for run in experiment.get_runs()]
    assert 2 == len(list(experiment.get_runs(tags="purpose")))
    assert 2 == len(list(experiment.get_runs(tags={"purpose": "test"})))
    assert [] == list(experiment.get_runs(tags={"purpose": "other"}))
    assert [] == list(experiment.get_runs(type="hyperdrive"))


def test_experiments_with_runs_are_listed(workspace):
    """In the workspace's dictionary and by ``Experiment.list``."""
    for name in ("b", "a"):
        workspace.catalog.runs.add(RunRecord(name, name, created=1.0))

    assert ["a", "b"] == list(workspace.experiments)
    assert ["b"] == [one.name for one in Experiment.list(workspace, "b")]
