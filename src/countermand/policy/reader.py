"""SQL's tree to a typed one: whitelisted node by node, types checked on the way.

The grammar is in docs/reference/policy-language.md; what is not named there is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches

from sqlglot import exp

from countermand.kernel.money import EXPONENTS
from countermand.policy.functions import called, money
from countermand.policy.mixing import (
    arithmetic_type,
    common_type,
    mismatch,
    require_comparable,
    require_word,
    suggestion,
)
from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.terms import DURATION_MICROS, MODEL, NUMERIC, Scalar, Symbol, Term, Type, literal

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
# What may be said about a node, besides its operands.
_PLAIN = frozenset({"this", "expression", "expressions"})
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Column: frozenset({"this", "table"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Interval: frozenset({"this", "unit"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Is: frozenset({"this", "expression", "negate"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.Case: frozenset({"ifs", "default"}),
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.Least: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Greatest: frozenset({"this", "expressions", "ignore_nulls"}),
}
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}


class Reader:
    """Walks sqlglot's tree once; every node type it does not name is refused."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.offset = 0  # where the leaf read last stands

    def term(self, node: exp.Expr) -> Term:
        kind = type(node)
        said = {part for part, value in node.args.items() if value not in (None, False, [])}
        if said - _PARTS.get(kind, _PLAIN):
            raise self._refused(node)  # a variant we do not know, such as BETWEEN SYMMETRIC
        if kind is exp.Paren:
            return self.term(node.this)
        if kind in (exp.And, exp.Or):
            return self._connective("and" if kind is exp.And else "or", node)
        if kind is exp.Not:
            inner = self._boolean(node.this)
            return Term("not", Type.BOOLEAN, inner.nullable, (inner,), None, inner.offset)
        if kind in _COMPARISONS:
            return self._comparison(_COMPARISONS[kind], node)
        if kind in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[kind], node)
        reader = _READERS.get(kind)
        if reader is None:
            raise self._refused(node)
        return reader(self, node)

    # -- leaves ---------------------------------------------------------------------------------

    def _column(self, node: exp.Expr) -> Term:
        assert isinstance(node, exp.Column)
        self.offset = int(node.this.meta.get("start", self.offset))
        name = node.name
        if node.table:
            if node.table != MODEL:
                raise self._refused(node)
            self.offset = int(node.args["table"].meta.get("start", self.offset))
            name = f"{MODEL}.{name}"
        symbol = self.scope.symbols.get(name)
        if symbol is None:
            hint = self.scope.hidden.get(name)
            near = get_close_matches(name, self.scope.symbols, 1)
            raise ExpressionError(
                "unknown_name",
                hint[0]
                if hint
                else f"There is no field, feature or derived value called {name}{suggestion(near)[0]}",
                hint[1] if hint else f"没有名为 {name} 的字段、特征或派生值{suggestion(near)[1]}",
                self.offset,
            )
        return self._name(symbol)

    def _name(self, symbol: Symbol) -> Term:
        return Term("name", symbol.type, symbol.nullable, (), symbol.name, self.offset)

    def _literal(self, node: exp.Expr) -> Term:
        self.offset = int(node.meta.get("start", self.offset))
        if node.is_string:
            return literal(node.name, Type.TEXT, self.offset)
        text = node.name
        if text.isdigit():
            return literal(int(text), Type.INTEGER, self.offset)
        try:
            return literal(float(text), Type.NUMBER, self.offset)
        except ValueError:
            raise self._refused(node) from None

    def _boolean_literal(self, node: exp.Expr) -> Term:
        self._at_word("TRUE" if node.this else "FALSE")
        return literal(bool(node.this), Type.BOOLEAN, self.offset)

    def _null(self, node: exp.Expr) -> Term:
        self._at_word("NULL")
        return literal(None, Type.NULL, self.offset)

    def _at_word(self, word: str) -> None:
        """The parser does not say where a keyword stands: it is the next one after the leaf before it."""
        found = re.compile(rf"\b{word}\b", re.IGNORECASE).search(self.text, self.offset)
        self.offset = found.start() if found else self.offset

    def _interval(self, node: exp.Expr) -> Term:
        count = node.this.name if node.this is not None else ""
        self._at_word("INTERVAL")
        unit = str(node.args.get("unit") or "").upper().rstrip("S")
        if not count.isdigit() or unit not in DURATION_MICROS:
            raise ExpressionError(
                "bad_interval",
                "Write a duration as INTERVAL '24 hours' (seconds, minutes, hours, days or weeks).",
                "时长请写作 INTERVAL '24 hours'（seconds、minutes、hours、days 或 weeks）。",
                self.offset,
            )
        return literal(int(count) * DURATION_MICROS[unit], Type.DURATION, self.offset)

    # -- connectives and comparisons --------------------------------------------------------------

    def _connective(self, operator: str, node: exp.Expr) -> Term:
        operands = [self._boolean(part) for part in node.flatten(unnest=False)]
        flat = [
            leaf for part in operands for leaf in (part.operands if part.operator == operator else (part,))
        ]
        return Term(
            operator, Type.BOOLEAN, any(part.nullable for part in flat), tuple(flat), None, flat[0].offset
        )

    def _boolean(self, node: exp.Expr) -> Term:
        term = self.term(node)
        if term.type not in (Type.BOOLEAN, Type.NULL):
            raise mismatch(term, "a condition", "条件")
        return term

    def _comparison(self, operator: str, node: exp.Expr) -> Term:
        left, right = self.term(node.this), self.term(node.expression)
        require_comparable(left, right, ordered=operator not in ("=", "<>"))
        for subject, value in ((left, right), (right, left)) if operator in ("=", "<>") else ():
            require_word(subject, value, self.scope)
        nullable = left.nullable or right.nullable
        return Term(operator, Type.BOOLEAN, nullable, (left, right), None, left.offset)

    def _same(self, node: exp.Expr) -> Term:
        left, right = self.term(node.this), self.term(node.expression)
        require_comparable(left, right, ordered=False)
        same = Term("same", Type.BOOLEAN, False, (left, right), None, left.offset)
        if isinstance(node, exp.NullSafeNEQ):
            return Term("not", Type.BOOLEAN, False, (same,), None, left.offset)
        return same

    def _between(self, node: exp.Expr) -> Term:
        subject, low, high = (self.term(node.args[part]) for part in ("this", "low", "high"))
        for bound in (low, high):
            require_comparable(subject, bound, ordered=True)
        pair = tuple(
            Term(
                operator,
                Type.BOOLEAN,
                subject.nullable or bound.nullable,
                (subject, bound),
                None,
                subject.offset,
            )
            for operator, bound in ((">=", low), ("<=", high))
        )
        return Term("and", Type.BOOLEAN, any(part.nullable for part in pair), pair, None, subject.offset)

    def _in(self, node: exp.Expr) -> Term:
        subject = self.term(node.this)
        if node.args.get("query") is not None or not node.expressions:
            raise self._refused(node)
        items = [self.term(item) for item in node.expressions]
        for item in items:
            if item.operator != "literal" or item.value is None:
                raise ExpressionError(
                    "in_needs_constants",
                    "IN takes a list of constants, and never NULL: with NULL in it NOT IN is never true.",
                    "IN 只接受常量列表，且不能含 NULL：含 NULL 时 NOT IN 永远不为真。",
                    item.offset,
                )
            require_comparable(subject, item, ordered=False)
            require_word(subject, item, self.scope)
        values: frozenset[Scalar] = frozenset(
            item.value for item in items if not isinstance(item.value, frozenset)
        )
        return Term("in", Type.BOOLEAN, subject.nullable, (subject,), values, subject.offset)

    def _is(self, node: exp.Expr) -> Term:
        subject = self.term(node.this)
        right = node.expression
        if isinstance(right, exp.Null):
            result = Term("is_null", Type.BOOLEAN, False, (subject,), None, subject.offset)
        elif isinstance(right, exp.Boolean):
            if subject.type is not Type.BOOLEAN:
                raise mismatch(subject, "a condition", "条件")
            operator = "is_true" if right.this else "is_false"
            result = Term(operator, Type.BOOLEAN, False, (subject,), None, subject.offset)
        else:
            raise self._refused(node)
        if node.args.get("negate"):
            return Term("not", Type.BOOLEAN, False, (result,), None, subject.offset)
        return result

    def _like(self, node: exp.Expr) -> Term:
        subject, pattern = self.term(node.this), self.term(node.expression)
        self._require(subject, Type.TEXT)
        if pattern.operator != "literal" or pattern.type is not Type.TEXT:
            raise mismatch(pattern, "a constant pattern", "常量模式")
        like = Term("like", Type.BOOLEAN, subject.nullable, (subject,), pattern.value, subject.offset)
        if node.args.get("negate"):
            return Term("not", Type.BOOLEAN, like.nullable, (like,), None, subject.offset)
        return like

    # -- arithmetic -------------------------------------------------------------------------------

    def _arithmetic(self, operator: str, node: exp.Expr) -> Term:
        left, right = self.term(node.this), self.term(node.expression)
        result = arithmetic_type(operator, left.type, right.type)
        if result is None:
            raise ExpressionError(
                "type_mix",
                f"{left.type} {operator} {right.type} has no meaning; money goes with money "
                "(write cny(2000)), a duration with a duration.",
                f"{left.type} {operator} {right.type} 没有意义；金额只能与金额运算（写作 cny(2000)），"
                "时长只能与时长运算。",
                left.offset,
            )
        divides = operator in ("/", "%")
        if divides and right.operator == "literal" and right.value == 0:
            raise ExpressionError("divides_by_zero", "This divides by zero.", "此处除以零。", right.offset)
        certain = not divides or (right.operator == "literal")
        nullable = left.nullable or right.nullable or not certain
        return Term(operator, result, nullable, (left, right), None, left.offset)

    def _negative(self, node: exp.Expr) -> Term:
        inner = self.term(node.this)
        if inner.type not in NUMERIC | {Type.MONEY, Type.DURATION}:
            raise mismatch(inner, "a number", "数值")
        if inner.operator == "literal" and isinstance(inner.value, (int, float)):
            return literal(-inner.value, inner.type, inner.offset)
        return Term("neg", inner.type, inner.nullable, (inner,), None, inner.offset)

    def _abs(self, node: exp.Expr) -> Term:
        inner = self.term(node.this)
        if inner.type not in NUMERIC | {Type.MONEY, Type.DURATION}:
            raise mismatch(inner, "a number", "数值")
        return Term("abs", inner.type, inner.nullable, (inner,), None, inner.offset)

    def _choice(self, node: exp.Expr) -> Term:
        names: dict[type[exp.Expr], str] = {
            exp.Coalesce: "coalesce",
            exp.Least: "least",
            exp.Greatest: "greatest",
        }
        operator = names[type(node)]
        operands = tuple(self.term(part) for part in (node.this, *node.expressions))
        common = common_type(operands)
        return Term(
            operator, common, all(part.nullable for part in operands), operands, None, operands[0].offset
        )

    def _case(self, node: exp.Expr) -> Term:
        if node.this is not None:
            raise self._refused(node)
        branches: list[Term] = []
        for branch in node.args["ifs"]:
            branches += [self._boolean(branch.this), self.term(branch.args["true"])]
        default = node.args.get("default")
        last = self.term(default) if default is not None else literal(None, Type.NULL, self.offset)
        values = (*branches[1::2], last)
        nullable = any(part.nullable for part in values)
        return Term("case", common_type(values), nullable, (*branches, last), None, branches[0].offset)

    def _text_function(self, node: exp.Expr) -> Term:
        subject = self.term(node.this)
        self._require(subject, Type.TEXT)
        if isinstance(node, exp.StartsWith):
            prefix = self.term(node.expression)
            if prefix.operator != "literal" or prefix.type is not Type.TEXT:
                raise mismatch(prefix, "a constant text", "常量文本")
            return Term(
                "starts_with", Type.BOOLEAN, subject.nullable, (subject,), prefix.value, subject.offset
            )
        if isinstance(node, exp.Length):
            return Term("length", Type.INTEGER, subject.nullable, (subject,), None, subject.offset)
        return Term("lower", Type.TEXT, subject.nullable, (subject,), None, subject.offset)

    # -- functions of this product ------------------------------------------------------------------

    def _function(self, node: exp.Expr) -> Term:
        name = str(node.this).lower()
        if name.upper() in EXPONENTS:
            digits = node.expressions[0].name if len(node.expressions) == 1 else ""
            return money(name.upper(), digits, self.scope, self.offset)
        arguments = [self.term(part) for part in node.expressions]
        return called(name, arguments, self.scope, self.offset)

    # -- what is wrong ------------------------------------------------------------------------------

    def _require(self, term: Term, wanted: Type) -> None:
        if term.type is not wanted:
            raise mismatch(term, str(wanted), str(wanted))

    def _refused(self, node: exp.Expr) -> ExpressionError:
        what = node.sql(dialect="postgres")[:60]
        return ExpressionError(
            "not_allowed",
            f"This SQL is not part of the policy language: {what}",
            f"策略语言不支持此 SQL：{what}",
            self.offset,
        )


_READERS: dict[type[exp.Expr], Callable[[Reader, exp.Expr], Term]] = {
    exp.Column: Reader._column,
    exp.Literal: Reader._literal,
    exp.Boolean: Reader._boolean_literal,
    exp.Null: Reader._null,
    exp.Interval: Reader._interval,
    exp.NullSafeEQ: Reader._same,
    exp.NullSafeNEQ: Reader._same,
    exp.Between: Reader._between,
    exp.In: Reader._in,
    exp.Is: Reader._is,
    exp.Like: Reader._like,
    exp.Neg: Reader._negative,
    exp.Abs: Reader._abs,
    exp.Coalesce: Reader._choice,
    exp.Least: Reader._choice,
    exp.Greatest: Reader._choice,
    exp.Case: Reader._case,
    exp.StartsWith: Reader._text_function,
    exp.Length: Reader._text_function,
    exp.Lower: Reader._text_function,
    exp.Anonymous: Reader._function,
}
