"""What an input of a document is bound to: a value, data, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.azure_v2.ports import LiteralValue
    from azml_pipelines.pipeline.pipeline_data import PipelineData

__all__ = ["Bound", "Data", "Made", "Stored", "Value"]


@dataclass(frozen=True)
class Value:
    """A text, a number or a truth value."""

    value: LiteralValue


@dataclass(frozen=True)
class Stored:
    """Data that is there already."""

    text: str
    """A path or a URI, as it was written."""
    folder: Path
    """Where relative paths start."""


@dataclass(frozen=True)
class Made:
    """What another job writes."""

    data: PipelineData
    below: str = ""
    """A path in it; all of it if empty."""


@dataclass(frozen=True)
class Data:
    """Files or a table, before anybody has looked at them."""

    source: Stored | Made
    place: Place
    """Where it was bound."""
    type: str | None = None
    mode: str | None = None
    path_on_compute: str | None = None

    def below(self, text: str) -> Data:
        """Return what lies below it, as ``/file.csv`` behind an expression says."""
        source = self.source
        path = text.strip("/")
        made: Stored | Made
        if isinstance(source, Made):
            made = Made(source.data, f"{source.below}/{path}".strip("/"))
        else:
            made = Stored(f"{source.text.rstrip('/')}/{path}", source.folder)
        return Data(made, self.place, None, self.mode, self.path_on_compute)


Bound: TypeAlias = Value | Data | None
