"""One run as its user sees it: thresholds, cancel, output rules, what scripts find."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from azml_pipelines import (
    ActivityFailedException,
    Dataset,
    Environment,
    Experiment,
    Model,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)

BASENAMES = """
import os

def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""
CURIOUS = """
import argparse, json, os, sys
import neighbour
from azureml.core import Model, Run
from azureml_user.parallel_run import EntryScript

def init():
    global seen
    parser = argparse.ArgumentParser()
    parser.add_argument("--label")
    known, _ = parser.parse_known_args()
    EntryScript().logger.info("hello from %s", EntryScript().agent_name)
    print("printed by init")
    run = Run.get_context()
    seen = {
        "label": known.label,
        "argv": sys.argv[1:],
        "cwd": os.getcwd(),
        "file": __file__,
        "neighbour": neighbour.VALUE,
        "output": os.environ["AZUREML_BI_OUTPUT_PATH"],
        "output_dir": EntryScript().output_dir,
        "mine": os.environ["MINE"],
        "input": os.environ["files"],
        "run_id": run.id,
        "experiment": run.experiment.name,
        "parent": run.parent.id,
        "model": open(os.path.join(Model.get_model_path("weights"), "w.txt")).read(),
    }
    os.makedirs(os.environ["AZUREML_BI_OUTPUT_PATH"], exist_ok=True)

def run(mini_batch, context):
    seen.update(index=context.minibatch_index, n=len(mini_batch))
    return [json.dumps(seen)]

def shutdown():
    with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "bye.txt"), "w") as f:
        f.write("bye")
"""
LABELS = """
import argparse, os
def init():
    global labels
    parser = argparse.ArgumentParser()
    parser.add_argument('--labels')
    folder = parser.parse_known_args()[0].labels
    labels = open(os.path.join(folder, 'labels.txt')).read().split()
def run(mini_batch):
    lines = open(mini_batch[0]).read().split()
    return [f'{n} {label}' for n, label in zip(lines, labels)]
"""
BAD_ITEMS = """
import os

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    if any(name < "00003" for name in names):
        raise ValueError("one of the first three")
    return names
"""


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        pytest.param({"error_threshold": -1}, "Finished", id="-1 ignores failures"),
        pytest.param({"error_threshold": 3}, "Finished", id="equality is allowed"),
        pytest.param({"error_threshold": 2}, "Failed", id="one above is not"),
        pytest.param({"allowed_failed_count": 3}, "Finished", id="count, equal"),
        pytest.param({"allowed_failed_count": 2}, "Failed", id="count, exceeded"),
        pytest.param({"allowed_failed_percent": 30}, "Finished", id="percent, equal"),
        pytest.param(
            {"allowed_failed_percent": 29.9}, "Failed", id="percent, exceeded"
        ),
    ],
)
def test_thresholds(job, limits, status):
    """Exceeding a threshold fails the step, reaching it does not (v1-surface 23.3)."""
    run = job.finish(BAD_ITEMS, files=10, run_max_try=1, **limits)

    assert run.get_status() == status


def test_no_success_is_a_failure(job):
    """With append_row and not one succeeded item there is nothing to append."""
    run = job.finish("def run(mini_batch):\n    return []\n", files=4)

    assert run.get_status() == "Failed"
    assert "no item succeeded" in run.state().error


def test_an_empty_input_fails_by_name(job):
    """The error names the input and where it looked."""
    run = job.finish(BASENAMES, files=0)

    assert run.get_status() == "Failed"
    assert "'files'" in run.state().error
    assert "no items" in run.state().error


def test_waiting_for_a_failed_run_raises(job):
    """The message is the run's one-line error; the details are JSON."""
    run = job.submit(BAD_ITEMS, files=10, run_max_try=1, error_threshold=0)

    with pytest.raises(ActivityFailedException) as caught:
        run.wait_for_completion(show_output=False)

    assert "one of the first three" in str(caught.value)
    assert json.loads(caught.value.error_details)


def test_cancel_ends_a_run_and_its_processes(job):
    """A cancelled run is Canceled within seconds, and nothing of it is left."""
    run = job.submit("import time\ndef run(b):\n    time.sleep(1000)\n", files=4)
    deadline = time.monotonic() + 10
    while run.get_status() != "Running" and time.monotonic() < deadline:
        time.sleep(0.02)
    started = time.monotonic()

    run.cancel()
    status = run.wait_for_completion(show_output=False)

    assert status == "Canceled"
    assert time.monotonic() - started < 5


