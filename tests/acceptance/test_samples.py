"""Every sample is a program that prints what it says it does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("[0-9]*"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda folder: folder.name)
def test_a_sample_prints_what_it_expects(sample, tmp_path):
    """Its last lines are those of expected.txt, and what its resubmission gives."""
    copy = tmp_path / sample.name
    shutil.copytree(sample, copy, ignore=shutil.ignore_patterns("workspace"))

    done = subprocess.run(
        [sys.executable, "run.py"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    expected = [
        line
        for name in ("expected.txt", "expected_resubmission.txt")
        if (sample / name).exists()
        for line in (sample / name).read_text().splitlines()
    ]

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-len(expected) :] == expected
