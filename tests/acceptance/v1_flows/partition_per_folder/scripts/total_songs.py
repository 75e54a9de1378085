"""How many songs, and how long, of each user and genre."""

import os


def init():
    """Nothing to load."""


def run(mini_batch, mini_batch_context):
    """Return one row for the files of a partition."""
    keys = mini_batch_context.partition_key_value
    assert isinstance(mini_batch_context.minibatch_index, int)
    return [
        ",".join(
            [
                keys["user"],
                keys["genres"],
                str(len(mini_batch)),
                str(sum(os.path.getsize(file) for file in mini_batch)),
                str(len(mini_batch_context.dataset.to_path())),
            ]
        )
    ]
