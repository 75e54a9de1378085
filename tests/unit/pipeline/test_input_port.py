"""Inputs and side inputs of a parallel step, kind by kind (section 21)."""

from __future__ import annotations

import pandas as pd
import pytest

from azml_pipelines import (
    DataPath,
    DatasetConsumptionConfig,
    DeclarationError,
    OutputFileDatasetConfig,
    PipelineData,
    PipelineParameter,
    UserErrorException,
)


def modes(ports):
    """Name, mode and path of ports."""
    return [(port.name, port.mode, port.path_on_compute) for port in ports]


@pytest.mark.parametrize(
    ("make_input", "expected"),
    [
        pytest.param(
            lambda d: d.as_named_input("x"),
            ("x", "mount", None),
            id="direct is mounted",
        ),
        pytest.param(
            lambda d: d.as_named_input("x").as_download("/data"),
            ("x", "download", "/data"),
            id="a download is one, which version 1 did not heed",
        ),
        pytest.param(
            lambda d: d.as_named_input("x").as_mount("/data"),
            ("x", "mount", "/data"),
            id="a mount keeps its path",
        ),
        pytest.param(
            lambda d: DatasetConsumptionConfig("x", PipelineParameter("p", d)),
            ("x", "mount", None),
            id="a dataset parameter",
        ),
        pytest.param(
            lambda _: PipelineData("x").as_dataset(),
            ("x", "mount", None),
            id="output of another step as dataset",
        ),
        pytest.param(
            lambda _: PipelineData("y").as_dataset().as_named_input("x").as_download(),
            ("x", "download", None),
            id="renamed output of another step",
        ),
        pytest.param(
            lambda _: DatasetConsumptionConfig("x", OutputFileDatasetConfig("y")),
            ("x", "mount", None),
            id="consumed output of another step",
        ),
    ],
)
def test_file_inputs(step_of, images, make_input, expected):
    """Files are mounted or downloaded: scripts get paths in any case."""
    step = step_of(inputs=[make_input(images)])

    assert [expected] == modes(step.input_ports)


def test_tables_stay_direct(step_of, table):
    """A table has no files to mount."""
    step = step_of(inputs=[table.as_named_input("rows")])

    assert modes(step.input_ports) == [("rows", "direct", None)]


def test_a_table_of_another_step_can_be_consumed(step_of):
    """Under a name, as any other dataset; it stays direct, too."""
    made = OutputFileDatasetConfig("y").read_delimited_files()
    consumed = DatasetConsumptionConfig("rows", made)
    step = step_of(inputs=[consumed])

    assert modes(step.input_ports) == [("rows", "direct", None)]
    assert step.input_ports[0].reading == made.reading
    with pytest.raises(UserErrorException, match="TabularDataset cannot be consumed"):
        consumed.as_mount()


def test_partitioned_output_of_another_step(step_of, config_of):
    """Its partition_format says where the values are."""
    config = config_of(output_action="summary_only", partition_keys=["user"])
    made = OutputFileDatasetConfig("y", partition_format="/{user}/*.txt")
    step = step_of(parallel_run_config=config, inputs=[made])

    (port,) = step.input_ports
    assert (port.mode, port.reading.partition_keys) == ("direct", ("user",))


def test_a_mounted_table_is_refused(step_of, table):
    """Whoever smuggles a mode in is told."""
    smuggled = table.as_named_input("rows")
    smuggled._mode = "mount"

    with pytest.raises(DeclarationError, match="table 'rows' cannot be read by mount"):
        step_of(inputs=[smuggled])


def test_partitioned_files_stay_direct(step_of, config_of, images):
    """With partition keys, as_mount() is a mistake."""
    config = config_of(output_action="summary_only", partition_keys=["user"])
    named = images.as_named_input("images")
    step = step_of(parallel_run_config=config, inputs=[named])

    assert modes(step.input_ports) == [("images", "direct", None)]
    with pytest.raises(DeclarationError, match="has to stay in mode 'direct'"):
        step_of(parallel_run_config=config, inputs=[named.as_mount()])


@pytest.mark.parametrize(
    ("make_input", "way_out"),
    [
        pytest.param(lambda d, _: d, "as_named_input", id="raw dataset"),
        pytest.param(lambda *_: PipelineData("x"), "as_dataset", id="PipelineData"),
        pytest.param(
            lambda *_: PipelineData("x").as_mount(), "as_named_input", id="binding"
        ),
        pytest.param(
            lambda _, store: store.path("images"), "from_files", id="DataReference"
        ),
        pytest.param(
            lambda _, store: DataPath(store, "images"), "as_named_input", id="DataPath"
        ),
        pytest.param(
            lambda *_: pd.DataFrame({"a": range(99)}), "as_named_input", id="DataFrame"
        ),
        pytest.param(lambda *_: "images/", "as_named_input", id="text"),
    ],
)
def test_refused_inputs(step_of, images, workspace, make_input, way_out):
    """What cannot be cut into mini-batches is named on one line, with a way out."""
    refused = make_input(images, workspace.get_default_datastore())

    with pytest.raises(DeclarationError, match=way_out) as caught:
        step_of(inputs=[refused])

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make_side", "expected"),
    [
        pytest.param(
            lambda *_: PipelineData("x"), ("x", "mount", None), id="PipelineData"
        ),
        pytest.param(
            lambda *_: PipelineData("y").as_download("x", "/tmp/x"),
            ("x", "download", "/tmp/x"),
            id="binding",
        ),
        pytest.param(
            lambda _, store: store.path("labels", "x").as_download(),
            ("x", "download", None),
            id="DataReference as it is",
        ),
        pytest.param(
            lambda d, _: d.as_named_input("x").as_mount("/tmp/labels"),
            ("x", "mount", "/tmp/labels"),
            id="mounted files",
        ),
        pytest.param(
            lambda d, _: d.as_named_input("x").as_download("/tmp/labels"),
            ("x", "mount", None),
            id="downloaded files are mounted",
        ),
    ],
)
def test_side_inputs(step_of, images, workspace, make_side, expected):
    """Side inputs are read whole."""
    side = make_side(images, workspace.get_default_datastore())
    step = step_of(side_inputs=[side])

    assert [expected] == modes(step.side_input_ports)


@pytest.mark.parametrize(
    "make_side",
    [
        pytest.param(lambda d, *_: d, id="raw dataset"),
        pytest.param(lambda _, t, __: t.as_named_input("x"), id="table"),
        pytest.param(lambda *s: s[2].path("x").as_upload(), id="upload"),
        pytest.param(lambda *_: 5, id="number"),
    ],
)
def test_refused_side_inputs(step_of, images, table, workspace, make_side):
    """Anything else is refused by name."""
    side = make_side(images, table, workspace.get_default_datastore())

    with pytest.raises(DeclarationError, match="Step 'score-images'"):
        step_of(side_inputs=[side])
