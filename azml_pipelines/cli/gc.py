"""``azml gc``: free the disk of what nobody needs any more."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from azml_pipelines.store.clean_up import CleanUp

__all__ = ["gc"]

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_KILO = 1000


class _Age(click.ParamType[float]):
    """A number with a unit, as 30d; seconds for us."""

    name = "age"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return seconds."""
        if isinstance(value, (int, float)):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", str(value).strip())
        if found is None:
            msg = f"{value!r} is no age; give minutes, hours, days or weeks: 90m, 30d"
            self.fail(msg, param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@click.command()
@click.option(
    "--older-than", type=_Age(), metavar="AGE", help="Runs that ended before: 30d, 12h."
)
@click.option(
    "--keep-last",
    type=click.IntRange(min=0),
    metavar="N",
    help="All but the newest N ended runs of each experiment.",
)
@click.option("--parts-only", is_flag=True, help="Take their parts, leave the runs.")
@click.option("--dry-run", is_flag=True, help="Remove nothing, say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def gc(
    *,
    older_than: float | None,
    keep_last: int | None,
    parts_only: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove old runs and the parts of finished ones; outputs always stay.

    Without --older-than and --keep-last no run goes, only parts: those of all finished
    runs but the newest of each experiment. With both, a run goes that fits both. Runs
    that have not ended stay, and so do those whose results another run reuses.
    """
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    done = Workspace.from_config().clean_up(
        older_than=older_than,
        keep_last=keep_last,
        parts_only=parts_only,
        dry_run=dry_run,
    )
    if as_json:
        content = {"schema_version": 1, "dry_run": dry_run, **asdict(done)}
        click.echo(json.dumps({**content, "bytes": done.bytes}, indent=2))
        return
    _print(done, "would be removed" if dry_run else "removed")


def _print(done: CleanUp, verb: str) -> None:
    for one in done.removed:
        click.echo(f"{one.what} {one.name}: {verb} ({_amount(one.bytes)})")
    for kept in done.kept:
        click.echo(f"run {kept.run_id}: kept, {kept.reason}")
    click.echo(f"{_amount(done.bytes)} {verb}")


def _amount(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < _KILO:
            break
        size, unit = size / _KILO, larger
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
