"""Policies and streams of operations at random, and what the live program says of them row by row."""

import json
import random
from dataclasses import dataclass

import pyarrow as pa

from countermand.decisions.decide import Question, judge
from countermand.policy.package import compile_recorded
from countermand.policy.reference import ReferenceStore
from countermand.policy.terms import MEASURED, Type
from countermand.policy.wording import written
from policy.at_random import VALUES
from policy.folders import HEAD

KINDS = ("payment", "transfer", "login", "withdrawal", "loan_apply")
SECOND = 10**6
SPANS = ("30 seconds", "1 minute", "2 minutes", "10 minutes", "1 hour", "2 days")
ENTITIES = (
    "account",
    "word",
    "[account, word]",
    "[account, local_day]",
    "local_hour",
    "[word, whole, local_hour]",
)
HUGE = [10**15, 9007199254740991, -9007199254740991, 4 * 10**12 + 7]
INTEGERS, MONIES = ["whole", "other", "local_hour", "doubled"], ["amount", "cash"]
COLUMNS = {
    "sum": [*MONIES, *INTEGERS, "wait", "vast"],
    "avg": [*MONIES, *INTEGERS, "wait", "vast"],
    "min": [*MONIES, *INTEGERS, "real", "vast"],
    "max": [*MONIES, *INTEGERS, "real", "vast"],
    "distinct": [*MONIES, *INTEGERS, "real", "word", "vast", "account"],
    "last": [*MONIES, *INTEGERS, "real", "word", "vast", "wait"],
}
MEASURED_NAMES = {
    "amount": "money", "cash": "money", "whole": "integer", "other": "integer", "real": "number",
    "wait": "duration", "doubled": "integer", "share": "number", "fee": "money",
    "vast": "integer", "ratio": "number", "balance": "money",
}  # fmt: skip
CONSTANTS = {
    "integer": ["0", "1", "2", "5"],
    "number": ["0.5", "1", "2.25"],
    "money": ["cny(0.01)", "cny(5)", "cny(2000)"],
    "duration": ["INTERVAL '10 seconds'", "INTERVAL '1 minute'", "INTERVAL '1 hour'"],
}
DERIVE = {
    "doubled": "whole * 2 + other",
    "vast": "whole * other",
    "ratio": "vast / (whole + 1)",
    "balance": "cash * 3 - amount",
    "share": "amount / cash",
    "fee": "amount * 0.1 + cash",
    "odd": "lower(word) LIKE 'a%' OR NOT flag",
}


@dataclass
class World:
    """A policy, and its given facts row by row in the order of recording."""

    files: dict
    program: object
    rows: list
    labels: list  # by row: what is learnt after it, as (row, fraud)

    def numbers(self):
        """The place of every operation, and of every label, in the one order they share."""
        at, operations, labels = 10, [], []
        for learnt in self.labels:
            operations.append(at)
            labels += [(labelled, at + 2 + 2 * n, fraud) for n, (labelled, fraud) in enumerate(learnt)]
            at += 2 + 2 * len(learnt)
        return operations, labels


def world(seed: random.Random, conditions, rows: int, *, labels: bool = False) -> World:
    """A policy with these conditions in its rules and filters, and a stream, with labels or without."""
    texts = [written(term, "CNY") for term in conditions]
    rules, filters = texts[::2], texts[1::2]
    features, types = _features(seed, filters, labels=labels)
    lines = ["derive:", *(f"  {name}: {json.dumps(text)}" for name, text in DERIVE.items())]
    lines += [f"  late{number}: {json.dumps(text)}" for number, text in enumerate(_late(seed, types))]
    files = {
        "policy.yaml": HEAD,
        "features.yaml": "features:\n" + "\n".join(features) + "\n",
        "derive.yaml": "\n".join(lines) + "\n",
        "rules.yaml": "rules:\n" + "\n".join(_rules(seed, [*rules, *_about(seed, types)])) + "\n",
        "limits.yaml": _limits(seed),
        "bands.yaml": "bands:\n"
        "  - {at_least: 30, then: challenge, reason: {en: A, zh: 一}}\n"
        "  - {at_least: 90, then: approve, reason: {en: B, zh: 二}}\n",
    }
    program = compile_recorded(files)
    stream = _stream(seed, program, rows)
    learnt = [
        [(seed.randrange(row + 1), seed.random() < 0.6) for _ in range(seed.choice((0, 0, 1, 2)))]
        for row in range(rows)
    ]
    return World(files, program, stream, learnt if labels else [[] for _ in range(rows)])


