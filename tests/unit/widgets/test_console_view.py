"""A run as it looks in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from azml_pipelines.widgets.console_view import ConsoleView
from azml_pipelines.widgets.pace import Pace


def lines(state, now, *, width=180, height=40, pace=None):
    """Return what a terminal of that size would show."""
    console = Console(file=io.StringIO(), width=width, height=height)
    console.print(ConsoleView(width, height).render(state, now, pace))
    return console.file.getvalue().splitlines()


def test_a_wide_terminal_shows_everything(make_state, now):
    """Header, headings, one row."""
    header, _, headings, row = lines(make_state(), now)

    assert header == "● running 1:40 · run run-1 · experiment digits"
    assert "batches" in headings
    assert row == (
        "● running  predict-digits  ━━━━━━━━━───────────────   40/100  400/1,000"
        "       3        2  4.0 items/s  2:30     1:40"
    )


@pytest.mark.parametrize("width", [48, 60, 70, 80, 100, 140])
def test_counts_survive_any_width(make_state, make_step, now, width):
    """Names are cut before counts are; no line is broken."""
    step = make_step(name="a-step-with-quite-a-long-name-12")
    shown = lines(make_state(steps=[step]), now, width=width)

    assert len(shown) == 4
    assert [
        word for word in shown[-1].split() if word in {"40/100", "400/1,000", "3", "2"}
    ] == ["40/100", "400/1,000", "3", "2"]
    assert max(map(cell_len, shown)) <= width


def test_a_narrow_terminal_drops_the_least_important_first(make_state, now):
    """Elapsed time and rate go; the time left stays as long as it fits."""
    wide, narrow, tiny = (
        lines(make_state(), now, width=width)[-1] for width in (100, 75, 50)
    )

    assert "2:30" in wide
    assert "items/s" not in narrow
    assert "2:30" in narrow
    assert "2:30" not in tiny
    assert "predict-" in tiny


def test_wide_characters_count_twice(make_state, make_step, now):
    """A name in Chinese does not push the numbers out of their columns."""
    steps = [make_step(name="数字识别"), make_step(name="plain", step_run_id="step-2")]
    *_, chinese, plain = lines(make_state(steps=steps), now)

    assert cell_len(plain[: plain.index("40/100")]) == cell_len(
        chinese[: chinese.index("40/100")]
    )


def test_many_steps_leave_room_for_those_that_matter(make_state, make_step, now):
    """What runs or failed is shown; the rest is counted."""
    steps = [
        make_step(name=f"step-{i}", step_run_id=f"{i}", status="Finished", ended=now)
        for i in range(50)
    ]
    steps[30] = make_step(name="busy", step_run_id="30")
    steps[45] = make_step(name="broken", step_run_id="45", status="Failed")
    shown = lines(make_state(steps=steps), now, height=12)

    assert len(shown) < 12
    assert any("busy" in line for line in shown)
    assert any("broken" in line for line in shown)
    assert shown[-1] == "… 45 steps more, 45 of them finished"


def test_a_failed_step_is_explained_while_others_run(make_state, make_step, now):
    """Nobody has to wait for the end to see the reason."""
    steps = [
        make_step(status="Failed", error="ValueError: bad\x1b[2J"),
        make_step(name="other", step_run_id="step-2"),
    ]

    assert (
        lines(make_state(steps=steps), now)[-1]
        == "predict-digits: ValueError: bad\\x1b[2J"
    )


def test_standing_still_is_said(make_state, now):
    """A picture that does not change says that it is alive."""
    pace = Pace()
    pace.observe(make_state(), now - 45)

    assert lines(make_state(), now, pace=pace)[-1] == "nothing has moved for 45 s"


def test_markup_in_names_is_text(make_state, make_step, now):
    """Square brackets mean nothing here."""
    state = make_state(experiment="[bold]x[/bold]", steps=[make_step(name="[red]y")])
    shown = lines(state, now)

    assert "[bold]x[/bold]" in shown[0]
    assert "[red]y" in shown[-1]


def test_a_run_without_steps_has_a_header(make_state, now):
    """Nothing is drawn that is not there."""
    assert len(lines(make_state(steps=[]), now)) == 1
