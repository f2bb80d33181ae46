"""How often the right article is among the first three, and how often nothing is offered where nothing fits.

The questions were written apart from the articles' own. Half of them, by a stable hash, may be looked at
while the search is tuned; the other half is the figure.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from datetime import date
from pathlib import Path

from countermand.app import read_knowledge
from countermand.intake.knowledge import read_library
from countermand.intake.retrieval import Index, Lexicon, answering
from countermand.kernel.shares import share

QUESTIONS = Path(__file__).parent.parent / "tests" / "intake" / "questions.jsonl"
DAY = date(2026, 11, 22)
REPEATS = 20


def in_tuning_half(text: str) -> bool:
    """Which half a question belongs to, for ever."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


def read_questions() -> list[dict]:
    """Every question with the articles that answer it; none for what the desk knows nothing of."""
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def measured(index: Index, questions: list[dict]) -> dict:
    """Hits among the first and the first three, offers where there is an answer and where there is none."""
    known = [one for one in questions if one["articles"]]
    unknown = [one for one in questions if not one["articles"]]
    figures = {"questions": len(known), "first": 0, "top3": 0, "offered": 0, "offered_right": 0, "missed": []}
    for one in known:
        found = index.search(one["text"])
        names = [each.article.id for each in found]
        first, three = names[:1] and names[0] in one["articles"], set(names) & set(one["articles"])
        figures["first"] += bool(first)
        figures["top3"] += bool(three)
        offered = answering(found)
        figures["offered"] += offered is not None
        figures["offered_right"] += offered is not None and bool(first)
        if not three:
            figures["missed"].append(f"{one['text']} -> {names}, not {one['articles']}")
    offers = [one["text"] for one in unknown if answering(index.search(one["text"])) is not None]
    return {**figures, "unknown": len(unknown), "offered_unknown": len(offers), "offered_in_vain": offers}


def main() -> None:
    """Print both halves by language, and what a search costs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--show-tuning", action="store_true", help="show what the tuning half misses")
    arguments = parser.parse_args()
    library = read_library(read_knowledge())
    index = Index(library.in_force(DAY), Lexicon(library.words))
    questions = read_questions()
    results = {}
    for half, name in ((True, "tuning half"), (False, "held-out half")):
        own = [one for one in questions if in_tuning_half(one["text"]) is half]
        for language in ("zh", "en", "both"):
            chosen = [one for one in own if language in (one["lang"], "both")]
            figures = results[f"{name}, {language}"] = measured(index, chosen)
            told(f"{name}, {language}", figures)
        if half and arguments.show_tuning:
            print(*figures["missed"], *figures["offered_in_vain"], sep="\n")
    began = time.perf_counter()
    for _ in range(REPEATS):
        for one in questions:
            index.search(one["text"])
    micros = (time.perf_counter() - began) / REPEATS / len(questions) * 1e6
    print(f"one search: {micros:.0f} microseconds")
    if arguments.json:
        arguments.json.write_text(json.dumps({**results, "search_microseconds": micros}, ensure_ascii=False))


def told(name: str, figures: dict) -> None:
    """One line a group."""
    count = figures["questions"]
    three = share(figures["top3"], count)
    wrong = figures["offered"] - figures["offered_right"]
    print(
        f"{name:20} {count:4} questions: first {figures['first'] / count:.1%}, "
        f"top three {three.value:.1%} ({three.low:.1%}-{three.high:.1%}), "
        f"offered {figures['offered'] / count:.1%}, of them wrong {wrong}; "
        f"nothing fits {figures['unknown']}: offered {figures['offered_unknown']}"
    )


if __name__ == "__main__":
    main()