def _features(seed, filters, *, labels):
    """The lines of features, and each one's type."""
    lines, types = [], {}
    for number in range(seed.randint(2, 9)):
        aggregate = seed.choice(["count", "rate", "first_seen", "time_since_last", *COLUMNS])
        column = seed.choice(COLUMNS[aggregate]) if aggregate in COLUMNS else "operations"
        parts = [
            f"{aggregate}: {column}",
            f"by: {seed.choice(ENTITIES)}",
            f"over: {seed.choice([*SPANS, 'all'])}",
        ]
        parts += [f"per: {seed.choice(['second', 'minute', 'hour', 'day'])}"] if aggregate == "rate" else []
        where = [seed.choice(filters)] if filters and seed.random() < 0.6 else []
        own = seed.random() < 0.6
        if seed.random() < 0.25:
            where.append(f"outcome {seed.choice(['<>', '='])} '{seed.choice(['deny', 'hold', 'allow'])}'")
            own = False
        if labels and seed.random() < 0.5:
            where.append(seed.choice(["fraud", "NOT fraud", "fraud AND amount > cny(5)"]))
            own = False
        if aggregate not in ("first_seen", "time_since_last") and seed.random() < 0.3:
            parts[2] = f"over: {seed.choice(SPANS)}"
            parts.append(f"delay: {seed.choice(SPANS)}")
            own = None
        if where:
            parts.append(f"where: {json.dumps(' AND '.join(f'({one})' for one in where))}")
        if aggregate not in ("first_seen", "time_since_last", "last") and own is False:
            parts.append("own: excluded")
        lines.append(f"  w{number}: {{{', '.join(parts)}}}")
        if column not in ("word", "account") or aggregate == "distinct":
            types[f"w{number}"] = _type_of(aggregate, column)
    return lines, types


def _type_of(aggregate, column):
    if aggregate in ("count", "distinct"):
        return "integer"
    if aggregate in ("first_seen", "time_since_last"):
        return "duration"
    if aggregate == "rate" or (aggregate == "avg" and MEASURED_NAMES.get(column, "integer") == "integer"):
        return "number"
    return MEASURED_NAMES.get(column, "integer")


def _late(seed, types):
    """Expressions over features."""
    for name, type_ in list(types.items())[:4]:
        yield seed.choice([
            f"coalesce({name}, {CONSTANTS[type_][1]})",
            f"{name} / {seed.choice([one for one, t in {**types, **MEASURED_NAMES}.items() if t == type_])}",
            f"{name} * {seed.choice(['whole', 'real', '3', '0.1'])}"
            if type_ != "integer" else f"{name} % whole",
            f"CASE WHEN flag THEN {name} WHEN whole > 1 THEN {CONSTANTS[type_][2]} END",
            f"greatest(abs({name}), -{name})",
        ])  # fmt: skip


def _about(seed, types):
    """Conditions over features."""
    names = {**types, **MEASURED_NAMES}
    for name, type_ in types.items():
        other = seed.choice([one for one, t in names.items() if t == type_] + CONSTANTS[type_])
        yield f"{name} {seed.choice(['<', '<=', '>', '>=', '=', '<>'])} {other}"


def _rules(seed, conditions):
    for number, condition in enumerate(conditions):
        kinds = f", on: [{', '.join(seed.sample(KINDS, seed.randint(1, 3)))}]" if seed.random() < 0.4 else ""
        then = f", then: {seed.choice(['challenge', 'hold', 'approve', 'deny', 'allow'])}"
        points = f", score: {seed.choice([10, 40, 700])}"
        said = seed.choice([then, points, then + points])
        unknown = f", if_unknown: {seed.choice(['fire', 'skip'])}" if seed.random() < 0.7 else ""
        yield (
            f"  - {{id: r{number}, when: {json.dumps(condition)}{kinds}{said}{unknown}, "
            'reason: {en: "So", zh: "因"}}'
        )


