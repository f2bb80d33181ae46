"""The Handbook's protocol: the published rows, and a model trained through the policy language beside them.

    python -m benchmarks handbook FILE [--json OUT] [--rows-cache FILE.npz]

FILE is the Fraud Detection Handbook's simulated data in one Parquet file (183 daily files put together).
Every input is a feature or a derived value of `benchmarks/handbook_policy`, read from the product's windows
as of each payment; labels enter seven days late. Protocol (Handbook, chapters 4 and 5): seven days learn,
seven days wait for labels, seven days judge; cards known as compromised leave. Measures: AUC ROC, average
precision, and the share of compromised cards among the 100 most suspicious of a day. Prequential: four such
weeks, one after the other, the first starting on 2018-07-25 (chapter 5: `start_date_training_for_test` is
three weeks later, and the folds go back from there). What may be chosen (parameters, features) was chosen on
earlier weeks, printed as such, none of which judges: the Handbook's own four for validation.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from benchmarks.handbook_published import GOALS, PUBLISHED

from countermand.app import open_learner, open_operation_table, read_policy, rows_for_model
from countermand.oversight.measures import auc_roc, average_precision, card_precision
from countermand.policy.package import compile_for_training
from countermand.settings import Settings
from countermand.vocabulary.models import Rows, Training

POLICY = Path(__file__).parent / "handbook_policy"
DAY = 86400 * 10**6
SUMMER_TIME = 7200 * 10**6  # every day of the protocol is in Brussels' summer
WEEK = 7
FIRST_DAY = datetime(2018, 4, 1, tzinfo=UTC)
FIRST_START = (datetime(2018, 7, 25, tzinfo=UTC) - FIRST_DAY).days
TEST_STARTS = tuple(FIRST_START + WEEK * number for number in range(4))
# The Handbook's own weeks for choosing: the last of them is judged before the first test's week begins.
TUNING_STARTS = tuple(FIRST_START - 2 * WEEK - WEEK * back for back in range(4))
TRAINING = Training(
    seed=1,
    rounds=300,
    bags=3,
    calibration="none",  # a week has no later slice to spare, and no measure here looks at the scale
    parameters={"num_leaves": 7},
)


@dataclass(frozen=True)
class Fold:
    """One training week, and the judging week after the labels' delay."""

    train: Rows
    test: Rows
    test_days: np.ndarray


def days_of(rows: Rows) -> np.ndarray:
    """Days since the first one of the data, in its own time zone."""
    return (rows.at + SUMMER_TIME) // DAY - int(FIRST_DAY.timestamp()) // 86400


def fold(rows: Rows, days: np.ndarray, start: int) -> Fold:
    """The Handbook's `get_train_test_set`: cards seen defrauded leave, as soon as that can be known."""
    bad = rows.fraud == 1
    train = (days >= start) & (days < start + WEEK)
    known = np.zeros(int(rows.accounts.max()) + 1, dtype=bool)
    known[rows.accounts[train & bad]] = True
    kept = []
    for day in range(WEEK):
        known[rows.accounts[bad & (days == start + WEEK + day - 1)]] = True
        today = np.flatnonzero(days == start + 2 * WEEK + day)
        kept.append(today[~known[rows.accounts[today]]])
    chosen = np.concatenate(kept)
    return Fold(rows.only(train), rows.only(chosen), days[chosen])


def judged(one: Fold, training: Training) -> dict[str, float]:
    """The three measures on a fold, of the ONNX file that the training gives."""
    from countermand.adapters.models.onnx_scorer import open_model

    nothing = one.train.only(slice(0, 0))
    fitted = open_learner().fit(one.train, nothing, nothing, training)
    scores = open_model(fitted.content, "handbook").many(np.ascontiguousarray(one.test.facts))
    fraud, cards = one.test.fraud, one.test.accounts
    knowing = card_precision(fraud.astype(np.float64), fraud, one.test_days, cards)
    return {
        "auc": auc_roc(scores, fraud),
        "ap": average_precision(scores, fraud),
        "cp": card_precision(scores, fraud, one.test_days, cards),
        "cp_most": knowing,  # of whoever knows every fraud: most days have fewer than 100 compromised cards
        "difference_max": fitted.difference_max,
        "train": one.train.size,
        "train_fraud": int(one.train.fraud.sum()),
        "test": one.test.size,
        "test_fraud": int(fraud.sum()),
    }


