"""What the doors of lists, search, measures and webhooks take and give."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.queues import QueueFilter


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list; without a running clock `clock`, `due_at` and `seconds_left` are null."""

    case: str
    risk: str
    stage: str
    ball: str
    contained: str
    category: str
    channel: str
    proven: bool
    clock: str | None
    due_at: Instant | None
    seconds_left: int | None
    overdue: bool
    warned: bool
    owner: str | None
    team: str | None
    account: str | None
    heard_at: Instant
    snoozed_until: Instant | None
    tags: list[str]


class CasePage(msgspec.Struct, frozen=True, kw_only=True):
    """Cases, the nearest clock first; `next` goes into `after` for the page behind."""

    cases: list[CaseLine]
    next: str | None


class QueueRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A filter to keep under a name; `shared` with everybody at the desk."""

    filter: QueueFilter
    shared: bool = False


class QueueKept(msgspec.Struct, frozen=True, kw_only=True):
    """A queue as it was kept."""

    name: str
    shared: bool
    filter: dict[str, Any]


class QueueShown(msgspec.Struct, frozen=True, kw_only=True):
    """A queue with its count now; `whose` is shipped, shared or mine."""

    name: str
    title: Text
    whose: str
    filter: dict[str, Any]
    count: int


class QueueList(msgspec.Struct, frozen=True, kw_only=True):
    """Every queue of whoever asks."""

    queues: list[QueueShown]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """It is gone."""

    name: str
    removed: bool


class HitShown(msgspec.Struct, frozen=True, kw_only=True):
    """A masked message around its first match; `highlights` are places in `text`, end exclusive."""

    case: str
    message: str
    at: Instant
    direction: str
    channel: str
    stage: str
    risk: str
    category: str
    owner: str | None
    text: str
    cut: bool
    highlights: list[tuple[int, int]]


class SearchShown(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of that number or tag (first page), and messages, newest first; `search` is masked."""

    search: str
    cases: list[CaseLine]
    messages: list[HitShown]
    next: str | None


class MeasuresShown(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """How the desk does; see `docs/how-to/find-cases.md` for each figure."""

    since: Instant
    until: Instant
    heard: int
    open: int
    overdue: int
    open_by_risk: dict[str, int]
    human_contact: dict[str, Any]
    stages: list[dict[str, Any]]
    breaches: list[dict[str, Any]]
    earliness: dict[str, Any]


class WebhookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where events of these kinds are posted; `new_secret` replaces the secret and shows it once."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    events: Annotated[tuple[EventKind, ...], msgspec.Meta(min_length=1, max_length=50)]
    new_secret: bool = False


class WebhookShown(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook; `secret` only when it was made or replaced, never again."""

    name: str
    url: str
    events: list[str]
    made_at: Instant
    made_by: str
    failures: int
    failing_since: Instant | None
    disabled_at: Instant | None
    secret: str | None = None


class WebhookList(msgspec.Struct, frozen=True, kw_only=True):
    """Every webhook."""

    webhooks: list[WebhookShown]


class DeliveryShown(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to a webhook; `state` is pending, done or failed."""

    id: str
    event: str
    kind: str
    number: str
    placed_at: Instant
    state: str
    attempts: int
    due_at: Instant
    ended_at: Instant | None
    answer: dict[str, Any] | None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, newest first; `next` goes into `before` for the page behind."""

    deliveries: list[DeliveryShown]
    next: str | None
