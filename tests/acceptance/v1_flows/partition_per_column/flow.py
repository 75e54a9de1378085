"""Sales of orange juice: one mini-batch per store and brand, cut by columns."""

import os

import pandas as pd
from azureml.core import Dataset, Environment, Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.conda_dependencies import CondaDependencies
from azureml.pipeline.core import Pipeline, PipelineData
from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

ws = Workspace.from_config()
datastore = ws.get_default_datastore()
oj_sales_path = "oj_sales_data"
datastore.upload_files(
    files=["oj_sales.csv"], target_path=oj_sales_path, overwrite=True
)
dataset = Dataset.Tabular.from_delimited_files(
    path=(datastore, oj_sales_path + "/*.csv")
)
partitioned_dataset = dataset.partition_by(
    partition_keys=["Store", "Brand"],
    target=(datastore, "partition_by_key_res"),
    name="partitioned_oj_data",
)
print("partition keys:", partitioned_dataset.partition_keys)
print("columns:", list(partitioned_dataset.to_pandas_dataframe().columns))
registered = Dataset.get_by_name(ws, "partitioned_oj_data")
print("registered:", registered.name, "version", registered.version)

compute_target = ComputeTarget.create(
    ws, "cpu-cluster", AmlCompute.provisioning_configuration("STANDARD_D2", max_nodes=2)
)
environment = Environment(name="parallelenv")
environment.python.conda_dependencies = CondaDependencies.create(
    pip_packages=["azureml-core", "azureml-dataset-runtime[fuse,pandas]"]
)
parallel_run_config = ParallelRunConfig(
    source_directory="scripts",
    entry_script="total_income.py",
    partition_keys=["Store", "Brand"],
    run_invocation_timeout=300,
    error_threshold=-1,
    output_action="append_row",
    append_row_file_name="revenue_outputs.txt",
    environment=environment,
    compute_target=compute_target,
    node_count=2,
)
output_dir = PipelineData(name="inferences", datastore=datastore)
step = ParallelRunStep(
    name="summarize-revenue",
    inputs=[partitioned_dataset.as_named_input("partitioned_tabular_input")],
    output=output_dir,
    parallel_run_config=parallel_run_config,
    allow_reuse=False,
)
pipeline_run = Experiment(ws, "tabular-dataset-partition").submit(
    Pipeline(workspace=ws, steps=[step])
)
pipeline_run.wait_for_completion(show_output=True)

batch_output = pipeline_run.find_step_run(step.name)[0].get_output_data("inferences")
batch_output.download(local_path="revenue")
for root, _, files in os.walk("revenue"):
    for file in files:
        if file.endswith(parallel_run_config.append_row_file_name):
            result_file = os.path.join(root, file)
df = pd.read_csv(result_file, delimiter=" ", header=None)
df.columns = ["WeekStarting", "Quantity", "Price", "Store", "Brand", "total_income"]
print("The dataframe has", df.shape[0], "rows")
print(df.to_string(index=False, header=False))
