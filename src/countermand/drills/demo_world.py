"""The demo's little world: ordinary customers and six attacks, drawn from a seed, ending at a given moment.

All places are documentation ranges (RFC 5737) that the product's demo table knows: 192.0.2.0/26 is Shanghai.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, rfc3339
from countermand.kernel.text import Text

CUSTOMERS = 24
FARM_HANDS = 24
MULE_PAYERS = 14
CLINIC_DEBTORS = 20
# From which one on the pack must stop them (its rules campaign-device, collecting-payee, campaign-payee).
FARM_STOPPED_FROM, MULE_STOPPED_FROM, CLINIC_STOPPED_FROM = 4, 10, 15
EVENINGS_OUT = 0.4

_MINUTE = 60 * 10**6
_SECOND = 10**6
_SHANGHAI = 8 * MICROS_PER_HOUR
_TASKS = "task_platform"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation as it is sent; an attack's step that must be stopped says so."""

    at: int
    operation: dict[str, Any]
    must_stop: bool = False


@dataclass(slots=True)
class Scene:
    """One story: its steps in order, and the profiles of its people. `calm`: nobody here may be held up."""

    name: str
    title: Text
    calm: bool = False
    steps: list[Step] = field(default_factory=list)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """Draws scenes; every name carries the run's mark, so that a kept database can be played in again.

    `now` is in microseconds UTC; every step happened before it, within the last three days.
    """

    seed: int
    now: int
    mark: str
    random: Random = field(init=False)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def scenes(self) -> list[Scene]:
        """Everybody, in the order in which the demo tells of them."""
        return [
            self._ordinary(),
            self._takeover(),
            self._farm(),
            self._coached(),
            self._mule(),
            self._clinic(),
        ]

    def customer(
        self, put: Callable[[str, dict[str, Any]], None], name: str, ip: str
    ) -> tuple[str, dict[str, Any]]:
        """A customer of an act, whose profile is put: the account, and where its holder is at home."""
        account, home = self.named(f"acct-{name}"), self.place(name, ip)
        put(account, self.profile(ip, home["device"]))
        return account, home

    def place(self, name: str, ip: str) -> dict[str, Any]:
        """Where somebody acts from: an address, a phone and a session of their own."""
        return {"ip": ip, "device": self.named(f"phone-{name}"), "session": self.named(f"s-{name}")}

    def by_day(self, days_ago: int) -> int:
        """Ten in the morning in Shanghai, some whole days before today."""
        return self._evening(days_ago, 10)

    def named(self, name: str) -> str:
        """A name of this run."""
        return f"{name}-{self.mark}"

    def step(self, kind: str, account: str, at: int, *, must_stop: bool = False, **more: Any) -> Step:
        """One operation; `yuan` and `payee` and `device` are put into their wire form."""
        self.numbers += 1
        operation: dict[str, Any] = {
            "id": f"demo-{self.mark}-{self.numbers:04d}",
            "kind": kind,
            "account": account,
            "person": more.pop("person", account.replace("acct", "person")),
            "occurred_at": rfc3339(at),
            "channel": "app",
        }
        if "yuan" in more:
            operation["amount"] = {"minor": round(more.pop("yuan") * 100), "currency": "CNY"}
        if "payee" in more:
            operation["counterparty"] = {"id": more.pop("payee")}
        if "device" in more:
            operation["device"] = {"id": more.pop("device")}
            if "signals" in more:
                seen = {name: {"value": True, "provenance": "sdk"} for name in more.pop("signals")}
                operation["device"]["signals"] = seen
        return Step(at, operation | more, must_stop)

    def profile(self, ip: str, device: str, **more: Any) -> dict[str, Any]:
        """What the institution knows of somebody at home at an address, with a phone."""
        return {
            "type": "bank_class_1",
            "timezone": "Asia/Shanghai",
            "opened_at": rfc3339(self.now - 150 * MICROS_PER_DAY),
            "home_ips": [ip],
            "home_places": ["CN"],
            "devices": [device],
            "kyc_level": 3,
            "traits": [],
        } | more

    def _evening(self, days_ago: int, hour: int) -> int:
        """An hour of the clock in Shanghai, some whole days before today."""
        today = (self.now + _SHANGHAI) // MICROS_PER_DAY * MICROS_PER_DAY - _SHANGHAI
        return today - days_ago * MICROS_PER_DAY + hour * MICROS_PER_HOUR

    def _ordinary(self) -> Scene:
        scene = Scene("ordinary", Text(en="Ordinary customers", zh="普通客户"), calm=True)
        shops = [self.named(f"shop-{number}") for number in range(6)]
        for number in range(CUSTOMERS):
            account, ip = self.named(f"acct-{number:02d}"), f"192.0.2.{10 + number}"
            device, friend = self.named(f"phone-{number:02d}"), self.named(f"friend-{number:02d}")
            scene.profiles[account] = self.profile(ip, device)
            for days_ago in (3, 2, 1):
                at = self._evening(days_ago, 9) + self.random.randrange(9 * 60) * _MINUTE
                session = self.named(f"s{number:02d}-{days_ago}")
                place: dict[str, Any] = {"ip": ip, "device": device, "session": session}
                scene.steps.append(self.step("login", account, at, attributes={"result": "ok"}, **place))
                for payment in range(self.random.randrange(1, 4)):
                    later = at + (3 + 8 * payment) * _MINUTE
                    yuan, shop = self.random.randrange(1200, 28000) / 100, self.random.choice(shops)
                    scene.steps.append(self.step("payment", account, later, yuan=yuan, payee=shop, **place))
                if self.random.random() < EVENINGS_OUT:
                    later, yuan = at + 40 * _MINUTE, self.random.randrange(50, 600)
                    scene.steps.append(
                        self.step("transfer", account, later, yuan=yuan, payee=friend, **place)
                    )
        return scene

    def _takeover(self) -> Scene:
        scene = Scene("takeover", Text(en="Account takeover at night", zh="深夜账户被盗"))
        account = self.named("acct-lin")
        home: dict[str, Any] = {"ip": "192.0.2.5", "device": self.named("phone-lin")}
        scene.profiles[account] = self.profile(home["ip"], home["device"])
        away: dict[str, Any] = {
            "ip": "203.0.113.9",
            "device": self.named("phone-thief"),
            "session": self.named("s-thief"),
        }
        for days_ago in (3, 2):
            at = self._evening(days_ago, 19)
            scene.steps.append(self.step("login", account, at, attributes={"result": "ok"}, **home))
            paid = self.step("payment", account, at + _MINUTE, yuan=86.5, payee=self.named("shop-1"), **home)
            scene.steps.append(paid)
        at, mule = self._evening(1, 3), self.named("mule-1")
        steps = [
            self.step("login", account, at, attributes={"result": "ok"}, **away),
            self.step("credential_change", account, at + 3 * _MINUTE, **away),
            self.step("transfer", account, at + 7 * _MINUTE, yuan=4800, payee=mule, must_stop=True, **away),
            self.step("withdrawal", account, at + 9 * _MINUTE, yuan=5000, must_stop=True, **away),
        ]
        scene.steps += steps
        return scene

    def _farm(self) -> Scene:
        scene = Scene(
            "farm", Text(en="Part-time-job loan farm on one device", zh="兼职刷贷：多人共用一台设备")
        )
        start, device = self._evening(1, 10), self.named("phone-farm")
        for number in range(FARM_HANDS):
            account, at = self.named(f"acct-farm-{number:02d}"), start + number * 7 * _MINUTE
            place: dict[str, Any] = {
                "ip": "192.0.2.140",
                "device": device,
                "session": self.named(f"s-farm-{number:02d}"),
                "attributes": {"referrer": _TASKS},
            }
            scene.steps += [
                self.step("register", account, at, **place),
                self.step("loan_apply", account, at + _MINUTE, yuan=1800, **place),
                self.step(
                    "loan_disburse",
                    account,
                    at + 2 * _MINUTE,
                    yuan=1800,
                    must_stop=number + 1 >= FARM_STOPPED_FROM,
                    **place,
                ),
            ]
        return scene

    def _coached(self) -> Scene:
        scene = Scene(
            "coached", Text(en="A victim coached by phone and shared screen", zh="通话并共享屏幕的受骗客户")
        )
        account = self.named("acct-wang")
        place: dict[str, Any] = {"ip": "192.0.2.60", "device": self.named("phone-wang")}
        scene.profiles[account] = self.profile(place["ip"], place["device"], traits=["elderly"])
        at = self._evening(2, 15)
        safe = self.named("safe-account")
        coached: dict[str, Any] = {"payee": safe, "signals": ("screen_share", "active_call"), **place}
        scene.steps += [
            self.step("login", account, at, attributes={"result": "ok"}, **place),
            self.step("beneficiary_add", account, at + 4 * _MINUTE, must_stop=True, **coached),
            self.step("transfer", account, at + 6 * _MINUTE, yuan=38000, must_stop=True, **coached),
        ]
        return scene

    def _mule(self) -> Scene:
        scene = Scene("mule", Text(en="Many people pay one new account", zh="多人向同一陌生账户转账"))
        start, payee = self._evening(1, 20), self.named("mule-2")
        for number in range(MULE_PAYERS):
            account, ip = self.named(f"acct-payer-{number:02d}"), f"192.0.2.{70 + number}"
            device = self.named(f"phone-payer-{number:02d}")
            scene.profiles[account] = self.profile(ip, device)
            at = start + number * 3 * _MINUTE
            scene.steps += [
                self.step("login", account, at, ip=ip, device=device, attributes={"result": "ok"}),
                self.step(
                    "transfer", account, at + _MINUTE, yuan=900, payee=payee, ip=ip, device=device,
                    must_stop=number + 1 >= MULE_STOPPED_FROM,
                ),
            ]  # fmt: skip
        return scene

    def _clinic(self) -> Scene:
        scene = Scene(
            "small-loans", Text(en="Many small loans, all to one clinic", zh="多笔小额借款流向同一机构")
        )
        start, clinic = self._evening(1, 9), self.named("clinic")
        for number in range(CLINIC_DEBTORS):
            account, ip = self.named(f"acct-debtor-{number:02d}"), f"192.0.2.{200 + number}"
            device = self.named(f"phone-debtor-{number:02d}")
            scene.profiles[account] = self.profile(ip, device, type="consumer_credit")
            at = start + number * 25 * _MINUTE
            place: dict[str, Any] = {
                "ip": ip,
                "device": device,
                "payee": clinic,
                "attributes": {"prior_loans": 1},
            }
            scene.steps += [
                self.step("loan_apply", account, at, yuan=1990, **place),
                self.step(
                    "loan_disburse",
                    account,
                    at + 5 * _MINUTE,
                    yuan=1990,
                    must_stop=number + 1 >= CLINIC_STOPPED_FROM,
                    **place,
                ),
            ]
        return scene


def in_time_order(scenes: list[Scene]) -> Iterator[tuple[Scene, Step]]:
    """All stories interleaved, as a server would see them."""
    told = [(scene, step) for scene in scenes for step in scene.steps]
    yield from sorted(told, key=lambda one: (one[1].at, one[1].operation["id"]))


def mark_of(now: int) -> str:
    """The mark of a run: its second, in base 36.

    >>> mark_of(0), mark_of(36_000_000)
    ('0', '10')
    """
    digits, seconds = "", now // _SECOND
    while True:
        seconds, digit = divmod(seconds, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if seconds == 0:
            return digits
