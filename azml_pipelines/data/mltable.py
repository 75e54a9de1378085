"""MLTable folders: a YAML file that says which files are a table, and how.

Read by the published schema; what cannot be done here is refused by name.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.data_type import DataType
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.data.expression import DatasetExpression
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.data.tabular_factory import (
    TabularDatasetFactory,
    partition_definition,
)
from azml_pipelines.errors import UserErrorException
from azml_pipelines.strict_yaml import load_file
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read_mltable"]

_FILE = "MLTable"
_KINDS = ("file", "folder", "pattern")
_HEADERS = {
    "all_files_same_headers": "ALL_FILES_HAVE_SAME_HEADERS",
    "no_header": "NO_HEADERS",
    "from_first_file": "ONLY_FIRST_FILE_HAS_HEADERS",
    "all_files_different_headers": "COMBINE_ALL_FILES_HEADERS",
}
_TYPES: dict[str, Callable[[], DataType]] = {
    "int": DataType.to_long,
    "float": DataType.to_float,
    "string": DataType.to_string,
    "boolean": DataType.to_bool,
    "datetime": DataType.to_datetime,
}
_OPERATORS: dict[type, str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.And: "and", ast.Or: "or", ast.BitAnd: "and", ast.BitOr: "or",
}  # fmt: skip


def read_mltable(folder: str | Path) -> FileDataset | TabularDataset:
    """Return the dataset that an MLTable folder describes.

    Args:
        folder: A local folder with a file ``MLTable``, or that file.

    Returns:
        A table, or a dataset of files where nothing says how they are read.

    Raises:
        UserErrorException: The file is missing, or asks for what is not there.
        BadYamlError: It is no YAML that has one meaning.
    """
    place = Path(folder).expanduser().absolute()
    file = place if place.name == _FILE else place / _FILE
    if not file.is_file():
        msg = f"There is no file {_FILE} in {shown(str(place))}. Name its folder."
        raise UserErrorException(msg)
    content = load_file(file)
    if not isinstance(content, dict) or not isinstance(content.get("paths"), list):
        msg = f"{shown(str(file))} has no list called paths. Add one."
        raise UserErrorException(msg)
    sources = [_path(one, file.parent) for one in content["paths"]]
    steps = [_named(one) for one in content.get("transformations") or []]
    return _Reading(sources, steps).dataset()


def _path(entry: object, folder: Path) -> str:
    if isinstance(entry, dict) and len(entry) == 1:
        kind, where = next(iter(entry.items()))
        if kind in _KINDS and isinstance(where, str):
            remote = "://" in where or Path(where).is_absolute()
            return where if remote else str(folder / where)
    msg = (
        f"paths has the entry {shown(entry)}. Each one is exactly one of file, folder "
        "and pattern, with text."
    )
    raise UserErrorException(msg)


def _named(step: object) -> tuple[str, Any]:
    if isinstance(step, str):
        return step, {}
    if isinstance(step, dict) and len(step) == 1:
        name, arguments = next(iter(step.items()))
        return str(name), {} if arguments is None else arguments
    msg = f"transformations has the entry {shown(step)}, which is no transformation."
    raise UserErrorException(msg)


class _Reading:
    """An MLTable while it becomes a dataset."""

    def __init__(self, sources: list[str], steps: list[tuple[str, Any]]) -> None:
        self._sources = sources
        self._reads = [step for step in steps if step[0].startswith("read_")]
        self._rest = [step for step in steps if not step[0].startswith("read_")]

    def dataset(self) -> FileDataset | TabularDataset:
        """Return the dataset."""
        form = next(
            (
                arguments.get("partition_format")
                for name, arguments in self._rest
                if name == "extract_columns_from_partition_format"
            ),
            None,
        )
        types = self._types()
        if not self._reads:
            files = DatasetDefinition(
                kind="file",
                sources=data_sources(list(self._sources)),
                partition=partition_definition(form),
            )
            dataset: FileDataset | TabularDataset = FileDataset(files)
        else:
            dataset = self._table(form, types)
        for name, arguments in self._rest:
            dataset = _transformed(dataset, name, arguments)
        return dataset

    def _table(self, form: str | None, types: dict[str, DataType]) -> TabularDataset:
        name, given = self._reads[0]
        arguments: dict[str, Any] = given if isinstance(given, dict) else {}
        if len(self._reads) > 1 or arguments is not given:
            msg = f"transformations read more than once: {shown(self._reads)}. Do once."
            raise UserErrorException(msg)
        paths: Any = list(self._sources)
        common: dict[str, Any] = {
            "include_path": bool(arguments.get("include_path_column", False)),
            "set_column_types": types or None,
            "partition_format": form,
        }
        if name == "read_delimited":
            header = str(arguments.get("header", "all_files_same_headers"))
            return TabularDatasetFactory.from_delimited_files(
                paths,
                separator=arguments.get("delimiter", ","),
                header=_HEADERS.get(header, header),
                encoding=arguments.get("encoding", "utf8"),
                infer_column_types=bool(arguments.get("infer_column_types", True)),
                empty_as_string=bool(arguments.get("empty_as_string", False)),
                **common,
            )
        if name == "read_parquet":
            return TabularDatasetFactory.from_parquet_files(paths, **common)
        if name == "read_json_lines":
            return TabularDatasetFactory.from_json_lines_files(
                paths,
                encoding=arguments.get("encoding", "utf8"),
                invalid_lines=arguments.get("invalid_lines", "error"),
                **common,
            )
        raise UserErrorException(_unknown(name))

    def _types(self) -> dict[str, DataType]:
        found: dict[str, DataType] = {}
        for name, arguments in self._rest:
            for one in arguments if name == "convert_column_types" else ():
                columns = one["columns"]
                kind = _type_of(one["column_type"])
                for column in [columns] if isinstance(columns, str) else columns:
                    found[column] = kind
        return found


def _type_of(given: object) -> DataType:
    if isinstance(given, str) and given in _TYPES:
        return _TYPES[given]()
    if isinstance(given, dict) and set(given) == {"datetime"}:
        formats = (given["datetime"] or {}).get("formats") or ()
        return DataType(ColumnType("datetime", tuple(formats)))
    msg = f"column_type={shown(given)} is not known. Give one of {', '.join(_TYPES)}."
    raise UserErrorException(msg)


def _transformed(
    dataset: FileDataset | TabularDataset,
    name: str,
    given: Any,  # noqa: ANN401 - YAML
) -> FileDataset | TabularDataset:
    if name in {"extract_columns_from_partition_format", "convert_column_types"}:
        return dataset
    if name in {"take", "skip"}:
        count: Any = given.get("count") if isinstance(given, dict) else given
        return dataset.take(count) if name == "take" else dataset.skip(count)
    if name == "take_random_sample":
        return dataset.take_sample(given["probability"], given.get("seed"))
    if name == "filter":
        return dataset.filter(_expression(str(given)))
    if name in {"keep_columns", "drop_columns"} and isinstance(dataset, TabularDataset):
        columns: Any = given.get("columns") if isinstance(given, dict) else given
        keep = name == "keep_columns"
        return dataset.keep_columns(columns) if keep else dataset.drop_columns(columns)
    raise UserErrorException(_unknown(name))


def _unknown(name: str) -> str:
    return (
        f"The transformation {shown(name)} is not available. There are read_delimited, "
        "read_parquet, read_json_lines, keep_columns, drop_columns, "
        "convert_column_types, extract_columns_from_partition_format, filter, skip, "
        "take and take_random_sample."
    )


def _expression(text: str) -> DatasetExpression:
    """Read ``col("t") > 32 and col("loc") == "UK"``; nothing of it is carried out.

    Raises:
        UserErrorException: It is no such expression.
    """
    try:
        return DatasetExpression(_tree(ast.parse(text, mode="eval").body))
    except (SyntaxError, ValueError, RecursionError) as error:
        msg = (
            f"The filter {shown(text)} cannot be read. Write it as "
            'col("age") > 30 and col("name") == "x".'
        )
        raise UserErrorException(msg, inner_exception=error) from error


def _tree(node: ast.expr) -> Any:  # noqa: ANN401, PLR0911 - JSON, one line per kind
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.Call(
            func=ast.Name(id="col"), args=[ast.Constant(value=str(name))], keywords=[]
        ):
            return ["col", name]
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return [_OPERATORS[type(sign)], _tree(left), _tree(right)]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ["-", 0, _tree(operand)]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return [_OPERATORS[type(sign)], _tree(left), _tree(right)]
        case ast.BoolOp(op=sign, values=[first, *others]):
            tree = _tree(first)
            for other in others:
                tree = [_OPERATORS[type(sign)], tree, _tree(other)]
            return tree
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return ["not", _tree(operand)]
        case ast.UnaryOp(
            op=ast.USub(), operand=ast.Constant(value=int() | float() as n)
        ):
            return -n
        case _:
            msg = f"{ast.dump(node)[:80]} is not allowed in a filter"
            raise ValueError(msg)
