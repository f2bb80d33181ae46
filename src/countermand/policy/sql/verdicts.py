"""Rules, limits, score and bands as SQL: which rules fire, which are unknown, and what the ladder says."""

from __future__ import annotations

from collections.abc import Sequence

from countermand.policy.bound import Package
from countermand.vocabulary.outcomes import Outcome

WORD_BITS = 62  # rules in one 64-bit integer
SCORE_MAX = 1000


def words_of(package: Package) -> int:
    """How many integers hold one bit for each rule."""
    return -(-len(package.rules) // WORD_BITS)


def verdict_columns(package: Package, conditions: Sequence[str], amount: str) -> str:
    """One row an operation: seq, amount, outcome (0 to 4), score, and fired0, unknown0, fired1, … as bits.

    Reads view `known`. Rule n is bit n % 62 of word n // 62. Freezes are not in it: they are no rule.
    """
    rules = package.rules
    named = [f"{condition} AS r{number}" for number, condition in enumerate(conditions)]
    columns = ['"seq"', f"{amount} AS amount", *named]
    inner = f"SELECT {', '.join(columns)} FROM known"
    words = range(words_of(package))
    fired, unknown = [], []
    for word in words:
        mine = range(word * WORD_BITS, min(len(rules), (word + 1) * WORD_BITS))
        fired.append(
            _bits([(n, f"COALESCE(r{n}, {str(rules[n].fires_unknown).upper()})") for n in mine])
            + f" AS fired{word}"
        )
        unknown.append(
            _bits([(n, f"r{n} IS NULL") for n in mine if rules[n].when.nullable]) + f" AS unknown{word}"
        )
    marked = ", ".join(['"seq"', "amount", *fired, *unknown])
    masks = f"SELECT {marked} FROM ({inner}) AS decided"
    score = " + ".join(
        f"CASE WHEN {_has(number)} THEN {rule.score} ELSE 0 END"
        for number, rule in enumerate(rules)
        if rule.score
    )
    scored = f"SELECT *, LEAST({score or '0'}, {SCORE_MAX}) AS score FROM ({masks}) AS marked"
    return f"SELECT *, {_outcome(package)} AS outcome FROM ({scored}) AS scored"


def _bits(parts: Sequence[tuple[int, str]]) -> str:
    terms = [
        f"CASE WHEN {condition} THEN CAST({1 << number % WORD_BITS} AS BIGINT) ELSE CAST(0 AS BIGINT) END"
        for number, condition in parts
    ]
    return " + ".join(terms) or "CAST(0 AS BIGINT)"


def _has(number: int) -> str:
    return f"(fired{number // WORD_BITS} & CAST({1 << number % WORD_BITS} AS BIGINT)) <> 0"


def _outcome(package: Package) -> str:
    """The strictest of all that speak."""
    branches = []
    for outcome in sorted(Outcome, reverse=True):
        masks: dict[int, int] = {}
        for number, rule in enumerate(package.rules):
            if rule.then is outcome:
                word = number // WORD_BITS
                masks[word] = masks.get(word, 0) | 1 << number % WORD_BITS
        speaks = [f"(fired{word} & CAST({mask} AS BIGINT)) <> 0" for word, mask in masks.items()]
        speaks += [f"score >= {band.at_least}" for band in package.declared.bands if band.then is outcome]
        if speaks and outcome is not Outcome.ALLOW:
            branches.append(f"WHEN {' OR '.join(speaks)} THEN {int(outcome)}")
    return f"CASE {' '.join(branches)} ELSE 0 END" if branches else "0"
