"""What a language model says to a turn: a chat request to the gateway, with the turn in the place of its tag."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any

import orjson

from mockserver.apis.assemblyai.streaming.messages import llm_response
from mockserver.engine.keys import uuid_of
from mockserver.web.family import Call
from mockserver.web.replies import ApiError
from mockserver.web.sockets import Message, Opening

TAG = "{{turn}}"
_NO_ACCESS = (401, 403)


class LanguageModel:
    """Answers the turns of one session as its ``config`` asks for: model, messages, and other fields of chats."""

    def __init__(self, opening: Opening, config: dict[str, Any], session: str) -> None:
        self._opening = opening
        self._config = config
        self._session = session

    async def respond(self, order: int, transcript: str) -> Sequence[Message]:
        """Return what is said to a turn: nothing where the account may not use the gateway."""
        from mockserver.apis.assemblyai.gateway import SERVICE, errors
        from mockserver.apis.assemblyai.gateway.chat import answer

        call = self._call(order)
        call.service = SERVICE
        call._peeked = orjson.dumps(_filled(self._config, transcript) | {"stream": False})
        try:
            reply = await answer(call)
        except ApiError as error:
            if error.status in _NO_ACCESS:
                return ()
            reply = errors.reply(call, error)
        return (llm_response(order, transcript, reply.body),)

    def _call(self, order: int) -> Call:
        """Return the request that a client of the gateway would make."""
        opening = self._opening
        scope = {**opening.scope, "type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b""}
        call = Call(scope, _never)
        call.engine, call.courier, call.quirks = opening.engine, opening.courier, opening.quirks
        call.family, call.header_map, call.account = opening.family, opening.header_map, opening.account
        call.request_id = uuid_of(f"{self._session}/{order}".encode())
        return call


async def _never() -> MutableMapping[str, Any]:
    """Wait for a disconnect that does not come: the session would end first."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError


def _filled(config: dict[str, Any], transcript: str) -> dict[str, Any]:
    messages = config.get("messages")
    if not isinstance(messages, list):
        return config
    return {**config, "messages": [_said(message, transcript) for message in messages]}


def _said(message: Any, transcript: str) -> Any:
    if not isinstance(message, dict) or not isinstance(message.get("content"), str):
        return message
    return {**message, "content": message["content"].replace(TAG, transcript)}
