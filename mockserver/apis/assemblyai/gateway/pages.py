"""The operations of the LLM Gateway. What they need takes long to import, so that is done after the start."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from mockserver.web.family import Call, Operations
from mockserver.web.replies import Reply

chats = Operations("Chat completions")
models = Operations("Models")
understanding = Operations("Speech understanding")


def _chat_params() -> TypeAdapter[Any]:
    from mockserver.apis.assemblyai.gateway.schemas import CHAT_PARAMS

    return CHAT_PARAMS


def _understanding_params() -> TypeAdapter[Any]:
    from mockserver.apis.assemblyai.gateway.schemas import UNDERSTANDING_PARAMS

    return UNDERSTANDING_PARAMS


@chats.add("POST", "/v1/chat/completions", reads=_chat_params)
async def chat(call: Call) -> Reply:
    """Answer a conversation, as a whole or as a stream"""
    await call.courier.warmed()
    from mockserver.apis.assemblyai.gateway.chat import answer

    return await answer(call)


@models.add("GET", "/v1/models", public=True)
async def listing(call: Call) -> Reply:
    """List the language models of the region."""
    await call.courier.warmed()
    from mockserver.apis.assemblyai.gateway.catalogue import models_of

    return Reply(models_of(call).listing(call.region))


@understanding.add("POST", "/v1/understanding", reads=_understanding_params)
async def understand(call: Call) -> Reply:
    """Carry out tasks of speech understanding on a stored transcript"""
    await call.courier.warmed()
    from mockserver.apis.assemblyai.gateway.understanding import understand

    return await understand(call)


@understanding.add("POST", "/v1/understanding/validate", reads=_understanding_params)
async def validate(call: Call) -> Reply:
    """Say whether a request for speech understanding is sound"""
    await call.courier.warmed()
    from mockserver.apis.assemblyai.gateway.understanding import validate

    return await validate(call)
