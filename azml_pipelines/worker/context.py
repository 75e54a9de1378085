"""What a mini-batch knows about itself, found out only when a script asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.data.loading import partition_values, subset
from azml_pipelines.worker.entry import MiniBatchContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.data.loading import FileInput, TableInput

__all__ = ["context_of"]


def context_of(
    line: str | bytes,
    inputs: Sequence[FileInput | TableInput],
    index: int,
    attempt: int = 1,
) -> MiniBatchContext:
    """Return the context of the mini-batch that ``line`` names."""

    def values() -> dict[str, Any] | None:
        return partition_values(line, inputs)

    def dataset() -> Any:  # noqa: ANN401 - a FileDataset or TabularDataset
        return subset(line, inputs)

    return MiniBatchContext(index, attempt, values=values, dataset=dataset)
