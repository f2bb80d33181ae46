"""What happened on an account, as its holder reads it: every sign-in and operation, and what became of it."""

from __future__ import annotations

import csv
import io
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple, Protocol

import msgspec

from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.money import decimal_of
from countermand.kernel.text import Text
from countermand.vocabulary.holds import HoldState
from countermand.vocabulary.operation_words import KIND_WORDS
from countermand.vocabulary.operations import Amount, Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.work.record import LookedBack

PAGE_ROWS_MAX = 50
EXPORT_ROWS_MAX = 5000
_FUTURE = 253_402_300_799_000_000  # the end of 9999: nothing is later
_OPERATION = msgspec.json.Decoder(Operation)


class Result(NamedTuple):
    """What became of it: a word for programs, one for people, and whether it can still be taken back."""

    word: str
    text: Text
    open: bool = False


class Past(NamedTuple):
    """One line of the history. `network` is where it came from, without its last part; microseconds UTC."""

    id: str
    kind: str
    said: Text
    at: int
    amount: Amount | None
    counterparty: str | None
    channel: str | None
    device: str | None
    network: str | None
    result: Result
    until: int | None


class History(NamedTuple):
    """A page, newest first; `next` goes on behind it, None at the end."""

    rows: list[Past]
    next: str | None


class HistoryShelf(Protocol):
    """Recorded operations of an account."""

    async def of_account(self, account: str, before: tuple[int, int], count: int) -> list[LookedBack]:
        """Those before an instant and a number, newest first. Raises Unavailable."""
        ...


_STATES = {
    HoldState.OPEN: Result(
        "waiting", Text(en="waiting: you can take it back", zh="等待中，可撤回"), open=True
    ),
    HoldState.RELEASED: Result("released", Text(en="on its way", zh="正在执行")),
    HoldState.EXECUTED: Result("executed", Text(en="done", zh="已完成")),
    HoldState.FAILED: Result("failed", Text(en="not done", zh="未能完成")),
    HoldState.REVOKED: Result("revoked", Text(en="taken back", zh="已撤回")),
    HoldState.LAPSED: Result("lapsed", Text(en="ended without taking effect", zh="已失效，未执行")),
}
_OUTCOMES = {
    Outcome.ALLOW: Result("allowed", Text(en="went through", zh="已通过")),
    Outcome.CHALLENGE: Result("challenged", Text(en="asked to confirm", zh="要求本人确认")),
    Outcome.HOLD: Result("held", Text(en="on hold", zh="已暂缓")),
    Outcome.APPROVE: Result("approval", Text(en="waits for a second person", zh="等待他人批准")),
    Outcome.DENY: Result("stopped", Text(en="stopped", zh="已被拦截")),
}


async def show_history(shelf: HistoryShelf, account: str, after: str = "") -> History:
    """A page of an account's history behind `after`. A mark that is none begins at the newest."""
    rows = await shelf.of_account(account, _place(after), PAGE_ROWS_MAX + 1)
    shown = [_past(row) for row in rows[:PAGE_ROWS_MAX]]
    more = len(rows) > PAGE_ROWS_MAX
    return History(shown, f"{shown[-1].at}~{rows[PAGE_ROWS_MAX - 1].seq}" if more else None)


async def history_file(shelf: HistoryShelf, account: str, language: str) -> bytes:
    """The last operations as CSV (RFC 4180, UTF-8 with a mark, so that spreadsheets read Chinese)."""
    rows = [_past(row) for row in await shelf.of_account(account, _place(""), EXPORT_ROWS_MAX)]
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(
        ["at", "operation", "what", "amount", "currency", "to", "channel", "device", "network", "result"]
    )
    for one in rows:
        amount = ("", "") if one.amount is None else _amount(one.amount)
        cells = (
            rfc3339(one.at), one.id, getattr(one.said, language), *amount, one.counterparty or "",
            one.channel or "", one.device or "", one.network or "", getattr(one.result.text, language),
        )  # fmt: skip
        sheet.writerow([_harmless(cell) for cell in cells])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _past(row: LookedBack) -> Past:
    asked = _OPERATION.decode(row.body)
    state = None if row.state is None else HoldState(row.state)
    result = _OUTCOMES[Outcome(row.outcome)] if state is None else _STATES[state]
    return Past(
        id=asked.id,
        kind=asked.kind.value,
        said=KIND_WORDS.get(asked.kind.value, Text(en="an operation", zh="一笔操作")),
        at=micros_of(asked.occurred_at),
        amount=asked.amount,
        counterparty=None if asked.counterparty is None else asked.counterparty.id,
        channel=None if asked.channel is None else asked.channel.value,
        device=None if asked.device is None else asked.device.id,
        network=None if asked.ip is None else network_of(asked.ip),
        result=result,
        until=row.until if result.open else None,
    )


def network_of(ip: str) -> str | None:
    """An address without the part that names a household.

    >>> network_of("203.0.113.7"), network_of("2001:db8:1:2::7"), network_of("here")
    ('203.0.113.*', '2001:db8:1:*', None)
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return f"{ip.rpartition('.')[0]}.*"
    groups = [group.lstrip("0") or "0" for group in address.exploded.split(":")[:3]]
    return ":".join(groups) + ":*"


def _amount(amount: Amount) -> tuple[str, str]:
    return decimal_of(amount.minor, amount.currency), amount.currency


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would compute is shown instead (OWASP, CSV injection)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _place(mark: str) -> tuple[int, int]:
    at, _, seq = mark.partition("~")
    if at.isdecimal() and seq.isdecimal() and len(mark) < 40:
        return min(int(at), _FUTURE), int(seq)
    return _FUTURE, 2**62
