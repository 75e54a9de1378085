"""Models: files under a name, with versions. Scripts ask for them in ``init()``.

A worker process imports this file, so it costs the standard library alone.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.argument_checks import (
    check_list,
    check_mapping,
    check_text,
    check_workspace,
)
from azml_pipelines.errors import ModelNotFoundException, WebserviceException
from azml_pipelines.masking import mask_content, mask_texts
from azml_pipelines.run.model_facts import ModelFacts
from azml_pipelines.store import model_files
from azml_pipelines.store.workspace_folder import WorkspaceFolder
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence

    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.catalog import ModelRecord

__all__ = ["Model"]

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}")
_PAIR = 2
_LOCAL_FOLDER = "azureml-models"


class Model(ModelFacts):
    """One version of a registered model.

    Args:
        workspace: Where the model is registered.
        name: The name given at registration.
        id: ``name:version``, in place of ``name`` and ``version``.
        tags: Only a version with these: keys, or ``[key, value]`` pairs.
        properties: The same, for properties.
        version: None means the latest one.
        run_id: Accepted and ignored.
        model_framework: Only a version of this framework.

    Raises:
        ModelNotFoundException: No model fits; the message lists what is registered.
    """

    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,
        tags: Sequence[Any] | None = None,
        properties: Sequence[Any] | None = None,
        version: int | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
    ) -> None:
        if id is not None:
            name, version = _parse_id(id)
        if name is None:
            msg = "Model() needs a name or an id; give Model(workspace, name=…)."
            raise WebserviceException(msg)
        check_workspace(workspace)
        _check_name(name)
        wanted = _Filter(tags, properties, model_framework)
        folder = workspace.folder.models
        # Fails with the names that exist when there is no such model or version.
        model_files.model_path(folder, name, version)
        numbers = [version] if version is not None else _newest_first(folder, name)
        for number in numbers:
            record = _record(workspace, name, number)
            if wanted.fits(record):
                super().__init__(record)
                self._workspace = workspace
                return
        msg = (
            f"ModelNotFound: no version of model {shown(name)} has what was asked for; "
            f"{wanted}. Model.list(workspace, {shown(name)}) shows what there is."
        )
        raise ModelNotFoundException(msg)

    def __repr__(self) -> str:
        return f"Model(name={self.name!r}, version={self.version})"

    @staticmethod
    def register(  # noqa: PLR0917 - version 1's signature
        workspace: Workspace,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        datasets: object = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: object = None,
        sample_input_dataset: object = None,
        sample_output_dataset: object = None,
        resource_configuration: object = None,
    ) -> Model:
        """Copy a file or a folder into the workspace as the next version of a model.

        The copy is complete when this returns: the source may be deleted. Datasets,
        samples and resources are accepted and ignored.

        Raises:
            WebserviceException: The name is not allowed.
            FileNotFoundError: There is nothing at ``model_path``.
        """
        _check_facts(description, model_framework, model_framework_version)
        given = _texts("tags", tags), _texts("properties", properties)
        check_workspace(workspace)
        source = _checked_source(model_name, model_path)
        print(f"Registering model {model_name}")  # noqa: T201 - version 1's line
        from azml_pipelines.store.catalog import ModelRecord  # noqa: PLC0415 - heavy

        workspace.prepare_storage()
        version = model_files.add_version(workspace.folder.models, model_name, source)
        workspace.catalog.models.save(
            ModelRecord(
                name=model_name,
                version=version,
                created=time.time(),
                description=mask_content(description),
                tags=given[0],
                properties=given[1],
                framework=mask_content(model_framework),
                framework_version=mask_content(model_framework_version),
            )
        )
        return Model(workspace, model_name, version=version)

    @staticmethod
    def get_model_path(
        model_name: str, version: int | None = None, _workspace: Workspace | None = None
    ) -> str:
        """Return where the file or the folder that was registered lies.

        Inside a run (or with ``_workspace``) the workspace is asked. Outside, the
        folder ``azureml-models`` is, then ``./<model_name>``. A folder that holds one
        file is returned as the folder, where version 1 returns the file.

        Args:
            model_name: The name given at registration.
            version: None means the latest one.

        Raises:
            WebserviceException: ``version`` is no whole number.
            ModelNotFoundException: There is no such model or version.
        """
        if version is not None and (
            not isinstance(version, int) or isinstance(version, bool)
        ):
            msg = (
                f"version={shown(version)} of model {shown(model_name)} is no int; "
                "give 1, 2, …"
            )
            raise WebserviceException(msg)
        _check_name(model_name)
        root = os.environ.get("AZML_WORKSPACE")
        if _workspace is not None:
            folder = _workspace.folder.models
        elif root is not None:
            folder = WorkspaceFolder(Path(root)).models
        else:
            return _beside(model_name, version)
        return str(model_files.model_path(folder, model_name, version))

    @staticmethod
    def list(  # noqa: PLR0917 - version 1's signature
        workspace: Workspace,
        name: str | None = None,
        tags: Sequence[Any] | None = None,
        properties: Sequence[Any] | None = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> builtins.list[Model]:
        """Return all versions that fit, the newest first.

        Args:
            name: Only this model.
            tags: Keys, or ``[key, value]`` pairs.
            properties: The same, for properties.
            latest: Only the latest version of each model.
            model_framework: Only this framework.
        """
        check_workspace(workspace)
        if name is not None:
            _check_name(name)
        folder = workspace.folder.models
        wanted = _Filter(tags, properties, model_framework)
        names = model_files.model_names(folder) if name is None else [name]
        records = [
            _record(workspace, one, number)
            for one in names
            for number in _newest_first(folder, one)[: 1 if latest else None]
        ]
        records.sort(key=lambda record: (-record.created, record.name, -record.version))
        return [
            Model(workspace, record.name, version=record.version)
            for record in records
            if wanted.fits(record)
        ]

    @property
    def workspace(self) -> Workspace:
        """Where the model is registered."""
        return self._workspace

    @property
    def url(self) -> str:
        """Where the files lie."""
        return self._path().as_uri()

    def download(self, target_dir: str = ".", exist_ok: bool = False) -> str:
        """Copy the file or the folder that was registered and return the copy's path.

        Raises:
            WebserviceException: It is there already and ``exist_ok`` is False.
        """
        source = self._path()
        copy = Path(target_dir) / source.name
        if copy.exists() and not exist_ok:
            msg = f"{copy} exists already; give another target_dir, or exist_ok=True."
            raise WebserviceException(msg)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True)
        else:
            shutil.copy2(source, copy)
        return str(copy)

    def serialize(self) -> dict[str, Any]:
        """Return what is known as a dictionary with version 1's keys."""
        return {
            "name": self.name,
            "id": self.id,
            "version": self.version,
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "createdTime": self.created_time.isoformat(),
            "url": self.url,
        }

    def _path(self) -> Path:
        folder = self._workspace.folder.models
        return model_files.model_path(folder, self.name, self.version)


