"""Workspaces, experiments and runs, as the user holds them."""
