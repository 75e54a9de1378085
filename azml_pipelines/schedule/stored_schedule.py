"""A schedule as the catalog knows it: what it was asked to do, and what it has done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from azml_pipelines.argument_checks import check_workspace
from azml_pipelines.errors import UserErrorException
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.pipeline_run import PipelineRun
from azml_pipelines.schedule.definition import (
    DataTrigger,
    RecurrenceTrigger,
    ScheduleDefinition,
    slots_after,
)
from azml_pipelines.schedule.firing import definition_of
from azml_pipelines.schedule.recurrence import ScheduleRecurrence
from azml_pipelines.wording import did_you_mean, shown

if TYPE_CHECKING:
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.catalog import FiringRecord, ScheduleRecord

__all__ = ["StoredSchedule", "found_record"]


class StoredSchedule:
    """What can be read about a schedule.

    Args:
        workspace: Where it is.
        record: What the catalog knows about it.
    """

    def __init__(self, workspace: Workspace, record: ScheduleRecord) -> None:
        self._workspace = workspace
        self._record = record

    def __repr__(self) -> str:
        return (
            f"Schedule(name={self.name!r}, id={self.id!r}, status={self.status!r}, "
            f"pipeline_id={self.pipeline_id!r}, recurrence={self.recurrence!r})"
        )

    @property
    def id(self) -> str:
        """Its id, a GUID."""
        return self._record.id

    @property
    def name(self) -> str:
        """For people; several may share it."""
        return self._record.name

    @property
    def status(self) -> str:
        """``Active`` or ``Disabled``, as of now."""
        return found_record(self._workspace, self.id).status

    @property
    def definition(self) -> ScheduleDefinition:
        """All that it was asked to do, with every default filled in (ours)."""
        return definition_of(self._record)

    @property
    def description(self) -> str | None:
        """For people."""
        return self.definition.description

    @property
    def pipeline_id(self) -> str | None:
        """Id of the published pipeline that it submits."""
        return self.definition.pipeline_id

    @property
    def pipeline_endpoint_id(self) -> str | None:
        """Id of the endpoint whose default pipeline it submits."""
        return self.definition.pipeline_endpoint_id

    @property
    def experiment_name(self) -> str:
        """The experiment that its runs belong to (ours)."""
        return self.definition.experiment

    @property
    def continue_on_step_failure(self) -> bool | None:
        """Whether runs go on without a failed step; None: as was published."""
        return self.definition.continue_on_step_failure

    @property
    def recurrence(self) -> ScheduleRecurrence | None:
        """Every so often; None for other triggers."""
        trigger = self.definition.trigger
        if isinstance(trigger, RecurrenceTrigger):
            return ScheduleRecurrence.of_trigger(trigger)
        return None

    @property
    def datastore_name(self) -> str | None:
        """The datastore whose changes fire it, if they do."""
        return self._data_trigger.datastore if self._data_trigger else None

    @property
    def polling_interval(self) -> float | None:
        """Minutes between two looks at the datastore."""
        return self._data_trigger.polling_minutes if self._data_trigger else None

    @property
    def data_path_parameter_name(self) -> str | None:
        """The parameter that gets new and changed files."""
        return self._data_trigger.parameter if self._data_trigger else None

    @property
    def path_on_datastore(self) -> str | None:
        """Where on the datastore it looks; None is everywhere."""
        return self._data_trigger.path or None if self._data_trigger else None

    def next_times(self, count: int = 5) -> list[datetime]:
        """Return the next nominal times, in UTC (ours); none for data changes."""
        trigger = self.definition.trigger
        if isinstance(trigger, DataTrigger):
            return []
        decided = datetime.fromisoformat(self._record.decided_until)
        since = max(decided, datetime.now(UTC) - timedelta(seconds=1))
        return list(islice(slots_after(trigger, since), count))

    def history(self, most: int | None = None) -> list[FiringRecord]:
        """Return what became of nominal times, the latest first (ours).

        Raises:
            UserErrorException: ``most`` is no whole number from 1 on.
        """
        if most is not None and (type(most) is not int or most < 1):
            msg = f"most={shown(most)} is not accepted; give a whole number from 1 on."
            raise UserErrorException(msg)
        return self._workspace.catalog.firings.newest_first(self.id, most=most)

    def get_pipeline_runs(self) -> list[PipelineRun]:
        """Return the runs that it has submitted, the latest first."""
        return [
            PipelineRun(Experiment(self._workspace, record.experiment), record.run_id)
            for firing in self.history()
            if firing.run_id is not None
            and firing.outcome == "Submitted"
            and (record := self._workspace.catalog.runs.find(firing.run_id))
        ]

    def get_last_pipeline_run(self) -> PipelineRun | None:
        """Return the latest run that it has submitted, if there is one."""
        return next(iter(self.get_pipeline_runs()), None)

    @property
    def _data_trigger(self) -> DataTrigger | None:
        trigger = self.definition.trigger
        return trigger if isinstance(trigger, DataTrigger) else None


def found_record(workspace: Workspace, schedule_id: object) -> ScheduleRecord:
    """Return what the catalog knows about a schedule.

    Raises:
        UserErrorException: It has none with this id.
    """
    check_workspace(workspace)
    schedules = workspace.catalog.schedules
    record = schedules.find(schedule_id) if isinstance(schedule_id, str) else None
    if record is None:
        known = [one.id for one in schedules.all()]
        msg = (
            f"No schedule has the id {shown(schedule_id)} in workspace "
            f"{shown(workspace.name)}; `azml schedule list` lists those there are."
            f"{did_you_mean(schedule_id, known)}"
        )
        raise UserErrorException(msg)
    return record
