"""Ours and the alternatives on the same work: ``python -m benchmarks``."""
