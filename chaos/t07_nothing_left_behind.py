"""T7: nothing left behind.

Injected: SIGKILL of the orchestrator while worker processes run code that cannot be
stopped (T6) and have grandchildren: a plain child, one in a session of its own, one that
was forked twice, and a multiprocessing pool.

Must hold: 0 processes, 0 listening ports and 0 temporary files 3 s later.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, wait_for
from chaos.process_tree import kill, listening_sockets, processes_below, wait_gone
from chaos.t06_cannot_be_stopped import STUCK
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["CHILDREN", "run"]

_LIMIT_SECONDS = 3.0
_SLEEP = "['sleep', '1000']"
CHILDREN = {
    "child": f"subprocess.Popen({_SLEEP})",
    "setsid": f"subprocess.Popen({_SLEEP}, start_new_session=True)",
    "double fork": f"subprocess.run(['setsid', '-f', *{_SLEEP}])",
    "pool": "multiprocessing.get_context('fork').Pool(2)",
}
"""Statements that leave a process, by what it is."""
_BEFORE = """
    import multiprocessing, signal, subprocess, threading
    {child}
    open(os.path.join(os.environ['NOTES'], str(os.getpid())), 'w').close()
    {stuck}
""".strip()


def left_script(child: str, stuck: str) -> str:
    """Return the standard script that leaves a child and then never ends."""
    before = _BEFORE.format(child=CHILDREN[child], stuck=STUCK[stuck])
    return ROWS_SCRIPT.format(init="pass", before=before)


def run(lab: Lab, size: Size) -> Verdict:
    """Kill orchestrators and count what they leave."""
    verdict = Verdict()
    rounds = size.of(3, 10, 50)
    most_before = survivors = ports = files = 0
    slowest = 0.0
    for number in range(rounds):
        stuck = list(STUCK)[number % len(STUCK)]
        child = list(CHILDREN)[number % len(CHILDREN)]
        left, seconds, before = _round(lab, stuck, child)
        found = listening_sockets(left)
        temporary = [path for path in lab.temporary.rglob("*") if path.is_file()]
        what = f"round {number} ({stuck}, {child})"
        verdict.demand(before > 0, f"{what}: nothing was running")
        verdict.demand(not left, f"{what}: {len(left)} processes after 3 s")
        verdict.demand(not found, f"{what}: ports {found}")
        verdict.demand(
            not temporary,
            f"{what}: temporary files {[path.name for path in temporary]}",
        )
        survivors, ports = survivors + len(left), ports + len(found)
        files += len(temporary)
        slowest, most_before = max(slowest, seconds), max(most_before, before)
        lab.end_processes()
    verdict.note(kills=rounds, processes_before=most_before, processes_after=survivors)
    verdict.note(ports=ports, temp_files=files, slowest=f"{slowest:.2f} s")
    return verdict


def _round(lab: Lab, stuck: str, child: str) -> tuple[list[int], float, int]:
    """Return who is left, after how long nobody was, and how many there were."""
    notes = lab.fresh_folder("notes")
    fifo = notes / "fifo"
    os.mkfifo(fifo)
    job = lab.submit(
        left_script(child, stuck),
        items=8,
        run_invocation_timeout=60,
        environment_variables={"NOTES": str(notes), "FIFO": str(fifo)},
    )
    # Both workers are in it.
    wait_for(lambda: len(list(notes.iterdir())) > 2, 20)
    time.sleep(lab.random.uniform(0, 0.3))
    before = len(processes_below(lab.root))
    pid = lab.orchestrator(job)
    if pid is not None:
        kill(pid)
    left, seconds = wait_gone(lab.root, _LIMIT_SECONDS)
    return left, seconds, before
