"""Copies of documents with all that they refer to: a later edit changes nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azml_pipelines import strict_yaml
from azml_pipelines.azure_v2.asset import asset_name, local_path, with_absolute_paths
from azml_pipelines.azure_v2.component import read_component
from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.masking import holds_secret, mask, stored_variables
from azml_pipelines.store.private_folder import make_private, write_private
from azml_pipelines.store.snapshot import copy_snapshot
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.azure_v2.deployment import BatchDeployment
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.run.model import Model
    from azml_pipelines.run.workspace import Workspace

__all__ = ["DOCUMENT", "copied", "freeze"]

DOCUMENT = "deployment.yml"
_DATA = frozenset({"inputs", "outputs"})
"""Of their values only a path means a place: any name and any text may stand there."""
_TEXTS = frozenset({"environment_variables", "properties", "tags"})
_FACTS = frozenset({"description", "display_name", "properties", "tags"})
"""What is for people only: secrets there are masked, everywhere else refused."""
_VARIABLES = "environment_variables"
_NOT_KEPT = (
    "holds a secret, which the workspace does not keep. Give it as an environment "
    "variable whose value is env:NAME, and set the variable NAME where runs start."
)


def freeze(
    deployment: BatchDeployment, model: Model | None, workspace: Workspace
) -> str:
    """Copy a deployment into the workspace and return the name of its folder.

    Code is copied, components and conda files are put in, the model is a version of
    the workspace. Nothing is left behind when something is refused.

    Raises:
        BadDocumentError: A file that it refers to does not exist.
        UserErrorException: A folder with code is too big.
    """
    workspace.prepare_storage()
    name = uuid4().hex
    folder = workspace.folder.deployments / name
    make_private(folder, workspace.folder.storage)
    try:
        content = copied(deployment.content, deployment.place, folder, workspace)
        if model is not None:
            content["model"] = f"azureml:{model.name}:{model.version}"
        write_private(folder / DOCUMENT, strict_yaml.dump(content))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return name


def copied(
    content: dict[str, Any], place: Place, folder: Path, workspace: Workspace
) -> dict[str, Any]:
    """Return a document that refers to nothing outside of a folder but data.

    Args:
        content: Of the document.
        place: Where it stands.
        folder: Gets the code; relative paths of the result start there.
        workspace: Where components are registered.

    Raises:
        BadDocumentError: A file that it refers to does not exist, or a secret is
            written out in it.
        UserErrorException: A folder with code is too big.
    """
    return _Copy(folder, workspace).of(content, place)


class _Copy:
    """The copies for one document."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self._folder = folder
        self._workspace = workspace
        self._codes: dict[Path, str] = {}

    def of(self, content: dict[str, Any], place: Place) -> dict[str, Any]:
        """Return a mapping that refers to nothing outside of the folder."""
        made: dict[str, Any] = {}
        for key, one in content.items():
            where = place / key
            if key == _VARIABLES and isinstance(one, dict):
                _refuse_secrets(one, where)
            if key in _TEXTS:
                made[key] = _plain(one, where)
            elif not isinstance(one, dict):
                made[key] = self._value(key, one, where)
            elif key in _DATA:
                folder = place.document.folder
                made[key] = with_absolute_paths(_plain(one, where), folder)
            elif key == "jobs":
                made[key] = {
                    name: self._value("", job, where / name)
                    for name, job in one.items()
                }
            else:
                made[key] = self.of(one, where)
        return made

    def _value(self, key: str, value: object, place: Place) -> Any:  # noqa: ANN401 - YAML
        if isinstance(value, list):
            return [self._value("", one, place / n) for n, one in enumerate(value)]
        if isinstance(value, dict):
            return self.of(value, place)
        if not isinstance(value, str):
            return value
        kept: str = _plain(value, place)
        return kept if "${{" in kept else self._text(key, kept, place)

    def _text(self, key: str, value: str, place: Place) -> Any:  # noqa: ANN401 - YAML
        if key == "component":
            found = read_component(value, place, workspace=self._workspace)
            return self.of(found.content, found.place)
        path = local_path(value, place.document.folder)
        if asset_name(value) or path is None:
            return value
        if key == "code":
            return self._code(value, place)
        return self._file(value, path, place) if key == "conda_file" else value

    def _file(self, value: str, path: Path | None, place: Place) -> dict[str, Any]:
        if path is None or not path.is_file():
            text = f"is {shown(value)}; there is no such file."
            raise place.problem(text)
        document = read_document(path)
        return self.of(document.content, document.top)

    def _code(self, value: str, place: Place) -> str:
        source = local_path(value, place.document.folder)
        if source is None or not source.is_dir():
            text = f"is {shown(value)}; code has to be in a folder on this machine."
            raise place.problem(text)
        source = source.resolve()
        if source not in self._codes:
            copy = f"code{len(self._codes)}"
            copy_snapshot(source, self._folder / copy)
            self._codes[source] = copy
        return self._codes[source]


def _plain(value: Any, place: Place) -> Any:  # noqa: ANN401 - YAML
    """Return what refers to nothing: as it is, but without a secret.

    Raises:
        BadDocumentError: One is written out where it means something.
    """
    if isinstance(value, dict):
        return {key: _plain(one, place / key) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, place / number) for number, one in enumerate(value)]
    if not isinstance(value, str):
        return value
    if _FACTS.intersection(map(str, place.path)):
        return mask(value)
    if holds_secret(value):
        raise place.problem(_NOT_KEPT)
    return value


def _refuse_secrets(variables: dict[str, Any], place: Place) -> None:
    """Refuse variables whose values are secrets; references to them are none."""
    texts = {str(name): str(value) for name, value in variables.items()}
    stored = stored_variables(texts)
    for name, text in texts.items():
        if stored[name] != text:
            raise (place / name).problem(_NOT_KEPT)
