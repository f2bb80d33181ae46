"""Which standing orders bind an operation, and to what: the strictest answer that each of them calls for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.incidents import Revocation
from countermand.vocabulary.operations import (
    MOVES_MONEY,
    OPENS_DEBT,
    STOPPED_BY_FREEZE,
    AttributeValue,
    Kind,
    Operation,
)
from countermand.vocabulary.orders import (
    CAUSES,
    EVERYBODY,
    MEASURE_TEXTS,
    RULE_PREFIX,
    BoundOrder,
    Measure,
    Order,
    Subject,
)
from countermand.vocabulary.outcomes import Outcome

# A new session or account begins with these, so no earlier session stands behind them.
BEGINS_SESSION = frozenset({Kind.LOGIN, Kind.REGISTER})
# Nothing leaves by these: whoever does them does the holder no harm.
PAYS_IN = frozenset({Kind.REPAYMENT, Kind.DEPOSIT, Kind.REFUND})
PAYS_SOMEBODY = MOVES_MONEY | {Kind.BENEFICIARY_ADD, Kind.MANDATE_CREATE}
BY_CARD = frozenset({Kind.PAYMENT, Kind.WITHDRAWAL})
RUNS_MANDATE = frozenset({Kind.MANDATE_RUN, Kind.MANDATE_CREATE})
# The attributes of an operation that orders ask about; a session's beginning is an RFC 3339 text.
SESSION_BEGUN, INSTRUMENT, MANDATE, DEBT = "session_begun_at", "instrument", "mandate", "debt"


class Asked(NamedTuple):
    """What orders look at in an operation; None is unknown."""

    kind: Kind
    channel: str | None = None
    device: str | None = None
    session: str | None = None
    session_begun_at: int | None = None
    payee: str | None = None
    instrument: str | None = None
    mandate: str | None = None
    debt: str | None = None
    amount_minor: int | None = None
    currency: str | None = None


def asked_of(operation: Operation) -> Asked:
    """What orders look at in an operation."""
    more = operation.attributes or {}
    amount, device, payee = operation.amount, operation.device, operation.counterparty
    return Asked(
        operation.kind,
        None if operation.channel is None else operation.channel.value,
        None if device is None else device.id,
        operation.session,
        begun_at(more.get(SESSION_BEGUN)),
        None if payee is None else payee.id,
        _text(more.get(INSTRUMENT)),
        _text(more.get(MANDATE)),
        _text(more.get(DEBT)),
        None if amount is None else amount.minor,
        None if amount is None else amount.currency,
    )


def asked_of_hold(hold: Hold) -> Asked:
    """What a hold still knows of its operation."""
    return Asked(
        Kind(hold.kind),
        hold.channel,
        hold.device,
        hold.session,
        payee=hold.counterparty,
        amount_minor=hold.amount_minor,
        currency=hold.currency,
    )


def binding(asked: Asked, orders: Iterable[Order], now: int) -> tuple[BoundOrder, ...]:
    """What each order that binds at an instant says about an operation, the oldest order first.

    Total: an order that asks about something the operation does not tell calls for a hold, never for less.
    """
    found = []
    for order in sorted(orders, key=lambda one: (one.placed_at, one.id)):
        if not binds_at(order, now):
            continue
        outcome = _SAYS[order.measure](asked, order)
        if outcome is not None:
            found.append(bound_order(order, outcome))
    return tuple(found)


def subjects_of(account: str | None, person: str | None) -> set[Subject]:
    """Whose orders bind an operation: its account's, its person's, everybody's."""
    return {Subject(account=account), Subject(person=person), EVERYBODY}


def concerning(orders: Iterable[Order], account: str | None, person: str | None) -> list[Order]:
    """Those of these orders that bind an operation of this account and person."""
    whom = subjects_of(account, person)
    return [order for order in orders if order.subject in whom]


def binds_at(order: Order, now: int) -> bool:
    """Whether the order is in force: its end binds at once, also before the timer has closed it."""
    return order.ends_at is None or now < order.ends_at


def stops(asked: Asked, orders: Iterable[Order], now: int) -> bool:
    """Whether some order denies it: such a hold is taken back, and such an operation has no permit."""
    return any(one.outcome is Outcome.DENY for one in binding(asked, orders, now))


