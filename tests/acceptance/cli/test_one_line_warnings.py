"""A command gives a warning on one line."""

from __future__ import annotations

import warnings

from azml_pipelines.cli import one_line_warnings as module
from azml_pipelines.cli.one_line_warnings import one_line_warnings


def warn(text, category, filename):
    """Warn as if from a line of a file."""
    warnings.warn_explicit(text, category, filename, 7, registry={})


def test_ours_are_one_line(capsys):
    """Neither a place in our code nor control characters are shown."""
    with one_line_warnings():
        warnings.simplefilter("always")
        warn("two\nlines and \x1b[31m", UserWarning, module.__file__)
    printed = capsys.readouterr().err

    assert printed.startswith("Warning: two lines and ")
    assert "\x1b" not in printed
    assert printed.count("\n") == 1


def test_those_of_a_script_stay_as_they_are(capsys):
    """With their file and line."""
    with warnings.catch_warnings(record=True) as shown, one_line_warnings():
        warnings.simplefilter("always")
        warn("mine", UserWarning, "/somewhere/pipeline.py")
        warn("old", FutureWarning, module.__file__)

    assert ["mine", "old"] == [str(one.message) for one in shown]
    assert (shown[0].filename, shown[0].lineno) == ("/somewhere/pipeline.py", 7)
    assert "" == capsys.readouterr().err


def test_what_was_before_comes_back():
    """A command changes nothing for whoever called it."""
    before = warnings.showwarning
    with one_line_warnings():
        assert warnings.showwarning is not before

    assert warnings.showwarning is before
