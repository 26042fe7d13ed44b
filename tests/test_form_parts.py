"""What is in a form, whoever made it and however its bytes arrive."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from mockserver.web.parts import FormError, Part, Parts
from tests.receivers import receiving

CONTENT = bytes(range(256)) * 40 + b"\r\n--\r\n-\r\r\n"
NAMES = [
    "call.wav",
    "naïve – 通話 🎧.wav",
    'the "call".wav',
    "a;b=c, d.wav",
    "100% 50%25 %zz.wav",
    "it's.wav",
    "end\\",
]
TYPE = "multipart/form-data; boundary=edge"


class Read(NamedTuple):
    """A part that was read whole."""

    part: Part
    content: bytes


def read(content_type: str, pieces: Iterable[bytes]) -> list[Read]:
    parts, found = Parts(content_type), []
    part, content = Part(""), bytearray()
    for piece in pieces:
        for event in parts.feed(piece):
            if isinstance(event, Part):
                part, content = event, bytearray()
            elif event is None:
                found.append(Read(part, bytes(content)))
            else:
                content += event
    parts.end()
    return found


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def assert_read(content_type: str, body: bytes, name: str, media_type: str | None = "audio/wav") -> None:
    spots = random.Random(1)
    for pieces in ([body], [bytes([byte]) for byte in body], cut(body, spots.choices(range(len(body)), k=20))):
        field, file = read(content_type, pieces)
        assert field == Read(Part("größe"), "Füße\r\n".encode())
        assert file == Read(Part("file", name, media_type), CONTENT)


@pytest.mark.parametrize("name", NAMES)
def test_what_httpx_sends_is_read(name: str) -> None:
    files = {"file": (name, CONTENT, "audio/wav")}
    request = httpx.Request("POST", "http://x", data={"größe": "Füße\r\n"}, files=files)
    assert_read(request.headers["content-type"], request.read(), name)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("\\")])
def test_what_requests_sends_is_read(name: str) -> None:
    files = {"file": (name, CONTENT, "audio/wav")}
    request = requests.Request("POST", "http://x", data={"größe": "Füße\r\n"}, files=files).prepare()
    assert isinstance(request.body, bytes)
    assert_read(str(request.headers["content-type"]), request.body, name)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("\\")])
def test_what_a_browser_sends_is_read(name: str) -> None:
    """Node has the browsers' FormData and fetch."""
    if shutil.which("node") is None:
        pytest.skip("needs node")
    script = """
        const [name, content] = JSON.parse(require("fs").readFileSync(0));
        const form = new FormData();
        form.append("größe", "Füße\\r\\n");
        form.append("file", new File([Buffer.from(content, "latin1")], name, {type: "audio/wav"}));
        const request = new Request("http://x", {method: "POST", body: form});
        request.arrayBuffer().then(body => {
            console.log(JSON.stringify([request.headers.get("content-type"), Buffer.from(body).toString("latin1")]));
        });
    """.replace("File(", "(globalThis.File ?? require('buffer').File)(")
    given_ = json.dumps([name, CONTENT.decode("latin-1")])
    said = subprocess.run(["node", "-e", script], input=given_, capture_output=True, text=True, check=True).stdout
    content_type, body = json.loads(said)
    assert_read(content_type, body.encode("latin-1"), name)


@pytest.mark.parametrize("escapes", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_curl_sends_is_read(name: str, escapes: bool, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    path = tmp_path / name
    path.write_bytes(CONTENT)
    quoted = str(path).replace("\\", "\\\\").replace('"', '\\"')
    with receiving() as receiver:
        command = ["curl", "-sS", *(["--form-escape"] if escapes else []), "--form-string", "größe=Füße\r\n"]
        command += ["-F", f'file=@"{quoted}";type=audio/wav', receiver.url]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if not escapes and name.endswith("\\") and said.returncode == 0:
            with pytest.raises(FormError):
                read(receiver.received[0].headers["content-type"], [receiver.received[0].body])
            return
        assert said.returncode == 0, said.stderr
    assert_read(receiver.received[0].headers["content-type"], receiver.received[0].body, name)


def form(*parts: tuple[str, bytes], boundary: bytes = b"edge") -> bytes:
    body = b"".join(b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary, head.encode(), content) for head, content in parts)
    return body + b"--%b--\r\n" % boundary


def disposed(disposition: str) -> Part:
    return read(TYPE, [form((f"Content-Disposition: {disposition}", b""))])[0].part


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ("form-data; name=file; filename=call.wav", Part("file", "call.wav")),
        ('form-data;name="file";filename="call.wav";', Part("file", "call.wav")),
        ('FORM-DATA; NAME="file"; FileName=""', Part("file", "")),
        ('form-data; filename="a.wav"; name="file"', Part("file", "a.wav")),
        ('form-data; name="file"; filename="a.wav"; filename*=utf-8\'\'%e2%82%ac.wav', Part("file", "€.wav")),
        ("form-data; name=\"file\"; filename*=UTF-8'en'%e2%82%ac.wav", Part("file", "€.wav")),
        ('form-data; name="file"; filename="a.wav"; filename*=utf-7\'\'+AGE-.wav', Part("file", "a.wav")),
        (r'form-data; name="file"; filename="C:\sounds\new.wav"', Part("file", r"C:\sounds\new.wav")),
        (r'form-data; name="a\"b"; filename="\\x\"y.wav"', Part('a"b', '\\x"y.wav')),
        ('form-data; name="a%22b%0D%0Ac"', Part('a"b\r\nc')),
    ],
)
def test_names_are_read_as_they_are_written(disposition: str, expected: Part) -> None:
    assert disposed(disposition) == expected


