"""A model per store and brand: a table is partitioned, and each part is one mini-batch.

It needs nothing but azml-pipelines.
"""

from pathlib import Path

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    Workspace,
)

HERE = Path(__file__).parent


def partitioned_sales(ws):
    """Write the table anew, with one folder per store and brand."""
    datastore = ws.get_default_datastore()
    sales = Dataset.Tabular.from_delimited_files(str(HERE / "sales.csv"))
    return sales.partition_by(
        partition_keys=["Store", "Brand"],
        target=(datastore, "partitioned_sales"),
        name="partitioned_sales",
        show_progress=False,
    )


def make_pipeline(ws, sales):
    """Declare one parallel step over the parts."""
    config = ParallelRunConfig(
        source_directory=str(HERE / "score"),
        entry_script="forecast.py",
        partition_keys=["Store", "Brand"],
        # Each run() returns one row for all rows of its part: the others count as
        # failed items, so their number must not stop the step.
        error_threshold=-1,
        output_action="append_row",
        append_row_file_name="forecasts.txt",
        environment=Environment(name="forecast"),
        compute_target="local",
        node_count=1,
        process_count_per_node=2,
    )
    step = ParallelRunStep(
        name="forecast-sales",
        parallel_run_config=config,
        inputs=[sales.as_named_input("sales")],
        output=PipelineData("forecasts", datastore=ws.get_default_datastore()),
    )
    return Pipeline(workspace=ws, steps=[step])


def main():
    """Partition the sales, forecast each part, and print the forecasts."""
    ws = Workspace.create("sales", path=HERE / "workspace", exist_ok=True)
    sales = partitioned_sales(ws)
    print(f"partition keys: {', '.join(sales.partition_keys)}")
    print(f"parts: {len(sales.get_partition_key_values())}")
    run = Experiment(ws, "forecast").submit(make_pipeline(ws, sales))
    run.wait_for_completion(show_output=False)
    output = run.find_step_run("forecast-sales")[0].get_output_data("forecasts")
    output.download(local_path=str(HERE / "workspace" / "fetched"), overwrite=True)
    folder = HERE / "workspace" / "fetched" / output.path_on_datastore
    print((folder / "forecasts.txt").read_text(), end="")


if __name__ == "__main__":
    main()
