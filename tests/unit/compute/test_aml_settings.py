"""The promises of the values behind an AmlCompute."""

from __future__ import annotations

import pytest

from azml_pipelines.compute.aml_settings import priority, whole_number
from azml_pipelines.errors import ComputeTargetException


@pytest.mark.parametrize(
    ("value", "number"),
    [
        pytest.param(4, 4, id="a number"),
        pytest.param("4", 4, id="digits, as environment variables arrive"),
        pytest.param(0, 0, id="zero"),
    ],
)
def test_whole_numbers(value, number):
    """Numbers may be digits in a string."""
    assert number == whole_number("min_nodes", value)


@pytest.mark.parametrize("value", [-1, "-1", 1.5, "four", "", True, None])
def test_no_whole_numbers(value):
    """Anything else is refused with the name of the argument."""
    with pytest.raises(ComputeTargetException, match=f"min_nodes={value!r}"):
        whole_number("min_nodes", value)


def test_priorities():
    """Two are known, in any case."""
    assert ("dedicated", "lowpriority") == (
        priority("Dedicated"),
        priority("lowpriority"),
    )
    with pytest.raises(ComputeTargetException, match="'spot' is unknown"):
        priority("spot")
