"""Runs a step of any kind, unless an earlier result stands in for it."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.commit_tables import digest_of
from azml_pipelines.engine.reuse_decision import base_for, decide
from azml_pipelines.engine.step_environment import step_packages
from azml_pipelines.engine.step_fingerprint import (
    MOST_FILES,
    ChangedInputError,
    content_parts,
    declared_fingerprint,
    output_mark,
)
from azml_pipelines.engine.step_output import register_outputs
from azml_pipelines.errors import UserErrorException
from azml_pipelines.failpoints import point
from azml_pipelines.plan.fingerprint import Fingerprint, digest_of_parts
from azml_pipelines.plan.reuse_options import why_not_incremental
from azml_pipelines.store.content_cache import ContentCache
from azml_pipelines.store.result_index import ResultIndex, StepResult
from azml_pipelines.store.results_lock import using_results
from azml_pipelines.store.reuse_record import (
    ContentLine,
    ReuseRecord,
    read_fingerprint,
    read_reuse,
    redirected_step,
    write_contents,
    write_fingerprint,
    write_reuse,
)
from azml_pipelines.store.run_reader import read_output_facts, read_step_state
from azml_pipelines.store.workspace_folder import WorkspaceFolder

if TYPE_CHECKING:
    from azml_pipelines.engine.reuse_decision import Decision
    from azml_pipelines.engine.step_executor import MakeExecutor, StepContext
    from azml_pipelines.plan.fingerprint import Part
    from azml_pipelines.plan.run_plan import StepPlan
    from azml_pipelines.store.run_state import Status
    from azml_pipelines.store.workspace_folder import StepFolder

__all__ = ["ReusingExecutor", "reusing"]


def reusing(make: MakeExecutor) -> MakeExecutor:
    """Return what makes executors that look for an earlier result first."""

    def make_reusing(
        step: StepPlan, position: int, context: StepContext
    ) -> ReusingExecutor:
        return ReusingExecutor(step, position, context, make)

    return make_reusing


class ReusingExecutor:
    """One step, from the decision whether it runs to the note of what it has made."""

    def __init__(
        self, step: StepPlan, position: int, context: StepContext, make: MakeExecutor
    ) -> None:
        self._step = redirected_step(step, context.run, context.folder)
        self._position = position
        self._context = context
        self._runs = True
        self._executor = make(self._step, position, context)
        self._folder = context.folder.step(step.step_run_id)
        self._workspace = WorkspaceFolder(Path(context.run.workspace.root))

    def work(self) -> None:
        """See ``StepExecutor``."""
        before = read_reuse(self._folder)
        # Once a step has begun to run, it is not asked again whether it need to.
        if before is None or before.decision == "reused":
            self._runs = not self._reused()
        if self._runs:
            self._executor.work()

    def first_failure(self) -> str:
        """See ``StepExecutor``."""
        return self._executor.first_failure()

    def ended(self, status: Status, error: str | None) -> None:
        """See ``StepExecutor``."""
        if not self._runs:
            return
        self._executor.ended(status, error)
        if status == "Finished" and self._step.allow_reuse:
            point("reuse.remember")
            try:
                self._remember()
            except (UserErrorException, OSError) as problem:
                self._say(f"its result will not be reused: {problem}")
                self._note_unusable(str(problem))

    def _reused(self) -> bool:
        """Decide, once for all orchestrators of the run."""
        source = self._folder.snapshot if self._step.source_directory else None
        packages = step_packages(self._step, self._context.run.workspace)
        declared = declared_fingerprint(self._step, source, packages)
        lines: list[ContentLine] = []
        with (
            using_results(self._workspace),
            ContentCache(self._workspace.content_cache) as cache,
        ):

            def read() -> tuple[Part, ...]:
                return content_parts(self._step, cache, note=lines.append)

            decision = decide(
                self._context.run,
                self._step,
                declared,
                read=read,
                cache=cache,
                workspace=self._workspace,
            )
            write_fingerprint(self._folder, decision.fingerprint)
            if lines:
                write_contents(self._folder, lines)
            if decision.result is not None:
                self._reuse(decision.result)
                return True
        write_reuse(self._folder, self._building_on(decision))
        return False

    def _building_on(self, decision: Decision) -> ReuseRecord:
        """Name what an incremental run takes mini-batches over from."""
        record = ReuseRecord(decision="ran", reason=decision.reason)
        if self._context.run.incremental == "no" or why_not_incremental(self._step):
            return record
        base = base_for(decision, self._workspace)
        if base is None:
            return record
        origin = {"run_id": base.run_id, "step_run_id": base.step_run_id}
        return record.model_copy(update=origin)

    def _reuse(self, result: StepResult) -> None:
        journal = self._context.journal
        point("reuse.begin")
        record = ReuseRecord(
            decision="reused",
            run_id=result.run_id,
            step_run_id=result.step_run_id,
            ended=result.ended,
            outputs=result.outputs,
            mini_batches=result.mini_batches,
            items=result.items,
        )
        if result.committed is not None:
            journal.note_output(
                self._position, result.committed, result.committed_sha256 or ""
            )
        moved = tuple(
            new.model_copy(update={"path_on_datastore": old.path_on_datastore})
            for new, old in zip(self._step.all_outputs, result.outputs, strict=True)
        )
        register_outputs(self._context.run.workspace, moved)
        old_run = self._workspace.run(result.run_id)
        self._copy_notes(old_run.step(result.step_run_id))
        write_reuse(self._folder, record)
        point("reuse.noted")
        moment = datetime.fromtimestamp(result.ended, UTC)
        self._say(
            f"reused from run {result.run_id}, finished {moment:%Y-%m-%d %H:%M:%S} UTC"
        )

    def _copy_notes(self, older: StepFolder) -> None:
        """Let metrics and files that scripts have noted be found here too."""
        for old, new in (
            (older.metrics, self._folder.metrics),
            (older.artifacts, self._folder.artifacts),
        ):
            if old.is_dir():
                shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True)

    def _remember(self) -> None:
        """Note what the step has made, so that a later one may have it.

        Raises:
            UserErrorException: What its inputs hold is not what it has read.
            OSError: Something cannot be read, or written down.
        """
        state = read_step_state(self._context.folder, self._position)
        noted = read_fingerprint(self._folder)
        if noted is None or state.started is None:
            return
        self._refuse_too_many(state.succeeded_items + state.failed_items)
        lines: list[ContentLine] = []
        with ContentCache(self._workspace.content_cache) as cache:
            contents = content_parts(
                self._step, cache, note=lines.append, started=state.started
            )
            outputs = self._step.all_outputs
            marks = tuple(
                output_mark(output, self._folder.output, cache)
                for output in outputs or (None,)
            )
        if noted.contents not in {(), contents}:
            msg = "its inputs were written to after they had been compared"
            raise ChangedInputError(msg)
        # After the marks: from then on, whoever writes there changes what is marked.
        committed, sha256 = self._committed()
        fingerprint = Fingerprint(noted.declared, contents)
        write_contents(self._folder, lines)
        write_fingerprint(self._folder, fingerprint)
        ended = state.ended or time.time()
        ResultIndex(self._workspace.results).add(
            StepResult(
                run_id=self._context.run.run_id,
                step_run_id=self._step.step_run_id,
                step_name=self._step.name,
                ended=ended,
                seconds=max(ended - state.started, 0.0),
                declared=digest_of_parts(noted.declared),
                digest=fingerprint.digest,
                outputs=outputs,
                output_marks=marks,
                committed=committed,
                committed_sha256=sha256,
                mini_batches=state.total_mini_batches,
                items=state.succeeded_items + state.failed_items,
                failed_items=state.failed_items,
            )
        )

    def _committed(self) -> tuple[str | None, str | None]:
        """Return where the rows are, and their digest.

        Raises:
            UserErrorException: Somebody has written there since.
            OSError: They cannot be read.
        """
        committed, sha256 = read_output_facts(
            self._context.folder, self._step.step_run_id
        )
        if committed is not None and digest_of(Path(committed)).sha256 != sha256:
            msg = f"{committed} is not what it has written there"
            raise UserErrorException(msg)
        return committed, sha256

    def _refuse_too_many(self, items: int) -> None:
        """Refuse file inputs by their items, each of which is a file.

        That is known without a list of millions.

        Raises:
            UserErrorException: There are more than are compared.
        """
        inputs = (port.definition for port in self._step.all_inputs)
        if items > MOST_FILES and {one.kind for one in inputs if one} == {"file"}:
            msg = f"its inputs have more than {MOST_FILES} files, too many to compare"
            raise UserErrorException(msg)

    def _note_unusable(self, why: str) -> None:
        record = read_reuse(self._folder) or ReuseRecord(decision="ran")
        with contextlib.suppress(OSError):
            write_reuse(self._folder, record.model_copy(update={"unusable": why}))

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            print(f"step {self._step.name!r}: {text}", file=sys.stderr, flush=True)  # noqa: T201 - this is the run's log
