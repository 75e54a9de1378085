"""What a step has written, on its datastore: to be downloaded, or read by others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.data_reference import DataReference
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.data.file_dataset import FileDataset

if TYPE_CHECKING:
    from azml_pipelines.data.datastore import AbstractDatastore

__all__ = ["PortDataReference"]


class PortDataReference:
    """An output of a finished step.

    Args:
        datastore: Where it lies.
        name: The name of the output.
        path_on_datastore: Relative; ``azml`` makes it unique by the step run's id.
    """

    def __init__(
        self, datastore: AbstractDatastore, name: str, path_on_datastore: str
    ) -> None:
        self.datastore = datastore
        self.name = name
        self.path_on_datastore = path_on_datastore

    def __repr__(self) -> str:
        return (
            f"PortDataReference(name={self.name!r}, datastore={self.datastore_name!r}, "
            f"path_on_datastore={self.path_on_datastore!r})"
        )

    @property
    def datastore_name(self) -> str:
        """The name of the datastore."""
        return self.datastore.name

    @property
    def data_reference_name(self) -> str:
        """The name of the output."""
        return self.name

    @property
    def _path_on_datastore(self) -> str:
        """The path, under the name that some notebooks of version 1 read."""
        return self.path_on_datastore

    def download(
        self,
        local_path: str | os.PathLike[str],
        overwrite: bool | None = None,
        show_progress: bool | None = None,
    ) -> int:
        """Copy the output, a folder or a file, and return the number of files.

        They land at ``local_path/<path_on_datastore>/…``: the whole path is kept.

        Args:
            overwrite: Replace files that are there already; by default they stay.
            show_progress: One line per file or so; by default yes.
        """
        path = self.path_on_datastore.rstrip("/")
        # With the slash, "scores" is not also the beginning of "scores_old".
        count = self.datastore.download(
            local_path,
            prefix=f"{path}/",
            overwrite=bool(overwrite),
            show_progress=show_progress is not False,
        )
        return count or self._download_file(Path(local_path, path), bool(overwrite))

    def _download_file(self, target: Path, overwrite: bool) -> int:
        """Copy the output if it is a file; what is there already may stay."""
        if os.path.lexists(target) and not overwrite:
            return 0
        sources = data_sources((self.datastore, self.path_on_datastore))
        file = FileDataset(DatasetDefinition(kind="file", sources=sources))
        return len(file.download(target.parent, overwrite=True))

    def as_mount(self) -> DataReference:
        """Return the output as an input of another pipeline, mounted."""
        return self._reference()

    def as_download(
        self, path_on_compute: str | None = None, overwrite: bool = False
    ) -> DataReference:
        """Return the output as an input of another pipeline, downloaded."""
        return self._reference().as_download(path_on_compute, overwrite)

    def _reference(self) -> DataReference:
        return DataReference(self.datastore, self.name, self.path_on_datastore)
