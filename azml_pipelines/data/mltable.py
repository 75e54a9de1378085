"""MLTable folders: a YAML file that says which files are a table, and how.

Read by the published schema; what cannot be done here is refused by name.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.file_store import StoreLocation, is_local, open_store
from azml_pipelines.data.local_url import folder_url, local_folder
from azml_pipelines.data.mltable_filter import read_filter
from azml_pipelines.data.mltable_steps import (
    READERS,
    Step,
    column_types,
    columns_of,
    read_steps,
)
from azml_pipelines.data.tabular_factory import (
    TabularDatasetFactory,
    partition_definition,
)
from azml_pipelines.errors import UserErrorException
from azml_pipelines.strict_yaml import load_file
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.data.data_type import DataType
    from azml_pipelines.data.datastore_home import DatastoreHome
    from azml_pipelines.data.path_pattern import Wildcards
    from azml_pipelines.data.tabular_dataset import TabularDataset

__all__ = ["read_mltable"]

_FILE = "MLTable"
_KINDS: dict[str, Wildcards] = {"file": "none", "folder": "none", "pattern": "glob"}
_KEYS = frozenset({
    "$schema", "type", "paths", "transformations", "traits", "metadata", "name",
    "version", "description", "tags", "properties", "skip_validation",
})  # fmt: skip
_HEADERS = {
    "all_files_same_headers": "ALL_FILES_HAVE_SAME_HEADERS",
    "no_header": "NO_HEADERS",
    "from_first_file": "ONLY_FIRST_FILE_HAS_HEADERS",
    "all_files_different_headers": "COMBINE_ALL_FILES_HEADERS",
}
_ON_DATASTORE = re.compile(
    r"azureml://(?:.*/)?datastores/(?P<name>[^/]+)/paths(?:/(?P<path>.*))?"
)


def read_mltable(
    place: str | Path | DataSource, home: DatastoreHome | None = None
) -> FileDataset | TabularDataset:
    """Return the dataset that an MLTable folder describes.

    Args:
        place: A local folder with a file ``MLTable``, or that file; or either of them
            on a store.
        home: The workspace that knows the datastores of ``azureml://`` paths.

    Returns:
        A table, or a dataset of files where nothing says how they are read.

    Raises:
        UserErrorException: The file is missing, or asks for what is not there.
        BadYamlError: It is no YAML that has one meaning.
    """
    folder = _folder(place) if isinstance(place, DataSource) else _local_source(place)
    content = _content(folder)
    sources = tuple(_source(one, folder, home) for one in content["paths"])
    steps = read_steps(content.get("transformations") or [])
    dataset = _dataset(sources, steps)
    return _with_traits(dataset, content.get("traits") or {})


def _folder(source: DataSource) -> DataSource:
    """Return the folder of a source that may be the file in it."""
    folder, _, name = source.path.rpartition("/")
    path = folder if name == _FILE else source.path.rstrip("/")
    return source.model_copy(update={"path": path, "wildcards": "none"})


def _local_source(place: str | Path) -> DataSource:
    """Return a folder as a source that holds no wildcard, whatever it is called."""
    folder = Path(place).expanduser().absolute()
    if folder.name == _FILE and not folder.is_dir():
        folder = folder.parent
    return DataSource(url=folder_url(str(folder)), path="", wildcards="none")


def _content(folder: DataSource) -> dict[str, Any]:
    """Return what the file MLTable in a folder says.

    Raises:
        UserErrorException: There is none, or it has not the form of one.
    """
    where = f"{folder.url.rstrip('/')}/{folder.path}".rstrip("/")
    if is_local(folder.url):
        where = str(Path(local_folder(folder.url), folder.path))
        file = Path(where, _FILE)
        if not file.is_file():
            raise UserErrorException(_no_file(where))
        content = load_file(file)
    else:
        store = open_store(StoreLocation(folder.url, folder.options, folder.datastore))
        found = store.find(posixpath.join(folder.path, _FILE))
        if found is None:
            raise UserErrorException(_no_file(where))
        with tempfile.TemporaryDirectory(prefix="azml-mltable-") as temporary:
            file = Path(temporary, _FILE)
            store.fetch(found, file)
            content = load_file(file)
    what = shown(f"{where}/{_FILE}")
    if not isinstance(content, dict) or not isinstance(content.get("paths"), list):
        msg = f"{what} has no list called paths. Add one."
        raise UserErrorException(msg)
    unknown = sorted(map(str, set(content) - _KEYS))
    if unknown or content.get("type", "mltable") != "mltable":
        bad = f"the key {shown(unknown[0])}" if unknown else "another type than mltable"
        msg = f"{what} has {bad}. There are {listed(sorted(_KEYS))}."
        raise UserErrorException(msg)
    return content


def _no_file(where: str) -> str:
    return f"There is no file {_FILE} in {shown(where)}. Name its folder."


def _source(
    entry: object, folder: DataSource, home: DatastoreHome | None
) -> DataSource:
    """Return what one entry of ``paths`` names.

    Raises:
        UserErrorException: It is no such entry, or cannot be read from.
    """
    kind, where = None, None
    if isinstance(entry, dict) and len(entry) == 1:
        kind, where = next(iter(entry.items()))
    if kind not in _KINDS or not isinstance(where, str) or not where:
        msg = (
            f"paths has the entry {shown(entry)}. Each one is exactly one of file, "
            "folder and pattern, with text."
        )
        raise UserErrorException(msg)
    wildcards = _KINDS[kind]
    if "://" in where:
        (source,) = data_sources(_remote(where, home))
        return source.model_copy(update={"wildcards": wildcards})
    if Path(where).is_absolute():
        folder = DataSource(url=folder_url("/"), path="")
        where = where.lstrip("/")
    elif is_local(folder.url) and folder.datastore is None:
        # It may lead out of the folder, which its author is free to do.
        folder, where = _climbed(folder, where)
    path = posixpath.normpath(posixpath.join(folder.path, where))
    if path == ".." or path.startswith("../"):
        msg = f"paths has {shown(where)}, which leads out of the datastore. Mend it."
        raise UserErrorException(msg)
    update = {"path": "" if path == "." else path, "wildcards": wildcards}
    return folder.model_copy(update=update)


def _climbed(folder: DataSource, where: str) -> tuple[DataSource, str]:
    root = Path(local_folder(folder.url), folder.path)
    path = posixpath.normpath(where)
    while path == ".." or path.startswith("../"):
        root, path = root.parent, path[3:] or "."
    return folder.model_copy(update={"url": folder_url(str(root)), "path": ""}), path


def _remote(where: str, home: DatastoreHome | None) -> Any:  # noqa: ANN401 - a path of a dataset
    match = _ON_DATASTORE.fullmatch(where)
    if match is None:
        return where
    if home is None:
        msg = (
            f"paths has {shown(where)}, and nothing says which workspace knows that "
            "datastore. Pass workspace=…."
        )
        raise UserErrorException(msg)
    return home.get_datastore(match["name"]), match["path"] or ""


def _dataset(
    sources: tuple[DataSource, ...], steps: list[Step]
) -> FileDataset | TabularDataset:
    reader = next((step for step in steps if step.name in READERS), None)
    form = next(
        (
            step.get("partition_format")
            for step in steps
            if step.name == "extract_columns_from_partition_format"
        ),
        None,
    )
    types = column_types(steps)
    dataset: FileDataset | TabularDataset
    if reader is None:
        if types:
            raise UserErrorException(_needs_rows("convert_column_types"))
        partition = partition_definition(form)
        dataset = FileDataset(
            DatasetDefinition(kind="file", sources=sources, partition=partition)
        )
    else:
        dataset = _table(sources, reader, form, types)
    for step in steps:
        dataset = _transformed(dataset, step)
    return dataset


def _table(
    sources: tuple[DataSource, ...],
    step: Step,
    form: str | None,
    types: dict[str, DataType],
) -> TabularDataset:
    paths: Any = sources
    common: dict[str, Any] = {
        "include_path": step.get("include_path_column", False),
        "set_column_types": types or None,
        "partition_format": form,
    }
    if step.name == "read_delimited":
        header = step.get("header", "all_files_same_headers")
        if header not in _HEADERS:
            msg = (
                f"read_delimited: header={shown(header)} is not known. Give one of "
                f"{', '.join(_HEADERS)}."
            )
            raise UserErrorException(msg)
        return TabularDatasetFactory.from_delimited_files(
            paths,
            separator=step.get("delimiter", ","),
            header=_HEADERS[header],
            encoding=step.get("encoding", "utf8"),
            infer_column_types=step.get("infer_column_types", True),
            empty_as_string=step.get("empty_as_string", False),
            support_multi_line=step.get("support_multi_line", False),
            **common,
        )
    if step.name == "read_parquet":
        return TabularDatasetFactory.from_parquet_files(paths, **common)
    return TabularDatasetFactory.from_json_lines_files(
        paths,
        encoding=step.get("encoding", "utf8"),
        invalid_lines=step.get("invalid_lines", "error"),
        **common,
    )


def _transformed(
    dataset: FileDataset | TabularDataset, step: Step
) -> FileDataset | TabularDataset:
    match step.name:
        case "take":
            return dataset.take(step.get("count"))
        case "skip":
            return dataset.skip(step.get("count"))
        case "take_random_sample":
            return dataset.take_sample(step.get("probability"), step.get("seed"))
        case "filter" | "keep_columns" | "drop_columns":
            return _refined(dataset, step)
        case _:
            return dataset  # it was read like that


def _refined(
    dataset: FileDataset | TabularDataset, step: Step
) -> FileDataset | TabularDataset:
    if isinstance(dataset, FileDataset):
        raise UserErrorException(_needs_rows(step.name))
    if step.name == "filter":
        return dataset.filter(read_filter(step.get("expression")))
    columns = columns_of(step.get("columns"))
    if step.name == "keep_columns":
        return dataset.keep_columns(columns)
    return dataset.drop_columns(columns)


def _needs_rows(step: str) -> str:
    return (
        f"{step} needs rows, and nothing says how the files are read. Put one of "
        f"{', '.join(READERS)} before it."
    )


def _with_traits(
    dataset: FileDataset | TabularDataset, traits: object
) -> FileDataset | TabularDataset:
    """Return the dataset with what ``traits`` says of its columns.

    Raises:
        UserErrorException: They say something else.
    """
    if not isinstance(traits, dict) or set(traits) - {
        "index_columns",
        "timestamp_column",
    }:
        msg = (
            f"traits={shown(traits)} is not allowed. There are timestamp_column and "
            "index_columns."
        )
        raise UserErrorException(msg)
    if traits and isinstance(dataset, FileDataset):
        raise UserErrorException(_needs_rows("traits"))
    if "index_columns" in traits:
        columns_of(traits["index_columns"])
        warnings.warn(
            "index_columns of an MLTable has no effect: the columns stay columns.",
            stacklevel=4,
        )
    column = traits.get("timestamp_column")
    if column is None or isinstance(dataset, FileDataset):
        return dataset
    return dataset.with_timestamp_columns(column)
