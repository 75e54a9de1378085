"""What a parallel step reads, however the user wrote it, in one form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.data.data_reference import (
    DataPath,
    DataPathComputeBinding,
    DataReference,
)
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.output_file_dataset_config import (
    OutputFileDatasetConfig,
)
from azml_pipelines.pipeline.output_tables import PipelineOutputTabularDataset
from azml_pipelines.pipeline.parameter import PipelineParameter
from azml_pipelines.pipeline.pipeline_data import (
    InputPortBinding,
    PipelineData,
    PipelineOutputAbstractDataset,
    PipelineOutputFileDataset,
)
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.data.definition import DatasetDefinition

__all__ = [
    "InputPort",
    "Readable",
    "check_distinct",
    "primary_port",
    "script_port",
    "side_port",
]

Readable: TypeAlias = (
    FileDataset | TabularDataset | PipelineParameter | PipelineData | DataReference
)
Mode = Literal["direct", "mount", "download"]


@dataclass(frozen=True)
class InputPort:
    """One thing that a step reads.

    Two ports differ even if they say the same, as objects of the user's do.
    """

    name: str
    source: Readable
    kind: Literal["file", "tabular"]
    mode: Mode
    path_on_compute: str | None
    given: object
    """What the user wrote; the same object in ``arguments`` means this port."""
    reading: DatasetDefinition | None = None
    """How the output of another step becomes a table."""

    def renamed(self, name: str) -> InputPort:
        """Return the port under another name."""
        return replace(self, name=name)

    def current_source(self) -> Readable:
        """Return what is read, with a registered dataset looked up anew."""
        made = isinstance(self.source, PipelineData)
        if isinstance(self.given, DatasetConsumptionConfig) and not made:
            return cast("Readable", self.given.dataset)
        return self.source


def primary_port(step: str, entry: object, *, partitioned: bool) -> InputPort:
    """Check an entry of a parallel step's ``inputs``.

    Tables are given as datasets. Files are mounted, also where no mode was asked for;
    with ``as_download()`` they are all there before the step starts, which version 1
    does not heed.

    Args:
        step: Name of the step, for the message.
        entry: What the user wrote.
        partitioned: Whether the step has partition keys.

    Raises:
        DeclarationError: It cannot be cut into mini-batches, or has a wrong mode.
    """
    port = _dataset_port(step, entry)
    if port is None:
        msg = (
            f"Step {shown(step)}: {_described(entry)} cannot be in inputs. "
            f"{_way_out(entry)}"
        )
        raise DeclarationError(msg)
    if partitioned and isinstance(entry, OutputFileDatasetConfig):
        port = replace(port, mode="direct")
    direct = port.mode == "direct"
    if port.kind == "tabular" and not direct:
        msg = (
            f"Step {shown(step)}: the table {shown(port.name)} cannot be read by "
            f"{port.mode}. Leave its mode at 'direct'."
        )
        raise DeclarationError(msg)
    if port.kind == "file" and partitioned and not direct:
        msg = (
            f"Step {shown(step)}: with partition_keys, input {shown(port.name)} has to "
            f"stay in mode 'direct', not {shown(port.mode)}. Drop as_mount() or "
            "as_download()."
        )
        raise DeclarationError(msg)
    if port.mode == "download" or (direct and (partitioned or port.kind == "tabular")):
        return port
    return _mount(port)


def side_port(step: str, entry: object) -> InputPort:
    """Check an entry of a parallel step's ``side_inputs``.

    Raises:
        DeclarationError: It is no file dataset, no output of a step, no DataReference.
    """
    plain = _plain_port(step, entry)
    if plain is not None:
        return plain
    port = _dataset_port(step, entry)
    if port is None or port.kind != "file":
        msg = (
            f"Step {shown(step)}: {_described(entry)} cannot be a side input. Side "
            "inputs are file datasets with a name "
            "(dataset.as_named_input('…').as_mount()), outputs of other steps, and "
            "DataReferences."
        )
        raise DeclarationError(msg)
    return _mount(port)


def script_port(step: str, entry: object) -> InputPort:
    """Check an entry of ``inputs`` of a step that runs one script or command.

    Raises:
        DeclarationError: It is no dataset with a name, no output of a step, no
            DataReference and no DataPath parameter with its binding.
    """
    port = (
        _plain_port(step, entry) or _datapath_port(entry) or _dataset_port(step, entry)
    )
    if port is None:
        msg = (
            f"Step {shown(step)}: {_described(entry)} cannot be in inputs. "
            f"{_script_way_out(entry)}"
        )
        raise DeclarationError(msg)
    return port


def check_distinct(step: str, ports: Sequence[InputPort]) -> None:
    """Check that each input has a name of its own.

    Raises:
        DeclarationError: Two have the same name.
    """
    names = [port.name for port in ports]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = (
            f"Step {shown(step)} has several inputs called {shown(twice[0])}. "
            "Give each input and side input a name of its own."
        )
        raise DeclarationError(msg)


def _plain_port(step: str, entry: object) -> InputPort | None:
    """Return the port of what is read as files, whatever reads it."""
    if isinstance(entry, PipelineData):
        entry_as_binding = entry.as_mount()
        return _binding_port(entry_as_binding, given=entry)
    if isinstance(entry, InputPortBinding):
        return _binding_port(entry, given=entry)
    if isinstance(entry, DataReference):
        if entry.mode == "upload":
            msg = (
                f"Step {shown(step)}: DataReference {shown(entry.data_reference_name)} "
                "is an upload and cannot be read. Use as_mount() or as_download()."
            )
            raise DeclarationError(msg)
        return InputPort(
            name=entry.data_reference_name,
            source=entry,
            kind="file",
            mode=entry.mode,
            path_on_compute=entry.path_on_compute,
            given=entry,
        )
    return None


def _datapath_port(entry: object) -> InputPort | None:
    if not isinstance(entry, tuple) or len(entry) != 2:  # noqa: PLR2004 - a pair
        return None
    parameter, binding = entry
    if not isinstance(parameter, PipelineParameter) or not isinstance(
        binding, DataPathComputeBinding
    ):
        return None
    if not isinstance(parameter.default_value, DataPath) or binding.mode == "upload":
        return None
    return InputPort(
        name=parameter.name,
        source=parameter,
        kind="file",
        mode=cast("Mode", binding.mode),
        path_on_compute=binding.path_on_compute,
        given=entry,
    )


def _dataset_port(step: str, entry: object) -> InputPort | None:
    if isinstance(entry, PipelineOutputFileDataset):
        return _from_output(entry)
    if isinstance(entry, OutputFileDatasetConfig):
        return replace(_from_output(entry.as_input()), given=entry)
    if isinstance(entry, PipelineOutputTabularDataset):
        return InputPort(
            name=entry.input_name,
            source=entry.pipeline_data,
            kind=entry.reading.kind,
            mode="direct" if entry.reading.kind == "tabular" else "mount",
            path_on_compute=None,
            given=entry,
            reading=entry.reading,
        )
    if not isinstance(entry, DatasetConsumptionConfig):
        return None
    dataset = entry.dataset
    if isinstance(
        dataset, (OutputFileDatasetConfig, PipelineOutputAbstractDataset)
    ) and (made := _dataset_port(step, dataset)):
        return replace(
            made,
            name=entry.name,
            mode=entry.mode,
            path_on_compute=entry.path_on_compute,
            given=entry,
        )
    plain = dataset.default_value if isinstance(dataset, PipelineParameter) else dataset
    if not isinstance(plain, (FileDataset, TabularDataset)):
        msg = (
            f"Step {shown(step)}: input {shown(entry.name)} holds {_described(plain)}. "
            "It has to be a FileDataset or TabularDataset, or a PipelineParameter "
            "with one as its default."
        )
        raise DeclarationError(msg)
    return InputPort(
        name=entry.name,
        source=cast("Readable", dataset),
        kind="file" if isinstance(plain, FileDataset) else "tabular",
        mode=entry.mode,
        path_on_compute=entry.path_on_compute,
        given=entry,
    )


def _from_output(entry: PipelineOutputFileDataset) -> InputPort:
    return InputPort(
        name=entry.input_name,
        source=entry.pipeline_data,
        kind="file",
        mode=entry.mode,
        path_on_compute=entry.path_on_compute,
        given=entry,
        reading=entry.reading,
    )


def _binding_port(binding: InputPortBinding, given: object) -> InputPort:
    return InputPort(
        name=binding.name,
        source=binding.bind_object,
        kind="file",
        mode=binding.bind_mode,
        path_on_compute=binding.path_on_compute,
        given=given,
    )


def _mount(port: InputPort) -> InputPort:
    """Return the port mounted; a path counts only where a mount asked for it."""
    path = port.path_on_compute if port.mode == "mount" else None
    return replace(port, mode="mount", path_on_compute=path)


def _described(entry: object) -> str:
    return f"{shown(entry)} ({type(entry).__name__})"


def _way_out(entry: object) -> str:
    if isinstance(entry, (FileDataset, TabularDataset)):
        return "Give it a name first: dataset.as_named_input('…')."
    if isinstance(entry, PipelineData):
        return "Pass its as_dataset(), or put it in side_inputs."
    if isinstance(entry, DataReference):
        return "Make a dataset of it with Dataset.File.from_files(…)."
    return "Pass dataset.as_named_input('…') or a DatasetConsumptionConfig."


def _script_way_out(entry: object) -> str:
    if isinstance(entry, (FileDataset, TabularDataset)):
        return "Give it a name first: dataset.as_named_input('…')."
    return (
        "Pass dataset.as_named_input('…'), the output of another step, or a "
        "DataReference."
    )
