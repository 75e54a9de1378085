"""Every row of a real run says itself where it comes from; so does its trace."""

from __future__ import annotations

from pathlib import Path

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)

SCRIPT = """
import os
from pathlib import Path
from azureml_user.parallel_run import EntryScript

def run(mini_batch):
    first = Path(mini_batch[0])
    mark = first.with_suffix(".tried")
    if int(first.stem) % 4 == 0 and not mark.exists():
        mark.touch()
        raise ValueError("the first try fails")
    tried = 1 + mark.exists()
    who = f"{EntryScript().agent_name} {os.environ['AZML_NODE']} {tried}"
    return [f"{os.path.basename(path)} {who}" for path in mini_batch]
"""


def test_every_row_is_traced_to_what_it_says_of_itself(job):
    """Item, process, node and try, on two nodes and with tries that failed."""
    run = job.finish(SCRIPT, files=40, mini_batch_size=3, node_count=2)
    (step,) = run.get_steps()
    rows = job.output(run).decode().splitlines()
    traced = [step.trace(number) for number in range(len(rows))]
    told = [f"{one.item} {one.process} {one.node} {one.attempt}" for one in traced]
    back = {
        row.partition(" ")[0]: [
            (one.first_row, one.rows) for one in step.trace_item(row.partition(" ")[0])
        ]
        for row in rows
    }

    assert run.get_status() == "Finished", run.state().error
    assert 40 == len(rows)
    assert rows == told
    assert {"1", "2"} == {row[-1] for row in rows}
    assert back == {
        row.partition(" ")[0]: [(number, 1)] for number, row in enumerate(rows)
    }


def test_rows_of_tables_are_traced_to_rows_of_their_files(workspace, tmp_path):
    """Quoted line ends and all; the row says where its file has it."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        cells = "".join(f'{name}.csv row {row},"x\n{row}"\n' for row in range(50))
        (tmp_path / f"in/{name}.csv").write_text(f"place,text\n{cells}")
    (tmp_path / "source").mkdir()
    (tmp_path / "source/score.py").write_text(
        "def run(mini_batch):\n    return list(mini_batch['place'])\n"
    )
    table = Dataset.Tabular.from_delimited_files(
        str(tmp_path / "in"), support_multi_line=True
    )
    config = ParallelRunConfig(
        environment=Environment("current"),
        source_directory=str(tmp_path / "source"),
        entry_script="score.py",
        error_threshold=0,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        process_count_per_node=2,
        mini_batch_size="100",
    )
    step = ParallelRunStep(
        "score", config, [table.as_named_input("table")], PipelineData("rows")
    )
    run = Experiment(workspace, "t").submit(Pipeline(workspace, [step]))
    run.wait_for_completion(show_output=False)
    (done,) = run.get_steps()
    (place,) = done.output_places()
    rows = Path(place.path).read_text().splitlines()

    assert 100 == len(rows)
    assert rows == [done.trace(number).item for number in range(100)]


def test_rows_of_partitions_are_counted_in_the_order_of_the_input(job):
    """Over all partitions together, in whichever folder a row lies."""
    script = """
import os
import pandas as pd

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    return pd.DataFrame({"name": names, "half": [int(n[:5]) % 2 for n in names]})
"""
    run = job.finish(
        script,
        files=9,
        mini_batch_size=2,
        output_format="csv",
        partition_output_by=["half"],
    )
    (step,) = run.find_step_run("score")
    items = [step.trace(row).item for row in range(9)]
    (back,) = step.trace_item("00003.txt")
    (place,) = step.output_places()

    assert [f"{number:05d}.txt" for number in range(9)] == items
    assert (3, 1, True) == (back.first_row, back.rows, back.exact)
    assert "00003.txt" in Path(place.path, "half=1/part-00000.csv").read_text()
