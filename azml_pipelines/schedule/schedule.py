"""``Schedule``: a published pipeline that runs by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack
from uuid import uuid4

from azml_pipelines.argument_checks import check_workspace
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.schedule.changed_definition import changed_definition
from azml_pipelines.schedule.declaration import (
    Asked,
    check_extensions,
    check_runs,
    checked_facts,
    checked_name,
    scheduled_values,
    trigger_of,
)
from azml_pipelines.schedule.definition import DataTrigger, ScheduleDefinition
from azml_pipelines.schedule.firing import check_values
from azml_pipelines.schedule.schedule_yaml import read_schedule
from azml_pipelines.schedule.scheduler import as_text, utc_now
from azml_pipelines.schedule.stored_schedule import StoredSchedule, found_record
from azml_pipelines.schedule.watched_files import all_as_taken, marks_below
from azml_pipelines.store.catalog import ScheduleRecord

if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import Mapping

    from azml_pipelines.data.abstract_datastore import AbstractDatastore
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.declaration import Extensions
    from azml_pipelines.schedule.definition import ScheduledValue
    from azml_pipelines.schedule.recurrence import ScheduleRecurrence
    from azml_pipelines.store.catalog_schedules import ScheduleStatus, SeenFile

__all__ = ["Schedule"]

_SECOND = timedelta(seconds=1)


class Schedule(StoredSchedule):
    """When and with what a published pipeline is submitted; ``azml scheduler`` does it.

    Made by ``create``, found again by ``get`` and ``list``. What version 1 calls
    provisioning is done when a call returns: ``wait_for_provisioning`` and
    ``wait_timeout`` are accepted and ignored.
    """

    @staticmethod
    def create(  # noqa: PLR0917 - version 1's signature
        workspace: Workspace,
        name: str,
        pipeline_id: str,
        experiment_name: str,
        recurrence: ScheduleRecurrence | None = None,
        description: str | None = None,
        pipeline_parameters: Mapping[str, object] | None = None,
        wait_for_provisioning: bool = False,
        wait_timeout: int = 3600,
        datastore: AbstractDatastore | None = None,
        polling_interval: float = 5,
        data_path_parameter_name: str | None = None,
        continue_on_step_failure: bool | None = None,
        path_on_datastore: str | None = None,
        **ours: Unpack[Extensions],
    ) -> Schedule:
        """Make a schedule of a published pipeline; it is active at once.

        Args:
            pipeline_parameters: For every run. ``"name@latest"`` for a dataset is
                looked up at each firing.
            datastore: Of any kind; new and changed files below ``path_on_datastore``
                (a folder, a file, a pattern; None is everything) fire.
            polling_interval: Minutes between two looks; fractions are ours. A file
                fires when two looks in a row have seen the same of it.
            data_path_parameter_name: The ``DataPath`` or, ours, dataset parameter that
                gets them: one run for each file, or one for all of them.
            ours: See ``Extensions``.

        Raises:
            ScheduleValueError: Not exactly one trigger, or a value is not accepted.
            UserErrorException: There is no such pipeline.
            ParameterError: A parameter is not declared or does not take its value.
        """
        asked = Asked(
            recurrence,
            datastore,
            polling_interval,
            data_path_parameter_name,
            path_on_datastore,
            ours,
        )
        said = {
            "pipeline_id": pipeline_id,
            **checked_facts(description, continue_on_step_failure),
        }
        values = scheduled_values(pipeline_parameters)
        return _added(workspace, name, experiment_name, values, asked, said)

    @staticmethod
    def create_for_pipeline_endpoint(  # noqa: PLR0917 - version 1's signature
        workspace: Workspace,
        name: str,
        pipeline_endpoint_id: str,
        experiment_name: str,
        recurrence: ScheduleRecurrence | None = None,
        description: str | None = None,
        pipeline_parameters: Mapping[str, object] | None = None,
        wait_for_provisioning: bool = False,
        wait_timeout: int = 3600,
        datastore: AbstractDatastore | None = None,
        polling_interval: float = 5,
        data_path_parameter_name: str | None = None,
        continue_on_step_failure: bool | None = None,
        path_on_datastore: str | None = None,
        **ours: Unpack[Extensions],
    ) -> Schedule:
        """Make a schedule of the default of an endpoint when it fires; see ``create``.

        Raises:
            UserErrorException: There is no such endpoint, or it is disabled.
        """
        asked = Asked(
            recurrence,
            datastore,
            polling_interval,
            data_path_parameter_name,
            path_on_datastore,
            ours,
        )
        said = {
            "pipeline_endpoint_id": pipeline_endpoint_id,
            **checked_facts(description, continue_on_step_failure),
        }
        values = scheduled_values(pipeline_parameters)
        return _added(workspace, name, experiment_name, values, asked, said)

    @staticmethod
    def get(workspace: Workspace, id: str) -> Schedule:
        """Return the schedule with this id.

        Raises:
            UserErrorException: There is none.
        """
        return Schedule(workspace, found_record(workspace, id))

    @staticmethod
    def list(
        workspace: Workspace,
        active_only: bool = True,
        pipeline_id: str | None = None,
        pipeline_endpoint_id: str | None = None,
    ) -> builtins.list[Schedule]:
        """Return the schedules, or those of one pipeline or endpoint, the oldest first.

        Args:
            active_only: Leave out those that are disabled.
        """
        check_workspace(workspace)
        every = [
            Schedule(workspace, record)
            for record in workspace.catalog.schedules.all(active_only=active_only)
        ]
        return [
            one
            for one in every
            if pipeline_id in (None, one.pipeline_id)
            and pipeline_endpoint_id in (None, one.pipeline_endpoint_id)
        ]

    @staticmethod
    def get_all(
        workspace: Workspace,
        active_only: bool = True,
        pipeline_id: str | None = None,
        pipeline_endpoint_id: str | None = None,
    ) -> builtins.list[Schedule]:
        """Return what ``list`` returns; version 1's older name for it."""
        return Schedule.list(workspace, active_only, pipeline_id, pipeline_endpoint_id)

    @staticmethod
    def get_schedules_for_pipeline_id(
        workspace: Workspace, pipeline_id: str
    ) -> builtins.list[Schedule]:
        """Return the schedules of a published pipeline, disabled ones too."""
        return Schedule.list(workspace, active_only=False, pipeline_id=pipeline_id)

    @staticmethod
    def get_schedules_for_pipeline_endpoint_id(
        workspace: Workspace, pipeline_endpoint_id: str
    ) -> builtins.list[Schedule]:
        """Return the schedules of an endpoint, disabled ones too."""
        return Schedule.list(
            workspace, active_only=False, pipeline_endpoint_id=pipeline_endpoint_id
        )

    @staticmethod
    def load_yaml(
        workspace: Workspace, filename: str | os.PathLike[str]
    ) -> dict[str, Any]:
        """Return arguments for ``create`` from a file with the key ``Schedule``.

        Raises:
            BadYamlError: The file cannot be read.
            ScheduleValueError: A key is missing or not known.
        """
        return read_schedule(workspace, filename)

    def enable(
        self, wait_for_provisioning: bool = False, wait_timeout: int = 3600
    ) -> None:
        """Let it fire again, from now on: what came meanwhile is not made up for."""
        self._write(self.definition, status="Active", from_now=True)

    def disable(
        self, wait_for_provisioning: bool = False, wait_timeout: int = 3600
    ) -> None:
        """Let it fire no more; runs that have started go on."""
        self._write(self.definition, status="Disabled", from_now=False)

    def update(  # noqa: PLR0917 - version 1's signature
        self,
        name: str | None = None,
        description: str | None = None,
        recurrence: ScheduleRecurrence | None = None,
        pipeline_parameters: Mapping[str, object] | None = None,
        status: ScheduleStatus | None = None,
        wait_for_provisioning: bool | None = None,
        wait_timeout: int = 3600,
        datastore: AbstractDatastore | None = None,
        polling_interval: float | None = None,
        data_path_parameter_name: str | None = None,
        continue_on_step_failure: bool | None = None,
        path_on_datastore: str | None = None,
        **ours: Unpack[Extensions],
    ) -> None:
        """Change what is given, and leave the rest as it is; see ``create``.

        A changed trigger counts from now on.

        Raises:
            ScheduleValueError: A value is not accepted.
        """
        check_extensions("Schedule.update", ours)
        self._record = found_record(self._workspace, self.id)
        given = {
            "recurrence": recurrence,
            "datastore": datastore,
            "polling_interval": polling_interval,
            "data_path_parameter_name": data_path_parameter_name,
            "path_on_datastore": path_on_datastore,
        }
        old = self.definition
        new = changed_definition(self._workspace, old, given, ours)
        said = {
            **checked_facts(description, continue_on_step_failure),
            "parameters": None
            if pipeline_parameters is None
            else scheduled_values(pipeline_parameters),
        }
        new = new.model_copy(
            update={key: value for key, value in said.items() if value is not None}
        )
        check_values(self._workspace, new)
        if name is not None:
            self._record = replace(self._record, name=checked_name(name))
        revived = status == "Active" and self._record.status != "Active"
        from_now = revived or new.trigger != old.trigger
        self._write(new, status=status or self._record.status, from_now=from_now)

    def _write(
        self, definition: ScheduleDefinition, *, status: ScheduleStatus, from_now: bool
    ) -> None:
        now = utc_now()
        current = found_record(self._workspace, self.id)
        record = replace(
            current,
            name=self._record.name,
            definition=definition.model_dump_json(),
            status=status,
            modified=now.timestamp(),
        )
        files = None
        if from_now:
            record = replace(record, decided_until=as_text(now))
            files = _files_now(self._workspace, definition)
        self._workspace.catalog.schedules.change(record, files)
        self._record = found_record(self._workspace, self.id)


