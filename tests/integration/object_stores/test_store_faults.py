"""What becomes of a run whose store is busy, broken, changed or away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import threading
import time

import psutil
import pytest
from aiohttp import ClientTimeout

from azml_pipelines.data.file_store import StoreLocation, open_store
from azml_pipelines.testing.fault_proxy import FaultProxy, Faults


def test_files_that_went_or_changed_fail_by_reason(s3_lake, wait_for, script):
    """D1 and D2: each alone, and everything else has its row."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore)
    waiting = "import os, time\n" + script.replace(
        "    rows = []",
        f"    while not os.path.exists({str(s3_lake.folder / 'go')!r}):\n"
        f"        open({str(s3_lake.folder / 'here')!r}, 'w').close()\n"
        "        time.sleep(0.02)\n    rows = []",
    )
    run = s3_lake.submit(
        datastore, script=waiting, mini_batch_size="1", run_max_try=1, node_count=1
    )
    wait_for(s3_lake.folder / "here")
    url = s3_lake.server.url(s3_lake.container, "deep/er")
    store = open_store(StoreLocation(url, s3_lake.server.options()))
    store.delete("in/0020 ü.txt")
    (s3_lake.folder / "other").write_text("another file")
    store.put(s3_lake.folder / "other", "in/0022 ü.txt")
    (s3_lake.folder / "go").touch()
    run.wait_for_completion(show_output=False, raise_on_error=False)
    reasons = {item.item: item.reason for item in run.failed_items()}

    assert run.get_status() == "Finished", run.state().error
    assert reasons == {
        "0020 ü.txt": "missing",
        "0022 ü.txt": "changed_since_plan",
    }
    assert 25 - 2 == len(s3_lake.rows(run).splitlines())


def test_a_busy_server_with_cut_answers_loses_nothing(s3_lake):
    """S1 and S2: refusals, answers cut short, a flipped byte: all rows are right."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore, files=200)
    clean = s3_lake.rows(s3_lake.finish(datastore, mini_batch_size="20"))
    faults = Faults(refused=0.1, cut=0.05, flipped=0.02, lost=0.05)
    with FaultProxy(s3_lake.server.address, faults) as proxy:
        spoiled = s3_lake.register(proxy.address)
        run = s3_lake.finish(spoiled, mini_batch_size="20")
        rows = s3_lake.rows(run)

    assert run.get_status() == "Finished", run.state().error
    assert proxy.spoiled > 10
    assert clean == rows
    assert proxy.requests < 1.5 * 3 * 200


_IMPATIENT = {
    "s3": {"config_kwargs": {"read_timeout": 2}},
    "azure": {"read_timeout": 2},
    "google": {"requests_timeout": ClientTimeout(sock_read=2)},
}
"""What makes the package of each kind of server wait 2 s for more, not 20."""


def test_a_stall_is_noticed_and_not_waited_for(lake, tmp_path):
    """S2: an answer that stops in its middle for 30 s is asked for again before."""
    url = lake.server.url(lake.container, "deep/er")
    lake.fill(lake.register(), files=40)
    with FaultProxy(lake.server.address) as proxy:
        options = {**lake.server.options(proxy.address), **_IMPATIENT[lake.server.kind]}
        store = open_store(StoreLocation(url, options))
        file = store.find("in/0039 ü.txt")
        proxy.faults = Faults(stalled=1)
        threading.Timer(1, setattr, (proxy, "faults", Faults())).start()
        started = time.monotonic()
        store.fetch(file, tmp_path / "file")
        seconds = time.monotonic() - started

    assert 1 <= proxy.spoiled
    assert 1 < seconds < 15
    assert "39\n" * 39 * 39 == (tmp_path / "file").read_text()


@pytest.mark.parametrize("fault", ["cut", "reset"])
def test_a_broken_answer_is_no_short_file(lake, tmp_path, fault):
    """S2: a quarter of the answers breaks off; every file is whole all the same."""
    url = lake.server.url(lake.container, "deep/er")
    lake.fill(lake.register(), files=12)
    with FaultProxy(lake.server.address) as proxy:
        store = open_store(StoreLocation(url, lake.server.options(proxy.address)))
        files = [file for file in store.files("in") if file.size]
        proxy.faults = Faults(**{fault: 0.25})
        for number, file in enumerate(files, 1):
            store.fetch(file, tmp_path / "file")

            assert f"{number}\n" * number**2 == (tmp_path / "file").read_text()

    assert proxy.spoiled


def test_an_outage_fails_the_step_and_not_its_items(s3_lake, wait_for, script):
    """S7: the error names the datastore; resumed later, nothing is missing."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore)
    clean = s3_lake.rows(s3_lake.finish(datastore))
    waiting = script.replace(
        "    rows = []",
        f"    open({str(s3_lake.folder / 'here')!r}, 'w').close()\n"
        "    __import__('time').sleep(0.2)\n    rows = []",
    )
    with FaultProxy(s3_lake.server.address) as proxy:
        there = s3_lake.register(proxy.address, patience=8)
        shutil.rmtree(s3_lake.folder / "workspace/.azml/cache")
        run = s3_lake.submit(there, script=waiting, mini_batch_size="1")
        wait_for(s3_lake.folder / "here")
        proxy.faults = Faults(down=True)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        error = run.state().error or ""
        proxy.faults = Faults()
        run.resume()
        run.wait_for_completion(show_output=False, raise_on_error=False)
        assert run.get_status() == "Finished", run.state().error
        rows = s3_lake.rows(run)

    assert "lake" in error
    assert "cannot be read" in error
    assert [] == list(run.failed_items())
    assert clean == rows