def test_a_cancelled_run_is_resumed(job):
    """What was finished before is kept."""
    slow = BASENAMES.replace(
        "    return", "    import time; time.sleep(0.05)\n    return"
    )
    run = job.submit(slow, files=40)
    while run.state().steps[0].done_mini_batches < 5:
        time.sleep(0.01)
    run.cancel()
    run.wait_for_completion(show_output=False)

    run.resume()
    run.wait_for_completion(show_output=False)

    expected = b"".join(b"%05d.txt\n" % number for number in range(40))

    assert run.get_status() == "Finished"
    assert job.output(run) == expected


@pytest.fixture
def curious_run(job):
    """A run whose script writes down what it finds."""
    weights = job.folder / "weights"
    weights.mkdir()
    (weights / "w.txt").write_text("42")
    (weights / "other.txt").write_text("")
    Model.register(job.workspace, str(weights), "weights")
    job.pipeline(CURIOUS, files=2)
    source = next(job.folder.glob("source-*"))
    (source / "neighbour.py").write_text("VALUE = 'next door'")
    data = Dataset.File.from_files(str(job.folder / "data-2"))
    step = ParallelRunStep(
        name="score",
        parallel_run_config=pipeline_config(
            source, environment_variables={"MINE": "yes"}
        ),
        inputs=[data.as_named_input("files").as_mount()],
        arguments=["--label", "a label"],
        output=PipelineData("rows", datastore=job.workspace.get_default_datastore()),
    )
    run = Experiment(job.workspace, "tests").submit(Pipeline(job.workspace, [step]))
    run.wait_for_completion(show_output=False)
    return run


def test_what_a_script_finds(job, curious_run):
    """Arguments, variables, folders and v1 imports (v1-surface 15, 21, 22)."""
    seen = json.loads(job.output(curious_run))
    step_run = curious_run.find_step_run("score")[0]

    assert seen["label"] == "a label"
    assert seen["argv"].index("--scoring_module_name") < seen["argv"].index("--label")
    assert seen["argv"][-2:] == ["--input_fds_0", "files"]
    assert seen["cwd"] == str(Path(seen["file"]).parent)
    assert seen["neighbour"] == "next door"
    assert seen["output"] == seen["output_dir"]
    assert seen["mine"] == "yes"
    assert Path(seen["input"]) == job.folder / "data-2"
    assert (step_run.id, curious_run.id) == (seen["run_id"], seen["parent"])
    assert seen["experiment"] == "tests"
    assert seen["model"] == "42"
    assert (seen["index"], seen["n"]) == (0, 2)
    assert (Path(seen["output"]) / "bye.txt").read_text() == "bye"


def test_what_a_script_leaves(job, curious_run):
    """What it prints and logs is where version 1 has it (v1-surface 25)."""
    step_run = curious_run.find_step_run("score")[0]
    logs = job.run_folder(curious_run).step(step_run.id).logs
    script_log = next(logs.glob("user/entry_script_log/*/*.log.txt"))

    assert "printed by init" in next(logs.glob("user/stdout/*/*")).read_text()
    assert "hello from process000" in script_log.read_text()
    for name in ("job_result.txt", "sys/job_report/processed_mini-batches.csv"):
        assert (logs / name).is_file()


def pipeline_config(source, **settings):
    """Return a config for one process over files, two at a time."""
    return ParallelRunConfig(
        environment=Environment("current"),
        source_directory=str(source),
        entry_script="score.py",
        error_threshold=-1,
        output_action=settings.pop("output_action", "append_row"),
        compute_target="local",
        node_count=1,
        mini_batch_size=settings.pop("mini_batch_size", 2),
        **settings,
    )


def test_a_table_is_cut_and_written_as_a_table(job):
    """CSV by bytes, never across files; DataFrames with a space between columns."""
    (job.folder / "tables").mkdir()
    for letter in "ab":
        rows = "".join(f"{n},{letter} {n}\n" for n in range(50))
        (job.folder / "tables" / f"{letter}.csv").write_text(f"number,text\n{rows}")
    source = job.folder / "source"
    source.mkdir()
    (source / "score.py").write_text(
        "def run(frame):\n"
        "    assert list(frame.index) == list(range(len(frame)))\n"
        "    frame['double'] = frame['number'] * 2\n"
        "    return frame\n"
    )
    data = Dataset.Tabular.from_delimited_files(str(job.folder / "tables"))
    step = ParallelRunStep(
        name="score",
        parallel_run_config=pipeline_config(source, mini_batch_size="100"),
        inputs=[data.as_named_input("table")],
        arguments=["--append_row_dataframe_header", "True"],
        output=PipelineData("rows", datastore=job.workspace.get_default_datastore()),
    )
    run = Experiment(job.workspace, "tests").submit(Pipeline(job.workspace, [step]))
    run.wait_for_completion(show_output=False)

    expected = ["number text double"]
    expected += [f'{n} "{letter} {n}" {2 * n}' for letter in "ab" for n in range(50)]
    state = run.state().steps[0]

    assert job.output(run).decode().splitlines() == expected
    assert state.succeeded_items == 100
    assert state.total_mini_batches > 4