def _added(  # noqa: PLR0917 - all that a new schedule is made of
    workspace: Workspace,
    name: str,
    experiment_name: str,
    values: Mapping[str, ScheduledValue],
    asked: Asked,
    said: Mapping[str, object],
) -> Schedule:
    more = asked.more
    check_workspace(workspace)
    name = checked_name(name)
    check_extensions("Schedule.create", more)
    check_runs(more.get("max_concurrent_runs"), more.get("on_overlap", "skip"))
    now = utc_now()
    definition = ScheduleDefinition(
        trigger=trigger_of(asked, now),
        experiment=Experiment(workspace, experiment_name).name,
        parameters=dict(values),
        max_concurrent_runs=more.get("max_concurrent_runs"),
        on_overlap=more.get("on_overlap", "skip"),
        catchup=bool(more.get("catchup")),
    ).model_copy(update=dict(said))
    check_values(workspace, definition)
    record = ScheduleRecord(
        id=str(uuid4()),
        name=name,
        definition=definition.model_dump_json(),
        created=now.timestamp(),
        modified=now.timestamp(),
        decided_until=as_text(_begin(definition, now)),
    )
    workspace.catalog.schedules.add(record, _files_now(workspace, definition))
    return Schedule(workspace, record)


def _begin(definition: ScheduleDefinition, now: datetime) -> datetime:
    """Return up to when nothing fires; the moment itself still does."""
    if isinstance(definition.trigger, DataTrigger):
        return now
    return now.replace(microsecond=0) - _SECOND


def _files_now(
    workspace: Workspace, definition: ScheduleDefinition
) -> dict[str, SeenFile]:
    if not isinstance(definition.trigger, DataTrigger):
        return {}
    return all_as_taken(marks_below(workspace, definition.trigger))
