"""A resume may change how a run is executed, and nothing else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings
from azml_pipelines.plan.execution_override import ExecutionOverride, apply_overrides
from azml_pipelines.plan.run_plan import ParallelRunStepPlan, RunPlan, WorkspacePlan


@pytest.fixture
def plan():
    """Two steps, each on one node."""
    steps = [
        ParallelRunStepPlan(
            step_run_id=name,
            name=name,
            settings=ParallelRunSettings(
                entry_script="score.py", mini_batch_size=MiniBatchSize(1, "files")
            ),
            source_directory="/nowhere",
            inputs=(),
        )
        for name in ("one", "two")
    ]
    workspace = WorkspacePlan(name="testing", root="/nowhere")
    return RunPlan(run_id="run", experiment="e", workspace=workspace, steps=steps)


def test_every_step_gets_the_new_knobs(plan):
    """The plan that was given stays as it was."""
    before = plan.model_copy(deep=True)
    override = ExecutionOverride(
        node_count=3,
        process_count_per_node=4,
        run_invocation_timeout=5.5,
        compute_target="cluster",
    )

    new = apply_overrides(plan, [override])

    assert [(3, 4, 5.5)] * 2 == [
        (
            step.settings.node_count,
            step.settings.process_count_per_node,
            step.settings.run_invocation_timeout,
        )
        for step in new.steps
    ]
    assert ["cluster"] * 2 == [step.compute.name for step in new.steps]
    assert before == plan


def test_what_is_not_given_stays(plan):
    """Nothing but the given knob differs."""
    new = apply_overrides(plan, [ExecutionOverride(node_count=2)])

    assert apply_overrides(plan, [ExecutionOverride(node_count=1)]) == plan
    assert "local" == new.steps[0].compute.name
    assert plan.steps[0].settings.run_max_try == new.steps[0].settings.run_max_try


def test_the_newest_of_each_knob_wins(plan):
    """Knobs that a later one does not mention keep their earlier value."""
    overrides = [
        ExecutionOverride(node_count=2, run_invocation_timeout=9),
        ExecutionOverride(node_count=5),
    ]
    settings = apply_overrides(plan, overrides).steps[0].settings

    assert (5, 9) == (settings.node_count, settings.run_invocation_timeout)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"node_count": 0}, id="no node"),
        pytest.param({"node_count": 1.5}, id="half a node"),
        pytest.param({"process_count_per_node": -1}, id="minus one process"),
        pytest.param({"run_invocation_timeout": 0}, id="no time"),
        pytest.param({"run_invocation_timeout": float("inf")}, id="for ever"),
        pytest.param({"run_max_try": 3}, id="a knob that changes results"),
    ],
)
def test_other_values_are_refused(fields):
    """What a plan could not have, a resume cannot bring in."""
    with pytest.raises(ValidationError):
        ExecutionOverride.model_validate(fields)


def test_whether_there_is_anything_to_keep():
    """An empty override is none."""
    assert not ExecutionOverride().changes_something
    assert ExecutionOverride(node_count=1).changes_something


@pytest.mark.parametrize("count", [1, 1000, "auto", "3"])
def test_counts_of_processes(plan, count):
    """A number, its text as a command line has it, or auto; kept through a file."""
    override = ExecutionOverride(process_count_per_node=count)
    stored = ExecutionOverride.model_validate_json(override.model_dump_json())
    settings = apply_overrides(plan, [stored]).steps[0].settings

    assert settings.process_count_per_node == (3 if count == "3" else count)


@pytest.mark.parametrize("count", [0, -1, 1001, 2.5, "two", "Auto", "", [2], 10**400])
def test_no_counts_of_processes(count):
    """Anything else is refused with what is accepted."""
    with pytest.raises(ValidationError, match="from 1 to 1000, or 'auto'"):
        ExecutionOverride(process_count_per_node=count)
