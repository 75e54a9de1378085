"""What differs between two results, in the order in which people look for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.plan.fingerprint import Fingerprint, Part
from azml_pipelines.store.reuse_record import (
    ContentLine,
    write_contents,
    write_fingerprint,
)
from azml_pipelines.store.step_differences import compare_steps, count_differences
from azml_pipelines.store.workspace_folder import StepFolder

if TYPE_CHECKING:
    from pathlib import Path

SETTING = Part("setting", "mini_batch_size", "1")
CODE = Part("code", "score.py", "a" * 64)
PYTHON = Part("environment", "package python", "3.11.7")


def folder(
    root: Path, *declared: Part, files: dict[str, str] | None = None
) -> StepFolder:
    """Return the folder of a step whose only input holds these files."""
    root.mkdir()
    place = StepFolder(root)
    contents = () if files is None else (Part("input", "images", str(files)),)
    write_fingerprint(place, Fingerprint(declared, contents))
    lines = [
        ContentLine("images", name, 1, mark) for name, mark in (files or {}).items()
    ]
    write_contents(place, lines)
    return place


def texts(new: StepFolder, old: StepFolder) -> list[str]:
    """Return what is said about the differences."""
    return [one.text for one in compare_steps(new, old)]


def test_files_of_inputs_are_named(tmp_path: Path) -> None:
    """Changed, added and removed ones."""
    old = folder(tmp_path / "a", CODE, files={"a": "1" * 64, "b": "2" * 64})
    new = folder(tmp_path / "b", CODE, files={"a": "3" * 64, "c": "4" * 64})

    assert texts(new, old) == [
        "input images: a has changed (checksum 111111111111 -> 333333333333)",
        "input images: c is new",
        "input images: b is gone",
    ]


def test_code_comes_first_and_packages_last(tmp_path: Path) -> None:
    """Settings and inputs between them."""
    old = folder(tmp_path / "a", PYTHON, SETTING, CODE, files={"a": "1"})
    new = folder(
        tmp_path / "b",
        PYTHON._replace(value="3.12.1"),
        SETTING._replace(value="2"),
        CODE._replace(value="b" * 64),
        files={"a": "2"},
    )

    assert texts(new, old) == [
        "code score.py has changed (checksum aaaaaaaaaaaa -> bbbbbbbbbbbb)",
        "setting mini_batch_size: '1' -> '2'",
        "input images: a has changed (checksum 1 1 -> 2 1)",
        "environment package python: '3.11.7' -> '3.12.1'",
    ]


def test_another_order_of_the_same_files_is_a_difference(tmp_path: Path) -> None:
    """Rows come in the order of the input."""
    old = folder(tmp_path / "a", files={"a": "1", "b": "2"})
    new = folder(tmp_path / "b", files={"b": "2", "a": "1"})

    assert texts(new, old) == ["input images: the files come in another order"]


def test_inputs_that_nobody_has_read_are_not_compared(tmp_path: Path) -> None:
    """A step that failed never came to that."""
    old = folder(tmp_path / "a", CODE, files={"a": "1"})
    new = folder(tmp_path / "b", CODE)

    assert texts(new, old) == []


def test_long_values_are_cut(tmp_path: Path) -> None:
    """An argument may be a whole document."""
    old = folder(tmp_path / "a", Part("argument", "1", "x" * 500))
    new = folder(tmp_path / "b", Part("argument", "1", "y" * 500))

    assert len(texts(new, old)[0]) < 200


def test_an_input_counts_as_one_difference() -> None:
    """However many files of it have changed."""
    old = Fingerprint((CODE,), (Part("input", "a", "1"),))
    new = Fingerprint((CODE, SETTING), (Part("input", "a", "2"),))

    assert count_differences(new, old) == 2
    assert count_differences(new, new) == 0
