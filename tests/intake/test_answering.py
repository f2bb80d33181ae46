"""Goal: a machine informs and never closes a loss. Method: each reason alone, laws over all, counts."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app import read_knowledge
from countermand.intake.answering import asks_for_person, in_share, reasons_for_person, verdict_in
from countermand.intake.confirmed_rate import Outcomes, confirmed_rate, outcome_of
from countermand.intake.hand_off import CATEGORY_WORDS, REASON_WORDS, hand_off, packet_of
from countermand.intake.knowledge import read_library
from countermand.intake.risk import SIMPLE
from countermand.vocabulary.answers import (
    CONTACT_AGAIN_MICROS,
    InboundMessage,
    Reason,
    ReplyEventKind,
    Tried,
    Verdict,
)
from countermand.vocabulary.triage import Category, Risk
from intake.readings import reading_of

LIBRARY = read_library(read_knowledge())
TERMS = LIBRARY.terms
ARTICLE = {one.id: one for one in LIBRARY.in_force(date(2026, 11, 22))}
FLAGS = ("human", "unauthorised", "loss", "distress", "minor", "legal_threat")
# A conversation that is held out, and one that is not.
HELD = next(
    f"case-{n}" for n in itertools.count() if in_share(f"case-{n}", "hold-out", TERMS.hold_out_percent)
)
FREE = next(
    f"case-{n}" for n in itertools.count() if not in_share(f"case-{n}", "hold-out", TERMS.hold_out_percent)
)


def asked(text: str = "怎么冻结账户", *, case: str = FREE, **reading: Any) -> InboundMessage:
    """A simple question, unless told otherwise."""
    return InboundMessage(
        id="m-1", case=case, party="p-1", channel="app", text=text, reading=reading_of(**reading)
    )


def reasons(message: InboundMessage, article: str | None = "freeze-own-account") -> list[str]:
    """Why a person answers it."""
    found = reasons_for_person(message, None if article is None else ARTICLE[article], TERMS)
    return [one.value for one in found]


def test_a_simple_question_with_an_article_is_answered() -> None:
    """Nothing stands against it; nor that somebody has no account."""
    assert reasons(asked()) == []
    assert reasons(asked(flags=frozenset({"no_account"}))) == []


@pytest.mark.parametrize(
    ("message", "article", "reason"),
    [
        (asked("转人工"), "freeze-own-account", "asked_for_person"),
        (asked(flags=frozenset({"human"})), "freeze-own-account", "asked_for_person"),
        (asked(flags=frozenset({"unauthorised"})), "freeze-own-account", "unauthorised"),
        (asked(flags=frozenset({"loss"})), "freeze-own-account", "loss"),
        (asked(flags=frozenset({"distress"})), "freeze-own-account", "distress"),
        (asked(flags=frozenset({"minor"})), "freeze-own-account", "minor"),
        (asked(flags=frozenset({"legal_threat"})), "freeze-own-account", "legal_threat"),
        (asked(risk="P1"), "freeze-own-account", "risk"),
        (asked(risk="P0"), "freeze-own-account", "risk"),
        (asked(abstained=True), "freeze-own-account", "unsure"),
        (asked(category="credit_record"), "freeze-own-account", "not_simple"),
        (asked(), None, "nothing_fits"),
        (asked(), "loan-not-mine", "nothing_fits"),
        (asked(case=HELD), "freeze-own-account", "hold_out"),
    ],
)
def test_each_reason_alone_brings_a_person(message: InboundMessage, article: str | None, reason: str) -> None:
    """One is enough, and it is the one that is told."""
    assert reasons(message, article) == [reason]


@given(
    st.sampled_from(sorted(Category)),
    st.sampled_from(sorted(Risk)),
    st.frozensets(st.sampled_from(FLAGS)),
    st.booleans(),
    st.sampled_from([None, *ARTICLE.values()]),
    st.integers(0, 400),
)
def test_a_machine_answers_nothing_but_the_simple(category, risk, flags, abstained, article, case) -> None:
    """Whatever comes together: an answer only without flags, at P3, sure, allowed, with an article."""
    message = asked(category=category, risk=risk, flags=flags, abstained=abstained, case=f"case-{case}")
    found = reasons_for_person(message, article, TERMS)
    simple = category in SIMPLE and risk == "P3" and not flags and not abstained
    may = simple and article is not None and article.category in SIMPLE
    assert (not found) == (may and not in_share(message.case, "hold-out", TERMS.hold_out_percent))
    assert may or Reason.HOLD_OUT not in found


@pytest.mark.parametrize(
    "text",
    ["转人工", "我要人工客服", "人工人工人工🙏", "能不能找个真人", "zhuan ren gong!!!", "Agent", "AGENT.",
     "a real person please", "Can I talk to someone", "get me a human",
     "speak to an agent", "representative", "不用转人工"],
)  # fmt: skip
def test_whoever_asks_for_a_person_gets_one(text: str) -> None:
    """However it is said, in one hop, on top of any question."""
    assert asks_for_person(text)
    assert asks_for_person(f"怎么冻结账户？ {text}") or text in ("Agent", "AGENT.")
    assert verdict_in(text) is Verdict.PERSON


@pytest.mark.parametrize(
    "text", ["怎么冻结账户", "the agent gave me a number", "my persona", "humane", "an urgent one"]
)
def test_other_words_ask_for_nobody(text: str) -> None:
    """A mention is no request."""
    assert not asks_for_person(text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("是", "yes"), ("是的！", "yes"), ("Yes.", "yes"), ("解决了", "yes"), ("否", "no"), ("没有", "no"),
     ("NO", "no"), ("人工", "person"), ("是不是要收费？", None), ("no idea what you mean", None), ("", None)],
)  # fmt: skip
def test_a_short_answer_is_understood(text: str, verdict: str | None) -> None:
    """Yes, no, a person; anything longer is a message of its own."""
    assert verdict_in(text) == verdict


def test_shares_are_stable_and_as_large_as_they_say() -> None:
    """Two percent are held out, five percent are read again, and the two know nothing of each other."""
    cases = [f"case-{number}" for number in range(20_000)]
    held = {one for one in cases if in_share(one, "hold-out", 2)}
    read = {one for one in cases if in_share(one, "double-check", 5)}
    assert 0.017 < len(held) / len(cases) < 0.023
    assert 0.045 < len(read) / len(cases) < 0.055
    assert len(held & read) < 60
    assert {one for one in cases if in_share(one, "hold-out", 2)} == held
    assert not any(in_share(one, "hold-out", 0) for one in cases[:100])
    assert all(in_share(one, "hold-out", 100) for one in cases[:100])


def test_the_packet_holds_all_and_quotes_nobody() -> None:
    """Why, about what, what is known, promised and tried; but not what somebody wrote."""
    message = asked(
        "我的卡6222就是被盗了！！",
        category="unauthorised_payment",
        risk="P1",
        flags=frozenset({"unauthorised"}),
    )
    kept = hand_off(message, (Reason.UNAUTHORISED, Reason.RISK), [Tried("fee-rules", 1, "said_no")], 5)
    packet = packet_of(kept, {"amount": "¥800"}, ("call back by 18:00",))
    assert packet.feeling == "angry"
    assert "fee-rules v1" in packet.summary.en
    assert "非本人支付" in packet.summary.zh
    assert packet.known == {"amount": "¥800"}
    assert packet.promised == ("call back by 18:00",)
    assert "6222" not in repr(packet)


def test_every_category_and_reason_has_words() -> None:
    """In both languages, for whoever takes over."""
    assert set(CATEGORY_WORDS) == set(Category)
    assert set(REASON_WORDS) == set(Reason)


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([], "silent"),
        ([("said_yes", 1)], "confirmed"),
        ([("said_no", 1)], "denied"),
        ([("said_yes", 1), ("contacted_again", 2)], "denied"),
        ([("said_yes", 1), ("contacted_again", CONTACT_AGAIN_MICROS)], "confirmed"),
        ([("said_yes", 1), ("checked_wrong", 9)], "denied"),
        ([("checked_right", 9)], "silent"),
        ([("asked_person", 1)], "denied"),
        ([("said_no", 1), ("said_yes", 2)], "denied"),
    ],
)
def test_what_became_of_an_answer(events: list[tuple[str, int]], outcome: str) -> None:
    """A yes counts unless anything speaks against it within seven days; before that nothing is known."""
    seen = [(ReplyEventKind(kind), at) for kind, at in events]
    assert outcome_of(0, seen, CONTACT_AGAIN_MICROS) == outcome
    assert outcome_of(0, seen, CONTACT_AGAIN_MICROS - 1) == "waiting"


def test_the_rate_tells_silence_apart_and_is_no_better_than_its_interval() -> None:
    """98 % is reached only when even the lower end is there; silence counts against the headline."""
    assert confirmed_rate(Outcomes(waiting=9)).confirmed is None
    some = confirmed_rate(Outcomes(confirmed=60, denied=1, silent=39, checked=5, wrong=1))
    assert some.confirmed is not None
    assert some.confirmed_of_heard is not None
    assert some.silent is not None
    assert (some.confirmed.value, some.silent.value) == (0.6, 0.39)
    assert some.confirmed_of_heard.value > 0.98
    assert not some.reached
    assert not confirmed_rate(Outcomes(confirmed=98, denied=2)).reached
    assert confirmed_rate(Outcomes(confirmed=9_900, denied=100)).reached
