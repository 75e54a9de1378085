"""Repeats a stored run: its pipeline as declared, its scripts as they were then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.plan.definition import PipelineDefinition
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.submission import Submission, submit_definition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.run.pipeline_run import PipelineRun

__all__ = ["resubmit", "stored_definition"]


def stored_definition(run: PipelineRun) -> PipelineDefinition:
    """Return the pipeline of a run as it was declared, with the run's own scripts."""
    definition = PipelineDefinition.model_validate_json(
        run.folder.definition.read_bytes()
    )
    # A plan has its steps in the order of its definition.
    pairs = zip(definition.steps, run.plan.steps, strict=True)
    snapshots = {
        declared.key: str(run.folder.step(planned.step_run_id).snapshot)
        for declared, planned in pairs
    }
    return definition.with_sources(snapshots)


def resubmit(
    run: PipelineRun,
    values: Mapping[str, Any],
    *,
    experiment_name: str | None = None,
    submission: Submission | None = None,
) -> PipelineRun:
    """Start a new run of the pipeline of ``run``.

    Args:
        values: By parameter name; the others keep the values that ``run`` has.
        submission: What else is wanted; what it leaves open is as in ``run``.

    Raises:
        DeclarationError: A parameter is not declared, or a value has another type.
    """
    name = experiment_name or run.experiment.name
    definition = stored_definition(run)
    wanted = submission or Submission()
    goes_on = wanted.continue_on_step_failure
    if goes_on is None:
        goes_on = run.plan.continue_on_step_failure
    return submit_definition(
        Experiment(run.experiment.workspace, name),
        definition,
        {**_values_of(run, definition), **values},
        replace(wanted, continue_on_step_failure=goes_on, resubmitted_from=run.id),
    )


def _values_of(run: PipelineRun, definition: PipelineDefinition) -> dict[str, object]:
    """Return the values of a run, such as a submission would give them."""
    values: dict[str, object] = {}
    for name, value in run.plan.parameters.items():
        declared = definition.parameter(name)
        is_path = declared is not None and declared.kind == "datapath"
        # A plan keeps the one place that a DataPath means as a dataset.
        if is_path and isinstance(value, DatasetDefinition) and len(value.sources) == 1:
            values[name] = value.sources[0]
        else:
            values[name] = value
    return values
