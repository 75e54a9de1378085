"""Digits in images: a parameter of files, resubmitted with a single one."""

import os
import sys

import azureml.core
import pandas as pd
from azureml.core import Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.dataset import Dataset
from azureml.core.datastore import Datastore
from azureml.core.environment import Environment
from azureml.core.model import Model
from azureml.core.runconfig import DEFAULT_GPU_IMAGE, CondaDependencies
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.pipeline.core import Pipeline, PipelineData, PipelineParameter
from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep
from azureml.widgets import RunDetails

print("SDK version:", azureml.core.VERSION)
ws = Workspace.from_config()
print(ws.name, ws.location, ws.resource_group, ws.subscription_id, sep="\t")

compute_name = os.environ.get("AML_COMPUTE_CLUSTER_NAME", "gpu-cluster")
compute_min_nodes = os.environ.get("AML_COMPUTE_CLUSTER_MIN_NODES", "0")
compute_max_nodes = os.environ.get("AML_COMPUTE_CLUSTER_MAX_NODES", "2")
vm_size = os.environ.get("AML_COMPUTE_CLUSTER_SKU", "STANDARD_NC6")
if compute_name in ws.compute_targets:
    compute_target = ws.compute_targets[compute_name]
    if compute_target and type(compute_target) is AmlCompute:
        print("found compute target:", compute_name)
else:
    provisioning = AmlCompute.provisioning_configuration(
        vm_size=vm_size, min_nodes=compute_min_nodes, max_nodes=compute_max_nodes
    )
    compute_target = ComputeTarget.create(ws, compute_name, provisioning)
    compute_target.wait_for_completion(
        show_output=True, min_node_count=None, timeout_in_minutes=20
    )
    print(compute_target.get_status().serialize())

mnist_data = Datastore.register_azure_blob_container(
    ws,
    datastore_name="mnist_datastore",
    container_name="sampledata",
    account_name="pipelinedata",
    overwrite=True,
)
def_data_store = ws.get_default_datastore()

mnist_ds_name = "mnist_sample_data"
path_on_datastore = mnist_data.path("mnist/")
input_mnist_ds = Dataset.File.from_files(path=path_on_datastore, validate=False)
pipeline_param = PipelineParameter(name="mnist_param", default_value=input_mnist_ds)
input_consumption = DatasetConsumptionConfig(
    "minist_param_config", pipeline_param
).as_mount()
output_dir = PipelineData(name="inferences", datastore=def_data_store)

model = Model.register(
    model_path="models/",
    model_name="mnist",
    tags={"data": "mnist", "model": "classification"},
    description="Recognises digits",
    workspace=ws,
)
print(model.name, model.version)

batch_env = Environment(name="batch_environment")
batch_env.python.conda_dependencies = CondaDependencies.create(
    pip_packages=["numpy", "pillow", "azureml-core", "azureml-dataset-runtime[fuse]"]
)
batch_env.docker.enabled = True
batch_env.docker.base_image = DEFAULT_GPU_IMAGE

parallel_run_config = ParallelRunConfig(
    source_directory="code",
    entry_script="digit_identification.py",
    mini_batch_size=PipelineParameter(name="batch_size_param", default_value="5"),
    error_threshold=10,
    output_action="append_row",
    append_row_file_name="mnist_outputs.txt",
    environment=batch_env,
    compute_target=compute_target,
    process_count_per_node=PipelineParameter(
        name="process_count_param", default_value=2
    ),
    node_count=2,
)
step = ParallelRunStep(
    name="predict-digits-mnist",
    parallel_run_config=parallel_run_config,
    inputs=[input_consumption],
    output=output_dir,
    allow_reuse=False,
)
pipeline = Pipeline(workspace=ws, steps=[step])
experiment = Experiment(ws, "digit_identification")


def results(run):
    """Fetch what a run has appended."""
    prediction_run = run.find_step_run(step.name)[0]
    prediction_output = prediction_run.get_output_data(output_dir.name)
    prediction_output.download(local_path=f"results-{run.id}")
    for root, _, files in os.walk(f"results-{run.id}"):
        for file in files:
            if file.endswith(parallel_run_config.append_row_file_name):
                frame = pd.read_csv(
                    os.path.join(root, file), delimiter=":", header=None
                )
                frame.columns = ["Filename", "Prediction"]
                return frame
    return sys.exit("no file of results")


pipeline_run = experiment.submit(pipeline)
RunDetails(pipeline_run).show()
pipeline_run.wait_for_completion(show_output=True)
df = results(pipeline_run)
print("Prediction has", df.shape[0], "rows")
print(df.head(10).to_string(index=False, header=False))

single_image_ds = Dataset.File.from_files(path=mnist_data.path("mnist/7.png"))
single_image_ds = single_image_ds.register(ws, mnist_ds_name, create_new_version=True)
pipeline_run_2 = experiment.submit(
    pipeline,
    pipeline_parameters={
        "mnist_param": single_image_ds,
        "batch_size_param": "1",
        "process_count_param": 1,
    },
)
pipeline_run_2.wait_for_completion(show_output=True)
print("one image:", *results(pipeline_run_2).iloc[0])
compute_target.delete()
