"""Goal: a model's score is offline what it is live, to the last bit, and decides the same.

Method: random policies and streams with a model over their own facts, whose scorer is plain arithmetic.
"""

import dataclasses
import math
import random

import pytest

from adapters.offline.test_duckdb import compare
from countermand.adapters.offline.duckdb import DuckDbEngine
from countermand.policy.package import compile_recorded
from countermand.policy.terms import Term, Type, literal
from policy.folders import REASON
from policy.offline_worlds import facts_table, live, world

NUMBERS = {Type.BOOLEAN, Type.INTEGER, Type.NUMBER, Type.MONEY, Type.DURATION}


MORE = Term(
    ">", Type.BOOLEAN, True, (Term("name", Type.INTEGER, True, (), "whole"), literal(3, Type.INTEGER))
)


class Scores:
    """A score that depends on every input, and on which of them are unknown."""

    def scorer(self, model):
        def score(*inputs):
            known = [0.5 if math.isnan(one) else math.atan(one / 1000) / 4 + 0.5 for one in inputs]
            return sum((place + 1) * one for place, one in enumerate(known)) / sum(range(1, len(known) + 1))

        return score


def section(program):
    """A model over all the numbers of a policy, and a challenger over one of them."""
    inputs = [one.name for one in program.specs if one.type in NUMBERS and "." not in one.name]
    names = ", ".join(inputs)
    return f"""models:
  risk:
    title: {{en: "Risk", zh: "风险"}}
    file: sha256:{"0" * 64}
    on: [payment, transfer]
    inputs: [{names}]
    essential: [{inputs[0]}]
    bands:
      - {{at_least: 0.3, then: challenge, {REASON}}}
      - {{at_least: 0.5, then: hold, score: 20, {REASON}}}
  rival:
    title: {{en: "Rival", zh: "对手"}}
    file: sha256:{"1" * 64}
    role: challenger
    inputs: [{inputs[-1]}]
"""


@pytest.mark.parametrize("seed", range(4))
def test_scores_and_their_bands_are_the_live_ones(seed):
    """Every fact, the scores among them, and every verdict."""
    case = world(random.Random(seed), [MORE] * 6, 80)
    files = {**case.files, "models.yaml": section(case.program)}
    case = dataclasses.replace(case, files=files, program=compile_recorded(files, Scores()))
    told = live(case)
    assert any(facts[-1] is not None for facts, _ in told)
    outcomes = [verdict.outcome.word for _, verdict in told]
    engine = DuckDbEngine(scorers=Scores())
    with engine.run(case.program.package, facts_table(case, outcomes), settle=False) as run:
        compare(case, run, told)
