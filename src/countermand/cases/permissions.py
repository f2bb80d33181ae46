"""Who may do what: role x verb x relation to the case x purpose x class of field -> one of four answers."""

from __future__ import annotations

from collections.abc import Collection

from countermand.kernel.errors import Forbidden
from countermand.vocabulary.staff import ALONE, FieldClass, Purpose, Relation, Role, Verb, Verdict

GLASS_MINUTES = 15

_ALLOW, _MASK, _TWO, _DENY = Verdict.ALLOW, Verdict.MASK, Verdict.TWO_PEOPLE, Verdict.DENY
_READING = frozenset(
    {
        Verb.LIST_CASES, Verb.READ_CASE, Verb.READ_MESSAGES, Verb.READ_MONEY, Verb.READ_BIOMETRICS,
        Verb.READ_THIRD_PARTY, Verb.READ_AUDIT, Verb.EXPORT,
    }
)  # fmt: skip
# What somebody does to a case that is about themselves would be no work but a favour.
_NEVER_ON_OWN = frozenset(Verb) - {
    Verb.LIST_CASES, Verb.EDIT_KNOWLEDGE, Verb.CONFIGURE, Verb.IMPORT, Verb.READ_AUDIT, Verb.ERASE,
}  # fmt: skip
# Whoever decided a case does not decide it again, nor approve what follows from it.
_NEVER_BY_DECIDER = frozenset({Verb.DECIDE, Verb.DECIDE_AGAINST, Verb.APPROVE, Verb.CHECK_QUALITY})
# Money moving, holds lifted, clocks waived, data gone, a stranger's data shown: never by one person.
TWO_PEOPLE_VERBS = frozenset(
    {Verb.MOVE_MONEY, Verb.LIFT, Verb.WAIVE_CLOCK, Verb.ERASE, Verb.DECIDE_AGAINST, Verb.ANSWER_MANY}
)
# What breaking the glass opens, for 15 minutes: looking and stopping, nothing that cannot be taken back.
GLASS_VERBS = frozenset(
    {
        Verb.READ_CASE, Verb.READ_MESSAGES, Verb.READ_MONEY, Verb.READ_BIOMETRICS, Verb.READ_THIRD_PARTY,
        Verb.UNMASK, Verb.CONTAIN, Verb.TAKE, Verb.WORK,
    }
)  # fmt: skip
_GLASS_ROLES = frozenset(
    {Role.AGENT, Role.INVESTIGATOR, Role.PAYMENTS_OPS, Role.APPROVER, Role.CUSTODIAN, Role.QUALITY}
)
# What each class of field may be looked at for.
_PURPOSES = {
    FieldClass.PUBLIC: frozenset(Purpose),
    FieldClass.CONTACT: frozenset(
        {Purpose.CALL_BACK, Purpose.VERIFY_IDENTITY, Purpose.INVESTIGATE, Purpose.LEGAL_REQUEST}
    ),
    FieldClass.FINANCIAL: frozenset({Purpose.INVESTIGATE, Purpose.TRACE_FUNDS, Purpose.LEGAL_REQUEST}),
    FieldClass.BIOMETRIC: frozenset({Purpose.VERIFY_IDENTITY, Purpose.LEGAL_REQUEST}),
    FieldClass.THIRD_PARTY: frozenset({Purpose.INVESTIGATE, Purpose.TRACE_FUNDS, Purpose.LEGAL_REQUEST}),
}
_UNMASKS = {
    Role.AGENT: frozenset({FieldClass.CONTACT}),
    Role.INVESTIGATOR: frozenset({FieldClass.CONTACT, FieldClass.FINANCIAL, FieldClass.THIRD_PARTY}),
    Role.PAYMENTS_OPS: frozenset({FieldClass.FINANCIAL, FieldClass.THIRD_PARTY}),
    Role.CUSTODIAN: frozenset(FieldClass),
}
_SEES_MONEY = frozenset({Role.AGENT, Role.INVESTIGATOR, Role.PAYMENTS_OPS, Role.APPROVER, Role.AUDITOR})
_CASE_WORK = frozenset(
    {
        Verb.LIST_CASES, Verb.READ_CASE, Verb.READ_MESSAGES, Verb.READ_MONEY, Verb.READ_BIOMETRICS,
        Verb.READ_THIRD_PARTY, Verb.UNMASK, Verb.WORK, Verb.TAKE, Verb.BREAK_GLASS,
    }
)  # fmt: skip
_AGENT = _CASE_WORK | {
    Verb.MOVE, Verb.SET_RISK, Verb.REPLY, Verb.CLOSE, Verb.REOPEN, Verb.WITHDRAW, Verb.APPEAL, Verb.LINK,
    Verb.RENEW_RECEIPT, Verb.PAUSE_COLLECTION, Verb.CONTAIN, Verb.EXTEND_CLOCK, Verb.DECIDE,
}  # fmt: skip
_OF_ROLE: dict[Role, frozenset[Verb]] = {
    Role.CONSUMER: frozenset(
        {Verb.READ_CASE, Verb.READ_MESSAGES, Verb.WITHDRAW, Verb.APPEAL, Verb.REOPEN, Verb.CONTAIN}
    ),
    Role.REPRESENTATIVE: frozenset(
        {Verb.READ_CASE, Verb.READ_MESSAGES, Verb.WITHDRAW, Verb.APPEAL, Verb.CONTAIN}
    ),
    Role.AGENT: _AGENT,
    Role.INVESTIGATOR: _AGENT | {Verb.DECIDE_AGAINST, Verb.LIFT, Verb.ANSWER_MANY, Verb.ASSIGN, Verb.EXPORT},
    Role.PAYMENTS_OPS: _CASE_WORK | {Verb.MOVE_MONEY, Verb.CONTAIN, Verb.LIFT, Verb.MOVE},
    Role.APPROVER: _AGENT
    | {
        Verb.DECIDE_AGAINST, Verb.APPROVE, Verb.ASSIGN, Verb.LIFT, Verb.WAIVE_CLOCK, Verb.ANSWER_MANY,
        Verb.REVIEW_GLASS, Verb.EXPORT, Verb.GRANT,
    },
    Role.CUSTODIAN: frozenset(
        {
            Verb.LIST_CASES, Verb.READ_CASE, Verb.READ_MESSAGES, Verb.READ_BIOMETRICS, Verb.READ_THIRD_PARTY,
            Verb.UNMASK, Verb.APPROVE, Verb.RENEW_RECEIPT, Verb.ERASE, Verb.BREAK_GLASS, Verb.GRANT,
        }
    ),
    Role.KB_EDITOR: frozenset({Verb.LIST_CASES, Verb.READ_CASE, Verb.READ_MESSAGES, Verb.EDIT_KNOWLEDGE}),
    Role.QUALITY: frozenset(
        {
            Verb.LIST_CASES, Verb.READ_CASE, Verb.READ_MESSAGES, Verb.CHECK_QUALITY, Verb.REVIEW_GLASS,
            Verb.WORK, Verb.BREAK_GLASS,
        }
    ),
    Role.AUDITOR: _READING - {Verb.EXPORT},
    Role.REGULATOR_VIEWER: frozenset({Verb.READ_CASE, Verb.READ_MESSAGES, Verb.READ_MONEY}),
    Role.PEER: frozenset({Verb.READ_CASE}),
    Role.ADMIN: frozenset({Verb.LIST_CASES, Verb.READ_CASE, Verb.CONFIGURE, Verb.IMPORT}),
}  # fmt: skip
_OWN_ONLY = frozenset({Role.CONSUMER, Role.REPRESENTATIVE})
_GRANTED_ONLY = frozenset({Role.REGULATOR_VIEWER, Role.PEER})


