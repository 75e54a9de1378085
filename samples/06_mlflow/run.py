"""Files scored by an MLflow model, without a script, and with a column per output.

It needs ``pip install 'azml-pipelines[mlflow]'``.
"""

from pathlib import Path

from azml_pipelines import (
    Dataset,
    Experiment,
    Model,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    Workspace,
)

HERE = Path(__file__).parent


def make_pipeline(ws, model):
    """Declare one parallel step that scores all files that are tables."""
    config = ParallelRunConfig.from_mlflow_model(
        model,
        # The model brings its own code, so it has to be trusted in so many words.
        trust="code",
        params={"margin": 0.25},
        unsupported_files="skip",
        file_names="relative",
        output_format="csv",
        mini_batch_size=2,
        process_count_per_node=2,
    )
    houses = Dataset.File.from_files(str(HERE / "data" / "**"))
    step = ParallelRunStep(
        name="estimate-prices",
        parallel_run_config=config,
        inputs=[houses.as_named_input("houses")],
        output=PipelineData("prices", datastore=ws.get_default_datastore()),
    )
    return Pipeline(workspace=ws, steps=[step])


def main():
    """Register the model, estimate the prices and print them."""
    ws = Workspace.create("houses", path=HERE / "workspace", exist_ok=True)
    model = Model.register(ws, str(HERE / "model"), "house-prices")
    run = Experiment(ws, "prices").submit(make_pipeline(ws, model))
    run.wait_for_completion(show_output=False)
    [step] = run.find_step_run("estimate-prices")
    output = step.get_output_data("prices")
    output.download(local_path=str(HERE / "workspace" / "fetched"), overwrite=True)
    folder = HERE / "workspace" / "fetched" / output.path_on_datastore
    print((folder / "predictions.csv").read_text(), end="")


if __name__ == "__main__":
    main()
