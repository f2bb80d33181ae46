"""Money that had left and was asked back: what the payee's bank answered, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from countermand.kernel.money import money_texts
from countermand.kernel.text import Text


class RecallOutcome(StrEnum):
    """What came of asking: all of it, a part, nothing, or it had never left."""

    RETURNED = "returned"
    PART = "part"
    NOTHING = "nothing"
    NEVER_LEFT = "never_left"


def outcome_of(amount_minor: int, returned_minor: int) -> RecallOutcome:
    """What so much of so much is, both in minor units.

    >>> outcome_of(300, 200).value
    'part'
    """
    if returned_minor >= amount_minor:
        return RecallOutcome.RETURNED
    return RecallOutcome.PART if returned_minor else RecallOutcome.NOTHING


def recall_said(body: Mapping[str, Any]) -> Text:
    """What the holder reads; never a promise, and of a part what becomes of the rest."""
    outcome = RecallOutcome(body["recall"])
    if outcome is RecallOutcome.NEVER_LEFT:
        return Text(
            en="The money had not left: there was nothing to ask back",
            zh="资金并未转出，无须追回",
        )
    if outcome is RecallOutcome.NOTHING:
        return Text(
            en="The payee's bank gives nothing back by itself. Your case goes on; who bears the loss is "
            "decided in it",
            zh="收款机构答复未能退回款项。案件继续办理，损失由谁承担将在案件中认定",
        )
    back_en, back_zh = money_texts(body["returned_minor"], body["currency"])
    if outcome is RecallOutcome.RETURNED:
        return Text(
            en=f"All of it comes back: {back_en}. The payee's bank returns it to your account",
            zh=f"款项全部追回：{back_zh}，由收款机构退回您的账户",
        )
    whole_en, whole_zh = money_texts(body["amount_minor"], body["currency"])
    return Text(
        en=f"{back_en} of {whole_en} come back to your account; the rest was gone there already. "
        "Who bears it is decided in your case",
        zh=f"{whole_zh}中的{back_zh}已追回至您的账户，其余在对方处已被转走，由谁承担将在案件中认定",
    )
