"""What answers HTTP requests about a workspace: published pipelines and runs."""
