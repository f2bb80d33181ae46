"""Goal: what a customer agrees to can be read by anybody, and its digest is of exactly what was displayed.

Method: the shipped pack, faults planted in it, and the clauses that real contracts hide behind.
"""

from hashlib import sha256

import msgspec
import pytest

from countermand.app.files import read_confirmation_pack
from countermand.confirmation.pack import read_agreements
from countermand.confirmation.statements import misunderstood, shown, statement_for, values_wanted
from countermand.kernel.errors import BadRequest, SetupError
from countermand.kernel.readability import grade_level, obscurities
from countermand.kernel.text import Text
from countermand.vocabulary.consent import LANGUAGES, NEEDS_CONSENT

FILES = read_confirmation_pack("cn-consumer-finance")
PACK = read_agreements(FILES)


@pytest.mark.parametrize("kind", sorted(NEEDS_CONSENT))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_digest_is_of_the_bytes_that_are_displayed(kind: str, language: str) -> None:
    """For every kind that needs consent, in both languages, with all six questions answered."""
    statement = statement_for(kind, PACK.statements)
    assert statement is not None
    values = {name: Text(en=f"<{name}>", zh=f"《{name}》") for name in values_wanted(statement)}
    put = shown(statement, values, language)
    assert put.digest == sha256(put.text.encode()).hexdigest()
    assert len(put.text.splitlines()) == 6
    assert "{" not in put.text


def test_nobody_agrees_to_a_blank() -> None:
    """A value that is missing is named, and nothing is shown."""
    statement = statement_for("loan_disburse", PACK.statements)
    assert statement is not None
    with pytest.raises(BadRequest, match="total"):
        shown(statement, {"payee": Text(en="x", zh="x")}, "zh")


def test_a_loan_is_agreed_to_only_by_who_understood_it() -> None:
    """Every wrong answer is explained; a missing one is refused."""
    statement = statement_for("loan_apply", PACK.statements)
    assert statement is not None
    right = [question.answer for question in statement.questions]
    assert misunderstood(statement, right) == []
    wrong = misunderstood(statement, [0, *right[1:]])
    assert "pay it back" in wrong[0].en
    with pytest.raises(BadRequest, match="comprehension_unanswered"):
        misunderstood(statement, [])


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("You hereby agree.", "en", "obscure_word"),
        ("We may change this from time to time.", "en", "obscure_word"),
        (" ".join(["word"] * 26) + ".", "en", "long_sentence"),
        ("Notwithstanding prior authorization, remuneration obligations continue.", "en", "hard_to_read"),
        ("包括但不限于您的通讯录。", "zh", "obscure_word"),
        ("继续使用即视为同意。", "zh", "obscure_word"),
        ("您授权我们及相关服务机构为评估信用状况查询使用保存您的个人信息", "zh", "long_clause"),
        ("您同意，" * 13 + "。", "zh", "long_sentence"),
        ("好。" * 700, "zh", "too_long"),
    ],
)
def test_obscure_clauses_are_found(text: str, language: str, code: str) -> None:
    """Each of these stands in real contracts; each is refused with what to write instead."""
    found = obscurities(text, language)
    assert code in {one.code for one in found}
    assert all(one.why.en and one.why.zh for one in found)


def test_the_grade_follows_the_published_formula() -> None:
    """13 words in one sentence with 17 syllables are grade 4.9 (Kincaid 1975)."""
    text = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    assert grade_level(text) == pytest.approx(0.39 * 13 + 11.8 * 24 / 13 - 15.59, abs=1.0)
    assert grade_level("") == 0.0


def changed(find: str, put: str, file: str = "statements.yaml") -> dict[str, str]:
    """The pack with one thing changed."""
    assert find in FILES[file]
    return {**FILES, file: FILES[file].replace(find, put, 1)}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({name: text for name, text in FILES.items() if name != "statements.yaml"}, "missing"),
        (changed("kinds: [payment]", "kinds: [transfer]"), "no statement for payment"),
        (changed("id: transfer", "id: payment"), "stands here twice"),
        (changed("answer: 1", "answer: 4"), "not among its choices"),
        (changed("由您本人还", "视为同意由您本人还"), "视为同意"),
        (changed("version: 1", "version: one"), "version"),
        (changed("persons: 2", "persons: 0", "approvals.yaml"), "persons"),
        (changed("  kinds: [payment]\n", "  purpose: pay\n  kinds: [payment]\n"), "one purpose"),
    ],
)
def test_a_pack_that_must_not_be_used_is_refused_with_the_place(files: dict[str, str], words: str) -> None:
    """Whatever is wrong, the refusal names the file or the statement."""
    with pytest.raises(SetupError) as refused:
        read_agreements(files)
    assert words in refused.value.text.en or words in refused.value.text.zh
    assert "yaml" in refused.value.text.en
    assert msgspec.json.encode(refused.value.details)
