"""``python -m azml_pipelines.engine.lister LIST``: writes the rest of a long list.

A process of its own, so that a list of millions takes no time from the interpreter that
hands them out. It is told what to list by one line of JSON, says how far it has got by
lines of JSON, and ends at once when its standard input does. What it cannot list, it
leaves to whoever started it: every error has one place where it is told.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.data.frozen_list import (
    ChangedListError,
    MiniBatchTotals,
    append_mini_batches,
)
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.engine.step_inputs import StepInput
from azml_pipelines.plan.run_plan import InputPlan

__all__ = ["CHANGED", "ListOrder", "decode_totals", "main"]

CHANGED = 3
"""Exit code: the input does not begin with what was listed; nothing is written."""


@dataclass(frozen=True)
class ListOrder:
    """What there is to list."""

    inputs: tuple[StepInput, ...]
    size: MiniBatchSize

    @property
    def can_be_given_away(self) -> bool:
        """Whether another process lists the same.

        Sizes that are found out on the way are known here only, and so is what was
        found on a remote store.
        """
        here = any(
            found.remote is not None or is_remote(found.definition)
            for found in self.inputs
        )
        return self.size.unit != "auto" and not here

    def encode(self, kept: MiniBatchTotals) -> bytes:
        """Return the order as a line; ``kept`` is what of the list is written."""
        inputs = [
            {
                "plan": found.plan.model_dump_json(),
                "definition": found.definition.model_dump_json(),
                "root": found.root,
                "path": found.path,
                "keys": found.keys,
            }
            for found in self.inputs
        ]
        order = {
            "inputs": inputs,
            "size": asdict(self.size),
            "kept": asdict(kept),
        }
        return json.dumps(order).encode("ascii") + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> tuple[ListOrder, MiniBatchTotals]:
        """Read what ``encode`` wrote."""
        order = json.loads(line)
        inputs = tuple(
            StepInput(
                InputPlan.model_validate_json(fields["plan"]),
                DatasetDefinition.model_validate_json(fields["definition"]),
                fields["root"],
                fields["path"],
                keys=tuple(fields["keys"]),
            )
            for fields in order["inputs"]
        )
        size = MiniBatchSize(**order["size"])
        return cls(inputs, size), MiniBatchTotals(**order["kept"])


def decode_totals(line: bytes) -> MiniBatchTotals:
    """Read one of the lines that say how far the list has got.

    Raises:
        ValueError: It is none; who wrote it was killed meanwhile, say.
    """
    try:
        return MiniBatchTotals(**json.loads(line))
    except TypeError as error:
        msg = f"{line!r:.80} says nothing about a list"
        raise ValueError(msg) from error


def _watch_lifeline() -> None:
    """End with whoever started this, however long a folder takes to be read."""
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> int:
    """List what standard input asks for."""
    os.umask(0o077)
    line = sys.stdin.buffer.readline()
    if not line:
        return 1
    threading.Thread(target=_watch_lifeline, daemon=True).start()
    order, kept = ListOrder.decode(line)
    lines = (
        one
        for number, found in enumerate(order.inputs)
        for one in found.mini_batches(number, order.size)
    )
    try:
        for totals in append_mini_batches(lines, Path(sys.argv[1]), kept):
            sys.stdout.write(json.dumps(asdict(totals)) + "\n")
            sys.stdout.flush()
    except ChangedListError:
        return CHANGED
    return 0


if __name__ == "__main__":
    code = main()
    # The thread that watches does so for ever; nobody waits for it.
    os._exit(code)
