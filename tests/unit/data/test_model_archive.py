"""Archives from elsewhere become folders, and touch nothing outside of them."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azml_pipelines.data.model_archive import (
    BadArchiveError,
    file_sha256,
    unpack,
    unpacked_model,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def archive(path: Path, fill: Callable[[tarfile.TarFile], None]) -> str:
    """Write an archive and return its path."""
    with tarfile.open(path, "w:gz") as tar:
        fill(tar)
    return str(path)


def add(
    tar: tarfile.TarFile,
    name: str,
    data: bytes = b"x",
    kind: bytes = tarfile.REGTYPE,
    link: str = "",
    mode: int = 0o644,
) -> None:
    """Add one member, whatever it is."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, mode
    member.size = len(data) if kind == tarfile.REGTYPE else 0
    tar.addfile(member, io.BytesIO(data))


def one(name: str, **given: object):
    """Return what fills an archive with one member."""
    return lambda tar: add(tar, name, **given)


def both(*fills: Callable[[tarfile.TarFile], None]):
    """Return what fills an archive with several."""

    def fill(tar: tarfile.TarFile) -> None:
        for each in fills:
            each(tar)

    return fill


LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
OUT = "leads out"
KIND = "neither a file nor a folder"
TWICE = "twice"


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        pytest.param(one("../x"), OUT, id="up"),
        pytest.param(one("a/../../x"), OUT, id="up from a folder"),
        pytest.param(one("/etc/x"), OUT, id="absolute"),
        pytest.param(one("//etc/x"), OUT, id="absolute, two"),
        pytest.param(one(".."), OUT, id="the parent itself"),
        pytest.param(one("./../x"), OUT, id="up from here"),
        pytest.param(one("a/b/../../../x"), OUT, id="up from two folders"),
        pytest.param(one("x", kind=LINK, link="/etc/passwd"), KIND, id="link out"),
        pytest.param(one("x", kind=LINK, link="y"), KIND, id="link inside"),
        pytest.param(one("x", kind=LINK, link=""), KIND, id="link to nothing"),
        pytest.param(one("x", kind=LINK, link="../.."), KIND, id="link up"),
        pytest.param(one("x", kind=HARD, link="/etc/passwd"), KIND, id="hard link"),
        pytest.param(one("x", kind=HARD, link="y"), KIND, id="hard link inside"),
        pytest.param(one("x", kind=tarfile.CHRTYPE), KIND, id="character device"),
        pytest.param(one("x", kind=tarfile.BLKTYPE), KIND, id="block device"),
        pytest.param(one("x", kind=tarfile.FIFOTYPE), KIND, id="pipe"),
        pytest.param(one("x", kind=tarfile.CONTTYPE), None, id="old regular kind"),
        pytest.param(
            both(one("d", kind=LINK, link="/tmp"), one("d/x")),
            KIND,
            id="through a link",
        ),
        pytest.param(
            both(
                one("a", kind=LINK, link="b"),
                one("b", kind=LINK, link=".."),
                one("a/x"),
            ),
            KIND,
            id="a chain of links",
        ),
        pytest.param(
            both(one("x"), one("x", kind=HARD, link="x"), one("x")),
            KIND,
            id="over itself",
        ),
        pytest.param(both(one("x"), one("x")), TWICE, id="the same name"),
        pytest.param(both(one("x"), one("X")), TWICE, id="only the case differs"),
        pytest.param(both(one("x"), one("./x")), TWICE, id="another spelling"),
        pytest.param(both(one("\u00df"), one("SS")), TWICE, id="folded case"),
        pytest.param(
            both(one("x"), one("x/y")), "cannot be unpacked", id="below a file"
        ),
        pytest.param(one("n" * 300), "cannot be unpacked", id="too long a name"),
        pytest.param(
            one("/".join(["d" * 200] * 6)), "characters", id="too long a path"
        ),
        pytest.param(one("d/" * 600 + "x"), "characters", id="too deep"),
        pytest.param(one("x\0y"), None, id="cut at the null"),
    ],
)
def test_what_is_not_plain_is_refused(tmp_path, fill, said):
    """By name; nothing appears outside, and no link inside."""
    path = archive(tmp_path / "model.tar.gz", fill)
    folder = tmp_path / "outer" / "model"
    folder.mkdir(parents=True)
    if said is None:
        unpack(path, str(folder))
    else:
        with pytest.raises(BadArchiveError, match=said):
            unpack(path, str(folder))

    assert [folder] == list((tmp_path / "outer").iterdir())
    assert not any(found.is_symlink() for found in folder.rglob("*"))


