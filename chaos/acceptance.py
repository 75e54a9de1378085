"""Runs acceptance tests of the project through pytest and counts their cases."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from chaos.verdict import NotRunError, Verdict

__all__ = ["run_acceptance"]

_PROJECT = Path(__file__).parents[1]
_COUNT = re.compile(r"(\d+) (passed|failed|error|errors|skipped|xfailed)")


def run_acceptance(name: str, verdict: Verdict, seconds: float) -> int:
    """Run test files; note their counts and return how many cases passed.

    Args:
        name: A file in ``tests/acceptance``; may be a pattern.
        verdict: Gets counts and problems.
        seconds: Limit for all of them together.
    """
    files = sorted(map(str, (_PROJECT / "tests" / "acceptance").glob(name)))
    if not files:
        msg = f"tests/acceptance/{name} does not exist yet"
        raise NotRunError(msg)
    command = [
        sys.executable,
        "-m",
        "pytest",
        *files,
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    try:
        done = subprocess.run(
            command,
            cwd=_PROJECT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        verdict.demand(False, f"{name} did not end within {seconds:g} s")
        return 0
    tail = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "no output"
    counts = {word: int(number) for number, word in _COUNT.findall(tail)}
    verdict.demand(done.returncode == 0, f"{name}: {tail}")
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            verdict.demand(False, line[:200])
    passed = counts.get("passed", 0)
    verdict.note(cases=sum(counts.values()), passed=passed)
    verdict.note(failed=counts.get("failed", 0) + counts.get("error", 0))
    return passed
