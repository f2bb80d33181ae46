"""The fields an expression may name: type, whether unknown is possible, and how each is obtained.

`code` is Python over `o` (the Operation), `a` (its Account), `p` (the Place of its address), `c` (the
Circumstances); it is pasted into the one function that gathers the fields a policy uses.
"""

from __future__ import annotations

from dataclasses import dataclass

from countermand.kernel.text import Text
from countermand.policy.terms import Symbol, Type
from countermand.vocabulary.operations import Channel, Kind
from countermand.vocabulary.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the language."""

    symbol: Symbol
    code: str
    text: Text


def _field(
    name: str,
    type_: Type,
    code: str,
    en: str,
    zh: str,
    *,
    nullable: bool = True,
    domain: frozenset[str] | None = None,
    bounds: tuple[int | None, int | None] = (None, None),
) -> Field:
    return Field(Symbol(name, type_, nullable, domain, *bounds), code, Text(en=en, zh=zh))


def _signal(name: str, en: str, zh: str) -> Field:
    code = f"signal(o.device, '{name}')"
    return _field(name, Type.BOOLEAN, code, en, zh)


_KINDS = frozenset(kind.value for kind in Kind)
_CHANNELS = frozenset(channel.value for channel in Channel)
OUTCOMES = frozenset(outcome.word for outcome in Outcome)

_ALL = (
    _field("kind", Type.TEXT, "o.kind.value", "kind of operation", "操作类型", nullable=False, domain=_KINDS),
    _field("account", Type.TEXT, "o.account", "account handle", "账户标识", nullable=False),
    _field("person", Type.TEXT, "o.person", "person handle", "人员标识"),
    _field("session", Type.TEXT, "o.session", "session", "会话"),
    _field(
        "channel",
        Type.TEXT,
        "None if o.channel is None else o.channel.value",
        "channel",
        "渠道",
        domain=_CHANNELS,
    ),
    _field(
        "amount",
        Type.MONEY,
        "o.amount.minor if o.amount is not None and o.amount.currency == CURRENCY else None",
        "amount",
        "金额",
        bounds=(0, None),
    ),
    _field("currency", Type.TEXT, "None if o.amount is None else o.amount.currency", "currency", "币种"),
    _field(
        "counterparty",
        Type.TEXT,
        "None if o.counterparty is None else o.counterparty.id",
        "payee or merchant",
        "收款方",
    ),
    _field(
        "counterparty_institution",
        Type.TEXT,
        "None if o.counterparty is None else o.counterparty.institution",
        "institution of the payee",
        "收款机构",
    ),
    _field("device", Type.TEXT, "None if o.device is None else o.device.id", "device", "设备"),
    _field("ip", Type.TEXT, "o.ip", "IP address", "IP地址"),
    _field("occurred_at", Type.INSTANT, "c.at", "when it occurred", "发生时间", nullable=False),
    _field(
        "local_hour", Type.INTEGER, "c.local_hour", "local hour", "当地小时", nullable=False, bounds=(0, 23)
    ),
    _field(
        "local_weekday",
        Type.INTEGER,
        "c.local_weekday",
        "local day of the week (1 is Monday)",
        "当地星期（1为周一）",
        nullable=False,
        bounds=(1, 7),
    ),
    _field("local_day", Type.INTEGER, "c.local_day", "local day", "当地日期", nullable=False),
    _signal("emulator", "the device is an emulator", "设备为模拟器"),
    _signal("rooted", "the device is rooted", "设备已越狱或获取最高权限"),
    _signal("remote_control", "the device is under remote control", "设备正被远程控制"),
    _signal("active_call", "a call is going on", "正在通话"),
    _signal("screen_share", "the screen is being shared", "正在共享屏幕"),
    _signal("automation", "the device is driven by a program", "设备由程序自动操作"),
    _signal("vpn", "the connection comes through a VPN", "通过VPN连接"),
    _field(
        "account_known",
        Type.BOOLEAN,
        "a.guard > 0 and a.profiled",
        "the account has a profile",
        "账户已有资料",
        nullable=False,
    ),
    _field("account_type", Type.TEXT, "a.type", "type of account", "账户类型"),
    _field("kyc_level", Type.INTEGER, "a.kyc_level", "level of identification", "实名等级", bounds=(0, None)),
    _field(
        "tenure",
        Type.DURATION,
        "None if a.opened_at is None else max(0, c.at - a.opened_at)",
        "age of the account",
        "开户时长",
        bounds=(0, None),
    ),
    _field(
        "home_ip",
        Type.BOOLEAN,
        "None if o.ip is None or a.home_ips is None else o.ip in a.home_ips",
        "the address is one of the account's own",
        "IP属于该账户常用地址",
    ),
    _field(
        "home_place",
        Type.BOOLEAN,
        "None if p.country is None or a.home_places is None else p.country in a.home_places",
        "the country is one of the account's own",
        "所在国家或地区为该账户常用地",
    ),
    _field(
        "known_device",
        Type.BOOLEAN,
        "None if o.device is None or a.devices is None else o.device.id in a.devices",
        "the device is registered to the account",
        "设备已在该账户登记",
    ),
    _field(
        "ip_in_any_home",
        Type.BOOLEAN,
        "None if o.ip is None else c.population.ip_in_any_home(o.ip)",
        "the address is some account's home (legacy)",
        "IP为任意账户的常用地址（旧规则）",
    ),
    _field(
        "device_in_any_profile",
        Type.BOOLEAN,
        "None if o.device is None else c.population.device_in_any_profile(o.device.id)",
        "the device is in some profile (legacy)",
        "设备在任意账户资料中（旧规则）",
    ),
    _field("country", Type.TEXT, "p.country", "country of the address", "IP所在国家或地区"),
    _field("asn", Type.INTEGER, "p.asn", "AS number of the address", "IP的自治系统号"),
    _field("latitude", Type.NUMBER, "p.latitude", "latitude of the address", "IP纬度", bounds=(-90, 90)),
    _field("longitude", Type.NUMBER, "p.longitude", "longitude of the address", "IP经度", bounds=(-180, 180)),
)


def _sources(code: str) -> list[str]:
    """Which of the generated function's variables the code reads."""
    return [start for start in ("a.", "p.", "c.population.") if f" {start}" in f" {code}"]


FIELDS = {field.symbol.name: field for field in _ALL}

# Known of operations of the past only, so they stand in no condition but a feature's where.
OUTCOME = Symbol("outcome", Type.TEXT, False, OUTCOMES)
FRAUD = Symbol("fraud", Type.BOOLEAN, True)

# Read from the operation alone (the local day, where its account's zone is the policy's).
FROM_OPERATION = frozenset(
    name for name, field in FIELDS.items() if not {"a.", "p.", "c.population."} & set(_sources(field.code))
)
