"""Standing orders: what is stopped for an account, a person or everybody, why, and until when."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from countermand.kernel.text import Text
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.outcomes import Outcome

# The timer that ends an order; its ref is the order.
ORDER_END_TIMER = "order_end"
RULE_PREFIX = "standing-order."
# The causes of orders that the holder placed on their own account; such an order needs no incident.
OWN_LIMIT, OWN_MANDATE = "own_limit", "own_mandate"
# The cause of a freeze at the account's own door.
DESK = "desk"
OWN_CAUSES = frozenset({OWN_LIMIT, OWN_MANDATE})


class Measure(StrEnum):
    """What an order stops; `values` of the order name the kinds, channels, devices … it is about."""

    FREEZE = "freeze"
    STOP_OUTGOING = "stop_outgoing"
    STOP_KINDS = "stop_kinds"
    STOP_CHANNELS = "stop_channels"
    STOP_DEVICES = "stop_devices"
    STOP_SESSIONS = "stop_sessions"
    STOP_PAYEES = "stop_payees"
    STOP_MANDATES = "stop_mandates"
    STOP_INSTRUMENTS = "stop_instruments"
    LOWER_LIMIT = "lower_limit"
    HEIGHTENED_REVIEW = "heightened_review"
    STOP_DEBT = "stop_debt"
    STOP_COLLECTION = "stop_collection"


# These are about what somebody owes: where both an account and a person are known, they bind both.
ON_DEBT = frozenset({Measure.STOP_DEBT, Measure.STOP_COLLECTION})


class Subject(NamedTuple):
    """Whom an order binds: one account, or one person on whatever account; neither: everybody."""

    account: str | None = None
    person: str | None = None


EVERYBODY = Subject()


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One standing order; instants are microseconds UTC, None for `ends_at` binds until it is lifted.

    `code` is a word of CAUSES. `begun_before` is for sessions: those begun before it are stopped. An order
    without `values` is about every device, mandate … of its subject, where its measure allows that.
    """

    id: str
    measure: Measure
    account: str | None = None
    person: str | None = None
    values: tuple[str, ...] = ()
    begun_before: int | None = None
    amount_limit: Amount | None = None
    code: str
    placed_at: int
    placed_by: str
    ends_at: int | None = None
    incident: str | None = None

    @property
    def subject(self) -> Subject:
        """Whom it binds."""
        return Subject(self.account, self.person)


class BoundOrder(msgspec.Struct, frozen=True, gc=False):
    """What one order says about one operation; recorded with the decision, in the words it was given."""

    rule: str
    outcome: Outcome
    text: Text
    values: dict[str, Any]


class Cause(NamedTuple):
    """Why an order was placed, what ends it, and what to bring, in the customer's words."""

    text: Text
    remedy: Text
    documents: tuple[str, ...]


MEASURE_TEXTS = {
    Measure.FREEZE: Text(
        en="The account is frozen: no money can leave it, no loan can be opened in its name, and nobody can "
        "change its devices, passwords or payees. Paying back, paying in and looking stay possible.",
        zh="账户已冻结：资金不能转出，不能以其名义借款，也不能更改设备、密码和收款人。还款、存入和查询仍可使用。",
    ),
    Measure.STOP_OUTGOING: Text(
        en="Money going out is stopped. Paying back, paying in and looking stay possible.",
        zh="资金转出已停止。还款、存入和查询仍可使用。",
    ),
    Measure.STOP_KINDS: Text(
        en="This kind of operation is stopped for now; other kinds are not.",
        zh="此类操作目前已停止，其他操作不受影响。",
    ),
    Measure.STOP_CHANNELS: Text(
        en="This way in is stopped for now; another one may be used.",
        zh="该渠道目前已停用，可改用其他渠道。",
    ),
    Measure.STOP_DEVICES: Text(
        en="This device is not trusted for this account; use a device you have long used.",
        zh="该设备不被此账户信任；请改用您长期使用的设备。",
    ),
    Measure.STOP_SESSIONS: Text(
        en="This session was ended for safety; log in again.",
        zh="为安全起见，该会话已被终止；请重新登录。",
    ),
    Measure.STOP_PAYEES: Text(
        en="Payments to this payee are stopped.",
        zh="向该收款人的付款已停止。",
    ),
    Measure.STOP_MANDATES: Text(
        en="This automatic debit is switched off.",
        zh="该自动扣款已关闭。",
    ),
    Measure.STOP_INSTRUMENTS: Text(
        en="This card is stopped; other cards are not.",
        zh="该卡已停用，其他卡不受影响。",
    ),
    Measure.LOWER_LIMIT: Text(
        en="The amount is over the limit that holds for now.",
        zh="金额超过目前生效的临时限额。",
    ),
    Measure.HEIGHTENED_REVIEW: Text(
        en="After an incident every operation with money is checked once more; this ends by itself.",
        zh="事件发生后的一段时间内，每笔资金操作都会多核实一次；到期自动结束。",
    ),
    Measure.STOP_DEBT: Text(
        en="No loan can be opened in this person's name, and nothing is collected on the disputed debt.",
        zh="不能以该人名义新增借款，对有争议的债务停止催收和扣款。",
    ),
    Measure.STOP_COLLECTION: Text(
        en="Nobody collects or debits the disputed debts. Other debts are paid back as before.",
        zh="有争议的债务停止催收和扣款，其他债务照常偿还。",
    ),
}

