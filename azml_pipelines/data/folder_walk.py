"""The files below a local folder: lazy, sorted by path, safe from circular links."""

# Paths stay text here: a million Path objects are slow and large.
# ruff: noqa: PTH112, PTH113, PTH114, PTH118

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.data.path_pattern import PathMatcher, States

__all__ = ["check_inside", "walk_files"]


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

    Yields:
        Paths relative to ``folder`` with ``/`` between names, sorted as text.

    Raises:
        UserErrorException: A folder cannot be listed, or a link leads out of
            ``allowed``.
    """
    walk = _Walk(matcher, allowed)
    real = os.path.realpath(folder)
    # The real path of every open folder is in `entered`: meeting one of them again,
    # by whatever name, would go round in a circle.
    entered = {real}
    open_folders = [("", real, matcher.start, walk.names(folder, matcher.start))]
    while open_folders:
        prefix, real, states, names = open_folders[-1]
        name = next(names, None)
        if name is None:
            open_folders.pop()
            entered.discard(real)
        elif not name.endswith("/"):
            yield prefix + name
        else:
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


class _Walk:
    """Reads directories."""

    def __init__(self, matcher: PathMatcher, allowed: Sequence[str] | None) -> None:
        self._matcher = matcher
        self._allowed = allowed

    def names(self, folder: str, states: States) -> Iterator[str]:
        """Return the wanted names in ``folder``, sorted; folders end in ``/``.

        A folder sorts as its files do, by the slash that follows its name; that keeps
        the whole walk sorted by path. Text is all that is kept of an entry: a
        directory with a million files then takes some 100 MB.
        """
        try:
            with os.scandir(folder) as entries:
                names = [
                    name for entry in entries if (name := self._wanted(entry, states))
                ]
        except (FileNotFoundError, NotADirectoryError):
            return iter(())
        except OSError as error:
            msg = (
                f"The folder {shown(folder)} cannot be listed: {error.strerror}. "
                "Check that you may read it."
            )
            raise UserErrorException(msg, inner_exception=error) from error
        names.sort()
        return iter(names)

    def _wanted(self, entry: os.DirEntry[str], states: States) -> str | None:
        # A link in a circle makes DirEntry.is_dir() raise; os.path.isdir() says no.
        link = entry.is_symlink()
        name: str | None = None
        if os.path.isdir(entry.path) if link else entry.is_dir():
            if self._matcher.below(states, entry.name):
                name = f"{entry.name}/"
        elif self._matcher.accepts(states, entry.name) and (
            os.path.isfile(entry.path) if link else entry.is_file()
        ):
            name = entry.name
        if name and link and self._allowed is not None:
            check_inside(entry.path, self._allowed)
        return name
