"""T5: crash at start-up.

Injected: ``init()`` segfaults, exits (with 0 too), aborts, raises or stops itself on the
first k starts, or for ever; and SIGKILL of worker processes less than 50 ms after they
were forked.

Must hold: every case ends within 30 s, Finished with exact rows or failed by name
(``init()`` is in the message), and no mini-batch is charged. Not one hang.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, Account, names, rows
from chaos.process_tree import is_running, kill, workers
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_ITEMS = 20
_LIMIT_SECONDS = 30.0
_FOR_EVER = 10**6
_BEHAVIOURS = {
    "segfault": "ctypes.string_at(0)",
    "exit 0": "os._exit(0)",
    "exit 3": "os._exit(3)",
    "abort": "os.abort()",
    "raise": "raise MemoryError('no room')",
    "kill": "os.kill(os.getpid(), 9)",
}
_INIT = """
    import ctypes
    notes = os.open(os.environ['NOTES'], os.O_RDWR | os.O_APPEND | os.O_CREAT)
    os.write(notes, b'.')
    if os.fstat(notes).st_size <= int(os.environ['BAD_STARTS']):
        {behaviour}
""".strip()


def run(lab: Lab, size: Size) -> Verdict:
    """Go through the cases."""
    verdict = Verdict()
    target = size.of(6, 20, 100)
    finished = named = hung = 0
    slowest = 0.0
    for case in range(target):
        started = time.monotonic()
        what, job, kills = _start(lab, case)
        if what == "early kill":
            _kill_early(lab, job, kills, started + _LIMIT_SECONDS)
        rest = started + _LIMIT_SECONDS - time.monotonic()
        status = lab.finish(job, max(rest, 0.1))
        slowest = max(slowest, time.monotonic() - started)
        if status is None:
            hung += 1
            verdict.demand(False, f"{what}, {kills} bad starts: no end within 30 s")
            lab.end_processes()
        elif status == "Finished":
            finished += 1
            exact = Account.of(lab.output(job), rows(names(_ITEMS))).equal
            verdict.demand(exact, f"{what}, {kills} bad starts: wrong rows")
        else:
            error = job.state().error or ""
            by_name = "init()" in error
            named += by_name
            verdict.demand(by_name, f"{what}, {kills} bad starts: {status}: {error}")
        charged = sum(failed.charged for failed in lab.failures(job))
        verdict.demand(not charged, f"{what}: {charged} mini-batches were charged")
    left = lab.left_after(3)
    verdict.demand(not left, f"{len(left)} processes are left after 3 s")
    verdict.note(cases=target, finished=finished, failed_by_name=named, hangs=hung)
    verdict.note(slowest=f"{slowest:.1f} s", left=len(left))
    return verdict


def _start(lab: Lab, case: int) -> tuple[str, PipelineRun, int]:
    """Submit one case; the cases go round all behaviours and counts of bad starts."""
    kinds = [*_BEHAVIOURS, "early kill"]
    what = kinds[case % len(kinds)]
    bad_starts = lab.random.choice([*range(21), _FOR_EVER])
    if what == "early kill":
        bad_starts = lab.random.randrange(1, 21)
    init = _INIT.format(behaviour=_BEHAVIOURS.get(what, "pass"))
    script = ROWS_SCRIPT.format(init=init, before="time.sleep(0.005)")
    notes = lab.fresh_folder("notes") / "starts"
    variables = {"NOTES": str(notes), "BAD_STARTS": str(bad_starts)}
    job = lab.submit(script, items=_ITEMS, environment_variables=variables)
    return what, job, bad_starts


def _kill_early(lab: Lab, job: PipelineRun, kills: int, deadline: float) -> None:
    """Kill the first new workers, each less than 50 ms after it was forked."""
    known: set[int] = set()
    while kills and time.monotonic() < deadline:
        pid = lab.orchestrator(job)
        if pid is None or not is_running(pid):
            return
        for worker in set(workers(pid)) - known:
            known.add(worker)
            time.sleep(lab.random.uniform(0, 0.04))
            kills -= kill(worker) and kills > 0
        time.sleep(0.001)
