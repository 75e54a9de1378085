"""A worker finds version 1's arguments and variables (v1-surface 15, 21 and 22)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from azml_pipelines.data.definition import DelimitedFormat
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.engine.step_inputs import step_inputs
from azml_pipelines.engine.worker_environment import (
    driver_arguments,
    step_environment,
)
from azml_pipelines.plan.run_plan import InputPlan, OutputPlan

OUTPUT = Path("/output")


def pairs(arguments):
    """Return arguments as pairs of name and value, in order."""
    return list(zip(arguments[::2], arguments[1::2], strict=True))


@pytest.fixture
def arguments(planned, file_input):
    """Return the command line of a step with two inputs."""

    def arguments(own=(), *, inputs=None, **settings):
        plans = inputs or (file_input("images"), file_input("labels"))
        run = planned({"inputs": plans}, **settings)
        found, _ = step_inputs(run.step)
        return driver_arguments(run.step, found, list(own), OUTPUT)

    return arguments


def test_the_command_line_is_that_of_version_1(arguments):
    """Names, order and values; the user's own come before the inputs."""
    line = arguments(
        ["--model", "digits"],
        mini_batch_size=MiniBatchSize(10, "files"),
        error_threshold=5,
        allowed_failed_count=2,
        allowed_failed_percent=12.5,
        append_row_file_name="rows.txt",
        process_count_per_node=4,
        run_invocation_timeout=90,
        run_max_try=2,
        logging_level="DEBUG",
    )

    assert pairs(line)[1:] == [
        ("--scoring_module_name", "score.py"),
        ("--mini_batch_size", "10"),
        ("--error_threshold", "5"),
        ("--output_action", "append_row"),
        ("--logging_level", "DEBUG"),
        ("--run_invocation_timeout", "90"),
        ("--run_max_try", "2"),
        ("--create_snapshot_at_runtime", "True"),
        ("--allowed_failed_count", "2"),
        ("--allowed_failed_percent", "12.5"),
        ("--append_row_file_name", "rows.txt"),
        ("--output", "/output"),
        ("--process_count_per_node", "4"),
        ("--model", "digits"),
        ("--input_fds_0", "images"),
        ("--input_fds_1", "labels"),
    ]
    assert line[0] == "--client_sdk_version"


def test_what_is_not_set_is_not_named(arguments):
    """Neither thresholds nor the name of a file that is not written."""
    names = [name for name, _ in pairs(arguments(output_action="summary_only"))]

    assert "--allowed_failed_count" not in names
    assert "--allowed_failed_percent" not in names
    assert "--append_row_file_name" not in names
    assert "--output" in names


def test_tables_have_another_name(arguments, file_input):
    """``--input_ds_0`` instead of ``--input_fds_0``."""
    dataset = file_input("table").dataset.model_copy(
        update={"kind": "tabular", "format": DelimitedFormat()}
    )
    line = arguments(inputs=(InputPlan(name="rows", mode="direct", dataset=dataset),))

    assert pairs(line)[-1] == ("--input_ds_0", "rows")


def test_a_dataset_that_is_a_parameter_is_named_again(arguments, file_input, tmp_path):
    """With the number of its input, behind all of them, and where its files are."""
    plain = file_input("labels")
    bound = file_input("images").model_copy(update={"parameter": "images_param"})
    line = arguments(inputs=(plain, bound))

    assert pairs(line)[-3:] == [
        ("--input_fds_0", "labels"),
        ("--input_fds_1", "images"),
        ("--input_pipeline_param_1", str(tmp_path / "data" / "images")),
    ]


def test_the_longest_timeout_is_written_out(arguments):
    """A script may read it as a whole number."""
    found = dict(pairs(arguments(run_invocation_timeout=259_200)))

    assert found["--run_invocation_timeout"] == "259200"


def test_a_script_reads_its_own_arguments(arguments):
    """As version 1's scripts do: with ``parse_known_args``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--output")
    known, _ = parser.parse_known_args(arguments(["--model", "digits"]))

    assert (known.model, known.output) == ("digits", "/output")


@pytest.fixture
def variables(planned):
    """Return the variables of a step with these fields."""

    def variables(inputs=(), *, environment=None, **fields):
        run = planned(
            {"inputs": tuple(inputs), **fields},
            environment_variables=environment or {},
        )
        found, side = step_inputs(run.step)
        outputs = {output.name: str(OUTPUT) for output in run.step.all_outputs}
        return step_environment(
            run.plan, run.folder, run.step, [*found, *side], outputs
        )

    return variables


def test_the_run_and_its_workspace(variables, tmp_path):
    """Version 1's names, then ours."""
    found = variables()
    expected = {
        "AZUREML_RUN_ID": "step-1",
        "AZUREML_EXPERIMENT_ID": "digits",
        "AZUREML_WORKSPACE_ID": "testing",
        "AZUREML_ARM_SUBSCRIPTION": "subscription",
        "AZUREML_ARM_RESOURCEGROUP": "group",
        "AZUREML_ARM_WORKSPACE_NAME": "testing",
        "AZUREML_ARM_PROJECT_NAME": "digits",
        "AZUREML_DATAREFERENCE_rows": "/output",
        "AZML_RUN_ID": "run-1",
        "AZML_WORKSPACE": str(tmp_path),
        "AZML_RUN_FOLDER": str(tmp_path / "run-1"),
    }

    assert expected == {name: found[name] for name in expected}


def test_inputs_are_found_by_name(variables, file_input, tmp_path):
    """A mounted one by its path, a direct one by its name; side inputs too."""
    found = variables(
        [file_input("images"), file_input("direct", "direct")],
        side_inputs=(file_input("labels", "download"),),
    )
    data = tmp_path / "data"

    assert found["images"] == str(data / "images")
    assert found["direct"] == "direct"
    assert found["labels"] == str(data / "labels")
    assert found["AZUREML_DATASET_ENVIRONMENT_VARS"] == (
        "images:mount,direct:direct,labels:download"
    )
    assert json.loads(found["AZML_INPUTS"]) == {
        "images": {"mode": "mount", "path": str(data / "images")},
        "direct": {"mode": "direct", "path": None},
        "labels": {"mode": "download", "path": str(data / "labels")},
    }


def test_outputs_of_earlier_steps(variables, tmp_path):
    """They are data references as well."""
    made = OutputPlan(
        name="made",
        datastore="store",
        url=tmp_path.as_uri(),
        path_on_datastore="azureml/step-0/made",
    )
    (tmp_path / made.path_on_datastore).mkdir(parents=True)
    found = variables([InputPlan(name="made", mode="mount", produced_by=made)])

    assert found["AZUREML_DATAREFERENCE_made"] == str(tmp_path / "azureml/step-0/made")
    assert found["made"] == found["AZUREML_DATAREFERENCE_made"]


def test_the_users_variables_win(variables):
    """They come last."""
    found = variables(environment={"MODEL": "digits", "AZML_RUN_ID": "mine"})

    assert (found["MODEL"], found["AZML_RUN_ID"]) == ("digits", "mine")


def test_every_value_is_text(variables, file_input):
    """An environment holds nothing else."""
    found = variables([file_input()])

    assert {str} == {type(value) for value in found.values()}
