"""`azml serve --model` says in one line what it does not serve."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from azml_pipelines.cli.serve import serve


@pytest.mark.parametrize("arguments", [[], ["--script", __file__, "--model", "."]])
def test_either_a_script_or_a_model(arguments):
    """One of them is what is served."""
    done = CliRunner().invoke(serve, arguments)

    assert 2 == done.exit_code
    assert "Give one of --script, --model and --deployment." in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(None, "there is no MLmodel file", id="no model"),
        pytest.param(
            "flavors: {python_function: {loader_module: mlflow.sklearn}}",
            "runs what its author wrote: loader_module: mlflow.sklearn",
            id="not trusted",
        ),
    ],
)
def test_what_is_no_model_or_not_trusted(text, said, tmp_path):
    """Nothing listens, and nothing of the model has run."""
    if text is not None:
        (tmp_path / "MLmodel").write_text(text)

    done = CliRunner().invoke(serve, ["--model", str(tmp_path), "--port", "0"])

    assert 1 == done.exit_code
    assert said in str(done.exception)
