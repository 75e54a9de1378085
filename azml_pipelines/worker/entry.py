"""The seam to user code: something that is started once and called per mini-batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from azml_pipelines.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.worker.messages import NodeStart

__all__ = ["Entry", "EntryError", "MiniBatchContext", "entries"]


@dataclass
class MiniBatchContext:
    """What ``run(mini_batch, mini_batch_context)`` may ask about its mini-batch."""

    minibatch_index: int
    """Its place in the plan, from 0."""
    attempt: int = 1
    """Which try this is, from 1. Ours: for side effects that must not happen twice."""
    partition_key_value: dict[str, Any] | None = None
    """None for mini-batches that were not cut by partition keys."""

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
    {"script": "azml_pipelines.worker.script_entry:ScriptEntry"},
    "azml_pipelines.entries",
)
