"""What the acts of the demo stand on: the doors they knock at, the bank, and what they tell."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from countermand.drills.demo_bank import BankLine
from countermand.drills.demo_words import kind_words, outcome_words
from countermand.drills.demo_world import Step, World
from countermand.drills.door_client import DoorClient
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD, Outcome

OK, FORBIDDEN, CONFLICT = 200, 403, 409
# Whom the demo has a key for: the institution's own systems, and members of its staff.
INSTITUTION, MAKER, PAYMENTS, COMPLIANCE, ADMIN = "institution", "maker", "payments", "compliance", "admin"
SCOPES: Mapping[str, tuple[str, ...]] = {
    INSTITUTION: ("decide", "confirm", "contain", "read", "manage", "policy"),
    MAKER: ("approve",),
    PAYMENTS: ("approve",),
    COMPLIANCE: ("approve",),
    ADMIN: ("admin",),
}
WAIT_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.02
_SAID_CHARACTERS_MAX = 300


class ActBroken(Exception):
    """An act cannot go on: what it stands on is not there. What was wrong has been told already."""


@dataclass(slots=True)
class Played:
    """What happened: one line for whatever is worth telling, counts, and what should not have been.

    `story` says of each of its acts where it stands.
    """

    lines: list[Text] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=lambda: Counter({one.word: 0 for one in Outcome}))
    scenes: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Text] = field(default_factory=list)
    story: dict[str, str] = field(default_factory=dict)
    bank: dict[str, Any] | None = None

    def expect(self, held: bool, en: str, zh: str) -> None:
        """Remember what did not hold."""
        if not held:
            self.failures.append(Text(en=en, zh=zh))


@dataclass(slots=True, kw_only=True)
class Stage:
    """One run's doors by who knocks, its bank, and its words; `tell` hears each line when it happens."""

    doors: Mapping[str, DoorClient]
    bank: BankLine
    world: World
    tell: Callable[[Text], None]
    language: str
    played: Played = field(default_factory=Played)

    @property
    def door(self) -> DoorClient:
        """The door for the institution's own systems."""
        return self.doors[INSTITUTION]

    def staff(self, role: str) -> str:
        """The name of a role's key, which is the person's name."""
        return f"demo-{role}-{self.world.mark}"

    def ask(self, method: str, path: str, body: Any = None, *, by: str = INSTITUTION) -> dict[str, Any]:
        """An answer that must be a yes. Raises ActBroken where it is none."""
        status, given = self.doors[by].call(method, path, body)
        if status != OK:
            said = given.decode(errors="replace")[:_SAID_CHARACTERS_MAX]
            self.fail(f"{method} {path}: HTTP {status} {said}", f"{method} {path}：HTTP {status} {said}")
            raise ActBroken
        answer: dict[str, Any] = json.loads(given)
        return answer

    def refused(self, status: int, code: str, path: str, body: Any = None, *, by: str = INSTITUTION) -> bool:
        """A POST that must be refused in just this way, and whether it was."""
        found, given = self.doors[by].call("POST", path, body)
        return found == status and json.loads(given).get("code") == code

    def until(self, look: Callable[[], bool], en: str, zh: str) -> None:
        """Wait for what others bring about. Raises ActBroken, and tells it, where it does not come."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not look():
            if time.monotonic() > deadline:
                self.fail(en, zh)
                raise ActBroken
            time.sleep(LOOK_SECONDS)

    def booked_once(self, name: str, *, by_us: bool = True) -> None:
        """The bank has an operation, exactly once. Raises ActBroken where we never hear that it executed it.

        `by_us`: our worker told the bank, so there is a hold that says what came of it.
        """
        if by_us:
            path = f"/v1/operations/{name}/hold"
            self.until(
                lambda: bool(self.ask("GET", path)["state"] == "executed"),
                f"{name} was not executed",
                f"{name} 未执行",
            )
        count = len(self.bank.entries_of(name))
        self.expect(count == 1, f"{name} is booked {count} times", f"{name} 入账{count}次")

    def decide(self, step: Step) -> dict[str, Any] | None:
        """Have an operation decided; None, and told, where it was not."""
        status, body = self.door.decide(step.operation)
        if status != OK:
            said, name = body.decode(errors="replace")[:_SAID_CHARACTERS_MAX], step.operation["id"]
            self.fail(f"{name}: HTTP {status} {said}", f"{name}：HTTP {status} {said}")
            return None
        decision: dict[str, Any] = json.loads(body)["decision"]
        self.played.outcomes[decision["outcome"]] += 1
        return decision

    def decided(self, step: Step, outcome: Outcome) -> str:
        """An operation told with its decision, which must be this one; its id. Raises ActBroken."""
        name: str = step.operation["id"]
        decision = self.decide(step)
        self.tell_decision(step.operation, decision)
        if not is_decided(decision, outcome):
            self.fail(
                f"{name} is not at {outcome.word}", f"{name} 的结果不是{outcome_words(outcome.word).zh}"
            )
            raise ActBroken
        return name

    def put_profile(self, account: str, profile: dict[str, Any]) -> None:
        """Say what is known of an account."""
        status, body = self.door.call("PUT", self.door.account(account), profile)
        said = body.decode(errors="replace")[:_SAID_CHARACTERS_MAX]
        self.expect(
            status == OK, f"profile {account}: {status} {said}", f"账户资料 {account}：{status} {said}"
        )

    def tell_decision(self, operation: dict[str, Any], decision: dict[str, Any] | None) -> None:
        """One line: what was asked, what was decided, and the first reason."""
        if decision is None:
            return
        amount = operation.get("amount")
        en, zh = ("", "") if amount is None else money_texts(amount["minor"], amount["currency"])
        kind, outcome = kind_words(operation["kind"]), outcome_words(decision["outcome"])
        reasons = decision["reasons"]
        why = (
            {"en": f": {reasons[0]['text']['en']}", "zh": f"：{reasons[0]['text']['zh']}"}
            if reasons
            else {"en": "", "zh": ""}
        )
        self.say(f"  {kind.en} {en} → {outcome.en}{why['en']}", f"  {kind.zh} {zh} → {outcome.zh}{why['zh']}")

    def say(self, en: str, zh: str) -> None:
        """One line for people."""
        line = Text(en=en, zh=zh)
        self.played.lines.append(line)
        self.tell(line)

    def expect(self, held: bool, en: str, zh: str) -> None:
        """Remember what did not hold, and go on."""
        self.played.expect(held, en, zh)

    def fail(self, en: str, zh: str) -> None:
        """Remember that something did not hold."""
        self.played.expect(False, en, zh)


def is_stopped(decision: dict[str, Any]) -> bool:
    """Whether a decision keeps the operation from taking effect now, by more than a question."""
    return OUTCOME_OF_WORD[decision["outcome"]] >= Outcome.HOLD


def is_decided(decision: dict[str, Any] | None, outcome: Outcome) -> bool:
    """Whether there is a decision, and it is this one."""
    return decision is not None and decision["outcome"] == outcome.word
