"""One playing of the story: its customer, its thief, the case, and what has been told so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from countermand.drills.demo_company.stream import AskDecision
from countermand.drills.demo_world import World
from countermand.flows.house import House
from countermand.flows.keep_profiles import put_profile
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Case
from countermand.vocabulary.decisions import Answer, Decision
from countermand.vocabulary.operation_words import titled
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD, OUTCOMES_ZH, Outcome
from countermand.vocabulary.parties import AccountProfile

GROCER = "corner-grocer"
HOME, AWAY = "192.0.2.45", "203.0.113.9"
PLAIN, GOOD, STOP, YOURS = "plain", "good", "stop", "yours"
OUTCOMES_EN = {
    Outcome.ALLOW: "goes through", Outcome.CHALLENGE: "must prove who it is", Outcome.HOLD: "held back",
    Outcome.APPROVE: "waits for two people", Outcome.DENY: "refused",
}  # fmt: skip
# Has an operation that was let through executed by the bank; whether it was.
Pay = Callable[[str], Awaitable[bool]]
Verify = Callable[[Path, Path, Path], Awaitable[tuple[bool, list[str]]]]
_ANSWER = msgspec.json.Decoder(Answer)


class Line(NamedTuple):
    """One thing told; the tone says how it looks, not what it means."""

    text: Text
    tone: str = PLAIN


@dataclass(slots=True, kw_only=True)
class Setting:
    """Where the story is played: the house, its door, and a folder for what is made.

    `address` is known once the door is open. `verify` checks a bundle against a policy file and the seal's
    certificates: whether it is valid, and the lines that the verifier printed. `pay` is there where a bank
    follows the house.
    """

    house: House
    decide: AskDecision
    folder: Path
    language: str
    verify: Verify
    address: str = ""
    pay: Pay | None = None


@dataclass(slots=True, kw_only=True)
class Scene:
    """`beat` is waited for after each line; `told` are the lines of each act, `failures` what went wrong."""

    setting: Setting
    world: World
    run: int
    beat: Callable[[], Awaitable[None]]
    told: dict[str, list[Line]] = field(default_factory=dict)
    act: str = ""
    by_reader: set[str] = field(default_factory=set)
    operations: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    number: str = ""
    bundle: Path | None = None
    failures: list[Text] = field(default_factory=list)

    @property
    def house(self) -> House:
        """Where it happens."""
        return self.setting.house

    @property
    def account(self) -> str:
        """The customer's."""
        return self.world.named(f"acct-lin-{self.run}")

    @property
    def home(self) -> dict[str, Any]:
        """Where the customer is: at home, with her own phone."""
        return self.world.place(f"lin-{self.run}", HOME)

    @property
    def away(self) -> dict[str, Any]:
        """Where the thief is."""
        return self.world.place(f"x{self.run}", AWAY)

    def now(self) -> int:
        """The time of the house, microseconds UTC."""
        return self.house.clock.now()

    async def tell(self, en: str, zh: str, tone: str = PLAIN) -> None:
        """One line of the act that is on; then a beat."""
        self.told.setdefault(self.act, []).append(Line(Text(en=en, zh=zh), tone))
        await self.beat()

    async def yours(self, en: str, zh: str) -> None:
        """Whoever watches has done this already: it is told, and not done twice."""
        self.by_reader.add(self.act)
        await self.tell(en, zh, YOURS)

    async def expect(self, held: bool, en: str, zh: str) -> None:
        """What must hold, or the story has failed there."""
        if not held:
            self.failures.append(Text(en=en, zh=zh))
            await self.tell(f"Not as expected: {en}", f"与预期不符：{zh}", STOP)

    async def settle_in(self) -> None:
        """The customer as she was until now: a home, a phone, and three days like any other."""
        world, home = self.world, self.home
        profile = world.profile(HOME, home["device"])
        await put_profile(self.house, self.account, msgspec.convert(profile, AccountProfile), "demo")
        for days_ago in (3, 2, 1):
            await self.decided("login", world.by_day(days_ago), attributes={"result": "ok"}, **home)
            at, yuan = world.by_day(days_ago), 40 + days_ago
            await self.decided("payment", at, yuan=yuan, payee=GROCER, **home)

    async def decided(self, kind: str, at: int | None = None, **more: Any) -> tuple[Operation, Decision]:
        """An operation on her account, decided by the door's own decider; now, unless told when."""
        step = self.world.step(kind, self.account, self.now() if at is None else at, **more)
        operation = msgspec.convert(step.operation, Operation)
        return operation, _ANSWER.decode(await self.setting.decide(operation, None)).decision

    async def try_it(self, name: str, kind: str, **more: Any) -> Outcome:
        """An operation now, remembered by a name and told with its decision and the first reason."""
        operation, decision = await self.decided(kind, **more)
        self.operations[name], self.decisions[name] = operation.id, decision.id
        outcome = OUTCOME_OF_WORD[decision.outcome]
        en, zh = ("", "")
        if operation.amount is not None:
            en, zh = (f" {one}" for one in money_texts(operation.amount.minor, operation.amount.currency))
        words = titled(kind)
        told = decision.reasons and outcome is not Outcome.ALLOW
        why = decision.reasons[0].text if told else Text(en="", zh="")
        await self.tell(
            f"{words.en}{en}: {OUTCOMES_EN[outcome]}{'. ' if why.en else ''}{why.en}",
            f"{words.zh}{zh}：{OUTCOMES_ZH[outcome]}{'。' if why.zh else ''}{why.zh}",
            PLAIN if outcome is Outcome.ALLOW else STOP,
        )
        return outcome

    async def case(self) -> Case | None:
        """The case about her account as it stands, if there is one; its number is kept when it is found."""
        async with self.house.works.open() as unit:
            if self.number:
                return await unit.cases.by_number(self.number)
            ((*found,),) = await unit.cases.open_of([(self.account, None)], 0)
        if found:
            self.number = found[0].number
        return found[0] if found else None