@pytest.mark.parametrize(
    "disposition",
    [
        "",
        "form-data",
        "attachment; name=a",
        'form-data; filename="a.wav"',
        'form-data; name="a',
        'form-data; name="a" filename="b"',
        "form-data; name",
    ],
)
def test_a_part_without_a_name_is_refused(disposition: str) -> None:
    with pytest.raises(FormError):
        disposed(disposition)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/mixed; boundary=edge",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="edge',
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="a\tb"',
        "multipart/form-data; boundary=\xe9",
    ],
)
def test_a_body_that_says_it_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(FormError):
        Parts(content_type)


FIELD = b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a=b",
        b"--edge",
        b"--other\r\n",
        FIELD,
        FIELD + b"text",
        FIELD + b"text\r\n--edge",
        FIELD + b"text\r\n--edge-",
        FIELD + b"text\r\n--edgy--",
        FIELD.replace(b"\r\n", b"\n") + b"text\n--edge--\n",
        b"--edge\r\n\r\ntext\r\n--edge--",
        b"--edge\r\nnot a header\r\n\r\ntext\r\n--edge--",
        b"--edge\r\nContent-Disposition: form-data; name=\xff\r\n\r\ntext\r\n--edge--",
        b"--edge\r\n" + b"x: y\r\n" * 100_000,
        b"--edge\r\nx: " + b"y" * 1_000_000,
        b"--edge\r\n" + b"".join(b"x%d: %b\r\n" % (number, b"y" * 8_000) for number in range(3)),
        b"--edge\r\n" + b"x" * 1_000_000,
        FIELD + (b"\r\n" + FIELD) * 100 + b"\r\n--edge--",
    ],
)
def test_a_broken_form_is_refused_wherever_it_is_cut(body: bytes) -> None:
    for size in (len(body) or 1, 1000, 7):
        with pytest.raises(FormError):
            read(TYPE, [body[start : start + size] for start in range(0, len(body), size)])


def test_a_form_may_be_empty_and_have_something_around_it() -> None:
    assert read(TYPE, [b"--edge--"]) == []
    assert read(TYPE, [b"\r\n", b"\r\n--ed", b"ge--\r\n and so on"]) == []
    assert [each.content for each in read(TYPE, [FIELD + b"text\r\n--edge--"])] == [b"text"]


ALMOST = [b"\r", b"\n", b"-", b"--", b"\r\n", b"\r\n--", b"\r\n--ed", b"\r\n--edg", b"edge", b"--edge", b"x", b"\0"]
FALSE = [b"\r\n--edgex", b"\r\n--edge-x", b"\r\n--edge\rx", b"\r\n--edge-\r\n", b"\r\n--edge\r\r\n"]
REAL = re.compile(rb"\r\n--edge(\r\n|--|[ \t])")
contents = (
    st.lists(st.sampled_from(ALMOST + FALSE), max_size=12)
    .map(b"".join)
    .filter(lambda content: not REAL.search(content + b"\r\n"))
)


@given(st.lists(contents, max_size=4), st.lists(st.integers(0, 10_000), max_size=12))
def test_a_form_is_the_same_however_its_bytes_arrive(found: list[bytes], places: list[int]) -> None:
    body = form(*((f'Content-Disposition: form-data; name="{number}"', one) for number, one in enumerate(found)))
    whole = read(TYPE, [body])
    assert whole == [Read(Part(str(number)), one) for number, one in enumerate(found)]
    assert read(TYPE, cut(body, places)) == whole
    assert read(TYPE, [bytes([byte]) for byte in body]) == whole


@given(st.binary(max_size=300), st.lists(st.integers(0, 1000), max_size=5))
def test_any_bytes_give_a_form_or_an_error_however_they_arrive(noise: bytes, places: list[int]) -> None:
    def outcome(pieces: Iterable[bytes]) -> list[Read] | None:
        try:
            return read(TYPE, pieces)
        except FormError:
            return None

    for body in (noise, b"--edge\r\n" + noise, FIELD + noise + b"\r\n--edge--"):
        assert outcome([body]) == outcome(cut(body, places))
