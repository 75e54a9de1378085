"""Tables from end to end: cut, partitioned, chained, written in other formats."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from azml_pipelines import (
    Dataset,
    DatasetConsumptionConfig,
    OutputFileDatasetConfig,
    PipelineData,
)

SAME = """
def run(mini_batch):
    return mini_batch
"""
SUMS = """
def run(mini_batch, mini_batch_context):
    values = mini_batch_context.partition_key_value
    whole = mini_batch_context.dataset.to_pandas_dataframe()
    assert len(whole) == len(mini_batch)
    mini_batch["total"] = mini_batch["income"].sum()
    mini_batch["given"] = "/".join(map(str, values.values()))
    return mini_batch
"""
NAMES = """
import os

def run(mini_batch, context):
    values = context.partition_key_value
    names = ",".join(sorted(os.path.basename(path) for path in mini_batch))
    head = f"{context.minibatch_index} {'/'.join(values.values())}"
    return [f"{head} {names}"] * len(mini_batch)
"""
WRITES = """
import os

def run(mini_batch):
    for path in mini_batch:
        name = os.path.basename(path).replace(".txt", ".csv")
        with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], name), "w") as out:
            out.write(f"name,n\\n{name},1\\nmore,2\\n")
    return mini_batch
"""
DRIFTS = """
def run(mini_batch):
    if mini_batch["id"][0] == 0:
        return mini_batch.rename(columns={"id": "other"})
    return mini_batch
"""


@pytest.fixture
def quoted(tmp_path):
    """A CSV file of 300 rows with line ends and quotes in cells."""
    path = tmp_path / "quoted.csv"
    rows = (f'{n},"one\ntwo ""{n}""",{n / 4}\r\n' for n in range(300))
    path.write_text("id,text,share\r\n" + "".join(rows), newline="")
    return path


@pytest.mark.parametrize("size", ["1KB", "7 rows", "1GB"])
def test_quoted_line_ends(tables, quoted, size):
    """The rows of one pass, in order, whatever the size of the mini-batches."""
    dataset = Dataset.Tabular.from_delimited_files(str(quoted))
    run = tables.run(SAME, dataset.as_named_input("t"), mini_batch_size=size)
    text = (tables.output(run) / "parallel_run_step.txt").read_bytes()
    whole = dataset.to_pandas_dataframe()

    assert (
        text
        == whole.to_csv(
            sep=" ", index=False, header=False, lineterminator="\n"
        ).encode()
    )
    assert len(whole) == 300


def test_operations_are_done_by_workers(tables, quoted):
    """Take, skip, filter and columns, on rows that are cut into many pieces."""
    dataset = Dataset.Tabular.from_delimited_files(str(quoted))
    some = dataset.skip(5).take(100).filter(dataset["id"] % 2 == 0).keep_columns("id")
    run = tables.run(SAME, some.as_named_input("t"), mini_batch_size="9 rows")
    text = (tables.output(run) / "parallel_run_step.txt").read_text()

    assert [str(n) for n in range(6, 105, 2)] == text.split()


def test_partitions_in_paths(tables):
    """One mini-batch per combination of the given keys; empty files are ignored."""
    music = tables.folder / "music"
    for path in [
        "user1/winter/piano.wav", "user1/winter/drums.wav", "user1/summer/piano.wav",
        "user2/winter/drums.wav", "user3/fall/piano.wav", "user4/fall/piano.wav",
        "user4/winter/piano.wav",
    ]:  # fmt: skip
        (music / path).parent.mkdir(parents=True, exist_ok=True)
        (music / path).write_text("la")
    (music / "user2/winter/organ.wav").touch()
    dataset = Dataset.File.from_files(
        str(music), partition_format="music/{user}/{season}/{genre}.wav"
    )
    run = tables.run(
        NAMES, dataset.as_named_input("music"), partition_keys=["user", "genre"]
    )
    text = (tables.output(run) / "parallel_run_step.txt").read_text()

    assert text.splitlines() == [
        "0 user1/piano piano.wav,piano.wav",
        "0 user1/piano piano.wav,piano.wav",
        "1 user1/drums drums.wav",
        "2 user2/drums drums.wav",
        "3 user3/piano piano.wav",
        "4 user4/piano piano.wav,piano.wav",
        "4 user4/piano piano.wav,piano.wav",
    ]


