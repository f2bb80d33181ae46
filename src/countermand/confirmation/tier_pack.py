"""A confirmation pack: the methods by priority and the tiers, read from two files and checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from countermand.confirmation.auth_methods import MethodRank, read_auth_methods
from countermand.confirmation.challenges import ChallengeTerms
from countermand.confirmation.code_budgets import CodeBudgets
from countermand.confirmation.marked import Complaints, Marked, read_marked
from countermand.confirmation.tiers import KIND_GROUPS, Condition, KycRule, Tier
from countermand.kernel.money import EXPONENTS
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Factor, Method
from countermand.vocabulary.operations import Kind

METHODS_FILE, TIERS_FILE = "auth_methods.json", "tiers.yaml"
_INDEX = re.compile(r"\[(\d+)\]|\.([^.\[]+)|\[\.\.\.\]")

_Seconds = Annotated[int, msgspec.Meta(ge=1, le=86400)]
_Few = Annotated[int, msgspec.Meta(ge=1, le=20)]


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """Which methods there are, how much of them an operation wants, and for how long."""

    name: str
    version: str
    title: Text
    methods: tuple[MethodRank, ...]
    terms: ChallengeTerms
    tiers: tuple[Tier, ...]
    kyc: tuple[KycRule, ...]
    codes: CodeBudgets = CodeBudgets()


class _Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seconds: _Seconds = 300
    code_seconds: _Seconds = 300
    wrong_answers_max: _Few = 5
    sends_max: _Few = 3
    resend_seconds: _Seconds = 60
    proof_seconds: _Seconds = 600


class _Codes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account_hour: _Few = 8
    address_hour: _Few = 10
    strangers_hour: _Few = 4


class _When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: Annotated[list[str], msgspec.Meta(min_length=1)]
    amount_at_least: dict[str, Annotated[int, msgspec.Meta(ge=0)]] | None = None
    risk_at_least: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None


class _Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    when: Annotated[list[_When], msgspec.Meta(min_length=1)]
    factors: Annotated[int, msgspec.Meta(ge=1, le=3)]
    reason: Text
    kinds: list[Factor] = []
    strength: Annotated[int, msgspec.Meta(ge=0, le=6)] = 0
    acts: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    trust_unknown_devices: bool = False


class _Kyc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kinds: Annotated[list[str], msgspec.Meta(min_length=1)]
    level: Annotated[int, msgspec.Meta(ge=1, le=100)]
    methods: Annotated[list[Method], msgspec.Meta(min_length=1)]
    reason: Text


class _Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pack: str
    version: str
    title: Text
    tiers: Annotated[list[_Tier], msgspec.Meta(min_length=1)]
    challenge: _Timing = _Timing()
    codes: _Codes = _Codes()
    kyc: list[_Kyc] = []


def read_pack(files: Mapping[str, str]) -> Pack:
    """A pack from its files, by name.

    Raises PolicyError (`auth_pack_refused`): every finding with file, line and column.
    """
    methods = read_auth_methods(files.get(METHODS_FILE, ""), METHODS_FILE)
    root = read_marked(files.get(TIERS_FILE, ""), TIERS_FILE)
    complaints = Complaints(TIERS_FILE)
    try:
        raw = msgspec.convert(root.plain, _Pack)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        at = _place(root, path.rstrip("`"), what)
        complaints.add("bad_tiers", at, what, f"不符合格式：{what}")
        complaints.raise_if_any()
        raise AssertionError from error
    tiers = tuple(
        Tier(
            id=one.id,
            when=tuple(_condition(when, _at(root, "tiers", n, "when", m), complaints)
                       for m, when in enumerate(one.when)),
            factors=one.factors,
            reason=one.reason,
            kinds=tuple(one.kinds),
            strength=one.strength,
            acts=one.acts,
            trust_unknown_devices=one.trust_unknown_devices,
        )
        for n, one in enumerate(raw.tiers)
    )  # fmt: skip
    kyc = tuple(
        KycRule(
            kinds=_kinds(one.kinds, _at(root, "kyc", n, "kinds"), complaints),
            level=one.level,
            methods=tuple(one.methods),
            reason=one.reason,
        )
        for n, one in enumerate(raw.kyc)
    )
    _check_whole(root, tiers, kyc, methods, complaints)
    if raw.codes.strangers_hour >= min(raw.codes.account_hour, raw.codes.address_hour):
        complaints.add(
            "strangers_take_all",
            _at(root, "codes"),
            "strangers_hour must leave some of account_hour and address_hour to the account's own devices",
            "strangers_hour 须小于 account_hour 与 address_hour，为账户本人的设备留有余量",
        )
    complaints.raise_if_any()
    terms = ChallengeTerms(**msgspec.structs.asdict(raw.challenge))
    return Pack(
        name=raw.pack,
        version=raw.version,
        title=raw.title,
        methods=methods,
        terms=terms,
        tiers=tiers,
        kyc=kyc,
        codes=CodeBudgets(**msgspec.structs.asdict(raw.codes)),
    )


def _condition(when: _When, at: Marked, complaints: Complaints) -> Condition:
    for currency in sorted(set(when.amount_at_least or ()) - EXPONENTS.keys()):
        place = at.get("amount_at_least") or at
        complaints.add(
            "unknown_currency", place, f"{currency} is no currency we know", f"未知货币 {currency}"
        )
    return Condition(
        kinds=_kinds(when.kinds, at.get("kinds") or at, complaints),
        amount_at_least=when.amount_at_least,
        risk_at_least=when.risk_at_least,
    )


def _kinds(words: list[str], at: Marked, complaints: Complaints) -> frozenset[Kind]:
    found: set[Kind] = set()
    places = at.value if isinstance(at.value, list) else [at] * len(words)
    for word, place in zip(words, places, strict=True):
        if word in KIND_GROUPS:
            found |= KIND_GROUPS[word]
        elif word in {kind.value for kind in Kind}:
            found.add(Kind(word))
        else:
            groups = ", ".join(KIND_GROUPS)
            complaints.add(
                "unknown_kind",
                place,
                f"{word} is neither a kind of operation nor one of {groups}",
                f"{word} 既不是操作类型，也不是 {groups} 之一",
            )
    return frozenset(found)


def _check_whole(
    root: Marked,
    tiers: tuple[Tier, ...],
    kyc: tuple[KycRule, ...],
    methods: tuple[MethodRank, ...],
    complaints: Complaints,
) -> None:
    """What no single value can say: every kind has a tier, and what is wanted can be shown at all."""
    there = {one.method for one in methods}
    plain = {kind for tier in tiers for one in tier.when
             if one.amount_at_least is None and one.risk_at_least is None for kind in one.kinds}  # fmt: skip
    if rest := sorted(kind.value for kind in set(Kind) - plain):
        words = ", ".join(rest)
        complaints.add(
            "kinds_without_tier",
            root.get("tiers") or root,
            f"no tier always applies to {words}; let the first one be for kinds: [any]",
            f"以下操作类型没有必然适用的层级：{words}；请令首个层级的 kinds 为 [any]",
        )
    for n, tier in enumerate(tiers):
        at = _at(root, "tiers", n)
        if tier.id in {other.id for other in tiers[:n]}:
            complaints.add("named_twice", at, f"{tier.id} stands here twice", f"{tier.id} 重复出现")
        if tier.strength > 2 * tier.factors + 2 or tier.acts > len(there) or tier.factors > _most(there):
            complaints.add(
                "tier_out_of_reach",
                at,
                f"{tier.id} wants more than all methods of {METHODS_FILE} together can show",
                f"{tier.id} 的要求超出 {METHODS_FILE} 中全部方式所能达到的程度",
            )
    for n, rule in enumerate(kyc):
        if absent := [method.value for method in rule.methods if method not in there]:
            complaints.add(
                "method_not_listed",
                _at(root, "kyc", n, "methods"),
                f"{', '.join(absent)} does not stand in {METHODS_FILE}",
                f"{METHODS_FILE} 中没有 {'、'.join(absent)}",
            )


def _most(there: set[Method]) -> int:
    held = there - {Method.PASSWORD, Method.LIVENESS}
    return len(held) + (Method.PASSWORD in there) + bool(there & {Method.LIVENESS, Method.WEBAUTHN})


def _at(root: Marked, *path: str | int) -> Marked:
    """The place of a value, or the nearest one above it."""
    found = root
    for step in path:
        below: Any = None
        if isinstance(step, str):
            below = found.get(step)
        elif isinstance(found.value, list) and step < len(found.value):
            below = found.value[step]
        if below is None:
            return found
        found = below
    return found


def _place(root: Marked, path: str, what: str) -> Marked:
    """Where msgspec's path points; an unknown field is named in the message itself."""
    steps = [
        int(index) if index else name
        for index, name in _INDEX.findall(path.removeprefix("$"))
        if index or name
    ]
    found = _at(root, *steps)
    if "unknown field" in what and what.count("`") >= 2:
        return found.get(what.split("`")[1]) or found
    return found
