"""What a limit means: a sum over the account's day, and a rule that compares it."""

from __future__ import annotations

from countermand.policy.bound import BoundRule
from countermand.policy.declarations import DAY, Limit
from countermand.policy.terms import Scalar, Term, Type, literal

UNKNOWN_TYPE = "unknown"


def used_by(limit_id: str) -> str:
    """The name of the feature that says what the day has used so far."""
    return f"limit.{limit_id}.used"


def given_back_of(used: str) -> str:
    """The name of the fact that says how much of it came back, because a hold ended without effect."""
    return used.removesuffix("used") + "given_back"


def counted(limit: Limit) -> Term:
    """Which operations use the limit up: its kinds, unless they were denied."""
    kinds: frozenset[Scalar] = frozenset(kind.value for kind in limit.kinds)
    kind = Term("name", Type.TEXT, False, (), "kind")
    outcome = Term("name", Type.TEXT, False, (), "outcome")
    passed = Term("<>", Type.BOOLEAN, False, (outcome, literal("deny", Type.TEXT)))
    return Term("and", Type.BOOLEAN, False, (Term("in", Type.BOOLEAN, False, (kind,), kinds), passed))


def limit_rule(limit: Limit, used: str | None, per_operation: Term | None, per_day: Term | None) -> BoundRule:
    """The rule of a limit; `used` is the feature that says what the day has used so far.

    What was held and took no effect is taken off: the fact beside `used` says how much; unknown counts as
    nothing. An operation of unknown amount fires it. Among the account types, `unknown` stands for an account
    whose type the institution has not said; a limit without account types is for all.
    """
    amount = Term("name", Type.MONEY, True, (), "amount")
    exceeded: list[Term] = []
    if per_operation is not None:
        exceeded.append(Term(">", Type.BOOLEAN, True, (amount, per_operation)))
    if per_day is not None and used is not None:
        so_far = Term("name", Type.MONEY, False, (), used)
        back = Term("name", Type.MONEY, True, (), given_back_of(used))
        returned = Term("coalesce", Type.MONEY, False, (back, literal(0, Type.MONEY)))
        standing = Term("-", Type.MONEY, False, (so_far, returned))
        total = Term("+", Type.MONEY, True, (standing, amount))
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
