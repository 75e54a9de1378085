"""T18a: socket scan.

Injected: nothing. While a run with two nodes works, every process of its tree is asked
for its listening TCP sockets, a few dozen times.

Must hold: not one socket listens beyond the loopback address, and what listens on
loopback is counted; all are gone 3 s after the end.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, names, rows
from chaos.process_tree import listening_sockets, processes_below
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_ITEMS = 100
_SCRIPT = ROWS_SCRIPT.format(init="pass", before="time.sleep(0.04)")
_LOOPBACK = ("0100007F:", "0000000000000000FFFF00000100007F:")
_LOOPBACK_6 = "00000000000000000000000001000000:"


def run(lab: Lab, size: Size) -> Verdict:
    """Scan while the run works."""
    del size
    verdict = Verdict()
    job = lab.submit(_SCRIPT, items=_ITEMS, node_count=2, process_count_per_node=1)
    seen: set[str] = set()
    processes: set[int] = set()
    scans = 0
    deadline = time.monotonic() + 60
    while not job.state().ended_for_good and time.monotonic() < deadline:
        here = processes_below(lab.root)
        processes.update(here)
        seen.update(listening_sockets(here))
        scans += 1
        time.sleep(0.05)
    outside = [
        place for place in seen if not place.startswith((*_LOOPBACK, _LOOPBACK_6))
    ]
    status = lab.finish(job, 10)
    verdict.demand(status == "Finished", f"the run is {status}")
    verdict.demand(not outside, f"sockets beyond loopback: {outside}")
    verdict.note(scans=scans, processes=len(processes))
    verdict.note(loopback_sockets=len(seen) - len(outside), other_sockets=len(outside))
    check(lab, job, rows(names(_ITEMS)), verdict)
    return verdict
