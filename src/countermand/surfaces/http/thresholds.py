"""The routes of thresholds: where each stands in its approved band, how it came there, pin and release."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.adapt_thresholds import (
    ThresholdHouse,
    list_thresholds,
    pin_threshold,
    release_threshold,
    threshold_history,
)
from countermand.flows.publish_policy import TEXT_LENGTH_MAX
from countermand.kernel.text import Text
from countermand.surfaces.http.visits import identifier, visit_of

Asked = Request[Any, Any, Any]


class ThresholdReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a threshold is pinned or released."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


class ThresholdShown(msgspec.Struct, frozen=True):
    """A threshold of the live policy; amounts are minor units, durations microseconds.

    `written` and `band` are the value and its bounds as a policy writes them; `toward` names the measure and
    how much of it is wanted. `since` is when the value came into force.
    """

    threshold: str
    policy: str
    title: Text
    type: str
    value: float
    written: str
    declared: float
    floor: float
    ceiling: float
    step: float
    band: str
    toward: dict[str, str]
    rules: list[str]
    pinned: bool
    since: str


class ThresholdList(msgspec.Struct, frozen=True):
    """The thresholds of the live policy, in its order."""

    thresholds: list[ThresholdShown]


class ThresholdStepShown(msgspec.Struct, frozen=True):
    """One step; a move has a `cause` and its `evidence`, a pin or a release the words of a person."""

    threshold: str
    policy: str
    number: int
    at: str
    step: str
    before: float
    value: float
    written: str
    cause: str
    actor: str
    text: str
    evidence: dict[str, Any]


class ThresholdHistory(msgspec.Struct, frozen=True):
    """The steps, newest first."""

    history: list[ThresholdStepShown]


def _house(request: Asked) -> ThresholdHouse:
    house: ThresholdHouse = request.app.state["house"]
    return house


@get("/v1/thresholds", scope="policy", gives=ThresholdList)
async def read_thresholds(request: Asked) -> dict[str, Any]:
    """Where every threshold of the live policy stands, within the band that two people approved."""
    return {"thresholds": await list_thresholds(_house(request))}


@get("/v1/thresholds/{threshold:str}/history", scope="policy", gives=ThresholdHistory)
async def read_threshold_history(
    request: Asked, threshold: FromPath[str], policy: FromQuery[str] = ""
) -> dict[str, Any]:
    """How a threshold came to its value, newest first; of the live policy, or of `policy` (name@version)."""
    name, label = identifier(threshold, "threshold"), identifier(policy, "policy") if policy else None
    return {"history": await threshold_history(_house(request), name, label)}


@post(
    "/v1/thresholds/{threshold:str}/pin",
    scope="policy",
    status_code=200,
    gives=ThresholdShown,
    refuses=(409,),
)
async def pin_one_threshold(
    request: Asked, threshold: FromPath[str], data: JSONBody[ThresholdReason]
) -> dict[str, Any]:
    """Hold a threshold at its value from now on; it does not move by itself until it is released."""
    name, actor = identifier(threshold, "threshold"), visit_of(request.scope).actor
    return await pin_threshold(_house(request), name, data.text, actor)


@post(
    "/v1/thresholds/{threshold:str}/release",
    scope="policy",
    status_code=200,
    gives=ThresholdShown,
    refuses=(409,),
)
async def release_one_threshold(
    request: Asked, threshold: FromPath[str], data: JSONBody[ThresholdReason]
) -> dict[str, Any]:
    """Let a pinned threshold move by itself again."""
    name, actor = identifier(threshold, "threshold"), visit_of(request.scope).actor
    return await release_threshold(_house(request), name, data.text, actor)


THRESHOLD_HANDLERS = (
    read_thresholds,
    read_threshold_history,
    pin_one_threshold,
    release_one_threshold,
)
