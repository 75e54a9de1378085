"""The files of a dataset, found lazily and always in the same order."""

# Paths stay text here: a million Path objects are slow and large.
# ruff: noqa: PTH112, PTH113, PTH118

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from azml_pipelines.data.file_operations import chosen_files, local_facts
from azml_pipelines.data.folder_walk import check_inside, walk_files
from azml_pipelines.data.local_url import local_folder, relative_path
from azml_pipelines.data.path_pattern import EVERYTHING, PathMatcher, split_pattern
from azml_pipelines.data.remote_listing import is_remote, list_remote
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.data.definition import DatasetDefinition, DataSource
    from azml_pipelines.data.path_pattern import Wildcards

__all__ = ["Listing", "list_files", "places_of", "shows_a_choice", "single_file"]


@dataclass(frozen=True)
class Listing:
    """The files of a dataset."""

    root: str
    """Absolute local folder that all files lie below; of remote ones, its URL."""
    paths: Iterator[str]
    """Paths relative to ``root``, with ``/`` between names; can be read once."""


@dataclass(frozen=True)
class _Place:
    """Where one source looks: ``folder`` is absolute, ``pattern`` is below it."""

    folder: str
    pattern: tuple[str, ...] = ()
    file: str | None = None
    """The one file of the source, when its path is that of a file."""
    wildcards: Wildcards = "stars"
    allowed: tuple[str, ...] = ()
    """Real paths of the folders that links may lead into."""


def list_files(definition: DatasetDefinition) -> Listing:
    """Find the files of a dataset: sources in their order, inside of one by path.

    A source is a file, a folder (every file below it) or a pattern with ``*`` (one
    name) and ``**`` (any depth). Names that start with a dot are found only when they
    are spelled out. Files named by several sources come once for each.

    Raises:
        UserErrorException: A source leaves its datastore, or is one of several and
            does not exist, so that its items would be missed by nobody. A single
            source that does not exist is an empty listing of that folder.
    """
    if is_remote(definition):
        found = list_remote(definition)
        return Listing(found.location.url, (file.path for file in found.files))
    places = [_place(source) for source in definition.sources]
    if len(places) > 1:
        _refuse_missing(definition.sources, places)
    root = os.path.commonpath([place.folder for place in places]) if places else "/"
    return _chosen(definition, root, _paths(root, places))


def _chosen(definition: DatasetDefinition, root: str, paths: Iterator[str]) -> Listing:
    """Return the files that are left by the operations of a file dataset."""
    if definition.kind == "file" and definition.operations:
        paths = chosen_files(paths, partial(local_facts, root), definition.operations)
    return Listing(root, paths)


def single_file(definition: DatasetDefinition) -> str | None:
    """Return the absolute path of the local file that is the whole dataset.

    Such a dataset, mounted or downloaded, gives scripts the path of the file itself.

    Returns:
        ``None`` for folders, patterns and several sources, however few files they hold.
    """
    if len(definition.sources) != 1 or is_remote(definition):
        return None
    place = _place(definition.sources[0])
    return os.path.join(place.folder, place.file) if place.file else None


def shows_a_choice(definition: DatasetDefinition) -> bool:
    """Whether a local file dataset leaves out files of the folder that it lies in.

    Nobody is asked what is in the folder: patterns, operations and several sources are
    taken for a choice.
    """
    if definition.kind != "file" or not definition.sources:
        return False
    if definition.operations or len(definition.sources) > 1:
        return True
    (source,) = definition.sources
    pattern = split_pattern(relative_path(source.path), source.wildcards)[1]
    return bool(pattern) and pattern != EVERYTHING


def places_of(definition: DatasetDefinition) -> list[str]:
    """Return the absolute paths of the files and folders that a local dataset names.

    Of a pattern it is the folder above the first wildcard.
    """
    places = [_place(source) for source in definition.sources]
    return [os.path.join(place.folder, place.file or "") for place in places]


def _place(source: DataSource) -> _Place:
    root = local_folder(source.url)
    folder, pattern = split_pattern(relative_path(source.path), source.wildcards)
    path = os.path.join(root, folder) if folder else root
    allowed = [os.path.realpath(root)]
    if source.datastore is None:
        # The user named this very path, so it is trusted even when it is a link.
        allowed.append(os.path.realpath(path))
    if os.path.lexists(path):
        check_inside(path, allowed)
    if pattern:
        return _Place(path, pattern, wildcards=source.wildcards, allowed=tuple(allowed))
    if os.path.isdir(path):
        return _Place(path, EVERYTHING, allowed=tuple(allowed))
    if os.path.isfile(path):
        parent, name = os.path.split(path)
        return _Place(parent, file=name)
    return _Place(path)


def _refuse_missing(sources: Sequence[DataSource], places: Sequence[_Place]) -> None:
    for source, place in zip(sources, places, strict=True):
        if not place.pattern and place.file is None:
            where = (
                f" of datastore {shown(source.datastore)}" if source.datastore else ""
            )
            msg = (
                f"The dataset names {shown(source.path)}{where} ({source.url}), but "
                "there is no such file or folder. Correct the path, or leave it out."
            )
            raise UserErrorException(msg)


def _paths(root: str, places: Sequence[_Place]) -> Iterator[str]:
    # Nothing of ours is called per file: there may be millions of them.
    return chain.from_iterable(_found(root, place) for place in places)


def _found(root: str, place: _Place) -> Iterator[str]:
    relative = os.path.relpath(place.folder, root)
    prefix = "" if relative == "." else f"{relative}/"
    if place.file:
        return iter((prefix + place.file,))
    if not place.pattern:
        return iter(())
    matcher = PathMatcher(place.pattern, wildcards=place.wildcards)
    found = walk_files(place.folder, matcher, allowed=place.allowed)
    return map(prefix.__add__, found) if prefix else found
