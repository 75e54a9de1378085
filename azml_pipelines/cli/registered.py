"""How commands print what is registered: a table for people, JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from azml_pipelines.run.workspace import Workspace

__all__ = [
    "as_json",
    "moment",
    "name_and_version",
    "print_fields",
    "print_rows",
    "workspace",
]

as_json: Callable[[Any], Any] = click.option(
    "--json", "json_wanted", is_flag=True, help="Print JSON, for programs."
)


def workspace() -> Workspace:
    """Return the workspace of the working directory."""
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    return Workspace.from_config()


def moment(seconds: float) -> str:
    """Return a time as JSON has it: ISO 8601 in UTC."""
    from datetime import UTC, datetime  # noqa: PLC0415 - one way only

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    json_wanted: bool,
    none: str,
) -> None:
    """Print one line for each row.

    Args:
        rows: Everything that JSON shows.
        columns: What people see of it, in this order.
        json_wanted: Print JSON.
        none: What to tell people when there are no rows.
    """
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load

    if json_wanted:
        click.echo(json.dumps(list(rows), indent=2))
        return
    cells = [[printable(_text(row[name])) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
    if not rows:
        click.echo(none, err=True)


def print_fields(fields: Mapping[str, Any], *, json_wanted: bool) -> None:
    """Print one thing with all that is known about it."""
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load

    if json_wanted:
        click.echo(json.dumps(fields, indent=2))
        return
    width = max(map(len, fields))
    for name, value in fields.items():
        click.echo(f"{name.ljust(width)}  {printable(_text(value))}".rstrip())


def name_and_version(text: str) -> tuple[str, int | None]:
    """Split what was typed for ``NAME[:VERSION]``.

    Raises:
        UserErrorException: What stands behind the colon is no number.
    """
    name, colon, version = text.partition(":")
    if not colon:
        return name, None
    if not version.isdecimal():
        msg = f"{shown(text)}: the version {shown(version)} is no number; type NAME:2."
        raise UserErrorException(msg)
    return name, int(version)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
