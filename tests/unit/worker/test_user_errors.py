"""What user code raised is told in bounded text that names the user's own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from azml_pipelines.worker.entry import MiniBatchContext
from azml_pipelines.worker.script_entry import ScriptEntry
from azml_pipelines.worker.user_errors import UserErrors, describe_error

LONGEST_MESSAGE = 2_100
LONGEST_TRACEBACK = 16_100


@pytest.fixture
def raised(node_start, source):
    """Run a script, and describe what it has raised."""

    def raised(script):
        entry = ScriptEntry(node_start(script))
        try:
            entry.init()
            entry.run(["item"], MiniBatchContext(0))
        except BaseException as error:
            # Not the frame of this test, which no worker has.
            error.__traceback__ = error.__traceback__.tb_next
            return describe_error(error, str(source))
        pytest.fail("nothing was raised")

    return raised


def test_the_users_line_is_named(raised):
    """File, line, function and code, as an editor shows them."""
    described = raised("def run(mini_batch):\n    x = {}\n    return x['weights']\n")

    assert described.exception_type == "KeyError"
    assert described.message == "'weights'"
    assert described.user_line == "score.py:3 in run: return x['weights']"


def test_the_deepest_line_of_the_user_counts(raised, source):
    """Not the one that called it, and not that of the library it called."""
    (source / "model.py").write_text(
        "import json\ndef load(text):\n    return json.loads(text)\n"
    )
    described = raised("import model\ndef run(x):\n    return model.load('{')\n")

    assert described.user_line == "model.py:3 in load: return json.loads(text)"
    assert described.exception_type == "json.decoder.JSONDecodeError"


def test_a_line_in_init(raised):
    """``init()`` is user code like any other."""
    described = raised("def init():\n    1 / 0\ndef run(x): pass\n")

    assert described.user_line == "score.py:2 in init: 1 / 0"


def test_a_syntax_error_has_a_line_too(raised):
    """Though no frame of the user ever ran."""
    described = raised("import os\ndef run(mini_batch) return 1\n")

    assert described.exception_type == "SyntaxError"
    assert described.user_line == "score.py:2: def run(mini_batch) return 1"


def test_without_a_line_of_the_user_there_is_none(raised):
    """A script without ``run()`` fails in our code."""
    described = raised("")

    assert described.exception_type == "EntryError"
    assert described.user_line == ""


def test_our_own_frames_are_left_out(raised):
    """The traceback begins where the user's code does, and not in the import system."""
    in_run = raised("def run(x):\n    1 / 0\n").traceback
    at_import = raised("1 / 0\n").traceback

    for traceback in (in_run, at_import):
        assert "azml_pipelines" not in traceback
        assert "importlib" not in traceback
        assert "1 / 0" in traceback
        assert traceback.startswith("Traceback")


def test_a_folder_that_begins_like_ours_is_the_users(tmp_path):
    """Only the package itself counts as ours."""
    import azml_pipelines

    package = Path(azml_pipelines.__file__).parent
    folder = str(package.with_name(package.name + "_demo"))
    script = f"{folder}/score.py"
    try:
        exec(compile("def run(): 1 / 0\nrun()", script, "exec"), {})  # noqa: S102
    except ZeroDivisionError as error:
        described = describe_error(error, folder)

    assert described.user_line.startswith("score.py:1 in run")
    assert script in described.traceback


def test_ten_megabytes_of_message_are_cut(raised):
    """The beginning and the end stay; the user learns how much is missing."""
    described = raised("def run(x): raise ValueError('a' * 10**7 + 'the end')")

    assert len(described.message) < LONGEST_MESSAGE
    assert len(described.traceback) < LONGEST_TRACEBACK
    assert described.message.startswith("aaaa")
    assert described.message.endswith("the end")
    assert "characters left out" in described.message


def test_endless_recursion_is_short(raised):
    """A thousand equal frames are told in a few lines."""
    described = raised("def run(x): return run(x)")

    assert described.exception_type == "RecursionError"
    assert len(described.traceback) < LONGEST_TRACEBACK


EVIL_STR = """\
class Evil(Exception):
    def __str__(self):
        raise SystemExit("no text for you")
    __repr__ = __str__
def run(x):
    raise Evil
"""


def test_an_error_without_text(raised):
    """``__str__`` is user code too, and its failure is told."""
    described = raised(EVIL_STR)

    assert described.exception_type == "score.Evil"
    assert described.message == "(its message cannot be shown: SystemExit)"
    assert described.user_line == "score.py:6 in run: raise Evil"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("class E(Exception): __module__ = None", id="no module"),
        pytest.param(
            "E = lambda: SyntaxError('x', (5, 'a', b'', {}))", id="odd places"
        ),
        pytest.param("E = lambda: SyntaxError('x', ('f', 1, 1, 7))", id="odd text"),
        pytest.param("E = KeyboardInterrupt", id="an interrupt"),
        pytest.param("E = lambda: SystemExit({'a': 1})", id="an exit"),
        pytest.param(
            "E = lambda: ExceptionGroup('g', [ValueError(1), TypeError(2)])", id="group"
        ),
    ],
)
def test_describing_never_fails(raised, script):
    """Whatever was raised, there is text."""
    described = raised(f"{script}\ndef run(x): raise E()")

    assert described.exception_type
    assert "run" in described.user_line


def test_causes_are_told(raised):
    """The traceback holds the whole chain."""
    described = raised(
        "def run(x):\n"
        "    try:\n"
        "        1 / 0\n"
        "    except ZeroDivisionError as error:\n"
        "        raise ValueError('second') from error\n"
    )

    assert "ZeroDivisionError" in described.traceback
    assert described.message == "second"


def test_errors_are_kept_in_a_file(tmp_path):
    """One after the other, with what ran; also text that is not UTF-8."""
    errors = UserErrors(str(tmp_path), str(tmp_path / "process000.txt"))
    first = errors.describe(ValueError("first"), "mini-batch 3, try 1: ")
    errors.describe(ValueError("\udcff"))

    text = (tmp_path / "process000.txt").read_text()

    assert first.message == "first"
    assert text == "mini-batch 3, try 1: ValueError: first\n\nValueError: \\udcff\n\n"


def test_the_file_of_endless_errors_ends(tmp_path):
    """A million failures do not fill the disk; the last line says there is more."""
    file = tmp_path / "process000.txt"
    file.write_bytes(b"x" * 3_999_999)
    for _ in range(2):
        errors = UserErrors(str(tmp_path), str(file))
        for _ in range(50):
            assert errors.describe(ValueError("told")).message == "told"
    *_, last = file.read_text().splitlines()

    assert file.stat().st_size < 4_020_000
    assert last == "… what comes now is only where failed items are listed"


def test_a_file_that_cannot_be_written_harms_nobody(tmp_path):
    """A full disk does not turn an error of one mini-batch into a crash."""
    errors = UserErrors(str(tmp_path), str(tmp_path / "missing" / "process000.txt"))

    assert errors.describe(ValueError("told")).message == "told"