def may_ever(roles: Collection[Role], verb: Verb) -> bool:
    """Whether there is any case at all where these roles may do this: what a door asks first."""
    return any(verb in _OF_ROLE[role] for role in _counted(roles))


def decide(
    roles: Collection[Role],
    verb: Verb,
    relation: Relation,
    purpose: Purpose,
    field: FieldClass = FieldClass.PUBLIC,
    *,
    glass: bool = False,
) -> Verdict:
    """The widest answer that any of the roles opens; a conflict of interest closes all of them.

    `glass`: it was broken for this case in the last 15 minutes; that opens looking and stopping to whoever
    works at the desk, though never their own case. Total: every combination has an answer.
    """
    counted = _counted(roles)
    consumer = any(role in _OWN_ONLY for role in counted)
    if relation is Relation.SUBJECT and verb in _NEVER_ON_OWN and not consumer:
        return _DENY
    if relation is Relation.DECIDER and verb in _NEVER_BY_DECIDER:
        return _DENY
    if glass and verb in GLASS_VERBS and any(role in _GLASS_ROLES for role in counted):
        return _ALLOW
    return max((_of_role(role, verb, relation, purpose, field) for role in counted), default=_DENY)


def _counted(roles: Collection[Role]) -> Collection[Role]:
    """Beside a role that stands alone, no other one counts."""
    alone = [role for role in roles if role in ALONE]
    return sorted(alone)[:1] if alone else roles


