"""The words of notices, read from a pack and checked: plain, without links, never asking for a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from countermand.kernel.errors import SetupError
from countermand.kernel.manners import asks_for_secret, blames, has_link
from countermand.kernel.text import Text
from countermand.vocabulary.notices import KINDS, Words
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.outcomes import Outcome

FILE = "notices.yaml"
MARKS = frozenset(
    "what at until left number outcome reason cause method name waits purpose recipient review_until "
    "institution helpline case agent promise".split()
)
# Three SMS joined: 153 characters each in the GSM alphabet, 67 each in UCS-2 (3GPP TS 23.040).
SMS_CHARACTERS_MAX = {"en": 3 * 153, "zh": 3 * 67}
# Room for what the longest marks become.
SAMPLE = {"en": "a transfer of 1,000,000.00 yuan to *1234", "zh": "转账1,000,000.00元给尾号1234"}

_NOT_ME = re.compile(r"not me|not you|reply n|不是我|不是您|回复 n", re.IGNORECASE)
_OFFICIAL = re.compile(r"official app yourself|自行打开官方app", re.IGNORECASE)
_WORKS = re.compile(
    r"works?\b|is still there|as (it was|before|ever)|nothing has left|can still"
    r"|照常|不受影响|还能用|未动|没有转出|可以使用|不变",
    re.IGNORECASE,
)
_MARK = re.compile(r"\{(\w+)\}")

Obscurities = Callable[[str, str], Sequence[Any]]


class Arising(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a decision is told: every condition given must hold; `rules`: one of them has fired."""

    tell: str
    duty: str | None = None
    rules: tuple[str, ...] = ()
    operations: tuple[Kind, ...] = ()
    outcomes: tuple[str, ...] = ()
    watched: bool = False


class NoticePack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All an institution says: who it is, what it tells when, and in which words."""

    institution: Text
    helpline: Text
    arises: tuple[Arising, ...]
    words: dict[str, Words]


def read_notice_pack(files: Mapping[str, str], obscurities: Obscurities) -> NoticePack:
    """The notices of a pack; `obscurities` finds what keeps a text from being plain.

    Raises SetupError (`notice_pack_refused`), naming the notice and what is wrong with it.
    """
    if FILE not in files:
        raise _refused(FILE, "the file is missing", "文件缺失")
    try:
        pack = msgspec.yaml.decode(files[FILE], type=NoticePack)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(FILE, str(error), str(error)) from error
    missing = sorted(set(KINDS) - pack.words.keys())
    if missing:
        raise _refused(missing[0], "there are no words for it", "缺少文案")
    for number, rule in enumerate(pack.arises, 1):
        unknown = sorted(set(rule.outcomes) - {one.word for one in Outcome})
        if rule.tell not in pack.words or unknown:
            raise _refused(f"arises {number}", "it names what there is not", "引用了不存在的内容")
        if not (rule.duty or rule.operations or rule.watched):
            raise _refused(f"arises {number}", "it would tell of everything", "条件为空，会通知一切操作")
    for kind, words in pack.words.items():
        for where, en, zh in faults(words, obscurities):
            raise _refused(f"{kind} {where}", en, zh)
    return pack


def faults(words: Words, obscurities: Obscurities) -> list[tuple[str, str, str]]:
    """What breaks a rule of wording: where, and what, in English and Chinese; empty where nothing does."""
    found = []
    for language in ("en", "zh"):
        title, text, sms = (getattr(part, language) for part in (words.title, words.text, words.sms))
        parts = {"title": title, "text": text, "sms": sms}
        found += [
            (f"{name}.{language}", en, zh)
            for name, part in parts.items()
            for en, zh in _faults_anywhere(part)
        ]
        plain = _MARK.sub("十元" if language == "zh" else "ten yuan", text)
        found += [
            (f"text.{language}", f"{one.code}: {one.excerpt}", f"{one.code}：{one.excerpt}")
            for one in obscurities(plain, language)
        ]
        found += [(f"sms.{language}", en, zh) for en, zh in _faults_of_sms(sms, language)]
    return found


def _faults_anywhere(part: str) -> list[tuple[str, str]]:
    found = []
    unknown = sorted(set(_MARK.findall(part)) - MARKS)
    if unknown:
        found.append((f"there is no mark {{{unknown[0]}}}", f"没有 {{{unknown[0]}}} 这个标记"))
    if asks_for_secret(part):
        found.append(("it asks for a secret", "索要验证码或密码"))
    if blames(part):
        found.append(("it blames the customer", "责怪客户"))
    if not part.strip():
        found.append(("it is empty", "文案为空"))
    return found


def _faults_of_sms(sms: str, language: str) -> list[tuple[str, str]]:
    found = []
    if has_link(sms):
        found.append(("an SMS carries no link", "短信不得含链接"))
    if not _NOT_ME.search(sms) or not _OFFICIAL.search(sms):
        found.append(("it does not say how to say “not me”", "未说明如何表示“不是我”"))
    if not _WORKS.search(sms):
        found.append(("it does not say what still works", "未说明哪些功能仍可使用"))
    most = SMS_CHARACTERS_MAX[language]
    if len(_filled(sms, language)) > most:
        found.append((f"it is longer than {most} characters", f"超过{most}字"))
    return found


def _filled(part: str, language: str) -> str:
    """With every mark as long as it may get: the operation long, the rest short."""
    short = "22 Nov 18:00" if language == "en" else "11月22日18:00"
    return _MARK.sub(lambda mark: SAMPLE[language] if mark.group(1) == "what" else short, part)


def _refused(where: str, en: str, zh: str) -> SetupError:
    return SetupError(
        "notice_pack_refused",
        f"The words of notices cannot be used, {where}: {en}.",
        f"通知文案无法使用，{where}：{zh}。",
        where=where,
    )