def _limits(seed):
    if seed.random() < 0.5:
        return "limits: []\n"
    return (
        "limits:\n  - {id: daily, kinds: [payment, transfer], "
        f"per_day: cny({seed.choice(['20', '4000'])}), per_operation: cny(1999), "
        f"then: {seed.choice(['deny', 'hold'])}, "
        "reason: {en: L, zh: 限}}\n"
    )


def _stream(seed, program, count):
    """Given facts in order of recording: late, tied, unknown, big and negative."""
    newest, late, missing = 1_780_000_000 * SECOND, seed.choice((0, 0.2, 0.5)), seed.choice((0, 0.1, 0.4))
    huge = seed.random() < 0.3
    step = seed.choice((SECOND, 20 * SECOND, 3600 * SECOND))
    found = []
    for _ in range(count):
        newest += seed.choice((0, 0, 1, step, 2 * step, 7))
        at = newest - (seed.choice((1, step, 3 * step, 86400 * SECOND)) if seed.random() < late else 0)
        specs = program.specs[: len(program.package.given)]
        facts = [_value(seed, spec, at, missing, huge) for spec in specs]
        found.append(program._rederive(facts) if program._rederive else facts)
    return found


def _value(seed, spec, at, missing, huge):
    fixed = {
        "occurred_at": at,
        "kind": seed.choice(KINDS),
        "account": seed.choice(["a", "b", "c"]),
        "local_hour": at // (3600 * SECOND) % 24,
        "local_day": at // (86400 * SECOND),
    }
    if spec.name in fixed:
        return fixed[spec.name]
    if spec.nullable and seed.random() < missing:
        return None
    if huge and spec.type in MEASURED and spec.type is not Type.NUMBER and seed.random() < 0.2:
        return seed.choice([abs(one) for one in HUGE] if spec.name in ("amount", "tenure") else HUGE)
    return seed.choice(VALUES[spec.type])


def live(world: World, store=None):
    """What the live program says: all facts, the verdict, and the outcome's word, row by row."""
    program = world.program
    store = store or ReferenceStore(program.plan)
    told, tickets = [], {}
    for given, learnt in zip(world.rows, world.labels, strict=True):
        observation = program.observation(given)
        facts = program.complete(given, store.read(observation))
        kind = given[program.index["kind"]]
        verdict = judge(Question("d", kind, facts, None, 0), facts, program)
        told.append((facts, verdict))
        store.observe(program.observed(given, observation, verdict.outcome.word))
        for row, fraud in learnt:
            known = world.rows[row]
            word = told[row][1].outcome.word
            entering = program.labelled(known, program.observation(known), word, fraud=fraud)
            tickets[row] = store.amend(tickets.get(row, 0), entering)
    return told


ARROW = {"boolean": pa.bool_(), "number": pa.float64(), "text": pa.string(), "null": pa.bool_()}


def facts_table(world: World, outcomes=None) -> pa.Table:
    """The facts table of a world in memory; `outcomes` as recorded, or none."""
    program, rows = world.program, world.rows
    count = len(rows)
    numbers, labels = world.numbers()
    last = {row: (seq, fraud) for row, seq, fraud in labels}
    columns = {
        "seq": pa.array(numbers, pa.int64()),
        "id": pa.array([f"o{number}" for number in range(count)]),
        "at": pa.array([row[program.index["occurred_at"]] for row in rows], pa.int64()),
        "kind": pa.array([row[program.index["kind"]] for row in rows]),
        "account": pa.array([row[program.index["account"]] for row in rows]),
        "outcome": pa.array(outcomes or [None] * count, pa.string()),
        "label": pa.array([last.get(row, (None, None))[1] for row in range(count)], pa.bool_()),
        "label_seq": pa.array([last.get(row, (None, None))[0] for row in range(count)], pa.int64()),
    }
    for number, spec in enumerate(program.specs[: len(program.package.given)]):
        type_ = ARROW.get(spec.type.value, pa.int64())
        columns[f"given.{spec.name}"] = pa.array([row[number] for row in rows], type_)
    return pa.table(columns)


def corrections(world: World) -> pa.Table | None:
    """Every label in the order of its coming, of the operations whose label was corrected."""
    numbers, labels = world.numbers()
    again = {row for row, _, _ in labels if sum(one == row for one, _, _ in labels) > 1}
    rows = [(numbers[row], seq, fraud) for row, seq, fraud in labels if row in again]
    names = ("seq", "label_seq", "label")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True))) if rows else None
