"""Batch endpoints of a workspace: made, deployed to, invoked, listed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.deployment import (
    checked_name,
    load_batch_deployment,
    read_deployment,
)
from azml_pipelines.azure_v2.deployment_sections import (
    EndpointDefaults,
    EndpointSection,
)
from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.azure_v2.freezing import DOCUMENT, freeze
from azml_pipelines.azure_v2.invocation import ENDPOINT_TAG, invoke
from azml_pipelines.azure_v2.model_reference import deployed_model
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.errors import UserErrorException
from azml_pipelines.masking import mask_content, mask_texts
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from azml_pipelines.azure_v2.deployment import BatchDeployment
    from azml_pipelines.azure_v2.invocation import Invocation
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.catalog import (
        BatchDeploymentRecord,
        BatchEndpointRecord,
    )

__all__ = ["BatchEndpoints"]


@dataclass(frozen=True)
class BatchEndpoints:
    """The batch endpoints of a workspace."""

    workspace: Workspace

    def create(
        self, file: str | Path, assignments: Iterable[tuple[str, str]] = ()
    ) -> BatchEndpointRecord:
        """Make an endpoint from its document, or change the one of its name.

        Raises:
            BadDocumentError: One line for each thing that is not accepted.
        """
        document = read_document(file).with_values(assignments)
        section = parse(EndpointSection, document.content, document.top)
        name = checked_name(section.name, document.top / "name")
        where = document.top / "defaults"
        chosen = parse(EndpointDefaults, section.defaults, where).deployment_name
        values: dict[str, Any] = {
            "description": mask_content(section.description),
            "tags": mask_texts(section.tags or {}),
        }
        if chosen is not None:
            self.deployment(name, chosen)
            values["default_deployment"] = chosen
        return self.workspace.catalog.batch.save_endpoint(name, **values)

    def deploy(
        self,
        file: str | Path,
        *,
        endpoint: str | None = None,
        set_default: bool = False,
        trust: str | None = None,
        assignments: Iterable[tuple[str, str]] = (),
    ) -> BatchDeploymentRecord:
        """Make a deployment from its document, with its code as it is now.

        Args:
            file: The document.
            endpoint: In place of the document's ``endpoint_name``.
            set_default: Have the endpoint run it when nobody names a deployment.
            trust: See ``MlflowModel.trust``.
            assignments: Dotted path and YAML text of other values.

        Raises:
            BadDocumentError: One line for each thing that is not accepted.
            UserErrorException: There is no such endpoint, or the code is too big.
        """
        deployment = load_batch_deployment(file, assignments)
        owner = self.endpoint(endpoint or deployment.endpoint)
        model = None
        if deployment.kind == "model":
            given, place = deployment.content.get("model"), deployment.place / "model"
            name = f"{deployment.name}-model"
            model = deployed_model(given, name, self.workspace, place)
        folder = freeze(deployment, model, self.workspace)
        batch = self.workspace.catalog.batch
        every = batch.deployments(owner.name)
        record = batch.save_deployment(
            owner.name,
            deployment.name,
            kind=deployment.kind,
            folder=folder,
            options={} if trust is None else {"trust": trust},
        )
        for one in every:
            if one.name == deployment.name:
                shutil.rmtree(self._folder(one), ignore_errors=True)
        if set_default:
            batch.save_endpoint(owner.name, default_deployment=deployment.name)
        return record

    def invoke(
        self, endpoint: str, wanted: Invocation, deployment: str | None = None
    ) -> PipelineRun:
        """Run a deployment of an endpoint once, and return at once.

        Args:
            endpoint: Its name.
            wanted: Input, output and changes.
            deployment: The default one if None, or the only one that there is.

        Raises:
            UserErrorException: There is no such endpoint or deployment, or no default.
            BadDocumentError: One line for each thing that is not accepted.
        """
        record = self._chosen(self.endpoint(endpoint), deployment)
        trust = wanted.trust or record.options.get("trust")
        found = self.opened(record)
        return invoke(self.workspace, found, replace(wanted, trust=trust))

    def endpoint(self, name: str | None) -> BatchEndpointRecord:
        """Return an endpoint.

        Raises:
            UserErrorException: There is none of this name; the others are named.
        """
        found = self.workspace.catalog.batch.endpoint(name or "")
        if found is None:
            known = [one.name for one in self.workspace.catalog.batch.endpoints()]
            msg = (
                f"There is no batch endpoint {shown(name)}; there are {listed(known)}."
                f"{did_you_mean(name, known)} To make one: azml batch-endpoint create "
                "-f FILE"
            )
            raise UserErrorException(msg)
        return found

    def deployment(self, endpoint: str, name: str) -> BatchDeploymentRecord:
        """Return a deployment.

        Raises:
            UserErrorException: There is none of this name; the others are named.
        """
        known = self.workspace.catalog.batch.deployments(endpoint)
        for one in known:
            if one.name == name:
                return one
        names = [one.name for one in known]
        msg = (
            f"Batch endpoint {shown(endpoint)} has no deployment {shown(name)}; it has "
            f"{listed(names)}.{did_you_mean(name, names)}"
        )
        raise UserErrorException(msg)

    def opened(self, record: BatchDeploymentRecord) -> BatchDeployment:
        """Return a deployment as it was when it was made."""
        document = read_document(self._folder(record) / DOCUMENT)
        return replace(read_deployment(document), endpoint=record.endpoint)

    def runs(self, endpoint: str) -> list[PipelineRun]:
        """Return the runs of an endpoint, the newest first."""
        from azml_pipelines.run.experiment import Experiment  # noqa: PLC0415 - slow to load
        from azml_pipelines.run.pipeline_run import PipelineRun  # noqa: PLC0415 - the same

        self.endpoint(endpoint)
        return [
            PipelineRun(Experiment(self.workspace, one.experiment), one.run_id)
            for one in self.workspace.catalog.runs.newest_first()
            if one.tags.get(ENDPOINT_TAG) == endpoint
        ]

    def delete(self, endpoint: str, deployment: str | None = None) -> None:
        """Forget a deployment, or an endpoint with all of them; runs stay.

        Raises:
            UserErrorException: There is no such endpoint or deployment.
        """
        owner = self.endpoint(endpoint)
        batch = self.workspace.catalog.batch
        if deployment is None:
            gone = batch.deployments(owner.name)
            batch.delete_endpoint(owner.name)
        else:
            gone = [self.deployment(owner.name, deployment)]
            batch.delete_deployment(owner.name, deployment)
        for one in gone:
            shutil.rmtree(self._folder(one), ignore_errors=True)

    def _chosen(
        self, owner: BatchEndpointRecord, name: str | None
    ) -> BatchDeploymentRecord:
        name = name or owner.default_deployment
        if name is not None:
            return self.deployment(owner.name, name)
        known = self.workspace.catalog.batch.deployments(owner.name)
        if len(known) == 1:
            return known[0]
        names = listed(one.name for one in known)
        msg = (
            f"Batch endpoint {shown(owner.name)} has no default deployment; it has "
            f"{names}. Name one with -d, or make one the default: azml "
            "batch-deployment create --set-default"
        )
        raise UserErrorException(msg)

    def _folder(self, record: BatchDeploymentRecord) -> Path:
        return self.workspace.folder.deployments / record.folder
