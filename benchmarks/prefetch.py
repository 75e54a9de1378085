"""Remote inputs with 20 ms latency against local ones: what prefetching hides.

The same job of 10 ms per item over a local folder and over a store that waits 20 ms
before every answer: ``python -m benchmarks.prefetch``. Prints items per second, start
and commit left out, and their share.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

from azml_pipelines import (
    Dataset,
    Datastore,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    Workspace,
)
from benchmarks.latency_server import body_of

SCRIPT = """
import os, time

def run(mini_batch):
    rows = []
    for path in mini_batch:
        started = time.time()
        os.path.getsize(path)
        time.sleep(max(0, ITEM - (time.time() - started)))
        rows.append(f"{started:.6f} {time.time():.6f}")
    return rows
"""
BYTES = 2_000


def job(workspace, datastore, folder, arguments):
    """Run the job once and return its items per second, start and commit left out."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    script = SCRIPT.replace("ITEM", str(arguments.item_seconds))
    (source / "score.py").write_text(script)
    dataset = Dataset.File.from_files((datastore, "in"))
    step = ParallelRunStep(
        name="prefetch",
        parallel_run_config=ParallelRunConfig(
            environment=Environment("current"),
            source_directory=str(source),
            entry_script="score.py",
            error_threshold=0,
            output_action="append_row",
            compute_target="local",
            node_count=1,
            process_count_per_node=arguments.processes,
            mini_batch_size=str(arguments.mini_batch_size),
        ),
        inputs=[dataset.as_named_input("files").as_mount()],
        output=PipelineData("rows", datastore=workspace.get_default_datastore()),
    )
    pipeline = Pipeline(workspace=workspace, steps=[step])
    run = Experiment(workspace, "prefetch").submit(pipeline)
    run.wait_for_completion(show_output=False)
    output = run.find_step_run("prefetch")[0].get_output_data("rows")
    output.download(folder / "out", show_progress=False)
    file = folder / "out" / output.path_on_datastore / "parallel_run_step.txt"
    moments = [[float(one) for one in line.split()] for line in file.open()]
    seconds = max(end for _, end in moments) - min(start for start, _ in moments)
    return len(moments) / seconds


def measure(folder, arguments):
    """Return items per second over a folder, and over a server with latency."""
    data = folder / "data" / "in"
    data.mkdir(parents=True)
    for number in range(arguments.files):
        (data / f"{number:05d}.bin").write_bytes(body_of(number, BYTES))
    workspace = Workspace.create("prefetch", path=folder / "ws", show_output=False)
    local = Datastore.register_local_folder(workspace, "local", data.parent)
    figures = {"local": [], "remote": []}
    with latency_server(arguments.files, arguments.latency) as address:
        far = Datastore.register_url(
            workspace,
            "far",
            "s3://bucket",
            options={"endpoint_url": address, "anon": True},
        )
        for _ in range(arguments.rounds):
            figures["local"].append(job(workspace, local, folder, arguments))
            shutil.rmtree(folder / "ws" / ".azml" / "cache", ignore_errors=True)
            figures["remote"].append(job(workspace, far, folder, arguments))
    return max(figures["local"]), max(figures["remote"])


@contextmanager
def latency_server(files, latency):
    """Run the server of this benchmark in a process of its own."""
    script = Path(__file__).with_name("latency_server.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(files), str(BYTES), str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def main():
    """Print both figures and their share; the exit code says whether it is 90 %."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--mini-batch-size", type=int, default=1)
    parser.add_argument("--item-seconds", type=float, default=0.010)
    parser.add_argument("--latency", type=float, default=0.020)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(prefix="azml-prefetch-"))
    try:
        local, remote = measure(folder, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"{arguments.files} files, {1000 * arguments.item_seconds:g} ms per item, "
        f"{arguments.processes} process, mini-batches of {arguments.mini_batch_size}"
    )
    print(f"local folder        {local:8.1f} items/s")
    print(f"{1000 * arguments.latency:g} ms per answer   {remote:8.1f} items/s")
    print(f"share               {remote / local:8.1%}")
    return 0 if remote >= 0.9 * local else 1


if __name__ == "__main__":
    sys.exit(main())
