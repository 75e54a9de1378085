"""Finds an engine that really runs an image on this node, once for all its workers."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.image_archive import ImageConfig, unpack_image
from azml_pipelines.data.model_archive import file_sha256
from azml_pipelines.worker.containers.engines import (
    ENGINES,
    MODEL,
    PreparedImage,
    probe,
    said_by,
)

if TYPE_CHECKING:
    from azml_pipelines.worker.containers.engines import Engine

__all__ = ["NoEngineError", "prepare_image", "prepared_image"]

_RECORD = "image.json"
_MOUNT_POINTS = (MODEL, "/proc", "/dev", "/tmp")  # noqa: S108 - in there


class NoEngineError(Exception):
    """Nothing on this machine can run the image; the message says what each said."""


def prepare_image(
    image: str,
    sha256: Optional[str],  # noqa: UP045 - worker/ runs on Python 3.9 too
    engine: Optional[str],  # noqa: UP045
    folder: str,
) -> PreparedImage:
    """Return an image as an engine of this node can run it.

    Args:
        image: A folder with a root filesystem, an archive, or a name that an engine
            knows.
        sha256: What the archive's digest has to be.
        engine: The only one to try; None tries all of them in order.
        folder: Of the node; workers that share it wait for the first one of them.

    Raises:
        NoEngineError: No engine can run it.
        BadArchiveError: It is no image archive, or not safe to unpack.
    """
    record = os.path.join(folder, _RECORD)
    with open(f"{record}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = prepared_image(folder)
        if known is not None:
            return known
        found = _tried(image, sha256, engine, folder)
        with open(f"{record}.new", "w") as file:
            json.dump(asdict(found), file)
        os.replace(f"{record}.new", record)
        return found


def prepared_image(folder: str) -> Optional[PreparedImage]:  # noqa: UP045
    """Return the image that was prepared in a folder, if one was."""
    try:
        with open(os.path.join(folder, _RECORD)) as file:
            fields: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return None
    for key, value in fields.items():
        fields[key] = tuple(value) if isinstance(value, list) else value
    return PreparedImage(**fields)


def _tried(
    image: str,
    sha256: Optional[str],  # noqa: UP045
    wanted: Optional[str],  # noqa: UP045
    folder: str,
) -> PreparedImage:
    kind = _kind(image)
    if kind == "archive" and sha256 is not None and file_sha256(image) != sha256:
        msg = f"{image} is not the archive that was submitted; submit the run again"
        raise NoEngineError(msg)
    said = []
    for engine in ENGINES:
        if wanted not in {None, engine.name}:
            continue
        if shutil.which(engine.program) is None:
            said.append(f"{engine.name}: {engine.program} is not installed")
        elif kind not in engine.takes:
            said.append(f"{engine.name}: takes no {kind}")
        else:
            found, problem = _with(engine, image, kind, folder)
            if found is not None:
                return found
            said.append(f"{engine.name}: {problem or 'it says nothing'}")
    msg = f"no container engine of this machine runs {image!r}. {'; '.join(said)}"
    raise NoEngineError(msg)


def _kind(image: str) -> str:
    if os.path.isdir(image):
        return "folder"
    return "archive" if os.path.isfile(image) else "reference"


def _with(
    engine: Engine, image: str, kind: str, folder: str
) -> tuple[Optional[PreparedImage], str]:  # noqa: UP045
    reference, config = image, ImageConfig()
    if engine.name == "bubblewrap":
        if kind == "archive":
            reference = os.path.join(folder, "image-root")
            config = _unpacked(image, reference)
        problem = _mount_points(reference)
        if problem:
            return None, problem
    elif kind == "archive" and engine.name == "apptainer":
        reference = f"docker-archive://{image}"
    elif kind == "archive":
        code, said = said_by((engine.program, "load", "--quiet", "--input", image))
        if code:
            return None, said
        reference = said.rpartition(": ")[2]
    plain = PreparedImage(engine.name, reference)
    found, problem = probe(plain)
    if found is None:
        return None, problem
    return (
        replace(
            found,
            entrypoint=config.entrypoint,
            environment=config.environment,
            folder=config.folder,
        ),
        "",
    )


def _unpacked(image: str, target: str) -> ImageConfig:
    unfinished = tempfile.mkdtemp(prefix="unpacking-", dir=os.path.dirname(target))
    try:
        config = unpack_image(image, unfinished)
        os.rename(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return config


def _mount_points(root: str) -> str:
    """Make the folders that are mounted over; return what is wrong, if anything is."""
    for place in _MOUNT_POINTS:
        try:
            os.makedirs(root + place, exist_ok=True)
        except OSError as error:
            return f"{root} needs a folder {place}: {error.strerror}"
    return ""
