"""Names without an object here."""

from __future__ import annotations

import pickle

import pytest

from azml_pipelines.compat.stand_in import exception_class, stand_in
from azml_pipelines.errors import AzmlError, NotAvailableError

AKS = stand_in("azureml.core.compute.AksCompute", "needs Azure")


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(AKS, id="made"),
        pytest.param(lambda: AKS.attach_configuration("x"), id="asked"),
        pytest.param(lambda: AKS("a", b=1), id="made with arguments"),
    ],
)
def test_using_one_explains_it(use):
    """The name and the reason, at the line that uses it."""
    with pytest.raises(
        NotAvailableError, match=r"azureml\.core\.compute\.AksCompute needs Azure"
    ):
        use()


def test_looking_at_one_is_harmless():
    """Types are compared, documented and copied without being used."""
    assert not isinstance(object(), AKS)
    assert AKS.__name__ == "AksCompute"
    assert not hasattr(AKS, "__wrapped__")
    assert "AksCompute" in repr(AKS)


def test_exceptions_are_exceptions():
    """They can be caught, raised and derived from."""
    kind = exception_class("azureml.exceptions.ServiceException")

    assert issubclass(kind, AzmlError)
    with pytest.raises(AzmlError, match="gone"):
        raise kind("gone")


def test_a_stand_in_is_never_pickled_by_accident():
    """It has no importable home, and says so at once."""
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(AKS)
