"""A step that copies files from one place to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

from azml_pipelines.data.data_reference import DataReference
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.condition import checked_conditions
from azml_pipelines.pipeline.input_port import InputPort, script_port
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.pipeline.pipeline_data import PipelineData
from azml_pipelines.pipeline.step import PipelineStep
from azml_pipelines.pipeline.step_arguments import data_of
from azml_pipelines.signatures import explained
from azml_pipelines.wording import shown

__all__ = ["DataTransferStep", "ReferenceType"]

if TYPE_CHECKING:
    from collections.abc import Mapping

ReferenceType = Literal["file", "directory"]
_TYPES = ("file", "directory")


class DataTransferStep(PipelineStep):
    """Copies a file or a folder onto a datastore.

    Args:
        name: What runs and logs call it.
        source_data_reference: What is copied: a DataReference, the output of another
            step, or a file dataset with a name.
        destination_data_reference: Where it goes: a DataReference, whose place is
            written to, or PipelineData.
        compute_target: Recorded: the copy is made where the run is.
        source_reference_type: ``file`` or ``directory``; what is found if None.
        destination_reference_type: ``file``: the destination is the file itself;
            ``directory``: it is a folder. If None, a single file becomes a file.
        allow_reuse: Whether an earlier run's copy may stand in.
        when: Ours: a condition, or a list of them; without it the step always runs.

    Raises:
        DeclarationError: Something of this is not so.
    """

    @explained
    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        name: str,
        source_data_reference: object = None,
        destination_data_reference: object = None,
        compute_target: object = None,
        source_reference_type: str | None = None,
        destination_reference_type: str | None = None,
        allow_reuse: bool = True,
        *,
        when: object = None,
    ) -> None:
        super().__init__(name, inputs=[source_data_reference])
        port = script_port(name, source_data_reference)
        if port.kind != "file":
            msg = f"Step {shown(name)} copies files; {shown(port.name)} is a table."
            raise DeclarationError(msg)
        self.source_port: InputPort = replace(port, mode="mount", path_on_compute=None)
        self.destination = _destination(name, destination_data_reference)
        self.outputs = [self.destination]
        self.source_reference_type = _checked(name, source_reference_type)
        self.destination_reference_type = _checked(name, destination_reference_type)
        self.allow_reuse = bool(allow_reuse)
        self._compute_target = compute_target
        self.conditions = checked_conditions(self, when)
        self.destination.producer = self

    @property
    def compute_target(self) -> object:
        """As given."""
        return self._compute_target

    @property
    def environment_variables(self) -> Mapping[str, object]:
        """None: it has no process of its own."""
        return {}

    def get_output(self) -> PipelineData:
        """Return the copy, for steps that read it."""
        return self.destination

    def reads(self) -> list[PipelineData]:
        """Return the output of another step, if that is what is copied."""
        source = self.source_port.source
        return [source] if isinstance(source, PipelineData) else []

    def writes(self) -> list[PipelineData]:
        """Return the copy."""
        return [self.destination]

    def parameters(self) -> list[PipelineParameter]:
        """Return the parameter that names what is copied, if one does."""
        source = self.source_port.source
        return [source] if isinstance(source, PipelineParameter) else []


def _destination(step: str, given: object) -> PipelineData:
    data = data_of(given)
    if data is not None:
        return data
    if isinstance(given, DataReference):
        made = PipelineData(given.data_reference_name, datastore=given.datastore)
        made.path_template = str(given.path_on_datastore or "")
        return made
    msg = (
        f"Step {shown(step)}: destination_data_reference={shown(given)} "
        f"({type(given).__name__}) is not allowed. Pass a DataReference or "
        "PipelineData."
    )
    raise DeclarationError(msg)


def _checked(step: str, kind: object) -> ReferenceType | None:
    if kind is None or kind in _TYPES:
        return cast("ReferenceType | None", kind)
    msg = (
        f"Step {shown(step)}: the reference type {shown(kind)} is unknown. Use 'file' "
        "or 'directory'; databases need Azure."
    )
    raise DeclarationError(msg)
