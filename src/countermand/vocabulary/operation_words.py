"""The kinds of operations in the customer's words."""

from __future__ import annotations

from collections.abc import Mapping

from countermand.kernel.text import Text

KIND_WORDS: Mapping[str, Text] = {
    "login": Text(en="a sign-in", zh="登录"),
    "register": Text(en="a registration", zh="注册"),
    "loan_apply": Text(en="a loan application", zh="借款申请"),
    "loan_disburse": Text(en="a loan payout", zh="借款发放"),
    "payment": Text(en="a payment", zh="付款"),
    "transfer": Text(en="a transfer", zh="转账"),
    "withdrawal": Text(en="a withdrawal", zh="提现"),
    "repayment": Text(en="a repayment", zh="还款"),
    "deposit": Text(en="a deposit", zh="充值"),
    "refund": Text(en="a refund", zh="退款"),
    "device_bind": Text(en="a new device", zh="绑定新设备"),
    "device_unbind": Text(en="a device taken off", zh="解绑设备"),
    "credential_change": Text(en="a new way to sign in", zh="修改登录凭证"),
    "contact_change": Text(en="a new contact address", zh="修改联系方式"),
    "limit_change": Text(en="a new limit", zh="调整限额"),
    "beneficiary_add": Text(en="a new payee", zh="新增收款人"),
    "mandate_create": Text(en="a new direct debit", zh="新增自动扣款"),
    "mandate_run": Text(en="a direct debit", zh="自动扣款"),
    "mandate_cancel": Text(en="a direct debit ended", zh="取消自动扣款"),
    "data_export": Text(en="a copy of your data", zh="导出数据"),
}


def titled(kind: str) -> Text:
    """A kind as a heading says it.

    >>> titled("transfer"), titled("unheard")
    (Text(en='Transfer', zh='转账'), Text(en='unheard', zh='unheard'))
    """
    words = KIND_WORDS.get(kind)
    if words is None:
        return Text(en=kind, zh=kind)
    bare = words.en.partition(" ")[2] if words.en.startswith(("a ", "an ")) else words.en
    return Text(en=bare[:1].upper() + bare[1:], zh=words.zh)
