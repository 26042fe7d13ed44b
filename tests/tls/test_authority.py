"""The private CA: where it is kept, what it issues, and what is said of files that are none."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme

from mockserver.embed import MockServer
from mockserver.settings import SettingsError
from tests.test_settings import command
from tests.tls.conftest import trusting


def answers(mock: MockServer, pem: str) -> bool:
    return httpx.get(f"{mock.https_url}/_mock/health", verify=trusting(pem)).status_code == 200


def test_the_ca_of_a_data_directory_outlives_the_server(tmp_path: Path) -> None:
    with MockServer(tls=True, data=tmp_path) as mock:
        first = mock.ca()
    assert (tmp_path / "tls" / "ca.pem").read_text() == first
    assert (tmp_path / "tls" / "ca.key").stat().st_mode & 0o777 == 0o600
    with MockServer(tls=True, data=tmp_path, tls_hosts=("other.test",)) as mock:
        assert mock.ca() == first
        assert answers(mock, first)


def test_a_temporary_directory_has_a_new_ca_unless_a_folder_is_named(tmp_path: Path) -> None:
    seen = set()
    for _ in range(2):
        with MockServer(tls=True) as mock:
            seen.add(mock.ca())
    assert len(seen) == 2
    for _ in range(2):
        with MockServer(tls=True, tls_folder=tmp_path / "deep" / "tls") as mock:
            seen.add(mock.ca())
    assert len(seen) == 3


def test_servers_that_start_together_share_the_ca_of_a_folder(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    servers = [MockServer(tls=True, tls_folder=tmp_path) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(MockServer.start, servers))
    try:
        assert len({server.ca() for server in servers}) == 1
        assert all(answers(server, servers[0].ca()) for server in servers)
    finally:
        for server in servers:
            server.stop()


def test_a_ca_of_ones_own_can_be_used(tmp_path: Path) -> None:
    ca = trustme.CA(organization_name="House", key_type=trustme.KeyType.RSA)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.private_key_pem.write_to_path(tmp_path / "ca.key")
    tmp_path.chmod(0o500)
    with MockServer(tls=True, tls_folder=tmp_path) as mock:
        assert answers(mock, ca.cert_pem.bytes().decode())


def no_pem(folder: Path) -> None:
    (folder / "ca.pem").write_text("hello")
    (folder / "ca.key").write_text("hello")


def empty(folder: Path) -> None:
    (folder / "ca.pem").touch()
    (folder / "ca.key").touch()


def half(folder: Path) -> None:
    trustme.CA().cert_pem.write_to_path(folder / "ca.pem")


def another_key(folder: Path) -> None:
    half(folder)
    trustme.CA().private_key_pem.write_to_path(folder / "ca.key")


def no_ca(folder: Path) -> None:
    leaf = trustme.CA().issue_cert("localhost")
    leaf.cert_chain_pems[0].write_to_path(folder / "ca.pem")
    leaf.private_key_pem.write_to_path(folder / "ca.key")


def a_folder(folder: Path) -> None:
    (folder / "ca.pem").mkdir()
    (folder / "ca.key").touch()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_pem, "are no certificate with its key"),
        (empty, "are no certificate with its key"),
        (half, "there is only"),
        (another_key, "is no CA that clients can trust"),
        (no_ca, "is no CA that clients can trust"),
        (a_folder, "Is a directory"),
    ],
)
def test_files_that_are_no_ca_are_told(spoil: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    spoil(tmp_path)
    told = command("serve", "--port", "0", "--tls", "--tls-port", "0", "--tls-folder", str(tmp_path))
    assert told.returncode == 2
    assert "tls_folder: " in told.stderr
    assert said in told.stderr
    assert str(tmp_path) in told.stderr
    assert "Traceback" not in told.stderr


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"tls_folder: .*file"), MockServer(tls=True, tls_folder=tmp_path / "file"):
        pass


def test_the_data_directory_can_be_used_after_a_ca_that_was_wrong(tmp_path: Path) -> None:
    no_pem(tmp_path)
    with pytest.raises(SettingsError), MockServer(tls=True, tls_folder=tmp_path, data=tmp_path / "data"):
        pass
    with MockServer(data=tmp_path / "data") as mock:
        assert mock.health()["status"] == "ok"


@pytest.mark.parametrize("name", ["under_score", "a..b", "-x.test"])
def test_a_name_that_no_certificate_can_be_for_is_told(name: str) -> None:
    with pytest.raises(SettingsError, match="tls_hosts: "), MockServer(tls=True, tls_hosts=(name,)):
        pass


def test_a_certificate_is_short_lived_enough_for_every_client(secure: MockServer) -> None:
    pem = ssl.get_server_certificate(("127.0.0.1", int((secure.https_url or "").rsplit(":", 1)[1])))
    from cryptography.x509 import load_pem_x509_certificate

    certificate = load_pem_x509_certificate(pem.encode())
    assert 200 < (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 398
