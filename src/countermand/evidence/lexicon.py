"""The words of screens: labels, statuses, directions, wallets; data of a pack, made ready to be asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from countermand.evidence.amounts import Sign
from countermand.kernel.errors import SetupError


class Status(StrEnum):
    """What became of a payment, by its own screen."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"
    REFUNDED = "refunded"


class Label(StrEnum):
    """What a label announces; other: nothing that is read here."""

    AMOUNT = "amount"
    TIME = "time"
    ORDER = "order"
    MERCHANT_ORDER = "merchant_order"
    COUNTERPARTY = "counterparty"
    COUNTERPARTY_ACCOUNT = "counterparty_account"
    ACCOUNT = "account"
    BANK = "bank"
    STATUS = "status"
    BALANCE = "balance"
    DIRECTION = "direction"
    OTHER = "other"


class _Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    labels: dict[Label, tuple[str, ...]]
    statuses: dict[Status, tuple[str, ...]]
    directions: dict[Sign, tuple[str, ...]]
    wallets: tuple[str, ...]
    banks: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Compiled words; `labels` are in small letters without blanks, the longest first."""

    labels: tuple[tuple[str, Label], ...]
    statuses: tuple[tuple[re.Pattern[str], Status], ...]
    directions: tuple[tuple[re.Pattern[str], Sign], ...]
    institutions: re.Pattern[str]
    codes: re.Pattern[str]

    def label_of(self, text: str) -> tuple[Label, int] | None:
        """The label that a text begins with, and how long it is there; blanks within it do not count.

        Latin labels end where a word ends.
        """
        plain, places = _squeezed(text)
        for word, label in self.labels:
            if plain.startswith(word):
                end = places[len(word) - 1] + 1
                if not (word[-1].isascii() and _goes_on(text, end)):
                    return label, end
        return None

    def status_of(self, text: str) -> tuple[Status, int, int] | None:
        """What a text says became of a payment, and where it says so."""
        for pattern, status in self.statuses:
            if found := pattern.search(text):
                return status, found.start(), found.end()
        return None

    def direction_of(self, text: str) -> Sign:
        """Which way money went by the words of a clause; unknown where they do not agree or say nothing."""
        said = {sign for pattern, sign in self.directions if pattern.search(text)}
        return said.pop() if len(said) == 1 else Sign.UNKNOWN


def read_lexicon(text: str) -> Lexicon:
    """The words of a pack. Raises SetupError (`evidence_pack_refused`)."""
    try:
        pack = msgspec.yaml.decode(text, type=_Pack)
    except (msgspec.MsgspecError, ValueError) as error:
        raise pack_refused("screens.yaml", str(error)) from error
    labels = [(_squeezed(word)[0], label) for label, words in pack.labels.items() for word in words]
    names = _any_of([*pack.wallets, *pack.banks])
    return Lexicon(
        labels=tuple(sorted(labels, key=lambda one: -len(one[0]))),
        statuses=_patterns(pack.statuses),
        directions=_patterns(pack.directions),
        institutions=re.compile(
            rf"{names}|(?:^|(?<=[【\[(: ]))[\u4e00-\u9fff]{{2,8}}?银行"
            r"|\b(?:[A-Z][A-Za-z]+ ){1,3}Bank\b|Bank of [A-Z][a-z]+"
        ),
        codes=re.compile(_any_of(pack.codes), re.IGNORECASE),
    )


def pack_refused(name: str, why: str) -> SetupError:
    """The refusal of a pack of evidence that cannot be used."""
    return SetupError(
        "evidence_pack_refused",
        f"The evidence pack {name} cannot be used: {why}.",
        f"证据规则文件 {name} 无法使用：{why}。",
        file=name,
    )


def _goes_on(text: str, end: int) -> bool:
    """Whether a Latin word goes on here; "methodVisa" are two whose blank was lost."""
    following = text[end : end + 1]
    return following.isalnum() and not (following.isupper() and text[end - 1].islower())


def _squeezed(text: str) -> tuple[str, list[int]]:
    """A text in small letters without blanks, and where each of its characters stood."""
    kept = [(place, one) for place, one in enumerate(text) if not one.isspace()]
    return "".join(one.lower() if len(one.lower()) == 1 else one for _, one in kept), [
        place for place, _ in kept
    ]


def _patterns(words: Mapping[Any, tuple[str, ...]]) -> tuple[tuple[re.Pattern[str], Any], ...]:
    return tuple((re.compile(_any_of(some), re.IGNORECASE), meaning) for meaning, some in words.items())


def _any_of(words: Iterable[str]) -> str:
    """The longest first; what begins or ends with a Latin letter begins or ends a word."""
    return "|".join(_one_of(one) for one in sorted(words, key=len, reverse=True))


def _one_of(word: str) -> str:
    before = "(?<![A-Za-z])" if word[0].isascii() else ""
    behind = "(?![A-Za-z])" if word[-1].isascii() else ""
    # A line may break at a blank or behind a hyphen.
    parts = (re.escape(one) for one in re.split(r"[ -]", word))
    return before + r"[\s-]+".join(parts) + behind
