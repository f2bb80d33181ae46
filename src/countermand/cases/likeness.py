"""Cases that may be the same, each with why: account, person, devices, payees, likeness of words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from countermand.kernel.text import Text

SUGGESTED_MIN = 0.35
_WEIGHTS = {"same_account": 0.5, "same_person": 0.5, "same_device": 0.35, "same_payee": 0.35}
_WORDS_WEIGHT, _WORDS_MIN = 0.5, 0.4
REASON_WORDS = {
    "same_account": Text(en="the same account", zh="同一账户"),
    "same_person": Text(en="the same person", zh="同一当事人"),
    "same_device": Text(en="the same device", zh="同一设备"),
    "same_payee": Text(en="the same payee", zh="同一收款方"),
    "same_words": Text(en="much the same words", zh="文字高度相似"),
}


class Trait(NamedTuple):
    """What a case is compared by; `words` is its first message, masked."""

    case: str
    account: str | None
    person: str | None
    devices: frozenset[str]
    payees: frozenset[str]
    words: str


class Like(NamedTuple):
    """Another case, how sure it is the same (0 to 1), and because of what."""

    case: str
    score: float
    reasons: tuple[str, ...]


def alike(one: Trait, others: Iterable[Trait]) -> list[Like]:
    """Those that may be the same case, surest first; each reason makes the rest less likely to be chance."""
    found = []
    for other in others:
        if other.case == one.case:
            continue
        reasons = _reasons(one, other)
        doubt = 1.0
        for weight in reasons.values():
            doubt *= 1.0 - weight
        score = round(1.0 - doubt, 3)
        if score >= SUGGESTED_MIN:
            found.append(Like(other.case, score, tuple(sorted(reasons))))
    return sorted(found, key=lambda like: (-like.score, like.case))


def _reasons(one: Trait, other: Trait) -> dict[str, float]:
    shared = {
        "same_account": one.account is not None and one.account == other.account,
        "same_person": one.person is not None and one.person == other.person,
        "same_device": bool(one.devices & other.devices),
        "same_payee": bool(one.payees & other.payees),
    }
    found = {name: _WEIGHTS[name] for name, holds in shared.items() if holds}
    likeness = words_alike(one.words, other.words)
    if likeness >= _WORDS_MIN:
        found["same_words"] = _WORDS_WEIGHT * likeness
    return found


def words_alike(one: str, other: str) -> float:
    """How much of two texts is the same: shared pairs of neighbouring letters among all (Jaccard).

    >>> words_alike("不是我转的账", "不是我转的账"), words_alike("abc", "xyz")
    (1.0, 0.0)
    """
    mine, theirs = _pairs(one), _pairs(other)
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def _pairs(text: str) -> set[str]:
    letters = "".join(letter for letter in text.casefold() if letter.isalnum())
    return {letters[place : place + 2] for place in range(len(letters) - 1)}
