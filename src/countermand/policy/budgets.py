"""What a policy says about its own friction: how often a rule may be wrong, and what an answer costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from countermand.policy.source import Node
from countermand.vocabulary.friction import AnswerCost, FalsePositiveBudget
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD, Outcome

SHARE = re.compile(r"^(\d{1,3}(?:\.\d{1,6})?) ?%$")
A_DAY = re.compile(r"^(\d{1,7}(?:\.\d{1,3})?) a day$")


def read_budget(node: Node | None) -> FalsePositiveBudget | None:
    """`0.5%` of the genuine operations, or `20 a day`; None where nothing is said, or with a finding."""
    text = None if node is None else node.text()
    if node is None or text is None:
        return None
    share, a_day = SHARE.match(text), A_DAY.match(text)
    if share is not None and 0 < float(share[1]) <= 100:
        return FalsePositiveBudget(share=float(share[1]) / 100)
    if a_day is not None and float(a_day[1]) > 0:
        return FalsePositiveBudget(a_day=float(a_day[1]))
    node.refuse(
        "bad_budget",
        "Write a false-positive budget as `0.5%` (of the genuine operations) or `20 a day`.",
        "误伤预算请写作 `0.5%`（占正常操作的比例）或 `20 a day`（每天笔数）。",
    )
    return None


def refuse_idle_budget(node: Node | None, then: Outcome | None, score: int) -> None:
    """A rule that only lets pass and gives no points disturbs nobody: its budget would mean nothing."""
    if node is not None and (then or Outcome.ALLOW) is Outcome.ALLOW and not score:
        node.refuse(
            "idle_budget",
            "This rule disturbs nobody, so it has no false positives to budget.",
            "该规则不会打扰任何人，不存在误伤，无需预算。",
        )


def read_answer(node: Node, duration: Callable[[Node], int], known: dict[Outcome, AnswerCost]) -> None:
    """One assumption about an outcome into `known`; without a source and a day it is a finding.

    `duration` reads a duration in microseconds.
    """
    parts = node.fields(
        {"outcome", "takes", "stops", "source", "as_of"}, {"outcome", "stops", "source", "as_of"}
    )
    word = parts["outcome"].text() if "outcome" in parts else None
    outcome = None if word is None else OUTCOME_OF_WORD.get(word)
    if word is not None and (outcome is None or outcome is Outcome.ALLOW or outcome in known):
        parts["outcome"].refuse(
            "bad_answer",
            "Each of challenge, hold, approve and deny may stand here once.",
            "此处只能各写一次 challenge、hold、approve、deny。",
        )
        return
    takes = duration(parts["takes"]) // 10**6 if "takes" in parts else None
    stops = _stops(parts["stops"]) if "stops" in parts else None
    source = parts["source"].bilingual() if "source" in parts else None
    as_of = _day(parts["as_of"]) if "as_of" in parts else None
    if takes is None and outcome not in (None, Outcome.HOLD):
        node.refuse(
            "bad_answer",
            "Say what this answer takes a genuine customer; only a hold has its own `hold_for`.",
            "请写明该处置会占用正常客户多少时间（takes）；只有 hold 自带 hold_for。",
        )
    elif outcome is not None and stops is not None and source is not None and as_of is not None:
        known[outcome] = AnswerCost(outcome, takes, stops, source, as_of)


def _stops(node: Node) -> float | None:
    text = node.text()
    match = None if text is None else SHARE.match(text)
    if match is not None and float(match[1]) <= 100:
        return float(match[1]) / 100
    if text is not None:
        node.refuse(
            "bad_answer",
            "Write what the answer stops as a share of the fraudulent money, `90%`.",
            "stops 请写作欺诈金额的拦截比例，如 `90%`。",
        )
    return None


def _day(node: Node) -> str | None:
    text = node.text()
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        node.refuse("bad_answer", "Write the day as 2026-11-22.", "日期请写作 2026-11-22。")
        return None
