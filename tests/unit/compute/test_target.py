"""The promises of compute targets."""

from __future__ import annotations

import subprocess
import sys

import pytest

from azml_pipelines.compute.target import AmlCompute, ComputeTarget, LocalCompute
from azml_pipelines.errors import ComputeTargetException, UserErrorException


@pytest.fixture
def cluster(workspace):
    """A compute target with up to four nodes."""
    configuration = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_D2_V2", min_nodes="0", max_nodes="4", tags={"team": 1}
    )
    return ComputeTarget.create(workspace, "cpu-cluster", configuration)


def test_the_tutorial_s_question_is_answered(workspace, cluster):
    """``type(x) is AmlCompute`` holds for what the workspace lists."""
    found = workspace.compute_targets["cpu-cluster"]

    assert type(found) is AmlCompute
    assert type(ComputeTarget(workspace, "cpu-cluster")) is AmlCompute
    assert type(AmlCompute(workspace, "cpu-cluster")) is AmlCompute


def test_local_always_exists(workspace):
    """Nothing has to be created before the first run."""
    assert ["local"] == list(workspace.compute_targets)
    assert type(ComputeTarget(workspace, "local")) is LocalCompute


def test_an_unknown_name_lists_the_known_ones(workspace, cluster):
    """So that a notebook's ``except ComputeTargetException`` can create it."""
    with pytest.raises(ComputeTargetException, match="known: local, cpu-cluster"):
        ComputeTarget(workspace, "gpu-cluster")


def test_settings_are_remembered(cluster):
    """Strings of digits have become numbers."""
    scale = cluster.scale_settings

    assert (0, 4, 1800) == (
        scale.minimum_node_count,
        scale.maximum_node_count,
        scale.idle_seconds_before_scaledown,
    )
    assert ("STANDARD_D2_V2", "dedicated") == (cluster.vm_size, cluster.vm_priority)
    assert {"team": "1"} == cluster.tags


def test_creating_again_updates(workspace, cluster):
    """The existing target is returned, with the new settings."""
    again = ComputeTarget.create(
        workspace, "cpu-cluster", AmlCompute.provisioning_configuration(max_nodes=8)
    )

    assert 8 == again.scale_settings.maximum_node_count
    assert cluster.created_on == again.created_on
    assert ["local", "cpu-cluster"] == list(workspace.compute_targets)


def test_update_changes_what_is_given(workspace, cluster):
    """None keeps what there is; limits that do not fit are refused."""
    cluster.update(max_nodes="6")

    with pytest.raises(ComputeTargetException, match="min_nodes=7 is above"):
        cluster.update(min_nodes=7)
    fresh = ComputeTarget(workspace, "cpu-cluster")
    assert (0, 6) == (
        fresh.scale_settings.minimum_node_count,
        fresh.scale_settings.maximum_node_count,
    )


def test_waiting_ends_at_once(cluster, capsys):
    """With all arguments of the tutorial."""
    cluster.wait_for_completion(
        show_output=True, min_node_count=None, timeout_in_minutes=20
    )

    assert "Succeeded\n" == capsys.readouterr().out


def test_the_status_has_version_1_s_keys(cluster):
    """``get_status().serialize()`` is printed by every notebook."""
    status = cluster.get_status().serialize()

    assert {
        "currentNodeCount",
        "targetNodeCount",
        "nodeStateCounts",
        "allocationState",
        "allocationStateTransitionTime",
        "errors",
        "creationTime",
        "modifiedTime",
        "provisioningState",
        "provisioningStateTransitionTime",
        "scaleSettings",
        "vmPriority",
        "vmSize",
    } == set(status)
    assert {
        "minNodeCount": 0,
        "maxNodeCount": 4,
        "nodeIdleTimeBeforeScaleDown": "PT1800S",
    } == status["scaleSettings"]


@pytest.mark.parametrize("name", ["amlcompute", "local", "containerinstance"])
def test_reserved_names_are_refused(workspace, name):
    """They mean something else in version 1."""
    configuration = AmlCompute.provisioning_configuration(max_nodes=1)

    with pytest.raises(UserErrorException, match=f"{name!r} is reserved"):
        ComputeTarget.create(workspace, name, configuration)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({}, "max_nodes is missing", id="no limit"),
        pytest.param({"max_nodes": "many"}, "max_nodes='many'", id="no number"),
        pytest.param({"max_nodes": -1}, "max_nodes=-1", id="a negative number"),
        pytest.param(
            {"min_nodes": 2, "max_nodes": 1}, "min_nodes=2 is above", id="upside down"
        ),
        pytest.param(
            {"max_nodes": 1, "vm_priority": "spot"}, "'spot'", id="unknown priority"
        ),
    ],
)
def test_configurations_that_cannot_be(arguments, message):
    """Each is a ComputeTargetException that names the argument."""
    with pytest.raises(ComputeTargetException, match=message):
        AmlCompute.provisioning_configuration(**arguments)


def test_something_else_is_no_configuration(workspace):
    """A dictionary is refused by its type's name."""
    with pytest.raises(ComputeTargetException, match="is dict"):
        ComputeTarget.create(workspace, "cpu-cluster", {"max_nodes": 4})


def test_a_deleted_target_is_gone(workspace, cluster):
    """Its name may be used again."""
    cluster.delete()

    assert ["local"] == list(workspace.compute_targets)


def test_bookkeeping_needs_no_dask():
    """Declaring a pipeline does not wait for a second of imports."""
    script = (
        "import sys, azml_pipelines.compute.target; "
        "print([name for name in ('dask', 'distributed') if name in sys.modules])"
    )

    output = subprocess.check_output([sys.executable, "-c", script], text=True)

    assert "[]" == output.strip()
