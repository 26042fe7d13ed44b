from __future__ import annotations

import pytest

from tests.conftest import Api
from tests.control.entries import URL


@pytest.fixture
def mixed(api: Api) -> Api:
    api.submit(URL, language_code="de")
    api.http.post("/v2/transcript", content=b"{")
    api.http.get("/v2/transcript/nothing")
    api.http.get("/v2/transcript", params={"limit": 5, "colour": "red"})
    return api
