"""The promises of submitting: checked first, then written once, then started."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from azml_pipelines import Experiment
from azml_pipelines.errors import ParameterError, UserErrorException
from azml_pipelines.plan.definition import PipelineDefinition
from azml_pipelines.plan.run_plan import RunPlan


def test_everything_a_run_needs_is_in_its_folder(finished):
    """The plan, the declaration, the journal and a copy of the scripts."""
    plan = RunPlan.model_validate_json(finished.folder.plan.read_bytes())
    definition = PipelineDefinition.model_validate_json(
        finished.folder.definition.read_bytes()
    )

    step = plan.steps[0]
    snapshot = finished.folder.step(step.step_run_id).snapshot
    assert (finished.id, "reading") == (plan.run_id, plan.experiment)
    assert ["images", "batch_size"] == [one.name for one in definition.parameters]
    assert 1 == step.settings.mini_batch_size
    assert (snapshot / "score.py").is_file()
    assert str(finished.experiment.workspace.folder.root) == plan.workspace.root


def test_a_run_s_folder_is_for_its_owner_only(finished):
    """Its files too."""
    root = finished.folder.root

    folders = {stat.S_IMODE(one.stat().st_mode) for one in (root, root / "steps")}
    files = {
        stat.S_IMODE(one.stat().st_mode)
        for one in (finished.folder.plan, finished.folder.definition)
    }
    assert ({0o700}, {0o600}) == (folders, files)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"no_such": 1}, id="a name that is not declared"),
        pytest.param({"batch_size": 1}, id="a number for a text"),
    ],
)
def test_a_refused_value_leaves_nothing_behind(workspace, pipeline, values):
    """No folder, no entry in the index."""
    with pytest.raises(ParameterError):
        Experiment(workspace, "digits").submit(pipeline, pipeline_parameters=values)

    assert [] == list(workspace.folder.runs.iterdir())
    assert [] == workspace.catalog.runs.newest_first()


def test_a_script_that_is_left_out_is_noticed(workspace, pipeline, tmp_path):
    """Before the run starts, with the file that did it; nothing is left behind."""
    (tmp_path / "source" / ".amlignore").write_text("*.py\n")

    with pytest.raises(UserErrorException, match=r"'score.py'.*\.amlignore"):
        Experiment(workspace, "digits").submit(pipeline)

    assert [] == list(workspace.folder.runs.iterdir())


def test_pipeline_submit_is_the_same(workspace, pipeline):
    """``pipeline.submit(experiment_name)`` returns a run of that experiment."""
    run = pipeline.submit("digits", pipeline_parameters={"batch_size": "3"})

    assert "Finished" == run.wait_for_completion(show_output=False)
    assert "digits" == run.experiment.name
    assert 1 == run.state().steps[0].total_mini_batches
    assert Path(run.output_places()[0].path).read_text() == "0.txt\n1.txt\n2.txt\n"
