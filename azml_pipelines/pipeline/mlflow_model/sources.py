"""Where a model comes from, and the copy of it that a run keeps."""

from __future__ import annotations

import dataclasses
import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.data.model_folder import (
    BadModelFolderError,
    folder_sha256,
    keep_model,
)
from azml_pipelines.errors import DeclarationError, ModelNotFoundException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["KeptModel", "ModelHome", "keep_source", "local_folder", "unkept"]

_REGISTERED = re.compile(r"azureml:(?P<name>[^:@/]+)(?::(?P<version>\d+)|@latest)?")
_BY_MLFLOW = re.compile(r"(?:models|runs|mlflow-artifacts|dbfs):/")


class ModelHome(Protocol):
    """What a workspace offers to those who score its models."""

    def registered_model(self, name: str, version: int | None) -> Path:
        """Return where a registered model lies, the latest version for None."""
        ...

    @property
    def kept_models(self) -> Path:
        """The folder with the models that runs use, each called by its digest."""
        ...


@dataclass(frozen=True)
class KeptModel:
    """A model that stays as it is."""

    folder: Path
    sha256: str
    source: str
    """The version that its address meant; empty for a folder."""


def local_folder(model: str) -> Path | None:
    """Return the folder that is meant, as it can be looked into now; else None."""
    if _REGISTERED.fullmatch(model) or _BY_MLFLOW.match(model) or "://" in model:
        return None
    return Path(os.path.normpath(Path(model).absolute()))


def keep_source(
    what: str,
    model: str,
    home: ModelHome,
    tracking_uri: str | None,
    check: Callable[[KeptModel], None],
) -> KeptModel:
    """Copy a model to where it stays as it is.

    Args:
        what: Names the model in messages.
        model: As the user wrote it.
        home: Where it is kept.
        tracking_uri: Of MLflow's server, for models that it has.
        check: Is shown the model before it is kept; raises to refuse it.

    Raises:
        DeclarationError: There is no such model, it is refused, or cannot be copied.
    """
    place = home.kept_models
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place) as unfinished:
        folder, source = _found(what, model, home, Path(unfinished), tracking_uri)
        if not folder.is_dir():
            msg = f"{what}: there is no folder {shown(str(folder))}. Mend model."
            raise DeclarationError(msg)
        check(dataclasses.replace(unkept(what, folder), source=source))
        with _told(what):
            kept, sha256 = keep_model(str(folder), str(place))
    return KeptModel(Path(kept), sha256, source)


def unkept(what: str, folder: Path) -> KeptModel:
    """Return a model where it lies, with its digest; nothing is copied.

    Raises:
        DeclarationError: It cannot be read, or links lead out of it.
    """
    with _told(what):
        return KeptModel(folder, folder_sha256(str(folder)), "")


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except BadModelFolderError as error:
        msg = f"{what} cannot be used: {error}. Copy what it means into the folder."
        raise DeclarationError(msg) from error
    except OSError as error:
        msg = f"{what} cannot be read or copied: {error}"
        raise DeclarationError(msg) from error


def _found(
    what: str, model: str, home: ModelHome, unfinished: Path, tracking_uri: str | None
) -> tuple[Path, str]:
    """Return a folder with the model, and what its address means just now."""
    folder = local_folder(model)
    if folder is not None:
        return folder, ""
    match = _REGISTERED.fullmatch(model)
    if match is not None:
        number = match["version"]
        version = None if number is None else int(number)
        try:
            folder = home.registered_model(match["name"], version)
        except ModelNotFoundException as error:
            msg = f"{what}: {error}"
            raise DeclarationError(msg) from error
        return folder, f"azureml:{match['name']}:{folder.parent.name}"
    from azml_pipelines.pipeline.mlflow_model import fetching  # noqa: PLC0415 - stores

    if _BY_MLFLOW.match(model):
        return fetching.fetch_by_mlflow(what, model, unfinished, tracking_uri)
    return fetching.fetch_from_store(what, model, unfinished), model
