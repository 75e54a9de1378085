"""The registered datasets of a workspace, made into objects when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azml_pipelines.data.dataset_home import DatasetHome, RegisteredDataset

__all__ = ["DatasetMapping"]


class DatasetMapping(Mapping[str, FileDataset | TabularDataset]):
    """Names of datasets to their latest versions, as of the moment it was made.

    Args:
        home: The workspace that the datasets belong to.
        registered: One version per name.
    """

    def __init__(
        self, home: DatasetHome, registered: Iterable[RegisteredDataset]
    ) -> None:
        self._home = home
        self._registered = {one.name: one for one in registered}

    @property
    def registrations(self) -> list[RegisteredDataset]:
        """What is registered, without making datasets of it."""
        return list(self._registered.values())

    def __getitem__(self, name: str) -> FileDataset | TabularDataset:
        registered = self._registered[name]
        tabular = registered.definition.kind == "tabular"
        kind = TabularDataset if tabular else FileDataset
        return kind(registered.definition, registered=registered, home=self._home)

    def __iter__(self) -> Iterator[str]:
        return iter(self._registered)

    def __len__(self) -> int:
        return len(self._registered)

    def __repr__(self) -> str:
        return f"DatasetMapping({', '.join(self._registered)})"
