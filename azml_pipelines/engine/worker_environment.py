"""What a worker process finds around it: arguments and environment variables."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from azml_pipelines.masking import resolve_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from azml_pipelines.engine.step_inputs import StepInput
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan, RunPlan, StepPlan
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["driver_arguments", "step_environment"]

_CLIENT_VERSION = "1.62.0"
"""The version 1 client whose command line this is; scripts may read it."""


def driver_arguments(
    step: ParallelRunStepPlan, inputs: list[StepInput], own: list[str], output: Path
) -> list[str]:
    """Return ``sys.argv[1:]`` of an entry script, in version 1's order.

    Args:
        step: The step.
        inputs: Its inputs, without side inputs.
        own: The step's own arguments as text.
        output: The step's output folder.
    """
    settings = step.settings
    pairs: list[tuple[str, object]] = [
        ("client_sdk_version", _CLIENT_VERSION),
        ("scoring_module_name", settings.entry_script),
        ("mini_batch_size", settings.mini_batch_size),
        ("error_threshold", settings.error_threshold),
        ("output_action", settings.output_action),
        ("logging_level", settings.logging_level),
        ("run_invocation_timeout", f"{settings.run_invocation_timeout:g}"),
        ("run_max_try", settings.run_max_try),
        ("create_snapshot_at_runtime", "True"),
    ]
    if settings.allowed_failed_count is not None:
        pairs.append(("allowed_failed_count", settings.allowed_failed_count))
    if settings.allowed_failed_percent is not None:
        pairs.append(("allowed_failed_percent", settings.allowed_failed_percent))
    if settings.output_action == "append_row":
        pairs.append(("append_row_file_name", settings.append_row_file_name))
    pairs.append(("output", output))
    pairs.append(("process_count_per_node", settings.process_count_per_node))
    arguments = [text for name, value in pairs for text in (f"--{name}", str(value))]
    arguments += own
    for number, found in enumerate(inputs):
        kind = "input_ds" if found.definition.kind == "tabular" else "input_fds"
        arguments += [f"--{kind}_{number}", found.plan.name]
    for number, found in enumerate(inputs):
        if found.plan.parameter is not None:
            arguments += [f"--input_pipeline_param_{number}", found.path]
    return arguments


def step_environment(
    run: RunPlan,
    folder: RunFolder,
    step: StepPlan,
    inputs: Iterable[StepInput],
    outputs: Mapping[str, str],
) -> dict[str, str]:
    """Return the variables of every process of a step: version 1's names, then ours.

    Args:
        run: The run.
        folder: Of the run.
        step: The step.
        inputs: All of its inputs, found on this machine.
        outputs: Where it writes each output, by name.

    Raises:
        DeclarationError: A variable that ``env:NAME`` stands for is not set.
    """
    declared = resolve_variables(step.variables, os.environ)
    return {
        **_names(run, folder, step),
        **_read(inputs),
        **_written(step, outputs),
        **declared,
    }


def _names(run: RunPlan, folder: RunFolder, step: StepPlan) -> dict[str, str]:
    workspace = run.workspace
    return {
        "AZUREML_RUN_ID": step.step_run_id,
        "AZUREML_EXPERIMENT_ID": run.experiment,
        "AZUREML_WORKSPACE_ID": workspace.name,
        "AZUREML_ARM_SUBSCRIPTION": workspace.subscription_id,
        "AZUREML_ARM_RESOURCEGROUP": workspace.resource_group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
        "AZUREML_ARM_PROJECT_NAME": run.experiment,
        "AZML_RUN_ID": run.run_id,
        "AZML_WORKSPACE": workspace.root,
        "AZML_RUN_FOLDER": os.fspath(folder.root),
        "AZML_STEP_NAME": step.name,
    }


def _read(inputs: Iterable[StepInput]) -> dict[str, str]:
    variables: dict[str, str] = {}
    described = {}
    for found in inputs:
        plan = found.plan
        path = None if plan.mode == "direct" else found.path
        described[plan.name] = {"mode": plan.mode, "path": path}
        variables[plan.name] = path or plan.name
        if plan.produced_by is not None or plan.mode != "direct":
            variables[f"AZUREML_DATAREFERENCE_{plan.name}"] = found.path
    variables["AZUREML_DATASET_ENVIRONMENT_VARS"] = ",".join(
        f"{name}:{item['mode']}" for name, item in described.items()
    )
    variables["AZML_INPUTS"] = json.dumps(described)
    return variables


def _written(step: StepPlan, outputs: Mapping[str, str]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for output in step.all_outputs:
        place = outputs[output.name]
        variables[f"AZUREML_DATAREFERENCE_{output.name}"] = place
        if output.form == "dataset":
            variables[output.name] = place
    variables["AZUREML_DATASET_FILE_OUTPUTS"] = ";".join(
        output.name for output in step.all_outputs if output.form == "dataset"
    )
    variables["AZML_OUTPUTS"] = json.dumps(dict(outputs))
    return variables
