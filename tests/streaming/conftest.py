from __future__ import annotations

import pytest

from mockserver.client import Mock
from mockserver.embed import MockServer


@pytest.fixture
def mock(server: MockServer) -> Mock:
    """A key of its own, and what can be done to it."""
    return server.key()
