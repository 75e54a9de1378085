"""Keys and passwords that lie beside a script are noticed before they are copied."""

from __future__ import annotations

import pytest

from azml_pipelines.store.secret_files import secret_files, secret_files_warning


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.production",
        "prod.env",
        "tls/server.pem",
        "SERVER.KEY",
        "a/b/id_rsa",
        "id_ed25519",
        ".aws/credentials",
        "credentials.json",
        "client_secret_12.json",
        "service-account.json",
        "secrets.yaml",
        ".netrc",
        ".git-credentials",
        "passwords.kdbx",
    ],
)
def test_the_names_of_secrets(name):
    """Wherever they lie, in capitals too."""
    assert [name] == secret_files(["score.py", name, "data.csv"])


@pytest.mark.parametrize(
    "name",
    [
        "environment.yml",
        ".env.example",
        "credentials.py",
        "secrets.md",
        "id_rsa.pub",
        "keys.csv",
        "credentials/readme.txt",
    ],
)
def test_names_that_only_sound_like_it(name):
    """Nobody reads warnings that are wrong most of the time."""
    assert [] == secret_files([name])


def test_one_line_says_what_to_do():
    """With the folder, the files and the way out; without secrets there is no line."""
    line = secret_files_warning("/src", ["score.py", ".env", "id_rsa"])

    assert "source_directory '/src'" in line
    assert ".env, id_rsa" in line
    assert ".amlignore" in line
    assert "\n" not in line
    assert secret_files_warning("/src", ["score.py"]) is None


def test_a_hundred_secrets_are_one_short_line():
    """The first ones, and how many more."""
    line = secret_files_warning("/src", [f"keys/{n}.pem" for n in range(100)])

    assert len(line) < 400
    assert "more" in line


def test_names_cannot_write_into_the_terminal():
    """Control characters are escaped."""
    line = secret_files_warning("/src", ["a\x1b]0;x\n.pem"])

    assert "\x1b" not in line
    assert "\n" not in line
