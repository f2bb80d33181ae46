"""Is this really you: a link, number, account, agent, message or app against the official registry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

import idna

from countermand.intake.look_alikes import host_shown, looks_like
from countermand.intake.official_channels import Registry, digits_of
from countermand.intake.official_words import SAID
from countermand.kernel.text import Text

VALUE_CHARACTERS_MAX = 4000
FINDINGS_MAX = 20
DIGITS_MIN = 3
AGENT_DIGITS_MAX = 8
ACCOUNT_CHARACTERS_MIN = 8
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
# A host with a dot, with or without a scheme; Chinese text may stand right before and behind it.
_LETTER = r"[0-9A-Za-z\u00c0-\u058f_-]"
_HOST = rf"(?:{_LETTER}+(?:\.|\[\.\]))+[^\W\d_\u3000-\u9fff]{{2,24}}\.?(?::\d+)?(?:/[^\s\u3000-\u9fff]*)?"
_LINK = re.compile(
    r"h(?:tt|xx)ps?:[/\\]{2}(?:[^\s\u3000-\u9fff\uff00-\uffef]+|\S+)"
    rf"|(?<![@.\w-]){_HOST}|(?<=[\u3000-\u9fff]){_HOST}",
    re.IGNORECASE,
)
_AT = rf"[A-Za-z0-9_.+-]{{1,64}}@{_LETTER}+(?:\.{_LETTER}+)+"
_MAIL = re.compile(rf"(?<![\w/\\.+-]){_AT}|(?<=[\u3000-\u9fff]){_AT}")
_NUMBER = re.compile(r"(?<![0-9A-Za-z_/.])\+?\d(?:[\d \u2010-\u2015()-]{3,22})\d(?![0-9A-Za-z_])")
_PARTS = re.compile(r"(https?)://([^/?#\s]*)", re.IGNORECASE)
_TAIL = ".,;:!?)]}>\"'，。；：！？）】》”’"


class Claim(StrEnum):
    """What somebody says is ours."""

    LINK = "link"
    NUMBER = "number"
    MAIL = "mail"
    ACCOUNT = "account"
    AGENT = "agent"
    APP = "app"
    MESSAGE = "message"


class Verdict(StrEnum):
    """ours: it stands in the registry. not_ours: or only looks like it. unknown: nobody can tell."""

    OURS = "ours"
    NOT_OURS = "not_ours"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one thing: `shown` is how it reads when nothing in it hides."""

    kind: Claim
    verdict: Verdict
    code: str
    shown: str
    text: Text
    use: Text | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer as a whole, and each thing it rests on."""

    verdict: Verdict
    findings: tuple[Finding, ...]


def check_official(registry: Registry, value: str, kind: Claim | None = None) -> Checked:
    """Whether something is the institution's; without a `kind`, it is taken for what it looks like.

    Of a message, one thing that is not ours makes the whole not ours; nothing in it is a promise.
    """
    plain = unicodedata.normalize("NFKC", value[:VALUE_CHARACTERS_MAX]).strip()
    found = kind or kind_of(plain)
    if found is Claim.MESSAGE:
        return _message(registry, plain)
    one = _CHECKS[found](registry, plain)
    if kind is None and one.verdict is not Verdict.OURS and _may_be_agent(plain):
        # A few bare digits are a number to call, or a staff number: whoever asks need not know which.
        agent = _agent(registry, plain)
        return Checked(agent.verdict, (agent,) if agent.verdict is Verdict.OURS else (one, agent))
    return Checked(one.verdict, (one,))


def kind_of(value: str) -> Claim:
    """What a text looks like.

    >>> [kind_of(one).value for one in ("bank.example/x", "400 000 0001", "a@b.example", "点 t.cn/1 领取")]
    ['link', 'number', 'mail', 'message']
    """
    bare = value.strip()
    if _FINGERPRINT.fullmatch(_hex(bare)):
        return Claim.APP
    if _MAIL.fullmatch(bare):
        return Claim.MAIL
    if _LINK.fullmatch(bare):
        return Claim.LINK
    if digits_of(bare) and not re.search(r"[^\W\d_]", bare) and len(bare) <= 32:
        return Claim.ACCOUNT if len(digits_of(bare)) >= 15 else Claim.NUMBER
    return Claim.MESSAGE


def _may_be_agent(plain: str) -> bool:
    return plain.isascii() and plain.isdigit() and len(plain) <= AGENT_DIGITS_MAX


def _link(registry: Registry, value: str) -> Finding:
    host, scheme, dressed = _host_of(value)
    if host is None:
        return _finding(Claim.LINK, Verdict.UNKNOWN, "link_unreadable", value)
    shown = host_shown(host)
    ours = next(
        (site for site in registry.websites if _covers(site.domain, host, below=site.subdomains)), None
    )
    if ours is not None:
        if scheme == "http":
            return _finding(Claim.LINK, Verdict.UNKNOWN, "link_unsafe", shown)
        return _finding(Claim.LINK, Verdict.OURS, "link_ours", shown, use=ours.use)
    return _finding(Claim.LINK, Verdict.NOT_OURS, _why_foreign(registry, host, shown, dressed=dressed), shown)


def _why_foreign(registry: Registry, host: str, shown: str, *, dressed: bool) -> str:
    """Why a link that is not ours might be taken for ours."""
    if dressed:
        return "link_dressed"
    if _is_address(host):
        return "link_number"
    if any(_covers(one, host, below=True) for one in registry.short_links):
        return "link_short"
    names = [name for site in registry.websites for name in _names(site.domain)]
    if _looks_ours(shown, names):
        return "link_look_alike"
    return "link_script" if not shown.isascii() else "link_foreign"


def _looks_ours(shown: str, names: Sequence[str]) -> bool:
    """Whether a host, or one part of it, is drawn to be taken for one of these names."""
    return any(looks_like(part, names) for part in (shown, *shown.split(".")))


def _names(domain: str) -> list[str]:
    """What people know a domain by: its own label, and the whole of it."""
    labels = domain.split(".")
    return [labels[-2], domain] if len(labels) > 1 else [domain]


def _host_of(value: str) -> tuple[str | None, str, bool]:
    """Host in ASCII, scheme, and whether something that looks like a host stands before an `@`.

    As browsers read it (WHATWG URL): a backslash is a slash, and the last `@` ends what is only dressing.
    """
    text = value.strip().rstrip(_TAIL).replace("[.]", ".").replace("。", ".").replace("\\", "/")
    text = re.sub(r"^hxxp", "http", text, flags=re.IGNORECASE)
    parts = _PARTS.match(text if "://" in text else f"https://{text}")
    if parts is None:
        return None, "", False
    place = parts[2].rpartition("@")[2]
    host = place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0].rstrip(".")
    if not host:
        return None, "", False
    if not _is_address(host):
        # What is no domain by the rules (UTS 46) is nobody's that we know; browsers may open it all the same.
        with suppress(idna.IDNAError, UnicodeError):
            host = idna.encode(host, uts46=True).decode()
        if "." not in host:
            return None, "", False
    return host.lower(), parts[1].lower(), "@" in parts[2]


def _is_address(host: str) -> bool:
    if host.isdigit() or host.startswith("0x"):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _covers(domain: str, host: str, *, below: bool) -> bool:
    return host == domain or (below and host.endswith(f".{domain}"))


def _number(registry: Registry, value: str) -> Finding:
    digits = _national(value)
    for sender in registry.senders:
        if value.strip().lower() == sender.sender.lower() or (digits and digits == _national(sender.sender)):
            return _finding(Claim.NUMBER, Verdict.OURS, "sender_ours", value, use=sender.use)
    if len(digits) < DIGITS_MIN:
        return _finding(Claim.NUMBER, Verdict.UNKNOWN, "number_unreadable", value)
    for phone in registry.phones:
        if digits == _national(phone.number):
            return _finding(Claim.NUMBER, Verdict.OURS, "number_ours", value, use=phone.use)
    return _finding(Claim.NUMBER, Verdict.NOT_OURS, "number_foreign", value)


def _national(text: str) -> str:
    """Digits without the ways to dial abroad, home or a trunk: +86, 0086, a leading 0."""
    digits = digits_of(text)
    if digits.startswith("00"):
        digits = digits[2:]
        plus = True
    else:
        plus = text.strip().startswith("+")
    if plus and digits.startswith("86"):
        digits = digits[2:]
    return digits.lstrip("0") or digits


def _mail(registry: Registry, value: str) -> Finding:
    address = value.strip().lower()
    if not _MAIL.fullmatch(address):
        return _finding(Claim.MAIL, Verdict.UNKNOWN, "mail_unreadable", value)
    domain = address.rpartition("@")[2]
    for mail in registry.mails:
        known = mail.address.lower()
        if address == known or (known.startswith("@") and domain == known[1:]):
            return _finding(Claim.MAIL, Verdict.OURS, "mail_ours", address, use=mail.use)
    names = [name for mail in registry.mails for name in _names(mail.address.rpartition("@")[2].lower())]
    code = "mail_look_alike" if _looks_ours(host_shown(domain), names) else "mail_foreign"
    return _finding(Claim.MAIL, Verdict.NOT_OURS, code, address)


def _account(registry: Registry, value: str) -> Finding:
    number = _plain(value)
    if len(number) < ACCOUNT_CHARACTERS_MIN:
        return _finding(Claim.ACCOUNT, Verdict.UNKNOWN, "account_short", value)
    for account in registry.accounts:
        if number == _plain(account.number):
            holder, bank = account.holder, account.bank
            use = Text(
                en=f"{holder.en}, {bank.en}: {account.use.en}", zh=f"{holder.zh}，{bank.zh}：{account.use.zh}"
            )
            return _finding(Claim.ACCOUNT, Verdict.OURS, "account_ours", value, use=use)
    return _finding(Claim.ACCOUNT, Verdict.NOT_OURS, "account_foreign", value)


def _agent(registry: Registry, value: str) -> Finding:
    number = _plain(value)
    if not number or len(number) > 32:
        return _finding(Claim.AGENT, Verdict.UNKNOWN, "agent_unreadable", value)
    found = next((one for one in registry.agents if number == _plain(one.number)), None)
    if found is None:
        return _finding(Claim.AGENT, Verdict.NOT_OURS, "agent_foreign", value)
    return _finding(Claim.AGENT, Verdict.OURS, "agent_ours", value, use=found.use)


def _app(registry: Registry, value: str) -> Finding:
    fingerprint = _hex(value)
    if _FINGERPRINT.fullmatch(fingerprint):
        found = next((one for one in registry.apps if one.certificate == fingerprint), None)
        if found is not None:
            return _finding(Claim.APP, Verdict.OURS, "app_ours", found.package, use=found.use)
        return _finding(Claim.APP, Verdict.NOT_OURS, "app_foreign", value)
    known = any(one.package.lower() == value.strip().lower() for one in registry.apps)
    return _finding(Claim.APP, Verdict.UNKNOWN, "app_name" if known else "app_unreadable", value)


def _message(registry: Registry, value: str) -> Checked:
    """A message by everything in it that can be checked, and by what it asks for."""
    rest, found = value, []
    for pattern, check in ((_MAIL, _mail), (_LINK, _link), (_NUMBER, _number)):
        found += [check(registry, one) for one in pattern.findall(rest)[:FINDINGS_MAX]]
        rest = pattern.sub(" ", rest)
    found += [
        _finding(Claim.NUMBER, Verdict.UNKNOWN, "message_names_us", one.sender)
        for one in registry.senders
        if not one.sender.isdigit() and one.sender.lower() in rest.lower()
    ]
    found += [
        _finding(Claim.MESSAGE, Verdict.NOT_OURS, code, "") for code, asks in _ASKS if asks.search(rest)
    ]
    shown = tuple(_once(found))[:FINDINGS_MAX]
    if any(one.verdict is Verdict.NOT_OURS for one in shown):
        return Checked(Verdict.NOT_OURS, shown)
    # A text can say anything: what is in it may be ours, and its sender somebody else.
    closing = "message_only_ours" if shown else "message_nothing"
    return Checked(Verdict.UNKNOWN, (*shown, _finding(Claim.MESSAGE, Verdict.UNKNOWN, closing, "")))


# What we never ask for, in whatever words a message asks for it; “never” before it is our own warning.
_NEVER = r"(?<!不)(?<!绝不)(?<!不会)(?<!勿)(?<!不要)(?<!never )(?<!not )"
_ASKS: Sequence[tuple[str, re.Pattern[str]]] = (
    (
        "asks_code",
        re.compile(
            rf"{_NEVER}(?:提供|告知|发送|回复|输入|报出|说出)[^。！\n]{{0,8}}(?:验证码|密码|动态码)"
            rf"|{_NEVER}(?:send|tell|give|reply with|enter)[^.!\n]{{0,24}}(?:code|password|pin\b)",
            re.IGNORECASE,
        ),
    ),
    (
        "asks_transfer",
        re.compile(
            rf"安全账户|{_NEVER}(?:先转账|转到|转至|汇到|垫付|缴纳[^。]{{0,6}}(?:保证金|手续费|解冻费))"
            rf"|safe account|{_NEVER}(?:transfer|move|send)[^.!\n]{{0,16}}(?:money|funds|deposit|fee)",
            re.IGNORECASE,
        ),
    ),
    (
        "asks_screen",
        re.compile(
            r"共享屏幕|屏幕共享|远程协助|远程控制|screen[- ]shar|share your screen|remote control",
            re.IGNORECASE,
        ),
    ),
)


def _once(found: Sequence[Finding]) -> list[Finding]:
    return list({(one.kind, one.code, one.shown): one for one in found}.values())


def _plain(value: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKC", value).upper() if one.isalnum())


def _hex(value: str) -> str:
    """A fingerprint as tools write it: with colons, in capitals, after `SHA256:`."""
    return re.sub(r"^sha-?256\s*[:=]", "", value.strip().lower()).replace(":", "").replace(" ", "")


def _finding(kind: Claim, verdict: Verdict, code: str, shown: str, *, use: Text | None = None) -> Finding:
    return Finding(kind, verdict, code, shown[:200], SAID[code], use)


_CHECKS = {
    Claim.LINK: _link,
    Claim.NUMBER: _number,
    Claim.MAIL: _mail,
    Claim.ACCOUNT: _account,
    Claim.AGENT: _agent,
    Claim.APP: _app,
}
