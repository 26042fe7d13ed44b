"""Ids of jobs: ``job_`` and a ULID."""

from __future__ import annotations

from hashlib import blake2b

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_RANDOM_BITS = 80
_FIRST = sum(_DIGITS.index(digit) << 5 * place for place, digit in enumerate(reversed("01HZ000000")))
"""The time of a ULID that begins like those of the documentation."""


def job_id(origin: bytes, number: int) -> str:
    """Return the id of a project's job with this number; it is the same in every run.

    Its time is no real one: it counts jobs, so that ids are in the order of the jobs, as ULIDs are.
    """
    chance = int.from_bytes(blake2b(origin, digest_size=_RANDOM_BITS // 8).digest())
    value = (_FIRST + number) << _RANDOM_BITS | chance
    return "job_" + "".join(_DIGITS[value >> 5 * place & 31] for place in reversed(range(_LENGTH)))
