"""Sides take turns, each round of each in a fresh process."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import end_processes
from benchmarks.work import Measured, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "OURS",
    "Results",
    "RoundError",
    "Side",
    "alternate",
    "one_round",
    "say",
]

_PROJECT = Path(__file__).parents[1]
_DEADLINE = 600.0
_BLOCK = 1 << 20
# One thread of arithmetic per process, for everybody: processes are what is compared.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Side:
    """One contestant: a function that takes ``Work`` and returns ``Measured``."""

    name: str
    place: str
    """``module:function`` below ``benchmarks``."""
    options: dict[str, int | str] = field(default_factory=dict)
    most_rounds: int = 1_000
    """A slow one need not take part in every round."""


OURS = Side("azml-pipelines", "alternatives.ours:run")


@dataclass
class Results:
    """What the rounds of one side took, or why there is nothing."""

    side: Side
    rounds: list[Measured] = field(default_factory=list)
    problem: str = ""

    @property
    def work(self) -> list[float]:
        """Seconds from the first ``run()`` to the finished file."""
        return [one.work for one in self.rounds]

    @property
    def total(self) -> list[float]:
        """Seconds, the start included."""
        return [one.total for one in self.rounds]

    def more(self, name: str) -> list[float]:
        """Return another figure of each round."""
        return [one.more[name] for one in self.rounds if name in one.more]


def alternate(
    sides: Sequence[Side], work: Work, rounds: int, *, lines: int | None = None
) -> dict[str, Results]:
    """Let each side do the same work, ``rounds`` times, in turns.

    A side that fails is not asked again; what it says is kept.

    Args:
        lines: What every output must have.
    """
    results = {side.name: Results(side) for side in sides}
    for number in range(rounds):
        # Another one begins each time, so that nobody always follows the same one.
        turn = number % len(sides)
        for side in (*sides[turn:], *sides[:turn]):
            found = results[side.name]
            if found.problem or number >= side.most_rounds:
                continue
            try:
                found.rounds.append(one_round(side, work, lines=lines))
            except RoundError as error:
                found.problem = str(error)
                say(f"  {side.name}: {error}")
                continue
            one = found.rounds[-1]
            say(f"  {side.name}: start {one.start:.2f} s, work {one.work:.3f} s")
    return results


class RoundError(Exception):
    """A side did not do the work."""


def one_round(
    side: Side, work: Work, *, lines: int | None = None, deadline: float = _DEADLINE
) -> Measured:
    """Let one side do the work once, and leave nothing behind.

    Raises:
        RoundError: It failed, took too long, or wrote another number of lines.
    """
    scratch = Path(tempfile.mkdtemp(prefix="azb-"))
    (scratch / "tmp").mkdir()
    own = replace(work, scratch=str(scratch), options={**work.options, **side.options})
    environment = {
        **os.environ,
        **dict.fromkeys(_THREADS, "1"),
        "TMPDIR": str(scratch / "tmp"),
    }
    try:
        return _child(side, own, environment, deadline, lines)
    finally:
        end_processes(scratch)
        shutil.rmtree(scratch, ignore_errors=True)


def _child(
    side: Side,
    work: Work,
    environment: dict[str, str],
    deadline: float,
    lines: int | None,
) -> Measured:
    result, log = Path(work.scratch, "result.json"), Path(work.scratch, "log.txt")
    place = f"benchmarks.{side.place}"
    command = [sys.executable, "-m", "benchmarks.child", place, work.to_json(), result]
    with log.open("wb") as stream:
        try:
            ended = subprocess.run(
                command,
                cwd=_PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                check=False,
                timeout=deadline,
            )
        except subprocess.TimeoutExpired:
            msg = f"no end after {deadline:g} s"
            raise RoundError(msg) from None
    if ended.returncode or not result.is_file():
        raise RoundError(_last_words(log, ended.returncode))
    measured = Measured.from_json(result.read_text(encoding="utf-8"))
    if lines is None:
        return measured
    found, fingerprint = _account(Path(measured.output))
    if found != lines:
        msg = f"wrote {found} lines, and there should be {lines}"
        raise RoundError(msg)
    return replace(measured, more={**measured.more, "fingerprint": fingerprint})


def _last_words(log: Path, code: int) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    if os.environ.get("AZML_BENCHMARK_VERBOSE"):
        print(*lines[-60:], sep="\n", flush=True)
    return (lines[-1] if lines else f"exit code {code}")[:200]


def _account(path: Path) -> tuple[int, int]:
    """Return how many lines a file has, and as much of its hash as a float can hold."""
    lines, digest = 0, hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            lines += block.count(b"\n")
            digest.update(block)
    return lines, int.from_bytes(digest.digest()[:6])


def say(text: str) -> None:
    """Tell whoever waits how far things are."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
