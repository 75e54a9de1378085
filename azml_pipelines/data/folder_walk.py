"""The files below a local folder: lazy, sorted by path, safe from circular links."""

# Paths stay text here: a million Path objects are slow and large.
# ruff: noqa: PTH112, PTH113, PTH114, PTH118

from __future__ import annotations

import os
from bisect import bisect_left
from itertools import chain, islice
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.data.path_pattern import PathMatcher, States

__all__ = ["check_inside", "walk_files"]

_BLOCK = 4096


def walk_files(
    folder: str, matcher: PathMatcher, *, allowed: Sequence[str] | None = None
) -> Iterator[str]:
    """Find the files below ``folder``, one directory in memory at a time.

    Pipes, sockets, devices and dangling links are no files. Links to folders are
    followed, but never in a circle.

    Args:
        folder: Absolute; one that does not exist holds no files.
        matcher: Which paths, relative to ``folder``, are wanted.
        allowed: Real paths of folders that links may lead into; ``None`` trusts them.

    Returns:
        Paths relative to ``folder`` with ``/`` between names, sorted as text.

    Raises:
        UserErrorException: A folder cannot be listed, or a link leads out of
            ``allowed``.
    """
    return chain.from_iterable(_blocks(folder, _Walk(matcher, allowed), matcher))


def _blocks(folder: str, walk: _Walk, matcher: PathMatcher) -> Iterator[list[str]]:
    """Yield paths, many at a time: those between one folder and the next."""
    real = os.path.realpath(folder)
    # The real path of every open folder is in `entered`: meeting one of them again,
    # by whatever name, would go round in a circle.
    entered = {real}
    open_folders = [("", real, matcher.start, walk.names(folder, matcher.start))]
    while open_folders:
        prefix, real, states, names = open_folders[-1]
        for found in names:
            if isinstance(found, list):
                yield [prefix + name for name in found] if prefix else found
                continue
            name = found
            path = os.path.join(folder, prefix, name[:-1])
            below = f"{real.rstrip('/')}/{name[:-1]}"
            if os.path.islink(path):
                below = os.path.realpath(path)
            if below not in entered:
                entered.add(below)
                inner = matcher.below(states, name[:-1])
                open_folders.append(
                    (prefix + name, below, inner, walk.names(path, inner))
                )
                break
        else:
            open_folders.pop()
            entered.discard(real)


def check_inside(path: str, allowed: Sequence[str]) -> None:
    """Make sure that ``path``, all links followed, lies in one of ``allowed``.

    Raises:
        UserErrorException: It does not.
    """
    real = os.path.realpath(path)
    if not any(_is_below(real, folder) for folder in allowed):
        msg = (
            f"{shown(path)} is a link to {shown(real)}, outside of "
            f"{shown(allowed[0])}. Copy the file there, or register the folder that "
            "the link leads to as a datastore."
        )
        raise UserErrorException(msg)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _merged(files: list[str], folders: list[str]) -> Iterator[str | list[str]]:
    """Yield the files between each folder and the next; both are sorted."""
    first = 0
    for folder in folders:
        end = bisect_left(files, folder, first)
        if first < end:
            yield files[first:end]
        yield folder
        first = end
    if first < len(files):
        yield files[first:] if first else files


class _Walk:
    """Reads directories."""

    def __init__(self, matcher: PathMatcher, allowed: Sequence[str] | None) -> None:
        self._matcher = matcher
        self._allowed = allowed

    def names(self, folder: str, states: States) -> Iterator[str | list[str]]:
        """Return the wanted names in ``folder``, sorted: folders, and lists of files.

        The name of a folder ends in ``/``.

        A folder sorts as its files do, by the slash that follows its name; that keeps
        the whole walk sorted by path. Text is all that is kept of an entry: a
        directory with a million files then takes some 100 MB.
        """
        try:
            with os.scandir(folder) as entries:
                files, folders = self._wanted(entries, states)
        except (FileNotFoundError, NotADirectoryError):
            return iter([])
        except OSError as error:
            msg = (
                f"The folder {shown(folder)} cannot be listed: {error.strerror}. "
                "Check that you may read it."
            )
            raise UserErrorException(msg, inner_exception=error) from error
        files.sort()
        folders.sort()
        return _merged(files, folders)

    def _wanted(
        self, entries: Iterator[os.DirEntry[str]], states: States
    ) -> tuple[list[str], list[str]]:
        """Return the wanted files and folders of a directory."""
        accepts = self._matcher.accepting(states)
        files: list[str] = []
        folders: list[str] = []
        # A block at a time: fast as a list, without a million entries in memory.
        while block := list(islice(entries, _BLOCK)):
            plain = [one for one in block if one.is_file(follow_symlinks=False)]
            files += accepts([one.name for one in plain])
            if len(plain) < len(block):
                for entry in set(block).difference(plain):
                    name = self._unusual(entry, states)
                    if name:
                        (folders if name[-1] == "/" else files).append(name)
        return files, folders

    def _unusual(self, entry: os.DirEntry[str], states: States) -> str | None:
        """Return the name of a wanted folder or link, None for anything else."""
        # A link in a circle makes DirEntry.is_dir() raise; os.path.isdir() says no.
        link = entry.is_symlink()
        name: str | None = None
        if os.path.isdir(entry.path) if link else entry.is_dir():
            if self._matcher.below(states, entry.name):
                name = f"{entry.name}/"
        elif self._matcher.accepts(states, entry.name) and os.path.isfile(entry.path):
            name = entry.name
        if name and link and self._allowed is not None:
            check_inside(entry.path, self._allowed)
        return name
