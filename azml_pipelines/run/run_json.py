"""Runs as JSON, for programs. The shape changes only together with its version."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.store.run_state import RunState

__all__ = ["run_as_json", "run_fields", "runs_as_json", "runs_fields"]

SCHEMA_VERSION = 1
_TIMES = frozenset({"created", "started", "ended"})


def run_as_json(state: RunState, outputs: Mapping[str, str]) -> str:
    """Return one run with its steps; ``outputs`` is name to absolute path."""
    return json.dumps(run_fields(state, outputs), indent=2)


def runs_as_json(states: Sequence[RunState]) -> str:
    """Return several runs, as they come."""
    return json.dumps(runs_fields(states), indent=2)


def run_fields(state: RunState, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``run_as_json`` writes."""
    return {"schema_version": SCHEMA_VERSION, **_fields(state), "outputs": {**outputs}}


def runs_fields(states: Sequence[RunState]) -> dict[str, Any]:
    """Return what ``runs_as_json`` writes."""
    runs = [_fields(state) for state in states]
    return {"schema_version": SCHEMA_VERSION, "runs": runs}


def _fields(state: RunState) -> dict[str, Any]:
    """Return the fields of a run; times are ISO 8601 in UTC, unknown ones null."""
    fields = _with_readable_times(asdict(state))
    fields["steps"] = [_with_readable_times(step) for step in fields["steps"]]
    return fields


def _with_readable_times(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _moment(value) if name in _TIMES else value
        for name, value in fields.items()
    }


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
