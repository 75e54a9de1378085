"""From a definition and values to a plan."""

from __future__ import annotations

import re

import pytest

from azml_pipelines import (
    Dataset,
    DeclarationError,
    Environment,
    PipelineData,
    PipelineParameter,
)
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.plan.run_plan import OutputPlan, Reference, RunPlan

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def test_the_tutorial(tutorial, definition_of, compiled, images, scripts):
    """Every value of the tutorial's job arrives in the plan."""
    plan = compiled(definition_of(tutorial), continue_on_step_failure=True)
    (step,) = plan.steps
    (port,) = step.inputs

    assert (plan.run_id, plan.experiment) == ("run-1", "digits")
    assert plan.continue_on_step_failure
    assert plan.parameters == {
        "mnist_param": images.definition,
        "batch_size_param": "5",
        "process_count_param": 2,
    }
    assert re.fullmatch(GUID, step.step_run_id)
    assert step.name == "predict-digits-mnist"
    assert str(scripts) == step.source_directory
    assert step.settings.model_dump() == {
        "entry_script": "score.py",
        "entry_kind": "script",
        "entry_options": "",
        "mini_batch_size": {"amount": 5, "unit": "files"},
        "output_action": "append_row",
        "append_row_file_name": "mnist_outputs.txt",
        "append_row_dataframe_header": False,
        "partition_keys": None,
        "output_format": None,
        "output_schema": None,
        "partition_output_by": None,
        "on_existing": "replace",
        "node_count": 2,
        "process_count_per_node": 2,
        "run_invocation_timeout": 60,
        "run_max_try": 3,
        "error_threshold": 10,
        "allowed_failed_count": None,
        "allowed_failed_percent": None,
        "on_failed_mini_batch": "fail",
        "memory_limit_per_process": None,
        "max_result_bytes": 256 * 1024 * 1024,
        "logging_level": "INFO",
        "environment_variables": {},
    }
    assert (port.name, port.mode) == ("minist_param_config", "mount")
    assert images.definition == port.dataset
    assert port.parameter == "mnist_param"
    assert RunPlan.model_validate_json(plan.model_dump_json()) == plan


def test_where_an_output_lands(step_of, definition_of, compiled, workspace):
    """Below the run of its step, on the default datastore."""
    output = PipelineData("data", output_name="scores")
    (step,) = compiled(definition_of(step_of(output=output))).steps
    store = workspace.get_default_datastore().settings

    assert step.output == OutputPlan(
        name="scores",
        datastore=store.name,
        url=store.url,
        path_on_datastore=f"azureml/{step.step_run_id}/scores",
    )


def test_the_tutorial_again(tutorial, definition_of, compiled, images, tmp_path):
    """Overrides reach the input behind its alias and the settings; once."""
    definition = definition_of(tutorial)
    one = Dataset.File.from_files(str(tmp_path / "images" / "1.png"))
    values = {"mnist_param": one, "batch_size_param": "1", "process_count_param": 1}
    (step,) = compiled(definition, values, resubmitted_from="run-0").steps
    (unchanged,) = compiled(definition).steps

    assert one.definition == step.inputs[0].dataset
    assert step.inputs[0].name == "minist_param_config"
    assert MiniBatchSize(1, "files") == step.settings.mini_batch_size
    assert step.settings.process_count_per_node == 1
    assert images.definition == unchanged.inputs[0].dataset
    assert MiniBatchSize(5, "files") == unchanged.settings.mini_batch_size
    assert step.step_run_id != unchanged.step_run_id


def test_defaults(step_of, definition_of, compiled, table):
    """One process, 10 files; 1 MB of a table."""
    files = compiled(definition_of(step_of())).steps[0].settings
    rows = compiled(definition_of(step_of(inputs=[table.as_named_input("rows")])))

    assert files.process_count_per_node == 1
    assert MiniBatchSize(10, "files") == files.mini_batch_size
    assert files.append_row_file_name == "parallel_run_step.txt"
    assert MiniBatchSize(1024**2, "bytes") == rows.steps[0].settings.mini_batch_size


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("5", MiniBatchSize(5, "files")),
        ("10KB", MiniBatchSize(10240, "bytes")),
        (7, MiniBatchSize(7, "files")),
        ("1gb", MiniBatchSize(1024**3, "bytes")),
        ("auto", MiniBatchSize(0, "auto")),
    ],
)
def test_sizes_of_parameters_are_converted(
    step_of, definition_of, compiled, size, expected
):
    """A parameter may hold a number or text."""
    step = step_of(mini_batch_size=PipelineParameter("size", size))

    assert expected == compiled(definition_of(step)).steps[0].settings.mini_batch_size


