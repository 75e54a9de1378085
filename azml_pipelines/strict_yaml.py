"""The only reader and writer of YAML: plain data, one meaning, bounded work.

Refused, with line and column: what a file may not have (duplicate keys, anchors,
aliases, merge keys, tags, several documents, too much of anything) and what YAML reads
in a way that surprises people (``010``, ``yes``, ``12:30:00``). All of it is found on
the stream of events, before anything is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import BadYamlError
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from yaml._yaml import Mark as FastMark
    from yaml.error import Mark
    from yaml.events import Event, ScalarEvent

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "LocatedYaml",
    "dump",
    "load_file",
    "load_located",
    "load_text",
]

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 20_000
_MAX_DIGITS = 100
_LONGEST_NAME = 120

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, object] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
    **{f"{sign}.{word}": float(f"{sign}inf") for sign in ("", "+", "-")
       for word in ("inf", "Inf", "INF")},
}  # fmt: skip
# Text in one version of YAML, something else in another.
_TRAPS = (
    (re.compile(r"[-+]?0[0-9_]+"), "an octal number"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "a number"),
    (re.compile(r"[-+]?[0-9][0-9.]*_[0-9_.]*"), "a number without its _"),
    (re.compile(r"(?i:yes|no|on|off)"), "true or false"),
    (re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?"), "a number of seconds"),
    (re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+"), "a number, others as text"),
    (re.compile(r"[<=]"), "a sign with a meaning"),
)


@dataclass(frozen=True)
class LocatedYaml:
    """What a file holds, and where in it."""

    content: Any
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)
    """Keys and places in lists, from the top, to the line of that value, from 1."""


def load_file(path: str | Path) -> Any:  # noqa: ANN401 - what the file holds
    """Read a file as plain data: dict, list, str, int, float, bool, None.

    Raises:
        BadYamlError: The file cannot be read, or is refused.
    """
    return load_located(path).content


def load_located(path: str | Path) -> LocatedYaml:
    """Read a file as ``load_file`` does, and where each value stands in it.

    Raises:
        BadYamlError: The file cannot be read, or is refused.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        name = shown(str(path), _LONGEST_NAME)[1:-1]
        msg = f"{name} cannot be read: {reason}. Mend the path."
        raise BadYamlError(msg) from error
    reader = _Reader(str(path))
    return LocatedYaml(reader.read(_decoded(content, str(path))), reader.lines)


def load_text(text: str | bytes, source: str = "text") -> Any:  # noqa: ANN401 - the same
    """Read YAML as plain data.

    Args:
        text: UTF-8 if bytes; at most 1 MB, 50 levels and 20,000 values.
        source: What messages call it, as the path of a file.

    Raises:
        BadYamlError: It is refused; the message names line and column.
    """
    return _Reader(source).read(_decoded(text, source))


def dump(content: object) -> str:
    """Return plain data as YAML that ``load_text`` reads to the same data."""
    import yaml  # noqa: PLC0415 - only those who save a file pay for it

    class Dumper(yaml.SafeDumper):
        """Writes shared values in full, and quotes text that could be misread."""

        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - yaml's
            return True

        def represent_text(self, data: str) -> yaml.ScalarNode:
            style = "'" if _needs_quotes(data) else None
            return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, Dumper.represent_text)
    return yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True)


def _needs_quotes(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern, _ in _TRAPS)


def _decoded(text: str | bytes, source: str) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode(errors="replace"))
    if size > MAX_BYTES:
        msg = f"{shown(source)} is larger than 1 MB, the most that YAML may have here."
        raise BadYamlError(msg)
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        msg = f"{_place(source, line, 1)}: is not UTF-8. Save the file as UTF-8."
        raise BadYamlError(msg, line=line) from error


def _place(source: str, line: int, column: int) -> str:
    return f"{shown(source, _LONGEST_NAME)[1:-1]}:{line}:{column}"


