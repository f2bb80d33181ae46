"""Shadow policies: added, listed, paused, resumed, removed, and compared with the live policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.kernel.money import Money
from countermand.kernel.shares import CONFIDENCE, Interval
from countermand.kernel.text import Text
from countermand.oversight.guardrail import Bounds, Breach, shadow_breach
from countermand.oversight.shadow_diff import Catch, Difference, RuleChange, difference
from countermand.policy.catalogue import FROM_OPERATION
from countermand.policy.findings import Finding, Findings
from countermand.policy.package import check_policy, compile_policy, compile_recorded
from countermand.policy.program import Program
from countermand.vocabulary.facts import SHADOW_ADDED, SHADOW_PAUSED, SHADOW_REMOVED, SHADOW_RESUMED, Fact
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.shadows import (
    BROKEN,
    BY_HAND,
    NOT_UNDERSTOOD,
    OWN_LABELS,
    RUNNING,
    TOO_SLOW,
    Shadow,
    ShadowFigures,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REASONS = {
    BY_HAND: Text(en="Paused by {actor}.", zh="由 {actor} 暂停。"),
    BROKEN: Text(
        en="It broke ({error}) on operation {operation}; nothing after that operation was evaluated.",
        zh="在操作 {operation} 上出错（{error}）；其后的操作均未评估。",
    ),
    NOT_UNDERSTOOD: Text(
        en="This version of the program does not understand the policy ({code}).",
        zh="本版本程序无法理解该策略（{code}）。",
    ),
    OWN_LABELS: Text(
        en="Its windows on labels ({windows}) are not the live policy's; a shadow keeps none of its own.",
        zh="其与标签有关的时间窗（{windows}）与现行策略不同；影子策略无法自行维护此类时间窗。",
    ),
    TOO_SLOW: Text(
        en="It fell {lag_seconds} seconds behind the operations.", zh="它已落后于操作 {lag_seconds} 秒。"
    ),
}


class ShadowBook(Protocol):
    """Where candidates and their results are; change and fact are one transaction. Raises Unavailable."""

    async def add(self, shadow: Shadow, source: Mapping[str, str], fact: Fact) -> Shadow | None:
        """Keep a new candidate that follows from the next operation on; None where its name is taken."""
        ...

    async def all(self) -> list[Shadow]:
        """Every candidate, by name."""
        ...

    async def any_running(self) -> bool:
        """Whether any candidate runs."""
        ...

    async def pause(self, name: str, reason: str, detail: Mapping[str, Any], fact: Fact) -> bool:
        """Stop a candidate; False where it does not run (then there is no fact either)."""
        ...

    async def resume(self, name: str, fact: Fact) -> bool:
        """Let a paused candidate go on where it stopped; False where it is not paused."""
        ...

    async def remove(self, name: str, fact: Fact) -> bool:
        """Forget a candidate and its results; False where there is none."""
        ...

    async def figures(self, shadow_id: int, since: int) -> ShadowFigures:
        """Sums over what it has seen since an instant, to the nearest thousand operations."""
        ...


class PolicyShelf(Protocol):
    """Recorded policies."""

    async def source(self, number: int) -> dict[str, str]:
        """The files of a recorded policy."""
        ...

    async def versions(self) -> list[dict[str, Any]]:
        """Every recorded policy, newest first: id, name, version, recorded_at, live."""
        ...


class ShadowHouse(Protocol):
    """What these stories need of the house."""

    @property
    def shadows(self) -> ShadowBook: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class CheckedPolicy:
    """A policy without findings. never_recorded: facts it names and the live policy does not."""

    label: str
    currency: str
    digest: bytes
    never_recorded: list[str]

    @property
    def name(self) -> str:
        """How its shadow is called unless somebody says otherwise."""
        return self.label.replace("@", "-")


def checked_policy(
    files: Mapping[str, str], live_files: Mapping[str, str] | None
) -> CheckedPolicy | list[Finding]:
    """A candidate understood beside the live policy, or what is wrong with it; a second of computing."""
    found = check_policy(files)
    if found:
        return found
    program = compile_policy(files)
    unknown: list[str] = []
    if live_files is not None:
        unknown = never_recorded(program, compile_recorded(live_files))
    return CheckedPolicy(program.label, program.currency, program.digest, unknown)


async def live_files(shelf: PolicyShelf) -> dict[str, str] | None:
    """The files of the policy that decides now; None where none has yet."""
    for version in await shelf.versions():
        if version["live"]:
            return await shelf.source(version["id"])
    return None


async def add_shadow(
    house: ShadowHouse,
    name: str | None,
    files: Mapping[str, str],
    checked: CheckedPolicy | list[Finding],
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """A policy that was checked begins to follow the operations, under `name` or its own.

    Raises PolicyError (`policy_refused`), BadRequest (`invalid_shadow_name`), Conflict (`shadow_name_taken`).
    """
    if isinstance(checked, list):
        Findings(checked).raise_if_any()
    assert isinstance(checked, CheckedPolicy), "else it was refused above"
    name = checked.name if name is None else name
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "invalid_shadow_name",
            "A shadow's name has 1 to 64 letters, digits, dots, hyphens or underscores.",
            "影子策略名称应为1至64个字母、数字、点、连字符或下划线。",
            field="name",
        )
    at = house.clock.now()
    shadow = Shadow(
        id=0, name=name, policy=checked.label, currency=checked.currency, digest=checked.digest, added_at=at,
        added_by=actor, state=RUNNING, reason=None, detail=None, seq_first=0, position=0, operations=0,
    )  # fmt: skip
    body = {"shadow": name, "policy": checked.label, "digest": checked.digest.hex(), "actor": actor}
    kept = await house.shadows.add(shadow, files, Fact(at, SHADOW_ADDED, body, trace=trace))
    if kept is None:
        raise Conflict(
            "shadow_name_taken",
            f"There is a shadow named {name} already; choose another name, or remove that one first.",
            f"已有名为 {name} 的影子策略；请另选名称，或先将其移除。",
            name=name,
        )
    return {**shown_shadow(kept), "never_recorded": checked.never_recorded}


def never_recorded(candidate: Program, live: Program) -> list[str]:
    """Facts that the candidate asks for and the live policy does not record: unknown to a shadow, always."""
    known = live.package.given.keys() | FROM_OPERATION | candidate.package.head.attributes.keys()
    return sorted(candidate.package.given.keys() - known)


async def list_shadows(house: ShadowHouse) -> list[dict[str, Any]]:
    """Every candidate, by name."""
    return [shown_shadow(one) for one in await house.shadows.all()]


async def pause_shadow(house: ShadowHouse, name: str, actor: str, trace: str | None = None) -> dict[str, Any]:
    """Stop a candidate; one that is paused stays as it is. Raises NotFound (`unknown_shadow`)."""
    found = await find_shadow(house, name)
    body = {"shadow": name, "policy": found.policy, "reason": BY_HAND, "actor": actor}
    fact = Fact(house.clock.now(), SHADOW_PAUSED, body, trace=trace)
    await house.shadows.pause(name, BY_HAND, {"actor": actor}, fact)
    return shown_shadow(await find_shadow(house, name))


async def resume_shadow(
    house: ShadowHouse, name: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Let a candidate go on where it stopped: it catches up. Raises NotFound (`unknown_shadow`)."""
    found = await find_shadow(house, name)
    body = {"shadow": name, "policy": found.policy, "actor": actor}
    await house.shadows.resume(name, Fact(house.clock.now(), SHADOW_RESUMED, body, trace=trace))
    return shown_shadow(await find_shadow(house, name))


