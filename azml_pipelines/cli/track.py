"""``azml track``: tell an MLflow server what a run does."""

from __future__ import annotations

import click

from azml_pipelines.cli.found_run import find_run

__all__ = ["track"]


@click.command()
@click.argument("run")
@click.option(
    "--tracking-uri",
    metavar="URI",
    help="MLflow's server; what MLFLOW_TRACKING_URI says by default.",
)
@click.option("--experiment", metavar="NAME", help="Of MLflow; the run's by default.")
@click.option(
    "--upload-below",
    metavar="MB",
    type=click.IntRange(0),
    default=10,
    help="Upload output files that are not larger; 10 by default.",
)
def track(
    run: str, tracking_uri: str | None, experiment: str | None, upload_below: int
) -> None:
    """Follow RUN to its end, and tell an MLflow server what happens.

    RUN is an id, the beginning of one, or `latest`. Prints the id of the run there.
    """
    from azml_pipelines.run.mlflow_tracking import track_run  # noqa: PLC0415 - rarely asked

    told = track_run(
        find_run(run), tracking_uri, experiment, upload_bytes=upload_below << 20
    )
    click.echo(told)
