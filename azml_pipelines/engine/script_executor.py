"""Runs one PythonScriptStep or CommandStep: outputs aside, one process, its end."""

from __future__ import annotations

import shutil
from functools import cached_property
from typing import TYPE_CHECKING

from azml_pipelines.compute.script_runner import ScriptLogs
from azml_pipelines.engine.node_plans import STARTUP, input_supply, script_server_plan
from azml_pipelines.engine.script_outputs import stage_output
from azml_pipelines.engine.step_inputs import argument_values, whole_inputs
from azml_pipelines.engine.step_output import register_outputs
from azml_pipelines.engine.worker_environment import step_environment
from azml_pipelines.errors import ScriptFailedError
from azml_pipelines.failpoints import point
from azml_pipelines.plan.run_plan import PythonScriptStepPlan
from azml_pipelines.worker.messages import ScriptStart

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.compute.script_runner import ScriptEnd
    from azml_pipelines.engine.script_outputs import StagedOutput
    from azml_pipelines.engine.step_executor import StepContext
    from azml_pipelines.engine.step_inputs import StepInput
    from azml_pipelines.plan.run_plan import AnyScriptStepPlan
    from azml_pipelines.store.run_state import Status

__all__ = ["ScriptExecutor"]

_MOST_STRAY_ENDS = 3
"""How often a process may be killed by others before that fails the step."""
_KEPT = ("outputs", "logs")
"""Folders of a script's working directory whose files are artifacts of the run."""


class ScriptExecutor:
    """Runs one script or command, from the beginning, until it succeeds or has failed.

    A run that is resumed starts it again: nothing of an unfinished try is kept.
    """

    def __init__(
        self, step: AnyScriptStepPlan, position: int, context: StepContext
    ) -> None:
        self._step = step
        self._position = position
        self._context = context
        self._folder = context.folder.step(step.step_run_id)

    def first_failure(self) -> str:
        """Return nothing: the error says it."""
        return ""

    def ended(self, status: Status, error: str | None) -> None:
        """Forget the copies of the source directory, and what was not finished."""
        for staged in self._outputs:
            staged.discard()
        summary = self._folder.logs / "user" / "error.txt"
        if error is not None and summary.parent.is_dir():
            summary.write_text(f"{error}\n", encoding="utf-8", errors="replace")
        if status == "Finished":
            shutil.rmtree(self._folder.nodes, ignore_errors=True)

    def work(self) -> None:
        """See ``StepExecutor``."""
        supply = input_supply(self._context, self._step)
        inputs = whole_inputs(self._step.inputs, supply)
        charged = strays = 0
        while True:
            end = self._try(inputs, self._next_try())
            if not end.reason:
                break
            charged += end.charged
            strays += not end.charged
            if charged >= self._step.limits.max_try or strays > _MOST_STRAY_ENDS:
                raise ScriptFailedError(self._described(end, charged + strays))
            self._context.check()
        point("script.succeeded")
        for staged in self._outputs:
            staged.publish(self._context.confirm)
        register_outputs(self._context.run.workspace, self._step.outputs)
        supply.close()

    @cached_property
    def _outputs(self) -> list[StagedOutput]:
        writer = self._context.writer(self._step)
        return [
            stage_output(plan, self._folder.output, writer)
            for plan in self._step.outputs
        ]

    def _next_try(self) -> int:
        """Number the tries through all lives of the run; each has logs of its own.

        Of earlier ones the folder stays, and nothing in it.
        """
        earlier = sorted(self._folder.nodes.glob("try*"))
        for folder in earlier:
            shutil.rmtree(folder)
            folder.mkdir(mode=0o700)
        return 1 + len(earlier)

    def _try(self, inputs: list[StepInput], number: int) -> ScriptEnd:
        for staged in self._outputs:
            staged.prepare()
        name = f"try{number:03d}"
        folder = self._folder.nodes / name
        shutil.copytree(self._folder.snapshot, folder, symlinks=True)
        try:
            return self.run(self._start(inputs, folder, name), self._logs(name))
        finally:
            self._keep_artifacts(folder)

    def run(self, start: ScriptStart, logs: ScriptLogs) -> ScriptEnd:
        """Run one try in a process of its own; a debug run has something else."""
        context = self._context
        scripts = context.standby.scripts(script_server_plan(context, self._step))
        limits = self._step.limits
        return scripts.run(start, logs, timeout=limits.timeout, check=context.check)

    def _start(self, inputs: list[StepInput], folder: Path, name: str) -> ScriptStart:
        step, context = self._step, self._context
        outputs = {one.plan.name: str(one.staged) for one in self._outputs}
        variables = step_environment(context.run, context.folder, step, inputs, outputs)
        variables["AZML_TRY"] = name
        for key, value in step.parameters.items():
            variables.setdefault(f"AML_PARAMETER_{key}", value)
        script = step.script if isinstance(step, PythonScriptStepPlan) else ""
        errors = self._folder.logs / "user" / "error" / "node000"
        errors.mkdir(parents=True, exist_ok=True, mode=0o700)
        return ScriptStart(
            number=0,
            folder=str(folder),
            script=script,
            error_file=str(errors / f"{name}.json"),
            arguments=argument_values(step.arguments, inputs, outputs),
            environment=variables,
            memory_limit=step.limits.memory,
            startup=STARTUP,
        )

    def _logs(self, name: str) -> ScriptLogs:
        user = self._folder.logs / "user"
        return ScriptLogs(
            user / "stdout" / "node000" / f"{name}.stdout.txt",
            user / "stderr" / "node000" / f"{name}.stderr.txt",
        )

    def _keep_artifacts(self, folder: Path) -> None:
        """Keep what the script left in ``./outputs`` and ``./logs``, as v1 does."""
        for name in _KEPT:
            source = folder / name
            if source.is_dir() and not (self._folder.snapshot / name).exists():
                kept = self._folder.artifacts / name
                shutil.copytree(source, kept, symlinks=True, dirs_exist_ok=True)

    def _described(self, end: ScriptEnd, tries: int) -> str:
        what = self._step.script or "the command"
        error = end.error
        text = f"{what}: {end.reason}"
        if error is not None:
            message = " ".join(error.message.split())
            text = f"{what}: {message}"
            if end.reason == "exception":
                text = f"{what}: {error.exception_type}: {message}"
            if error.user_line:
                text += f" at {error.user_line}"
        return f"{text} (after {tries} tries)" if tries > 1 else text
