"""Who works at the desk, and the words of what they may do: roles, verbs, relations, purposes, fields."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec


class Role(StrEnum):
    """What somebody is to the institution; staff may have several, but one of `ALONE` has no other."""

    CONSUMER = "consumer"
    REPRESENTATIVE = "representative"
    AGENT = "agent"
    INVESTIGATOR = "investigator"
    PAYMENTS_OPS = "payments_ops"
    APPROVER = "approver"
    CUSTODIAN = "custodian"
    KB_EDITOR = "kb_editor"
    QUALITY = "quality"
    AUDITOR = "auditor"
    REGULATOR_VIEWER = "regulator_viewer"
    PEER = "peer"
    ADMIN = "admin"


# Those who look after the desk do not work at it: a second role would undo the first one's limits.
ALONE = frozenset({Role.AUDITOR, Role.ADMIN, Role.REGULATOR_VIEWER, Role.PEER})
# To whom a case can be opened for a time: they look, and never write.
GRANTABLE = frozenset({Role.AUDITOR, Role.REGULATOR_VIEWER, Role.PEER})
# Customers come through their session or receipt; no key is made for them.
NOT_STAFF = frozenset({Role.CONSUMER, Role.REPRESENTATIVE})
STAFF_ROLES = tuple(role for role in Role if role not in NOT_STAFF)


class Verb(StrEnum):
    """What is done at the desk; every route and every act names one.

    read_case: state, events, clocks. read_messages: what was said, masked. read_money: amounts and
    operations. read_biometrics: faces, voices. read_third_party: what a case holds of somebody else.
    unmask: see one text as it was. work: notes, tasks, drafts, tags, snoozes, playbook steps. decide_against:
    an outcome that leaves a claimed loss with the customer. link: links, merges, splits. lift: give back what
    was contained. move_money: credit, recall, compensate. grant: open a case to
    somebody outside.
    """

    LIST_CASES = "list_cases"
    READ_CASE = "read_case"
    READ_MESSAGES = "read_messages"
    READ_MONEY = "read_money"
    READ_BIOMETRICS = "read_biometrics"
    READ_THIRD_PARTY = "read_third_party"
    UNMASK = "unmask"
    WORK = "work"
    ASSIGN = "assign"
    TAKE = "take"
    MOVE = "move"
    SET_RISK = "set_risk"
    REPLY = "reply"
    DECIDE = "decide"
    DECIDE_AGAINST = "decide_against"
    CLOSE = "close"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    LINK = "link"
    ANSWER_MANY = "answer_many"
    RENEW_RECEIPT = "renew_receipt"
    PAUSE_COLLECTION = "pause_collection"
    CONTAIN = "contain"
    LIFT = "lift"
    MOVE_MONEY = "move_money"
    EXTEND_CLOCK = "extend_clock"
    WAIVE_CLOCK = "waive_clock"
    APPROVE = "approve"
    BREAK_GLASS = "break_glass"
    REVIEW_GLASS = "review_glass"
    ERASE = "erase"
    EXPORT = "export"
    IMPORT = "import"
    EDIT_KNOWLEDGE = "edit_knowledge"
    CHECK_QUALITY = "check_quality"
    READ_AUDIT = "read_audit"
    GRANT = "grant"
    CONFIGURE = "configure"


class Relation(StrEnum):
    """What somebody is to one case. subject: it is about themselves or their kin, or it is their own.

    granted: it was opened to them for a time (a regulator's case, a peer's request).
    """

    OWNER = "owner"
    TEAM = "team"
    NONE = "none"
    DECIDER = "decider"
    SUBJECT = "subject"
    GRANTED = "granted"


class Purpose(StrEnum):
    """What a text is looked at for; it is written down with the look."""

    HANDLE = "handle"
    CALL_BACK = "call_back"
    VERIFY_IDENTITY = "verify_identity"
    INVESTIGATE = "investigate"
    TRACE_FUNDS = "trace_funds"
    LEGAL_REQUEST = "legal_request"
    QUALITY = "quality"
    AUDIT = "audit"


class FieldClass(StrEnum):
    """How much a piece of data tells about somebody."""

    PUBLIC = "public"
    CONTACT = "contact"
    FINANCIAL = "financial"
    BIOMETRIC = "biometric"
    THIRD_PARTY = "third_party"


class Verdict(IntEnum):
    """What is answered; the greater, the more is open. mask: with personal data covered."""

    DENY = 0
    TWO_PEOPLE = 1
    MASK = 2
    ALLOW = 3


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who acts at the desk: the name that stands with what they do, and their roles."""

    name: str
    roles: frozenset[Role]


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What assigning needs to know of somebody: what they can do, how much, and what they must not touch.

    `skills` are categories, or `any`; `languages` zh, en. `cases_max` open cases at once. `own` are the
    accounts and person handles of themselves and their kin. `away_until` is microseconds UTC.
    """

    name: str
    roles: frozenset[Role]
    team: str | None = None
    skills: frozenset[str] = frozenset({"any"})
    languages: frozenset[str] = frozenset({"zh"})
    cases_max: int = 30
    own: frozenset[str] = frozenset()
    away_until: int | None = None
