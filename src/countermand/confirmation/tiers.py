"""How much proof which operation wants: tiers by kind, amount, risk and KYC level; the stricter one wins."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from countermand.confirmation.factors import Assessment
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Factor, Method
from countermand.vocabulary.operations import CHANGES_CONTROL, MOVES_MONEY, OPENS_DEBT, Kind

KIND_GROUPS: dict[str, frozenset[Kind]] = {
    "money": MOVES_MONEY,
    "debt": OPENS_DEBT,
    "control": CHANGES_CONTROL,
    "any": frozenset(Kind),
}


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """When a tier applies; everything that is said must hold.

    `amount_at_least` in minor units by currency.
    """

    kinds: frozenset[Kind]
    amount_at_least: dict[str, int] | None = None
    risk_at_least: int | None = None


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """What must be shown: how many independent factors, of which kinds, how strong, in how many acts.

    With `trust_unknown_devices` two codes over different methods are taken for two devices where the devices
    are not known.
    """

    id: str
    when: tuple[Condition, ...]
    factors: int
    reason: Text
    kinds: tuple[Factor, ...] = ()
    strength: int = 0
    acts: int = 1
    trust_unknown_devices: bool = False


class KycRule(msgspec.Struct, frozen=True, kw_only=True):
    """Kinds that want a KYC level; below it the customer upgrades first, with these methods."""

    kinds: frozenset[Kind]
    level: int
    methods: tuple[Method, ...]
    reason: Text


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What one challenge wants, decided when it begins; `kyc_level` where it has to be raised to that."""

    tier: str
    factors: int
    kinds: tuple[Factor, ...]
    strength: int
    acts: int
    trust_unknown_devices: bool
    methods: tuple[Method, ...]
    kyc_level: int | None
    reasons: tuple[Text, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the tiers look at. `kyc_level` None: not known, and counts as none."""

    kind: Kind
    amount_minor: int | None
    currency: str | None
    risk: int | None
    kyc_level: int | None


def wanted_of(asked: Asked, tiers: Sequence[Tier], kyc: Sequence[KycRule]) -> Wanted:
    """The last of the tiers that applies (they stand from mild to strict), and what KYC adds to it."""
    tier = next(tier for tier in reversed(tiers) if any(_applies(one, asked) for one in tier.when))
    owed = [rule for rule in kyc if asked.kind in rule.kinds and (asked.kyc_level or 0) < rule.level]
    return Wanted(
        tier=tier.id,
        factors=tier.factors,
        kinds=tier.kinds,
        strength=tier.strength,
        acts=tier.acts,
        trust_unknown_devices=tier.trust_unknown_devices,
        methods=tuple(dict.fromkeys(method for rule in owed for method in rule.methods)),
        kyc_level=max((rule.level for rule in owed), default=None),
        reasons=(tier.reason, *(rule.reason for rule in owed)),
    )


def _applies(condition: Condition, asked: Asked) -> bool:
    """Whether everything the condition says holds; what is unknown about money never makes it milder."""
    if asked.kind not in condition.kinds:
        return False
    unknown_counts = asked.kind in MOVES_MONEY | OPENS_DEBT
    if condition.risk_at_least is not None:
        risky = unknown_counts if asked.risk is None else asked.risk >= condition.risk_at_least
        if not risky:
            return False
    if condition.amount_at_least is None:
        return True
    if asked.amount_minor is None or asked.currency not in condition.amount_at_least:
        return asked.amount_minor is not None or unknown_counts
    return asked.amount_minor >= condition.amount_at_least[asked.currency]


def missing(wanted: Wanted, shown: Assessment, methods: Sequence[Method]) -> list[str]:
    """What is still missing, in words for programs; nothing where the evidence suffices."""
    lacks = [f"factor:{kind.value}" for kind in wanted.kinds if kind not in shown.kinds]
    if shown.independent < wanted.factors:
        lacks.append(f"independent_factors:{wanted.factors - shown.independent}")
    if shown.strength < wanted.strength:
        lacks.append("stronger_factor")
    if shown.acts < wanted.acts:
        lacks.append(f"methods:{wanted.acts - shown.acts}")
    lacks += [f"method:{method.value}" for method in wanted.methods if method not in methods]
    if wanted.kyc_level is not None and Method.LIVENESS in wanted.methods and not shown.document_match:
        lacks.append("document_match")
    return lacks
