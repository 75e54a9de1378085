"""``azml trace``: rows of a real run, and items of one."""

from __future__ import annotations

import json

import pytest


def test_a_row_names_its_item_try_and_process(here, finished_id, type_command):
    """By the name of the output, of its file and of its step."""
    for output in ("names", "names.txt", "read-texts"):
        result = type_command("trace", finished_id, f"{output}:1")

        assert 0 == result.exit_code, result.stderr
        first, second = result.stdout.splitlines()
        assert "row 1: 1.txt" == first
        assert second.startswith("    mini-batch 1, try 1, process00")
        assert " on node000, node000." in second


def test_an_item_names_its_rows(here, finished_id, failed_id, type_command):
    """Or why there are none."""
    finished = type_command("trace", finished_id, "--item", "2.txt")
    failed = type_command("trace", failed_id, "--item", "bad.txt")

    assert finished.stdout.startswith("2.txt: row 2; mini-batch 2, try 1, process00")
    assert failed.stdout.startswith("bad.txt: failed (exception); mini-batch 0, try 1,")


def test_programs_get_json(here, finished_id, type_command):
    """The same facts."""
    row = json.loads(type_command("trace", finished_id, "names:0", "--json").stdout)
    item = type_command("trace", finished_id, "--item", "0.txt", "--json")
    (found,) = json.loads(item.stdout)["items"]

    assert ("0.txt", 0, 1) == (row["item"], row["mini_batch"], row["attempt"])
    assert ("read-texts", 0, 1, True) == (
        found["step"],
        found["first_row"],
        found["rows"],
        found["exact"],
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(
            ["names:3"], 2, "no row 3; so far the step has written rows 0 to 2"
        ),
        pytest.param(["nemes:1"], 2, "no output 'nemes'; its outputs: names"),
        pytest.param(["names"], 2, "'names' is not OUTPUT:ROW"),
        pytest.param(["names:-1"], 2, "'names:-1' is not OUTPUT:ROW"),
        pytest.param([], 2, "give either OUTPUT:ROW"),
        pytest.param(["names:1", "--item", "1.txt"], 2, "give either OUTPUT:ROW"),
        pytest.param(["--item", "7.txt"], 4, "reads '7.txt'"),
    ],
)
def test_what_cannot_be_traced_is_said_in_one_line(
    here, finished_id, type_command, words, code, said
):
    """With what there is instead."""
    result = type_command("trace", finished_id, *words)

    assert (code, "") == (result.exit_code, result.stdout)
    assert said in result.stderr
    assert 1 == len(result.stderr.splitlines())
