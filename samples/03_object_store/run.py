"""Data in an object store, results back to it: S3 here, by a server on this machine.

Without moto (``pip install 'moto[server]' s3fs``) a folder stands in for the bucket:
the pipeline is the same one.
"""

import os
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
from azml_pipelines.testing.object_servers import ServerMissingError, moto_server

HERE = Path(__file__).parent


@contextmanager
def datastore(ws):
    """Register a bucket, with its secret by reference; or a folder."""
    try:
        with moto_server() as server:
            server.make_container("books")
            os.environ["BOOKS_SECRET"] = "testing"  # noqa: S105 - yours is in your shell
            yield Datastore.register_url(
                ws,
                "books",
                "s3://books/library",
                options={
                    "endpoint_url": server.address,
                    "key": "testing",
                    "secret": "env:BOOKS_SECRET",
                },
                overwrite=True,
            )
    except (ServerMissingError, ImportError):
        folder = HERE / "workspace" / "books"
        folder.mkdir(exist_ok=True)
        yield Datastore.register_local_folder(ws, "books", folder, overwrite=True)


def make_pipeline(ws, books):
    """Declare the pipeline: input and output are on the datastore."""
    texts = Dataset.File.from_files((books, "texts/*.txt"))
    config = ParallelRunConfig(
        source_directory=str(HERE / "score"),
        entry_script="count_words.py",
        mini_batch_size="2",
        error_threshold=0,
        output_action="append_row",
        append_row_file_name="words.txt",
        environment=Environment("words"),
        compute_target="local",
        process_count_per_node=2,
        node_count=1,
    )
    step = ParallelRunStep(
        name="count-words",
        parallel_run_config=config,
        inputs=[texts.as_named_input("texts").as_mount()],
        output=PipelineData("counts", datastore=books),
    )
    return Pipeline(workspace=ws, steps=[step])


def main():
    """Upload, run, and read the result from where it was published."""
    ws = Workspace.create("books", path=HERE / "workspace", exist_ok=True)
    with datastore(ws) as books:
        books.upload(HERE / "texts", "texts", overwrite=True, show_progress=False)
        run = Experiment(ws, "words").submit(make_pipeline(ws, books))
        run.wait_for_completion(show_output=True)

        output = run.find_step_run("count-words")[0].get_output_data("counts")
        output.download(HERE / "workspace" / "results", overwrite=True)
    folder = HERE / "workspace" / "results" / output.path_on_datastore
    print((folder / "words.txt").read_text(), end="")


if __name__ == "__main__":
    main()
