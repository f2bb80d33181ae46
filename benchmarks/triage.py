"""Triage: what it misses, how sure it may be, and how fast it is beside scikit-learn's own pipeline.

    python -m benchmarks triage [--banking77 FILE] [--json OUT] [--reproduce]

(w) Of the shipped messages, those of each writer (a file of many categories) by a model that never saw that
writer, and how many claims a machine could have closed there. (a) Of the held-out messages
(tests/intake/adversarial.jsonl, never trained on, thresholds from training folds only): the share of unwanted
operations that are flagged `unauthorised`, at the share of other messages that are flagged too. Goals: 99.5 %
at no more than 15 %. (b) Expected calibration error, ten bins of equal numbers, cross-validated: goal .03.
(c) BANKING77 (FILE: text,category, plain or .zst) by cross-validation in ten folds with the same
pieces: goal .93. (d) CPU time of one message and of many, in rounds that alternate with TfidfVectorizer +
LogisticRegression and + LinearSVC, macro-F1 of the same folds beside it (each writer held back): goals one
fifth for one message, one half for many. `--reproduce` trains the shipped model again and compares bytes.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import PredefinedSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from countermand.adapters.classifiers.calibrating import reliability
from countermand.adapters.classifiers.judging import held_back
from countermand.adapters.classifiers.linear_learner import (
    LinearLearner,
    folds_of,
    goals_of,
    space_of,
    voices_of,
)
from countermand.app import TRIAGE_DATA, open_triage, read_triage_card, train_triage
from countermand.app.triage import TRIAGE_MODEL, read_messages, read_triage_rules
from countermand.intake.grams import grams, normal
from countermand.intake.risk import SIMPLE
from countermand.intake.triage_rules import read_concepts
from countermand.vocabulary.triage import Category, Flag, Risk

HELD_OUT = Path(__file__).parent.parent / "tests" / "intake" / "adversarial.jsonl"
ROUNDS, MESSAGES = 9, 400
FOLDS = 10


def held_out() -> dict[str, float]:
    """Figure (a), and what else the held-out messages say."""
    if not HELD_OUT.is_file():
        print("NOT MEASURED: there is no tests/intake/adversarial.jsonl")
        return {}
    messages, triage = read_messages(HELD_OUT), open_triage()
    readings = [triage.read(message.text, explain=False) for message in messages]
    claims = np.array([message.unauthorised for message in messages])
    flagged = np.array([Flag.UNAUTHORISED in reading.flags for reading in readings])
    urgent = np.array([reading.risk <= Risk.P1 for reading in readings])
    closable = np.array([reading.closable for reading in readings])
    sure = np.array([reading.confidence for reading in readings])
    right = np.array([r.category == m.category for r, m in zip(readings, messages, strict=True)])
    kept = ~np.array([reading.abstained for reading in readings])
    figures = {
        "messages": len(messages),
        "claims": int(claims.sum()),
        "unauthorised_recall": float(flagged[claims].mean()),
        "false_escalation": float(flagged[~claims].mean()),
        "claims_at_p1_or_above": float(urgent[claims].mean()),
        "claims_a_machine_could_close": int((claims & closable).sum()),
        "category_accuracy": float(right.mean()),
        "macro_f1": float(
            f1_score([m.category for m in messages], [r.category for r in readings], average="macro")
        ),
        "abstained": float((~kept).mean()),
        "accuracy_where_not_abstained": float(right[kept].mean()),
        "category_calibration_error": reliability(sure, right)[0],
        "unauthorised_calibration_error": reliability(
            np.array([reading.unauthorised for reading in readings]), claims
        )[0],
    }
    for flag in (Flag.DISTRESS, Flag.HUMAN):
        wanted = np.array([getattr(message, flag) for message in messages])
        given = np.array([flag in reading.flags for reading in readings])
        if wanted.any():
            figures[f"{flag}_recall"] = float(given[wanted].mean())
            figures[f"{flag}_precision"] = float(wanted[given].mean())
    scores = np.array([reading.unauthorised for reading in readings])
    order = np.sort(scores[claims])
    threshold = order[int(0.005 * len(order))]
    figures["false_escalation_were_recall_99.5"] = float((scores[~claims] >= threshold).mean())
    return figures


def writers() -> dict[str, object]:
    """Figure (w): the model alone, without its rules, on writers it did not learn from."""
    read = {path.name: read_messages(path) for path in sorted(TRIAGE_DATA.glob("*.jsonl"))}
    messages = [one for found in read.values() for one in found]
    sources = [name for name, found in read.items() for _ in found]
    learnt = LinearLearner().fit(
        messages, read_concepts(read_triage_rules()), read_triage_card().seed, sources
    )
    goals, kinds = goals_of(messages), [one.category for one in messages]
    sure, claimed = held_back(learnt.margins, goals, learnt.folds)
    told = [list(Category)[place] for place in learnt.margins[:, : len(Category)].argmax(axis=1)]
    right = np.array([one is other for one, other in zip(told, kinds, strict=True)])
    claims = goals[:, len(Category)] == 1
    thresholds = learnt.file.thresholds
    flagged = claimed >= thresholds[str(Flag.UNAUTHORISED)]
    basic = np.array([one in SIMPLE for one in told])
    open_to_machine = basic & (sure >= thresholds["abstain"]) & (claimed < thresholds["clear"])
    own = np.isin(sources, list(voices_of(messages, sources)))

    def measured(chosen: np.ndarray) -> dict[str, float]:
        return {
            "messages": int(chosen.sum()),
            "category_accuracy": float(right[chosen].mean()),
            "unauthorised_recall": float(flagged[chosen & claims].mean()) if (chosen & claims).any() else 1.0,
            "false_escalation": float(flagged[chosen & ~claims].mean()),
        }

    asked = np.array([one in SIMPLE for one in kinds])
    return {
        "all": measured(own),
        "claims_a_machine_could_close": int((open_to_machine & claims).sum()),
        "basic_questions_a_machine_could_answer": float((open_to_machine & asked).sum() / asked.sum()),
        **{name: measured(np.array(sources) == name) for name in sorted(set(np.array(sources)[own]))},
    }


def banking77(file: Path) -> dict[str, float]:
    """Figure (c): the same pieces and learner on 77 intents of an English bank."""
    content = file.read_bytes()
    if file.suffix == ".zst":
        import zstandard

        content = zstandard.ZstdDecompressor().stream_reader(content).read()
    rows = list(csv.reader(io.StringIO(content.decode())))[1:]
    found = [grams(text) for text, _ in rows]
    names = np.unique([name for _, name in rows], return_inverse=True)[1]
    shares = []
    for learn, held in StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(names, names):
        space = space_of([found[one] for one in learn], least=1)
        learner = LinearSVC(C=1.0).fit(space.matrix([found[one] for one in learn]), names[learn])
        told = learner.predict(space.matrix([found[one] for one in held]))
        shares.append(float((told == names[held]).mean()))
    return {"accuracy": float(np.mean(shares)), "lowest_fold": min(shares), "highest_fold": max(shares)}


def peers(texts: list[str], kinds: np.ndarray, folds: np.ndarray) -> dict[str, tuple[object, float]]:
    """scikit-learn's pipelines over the same normal form, and their macro-F1 in the same folds."""
    made = {
        "logistic": lambda: make_pipeline(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2),
            LogisticRegression(C=10, max_iter=60, tol=1e-3),
        ),
        "svm": lambda: make_pipeline(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2),
            LinearSVC(C=0.5),
        ),
    }
    fitted = {}
    for name, make in made.items():
        told = np.zeros_like(kinds)
        for learn, held in PredefinedSplit(folds).split():
            one = make().fit([texts[place] for place in learn], kinds[learn])
            told[held] = one.predict([texts[place] for place in held])
        fitted[name] = (make().fit(texts, kinds), float(f1_score(kinds, told, average="macro")))
    return fitted


