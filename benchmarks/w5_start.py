"""W5, start: how long it takes until something runs, and until the next step does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import empty_files
from benchmarks.figure import Figure, single
from benchmarks.rounds import Results, Side, alternate, say
from benchmarks.w1_no_op import no_op
from benchmarks.work import Measured, Work

if TYPE_CHECKING:
    from benchmarks.settings import Settings

__all__ = ["TITLE", "chain", "measure", "submissions"]

TITLE = "start: submission to first run(), imports, steps one after the other"
_MINI_BATCHES = 100
_STEPS = 3
_STARTS = 7
_SUBMISSIONS = Side("submissions", "w5_start:submissions")
_CHAIN = Side("chain", "w5_start:chain")


def measure(settings: Settings) -> list[Figure]:
    """Measure what a user waits for."""
    files = _MINI_BATCHES * 10
    work = no_op(str(empty_files(settings.place / "d", files)), _MINI_BATCHES, files)
    say("W5: submissions, a chain of steps, imports")
    found = alternate([_SUBMISSIONS, _CHAIN], work, settings.rounds + 2)
    starts = settings.size(_STARTS, 1)
    azml = [str(Path(sys.executable).with_name("azml")), "--help"]
    package = [sys.executable, "-c", "import azml_pipelines"]
    nothing = [sys.executable, "-c", "pass"]
    return [
        *_submissions(found[_SUBMISSIONS.name]),
        _gap(found[_CHAIN.name]),
        _cpu("W5.import_cpu_ms", "import azml_pipelines", package, starts, 150),
        _cpu("W5.help_cpu_ms", "azml --help", azml, starts, 100),
        _cpu("W5.python_cpu_ms", "python -c pass, part of both", nothing, starts),
    ]


def _submissions(found: Results) -> list[Figure]:
    return [
        single(
            "W5.first_run_seconds",
            "submit() to the first run(), first submission of a process",
            "s",
            found.more("first"),
            at_most=1.0,
            note=found.problem,
        ),
        single(
            "W5.second_submission_seconds",
            "the same for its second submission",
            "s",
            found.more("second"),
            at_most=1.0,
            note=found.problem,
        ),
        single(
            "W5.submit_returns_seconds", "submit() itself", "s", found.more("submit")
        ),
    ]


def _gap(found: Results) -> Figure:
    gaps = [found.more(f"gap {step}") for step in range(1, _STEPS)]
    return single(
        "W5.step_gap_ms",
        "the end of a step to the first run() of the next one",
        "ms",
        [1000 * value for values in gaps for value in values],
        at_most=100,
        note=found.problem,
    )


def _cpu(
    name: str,
    title: str,
    command: list[str],
    starts: int,
    most: float | None = None,
) -> Figure:
    title = f"{title}, the whole process, user and system"
    try:
        values = [_cpu_milliseconds(command) for _ in range(starts)]
    except OSError as error:
        return single(name, title, "ms", [], at_most=most, note=str(error))
    return single(name, title, "ms", values, at_most=most)


def _cpu_milliseconds(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return 1000 * (usage.ru_utime + usage.ru_stime)


def submissions(work: Work) -> Measured:
    """Submit twice in one process; its imports are not part of it, submit()'s are."""
    from azml_pipelines import Pipeline  # noqa: PLC0415 - in the process of the round
    from benchmarks.our_run import declare, submit, workspace_of  # noqa: PLC0415

    workspace = workspace_of(work)
    more = {}
    for name in ("first", "second"):
        own = replace(work, scratch=str(Path(work.scratch, name)))
        Path(own.scratch).mkdir()
        step, _ = declare(workspace, own)
        pipeline = Pipeline(workspace=workspace, steps=[step])
        started = time.time()
        run = submit(workspace, pipeline)
        more.setdefault("submit", time.time() - started)
        run.wait_for_completion(show_output=False)
        more[name] = own.first_run() - started
    return Measured(more["first"], 0.0, more=more)


def chain(work: Work) -> Measured:
    """Run steps that read each other's output."""
    from azml_pipelines import Pipeline  # noqa: PLC0415 - in the process of the round
    from benchmarks.our_run import declare, submit, workspace_of  # noqa: PLC0415

    workspace = workspace_of(work)
    steps, places, output = [], [], None
    for number in range(_STEPS):
        own = replace(work, scratch=str(Path(work.scratch, str(number))))
        Path(own.scratch).mkdir()
        after = None if output is None else output.as_dataset()
        step, output = declare(workspace, own, name=f"step-{number}", after=after)
        steps.append(step)
        places.append(own)
    started = time.time()
    run = submit(workspace, Pipeline(workspace=workspace, steps=steps))
    run.wait_for_completion(show_output=False)
    state = run.state()
    ends = {step.name: step.ended for step in state.steps}
    more = {
        f"gap {number}": places[number].first_run() - ends[f"step-{number - 1}"]
        for number in range(1, _STEPS)
    }
    return Measured(time.time() - started, 0.0, more=more)
