"""Model deployments: what is refused beside their keys."""

from __future__ import annotations

import pytest

from azml_pipelines.azure_v2.deployment import load_batch_deployment
from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.azure_v2.model_job import overridden
from azml_pipelines.azure_v2.model_reference import deployed_model
from azml_pipelines.errors import BadDocumentError

MODEL = """
name: scored
endpoint_name: scores
type: model
model: {path: ./model.txt}
code_configuration: {code: ./code, scoring_script: score.py}
compute: local
settings: {mini_batch_size: 2}
"""


def test_a_file_name_for_rows_that_are_only_counted_is_refused(write):
    """One run may not name a file that its deployment does not write."""
    text = MODEL.replace("{mini_batch_size: 2}", "{output_action: summary_only}")
    file = write("deployment.yml", text)
    settings = load_batch_deployment(file).settings
    with pytest.raises(BadDocumentError, match=r"output_file_name: has no effect with"):
        overridden(settings, {"output_file_name": "a.csv"}, read_document(file).top)


def test_the_type_of_a_model_is_one_of_azures(workspace, write):
    """Another text is refused and not passed over."""
    write("model.txt", "a model")
    file = write("deployment.yml", MODEL)
    place = read_document(file).top / "model"
    given = {"path": "./model.txt", "type": "mlflow"}
    with pytest.raises(BadDocumentError, match=r"type: is 'mlflow': input should"):
        deployed_model(given, "it", workspace, place)
