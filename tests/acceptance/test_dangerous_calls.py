"""D7 and D15: nothing outside of workers turns data into code, and no shell is used."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "azml_pipelines"
MODULES = frozenset({
    "_pickle", "cloudpickle", "code", "codeop", "dill", "joblib", "jsonpickle",
    "marshal", "pickle", "runpy", "shelve", "torch",
})  # fmt: skip
CALLS = frozenset({"compile", "eval", "exec", "execfile", "__import__"})
METHODS = frozenset({
    ("os", "popen"), ("os", "system"), ("pandas", "read_pickle"), ("pd", "read_pickle"),
    ("subprocess", "getoutput"), ("subprocess", "getstatusoutput"),
    ("yaml", "full_load"), ("yaml", "load"), ("yaml", "load_all"),
    ("yaml", "unsafe_load"), ("yaml", "safe_load"),
})  # fmt: skip
# File and what it may do: with the reason.
ALLOWED = {
    ("cli/script.py", "runpy"): "`azml submit FILE.py` runs the user's own script",
}


def dangers(tree: ast.AST) -> set[str]:
    """Return the names of what turns data into code."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.name.partition(".")[0] for alias in names} & MODULES
            case ast.ImportFrom(module=str(module)):
                found |= {module.partition(".")[0]} & MODULES
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                found.add(name)
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                if (module, name) in METHODS:
                    found.add(f"{module}.{name}")
            case ast.keyword(arg="shell", value=value):
                if not (isinstance(value, ast.Constant) and value.value is False):
                    found.add("shell=True")
            case ast.keyword(arg="allow_pickle"):
                found.add("allow_pickle")
    return found


def files() -> list[Path]:
    """Return every file of ours that does not run inside of a worker process."""
    return [
        file
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.relative_to(PACKAGE).parts[0] not in {"worker", "testing"}
    ]


@pytest.mark.parametrize(
    "file", files(), ids=lambda file: str(file.relative_to(PACKAGE))
)
def test_nothing_turns_data_into_code(file):
    """No pickle, no eval, no shell, no YAML loader but our own."""
    name = file.relative_to(PACKAGE).as_posix()
    found = dangers(ast.parse(file.read_text()))

    assert found == {what for place, what in ALLOWED if place == name}


def test_the_search_finds_what_it_looks_for():
    """A search that finds nothing proves nothing."""
    program = (
        "import pickle, subprocess\nfrom joblib import load\neval('1')\nyaml.load(x)\n"
        "subprocess.run('x', shell=True)\nos.system('x')\nnp.load(x, allow_pickle=True)"
    )
    expected = {"pickle", "joblib", "eval", "yaml.load", "shell=True", "os.system",
                "allow_pickle"}  # fmt: skip

    assert expected == dangers(ast.parse(program))


def test_yaml_is_read_in_one_place():
    """By the strict loader."""
    readers = {
        file.relative_to(PACKAGE).as_posix()
        for file in files()
        for node in ast.walk(ast.parse(file.read_text()))
        if (isinstance(node, ast.Import) and any(n.name == "yaml" for n in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("yaml"))
    }

    assert {"strict_yaml.py"} == readers
