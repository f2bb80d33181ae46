"""Every word an expression of a policy may use, with its type and what it means, for whoever writes one."""

from __future__ import annotations

from typing import NamedTuple

from countermand.kernel.text import Text
from countermand.policy.bound import Package
from countermand.policy.catalogue import FIELDS, FRAUD, OUTCOME
from countermand.policy.explanation import feature_text
from countermand.policy.prelude import PRELUDE_FILE
from countermand.policy.terms import Symbol


class Word(NamedTuple):
    """One word. `origin`: field, attribute, feature, derived, list, threshold, model, function.

    `written` is what stands in the expression; `type` is empty where the word is no value by itself.
    """

    written: str
    origin: str
    type: str
    nullable: bool
    text: Text


def _function(written: str, type_: str, nullable: bool, en: str, zh: str) -> Word:
    return Word(written, "function", type_, nullable, Text(en=en, zh=zh))


FUNCTIONS = (
    _function(
        "listed(counterparty, 'list')", "boolean", True,
        "the field's value is on the list, and its entry has not expired", "字段的值在名单上且条目未过期",
    ),
    _function(
        "trait('student')", "boolean", True,
        "the account's profile carries the trait", "账户资料带有该特性",
    ),
    _function(
        "coalesce(a, b)", "", False,
        "the first that is known", "第一个已知的值",
    ),
    _function("least(a, b)", "", True, "the smallest, unknowns skipped", "最小值，略过未知"),
    _function("greatest(a, b)", "", True, "the greatest, unknowns skipped", "最大值，略过未知"),
    _function("abs(x)", "", True, "without its sign", "绝对值"),
    _function(
        "distance_km(lat1, lon1, lat2, lon2)", "number", True,
        "kilometres between two places, to 0.1", "两地之间的公里数，精确到0.1",
    ),
    _function(
        "starts_with(text, 'prefix')", "boolean", True, "the text begins with it", "文本以此开头"
    ),
    _function("length(text)", "integer", True, "how many characters", "字符数"),
    _function("lower(text)", "text", True, "in lower case", "转为小写"),
    _function(
        "CASE WHEN a THEN b ELSE c END", "", True, "one of several values", "按条件取值"
    ),
    _function(
        "INTERVAL '24 hours'", "duration", False,
        "a duration: seconds, minutes, hours, days, weeks", "时长：秒、分、时、天、周",
    ),
)  # fmt: skip


def known_words(package: Package | None) -> list[Word]:
    """The words of a policy, its own first; of None those that every policy has."""
    own = [] if package is None else _own_words(package)
    named = {one.written for one in own}
    fields = [
        _of_symbol(field.symbol, "field", field.text) for name, field in FIELDS.items() if name not in named
    ]
    past = [
        _of_symbol(
            OUTCOME, "field", Text(en="how it was answered (only in `where`)", zh="当时的结果（仅 where）")
        ),
        _of_symbol(FRAUD, "field", Text(en="its label (only in `where`)", zh="其标签（仅 where）")),
    ]
    return [*own, *FUNCTIONS, *fields, *past]


def _own_words(package: Package) -> list[Word]:
    declared = package.declared
    attributes = [
        Word(name, "attribute", type_.value, True, Text(en="attribute of the head", zh="头部声明的属性"))
        for name, type_ in sorted(declared.head.attributes.items())
    ]
    lists = [
        Word(f"listed({field}, '{name}')", "list", "boolean", True, title)
        for name, (field, _, title, _) in sorted(declared.lists.items())
    ]
    features = [
        _of_symbol(
            package.features[one.name],
            "field" if one.at.file == PRELUDE_FILE else "feature",
            feature_text(one),
        )
        for one in declared.features
        if one.name in package.features
    ]
    derived = [
        Word(one.name, "derived", one.term.type.value, one.term.nullable, _written(one.node.text()))
        for one in (*package.early, *package.late)
    ]
    thresholds = [_of_symbol(one.symbol, "threshold", one.title) for one in package.thresholds]
    models = [_of_symbol(one.symbol, "model", one.title) for one in package.models]
    return [*attributes, *lists, *features, *derived, *thresholds, *models]


def _of_symbol(symbol: Symbol, origin: str, text: Text) -> Word:
    return Word(symbol.name, origin, symbol.type.value, symbol.nullable, text)


def _written(text: str | None) -> Text:
    one = " ".join((text or "").split())
    return Text(en=one, zh=one)
