"""A request and its reply, as the journal gives them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mockserver.engine.journal import Entry, is_text
from mockserver.engine.masking import Masking, Pairs

SESSION = 101
"""The status of requests that became sessions."""
_UNANSWERED = (0, 499)
"""Statuses of requests that got no reply: a fault took it, or the client had gone."""


class Exchange(NamedTuple):
    """An entry of the journal; ``label`` is that of its project, a ``request_body`` of None was not kept."""

    number: int
    project: int
    at: int
    request_id: str
    method: str
    path: str
    query: str
    status: int
    size: int
    microseconds: int
    job: str | None
    fixture: str | None
    note: str | None
    fault: str | None
    violations: Sequence[str]
    request_size: int
    is_form: bool
    response_headers: Pairs
    request_headers: Pairs
    label: str | None
    request_body: bytes | None
    response_body: bytes

    @property
    def faults(self) -> Sequence[str]:
        """Return the fault, and where there were several, each of them."""
        return () if self.fault is None else (self.fault, *self.fault.split(", "))

    @property
    def request_cut(self) -> bool:
        """Say whether only the beginning of the request's body was kept."""
        return self.request_body is not None and not self.is_form and self.request_size > len(self.request_body)

    @property
    def response_cut(self) -> bool:
        """Say whether only the beginning of the reply's body was kept; a session has messages in place of one."""
        return self.status != SESSION and self.size > len(self.response_body)

    def masked(self) -> Exchange:
        """Return the same without secrets: one that is found in one place is hidden in all."""
        masking = Masking()
        shown = self._replace(
            request_headers=masking.headers(self.request_headers),
            response_headers=masking.headers(self.response_headers),
            query=masking.query(self.query),
            note=self.note and masking.text(self.note),
            request_body=self.request_body and masking.body(self.request_body),
            response_body=masking.body(self.response_body) if is_text(self.response_body) else self.response_body,
        )
        return shown._without(masking) if masking.spellings else shown

    def _without(self, masking: Masking) -> Exchange:
        hide, hide_in = masking.everywhere, masking.everywhere_in
        return self._replace(
            path=hide_in(self.path),
            query=hide_in(self.query),
            job=self.job and hide_in(self.job),
            note=self.note and hide_in(self.note),
            violations=[hide_in(text) for text in self.violations],
            request_headers=tuple((name, hide(value)) for name, value in self.request_headers),
            response_headers=tuple((name, hide(value)) for name, value in self.response_headers),
            request_body=self.request_body and hide(self.request_body),
            response_body=hide(self.response_body),
        )


_HAS_LENGTH = Entry._fields.index("has_length") + 1


def exchange_of(facts: Sequence[Any], bodies: tuple[bytes | None, bytes], label: str | None) -> Exchange:
    """Return an entry as it was packed."""
    found = Exchange._make((*facts[:_HAS_LENGTH], facts[-1], label, *bodies))
    if found.status in _UNANSWERED:
        return found._replace(response_headers=())
    length = ((b"content-length", b"%d" % found.size),) if facts[_HAS_LENGTH] else ()
    headers = ((b"x-request-id", found.request_id.encode()), *found.response_headers, *length)
    return found._replace(response_headers=headers)
