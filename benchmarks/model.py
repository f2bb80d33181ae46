"""What a model costs inside a decision: CPU microseconds of a row, scored alone and inside `decide()`.

    python -m benchmarks model [--json OUT]

A LightGBM model of 200 trees with 31 leaves over 40 inputs, scored by ONNX Runtime on one thread. The cost
inside the decision is the difference between a policy with the model and the same policy without; the goal is
50 microseconds. Explaining a score (one batch of inputs + 1 rows) is measured too.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from pathlib import Path

import numpy as np

from countermand.adapters.models.lightgbm_learner import LightGbmLearner
from countermand.adapters.models.onnx_scorer import open_model
from countermand.decisions.decide import Question, decide
from countermand.oversight.factors import effects
from countermand.policy.package import compile_policy
from countermand.vocabulary.models import Rows, Training

INPUTS, ROWS, TURNS = 40, 20_000, 5
GOAL_SCORE_MICROS, GOAL_EXPLAIN_MICROS = 50, 1000
HEAD = """policy: bench
version: "1"
title: {en: "Bench", zh: "基准"}
currency: CNY
attributes: {%s}
rules:
  - id: one
    on: [payment]
    when: %s
    then: hold
    reason: {en: "One", zh: "一"}
"""
MODEL = """models:
  bench:
    title: {en: "Bench", zh: "基准"}
    file: sha256:%s
    on: [payment]
    inputs: [%s]
    if_unknown: skip
    bands:
      - {at_least: 0.9, then: challenge, reason: {en: "Score", zh: "评分"}}
"""


def learnt() -> bytes:
    """A model of seeded rows."""
    chance = np.random.default_rng(1)
    facts = chance.normal(size=(ROWS, INPUTS))
    facts[chance.random(facts.shape) < 0.05] = np.nan
    odds = np.nansum(facts[:, :8], axis=1) - 4
    fraud = (chance.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    rows = Rows(facts, fraud, np.arange(ROWS), np.arange(ROWS))
    nothing = rows.only(slice(0, 0))
    training = Training(rounds=200, calibration="none", parameters={"num_leaves": 31})
    return LightGbmLearner().fit(rows, nothing, nothing, training).content


def micros(work, items: list) -> float:
    """CPU microseconds of one item, the best of some turns."""
    best = float("inf")
    for item in items[:200]:
        work(item)
    gc.disable()
    for _ in range(TURNS):
        start = time.process_time_ns()
        for item in items:
            work(item)
        best = min(best, (time.process_time_ns() - start) / len(items) / 1000)
    gc.enable()
    return best


def deciding(program, given: list) -> float:
    """`complete` and `decide` together, for facts as they are given."""

    def one(facts):
        whole = program.complete(facts, [])
        decide(Question("dec", "payment", whole, None, 0), program)

    return micros(one, given)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    content = learnt()
    scorer = open_model(content, "bench")
    names = [f"a{number}" for number in range(INPUTS)]
    head = HEAD % (", ".join(f"{name}: number" for name in names), " OR ".join(f"{n} > 9" for n in names))

    class Scorers:
        def scorer(self, model):
            return scorer

    without = compile_policy({"policy.yaml": head})
    with_it = compile_policy({"policy.yaml": head + MODEL % ("0" * 64, ", ".join(names))}, Scorers())
    chance = np.random.default_rng(2)
    rows = [tuple(float(one) for one in row) for row in chance.normal(size=(2000, INPUTS))]
    places = [with_it.index[name] for name in names]
    given = []
    for row in rows:
        facts: list = [None] * with_it.given_count
        facts[:3] = [0, "payment", "a"]
        for place, value in zip(places, row, strict=True):
            facts[place] = value
        given.append(facts)
    figures = {
        "score_micros": micros(lambda row: scorer(*row), rows),
        "decide_without_micros": deciding(without, given),
        "decide_with_micros": deciding(with_it, given),
        "explain_micros": micros(
            lambda row: effects(np.array(row), np.zeros(INPUTS), scorer.many), rows[:300]
        ),
    }
    figures["added_micros"] = figures["decide_with_micros"] - figures["decide_without_micros"]
    print(f"model of 200 trees x 31 leaves, {INPUTS} inputs, {len(content):,} bytes; CPU us, best of {TURNS}")
    print(f"  one row, the scorer alone          {figures['score_micros']:8.1f}")
    print(f"  one row, inside decide()           {figures['added_micros']:8.1f}  goal {GOAL_SCORE_MICROS}")
    print(f"  decide() without and with          {figures['decide_without_micros']:8.1f}"
          f"{figures['decide_with_micros']:8.1f}")  # fmt: skip
    print(
        f"  why: one score explained           {figures['explain_micros']:8.1f}  goal {GOAL_EXPLAIN_MICROS}"
    )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
