"""How a ParallelRunStep splits its input and runs its entry script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from azml_pipelines.pipeline import parallel_run_checks as checks
from azml_pipelines.pipeline.byte_size import check_byte_size
from azml_pipelines.pipeline.environment_variables import as_mapping
from azml_pipelines.pipeline.output_checks import check_output
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.signatures import explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.pipeline.environment import Environment
    from azml_pipelines.pipeline.inference_server import InferenceServer
    from azml_pipelines.pipeline.mlflow_model.declaration import MlflowModel
    from azml_pipelines.pipeline.parallel_run_checks import NodePool
    from azml_pipelines.pipeline.parallel_run_settings import (
        OnExisting,
        OnFailedMiniBatch,
        OutputFormat,
    )
    from azml_pipelines.pipeline.parallel_run_yaml import ConfigHome

__all__ = ["Bindable", "ComputeChoice", "ParallelRunConfig", "compute_name"]

T = TypeVar("T")
Bindable: TypeAlias = T | PipelineParameter
ComputeChoice: TypeAlias = "str | NodePool | tuple[str, str] | None"

DEFAULT_LOGGING_LEVEL = "INFO"
_SECONDS = 60
DEFAULT_RUN_MAX_TRY = 3
DEFAULT_MAX_RESULT_BYTES = 256 * 1024 * 1024


class ParallelRunConfig:
    """How a ``ParallelRunStep`` splits its input and runs its entry script.

    Every argument stays an attribute of the same name. Those marked (P) may be a
    ``PipelineParameter``, whose value is checked when a pipeline is submitted.

    Args:
        environment: Recorded; its environment variables are set.
        entry_script: Script with ``run()``, relative to ``source_directory``.
        error_threshold: Failed items above which the step is stopped; -1 never.
        output_action: ``append_row`` or ``summary_only``, in any spelling.
        compute_target: A compute target, its name, or None for this machine.
        node_count: (P) Nodes to use.
        process_count_per_node: (P) Worker processes on each node; 1 if None. Ours:
            "auto" for as many as cores and memory suffice for.
        mini_batch_size: (P) Files per ``run()`` call, or for tables about as many
            bytes: 5, "5", "10KB", "1MB"; 10 files or 1 MB if None. Ours: "10MB" of
            files, "500 rows" of a table, "auto".
        source_directory: Folder that is copied for the run; the pipeline's default
            source directory if None.
        description: Recorded.
        logging_level: (P) ``DEBUG``, ``INFO``, ``WARNING``, …
        run_invocation_timeout: (P) Seconds for one ``run()`` call; 60 if None.
        run_max_try: (P) Tries of a mini-batch in all; 3 if None.
        append_row_file_name: ``parallel_run_step.txt`` if None.
        allowed_failed_count: Failed mini-batches above which the step is stopped.
        allowed_failed_percent: The same, of 100 mini-batches.
        partition_keys: (P) Columns to split by; not with ``mini_batch_size``.
        environment_variables: Set in the processes that run the script. The value
            ``env:NAME`` stands for that of another variable; it is looked up when
            workers start, so no secret is written down.
        on_failed_mini_batch: Ours: ``bisect`` splits a mini-batch that failed for good
            until the bad items stand alone; the others are kept, in order.
        memory_limit_per_process: Ours: bytes that a worker process may use: 512000000,
            "512MB"; no limit if None. More fails the try, with the reason ``memory``.
        max_result_bytes: Ours: bytes of rows that one mini-batch may return.
        output_format: Ours: ``csv`` with a header, ``parquet`` or ``jsonl``.
        output_schema: Ours: column to ``DataType``: the columns of the output.
        partition_output_by: Ours: columns that become folders of the output.
        on_existing: Ours: ``error``, ``replace`` or ``version``.
        inference_server: Ours: what is asked instead of a script; see
            ``from_inference_server``.
        mlflow_model: Ours: the same, a model; see ``from_mlflow_model``.

    Raises:
        DeclarationError: An argument is not allowed; also a ``TypeError`` for a count
            that is no number, an ``AttributeError`` if output_action is no text.
    """

    @explained
    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        environment: Environment,
        entry_script: str,
        error_threshold: int,
        output_action: str,
        compute_target: ComputeChoice,
        node_count: Bindable[int],
        process_count_per_node: Bindable[int | str] | None = None,
        mini_batch_size: Bindable[int | str] | None = None,
        source_directory: str | None = None,
        description: str | None = None,
        logging_level: Bindable[str] | None = DEFAULT_LOGGING_LEVEL,
        run_invocation_timeout: Bindable[float] | None = _SECONDS,
        run_max_try: Bindable[int] | None = DEFAULT_RUN_MAX_TRY,
        append_row_file_name: str | None = None,
        allowed_failed_count: int | None = None,
        allowed_failed_percent: float | None = None,
        partition_keys: Bindable[Sequence[str]] | None = None,
        environment_variables: Mapping[str, str] | None = None,
        *,
        on_failed_mini_batch: OnFailedMiniBatch = "fail",
        memory_limit_per_process: int | str | None = None,
        max_result_bytes: int | str = DEFAULT_MAX_RESULT_BYTES,
        output_format: OutputFormat | None = None,
        output_schema: Mapping[str, object] | None = None,
        partition_output_by: Sequence[str] | None = None,
        on_existing: OnExisting = "replace",
        inference_server: InferenceServer | None = None,
        mlflow_model: MlflowModel | None = None,
    ) -> None:
        self.environment, self.entry_script = environment, entry_script
        self.error_threshold, self.output_action = error_threshold, output_action
        self.compute_target, self.node_count = compute_target, node_count
        self.process_count_per_node = process_count_per_node
        self.mini_batch_size, self.partition_keys = mini_batch_size, partition_keys
        self.source_directory, self.description = source_directory, description
        self.logging_level = _or_default(logging_level, DEFAULT_LOGGING_LEVEL)
        self.run_invocation_timeout = _or_default(run_invocation_timeout, _SECONDS)
        self.run_max_try = _or_default(run_max_try, DEFAULT_RUN_MAX_TRY)
        self.append_row_file_name = append_row_file_name
        self.allowed_failed_count = allowed_failed_count
        self.allowed_failed_percent = allowed_failed_percent
        self.environment_variables = environment_variables
        self.memory_limit_per_process = memory_limit_per_process
        self.on_existing, self.on_failed_mini_batch = on_existing, on_failed_mini_batch
        self.max_result_bytes, self.output_format = max_result_bytes, output_format
        self.output_schema, self.inference_server = output_schema, inference_server
        self.mlflow_model, self.partition_output_by = mlflow_model, partition_output_by
        self.check()

    @classmethod
    def from_inference_server(cls, **arguments: Any) -> ParallelRunConfig:  # noqa: ANN401 - of two constructors
        """Return a configuration in which a server takes the place of a script. Ours.

        Args:
            arguments: Those of ``InferenceServer``: command, model_data, content_type,
                split_type and so on; and those of this class. What that needs has
                defaults: append_row on one local node, ``error_threshold=-1``,
                ``run_invocation_timeout=600``, and ``bisect``, so that a bad file
                stands alone. With ``summary_only``, each file gives an ``.out`` file.

        Raises:
            DeclarationError: An argument is missing, unknown, or has a bad value.
        """
        from azml_pipelines.pipeline.inference_server import (  # noqa: PLC0415
            server_arguments,  # loads pydantic
        )

        return cls(**server_arguments(arguments))

    @classmethod
    def from_mlflow_model(cls, model: object, **arguments: Any) -> ParallelRunConfig:  # noqa: ANN401 - of two constructors
        """Return a configuration in which an MLflow model needs no script. Ours.

        Args:
            model: A folder with an ``MLmodel`` file, a registered ``Model``, or one of
                the addresses that ``MlflowModel`` knows.
            arguments: Those of ``MlflowModel`` and those of this class. What that needs
                has the defaults of Azure's deployments without code: append_row into
                ``predictions.csv`` on one local node, ``run_invocation_timeout=300``,
                and ``error_threshold=0``: a file that cannot be scored ends the step.

        Raises:
            DeclarationError: An argument is unknown or has a bad value; the model
                cannot be read, or would run code and is not trusted.
        """
        from azml_pipelines.pipeline.mlflow_model.configuration import (  # noqa: PLC0415
            mlflow_arguments,  # loads pydantic
        )

        return cls(**mlflow_arguments(model, arguments))

    @property
    def needs_script(self) -> bool:
        """Whether it runs an entry script, and nothing in its place; ours."""
        return self.inference_server is None and self.mlflow_model is None

    @property
    def environment_variables(self) -> dict[str, str]:
        """Set in the processes that run the script; assigning None empties it."""
        return self._environment_variables

    @environment_variables.setter
    def environment_variables(self, variables: Mapping[str, str] | None) -> None:
        self._environment_variables = as_mapping(variables)

    @property
    def parameters(self) -> list[PipelineParameter]:
        """The parameters among the arguments; an extension of version 1."""
        bound: tuple[Any, ...] = (
            self.node_count,
            self.process_count_per_node,
            self.mini_batch_size,
            self.partition_keys,
            self.logging_level,
            self.run_invocation_timeout,
            self.run_max_try,
        )
        return [value for value in bound if isinstance(value, PipelineParameter)]

    def save_to_yaml(self, path: str) -> None:
        """Write the configuration to a YAML file; parameters as their default value."""
        from azml_pipelines.pipeline.parallel_run_yaml import (  # noqa: PLC0415
            save_config,  # imports this module
        )

        save_config(self, path)

    @staticmethod
    def load_yaml(workspace: ConfigHome, path: str) -> ParallelRunConfig:
        """Read a configuration that ``save_to_yaml`` wrote, or one written by hand.

        Args:
            workspace: Where the compute target and the environment are looked up.
            path: The YAML file.

        Raises:
            DeclarationError: The file cannot be read or holds a bad value.
        """
        from azml_pipelines.pipeline.parallel_run_yaml import (  # noqa: PLC0415
            load_config,  # imports this module
        )

        return load_config(workspace, path)

    def check(self) -> None:
        """Check every argument, in version 1's order; an extension of version 1.

        Attributes may be assigned after construction, so every submission checks again.

        Raises:
            DeclarationError: One is not allowed (v1-surface section 20).
        """
        checks.check_environment(self.environment)
        checks.check_output_action(self.output_action)
        checks.check_count("error_threshold", self.error_threshold)
        if self.allowed_failed_count is not None:
            checks.check_count("allowed_failed_count", self.allowed_failed_count)
        checks.check_percent("allowed_failed_percent", self.allowed_failed_percent)
        checks.check_only_one(self.mini_batch_size, self.partition_keys)
        self.mini_batch_size = checks.convert_mini_batch_size(self.mini_batch_size)
        checks.check_partition_keys(self.partition_keys)
        checks.check_process_count(self.process_count_per_node)
        checks.check_node_count(self.node_count, self.compute_target)
        checks.check_positive("run_invocation_timeout", self.run_invocation_timeout)
        checks.check_positive("run_max_try", self.run_max_try)
        checks.check_append_row_file_name(self.append_row_file_name, self.output_action)
        if self.needs_script:
            checks.check_text("entry_script", self.entry_script)
            self.entry_script = self.entry_script.strip()
        if self.source_directory is not None:
            checks.check_text("source_directory", self.source_directory)
            self.source_directory = self.source_directory.strip()
        checks.check_compute_target(self.compute_target)
        checks.check_on_failed_mini_batch(self.on_failed_mini_batch)
        check_output(self)
        name = "memory_limit_per_process"
        if self.memory_limit_per_process is not None:
            limit = check_byte_size(name, self.memory_limit_per_process)
            self.memory_limit_per_process = limit
        self.max_result_bytes = check_byte_size(
            "max_result_bytes", self.max_result_bytes
        )


def compute_name(target: ComputeChoice) -> str | None:
    """Return the name of a compute target, however it was given."""
    if target is None or isinstance(target, str):
        return target
    return target[0] if isinstance(target, tuple) else target.name


def _or_default(value: T | None, default: T) -> T:
    return default if value is None else value
