"""Which object of ours stands behind each import name of version 1.

Three kinds of names: those we have, exceptions that we never raise (importable, so that
``except`` lines keep working), and those without an object here. The last ones import
too and say so when they are used.
"""

from __future__ import annotations

__all__ = ["EXCEPTIONS", "LATER", "NEEDS_AZURE", "PLACES", "modules"]

# Names of version 1, by our module: "name" or "name=our name".
_OURS = {
    "azml_pipelines": {
        "azureml.core": "VERSION=__version__ __version__",
    },
    "azml_pipelines.compute.target": {
        "azureml.core": "ComputeTarget",
        "azureml.core.compute": "AmlCompute ComputeTarget",
        "azureml.core.compute.amlcompute": "AmlCompute",
        "azureml.core.compute.compute": "ComputeTarget",
        "azureml.core.compute_target": "ComputeTarget",
    },
    "azml_pipelines.data.consumption": {
        "azureml.data.dataset_consumption_config": "DatasetConsumptionConfig",
    },
    "azml_pipelines.data.data_type": {
        "azureml.data": "DataType",
        "azureml.data.dataset_factory": "DataType",
    },
    "azml_pipelines.data.delimited_options": {
        "azureml.data.dataset_type_definitions": "PromoteHeadersBehavior",
    },
    "azml_pipelines.data.data_reference": {
        "azureml.data.data_reference": "DataReference",
        "azureml.data.datapath": "DataPath DataPathComputeBinding",
    },
    "azml_pipelines.data.mltable": {
        "mltable": "load=read_mltable",
    },
    "azml_pipelines.data.dataset": {
        "azureml.core": "Dataset",
        "azureml.core.dataset": "Dataset",
        "azureml.data.dataset_factory": "FileDatasetFactory TabularDatasetFactory",
    },
    "azml_pipelines.data.datastore": {
        "azureml.core": "Datastore",
        "azureml.core.datastore": "Datastore",
        "azureml.data.azure_data_lake_datastore": "AzureDataLakeGen2Datastore",
        "azureml.data.azure_storage_datastore": "AzureBlobDatastore AzureFileDatastore",
    },
    "azml_pipelines.data.file_dataset": {
        "azureml.data": "FileDataset",
        "azureml.data.file_dataset": "FileDataset",
    },
    "azml_pipelines.data.tabular_dataset": {
        "azureml.data": "TabularDataset",
        "azureml.data.tabular_dataset": "TabularDataset",
    },
    "azml_pipelines.errors": {
        "azureml.core.compute_target": "ComputeTargetException",
        "azureml.exceptions": (
            "ActivityFailedException AzureMLException=AzmlError ComputeTargetException "
            "DatasetTimestampMissingError "
            "ExperimentExecutionException ModelNotFoundException "
            "RunEnvironmentException UserErrorException WebserviceException "
            "WorkspaceException"
        ),
    },
    "azml_pipelines.pipeline.output_file_dataset_config": {
        "azureml.data": "OutputFileDatasetConfig",
        "azureml.data.output_dataset_config": (
            "OutputFileDatasetConfig OutputTabularDatasetConfig"
        ),
    },
    "azml_pipelines.pipeline.output_tables": {
        "azureml.pipeline.core.pipeline_output_dataset": "PipelineOutputTabularDataset",
    },
    "azml_pipelines.pipeline.environment": {
        "azureml.core": "CondaDependencies Environment",
        "azureml.core.conda_dependencies": "CondaDependencies",
        "azureml.core.environment": (
            "CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE Environment "
            "MPI_CPU_IMAGE=DEFAULT_CPU_IMAGE MPI_GPU_IMAGE=DEFAULT_GPU_IMAGE"
        ),
        "azureml.core.runconfig": (
            "CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE "
            "MPI_CPU_IMAGE=DEFAULT_CPU_IMAGE MPI_GPU_IMAGE=DEFAULT_GPU_IMAGE"
        ),
    },
    "azml_pipelines.pipeline.parallel_run_config": {
        "azureml.contrib.pipeline.steps": "ParallelRunConfig",
        "azureml.pipeline.steps": "ParallelRunConfig",
    },
    "azml_pipelines.pipeline.parallel_run_step": {
        "azureml.contrib.pipeline.steps": "ParallelRunStep",
        "azureml.pipeline.steps": "ParallelRunStep",
    },
    "azml_pipelines.pipeline.parameter": {
        "azureml.pipeline.core": "PipelineParameter",
        "azureml.pipeline.core.graph": "PipelineParameter",
    },
    "azml_pipelines.pipeline.pipeline": {
        "azureml.pipeline.core": "Pipeline",
        "azureml.pipeline.core.pipeline": "Pipeline",
    },
    "azml_pipelines.pipeline.pipeline_data": {
        "azureml.pipeline.core.pipeline_output_dataset": (
            "PipelineOutputAbstractDataset PipelineOutputFileDataset"
        ),
        "azureml.pipeline.core": "InputPortBinding PipelineData",
        "azureml.pipeline.core.builder": "PipelineData",
    },
    "azml_pipelines.pipeline.command_step": {
        "azureml.pipeline.steps": "CommandStep",
    },
    "azml_pipelines.pipeline.data_transfer_step": {
        "azureml.pipeline.steps": "DataTransferStep",
    },
    "azml_pipelines.pipeline.python_script_step": {
        "azureml.pipeline.steps": "PythonScriptStep",
    },
    "azml_pipelines.pipeline.run_configuration": {
        "azureml.core": "RunConfiguration",
        "azureml.core.runconfig": "DockerConfiguration RunConfiguration",
    },
    "azml_pipelines.pipeline.script_run_config": {
        "azureml.core": "ScriptRunConfig",
        "azureml.core.script_run_config": "ScriptRunConfig",
    },
    "azml_pipelines.pipeline.step": {
        "azureml.pipeline.core": "PipelineStep",
        "azureml.pipeline.core.builder": "PipelineStep",
    },
    "azml_pipelines.pipeline.step_sequence": {
        "azureml.pipeline.core": "StepSequence",
        "azureml.pipeline.core.builder": "StepSequence",
    },
    "azml_pipelines.run.authentication": {
        "azureml.core.authentication": (
            "AzureCliAuthentication InteractiveLoginAuthentication MsiAuthentication "
            "ServicePrincipalAuthentication TokenAuthentication"
        ),
    },
    "azml_pipelines.run.experiment": {
        "azureml.core": "Experiment",
        "azureml.core.experiment": "Experiment",
    },
    "azml_pipelines.run.model": {
        "azureml.core": "Model",
        "azureml.core.model": "Model",
    },
    "azml_pipelines.run.pipeline_draft": {
        "azureml.pipeline.core": "PipelineDraft",
        "azureml.pipeline.core.pipeline_draft": "PipelineDraft",
    },
    "azml_pipelines.run.pipeline_endpoint": {
        "azureml.pipeline.core": "PipelineEndpoint",
        "azureml.pipeline.core.pipeline_endpoint": "PipelineEndpoint",
    },
    "azml_pipelines.run.pipeline_run": {
        "azureml.pipeline.core": "PipelineRun",
        "azureml.pipeline.core.run": "PipelineRun",
    },
    "azml_pipelines.run.port_data_reference": {
        "azureml.pipeline.core": "PortDataReference",
        "azureml.pipeline.core.graph": "PortDataReference",
    },
    "azml_pipelines.run.published_pipeline": {
        "azureml.pipeline.core": "PublishedPipeline",
        "azureml.pipeline.core.graph": "PublishedPipeline",
    },
    "azml_pipelines.run.run_context": {
        "azureml.core": "Run get_run",
        "azureml.core.run": "Run get_run",
    },
    "azml_pipelines.run.script_run": {
        "azureml.core": "ScriptRun",
        "azureml.core.script_run": "ScriptRun",
    },
    "azml_pipelines.run.step_run": {
        "azureml.pipeline.core": "StepRun StepRunOutput",
        "azureml.pipeline.core.run": "StepRun StepRunOutput",
    },
    "azml_pipelines.run.workspace": {
        "azureml.core": "Workspace",
        "azureml.core.workspace": "Workspace",
    },
    "azml_pipelines.schedule.recurrence": {
        "azureml.pipeline.core": "ScheduleRecurrence",
        "azureml.pipeline.core.schedule": "ScheduleRecurrence",
    },
    "azml_pipelines.schedule.schedule": {
        "azureml.pipeline.core": "Schedule",
        "azureml.pipeline.core.schedule": "Schedule",
    },
    "azml_pipelines.schedule.time_zone": {
        "azureml.pipeline.core": "TimeZone",
        "azureml.pipeline.core.schedule": "TimeZone",
    },
    "azml_pipelines.widgets.run_details": {
        "azureml.widgets": "RunDetails",
    },
    "azml_pipelines.worker.entry_script": {
        "azureml_user.parallel_run": "EntryScript",
    },
}

