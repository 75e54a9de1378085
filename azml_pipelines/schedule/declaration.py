"""What people may ask of a schedule, checked, becomes its stored definition."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from azml_pipelines.argument_checks import check_flag, check_mapping, check_text
from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import (
    ScheduleValueError,
    UnknownArgumentError,
    UserErrorException,
)
from azml_pipelines.masking import holds_secret, mask
from azml_pipelines.plan.describe_ports import datapath_source
from azml_pipelines.schedule.cron import check_cron
from azml_pipelines.schedule.definition import (
    CronTrigger,
    DataTrigger,
    RecurrenceTrigger,
)
from azml_pipelines.schedule.recurrence import ScheduleRecurrence, as_moment
from azml_pipelines.schedule.time_zone import TimeZone
from azml_pipelines.schedule.wall_time import zone_called
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from azml_pipelines.schedule.definition import OnOverlap, ScheduledValue

__all__ = [
    "Asked",
    "Extensions",
    "check_extensions",
    "check_runs",
    "checked_facts",
    "checked_name",
    "scheduled_values",
    "trigger_of",
]

_LONGEST_NAME = 255


class Extensions(TypedDict, total=False):
    """Keywords of a schedule that version 1 does not have."""

    cron: str | None
    """Five fields, such as ``"30 2 * * MON-FRI"``, in place of a recurrence."""
    time_zone: TimeZone | str | None
    """That of ``cron``: a ``TimeZone`` or an IANA name; UTC if None."""
    start_time: datetime | str | None
    """For ``cron`` and ``datastore``: nothing fires before. UTC if it has no zone."""
    end_time: datetime | str | None
    """Nothing fires after."""
    catchup: bool
    """Whether all missed nominal times are made up for, not just the latest."""
    max_concurrent_runs: int | None
    """How many runs of the schedule may go on at a time; any number if None."""
    on_overlap: OnOverlap
    """What becomes of a nominal time without room: ``"skip"``, or ``"queue"``."""


@dataclass(frozen=True)
class Asked:
    """What fires a schedule, as version 1 has it, and our keywords."""

    recurrence: ScheduleRecurrence | None = None
    datastore: AbstractDatastore | None = None
    polling_interval: float = 5
    data_path_parameter_name: str | None = None
    path_on_datastore: str | None = None
    more: Extensions = field(default_factory=Extensions)


def check_extensions(what: str, given: Mapping[str, object]) -> None:
    """Refuse keywords that are none.

    Raises:
        UnknownArgumentError: It names the closest one; it is a ``TypeError`` too.
    """
    known = list(Extensions.__annotations__)
    for name in given:
        if name not in known:
            msg = (
                f"{what} has no argument {shown(name)}.{did_you_mean(name, known)} "
                f"Beside version 1's it accepts {listed(known)}."
            )
            raise UnknownArgumentError(msg)


def trigger_of(
    asked: Asked, now: datetime
) -> RecurrenceTrigger | CronTrigger | DataTrigger:
    """Return the one trigger that was asked for.

    Args:
        asked: Exactly one of a recurrence, a cron expression and a datastore.
        now: When the schedule is made.

    Raises:
        ScheduleValueError: There is none or more than one, or a value is not accepted.
    """
    kinds = {
        "recurrence": asked.recurrence,
        "cron": asked.more.get("cron"),
        "datastore": asked.datastore,
    }
    given = [name for name, value in kinds.items() if value is not None]
    if len(given) != 1:
        msg = (
            f"A schedule has one trigger; got {' and '.join(given) or 'none'}. Give "
            "recurrence=ScheduleRecurrence(…), cron='30 2 * * *' or datastore=…."
        )
        raise ScheduleValueError(msg)
    start = as_moment("start_time", asked.more.get("start_time"))
    end = as_moment("end_time", asked.more.get("end_time"))
    if start is not None and end is not None and end < start:
        msg = f"end_time={end} is before start_time={start}; it never fires so."
        raise ScheduleValueError(msg)
    if asked.datastore is not None:
        return _data_trigger(asked, asked.datastore, start, end)
    for name in ("data_path_parameter_name", "path_on_datastore"):
        if getattr(asked, name) is not None:
            msg = f"{name} is for schedules with a datastore; leave it out."
            raise ScheduleValueError(msg)
    zone = asked.more.get("time_zone")
    if asked.recurrence is not None:
        return _recurrence_trigger(asked.recurrence, now, start or zone, end)
    return CronTrigger(
        expression=check_cron(asked.more.get("cron") or ""),
        time_zone=zone_called(
            zone.value if isinstance(zone, TimeZone) else zone or "UTC"
        ).key,
        start=start,
        end=end,
    )


def scheduled_values(
    given: Mapping[str, object] | None,
) -> dict[str, ScheduledValue]:
    """Return parameter values as they are stored.

    Raises:
        ScheduleValueError: It is no mapping, or a value is nothing that can be stored.
    """
    check_mapping("pipeline_parameters", given, error=ScheduleValueError)
    return {
        str(name): _stored(str(name), value) for name, value in (given or {}).items()
    }


def checked_name(name: object) -> str:
    """Return the name of a schedule, with the secrets in it masked.

    Raises:
        ScheduleValueError: It is none.
    """
    check_text("name", name, error=ScheduleValueError)
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        msg = (
            f"name={shown(name)} names no schedule; give a text of 1 to "
            f"{_LONGEST_NAME} characters."
        )
        raise ScheduleValueError(msg)
    return mask(name)


def checked_facts(
    description: object, continue_on_step_failure: object
) -> dict[str, object]:
    """Return what a schedule only keeps, with the secrets of its description masked.

    Raises:
        ScheduleValueError: A value could not be read again.
    """
    check_text("description", description, error=ScheduleValueError)
    check_flag(
        "continue_on_step_failure",
        continue_on_step_failure,
        optional=True,
        error=ScheduleValueError,
    )
    return {
        "description": mask(description) if isinstance(description, str) else None,
        "continue_on_step_failure": continue_on_step_failure,
    }


def check_runs(most: object, on_overlap: object) -> None:
    """Check how many runs may be going on at a time, and what happens to others.

    Raises:
        ScheduleValueError: A value is not accepted.
    """
    if most is not None and (type(most) is not int or most < 1):
        msg = (
            f"max_concurrent_runs={shown(most)} is not accepted; give a whole number, "
            "at least 1, or None for no limit."
        )
        raise ScheduleValueError(msg)
    if on_overlap not in {"skip", "queue"}:
        msg = f"on_overlap={shown(on_overlap)} is not accepted; give 'skip' or 'queue'."
        raise ScheduleValueError(msg)


def _recurrence_trigger(
    recurrence: object, now: datetime, beside: object, end: datetime | None
) -> RecurrenceTrigger:
    if not isinstance(recurrence, ScheduleRecurrence):
        msg = f"recurrence={shown(recurrence)} is no ScheduleRecurrence; give one."
        raise ScheduleValueError(msg)
    if beside is not None:
        msg = "Give start_time and time_zone to the ScheduleRecurrence itself."
        raise ScheduleValueError(msg)
    return recurrence.trigger(now, end)


def _data_trigger(
    asked: Asked,
    datastore: object,
    start: datetime | None,
    end: datetime | None,
) -> DataTrigger:
    if not isinstance(datastore, AbstractDatastore):
        msg = f"datastore={shown(datastore)} is no datastore; get one with Datastore()."
        raise ScheduleValueError(msg)
    minutes: Any = asked.polling_interval
    if (
        isinstance(minutes, bool)
        or not isinstance(minutes, int | float)
        or not 0 < minutes < math.inf
    ):
        msg = (
            f"polling_interval={shown(minutes)} is not accepted; give minutes, more "
            "than 0 (fractions are allowed)."
        )
        raise ScheduleValueError(msg)
    check_text(
        "data_path_parameter_name",
        asked.data_path_parameter_name,
        error=ScheduleValueError,
    )
    try:
        (source,) = data_sources((datastore, asked.path_on_datastore or ""))
    except UserErrorException as error:
        msg = f"path_on_datastore: {error}"
        raise ScheduleValueError(msg) from error
    return DataTrigger(
        datastore=datastore.name,
        path=source.path,
        polling_minutes=minutes,
        parameter=asked.data_path_parameter_name,
        start=start,
        end=end,
    )


def _stored(name: str, value: object) -> ScheduledValue:
    if isinstance(value, str) and holds_secret(value):
        msg = f"Parameter {shown(name)} holds a secret; give it as env:NAME instead."
        raise ScheduleValueError(msg)
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, DataPath):
        return datapath_source(value)
    if isinstance(value, (FileDataset, TabularDataset)):
        return value.definition
    msg = (
        f"Parameter {shown(name)}: {shown(value)} cannot be given to a schedule; give "
        "a str, int, float, bool, DataPath or dataset, or 'name@latest' for a "
        "registered dataset as it is when the schedule fires."
    )
    raise ScheduleValueError(msg)
