from __future__ import annotations

import pytest

from tests.apis import AnyApi
from tests.control.entries import URL


@pytest.fixture
def mixed(api: AnyApi) -> AnyApi:
    api.submit(URL, **api.asked(language="de"))
    api.post(b"{")
    api.ask("nothing")
    api.listing(limit=5, colour="red")
    return api
