"""Which case a mail goes on with: by the name of our letter that it answers, which nobody else can know."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

from countermand.cases.numbers import read_number
from countermand.flows.address_book import Sealer

THREAD_KEY = "mail-thread"
_NAMED = re.compile(r"case\.(\d{12})\.([0-9a-f]{16})\.[0-9a-f]{12}@.+", re.DOTALL)


def letter_name(vault: Sealer, number: str, inbound: str, domain: str) -> str:
    """The Message-ID (without brackets) of our answer to what came in: the same at every attempt."""
    own = sha256(inbound.encode()).hexdigest()[:12]
    return f"case.{number}.{_proof(vault, number)}.{own}@{domain}"


def answered_case(vault: Sealer, ids: Sequence[str]) -> str | None:
    """The number of the case whose letter is among those answered; only one that really left us counts."""
    for one in ids:
        named = _NAMED.fullmatch(one)
        if named and hmac.compare_digest(named[2], _proof(vault, named[1])):
            return named[1]
    return None


def thread_of(vault: Sealer, ids: Sequence[str], numbers: Sequence[str]) -> str | None:
    """The case a mail names: by the letter it answers, else by a number that can be one."""
    answered = answered_case(vault, ids)
    return answered or next((one for one in numbers if read_number(one) is not None), None)


def _proof(vault: Sealer, number: str) -> str:
    return hmac.digest(vault.mac_key(THREAD_KEY), number.encode(), sha256)[:8].hex()
