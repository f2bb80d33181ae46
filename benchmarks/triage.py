"""Triage: what it misses, how sure it may be, and how fast it is beside scikit-learn's own pipeline.

    python -m benchmarks triage [--banking77 FILE] [--json OUT] [--reproduce]

(a) Of the held-out messages (tests/intake/adversarial.jsonl, never trained on, thresholds from training folds
only): the share of unwanted operations that are flagged `unauthorised`, at the share of other messages that
are flagged too. Goals: 99.5 % at no more than 15 %. (b) Expected calibration error, ten bins of equal
numbers, cross-validated: goal .03. (c) BANKING77 (FILE: text,category, plain or .zst) by cross-validation in
ten folds with the same pieces: goal .93. (d) CPU time of one message and of many, in rounds that alternate
with TfidfVectorizer + LogisticRegression and + LinearSVC, macro-F1 of the same folds beside it: goals one
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
from countermand.adapters.classifiers.linear_learner import folds_of, space_of
from countermand.app import TRIAGE_DATA, open_triage, read_triage_card, train_triage
from countermand.app.triage import TRIAGE_MODEL, read_messages
from countermand.intake.grams import grams, normal
from countermand.vocabulary.triage import Flag, Risk

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
    messages = [one for path in sorted(TRIAGE_DATA.glob("*.jsonl")) for one in read_messages(path)]
    texts = [normal(message.text) for message in messages]
    kinds = np.unique([message.category for message in messages], return_inverse=True)[1]
    card, triage = read_triage_card(), open_triage()
    model = triage.model
    raw = [message.text for message in messages][:: max(1, len(messages) // MESSAGES)][:MESSAGES]
    given: dict[str, object] = {"macro_f1": card.metrics["macro_f1"]}

    def ours(text: str) -> None:
        model.probabilities(model.margins(text))

    for name, (pipeline, measure) in peers(texts, kinds, folds_of(messages, card.seed)).items():
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
    figures: dict[str, object] = {"held_out": held_out(), "card": card.metrics, "speed": speed()}
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
