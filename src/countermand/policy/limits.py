"""What a limit means: a sum over the account's day, and a rule that compares it."""

from __future__ import annotations

from countermand.policy.bound import BoundRule
from countermand.policy.declarations import DAY, Limit
from countermand.policy.terms import Scalar, Term, Type, literal

UNKNOWN_TYPE = "unknown"


def counted(limit: Limit) -> Term:
    """Which operations use the limit up: its kinds, unless they were denied."""
    kinds: frozenset[Scalar] = frozenset(kind.value for kind in limit.kinds)
    kind = Term("name", Type.TEXT, False, (), "kind")
    outcome = Term("name", Type.TEXT, False, (), "outcome")
    passed = Term("<>", Type.BOOLEAN, False, (outcome, literal("deny", Type.TEXT)))
    return Term("and", Type.BOOLEAN, False, (Term("in", Type.BOOLEAN, False, (kind,), kinds), passed))


def limit_rule(limit: Limit, used: str | None, per_operation: Term | None, per_day: Term | None) -> BoundRule:
    """The rule of a limit; `used` is the feature that says what the day has used so far.

    An operation of unknown amount fires it. Among the account types, `unknown` stands for an account whose
    type the institution has not said; a limit without account types is for all.
    """
    amount = Term("name", Type.MONEY, True, (), "amount")
    exceeded: list[Term] = []
    if per_operation is not None:
        exceeded.append(Term(">", Type.BOOLEAN, True, (amount, per_operation)))
    if per_day is not None and used is not None:
        so_far = Term("name", Type.MONEY, False, (), used)
        total = Term("+", Type.MONEY, True, (so_far, amount))
        exceeded.append(Term(">", Type.BOOLEAN, True, (total, per_day)))
    when = exceeded[0] if len(exceeded) == 1 else Term("or", Type.BOOLEAN, True, tuple(exceeded))
    if limit.account_types:
        type_ = Term("name", Type.TEXT, True, (), "account_type")
        known = Term("coalesce", Type.TEXT, False, (type_, literal(UNKNOWN_TYPE, Type.TEXT)))
        mine = Term("in", Type.BOOLEAN, False, (known,), frozenset(limit.account_types))
        when = Term("and", Type.BOOLEAN, True, (mine, when))
    return BoundRule(
        id=f"limit.{limit.id}",
        kinds=limit.kinds,
        when=when,
        then=limit.then,
        score=0,
        fires_unknown=True,
        hold_micros=DAY,
        oblige=(),
        reason=limit.reason,
        scenario="limit",
        at=limit.at,
        node=None,
    )
