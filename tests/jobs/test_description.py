"""What the interactive documentation says of the jobs API."""

from __future__ import annotations

import httpx

from mockserver.embed import MockServer


def test_calls_are_described_with_a_bearer_token_and_both_bodies(server: MockServer) -> None:
    document = httpx.get(f"{server.url}/_mock/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert schemes["jobs"] == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    assert schemes["assemblyai"] == {"type": "apiKey", "in": "header", "name": "Authorization"}
    submitting = document["paths"]["/jobs"]["post"]
    assert submitting["security"] == [{"jobs": []}]
    bodies = submitting["requestBody"]["content"]
    assert bodies.keys() == {"multipart/form-data", "application/json"}
    form = bodies["multipart/form-data"]["schema"]["properties"]
    assert (form["file"]["type"], form["file"]["format"]) == ("string", "binary")
    assert bodies["application/json"]["schema"]["properties"].keys() == form.keys() - {"file"}
    assert "security" not in document["paths"]["/auth/token"]["post"]


def test_calls_are_described_with_the_status_that_they_answer_with(server: MockServer) -> None:
    paths = httpx.get(f"{server.url}/_mock/openapi.json").json()["paths"]
    assert list(paths["/jobs"]["post"]["responses"]) == ["202"]
    assert list(paths["/jobs/{job_id}"]["delete"]["responses"]) == ["204"]
    assert list(paths["/jobs/{job_id}/transcript"]["delete"]["responses"]) == ["204"]
    assert list(paths["/jobs/{job_id}"]["get"]["responses"]) == ["200"]


def test_every_call_names_a_scheme_that_is_there(server: MockServer) -> None:
    document = httpx.get(f"{server.url}/_mock/openapi.json").json()
    named = {
        scheme
        for methods in document["paths"].values()
        for operation in methods.values()
        for needed in operation.get("security", [])
        for scheme in needed
    }
    assert named == document["components"]["securitySchemes"].keys()
