"""What an entry script's text says before anybody runs it. Nothing is imported.

Only what is wrong for certain is refused: a decorator, a star import or ``exec`` may
make a ``run()`` that nobody sees here. The worker looks again, at the real function.
"""

from __future__ import annotations

import ast
import difflib
import sys
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["check_entry_script"]

_MOST_BYTES = 5 * 1024 * 1024
_MOST_ARGUMENTS = 2
_SOURCE_LINE = 60
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_MAKES_NAMES = frozenset({"exec", "globals", "setattr", "__import__", "vars"})


def check_entry_script(step: str, folder: Path, entry_script: str) -> None:
    """Refuse a script that cannot work, and warn about names that hide a module.

    Args:
        step: Name of the step, for the message.
        folder: The source directory.
        entry_script: Relative to ``folder``; it exists.

    Raises:
        DeclarationError: It is no Python file, lies outside of the folder, cannot be
            read or parsed, or has no ``run()`` that a mini-batch can be given to.
    """
    what = f"Step {shown(step)}: entry_script={shown(entry_script)}"
    script = folder / entry_script
    if not script.resolve().is_relative_to(folder.resolve()):
        msg = (
            f"{what} is a link out of {shown(str(folder))}. Give a file inside of "
            "source_directory: only that is copied."
        )
        raise DeclarationError(msg)
    if script.suffix != ".py":
        msg = f"{what} is not allowed. Give a Python file, whose name ends in .py."
        raise DeclarationError(msg)
    problem = _problem(_parsed(what, script))
    if problem is not None:
        msg = f"{what} {problem}"
        raise DeclarationError(msg)
    _warn_of_hidden_modules(step, folder)


def _parsed(what: str, script: Path) -> ast.Module:
    try:
        with script.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        msg = f"{what} cannot be read: {error.strerror}. Give a readable file."
        raise DeclarationError(msg) from error
    if len(content) > _MOST_BYTES:
        msg = f"{what} is larger than 5 MB. Give a Python file; data belongs elsewhere."
        raise DeclarationError(msg)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the script's own affair
            return ast.parse(content, filename=script.name)
    except SyntaxError as error:
        line = shown((error.text or "").strip(), _SOURCE_LINE)[1:-1]
        place = f"{script.name}:{error.lineno or 1}:{error.offset or 1}"
        reason = shown(error.msg, _SOURCE_LINE)[1:-1]
        msg = f"{what} is not Python: {place}: SyntaxError: {reason}: {line}"
        raise DeclarationError(msg) from error
    except (ValueError, RecursionError, MemoryError) as error:
        reason = shown(str(error) or "nested too deeply", _SOURCE_LINE)[1:-1]
        msg = f"{what} is not Python: {reason}. Give a file that Python can read."
        raise DeclarationError(msg) from error


@dataclass
class _Names:
    """What a module binds at its top level."""

    functions: dict[str, _Function] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """Classes, variables, imports."""
    dynamic: bool = False
    """More names may come from where nobody sees them."""


def _problem(module: ast.Module) -> str | None:
    names = _names(module)
    if "run" not in names.functions and "run" not in names.others:
        if names.dynamic:
            return None
        close = difflib.get_close_matches("run", names.functions, n=1, cutoff=0.4)
        hint = f" (did you mean run instead of {close[0]}?)" if close else ""
        found = listed(sorted(names.functions)) if names.functions else "no function"
        return f"needs a function run(mini_batch); found: {found}{hint}."
    for name in ("run", "init", "shutdown"):
        function = names.functions.get(name)
        if function is None or function.decorator_list or name in names.others:
            continue
        problem = _problem_of(name, function)
        if problem is not None:
            return problem
    return None


def _problem_of(name: str, function: _Function) -> str | None:
    where = f"line {function.lineno}: {name}()"
    if isinstance(function, ast.AsyncFunctionDef):
        return f"{where} is async; expected a plain function, {_wanted(name)}."
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _body(function)):
        return f"{where} is a generator; expected a function that returns its result."
    needed, most = _argument_counts(function)
    # run() gets one argument or two, the others none.
    possible = (1, _MOST_ARGUMENTS) if name == "run" else (0,)
    if any(needed <= count <= most for count in possible):
        return None
    arguments = shown(ast.unparse(function.args), _SOURCE_LINE)[1:-1]
    return (
        f"line {function.lineno}: {name}({arguments}) cannot be called; expected "
        f"{_wanted(name)}."
    )


def _wanted(name: str) -> str:
    if name == "run":
        return "run(mini_batch) or run(mini_batch, context)"
    return f"{name}()"


def _argument_counts(function: _Function) -> tuple[float, float]:
    """Return how many arguments are needed and how many fit, given by place."""
    arguments = function.args
    places = len(arguments.posonlyargs) + len(arguments.args)
    needed: float = places - len(arguments.defaults)
    if any(default is None for default in arguments.kw_defaults):
        needed = float("inf")  # nobody gives it by name
    most = float("inf") if arguments.vararg else places
    return needed, most


def _body(function: _Function) -> Iterator[ast.AST]:
    """Walk through a function, and not into those that it defines."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _Function | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _names(module: ast.Module) -> _Names:
    names = _Names()
    for node in _statements(module.body):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names.functions[node.name] = node
                names.others.discard(node.name)
            case ast.ClassDef():
                names.others.add(node.name)
            case ast.ImportFrom() | ast.Import():
                for alias in node.names:
                    names.dynamic |= alias.name == "*"
                    names.others.add((alias.asname or alias.name).partition(".")[0])
            case _:
                names.others |= {
                    child.id
                    for child in ast.walk(node)
                    if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
                }
    names.dynamic |= any(
        (isinstance(node, ast.Global) and "run" in node.names)
        or (isinstance(node, ast.Name) and node.id in _MAKES_NAMES)
        for node in ast.walk(module)
    )
    return names


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, also those inside of if, try and with."""
    for statement in body:
        yield statement
        if isinstance(statement, _Function | ast.ClassDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, name, []))
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body)
        for case in getattr(statement, "cases", []):
            yield from _statements(case.body)


def _warn_of_hidden_modules(step: str, folder: Path) -> None:
    hiding = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.name.removesuffix(".py") in sys.stdlib_module_names
        and (entry.suffix == ".py" or (entry / "__init__.py").is_file())
    )
    if hiding:
        warnings.warn(
            f"Step {shown(step)}: {listed(hiding)} in source_directory hides a module "
            "of Python's standard library from every script there. Rename it.",
            stacklevel=2,
        )
