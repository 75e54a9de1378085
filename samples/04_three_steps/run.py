"""Three steps: prepare a table, score it in parallel, report with a picture.

The last step runs only when the second one has lost nothing. It needs pillow.
"""

from pathlib import Path

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    OutputFileDatasetConfig,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    PythonScriptStep,
    Workspace,
)

HERE = Path(__file__).parent
SCRIPTS = str(HERE / "scripts")


def make_pipeline(ws):
    """Declare the steps; what they read from each other puts them in order."""
    readings = Dataset.File.from_files(str(HERE / "readings.csv"))
    cleaned = OutputFileDatasetConfig(name="cleaned")
    scored = PipelineData("scored", datastore=ws.get_default_datastore())
    report = PipelineData("report", is_directory=True)

    prepare = PythonScriptStep(
        "prepare.py",
        name="prepare",
        arguments=[
            "--readings",
            readings.as_named_input("readings").as_mount(),
            "--cleaned",
            cleaned,
        ],
        source_directory=SCRIPTS,
    )
    score = ParallelRunStep(
        name="score",
        parallel_run_config=ParallelRunConfig(
            environment=Environment("current"),
            source_directory=SCRIPTS,
            entry_script="score.py",
            mini_batch_size="2",
            error_threshold=-1,
            output_action="append_row",
            append_row_file_name="scores.csv",
            compute_target="local",
            node_count=1,
            process_count_per_node=2,
        ),
        inputs=[cleaned.as_input(name="cleaned")],
        output=scored,
        arguments=["--limit", PipelineParameter("limit", default_value=30)],
    )
    publish = PythonScriptStep(
        "report.py",
        name="report",
        arguments=["--scored", scored, "--report", report],
        inputs=[scored],
        outputs=[report],
        source_directory=SCRIPTS,
        when=score.metric("failed_items") <= 0,
    )
    return Pipeline(workspace=ws, steps=[prepare, score, publish])


def main():
    """Run the pipeline here and print what it made."""
    ws = Workspace.create("three-steps", path=HERE / "workspace", exist_ok=True)
    run = Experiment(ws, "three-steps").submit(make_pipeline(ws))
    run.wait_for_completion(show_output=True)

    print("---")
    for step in run.get_steps():
        print(f"{step.name}: {step.get_status()} {step.get_metrics()}")
    places = {output.name: Path(output.path) for output in run.output_places()}
    for file in sorted(places["report"].iterdir()):
        print(file.name)
    print(places["report"].joinpath("report.txt").read_text(), end="")


if __name__ == "__main__":
    main()