def test_partitions_of_columns(tables):
    """Key columns stand behind the others, then those that the script has added."""
    sales = pd.DataFrame(
        {
            "Store": [1, 1, 2, 2, 1],
            "Brand": ["a/b", "c.d", "a/b", None, "a/b"],
            "income": [10, 20, 30, 40, 50],
        }
    )
    table = Dataset.Tabular.register_pandas_dataframe(
        sales, tables.store, "sales", show_progress=False
    )
    table.partition_by(
        ["Store", "Brand"], (tables.store, "parts"), "parted", show_progress=False
    )
    parted = Dataset.get_by_name(tables.workspace, "parted")
    run = tables.run(SUMS, parted.as_named_input("t"), partition_keys=["Store"])
    text = (tables.output(run) / "parallel_run_step.txt").read_text()

    assert ["Store", "Brand"] == parted.partition_keys
    assert [{"Store": 1}, {"Store": 2}] == parted.get_partition_key_values(["Store"])
    assert sorted(text.splitlines()) == [
        "10 1 a/b 80 1", "20 1 c.d 80 1", "30 2 a/b 70 2", "40 2  70 2",
        "50 1 a/b 80 1",
    ]  # fmt: skip


def test_a_chain_of_tables(tables):
    """What one step writes is the table of the next, as files and as rows."""
    data = tables.folder / "data"
    data.mkdir()
    for number in range(3):
        (data / f"{number}.txt").touch()
    made = OutputFileDatasetConfig(
        "made", destination=(tables.store, "made/{run-id}/{output-name}")
    )
    rows = PipelineData("rows", datastore=tables.store)
    more = PipelineData("more", datastore=tables.store)
    files = Dataset.File.from_files(str(data)).as_named_input("f")
    first = tables.step(
        "first", WRITES, files, made, output_action="summary_only", mini_batch_size=1
    )
    made.register_on_complete("made files")
    table = made.read_delimited_files().keep_columns(["n", "name"])
    table.register_on_complete("made rows", tags={"a": "b"})
    table = table.as_input("t")
    second = tables.step("second", SAME, table, rows)
    parsed = rows.as_dataset().parse_delimited_files(
        separator=" ", header=False, file_extension=".txt"
    )
    third = tables.step("third", SAME, parsed, more, mini_batch_size="1 rows")
    run = tables.finish(first, second, third)
    text = (tables.output(run, "third", "more") / "parallel_run_step.txt").read_text()
    written = Dataset.get_by_name(tables.workspace, "made files").to_path()
    registered = Dataset.get_by_name(tables.workspace, "made rows")

    assert text.split("\n") == [
        "1 0.csv", "2 more", "1 1.csv", "2 more", "1 2.csv", "2 more", "",
    ]  # fmt: skip
    assert ["/0.csv", "/1.csv", "/2.csv"] == written
    assert ["1", "2"] * 3 == registered.to_pandas_dataframe()["n"].tolist()
    assert (registered.version, registered.tags) == (1, {"a": "b"})


