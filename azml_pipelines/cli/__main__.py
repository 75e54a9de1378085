"""``python -m azml_pipelines.cli``: ``azml`` of this very interpreter."""

from azml_pipelines.cli.main import main

__all__: list[str] = []

main()
