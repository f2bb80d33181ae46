"""Policy files to declarations: every section read, every oddity a finding with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from countermand.kernel.money import EXPONENTS
from countermand.kernel.text import Text
from countermand.policy.budgets import read_answer, read_budget, refuse_idle_budget
from countermand.policy.declarations import DAY, Band, Declarations, Feature, Head, Limit, Rule
from countermand.policy.findings import Findings, Place
from countermand.policy.model_reading import read_models
from countermand.policy.plan import Aggregate
from countermand.policy.source import Node, parse_file
from countermand.policy.terms import DURATION_MICROS, Type
from countermand.policy.threshold_reading import read_thresholds
from countermand.vocabulary.operations import MOVES_MONEY, Kind
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD, Outcome

T = TypeVar("T")
ATTRIBUTE_TYPES = {
    type_.value: type_
    for type_ in (Type.BOOLEAN, Type.INTEGER, Type.NUMBER, Type.MONEY, Type.TEXT, Type.DURATION)
}
_OF_OPERATIONS = (Aggregate.COUNT, Aggregate.RATE, Aggregate.FIRST_SEEN, Aggregate.TIME_SINCE_LAST)
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_ID = re.compile(r"^[a-z][a-z0-9-]{0,63}$")
_DURATION = re.compile(r"^(\d{1,6}) (second|minute|hour|day|week)s?$")
_SCORE_MAX = 1000


def read_declarations(files: Mapping[str, str], findings: Findings) -> Declarations:
    """All sections of all files, in the files' order by name."""
    return _FolderReader(findings).read(files)


