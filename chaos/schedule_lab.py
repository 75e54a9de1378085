"""A schedule that fires every minute, processes that look after it, and the account."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines import Schedule, ScheduleRecurrence
from azml_pipelines.testing.one_step import OneStep
from chaos.lab import ROWS_SCRIPT

if TYPE_CHECKING:
    from chaos.lab import Lab

__all__ = ["MinuteSchedule", "Toll"]


@dataclass(frozen=True)
class Toll:
    """How the runs compare with the nominal times."""

    nominal: int
    """Nominal times that there were."""
    missed: int
    double: int
    """Runs beyond one for each nominal time."""
    runs: int
    """Folders of runs."""
    unfinished: int
    """Firings whose run was not noted as submitted."""


class MinuteSchedule:
    """Fires at every minute of a clock that the test sets; every time counts."""

    def __init__(self, lab: Lab) -> None:
        self._workspace = lab.workspace
        script = ROWS_SCRIPT.format(init="pass", before="pass")
        pipeline = OneStep(lab.workspace, lab.root).pipeline(
            script, files=1, process_count_per_node=1
        )
        start = datetime.now(UTC).replace(second=0, microsecond=0)
        self._start = start + timedelta(minutes=1)
        self._schedule = Schedule.create(
            lab.workspace,
            "minutes",
            pipeline.publish("chaos").id,
            "chaos",
            ScheduleRecurrence(
                "Minute", 1, (self._start + timedelta(minutes=1)).replace(tzinfo=None)
            ),
            catchup=True,
        )

    def process(
        self, first: int, last: int, *, starts: bool, failpoints: str = ""
    ) -> subprocess.Popen[str]:
        """Start a scheduler that looks at every minute from ``first`` to ``last``."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "AZML_FAILPOINTS": failpoints,
        }
        command = [
            sys.executable,
            "-m",
            "chaos.scheduler_process",
            str(self._workspace.folder.root),
            self._start.isoformat(),
            str(first),
            str(last),
            "starts" if starts else "keeps",
        ]
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def toll(self, minutes: int) -> Toll:
        """Count what has become of the minutes from 1 on."""
        firings = self._schedule.history()
        fired = Counter(datetime.fromisoformat(one.nominal) for one in firings)
        expected = {
            self._start + timedelta(minutes=minute) for minute in range(1, minutes + 1)
        }
        folders = {
            place.name
            for place in self._workspace.folder.runs.iterdir()
            if not place.name.startswith(".")
        }
        known = {one.run_id for one in firings}
        return Toll(
            nominal=minutes,
            missed=len(expected - fired.keys()) + len(known - folders),
            double=fired.total() - len(fired) + len(folders - known),
            runs=len(folders),
            unfinished=sum(one.outcome != "Submitted" for one in firings),
        )
