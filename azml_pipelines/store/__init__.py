"""What is remembered: the workspace catalog, run folders, run journals."""
