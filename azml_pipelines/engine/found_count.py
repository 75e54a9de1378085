"""Writes down how many worker processes ``auto`` has found room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.pipeline.process_count import AUTO

if TYPE_CHECKING:
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.journal import Journal

__all__ = ["FoundCount"]


class FoundCount:
    """Notes the count of a step whenever it changes; says nothing of a given count."""

    def __init__(
        self, step: ParallelRunStepPlan, position: int, journal: Journal
    ) -> None:
        self._auto = step.settings.process_count_per_node == AUTO
        self._position = position
        self._journal = journal
        self._noted = 0

    def observe(self, processes: int) -> None:
        """Learn how many worker processes there are on all nodes together."""
        if self._auto and processes != self._noted:
            self._journal.note_processes(self._position, processes)
            self._noted = processes
