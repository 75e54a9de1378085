"""The entry asks a real server, and says truly what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from azml_pipelines.worker.entry import MiniBatchContext
from azml_pipelines.worker.inference_server.conversation import ScoringError
from azml_pipelines.worker.inference_server.process import ServerFailedError

CONTEXT = MiniBatchContext(0)


def bodies(tmp_path: Path) -> list[str]:
    """Return what the server was sent, request by request."""
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    return [one["body"] for one in map(json.loads, lines) if "body" in one]


def starts(tmp_path: Path) -> list[dict[str, str]]:
    """Return the variables of each server that was started."""
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    return [one["started"] for one in map(json.loads, lines) if "started" in one]


def test_a_file_per_request(make_entry, files):
    """Without splitting: all its results are rows, with their number and the file."""
    entry = make_entry()
    entry.init()
    result = entry.run(files(a=b"1\n22\n", b=b"333"), CONTEXT)

    assert ["0,1,a.csv", "1,2,a.csv", "0,3,b.csv"] == result.rows
    assert 2 == result.items


def test_records_are_packed_up_to_the_limit(make_entry, files, tmp_path):
    """What execution-parameters offer is honoured; files never share a request."""
    entry = make_entry(
        '{"offers": {"MaxPayloadInMB": 1, "BatchStrategy": "MULTI_RECORD"}}',
        split_type="Line",
    )
    entry.init()
    half = b"x" * (600 * 1024) + b"\n"
    result = entry.run(files(a=half + half + b"y\n", b=b"z\n"), CONTEXT)

    assert ["0,614400,a.csv", "1,614400,a.csv", "2,1,a.csv", "0,1,b.csv"] == result.rows
    assert [614401, 614403, 2] == [len(body) for body in bodies(tmp_path)]


@pytest.mark.parametrize(
    ("offers", "options", "requests"),
    [
        ('{"offers": {"BatchStrategy": "SINGLE_RECORD"}}', {}, 3),
        ('{"offers": {"BatchStrategy": "SingleRecord"}}', {}, 3),
        (
            '{"offers": {"BatchStrategy": "SINGLE_RECORD"}}',
            {"batch_strategy": "MultiRecord"},
            1,
        ),
        ('{"offers": {"BatchStrategy": 7, "MaxPayloadInMB": "x"}}', {}, 1),
        ("{}", {"batch_strategy": "SingleRecord"}, 3),
    ],
)
def test_the_job_decides_before_the_server(
    make_entry, files, tmp_path, offers, options, requests
):
    """And the default where neither says anything that can be used."""
    entry = make_entry(offers, split_type="Line", **options)
    entry.init()
    entry.run(files(a=b"1\n2\n3\n"), CONTEXT)

    assert requests == len(bodies(tmp_path))


@pytest.mark.parametrize(
    ("policy", "sent", "rows"),
    [
        ("as-is", ["h\n1\n2\n"], 3),
        ("drop", ["1\n2\n"], 2),
        ("repeat", ["h\n1", "h\n2"], None),
    ],
)
def test_the_header_of_csv(make_entry, files, tmp_path, policy, sent, rows):
    """Sent once, with every request, or never."""
    entry = make_entry(
        split_type="Line",
        csv_header=policy,
        batch_strategy=("SingleRecord" if policy == "repeat" else None),
    )
    entry.init()
    paths = files(a=b"h\n1\n2\n")
    if rows is None:
        # This server counts the header, too: its answer cannot be laid beside.
        with pytest.raises(Exception, match="1 records were sent, 2 results"):
            entry.run(paths, CONTEXT)
    else:
        assert rows == len(entry.run(paths, CONTEXT).rows)
    assert sent[0] == bodies(tmp_path)[0]
    assert set(bodies(tmp_path)) <= set(sent)


def test_a_payload_that_is_too_large_is_halved(make_entry, files, tmp_path):
    """And the smaller limit is remembered; no record is lost or sent twice."""
    entry = make_entry('{"takes": 8}', split_type="Line")
    entry.init()
    result = entry.run(files(a=b"1\n22\n333\n4\n5\n6\n"), CONTEXT)

    assert [f"{i},{n},a.csv" for i, n in enumerate([1, 2, 3, 1, 1, 1])] == result.rows
    before = len(bodies(tmp_path))
    entry.run(files(b=b"1\n22\n333\n4\n"), CONTEXT)
    assert all(len(body) <= 8 for body in bodies(tmp_path)[before:])


def test_a_record_that_alone_is_too_large(make_entry, files):
    """Named by file and record."""
    entry = make_entry('{"takes": 4}', split_type="Line")
    entry.init()

    with pytest.raises(ScoringError, match=r"a\.csv, record 1: larger than the server"):
        entry.run(files(a=b"1\n55555\n"), CONTEXT)


def test_a_bad_record_is_named(make_entry, files):
    """With what the server said, in one line."""
    entry = make_entry(split_type="Line")
    entry.init()

    with pytest.raises(ScoringError) as caught:
        entry.run(files(a=b"1\n2\nbad\n"), CONTEXT)
    said = "a.csv, records 0 to 2: the server answered 400: bad record in the middle"
    assert said == str(caught.value)


@pytest.mark.parametrize(
    ("statuses", "requests", "said"),
    [
        pytest.param([503, 429, 502], 4, None, id="busy: asked again"),
        pytest.param([503] * 9, 4, "answered 503", id="busy for too long"),
        pytest.param([500], 2, None, id="its own mistake: once more"),
        pytest.param([500, 500], 2, "answered 500", id="twice is final"),
        pytest.param([415], 1, "answered 415", id="refused: final"),
    ],
)
def test_what_is_tried_again(make_entry, files, tmp_path, statuses, requests, said):
    """As many times as the job allows, and no refusal twice."""
    entry = make_entry(json.dumps({"statuses": statuses}))
    entry.init()
    paths = files(a=b"1")
    if said is None:
        assert ["0,1,a.csv"] == entry.run(paths, CONTEXT).rows
    else:
        with pytest.raises(ScoringError, match=said):
            entry.run(paths, CONTEXT)
    assert requests == len(bodies(tmp_path))


def test_a_server_that_dies_is_started_again(make_entry, files, tmp_path):
    """Once per mini-batch, and what it had in hand is sent again."""
    entry = make_entry('{"dies_at": 3}', split_type="Line")
    entry.init()
    for _ in range(3):
        result = entry.run(files(a=b"1\n", b=b"22\n"), CONTEXT)
        assert ["0,1,a.csv", "0,2,b.csv"] == result.rows
    assert len(starts(tmp_path)) >= 3


def test_what_kills_two_servers_is_given_up(make_entry, files):
    """The mini-batch fails by name; the next one finds a server."""
    entry = make_entry('{"dies_of": "poison"}', split_type="Line")
    entry.init()

    with pytest.raises(ScoringError, match="ended twice with this mini-batch"):
        entry.run(files(a=b"poison\n"), CONTEXT)
    assert ["0,1,b.csv"] == entry.run(files(b=b"1\n"), CONTEXT).rows


@pytest.mark.parametrize(
    ("how", "options", "said"),
    [
        ('{"fails": 3}', {}, "did not start: it ended with exit code 3"),
        ('{"slow_start": 60}', {"startup_timeout": 0.5}, "startup_timeout=0.5 s"),
    ],
)
def test_a_server_that_does_not_start(make_entry, how, options, said):
    """init() says how it ended, or how long it was waited for."""
    with pytest.raises(ServerFailedError, match=said):
        make_entry(how, **options).init()


def test_what_the_server_finds_in_its_environment(make_entry, tmp_path):
    """The variables of a batch job; those of the job only where it says something."""
    model = tmp_path / "model"
    model.mkdir()
    entry = make_entry(
        model_data=str(model), max_payload_in_mb=3, batch_strategy="SingleRecord"
    )
    entry.init()
    [found] = starts(tmp_path)

    assert found["PORT"] == found["SAGEMAKER_BIND_TO_PORT"]
    assert "true" == found["SAGEMAKER_BATCH"]
    assert "3" == found["SAGEMAKER_MAX_PAYLOAD_IN_MB"]
    assert "SINGLE_RECORD" == found["SAGEMAKER_BATCH_STRATEGY"]
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in found
    assert Path(found["SAGEMAKER_BASE_DIR"], "model").samefile(model)


def test_out_files(make_entry, files, tmp_path):
    """With summary_only: one beside each name, folders kept, line ends not doubled."""
    entry = make_entry(
        '{"kind": "text/csv"}',
        output_action="summary_only",
        split_type="Line",
        assemble_with="Line",
    )
    entry.init()
    result = entry.run(files(a=b"1\n22\n", deep__b=b"333\n"), CONTEXT)

    assert ([], 2) == (result.rows, result.items)
    assert b"1\n2\n" == (tmp_path / "output/a.csv.out").read_bytes()
    assert b"3\n" == (tmp_path / "output/deep/b.csv.out").read_bytes()
    assert 2 == len(
        [path for path in (tmp_path / "output").rglob("*") if path.is_file()]
    )


def test_a_joined_file(make_entry, files, tmp_path):
    """The id is not sent, and stands beside its result."""
    entry = make_entry(
        split_type="Line", join_source="Input", input_filter="$[1:]",
        output_filter="$[0,-1]",
    )  # fmt: skip
    entry.init()
    result = entry.run(files(a=b"id1,x,y\nid2,xx,yy\n"), CONTEXT)

    assert ["id1,3", "id2,5"] == result.rows
    assert ["x,y\nxx,yy\n"] == bodies(tmp_path)


def test_the_rows_of_a_table(make_entry, tmp_path):
    """One result for each, in order; CSV without its header unless it is asked for."""
    entry = make_entry()
    entry.init()
    result = entry.run(pd.DataFrame({"a": [1, 22], "b": ["x", "y"]}), CONTEXT)

    assert ["3", "4"] == result.rows
    assert 2 == result.items
    assert ["1,x\n22,y\n"] == bodies(tmp_path)


def test_an_empty_file_is_done(make_entry, files):
    """It has no record, and so no row, and nothing has failed."""
    entry = make_entry(split_type="Line")
    entry.init()
    result = entry.run(files(a=b"", b=b"1\n"), CONTEXT)

    assert (["0,1,b.csv"], 2) == (result.rows, result.items)


def test_the_good_records_of_a_bad_file(make_entry, files, tmp_path):
    """By halving: each bad record has what the server said in its place, once."""
    entry = make_entry(split_type="Line", on_bad_record="bisect")
    entry.init()
    content = b"1\n22\nbad\n4\n55\n666\nbad\n8\n"
    result = entry.run(files(a=content, b=b"1\n"), CONTEXT)

    said = "error: the server answered 400: bad record in the middle"
    assert result.rows == [
        "0,1,a.csv",
        "1,2,a.csv",
        f"2,{said},a.csv",
        "3,1,a.csv",
        "4,2,a.csv",
        "5,3,a.csv",
        f"6,{said},a.csv",
        "7,1,a.csv",
        "0,1,b.csv",
    ]
    assert result.items == 1
    good = [body for body in bodies(tmp_path) if "bad" not in body.splitlines()]
    once = ["1", "1", "22", "4", "55", "666", "8"]
    assert sorted("".join(good).split()) == once


@pytest.mark.parametrize("where", range(7))
def test_a_bad_record_is_found_wherever_it_stands(make_entry, files, where):
    """And costs only itself."""
    entry = make_entry(split_type="Line", on_bad_record="bisect")
    entry.init()
    lines = [b"1"] * 7
    lines[where] = b"bad"
    rows = entry.run(files(a=b"\n".join(lines)), CONTEXT).rows

    assert [row.split(",")[1].startswith("error: ") for row in rows] == [
        number == where for number in range(7)
    ]
