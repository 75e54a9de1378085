"""The commands for documents of version 2."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from azml_pipelines import PipelineRun, Workspace

pytestmark = pytest.mark.filterwarnings("always::UserWarning")

DOCUMENTS = Path(__file__).parents[2] / "integration" / "azure_v2" / "documents"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a workspace and the documents."""
    shutil.copytree(DOCUMENTS, tmp_path, dirs_exist_ok=True)
    Workspace.create("documents", path=tmp_path, show_output=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finished(result):
    """Return the run whose id was printed, when it has ended."""
    assert result.exit_code == 0, result.stderr
    run = PipelineRun.get(Workspace.from_config(), result.stdout.strip())
    assert run.wait_for_completion(show_output=False) == "Finished"
    return run


def test_a_document_is_run_with_one_command(project, type_command):
    """The id goes to standard output, warnings of one line to the other."""
    result = type_command(
        "job", "create", "-f", "optional_model/pipeline.yml", "--set", "inputs.factor=2"
    )
    run = finished(result)

    assert run.experiment.name == "scoring"
    assert result.stderr.startswith("Warning: score.yml:13: environment: ")


def test_each_problem_has_a_line(project, type_command):
    """All of a document at once; nothing has been run."""
    result = type_command(
        "job", "create", "-f", "file_list/pipeline.yml",
        "--set", "jobs.read.inputz=1", "--set", "jobs.show.comand=1",
    )  # fmt: skip
    errors = [one for one in result.stderr.splitlines() if one.startswith("Error: ")]

    assert (result.exit_code, result.stdout, len(errors)) == (2, "", 2)
    assert "jobs.read.inputz: unknown key. Did you mean 'inputs'?" in errors[0]


def test_a_document_is_checked(project, type_command):
    """Nothing is run; the jobs are named in the order in which they would."""
    result = type_command("job", "validate", "-f", "many_models/pipeline.yml")

    assert result.stdout.endswith("can run: cut_table, train_models\n")
    assert list(Workspace.from_config().catalog.runs.newest_first()) == []


def test_an_endpoint_from_its_making_to_its_end(project, type_command):
    """Made, deployed to, invoked, listed, shown, deleted."""
    made = type_command("batch-endpoint", "create", "-f", "shapes/endpoint.yml")
    deployed = type_command(
        "batch-deployment", "create", "-f", "shapes/deployment.yml", "--set-default"
    )
    run = finished(
        type_command(
            "batch-endpoint", "invoke", "-n", "word-counts", "--input", "shapes/data",
            "--mini-batch-size", "1", "--set", "output_file_name=all.txt",
            "--output-path", "out", "--job-name", "first",
        )
    )  # fmt: skip
    jobs = type_command("batch-endpoint", "list-jobs", "word-counts", "--json")
    shown = type_command("batch-endpoint", "show", "word-counts", "--json")
    listed = type_command("batch-deployment", "list", "word-counts")
    document = type_command(
        "batch-deployment", "show", "word-counts", "words-by-length", "--json"
    )

    assert (made.stdout, deployed.stdout) == ("word-counts\n", "words-by-length\n")
    assert len((project / "out" / "all.txt").read_text().splitlines()) == 4
    assert json.loads(jobs.stdout)[0]["id"] == run.id
    assert json.loads(shown.stdout)["default_deployment"] == "words-by-length"
    assert "words-by-length  model  default" in listed.stdout
    assert json.loads(document.stdout)["document"]["model"] == "azureml:word-lengths:1"
    assert type_command("batch-endpoint", "list").stdout.startswith("word-counts")
    type_command("batch-deployment", "delete", "word-counts", "words-by-length")
    type_command("batch-endpoint", "delete", "word-counts")
    assert type_command("batch-endpoint", "list").stdout == ""


def test_a_deployment_runs_from_its_file(project, type_command):
    """Nothing is registered but the model."""
    result = type_command(
        "batch-endpoint", "invoke", "-f", "shapes/older.yml", "--input", "shapes/data"
    )

    assert [step.name for step in finished(result).get_steps()] == ["batchscoring"]


def test_somebody_has_to_be_invoked(project, type_command):
    """An endpoint or a file."""
    result = type_command("batch-endpoint", "invoke", "--input", "shapes/data")

    assert result.exit_code == 2
    assert "Name an endpoint with -n, or the file of a deployment" in result.stderr


def test_a_schedule_of_version_2(project, type_command):
    """Its job is published as it is now; its times are on the clocks of its zone."""
    result = type_command("schedule", "create", "-f", "shapes/schedule.yml")
    listed = type_command("schedule", "list")

    assert result.exit_code == 0, result.stderr
    assert (
        "nightly  every week on Monday, Friday at 04:10, 05:10 (America/Los_Angeles)"
        in listed.stdout
    )


@pytest.mark.parametrize(
    ("source", "row"),
    [
        (
            "many_models/pipeline.yml",
            ["train_models.retry_settings.max_retries", "1", "run_max_try"],
        ),
        ("shapes/deployment.yml", ["settings.mini_batch_size", "2", "mini_batch_size"]),
        ("shapes/schedule.yml", ["trigger.frequency", "'week'", "frequency"]),
        ("shapes/endpoint.yml", ["auth_mode", "'aad_token'", "nothing"]),
        (
            "shapes/pipeline.yml",
            ["settings.default_compute", "'batch-cluster'", "compute_target"],
        ),
        ("shapes/older.yml", ["output_action", "'append_row'", "output_action"]),
        ("file_list/read.yml", ["task.entry_script", "'package.read'", "entry_script"]),
    ],
)
def test_what_becomes_what(project, type_command, source, row):
    """A row for each key, with its line; as JSON too."""
    result = type_command("convert", source, "--json")
    [found] = [
        one
        for one in json.loads(result.stdout)
        if one["source"].endswith(f" {row[0]}") or one["source"].endswith(f".{row[0]}")
    ]

    assert found["value"] == row[1]
    assert found["target"].startswith(row[2])
    assert "\n" in type_command("convert", source).stdout


def test_what_a_script_of_version_1_would_be(project, type_command):
    """Its settings by their names of version 2."""
    Path("pipe.py").write_text(
        "from azml_pipelines import *\n"
        "ws = Workspace.from_config()\n"
        "config = ParallelRunConfig(source_directory='shapes/code',\n"
        "    entry_script='driver.py', run_max_try=5, error_threshold=1,\n"
        "    output_action='append_row', compute_target='local', node_count=1,\n"
        "    environment=Environment('e'))\n"
        "data = Dataset.File.from_files('shapes/data').as_named_input('texts')\n"
        "step = ParallelRunStep('count', config, [data], output=PipelineData('rows'))\n"
        "pipeline = Pipeline(ws, [step])\n"
    )
    result = type_command("convert", "pipe.py", "--json")
    rows = {one["source"]: one for one in json.loads(result.stdout)}

    assert rows["step count: run_max_try"]["target"] == "retry_settings.max_retries"
    assert rows["step count: input texts"]["note"] == "mode ro_mount"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("type: pipeline\njobs: [one]\n", "bad.yml:2: jobs: is ['one']; it has keys."),
        ("type: pipeline\njobs: {}\ninputs: 3\n", "bad.yml:3: inputs: is 3; it has"),
    ],
)
def test_what_is_no_document_is_not_converted(project, type_command, text, problem):
    """It is an error as when it is run."""
    Path("bad.yml").write_text(text)
    result = type_command("convert", "bad.yml")

    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr


