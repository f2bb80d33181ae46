"""Goal: the certificate says of its method only what holds for this very case.

Method: the paper's own words, over every mix of scans and marks, in both languages.
"""

from __future__ import annotations

from itertools import product

import pytest

from countermand import __version__
from countermand.app.evidence import PROOF_LAW
from countermand.evidence.case_record import CaseRecord
from countermand.evidence.certificate import certificate
from countermand.evidence.exhibits import About, Exhibit, ExhibitKind, Scan, Standing
from countermand.evidence.proof_law import Mark, read_proof_law
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Ball, Case, Category, Contained, Risk, Stage
from countermand.vocabulary.documents import Fields

AT = 1_795_000_000_000_000
LAW = read_proof_law(PROOF_LAW.name, PROOF_LAW.read_text(encoding="utf-8"))


def record_of(scans: tuple[Scan, ...]) -> CaseRecord:
    """A case with an exhibit for each of what a scanner said."""
    case = Case(
        id="c", number="000000000001", version=1, stage=next(iter(Stage)), ball=next(iter(Ball)),
        contained=next(iter(Contained)), risk=next(iter(Risk)), category=next(iter(Category)),
        channel="app", standing="proven", opened_at=AT, first_at=AT, updated_at=AT,
    )  # fmt: skip
    exhibits = tuple(
        Exhibit(
            id=f"exh-{number}", case="c", data_key="k", kind=ExhibitKind.SCREENSHOT, about=About.HOLDER,
            name="a.png", declared="image/png", sniffed="image/png", lies=False, size=1,
            plain_digest=bytes(32), object=bytes(32), object_size=1, scan=scan,
            standing=Standing.QUARANTINED if scan is Scan.INFECTED else Standing.KEPT, origin=b"",
            captured_at=AT, captured_by="app",
        )
        for number, scan in enumerate(scans)
    )  # fmt: skip
    return CaseRecord(case=case, number=case.number, made_at=AT, parts=("c",), exhibits=exhibits)


def method(scans: tuple[Scan, ...], marks: set[Mark], language: str) -> dict[str, str]:
    """What the certificate says of its method, by the name of the field."""
    paper = certificate(
        record_of(scans), (), {}, LAW, None, marks, __version__, institution=Text(en="A bank", zh="某银行"),
        language=language, timezone="Asia/Shanghai", stamped=False,
    )  # fmt: skip
    (fields,) = next(one for one in paper.sections if one.title.en == "Method").blocks
    assert isinstance(fields, Fields)
    return {one.label.en: getattr(one.value.text, language) for one in fields.rows}


@pytest.mark.parametrize(
    ("language", "looked_at", "found", "missed"),
    [
        (
            "en",
            "A virus scanner looked at {} of {} exhibits.",
            "found a virus in {}",
            "viruses: {} of {} exh",
        ),
        (
            "zh",
            "证据 {1} 件中，已做病毒扫描 {0} 件",
            "其中 {} 件检出病毒",
            "证据 {1} 件中，未做病毒扫描 {0} 件",
        ),
    ],
)
@pytest.mark.parametrize("scans", [(), *(m for n in (1, 2, 3) for m in product(Scan, repeat=n))])
def test_scans_are_said_as_they_were(scans, language, looked_at, found, missed):
    """How many were looked at, how many carried a virus, how many nobody looked at."""
    said = method(scans, set(), language)["Taking in"]
    counts = {one: scans.count(one) for one in Scan}
    looked = counts[Scan.CLEAN] + counts[Scan.INFECTED]
    assert (looked_at.format(looked, len(scans)) in said) is (looked > 0)
    assert (found.format(counts[Scan.INFECTED]) in said) is (counts[Scan.INFECTED] > 0)
    assert (missed.format(counts[Scan.UNSCANNED], len(scans)) in said) is (counts[Scan.UNSCANNED] > 0)
    assert ("virus" in said or "病毒" in said) is bool(scans)


@pytest.mark.parametrize(
    ("language", "whole", "witnessed", "alone"),
    [
        (
            "en",
            "Every fact of this case is",
            "Outside witnesses have signed",
            "No outside witness has signed",
        ),
        ("zh", "本案每条事实均为", "外部见证方亦已对日志检查点签名", "尚无外部见证方对日志签名"),
    ],
)
@pytest.mark.parametrize("marks", [set(), {Mark.IN_LOG}, {Mark.WITNESSED}, {Mark.IN_LOG, Mark.WITNESSED}])
def test_the_log_and_its_witnesses_are_said_as_they_are(marks, language, whole, witnessed, alone):
    """Nothing of witnesses where none signed, and nothing of every fact where some are not in the log."""
    said = method((), marks, language)["Log"]
    assert (whole in said) is (Mark.IN_LOG in marks)
    assert (witnessed in said) is (Mark.WITNESSED in marks)
    assert (alone in said) is (Mark.WITNESSED not in marks)
