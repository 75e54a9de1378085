"""``python -m chaos.scheduler_process ROOT START FIRST LAST MODE``: a scheduler to kill.

Its clock is set: it looks once at each minute from FIRST to LAST after START (ISO time).
MODE is ``starts`` or ``keeps``: whether the runs that it submits are started.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from azml_pipelines import Workspace
from azml_pipelines.schedule.scheduler import Scheduler, SchedulerSeams

__all__ = ["main"]


def main() -> int:
    """Look at every minute."""
    root, start, first, last, mode = sys.argv[1:]
    moments = [datetime.fromisoformat(start)]
    seams = SchedulerSeams(now=lambda: moments[-1], starts_runs=mode == "starts")
    scheduler = Scheduler(
        Workspace.from_config(root), lambda line: print(line, flush=True), seams
    )
    for minute in range(int(first), int(last) + 1):
        moments.append(moments[0] + timedelta(minutes=minute))
        scheduler.tick()
    return 0


if __name__ == "__main__":
    sys.exit(main())
