"""What leaks through masking, what it hides for nothing, and what it costs: a canary of seeded people.

    python -m benchmarks masking [--seed N] [--people 2000] [--data FOLDER] [--json OUT]

Every person has a value of each kind, written in one of the ways people write it, in a random sentence. A
leak is more than four characters of a number together, or anything of a name, an address, a password or a
code. With `--data`, the real texts in FOLDER/text (CFPB narratives, Chinese telephone dialogues) are masked
too: their numbers were invented or blacked out by whoever published them, so what is found there is listed,
not judged.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections import Counter
from pathlib import Path

from benchmarks.masking_people import SENTENCES, People

from countermand.intake.redaction import Masked, MaskFor, mask

LEAK_MIN = 5  # characters of a number together
GOAL_MICROS = 300
WHOLE = {"name", "name_en", "password", "code", "card_security", "address", "address_en"}
HOSTILE = {
    "digits": "1",
    "single digits": "1 ",
    "groups": "111 ",
    "phones": "13800138000 ",
    "codes": "验证码 1",
}
HOSTILE_CHARACTERS = 1_000_000


def leaks(kind: str, text: str, start: int, end: int, masked: Masked) -> bool:
    """Whether the value that stands at start..end can still be read, in part or in whole."""
    left = list(text[start:end])
    for one in masked.found:
        kept = max(map(len, re.findall(r"\d+", masked.text[one.shown_start : one.shown_end])), default=0)
        if kept >= LEAK_MIN:
            return True
        for at in range(max(start, one.start), min(end, one.end)):
            left[at - start] = " "
    bare = [len(part) for part in re.findall(r"\w+", re.sub(r"[ ·-]", "", "".join(left)))]
    return any(bare) if kind in WHOLE else max(bare, default=0) >= LEAK_MIN


def canary(people: People, count: int) -> dict[str, dict]:
    """How many values of each kind leak, and an example."""
    found = {}
    for kind in SENTENCES:
        examples = []
        for _ in range(count):
            text, start, end = people.said(kind, people.value(kind))
            if any(leaks(kind, text, start, end, mask(text, purpose)) for purpose in MaskFor):
                examples.append(text)
        found[kind] = {"planted": count, "leaked": len(examples), "examples": examples[:3]}
    return found


def false_masks(people: People, count: int) -> dict:
    """How many texts without a person in them are changed."""
    changed = [text for text in (people.harmless() for _ in range(count)) if mask(text).found]
    return {"texts": count, "masked": len(changed), "examples": [mask(text).text for text in changed[:8]]}


def real_texts(folder: Path) -> dict[str, list[str]]:
    """The published texts there are, by name."""
    texts = {}
    dialogues, narratives = (
        folder / "teleantifraud_dialogues_zh.jsonl.zst",
        folder / "cfpb_sample_narratives_a.parquet",
    )
    if dialogues.exists():
        import zstandard

        with zstandard.open(dialogues, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        texts["dialogues zh"] = [turn for row in rows for side in ("left", "right") for turn in row[side]]
    if narratives.exists():
        import pyarrow.parquet as pq

        table = pq.read_table(narratives)
        name = next(name for name in table.column_names if "narrative" in name.lower())
        texts["CFPB narratives"] = [text for text in table[name].to_pylist() if text]
    return texts


def found_in(texts: list[str], chance: random.Random, count: int) -> dict:
    """What is found in a sample of real texts, by kind, and some places to look at."""
    sample = chance.sample(texts, min(count, len(texts)))
    kinds: Counter[str] = Counter()
    places: list[str] = []
    for text in sample:
        for one in mask(text).found:
            kinds[one.kind.value] += 1
            places.append(f"{one.kind.value}: …{text[max(0, one.start - 10) : one.end + 6]!r}…")
    return {
        "texts": len(sample),
        "found": dict(kinds.most_common()),
        "look": chance.sample(places, min(6, len(places))),
    }


def micros(people: People) -> dict[str, float]:
    """Microseconds of CPU for a message of 200 characters, with and without values in it."""
    timed = {}
    for name, draw in (
        ("with values", lambda: people.said(k := people.chance.choice(list(SENTENCES)), people.value(k))[0]),
        ("without", people.harmless),
    ):
        texts = []
        for _ in range(400):
            text = ""
            while len(text) < 200:
                text += draw()
            texts.append(text[:200])
        each = []
        for text in texts * 3:
            start = time.process_time_ns()
            mask(text)
            each.append((time.process_time_ns() - start) / 1000)
        timed[name] = round(statistics.median(each[len(texts) :]), 1)
    return timed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    people = People(chosen.seed)

    leaked = canary(people, chosen.people)
    print(f"seed {chosen.seed}, {chosen.people} people: leak rate by kind")
    for kind, one in leaked.items():
        print(f"  {kind:14} {one['leaked']:5} of {one['planted']}  {one['leaked'] / one['planted']:.2%}")
        for text in one["examples"]:
            print(f"      {text!r}")
    harmless = false_masks(people, chosen.people)
    print(f"harmless texts changed: {harmless['masked']} of {harmless['texts']}")
    for text in harmless["examples"]:
        print(f"      {text!r}")
    real = {}
    for name, texts in (real_texts(chosen.data / "text") if chosen.data else {}).items():
        real[name] = found_in(texts, people.chance, 10 * chosen.people)
        print(f"{name}: {real[name]['texts']} texts, found {real[name]['found']}")
        print("".join(f"      {place}\n" for place in real[name]["look"]), end="")
    if not real:
        print("NOT MEASURED: real texts; give --data FOLDER with text/ in it")
    timed = micros(people)
    print(f"200 characters, median: {timed} µs (goal {GOAL_MICROS})")
    hostile = {}
    for name, unit in HOSTILE.items():
        text = unit * (HOSTILE_CHARACTERS // len(unit))
        start = time.process_time()
        mask(text)
        hostile[name] = round(time.process_time() - start, 2)
    print(f"hostile texts of 1 MB, CPU seconds: {hostile}")
    if chosen.json:
        figures = {"leaked": leaked, "harmless": harmless, "real": real, "micros": timed, "hostile": hostile}
        chosen.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
