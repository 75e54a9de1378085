"""The chaos suite says what it found: a line for people, a record for programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def chaos(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite in a folder of its own, where it puts its report."""
    return subprocess.run(
        [sys.executable, "-m", "chaos", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_each_test_prints_one_line_and_adds_one_record(tmp_path):
    """Both begin with the test and its end, and hold every figure and the seed."""
    done = chaos(tmp_path, "--slice", "--only", "T14", "--seed", "5")

    line = done.stdout.splitlines()[1]
    (record,) = json.loads((tmp_path / "build" / "chaos.json").read_text())

    assert done.returncode == 0
    assert re.fullmatch(r"T14 ok \| cases 2000 \| differences 0 \| .* \| seed 5", line)
    assert list(record)[:4] == ["test", "ok", "cases", "differences"]
    assert ["T14", True, 2000, 0, 5] == [
        record[name] for name in ("test", "ok", "cases", "differences", "seed")
    ]


def test_a_test_that_does_not_exist_is_refused(tmp_path):
    """One line names those there are; nothing is written."""
    done = chaos(tmp_path, "--only", "T99")

    assert done.returncode == 2
    assert done.stderr.startswith("--only T99: no such test; there are T1, T2")
    assert not list(tmp_path.iterdir())
