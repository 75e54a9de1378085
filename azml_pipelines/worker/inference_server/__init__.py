"""An inference server as the entry: mini-batches become requests, responses rows.

The server is a child of the worker process and in its process group, so whatever ends
the worker ends the server too. The contract is SageMaker's: ``/ping``,
``/invocations``, ``/execution-parameters``.
"""
