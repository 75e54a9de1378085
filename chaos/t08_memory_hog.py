"""T8: memory hog.

Injected: some mini-batches allocate without end, under ``memory_limit_per_process``.

Must hold: exactly these fail, each with the reason ``memory``; all others are done; a
process takes at most the limit + 15 %; the orchestrator grows by at most 50 MB.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, names, rows
from chaos.process_tree import is_running, resident_bytes, workers
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_MEGABYTE = 1_000_000
_OVER = 1.15
_GROWTH = 50
_BEFORE = """
    if os.path.basename(mini_batch[0]) in os.environ['HOGS'].split(','):
        kept = []
        while True:
            kept.append(bytearray(4_000_000))
""".strip()
_SCRIPT = ROWS_SCRIPT.format(init="pass", before=_BEFORE)


def run(lab: Lab, size: Size) -> Verdict:
    """Let them eat."""
    count, limit = size.of(3, 6, 20), size.of(256, 512, 512)
    items = names(size.of(60, 300, 1_000))
    verdict = Verdict()
    hogs = sorted(lab.random.sample(items, count))
    job = lab.submit(
        _SCRIPT,
        items=len(items),
        run_max_try=1,
        memory_limit_per_process=f"{limit}MB",
        environment_variables={"HOGS": ",".join(hogs)},
    )
    peak, growth = _watch(lab, job, deadline=time.monotonic() + 120)
    status = lab.finish(job, 30)
    verdict.demand(status == "Finished", f"the run is {status}: {job.state().error}")
    failures = lab.failures(job)
    failed = sorted(items[one.mini_batch] for one in failures if one.final)
    reasons = sorted({one.reason for one in failures})
    verdict.note(hogs=count, failed=len(failed), reasons=",".join(reasons))
    verdict.note(
        peak=f"{peak / _MEGABYTE:.0f} MB of {limit} MB",
        orchestrator_growth=f"{growth / _MEGABYTE:.0f} MB",
    )
    verdict.demand(failed == hogs, f"{len(failed)} failed, not exactly the hogs")
    verdict.demand(peak <= _OVER * limit * _MEGABYTE, "a process took over 115 %")
    verdict.demand(reasons == ["memory"], f"reasons are {reasons}")
    verdict.demand(growth <= _GROWTH * _MEGABYTE, "the orchestrator grew over 50 MB")
    check(lab, job, rows(item for item in items if item not in set(hogs)), verdict)
    return verdict


def _watch(lab: Lab, job: PipelineRun, *, deadline: float) -> tuple[int, int]:
    """Return the peak of any worker and the growth of the orchestrator, in bytes."""
    pid = lab.orchestrator(job)
    peak = most = 0
    base: int | None = None
    while pid is not None and is_running(pid) and time.monotonic() < deadline:
        now = workers(pid)
        if now and base is None and job.state().steps[0].done_mini_batches:
            base = resident_bytes(pid)
        peak = max([peak, *map(resident_bytes, now)])
        most = max(most, resident_bytes(pid))
        time.sleep(0.02)
    return peak, most - (base or most)
