"""An entry script is loaded and called the way version 1 does (v1-surface 22)."""

from __future__ import annotations

import pytest

from azml_pipelines.worker.entry import EntryError, MiniBatchContext
from azml_pipelines.worker.script_entry import ScriptEntry

CONTEXT = MiniBatchContext(41, attempt=2)


@pytest.fixture
def load(node_start):
    """Load a script given as text, up to the end of its ``init()``."""

    def load(script, name="score.py"):
        entry = ScriptEntry(node_start(script, name))
        entry.init()
        return entry

    return load


def test_a_script_needs_only_run(load):
    """Neither ``init()`` nor ``shutdown()`` has to be there."""
    entry = load("def run(mini_batch): return mini_batch[:1]")

    assert entry.run(["a", "b"], CONTEXT) == ["a"]
    assert entry.shutdown() is None


def test_globals_of_init_persist(load):
    """What ``init()`` has loaded is there in every call, and it is called once."""
    entry = load(
        "calls = 0\n"
        "def init():\n"
        "    global calls\n"
        "    calls += 1\n"
        "def run(mini_batch): return [calls]\n"
    )

    assert [[1], [1]] == [entry.run([], CONTEXT) for _ in range(2)]


def test_shutdown_is_called(load):
    """Clean-up happens in the script's own module."""
    entry = load(
        "log = []\n"
        "def run(mini_batch): return log\n"
        "def shutdown(): log.append('shut down')\n"
    )
    entry.shutdown()

    assert entry.run([], CONTEXT) == ["shut down"]


@pytest.mark.parametrize(
    ("definition", "gets_context"),
    [
        pytest.param("def run(mini_batch)", False, id="one parameter"),
        pytest.param("def run(mini_batch, context)", True, id="two"),
        pytest.param("def run(a, anything)", True, id="the name does not matter"),
        pytest.param("def run(a, b, c=1)", True, id="a third one with a default"),
        pytest.param("def run(a, b=None)", False, id="a default is the script's own"),
        pytest.param("def run(a, *, b=None)", False, id="keyword only"),
        pytest.param("def run(*arguments)", False, id="any number"),
        pytest.param("def run(a, *rest)", False, id="one and any number"),
        pytest.param("def run(a, **options)", False, id="keywords"),
        pytest.param("def run(a, b, /)", True, id="positional only"),
    ],
)
def test_the_context_goes_to_those_who_take_it(load, definition, gets_context):
    """A second positional parameter, whatever its name, gets the context."""
    entry = load(f"{definition}: return [locals()]")
    found = entry.run(["item"], CONTEXT)[0]

    assert gets_context == (CONTEXT in found.values())


def test_the_context_knows_its_mini_batch(load):
    """Its index, its attempt (ours), and no partition."""
    entry = load(
        "def run(mini_batch, context):\n"
        "    return [context.minibatch_index, context.mini_batch_id,\n"
        "            context.attempt, context.partition_key_value]\n"
    )

    assert entry.run([], CONTEXT) == [41, 41, 2, None]


def test_run_may_be_any_callable(load):
    """An object with ``__call__`` or a built-in will do."""
    made = load("class Model:\n    def __call__(self, x): return x\nrun = Model()")
    built_in = load("run = sorted")

    assert made.run([2, 1], CONTEXT) == [2, 1]
    assert built_in.run([2, 1], CONTEXT) == [1, 2]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param("", "needs a function run.*no function", id="empty"),
        pytest.param("run = 5", "needs a function run", id="no function"),
        pytest.param(
            "def rum(mini_batch): pass", "found: rum .*instead of rum", id="a slip"
        ),
        pytest.param("def run(): pass", r"run\(\) cannot be called", id="none"),
        pytest.param("def run(a, b, c): pass", r"run\(a, b, c\) cannot", id="three"),
        pytest.param("def run(*, a): pass", "cannot be called", id="by name only"),
        pytest.param("async def run(a): pass", r"run\(\) is async", id="async run"),
        pytest.param(
            "def run(a): pass\nasync def init(): pass",
            r"init\(\) is async",
            id="async init",
        ),
        pytest.param(
            "def run(a): pass\nasync def shutdown(): pass",
            r"shutdown\(\) is async",
            id="async shutdown",
        ),
    ],
)
def test_a_script_that_cannot_be_called(load, script, message):
    """The message names the script, what it has and what it needs."""
    with pytest.raises(EntryError, match=f"score.py.*{message}"):
        load(script)


def test_what_the_script_raises_comes_out(load):
    """Import errors and errors of ``init()`` are the user's own."""
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        load("import no_such_module")
    with pytest.raises(SyntaxError):
        load("def run(mini_batch) return 1")
    with pytest.raises(ZeroDivisionError):
        load("def init(): 1 / 0\ndef run(mini_batch): pass")


def test_a_missing_script(node_start):
    """Its path is named."""
    with pytest.raises(FileNotFoundError, match=r"score\.py"):
        ScriptEntry(node_start(None)).init()


def test_a_script_that_is_no_python_file(load):
    """The message says what is expected."""
    with pytest.raises(EntryError, match=r"ends in \.py"):
        load("def run(mini_batch): pass", name="score.txt")


def test_run_before_init(node_start):
    """A mistake of ours has a name too."""
    with pytest.raises(EntryError, match=r"before init\(\)"):
        ScriptEntry(node_start("def run(mini_batch): pass")).run([], CONTEXT)


def test_neighbours_can_be_imported(load, source):
    """Modules and packages beside the script, at import and later."""
    (source / "neighbour.py").write_text("NAME = 'neighbour'")
    (source / "package").mkdir()
    (source / "package" / "inner.py").write_text("NAME = 'inner'")
    entry = load(
        "import neighbour\n"
        "def run(mini_batch):\n"
        "    from package.inner import NAME\n"
        "    return [neighbour.NAME, NAME]\n"
    )

    assert entry.run([], CONTEXT) == ["neighbour", "inner"]


def test_the_script_knows_its_place(load, source):
    """``__file__`` is real, and ``__name__`` is that of the file."""
    entry = load("def run(mini_batch): return [__file__, __name__]", "my-score.py")

    assert entry.run([], CONTEXT) == [str(source / "my-score.py"), "my-score"]


def test_a_script_in_a_subfolder(load, source):
    """It sees the source directory, as everything does."""
    (source / "beside.py").write_text("NAME = 1")
    entry = load("import beside\ndef run(x): return [__file__]", "deep/score.py")

    assert entry.run([], CONTEXT) == [str(source / "deep" / "score.py")]


def test_classes_of_the_script_can_be_pickled(load):
    """The module is known under its name, as pickle wants it."""
    entry = load(
        "import pickle\n"
        "class Thing: pass\n"
        "def run(x): return [type(pickle.loads(pickle.dumps(Thing()))) is Thing]\n"
    )

    assert entry.run([], CONTEXT) == [True]
