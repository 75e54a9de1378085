"""Which files of a source directory a step can use, so that the others do not count.

Every file counts but modules and notebooks that nothing mentions: several steps often
share one folder, and the script of another step is no reason to run this one again.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["used_files"]

_ONLY_IF_MENTIONED = frozenset({".py", ".pyi", ".ipynb", ".md", ".rst"})
_READ_BYTES = 4 << 20
_WORDS = re.compile(rb"\w+")
_FINDS_FILES = frozenset({
    b"__import__", b"exec", b"find_spec", b"glob", b"iglob", b"import_module",
    b"importlib", b"iterdir", b"listdir", b"pkgutil", b"rglob", b"run_path", b"runpy",
    b"scandir", b"spec_from_file_location", b"walk",
})  # fmt: skip
"""With one of these words, code may find files that it does not name."""


def used_files(
    root: Path, files: Sequence[str], entry: str | None, arguments: Iterable[str]
) -> list[str]:
    """Return the files that count, sorted.

    A module counts when its name stands as a word in a file that counts, wherever it
    does; all of them count when code looks for files by itself.

    Args:
        root: The source directory, or a copy of it.
        files: Relative to it.
        entry: The script that is run; None when that is not known.
        arguments: Of the step: they may name files.
    """
    if entry is None or entry not in files:
        return sorted(files)
    waiting = [file for file in files if _counts_always(file, entry)]
    rest = [file for file in files if not _counts_always(file, entry)]
    used = set(waiting)
    words = set(_WORDS.findall(" ".join(arguments).encode("utf-8", "replace")))
    while waiting:
        for file in waiting:
            words |= _words(root / file)
        if not words.isdisjoint(_FINDS_FILES):
            return sorted(files)
        waiting = [file for file in rest if _names(file) & words]
        used.update(waiting)
        rest = [file for file in rest if file not in used]
    return sorted(used)


def _counts_always(file: str, entry: str) -> bool:
    return file == entry or PurePosixPath(file).suffix not in _ONLY_IF_MENTIONED


def _names(file: str) -> set[bytes]:
    """Return the words by which code can mean a file: its own, or its package's."""
    path = PurePosixPath(file)
    names = [path.stem]
    if path.stem == "__init__":
        names = [path.parent.name]
    # A name like "my-step.v2" is several words; one of them is enough.
    return {word for name in names for word in _WORDS.findall(name.encode())}


def _words(file: Path) -> set[bytes]:
    """Return the words of a file; a big one is data and names no module."""
    try:
        if file.stat().st_size > _READ_BYTES:
            return set()
        return set(_WORDS.findall(file.read_bytes()))
    except OSError:
        return set()
