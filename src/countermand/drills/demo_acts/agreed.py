"""A payment that is allowed: agreed to, permitted, and executed by a bank that believes the permit only."""

from __future__ import annotations

import msgspec

from countermand.drills.demo_acts.consent import agree
from countermand.drills.demo_acts.reading import claims_of, terms_of
from countermand.drills.demo_stage import CONFLICT, Stage
from countermand.vocabulary.outcomes import Outcome


def play_agreed(stage: Stage) -> None:
    """No permit without a yes; a signed permit with it; another payee under it is refused; booked once."""
    world = stage.world
    account, home = world.customer(stage.put_profile, "sun", "192.0.2.42")
    stage.say("A payment, agreed to word for word", "一笔付款，客户逐字确认")
    paid = world.step("payment", account, world.by_day(1), yuan=128.5, payee=world.named("bookshop"), **home)
    name = stage.decided(paid, Outcome.ALLOW)
    early = stage.refused(CONFLICT, "consent_missing", f"/v1/operations/{name}/permit")
    stage.expect(early, f"{name} got a permit without consent", f"{name} 未经同意即获得许可")
    digest = agree(stage, name, aloud=True)
    permit = stage.ask("POST", f"/v1/operations/{name}/permit")["permit"]
    claims = claims_of(stage, permit)
    said = (claims["sub"], claims["consent"], claims["terms"]["amount_minor"])
    stage.expect(
        said == (name, digest, 12850), f"the permit says {said}", f"执行许可的内容为 {said}，与操作不符"
    )
    stage.say(
        "  Agreed. The permit verifies with the published key, and carries the digest of these words",
        "  客户同意。执行许可经公开密钥验证无误，并载有上述文字的摘要",
    )

    terms = terms_of(claims)
    elsewhere = msgspec.structs.replace(terms, counterparty=world.named("mule-3"))
    stage.expect(
        stage.bank.executed(f"{name}-else", elsewhere, permit) == "permit_mismatch",
        "the bank paid another payee",
        "核心系统向其他收款方付款",
    )
    refused = stage.bank.executed(name, terms, permit)
    stage.expect(refused is None, f"the bank refused the permit: {refused}", f"核心系统拒绝执行：{refused}")
    again = stage.bank.executed(f"{name}-again", terms, permit)
    stage.expect(again == "executed", "the bank executed it twice", "核心系统重复执行")
    stage.booked_once(name, by_us=False)
    stage.say(
        "  The bank refuses another payee under it, executes this one, and does not do it again",
        "  以此许可付给他人：核心系统拒绝；付给原收款方：执行；再次提交：不重复执行",
    )
