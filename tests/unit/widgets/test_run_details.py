"""A run in a notebook and in plain Python."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from azml_pipelines.widgets import run_details
from azml_pipelines.widgets.run_details import RunDetails, html


class Page(HTMLParser):
    """Reads a fragment: its text, its tags, and whether they match."""

    def __init__(self, source):
        super().__init__()
        self.words, self.tags, self.open = [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Remember a tag that opens."""
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the innermost tag."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Remember text."""
        self.words += data.split()


def test_the_fragment_says_everything_in_words(make_state, now):
    """Somebody who sees no colours and no bars misses nothing."""
    page = Page(html(make_state(), now))

    assert page.open == []
    assert {
        "run-1",
        "digits",
        "predict-digits",
        "running",
        "40/100",
        "(40%)",
        "400/1,000",
        "3",
        "2",
        "2:30",
        "1:40",
    } <= set(page.words)


def test_the_fragment_needs_nothing_else(failed, now):
    """No script, no style sheet, no image, no link, no handler of events."""
    page = Page(html(failed, now))

    assert {
        "div",
        "span",
        "b",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    } >= {tag for tag, _ in page.tags}
    assert {"style", "scope"} >= {name for _, attrs in page.tags for name in attrs}
    assert "url(" not in html(failed, now)


def test_colours_leave_the_text_alone(failed, now):
    """Text takes the colour of the page, so dark notebooks stay readable."""
    page = Page(html(failed, now))
    coloured = [
        (tag, attrs["style"])
        for tag, attrs in page.tags
        if re.search(r"(?<!-)color:(?!inherit)", attrs.get("style", ""))
    ]

    assert {"span"} == {tag for tag, _ in coloured}


def test_what_users_wrote_is_escaped(make_state, make_step, now):
    """Names and errors are text, never tags."""
    evil = "<script>alert('x')</script>"
    step = make_step(name=evil, status="Failed", error=evil)
    state = make_state(run_id=evil, experiment=evil, steps=[step])

    for source in (
        html(state, now),
        html(make_state(status="Failed", error=evil, steps=[step]), now),
    ):
        assert "<script" not in source
        assert "&lt;script&gt;" in source


def test_a_failed_run_shows_its_error_last(failed, now):
    """The block at the end is the run's one line."""
    words = " ".join(Page(html(failed, now)).words)

    assert words.endswith(failed.error)


def test_a_running_run_says_when_it_was_looked_at(make_state):
    """A notebook that was saved half-way does not look like the present."""
    assert "As of " in html(make_state())


def test_plain_python_prints_a_table_once(make_run, make_state, capsys):
    """Nothing is returned, nothing raises, nothing stays behind."""
    assert RunDetails(make_run(make_state())).show() is None
    assert capsys.readouterr().out.startswith("run run-1\nexperiment digits\n")


def test_a_step_run_shows_its_run(make_run, make_state, capsys):
    """Version 1 picks another widget for it; the run has all the facts."""
    RunDetails(SimpleNamespace(parent=make_run(make_state()))).show()

    assert "run run-1" in capsys.readouterr().out


def test_the_widgets_data_are_plain_values(make_run, failed):
    """They survive JSON."""
    data = RunDetails(make_run(failed)).get_widget_data()

    assert json.loads(json.dumps(data))["status"] == "Failed"
    assert data["steps"][0]["name"] == "predict-digits"


class Shell:
    """The part of a notebook's shell that a display needs."""

    kernel = object()

    def __init__(self):
        self.after_cell = []
        self.events = self

    def register(self, _event, callback):
        """Remember a callback."""
        self.after_cell.append(callback)

    def unregister(self, _event, callback):
        """Forget a callback."""
        self.after_cell.remove(callback)


class Handle:
    """What a notebook shows at one place."""

    def __init__(self):
        self.shown = []

    def update(self, picture):
        """Show another picture."""
        self.shown.append(picture)


@pytest.fixture
def notebook(monkeypatch):
    """A notebook without a kernel's process."""
    import IPython.display

    shell, handle = Shell(), Handle()

    def display(picture, *, display_id):
        handle.update(picture)
        return handle

    monkeypatch.setattr(run_details, "_notebook_shell", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(run_details, "_REFRESH_SECONDS", 0.001)
    return SimpleNamespace(shell=shell, handle=handle)


def test_a_notebook_keeps_the_last_state(notebook, make_run, make_state, finished):
    """The thread goes on until the end and leaves the final picture behind."""
    RunDetails(make_run(*[make_state()] * 5, finished)).show()
    deadline = time.monotonic() + 10
    while "Finished in" not in notebook.handle.shown[-1]._repr_html_():
        assert time.monotonic() < deadline

    assert "Finished in" in repr(notebook.handle.shown[-1])

    for callback in list(notebook.shell.after_cell):
        callback(None)

    assert notebook.shell.after_cell == []


def test_the_end_of_a_cell_brings_the_last_state(
    notebook, make_run, make_state, finished, monkeypatch
):
    """A notebook that is executed and saved at once does not miss it."""
    monkeypatch.setattr(run_details.threading.Thread, "start", lambda _: None)
    RunDetails(make_run(make_state(), finished)).show()
    (after_cell,) = notebook.shell.after_cell

    after_cell(None)

    assert "Finished in" in notebook.handle.shown[-1]._repr_html_()
    assert notebook.shell.after_cell == []


def test_an_ended_run_is_shown_once(notebook, make_run, finished):
    """No thread, no callback."""
    RunDetails(make_run(finished)).show()

    assert len(notebook.handle.shown) == 1
    assert notebook.shell.after_cell == []


@pytest.fixture
def logging_run(make_run, finished):
    """A run with 22 metrics, one of them with a name that is no HTML."""
    run = make_run(finished)
    run.metric_lines = lambda: [
        "train: <loss> = 0.5",
        *(f"m{n} = 1" for n in range(21)),
    ]
    return run


def test_metrics_are_shown_in_notebooks(notebook, logging_run):
    """Above the last words, escaped; of many the first twenty."""
    RunDetails(logging_run).show()
    (picture,) = notebook.handle.shown
    source = picture._repr_html_()

    assert "train: &lt;loss&gt; = 0.5" in source
    assert "m18 = 1" in source
    assert "m19" not in source
    assert "and 2 more metrics" in source
    assert repr(picture).startswith("train: <loss> = 0.5\n")


def test_metrics_are_shown_in_plain_python(logging_run, capsys):
    """Before the table, whose last line is the last word."""
    RunDetails(logging_run).show()

    assert capsys.readouterr().out.startswith("train: <loss> = 0.5\n")


def test_metrics_are_read_as_often_as_that_is_cheap(make_run, make_state, monkeypatch):
    """A run that logs a lot is not read again and again while it goes on."""
    reads = []

    def slow():
        reads.append(1)
        time.sleep(0.02)
        return ["m = 1"]

    monkeypatch.setattr(run_details, "_REFRESH_SECONDS", 0)
    run = make_run(make_state())
    run.metric_lines = slow
    metrics = run_details._Metrics(run)
    for _ in range(100):
        metrics.lines(last=False)

    assert len(reads) == 1
    assert metrics.lines(last=True) == ["m = 1"]
    assert len(reads) == 2
