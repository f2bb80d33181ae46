"""Goal: nothing is shown that is not valid, sourced and plain. Method: the shipped articles, broken ones."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from countermand.app import read_knowledge
from countermand.intake.knowledge import (
    LAWS_FILE,
    TERMS_FILE,
    Library,
    faults,
    read_library,
)
from countermand.intake.risk import SIMPLE
from countermand.kernel.errors import SetupError
from countermand.vocabulary.knowledge import LANGUAGES, Article, language_of

FILES = read_knowledge()
LIBRARY = read_library(FILES)
TODAY = date(2026, 11, 22)
ONE = next(one for one in LIBRARY.articles if one.id == "freeze-own-account")
BASIC = {
    "case-progress", "not-me-button", "materials-dispute", "official-numbers", "fee-rules",
    "repayment-reminders", "freeze-own-account", "unfreeze-account",
    "revoke-held-operation", "after-not-me", "hotlines",
    "credit-objection", "privacy-rights", "consent-withdraw", "auto-debit-off", "common-scams",
    "talk-to-person",
}  # fmt: skip


def changed(article: Article, **values: Any) -> Article:
    """The article with some fields replaced."""
    return msgspec.structs.replace(article, **values)


def worded(article: Article, language: str, **values: Any) -> Article:
    """The article with some words of one language replaced."""
    return changed(article, **{language: msgspec.structs.replace(article.words(language), **values)})


def test_the_shipped_knowledge_base_covers_the_basics() -> None:
    """At least 45 articles, every basic subject and every category a machine may answer among them."""
    in_force = LIBRARY.in_force(TODAY)
    assert len(in_force) >= 45
    assert {one.id for one in in_force} >= BASIC
    assert {one.category for one in in_force} >= SIMPLE


@pytest.mark.parametrize("article", LIBRARY.articles, ids=lambda one: one.id)
def test_every_article_ends_with_a_next_step_and_its_sources(article: Article) -> None:
    """In both languages; and a source that nobody has looked up says so."""
    for language in LANGUAGES:
        assert article.words(language).next_step
        assert language_of(article.words(language).said) == language
    for citation, shown in zip(article.laws, LIBRARY.cited(article), strict=True):
        assert ("未核对" in shown.zh) == ("not verified" in shown.en) == (citation.checked == "unverified")


def test_an_article_is_shown_on_its_days_alone() -> None:
    """Not a day before it is valid, not a day after, and the newest version where two are valid."""
    old = changed(ONE, valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30))
    new = changed(ONE, version=2, valid_from=date(2026, 6, 15), valid_to=date(2026, 12, 31))
    library = Library((old, new), LIBRARY.laws, LIBRARY.terms, {})
    days = {
        date(2025, 12, 31): [],
        date(2026, 1, 1): [1],
        date(2026, 6, 14): [1],
        date(2026, 6, 15): [2],
        date(2026, 6, 30): [2],
        date(2026, 12, 31): [2],
        date(2027, 1, 1): [],
    }
    assert {day: [one.version for one in library.in_force(day)] for day in days} == days


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (changed(ONE, category="gossip"), "category"),
        (changed(ONE, valid_to=date(2026, 1, 1)), "valid_to"),
        (changed(ONE, laws=(msgspec.structs.replace(ONE.laws[0], law="nobody"),)), "laws"),
        (worded(ONE, "en", answer="Tap www.example.com now."), "en.answer"),
        (worded(ONE, "zh", next_step="请把验证码发给我们。"), "zh.answer"),
        (worded(ONE, "zh", answer="系统显示是您本人操作。"), "zh.answer"),
        (worded(ONE, "zh", answer="本机构保留最终解释权。"), "zh.answer"),
        (worded(ONE, "en", answer="The aforementioned ends pursuant to verification."), "en.answer"),
        (worded(ONE, "zh", answer="Only in English."), "zh.answer"),
        (worded(ONE, "en", title="冻结"), "en.title"),
        (worded(ONE, "en", answer="  "), "en.answer"),
        (worded(ONE, "en", next_step="Call {somebody}."), "en.next_step"),
        (worded(ONE, "zh", questions=("怎么冻结" * 40, "冻结")), "zh.question 1"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_found(broken: Article, where: str) -> None:
    """Each rule of wording, of validity and of sources bites where it is broken."""
    assert faults(ONE, LIBRARY.laws) == []
    assert where in [one[0] for one in faults(broken, LIBRARY.laws)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (LAWS_FILE, "card: {zh: 规定}"),
        (TERMS_FILE, FILES[TERMS_FILE].replace("fee_question]", "fee_question, unauthorised_payment]")),
        (TERMS_FILE, FILES[TERMS_FILE].replace("hold_out_percent: 2", "hold_out_percent: 200")),
        ("fee-rules.yaml", FILES["fee-rules.yaml"].replace("id: fee-rules", "id: fee-early-repayment")),
        ("another-name.yaml", FILES["fee-rules.yaml"]),
        ("fee-rules.yaml", FILES["fee-rules.yaml"].replace("version: 1", "version: 0")),
        ("fee-rules.yaml", FILES["fee-rules.yaml"].replace("en:", "de:")),
        ("fee-rules.yaml", "id: ["),
    ],
)
def test_a_knowledge_base_with_a_fault_is_refused(name: str, text: str) -> None:
    """Nothing is answered from it at all, and the refusal names the file."""
    with pytest.raises(SetupError) as refused:
        read_library({**FILES, name: text})
    assert refused.value.code == "knowledge_refused"
    assert name in refused.value.text.en


def test_a_text_changes_its_digest() -> None:
    """The same words have the same digest in every channel; other words another one."""
    again = worded(ONE, "zh", answer=ONE.zh.answer + "谢谢。")
    assert again.text_digest("zh") != ONE.text_digest("zh")
    assert again.text_digest("en") == ONE.text_digest("en")
    assert again.digest != ONE.digest


def test_a_version_stands_once_and_a_new_one_beside_it() -> None:
    """Two texts never share a number; the next number is another file of the same article."""
    text = FILES["fee-rules.yaml"]
    with pytest.raises(SetupError, match="stands twice"):
        read_library({**FILES, "fee-rules.2.yaml": text})
    library = read_library({**FILES, "fee-rules.2.yaml": text.replace("version: 1", "version: 2")})
    assert {one.id: one.version for one in library.in_force(TODAY)}["fee-rules"] == 2
