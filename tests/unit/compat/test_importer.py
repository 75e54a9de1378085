"""``import azureml…`` in processes of its own: the finder changes the whole process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import azml_pipelines

INSTALL = "from azml_pipelines.compat.importer import install; install()\n"
INSIDE = (
    "from azml_pipelines.compat.importer import install_inside_run; "
    "install_inside_run()\n"
)


@pytest.fixture
def run_python(tmp_path):
    """Run a program in a fresh interpreter; ``tmp_path/site`` is on its path."""

    def run(program, *, install=INSTALL):
        package = Path(azml_pipelines.__file__).parents[1]
        return subprocess.run(
            [sys.executable, "-c", install + textwrap.dedent(program)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}:{package}"},
        )

    return run


def test_names_are_the_same_objects(run_python):
    """Ours and version 1's are one class, from whichever module they come."""
    finished = run_python(
        """
        import azureml.core, azml_pipelines
        from azureml.core import Model, Run, Workspace
        from azureml.core.model import Model as SameModel
        from azureml.core.compute_target import ComputeTargetException
        from azureml.exceptions import ComputeTargetException as Same, AzureMLException
        from azureml_user.parallel_run import EntryScript
        from azml_pipelines.run.model import Model as OurModel
        from azml_pipelines.run.run_context import Run as OurRun

        assert Model is SameModel is OurModel
        assert Run is OurRun
        assert Workspace is azml_pipelines.Workspace
        assert ComputeTargetException is Same
        assert AzureMLException is azml_pipelines.AzmlError
        assert EntryScript is azml_pipelines.EntryScript
        assert azureml.core.VERSION == azml_pipelines.__version__
        """
    )

    assert (finished.returncode, finished.stderr) == (0, "")


def test_sub_modules_are_attributes(run_python):
    """`import azureml.core` is enough for `azureml.core.runconfig`."""
    finished = run_python(
        """
        import azureml.core
        assert azureml.core.runconfig.DEFAULT_CPU_IMAGE
        assert "Workspace" in dir(azureml.core)
        assert "runconfig" in dir(azureml.core)
        """
    )

    assert (finished.returncode, finished.stderr) == (0, "")


def test_what_needs_azure_imports_and_explains_itself(run_python):
    """Scripts import more than they use."""
    finished = run_python(
        """
        from azureml.core.compute import AksCompute
        from azureml.pipeline.steps import AutoMLStep, ModuleStep
        from azureml.train.hyperdrive import choice
        from azml_pipelines.errors import NotAvailableError

        assert not isinstance(1, AksCompute)
        for use in (
            lambda: AutoMLStep(name="x"),
            lambda: AksCompute.provisioning_configuration(),
            lambda: choice(1, 2),
            lambda: ModuleStep(),
        ):
            try:
                use()
            except NotAvailableError as error:
                print(error)
        """
    )

    assert finished.stderr == ""
    assert [line.split(".")[-2].split()[0] for line in finished.stdout.splitlines()]
    assert finished.stdout.splitlines()[0] == (
        "azureml.pipeline.steps.AutoMLStep needs Azure, and this package works without "
        "it. It can be imported, but not used; remove this use."
    )
    assert len(finished.stdout.splitlines()) == 4


def test_exceptions_that_never_happen_can_be_excepted(run_python):
    """`except` lines of version 1 keep working."""
    finished = run_python(
        """
        from azureml.exceptions import AuthenticationException, AzureMLException
        assert issubclass(AuthenticationException, AzureMLException)
        try:
            raise ValueError("mine")
        except AuthenticationException:
            raise SystemExit("wrong one")
        except ValueError:
            pass
        """
    )

    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        pytest.param(
            "from azureml.core import Nonsense",
            "ImportError: cannot import name 'Nonsense'",
            id="name",
        ),
        pytest.param(
            "import azureml.nonsense",
            "ModuleNotFoundError: No module named 'azureml.nonsense'",
            id="module",
        ),
    ],
)
def test_unknown_names_fail_as_everywhere(run_python, program, message):
    """The import system's own errors, with the name in them."""
    assert message in run_python(program).stderr


def test_installing_twice_is_installing_once(run_python):
    """The package alone installs nothing; asking for `compat` does."""
    finished = run_python(
        """
        import sys
        before = list(sys.meta_path)
        import azml_pipelines
        assert sys.meta_path == before
        import azml_pipelines.compat
        from azureml.core import Workspace
        from azml_pipelines.compat.importer import install
        install()
        install(replace=True)
        import azureml.core
        assert len(sys.meta_path) == len(before) + 1
        """,
        install="",
    )

    assert (finished.returncode, finished.stderr) == (0, "")


def test_importing_the_importer_is_light(run_python):
    """It happens in every worker process; so does importing Model and Run."""
    finished = run_python(
        """
        import sys
        from azureml.core import Run
        print(*(n for n in sys.modules if n.partition('.')[0] in {
            'pydantic', 'pandas', 'rich', 'click', 'sqlalchemy', 'networkx', 'dask',
            'fsspec'}))
        """
    )

    assert (finished.stdout.strip(), finished.stderr) == ("", "")


