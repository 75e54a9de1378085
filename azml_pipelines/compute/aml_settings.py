"""What an AmlCompute may grow to and how it is doing, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from azml_pipelines.errors import ComputeTargetException
from azml_pipelines.wording import shown

__all__ = [
    "AmlComputeProvisioningConfiguration",
    "AmlComputeStatus",
    "Priority",
    "ScaleSettings",
    "priority",
    "whole_number",
]

Priority = Literal["dedicated", "lowpriority"]


class AmlComputeProvisioningConfiguration(BaseModel):
    """How large a compute target may grow; made by ``provisioning_configuration``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vm_size: str = ""
    """Recorded only; an unknown size is no error."""
    vm_priority: Priority = "dedicated"
    min_nodes: int = 0
    max_nodes: int
    idle_seconds_before_scaledown: int = 1800
    tags: dict[str, str] | None = None
    description: str | None = None
    location: str | None = None

    def checked(self) -> Self:
        """Return self, if its numbers fit together.

        Raises:
            ComputeTargetException: ``min_nodes`` is above ``max_nodes``.
        """
        if self.min_nodes > self.max_nodes:
            msg = (
                f"min_nodes={self.min_nodes} is above max_nodes={self.max_nodes}; "
                "lower the first or raise the second."
            )
            raise ComputeTargetException(msg)
        return self


@dataclass(frozen=True)
class ScaleSettings:
    """Between how many nodes a compute target moves."""

    minimum_node_count: int
    maximum_node_count: int
    idle_seconds_before_scaledown: int


@dataclass(frozen=True)
class AmlComputeStatus:
    """The state of a compute target; local nodes exist only while a run uses them."""

    scale_settings: ScaleSettings
    vm_priority: str
    vm_size: str
    creation_time: str
    modified_time: str
    current_node_count: int = 0
    target_node_count: int = 0
    allocation_state: str = "Steady"
    provisioning_state: str = "Succeeded"
    errors: tuple[str, ...] = ()

    def serialize(self) -> dict[str, Any]:
        """Return the status as a dictionary with version 1's keys."""
        states = ("preparing", "running", "idle", "unusable", "leaving", "preempted")
        idle = self.scale_settings.idle_seconds_before_scaledown
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": {f"{state}NodeCount": 0 for state in states},
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": self.modified_time,
            "errors": list(self.errors) or None,
            "creationTime": self.creation_time,
            "modifiedTime": self.modified_time,
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": self.modified_time,
            "scaleSettings": {
                "minNodeCount": self.scale_settings.minimum_node_count,
                "maxNodeCount": self.scale_settings.maximum_node_count,
                "nodeIdleTimeBeforeScaleDown": f"PT{idle}S",
            },
            "vmPriority": self.vm_priority.capitalize(),
            "vmSize": self.vm_size.upper(),
        }


def whole_number(name: str, value: object) -> int:
    """Return ``value`` as a number; environment variables arrive as digits in text.

    Raises:
        ComputeTargetException: It is no whole number, or a negative one.
    """
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    msg = f"{name}={shown(value)} is no number of nodes or seconds; give 0, 1, 2, …"
    raise ComputeTargetException(msg)


def priority(value: str) -> Priority:
    """Return the priority, whatever its case.

    Raises:
        ComputeTargetException: It is neither ``dedicated`` nor ``lowpriority``.
    """
    match str(value).lower():
        case "dedicated":
            return "dedicated"
        case "lowpriority":
            return "lowpriority"
        case _:
            msg = (
                f"vm_priority={shown(value)} is unknown; give dedicated or lowpriority."
            )
            raise ComputeTargetException(msg)