@pytest.mark.parametrize(
    ("size", "files", "rows"),
    [
        (5, MiniBatchSize(5, "files"), MiniBatchSize(5, "bytes")),
        ("1KB", MiniBatchSize(1024, "bytes"), MiniBatchSize(1024, "bytes")),
        ("auto", MiniBatchSize(0, "auto"), MiniBatchSize(0, "auto")),
        ("9 rows", None, MiniBatchSize(9, "rows")),
    ],
)
def test_what_sizes_mean_depends_on_the_input(
    step_of, definition_of, compiled, table, size, files, rows
):
    """Numbers are files or bytes; a unit is kept through definition and plan."""
    of_table = step_of(mini_batch_size=size, inputs=[table.as_named_input("rows")])
    definition = definition_of(of_table)
    stored = type(definition).model_validate_json(definition.model_dump_json())

    assert rows == compiled(stored).steps[0].settings.mini_batch_size
    if files is not None:
        plan = compiled(definition_of(step_of(mini_batch_size=size)))
        again = RunPlan.model_validate_json(plan.model_dump_json())

        assert files == again.steps[0].settings.mini_batch_size


def test_rows_of_files(step_of, definition_of, compiled):
    """Files have no rows; the message says what else to give."""
    definition = definition_of(step_of(mini_batch_size="9 rows"))

    with pytest.raises(DeclarationError, match=r"='9 rows': only tables .*'10MB'"):
        compiled(definition)


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        pytest.param("mini_batch_size", ("5", "abc"), id="no size"),
        pytest.param("mini_batch_size", ("5", "10 KB"), id="size with a blank"),
        pytest.param("mini_batch_size", ("5", "0"), id="size 0 as text"),
        pytest.param("mini_batch_size", (5, 0), id="size 0"),
        pytest.param("mini_batch_size", (5.0, 2.5), id="half a file"),
        pytest.param("node_count", (1, 0), id="no node"),
        pytest.param("process_count_per_node", (1, -1), id="minus one process"),
        pytest.param("process_count_per_node", ("1", "two"), id="a word for a number"),
        pytest.param("run_invocation_timeout", (60, 0), id="no time"),
        pytest.param("run_invocation_timeout", (60.0, float("inf")), id="endless time"),
        pytest.param("run_max_try", (3, 0), id="no try"),
        pytest.param("logging_level", ("INFO", "chatty"), id="no level"),
    ],
)
def test_bad_values_name_their_parameter(
    step_of, definition_of, compiled, setting, values
):
    """One line with step, setting, value and parameter."""
    default, value = values
    definition = definition_of(step_of(**{setting: PipelineParameter("p", default)}))

    with pytest.raises(DeclarationError) as caught:
        compiled(definition, {"p": value})

    line = str(caught.value)
    assert f"Step 'score-images': {setting}={value!r} (from parameter 'p')" in line
    assert "\n" not in line
    assert "http" not in line


def test_all_problems_of_a_step_at_once(step_of, definition_of, compiled):
    """Nobody mends one only to meet the next."""
    nodes, tries = PipelineParameter("nodes", 0), PipelineParameter("tries", 0)
    definition = definition_of(step_of(node_count=nodes, run_max_try=tries))

    with pytest.raises(DeclarationError, match=r"'nodes'\).*; .*'tries'\)"):
        compiled(definition)


@pytest.mark.parametrize("size", [0, -3])
def test_sizes_that_the_constructor_let_pass(step_of, definition_of, compiled, size):
    """Version 1 does not check a number's range; a run cannot use it."""
    with pytest.raises(DeclarationError, match=f"mini_batch_size={size}: "):
        compiled(definition_of(step_of(mini_batch_size=size)))


