"""Models that are not on this machine: fetched once, into a folder of nobody else's."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import StoreError, StoreLocation, open_store
from azml_pipelines.data.remote_files import bring_files
from azml_pipelines.data.store_url import source_of_url
from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.data.definition import DataSource
    from azml_pipelines.data.file_store import StoredFile

__all__ = ["check_mlflow", "fetch_by_mlflow", "fetch_from_store"]

_SECONDS = 600.0
_DOWNLOAD = "azml_pipelines.worker.mlflow_model.download"


def check_mlflow(what: str) -> None:
    """Make sure that MLflow is there, without importing it.

    Raises:
        DeclarationError: It is not installed.
    """
    if importlib.util.find_spec("mlflow") is None:
        msg = (
            f"{what}: MLflow is not installed. pip install 'azml-pipelines[mlflow]' "
            "brings mlflow-skinny, which is enough."
        )
        raise DeclarationError(msg)


def fetch_by_mlflow(
    what: str, address: str, folder: Path, tracking_uri: str | None
) -> tuple[Path, str]:
    """Have MLflow find and fetch a model.

    Args:
        what: Names the model in messages.
        address: Of ``models:`` or ``runs:``, or another that MLflow knows.
        folder: Empty; gets the files.
        tracking_uri: Of MLflow's server; what ``MLFLOW_TRACKING_URI`` says if None.

    Returns:
        The folder of the model, and what the address means: a version that stays.

    Raises:
        DeclarationError: There is no such model, or nobody answers.
    """
    check_mlflow(what)
    environment = dict(os.environ)
    if tracking_uri is not None:
        environment["MLFLOW_TRACKING_URI"] = tracking_uri
        environment.pop("MLFLOW_REGISTRY_URI", None)
    command = [sys.executable, "-m", _DOWNLOAD, address, str(folder)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{what} was not fetched within {_SECONDS:g} s. Is the server there?"
        raise DeclarationError(msg) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        said = shown(done.stderr.decode("utf-8", "replace")[-200:], 200)
        msg = f"{what} cannot be fetched: MLflow ended with {done.returncode}: {said}"
        raise DeclarationError(msg) from error
    if "error" in answer:
        server = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or "the default"
        msg = (
            f"{what} cannot be fetched (tracking server: {shown(server)[1:-1]}): "
            f"{shown(answer['error'], 300)[1:-1]}"
        )
        raise DeclarationError(msg)
    return Path(answer["folder"]), str(answer["address"])


def fetch_from_store(what: str, url: str, folder: Path) -> Path:
    """Fetch the files below a URL of a store that fsspec knows.

    Args:
        what: Names the model in messages.
        url: Of a folder: ``s3://bucket/models/a``.
        folder: Empty; gets the files.

    Raises:
        DeclarationError: The URL is not known, or nothing is there.
    """
    source = source_of_url(url)
    if source is None:
        msg = (
            f"{what}: this address is not understood. Give a folder, an address of "
            "models:, runs: or azureml:, or a URL of s3, gs, abfss or memory."
        )
        raise DeclarationError(msg)
    inner = source.path.strip("/")
    try:
        for _ in bring_files(
            open_store(StoreLocation(source.url, source.options)),
            _checked(what, source, inner),
            folder,
        ):
            pass
    except StoreError as error:
        msg = f"{what} cannot be fetched: {error}"
        raise DeclarationError(msg) from error
    return folder / inner


def _checked(what: str, source: DataSource, inner: str) -> Iterator[StoredFile]:
    """Yield the files of a store, as long as their names stay below the folder."""
    found = False
    store = open_store(StoreLocation(source.url, source.options))
    for file in store.files(inner):
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or "\0" in file.path:
            msg = f"{what}: the name {shown(file.path)} there leads out of the model."
            raise DeclarationError(msg)
        found = True
        yield file
    if not found:
        msg = f"{what}: there are no files. Mend model."
        raise DeclarationError(msg)
