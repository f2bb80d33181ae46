"""A stage for notices: a house, notifiers that do as they are told, and a worker that works when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from countermand.adapters.postgres.unit import PostgresSchedule
from countermand.flows.deliver_effects import Deliverer
from countermand.flows.follow_decisions import DecisionFollower
from countermand.flows.guard_clock import ClockGuard
from countermand.flows.house import House
from countermand.flows.keep_contacts import (
    FORMER_TIMER,
    GivenContacts,
    GivenPoint,
    former_handler,
    put_contacts,
)
from countermand.flows.note_receipts import receipt_handler
from countermand.flows.run_timers import TimerRunner
from countermand.flows.send_notices import ChannelPort, Post
from countermand.flows.tell_customers import NoticePort, port_of
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.notices import (
    NOTICES,
    RECEIPT_TIMER,
    NoticeAnswer,
    NoticeChannel,
    NoticeMessage,
    Taken,
)
from flows.stage import NOON, SECOND

PHONE, MAIL, OTHER = "+8613800000001", "a@example.org", "b@example.org"


@dataclass
class SaidNotifier:
    """Takes what it is given, unless `behave` says otherwise."""

    repeats_safely: bool
    sent: list[NoticeMessage] = field(default_factory=list)
    behave: Callable[[NoticeMessage], None] | None = None
    taken: Taken = Taken.ACCEPTED

    async def send(self, message: NoticeMessage) -> NoticeAnswer:
        if self.behave is not None:
            self.behave(message)
        self.sent.append(message)
        return NoticeAnswer(taken=self.taken, said={"said": "ok"})


@dataclass
class NoticeStage:
    """A house whose customers are told."""

    house: House
    clock: ManualClock
    post: Post
    email: Any
    sms: Any
    webhook: Any
    decisions: DecisionFollower
    deliverer: Deliverer
    timers: TimerRunner

    @property
    def works(self) -> Any:
        """As the stories ask for it."""
        return self.house.works

    @property
    def notice_shelf(self) -> Any:
        """As the stories ask for it."""
        return self.house.notice_shelf

    @property
    def ids(self) -> Any:
        """As the stories ask for it."""
        return self.house.ids

    @property
    def effect_ports(self) -> Any:
        """As the stories ask for it."""
        return self.house.effect_ports

    @property
    def settlement(self) -> Any:
        """As the stories ask for it."""
        return self.house.settlement

    @property
    def bell(self) -> Any:
        """As the stories ask for it."""
        return self.house.bell

    async def reach(self, account: str = "a-1", *points: tuple[str, str], **terms: Any) -> dict[str, Any]:
        """Keep verified contacts."""
        given = [GivenPoint(NoticeChannel(channel), address, NOON) for channel, address in points]
        known = {"language": "zh", "timezone": "Asia/Shanghai", "quiet": None, **terms}
        return await put_contacts(self, account, GivenContacts(given, **known), "test")

    async def tell(
        self, name: str, kind: str = "new_place_login", urgency: str = "security", **more: Any
    ) -> None:
        """Put a notice, as any story does."""
        now = self.clock.now()
        body = {"account": "a-1", "values": {"kind": "login", "at": now, **more}, "urgency": urgency}
        effect = Effect(id=name, port=NOTICES, action=kind, lane="a-1", body=body, placed_at=now, due_at=now)
        async with self.works.open() as unit:
            await unit.effects.put([effect])

    async def settle(self) -> None:
        """Look at decisions and deliver until nothing is due."""
        while await self.decisions.turn():
            pass
        await self.deliverer.settle()

    async def later(self, seconds: float) -> None:
        """Time passes, and what is due happens."""
        self.clock.advance(int(seconds * SECOND))
        while await self.timers.turn() == 0.0:
            pass
        await self.settle()

    def count(self) -> tuple[int, int, int]:
        """How many e-mails, SMS and webhook calls there were."""
        return len(self.email.sent), len(self.sms.sent), len(self.webhook.sent)


def notice_stage(
    house: House,
    clock: ManualClock,
    notifiers: Mapping[NoticeChannel, Any] | None = None,
    url: str = "http://us",
    **terms: Any,
) -> NoticeStage:
    """The house with notifiers of the test's own; `terms` replace what the house says of its post."""
    told = notifiers or {
        NoticeChannel.EMAIL: SaidNotifier(repeats_safely=True),
        NoticeChannel.SMS: SaidNotifier(repeats_safely=False),
        NoticeChannel.WEBHOOK: SaidNotifier(repeats_safely=True),
    }
    doors = replace(house.post.doors, public_url=url)
    post = replace(house.post, channels=frozenset(told), doors=doors, clock=clock, **terms)
    ports: dict[str, Any] = {
        NOTICES: NoticePort(
            works=house.works,
            addresses=post.addresses,
            channels=post.channels,
            consents=post.consents,
            clock=clock,
        )
    }
    ports |= {port_of(channel): ChannelPort(channel, one, post) for channel, one in told.items()}
    schedule: PostgresSchedule = house.worker.timers.schedule  # type: ignore[assignment]
    guard = ClockGuard(house.works, schedule, clock, 10**9, steady=lambda: clock.now() / SECOND)
    handlers: dict[str, Any] = {
        RECEIPT_TIMER: receipt_handler(post),
        FORMER_TIMER: former_handler(post.addresses, clock),
    }
    return NoticeStage(
        house,
        clock,
        post,
        told.get(NoticeChannel.EMAIL),
        told.get(NoticeChannel.SMS),
        told.get(NoticeChannel.WEBHOOK),
        DecisionFollower(house.works, post.pack, clock),
        Deliverer(house.works, schedule, ports, {}, clock),
        TimerRunner(house.works, schedule, handlers, clock, guard),
    )


async def gone(message: NoticeMessage) -> None:
    """The process dies here: whoever waits for this waits for ever."""
    await asyncio.Event().wait()
