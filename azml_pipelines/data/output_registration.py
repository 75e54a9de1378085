"""A dataset to be registered when the step that writes it has finished."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_store import is_local
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.errors import DeclarationError
from azml_pipelines.masking import mask_content, mask_texts
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OutputRegistration", "read_below", "registration"]


class OutputRegistration(BaseModel):
    """What is registered of an output, and as what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    reading: DatasetDefinition | None = None
    """How it becomes a table; None for a dataset of files."""


def registration(
    name: object,
    description: str | None,
    tags: Mapping[str, str] | None,
    reading: DatasetDefinition | None = None,
) -> OutputRegistration:
    """Return a checked registration.

    Raises:
        DeclarationError: The name is no text.
    """
    if not isinstance(name, str) or not name.strip():
        msg = f"A dataset is registered under a name, not {shown(name)}."
        raise DeclarationError(msg)
    return OutputRegistration(
        name=name,
        description=mask_content(description),
        tags=mask_texts(tags or {}),
        reading=reading,
    )


def read_below(
    source: DataSource, reading: DatasetDefinition | None
) -> DatasetDefinition:
    """Return the dataset of what lies below ``source``.

    Args:
        source: A folder, or a single file, which is the whole table then.
        reading: How it becomes a table: its only source is a pattern below the folder.
    """
    if reading is None:
        return DatasetDefinition(kind="file", sources=(source,))
    if is_local(source.url):
        place = os.path.join(local_folder(source.url), source.path)  # noqa: PTH118 - text
        if os.path.isfile(place):  # noqa: PTH113 - the same
            return reading.model_copy(update={"sources": (source,)})
    pattern = reading.sources[0].path
    below = source.model_copy(update={"path": f"{source.path}/{pattern}"})
    return reading.model_copy(update={"sources": (below,)})
