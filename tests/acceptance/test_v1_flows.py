"""The flows of version 1's parallel-run notebooks, run with their own import lines.

Each folder of ``v1_flows`` holds a script as a user of version 1 would have it and the
entry script of its step; ``config.json`` says where its storage account is.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FLOWS = HERE / "v1_flows"
DIGITS = HERE.parents[1] / "samples" / "01_digits"
WAYS = {
    "exec": [str(Path(sys.executable).with_name("azml")), "exec", "flow.py"],
    "import": [
        sys.executable,
        "-c",
        "import azml_pipelines.compat, runpy; "  # noqa: ISC004 - one argument
        "runpy.run_path('flow.py', run_name='__main__')",
    ],
}


def digits(folder: Path, container: Path) -> None:
    """Ten images on the account; the model beside the script."""
    shutil.copytree(DIGITS / "images", container / "mnist")
    shutil.copytree(DIGITS / "model", folder / "models")


def flowers(folder: Path, container: Path) -> None:
    """A hundred and fifty flowers of three kinds in two files, and their means."""
    means = {"Setosa": 1, "Versicolor": 3, "Virginica": 5}
    (container / "iris").mkdir(parents=True)
    for part in range(2):
        rows = ['"sepal.length","sepal.width","petal.length","petal.width","variety"']
        for number in range(75):
            name = list(means)[number % 3]
            size = means[name] + (number % 7) / 10
            rows.append(f'{size},{size + 1},{size},{size / 2},"{name}"')
        (container / f"iris/iris{part}.csv").write_text("\n".join(rows) + "\n")
    model = {name: [size, size + 1, size, size / 2] for name, size in means.items()}
    (folder / "iris_model.json").write_text(json.dumps(model))


def songs(folder: Path, container: Path) -> None:
    """Two users, two seasons, two kinds of music; one file is empty."""
    for user in ("user1", "user4"):
        for season in ("winter", "summer"):
            place = folder / "data" / user / season
            place.mkdir(parents=True)
            for length, kind in enumerate(("disco", "piano"), start=1):
                (place / f"{kind}.wav").write_bytes(b"x" * length)
    (folder / "data/user1/winter/rock.wav").touch()


def sales(folder: Path, container: Path) -> None:
    """Three weeks of two brands in two stores; one of them never sold."""
    rows = ["WeekStarting,Store,Brand,Quantity,Price"]
    for week in (1, 8, 15):
        rows += [
            f"1990-06-{week:02d},{store},{brand},{week},{price}"
            for store, brand, price in ((2, "dominicks", 1.5), (2, "tropicana", 2.0))
        ]
        rows.append(f"1990-06-{week:02d},5,dominicks,{week + 1},2.5")
    (folder / "oj_sales.csv").write_text("\n".join(rows) + "\n")


def pictures(folder: Path, container: Path) -> None:
    """Forty-two images, three labels, a model of one number."""
    (container / "batchscoring/images").mkdir(parents=True)
    (container / "batchscoring/labels").mkdir()
    for number in range(42):
        image = container / f"batchscoring/images/{number:03d}.JPEG"
        image.write_bytes(bytes([number]))
    labels = container / "batchscoring/labels/labels.txt"
    labels.write_text("sparrow\nteapot\nviolin\n")
    (folder / "models").mkdir()
    (folder / "models/inception.json").write_text('{"weight": 1}')


@pytest.fixture
def run_flow(tmp_path):
    """Run a flow in a folder that has only what the notebook's reader has."""

    def run(flow, prepare, way):
        folder = tmp_path / flow
        shutil.copytree(FLOWS / flow, folder)
        container = tmp_path / "accounts" / "pipelinedata" / "sampledata"
        container.mkdir(parents=True)
        prepare(folder, container)
        config = {
            "subscription_id": "00000000-0000-0000-0000-000000000000",
            "resource_group": "group",
            "workspace_name": "workspace",
            "storage": {"accounts": {"pipelinedata": "../accounts/pipelinedata"}},
        }
        (folder / "config.json").write_text(json.dumps(config))
        return subprocess.run(
            WAYS[way], cwd=folder, capture_output=True, text=True, check=False
        )

    return run


CASES = [
    pytest.param(
        "image_inference",
        digits,
        "exec",
        [
            "Prediction has 10 rows",
            "0.png 7",
            "1.png 2",
            "one image: 7.png 9",
        ],
        id="images of a file dataset",
    ),
    pytest.param(
        "table_inference",
        flowers,
        "import",
        ["Prediction has 150 rows, 150 right"],
        id="rows of a tabular dataset",
    ),
    pytest.param(
        "partition_per_folder",
        songs,
        "exec",
        [
            "partition keys: ['user', 'season', 'genres']",
            "combinations: 8",
            "users: [{'user': 'user1'}, {'user': 'user4'}]",
            "user1 disco 2 2 2",
            "user1 piano 2 4 2",
            "user4 disco 2 2 2",
            "user4 piano 2 4 2",
        ],
        id="partitions per folder",
    ),
    pytest.param(
        "partition_per_column",
        sales,
        "import",
        [
            "partition keys: ['Store', 'Brand']",
            "columns: ['WeekStarting', 'Quantity', 'Price', 'Store', 'Brand']",
            "registered: partitioned_oj_data version 1",
            "The dataframe has 3 rows",
            "1990-06-01 1 1.5 2 dominicks 36.0",
            "1990-06-01 1 2.0 2 tropicana 48.0",
            "1990-06-01 2 2.5 5 dominicks 67.5",
        ],
        id="partitions per column",
    ),
    pytest.param(
        "batch_scoring",
        pictures,
        "exec",
        [
            "Prediction has 42 rows",
            "000.JPEG sparrow",
            "001.JPEG teapot",
            "002.JPEG violin",
        ],
        id="images with labels beside them",
    ),
]


@pytest.mark.parametrize(("flow", "prepare", "way", "said"), CASES)
def test_a_flow_of_version_1_runs_unchanged(run_flow, flow, prepare, way, said):
    """To its last line, with the results that version 1 shows."""
    done = run_flow(flow, prepare, way)
    lines = [re.sub(r"\s+", " ", line).strip() for line in done.stdout.splitlines()]

    assert done.returncode == 0, done.stderr
    assert [] == [text for text in said if not any(text in line for line in lines)], (
        done.stdout
    )


def test_the_log_of_an_entry_script_is_where_version_1_has_it(run_flow, tmp_path):
    """`EntryScript().logger`; mini-batches of about a kilobyte, so several lines."""
    done = run_flow("table_inference", flowers, "exec")
    logs = (tmp_path / "table_inference").rglob("entry_script_log/*/*.log.txt")
    scored = [
        int(count)
        for log in logs
        for count in re.findall(r"scoring (\d+) rows", log.read_text())
    ]

    assert done.returncode == 0, done.stderr
    assert 150 == sum(scored)
    assert len(scored) > 2
