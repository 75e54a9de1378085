"""A ParallelRunConfig as a YAML file, in version 1's format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.pipeline.environment_definition import (
    EnvironmentHome,
    parse_environment,
)
from azml_pipelines.pipeline.parallel_run_config import (
    ComputeChoice,
    ParallelRunConfig,
    compute_name,
)
from azml_pipelines.pipeline.parameter import PipelineParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConfigHome", "load_config", "save_config"]

_TOP = "parallel_run_config"
_LOCAL_COMPUTE = "local"
_PLAIN_KEYS = (
    "mini_batch_size",
    "partition_keys",
    "error_threshold",
    "output_action",
    "logging_level",
    "node_count",
    "process_count_per_node",
    "entry_script",
    "source_directory",
    "description",
    "run_invocation_timeout",
    "run_max_try",
    "append_row_file_name",
    "allowed_failed_count",
    "allowed_failed_percent",
    "environment_variables",
)
_REQUIRED_KEYS = ("entry_script", "error_threshold", "output_action", "node_count")


class ConfigHome(EnvironmentHome, Protocol):
    """What a workspace offers to somebody who loads a configuration."""

    @property
    def compute_targets(self) -> Mapping[str, Any]:
        """The compute targets, by name."""
        ...


def save_config(config: ParallelRunConfig, path: str) -> None:
    """Write a configuration; parameters as their default value.

    Version 1 leaves ``allowed_failed_count`` and ``allowed_failed_percent`` out; here
    they are written.
    """
    environment = config.environment.definition()
    content = {key: _plain(getattr(config, key)) for key in _PLAIN_KEYS} | {
        "compute_target_name": compute_name(config.compute_target),
        "environment": environment.model_dump(mode="json", by_alias=True),
    }
    text = yaml.safe_dump({_TOP: content}, sort_keys=False, allow_unicode=True)
    Path(path).write_text(text, encoding="utf-8")


def load_config(workspace: ConfigHome, path: str) -> ParallelRunConfig:
    """Read what ``save_config`` or a person wrote.

    Raises:
        DeclarationError: The file cannot be read, lacks a key or holds a bad value, or
            the workspace does not have the compute target.
    """
    file = Path(path)
    content = _read(file)
    missing = [key for key in _REQUIRED_KEYS if content.get(key) is None]
    if missing:
        msg = f"{file} lacks {', '.join(missing)} in {_TOP}. Add it."
        raise DeclarationError(msg)
    size = content.get("mini_batch_size")
    plain = {key: content[key] for key in _PLAIN_KEYS if key in content} | {
        "mini_batch_size": None if size is None else str(size)
    }
    plain["source_directory"] = _source_directory(content, file)
    return ParallelRunConfig(
        **plain,
        environment=_environment(workspace, content, file),
        compute_target=_compute(workspace, content.get("compute_target_name"), file),
    )


def _source_directory(content: Mapping[str, Any], file: Path) -> str | None:
    """Find the source directory: beside the file if the script is there, else as given.

    Version 1 knows only the current directory; beside the file is ours, so that a folder
    with a configuration and its script can be used from anywhere.
    """
    given = content.get("source_directory")
    if given is None:
        return None
    beside = file.parent / str(given)
    if (beside / str(content["entry_script"])).is_file():
        return str(beside)
    return str(given)


def _plain(value: object) -> object:
    if isinstance(value, PipelineParameter):
        return value.default_value
    return list(value) if isinstance(value, tuple) else value


def _read(file: Path) -> dict[str, Any]:
    content = _read_yaml(file)
    config = content.get(_TOP) if isinstance(content, dict) else None
    if not isinstance(config, dict):
        msg = f"{file} has no {_TOP!r} at its top. Write one with save_to_yaml()."
        raise DeclarationError(msg)
    return config


def _read_yaml(file: Path) -> object:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}. Mend the path."
        raise DeclarationError(msg) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{file} is not YAML: {' '.join(str(error).split())}."
        raise DeclarationError(msg) from error


def _compute(workspace: ConfigHome, name: object, file: Path) -> ComputeChoice:
    if name is None or name == _LOCAL_COMPUTE:
        return _LOCAL_COMPUTE
    if not isinstance(name, str) or name not in workspace.compute_targets:
        known = ", ".join(sorted({_LOCAL_COMPUTE, *workspace.compute_targets}))
        msg = (
            f"{file} names the compute target {name!r}, which is unknown; "
            f"known: {known}. Create it with ComputeTarget.create(…)."
        )
        raise DeclarationError(msg)
    found: ComputeChoice = workspace.compute_targets[name]
    return found


def _environment(
    workspace: ConfigHome, content: Mapping[str, Any], file: Path
) -> Environment:
    """Find the environment: inline, in another file, in a folder, or by name."""
    given = content.get("environment")
    if isinstance(given, str):
        # Beside the YAML file if it is there, else where the program was started.
        beside = file.parent / given
        source = beside if beside.is_file() else Path(given)
        definition = parse_environment(_read_yaml(source), str(source))
        return Environment.from_definition(definition)
    if given is not None:
        definition = parse_environment(given, f"environment in {file}")
        return Environment.from_definition(definition)
    if folder := content.get("environment_dir_path"):
        return Environment.load_from_directory(str(folder))
    if name := content.get("environment_name"):
        return Environment.get(workspace, str(name))
    msg = (
        f"{file} has no environment. Write it inline, as the path of a YAML file, or "
        "as environment_name."
    )
    raise DeclarationError(msg)
