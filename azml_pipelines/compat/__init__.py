"""Version 1's import names, as one table onto our objects.

``import azml_pipelines.compat`` makes ``import azureml…`` work in this process. Where
Azure's own SDK is installed, it stays, and importing ``azureml`` says so.
"""

from azml_pipelines.compat.importer import offer

offer()
