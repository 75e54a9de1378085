"""What a workspace remembers of datasets, and what datasets need of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.data.abstract_dataset import AbstractDataset
    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["DatasetHome", "RegisteredDataset"]


@dataclass(frozen=True)
class RegisteredDataset:
    """One version of a registered dataset."""

    id: str
    """GUID of this version."""
    name: str
    version: int
    """1 for the first one."""
    description: str | None
    tags: Mapping[str, str]
    definition: DatasetDefinition


class DatasetHome(Protocol):
    """What datasets need of a workspace."""

    @property
    def datasets(self) -> Mapping[str, AbstractDataset]:
        """The latest version of every registered dataset, by name."""
        ...

    def save_dataset(
        self,
        name: str,
        definition: DatasetDefinition,
        *,
        description: str | None,
        tags: Mapping[str, str] | None,
        create_new_version: bool,
    ) -> RegisteredDataset:
        """Register a definition under ``name``.

        The definition comes without name and version. When the latest version of that
        name has the same one, that version is returned and none is made.

        Raises:
            UserErrorException: The name is taken by another definition, and
                ``create_new_version`` is false.
        """
        ...

    def find_dataset(self, name: str, version: int | None) -> RegisteredDataset:
        """Return a version, or the latest one for ``None``.

        Raises:
            UserErrorException: There is none; the message lists those that exist.
        """
        ...

    def find_dataset_by_id(self, dataset_id: str) -> RegisteredDataset:
        """Return the version with that GUID.

        Raises:
            UserErrorException: There is none.
        """
        ...

    def update_dataset(
        self, dataset_id: str, *, description: str | None, tags: Mapping[str, str]
    ) -> RegisteredDataset:
        """Replace description and tags of one version."""
        ...

    def delete_dataset(self, name: str) -> None:
        """Forget every version of a name; their data stays."""
        ...
