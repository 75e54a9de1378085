"""What a user can import, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import azml_pipelines

GOLDEN = Path(__file__).with_name("public_names.txt")
HEAVY = (
    "dask",
    "distributed",
    "networkx",
    "pandas",
    "pydantic",
    "rich",
    "sqlalchemy",
)


def heavy_modules_after(program: str) -> list[str]:
    """Run ``program`` in a fresh interpreter; return the heavy modules it loaded."""
    report = (
        f"\nimport sys; print(*(name for name in {HEAVY!r} if name in sys.modules), "
        "file=sys.stderr)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program + report],
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stderr.split()


def test_public_names_are_sorted():
    """A reader finds a name where the alphabet puts it."""
    assert sorted(azml_pipelines.__all__) == list(azml_pipelines.__all__)


def test_public_names_change_on_purpose():
    """`public_names.txt` lists them; adding or removing one shows in the diff."""
    assert GOLDEN.read_text().split() == list(azml_pipelines.__all__)


@pytest.mark.parametrize("name", azml_pipelines.__all__)
def test_public_names_are_importable(name):
    """`from azml_pipelines import <name>` works for each of them."""
    assert getattr(azml_pipelines, name) is not None


def test_importing_the_package_is_cheap():
    """None of the heavy libraries is loaded before it is used."""
    assert heavy_modules_after("import azml_pipelines") == []


def test_help_is_cheap():
    """`azml --help` loads none of them either."""
    program = """
import sys
sys.argv = ["azml", "--help"]
from azml_pipelines.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""

    assert heavy_modules_after(program) == []
