"""A recorded operation as it is shown: its facts by the names its own policy gave them."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
from anyio import to_process

from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import CountermandError
from countermand.policy.package import compile_recorded
from countermand.surfaces.http.messages import RecordedOperation
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import problem_bytes
from countermand.work.record import StoredOperation

_FACTS = msgspec.msgpack.Decoder(list[Any])
_ONE_AT_A_TIME = anyio.CapacityLimiter(1)
POLICIES_REMEMBERED_MAX = 64

_names_of_policy: dict[bytes, list[str]] = {}


async def shown_operation(house: House, stored: StoredOperation) -> RecordedOperation:
    """The record; an earlier policy is compiled in another process, since decisions must not wait for it."""
    row = stored.row
    program = house.program
    if stored.policy == program.label:
        names = list(program.index)
    else:
        names = await _names(await house.policy_shelf.source(row.policy_id))
    return RecordedOperation(
        operation=row.id,
        decision=row.decision_id,
        policy=stored.policy,
        received_at=rfc3339(row.received_at),
        seq=stored.seq,
        trace=row.trace_id,
        body=msgspec.json.decode(row.body),
        facts=dict(zip(names, _FACTS.decode(row.facts), strict=True)),
        answer=msgspec.json.decode(row.answer),
    )


def shown_label(
    result: bytes | CountermandError, language: str = "en", trace_id: str | None = None
) -> dict[str, Any]:
    """The answer to a label, or its refusal in its place."""
    shown: dict[str, Any]
    if isinstance(result, CountermandError):
        shown = {"error": msgspec.json.decode(problem_bytes(result, language, trace_id))}
    else:
        shown = msgspec.json.decode(result)
    return shown


async def _names(source: dict[str, str]) -> list[str]:
    key = msgspec.json.encode(source, order="deterministic")
    known = _names_of_policy.get(key)
    if known is None:
        known = await to_process.run_sync(_fact_names, source, limiter=_ONE_AT_A_TIME)
        if len(_names_of_policy) >= POLICIES_REMEMBERED_MAX:
            _names_of_policy.clear()
        _names_of_policy[key] = known
    return known


def _fact_names(source: dict[str, str]) -> list[str]:
    return list(compile_recorded(source).index)
