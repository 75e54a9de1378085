"""What anybody sees who looks at a run that has ended, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.commit import commit
from azml_pipelines.data.output_writer import OutputWriter
from azml_pipelines.errors import AzmlError
from azml_pipelines.store.failed_items import failed_items
from azml_pipelines.store.failure_groups import read_step_failures
from azml_pipelines.store.journal import Journal
from azml_pipelines.store.resume_report import read_resume_report
from azml_pipelines.store.run_reader import read_failures, read_output, read_run_state
from azml_pipelines.store.verify import verify_run
from azml_pipelines.store.workspace_folder import RunFolder
from chaos.recovery import Recovery, refusal, unnamed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from azml_pipelines.plan.run_plan import RunPlan

__all__ = ["Sight", "inspect", "look"]


@dataclass(frozen=True)
class Sight:
    """All that can be seen; damage that changes nothing of it does no harm."""

    seen: tuple[Any, ...]


def look(root: Path, plan: RunPlan) -> Sight:
    """Look at everything of an undamaged run."""
    folder = RunFolder(root)
    return Sight(tuple(reader(folder, plan) for reader in _readers()))


def inspect(root: Path, plan: RunPlan, sight: Sight) -> Recovery:
    """Look at everything of a damaged one.

    Returns:
        ``refused`` when ``azml verify`` names a damage, ``exact`` when it finds none
        and all is as it was, ``wrong`` when it finds none and something is not.
        ``unnamed`` when any look ends in an error that is not one of ours.
    """
    folder = RunFolder(root)
    changed = ""
    for reader, seen in zip(_readers(), sight.seen, strict=True):
        try:
            if reader(folder, plan) != seen:
                changed = changed or reader.__name__
        except AzmlError as error:
            found = refusal(error)
            if found.kind != "refused":
                return found
            changed = changed or reader.__name__
        except Exception as error:
            return unnamed(error)
    try:
        damages = [finding.text for finding in verify_run(folder) if not finding.ok]
    except Exception as error:
        return unnamed(error)
    if damages:
        return Recovery("refused", damages[0])
    return Recovery("wrong", changed) if changed else Recovery("exact")


def _readers() -> tuple[Callable[[RunFolder, RunPlan], Any], ...]:
    return (_state, _failures, _items, _report, _rows)


def _state(folder: RunFolder, plan: RunPlan) -> Any:
    step = plan.steps[0].step_run_id
    return read_run_state(folder), read_output(folder, step)


def _failures(folder: RunFolder, plan: RunPlan) -> Any:
    step = plan.steps[0]
    failures = list(read_failures(folder, step.step_run_id, most=1000))
    return failures, read_step_failures(folder, step, 0)


def _items(folder: RunFolder, plan: RunPlan) -> Any:
    return list(failed_items(folder, plan.steps[0], 0))


def _report(folder: RunFolder, _: RunPlan) -> Any:
    return read_resume_report(folder)


def _rows(folder: RunFolder, plan: RunPlan) -> Any:
    journal = Journal(folder.journal)
    destination = folder.root / "again.txt"
    writer = OutputWriter(plan.steps[0].step_run_id, 0, bool)
    try:
        parts = folder.step(plan.steps[0].step_run_id).parts
        commit(journal.stretches(0), parts, destination, writer)
        return destination.read_bytes()
    finally:
        journal.close()
        destination.unlink(missing_ok=True)
