"""YAML that surprises, explodes or lies: refused with its place, in no time (D10)."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import pytest

from azml_pipelines import CondaDependencies, ParallelRunConfig
from azml_pipelines.strict_yaml import MAX_BYTES, MAX_NODES, dump, load_text

GOOD = """\
parallel_run_config:
  entry_script: score.py
  error_threshold: -1
  output_action: append_row
  node_count: 1
  environment: {name: scoring}
"""

CHANGES = {
    "a duplicate key": (
        "  node_count: 2\n",
        ":7:3: the key 'node_count' is there already",
    ),
    "an octal number": ("  run_max_try: 010\n", ":7:16: some programs read '010' as"),
    "a word that is a boolean": (
        "  description: no\n",
        ":7:16: some programs read 'no'",
    ),
    "a time": ("  description: 12:30:00\n", "seconds; quote it"),
    "an exponent": ("  mini_batch_size: 1e3\n", "quote it"),
    "an underscore": ("  run_max_try: 1_0\n", "quote it"),
    "an anchor": ("  description: &a x\n", ":7:16: anchor &a is not accepted"),
    "an alias": ("  description: *a\n", ":7:16: alias *a is not accepted"),
    "a merge key": ("  <<: {a: 1}\n", ":7:3: the merge key << is not accepted"),
    "a tag": ("  description: !!python/object/apply:os.system [x]\n", "tag"),
    "a local tag": ("  description: !x y\n", "tag '!x' is not accepted"),
    "a second document": ("---\na: 1\n", ":7:1: a second document"),
    "a tab": ("\tdescription: x\n", "is not YAML"),
    "an open list": ("  description: [x\n", "is not YAML"),
    "a null character": ("  description: \0\n", "is not YAML"),
    "a key that is a number": ("  5: x\n", ":7:3: the key 5 is not text"),
    "a key that is a list": ("  ? [a]\n  : b\n", "is not text"),
    "an unknown key": (
        "  run_max_tri: 3\n",
        "unknown key. Did you mean 'run_max_try'?",
    ),
    "a key of no meaning": ("  zzz: 3\n", "parallel_run_config.zzz: unknown key."),
    "a wrong size": ("  mini_batch_size: 5 files\n", "mini_batch_size='5 files'"),
    "a boolean size": ("  mini_batch_size: true\n", "mini_batch_size='True'"),
    "a list of tries": ("  run_max_try: [3]\n", "run_max_try=[3]"),
    "tries as text": ("  run_max_try: '3'\n", "run_max_try='3'"),
    "no timeout": ("  run_invocation_timeout: .inf\n", "run_invocation_timeout=inf"),
    "variables as a list": (
        "  environment_variables: [A]\n",
        "environment_variables=['A']",
    ),
    "an unknown compute": (
        "  compute_target_name: moon\n",
        "compute_target_name 'moon'",
    ),
    "a long name": (f"  {'x' * 5000}: 1\n", "not YAML"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_configuration(kit, refused, tmp_path, change):
    """The file, the place or the key, and what is wrong."""
    addition, said = CHANGES[change]
    file = tmp_path / "config.yml"
    file.write_text(GOOD + addition)

    message = refused(
        lambda kit: ParallelRunConfig.load_yaml(kit.workspace, file), "", None, said
    )

    assert said in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfea\x00:\x00", "is not UTF-8", id="UTF-16"),
        pytest.param(b"", "no 'parallel_run_config'", id="nothing"),
        pytest.param(b"[]", "no 'parallel_run_config'", id="a list"),
        pytest.param(
            b"parallel_run_config: 5", "no 'parallel_run_config'", id="a number"
        ),
        pytest.param(b"parallel_run_config: {}", "lacks entry_script", id="no keys"),
        pytest.param(b"a" * (MAX_BYTES + 1), "1 MB", id="too large"),
        pytest.param(None, "cannot be read", id="missing"),
    ],
)
def test_no_configuration(kit, refused, tmp_path, content, said):
    """A file of something else is said to be one."""
    file = tmp_path / "config.yml"
    if content is not None:
        file.write_bytes(content)

    message = refused(
        lambda kit: ParallelRunConfig.load_yaml(kit.workspace, file),
        "config.yml",
        None,
        said,
    )

    assert said in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "dependencies: [python=3.11, --evil]", "no package", id="an option"
        ),
        pytest.param(
            "dependencies: [{pip: [--evil=x]}]", "pip_option", id="pip's option"
        ),
        pytest.param("dependencies: 5", "dependencies", id="a number"),
        pytest.param("dependencies: []\ndependencies: []", "already", id="twice"),
        pytest.param("- a", "no conda file", id="a list"),
    ],
)
def test_conda_files(refused, tmp_path, text, said):
    """A conda file is read just as strictly, and can smuggle no option in."""
    file = tmp_path / "conda.yml"
    file.write_text(text)

    message = refused(lambda _: CondaDependencies(str(file)), "", None, said)

    assert said in message


def test_what_is_written_is_read_again():
    """Text that looks like something else comes back as text."""
    content = {
        text: text
        for text in ("010", "yes", "No", "1e3", "12:30:00", "1_0", "~", "null", "<<",
                     "=", "env:X", "a: b", "#x", " x ", "", "1.0", "true", "x\ny",
                     "2024-01-01")
    } | {"numbers": [1, -2, 1.5, True, None], "shared": [[1]] * 2}  # fmt: skip
    shared = {"a": 1}
    content["twice"] = [shared, shared]

    assert content == load_text(dump(content))


BOMBS = {
    "aliases": "a: &a [x,x]\n" + "".join(f"b{i}: &b{i} [*a,*a]\n" for i in range(40)),
    "merge keys": "a: &a {x: 1}\n" + "b: &b {<<: [*a,*a]}\n" * 30,
    "a merge key alone": "<<: x",
    "brackets": "[" * 500_000,
    "braces": "{" * 500_000,
    "braces with keys": "{a: " * 200_000,
    "dashes": "- " * 400_000,
    "question marks": "? " * 400_000,
    "closed brackets": "[" * 5000 + "]" * 5000,
    "many values": "- 1\n" * 200_000,
    "many keys": "".join(f"k{i}: 1\n" for i in range(80_000)),
    "many values on a line": "[" + "1," * 400_000 + "]",
    "many colons": ":" * 900_000,
    "key after key": "a: " * 300_000,
    "anchors": "&a " * 300_000,
    "one anchor": "&" + "a" * 900_000 + " x",
    "tags": "!x " * 300_000,
    "one tag": "!" + "x" * 900_000 + " y",
    "python": "!!python/object/apply:os.system ['touch /tmp/never']",
    "a long number": "x: " + "9" * 900_000,
    "a long float": "x: " + "9" * 400_000 + "." + "9" * 400_000,
    "a long time": "x: " + "1:" * 300_000 + "1",
    "a long octal": "x: 0" + "1" * 900_000,
    "documents": "---\n" * 200_000,
    "directives": "%TAG ! x\n" * 90_000,
    "quotes": "'" * 900_001,
    "escapes": '"' + "\\x" * 400_000,
    "too large": "x" * 2_000_000,
    "a folded text without end": "> " + "\n x" * 300_000 + "\n\tx: [",
    "flow in flow": "{a: [" * 100_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(refused, bomb):
    """Thirty bombs: each is refused on one line within half a second."""
    text = BOMBS[bomb]
    start = time.perf_counter()
    refused(lambda _: load_text(text, "bomb.yml"), "bomb.yml", None, "")

    assert time.perf_counter() - start < 0.5
    assert len(BOMBS) == 30


def test_bombs_need_little_memory(tmp_path):
    """All thirty together stay below 100 MB above an empty process."""
    program = """
        import json, resource, sys
        from azml_pipelines.strict_yaml import load_text
        load_text("a: 1")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for text in json.load(open(sys.argv[1])):
            try:
                load_text(text)
            except ValueError:
                pass
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """
    import json

    file = tmp_path / "bombs.json"
    file.write_text(json.dumps(list(BOMBS.values())))
    printed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(file)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert int(printed) < 100


def test_the_limits_leave_room():
    """Nobody writes a configuration that is near them."""
    assert load_text("- 1\n" * (MAX_NODES - 1))
