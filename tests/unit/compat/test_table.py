"""Every import name of version 1 has one place."""

from __future__ import annotations

from importlib import import_module

import pytest

from azml_pipelines.compat.table import EXCEPTIONS, LATER, NEEDS_AZURE, PLACES, modules


@pytest.mark.parametrize("dotted", sorted(PLACES))
def test_each_name_leads_to_an_object(dotted):
    """The table points at things that exist."""
    module, _, attribute = PLACES[dotted].partition(":")

    assert getattr(import_module(module), attribute) is not None


def test_no_name_has_two_places():
    """It is ours, an exception, Azure's, or not there yet."""
    everything = [*PLACES, *EXCEPTIONS, *NEEDS_AZURE, *LATER]

    assert len(everything) == len(set(everything))


def test_packages_above_are_modules_too():
    """`import azureml.pipeline.core` imports `azureml` and `azureml.pipeline` first."""
    assert {"azureml", "azureml.pipeline", "azureml_user"} <= modules()


@pytest.mark.parametrize(
    "dotted",
    [
        "azureml.core.Workspace",
        "azureml.core.compute.AmlCompute",
        "azureml.core.compute_target.ComputeTargetException",
        "azureml.core.runconfig.CondaDependencies",
        "azureml.core.runconfig.DEFAULT_GPU_IMAGE",
        "azureml.data.dataset_consumption_config.DatasetConsumptionConfig",
        "azureml.exceptions.ComputeTargetException",
        "azureml.pipeline.core.graph.PipelineParameter",
        "azureml.pipeline.steps.ParallelRunStep",
        "azureml.widgets.RunDetails",
        "azureml_user.parallel_run.EntryScript",
    ],
)
def test_the_tutorials_names_are_ours(dotted):
    """The batch-inference tutorial needs every one of them."""
    assert dotted in PLACES
