"""SQL text to a typed tree: parsed by sqlglot, the door to the language."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import ParseError, TokenError

from countermand.policy.reader import Reader
from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.terms import Term, Type

LENGTH_MAX = 4000


def parse_condition(text: str, scope: Scope) -> Term:
    """A boolean expression. Raises ExpressionError."""
    term = parse_expression(text, scope)
    if term.type not in (Type.BOOLEAN, Type.NULL):
        raise ExpressionError(
            "not_a_condition",
            f"A condition must be true or false; this is {term.type}.",
            f"条件必须是真或假；这里是 {term.type}。",
            term.offset,
        )
    return term


def parse_expression(text: str, scope: Scope) -> Term:
    """Any expression of the language. Raises ExpressionError."""
    if len(text) > LENGTH_MAX:
        raise ExpressionError(
            "expression_too_long",
            f"An expression has at most {LENGTH_MAX} characters; name its parts under `derive`.",
            f"表达式最多 {LENGTH_MAX} 个字符；请用 derive 拆分命名。",
        )
    try:
        tree = sqlglot.parse_one(text, read="postgres")
    except ParseError as error:
        raise _unparsed(text, error) from None
    except (TokenError, RecursionError) as error:
        raise ExpressionError(
            "not_sql", f"This is not an SQL expression: {error}.", f"这不是 SQL 表达式：{error}。"
        ) from None
    if tree is None:
        raise ExpressionError("not_sql", "The expression is empty.", "表达式为空。")
    return Reader(text, scope).term(tree)


def _unparsed(text: str, error: ParseError) -> ExpressionError:
    first = error.errors[0] if error.errors else {}
    what = str(first.get("description", "syntax error"))
    before = str(first.get("start_context", ""))
    offset = len(before) if text.startswith(before) else max(0, int(first.get("col", 1)) - 1)
    return ExpressionError(
        "not_sql", f"This is not an SQL expression: {what}", f"这不是 SQL 表达式：{what}", offset
    )
