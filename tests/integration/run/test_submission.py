"""The promises of submitting: checked first, then written once, then started."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
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
    assert 1 == step.settings.mini_batch_size.amount
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


def test_secrets_beside_a_script_are_noticed(workspace, pipeline, tmp_path):
    """One line names them and the way to leave them out, which helps."""
    (tmp_path / "source" / ".env").write_text("TOKEN=x\n")
    (tmp_path / "source" / "id_rsa").write_text("x\n")
    with pytest.warns(UserWarning, match=r"\.env, id_rsa\. Name them in \.amlignore"):
        run = Experiment(workspace, "digits").submit(pipeline)
    run.wait_for_completion(show_output=False)
    (tmp_path / "source" / ".amlignore").write_text(".env\nid_*\n")
    again = Experiment(workspace, "digits").submit(pipeline)

    assert "Finished" == again.wait_for_completion(show_output=False)


KILLED = """
import sys
from azml_pipelines import Experiment, Workspace
from tests.integration.run.conftest import make_pipeline, SCRIPT
from pathlib import Path
workspace = Workspace.from_config(sys.argv[1])
pipeline = make_pipeline(workspace, Path(sys.argv[2]), SCRIPT)
Experiment(workspace, "digits").submit(pipeline)
"""


def test_the_next_submission_sweeps_what_a_killed_one_left(
    workspace, pipeline, tmp_path
):
    """Its folder goes; until then nobody takes it for a run."""
    runs = workspace.folder.runs
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, workspace.folder.root, tmp_path],
        env={**os.environ, "AZML_FAILPOINTS": "submit.rename=kill"},
        cwd=Path(__file__).parents[3],
        timeout=60,
        check=False,
    )
    left = [one.name for one in runs.iterdir()]
    for one in runs.iterdir():
        os.utime(one, (time.time() - 120,) * 2)
    run = Experiment(workspace, "digits").submit(pipeline)
    run.wait_for_completion(show_output=False)

    assert killed.returncode == -signal.SIGKILL
    assert [".new-"] == [name[:5] for name in left]
    assert [run.id] == [one.name for one in runs.iterdir()]
    assert [run.id] == [one.run_id for one in workspace.catalog.runs.newest_first()]


def test_pipeline_submit_is_the_same(workspace, pipeline):
    """``pipeline.submit(experiment_name)`` returns a run of that experiment."""
    run = pipeline.submit("digits", pipeline_parameters={"batch_size": "3"})

    assert "Finished" == run.wait_for_completion(show_output=False)
    assert "digits" == run.experiment.name
    assert 1 == run.state().steps[0].total_mini_batches
    assert Path(run.output_places()[0].path).read_text() == "0.txt\n1.txt\n2.txt\n"
