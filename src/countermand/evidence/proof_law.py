"""What the law asks of electronic evidence: data, with source and date, and the marks that meet it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum

import msgspec

from countermand.evidence.checklist import Confidence
from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text


class Mark(StrEnum):
    """What can be shown of a case's evidence, or cannot.

    seal_from_outside: papers are signed with a seal that was given, not one made here for a trial.
    """

    RETRIEVABLE = "retrievable"
    HASH_AT_INTAKE = "hash_at_intake"
    HASH_NOW = "hash_now"
    CUSTODY_CHAIN = "custody_chain"
    SEALED_STORAGE = "sealed_storage"
    IN_LOG = "in_log"
    WITNESSED = "witnessed"
    TIME_STAMPED = "time_stamped"
    SENDER_TOLD = "sender_told"
    SIGNED = "signed"
    SEAL_FROM_OUTSIDE = "seal_from_outside"
    OPEN_STANDARDS = "open_standards"


class Law(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A law or rule: since when, which version, where it stands, and when somebody last looked there."""

    id: str
    title: Text
    version: Text
    in_force: date
    source: str
    checked: date


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One point of it, and the marks that meet it, all of them together."""

    id: str
    law: str
    article: Text
    confidence: Confidence
    asks: Text
    met_by: tuple[Mark, ...]


class ProofLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The points of one jurisdiction; `stamp` says that it is no legal advice."""

    id: str
    jurisdiction: str
    stamp: Text
    laws: tuple[Law, ...]
    articles: tuple[Article, ...]

    def law_of(self, article: Article) -> Law:
        """The law that an article stands in; the reader has made sure that there is one."""
        return next(law for law in self.laws if law.id == article.law)


def read_proof_law(name: str, text: str) -> ProofLaw:
    """The pack in a file's text. Raises SetupError (`proof_law_refused`)."""
    try:
        pack = msgspec.yaml.decode(text, type=ProofLaw)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(name, Text(en=str(error), zh=str(error))) from error
    known = {law.id for law in pack.laws}
    if any(one.law not in known or not one.met_by for one in pack.articles):
        raise _refused(
            name, Text(en="an article lacks its law or its marks", zh="条款缺少所属法律或对应措施")
        )
    if len({one.id for one in pack.articles}) != len(pack.articles):
        raise _refused(name, Text(en="two articles have one id", zh="条款编号重复"))
    if not ("not legal advice" in pack.stamp.en and "不构成法律意见" in pack.stamp.zh):
        raise _refused(name, Text(en="it does not say “not legal advice”", zh="缺少“不构成法律意见”的声明"))
    return pack


def is_met(article: Article, marks: Collection[Mark]) -> bool:
    """Whether everything that an article asks for can be shown."""
    return all(mark in marks for mark in article.met_by)


def _refused(name: str, what: Text) -> SetupError:
    return SetupError(
        "proof_law_refused",
        f"The law of evidence in {name} cannot be used: {what.en}.",
        f"无法使用 {name} 中的证据规则：{what.zh}。",
    )
