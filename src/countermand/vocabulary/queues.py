"""The words of finding cases: what a queue lets through, a line of a list, and a place in it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec

from countermand.kernel.text import Text
from countermand.vocabulary.cases import Ball, Contained, Stage
from countermand.vocabulary.reports import Channel
from countermand.vocabulary.triage import Category, Risk

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
# Whoever reads the queue: so that one shared queue shows each their own cases.
ME = "@me"


class Order(StrEnum):
    """How a queue stands: the nearest clock first, or what was heard first, or last."""

    NEAREST = "nearest"
    OLDEST = "oldest"
    NEWEST = "newest"


class QueueFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a queue lets through: all that is said must hold; of several words of one field, any.

    Without `stage`, open cases. `proven`: the sender had proven who they are.
    `owner` may be `@me`. `unowned`: nobody's. `heard_from` (included) and
    `heard_until` (excluded) are microseconds UTC of the first message. `overdue`: a clock was missed and not
    made good; `warned`: one that runs has warned. `snoozed`: those that sleep, which no other queue shows.
    `order` says how what is let through stands.
    """

    stage: tuple[Stage, ...] = ()
    ball: tuple[Ball, ...] = ()
    risk: tuple[Risk, ...] = ()
    category: tuple[Category, ...] = ()
    channel: tuple[Channel, ...] = ()
    contained: tuple[Contained, ...] = ()
    proven: bool | None = None
    owner: _Name | None = None
    unowned: bool = False
    team: _Name | None = None
    tag: Tag | None = None
    account: _Name | None = None
    person: _Name | None = None
    heard_from: int | None = None
    heard_until: int | None = None
    overdue: bool | None = None
    warned: bool | None = None
    snoozed: bool = False
    order: Order = Order.NEAREST


class QueuePlace(NamedTuple):
    """A place in a list: everything before it was seen. `due_at` is microseconds UTC."""

    slot: int
    risk: str
    unproven: bool
    due_at: int
    case: str


class HeardPlace(NamedTuple):
    """A place in a list by when cases were heard (microseconds UTC)."""

    heard_at: int
    case: str


class ListedCase(NamedTuple):
    """A line of a list, with its place in it. Instants are microseconds UTC.

    `clock` names the rule of the nearest clock, due at `place.due_at`; None: nothing runs.
    """

    place: QueuePlace
    number: str
    stage: str
    ball: str
    contained: str
    category: str
    channel: str
    clock: str | None
    overdue: bool
    warned: bool
    owner: str | None
    team: str | None
    account: str | None
    heard_at: int
    snoozed_until: int | None
    tags: tuple[str, ...]


class SavedQueue(NamedTuple):
    """A filter under a name; `staff` is whose it is, empty where it is everybody's."""

    name: str
    staff: str
    filter: QueueFilter


class ShippedQueue(NamedTuple):
    """A queue that every desk has."""

    name: str
    title: Text
    filter: QueueFilter


SHIPPED_QUEUES = (
    ShippedQueue("all", Text(en="All open", zh="全部未结"), QueueFilter()),
    ShippedQueue("mine", Text(en="Mine", zh="我的"), QueueFilter(owner=ME)),
    ShippedQueue("unowned", Text(en="Nobody's yet", zh="待认领"), QueueFilter(unowned=True)),
    ShippedQueue("urgent", Text(en="Urgent", zh="紧急"), QueueFilter(risk=(Risk.P0, Risk.P1))),
    ShippedQueue("overdue", Text(en="Overdue", zh="已逾期"), QueueFilter(overdue=True)),
    ShippedQueue("warned", Text(en="Soon due", zh="即将到期"), QueueFilter(warned=True)),
    ShippedQueue("with-us", Text(en="We move next", zh="待我方处理"), QueueFilter(ball=(Ball.DESK,))),
    ShippedQueue(
        "with-customer", Text(en="Customer moves next", zh="待客户答复"), QueueFilter(ball=(Ball.CUSTOMER,))
    ),
    ShippedQueue(
        "stopped",
        Text(en="Something is stopped", zh="已止付"),
        QueueFilter(contained=(Contained.SOFT_HOLD, Contained.PARTIAL, Contained.FROZEN)),
    ),
    ShippedQueue("asleep", Text(en="Asleep", zh="已暂缓提醒"), QueueFilter(snoozed=True)),
)