# Exceptions of version 1 that stand for something that cannot happen here.
_EXCEPTIONS = {
    "azureml.exceptions": (
        "AuthenticationException AzureMLAggregatedException "
        "DiscoveryUrlNotFoundException "
        "ModelPathNotFoundException ParallelRunException ProjectSystemException "
        "RunConfigurationException ServiceException SnapshotException "
        "TrainingException WorkspacePrivateEndpointException"
    ),
}

# Nothing can stand behind these without Azure.
_NEEDS_AZURE = {
    "azureml.automl.core.forecasting_parameters": "ForecastingParameters",
    "azureml.contrib.automl.pipeline.steps": "AutoMLPipelineBuilder",
    "azureml.contrib.automl.pipeline.steps.utilities": "get_output_from_mm_pipeline",
    "azureml.contrib.notebook": (
        "AzureMLNotebookHandler NotebookRunConfig NotebookRunnerStep"
    ),
    "azureml.core": (
        "ContainerRegistry Image LinkedService PrivateEndPoint "
        "SynapseWorkspaceLinkedServiceConfiguration Webservice"
    ),
    "azureml.core.compute": (
        "AdlaCompute AksCompute BatchCompute ComputeInstance DataFactoryCompute "
        "DatabricksCompute DsvmCompute HDInsightCompute KubernetesCompute "
        "KustoCompute RemoteCompute SynapseCompute"
    ),
    "azureml.core.databricks": (
        "EggLibrary JarLibrary MavenLibrary PyPiLibrary RCranLibrary"
    ),
    "azureml.core.model": "InferenceConfig",
    "azureml.core.runconfig": (
        "EggLibrary JarLibrary MavenLibrary PyPiLibrary RCranLibrary"
    ),
    "azureml.data": "HDFSOutputDatasetConfig",
    "azureml.data.sql_data_reference": "SqlDataReference",
    "azureml.pipeline.steps": (
        "AdlaStep AutoMLStep AutoMLStepRun AzureBatchStep DatabricksStep "
        "EstimatorStep KustoStep MpiStep RScriptStep SynapseSparkStep"
    ),
    "azureml.opendatasets": "NycTlcGreen NycTlcYellow",
    "azureml.train.automl": "AutoMLConfig",
    "azureml.train.automl.automlconfig": "AutoMLConfig",
    "azureml.train.automl.constants": "Scenarios",
    "azureml.train.automl.run": "AutoMLRun",
    "azureml.train.automl.runtime._many_models.many_models_parameters": (
        "ManyModelsInferenceParameters ManyModelsTrainParameters"
    ),
}