def test_a_settings_file_changes_how_tables_are_written(job):
    """parallel_run_step.settings.json in the source directory sets to_csv's options."""
    (job.folder / "t.csv").write_text("a,b\n1,2\n")
    source = job.folder / "source"
    source.mkdir()
    (source / "score.py").write_text("def run(frame):\n    return frame\n")
    options = {"append_row": {"pandas.DataFrame.to_csv": {"sep": ";", "index": True}}}
    (source / "parallel_run_step.settings.json").write_text(json.dumps(options))
    data = Dataset.Tabular.from_delimited_files(str(job.folder / "t.csv"))
    step = ParallelRunStep(
        name="score",
        parallel_run_config=pipeline_config(source, mini_batch_size="1KB"),
        inputs=[data.as_named_input("table")],
        output=PipelineData("rows", datastore=job.workspace.get_default_datastore()),
    )
    run = Experiment(job.workspace, "tests").submit(Pipeline(job.workspace, [step]))
    run.wait_for_completion(show_output=False)

    assert job.output(run) == b"0;1;2\n"


def test_two_steps_with_a_side_input(job):
    """The second step reads the first one's output, and a side input as a whole."""
    (job.folder / "labels").mkdir()
    (job.folder / "labels" / "labels.txt").write_text("zero one two")
    (job.folder / "labels" / "more.txt").write_text("")
    first_source, second_source = job.folder / "first", job.folder / "second"
    for source, script in ((first_source, BASENAMES), (second_source, LABELS)):
        source.mkdir()
        (source / "score.py").write_text(script)
    datastore = job.workspace.get_default_datastore()
    job.pipeline(BASENAMES, files=3)
    names = PipelineData("names", datastore=datastore)
    labels = Dataset.File.from_files(str(job.folder / "labels"))
    side = labels.as_named_input("labels").as_mount()
    ParallelRunStep(
        name="first",
        parallel_run_config=pipeline_config(first_source),
        inputs=[
            Dataset.File.from_files(str(job.folder / "data-3"))
            .as_named_input("files")
            .as_mount()
        ],
        output=names,
    )
    second = ParallelRunStep(
        name="second",
        parallel_run_config=pipeline_config(second_source),
        inputs=[names.as_dataset().as_named_input("names")]
        if hasattr(names, "as_dataset")
        else [names],
        side_inputs=[side],
        arguments=["--labels", side],
        output=PipelineData("rows", datastore=datastore),
    )
    run = Experiment(job.workspace, "tests").submit(Pipeline(job.workspace, [second]))
    run.wait_for_completion(show_output=False)

    file = run.find_step_run("second")[0].get_output_data("rows")
    file.download(str(job.folder / "got"))
    got = job.folder / "got" / file.path_on_datastore / "parallel_run_step.txt"

    assert got.read_text() == "00000.txt zero\n00001.txt one\n00002.txt two\n"
    assert [step.status for step in run.state().steps] == ["Finished", "Finished"]


def test_summary_only_counts_and_writes_nothing(job):
    """The script writes what it wants into the output folder; we only count."""
    script = (
        "import os\n"
        "def run(mini_batch):\n"
        "    for path in mini_batch:\n"
        "        name = os.path.basename(path)\n"
        "        open(os.path.join(os.environ['AZUREML_BI_OUTPUT_PATH'], name), 'w')\n"
        "    return mini_batch\n"
    )
    run = job.finish(script, files=3, output_action="summary_only")

    data = run.find_step_run("score")[0].get_output_data("rows")
    root = Path(data.datastore.settings.url.removeprefix("file://"))
    files = sorted(path.name for path in (root / data.path_on_datastore).iterdir())

    assert files == ["00000.txt", "00001.txt", "00002.txt"]
    assert run.state().steps[0].succeeded_items == 3