def _of_role(role: Role, verb: Verb, relation: Relation, purpose: Purpose, field: FieldClass) -> Verdict:
    if verb not in _OF_ROLE[role]:
        return _DENY
    if role in _OWN_ONLY and relation is not Relation.SUBJECT:
        return _DENY
    if role in _GRANTED_ONLY and relation is not Relation.GRANTED:
        return _DENY
    if verb is Verb.UNMASK:
        return _unmask(role, purpose, field)
    if verb in _READING:
        return _reading(role, verb, field)
    return _TWO if verb in TWO_PEOPLE_VERBS else _ALLOW


def _unmask(role: Role, purpose: Purpose, field: FieldClass) -> Verdict:
    if field not in _UNMASKS.get(role, frozenset()) or purpose not in _PURPOSES[field]:
        return _DENY
    return _TWO if field is FieldClass.THIRD_PARTY else _ALLOW


def _reading(role: Role, verb: Verb, field: FieldClass) -> Verdict:
    """What is public of a case is shown; the rest is covered, or not there at all."""
    if verb in (Verb.LIST_CASES, Verb.READ_CASE, Verb.READ_AUDIT):
        return _ALLOW if field is FieldClass.PUBLIC else _DENY
    if role is Role.ADMIN:
        return _DENY
    if field is FieldClass.FINANCIAL or verb is Verb.READ_MONEY:
        return _MASK if role in _SEES_MONEY or role is Role.REGULATOR_VIEWER else _DENY
    if field is FieldClass.BIOMETRIC:
        return _MASK if role in (Role.INVESTIGATOR, Role.CUSTODIAN) else _DENY
    if field is FieldClass.THIRD_PARTY:
        return _MASK if role in (Role.INVESTIGATOR, Role.CUSTODIAN, Role.PAYMENTS_OPS) else _DENY
    return _MASK


def refused(verb: Verb, relation: Relation) -> Forbidden:
    """403 with why: a conflict of interest (`conflict_of_interest`), or a role that lacks it."""
    if relation is Relation.SUBJECT:
        return Forbidden(
            "conflict_of_interest",
            "This case concerns you or your kin; somebody else handles it.",
            "该案件涉及您本人或亲属，须由他人办理（回避）。",
            verb=verb.value,
        )
    if relation is Relation.DECIDER:
        return Forbidden(
            "conflict_of_interest",
            "You have decided this case; somebody else reviews it.",
            "您已对该案件作出过决定，须由他人复核（回避）。",
            verb=verb.value,
        )
    return role_lacks(verb)


def role_lacks(verb: Verb) -> Forbidden:
    """403 for a role that may not do this, here or anywhere."""
    return Forbidden(
        "role_lacks_verb",
        f"Your roles do not allow “{verb.value}” here; ask somebody who has it.",
        f"您的角色无权在此执行“{verb.value}”；请由有权限的人员办理。",
        verb=verb.value,
    )
