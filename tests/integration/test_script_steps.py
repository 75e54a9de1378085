"""Scripts run in processes of their own; their outputs appear whole or not at all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from azml_pipelines import (
    Dataset,
    OutputFileDatasetConfig,
    PipelineData,
    PipelineParameter,
    RunConfiguration,
)

MAKES = """
import os, sys
os.makedirs(sys.argv[1], exist_ok=True)
for number in range(int(sys.argv[2])):
    with open(os.path.join(sys.argv[1], f"{number}.txt"), "w") as file:
        file.write(str(number))
"""
ADDS = """
import sys
from pathlib import Path
total = sum(int(path.read_text()) for path in Path(sys.argv[1]).iterdir())
Path(sys.argv[2]).write_text(str(total))
"""


@pytest.fixture
def script(steps):
    """Make a step of a script given as text."""
    return steps.script


@pytest.fixture
def run_steps(steps):
    """Run steps to their end."""
    return steps.run


@pytest.fixture
def place(steps):
    """Return where an output lies."""
    return steps.place


def names(folder):
    """Return what is in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("debug", [False, True])
def test_one_script_reads_what_another_has_written(script, run_steps, debug, place):
    """A folder and a file, with a parameter; in the present process as well."""
    made, total = PipelineData("made"), PipelineData("total")
    count = PipelineParameter("count", default_value=3)
    first = script(MAKES, "make", arguments=[made, count], outputs=[made])
    second = script(
        ADDS, "add", arguments=[made, total], inputs=[made], outputs=[total]
    )
    run = run_steps(first, second, pipeline_parameters={"count": 5}, debug=debug)

    assert run.get_status() == "Finished", run.state().error
    assert place(run, "total").read_text() == "10"
    assert names(place(run, "made")) == [f"{n}.txt" for n in range(5)]


def test_a_failing_script_names_itself_and_its_line(script, run_steps, place):
    """The step, the exception, the line; what it had written is nowhere."""
    made = PipelineData("made")
    step = script(
        MAKES + "\nraise ValueError('no more')", arguments=[made, 2], outputs=[made]
    )
    run = run_steps(step)

    assert run.get_status() == "Failed"
    assert run.state().error == (
        "Step 'main.py' failed: main.py: ValueError: no more at main.py:8 in <module>: "
        "raise ValueError('no more')."
    )
    assert not place(run, "made").exists()
    left = place(run, "made").parent
    assert not left.exists() or list(left.rglob("*")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("import sys; sys.exit(3)", "exit code 3", id="an exit code"),
        pytest.param("import sys; sys.exit('no')", "exit code 1", id="a text"),
        pytest.param("import ctypes; ctypes.string_at(0)", "SIGSEGV", id="a crash"),
        pytest.param("import os; os._exit(7)", "exit code 7", id="a hard exit"),
        pytest.param("def f(:", "SyntaxError", id="no Python"),
    ],
)
def test_how_a_script_ended_is_said(script, run_steps, text, said):
    """Exit codes and signals have their names."""
    run = run_steps(script(text))

    assert run.get_status() == "Failed"
    assert said in run.state().error


def test_a_script_gets_nothing_of_the_shell(script, run_steps, place, shell_keys):
    """What workers inherit and what is declared, by value or by reference."""
    told = PipelineData("told")
    declared = {"COLOUR": "blue", "GIVEN": "env:MY_OWN_SETTING"}
    settings = RunConfiguration()
    settings.environment_variables = declared
    text = "import os, sys\nopen(sys.argv[1], 'w').write(' '.join(os.environ))\n"
    run = run_steps(script(text, arguments=[told], outputs=[told], runconfig=settings))

    assert run.get_status() == "Finished", run.state().error
    names = set(place(run, "told").read_text().split())
    assert {*declared, "PATH"} <= names
    assert names.isdisjoint(shell_keys)


def test_zero_is_success(script, run_steps):
    """Also when a script says so."""
    assert run_steps(script("import sys; sys.exit(0)")).get_status() == "Finished"


def test_a_script_that_takes_too_long_is_killed_with_its_children(
    script, run_steps, tmp_path
):
    """The whole process group goes, and the message says after how long."""
    text = f"""
import subprocess, time
child = subprocess.Popen(["sleep", "60"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    started = time.monotonic()
    run = run_steps(script(text, timeout_seconds=1.5))

    assert "took longer than 1.5 s and was killed" in run.state().error
    assert time.monotonic() - started < 30
    assert not alive(int((tmp_path / "child").read_text()))


def test_a_script_that_takes_too_much_memory_says_so(script, run_steps):
    """Python itself refuses it, with the line that asked for it."""
    run = run_steps(script("x = bytearray(300_000_000)", memory_limit="100MB"))

    assert "MemoryError" in run.state().error
    assert "at main.py:1" in run.state().error


def test_processes_of_a_script_that_take_too_much_together_are_killed(
    script, run_steps, tmp_path
):
    """Each keeps to the limit, all of them do not; the message says how much."""
    text = f"""
import subprocess, sys, time
hog = "import time; x = bytearray(b'1' * 50_000_000); time.sleep(60)"
children = [subprocess.Popen([sys.executable, "-c", hog]) for _ in range(4)]
with open({str(tmp_path / "children")!r}, "w") as file:
    print(*(child.pid for child in children), file=file)
