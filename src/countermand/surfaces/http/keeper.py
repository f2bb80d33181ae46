"""The keeper of the door: no key with the right scope, no entry, and every refusal is noted."""

from __future__ import annotations

from collections import Counter

import structlog

from countermand.kernel.errors import CountermandError, Unauthenticated
from countermand.surfaces.http.measures import Measures
from countermand.surfaces.http.ports import Keys, KnownKey

_LOG = structlog.get_logger("countermand.http")
# Refused access is journaled in sums, so that an attacker cannot fill the journal.
NOTES_MAX = 64


class Keeper:
    """Checks `Authorization: Bearer KEY` against a scope (RFC 6750)."""

    def __init__(self, keys: Keys, measures: Measures) -> None:
        self._keys = keys
        self._measures = measures
        self._unjournaled: Counter[tuple[str, str]] = Counter()

    def admit(self, authorization: bytes | None, scope: str, route: str) -> KnownKey:
        """The key's record.

        Raises Unauthenticated (`missing_key`, `unknown_key`) and Forbidden (`missing_scope`); the refusal is
        counted and logged, without any part of the key.
        """
        try:
            return self._keys.check(_bearer(authorization), scope)
        except CountermandError as refusal:
            if refusal.http_status in (401, 403):
                self.note(refusal.code, route)
            raise

    def note(self, reason: str, route: str) -> None:
        """Somebody was refused: counted, logged, and soon in the journal."""
        self._measures.access_refused[reason] += 1
        noted = (reason, route)
        if noted in self._unjournaled or len(self._unjournaled) < NOTES_MAX:
            self._unjournaled[noted] += 1
        _LOG.warning("access_refused", reason=reason, route=route)

    def take_notes(self) -> Counter[tuple[str, str]]:
        """What was refused since the last call: how often for each reason and route."""
        waiting, self._unjournaled = self._unjournaled, Counter()
        return waiting

    def put_back(self, notes: Counter[tuple[str, str]]) -> None:
        """Notes that could not be journaled wait for the next time."""
        self._unjournaled.update(notes)


def _bearer(authorization: bytes | None) -> str:
    if authorization is not None and authorization[:7].lower() == b"bearer ":
        presented = authorization[7:].strip()
        if presented and presented.isascii():
            return presented.decode("ascii")
    raise Unauthenticated(
        "missing_key",
        "Send an API key: Authorization: Bearer KEY (`countermand key create` makes one).",
        "请提供 API 密钥：Authorization: Bearer KEY（用 `countermand key create` 创建）。",
    )
