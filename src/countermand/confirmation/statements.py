"""Statements of consent: the one for an operation, its words filled in, and the digest of what was shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.vocabulary.consent import NEEDS_CONSENT, Shown, Statement

_MARK = re.compile(r"\{([a-z_]+)\}")
_PARTS = ("who", "what", "how_much", "total_cost", "undo", "until")
_HEADINGS = {
    "who": Text(en="Who", zh="由谁"),
    "what": Text(en="What happens", zh="做什么"),
    "how_much": Text(en="How much", zh="多少钱"),
    "total_cost": Text(en="What it costs in all", zh="总共要付"),
    "undo": Text(en="How to undo it", zh="怎么撤销"),
    "until": Text(en="Until when", zh="截止时间"),
}


def statement_for(kind: str, statements: Sequence[Statement]) -> Statement | None:
    """The statement for a kind of operation: of several versions the newest."""
    fitting = [one for one in statements if kind in {k.value for k in one.kinds}]
    return max(fitting, key=lambda one: one.version, default=None)


def purpose_statement(purpose: str, statements: Sequence[Statement]) -> Statement | None:
    """The newest statement for a purpose of using data."""
    fitting = [one for one in statements if one.purpose == purpose]
    return max(fitting, key=lambda one: one.version, default=None)


def values_wanted(statement: Statement) -> frozenset[str]:
    """The names of the values that a statement's words need."""
    found = set()
    for part in _PARTS:
        text: Text = getattr(statement, part)
        for words in (text.en, text.zh):
            found |= set(_MARK.findall(words))
    return frozenset(found)


def shown(statement: Statement, values: Mapping[str, Text], language: str) -> Shown:
    """The whole statement in one language, as it is to be displayed, byte for byte.

    Raises BadRequest (`consent_value_missing`) where a value is missing: nobody agrees to a blank.
    """
    missing = sorted(values_wanted(statement) - values.keys())
    if missing:
        names = ", ".join(missing)
        raise BadRequest(
            "consent_value_missing",
            f"The statement {statement.label} cannot be shown without: {names}.",
            f"缺少以下内容，无法展示声明 {statement.label}：{names}。",
            missing=missing,
        )
    filled = {name: getattr(text, language) for name, text in values.items()}
    lines = []
    for part in _PARTS:
        heading, text = getattr(_HEADINGS[part], language), getattr(statement, part)
        colon = "：" if language == "zh" else ": "
        lines.append(heading + colon + getattr(text.filled(filled), language))
    words = "\n".join(lines)
    questions = tuple(
        {"text": getattr(one.text, language), "choices": [getattr(c, language) for c in one.choices]}
        for one in statement.questions
    )
    return Shown(
        statement=statement.label,
        language=language,
        text=words,
        digest=sha256(words.encode()).hexdigest(),
        questions=questions,
    )


def misunderstood(statement: Statement, answers: Sequence[int]) -> list[Text]:
    """Why the wrong answers are wrong; empty where every question was understood.

    Raises BadRequest (`comprehension_unanswered`) where a question was left out.
    """
    if len(answers) != len(statement.questions):
        raise BadRequest(
            "comprehension_unanswered",
            f"{len(statement.questions)} questions are asked before this can be agreed to; "
            f"{len(answers)} were answered.",
            f"同意前需回答{len(statement.questions)}个问题，目前只回答了{len(answers)}个。",
            field="answers",
        )
    asked = zip(statement.questions, answers, strict=True)
    return [question.because for question, answer in asked if answer != question.answer]


def uncovered_kinds(statements: Sequence[Statement]) -> list[str]:
    """The kinds that need a receipt and have no statement: with such a pack they could never take effect."""
    covered = {kind for one in statements for kind in one.kinds}
    return sorted(kind.value for kind in NEEDS_CONSENT - covered)
