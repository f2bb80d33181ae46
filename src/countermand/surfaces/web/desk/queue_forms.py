"""A queue as it is typed: its name, whose it is, what it lets through, and in which order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from countermand.kernel.clock import micros_of, moment_of
from countermand.surfaces.http.problems import invalid_request
from countermand.vocabulary.cases import Ball, Contained, Stage
from countermand.vocabulary.operations import PRINTABLE
from countermand.vocabulary.queues import ME, Order, QueueFilter
from countermand.vocabulary.reports import Channel
from countermand.vocabulary.triage import Category, Risk

NAME_CHARACTERS_MAX = 40
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX, pattern=PRINTABLE)]
# What may be ticked, several of each: any of them is let through.
WORDS: dict[str, tuple[str, ...]] = {
    "risk": tuple(one.value for one in Risk),
    "stage": tuple(one.value for one in Stage),
    "ball": tuple(one.value for one in Ball),
    "contained": tuple(one.value for one in Contained),
    "channel": tuple(one.value for one in Channel),
    "category": tuple(one.value for one in Category),
}
NAMES = ("team", "tag", "account")
FLAGS = ("overdue", "warned", "proven")
ORDERS = tuple(one.value for one in Order)
_DAYS = ("heard_from", "heard_until")


class TypedQueue(NamedTuple):
    """What was typed, ready to be kept."""

    name: str
    shared: bool
    filter: QueueFilter


def queue_of(typed: dict[str, str], timezone: str) -> TypedQueue:
    """The queue of a form. Raises BadRequest (`invalid_request`) naming the field."""
    try:
        name = msgspec.convert(typed.get("name", "")[: NAME_CHARACTERS_MAX + 1], Name)
    except msgspec.ValidationError:
        raise invalid_request(
            f"a queue has a name of up to {NAME_CHARACTERS_MAX} characters", "name"
        ) from None
    values: dict[str, Any] = {
        field: tuple(one for one in typed.get(field, "").split("\n") if one) for field in WORDS
    }
    values |= {field: typed[field] for field in NAMES if typed.get(field)}
    values |= {field: typed[field] == "yes" for field in FLAGS if typed.get(field) in ("yes", "no")}
    values |= {field: micros_of(_day(typed[field], field, timezone)) for field in _DAYS if typed.get(field)}
    values |= _owned(typed)
    values["snoozed"] = typed.get("snoozed") == "yes"
    values["order"] = typed.get("order") or Order.NEAREST.value
    try:
        return TypedQueue(name, typed.get("shared") == "yes", msgspec.convert(values, QueueFilter))
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        raise invalid_request(message, place.rstrip("`").partition("[")[0] or "name") from None


def typed_of(name: str, shared: bool, wanted: QueueFilter, timezone: str) -> dict[str, str]:
    """The form of a queue that is kept."""
    typed = {"name": name, "shared": "yes" if shared else "", "order": wanted.order.value}
    typed |= {field: "\n".join(one.value for one in getattr(wanted, field)) for field in WORDS}
    typed |= {field: getattr(wanted, field) or "" for field in NAMES}
    for field in FLAGS:
        told = getattr(wanted, field)
        typed[field] = "" if told is None else "yes" if told else "no"
    for field in _DAYS:
        at = getattr(wanted, field)
        typed[field] = "" if at is None else moment_of(at).astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d")
    whose = "nobody" if wanted.unowned else "me" if wanted.owner == ME else "name" if wanted.owner else ""
    typed |= {"whose": whose, "owner": wanted.owner if whose == "name" and wanted.owner else ""}
    typed["snoozed"] = "yes" if wanted.snoozed else ""
    return typed


def _owned(typed: dict[str, str]) -> dict[str, Any]:
    whose = typed.get("whose")
    if whose == "nobody":
        return {"unowned": True}
    if whose == "me":
        return {"owner": ME}
    if whose == "name":
        if not typed.get("owner"):
            raise invalid_request("name the person", "owner")
        return {"owner": typed["owner"]}
    return {}


def _day(text: str, field: str, timezone: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=ZoneInfo(timezone))
    except ValueError:
        raise invalid_request("it is a day", field) from None
