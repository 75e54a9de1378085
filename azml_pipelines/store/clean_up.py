"""Removes what nobody needs any more: parts of finished runs, old runs, leftovers.

Outputs on datastores are never touched. What a run that stays has reused stays too, and
so does every run that has not ended.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from azml_pipelines.errors import AzmlError
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.store.content_cache import ContentCache
from azml_pipelines.store.kept_models import unused_models
from azml_pipelines.store.launch_lock import is_launching
from azml_pipelines.store.result_index import ResultIndex
from azml_pipelines.store.results_lock import removing_results
from azml_pipelines.store.reuse_record import read_reuse
from azml_pipelines.store.run_reader import read_run_state
from azml_pipelines.store.unfinished_run import sweep_unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from azml_pipelines.store.catalog import Catalog, RunRecord
    from azml_pipelines.store.workspace_folder import RunFolder, WorkspaceFolder

__all__ = ["CleanUp", "CleanUpRules", "Kept", "Removed", "clean_up"]

_GONE = ".gone-"
_MINUTE = 60.0


@dataclass(frozen=True)
class CleanUpRules:
    """Which runs go. A run has to fit every rule that is given."""

    older_than: float | None = None
    """Seconds since a run has ended."""
    keep_last: int | None = None
    """The newest ended runs of each experiment stay."""
    parts_only: bool = False
    """Take only the parts of the runs that fit, and leave the runs."""

    @property
    def choose_runs(self) -> bool:
        """Whether there is a rule by which whole runs go."""
        return self.older_than is not None or self.keep_last is not None


@dataclass(frozen=True)
class Removed:
    """One thing that is gone, or would be."""

    what: Literal["run", "parts", "leftover", "model", "checksums", "cache"]
    name: str
    """Id of the run, or what it is."""
    bytes: int


@dataclass(frozen=True)
class Kept:
    """A run that fits the rules and stays all the same."""

    run_id: str
    reason: str


@dataclass
class CleanUp:
    """What was removed, and what was not."""

    removed: list[Removed] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Freed on the disk."""
        return sum(one.bytes for one in self.removed)


@dataclass(frozen=True)
class _Run:
    record: RunRecord
    folder: RunFolder
    status: str
    ended: float | None
    uses: frozenset[str]
    """Runs whose results it has, or is about to take over."""


def clean_up(
    workspace: WorkspaceFolder,
    catalog: Catalog,
    rules: CleanUpRules,
    *,
    dry_run: bool = False,
) -> CleanUp:
    """Remove what the rules say.

    Without a rule for runs, the parts of all finished runs go but those of the newest
    finished run of each experiment, on which an incremental run may build.

    Args:
        workspace: Its folder.
        catalog: Of the workspace.
        rules: What goes.
        dry_run: Only say so.

    Raises:
        UserErrorException: Runs have been deciding what to reuse for a minute.
    """
    done = CleanUp()
    now = time.time()
    with removing_results(workspace):
        runs = list(_ended_and_others(workspace, catalog, now, dry_run=dry_run))
        going = _going(runs, rules, now, done)
        if not dry_run:
            # From here on nobody can find a result that is about to go.
            index = ResultIndex(workspace.results)
            for run in going:
                index.forget_run(run.record.run_id)
    for run in going:
        run_id = run.record.run_id
        done.removed.append(Removed("run", run_id, _bytes(run.folder.root)))
        if not dry_run:
            gone = run.folder.root.with_name(f"{_GONE}{run_id}")
            run.folder.root.rename(gone)
            catalog.runs.remove(run_id)
            shutil.rmtree(gone, ignore_errors=True)
    staying = [run for run in runs if run not in going]
    for run in _losing_parts(staying, rules, now):
        _remove_parts(run, done, dry_run=dry_run)
    _sweep(workspace, done, now, dry_run=dry_run)
    return done


def _ended_and_others(
    workspace: WorkspaceFolder, catalog: Catalog, now: float, *, dry_run: bool
) -> Iterator[_Run]:
    """Yield every run that can be read, the newest first."""
    for record in catalog.runs.newest_first():
        folder = workspace.run(record.run_id)
        if not folder.root.exists():
            if not dry_run and now - record.created > _MINUTE:
                catalog.runs.remove(record.run_id)  # its folder was removed before
            continue
        status, ended = "unreadable", None
        try:
            state = read_run_state(folder)
            if state.ended_for_good and not is_launching(folder):
                status, ended = state.status, state.ended or state.created
            else:
                status = "Running"
        except (AzmlError, OSError):
            pass
        yield _Run(record, folder, status, ended, frozenset(_uses(folder, ended)))