def _checked_source(model_name: str, given: object) -> Path:
    if not isinstance(model_name, str) or not _NAME.fullmatch(model_name):
        msg = (
            f"Model name {shown(model_name)} is not allowed; use 1 to 255 letters, "
            "digits, '-', '.' and '_', a letter or a digit first."
        )
        raise WebserviceException(msg)
    if not isinstance(given, (str, os.PathLike)):
        msg = f"model_path={shown(given)} is no path; give that of a file or a folder."
        raise WebserviceException(msg)
    source = Path(given)
    # Unlike pathlib, os.path says no to a path that no system can have.
    if not os.path.exists(source):  # noqa: PTH110
        msg = f"There is no model file or folder {shown(str(source.absolute()))}."
        raise FileNotFoundError(msg)
    return source


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        msg = f"name={shown(name)} names no model; give the text it is registered as."
        raise WebserviceException(msg)


class _Filter:
    """Which versions somebody asks for."""

    def __init__(
        self,
        tags: Sequence[Any] | None,
        properties: Sequence[Any] | None,
        framework: str | None,
    ) -> None:
        for what, given in (("tags", tags), ("properties", properties)):
            check_list(what, given)
        self._tags = tags or ()
        self._properties = properties or ()
        self._framework = framework

    def fits(self, record: ModelRecord) -> bool:
        """Whether one version is among them."""
        return (
            _has(record.tags, self._tags)
            and _has(record.properties, self._properties)
            and self._framework in (None, record.framework)
        )

    def __str__(self) -> str:
        return (
            f"tags={shown(self._tags, 40)}, properties={shown(self._properties, 40)}, "
            f"model_framework={shown(self._framework, 40)}"
        )


def _has(values: Mapping[str, str], wanted: Sequence[Any]) -> bool:
    for one in wanted:
        key, value = _pair(one)
        if key not in values or (value is not None and values[key] != str(value)):
            return False
    return True


def _pair(wanted: object) -> tuple[str, object]:
    if isinstance(wanted, str):
        return wanted, None
    if isinstance(wanted, (list, tuple)) and len(wanted) == _PAIR:
        return str(wanted[0]), wanted[1]
    msg = (
        f"tags and properties: {shown(wanted)} is not accepted; give keys, or "
        "[key, value] pairs."
    )
    raise WebserviceException(msg)


def _check_facts(*texts: object) -> None:
    names = ("description", "model_framework", "model_framework_version")
    for name, text in zip(names, texts, strict=True):
        check_text(name, text, error=WebserviceException)


def _texts(name: str, values: Mapping[str, Any] | None) -> dict[str, str]:
    check_mapping(name, values, error=WebserviceException)
    return mask_texts(values or {})


def _newest_first(folder: Path, name: str) -> list[int]:
    return model_files.versions(folder, name)[::-1]


def _record(workspace: Workspace, name: str, version: int) -> ModelRecord:
    """Return what is known; a crash after copying leaves files without a record."""
    from azml_pipelines.store.catalog import ModelRecord  # noqa: PLC0415 - heavy

    record = workspace.catalog.models.find(name, version)
    if record is not None:
        return record
    path = model_files.model_path(workspace.folder.models, name, version)
    return ModelRecord(name, version, created=path.parent.stat().st_mtime)


def _parse_id(model_id: str) -> tuple[str, int]:
    _check_name(model_id)
    name, _, version = model_id.rpartition(":")
    if not name or not version.isdecimal():
        msg = (
            f"Model id {shown(model_id)} is not of the form name:version, as in "
            "'mnist:1'."
        )
        raise WebserviceException(msg)
    return name, int(version)


def _beside(name: str, version: int | None) -> str:
    """Look for a model where version 1 does outside of a run."""
    downloaded = Path(_LOCAL_FOLDER)
    if version in model_files.versions(downloaded, name) or (
        version is None and model_files.versions(downloaded, name)
    ):
        return str(model_files.model_path(downloaded, name, version))
    # Unlike pathlib, os.path says no to a path that no system can have.
    if os.path.exists(name):  # noqa: PTH110
        return name
    msg = (
        f"ModelNotFound: no model {shown(name)} in ./{_LOCAL_FOLDER} and no file or "
        f"folder ./{shown(name)[1:-1]}; outside of a run these "
        "two are searched. Inside of one, what Model.register() stored is found."
    )
    raise ModelNotFoundException(msg)
