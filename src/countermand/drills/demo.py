"""The demo played over HTTP: the world's operations, then "that was not me", and what came of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from countermand.drills.demo_world import Scene, Step, World, in_time_order
from countermand.drills.door_client import DoorClient
from countermand.kernel.clock import rfc3339
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD, Outcome

OK, CONFLICT = 200, 409
CALM_SHARE_MIN = 0.9  # of ordinary operations, how many pass without a question
_SECOND = 10**6


@dataclass(slots=True)
class Played:
    """What happened: one line for whatever is worth telling, counts, and what should not have been."""

    lines: list[Text] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=lambda: Counter({one.word: 0 for one in Outcome}))
    scenes: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Text] = field(default_factory=list)

    def expect(self, held: bool, en: str, zh: str) -> None:
        """Remember what did not hold."""
        if not held:
            self.failures.append(Text(en=en, zh=zh))


@dataclass(slots=True)
class Demo:
    """One run of the demo against a server; `tell` hears each line when it happens."""

    door: DoorClient
    world: World
    tell: Callable[[Text], None]
    played: Played = field(default_factory=Played)

    def play(self) -> Played:
        """The whole demo: everybody's days, then one customer's report."""
        scenes = self.world.scenes()
        for scene in scenes:
            self.played.scenes[scene.name] = Counter()
            for account, profile in scene.profiles.items():
                self._put_profile(account, profile)
        decided: dict[str, list[tuple[Step, dict[str, Any]]]] = {scene.name: [] for scene in scenes}
        for scene, step in in_time_order(scenes):
            decision = self._decide(step)
            if decision is not None:
                decided[scene.name].append((step, decision))
                self.played.scenes[scene.name][decision["outcome"]] += 1
        for scene in scenes:
            self._tell_scene(scene, decided[scene.name])
        self._not_me()
        return self.played

    def _tell_scene(self, scene: Scene, decided: list[tuple[Step, dict[str, Any]]]) -> None:
        """An attack must have been stopped where it must; ordinary people must have been left alone."""
        counts = self.played.scenes[scene.name]
        summed = ", ".join(f"{outcome} {count}" for outcome, count in counts.items())
        self._say(f"{scene.title.en}: {summed}", f"{scene.title.zh}：{summed}")
        missed = [step for step, decision in decided if step.must_stop and not _stopped(decision)]
        told = [one for one in decided if one[0].must_stop and _stopped(one[1])][:2]
        for step, decision in told:
            self._tell_decision(step.operation, decision)
        for step in missed:
            self._fail(
                f"{scene.name}: {step.operation['id']} was not stopped",
                f"{scene.title.zh}：{step.operation['id']} 未被拦截",
            )
        if scene.calm:
            held = sum(count for outcome, count in counts.items() if OUTCOME_OF_WORD[outcome] >= Outcome.HOLD)
            self._expect(held == 0, f"{held} ordinary operations were held up", f"{held}笔普通操作被拦截")
            share = counts["allow"] / max(1, sum(counts.values()))
            self._expect(
                share >= CALM_SHARE_MIN,
                f"only {share:.0%} of ordinary operations passed unasked",
                f"仅{share:.0%}的普通操作直接通过",
            )

    def _not_me(self) -> None:
        """Somebody says "that was not me": frozen, denied, paying back still possible, lifted, free again."""
        world = self.world
        account, profile = world.victim()
        self._put_profile(account, profile)
        place = {"ip": profile["home_ips"][0], "device": profile["devices"][0]}
        self._say("“That was not me”: the account is frozen", "“不是我操作的”：账户立即冻结")
        status, body = self.door.call(
            "POST", self.door.account(account, "/freeze"), {"reason": "the customer says: that was not me"}
        )
        self._expect(status == OK and json.loads(body)["frozen"], "the freeze was refused", "冻结未成功")

        at = world.now - 5 * 60 * _SECOND
        withdrawal = world.step("withdrawal", account, at, yuan=300, **place)
        denied = self._decide(withdrawal)
        self._tell_decision(withdrawal.operation, denied)
        self._expect(_is(denied, Outcome.DENY), "a frozen account paid out", "冻结账户仍可提款")
        repayment = world.step("repayment", account, at + 60 * _SECOND, yuan=200, **place)
        repaid = self._decide(repayment)
        self._tell_decision(repayment.operation, repaid)
        self._expect(_is(repaid, Outcome.ALLOW), "a frozen account cannot pay back", "冻结账户无法还款")

        status, body = self.door.call("DELETE", self.door.account(account, "/freeze"))
        self._expect(status == OK and not json.loads(body)["frozen"], "the freeze stayed", "解冻未成功")
        self._say("The freeze is lifted", "冻结已解除")
        after = world.step("withdrawal", account, at + 120 * _SECOND, yuan=300, **place)
        freed = self._decide(after)
        self._tell_decision(after.operation, freed)
        self._expect(
            freed is not None and not _stopped(freed), "the lifted account is still stopped", "解冻后仍被拦截"
        )
        self._retries(withdrawal)

    def _retries(self, step: Step) -> None:
        """The same again: the same bytes, whatever has changed since. The id for something else: refused."""
        _, once = self.door.decide(step.operation)
        _, twice = self.door.decide(step.operation)
        denied = json.loads(once).get("decision")
        self._expect(
            once == twice and _is(denied, Outcome.DENY), "a retry got another answer", "重发得到不同答复"
        )
        self._say("Sent again: the same answer, byte for byte", "重发同一请求：答复逐字节相同")
        other = step.operation | {"amount": {"minor": 1, "currency": "CNY"}}
        status, body = self.door.decide(other)
        refused = status == CONFLICT and json.loads(body).get("code") == "id_reused"
        self._expect(refused, "a reused id was accepted", "重复使用的标识未被拒绝")
        self._say(
            "The same id for another operation: refused (409 id_reused)",
            "同一标识用于另一笔操作：拒绝（409 id_reused）",
        )

    def _decide(self, step: Step) -> dict[str, Any] | None:
        status, body = self.door.decide(step.operation)
        if status != OK:
            said = body.decode(errors="replace")[:300]
            self._fail(
                f"{step.operation['id']}: HTTP {status} {said}",
                f"{step.operation['id']}：HTTP {status} {said}",
            )
            return None
        decision: dict[str, Any] = json.loads(body)["decision"]
        self.played.outcomes[decision["outcome"]] += 1
        return decision

    def _put_profile(self, account: str, profile: dict[str, Any]) -> None:
        status, body = self.door.call("PUT", self.door.account(account), profile)
        said = body.decode(errors="replace")[:300]
        self._expect(
            status == OK, f"profile {account}: {status} {said}", f"账户资料 {account}：{status} {said}"
        )

    def _tell_decision(self, operation: dict[str, Any], decision: dict[str, Any] | None) -> None:
        if decision is None:
            return
        amount = operation.get("amount")
        en, zh = ("", "") if amount is None else money_texts(amount["minor"], amount["currency"])
        head = f"  {operation['kind']} {{}} → {decision['outcome']}"
        reasons = decision["reasons"]
        why = (
            {"en": f": {reasons[0]['text']['en']}", "zh": f"：{reasons[0]['text']['zh']}"}
            if reasons
            else {"en": "", "zh": ""}
        )
        self._say(head.format(en) + why["en"], head.format(zh) + why["zh"])

    def _say(self, en: str, zh: str) -> None:
        line = Text(en=en, zh=zh)
        self.played.lines.append(line)
        self.tell(line)

    def _expect(self, held: bool, en: str, zh: str) -> None:
        self.played.expect(held, en, zh)

    def _fail(self, en: str, zh: str) -> None:
        self.played.expect(False, en, zh)


def report_of(played: Played, world: World) -> dict[str, Any]:
    """What happened, as JSON values."""
    return {
        "demo": "failed" if played.failures else "ok",
        "seed": world.seed,
        "played_at": rfc3339(world.now),
        "operations": sum(played.outcomes.values()),
        "outcomes": dict(played.outcomes),
        "scenes": {name: dict(counts) for name, counts in played.scenes.items()},
        "failures": [{"en": one.en, "zh": one.zh} for one in played.failures],
    }


def _stopped(decision: dict[str, Any]) -> bool:
    return OUTCOME_OF_WORD[decision["outcome"]] >= Outcome.HOLD


def _is(decision: dict[str, Any] | None, outcome: Outcome) -> bool:
    return decision is not None and decision["outcome"] == outcome.word
