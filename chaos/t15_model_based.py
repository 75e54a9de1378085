"""T15: model-based.

Injected: random walks of submit, resume, cancel, SIGKILL of a worker, of the fork server,
of the orchestrator, damage to a part file, and waiting; and on a simulated clock and
without processes: thousands of seeds of the dispatch loop with random outcomes.

Must hold: after each action the run does what a small model says (which status may
follow, what may be refused, finished mini-batches stay finished); each walk ends with the
exact rows; each simulated step settles each mini-batch exactly once.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.errors import AzmlError
from chaos.lab import ROWS_SCRIPT, names, rows, wait_for
from chaos.lanes import side_by_side
from chaos.process_tree import fork_servers, is_running, kill, workers
from chaos.simulation import simulate
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab, LabPlan
    from chaos.verdict import Size

__all__ = ["run"]

_ITEMS = 150
_SCRIPT = ROWS_SCRIPT.format(init="pass", before="time.sleep(0.02)")
_ENDED = frozenset({"Finished", "Failed", "Canceled"})
_CANCEL_SECONDS = 10
_LEFT_SECONDS = 3
_AT_ONCE = 4
_ACTIONS = (
    "wait", "wait", "kill worker", "kill worker", "kill fork server",
    "kill orchestrator", "resume", "resume", "cancel", "damage",
)  # fmt: skip


def run(lab: Lab, size: Size) -> Verdict:
    """Walk, then simulate."""
    verdict = Verdict()
    walks, steps = size.of(1, 6, 500), size.of(5, 10, 30)
    seeds = size.of(200, 1_500, 10_000)
    paths = [_Path(lab.plan(number), number, steps) for number in range(walks)]
    done: Counter[str] = Counter()
    walked = 0
    for _, result in side_by_side(lab, _walk, paths, at_once=_AT_ONCE):
        walked += 1
        done.update(result.done)
        verdict.problems += result.problems
    divergences = len(verdict.problems)
    bad = 0
    for seed in range(seeds):
        problem = simulate(random.Random(f"{lab.seed}:{seed}"))
        bad += bool(problem)
        verdict.demand(not problem, f"simulated seed {lab.seed}:{seed}: {problem}")
    verdict.note(walks=walked, actions=sum(done.values()), divergences=divergences)
    verdict.note(simulated_seeds=seeds, bad_seeds=bad)
    verdict.reach("walks", walked, walks, "the time was up")
    return verdict


@dataclass(frozen=True)
class _Path:
    """One walk; the same seed and number choose the same actions again."""

    place: LabPlan
    number: int
    steps: int


@dataclass(frozen=True)
class _Walked:
    done: Counter[str]
    problems: list[str]


def _walk(path: _Path) -> _Walked:
    verdict = Verdict()
    done: Counter[str] = Counter()
    with path.place.open() as lab:
        walk = _Walk(lab, verdict, f"walk {path.number}")
        for _ in range(path.steps):
            action = lab.random.choice(_ACTIONS)
            done[action] += 1
            walk.do(action)
        walk.end()
    return _Walked(done, verdict.problems)


class _Walk:
    """One run, and what the model knows about it."""

    def __init__(self, lab: Lab, verdict: Verdict, name: str) -> None:
        self._lab = lab
        self._verdict = verdict
        self._trace = [name, "submit"]
        self._job: PipelineRun = lab.submit(_SCRIPT, items=_ITEMS)
        self._kept = 0
        self._damaged: set[str] = set()

    def do(self, action: str) -> None:
        """Do one thing and compare."""
        self._trace.append(action)
        getattr(self, f"_{action.replace(' ', '_')}")()
        state = self._job.state()
        step = state.steps[0]
        # What is finished stays so, unless its rows were damaged.
        if not self._damaged:
            self._demand(
                step.done_mini_batches >= self._kept,
                f"{self._kept} were finished, then {step.done_mini_batches}",
            )
        self._kept = max(self._kept, step.done_mini_batches)
        self._demand(
            not step.failed_mini_batches, f"{step.failed_mini_batches} innocent failed"
        )

    def end(self) -> None:
        """Bring the run to its end and look at its rows."""
        for _ in range(3):
            if self._status() in _ENDED - {"Finished"}:
                self._resume()
            if self._lab.finish(self._job, 60) == "Finished":
                break
        status = self._status()
        error = self._job.state().error
        self._demand(status == "Finished", f"ended as {status}: {error}")
        if status == "Finished":
            expected = rows(names(_ITEMS))
            found = Verdict()
            check(self._lab, self._job, expected, found, figures=False)
            for problem in self._without_damage(found.problems):
                self._demand(False, problem)
        self._lab.end_processes()

    def _without_damage(self, problems: list[str]) -> list[str]:
        """Leave out what ``azml verify`` rightly says of parts damaged after their use.

        The rows of a damaged part are made again while the run goes on. Once they are in
        the output, which is compared byte by byte, nobody needs the part any more; but
        its damage has to be reported, and is.
        """
        return [
            problem
            for problem in problems
            if "I3: " not in problem
            or not any(map(problem.__contains__, self._damaged))
        ]

    def _demand(self, holds: bool, otherwise: str) -> None:
        self._verdict.demand(holds, f"{', '.join(self._trace)}: {otherwise}")

    def _status(self) -> str:
        return self._job.get_status()

    def _pid(self) -> int | None:
        pid = self._lab.orchestrator(self._job)
        return pid if self._status() not in _ENDED else None

    def _wait(self) -> None:
        time.sleep(self._lab.random.uniform(0, 0.6))

    def _kill_worker(self) -> None:
        pid = self._pid()
        alive = workers(pid) if pid is not None else []
        if alive:
            kill(self._lab.random.choice(alive))

    def _kill_fork_server(self) -> None:
        pid = self._pid()
        for server in fork_servers(pid) if pid is not None else []:
            kill(server)

    def _kill_orchestrator(self) -> None:
        pid = self._pid()
        if pid is None:
            return
        kill(pid)
        # One that is about to end has lost its name before it is gone.
        gone = wait_for(lambda: not is_running(pid), _LEFT_SECONDS)
        self._demand(bool(gone), "the killed orchestrator is still there")
        left = self._lab.left_after(_LEFT_SECONDS)
        self._demand(not left, f"{len(left)} processes are left")
        status = self._status()
        self._demand(status in _ENDED, f"nobody drives it, but it is {status}")

    def _resume(self) -> None:
        before = self._status()
        try:
            self._job.resume()
        except AzmlError:
            late = before not in {"Failed", "Canceled"} or self._lab.left_after(3)
            self._demand(bool(late), f"resume of a {before} run was refused")
        else:
            self._demand(before != "Finished", f"resume of a {before} run was accepted")

    def _cancel(self) -> None:
        self._job.cancel()
        ended = wait_for(lambda: self._status() in _ENDED, _CANCEL_SECONDS)
        self._demand(bool(ended), f"still {self._status()} 10 s after cancel()")

    def _damage(self) -> None:
        parts = sorted(self._job.folder.root.glob("steps/*/parts/*.part"))
        parts = [part for part in parts if part.stat().st_size]
        if not parts:
            return
        part = self._lab.random.choice(parts)
        self._damaged.add(part.name)
        with part.open("r+b") as file:
            file.write(b"XX")
