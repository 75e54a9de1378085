"""What notebooks of version 1 ask a workspace for."""

from __future__ import annotations

import pytest

from azml_pipelines import AmlCompute, ComputeTarget, UserErrorException, Workspace
from azml_pipelines.errors import NotAvailableError


@pytest.fixture
def workspace(tmp_path):
    """A new workspace."""
    return Workspace.create("notebooks", path=tmp_path, show_output=False)


def test_what_notebooks_print(workspace):
    """All are text, in whichever way they are put together."""
    names = ("name", "location", "resource_group", "subscription_id", "sku")
    texts = [getattr(workspace, name) for name in names]

    assert all(isinstance(text, str) and text for text in texts)
    assert "\n".join(texts)
    assert workspace.tags == {}
    assert workspace.get_details()["name"] == "notebooks"


def test_what_is_empty_without_azure(workspace):
    """Notebooks look into them; there is nothing in them."""
    assert workspace.webservices == {}
    assert workspace.images == {}
    assert workspace.private_endpoints == {}
    assert workspace.linked_services == []


@pytest.mark.parametrize(
    "call",
    [
        "get_default_keyvault",
        "get_mlflow_tracking_uri",
        "delete",
        "update",
        "sync_keys",
        "list_keys",
        "setup",
    ],
)
def test_what_needs_azure_says_so(workspace, call):
    """One line with the name, and what to do."""
    with pytest.raises(NotAvailableError, match=rf"{call}\(\) is not available"):
        getattr(workspace, call)()


def test_default_compute_targets(workspace):
    """They have version 1's names, where somebody has made them."""
    assert workspace.get_default_compute_target("CPU") is None
    config = AmlCompute.provisioning_configuration(max_nodes=1)
    ComputeTarget.create(workspace, Workspace.DEFAULT_CPU_CLUSTER_NAME, config)

    assert workspace.get_default_compute_target("CPU").name == "cpu-cluster"
    with pytest.raises(UserErrorException, match="'CPU' or 'GPU'"):
        workspace.get_default_compute_target("TPU")
