"""D5 and D13: what others wrote is shown, never obeyed."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from rich.console import Console

from azml_pipelines import (
    Dataset,
    Environment,
    Model,
    Pipeline,
    PythonScriptStep,
    Schedule,
    Workspace,
)
from azml_pipelines.azure_v2.endpoints import BatchEndpoints
from azml_pipelines.cli.main import azml
from azml_pipelines.printable import printable
from azml_pipelines.schedule.scheduler import Scheduler, SchedulerSeams
from azml_pipelines.store.run_state import RunState, StepState
from azml_pipelines.widgets import step_table
from azml_pipelines.widgets.console_view import ConsoleView
from azml_pipelines.widgets.pace import Pace
from azml_pipelines.widgets.plain_view import PlainView
from azml_pipelines.widgets.state_html import render

NOW = 1_000_100.0
TAGS = ["script", "img", "svg", "iframe", "object", "embed", "body", "input", "video",
        "audio", "details", "marquee", "math", "link", "meta", "base", "form", "style",
        "template", "a"]  # fmt: skip
XSS = [
    *(f"<{tag} src=x onerror=alert(1)>" for tag in TAGS),
    *(f'"><{tag} onload=alert(1)//' for tag in TAGS[:10]),
    *(f"'><{tag}/onmouseover=alert(1)>" for tag in TAGS[:8]),
    "<script>alert(1)</script>", "</div><script>alert(1)</script>", "<!--><img src=x>",
    "<![CDATA[<script>alert(1)</script>]]>", "<?xml version='1.0'?><a/>",
    "&lt;script&gt;", "&#60;script&#62;", "\u003cscript\u003e", "%3Cscript%3E",
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>", "<a href='data:text/html,<script>'>x</a>",
    "<style>@import 'http://evil'</style>",
    "<div style='background:url(javascript:1)'>",
    "<img src=`x`onerror=alert(1)>", "<svg><animate onbegin=alert(1)>", "<\0script>",
    "<scr\nipt>alert(1)</scr\nipt>", "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}", "<img src=x:x onerror\u2028=alert(1)>",
    '"autofocus onfocus=alert(1) x="',
]  # fmt: skip
ESCAPES = ["\x1b[31m", "\x1b[2J", "\x1b[H", "\x1b]0;title\x07", "\x1b]8;;http://e\x1b\\x",
           "\x1b]52;c;ZXZpbA==\x07", "\x1bP1$r\x1b\\", "\x1b_x\x1b\\", "\x1b^x\x1b\\",
           "\x1bc", "\x1b(0", "\x1b[?1049h", "\x1b[6n", "\x1b[1;1H", "\x1b[9A",
           "\x9b31m", "\x9d0;t\x9c", "\x90x\x9c", "\x84", "\x85", "\x8d"]  # fmt: skip
TERMINAL = [
    *ESCAPES,
    *(f"name\r{escape}" for escape in ESCAPES[:8]),
    "a\rFinished", "a\nrun x: Finished", "a\r\n[   1 s] faked line", "a\x08\x08\x08b",
    "a\tb", "a\x0bb", "a\x0cb", "a\x07", "a\0b", "a\x7fb", "a\u2028b", "a\u2029b",
    "a\u202egnp.exe", "a\u2066b\u2069", "a\u200fb", "a\u061cb", "a\u200bb", "a\ufeffb",
    "a\udc80b", "\U000e0041\U000e0042", "a\u00adb",
]  # fmt: skip


def state_with(text: str, status: str) -> RunState:
    """Return a run in which every text of a user is ``text``."""
    step = StepState(
        name=text,
        step_run_id=text,
        status=status,
        total_mini_batches=10,
        done_mini_batches=4,
        failed_mini_batches=1,
        total_items=10,
        succeeded_items=3,
        failed_items=1,
        started=NOW - 10,
        ended=NOW if status == "Failed" else None,
        error=text,
    )
    return RunState(
        run_id=text,
        experiment=text,
        status=status,
        created=NOW - 11,
        started=NOW - 10,
        ended=NOW if status == "Failed" else None,
        error=f"{text} again" if status == "Failed" else None,
        steps=(step,),
    )


class Elements(HTMLParser):
    """Collects what a browser would build."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.odd: list[str] = []

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        """Note text."""
        self.text += data

    def handle_comment(self, data):
        """Note what hides something."""
        self.odd.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


