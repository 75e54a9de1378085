"""What each argument of a ParallelRunConfig may be, and what is said when it is not.

Every problem is a ``ValueError``, as in version 1; where version 1 lets a ``TypeError``
or an ``AttributeError`` escape, the error is both.
"""

from __future__ import annotations

import json
import math
import numbers
import re
from typing import Protocol, get_args, runtime_checkable

from azml_pipelines.errors import (
    DeclarationError,
    SettingNotTextError,
    SettingTypeError,
)
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.pipeline.mini_batch_size import keep_size
from azml_pipelines.pipeline.parallel_run_settings import OnFailedMiniBatch
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.pipeline.process_count import AUTO
from azml_pipelines.wording import did_you_mean, listed, shown

__all__ = [
    "NodePool",
    "ScaleSettings",
    "check_append_row_file_name",
    "check_compute_target",
    "check_count",
    "check_environment",
    "check_node_count",
    "check_only_one",
    "check_output_action",
    "check_partition_keys",
    "check_percent",
    "check_positive",
    "check_process_count",
    "check_text",
    "convert_mini_batch_size",
]

_OUTPUT_ACTIONS = ("append_row", "summary_only")
_FORBIDDEN_IN_FILE_NAME = re.compile(r'[~"#%&*:<>?/\\{|}\x00-\x1f\x7f\ud800-\udfff]')
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_FILE_NAME = 255


class ScaleSettings(Protocol):
    """How large a compute target may grow."""

    @property
    def maximum_node_count(self) -> int:
        """Nodes at most."""
        ...


@runtime_checkable
class NodePool(Protocol):
    """A compute target with a limit, such as ``AmlCompute``."""

    @property
    def name(self) -> str:
        """Its name in the workspace."""
        ...

    @property
    def scale_settings(self) -> ScaleSettings:
        """How large it may grow."""
        ...


def check_environment(environment: object) -> None:
    """Refuse what is no Environment."""
    if not isinstance(environment, Environment):
        msg = f"environment={shown(environment)} is not allowed. Pass an Environment."
        raise DeclarationError(msg)


def check_output_action(output_action: object) -> None:
    """Refuse what is neither append_row nor summary_only, in any spelling."""
    accepted = "Use 'append_row' or 'summary_only'."
    if not isinstance(output_action, str):
        msg = f"output_action={shown(output_action)} is not text. {accepted}"
        raise SettingNotTextError(msg)
    if output_action.lower() not in _OUTPUT_ACTIONS:
        hint = did_you_mean(output_action.lower(), _OUTPUT_ACTIONS)
        msg = f"output_action={shown(output_action)} is unknown.{hint} {accepted}"
        raise DeclarationError(msg)


def check_count(argument: str, count: object) -> None:
    """Refuse what is no whole number of at least -1."""
    if not isinstance(count, int) or count < -1:
        msg = (
            f"{argument}={shown(count)} is not allowed. Give a whole number from -1 "
            "on; -1 ignores every failure."
        )
        raise DeclarationError(msg)


def check_percent(argument: str, percent: object) -> None:
    """Refuse what is no number from 0 to 100; None is accepted."""
    if percent is None:
        return
    if not isinstance(percent, (int, float)) or not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
        msg = (
            f"{argument}={shown(percent)} is not allowed. Give a number from 0 to 100."
        )
        raise DeclarationError(msg)


def check_only_one(mini_batch_size: object, partition_keys: object) -> None:
    """Refuse two ways of splitting at once."""
    if mini_batch_size is not None and partition_keys is not None:
        msg = (
            f"mini_batch_size={shown(mini_batch_size)} and partition_keys="
            f"{shown(partition_keys)} exclude each other. Give one of them."
        )
        raise DeclarationError(msg)


def convert_mini_batch_size(size: object) -> int | str | PipelineParameter | None:
    """Return the size as it is kept; a parameter and None stay what they are."""
    if size is None or isinstance(size, PipelineParameter):
        return size
    return keep_size(size)


def check_on_failed_mini_batch(choice: object) -> None:
    """Refuse what is neither ``fail`` nor ``bisect``."""
    accepted = get_args(OnFailedMiniBatch)
    if choice not in accepted:
        msg = (
            f"on_failed_mini_batch={shown(choice)} is not allowed. "
            f"Give {' or '.join(map(repr, accepted))}."
        )
        raise DeclarationError(msg)


