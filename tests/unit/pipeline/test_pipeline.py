"""Pipelines: checked when made, submitted through the workspace."""

from __future__ import annotations

import subprocess
import sys

import pytest

from azml_pipelines import DeclarationError, Pipeline, PipelineData, PipelineParameter


def test_a_valid_pipeline(workspace, step_of):
    """Nothing is wrong with it."""
    step = step_of()
    pipeline = Pipeline(workspace=workspace, steps=[step], description="scores")

    assert pipeline.validate() == []
    assert pipeline.graph.steps == (step,)
    assert repr(pipeline) == "Pipeline(steps=[score-images])"


def test_an_output_brings_its_step(workspace, step_of):
    """Only the last step need be given, or what it writes."""
    data = PipelineData("scores")
    first = step_of("first-step", output=data)
    last = step_of("last-step", inputs=[data.as_dataset()])

    assert Pipeline(workspace, data).graph.steps == (first,)
    assert Pipeline(workspace, [last]).graph.in_order() == (first, last)


def test_a_cycle_is_found_by_validate(workspace, step_of):
    """Version 1 finds it in the cloud, if at all."""
    first, second = step_of("first-step"), step_of("second-step")
    first.run_after(second)
    second.run_after(first)
    problems = Pipeline(workspace, [first, second]).validate()

    assert len(problems) == 1
    assert "first-step -> second-step -> first-step" in problems[0]


def test_an_empty_pipeline_is_found_by_validate(workspace):
    """It can be made, and has a problem."""
    assert "no steps" in Pipeline(workspace, []).validate()[0]


def test_a_script_that_went_away_is_found_by_validate(workspace, step_of, scripts):
    """Files are looked for again."""
    pipeline = Pipeline(workspace, [step_of()])
    (scripts / "score.py").unlink()

    assert "no entry script" in pipeline.validate()[0]


def test_one_default_across_steps(workspace, step_of):
    """A parameter has the same default everywhere."""
    steps = [
        step_of("step-one", arguments=["-n", PipelineParameter("n", 1)]),
        step_of("step-two", arguments=["-n", PipelineParameter("n", 2)]),
    ]

    with pytest.raises(DeclarationError, match="two defaults in the pipeline"):
        Pipeline(workspace, steps)


@pytest.mark.parametrize("target", ["local", None, ("cpu", "AmlCompute")], ids=repr)
def test_known_compute(workspace, step_of, config_of, target):
    """This machine is always there, and a pair is not looked up."""
    config = config_of(output_action="summary_only", compute_target=target)

    assert Pipeline(workspace, [step_of(parallel_run_config=config)]).validate() == []


def test_unknown_compute(workspace, step_of, config_of):
    """A name is looked up when the pipeline is made."""
    config = config_of(output_action="summary_only", compute_target="gone")

    with pytest.raises(ValueError, match="no compute target is called 'gone'"):
        Pipeline(workspace, [step_of(parallel_run_config=config)])


def test_scripts_of_the_default_source_directory(
    workspace, step_of, config_of, scripts, monkeypatch
):
    """They are looked for when the pipeline is made."""
    config = config_of(output_action="summary_only", source_directory=None)
    step = step_of(parallel_run_config=config)
    monkeypatch.chdir("/")

    with pytest.raises(ValueError, match="no entry script"):
        Pipeline(workspace, [step])
    assert not Pipeline(
        workspace, [step], default_source_directory=str(scripts)
    ).validate()


def test_keywords(workspace):
    """Version 1's one extra keyword is accepted, a misspelt one is not."""
    Pipeline(workspace, [], enable_email_notification=True)

    with pytest.raises(ValueError, match="no argument 'descripton'"):
        Pipeline(workspace, [], descripton="typo")
    with pytest.raises(ValueError, match="no argument 'parameters'"):
        Pipeline(workspace, []).submit("experiment", parameters={})


def test_a_tuple_is_no_list_of_steps(workspace, step_of):
    """As in version 1."""
    with pytest.raises(NotImplementedError):
        Pipeline(workspace, (step_of(),))


def test_making_pipelines_loads_nothing_heavy():
    """Even the graph library is only paid for when steps are put in order."""
    program = (
        "import sys, azml_pipelines.pipeline.pipeline, azml_pipelines.plan.compiler;"
        "print({'networkx', 'pandas', 'dask', 'sqlalchemy', 'yaml'} & {*sys.modules})"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout

    assert printed.strip() == "set()"
