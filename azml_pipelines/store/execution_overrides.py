"""Where the overrides of resumed runs are kept: ``resume.<n>.json`` beside the plan."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import ValidationError

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.plan.execution_override import ExecutionOverride, apply_overrides
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.store.reuse_record import redirected

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["read_effective_plan", "read_overrides", "write_override"]


def read_effective_plan(folder: RunFolder) -> RunPlan:
    """Return the plan of a run with its overrides: what an orchestrator executes.

    Raises:
        WorkspaceException: An override cannot be read.
    """
    plan = RunPlan.model_validate_json(folder.plan.read_bytes())
    # What a reused step has left lies elsewhere than the plan could know.
    return redirected(apply_overrides(plan, read_overrides(folder)), folder)


def read_overrides(folder: RunFolder) -> tuple[ExecutionOverride, ...]:
    """Return the overrides of a run, the oldest first.

    Raises:
        WorkspaceException: One cannot be read.
    """
    return tuple(_read(file) for _, file in _files(folder))


def write_override(folder: RunFolder, override: ExecutionOverride) -> Path:
    """Keep an override; it is there when this returns, also after a loss of power."""
    last = max((number for number, _ in _files(folder)), default=0)
    file = folder.root / f"resume.{last + 1}.json"
    temporary = folder.root / f".{file.name}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(override.model_dump_json(indent=2, exclude_none=True).encode())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    return file


def _files(folder: RunFolder) -> list[tuple[int, Path]]:
    numbered = []
    for file in folder.root.glob("resume.*.json"):
        number = file.name.split(".")[1]
        if number.isdecimal():
            numbered.append((int(number), file))
    return sorted(numbered)


def _read(file: Path) -> ExecutionOverride:
    try:
        return ExecutionOverride.model_validate_json(file.read_bytes())
    except ValidationError as error:
        msg = f"{file} is not what a resume has written; remove it and resume again"
        raise WorkspaceException(msg, inner_exception=error) from error
