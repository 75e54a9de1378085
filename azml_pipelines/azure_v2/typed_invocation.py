"""An invocation as it is typed on a command line, or written in a file of inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.document import Document, read_document
from azml_pipelines.azure_v2.invocation import Invocation
from azml_pipelines.azure_v2.section import Schema, Section, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["typed_invocation"]


class _PortsSection(Section):
    """A file with the inputs and outputs of an invocation."""

    schema_: Schema
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None


def typed_invocation(options: Mapping[str, Any], file: Path | None) -> Invocation:
    """Return the invocation that options mean.

    Args:
        options: By their names on the command line, with underscores.
        file: With inputs and outputs; relative paths in it start at its folder.

    Raises:
        BadDocumentError: The file has other keys.
    """
    folder, content = Path.cwd(), {}
    if file is not None:
        document = read_document(file)
        parse(_PortsSection, document.content, document.top)
        folder, content = document.folder, document.content
    typed = Document(folder / "invocation", content)
    overrides = dict(typed.with_values(options["assignments"]).content)
    inputs = overrides.pop("inputs", None) or {}
    outputs = overrides.pop("outputs", None) or {}
    for key in ("mini_batch_size", "instance_count"):
        if options[key] is not None:
            overrides[key] = options[key]
    return Invocation(
        input_path=_from_here(options["input_path"]),
        input_type=options["input_type"],
        output_path=_from_here(options["output_path"]),
        inputs=inputs,
        outputs=outputs,
        overrides={key: one for key, one in overrides.items() if key != "$schema"},
        experiment=options["experiment_name"],
        job_name=options["job_name"],
        trust=options["trust"],
        build=options["build"],
        folder=folder,
    )


def _from_here(text: str | None) -> str | None:
    """Return a path that was typed, so that it does not depend on the file's folder."""
    if text is None or ":" in text:
        return text
    return str(Path(text).absolute())
