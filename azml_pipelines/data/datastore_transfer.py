"""Files into and out of a datastore: version 1's upload and download."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.file_copy import copy_file, is_unfinished
from azml_pipelines.data.folder_walk import check_inside, walk_files
from azml_pipelines.data.local_url import local_folder, relative_path
from azml_pipelines.data.path_pattern import EVERYTHING, PathMatcher, split_pattern
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from azml_pipelines.data.datastore import DatastoreSettings

__all__ = ["Transfer", "files_below", "files_relative_to"]

_log = logging.getLogger(__name__)


def files_below(folder: str | os.PathLike[str], pattern: str = "**") -> list[str]:
    """Return the files of a local folder, hidden ones included, relative to it.

    Raises:
        UserErrorException: ``folder`` is no folder.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        msg = (
            f"There is no folder {shown(os.fspath(folder))} to upload "
            f"(looked at {shown(str(path))}). Pass src_dir=<an existing folder>."
        )
        raise UserErrorException(msg)
    start, rest = split_pattern(relative_path(pattern))
    names = (*(start.split("/") if start else ()), *rest)
    matcher = PathMatcher(names, hidden=True)
    return list(walk_files(str(path), matcher))


def files_relative_to(
    files: Sequence[str | os.PathLike[str]],
    relative_root: str | os.PathLike[str] | None,
) -> tuple[Path, list[str]]:
    """Split the paths of ``files`` into one folder and the paths below it.

    Args:
        files: Local files.
        relative_root: The folder; ``None`` is the nearest one that holds them all.

    Raises:
        UserErrorException: There is no file, one is missing or a folder, or one does
            not lie below ``relative_root``.
    """
    if isinstance(files, (str, os.PathLike)) or not files:
        msg = f"files must be a list of at least one path, not {shown(files)}."
        raise UserErrorException(msg)
    paths = [_absolute(file) for file in files]
    for path in paths:
        if not path.is_file():
            what = "is a folder; use upload()" if path.is_dir() else "does not exist"
            msg = f"The file to upload {shown(str(path))} {what}."
            raise UserErrorException(msg)
    if relative_root is None:
        root = Path(os.path.commonpath([path.parent for path in paths]))
    else:
        root = _absolute(relative_root)
    for path in paths:
        if not path.is_relative_to(root):
            msg = (
                f"The file {shown(str(path))} does not lie below relative_root "
                f"{shown(str(root))}. Pass a folder that holds all files, or none."
            )
            raise UserErrorException(msg)
    return root, [path.relative_to(root).as_posix() for path in paths]


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.normpath(Path(path).expanduser().absolute()))


@dataclass
class _Count:
    copied: int = 0
    skipped: int = 0


class Transfer:
    """Copies between local folders and the folder of one datastore.

    Args:
        settings: Of the datastore; its ``url`` must be local.
        show_progress: Write one line of summary to standard output.
    """

    def __init__(self, settings: DatastoreSettings, *, show_progress: bool) -> None:
        self._name = settings.name
        self._root = Path(local_folder(settings.url))
        self._show_progress = show_progress

    def upload(
        self, root: Path, files: Iterable[str], target: str, *, overwrite: bool
    ) -> None:
        """Copy ``files``, relative to ``root``, to the same paths below ``target``.

        Args:
            root: A local folder.
            files: Paths below it.
            target: A folder of the datastore, made when it is not there.
            overwrite: Replace files that are there already instead of skipping them.
        """
        inside = [os.path.realpath(self._root)]
        destination = self._root / target
        pairs = ((root / file, destination / file) for file in files)
        count = self._copy(self._checked(pairs, inside), overwrite=overwrite)
        self._report("Uploaded", count, f"to {self._name}:{target or '/'}")

    def download(self, target: Path, prefix: str, *, overwrite: bool) -> int:
        """Copy every file whose path starts with ``prefix`` to that path in ``target``.

        The prefix is plain text, as in version 1: ``img/1`` means ``img/1.png``,
        ``img/10.png`` and ``img/1/a.png``.

        Returns:
            Files written; 0 when there are none.
        """
        target.mkdir(parents=True, exist_ok=True)
        pairs = (
            (self._root / path, target / path) for path in self._starting_with(prefix)
        )
        count = self._copy(pairs, overwrite=overwrite)
        self._report("Downloaded", count, f"from {self._name}:{prefix or '/'}")
        return count.copied

    def _starting_with(self, prefix: str) -> list[str]:
        folder, _, rest = prefix.rpartition("/")
        folder = relative_path(folder)
        start = f"{folder}/" if folder else ""
        inside = [os.path.realpath(self._root)]
        if (self._root / folder).exists():
            check_inside(str(self._root / folder), inside)
        matcher = PathMatcher(EVERYTHING, hidden=True)
        found = walk_files(str(self._root / folder), matcher, allowed=inside)
        # All of it before the first copy: the target may lie in the datastore.
        return [
            start + path
            for path in found
            if path.startswith(rest) and not is_unfinished(path)
        ]

    @staticmethod
    def _checked(
        pairs: Iterable[tuple[Path, Path]], inside: Sequence[str]
    ) -> Iterator[tuple[Path, Path]]:
        """Refuse destinations that a link would carry out of the datastore."""
        checked: set[Path] = set()
        for source, destination in pairs:
            if destination.parent not in checked:
                check_inside(str(destination.parent), inside)
                checked.add(destination.parent)
            yield source, destination

    def _copy(self, pairs: Iterable[tuple[Path, Path]], *, overwrite: bool) -> _Count:
        count = _Count()
        for source, destination in pairs:
            if not overwrite and os.path.lexists(destination):
                count.skipped += 1
                _log.warning(
                    "%s exists already and is kept; pass overwrite=True to replace it.",
                    destination,
                )
                continue
            try:
                copy_file(source, destination)
            except FileNotFoundError as error:
                msg = (
                    f"The file {shown(str(source))} vanished while it was being copied."
                )
                raise UserErrorException(msg, inner_exception=error) from error
            count.copied += 1
        return count

    def _report(self, verb: str, count: _Count, where: str) -> None:
        if self._show_progress:
            kept = f" ({count.skipped} kept as they were)" if count.skipped else ""
            sys.stdout.write(f"{verb} {count.copied} files {where}{kept}.\n")
