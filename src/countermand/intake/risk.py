"""How urgent a message is: floors only ever make it more urgent, and a claimed loss is never below P1."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from countermand.intake.triage_rules import Found
from countermand.vocabulary.triage import Answers, Category, Flag, Risk, Signals

# What a machine may answer and close, and only at P3: basic questions.
SIMPLE = frozenset(
    {
        Category.PROGRESS_QUESTION,
        Category.HOW_TO_QUESTION,
        Category.OFFICIAL_CHECK,
        Category.MATERIALS_QUESTION,
        Category.FEE_QUESTION,
    }
)
BASE: Mapping[Category, Risk] = MappingProxyType(
    {
        Category.UNAUTHORISED_PAYMENT: Risk.P1,
        Category.UNAUTHORISED_LOAN: Risk.P1,
        Category.ACCOUNT_TAKEOVER: Risk.P1,
        Category.DECEIVED_PAYMENT: Risk.P1,
        Category.SCAM_ATTEMPT: Risk.P2,
        Category.LOST_CARD_OR_DEVICE: Risk.P1,
        Category.COLLECTION_CONDUCT: Risk.P2,
        Category.RATE_OR_FEE_DISPUTE: Risk.P2,
        Category.REPAYMENT_DISPUTE: Risk.P2,
        Category.CREDIT_RECORD: Risk.P2,
        Category.PERSONAL_INFORMATION: Risk.P2,
        Category.MERCHANT_DISPUTE: Risk.P2,
        Category.SERVICE_COMPLAINT: Risk.P2,
        Category.SYSTEM_FAILURE: Risk.P2,
        Category.ILLEGAL_PLATFORM_REPORT: Risk.P2,
        Category.SUGGESTION: Risk.P3,
        Category.OTHER: Risk.P3,
        **dict.fromkeys(SIMPLE, Risk.P3),
    }
)
LOSS_FLAGS = frozenset({Flag.UNAUTHORISED, Flag.LOSS})
# Flags that only a person may answer.
PERSONAL_FLAGS = LOSS_FLAGS | {Flag.DISTRESS, Flag.HUMAN, Flag.MINOR, Flag.LEGAL_THREAT}


def flags_of_answers(answers: Answers) -> set[Flag]:
    """What the answers to structured questions say by themselves."""
    told = {
        Flag.UNAUTHORISED: answers.done_by_me is False or answers.access_lost is True,
        Flag.LOSS: answers.money_lost is True or answers.money_moving is True,
        Flag.DISTRESS: answers.in_danger is True,
        Flag.HUMAN: answers.person_wanted is True,
        Flag.MINOR: answers.minor is True,
        Flag.NO_ACCOUNT: answers.has_account is False,
    }
    return {flag for flag, holds in told.items() if holds}


def risk_of(
    category: Category,
    flags: Collection[Flag],
    found: Iterable[Found],
    answers: Answers,
    signals: Signals,
    *,
    abstained: bool,
) -> Risk:
    """The most urgent of everything that speaks; nothing speaks for less.

    A claim beside money that can still be stopped is P0. An account with alarming or denied decisions makes a
    question at least P2, and whatever is not understood is at least P2: a person looks.
    """
    risks = [BASE[category]]
    risks += [
        one.rule.floor
        for one in found
        if one.rule.floor is not None
        and (not one.rule.beside or any(flag in flags for flag in one.rule.beside))
    ]
    claimed = not LOSS_FLAGS.isdisjoint(flags)
    if claimed:
        risks.append(Risk.P1)
    if Flag.DISTRESS in flags:
        risks.append(Risk.P1)
    if answers.money_moving or answers.access_lost or answers.in_danger:
        risks.append(Risk.P0)
    if claimed and signals.revocable_operations:
        risks.append(Risk.P0)
    if signals.alarming_decisions or signals.denied_decisions or abstained:
        risks.append(Risk.P2)
    risk = min(risks)

    assert not claimed or risk <= Risk.P1, "a claimed loss is never below P1"
    return risk


def closable(
    category: Category, risk: Risk, flags: Collection[Flag], *, abstained: bool, clear: bool
) -> bool:
    """Whether a machine may answer and close: a basic question, understood, and nothing else in it.

    `clear`: a claim of something unwanted is all but ruled out, far below where the flag would be set.
    """
    personal = not PERSONAL_FLAGS.isdisjoint(flags)
    return category in SIMPLE and risk is Risk.P3 and clear and not abstained and not personal
