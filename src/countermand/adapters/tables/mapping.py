"""Which column of a file is which field of an operation: the mapping file, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import yaml

from countermand.kernel.errors import SetupError
from countermand.kernel.money import EXPONENTS
from countermand.kernel.text import Text
from countermand.vocabulary.operations import Channel, Kind, Signals

SIGNALS = frozenset(Signals.__struct_fields__)
FRAUD_WORDS = ("1", "true", "True", "TRUE", "yes", "fraud")
_DELAY = re.compile(r"(\d{1,6}) (second|minute|hour|day|week)s?")
_UNIT_MICROS = {
    "second": 10**6,
    "minute": 60 * 10**6,
    "hour": 3600 * 10**6,
    "day": 86400 * 10**6,
    "week": 604800 * 10**6,
}
_TRUE_AND_FALSE = {True: "true", False: "false"}


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Every part of a mapping refuses a key it does not know."""


class Words(_Part, frozen=True):
    """A text: from a column or always the same; translated by `values`, headed by `prefix`."""

    column: str | None = None
    constant: str | None = None
    prefix: str = ""
    values: dict[str, str | None] | None = None


class Instant(_Part, frozen=True):
    """A moment: `iso`, `epoch_seconds`, `epoch_millis`, `epoch_micros`, or a pattern of strptime.

    `timezone` is that of times without an offset; where it is not given, such a time says nothing.
    """

    column: str
    format: str = "iso"
    timezone: str | None = None

    @property
    def zone(self) -> str:
        """The zone in which the file's days are counted."""
        return self.timezone or "UTC"


class Sum(_Part, frozen=True):
    """An amount: `major` units (yuan, 12.50) or `minor` ones (fen, 1250)."""

    column: str
    currency: str | Words
    unit: Literal["major", "minor"] = "major"


class Payee(_Part, frozen=True):
    """Who receives, and the institution that keeps the account."""

    id: str | Words
    institution: str | Words | None = None


class Phone(_Part, frozen=True):
    """A device, and what was observed about it: signal -> column."""

    id: str | Words
    signals: dict[str, str] = {}


class Trait(_Part, frozen=True):
    """An attribute: from a column, as the type says, or always the same."""

    column: str | None = None
    constant: bool | int | float | str | None = None
    type: Literal["text", "integer", "number", "boolean"] = "text"


class Label(_Part, frozen=True):
    """Which operations were fraud: those whose column holds one of the words in `fraud`; empty is unknown.

    With a `delay`, like `7 days`, the policy is told that long after the operation; without one never.
    """

    column: str
    fraud: tuple[str, ...] = FRAUD_WORDS
    delay: str | None = None


class Csv(_Part, frozen=True):
    """How a CSV file is written."""

    delimiter: str = ","
    encoding: str = "utf8"


class Mapping(_Part, frozen=True):
    """A plain text is the name of a column; a part that is always the same is written {constant: ...}.

    docs/reference/mapping.md describes each key.
    """

    mapping: str
    id: str | Words
    kind: str | Words
    account: str | Words
    occurred_at: str | Instant
    title: Text | None = None
    policy: str | None = None
    csv: Csv = Csv()
    person: str | Words | None = None
    channel: str | Words | None = None
    amount: Sum | None = None
    counterparty: str | Payee | None = None
    device: str | Phone | None = None
    ip: str | Words | None = None
    session: str | Words | None = None
    attributes: dict[str, str | Trait] = {}
    label: str | Label | None = None


def words_of(part: str | Words) -> Words:
    """A plain text is a column."""
    return Words(column=part) if isinstance(part, str) else part


def payee_of(part: str | Payee) -> Payee:
    """A plain text is a column with the payee's id."""
    return Payee(id=part) if isinstance(part, str) else part


def phone_of(part: str | Phone) -> Phone:
    """A plain text is a column with the device's id."""
    return Phone(id=part) if isinstance(part, str) else part


def instant_of(part: str | Instant) -> Instant:
    """A plain text is a column with ISO 8601 times."""
    return Instant(column=part) if isinstance(part, str) else part


def trait_of(part: str | Trait) -> Trait:
    """A plain text is a column of texts."""
    return Trait(column=part) if isinstance(part, str) else part


def label_of(part: str | Label) -> Label:
    """A plain text is a column with the usual words for fraud."""
    return Label(column=part) if isinstance(part, str) else part


def delay_of(label: Label) -> int | None:
    """The delay of labels in microseconds; None where the policy is not told. Raises ValueError."""
    if label.delay is None:
        return None
    match = _DELAY.fullmatch(label.delay)
    if match is None:
        raise ValueError(label.delay)
    return int(match[1]) * _UNIT_MICROS[match[2]]