# These make sense here, and no object stands behind them yet.
_LATER = {
    "azureml.core": "Keyvault",
    "azureml.core.runconfig": (
        "MpiConfiguration ParallelTaskConfiguration PyTorchConfiguration "
        "TensorflowConfiguration"
    ),
    "azureml.data": "LinkFileOutputDatasetConfig LinkTabularOutputDatasetConfig",
    "azureml.pipeline.core": (
        "Module ModuleVersion ModuleVersionDescriptor "
        "OutputPortBinding PipelineDataset TrainingOutput"
    ),
    "azureml.pipeline.core.graph": (
        "InputPortDef OutputPortDef PipelineDataset TrainingOutput"
    ),
    "azureml.pipeline.core.module": "Module ModuleVersion",
    "azureml.pipeline.steps": ("HyperDriveStep HyperDriveStepRun ModuleStep"),
    "azureml.train.hyperdrive": (
        "BanditPolicy BayesianParameterSampling GridParameterSampling "
        "HyperDriveConfig HyperDriveRun MedianStoppingPolicy NoTerminationPolicy "
        "PrimaryMetricGoal RandomParameterSampling TruncationSelectionPolicy choice "
        "lognormal loguniform normal qlognormal qloguniform qnormal quniform randint "
        "uniform"
    ),
    "azureml.widgets.parallel_run_step_details": "ParallelRunStepDetails",
}


def _places() -> dict[str, str]:
    places = {}
    for ours, modules_of_names in _OURS.items():
        for module, names in modules_of_names.items():
            for name in names.split():
                theirs, _, renamed = name.partition("=")
                places[f"{module}.{theirs}"] = f"{ours}:{renamed or theirs}"
    return places


def _dotted(names: dict[str, str]) -> frozenset[str]:
    return frozenset(
        f"{module}.{name}" for module in names for name in names[module].split()
    )


PLACES = _places()
"""Dotted name of version 1 to ``"module:attribute"`` of ours."""
EXCEPTIONS = _dotted(_EXCEPTIONS)
NEEDS_AZURE = _dotted(_NEEDS_AZURE)
LATER = _dotted(_LATER)


def modules() -> frozenset[str]:
    """Return every module of version 1 that exists here, with the packages above."""
    found = set()
    for dotted in (*PLACES, *EXCEPTIONS, *NEEDS_AZURE, *LATER):
        module = dotted.rpartition(".")[0]
        while module:
            found.add(module)
            module = module.rpartition(".")[0]
    return frozenset(found)
