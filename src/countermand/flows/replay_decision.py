"""Any past decision again, from what was recorded with it: the answer's bytes must be the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from countermand.decisions.decide import Question, decide
from countermand.flows.decided_operations import Archive, recorded_operation
from countermand.flows.standing_met import Standing
from countermand.kernel.errors import SetupError
from countermand.policy.package import compile_recorded
from countermand.policy.ports import Scorers
from countermand.policy.program import Program
from countermand.vocabulary.decisions import Answer, Counterfactual

_ANSWER = msgspec.json.Decoder(Answer)
_FACTS = msgspec.msgpack.Decoder(list[Any])
_STANDING = msgspec.msgpack.Decoder(Standing)


class PolicyShelf(Protocol):
    """Recorded policies."""

    async def source(self, number: int) -> dict[str, str]:
        """The files of a recorded policy."""
        ...


class ReplayHouse(Protocol):
    """What this story needs of the house."""

    @property
    def archive(self) -> Archive: ...

    @property
    def policy_shelf(self) -> PolicyShelf: ...

    @property
    def models(self) -> Scorers: ...


async def replay_decision(house: ReplayHouse, operation_or_decision: str) -> dict[str, Any]:
    """Decide a recorded operation again and compare byte for byte.

    Raises NotFound (`unknown_operation`), PolicyError (its policy is not understood any more).
    """
    stored = await recorded_operation(house.archive, operation_or_decision)
    row = stored.row
    program = _program(await house.policy_shelf.source(row.policy_id), house.models)
    facts = _FACTS.decode(row.facts)
    standing = _STANDING.decode(row.standing)
    question = Question(row.decision_id, row.kind, facts, standing.freeze, row.received_at, standing.bound)
    decision = decide(question, program)
    if not program.scores:
        # Every score is a recorded fact; only "allowed up to which amount" asks the model again.
        decision = msgspec.structs.replace(decision, counterfactual=_recorded_counterfactual(row.answer))
    answer = msgspec.json.encode(Answer(row.id, decision))
    return {
        "operation": row.id,
        "decision": row.decision_id,
        "policy": stored.policy,
        "identical": answer == row.answer,
        "not_replayed": [] if program.scores else ["counterfactual"],
        "recorded": msgspec.json.decode(row.answer),
        "replayed": msgspec.json.decode(answer),
        "facts": dict(zip(program.index, facts, strict=True)),
    }


def _program(source: Mapping[str, str], models: Scorers) -> Program:
    """The policy with its models; without them where a model's file is gone, which decides nothing else."""
    program = compile_recorded(source)
    if program.scores:
        return program
    try:
        return compile_recorded(source, models)
    except SetupError:
        return program


def _recorded_counterfactual(answer: bytes) -> list[Counterfactual]:
    return _ANSWER.decode(answer).decision.counterfactual
