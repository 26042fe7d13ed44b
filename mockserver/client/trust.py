"""Files with whom to trust, for the programs that call a server with a private CA."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

_REPLACING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name all whom a program trusts."""
_ADDING = "NODE_EXTRA_CA_CERTS"
"""The variable that names whom Node trusts besides."""
_KNOWN_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, OpenBSD
)
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s", re.DOTALL)


def variables(ca: str, folder: Path) -> dict[str, str]:
    """Return the variables by which programs trust a CA besides all whom they trust now; the files are in ``folder``.

    So a program that calls the server can go on calling others, too.
    """
    everybody, besides = folder / "trusted.pem", folder / "besides.pem"
    named = [os.environ[name] for name in _REPLACING if os.environ.get(name)]
    _write(everybody, [*_certificates([*named, *_of_the_system()]), ca])
    _write(besides, [*_certificates([os.environ.get(_ADDING) or os.devnull]), ca])
    return {**dict.fromkeys(_REPLACING, str(everybody)), _ADDING: str(besides)}


def _of_the_system() -> Iterator[str]:
    found = ssl.get_default_verify_paths().cafile
    if found is not None:
        yield found
    yield from _KNOWN_PLACES
    try:
        import certifi  # what most Python programs trust
    except ImportError:
        return
    yield certifi.where()


def _certificates(files: Iterable[str]) -> Iterator[str]:
    """Yield the certificates of files, each once; files that cannot be read have none."""
    seen: dict[str, None] = {}
    for file in dict.fromkeys(map(os.path.realpath, files)):
        try:
            text = Path(file).read_text("utf-8", "replace")
        except OSError:
            continue
        seen |= dict.fromkeys(f"{block.strip()}\n" for block in _BLOCK.findall(f"{text}\n"))
    yield from seen


def _write(file: Path, certificates: Iterable[str]) -> None:
    file.write_text("".join(certificates))
