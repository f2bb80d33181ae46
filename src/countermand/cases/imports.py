"""Cases of another desk: what its columns are called here, and a row of its file read as one old case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from countermand.kernel.clock import micros_of
from countermand.kernel.errors import BadRequest, SetupError
from countermand.vocabulary.cases import CaseOutcome
from countermand.vocabulary.parties import is_zone
from countermand.vocabulary.triage import Category

TEXT_CHARACTERS_MAX = 20_000
NAME_CHARACTERS_MAX = 128
_Column = Annotated[str, msgspec.Meta(min_length=1)]


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each thing is called in the other desk's file; the first three every row must have."""

    id: _Column
    text: _Column
    received: _Column
    status: _Column | None = None
    account: _Column | None = None
    owner: _Column | None = None
    team: _Column | None = None
    category: _Column | None = None
    outcome: _Column | None = None
    closed: _Column | None = None


class ImportMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the file of another desk is read.

    `source` names that desk: with it, an id is told once. Times are ISO 8601, or as `time_format`
    (strptime) says; without an offset they are in `timezone`. A row is closed where its status is one of
    `closed_statuses`. `categories` and `outcomes` translate its words; what is not there is read from the
    text, or was `answered`.
    """

    source: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
    columns: Columns
    timezone: str = "UTC"
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    time_format: str | None = None
    closed_statuses: frozenset[str] = frozenset()
    categories: Mapping[str, Category] = {}
    outcomes: Mapping[str, CaseOutcome] = {}


class OldCase(msgspec.Struct, frozen=True, kw_only=True):
    """One case as the other desk had it; closed, it has an outcome. Instants are microseconds UTC."""

    id: str
    text: str
    received_at: int
    closed_at: int | None = None
    closed: bool = False
    account: str | None = None
    owner: str | None = None
    team: str | None = None
    category: Category | None = None
    outcome: CaseOutcome | None = None


def read_import_mapping(text: str) -> ImportMapping:
    """A mapping file. Raises SetupError (`import_mapping_refused`)."""
    try:
        mapping = msgspec.yaml.decode(text, type=ImportMapping)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(str(error)) from None
    if not is_zone(mapping.timezone):
        raise _refused(f"timezone: {mapping.timezone!r} is no IANA time zone")
    return mapping


def old_case(row: Mapping[str, Any], mapping: ImportMapping, now: int) -> OldCase:
    """A row as an old case. Raises BadRequest (`bad_row`); it repeats no text of the row."""
    columns = mapping.columns
    found = {name: _said(row, getattr(columns, name)) for name in Columns.__struct_fields__}
    for name in ("id", "text", "received"):
        if not found[name]:
            raise bad_row(
                f"the column {getattr(columns, name)!r} is missing or empty",
                f"缺少“{getattr(columns, name)}”列或其为空",
            )
    for name in ("id", "account", "owner", "team"):
        if len(found[name]) > NAME_CHARACTERS_MAX or not found[name].isprintable():
            raise bad_row(
                f"{name} is no name of up to {NAME_CHARACTERS_MAX} printable characters",
                f"{name} 应为不超过{NAME_CHARACTERS_MAX}个可打印字符",
            )
    if len(found["text"]) > TEXT_CHARACTERS_MAX or "\0" in found["text"]:
        raise bad_row(
            f"the text has more than {TEXT_CHARACTERS_MAX} characters, or NUL in it",
            f"正文超过{TEXT_CHARACTERS_MAX}字或含空字符",
        )
    if any("\ufffd" in value for value in found.values()):
        raise bad_row(f"it is not in {mapping.encoding}", f"内容不是 {mapping.encoding} 编码")
    received = _instant(found["received"], "received", mapping, now)
    closed_at = _instant(found["closed"], "closed", mapping, now) if found["closed"] else None
    closed = found["status"] in mapping.closed_statuses or (columns.status is None and closed_at is not None)
    if closed_at is not None and closed_at < received:
        raise bad_row("it was closed before it was received", "办结时间早于受理时间")
    return OldCase(
        id=found["id"],
        text=found["text"],
        received_at=received,
        closed_at=closed_at if closed else None,
        closed=closed,
        account=found["account"] or None,
        owner=found["owner"] or None,
        team=found["team"] or None,
        category=mapping.categories.get(found["category"]),
        outcome=mapping.outcomes.get(found["outcome"], CaseOutcome.ANSWERED) if closed else None,
    )


def bad_row(en: str, zh: str) -> BadRequest:
    """A row that cannot be taken, and why."""
    return BadRequest("bad_row", f"Not taken: {en}.", f"未导入：{zh}。")


def _said(row: Mapping[str, Any], column: str | None) -> str:
    value = None if column is None else row.get(column)
    return "" if value is None else str(value).strip()


def _instant(text: str, name: str, mapping: ImportMapping, now: int) -> int:
    try:
        form = mapping.time_format
        moment = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(mapping.timezone))
        at = micros_of(aware)
    except (ValueError, OverflowError):
        raise bad_row(f"{name} is no such time as the mapping says", f"{name} 的时间格式与映射不符") from None
    if at > now:
        raise bad_row(f"{name} lies in the future", f"{name} 晚于当前时间")
    return at


def _refused(why: str) -> SetupError:
    return SetupError(
        "import_mapping_refused",
        f"The mapping cannot be used: {why}.",
        f"映射文件无法使用：{why}。",
    )
