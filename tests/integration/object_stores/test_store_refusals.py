"""Stores that say no, are not there, or change while they are listed."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from azml_pipelines import Datastore
from azml_pipelines.data.file_store import (
    MissingFileError,
    StoreDeniedError,
    StoreError,
    StoreLocation,
    open_store,
)
from azml_pipelines.testing.fault_proxy import FaultProxy, Faults


def test_credentials_that_expire_fail_the_step_and_not_its_items(
    s3_lake, wait_for, script
):
    """S3: not asked again and again; resumed with others, nothing is missing."""
    datastore = s3_lake.register()
    s3_lake.fill(datastore)
    clean = s3_lake.rows(s3_lake.finish(datastore))
    waiting = script.replace(
        "    rows = []",
        f"    open({str(s3_lake.folder / 'here')!r}, 'w').close()\n"
        "    __import__('time').sleep(0.2)\n    rows = []",
    )
    shutil.rmtree(s3_lake.folder / "workspace/.azml/cache")
    # Slow enough that most files are still to come when the credentials expire.
    with FaultProxy(s3_lake.server.address, Faults(delay=0.3)) as proxy:
        there = s3_lake.register(proxy.address)
        run = s3_lake.submit(there, script=waiting, mini_batch_size="1", node_count=1)
        wait_for(s3_lake.folder / "here")
        before = proxy.requests
        proxy.faults = Faults(refused=1, statuses=(403,))
        started = time.monotonic()
        run.wait_for_completion(show_output=False, raise_on_error=False)
        seconds = time.monotonic() - started
        error = run.state().error or ""
        asked = proxy.requests - before
        proxy.faults = Faults()
        run.resume()
        run.wait_for_completion(show_output=False, raise_on_error=False)
        rows = s3_lake.rows(run)

    assert "lake" in error
    assert "credentials" in error
    assert "s3cret-of-tests" not in error
    assert seconds < 30
    # Each file that was on its way, and what tells one file from all: some twice.
    assert asked < 4 * 25
    assert run.get_status() == "Finished", run.state().error
    assert [] == list(run.failed_items())
    assert clean == rows


def test_a_list_that_changes_between_its_pages(s3_server, tmp_path):
    """S4: what was listed is there or is missing by name; nothing is listed twice."""
    s3_server.make_container("changing")
    location = StoreLocation(s3_server.url("changing"), s3_server.options())
    store = open_store(location)
    (tmp_path / "one").write_text("x")
    with ThreadPoolExecutor(8) as pool:
        names = [f"{number:04d}" for number in range(1005)]
        list(pool.map(lambda name: store.put(tmp_path / "one", name), names))
    listed = store.files()
    first = [next(listed) for _ in range(3)]
    store.delete("0001")
    store.delete("1002")
    store.put(tmp_path / "one", "0000a")
    store.put(tmp_path / "one", "1004a")
    paths = [file.path for file in [*first, *listed]]

    # Pages of a thousand: the second one was asked for after the changes.
    assert paths == [*(name for name in names if name != "1002"), "1004a"]
    with pytest.raises(MissingFileError, match="0001"):
        store.fetch(first[1], tmp_path / "back")


def _closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_an_address_where_nobody_listens_is_found_at_submission(lake):
    """S8: within seconds, in one line that names the datastore."""
    lake.fill(lake.register(), files=1)
    path = "/devstoreaccount1" if lake.server.kind == "azure" else ""
    there = lake.register(f"http://127.0.0.1:{_closed_port()}{path}")
    started = time.monotonic()

    with pytest.raises(StoreError, match="lake") as caught:
        lake.submit(there)

    # Four seconds of tries, and what a loaded machine adds to them.
    assert time.monotonic() - started < 10
    assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_found_at_submission(s3_lake):
    """S8: it is given up after a quarter of a minute; there is no run."""
    s3_lake.fill(s3_lake.register(), files=1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kept = []
        threading.Thread(
            target=lambda: kept.append(silent.accept()), daemon=True
        ).start()
        there = s3_lake.register(f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()

        with pytest.raises(StoreError, match="lake"):
            s3_lake.submit(there)

        seconds = time.monotonic() - started
    for connection, _ in kept:
        connection.close()

    assert 10 < seconds < 30
    assert not list((s3_lake.folder / "workspace/.azml").glob("runs/*"))


def test_a_wrong_key_is_found_at_submission(make_lake, azure_server, monkeypatch):
    """S8: the message says whose credentials, and shows none."""
    lake = make_lake(azure_server)
    datastore = lake.register()
    lake.fill(datastore, files=1)
    wrong = base64.b64encode(b"another key, of another account").decode()
    monkeypatch.setenv("TESTING_WRONG_KEY", wrong)
    options = {**datastore.settings.options, "account_key": "env:TESTING_WRONG_KEY"}
    other = Datastore.register_url(
        lake.workspace, "lake", datastore.settings.url, options=options, overwrite=True
    )

    with pytest.raises(StoreDeniedError, match="lake") as caught:
        lake.submit(other)

    assert "credentials" in str(caught.value)
    assert wrong not in json.dumps(str(caught.value))
    assert "\n" not in str(caught.value)
