"""Several authorities in order: the first that answers truthfully has stamped."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from countermand.extensions import TimestampAuthority, tsa_away, tsa_lies
from countermand.kernel.errors import Conflict, Unavailable
from countermand.transparency.stamps import StampedTime

log = structlog.get_logger(__name__)


class SeveralAuthorities:
    """Implements `TimestampAuthority`. One that is away is passed by; one that lies too, and it is logged."""

    def __init__(self, authorities: Mapping[str, TimestampAuthority]) -> None:
        assert authorities, "at least one authority"
        self._authorities = dict(authorities)

    async def stamp(self, digest: bytes) -> bytes:
        """A token of the first that gives one.

        Raises Unavailable (`tsa_away`: none could be had, though one may later), Conflict (`tsa_lies`: every
        one of them answered, and not one truthfully).
        """
        refusals: dict[str, Unavailable | Conflict] = {}
        for name, authority in self._authorities.items():
            try:
                return await authority.stamp(digest)
            except Unavailable as refusal:
                refusals[name] = refusal
            except Conflict as refusal:
                log.error("tsa_lies", authority=name, why=refusal.text.en)  # noqa: TRY400 - the text says it all
                refusals[name] = refusal
        told = "; ".join(f"{name}: {refusal.text.en}" for name, refusal in refusals.items())
        if all(isinstance(refusal, Conflict) for refusal in refusals.values()):
            raise tsa_lies(told)
        raise tsa_away(told)

    async def examine(self, token: bytes, digest: bytes) -> StampedTime:
        """What a kept token says, by the first authority whose it is. Raises Conflict (`tsa_lies`)."""
        refusals: list[Conflict] = []
        for authority in self._authorities.values():
            try:
                return await authority.examine(token, digest)
            except Conflict as refusal:
                refusals.append(refusal)
        raise refusals[0] if len(refusals) == 1 else tsa_lies("no authority that is known here made it")
