"""The one registry of what is really the institution's: sites, numbers, senders, accounts, agents, apps."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

import msgspec

from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text

ENTRIES_MAX = 5000
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_Value = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What it is used for, in words; `footer`: it stands at the foot of every page of the portal."""

    use: Text
    footer: bool = False


class Website(Entry, frozen=True, kw_only=True):
    """A domain of ours; with `subdomains`, whatever is below it too. Only by HTTPS."""

    domain: _Value
    subdomains: bool = False


class Phone(Entry, frozen=True, kw_only=True):
    """A number that we call from or are called at: as it is dialled, with its country code if it has one."""

    number: _Value


class Sender(Entry, frozen=True, kw_only=True):
    """What our text messages come from: a short code or a name."""

    sender: _Value


class Mail(Entry, frozen=True, kw_only=True):
    """A whole address, or `@domain` for every address there."""

    address: _Value


class Account(Entry, frozen=True, kw_only=True):
    """An account that customers pay us at; its holder is the institution, never a person."""

    number: _Value
    bank: Text
    holder: Text


class Agent(Entry, frozen=True, kw_only=True):
    """The staff number of somebody who speaks to customers; no name of theirs is published."""

    number: _Value


class App(Entry, frozen=True, kw_only=True):
    """An application: its name, its store, and the SHA-256 of its signing certificate, in hex."""

    package: _Value
    store: _Value
    certificate: _Value


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """All of it. `issued` is a day (ISO 8601); `short_links`: hosts of services that hide where they lead.

    `fictional`: it describes nobody who exists, and says so wherever it is shown.
    """

    institution: Text
    issued: _Value
    fictional: bool = False
    websites: tuple[Website, ...] = ()
    phones: tuple[Phone, ...] = ()
    senders: tuple[Sender, ...] = ()
    mails: tuple[Mail, ...] = ()
    accounts: tuple[Account, ...] = ()
    agents: tuple[Agent, ...] = ()
    apps: tuple[App, ...] = ()
    short_links: tuple[_Value, ...] = ()


def read_registry(name: str, text: str) -> Registry:
    """The registry in a YAML file. Raises SetupError (`official_channels_refused`) naming what is wrong."""
    try:
        found = msgspec.yaml.decode(text, type=Registry)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(name, str(error), str(error)) from error
    return checked_registry(name, found)


def checked_registry(name: str, found: Registry) -> Registry:
    """The registry, if every entry can be what it says. Raises SetupError (`official_channels_refused`)."""
    tables = (
        *(found.websites, found.phones, found.senders, found.mails),
        *(found.accounts, found.agents, found.apps),
    )
    if sum(map(len, tables)) > ENTRIES_MAX:
        raise _refused(name, f"it has more than {ENTRIES_MAX} entries", f"条目超过 {ENTRIES_MAX} 个")
    for site in found.websites:
        if not _DOMAIN.fullmatch(site.domain):
            raise _refused(name, f"{site.domain} is no domain in lower case", f"{site.domain} 不是小写域名")
    for phone in found.phones:
        if not digits_of(phone.number):
            raise _refused(name, f"{phone.number} has no digits", f"{phone.number} 没有数字")
    for app in found.apps:
        if not _FINGERPRINT.fullmatch(app.certificate):
            raise _refused(
                name,
                f"the certificate of {app.package} is no SHA-256 in 64 hex digits",
                f"{app.package} 的证书指纹不是 64 位十六进制 SHA-256",
            )
    return found


def digits_of(text: str) -> str:
    """The digits of a number in any writing, without the signs between them.

    >>> digits_of("+86 (400) 600-0000"), digits_of("４００")
    ('864006000000', '400')
    """
    return "".join(one for one in unicodedata.normalize("NFKC", text) if one.isascii() and one.isdigit())


def _refused(name: str, en: str, zh: str) -> SetupError:
    return SetupError(
        "official_channels_refused",
        f"The registry of official channels ({name}) cannot be used: {en}.",
        f"官方渠道登记表（{name}）无法使用：{zh}。",
        file=name,
    )
