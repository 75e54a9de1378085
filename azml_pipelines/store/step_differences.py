"""In which parts two results differ, down to the file. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from azml_pipelines.store.reuse_record import read_contents, read_fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from azml_pipelines.plan.fingerprint import Fingerprint, Part
    from azml_pipelines.store.result_index import StepResult
    from azml_pipelines.store.reuse_record import ContentLine
    from azml_pipelines.store.workspace_folder import StepFolder, WorkspaceFolder

__all__ = ["Difference", "compare_steps", "count_differences", "nearest_difference"]

_ORDER = ("code", "setting", "argument", "input", "side input", "output", "environment")
_CONTENTS = frozenset({"input", "side input"})
_DIGITS = 12
_LOOKED_AT = 50
_LONGEST = 80


@dataclass(frozen=True)
class Difference:
    """One part, as it was in the older result and as it is in the newer one."""

    kind: str
    """``code``, ``setting``, ``argument``, ``input``, ``side input``, ``output`` or
    ``environment``."""
    name: str
    """Of the file, parameter, setting, input or package."""
    old: str | None
    """None when the older result has no such part."""
    new: str | None

    @property
    def text(self) -> str:
        """What differs, in words: ``setting mini_batch_size: '1' -> '2'``."""
        if self.old is None:
            return f"{self.kind} {self.name} is new{self._value(self.new)}"
        if self.new is None:
            return f"{self.kind} {self.name} is gone{self._value(self.old)}"
        if not self.old:
            return f"{self.kind} {self.name}: {self.new}"
        if self._is_file:
            old, new = self.old[:_DIGITS], self.new[:_DIGITS]
            return f"{self.kind} {self.name} has changed (checksum {old} -> {new})"
        return f"{self.kind} {self.name}: {_short(self.old)} -> {_short(self.new)}"

    @property
    def _is_file(self) -> bool:
        return self.kind == "code" or (self.kind in _CONTENTS and ": " in self.name)

    def _value(self, value: str | None) -> str:
        return "" if self._is_file or value is None else f" ({_short(value)})"


def count_differences(new: Fingerprint, old: Fingerprint) -> int:
    """Return in how many parts two results differ; an input counts as one."""
    return len(list(_differing(_all(new, old), _all(old, new))))


def nearest_difference(
    new: Fingerprint,
    lines: Sequence[ContentLine],
    results: Iterable[StepResult],
    workspace: WorkspaceFolder,
) -> str:
    """Return the first difference from the nearest of some results, in words.

    Args:
        new: What has been looked at.
        lines: What the files of its inputs hold; empty when nobody has looked.
        results: To compare with, the newest first.
        workspace: Where they are kept.
    """
    best: tuple[int, StepFolder, Fingerprint] | None = None
    for result in islice(results, _LOOKED_AT):
        folder = workspace.run(result.run_id).step(result.step_run_id)
        old = read_fingerprint(folder)
        if old is not None:
            count = count_differences(new, old)
            if best is None or count < best[0]:
                best = (count, folder, old)
    if best is None:
        return ""
    found = _compared(new, lines, best[2], best[1])
    return found[0].text if found else ""


def compare_steps(new: StepFolder, old: StepFolder) -> tuple[Difference, ...]:
    """Return what differs between two results: code first, packages last.

    Of inputs it is the files that are named, in their order. What the inputs of a step
    hold is left out when it is not known of both.
    """
    now, then = read_fingerprint(new), read_fingerprint(old)
    if now is None or then is None:
        return ()
    return _compared(now, list(read_contents(new)), then, old)


def _compared(
    now: Fingerprint, lines: Sequence[ContentLine], then: Fingerprint, old: StepFolder
) -> tuple[Difference, ...]:
    found: list[Difference] = []
    for difference in _differing(_all(now, then), _all(then, now)):
        is_content = difference.kind in _CONTENTS and "(" not in difference.name
        files = _files(lines, old, difference) if is_content else []
        found += files or [difference]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.kind)))


def _all(one: Fingerprint, other: Fingerprint) -> tuple[Part, ...]:
    known = one.contents and other.contents
    return (*one.declared, *one.contents) if known else one.declared


def _differing(new: Iterable[Part], old: Iterable[Part]) -> Iterable[Difference]:
    now = {part[:2]: part.value for part in new}
    then = {part[:2]: part.value for part in old}
    for key in [*now, *(key for key in then if key not in now)]:
        if now.get(key) != then.get(key):
            yield Difference(*key, then.get(key), now.get(key))


def _files(
    new: Iterable[ContentLine], old: StepFolder, difference: Difference
) -> list[Difference]:
    name = difference.name
    now, then = _marks(new, name), _marks(read_contents(old), name)
    found = [
        Difference(
            difference.kind, f"{difference.name}: {path}", then.get(path), now.get(path)
        )
        for path in [*now, *(path for path in then if path not in now)]
        if now.get(path) != then.get(path)
    ]
    if not found:
        order = "the files come in another order"
        found = [Difference(difference.kind, difference.name, "", order)]
    return found


def _marks(lines: Iterable[ContentLine], name: str) -> dict[str, str]:
    return {
        line.path: f"{line.mark} {line.size}" for line in lines if line.input == name
    }


def _short(value: str) -> str:
    text = value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    return repr(text)
