"""A server's arguments are checked where they are written."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from azml_pipelines import ParallelRunConfig
from azml_pipelines.errors import DeclarationError, UnknownArgumentError
from azml_pipelines.worker.inference_server.options import ServerOptions

if TYPE_CHECKING:
    from pathlib import Path


def config(**given: object) -> ParallelRunConfig:
    """Return a configuration with a server."""
    return ParallelRunConfig.from_inference_server(**{"command": "serve", **given})


def test_the_defaults_are_those_of_a_transform_job():
    """And bisecting, so that a bad file stands alone."""
    made = config()
    server = made.inference_server

    assert server is not None
    assert ("serve",) == server.command
    assert ("text/csv", "", "None") == (
        server.content_type,
        server.accept,
        server.split_type,
    )
    assert 600 == server.invocations_timeout_in_seconds
    assert 3 == server.invocations_max_retries
    assert server.max_payload_in_mb is None
    assert ("bisect", 600, "append_row") == (
        made.on_failed_mini_batch,
        made.run_invocation_timeout,
        made.output_action,
    )


def test_a_command_may_be_one_text():
    """It is split as a shell does; no shell sees it."""
    made = config(command="serve --name 'a b' --port {port}")

    assert made.inference_server is not None
    assert ("serve", "--name", "a b", "--port", "{port}") == (
        made.inference_server.command
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"command": ()}, "command=", id="no program"),
        pytest.param({"split_type": "line"}, "'None', 'Line'", id="spelling"),
        pytest.param({"max_payload_in_mb": 101}, "max_payload_in_mb=101", id="large"),
        pytest.param(
            {"invocations_max_retries": 4}, "less than or equal", id="retries"
        ),
        pytest.param({"invocations_timeout_in_seconds": 0}, "greater than", id="time"),
        pytest.param({"input_filter": "id"}, "Give $", id="no path"),
        pytest.param(
            {"join_source": "Input"}, "split_type='Line'", id="joining whole files"
        ),
        pytest.param(
            {"batch_strategy": "SingleRecord"}, "split_type='Line'", id="no records"
        ),
        pytest.param(
            {
                "split_type": "Line",
                "join_source": "Input",
                "content_type": "image/png",
            },
            "text/csv",
            id="joining what is no text",
        ),
    ],
)
def test_a_bad_value_is_refused(given, said):
    """In one line, before anything is written."""
    with pytest.raises(DeclarationError) as caught:
        config(**given)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_argument_is_named():
    """With the closest one that exists."""
    with pytest.raises(UnknownArgumentError, match="mini_batch_size"):
        config(minibatch_size=3)


def test_the_command_is_needed():
    """There is no default program."""
    with pytest.raises(DeclarationError, match="command"):
        ParallelRunConfig.from_inference_server()


def test_an_archive_is_known_by_its_digest(tmp_path: Path):
    """Of the moment when the run is submitted."""
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(b"an archive")
    server = config(model_data=str(archive)).inference_server
    assert server is not None
    options = ServerOptions.decode(server.options("score"))

    assert str(archive) == options.model_data
    assert hashlib.sha256(b"an archive").hexdigest() == options.model_sha256
    assert ServerOptions.decode(options.encode()) == options
    assert json.loads(options.encode())["split_type"] == "None"


def test_a_model_has_to_be_there(tmp_path: Path):
    """Submitting says so, not the first worker."""
    server = config(model_data=str(tmp_path / "none")).inference_server
    assert server is not None
    with pytest.raises(DeclarationError, match="neither a folder nor an archive"):
        server.options("score")


def test_it_is_kept_in_yaml(tmp_path: Path, workspace):
    """What differs from the defaults, and nothing else."""
    path = tmp_path / "config.yaml"
    made = config(command=["serve", "x"], split_type="Line", mini_batch_size=4)
    made.save_to_yaml(str(path))
    loaded = ParallelRunConfig.load_yaml(workspace, str(path))

    assert made.inference_server == loaded.inference_server
    assert "invocations_timeout_in_seconds" not in path.read_text()