def check_partition_keys(keys: object) -> None:
    """Refuse what is no list of text; a parameter's default holds the list as JSON."""
    given = keys
    if isinstance(keys, PipelineParameter):
        try:
            given = json.loads(str(keys.default_value))
        except (ValueError, RecursionError):
            given = keys.default_value
    if given is None or (
        isinstance(given, list) and all(isinstance(key, str) for key in given)
    ):
        return
    msg = (
        f"partition_keys={shown(given)} is not allowed. Give a list of column names, "
        "or a PipelineParameter whose default is such a list as JSON text."
    )
    raise DeclarationError(msg)


def check_process_count(count: object) -> None:
    """Refuse less than one process; None, ``auto`` and a parameter are accepted."""
    if count is None or (isinstance(count, str) and count == AUTO):
        return
    if not isinstance(count, PipelineParameter):
        accepted = "Give a whole number from 1 on, 'auto', or None."
        _check_number("process_count_per_node", count, accepted)
        if not count >= 1:  # type: ignore[operator]
            msg = f"process_count_per_node={shown(count)} is too small. {accepted}"
            raise DeclarationError(msg)


def check_node_count(count: object, compute_target: object) -> None:
    """Refuse more nodes than a compute target has; only its object is known to have."""
    if isinstance(count, PipelineParameter):
        return
    if not isinstance(compute_target, NodePool):
        if count is None or isinstance(count, (bytes, list, dict)):
            msg = f"node_count={shown(count)} is not allowed. Give a whole number."
            raise DeclarationError(msg)
        return
    most = compute_target.scale_settings.maximum_node_count
    _check_number("node_count", count, "Give a whole number.")
    if not 1 <= count <= most:  # type: ignore[operator]
        msg = (
            f"node_count={shown(count)} is not allowed: compute target "
            f"{shown(compute_target.name)} has 1 to {most} nodes."
        )
        raise DeclarationError(msg)


def check_positive(argument: str, number: object) -> None:
    """Refuse zero, less, and what never ends; None and a parameter are accepted."""
    if number is None or isinstance(number, PipelineParameter):
        return
    _check_number(argument, number, "Give a number above 0.")
    if not (number > 0 and math.isfinite(number)):  # type: ignore[operator,arg-type]
        msg = f"{argument}={shown(number)} is not allowed. Give a number above 0."
        raise DeclarationError(msg)


def check_append_row_file_name(name: object, output_action: str) -> None:
    """Refuse a name that no file can have; only append_row makes a file."""
    if name is None or output_action.lower() != "append_row":
        return
    if not isinstance(name, str):
        msg = f"append_row_file_name={shown(name)} is not text. Give a file name."
        raise DeclarationError(msg)
    found = sorted(set(_FORBIDDEN_IN_FILE_NAME.findall(name)))
    if found:
        what = f"it has {listed(map(repr, found), 40)}"
    elif name in {".", ".."}:
        what = "it is a folder"
    elif len(name.encode("utf-8", "surrogatepass")) > _LONGEST_FILE_NAME:
        what = f"it is longer than {_LONGEST_FILE_NAME} bytes"
    else:
        return
    msg = (
        f"append_row_file_name={shown(name)} is not allowed: {what}. Give a plain "
        'file name without any of ~ " # % & * : < > ? / \\ { | }.'
    )
    raise DeclarationError(msg)


def check_compute_target(target: object) -> None:
    """Refuse what names no compute target."""
    name = target[0] if isinstance(target, tuple) and target else target
    if target is not None and not isinstance(getattr(name, "name", name), str):
        msg = (
            f"compute_target={shown(target)} is not allowed. Pass a compute target or "
            "its name; 'local' or None means this machine."
        )
        raise DeclarationError(msg)


def check_text(argument: str, text: object) -> None:
    """Refuse what is not text."""
    if not isinstance(text, str):
        msg = (
            f"{argument}={shown(text)} is not allowed. Give text; no parameter fits "
            "here."
        )
        raise DeclarationError(msg)
    if _UNPRINTABLE.search(text.strip()):
        msg = (
            f"{argument}={shown(text)} is not allowed. Give text without control "
            "characters."
        )
        raise DeclarationError(msg)


def _check_number(argument: str, number: object, accepted: str) -> None:
    if not isinstance(number, numbers.Real):
        msg = f"{argument}={shown(number)} is not a number. {accepted}"
        raise SettingTypeError(msg)
