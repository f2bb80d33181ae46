"""The lists that rules ask: no entry without a source, a reason and an end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Protocol

import msgspec

from countermand.kernel.clock import Clock, micros_of, rfc3339
from countermand.kernel.errors import BadRequest, NotFound
from countermand.vocabulary.facts import LIST_ENTRY_ADDED, LIST_ENTRY_REMOVED, Fact
from countermand.vocabulary.lists import LIST_NAME, ListEntry

VALUE_LENGTH_MAX = 256
SOURCE_LENGTH_MAX = 128
REASON_LENGTH_MAX = 512
PAGE_ENTRIES_MAX = 1000

_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_WORDS = {
    "source": ("a source", "来源"),
    "reason": ("a reason", "理由"),
    "expires_at": ("an expiry", "到期时间"),
}


class ListBook(Protocol):
    """Where entries are kept. A method returns after its commit; change and fact are one transaction."""

    async def put(self, entry: ListEntry, fact: Fact) -> bool:
        """Keep an entry, in place of an earlier one for the same value; whether there was one."""
        ...

    async def remove(self, list_name: str, value: str, fact: Fact) -> bool:
        """Forget an entry; False where there is none (then there is no fact either)."""
        ...

    async def page(self, list_name: str, after: str, entries_max: int) -> list[ListEntry]:
        """Entries by value, beginning behind `after`; also the expired ones."""
        ...


class ListHouse(Protocol):
    """What this story needs of the house."""

    @property
    def lists(self) -> ListBook: ...

    @property
    def clock(self) -> Clock: ...


async def add_entry(
    house: ListHouse,
    list: str,  # noqa: A002  # it is the word of the domain, and of the address of the HTTP door
    value: str,
    source: str | None,
    reason: str | None,
    expires_at: str | None,
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """List a value until `expires_at` (RFC 3339 with an offset); an earlier entry for it is replaced.

    Raises BadRequest: `list_entry_incomplete` (no source, reason or expiry), `list_entry_expired`,
    `list_entry_invalid`, `list_name_invalid`.
    """
    _check_list(list)
    _check_complete(source=source, reason=reason, expires_at=expires_at)
    assert source is not None, "checked above"
    assert reason is not None, "checked above"
    assert expires_at is not None, "checked above"
    _check_length("value", value, VALUE_LENGTH_MAX)
    _check_length("source", source, SOURCE_LENGTH_MAX)
    _check_length("reason", reason, REASON_LENGTH_MAX)
    at = house.clock.now()
    until = _instant(expires_at)
    if until <= at:
        raise BadRequest(
            "list_entry_expired",
            f"The entry would have expired already: {rfc3339(until)} is not later than now.",
            f"该条目的到期时间 {rfc3339(until)} 不晚于当前时间。",
            field="expires_at",
        )
    entry = ListEntry(list, value, source, reason, until, at, actor)

    # The value may be a person's number or address, so the fact says that, and not what, was listed.
    fact = Fact(
        at=at,
        kind=LIST_ENTRY_ADDED,
        body={"list": list, "expires_at": rfc3339(until), "actor": actor},
        trace=trace,
    )
    replaced = await house.lists.put(entry, fact)

    return {**shown_entry(entry, at), "replaced": replaced}


async def remove_entry(
    house: ListHouse,
    list: str,  # noqa: A002  # as above
    value: str,
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """Take a value off a list. Raises NotFound (`list_entry_unknown`), BadRequest (`list_name_invalid`)."""
    _check_list(list)
    fact = Fact(
        at=house.clock.now(), kind=LIST_ENTRY_REMOVED, body={"list": list, "actor": actor}, trace=trace
    )
    if not await house.lists.remove(list, value, fact):
        raise NotFound(
            "list_entry_unknown",
            f"The list {list} has no such entry.",
            f"名单 {list} 中没有该条目。",
            list=list,
        )
    return {"list": list, "value": value, "removed": True}


async def entries(
    house: ListHouse,
    list: str,  # noqa: A002  # as above
    after: str = "",
    entries_max: int = PAGE_ENTRIES_MAX,
) -> list[dict[str, Any]]:
    """Up to 1,000 entries of a list by value, behind `after`; an expired one is shown as not active."""
    _check_list(list)
    at = house.clock.now()
    found = await house.lists.page(list, after, min(entries_max, PAGE_ENTRIES_MAX))
    return [shown_entry(entry, at) for entry in found]


def shown_entry(entry: ListEntry, at: int) -> dict[str, Any]:
    """An entry as doors show it; `active` says whether rules see it at the instant `at`."""
    return {
        "list": entry.list,
        "value": entry.value,
        "source": entry.source,
        "reason": entry.reason,
        "expires_at": rfc3339(entry.expires_at),
        "added_at": rfc3339(entry.added_at),
        "added_by": entry.added_by,
        "active": at < entry.expires_at,
    }


def _check_list(name: str) -> None:
    if not LIST_NAME.fullmatch(name):
        raise BadRequest(
            "list_name_invalid",
            "A list's name has up to 64 small letters, digits and underscores and begins with a letter.",
            "名单名称最多64个小写字母、数字和下划线，并以字母开头。",
            field="list",
        )


def _check_complete(**given: str | None) -> None:
    missing = [name for name, text in given.items() if text is None or not text.strip()]
    if missing:
        en = ", ".join(_WORDS[name][0] for name in missing)
        zh = "、".join(_WORDS[name][1] for name in missing)
        raise BadRequest(
            "list_entry_incomplete",
            f"A list entry needs {en}: without it nobody could review or contest the entry.",
            f"名单条目缺少{zh}：没有这些信息，就无法复核或申诉该条目。",
            missing=missing,
        )


def _check_length(field: str, text: str, length_max: int) -> None:
    if not 0 < len(text) <= length_max or not text.isprintable():
        raise BadRequest(
            "list_entry_invalid",
            f"The field {field} has 1 to {length_max} printable characters.",
            f"字段 {field} 应为1至{length_max}个可打印字符。",
            field=field,
        )


def _instant(text: str) -> int:
    try:
        return micros_of(msgspec.convert(text, _Instant))
    except msgspec.ValidationError:
        raise BadRequest(
            "list_entry_invalid",
            f"The expiry {text!r} is not a time like 2027-06-30T00:00:00+08:00.",
            f"到期时间 {text!r} 的格式不正确，应如 2027-06-30T00:00:00+08:00。",
            field="expires_at",
        ) from None
