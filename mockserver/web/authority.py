"""The private certificate authority of HTTPS, and the certificates that it issues.

It is imported with the setting ``tls`` only, since cryptography takes long.
"""

from __future__ import annotations

import fcntl
import os
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from socket import gethostname

from trustme import CA

from mockserver.engine.clock import SECOND
from mockserver.settings import Settings, SettingsError

CERTIFICATE, KEY = "ca.pem", "ca.key"
_OWN_NAMES = ("localhost", "127.0.0.1", "::1", "host.docker.internal", "mockserver")
_DAY = 24 * 3600 * SECOND
_RENEWED = 100
"""A certificate is issued anew after so many days, and good for some more than twice that."""
_SKEW, _GOOD_FOR = timedelta(days=2), timedelta(days=397)
_MOST = 100


class Authority:
    """A CA that is kept in a folder, and a certificate of it for every name that a client asks for.

    Raises SettingsError for a folder that cannot be used, and for ``names`` that none can be issued for.
    """

    def __init__(self, folder: Path, names: Iterable[str], now: Callable[[], int]) -> None:
        self._now = now
        self._names = tuple(dict.fromkeys(name.lower() for name in names))
        self._ca = _kept(folder)
        self.pem = self._ca.cert_pem.bytes()
        self._issued = lru_cache(_MOST)(self._issue)
        try:
            self.context = self._issued(None, self._period())
        except ValueError as error:
            raise SettingsError(f"tls_hosts: no certificate can be issued: {error}") from None
        self.context.sni_callback = self._choose
        _try(self.context, self.pem, folder)

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """Show the certificate for the name that a client asks for; it may be one that nobody has thought of."""
        asked = name.lower() if name and name.lower() not in self._names else None
        try:
            connection.context = self._issued(asked, self._period())
        except ValueError:  # no name that a certificate can be for: the client is to refuse what it gets
            connection.context = self._issued(None, self._period())

    def _period(self) -> int:
        return self._now() // (_RENEWED * _DAY)

    def _issue(self, name: str | None, _: int) -> ssl.SSLContext:
        began = datetime.fromtimestamp(self._now() // SECOND, UTC) - _SKEW
        leaf = self._ca.issue_cert(
            *(self._names if name is None else (name,)),
            organization_name="mockserver",
            not_before=began,
            not_after=began + _GOOD_FOR,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        context.num_tickets = 0  # Old Python clients wait forever once they got a session ticket,
        context.options |= ssl.OP_NO_TICKET  # which TLS 1.2 calls by another name.
        context.set_alpn_protocols(["http/1.1"])
        return context


def authority(settings: Settings, data: Path, hosts: Iterable[str], now: Callable[[], int]) -> Authority:
    """Return the authority that the settings ask for; ``data`` is the server's directory. Raises SettingsError."""
    names = (*_OWN_NAMES, gethostname(), settings.host, *settings.tls_hosts, *hosts)
    return Authority(settings.tls_folder or data / "tls", names, now)


def _kept(folder: Path) -> CA:
    """Return the CA of a folder; one is made where there is none."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    try:
        if not (certificate.exists() and key.exists()):
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                _make(certificate, key)
        return CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except OSError as error:
        raise SettingsError(f"tls_folder: {error.filename or folder}: {error.strerror or error}") from None
    except Exception as error:  # cryptography has many words for what is no certificate and no key
        what = str(error) or type(error).__name__
        raise SettingsError(f"tls_folder: {certificate} and {KEY} are no certificate with its key: {what}") from None


def _make(certificate: Path, key: Path) -> None:
    there = [path for path in (certificate, key) if path.exists()]
    if len(there) == 1:
        raise SettingsError(f"tls_folder: of {CERTIFICATE} and {KEY} there is only {there[0]}; both or none")
    if not there:
        made = CA(organization_name="mockserver", organization_unit_name=f"mockserver CA {os.urandom(4).hex()}")
        _write(key, made.private_key_pem.bytes(), 0o600)
        _write(certificate, made.cert_pem.bytes(), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is there whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123
        file.write(content)
    new.rename(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other servers with the same folder from making a CA meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _try(context: ssl.SSLContext, pem: bytes, folder: Path) -> None:
    """Connect to ourselves. Raises SettingsError if a client that trusts the CA would not trust its certificates."""
    trusting = ssl.create_default_context(cadata=pem.decode())
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = context.wrap_bio(to_server, to_client, server_side=True)
    try:
        for side in (client, server, client, server):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", None) or error.reason or error
        raise SettingsError(f"tls_folder: {folder / CERTIFICATE} is no CA that clients can trust: {why}") from None
