"""Every notebook tells its story to the end, and is saved without outputs."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(notebook):
    """Return a notebook as nbformat's object."""
    return nbformat.read(notebook, as_version=4)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook, tmp_path):
    """Every cell runs; the run is drawn as HTML that ends with its last state."""
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(
        ROOT / "samples",
        tmp_path / "samples",
        ignore=shutil.ignore_patterns("workspace"),
    )
    content = read(notebook)

    NotebookClient(content, timeout=60).execute(cwd=str(tmp_path / "notebooks"))
    shown = [
        output.get("data", {}).get("text/html", "")
        for cell in content.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]

    assert any("predict-digits-mnist" in html and "Finished" in html for html in shown)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_saved_without_outputs(notebook):
    """No outputs and no counts, so that a difference is a difference of the story."""
    cells = [cell for cell in read(notebook).cells if cell.cell_type == "code"]

    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert [cell.execution_count for cell in cells] == [None] * len(cells)
