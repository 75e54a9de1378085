"""Cores and memory, as the files of Linux and its control groups tell them."""

from __future__ import annotations

import os

import pytest

from azml_pipelines.compute.machine import available_bytes, usable_cores

MEGABYTE = 1024 * 1024
GROUPS_1 = "9:name=systemd:/\n4:memory:/pod/box\n2:cpu,cpuacct:/pod/box\n0::/\n"
GROUPS_2 = "0::/pod/box\n"
MEMORY = "MemTotal:       8388608 kB\nMemFree: 1 kB\nMemAvailable:   4194304 kB\n"


@pytest.fixture
def root(tmp_path):
    """Lay out a machine with 4 GB of available memory and these files."""

    def root(groups, files):
        everything = {"proc/self/cgroup": groups, "proc/meminfo": MEMORY, **files}
        for name, text in everything.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return root


TOP = "sys/fs/cgroup"
BOX_1 = f"{TOP}/memory/pod/box/memory"
BOX_2 = f"{TOP}/pod/box/memory"


@pytest.mark.parametrize(
    ("groups", "files", "megabytes"),
    [
        pytest.param(GROUPS_2, {}, 4096, id="no limits"),
        pytest.param(
            GROUPS_2,
            {f"{BOX_2}.max": "max\n", f"{BOX_2}.current": f"{MEGABYTE}\n"},
            4096,
            id="version 2 without a limit",
        ),
        pytest.param(
            GROUPS_2,
            {
                f"{BOX_2}.max": f"{512 * MEGABYTE}\n",
                f"{BOX_2}.current": f"{300 * MEGABYTE}\n",
                f"{BOX_2}.stat": f"anon 5\ninactive_file {100 * MEGABYTE}\n",
            },
            312,
            id="version 2, what files fill can be had",
        ),
        pytest.param(
            GROUPS_2,
            {
                f"{BOX_2}.max": f"{512 * MEGABYTE}\n",
                f"{BOX_2}.current": f"{12 * MEGABYTE}\n",
                f"{TOP}/pod/memory.max": f"{256 * MEGABYTE}\n",
                f"{TOP}/pod/memory.current": f"{200 * MEGABYTE}\n",
            },
            56,
            id="a group further up has less",
        ),
        pytest.param(
            GROUPS_1,
            {
                f"{BOX_1}.limit_in_bytes": f"{64 * MEGABYTE}\n",
                f"{BOX_1}.usage_in_bytes": f"{24 * MEGABYTE}\n",
                f"{BOX_1}.stat": f"total_inactive_file {4 * MEGABYTE}\n",
            },
            44,
            id="version 1",
        ),
        pytest.param(
            "4:memory:/not/mounted/here\n",
            {
                f"{TOP}/memory/memory.limit_in_bytes": f"{64 * MEGABYTE}\n",
                f"{TOP}/memory/memory.usage_in_bytes": f"{65 * MEGABYTE}\n",
            },
            0,
            id="inside of a container, and full",
        ),
        pytest.param("rubbish\n", {f"{BOX_2}.max": "7\n"}, 4096, id="rubbish"),
    ],
)
def test_available_memory(root, groups, files, megabytes):
    """The least of what the machine and every group leave."""
    available = available_bytes(root(groups, files))

    assert megabytes * MEGABYTE == available


def test_a_machine_that_says_nothing(tmp_path):
    """Unknown is not the same as none."""
    available = available_bytes(tmp_path)

    assert available is None
    assert usable_cores(tmp_path) >= 1


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        pytest.param(GROUPS_2, {}, 8, id="no limits"),
        pytest.param(
            GROUPS_2, {f"{TOP}/pod/box/cpu.max": "max 100000\n"}, 8, id="no quota"
        ),
        pytest.param(
            GROUPS_2,
            {f"{TOP}/pod/box/cpu.max": "150000 100000\n"},
            2,
            id="one and a half",
        ),
        pytest.param(
            GROUPS_2, {f"{TOP}/pod/box/cpu.max": "5000 100000\n"}, 1, id="a twentieth"
        ),
        pytest.param(
            GROUPS_2,
            {f"{TOP}/cpu.max": "9900000 100000\n"},
            8,
            id="more than there are",
        ),
        pytest.param(
            "2:cpu:/pod\n",
            {
                f"{TOP}/cpu/pod/cpu.cfs_quota_us": "300000\n",
                f"{TOP}/cpu/pod/cpu.cfs_period_us": "100000\n",
            },
            3,
            id="version 1",
        ),
        pytest.param(
            "2:cpu:/pod\n",
            {
                f"{TOP}/cpu/pod/cpu.cfs_quota_us": "-1\n",
                f"{TOP}/cpu/pod/cpu.cfs_period_us": "100000\n",
            },
            8,
            id="version 1 without a quota",
        ),
    ],
)
def test_cores(root, monkeypatch, groups, files, cores):
    """What this process may run on, and its groups' share of that."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    found = usable_cores(root(groups, files))

    assert cores == found


def test_fewer_cores_than_the_machine_has(root, monkeypatch):
    """A process may be bound to some of them."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    found = usable_cores(root(GROUPS_2, {}))

    assert found == 1
