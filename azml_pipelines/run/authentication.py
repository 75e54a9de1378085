"""Version 1's ways to log in: here they all read the token of the local REST server.

``requests.post(pipeline.endpoint, headers=auth.get_authentication_header(), …)`` works
as it stands in version 1's notebooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.store.api_access import api_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.run.workspace import Workspace

__all__ = [
    "AzureCliAuthentication",
    "InteractiveLoginAuthentication",
    "MsiAuthentication",
    "ServicePrincipalAuthentication",
    "TokenAuthentication",
]


class InteractiveLoginAuthentication:
    """Who may post to published pipelines: whoever can read the workspace's folder.

    Args:
        force: Accepted and ignored, as are the next ones.
        workspace: Our extension: whose token; by default that of the workspace that is
            found from the working directory.
    """

    def __init__(
        self,
        force: bool = False,
        tenant_id: str | None = None,
        cloud: str | None = None,
        *,
        workspace: Workspace | None = None,
        **azure_only: object,
    ) -> None:
        self._workspace = workspace

    def get_authentication_header(self) -> dict[str, str]:
        """Return ``{"Authorization": "Bearer …"}``; the token is made if need be.

        Raises:
            UserErrorException: No workspace was given, and none is found.
        """
        return {"Authorization": f"Bearer {self.get_token()}"}

    def get_token(self) -> str:
        """Return the token alone (ours)."""
        from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

        workspace = self._workspace or Workspace.from_config()
        workspace.prepare_storage()
        return api_token(workspace.folder)


class AzureCliAuthentication(InteractiveLoginAuthentication):
    """The same; there is no Azure to log in to."""


class MsiAuthentication(InteractiveLoginAuthentication):
    """The same; there is no Azure to log in to."""


class ServicePrincipalAuthentication(InteractiveLoginAuthentication):
    """The same; what identifies a service principal is accepted and ignored."""

    def __init__(
        self,
        tenant_id: str,
        service_principal_id: str,
        service_principal_password: str,
        *,
        workspace: Workspace | None = None,
        **azure_only: object,
    ) -> None:
        super().__init__(workspace=workspace)


class TokenAuthentication(InteractiveLoginAuthentication):
    """The same; the function that would get a token of Azure is never called."""

    def __init__(
        self,
        get_token_for_audience: Callable[[str], str],
        *,
        workspace: Workspace | None = None,
        **azure_only: object,
    ) -> None:
        super().__init__(workspace=workspace)
