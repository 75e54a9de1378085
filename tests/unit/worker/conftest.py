"""What the tests of the inside of a worker share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from azml_pipelines.worker.messages import NodeStart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The node's copy of a source directory, importable as a worker has it."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def node_start(
    source: Path, tmp_path: Path, _modules_of_scripts: None
) -> Callable[..., NodeStart]:
    """Describe a node whose entry script is ``score.py`` with the given text."""

    def node_start(script: str | None, name: str = "score.py") -> NodeStart:
        if script is not None:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(script)
        return NodeStart(
            node="node000",
            entry_kind="script",
            source_directory=str(source),
            entry_script=name,
            inputs=[],
            output_action="append_row",
            output_directory=str(tmp_path / "output"),
            parts=str(tmp_path / "parts"),
            logs=str(tmp_path / "logs"),
        )

    return node_start


@pytest.fixture
def _modules_of_scripts(source: Path, monkeypatch: pytest.MonkeyPatch):
    """Forget what entry scripts have imported, and leave no bytecode behind."""
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        file = getattr(sys.modules[name], "__file__", None)
        if file and file.startswith(str(source)):
            del sys.modules[name]
