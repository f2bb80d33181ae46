"""One case opened to a regulator, a peer or an auditor for a time: given, used on record, and ended."""

from __future__ import annotations

from typing import Any

from countermand.cases.assignment import concerns
from countermand.cases.desk_ports import Grant
from countermand.flows.case_desk import CaseWork
from countermand.flows.case_events import subject_of
from countermand.intake.redaction import mask
from countermand.kernel.clock import MICROS_PER_DAY, micros_of, rfc3339
from countermand.kernel.errors import BadRequest, NotFound
from countermand.vocabulary.acts import EndAccess, GrantAccess
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.clocks import ClockKind
from countermand.vocabulary.facts import DATA_DISCLOSED, Fact
from countermand.vocabulary.staff import GRANTABLE, Relation, Role, Verb, Verdict

GRANT_DAYS_MAX = 90
# What was said among staff is for staff; of an account only its end is told.
_AMONG_STAFF = ("tasks", "looks")
_WORDS = ("messages", "files", "tasks")
_STATE_OF_PEER = (
    "id", "number", "version", "stage", "ball", "contained", "risk", "category", "channel", "standing",
    "opened_at", "first_at", "updated_at", "account", "person", "language",
)  # fmt: skip
SHOWN_OF_ACCOUNT = 4


async def grant_access(work: CaseWork, act: GrantAccess) -> None:
    """Let them read this case, masked, until then; nothing else of the desk opens.

    Raises BadRequest `grant_refused`: they have no key of such a role, the case concerns them, or the time is
    past or too far.
    """
    until, member = micros_of(act.until), await work.unit.desk.member(act.to)
    if not member.roles & GRANTABLE or concerns(work.case, member.own):
        roles = ", ".join(sorted(GRANTABLE))
        raise _refused(
            "to",
            f"A case is opened to who has a key as {roles}, and whom it does not concern",
            f"仅可向持有 {roles} 角色密钥且与案件无利害关系者开放",
        )
    if not work.now < until <= work.now + GRANT_DAYS_MAX * MICROS_PER_DAY:
        raise _refused(
            "until",
            f"It ends in time to come, within {GRANT_DAYS_MAX} days",
            f"截止时间须在将来{GRANT_DAYS_MAX}天以内",
        )
    grant = Grant(
        id=work.new_id("grant"),
        case=work.case.id,
        staff=act.to,
        purpose=act.purpose.value,
        reason=mask(act.why).text,
        given_at=work.now,
        given_by=work.by.name,
        ends_at=until,
    )
    await work.unit.desk.put_grant(grant)
    body = {"grant": grant.id, "to": grant.staff, "purpose": grant.purpose, "until": until}
    work.happen(EventKind.ACCESS_GRANTED, **body)
    work.shown |= {"grant": grant.id, "until": rfc3339(until)}


async def end_access(work: CaseWork, act: EndAccess) -> None:
    """From now on they read nothing; again: nothing. Raises NotFound `unknown_grant`."""
    found = {one.id: one for one in await work.unit.desk.grants(work.case.id)}
    grant = found.get(act.grant)
    if grant is None:
        raise NotFound(
            "unknown_grant",
            f"This case has no grant {act.grant}.",
            f"该案件没有授权 {act.grant}。",
            grant=act.grant,
        )
    if grant.ended_at is None and work.now < grant.ends_at:
        await work.unit.desk.put_grant(grant._replace(ended_at=work.now, ended_by=work.by.name))
        work.happen(EventKind.ACCESS_ENDED, grant=grant.id, to=grant.staff)


async def note_look(work: CaseWork) -> None:
    """Somebody looks by a grant: an event of the case and a fact, in the transaction of the look."""
    assert work.relation is Relation.GRANTED, "others look by their role"
    grant = work.grant
    assert grant is not None, "the relation comes from it"
    named = {"grant": grant.id, "purpose": grant.purpose}
    work.happen(EventKind.DISCLOSED, **named)
    body = {**named, "case": work.case.id, "viewer": work.by.name, "agreed_by": grant.given_by}
    subject = await subject_of(work.unit, work.case)
    await work.unit.note([Fact(work.now, DATA_DISCLOSED, body, subject, work.trace)])


def covered(work: CaseWork, shown: dict[str, Any]) -> dict[str, Any]:
    """A case as the desk sees it, as far as whoever looks may see it.

    By a grant: no person, of the account its last characters where amounts may be seen, no notes, and of the
    tasks those that are asked of them.
    """
    hidden = _WORDS if work.verdict(Verb.READ_MESSAGES) is Verdict.DENY else ()
    if work.relation is not Relation.GRANTED or Role.AUDITOR in work.by.roles:
        return {**shown, **{name: [] for name in hidden}}
    account = shown["case"].get("account")
    money = work.verdict(Verb.READ_MONEY) is not Verdict.DENY
    end = "…" + account[-SHOWN_OF_ACCOUNT:] if account and money and len(account) > SHOWN_OF_ACCOUNT else "…"
    state = shown["case"]
    if Role.PEER in work.by.roles:
        shown, state = _of_peer(work, shown), {name: state[name] for name in _STATE_OF_PEER if name in state}
    case = {**state, "account": account and end, "person": shown["case"].get("person") and "…"}
    messages = [one for one in shown["messages"] if one["direction"] != "note"]
    mine = [one for one in shown["grants"] if one["to"] == work.by.name]
    asked = [one for one in shown["tasks"] if one["owner"] == work.by.name]
    return {
        **shown,
        "case": {name: value for name, value in case.items() if value is not None},
        "messages": messages,
        "grants": mine,
        **{name: [] for name in (*hidden, *_AMONG_STAFF)},
        "tasks": asked,
    }


def _of_peer(work: CaseWork, shown: dict[str, Any]) -> dict[str, Any]:
    """Another institution sees its own items: what it is asked, by when, and what it did itself."""
    asked = {one["id"] for one in shown["tasks"] if one["owner"] == work.by.name}
    mine = [
        one
        for one in shown["events"]
        if one["actor"] == work.by.name
        or one["kind"] == EventKind.OPENED.value
        or one["body"].get("to") == work.by.name
        or one["body"].get("task") in asked
    ]
    clocks = [one for one in shown["clocks"] if one["kind"] == ClockKind.PEER.value]
    empty: dict[str, Any] = {"promises": [], "disclosures": []}
    return {**shown, **empty, "events": mine, "clocks": clocks}


def _refused(field: str, en: str, zh: str) -> BadRequest:
    return BadRequest("grant_refused", f"{en}.", f"{zh}。", field=field)
