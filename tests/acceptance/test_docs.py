"""The documentation points at things that exist, and leaves no command out."""

from __future__ import annotations

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import azml_pipelines

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((PROJECT / "docs").rglob("*.md")),
]
CLI_PAGE = PROJECT / "docs" / "reference" / "cli.md"


def fenced(page: Path, language: str) -> list[str]:
    """Return the code blocks of ``page`` in ``language``, in order."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, page.read_text(), re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """Return ``page`` without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of ``page``, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def relative_links() -> Iterator[tuple[Path, str]]:
    """Yield every link inside of the project, with the page that holds it."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield ``azml`` and each of its commands, as a user types them."""
    cli = import_module("azml_pipelines.cli.main")
    group = next(
        value for value in vars(cli).values() if isinstance(value, click.Group)
    )
    context = click.Context(group, info_name="azml")
    yield "azml", group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"azml {name}", command


def section(name: str) -> str:
    """Return the text below the heading that names a command."""
    heading = rf"^## `{re.escape(name)}(?: [^`\n]*)?`$(.*?)(?=^## |\Z)"
    found = re.search(heading, CLI_PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return found.group(0) if found else ""


def shell_commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each line that ``page`` tells a reader to type."""
    for block in [*fenced(page, "sh"), *fenced(page, "console")]:
        for line in block.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words:
                yield words


@pytest.mark.parametrize(
    ("page", "target"),
    [
        pytest.param(page, target, id=f"{page.relative_to(PROJECT)} to {target}")
        for page, target in relative_links()
    ],
)
def test_links_lead_somewhere(page, target):
    """A relative link names a file of this project, and a heading in it."""
    path, _, anchor = target.partition("#")
    destination = (page.parent / path).resolve() if path else page

    assert destination.exists()
    assert not anchor or anchor in anchors(destination)


@pytest.mark.parametrize(
    ("name", "command"),
    [pytest.param(name, command, id=name) for name, command in commands()],
)
def test_every_command_is_documented(name, command):
    """`docs/reference/cli.md` has a section per command that names all its options."""
    text = section(name)
    options = {
        option
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in (*parameter.opts, *parameter.secondary_opts)
    }

    assert text
    assert {option for option in options if f"`{option}" not in text} == set()


def test_no_command_is_documented_that_does_not_exist():
    """A command that was removed leaves the page as well."""
    documented = re.findall(r"^## `(azml [a-z-]+)", CLI_PAGE.read_text(), re.MULTILINE)

    assert sorted(name for name, _ in commands() if " " in name) == sorted(documented)


@pytest.mark.parametrize(
    "words",
    [pytest.param(words, id=" ".join(words)) for words in shell_commands(README)],
)
def test_the_readmes_commands_exist(words):
    """What the README tells a reader to type is a target, a command or a file."""
    targets = re.findall(
        r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE
    )
    match words:
        case ["make", target, *_]:
            assert target in targets
        case ["azml", command, *_]:
            assert f"azml {command}" in dict(commands())
        case ["python", script, *_]:
            assert (PROJECT / script).is_file()
        case [program, *_]:
            assert program in {"cd", "git", "pip"}


@pytest.mark.parametrize(
    ("page", "block"),
    [
        pytest.param(page, block, id=f"{page.relative_to(PROJECT)} block {number}")
        for page in PAGES
        for number, block in enumerate(fenced(page, "python"), start=1)
    ],
)
def test_python_in_the_docs_is_python(page, block):
    """Code blocks parse, and import only public names from this package."""
    imported = {
        alias.name
        for node in ast.walk(ast.parse(block, filename=str(page)))
        if isinstance(node, ast.ImportFrom) and node.module == "azml_pipelines"
        for alias in node.names
    }

    assert imported - set(azml_pipelines.__all__) == set()
