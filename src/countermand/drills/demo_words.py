"""Kinds and outcomes in the words of whoever reads the demo; a Chinese line keeps the code in brackets."""

from __future__ import annotations

from collections.abc import Mapping

from countermand.kernel.text import Text
from countermand.vocabulary.operation_words import KIND_WORDS
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD, OUTCOMES_ZH


def kind_words(kind: str) -> Text:
    """A kind of operation.

    >>> kind_words("transfer").zh
    '转账（transfer）'
    """
    return Text(en=kind, zh=f"{KIND_WORDS[kind].zh}（{kind}）")


def outcome_words(word: str) -> Text:
    """What was decided.

    >>> outcome_words("hold").zh
    '暂缓（hold）'
    """
    return Text(en=word, zh=f"{OUTCOMES_ZH[OUTCOME_OF_WORD[word]]}（{word}）")


def counted(outcomes: Mapping[str, int]) -> Text:
    """How many of which outcome.

    >>> counted({"allow": 3, "deny": 1}).zh
    '放行 3、拒绝 1'
    """
    return Text(
        en=", ".join(f"{word} {count}" for word, count in outcomes.items()),
        zh="、".join(f"{OUTCOMES_ZH[OUTCOME_OF_WORD[word]]} {count}" for word, count in outcomes.items()),
    )
