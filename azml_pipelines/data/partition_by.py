"""``partition_by``: a table written anew, one folder per combination of values."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import (
    DatasetDefinition,
    ParquetFormat,
    PartitionDefinition,
)
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.partition_format import folder_of
from azml_pipelines.data.table_reading import frames_of
from azml_pipelines.data.table_writing import place_of, write_parquet
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.data.column_types import TypeKind
    from azml_pipelines.data.dataset_home import DatasetHome

__all__ = ["write_partitions"]

_KINDS: dict[str, TypeKind] = {
    "i": "integer",
    "u": "integer",
    "f": "float",
    "b": "boolean",
    "M": "datetime",
}


def write_partitions(
    dataset: TabularDataset,
    keys: object,
    target: object,
    name: str | None,
    *,
    show_progress: bool,
    as_files: bool,
) -> TabularDataset | FileDataset:
    """See ``TabularDataset.partition_by``."""
    checked = _checked_keys(keys)
    datastore, folder = place_of(target)
    folder = f"{folder}/{uuid.uuid4()}".strip("/")
    with tempfile.TemporaryDirectory(prefix="azml-partitions-") as temporary:
        types = _write(dataset.definition, checked, Path(temporary))
        datastore.upload(
            temporary, target_path=folder, overwrite=False, show_progress=show_progress
        )
    parts = "/".join(f"{{{key}}}" for key in checked)
    literal = folder.replace("{", "{{").replace("}", "}}")
    definition = DatasetDefinition(
        kind="file" if as_files else "tabular",
        sources=data_sources((datastore, f"{folder}/**/*.parquet")),
        format=None if as_files else ParquetFormat(),
        partition=PartitionDefinition(
            format=f"/{literal}/{parts}/*.parquet", encoded=True, types=types
        ),
    )
    written = (FileDataset if as_files else TabularDataset)(definition)
    if name is None:
        return written
    return written.register(
        cast("DatasetHome", datastore.workspace), name, create_new_version=True
    )


def _checked_keys(keys: object) -> list[str]:
    names = [keys] if isinstance(keys, str) else keys
    if not isinstance(names, (list, tuple)) or not names:
        msg = f"partition_keys={shown(keys)} is not allowed. Give a list of columns."
        raise UserErrorException(msg)
    if len(set(map(str, names))) < len(names):
        msg = f"partition_keys={shown(keys)} names a column twice. Give each one once."
        raise UserErrorException(msg)
    return [str(name) for name in names]


def _write(
    definition: DatasetDefinition, keys: Sequence[str], folder: Path
) -> dict[str, ColumnType]:
    """Write the files, and return the types of the key columns."""
    types: dict[str, ColumnType] = {}
    for number, frame in enumerate(frames_of(definition)):
        missing = [key for key in keys if key not in frame.columns]
        if missing or len(keys) == len(frame.columns):
            what = (
                f"names {shown(missing[0])}, which is no column"
                if missing
                else "names every column, so that no file would hold any"
            )
            msg = f"partition_keys {what}. There are {listed(map(str, frame.columns))}."
            raise UserErrorException(msg)
        types = types or {key: _type_of(frame[key]) for key in keys}
        groups = frame.groupby(list(keys), sort=False, dropna=False, observed=True)
        for values, rows in groups:
            names = map(folder_of, values)
            place = folder.joinpath(*names)
            place.mkdir(parents=True, exist_ok=True)
            rest = rows.drop(columns=list(keys))
            write_parquet(rest, place / f"part-{number:05d}.parquet")
    return types


def _type_of(column: Any) -> ColumnType:  # noqa: ANN401 - a column
    return ColumnType(_KINDS.get(column.dtype.kind, "string"))
