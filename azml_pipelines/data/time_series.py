"""Tables whose rows have a time: which column says it, and rows of a span of time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from azml_pipelines.data.expression import DatasetExpression
from azml_pipelines.data.operations import Operation
from azml_pipelines.data.table_reading import joined
from azml_pipelines.errors import DatasetTimestampMissingError, UserErrorException
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["TimeSeries", "times_left"]


class TimeSeries:
    """The part of a tabular dataset that knows about time."""

    definition: DatasetDefinition

    @property
    def timestamp_columns(self) -> tuple[str | None, str | None]:
        """Return the column with the time of each row, and the one of its partition."""
        return self.definition.timestamp, self.definition.partition_timestamp

    def with_timestamp_columns(
        self,
        timestamp: str | None = None,
        partition_timestamp: str | None = None,
        validate: bool = False,
    ) -> Self:
        """Return the same rows, with columns that say their time.

        Args:
            timestamp: Column of the time of each row.
            partition_timestamp: Column of a coarser time, such as the day in the path.
                Rows are chosen by it where there is no ``timestamp``.
            validate: Whether to read the first row now, to see that both are dates.

        Raises:
            UserErrorException: A name is no text, both are the same, or a column is
                missing or holds no dates.
        """
        given = [name for name in (timestamp, partition_timestamp) if name is not None]
        if not all(isinstance(name, str) and name for name in given) or (
            len(given) != len(set(map(str, given)))
        ):
            msg = (
                f"timestamp={shown(timestamp)} and partition_timestamp="
                f"{shown(partition_timestamp)} are not allowed. Give names of two "
                "different columns, or None."
            )
            raise UserErrorException(msg)
        dataset = self._changed(
            timestamp=timestamp, partition_timestamp=partition_timestamp
        )
        if validate:
            _check_dates(dataset.definition, *given)
        return dataset

    def time_before(
        self,
        end_time: dt.datetime,
        include_boundary: bool = True,
        validate: bool = True,
    ) -> Self:
        """Return the rows up to a time.

        Args:
            end_time: With no time zone, it is taken for UTC where the column has one.
            include_boundary: Whether rows of just that time belong to them.
            validate: Whether to read the first row now, to see that there are dates.

        Raises:
            DatasetTimestampMissingError: No column says the time of rows.
            UserErrorException: ``end_time`` is no datetime, or the column holds none.
        """
        end = _checked_time("end_time", end_time)
        return self._within(None, end, include_boundary, validate)

    def time_after(
        self,
        start_time: dt.datetime,
        include_boundary: bool = True,
        validate: bool = True,
    ) -> Self:
        """Return the rows from a time on; see ``time_before``."""
        start = _checked_time("start_time", start_time)
        return self._within(start, None, include_boundary, validate)

    def time_between(
        self,
        start_time: dt.datetime,
        end_time: dt.datetime,
        include_boundary: bool = True,
        validate: bool = True,
    ) -> Self:
        """Return the rows from one time to another; see ``time_before``."""
        start = _checked_time("start_time", start_time)
        end = _checked_time("end_time", end_time)
        return self._within(start, end, include_boundary, validate)

    def time_recent(
        self,
        time_delta: dt.timedelta,
        include_boundary: bool = True,
        validate: bool = True,
    ) -> Self:
        """Return the rows of the last hours or days, counted from this call, in UTC.

        Args:
            time_delta: How long ago they begin.
            include_boundary: Whether rows of just that time belong to them.
            validate: Whether to read the first row now, to see that there are dates.

        Raises:
            DatasetTimestampMissingError: No column says the time of rows.
            UserErrorException: ``time_delta`` is none, or the column holds no dates.
        """
        if not isinstance(time_delta, dt.timedelta):
            msg = (
                f"time_delta={shown(time_delta)} is not allowed. Give a "
                "datetime.timedelta, such as timedelta(days=1)."
            )
            raise UserErrorException(msg)
        start = dt.datetime.now(dt.UTC) - time_delta
        return self._within(start, None, include_boundary, validate)

    def _within(
        self,
        start: dt.datetime | None,
        end: dt.datetime | None,
        include_boundary: bool,
        validate: bool,
    ) -> Self:
        name = self.definition.timestamp or self.definition.partition_timestamp
        if name is None:
            msg = (
                "No column says the time of the rows. Name it with "
                "with_timestamp_columns(timestamp='…')."
            )
            raise DatasetTimestampMissingError(msg)
        column = DatasetExpression(["col", name])
        condition: DatasetExpression | None = None
        if start is not None:
            condition = column >= start if include_boundary else column > start
        if end is not None:
            until = column <= end if include_boundary else column < end
            condition = until if condition is None else condition & until
        if validate:
            _check_dates(self.definition, name)
        tree = None if condition is None else condition.tree
        steps = (*self.definition.operations, Operation("filter", expression=tree))
        return self._changed(operations=steps)

    def _changed(self, **fields: object) -> Self:
        """Return another dataset, which is no registered one."""
        update = {**fields, "name": None, "version": None}
        return type(self)(self.definition.model_copy(update=update))  # type: ignore[call-arg]


def times_left(
    definition: DatasetDefinition, operation: Operation
) -> dict[str, str | None]:
    """Return the columns of time that are there after an operation."""

    def left(name: str | None) -> str | None:
        gone = operation.kind == "keep" and name not in operation.columns
        gone = gone or (operation.kind == "drop" and name in operation.columns)
        return None if gone else name

    return {
        "timestamp": left(definition.timestamp),
        "partition_timestamp": left(definition.partition_timestamp),
    }


def _check_dates(definition: DatasetDefinition, *names: str) -> None:
    """Read the first row, and see that these columns hold dates.

    Raises:
        UserErrorException: One is not there, or does not.
    """
    steps = (*definition.operations, Operation("take", count=1))
    row = joined(definition.model_copy(update={"operations": steps}))
    for name in names:
        if name not in row.columns:
            msg = (
                f"There is no column {shown(name)}. There are "
                f"{listed(map(str, row.columns))}."
            )
            raise UserErrorException(msg)
        if len(row) and row[name].dtype.kind != "M":
            msg = (
                f"The column {shown(name)} holds no dates: its type is "
                f"{row[name].dtype}. Say what it is with set_column_types and "
                "DataType.to_datetime()."
            )
            raise UserErrorException(msg)


def _checked_time(what: str, moment: object) -> dt.datetime:
    if isinstance(moment, dt.datetime):
        return moment
    msg = f"{what}={shown(moment)} is not allowed. Give a datetime.datetime."
    raise UserErrorException(msg)
