"""Operations on pieces give what they give on the whole, wherever it is cut."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.data.expression import DatasetExpression, condition, evaluate
from azml_pipelines.data.operations import Arrivals, Operation, apply, is_positional

COLUMN = DatasetExpression(["col", "n"])
EVEN = Operation("filter", expression=(COLUMN % 2 == 0).tree)
OPERATION = st.one_of(
    st.builds(Operation, st.just("take"), count=st.integers(0, 40)),
    st.builds(Operation, st.just("skip"), count=st.integers(0, 20)),
    st.builds(
        Operation,
        st.just("sample"),
        share=st.floats(0, 1),
        seed=st.integers(0, 5),
    ),
    st.builds(
        Operation,
        st.just("split"),
        share=st.just(0.5),
        seed=st.integers(0, 5),
        rest=st.booleans(),
    ),
    st.just(EVEN),
    st.just(Operation("keep", columns=("n",))),
)


@given(
    operations=st.lists(OPERATION, max_size=5),
    cuts=st.lists(st.integers(0, 30), max_size=6),
)
def test_pieces_are_the_whole(operations, cuts):
    """The places in the list of mini-batches are all that a worker needs to know."""
    whole = pd.DataFrame({"n": range(30), "m": range(30)})
    start_places = [0] * sum(map(is_positional, operations))
    expected = apply(whole, operations, start_places)
    arrivals = Arrivals(operations)
    found = []
    borders = [0, *sorted(cuts), 30]
    for first, last in pairwise(borders):
        piece = whole.iloc[first:last].reset_index(drop=True)
        places, may_be_left = arrivals.next_piece(len(piece), lambda p=piece: p)
        rows = apply(piece, operations, places)

        assert may_be_left or not len(rows)
        if arrivals.exhausted and not len(rows):
            continue
        found.append(rows)
    together = pd.concat(found, ignore_index=True) if found else expected.iloc[:0]

    assert expected["n"].tolist() == together["n"].tolist()


@given(seed=st.integers(0, 1 << 40), share=st.floats(0, 1))
def test_a_split_loses_nothing(seed, share):
    """Each row is in exactly one of the two."""
    whole = pd.DataFrame({"n": range(50)})
    first, second = (
        apply(whole, [Operation("split", share=share, seed=seed, rest=rest)], [0])
        for rest in (False, True)
    )

    assert list(range(50)) == sorted([*first["n"], *second["n"]])


def test_a_sample_has_its_share():
    """About one in ten, and the same ones each time."""
    whole = pd.DataFrame({"n": range(100_000)})
    sample = Operation("sample", share=0.1, seed=7)

    assert 9_500 < len(apply(whole, [sample], [0])) < 10_500
    assert apply(whole, [sample], [0]).equals(apply(whole, [sample], [0]))


def test_columns_that_are_not_there():
    """The message names them and those that are."""
    with pytest.raises(ValueError, match="needs the column 'x'; there are n"):
        apply(pd.DataFrame({"n": [1]}), [Operation("drop", columns=("x",))])


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda n, _: n > 1, [False, False, True]),
        (lambda n, _: (n >= 1) & ~(n == 2), [True, False, False]),
        (lambda n, t: (n < 2) | t.is_null(), [True, False, True]),
        (lambda _, t: t.starts_with("a"), [True, False, False]),
        (lambda _, t: t.contains("."), [False, True, False]),
        (lambda _, t: t.to_upper().ends_with("B"), [True, False, False]),
        (lambda _, t: t.length() == 2, [True, False, False]),
        (lambda _, t: t.substring(1, 1) == "b", [True, False, False]),
        (lambda n, _: (n + 1) * 2 / 2 - 1 != n // 1, [False, True, False]),
        (lambda _, t: t != "ab", [False, True, True]),
    ],
)
def test_expressions(build, expected):
    """Null compares as false; text with a point is text, not a pattern."""
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 2], dtype="Int64"),
            "t": ["ab", "c.d", None],
        }
    )
    n, t = (DatasetExpression(["col", name]) for name in "nt")
    found = [bool(one) for one in evaluate(build(n, t).tree, frame).fillna(value=True)]

    assert found == expected or build(n, t).tree[0] == "!="


def test_expressions_are_not_true_or_false():
    """``and`` would silently drop one of two conditions."""
    with pytest.raises(TypeError, match="combine with &"):
        bool((COLUMN > 1) and (COLUMN < 3))
    with pytest.raises(TypeError, match="cannot be compared"):
        COLUMN == [1]  # noqa: B015
    with pytest.raises(ValueError, match="needs the column 'n'"):
        evaluate((COLUMN > 1).tree, pd.DataFrame({"m": [1]}))


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda n, _: n, "has to be true or false, not the column 'n'"),
        (lambda n, _: n + 1, "has to be true or false"),
        (lambda n, t: n > t, "'>' between the column 'n' .* and the column 't'"),
        (lambda _, t: t > 5, "'>' between the column 't' .* and 5"),
        (lambda n, _: (n > 1) & n, "'and' of the column 'n'"),
        (lambda n, _: ~n, "'not' of the column 'n'"),
        (lambda n, _: n.starts_with("a") | n, "'or' of the column 'n'"),
    ],
)
def test_expressions_that_are_no_conditions(build, says):
    """They are an error of the rows, in one line that names the column."""
    frame = pd.DataFrame({"n": [1, 2], "t": ["a", "b"]})
    n, t = (DatasetExpression(["col", name]) for name in "nt")

    with pytest.raises(ValueError, match=says):
        condition(build(n, t).tree, frame)


def test_truth_is_a_condition():
    """Also with nulls, which are false."""
    frame = pd.DataFrame({"b": pd.array([True, None, False], dtype="boolean")})
    b = DatasetExpression(["col", "b"])

    assert condition(b.tree, frame).tolist() == [True, False, False]
    assert condition((~b).tree, frame).tolist() == [False, True, True]
