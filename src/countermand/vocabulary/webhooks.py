"""Webhooks: which system of the institution's is told of events of cases, and how far that has come."""

from __future__ import annotations

import msgspec

from countermand.vocabulary.cases import EventKind

WEBHOOKS = "webhooks"
# Events are named for others with this in front, and their source is this part of the installation.
EVENT_TYPE_PREFIX = "countermand.case."
EVENT_SOURCE = "/v1/cases"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Where events of these kinds are posted; `secret` is sealed. Instants are microseconds UTC.

    `failures` attempts in a row came to nothing, the first of them at `failing_since`.
    """

    name: str
    url: str
    events: tuple[EventKind, ...]
    secret: bytes
    made_at: int
    made_by: str
    failures: int = 0
    failing_since: int | None = None
    disabled_at: int | None = None
