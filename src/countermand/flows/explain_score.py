"""Why did a model score an operation so? The recorded facts against what this account usually does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from countermand.decisions.wording import words_of
from countermand.flows.decided_operations import Archive, recorded_operation
from countermand.flows.replay_decision import PolicyShelf
from countermand.flows.train_model import BatchScorer
from countermand.kernel.errors import NotFound
from countermand.kernel.text import Text
from countermand.oversight.factors import effects, strongest, usual_row
from countermand.policy.bound import BoundModel
from countermand.policy.package import compile_recorded
from countermand.policy.program import Program
from countermand.vocabulary.models import Factor, ModelCard, RecordedFacts

HISTORY_MAX = 100
FACTORS_MAX = 5
EFFECT_LEAST = 0.005
_FACTS = msgspec.msgpack.Decoder(list[Any])


class FactsRecord(Protocol):
    """Recorded facts."""

    async def of_account(self, account: str, at: int, seq: int, count: int) -> list[RecordedFacts]:
        """Those of an account's operations up to `at` that were recorded before `seq`, newest first."""
        ...


class Models(Protocol):
    """Model files with their cards."""

    def find(self, prefix: str) -> ModelCard: ...

    def opened(self, name: str, called: str, inputs: int | None = None) -> BatchScorer: ...


class ExplainingDesk(Protocol):
    """What this story needs of the desk."""

    @property
    def archive(self) -> Archive: ...

    @property
    def policy_shelf(self) -> PolicyShelf: ...

    @property
    def recorded_facts(self) -> FactsRecord: ...


@dataclass(slots=True)
class Programs:
    """Recorded policies, each compiled once; they score nothing, they only name facts."""

    shelf: PolicyShelf
    _known: dict[int, Program] = field(default_factory=dict)

    async def program(self, number: int) -> Program:
        if number not in self._known:
            self._known[number] = compile_recorded(await self.shelf.source(number))
        return self._known[number]


async def explain_score(desk: ExplainingDesk, models: Models, operation: str) -> dict[str, Any]:
    """The factors of every model's score of one recorded operation, the strongest first, in both languages.

    Raises NotFound (`unknown_operation`, `not_scored`), SetupError where a model's file is not what it was.
    """
    stored = await recorded_operation(desk.archive, operation)
    row = stored.row
    programs = Programs(desk.policy_shelf)
    program = await programs.program(row.policy_id)
    facts = dict(zip(program.index, _FACTS.decode(row.facts), strict=True))
    scored = [model for model in program.models if facts.get(model.fact) is not None]
    if not scored:
        raise NotFound(
            "not_scored",
            f"No model has scored {operation}.",
            f"没有模型对 {operation} 评分。",
            operation=operation,
        )
    history = await desk.recorded_facts.of_account(row.account, row.occurred_at, stored.seq, HISTORY_MAX)
    before = [
        dict(zip((await programs.program(one.policy_id)).index, one.facts, strict=True)) for one in history
    ]
    explained = [_explained(model, program, facts, before, models) for model in scored]
    return {"operation": row.id, "account_history": len(before), "models": explained}


def _explained(
    model: BoundModel,
    program: Program,
    facts: Mapping[str, Any],
    before: Sequence[Mapping[str, Any]],
    models: Models,
) -> dict[str, Any]:
    assert model.file is not None, "what has scored has a file"
    card = models.find(model.file)
    medians = {one.name: one.median for one in card.baselines}
    fallback = row_of(model.inputs, medians)
    history = np.array([row_of(model.inputs, one) for one in before]).reshape(-1, len(model.inputs))
    usual = usual_row(history, fallback)
    row = row_of(model.inputs, facts)
    scorer = models.opened(model.file, model.name, len(model.inputs))
    score, effect = effects(row, usual, scorer.many)
    types = {spec.name: spec.type.value for spec in program.specs}
    factors = [
        Factor(name, types[name], facts.get(name), _plain(usual[place]), round(float(effect[place]), 6))
        for place in strongest(effect, FACTORS_MAX, EFFECT_LEAST)
        for name in (model.inputs[place],)
    ]
    return {
        "model": model.name,
        "file": model.file,
        "score": facts[model.fact],
        "score_now": score,
        "factors": [
            {
                "input": one.name,
                "value": one.value,
                "usual": one.usual,
                "effect": one.effect,
                "text": factor_text(one, program.currency),
            }
            for one in factors
        ],
    }


def factor_text(factor: Factor, currency: str) -> Text:
    """One reason as a sentence."""
    now, usual = (
        words_of(factor.type, _typed(factor.type, one), currency) for one in (factor.value, factor.usual)
    )
    way = ("raises", "提高") if factor.effect > 0 else ("lowers", "降低")
    points = f"{abs(factor.effect):.2f}"
    return Text(
        en=f"{factor.name} is {now[0]}, usually {usual[0]}: {way[0]} the score by {points}",
        zh=f"{factor.name} 为{now[1]}，平时为{usual[1]}：评分{way[1]} {points}",
    )


def row_of(inputs: Sequence[str], facts: Mapping[str, Any]) -> NDArray[np.float64]:
    """The inputs as a model takes them: doubles, NaN where one is unknown or not there."""
    values = (facts.get(name) for name in inputs)
    return np.array([math.nan if value is None else float(value) for value in values])


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _typed(type_: str, value: Any) -> Any:
    """A median in the form that its type has among the facts."""
    if value is None:
        return None
    if type_ == "boolean":
        return value >= 0.5
    return round(value) if type_ in ("money", "duration", "integer") else value
