"""Check C: rows as planned, nothing lost, twice or torn, verified, nobody left behind."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from chaos.lab import Account

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Verdict

__all__ = ["check", "verify_problems"]

_LEFT_SECONDS = 3.0


def verify_problems(run: PipelineRun) -> list[str] | None:
    """Return what ``azml verify`` says of a run; None when there is no such check yet."""
    try:
        verify = import_module("azml_pipelines.store.verify").verify_run
    except (ImportError, AttributeError):
        return None
    findings = verify(run.folder)
    return [f"{found.invariant}: {found.text}" for found in findings if not found.ok]


def check(
    lab: Lab,
    run: PipelineRun,
    expected: bytes,
    verdict: Verdict,
    *,
    figures: bool = True,
) -> Account:
    """Hold a run against check C; differences become problems of ``verdict``."""
    account = Account.of(lab.output(run), expected)
    verdict.demand(account.equal, f"the output of {run.id} differs from the plan")
    left = lab.left_after(_LEFT_SECONDS)
    verdict.demand(not left, f"{len(left)} processes are left after 3 s")
    problems = verify_problems(run)
    for problem in problems or ():
        verdict.demand(False, f"azml verify {run.id}: {problem}")
    if figures:
        verdict.note(
            rows=f"{account.rows}/{account.expected}",
            lost=account.lost,
            dup=account.duplicate,
            torn=account.torn,
            verify="not there yet" if problems is None else len(problems),
        )
        verdict.note(left=len(left))
    return account