def begun_at(value: AttributeValue) -> int | None:
    """When a session began, from an RFC 3339 text with an offset; None where that cannot be told."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else micros_of(moment)


def bound_order(order: Order, outcome: Outcome) -> BoundOrder:
    """The order in words: what is stopped, why, how it ends, what to bring, until when."""
    cause = CAUSES[order.code]
    values: dict[str, Any] = {
        "order": order.id,
        "incident": order.incident,
        "code": order.code,
        "cause": {"en": cause.text.en, "zh": cause.text.zh},
        "remedy": {"en": cause.remedy.en, "zh": cause.remedy.zh},
        "documents": list(cause.documents),
        "ends_at": None if order.ends_at is None else rfc3339(order.ends_at),
    }
    text = MEASURE_TEXTS[order.measure]
    if order.amount_limit is not None:
        en, zh = money_texts(order.amount_limit.minor, order.amount_limit.currency)
        text = Text(en=f"{text.en} The limit is {en}.", zh=f"{text.zh}限额为{zh}。")
        values["at_most"] = {"minor": order.amount_limit.minor, "currency": order.amount_limit.currency}
    return BoundOrder(RULE_PREFIX + order.measure.value, outcome, text, values)


def _kinds(stopped: frozenset[Kind]) -> Callable[[Asked, Order], Outcome | None]:
    """An order that stops these kinds, whatever else the operation says."""
    return lambda asked, _order: Outcome.DENY if asked.kind in stopped else None


def _named(
    kinds: frozenset[Kind], field: str, if_unknown: frozenset[Kind]
) -> Callable[[Asked, Order], Outcome | None]:
    """An order that stops these kinds where `field` has one of its values; an order without any: always.

    Where the field is unknown, the kinds of `if_unknown` wait; the others can do without one.
    """

    def says(asked: Asked, order: Order) -> Outcome | None:
        if asked.kind not in kinds:
            return None
        value = getattr(asked, field)
        if not order.values or value in order.values:
            return Outcome.DENY
        return Outcome.HOLD if value is None and asked.kind in if_unknown else None

    return says


def _stop_kinds(asked: Asked, order: Order) -> Outcome | None:
    return Outcome.DENY if asked.kind.value in order.values else None


def _stop_devices(asked: Asked, order: Order) -> Outcome | None:
    """The named devices may do nothing but pay in; what moves money from an unknown device waits."""
    if asked.kind in PAYS_IN:
        return None
    if asked.device in order.values:
        return Outcome.DENY
    if asked.device is None and asked.kind in STOPPED_BY_FREEZE and asked.kind is not Kind.MANDATE_RUN:
        return Outcome.HOLD
    return None


def _stop_sessions(asked: Asked, order: Order) -> Outcome | None:
    """A session that is named, or begun before the instant, may do nothing; one of unknown age waits."""
    if asked.kind in BEGINS_SESSION or asked.kind is Kind.MANDATE_RUN:
        return None
    if session_ended(asked.session, asked.session_begun_at, order):
        return Outcome.DENY
    unknown = asked.session is None or (order.begun_before is not None and asked.session_begun_at is None)
    return Outcome.HOLD if unknown and asked.kind in STOPPED_BY_FREEZE else None


def session_ended(session: str | None, begun: int | None, order: Order) -> bool:
    """Whether an order to stop sessions has certainly ended this one."""
    if session is not None and session in order.values:
        return True
    return order.begun_before is not None and begun is not None and begun < order.begun_before


def session_revoked(session: str | None, device: str | None, begun: int | None, one: Revocation) -> bool:
    """Whether a session was ended: by its name, by its device, or by its age; an unknown age ends it too."""
    if one.session is not None:
        return one.session == session
    if one.device is not None and one.device != device:
        return False
    if one.device is not None and one.begun_before is None:
        return True
    return one.begun_before is not None and (begun is None or begun < one.begun_before)


def _lower_limit(asked: Asked, order: Order) -> Outcome | None:
    """Over the limit; an unknown amount, or one in another currency, cannot be shown to be within it."""
    limit = order.amount_limit
    if asked.kind not in MOVES_MONEY | OPENS_DEBT:
        return None
    if limit is None or asked.currency != limit.currency or asked.amount_minor is None:
        return Outcome.DENY
    return Outcome.DENY if asked.amount_minor > limit.minor else None


def _heightened_review(asked: Asked, order: Order) -> Outcome | None:
    if asked.kind not in MOVES_MONEY | OPENS_DEBT:
        return None
    return Outcome.HOLD if Outcome.HOLD.word in order.values else Outcome.CHALLENGE


def _stop_debt(asked: Asked, order: Order) -> Outcome | None:
    """No new debt; a debit for one of the disputed debts (the values) is collection."""
    return Outcome.DENY if asked.kind in OPENS_DEBT else _stop_collection(asked, order)


def _stop_collection(asked: Asked, order: Order) -> Outcome | None:
    """A debit for one of the disputed debts; new ones are not its matter."""
    if asked.kind is Kind.MANDATE_RUN and asked.debt is not None and asked.debt in order.values:
        return Outcome.DENY
    return None


_SAYS: dict[Measure, Callable[[Asked, Order], Outcome | None]] = {
    Measure.FREEZE: _kinds(STOPPED_BY_FREEZE),
    Measure.STOP_OUTGOING: _kinds(MOVES_MONEY),
    Measure.STOP_KINDS: _stop_kinds,
    Measure.STOP_CHANNELS: _named(STOPPED_BY_FREEZE, "channel", STOPPED_BY_FREEZE),
    Measure.STOP_DEVICES: _stop_devices,
    Measure.STOP_SESSIONS: _stop_sessions,
    Measure.STOP_PAYEES: _named(
        PAYS_SOMEBODY, "payee", PAYS_SOMEBODY - {Kind.WITHDRAWAL, Kind.LOAN_DISBURSE}
    ),
    Measure.STOP_MANDATES: _named(RUNS_MANDATE, "mandate", RUNS_MANDATE),
    Measure.STOP_INSTRUMENTS: _named(MOVES_MONEY, "instrument", BY_CARD),
    Measure.LOWER_LIMIT: _lower_limit,
    Measure.HEIGHTENED_REVIEW: _heightened_review,
    Measure.STOP_DEBT: _stop_debt,
    Measure.STOP_COLLECTION: _stop_collection,
}


def _text(value: AttributeValue) -> str | None:
    return value if isinstance(value, str) and value else None
