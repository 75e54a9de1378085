"""Declare batch pipelines, run them, get every row back exactly once and in order.

Every public name is importable from here and loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azml_pipelines.compute.target import AmlCompute, ComputeTarget
    from azml_pipelines.data.consumption import DatasetConsumptionConfig
    from azml_pipelines.data.data_reference import (
        DataPath,
        DataPathComputeBinding,
        DataReference,
    )
    from azml_pipelines.data.data_type import DataType
    from azml_pipelines.data.dataset import Dataset
    from azml_pipelines.data.datastore import Datastore
    from azml_pipelines.data.file_dataset import FileDataset
    from azml_pipelines.data.tabular_dataset import TabularDataset
    from azml_pipelines.errors import (
        ActivityFailedException,
        AzmlError,
        ComputeTargetException,
        DeclarationError,
        ExecutionError,
        ExperimentExecutionException,
        ModelNotFoundException,
        NotAvailableError,
        ParameterError,
        ParameterTypeError,
        RunEnvironmentException,
        RunNotFoundError,
        UserErrorException,
        WebserviceException,
        WorkspaceException,
    )
    from azml_pipelines.pipeline.command_step import CommandStep
    from azml_pipelines.pipeline.condition import output_exists
    from azml_pipelines.pipeline.data_transfer_step import DataTransferStep
    from azml_pipelines.pipeline.environment import CondaDependencies, Environment
    from azml_pipelines.pipeline.output_file_dataset_config import (
        OutputFileDatasetConfig,
    )
    from azml_pipelines.pipeline.parallel_run_config import ParallelRunConfig
    from azml_pipelines.pipeline.parallel_run_step import ParallelRunStep
    from azml_pipelines.pipeline.parameter import PipelineParameter
    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.pipeline.pipeline_data import PipelineData
    from azml_pipelines.pipeline.python_script_step import PythonScriptStep
    from azml_pipelines.pipeline.run_configuration import (
        DockerConfiguration,
        RunConfiguration,
    )
    from azml_pipelines.pipeline.script_run_config import ScriptRunConfig
    from azml_pipelines.pipeline.step_sequence import StepSequence
    from azml_pipelines.run.authentication import InteractiveLoginAuthentication
    from azml_pipelines.run.experiment import Experiment
    from azml_pipelines.run.model import Model
    from azml_pipelines.run.pipeline_draft import PipelineDraft
    from azml_pipelines.run.pipeline_endpoint import PipelineEndpoint
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.published_pipeline import PublishedPipeline
    from azml_pipelines.run.run_context import Run
    from azml_pipelines.run.step_run import StepRun
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.recurrence import ScheduleRecurrence
    from azml_pipelines.schedule.schedule import Schedule
    from azml_pipelines.schedule.time_zone import TimeZone
    from azml_pipelines.widgets.run_details import RunDetails
    from azml_pipelines.worker.entry_script import EntryScript

__all__ = [
    "ActivityFailedException",
    "AmlCompute",
    "AzmlError",
    "CommandStep",
    "ComputeTarget",
    "ComputeTargetException",
    "CondaDependencies",
    "DataPath",
    "DataPathComputeBinding",
    "DataReference",
    "DataTransferStep",
    "DataType",
    "Dataset",
    "DatasetConsumptionConfig",
    "Datastore",
    "DeclarationError",
    "DockerConfiguration",
    "EntryScript",
    "Environment",
    "ExecutionError",
    "Experiment",
    "ExperimentExecutionException",
    "FileDataset",
    "InteractiveLoginAuthentication",
    "Model",
    "ModelNotFoundException",
    "NotAvailableError",
    "OutputFileDatasetConfig",
    "ParallelRunConfig",
    "ParallelRunStep",
    "ParameterError",
    "ParameterTypeError",
    "Pipeline",
    "PipelineData",
    "PipelineDraft",
    "PipelineEndpoint",
    "PipelineParameter",
    "PipelineRun",
    "PublishedPipeline",
    "PythonScriptStep",
    "Run",
    "RunConfiguration",
    "RunDetails",
    "RunEnvironmentException",
    "RunNotFoundError",
    "Schedule",
    "ScheduleRecurrence",
    "ScriptRunConfig",
    "StepRun",
    "StepSequence",
    "TabularDataset",
    "TimeZone",
    "UserErrorException",
    "WebserviceException",
    "Workspace",
    "WorkspaceException",
    "output_exists",
]

__version__ = "0.1.0"

_PLACES = {
    "ActivityFailedException": "errors",
    "AmlCompute": "compute.target",
    "AzmlError": "errors",
    "CommandStep": "pipeline.command_step",
    "ComputeTarget": "compute.target",
    "ComputeTargetException": "errors",
    "CondaDependencies": "pipeline.environment",
    "DataPath": "data.data_reference",
    "DataPathComputeBinding": "data.data_reference",
    "DataReference": "data.data_reference",
    "DataTransferStep": "pipeline.data_transfer_step",
    "DataType": "data.data_type",
    "Dataset": "data.dataset",
    "DatasetConsumptionConfig": "data.consumption",
    "Datastore": "data.datastore",
    "DeclarationError": "errors",
    "DockerConfiguration": "pipeline.run_configuration",
    "EntryScript": "worker.entry_script",
    "Environment": "pipeline.environment",
    "ExecutionError": "errors",
    "Experiment": "run.experiment",
    "ExperimentExecutionException": "errors",
    "FileDataset": "data.file_dataset",
    "InteractiveLoginAuthentication": "run.authentication",
    "Model": "run.model",
    "ModelNotFoundException": "errors",
    "NotAvailableError": "errors",
    "OutputFileDatasetConfig": "pipeline.output_file_dataset_config",
    "ParallelRunConfig": "pipeline.parallel_run_config",
    "ParallelRunStep": "pipeline.parallel_run_step",
    "ParameterError": "errors",
    "ParameterTypeError": "errors",
    "Pipeline": "pipeline.pipeline",
    "PipelineData": "pipeline.pipeline_data",
    "PipelineDraft": "run.pipeline_draft",
    "PipelineEndpoint": "run.pipeline_endpoint",
    "PipelineParameter": "pipeline.parameter",
    "PipelineRun": "run.pipeline_run",
    "PublishedPipeline": "run.published_pipeline",
    "PythonScriptStep": "pipeline.python_script_step",
    "Run": "run.run_context",
    "RunConfiguration": "pipeline.run_configuration",
    "RunDetails": "widgets.run_details",
    "RunEnvironmentException": "errors",
    "RunNotFoundError": "errors",
    "Schedule": "schedule.schedule",
    "ScheduleRecurrence": "schedule.recurrence",
    "ScriptRunConfig": "pipeline.script_run_config",
    "StepRun": "run.step_run",
    "StepSequence": "pipeline.step_sequence",
    "TabularDataset": "data.tabular_dataset",
    "TimeZone": "schedule.time_zone",
    "UserErrorException": "errors",
    "WebserviceException": "errors",
    "Workspace": "run.workspace",
    "WorkspaceException": "errors",
    "output_exists": "pipeline.condition",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def load_ipython_extension(ipython: object) -> None:  # noqa: ARG001 - IPython's
    """Make ``import azureml…`` work, for ``%load_ext azml_pipelines``."""
    import_module(f"{__name__}.compat.importer").install()


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
