"""T17: bad input.

Injected: wrong values, data, graphs, scripts and YAML (the tables are in
``tests/acceptance/test_bad_*.py``).

Must hold: one line of at most 300 characters with the field and what is accepted; no
traceback; nothing created; at least 400 cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.acceptance import run_acceptance
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_CASES = 400


def run(lab: Lab, size: Size) -> Verdict:
    """Run the table."""
    del lab, size
    verdict = Verdict()
    passed = run_acceptance("test_bad_*.py", verdict, 120)
    verdict.reach("cases", passed, _CASES, "the table is not longer")
    return verdict