def test_a_component_needs_a_name(project, type_command):
    """It is missing, and not None."""
    Path("component.yml").write_text("type: command\ncommand: echo 1\n")
    result = type_command("component", "create", "-f", "component.yml")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: component.yml: name: is missing. Add it.\n"


def test_a_command_of_its_own(project, type_command):
    """Run and converted as the pipeline of one job that it is."""
    Path("one.yml").write_text(
        "type: command\nexperiment_name: alone\ncompute: local\ncommand: echo hello\n"
    )
    run = finished(type_command("job", "create", "-f", "one.yml"))
    rows = json.loads(type_command("convert", "one.yml", "--json").stdout)
    targets = {one["source"]: one["target"] for one in rows}

    assert run.experiment.name == "alone"
    assert targets["one.yml:4: jobs.command.command"] == "CommandStep(command=)"
    assert "refused" not in targets.values()


@pytest.mark.parametrize("version", ["../../../../out", "a/b", ".hidden", "x" * 5000])
def test_the_version_of_a_component_is_no_path(project, type_command, version):
    """It names a folder of the workspace, and no other one."""
    (project / "evil.yml").write_text(
        f"name: evil\nversion: {version!r}\ntype: command\ncommand: echo 1\n"
    )
    before = sorted(project.rglob("*"))
    result = type_command("component", "create", "-f", "evil.yml")

    assert result.exit_code == 2
    assert "evil.yml:2: version: " in result.stderr
    assert len(result.stderr) <= 300
    assert before == sorted(project.rglob("*"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("jobs.read.inputs.texts.path", "x" * 5000),
        ("jobs.read.inputs.texts.type", "x" * 5000),
        ("jobs.prepare.component", "x" * 5000),
        ("jobs.prepare.type", "x" * 5000),
    ],
)
def test_a_long_value_is_cut(project, type_command, path, value):
    """One line names the field."""
    result = type_command(
        "job", "create", "-f", "file_list/pipeline.yml", "--set", f"{path}={value}"
    )  # fmt: skip
    (error,) = [one for one in result.stderr.splitlines() if one.startswith("Error: ")]

    assert (result.exit_code, result.stdout) == (2, "")
    assert path.rpartition(".")[0] in error
    assert len(error) <= 300
