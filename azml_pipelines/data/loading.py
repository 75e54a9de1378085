"""A line of the mini-batch list becomes what ``run(mini_batch)`` gets, in workers."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.delimited import Delimited, read_piece

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FileInput", "TableInput", "load_mini_batch"]


class FileInput:
    """Files: a mini-batch is a list of local paths."""

    def __init__(self, root: str) -> None:
        self._prefix = os.path.join(root, "")

    def load(self, payload: Sequence[str]) -> list[str]:
        """Return absolute paths, in the order of the plan."""
        prefix = self._prefix
        return [prefix + path for path in payload]


class TableInput:
    """Delimited files: a mini-batch is a DataFrame with an index from 0."""

    def __init__(self, root: str, text: Delimited) -> None:
        self._root = root
        self._text = text

    def load(self, payload: Sequence[Any]) -> Any:  # noqa: ANN401 - a DataFrame
        """Read one piece of one file, or some of its rows."""
        path, start, end, *rows = payload
        frame = read_piece(os.path.join(self._root, path), start, end, self._text)
        if rows:
            first, count = rows
            frame = frame.iloc[first : first + count].reset_index(drop=True)
        return frame


def load_mini_batch(line: bytes, inputs: Sequence[FileInput | TableInput]) -> Any:  # noqa: ANN401 - a list or a DataFrame
    """Return the mini-batch that ``line`` names.

    Raises:
        OSError: A file is gone or cannot be read.
        ValueError: A piece is no table.
    """
    number, _, payload = json.loads(line)
    return inputs[number].load(payload)
