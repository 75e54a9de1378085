"""Version 1's dictionaries about a run, made from what the store knows."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from azml_pipelines.store.run_state import RunState, StepState

__all__ = ["RunDescription", "files_below", "history_status"]

_HISTORY_WORDS = {"Finished": "Completed"}


@dataclass(frozen=True)
class RunDescription:
    """What ``get_details()`` says beyond the state."""

    target: str
    properties: Mapping[str, str]
    log_files: Mapping[str, str]
    input_datasets: tuple[Mapping[str, Any], ...] = ()
    output_datasets: tuple[Mapping[str, Any], ...] = ()

    def details(self, run_id: str, state: RunState | StepState) -> dict[str, Any]:
        """Return a dictionary with version 1's keys."""
        details: dict[str, Any] = {
            "runId": run_id,
            "target": self.target,
            "status": history_status(state.status),
            "startTimeUtc": _time(state.started),
            "endTimeUtc": _time(state.ended),
            "services": {},
            "properties": dict(self.properties),
            "inputDatasets": list(self.input_datasets),
            "outputDatasets": list(self.output_datasets),
            "logFiles": dict(self.log_files),
            "submittedBy": _user(),
            "warnings": [],
        }
        if state.error is not None:
            details["error"] = {
                "error": {"code": "UserError", "message": state.error},
                "time": _time(state.ended),
            }
        return details


def history_status(status: str) -> str:
    """Return the word of version 1's run history for a pipeline's status."""
    return _HISTORY_WORDS.get(status, status)


def files_below(folder: Path) -> dict[str, str]:
    """Return relative to absolute paths of all files in a folder, sorted."""
    if not folder.is_dir():
        return {}
    return {
        file.relative_to(folder).as_posix(): str(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='microseconds')}Z"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an account, as in containers
        return ""
