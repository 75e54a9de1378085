"""Iris flowers in a table: rows in, rows with one more column out."""

import os
import shutil

import pandas as pd
from azureml.core import Dataset, Datastore, Experiment, Model, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import Environment
from azureml.core.runconfig import DEFAULT_CPU_IMAGE
from azureml.exceptions import ComputeTargetException
from azureml.pipeline.core import Pipeline, PipelineData
from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep
from azureml.widgets import RunDetails

ws = Workspace.from_config()
try:
    compute_target = ComputeTarget(workspace=ws, name="cpu-cluster")
except ComputeTargetException:
    config = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_D2_V2", max_nodes=2
    )
    compute_target = ComputeTarget.create(ws, "cpu-cluster", config)
    compute_target.wait_for_completion(show_output=True)

iris_data = Datastore.register_azure_blob_container(
    ws,
    datastore_name="iris_datastore_data",
    container_name="sampledata",
    account_name="pipelinedata",
    overwrite=True,
)
path_on_datastore = iris_data.path("iris/")
input_iris_ds = Dataset.Tabular.from_delimited_files(
    path=path_on_datastore, validate=False
)
named_iris_ds = input_iris_ds.as_named_input("iris_data")
output_folder = PipelineData(name="inferences", datastore=ws.get_default_datastore())

os.makedirs("downloaded", exist_ok=True)
shutil.copy("iris_model.json", "downloaded/iris_model.json")
model = Model.register(
    model_path="downloaded/iris_model.json",
    model_name="iris",
    tags={"data": "iris"},
    workspace=ws,
)

predict_env = Environment(name="predict_environment")
predict_env.python.conda_dependencies = CondaDependencies.create(
    pip_packages=["pandas", "azureml-core", "azureml-dataset-runtime[pandas,fuse]"]
)
predict_env.docker.enabled = True
predict_env.docker.base_image = DEFAULT_CPU_IMAGE

parallel_run_config = ParallelRunConfig(
    source_directory="scripts",
    entry_script="iris_score.py",
    mini_batch_size="1KB",
    error_threshold=5,
    output_action="append_row",
    append_row_file_name="iris_outputs.txt",
    environment=predict_env,
    compute_target=compute_target,
    node_count=1,
    run_invocation_timeout=600,
)
distributed_csv_iris_step = ParallelRunStep(
    name="example-iris",
    inputs=[named_iris_ds],
    output=output_folder,
    parallel_run_config=parallel_run_config,
    arguments=["--model_name", "iris"],
    allow_reuse=False,
)
pipeline = Pipeline(workspace=ws, steps=[distributed_csv_iris_step])
pipeline_run = Experiment(ws, "iris-prs").submit(pipeline)
RunDetails(pipeline_run).show()
pipeline_run.wait_for_completion(show_output=True)

prediction_run = pipeline_run.find_step_run("example-iris")[0]
prediction_output = prediction_run.get_output_data("inferences")
shutil.rmtree("iris_results", ignore_errors=True)
prediction_output.download(local_path="iris_results")
for root, _, files in os.walk("iris_results"):
    for file in files:
        if file.endswith("iris_outputs.txt"):
            result_file = os.path.join(root, file)
df = pd.read_csv(result_file, delimiter=" ", header=None)
df.columns = [
    "sepal.length",
    "sepal.width",
    "petal.length",
    "petal.width",
    "variety",
    "prediction",
]
right = (df["variety"] == df["prediction"]).sum()
print("Prediction has", df.shape[0], "rows,", right, "right")