def _uses(folder: RunFolder, ended: float | None) -> Iterator[str]:
    for step in sorted(folder.steps.glob("*")):
        record = read_reuse(folder.step(step.name))
        if record is None or record.run_id is None:
            continue
        # What an incremental run has taken over, it has copied by its end.
        if record.decision == "reused" or ended is None:
            yield record.run_id


def _fitting(runs: Iterable[_Run], rules: CleanUpRules, now: float) -> Iterator[_Run]:
    seen: dict[str, int] = {}
    for run in runs:
        if run.ended is None:
            continue
        rank = seen.get(run.record.experiment, 0)
        seen[run.record.experiment] = rank + 1
        old = rules.older_than is None or now - run.ended > rules.older_than
        if old and (rules.keep_last is None or rank >= rules.keep_last):
            yield run


def _going(
    runs: list[_Run], rules: CleanUpRules, now: float, done: CleanUp
) -> list[_Run]:
    """Return the runs that go as a whole, and note those that only would."""
    if rules.parts_only or not rules.choose_runs:
        return []
    going = []
    for run in _fitting(runs, rules, now):
        if _has_own_output(run.folder):
            reason = "its output lies in its own folder"
            done.kept.append(Kept(run.record.run_id, reason))
        else:
            going.append(run)
    while True:
        ids = {run.record.run_id for run in going}
        users = {
            used: run.record.run_id
            for run in runs
            if run.record.run_id not in ids
            for used in run.uses & ids
        }
        if not users:
            return going
        for used, user in users.items():
            done.kept.append(Kept(used, f"run {user} reuses a result of it"))
        going = [run for run in going if run.record.run_id not in users]


def _has_own_output(folder: RunFolder) -> bool:
    try:
        plan = RunPlan.model_validate_json(folder.plan.read_bytes())
    except (OSError, ValueError):
        return True  # nobody can tell
    return any(
        not step.all_outputs and any(folder.step(step.step_run_id).output.rglob("*"))
        for step in plan.steps
    )


def _losing_parts(runs: list[_Run], rules: CleanUpRules, now: float) -> Iterator[_Run]:
    if rules.parts_only and rules.choose_runs:
        fitting = _fitting(runs, rules, now)
    else:
        finished = [run for run in runs if run.status == "Finished"]
        fitting = _fitting(finished, CleanUpRules(keep_last=1), now)
    busy = {used for run in runs if run.ended is None for used in run.uses}
    for run in fitting:
        # A run that has not finished needs its parts to be resumed.
        if run.status == "Finished" and run.record.run_id not in busy:
            yield run


def _remove_parts(run: _Run, done: CleanUp, *, dry_run: bool) -> None:
    size, found = 0, False
    for step in sorted(run.folder.steps.glob("*")):
        folder = run.folder.step(step.name)
        if folder.parts.is_dir():
            found = True
            size += _bytes(folder.parts)
            if not dry_run:
                folder.parts_removed.touch(mode=0o600)
                shutil.rmtree(folder.parts, ignore_errors=True)
    if found:
        done.removed.append(Removed("parts", run.record.run_id, size))


def _sweep(
    workspace: WorkspaceFolder, done: CleanUp, now: float, *, dry_run: bool
) -> None:
    """Remove what submissions and clean-ups left that were killed midway."""
    for gone in sorted(workspace.runs.glob(f"{_GONE}*")):
        name = gone.name.removeprefix(_GONE)
        done.removed.append(Removed("leftover", name, _bytes(gone)))
        if not dry_run:
            shutil.rmtree(gone, ignore_errors=True)
    if not dry_run and workspace.runs.is_dir():
        done.removed += [
            Removed("leftover", name, 0)
            for name in sweep_unfinished(workspace.runs, now)
        ]
    for model in unused_models(workspace, now):
        done.removed.append(Removed("model", model.name, _bytes(model)))
        if not dry_run:
            shutil.rmtree(model, ignore_errors=True)
    before = _size(workspace.content_cache)
    with ContentCache(workspace.content_cache, read_only=dry_run) as cache:
        count = cache.sweep(dry_run=dry_run)
    if count:
        freed = 0 if dry_run else max(before - _size(workspace.content_cache), 0)
        what = f"{count} files that are gone"
        done.removed.append(Removed("checksums", what, freed))


def _bytes(folder: Path) -> int:
    return sum(_size(path) for path in folder.rglob("*") if not path.is_dir())


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
