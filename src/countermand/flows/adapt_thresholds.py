"""Thresholds follow the traffic inside the band that two people approved; one person can hold them still.

A move needs nobody: it is the law of `oversight.adaptation` over recorded operations and labels, at most one
step a period, on the record with its evidence. Only the live policy's thresholds move.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from countermand.flows.publish_policy import check_text, split_label
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import Conflict, NotFound
from countermand.oversight.adaptation import (
    TEXTS,
    Cause,
    Judgement,
    LastMove,
    Patience,
    judge_period,
    period_to_judge,
)
from countermand.policy.bound import BoundThreshold
from countermand.policy.package import compile_recorded
from countermand.policy.program import Program
from countermand.policy.thresholds import bounded
from countermand.policy.wording import written_value
from countermand.vocabulary.publishing import SERVER
from countermand.vocabulary.thresholds import (
    Evidence,
    EvidenceAsked,
    LiveSince,
    Measure,
    Stepper,
    ThresholdLine,
    ThresholdStep,
)

HISTORY_LINES_MAX = 500
Judged = dict[tuple[int, str], tuple[int, int]]


class ThresholdBook(Protocol):
    """Where thresholds stand, and what was decided under them. Every method raises Unavailable."""

    async def live(self) -> LiveSince | None:
        """The policy that decides, and since when."""
        ...

    async def number_of(self, name: str, version: str) -> int | None:
        """The number of a recorded policy."""
        ...

    async def standing(self, policy_id: int) -> Mapping[str, ThresholdLine]:
        """The last step of every threshold that ever took one, by name."""
        ...

    async def in_force(self, policy_id: int) -> Mapping[str, float]:
        """The values of those, by name."""
        ...

    async def moves(self, policy_id: int) -> Mapping[str, ThresholdLine]:
        """The last move of every threshold that was ever moved, by name."""
        ...

    async def steps(self, policy_id: int, name: str | None, lines_max: int) -> list[ThresholdLine]:
        """The history of one threshold or of all of a policy, newest first."""
        ...

    async def take(self, live: LiveSince, name: str, stepper: Stepper) -> ThresholdLine | None:
        """Take a step, alone, with its fact; None where `stepper` makes none or another policy decides."""
        ...

    async def evidence(self, asked: EvidenceAsked) -> Evidence:
        """Count what was decided."""
        ...


class PolicyShelf(Protocol):
    """Recorded policies."""

    async def source(self, number: int) -> dict[str, str]:
        """The files of a recorded policy."""
        ...


class ThresholdHouse(Protocol):
    """What these stories need of the house."""

    @property
    def thresholds(self) -> ThresholdBook: ...

    @property
    def policy_shelf(self) -> PolicyShelf: ...

    @property
    def clock(self) -> Clock: ...

    def program_of(self, policy_id: int) -> Program | None:
        """A policy that is understood already; None where it has to be read first."""
        ...


async def list_thresholds(house: ThresholdHouse) -> list[dict[str, Any]]:
    """Every threshold of the live policy: its band, its value in force, and whether it is pinned."""
    live, program = await _live(house)
    if live is None or program is None:
        return []
    standing, moves = (
        await house.thresholds.standing(live.policy_id),
        await house.thresholds.moves(live.policy_id),
    )
    return [
        shown(one, live, standing.get(one.name), moves.get(one.name), program.currency)
        for one in program.package.thresholds
    ]


async def threshold_history(
    house: ThresholdHouse, name: str | None, label: str | None = None
) -> list[dict[str, Any]]:
    """The steps of one threshold or of all, newest first; of the live policy unless NAME@VERSION is said.

    Raises NotFound (`unknown_threshold`, `unknown_policy_version`).
    """
    if label is None:
        live, program = await _live(house)
        policy_id = None if live is None else live.policy_id
    else:
        policy_id = await house.thresholds.number_of(*split_label(label))
        if policy_id is None:
            raise NotFound(
                "unknown_policy_version",
                f"No policy {label} is recorded here; name it as NAME@VERSION.",
                f"此处没有策略 {label} 的记录；请写成 NAME@VERSION。",
                policy=label,
            )
        program = await _program(house, policy_id)
    if program is not None and name is not None:
        _threshold(program, name)
    if policy_id is None or program is None:
        return []
    lines = await house.thresholds.steps(policy_id, name, HISTORY_LINES_MAX)
    return [_shown_line(one, program) for one in lines]


async def pin_threshold(house: ThresholdHouse, name: str, text: str, actor: str) -> dict[str, Any]:
    """Hold a threshold of the live policy at its value: no move comes after this.

    Raises NotFound (`unknown_threshold`), Conflict (`threshold_pinned`, `live_changed`), BadRequest
    (`invalid_step`).
    """
    return await _step(house, name, ThresholdStep.PIN, text, actor)


async def release_threshold(house: ThresholdHouse, name: str, text: str, actor: str) -> dict[str, Any]:
    """Let a pinned threshold move again. Raises like the above, and Conflict (`threshold_not_pinned`)."""
    return await _step(house, name, ThresholdStep.RELEASE, text, actor)


async def _step(
    house: ThresholdHouse, name: str, step: ThresholdStep, text: str, actor: str
) -> dict[str, Any]:
    check_text(text)
    live, program = await _live(house)
    if live is None or program is None:
        raise _unknown(name)
    threshold, at = _threshold(program, name), house.clock.now()

    def stepper(last: ThresholdLine | None) -> ThresholdLine:
        pinned = last is not None and last.pinned
        if pinned == (step is ThresholdStep.PIN):
            raise _pinned_already(name) if pinned else _not_pinned(name)
        value = threshold.value if last is None else last.value
        number = 1 if last is None else last.number + 1
        return ThresholdLine(
            name, number, at, step, value, value, step is ThresholdStep.PIN, "", actor, text, {}
        )

    line = await house.thresholds.take(live, name, stepper)
    if line is None:
        raise Conflict(
            "live_changed",
            "Another policy came to decide meanwhile; look at its thresholds and ask again.",
            "期间已改由另一策略决策；请查看其阈值后重试。",
            policy=live.label,
        )
    moved = (await house.thresholds.moves(live.policy_id)).get(name)
    return shown(threshold, live, line, moved, program.currency)


# -- moving -------------------------------------------------------------------------------------------


async def adapt_thresholds(
    house: ThresholdHouse, actor: str = SERVER, judged: Judged | None = None
) -> list[dict[str, Any]]:
    """Judge the latest period of every threshold of the live policy, and move where the law says so.

    `judged` remembers periods between calls: one that is in it is not counted again. Raises Unavailable.
    """
    live, program = await _live(house)
    if live is None or program is None or not program.package.thresholds:
        return []
    standing, moves = (
        await house.thresholds.standing(live.policy_id),
        await house.thresholds.moves(live.policy_id),
    )
    found = []
    for one in program.package.thresholds:
        done = {} if judged is None else judged
        last, moved = standing.get(one.name), moves.get(one.name)
        since = live.since if moved is None else max(live.since, moved.at)
        period = period_to_judge(since, one.over, one.delay, house.clock.now())
        if last is not None and last.pinned:
            found.append(_verdict(one, last, Cause.PINNED))
        elif period is None:
            found.append(_verdict(one, last, Cause.NOT_DUE))
        elif done.get((live.policy_id, one.name)) != period:
            found.append(await _adapt(house, live, one, last, moved, period, actor))
            done[live.policy_id, one.name] = period
    return found


async def _adapt(
    house: ThresholdHouse,
    live: LiveSince,
    one: BoundThreshold,
    last: ThresholdLine | None,
    moved: ThresholdLine | None,
    period: tuple[int, int],
    actor: str,
) -> dict[str, Any]:
    """One threshold and its latest period; the move is taken only where nobody took a step meanwhile."""
    kinds = None if one.kinds is None else tuple(sorted(kind.value for kind in one.kinds))
    genuine = one.aim.measure is Measure.FALSE_ALARMS
    asked = EvidenceAsked(live.policy_id, *period, kinds, one.rules, genuine)
    seen = await house.thresholds.evidence(asked)
    value = one.value if last is None else bounded(one, last.value)
    before = (
        None if moved is None else LastMove(bounded(one, moved.before), float(moved.evidence["distance"]))
    )
    judgement = judge_period(value, one.band, one.aim, Patience(one.least, one.within), seen, before)
    evidence = _evidence(one, seen, judgement)
    if not judgement.moves:
        return _verdict(one, last, judgement.cause, evidence)
    at, number = house.clock.now(), 0 if last is None else last.number

    def stepper(found: ThresholdLine | None) -> ThresholdLine | None:
        if (0 if found is None else found.number) != number:
            return None
        return ThresholdLine(
            one.name, number + 1, at, ThresholdStep.MOVE, value, judgement.value, False,
            judgement.cause.value, actor, "", evidence,
        )  # fmt: skip

    line = await house.thresholds.take(live, one.name, stepper)
    if line is None:
        return _verdict(one, last, Cause.OVERTAKEN, evidence)
    return _verdict(one, line, judgement.cause, evidence)


def _evidence(one: BoundThreshold, seen: Evidence, judgement: Judgement) -> dict[str, Any]:
    return {
        "measure": one.aim.measure.value,
        "since": rfc3339(seen.since),
        "until": rfc3339(seen.until),
        "operations": seen.operations,
        "hits": seen.hits,
        "wanted": round(judgement.wanted, 3),
        "distance": judgement.distance,
    }


def _verdict(
    one: BoundThreshold, line: ThresholdLine | None, cause: Cause, evidence: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "threshold": one.name,
        "value": one.value if line is None else bounded(one, line.value),
        "moved": cause in (Cause.TOO_MANY, Cause.TOO_FEW),
        "cause": cause.value,
        "text": msgspec.to_builtins(TEXTS[cause]),
        "evidence": None if evidence is None else dict(evidence),
    }


# -- words --------------------------------------------------------------------------------------------


def shown(
    one: BoundThreshold,
    live: LiveSince,
    last: ThresholdLine | None,
    moved: ThresholdLine | None,
    currency: str,
) -> dict[str, Any]:
    """A threshold as doors show it; amounts are minor units, durations microseconds, `written` for people."""
    value = one.value if last is None else bounded(one, last.value)
    band = one.band
    return {
        "threshold": one.name,
        "policy": live.label,
        "title": msgspec.to_builtins(one.title),
        "type": one.type.value,
        "value": value,
        "written": written_value(value, one.type, currency),
        "declared": band.value,
        "floor": band.floor,
        "ceiling": band.ceiling,
        "step": band.step,
        "band": " … ".join(written_value(end, one.type, currency) for end in (band.floor, band.ceiling)),
        "toward": {one.aim.measure.value: one.aim.text.en},
        "rules": list(one.rules),
        "pinned": last is not None and last.pinned,
        "since": rfc3339(live.since if moved is None else max(live.since, moved.at)),
    }


def _shown_line(line: ThresholdLine, program: Program) -> dict[str, Any]:
    one = _threshold(program, line.name)
    before, value = bounded(one, line.before), bounded(one, line.value)
    return {
        "threshold": line.name,
        "policy": program.label,
        "number": line.number,
        "at": rfc3339(line.at),
        "step": line.step.value,
        "before": before,
        "value": value,
        "written": written_value(value, one.type, program.currency),
        "cause": line.cause,
        "actor": line.actor,
        "text": line.text,
        "evidence": line.evidence,
    }


async def _live(house: ThresholdHouse) -> tuple[LiveSince | None, Program | None]:
    live = await house.thresholds.live()
    return live, None if live is None else await _program(house, live.policy_id)


async def _program(house: ThresholdHouse, policy_id: int) -> Program:
    known = house.program_of(policy_id)
    if known is not None:
        return known
    return await asyncio.to_thread(compile_recorded, await house.policy_shelf.source(policy_id))


def _threshold(program: Program, name: str) -> BoundThreshold:
    found = next((one for one in program.package.thresholds if one.name == name), None)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> NotFound:
    return NotFound(
        "unknown_threshold",
        f"The policy has no threshold {name}; `countermand threshold list` shows those of the live one.",
        f"该策略没有阈值 {name}；可用 `countermand threshold list` 查看现行策略的阈值。",
        threshold=name,
    )


def _pinned_already(name: str) -> Conflict:
    return Conflict(
        "threshold_pinned", f"{name} is pinned already.", f"{name} 已处于固定状态。", threshold=name
    )


def _not_pinned(name: str) -> Conflict:
    return Conflict(
        "threshold_not_pinned",
        f"{name} is not pinned; it moves by itself.",
        f"{name} 未被固定，正在自动调整。",
        threshold=name,
    )
