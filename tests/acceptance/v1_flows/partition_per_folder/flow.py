"""Sound files in folders: one mini-batch per user and genre, whatever the season."""

import os

import pandas as pd
from azureml.core import Dataset, Datastore, Environment, Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.pipeline.core import Pipeline, PipelineData
from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

ws = Workspace.from_config()
datastore = Datastore.get(ws, "workspaceblobstore")
default = ws.get_default_datastore()
assert datastore.name == default.name

datastore.upload(src_dir="data", target_path="dataset_partition_test", overwrite=True)
file_dataset = Dataset.File.from_files(
    path=[(datastore, "dataset_partition_test/*/*/*.wav")],
    partition_format="dataset_partition_test/{user}/{season}/{genres}.wav",
)
print("partition keys:", file_dataset.partition_keys)
print("combinations:", len(file_dataset.get_partition_key_values()))
print("users:", file_dataset.get_partition_key_values(["user"]))

compute_target = ComputeTarget.create(
    ws, "cpu-cluster", AmlCompute.provisioning_configuration("STANDARD_D2", max_nodes=2)
)
parallel_run_config = ParallelRunConfig(
    source_directory="scripts",
    entry_script="total_songs.py",
    partition_keys=["user", "genres"],
    error_threshold=-1,
    output_action="append_row",
    append_row_file_name="song_counts.txt",
    run_invocation_timeout=300,
    environment=Environment.get(workspace=ws, name="AzureML-Minimal"),
    compute_target=compute_target,
    node_count=2,
)
output_dir = PipelineData(name="inferences", datastore=datastore)
step = ParallelRunStep(
    name="summarize-songs",
    inputs=[file_dataset.as_named_input("partitioned_songs")],
    output=output_dir,
    parallel_run_config=parallel_run_config,
    allow_reuse=False,
)
pipeline_run = Experiment(ws, "file-dataset-partition").submit(
    Pipeline(workspace=ws, steps=[step])
)
pipeline_run.wait_for_completion(show_output=True)

batch_output = pipeline_run.find_step_run(step.name)[0].get_output_data("inferences")
batch_output.download(local_path="batch_results")
result_file = os.path.join(
    "batch_results",
    batch_output.path_on_datastore,
    parallel_run_config.append_row_file_name,
)
df = pd.read_csv(result_file, delimiter=",", header=None)
df.columns = ["user", "genre", "files", "bytes", "dataset"]
print(df.sort_values(["user", "genre"]).to_string(index=False, header=False))
