"""Reading evidence: fields that are right, character errors and CPU of each engine, by how bad a picture is.

    python -m benchmarks reading [--seed 1] [--count 40] [--data FOLDER] [--engines A,B] [--json OUT]

Own screens are drawn from the seed: receipts of six layouts, refunds, messages of banks and lenders, codes;
light and dark, in the Chinese fonts of this machine; level 0 as they are, 1 small and hard compressed,
2 turned and noisy, 3 photographed. With `--data`, the pictures of FOLDER/ocr are read too, with the fields
that stand in the lines of their truth.json. CER: edits to the true lines, blanks left out, both in NFKC. The
time is that of reading alone, in this process and what it starts, after one picture to warm up.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from countermand.adapters.ocr.engines import ENGINES, read_picture
from countermand.adapters.ocr.pictures import open_picture
from countermand.adapters.ocr.reader import is_installed
from countermand.app.readings import read_packs
from countermand.evidence.reading import read_fields
from countermand.vocabulary.pictures import PictureText

LEXICON = read_packs()[0]


def plain(text: str) -> str:
    """NFKC without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def edits(one: str, other: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def character_errors(true: list[str], found: PictureText) -> tuple[int, int]:
    """Edits of each true line to the line nearest to it, and how many characters there are."""
    left = [plain(one.text) for one in found.lines]
    whole = "".join(left)
    wrong = total = 0
    for line in map(plain, true):
        best = 0 if line in whole else min((edits(line, one) for one in left), default=len(line))
        wrong, total = wrong + min(best, len(line)), total + len(line)
    return wrong, total


def right_fields(wanted: list[dict], found: PictureText) -> Counter:
    """Per field name, (wanted) and (right) counts as `name` and `name right`."""
    records = read_fields(found, LEXICON).records
    counts: Counter = Counter()
    for place, truth in enumerate(wanted):
        got = {one.name.value: one.value for one in records[place].fields} if place < len(records) else {}
        for name, value in truth.items():
            counts[name] += 1
            said = got.get(name, "missing")
            same = said == value or (
                isinstance(said, str) and isinstance(value, str) and plain(said) == plain(value)
            )
            counts[f"{name} right"] += same
    return counts


def shared(folder: Path) -> list:
    """The pictures of others: receipts of one layout and two kinds of messages."""
    from benchmarks.reading_screens import Screen

    told = folder / "ocr" / "truth.json"
    if not told.is_file():
        print(f"NOT MEASURED: {told} is not there", file=sys.stderr)
        return []
    found = []
    for one in json.loads(told.read_text(encoding="utf-8")):
        fields = receipt_truth(one["lines"]) if "订单号" in one["lines"] else message_truth(one["lines"])
        found.append(
            Screen(one["file"], one["deg"], (told.parent / one["file"]).read_bytes(), one["lines"], [fields])
        )
    return found


def receipt_truth(lines: list[str]) -> dict:
    """Its fields, from the line behind each label."""
    after = dict(pairwise(lines))
    amount = next(one for one in lines if re.fullmatch(r"[+-][\d,]+\.\d\d", one))
    paid = re.fullmatch(r"(?P<name>.+?)(?:储蓄卡|信用卡)?\((?P<tail>\d{4})\)", after["付款方式"])
    return {
        "amount": round(float(amount.lstrip("+-").replace(",", "")) * 100),
        "sign": "out" if amount[0] == "-" else "in",
        "time": after["创建时间"].replace(" ", "T"),
        "order_number": after["订单号"],
        "counterparty": next(one.split("转给")[1] for one in lines if "转给" in one),
        "counterparty_tail": after["对方账户"][-4:],
        "account_tail": paid["tail"],
        "institution": paid["name"],
        "status": "done",
    }


def message_truth(lines: list[str]) -> dict:
    """Its fields, from its words."""
    said = "".join(lines[1:])
    spent = "支出" in said
    amount = re.search(r"\)([\d.]+)元" if spent else r"申请的([\d.]+)元", said)[1]
    month, day, hour, minute = re.search(r"(\d+)月(\d+)日(\d\d):(\d\d)", said).groups()
    found = {
        "amount": round(float(amount) * 100),
        "sign": "out" if spent else "in",
        "currency": "CNY",
        "time": f"--{int(month):02}-{int(day):02}T{hour}:{minute}",
        "account_tail": re.search(r"尾号(\d{4})", said)[1],
        "institution": re.match(r"【(.+?)】", said)[1],
        "sender": lines[0].replace(" ", ""),
    }
    if spent:
        found["balance"] = round(float(re.search(r"余额([\d.]+)元", said)[1]) * 100)
    return found


def measure(name: str, pictures: list) -> dict:
    """Every picture by one engine."""
    label, engine = ENGINES[name]()
    open_first = open_picture(pictures[0].jpeg)
    read_picture(open_first, label, engine)
    levels = defaultdict(
        lambda: {"pictures": 0, "wrong": 0, "characters": 0, "seconds": 0.0, "fields": Counter()}
    )
    for one in pictures:
        began = cpu_seconds()
        found = read_picture(open_picture(one.jpeg), label, engine)
        spent = cpu_seconds() - began
        wrong, total = character_errors(one.lines, found)
        level = levels[one.level]
        level["pictures"] += 1
        level["wrong"] += wrong
        level["characters"] += total
        level["seconds"] += spent
        level["fields"] += right_fields(one.fields, found)
    return {"reader": label, "levels": {level: summed(told) for level, told in sorted(levels.items())}}


def cpu_seconds() -> float:
    """CPU of this process and of those it started: tesseract is a program of its own."""
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def summed(told: dict) -> dict:
    fields = {
        name: [told["fields"][f"{name} right"], count]
        for name, count in sorted(told["fields"].items())
        if not name.endswith(" right")
    }
    right, wanted = (sum(one[place] for one in fields.values()) for place in (0, 1))
    return {
        "pictures": told["pictures"],
        "field_accuracy": round(right / wanted, 4) if wanted else None,
        "fields": fields,
        "character_error_rate": round(told["wrong"] / told["characters"], 4),
        "cpu_seconds_per_picture": round(told["seconds"] / told["pictures"], 2),
    }


def shown(title: str, found: dict) -> None:
    print(f"\n{title}: {found['reader']}")
    for level, one in found["levels"].items():
        lost = [f"{name} {right}/{count}" for name, (right, count) in one["fields"].items() if right < count]
        accuracy = "-" if one["field_accuracy"] is None else f"{one['field_accuracy']:.4f}"
        print(
            f"  level {level}: {one['pictures']:3} pictures, fields {accuracy}, "
            f"CER {one['character_error_rate']:.4f}, "
            f"{one['cpu_seconds_per_picture']:.2f} CPU s each{'; lost: ' + ', '.join(lost) if lost else ''}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--engines", default="rapidocr,tesseract")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if find_spec("PIL") is None:
        print("NOT MEASURED: countermand[ocr] is not installed", file=sys.stderr)
        return 0
    from benchmarks.reading_layouts import screens

    sets = {"own screens": screens(given.seed, given.count)}
    if given.data is not None:
        sets["shared pictures"] = shared(given.data)
    report: dict = {"seed": given.seed, "engines": {}}
    for name in given.engines.split(","):
        if not is_installed(name):
            print(f"NOT MEASURED: {name} is not installed", file=sys.stderr)
            continue
        for title, pictures in sets.items():
            if pictures:
                found = measure(name, pictures)
                shown(title, found)
                report["engines"].setdefault(name, {})[title] = found
    if given.json is not None:
        given.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
