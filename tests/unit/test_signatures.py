"""A call with a wrong argument name."""

from __future__ import annotations

import inspect

import pytest

from azml_pipelines.errors import UnknownArgumentError
from azml_pipelines.signatures import explained


class House:
    """Something with arguments."""

    @explained
    def __init__(
        self, rooms: int, colour: str = "white", *, garden: bool = False
    ) -> None:
        self.all = (rooms, colour, garden)


def test_right_calls_go_through():
    """Nothing changes for them."""
    assert (3, "red", True) == House(3, "red", garden=True).all
    assert "(rooms: 'int'" in str(inspect.signature(House))


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {"room": 3}, "House has no argument 'room'. Did you mean 'rooms'?"),
        ((), {}, "House needs rooms; not given"),
        ((3,), {"rooms": 3}, "House got rooms twice"),
        ((3, "red", True), {}, "House takes 3 arguments; got 3"),
    ],
)
def test_wrong_calls(args, kwargs, said):
    """One line, a ``TypeError`` as Python's own."""
    with pytest.raises(UnknownArgumentError) as caught:
        House(*args, **kwargs)

    assert said in str(caught.value)
    assert isinstance(caught.value, TypeError)
