"""What file and tabular datasets have in common: a definition and a registration."""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Self

from azml_pipelines.argument_checks import check_mapping, check_text, check_workspace
from azml_pipelines.data.dataset_operations import DatasetOperations
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from azml_pipelines.data.dataset_home import DatasetHome, RegisteredDataset
    from azml_pipelines.data.definition import DatasetDefinition, DatasetKind

__all__ = ["AbstractDataset"]


class AbstractDataset(DatasetOperations):
    """A lazy description of data; nothing is read before somebody asks for it.

    Args:
        definition: Where the data is and how it is read.
        registered: The version in a workspace that this is; keyword-only.
        home: That workspace; keyword-only.

    Raises:
        UserErrorException: The definition is of the other kind of dataset.
    """

    kind: DatasetKind

    def __init__(
        self,
        definition: DatasetDefinition,
        *,
        registered: RegisteredDataset | None = None,
        home: DatasetHome | None = None,
    ) -> None:
        if definition.kind != self.kind:
            msg = (
                f"A {type(self).__name__} cannot be made of the definition of a "
                f"{definition.kind} dataset. Use the class of that kind."
            )
            raise UserErrorException(msg)
        if registered is not None:
            definition = definition.model_copy(
                update={"name": registered.name, "version": registered.version}
            )
        self.definition = definition
        self._registered = registered
        self._home = home

    @property
    def id(self) -> str | None:
        """GUID of the registered version; ``None`` before registration."""
        return self._registered.id if self._registered else None

    @property
    def name(self) -> str | None:
        """Registered name."""
        return self.definition.name

    @property
    def version(self) -> int | None:
        """Registered version, 1 for the first one."""
        return self.definition.version

    @property
    def description(self) -> str | None:
        """Registered description."""
        return self._registered.description if self._registered else None

    @property
    def tags(self) -> dict[str, str]:
        """Registered tags; a copy."""
        return dict(self._registered.tags) if self._registered else {}

    @property
    def data_changed_time(self) -> dt.datetime | None:
        """When the newest of its files was written, in UTC; None without files.

        Lists the files. Stores that tell no time of a file are no help: None as well.

        Raises:
            UserErrorException: The dataset cannot be listed.
        """
        if is_remote(self.definition):
            return None
        listing = list_files(self.definition)
        times = [
            os.stat(os.path.join(listing.root, path)).st_mtime  # noqa: PTH116, PTH118 - paths stay text
            for path in listing.paths
        ]
        return dt.datetime.fromtimestamp(max(times), dt.UTC) if times else None

    def register(
        self,
        workspace: DatasetHome,
        name: str,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        create_new_version: bool = False,
    ) -> Self:
        """Register this dataset in a workspace.

        Registering the definition that is the latest version already returns that
        version, so that scripts and notebooks can be run again.

        Args:
            workspace: Where to register it.
            name: What it is called there.
            description: For people.
            tags: Text to text.
            create_new_version: Allow the name to exist with another definition.

        Returns:
            The registered dataset; this object stays as it is.

        Raises:
            UserErrorException: The name is empty, or it is taken by another definition
                and ``create_new_version`` is false.
        """
        if not isinstance(name, str) or not name.strip():
            msg = (
                f"A dataset is registered under a name, not {shown(name)}. Pass "
                "name='…'."
            )
            raise UserErrorException(msg)
        check_workspace(workspace)
        check_text("name", name)
        check_text("description", description)
        check_mapping("tags", tags)
        registered = workspace.save_dataset(
            name,
            self.definition.model_copy(update={"name": None, "version": None}),
            description=description,
            tags=_texts(tags),
            create_new_version=create_new_version,
        )
        return type(self)(registered.definition, registered=registered, home=workspace)

    def update(
        self, description: str | None = None, tags: Mapping[str, str] | None = None
    ) -> Self:
        """Replace what is given of the registered description and tags.

        Raises:
            UserErrorException: The dataset is not registered.
        """
        registered, home = self._registration()
        if description is None:
            description = registered.description
        new_tags = registered.tags if tags is None else _texts(tags)
        self._registered = home.update_dataset(
            registered.id, description=description, tags=new_tags
        )
        return self

    def add_tags(self, tags: Mapping[str, str] | None = None) -> Self:
        """Add to the registered tags, or replace some of them."""
        return self.update(tags={**self.tags, **_texts(tags)})

    def remove_tags(self, tags: Iterable[str] | None = None) -> Self:
        """Remove registered tags by name; names that are no tags are ignored."""
        unwanted = set(tags or ())
        kept = {key: text for key, text in self.tags.items() if key not in unwanted}
        return self.update(tags=kept)

    def unregister_all_versions(self) -> None:
        """Forget every version of this name in the workspace; the data stays.

        Raises:
            UserErrorException: The dataset is not registered.
        """
        registered, home = self._registration()
        home.delete_dataset(registered.name)
        self._registered = None
        self._home = None
        self.definition = self.definition.model_copy(
            update={"name": None, "version": None}
        )

    def _registration(self) -> tuple[RegisteredDataset, DatasetHome]:
        if self._registered is None or self._home is None:
            msg = (
                "Only a registered dataset has tags and a description. "
                "Call register(workspace, name) and go on with what it returns."
            )
            raise UserErrorException(msg)
        return self._registered, self._home

    def __repr__(self) -> str:
        shown: dict[str, object] = {
            "source": [
                f"('{source.datastore}', '{source.path}')"
                if source.datastore
                else f"{source.url.rstrip('/')}/{source.path}"
                for source in self.definition.sources
            ],
            "definition": [self.definition.kind],
        }
        if self.definition.format is not None:
            shown["definition"] = [
                self.definition.kind,
                self.definition.format.model_dump(exclude_defaults=True),
            ]
        if self._registered is not None:
            shown["registration"] = {
                "id": self.id,
                "name": self.name,
                "version": self.version,
                "description": self.description,
                "tags": self.tags,
            }
        return f"{type(self).__name__}\n{json.dumps(shown, indent=2)}"


def _texts(tags: Mapping[str, str] | None) -> dict[str, str]:
    return {str(key): str(text) for key, text in (tags or {}).items()}
