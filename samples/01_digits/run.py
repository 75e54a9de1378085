"""Batch inference on ten images of digits, then once more on a single one.

Run it with ``make demo``, or by itself. It needs numpy and pillow.
"""

from pathlib import Path

from azml_pipelines import (
    AmlCompute,
    ComputeTarget,
    CondaDependencies,
    Dataset,
    DatasetConsumptionConfig,
    Environment,
    Experiment,
    Model,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    Workspace,
)

HERE = Path(__file__).parent


def make_pipeline(ws):
    """Declare the pipeline: one parallel step over a dataset parameter."""
    provisioning = AmlCompute.provisioning_configuration(max_nodes=2)
    compute = ComputeTarget.create(ws, "two-nodes", provisioning)
    compute.wait_for_completion(show_output=False)

    datastore = ws.get_default_datastore()
    datastore.upload(str(HERE / "images"), "mnist", overwrite=True, show_progress=False)
    images = Dataset.File.from_files(path=datastore.path("mnist/"), validate=False)
    images_parameter = PipelineParameter(name="mnist_param", default_value=images)
    input_images = DatasetConsumptionConfig("mnist_images", images_parameter).as_mount()
    predictions = PipelineData(name="inferences", datastore=datastore)

    environment = Environment(name="digits")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["numpy", "pillow"]
    )
    config = ParallelRunConfig(
        source_directory=str(HERE / "score"),
        entry_script="score_digits.py",
        mini_batch_size=PipelineParameter(name="batch_size_param", default_value="5"),
        error_threshold=10,
        output_action="append_row",
        append_row_file_name="mnist_outputs.txt",
        environment=environment,
        compute_target=compute,
        process_count_per_node=PipelineParameter(
            name="process_count_param", default_value=2
        ),
        node_count=2,
    )
    step = ParallelRunStep(
        name="predict-digits-mnist",
        parallel_run_config=config,
        inputs=[input_images],
        output=predictions,
        allow_reuse=True,
    )
    return Pipeline(workspace=ws, steps=[step])


def fetch_predictions(run, folder):
    """Download a run's predictions and return the path of the file."""
    step_run = run.find_step_run("predict-digits-mnist")[0]
    output = step_run.get_output_data("inferences")
    output.download(local_path=str(folder), overwrite=True)
    return folder / output.path_on_datastore / "mnist_outputs.txt"


def main():
    """Submit the pipeline, then submit it again with other values."""
    ws = Workspace.create("digits", path=HERE / "workspace", exist_ok=True)
    Model.register(ws, str(HERE / "model"), "mnist", description="digits 0 to 9")
    pipeline = make_pipeline(ws)
    experiment = Experiment(ws, "digit_identification")

    run = experiment.submit(pipeline)
    run.wait_for_completion(show_output=True)

    single = Dataset.File.from_files(
        path=ws.get_default_datastore().path("mnist/7.png")
    )
    second_run = experiment.submit(
        pipeline,
        pipeline_parameters={
            "mnist_param": single,
            "batch_size_param": "1",
            "process_count_param": 1,
        },
    )
    second_run.wait_for_completion(show_output=True)

    file = fetch_predictions(run, HERE / "workspace" / "results")
    second_file = fetch_predictions(second_run, HERE / "workspace" / "results")
    print(f"\nPredictions for ten images: {file}")
    print(f"Prediction for one image:   {second_file}\n")
    print(file.read_text(), second_file.read_text(), sep="", end="")


if __name__ == "__main__":
    main()
