"""Every import name of version 1 has one place."""

from __future__ import annotations

from importlib import import_module

import pytest

from azml_pipelines.compat.table import EXCEPTIONS, LATER, NEEDS_AZURE, PLACES, modules

# Where version 1's wheels and its users' code import each name from.
VERSION_1 = {
    "azureml.contrib.notebook": (
        "AzureMLNotebookHandler NotebookRunConfig NotebookRunnerStep"
    ),
    "azureml.contrib.pipeline.steps": "ParallelRunConfig ParallelRunStep",
    "azureml.core": (
        "__version__ ComputeTarget CondaDependencies ContainerRegistry Dataset "
        "Datastore Environment Experiment get_run Image Keyvault LinkedService "
        "Model PrivateEndPoint Run RunConfiguration ScriptRun ScriptRunConfig "
        "SynapseWorkspaceLinkedServiceConfiguration VERSION Webservice Workspace"
    ),
    "azureml.core.authentication": (
        "AzureCliAuthentication InteractiveLoginAuthentication MsiAuthentication "
        "ServicePrincipalAuthentication TokenAuthentication"
    ),
    "azureml.core.compute": (
        "AdlaCompute AksCompute AmlCompute BatchCompute ComputeInstance "
        "ComputeTarget DatabricksCompute DataFactoryCompute DsvmCompute "
        "HDInsightCompute KubernetesCompute KustoCompute RemoteCompute "
        "SynapseCompute"
    ),
    "azureml.core.compute.amlcompute": "AmlCompute",
    "azureml.core.compute.compute": "ComputeTarget",
    "azureml.core.compute_target": "ComputeTargetException",
    "azureml.core.conda_dependencies": "CondaDependencies",
    "azureml.core.databricks": (
        "EggLibrary JarLibrary MavenLibrary PyPiLibrary RCranLibrary"
    ),
    "azureml.core.dataset": "Dataset",
    "azureml.core.datastore": "Datastore",
    "azureml.core.environment": (
        "CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE Environment "
        "MPI_CPU_IMAGE MPI_GPU_IMAGE"
    ),
    "azureml.core.experiment": "Experiment",
    "azureml.core.model": "InferenceConfig Model",
    "azureml.core.run": "get_run Run",
    "azureml.core.runconfig": (
        "CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE "
        "DockerConfiguration EggLibrary JarLibrary MavenLibrary MPI_CPU_IMAGE "
        "MPI_GPU_IMAGE MpiConfiguration ParallelTaskConfiguration PyPiLibrary "
        "PyTorchConfiguration RCranLibrary RunConfiguration "
        "TensorflowConfiguration"
    ),
    "azureml.core.script_run": "ScriptRun",
    "azureml.core.script_run_config": "ScriptRunConfig",
    "azureml.core.workspace": "Workspace",
    "azureml.data": (
        "DataType FileDataset HDFSOutputDatasetConfig LinkFileOutputDatasetConfig "
        "LinkTabularOutputDatasetConfig OutputFileDatasetConfig TabularDataset"
    ),
    "azureml.data.data_reference": "DataReference",
    "azureml.data.datapath": "DataPath DataPathComputeBinding",
    "azureml.data.dataset_consumption_config": "DatasetConsumptionConfig",
    "azureml.data.dataset_factory": "DataType FileDatasetFactory TabularDatasetFactory",
    "azureml.data.dataset_type_definitions": "PromoteHeadersBehavior",
    "azureml.data.file_dataset": "FileDataset",
    "azureml.data.output_dataset_config": (
        "OutputFileDatasetConfig OutputTabularDatasetConfig"
    ),
    "azureml.data.sql_data_reference": "SqlDataReference",
    "azureml.data.tabular_dataset": "TabularDataset",
    "azureml.exceptions": (
        "ActivityFailedException AuthenticationException "
        "AzureMLAggregatedException AzureMLException ComputeTargetException "
        "DatasetTimestampMissingError DiscoveryUrlNotFoundException "
        "ExperimentExecutionException ModelNotFoundException "
        "ModelPathNotFoundException ParallelRunException ProjectSystemException "
        "RunConfigurationException RunEnvironmentException ServiceException "
        "SnapshotException TrainingException UserErrorException "
        "WebserviceException WorkspaceException WorkspacePrivateEndpointException"
    ),
    "azureml.pipeline.core": (
        "InputPortBinding Module ModuleVersion ModuleVersionDescriptor "
        "OutputPortBinding Pipeline PipelineData PipelineDataset PipelineDraft "
        "PipelineEndpoint PipelineParameter PipelineRun PipelineStep "
        "PortDataReference PublishedPipeline Schedule ScheduleRecurrence StepRun "
        "StepRunOutput StepSequence TimeZone TrainingOutput"
    ),
    "azureml.pipeline.core.builder": "PipelineData PipelineStep StepSequence",
    "azureml.pipeline.core.graph": (
        "InputPortDef OutputPortDef PipelineDataset PipelineParameter "
        "PortDataReference PublishedPipeline TrainingOutput"
    ),
    "azureml.pipeline.core.module": "Module ModuleVersion",
    "azureml.pipeline.core.pipeline_draft": "PipelineDraft",
    "azureml.pipeline.core.pipeline_endpoint": "PipelineEndpoint",
    "azureml.pipeline.core.pipeline_output_dataset": (
        "PipelineOutputAbstractDataset PipelineOutputFileDataset "
        "PipelineOutputTabularDataset"
    ),
    "azureml.pipeline.core.run": "PipelineRun StepRun StepRunOutput",
    "azureml.pipeline.core.schedule": "Schedule ScheduleRecurrence TimeZone",
    "azureml.pipeline.steps": (
        "AdlaStep AutoMLStep AutoMLStepRun AzureBatchStep CommandStep "
        "DatabricksStep DataTransferStep EstimatorStep HyperDriveStep "
        "HyperDriveStepRun KustoStep ModuleStep MpiStep ParallelRunConfig "
        "ParallelRunStep PythonScriptStep RScriptStep SynapseSparkStep"
    ),
    "azureml.train.hyperdrive": (
        "BanditPolicy BayesianParameterSampling choice GridParameterSampling "
        "HyperDriveConfig HyperDriveRun lognormal loguniform MedianStoppingPolicy "
        "normal NoTerminationPolicy PrimaryMetricGoal qlognormal qloguniform "
        "qnormal quniform randint RandomParameterSampling "
        "TruncationSelectionPolicy uniform"
    ),
    "azureml.widgets": "RunDetails",
    "azureml.widgets.parallel_run_step_details": "ParallelRunStepDetails",
    "azureml_user.parallel_run": "EntryScript",
    "mltable": "load",
}