def micros(work, items: list) -> float:
    """CPU microseconds of one item."""
    start = time.process_time_ns()
    for item in items:
        work(item)
    return (time.process_time_ns() - start) / len(items) / 1000


def speed() -> dict[str, object]:
    """Figure (d): rounds alternate; the median and the second and eighth decile of the ratios of rounds."""
    read = {path.name: read_messages(path) for path in sorted(TRIAGE_DATA.glob("*.jsonl"))}
    messages = [one for found in read.values() for one in found]
    texts = [normal(message.text) for message in messages]
    kinds = np.unique([message.category for message in messages], return_inverse=True)[1]
    card, triage = read_triage_card(), open_triage()
    folds = folds_of(messages, card.seed, [name for name, found in read.items() for _ in found])
    model = triage.model
    raw = [message.text for message in messages][:: max(1, len(messages) // MESSAGES)][:MESSAGES]
    given: dict[str, object] = {"macro_f1": card.metrics["macro_f1"]}

    def ours(text: str) -> None:
        model.probabilities(model.margins(text))

    for name, (pipeline, measure) in peers(texts, kinds, folds).items():
        told = pipeline.predict_proba if name == "logistic" else pipeline.decision_function
        for text in raw:
            ours(text)
            triage.read(text)
        single, many, whole, own, theirs = [], [], [], [], []
        for _ in range(ROUNDS):
            mine = micros(ours, raw)
            read = micros(lambda text: triage.read(text, explain=False), raw)
            other = micros(lambda text, told=told: told([text]), raw)
            batch = micros(model.many, [raw]) / len(raw)
            other_batch = micros(told, [raw]) / len(raw)
            own.append(mine)
            theirs.append(other)
            single.append(other / mine)
            whole.append(other / read)
            many.append(other_batch / batch)
        given[name] = {
            "macro_f1": measure,
            "their_micros": float(np.median(theirs)),
            "our_micros": float(np.median(own)),
            "single_ratio": [float(np.quantile(single, q)) for q in (0.2, 0.5, 0.8)],
            "single_ratio_with_rules": [float(np.quantile(whole, q)) for q in (0.2, 0.5, 0.8)],
            "many_ratio": [float(np.quantile(many, q)) for q in (0.2, 0.5, 0.8)],
        }
    return given


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--banking77", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--reproduce", action="store_true")
    options = parser.parse_args()
    card = read_triage_card()
    figures: dict[str, object] = {
        "held_out": held_out(),
        "writers": writers(),
        "card": card.metrics,
        "speed": speed(),
    }
    if options.banking77 is not None:
        figures["banking77"] = banking77(options.banking77)
    else:
        print("NOT MEASURED: BANKING77 (say --banking77 FILE)")
    if options.reproduce:
        content, _ = train_triage([], card.seed)
        figures["same_bytes"] = content == TRIAGE_MODEL.read_bytes()
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