def test_partitions_of_what_a_step_wrote(tables):
    """The values are in the paths of its files, and each of them is a mini-batch."""
    data = tables.folder / "data"
    data.mkdir()
    for number in range(3):
        (data / f"{number}.txt").touch()
    made = OutputFileDatasetConfig("made", partition_format="/{user}-{genre}.csv")
    rows = PipelineData("rows", datastore=tables.store)
    files = Dataset.File.from_files(str(data)).as_named_input("f")
    writes = WRITES.replace("name = os.path", 'name = "u-" + os.path')
    first = tables.step(
        "first", writes, files, made, output_action="summary_only", mini_batch_size=1
    )
    made.register_on_complete("made files")
    consumed = DatasetConsumptionConfig("t", made)
    second = tables.step("second", NAMES, consumed, rows, partition_keys=["genre"])

    run = tables.finish(first, second)
    text = (tables.output(run, "second", "rows") / "parallel_run_step.txt").read_text()

    registered = Dataset.get_by_name(tables.workspace, "made files")

    assert text.splitlines() == ["0 0 u-0.csv", "1 1 u-1.csv", "2 2 u-2.csv"]
    assert registered.partition_keys == ["user", "genre"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_output_formats(tables, quoted, form):
    """The same rows in each; parquet is one file with the common schema."""
    dataset = Dataset.Tabular.from_delimited_files(str(quoted))
    run = tables.run(
        SAME, dataset.as_named_input("t"), mini_batch_size="1KB", output_format=form
    )
    path = tables.output(run) / f"parallel_run_step.{form}"
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}.get(
        form, lambda file: pd.read_json(file, lines=True)
    )

    assert read(path).equals(dataset.to_pandas_dataframe())
    assert all(finding.ok for finding in run.verify())


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_partitioned_output(tables, quoted, form):
    """One folder per value; the folder appears as a whole."""
    dataset = Dataset.Tabular.from_delimited_files(str(quoted)).take(10)
    script = SAME.replace(
        "return", "mini_batch['half'] = mini_batch['id'] % 2\n    return"
    )
    run = tables.run(
        script,
        dataset.as_named_input("t"),
        mini_batch_size="3 rows",
        output_format=form,
        partition_output_by=["half"],
    )
    folder = tables.output(run) / "parallel_run_step"
    read = pd.read_csv if form == "csv" else pd.read_parquet
    odd = pd.concat([read(p) for p in sorted((folder / "half=1").iterdir())])

    assert ["half=0", "half=1"] == sorted(path.name for path in folder.iterdir())
    assert [1, 3, 5, 7, 9] == odd["id"].tolist()
    assert "half" not in odd.columns


def test_columns_that_differ(tables, quoted):
    """Nothing is written; the message says what differs."""
    dataset = Dataset.Tabular.from_delimited_files(str(quoted)).take(10)
    run = tables.run(
        DRIFTS,
        dataset.as_named_input("t"),
        mini_batch_size="5 rows",
        output_format="csv",
    )

    assert run.get_status() == "Failed"
    assert "different columns" in str(run.get_details())


@pytest.mark.parametrize("on_existing", ["error", "replace", "version"])
def test_an_output_that_is_there(tables, quoted, on_existing):
    """Refused, replaced, or left alone beside the new one."""
    place = tables.store.path("fixed")
    folder = Path(place.datastore.settings.url.removeprefix("file://")) / "fixed"
    folder.mkdir(parents=True)
    (folder / "parallel_run_step.csv").write_text("old")
    output = OutputFileDatasetConfig("rows", destination=(tables.store, "fixed"))
    dataset = Dataset.Tabular.from_delimited_files(str(quoted)).take(2)
    step = tables.step(
        "score",
        SAME,
        dataset.as_named_input("t"),
        output,
        output_format="csv",
        on_existing=on_existing,
    )
    run = tables.finish(step)
    names = sorted(path.name for path in folder.iterdir())
    old = (folder / "parallel_run_step.csv").read_text() == "old"

    assert (run.get_status() == "Failed") == (on_existing == "error")
    assert old == (on_existing != "replace")
    assert names == ["parallel_run_step.csv"] or on_existing == "version"
    assert len(names) == 1 + (on_existing == "version")


def test_bad_files_are_accounted_for(tables):
    """Each bad file fails by its reason, and the rows of all others are there."""
    folder = tables.folder / "many"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.csv").write_text(f"a,b\n{number},x\n{number},y\n")
    dataset = Dataset.Tabular.from_delimited_files(str(folder))
    (folder / "1.csv").write_text("a,b\n1,x\n1,y,z,w\n")
    (folder / "2.csv").write_bytes(b"a,b\n2,\xff\n")
    (folder / "3.csv").write_text("a,c\n3,x\n")
    (folder / "4.csv").write_text("a,b\nfour,x\n")
    run = tables.run(SAME, dataset.as_named_input("t"), run_max_try=1)
    text = (tables.output(run) / "parallel_run_step.txt").read_text()
    failed = list(run.find_step_run("score")[0].failed_items())

    assert text == "0 x\n0 y\n5 x\n5 y\n"
    assert {"bad data"} == {item.reason for item in failed}
    assert [f"{n}.csv" for n in (1, 2, 3, 4)] == [
        str(item.item).split()[0] for item in failed
    ]
    assert "'a'" in failed[3].message
    assert "four" in io.StringIO(failed[3].message).read()
