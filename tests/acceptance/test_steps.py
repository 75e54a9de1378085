"""Every ready-made step does to its example what the example says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from azml_pipelines import (
    Dataset,
    Experiment,
    Model,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)

ROOT = Path(__file__).parents[2]
STEPS = sorted(file.parent for file in ROOT.glob("steps/*/step.yaml"))


@pytest.mark.parametrize("folder", STEPS, ids=lambda folder: folder.name)
def test_the_example_of_a_step(folder, workspace, tmp_path):
    """The output file holds, byte for byte, what the example expects."""
    example = folder / "example"
    content = yaml.safe_load((example / "example.yaml").read_text())
    for name, place in content.get("models", {}).items():
        Model.register(workspace, str(example / place), name)
    config = ParallelRunConfig.load_yaml(workspace, str(folder / "step.yaml"))
    data = Dataset.File.from_files(str(example / content["input"]))
    output = PipelineData("result", datastore=workspace.get_default_datastore())
    step = ParallelRunStep(
        name="example",
        parallel_run_config=config,
        inputs=[data.as_named_input("example_input").as_mount()],
        arguments=content["arguments"],
        output=output,
    )

    run = Experiment(workspace, "steps").submit(Pipeline(workspace, [step]))
    run.wait_for_completion(show_output=False)
    result = run.find_step_run("example")[0].get_output_data("result")
    result.download(str(tmp_path))
    file = tmp_path / result.path_on_datastore / config.append_row_file_name

    assert file.read_bytes() == (example / content["expected"]).read_bytes()
