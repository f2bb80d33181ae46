"""Consent to the use of data: shown in plain words, given purpose by purpose, withdrawn at any time.

What depends on a consent asks `use_of_data` at every use, so a withdrawal stops the next one; what was done
before stays lawful (PIPL articles 13-16, 29).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

from countermand.confirmation.pack import Agreements
from countermand.confirmation.statements import purpose_statement, shown
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import Conflict, NotFound
from countermand.kernel.ids import Ids
from countermand.kernel.text import Text
from countermand.vocabulary.consent import DataConsent, Shown
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import CONSENT_GIVEN, CONSENT_WITHDRAWN, Fact
from countermand.vocabulary.notices import NOTICES
from countermand.work import Unit, Works


class AgreementHouse(Protocol):
    """What these stories need of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def agreements(self) -> Agreements: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


def show_purpose(
    house: AgreementHouse, purpose: str, language: str, values: Mapping[str, str] | None = None
) -> Shown:
    """What is to be displayed before somebody agrees to a purpose.

    Raises NotFound (`unknown_purpose`), BadRequest (`consent_value_missing`).
    """
    statement = purpose_statement(purpose, house.agreements.statements)
    if statement is None:
        raise NotFound(
            "unknown_purpose",
            f"There is no statement for the purpose {purpose}; nobody can agree to it.",
            f"没有针对用途 {purpose} 的声明，无法征得同意。",
            purpose=purpose,
        )
    return shown(statement, {name: Text(en=word, zh=word) for name, word in (values or {}).items()}, language)


async def give_data_consent(
    house: AgreementHouse,
    subject: str,
    purpose: str,
    language: str,
    digest: str,
    values: Mapping[str, str] | None,
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """Record that somebody agreed to exactly the words with this digest; again: the same.

    An older version in force ends with it. Raises Conflict (`consent_text_differs`), those of `show_purpose`.
    """
    put = show_purpose(house, purpose, language, values)
    require_shown(put, digest)
    now = house.clock.now()
    recipient = (values or {}).get("recipient", "")
    consent = DataConsent(
        id=house.ids.new("con", now),
        subject=subject,
        purpose=purpose,
        recipient=recipient,
        statement=put.statement,
        language=language,
        shown=put.text,
        digest=put.digest,
        given_at=now,
        given_by=actor,
    )
    async with house.works.open() as unit:
        await unit.gate([subject])
        before = next(
            (one for one in await _in_force(unit, subject, purpose) if one.recipient == recipient), None
        )
        if before is not None and before.digest == consent.digest:
            return _told(before)
        if before is not None:
            await unit.data_consents.withdraw(subject, purpose, recipient, now, actor)
        await unit.data_consents.give(consent)
        body = {"consent": consent.id, "statement": consent.statement, "actor": actor}
        await unit.note([Fact(now, CONSENT_GIVEN, body, await _handle(unit, subject), trace)])
    return _told(consent)


async def withdraw_data_consent(
    house: AgreementHouse,
    subject: str,
    purpose: str,
    recipient: str | None,
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """From the return on nothing is done on the strength of this consent; whoever got the data is told.

    Raises NotFound (`no_consent`) where none is in force.
    """
    now = house.clock.now()
    async with house.works.open() as unit:
        await unit.gate([subject])
        ended = await unit.data_consents.withdraw(subject, purpose, recipient, now, actor)
        if not ended:
            raise NotFound(
                "no_consent",
                "Nothing is agreed to here that could be withdrawn.",
                "目前没有可撤回的同意。",
                purpose=purpose,
            )
        handle = await _handle(unit, subject)
        body = {"consents": [one.id for one in ended], "actor": actor}
        await unit.note([Fact(now, CONSENT_WITHDRAWN, body, handle, trace)])
        await unit.effects.put([_stop(one, now, handle, trace) for one in ended if one.recipient])
    return {"withdrawn": [one.id for one in ended], "withdrawn_at": rfc3339(now)}


def _stop(consent: DataConsent, now: int, handle: str | None, trace: str | None) -> Effect:
    """Tell whoever got the data to stop using it."""
    return Effect(
        id=f"{consent.id}-withdrawn",
        port=NOTICES,
        action="consent_withdrawn",
        lane=consent.subject,
        body={
            "account": consent.subject,
            "values": {"purpose": consent.purpose, "recipient": consent.recipient},
            "urgency": "service",
        },
        placed_at=now,
        due_at=now,
        subject=handle,
        trace=trace,
    )


async def data_consents(house: AgreementHouse, subject: str) -> list[dict[str, Any]]:
    """Everything somebody agreed to, newest first; `outdated` where the words have changed since."""
    async with house.works.open() as unit:
        found = await unit.data_consents.of(subject)
    newest = {one.purpose: one for one in found[::-1]}
    told = []
    for one in found:
        statement = purpose_statement(one.purpose, house.agreements.statements)
        outdated = statement is None or statement.label != one.statement
        told.append({**_told(one), "outdated": outdated and newest[one.purpose] is one})
    return told


async def _in_force(unit: Unit, subject: str, purpose: str) -> Sequence[DataConsent]:
    found = await unit.data_consents.of(subject)
    return [one for one in found if one.purpose == purpose and one.withdrawn_at is None]


async def _handle(unit: Unit, subject: str) -> str | None:
    return (await unit.handles([subject])).get(subject)


def require_shown(put: Shown, digest: str) -> None:
    """Raises Conflict (`consent_text_differs`) unless exactly these words were displayed."""
    if digest.lower() != put.digest or sha256(put.text.encode()).hexdigest() != put.digest:
        raise Conflict(
            "consent_text_differs",
            "What was displayed is not what is to be agreed to now; show it again and ask again.",
            "所展示的内容与当前需同意的内容不一致；请重新展示并再次征得同意。",
            statement=put.statement,
        )


def _told(consent: DataConsent) -> dict[str, Any]:
    withdrawn = consent.withdrawn_at
    return {
        "id": consent.id,
        "subject": consent.subject,
        "purpose": consent.purpose,
        "recipient": consent.recipient,
        "statement": consent.statement,
        "language": consent.language,
        "shown": consent.shown,
        "digest": consent.digest,
        "given_at": rfc3339(consent.given_at),
        "withdrawn_at": None if withdrawn is None else rfc3339(withdrawn),
    }
