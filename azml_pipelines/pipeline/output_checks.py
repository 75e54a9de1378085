"""Arguments of a ParallelRunConfig that say how rows are written, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, get_args

from azml_pipelines.data.column_types import ColumnType, TypeKind
from azml_pipelines.data.data_type import DataType
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.parallel_run_settings import OnExisting, OutputFormat
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["check_output", "output_schema"]


class _Config(Protocol):
    output_action: str
    append_row_file_name: str | None
    output_format: OutputFormat | None
    output_schema: Mapping[str, object] | None
    partition_output_by: Sequence[str] | None
    on_existing: OnExisting


def check_output(config: _Config) -> None:
    """Refuse what cannot be written.

    Raises:
        DeclarationError: An argument is not allowed, or not beside the others.
    """
    _check_choice(
        "output_format", config.output_format, (None, *get_args(OutputFormat))
    )
    _check_choice("on_existing", config.on_existing, get_args(OnExisting))
    schema = output_schema(config.output_schema) or {}
    columns = config.partition_output_by
    if columns is not None:
        names = columns if isinstance(columns, (list, tuple)) else ()
        texts = [name for name in names if isinstance(name, str) and name]
        if not texts or len(set(texts)) < len(names):
            msg = (
                f"partition_output_by={shown(columns)} is not allowed. Give a list of "
                "different column names."
            )
            raise DeclarationError(msg)
        missing = [name for name in texts if schema and name not in schema]
        if missing:
            msg = (
                f"partition_output_by names {shown(missing[0])}, which is not in "
                "output_schema. Add it there."
            )
            raise DeclarationError(msg)
    _check_together(config, columns)


def _check_together(config: _Config, columns: object) -> None:
    given = columns is not None or config.output_schema is not None
    if config.output_format is None and given:
        what = "partition_output_by" if columns is not None else "output_schema"
        msg = f"{what} needs output_format='csv', 'parquet' or 'jsonl'. Give one."
        raise DeclarationError(msg)
    action = str(config.output_action).lower()
    if config.output_format is not None and action != "append_row":
        msg = (
            f"output_format={shown(config.output_format)} needs "
            f"output_action='append_row', not {shown(config.output_action)}."
        )
        raise DeclarationError(msg)


def _check_choice(what: str, value: object, accepted: tuple[Any, ...]) -> None:
    if not any(value is one or value == one for one in accepted):
        msg = (
            f"{what}={shown(value)} is not allowed. Give one of "
            f"{', '.join(repr(one) for one in accepted)}."
        )
        raise DeclarationError(msg)


def output_schema(schema: object) -> dict[str, ColumnType] | None:
    """Return the columns of an output: names to types.

    Raises:
        DeclarationError: It is no mapping of names to ``DataType`` or a kind of type.
    """
    if schema is None:
        return None
    kinds = get_args(TypeKind)
    checked: dict[str, ColumnType] = {}
    items = schema.items() if isinstance(schema, dict) else ()
    for name, given in items:
        if isinstance(name, str) and isinstance(given, DataType):
            checked[name] = given.column_type
        elif isinstance(name, str) and given in kinds:
            checked[name] = ColumnType(given)
    if not checked or len(checked) < len(items):
        msg = (
            f"output_schema={shown(schema)} is not allowed. Give a dict such as "
            f"{{'score': 'float'}}; types are {', '.join(kinds)}, or a DataType."
        )
        raise DeclarationError(msg)
    return checked
