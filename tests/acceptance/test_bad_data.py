"""Bad datasets, datastores, references, compute targets, packages and run ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    AmlCompute,
    ComputeTarget,
    CondaDependencies,
    DataPath,
    DataReference,
    Dataset,
    DatasetConsumptionConfig,
    Datastore,
    PipelineParameter,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NAN = float("nan")
HUGE = "x" * 2**20
SURROGATE = "a\udc80b"
CONTROL = "a\x1b[31m\r\nb"


class Evil:
    """An object that does not want to be shown."""

    def __repr__(self):
        raise RuntimeError("no text for you")


def table_cases() -> Iterator[tuple]:
    """Arguments of ``from_delimited_files``."""
    delimited = Dataset.Tabular.from_delimited_files
    wrong = {
        "path": ("path", [None, [], 5, b"x", {}, "", [None], "https://a/b.csv", "s3://b/k",
                          "nope://b/k", "file://host/x", "a\0b", SURROGATE, "a/**b",
                          Evil()]),
        "separator": ("one character", ["", ",,", "\n", '"', None, 5, b",", HUGE]),
        "header": ("True, False", ["yes", None, 5, b"x", HUGE, Evil()]),
        "encoding": ("utf8", ["utf-9", "", None, 5, b"utf8", HUGE, []]),
        "partition_format": ("partition_format", ["{a", "x", "{a:MM}", 5, "{Path}"]),
    }  # fmt: skip
    for field, (accepted, values) in wrong.items():
        for value in values:
            yield (
                field,
                None,
                accepted,
                lambda kit, f=field, v=value: delimited(
                    **{"path": str(kit.root / "table.csv"), f: v}
                ),
            )
    for value in ["nothing-*.csv", "empty.csv", "nowhere/x.csv"]:
        yield value[:5], None, "path", lambda kit, v=value: delimited(str(kit.root / v))


def place_cases() -> Iterator[tuple]:
    """Places on datastores, and what is looked up by name."""
    for path in ["../x", "a/../../x"]:
        yield (
            path,
            path,
            "datastore's root",
            lambda kit, p=path: Dataset.File.from_files(
                (kit.workspace.get_default_datastore(), p)
            ),
        )
    for path in [None, 5, b"x", "/nowhere/at/all", "", HUGE, SURROGATE, "a\0b", Evil()]:
        yield (
            "path",
            None,
            "folder",
            lambda kit, p=path: Datastore.register_local_folder(
                kit.workspace, "here", p
            ),
        )
    for name in ["", "a/b", "..", "../x", HUGE, CONTROL, None, 5, b"x"]:
        yield (
            "container",
            name,
            "letters",
            lambda kit, n=name: Datastore.register_azure_blob_container(
                kit.workspace, "blobs", n, "account"
            ),
        )
    for name in ["nothere", "", HUGE, CONTROL, SURROGATE, 5, b"x", Evil()]:
        yield (
            "atastore",
            name,
            "workspaceblobstore",
            lambda kit, n=name: Datastore.get(kit.workspace, n),
        )
        yield (
            "dataset",
            name,
            "",
            lambda kit, n=name: Dataset.get_by_name(kit.workspace, n),
        )
        yield "run", name, "azml runs", lambda kit, n=name: kit.workspace.get_run(n)


def use_cases() -> Iterator[tuple]:
    """How data is used, and on which compute."""
    for name in ["nowhere", "", "-", CONTROL, SURROGATE, 5, b"x"]:
        yield (
            "compute target",
            name,
            "local",
            lambda kit, n=name: ComputeTarget(kit.workspace, n),
        )
    for version in [0, -1, "two", 1.5, True, None, HUGE, b"1"]:
        yield (
            "version",
            version,
            "'latest'",
            lambda kit, v=version: Dataset.get_by_name(kit.workspace, "x", v),
        )
    for mode in ["", "mounted", None, 5, b"mount", HUGE]:
        yield (
            "mode",
            mode,
            "mount",
            lambda kit, m=mode: DatasetConsumptionConfig("x", kit.files(), m),
        )
        yield (
            "mode",
            mode,
            "download",
            lambda kit, m=mode: DataReference(
                kit.workspace.get_default_datastore(), "x", mode=m
            ),
        )


def compute_cases() -> Iterator[tuple]:
    """Consumed datasets, and the compute that consumes them."""
    for dataset in [None, 5, "x", b"x", [], {}, PipelineParameter("p", 5), Evil()]:
        yield (
            "dataset",
            None,
            "FileDataset",
            lambda _, d=dataset: DatasetConsumptionConfig("x", d),
        )
    yield "datastore", None, "datastore=", lambda _: DataPath(None, "x")
    counts = [None, -1, "two", 1.5, True, NAN, b"1"]
    for count in counts:
        yield (
            "max_nodes",
            None,
            "1",
            lambda _, n=count: AmlCompute.provisioning_configuration(max_nodes=n),
        )
    for name in ["local", "amlcompute"]:
        yield (
            "compute name",
            name,
            "another",
            lambda kit, n=name: ComputeTarget.create(
                kit.workspace, n, AmlCompute.provisioning_configuration(max_nodes=1)
            ),
        )


def package_cases() -> Iterator[tuple]:
    """What an installer would take for an option."""
    packages = ["-e .", "--index-url=http://evil", " -r x", "", "a\nb", None, 5, b"x"]
    for package in packages:
        yield (
            "package",
            package,
            "numpy==2.1",
            lambda _, p=package: CondaDependencies.create(pip_packages=[p]),
        )
        yield (
            "package",
            package,
            "numpy==2.1",
            lambda _, p=package: CondaDependencies.create(conda_packages=[p]),
        )
    for option in ["--install-option=x", "; rm -rf ~", "--index-url a\nb", "", None, 5]:
        yield (
            "pip_option",
            option,
            "--index-url",
            lambda _, o=option: CondaDependencies().set_pip_option(o),
        )


CASES = [
    case
    for cases in (table_cases, place_cases, use_cases, compute_cases, package_cases)
    for case in cases()
]


@pytest.mark.parametrize(
    ("field", "value", "accepted", "call"),
    [pytest.param(*case, id=f"{n} {case[0]}") for n, case in enumerate(CASES)],
)
def test_bad_data(refused, field, value, accepted, call):
    """One line, at most 300 characters: the field, the value, what is accepted."""
    said = refused(call, field, value, accepted)

    assert field in said
    assert accepted in said
