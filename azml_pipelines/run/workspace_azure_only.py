"""What version 1's workspaces have in Azure only: empty here, or refused by name."""

from __future__ import annotations

from typing import NoReturn

from azml_pipelines.errors import NotAvailableError

__all__ = ["AzureOnlyWorkspace"]


class AzureOnlyWorkspace:
    """Members that have no meaning without Azure."""

    @property
    def webservices(self) -> dict[str, object]:
        """None are deployed here; see ``azml serve``."""
        return {}

    @property
    def images(self) -> dict[str, object]:
        """None are built here."""
        return {}

    @property
    def linked_services(self) -> list[object]:
        """None are there."""
        return []

    @property
    def private_endpoints(self) -> dict[str, object]:
        """None are there."""
        return {}

    def get_default_keyvault(self) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse(
            "get_default_keyvault()",
            "Put the secret into an environment variable, and write env:NAME.",
        )

    def get_mlflow_tracking_uri(self) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse(
            "get_mlflow_tracking_uri()",
            "Metrics of runs are kept in the workspace; get_metrics() returns them.",
        )

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available: nothing here removes a workspace.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("Workspace.delete()", "Remove its folder.")

    def update(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("Workspace.update()", "What it is called stands in config.json.")

    def sync_keys(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("sync_keys()", _KEYS)

    def list_keys(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("list_keys()", _KEYS)

    @staticmethod
    def setup(*args: object, **kwargs: object) -> NoReturn:
        """Not available: version 1 does nothing here either.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("Workspace.setup()", "Use Workspace.create(…) or `azml init`.")


_KEYS = "A workspace here has no keys; datastores have theirs as env:NAME."


def _refuse(call: str, instead: str) -> NoReturn:
    msg = f"{call} is not available without Azure. {instead}"
    raise NotAvailableError(msg)
