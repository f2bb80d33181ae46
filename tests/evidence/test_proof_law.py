"""Goal: the law of evidence is data with source and date; what cannot be shown is never said to be met."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app.evidence import PROOF_LAW
from countermand.evidence.proof_law import Mark, is_met, read_proof_law
from countermand.kernel.errors import SetupError

TEXT = PROOF_LAW.read_text(encoding="utf-8")
PACK = read_proof_law(PROOF_LAW.name, TEXT)


def test_the_pack_has_the_articles_with_source_and_date() -> None:
    """Electronic Signature Law 5, 8, 13 and Online Litigation Rules 16, 17, in both languages."""
    articles = {article.id for article in PACK.articles}
    assert {"signature-5", "signature-8-1", "signature-13-1", "online-16", "online-17-2"} <= articles
    for article in PACK.articles:
        law = PACK.law_of(article)
        assert law.source.startswith("http")
        assert date(2004, 1, 1) < law.in_force < law.checked
        assert article.asks.zh
        assert article.asks.en


@given(st.frozensets(st.sampled_from(Mark)), st.sampled_from(PACK.articles))
def test_an_article_is_met_by_all_of_its_marks_alone(marks: frozenset[Mark], article: object) -> None:
    """One mark that lacks is enough for "not shown"."""
    assert is_met(article, marks) is set(article.met_by).issubset(marks)  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("law: signature", "law: none"),
        ("id: signature-8-1", "id: signature-5"),
        ("not legal advice", "legal advice"),
        ("met_by: [sender_told]", "met_by: []"),
        ("confidence: T\n", "confidence: Z\n"),
    ],
)
def test_a_pack_that_says_less_is_refused(old: str, new: str) -> None:
    """No article without its law and marks, none twice, never without the stamp."""
    assert old in TEXT
    with pytest.raises(SetupError, match="proof_law_refused"):
        read_proof_law("other.yaml", TEXT.replace(old, new, 1))
