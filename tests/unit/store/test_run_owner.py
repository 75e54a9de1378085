"""Whether the process that drives a run still lives."""

from __future__ import annotations

from dataclasses import replace

from azml_pipelines.store.run_owner import Owner


def test_this_process_lives(owner):
    """It can find itself."""
    assert owner.alive


def test_a_process_that_has_ended(dead):
    """It is not alive, and cannot be described any more."""
    assert not dead.alive
    assert Owner.of_process(dead.pid) is None


def test_a_later_process_with_the_same_number_is_another(owner):
    """The start time tells them apart."""
    assert not replace(owner, process_started=owner.process_started - 60).alive


def test_processes_of_other_machines_are_believed_to_live(dead):
    """Nobody here can tell."""
    assert replace(dead, host="elsewhere").alive
