"""A workspace: a folder with a name, in which everything is registered and runs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from azml_pipelines.errors import (
    UserErrorException,
    WorkspaceException,
)
from azml_pipelines.run.workspace_azure_only import AzureOnlyWorkspace
from azml_pipelines.run.workspace_config import (
    CONFIG_FILE,
    LOCAL,
    WorkspaceConfig,
    find_config,
    read_config,
    write_config,
)
from azml_pipelines.run.workspace_pipelines import WorkspacePipelines
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from azml_pipelines.run.experiment import Experiment
    from azml_pipelines.run.model import Model
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.step_run import StepRun

__all__ = ["Workspace"]

_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{2,32}")


class Workspace(WorkspacePipelines, AzureOnlyWorkspace):
    """Where things are registered and runs are kept: the folder ``.azml``.

    Args:
        subscription_id: As ``config.json`` has it; any text.
        resource_group: As ``config.json`` has it; any text.
        workspace_name: As ``config.json`` has it.
        auth: Accepted and ignored: there is nobody to ask.
        path: Our extension: the folder with the storage. By default it is found like
            ``from_config`` does, and ``config.json`` has to name this workspace.

    Raises:
        WorkspaceException: Without ``path``, no such workspace is found.
    """

    DEFAULT_CPU_CLUSTER_NAME = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_NAME = "gpu-cluster"

    def __init__(
        self,
        subscription_id: str | None,
        resource_group: str | None,
        workspace_name: str,
        auth: object = None,
        *,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        root = _root_of(workspace_name) if path is None else _absolute(path)
        super().__init__(root)
        self._config = _config(workspace_name, subscription_id, resource_group, root)

    @staticmethod
    def from_config(
        path: str | os.PathLike[str] | None = None,
        auth: object = None,
        _logger: object = None,
        _file_name: str | None = None,
    ) -> Workspace:
        """Open the workspace that a ``config.json`` names.

        One from Azure will do: storage is made beside it when it is first needed.

        Args:
            path: A file, or the folder to start from; by default the working directory.
                ``.azureml/config.json`` of any parent wins over ``config.json`` here.

        Raises:
            UserErrorException: There is none, or it cannot be read.
        """
        return _opened(read_config(find_config(path, _file_name)))

    @staticmethod
    def get(  # noqa: PLR0917 - version 1's signature
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        cloud: str = "AzureCloud",
        id: str | None = None,
    ) -> Workspace:
        """Open the workspace of this name, found from the working directory upward.

        Raises:
            WorkspaceException: Another one is found there, or none.
        """
        return _opened(read_config(_config_of(name)))

    @staticmethod
    def create(  # noqa: PLR0917 - version 1's signature
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: Mapping[str, str] | None = None,
        friendly_name: str | None = None,
        storage_account: str | None = None,
        key_vault: str | None = None,
        app_insights: str | None = None,
        container_registry: str | None = None,
        exist_ok: bool = False,
        show_output: bool = True,
        *,
        path: str | os.PathLike[str] | None = None,
        **azure_only: object,
    ) -> Workspace:
        """Make a workspace: a ``config.json`` and, beside it, the folder ``.azml``.

        What only Azure needs is accepted and ignored.

        Args:
            name: 3 to 33 letters, digits, ``_`` and ``-``, a letter or a digit first.
            exist_ok: Open the workspace of this name if it exists already.
            path: Our extension: the folder; by default the working directory.

        Raises:
            UserErrorException: The name is not allowed.
            WorkspaceException: The folder holds a workspace already.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            msg = (
                f"Workspace name {shown(name)} is not allowed; use 3 to 33 letters, "
                "digits, '_' and '-', a letter or a digit first."
            )
            raise UserErrorException(msg)
        root = _absolute(path or ".")
        file = root / CONFIG_FILE
        if file.exists():
            return _opened(_existing(file, name, exist_ok=exist_ok))
        write_config(_config(name, subscription_id, resource_group, root), file)
        workspace = _opened(read_config(file))
        workspace.prepare_storage()
        if show_output:
            print(f"Created workspace {name} in {root}")  # noqa: T201 - as version 1
        return workspace

    @staticmethod
    def list(
        subscription_id: str | None = None,
        auth: object = None,
        resource_group: str | None = None,
    ) -> dict[str, builtins.list[Workspace]]:
        """Return the workspace of the working directory, if there is one, by name."""
        try:
            found = Workspace.from_config()
        except UserErrorException:
            return {}
        return {found.name: [found]}

    def write_config(
        self, path: str | None = None, file_name: str | None = None
    ) -> None:
        """Write ``<path>/.azureml/config.json``, with which this workspace is found.

        Args:
            path: A folder; by default the working directory.
            file_name: In place of ``config.json``; ``.json`` is added when missing.
        """
        name = file_name or CONFIG_FILE
        name = name if name.endswith(".json") else f"{name}.json"
        write_config(self._config, _absolute(path or ".") / ".azureml" / name)

    def __repr__(self) -> str:
        return (
            f"Workspace.create(name={self.name!r}, "
            f"subscription_id={self.subscription_id!r}, "
            f"resource_group={self.resource_group!r})"
        )

    @property
    def name(self) -> str:
        """Its name."""
        return self._config.workspace_name

    @property
    def subscription_id(self) -> str:
        """As ``config.json`` has it, else ``local``."""
        return self._config.subscription_id

    @property
    def resource_group(self) -> str:
        """As ``config.json`` has it, else ``local``."""
        return self._config.resource_group

    @property
    def location(self) -> str:
        """This machine: ``local``."""
        return LOCAL

    @property
    def sku(self) -> str:
        """Version 1's default: ``basic``."""
        return "basic"

    @property
    def tags(self) -> dict[str, str]:
        """None are kept."""
        return {}

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that have runs, by name."""
        from azml_pipelines.run.experiment import Experiment  # noqa: PLC0415 - a circle

        return {
            name: Experiment(self, name) for name in self.catalog.runs.experiments()
        }

    @property
    def models(self) -> dict[str, Model]:
        """The latest version of every model, by name."""
        from azml_pipelines.run.model import Model  # noqa: PLC0415 - a circle

        return {model.name: model for model in Model.list(self, latest=True)}

    def get_run(self, run_id: str) -> PipelineRun | StepRun:
        """Return a run, or a step of one; the beginning of an id will do (ours).

        Raises:
            RunNotFoundError: No run, or more than one, has such an id.
        """
        from azml_pipelines.run.run_lookup import find_run  # noqa: PLC0415 - a circle

        return find_run(self, run_id)

    def get_details(self) -> dict[str, Any]:
        """Return what is known about the workspace, with version 1's keys."""
        return {
            "id": self._config.scope,
            "name": self.name,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "location": self.location,
            "sku": self.sku,
            "tags": self.tags,
            "workspaceid": str(uuid5(NAMESPACE_URL, self._config.scope)),
            "friendlyName": self.name,
            "folder": str(self.folder.root),
        }


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - keeps symbolic links


