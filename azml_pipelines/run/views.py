"""Who draws a run, by name: this room asks for a view and imports none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["views"]

views: Registry[Callable[..., object]] = Registry(
    "view",
    {
        "live": "azml_pipelines.widgets.run_details:show",
        "console": "azml_pipelines.widgets.console:follow",
        "notebook": "azml_pipelines.widgets.run_details:html",
        "text": "azml_pipelines.widgets.step_table:text",
    },
    "azml_pipelines.views",
)
