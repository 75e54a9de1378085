"""A ParallelRunConfig as a YAML file, in version 1's format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from azml_pipelines import strict_yaml
from azml_pipelines.errors import DeclarationError
from azml_pipelines.masking import stored_variables
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.pipeline.environment_definition import (
    EnvironmentHome,
    parse_environment,
)
from azml_pipelines.pipeline.inference_server import (
    InferenceServer,
    make_inference_server,
)
from azml_pipelines.pipeline.mini_batch_size import ByteCount
from azml_pipelines.pipeline.mlflow_model.declaration import (
    MlflowModel,
    make_mlflow_model,
)
from azml_pipelines.pipeline.output_checks import output_schema
from azml_pipelines.pipeline.parallel_run_config import (
    DEFAULT_MAX_RESULT_BYTES,
    ComputeChoice,
    ParallelRunConfig,
    compute_name,
)
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.wording import did_you_mean, listed, shown

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
_OUR_KEYS = {
    "on_failed_mini_batch": "fail",
    "memory_limit_per_process": None,
    "max_result_bytes": DEFAULT_MAX_RESULT_BYTES,
    "output_format": None,
    "output_schema": None,
    "partition_output_by": None,
    "on_existing": "replace",
    "inference_server": None,
    "mlflow_model": None,
}
"""Ours with their defaults; written only when they differ, for version 1's readers."""
_OTHER_KEYS = (
    "compute_target_name",
    "environment",
    "environment_dir_path",
    "environment_name",
)
_LONGEST_NAME = 120
_REQUIRED_KEYS = ("entry_script", "error_threshold", "output_action", "node_count")
_SERVER, _MODEL = "inference_server", "mlflow_model"
"""Each takes the place of the entry script."""


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
        "environment_variables": stored_variables(config.environment_variables),
        "compute_target_name": compute_name(config.compute_target),
        "environment": environment.model_dump(mode="json", by_alias=True),
    }
    ours = {key: getattr(config, key) for key in _OUR_KEYS}
    types = output_schema(config.output_schema) or {}
    ours["output_schema"] = {name: kind.kind for name, kind in types.items()} or None
    for key in (_SERVER, _MODEL):
        if ours[key] is not None:
            ours[key] = ours[key].model_dump(mode="json", exclude_defaults=True)
    content |= {key: value for key, value in ours.items() if value != _OUR_KEYS[key]}
    Path(path).write_text(strict_yaml.dump({_TOP: content}), encoding="utf-8")


def load_config(workspace: ConfigHome, path: str) -> ParallelRunConfig:
    """Read what ``save_config`` or a person wrote.

    Raises:
        DeclarationError: The file cannot be read, lacks a key or holds a bad value, or
            the workspace does not have the compute target.
    """
    file = Path(path)
    content = _read(file)
    _refuse_unknown(content, file)
    without_script = _SERVER in content or _MODEL in content
    content.setdefault("entry_script", "" if without_script else None)
    missing = [key for key in _REQUIRED_KEYS if content.get(key) is None]
    if missing:
        msg = f"{_named(file)} lacks {', '.join(missing)} in {_TOP}. Add it."
        raise DeclarationError(msg)
    size = content.get("mini_batch_size")
    plain = {
        key: content[key] for key in (*_PLAIN_KEYS, *_OUR_KEYS) if key in content
    } | {"mini_batch_size": None if size is None else str(size)}
    plain["source_directory"] = _source_directory(content, file)
    if _SERVER in content:
        plain[_SERVER] = _server(_mapping(content, _SERVER, file), file)
    if _MODEL in content:
        plain[_MODEL] = _mlflow_model(_mapping(content, _MODEL, file), file)
    return ParallelRunConfig(
        **plain,
        environment=_environment(workspace, content, file),
        compute_target=_compute(workspace, content.get("compute_target_name"), file),
    )


def _server(content: Mapping[str, Any], file: Path) -> InferenceServer:
    """Return the server; its files are found from the document's folder on."""
    given = dict(content)
    for name in ("model_data", "image"):
        place = given.get(name)
        if isinstance(place, str) and (file.parent / place).exists():
            given[name] = str(file.parent / place)
    return make_inference_server(**given)


def _refuse_unknown(content: Mapping[str, Any], file: Path) -> None:
    known = (*_PLAIN_KEYS, *_OUR_KEYS, *_OTHER_KEYS)
    unknown = [key for key in content if key not in known]
    if unknown:
        hint = did_you_mean(unknown[0], known)
        accepted = "" if hint else f" Accepted: {listed(known)}."
        msg = (
            f"{_named(file)}: {_TOP}.{shown(unknown[0])[1:-1]}: unknown key.{hint}"
            f"{accepted}"
        )
        raise DeclarationError(msg)


def _named(file: Path) -> str:
    return shown(str(file), _LONGEST_NAME)[1:-1]


def _source_directory(content: Mapping[str, Any], file: Path) -> str | None:
    """Find the source directory: beside the file if the script is there, or as given.

    Version 1 knows only the current directory; beside the file is ours: a folder with a
    configuration and its script can be used from anywhere.
    """
    given = content.get("source_directory")
    if given is None:
        return None
    beside = file.parent / str(given)
    script = beside / str(content["entry_script"])
    if script.is_file() or (_SERVER in content and beside.is_dir()):
        return str(beside)
    return str(given)


def _mapping(content: Mapping[str, Any], key: str, file: Path) -> dict[str, Any]:
    found = content[key]
    if not isinstance(found, dict):
        msg = f"{_named(file)}: {_TOP}.{key}={shown(found)} is no mapping."
        raise DeclarationError(msg)
    return found


def _mlflow_model(content: dict[str, Any], file: Path) -> MlflowModel:
    """Return a model; a folder beside the file is meant before any other."""
    beside = file.parent / str(content.get("model", ""))
    if "model" in content and beside.is_dir():
        content = {**content, "model": str(beside)}
    return make_mlflow_model(**content)


def _plain(value: object) -> object:
    if isinstance(value, PipelineParameter):
        return value.default_value
    if isinstance(value, ByteCount):
        return value.written
    return list(value) if isinstance(value, tuple) else value


def _read(file: Path) -> dict[str, Any]:
    content = strict_yaml.load_file(file)
    config = content.get(_TOP) if isinstance(content, dict) else None
    if not isinstance(config, dict):
        msg = (
            f"{_named(file)} has no {_TOP!r} at its top. Write one with save_to_yaml()."
        )
        raise DeclarationError(msg)
    return config


def _compute(workspace: ConfigHome, name: object, file: Path) -> ComputeChoice:
    if name is None or name == _LOCAL_COMPUTE:
        return _LOCAL_COMPUTE
    if not isinstance(name, str) or name not in workspace.compute_targets:
        known = listed(sorted({_LOCAL_COMPUTE, *workspace.compute_targets}))
        msg = (
            f"{_named(file)} names the compute_target_name {shown(name)}, which is "
            f"unknown; known: {known}. Create it with ComputeTarget.create(…)."
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
        definition = parse_environment(strict_yaml.load_file(source), str(source))
        return Environment.from_definition(definition)
    if given is not None:
        definition = parse_environment(given, f"environment in {_named(file)}")
        return Environment.from_definition(definition)
    if folder := content.get("environment_dir_path"):
        return Environment.load_from_directory(str(folder))
    if name := content.get("environment_name"):
        return Environment.get(workspace, str(name))
    msg = (
        f"{_named(file)} has no environment. Write it inline, as the path of a YAML "
        "file, or as environment_name."
    )
    raise DeclarationError(msg)
