"""An MLflow model as the entry: files and tables become its input, predictions rows.

What the model takes is known from its signature before MLflow is loaded, and MLflow is
loaded in worker processes alone.
"""
