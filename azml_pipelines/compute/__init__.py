"""Where a run runs: targets, nodes, agents, runners. The only room with Dask."""
