"""Goal: others hear of what happens in cases, signed and without personal data, or are let go with an alarm.

Method: a house on a database of its own, a receiver in memory behind the poster's port, the manual clock.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from countermand.cases.webhook_ports import Posting
from countermand.flows.deliver_effects import Deliverer
from countermand.flows.house import House
from countermand.flows.keep_webhooks import (
    list_deliveries,
    list_webhooks,
    put_webhook,
    remove_webhook,
    replay_delivery,
)
from countermand.flows.receive_report import receive_report
from countermand.flows.tell_webhooks import FAILURES_MAX, WebhookPort
from countermand.kernel.clock import MICROS_PER_HOUR, MICROS_PER_SECOND, ManualClock
from countermand.kernel.errors import BadRequest, NotFound
from countermand.kernel.signed_posts import SIGNATURE, TIMESTAMP
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.webhooks import WEBHOOKS
from flows.report_stage import reporting_house, said
from flows.stage import NOON

URL = "https://desk.example/hooks"


class Receiver:
    """Somebody's system: keeps what it was told, and answers with `status`."""

    def __init__(self) -> None:
        self.status: int | None = 204
        self.told: list[tuple[bytes, dict[str, str]]] = []

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Posting:
        assert url == URL
        self.told.append((body, headers))
        return Posting(self.status, "" if self.status else "ConnectError")

    @property
    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(body) for body, _ in self.told]


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as opened:
        yield opened


@pytest.fixture
def receiver() -> Receiver:
    """A system that takes everything."""
    return Receiver()


@pytest.fixture
def deliverer(house: House, receiver: Receiver) -> Deliverer:
    """Delivers to webhooks alone."""
    port = WebhookPort(house.works, house.reception.vault, receiver, house.clock)
    shelf = house.worker.deliverer.schedule
    return Deliverer(house.works, shelf, {WEBHOOKS: port}, {}, house.clock)


async def subscribed(house: House, *kinds: EventKind) -> str:
    """A webhook for these kinds; its secret."""
    shown = await put_webhook(house.reception, "crm", URL, kinds, "admin")
    return str(shown["secret"])


async def test_an_event_arrives_signed_and_tells_nobodys_data(
    house: House, receiver: Receiver, deliverer: Deliverer
) -> None:
    """A CloudEvent of the subscribed kind alone, with a signature over its time; no account, no text."""
    secret = await subscribed(house, EventKind.OPENED, EventKind.CONTAINED)
    text = "手机13800138000，钱不是我转的"
    received = await receive_report(house.reception, said(text, person="p-1"), "app")
    await deliverer.settle()
    assert [one["type"] for one in receiver.events] == [
        "countermand.case.opened",
        "countermand.case.contained",
    ]
    event = receiver.events[0]
    assert (event["specversion"], event["subject"]) == ("1.0", received.answer["case"])
    assert event["data"]["stage"] == "contain"
    assert not {"a-1", "p-1", "13800138000"} & set(str(receiver.events).replace("'", " ").split())
    body, headers = receiver.told[0]
    signed = f"{headers[TIMESTAMP]}.".encode() + body
    assert headers[SIGNATURE] == f"v1={hmac.new(secret.encode(), signed, sha256).hexdigest()}"
    assert int(headers[TIMESTAMP]) == NOON // MICROS_PER_SECOND


async def test_who_is_away_is_tried_again_and_then_told_in_order(
    house: House, clock: ManualClock, receiver: Receiver, deliverer: Deliverer
) -> None:
    """Two failures, then success: each event once more, under the same id, its failures forgotten."""
    await subscribed(house, EventKind.OPENED, EventKind.READ)
    await receive_report(house.reception, said("我的卡被盗刷"), "app")
    receiver.status = 503
    await deliverer.settle()
    (webhook,) = await list_webhooks(house.reception)
    assert webhook["failures"] == 1
    receiver.status = 200
    clock.advance(MICROS_PER_HOUR)
    await deliverer.settle()
    assert receiver.events[0]["id"] == receiver.events[1]["id"]
    assert [one["type"] for one in receiver.events[1:]] == [
        "countermand.case.opened",
        "countermand.case.read",
    ]
    (webhook,) = await list_webhooks(house.reception)
    assert (webhook["failures"], webhook["failing_since"]) == (0, None)


async def test_who_fails_for_too_long_is_disabled_with_an_alarm(
    house: House,
    clock: ManualClock,
    receiver: Receiver,
    deliverer: Deliverer,
    tables: asyncpg.Connection[Any],
) -> None:
    """After so many failures over an hour nothing more is placed; setting it again starts anew."""
    await subscribed(house, EventKind.OPENED)
    await receive_report(house.reception, said("我的卡被盗刷"), "app")
    receiver.status = None
    for _ in range(FAILURES_MAX):
        await deliverer.settle()
        clock.advance(MICROS_PER_HOUR // 4)
    (webhook,) = await list_webhooks(house.reception)
    assert webhook["disabled_at"] is not None
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'webhook.disabled'") == 1
    await deliverer.settle()
    await receive_report(house.reception, said("我的卡被盗刷", account="a-2"), "app")
    shown = await list_deliveries(house.reception, "crm")
    assert [(one["state"], one["answer"]) for one in shown["deliveries"]] == [
        ("failed", {"webhook": "disabled"})
    ]
    await subscribed_again(house)
    await receive_report(house.reception, said("我的卡被盗刷", account="a-3"), "app")
    assert len((await list_deliveries(house.reception, "crm"))["deliveries"]) == 2


async def subscribed_again(house: House) -> None:
    """An administrator has repaired it."""
    await put_webhook(house.reception, "crm", URL, [EventKind.OPENED], "admin")


async def test_a_delivery_is_told_again_the_secret_never_and_a_webhook_goes(
    house: House, receiver: Receiver, deliverer: Deliverer, tables: asyncpg.Connection[Any]
) -> None:
    """Replayed, the same event arrives again; set again, the secret stays; a new one is shown once."""
    secret = await subscribed(house, EventKind.OPENED)
    await receive_report(house.reception, said("我的卡被盗刷"), "app")
    await deliverer.settle()
    (one,) = (await list_deliveries(house.reception, "crm"))["deliveries"]
    assert (one["state"], one["answer"]) == ("done", {"status": 204})
    again = await replay_delivery(house.reception, "crm", one["id"])
    twice = await replay_delivery(house.reception, "crm", again["id"])
    assert len({one["id"], again["id"], twice["id"]}) == 3
    await deliverer.settle()
    assert [event["id"] for event in receiver.events] == [receiver.events[0]["id"]] * 3
    with pytest.raises(NotFound, match="unknown_delivery"):
        await replay_delivery(house.reception, "crm", "hook:crm:none:1")
    set_again = await put_webhook(house.reception, "crm", URL, [EventKind.CLOSED], "admin")
    assert "secret" not in set_again
    assert all("secret" not in one for one in await list_webhooks(house.reception))
    assert secret.encode() not in await tables.fetchval("SELECT secret FROM webhook")
    other = await put_webhook(
        house.reception, "crm", URL, [EventKind.CLOSED], "admin", new_secret_wanted=True
    )
    assert other["secret"] != secret
    for bad in ("ftp://desk.example", "https://", "https://user:pw@desk.example/", "desk.example"):
        with pytest.raises(BadRequest, match="bad_webhook_url"):
            await put_webhook(house.reception, "crm", bad, [EventKind.OPENED], "admin")
    await remove_webhook(house.reception, "crm", "admin")
    with pytest.raises(NotFound, match="unknown_webhook"):
        await list_deliveries(house.reception, "crm")
