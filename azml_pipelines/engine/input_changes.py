"""What of a step's inputs has changed since they were listed. Reads only."""

from __future__ import annotations

import json
import os
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import StoreLocation
from azml_pipelines.data.listing import list_files, places_of
from azml_pipelines.data.mini_batch_line import paths_of
from azml_pipelines.data.minibatch import items_of
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.data.written_since import written_since
from azml_pipelines.engine.auto_size import FixedSizes
from azml_pipelines.engine.remote_input import RemoteInput
from azml_pipelines.engine.step_inputs import StepInput
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.source_changes import Changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.plan.run_plan import InputPlan, ParallelRunStepPlan

__all__ = ["compare_inputs"]

_LARGE_LIST = 16 * 1024**2
"""Bytes; such a list is made again only when something was written since."""


def compare_inputs(
    step: ParallelRunStepPlan, mini_batches: Path, since: float
) -> Iterator[tuple[str, str]]:
    """Yield the name of each input that has changed, and how.

    Outputs of other steps of the run are left out: they are the run's own.

    Args:
        step: A step of a plan.
        mini_batches: The frozen list.
        since: When the run was submitted; a file that was written later has changed.
    """
    for number, plan in enumerate(step.inputs):
        if plan.dataset is None:
            continue
        try:
            text = _compare(step, number, plan, plan.dataset, mini_batches, since)
        except (UserErrorException, OSError) as error:
            text = f"cannot be listed any more ({error})"
        if text:
            yield plan.name, text


def _compare(  # noqa: PLR0917 - one caller, which has all of it at hand
    step: ParallelRunStepPlan,
    number: int,
    plan: InputPlan,
    dataset: DatasetDefinition,
    mini_batches: Path,
    since: float,
) -> str:
    root = list_files(dataset).root
    size = step.settings.mini_batch_size
    remote = None
    if is_remote(dataset):
        if dataset.kind != "file" or plan.mode == "download":
            return _compare_names(dataset, mini_batches, number)
        remote = RemoteInput(dataset, StoreLocation(root), Path(root), None)
    keys = tuple(step.settings.partition_keys or ())
    found = StepInput(plan, dataset, root, root, remote, keys)

    if remote is None and _is_untouched(dataset, mini_batches, since):
        return ""

    def now() -> Iterator[str]:
        # Sizes that were found out while the run went on are those of the frozen list.
        sizes = FixedSizes(items_of(line.encode()) for line in then())
        cut = found.mini_batches(number, size, sizes)
        return (line for _, line in cut if line)

    def then() -> Iterator[str]:
        return _frozen(mini_batches, number)

    # The common case is a million equal lines, which nobody has to take apart. Runs
    # that take over items cut the same list elsewhere.
    if _same(now(), then()) or _same(_pieces(now()), _pieces(then())):
        if remote is not None:
            return ""  # Lines name the tags of files: equal ones are the same files.
        return Changes(changed=tuple(_written_since(root, then(), since))).text
    return _difference(now(), then())


def _is_untouched(dataset: DatasetDefinition, list_file: Path, since: float) -> bool:
    """Return whether a list of millions may stand without being made again.

    It may where no file and no folder that it could name was written since: looking at
    each of them once is several times faster than listing and comparing.
    """
    if list_file.stat().st_size < _LARGE_LIST:
        return False
    try:
        return not written_since(places_of(dataset), since)
    except OSError:
        return False


def _compare_names(dataset: DatasetDefinition, mini_batches: Path, number: int) -> str:
    """Compare which files there are; what was fetched at the start stays as it was."""
    new = set(list_files(dataset).paths)
    old = _distinct(_frozen(mini_batches, number)).keys()
    return Changes(tuple(sorted(new - old)), (), tuple(sorted(old - new))).text


def _frozen(mini_batches: Path, number: int) -> Iterator[str]:
    beginning = f"[{number},"
    with mini_batches.open(encoding="ascii") as file:
        for line in file:
            if line.startswith(beginning):
                yield line


def _same(new: Iterable[object], old: Iterable[object]) -> bool:
    return all(one == other for one, other in zip_longest(new, old))


def _pieces(lines: Iterable[str]) -> Iterator[object]:
    """Yield each file of mini-batches of files, and what the list says of it."""
    for line in lines:
        _, items, payload, *rest = json.loads(line)
        if items:
            yield from zip_longest(paths_of(items, payload), rest[0] if rest else ())
        else:
            yield line


def _paths(line: str) -> list[str]:
    _, items, payload, *_ = json.loads(line)
    return paths_of(items, payload)


def _marks(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each file, and what the list says that it was like."""
    for line in lines:
        _, items, payload, *rest = json.loads(line)
        marks = rest[0] if items and rest else []
        if not items:
            marks = [payload[3]] if isinstance(payload[3], str) else payload[3]
        yield from zip(paths_of(items, payload), map(str, marks), strict=False)


def _written_since(root: str, lines: Iterable[str], since: float) -> Iterator[str]:
    last = None
    for line in lines:
        for path in _paths(line):
            if path != last and os.stat(os.path.join(root, path)).st_mtime > since:  # noqa: PTH116, PTH118 - a million paths stay text
                yield path
            last = path


def _difference(now: Iterator[str], then: Iterator[str]) -> str:
    new, old = list(now), list(then)
    names, known = _distinct(new), _distinct(old)
    added, removed = names.keys() - known.keys(), known.keys() - names.keys()
    changed: set[str] = set()
    if not added and not removed:
        marks, known_marks = dict(_marks(new)), dict(_marks(old))
        changed = {path for path in marks if marks[path] != known_marks.get(path)}
    if not added and not removed and not changed:
        for line in set(new) ^ set(old):
            changed.update(_paths(line))
    changes = Changes(
        tuple(sorted(added)), tuple(sorted(changed)), tuple(sorted(removed))
    )
    return changes.text or "is listed in another order"


def _distinct(lines: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(path for line in lines for path in _paths(line))
