"""The section `models`: which file scores which facts, and what its score leads to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from countermand.policy.declarations import Model, ModelBand
from countermand.policy.findings import Place
from countermand.policy.source import Node
from countermand.vocabulary.operations import MOVES_MONEY, Kind
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD

UNTRAINED = "untrained"
INPUTS_MAX = 500
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_HASH = re.compile(r"^sha256:[0-9a-f]{64}$")
_NUMBER = re.compile(r"^(0?\.\d{1,6}|1(\.0{1,6})?|0)$")
_POINTS_MAX = 1000
_KEYS = {"title", "file", "on", "inputs", "essential", "role", "if_unknown", "bands"}
_REQUIRED = {"title", "file", "inputs"}

Kinds = Callable[[Node | None], frozenset[Kind] | None]


def read_models(section: Node, kinds_of: Kinds) -> Iterator[Model]:
    """Every model of the section; `kinds_of` reads a list of kinds of operation."""
    for key, node in section.entries():
        name = key.text()
        parts = node.fields(_KEYS, _REQUIRED)
        if name is not None and not _NAME.match(name):
            key.refuse(
                "bad_name",
                "A model's name is lower case letters, digits, underscores, at most 40.",
                "模型名由小写字母、数字和下划线组成，最多 40 个字符。",
            )
            name = None
        title = parts["title"].bilingual() if "title" in parts else None
        if name is None or title is None or not parts.keys() >= _REQUIRED:
            continue
        kinds = kinds_of(parts.get("on"))
        role = _word(parts.get("role"), ("champion", "challenger"), "champion")
        moves_money = kinds is not None and bool(kinds & MOVES_MONEY)
        unknown = _word(parts.get("if_unknown"), ("fire", "skip"), "fire" if moves_money else "skip")
        yield Model(
            name,
            key.at,
            title,
            _file(parts["file"]),
            kinds,
            _names(parts["inputs"]),
            _names(parts.get("essential")),
            role == "champion",
            unknown == "fire",
            tuple(_bands(parts.get("bands"), role)),
        )


def _word(node: Node | None, words: tuple[str, ...], default: str) -> str:
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
    return text


def _file(node: Node) -> str | None:
    text = node.text()
    if text is None or text == UNTRAINED:
        return None
    if not _HASH.match(text):
        node.refuse(
            "bad_model_hash",
            "Write the file as `sha256:` and 64 digits (0-9, a-f), as `countermand model list` shows it; "
            "or `untrained`.",
            "请将文件写作 sha256: 加 64 位十六进制数字（小写），见 `countermand model list`；"
            "或写 untrained。",
        )
        return None
    return text.removeprefix("sha256:")


def _names(node: Node | None) -> tuple[tuple[str, Place], ...]:
    if node is None:
        return ()
    found: dict[str, Place] = {}
    for item in node.items():
        text = item.text()
        if text is None:
            continue
        if text in found:
            item.refuse("doubled_input", f"{text} is an input already.", f"{text} 已是输入。")
        found.setdefault(text, item.at)
    if len(found) > INPUTS_MAX:
        node.refuse(
            "too_many_inputs",
            f"A model takes at most {INPUTS_MAX} inputs.",
            f"一个模型最多 {INPUTS_MAX} 个输入。",
        )
    return tuple(found.items())


def _bands(section: Node | None, role: str) -> Iterator[ModelBand]:
    if section is None:
        return
    if role != "champion":
        section.refuse(
            "challenger_decides",
            "A challenger's score is recorded and decides nothing: bands belong to the champion.",
            "挑战者模型的评分只记录、不参与决策：分数档只能写在冠军模型上。",
        )
        return
    last: ModelBand | None = None
    for node in section.items():
        band = _band(node)
        if band is None:
            continue
        milder = last is not None and (band.then or 0) < (last.then or 0)
        if last is not None and (band.at_least <= last.at_least or milder):
            node.refuse(
                "bands_fall",
                "Bands rise: a higher score, and never a milder outcome.",
                "分数档必须递增：评分越高，结果不得更宽松。",
            )
        last = band
        yield band


def _band(node: Node) -> ModelBand | None:
    parts = node.fields({"at_least", "then", "score", "reason"}, {"at_least", "reason"})
    if "at_least" not in parts or "reason" not in parts:
        return None
    if "then" not in parts and "score" not in parts:
        node.refuse("no_effect", "A band needs a `then` or a `score`.", "分数档需要 then 或 score。")
    text, reason = parts["at_least"].text(), parts["reason"].bilingual()
    points = parts["score"].integer(0, _POINTS_MAX) if "score" in parts else 0
    word = _word(parts.get("then"), tuple(OUTCOME_OF_WORD), "")
    if text is not None and (not _NUMBER.match(text) or float(text) == 0):
        parts["at_least"].refuse(
            "bad_number",
            f"A score above 0 and up to 1 belongs here, such as 0.85, not {text}.",
            f"此处应为大于 0、不超过 1 的评分，例如 0.85，而不是 {text}。",
        )
        return None
    if text is None or reason is None or points is None:
        return None
    return ModelBand(float(text), OUTCOME_OF_WORD.get(word), points, reason, node.at)
