"""``azml convert``: what of a pipeline or a document becomes what."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from azml_pipelines.cli.registered import as_json, print_rows

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.conversion import ConversionRow

__all__ = ["convert"]


@click.command(short_help="Say what of versions 1 and 2 becomes what.")
@click.argument("source")
@as_json
def convert(source: str, *, json_wanted: bool) -> None:
    """Print what of SOURCE becomes what, and what differs.

    SOURCE is a document of version 2, a Python script that declares a Pipeline of
    version 1, or a run: its id, the beginning of it, or latest. Nothing is written.
    """
    rows = _rows(source)
    print_rows(
        [asdict(row) for row in rows],
        ("source", "value", "target", "note"),
        json_wanted=json_wanted,
        none="Nothing.",
    )


def _rows(source: str) -> list[ConversionRow]:
    file = Path(source)
    if file.suffix in {".yml", ".yaml"}:
        from azml_pipelines.azure_v2.conversion import document_rows  # noqa: PLC0415 - slow to load
        from azml_pipelines.azure_v2.document import read_document  # noqa: PLC0415 - the same

        return document_rows(read_document(file))
    from azml_pipelines.azure_v2.from_v1 import definition_rows  # noqa: PLC0415 - slow to load

    if file.suffix != ".py":
        from azml_pipelines.cli.found_run import find_run  # noqa: PLC0415 - slow to load
        from azml_pipelines.plan.definition import PipelineDefinition  # noqa: PLC0415 - the same

        found = find_run(source).folder.definition.read_bytes()
        return definition_rows(PipelineDefinition.model_validate_json(found))
    from azml_pipelines.cli.script import run_script  # noqa: PLC0415 - slow to load
    from azml_pipelines.cli.submit import only_pipeline  # noqa: PLC0415 - the same
    from azml_pipelines.plan.describe import describe  # noqa: PLC0415 - the same

    with redirect_stdout(sys.stderr):
        result = run_script(file)
    return definition_rows(describe(only_pipeline(file, result)))
