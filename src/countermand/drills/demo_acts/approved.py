"""A large withdrawal abroad, entered by staff: two people approve it, and never the one who entered it."""

from __future__ import annotations

from countermand.drills.demo_acts.consent import agree
from countermand.drills.demo_stage import ADMIN, COMPLIANCE, FORBIDDEN, MAKER, PAYMENTS, Stage
from countermand.vocabulary.outcomes import Outcome

_YES = {"verdict": "approve", "reason": "called the customer"}


def play_approved(stage: Stage) -> None:
    """The maker is refused though entitled; payments and compliance say yes; the bank executes it."""
    world = stage.world
    account, home = world.customer(stage.put_profile, "tang", "192.0.2.44")
    stage.say("A large withdrawal abroad that needs two people", "一笔须两人批准的境外大额取现")
    roles = {MAKER: [PAYMENTS], PAYMENTS: [PAYMENTS], COMPLIANCE: [COMPLIANCE]}
    for role, given in roles.items():
        stage.ask("PUT", f"/v1/approvers/{stage.staff(role)}", {"roles": given}, by=ADMIN)
    attributes = {"corridor": "CN>SG", "maker": stage.staff(MAKER)}
    large = world.step("withdrawal", account, world.by_day(1), yuan=30000, attributes=attributes, **home)
    name = stage.decided(large, Outcome.APPROVE)
    agree(stage, name)
    path = f"/v1/operations/{name}/approvals"
    own = stage.refused(FORBIDDEN, "maker_is_checker", path, _YES, by=MAKER)
    stage.expect(own, "the maker approved their own", "经办人批准了自己的操作")
    first = stage.ask("POST", path, _YES, by=PAYMENTS)
    stage.expect(not first["complete"], "one person was enough", "仅一人即完成批准")
    second = stage.ask("POST", path, _YES, by=COMPLIANCE)
    stage.expect(second["complete"], "two people were not enough", "两人批准后仍未完成")
    stage.say(
        "  Whoever entered it: refused. Payments and compliance: approved",
        "  经办人自批：拒绝。支付岗与合规岗先后批准：通过",
    )
    stage.booked_once(name)
    stage.say("  The bank executed it", "  核心系统已执行")
