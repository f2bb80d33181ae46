"""Dynamic linking: what a challenge confirms, as bytes that change with every word of it.

After PSD2's RTS (EU) 2018/389, article 5: the payer is shown the amount and the payee, the code is specific
to both, and any change of either makes it worthless.
"""

from __future__ import annotations

import hmac

import msgspec

from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Confirmation, Method, Purpose
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.own_limits import is_mandate_ref, limit_of_ref

SEAL_CONTEXT = b"countermand/confirmation/1\n"
CODE_CONTEXT = b"countermand/code/1\n"

_KIND_WORDS = {
    "login": Text(en="log in", zh="登录"),
    "register": Text(en="open an account", zh="开户"),
    "loan_apply": Text(en="apply for a loan", zh="申请贷款"),
    "loan_disburse": Text(en="pay out a loan", zh="发放贷款"),
    "payment": Text(en="pay", zh="支付"),
    "transfer": Text(en="transfer", zh="转账"),
    "withdrawal": Text(en="withdraw", zh="提现"),
    "repayment": Text(en="pay back", zh="还款"),
    "deposit": Text(en="deposit", zh="存入"),
    "refund": Text(en="refund", zh="退款"),
    "device_bind": Text(en="bind a device", zh="绑定设备"),
    "device_unbind": Text(en="unbind a device", zh="解绑设备"),
    "credential_change": Text(en="change a password or key", zh="修改密码或密钥"),
    "contact_change": Text(en="change contact data", zh="修改联系方式"),
    "limit_change": Text(en="change a limit", zh="修改限额"),
    "beneficiary_add": Text(en="add a payee", zh="新增收款人"),
    "mandate_create": Text(en="allow automatic debits", zh="开通自动扣款"),
    "mandate_run": Text(en="debit automatically", zh="自动扣款"),
    "mandate_cancel": Text(en="stop automatic debits", zh="关闭自动扣款"),
    "data_export": Text(en="export personal data", zh="导出个人数据"),
    "limit_set": Text(en="to", zh="至"),
    "limit_removed": Text(en="no limit of your own any more", zh="不再设自己的限额"),
    "mandate_on": Text(en="switch an automatic debit on again", zh="重新开启自动扣款"),
}
_PURPOSE_WORDS = {
    Purpose.OPERATION: Text(en="Confirm: {what}", zh="确认：{what}"),
    Purpose.RELEASE: Text(en="End the waiting time early: {what}", zh="提前结束冷静期：{what}"),
    Purpose.LIFT: Text(en="Lift the protection of this account: {what}", zh="解除账户保护：{what}"),
    Purpose.LIMIT: Text(en="Raise a limit of this account: {what}", zh="提高账户限额：{what}"),
    Purpose.ENROL: Text(en="Add a way of signing in: {what}", zh="新增验证方式：{what}"),
}


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """What is being confirmed, whole: the same words for the customer, for the code and for the check."""

    purpose: Purpose
    ref: str
    account: str
    kind: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    payee: str | None = None
    institution: str | None = None


def linked_of_hold(hold: Hold, purpose: Purpose) -> Linked:
    """What confirming a held operation is about."""
    return Linked(
        purpose=purpose,
        ref=hold.operation,
        account=hold.account,
        kind=hold.kind,
        amount_minor=hold.amount_minor,
        currency=hold.currency,
        payee=hold.counterparty,
        institution=hold.institution,
    )


def linked_of_account(purpose: Purpose, ref: str, account: str) -> Linked:
    """What is asked of an account; a ref of `vocabulary.own_limits` is read, so its words stand in it."""
    bare = Linked(purpose=purpose, ref=ref, account=account)
    if purpose is Purpose.LIMIT and (asked := limit_of_ref(ref)) is not None:
        limit = asked.limit
        if limit is None:
            return msgspec.structs.replace(bare, kind="limit_removed")
        amount = {"amount_minor": limit.minor, "currency": limit.currency}
        return msgspec.structs.replace(bare, kind="limit_set", **amount)
    if purpose is Purpose.LIFT and is_mandate_ref(ref):
        return msgspec.structs.replace(bare, kind="mandate_on")
    return bare


def linked_digest(linked: Linked) -> str:
    """SHA-256 over the canonical form, in hex."""
    return digest(canonical_bytes(linked)).hex()


def challenge_bytes(linked: Linked, nonce: bytes) -> bytes:
    """What a passkey signs: SHA-256 over the canonical linked data and the challenge's nonce."""
    return digest(canonical_bytes(linked) + nonce)


def code_mac(key: bytes, challenge: str, linked: str, method: Method, code: str) -> str:
    """A one-time code as it is kept: worthless in any other challenge, method or with other linked data."""
    message = CODE_CONTEXT + canonical_bytes([challenge, linked, method.value, code])
    return hmac.digest(key, message, "sha256").hex()


def same_mac(one: str, other: str) -> bool:
    """Whether two MACs are equal, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(one, other)


def sealed_confirmation(key: bytes, proof: Confirmation) -> Confirmation:
    """The proof with the house's seal."""
    return msgspec.structs.replace(proof, seal=_seal(key, proof))


def proves(key: bytes, proof: Confirmation, linked: Linked, now: int, seconds_max: int) -> bool:
    """Whether a proof speaks for exactly this, is ours, and is not older than it may be."""
    return (
        same_mac(proof.seal, _seal(key, proof))
        and proof.purpose is linked.purpose
        and proof.ref == linked.ref
        and proof.account == linked.account
        and same_mac(proof.linked, linked_digest(linked))
        and 0 <= now - proof.at <= seconds_max * 1_000_000
    )


def _seal(key: bytes, proof: Confirmation) -> str:
    bare = msgspec.structs.replace(proof, seal="")
    return hmac.digest(key, SEAL_CONTEXT + canonical_bytes(bare), "sha256").hex()


def linked_text(linked: Linked) -> Text:
    """What is being confirmed, in words: the amount and the payee always stand in it, where there are any."""
    action = _KIND_WORDS.get(linked.kind or "", Text(en="this request", zh="该请求"))
    en, zh = action.en, action.zh
    if linked.amount_minor is not None and linked.currency is not None:
        amount_en, amount_zh = money_texts(linked.amount_minor, linked.currency)
        en, zh = f"{en} {amount_en}", f"{zh}{amount_zh}"
    if linked.payee is not None:
        place = f" ({linked.institution})" if linked.institution else ""
        en, zh = f"{en} to {linked.payee}{place}", f"{zh}给{linked.payee}{place.strip()}"
    frame = _PURPOSE_WORDS[linked.purpose]
    return Text(en=frame.en.replace("{what}", en), zh=frame.zh.replace("{what}", zh))


def code_text(linked: Linked, code: str, minutes: int) -> Text:
    """The message that carries a code; it says what it is for, and never holds a link."""
    what = linked_text(linked)
    return Text(
        en=f"{what.en}. Code {code}, valid {minutes} min. Not you? Do not pass it on; open the official app "
        "yourself. Nobody of ours ever asks for this code.",
        zh=f"{what.zh}。验证码{code}，{minutes}分钟内有效。非本人操作请勿透露，并自行打开官方App。"
        "工作人员绝不会索要验证码。",
    )
