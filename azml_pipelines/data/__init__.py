"""Bytes and rows: datastores, datasets, mini-batches, output actions."""
