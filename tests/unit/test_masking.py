"""Secrets in text, found by name, by value and by shape."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from azml_pipelines.errors import DeclarationError
from azml_pipelines.masking import (
    MASK,
    Masker,
    StreamMasker,
    holds_secret,
    is_reference,
    looks_secret,
    mask,
    mask_content,
    resolve_variables,
    stored_variables,
)

SECRET = "hunter2/&=+ü<'\""  # noqa: S105 - made up


@pytest.mark.parametrize(
    "name",
    ["TOKEN", "HF_TOKEN", "apiToken", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "API_KEY",
     "apiKey", "ACCOUNT_KEY", "storageKey", "SAS", "BLOB_SAS_URL", "CONNECTION_STRING",
     "credentials", "PASSPHRASE", "AZURE_CLIENT_SECRET", "AUTHORIZATION", "GITHUB_PAT"],
)  # fmt: skip
def test_names_that_say_it(name):
    """In capitals or in camel case, alone or with other words."""
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["PATH", "KEY", "PRIMARY_KEY", "TOKENIZERS_PARALLELISM", "MAX_TOKENS", "PWD",
     "HOME", "MODEL_NAME", "SASSY", "BATCH_SIZE", "KEYBOARD", "SECRETARY",
     "PARTITION_KEYS", ""],
)  # fmt: skip
def test_names_that_do_not(name):
    """Other words that hold the same letters, and numbers of tokens."""
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("?sv=1&sig=abc%2Bd&se=2", f"?sv=1&sig={MASK}&se=2", id="SAS"),
        pytest.param(
            "AccountKey=abc==;x=1", f"AccountKey={MASK};x=1", id="account key"
        ),
        pytest.param("SharedAccessKey=abc==", f"SharedAccessKey={MASK}", id="bus key"),
        pytest.param("bearer abcdefgh12", f"bearer {MASK}", id="bearer"),
        pytest.param("Basic dXNlcjpwYXNz", f"Basic {MASK}", id="basic"),
        pytest.param("a AKIAIOSFODNN7EXAMPLE b", f"a {MASK} b", id="AWS key"),
        pytest.param(
            "X-Amz-Signature=00ff&a=1", f"X-Amz-Signature={MASK}&a=1", id="S3"
        ),
        pytest.param("https://me:pw@h/x", f"https://{MASK}@h/x", id="login in a URL"),
        pytest.param("postgres://u:p%40@h", f"postgres://{MASK}@h", id="database"),
        pytest.param("password=abc def", f"password={MASK} def", id="password"),
        pytest.param("client_secret=abc", f"client_secret={MASK}", id="client secret"),
        pytest.param("ghp_" + "a" * 36, MASK, id="GitHub"),
        pytest.param("hf_" + "a" * 34, MASK, id="Hugging Face"),
        pytest.param(
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----!",
            f"{MASK}!",
            id="private key",
        ),
    ],
)
def test_shapes(text, shown):
    """What has the shape of a secret is hidden, whoever's it is."""
    assert shown == mask(text)
    assert holds_secret(text)
    assert mask(shown) == shown


@pytest.mark.parametrize(
    "text",
    ["basic training of models", "the bearer of news", "https://host:8080/a?b=c#d",
     "sigma=5", "design=nice", "mailto:me@example.com", "10:30@noon", "a/b@c", "AKIA",
     "file:///data/images", "password: see the manual", "image:5000/name@sha256"],
)  # fmt: skip
def test_innocent_text_stays(text):
    """Nothing is hidden that nobody would miss."""
    assert text == mask(text)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(str, id="as it is"),
        pytest.param(lambda value: quote(value, safe=""), id="in a URL"),
        pytest.param(quote_plus, id="in a form"),
        pytest.param(json.dumps, id="in JSON"),
        pytest.param(repr, id="in Python"),
        pytest.param(html.escape, id="in HTML"),
        pytest.param(lambda value: value.encode().hex(), id="in hexadecimal"),
        pytest.param(
            lambda value: base64.b64encode(value.encode()).decode(), id="in base64"
        ),
        pytest.param(
            lambda value: base64.urlsafe_b64encode(f"me:{value}".encode()).decode(),
            id="behind a name in base64",
        ),
        pytest.param(
            lambda value: base64.b64encode(f"x{value}y".encode()).decode(),
            id="within base64",
        ),
    ],
)
def test_values_in_every_form(form):
    """A value is hidden however it was quoted, escaped or encoded."""
    masker = Masker([SECRET])
    text = f"before {form(SECRET)} after"
    masked = masker.text(text)

    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert form(SECRET) not in masked


