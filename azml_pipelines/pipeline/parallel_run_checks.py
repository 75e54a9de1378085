"""What each argument of a ParallelRunConfig may be, and what is said when it is not.

Every problem is a ``ValueError``, as in version 1; where version 1 lets a ``TypeError``
or an ``AttributeError`` escape, the error is both.
"""

from __future__ import annotations

import json
import math
import numbers
import re
from typing import Protocol, runtime_checkable

from azml_pipelines.errors import (
    DeclarationError,
    SettingNotTextError,
    SettingTypeError,
)
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.pipeline.mini_batch_size import (
    ACCEPTED_SIZES,
    parse_mini_batch_size,
)
from azml_pipelines.pipeline.parameter import PipelineParameter

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
_FORBIDDEN_IN_FILE_NAME = re.compile(r'[~"#%&*:<>?/\\{|}\x00-\x1f]')


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
        msg = f"environment={environment!r} is not allowed. Pass an Environment."
        raise DeclarationError(msg)


def check_output_action(output_action: object) -> None:
    """Refuse what is neither append_row nor summary_only, in any spelling."""
    accepted = "Use 'append_row' or 'summary_only'."
    if not isinstance(output_action, str):
        msg = f"output_action={output_action!r} is not text. {accepted}"
        raise SettingNotTextError(msg)
    if output_action.lower() not in _OUTPUT_ACTIONS:
        msg = f"output_action={output_action!r} is unknown. {accepted}"
        raise DeclarationError(msg)


def check_count(argument: str, count: object) -> None:
    """Refuse what is no whole number of at least -1."""
    if not isinstance(count, int) or count < -1:
        msg = (
            f"{argument}={count!r} is not allowed. Give a whole number; "
            "-1 ignores every failure."
        )
        raise DeclarationError(msg)


def check_percent(argument: str, percent: object) -> None:
    """Refuse what is no number from 0 to 100; None is accepted."""
    if percent is None:
        return
    if not isinstance(percent, (int, float)) or not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
        msg = f"{argument}={percent!r} is not allowed. Give a number from 0 to 100."
        raise DeclarationError(msg)


def check_only_one(mini_batch_size: object, partition_keys: object) -> None:
    """Refuse two ways of splitting at once."""
    if mini_batch_size is not None and partition_keys is not None:
        msg = (
            f"mini_batch_size={mini_batch_size!r} and partition_keys="
            f"{partition_keys!r} exclude each other. Give one of them."
        )
        raise DeclarationError(msg)


def convert_mini_batch_size(size: object) -> int | PipelineParameter | None:
    """Return the size as a number; a parameter and None stay what they are."""
    if size is None or isinstance(size, (int, PipelineParameter)):
        return size
    if isinstance(size, str):
        return parse_mini_batch_size(size)
    msg = f"mini_batch_size={size!r} is not allowed. Give {ACCEPTED_SIZES}."
    raise DeclarationError(msg)


def check_partition_keys(keys: object) -> None:
    """Refuse what is no list of text; a parameter's default holds the list as JSON."""
    given = keys
    if isinstance(keys, PipelineParameter):
        try:
            given = json.loads(str(keys.default_value))
        except ValueError:
            given = keys.default_value
    if given is None or (
        isinstance(given, list) and all(isinstance(key, str) for key in given)
    ):
        return
    msg = (
        f"partition_keys={keys!s} is not allowed. Give a list of column names, or a "
        "PipelineParameter whose default is such a list as JSON text."
    )
    raise DeclarationError(msg)


def check_process_count(count: object) -> None:
    """Refuse less than one process; None and a parameter are accepted."""
    if count is not None and not isinstance(count, PipelineParameter):
        _check_number("process_count_per_node", count, "Give a whole number.")
        if not count >= 1:  # type: ignore[operator]
            msg = f"process_count_per_node={count!r} is too small. Give at least 1."
            raise DeclarationError(msg)


def check_node_count(count: object, compute_target: object) -> None:
    """Refuse more nodes than a compute target has; only its object is known to have."""
    if isinstance(count, PipelineParameter) or not isinstance(compute_target, NodePool):
        return
    most = compute_target.scale_settings.maximum_node_count
    _check_number("node_count", count, "Give a whole number.")
    if not 1 <= count <= most:  # type: ignore[operator]
        msg = (
            f"node_count={count!r} is not allowed: compute target "
            f"{compute_target.name!r} has 1 to {most} nodes."
        )
        raise DeclarationError(msg)


def check_positive(argument: str, number: object) -> None:
    """Refuse zero, less, and what never ends; None and a parameter are accepted."""
    if number is None or isinstance(number, PipelineParameter):
        return
    _check_number(argument, number, "Give a number above 0.")
    if not (number > 0 and math.isfinite(number)):  # type: ignore[operator,arg-type]
        msg = f"{argument}={number!r} is not allowed. Give a number above 0."
        raise DeclarationError(msg)


def check_append_row_file_name(name: object, output_action: str) -> None:
    """Refuse a name that no file can have; only append_row makes a file."""
    if name is None or output_action.lower() != "append_row":
        return
    if not isinstance(name, str):
        msg = f"append_row_file_name={name!r} is not text. Give a file name."
        raise DeclarationError(msg)
    found = sorted(set(_FORBIDDEN_IN_FILE_NAME.findall(name)))
    if found or name in {".", ".."}:
        what = f"it has {' '.join(map(repr, found))}" if found else "it is a folder"
        msg = (
            f"append_row_file_name={name!r} is not allowed: {what}. Give a plain "
            'file name without any of ~ " # % & * : < > ? / \\ { | }.'
        )
        raise DeclarationError(msg)


def check_compute_target(target: object) -> None:
    """Refuse what names no compute target."""
    name = target[0] if isinstance(target, tuple) and target else target
    if target is not None and not isinstance(getattr(name, "name", name), str):
        msg = (
            f"compute_target={target!r} is not allowed. Pass a compute target or its "
            "name; 'local' or None means this machine."
        )
        raise DeclarationError(msg)


def check_text(argument: str, text: object) -> None:
    """Refuse what is not text."""
    if not isinstance(text, str):
        msg = f"{argument}={text!r} is not allowed. Give text; no parameter fits here."
        raise DeclarationError(msg)


def _check_number(argument: str, number: object, accepted: str) -> None:
    if not isinstance(number, numbers.Real):
        msg = f"{argument}={number!r} is not a number. {accepted}"
        raise SettingTypeError(msg)
