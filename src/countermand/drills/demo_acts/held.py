"""A transfer that waits, and whose customer takes it back while it does."""

from __future__ import annotations

from countermand.drills.demo_stage import CONFLICT, Stage
from countermand.vocabulary.outcomes import Outcome


def play_held(stage: Stage) -> None:
    """Held for the 24 hours of the law, shown with its countdown, taken back; the bank never hears of it."""
    world = stage.world
    account, home = world.customer(stage.put_profile, "zhou", "192.0.2.41")
    stage.say("A transfer at a machine, and second thoughts", "自助机具转账，客户改变主意")
    sent = world.step(
        "transfer", account, world.by_day(1), yuan=2000, payee=world.named("stranger"), channel="atm", **home
    )
    name = stage.decided(sent, Outcome.HOLD)
    hold = stage.ask("GET", f"/v1/operations/{name}/hold")
    hours = (hold["seconds_left"] or 0) / 3600
    stage.say(
        f"  {hold['status']['en']} ({hours:.0f} h left)", f"  {hold['status']['zh']}（剩余{hours:.0f}小时）"
    )
    stage.say(f"  {(hold['undo'] or {}).get('en')}", f"  {(hold['undo'] or {}).get('zh')}")
    stage.expect(23 < hours <= 24, f"{name} waits {hours} hours", f"{name} 等待{hours}小时")

    taken = stage.ask("POST", f"/v1/operations/{name}/revoke", {})
    stage.expect(taken["revoked"], f"{name} was not taken back", f"{name} 未能撤销")
    stage.say(f"  {taken['text']['en']}", f"  {taken['text']['zh']}")
    no_permit = stage.refused(CONFLICT, "not_allowed", f"/v1/operations/{name}/permit")
    stage.expect(no_permit, f"{name} got a permit", f"{name} 获得了执行许可")
    stage.expect(stage.bank.entries_of(name) == [], f"{name} was booked", f"{name} 已入账")
    stage.say("  The bank has never heard of it", "  核心系统从未收到该操作")
