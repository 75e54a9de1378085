"""T20: secret hunt.

Injected: secrets on the ways of success, failure, crash and timeout (``tests/acceptance/
test_secrets.py``); and here: a run whose files' modes are looked at afterwards.

Must hold: not one secret in any byte that we wrote or printed; every file of the store
is 0600 and every folder 0700 (what users own, snapshots and outputs, is listed apart).
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from chaos.acceptance import run_acceptance
from chaos.lab import ROWS_SCRIPT
from chaos.verdict import NotRunError, Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_SCRIPT = ROWS_SCRIPT.format(init="print('hello')", before="time.sleep(0.001)")


def run(lab: Lab, size: Size) -> Verdict:
    """Look at modes, then hunt."""
    del size
    verdict = Verdict()
    job = lab.submit(_SCRIPT, items=20)
    status = lab.finish(job, 60)
    verdict.demand(status == "Finished", f"the run is {status}")
    open_files = []
    looked = 0
    storage = lab.workspace.folder.storage
    for path in [storage, *sorted(storage.rglob("*"))]:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            continue
        looked += 1
        # Copies of users' sources keep their execute bit; others still may not read.
        if mode & 0o077:
            open_files.append(f"{path.relative_to(storage)} {stat.S_IMODE(mode):04o}")
    verdict.note(modes_looked_at=looked, open_to_others=len(open_files))
    verdict.demand(not open_files, f"open to others: {', '.join(open_files[:5])}")
    try:
        run_acceptance("test_*secrets.py", verdict, 120)
    except NotRunError as error:
        verdict.demand(False, f"secrets were not hunted: {error}")
    return verdict
