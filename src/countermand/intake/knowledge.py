"""The knowledge base: articles read and checked; whatever is expired or not yet valid is never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import msgspec

from countermand.intake.risk import SIMPLE
from countermand.kernel.errors import SetupError
from countermand.kernel.manners import asks_for_secret, blames, has_link
from countermand.kernel.readability import obscurities
from countermand.kernel.text import Text
from countermand.vocabulary.knowledge import LANGUAGES, AnsweringTerms, Article, Language
from countermand.vocabulary.triage import Category

LAWS_FILE = "_laws.yaml"
TERMS_FILE = "_answering.yaml"
WORDS_FILE = "_words.yaml"
MARKS = frozenset({"helpline", "institution"})
# A question is one line of somebody's own words.
QUESTION_CHARACTERS_MAX = 120
_MARK = re.compile(r"\{(\w*)\}")
_FILLER = {"zh": "客服电话", "en": "our number"}
_CHINESE = re.compile(r"[一-鿿]")

Fault = tuple[str, str, str]
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Library:
    """Every version of every article, the laws they cite, the terms of answering, words alike."""

    articles: tuple[Article, ...]
    laws: Mapping[str, Text]
    terms: AnsweringTerms
    words: Mapping[str, tuple[tuple[str, ...], ...]]

    def in_force(self, day: date) -> tuple[Article, ...]:
        """The newest valid version of each article, by id; what is not valid on this day is not there."""
        newest: dict[str, Article] = {}
        for one in self.articles:
            if one.valid_on(day) and (one.id not in newest or newest[one.id].version < one.version):
                newest[one.id] = one
        return tuple(newest[name] for name in sorted(newest))

    def cited(self, article: Article) -> list[Text]:
        """The sources of an article as people read them; an unverified one says so."""
        return [_cited(self.laws[one.law], one.article, one.checked == "unverified") for one in article.laws]


def _cited(law: Text, article: str, unverified: bool) -> Text:
    en, zh = law.en, law.zh
    if article and article[0].isdigit():
        numbers = article.split(",")
        en += (", article " if len(numbers) == 1 else ", articles ") + ", ".join(numbers)
        zh += "第" + "、".join(numbers) + "条"
    if unverified:
        en, zh = f"{en} (not verified)", f"{zh}（未核对）"
    return Text(en=en, zh=zh)


def read_library(files: Mapping[str, str]) -> Library:
    """The knowledge base of a folder: `_laws.yaml`, `_answering.yaml`, `_words.yaml`, a file a version.

    A file is named by the article, `id.yaml`; more versions of it stand beside as `id.2.yaml`.
    Raises SetupError (`knowledge_refused`), naming the file and what is wrong with it.
    """
    laws = _decoded(files, LAWS_FILE, dict[str, Text])
    terms = _decoded(files, TERMS_FILE, AnsweringTerms)
    names = sorted(name for name in files if not name.startswith("_"))
    articles = tuple(_decoded(files, name, Article) for name in names)
    words = _decoded(files, WORDS_FILE, dict[str, tuple[tuple[str, ...], ...]])
    library = Library(articles, laws, terms, words)
    found = [*_faults_of_terms(terms), *_faults_of_numbers(names, articles)]
    found += [
        (f"{name}: {where}", en, zh)
        for name, article in zip(names, articles, strict=True)
        for where, en, zh in faults(article, laws)
    ]
    if found:
        raise _refused(*found[0])
    return library


def faults(article: Article, laws: Mapping[str, Text]) -> list[Fault]:
    """What breaks a rule of articles: where, and what, in English and Chinese; empty where nothing does."""
    found: list[Fault] = []
    if article.category not in frozenset(Category):
        found.append(("category", f"there is no {article.category}", f"没有“{article.category}”类别"))
    if article.valid_to is not None and article.valid_to < article.valid_from:
        found.append(("valid_to", "it ends before it begins", "失效早于生效"))
    found += [
        ("laws", f"{one.law} is not in {LAWS_FILE}", f"{LAWS_FILE} 中没有 {one.law}")
        for one in article.laws
        if one.law not in laws
    ]
    for language in LANGUAGES:
        found += _faults_of_words(article, language)
    return found


def _faults_of_words(article: Article, language: Language) -> list[Fault]:
    words = article.words(language)
    found: list[Fault] = []
    every = {"title": words.title, "answer": words.answer, "next_step": words.next_step}
    every |= {f"question {number}": one for number, one in enumerate(words.questions, 1)}
    for where, text in every.items():
        at = f"{language}.{where}"
        if not text.strip():
            found.append((at, "it is empty", "内容为空"))
        elif bool(_CHINESE.search(text)) != (language == "zh"):
            found.append((at, "it is in another language", "语言不符"))
        if set(_MARK.findall(text)) - MARKS:
            found.append((at, f"only {sorted(MARKS)} may be filled in", f"只能使用标记 {sorted(MARKS)}"))
        if has_link(text):
            found.append((at, "it carries a link; it is sent by SMS too", "含有链接；短信也会发送"))
        if where.startswith("question") and len(text) > QUESTION_CHARACTERS_MAX:
            most = QUESTION_CHARACTERS_MAX
            found.append((at, f"it is longer than {most} characters", f"超过{most}字"))
    at, said = f"{language}.answer", _MARK.sub(_FILLER[language], words.said)
    if asks_for_secret(said):
        found.append((at, "it asks for a secret", "索要验证码或密码"))
    if blames(said):
        found.append((at, "it blames the customer", "责怪客户"))
    return found + [
        (at, f"{one.code}: {one.excerpt}; {one.why.en}", f"{one.excerpt}：{one.why.zh}")
        for one in obscurities(said, language)
    ]


def _faults_of_numbers(names: list[str], articles: tuple[Article, ...]) -> list[Fault]:
    found: list[Fault] = []
    seen: set[tuple[str, int]] = set()
    for name, article in zip(names, articles, strict=True):
        if name.split(".")[0] != article.id:
            found.append(
                (name, f"the file of {article.id} is named otherwise", f"文件名与 {article.id} 不符")
            )
        if (article.id, article.version) in seen:
            found.append((name, f"version {article.version} stands twice", f"版本 {article.version} 重复"))
        seen.add((article.id, article.version))
    return found


def _faults_of_terms(terms: AnsweringTerms) -> list[Fault]:
    found: list[Fault] = []
    more = sorted(terms.categories - SIMPLE)
    if more:
        found.append((TERMS_FILE, f"{more[0]} is not for a machine alone", f"{more[0]} 不得由机器独自答复"))
    return found + [
        (TERMS_FILE, f"this cannot be sent: {text}", f"不能发送：{text}")
        for part in (terms.settled, terms.person, terms.thanks)
        for text in (part.en, part.zh)
        if has_link(text) or asks_for_secret(text) or set(_MARK.findall(text)) - MARKS
    ]


def _decoded(files: Mapping[str, str], name: str, kind: type[Read]) -> Read:
    if name not in files:
        raise _refused(name, "the file is missing", "文件缺失")
    try:
        return msgspec.yaml.decode(files[name], type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(name, str(error), str(error)) from error


def _refused(where: str, en: str, zh: str) -> SetupError:
    return SetupError(
        "knowledge_refused",
        f"The knowledge base cannot be used, {where}: {en}.",
        f"知识库无法使用，{where}：{zh}。",
        where=where,
    )
