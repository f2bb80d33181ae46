"""The operations board as a page shows it: lines in words, masked, each rendered once for all who watch."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

from countermand.containment.preview import KIND_TEXTS
from countermand.flows.live_board import LiveBoard, board_state
from countermand.flows.show_case_account import shown_decided
from countermand.intake.redaction import mask
from countermand.surfaces.web.rendering import render
from countermand.vocabulary.board import BoardLine
from countermand.vocabulary.decisions import Answer
from countermand.vocabulary.facts import OPERATION_DECIDED
from countermand.vocabulary.operations import Kind, Operation
from countermand.vocabulary.outcomes import Outcome

OUTCOMES = tuple(outcome.word for outcome in Outcome)
# What else the board counts, under the word that the page says for it.
EVENTS = ("incident.contained", "account.frozen", "case.opened")
RENDERED_MAX = 2_000
_ANSWER: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_OPERATION: msgspec.json.Decoder[Operation] = msgspec.json.Decoder(Operation)
_SHOWN_OF_ACCOUNT = 4


class LinePress:
    """Lines as HTML, the newest kept: whoever watches gets the same bytes."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[int, str], str] = OrderedDict()

    def lines(self, lines: list[BoardLine], language: str, timezone: str, now: int) -> str:
        """The lines, the newest first."""
        return "".join(self._line(one, language, timezone, now) for one in reversed(lines))

    def _line(self, line: BoardLine, language: str, timezone: str, now: int) -> str:
        key = (line.seq, language)
        made = self._made.get(key)
        if made is None:
            values = {"line": shown_line(line), "now": now}
            made = render("live/line.html", language, timezone, values).decode()
            self._made[key] = made
            if len(self._made) > RENDERED_MAX:
                self._made.popitem(last=False)
        return made


def shown_line(line: BoardLine) -> dict[str, Any]:
    """A line in words: what it was, how much, why; of account and counterparty the last characters."""
    shown = {
        "seq": line.seq,
        "at": line.at,
        "what": line.kind.replace(".", "_"),
        "about": None,
        "reason": None,
    }
    if line.kind == OPERATION_DECIDED and line.body is not None and line.answer is not None:
        decision = _ANSWER.decode(line.answer).decision
        reasons = (
            [mask(one.text.en).text for one in decision.reasons[:1]],
            [mask(one.text.zh).text for one in decision.reasons[:1]],
        )
        return {
            **shown,
            "outcome": decision.outcome,
            "decision": line.decision,
            "about": shown_decided(line.body),
            "account": tail(_OPERATION.decode(line.body).account),
            "reason": {"en": reasons[0][0], "zh": reasons[1][0]} if decision.reasons else None,
            "more": max(0, len(decision.reasons) - 1),
            "until": line.expires_at if decision.outcome in ("hold", "approve", "challenge") else None,
        }
    kind = None if line.hold_kind is None else KIND_TEXTS[Kind(line.hold_kind)]
    amount = None if line.amount_minor is None else {"minor": line.amount_minor, "currency": line.currency}
    return {
        **shown,
        "outcome": None,
        "decision": line.decision,
        "hold": None if kind is None else {"en": kind.en, "zh": kind.zh},
        "amount": amount,
        "case": line.case,
        "risk": line.risk,
        "category": line.category,
        "source": line.source,
        "orders": line.orders,
    }


def tail(account: str) -> str:
    """The last characters of a long name: enough to tell two apart, too little to know whose it is."""
    return account if len(account) <= _SHOWN_OF_ACCOUNT else "…" + account[-_SHOWN_OF_ACCOUNT:]


def shown_state(board: LiveBoard) -> dict[str, Any]:
    """What stands beside the lines, with holds in words."""
    state = board_state(board)
    holds = []
    for one in state["holds"]:
        text = KIND_TEXTS[Kind(one.kind)]
        holds.append({**one._asdict(), "text": {"en": text.en, "zh": text.zh}})
    counted = [(minute * 60, [words.get(name, 0) for name in OUTCOMES]) for minute, words in state["minutes"]]
    return {**state, "holds": holds, "counted": counted, "outcomes": OUTCOMES, "events": EVENTS}
