"""A copy of a source directory: a script edited after submission changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.private_folder import make_private
from azml_pipelines.store.workspace_folder import STORAGE_FOLDER
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pathspec import GitIgnoreSpec

__all__ = [
    "ALWAYS_LEFT_OUT",
    "IGNORE_FILES",
    "MAX_BYTES",
    "MAX_FILES",
    "check_in_snapshot",
    "copy_snapshot",
    "snapshot_files",
]

MAX_BYTES = 300 * 1024 * 1024
MAX_FILES = 20_000
ALWAYS_LEFT_OUT = frozenset(
    {STORAGE_FOLDER, ".git", "__pycache__", ".venv", ".ipynb_checkpoints"}
)
IGNORE_FILES = (".amlignore", ".gitignore")
_NAMED_IN_ERRORS = 3


@dataclass
class _Content:
    """What a snapshot will hold; paths are relative to the source."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    bytes: int = 0
    by_entry: dict[str, int] = field(default_factory=dict)
    """Bytes below each entry of the top level, to say which one is too big."""


def copy_snapshot(source: Path, destination: Path) -> list[str]:
    """Copy ``source`` as it is now, without what its ignore file names.

    ``.amlignore`` at the top of the source decides, else ``.gitignore``. What a link
    points to is copied in its place; nobody but the owner may read the copy.

    Args:
        source: The source directory of a step.
        destination: Is made; nothing is written when the source is refused.

    Returns:
        The files that were copied, relative to the source.

    Raises:
        UserErrorException: The source is no folder, holds more than 300 MB or more
            than 20,000 files.
    """
    if not source.is_dir():
        msg = (
            f"source_directory {shown(str(source))} is not a folder; give one that "
            "exists."
        )
        raise UserErrorException(msg)
    content = _content(source, _ignored(source))
    make_private(destination, Path(destination.anchor))
    for folder in content.folders:
        (destination / folder).mkdir(mode=0o700)
    for file in content.files:
        copy = destination / file
        shutil.copy2(source / file, copy)
        # Whether it can be executed is kept; for whom else, is not.
        copy.chmod((copy.stat().st_mode & 0o700) | 0o600)
    return content.files


def check_in_snapshot(snapshot: Path, entry_script: str, step: str) -> None:
    """Make sure that a copy holds the script of its step.

    Raises:
        UserErrorException: It does not.
    """
    if not (snapshot / entry_script).is_file():
        msg = (
            f"Step {shown(step)}: the entry script {shown(entry_script)} is not among "
            "the files copied from its source directory; look into .amlignore (or "
            ".gitignore) there, which may leave it out."
        )
        raise UserErrorException(msg)


def snapshot_files(source: Path) -> list[str]:
    """Return the files that a copy of ``source`` would hold, relative to it.

    Raises:
        UserErrorException: They are too many or too big to be copied.
    """
    return _content(source, _ignored(source)).files


def _ignored(source: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only submitting needs it

    for name in IGNORE_FILES:
        file = source / name
        if file.is_file():
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            return GitIgnoreSpec.from_lines(lines)
    return GitIgnoreSpec.from_lines([])


def _content(source: Path, ignored: GitIgnoreSpec) -> _Content:
    content = _Content()
    for relative, kind in _walk(source, "", ignored, (source.resolve(),)):
        if stat.S_ISDIR(kind.st_mode):
            content.folders.append(relative)
            continue
        content.files.append(relative)
        content.bytes += kind.st_size
        entry = relative.partition("/")[0]
        content.by_entry[entry] = content.by_entry.get(entry, 0) + kind.st_size
        # Stop here: the source may be somebody's whole home folder.
        if content.bytes > MAX_BYTES or len(content.files) > MAX_FILES:
            raise UserErrorException(_too_much(source, content))
    return content


def _walk(
    source: Path, folder: str, ignored: GitIgnoreSpec, above: tuple[Path, ...]
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield files and folders, parents first; ``above`` are the real parents."""
    for entry in sorted(os.scandir(source / folder), key=lambda entry: entry.name):
        relative = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name in ALWAYS_LEFT_OUT:
            continue
        try:
            kind = entry.stat()
        except FileNotFoundError:
            continue  # a link to nothing, or gone since the folder was listed
        if stat.S_ISREG(kind.st_mode) and not ignored.match_file(relative):
            yield relative, kind
        elif stat.S_ISDIR(kind.st_mode) and not ignored.match_file(f"{relative}/"):
            real = Path(entry.path).resolve()
            if real in above:
                continue  # a link to one of its own parents never ends
            yield relative, kind
            yield from _walk(source, relative, ignored, (*above, real))


def _too_much(source: Path, content: _Content) -> str:
    by_size = sorted(content.by_entry.items(), key=lambda item: -item[1])
    biggest = ", ".join(
        f"{name} ({size / 1024**2:.0f} MB)" for name, size in by_size[:_NAMED_IN_ERRORS]
    )
    return (
        f"source_directory {shown(str(source))} is too big to copy: more than "
        f"{MAX_BYTES // 1024**2} MB or {MAX_FILES} files; biggest so far: {biggest}. "
        "Name what the script does not need in .amlignore (written like .gitignore), "
        "or keep the script in a folder of its own."
    )
