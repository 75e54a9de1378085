"""Rows that travelled as Arrow streams, into one file or one folder by one step."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.commit import Committed, read_slices, sync_folder
from azml_pipelines.data.output_writer import remove
from azml_pipelines.data.partition_format import folder_of
from azml_pipelines.errors import OutputError
from azml_pipelines.failpoints import point

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from azml_pipelines.data.output_format import OutputForm
    from azml_pipelines.data.output_writer import OutputWriter
    from azml_pipelines.data.stretch import Stretch

__all__ = ["commit_tables", "digest_of"]

_GROUP_ROWS = 1 << 17
_BLOCK = 1 << 20


def commit_tables(
    stretches: Iterable[Stretch],
    parts: Path,
    destination: Path,
    form: OutputForm,
    writer: OutputWriter,
) -> Committed:
    """Write the rows of all mini-batches, in their order, as one table.

    With partitions ``destination`` is a folder, with one more below it per value; else
    a file. Either appears whole, by one rename, or not at all.

    Raises:
        DamagedPartError: See ``commit``.
        OutputError: The mini-batches have columns of different types.
        OSError: The destination cannot be written.
    """
    kept = list(stretches)
    schema = _common_schema(kept, parts)
    writer.forget_earlier(destination)
    temporary, replaced = writer.aside(destination), writer.aside(destination, "old")
    remove(temporary)
    point("commit.open")
    tables = _gathered(kept, parts, schema)
    try:
        if form.partition_by:
            temporary.mkdir(mode=0o700)
            for number, table in enumerate(tables):
                _write_partitions(table, temporary, form, number)
        else:
            _write_one(tables, schema, temporary)
        committed = digest_of(temporary)
        writer.confirm()
        point("commit.rename")
        if form.partition_by and destination.exists():
            # Two renames, and not the time it takes to remove many files between them.
            remove(replaced)
            destination.rename(replaced)
            point("commit.replaced")
        temporary.rename(destination)
        point("commit.renamed")
    finally:
        remove(temporary)
        remove(replaced)
    sync_folder(destination.parent)
    return committed


def _common_schema(stretches: Iterable[Stretch], parts: Path) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the schema that holds the rows of every mini-batch."""
    import pyarrow as pa  # noqa: PLC0415 - only these outputs pay for it

    found: dict[str, Any] = {}
    for piece, rows in read_slices(stretches, parts):
        if not rows:
            continue
        schema = pa.ipc.open_stream(rows).schema
        found.setdefault(str(schema), (piece.mini_batch, schema))
    schemas = [schema for _, schema in found.values()]
    if not schemas:
        return pa.schema([])
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        numbers = ", ".join(str(number) for number, _ in found.values())
        msg = (
            f"the rows of mini-batches {numbers} have columns of different types "
            f"({error}); return equal types, or set output_schema"
        )
        raise OutputError(msg) from error


def _gathered(stretches: Iterable[Stretch], parts: Path, schema: Any) -> Iterator[Any]:  # noqa: ANN401 - of pyarrow
    """Yield the rows as tables of a good size for one row group."""
    import pyarrow as pa  # noqa: PLC0415 - only these outputs pay for it

    waiting: list[Any] = []
    count = 0
    for _, rows in read_slices(stretches, parts):
        if not rows:
            continue
        table = pa.ipc.open_stream(rows).read_all()
        waiting.append(_as(schema, table))
        count += table.num_rows
        if count >= _GROUP_ROWS:
            yield pa.concat_tables(waiting)
            waiting, count = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _as(schema: Any, table: Any) -> Any:  # noqa: ANN401 - of pyarrow
    import pyarrow as pa  # noqa: PLC0415 - only these outputs pay for it

    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _write_one(tables: Iterator[Any], schema: Any, path: Path) -> None:  # noqa: ANN401 - of pyarrow
    import pyarrow.parquet as pq  # noqa: PLC0415 - only these outputs pay for it

    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=_GROUP_ROWS)
        file.flush()
        point("commit.fsync")
        os.fsync(file.fileno())


def _write_partitions(table: Any, root: Path, form: OutputForm, number: int) -> None:  # noqa: ANN401 - of pyarrow
    """Write the rows of each combination of values into its own folder."""
    import pandas as pd  # noqa: PLC0415 - only partitions pay for it
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    keys = list(form.partition_by)
    frame = table.select(keys).to_pandas(types_mapper=_nullable)
    rest = table.drop_columns(keys)
    groups = frame.groupby(keys, sort=False, dropna=False, observed=True).indices
    for values, places in groups.items():
        given = values if isinstance(values, tuple) else (values,)
        folder = root.joinpath(
            *(f"{key}={folder_of(one)}" for key, one in zip(keys, given, strict=True))
        )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        rows = rest.take(pa.array(sorted(places)))
        path = folder / f"part-{number:05d}.{form.format}"
        if form.format == "parquet":
            pq.write_table(rows, path)
        elif form.format == "csv":
            pd.DataFrame(rows.to_pandas(types_mapper=_nullable)).to_csv(
                path, index=False, lineterminator="\n"
            )
        else:
            rows.to_pandas(types_mapper=_nullable).to_json(
                path, orient="records", lines=True, date_format="iso", force_ascii=False
            )
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _nullable(kind: Any) -> Any:  # noqa: ANN401 - a type of pyarrow
    """Keep whole numbers whole where some are null."""
    import pandas as pd  # noqa: PLC0415 - the caller has paid for it

    return pd.Int64Dtype() if str(kind) == "int64" else None


def digest_of(path: Path) -> Committed:
    """Return size and digest of a file, or of all files of a folder and their names."""
    digest = hashlib.sha256()
    size = 0
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_dir():
            continue
        if file is not path:
            digest.update(file.relative_to(path).as_posix().encode("utf-8", "replace"))
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
    return Committed(size, digest.hexdigest())
