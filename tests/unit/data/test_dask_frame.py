"""DataFrames that become registered datasets."""

from __future__ import annotations

import pandas as pd
import pytest

from azml_pipelines import Dataset, DeclarationError, UserErrorException

dd = pytest.importorskip("dask.dataframe")
ROWS = pd.DataFrame({"n": [1, 2, 3, 4], "text": ["a", "b", None, "d"]})


def test_a_pandas_frame(store, home, root):
    """One file in a new folder, and a new version each time."""
    for _ in range(2):
        dataset = Dataset.Tabular.register_pandas_dataframe(
            ROWS, (store, "t"), "rows", show_progress=False, tags={"a": "b"}
        )

    assert (dataset.name, dataset.version, dataset.tags) == ("rows", 2, {"a": "b"})
    assert len(list(root.glob("t/*/dataframe.parquet"))) == 2
    pd.testing.assert_frame_equal(
        Dataset.get_by_name(home, "rows").to_pandas_dataframe(), ROWS
    )


def test_a_dask_frame(store, home, root):
    """One file per partition, in order; a datastore alone is a target, too."""
    dataset = Dataset.Tabular.register_dask_dataframe(
        dd.from_pandas(ROWS, npartitions=2), store, "rows", show_progress=False
    )

    assert (dataset.name, dataset.version) == ("rows", 1)
    assert len(list(root.glob("managed-dataset/*/part-*.parquet"))) == 2
    pd.testing.assert_frame_equal(
        Dataset.get_by_name(home, "rows").to_pandas_dataframe(), ROWS
    )


@pytest.mark.parametrize(
    ("frame", "name", "error", "says"),
    [
        pytest.param(ROWS, "x", UserErrorException, "a Dask DataFrame", id="pandas"),
        pytest.param(ROWS, "", UserErrorException, "name must be text", id="no name"),
        pytest.param(None, "x", UserErrorException, "a Dask DataFrame", id="nothing"),
    ],
)
def test_what_is_no_dask_frame(store, frame, name, error, says):
    """Nothing is written."""
    with pytest.raises(error, match=says):
        Dataset.Tabular.register_dask_dataframe(frame, (store, "t"), name)


def test_a_target_that_is_none():
    """A ValueError, as in version 1."""
    frame = dd.from_pandas(ROWS, npartitions=1)

    with pytest.raises(DeclarationError, match="target='x' is not allowed"):
        Dataset.Tabular.register_dask_dataframe(frame, "x", "rows")


def test_to_dask(store):
    """The rows, lazily, in the types that were asked for."""
    dataset = Dataset.Tabular.register_pandas_dataframe(
        ROWS, (store, "t"), "rows", show_progress=False
    )

    frame = dataset.to_dask_dataframe(dtypes={"n": "float32"})

    assert str(frame.dtypes["n"]) == "float32"
    assert frame.compute()["n"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_to_dask_from_a_remote_store(home):
    """What was fetched is there for as long as the frame may be computed."""
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe_file("/dask-frames/a.csv", b"n\n1\n2\n")
    store = Dataset.Tabular.from_delimited_files("memory://dask-frames/a.csv")

    assert store.to_dask_dataframe().compute()["n"].tolist() == [1, 2]
