"""Codes that are said aloud: the app shows what the agent says, the agent checks what the customer says."""

from __future__ import annotations

import hmac
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from countermand.kernel.clock import MICROS_PER_SECOND

DIGITS = 6
# A code is good in its step and the next one: for 150 to 300 seconds from when it is shown, never longer.
STEP_SECONDS = 150
_STEP = STEP_SECONDS * MICROS_PER_SECOND


class Speaker(StrEnum):
    """Who says the code; the two codes differ, so that hearing one of them is no way to say the other."""

    AGENT = "agent"
    CUSTOMER = "customer"


class SpokenCode(NamedTuple):
    """A code, and until when it is good (microseconds UTC)."""

    code: str
    until: int


def spoken_code(key: bytes, case: str, speaker: Speaker, now: int) -> SpokenCode:
    """The code of a case at an instant: HMAC-SHA256 of case, speaker and time step, cut as in RFC 4226.

    >>> spoken_code(b"k", "case-1", Speaker.AGENT, 0).until
    300000000
    """
    step = now // _STEP
    return SpokenCode(_of(key, case, speaker, step), (step + 2) * _STEP)


def code_fits(key: bytes, case: str, speaker: Speaker, typed: str, now: int) -> bool:
    """Whether what was typed is the code of now, or that of the step before; in the same time either way."""
    digits = "".join(letter for letter in typed if letter.isascii() and letter.isdigit())
    step = now // _STEP
    good = [hmac.compare_digest(digits, _of(key, case, speaker, one)) for one in (step, step - 1)]
    return any(good)


def _of(key: bytes, case: str, speaker: Speaker, step: int) -> str:
    whole = hmac.digest(key, f"{case}\0{speaker.value}\0{step}".encode(), sha256)
    place = whole[-1] & 0xF
    number = int.from_bytes(whole[place : place + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"
