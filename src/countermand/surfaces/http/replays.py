"""`Idempotency-Key` on every ordinary route that writes: one request, one effect, one answer."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from countermand.flows.keep_acts import KeepingHouse, KeptAnswer, begin_act, keep_answer
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.errors import Unavailable
from countermand.surfaces.http.visits import visit_of
from countermand.work.claims import CLAIM, Claim, current_claim

_LOG = structlog.get_logger("countermand.http")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REPLAYED = "idempotency-replayed"
Name = tuple[str, str]
# Where the answer of the request that runs is kept.
_HOUSE: ContextVar[KeepingHouse] = ContextVar("countermand_house")


def takes_key(handler: HTTPRouteHandler) -> bool:
    """Whether the door keeps this route's answers: it writes for a known key, and not by its own (`keyed`).

    `fresh` routes are left out: each repetition is to be seen (unmasking), or writes nothing to repeat.
    """
    own = handler.opt.get("keyed") or handler.opt.get("fresh")
    return "scope" in handler.opt and not own and bool(_WRITES & set(map(str, handler.http_methods)))


@dataclass(slots=True)
class _Turn:
    """Requests with one key go one after the other."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Replays:
    """What is under way by key, in this process; what was done is in the database, with the act itself."""

    def __init__(self) -> None:
        self._turns: dict[Name, _Turn] = {}

    async def before(self, request: Request[Any, Any, Any]) -> Response[bytes] | None:
        """The answer of the same request before; None: it is to be done now.

        Raises Conflict (`key_reused`, `answer_lost`), BadRequest (`invalid_key`), Unavailable.
        """
        given = request.headers.get("idempotency-key")
        if given is None or not takes_key(request.route_handler):
            return None
        visit = visit_of(request.scope)
        name = (visit.actor, given)
        await self._wait(name)
        visit.release = lambda: self._go(name)
        asked = digest(
            canonical_bytes([request.method, request.url.path, request.url.query, await _body(request)])
        )
        reception: KeepingHouse = request.app.state["house"].reception
        found = await begin_act(reception, visit.actor, given, asked)
        if isinstance(found, KeptAnswer):
            return Response(
                found.body,
                status_code=found.status,
                media_type="application/json",
                headers={REPLAYED: "true"},
            )
        visit.claim = found
        CLAIM.set(found)
        _HOUSE.set(reception)
        return None

    async def _wait(self, name: Name) -> None:
        turn = self._turns.setdefault(name, _Turn())
        turn.users += 1
        try:
            await turn.lock.acquire()
        except BaseException:
            self._leave(name, turn)
            raise

    def _go(self, name: Name) -> None:
        turn = self._turns[name]
        turn.lock.release()
        self._leave(name, turn)

    def _leave(self, name: Name, turn: _Turn) -> None:
        turn.users -= 1
        if not turn.users:
            del self._turns[name]


async def keep(response: Response[Any]) -> Response[Any]:
    """Keep what was done and answered; if that fails the act stands, and its repetition is told so.

    A hook of the routes, which several applications share: what it needs stands in the request's context.
    """
    claim = current_claim()
    status = response.status_code or 200
    if claim is None or status >= 300:
        return response
    end_claim(claim)
    content = response.content
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    try:
        await keep_answer(_HOUSE.get(), claim, KeptAnswer(status, body))
    except Unavailable:
        _LOG.warning("answer_not_kept", actor=claim.actor)
    return Response(body, status_code=status, media_type="application/json")


def end_claim(claim: Claim | None) -> None:
    """From now on nothing is done under it, also not by what it has started."""
    if claim is not None:
        claim.over = True
        CLAIM.set(None)


async def _body(request: Request[Any, Any, Any]) -> Any:
    """What was sent, whichever way it was written; what is no JSON stays as it is."""
    raw = await request.body()
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw
