"""What can be read about a pipeline endpoint, always as of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.errors import DeclarationError, UserErrorException
from azml_pipelines.run.published_pipeline import PublishedPipeline
from azml_pipelines.store.api_access import api_address
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    import builtins

    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.store.catalog import EndpointRecord

__all__ = ["EndpointFacts"]


class EndpointFacts:
    """An endpoint as the catalog knows it.

    Args:
        workspace: Where it is published.
        record: What the catalog knows about it.
    """

    def __init__(self, workspace: Workspace, record: EndpointRecord) -> None:
        self._workspace = workspace
        self._record = record

    @property
    def id(self) -> str:
        """Its id, a GUID."""
        return self._record.id

    @property
    def name(self) -> str:
        """Unique in the workspace."""
        return self._now().name

    @property
    def description(self) -> str | None:
        """For people."""
        return self._record.description

    @property
    def status(self) -> str:
        """``Active``, ``Disabled`` or ``Archived``, as of now."""
        return self._now().status

    @property
    def default_version(self) -> str:
        """The version that a submission takes which names none."""
        return str(self._now().default_version)

    @property
    def endpoint(self) -> str:
        """Where ``azml serve-api`` takes requests for runs of it, running or not."""
        address = api_address(self._workspace.folder)
        return f"{address}/pipelines/v1.0/PipelineRuns/PipelineEndpointSubmit/{self.id}"

    @property
    def swaggerurl(self) -> str:
        """Where the REST server describes itself."""
        return f"{api_address(self._workspace.folder)}/api/v1/openapi.json"

    @property
    def pipeline_version_list(self) -> builtins.list[tuple[str, str]]:
        """Version and id of the published pipeline, the oldest first."""
        known = self._workspace.catalog.endpoints.versions(self.id)
        return [(str(version), pipeline_id) for version, pipeline_id in known.items()]

    def get_default_version(self) -> str:
        """Return ``default_version``."""
        return self.default_version

    def list_versions(self) -> dict[str, str]:
        """Return the status of each version's pipeline, by version."""
        return {
            version: PublishedPipeline.get(self._workspace, pipeline_id).status
            for version, pipeline_id in self.pipeline_version_list
        }

    def list_pipelines(
        self, active_only: bool = True
    ) -> builtins.list[PublishedPipeline]:
        """Return the published pipelines, the oldest version first."""
        every = [
            PublishedPipeline.get(self._workspace, pipeline_id)
            for _, pipeline_id in self.pipeline_version_list
        ]
        return [one for one in every if not active_only or one.status == "Active"]

    def get_pipeline(self, version: str | None = None) -> PublishedPipeline:
        """Return the published pipeline of a version, the default one for None.

        Raises:
            DeclarationError: There is no such version.
        """
        wanted = self.default_version if version is None else str(version)
        known = dict(self.pipeline_version_list)
        if wanted not in known:
            msg = (
                f"Pipeline endpoint {shown(self.name)} has no version "
                f"{shown(version)}; its versions: {listed(known)}."
            )
            raise DeclarationError(msg)
        return PublishedPipeline.get(self._workspace, known[wanted])

    def check_active(self) -> None:
        """Make sure that it may be submitted to (ours).

        Raises:
            UserErrorException: It is disabled or archived.
        """
        status = self.status
        if status != "Active":
            msg = (
                f"Pipeline endpoint {shown(self.name)} is {status} and starts no runs; "
                "allow it again with .enable()."
            )
            raise UserErrorException(msg)

    def _now(self) -> EndpointRecord:
        return self._workspace.catalog.endpoints.find(self.id) or self._record
