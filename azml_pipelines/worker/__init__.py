"""The inside of a worker process, and the fork server that starts it."""
