"""One mini-batch again, where a debugger works, with nothing stored."""

from __future__ import annotations

import traceback

import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.errors import UserErrorException

SCRIPT = """
import argparse, os
from neighbour import mark

def init():
    global label
    parser = argparse.ArgumentParser()
    parser.add_argument("--output")
    label = parser.parse_known_args()[0].output
    open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "side"), "w").close()
    open("here", "w").close()

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    if "00003.txt" in names:
        raise ValueError("three is bad")
    return [mark + name for name in names]
"""


@pytest.fixture
def run(job):
    """A finished run whose second mini-batch of two has failed."""
    source = job.pipeline(SCRIPT, files=6, mini_batch_size=2, run_max_try=1)
    folder = next(job.folder.glob("source-*"))
    (folder / "neighbour.py").write_text("mark = '> '\n")
    run = Experiment(job.workspace, "tests").submit(source)
    run.wait_for_completion(show_output=False)
    (folder / "score.py").write_text("def run(batch):\n    return ['edited']\n")
    (folder / "neighbour.py").write_text("mark = 'edited '\n")
    return run


def stored(run):
    """Return what is stored of a run: names and contents."""
    outputs = [place.path for place in run.output_places()]
    files = [file for file in run.folder.root.rglob("*") if file.is_file()]
    return outputs, {
        file: file.read_bytes() for file in files if "run.db-" not in file.name
    }


def test_the_rows_are_printed_and_nothing_is_stored(run, capsys):
    """The script is the one that was submitted, its neighbours as well."""
    before = stored(run)
    capsys.readouterr()
    run.replay(0)

    assert "> 00000.txt\n> 00001.txt\n" == capsys.readouterr().out
    assert before == stored(run)


def test_what_the_script_raises_is_raised(run):
    """With the lines of the script, although its copy is gone."""
    with pytest.raises(ValueError, match="three is bad") as caught:
        run.replay(1)

    shown = "".join(traceback.format_exception(caught.value))

    assert 'raise ValueError("three is bad")' in shown


def test_some_items_only(run, capsys):
    """As the command in failed_items.csv has it after a bisection."""
    capsys.readouterr()
    run.replay(1, first_item=0, item_count=1)
    run.replay(2, first_item=1)

    assert "> 00002.txt\n> 00005.txt\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("mini_batch", "options", "said"),
    [
        pytest.param(3, {}, "from 0 to 2", id="no such mini-batch"),
        pytest.param(-1, {}, "from 0 to 2", id="a negative one"),
        pytest.param(0, {"step_name": "other"}, "'other': score", id="no such step"),
        pytest.param(0, {"first_item": 2}, "has 2 items", id="no such item"),
        pytest.param(0, {"item_count": 3}, "has 2 items", id="too many items"),
    ],
)
def test_what_is_not_there(run, mini_batch, options, said):
    """The message says what there is."""
    with pytest.raises(UserErrorException, match=said):
        run.replay(mini_batch, **options)


def test_rows_of_a_table(job, capsys):
    """A table is replayed as a DataFrame, whole or in part."""
    data = job.folder / "table.csv"
    data.write_text("n\n" + "".join(f"{n}\n" for n in range(10)))
    source = job.folder / "table"
    source.mkdir()
    (source / "score.py").write_text("def run(frame):\n    return list(frame['n'])\n")
    config = ParallelRunConfig(
        environment=Environment("current"),
        source_directory=str(source),
        entry_script="score.py",
        error_threshold=-1,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        mini_batch_size=8,
    )
    table = Dataset.Tabular.from_delimited_files(str(data)).as_named_input("table")
    output = PipelineData("rows", datastore=job.workspace.get_default_datastore())
    step = ParallelRunStep(
        name="rows", parallel_run_config=config, inputs=[table], output=output
    )
    run = Experiment(job.workspace, "tests").submit(Pipeline(job.workspace, [step]))
    run.wait_for_completion(show_output=False)
    capsys.readouterr()
    run.replay(1)
    run.replay(1, first_item=1, item_count=2)

    assert "4\n5\n6\n7\n5\n6\n" == capsys.readouterr().out
