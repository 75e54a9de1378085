"""A step that runs a command line."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.condition import checked_conditions
from azml_pipelines.pipeline.run_configuration import check_run_configuration
from azml_pipelines.pipeline.script_run_config import ScriptRunConfig
from azml_pipelines.pipeline.script_step import GivenScript, ScriptStep, StepLimits
from azml_pipelines.pipeline.step_source import absolute_folder
from azml_pipelines.signatures import explained
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CommandStep"]


class CommandStep(ScriptStep):
    """Runs a command line in a shell, in a copy of its source directory.

    Args:
        command: Text, or a list of texts, parameters, inputs and outputs, which are put
            together with spaces; that of ``runconfig`` if None.
        name: What runs and logs call it; ``CommandStep_`` and the first word if None.
        compute_target: Where it runs; that of ``runconfig`` if None.
        runconfig: A ``RunConfiguration``: environment, target, variables, command; or a
            ``ScriptRunConfig``, which has a source directory as well.
        runconfig_pipeline_params: Recorded.
        inputs: What it reads; datasets that are in ``command`` are added.
        outputs: What it writes; output configurations in ``command`` are added.
        params: Name to value: the command finds ``AML_PARAMETER_<name>``.
        source_directory: Copied for the run; the pipeline's default, or the current
            directory, if None.
        allow_reuse: Whether an earlier run's outputs may stand in.
        version: The author's own mark; another one is another step.
        environment_variables: Ours; see ``PythonScriptStep``.
        timeout_seconds: Ours; see ``PythonScriptStep``.
        max_try: Ours; see ``PythonScriptStep``.
        memory_limit: Ours; see ``PythonScriptStep``.
        when: Ours; see ``PythonScriptStep``.

    Raises:
        DeclarationError: There is no command, or something of this is not so.
    """

    @explained
    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        command: str | Sequence[Any] | None = None,
        name: str | None = None,
        compute_target: object = None,
        runconfig: object = None,
        runconfig_pipeline_params: Mapping[str, Any] | None = None,
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
        params: Mapping[str, Any] | None = None,
        source_directory: str | None = None,
        allow_reuse: bool = True,
        version: str | None = None,
        *,
        environment_variables: Mapping[str, Any] | None = None,
        timeout_seconds: float | None = None,
        max_try: int = 1,
        memory_limit: int | str | None = None,
        when: object = None,
    ) -> None:
        if isinstance(runconfig, ScriptRunConfig):
            command = command if command is not None else runconfig.command
            source_directory = source_directory or runconfig.source_directory
            runconfig = runconfig.run_config
        words = _words(name, command, runconfig)
        first = _first_word(str(words[0]))
        given = GivenScript(
            inputs=inputs,
            outputs=outputs,
            arguments=words,
            params=params,
            runconfig=runconfig,
            runconfig_pipeline_params=runconfig_pipeline_params,
            compute_target=compute_target,
            source_directory=source_directory,
            allow_reuse=allow_reuse,
            version=version,
            environment_variables=environment_variables,
            limits=StepLimits(timeout_seconds, max_try, memory_limit),
        )
        super().__init__(name or f"CommandStep_{first}", given)
        self.command = command
        self.conditions = checked_conditions(self, when)
        self._claim_outputs()

    def directory(self, default_source_directory: str | None = None) -> Path:
        """Return the folder that is copied, as it is now.

        Args:
            default_source_directory: Used when the step names no folder; the current
                directory if None.

        Raises:
            DeclarationError: It does not exist.
        """
        default = absolute_folder(self.name, default_source_directory or ".")
        return self._source_directory or default or Path.cwd()

    def check(self, default_source_directory: str | None = None) -> None:
        """See ``PipelineStep``."""
        self.directory(default_source_directory)


def _words(name: str | None, command: object, runconfig: object) -> list[Any]:
    """Return the parts of a command line.

    Raises:
        DeclarationError: There are none, or they are no text and no list.
    """
    what = name or "CommandStep"
    if command is None:
        configuration = check_run_configuration(what, runconfig)
        command = None if configuration is None else configuration.command
    words = [command] if isinstance(command, str) else command
    if not isinstance(words, (list, tuple)) or not words or not str(words[0]).strip():
        msg = (
            f"Step {shown(what)}: command={shown(command)} is no command line. Pass "
            "text such as 'python train.py', or a list of texts, inputs and outputs."
        )
        raise DeclarationError(msg)
    return list(words)


def _first_word(text: str) -> str:
    try:
        return shlex.split(text)[0]
    except (ValueError, IndexError):  # quotes that end in a later part
        return text.split(maxsplit=1)[0]
