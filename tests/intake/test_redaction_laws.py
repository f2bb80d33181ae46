"""Goal: no personal number leaks, whatever stands around it. Method: valid numbers in random sentences."""

import gc
import re
import time
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from countermand.intake.folded import fold
from countermand.intake.personal_numbers import is_chinese_id, is_hong_kong_id, is_taiwan_id, passes_luhn
from countermand.intake.redaction import MaskFor, find, mask

LEAK_MIN = 5
WORDS = (
    "我 的 手机 号码 是 ， 。 请 查 一下 卡 被 盗刷 了 转走 5000 元 昨天 2025-11-22 10:52 "
    "95588 400-800-8888 我叫张伟 验证码 密码 身份证 the my phone is card please check it was not me "
    "wx qq 订单号 : ( ) \n 😀 \u200b "
    "北京市朝阳区幸福路12号 订单 12345678901234567890 *** code 住在 no. 3"
).split(" ")
CHINESE = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
FULL_WIDTH = dict(zip("0123456789", "０１２３４５６７８９", strict=True))


def with_check(body, is_valid, checks="0123456789x"):
    """The number whose last character makes it valid."""
    return next(body + check for check in checks if is_valid(body + check))


ids = st.builds(
    lambda place, day, order: with_check(f"{place}{day:%Y%m%d}{order:03d}", is_chinese_id),
    st.sampled_from(["110105", "310104", "440305", "650102", "810000", "513436"]),
    st.dates(min_value=date(1930, 1, 1), max_value=date(2020, 1, 1)),
    st.integers(0, 999),
)
phones = st.builds(lambda second, rest: f"1{second}{rest:09d}", st.integers(3, 9), st.integers(0, 10**9 - 1))
cards = st.builds(
    lambda head, size, rest: with_check(f"{head}{rest}"[: size - 1], passes_luhn, "0123456789"),
    st.sampled_from(["622202", "621700", "625", "6228"]),
    st.sampled_from([16, 18, 19]),
    st.integers(10**14, 10**15 - 1),
)
values = ids | phones | cards


@st.composite
def written(draw, numbers):
    """A number, and one of the ways people write it."""
    number = draw(numbers)
    way = draw(st.sampled_from(["plain", "fours", "dashes", "single", "wide", "chinese", "upper"]))
    fours = re.findall(r".{1,4}", number)
    return number, {
        "plain": number,
        "fours": " ".join(fours),
        "dashes": "-".join(fours),
        "single": " ".join(number),
        "wide": "".join(FULL_WIDTH.get(c, c) for c in number),
        "chinese": "".join(CHINESE.get(c, c) for c in number),
        "upper": number.upper(),
    }[way]


words = st.lists(st.sampled_from(WORDS), max_size=8)


def leaked(number, shown):
    """The longest part of the number that stands in the text, its spaces and dashes taken away."""
    flat = re.sub(r"[ -]", "", fold(shown).view)
    return any(number[at : at + LEAK_MIN] in flat for at in range(len(number) - LEAK_MIN + 1))


@settings(max_examples=80, deadline=None)
@given(words, written(values), words, st.sampled_from(["", "，", ":"]), st.sampled_from(MaskFor))
@example([], ("13800138000", "13800138000"), [], "", MaskFor.DISPLAY)
def test_no_more_than_four_digits_together_are_left(before, number, after, joint, purpose):
    """Identity numbers, phones and cards never leak, in any spelling, among any words but an order's."""
    value, spelled = number
    before = [word for word in before if word not in {"订单号", "订单", "no."}]
    text = f"{''.join(w for w in before if not w[-1:].isdigit())}{joint} {spelled}， {' '.join(after)}"
    others = re.sub(r"[ -]", "", fold(text.replace(spelled, "|")).view)
    if not any(value[at : at + LEAK_MIN] in others for at in range(len(value) - LEAK_MIN + 1)):
        assert not leaked(value, mask(text, purpose).text)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS) | written(values).map(lambda pair: pair[1]), max_size=14),
    st.sampled_from(["", " ", "，"]),
)
def test_masking_twice_is_masking_once(parts, joint):
    """A masked text is a fixed point, even where masks, words and numbers stand in any order."""
    once = mask(joint.join(parts)).text
    assert mask(once).text == once


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=60) | st.text("0123456789 -.,x号码验证密是我叫路@a:*张", max_size=60))
def test_any_text_is_safe(text):
    """Any characters at all: spans are ordered and inside, and what is outside of them stays."""
    masked = mask(text)
    behind = shown = 0
    for one in masked.found:
        assert behind <= one.start < one.end <= len(text)
        assert masked.text[shown : one.shown_start] == text[behind : one.start]
        behind, shown = one.end, one.shown_end
    assert masked.text[shown:] == text[behind:]
    assert mask(masked.text).text == masked.text
    assert [(one.kind, one.start, one.end) for one in find(text)] == [
        (one.kind, one.start, one.end) for one in masked.found
    ]


@given(
    st.lists(
        st.sampled_from("请 查 一下 我 没有 操作 过 这 笔 转账 please help me with this payment 谢谢".split())
    )
)
def test_texts_without_values_stay(parts):
    """Where nothing is personal, nothing changes."""
    text = " ".join(parts)
    assert mask(text).text == text


@pytest.mark.parametrize(
    ("letters", "digits", "check"), [("a", "123456", "3"), ("g", "123456", "a"), ("ab", "987654", "3")]
)
def test_hong_kong_checks(letters, digits, check):
    """One check character in eleven holds for a Hong Kong number."""
    holding = [mark for mark in "0123456789a" if is_hong_kong_id(letters, digits, mark)]
    assert holding == [check]


def test_taiwan_checks():
    """One last digit in ten holds for a Taiwan number."""
    assert [digit for digit in "0123456789" if is_taiwan_id("a", f"12345678{digit}")] == ["9"]


HOSTILE = {
    "digits": "1",
    "single digits": "1 ",
    "phones": "13800138000 ",
    "near cards": "6222 0212 3456 789 ",
    "local parts": "a.",
    "at signs": "a@",
    "streets": "路1号",
    "names": "我叫张",
    "codes": "验证码 1",
    "passwords": "password is ",
    "new passwords": "密码是a1%d ",
    "masks": "***1234",
    "houses": "1 a ",
    "brackets": "1(",
    "spoken": "一 ",
    "spread": "⑩\u200b",
    "IBAN": "gb29 ",
}
HOSTILE_LENGTH = 12_500
TIMES_LONGER = 4
COST_MAX = 2 * TIMES_LONGER  # linear work is 4 times as dear, quadratic work 16 times


def cost(text: str) -> float:
    """CPU seconds of this thread to mask a text: the least of three, no collector between."""
    took = []
    for _ in range(3):
        gc.collect()
        gc.disable()
        try:
            start = time.thread_time()
            mask(text)
            took.append(time.thread_time() - start)
        finally:
            gc.enable()
    return min(took)


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_take_linear_time(unit):
    """No trick makes the search slow: four times the text costs about four times the work."""

    def repeated(length: int) -> str:
        return "".join(unit % n if "%d" in unit else unit for n in range(length // len(unit)))

    short, long = cost(repeated(HOSTILE_LENGTH)), cost(repeated(TIMES_LONGER * HOSTILE_LENGTH))
    assert long / short < COST_MAX