_SHOW_WHO = Text(
    en="Show that it is you: two of the proofs you already have with us. If the order is wrong, appeal; an "
    "appeal that is upheld lifts everything at once.",
    zh="请证明是您本人：在我们已有的凭证中任选两种。如认为有误，可以申诉；申诉成立后将一次全部解除。",
)

CAUSES = {
    "not_me": Cause(
        Text(
            en="The holder said that this was not them.",
            zh="持有人表示不是本人操作。",
        ),
        _SHOW_WHO,
        ("identity_proof",),
    ),
    "identity_misused": Cause(
        Text(
            en="The person said that somebody else uses their identity.",
            zh="当事人表示身份被他人冒用。",
        ),
        Text(
            en="Show who you are at a branch or by video; nothing else is needed from you.",
            zh="请到网点或通过视频证明您的身份；不需要您提供其他材料。",
        ),
        ("identity_proof",),
    ),
    DESK: Cause(
        Text(
            en="A member of staff placed this order to protect the account.",
            zh="工作人员为保护账户下达了该指令。",
        ),
        _SHOW_WHO,
        ("identity_proof",),
    ),
    "suspected": Cause(
        Text(
            en="What was asked for does not look like you, so it is stopped until we have reached you.",
            zh="该操作与您平时的习惯不符，在联系到您之前先行停住。",
        ),
        Text(
            en="Answer our call, or confirm in the official app on a device you have long used.",
            zh="请接听我们的电话，或在您长期使用的设备上通过官方App确认。",
        ),
        (),
    ),
    "police": Cause(
        Text(
            en="The police asked for an emergency stop of 48 hours.",
            zh="公安机关要求紧急止付48小时。",
        ),
        Text(
            en="It ends by itself. Ask the police authority named in the order; we tell you how to reach it.",
            zh="到期自动解除。请联系指令中的公安机关，我们会告知联系方式。",
        ),
        (),
    ),
    "channel_stopped": Cause(
        Text(
            en="This way of taking money out is stopped for everybody while an attack is looked into.",
            zh="因正在处置攻击事件，该出款渠道暂停使用。",
        ),
        Text(en="Use another way, or try again later.", zh="请改用其他渠道，或稍后再试。"),
        (),
    ),
    "recovering": Cause(
        Text(
            en="The account is being given back to its holder step by step.",
            zh="账户正在逐步恢复给持有人使用。",
        ),
        Text(en="It ends by itself at the time shown.", zh="到所示时间自动结束。"),
        (),
    ),
    OWN_LIMIT: Cause(
        Text(
            en="The holder set this limit for the account.",
            zh="该限额由持有人自行设定。",
        ),
        Text(
            en="Raise it in the app: confirm that it is you, and after a wait the new limit holds. A smaller "
            "amount needs no wait.",
            zh="可在App中调高：确认是您本人，等待期满后新限额生效。较小金额无需等待。",
        ),
        (),
    ),
    OWN_MANDATE: Cause(
        Text(
            en="The holder switched this automatic debit off.",
            zh="该自动扣款由持有人自行关闭。",
        ),
        Text(
            en="Switch it on again in the app and confirm that it is you, or pay the bill yourself.",
            zh="可在App中重新开启并确认是您本人，也可以自行支付账单。",
        ),
        (),
    ),
}
