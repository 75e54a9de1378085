"""Which files a path with wildcards means. Pure: names in, answers out.

``*`` stands for any text inside of one name, ``**`` between slashes for any number of
folders. Every other character, ``?`` and ``[`` included, stands for itself. Only in
patterns of MLTable folders, ``?`` is any character, ``[abc]`` and ``[a-z]`` are one of
these, and ``[!abc]`` is none of these.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Literal

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "EVERYTHING",
    "PathMatcher",
    "States",
    "Wildcards",
    "has_wildcard",
    "split_pattern",
]

EVERYTHING = ("**",)
"""The pattern of a whole folder: every file below it."""

States = tuple[int, ...]
"""How far the names so far have matched: positions in the pattern, ascending."""
Wildcards = Literal["none", "stars", "glob"]
"""Which characters of a path are wildcards: none, ``*``, or those of MLTable too."""
_GLOB = re.compile(r"\*|\?|\[[!^]?[^\]]+\]")
_SPECIAL: dict[Wildcards, re.Pattern[str]] = {
    "none": re.compile(r"(?!)"),
    "stars": re.compile(r"\*"),
    "glob": _GLOB,
}


def has_wildcard(path: str) -> bool:
    """Tell a pattern from an exact path."""
    return "*" in path


def split_pattern(
    path: str, wildcards: Wildcards = "stars"
) -> tuple[str, tuple[str, ...]]:
    """Split ``path`` before its first name with a wildcard.

    Args:
        path: Relative, with ``/`` between names.
        wildcards: What is one.

    Returns:
        The folder without wildcards, and the names from the first wildcard on; these
        are empty for an exact path.

    Raises:
        UserErrorException: ``**`` is only a part of a name.
    """
    names = path.split("/") if path else []
    special = _SPECIAL[wildcards]
    for name in names:
        if wildcards != "none" and "**" in name and name != "**":
            msg = (
                f"The path {shown(path)} has ** inside of the name {shown(name)}. ** "
                "must stand alone between slashes: 'images/**/*.png'."
            )
            raise UserErrorException(msg)
    found = (place for place, name in enumerate(names) if special.search(name))
    first = next(found, len(names))
    return "/".join(names[:first]), tuple(names[first:])


class PathMatcher:
    """Matches paths name by name, so that a walk enters only folders that can match.

    Names that start with a dot match only a pattern that says so, as in a shell.

    Args:
        pattern: Names with wildcards, as ``split_pattern`` returns them.
        hidden: Let wildcards match names that start with a dot, too.
        wildcards: What is one.
    """

    def __init__(
        self,
        pattern: tuple[str, ...],
        *,
        hidden: bool = False,
        wildcards: Wildcards = "stars",
    ) -> None:
        if pattern[-1] == "**":
            pattern = (*pattern, "*")
        self._hidden = hidden
        self._special = _SPECIAL[wildcards]
        # None is "**": any number of folders.
        self._names = tuple(
            None if name == "**" else self._compile(name) for name in pattern
        )
        self.start = self._closed({0})

    def below(self, states: States, folder: str) -> States:
        """Return the states inside of ``folder``; empty: nothing there can match."""
        last = len(self._names) - 1
        after: set[int] = set()
        for state in states:
            name = self._names[state]
            if name is None:
                if self._hidden or not folder.startswith("."):
                    after.add(state)
            elif state < last and name.fullmatch(folder):
                after.add(state + 1)
        return self._closed(after)

    def accepts(self, states: States, file: str) -> bool:
        """Whether a file of this name matches the whole pattern."""
        last = len(self._names) - 1
        name = self._names[last]
        return name is not None and last in states and bool(name.fullmatch(file))

    def accepting(self, states: States) -> Callable[[list[str]], Iterable[str]]:
        """Return what chooses those of many files of one folder that match."""
        last = len(self._names) - 1
        name = self._names[last]
        if name is None or last not in states:
            return lambda _: ()
        if name.pattern == r"(?!\.).*":
            return lambda files: [file for file in files if file[0] != "."]
        return partial(filter, name.fullmatch)

    def _compile(self, name: str) -> re.Pattern[str]:
        pieces: list[str] = []
        end = 0
        for match in self._special.finditer(name):
            pieces += [re.escape(name[end : match.start()]), _class(match[0])]
            end = match.end()
        text = "".join(pieces) + re.escape(name[end:])
        if self._special.match(name) and not self._hidden:
            text = rf"(?!\.){text}"
        return re.compile(text, re.DOTALL)

    def _closed(self, states: Iterable[int]) -> States:
        """Add what follows each ``**``, which may also stand for no folder at all."""
        closed: set[int] = set()
        for state in states:
            closed.add(state)
            while self._names[state] is None:
                state += 1  # noqa: PLW2901 - follows a run of **
                closed.add(state)
        return tuple(sorted(closed))


def _class(wildcard: str) -> str:
    """Return the regular expression of one wildcard."""
    if wildcard in {"*", "?"}:
        return ".*" if wildcard == "*" else "."
    inside = wildcard[1:-1]
    not_these = inside[0] in "!^"
    characters = re.sub(r"([\\\[\]^&|~])", r"\\\1", inside[1:] if not_these else inside)
    return f"[{'^' if not_these else ''}{characters}]"