@pytest.fixture
def real_sdk(tmp_path):
    """Something installed under the name of Azure's SDK."""
    package = tmp_path / "site" / "azureml"
    (package / "core").mkdir(parents=True)
    (package / "extra").mkdir()
    (package / "core" / "__init__.py").write_text("VERSION = 'real'\n")
    (package / "extra" / "__init__.py").write_text("ANSWER = 42\n")
    return package


def test_an_installed_sdk_is_not_shadowed(run_python, real_sdk):
    """Whoever has it means it; the error says what to do."""
    finished = run_python("import azureml.core")
    last = finished.stderr.splitlines()[-1]

    assert finished.returncode == 1
    assert "NameTakenError" in last
    assert str(real_sdk) in last


def test_the_names_of_an_installed_sdk_say_that_they_are_taken(run_python, real_sdk):
    """`import azml_pipelines.compat` replaces nothing; `except ImportError` works."""
    finished = run_python(
        """
        import azml_pipelines.compat
        try:
            import azureml.core
        except ImportError as error:
            print(error)
        """,
        install="",
    )

    assert finished.stderr == ""
    assert str(real_sdk) in finished.stdout
    assert "--replace-sdk" in finished.stdout


def test_an_installed_sdk_is_replaced_when_somebody_asks(run_python, real_sdk):
    """What was imported before is imported anew; what we lack stays theirs."""
    finished = run_python(
        """
        import azureml.core
        assert azureml.core.VERSION == "real"
        from azml_pipelines.compat.importer import install
        install(replace=True)
        import azureml.core, azml_pipelines
        from azureml.extra import ANSWER
        assert azureml.core.VERSION == azml_pipelines.__version__
        assert ANSWER == 42
        """,
        install="",
    )

    assert real_sdk.is_dir()
    assert (finished.returncode, finished.stderr) == (0, "")


def test_the_notebook_extension_installs_the_names(run_python):
    """`%load_ext azml_pipelines`, in IPython itself."""
    finished = run_python(
        """
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "azml_pipelines")
        shell.run_cell("from azureml.core import Workspace").raise_error()
        import azml_pipelines
        assert shell.user_ns["Workspace"] is azml_pipelines.Workspace
        """,
        install="",
    )

    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_package_that_only_lives_below_the_name_is_no_sdk(run_python, tmp_path):
    """A plug-in of another tool stays what it is, and the names are ours."""
    plugin = tmp_path / "site" / "azureml" / "mlflow"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text("ANSWER = 42\n")
    finished = run_python(
        """
        import azml_pipelines.compat
        import azml_pipelines, azureml.core
        from azureml.mlflow import ANSWER
        assert azureml.core.VERSION == azml_pipelines.__version__
        assert ANSWER == 42
        """,
        install="",
    )

    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_module_of_that_name_is_somebody_elses(run_python, tmp_path):
    """It is not replaced unasked either."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "azureml.py").write_text("ANSWER = 42\n")
    finished = run_python("import azureml")

    assert "NameTakenError" in finished.stderr


def test_every_name_without_an_object_explains_itself(run_python):
    """All of them can be imported; each says what it is when it is used."""
    finished = run_python(
        """
        from importlib import import_module
        from azml_pipelines.compat.table import EXCEPTIONS, LATER, NEEDS_AZURE
        from azml_pipelines.errors import AzmlError, NotAvailableError
        for dotted in sorted(NEEDS_AZURE | LATER):
            module, _, name = dotted.rpartition(".")
            found = getattr(import_module(module), name)
            for use in (found, lambda: found(1, a=2), lambda: found.attribute):
                try:
                    use()
                except NotAvailableError as error:
                    assert str(error).startswith(dotted), error
                    assert "\\n" not in str(error)
                else:
                    raise SystemExit(dotted)
        for dotted in EXCEPTIONS:
            module, _, name = dotted.rpartition(".")
            assert issubclass(getattr(import_module(module), name), AzmlError)
        """
    )

    assert (finished.returncode, finished.stderr) == (0, "")


def test_inside_of_a_run_ours_wins(run_python, real_sdk):
    """Scripts of a run talk to the run; what we lack still comes from there."""
    finished = run_python(
        """
        import azureml.core, azml_pipelines
        from azureml.extra import ANSWER
        assert azureml.core.VERSION == azml_pipelines.__version__
        assert ANSWER == 42
        """,
        install=INSIDE,
    )

    assert real_sdk.is_dir()
    assert (finished.returncode, finished.stderr) == (0, "")


def test_mltable_is_there_unless_the_real_one_is(run_python, tmp_path):
    """Scripts of version 2 import it; often without a use."""
    program = "import mltable; print(mltable.__spec__.origin, mltable.load.__name__)"
    ours = run_python(program, install=INSIDE)
    (tmp_path / "site").mkdir(exist_ok=True)
    (tmp_path / "site" / "mltable.py").write_text("def load(): pass")
    theirs = run_python(program, install=INSIDE)

    assert ours.stdout == "azml_pipelines.compat read_mltable\n", ours.stderr
    assert theirs.stdout.endswith("mltable.py load\n"), theirs.stderr
