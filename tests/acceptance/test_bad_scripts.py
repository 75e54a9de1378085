"""Faults of entry scripts that are seen at submission, before anything is written."""

from __future__ import annotations

import pytest

from azml_pipelines.errors import DeclarationError

RUN = "run(mini_batch)"
FAULTS = {
    "an empty file": ("", RUN),
    "only a comment": ("# later", RUN),
    "no run": ("def init(): pass", f"{RUN}; found: init"),
    "a misspelt run": ("def runn(b): return b", "did you mean run instead of runn"),
    "run inside of a class": ("class A:\n    def run(self, b): return b", RUN),
    "run inside of a function": ("def main():\n    def run(b): return b", RUN),
    "an async run": ("async def run(b): return b", "async"),
    "a generator": ("def run(b):\n    for x in b:\n        yield x", "generator"),
    "yield from": ("def run(b):\n    yield from b", "generator"),
    "no argument": ("def run(): return []", "run() cannot be called"),
    "three arguments": ("def run(a, b, c): return a", "run(a, b, c) cannot be called"),
    "a needed keyword": ("def run(b, *, c): return b", "cannot be called"),
    "only keywords": ("def run(*, b): return b", "cannot be called"),
    "only options": ("def run(**b): return b", "cannot be called"),
    "an init with arguments": ("def init(a): pass\ndef run(b): return b", "init(a)"),
    "an async init": (
        "async def init(): pass\ndef run(b): return b",
        "init() is async",
    ),
    "an async shutdown": ("def run(b): return b\nasync def shutdown(): pass", "async"),
    "a generator as init": ("def init(): yield\ndef run(b): return b", "generator"),
    "a missing bracket": ("def run(b:\n    return b", "score.py:1:8: SyntaxError"),
    "a wrong indentation": ("def run(b):\nreturn b", "score.py:2:1: SyntaxError"),
    "Python 2": ("def run(b):\n    print 'x'", "score.py:2:5: SyntaxError"),
    "an open string": ("x = 'abc", "score.py:1:5: SyntaxError"),
    "null characters": ("def run(b): return b\0", "not Python"),
    "another encoding": (b"# coding: nothing\ndef run(b): return b", "not Python"),
    "bytes": (b"\xff\xfe\x00\x01", "not Python"),
    "nested too deeply": ("x = " + "(" * 5000, "not Python"),
    "a long line": ("x = " + "1 +" * 9999, "not Python"),
    "too large": ("#" + "x" * 6_000_000, "5 MB"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(kit, refused, fault):
    """One line with the script, its line where there is one, and what is wanted."""
    content, said = FAULTS[fault]
    script = kit.root / "scripts" / "score.py"
    before = script.read_bytes()
    script.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        message = refused(
            lambda kit: kit.submit(), "entry_script='score.py'", None, said
        )
    finally:
        script.write_bytes(before)

    assert said in message


FINE = {
    "plain": "def run(b): return b",
    "with the context": "def run(b, context): return b",
    "with a default": "def run(b, context=None): return b",
    "many defaults": "def run(b, c=1, d=2, *, e=3): return b",
    "any arguments": "def run(*b): return b",
    "by place only": "def run(b, /): return b",
    "a lambda": "run = lambda b: b",
    "an object": "run = Model().predict",
    "imported": "from model import run",
    "imported as run": "from model import predict as run",
    "everything imported": "from model import *",
    "one of two": "try:\n    from fast import run\nexcept:\n    def run(b): return b",
    "by condition": "if True:\n    def run(b): return b",
    "decorated": "@cached\nasync def run(): yield",
    "made at run time": "exec('def run(b): return b')",
    "made global": "def init():\n    global run\n    run = print",
    "a generator inside": "def run(b):\n  def each():\n    yield 1\n  return each()",
    "overwritten": "async def run(): pass\nrun = print",
    "a byte order mark": "\ufeffdef run(b): return b",
    "a match": "match 1:\n    case 1:\n        def run(b): return b",
}


@pytest.mark.parametrize("script", FINE)
def test_what_may_work_is_left_to_the_worker(kit, script):
    """Nobody is refused who only might be wrong."""
    file = kit.root / "scripts" / "score.py"
    before = file.read_bytes()
    file.write_text(FINE[script])
    try:
        assert kit.plan().steps
    finally:
        file.write_bytes(before)


def test_nothing_of_a_script_runs(kit, tmp_path):
    """It is read, not imported."""
    canary = tmp_path / "canary"
    script = kit.root / "scripts" / "score.py"
    before = script.read_bytes()
    script.write_text(f"open({str(canary)!r}, 'w')\ndef run(b): return b")
    try:
        kit.plan()
    finally:
        script.write_bytes(before)

    assert not canary.exists()


def test_a_link_out_of_the_source_directory(kit, tmp_path, refused):
    """Only what is inside is copied."""
    (tmp_path / "elsewhere.py").write_text("def run(b): return b")
    link = kit.root / "scripts" / "link.py"
    link.symlink_to(tmp_path / "elsewhere.py")
    try:
        message = refused(
            lambda kit: kit.plan(config={"entry_script": "link.py"}),
            "entry_script='link.py'",
            None,
            "inside",
        )
    finally:
        link.unlink()

    assert "inside" in message


def test_a_script_that_is_no_python_file(kit, refused):
    """Its name has to end in .py."""
    other = kit.root / "scripts" / "score.txt"
    other.write_text("def run(b): return b")
    try:
        message = refused(
            lambda kit: kit.plan(config={"entry_script": "score.txt"}),
            "entry_script='score.txt'",
            None,
            ".py",
        )
    finally:
        other.unlink()

    assert "in .py" in message


@pytest.mark.parametrize("name", ["random.py", "json/__init__.py"])
def test_a_neighbour_hides_a_module(kit, name):
    """That is allowed, and the reason of the strangest errors."""
    hiding = kit.root / "scripts" / name
    hiding.parent.mkdir(exist_ok=True)
    hiding.touch()
    try:
        with pytest.warns(UserWarning, match="hides a module"):
            kit.plan()
    finally:
        hiding.unlink()
        if hiding.parent.name == "json":
            hiding.parent.rmdir()


def test_a_script_edited_after_the_declaration(kit):
    """It is read again at every submission."""
    step = kit.step()
    script = kit.root / "scripts" / "score.py"
    before = script.read_bytes()
    script.write_text("def runn(b): return b")
    try:
        with pytest.raises(DeclarationError, match="did you mean run"):
            kit.plan()
    finally:
        script.write_bytes(before)

    assert step.name == "score-texts"
