"""Idempotency keys: what a request did under its key is written with the act, so that it is done once."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from countermand.kernel.clock import MICROS_PER_DAY

# So long the answer of a key is kept; after that the key is as good as new.
KEPT_MICROS = 7 * MICROS_PER_DAY


@dataclass(slots=True)
class Claim:
    """One request under way with its key; `digest` says what was asked, `token` which attempt this is.

    `at` is microseconds UTC. `over`: the request has been answered; what still runs of it claims nothing.
    """

    actor: str
    key: str
    digest: bytes
    token: str
    at: int
    over: bool = False


class KeptAct(NamedTuple):
    """What is known of a key: what was asked with it, and the answer (sealed); None: it was lost."""

    digest: bytes
    status: int | None
    answer: bytes | None


class ActBook(Protocol):
    """The keys that were used and the answers that were given. A unit that writes claims the key itself."""

    async def find(self, actor: str, key: str, since: int) -> KeptAct | None:
        """What was done with a key at that time or later."""
        ...

    async def keep(self, claim: Claim, status: int, answer: bytes) -> None:
        """Keep the answer; what is older than KEPT_MICROS goes, a hundred at a time."""
        ...


# The claim of the request that runs; doors set it, whatever writes in a transaction reads it.
CLAIM: ContextVar[Claim | None] = ContextVar("countermand_claim", default=None)


def current_claim() -> Claim | None:
    """The claim of this request, unless it is over."""
    claim = CLAIM.get()
    return None if claim is None or claim.over else claim
