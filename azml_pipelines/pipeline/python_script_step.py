"""A step that runs a Python script once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.condition import checked_conditions
from azml_pipelines.pipeline.script_step import (
    GivenScript,
    ScriptStep,
    StepLimits,
)
from azml_pipelines.pipeline.step_source import find_source
from azml_pipelines.signatures import explained
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.pipeline.step_source import StepSource

__all__ = ["PythonScriptStep"]


class PythonScriptStep(ScriptStep):
    """Runs a script, as ``python script_name …`` does, in a copy of its folder.

    Args:
        script_name: The script, relative to ``source_directory``.
        name: What runs and logs call it; ``script_name`` if None.
        arguments: Its command line. Inputs and outputs stand for their local paths.
        compute_target: Where it runs; that of ``runconfig`` if None.
        runconfig: A ``RunConfiguration``: environment, target and variables.
        runconfig_pipeline_params: Recorded.
        inputs: What it reads; datasets that are in ``arguments`` are added.
        outputs: What it writes; output configurations in ``arguments`` are added.
        params: Name to value: the script finds ``AML_PARAMETER_<name>``.
        source_directory: Copied for the run; the pipeline's default, or the current
            directory, if None.
        allow_reuse: Whether an earlier run's outputs may stand in.
        version: The author's own mark; another one is another step.
        hash_paths: Recorded: all files of the source directory count.
        environment_variables: Ours: set in its process; ``env:NAME`` stands for
            another variable.
        timeout_seconds: Ours: a try that takes longer is killed; no limit if None, but
            for that of ``runconfig``.
        max_try: Ours: how often it is started when it fails, the first time included.
        memory_limit: Ours: bytes, or text such as ``"2GB"``, for all of its processes.
        when: Ours: a condition such as ``step.metric("accuracy") > 0.9`` or
            ``output_exists(data)``, or a list of them, which all have to hold. If one
            does not, the step is skipped, and so is what depends on it.

    Raises:
        DeclarationError: Something of this is not so.
    """

    @explained
    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        script_name: str,
        name: str | None = None,
        arguments: Sequence[Any] | None = None,
        compute_target: object = None,
        runconfig: object = None,
        runconfig_pipeline_params: Mapping[str, Any] | None = None,
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
        params: Mapping[str, Any] | None = None,
        source_directory: str | None = None,
        allow_reuse: bool = True,
        version: str | None = None,
        hash_paths: Sequence[str] | None = None,
        *,
        environment_variables: Mapping[str, Any] | None = None,
        timeout_seconds: float | None = None,
        max_try: int = 1,
        memory_limit: int | str | None = None,
        when: object = None,
    ) -> None:
        if not isinstance(script_name, str) or not script_name:
            msg = (
                f"script_name={shown(script_name)} is not allowed. Pass the path of a "
                "Python file, relative to source_directory."
            )
            raise DeclarationError(msg)
        self.script_name = script_name
        self.hash_paths = hash_paths
        given = GivenScript(
            inputs=inputs,
            outputs=outputs,
            arguments=arguments,
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
        super().__init__(name or script_name, given)
        if self._source_directory is not None:
            self.source()
        self.conditions = checked_conditions(self, when)
        self._claim_outputs()

    def source(self, default_source_directory: str | None = None) -> StepSource:
        """Return the folder and the script in it, as they are now.

        Args:
            default_source_directory: Used when the step names no folder; the current
                directory if None.

        Raises:
            DeclarationError: The folder or the script does not exist.
        """
        return find_source(
            self.name,
            self.script_name,
            self._source_directory,
            default_source_directory,
            setting="script_name",
        )

    def check(self, default_source_directory: str | None = None) -> None:
        """See ``PipelineStep``."""
        self.source(default_source_directory)