@pytest.mark.parametrize(
    ("level", "name"), [("debug", "DEBUG"), (20, "INFO"), ("WARNING", "WARNING")]
)
def test_logging_levels(step_of, definition_of, compiled, level, name):
    """Names in any case, and Python's numbers."""
    step = step_of(logging_level=level)

    assert name == compiled(definition_of(step)).steps[0].settings.logging_level


@pytest.mark.parametrize(
    ("arguments", "header"),
    [
        pytest.param([], False, id="not asked for"),
        pytest.param(["--append_row_dataframe_header", "True"], True, id="text"),
        pytest.param(["--append_row_dataframe_header", True], True, id="bool"),
        pytest.param(["--append_row_dataframe_header=true"], True, id="one element"),
        pytest.param(["--append_row_dataframe_header", "False"], False, id="False"),
        pytest.param(
            ["--append_row_dataframe_header", PipelineParameter("h", True)],
            True,
            id="parameter",
        ),
    ],
)
def test_header_argument(step_of, definition_of, compiled, arguments, header):
    """It becomes a setting and stays in the arguments."""
    (step,) = compiled(definition_of(step_of(arguments=arguments))).steps

    assert header is step.settings.append_row_dataframe_header
    assert len(arguments) == len(step.arguments)


@pytest.mark.parametrize("arguments", [["maybe"], []], ids=["word", "nothing"])
def test_bad_header_arguments(step_of, definition_of, compiled, arguments):
    """Neither yes nor no is refused."""
    step = step_of(arguments=["--append_row_dataframe_header", *arguments])

    with pytest.raises(DeclarationError, match="give True or False"):
        compiled(definition_of(step))


def test_arguments(step_of, definition_of, compiled, images):
    """Values of parameters as text; references for paths."""
    output, named = PipelineData("scores"), images.as_named_input("images")
    step = step_of(
        output=output,
        inputs=[named],
        arguments=["--in", named, "--out", output, "--t", PipelineParameter("t", True)],
    )
    definition = definition_of(step)

    assert compiled(definition).steps[0].arguments == (
        *("--in", Reference(port="input", name="images")),
        *("--out", Reference(port="output", name="scores")),
        *("--t", "True"),
    )
    assert compiled(definition, {"t": 0}).steps[0].arguments[-1] == "0"


def test_environment_variables(step_of, definition_of, compiled):
    """Those of the configuration win over those of the environment."""
    environment = Environment("scoring")
    environment.environment_variables = {"A": "1", "B": "1"}
    step = step_of(environment=environment, environment_variables={"B": 2})
    settings = compiled(definition_of(step)).steps[0].settings

    assert settings.environment_variables == {"A": "1", "B": "2"}


def test_outputs_of_earlier_steps(step_of, definition_of, compiled):
    """As input or side input; the step that reads comes later and waits."""
    scores, labels = PipelineData("scores"), PipelineData("a", output_name="labels")
    first = step_of("first-step", output=scores)
    second = step_of("second-step", output=labels)
    last = step_of("last-step", inputs=[scores.as_dataset()], side_inputs=[labels])
    plan = compiled(definition_of(last))
    by_name = {step.name: step for step in plan.steps}
    (main,), (side,) = by_name["last-step"].inputs, by_name["last-step"].side_inputs

    assert [step.name for step in plan.steps][-1] == "last-step"
    assert main.dataset is None
    assert main.produced_by == by_name["first-step"].output
    assert (side.name, side.produced_by.name) == ("a", "labels")
    assert side.produced_by == by_name["second-step"].output
    assert set(by_name["last-step"].after) == {
        by_name["first-step"].step_run_id,
        by_name["second-step"].step_run_id,
    }
    assert first.writes() == [scores]
    assert second.writes() == [labels]


def test_run_after(step_of, definition_of, compiled):
    """Order without data."""
    first, second = step_of("first-step"), step_of("second-step")
    second.run_after(first)
    plan = compiled(definition_of(second, first))

    assert [step.name for step in plan.steps] == ["first-step", "second-step"]
    assert plan.steps[1].after == (plan.steps[0].step_run_id,)
