"""What becomes of a step's rows at its end, and of what stood there before."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.commit import Committed, commit
from azml_pipelines.data.commit_tables import commit_tables
from azml_pipelines.data.output_format import OutputForm
from azml_pipelines.data.output_registration import read_below
from azml_pipelines.errors import OutputError
from azml_pipelines.store.workspace_folder import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azml_pipelines.data.output_writer import OutputWriter
    from azml_pipelines.data.stretch import Stretch
    from azml_pipelines.engine.output_place import OutputPlace
    from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings
    from azml_pipelines.plan.run_plan import OutputPlan, WorkspacePlan

__all__ = ["commit_rows", "destination_of", "output_form", "register_outputs"]


def output_form(settings: ParallelRunSettings) -> OutputForm | None:
    """Return how rows are written; None for version 1's way."""
    if settings.output_format is None or settings.output_action != "append_row":
        return None
    return OutputForm(
        settings.output_format,
        tuple(settings.partition_output_by or ()),
        dict(settings.output_schema or {}),
    )


def destination_of(
    settings: ParallelRunSettings, output: OutputPlace, note: Path
) -> Path:
    """Return where the rows go, settled once for all orchestrators of the run.

    Args:
        settings: Of the step.
        output: Where the step writes.
        note: A file that remembers the name.

    Raises:
        OutputError: Something is there already, and ``on_existing`` is ``error``; or
            nobody can tell, because the store does not answer.
    """
    if note.is_file():
        return output.folder / note.read_text(encoding="utf-8")
    name = settings.append_row_file_name
    if settings.partition_output_by:
        name = Path(name).stem
    if settings.on_existing == "error" and output.holds(name):
        msg = (
            f"{output.told(name)} exists already; remove it, or set on_existing to "
            "'replace' or 'version'"
        )
        raise OutputError(msg)
    if settings.on_existing == "version":
        name = _free(output, name)
    if settings.on_existing != "replace":
        _note(note, name)
    return output.folder / name


def _note(note: Path, name: str) -> None:
    """Remember a name, also over a loss of power: without it, nobody can go on."""
    temporary = note.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(name)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(note)


def _free(output: OutputPlace, name: str) -> str:
    """Return the first free name: ``rows.csv``, ``rows.2.csv`` and so on."""
    whole = Path(name)
    for number in count(2):
        if not output.holds(name):
            break
        name = f"{whole.stem}.{number}{whole.suffix}"
    return name


def register_outputs(workspace: WorkspacePlan, outputs: Iterable[OutputPlan]) -> None:
    """Register what a finished step was told to; again, it is the same version."""
    wanted = [output for output in outputs if output.registrations]
    if not wanted:
        return
    from azml_pipelines.store.catalog_place import open_catalog  # noqa: PLC0415 - takes a quarter of a second

    catalog = open_catalog(WorkspaceFolder(Path(workspace.root)))
    for output in wanted:
        for asked in output.registrations:
            catalog.datasets.save(
                asked.name,
                read_below(output.source, asked.reading),
                description=asked.description,
                tags=asked.tags,
                create_new_version=True,
            )


def commit_rows(
    stretches: Iterable[Stretch],
    parts: Path,
    destination: Path,
    form: OutputForm | None,
    writer: OutputWriter,
) -> Committed:
    """Put the rows together; see ``data.commit``.

    Raises:
        DamagedPartError: Some rows have to be made again.
        OutputError: Mini-batches returned different columns.
        OSError: The destination cannot be written.
    """
    if form is not None and form.travels_as_arrow:
        return commit_tables(stretches, parts, destination, form, writer)
    # Workers leave headers only when somebody wants one.
    headers = [path.read_bytes() for path in sorted(parts.glob("header-*"))]
    if form is not None and len(set(headers)) > 1:
        some = " and ".join(sorted({header.decode().strip() for header in headers})[:2])
        msg = (
            f"mini-batches returned different columns: {some}; return the same ones, "
            "in the same order, or set output_schema"
        )
        raise OutputError(msg)
    header = headers[0] if headers else b""
    return commit(stretches, parts, destination, writer, header)
