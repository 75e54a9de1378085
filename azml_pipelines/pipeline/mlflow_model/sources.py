"""Where a model comes from: a folder, or something that has to be fetched first."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Protocol

from azml_pipelines.data.model_folder import BadModelFolderError, keep_model
from azml_pipelines.errors import DeclarationError, ModelNotFoundException
from azml_pipelines.wording import shown

__all__ = ["ModelHome", "keep_source", "local_folder"]

_REGISTERED = re.compile(r"azureml:(?P<name>[^:@/]+)(?::(?P<version>\d+)|@latest)?")


class ModelHome(Protocol):
    """What a workspace offers to those who score its models."""

    def registered_model(self, name: str, version: int | None) -> Path:
        """Return where a registered model lies, the latest version for None."""
        ...

    @property
    def kept_models(self) -> Path:
        """The folder with the models that runs use, each called by its digest."""
        ...


def local_folder(model: str) -> Path | None:
    """Return the folder that is meant, as it can be looked into now; else None."""
    if _REGISTERED.fullmatch(model) or "://" in model:
        return None
    return Path(os.path.normpath(Path(model).absolute()))


def keep_source(what: str, model: str, home: ModelHome) -> tuple[Path, str]:
    """Copy a model to where it stays as it is, and return the copy and its digest.

    Args:
        what: Names the model in messages.
        model: As the user wrote it.
        home: Where it is kept.

    Raises:
        DeclarationError: There is no such model, or it cannot be copied.
    """
    folder = local_folder(model) or _registered(what, model, home)
    if not folder.is_dir():
        msg = f"{what}: there is no folder {shown(str(folder))}. Mend model."
        raise DeclarationError(msg)
    try:
        kept, sha256 = keep_model(str(folder), str(home.kept_models))
    except BadModelFolderError as error:
        msg = f"{what}: it cannot be used: {error}. Copy what it means into the folder."
        raise DeclarationError(msg) from error
    except OSError as error:
        msg = f"{what}: it cannot be copied: {error}"
        raise DeclarationError(msg) from error
    return Path(kept), sha256


def _registered(what: str, model: str, home: ModelHome) -> Path:
    found = _REGISTERED.fullmatch(model)
    if found is None:
        msg = (
            f"{what}: this address is not understood. Give a folder, or "
            "azureml:name:version for a registered model."
        )
        raise DeclarationError(msg)
    number = found["version"]
    try:
        return home.registered_model(
            found["name"], None if number is None else int(number)
        )
    except ModelNotFoundException as error:
        msg = f"{what}: {error}"
        raise DeclarationError(msg) from error
