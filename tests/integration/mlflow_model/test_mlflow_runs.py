"""Runs whose entry is an MLflow model, loaded by MLflow itself."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from azml_pipelines import (
    Dataset,
    Experiment,
    Model,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)

pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")


def test_whole_numbers_and_decimals_both_score(score, files, linear_model):
    """The columns are double; a file of whole numbers is read as that, and scores."""
    files(
        {
            "decimals.csv": "a,b\n1.5,0.25\n2.5,1.0\n",
            "whole.csv": "b,a,more\n2,1,x\n3,7,y\n",
        }
    )

    done = score(linear_model)
    text = io.StringIO("\n".join(done.lines))
    table = pd.read_csv(text, names=["row", "prediction", "file"])

    assert "Finished" == done.status
    assert [0, 1, 0, 1] == list(table["row"])
    assert ["decimals.csv"] * 2 + ["whole.csv"] * 2 == list(table["file"])
    assert [2.0, 4.5, 5.0, 13.0] == list(table["prediction"].round(6))


def test_rows_are_given_in_blocks_and_folders_are_kept_if_asked_for(
    score, files, linear_model
):
    """Five rows in blocks of two are five rows; two folders may hold the same name."""
    rows = "".join(f"{n},{n}\n" for n in range(5))
    files({"x/part.csv": f"a,b\n{rows}", "y/part.csv": "a,b\n1,1\n"})

    done = score(linear_model, max_rows_per_predict=2, file_names="relative")

    heads = [line.split(",")[0] for line in done.lines]
    tails = [line.split(",")[2] for line in done.lines]
    assert ["0", "1", "2", "3", "4", "0"] == heads
    assert ["x/part.csv"] * 5 + ["y/part.csv"] == tails


def test_parquet_and_json_lines_are_read_by_the_signature_too(
    score, files, linear_model, tmp_path
):
    """Whole numbers in them become doubles; an empty table gives no row."""
    folder = files(
        {
            "a.jsonl": '{"a": 1, "b": 2}\n\n{"b": 0.5, "a": 3}\n',
            "b.csv": "a,b\n",
        }
    )
    whole = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    whole.to_parquet(folder / "c.parquet", index=False)
    whole.astype("int8").to_parquet(folder / "d.pqt", index=False)

    done = score(linear_model)
    values = [round(float(line.split(",")[1]), 6) for line in done.lines]

    assert "Finished" == done.status
    assert [5.0, 4.0, 7.0, 10.0, 7.0, 10.0] == values


def test_a_bad_cell_is_named_and_the_step_ends(score, files, linear_model):
    """As Azure's job does; the message has file, column and row, and no other row."""
    files({"good.csv": "a,b\n1,2\n", "bad.csv": "a,b\n1,2\n7,much\n"})

    done = score(linear_model)
    failures = done.step.failed_items()

    assert "Failed" == done.status
    [message] = {one.message for one in failures if one.item.endswith("bad.csv")}
    assert "bad.csv: column 'b' holds 'much' in row 1, which is no double" in message


def test_good_files_are_kept_when_errors_are_ignored(score, files, linear_model):
    """With error_threshold=-1, the bad file alone is a failed item."""
    files({"good.csv": "a,b\n1,2\n", "bad.csv": "a\n1\n", "notes.txt": "hello"})

    done = score(linear_model, error_threshold=-1, run_max_try=1)
    names = sorted(one.item.rpartition("/")[2] for one in done.step.failed_items())

    assert ["bad.csv", "notes.txt"] == names
    assert ["good.csv"] == [line.split(",")[2] for line in done.lines]


def test_foreign_files_may_be_skipped(score, files, linear_model):
    """They are then no failed items, and give no row."""
    files({"good.csv": "a,b\n1,2\n", "_SUCCESS": "", "notes.txt": "hello"})

    done = score(linear_model, unsupported_files="skip")

    assert "Finished" == done.status
    assert 1 == len(done.lines)


def test_a_registered_model_and_named_columns(score, files, linear_model, workspace):
    """With an output format each thing that is predicted has a column."""
    model = Model.register(workspace, str(linear_model), "linear")
    files({"one.csv": "a,b\n1,2\n"})

    done = score(model, output_format="csv")

    assert ["row,prediction,file", "0,"] == [done.lines[0], done.lines[1][:2]]
    assert done.lines[1].endswith(",one.csv")


def test_the_model_that_was_submitted_is_the_one_that_scores(
    score, files, linear_model, tmp_path, workspace
):
    """It is kept by its content; nobody can exchange it for another one."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(linear_model, copy)
    files({"one.csv": "a,b\n1,2\n"})
    done = score(copy)
    [kept] = workspace.kept_models.iterdir()
    (kept / "model.pkl").write_bytes(b"something else")

    again = score(copy)

    assert done.lines == again.lines
    assert [kept] == list(workspace.kept_models.iterdir())


def test_a_table_and_parquet(linear_model, files, workspace, tmp_path):
    """A tabular dataset is cut into pieces; rows come in order, by their type."""
    folder = files({"a.csv": "a,b\n" + "".join(f"{n},{n}\n" for n in range(500))})
    data = Dataset.Tabular.from_delimited_files(str(folder / "a.csv"))
    output = PipelineData("scores", datastore=workspace.get_default_datastore())
    step = ParallelRunStep(
        name="score",
        parallel_run_config=ParallelRunConfig.from_mlflow_model(
            linear_model,
            trust="code",
            mini_batch_size="1KB",
            output_format="parquet",
        ),
        inputs=[data.as_named_input("rows")],
        output=output,
    )

    run = Experiment(workspace, "mlflow").submit(Pipeline(workspace, [step]))
    run.wait_for_completion(show_output=False)
    found = run.find_step_run("score")[0]
    result = found.get_output_data("scores")
    result.download(str(tmp_path / "out"))
    place = tmp_path / "out" / result.path_on_datastore / "predictions.parquet"
    table = pd.read_parquet(place)

    assert 1 < (found.state().total_mini_batches or 0)
    assert ["prediction"] == list(table.columns)
    assert [float(3 * n) for n in range(500)] == table["prediction"].round(6).tolist()
