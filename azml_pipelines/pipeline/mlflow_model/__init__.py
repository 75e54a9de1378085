"""An MLflow model as it is declared: which one, what it takes, whether it is trusted.

Nothing here imports MLflow or runs anything of a model: its ``MLmodel`` file is read as
the text that it is.
"""
