"""T6: what cannot be stopped.

Injected: mini-batches that hold the interpreter's lock in a C loop, ignore SIGTERM, stop
themselves, deadlock, or block in opening a FIFO; and SIGSTOP of the fork server, which is
what starts and kills on a node.

Must hold: each is killed at ``run_invocation_timeout`` + at most 1 s (p99), its
neighbours' rows are exact, and the run with the stopped fork server goes on within 30 s.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, names, rows, wait_for
from chaos.process_tree import children, fork_servers, is_running, kill
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["STUCK", "run"]

TIMEOUT = 1.0
_GRACE = 1.0
_STOPPED_LIMIT = 30.0
STUCK = {
    "C loop": "sum(range(10**13))",
    "ignores SIGTERM": "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " time.sleep(10**6)",
    "SIGSTOP": "os.kill(os.getpid(), signal.SIGSTOP)",
    "deadlock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "FIFO": "os.open(os.environ['FIFO'], os.O_RDONLY)",
}
"""Statements that never end, by what they are."""
_BEFORE = """
    import signal, threading
    name = os.path.basename(mini_batch[0])
    stuck = os.environ['STUCK'].split(',')
    if name in stuck:
        kind = stuck.index(name) % {kinds}
        note = os.path.join(os.environ['NOTES'], name)
        with open(note + '.tmp', 'w') as file:
            file.write(f'{{os.getpid()}} {{time.monotonic()}}')
        os.rename(note + '.tmp', note)
        {chain}
""".strip()


def stuck_script() -> str:
    """Return the standard script with mini-batches that never end."""
    chain = "\n        ".join(
        f"if kind == {kind}: {statement}"
        for kind, statement in enumerate(STUCK.values())
    )
    before = _BEFORE.format(kinds=len(STUCK), chain=chain)
    return ROWS_SCRIPT.format(init="pass", before=before)


def stuck_variables(notes: Path, stuck: list[str]) -> dict[str, str]:
    """Return the variables of the script; makes the FIFO that nobody writes to."""
    fifo = notes.with_name(f"{notes.name}.fifo")
    if not fifo.exists():
        os.mkfifo(fifo)
    return {"NOTES": str(notes), "FIFO": str(fifo), "STUCK": ",".join(stuck)}


def run(lab: Lab, size: Size) -> Verdict:
    """Let them hang, and look at the clock."""
    verdict = Verdict()
    count = size.of(5, 20, 50)
    items = names(4 * count)
    stuck = sorted(lab.random.sample(items, count))
    lab.random.shuffle(stuck)
    notes = lab.fresh_folder("notes")
    job = lab.submit(
        stuck_script(),
        items=len(items),
        run_invocation_timeout=int(TIMEOUT),
        run_max_try=1,
        environment_variables=stuck_variables(notes, stuck),
    )
    delays = _watch(lab, job, notes, count, deadline=time.monotonic() + 60 + 2 * count)
    status = lab.finish(job, 30)
    verdict.demand(status == "Finished", f"the run is {status}: {job.state().error}")
    worst = delays[min(len(delays) - 1, int(0.99 * len(delays)))] if delays else 0.0
    verdict.note(stuck=count, killed=len(delays))
    verdict.note(p50=f"{_middle(delays):.3f} s late", p99=f"{worst:.3f} s late")
    verdict.demand(len(delays) == count, f"{len(delays)} of {count} were killed")
    verdict.demand(worst <= _GRACE, f"p99 is {worst:.2f} s after the timeout")
    good = rows(item for item in items if item not in set(stuck))
    check(lab, job, good, verdict)
    reasons = {failed.reason for failed in lab.failures(job)}
    verdict.demand(reasons == {"timeout"}, f"reasons are {sorted(reasons)}")
    _stopped_fork_server(lab, verdict)
    return verdict


def _middle(delays: list[float]) -> float:
    return delays[len(delays) // 2] if delays else 0.0


def _watch(
    lab: Lab, job: PipelineRun, notes: Path, count: int, *, deadline: float
) -> list[float]:
    """Return, sorted, how long after the timeout each stuck process was gone."""
    held: dict[str, tuple[int, float]] = {}
    delays: dict[str, float] = {}
    pid = lab.orchestrator(job)
    while len(delays) < count and time.monotonic() < deadline:
        for name in os.listdir(notes):
            if name not in held and not name.endswith(".tmp"):
                worker, since = (notes / name).read_text().split()
                held[name] = int(worker), float(since)
        for name, (process, start) in held.items():
            if name not in delays and not is_running(process):
                delays[name] = time.monotonic() - start - TIMEOUT
        if len(held) == len(delays) and pid is not None and not is_running(pid):
            break
        time.sleep(0.005)
    return sorted(delays.values())


def _stopped_fork_server(lab: Lab, verdict: Verdict) -> None:
    """SIGSTOP the fork server of a run; it has to go on within 30 s."""
    items = 60
    script = ROWS_SCRIPT.format(init="pass", before="time.sleep(0.02)")
    job = lab.submit(script, items=items, run_invocation_timeout=int(TIMEOUT))
    wait_for(lambda: job.state().steps[0].done_mini_batches, 20)
    pid = lab.orchestrator(job)
    for server in fork_servers(pid) if pid is not None else []:
        kill(server, signal.SIGSTOP)
        # Nobody left to start workers: now one of them dies as well.
        with contextlib.suppress(IndexError):
            kill(lab.random.choice(children(server)))
    started = time.monotonic()
    status = lab.finish(job, _STOPPED_LIMIT)
    seconds = time.monotonic() - started
    shown = f"{status} after {seconds:.1f} s" if status else "not ended after 30 s"
    verdict.note(stopped_fork_server=shown)
    verdict.demand(
        status == "Finished", f"with a stopped fork server the run is {status}"
    )
    if status == "Finished":
        check(lab, job, rows(names(items)), verdict, figures=False)
    lab.end_processes()
