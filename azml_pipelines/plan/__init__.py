"""A pipeline as frozen, resolved JSON."""
