"""What a mini-batch costs that does nothing: 10 items in, 10 lines out, two processes.

    make bench
    python benchmarks/no_op.py --mini-batches 10000 --rounds 5

Prints the time from submission to the first ``run()``, and the cost of one mini-batch
from then to the end of the run, commit included. Nothing is asserted: machines differ.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
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

ITEMS = 10
SCRIPT = """
import os
import time

MARK = os.environ["FIRST_RUN_MARK"]
first = True


def run(mini_batch):
    global first
    if first:
        first = False
        try:
            with open(MARK, "x") as mark:
                mark.write(repr(time.time()))
        except FileExistsError:
            pass
    return mini_batch
"""


def make_files(folder: Path, count: int) -> None:
    """Make ``count`` empty files."""
    folder.mkdir()
    for number in range(count):
        os.close(os.open(folder / f"{number:08d}", os.O_CREAT | os.O_WRONLY))


def make_pipeline(
    workspace: Workspace, data: Path, source: Path, mark: Path
) -> Pipeline:
    """Declare the one-step pipeline."""
    config = ParallelRunConfig(
        environment=Environment("current"),
        source_directory=str(source),
        entry_script="score.py",
        error_threshold=-1,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        process_count_per_node=2,
        mini_batch_size=ITEMS,
        environment_variables={"FIRST_RUN_MARK": str(mark)},
    )
    step = ParallelRunStep(
        name="no-op",
        parallel_run_config=config,
        inputs=[Dataset.File.from_files(str(data)).as_named_input("files").as_mount()],
        output=PipelineData("rows", datastore=workspace.get_default_datastore()),
    )
    return Pipeline(workspace=workspace, steps=[step])


def measure(folder: Path, mini_batches: int, rounds: int) -> list[tuple[float, float]]:
    """Return seconds to the first ``run()`` and per mini-batch, for each round."""
    workspace = Workspace.create("bench", path=folder / "workspace", show_output=False)
    data, source = folder / "data", folder / "source"
    make_files(data, mini_batches * ITEMS)
    source.mkdir()
    (source / "score.py").write_text(SCRIPT)
    measured = []
    for number in range(rounds):
        mark = folder / f"mark-{number}"
        pipeline = make_pipeline(workspace, data, source, mark)
        started = time.time()
        run = Experiment(workspace, "bench").submit(pipeline)
        run.wait_for_completion(show_output=False)
        first = float(mark.read_text())
        ended = run.state().ended
        measured.append((first - started, (ended - first) / mini_batches))
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini-batches", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), options.mini_batches, options.rounds)
    starts = [start for start, _ in measured]
    costs = [cost * 1e6 for _, cost in measured]
    print(f"{options.mini_batches} mini-batches of {ITEMS} items, 2 processes")
    for title, values, unit in (
        ("submit to first run()", starts, "s"),
        ("cost per mini-batch", costs, "µs"),
    ):
        middle = statistics.median(values)
        print(f"{title}: {middle:.2f} {unit} ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
