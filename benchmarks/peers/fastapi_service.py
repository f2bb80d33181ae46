"""The peer: the plain service a team would write, with FastAPI, pydantic, asyncpg and features as SQL.

It is given more than it would have: our own compiled rules and reasons, our wording of the decision, one
prepared statement for all features, two round trips to the database in all. PEER_FORM says how the features
are written: `plain` (a subquery each, an index per key) or `tuned` (filters worked out before the insert, one
scan per key over covering indexes). It does not do what we do besides: serialize decisions of one account
(two at once may both pass a limit), share gates with a freeze, journal facts, check keys, or answer a reused
id with 409.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from benchmarks.peers import FORMS
from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from countermand.app import read_policy
from countermand.decisions.decide import Question, decide
from countermand.flows.circumstances import EMPTY, Surroundings
from countermand.kernel.clock import SystemClock, micros_of
from countermand.kernel.ids import RandomIds
from countermand.policy.package import compile_policy
from countermand.vocabulary.decisions import Answer
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account, Freeze
from countermand.vocabulary.places import NOWHERE


class Amount(BaseModel):
    """Minor units and their currency."""

    minor: int = Field(ge=1)
    currency: str = Field(pattern="^[A-Z]{3}$")


class Party(BaseModel):
    """Who receives."""

    id: str = Field(min_length=1, max_length=128)
    institution: str | None = None


class Device(BaseModel):
    """What it came from."""

    id: str = Field(min_length=1, max_length=128)
    signals: dict[str, Any] | None = None


class OperationIn(BaseModel):
    """The request, checked by pydantic."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1, max_length=128)
    kind: str
    account: str = Field(min_length=1, max_length=128)
    occurred_at: datetime
    person: str | None = None
    channel: str | None = None
    amount: Amount | None = None
    counterparty: Party | None = None
    device: Device | None = None
    ip: str | None = None
    session: str | None = None
    attributes: dict[str, Any] | None = None


program = compile_policy(read_policy(os.environ.get("PEER_POLICY", "cn-consumer-finance")))
sql = FORMS[os.environ.get("PEER_FORM", "plain")](program)
surroundings = Surroundings(program, lambda _: NOWHERE, EMPTY, EMPTY)
clock, ids = SystemClock(), RandomIds()
pool: asyncpg.Pool[Any]


@asynccontextmanager
async def lifespan(_: FastAPI) -> Any:
    global pool  # noqa: PLW0603
    size = int(os.environ.get("PEER_CONNECTIONS", "16"))
    pool = await asyncpg.create_pool(os.environ["PEER_DATABASE"], min_size=size, max_size=size)
    yield
    await pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/v1/operations")
async def decide_operation(body: OperationIn) -> Response:
    operation = msgspec.convert(body.model_dump(exclude_none=True), Operation)
    at = micros_of(operation.occurred_at)
    async with pool.acquire() as connection:
        given = program.given(surroundings.of(operation, Account(id=operation.account), at))
        own = program.observation(given)
        asked = sql.arguments_of(own, given)
        row = await connection.fetchrow(
            f"SELECT a.id, a.type, a.frozen, w.* FROM ({sql.read}) AS w "
            f"LEFT JOIN account AS a ON a.id = ${len(asked) + 1}",
            *asked,
            operation.account,
        )
        windows = sql.values(tuple(row)[3:], own)
        freeze = Freeze("ord", "frozen", at) if row["frozen"] else None
        facts = program.complete(given, windows)
        now = clock.now()
        decision = decide(Question(ids.new("dec", now), operation.kind.value, facts, freeze, now), program)
        seen = program.observed(given, own, decision.outcome)
        answer = msgspec.json.encode(Answer(operation.id, decision))
        try:
            await connection.execute(
                sql.insert,
                *sql.row_of(operation.id, seen, given, decision.outcome),
                decision.id,
                decision.outcome,
                msgspec.json.encode(operation).decode(),
                msgspec.msgpack.encode(facts),
                answer,
            )
        except asyncpg.UniqueViolationError:
            stored = await connection.fetchval(
                "SELECT answer FROM decision_made WHERE operation = $1", operation.id
            )
            if stored is None:
                raise HTTPException(409) from None
            answer = stored
    return Response(answer, media_type="application/json")
