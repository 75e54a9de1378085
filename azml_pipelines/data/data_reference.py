"""A place on a datastore, and how a step gets at it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast
from uuid import uuid4

from azml_pipelines.errors import DeclarationError, UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.data.datastore import AbstractDatastore

__all__ = ["DataPath", "DataPathComputeBinding", "DataReference", "ReferenceMode"]

ReferenceMode = Literal["mount", "download", "upload"]
_MODES = ("mount", "download", "upload")


def _checked_mode(mode: str) -> ReferenceMode:
    if mode not in _MODES:
        msg = f"mode must be one of {', '.join(_MODES)}, not {shown(mode)}."
        raise UserErrorException(msg)
    return cast("ReferenceMode", mode)


class DataReference:
    """A file or folder on a datastore, as an input, an argument or a dataset's source.

    As text it is ``$AZUREML_DATAREFERENCE_<name>``; a running step finds the local path
    in its place.

    Args:
        datastore: Where the data is.
        data_reference_name: Letters, digits and ``_``. Default: random when a path is
            given, else the name of the datastore.
        path_on_datastore: Relative; ``None`` is the whole datastore.
        mode: ``mount``, ``download`` or ``upload``.
        path_on_compute: Where the data is to appear on the compute.
        overwrite: Whether data that is already there is replaced.

    Raises:
        UserErrorException: The name or the mode is not one of those.
    """

    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        datastore: AbstractDatastore,
        data_reference_name: str | None = None,
        path_on_datastore: str | None = None,
        mode: str = "mount",
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        if not data_reference_name:
            data_reference_name = uuid4().hex if path_on_datastore else datastore.name
        if not isinstance(data_reference_name, str) or not re.fullmatch(
            r"\w+", data_reference_name
        ):
            msg = (
                "data_reference_name may hold only letters, digits and underscores, "
                f"not {shown(data_reference_name)}."
            )
            raise UserErrorException(msg)
        self.datastore = datastore
        self.data_reference_name = data_reference_name
        self.path_on_datastore = path_on_datastore
        self.mode = _checked_mode(mode)
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def path(
        self, path: str | None = None, data_reference_name: str | None = None
    ) -> DataReference:
        """Return a reference to ``path`` below this one."""
        above = (self.path_on_datastore or "").rstrip("/")
        below = "/".join(part for part in (above, (path or "").lstrip("/")) if part)
        return DataReference(
            self.datastore,
            data_reference_name,
            below or None,
            self.mode,
            self.path_on_compute,
            self.overwrite,
        )

    def as_mount(self) -> DataReference:
        """Return the same place, to be read where it is."""
        return self._as("mount", self.path_on_compute, overwrite=self.overwrite)

    def as_download(
        self, path_on_compute: str | None = None, overwrite: bool = False
    ) -> DataReference:
        """Return the same place, to be copied to the compute before the step."""
        return self._as("download", path_on_compute, overwrite=overwrite)

    def as_upload(
        self, path_on_compute: str | None = None, overwrite: bool = False
    ) -> DataReference:
        """Return the same place, to be filled from the compute after the step."""
        return self._as("upload", path_on_compute, overwrite=overwrite)

    def _as(
        self, mode: ReferenceMode, path_on_compute: str | None, *, overwrite: bool
    ) -> DataReference:
        return DataReference(
            self.datastore,
            self.data_reference_name,
            self.path_on_datastore,
            mode,
            path_on_compute,
            overwrite,
        )

    def __str__(self) -> str:
        return f"$AZUREML_DATAREFERENCE_{self.data_reference_name}"

    def __repr__(self) -> str:
        return (
            f"DataReference({self.datastore.name!r}, {self.data_reference_name!r}, "
            f"{self.path_on_datastore!r}, mode={self.mode!r})"
        )


class DataPath:
    """A place on a datastore that is not bound to a step yet; a parameter can hold it.

    Args:
        datastore: Where the data is.
        path_on_datastore: Relative; ``None`` is the whole datastore.
        name: For people.

    Raises:
        DeclarationError: ``datastore`` is missing.
    """

    def __init__(
        self,
        datastore: AbstractDatastore | None = None,
        path_on_datastore: str | None = None,
        name: str | None = None,
    ) -> None:
        if datastore is None:
            msg = (
                f"DataPath needs a datastore for the path {shown(path_on_datastore)}. "
                "Pass datastore=workspace.get_default_datastore() or another one."
            )
            raise DeclarationError(msg)
        self.datastore = datastore
        self.path_on_datastore = path_on_datastore
        self.name = name

    @property
    def datastore_name(self) -> str:
        """Name of the datastore."""
        return self.datastore.name

    def create_data_reference(
        self,
        data_reference_name: str | None = None,
        datapath_compute_binding: DataPathComputeBinding | None = None,
    ) -> DataReference:
        """Return a reference to this place, bound as the binding says (mounted)."""
        binding = datapath_compute_binding or DataPathComputeBinding()
        return DataReference(
            self.datastore,
            data_reference_name,
            self.path_on_datastore,
            binding.mode,
            binding.path_on_compute,
            binding.overwrite,
        )

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> DataPath:
        """Return the place that a reference points to."""
        return DataPath(
            data_reference.datastore,
            data_reference.path_on_datastore,
            data_reference.data_reference_name,
        )

    def __repr__(self) -> str:
        return f"DataPath({self.datastore_name!r}, {self.path_on_datastore!r})"


class DataPathComputeBinding:
    """How a step gets at a ``DataPath``.

    Args:
        mode: ``mount``, ``download`` or ``upload``.
        path_on_compute: Where the data is to appear on the compute.
        overwrite: Whether data that is already there is replaced.

    Raises:
        UserErrorException: The mode is not one of those.
    """

    def __init__(
        self,
        mode: str = "mount",
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        self.mode = _checked_mode(mode)
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def create_data_reference(
        self,
        data_reference_name: str | None = None,
        datapath: DataPath | None = None,
    ) -> DataReference:
        """Return a reference to ``datapath``, bound as this binding says.

        Raises:
            DeclarationError: ``datapath`` is missing.
        """
        if datapath is None:
            msg = "A DataReference needs a place. Pass datapath=DataPath(datastore, …)."
            raise DeclarationError(msg)
        return datapath.create_data_reference(data_reference_name, self)