time.sleep(60)
"""
    started = time.monotonic()
    run = run_steps(script(text, memory_limit="120MB"))

    assert "more than memory_limit=120 MB, and was killed" in run.state().error
    assert time.monotonic() - started < 30
    pids = (tmp_path / "children").read_text().split()
    assert [pid for pid in pids if alive(int(pid))] == []


def test_each_try_has_its_limit_and_its_log(script, run_steps, tmp_path):
    """Tries that were killed count; what each has printed is kept."""
    flag = tmp_path / "flag"
    text = f"""
import os, sys, time
seen = os.path.exists({str(flag)!r})
print("again" if seen else "first", flush=True)
print("to stderr", file=sys.stderr, flush=True)
open({str(flag)!r}, "w").close()
time.sleep(0 if seen else 60)
"""
    run = run_steps(script(text, timeout_seconds=1.5, max_try=2))
    (step,) = run.get_steps()

    assert run.get_status() == "Finished", run.state().error
    assert step.get_stdout_log().split() == ["first", "again"]
    assert step.get_stderr_log().count("to stderr") == 2
    assert [name for name in step.get_file_names() if "try002" in name]


def test_a_script_finds_parameters_in_variables(script, run_steps, place):
    """Those of its arguments and those of params, as text."""
    rate, said = PipelineParameter("learning-rate", 0.5), PipelineData("said")
    text = """
import os, sys
names = ("AML_PARAMETER_learning_rate", "AML_PARAMETER_depth")
open(sys.argv[1], "w").write(" ".join(os.environ[name] for name in names))
"""
    step = script(text, arguments=[said, rate], outputs=[said], params={"depth": 3})
    run = run_steps(step, pipeline_parameters={"learning-rate": 0.25})

    assert run.get_status() == "Finished", run.state().error
    assert place(run, "said").read_text() == "0.25 3"


def test_a_failed_script_is_in_the_account_of_failures(script, run_steps):
    """It has no items that could have failed: the step says what happened."""
    run = run_steps(script("raise ValueError('no')", "train"))
    (step,) = run.get_steps()

    assert step.failed_items() == run.failed_items() == []
    assert step.get_status() == "Failed"
    assert step.state().error == step.get_details()["error"]["error"]["message"]
    assert "ValueError: no at main.py:1" in step.state().error
    assert step.get_details()["error"]["error"]["message"] in run.state().error


def test_a_script_is_tried_again(script, run_steps, tmp_path, place):
    """As often as it may; each try begins with an empty output."""
    count = tmp_path / "count"
    made = PipelineData("made")
    text = f"""
import os, sys
with open({str(count)!r}, "a") as file:
    file.write("x")
tries = os.path.getsize({str(count)!r})
assert not os.path.exists(sys.argv[1])
os.makedirs(sys.argv[1])
open(os.path.join(sys.argv[1], str(tries)), "w").close()
if tries < 3:
    raise RuntimeError(tries)
"""
    run = run_steps(script(text, arguments=[made], outputs=[made], max_try=3))

    assert run.get_status() == "Finished", run.state().error
    assert names(place(run, "made")) == ["3"]


def test_an_output_configuration_is_a_folder_that_exists(
    script, run_steps, workspace, place
):
    """It needs no entry in outputs, and ends at its destination."""
    store = workspace.get_default_datastore()
    output = OutputFileDatasetConfig("table", destination=(store, "tables/one"))
    text = "import os, sys; open(os.path.join(sys.argv[1], 'a.txt'), 'w').write('a')"
    run = run_steps(script(text, arguments=[output]))

    assert run.get_status() == "Finished", run.state().error
    assert place(run, "table").joinpath("a.txt").read_text() == "a"
    assert place(run, "table").parts[-2:] == ("tables", "one")


def alive(pid):
    """Whether a process runs."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "State:\tZ" not in status


LISTS = """
import os, sys
from pathlib import Path
root = Path(sys.argv[1])
names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
Path(sys.argv[2]).write_text(" ".join(sorted(names)))
"""


@pytest.mark.parametrize(
    ("choose", "seen"),
    [
        pytest.param(str, "a/1 a/2 b/3", id="a folder"),
        pytest.param(
            lambda folder: [str(folder / "a/2"), str(folder / "b/3")],
            "a/2 b/3",
            id="some of its files, as schedules give them",
        ),
        pytest.param(lambda folder: str(folder / "*/9*"), "", id="nothing at all"),
        pytest.param(lambda folder: str(folder / "a/*1"), "1", id="a pattern"),
    ],
)
@pytest.mark.parametrize("mode", ["as_mount", "as_download"])
def test_a_script_sees_the_files_of_its_dataset_and_no_others(
    script, run_steps, place, tmp_path, choose, seen, mode
):
    """Mounted or downloaded: what else is in the folder is not shown."""
    for name in ("a/1", "a/2", "b/3"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    files = Dataset.File.from_files(choose(tmp_path / "in"))
    given = getattr(files.as_named_input("files"), mode)()
    names = PipelineData("names")
    run = run_steps(
        script(LISTS, arguments=[given, names], inputs=[given], outputs=[names])
    )

    assert run.get_status() == "Finished", run.state().error
    assert seen == place(run, "names").read_text()


def test_operations_on_files_choose_too(script, run_steps, place, tmp_path):
    """The first two of three are two; the originals are what is read."""
    for name in ("1", "2", "3"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    given = Dataset.File.from_files(str(tmp_path / "in")).take(2).as_mount()
    names = PipelineData("names")
    run = run_steps(
        script(LISTS, arguments=[given, names], inputs=[given], outputs=[names])
    )

    assert run.get_status() == "Finished", run.state().error
    assert "1 2" == place(run, "names").read_text()
