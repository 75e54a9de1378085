"""The seam to user code: something that is started once and called per mini-batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from azml_pipelines.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.worker.messages import NodeStart

__all__ = ["Entry", "EntryError", "MiniBatchContext", "entries"]


class MiniBatchContext:
    """What ``run(mini_batch, mini_batch_context)`` may ask about its mini-batch.

    Args:
        minibatch_index: Its place in the plan, from 0.
        attempt: Which try this is, from 1. Ours: for side effects that must not happen
            twice.
        values: Finds its partition values, when somebody asks for them.
        dataset: Makes its dataset, the same.
    """

    def __init__(
        self,
        minibatch_index: int,
        attempt: int = 1,
        *,
        values: Callable[[], dict[str, Any] | None] = lambda: None,
        dataset: Callable[[], Any] = lambda: None,
    ) -> None:
        self.minibatch_index = minibatch_index
        self.attempt = attempt
        self._values = values
        self._dataset = dataset

    @property
    def partition_key_value(self) -> dict[str, Any] | None:
        """Partition key to value; None where nothing was cut by partition keys."""
        return self._values()

    @property
    def dataset(self) -> Any:  # noqa: ANN401 - a FileDataset or TabularDataset
        """The files of this mini-batch as a dataset; None for a piece of a file."""
        return self._dataset()

    @property
    def retry_count(self) -> int:
        """How many tries there were before this one, as version 2 counts them."""
        return self.attempt - 1

    @property
    def mini_batch_id(self) -> int:
        """The same as ``minibatch_index``."""
        return self.minibatch_index


class EntryError(Exception):
    """The entry as written cannot be used; the message says what it needs."""


class Entry(Protocol):
    """User code, whatever contract it was written to."""

    def init(self) -> None:
        """Load what every mini-batch needs; once per process, before the first one."""

    def run(self, mini_batch: Any, context: MiniBatchContext) -> Any:  # noqa: ANN401
        """Process one mini-batch and return its results."""

    def shutdown(self) -> None:
        """Clean up; once per process, after the last mini-batch."""


entries: Registry[Callable[[NodeStart], Entry]] = Registry(
    "entry kind",
    {
        "inference_server": "azml_pipelines.worker.inference_server.entry:"
        "InferenceServerEntry",
        "mlflow": "azml_pipelines.worker.mlflow_model.entry:MlflowEntry",
        "script": "azml_pipelines.worker.script_entry:ScriptEntry",
    },
    "azml_pipelines.entries",
)
