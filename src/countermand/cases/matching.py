"""Which case a report goes on with, and which ones it may be about: nobody tells the same story twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from countermand.cases.case import LOSS_CATEGORIES
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.vocabulary.cases import Case, Stage
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.triage import Category

OPEN_MICROS = 30 * MICROS_PER_DAY


class Match(NamedTuple):
    """The case to go on with (None: a new one), and others it may belong to, each with why."""

    case: Case | None
    maybe: tuple[tuple[str, str], ...]


def match(
    standing: Standing,
    category: Category,
    candidates: Sequence[Case],
    named: Case | None = None,
    *,
    from_same_sender: bool = False,
) -> Match:
    """Where a report belongs.

    `named` is the case whose number it carries; it goes on there if the sender is proven, or is the address
    that wrote before: a number alone is printed on paper and opens nothing. Without one, a proven holder's
    report goes on with their newest open case of the same kind. Everything else becomes a case of its own,
    linked with what it may be about, so that a stranger can neither read nor fill somebody else's.
    """
    open_cases = [case for case in candidates if case.stage is not Stage.CLOSED]
    if named is not None and named.merged_into is None and (standing is Standing.PROVEN or from_same_sender):
        return Match(named, ())
    same = [case for case in open_cases if _same_kind(case.category, category)]
    if standing is Standing.PROVEN and same:
        return Match(same[0], ())
    maybe = [(case.id, "same_account") for case in same]
    if named is not None and named.id not in {case for case, _ in maybe}:
        maybe.insert(0, (named.id, "names_number"))
    return Match(None, tuple(maybe[:10]))


def _same_kind(one: Category, other: Category) -> bool:
    return one is other or (one in LOSS_CATEGORIES and other in LOSS_CATEGORIES)
