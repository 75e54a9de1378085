"""The `azml` command, one file per command."""
