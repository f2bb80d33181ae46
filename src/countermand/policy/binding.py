"""Declarations to a typed package: every name resolved, every expression typed, the windows planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from countermand.policy.bound import BoundRule, Derived, Package, marks
from countermand.policy.catalogue import FIELDS, FRAUD, OUTCOME
from countermand.policy.declarations import Declarations, Feature, Limit, Rule
from countermand.policy.expressions import parse_condition, parse_expression
from countermand.policy.findings import Findings, Place
from countermand.policy.labels import ONLY_IN_WHERE, check_timing, counts_itself, length_of
from countermand.policy.limits import counted, given_back_of, limit_rule, used_by
from countermand.policy.models import band_rules, bind_models, hidden_scores
from countermand.policy.plan import Aggregate, Column, ColumnKind, FeaturePlan, Window
from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.source import Node
from countermand.policy.terms import NUMERIC, Symbol, Term, Type, literal
from countermand.policy.thresholds import bind_thresholds, hidden_thresholds, with_uses

WINDOWS_MAX = 200
STREAMS_MAX = 62  # a mask is one 64-bit integer
ALWAYS_GIVEN = ("occurred_at", "kind", "account")  # every operation has them, every recorded fact starts so
_COLUMN_KIND = {
    Type.TEXT: ColumnKind.TEXT,
    Type.NUMBER: ColumnKind.NUMBER,
    Type.INTEGER: ColumnKind.INTEGER,
    Type.MONEY: ColumnKind.INTEGER,
    Type.DURATION: ColumnKind.INTEGER,
    Type.INSTANT: ColumnKind.INTEGER,
}


def bind(declared: Declarations, findings: Findings) -> Package:
    """Understand a whole folder; what cannot be understood is a finding."""
    return _Binder(declared, findings).bind()


class _Binder:
    def __init__(self, declared: Declarations, findings: Findings) -> None:
        self.findings = findings
        self.declared = declared
        self.package = Package(declared.head, declared)
        self.visible: dict[str, Symbol] = {name: field.symbol for name, field in FIELDS.items()}
        for name, type_ in declared.head.attributes.items():
            self.visible[name] = Symbol(name, type_, True)
        self.entities: list[tuple[str, ...]] = []
        self.columns: list[Column] = []
        self.windows: list[Window] = []
        self.later: set[str] = set()

    def bind(self) -> Package:
        package, head = self.package, self.declared.head
        for name in ALWAYS_GIVEN:
            self._given(self.visible[name])
        feature_names = {feature.name for feature in self.declared.features}
        pending = dict(self.declared.derive)
        self._derive(pending, feature_names, self.package.early)
        for feature in self.declared.features:
            self._feature(feature)
        limits = [(limit, self._limit_feature(limit)) for limit in self.declared.limits]
        self.visible.update(package.features)
        self._derive(pending, set(), self.package.late)
        for name, node in pending.items():
            node.refuse("cycle", f"{name} depends on itself.", f"{name} 依赖自身。")
        package.models = bind_models(self.declared.models, self.visible, self._use, self.findings)
        package.thresholds = bind_thresholds(self.declared.thresholds, self._scope(), self.findings)
        for rule in self.declared.rules:
            self._rule(rule)
        for limit, used in limits:
            self._limit_rule(limit, used)
        for model in self.declared.models:
            package.rules += band_rules(model)
        package.thresholds = with_uses(package)
        if len(self.windows) > WINDOWS_MAX or len(package.filters) > STREAMS_MAX:
            self.findings.add(
                "too_many_features",
                Place("policy.yaml"),
                f"At most {WINDOWS_MAX} features with {STREAMS_MAX} different filters.",
                f"最多 {WINDOWS_MAX} 个特征、{STREAMS_MAX} 种过滤条件。",
            )
        package.plan = FeaturePlan(
            tuple(self.entities),
            tuple(self.columns),
            len(package.filters),
            tuple(self.windows),
            head.history,
            head.lateness,
            sum(1 << n for n, term in enumerate(package.filters) if FRAUD.name in set(term.names())),
        )
        return package

    # -- names ------------------------------------------------------------------------------------

    def _scope(self, extra: Iterable[Symbol] = (), hidden: dict[str, tuple[str, str]] | None = None) -> Scope:
        symbols = {**self.visible, **{symbol.name: symbol for symbol in extra}}
        unseen = {
            **hidden_scores(self.declared.models),
            **hidden_thresholds(self.declared.thresholds),
            **(hidden or {}),
        }
        return Scope(symbols, self.declared.head.currency, self._listed, self._trait, unseen)

    def _listed(self, field_name: str, list_name: str, offset: int) -> Symbol:
        if list_name not in self.declared.lists:
            raise ExpressionError(
                "unknown_list", f"There is no list {list_name}.", f"没有名单 {list_name}。", offset
            )
        symbol = self.package.given.get(field_name) or self.visible.get(field_name)
        if symbol is None or field_name in self.later or field_name in self.package.features:
            raise ExpressionError(
                "bad_listed", "listed() takes a field or an attribute.", "listed() 只接受字段或属性。", offset
            )
        self._use(field_name)
        name = f"listed.{list_name}.{field_name}"
        self.package.listed[name] = (list_name, field_name)
        return self._given(Symbol(name, Type.BOOLEAN, symbol.nullable))

    def _trait(self, word: str, offset: int) -> Symbol:
        name = f"trait.{word}"
        self.package.traits[name] = word
        return self._given(Symbol(name, Type.BOOLEAN, True))

    def _given(self, symbol: Symbol) -> Symbol:
        self.package.given.setdefault(symbol.name, symbol)
        return symbol

    def _use(self, name: str) -> None:
        """A field becomes one of the facts only when something names it."""
        if name in self.visible and (name in FIELDS or name in self.declared.head.attributes):
            self._given(self.visible[name])

    def _parsed(self, node: Node, scope: Scope, *, condition: bool) -> Term | None:
        text = node.text()
        if text is None:
            return None
        try:
            term = parse_condition(text, scope) if condition else parse_expression(text, scope)
        except ExpressionError as error:
            self.findings.add(error.code, node.at_offset(error.offset), error.en, error.zh)
            return None
        for name in term.names():
            self._use(name)
        return term

    # -- derived values ---------------------------------------------------------------------------

    def _derive(self, pending: dict[str, Node], not_yet: set[str], into: list[Derived]) -> None:
        """Bind every pending derived value whose names are all known; repeat until none is left over."""
        progress = True
        while progress:
            progress = False
            for name, node in list(pending.items()):
                text = node.text() or ""
                waits_for = (set(pending) | not_yet) & set(_words(text))
                if waits_for:
                    continue
                del pending[name]
                progress = True
                term = self._parsed(node, self._scope(hidden=ONLY_IN_WHERE), condition=False)
                if term is None:
                    term = literal(None, Type.NULL)
                into.append(Derived(name, term, node))
                if into is self.package.late:
                    self.later.add(name)
                type_ = Type.NULL if term.type is Type.NULL else term.type
                self.visible[name] = Symbol(name, type_, term.nullable)

    # -- features ---------------------------------------------------------------------------------

    def _feature(self, feature: Feature) -> None:
        where: Term = literal(True, Type.BOOLEAN)
        if feature.where is not None:
            hidden = {
                other.name: (
                    "A feature's where cannot use another feature.",
                    "特征的 where 不能引用其他特征。",
                )
                for other in self.declared.features
            }
            parsed = self._parsed(feature.where, self._scope([OUTCOME, FRAUD], hidden), condition=True)
            if parsed is None:
                parsed = literal(True, Type.BOOLEAN)
            else:
                self.package.wheres.append((feature.where, parsed))
            where = parsed
        check_timing(feature, where, self.declared, self.findings)
        column, type_ = self._column(feature)
        entity = self._entity(feature)
        window = Window(
            feature.name,
            entity,
            self._stream(where),
            feature.aggregate,
            length_of(feature, self.declared.head),
            column,
            counts_itself(feature, where),
            feature.per if feature.aggregate is Aggregate.RATE else 0,
            delay_micros=feature.delay,
        )
        self.windows.append(window)
        self.package.features[feature.name] = self._feature_symbol(feature, type_)

    def _feature_symbol(self, feature: Feature, type_: Type) -> Symbol:
        key_missing = any(self.visible[name].nullable for name in feature.by if name in self.visible)
        always = {Aggregate.COUNT, Aggregate.SUM, Aggregate.DISTINCT, Aggregate.RATE}
        nullable = key_missing or feature.aggregate not in always
        minimum, maximum = self._bounds(feature)
        return Symbol(feature.name, type_, nullable, None, minimum, maximum)

    def _bounds(self, feature: Feature) -> tuple[float | None, float | None]:
        """The least and the greatest value a window can have."""
        match feature.aggregate:
            case Aggregate.COUNT | Aggregate.DISTINCT | Aggregate.RATE:
                return 0, None
            case Aggregate.FIRST_SEEN | Aggregate.TIME_SINCE_LAST:
                return 0, length_of(feature, self.declared.head) - 1  # what is exactly `over` ago is outside
        column = self.visible.get(feature.column)
        if column is None or column.type is Type.TEXT:
            return None, None
        if feature.aggregate is Aggregate.SUM:
            return (0 if column.minimum is not None and column.minimum >= 0 else None), None
        return column.minimum, column.maximum

    def _column(self, feature: Feature) -> tuple[int | None, Type]:
        match feature.aggregate:
            case Aggregate.COUNT:
                return None, Type.INTEGER
            case Aggregate.RATE:
                return None, Type.NUMBER
            case Aggregate.FIRST_SEEN | Aggregate.TIME_SINCE_LAST:
                return None, Type.DURATION
        symbol = self.visible.get(feature.column)
        if symbol is None or symbol.type not in _COLUMN_KIND:
            self.findings.add(
                "unknown_name",
                feature.at,
                f"There is no field {feature.column} that {feature.aggregate} can take.",
                f"{feature.aggregate} 没有可用的字段 {feature.column}。",
            )
            return None, Type.NULL
        derived = {one.name for one in self.package.early}
        if feature.column in derived and symbol.type in (Type.MONEY, Type.DURATION):
            self.findings.add(
                "sum_not_exact",
                feature.at,
                f"{feature.column} is calculated and may hold fractions; aggregate a field instead.",
                f"{feature.column} 是计算值，可能含有不足一个单位的小数；请聚合字段本身。",
            )
        summed = feature.aggregate in (Aggregate.SUM, Aggregate.AVG)
        if summed and symbol.type not in (Type.MONEY, Type.INTEGER, Type.DURATION):
            self.findings.add(
                "sum_not_exact",
                feature.at,
                f"{feature.aggregate} takes money, integers or durations: sums of other types are not exact.",
                f"{feature.aggregate} 只接受金额、整数或时长：其他类型求和不精确。",
            )
        if feature.aggregate in (Aggregate.MIN, Aggregate.MAX) and symbol.type is Type.TEXT:
            self.findings.add("type_mix", feature.at, "min and max take numbers.", "min 和 max 只接受数值。")
        self._use(feature.column)
        column = Column(feature.column, _COLUMN_KIND[symbol.type])
        if column not in self.columns:
            self.columns.append(column)
        if feature.aggregate is Aggregate.DISTINCT:
            return self.columns.index(column), Type.INTEGER
        averaged = feature.aggregate is Aggregate.AVG and symbol.type in NUMERIC
        return self.columns.index(column), Type.NUMBER if averaged else symbol.type

    def _entity(self, feature: Feature) -> int:
        for name in feature.by:
            symbol = self.visible.get(name)
            if symbol is None or symbol.type not in (Type.TEXT, Type.INTEGER):
                self.findings.add(
                    "unknown_name",
                    feature.at,
                    f"by takes text and integer fields; {name} is none.",
                    f"by 只接受文本或整数字段；{name} 不是。",
                )
            self._use(name)
        if not 1 <= len(feature.by) <= 3:
            self.findings.add("bad_by", feature.at, "by takes one to three fields.", "by 接受一到三个字段。")
        if feature.by not in self.entities:
            self.entities.append(feature.by)
        return self.entities.index(feature.by)

    def _stream(self, where: Term) -> int:
        for number, known in enumerate(self.package.filters):
            if known.same_as(where):
                return number
        self.package.filters.append(where)
        return len(self.package.filters) - 1

    # -- rules and limits -------------------------------------------------------------------------

    def _rule(self, rule: Rule) -> None:
        seen = [one.symbol for one in self.package.models if one.decides]
        seen += [one.symbol for one in self.package.thresholds]
        when = self._parsed(rule.when, self._scope(seen, ONLY_IN_WHERE), condition=True)
        if when is None:
            return
        names = self.package.told_by(when)
        for mark in marks(rule.reason):
            if mark not in names:
                self.findings.add(
                    "reason_names_stranger",
                    rule.reason_at,
                    f"The reason shows {mark}, which the condition does not name.",
                    f"理由展示了条件中没有的 {mark}。",
                )
        self.package.rules.append(
            BoundRule(
                rule.id,
                rule.kinds,
                when,
                rule.then,
                rule.score,
                rule.fires_unknown,
                rule.hold_micros,
                rule.oblige,
                rule.reason,
                rule.scenario,
                rule.at,
                rule.when,
                rule.budget,
            )
        )

    def _limit_feature(self, limit: Limit) -> str | None:
        """The day's use so far: a sum by account and local day, without denied operations."""
        if limit.per_day is None:
            return None
        self._given(self.visible["amount"])
        for name in ("account", "local_day", "kind"):
            self._use(name)
        by = ("account", "local_day")
        if by not in self.entities:
            self.entities.append(by)
        column = Column("amount", ColumnKind.INTEGER)
        if column not in self.columns:
            self.columns.append(column)
        entity, number = self.entities.index(by), self.columns.index(column)
        over = min(2 * 86400 * 10**6, self.declared.head.history)
        name = used_by(limit.id)
        window = Window(
            name, entity, self._stream(counted(limit)), Aggregate.SUM, over, number, False, 0, True
        )
        for known in self.windows:
            if replace(known, name=name) == window:
                return known.name  # limits that count the same operations share what the day has used
        self.windows.append(window)
        self.package.features[name] = Symbol(name, Type.MONEY, False, None, 0, None)
        back = given_back_of(name)
        self.package.given_back[back] = tuple(sorted(kind.value for kind in limit.kinds)), over
        self._given(Symbol(back, Type.MONEY, True, None, 0, None))
        return name

    def _limit_rule(self, limit: Limit, used: str | None) -> None:
        self._use("amount")
        per_operation = self._most(limit.per_operation)
        per_day = self._most(limit.per_day)
        if limit.account_types:
            self._use("account_type")
        if per_operation is not None or (per_day is not None and used is not None):
            self.package.rules.append(limit_rule(limit, used, per_operation, per_day))

    def _most(self, node: Node | None) -> Term | None:
        """The amount of a limit: a constant, or a threshold."""
        movable = [one.symbol for one in self.package.thresholds]
        term = None if node is None else self._parsed(node, self._scope(movable), condition=False)
        fixed = term is not None and term.operator == "literal"
        moves = term is not None and term.operator == "name" and term.value in {one.name for one in movable}
        if node is None or term is None or ((fixed or moves) and term.type is Type.MONEY):
            return term
        node.refuse("bad_limit", "A limit is an amount such as cny(5000).", "限额应为金额，例如 cny(5000)。")
        return None


def _words(text: str) -> list[str]:
    """The identifiers in an expression's text, without those inside quotes."""
    outside = "".join(part for number, part in enumerate(text.split("'")) if number % 2 == 0)
    return [word for word in "".join(c if c.isalnum() or c == "_" else " " for c in outside).split() if word]