def rows_of(file: Path, cache: Path | None) -> Rows:
    """All payments up to the end of the last judging week, with their inputs."""
    if cache is not None and cache.is_file():
        with np.load(cache) as kept:
            return Rows(**{name: kept[name] for name in ("facts", "fraud", "at", "accounts")})
    program = compile_for_training(read_policy(POLICY))
    opened = open_operation_table(file, "handbook", 1000)
    end = int(FIRST_DAY.timestamp()) * 10**6 - SUMMER_TIME + (max(TEST_STARTS) + 3 * WEEK) * DAY
    start = time.perf_counter()
    inputs = program.models[0].inputs
    rows = rows_for_model(Settings(), program, inputs, opened.table, WEEK * DAY, end).rows()
    seconds = time.perf_counter() - start
    print(
        f"{rows.size:,} payments, {len(inputs)} inputs, {len(program.plan.windows)} windows: {seconds:.0f} s"
    )
    if cache is not None:
        np.savez(cache, facts=rows.facts, fraud=rows.fraud, at=rows.at, accounts=rows.accounts)
    return rows


def row(name: str, figures: dict[str, float], remark: str = "") -> str:
    return f"{name:<42}{figures['auc']:>8.3f}{figures['ap']:>8.3f}{figures['cp']:>8.3f}  {remark}"


def mean(folds: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in folds])) for name in ("auc", "ap", "cp", "cp_most")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rows-cache", type=Path)
    parser.add_argument(
        "--seeds", type=int, default=1, help="learn again with other seeds: how far luck goes"
    )
    options = parser.parse_args()
    if options.file is None and not (options.rows_cache and options.rows_cache.is_file()):
        print("SKIPPED: name the Handbook's Parquet file: python -m benchmarks handbook FILE")
        return
    rows = rows_of(options.file, options.rows_cache)
    days = days_of(rows)
    tuning = [judged(fold(rows, days, start), TRAINING) for start in TUNING_STARTS]
    test = [judged(fold(rows, days, start), TRAINING) for start in TEST_STARTS]
    last = test[0]
    print(f"\n{'':<42}{'AUC':>8}{'AP':>8}{'CP@100':>8}")
    print(f"Week of 2018-07-25 ({last['train']:,}/{last['train_fraud']} learn, "
          f"{last['test']:,}/{last['test_fraud']} judge)")  # fmt: skip
    for name, figures in PUBLISHED["week"].items():
        print(row(f"  {name}", figures, "published"))
    print(row("  Countermand", last))
    print("Prequential, four weeks")
    for name, figures in PUBLISHED["prequential"].items():
        print(row(f"  {name}", figures, "published"))
    ours = mean(test)
    spread = " ".join(f"{one['ap']:.3f}/{one['cp']:.3f}" for one in test)
    print(row("  Countermand", ours, f"AP/CP by week: {spread}"))
    print(row("  Countermand, the four weeks for tuning", mean(tuning)))
    print(f"  {'the most that any score could reach':<40}{1:>8.3f}{1:>8.3f}{ours['cp_most']:>8.3f}")
    for seed in range(TRAINING.seed + 1, TRAINING.seed + options.seeds):
        # Far enough from the first: each of the bags has a seed of its own.
        lucky = replace(TRAINING, seed=seed * 1000)
        others = mean([judged(fold(rows, days, start), lucky) for start in TEST_STARTS])
        print(row(f"  Countermand, seed {lucky.seed}", others))
    for name, goal in GOALS.items():
        reached = "reached" if ours[name] >= goal else "NOT reached"
        print(f"  goal {name} >= {goal}: {reached} ({ours[name]:.4f})")
    if options.json:
        report = {"week": last, "prequential": ours, "folds": test, "tuning": tuning, "goals": GOALS}
        options.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
