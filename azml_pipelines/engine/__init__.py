"""How a run runs: orchestrator, executors, dispatch, ledger."""