def read_mapping(text: str, source: Path) -> Mapping:
    """A mapping from YAML.

    Raises SetupError: `mapping_unreadable` (no YAML; with line and column), `mapping_refused` (unknown key,
    missing key, bad value; with its place).
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f":{mark.line + 1}:{mark.column + 1}"
        problem = getattr(error, "problem", None) or str(error)
        raise SetupError(
            "mapping_unreadable",
            f"{source}{place}: this is not YAML: {problem}.",
            f"{source}{place}：不是有效的 YAML：{problem}。",
            file=str(source),
        ) from None
    try:
        mapping = msgspec.convert(_plain(document), Mapping)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        raise refused(
            source, path.rstrip("`").removeprefix("$").removeprefix(".") or "-", what, what
        ) from None
    for field, en, zh in _faults(mapping):
        raise refused(source, field, en, zh)
    return mapping


def refused(source: Path, field: str, en: str, zh: str) -> SetupError:
    """The refusal of a mapping, with the place where it is wrong."""
    return SetupError(
        "mapping_refused",
        f"{source}: {field}: {en}.",
        f"{source}：{field}：{zh}。",
        file=str(source),
        field=field,
    )


def columns_of(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Every column that the mapping names, with the field that needs it."""
    for field, words in texts_of(mapping):
        if words.column is not None:
            yield field, words.column
    yield "occurred_at", instant_of(mapping.occurred_at).column
    if mapping.amount is not None:
        yield "amount", mapping.amount.column
    if mapping.device is not None:
        signals = phone_of(mapping.device).signals
        yield from ((f"device.signals.{name}", column) for name, column in signals.items())
    for name, part in mapping.attributes.items():
        column = trait_of(part).column
        if column is not None:
            yield f"attributes.{name}", column
    if mapping.label is not None:
        yield "label", label_of(mapping.label).column


def texts_of(mapping: Mapping) -> Iterator[tuple[str, Words]]:
    """Every part that is a text, by its field."""
    for field in ("id", "kind", "account", "person", "channel", "ip", "session"):
        part = getattr(mapping, field)
        if part is not None:
            yield field, words_of(part)
    if mapping.amount is not None:
        yield "amount.currency", words_of(mapping.amount.currency)
    if mapping.counterparty is not None:
        payee = payee_of(mapping.counterparty)
        yield "counterparty.id", words_of(payee.id)
        if payee.institution is not None:
            yield "counterparty.institution", words_of(payee.institution)
    if mapping.device is not None:
        yield "device.id", words_of(phone_of(mapping.device).id)


def _faults(mapping: Mapping) -> Iterator[tuple[str, str, str]]:
    """What types cannot say: one source for each text, and words that an operation knows."""
    choices: dict[str, set[str]] = {
        "kind": {kind.value for kind in Kind},
        "channel": {channel.value for channel in Channel},
        "amount.currency": set(EXPONENTS),
    }
    for field, words in texts_of(mapping):
        if (words.column is None) == (words.constant is None):
            yield field, "give either `column` or `constant`", "请在 `column` 与 `constant` 中选其一"
        if field in choices:
            named = [words.constant, *(words.values or {}).values()]
            for word in sorted({one for one in named if one is not None} - choices[field]):
                yield field, f"{word!r} is unknown there", f"不认识 {word!r}"
    for name, part in mapping.attributes.items():
        trait = trait_of(part)
        if (trait.column is None) == (trait.constant is None):
            yield (
                f"attributes.{name}",
                "give either `column` or `constant`",
                "请在 `column` 与 `constant` 中选其一",
            )
    if mapping.device is not None:
        for name in sorted(set(phone_of(mapping.device).signals) - SIGNALS):
            known = ", ".join(sorted(SIGNALS))
            yield (
                f"device.signals.{name}",
                f"is no signal; there are {known}",
                f"没有这个信号；可用的有 {known}",
            )
    zone = instant_of(mapping.occurred_at).zone
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        yield "occurred_at.timezone", f"{zone!r} is not an IANA time zone", f"{zone!r} 不是 IANA 时区名称"
    try:
        if mapping.label is not None:
            delay_of(label_of(mapping.label))
    except ValueError:
        yield "label.delay", "write a delay as `7 days`", "延迟请写作 `7 days`"
    if len(mapping.csv.delimiter) != 1:
        yield "csv.delimiter", "must be one character", "必须是一个字符"


def _plain(node: Any, key: str = "") -> Any:
    """YAML reads a bare 1 or true as a number or a truth; where a mapping lists values they are words."""
    if isinstance(node, dict):
        return {
            (_word(name) if key == "values" else name): _plain(value, str(name))
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_word(value) if key == "fraud" else _plain(value) for value in node]
    return node


def _word(value: Any) -> Any:
    if isinstance(value, bool):
        return _TRUE_AND_FALSE[value]
    return str(value) if isinstance(value, int | float) else value
