"""Flags in ``program_arguments`` that the runtime of parallel jobs understands.

The runtime gets the settings of the job first and these arguments behind them, so a
flag wins over the key of the same meaning. What is not known goes to the script as it
is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.azure_v2.document import Place

__all__ = ["RuntimeFlags", "runtime_flags"]

_WEEKEND = 259_200.0
_MOST = float(2**31 - 1)
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True)
class _Flag:
    """One flag: the numbers it may have, and why it has no effect, if it has none."""

    low: float | None = None
    high: float = _MOST
    unused: str = ""
    refused: str = ""


_WATCHED = "waits are watched by other rules here"
_LOGS = "logs lie in the folder of the run"
_FLAGS = {
    "error_threshold": _Flag(-1),
    "allowed_failed_percent": _Flag(0, 100),
    "logging_level": _Flag(),
    "append_row_dataframe_header": _Flag(),
    "task_overhead_timeout": _Flag(0, _WEEKEND, _WATCHED),
    "progress_update_timeout": _Flag(0, _WEEKEND, _WATCHED),
    "first_task_creation_timeout": _Flag(0, _WEEKEND, _WATCHED),
    "copy_logs_to_parent": _Flag(unused=_LOGS),
    "metrics_name_prefix": _Flag(unused="only the script logs metrics"),
    "push_metrics_to_parent": _Flag(unused="only the script logs metrics"),
    "resource_monitor_interval": _Flag(0, _MOST, "what processes need is always noted"),
    "profiling_module": _Flag(unused="profile with azml replay under cProfile"),
    "append_row_safe_output": _Flag(),  # rows are always written so
    "amlbi_dataframe_mixed_types": _Flag(),  # mixed types are always tolerated
    "resume_from": _Flag(refused="to go on with a run: azml resume RUN"),
    "amlbi_async_mode": _Flag(refused="give max_concurrency_per_instance"),
    "amlbi_pf_enabled": _Flag(refused="use a script with run()"),
    "amlbi_pf_run_mode": _Flag(refused="use a script with run()"),
    "amlbi_file_format": _Flag(refused="read JSON lines by an MLTable"),
    "amlbi_mini_batch_rows": _Flag(
        refused="read an MLTable, mini_batch_size: '1 rows'"
    ),
}


@dataclass(frozen=True)
class RuntimeFlags:
    """What the flags of one job say."""

    values: dict[str, str] = field(default_factory=dict)
    """Name of the flag in full to its value."""
    rest: tuple[object, ...] = ()
    """What the script gets; honoured settings reach it by another way."""

    def number(self, name: str) -> float | None:
        """Return the number that a flag has, or None without the flag."""
        return float(self.values[name]) if name in self.values else None


def runtime_flags(arguments: Sequence[object], place: Place) -> RuntimeFlags:
    """Find the runtime's flags among the arguments of a script.

    Args:
        arguments: Texts, and whatever else may stand in arguments.
        place: Where they stand.

    Raises:
        BadDocumentError: A flag has a value that it cannot have, or is not available.

    Warns:
        UserWarning: A flag has no effect here.
    """
    values: dict[str, str] = {}
    rest: list[object] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        name, equals, value = _split(argument)
        full = _full_name(name)
        if full is None:
            rest.append(argument)
            continue
        flag = _FLAGS[full]
        taken: list[object] = [argument]
        if not equals and waiting and isinstance(waiting[0], str):
            taken.append(waiting.pop(0))
            value = str(taken[1])
        reason = _reason(full, flag, value)
        if reason and full != name:
            rest += taken  # the beginning of one of ours, and a flag of the script
            continue
        if reason:
            text = f"--{full} is {shown(value)}; {reason}."
            raise place.problem(text)
        if flag.unused:
            place.warn(f"--{full} has no effect: {flag.unused}")
        values[full] = value
        if full not in {"error_threshold", "allowed_failed_percent", "logging_level"}:
            rest += [f"--{full}", value]
    return RuntimeFlags(values, tuple(rest))


def _split(argument: object) -> tuple[str, str, str]:
    if not isinstance(argument, str) or not argument.startswith("--"):
        return "", "", ""
    return argument[2:].partition("=")


def _full_name(name: str) -> str | None:
    """Return the flag that a name means, as argparse does: a beginning will do."""
    if name in _FLAGS:
        return name
    close = [flag for flag in _FLAGS if name and flag.startswith(name)]
    return close[0] if len(close) == 1 else None


def _reason(name: str, flag: _Flag, value: str) -> str:
    if flag.refused:
        return "" if value.lower() == "false" else f"not available: {flag.refused}"
    if name == "logging_level":
        return "" if value.upper() in _LEVELS else f"give one of {', '.join(_LEVELS)}"
    if flag.low is None:
        return ""
    try:
        number = float(value)
    except ValueError:
        return "give a number"
    if not flag.low <= number <= flag.high:
        return f"give {flag.low:g} to {flag.high:g}"
    return ""
