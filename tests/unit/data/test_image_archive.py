"""An image becomes a root filesystem; what it says cannot lead out of it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest

from azml_pipelines.data.image_archive import unpack_image
from azml_pipelines.data.model_archive import BadArchiveError

FILE, FOLDER, LINK, HARD = (
    tarfile.REGTYPE,
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
)


def layer(*members: tuple) -> bytes:
    """Return a layer of (name, kind, content or target)."""
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as archive:
        for name, kind, what in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.mode = 0o755
            content = what.encode() if kind == FILE else b""
            member.size = len(content)
            member.linkname = what if kind in {LINK, HARD} else ""
            archive.addfile(member, io.BytesIO(content))
    return found.getvalue()


def put(path, files: dict[str, bytes]):
    """Write an archive with these files and return its path."""
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return str(path)


def docker(path, *layers: bytes, **config: object) -> str:
    """Write an image in docker's form."""
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    manifest = [{"Config": "c.json", "Layers": names}]
    return put(
        path,
        {
            "manifest.json": json.dumps(manifest).encode(),
            "c.json": json.dumps({"config": config}).encode(),
            **dict(zip(names, layers, strict=True)),
        },
    )


def oci(path, media_type: str, *layers: bytes) -> str:
    """Write an image in OCI's form, with an index of one platform."""
    blobs = {}

    def blob(content: bytes, media: str = "") -> dict[str, str]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"digest": f"sha256:{digest}", "mediaType": media}

    config = blob(json.dumps({"config": {"Entrypoint": ["/serve"]}}).encode())
    listed = [blob(one, media_type) for one in layers]
    manifest = blob(json.dumps({"config": config, "layers": listed}).encode())
    inner = blob(json.dumps({"manifests": [manifest]}).encode())
    return put(
        path, {"index.json": json.dumps({"manifests": [inner]}).encode(), **blobs}
    )


@pytest.fixture
def root(tmp_path):
    """Where images are unpacked, beside something that is none of their business."""
    (tmp_path / "outside").mkdir()
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def tree(folder) -> list[str]:
    """Return all names below a folder."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def test_layers_in_order(tmp_path, root):
    """Later ones replace, remove and empty what earlier ones have left."""
    image = docker(
        tmp_path / "i.tar",
        layer(
            ("a", FILE, "old"),
            ("b", FILE, "gone"),
            ("d/one", FILE, "1"),
            ("e/old", FILE, "1"),
            ("f", FOLDER, ""),
        ),
        layer(
            ("a", FILE, "new"),
            (".wh.b", FILE, ""),
            ("d/.wh.one", FILE, ""),
            ("e/new", FILE, "2"),
            ("e/.wh..wh..opq", FILE, ""),
            ("f", FILE, "a file now"),
        ),
        Entrypoint=["/serve"],
        Env=["A=1"],
        WorkingDir="/opt",
    )
    config = unpack_image(image, str(root))

    assert tree(root) == ["a", "d", "e", "e/new", "f"]
    assert (root / "a").read_text() == "new"
    assert (root / "f").read_text() == "a file now"
    assert (config.entrypoint, config.environment, config.folder) == (
        ("/serve",),
        ("A=1",),
        "/opt",
    )


def test_the_form_of_oci(tmp_path, root):
    """Also behind an index, as for several platforms."""
    image = oci(tmp_path / "i.tar", "application/…tar", layer(("a", FILE, "x")))

    assert unpack_image(image, str(root)).entrypoint == ("/serve",)
    assert tree(root) == ["a"]


def test_a_compression_that_is_not_known(tmp_path, root):
    """Named, with the way out."""
    image = oci(tmp_path / "i.tar", "application/…tar+zstd", b"?")

    with pytest.raises(BadArchiveError, match="compressed with zstd; save it with"):
        unpack_image(image, str(root))


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([("../outside/x", FILE, "x")], id="up"),
        pytest.param([("/outside/x", FILE, "x")], id="absolute"),
        pytest.param(
            [("out", LINK, "../outside"), ("out/x", FILE, "x")], id="a link up"
        ),
        pytest.param(
            [("out", LINK, "{outside}"), ("out/x", FILE, "x")], id="a link away"
        ),
        pytest.param(
            [("a", LINK, "b"), ("b", LINK, "../../outside"), ("a/x", FILE, "x")],
            id="a link to a link",
        ),
        pytest.param(
            [("x", LINK, "{outside}/x"), ("x", FILE, "x")], id="through a link's name"
        ),
        pytest.param([("out", LINK, "{outside}"), ("out", FOLDER, "")], id="a folder"),
    ],
)
def test_nothing_leads_out(tmp_path, root, members):
    """Links are followed as the container will: from its own root."""
    outside = tmp_path / "outside"
    filled = [(name, kind, to.format(outside=outside)) for name, kind, to in members]
    unpack_image(docker(tmp_path / "i.tar", layer(*filled)), str(root))

    assert tree(outside) == []


def test_absolute_links_stay_as_they_are(tmp_path, root):
    """The container needs them; what is written through them lands inside."""
    image = docker(
        tmp_path / "i.tar",
        layer(("lib", LINK, "/usr/lib"), ("usr/lib/a", FILE, "1")),
        layer(("lib/b", FILE, "2"), ("c", HARD, "lib/a")),
    )
    unpack_image(image, str(root))

    assert (root / "lib").readlink().as_posix() == "/usr/lib"
    assert tree(root) == ["c", "lib", "usr", "usr/lib", "usr/lib/a", "usr/lib/b"]
    assert (root / "c").samefile(root / "usr/lib/a")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        pytest.param(
            [("a", LINK, "b"), ("b", LINK, "a"), ("a/x", FILE, "x")],
            "go round in circles",
            id="a circle",
        ),
        pytest.param(
            [("x", HARD, "../../etc/passwd")], "No such file", id="a hard link"
        ),
    ],
)
def test_what_cannot_be_followed(tmp_path, root, members, said):
    """Is an error of the image."""
    with pytest.raises(BadArchiveError, match=said):
        unpack_image(docker(tmp_path / "i.tar", layer(*members)), str(root))


def test_devices_are_left_out(tmp_path, root):
    """The engine has its own."""
    image = docker(tmp_path / "i.tar", layer(("null", tarfile.CHRTYPE, "")))
    unpack_image(image, str(root))

    assert tree(root) == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 10_240])
def test_what_is_no_image(tmp_path, root, content):
    """One error, whatever is wrong with it."""
    path = tmp_path / "i.tar"
    path.write_bytes(content)

    with pytest.raises(BadArchiveError, match="no image archive"):
        unpack_image(str(path), str(root))
