"""Signatures are read from the JSON that MLflow writes, and nothing else."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.worker.mlflow_model.signature import (
    BadParamsError,
    BadSignatureError,
    Column,
    Signature,
    Tensor,
)


def test_columns_with_their_types():
    """Older files say `optional`, or nothing, where newer ones say `required`."""
    text = json.dumps(
        [
            {"type": "long", "name": "a", "required": True},
            {"type": "double", "name": "b", "optional": True},
            {"type": "object", "name": "c", "properties": {}},
        ]
    )

    found = Signature.parse(text)

    assert (
        Column("a", "long"),
        Column("b", "double", required=False),
        Column("c", "object"),
    ) == found.columns
    assert found.is_named


def test_tensors_and_names_of_outputs():
    """One tensor has no name; outputs have names where all of them have one."""
    image = {"dtype": "uint8", "shape": [-1, 8, 8, 3]}
    inputs = json.dumps([{"type": "tensor", "tensor-spec": image}])
    outputs = json.dumps([{"type": "long", "name": "class"}])

    found = Signature.parse(inputs, outputs)

    assert (Tensor(None, "uint8", (-1, 8, 8, 3)),) == found.tensors
    assert ("class",) == found.outputs


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        pytest.param("[", "is no JSON", id="no JSON"),
        pytest.param("[" * 100_000, "is no JSON", id="nested deeply"),
        pytest.param('{"a": 1}', "no list of objects", id="no list"),
        pytest.param('[{"type": "money"}]', "'money' is unknown", id="unknown type"),
        pytest.param('[{"type": ["long"]}]', "is unknown", id="type is a list"),
        pytest.param('[{"type": "long", "name": 7}]', "no text", id="name is no text"),
        pytest.param(
            '[{"type": "long", "name": "a"}, {"type": "long", "name": "a"}]',
            "two fields of the same name",
            id="twice",
        ),
        pytest.param(
            '[{"type": "long", "name": "a"}, {"type": "long"}]',
            "names some",
            id="named in part",
        ),
        pytest.param(
            '[{"type": "tensor", "tensor-spec": {"dtype": "f", "shape": []}}]',
            "dtype 'f'",
            id="unknown dtype",
        ),
        pytest.param(
            '[{"type": "tensor", "tensor-spec": {"dtype": "bool", "shape": [true]}}]',
            "shape [True]",
            id="shape of no lengths",
        ),
    ],
)
def test_what_is_not_of_a_known_form_is_refused(inputs, said):
    """With what it is, in one line."""
    with pytest.raises(BadSignatureError) as caught:
        Signature.parse(inputs)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


PARAMS = json.dumps(
    [
        {"name": "rate", "type": "double", "default": 0.5, "shape": None},
        {"name": "words", "type": "string", "default": ["a"], "shape": [-1]},
        {"name": "top", "type": "long", "default": 3, "shape": None},
    ]
)


def test_params_are_widened_as_mlflow_does():
    """A whole number is a double where one is wanted."""
    signature = Signature.parse(None, None, PARAMS)

    made = signature.checked_params({"rate": 1, "words": ["x", "y"]})

    assert {"rate": 1.0, "words": ["x", "y"]} == made
    assert isinstance(made["rate"], float)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"rat": 1.0}, "no param 'rat'; it takes rate, words, top", id="x"),
        pytest.param({"top": 2.5}, "'top' is a long, not 2.5", id="fraction"),
        pytest.param({"top": True}, "'top' is a long, not True", id="truth"),
        pytest.param({"rate": "1"}, "'rate' is a double, not '1'", id="text"),
        pytest.param({"words": "x"}, "'words' is a list of string", id="no list"),
    ],
)
def test_params_that_mlflow_would_drop_or_refuse_late(given, said):
    """They are refused before anything runs."""
    with pytest.raises(BadParamsError, match=said):
        Signature.parse(None, None, PARAMS).checked_params(given)


def test_a_model_without_params_takes_none():
    """MLflow would ignore them with a warning."""
    with pytest.raises(BadParamsError, match="takes no params; got rate"):
        Signature().checked_params({"rate": 1})
