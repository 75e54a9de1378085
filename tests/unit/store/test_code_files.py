"""Which files of a folder a step can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines.store.code_files import used_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OTHERS = {"other.py": "", "train.ipynb": "{}", "README.md": "score.py other-things"}


def used(
    root: Path, files: Mapping[str, str], arguments: tuple[str, ...] = ()
) -> set[str]:
    """Write the files, ``score.py`` among them, and return those that count."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return set(used_files(root, list(files), "score.py", arguments))


def test_what_nothing_mentions_does_not_count(tmp_path: Path) -> None:
    """Scripts of other steps, notebooks and texts do not; data does."""
    files = {"score.py": "import os", "model.bin": "", "data/a.csv": "", **OTHERS}

    assert used(tmp_path, files) == {"score.py", "model.bin", "data/a.csv"}


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("import other", id="import"),
        pytest.param("from other import x", id="from"),
        pytest.param("subprocess.run(['python', 'other.py'])", id="named in a string"),
        pytest.param("import mine", id="through another module"),
        pytest.param("import box", id="through a package"),
        pytest.param("open('list.txt')", id="through a data file"),
    ],
)
def test_a_module_that_is_mentioned_counts(tmp_path: Path, script: str) -> None:
    """Wherever that is, and however far away."""
    files = {
        "score.py": script,
        "mine.py": "import other",
        "box/__init__.py": "from .part import x",
        "box/part.py": "import other",
        **OTHERS,
    }
    if "list.txt" in script:
        files["list.txt"] = "other"

    assert "other.py" in used(tmp_path, files)
    assert "train.ipynb" not in used(tmp_path, files)


def test_an_argument_can_mention_a_module(tmp_path: Path) -> None:
    """As ``--plugin other``."""
    found = used(tmp_path, {"score.py": "", **OTHERS}, ("--plugin", "other"))

    assert found == {"score.py", "other.py"}


@pytest.mark.parametrize(
    "script",
    ["importlib.import_module('ot' + 'her')", "glob.glob('*.py')", "os.listdir('.')"],
)
def test_code_that_looks_for_files_may_use_any(tmp_path: Path, script: str) -> None:
    """Nobody can tell which, so all of them count."""
    files = {"score.py": script, **OTHERS}

    assert used(tmp_path, files) == set(files)


def test_without_a_known_script_everything_counts(tmp_path: Path) -> None:
    """As for a command that names no file."""
    assert used_files(tmp_path, ["b.py", "a.md"], None, ()) == ["a.md", "b.py"]