class _FolderReader:
    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.into = Declarations()
        self.heads: dict[str, Node] = {}
        self.names: dict[str, Place] = {}

    def read(self, files: Mapping[str, str]) -> Declarations:
        sections: dict[str, Callable[[Node], None]] = {
            "features": self._features,
            "derive": self._derive,
            "lists": self._lists,
            "limits": lambda node: self._each(node, self._limit),
            "rules": lambda node: self._each(node, self._rule),
            "bands": lambda node: self._each(node, self._band),
            "answers": lambda node: self._each(node, self._answer),
            "models": lambda node: self.into.models.extend(read_models(node, self._kinds)),
            "thresholds": self._thresholds,
        }
        head_keys = {
            "policy",
            "version",
            "title",
            "currency",
            "timezone",
            "history",
            "lateness",
            "attributes",
            "false_positive_budget",
        }
        for file in sorted(files):
            root = parse_file(file, files[file], self.findings)
            if root is None:
                continue
            for key, node in root.fields(head_keys | sections.keys(), set()).items():
                if key in sections:
                    sections[key](node)
                elif key in self.heads:
                    node.refuse("doubled_key", f"{key} is said twice.", f"{key} 重复出现。")
                else:
                    self.heads[key] = node
        self._head()
        return self.into

    def _each(self, node: Node, read: Callable[[Node], None]) -> None:
        for item in node.items():
            read(item)

    def _head(self) -> None:
        for key in ("policy", "version", "title"):
            if key not in self.heads:
                self.findings.add(
                    "missing_key", Place("policy.yaml"), f"The key {key} is missing.", f"缺少键 {key}。"
                )
        self.into.items.note("head", "policy", self.heads)
        texts = {
            key: node.text()
            for key, node in self.heads.items()
            if key not in ("title", "attributes", "history", "lateness", "false_positive_budget")
        }
        name, version = texts.get("policy"), texts.get("version")
        if name is not None and not _ID.match(name):
            self.heads["policy"].refuse(
                "bad_name",
                "A policy's name is lower case, digits and hyphens.",
                "策略名由小写字母、数字和连字符组成。",
            )
        if version is not None and not re.match(r"^[A-Za-z0-9._+-]{1,40}$", version):
            self.heads["version"].refuse(
                "bad_name",
                "A version has letters, digits, dots and hyphens.",
                "版本号由字母、数字、点和连字符组成。",
            )
        currency = texts.get("currency") or "CNY"
        if currency not in EXPONENTS:
            self.heads["currency"].refuse(
                "unknown_currency", f"{currency} is no currency.", f"没有币种 {currency}。"
            )
        title = self.heads["title"].bilingual() if "title" in self.heads else None
        self.into.head = Head(
            name or "",
            version or "",
            title or Text(en="", zh=""),
            currency,
            texts.get("timezone") or "UTC",
            self._duration(self.heads.get("history"), 90 * DAY),
            self._duration(self.heads.get("lateness"), 7 * DAY),
            self._attributes(self.heads.get("attributes")),
            read_budget(self.heads.get("false_positive_budget")),
        )

    def _attributes(self, node: Node | None) -> dict[str, Type]:
        found: dict[str, Type] = {}
        for key, value in node.entries() if node is not None else ():
            name, word = self._new_name(key), value.text()
            if word is not None and word not in ATTRIBUTE_TYPES:
                value.refuse("unknown_type", f"There is no type {word}.", f"没有类型 {word}。")
            elif name is not None and word is not None:
                found[name] = ATTRIBUTE_TYPES[word]
        return found

    def _new_name(self, node: Node) -> str | None:
        """A name nobody has yet; features, derived values and attributes share one space."""
        name = node.text()
        if name is None:
            return None
        if not _NAME.match(name):
            node.refuse(
                "bad_name",
                "A name is lower case letters, digits, underscores.",
                "名称由小写字母、数字和下划线组成。",
            )
            return None
        if name in self.names:
            first = self.names[name]
            node.refuse(
                "doubled_name",
                f"{name} is already defined at {first.file}:{first.line}.",
                f"{name} 已在 {first.file}:{first.line} 定义。",
            )
            return None
        self.names[name] = node.at
        return name

    def _duration(self, node: Node | None, default: int) -> int:
        text = node.text() if node is not None else None
        if node is None or text is None:
            return default
        match = _DURATION.match(text)
        if match is None or int(match[1]) == 0:
            node.refuse("bad_duration", "Write a duration as `24 hours`.", "时长请写作 `24 hours`。")
            return default
        return int(match[1]) * DURATION_MICROS[match[2].upper()]

    def _features(self, section: Node) -> None:
        for key, node in section.entries():
            name = self._new_name(key)
            words = {aggregate.value for aggregate in Aggregate}
            known = words | {"where", "by", "over", "own", "per", "delay", "accept"}
            parts = node.fields(known, {"by", "over"})
            self.into.items.note("feature", key.text(), parts)
            chosen = [word for word in parts if word in words]
            if len(chosen) != 1 or name is None or "by" not in parts or "over" not in parts:
                if len(chosen) != 1:
                    node.refuse(
                        "one_aggregate",
                        "A feature aggregates exactly one way.",
                        "一个特征只能有一种聚合方式。",
                    )
                continue
            aggregate = Aggregate(chosen[0])
            column = parts[chosen[0]].text() or ""
            if (column == "operations") != (aggregate in _OF_OPERATIONS):
                parts[chosen[0]].refuse(
                    "wrong_column",
                    f"{aggregate} looks at {'operations' if aggregate in _OF_OPERATIONS else 'a field'}.",
                    f"{aggregate} 的对象应为{' operations' if aggregate in _OF_OPERATIONS else '字段'}。",
                )
                continue
            over = parts["over"]
            everything = over.text() == "all"
            own = self._word(parts.get("own"), {"included": True, "excluded": False}, None)
            per = self._word(
                parts.get("per"), {u.lower(): m for u, m in DURATION_MICROS.items()}, 3600 * 10**6
            )
            by = tuple(text for item in parts["by"].items() if (text := item.text()) is not None)
            self.into.features.append(
                Feature(
                    name,
                    key.at,
                    aggregate,
                    column,
                    by,
                    None if everything else self._duration(over, DAY),
                    parts.get("where"),
                    own,
                    per or 0,
                    self._duration(parts.get("delay"), 0),
                )
            )

    def _word(self, node: Node | None, words: Mapping[str, T], default: T | None) -> T | None:
        text = node.text() if node is not None else None
        if node is None or text is None:
            return default
        if text not in words:
            allowed = ", ".join(words)
            node.refuse(
                "unknown_word",
                f"{text} means nothing here; known: {allowed}.",
                f"{text} 无意义；可用：{allowed}。",
            )
            return default
        return words[text]

    def _derive(self, section: Node) -> None:
        for key, node in section.entries():
            name = self._new_name(key)
            if name is not None:
                self.into.derive.append((name, node))

    def _lists(self, section: Node) -> None:
        for key, node in section.entries():
            name = key.text()
            parts = node.fields({"of", "colour", "title", "accept"}, {"of", "colour", "title"})
            self.into.items.note("list", name, parts)
            colour = self._word(parts.get("colour"), {c: c for c in ("black", "grey", "white")}, None)
            title = parts["title"].bilingual() if "title" in parts else None
            of = parts["of"].text() if "of" in parts else None
            if name and _NAME.match(name) and colour and title and of:
                self.into.lists[name] = (of, colour, title, key.at)
            elif name and not _NAME.match(name):
                key.refuse(
                    "bad_name",
                    "A list's name is lower case with underscores.",
                    "名单名由小写字母和下划线组成。",
                )

    def _kinds(self, node: Node | None) -> frozenset[Kind] | None:
        if node is None:
            return None
        known = {kind.value: kind for kind in Kind}
        kinds = [self._word(item, known, None) for item in node.items()]
        return frozenset(kind for kind in kinds if kind is not None)

    def _id(self, node: Node | None) -> str | None:
        text = node.text() if node is not None else None
        if node is None or text is None:
            return None
        if not _ID.match(text):
            node.refuse(
                "bad_name", "An id is lower case, digits and hyphens.", "标识由小写字母、数字和连字符组成。"
            )
            return None
        key = f"rule {text}"
        if key in self.names:
            first = self.names[key]
            node.refuse(
                "doubled_id",
                f"The id {text} stands at {first.file}:{first.line} already.",
                f"标识 {text} 已在 {first.file}:{first.line} 使用。",
            )
            return None
        self.names[key] = node.at
        return text

    def _limit(self, node: Node) -> None:
        known = {"id", "account_types", "kinds", "per_operation", "per_day", "then", "reason", "accept"}
        parts = node.fields(known, {"id", "kinds", "then", "reason"})
        if "per_operation" not in parts and "per_day" not in parts:
            node.refuse(
                "empty_limit",
                "A limit needs per_operation or per_day.",
                "限额需要 per_operation 或 per_day。",
            )
        name = self._id(parts.get("id"))
        self.into.items.note("limit", name, parts)
        then = self._word(parts.get("then"), OUTCOME_OF_WORD, None)
        reason = parts["reason"].bilingual() if "reason" in parts else None
        kinds = self._kinds(parts.get("kinds"))
        types = parts["account_types"].items() if "account_types" in parts else []
        words = tuple(text for item in types if (text := item.text()) is not None)
        if name is None or then is None or reason is None or not kinds:
            return
        self.into.limits.append(
            Limit(name, node.at, kinds, words, parts.get("per_operation"), parts.get("per_day"), then, reason)
        )

    def _rule(self, node: Node) -> None:
        words = (
            "id on when then score if_unknown hold_for oblige reason scenario false_positive_budget accept"
        )
        parts = node.fields(set(words.split()), {"id", "when", "reason"})
        name = self._id(parts.get("id"))
        self.into.items.note("rule", name, parts)
        then = self._word(parts.get("then"), OUTCOME_OF_WORD, None)
        score = parts["score"].integer(0, _SCORE_MAX) if "score" in parts else 0
        if "then" not in parts and "score" not in parts:
            node.refuse("no_effect", "A rule needs a `then` or a `score`.", "规则需要 then 或 score。")
        if "hold_for" in parts and then is not Outcome.HOLD:
            parts["hold_for"].refuse(
                "no_hold", "hold_for goes with `then: hold`.", "hold_for 只用于 then: hold。"
            )
        kinds = self._kinds(parts.get("on"))
        moves_money = kinds is not None and bool(kinds & MOVES_MONEY)
        fires = {"fire": True, "skip": False}
        fires_unknown = self._word(parts.get("if_unknown"), fires, moves_money)
        reason = parts["reason"].bilingual() if "reason" in parts else None
        scenario = parts["scenario"].text() if "scenario" in parts else ""
        oblige = [item.text() or "" for item in parts["oblige"].items()] if "oblige" in parts else []
        for word in oblige:
            if not _NAME.match(word):
                parts["oblige"].refuse(
                    "bad_name", f"{word!r} is no obligation's name.", f"{word!r} 不是有效的义务名。"
                )
        hold = self._duration(parts.get("hold_for"), DAY)
        refuse_idle_budget(parts.get("false_positive_budget"), then, score or 0)
        budget = read_budget(parts.get("false_positive_budget"))
        if name is None or reason is None or "when" not in parts:
            return
        self.into.rules.append(
            Rule(
                name,
                node.at,
                kinds,
                parts["when"],
                then,
                score or 0,
                bool(fires_unknown),
                hold,
                tuple(oblige),
                reason,
                parts["reason"].at,
                scenario or "",
                "if_unknown" in parts,
                budget,
            )
        )

    def _answer(self, node: Node) -> None:
        read_answer(node, lambda one: self._duration(one, DAY), self.into.answers)

    def _thresholds(self, section: Node) -> None:
        found = read_thresholds(section, self._new_name, self._duration, self.into.items)
        self.into.thresholds.extend(found)

    def _band(self, node: Node) -> None:
        required = {"at_least", "then", "reason"}
        parts = node.fields({*required, "accept"}, required)
        if not required <= parts.keys():
            return
        self.into.items.note("band", parts["at_least"].text(), parts)
        points = parts["at_least"].integer(1, _SCORE_MAX)
        then = self._word(parts["then"], OUTCOME_OF_WORD, None)
        reason = parts["reason"].bilingual()
        if points is None or then is None or reason is None:
            return
        if self.into.bands and (points <= self.into.bands[-1].at_least or then < self.into.bands[-1].then):
            node.refuse(
                "bands_fall",
                "Bands rise: more points, and never a milder outcome.",
                "分数档必须递增：分数越高，结果不得更宽松。",
            )
        self.into.bands.append(Band(points, then, reason, node.at))
