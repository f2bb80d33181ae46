"""“That was not me”: one call stops everything, paying back still works, an upheld appeal lifts it."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from countermand.drills.demo_acts.consent import agree
from countermand.drills.demo_acts.reading import claims_of, terms_of
from countermand.drills.demo_stage import CONFLICT, Stage, is_decided
from countermand.drills.demo_world import Step
from countermand.vocabulary.outcomes import Outcome

_MINUTE = 60 * 10**6


def play_contained(stage: Stage) -> None:
    """A thief at work, the preview, the containment and what it stopped, the repayment, the appeal."""
    world = stage.world
    account, home = world.customer(stage.put_profile, "chen", "192.0.2.40")
    at = world.now - 5 * _MINUTE
    thief = world.place("thief-2", "203.0.113.9")
    stage.say("A thief is in the account", "有人盗用账户")
    mule = world.named("mule-5")
    for who, when in ((home, world.by_day(2)), (thief, at - 30 * _MINUTE)):
        stage.decide(world.step("login", account, when, attributes={"result": "ok"}, **who))
    held = world.step("transfer", account, at - 25 * _MINUTE, yuan=4800, payee=mule, **thief)
    name = stage.decided(held, Outcome.HOLD)
    asked = {
        "account": account,
        "preset": "everything",
        "reason": "the customer says: that was not me",
        "trusted_device": home["device"],
    }
    said = stage.ask("POST", "/v1/contain/preview", asked)["said"]["text"]
    stage.say("“That was not me”. Before the tap:", "“不是我操作的”。确认前告知：")
    stage.say(f"  {said['en']}", f"  {said['zh']}")
    stopped = stage.ask("POST", "/v1/contain", asked)
    stage.expect(name in stopped["holds_revoked"], f"{name} still waits", f"{name} 仍在等待")
    stage.say(
        "  One call later: what waited is taken back, sessions are ended, the account is stopped",
        "  一次调用之后：等待中的操作已撤回，会话已终止，账户已止付",
    )
    _thief_is_out(stage, account, thief)
    denied = world.step("withdrawal", account, at, yuan=300, **home)
    stage.decided(denied, Outcome.DENY)
    repayment = world.step("repayment", account, at + _MINUTE, yuan=200, **home)
    stage.decided(repayment, Outcome.ALLOW)
    incident = str(stopped["incident"])
    _bank_follows(stage, incident)

    upheld = {"reason": "the review found no fault of the customer"}
    lifted = stage.ask("POST", f"/v1/incidents/{incident}/appeal-upheld", upheld)
    stage.expect(lifted["orders"] == [], "the appeal left something standing", "申诉成立后仍有限制")
    stage.say("The appeal is upheld: all of it is lifted at once", "申诉成立：全部限制一次解除")
    freed = world.step("withdrawal", account, at + 2 * _MINUTE, yuan=300, **home)
    _paid_out(stage, stage.decided(freed, Outcome.ALLOW))
    _retries(stage, denied)


def _thief_is_out(stage: Stage, account: str, thief: dict[str, Any]) -> None:
    """The thief's session is ended, and whatever comes from it is denied."""
    world = stage.world
    question = {"account": account, "session": thief["session"], "device": thief["device"]}
    answer = stage.ask("POST", "/v1/sessions/check", question)
    stage.expect(not answer["active"], "the thief's session goes on", "盗用者的会话仍有效")
    at, mule = world.now - 20 * _MINUTE, world.named("mule-5")
    again = world.step("transfer", account, at, yuan=900, payee=mule, **thief)
    stage.decided(again, Outcome.DENY)


def _bank_follows(stage: Stage, incident: str) -> None:
    """The bank has frozen the account, too."""

    def frozen() -> bool:
        effects = stage.ask("GET", f"/v1/incidents/{incident}")["effects"]
        return any((one["action"], one["state"]) == ("freeze", "done") for one in effects)

    stage.until(frozen, "the bank did not freeze the account", "核心系统未冻结账户")


def _paid_out(stage: Stage, name: str) -> None:
    """The bank has lifted its own freeze, too: it executes again."""
    agree(stage, name)
    permit = stage.ask("POST", f"/v1/operations/{name}/permit")["permit"]
    terms = terms_of(claims_of(stage, permit))
    attempts = count()  # a refusal is final for its key
    stage.until(
        lambda: stage.bank.executed(f"{name}-{next(attempts)}", terms, permit) is None,
        f"the bank did not execute {name}",
        f"核心系统未执行 {name}",
    )
    stage.say("  Agreed, and paid out by the bank", "  客户同意，核心系统已付款")


def _retries(stage: Stage, step: Step) -> None:
    """The same again: the same bytes, whatever has changed since. The id for something else: refused."""
    _, once = stage.door.decide(step.operation)
    _, twice = stage.door.decide(step.operation)
    denied = json.loads(once).get("decision")
    stage.expect(
        once == twice and is_decided(denied, Outcome.DENY), "a retry got another answer", "重发得到不同答复"
    )
    stage.say("Sent again: the same answer, byte for byte", "重发同一请求：答复逐字节相同")
    other = step.operation | {"amount": {"minor": 1, "currency": "CNY"}}
    refused = stage.refused(CONFLICT, "id_reused", "/v1/operations", other)
    stage.expect(refused, "a reused id was accepted", "重复使用的标识未被拒绝")
    stage.say(
        "The same id for another operation: refused (409 id_reused)",
        "同一标识用于另一笔操作：拒绝（409 id_reused）",
    )
