"""The `azml` command: its name, its sub-commands, and nothing that is slow to load."""

from __future__ import annotations

from importlib import import_module

import click

from azml_pipelines.cli.exit_code import exit_codes
from azml_pipelines.cli.one_line_warnings import one_line_warnings

__all__ = ["azml", "main"]

_COMMANDS = {
    "init": "Make a workspace.",
    "submit": "Run the pipeline that a script declares.",
    "job": "Run pipeline jobs of version 2.",
    "batch-endpoint": "Make, invoke or list batch endpoints.",
    "batch-deployment": "Make or list their deployments.",
    "component": "Register or list components of version 2.",
    "convert": "Say what of versions 1 and 2 becomes what.",
    "plan": "Show what a submission would do.",
    "exec": "Run a script that imports azureml.",
    "runs": "List the runs of this workspace.",
    "show": "Show what a run has done so far.",
    "explain": "Say why steps ran or were reused.",
    "logs": "List or print what a run has written.",
    "metrics": "Print what the scripts of a run have logged.",
    "track": "Tell an MLflow server what a run does.",
    "cancel": "Stop a run.",
    "resubmit": "Run a pipeline again with other values.",
    "resume": "Go on with a run that was stopped or failed.",
    "replay": "Run one mini-batch again, here, for debuggers.",
    "trace": "Tell where a row of an output comes from.",
    "verify": "Check that a run is stored whole.",
    "serve": "Answer HTTP requests with an entry script.",
    "serve-api": "Take requests for published pipelines.",
    "gc": "Free the disk of old runs and parts.",
    "datastore": "List, add or check datastores.",
    "dataset": "List or show datasets.",
    "model": "List or show models.",
    "environment": "Build, list or show environments.",
    "compute": "List or show compute targets.",
    "pipeline": "List or show published pipelines.",
    "schedule": "List, make or change schedules.",
    "scheduler": "Run what schedules say.",
}
"""In the order in which people meet them. Listing them imports none of them."""


class _LazyGroup(click.Group):
    """Sub-commands live in modules of their names, imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the names of the commands."""
        return list(_COMMANDS)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        cmd_name: str,
    ) -> click.Command | None:
        """Return a command, or None for a name that is none."""
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f"azml_pipelines.cli.{name}")
        command: click.Command = getattr(module, name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; whatever it raises becomes one line and an exit code."""
        with exit_codes(debug=ctx.params["debug"]), one_line_warnings():
            return super().invoke(ctx)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the full traceback of an error.")
@click.version_option(package_name="azml-pipelines", message="%(version)s")
def azml(*, debug: bool) -> None:
    """Declare batch pipelines, run them here, and see what they do.

    Results go to standard output, everything else to standard error. Exit codes: 0
    done, 1 the run failed, 2 wrong usage, 4 not found, 6 canceled, 70 internal error,
    130 interrupted.
    """


def main() -> None:
    """Run the command line of this process and exit."""
    azml(prog_name="azml")
