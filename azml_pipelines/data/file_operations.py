"""Steps of a file dataset's definition, carried out while its files are listed."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from azml_pipelines.data.expression import columns_of, condition
from azml_pipelines.data.operations import chosen
from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from azml_pipelines.data.operations import Operation

__all__ = ["chosen_files", "local_facts"]

F = TypeVar("F")

_AT_ONCE = 1024


def chosen_files(
    files: Iterator[F],
    facts: Callable[[F, set[str]], dict[str, object]],
    operations: Sequence[Operation],
) -> Iterator[F]:
    """Yield the files that are left when every operation has had its say.

    Args:
        files: However they are named.
        facts: Finds out what a filter asks about a file, by the names of its columns.
        operations: In order.

    Raises:
        UserErrorException: A filter asks for something that files do not have, or is
            no condition.
    """
    for operation in operations:
        if operation.kind == "filter":
            files = _filtered(files, facts, operation.expression)
        elif operation.kind == "take":
            files = islice(files, operation.count)
        elif operation.kind == "skip":
            files = islice(files, operation.count, None)
        else:
            files = _by_chance(files, operation)
    return files


def _by_chance(files: Iterator[F], operation: Operation) -> Iterator[F]:
    first = 0
    while block := list(islice(files, _AT_ONCE)):
        mask = chosen(operation, first, len(block))
        first += len(block)
        yield from (file for file, stays in zip(block, mask, strict=True) if stays)


def _filtered(
    files: Iterator[F],
    facts: Callable[[F, set[str]], dict[str, object]],
    expression: Any,  # noqa: ANN401 - JSON
) -> Iterator[F]:
    import pandas as pd  # noqa: PLC0415 - only filters need it

    names = set(columns_of(expression))
    while block := list(islice(files, _AT_ONCE)):
        table = pd.DataFrame([facts(file, names) for file in block])
        try:
            mask = condition(expression, table)
        except ValueError as error:
            msg = (
                f"The files cannot be chosen: {error}. Ask for "
                f"{', '.join(map(str, table.columns))}."
            )
            raise UserErrorException(msg, inner_exception=error) from error
        yield from (file for file, stays in zip(block, mask, strict=True) if stays)


def local_facts(root: str, path: str, names: set[str]) -> dict[str, object]:
    """Return what a filter may ask about a local file."""
    import pandas as pd  # noqa: PLC0415 - only filters need it

    facts: dict[str, object] = {
        "Extension": os.path.splitext(path)[1],  # noqa: PTH122 - paths stay text
        "CanSeek": True,
    }
    if names & {"Size", "LastModifiedTime", "CreationTime"}:
        found = os.stat(os.path.join(root, path))  # noqa: PTH116, PTH118
        facts["Size"] = found.st_size
        facts["LastModifiedTime"] = pd.Timestamp(found.st_mtime, unit="s")
        facts["CreationTime"] = pd.Timestamp(found.st_ctime, unit="s")
    return facts
