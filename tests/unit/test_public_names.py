"""The promises of ``import azml_pipelines``."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import azml_pipelines


@pytest.mark.parametrize("name", azml_pipelines.__all__)
def test_every_public_name_is_there(name):
    """It can be imported, and it is called what it is called."""
    assert name == getattr(azml_pipelines, name).__name__


def test_the_list_is_sorted_and_complete():
    """One list for users, one for type checkers, one for loading: all the same."""
    tree = ast.parse(Path(azml_pipelines.__file__).read_text(encoding="utf-8"))
    typed = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("azml_pipelines.")
        for alias in node.names
    ]

    assert sorted(azml_pipelines.__all__) == azml_pipelines.__all__
    assert sorted(typed) == azml_pipelines.__all__
    assert sorted(azml_pipelines._PLACES) == azml_pipelines.__all__
    assert {*azml_pipelines.__all__, "__version__"} == set(dir(azml_pipelines))


def test_an_unknown_name_is_an_attribute_error():
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'Workspce'"):
        azml_pipelines.Workspce  # noqa: B018 - the access is the test


def test_importing_loads_nothing_heavy():
    """A worker process and ``azml --help`` start at once."""
    heavy = ["dask", "networkx", "pandas", "pydantic", "rich", "sqlalchemy"]
    script = (
        "import sys, azml_pipelines; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    output = subprocess.check_output([sys.executable, "-c", script], text=True)

    assert "[]" == output.strip()