@pytest.mark.parametrize("module", VERSION_1)
def test_every_import_of_version_1_works(module):
    """Whoever imports more than the script uses is not stopped by that."""
    missing = [
        name
        for name in VERSION_1[module].split()
        if f"{module}.{name}" not in {*PLACES, *EXCEPTIONS, *NEEDS_AZURE, *LATER}
    ]

    assert [] == missing


@pytest.mark.parametrize("dotted", sorted(PLACES))
def test_each_name_leads_to_an_object(dotted):
    """The table points at things that exist."""
    module, _, attribute = PLACES[dotted].partition(":")

    assert getattr(import_module(module), attribute) is not None


def test_no_name_has_two_places():
    """It is ours, an exception, Azure's, or not there yet."""
    everything = [*PLACES, *EXCEPTIONS, *NEEDS_AZURE, *LATER]

    assert len(everything) == len(set(everything))


def test_packages_above_are_modules_too():
    """`import azureml.pipeline.core` imports `azureml` and `azureml.pipeline` first."""
    assert {"azureml", "azureml.pipeline", "azureml_user"} <= modules()


@pytest.mark.parametrize(
    "dotted",
    [
        "azureml.core.Workspace",
        "azureml.core.compute.AmlCompute",
        "azureml.core.compute_target.ComputeTargetException",
        "azureml.core.runconfig.CondaDependencies",
        "azureml.core.runconfig.DEFAULT_GPU_IMAGE",
        "azureml.data.dataset_consumption_config.DatasetConsumptionConfig",
        "azureml.exceptions.ComputeTargetException",
        "azureml.pipeline.core.graph.PipelineParameter",
        "azureml.pipeline.steps.ParallelRunStep",
        "azureml.widgets.RunDetails",
        "azureml_user.parallel_run.EntryScript",
    ],
)
def test_the_tutorials_names_are_ours(dotted):
    """The batch-inference tutorial needs every one of them."""
    assert dotted in PLACES
