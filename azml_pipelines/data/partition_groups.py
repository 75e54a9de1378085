"""Files put together by the partition values in their paths."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.table import stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from azml_pipelines.data.partition_format import Partition

__all__ = ["FileGroup", "distinct_values", "file_groups", "grouped"]


@dataclass
class FileGroup:
    """The files of one combination of partition values."""

    values: dict[str, Any]
    paths: list[str] = field(default_factory=list)
    """Relative to the root, in the order of the dataset."""
    stamps: list[str] = field(default_factory=list)


def file_groups(
    root: str,
    paths: Iterable[str],
    partition: Partition | None,
    keys: Sequence[str],
    *,
    stamped: bool = True,
) -> list[FileGroup]:
    """Return one group per combination of values of ``keys``, empty files left out.

    Args:
        root: Local folder; paths are relative to it.
        paths: The files.
        partition: Where their values stand.
        keys: Some or all of its columns; the others are merged.
        stamped: Whether groups say what their files were like.

    Raises:
        ValueError: A path does not look as it should, or a key is unknown.
    """
    values_of = _values_of(partition, keys)
    groups: dict[tuple[Any, ...], FileGroup] = {}
    for path in paths:
        whole = os.path.join(root, path)  # noqa: PTH118 - a million paths stay text
        stamp = stamp_of(whole)
        if stamp.startswith("0-"):
            continue
        values = values_of(path)
        group = groups.setdefault(tuple(values.values()), FileGroup(values))
        group.paths.append(path)
        group.stamps.append(stamp if stamped else "")
    return list(groups.values())


def grouped(
    paths: Iterable[str], partition: Partition | None, keys: Sequence[str]
) -> list[list[str]]:
    """Return the paths of each combination of values; see ``file_groups``."""
    values_of = _values_of(partition, keys)
    groups: dict[tuple[Any, ...], list[str]] = {}
    for path in paths:
        groups.setdefault(tuple(values_of(path).values()), []).append(path)
    return list(groups.values())


def distinct_values(
    paths: Iterable[str], partition: Partition | None, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """Return each combination of values that is in some path, in order of appearance.

    Raises:
        ValueError: See ``file_groups``.
    """
    values_of = _values_of(partition, keys)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for path in paths:
        values = values_of(path)
        found.setdefault(tuple(values.values()), values)
    return list(found.values())


def _values_of(
    partition: Partition | None, keys: Sequence[str]
) -> Callable[[str], dict[str, Any]]:
    names = partition.names if partition else ()
    unknown = [key for key in keys if key not in names]
    if partition is None or unknown:
        missing = repr(unknown[0]) if unknown else "any"
        known = ", ".join(names) or "none"
        msg = f"there is no partition key {missing}; the dataset has {known}"
        raise ValueError(msg)
    found = partition

    def values_of(path: str) -> dict[str, Any]:
        values = found.values(path)
        return {key: values[key] for key in keys}

    return values_of
