"""Whether data may be used now: whatever rests on a consent asks here before each use.

A withdrawal that was acknowledged stops the next use; what was done before stays lawful (PIPL article 15).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from countermand.confirmation.data_uses import consents_for_method, consents_for_notice
from countermand.confirmation.pack import Agreements
from countermand.confirmation.statements import purpose_statement
from countermand.kernel.errors import Forbidden
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.consent import Withheld
from countermand.vocabulary.notices import Notice, NoticeChannel
from countermand.work import Unit


async def consents_to(
    agreements: Agreements, unit: Unit, subject: str, purpose: str, recipient: str = ""
) -> bool:
    """Whether data may be used for a purpose now: consent in force, to today's words."""
    return not await lacking(agreements, unit, subject, [(purpose, recipient)])


async def lacking(
    agreements: Agreements, unit: Unit, subject: str | None, wanted: Collection[tuple[str, str]]
) -> list[str]:
    """The purposes among these (with their recipients) that a subject does not agree to now."""
    if not wanted:
        return []
    given = [] if subject is None else await unit.data_consents.of(subject)
    in_force = {(one.purpose, one.recipient, one.statement) for one in given if one.withdrawn_at is None}
    found = []
    for purpose, recipient in wanted:
        statement = purpose_statement(purpose, agreements.statements)
        if statement is None or (purpose, recipient, statement.label) not in in_force:
            found.append(purpose)
    return found


async def withheld_methods(
    agreements: Agreements, unit: Unit, account: str, methods: Iterable[Method]
) -> tuple[Withheld, ...]:
    """Those of these methods that an account's holder does not agree to now, in order."""
    wanted = {method: consents_for_method(agreements.uses, method) for method in methods}
    all_wanted = {(purpose, "") for purposes in wanted.values() for purpose in purposes}
    missing = await lacking(agreements, unit, account, all_wanted)
    return tuple(
        Withheld(method=method, purpose=purpose)
        for method, purposes in wanted.items()
        for purpose in purposes[:1]
        if set(purposes) & set(missing)
    )


def check_agreed(withheld: Collection[Withheld], method: Method, others: Collection[Method]) -> None:
    """A proof that its holder does not agree to is not looked at; `others` are what is offered instead.

    Raises Forbidden (`data_consent_missing`).
    """
    for one in withheld:
        if one.method is method:
            raise Forbidden(
                "data_consent_missing",
                "Its holder has not agreed to this use of their data, or has withdrawn it; nothing was "
                "looked at. Use another method, or agree under Privacy first.",
                "账户本人未同意或已撤回对此项信息的使用，系统未作任何处理；请改用其他方式，或先在“隐私”中同意。",
                purpose=one.purpose,
                method=method.value,
                offered=[other.value for other in others if other is not method],
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeConsents:
    """Which notices wait for whose consent; `recipient` is who runs the webhook, None: the institution."""

    agreements: Agreements
    recipient: str | None = None

    async def lacking(self, unit: Unit, notice: Notice, channel: NoticeChannel | None = None) -> list[str]:
        """The purposes without which a notice is not sent; by a channel, or (None) to anybody at all."""
        recipient = self.recipient if channel is NoticeChannel.WEBHOOK else None
        wanted = consents_for_notice(self.agreements.uses, notice.kind, recipient)
        return await lacking(self.agreements, unit, notice.account or notice.person, wanted)