def _line(event: Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else mark.line + 1


class _Reader:
    """Builds plain data from the events of one document."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._nodes = 0
        self.lines: dict[tuple[str | int, ...], int] = {}

    def read(self, text: str) -> object:
        import yaml  # noqa: PLC0415 - only those who load a file pay for it

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return self._document(yaml.parse(text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            problem = " ".join(filter(None, [error.context, error.problem]))
            why = f"is not YAML: {shown(problem)[1:-1]}"
            raise self._error(error.problem_mark, why) from error
        except yaml.YAMLError as error:
            first = str(error).partition("\n")[0]
            why = f"is not YAML: {shown(first)[1:-1]}"
            raise self._error(None, why) from error
        except UnicodeError as error:  # lone surrogates
            why = f"is not YAML: {shown(str(error))[1:-1]}"
            raise self._error(None, why) from error

    def _document(self, events: Iterator[Event]) -> object:
        from yaml import events as kinds  # noqa: PLC0415 - the same

        content: object = None
        documents = 0
        for event in events:
            if isinstance(event, kinds.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    why = "a second document begins; write one document in a file"
                    raise self._at(event, why)
                if event.tags:
                    raise self._at(event, "%TAG is not accepted")
            elif isinstance(event, kinds.NodeEvent):
                content = self._node(event, events, ())
        return content

    def _node(
        self,
        event: Any,  # noqa: ANN401 - the kinds of yaml
        events: Iterator[Event],
        place: tuple[str | int, ...],
    ) -> object:
        from yaml import events as kinds  # noqa: PLC0415 - the same

        self._nodes += 1
        if self._nodes > MAX_NODES:
            why = f"there are more than {MAX_NODES:,} values; split the file"
            raise self._at(event, why)
        if event.anchor is not None:
            word = "alias *" if isinstance(event, kinds.AliasEvent) else "anchor &"
            why = f"{word}{event.anchor[:40]} is not accepted; write the value out"
            raise self._at(event, why)
        if event.tag is not None:
            why = f"tag {shown(event.tag)} is not accepted; leave it out"
            raise self._at(event, why)
        if isinstance(event, kinds.ScalarEvent):
            return self._scalar(event)
        if len(place) >= MAX_DEPTH:
            why = f"it is nested deeper than {MAX_DEPTH} levels"
            raise self._at(event, why)
        if isinstance(event, kinds.SequenceStartEvent):
            return self._sequence(events, place)
        return self._mapping(events, place)

    def _sequence(
        self, events: Iterator[Event], place: tuple[str | int, ...]
    ) -> list[object]:
        from yaml import events as kinds  # noqa: PLC0415 - the same

        items: list[object] = []
        while not isinstance(event := next(events), kinds.SequenceEndEvent):
            inner = (*place, len(items))
            self.lines[inner] = _line(event)
            items.append(self._node(event, events, inner))
        return items

    def _mapping(
        self, events: Iterator[Event], place: tuple[str | int, ...]
    ) -> dict[str, object]:
        from yaml import events as kinds  # noqa: PLC0415 - the same

        content: dict[str, object] = {}
        while not isinstance(event := next(events), kinds.MappingEndEvent):
            scalar = event if isinstance(event, kinds.ScalarEvent) else None
            if scalar and scalar.implicit[0] and scalar.value == "<<":
                why = "the merge key << is not accepted; write the keys out"
                raise self._at(event, why)
            key = self._node(event, events, (*place, "?"))
            if not isinstance(key, str):
                why = f"the key {shown(key)} is not text; quote it"
                raise self._at(event, why)
            if key in content:
                known = self.lines[*place, key]
                why = f"the key {shown(key)} is there already, in line {known}"
                raise self._at(event, why)
            inner = (*place, key)
            self.lines[inner] = _line(event)
            content[key] = self._node(next(events), events, inner)
        return content

    def _scalar(self, event: ScalarEvent) -> object:
        text: str = event.value
        if not event.implicit[0]:
            return text  # in quotes, or a block
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        for pattern, reading in _TRAPS:
            if pattern.fullmatch(text):
                why = f"some programs read {shown(text)} as {reading}; quote it"
                raise self._at(event, why)
        number = _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text)
        if number is None:
            return text
        if len(text) > _MAX_DIGITS:
            why = f"a number has more than {_MAX_DIGITS} digits; quote it"
            raise self._at(event, why)
        return int(text) if _INTEGER.fullmatch(text) else float(text)

    def _at(self, event: Event, why: str) -> BadYamlError:
        return self._error(event.start_mark, why)

    def _error(self, mark: Mark | FastMark | None, why: str) -> BadYamlError:
        line = mark.line + 1 if mark is not None else 1
        column = mark.column + 1 if mark is not None else 1
        msg = f"{_place(self._source, line, column)}: {why}."
        return BadYamlError(msg, line=line, column=column)
