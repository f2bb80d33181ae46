"""What a containment stops and what keeps working, in both languages, before anybody confirms it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from countermand.containment.standing import Asked, binding, binds_at
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.orders import MEASURE_TEXTS, Measure, Order
from countermand.vocabulary.outcomes import Outcome

KIND_TEXTS = {
    Kind.LOGIN: Text(en="logging in", zh="登录"),
    Kind.REGISTER: Text(en="registering", zh="注册"),
    Kind.LOAN_APPLY: Text(en="applying for a loan", zh="申请借款"),
    Kind.LOAN_DISBURSE: Text(en="paying out a loan", zh="借款放款"),
    Kind.PAYMENT: Text(en="paying", zh="付款"),
    Kind.TRANSFER: Text(en="transferring", zh="转账"),
    Kind.WITHDRAWAL: Text(en="withdrawing", zh="提现"),
    Kind.REPAYMENT: Text(en="paying back", zh="还款"),
    Kind.DEPOSIT: Text(en="paying in", zh="存入"),
    Kind.REFUND: Text(en="receiving refunds", zh="收到退款"),
    Kind.DEVICE_BIND: Text(en="adding a device", zh="绑定新设备"),
    Kind.DEVICE_UNBIND: Text(en="removing a device", zh="移除设备"),
    Kind.CREDENTIAL_CHANGE: Text(en="changing passwords", zh="修改密码"),
    Kind.CONTACT_CHANGE: Text(en="changing contact data", zh="修改联系方式"),
    Kind.LIMIT_CHANGE: Text(en="changing limits", zh="调整限额"),
    Kind.BENEFICIARY_ADD: Text(en="adding payees", zh="新增收款人"),
    Kind.MANDATE_CREATE: Text(en="setting up automatic debits", zh="开通自动扣款"),
    Kind.MANDATE_RUN: Text(en="automatic debits", zh="自动扣款"),
    Kind.MANDATE_CANCEL: Text(en="cancelling automatic debits", zh="取消自动扣款"),
    Kind.DATA_EXPORT: Text(en="exporting data", zh="导出数据"),
}
LOOKING = Text(en="looking at the balance", zh="查询余额")
# The order in which people ask: what they need every day comes first.
_KEPT_FIRST = (Kind.REPAYMENT, Kind.LOGIN, Kind.DEPOSIT, Kind.REFUND)
# Nobody reads further than that; the list beside the sentence has them all.
KEPT_SAID_MAX = 4
_CERTAIN = frozenset(
    {
        Measure.FREEZE, Measure.STOP_OUTGOING, Measure.STOP_KINDS, Measure.STOP_DEBT,
        Measure.HEIGHTENED_REVIEW,
    }
)  # fmt: skip


def scope_of(orders: Sequence[Order], now: int) -> dict[str, Any]:
    """What orders mean for each kind of operation, in both languages; `said` is the whole in words.

    `stops` and `waits` are refused or checked once more, whatever else an operation says; `keeps` are the
    others, paying back and looking first. `only` is stopped for some devices, channels, amounts, …
    """
    bound = [order for order in orders if binds_at(order, now)]
    whole = [one for one in bound if one.measure in _CERTAIN or _about_all(one)]
    stops: list[Kind] = []
    waits: list[Kind] = []
    keeps: list[Kind] = []
    for kind in (*_KEPT_FIRST, *(kind for kind in Kind if kind not in _KEPT_FIRST)):
        said = max((one.outcome for one in binding(Asked(kind), whole, now)), default=Outcome.ALLOW)
        (stops if said is Outcome.DENY else waits if said > Outcome.ALLOW else keeps).append(kind)
    only = [order for order in bound if order not in whole]
    return {
        "stops": [_shown(kind) for kind in stops],
        "waits": [_shown(kind) for kind in waits],
        "keeps": [{"kind": "balance", **_text(LOOKING)}, *(_shown(kind) for kind in keeps)],
        "only": [
            {"measure": one.measure.value, "values": list(one.values), **_text(MEASURE_TEXTS[one.measure])}
            for one in only
        ],
        "ends_at": _ends_at(bound),
        "said": _text(_sentence(stops, waits, keeps)),
    }


def _about_all(order: Order) -> bool:
    """Whether an order that could name some mandates or cards names none: then it is about all of them."""
    return order.measure in (Measure.STOP_MANDATES, Measure.STOP_INSTRUMENTS) and not order.values


def _ends_at(orders: Iterable[Order]) -> str | None:
    """When the last of them ends by itself; None where one binds until it is lifted."""
    ends = [order.ends_at for order in orders]
    return None if not ends or None in ends else rfc3339(max(end for end in ends if end is not None))


def _shown(kind: Kind) -> dict[str, Any]:
    return {"kind": kind.value, **_text(KIND_TEXTS[kind])}


def _text(text: Text) -> dict[str, Any]:
    return {"text": {"en": text.en, "zh": text.zh}}


def _sentence(stops: Sequence[Kind], waits: Sequence[Kind], keeps: Sequence[Kind]) -> Text:
    en, zh = [], []
    for label_en, label_zh, kinds in (
        ("Stopped", "已停住", stops),
        ("Checked once more", "需再次核实", waits),
    ):
        if kinds:
            en.append(f"{label_en}: {', '.join(KIND_TEXTS[kind].en for kind in kinds)}.")
            zh.append(f"{label_zh}：{'、'.join(KIND_TEXTS[kind].zh for kind in kinds)}。")
    kept = [LOOKING, *(KIND_TEXTS[kind] for kind in keeps[:KEPT_SAID_MAX])]
    more_en, more_zh = (" and the rest", "等") if len(keeps) > KEPT_SAID_MAX else ("", "")
    en.append(f"Still works: {', '.join(text.en for text in kept)}{more_en}.")
    zh.append(f"还能用：{'、'.join(text.zh for text in kept)}{more_zh}。")
    return Text(en=" ".join(en), zh="".join(zh))
