"""A server with HTTPS and a proxy, and what its clients trust."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from mockserver.embed import MockServer


class Address(NamedTuple):
    host: str
    port: int


def address_of(url: str | None) -> Address:
    parts = urlsplit(url or "")
    assert parts.hostname
    assert parts.port
    return Address(parts.hostname, parts.port)


def trusting(pem: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=pem)


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    with MockServer(tls=True, proxy_port=0, upload_bytes=1_000_000, tls_hosts="mock.test 192.0.2.7") as mock:
        yield mock


@pytest.fixture(scope="session")
def context(secure: MockServer) -> ssl.SSLContext:
    return trusting(secure.ca())


@pytest.fixture(scope="session")
def ca_file(secure: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text(secure.ca())
    return file
