"""Version 1's ways to log in are one here: the token of the workspace."""

from __future__ import annotations

import pytest

from azml_pipelines import Workspace
from azml_pipelines.run.authentication import (
    AzureCliAuthentication,
    InteractiveLoginAuthentication,
    MsiAuthentication,
    ServicePrincipalAuthentication,
    TokenAuthentication,
)


def asked(audience):
    """What would ask Azure for a token."""
    raise AssertionError(audience)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(AzureCliAuthentication, id="command line"),
        pytest.param(MsiAuthentication, id="managed identity"),
        pytest.param(
            lambda **ours: ServicePrincipalAuthentication("t", "s", "p", **ours),
            id="service principal",
        ),
        pytest.param(lambda **ours: TokenAuthentication(asked, **ours), id="token"),
    ],
)
def test_all_have_the_same_header(tmp_path, make):
    """It can be given to ``requests`` as it is; nobody is asked."""
    workspace = Workspace.create("notebooks", path=tmp_path, show_output=False)
    expected = InteractiveLoginAuthentication(workspace=workspace)

    header = make(workspace=workspace).get_authentication_header()

    assert header == expected.get_authentication_header()
    assert header["Authorization"].startswith("Bearer ")
