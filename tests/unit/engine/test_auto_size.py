"""Sizes follow what was measured, and the list never runs far ahead of the work."""

from __future__ import annotations

import pytest

from azml_pipelines.engine.auto_size import AutoSize, FixedSizes


def sizes_of(auto, each, rounds=12):
    """Let mini-batches run one after the other, at ``each`` seconds per file."""
    found = []
    for done in range(1, rounds + 1):
        found.append(auto.next())
        auto.observe(done, found[-1], found[-1] * each)
    return found


def test_it_starts_with_single_files():
    """Four for each process, and then it waits for somebody to finish one."""
    auto = AutoSize(2)

    assert [1] * 8 + [0, 0] == [auto.next() for _ in range(10)]


def test_the_work_lets_the_list_go_on():
    """As many more as were settled."""
    auto = AutoSize(1)
    for _ in range(4):
        auto.next()
    auto.observe(3)

    assert [1, 1, 1, 0] == [auto.next() for _ in range(4)]


@pytest.mark.parametrize(
    ("each", "size"),
    [
        pytest.param(0.1, 10, id="ten files a second"),
        pytest.param(0.001, 1000, id="a thousand"),
        pytest.param(5.0, 1, id="a file that takes longer comes alone"),
        pytest.param(1e-7, 10_000, id="but no line becomes endless"),
    ],
)
def test_a_mini_batch_takes_about_a_second(each, size):
    """Once somebody knows how long a file takes."""
    assert pytest.approx(size, abs=1) == sizes_of(AutoSize(2), each)[-1]


def test_sizes_grow_step_by_step():
    """The first files may have been the easy ones."""
    assert [1, 4, 16, 64, 256, 1000] == sizes_of(AutoSize(2), 0.001, rounds=6)


def test_it_follows_a_change():
    """Files that take longer come in smaller mini-batches."""
    auto = AutoSize(2)
    sizes_of(auto, 0.001)

    assert sizes_of(auto, 0.1, rounds=60)[-1] <= 11


def test_frozen_sizes_come_first():
    """As often as they are there, whether the work keeps up or not."""
    auto = AutoSize(1, [7] * 20)

    assert [7] * 20 + [0] == [auto.next() for _ in range(21)]


def test_nobody_waits_for_work_that_has_ended():
    """The thread that lists comes to its end."""
    auto = AutoSize(1)
    auto.close()
    auto.wait()

    assert all(auto.next() for _ in range(50))


def test_fixed_sizes():
    """One after the other; then ones."""
    sizes = FixedSizes([3, 2])
    sizes.wait()

    assert [3, 2, 1, 1] == [sizes.next() for _ in range(4)]
