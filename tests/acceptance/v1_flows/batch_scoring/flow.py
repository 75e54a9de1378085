"""Images and a dataset of labels beside them, mounted where an argument says."""

import os
import tempfile
import uuid

import pandas as pd
from azureml.core import Dataset, Datastore, Environment, Experiment, Model, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.runconfig import DEFAULT_GPU_IMAGE, CondaDependencies
from azureml.data import OutputFileDatasetConfig
from azureml.pipeline.core import Pipeline
from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

ws = Workspace.from_config()
batchscore_blob = Datastore.register_azure_blob_container(
    ws,
    datastore_name="images_datastore",
    container_name="sampledata",
    account_name="pipelinedata",
    overwrite=True,
)
def_data_store = ws.get_default_datastore()
input_images = Dataset.File.from_files((batchscore_blob, "batchscoring/images/"))
label_ds = Dataset.File.from_files((batchscore_blob, "batchscoring/labels/"))
output_dir = OutputFileDatasetConfig(name="scores")
input_images = input_images.register(workspace=ws, name="input_images")
label_ds = label_ds.register(workspace=ws, name="label_ds", create_new_version=True)

model = Model.register(
    model_path="models/inception.json",
    model_name="inception",
    tags={"pretrained": "inception"},
    description="Image classification",
    workspace=ws,
)
compute_name = "gpu-cluster"
if compute_name in ws.compute_targets:
    compute_target = ws.compute_targets[compute_name]
else:
    provisioning_config = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_NC6", vm_priority="lowpriority", min_nodes=0, max_nodes=1
    )
    compute_target = ComputeTarget.create(ws, compute_name, provisioning_config)
    compute_target.wait_for_completion(
        show_output=True, min_node_count=None, timeout_in_minutes=20
    )

cd = CondaDependencies.create(pip_packages=["azureml-core", "azureml-defaults"])
env = Environment(name="parallelenv")
env.python.conda_dependencies = cd
env.docker.base_image = DEFAULT_GPU_IMAGE

parallel_run_config = ParallelRunConfig(
    environment=env,
    entry_script="batch_scoring.py",
    source_directory="scripts",
    output_action="append_row",
    append_row_file_name="parallel_run_step.txt",
    mini_batch_size="20",
    error_threshold=1,
    compute_target=compute_target,
    process_count_per_node=2,
    node_count=1,
)
parallel_step_name = "batchscoring-" + uuid.uuid4().hex[:8]
label_config = label_ds.as_named_input("labels_input").as_mount(
    os.path.join(tempfile.gettempdir(), str(uuid.uuid4()))
)
batch_score_step = ParallelRunStep(
    name=parallel_step_name,
    inputs=[input_images.as_named_input("input_images")],
    output=output_dir,
    arguments=[
        "--model_name",
        "inception",
        "--labels_dir",
        label_config,
    ],
    side_inputs=[label_config],
    parallel_run_config=parallel_run_config,
    allow_reuse=False,
)
pipeline = Pipeline(workspace=ws, steps=[batch_score_step])
pipeline_run = Experiment(ws, "Tutorial-Batch-Scoring").submit(pipeline)
pipeline_run.wait_for_completion(show_output=True)

batch_run = pipeline_run.find_step_run(batch_score_step.name)[0]
batch_output = batch_run.get_output_data(output_dir.name)
target_dir = tempfile.mkdtemp()
batch_output.download(local_path=target_dir)
result_file = os.path.join(
    target_dir,
    batch_output.path_on_datastore,
    parallel_run_config.append_row_file_name,
)
df = pd.read_csv(result_file, delimiter=":", header=None)
df.columns = ["Filename", "Prediction"]
print("Prediction has", df.shape[0], "rows")
print(df.head(3).to_string(index=False, header=False))
