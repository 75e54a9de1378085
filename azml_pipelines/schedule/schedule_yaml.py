"""Schedules in version 1's YAML: what ``Schedule.load_yaml`` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import ScheduleValueError
from azml_pipelines.schedule.recurrence import ScheduleRecurrence
from azml_pipelines.strict_yaml import load_file
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    import os

    from azml_pipelines.run.workspace import Workspace

__all__ = ["read_schedule"]

_TOP = "Schedule"
_KEYS = (
    "description",
    "recurrence",
    "pipeline_parameters",
    "wait_for_provisioning",
    "wait_timeout",
    "datastore_name",
    "polling_interval",
    "data_path_parameter_name",
    "continue_on_step_failure",
    "path_on_datastore",
)
_RECURRENCE = (
    "frequency",
    "interval",
    "start_time",
    "time_zone",
    "hours",
    "minutes",
    "week_days",
    "time_of_day",
)


def read_schedule(workspace: Workspace, file: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the arguments of ``Schedule.create`` that a file holds.

    Raises:
        BadYamlError: The file cannot be read.
        ScheduleValueError: It has no key ``Schedule``, or one that is not known.
        UserErrorException: The workspace has no such datastore.
    """
    content = load_file(str(file))
    found = content.get(_TOP) if isinstance(content, dict) else None
    if not isinstance(found, dict):
        msg = f"{file} has no key {_TOP!r} with the settings of a schedule; add it."
        raise ScheduleValueError(msg)
    known = _checked(f"{file}: {_TOP}", found, _KEYS)
    datastore = known.pop("datastore_name", None)
    if datastore is not None:
        known["datastore"] = workspace.get_datastore(datastore)
    if "recurrence" in known:
        place = f"{file}: recurrence"
        known["recurrence"] = ScheduleRecurrence(
            **_checked(place, known["recurrence"], _RECURRENCE)
        )
    return known


def _checked(place: str, found: Any, keys: tuple[str, ...]) -> dict[str, Any]:  # noqa: ANN401 - YAML
    if not isinstance(found, dict):
        msg = f"{place} is {shown(found)}; it has the keys {listed(keys)}."
        raise ScheduleValueError(msg)
    for key in found:
        if key not in keys:
            msg = (
                f"{place} has no key {shown(key)}.{did_you_mean(key, keys)} "
                f"It has {listed(keys)}."
            )
            raise ScheduleValueError(msg)
    return {key: value for key, value in found.items() if value is not None}
