"""Files scored by an inference server: started, asked, watched and ended by the run.

It needs nothing but azml-pipelines.
"""

import sys
import tarfile
from pathlib import Path

from azml_pipelines import (
    Dataset,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    Workspace,
)

HERE = Path(__file__).parent


def pack_model(folder):
    """Put the model into an archive, as a training job leaves it."""
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(HERE / "model" / "weights.json", "weights.json")
    return path


def make_pipeline(ws, model):
    """Declare one parallel step that has a server score the records of CSV files."""
    config = ParallelRunConfig.from_inference_server(
        command=[sys.executable, "serve.py"],
        source_directory=str(HERE / "server"),
        model_data=str(model),
        split_type="Line",
        # The id stands in front of a record: it is not sent, but kept.
        input_filter="$[1:]",
        join_source="Input",
        output_filter="$[0,-1]",
        mini_batch_size=2,
        process_count_per_node=2,
        run_max_try=1,
        append_row_file_name="prices.csv",
    )
    houses = Dataset.File.from_files(str(HERE / "data" / "*.csv"))
    step = ParallelRunStep(
        name="estimate-prices",
        parallel_run_config=config,
        inputs=[houses.as_named_input("houses")],
        output=PipelineData("prices", datastore=ws.get_default_datastore()),
    )
    return Pipeline(workspace=ws, steps=[step])


def main():
    """Estimate the prices, print them, and say which file could not be read."""
    ws = Workspace.create("houses", path=HERE / "workspace", exist_ok=True)
    run = Experiment(ws, "prices").submit(
        make_pipeline(ws, pack_model(HERE / "workspace"))
    )
    run.wait_for_completion(show_output=False)
    [step] = run.find_step_run("estimate-prices")
    output = step.get_output_data("prices")
    output.download(local_path=str(HERE / "workspace" / "fetched"), overwrite=True)
    folder = HERE / "workspace" / "fetched" / output.path_on_datastore
    for failed in run.failed_items():
        print(f"not scored: {Path(failed.item).name}")
    print((folder / "prices.csv").read_text(), end="")


if __name__ == "__main__":
    main()
