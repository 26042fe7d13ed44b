"""Who may use what is under /_mock, and at which port."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from urllib.parse import urlsplit

from mockserver.settings import Settings
from mockserver.web.replies import Reply, json_reply
from mockserver.web.sending import Scope

CONTROL = "/_mock"
HEALTH = f"{CONTROL}/health"
CERTIFICATE = f"{CONTROL}/ca.pem"
_SINKS = f"{CONTROL}/sink/"
_CHALLENGE = ((b"www-authenticate", b'Bearer realm="mockserver control"'),)

_CLOSED = (
    "the control API needs the token that the server has in MOCKSERVER_CONTROL_TOKEN, "
    "as X-Mock-Token or Authorization: Bearer"
)


class Guard:
    """What the settings say of the control API; ``ports`` are those that are for it alone, if there are any.

    Port 0 stands for one that is not known before the server listens: at more than one address it can be several.
    """

    def __init__(self, settings: Settings) -> None:
        self._is_on = settings.control == "on"
        self.ports = {settings.control_port} if self._is_on and settings.control_port is not None else set()
        self._token = settings.control_token.encode() if settings.control_token else None
        self._own_origin = _origin_of(settings.public_url)

    def is_at_control_port(self, scope: Scope) -> bool:
        """Say whether a request came to the port that is for the control API alone."""
        return (scope.get("server") or (None, None))[1] in self.ports

    def refusal(self, scope: Scope) -> Reply | None:
        """Return why a request under /_mock is not answered; None: it is."""
        path = scope["path"]
        if path in (HEALTH, CERTIFICATE):
            return None
        is_sink = path.startswith(_SINKS)
        if not self._is_on or not (is_sink or not self.ports or self.is_at_control_port(scope)):
            return nothing_here()
        if is_sink:
            return None
        headers = dict(scope["headers"])
        if self._token is not None and not self._has_token(headers, self._token):
            return json_reply({"error": _CLOSED}, 401, _CHALLENGE)
        if scope["method"] not in ("GET", "HEAD") and self._is_of_another_site(headers):
            return json_reply({"error": "origin: pages of other sites may not change anything here"}, 403)
        return None

    @staticmethod
    def _has_token(headers: Mapping[bytes, bytes], token: bytes) -> bool:
        scheme, _, bearer = headers.get(b"authorization", b"").partition(b" ")
        given = headers.get(b"x-mock-token") or (bearer.strip() if scheme.lower() == b"bearer" else b"")
        return compare_digest(given, token)

    def _is_of_another_site(self, headers: Mapping[bytes, bytes]) -> bool:
        """Say whether a browser sends this for a page that the server did not send."""
        origin = headers.get(b"origin", b"").lower()
        host = headers.get(b"host", b"").lower()
        return bool(origin) and origin not in (b"http://" + host, b"https://" + host, self._own_origin)


def nothing_here(error: str = "Not Found") -> Reply:
    """Return what is said where nothing is."""
    return json_reply({"error": error}, 404)


def _origin_of(url: str | None) -> bytes | None:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}".lower().encode() if url else None
