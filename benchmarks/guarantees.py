"""What all guarantees cost: the same mini-batches on a bare process pool and on a run.

    python benchmarks/guarantees.py
    python benchmarks/guarantees.py --rounds 5

Both sides have two processes, take turns, and write the same file in input order. The
pool has no journal, no timeouts, no retries and no checksums. Time is measured from the
first ``run()`` to the finished file; the start is shown apart. Medians of the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Callable

PROCESSES = 2
CHUNK_SECONDS = 0.05
CASES = {1: (8_000, 25.0), 10: (1_500, 5.0), 100: (300, 1.0)}
"""Milliseconds of a mini-batch: how many of them, and the overhead allowed in %."""
SCRIPT = """
import os
import time

MARK = os.environ["FIRST_RUN_MARK"]
SECONDS = float(os.environ["SECONDS"])
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
    time.sleep(SECONDS)
    return [os.path.basename(path) for path in mini_batch]
"""


@dataclass(frozen=True)
class Measured:
    """One round of one side, in seconds."""

    start: float
    work: float


def pool_task(task: tuple[str, float, str]) -> str:
    """Do on the pool what ``run()`` does."""
    path, seconds, mark = task
    with contextlib.suppress(FileExistsError), open(mark, "x") as file:
        file.write(repr(time.time()))
    time.sleep(seconds)
    return os.path.basename(path)


def on_pool(folder: Path, data: Path, seconds: float, mark: Path) -> Measured:
    """Run the mini-batches on ``multiprocessing.Pool``."""
    started = time.time()
    paths = sorted(entry.path for entry in os.scandir(data))
    with (
        multiprocessing.Pool(PROCESSES) as pool,
        open(folder / "pool.txt", "w") as rows,
    ):
        tasks = ((path, seconds, str(mark)) for path in paths)
        # In chunks, as we bundle: one task at a time costs the pool more than that.
        chunk = max(1, int(CHUNK_SECONDS / seconds))
        found = pool.imap(pool_task, tasks, chunk)
        rows.writelines(f"{row}\n" for row in found)
    ended = time.time()
    first = float(mark.read_text())
    return Measured(first - started, ended - first)


def on_run(workspace: Workspace, data: Path, seconds: float, mark: Path) -> Measured:
    """Run them as a pipeline."""
    config = ParallelRunConfig(
        environment=Environment("current"),
        source_directory=str(data.parent / "source"),
        entry_script="score.py",
        error_threshold=-1,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        process_count_per_node=PROCESSES,
        mini_batch_size=1,
        environment_variables={"FIRST_RUN_MARK": str(mark), "SECONDS": str(seconds)},
    )
    step = ParallelRunStep(
        name="sleep",
        parallel_run_config=config,
        inputs=[Dataset.File.from_files(str(data)).as_named_input("files").as_mount()],
        output=PipelineData("rows", datastore=workspace.get_default_datastore()),
    )
    started = time.time()
    with contextlib.redirect_stdout(io.StringIO()):
        run = Experiment(workspace, "bench").submit(Pipeline(workspace, [step]))
    run.wait_for_completion(show_output=False)
    first = float(mark.read_text())
    ended = run.state().ended
    assert ended is not None
    return Measured(first - started, ended - first)


def rounds_of(
    count: int, folder: Path, sides: list[Callable[[Path], Measured]]
) -> list[list[Measured]]:
    """Let the sides take turns; a first round of each is not counted."""
    measured: list[list[Measured]] = [[] for _ in sides]
    for number in range(-1, count):
        for side, found in zip(sides, measured, strict=True):
            mark = folder / f"mark-{number}-{sides.index(side)}"
            one = side(mark)
            mark.unlink()
            if number >= 0:
                found.append(one)
    return measured


def measure(
    folder: Path, milliseconds: int, mini_batches: int, rounds: int
) -> list[str]:
    """Return the cells of one row of the table."""
    workspace = Workspace.create("bench", path=folder / "workspace", show_output=False)
    data, source = folder / "data", folder / "source"
    data.mkdir()
    for number in range(mini_batches):
        os.close(os.open(data / f"{number:08d}", os.O_CREAT | os.O_WRONLY))
    source.mkdir()
    (source / "score.py").write_text(SCRIPT)
    seconds = milliseconds / 1000
    pool, run = rounds_of(
        rounds,
        folder,
        [
            lambda mark: on_pool(folder, data, seconds, mark),
            lambda mark: on_run(workspace, data, seconds, mark),
        ],
    )
    bare = statistics.median(one.work for one in pool)
    ours = statistics.median(one.work for one in run)
    start = statistics.median(one.start for one in run)
    overhead = 100 * (ours / bare - 1)
    target = CASES[milliseconds][1]
    reached = "reached" if overhead <= target else "not reached"
    return [
        f"{milliseconds} ms",
        f"{mini_batches}",
        f"{bare:.2f} s",
        f"{ours:.2f} s",
        f"{overhead:+.1f} %",
        f"≤ {target:g} %: {reached}",
        f"{start:.2f} s",
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| mini-batch | count | bare pool | run | overhead | target | start of run |")
    print("|---|---|---|---|---|---|---|")
    for milliseconds, (mini_batches, _) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            cells = measure(Path(folder), milliseconds, mini_batches, options.rounds)
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
