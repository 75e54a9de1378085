"""Compute targets by name: version 1's bookkeeping, mapped to this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from azml_pipelines.compute.aml_settings import (
    AmlComputeProvisioningConfiguration,
    AmlComputeStatus,
    ScaleSettings,
    priority,
    whole_number,
)
from azml_pipelines.errors import ComputeTargetException, UserErrorException
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from azml_pipelines.store.catalog_computes import ComputeRecord

__all__ = [
    "LOCAL_NAME",
    "AmlCompute",
    "ComputeHome",
    "ComputeTarget",
    "LocalCompute",
    "compute_target",
]

LOCAL_NAME = "local"
_RESERVED = ("amlcompute", "local", "containerinstance")


class ComputeHome(Protocol):
    """What a workspace offers to compute targets."""

    def save_compute(self, name: str, kind: str, settings: str) -> ComputeRecord:
        """Remember a compute target, replacing its settings if it exists."""
        ...

    def find_compute(self, name: str) -> ComputeRecord | None:
        """Return what was saved under ``name``, or None."""
        ...

    def list_computes(self) -> list[ComputeRecord]:
        """Return all saved compute targets, sorted by name."""
        ...

    def delete_compute(self, name: str) -> None:
        """Forget a compute target."""
        ...


class ComputeTarget:
    """A place where steps run. Calling the class looks one up by name.

    Args:
        workspace: Where the name is known.
        name: ``"local"`` always exists.

    Raises:
        ComputeTargetException: Nothing has this name; the message lists what has.
    """

    type: ClassVar[str] = ""
    name: str
    workspace: ComputeHome

    def __new__(  # noqa: PYI034 - a factory, as in version 1
        cls, workspace: ComputeHome, name: str
    ) -> ComputeTarget:
        """Return the object of the kind that was created under ``name``."""
        if name == LOCAL_NAME:
            return _made(LocalCompute, workspace, name)
        record = workspace.find_compute(name)
        if record is None:
            known = [LOCAL_NAME, *(one.name for one in workspace.list_computes())]
            msg = (
                f"ComputeTargetNotFound: no compute target is called {shown(name)} in "
                f"this workspace; known: {listed(known)}."
            )
            raise ComputeTargetException(msg)
        return compute_target(workspace, record)

    @staticmethod
    def create(
        workspace: ComputeHome,
        name: str,
        provisioning_configuration: object,
    ) -> ComputeTarget:
        """Remember a compute target; one that exists gets the new settings.

        Raises:
            UserErrorException: The name is ``amlcompute``, ``local`` or
                ``containerinstance``.
            ComputeTargetException: The configuration is not what
                ``AmlCompute.provisioning_configuration`` returns.
        """
        if name in _RESERVED:
            msg = (
                f"The compute name {shown(name)} is reserved "
                f"({', '.join(_RESERVED)} are); choose another one."
            )
            raise UserErrorException(msg)
        if not isinstance(
            provisioning_configuration, AmlComputeProvisioningConfiguration
        ):
            msg = (
                "provisioning_configuration is "
                f"{type(provisioning_configuration).__name__}; give what "
                "AmlCompute.provisioning_configuration(…) returns."
            )
            raise ComputeTargetException(msg)
        settings = provisioning_configuration.model_dump_json()
        record = workspace.save_compute(name, AmlCompute.type, settings)
        return compute_target(workspace, record)

    @staticmethod
    def list(workspace: ComputeHome) -> builtins.list[ComputeTarget]:
        """Return every compute target of the workspace, ``local`` first."""
        saved = [compute_target(workspace, one) for one in workspace.list_computes()]
        return [ComputeTarget(workspace, LOCAL_NAME), *saved]

    @property
    def provisioning_state(self) -> str:
        """Local compute is always ready: ``Succeeded``."""
        return "Succeeded"

    @property
    def provisioning_errors(self) -> tuple[str, ...]:
        """What went wrong while the compute target was made: never anything."""
        return ()

    def wait_for_completion(
        self, show_output: bool = False, is_delete_operation: bool = False
    ) -> None:
        """Return at once: local compute needs no preparation."""
        if show_output:
            print("Succeeded")  # noqa: T201 - what version 1 prints

    def refresh_state(self) -> None:
        """Do nothing: there is no service with a newer state."""

    def serialize(self) -> dict[str, Any]:
        """Return the compute target as a dictionary with version 1's keys."""
        return {
            "name": self.name,
            "type": self.type,
            "provisioningState": self.provisioning_state,
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class LocalCompute(ComputeTarget):
    """This machine; our extension. Any number of nodes, each a group of processes."""

    type = "Local"


class AmlCompute(ComputeTarget):
    """A compute target with a limited number of nodes, all of them on this machine."""

    type = "AmlCompute"
    _record: ComputeRecord
    _settings: AmlComputeProvisioningConfiguration

    @staticmethod
    def provisioning_configuration(  # noqa: PLR0917 - version 1's signature
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int = 1800,
        admin_username: str | None = None,
        admin_user_password: str | None = None,
        admin_user_ssh_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        remote_login_port_public_access: str = "NotSpecified",
        identity_type: str | None = None,
        identity_id: object = None,
        location: str | None = None,
        enable_node_public_ip: bool = True,
    ) -> AmlComputeProvisioningConfiguration:
        """Describe a compute target. Numbers may be digits in a string.

        Users, networks and identities are accepted and mean nothing here.

        Raises:
            ComputeTargetException: A number is missing, negative or no number,
                ``min_nodes`` is above ``max_nodes``, or the priority is unknown.
        """
        if max_nodes is None:
            msg = "max_nodes is missing; give the largest number of nodes, 1 or more."
            raise ComputeTargetException(msg)
        return AmlComputeProvisioningConfiguration(
            vm_size=vm_size or "",
            vm_priority=priority(vm_priority),
            min_nodes=whole_number("min_nodes", min_nodes),
            max_nodes=whole_number("max_nodes", max_nodes),
            idle_seconds_before_scaledown=whole_number(
                "idle_seconds_before_scaledown", idle_seconds_before_scaledown
            ),
            tags=None if tags is None else {key: str(tags[key]) for key in tags},
            description=description,
            location=location,
        ).checked()

    def wait_for_completion(  # type: ignore[override] # version 1's signature
        self,
        show_output: bool = False,
        min_node_count: int | None = None,
        timeout_in_minutes: float = 25,
        is_delete_operation: bool = False,
    ) -> None:
        """Return at once: local nodes start with the run that uses them."""
        super().wait_for_completion(show_output, is_delete_operation)

    def get_status(self) -> AmlComputeStatus:
        """Return counts of nodes and the settings, as of now."""
        return AmlComputeStatus(
            scale_settings=self.scale_settings,
            vm_priority=self.vm_priority,
            vm_size=self.vm_size,
            creation_time=self.created_on.isoformat(),
            modified_time=self.modified_on.isoformat(),
        )

    @property
    def status(self) -> AmlComputeStatus:
        """The same as ``get_status()``."""
        return self.get_status()

    @property
    def id(self) -> str:
        """The name; local compute has no other identity."""
        return self.name

    @property
    def vm_size(self) -> str:
        """Recorded only."""
        return self._settings.vm_size

    @property
    def vm_priority(self) -> str:
        """``dedicated`` or ``lowpriority``; recorded only."""
        return self._settings.vm_priority

    @property
    def scale_settings(self) -> ScaleSettings:
        """Between how many nodes the compute target moves."""
        return ScaleSettings(
            self._settings.min_nodes,
            self._settings.max_nodes,
            self._settings.idle_seconds_before_scaledown,
        )

    @property
    def tags(self) -> dict[str, str]:
        """As given when the compute target was created."""
        return dict(self._settings.tags or {})

    @property
    def description(self) -> str:
        """As given when the compute target was created."""
        return self._settings.description or ""

    @property
    def location(self) -> str:
        """As given, else ``local``."""
        return self._settings.location or "local"

    @property
    def created_on(self) -> datetime:
        """When it was first created, UTC."""
        return datetime.fromtimestamp(self._record.created, UTC)

    @property
    def modified_on(self) -> datetime:
        """When its settings were last saved, UTC."""
        return datetime.fromtimestamp(self._record.modified, UTC)

    def update(
        self,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = None,
    ) -> None:
        """Change how far the compute target may grow; None keeps what there is."""
        given = {
            "min_nodes": min_nodes,
            "max_nodes": max_nodes,
            "idle_seconds_before_scaledown": idle_seconds_before_scaledown,
        }
        changes = {
            name: whole_number(name, value)
            for name, value in given.items()
            if value is not None
        }
        settings = self._settings.model_copy(update=changes).checked()
        self._record = self.workspace.save_compute(
            self.name, self.type, settings.model_dump_json()
        )
        self._settings = settings

    def delete(self) -> None:
        """Forget the compute target."""
        self.workspace.delete_compute(self.name)

    def list_nodes(self) -> list[dict[str, Any]]:
        """Return the nodes that are up between runs: none."""
        return []

    def serialize(self) -> dict[str, Any]:
        """Return the compute target as a dictionary with version 1's keys."""
        return {
            **super().serialize(),
            "id": self.id,
            "location": self.location,
            "tags": self.tags,
            "description": self.description,
            "vmSize": self.vm_size,
            "vmPriority": self.vm_priority,
            "status": self.get_status().serialize(),
        }


def compute_target(workspace: ComputeHome, record: ComputeRecord) -> ComputeTarget:
    """Return the object for what a catalog holds.

    Raises:
        ComputeTargetException: The kind is unknown to this version.
    """
    if record.kind != AmlCompute.type:
        msg = (
            f"Compute target {record.name!r} is of the unknown kind {record.kind!r}; "
            f"this version knows {AmlCompute.type} and {LOCAL_NAME}."
        )
        raise ComputeTargetException(msg)
    target = _made(AmlCompute, workspace, record.name)
    target._record = record  # noqa: SLF001 - __init__ is version 1's: a look-up by name
    target._settings = AmlComputeProvisioningConfiguration.model_validate_json(  # noqa: SLF001 - the same
        record.settings
    )
    return target


_Target = TypeVar("_Target", bound=ComputeTarget)


def _made(kind: type[_Target], workspace: ComputeHome, name: str) -> _Target:
    """Make an object without the look-up that calling the class stands for."""
    target = object.__new__(kind)
    target.name = name
    target.workspace = workspace
    return target
