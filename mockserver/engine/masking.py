"""Hides secrets in requests and replies.

A body is read token by token and not parsed, so that one that was cut, or is no JSON at all, gives nothing away.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

MASK = "*masked*"
Pairs = tuple[tuple[bytes, bytes], ...]
Spellings = Sequence[tuple[str, bytes]]

_STEMS = (
    "token", "secret", "passw", "passphrase", "authorization", "credential", "cookie", "signature", "headervalue",
    "header_value", "header-value", "apikey", "api_key", "api-key", "accesskey", "access_key", "access-key",
    "privatekey", "private_key", "private-key",
)  # fmt: skip
_IN_QUERIES = frozenset(("key", "sig", "pwd", "auth"))
_IN_HEADERS = (*_STEMS, "key", "cookie")
_HINTS = (b"token", b"secret", b"pass", b"auth", b"cred", b"cookie", b"sig", b"header", b"key", b"pwd", b"private")
"""One of these is in everything that the words above name."""
_NO_SECRET = re.compile(rb'_id"|s"\s*:\s*\d|terms_prompt')
_NAME_END = re.compile(rb'["\\=:\s&?;]')
_VALUE = re.compile(rb"\s*+[\\=:]")
_END = re.compile(rb'["\\]')
_MEMBER = re.compile(rb'"\s*+:\s*+(?!null|true|false)')
_LONGEST_NAME = 1000
_ENCODED = re.compile(rb'(?:\A|(?<=[&;=\s"]))(?>[^&;=\s"]*?%[0-9a-f]{2})[^&;=\s"]*+=')
_HIDDEN_USER = re.compile(rb"://[^/\s:@?#]*:[^/\s@?#]+@")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]:,]|[^\s"{}\[\]:,]+', re.DOTALL)
_NAMED = re.compile(r"\s*:")
_PARAMETER = re.compile(r"(^|[?&;])([^=&?;\s\"#<>\\]{1,200})=([^&;\s\"#<>\\]*)")
_USER = re.compile(r"(://[^/\s:@?#]*:)([^/\s@?#]+)(?=@)")
_SCHEMES = ("bearer", "basic", "token", "digest")
_LONG = 16
_UNQUOTED = "/:?=*@,"
_DEEPEST = 4
_OPEN, _TEXTS, _ALL = range(3)


@lru_cache(4096)
def _secrecy(name: str) -> int:
    """Return what of a member's value is secret: numbers of tokens, and ids and types of what is secret, are not."""
    name = name.lower()
    if name.endswith(("_id", "_type")) or not (any(stem in name for stem in _STEMS) or re.search(r"[_-]key$", name)):
        return _OPEN
    return _TEXTS if "tokens" in name else _ALL


@lru_cache(4096)
def _is_secret_parameter(name: str) -> bool:
    name = unquote_plus(name).lower()
    return name in _IN_QUERIES or name.endswith("key") or any(stem in name for stem in _STEMS)


@lru_cache(4096)
def is_secret_header(name: bytes) -> bool:
    """Say whether the value of a header is a secret."""
    lower = name.decode("latin-1").lower()
    return any(stem in lower for stem in _IN_HEADERS)


@lru_cache(256)
def _spellings(secrets: frozenset[str]) -> Spellings:
    """Return the ways in which secrets may be written, the longest first, of those that can be no other word."""
    long = [secret for secret in secrets if len(secret) >= _LONG]
    texts = {
        text
        for secret in long
        for text in (secret, quote(secret.encode("utf-8", "surrogatepass")), json.dumps(secret)[1:-1])
    }
    found = [(text, text.encode("utf-8", "surrogatepass")) for text in texts]
    return sorted(found, key=lambda spelling: len(spelling[1]), reverse=True)


def hides(spellings: Spellings, path: str, query: str, note: str | None, body: bytes | None) -> bool:
    """Say whether a secret stands in one of these."""
    for text, content in spellings:
        if text in path or text in query or (note and text in note) or (body and content in body):
            return True
    return False


