"""How fast rules are: against one hand-written Python function, zen-engine and Google's CEL.

    python -m benchmarks.engine [--rounds 15] [--json FILE]

Fairness: hit lists and reasons of all four are compared on 2,000 events before anything is timed; rounds
alternate; CPU time of this process; ratios of medians; a run whose calibrator moves by more than 1.5 is too
noisy to pass. Each peer gets its best form: one list expression, and facts in the shape it likes.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.engine_peers import Printer, conditions, hand_written
from benchmarks.engine_rules import facts_at_random, policy

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.decisions.decide import Question, decide
from countermand.flows.circumstances import EMPTY
from countermand.kernel.clock import moment_of
from countermand.policy.package import compile_policy
from countermand.policy.program import Circumstances, Program
from countermand.vocabulary.operations import Amount, Channel, Counterparty, Device, Kind, Operation, Signals
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import Place

EVENTS = 2000
GOALS = {"hand_written": 1.5, "zen": 3.0, "cel": 8.0}
END_TO_END_MICROS_MAX = 250

Engine = Callable[[int], list[Any]]


def calibrator() -> float:
    """A fixed piece of work, in seconds of CPU."""
    started = time.process_time()
    total = 0
    for number in range(300_000):
        total += number & 7
    return time.process_time() - started


def engines(program: Program, events: list[list[Any]]) -> dict[str, Engine]:
    """Each engine gives the reasons (rule and words) of event number n."""
    from cel_expr_python import cel
    from zen import compile_expression

    words = [(rule.id, rule.reason) for rule in program.rules]
    kind_at = program.index["kind"]
    evaluate, by_hand = program.evaluate, hand_written(program)
    names = {spec.name: spec.name for spec in program.specs}
    dicts = [dict(zip(names, event, strict=True)) for event in events]
    zen = compile_expression("[" + ", ".join(conditions(program, Printer("zen", names))) + "]")
    types = {"boolean": cel.Type.BOOL, "text": cel.Type.STRING, "number": cel.Type.DOUBLE}
    variables = {spec.name: types.get(spec.type.value, cel.Type.INT) for spec in program.specs}
    variables["usual"] = cel.Type.DOUBLE
    environment = cel.NewEnv(variables=variables)
    one = environment.compile("[" + ", ".join(conditions(program, Printer("cel", names))) + "]")
    doubles = [{**facts, "usual": float(facts["usual"])} for facts in dicts]

    def ours(number: int) -> list[Any]:
        facts = events[number]
        return [words[hit] for hit in evaluate(facts[kind_at], facts).fired]

    def hand(number: int) -> list[Any]:
        return [words[hit] for hit in by_hand(events[number])]

    def with_zen(number: int) -> list[Any]:
        return list(itertools.compress(words, zen.evaluate(dicts[number])))

    def with_cel(number: int) -> list[Any]:
        return list(itertools.compress(words, one.eval(data=doubles[number]).plain_value()))

    return {"ours": ours, "hand_written": hand, "zen": with_zen, "cel": with_cel}


def cpu_micros(engine: Engine) -> float:
    """CPU time per event of one pass over all events."""
    started = time.process_time()
    for number in range(EVENTS):
        engine(number)
    return (time.process_time() - started) / EVENTS * 1e6


def against_peers(count: int, rounds: int) -> dict[str, Any]:
    """`count` rules over known facts: every engine gives the same reasons, then they take turns."""
    program = compile_policy(policy(count))
    rng = random.Random(20261122)
    events = [facts_at_random(rng, program.specs, 0.0) for _ in range(EVENTS)]
    racers = engines(program, events)
    hits = 0
    for number in range(EVENTS):
        expected = racers["hand_written"](number)
        hits += len(expected)
        for name, engine in racers.items():
            assert engine(number) == expected, f"{name} disagrees on event {number}"
    # With a tenth of the facts unknown the peers do not apply; ours still has to be quick.
    holes = [facts_at_random(rng, program.specs, 0.1) for _ in range(EVENTS)]
    racers["ours_with_unknown_facts"] = _ours(program, holes)
    micros: dict[str, list[float]] = {name: [] for name in racers}
    steady: list[float] = []
    for _ in range(rounds):
        steady.append(calibrator())
        for name, engine in racers.items():
            micros[name].append(cpu_micros(engine))
    median = {name: statistics.median(found) for name, found in micros.items()}
    noisy = max(steady) > 1.5 * min(steady)
    ratios = {name: _ratio(micros["ours"], micros[name], hand=name == "hand_written") for name in GOALS}
    met = {
        name: ratio["median"] <= GOALS[name] if name == "hand_written" else ratio["median"] >= GOALS[name]
        for name, ratio in ratios.items()
    }
    return {
        "rules": count,
        "facts": len(program.specs),
        "hits_per_event": round(hits / EVENTS, 2),
        "micros": {name: round(found, 2) for name, found in median.items()},
        "ratios": ratios,
        "verdict": "too noisy"
        if noisy
        else {name: "met" if good else "missed" for name, good in met.items()},
    }


def _ours(program: Program, events: list[list[Any]]) -> Engine:
    words = [(rule.id, rule.reason) for rule in program.rules]
    kind_at, evaluate = program.index["kind"], program.evaluate
    return lambda number: [words[hit] for hit in evaluate(events[number][kind_at], events[number]).fired]


def _ratio(ours: list[float], theirs: list[float], *, hand: bool) -> dict[str, float]:
    """Ours over the hand-written, the peers over ours; deciles of the ratios round by round."""
    each = sorted(mine / other if hand else other / mine for mine, other in zip(ours, theirs, strict=True))
    tenths = statistics.quantiles(each, n=10)
    over = statistics.median(ours) / statistics.median(theirs)
    return {
        "median": round(over if hand else 1 / over, 2),
        "decile_2": round(tenths[1], 2),
        "decile_8": round(tenths[7], 2),
    }


# -- a whole operation: 200 rules, 30 windows -----------------------------------------------------------

MORE_WINDOWS = "".join(
    f"  more_{key}_{hours}h: {{{what}, where: \"kind <> 'login'\", by: {key}, over: {hours} hours}}\n"
    for key in ("account", "device", "ip", "counterparty")
    for hours, what in (
        (2, "count: operations"),
        (12, "sum: amount"),
        (48, "distinct: person"),
        (96, "max: amount"),
    )
)


def operations(rng: random.Random, count: int) -> list[tuple[Operation, Account, int]]:
    """A stream of operations of 20,000 accounts, a second apart."""
    found = []
    for number in range(count):
        at = 1_780_000_000_000_000 + number * 10**6
        who = rng.randrange(20_000)
        operation = Operation(
            id=f"o{number}",
            kind=rng.choice(
                [Kind.PAYMENT, Kind.PAYMENT, Kind.TRANSFER, Kind.LOGIN, Kind.WITHDRAWAL, Kind.LOAN_APPLY]
            ),
            account=f"a{who}",
            person=f"p{who}",
            occurred_at=moment_of(at),
            channel=Channel.APP,
            amount=Amount(int(rng.lognormvariate(9, 1.6)) + 1, "CNY"),
            counterparty=Counterparty(f"c{rng.randrange(5000)}"),
            device=Device(
                f"d{rng.randrange(25_000)}", Signals(emulator=False, rooted=False, remote_control=False)
            ),
            ip=f"10.{rng.randrange(200)}.{rng.randrange(200)}.1",
        )
        account = Account(
            id=f"a{who}",
            guard=1,
            type="full",
            opened_at=at - 10**14,
            kyc_level=3,
            home_places=("CN",),
            home_ips=("10.0.0.1",),
            devices=(f"d{who}",),
        )
        found.append((operation, account, at))
    return found


def end_to_end(rounds: int) -> dict[str, Any]:
    """Given -> read -> complete -> decide -> observe, CPU per operation, with memory windows."""
    files = policy(50, copies=6)
    files["more.yaml"] = "features:\n" + MORE_WINDOWS
    program = compile_policy(files)
    store = MemoryFeatureStore(program.plan)
    stream = operations(random.Random(7), 1000 * (rounds + 2))
    place, nothing = Place("CN", 4134, 39.9, 116.4), EMPTY
    micros, steady, outcomes = [], [], 0
    for chunk in range(rounds + 2):
        steady.append(calibrator())
        started = time.process_time()
        for operation, account, at in stream[chunk * 1000 : chunk * 1000 + 1000]:
            around = Circumstances(
                operation,
                account,
                place,
                at,
                nothing,
                nothing,
                at // 3_600_000_000 % 24,
                3,
                at // 86_400_000_000,
            )
            given = program.given(around)
            own = program.observation(given)
            facts = program.complete(given, store.read(own))
            decision = decide(Question(operation.id, operation.kind.value, facts, None, at), program)
            store.observe(program.observed(given, own, decision.outcome))
            outcomes += decision.outcome != "allow"
        if chunk >= 2:
            micros.append((time.process_time() - started) / 1000 * 1e6)
    middle, tenths = statistics.median(micros), statistics.quantiles(sorted(micros), n=10)
    noisy = max(steady) > 1.5 * min(steady)
    return {
        "rules": len(program.rules),
        "windows": len(program.plan.windows),
        "operations": len(stream),
        "not_allowed": outcomes,
        "micros": {
            "median": round(middle, 1),
            "decile_2": round(tenths[1], 1),
            "decile_8": round(tenths[7], 1),
        },
        "verdict": "too noisy" if noisy else "met" if middle <= END_TO_END_MICROS_MAX else "missed",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    gc.disable()
    figures: dict[str, Any] = {f"rules_{count}": against_peers(count, chosen.rounds) for count in (25, 50)}
    figures["end_to_end"] = end_to_end(chosen.rounds)
    for part, found in figures.items():
        print(part)
        for name, value in found.items():
            print(f"  {name:16} {value}")
    text = json.dumps(figures)
    print(text)
    if chosen.json:
        chosen.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
