"""A look at the remote stores of a plan before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import StoreLocation, is_local, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.plan.run_plan import RunPlan

__all__ = ["check_stores"]


def check_stores(plan: RunPlan) -> None:
    """Make sure that each remote store can be listed: a few seconds at most for each.

    Raises:
        StoreError: One cannot: the bucket, the address or the credentials are wrong.
    """
    seen: list[tuple[str, object]] = []
    for location in _locations(plan):
        # Credentials may hold for a folder alone; the root is what was registered.
        if (location.url, location.options) not in seen:
            seen.append((location.url, location.options))
            open_store(location).check()


def _locations(plan: RunPlan) -> Iterator[StoreLocation]:
    for step in plan.steps:
        for given in step.all_inputs:
            for source in given.dataset.sources if given.dataset else ():
                if not is_local(source.url):
                    yield StoreLocation(source.url, source.options, source.datastore)
        for output in step.all_outputs:
            if not is_local(output.url):
                yield StoreLocation(output.url, output.options, output.datastore)
