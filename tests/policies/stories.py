"""Stories: a few operations of one customer told in words, the last of them decided by a compiled policy.

A line of a story is `WHEN KIND name=value ... [xN]`: WHEN is `0` or an offset such as `-5m`, `-20h`, `5s`;
`xN` tells the line N times, one microsecond apart, `{i}` being 0 to N-1. Amounts are units of the policy's
currency. A profile is `none` or `name=value ...`: type kyc opened home ips devices traits, several values
split by `|`, `?` for unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from countermand.decisions.decide import Question, decide
from countermand.policy.package import compile_policy
from countermand.policy.program import Circumstances, Program
from countermand.policy.reference import ReferenceStore
from countermand.vocabulary.decisions import Decision
from countermand.vocabulary.operations import Amount, Channel, Counterparty, Device, Kind, Operation, Signals
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import Place

HOME = "kyc=3 opened=400d home=CN ips=10.0.0.1 devices=d1 traits="
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # a Friday, 12:00 in Shanghai
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIGNALS = frozenset(Signals.__struct_fields__)


@dataclass(frozen=True)
class Story:
    """The operations, who the customer is, what stands on the lists, and at which local hour it ends."""

    lines: Sequence[str]
    profile: str = HOME
    lists: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[str] = ()
    hour: int = 12


@dataclass
class World:
    """The lists and profiles of one story, as the policy asks for them."""

    entries: frozenset[tuple[str, str]]
    accounts: tuple[Account, ...]

    def contains(self, list_name: str, value: str, at: int) -> bool:
        return (list_name, value) in self.entries

    def ip_in_any_home(self, ip: str) -> bool | None:
        return _sql_in(ip, (account.home_ips for account in self.accounts))

    def device_in_any_profile(self, device: str) -> bool | None:
        return _sql_in(device, (account.devices for account in self.accounts))


def load_pack(name: str) -> Program:
    """Compile a pack as it lies in the installed package."""
    folder = files("countermand") / "policies" / name
    return compile_policy(
        {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".yaml")}
    )


def tell(program: Program, story: Story) -> Decision:
    """Live through the story; the decision on its last operation."""
    store = ReferenceStore(program.plan)
    account = profile("a1", story.profile)
    others = tuple(profile(f"other{number}", text) for number, text in enumerate(story.others))
    known = (account,) if account.guard else ()
    world = World(frozenset((name, value) for name, value in story.lists.items()), known + others)
    end = NOON + timedelta(hours=story.hour - 12)
    decision: Decision | None = None
    for words in _unrolled(story.lines):
        operation, place = _operation(program, words, end)
        owner = account if operation.account == account.id else Account(id=operation.account)
        given = program.given(_circumstances(program, operation, owner, place, world))
        observation = program.observation(given)
        facts = program.complete(given, store.read(observation))
        question = Question("told", operation.kind.value, facts, None, micros(operation.occurred_at))
        decision = decide(question, program)
        store.observe(program.observed(given, observation, decision.outcome))
    assert decision is not None, "a story has at least one operation"
    return decision


def fired(decision: Decision) -> set[str]:
    """The ids of the rules that spoke."""
    return {reason.rule for reason in decision.reasons}


def profile(name: str, text: str) -> Account:
    """An account from its words, filled up with those of HOME; `none` is an account without a profile."""
    if text == "none":
        return Account(id=name)
    words = _pairs(HOME.split()) | _pairs(text.split())
    many = {
        key: None if words[key] == "?" else tuple(filter(None, words[key].split("|")))
        for key in ("ips", "home", "devices", "traits")
    }
    return Account(
        id=name,
        guard=1,
        type=words.get("type"),
        kyc_level=int(words["kyc"]),
        opened_at=micros(NOON) - seconds(words["opened"]) * 10**6,
        home_ips=many["ips"],
        home_places=many["home"],
        devices=many["devices"],
        traits=many["traits"],
    )


def seconds(text: str) -> int:
    """`-90m` is -5400."""
    found = re.fullmatch(r"(-?\d+)([smhd]?)", text)
    assert found is not None, f"{text} is no time"
    return int(found[1]) * _UNITS.get(found[2], 1)


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return round((instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _sql_in(value: str, columns: Iterable[tuple[str, ...] | None]) -> bool | None:
    unknown = False
    for column in columns:
        if column is not None and value in column:
            return True
        unknown = unknown or column is None
    return None if unknown else False


def _pairs(words: Iterable[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _unrolled(lines: Sequence[str]) -> Iterable[list[str]]:
    for line in lines:
        words = str(line).split()
        times = int(words.pop()[1:]) if re.fullmatch(r"x\d+", words[-1]) else 1
        for number in range(times):
            yield [
                f"{seconds(words[0]) * 10**6 + number}",
                *(word.replace("{i}", str(number)) for word in words[1:]),
            ]


def _operation(program: Program, words: list[str], end: datetime) -> tuple[Operation, Place]:
    said = _pairs(words[2:])
    signals = {name: said.pop(name) == "yes" for name in _SIGNALS & said.keys()}
    device, payee, amount = said.pop("device", None), said.pop("payee", None), said.pop("amount", None)
    latitude, _, longitude = said.pop("at", "").partition(",")
    asn = said.pop("asn", None)
    place = Place(
        country=said.pop("country", None),
        asn=int(asn) if asn else None,
        latitude=float(latitude) if latitude else None,
        longitude=float(longitude) if longitude else None,
    )
    operation = Operation(
        id="op",
        kind=Kind(words[1]),
        account=said.pop("account", "a1"),
        occurred_at=end + timedelta(microseconds=int(words[0])),
        person=said.pop("person", None),
        session=said.pop("session", None),
        ip=said.pop("ip", None),
        channel=Channel(said.pop("channel")) if "channel" in said else None,
        amount=Amount(round(float(amount) * 100), program.currency) if amount else None,
        counterparty=Counterparty(payee) if payee else None,
        device=Device(device, Signals(**signals)) if device else None,
        attributes={name: _attribute(program, name, value) for name, value in said.items()} or None,
    )
    return operation, place


def _attribute(program: Program, name: str, value: str) -> Any:
    match program.package.head.attributes.get(name):
        case "boolean":
            return value == "yes"
        case "integer":
            return int(value)
        case "money":
            return round(float(value) * 100)
        case "duration":
            return seconds(value)
    return value


def _circumstances(
    program: Program, operation: Operation, account: Account, place: Place, world: World
) -> Circumstances:
    local = operation.occurred_at.astimezone(ZoneInfo(program.timezone))
    return Circumstances(
        operation,
        account,
        place,
        micros(operation.occurred_at),
        world,
        world,
        local.hour,
        local.isoweekday(),
        local.date().toordinal() - 719163,
    )
