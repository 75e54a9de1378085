"""An entry script as a web service: ``/ping``, ``/invocations`` and how much it takes.

The contract is that of SageMaker's inference containers, so that what speaks to one of
those speaks to this. User code runs in model processes and nowhere else.
"""
