"""A case is frozen from the desk, at once; what was frozen by mistake is taken back, and nothing else."""

from __future__ import annotations

from typing import Any

from countermand.cases.numbers import read_number
from countermand.cases.permissions import decide as permitted
from countermand.cases.permissions import refused
from countermand.flows.case_desk import CaseDesk, CaseWork, at_case
from countermand.flows.contain_now import Containing, contain_within, preview_containment
from countermand.flows.incident_words import unknown_incident
from countermand.flows.lift_containment import gate_incident, take_back
from countermand.flows.show_case import unknown_case
from countermand.intake.redaction import mask
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.acts import Freeze, Unfreeze
from countermand.vocabulary.cases import Case, Contained, EventKind
from countermand.vocabulary.incidents import ContainRequest, IncidentState, Preset, Source
from countermand.vocabulary.staff import Purpose, Relation, Staff, Verb, Verdict
from countermand.work import Unit

# Whoever froze the wrong account gives back what they took, alone; what others rely on by then takes two.
SECOND_THOUGHT_MICROS = 10 * 60 * 10**6
_REASON_CHARACTERS_MAX = 500


async def preview_freeze(house: CaseDesk, number: str, by: Staff, *, whole: bool) -> dict[str, Any]:
    """What freezing this case would stop now and what would keep working; changes nothing.

    Raises NotFound `unknown_case`, Forbidden, BadRequest `nobody_to_protect`, Unavailable.
    """
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require(Verb.CONTAIN)
        request = _request(work.case, whole, "preview")
    return await preview_containment(_containing(house), request, by.name)


async def before_locking(
    house: CaseDesk, unit: Unit, number: str, act: Freeze | Unfreeze, by: Staff, trace: str | None
) -> dict[str, Any]:
    """What freezes, or stands behind the gates of what is taken back: gates come before rows.

    The role alone is asked here: the case itself asks again behind its lock, in the same transaction.
    Raises NotFound (`unknown_case`, `unknown_incident`), Forbidden, and as `contain_within`.
    """
    if isinstance(act, Unfreeze):
        await gate_incident(unit, act.incident)
        return {}
    case = await unit.cases.by_number(read_number(number) or "")
    if case is None:
        raise unknown_case(number)
    if permitted(by.roles, Verb.CONTAIN, Relation.NONE, Purpose.HANDLE) is Verdict.DENY:
        raise refused(Verb.CONTAIN, Relation.NONE)
    request = _request(case, act.whole, act.why)
    key = f"{case.id} freeze {case.version}"
    stopped = await contain_within(_containing(house), unit, request, key, by.name, trace)
    return {"incident": stopped["incident"]}


async def freeze(work: CaseWork, act: Freeze) -> None:
    """The case knows what was stopped; what it was stands in `shown`, from before the lock."""
    contained = Contained.FROZEN if act.whole and work.case.account is not None else Contained.PARTIAL
    work.happen(EventKind.CONTAINED, incident=work.shown["incident"], contained=contained.value)


async def is_second_thought(work: CaseWork, act: Unfreeze) -> bool:
    """Whether whoever takes it back froze it themselves, just now."""
    events = await work.unit.cases.events(work.case.id)
    return any(
        one.kind is EventKind.CONTAINED
        and one.body.get("incident") == act.incident
        and one.actor == work.by.name
        and work.now - one.at <= SECOND_THOUGHT_MICROS
        for one in events
    )


async def unfreeze(work: CaseWork, act: Unfreeze) -> None:
    """All of that freeze ends; what else binds stays. Raises NotFound, Conflict `not_frozen_here`."""
    if act.incident not in work.case.incidents:
        raise unknown_incident(act.incident)
    (incident,) = await work.unit.incidents.lock([act.incident])
    if incident.source is not Source.DESK or incident.state is IncidentState.CLOSED:
        raise Conflict(
            "not_frozen_here",
            "The desk takes back once what it froze. What customers stopped is given back with proofs.",
            "客服台仅可撤回本台实施且尚未解除的冻结；客户自行停用的，须经核验后恢复。",
            incident=act.incident,
        )
    reason = mask(act.why).text[:_REASON_CHARACTERS_MAX]
    await take_back(_containing(work.house), work.unit, incident, reason, work.by.name, work.trace)
    work.happen(EventKind.GIVEN_BACK, incident=act.incident, contained=Contained.LIFTED.value)


def _request(case: Case, whole: bool, why: str) -> ContainRequest:
    if case.account is None and case.person is None:
        raise BadRequest(
            "nobody_to_protect",
            "The case names no account and no person yet; find out whose it is first.",
            "案件尚未关联账户或当事人，请先确认。",
            field="account",
        )
    preset = Preset.EVERYTHING if whole else Preset.OUTGOING
    return ContainRequest(
        reason=mask(why).text[:_REASON_CHARACTERS_MAX],
        account=case.account,
        person=case.person,
        source=Source.DESK,
        preset=Preset.IDENTITY if case.account is None else preset,
        reference=case.number,
    )


def _containing(house: CaseDesk) -> Containing:
    return Containing(house.works, house.clock, house.ids, house.effect_ports)
