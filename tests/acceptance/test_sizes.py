"""Nothing grows too big to be read at once, and no name says nothing."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
FOLDERS = ("azml_pipelines", "benchmarks", "chaos", "samples", "steps", "tests")

FILE_LINES = 400
CLASS_LINES = 250
FUNCTION_LINES = 50
PARAMETERS = 7
EMPTY_NAMES = frozenset({"base", "common", "core", "helper", "misc", "util"})

# "Class.method" or "function" -> why it may take more than seven parameters.
MANY_PARAMETERS = {
    "AmlCompute.provisioning_configuration": "version 1's signature",
    "CommandStep.__init__": "version 1's signature",
    "DataTransferStep.__init__": "version 1's signature, and ours for conditions",
    "Datastore.register_azure_blob_container": "version 1's signature",
    "Datastore.register_azure_data_lake_gen2": "version 1's signature",
    "Datastore.register_azure_file_share": "version 1's signature",
    "Model.__init__": "version 1's signature",
    "Model.list": "version 1's signature",
    "Model.register": "version 1's signature",
    "ParallelRunConfig.__init__": "version 1's signature",
    "ParallelRunStep.__init__": "version 1's signature, and ours for conditions",
    "Pipeline.submit": "version 1's signature",
    "PipelineDraft.create": "version 1's signature",
    "PipelineData.__init__": "version 1's signature",
    "PythonScriptStep.__init__": "version 1's signature",
    "Schedule.create": "version 1's signature",
    "Schedule.create_for_pipeline_endpoint": "version 1's signature",
    "Schedule.update": "version 1's signature",
    "ScheduleRecurrence.__init__": "version 1's signature",
    "ScriptRunConfig.__init__": "version 1's signature",
    "TabularDatasetFactory.from_delimited_files": "version 1's signature",
    "TabularDatasetFactory.register_pandas_dataframe": "version 1's signature",
    "Workspace.create": "version 1's signature",
}


class Definition(NamedTuple):
    """A class or a function, with the name that says where it stands."""

    file: Path
    name: str
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def lines(self) -> int:
        """From the first line of the signature to the last of the body."""
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1

    @property
    def place(self) -> str:
        """File, line and name, the way editors open them."""
        return f"{self.file.relative_to(PROJECT)}:{self.node.lineno} {self.name}"


def python_files() -> Iterator[Path]:
    """Yield every Python file that somebody may have to read."""
    for folder in FOLDERS:
        yield from sorted((PROJECT / folder).rglob("*.py"))


def definitions(file: Path) -> Iterator[Definition]:
    """Yield the classes and functions of ``file``, inner ones included."""

    def below(node: ast.AST, prefix: str) -> Iterator[Definition]:
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{prefix}{child.name}"
                yield Definition(file, name, child)
                name += "."
            yield from below(child, name)

    return below(ast.parse(file.read_text()), "")


def functions() -> Iterator[Definition]:
    """Yield the functions and methods of the whole project."""
    for file in python_files():
        for definition in definitions(file):
            if not isinstance(definition.node, ast.ClassDef):
                yield definition


def parameters(definition: Definition) -> int:
    """Count what a caller may give; ``self`` and ``cls`` are not given."""
    arguments = definition.node.args
    names = [
        argument.arg
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    ]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def test_files_fit_in_a_head():
    """No file is longer than 400 lines."""
    too_long = {
        str(file.relative_to(PROJECT)): count
        for file in python_files()
        if (count := len(file.read_text().splitlines())) > FILE_LINES
    }

    assert too_long == {}


def test_classes_fit_on_a_few_screens():
    """No class is longer than 250 lines."""
    too_long = {
        definition.place: definition.lines
        for file in python_files()
        for definition in definitions(file)
        if isinstance(definition.node, ast.ClassDef) and definition.lines > CLASS_LINES
    }

    assert too_long == {}


def test_functions_fit_on_a_screen():
    """No function is longer than 50 lines."""
    too_long = {
        definition.place: definition.lines
        for definition in functions()
        if definition.lines > FUNCTION_LINES
    }

    assert too_long == {}


def test_signatures_can_be_remembered():
    """No function takes more than seven parameters, unless version 1's does."""
    too_many = {
        definition.place: count
        for definition in functions()
        if (count := parameters(definition)) > PARAMETERS
        and definition.name not in MANY_PARAMETERS
    }

    assert too_many == {}


def test_every_exception_is_still_needed():
    """A name on the list of exceptions exists and takes more than seven parameters."""
    needed = {
        definition.name
        for definition in functions()
        if parameters(definition) > PARAMETERS
    }

    assert set(MANY_PARAMETERS) - needed == set()


def test_names_say_what_is_inside():
    """No file or folder is called utils, helpers, common, base, misc or core."""
    empty = [
        str(path.relative_to(PROJECT))
        for folder in FOLDERS
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in {"", ".py"}
        and EMPTY_NAMES & {word.removesuffix("s") for word in path.stem.split("_")}
    ]

    assert empty == []