def _config(
    name: str, subscription_id: str | None, resource_group: str | None, root: Path
) -> WorkspaceConfig:
    return WorkspaceConfig(
        subscription_id or LOCAL, resource_group or LOCAL, name, root
    )


def _opened(config: WorkspaceConfig) -> Workspace:
    return Workspace(
        config.subscription_id,
        config.resource_group,
        config.workspace_name,
        path=config.root,
    )


def _existing(file: Path, name: str, *, exist_ok: bool) -> WorkspaceConfig:
    config = read_config(file)
    if exist_ok and config.workspace_name == name:
        return config
    msg = (
        f"{file} is there already and names the workspace "
        f"{shown(config.workspace_name)}; open it with Workspace.from_config(), pass "
        "its name with exist_ok=True, or choose another folder."
    )
    raise WorkspaceException(msg)


def _config_of(name: str) -> Path:
    try:
        file = find_config(None, None)
    except UserErrorException as error:
        msg = f"Workspace {shown(name)} is not found: {error}"
        raise WorkspaceException(msg, inner_exception=error) from error
    found = read_config(file).workspace_name
    if found.lower() != name.lower():
        msg = (
            f"Workspace {shown(name)} is not found: {file} names {shown(found)}. "
            "Change to its folder, or open it with Workspace.from_config(path=…)."
        )
        raise WorkspaceException(msg)
    return file


def _root_of(name: str) -> Path:
    return read_config(_config_of(name)).root
