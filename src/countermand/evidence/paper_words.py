"""Words that several papers share: outcomes, ways of proving, states of holds, and how amounts are said."""

from __future__ import annotations

from collections.abc import Mapping

from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Factor, Method
from countermand.vocabulary.documents import Cell, Field, Tone, plain
from countermand.vocabulary.holds import HoldState
from countermand.vocabulary.operations import Amount, Channel, Operation

OUTCOMES: Mapping[str, Text] = {
    "allow": Text(en="let through", zh="放行"),
    "challenge": Text(en="asked to confirm", zh="要求本人确认"),
    "hold": Text(en="put on hold", zh="暂缓执行"),
    "approve": Text(en="sent to a second person", zh="提交他人批准"),
    "deny": Text(en="stopped", zh="拦截"),
}
METHODS: Mapping[Method, Text] = {
    Method.PASSWORD: Text(en="password", zh="登录口令"),
    Method.TOTP: Text(en="authenticator app", zh="动态令牌"),
    Method.SMS: Text(en="one-time code by SMS", zh="短信验证码"),
    Method.EMAIL: Text(en="one-time code by e-mail", zh="邮件验证码"),
    Method.WEBAUTHN: Text(en="passkey", zh="通行密钥"),
    Method.LIVENESS: Text(en="look at the face", zh="人脸识别"),
    Method.OUT_OF_BAND_CALL: Text(en="call back", zh="电话回拨"),
}
FACTORS: Mapping[Factor, Text] = {
    Factor.KNOWLEDGE: Text(en="something known", zh="知识因素"),
    Factor.POSSESSION: Text(en="something held", zh="持有因素"),
    Factor.INHERENCE: Text(en="something one is", zh="生物特征因素"),
}
HOLDS: Mapping[HoldState, Text] = {
    HoldState.OPEN: Text(en="on hold", zh="暂缓中"),
    HoldState.RELEASED: Text(en="released", zh="已放行"),
    HoldState.EXECUTED: Text(en="executed", zh="已执行"),
    HoldState.FAILED: Text(en="failed, no effect", zh="未能执行，未生效"),
    HoldState.REVOKED: Text(en="taken back, no effect", zh="已撤回，未生效"),
    HoldState.LAPSED: Text(en="lapsed, no effect", zh="已失效，未生效"),
}
CHANNELS: Mapping[str, Text] = {
    Channel.APP: Text(en="app", zh="手机应用"),
    Channel.WEB: Text(en="web", zh="网页"),
    Channel.MINI_PROGRAM: Text(en="mini program", zh="小程序"),
    Channel.WECHAT: Text(en="WeChat", zh="微信"),
    Channel.BRANCH: Text(en="branch", zh="网点"),
    Channel.ATM: Text(en="cash machine", zh="自助机具"),
    Channel.POS: Text(en="shop terminal", zh="商户终端"),
    Channel.PHONE: Text(en="telephone", zh="电话"),
    Channel.SMS: Text(en="SMS", zh="短信"),
    Channel.PARTNER: Text(en="partner", zh="合作方"),
    Channel.API: Text(en="API", zh="接口"),
    Channel.BATCH: Text(en="batch", zh="批量"),
    "door": Text(en="public form", zh="公开受理页"),
    "email": Text(en="e-mail", zh="电子邮件"),
    "chat": Text(en="chat", zh="在线客服"),
    "webhook": Text(en="institution's own system", zh="机构自有系统"),
}
NOT_KNOWN = Text(en="not known", zh="未知")
NO_ADVICE = Text(
    en="What the law says stands here as a pointer for lawyers; it is not legal advice.",
    zh="文中法律条款供法务参考，不构成法律意见。",
)
MASKED_FOOT = Text(
    en="Accounts, devices, sessions, addresses and receivers stand under covers; the same cover is the same "
    "value throughout this paper.",
    zh="账户、设备、会话、网络地址与收款方均已脱敏；同一编号在本文件中始终指同一对象。",
)


def amount_of(asked: Operation) -> Text:
    """How much it was about, in both languages' own spelling."""
    return money_said(asked.amount)


def money_said(amount: Amount | None) -> Text:
    """An amount in both languages' own spelling; None is no amount."""
    if amount is None:
        return Text(en="no amount", zh="无金额")
    en, zh = money_texts(amount.minor, amount.currency)
    return Text(en=en, zh=zh)


def counted(count: int, sums: Mapping[str, int]) -> Text:
    """How many, and how much together: minor units by currency."""
    said = [money_texts(minor, currency) for currency, minor in sorted(sums.items())]
    if not said:
        return Text(en=str(count), zh=f"{count} 笔")
    en, zh = " + ".join(one for one, _ in said), " + ".join(one for _, one in said)
    return Text(en=f"{count}, together {en}", zh=f"{count} 笔，合计 {zh}")


def joined(parts: list[Text]) -> Text:
    """A list of things in a sentence."""
    return Text(en=", ".join(one.en for one in parts), zh="、".join(one.zh for one in parts))


def channel_of(name: str | None) -> Text:
    """A channel in words."""
    if name is None:
        return NOT_KNOWN
    return CHANNELS.get(name, Text(en=name, zh=name))


def field(en: str, zh: str, value: Text | str | Cell, tone: Tone = Tone.PLAIN) -> Field:
    """A labelled value."""
    return Field(Text(en=en, zh=zh), value if isinstance(value, Cell) else plain(value, tone))


def signed_foot(*, stamped: bool) -> Text:
    """How a paper is signed, and who vouches for its time."""
    if stamped:
        return Text(
            en="Signed by the institution, with the time of an independent authority (PAdES B-T, RFC 3161).",
            zh="本文件由机构电子签名，并附独立时间戳（PAdES B-T，RFC 3161）。",
        )
    return Text(
        en="Signed by the institution (PAdES B-B); no independent time stamp was to be had.",
        zh="本文件由机构电子签名（PAdES B-B）；暂未取得独立时间戳。",
    )
