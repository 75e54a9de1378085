"""T16: flood.

Injected: workers that write without end to stdout and stderr, that close stdout, that
put /dev/full in its place; and 10,000 fuzzed frames against the runner that reads them.

Must hold: the run is Finished with exact rows, each log is bounded (8 MB), the
orchestrator grows by at most 20 MB, and it takes at most twice as long as with /dev/null;
no frame raises anything in the agent.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaos.fuzzed_frames import fuzz
from chaos.lab import ROWS_SCRIPT, names, rows
from chaos.process_tree import is_running, resident_bytes
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_MEGABYTE = 1_000_000
_LOG_LIMIT = 8.5
_GROWTH_LIMIT = 20
_ITEMS = 20
_FRAMES_GROWTH = 50
_MARGIN_SECONDS = 3
_FLOOD = """
    block = b'x' * 99_999 + b'\\n'
    for number in range({blocks}):
        os.write({where}, block)
""".strip()

_BROKEN = {
    "closed stdout": """
    import contextlib, sys
    if not hasattr(sys, 'closed_once'):
        sys.closed_once = True
        os.close(1)
    with contextlib.suppress(OSError):
        print('nobody hears this')
""".strip(),
    "/dev/full": """
    import sys
    sys.stdout.write('x')
    os.dup2(os.open('/dev/full', os.O_WRONLY), 1)
""".strip(),
}
"""What a script may do to its own stdout without an error of its own."""


def run(lab: Lab, size: Size) -> Verdict:
    """Flood."""
    verdict = Verdict()
    megabytes = size.of(20, 200, 1_000)
    blocks = megabytes * 10 // _ITEMS * 2
    nowhere = _FLOOD.format(blocks=blocks, where="sink")
    flood = _FLOOD.format(blocks=blocks, where="1 + number % 2")
    quiet, _, _ = _flood(lab, verdict, nowhere, "/dev/null")
    loud, growth, biggest = _flood(lab, verdict, flood, "stdout and stderr")
    verdict.note(
        flood=f"{megabytes} MB per worker",
        biggest_log=f"{biggest / _MEGABYTE:.1f} MB",
        orchestrator_growth=f"{growth / _MEGABYTE:.0f} MB",
        time=f"{loud:.1f} s, {quiet:.1f} s with /dev/null",
    )
    verdict.demand(biggest <= _LOG_LIMIT * _MEGABYTE, "a log is over 8 MB")
    verdict.demand(growth <= _GROWTH_LIMIT * _MEGABYTE, "the orchestrator grew > 20 MB")
    verdict.demand(loud <= 2 * quiet + 1, f"{loud:.1f} s, {quiet:.1f} s without")
    for title, statement in _BROKEN.items():
        seconds, _, _ = _flood(lab, verdict, statement, title)
        limit = 2 * quiet + _MARGIN_SECONDS
        verdict.demand(seconds <= limit, f"{title}: took {seconds:.1f} s")
    frames = size.of(1_000, 10_000, 10_000)
    found = fuzz(lab.random, frames)
    verdict.note(
        frames=frames,
        exceptions=found.exceptions,
        frames_growth=f"{found.growth / _MEGABYTE:.0f} MB",
    )
    verdict.demand(
        not found.exceptions, f"{found.exceptions} frames raised: {found.kinds}"
    )
    verdict.demand(found.growth <= _FRAMES_GROWTH * _MEGABYTE, "frames took > 50 MB")
    return verdict


def _flood(
    lab: Lab, verdict: Verdict, statement: str, title: str
) -> tuple[float, int, int]:
    """Return seconds, growth of the orchestrator and the biggest log, in bytes."""
    script = ROWS_SCRIPT.format(
        init="global sink; sink = os.open('/dev/null', os.O_WRONLY)", before=statement
    )
    started = time.monotonic()
    job = lab.submit(script, items=_ITEMS)
    growth = _watch(lab, job, deadline=time.monotonic() + 120)
    status = lab.finish(job, 10)
    seconds = time.monotonic() - started
    error = job.state().error
    verdict.demand(status == "Finished", f"{title}: the run is {status}: {error}")
    found = check(lab, job, rows(names(_ITEMS)), verdict, figures=False)
    verdict.note(**{f"rows_with_{title}": f"{found.rows}/{found.expected}"})
    sizes = [
        path.stat().st_size
        for path in job.folder.root.rglob("logs/**/*")
        if path.is_file()
    ]
    return seconds, growth, max(sizes, default=0)


def _watch(lab: Lab, job: PipelineRun, *, deadline: float) -> int:
    pid = lab.orchestrator(job)
    base = most = 0
    while pid is not None and is_running(pid) and time.monotonic() < deadline:
        now = resident_bytes(pid)
        if not base and job.state().steps[0].done_mini_batches:
            base = now
        most = max(most, now)
        time.sleep(0.02)
    return most - base if base else 0
