"""Goal: a value is found however it was written, and nothing is kept that opens one. Method: tables."""

from __future__ import annotations

import pytest

from countermand.intake.blind_values import asked_of, one_form, values_of


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86-138-0013-8000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("６２２２０２１２３４５６７８９０１２８", "6222021234567890128"),
        ("11010519491231002x", "11010519491231002X"),
        ("Zhang.San@Example.com", "ZHANG.SAN@EXAMPLE.COM"),
    ],
)
def test_one_value_has_one_form(written: str, form: str) -> None:
    """Spaces, dashes, country codes, full width and small letters make no difference."""
    assert one_form(written) == form


def test_secrets_names_and_streets_are_not_kept() -> None:
    """Of a message with everything in it, the number of the phone alone."""
    text = "我叫张三，住址：北京市朝阳区建国路88号1号楼101室，密码是abc12345，验证码384756，手机13800138000"
    assert [(one.kind.value, one.text) for one in values_of(text)] == [("phone", "13800138000")]


@pytest.mark.parametrize(
    ("search", "words", "values"),
    [
        ("盗刷", "盗刷", ()),
        ("盗刷 13800138000", "盗刷", ("13800138000",)),
        ("6222021234567890128", "", ("6222021234567890128",)),
        ("refund 2026", "refund 2026", ()),
        ("a@b.com", "", ("A@B.COM",)),
    ],
)
def test_a_search_is_parted_into_words_and_values(search: str, words: str, values: tuple[str, ...]) -> None:
    """Whole numbers are values; a year or a word is not."""
    assert asked_of(search) == (words, values)
