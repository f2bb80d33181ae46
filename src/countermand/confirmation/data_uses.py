"""What data is used for, and which uses wait for a consent: the pack's own words, checked as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from countermand.confirmation.statements import purpose_statement
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.consent import SHARING, Basis, DataUse, Statement
from countermand.vocabulary.notices import KINDS


def consents_for_method(uses: Sequence[DataUse], method: Method) -> list[str]:
    """The purposes that somebody must have agreed to before this method is used with them."""
    return [use.id for use in uses if use.basis is Basis.CONSENT and method in use.methods]


def consents_for_notice(uses: Sequence[DataUse], kind: str, recipient: str | None) -> list[tuple[str, str]]:
    """The consents that a notice of a kind waits for, as purpose and recipient.

    `recipient` is whoever else gets it, None where it goes to the account's holder or stays in the house. A
    duty by law waits for nothing; a contract with the holder is no reason to tell others. A kind that no use
    names waits for the consent to share, and for one that cannot be given.

    >>> duty = DataUse(id="security", basis=Basis.DUTY, articles=Text("13", "13"), notices=("hold_placed",))
    >>> consents_for_notice([duty], "hold_placed", "Bureau One"), consents_for_notice([duty], "offer", None)
    ([], [('offer', '')])
    """
    use = next((one for one in uses if kind in one.notices), None)
    if use is not None and use.basis is Basis.DUTY:
        return []
    wanted = []
    if use is None or use.basis is Basis.CONSENT:
        wanted.append((kind if use is None else use.id, ""))
    return wanted if recipient is None else [*wanted, (SHARING, recipient)]


def unnamed_kinds(uses: Sequence[DataUse], kinds: Collection[str]) -> list[str]:
    """The kinds of notices that no use names: nobody could say why they are sent."""
    return sorted(set(kinds) - {kind for use in uses for kind in use.notices})


def faults_of_uses(uses: Sequence[DataUse], statements: Sequence[Statement]) -> Iterator[Text]:
    """What is wrong with the uses of a pack, beside its statements."""
    yield from _twice([use.id for use in uses])
    yield from _twice([method.value for use in uses for method in use.methods])
    yield from _twice([kind for use in uses for kind in use.notices])
    for use in uses:
        if use.basis is Basis.CONSENT and purpose_statement(use.id, statements) is None:
            yield Text(
                en=f"{use.id} rests on consent and has no statement to agree to",
                zh=f"{use.id} 以同意为依据，却没有可供同意的声明",
            )
    by_consent = {use.id for use in uses if use.basis is Basis.CONSENT}
    for purpose in sorted({one.purpose for one in statements if one.purpose is not None} - by_consent):
        yield Text(
            en=f"people are asked to agree to {purpose}, which no use of data rests on",
            zh=f"向用户征求对 {purpose} 的同意，但没有以此为依据的数据用途",
        )
    if unnamed := unnamed_kinds(uses, KINDS):
        names = ", ".join(unnamed)
        yield Text(en=f"no use names the notices {names}", zh=f"以下通知未归入任何用途：{names}")


def _twice(names: Sequence[str]) -> Iterator[Text]:
    for name in sorted({one for one in names if list(names).count(one) > 1}):
        yield Text(en=f"{name} stands here twice", zh=f"{name} 重复出现")
