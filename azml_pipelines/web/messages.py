"""The bodies of requests, by version 1's names, and ours beside them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ResubmitRequest", "SubmitRequest"]

Scalar = Annotated[str | int | float | bool, Field(union_mode="smart")]


class _Body(BaseModel):
    # Version 1's clients send more than means anything here.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class DataPathAssignment(_Body):
    """A place on a datastore."""

    DataStoreName: str
    RelativePath: str


class SavedDataSetReference(_Body):
    """One version of a registered dataset."""

    Id: str


class DataSetDefinitionValue(_Body):
    """A dataset by its id."""

    SavedDataSetReference: SavedDataSetReference


class _Assignments(_Body):
    ParameterAssignments: dict[str, Scalar] = Field(default_factory=dict)
    """Values by parameter name; texts are read as the type that is declared."""
    DataPathAssignments: dict[str, DataPathAssignment] = Field(default_factory=dict)
    DataSetDefinitionValueAssignments: dict[str, DataSetDefinitionValue] = Field(
        default_factory=dict
    )
    Tags: dict[str, str] = Field(default_factory=dict)
    RegenerateOutputs: bool | list[str] = False
    """Ours: true runs every step whatever was made before; names run these steps."""
    Incremental: bool | Literal["items"] = False
    """Ours: take over from the last result what the inputs have in common with it."""
    IdempotencyKey: str | None = None
    """As the header ``Idempotency-Key``, which goes before it."""


class SubmitRequest(_Assignments):
    """Start a run of a published pipeline."""

    ExperimentName: str
    ContinueRunOnStepFailure: bool | None = None
    PipelineVersion: str | None = None
    """Of a pipeline endpoint; its default version if there is none."""


class ResubmitRequest(_Assignments):
    """Run the pipeline of a stored run again; other values stay what they were."""

    ExperimentName: str | None = None
