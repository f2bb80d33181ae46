"""The facts of an incident, each in its field, checked before they are kept."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Annotated

import msgspec

from countermand.evidence.allegation import AskedBy, FoundBy, Shared
from countermand.evidence.checklist import ChecklistPack, Fact, missing_facts
from countermand.kernel.errors import BadRequest
from countermand.kernel.money import EXPONENTS, MINOR_MAX
from countermand.kernel.text import Text
from countermand.vocabulary.triage import Category

ENTRIES_MAX = 50
Instant = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$(?!\n)")]

FACT_WORDS = {
    Fact.NOTICED_AT: Text(en="when it was noticed", zh="发现时间"),
    Fact.HAPPENED_AT: Text(en="when it happened", zh="发生时间"),
    Fact.AMOUNTS: Text(en="the amounts", zh="金额"),
    Fact.PAYEES: Text(en="who received the money", zh="收款方"),
    Fact.IP: Text(en="network addresses", zh="网络（IP）地址"),
    Fact.PLACE: Text(en="where the person was", zh="本人所在地"),
    Fact.DEVICE: Text(en="which device", zh="所用设备"),
    Fact.TOLD_BY: Text(en="who asked for the money, and how", zh="对方身份及联系方式"),
    Fact.FOUND_BY: Text(en="how they found out", zh="发现方式"),
    Fact.ASKED_BY: Text(en="whether somebody asked them to", zh="是否有人要求操作"),
    Fact.SHARED: Text(en="what others may have got", zh="可能泄露的信息"),
}


class Sum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in minor units of an ISO 4217 currency."""

    minor: Annotated[int, msgspec.Meta(ge=1, le=MINOR_MAX)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")] = "CNY"


class IncidentFacts(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What is known; every field may be left out where a category does not need it."""

    noticed_at: Instant | None = None
    happened_at: Annotated[tuple[Instant, ...], msgspec.Meta(max_length=ENTRIES_MAX)] = ()
    amounts: Annotated[tuple[Sum, ...], msgspec.Meta(max_length=ENTRIES_MAX)] = ()
    payees: Annotated[tuple[Short, ...], msgspec.Meta(max_length=ENTRIES_MAX)] = ()
    ip: Annotated[tuple[Short, ...], msgspec.Meta(max_length=ENTRIES_MAX)] = ()
    place: Short | None = None
    device: Short | None = None
    told_by: Short | None = None
    found_by: FoundBy | None = None
    asked_by: AskedBy | None = None
    shared: Annotated[tuple[Shared, ...], msgspec.Meta(max_length=len(Shared))] = ()


def told_in(facts: IncidentFacts) -> tuple[Fact, ...]:
    """Which of the facts are there."""
    return tuple(one for one in Fact if getattr(facts, one.value) not in (None, ()))


def check_facts(pack: ChecklistPack, category: Category, facts: IncidentFacts, now: datetime) -> None:
    """Refuse facts that cannot be, and those that lack what the category needs.

    Raises BadRequest: as `check_values`, and `incident_facts_missing` with the list of fields.
    """
    check_values(facts, now)
    missing = missing_facts(pack, category, told_in(facts))
    if missing:
        words = [FACT_WORDS[one] for one in missing]
        raise BadRequest(
            "incident_facts_missing",
            f"A case of this kind also needs: {', '.join(one.en for one in words)}.",
            f"此类案件还需填写：{'、'.join(one.zh for one in words)}。",
            missing=[one.value for one in missing],
        )


def check_values(facts: IncidentFacts, now: datetime) -> None:
    """Refuse facts that cannot be.

    Raises BadRequest `incident_fact_wrong`: a time to come, an unknown currency, no address, or both nothing
    and something given away.
    """
    for name, instants in (("noticed_at", (facts.noticed_at,)), ("happened_at", facts.happened_at)):
        if any(one is not None and one > now for one in instants):
            raise _wrong(name, "it lies in the future", "时间晚于当前时间")
    if facts.noticed_at is not None and facts.happened_at and facts.noticed_at < min(facts.happened_at):
        raise _wrong("noticed_at", "it was noticed before it happened", "发现时间早于发生时间")
    for one in facts.amounts:
        if one.currency not in EXPONENTS:
            raise _wrong("amounts", f"{one.currency} is no currency known here", f"未知币种 {one.currency}")
    for address in facts.ip:
        try:
            ip_address(address)
        except ValueError:
            raise _wrong(
                "ip", f"{address!r} is no network address", f"{address!r} 不是有效的 IP 地址"
            ) from None
    if Shared.NOTHING in facts.shared and len(facts.shared) > 1:
        raise _wrong("shared", "it is either nothing or something", "“没有”不能与其他选项同选")


def _wrong(field: str, en: str, zh: str) -> BadRequest:
    return BadRequest("incident_fact_wrong", f"{field}: {en}.", f"{field}：{zh}。", field=field)
