"""What the user writes: parameters, steps, pipelines."""
