"""The promises of outputs on a datastore."""

from __future__ import annotations

from azml_pipelines.run.port_data_reference import PortDataReference


def test_download_keeps_the_path_on_the_datastore(finished, tmp_path):
    """The tutorial joins the two to find its file."""
    output = finished.get_steps()[0].get_output_data("names")

    count = output.download(local_path=str(tmp_path))

    file = tmp_path / output.path_on_datastore / "names.txt"
    assert 1 == count
    assert "0.txt\n1.txt\n2.txt\n" == file.read_text()
    assert output.path_on_datastore == output._path_on_datastore


def test_download_skips_what_is_there(finished, tmp_path):
    """Unless it may overwrite; the number says how many were written."""
    output = finished.get_steps()[0].get_output_data("names")
    output.download(tmp_path, show_progress=False)

    again = output.download(tmp_path, show_progress=False)
    replaced = output.download(tmp_path, overwrite=True, show_progress=False)

    assert (0, 1) == (again, replaced)


def test_a_neighbour_is_not_downloaded(workspace, tmp_path):
    """An output whose name only begins alike stays where it is."""
    store = workspace.get_default_datastore()
    (tmp_path / "a.txt").write_text("a")
    for target in ("run/scores", "run/scores_old"):
        store.upload_files([tmp_path / "a.txt"], target_path=target)

    count = PortDataReference(store, "scores", "run/scores").download(tmp_path / "copy")

    assert 1 == count


def test_an_output_can_be_an_input(workspace):
    """As a reference, mounted or downloaded."""
    store = workspace.get_default_datastore()
    output = PortDataReference(store, "scores", "run/scores")

    references = [output.as_mount(), output.as_download("/data/x", overwrite=True)]

    assert ["mount", "download"] == [one.mode for one in references]
    assert ["run/scores"] * 2 == [one.path_on_datastore for one in references]
    assert "/data/x" == references[1].path_on_compute
