"""Outputs of the pipeline, as the jobs that write them get them."""

from __future__ import annotations

import pytest

from azml_pipelines.data.local_url import folder_url
from azml_pipelines.errors import BadDocumentError

PARALLEL = """
type: pipeline
outputs:
  rows: {type: uri_file, path: ./made/rows.csv}
jobs:
  score:
    type: parallel
    inputs:
      texts: {type: uri_folder, path: ./texts}
    outputs:
      rows: ${{parent.outputs.rows}}
    input_data: ${{inputs.texts}}
    task:
      code: ./code
      entry_script: score.py
      append_row_to: ${{outputs.rows}}
"""


@pytest.fixture(autouse=True)
def folders(write):
    """Code and data."""
    write("texts/0.txt", "zero")
    write("code/score.py", "def run(mini_batch):\n    return mini_batch\n")


def test_rows_go_to_the_file_that_the_pipeline_names(job_of, tmp_path):
    """Its path is the file itself, and no folder with a file of another name."""
    [step] = job_of(PARALLEL).pipeline.graph.in_order()

    assert step.output.datastore.settings.url == folder_url(str(tmp_path / "made"))
    assert step.output.path_template == "."
    assert step.output.file_name == "rows.csv"
    assert step.parallel_run_config.append_row_file_name == "rows.csv"


def test_an_output_of_the_pipeline_has_keys(job_of):
    """A bare text, which would say nothing, is refused."""
    text = PARALLEL.replace("{type: uri_file, path: ./made/rows.csv}", "./made")
    with pytest.raises(BadDocumentError, match=r"outputs.rows: is './made'; an output"):
        job_of(text)


def test_the_input_that_is_cut_may_stand_in_the_arguments(job_of):
    """The script gets the place of all of it there."""
    text = f"{PARALLEL}      program_arguments: --all ${{{{inputs.texts}}}}\n"
    [step] = job_of(text).pipeline.graph.in_order()

    assert [one.name for one in step.inputs] == ["texts", "texts_whole"]


def test_an_unknown_name_in_an_optional_part_is_refused(job_of):
    """It is not left out like an input without a value."""
    part = "$[[--all ${{inputs.text}}]]"
    with pytest.raises(BadDocumentError, match="stands for nothing; the inputs are"):
        job_of(f"{PARALLEL}      program_arguments: {part}\n")


def test_a_value_of_no_accepted_kind_is_one_line(job_of):
    """The line names the key as it was written, and every kind that it takes."""
    text = PARALLEL.replace(
        "    task:", "    mini_batch_size: [1]\n    partition_keys: {a: 1}\n    task:"
    )
    with pytest.raises(BadDocumentError) as caught:
        job_of(text)

    size, keys = caught.value.problems
    assert size.endswith(
        "mini_batch_size: is [1]: input should be a valid integer or a valid string."
    )
    assert keys.endswith(
        "partition_keys: is {'a': 1}: input should be a valid list or a valid string."
    )