def test_a_killed_fetcher_is_replaced(s3_lake, wait_for, script):
    """Nobody is blamed, and nothing is missing."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore)
    clean = s3_lake.rows(s3_lake.finish(datastore))
    shutil.rmtree(s3_lake.folder / "workspace/.azml/cache")
    waiting = script.replace(
        "    rows = []",
        f"    open({str(s3_lake.folder / 'here')!r}, 'w').close()\n"
        "    __import__('time').sleep(0.1)\n    rows = []",
    )
    with FaultProxy(s3_lake.server.address, Faults(delay=0.05)) as proxy:
        slow = s3_lake.register(proxy.address)
        run = s3_lake.submit(slow, script=waiting, mini_batch_size="1")
        wait_for(s3_lake.folder / "here")
        killed = [process.kill() for process in _fetchers()]
        run.wait_for_completion(show_output=False, raise_on_error=False)
        rows = s3_lake.rows(run)

    assert len(killed) >= 2
    assert run.get_status() == "Finished", run.state().error
    assert clean == rows
    assert [] == _fetchers()


def _fetchers():
    """Return the processes that fetch for runs which this process has started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            mine = os.environ["PYTEST_CURRENT_TEST"] == process.environ().get(
                "PYTEST_CURRENT_TEST"
            )
            if "azml_pipelines.data.fetcher" in words and mine:
                found.append(process)
    return found


def test_a_killed_orchestrator_takes_its_fetchers_along(s3_lake, wait_for, script):
    """And the resumed run delivers the same bytes."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore)
    clean = s3_lake.rows(s3_lake.finish(datastore))
    waiting = script.replace(
        "    rows = []",
        f"    open({str(s3_lake.folder / 'here')!r}, 'w').close()\n"
        "    __import__('time').sleep(0.1)\n    rows = []",
    )
    run = s3_lake.submit(datastore, script=waiting, mini_batch_size="1")
    wait_for(s3_lake.folder / "here")
    with contextlib.closing(sqlite3.connect(run.folder.journal)) as journal:
        (pid,) = journal.execute("SELECT pid FROM run").fetchone()
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while _fetchers() and time.monotonic() < deadline:
        time.sleep(0.05)
    left = _fetchers()
    run.resume()
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert [] == left
    assert run.get_status() == "Finished", run.state().error
    assert clean == s3_lake.rows(run)
    assert not run.folder.step(run.find_step_run("score")[0].id).inputs.exists()


def test_lost_answers_leave_one_object_each(s3_lake, tmp_path):
    """S5: an upload whose answer is lost is found, and not taken for a failure."""
    s3_lake.register()
    with FaultProxy(s3_lake.server.address, Faults(lost=0.5)) as proxy:
        url = s3_lake.server.url(s3_lake.container, "lost")
        store = open_store(StoreLocation(url, s3_lake.server.options(proxy.address)))
        for number in range(20):
            (tmp_path / "one").write_text(f"content {number}")
            store.put(tmp_path / "one", f"{number:02d}")

    clean = open_store(StoreLocation(url, s3_lake.server.options()))
    found = list(clean.files())
    for file in found:
        clean.fetch(file, tmp_path / file.path)

    assert [f"content {number}" for number in range(20)] == [
        (tmp_path / file.path).read_text() for file in found
    ]
