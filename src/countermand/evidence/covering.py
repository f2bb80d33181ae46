"""Stand-ins for what papers may not show; the same value has the same one throughout."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address

from countermand.evidence.case_record import CaseRecord, given_on
from countermand.kernel.text import Text
from countermand.vocabulary.documents import same

NONE = Text(en="not told", zh="未提供")
_TAIL, _TAIL_OF_MIN = 4, 9


class Cover:
    """Numbers devices, sessions, receivers and accounts in the order of their appearance in a record."""

    def __init__(self, record: CaseRecord) -> None:
        self._devices: dict[str, int] = {}
        self._sessions: dict[str, int] = {}
        self._receivers: dict[str, int] = {}
        self._accounts: dict[str, int] = {}
        _number(self._accounts, [record.case.account])
        for one in record.operations:
            asked = one.operation
            _number(self._accounts, [asked.account])
            given = list(given_on(one))
            first = None if asked.device is None else asked.device.id
            _number(self._devices, [first, *(device for device, _ in given)])
            _number(self._sessions, [asked.session, *(session for _, session in given)])
            _number(self._receivers, [None if asked.counterparty is None else asked.counterparty.id])

    def device(self, value: str | None) -> Text:
        """A device by its number and the end of its id."""
        return _named(self._devices, value, Text(en="Device", zh="设备"))

    def session(self, value: str | None) -> Text:
        """A session by its number."""
        return _named(self._sessions, value, Text(en="Session", zh="会话"))

    def receiver(self, value: str | None) -> Text:
        """Who received the money, by number and the end of the account."""
        return _named(self._receivers, value, Text(en="Receiver", zh="收款方"))

    def account(self, value: str | None) -> Text:
        """An account by its number and end."""
        return _named(self._accounts, value, Text(en="Account", zh="账户"))

    def address(self, value: str | None) -> Text:
        """A network address without the half that tells whose it is."""
        return NONE if value is None else same(covered_address(value))


def covered_address(value: str) -> str:
    """The network without the host.

    >>> covered_address("203.0.113.7"), covered_address("2001:db8::7"), covered_address("elsewhere")
    ('203.0.*.*', '2001:db8:*', '*')
    """
    try:
        found = ip_address(value)
    except ValueError:
        return "*"
    if isinstance(found, IPv4Address):
        return ".".join(value.split(".")[:2]) + ".*.*"
    return ":".join(part.lstrip("0") or "0" for part in found.exploded.split(":")[:2]) + ":*"


def tail(value: str) -> str:
    """The end of a long value, behind a star; nothing of a short one.

    >>> tail("6222020000001234"), tail("a-1")
    ('*1234', '')
    """
    return f"*{value[-_TAIL:]}" if len(value) >= _TAIL_OF_MIN else ""


def _number(known: dict[str, int], values: Iterable[str | None]) -> None:
    for value in values:
        if value is not None:
            known.setdefault(value, len(known) + 1)


def _named(known: dict[str, int], value: str | None, noun: Text) -> Text:
    if value is None:
        return NONE
    number, end = known.get(value), tail(value)
    en, zh = (noun.en, noun.zh) if number is None else (f"{noun.en} {number}", f"{noun.zh}{number}")
    return Text(en=f"{en} ({end})", zh=f"{zh}（{end}）") if end else Text(en=en, zh=zh)