def test_a_bomb_is_refused_before_it_goes_off(tmp_path):
    """Ten gigabytes of zeros in ten megabytes: no more than 100 times come out."""
    path = tmp_path / "model.tar.gz"
    head = tarfile.TarInfo("zeros")
    head.size = 10 << 30
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head.tobuf())
        for _ in range(64):
            file.write(bytes(1 << 20))
    folder = tmp_path / "model"
    folder.mkdir()

    with pytest.raises(BadArchiveError, match="unpacks to more than"):
        unpack(str(path), str(folder))
    assert not list(folder.iterdir())


def test_a_head_that_claims_gigabytes_is_refused(tmp_path):
    """It would be read at one go, before any member is seen."""
    path = tmp_path / "model.tar.gz"
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, 8 << 30
    with gzip.open(path, "wb") as file:
        file.write(head.tobuf(format=tarfile.GNU_FORMAT))
    folder = tmp_path / "model"
    folder.mkdir()

    with pytest.raises(BadArchiveError, match="describes a member with 8589934592"):
        unpack(str(path), str(folder))


def test_too_many_members(tmp_path):
    """Ten thousand at most."""
    path = archive(
        tmp_path / "model.tar.gz", both(*(one(f"f{i}") for i in range(10_001)))
    )
    folder = tmp_path / "model"
    folder.mkdir()

    with pytest.raises(BadArchiveError, match="more than 10000 members"):
        unpack(path, str(folder))


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", b"\x1f\x8b\x08\x00broken", gzip.compress(b"no tar")],
    ids=["empty", "text", "broken gzip", "gzip of text"],
)
def test_what_is_no_archive(tmp_path, content):
    """It is said, and no traceback of a library comes out."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    folder = tmp_path / "model"
    folder.mkdir()

    with pytest.raises(BadArchiveError, match="cannot be unpacked"):
        unpack(str(path), str(folder))


@pytest.mark.parametrize("cut", [10, 200, 2000])
def test_half_an_archive(tmp_path, cut):
    """It is refused, wherever it was cut."""
    whole = archive(tmp_path / "whole.tar.gz", one("x", data=os.urandom(4000)))
    path = tmp_path / "half.tar.gz"
    path.write_bytes(Path(whole).read_bytes()[:cut])
    folder = tmp_path / "model"
    folder.mkdir()

    with pytest.raises(BadArchiveError, match="cannot be unpacked"):
        unpack(str(path), str(folder))


def test_files_and_folders_come_out(tmp_path):
    """For their owner only; what could be executed still can."""
    path = archive(
        tmp_path / "model.tar.gz",
        both(
            one("code", kind=tarfile.DIRTYPE),
            one("code/serve", data=b"#!", mode=0o755),
            one("./weights.bin", data=b"123"),
        ),
    )
    model = Path(unpacked_model(path, file_sha256(path), str(tmp_path)))

    assert b"123" == (model / "weights.bin").read_bytes()
    assert 0o700 == (model / "code" / "serve").stat().st_mode & 0o777
    assert 0o600 == (model / "weights.bin").stat().st_mode & 0o777


def test_another_archive_is_noticed(tmp_path):
    """The one that was submitted, or none."""
    path = archive(tmp_path / "model.tar.gz", one("x"))

    with pytest.raises(BadArchiveError, match="not the archive that was submitted"):
        unpacked_model(path, "0" * 64, str(tmp_path))


def test_all_processes_of_a_node_share_one_copy(tmp_path):
    """Whoever comes first unpacks, the others wait."""
    path = archive(tmp_path / "model.tar.gz", one("x", data=bytes(100_000)))
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(unpacked_model(path, None, str(tmp_path)))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 8 == len(found)
    assert 1 == len(set(found))
    assert not list(tmp_path.glob("unpacking-*"))


def test_a_folder_is_a_model_already(tmp_path):
    """Nothing is copied."""
    assert str(tmp_path) == unpacked_model(str(tmp_path), None, "/nowhere")
