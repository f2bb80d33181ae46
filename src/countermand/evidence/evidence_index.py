"""The items of evidence of a case, numbered: what each is, where it came from, what it shows, its hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.exhibits import Exhibit, ExhibitKind, Standing
from countermand.evidence.leak_scanner import covered
from countermand.evidence.paper_words import amount_of, channel_of
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.documents import Tone, same
from countermand.vocabulary.operation_words import titled


class Checked(StrEnum):
    """What came of hashing an item again: gone was erased by law, closed is quarantined."""

    EQUAL = "equal"
    ALTERED = "altered"
    GONE = "gone"
    CLOSED = "closed"


CHECKED_WORDS = {
    Checked.EQUAL: (Text(en="equal", zh="一致"), Tone.GOOD),
    Checked.ALTERED: (Text(en="NOT equal", zh="不一致"), Tone.BAD),
    Checked.GONE: (Text(en="erased by law, hash kept", zh="依法销毁，仅存哈希"), Tone.QUIET),
    Checked.CLOSED: (Text(en="quarantined, not opened", zh="隔离，未打开"), Tone.DOUBT),
}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item: `source` is who gave it, `shows` what it is offered for; `sha256` in hex, None where it went.

    `at` in microseconds UTC, `size` in bytes where it is a file.
    """

    number: int
    name: str
    what: Text
    form: Text
    source: Text
    shows: Text
    at: int
    sha256: str | None
    size: int | None = None
    touches: int = 0


_KINDS = {
    ExhibitKind.SCREENSHOT: Text(en="screenshot", zh="截图"),
    ExhibitKind.SMS: Text(en="text message", zh="短信"),
    ExhibitKind.CALL_RECORD: Text(en="call record", zh="通话记录"),
    ExhibitKind.LOG: Text(en="log", zh="日志"),
    ExhibitKind.PDF: Text(en="document", zh="文档"),
    ExhibitKind.DEVICE_DATA: Text(en="device data", zh="设备数据"),
    ExhibitKind.ID_COPY: Text(en="copy of an identity document", zh="证件复印件"),
    ExhibitKind.POLICE_RECEIPT: Text(en="police receipt", zh="报案回执"),
    ExhibitKind.OTHER: Text(en="other item", zh="其他材料"),
}
_SHOWS = {
    ExhibitKind.ID_COPY: Text(en="who reported it", zh="报案人身份"),
    ExhibitKind.POLICE_RECEIPT: Text(en="that it was reported to the police", zh="已报案的事实"),
    ExhibitKind.DEVICE_DATA: Text(en="which device it was, and its state", zh="涉案设备及其状态"),
}
_OURS = Text(en="the institution's system", zh="本机构系统")
_ELECTRONIC = Text(en="electronic data", zh="电子数据")


def items_of(record: CaseRecord) -> tuple[Item, ...]:
    """Reports as they came, operations as they were asked for, exhibits; numbered through. Total."""
    return tuple(
        msgspec.structs.replace(one, number=place) for place, one in enumerate(_unnumbered(record), 1)
    )


def items_data(items: tuple[Item, ...], checked: Mapping[str, Checked]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "number": one.number,
            "name": one.name,
            "what": one.what.en,
            "form": one.form.en,
            "source": one.source.en,
            "at": rfc3339(one.at),
            "bytes": one.size,
            "sha256": one.sha256,
            "checked": None if one.name not in checked else checked[one.name].value,
        }
        for one in items
    ]


def _unnumbered(record: CaseRecord) -> Iterator[Item]:
    for heard in record.heard:
        channel = channel_of(heard.channel)
        yield Item(
            number=0,
            name=heard.id,
            what=Text(en=f"Report as it came in ({channel.en})", zh=f"诉求原文（{channel.zh}）"),
            form=_ELECTRONIC,
            source=Text(en="the person who reported", zh="报案人"),
            shows=Text(en="when and what was reported", zh="报案时间与内容"),
            at=heard.received_at,
            sha256=heard.digest.hex(),
        )
    for one in record.operations:
        name, amount = titled(one.operation.kind), amount_of(one.operation)
        yield Item(
            number=0,
            name=one.operation.id,
            what=Text(en=f"Request: {name.en}, {amount.en}", zh=f"操作请求：{name.zh}，{amount.zh}"),
            form=_ELECTRONIC,
            source=_OURS,
            shows=Text(en="who asked for what, when, on which device", zh="操作的发起、时间、设备与金额"),
            at=one.received_at,
            sha256=one.body_digest.hex(),
        )
    known = set(record.raw_values())
    for exhibit in record.exhibits:
        yield _of_exhibit(record, exhibit, known)


def _of_exhibit(record: CaseRecord, exhibit: Exhibit, known: set[str]) -> Item:
    kind = _KINDS[exhibit.kind]
    name = covered(exhibit.name, known)
    ours = exhibit.captured_by != "customer"
    staff = Text(en=f"taken in by {exhibit.captured_by}", zh=f"由 {exhibit.captured_by} 接收")
    digest = None if exhibit.plain_digest is None else exhibit.plain_digest.hex()
    return Item(
        number=0,
        name=exhibit.id,
        what=Text(en=f"{kind.en}: {name}", zh=f"{kind.zh}：{name}"),
        form=same(exhibit.sniffed),
        source=staff if ours else Text(en="the person who reported", zh="报案人"),
        shows=_SHOWS.get(exhibit.kind, Text(en="what happened, as it says", zh="材料所载事实")),
        at=exhibit.captured_at,
        sha256=digest if exhibit.standing is not Standing.SHREDDED else None,
        size=exhibit.size,
        touches=sum(touch.exhibit == exhibit.id for touch in record.custody),
    )
