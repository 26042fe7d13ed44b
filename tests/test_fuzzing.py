"""Whatever is sent to any operation, the server neither fails nor answers with what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

import httpx
import orjson
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import GenerationConfig
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from mockserver.embed import MockServer
from tests.apis import AnyApi, JobsApi
from tests.conftest import Api, api_of
from tests.contract import Answer, Contract, found_contract
from tests.sounds import wav

URL = "https://example.com/fuzzed.mp3"
JOBS = ("/jobs", "/auth")
_Case: TypeAlias = schemathesis.Case[Any]
_STREAM_TOKENS = "/v3/token"
"""It misses a key as FastAPI misses any parameter."""
_Operation: TypeAlias = schemathesis.APIOperation[Any, Any, Any, Any]
_BOUNDED = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)


@pytest.fixture
def mock() -> Iterator[MockServer]:
    """A server of its own: clocks, terms and jobs of everyone are changed here."""
    with MockServer() as server:
        yield server


@pytest.fixture
def own(mock: MockServer) -> Api:
    return api_of(mock.url)


@pytest.fixture(scope="session")
def contract() -> Contract | None:
    return found_contract()


def test_the_control_api_survives_everything(mock: MockServer, own: Api, contract: Contract | None) -> None:
    def known(case: _Case) -> bool:
        if "job_id" in case.path_parameters:
            case.path_parameters["job_id"] = job
            return True
        return case.query.pop("key", None) is not None

    for operation in _operations(mock):
        if operation.path.startswith("/_mock"):
            for changed in ("terms", "faults"):
                httpx.delete(f"{mock.url}/_mock/{changed}")
            job = own.submit(URL, progress="held")
            _fuzz(operation, known, own, contract)


def test_the_vendors_api_survives_everything(mock: MockServer, own: Api, contract: Contract | None) -> None:
    def known(case: _Case) -> bool:
        if "transcript_id" in case.path_parameters:
            case.path_parameters["transcript_id"] = job
            return True
        if not isinstance(case.body, dict) or not case.body.keys() & sound.keys():
            return False
        case.body = {name: sound.get(name, value) for name, value in case.body.items()}
        return True

    sound: dict[str, Any] = {"audio_url": URL, "audio": wav(1)}
    for operation in _operations(mock):
        if not operation.path.startswith(("/_mock", *JOBS)):
            job = own.submit(URL)
            own.get(job)
            _fuzz(operation, known, own, contract)
    heard = own.control.get("/journal", params={"path": "/v1/transcribe*", "status": 200, "limit": 1000}).json()
    assert {entry["path"] for entry in heard["requests"]} == {
        f"/v1/transcribe{rest}" for rest in ("", "/live", "/stream")
    }


def test_the_jobs_api_survives_everything(mock: MockServer, contract: Contract | None) -> None:
    own = api_of(mock.url, family=JobsApi)
    refresh_token = httpx.post(f"{mock.url}/auth/token", json={"api_key": own.key}).json()["refresh_token"]
    sound = {"api_key": own.key, "refresh_token": refresh_token, "source_url": URL, "file": wav(1)}

    def known(case: _Case) -> bool:
        if "job_id" in case.path_parameters:
            case.path_parameters["job_id"] = job
            return True
        if not isinstance(case.body, dict) or not case.body.keys() & sound.keys():
            return False
        case.body = {name: sound.get(name, value) for name, value in case.body.items()}
        if "file" in case.body:
            case.body.pop("source_url", None)
        return True

    operations = [operation for operation in _operations(mock) if operation.path.startswith(JOBS)]
    assert {body.media_type for operation in operations for body in operation.body} == {
        "application/json",
        "multipart/form-data",
    }
    for operation in operations:
        own.control.patch("/terms", json={"token_limit": 0})
        job = own.submit(URL)
        own.get(job)
        _fuzz(operation, known, own, contract)
    made = own.control.get("/jobs", params={"limit": 1000}).json()["jobs"]
    assert {"upload:", "https:"} <= {job["url"].partition(":")[0] + ":" for job in made}


def test_no_operation_of_the_vendor_is_open_to_everyone(mock: MockServer) -> None:
    document = httpx.get(f"{mock.url}/_mock/openapi.json").json()
    secured = [
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "security" in operation
    ]
    ours = {path for path in document["paths"] if path.startswith(("/v1/", "/v2/", "/v3/", "/jobs", "/transcribe"))}
    assert {path for _, path in secured} == ours - {"/v1/models", "/v1/warm"}
    for method, path in secured:
        said = (404, "application/problem+json") if "/transcribe" in path else (401, "application/json")
        said = (422, "application/json") if path == _STREAM_TOKENS else said
        for content in (b"", b"{", b"\x00" * 100):
            reply = httpx.request(method, mock.url + path, content=content, headers={"X-AAI-Model": "u3-sync-pro"})
            assert (reply.status_code, reply.headers["content-type"]) == said, (method, path)


def _operations(mock: MockServer) -> list[_Operation]:
    """Return the operations of our own description, without what makes the server answer 500, or late, on purpose."""
    document = httpx.get(f"{mock.url}/_mock/openapi.json").json()
    del document["components"]["schemas"]["TermsChange"]["properties"]["failing"]
    for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
        for parameter in operation.get("parameters", []):
            if parameter["name"] == "timeout":
                parameter["required"] = True
                parameter["schema"]["maximum"] = 0.01
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=mock.url)
    return [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]


def _fuzz(
    operation: _Operation,
    known: Callable[[_Case], bool],
    own: AnyApi,
    contract: Contract | None,
) -> None:
    """Try every boundary that the description has, and some examples that keep to it and that do not.

    ``known`` makes a case speak of what there is, and says whether it did: else most would end at an unknown id.
    """

    session = requests.Session()

    def check(case: _Case) -> None:
        reply = _send(case, own, contract, session)
        if known(case):
            reply = _send(case, own, contract, session)
        if operation.label == f"POST {own.jobs_path}" and reply.status_code == own.accepted:
            own.get(orjson.loads(reply.content)[own.id_field])

    modes, generation = list(GenerationMode), GenerationConfig()
    for case in operation.schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=generation):
        check(case)
    for mode in modes if operation.body or operation.query else modes[:1]:  # any text fits a path
        _BOUNDED(given(operation.as_strategy(generation_mode=mode))(check))()
    session.close()


def _send(case: _Case, own: AnyApi, contract: Contract | None, session: requests.Session) -> schemathesis.Response:
    reply = case.call(session=session, headers={"Authorization": own.authorization})
    problem = _problem(case, reply)
    assert problem is None, f"{problem}\n{case.as_curl_command()}\n{reply.status_code} {reply.content[:500]!r}"
    if contract is not None:
        path = unquote(urlsplit(str(reply.request.url)).path)
        headers = {name: values[0] for name, values in reply.headers.items()}
        method = str(reply.request.method)
        contract.check(Answer(method, path, reply.status_code, _media_type(reply), headers, reply.content))
    return reply


def _problem(case: _Case, reply: schemathesis.Response) -> str | None:
    if reply.status_code >= 500:
        return "the server failed"
    if _media_type(reply) == "application/json" and reply.request.method != "HEAD":
        try:
            orjson.loads(reply.content)
        except orjson.JSONDecodeError as error:
            return f"the reply is said to be JSON: {error}"
    asked_without_key = not reply.request.headers.get("Authorization")
    refusals = (204, 401, 404, 405, 422) if case.path == _STREAM_TOKENS else (204, 401, 404, 405)
    if "security" in case.operation.definition.raw and asked_without_key and reply.status_code not in refusals:
        return "the reply to a request without a key is not 401"
    return None


def _media_type(reply: schemathesis.Response) -> str:
    return (reply.headers.get("content-type") or [""])[0].partition(";")[0]
