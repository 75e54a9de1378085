"""How a step gets a dataset: under which name, in which way, at which path."""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast, runtime_checkable
from uuid import uuid4

from azml_pipelines.data.abstract_dataset import AbstractDataset
from azml_pipelines.errors import NotAvailableError, UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.data.dataset_home import DatasetHome
    from azml_pipelines.data.definition import DatasetKind
    from azml_pipelines.data.file_dataset import FileDataset
    from azml_pipelines.data.tabular_dataset import TabularDataset

__all__ = [
    "ConsumptionMode",
    "DatasetConsumptionConfig",
    "DatasetParameter",
    "StepOutput",
    "check_dataset_name",
]

ConsumptionMode = Literal["direct", "mount", "download"]
_MODES = ("direct", "mount", "download")
_AZURE_MODES = ("hdfs", "link")
# The name of an input becomes an environment variable of the step's processes.
_COMMON_VARIABLES = frozenset({
    "display", "editor", "home", "hostname", "lang", "language", "ld_library_path",
    "logname", "mail", "oldpwd", "os", "path", "pwd", "pythonhome", "pythonpath",
    "shell", "temp", "term", "tmp", "tmpdir", "tz", "user", "username",
})  # fmt: skip


@runtime_checkable
class DatasetParameter(Protocol):
    """What this room needs of a ``PipelineParameter``."""

    @property
    def name(self) -> str:
        """Name of the parameter."""
        ...

    @property
    def default_value(self) -> object:
        """A FileDataset or TabularDataset."""
        ...


@runtime_checkable
class StepOutput(Protocol):
    """What this room needs of an ``OutputFileDatasetConfig`` and its like."""

    @property
    def name(self) -> str:
        """Name of the output."""
        ...

    @property
    def kind(self) -> DatasetKind:
        """What it is read as."""
        ...

    @property
    def pipeline_data(self) -> object:
        """Which output of which step it is."""
        ...


class _RegisteredName(NamedTuple):
    """A registered dataset that is looked up anew each time it is asked for."""

    home: DatasetHome
    name: str
    version: int | str = "latest"


