"""What version 1's datasets have, has the same arguments and defaults here."""

from __future__ import annotations

import inspect

import pytest

from azml_pipelines import Dataset, FileDataset, TabularDataset
from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.data.data_type import DataType
from azml_pipelines.data.expression import DatasetExpression
from azml_pipelines.errors import NotAvailableError

FILE_FACTORY = {
    "from_files": "path, validate=True, partition_format=None, is_file=False",
    "upload_directory": (
        "src_dir, target, pattern=None, overwrite=False, show_progress=True"
    ),
}
TABLE_FACTORY = {
    "from_delimited_files": (
        "path, validate=True, include_path=False, infer_column_types=True, "
        "set_column_types=None, separator=',', header=True, partition_format=None, "
        "support_multi_line=False, empty_as_string=False, encoding='utf8'"
    ),
    "from_parquet_files": (
        "path, validate=True, include_path=False, set_column_types=None, "
        "partition_format=None"
    ),
    "from_json_lines_files": (
        "path, validate=True, include_path=False, set_column_types=None, "
        "partition_format=None, invalid_lines='error', encoding='utf8'"
    ),
    "from_sql_query": "query, validate=True, set_column_types=None, query_timeout=30",
    "register_pandas_dataframe": (
        "dataframe, target, name, description=None, tags=None, show_progress=True, "
        "row_group_size=None, make_target_path_unique=True"
    ),
    "register_dask_dataframe": (
        "dataframe, target, name, description=None, tags=None, show_progress=True"
    ),
    "register_spark_dataframe": (
        "dataframe, target, name, description=None, tags=None, show_progress=True"
    ),
}
DATASET = {
    "get_by_name": "workspace, name, version='latest'",
    "get_by_id": "workspace, id",
    "get_all": "workspace",
}
BOTH = {
    "as_named_input": "self, name",
    "skip": "self, count",
    "take": "self, count",
    "take_sample": "self, probability, seed=None",
    "random_split": "self, percentage, seed=None",
    "filter": "self, expression",
    "get_partition_key_values": "self, partition_keys=None",
    "register": (
        "self, workspace, name, description=None, tags=None, create_new_version=False"
    ),
    "update": "self, description=None, tags=None",
    "add_tags": "self, tags=None",
    "remove_tags": "self, tags=None",
    "unregister_all_versions": "self",
}
FILES = {
    "to_path": "self",
    "download": "self, target_path=None, overwrite=False, ignore_not_found=False",
    "mount": "self, mount_point=None",
    "as_mount": "self, path_on_compute=None",
    "as_download": "self, path_on_compute=None",
    "as_hdfs": "self",
    "file_metadata": "col",
}
TABLES = {
    "to_pandas_dataframe": "self, on_error='null', out_of_range_datetime='null'",
    "to_dask_dataframe": (
        "self, sample_size=10000, dtypes=None, on_error='null', "
        "out_of_range_datetime='null'"
    ),
    "keep_columns": "self, columns, validate=False",
    "drop_columns": "self, columns",
    "partition_by": (
        "self, partition_keys, target, name=None, show_progress=True, "
        "partition_as_file_dataset=False"
    ),
    "to_csv_files": "self, separator=','",
    "to_parquet_files": "self",
    "with_timestamp_columns": (
        "self, timestamp=None, partition_timestamp=None, validate=False"
    ),
    "time_before": "self, end_time, include_boundary=True, validate=True",
    "time_after": "self, start_time, include_boundary=True, validate=True",
    "time_between": "self, start_time, end_time, include_boundary=True, validate=True",
    "time_recent": "self, time_delta, include_boundary=True, validate=True",
}
TYPES = {
    "to_string": "",
    "to_long": "",
    "to_float": "decimal_mark='.'",
    "to_bool": "",
    "to_datetime": "formats=None",
    "to_stream": "workspace, escaped=False",
}
CONSUMPTION = {
    "__init__": "self, name, dataset, mode='direct', path_on_compute=None",
    "as_mount": "self, path_on_compute=None",
    "as_download": "self, path_on_compute=None",
    "as_hdfs": "self",
}
SURFACE = [
    pytest.param(owner, name, text, id=f"{getattr(owner, '__name__', owner)}.{name}")
    for owner, members in (
        (Dataset.File, FILE_FACTORY),
        (Dataset.Tabular, TABLE_FACTORY),
        (Dataset, DATASET),
        (FileDataset, BOTH | FILES),
        (TabularDataset, BOTH | TABLES),
        (DataType, TYPES),
        (DatasetConsumptionConfig, CONSUMPTION),
    )
    for name, text in members.items()
]


@pytest.mark.parametrize(("owner", "name", "text"), SURFACE)
def test_arguments_and_defaults(owner, name, text):
    """Version 1's come first, in its order, and all may be given by position."""
    found = [
        parameter.replace(annotation=parameter.empty)
        for parameter in inspect.signature(getattr(owner, name)).parameters.values()
        if parameter.kind is not parameter.KEYWORD_ONLY
    ]

    assert text == ", ".join(map(str, found))


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        *((kind, name)
          for kind in (FileDataset, TabularDataset)
          for name in ("id", "name", "version", "description", "tags",
                       "data_changed_time", "partition_keys")),
        (TabularDataset, "timestamp_columns"),
        (DatasetConsumptionConfig, "name"),
        (DatasetConsumptionConfig, "mode"),
        (DatasetConsumptionConfig, "dataset"),
    ],
)  # fmt: skip
def test_properties(owner, name):
    """They are asked for without parentheses."""
    assert isinstance(inspect.getattr_static(owner, name), property)


def test_expressions_have_every_operation():
    """Comparisons, combinations, arithmetic, and what can be asked of text."""
    operations = (
        "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __and__ __or__ __invert__ __add__ "
        "__sub__ __mul__ __truediv__ starts_with ends_with contains is_null is_error "
        "length substring to_upper to_lower"
    )

    assert set(operations.split()) <= set(vars(DatasetExpression))


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        *((Dataset, name) for name in (
            "auto_read_files", "from_binary_files", "from_delimited_files",
            "from_excel_files", "from_json_files", "from_pandas_dataframe",
            "from_parquet_files", "from_sql_query",
        )),
        (Dataset.Tabular, "from_sql_query"),
        (Dataset.Tabular, "register_spark_dataframe"),
    ],
)  # fmt: skip
def test_what_is_not_there_says_so(owner, name):
    """One error, with the name and what to use in its place."""
    arguments = ("x", "y", "z")[: 3 if "spark" in name else 1]

    with pytest.raises(NotAvailableError, match=rf"{name} is not available.*\. \w+"):
        getattr(owner, name)(*arguments)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("file", "as_cache"),
        ("file", "hydrate"),
        ("table", "to_spark_dataframe"),
        ("table", "download"),
        ("table", "mount"),
        ("table", "get_profile"),
        ("table", "get_profile_runs"),
        ("table", "submit_profile_run"),
    ],
)
def test_methods_that_are_not_there_say_so(tmp_path, kind, name):
    """The same of methods."""
    (tmp_path / "a.csv").write_text("x\n1\n")
    dataset = {
        "file": lambda: Dataset.File.from_files(str(tmp_path)),
        "table": lambda: Dataset.Tabular.from_delimited_files(str(tmp_path)),
    }[kind]()

    with pytest.raises(NotAvailableError, match=rf"{name}\(\).* is not available"):
        getattr(dataset, name)()
