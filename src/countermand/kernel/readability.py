"""Whether a statement can be understood: short sentences, everyday words, nothing hidden.

English is graded by the Flesch-Kincaid grade level (Kincaid et al., 1975), Chinese by the length of its
sentences and clauses; both are searched for words that hide what is agreed to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from countermand.kernel.text import Text

EN_GRADE_MAX = 9.0
EN_SENTENCE_WORDS_MAX = 25
ZH_SENTENCE_CHARACTERS_MAX = 50
ZH_CLAUSE_CHARACTERS_MAX = 28
STATEMENT_CHARACTERS_MAX = 1200

_EN_OBSCURE = {
    "hereby": "say it without",
    "herein": "say where",
    "thereof": "say of what",
    "hereinafter": "use one name",
    "aforementioned": "name it again",
    "notwithstanding": "say “even if”",
    "pursuant to": "say “under”",
    "including but not limited to": "list all of it",
    "irrevocabl": "say how it is undone",
    "sole discretion": "say when and why",
    "from time to time": "say when",
    "deemed to": "ask instead",
    "affiliates": "name them",
    "indemnify": "say who pays what",
    "waive": "say which right is given up, and ask for it apart",
}
_ZH_OBSCURE = {
    "包括但不限于": "逐项列明",
    "不可撤销": "写明如何撤销",
    "视为同意": "须由本人明确表示同意",
    "默认同意": "须由本人明确表示同意",
    "关联公司": "写明公司名称",
    "关联方": "写明公司名称",
    "合作方": "写明公司名称",
    "最终解释权": "删除",
    "不时": "写明时间",
    "特此": "删除",
    "兹": "删除",
    "鉴于": "直接说明原因",
    "放弃": "写明放弃什么权利，并单独征得同意",
    "有权自行决定": "写明条件",
    "综合息费": "分别写明利息和费用",
}
_SENTENCE_EN = re.compile(r"[.!?;:]+(?:\s|$)|\n")
_SENTENCE_ZH = re.compile(r"[。！？；\n]")
_CLAUSE_ZH = re.compile(r"[，、：。！？；\n]")
_WORD_EN = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_VOWELS = re.compile(r"[aeiouy]+")


@dataclass(frozen=True, slots=True)
class Obscure:
    """One thing that a reader would stumble over, and where."""

    code: str
    excerpt: str
    why: Text


def obscurities(text: str, language: str) -> list[Obscure]:
    """Everything that keeps a text from being plain; empty where it passes."""
    found = _obscure_words(text, _ZH_OBSCURE if language == "zh" else _EN_OBSCURE)
    if len(text) > STATEMENT_CHARACTERS_MAX:
        found.append(
            Obscure(
                "too_long",
                f"{len(text)}",
                Text(
                    en=f"{len(text)} characters; nobody reads more than {STATEMENT_CHARACTERS_MAX}",
                    zh=f"共{len(text)}字，超过{STATEMENT_CHARACTERS_MAX}字没有人会读完",
                ),
            )
        )
    return found + (_long_chinese(text) if language == "zh" else _hard_english(text))


def _obscure_words(text: str, words: dict[str, str]) -> list[Obscure]:
    low = text.lower()
    return [
        Obscure(
            "obscure_word", word, Text(en=f"“{word}” hides something: {remedy}", zh=f"“{word}”：{remedy}")
        )
        for word, remedy in words.items()
        if word in low
    ]


def _long_chinese(text: str) -> list[Obscure]:
    return [
        *_too_long("long_sentence", _SENTENCE_ZH.split(text), ZH_SENTENCE_CHARACTERS_MAX, "句"),
        *_too_long("long_clause", _CLAUSE_ZH.split(text), ZH_CLAUSE_CHARACTERS_MAX, "分句"),
    ]


def _too_long(code: str, parts: list[str], most: int, what_zh: str) -> list[Obscure]:
    return [
        Obscure(
            code,
            part[:40],
            Text(
                en=f"{len(part)} characters without a stop; {most} at most",
                zh=f"{what_zh}长{len(part)}字，最多{most}字",
            ),
        )
        for part in parts
        if len(part) > most
    ]


def _hard_english(text: str) -> list[Obscure]:
    sentences = [words for part in _SENTENCE_EN.split(text) if (words := _WORD_EN.findall(part))]
    found = []
    for words in sentences:
        if len(words) > EN_SENTENCE_WORDS_MAX:
            excerpt = " ".join(words[:8])
            why = Text(
                en=f"{len(words)} words in one sentence; {EN_SENTENCE_WORDS_MAX} at most",
                zh=f"一句{len(words)}个词，最多{EN_SENTENCE_WORDS_MAX}个",
            )
            found.append(Obscure("long_sentence", excerpt, why))
    grade = grade_level(text)
    if grade > EN_GRADE_MAX:
        why = Text(
            en=f"reads like school year {grade:.1f}; {EN_GRADE_MAX:.0f} at most",
            zh=f"阅读难度相当于{grade:.1f}年级，最多{EN_GRADE_MAX:.0f}年级",
        )
        found.append(Obscure("hard_to_read", text[:40], why))
    return found


def grade_level(text: str) -> float:
    """The Flesch-Kincaid grade level of an English text; 0 for one without words.

    >>> grade_level("You pay ten yuan. You can stop it.") < 3
    True
    """
    sentences = [words for part in _SENTENCE_EN.split(text) if (words := _WORD_EN.findall(part))]
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return 0.0
    syllables = sum(_syllables(word) for word in words)
    return max(0.0, 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59)


def _syllables(word: str) -> int:
    low = word.lower()
    count = len(_VOWELS.findall(low))
    if low.endswith("e") and not low.endswith(("le", "ee")) and count > 1:
        count -= 1
    return max(1, count)
