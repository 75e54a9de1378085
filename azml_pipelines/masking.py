"""Secrets in text: found by name, by value and by shape, and replaced by stars.

A secret is given by reference, ``env:NAME``, and stored that way. Its value is known
only to processes that need it; whatever they write or print goes through a ``Masker``.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "MASK",
    "SECRET_NAMES_VARIABLE",
    "Masker",
    "StreamMasker",
    "holds_secret",
    "is_reference",
    "looks_secret",
    "mask",
    "mask_content",
    "mask_texts",
    "resolve_variables",
    "stored_variables",
]

MASK = "***"
REFERENCE = "env:"
SECRET_NAMES_VARIABLE = "AZML_SECRET_NAMES"  # noqa: S105 - the name of a list of names
"""Names of the variables of a worker that came from references, joined by commas."""

_LONGEST_LINE = 1 << 16
_LONGEST_SECRET = 1 << 13
_SHORTEST_VALUE = 6
"""A shorter value is in too many innocent words to be replaced wherever it stands."""
_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset({
    "apikey", "authorization", "credential", "credentials", "passphrase", "passwd",
    "password", "passwords", "pat", "sas", "secret", "secrets", "token",
})  # fmt: skip
_SECRET_PAIRS = frozenset({
    ("access", "key"), ("account", "key"), ("api", "key"), ("auth", "key"),
    ("connection", "string"), ("conn", "str"), ("encryption", "key"),
    ("private", "key"), ("secret", "key"), ("shared", "key"), ("signing", "key"),
    ("storage", "key"), ("subscription", "key"),
})  # fmt: skip

# Every shape has one of these in it, in any case; most text has none, and a search for
# plain bytes is a hundred times faster than the pattern: scripts print gigabytes.
_HINTS = (
    b"sig=", b"sig%3d", b"signature", b"token", b"credential", b"key", b"passw",
    b"client_secret", b"bearer ", b"basic ", b"://", b"akia", b"asia", b"ghp_", b"gho_",
    b"ghu_", b"ghr_", b"ghs_", b"github_pat_", b"hf_", b"xox",
)  # fmt: skip


def _may_hold_shape(data: bytes) -> bool:
    """Whether there is anything in ``data`` that a secret's shape begins with."""
    lower = data.lower()
    return any(hint in lower for hint in _HINTS)


def looks_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    pairs = zip(words, words[1:])  # no strict= in Python 3.9
    return any(word in _SECRET_WORDS for word in words) or any(
        pair in _SECRET_PAIRS for pair in pairs
    )


def is_reference(value: object) -> bool:
    """Whether a value is ``env:NAME``: that of another variable, looked up late."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def mask(text: str) -> str:
    """Return ``text`` without what has the shape of a secret, whoever's it is."""
    if not _may_hold_shape(text.encode("utf-8", "surrogatepass")):
        return text
    return _shapes().sub(lambda match: f"{match['keep'] or ''}{MASK}", text)


