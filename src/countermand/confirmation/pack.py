"""A confirmation pack: approval chains, statements of consent, and the uses of data, read from YAML files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from countermand.confirmation.data_uses import faults_of_uses, unnamed_kinds
from countermand.confirmation.statements import shown, uncovered_kinds, values_wanted
from countermand.kernel.errors import SetupError
from countermand.kernel.readability import Obscure, obscurities
from countermand.kernel.text import Text
from countermand.vocabulary.approvals import Chain
from countermand.vocabulary.consent import LANGUAGES, DataUse, Statement

APPROVALS, STATEMENTS, USES = "approvals.yaml", "statements.yaml", "data_uses.yaml"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Agreements:
    """Who has to approve what, what customers are told before they agree, and what their data is used for."""

    chains: tuple[Chain, ...]
    statements: tuple[Statement, ...]
    uses: tuple[DataUse, ...]


def read_agreements(files: Mapping[str, str]) -> Agreements:
    """The chains, statements and uses of data of a pack.

    Raises SetupError (`confirmation_pack_refused`): a file is missing or does not fit, two things have one
    name, a statement is obscure, a kind that needs consent has no statement, an answer is no choice, a use
    of data rests on a consent that nobody can give.
    """
    chains = _read(files, APPROVALS, tuple[Chain, ...])
    statements = _read(files, STATEMENTS, tuple[Statement, ...])
    _once(APPROVALS, [chain.id for chain in chains])
    _once(STATEMENTS, [statement.label for statement in statements])
    for statement in statements:
        where = f"{STATEMENTS} {statement.label}"
        if bool(statement.kinds) == (statement.purpose is not None):
            raise _refused(
                where, "it is for kinds of operations or for one purpose", "应针对操作类型或单一用途"
            )
        if any(question.answer >= len(question.choices) for question in statement.questions):
            raise _refused(where, "an answer is not among its choices", "正确答案不在选项之中")
        for found in obscure_parts(statement):
            raise _refused(where, f"{found.code}: {found.excerpt}: {found.why.en}", found.why.zh)
    missing = uncovered_kinds(statements)
    if missing:
        kinds = ", ".join(missing)
        raise _refused(STATEMENTS, f"no statement for {kinds}", f"缺少以下操作的声明：{kinds}")
    uses = _read(files, USES, tuple[DataUse, ...])
    for fault in faults_of_uses(uses, statements):
        raise _refused(USES, fault.en, fault.zh)
    return Agreements(chains, statements, uses)


def check_named(kinds: Collection[str], agreements: Agreements) -> None:
    """Every kind of notice that there are words for belongs to a use of data.

    Raises SetupError (`confirmation_pack_refused`).
    """
    if unnamed := unnamed_kinds(agreements.uses, kinds):
        names = ", ".join(unnamed)
        raise _refused(USES, f"no use names the notices {names}", f"以下通知未归入任何用途：{names}")


def obscure_parts(statement: Statement) -> list[Obscure]:
    """What a reader would stumble over, in either language, with every mark standing for a short word."""
    found = []
    for language in LANGUAGES:
        words = {name: Text(en="ten yuan", zh="十元") for name in values_wanted(statement)}
        found += obscurities(shown(statement, words, language).text, language)
        for question in statement.questions:
            asked = [question.text, *question.choices, question.because]
            for text in asked:
                found += obscurities(getattr(text, language), language)
    return found


def _read(files: Mapping[str, str], name: str, kind: type[_T]) -> _T:
    if name not in files:
        raise _refused(name, "it is missing", "文件缺失")
    try:
        return msgspec.yaml.decode(files[name], type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(name, str(error), str(error)) from error


def _once(name: str, ids: list[str]) -> None:
    doubled = sorted({one for one in ids if ids.count(one) > 1})
    if doubled:
        raise _refused(name, f"{doubled[0]} stands here twice", f"{doubled[0]} 重复出现")


def _refused(where: str, en: str, zh: str) -> SetupError:
    return SetupError(
        "confirmation_pack_refused",
        f"The confirmation pack cannot be used, {where}: {en}.",
        f"确认包无法使用，{where}：{zh}。",
        where=where,
    )
