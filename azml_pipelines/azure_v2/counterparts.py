"""What each key of a document becomes here, and what differs; read by ``azml convert``.

Keys without an effect and keys that are refused say so in their sections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.azure_v2 import deployment_sections as deployments
from azml_pipelines.azure_v2 import job_sections as jobs
from azml_pipelines.azure_v2 import schedule_document as schedules
from azml_pipelines.azure_v2.pipeline_job import PipelineJobSection, PipelineSettings
from azml_pipelines.azure_v2.ports import InputSection, OutputSection
from azml_pipelines.azure_v2.surroundings import EnvironmentSection

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.section import Section

__all__ = ["COUNTERPARTS", "counterpart"]

_TRIES = "tries after the first one: run_max_try is one more"
_FEWER = "short results are failed items, not failed mini-batches"
_KNOWN = "a name that the workspace does not know is this machine, with a warning"
_BUILT = "recorded; the current interpreter runs it"

_NAMED = {
    "$schema": ("nothing", ""),
    "name": ("a tag of the run", ""),
    "type": ("the kind of document", ""),
    "version": ("nothing", "components are not registered"),
    "display_name": ("a tag of the run", ""),
    "description": ("description", ""),
    "tags": ("tags of the run", ""),
    "inputs": ("inputs", ""),
    "outputs": ("outputs", ""),
}
_STEP = {
    **_NAMED,
    "name": ("nothing", "the step has the name of its key"),
    "display_name": ("nothing", "the step has the name of its key"),
    "description": ("nothing", ""),
    "tags": ("nothing", "only runs have tags"),
    "is_deterministic": ("allow_reuse", ""),
    "component": ("the step itself", ""),
    "compute": ("compute_target", _KNOWN),
    "comment": ("nothing", ""),
    "environment_variables": ("environment_variables", ""),
}
_COMMAND = {
    "command": ("CommandStep(command=)", "a shell gets it with the values in it"),
    "code": ("source_directory", "an empty folder without it"),
    "environment": ("RunConfiguration.environment", _BUILT),
    "resources": ("nothing", "a command is one process on one machine"),
    "limits": ("timeout_seconds", ""),
}
_PARALLEL = {
    "input_data": ("ParallelRunStep(inputs=)", "the other inputs are side_inputs"),
    "mini_batch_size": ("mini_batch_size", "integers need no quotes"),
    "partition_keys": ("partition_keys", "they win over mini_batch_size"),
    "resources": ("node_count", ""),
    "max_concurrency_per_instance": ("process_count_per_node", "1 without it"),
    "error_threshold": ("error_threshold", _FEWER),
    "mini_batch_error_threshold": ("allowed_failed_count", "-1 is None"),
    "logging_level": ("logging_level", "in any case"),
    "retry_settings": ("run_max_try, run_invocation_timeout", ""),
    "task": ("ParallelRunConfig", ""),
}
_DEPLOYMENT = {
    **_NAMED,
    "name": ("the name behind the endpoint", ""),
    "endpoint_name": ("the batch endpoint, and the experiment", ""),
}
_SETTINGS = {
    "mini_batch_size": ("mini_batch_size", "files"),
    "max_concurrency_per_instance": ("process_count_per_node", ""),
    "instance_count": ("node_count", ""),
    "error_threshold": ("error_threshold", "files"),
    "output_action": ("output_action", ""),
    "output_file_name": ("append_row_file_name", "predictions.csv without it"),
    "retry_settings": ("run_max_try, run_invocation_timeout", "3 and 30 without it"),
    "logging_level": ("logging_level", "checked, which Azure does not do"),
    "environment_variables": ("environment_variables", ""),
}
_SCORING = {
    **_DEPLOYMENT,
    "model": ("Model", "a path is registered; AZUREML_MODEL_DIR is its folder"),
    "code_configuration": ("source_directory, entry_script", "none for MLflow models"),
    "environment": ("environment", _BUILT),
    "compute": ("compute_target", _KNOWN),
    "resources": ("node_count", ""),
    "error_threshold": ("error_threshold", "Azure ignores it with type: model"),
    "environment_variables": (
        "environment_variables",
        "Azure drops them when there are settings",
    ),
}

COUNTERPARTS: dict[type[Section], dict[str, tuple[str, str]]] = {
    PipelineJobSection: {
        **_NAMED,
        "experiment_name": ("Experiment", "the name of the folder without it"),
        "compute": ("compute_target of its jobs", _KNOWN),
        "jobs": ("Pipeline(steps=)", ""),
        "component": ("Pipeline", ""),
        "settings": ("arguments of Pipeline and submit", ""),
    },
    PipelineSettings: {
        "default_datastore": ("default_datastore", ""),
        "default_compute": ("compute_target of its jobs", _KNOWN),
        "continue_on_step_failure": ("continue_on_step_failure", "false without it"),
        "force_rerun": ("regenerate_outputs", ""),
    },
    InputSection: {
        "type": ("dataset, model or value", "uri_folder without it"),
        "path": ("Dataset.File.from_files, Dataset.get_by_name, read_mltable", ""),
        "mode": ("as_mount, as_download, as_named_input", "files are where they are"),
        "default": ("the value", ""),
        "value": ("the value", ""),
        "optional": ("nothing", "$[[ ]] is left out without a value"),
        "min": ("a check", ""),
        "max": ("a check", ""),
        "enum": ("a check", ""),
        "description": ("nothing", ""),
        "path_on_compute": ("path_on_compute", ""),
    },
    OutputSection: {
        "type": ("PipelineData", "uri_file is one file"),
        "path": ("datastore and path of PipelineData", ""),
        "mode": ("nothing", "it appears whole when its step has succeeded"),
        "name": ("register_on_complete", ""),
        "description": ("description of the registration", ""),
    },
    EnvironmentSection: {
        **{key: _NAMED[key] for key in ("$schema", "description", "tags")},
        "name": ("Environment", _BUILT),
        "version": ("nothing", ""),
        "image": ("docker.base_image", "recorded"),
        "conda_file": ("python.conda_dependencies", _BUILT),
    },
    jobs.Resources: {"instance_count": ("node_count", "-1 is one")},
    jobs.RetrySettings: {
        "max_retries": ("run_max_try", _TRIES),
        "timeout": ("run_invocation_timeout", "the process is killed"),
    },
    jobs.CommandLimits: {"timeout": ("timeout_seconds", "")},
    jobs.ParallelTask: {
        "type": ("nothing", "only run_function"),
        "code": ("source_directory", ""),
        "entry_script": ("entry_script", "a path, or a dotted module"),
        "environment": ("environment", _BUILT),
        "program_arguments": ("arguments", "flags of the runtime are settings"),
        "append_row_to": ("output, output_action", "summary_only without it"),
    },
    jobs.CommandJob: {**_STEP, **_COMMAND},
    jobs.CommandComponent: {**_STEP, **_COMMAND},
    jobs.ParallelJob: {**_STEP, **_PARALLEL},
    jobs.ParallelComponent: {**_STEP, **_PARALLEL},
    jobs.InnerPipelineJob: _STEP,
    jobs.PipelineComponent: {
        **_STEP,
        "jobs": ("steps of the same run", ""),
    },
    deployments.EndpointSection: {
        **_NAMED,
        "name": ("the batch endpoint", ""),
        "tags": ("tags of the endpoint", ""),
        "defaults": ("the default deployment", ""),
    },
    deployments.EndpointDefaults: {"deployment_name": ("the default deployment", "")},
    deployments.CodeConfiguration: {
        "code": ("source_directory", ""),
        "scoring_script": ("entry_script", ""),
    },
    deployments.ModelSection: {
        "name": ("Model.register(model_name=)", ""),
        "type": ("nothing", "a folder with an MLmodel file is an MLflow model"),
        "path": ("Model.register(model_path=)", "the same files are one version"),
        "description": ("description", ""),
        "tags": ("tags", ""),
    },
    deployments.DeploymentSettings: _SETTINGS,
    deployments.ModelDeploymentSection: {
        **_SCORING,
        "settings": ("ParallelRunConfig", ""),
    },
    deployments.LegacyDeploymentSection: {**_SCORING, **_SETTINGS},
    deployments.PipelineDeploymentSection: {
        **_DEPLOYMENT,
        "component": ("Pipeline", ""),
        "job_definition": ("resubmit of that run", "inputs stay as they were"),
        "settings": ("arguments of Pipeline and submit", ""),
    },
    deployments.OverrideCompute: {"instance_count": ("node_count", "")},
    deployments.Overrides: {
        **_SETTINGS,
        "compute": ("node_count", ""),
    },
    schedules.ScheduleSection: {
        **_NAMED,
        "name": ("the name of the schedule", ""),
        "display_name": ("description", "when there is none"),
        "trigger": ("recurrence or cron", ""),
        "create_job": ("a published pipeline", "as it is when the schedule is made"),
    },
    schedules.TriggerSection: {
        "type": ("recurrence or cron", ""),
        "frequency": ("frequency", ""),
        "interval": ("interval", ""),
        "schedule": ("hours, minutes, week_days", "months become cron"),
        "pattern": ("hours, minutes, week_days", "another name of schedule"),
        "expression": ("cron", ""),
        "start_time": ("start_time", ""),
        "end_time": ("end_time", ""),
        "time_zone": ("time_zone", "UTC without it"),
        "timezone": ("time_zone", "another name of it"),
    },
    schedules.PatternSection: {
        "hours": ("hours", ""),
        "minutes": ("minutes", ""),
        "week_days": ("week_days", ""),
        "month_days": ("cron", ""),
    },
}
"""Section and key to what it becomes and what differs."""


def counterpart(kind: type[Section], key: str) -> tuple[str, str] | None:
    """Return what a key becomes and what differs; None for a key without a word."""
    return COUNTERPARTS.get(kind, {}).get(key)
