"""Days at a desk, by chance: whatever can happen to accounts and cases happens, in any order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from countermand.evidence.exhibits import About, ExhibitKind, Origin
from countermand.evidence.holds import HoldReason
from countermand.flows.act_on_case import act_on_case
from countermand.flows.case_desk import HOLDER
from countermand.flows.contain_now import contain_now
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.house import House
from countermand.flows.keep_own_limits import put_limit
from countermand.flows.lift_containment import uphold_appeal
from countermand.flows.merge_cases import merge, unmerge
from countermand.flows.receive_report import receive_report
from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.shred_subjects import lay_hold, lift_hold, shred_case
from countermand.flows.uploads import Announced, begin_upload, go_on
from countermand.kernel.clock import ManualClock, moment_of
from countermand.kernel.errors import CountermandError
from countermand.vocabulary import acts
from countermand.vocabulary.cases import Ball, CaseOutcome, RootCause, Stage
from countermand.vocabulary.incidents import AppealRequest, ContainRequest, Preset
from countermand.vocabulary.operations import Amount, Operation
from countermand.vocabulary.reports import Channel, Report, Sender, Standing
from countermand.vocabulary.staff import Role, Staff
from countermand.vocabulary.triage import Risk

SECOND = 10**6
HOUR = 3600 * SECOND
ACCOUNTS = [f"a-{number}" for number in range(5)]
TEXTS = (
    "刚才有一笔转账不是我操作的，手机号是13812345678，请马上处理",
    "Somebody took a loan in my name, stop it",
    "请问怎么修改登录密码？",
    "My card was charged twice yesterday",
)
STAFF = (
    Staff(name="li", roles=frozenset({Role.AGENT})),
    Staff(name="chen", roles=frozenset({Role.APPROVER, Role.INVESTIGATOR, Role.AGENT})),
)
TIMERS_MAX = 200


@dataclass
class Days:
    """A house, its clock, and what was met so far; `done` counts what happened, `refused` what could not."""

    house: House
    clock: ManualClock
    chance: random.Random
    cases: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    promises: list[str] = field(default_factory=list)
    holds: list[tuple[str, str]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    async def live(self, steps: int) -> None:
        """So many things happen; one that the rules refuse has not."""
        await self.report()
        for _ in range(steps):
            (what,) = self.chance.choices(*zip(*_WEIGHTS.items(), strict=True))
            try:
                await what(self)
            except CountermandError as error:
                self.refused[error.code] += 1
            else:
                self.done[what.__name__] += 1
            self.clock.advance(self.chance.randrange(1, 90) * SECOND)

    async def report(self) -> None:
        """Somebody reports something, about an account, a person, or nobody we know."""
        text, number = self.chance.choice(TEXTS), len(self.cases)
        who = self.chance.choice([(self._account(), None), (None, f"p-{number % 3}"), (None, None)])
        said = Report(
            channel=Channel.APP,
            key=f"key-{self.chance.random()}",
            received_at=self.clock.now(),
            raw=text.encode(),
            text=text,
            sender=Sender(standing=Standing.PROVEN),
            account=who[0],
            person=who[1],
        )
        answer = (await receive_report(self.house.reception, said, "app")).answer
        self.cases.append(answer["case"])
        if answer["incident"] is not None:
            self.incidents.append(answer["incident"])

    async def operate(self) -> None:
        """A payment, which waits where it is large."""
        name = f"op-{len(self.operations)}"
        given = {
            "id": name,
            "kind": "payment",
            "account": self._account(),
            "occurred_at": moment_of(self.clock.now()),
            "amount": {"minor": self.chance.choice([50, 5_000, 900_000]), "currency": "CNY"},
            "counterparty": {"id": f"shop-{self.chance.randrange(4)}"},
            "device": {"id": f"phone-{self.chance.randrange(3)}"},
            "session": f"session-{self.chance.randrange(9)}",
        }
        self.operations.append(name)
        await self.house.decider.decide(msgspec.convert(given, Operation), None)

    async def revoke(self) -> None:
        """The holder does not want a payment that waits."""
        if self.operations:
            await revoke_hold(self.house, self.chance.choice(self.operations), "not_wanted", "app")

    async def freeze(self) -> None:
        """An account is frozen at its own door."""
        await freeze_account(self.house, self._account(), f"reason {self.chance.random()}", "bank")

    async def thaw(self) -> None:
        """And let go."""
        await lift_freeze(self.house, self._account(), "bank")

    async def contain(self) -> None:
        """Something is stopped."""
        who: dict[str, Any] = self.chance.choice([{"account": self._account()}, {"person": "p-1"}])
        presets = [Preset.IDENTITY] if "person" in who else [Preset.LIMITED, Preset.EVERYTHING]
        wanted = ContainRequest(reason="不是本人操作", preset=self.chance.choice(presets), **who)
        shown = await contain_now(self.house, wanted, f"key-{self.chance.random()}", "bank")
        self.incidents.append(shown["incident"])

    async def give_back(self) -> None:
        """An appeal is upheld."""
        if self.incidents:
            wanted = AppealRequest(reason="it was the holder")
            await uphold_appeal(self.house, self.chance.choice(self.incidents), wanted, "bank")

    async def limit(self) -> None:
        """A holder sets a limit of their own."""
        amount = Amount(self.chance.randrange(1, 50) * 1_000, "CNY")
        await put_limit(self.house.holders, self._account(), amount, None, "app")

    async def act(self) -> None:
        """Somebody at the desk does something to a case."""
        number, act = self._case(), self._any_act()
        shown = await act_on_case(self.house.case_desk, number, act, self.chance.choice(STAFF))
        if "promise" in shown:
            self.promises.append(shown["promise"])

    async def bring(self) -> None:
        """The holder brings a picture."""
        content = b"\x89PNG\r\n\x1a\n" + self.chance.randbytes(self.chance.randrange(100, 3_000))
        wanted = Announced(
            kind=ExhibitKind.SCREENSHOT,
            about=About.HOLDER,
            name="13812345678.png",
            declared="image/png",
            length=len(content),
            origin=Origin(actor="customer", channel="portal"),
        )
        begun = await begin_upload(self.house.room, self._case(), wanted, HOLDER)
        await go_on(self.house.room, begun.token, 0, _pieces(content))

    async def lay(self) -> None:
        """A court wants a case kept."""
        number = self._case()
        shown = await lay_hold(self.house.room, number, HoldReason.LITIGATION, "(2026)京01民初1号", "legal")
        self.holds.append((number, shown["id"]))

    async def lift(self) -> None:
        """And does not any more."""
        if self.holds:
            number, hold = self.chance.choice(self.holds)
            await lift_hold(self.house.room, number, hold, "legal")

    async def shred(self) -> None:
        """What is kept of a closed case is erased."""
        await shred_case(self.house.room, self._case(), "privacy", "request")

    async def join(self) -> None:
        """Two cases become one."""
        await merge(self.house.case_desk, self._case(), [self._case()], STAFF[1])

    async def part(self) -> None:
        """And are two again."""
        await unmerge(self.house.case_desk, self._case(), STAFF[1])

    async def wait(self) -> None:
        """Time passes, and what is due happens."""
        self.clock.advance(self.chance.choice([HOUR, 5 * HOUR, 30 * HOUR]))
        for kind, handler in self.house.worker.timers.handlers.items():
            async with self.house.works.open() as unit:
                if timers := await unit.timers.claim(kind, self.clock.now(), TIMERS_MAX):
                    await handler(unit, timers)

    def _account(self) -> str:
        return self.chance.choice(ACCOUNTS)

    def _case(self) -> str:
        return self.chance.choice(self.cases)

    def _any_act(self) -> acts.AnyAct:
        due_at = moment_of(self.clock.now() + self.chance.randrange(1, 60) * HOUR)
        made: list[acts.AnyAct] = [
            acts.Take(),
            acts.Note(text="the customer called again"),
            acts.Reply(text="您好，已收到"),
            acts.Promise(what="answer", due_at=due_at),
            acts.PassBall(ball=self.chance.choice(list(Ball))),
            acts.Move(stage=self.chance.choice([one for one in Stage if one is not Stage.CLOSED])),
            acts.SetRisk(risk=self.chance.choice(list(Risk)), why="looked at"),
            acts.Decide(outcome=self.chance.choice(list(CaseOutcome)), why="found"),
            acts.Close(root_cause=RootCause.CUSTOMER_DECEIVED),
            acts.Reopen(why="new facts"),
            acts.Withdraw(),
            acts.Snooze(until=due_at),
            acts.Tag(tag=f"tag-{self.chance.randrange(3)}"),
            acts.Appeal(grounds="I do not agree"),
        ]
        if self.promises:
            made.append(acts.KeepPromise(promise=self.chance.choice(self.promises)))
        return self.chance.choice(made)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


_WEIGHTS: dict[Callable[[Days], Awaitable[None]], int] = {
    Days.report: 6, Days.operate: 6, Days.revoke: 2, Days.freeze: 2, Days.thaw: 2, Days.contain: 3,
    Days.give_back: 2, Days.limit: 2, Days.act: 24, Days.bring: 3, Days.lay: 1, Days.lift: 1, Days.shred: 1,
    Days.join: 2, Days.part: 2, Days.wait: 3,
}  # fmt: skip
