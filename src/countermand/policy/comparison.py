"""What one policy adds, changes and removes compared with another, each in words of both languages."""

from __future__ import annotations

import msgspec

from countermand.kernel.text import Text
from countermand.policy.declarations import Declarations, Limit
from countermand.policy.explanation import duration_text, explain
from countermand.policy.program import Program
from countermand.policy.source import Node


class Difference(msgspec.Struct, frozen=True):
    """One thing that differs: `change` is added, changed or removed; `before` or `after` may be missing."""

    section: str
    name: str
    change: str
    before: Text | None
    after: Text | None


def compare(before: Program, after: Program) -> list[Difference]:
    """Frame, lists, named values, features, limits, rules, bands; in the order of the newer policy."""
    then, now = _parts(before), _parts(after)
    found = [
        Difference(
            section, name, "changed" if (section, name) in then else "added", then.get((section, name)), text
        )
        for (section, name), text in now.items()
        if then.get((section, name)) != text
    ]
    gone = [
        Difference(section, name, "removed", text, None)
        for (section, name), text in then.items()
        if (section, name) not in now
    ]
    return found + gone


def _parts(program: Program) -> dict[tuple[str, str], Text]:
    """Everything of a policy that a reader may want to compare, by section and name."""
    declared = program.package.declared
    parts = _frame(declared)
    for name, (field, kind, title, _) in declared.lists.items():
        parts["list", name] = Text(en=f"{field} ({kind}): {title.en}", zh=f"{field}（{kind}）：{title.zh}")
    for name, node in declared.derive:
        written = _written(node)
        parts["derived", name] = Text(en=written, zh=written)
    limit_rules = {f"limit.{limit.id}" for limit in declared.limits}  # their rules do not say the amounts
    parts |= {(one.section, one.name): one.text for one in explain(program) if one.name not in limit_rules}
    return parts | {("limit", limit.id): _limit(limit) for limit in declared.limits}


def _frame(declared: Declarations) -> dict[tuple[str, str], Text]:
    head = declared.head
    attributes = ", ".join(f"{name}: {type_.value}" for name, type_ in sorted(head.attributes.items()))
    return {
        ("frame", "title"): head.title,
        ("frame", "currency"): Text(en=head.currency, zh=head.currency),
        ("frame", "timezone"): Text(en=head.timezone, zh=head.timezone),
        ("frame", "history"): duration_text(head.history),
        ("frame", "lateness"): duration_text(head.lateness),
        ("frame", "attributes"): Text(en=attributes, zh=attributes),
    }


def _limit(limit: Limit) -> Text:
    kinds = ", ".join(sorted(kind.value for kind in limit.kinds))
    parts = [f"per_operation {_written(limit.per_operation)}"] if limit.per_operation is not None else []
    parts += [f"per_day {_written(limit.per_day)}"] if limit.per_day is not None else []
    parts += [f"account_types {', '.join(limit.account_types)}"] if limit.account_types else []
    amounts = "; ".join(parts)
    return Text(
        en=f"On {kinds}, {amounts}: {limit.then.word}. Reason: {limit.reason.en}",
        zh=f"对 {kinds}，{amounts}：{limit.then.word}。理由：{limit.reason.zh}",
    )


def _written(node: Node) -> str:
    return " ".join((node.text() or "").split())
