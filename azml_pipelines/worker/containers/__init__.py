"""Container images as programs of a worker: engines that are found by trying."""
