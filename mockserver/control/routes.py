"""The control API and the documentation, as a FastAPI application."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

import mockserver
from mockserver.control import (
    certificate,
    clock,
    faults,
    fixtures,
    health,
    jobs,
    journal,
    keys,
    metrics,
    reset,
    sessions,
    sink,
    snapshots,
    terms,
    verification,
    waiting,
    webhooks,
)
from mockserver.control.queries import body_fields, refuse_unknown_query
from mockserver.engine import Engine
from mockserver.engine.problems import problem_of
from mockserver.web.courier import Courier
from mockserver.web.family import Family, Operation, Quirks, Service
from mockserver.web.guard import CONTROL
from mockserver.web.replies import ApiError

router = APIRouter(prefix=CONTROL, tags=["Control"])
for page in (
    health, certificate, clock, faults, fixtures, jobs, verification, waiting, journal, keys, metrics, reset,
    sessions, sink,
    snapshots, terms, webhooks,
):  # fmt: skip
    # Load balancers and scrapers add to the queries of these two what they like.
    checks = [] if page in (health, metrics) else [Depends(refuse_unknown_query)]
    router.include_router(page.router, dependencies=checks)


def control_app(engine: Engine, courier: Courier, families: Sequence[Family], ca: bytes | None = None) -> FastAPI:
    """Return the application that answers everything under /_mock; ``ca`` is the certificate of HTTPS' CA."""
    app = FastAPI(
        title="mockserver",
        version=mockserver.__version__,
        openapi_url=f"{CONTROL}/openapi.json",
        docs_url=f"{CONTROL}/docs",
        redoc_url=None,
    )
    app.state.engine, app.state.courier, app.state.families = engine, courier, tuple(families)
    app.state.ca = ca
    app.include_router(router)
    _answer_errors(app)
    _document(app, families, frozenset(engine.settings.quirks))
    return app


def _document(app: FastAPI, families: Sequence[Family], quirks: Quirks) -> None:
    """Describe the families' operations too, when the description is first asked for."""
    write = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas: dict[str, Any] = {}
            for family in families:
                app.include_router(_described(family, quirks, schemas))
            components = write().setdefault("components", {})
            components.setdefault("schemas", {}).update(schemas)
            components["securitySchemes"] = {
                service.name: dict(service.scheme) for family in families for service in family.services
            }
        return write()

    app.openapi = openapi  # type: ignore[method-assign]


def _described(family: Family, quirks: Quirks, schemas: dict[str, Any]) -> APIRouter:
    """Return a router for the description only: requests reach the operations through the middleware."""
    described = APIRouter()
    for service in family.services:
        for page in service.pages:
            for operation in page.all:
                if operation.quirk is None or operation.quirk in quirks:
                    described.add_api_route(
                        operation.path,
                        operation.endpoint,
                        methods=[operation.method],
                        summary=operation.summary,
                        status_code=operation.status,
                        tags=[f"{service.title}: {page.title}"],
                        response_model=None,
                        openapi_extra=_extra(service, operation, schemas),
                    )
    return described


def _extra(service: Service, operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return what FastAPI cannot know of an operation: parameters, bodies, how it is said whose a request is."""
    in_path = re.findall(r"\{(\w+)\}", operation.path)
    extra: dict[str, Any] = {
        "parameters": [
            *({"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in in_path),
            *(
                {"name": q.name, "in": "query", "description": q.what, "schema": {"type": q.kind}}
                for q in operation.query
            ),
            *(
                {
                    "name": each.name,
                    "in": "header",
                    "required": True,
                    "description": each.what,
                    "schema": {"type": "string", "enum": list(each.choices)},
                }
                for each in operation.headers
            ),
        ]
    }
    if not operation.public:
        extra["security"] = [{service.name: []}]
    bodies = {"application/json": operation.reads, "multipart/form-data": operation.form}
    content = {form: {"schema": _schema(of(), schemas)} for form, of in bodies.items() if of is not None}
    if content:
        extra["requestBody"] = {"required": True, "content": content}
    return extra


def _schema(adapter: TypeAdapter[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a body; what it refers to is added to the schemas."""
    schema = adapter.json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    return schema


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def refused(_: Request, error: ApiError) -> JSONResponse:
        return JSONResponse({"error": error.message}, error.status)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        known = body_fields(request)
        problems = (problem_of({**each, "loc": each["loc"][1:]}, known) for each in error.errors())
        return JSONResponse({"error": "; ".join(problems)}, 422)

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": f"an error in the server; see its log ({type(error).__name__})"}, 500)

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
