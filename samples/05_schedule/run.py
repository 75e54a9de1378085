"""A folder receives files; runs appear by themselves, each with only the new ones.

It needs nothing but azml-pipelines. Here the scheduler is started for as long as the
sample runs; `azml scheduler --install` makes it a service.
"""

import subprocess
import sys
import time
from pathlib import Path

from azml_pipelines import (
    Dataset,
    DatasetConsumptionConfig,
    Datastore,
    Environment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    Schedule,
    Workspace,
)

HERE = Path(__file__).parent
INBOX = HERE / "workspace" / "inbox"
DELIVERIES = (
    ("monday", {"a.txt": "one two three", "b.txt": "four five"}),
    ("tuesday", {"c.txt": "six"}),
    ("monday", {"b.txt": "four five, and more"}),
)
SECONDS = 60


def publish(ws, inbox):
    """Publish a pipeline over the texts that its parameter names."""
    texts = PipelineParameter("texts", Dataset.File.from_files((inbox, "**/*.txt")))
    config = ParallelRunConfig(
        source_directory=str(HERE / "score"),
        entry_script="count_words.py",
        mini_batch_size="10",
        error_threshold=0,
        output_action="append_row",
        append_row_file_name="words.txt",
        environment=Environment(name="words"),
        compute_target="local",
        node_count=1,
        process_count_per_node=1,
    )
    step = ParallelRunStep(
        name="count-words",
        parallel_run_config=config,
        inputs=[DatasetConsumptionConfig("texts", texts).as_mount()],
        output=PipelineData("words", datastore=ws.get_default_datastore()),
    )
    return Pipeline(workspace=ws, steps=[step]).publish("count-words")


def deliver(folder, texts):
    """Put texts into the inbox; those of a new folder appear all at once."""
    place = INBOX / folder
    # Names that start with a dot are no input.
    new = place if place.exists() else INBOX / f".{folder}"
    new.mkdir(exist_ok=True)
    for name, text in texts.items():
        (new / name).write_text(text)
    new.rename(place)


def words_of(run):
    """Return what a run has written."""
    run.wait_for_completion(show_output=False)
    output = run.find_step_run("count-words")[0].get_output_data("words")
    fetched = HERE / "workspace" / "fetched"
    output.download(local_path=str(fetched), overwrite=True, show_progress=False)
    return (fetched / output.path_on_datastore / "words.txt").read_text()


def next_run(schedule, known):
    """Wait until the schedule has submitted one run more."""
    for _ in range(SECONDS * 10):
        runs = schedule.get_pipeline_runs()
        if len(runs) > known:
            return runs[0]
        time.sleep(0.1)
    message = f"no run within {SECONDS} s; see `azml schedule history {schedule.id}`"
    raise TimeoutError(message)


def main():
    """Deliver files three times, and print what the runs made of them."""
    ws = Workspace.create("words", path=HERE / "workspace", exist_ok=True)
    INBOX.mkdir(exist_ok=True)
    inbox = Datastore.register_local_folder(ws, "inbox", INBOX, overwrite=True)
    schedule = Schedule.create(
        ws,
        name="new-texts",
        pipeline_id=publish(ws, inbox).id,
        experiment_name="words",
        datastore=inbox,
        polling_interval=0.02,  # minutes; five by default
        data_path_parameter_name="texts",
    )
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "azml_pipelines.cli", "scheduler"],
        cwd=HERE / "workspace",
        stdout=sys.stderr,
    )
    try:
        for number, delivery in enumerate(DELIVERIES):
            deliver(*delivery)
            run = next_run(schedule, known=number)
            print(f"run {number + 1}")
            print(words_of(run), end="")
    finally:
        scheduler.terminate()
        scheduler.wait()
        schedule.disable()


if __name__ == "__main__":
    main()
