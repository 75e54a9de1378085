"""What a step's result depends on is read, up to a point."""

from __future__ import annotations

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.engine import step_fingerprint
from azml_pipelines.engine.step_fingerprint import content_parts
from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.fingerprint import Fingerprint, declared_parts
from azml_pipelines.plan.run_plan import InputPlan, PythonScriptStepPlan, Reference
from azml_pipelines.store.content_cache import ContentCache


@pytest.fixture
def step(tmp_path):
    """A step that reads a folder of three files."""
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("x")
    source = DataSource(url=folder_url(tmp_path), path="")
    dataset = DatasetDefinition(kind="file", sources=(source,))
    port = InputPlan(name="files", mode="direct", dataset=dataset)
    return PythonScriptStepPlan(
        step_run_id="1", name="read", script_name="a.py", inputs=(port,)
    )


@pytest.mark.parametrize(("most", "refused"), [(3, False), (2, True)])
def test_an_input_of_too_many_files_is_not_compared(step, monkeypatch, most, refused):
    """The limit itself is allowed; one file more is refused by the input's name."""
    monkeypatch.setattr(step_fingerprint, "MOST_FILES", most)
    with ContentCache(None) as cache:
        if refused:
            with pytest.raises(UserErrorException, match="input files has more than 2"):
                content_parts(step, cache)
        else:
            assert [part.name for part in content_parts(step, cache)] == ["files"]


def test_names_that_were_made_up_do_not_count(step):
    """Declared again, a step without names of its own is the same step."""
    made_up = ("input__0123abcd", "input__4567cdef", "files")
    digests = []
    for name in made_up:
        port = step.inputs[0].model_copy(update={"name": name})
        reference = Reference(port="input", name=name)
        changed = step.model_copy(
            update={"inputs": (port,), "arguments": ("--in", reference)}
        )
        with ContentCache(None) as cache:
            contents = content_parts(changed, cache)
        declared = tuple(declared_parts(changed))
        digests.append(Fingerprint(declared, contents).digest)

    assert digests[0] == digests[1]
    assert digests[1] != digests[2]