class DatasetConsumptionConfig:
    """A dataset, as a step gets it.

    Args:
        name: An identifier; it also becomes an environment variable. When empty, one is
            made up, unless ``dataset`` is a parameter.
        dataset: A FileDataset, a TabularDataset, a PipelineParameter whose default is
            one, an OutputFileDatasetConfig or what it was made into, or ``(workspace,
            name[, version])`` of a registered one; without a version, the latest one
            at the time of submission.
        mode: ``direct``, ``mount`` or ``download``, in any case; tables are ``direct``.
        path_on_compute: Where files appear: absolute, or relative to the working
            directory.

    Raises:
        UserErrorException: One of these is not as described.
        NotAvailableError: ``mode`` needs a Hadoop cluster of Azure.
    """

    def __init__(
        self,
        name: str | None,
        dataset: object,
        mode: str = "direct",
        path_on_compute: str | os.PathLike[str] | None = None,
    ) -> None:
        self._source = _checked_source(dataset)
        if not name and isinstance(self._source, DatasetParameter):
            msg = (
                f"The input that reads parameter {shown(self._source.name)} needs a "
                "name. Pass one: DatasetConsumptionConfig('images', parameter)."
            )
            raise UserErrorException(msg)
        if isinstance(self._source, StepOutput):
            guid, kind = None, self._source.kind
        else:
            declared = self._declared()
            guid, kind = declared.id, declared.definition.kind
        guid = guid or uuid4().hex
        self.name = name or f"input__{guid.replace('-', '')[:8]}"
        self._mode = _checked_mode(mode, kind)
        self.path_on_compute = (
            os.fspath(path_on_compute) if path_on_compute is not None else None
        )

    @property
    def name(self) -> str:
        """Name of the input, unique in its step."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = check_dataset_name(name)

    @property
    def mode(self) -> ConsumptionMode:
        """``direct``, ``mount`` or ``download``."""
        return self._mode

    @property
    def dataset(self) -> FileDataset | TabularDataset | DatasetParameter | StepOutput:
        """The dataset, the parameter that holds it, or the output that becomes it.

        Raises:
            UserErrorException: A registered dataset is not registered any more.
        """
        if isinstance(self._source, (DatasetParameter, StepOutput)):
            return self._source
        return self._declared()

    def as_mount(
        self, path_on_compute: str | os.PathLike[str] | None = None
    ) -> DatasetConsumptionConfig:
        """Return the same input, given to the step as local paths.

        Raises:
            UserErrorException: The dataset is a table.
        """
        return self._as("mount", path_on_compute)

    def as_download(
        self, path_on_compute: str | os.PathLike[str] | None = None
    ) -> DatasetConsumptionConfig:
        """Return the same input, copied to the compute before the step.

        Raises:
            UserErrorException: The dataset is a table.
        """
        return self._as("download", path_on_compute)

    def as_hdfs(self) -> DatasetConsumptionConfig:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        return self._as("hdfs", None)

    def _as(
        self, mode: str, path_on_compute: str | os.PathLike[str] | None
    ) -> DatasetConsumptionConfig:
        return DatasetConsumptionConfig(self.name, self._source, mode, path_on_compute)

    def _declared(self) -> FileDataset | TabularDataset:
        """Return the dataset itself; of a parameter, the default."""
        source = self._source
        if isinstance(source, _RegisteredName):
            # Datasets know this module, for as_named_input.
            from azml_pipelines.data.dataset import Dataset  # noqa: PLC0415

            return Dataset.get_by_name(*source)
        dataset = (
            source.default_value if isinstance(source, DatasetParameter) else source
        )
        return cast("FileDataset | TabularDataset", dataset)

    def __repr__(self) -> str:
        return (
            f"DatasetConsumptionConfig({self.name!r}, mode={self.mode!r}, "
            f"path_on_compute={self.path_on_compute!r})"
        )


def check_dataset_name(name: str) -> str:
    """Return the name of a dataset input or output, when it can be one.

    Raises:
        UserErrorException: It is no identifier.
    """
    if not isinstance(name, str) or not re.fullmatch(
        r"[a-zA-Z_][a-zA-Z0-9_]{0,254}", name
    ):
        msg = (
            f"{shown(name)} cannot name a dataset input or output. Use letters, digits "
            "and underscores, and no digit first."
        )
        raise UserErrorException(msg)
    if name.lower() in _COMMON_VARIABLES:
        warnings.warn(
            f"The dataset name {shown(name)} is that of a common environment variable, "
            "which it would hide from the step's processes. Choose another name.",
            stacklevel=4,
        )
    return name


def _checked_source(
    dataset: object,
) -> AbstractDataset | DatasetParameter | StepOutput | _RegisteredName:
    match dataset:
        case AbstractDataset() | StepOutput() | _RegisteredName():
            return dataset
        case (home, str(name)):
            return _RegisteredName(cast("DatasetHome", home), name)
        case (home, str(name), int(version) | str(version)):
            return _RegisteredName(cast("DatasetHome", home), name, version)
        case DatasetParameter(default_value=AbstractDataset()):
            return dataset
        case DatasetParameter(name=name, default_value=default):
            msg = (
                f"Parameter {shown(name)} cannot be read as a dataset, for its default "
                f"is {shown(default)}. Give it a FileDataset or TabularDataset."
            )
        case _:
            msg = (
                "dataset must be a FileDataset, a TabularDataset, a PipelineParameter, "
                "an OutputFileDatasetConfig or (workspace, name[, version]), not "
                f"{shown(dataset)}."
            )
    raise UserErrorException(msg)


def _checked_mode(mode: str, kind: DatasetKind) -> ConsumptionMode:
    chosen = mode.lower() if isinstance(mode, str) else mode
    if chosen not in (*_MODES, *_AZURE_MODES):
        msg = f"mode must be one of {', '.join(_MODES)}, not {shown(mode)}."
        raise UserErrorException(msg)
    if kind == "tabular" and chosen in {"mount", "download", "hdfs"}:
        msg = (
            f"A TabularDataset cannot be consumed with mode={shown(mode)}, for it has "
            "rows and no files. Leave mode='direct', or use a FileDataset."
        )
        raise UserErrorException(msg)
    if chosen in _AZURE_MODES:
        msg = (
            f"mode={shown(mode)} is not available without Azure. "
            "Use as_mount() or as_download()."
        )
        raise NotAvailableError(msg)
    return cast("ConsumptionMode", chosen)
