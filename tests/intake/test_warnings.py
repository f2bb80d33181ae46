"""Goal: known tricks are warned of, ordinary messages are left alone. Method: a table in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import countermand
from countermand.intake.unsaid import without_secrets
from countermand.intake.warnings import read_warnings, warnings_in
from countermand.kernel.errors import SetupError
from countermand.kernel.manners import asks_for_secret, blames, has_link

PACK = read_warnings(
    (Path(countermand.__file__).parent / "intake_packs" / "warnings.yaml").read_text("utf-8")
)


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("客服说要先转账后处理", ["pay_first"]),
        ("他让我 先 打 款 5000 才能退", ["pay_first"]),
        ("对方要我交保证金后才放款", ["pay_first"]),
        ("They want me to pay a fee first before they release the loan", ["pay_first"]),
        ("自称公安局的人说我涉嫌洗钱", ["police_or_court"]),
        ("法院的人让我转账", ["police_or_court"]),
        ("Someone claimed to be from the police", ["police_or_court"]),
        ("一个公司说可以协商还款，先收我两千", ["negotiated_repayment"]),
        ("他们帮我修复征信", ["negotiated_repayment"]),
        ("I paid a credit repair company", ["negotiated_repayment"]),
        ("他让我下载软件共享屏幕", ["screen_sharing"]),
        ("He made me share my screen with AnyDesk", ["screen_sharing"]),
        ("要我把钱转到安全账户", ["safe_account"]),
        ("I was told to move it to a safe account", ["safe_account"]),
        ("他一直问我要验证码", ["code_asked"]),
        ("she asked for my one-time code", ["code_asked"]),
        ("请问怎么修改登录密码？", []),
        ("刚才有一笔转账不是我操作的", []),
        ("我的还款多扣了一次", []),
        ("How do I change my limit?", []),
        ("My payment failed twice today", []),
        ("", []),
    ],
)
def test_a_trick_is_warned_of_and_a_question_is_not(text: str, warned: list[str]) -> None:
    """Each known trick by its name, ordinary words by none."""
    assert [one.id for one in warnings_in(text, PACK)] == warned


def test_every_warning_says_what_to_do_and_asks_for_nothing() -> None:
    """96110 where money is at stake; no link, no blame, no secret asked for."""
    for one in PACK:
        for text in (one.text.en, one.text.zh):
            assert not has_link(text)
            assert not blames(text)
            assert not asks_for_secret(text)
            assert "96110" in text or one.id == "code_asked"


@given(st.text(max_size=400))
def test_any_text_is_read_and_what_is_taken_out_stays_out(text: str) -> None:
    """No text breaks the reading; without secrets there are none."""
    warnings_in(text, PACK)
    cleaned, _ = without_secrets(text)
    assert without_secrets(cleaned)[0] == cleaned


def test_a_pack_that_cannot_be_read_is_refused() -> None:
    """A broken pattern is found at the start, not in a report."""
    broken = "warnings:\n- {id: a, phrases: {zh: ['('], en: []}, text: {zh: a, en: a}}\n"
    with pytest.raises(SetupError, match="warnings_refused"):
        read_warnings(broken)
