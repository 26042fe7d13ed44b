"""The certificate of the CA that HTTPS is served with."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mockserver.web.replies import ApiError

router = APIRouter()
_FORMAT = "application/x-pem-file"


@router.get("/ca.pem", response_class=Response, responses={200: {"content": {_FORMAT: {}}}})
async def ca(request: Request) -> Response:
    """Show the certificate that clients of HTTPS have to trust, as PEM; everybody may have it."""
    pem: bytes | None = request.app.state.ca
    if pem is None:
        raise ApiError(404, "there is no HTTPS, and so no CA: start with --tls (MOCKSERVER_TLS=true)")
    return Response(pem, media_type=_FORMAT)
