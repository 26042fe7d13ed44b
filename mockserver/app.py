"""Put the application together; the only module that knows every family."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import mockserver
from mockserver.apis import assemblyai
from mockserver.control import CONTROL
from mockserver.control import router as control
from mockserver.engine import Engine
from mockserver.settings import Settings
from mockserver.web import log
from mockserver.web.courier import Courier
from mockserver.web.family import documented
from mockserver.web.middleware import Gate
from mockserver.web.replies import ApiError

FAMILIES = (assemblyai.FAMILY,)


def create_app(settings: Settings) -> Gate:
    """Return the ASGI application, with its database open; the thread that calls this must also run it.

    Raises StoreError if the data directory cannot be used.
    """
    engine = Engine(settings)
    courier = Courier(engine)
    log.problems(engine.fixtures.problems)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        courier.start()
        try:
            yield
        finally:
            await courier.stop()
            log.requests(engine.journal.flush(), settings)
            engine.close()

    app = FastAPI(
        title="mockserver",
        version=mockserver.__version__,
        lifespan=lifespan,
        openapi_url=f"{CONTROL}/openapi.json",
        docs_url=f"{CONTROL}/docs",
        redoc_url=None,
    )
    app.state.engine, app.state.courier = engine, courier
    app.include_router(control)
    _answer_errors(app)
    _document_families(app)
    return Gate(app, engine, courier, FAMILIES)


def _document_families(app: FastAPI) -> None:
    write = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.include_router(documented(FAMILIES))
            write()
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def refused(_: Request, error: ApiError) -> JSONResponse:
        return JSONResponse({"error": error.message}, error.status)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        problems = (f"{'.'.join(map(str, e['loc'][1:])) or 'body'}: {e['msg']}" for e in error.errors())
        return JSONResponse({"error": "; ".join(problems)}, 422)

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