@pytest.mark.parametrize("status", ["Running", "Failed"])
@pytest.mark.parametrize("text", XSS, ids=range(len(XSS)))
def test_html_shows_it_as_text(text, status):
    """No element, attribute, comment or entity of it reaches the page."""
    plain, found = Elements(), Elements()
    plain.feed(render(state_with("name", status), NOW))
    found.feed(render(state_with(text, status), NOW))

    assert plain.tags == found.tags
    assert plain.attributes == found.attributes
    assert found.odd == []
    assert printable(text) in found.text
    assert "script" not in found.tags
    assert not {name for name in found.attributes if name.startswith("on")}


def views(state: RunState) -> dict[str, str]:
    """Return what each view writes to a terminal."""
    pace = Pace()
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(ConsoleView(200, 24).render(state, NOW, pace))
    return {
        "table": step_table.text(state, NOW),
        "plain": "\n".join(PlainView().lines(state, NOW, pace)),
        "console": console.file.getvalue(),
    }


@pytest.mark.parametrize("status", ["Running", "Failed"])
@pytest.mark.parametrize("text", TERMINAL, ids=range(len(TERMINAL)))
def test_terminals_obey_nothing_of_it(text, status):
    """No control character is left, and no line is added."""
    expected = views(state_with("name", status))

    for view, written in views(state_with(text, status)).items():
        lines = written.split("\n")

        assert all(line.isprintable() or not line for line in lines), view
        assert expected[view].count("\n") == written.count("\n"), view


EVIL = "a\x1b]0;t\x07b\rc\u202ed\x9b31m"
LISTS = ["pipeline list", "pipeline show {published}", "schedule list",
         "schedule list --json", "schedule show {schedule}", "schedule show {evil}",
         "schedule history {schedule}", "model list", "model show model",
         "model show {evil}", "dataset list", "dataset show {evil}", "environment list",
         "environment show named", "batch-endpoint list", "batch-endpoint show named",
         "batch-endpoint show {evil}", "batch-deployment list {evil}",
         "component create -f {document}", "job validate -f {document}",
         "convert {document}", "schedule create -f {document}", "track {evil}",
         "serve --script {script} -e {evil}", "init {folder}"]  # fmt: skip


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A workspace in which everything has a name that a terminal would obey."""
    folder = tmp_path_factory.mktemp("named")
    script = folder / f"{EVIL}.py"
    script.write_text("def run(mini_batch):\n    return mini_batch\n")
    workspace = Workspace.create("named", path=folder / "work", show_output=False)
    step = PythonScriptStep(script.name, name="one", source_directory=str(folder))
    pipeline = Pipeline(workspace, [step])
    published = pipeline.publish(EVIL, description=EVIL, version=EVIL)
    texts = {EVIL: EVIL}
    schedule = Schedule.create(
        workspace, EVIL, published.id, "x", description=EVIL, cron="0 3 * * *"
    )
    later = datetime.now(UTC) + timedelta(days=1)
    seams = SchedulerSeams(now=lambda: later, starts_runs=False)
    Scheduler(workspace, lambda _: None, seams).tick()
    Model.register(workspace, script, "model", texts, texts, EVIL)
    Dataset.File.from_files(str(script)).register(workspace, EVIL, EVIL, texts)
    environment = Environment("named")
    environment.environment_variables = {"A": EVIL}
    environment.register(workspace)
    document = folder / f"{EVIL}.yml"
    quoted = json.dumps(EVIL)
    document.write_text(f"name: named\ndescription: {quoted}\ntags: {{a: {quoted}}}\n")
    BatchEndpoints(workspace).create(document)
    document.write_text(f"name: {quoted}\ntype: {quoted}\n{quoted}: 1\n")
    words = {"published": published.id, "schedule": schedule.id, "evil": EVIL}
    places = {"document": document, "script": script, "folder": folder / EVIL}
    return workspace.folder.root, {**words, **places}


@pytest.mark.parametrize("words", LISTS)
def test_no_command_prints_what_a_terminal_obeys(named, monkeypatch, words):
    """Names, tags, descriptions and file names, in tables, JSON and errors."""
    root, known = named
    monkeypatch.chdir(root)
    done = CliRunner().invoke(azml, [word.format(**known) for word in words.split()])

    assert done.output
    assert done.exit_code in {0, 2, 4}, done.output
    assert [] == [line for line in done.output.split("\n") if not printed(line)]


def printed(line: str) -> bool:
    """Whether a line has nothing in it that steers."""
    return line.isprintable() or not line


def test_there_are_enough():
    """60 for browsers, 50 for terminals."""
    assert len(XSS) >= 60
    assert len(TERMINAL) >= 50
