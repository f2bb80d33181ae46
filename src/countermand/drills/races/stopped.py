"""What each containment of the drill stops, written a second time: it shares no line with the product."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MONEY = {"loan_disburse", "payment", "transfer", "withdrawal", "mandate_run"}
DEBT = {"loan_apply", "loan_disburse"}
CONTROL = {
    "device_bind", "credential_change", "contact_change", "limit_change", "beneficiary_add", "mandate_create",
    "data_export",
}  # fmt: skip
HARMLESS = {"repayment", "deposit", "refund"}
KINDS = sorted(MONEY | DEBT | CONTROL | HARMLESS | {"login", "mandate_cancel", "device_unbind"})
CHANNELS = ("app", "web", "atm", "partner")
DEVICES = ("d-1", "d-2", "d-3")
PAYEES = ("m-1", "m-2", "m-3")
SESSIONS = ("s-1", "s-2", "s-3")

Operation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One containment: its request, and which operations it must keep from being allowed."""

    measure: str
    request: dict[str, Any]
    stops: Callable[[Operation], bool]


def cases(draw: random.Random) -> list[Case]:
    """One of every measure, with what it is about drawn by chance."""
    return [*_by_kind(draw), *_by_place(draw), *_by_payment(draw)]


OPEN = MONEY | DEBT | CONTROL


def _measure(name: str, stops: Callable[[Operation], bool], **more: Any) -> Case:
    return Case(name, {"measures": [{"measure": name, **more}]}, stops)


def _by_kind(draw: random.Random) -> list[Case]:
    kind = draw.choice(sorted(MONEY))
    return [
        _measure("freeze", lambda one: one["kind"] in OPEN),
        _measure("stop_outgoing", lambda one: one["kind"] in MONEY),
        _measure("stop_kinds", lambda one: one["kind"] == kind, values=[kind]),
        _measure("stop_mandates", lambda one: one["kind"] in ("mandate_run", "mandate_create")),
        _measure(
            "heightened_review",
            lambda one: one["kind"] in MONEY | DEBT,
            values=[draw.choice(("challenge", "hold"))],
            hours=1,
        ),
        _measure("stop_debt", lambda one: one["kind"] in DEBT),
    ]


def _by_place(draw: random.Random) -> list[Case]:
    channel, device, session = draw.choice(CHANNELS), draw.choice(DEVICES), draw.choice(SESSIONS)
    return [
        _measure(
            "stop_channels",
            lambda one: one["kind"] in OPEN and one["channel"] in (None, channel),
            values=[channel],
        ),
        _measure(
            "stop_devices",
            lambda one: (
                one["kind"] not in HARMLESS
                and (
                    one["device"] == device
                    or (one["device"] is None and one["kind"] in OPEN and one["kind"] != "mandate_run")
                )
            ),
            values=[device],
        ),
        _measure(
            "stop_sessions",
            lambda one: (
                one["kind"] not in ("login", "mandate_run")
                and (one["session"] == session or (one["session"] is None and one["kind"] in OPEN))
            ),
            values=[session],
        ),
    ]


def _by_payment(draw: random.Random) -> list[Case]:
    payee, limit, paying = draw.choice(PAYEES), draw.choice((500, 5_000)), {"payment", "withdrawal"}
    to_payee = MONEY | {"beneficiary_add", "mandate_create"}
    no_payee = {"withdrawal", "loan_disburse"}
    return [
        _measure(
            "stop_payees",
            lambda one: (
                one["kind"] in to_payee
                and (one["payee"] == payee or (one["payee"] is None and one["kind"] not in no_payee))
            ),
            values=[payee],
        ),
        _measure(
            "stop_instruments",
            lambda one: (
                (one["kind"] in MONEY and one["card"] == "card-1")
                or (one["kind"] in paying and one["card"] is None)
            ),
            values=["card-1"],
        ),
        _measure(
            "lower_limit",
            lambda one: one["kind"] in MONEY | DEBT and one["minor"] > limit,
            amount_limit={"minor": limit, "currency": "CNY"},
        ),
    ]


def operation(draw: random.Random) -> Operation:
    """An operation by chance; every fact that an order may ask about is unknown now and then."""

    def some(values: tuple[str, ...]) -> str | None:
        return None if draw.random() < 0.15 else draw.choice(values)

    return {
        "kind": draw.choice(KINDS),
        "channel": some(CHANNELS),
        "device": some(DEVICES),
        "session": some(SESSIONS),
        "payee": some(PAYEES),
        "card": some(("card-1", "card-2")),
        "minor": draw.choice((100, 1_000, 10_000)),
    }
