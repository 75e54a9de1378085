"""Which run a command means: its id, the beginning of it, or ``latest``."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from azml_pipelines.errors import RunNotFoundError, UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.catalog import RunRecord

__all__ = ["LATEST", "closest", "every_run", "find_run", "runs_since"]

LATEST = "latest"
_SHOWN = 3


def find_run(text: str) -> PipelineRun:
    """Return the run that ``text`` means, in the workspace of the working directory.

    Raises:
        RunNotFoundError: There is none; the message names the closest ids.
        UserErrorException: There are several.
    """
    workspace = _workspace()
    return _opened(workspace, _choose(workspace.catalog.runs.newest_first(), text))


def every_run() -> Iterator[PipelineRun]:
    """Yield the runs of the workspace of the working directory, the newest first."""
    workspace = _workspace()
    for record in workspace.catalog.runs.newest_first():
        yield _opened(workspace, record)


def runs_since(workspace: Workspace, moment: float) -> list[PipelineRun]:
    """Return the runs submitted after ``moment``, the first one first."""
    records = workspace.catalog.runs.newest_first()
    new = [record for record in records if record.created >= moment]
    return [_opened(workspace, record) for record in reversed(new)]


def closest(text: str, names: Sequence[str]) -> list[str]:
    """Return the three names that look most like ``text``, the closest first."""

    def likeness(name: str) -> float:
        # What was typed may be meant as the beginning of a name.
        beginning = name[: max(len(text), 1)]
        return difflib.SequenceMatcher(None, text, beginning).ratio()

    return sorted(names, key=likeness, reverse=True)[:_SHOWN]


def _workspace() -> Workspace:
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    return Workspace.from_config()


def _choose(records: Sequence[RunRecord], text: str) -> RunRecord:
    if not records:
        msg = "This workspace has had no runs yet; to start one: azml submit FILE.py"
        raise RunNotFoundError(msg)
    if text == LATEST:
        return records[0]
    fitting = [record for record in records if text and record.run_id.startswith(text)]
    exact = [record for record in fitting if record.run_id == text]
    match exact or fitting:
        case [record]:
            return record
        case []:
            near = closest(text, [record.run_id for record in records])
            msg = f"No run is called {shown(text)}; closest: {', '.join(near)}."
            raise RunNotFoundError(msg)
        case several:
            some = ", ".join(record.run_id for record in several[:_SHOWN])
            rest = ", …" if len(several) > _SHOWN else ""
            msg = (
                f"{len(several)} runs start with {shown(text)}: {some}{rest}. Type "
                "more."
            )
            raise UserErrorException(msg)


def _opened(workspace: Workspace, record: RunRecord) -> PipelineRun:
    from azml_pipelines.run.experiment import Experiment  # noqa: PLC0415 - slow to load
    from azml_pipelines.run.pipeline_run import PipelineRun  # noqa: PLC0415 - the same

    return PipelineRun(Experiment(workspace, record.experiment), record.run_id)
