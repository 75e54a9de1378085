"""Responses become results, one per record, never shifted."""

from __future__ import annotations

import pytest

from azml_pipelines.worker.inference_server.client import Response
from azml_pipelines.worker.inference_server.json_path import JsonPath
from azml_pipelines.worker.inference_server.records import Record
from azml_pipelines.worker.inference_server.results import (
    BadResponseError,
    Joining,
    results_of,
    text_of,
)


@pytest.mark.parametrize(
    ("content_type", "body", "results"),
    [
        ("text/csv", b'1,2\n"a,b",3\n', [["1", "2"], ["a,b", "3"]]),
        ("text/csv; charset=utf-8", b"1\n2\n", [["1"], ["2"]]),
        ("application/jsonlines", b'{"a":1}\n2\n', [{"a": 1}, 2]),
        ("application/json", b"[1, 2]", [1, 2]),
        ("application/json", b'{"predictions": [1, 2]}', [1, 2]),
        (
            "application/json",
            b'{"outputs": {"a": [1, 2], "b": [3, 4]}}',
            [{"a": 1, "b": 3}, {"a": 2, "b": 4}],
        ),
        ("application/json", b'{"predictions": [NaN, 1.5]}', [None, 1.5]),
    ],
)  # fmt: skip
def test_two_results(content_type, body, results):
    """In every form that servers answer in."""
    assert results == results_of(Response(content_type, body), 2)


@pytest.mark.parametrize(
    ("content_type", "body", "results"),
    [
        ("text/plain", b"seven", ["seven"]),
        ("application/json", b'{"label": "seven"}', [{"label": "seven"}]),
        ("application/json", b'"seven"', ["seven"]),
        ("application/json", b'{"predictions": 7}', [7]),
        ("application/json", b'[["a"], ["b"], ["c"]]', [["a"], ["b"], ["c"]]),
    ],
)
def test_a_whole_file_may_have_any_number(content_type, body, results):
    """One request is one file; all of its results are kept."""
    assert results == results_of(Response(content_type, body), None)


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("application/json", b"[1]", "2 records were sent, 1 results"),
        ("application/json", b"[1,2,3]", "2 records were sent, 3 results"),
        ("application/json", b"[1,", "not the application/json"),
        ("application/jsonlines", b"{", "not the application/jsonlines"),
        ("text/csv", b"\xff\n\xff\n", "not the text/csv"),
        ("text/plain", b"seven eight", "2 records were sent, 1 results"),
    ],
)
def test_an_answer_that_cannot_be_laid_beside_what_was_sent(content_type, body, said):
    """It is refused: a shifted result is worse than none."""
    with pytest.raises(BadResponseError, match=said):
        results_of(Response(content_type, body), 2)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is", "as it is"),
        (["a,b", 1], '"a,b",1'),
        ({"a": [1]}, '{"a": [1]}'),
        ([[1], [2]], "[[1], [2]]"),
        (None, "null"),
        (1.5, "1.5"),
    ],
)
def test_a_result_is_one_line(result, text):
    """Rows as CSV, everything else as JSON."""
    assert text == text_of(result)


def joining(*, input_filter="$", output_filter="$", with_input=True, is_csv=True):
    """Return what a job's DataProcessing asks for."""
    return Joining(JsonPath(input_filter), JsonPath(output_filter), with_input, is_csv)


@pytest.mark.parametrize(
    ("data_processing", "record", "sent", "result", "kept"),
    [
        pytest.param(
            {"input_filter": "$[1:]"}, b"id7,1,2", b"1,2", ["0.9"], "id7,1,2,0.9",
            id="the id is not sent, and stands beside the result",
        ),
        pytest.param(
            {"output_filter": "$[0,-1]"}, b"id7,1,2", b"id7,1,2", ["0.9"], "id7,0.9",
            id="of the joined row, two columns",
        ),
        pytest.param(
            {"is_csv": False, "input_filter": "$.x"}, b'{"id": 7, "x": [1]}', b"[1]",
            0.5, '{"id": 7, "x": [1], "SageMakerOutput": 0.5}', id="an object",
        ),
        pytest.param(
            {"is_csv": False}, b"[1, 2]", b"[1, 2]", 0.5,
            '{"SageMakerInput": [1, 2], "SageMakerOutput": 0.5}', id="no object",
        ),
        pytest.param(
            {"is_csv": False, "output_filter": "$['id','SageMakerOutput']"},
            b'{"id": 7, "x": 1}', b'{"id": 7, "x": 1}', 0.5,
            '{"id": 7, "SageMakerOutput": 0.5}', id="two names",
        ),
        pytest.param(
            {"with_input": False, "output_filter": "$[1]"}, b"1", b"1", ["a", "b"],
            "b", id="a part of the result alone",
        ),
    ],
)  # fmt: skip
def test_records_are_filtered_and_joined(data_processing, record, sent, result, kept):
    """As DataProcessing of a transform job says."""
    job = joining(**data_processing)
    one = Record(record + b"\n", record)

    assert sent == job.sent(one)
    assert kept == job.kept(one, result)
