"""W8, simulated scale: a thousand nodes of sixteen processes each, on a virtual clock.

    python benchmarks/w8_simulated.py --mini-batches 1000000

Ledger, dispatch, journal, job logs and the frozen list are the real ones, on the disk;
only the nodes are not there, and their time passes at once. Prints one line of JSON:
how busy the processes were, and what the orchestrator's work costs: microseconds of
processor time for each mini-batch, and the share of one core that this is while the
cluster works.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.minibatch import MiniBatchFile, split_files, write_mini_batches
from azml_pipelines.engine.dispatch import Dispatch
from azml_pipelines.engine.job_logs import JobLogs
from azml_pipelines.engine.ledger import Ledger, Limits
from azml_pipelines.engine.watchdog import Watchdog
from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings
from azml_pipelines.plan.run_plan import ParallelRunStepPlan, RunPlan, WorkspacePlan
from azml_pipelines.store.journal import Journal, Progress, SettledBundle
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.testing.virtual_slots import VirtualSlots

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.engine.ledger import Verdict

__all__ = ["Simulated", "simulate"]

NODES, PROCESSES = 1_000, 16
SECONDS = 1.0
OVERHEAD = 0.01
"""Seconds until a process that waits has what was submitted for it."""
_PATIENCE = 1e6


@dataclass(frozen=True)
class Simulated:
    """What came of it."""

    mini_batches: int
    slots: int
    makespan_seconds: float
    """By the virtual clock."""
    utilisation: float
    """Share of the processes' time that was spent in mini-batches."""
    cpu_us_per_mini_batch: float
    """Of the orchestrator; what the simulation itself costs is left out."""
    share_of_a_core: float
    """The same while the cluster works: processor seconds for each virtual second."""
    peak_mb: float
    real_seconds: float


def _journal(folder: RunFolder, mini_batches: int) -> Journal:
    step = ParallelRunStepPlan(
        step_run_id="step",
        name="simulated",
        source_directory=str(folder.root),
        settings=ParallelRunSettings(
            entry_script="score.py", mini_batch_size=MiniBatchSize(1, "files")
        ),
        inputs=(),
    )
    workspace = WorkspacePlan(name="bench", root=str(folder.root))
    plan = RunPlan(
        run_id="simulated", experiment="bench", workspace=workspace, steps=(step,)
    )
    Journal.create(folder.journal, plan, b"")
    journal = Journal(folder.journal)
    owner = Owner.of_process(os.getpid())
    assert owner is not None
    journal.claim(owner)
    journal.start_run()
    journal.start_step(0)
    names = (f"{number:08d}" for number in range(mini_batches))
    totals = write_mini_batches(
        split_files(0, names, 1), folder.step("step").mini_batches
    )
    journal.note_totals(0, totals.mini_batches, totals.items, totals.sha256)
    return journal


def _settler(
    journal: Journal, logs: JobLogs, ledger: Ledger
) -> Callable[[BundleReport, dict[int, Verdict]], None]:
    nothing: frozenset[int] = frozenset()

    def settle(report: BundleReport, _: dict[int, Verdict]) -> None:
        bundle = SettledBundle(
            report.part, report.records, (), nothing, report.node, report.process
        )
        journal.settle(0, bundle, Progress(**ledger.counts.__dict__))
        logs.settled(report, nothing, ledger.counts)

    return settle


def simulate(place: Path, mini_batches: int, nodes: int, processes: int) -> Simulated:
    """Run a step of mini-batches of one second each.

    Args:
        place: An empty folder.
        mini_batches: How many.
        nodes: How many.
        processes: On each node.
    """
    folder = RunFolder(place)
    step = folder.step("step")
    step.root.mkdir(parents=True)
    journal = _journal(folder, mini_batches)
    lines = MiniBatchFile(step.mini_batches)
    slots = VirtualSlots(nodes, processes, lambda _: SECONDS, overhead=OVERHEAD)
    ledger = Ledger(mini_batches, Limits())
    dispatch = Dispatch(
        ledger,
        slots,
        read=lines.read,
        settle=_settler(journal, JobLogs(step, mini_batches), ledger),
        check=partial(folder.cancel_request.exists),  # type: ignore[arg-type] # costs as much
        watchdog=Watchdog(_PATIENCE, lambda: slots.now),
    )
    real, cpu = time.perf_counter(), time.process_time()
    dispatch.run()
    cpu = time.process_time() - cpu
    real = time.perf_counter() - real
    # Asking for processor time is slow on some systems, so it is shared out afterwards.
    cpu *= 1 - slots.own_seconds / real
    ledger.finish()
    lines.close()
    journal.close()
    return Simulated(
        mini_batches=mini_batches,
        slots=slots.count,
        makespan_seconds=slots.now,
        utilisation=slots.utilisation,
        cpu_us_per_mini_batch=1e6 * cpu / mini_batches,
        share_of_a_core=cpu / slots.now,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        real_seconds=real,
    )


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini-batches", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = simulate(
            Path(name), options.mini_batches, options.nodes, options.processes
        )
    print(json.dumps(found.__dict__))


if __name__ == "__main__":
    main()
