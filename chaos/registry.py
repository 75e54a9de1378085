"""The tests there are, in the order in which they run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.lab import Lab
    from chaos.verdict import Size, Verdict

__all__ = ["TESTS", "ChaosTest"]


@dataclass(frozen=True)
class ChaosTest:
    """One test of the catalogue."""

    name: str
    module: str
    in_slice: bool = False
    """Whether it is part of every build."""

    def load(self) -> Callable[[Lab, Size], Verdict]:
        """Return the function that runs it."""
        found: Callable[[Lab, Size], Verdict] = import_module(
            f"chaos.{self.module}"
        ).run
        return found


TESTS = (
    ChaosTest("T1", "t01_kill_storm", in_slice=True),
    ChaosTest("T2", "t02_orchestrator_kill", in_slice=True),
    ChaosTest("T3", "t03_every_byte"),
    ChaosTest("T4", "t04_every_operation"),
    ChaosTest("T5", "t05_start_up_crash", in_slice=True),
    ChaosTest("T6", "t06_cannot_be_stopped", in_slice=True),
    ChaosTest("T7", "t07_nothing_left_behind", in_slice=True),
    ChaosTest("T8", "t08_memory_hog"),
    ChaosTest("T9", "t09_disk_full"),
    ChaosTest("T12", "t12_two_of_everything"),
    ChaosTest("T14", "t14_error_arithmetic", in_slice=True),
    ChaosTest("T15", "t15_model_based"),
    ChaosTest("T16", "t16_flood"),
    ChaosTest("T17", "t17_bad_input"),
    ChaosTest("T18a", "t18_socket_scan"),
    ChaosTest("T20", "t20_secret_hunt"),
    ChaosTest("C2", "c02_calendar", in_slice=True),
    ChaosTest("C5", "c05_two_schedulers"),
    ChaosTest("C6", "c06_killed_scheduler"),
    ChaosTest("D5", "d05_many_files"),
    ChaosTest("D9", "d09_large_row_group"),
    ChaosTest("H3", "h03_server_deaths"),
    ChaosTest("S1", "s01_busy_store"),
    ChaosTest("S2", "s02_broken_answers"),
)
