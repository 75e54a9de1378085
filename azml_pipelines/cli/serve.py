"""``azml serve``: an entry script or an MLflow model as a web service."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from azml_pipelines.cli.seconds import Seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.serving.model_pool import ModelPlan
    from azml_pipelines.serving.server import ServerPlan

__all__ = ["serve"]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PORT = 8080
_TIMEOUT = 60.0
_MODEL_FOLDER = Path("/opt/ml/model")
_WORKER_TOKEN = "AZML_SERVER_TOKEN"  # noqa: S105 - its name
_WORKER_HOST = "AZML_SERVER_HOST"
"""Where an engine leads to the server of a container, if not to its loopback."""
_HOSTED = "SAGEMAKER_"
"""How the variables begin that tell a container that it is one."""


@dataclass(frozen=True)
class _Options:
    """What the command line says, by the names of its options."""

    script: Path | None
    model: Path | None
    deployment: Path | None
    trust: str
    host: str | None
    port: int | None
    workers: int
    timeout: float | None
    startup_timeout: float
    max_payload: int
    items: str
    columns: str | None
    model_dir: Path | None
    variables: tuple[str, ...]
    token: str | None

    @property
    def name(self) -> str:
        """What is served."""
        return (self.script or self.model or Path()).name


@click.command()
@click.option(
    "--script",
    metavar="FILE.py",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The entry script, with init() and run().",
)
@click.option(
    "--model",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="In place of a script: the folder of an MLflow model.",
)
@click.option(
    "--deployment",
    metavar="FILE.yml",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same of a batch deployment of version 2: its script, or its model.",
)
@click.option(
    "--trust",
    type=click.Choice(["data-only", "code"]),
    default="data-only",
    help="`code` lets the code of the MLflow model run.",
)
@click.option("--host", metavar="ADDRESS", help="127.0.0.1 by default.")
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), help="8080; 0: any free one."
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(1, 512),
    default=1,
    help="Model processes; each answers one request at a time.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Seconds(),
    help="What one run() may take; 60 by default, or what the deployment says.",
)
@click.option(
    "--startup-timeout",
    metavar="SECONDS",
    type=Seconds(),
    default=600,
    help="What init() may take; 600 by default.",
)
@click.option(
    "--max-payload",
    metavar="MB",
    type=click.IntRange(1, 100),
    default=6,
    help="The largest body, in MiB; 6 by default.",
)
@click.option(
    "--items",
    type=click.Choice(["auto", "table", "file"]),
    default="auto",
    help="What run() gets: a DataFrame, or a list with one path. By default CSV, JSON, "
    "JSON lines and parquet become tables and everything else files.",
)
@click.option("--columns", metavar="A,B,…", help="Names for CSV without a header line.")
@click.option(
    "--model-dir",
    metavar="FOLDER",
    type=click.Path(exists=True, path_type=Path),
    help="What AZUREML_MODEL_DIR says.",
)
@click.option(
    "-e",
    "--environment-variable",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help="What the script finds in os.environ; env:NAME for a secret. Repeatable.",
)
@click.option(
    "--token", metavar="env:NAME", help="The variable with what callers have to send."
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(arguments: tuple[str, ...], **options: object) -> None:
    """Answer POST /invocations with what run() of a script returns, or a model.

    ARGUMENTS, behind --, are those of the script. A first one that is `serve` is left
    out: this command can be the entry point of an image.
    """
    given = _Options(**options)  # type: ignore[arg-type]
    with contextlib.ExitStack() as stack:
        _serve(_deployed(given, stack), arguments)


def _serve(given: _Options, arguments: tuple[str, ...]) -> None:
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load
    from azml_pipelines.serving.server import serve as serve_until_stopped  # noqa: PLC0415 - slow to load

    own = arguments[1:] if arguments[:1] == ("serve",) else arguments
    model = _model(given, own, os.environ)
    server = _server(given, os.environ)

    def announce(port: int) -> None:
        host = f"[{server.host}]" if ":" in server.host else server.host
        click.echo(f"http://{host}:{port}")
        click.echo(
            f"Serving {printable(given.name)} with {model.processes} model processes. "
            "POST to /invocations; Ctrl-C ends it.",
            err=True,
        )

    serve_until_stopped(model, server, on_listening=announce)


def _deployed(given: _Options, stack: contextlib.ExitStack) -> _Options:
    """Return the options, with what a deployment says in the place of its name.

    Args:
        given: What was typed.
        stack: Ends what serving the deployment needs.

    Raises:
        UsageError: Not exactly one thing is to be served.
        DeclarationError: The deployment cannot be served.
    """
    wanted = (given.script, given.model, given.deployment)
    if sum(one is not None for one in wanted) != 1:
        msg = "Give one of --script, --model and --deployment."
        raise click.UsageError(msg)
    if given.deployment is None:
        return given
    from azml_pipelines.cli.serve_deployment import (  # noqa: PLC0415 - slow to load
        read_served_deployment,
    )
    from azml_pipelines.serving.scratch_folder import (  # noqa: PLC0415 - the same
        ScratchFolder,
    )

    scratch = ScratchFolder()
    stack.callback(scratch.close)
    place = scratch.path / "model"
    place.mkdir()
    found = read_served_deployment(given.deployment, place)
    own = {
        "timeout": given.timeout or found["timeout"],
        "model_dir": given.model_dir or found["model_dir"],
        "variables": (*found["variables"], *given.variables),
        "items": found.get("items", "auto") if given.items == "auto" else given.items,
    }
    return replace(given, **{**found, **own})


def _model(
    given: _Options, arguments: tuple[str, ...], environ: Mapping[str, str]
) -> ModelPlan:
    """Say what is served.

    Raises:
        DeclarationError: The script cannot work, the model may not be loaded, or a
            variable is not set.
    """
    from azml_pipelines.masking import resolve_variables  # noqa: PLC0415 - slow to load
    from azml_pipelines.serving.messages import Setup  # noqa: PLC0415 - as above
    from azml_pipelines.serving.model_pool import ModelPlan  # noqa: PLC0415 - as above

    what = _script(given.script) if given.script else _mlflow_model(given)
    # A container's own variables are those that its job was given.
    inherited = dict(environ) if _hosted(environ) else {}
    model_dir = given.model_dir or (_MODEL_FOLDER if _MODEL_FOLDER.is_dir() else None)
    if model_dir is not None:
        inherited.setdefault("AZUREML_MODEL_DIR", str(model_dir.resolve()))
    declared = dict(_variable(text) for text in given.variables)
    columns = tuple(name.strip() for name in (given.columns or "").split(","))
    return ModelPlan(
        **what,
        arguments=arguments,
        environment={**inherited, **resolve_variables(declared, environ)},
        setup=Setup(given.items, columns if given.columns else ()),
        processes=given.workers,
        seconds=given.timeout or _TIMEOUT,
        start_seconds=given.startup_timeout,
    )


def _script(script: Path) -> dict[str, Any]:
    """Return what a plan says of an entry script."""
    from azml_pipelines.pipeline.entry_script_check import (  # noqa: PLC0415 - slow to load
        check_entry_script,
    )

    folder = script.resolve().parent
    check_entry_script("serve", folder, script.name)
    return {"source_directory": folder, "entry_script": script.name}


def _mlflow_model(given: _Options) -> dict[str, Any]:
    """Return what a plan says of an MLflow model."""
    from azml_pipelines.pipeline.mlflow_model.declaration import (  # noqa: PLC0415 - slow to load
        make_mlflow_model,
    )

    model = make_mlflow_model(model=str(given.model), trust=given.trust)
    return {
        "source_directory": None,
        "entry_script": "",
        "entry_kind": "mlflow",
        "entry_options": model.serving_options(),
    }


def _server(given: _Options, environ: Mapping[str, str]) -> ServerPlan:
    """Say where it is served, and to whom."""
    from azml_pipelines.serving.application import Admission  # noqa: PLC0415 - as above
    from azml_pipelines.serving.server import ServerPlan  # noqa: PLC0415 - as above

    # A worker process of ours that has started this is the only one to be answered.
    worker_token = environ.get(_WORKER_TOKEN)
    is_container = _hosted(environ) and not worker_token
    behind = environ.get(_WORKER_HOST, "127.0.0.1")
    host = given.host or ("0.0.0.0" if is_container else behind)  # noqa: S104 - a container's
    port = given.port
    if port is None:
        port = _port(environ.get("SAGEMAKER_BIND_TO_PORT"))
    admission = Admission(
        payload_bytes=given.max_payload << 20,
        hosts=_LOOPBACK if host in _LOOPBACK else None,
        token=_token(given.token, environ) or worker_token,
    )
    return ServerPlan(host, port, admission)


def _hosted(environ: Mapping[str, str]) -> bool:
    return any(name.startswith(_HOSTED) for name in environ)


def _port(text: str | None) -> int:
    if text is None:
        return _PORT
    if not text.isdecimal():
        msg = f"SAGEMAKER_BIND_TO_PORT={text!r} is no port; give a number."
        raise click.UsageError(msg)
    return int(text)


def _variable(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        msg = f"--environment-variable {text!r} is not NAME=VALUE."
        raise click.UsageError(msg)
    return name, value


def _token(reference: str | None, environ: Mapping[str, str]) -> str | None:
    if reference is None:
        return None
    name = reference.removeprefix("env:")
    if name == reference or not environ.get(name):
        msg = (
            f"--token {name!r}: give env:NAME, the name of a variable that is set; a "
            "token on a command line can be read by others."
        )
        raise click.UsageError(msg)
    return environ[name]