class SentHeaders(NamedTuple):
    """Headers as they were sent, and without their secrets; these, and how they may be written; the body's type.

    ``size`` is about how many bytes they are.
    """

    pairs: Pairs
    masked: Pairs
    secrets: frozenset[str]
    spellings: Spellings
    content_type: bytes
    size: int


NO_HEADERS = SentHeaders((), (), frozenset(), (), b"", 0)


@lru_cache(256)
def masked_headers(pairs: Pairs) -> SentHeaders:
    """Return what there is to know about headers: a client sends the same again and again."""
    masking = Masking()
    masked = tuple((name, masking.everywhere(value)) for name, value in masking.headers(pairs))
    secrets = frozenset(masking.secrets)
    content_type = next((value for name, value in pairs if name.lower() == b"content-type"), b"")
    size = sum(len(name) + len(value) for name, value in pairs)
    return SentHeaders(pairs, masked, secrets, _spellings(secrets), content_type, size)


class Masking:
    """The masking of one request and its reply: a secret that is found in one place is hidden in all."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = set(secrets)
        """What was hidden."""
        self._depth = 0

    def headers(self, pairs: Pairs) -> Pairs:
        """Return headers whose secret values are hidden; the scheme of an authorization stays."""
        return tuple(
            (name, self._header(value) if is_secret_header(name) else self._open(value)) for name, value in pairs
        )

    def _header(self, value: bytes) -> bytes:
        text = value.decode("latin-1")
        scheme, space, rest = text.partition(" ")
        if space and scheme.lower() in _SCHEMES:
            self.secrets.add(rest.strip())
            return f"{scheme} {MASK}".encode("latin-1")
        self.secrets.add(text)
        return MASK.encode()

    def _open(self, value: bytes) -> bytes:
        return self._addresses(value.decode("latin-1")).encode("latin-1") if b"=" in value or b"@" in value else value

    def query(self, text: str) -> str:
        """Return a query whose secret values are hidden."""
        return _PARAMETER.sub(self._parameter, text)

    def text(self, text: str) -> str:
        """Return a text whose addresses hide their secrets."""
        return self._addresses(text)

    def body(self, content: bytes) -> bytes:
        """Return a text whose secret members, and secret parameters of addresses, are hidden."""
        if not may_hold_secrets(content):
            return content
        text = codecs.utf_8_decode(content, "strict", False)[0]
        return self._text(text, 0).encode()

    def everywhere(self, content: bytes) -> bytes:
        """Return content without the secrets that were found before, wherever they stand."""
        for _, secret in self.spellings:
            content = content.replace(secret, MASK.encode())
        return content

    def everywhere_in(self, text: str) -> str:
        """Return a text without the secrets that were found before."""
        return self.everywhere(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    @cached_property
    def spellings(self) -> Spellings:
        """Return how the secrets that were found may be written; nothing is to be looked for after that."""
        return _spellings(frozenset(self.secrets))

    def _text(self, text: str, depth: int) -> str:
        walk = _Walk()
        parts: list[str] = []
        end = 0
        for token in _TOKEN.finditer(text):
            shown = self._token(token, walk, depth)
            if shown is not None:
                parts += text[end : token.start()], shown
                end = token.end()
        return "".join((*parts, text[end:]))

    def _token(self, token: re.Match[str], walk: _Walk, depth: int) -> str | None:
        """Return what takes the place of a token, or None."""
        text = token[0]
        if len(text) == 1 and text in "{}[]:,":
            walk.pass_by(text)
            return None
        if (walk.secrecy == _OPEN or walk.is_in_object) and _NAMED.match(token.string, token.end()):
            walk.name = _decoded(text)
            return None
        return self._value(text, walk.secrecy, depth)

    def _value(self, text: str, secrecy: int, depth: int) -> str | None:
        if secrecy == _OPEN:
            return self._leaf(text, depth)
        if text[0] == '"' or (secrecy == _ALL and text not in ("true", "false", "null")):
            self.secrets.add(_decoded(text))
            return f'"{MASK}"'
        return None

    def _leaf(self, text: str, depth: int) -> str | None:
        """Return a value that is not secret itself, if something in it is."""
        if text[0] != '"':
            return self._addresses(text)
        plain = _decoded(text)
        if not may_hold_secrets(plain.encode("utf-8", "replace")):
            return None
        inner = self._addresses(plain)
        if depth < _DEEPEST and '"' in inner:
            inner = self._text(inner, depth + 1)
        return None if inner == plain else json.dumps(inner)

    def _addresses(self, text: str) -> str:
        text = _PARAMETER.sub(self._parameter, text) if "=" in text else text
        return _USER.sub(self._user, text) if "@" in text else text

    def _parameter(self, found: re.Match[str]) -> str:
        before, name, value = found.groups()
        if not value:
            return found[0]
        if not _is_secret_parameter(name):
            return f"{before}{name}={self._inside(value)}"
        self.secrets |= {value, unquote_plus(value)}
        return f"{before}{name}={MASK}"

    def _inside(self, value: str) -> str:
        """Return the value of a parameter, which may be an address or JSON with secrets of its own."""
        plain = unquote_plus(value)
        if self._depth == _DEEPEST or not may_hold_secrets(plain.encode("utf-8", "replace")):
            return value
        self._depth += 1
        inner = self._text(plain, self._depth) if '"' in plain else self._addresses(plain)
        self._depth -= 1
        return value if inner == plain else quote(inner.encode("utf-8", "replace"), safe=_UNQUOTED)

    def _user(self, found: re.Match[str]) -> str:
        self.secrets.add(found[2])
        return found[1] + MASK


class _Walk:
    """Where in a JSON text one is, and whether what comes next is secret."""

    def __init__(self) -> None:
        self.name: str | None = None
        self._levels: list[tuple[str, int]] = []
        self._next = _OPEN

    @property
    def secrecy(self) -> int:
        """Return how secret the next value is."""
        return max(self._next, self._levels[-1][1]) if self._levels else self._next

    @property
    def is_in_object(self) -> bool:
        """Say whether a name may come next."""
        return self._next == _OPEN and bool(self._levels) and self._levels[-1][0] == "{"

    def pass_by(self, sign: str) -> None:
        """Go past a sign."""
        if sign == ":":
            self._next = max(self._next, _OPEN if self.name is None else _secrecy(self.name))
        elif sign in "{[":
            self._levels.append((sign, self.secrecy))
        elif sign in "}]" and self._levels:
            self._levels.pop()
        if sign != ":":
            self._next = _OPEN
        self.name = None


def _decoded(text: str) -> str:
    """Return what a JSON string says, also one that is cut."""
    if text[0] != '"':
        return text.strip("'")
    for whole in (text, f'{text}"', *(f'{text[:-cut]}"' for cut in range(1, 7))):
        try:
            said: str = json.loads(whole, strict=False)
        except ValueError:
            continue
        return said
    return text.strip('"')


def may_hold_secrets(content: bytes) -> bool:
    """Say whether a text is worth reading word by word: nearly all hold nothing that would be hidden."""
    lower = content.lower()
    for hint in _HINTS:
        if hint in lower and _is_near_value(lower, hint):
            return True
    return (
        b"\\u" in lower
        or (b"%" in lower and _ENCODED.search(lower) is not None)
        or (b"@" in lower and _HIDDEN_USER.search(lower) is not None)
    )


def _is_near_value(text: bytes, hint: bytes) -> bool:
    """Say whether a word stands in a name that has a value."""
    member = name = -1
    place = text.find(hint)
    while place >= 0:
        after = place + len(hint)
        if member < after:  # so that a text without quotation marks is gone through once
            member = _next(_END, text, after)
            is_named = _MEMBER.match(text, member) is not None
        if name < after:
            name = _next(_NAME_END, text, after)
            has_value = _VALUE.match(text, name) is not None
        is_value = has_value or (is_named and member - after <= _LONGEST_NAME)
        if is_value and not _NO_SECRET.match(text, after):
            return True
        place = text.find(hint, place + 1)
    return False


def _next(sign: re.Pattern[bytes], text: bytes, place: int) -> int:
    """Return where a sign comes next, or where the text ends."""
    found = sign.search(text, place)
    return found.start() if found else len(text)
