"""The same faults against other tools, side by side, into ``docs/reliability.md``."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.baseline_driver import TOOLS, Plan, encode
from chaos.lab import Account, Lab, names, rows, wait_for
from chaos.page import machine, write_part
from chaos.process_tree import (
    children,
    command_line,
    is_running,
    kill,
    processes_below,
    wait_gone,
)
from chaos.registry import TESTS
from chaos.verdict import Size

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write_table"]

_MINI_BATCHES, _ROWS, _KILLS = 2_000, 5, 40
_DEADLINE = 40.0
_OURS = "azml-pipelines"


@dataclass
class _Driver:
    """A tool at work in a process and a folder of its own."""

    folder: Path
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, tool: str, plan: Plan) -> _Driver:
        folder = Path(plan.folder)
        with (folder / "driver.log").open("w") as log:
            command = [
                sys.executable,
                "-m",
                "chaos.baseline_driver",
                tool,
                encode(plan),
            ]
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                text=True,
                env={**os.environ, "TMPDIR": str(folder)},
                start_new_session=True,
            )
        return cls(folder, process)

    def workers(self) -> list[int]:
        """Return the worker processes."""
        return [
            pid
            for pid in children(self.process.pid)
            if b"resource_tracker" not in command_line(pid)
        ]

    def end(self, seconds: float) -> str:
        """Wait for the end and say how it was."""
        try:
            code = self.process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            return f"no end after {_DEADLINE:.0f} s"
        if code == 0:
            return "finished"
        lines = (self.folder / "driver.log").read_text().strip().splitlines()
        kind, _, text = (lines[-1] if lines else f"exit code {code}").partition(":")
        return f"`{kind.rpartition('.')[2]}:{text[:40]}`"

    def clean(self) -> None:
        """Leave nothing behind."""
        for _ in range(20):
            found = processes_below(self.folder)
            for pid in found:
                kill(pid)
            self.process.poll()
            if not found:
                break
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


def _folder(tool: str) -> str:
    return tempfile.mkdtemp(prefix=f"azml-chaos-{tool}-")


def _kill_storm(tool: str, chance: random.Random) -> str:
    plan = Plan(_folder(tool), _MINI_BATCHES, _ROWS)
    started = time.monotonic()
    driver = _Driver.start(tool, plan)
    kills = 0
    try:
        wait_for(plan.output.exists, 20)
        while driver.process.poll() is None and kills < _KILLS:
            alive = driver.workers()
            if alive and kill(chance.choice(alive)):
                kills += 1
            if time.monotonic() - started > _DEADLINE:
                break
            time.sleep(chance.uniform(0, 0.1))
        end = driver.end(started + _DEADLINE - time.monotonic())
        found = plan.output.read_bytes() if plan.output.exists() else b""
        account = Account.of(found, rows(names(_MINI_BATCHES * _ROWS)))
    finally:
        driver.clean()
    return (
        f"{kills} kills, {end}; lost {account.lost}, dup {account.duplicate}, "
        f"torn {account.torn}"
    )


def _start_up_crash(tool: str, chance: random.Random) -> str:
    del chance
    ends = []
    for what, bad_starts in (("3 bad starts", 3), ("for ever", 10**6)):
        driver = _Driver.start(
            tool, Plan(_folder(tool), 20, _ROWS, bad_starts=bad_starts)
        )
        try:
            ends.append(f"{what}: {driver.end(_DEADLINE / 2)}")
        finally:
            driver.clean()
    return "; ".join(ends).replace(f"{_DEADLINE:.0f} s", f"{_DEADLINE / 2:.0f} s")


def _cannot_be_stopped(tool: str, chance: random.Random) -> str:
    stuck = tuple(sorted(chance.sample(range(20), 5)))
    driver = _Driver.start(tool, Plan(_folder(tool), 20, 1, stuck=stuck))
    try:
        wait_for(lambda: list(driver.folder.glob("stuck-*")), 20)
        time.sleep(10)
        pids = [int(note.read_text()) for note in driver.folder.glob("stuck-*")]
        alive = sum(map(is_running, pids))
        output = driver.folder / "rows.txt"
        done = len(output.read_text().splitlines()) if output.exists() else 0
    finally:
        driver.clean()
    return (
        f"{alive} of {len(pids)} stuck alive after 10 s; {done} of 15 neighbours done"
    )


def _nothing_left_behind(tool: str, chance: random.Random) -> str:
    del chance
    driver = _Driver.start(
        tool, Plan(_folder(tool), 8, 1, tuple(range(8)), children=True)
    )
    try:
        wait_for(lambda: len(list(driver.folder.glob("stuck-*"))) > 1, 20)
        kill(driver.process.pid)
        driver.process.wait()
        left, _ = wait_gone(driver.folder, 3)
        later, _ = wait_gone(driver.folder, 10)
    finally:
        driver.clean()
    return f"{len(left)} processes after 3 s, {len(later)} after 13 s"


_FAULTS: dict[str, tuple[str, Callable[[str, random.Random], str]]] = {
    "T1": ("kill storm", _kill_storm),
    "T5": ("start-up crash", _start_up_crash),
    "T6": ("cannot be stopped", _cannot_be_stopped),
    "T7": ("driver killed", _nothing_left_behind),
}


def _ours(test: str, seed: int) -> str:
    function = next(found for found in TESTS if found.name == test).load()
    with contextlib.redirect_stdout(io.StringIO()), Lab(test, seed) as lab:
        verdict = function(lab, Size.SLICE)
    figures = verdict.figures
    word = "" if verdict.ok else " (not ok, see below)"
    if test == "T1":
        text = (
            f"{figures['kills']} kills, finished; lost {figures['lost']}, "
            f"dup {figures['dup']}, torn {figures['torn']}"
        )
    elif test == "T5":
        text = (
            f"{figures['cases']} cases: {figures['finished']} finished, "
            f"{figures['failed by name']} failed by name, {figures['hangs']} hung"
        )
    elif test == "T6":
        text = (
            f"{figures['stuck'] - figures['killed']} of {figures['stuck']} alive; "
            f"{figures['rows'].replace('/', ' of ')} neighbours done; "
            f"killed {figures['p99']}"
        )
    else:
        text = f"{figures['processes after']} processes after 3 s"
    return text + word


def write_table(seed: int) -> int:
    """Measure and write the generated part of the page."""
    chance = random.Random(seed)
    columns = [_OURS, *TOOLS]
    lines = [
        f"| | {' | '.join(columns)} |",
        f"|---|{'---|' * len(columns)}",
    ]
    for test, (title, measure) in _FAULTS.items():
        cells = [_ours(test, seed)]
        print(f"{test} {_OURS}: {cells[0]}", flush=True)
        for tool in TOOLS:
            cells.append(measure(tool, chance))
            print(f"{test} {tool}: {cells[-1]}", flush=True)
        lines.append(f"| {test} {title} | {' | '.join(cells)} |")
    note = (
        f"`python -m chaos --baselines --seed {seed}` on {machine()}, "
        f"distributed {version('distributed')}."
    )
    write_part("side by side", "\n".join([*lines, "", note]))
    return 0
