"""The rooms of the house know only those below them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_import_contracts_are_kept():
    """`lint-imports` finds no import that goes upward or sideways."""
    lint_imports = Path(sys.executable).with_name("lint-imports")
    # Its cache keeps what a file imported before a new module appeared.
    checked = subprocess.run(
        [lint_imports, "--no-logo", "--no-cache"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
