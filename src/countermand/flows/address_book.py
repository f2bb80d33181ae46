"""Addresses of customers: in one form, sealed before they are written, opened only to be used."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from countermand.kernel.errors import BadRequest
from countermand.oversight.notice_ports import StoredContacts, StoredPoint
from countermand.vocabulary.notices import ContactPoint, Contacts, NoticeChannel

KEY_BYTES = 16
_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]]{1,64}@([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
_INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")


class Sealer(Protocol):
    """Where the keys are."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; it opens only with the same context."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt. Raises KeyMissing (`vault_cannot_open`)."""
        ...

    def mac_key(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, always the same."""
        ...


class Known(NamedTuple):
    """An account's contacts, opened, and the key of each address."""

    contacts: Contacts
    keys: dict[ContactPoint, str]

    def point(self, channel: NoticeChannel, key: str | None) -> ContactPoint | None:
        """The address with a key, if it is still there."""
        return next(
            (one for one, its in self.keys.items() if its == key and one.channel is channel),
            None,
        )


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Seals and opens; nothing else in the product sees an address."""

    vault: Sealer

    def key_of(self, channel: NoticeChannel, address: str) -> bytes:
        """What an address is found by, without telling it."""
        message = f"{channel.value}\0{address}".encode()
        return hmac.digest(self.vault.mac_key("contact"), message, sha256)[:KEY_BYTES]

    def stored(self, account: str, point: ContactPoint) -> StoredPoint:
        """An address as it is kept."""
        key = self.key_of(point.channel, point.address)
        sealed = self.vault.seal(point.address.encode(), _context(account, point.channel))
        return StoredPoint(point.channel, key, sealed, point.verified_at, point.former_until)

    def opened(self, account: str, stored: StoredContacts | None) -> Known:
        """The contacts of an account, with their keys; somebody who gave none has the feed."""
        if stored is None:
            return Known(Contacts(account=account), {})
        keys: dict[ContactPoint, str] = {}
        for one in stored.points:
            address = self.vault.open(one.sealed, _context(account, one.channel)).decode()
            point = ContactPoint(
                channel=one.channel,
                address=address,
                verified_at=one.verified_at,
                former_until=one.former_until,
            )
            keys[point] = one.key.hex()
        contacts = Contacts(
            account=account,
            points=tuple(keys),
            language=stored.language,
            timezone=stored.timezone,
            quiet=stored.quiet,
        )
        return Known(contacts, keys)


def _context(account: str, channel: NoticeChannel) -> str:
    return f"contact {channel.value} {account}"


def one_form(channel: NoticeChannel, address: str) -> str:
    """An address in the form in which it is kept and compared: E.164 for numbers.

    A number of eleven digits as Chinese mobiles have them, without a country, is one. Raises BadRequest
    (`bad_address`); the text does not repeat the address.

    >>> one_form(NoticeChannel.SMS, "138 0000-0000"), one_form(NoticeChannel.SMS, "0044 7700 900123")
    ('+8613800000000', '+447700900123')
    """
    plain = address.strip()
    if channel is NoticeChannel.EMAIL:
        name, _, domain = plain.rpartition("@")
        plain = f"{name}@{domain.lower()}"
        if _EMAIL.fullmatch(plain) and len(plain) <= 254:
            return plain
    elif channel is NoticeChannel.SMS:
        digits = re.sub(r"[\s().-]", "", plain)
        if _CHINESE_MOBILE.fullmatch(digits):
            digits = f"+86{digits}"
        digits = f"+{digits[2:]}" if digits.startswith("00") else digits
        digits = digits if digits.startswith("+") else f"+{digits}"
        if _INTERNATIONAL.fullmatch(digits):
            return digits
    raise BadRequest(
        "bad_address",
        f"This is no address for {channel.value}: give an e-mail address, or a number with its country.",
        f"这不是有效的 {channel.value} 地址：请填写邮箱地址，或带国家码的号码。",
        channel=channel.value,
    )


def masked(point: ContactPoint) -> str:
    """An address as it may be shown: enough to be recognised by who knows it.

    >>> masked(ContactPoint(channel=NoticeChannel.SMS, address="+8613800001234"))
    '+86*******1234'
    """
    if point.channel is NoticeChannel.EMAIL:
        name, _, domain = point.address.rpartition("@")
        return f"{name[:1]}***@{domain}"
    return f"{point.address[:3]}*******{point.address[-4:]}"
