"""What a step's result depends on, looked up: code, packages, what inputs hold."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.remote_listing import is_remote, list_remote
from azml_pipelines.engine.step_inputs import input_definition
from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.fingerprint import Part, PlainNames, declared_parts
from azml_pipelines.plan.run_plan import Joined
from azml_pipelines.store.code_files import used_files
from azml_pipelines.store.reuse_record import ContentLine
from azml_pipelines.store.snapshot import IGNORE_FILES, snapshot_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from azml_pipelines.plan.run_plan import (
        InputPlan,
        OutputPlan,
        StepPlan,
    )
    from azml_pipelines.store.content_cache import ContentCache

__all__ = [
    "MOST_FILES",
    "ChangedInputError",
    "content_parts",
    "declared_fingerprint",
    "output_mark",
]

MOST_FILES = 100_000
"""Of one input: reading more of them takes longer than many a step."""
_TICK_NS = 10_000_000
"""By how much the times of files may be behind the clock."""


class ChangedInputError(UserErrorException):
    """A file of an input was written to while the step ran."""


def declared_fingerprint(
    step: StepPlan, source: Path | None, packages: Mapping[str, str]
) -> tuple[Part, ...]:
    """Return all parts that do not depend on what inputs hold.

    Args:
        step: Of a plan.
        source: Its source directory or the copy of it; None for a step without one.
        packages: Of the interpreter that runs it, name to version.
    """
    parts = list(declared_parts(step))
    if step.environment is not None:
        described = step.environment.model_dump(
            mode="json", exclude={"environment_variables", "name"}
        )
        parts += [
            Part("environment", section, json.dumps(described[section], sort_keys=True))
            for section in sorted(described)
        ]
    parts += [
        Part("environment", f"package {name}", version)
        for name, version in packages.items()
    ]
    if source is not None:
        parts += _code(step, source)
    return tuple(parts)


def content_parts(
    step: StepPlan,
    cache: ContentCache,
    *,
    note: Callable[[ContentLine], None] | None = None,
    started: float | None = None,
) -> tuple[Part, ...]:
    """Read what the inputs and side inputs of a step hold.

    Args:
        step: Its inputs lie where earlier steps have left them.
        cache: What is known already.
        note: Is told about each file.
        started: When the step began, in seconds since 1970; it has ended since.

    Raises:
        ChangedInputError: A file is younger than ``started``: what was read and what
            is there now may differ.
        UserErrorException: An input cannot be listed.
        OSError: A file cannot be read.
    """
    parts = []
    plain = PlainNames(step)
    side = getattr(step, "side_inputs", ())
    for port in step.all_inputs:
        since = None if started is None else int(started * 1e9) - _tick(port)
        digest = hashlib.sha256()
        name = plain.text(port.name)
        for line in _found(name, input_definition(port), cache, since):
            content = json.dumps([line.path, line.size, line.mark])
            digest.update(content.encode("ascii") + b"\n")
            if note is not None:
                note(line)
        kind = "side input" if port in side else "input"
        parts.append(Part(kind, name, digest.hexdigest()))
    return tuple(parts)


def output_mark(output: OutputPlan | None, folder: Path, cache: ContentCache) -> str:
    """Return a checksum of all files that lie in an output, and of their names.

    Args:
        output: Of a step; None for what it keeps in its own folder.
        folder: That folder.
        cache: What is known already.

    Raises:
        UserErrorException: A store cannot be listed.
        OSError: A file cannot be read.
    """
    if output is None:
        source = DataSource(url=folder_url(folder), path="")
    else:
        source = DataSource(
            url=output.url,
            path=output.path_on_datastore,
            datastore=output.datastore,
            options=output.options,
        )
    digest = hashlib.sha256()
    definition = DatasetDefinition(kind="file", sources=(source,))
    for line in _found("", definition, cache, None):
        digest.update(json.dumps(line).encode("ascii") + b"\n")
    return digest.hexdigest()


def _tick(port: InputPlan) -> int:
    # What a step of this run has made, nobody else writes to.
    return _TICK_NS if port.produced_by is None else 0


def _texts(arguments: Iterable[object]) -> Iterator[str]:
    for argument in arguments:
        if isinstance(argument, str):
            yield argument
        elif isinstance(argument, Joined):
            yield from _texts(argument.parts)


def _code(step: StepPlan, source: Path) -> Iterator[Part]:
    texts = list(_texts(step.arguments))
    # What an ignore file leaves out is not there; what it says besides is no matter.
    files = [name for name in snapshot_files(source) if name not in IGNORE_FILES]
    for file in used_files(source, files, step.script or None, texts):
        with (source / file).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256")
        yield Part("code", file, found.hexdigest())


def _found(
    name: str, definition: DatasetDefinition, cache: ContentCache, since: int | None
) -> Iterator[ContentLine]:
    if is_remote(definition):
        for file in list_remote(definition).files:
            yield ContentLine(name, file.path, file.size, file.tag)
        return
    listing = list_files(definition)
    for number, path in enumerate(listing.paths):
        if number == MOST_FILES:
            msg = f"input {name} has more than {MOST_FILES} files, too many to compare"
            raise UserErrorException(msg)
        content = cache.look(os.path.join(listing.root, path))  # noqa: PTH118 - text stays text
        if since is not None and content.changed_ns >= since:
            msg = f"file {path} of input {name} was written to while the step ran"
            raise ChangedInputError(msg)
        yield ContentLine(name, path, content.size, content.sha256)
