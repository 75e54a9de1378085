"""Which results a workspace has that may stand in for a later step.

    results/<declared>/<run id>.<step run id>.json

``declared`` is the checksum of what the plan says about a result. Files appear whole
and are never changed, so any number of runs may write at the same time.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from azml_pipelines.plan.run_plan import OutputPlan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ResultIndex", "StepResult"]


class StepResult(BaseModel):
    """The result of a step that has finished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    step_run_id: str
    step_name: str
    ended: float
    """Seconds since 1970."""
    seconds: float
    """That the step took."""
    declared: str
    digest: str
    """Of the whole fingerprint."""
    outputs: tuple[OutputPlan, ...] = ()
    output_marks: tuple[str, ...] = ()
    """A checksum of what lies in each of the outputs, in their order."""
    committed: str | None = None
    """Path of the file with the rows, on this machine."""
    committed_sha256: str | None = None
    mini_batches: int | None = None
    items: int = 0
    failed_items: int = 0


class ResultIndex:
    """The results of a workspace.

    Args:
        folder: Made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def knows(self, declared: str) -> bool:
        """Whether there may be a result with these declared parts."""
        return (self._folder / declared).is_dir()

    def find(self, declared: str) -> list[StepResult]:
        """Return the results with these declared parts, the newest first."""
        found = list(self._read(f"{declared}/*.json"))
        return sorted(found, key=lambda result: -result.ended)

    def all(self) -> list[StepResult]:
        """Return every result of the workspace, in no order."""
        return list(self._read("*/*.json"))

    def of_run(self, run_id: str) -> list[StepResult]:
        """Return the results that a run has made."""
        return list(self._read(f"*/{run_id}.*.json"))

    def add(self, result: StepResult) -> None:
        """Keep a result."""
        place = self._folder / result.declared
        name = f"{result.run_id}.{result.step_run_id}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._folder / f"{name}.tmp"
        temporary.write_text(result.model_dump_json(), encoding="utf-8")
        while True:
            place.mkdir(mode=0o700, exist_ok=True)
            # Whoever forgets the last result of this place takes the folder away.
            with contextlib.suppress(FileNotFoundError):
                temporary.replace(place / f"{name}.json")
                return

    def forget_run(self, run_id: str) -> None:
        """Forget the results of a run."""
        for path in self._folder.glob(f"*/{run_id}.*"):
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there are others in it
                path.parent.rmdir()

    def _read(self, pattern: str) -> Iterator[StepResult]:
        for path in self._folder.glob(pattern):
            with contextlib.suppress(OSError, ValidationError):
                yield StepResult.model_validate_json(path.read_bytes())
