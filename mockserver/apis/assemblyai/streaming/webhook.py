"""The webhook of a session: once it is over, one call tells all turns."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from mockserver.apis.assemblyai.streaming.params import Params
from mockserver.web.sockets import Message, Opening

_MOST = 100_000


class Webhook(NamedTuple):
    """Whom to tell of a session, and what was said in it."""

    opening: Opening
    session: str
    params: Params
    turns: list[bytes]

    @classmethod
    def of(cls, opening: Opening, session: str, params: Params) -> Webhook:
        """Return the webhook of a session; it may have none, and then nothing is told."""
        return cls(opening, session, params, [])

    def note(self, turn: Message) -> None:
        """Keep a turn that is over."""
        if self.params.webhook_url and len(self.turns) < _MOST:
            self.turns.append(turn.body)

    def send(self) -> None:
        """Have the call made."""
        url = self.params.webhook_url
        if not url:
            return
        name, value = self.params.webhook_auth_header_name, self.params.webhook_auth_header_value
        said = {"session_id": self.session, "messages": [orjson.Fragment(turn) for turn in self.turns]}
        opening = self.opening
        opening.engine.webhooks.announce(
            opening.project, opening.family.name, self.session, [url, name, value], orjson.dumps(said).decode()
        )