async def remove_shadow(
    house: ShadowHouse, name: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Forget a candidate and all its results. Raises NotFound (`unknown_shadow`)."""
    found = await find_shadow(house, name)
    body = {"shadow": name, "policy": found.policy, "actor": actor}
    await house.shadows.remove(name, Fact(house.clock.now(), SHADOW_REMOVED, body, trace=trace))
    return {"shadow": name, "removed": True}


async def compare_shadow(
    house: ShadowHouse,
    name: str,
    days: int | None = None,
    confidence: float = CONFIDENCE,
    bounds: Bounds | None = None,
) -> dict[str, Any]:
    """What would have changed over the last `days` (None: since it was added), as doors show it.

    Raises NotFound (`unknown_shadow`).
    """
    shadow = await find_shadow(house, name)
    since = 0 if days is None else house.clock.now() - days * 86400 * 10**6
    figures = await house.shadows.figures(shadow.id, since)
    found = difference(figures.tally, figures.labelled, confidence)
    counts = {pair: cell[0] for pair, cell in figures.tally.outcomes.items()}
    breach = shadow_breach(counts, bounds or Bounds())
    return _shown_difference(shadow, figures, found, confidence, breach)


async def find_shadow(house: ShadowHouse, name: str) -> Shadow:
    """The candidate of that name. Raises NotFound (`unknown_shadow`)."""
    for shadow in await house.shadows.all():
        if shadow.name == name:
            return shadow
    raise NotFound(
        "unknown_shadow",
        f"There is no shadow named {name}; `countermand shadow list` shows all.",
        f"没有名为 {name} 的影子策略；可用 `countermand shadow list` 查看全部。",
        name=name,
    )


# -- as doors show it ---------------------------------------------------------------------------------


def shown_shadow(shadow: Shadow) -> dict[str, Any]:
    """A candidate: what it is, where it stands, and why it is paused if it is."""
    return {
        "name": shadow.name,
        "policy": shadow.policy,
        "digest": shadow.digest.hex(),
        "state": shadow.state,
        "reason": _reason(shadow),
        "added_at": rfc3339(shadow.added_at),
        "added_by": shadow.added_by,
        "seq_first": shadow.seq_first,
        "position": shadow.position,
        "operations": shadow.operations,
    }


def _reason(shadow: Shadow) -> dict[str, Any] | None:
    if shadow.reason is None:
        return None
    values = {name: str(value) for name, value in (shadow.detail or {}).items()}
    return {"code": shadow.reason, "text": _REASONS[shadow.reason].filled(values)}


def _shown_difference(
    shadow: Shadow, figures: ShadowFigures, found: Difference, confidence: float, breach: Breach | None
) -> dict[str, Any]:
    received = figures.received
    return {
        "shadow": shadow.name,
        "policy": shadow.policy,
        "operations": found.operations,
        "from": None if received is None else rfc3339(received[0]),
        "to": None if received is None else rfc3339(received[1]),
        "confidence": confidence,
        "transitions": [
            {
                "live": one.live.word,
                "candidate": one.candidate.word,
                "operations": one.operations,
                "with_amount": one.with_amount,
                "amount": Money(one.amount_minor, shadow.currency),
            }
            for one in found.transitions
        ],
        "shares": [
            {
                "outcome": one.outcome.word,
                "live": _interval(one.live),
                "candidate": _interval(one.candidate),
                "difference": _interval(one.difference),
                "chance": one.chance,
            }
            for one in found.shares
        ],
        "rules": [_rule(one) for one in found.rules],
        "labelled": found.labelled,
        "live_catch": _caught(found.live_catch),
        "candidate_catch": _caught(found.candidate_catch),
        "guardrail": None if breach is None else {"outcome": breach.outcome.word, "text": breach.text},
        "examples": [
            {
                "live": Outcome(one.live).word,
                "candidate": Outcome(one.candidate).word,
                "operation": one.operation,
                "kind": one.kind,
                "received_at": rfc3339(one.received_at),
            }
            for one in figures.examples
        ],
        "stored_bytes": figures.stored_bytes,
    }


def _interval(one: Interval | None) -> dict[str, float] | None:
    return None if one is None else {"value": one.value, "low": one.low, "high": one.high}


def _rule(one: RuleChange) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "change": one.word,
        "live": one.live_only + one.both,
        "candidate": one.candidate_only + one.both,
        "live_only": one.live_only,
        "candidate_only": one.candidate_only,
    }


def _caught(one: Catch) -> dict[str, Any]:
    return {
        "fraud": one.fraud,
        "stopped": one.stopped,
        "fraud_stopped": one.fraud_stopped,
        "precision": _interval(one.precision),
        "recall": _interval(one.recall),
    }
