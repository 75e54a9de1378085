"""W6, memory: what the orchestrator and the submitting process need, and many files."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from benchmarks.data import empty_files
from benchmarks.figure import Figure, single
from benchmarks.processes import peak_bytes
from benchmarks.rounds import Results, Side, alternate, say
from benchmarks.w1_no_op import FILES, no_op
from benchmarks.work import Measured, Work

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["TITLE", "first_run", "measure", "peaks"]

TITLE = "memory: peaks of resident memory, and ten million listed files"
_PEAKS = Side("peaks", "w6_memory:peaks")
_FIRST_RUN = Side("first run()", "w6_memory:first_run")
_MEGA = 1e6
_LOOK_SECONDS = 0.02
_PATIENCE = 300.0


def measure(settings: Settings) -> list[Figure]:
    """Measure at three sizes, once each."""
    files = settings.size(FILES, 200)
    folder = str(empty_files(settings.place / "d", files))
    sizes = [("1e4", 10_000, 20), ("1e5", 100_000, 40), ("1e6", 1_000_000, 60)]
    found: dict[str, Results] = {}
    counts = {}
    for name, full, quick in sizes:
        counts[name] = settings.size(full, quick)
        say(f"W6: {counts[name]} mini-batches")
        work = no_op(folder, counts[name], files)
        found[name] = alternate([_PEAKS], work, 1)[_PEAKS.name]
    say("W6: first run() of a listing of ten million files")
    work = no_op(folder, counts["1e6"], files)
    listed = alternate([_FIRST_RUN], work, settings.rounds)[_FIRST_RUN.name]
    return [*_memory(found, counts), _listing(listed)]


def _listing(listed: Results) -> Figure:
    return single(
        "W6.first_run_seconds_1e7_files",
        "submit() to the first run() with 10⁷ listed files: one folder of 10⁵, "
        "named 100 times",
        "s",
        listed.more("first"),
        at_most=5,
        note=listed.problem,
    )


def _memory(found: dict[str, Results], counts: dict[str, int]) -> list[Figure]:
    figures = []
    for role, title in (
        ("orchestrator", "orchestrator"),
        ("submitter", "submitting process, waiting to the end"),
    ):
        for name, one in found.items():
            limit = 200 if (role, name) == ("orchestrator", "1e6") else None
            figures.append(
                single(
                    f"W6.{role}_mb_{name}",
                    f"{title}, {counts[name]:,} mini-batches",
                    "MB",
                    [peak / _MEGA for peak in one.more(role)],
                    at_most=limit,
                    note=one.problem,
                )
            )
    small, large = found["1e4"].more("orchestrator"), found["1e6"].more("orchestrator")
    more = counts["1e6"] - counts["1e4"]
    growth = [(large[0] - small[0]) / more] if small and large else []
    title = "growth of the orchestrator per mini-batch, 10⁴ to 10⁶"
    figures.append(
        single("W6.bytes_per_mini_batch", title, "bytes", growth, at_most=100)
    )
    return figures


class _Watch(threading.Thread):
    """Looks at the peak of another process until that ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.peak = 0

    def run(self) -> None:
        """Look."""
        while peak := peak_bytes(self._pid):
            self.peak = max(self.peak, peak)
            time.sleep(_LOOK_SECONDS)


def peaks(work: Work) -> Measured:
    """Run it and watch the orchestrator."""
    from azml_pipelines import Pipeline  # noqa: PLC0415 - in the process of the round
    from benchmarks.our_run import (  # noqa: PLC0415 - the same
        declare,
        orchestrator,
        submit,
        workspace_of,
    )

    started = time.time()
    workspace = workspace_of(work)
    step, _ = declare(workspace, work)
    run = submit(workspace, Pipeline(workspace=workspace, steps=[step]))
    pid = orchestrator(run)
    assert pid is not None
    watch = _Watch(pid)
    watch.start()
    run.wait_for_completion(show_output=False)
    watch.join(10)
    more = {"orchestrator": watch.peak, "submitter": peak_bytes(os.getpid())}
    first = work.first_run()
    return Measured(first - started, time.time() - first, more=more)


def first_run(work: Work) -> Measured:
    """Submit, wait for the first ``run()``, and leave the rest to be killed."""
    from azml_pipelines import Pipeline  # noqa: PLC0415 - in the process of the round
    from benchmarks.our_run import declare, submit, workspace_of  # noqa: PLC0415

    workspace = workspace_of(work)
    step, _ = declare(workspace, work)
    pipeline = Pipeline(workspace=workspace, steps=[step])
    started = time.time()
    run = submit(workspace, pipeline)
    while not (work.mark.exists() and work.mark.stat().st_size):
        time.sleep(_LOOK_SECONDS)
        if run.get_status() in {"Failed", "Canceled"}:
            run.wait_for_completion(show_output=False)
        if time.time() - started > _PATIENCE:
            msg = f"no run() within {_PATIENCE:g} s"
            raise TimeoutError(msg)
    first = work.first_run() - started
    return Measured(first, 0.0, more={"first": first})