@functools.cache
def _shapes() -> re.Pattern[str]:
    """Return the shapes; compiling them takes longer than most commands."""
    # What stands in "keep" stays readable, what stands in "secret" does not.
    return re.compile(
        r"""
          (?P<keep>
              (?<![A-Za-z0-9])(?:sig|X-Amz-Signature|X-Amz-Security-Token|X-Amz-Credential
                |X-Goog-Signature|AccountKey|SharedAccessKey|SharedAccessSignature
                |client_secret|access_token|refresh_token|api[_-]?key|password|passwd)
              (?:=|%3D)
            | (?:(?<![A-Za-z0-9])(?:Bearer|Basic)|ApiKey)[ ]
            (?=[\w.~+/=-]{8})(?=[\w.~+/=-]+(?-i:[0-9=_/+A-Z]))
            | ://(?=[^\s/@:"'<>]*:[^\s/@"'<>]+@)
          )
          (?:(?<=://)(?P<login>[^\s/@"'<>]+)(?=@)|(?P<secret>(?!\*\*\*)[^\s&;,"'<>\\]+))
        | (?P<whole>
              (?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])
            | (?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{30,}
            | (?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{30,}
            | (?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{10,})
            | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----[\s\S]*?
              (?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
          )
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def holds_secret(text: str) -> bool:
    """Whether ``text`` has something in it that ``mask`` would hide."""
    return mask(text) != text


class Masker:
    """Hides some secrets by their values, in every usual form, and all by their shape.

    Args:
        values: The secrets. Values of fewer than 6 characters are hidden by shape only.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = {
            form
            for value in values
            for part in {value, *value.splitlines()}
            if len(part) >= _SHORTEST_VALUE
            for form in _forms(part)
        }
        # The longest first: one secret may be the beginning of another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if forms else None
        self._forms = [form.encode("utf-8", "surrogateescape") for form in ordered]

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Masker:
        """Return one for the secrets among the variables of a process."""
        named = set(environment.get(SECRET_NAMES_VARIABLE, "").split(","))
        return cls(
            value
            for name, value in environment.items()
            if (name in named or looks_secret(name)) and name != SECRET_NAMES_VARIABLE
        )

    def data(self, data: bytes) -> bytes:
        """Return text as bytes without the secrets; fast where there are none."""
        if not _may_hold_shape(data) and not any(form in data for form in self._forms):
            return data
        text = self.text(data.decode("utf-8", "surrogateescape"))
        return text.encode("utf-8", "surrogateescape")

    def text(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return mask(text)


class StreamMasker:
    """Masks bytes that arrive in pieces, such as what a process prints.

    A line is passed on when it is complete, so that no secret is cut in two.

    Args:
        masker: Knows the secrets.
    """

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._kept = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; return what can be passed on."""
        everything = self._kept + data
        end = everything.rfind(b"\n") + 1
        masked = self._masker.data(everything[:end])
        self._kept = everything[end:]
        if len(self._kept) > _LONGEST_LINE:
            rest = self._masker.data(self._kept)
            masked += rest[:-_LONGEST_SECRET]
            self._kept = rest[-_LONGEST_SECRET:]
        return masked

    def close(self) -> bytes:
        """Return what is left, a line without an end."""
        rest, self._kept = self._masker.data(self._kept), b""
        return rest


def mask_content(content: Any) -> Any:  # noqa: ANN401 - what JSON can hold
    """Return plain data with every text in it masked by shape."""
    if isinstance(content, str):
        return mask(content)
    if isinstance(content, dict):
        return {key: mask_content(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [mask_content(value) for value in content]
    return content


def mask_texts(texts: Mapping[str, Any]) -> dict[str, str]:
    """Return tags or properties, names and values masked by shape."""
    return {mask(str(name)): mask(str(value)) for name, value in texts.items()}


def stored_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables as files hold them: references, never secrets.

    A value whose name looks secret becomes ``env:NAME``, its own name.
    """
    return {
        name: f"{REFERENCE}{name}" if _is_literal_secret(name, value) else value
        for name, value in variables.items()
    }


def _is_literal_secret(name: str, value: str) -> bool:
    return (
        bool(value)
        and not is_reference(value)
        and (looks_secret(name) or holds_secret(value))
    )


def resolve_variables(
    variables: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of a worker, with references replaced by values.

    Args:
        variables: Some values are ``env:NAME``.
        environment: Where NAME is looked up: that of the orchestrator.

    Returns:
        All variables, and beside them the names of those that hold secrets.

    Raises:
        DeclarationError: A name is not set.
    """
    resolved: dict[str, str] = {}
    secret: list[str] = []
    for name, value in variables.items():
        match = _REFERENCE.fullmatch(value)
        if match is None:
            resolved[name] = value
            continue
        if match[1] not in environment:
            msg = (
                f"environment_variables[{name!r}]={value!r}: the variable {match[1]!r} "
                "is not set where the run was started. Set it and start again."
            )
            raise DeclarationError(msg)
        resolved[name] = environment[match[1]]
        secret.append(name)
    if secret:
        resolved[SECRET_NAMES_VARIABLE] = ",".join(secret)
    return resolved


def _forms(value: str) -> set[str]:
    """Return how a value looks where it was quoted, escaped or encoded."""
    # Only processes with secrets pay for these.
    import base64  # noqa: PLC0415
    import html  # noqa: PLC0415
    import json  # noqa: PLC0415
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    data = value.encode("utf-8", "surrogateescape")
    forms = {
        value,
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        html.escape(value),
        data.hex(),
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        # Inside of a longer text that was encoded, it starts at any of three places.
        for shift in range(3):
            encoded = encode(b"\0" * shift + data).decode("ascii").rstrip("=")
            beginning = (0, 2, 3)[shift]
            end = len(encoded) - (1 if (shift + len(data)) % 3 else 0)
            forms.add(encoded[beginning:end])
    return {form for form in forms if len(form) >= _SHORTEST_VALUE}