def test_the_longest_value_wins():
    """One secret may be the beginning of another."""
    assert f"{MASK}!" == Masker(["secret", "secret-and-more"]).text("secret-and-more!")


def test_short_values_are_left():
    """Hiding 'abc' wherever it stands would hide half of all words."""
    assert "abcdef" == Masker(["abc"]).text("abcdef")


def test_the_lines_of_a_value():
    """A key of several lines is hidden line by line."""
    masker = Masker(["first line\nsecond line"])

    assert f"x {MASK} y" == masker.text("x second line y")


def test_secrets_of_an_environment():
    """By what a name says, and by the list of names that came from references."""
    environment = {
        "API_TOKEN": "token-value",
        "DATABASE": "database-value",
        "MODEL": "model-value",
        "AZML_SECRET_NAMES": "DATABASE",
    }
    masker = Masker.of_environment(environment)

    assert f"{MASK} {MASK} model-value" == masker.text(
        "token-value database-value model-value"
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_pieces_of_a_stream(size):
    """No piece ends in the middle of a secret."""
    masker = StreamMasker(Masker(["hunter2-hunter2"]))
    data = "première hunter2-hunter2\nü\udc80 hunter2-hunter2".encode(
        "utf-8", "surrogateescape"
    )
    pieces = [masker.feed(data[i : i + size]) for i in range(0, len(data), size)]
    written = b"".join([*pieces, masker.close()])

    assert "première ***\nü\udc80 ***".encode("utf-8", "surrogateescape") == written


def test_a_line_without_end_is_passed_on():
    """A stream that never ends its line does not fill the memory."""
    masker = StreamMasker(Masker(["hunter2-hunter2"]))
    written = b"".join(masker.feed(b"x" * 9999 + b"hunter2-hunter2") for _ in range(50))
    rest = masker.close()

    assert len(rest) < 1 << 17
    assert b"hunter2" not in written + rest
    assert 50 * 9999 == (written + rest).count(b"x")


def test_references():
    """``env:NAME`` and nothing else."""
    assert is_reference("env:API_TOKEN")
    assert not is_reference("env:")
    assert not is_reference("env:A B")
    assert not is_reference("environment")
    assert not is_reference(5)


def test_what_is_stored():
    """References stay, secrets become references to themselves, the rest is plain."""
    stored = stored_variables(
        {
            "A": "env:B",
            "API_TOKEN": "hunter2",
            "URL": "https://u:p@h",
            "N": "5",
            "TOKEN": "",
        }
    )

    assert {
        "A": "env:B",
        "API_TOKEN": "env:API_TOKEN",
        "URL": "env:URL",
        "N": "5",
        "TOKEN": "",
    } == stored


def test_what_a_worker_gets():
    """Values in place of references, and the names of those that are secret."""
    resolved = resolve_variables({"A": "env:B", "N": "5"}, {"B": "hunter2"})

    assert {"A": "hunter2", "N": "5", "AZML_SECRET_NAMES": "A"} == resolved


def test_a_reference_to_nothing():
    """The name is told, and what to do."""
    with pytest.raises(DeclarationError, match="'B' is not set"):
        resolve_variables({"A": "env:B"}, {})


def test_content():
    """Every text of plain data, however deep."""
    content = {"a": ["sig=abc", 5, None], "b": {"c": "https://u:p@h"}}

    assert {
        "a": [f"sig={MASK}", 5, None],
        "b": {"c": f"https://{MASK}@h"},
    } == mask_content(content)
