"""What is decided beside the model: patterns as data, read over a message in both scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from countermand.intake.grams import CHINESE_MAX, folded_with_places, is_chinese, normal, pairs, runs
from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text
from countermand.vocabulary.triage import Flag, Risk, Weighed

RULES, WORDS = "rules.yaml", "words.yaml"
CONCEPT_ENGLISH = "_en"
_NUMBER = r"0(?:[0.,]*0)?"
# A view is a message's tokens: Chinese without blanks, words with one blank between and around.
_TOKENS = {"zh": re.compile(rf"{_NUMBER}|\S"), "en": re.compile(rf"{_NUMBER}|[a-z]+|[,.。!?;:]")}
_GAPS = {"zh": r"[^。!?;]{0,8}?", "en": r"(?:[a-z0]+ ){0,6}?"}
_CLAUSE_END = re.compile(r"[,.。!?;:]")
_LETTER = re.compile(r"[a-z]")
_T = TypeVar("_T")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Patterns, and what follows where one is found.

    `flags` are set, and risk is at least as urgent as `floor`; with `beside`, `floor` counts only where one
    of those flags is set, too. A pattern in a clause that matches `unless` counts for nothing.
    """

    id: str
    title: Text
    flags: tuple[Flag, ...] = ()
    floor: Risk | None = None
    beside: tuple[Flag, ...] = ()
    zh: tuple[str, ...]
    en: tuple[str, ...]
    unless_zh: tuple[str, ...] = ()
    unless_en: tuple[str, ...] = ()


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules and their version."""

    version: str
    rules: tuple[Rule, ...]


class WordFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pieces that mean the same, by concept; a concept's lines are lists parted by blanks or by `|`."""

    version: str
    concepts: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that fired, and the characters of its view of the message."""

    rule: Rule
    script: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: Rule
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None


class RulePack:
    """All rules, compiled once; pure and total: any text has an answer."""

    def __init__(self, file: RuleFile) -> None:
        self.version, self.rules = file.version, file.rules
        self._compiled = {
            script: [
                _Compiled(rule, pattern, _joined(getattr(rule, f"unless_{script}"), script))
                for rule in file.rules
                if (pattern := _joined(getattr(rule, script), script)) is not None
            ]
            for script in _TOKENS
        }

    def found(self, text: str) -> list[Found]:
        """Every rule that fires, once, in the order of the pack."""
        folded = normal(text)
        fired: dict[str, Found] = {}
        for script, view in _views(folded):
            for one in self._compiled[script]:
                if one.rule.id not in fired and (place := _first(one, view)) is not None:
                    fired[one.rule.id] = Found(one.rule, script, *place)
        return [fired[rule.id] for rule in self.rules if rule.id in fired] if fired else []


def weighed(text: str, found: Iterable[Found]) -> list[Weighed]:
    """The words of rules, as characters of the message; they weigh 1, because nothing outweighs them."""
    folded, places = folded_with_places(text)
    words = []
    for one in found:
        origins = _origins(folded, one.script)
        inside = [place for place in origins[one.start : one.end] if place >= 0]
        if inside:
            start, end = places[inside[0]], places[inside[-1]] + 1
            toward = str(one.rule.flags[0] if one.rule.flags else one.rule.floor)
            words.append(Weighed(start, end, 1.0, toward, one.rule.id))
    return words


def read_rules(files: Mapping[str, str]) -> RulePack:
    """The rules of a pack. Raises SetupError (`triage_rules_refused`), naming the file."""
    try:
        return RulePack(_read(files, RULES, RuleFile))
    except re.error as error:
        raise _refused(RULES, str(error)) from error


def read_concepts(files: Mapping[str, str]) -> dict[str, list[str]]:
    """Concept -> the pieces that mean it, in the model's normal form. Raises SetupError like `read_rules`."""
    concepts: dict[str, set[str]] = {}
    for name, lines in _read(files, WORDS, WordFile).concepts.items():
        alike = concepts.setdefault(name.removesuffix(CONCEPT_ENGLISH), set())
        for line in lines:
            alike.update(_as_piece(piece) for piece in _pieces(line))
    return {name: sorted(alike) for name, alike in sorted(concepts.items())}


def _views(folded: str) -> Iterable[tuple[str, str]]:
    yield "zh", "".join(_told(token) for token in _TOKENS["zh"].findall(folded))
    if _LETTER.search(folded):
        yield "en", f" {' '.join(_told(token) for token in _TOKENS['en'].findall(folded))} "


def _told(token: str) -> str:
    return "0" if token[0] == "0" else token


def _origins(folded: str, script: str) -> list[int]:
    """For each character of a view, its place in the folded text; -1 for the blanks between words."""
    origins: list[int] = [] if script == "zh" else [-1]
    for token in _TOKENS[script].finditer(folded):
        size = len(_told(token[0]))
        origins += range(token.start(), token.start() + size)
        if script == "en":
            origins.append(-1)
    return origins


def _first(one: _Compiled, view: str) -> tuple[int, int] | None:
    for match in one.pattern.finditer(view):
        if one.unless is None or not one.unless.search(_clause(view, match.start(), match.end())):
            return match.start(), match.end()
    return None


def _clause(view: str, start: int, end: int) -> str:
    """The characters around a match up to the nearest marks between clauses."""
    before = max((mark.end() for mark in _CLAUSE_END.finditer(view, 0, start)), default=0)
    after = _CLAUSE_END.search(view, end)
    return view[before : after.start() if after else len(view)]


def _joined(patterns: tuple[str, ...], script: str) -> re.Pattern[str] | None:
    if not patterns:
        return None
    spread = "|".join(patterns).replace("~", _GAPS[script])
    return re.compile(f"(?<= )(?:{spread})(?= )" if script == "en" else spread)


def _pieces(line: str) -> list[str]:
    """A line with `|` is parted there; else by blanks, where quotation marks keep words together."""
    if "|" in line:
        return line.split("|")
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|(\S+)', line)]


def _as_piece(written: str) -> str:
    """What the model sees of a phrase: one run, or two neighbours; "u盾" is the pair "u 盾".

    Raises SetupError (`triage_rules_refused`) for a phrase that no message could have as one piece.
    """
    found = runs(normal(written.replace(" _ ", " ")))
    if len(found) == 1 and not (is_chinese(found[0]) and len(found[0]) > CHINESE_MAX):
        return found[0]
    if len(found) == 2:
        return pairs(found)[0].replace(" ", " _ ") if " _ " in written else pairs(found)[0]
    raise _refused(WORDS, f"{written}: longer than what is read as one piece")


def _read(files: Mapping[str, str], name: str, kind: type[_T]) -> _T:
    try:
        return msgspec.yaml.decode(files[name], type=kind)
    except KeyError:
        raise _refused(name, "the file is missing") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(name, str(error)) from error


def _refused(name: str, why: str) -> SetupError:
    return SetupError(
        "triage_rules_refused",
        f"The triage rules cannot be used: {name}: {why}.",
        f"分诊规则无法使用：{name}：{why}。",
        file=name,
    )
