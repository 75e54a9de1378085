"""Check C: rows as planned, nothing lost, twice or torn, verified, nobody left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.store.verify import verify_run
from chaos.lab import Account
from chaos.process_tree import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Verdict

__all__ = ["check", "note_rows", "verify_problems"]

_LEFT_SECONDS = 3.0


def verify_problems(run: PipelineRun) -> list[str]:
    """Return what ``azml verify`` says of a run."""
    findings = verify_run(run.folder)
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
    who = "; ".join(described(pid) for pid in left)
    verdict.demand(not left, f"{len(left)} processes are left after 3 s: {who}")
    problems = verify_problems(run)
    for problem in problems:
        verdict.demand(False, f"azml verify {run.id}: {problem}")
    if figures:
        note_rows(verdict, [account])
        verdict.note(verify=len(problems), left=len(left))
    return account


def note_rows(verdict: Verdict, accounts: Sequence[Account]) -> None:
    """Note what all these outputs together have of what they should have."""
    found = sum(account.rows for account in accounts)
    expected = sum(account.expected for account in accounts)
    verdict.note(
        rows=f"{found}/{expected}",
        lost=sum(account.lost for account in accounts),
        dup=sum(account.duplicate for account in accounts),
        torn=sum(account.torn for account in accounts),
    )
